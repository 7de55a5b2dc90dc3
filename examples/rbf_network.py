"""A network of radial basis functions: it learns a surface from scattered, noisy points.

    python examples/rbf_network.py [picture.png]

Each unit is a Gaussian with a centre, a width and a weight, and SciPy's L-BFGS moves all of them. The surface is Franke's, a
usual test of such methods (Franke, Scattered data interpolation, 1982). It prints how far the network is from the surface without
noise; the picture shows the surface, the network with its centres, and their difference.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import value_and_grad


def franke(x):
    """Return Franke's function at points of shape (n, 2) in the unit square."""
    x, y = 9 * x.T
    return (0.75 * np.exp(-((x - 2) ** 2 + (y - 2) ** 2) / 4) + 0.75 * np.exp(-(x + 1) ** 2 / 49 - (y + 1) / 10)
            + 0.5 * np.exp(-((x - 7) ** 2 + (y - 3) ** 2) / 4) - 0.2 * np.exp(-(x - 4) ** 2 - (y - 7) ** 2))


def problem(n=400, units=12, noise=0.02, seed=0):
    """Return units to begin with, n points, and the surface there with noise."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 2))
    start = np.column_stack([rng.random((units, 2)), np.full(units, np.log(0.2)), np.zeros(units)])
    return start.ravel(), x, franke(x) + noise * rng.normal(size=n)


def network(p, x):
    """Return Σ weight · exp(-|x - centre|² / 2 width²) at each point; a row of p is a unit: centre, log of the width, weight."""
    units = p.reshape(-1, 4)
    squared = np.sum((x[:, None, :] - units[:, :2]) ** 2, axis=2)
    return np.exp(-0.5 * squared * np.exp(-2 * units[:, 2])) @ units[:, 3]


def loss(p, x, y):
    """Return the mean squared error."""
    return np.mean((network(p, x) - y) ** 2)


def grid(n):
    """Return the points of a grid of n by n in the unit square, of shape (n², 2)."""
    return np.stack(np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n)), axis=-1).reshape(-1, 2)


def main(picture=None, n=400, units=12, noise=0.02):
    start, *data = problem(n, units, noise)
    found = minimize(value_and_grad(loss), start, tuple(data), "L-BFGS-B", jac=True, options={"maxiter": 500})
    points = grid(50)
    off = network(found.x, points) - franke(points)
    rms = np.sqrt(np.mean(off ** 2))
    print(f"{found.nit} steps; root mean square error {np.sqrt(loss(start, *data)):.4f} -> {np.sqrt(found.fun):.4f}, noise {noise}")
    print(f"off the surface by {rms:.4f} root mean square, {abs(off).max():.4f} at most")
    if picture:
        draw(picture, found.x)
    return SimpleNamespace(p=found.x, rms=rms)


def draw(picture, p, n=100):
    from matplotlib.figure import Figure
    surface, learnt = [f.reshape(n, n) for f in (franke(grid(n)), network(p, grid(n)))]
    figure = Figure((12, 4), layout="constrained")
    panels = {"Franke's surface": surface, "network": learnt, "off by": learnt - surface}
    for axes, (title, values) in zip(figure.subplots(1, 3), panels.items()):
        shown = axes.imshow(values, origin="lower", extent=(0, 1, 0, 1))
        axes.set_title(title)
        figure.colorbar(shown, ax=axes)
    centres = p.reshape(-1, 4)[:, :2]
    is_in = np.all((centres > 0) & (centres < 1), axis=1)
    figure.axes[1].plot(*centres[is_in].T, "r+")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
