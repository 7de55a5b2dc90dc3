"""Gradients as Variables, and functions to differentiate: one for each built-in op, random expressions, ops of the book."""

import hypothesis.strategies as st
import numpy as np

from dezero import Function, Variable


def pull(y, xs):
    """Gradients of y by the Variables xs, as Variables; nothing stays in `.grad`."""
    y.backward(create_graph=True)
    gs = [x.grad for x in xs]
    for x in xs:
        x.cleargrad()
    return [g if g is not None else Variable(np.zeros(x.shape)) for g, x in zip(gs, xs)]


A, B, C = np.array([[0.7, -1.3, 0.4]]), np.array([[1.1], [0.6]]), np.array([0.5, 1.9, 0.8])


FUNCTIONS = {
    "add": (lambda x, y: (x + y) * x + (x + 2.0) * (3.0 + y), (A, B)),
    "sub": (lambda x, y: (x - y) * x - (x - 2.0) * (3.0 - y), (A, B)),
    "mul": (lambda x, y: x * y * x * 2.0 * y, (A, B)),
    "mul by itself": (lambda x: x * x * x, (C,)),
    "div": (lambda x, y: x / y + 2.0 / y - x / 3.0 + y / y, (A, B)),
    "neg": (lambda x, y: -(x * y) * -x, (A, B)),
    "pow": (lambda x, y: x ** y, (C, B)),
    "pow of a number": (lambda x: 2.0 ** x, (C,)),
    "pow to a number": (lambda x: x ** 3 + x ** 0 + x ** 1 + x ** 2.5 + x ** -1.5, (C,)),
    "square": (lambda x, y: (x * y).square() * x, (A, B)),
    "sum": (lambda x, y: (x * y).sum(axis=0) * (x * y).sum(axis=1, keepdims=True) * (x * x).sum(), (A, B)),
    "broadcast_to": (lambda x, y: (x * x).broadcast_to((4, 2, 3)) * (y * y), (A, B)),
    "getitem": (lambda x, y: (x * y)[0] * (x * y)[1, ::-1] * (x * x)[:, [0, 0, 2]] * y[-1], (A, B)),
    "getitem with a mask": (lambda x: x[np.array([True, False, True])] * x[..., None, 1:][0], (C,)),
    "scalars": (lambda x, y: (x * y + x / y) ** 2 / (1.0 + x * x), (0.7, -1.3)),
    "one and many": (lambda x, y: (x * y / (1.0 + y * y)) ** 2 * x, (0.7, C)),
    "a long chain": (lambda x: ((((x * x + 1.0) / (x + 3.0)) ** 2 - x) * x).sum() ** 2, (C,)),
}


BINARY = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (b * b + 1.0), lambda a, b: (a * a + 0.5) ** (b * 0.3)]
UNARY = [lambda a: -a, lambda a: a.square(), lambda a: a ** 3, lambda a: 2.0 - a, lambda a: 1.0 / (a * a + 2.0), lambda a: a.sum(),
         lambda a: a.sum(axis=-1, keepdims=True), lambda a: a.sum(axis=0), lambda a: a[0], lambda a: a[..., ::-1], lambda a: 1.5 ** a,
         lambda a: a[..., [0, 0]], lambda a: a.broadcast_to((2,) + a.shape), lambda a: (a * a + 1.0) ** -0.5, lambda a: a * 0.1]
SHAPES = [((), ()), ((3,), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((1,), (2, 3))]


@st.composite
def expressions(draw):
    """A function of two values, made of built-ins, and where to look at it."""
    steps = draw(st.lists(st.tuples(st.integers(0, len(BINARY) + len(UNARY) - 1), st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=7))
    shapes = draw(st.sampled_from(SHAPES))
    numbers = st.floats(-1.5, 1.5).filter(lambda x: abs(x) > 0.01)
    xs = [np.array(draw(st.lists(numbers, min_size=int(np.prod(s)), max_size=int(np.prod(s))))).reshape(s) for s in shapes]

    def f(x, y):
        values = [x, y]
        for which, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            if which < len(BINARY):
                if not compatible(a.shape, b.shape):
                    continue
                values.append(BINARY[which](a, b))
            else:
                if a.shape == () and which >= len(BINARY) + 6 and which != len(BINARY) + 10 and which < len(BINARY) + 12:
                    continue
                values.append(UNARY[which - len(BINARY)](a))
        return sum([v.sum() for v in values[2:]], 0.0 * (x.sum() + y.sum()))

    f.__name__ = str(steps)
    return f, xs


def compatible(a, b):
    try:
        return len(np.broadcast_shapes(a, b)) < 4
    except ValueError:
        return False


class Sin(Function):
    def forward(self, x):
        return np.sin(x)

    def backward(self, gy):
        x, = self.inputs
        return gy * Cos()(x)


class Cos(Function):
    def forward(self, x):
        return np.cos(x)

    def backward(self, gy):
        x, = self.inputs
        return gy * -Sin()(x)


class Tanh(Function):
    def forward(self, x):
        return np.tanh(x)

    def backward(self, gy):
        y = self.outputs[0]()
        return gy * (1 - y * y)


class Exp(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        return gy * self.outputs[0]()
