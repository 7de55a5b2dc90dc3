"""Two overlapping peaks of a chromatogram: SciPy's `curve_fit` with the Jacobian of dezero, and errors of what is found.

    python examples/chromatogram.py [picture.png]

A peak is a Gaussian with an exponential tail, by the complementary error function. `curve_fit` gives the covariance of the
parameters; the gradient of the part that the first substance has of both gives the error of that part (the delta method). The
picture shows the data, the peaks and the residuals.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy import special
from scipy.optimize import curve_fit

from dezero import grad, jacobian

NAMES = ["area 1", "centre 1", "width 1", "area 2", "centre 2", "width 2", "tail", "base"]
PLANTED = np.array([4.0, 5.0, 0.3, 2.5, 6.1, 0.35, 0.5, 0.2])
START = np.array([3.0, 4.8, 0.4, 3.0, 6.4, 0.4, 0.3, 0.0])
SIGMA = 0.05


def problem(n=300, seed=0):
    """Return parameters to begin with, n times, and the signal then, with noise."""
    t = np.linspace(2, 12, n)
    return START, t, model(t, *PLANTED) + SIGMA * np.random.default_rng(seed).normal(size=n)


def peak(t, area, centre, width, tail):
    """Return a Gaussian convolved with exp(-t / tail) / tail."""
    slow = (t - centre) / tail - 0.5 * (width / tail) ** 2
    return area / (2 * tail) * np.exp(-slow) * special.erfc((width / tail - (t - centre) / width) / np.sqrt(2))


def model(t, area1, centre1, width1, area2, centre2, width2, tail, base):
    return peak(t, area1, centre1, width1, tail) + peak(t, area2, centre2, width2, tail) + base


def loss(p, t, y):
    """Return half of χ², whose least value curve_fit looks for."""
    return 0.5 * np.sum(((model(t, *p) - y) / SIGMA) ** 2)


def slopes(t, *p):
    """Return the derivatives of the model by its parameters, of shape (times, parameters)."""
    return jacobian(lambda p: model(t, *p))(np.array(p))


def part(p):
    return p[0] / (p[0] + p[3])


def main(picture=None, n=300):
    start, t, y = problem(n)
    p, covariance = curve_fit(model, t, y, start, np.full(n, SIGMA), absolute_sigma=True, jac=slopes)
    errors = np.sqrt(np.diag(covariance))
    slope = grad(part)(p)
    error = np.sqrt(slope @ covariance @ slope)
    print(f"χ² of {n} points {2 * loss(start, t, y):.0f} -> {2 * loss(p, t, y):.1f}")
    for name, value, e, planted in zip(NAMES, p, errors, PLANTED):
        print(f"{name:>8s} {value:7.4f} ± {e:.4f}    planted {planted:.4f}")
    print(f"part of the first substance {part(p):.4f} ± {error:.4f}, planted {part(PLANTED):.4f}")
    if picture:
        draw(picture, p, t, y)
    return SimpleNamespace(p=p, errors=errors, off=(p - PLANTED) / errors, chi2=2 * loss(p, t, y) / n, part=(part(p), error))


def draw(picture, p, t, y):
    from matplotlib.figure import Figure
    figure = Figure(layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot(t, y, ".", color="grey", markersize=3)
    above.plot(t, model(t, *p), label="model")
    for k in (0, 3):
        above.plot(t, peak(t, *p[k:k + 3], p[6]) + p[7], "--", label=f"substance {k // 3 + 1}")
    above.set(ylabel="signal", title="Two peaks of a chromatogram")
    above.legend()
    below.plot(t, (y - model(t, *p)) / SIGMA, ".", markersize=3)
    below.set(xlabel="minutes", ylabel="off / σ")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
