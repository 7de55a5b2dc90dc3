"""Two layers, whose parameters are a dict."""
from typing import Any

import numpy as np
from dezero import Variable, value_and_grad
from numpy.typing import NDArray

Array = NDArray[np.float64]


def loss(p: dict[str, Variable], X: Array, t: NDArray[np.int64]) -> Any:
    h = np.tanh(X @ p["w1"] + p["b1"])
    z = np.where(h > 0, h, 0.1 * h) @ p["w2"] + p["b2"]
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(t)), t])


rng = np.random.default_rng(0)
X = rng.normal(size=(30, 2))
t = (X[:, 0] > 0).astype(np.int64)
p: dict[str, Array] = {"w1": rng.normal(size=(2, 8)), "b1": np.zeros(8), "w2": rng.normal(size=(8, 2)), "b2": np.zeros(2)}
for _ in range(20):
    value, g = value_and_grad(loss)(p, X, t)
    p = {name: p[name] - 0.5 * g[name] for name in p}
assert float(value) < 0.4
