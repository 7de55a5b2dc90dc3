"""A minimal surface: that of least area in a wire frame, by two of SciPy's minimisers: L-BFGS-B and trust-ncg.

    python examples/minimal_surface.py [picture.png]

The heights over a grid are the variables, about a thousand. L-BFGS takes gradients alone, trust-ncg Hessian products as well: few
steps, each of many products. The frame is a part of Scherk's surface, z = log(cos x / cos y), which is minimal, so that it is
known what both should find, but for the error of the grid. The picture shows surface and error.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import grad, hvp


def scherk(n):
    """Return Scherk's surface on a grid of n + 2 by n + 2 points, and their distance."""
    x = np.linspace(-1, 1, n + 2)
    return np.log(np.cos(x) / np.cos(x)[:, None]), x[1] - x[0]


def problem(n=30):
    """Return heights of 0 inside, the frame (heights on the boundary, 0 inside), and the distance of the points."""
    frame, h = scherk(n)
    frame[1:-1, 1:-1] = 0.0
    return np.zeros(n * n), frame, h


def surface(inside, frame):
    n = len(frame) - 2
    return frame + np.pad(inside.reshape(n, n), 1)


def loss(inside, frame, h):
    """Return the area: each cell of the grid is two flat triangles."""
    z = surface(inside, frame)
    down, right = (z[1:] - z[:-1]) / h, (z[:, 1:] - z[:, :-1]) / h
    upper = np.sqrt(1 + down[:, :-1] ** 2 + right[:-1] ** 2)
    lower = np.sqrt(1 + down[:, 1:] ** 2 + right[1:] ** 2)
    return 0.5 * h ** 2 * np.sum(upper + lower)


def main(picture=None, n=30):
    start, frame, h = problem(n)
    runs = {"L-BFGS-B": dict(options={"maxiter": 5000, "maxfun": 5000, "ftol": 0, "gtol": 1e-9}),
            "trust-ncg": dict(hessp=lambda z, v, *data: hvp(loss)(z, *data, v), options={"gtol": 1e-8})}
    print(f"{n * n} heights; area {loss(start, frame, h):.6f} at first")
    found = {}
    for method, how in runs.items():
        got = found[method] = minimize(loss, start, (frame, h), method, jac=grad(loss), **how)
        print(f"{method:>9s}: area {got.fun:.6f}, {got.nit} steps, {got.njev} gradients, {got.get('nhev', 0)} Hessian products; "
              f"|gradient| = {np.linalg.norm(got.jac):.1e}")
    off = surface(found["trust-ncg"].x, frame) - scherk(n)[0]
    apart = abs(found["L-BFGS-B"].x - found["trust-ncg"].x).max()
    print(f"heights off Scherk's surface by {abs(off).max():.2g} at most; the two methods differ by {apart:.2g}")
    if picture:
        draw(picture, off)
    return SimpleNamespace(off=abs(off).max(), apart=apart, found=found)


def draw(picture, off):
    from matplotlib.figure import Figure
    n = len(off) - 2
    exact = scherk(n)[0]
    x, y = np.meshgrid(np.linspace(-1, 1, n + 2), np.linspace(-1, 1, n + 2))
    figure = Figure((10, 4), layout="constrained")
    left = figure.add_subplot(1, 2, 1, projection="3d")
    left.plot_surface(x, y, exact + off, cmap="viridis")
    left.set_title("surface of least area")
    right = figure.add_subplot(1, 2, 2)
    figure.colorbar(right.imshow(off, origin="lower", extent=(-1, 1, -1, 1)), ax=right)
    right.set_title("off Scherk's surface by")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
