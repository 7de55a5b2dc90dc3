"""The heat equation on a square: how warm was it? Its first state is found from its last.

    python examples/heat_equation.py [picture.png]

Fifty explicit steps on slices of an array smooth the first state; SciPy's L-BFGS goes back from what is left of it. The picture
shows the first state, the last, and what was found.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import value_and_grad

def planted(n):
    """Return three warm spots on a cold square."""
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    spots = [(0.3, 0.3, 1.0), (0.7, 0.4, 0.8), (0.5, 0.75, 0.6)]
    return sum(height * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.004) for a, b, height in spots)


def after(u, steps):
    """Return the temperature after so many steps; the edge is kept at 0."""
    for _ in range(steps):
        c = u[1:-1, 1:-1]
        c = c + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * c)
        u = np.pad(c, 1, "constant")
    return u


def problem(n=100, steps=50):
    """Return a first state to begin with, the last one, and how many steps lie between."""
    last = after(planted(n), steps)
    return last.copy(), last, steps


def loss(u, last, steps):
    """Return the mean squared difference of last states."""
    return np.mean((after(u, steps) - last) ** 2)


def main(picture=None, n=100):
    start, *data = problem(n)

    def flat(u):
        value, slope = value_and_grad(loss)(u.reshape(n, n), *data)
        return value * n * n, slope.ravel() * n * n
    found = minimize(flat, start.ravel(), method="L-BFGS-B", jac=True, options={"maxiter": 30})
    u = found.x.reshape(n, n)
    off = [np.linalg.norm(v - planted(n)) / np.linalg.norm(planted(n)) for v in (start, u)]
    print(f"{found.nit} steps; loss {loss(start, *data):.3g} -> {loss(u, *data):.3g}")
    print(f"first state off by {off[0]:.0%} of its norm -> {off[1]:.1%}")
    if picture:
        draw(picture, {"first state": planted(n), "last state": start, "found": u})
    return SimpleNamespace(u=u, off=off)


def draw(picture, states):
    from matplotlib.figure import Figure
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    for axes, (title, u) in zip(figure.subplots(1, 3), states.items()):
        image = axes.imshow(u, vmin=0, vmax=1)
        axes.set_title(title)
    figure.colorbar(image, ax=figure.axes)
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
