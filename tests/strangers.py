"""Ops that tests define as anybody may, some of them bad, and a Variable of any value in one letter."""

import numpy as np

from dezero import Function, Variable


def V(value, name=None):
    return Variable(np.array(value), name)


class Twice(Function):
    def forward(self, x):
        return 2 * x

    def backward(self, gy):
        return 2 * gy


class Both(Function):
    """a + b and a * b, in Python."""

    def forward(self, a, b):
        return a + b, a * b

    def backward(self, ga, gb):
        a, b = (x.data for x in self.inputs)
        return ga + gb * b, ga + gb * a


class Three(Function):
    """x, 2 x and a row of ones as float32, the shapes and dtypes of which differ."""

    def forward(self, x):
        return x * 1, np.stack([x, x]) * 2, np.ones(3, "f4") * x.sum().astype("f4")

    def backward(self, *gys):
        self.seen = gys
        g0, g1, g2 = gys
        return g0 + 2 * g1.sum(0) + g2.sum()


class Identity(Function):
    """The rule hands on the very array that it got."""

    def forward(self, x):
        return x.copy()

    def backward(self, gy):
        return gy


class Giving(Function):
    """x copied; the rule gives what `make` makes, or raises it."""

    def __init__(self, make):
        self.make = make

    def forward(self, *xs):
        return sum(xs) * 1.0

    def backward(self, gy):
        return self.make(gy)


def raising(error):
    def rule(gy):
        raise error
    return rule
