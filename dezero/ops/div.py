"""Division."""
import numpy as np

from dezero import Function, _kernels, hookimpl


class Div(Function):
    """y = x0 / x1;   ∂y/∂x0 = 1 / x1,   ∂y/∂x1 = -(x0 / x1) / x1

    Not -x0 / x1²: that overflows where the gradient does not.

    Parameters
    ----------
    x0, x1 : Variable, array or number
        Of shapes that broadcast together.

    Returns
    -------
    Variable
        As `numpy.divide`: floating, also of integers.
    """

    name = "div"
    operators = ("__truediv__",)
    numpy = (np.divide,)
    kernel = _kernels.div

    def forward(self, x0, x1):
        return x0 / x1

    def backward(self, gy):
        x0, x1 = self.inputs
        if gy.dtype.kind == "c":
            return self.backward_of_complex(gy, x0, x1)
        return gy / x1, -gy * (x0 / x1) / x1

    def backward_of_complex(self, gy, x0, x1):
        """The same with one division, which takes as long as ten products."""
        y, gx0 = self.outputs[0](), gy / x1
        if not self.needs_input_grad[1]:
            return gx0, None
        return gx0, 0 - gx0 * (x0 / x1 if y is None else y)     # y is None where it is called by hand


@hookimpl
def dezero_register_ops(register):
    register(Div)
