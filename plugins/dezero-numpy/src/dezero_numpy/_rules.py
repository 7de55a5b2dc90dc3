"""What the modules of rules share."""
import numpy as np
from dezero import Op


def register_all(register, module):
    """Register each op in the namespace of a module."""
    for op in module.values():
        if isinstance(op, Op):
            register(op)


def kept(y, axis, keepdims):
    """Return y, a reduction, with length 1 on the axes that were reduced; for all of them a 0-d one does."""
    return y if keepdims or axis is None else np.expand_dims(y, axis)
