"""Kalman's filter: the noises of a drifting body that is seen badly, by their likelihood.

    python examples/kalman_filter.py [picture.png]

A body on a line is pushed at random, and its position is measured with an error. The filter gives the probability of the
measurements; SciPy's BFGS finds the sizes of push and error that make it greatest, and the Hessian their standard errors. The
picture shows how far measurements and filter are from the true path, with two standard deviations of the filter's.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import hessian, value_and_grad

MOVE = np.array([[1.0, 1.0], [0.0, 1.0]])               # of position and speed, in a unit of time
PUSH = np.array([[0.25, 0.5], [0.5, 1.0]])              # covariance of what a constant push of variance 1 adds to them
PLANTED = np.log([0.1, 2.0])                            # standard deviations of push and error


def path(n, seed=0):
    """Return positions at n times, and what is measured."""
    rng = np.random.default_rng(seed)
    push, error = np.exp(PLANTED)
    state, positions = np.array([0.0, 1.0]), []
    for _ in range(n):
        state = MOVE @ state + np.array([0.5, 1.0]) * push * rng.normal()
        positions.append(state[0])
    return np.array(positions), positions + error * rng.normal(size=n)


def problem(n=200):
    """Return logarithms of the two standard deviations to begin with, and the measurements."""
    return np.array([-1.0, 0.0]), path(n)[1]


def filtered(p, measured):
    """Yield of each measurement its surprise and the variance of that, and mean and covariance of the state after it."""
    push, error = np.exp(p)
    m, c = np.zeros(2), 10.0 * np.eye(2)
    for z in measured:
        m, c = MOVE @ m, MOVE @ c @ MOVE.T + push ** 2 * PUSH
        surprise, variance = z - m[0], c[0, 0] + error ** 2
        gain = c[:, 0] / variance
        m, c = m + gain * surprise, c - np.outer(gain, c[0])
        yield surprise, variance, m, c


def loss(p, measured):
    """Return the negative log-likelihood, without its constant."""
    return sum(0.5 * (surprise ** 2 / variance + np.log(variance)) for surprise, variance, _, _ in filtered(p, measured))


def main(picture=None, n=200):
    start, measured = problem(n)
    found = minimize(value_and_grad(loss), start, (measured,), "BFGS", jac=True, options={"gtol": 1e-4})
    errors = np.sqrt(np.diag(np.linalg.inv(hessian(loss)(found.x, measured))))
    print(f"{found.nit} steps; loss {loss(start, measured):.3f} -> {found.fun:.3f}")
    for name, *values in zip(("push", "error"), *np.exp([found.x, found.x - errors, found.x + errors, PLANTED])):
        print("{:5s} {:.3f}, between {:.3f} and {:.3f}; planted {:.3f}".format(name, *values))
    if picture:
        draw(picture, found.x, *path(n))
    return SimpleNamespace(p=found.x, off=(found.x - PLANTED) / errors, success=found.success)


def draw(picture, p, positions, measured):
    from matplotlib.figure import Figure
    mean, variance = np.array([(m[0], c[0, 0]) for _, _, m, c in filtered(p, measured)]).T
    times, off, width = np.arange(len(mean)), mean - positions, 2 * np.sqrt(variance)
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.plot(times, measured - positions, "k.", markersize=3, label="measured")
    axes.plot(times, off, label="filtered")
    axes.fill_between(times, off - width, off + width, alpha=0.3, label="± 2 standard deviations")
    axes.set(xlabel="time", ylabel="position, less the true one", title="Kalman filter")
    axes.legend()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
