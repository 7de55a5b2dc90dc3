"""A survival model: Weibull's distribution by maximum likelihood, where some are still alive when the study ends.

    python examples/weibull_survival.py [picture.png]

Who dies counts with the density, who is censored with the probability to live longer, both by `dezero_scipy.stats`. The time
scale of a patient depends on treatment and age. SciPy's L-BFGS finds the parameters, the Hessian gives their errors, and a
gradient that of the hazard ratio (the delta method). The picture shows the model beside the estimate of Kaplan and Meier, which
has no parameters.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import grad, hessian, value_and_grad
from dezero_scipy import stats

NAMES = ["log shape", "log scale", "treatment", "age"]
PLANTED = np.array([0.4, 1.0, 0.6, -0.3])
END = 5.0                               # years from the begin of the study; patients come in the first two


def problem(n=400, seed=0):
    """Return parameters to begin with, covariates of n patients (1, treatment, age), years under observation, and who died."""
    rng = np.random.default_rng(seed)
    x = np.stack([np.ones(n), rng.integers(0, 2, n), rng.normal(size=n)], axis=1)
    lifetime = np.exp(x @ PLANTED[1:]) * rng.weibull(np.exp(PLANTED[0]), n)
    observed = END - rng.uniform(0, 2, n)
    return np.zeros(4), x, np.minimum(lifetime, observed), lifetime < observed


def loss(p, x, years, died):
    """Return the negative log-likelihood: log of the density for those who died, else of the probability to live longer."""
    shape, scale = np.exp(p[0]), np.exp(x @ p[1:])
    dies, lives_on = stats.weibull_min.logpdf(years, shape, scale=scale), stats.weibull_min.logsf(years, shape, scale=scale)
    return -np.sum(np.where(died, dies, lives_on))


def hazard_ratio(p):
    """Return the hazard with treatment over the hazard without: scale ** -shape of both, divided."""
    return np.exp(-np.exp(p[0]) * p[2])


def kaplan_meier(years, died):
    """Return times of death and the part that lives on after each."""
    order = np.argsort(years)
    at_risk = np.arange(len(years), 0, -1)
    alive = np.cumprod(1 - died[order] / at_risk)
    return years[order], alive


def main(picture=None, n=400):
    start, *data = problem(n)
    found = minimize(value_and_grad(loss), start, tuple(data), "L-BFGS-B", jac=True)
    covariance = np.linalg.inv(hessian(loss)(found.x, *data))
    errors = np.sqrt(np.diag(covariance))
    slope = grad(hazard_ratio)(found.x)
    ratio, error = hazard_ratio(found.x), np.sqrt(slope @ covariance @ slope)
    print(f"{np.sum(data[2])} of {n} died; {found.nit} steps, negative log-likelihood {loss(start, *data):.2f} -> {found.fun:.2f}")
    for name, value, e, planted in zip(NAMES, found.x, errors, PLANTED):
        print(f"{name:>10s} {value:7.3f} ± {e:.3f}    planted {planted:7.3f}")
    print(f"hazard ratio of the treatment {ratio:.3f} ± {error:.3f}, planted {hazard_ratio(PLANTED):.3f}")
    if picture:
        draw(picture, found.x, *data)
    return SimpleNamespace(p=found.x, errors=errors, off=(found.x - PLANTED) / errors, ratio=ratio, ratio_error=error)


def draw(picture, p, x, years, died):
    from matplotlib.figure import Figure
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    t = np.linspace(0.01, END, 100)
    for treatment, label in enumerate(["without treatment", "with treatment"]):
        group = x[:, 1] == treatment
        axes.step(*kaplan_meier(years[group], died[group]), f"C{treatment}", where="post", label=label)
        alive = stats.weibull_min.sf(t[:, None], np.exp(p[0]), scale=np.exp(x[group] @ p[1:]))
        axes.plot(t, alive.mean(axis=1), f"C{treatment}--")
    axes.set(xlabel="years", ylabel="alive", ylim=(0, 1), title="Kaplan and Meier (steps), Weibull's model (dashed)")
    axes.legend()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
