"""The matrix of a differential equation, found from an orbit of it: y' = a y - 0.1 y³.

    python examples/ode.py [picture.png]

The classical method of Runge and Kutta solves the equation, and its steps are what is differentiated. SciPy's L-BFGS moves the 16
elements of a until the orbit is the one that was observed. The picture shows the orbit observed, the first one and the last.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import value_and_grad

PLANTED = np.array([[-0.3, 1.0, 0.2, 0.0], [-1.0, -0.2, 0.0, 0.3], [0.0, 0.3, -0.1, 2.0], [0.2, 0.0, -2.0, -0.4]])


def step(f, y, dt):
    """Return y a time dt later, where y' = f(y)."""
    k1 = f(y)
    k2 = f(y + 0.5 * dt * k1)
    k3 = f(y + 0.5 * dt * k2)
    k4 = f(y + dt * k3)
    return y + (dt / 6) * (k1 + 2 * k2 + 2 * k3 + k4)


def orbit(a, y, steps, dt):
    """Return y after each step."""
    a = a.reshape(4, 4)
    path = []
    for _ in range(steps):
        y = step(lambda y: a @ y - 0.1 * y * y * y, y, dt)
        path.append(y)
    return np.stack(path)


def problem(steps=100, dt=0.05):
    """Return a matrix to begin with, where the orbit starts, what is observed after each step, and how long a step is."""
    y = np.array([2.0, -1.0, 1.0, 0.5])
    return (PLANTED + 0.2 * np.cos(np.arange(16.0).reshape(4, 4))).ravel(), y, orbit(PLANTED, y, steps, dt), dt


def loss(a, y, observed, dt):
    """Return the mean squared distance of the orbits."""
    return np.mean((orbit(a, y, len(observed), dt) - observed) ** 2)


def main(picture=None, steps=100):
    start, *data = problem(steps)
    found = minimize(value_and_grad(loss), start, tuple(data), "L-BFGS-B", jac=True, options={"ftol": 1e-14, "gtol": 1e-9})
    off = abs(found.x.reshape(4, 4) - PLANTED).max()
    print(f"{found.nit} steps, {found.nfev} orbits; loss {loss(start, *data):.3g} -> {found.fun:.3g}")
    print(f"elements off by {off:.2g} at most, from {abs(start.reshape(4, 4) - PLANTED).max():.2g}")
    if picture:
        draw(picture, start, found.x, *data)
    return SimpleNamespace(a=found.x.reshape(4, 4), off=off, loss=found.fun)


def draw(picture, start, found, y, observed, dt):
    from matplotlib.figure import Figure
    times = dt * np.arange(1, len(observed) + 1)
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    for i, colour in enumerate(["C0", "C1", "C2", "C3"]):
        axes.plot(times, observed[:, i], ".", color=colour, markersize=4)
        axes.plot(times, orbit(start, y, len(observed), dt)[:, i], ":", color=colour)
        axes.plot(times, orbit(found, y, len(observed), dt)[:, i], color=colour, label=f"y{i}")
    axes.set(xlabel="time", title="Observed (dots), at first (dotted) and found (lines)")
    axes.legend()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
