"""The adjoint of indexing."""
import numpy as np

from dezero import hookimpl, rule
from dezero._kernels.gradients import add_at


def forward(x, index, shape) -> np.ndarray:
    """Return an array of zeros with x added at `index`; what is named twice adds up."""
    y = np.zeros(shape, x.dtype)
    add_at(y, index, x)
    return y


@rule(forward, operands=("x",))
def scatter(gy, y, x, index, shape):
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
    return gy[index]


scatter.cls.index_parameter = "index"


@scatter.samples
def samples(sample):
    sample(sample.array(2), (1, slice(2)), (2, 3))
    sample(sample.array(3, 2), [2, 0, 2], (3, 2))


@hookimpl
def dezero_register_ops(register):
    register(scatter)
