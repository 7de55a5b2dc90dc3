"""Multiplication."""
import numpy as np

from dezero import Function, _kernels, hookimpl


class Mul(Function):
    """y = x0 · x1;   ∂y/∂x0 = x1,   ∂y/∂x1 = x0

    Parameters
    ----------
    x0, x1 : Variable, array or number
        Of shapes that broadcast together.

    Returns
    -------
    Variable
        As `numpy.multiply`.
    """

    name = "mul"
    operators = ("__mul__",)
    numpy = (np.multiply,)
    kernel = _kernels.mul

    def forward(self, x0, x1):
        return x0 * x1

    def backward(self, gy):
        x0, x1 = self.inputs
        return gy * x1, gy * x0


@hookimpl
def dezero_register_ops(register):
    register(Mul)
