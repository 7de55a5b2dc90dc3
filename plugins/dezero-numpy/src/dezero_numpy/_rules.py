"""What the modules of rules share."""
import numpy as np
from dezero import Op, Variable
from dezero import numpy as twin


def register_all(register, module):
    """Register each op in the namespace of a module."""
    for op in module.values():
        if isinstance(op, Op):
            register(op)


def operand(x):
    """Return a Variable or an array as it is, numbers and lists as an array, and lists that hold Variables as one Variable."""
    return x if isinstance(x, (Variable, np.ndarray)) else twin.asarray(x)


def kept(y, axis, keepdims):
    """Return y, a reduction, with length 1 on the axes that were reduced; for all of them a 0-d one does."""
    return y if keepdims or axis is None else np.expand_dims(y, axis)


def is_complex(x):
    """Does it have an imaginary part?"""
    return x.dtype.kind == "c"


def conj(x):
    """Return the conjugate of x; a real x is itself, and not copied."""
    return np.conjugate(x) if is_complex(x) else x
