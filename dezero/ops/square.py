"""The square."""
import numpy as np

from dezero import Function, _kernels, hookimpl


class Square(Function):
    """y = x²;   ∂y/∂x = 2x

    Parameters
    ----------
    x : Variable, array or number

    Returns
    -------
    Variable
        As `numpy.square`.
    """

    name = "square"
    numpy = (np.square,)
    kernel = _kernels.square

    def forward(self, x):
        return np.square(x)

    def backward(self, gy):
        x, = self.inputs
        return 2 * gy * x


@hookimpl
def dezero_register_ops(register):
    register(Square)
