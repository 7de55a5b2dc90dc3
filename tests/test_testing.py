"""The author's test kit: right ops pass, and planted faults are caught and named."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from native import loop
from sites import Site

import dezero
import dezero.functions as F
from dezero import Function, Kernel, Variable, _kernels, plugins
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


class Operator(Product):
    """Claims an operator, and no NumPy function."""

    name = "t_operator"
    operators = ("__rshift__",)


class Nameless(Function):
    """y = 2 x: not to be registered"""

    def forward(self, x):
        return 2 * x

    def backward(self, gy):
        return 2 * gy


RIGHT = [Product, Cube, Centred, Rows, Power, Absolute, Floor, Logarithm, Polar, Concatenate, FirstOnly, Operator, Nameless]


@pytest.mark.parametrize("op", RIGHT, ids=lambda op: op.__name__)
def test_a_right_op_passes(op):
    check_op(op)


@pytest.mark.parametrize("name", sorted(name for name, op in registry.snapshot.names.items() if op.cls is not None))
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
        if isinstance(gy, Variable):
            return gy * b, gy * a
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


# -- what is wrong in one mode, in the second derivative, in loops, or beside the mathematics


def wrong_on_variables(self, gy):
    a, b = self.inputs
    return gy * b, gy * a * (2 if isinstance(gy, Variable) else 1)


def wrong_on_arrays(self, gy):
    a, b = self.inputs
    return gy * b, gy * a * (1 if isinstance(gy, Variable) else 2)


def second_lost(self, gy):
    a, b = self.inputs
    return gy * b.detach(), gy * a


def data_used(self, gy):
    a, b = self.inputs
    return gy * b.data, gy * a


def gy_lost(self, gy):
    a, b = self.inputs
    return (gy if isinstance(gy, np.ndarray) else gy.detach()) * b, gy * a


def array_on_variables(self, gy):
    a, b = self.inputs
    return gy * b, np.ones(gy.shape) if isinstance(gy, Variable) else gy * a


def none_for_a_gradient(self, gy):
    return gy * self.inputs[1], None


def too_few(self, gy):
    return gy * self.inputs[1]


def wrong_shape(self, gy):
    a, b = self.inputs
    return gy * b, np.zeros(7)


class Polar0(Polar):
    name = "t_polar0"

    def backward(self, gr, gq):
        a, b = self.inputs
        r = (a * a + b * b) ** 0.5
        return gr * a / r + gq / b, gr * b / r + gq * a / (b * b)


class PolarSwapped(Polar):
    name = "t_polar_swapped"

    def backward(self, gr, gq):
        return super().backward(gq, gr)


class PolarNeedsBoth(Polar):
    """Right when both results are used."""

    name = "t_polar_both"

    def backward(self, gr, gq):
        if isinstance(gq, np.ndarray) and not gq.any():
            return gr * 0, gr * 0
        return super().backward(gr, gq)


class Elsewhere(Product):
    """A NumPy function that is another one."""

    name = "t_elsewhere"
    numpy = (np.hypot,)


class Unreached(Product):
    name = "t_unreached"
    operators = ("__invert__",)


OTHERS = {
    "wrong on Variables": (rule(Product, "t_variables", wrong_on_variables), "on Variables (create_graph=True)"),
    "wrong on arrays": (rule(Product, "t_arrays", wrong_on_arrays), "gradient on arrays"),
    "second derivative lost": (rule(Product, "t_second", second_lost), "second derivative"),
    "gradient from above lost": (rule(Product, "t_above", gy_lost), "second derivative"),
    "second derivative, vouched for": (rule(Product, "t_vouched", data_used, order=None), "second derivative"),
    "second derivative, refused": (rule(Product, "t_refused", data_used), "declare order = 1"),
    "array on Variables": (rule(Product, "t_array", array_on_variables), "create_graph=True"),
    "no gradient": (rule(Product, "t_none", none_for_a_gradient), "argument 1"),
    "too few gradients": (rule(Product, "t_few", too_few), "backward returned 1 gradients, wanted 2"),
    "wrong shape": (rule(Product, "t_shape", wrong_shape), "wrong shape for input 1: got (7,)"),
    "several outputs": (Polar0, "gradient on arrays: argument 1"),
    "results swapped": (PolarSwapped, "gradient on arrays: argument 0"),
    "results alone": (PolarNeedsBoth, "gradient on arrays of result 0 alone: argument 0"),
    "another NumPy function": (Elsewhere, "numpy.hypot"),
    "operators out of reach": (Unreached, "no sample can be given to the operator __invert__"),
}


@pytest.mark.parametrize("op, words", OTHERS.values(), ids=OTHERS)
def test_other_faults_are_caught(op, words):
    with pytest.raises(AssertionError) as caught:
        check_op(op)
    assert words in str(caught.value) and op.__name__ in str(caught.value)


def kernel_op(name, forward, backward, reads=None, accumulate=None):
    return rule(Product, name, kernel=Kernel(forward, backward, reads, accumulate))


def loops(forward=lambda a, b: a * b, slope=lambda gy, a, b, y: gy * b, other=lambda gy, a, b, y: gy * a, skip=0):
    return kernel_op("t_kernel", [loop(forward, c, skip) for c in "df"],
                     ([loop(slope, c) for c in "df"], [loop(other, c, skip) for c in "df"]))


def accumulating(add=lambda gy, a, b, y, s: s + gy * b, subtract=lambda gy, a, b, y, s: s - gy * b):
    """Loops of which the first gradient has a pair that adds it to another and subtracts it."""
    def both(formula):
        return [loop(formula, c) for c in "df"]
    return kernel_op("t_kernel", np.multiply, (both(lambda gy, a, b, y: gy * b), both(lambda gy, a, b, y: gy * a)), None,
                     ((both(add), both(subtract)), None))


@compiled
@pytest.mark.parametrize("op", [loops(), accumulating()], ids=["plain", "accumulating"])
def test_a_right_kernel_passes(op):
    check_op(op)


KERNELS = {
    "forward": loops(lambda a, b: a * b * (1 + 1e-5)),
    "gradient": loops(slope=lambda gy, a, b, y: gy * b * (1 + 1e-5)),
    "other gradient": loops(other=lambda gy, a, b, y: gy * b),
    "last element": loops(skip=1),
    "added to another gradient": accumulating(add=lambda gy, a, b, y, s: s + gy * b * (1 + 1e-5)),
    "added to another gradient, which is lost": accumulating(add=lambda gy, a, b, y, s: gy * b),
    "subtracted from another gradient": accumulating(subtract=lambda gy, a, b, y, s: s + gy * b),
    "reads": kernel_op("t_kernel", _kernels.mul.forward if _kernels.mul else np.multiply,
                       (loop(lambda gy, a, b, y: gy * b), loop(lambda gy, a, b, y: gy * a)), ((0,), (0,))),
    "no gradient": kernel_op("t_kernel", np.multiply, (loop(lambda gy, a, b, y: gy * b), None)),
    "float32": kernel_op("t_kernel", np.multiply, ([loop(lambda gy, a, b, y: gy * b), loop(lambda gy, a, b, y: gy * b * 1.00001, "f")],
                                                   [loop(lambda gy, a, b, y: gy * a, c) for c in "df"])),
}


@compiled
@pytest.mark.parametrize("op", KERNELS.values(), ids=KERNELS)
def test_a_fault_in_a_kernel_is_caught(op):
    with pytest.raises(AssertionError):
        check_op(op)
    with pytest.raises(AssertionError, match="kernel, float.*: (argument|result) .*reference .*, kernel "):
        with plugins.isolated():
            plugins.register(op)
            checks_of(op)["kernel"]()


def test_a_kernel_of_another_number_of_operands():
    with pytest.raises(AssertionError, match="cannot be registered: .*its kernel takes 1 operand, forward takes 2"):
        checks_of(kernel_op("t_kernel", np.sin, "+"))["kernel"]()


def test_a_kernel_beside_an_apply_of_its_own():
    op = rule(Concatenate, "t_kernel", kernel=Kernel(np.sin, "+"))
    with pytest.raises(AssertionError, match="the loops never run"):
        checks_of(op)["kernel"]()


# -- orders


def test_a_rule_that_is_of_first_order_has_to_say_so():
    op = rule(FirstOnly, "t_undeclared", order="checked")
    with pytest.raises(AssertionError, match="declare order = 1"):
        check_op(op)


@compiled
@pytest.mark.parametrize("forward, slope, skipped, words", [
    (10 ** 9, 0, "t_silent", "kernel, float64: forward writes nothing: the result holds what was in the memory before"),
    (0, 10 ** 9, "t_silent", "kernel, float64: backward of operand 0 writes nothing"),
    (3, 0, "t_silent", "kernel, float64: forward writes 2497 of 2500 elements"),
])
def test_a_kernel_that_does_not_write_its_result(forward, slope, skipped, words):
    op = kernel_op(skipped, [loop(lambda a, b: a * b, c, forward) for c in "df"],
                   ([loop(lambda gy, a, b, y: gy * b, c, slope) for c in "df"], [loop(lambda gy, a, b, y: gy * a, c) for c in "df"]))
    for _ in range(2):
        with pytest.raises(AssertionError) as caught:
            check_op(op)
        assert words in str(caught.value) and "stale" not in str(caught.value)


# -- samples


class Scaled(Product):
    """y = a b c"""

    name = "t_scaled"

    def __init__(self, c=1.0, *, shift=0):
        self.c, self.shift = c, shift

    def forward(self, a, b):
        return a * b * self.c + self.shift

    def backward(self, gy):
        a, b = self.inputs
        return gy * b * self.c, gy * a * self.c


@pytest.mark.parametrize("hook, words", [
    (None, "no sample gives 'c' a value other than its default 1.0"),
    (lambda sample: sample(sample.array(3), sample.array(3), c=1.0), "no sample gives 'c' a value"),
    (lambda sample: sample(sample.array(3), sample.array(3), 2.0), "no sample gives 'shift' a value other than its default 0"),
])
def test_a_parameter_that_no_sample_exercises_is_named(hook, words):
    with pytest.raises(AssertionError, match=r"Scaled \(op 't_scaled'.*parameters: " + words):
        check_op(Scaled, hook)


def test_parameters_that_samples_exercise():
    def samples(sample):
        sample(sample.array(3), sample.array(3), 2.0)
        sample(sample.array(3), sample.array(3), shift=3)
    check_op(Scaled, samples)


def test_a_parameter_of_an_apply_of_its_own():
    def apply(cls, xs, scale=1.0):
        return cls()(*xs) * scale
    op = type("OwnApply", (Product,), {"name": "t_own_apply", "apply": classmethod(apply),
                                       "samples": staticmethod(lambda sample: sample([sample.array(3), sample.array(3)]))})
    with pytest.raises(AssertionError, match="no sample gives 'scale' a value other than its default 1.0"):
        check_op(op)


def test_an_op_that_nobody_knows_how_to_call():
    class Odd(Function):
        name = "t_odd"

        def __init__(self, shape):
            self.shape = shape

        def forward(self, x):
            return x.reshape(self.shape)

        def backward(self, gy):
            return gy.reshape(self.inputs[0].shape)

    with pytest.raises(AssertionError, match=r"(?s)Odd \(op 't_odd'.*not known how to call it.*missing 1 required.*samples\(sample\)"):
        check_op(Odd)


def test_samples_as_an_argument():
    op = rule(Power, "t_given", samples=None)
    check_op(op, samples=lambda sample: sample(sample.array(3), 2))
    check_op(op, lambda sample: [sample(sample.array(2), n) for n in (1, 2, 3)])


@pytest.mark.parametrize("hook, words", [
    (lambda sample: None, "never calls sample"),
    (lambda sample: sample(3.0, 2), "has no floating array"),
    (lambda sample: sample(np.array([1, 2]), 2), "has no floating array"),
    (lambda sample: sample(sample.array(3, low=-1, high=-0.5), 0.5), "is not finite"),
])
def test_samples_that_will_not_do(hook, words):
    with pytest.raises(AssertionError, match=words):
        check_op(Power, hook)


def test_a_sample_says_how_the_op_was_called():
    with pytest.raises(AssertionError) as caught:
        check_op(rule(Power, "t_said", sign_of_power), lambda sample: sample(sample.array(2, 3), n=3))
    assert "(in t_said(float64[2, 3], n=3))" in str(caught.value)


def sign_of_power(self, gy):
    return -self.n * gy * self.inputs[0] ** (self.n - 1)


def test_samples_are_the_same_each_time():
    seen = []
    for _ in range(2):
        check_op(Power, lambda sample: (seen.append(sample.array(3)), sample(seen[-1], 2)))
    np.testing.assert_array_equal(seen[0], seen[1])


def test_a_kink_is_no_fault_and_a_wrong_slope_beside_it_is():
    check_op(Absolute)
    with pytest.raises(AssertionError, match="gradient at 0"):
        check_op(rule(Absolute, "t_two", lambda self, gy: gy * (np.sign(self.inputs[0]) + 2 * (self.inputs[0] == 0).astype(gy.dtype))))


# -- what may be checked


def test_what_check_op_takes():
    check_op("neg")
    check_op(registry.snapshot.names["neg"])
    check_op(dezero.Neg)
    with pytest.raises(ValueError, match="no op 'nope' is registered"):
        check_op("nope")
    for wrong in (3, Function, dict, dezero.Neg()):
        with pytest.raises(TypeError, match="check_op takes what rule made"):
            check_op(wrong)


def test_a_name_that_is_taken():
    with pytest.raises(AssertionError, match="cannot be registered.*'add'.*taken"):
        check_op(rule(Product, "add"))


def test_nothing_stays_registered():
    before = registry.snapshot
    check_op(Product)
    assert registry.snapshot.names == before.names and "t_product" not in F.__dir__()


def test_the_checks_one_by_one():
    checks = checks_of(Product)
    assert list(checks) == list(CHECKS)
    for check in checks.values():
        assert check() is None


def test_the_ops_of_a_package():
    assert [op.name for op in ops_of("DeZero")] == [op.name for op in registry.snapshot.names.values() if op.dist == "dezero" and op.cls is not None]
    with pytest.raises(ValueError, match="no op comes from a distribution 'dezerro'.*did you mean 'dezero'"):
        ops_of("dezerro")


EXPLIKE = '''
import numpy as np
from dezero import Function, hookimpl


class Explike(Function):
    """y = exp x;   ∂y/∂x = exp x"""
    name = "explike"
    numpy = (np.exp,)

    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        return gy * np.exp(self.inputs[0])


@hookimpl
def dezero_register_ops(register):
    register(Explike)
'''


@pytest.mark.parametrize("before", [
    "", "dezero.plugins.load()", "importlib.reload(explike)", "dezero.plugins.load(); importlib.reload(explike)"])
def test_an_op_whose_rule_has_its_own_package_loaded(tmp_path, before):
    site = Site(tmp_path / "site").add("explike", {"e": "explike"}, {"explike.py": EXPLIKE})
    done = site.run(f"""
        import importlib
        import dezero, explike
        from dezero.testing import check_op, ops_of
        {before}
        check_op(explike.Explike)
        print([op.name for op in ops_of("explike")])
        check_op("explike")
        """, "-W", "error")
    assert (done.stdout, done.stderr) == ("['explike']\n", "")


def test_an_op_of_which_another_package_has_a_part(tmp_path):
    site = Site(tmp_path / "site").add("explike", {"e": "explike"}, {"explike.py": EXPLIKE})
    site.add("a-first", {"e": "a_first"}, {"a_first.py": EXPLIKE.replace("np.exp,", "").replace("np.exp(self", "np.exp(1.0 * self")})
    done = site.dezero("check", "explike")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 of 2 ops passed"), done.stdout + done.stderr
    assert done.stderr.count("warning: ") == 1 and "the name 'explike', which is taken by" in done.stderr


# -- check_grads


def test_check_grads():
    x = np.array([[0.5, 1.5], [2.0, 3.0]])
    check_grads(lambda x: x * x * x, (x,), order=3)
    check_grads(lambda x, y: x ** y / (1 + x), (x, x / 2), order=2)
    check_grads(lambda x: (x * 2, x.sum()), (x,))
    check_grads(lambda x, n: x[n], (x, np.array([1, 1])))
    check_grads(lambda x: x * x, (3.0,))
    check_grads(lambda x: x * x, (Variable(x),))
    check_grads(lambda x: x * x / 3, (x.astype("f4"),), order=2)
    check_grads(lambda x: x, (x,), order=1)
    check_grads(lambda x: 3.0 * x, (x,), order=3)


def test_check_grads_steps_aside_from_a_kink():
    check_grads(F_absolute, (np.array([0.0, 1.0, -1.0]),), order=1)
    check_grads(lambda x: Absolute()(x - 1) * x, (np.ones(3),), order=2)


def F_absolute(x):
    return Absolute()(x)


@pytest.mark.parametrize("op, order, words", [
    (rule(Product, "", sign), 1, "order 1: argument 1, index ("),
    (rule(Product, "", factor), 1, "order 1: argument 1, index ("),
    (rule(Product, "", swapped), 1, "order 1: argument "),
    (rule(Product, "", second_lost), 2, "order 2: argument "),
    (rule(Product, "", wrong_on_variables), 2, "order 1: argument 1, index (0, 0): the rule gives"),
    (rule(Product, "", none_for_a_gradient), 1, "order 1: argument 1, index ("),
])
def test_check_grads_catches(op, order, words):
    def product(a, b):
        return op()(a, b)

    with pytest.raises(AssertionError) as caught:
        check_grads(product, (np.array([[0.5, 1.5, 2.5]]), np.array([[1.0, -2.0, 0.3]])), order=order)
    text = str(caught.value)
    assert text.startswith("product: ") and words in text
    assert "analytic " in text and "numeric " in text or "on Variables" in text


def test_check_grads_names_the_worst_element():
    class Hole(Function):
        def forward(self, x):
            return 2 * x

        def backward(self, gy):
            scale = np.full(gy.shape, 2.0)
            scale[3] = 0
            return gy * scale

    with pytest.raises(AssertionError, match=r"argument 0, index \(3,\): analytic -?0, numeric -?\d"):
        check_grads(lambda x: Hole()(x), (np.arange(1.0, 9),), order=1)


@pytest.mark.parametrize("args, kwargs, error, words", [
    ((np.array([1, 2]),), {}, ValueError, "no argument of .* is floating"),
    (np.ones(2), {}, TypeError, "args is a tuple"),
    ((np.ones(2),), {"order": 0}, ValueError, "order is 1 or more"),
    ((np.ones(2),), {"order": 1.5}, ValueError, "order is 1 or more"),
])
def test_what_check_grads_refuses(args, kwargs, error, words):
    with pytest.raises(error, match=words):
        check_grads(lambda x: x * x, args, **kwargs)


def test_check_grads_where_nothing_is_smooth():
    class Noise(Function):
        def forward(self, x):
            return np.sin(1e9 * x)

        def backward(self, gy):
            return gy

    with pytest.raises(ValueError, match="is not smooth"):
        check_grads(lambda x: Noise()(x), (np.ones(3),), order=1)


# -- the pytest plugin


PLUGIN_TEST = """
import pytest

@pytest.mark.dezero_ops("dezero")
def test_contract(dezero_check):
    dezero_check()

def test_isolated(dezero_isolated):
    import dezero
    class Twice(dezero.Function):
        name = "twice_for_a_test"
        def forward(self, x):
            return 2 * x
    dezero_isolated.register(Twice)
    assert dezero.functions.twice_for_a_test(2.0).data == 4

def test_gone():
    import dezero
    assert not hasattr(dezero.functions, "twice_for_a_test")
"""


def pytest_in(folder, source, *arguments):
    (folder / "test_package.py").write_text(textwrap.dedent(source))
    loaded = () if "dezero_pytest" in installed_plugins() else ("-p", "dezero_pytest")
    return subprocess.run([sys.executable, "-m", "pytest", "--rootdir", str(folder), "--import-mode=importlib", "-W", "error",
                           "-p", "no:cacheprovider", *loaded, *arguments, str(folder)], cwd=folder, capture_output=True, text=True)


def installed_plugins():
    from importlib.metadata import entry_points
    return {entry.value for entry in entry_points(group="pytest11")}


def test_the_pytest_plugin(tmp_path):
    done = pytest_in(tmp_path, PLUGIN_TEST, "-v", "-k", "neg or isolated or gone")
    assert done.returncode == 0, done.stdout
    for name in CHECKS:
        assert f"test_contract[neg-{name}] PASSED" in done.stdout
    assert "test_isolated PASSED" in done.stdout and "test_gone PASSED" in done.stdout
    assert "dezero_ops(*packages)" in pytest_in(tmp_path, PLUGIN_TEST, "--markers").stdout


@pytest.mark.parametrize("source, words", [
    ("def test_contract(dezero_check): dezero_check()", "does not say of which package"),
    ("import pytest\n@pytest.mark.dezero_ops('nope')\ndef test_contract(dezero_check): dezero_check()",
     "no op comes from a distribution 'nope'"),
])
def test_the_pytest_plugin_where_it_is_used_wrongly(tmp_path, source, words):
    done = pytest_in(tmp_path, source)
    assert done.returncode != 0 and words in done.stdout and "INTERNALERROR" not in done.stdout + done.stderr


def test_the_pytest_plugin_costs_other_projects_nothing(tmp_path):
    code = "import dezero_pytest, sys; print(sorted({'numpy', 'dezero'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
    source = "import sys\ndef test_other():\n    assert not {'numpy', 'dezero'} & set(sys.modules)\n"
    done = pytest_in(tmp_path, source)
    assert done.returncode == 0, done.stdout
