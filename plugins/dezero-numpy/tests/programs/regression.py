"""Logistic regression, in NumPy's own types."""
from typing import Any

import numpy as np
from dezero import grad, value_and_grad
from numpy.typing import NDArray

Array = NDArray[np.float64]
rng = np.random.default_rng(0)
X, t = rng.normal(size=(100, 3)), rng.integers(0, 2, 100)


def loss(w: Array) -> Any:
    p = 1 / (1 + np.exp(-(X @ w)))
    return -np.mean(t * np.log(p) + (1 - t) * np.log1p(-p)) + 0.1 * np.sum(w ** 2)


def stable(w: Array) -> Any:
    z = X @ w
    return np.mean(np.logaddexp(0, z) - t * z) + 0.1 * np.sum(w ** 2)


w: Array = np.zeros(3)
for _ in range(100):
    value, g = value_and_grad(loss)(w)
    w -= 0.5 * g
assert float(value) < 0.7 and np.allclose(g, grad(stable)(w + 0.5 * g))
