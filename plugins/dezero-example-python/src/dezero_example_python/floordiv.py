"""Floor division: an op that claims an operator."""

import numpy as np
from dezero import Function


class FloorDiv(Function):
    """y = ⌊x0 / x1⌋;   ∂y/∂x0 = ∂y/∂x1 = 0 wherever y does not jump

    Parameters
    ----------
    x0, x1 : Variable, array or number
        Of shapes that broadcast together.

    Returns
    -------
    Variable
        As `numpy.floor_divide`.
    """

    name = "floordiv"
    operators = ("__floordiv__",)    # x // 2, 2 // x, array // x and x //= 2
    numpy = (np.floor_divide,)      # np.floor_divide(x, 2)

    def forward(self, x0, x1):
        return x0 // x1

    def backward(self, gy):
        return None, None           # no gradient goes to either
