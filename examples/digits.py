"""Handwritten digits, told apart by a softmax classifier.

    python examples/digits.py [picture.png]

The digits are the 1 797 of scikit-learn, 8x8 pixels each. SciPy's L-BFGS minimises the cross-entropy of 1 300 of them with a
penalty for large weights. It prints the accuracy on the others; the picture shows the weights of each digit.
"""
import sys
from types import SimpleNamespace

import numpy as np
from dezero_scipy import special
from scipy.optimize import minimize
from sklearn.datasets import load_digits

from dezero import value_and_grad

PENALTY = 0.003


def pictures(seed=0):
    """Return the pixels of all digits, from 0 to 1 with a 1 behind them, and which digits they are, in random order."""
    x, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(x))
    return np.column_stack([x / 16, np.ones(len(x))])[order], labels[order]


def problem(n=1300):
    """Return weights to begin with, the pixels of n digits, and which they are."""
    x, labels = pictures()
    return np.zeros(65 * 10), x[:n], labels[:n]


def scores(w, x):
    return x @ w.reshape(65, 10)


def loss(w, x, labels):
    """Return the mean cross-entropy and the penalty."""
    z = scores(w, x)
    return np.mean(special.logsumexp(z, axis=1) - z[np.arange(len(labels)), labels]) + 0.5 * PENALTY * np.sum(w * w)


def main(picture=None, n=1300):
    start, *data = problem(n)
    found = minimize(value_and_grad(loss), start, tuple(data), "L-BFGS-B", jac=True)
    x, labels = (a[n:] for a in pictures())
    accuracy = np.mean(np.argmax(scores(found.x, x), axis=1) == labels)
    print(f"{found.nit} steps; loss {loss(start, *data):.3f} -> {found.fun:.3f}")
    print(f"accuracy on {len(labels)} other digits: {accuracy:.1%}")
    if picture:
        draw(picture, found.x.reshape(65, 10)[:-1])
    return SimpleNamespace(accuracy=accuracy, success=found.success)


def draw(picture, weights):
    from matplotlib.figure import Figure
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    most = abs(weights).max()
    for digit, axes in enumerate(figure.subplots(2, 5).flat):
        axes.imshow(weights[:, digit].reshape(8, 8), cmap="RdBu", vmin=-most, vmax=most)
        axes.set(title=digit, xticks=[], yticks=[])
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
