"""Subtraction."""
import numpy as np

from dezero import Function, _kernels, hookimpl


class Sub(Function):
    """y = x0 - x1;   ∂y/∂x0 = 1,   ∂y/∂x1 = -1

    Parameters
    ----------
    x0, x1 : Variable, array or number
        Of shapes that broadcast together; not both boolean.

    Returns
    -------
    Variable
        As `numpy.subtract`.
    """

    name = "sub"
    operators = ("__sub__",)
    numpy = (np.subtract,)
    kernel = _kernels.sub

    def forward(self, x0, x1):
        return x0 - x1

    def backward(self, gy):
        return gy, 0 - gy if gy.dtype.kind == "c" else -gy      # NumPy negates complex numbers one by one: 190 us for 1e5, and not 35


@hookimpl
def dezero_register_ops(register):
    register(Sub)
