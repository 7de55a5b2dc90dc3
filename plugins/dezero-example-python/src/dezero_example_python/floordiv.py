"""Floor division: an op that claims an operator."""

import numpy as np
from dezero import rule


@rule(np.floor_divide, operators=("__floordiv__",))      # x // 2, 2 // x, array // x, x //= 2 and np.floor_divide(x, 2)
def floordiv(gy, y, x0, x1):
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
    return None, None               # no gradient goes to either
