"""A hidden Markov model: when was the die of the dishonest casino loaded, and how?

    python examples/hidden_markov_model.py [picture.png]

A casino changes between a fair die and a loaded one now and then (Durbin, Eddy, Krogh and Mitchison, Biological Sequence Analysis,
chapter 3); only the rolls are seen. The forward algorithm gives their probability, and SciPy's L-BFGS finds the dice and how often
they change. The backward algorithm is not written down: the probability that the die was loaded at a roll is a derivative of the
forward one. The picture shows that probability beside the truth.
"""
import sys
from types import SimpleNamespace

import numpy as np
from dezero_scipy import special
from scipy.optimize import minimize

from dezero import grad, value_and_grad

DICE = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 5]]) / np.array([[6], [10]])
CHANGE = np.array([[0.95, 0.05], [0.1, 0.9]])


def casino(n, seed=0):
    """Return which die was thrown n times, and what it showed."""
    rng = np.random.default_rng(seed)
    dice = [0]
    while len(dice) < n:
        dice.append(rng.choice(2, p=CHANGE[dice[-1]]))
    return np.array(dice), np.array([rng.choice(6, p=DICE[die]) for die in dice])


def problem(n=1000):
    """Return parameters to begin with and the rolls: of each die how it changes and what it shows, as logarithms."""
    return np.log([[0.8, 0.2, 1, 1, 1, 1, 1, 1], [0.2, 0.8, 1, 1, 1, 1, 1, 2]]).ravel(), casino(n)[1]


def logarithms(p):
    """Return the logarithms of the probabilities to change, and of what is shown."""
    p = p.reshape(2, 8)
    change, shown = p[:, :2], p[:, 2:]
    return change - special.logsumexp(change, axis=1, keepdims=True), shown - special.logsumexp(shown, axis=1, keepdims=True)


def forward(change, of_rolls):
    """Return the log-probability of the rolls, of which `of_rolls` has that by each die."""
    alpha = np.log(0.5) + of_rolls[0]
    for of_roll in of_rolls[1:]:
        alpha = special.logsumexp(alpha[:, None] + change, axis=0) + of_roll
    return special.logsumexp(alpha)


def loss(p, rolls):
    """Return the negative logarithm of the probability of a roll, in the mean."""
    change, shown = logarithms(p)
    return -forward(change, shown.T[rolls]) / len(rolls)


def posterior(p, rolls):
    """Return the probabilities of the dice at each roll: what the log-probability of all changes by, with that of one by a die."""
    change, shown = logarithms(p)
    return grad(lambda of_rolls: forward(change, of_rolls))(shown.T[rolls])


def main(picture=None, n=1000):
    start, rolls = problem(n)
    found = minimize(value_and_grad(loss), start, (rolls,), "L-BFGS-B", jac=True)
    change, shown = map(np.exp, logarithms(found.x))
    planted = loss(np.log(np.hstack([CHANGE, DICE])).ravel(), rolls)
    dice = casino(n)[0]
    right = np.mean(np.argmax(posterior(found.x, rolls), axis=1) == dice)
    print(f"{found.nit} steps; loss {loss(start, rolls):.4f} -> {found.fun:.4f}, and {planted:.4f} where it was planted")
    print(f"a six: {shown[0, 5]:.2f} and {shown[1, 5]:.2f}, planted {DICE[0, 5]:.2f} and {DICE[1, 5]:.2f}")
    print(f"a die is kept: {change[0, 0]:.2f} and {change[1, 1]:.2f}, planted {CHANGE[0, 0]:.2f} and {CHANGE[1, 1]:.2f}")
    print(f"{right:.1%} of the dice are told")
    if picture:
        draw(picture, posterior(found.x, rolls)[:, 1], dice)
    return SimpleNamespace(shown=shown, change=change, right=right, loss=found.fun, planted=planted)


def draw(picture, probability, dice):
    from matplotlib.figure import Figure
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(np.arange(len(dice)), dice, step="mid", alpha=0.3, label="loaded")
    axes.plot(probability, label="probability, by the rolls")
    axes.set(xlabel="roll", xlim=(0, min(300, len(dice) - 1)), title="When was the die loaded?")
    axes.legend(loc="upper right")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
