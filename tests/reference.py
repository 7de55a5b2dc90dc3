"""Reverse mode as naive as can be, on NumPy alone: what whole programs are compared with.

A `Value` holds an array and, for each Value that it was computed from, the function that takes a cotangent back, by these same
operations: so cotangents are Values, and can be differentiated again.
"""
import numpy as np


class Value:
    def __init__(self, data, *parents):
        self.data, self.parents = np.asarray(data), [(x, back) for x, back in parents if isinstance(x, Value)]

    def __add__(a, b): return Value(raw(a) + raw(b), (a, lambda g: fit(g, a)), (b, lambda g: fit(g, b)))
    def __sub__(a, b): return Value(raw(a) - raw(b), (a, lambda g: fit(g, a)), (b, lambda g: fit(-g, b)))
    def __mul__(a, b): return Value(raw(a) * raw(b), (a, lambda g: fit(g * b, a)), (b, lambda g: fit(g * a, b)))
    def __truediv__(a, b): return Value(raw(a) / raw(b), (a, lambda g: fit(g / b, a)), (b, lambda g: fit(-g * a / b / b, b)))
    def __pow__(a, n): return Value(raw(a)**n, (a, lambda g: fit(g * a**(n - 1) * float(n), a)))
    def __neg__(a): return Value(-raw(a), (a, lambda g: -g))
    def __getitem__(a, index): return Value(raw(a)[index], (a, lambda g: put(g, index, a.data.shape)))


def raw(x):
    return x.data if isinstance(x, Value) else x


def fit(g, x):
    """A cotangent in the shape and dtype of x."""
    more = g.data.ndim - x.data.ndim
    axes = tuple([i for i, n in enumerate(g.data.shape) if i < more or x.data.shape[i - more] != n])
    return cast(reshape(total(g, axes), x.data.shape), x.data.dtype)


def total(a, axes=None, keepdims=False):
    wide = a.data.shape if axes is None else [1 if i in axes else n for i, n in enumerate(a.data.shape)]
    wide = [1] * a.data.ndim if axes is None else wide
    return Value(a.data.sum(axes, keepdims=keepdims), (a, lambda g: broadcast(reshape(g, wide), a.data.shape)))


def broadcast(a, shape):
    return Value(np.broadcast_to(a.data, shape), (a, lambda g: fit(g, a)))


def reshape(a, shape):
    return Value(a.data.reshape(shape), (a, lambda g: reshape(g, a.data.shape)))


def cast(a, dtype):
    return Value(a.data.astype(dtype), (a, lambda g: cast(g, a.data.dtype)))


def put(g, index, shape):
    """Zeros, with g added at an index."""
    y = np.zeros(shape, g.data.dtype)
    np.add.at(y, index, g.data)
    return Value(y, (g, lambda h: h[index]))


def backward(root, cotangent):
    """Return {Value: its cotangent}, and {Value: how large the terms were that it is the sum of}: rounding grows with these."""
    order, seen, todo = [], set(), [(root, False)]
    while todo:
        x, opened = todo.pop()
        if opened:
            order.append(x)
        elif x not in seen:
            seen.add(x)
            todo += [(x, True), *[(parent, False) for parent, _ in x.parents]]
    found, sizes = {root: cotangent}, {root: largest(cotangent)}
    for y in reversed(order):
        for x, back in y.parents:
            g = back(found[y])
            found[x] = found[x] + g if x in found else g
            lost = max(1.0, sizes[y] / max(largest(found[y]), 1e-300))      # how many times larger than what is left
            sizes[x] = sizes.get(x, 0.0) + lost * largest(g) * max(1, y.data.size // max(x.data.size, 1))
    return found, sizes


def largest(v):
    return float(np.abs(v.data).max(initial=0.0))
