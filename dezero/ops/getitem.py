"""Indexing."""
from dezero import At, Function, hookimpl
from dezero._kernels.indexing import as_index


class GetItem(Function):
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

    name = "getitem"
    operators = ("__getitem__",)

    def __init__(self, index):
        self.index = as_index(index)

    @classmethod
    def apply(cls, x, /, index):
        return cls(index)(x)                # here, and not in `Function.apply`, an index is taken as it is now

    def forward(self, x):
        return x[self.index]

    def backward(self, gy):
        return At(self.index, gy)

    @staticmethod
    def samples(sample):
        for index in (1, (slice(None), -1), (..., None, slice(2, 0, -1)), [2, 0, 2], (slice(1), [0, 0])):
            sample(sample.array(3, 3), index)


@hookimpl
def dezero_register_ops(register):
    register(GetItem)
