"""The root mean square over axes: an op with parameters."""

import numpy as np
from dezero import Function


class Rms(Function):
    """y = √(mean of x² over the axes);   ∂y/∂x = x / (n y) for n elements in each mean, 0 where y is 0

    Parameters
    ----------
    x : Variable, array or number
    axis : None, int or tuple of int
        None: all.
    keepdims : bool
        Keep the axes, with length 1.

    Returns
    -------
    Variable
    """

    name = "rms"

    def __init__(self, axis=None, keepdims=False):
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x):
        return np.sqrt(np.mean(x * x, axis=self.axis, keepdims=self.keepdims))

    def backward(self, gy):
        x, = self.inputs
        y = self.outputs[0]()
        over_y = self.spread(gy / (y + (y == 0).astype(y.dtype)), x)
        return over_y * x * (y.size / x.size if x.size else 0.0)

    def spread(self, g, x):
        """g in the shape of x, from that of y."""
        if self.axis is not None and not self.keepdims:
            axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
            gone = {axis % x.ndim for axis in axes}
            g = g[tuple(None if axis in gone else slice(None) for axis in range(x.ndim))]
        return np.broadcast_to(g, x.shape)

    @staticmethod
    def samples(sample):
        """The calls that dezero.testing.check_op makes."""
        sample(sample.array(2, 3))
        sample(sample.array(2, 3), axis=0)
        sample(sample.array(2, 3, 2), axis=(0, -1))
        sample(sample.array(2, 3), axis=1, keepdims=True)
