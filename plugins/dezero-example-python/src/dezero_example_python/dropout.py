"""Dropout: an op that is a class, since its call has a state, the mask that forward drew."""

import numpy as np
from dezero import Function


class Dropout(Function):
    """y = m x / (1 - rate), m = 0 with the probability `rate` and else 1;   ∂y/∂x = m / (1 - rate)

    Parameters
    ----------
    x : Variable, array or number
    rate : float
        Below 1.
    seed : int, optional
        Of the random numbers.

    Returns
    -------
    Variable
    """

    name = "dropout"

    def __init__(self, rate=0.5, seed=None):
        self.rate = rate
        self.seed = seed

    def forward(self, x):
        self.mask = np.random.default_rng(self.seed).random(x.shape) >= self.rate
        return x * self.mask / (1.0 - self.rate)

    def backward(self, gy):
        return gy * self.mask / (1.0 - self.rate)

    @staticmethod
    def samples(sample):
        """The calls that dezero.testing.check_op makes: with a seed, since they are to give the same each time."""
        sample(sample.array(3, 4), seed=1)
        sample(sample.array(3, 4), rate=0.25, seed=2)
