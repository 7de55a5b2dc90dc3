"""The rules of the ufuncs of scipy.special, a module for each topic."""
