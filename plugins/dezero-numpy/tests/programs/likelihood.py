"""The likelihood of a Gaussian process, by a factor and by a determinant."""
from typing import Any

import numpy as np
from dezero import Variable, grad, hessian

x = np.linspace(0.0, 1.0, 20)
y = np.sin(6 * x)


def kernel(log_scale: Variable, log_noise: Variable) -> Any:
    return np.exp(-(x[:, None] - x) ** 2 / np.exp(2 * log_scale)) + np.exp(2 * log_noise) * np.eye(len(x))


def by_factor(p: Variable) -> Any:
    k = kernel(p[0], p[1])
    return 0.5 * y @ np.linalg.solve(k, y) + np.sum(np.log(np.diagonal(np.linalg.cholesky(k))))


def by_determinant(p: Variable) -> Any:
    scale, noise = p
    k = kernel(scale, noise)
    return 0.5 * np.dot(y, np.linalg.solve(k, y)) + 0.5 * np.linalg.slogdet(k).logabsdet


p = np.array([-1.0, -2.0])
assert np.allclose(grad(by_factor)(p), grad(by_determinant)(p)) and hessian(by_factor)(p).shape == (2, 2)
