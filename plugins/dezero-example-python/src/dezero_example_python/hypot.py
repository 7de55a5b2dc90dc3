"""The hypotenuse: an op that answers a NumPy function."""

import numpy as np
from dezero import rule


@rule(np.hypot)
def hypot(gy, y, x0, x1):
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
    over_y = gy / (y + (y == 0))
    return over_y * x0, over_y * x1
