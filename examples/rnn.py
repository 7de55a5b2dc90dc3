"""A recurrent neural network: it learns to sum up a sequence, by backpropagation through time and Adam.

    python examples/rnn.py [picture.png]

The network reads one input x after the other and is asked for Σ x v, where v is fixed and unknown to it. It prints how much of the
variance is explained in sequences that were not trained on; the picture sets the network's answers beside the right ones.
"""
import sys
from types import SimpleNamespace

import numpy as np

from dezero import value_and_grad


def sequences(steps, n, v, rng):
    """Return n sequences of inputs, time first, and the number that belongs to each."""
    x = rng.normal(size=(steps, n, len(v)))
    return x, np.sum(x @ v, axis=0) / np.sqrt(steps)


def direction(inputs):
    v = np.cos(np.arange(inputs))
    return v / np.linalg.norm(v)


def problem(steps=50, n=32, inputs=64, hidden=64, seed=0):
    """Return weights to begin with, n sequences and their numbers."""
    rng = np.random.default_rng(seed)
    parameters = (rng.normal(size=(inputs, hidden)) * 0.1 / np.sqrt(inputs), np.eye(hidden), np.zeros(hidden),
                  rng.normal(size=hidden) / np.sqrt(hidden))
    return parameters, *sequences(steps, n, direction(inputs), rng)


def answers(parameters, x):
    into, over, bias, out = parameters
    h = np.zeros((x.shape[1], len(bias)))
    for t in range(len(x)):
        h = np.tanh(x[t] @ into + h @ over + bias)
    return h @ out


def loss(parameters, x, y):
    """Return the mean squared error."""
    return np.mean((answers(parameters, x) - y) ** 2)


def adam(step, slopes, moments, rate):
    """Return how far each parameter moves (Kingma and Ba, Adam, algorithm 1); moments are kept from step to step."""
    for g, (mean, square) in zip(slopes, moments):
        mean += 0.1 * (g - mean)
        square += 0.001 * (g * g - square)
        yield -rate * (mean / (1 - 0.9 ** step)) / (np.sqrt(square / (1 - 0.999 ** step)) + 1e-8)


def main(picture=None, steps=50, inputs=64, hidden=64, updates=500, rate=0.001):
    rng = np.random.default_rng(1)
    parameters = problem(steps, 1, inputs, hidden)[0]
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
    losses = []
    for update in range(1, updates + 1):
        value, slopes = value_and_grad(loss)(parameters, *sequences(steps, 32, direction(inputs), rng))
        parameters = tuple(p + move for p, move in zip(parameters, adam(update, slopes, moments, rate)))
        losses.append(value)
    x, y = sequences(steps, 500, direction(inputs), rng)
    said = answers(parameters, x)
    explained = 1 - np.mean((said - y) ** 2) / np.var(y)
    print(f"{updates} updates; loss {losses[0]:.3f} -> {losses[-1]:.4f}")
    print(f"{explained:.1%} of the variance of {len(y)} other sequences is explained")
    if picture:
        draw(picture, y, said)
    return SimpleNamespace(explained=explained, losses=losses)


def draw(picture, y, said):
    from matplotlib.figure import Figure
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.plot(y, said, ".")
    axes.axline((0, 0), slope=1, color="black", linewidth=1)
    axes.set(xlabel="right answer", ylabel="the network's", title="A recurrent network sums up")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
