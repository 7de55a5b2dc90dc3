"""The adjoint of indexing."""
from dezero import Function, hookimpl
from dezero._kernels.indexing import as_index, scattered


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
        self.index, self.shape = as_index(index), shape if isinstance(shape, int) else tuple(shape)

    def forward(self, x):
        return scattered(x, self.index, self.shape)

    def backward(self, gy):
        return gy[self.index]

    @staticmethod
    def samples(sample):
        sample(sample.array(2), (1, slice(2)), (2, 3))
        sample(sample.array(3, 2), [2, 0, 2], (3, 2))


@hookimpl
def dezero_register_ops(register):
    register(Scatter)
