"""Logistic regression by maximum likelihood, with standard errors from the Hessian.

    python examples/logistic_regression.py [picture.png]

SciPy's L-BFGS minimises the negative log-likelihood with the gradient of dezero. The labels are drawn by weights that are known, so
that the weights found can be held against them; the picture shows both, with two standard errors.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import hessian, value_and_grad


def planted(d):
    return np.linspace(-1.5, 1.5, d)


def problem(n=1000, d=20, seed=0):
    """Return weights to begin with, n points of d features and their labels, -1 or 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    labels = np.where(rng.random(n) < 1 / (1 + np.exp(-x @ planted(d))), 1.0, -1.0)
    return np.zeros(d), x, labels


def loss(w, x, labels):
    """Return the mean of the negative log-likelihood, -log σ(label · x w)."""
    return np.mean(np.logaddexp(0.0, -labels * (x @ w)))


def main(picture=None, n=1000, d=20):
    start, *data = problem(n, d)
    found = minimize(value_and_grad(loss), start, tuple(data), "L-BFGS-B", jac=True)
    errors = np.sqrt(np.diag(np.linalg.inv(n * hessian(loss)(found.x, *data))))
    off = (found.x - planted(d)) / errors
    print(f"{found.nit} steps; loss {loss(start, *data):.4f} -> {found.fun:.4f}")
    print(f"weights off by {abs(off).max():.2f} standard errors at most, {np.sqrt(np.mean(off ** 2)):.2f} root mean square")
    if picture:
        draw(picture, found.x, errors)
    return SimpleNamespace(weights=found.x, errors=errors, off=off, success=found.success)


def draw(picture, weights, errors):
    from matplotlib.figure import Figure
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.errorbar(np.arange(len(weights)), weights, 2 * errors, fmt="o", capsize=3, label="found, ± 2 standard errors")
    axes.plot(planted(len(weights)), "k_", markersize=12, label="planted")
    axes.set(xlabel="feature", ylabel="weight", title="Logistic regression")
    axes.legend()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
