"""The hypotenuse: an op that answers a NumPy function."""

import numpy as np
from dezero import Function


class Hypot(Function):
    """y = √(x0² + x1²);   ∂y/∂x0 = x0 / y,   ∂y/∂x1 = x1 / y,   both 0 where y is 0

    At the origin y has no derivative; 0 lies between those of all sides, as it does for |x|.

    Parameters
    ----------
    x0, x1 : Variable, array or number
        Of shapes that broadcast together.

    Returns
    -------
    Variable
        As `numpy.hypot`: no square overflows.
    """

    name = "hypot"
    numpy = (np.hypot,)

    def forward(self, x0, x1):
        return np.hypot(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        y = self.outputs[0]()
        over_y = gy / (y + (y == 0).astype(y.dtype))
        return over_y * x0, over_y * x1
