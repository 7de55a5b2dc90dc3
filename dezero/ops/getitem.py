"""Indexing."""
import numpy as np

from dezero import At, hookimpl, rule


def forward(x, index) -> np.ndarray:
    return x[index]


@rule(forward, operators=("__getitem__",), operands=("x",))
def getitem(gy, y, x, index):
    """y = x[index];   ∂y/∂x puts gy back to where it was taken from (`At`); what was taken twice adds up

    Parameters
    ----------
    x : Variable, array or number
    index : int, slice, Ellipsis, None, boolean or integer array, or a tuple of these
        An array, a list or a mask is what it was at the call.  A Variable is taken by its data: integers and booleans,
        which no gradient goes to.

    Returns
    -------
    Variable
        As NumPy's ``x[index]``, but of its own memory.
    """
    return At(index, gy)


getitem.cls.index_parameter = "index"


@getitem.samples
def samples(sample):
    for index in (1, (slice(None), -1), (..., None, slice(2, 0, -1)), [2, 0, 2], (slice(1), [0, 0])):
        sample(sample.array(3, 3), index)


@hookimpl
def dezero_register_ops(register):
    register(getitem)
