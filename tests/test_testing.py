"""The author's test kit: right ops pass, and planted faults are caught and named."""

import ctypes
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import dezero
import dezero.functions as F
from dezero import Function, Kernel, Variable, _kernels, plugins
from dezero.errors import PluginError
from dezero.registry import registry
from dezero.testing import CHECKS, check_grads, check_op, checks_of, ops_of

compiled = pytest.mark.skipif(_kernels.IN_USE != "compiled", reason="loops run in the compiled form only")


# -- ops that are right


class Product(Function):
    """y = a b;   ∂y/∂a = b,   ∂y/∂b = a"""

    name = "t_product"

    def forward(self, a, b):
        return a * b

    def backward(self, gy):
        a, b = self.inputs
        return gy * b, gy * a


class Cube(Function):
    """y = |x|³;   ∂y/∂x = 3 x |x|"""

    name = "t_cube"

    def forward(self, x):
        return abs(x) ** 3

    def backward(self, gy):
        x, = self.inputs
        return 3 * gy * x * (x * x) ** 0.5


class Centred(Function):
    """y = x - mean of x;   ∂y/∂x = gy - mean of gy"""

    name = "t_centred"

    def forward(self, x):
        return x - np.mean(x)

    def backward(self, gy):
        return gy - np.sum(gy) / gy.size


class Rows(Function):
    """y[i, j] = x[i, j] w[j], reduced by the rule itself;   ∂y/∂x = w,   ∂y/∂w[j] = Σ_i x[i, j]"""

    name = "t_rows"

    def forward(self, x, w):
        return np.einsum("ij,j->ij", x, w)

    def backward(self, gy):
        x, w = self.inputs
        return gy * w, np.sum(gy * x, axis=0)

    @staticmethod
    def samples(sample):
        sample(sample.array(3, 3), sample.array(3))


class Power(Function):
    """y = x ** n for a parameter n;   ∂y/∂x = n x ** (n - 1)"""

    name = "t_power"

    def __init__(self, n):
        self.n = n

    def forward(self, x):
        return x ** self.n

    def backward(self, gy):
        x, = self.inputs
        return gy * self.n * x ** (self.n - 1)

    @staticmethod
    def samples(sample):
        sample(sample.array(2, 3), 3)
        sample(sample.array(4, low=0.5), n=1.5)


class Absolute(Function):
    """y = |x|, with a kink at 0;   ∂y/∂x = sign x"""

    name = "t_absolute"
    operators = ("__abs__", "__pos__")
    numpy = (np.absolute, np.fabs)

    def forward(self, x):
        return np.abs(x)

    def backward(self, gy):
        return gy * np.sign(self.inputs[0])


class Floor(Function):
    """y = floor(a / b): no gradient"""

    name = "t_floor"
    operators = ("__floordiv__",)
    numpy = (np.floor_divide,)

    def forward(self, a, b):
        return a // b

    def backward(self, gy):
        return None, None


class Logarithm(Function):
    """y = log x;   ∂y/∂x = 1 / x"""

    name = "t_log"
    numpy = (np.log,)

    def forward(self, x):
        return np.log(x)

    def backward(self, gy):
        return gy / self.inputs[0]


class Polar(Function):
    """r = √(a² + b²), q = a / b: two outputs"""

    name = "t_polar"

    def forward(self, a, b):
        return (a * a + b * b) ** 0.5, a / b

    def backward(self, gr, gq):
        a, b = self.inputs
        r = (a * a + b * b) ** 0.5
        return gr * a / r + gq / b, gr * b / r - gq * a / (b * b)


class Concatenate(Function):
    """y = the arrays one after the other; an `apply` of its own"""

    name = "t_concatenate"
    numpy = (np.concatenate,)

    def __init__(self, axis):
        self.axis = axis

    @classmethod
    def apply(cls, xs, axis=0):
        return cls(axis)(*xs)

    def forward(self, *xs):
        return np.concatenate(xs, axis=self.axis)

    def backward(self, gy):
        gxs, at = [], 0
        for x in self.inputs:
            n = x.shape[self.axis]
            gxs.append(gy[(slice(None),) * (self.axis % gy.ndim) + (slice(at, at + n),)])
            at += n
        return tuple(gxs)

    @staticmethod
    def samples(sample):
        sample([sample.array(2, 3), sample.array(1, 3)])
        sample((sample.array(2, 3), sample.array(2, 1)), axis=-1)


class FirstOnly(Function):
    """y = exp x, with a rule of arrays alone"""

    name = "t_first_only"
    order = 1

    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        return np.exp(self.inputs[0].data) * (gy.data if isinstance(gy, Variable) else gy)


class Nameless(Function):
    """y = 2 x: not to be registered"""

    def forward(self, x):
        return 2 * x

    def backward(self, gy):
        return 2 * gy


RIGHT = [Product, Cube, Centred, Rows, Power, Absolute, Floor, Logarithm, Polar, Concatenate, FirstOnly, Nameless]


@pytest.mark.parametrize("op", RIGHT, ids=lambda op: op.__name__)
def test_a_right_op_passes(op):
    check_op(op)


@pytest.mark.parametrize("name", sorted(registry.snapshot.names))
def test_every_registered_op_passes(name):
    check_op(name)


# -- the twelve planted faults


def rule(base, name, backward=None, **body):
    """`base` with another rule, or another body."""
    if backward is not None:
        body["backward"] = backward
    return type(f"Wrong{base.__name__}", (base,), {"name": name, "__doc__": base.__doc__, **body})


def sign(self, gy):
    a, b = self.inputs
    return gy * b, -gy * a


def factor(self, gy):
    a, b = self.inputs
    return gy * b, gy * a * (1 + 1e-5)


def swapped(self, gy):
    a, b = self.inputs
    return gy * a, gy * b


def missing_reduction(self, gy):
    return gy                               # where the mean of gy is to be taken off


def a_row_for_the_sum(self, gy):
    x, w = self.inputs
    return gy * w, (gy * x)[0]


def wrong_axis(self, gy):
    x, w = self.inputs
    return gy * w, np.sum(gy * x, axis=1)


class Stale(Product):
    name = "t_stale"
    last = None

    def forward(self, a, b):
        Stale.last = a, b
        return a * b

    def backward(self, gy):
        a, b = Stale.last
        return gy * b, gy * a


def writes_gy(self, gy):
    x, = self.inputs
    if isinstance(gy, np.ndarray):
        gy *= 3
        return gy * x * (x * x) ** 0.5
    return 3 * gy * x * (x * x) ** 0.5


class Buffer(Product):
    name = "t_buffer"
    memory = {}

    def backward(self, gy):
        a, b = self.inputs
        if isinstance(gy, Variable):
            return gy * b, gy * a
        buffer = self.memory.setdefault((gy.shape, gy.dtype), np.empty(gy.shape, gy.dtype))
        np.multiply(gy, b.data, out=buffer)
        return buffer, gy * a


class WritesInput(Product):
    name = "t_writes_input"

    def forward(self, a, b):
        y = a * b
        if a.flags.writeable:
            a[...] = 0
        return y


def float64_lost(self, gy):
    a, b = self.inputs
    return gy * b, gy * a if isinstance(gy, Variable) else (gy * a.data).astype(np.float32)


def through_float32(self, gy):
    a, b = self.inputs
    if isinstance(gy, Variable):
        return gy * b, gy * a
    return gy * b, (gy * a.data).astype(np.float32).astype(gy.dtype)


def float32_widened(self, x):
    return abs(x) ** np.array(3.0)


def last_element(self, gy):
    a, b = self.inputs
    if isinstance(gy, Variable):
        return gy * b, gy * a
    gb = np.array(gy * a.data)
    gb.reshape(-1)[-1:] = 0
    return gy * b, gb


def nan_at_0(self, gy):
    x, = self.inputs
    return 3 * gy * x * (x * x) / (x * x) ** 0.5


def second_use_of_an_operand(self, gy):
    x, = self.inputs
    return gy * x * (x * x) ** 0.5         # of |x| |x| |x|, one


class SecondUse(Product):
    """Looks whether the operands are one array, and then drops one of the gradients."""

    name = "t_second_use"

    def backward(self, gy):
        a, b = self.inputs
        return gy * b, None if a.data is b.data else gy * a


class Truncates(Product):
    name = "t_truncates"
    order = 1

    def backward(self, gy):
        a, b = self.inputs
        ga = np.empty_like(a.data)
        if isinstance(gy, Variable):
            return ga, ga
        if ga.shape != gy.shape:
            return gy * b, gy * a
        ga[...] = gy * b.data
        return ga, gy * a


class TruncatesForward(Function):
    name = "t_truncates_forward"

    def forward(self, x):
        y = np.empty_like(x)
        y[...] = x / 2
        return y

    def backward(self, gy):
        return gy / 2


FAULTS = {
    "sign": rule(Product, "t_sign", sign),
    "factor 1+1e-5": rule(Product, "t_factor", factor),
    "swapped inputs": rule(Product, "t_swapped", swapped),
    "missing reduction": rule(Centred, "t_missing", missing_reduction),
    "missing reduction, a row": rule(Rows, "t_missing_row", a_row_for_the_sum),
    "wrong axis": rule(Rows, "t_axis", wrong_axis),
    "stale data": Stale,
    "aliasing, gy written": rule(Cube, "t_writes_gy", writes_gy),
    "aliasing, a buffer": Buffer,
    "aliasing, input written": WritesInput,
    "dtype lost, float64": rule(Product, "t_float64", float64_lost),
    "dtype lost, inside": rule(Product, "t_inside", through_float32),
    "dtype lost, forward": rule(Cube, "t_widened", forward=float32_widened),
    "last element skipped": rule(Product, "t_last", last_element),
    "NaN at 0": rule(Cube, "t_nan", nan_at_0),
    "second use dropped": rule(Cube, "t_second_operand", second_use_of_an_operand),
    "second use dropped, a Variable": SecondUse,
    "integer truncation": Truncates,
    "integer truncation, forward": TruncatesForward,
}


@pytest.mark.parametrize("op", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_caught(op):
    with pytest.raises(AssertionError) as caught:
        check_op(op)
    text = str(caught.value)
    assert op.__name__ in text and f"{op.name!r}" in text
    assert "argument " in text or "result " in text


@pytest.mark.parametrize("fault, words", [
    ("sign", ["gradient on arrays", "argument 1, index (0, 0)", "analytic ", "numeric -"]),
    ("NaN at 0", ["gradient at 0", "argument 0, index (0, 0)", "analytic nan", "numeric 0"]),
    ("stale data", ["stale data", "after another call"]),
    ("aliasing, gy written", ["aliasing", "writes into the gradient of result 0"]),
    ("aliasing, a buffer", ["aliasing", "argument 0", "overwritten"]),
    ("aliasing, input written", ["aliasing", "writes into argument 0"]),
    ("dtype lost, float64", ["dtypes", "float64 is lost", "argument 1"]),
    ("dtype lost, forward", ["dtypes", "float32 is lost", "result 0"]),
    ("second use dropped, a Variable", ["one Variable given as arguments 0 and 1"]),
    ("integer truncation", ["integers"]),
    ("integer truncation, forward", ["integers", "result 0"]),
])
def test_what_is_said_of_a_fault(fault, words):
    with pytest.raises(AssertionError) as caught:
        check_op(FAULTS[fault])
    for word in words:
        assert word in str(caught.value)
