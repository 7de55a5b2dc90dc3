"""SciPy's functions for dezero.

The ufuncs of `scipy.special` are called by their own names, ``scipy.special.erf(x)``.  What SciPy does not ask Variables about
stands in modules of the same names: ``from dezero_scipy import special, linalg, optimize``.
"""
from dezero import hookimpl

from dezero_scipy.claims import CLAIMS

DEZERO_API = (1, 0)
COVERAGE = "dezero_scipy.coverage"


@hookimpl
def dezero_register_ops(register):
    for module, table in CLAIMS.items():
        register.lazy(module, table)
