"""The elements in one row, as a copy.  (`ravel` is a view in NumPy where it can be one.)"""
import numpy as np

from dezero import hookimpl, rule
from dezero.ops.reshape import checked


def forward(x, order="C") -> np.ndarray:
    return x.flatten(checked(order))


@rule(forward, operands=("x",))
def flatten(gy, y, x, order="C"):
    """y = a copy of the elements of x, in one row;   ∂y/∂x = 1

    Parameters
    ----------
    x : Variable, array or number
    order : "C" or "F"
        In which the elements are taken.

    Returns
    -------
    Variable
    """
    return gy.reshape(x.shape, order=order)


@flatten.samples
def samples(sample):
    for order in ("C", "F"):
        sample(sample.array(2, 3), order)


@hookimpl
def dezero_register_ops(register):
    register(flatten)
