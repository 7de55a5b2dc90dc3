"""Diffusion of heat in a rod: its conductivity, found from thermometers on it.

    python examples/diffusion.py [picture.png]

One end of a cold rod is heated. The explicit scheme writes the temperatures of each time into a row of an array, by assignment,
which is recorded: `zeros` of `dezero.numpy` makes an array that takes Variables. SciPy's L-BFGS finds the conductivity between each
pair of points. The picture shows it beside what the rod is made of, and the temperatures.
"""
import sys
from types import SimpleNamespace

import dezero.numpy as np
from scipy.optimize import minimize

from dezero import value_and_grad


def planted(n):
    """Return the conductivity between n points: a rod with an insulating piece."""
    x = np.linspace(0, 1, n - 1)
    return np.where((x > 0.4) & (x < 0.6), 0.1, 0.4)


def temperatures(k, steps):
    """Return the temperatures u[t, i] at n points, of which the first is kept at 1 and the last at 0."""
    u = np.zeros((steps + 1, len(k) + 1))
    u[:, 0] = 1.0
    for t in range(steps):
        flow = k * (u[t, :-1] - u[t, 1:])
        u[t + 1, 1:-1] = u[t, 1:-1] + flow[:-1] - flow[1:]
    return u


def problem(n=21, steps=400, seed=0):
    """Return logarithms of conductivities to begin with, and what thermometers at all points show at each tenth step."""
    noise = 1e-4 * np.random.default_rng(seed).normal(size=(steps // 10 + 1, n))
    return np.repeat(np.log(0.2), n - 1), temperatures(planted(n), steps).data[::10] + noise


def loss(p, measured):
    """Return the mean squared difference from what is measured."""
    return np.mean((temperatures(np.exp(p), 10 * (len(measured) - 1))[::10] - measured) ** 2)


def main(picture=None, n=21, steps=400):
    start, measured = problem(n, steps)

    def scaled(p):
        value, slope = value_and_grad(loss)(p, measured)
        return value * 1e4, slope * 1e4
    found = minimize(scaled, start, method="L-BFGS-B", jac=True, options={"maxiter": 100})
    off = abs(np.exp(found.x) / planted(n) - 1)
    print(f"{found.nit} steps; loss {loss(start, measured).item():.3g} -> {found.fun / 1e4:.3g}")
    print(f"conductivities off by {off.max():.1%} at most")
    if picture:
        draw(picture, np.exp(found.x), measured)
    return SimpleNamespace(k=np.exp(found.x), off=off)


def draw(picture, k, measured):
    from matplotlib.figure import Figure
    n = len(k) + 1
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.step(np.arange(n - 1) + 0.5, planted(n), "k", where="mid", label="planted")
    left.plot(np.arange(n - 1) + 0.5, k, "o", label="found")
    left.set(xlabel="point", title="conductivity", ylim=(0, None))
    left.legend()
    image = right.imshow(measured, aspect="auto", origin="lower")
    right.set(xlabel="point", ylabel="time, in tens of steps", title="temperature")
    figure.colorbar(image, ax=right)
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
