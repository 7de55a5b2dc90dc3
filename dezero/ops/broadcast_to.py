"""Broadcasting to a shape."""
import numpy as np

from dezero import hookimpl, rule


def forward(array, shape) -> np.ndarray:
    return np.broadcast_to(array, shape)


@rule(forward, np.broadcast_to, operands=("array",))
def broadcast_to(gy, y, array, shape):
    """y[..., i, ...] = x[..., 0, ...];   ∂y/∂x = 1, summed over the axes that were broadcast

    Parameters
    ----------
    array : Variable, array or number
    shape : int or tuple of int
        Of the result.

    Returns
    -------
    Variable
        As `numpy.broadcast_to`, but of its own memory.
    """
    return gy                               # which the engine sums to the shape of the operand


@broadcast_to.samples
def samples(sample):
    sample(sample.array(3), (2, 3))
    sample(sample.array(2, 1), (3, 2, 2))
    sample(sample.array(), (2, 2))


@hookimpl
def dezero_register_ops(register):
    register(broadcast_to)
