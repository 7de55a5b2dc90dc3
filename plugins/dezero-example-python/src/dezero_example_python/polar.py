"""Polar coordinates: an op with two results."""

import numpy as np
from dezero import rule


def forward(x, y):
    """On arrays."""
    return np.hypot(x, y), np.arctan2(y, x)


@rule(forward)
def to_polar(gradients, results, x, y):
    """r = √(x² + y²), φ = angle of (x, y);   ∂r/∂x = x / r,  ∂r/∂y = y / r,  ∂φ/∂x = -y / r²,  ∂φ/∂y = x / r²

    At the origin all four are taken as 0.

    Parameters
    ----------
    x, y : Variable, array or number
        Of shapes that broadcast together.

    Returns
    -------
    tuple of Variable
        r and φ, from -π to π.
    """
    (gr, gphi), (r, _) = gradients, results
    below = r + (r == 0)
    along, across = gr / below, gphi / below / below
    return along * x - across * y, along * y + across * x
