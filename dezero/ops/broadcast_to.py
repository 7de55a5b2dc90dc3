"""Broadcasting to a shape."""
import numpy as np

from dezero import Function, hookimpl


class BroadcastTo(Function):
    """y[..., i, ...] = x[..., 0, ...];   ∂y/∂x = 1, summed over the axes that were broadcast

    Parameters
    ----------
    x : Variable, array or number
    shape : int or tuple of int
        Of the result.

    Returns
    -------
    Variable
        As `numpy.broadcast_to`, but of its own memory.
    """

    name = "broadcast_to"
    numpy = (np.broadcast_to,)

    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        return np.broadcast_to(x, self.shape)

    def backward(self, gy):
        x, = self.inputs
        new = gy.ndim - x.ndim
        if new:
            gy = gy.sum(axis=tuple(range(new)))
        stretched = tuple(a for a in range(x.ndim) if x.shape[a] != gy.shape[a])
        return gy.sum(axis=stretched, keepdims=True) if stretched else gy

    @staticmethod
    def samples(sample):
        sample(sample.array(3), (2, 3))
        sample(sample.array(2, 1), (3, 2, 2))
        sample(sample.array(), (2, 2))


@hookimpl
def dezero_register_ops(register):
    register(BroadcastTo)
