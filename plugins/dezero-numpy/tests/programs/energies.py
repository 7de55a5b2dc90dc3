"""Forces: a NumPy function as it stands, and what dezero makes of it."""
from typing import Any

import numpy as np
from dezero import grad, hessian, jacobian, jvp, vjp
from numpy.typing import NDArray

Array = NDArray[np.float64]


def energy(x: Array, spring: float = 1.0) -> Any:
    i, j = np.triu_indices(len(x), 1)
    d = np.linalg.norm(x[i] - x[j], axis=-1)
    return spring * np.sum((d - 1.0) ** 2) + np.mean(np.where(x > 0, x, -x))


def force(x: Array) -> Array:
    g: Array = grad(energy)(x)
    return -g


x = np.random.default_rng(0).normal(size=(4, 2))
for _ in range(5):
    x += 0.01 * force(x)
y, pull = vjp(energy, x)
gx, = pull(1.0)
slope = jvp(energy, (x,), (gx,))[1]
assert np.isclose(slope, np.sum(gx ** 2)) and hessian(energy)(x, spring=2.0).shape == jacobian(force)(x).shape == (4, 2, 4, 2)
