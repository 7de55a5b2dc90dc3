"""Addition."""
import numpy as np

from dezero import Function, _kernels, hookimpl


class Add(Function):
    """y = x0 + x1;   ∂y/∂x0 = 1,   ∂y/∂x1 = 1

    Parameters
    ----------
    x0, x1 : Variable, array or number
        Of shapes that broadcast together.

    Returns
    -------
    Variable
        As `numpy.add`.
    """

    name = "add"
    operators = ("__add__",)
    numpy = (np.add,)
    kernel = _kernels.add

    def forward(self, x0, x1):
        return x0 + x1

    def backward(self, gy):
        return gy, gy


@hookimpl
def dezero_register_ops(register):
    register(Add)
