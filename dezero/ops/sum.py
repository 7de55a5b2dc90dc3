"""The sum over axes."""
import numpy as np

from dezero import Function, hookimpl


class Sum(Function):
    """y = Σ x over the axes;   ∂y/∂x = 1, broadcast to the shape of x

    Parameters
    ----------
    x : Variable, array or number
    axis : None, int or tuple of int
        None: all.
    keepdims : bool
        Keep the summed axes, with length 1.

    Returns
    -------
    Variable
        As `numpy.sum`.
    """

    name = "sum"
    numpy = (np.sum,)

    def __init__(self, axis=None, keepdims=False):
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x):
        return np.add.reduce(x, axis=self.axis, keepdims=self.keepdims)     # np.sum, 3 us sooner

    def backward(self, gy):
        x, = self.inputs
        if self.axis is not None and not self.keepdims:
            summed = [a % x.ndim for a in np.atleast_1d(self.axis)]
            gy = gy[tuple(None if a in summed else slice(None) for a in range(x.ndim))]
        return np.broadcast_to(gy, x.shape)

    @staticmethod
    def samples(sample):
        sample(sample.array(2, 3))
        sample(sample.array(2, 3), axis=0)
        sample(sample.array(2, 3, 2), axis=(0, -1))
        sample(sample.array(2, 3), axis=1, keepdims=True)


@hookimpl
def dezero_register_ops(register):
    register(Sum)
