"""What comes in from outside the engine: operands of operators, and NumPy's questions what a function of Variables is."""
import numpy as np

from .._kernels.nodes import VariableBase
from ..errors import OpTypeError
from ..registry import registry


def is_operand(x):
    """Is x an operand: a Variable, a number, or an array?  Matrices and masked arrays are, to be refused in words."""
    return isinstance(x, (VariableBase, int, float, complex, np.ndarray, np.generic))


def refuse_operand(operator, x):
    if isinstance(x, (list, tuple)):
        raise TypeError(f"{operator}: a {type(x).__name__} is no operand; wrap it with np.asarray(...)")
    return NotImplemented                   # the other class, and then Python, have their turn


def compare(ufunc, v, other):
    """An elementwise comparison, on the data: a boolean array."""
    if not is_operand(other):
        return NotImplemented
    return np.asarray(ufunc(v._get_data(), other._get_data() if isinstance(other, VariableBase) else other))


# What NumPy makes of an operator between an array and a Variable.
UFUNCS = {getattr(np, name): f"__{operator}__" for name, operator in {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "floor_divide": "floordiv", "remainder": "mod",
    "divmod": "divmod", "power": "pow", "matmul": "matmul", "bitwise_and": "and", "bitwise_or": "or", "bitwise_xor": "xor",
    "left_shift": "lshift", "right_shift": "rshift", "negative": "neg", "positive": "pos", "absolute": "abs", "invert": "invert",
}.items()}


def dispatch_numpy(func, method, args, kwargs):
    """NumPy's question what `func` of Variables is."""
    name = getattr(func, "__name__", repr(func))
    if method != "__call__":
        raise OpTypeError(f"numpy.{name}.{method} of a Variable is not supported; only plain calls of numpy.{name} are ops")
    for key in ("out", "where"):
        if key in kwargs:
            raise OpTypeError(f"numpy.{name}({key}=...) with a Variable is not supported: results are new Variables; "
                              "write a = a + x in place of a += x, or use x.data")
    if registry.is_constant(func):
        return func(*map(to_data, args), **{key: to_data(x) for key, x in kwargs.items()})
    op = registry.find_function(func)
    if op is None and func in UFUNCS:       # array @ x comes as np.matmul(array, x)
        op = registry.find_operator(UFUNCS[func])
    if op is None:
        raise OpTypeError(f"numpy.{name} of a Variable: no op claims this function{registry.explain(name)}; "
                          "use x.data if its result is meant to be constant")
    return op.apply(*args, **kwargs)


def to_data(x):
    """The data of Variables, also inside lists and tuples."""
    if isinstance(x, VariableBase):
        return x._get_data()
    return type(x)(map(to_data, x)) if type(x) in (list, tuple) else x
