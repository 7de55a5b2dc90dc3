"""The root mean square over axes: an op with parameters."""

import numpy as np
from dezero import rule


def forward(x, axis=None, keepdims=False):
    """On arrays."""
    return np.sqrt(np.mean(x * x, axis=axis, keepdims=keepdims))


@rule(forward)
def rms(gy, y, x, axis=None, keepdims=False):
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
    over_y = gy / (y + (y == 0))
    if axis is not None and not keepdims:
        over_y = over_y[with_axes(axis, x.ndim)]
    return over_y * x * (y.size / max(x.size, 1))


def with_axes(axis, ndim):
    """The index that puts the axes back that were reduced, with length 1."""
    gone = {i % ndim for i in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(None if i in gone else slice(None) for i in range(ndim))


@rms.samples
def samples(sample):
    """The calls that dezero.testing.check_op makes."""
    sample(sample.array(2, 3))
    sample(sample.array(2, 3), axis=0)
    sample(sample.array(2, 3, 2), axis=(0, -1))
    sample(sample.array(2, 3), axis=1, keepdims=True)
    sample(sample.array(0, 3), axis=1)
