"""Gaussian process regression: length, amplitude and noise by maximum marginal likelihood.

    python examples/gaussian_process.py [picture.png]

The data are drawn from a process whose length, amplitude and noise are known. SciPy's L-BFGS finds their logarithms again
(Rasmussen and Williams, Gaussian Processes for Machine Learning, equation 5.8). The picture shows the posterior mean with two
standard deviations.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import value_and_grad

PLANTED = np.log([0.8, 1.5, 0.2])       # length, amplitude, noise


def squares(a, b):
    """Return the squared distances of all pairs of numbers."""
    return (a[:, None] - b) ** 2


def covariance(p, squared):
    length, amplitude, _ = np.exp(p)
    return amplitude ** 2 * np.exp(-0.5 / length ** 2 * squared)


def of_data(p, squared):
    """Return the covariance of what is observed, which has noise."""
    return covariance(p, squared) + np.exp(2 * p[2]) * np.eye(len(squared))


def points(n, seed=0):
    """Return where n observations are made, and what is observed."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 10, n))
    return x, np.linalg.cholesky(of_data(PLANTED, squares(x, x))) @ rng.normal(size=n)


def problem(n=200):
    """Return logarithms of length, amplitude and noise to begin with, squared distances, and what is observed."""
    x, y = points(n)
    return np.array([0.1, 0.2, -1.0]), squares(x, x), y


def loss(p, squared, y):
    """Return the negative logarithm of the marginal likelihood, without its constant."""
    k = of_data(p, squared)
    return 0.5 * y @ np.linalg.solve(k, y) + np.sum(np.log(np.diag(np.linalg.cholesky(k))))


def main(picture=None, n=200):
    start, *data = problem(n)
    found = minimize(value_and_grad(loss), start, tuple(data), "L-BFGS-B", jac=True)
    planted = loss(PLANTED, *data)
    print(f"{found.nit} steps; loss {loss(start, *data):.3f} -> {found.fun:.3f}, and {planted:.3f} where it was planted")
    for name, *values in zip(("length", "amplitude", "noise"), np.exp(found.x), np.exp(PLANTED)):
        print("{:9s} {:.3f}, planted {:.3f}".format(name, *values))
    if picture:
        draw(picture, found.x, *points(n))
    return SimpleNamespace(p=found.x, off=found.x - PLANTED, loss=found.fun, planted=planted)


def draw(picture, p, x, y):
    from matplotlib.figure import Figure
    at = np.linspace(0, 10, 400)
    cross = covariance(p, squares(at, x))
    gain = np.linalg.solve(of_data(p, squares(x, x)), cross.T).T
    mean = gain @ y
    deviation = np.sqrt(np.exp(2 * p[1]) - np.sum(gain * cross, axis=1))
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.fill_between(at, mean - 2 * deviation, mean + 2 * deviation, alpha=0.3, label="± 2 standard deviations")
    axes.plot(at, mean, label="posterior mean")
    axes.plot(x, y, "k.", markersize=4, label="observed")
    axes.set(xlabel="x", ylabel="y", title="Gaussian process regression")
    axes.legend()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
