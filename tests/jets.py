"""An oracle for derivatives of any order: arithmetic on Taylor series, which shares nothing with the engine."""

import numpy as np


class Jet:
    """f(x + t v) up to t**order, one array for each power of t; NumPy code runs on it unchanged."""

    __array_ufunc__ = None

    def __init__(self, coefficients):
        self.c = [np.asarray(a, float) for a in coefficients]

    @classmethod
    def along(cls, x, v, order):
        return cls([x, v, *[np.zeros(np.shape(x))] * (order - 1)][:order + 1])

    def derivative(self, k):
        """The k-th derivative by t at 0."""
        return self.c[k] * np.prod(np.arange(1, k + 1), dtype=float)

    def other(self, y):
        return y.c if isinstance(y, Jet) else [np.asarray(y, float)] + [np.zeros(())] * (len(self.c) - 1)

    def __add__(self, y):
        return Jet([a + b for a, b in zip(self.c, self.other(y))])

    def __neg__(self):
        return Jet([-a for a in self.c])

    def __sub__(self, y):
        return Jet([a - b for a, b in zip(self.c, self.other(y))])

    def __rsub__(self, y):
        return -(self - y)

    def __mul__(self, y):
        a, b = self.c, self.other(y)
        return Jet([sum(a[j] * b[k - j] for j in range(k + 1)) for k in range(len(a))])

    def __truediv__(self, y):
        a, b = self.c, self.other(y)
        q = []
        for k in range(len(a)):
            q.append((a[k] - sum(q[j] * b[k - j] for j in range(k))) / b[0])
        return Jet(q)

    def __rtruediv__(self, y):
        return Jet(self.other(y)) / self

    def __pow__(self, y):
        if isinstance(y, int) and y >= 0:
            product = Jet(self.other(1.0)) + 0.0 * self
            for _ in range(y):
                product = product * self
            return product
        return exp(log(self) * y)

    def __rpow__(self, y):
        return exp(self * float(np.log(y)))

    def __getitem__(self, index):
        return Jet([np.broadcast_to(a, self.shape)[index] for a in self.c])

    def sum(self, axis=None, keepdims=False):
        return Jet([np.sum(np.broadcast_to(a, self.shape), axis=axis, keepdims=keepdims) for a in self.c])

    def square(self):
        return self * self

    def broadcast_to(self, shape):
        return Jet([np.broadcast_to(a, shape) for a in self.c])

    @property
    def shape(self):
        return np.broadcast_shapes(*[a.shape for a in self.c])

    __radd__ = __add__
    __rmul__ = __mul__


def exp(x):
    """e = exp x from e' = x' e."""
    e = [np.exp(x.c[0])]
    for k in range(1, len(x.c)):
        e.append(sum(j * x.c[j] * e[k - j] for j in range(1, k + 1)) / k)
    return Jet(e)


def log(x):
    """l = log x from x l' = x'."""
    y = [np.log(x.c[0])]
    for k in range(1, len(x.c)):
        y.append((x.c[k] - sum(j * y[j] * x.c[k - j] for j in range(1, k)) / k) / x.c[0])
    return Jet(y)


def directional(f, xs, vs, order):
    """[d^k/dt^k of the sum of f(x + t v) at t = 0, for k = 0 to order]."""
    y = f(*[Jet.along(x, v, order) for x, v in zip(xs, vs)])
    return [float(np.sum(np.broadcast_to(y.derivative(k), y.shape))) for k in range(order + 1)]
