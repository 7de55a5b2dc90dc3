"""Assignment to a part, as a function.  (`x[index] = v` itself is the engine's.)"""
import numpy as np

from dezero import hookimpl, rule
from dezero._kernels.gradients import broadcast_axes, overwritten_at, put_at


def forward(x, v, index) -> np.ndarray:
    """Return a copy of x with v at an index."""
    y, v = np.array(x, order="K"), np.asarray(v)
    lead = max(v.ndim - y[index].ndim, 0)   # axes of length 1 that NumPy allows in front
    put_at(y, index, v.reshape(v.shape[lead:]))
    return y


@rule(forward, operands=("x", "v"), method=None)
def assign(gy, y, x, v, index):
    """y = x, but for y[index] = v;   ∂y/∂x = 1, but for 0 at the index;   ∂y/∂v = 1 there, summed over what was broadcast

    Parameters
    ----------
    x : Variable, array or number
    v : Variable, array or number
        Of a shape that broadcasts to that of ``x[index]``.
    index : int, slice, Ellipsis, None, boolean or integer array, or a tuple of these
        Of a place that it names twice, the last value stands, and gets the gradient.

    Returns
    -------
    Variable
        A copy; ``x[index] = v`` binds x itself to it, without copying where nobody can tell.
    """
    gv, overwritten = gy[index], overwritten_at(index, x.shape)
    if overwritten is not None:
        gv = assign(gv, 0.0, overwritten)
    return assign(gy, 0.0, index), np.sum(gv, axis=broadcast_axes(gv.shape, v.shape)).reshape(v.shape)


assign.cls.index_parameter = "index"


@assign.samples
def samples(sample):
    for index, shape in ((1, (3,)), ((slice(None), -1), ()), ((..., None, slice(2, 0, -1)), (3, 1, 2)), ([2, 0, 2], (3, 1))):
        sample(sample.array(3, 3), sample.array(*shape), index)


@hookimpl
def dezero_register_ops(register):
    register(assign)
