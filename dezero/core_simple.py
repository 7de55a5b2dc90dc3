"""The book's import path: the names of its step 23."""
from . import (Add, Config, Div, Function, Mul, Neg, Pow, Square, Sub, Variable, add, as_array, as_variable, div, mul, neg,
               no_grad, pow, rdiv, rsub, square, sub, using_config)

__all__ = ["Add", "Config", "Div", "Function", "Mul", "Neg", "Pow", "Square", "Sub", "Variable", "add", "as_array",
           "as_variable", "div", "mul", "neg", "no_grad", "pow", "rdiv", "rsub", "square", "sub", "using_config"]
