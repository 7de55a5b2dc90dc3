"""Polar coordinates: an op with two results."""

import numpy as np
from dezero import Function


class ToPolar(Function):
    """r = √(x² + y²), φ = angle of (x, y);   ∂r/∂x = x / r,  ∂r/∂y = y / r,  ∂φ/∂x = -y / r²,  ∂φ/∂y = x / r²

    At the origin all four are taken as 0.

    Parameters
    ----------
    x, y : Variable, array or number
        Of shapes that broadcast together.

    Returns
    -------
    list of Variable
        r and φ, from -π to π.
    """

    name = "to_polar"

    def forward(self, x, y):
        return np.hypot(x, y), np.arctan2(y, x)

    def backward(self, gr, gphi):
        x, y = self.inputs
        r = self.outputs[0]()
        below = r + (r == 0).astype(r.dtype)
        along, across = gr / below, gphi / below / below
        return along * x - across * y, along * y + across * x
