"""Trilateration: where stations are, from distances between them, by nonlinear least squares with the Jacobian of dezero.

    python examples/trilateration.py [picture.png]

Four stations are known; those between them are found by SciPy's `least_squares` with `jac=jacobian(residuals)`. One distance in
twenty is grossly wrong: a robust loss (soft_l1) finds which, and the fit without them has a Jacobian that gives the errors of the
positions. The picture shows the network with ellipses of the errors, enlarged.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import least_squares

from dezero import jacobian

KNOWN = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])      # kilometres
SIGMA = 0.01


def stations(n, seed=0):
    """Return where the n unknown stations are."""
    return np.random.default_rng(seed).uniform(1, 9, (n, 2))


def problem(n=12, seed=0):
    """Return positions to begin with, the two ends of each distance, and the distances measured."""
    rng = np.random.default_rng(seed + 1)
    planted = stations(n, seed)
    i, j = np.triu_indices(n + len(KNOWN), 1)
    i, j = i[j >= len(KNOWN)], j[j >= len(KNOWN)]               # not between two that are known
    measured = lengths(planted.ravel(), i, j) + SIGMA * rng.normal(size=len(i))
    measured[::20] += rng.choice([-1.0, 1.0], len(measured[::20]))
    return (planted + rng.normal(size=(n, 2))).ravel(), i, j, measured


def lengths(p, i, j):
    points = np.concatenate([KNOWN, p.reshape(-1, 2)])
    return np.sqrt(np.sum((points[i] - points[j]) ** 2, axis=1))


def residuals(p, i, j, measured):
    return (lengths(p, i, j) - measured) / SIGMA


def loss(p, i, j, measured):
    """Return the loss soft_l1, as least_squares has it."""
    return np.sum(np.sqrt(1 + residuals(p, i, j, measured) ** 2) - 1)


def main(picture=None, n=12):
    start, *data = problem(n)
    robust = least_squares(residuals, start, jacobian(residuals), loss="soft_l1", args=data)
    is_good = abs(residuals(robust.x, *data)) < 5
    good = [values[is_good] for values in data]
    found = least_squares(residuals, robust.x, jacobian(residuals), args=good)
    covariance = np.linalg.inv(found.jac.T @ found.jac)
    off = found.x - stations(n).ravel()
    pulls = off / np.sqrt(np.diag(covariance))
    print(f"{len(is_good)} distances, {np.sum(~is_good)} of them wrong; {robust.njev} Jacobians, and {found.njev} without these")
    print(f"loss {loss(start, *data):.4g} -> {robust.cost:.4g}; χ² of {np.sum(is_good)} distances {2 * found.cost:.1f}")
    print(f"positions off by {1000 * abs(off).max():.1f} m at most, {abs(pulls).max():.2f} standard errors")
    if picture:
        draw(picture, found.x, covariance, *data[:2], is_good)
    return SimpleNamespace(p=found.x, wrong=np.flatnonzero(~is_good), chi2=2 * found.cost, off=pulls)


def draw(picture, p, covariance, i, j, is_good, enlarged=50):
    from matplotlib.figure import Figure
    figure = Figure((6, 6), layout="constrained")
    axes = figure.subplots()
    points = np.concatenate([KNOWN, p.reshape(-1, 2)])
    for a, b, good in zip(i, j, is_good):
        axes.plot(*points[[a, b]].T, color="lightgrey" if good else "red", linewidth=0.5)
    circle = np.stack([np.cos(np.linspace(0, 2 * np.pi, 50)), np.sin(np.linspace(0, 2 * np.pi, 50))])
    for k, centre in enumerate(p.reshape(-1, 2)):
        block = covariance[2 * k:2 * k + 2, 2 * k:2 * k + 2]
        axes.plot(*(centre[:, None] + enlarged * np.linalg.cholesky(block) @ circle), "C0")
    axes.plot(*KNOWN.T, "k^")
    axes.set(xlabel="km", ylabel="km", title=f"Standard errors, {enlarged} times as large; wrong distances in red")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
