"""Negation."""
import numpy as np

from dezero import Function, _kernels, hookimpl


class Neg(Function):
    """y = -x;   ∂y/∂x = -1

    Parameters
    ----------
    x : Variable, array or number
        Not boolean.

    Returns
    -------
    Variable
        As `numpy.negative`.
    """

    name = "neg"
    operators = ("__neg__",)
    numpy = (np.negative,)
    kernel = _kernels.neg

    def forward(self, x):
        return -x

    def backward(self, gy):
        return -gy


@hookimpl
def dezero_register_ops(register):
    register(Neg)
