"""A perceptron with one hidden layer, trained on minibatches by gradient descent with momentum.

    python examples/mlp.py [picture.png]

A point of class k lies around the prototype of k or around its negative: no linear classifier can tell the classes apart, a hidden
layer can. It prints the accuracy on points that were not trained on; the picture shows the loss of each step.
"""
import sys
from types import SimpleNamespace

import numpy as np
from dezero_scipy import special

from dezero import Variable


def draw_points(n, prototypes, rng):
    """Return n points and their classes."""
    labels = rng.integers(0, len(prototypes), n)
    signs = rng.choice([-1.0, 1.0], (n, 1))
    return signs * prototypes[labels] + rng.normal(size=(n, prototypes.shape[1])), labels


def problem(n=64, d=784, hidden=128, classes=10, seed=0):
    """Return weights and biases to begin with, n points of d features and their classes."""
    rng = np.random.default_rng(seed)
    parameters = [rng.normal(size=(d, hidden)) / np.sqrt(d), rng.normal(size=hidden),
                  rng.normal(size=(hidden, classes)) / np.sqrt(hidden), np.zeros(classes)]
    return parameters, *draw_points(n, rng.normal(size=(classes, d)), rng)


def scores(parameters, x):
    w1, b1, w2, b2 = parameters
    return np.tanh(x @ w1 + b1) @ w2 + b2


def loss(parameters, x, labels):
    """Return the mean cross-entropy, log Σ exp z - z[label]."""
    z = scores(parameters, x)
    return np.mean(special.logsumexp(z, axis=1) - z[np.arange(len(labels)), labels])


def main(picture=None, d=784, hidden=128, classes=10, steps=200, rate=0.1):
    rng = np.random.default_rng(1)
    prototypes = rng.normal(size=(classes, d))
    weights = [Variable(w) for w in problem(1, d, hidden, classes)[0]]
    speeds = [np.zeros(w.shape) for w in weights]
    losses = []
    for _ in range(steps):
        y = loss(weights, *draw_points(64, prototypes, rng))
        y.backward()
        for w, speed in zip(weights, speeds):
            speed *= 0.9
            speed -= rate * w.grad
            w.data += speed
            w.cleargrad()
        losses.append(y.item())
    x, labels = draw_points(1000, prototypes, rng)
    accuracy = np.mean(np.argmax(scores([w.data for w in weights], x), axis=1) == labels)
    print(f"{steps} steps; loss {losses[0]:.3f} -> {losses[-1]:.3f}")
    print(f"accuracy on {len(labels)} other points: {accuracy:.1%}")
    if picture:
        draw(picture, losses)
    return SimpleNamespace(accuracy=accuracy, losses=losses)


def draw(picture, losses):
    from matplotlib.figure import Figure
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.semilogy(losses)
    axes.set(xlabel="step", ylabel="cross-entropy of a minibatch", title="A perceptron with one hidden layer")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
