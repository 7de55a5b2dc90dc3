"""The book's import path, and where old pickles look: names of the engine, which lives in `engine/`."""
from .engine.function import Function
from .engine.variable import Variable, as_array, as_variable, restored

__all__ = ["Function", "Variable", "as_array", "as_variable", "restored"]
