"""Indexing."""
import numpy as np

from dezero import Function, Variable, hookimpl
from dezero import functions as F
from dezero._kernels.indexing import scattered


class GetItem(Function):
    """y = x[index];   ∂y/∂x puts gy back to where it was taken from (`scatter`); what was taken twice adds up

    Parameters
    ----------
    x : Variable, array or number
    index : int, slice, Ellipsis, None, boolean or integer array, or a tuple of these
        An index that is a Variable is taken by its data.

    Returns
    -------
    Variable
        As NumPy's ``x[index]``, but of its own memory.
    """

    name = "getitem"
    operators = ("__getitem__",)

    def __init__(self, index):
        self.index = plain(index)

    def forward(self, x):
        return x[self.index]

    def backward(self, gy):
        x, = self.inputs
        if isinstance(gy, np.ndarray):      # nothing to record: the call of an op would cost five times this
            return scattered(gy, self.index, x.shape)
        return F.scatter(gy, self.index, x.shape)

    @staticmethod
    def samples(sample):
        for index in (1, (slice(None), -1), (..., None, slice(2, 0, -1)), [2, 0, 2], (slice(1), [0, 0])):
            sample(sample.array(3, 3), index)


def plain(index):
    """The index without Variables."""
    if isinstance(index, tuple):
        return tuple(plain(i) for i in index)
    return index.data if isinstance(index, Variable) else index


@hookimpl
def dezero_register_ops(register):
    register(GetItem)
