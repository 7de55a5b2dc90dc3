"""What comes in from outside the engine: operands of operators, and NumPy's questions what a function of Variables is."""
import operator

import numpy as np

from .._kernels.nodes import VariableBase
from ..errors import OpTypeError
from ..registry import SYMBOLS, function_name, registry
from . import arguments, graph, guard
from .checks import NO_GRADIENT, GradientTypeError


OPERANDS = VariableBase, int, float, complex, np.ndarray, np.generic


def is_operand(x):
    """Is x an operand: a Variable, a number, or an array?  Matrices and masked arrays are, to be refused in words.

    A proxy, which says so of itself, is none: compiled code would not know it.  It has its own turn, and hands on what it stands for.
    """
    return type(x) is np.ndarray or issubclass(type(x), OPERANDS)


def is_foreign(x):
    """Is x an array of another library, or what stands for one?  Its operators take a Variable for plain numbers."""
    return not is_operand(x) and (hasattr(type(x), "__array__") or hasattr(type(x), "__array_priority__"))


def class_of(x):
    """Return the name of the class of x, as its users import it."""
    module = ".".join([part for part in type(x).__module__.split(".") if not part.startswith("_")])
    return f"{module}.{type(x).__qualname__}"


def refuse_foreign(what, other):
    """Refuse a Variable beside an object of another library."""
    raise GradientTypeError(f"{what} of a Variable that wants a gradient and {other}, which would take it for plain numbers and cut the "
                            "graph: give the array that it holds (np.asarray(...), .to_numpy(), .toarray(), .magnitude), or x.data "
                            "where no gradient is wanted")


# What other libraries ask of an operand on the right of their own, before they take it for plain numbers.  Who else asks is told that
# there is no such attribute, as `hasattr` wants it.
QUESTIONS = {"variable": "xarray", "_REGISTRY": "pint", "_magnitude": "pint"}


def refuse_operand(what, x):
    """Refuse in words what can't be an operand of an operator or ufunc, or leave it to its own class."""
    if x is None:
        raise TypeError(f"{what}: None is no operand; {NO_GRADIENT}")
    if isinstance(x, (list, tuple)):
        raise TypeError(f"{what}: a {type(x).__name__} is no operand; wrap it with np.asarray(...)")
    return NotImplemented                   # the other class, and then Python, have their turn


def compare(ufunc, v, other):
    """An elementwise comparison, on the data: a boolean array."""
    if is_foreign(other):                   # theirs is the comparison of an array, and gives what they give
        return COMPARISONS[ufunc](v._get_data(), other)
    if not is_operand(other):
        return NotImplemented
    return np.asarray(ufunc(v._get_data(), other._get_data() if isinstance(other, VariableBase) else other))


COMPARISONS = {np.less: operator.lt, np.less_equal: operator.le, np.greater: operator.gt, np.greater_equal: operator.ge,
               np.equal: operator.eq, np.not_equal: operator.ne}

# What NumPy makes of an operator between an array and a Variable.
UFUNCS = {getattr(np, name): f"__{operator}__" for name, operator in {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "floor_divide": "floordiv", "remainder": "mod",
    "divmod": "divmod", "power": "pow", "matmul": "matmul", "bitwise_and": "and", "bitwise_or": "or", "bitwise_xor": "xor",
    "left_shift": "lshift", "right_shift": "rshift", "negative": "neg", "positive": "pos", "absolute": "abs", "invert": "invert",
}.items()}


DISPATCHED = np.ufunc, type(np.concatenate)
"""What NumPy asks Variables about."""

LIKE = (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.full, np.arange, np.fromiter,
        np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri)
"""What NumPy asks a Variable about that is given as ``like=``."""

METHODS = ("reduce", "accumulate", "reduceat", "outer", "at")
"""Of ufuncs, what can be claimed as ``(ufunc, method)``."""


def is_dispatched(function):
    """Does NumPy ask a Variable what a function, or ``(ufunc, method)``, of it is?"""
    if isinstance(function, tuple):
        return len(function) == 2 and isinstance(function[0], np.ufunc) and function[1] in METHODS
    return isinstance(function, DISPATCHED)


def is_claimable(function):
    """Does NumPy ever ask a Variable what a function, or ``(ufunc, method)``, is?"""
    return is_dispatched(function) or any([function is known for known in LIKE])


def dispatch_numpy(func, method, args, kwargs):
    """NumPy's question what `func` of Variables is."""
    claim = func if method == "__call__" else (func, method)
    name = function_name(claim)
    if kwargs.get("out") is not None:
        if arguments.holds_variable(kwargs["out"]) or wants_gradient(args):
            arguments.refuse_out(name_in_scipy() or name)
        return getattr(func, method)(*map(to_data, args), **{key: to_data(x) for key, x in kwargs.items()})
    kwargs = {key: x for key, x in kwargs.items() if key != "out"}
    if method == "__call__" and registry.is_constant(func):
        answer = registry.snapshot.answers.get(func)
        if answer is not None:
            return answer(*args, **kwargs)
        return func(*map(to_data, args), **{key: to_data(x) for key, x in kwargs.items()})
    op = registry.find_function(claim)
    written = ""
    if op is None and func in UFUNCS and method == "__call__":      # array @ x comes as np.matmul(array, x)
        op = registry.find_operator(UFUNCS[func])
        written = f" (the operator {SYMBOLS[UFUNCS[func]]})"
    if op is None:
        asked = name_in_scipy()
        who, claimed = (asked, f"{name}, which it calls") if asked else (f"{name}{written}", "this function")
        raise OpTypeError(f"{who} of a Variable: no op claims {claimed}; use x.data if its result is meant to be constant"
                          f"{registry.explain(name)}{guard.twin_of(guard.caller()) or registry.advice(name.partition('.')[0])}")
    args, kwargs = arguments.bound_for(op.apply, claim, args, kwargs)
    return op.apply(*args, **kwargs)


def name_in_scipy():
    """Return the name of the function of SciPy's, such as "scipy.special.zeta", that calls what runs now; "" where none does."""
    called = guard.called_of_scipy(guard.caller())
    return "" if called is None else guard.public_name(*called)


def wants_gradient(x):
    """Is x a Variable that wants a gradient, or is there one in a list or tuple of such?"""
    if isinstance(x, VariableBase):
        return graph.wants_gradient(x)
    return type(x) in (list, tuple) and any(map(wants_gradient, x))


def to_data(x):
    """The data of Variables, also inside lists and tuples."""
    if isinstance(x, VariableBase):
        return x._get_data()
    return type(x)(map(to_data, x)) if type(x) in (list, tuple) else x
