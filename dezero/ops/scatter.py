"""The adjoint of indexing."""
import numpy as np

from dezero import Function, hookimpl


class Scatter(Function):
    """y = 0 of a shape, then y[index] += x;   ∂y/∂x = gy[index]

    Parameters
    ----------
    x : Variable, array or number
        Of the shape of ``y[index]``.
    index : int, slice, Ellipsis, None, boolean or integer array, or a tuple of these
        What it names twice adds up (`numpy.add.at`).
    shape : tuple of int
        Of the result.

    Returns
    -------
    Variable
    """

    name = "scatter"

    def __init__(self, index, shape):
        self.index, self.shape = index, shape

    def forward(self, x):
        y = np.zeros(self.shape, x.dtype)
        if has_arrays(self.index):
            np.add.at(y, self.index, x)
        else:
            y[self.index] = x               # no place twice: 30 times faster than add.at
        return y

    def backward(self, gy):
        return gy[self.index]

    @staticmethod
    def samples(sample):
        sample(sample.array(2), (1, slice(2)), (2, 3))
        sample(sample.array(3, 2), [2, 0, 2], (3, 2))


def has_arrays(index):
    return any(isinstance(i, (list, np.ndarray)) for i in (index if isinstance(index, tuple) else (index,)))


@hookimpl
def dezero_register_ops(register):
    register(Scatter)
