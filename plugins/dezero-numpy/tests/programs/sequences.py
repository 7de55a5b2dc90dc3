"""Differences, sums so far, interpolation, order."""
from typing import Any

import numpy as np
from dezero import Variable, grad


def rough(x: Variable) -> Any:
    total: Variable | float = 0.0
    for row in x.reshape(3, 4):
        total = total + np.sum(np.diff(row) ** 2)
    line = np.interp(np.linspace(0.0, 1.0, 5), np.linspace(0.0, 1.0, 12), x)
    mixed = np.sort(x)[::-1] + np.roll(x, 1) + np.pad(x, 1)[1:-1] + np.concatenate([x[6:], x[:6]])
    ranks = np.quantile(x, 0.3) + np.percentile(x, [25, 75]).sum() + np.median(x)
    return total + np.cumsum(x)[-1] + line.std() + np.convolve(x, np.ones(3), mode="valid").sum() + mixed.max() + ranks


x = np.linspace(0.5, 1.5, 12)
for _ in range(3):
    x = x - 0.01 * grad(rough)(x)
assert x.shape == (12,)
