"""k-means as an optimisation: Newton's method on the distances to the nearest centre.

    python examples/k_means.py [picture.png]

The Hessian of the loss is diagonal, so that one product with a vector of ones is all of it, and Newton's step is that of Lloyd's
algorithm: each centre moves to the mean of its points. The centres begin at points far from each other. The picture shows points,
centres planted and centres found, by their first two coordinates.
"""
import sys
from types import SimpleNamespace

import numpy as np

from dezero import grad, hvp


def points(n, k, d, seed=0):
    """Return k centres and n points around them."""
    rng = np.random.default_rng(seed)
    centres = 3 * rng.normal(size=(k, d))
    return centres, centres[np.arange(n) % k] + 0.7 * rng.normal(size=(n, d))


def problem(n=500, k=20, d=10):
    """Return k of the points, each the farthest from those before it, and the points."""
    x = points(n, k, d)[1]
    c = x[:1]
    while len(c) < k:
        c = np.vstack([c, x[np.argmax(np.min(distances(c, x), axis=1))]])
    return c, x


def distances(c, x):
    """Return the squared distance of each point to each centre."""
    return np.sum((x[:, None, :] - c) ** 2, axis=-1)


def loss(c, x):
    """Return the mean squared distance to the nearest centre."""
    return np.mean(np.min(distances(c, x), axis=1))


def main(picture=None, n=500, k=20, d=10):
    c, x = problem(n, k, d)
    losses = [loss(c, x)]
    while len(losses) < 2 or losses[-1] < losses[-2]:
        c = c - grad(loss)(c, x) / hvp(loss)(c, x, np.ones_like(c))
        losses.append(loss(c, x))
    off = np.sqrt(np.min(distances(points(n, k, d)[0], c), axis=0))
    print(f"{len(losses) - 1} steps; loss " + " ".join(f"{value:.4f}" for value in losses))
    print(f"centres off by {off.max():.3f} at most; points scatter about them by {np.sqrt(losses[-1]):.3f}")
    if picture:
        draw(picture, x, points(n, k, d)[0], c)
    return SimpleNamespace(c=c, off=off, losses=losses)


def draw(picture, x, planted, c):
    from matplotlib.figure import Figure
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.plot(*x.T[:2], ".", color="0.7", markersize=4, label="points")
    axes.plot(*planted.T[:2], "k+", markersize=12, label="planted")
    axes.plot(*c.T[:2], "o", fillstyle="none", label="found")
    axes.set(title="k-means, first two coordinates")
    axes.legend()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
