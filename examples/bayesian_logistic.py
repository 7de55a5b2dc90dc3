"""Bayesian logistic regression by Laplace's approximation: the posterior is a Gaussian around its mode, with the Hessian's inverse.

    python examples/bayesian_logistic.py [picture.png]

SciPy's trust-ncg finds the mode with gradients and Hessian products. The evidence, the integral of likelihood and prior, decides
how strong the prior is (MacKay, The evidence framework applied to classification networks, 1992), and is compared with importance
sampling. The picture shows the probability of a class, and the evidence against the precision of the prior.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from dezero import grad, hessian, hvp

PLANTED = np.array([-1.0, 1.5, -1.0, 1.2, 0.8, 0.9])


def features(points):
    """Return 1, x, y, x², xy, y² of each point: the boundary between the classes is a conic."""
    x, y = points.T
    return np.stack([np.ones(len(x)), x, y, x * x, x * y, y * y], axis=1)


def points(n, rng):
    return rng.normal(size=(n, 2))


def problem(n=200, precision=1.0, seed=0):
    """Return weights to begin with, the features of n points, their labels, -1 or 1, and the precision of the prior."""
    rng = np.random.default_rng(seed)
    phi = features(points(n, rng))
    labels = np.where(rng.random(n) < 1 / (1 + np.exp(-phi @ PLANTED)), 1.0, -1.0)
    return np.zeros(len(PLANTED)), phi, labels, precision


def loss(w, phi, labels, precision):
    """Return -log of likelihood · prior, σ(labels · phi w) · N(w; 0, 1 / precision)."""
    prior = 0.5 * precision * (w @ w) - 0.5 * len(w) * np.log(precision / (2 * np.pi))
    return np.sum(np.logaddexp(0.0, -labels * (phi @ w))) + prior


def laplace(start, *data):
    """Return mode and covariance of the posterior, and the logarithm of the evidence."""
    found = minimize(loss, start, data, "trust-ncg", jac=grad(loss), hessp=lambda w, v, *data: hvp(loss)(w, *data, v))
    h = hessian(loss)(found.x, *data)
    log_evidence = -found.fun + 0.5 * len(start) * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(h)[1]
    return found.x, np.linalg.inv(h), log_evidence


def sampled_evidence(mode, covariance, data, n, seed=1):
    """Return the logarithm of the evidence by importance sampling from the Gaussian, and how many samples that was worth."""
    gaussian = multivariate_normal(mode, covariance, seed=seed)
    w = gaussian.rvs(n)
    log_weights = np.array([-loss(row, *data) for row in w]) - gaussian.logpdf(w)
    return logsumexp(log_weights) - np.log(n), np.exp(2 * logsumexp(log_weights) - logsumexp(2 * log_weights))


def probability(phi, mode, covariance):
    """Return the probability of class 1: σ integrated over the Gaussian of phi w, as MacKay approximates it."""
    variance = np.sum((phi @ covariance) * phi, axis=1)
    return 1 / (1 + np.exp(-phi @ mode / np.sqrt(1 + np.pi / 8 * variance)))


def main(picture=None, n=200, samples=2000):
    start, phi, labels, _ = problem(n)
    precisions = np.logspace(-2, 2, 17)
    evidences = [laplace(start, phi, labels, precision)[2] for precision in precisions]
    precision = precisions[np.argmax(evidences)]
    mode, covariance, log_evidence = laplace(start, phi, labels, precision)
    off = (mode - PLANTED) / np.sqrt(np.diag(covariance))
    sampled, worth = sampled_evidence(mode, covariance, (phi, labels, precision), samples)
    print(f"precision of the prior {precision:.3g}; log evidence {log_evidence:.3f}")
    print(f"log evidence by importance sampling {sampled:.3f}: {samples} samples, worth {worth:.0f}")
    print(f"weights off by {abs(off).max():.2f} standard deviations of the posterior at most")
    if picture:
        draw(picture, n, labels, mode, covariance, precisions, evidences)
    return SimpleNamespace(mode=mode, covariance=covariance, off=off, log_evidence=log_evidence, sampled=sampled, worth=worth)


def draw(picture, n, labels, mode, covariance, precisions, evidences):
    from matplotlib.figure import Figure
    figure = Figure((10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    x, y = np.meshgrid(np.linspace(-3, 3, 100), np.linspace(-3, 3, 100))
    p = probability(features(np.stack([x.ravel(), y.ravel()], axis=1)), mode, covariance).reshape(x.shape)
    figure.colorbar(left.contourf(x, y, p, np.linspace(0, 1, 11), cmap="RdBu"), ax=left)
    where = points(n, np.random.default_rng(0))
    for label, marker in ((-1, "ws"), (1, "ko")):
        left.plot(*where[labels == label].T, marker, markersize=3)
    left.set(xlim=(-3, 3), ylim=(-3, 3), title="probability of the round dots' class")
    right.semilogx(precisions, evidences, "o-")
    right.set(xlabel="precision of the prior", ylabel="log evidence")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
