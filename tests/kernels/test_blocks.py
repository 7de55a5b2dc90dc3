"""Runs of backward over large values: every mixture of shapes, layouts and signs against the rules on Variables."""

import _thread
import itertools
import signal
import threading
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import sum_to

from dezero import Function, Variable, _kernels, square, using_config

# Sizes on both sides of the page from which on gradients wait for a run, rows short and long, and what broadcasts to them.
SPACES = [(1000,), (40, 30), (3, 700), (700, 3), (1, 600), (5, 7, 40), (2, 1, 513), (12, 23, 10), (3, 4, 50, 6)]
FORMS = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (b * b + 1.0), lambda a, b: -a,
         lambda a, b: a.square(), lambda a, b: a ** 2 - b, lambda a, b: 3.0 - a ** 3, lambda a, b: 2.0 * a, lambda a, b: -(a - b) * a,
         lambda a, b: (1.5 - 1.0 / (a * a + 1.0)) ** (b / (b * b + 1.0)), lambda a, b: a + b.sum(), lambda a, b: a[..., ::-1] * b]


def parts(shape):
    """Shapes that broadcast to `shape`."""
    return st.tuples(*[st.sampled_from([n, 1]) for n in shape]).flatmap(
        lambda s: st.sampled_from([s[i:] for i in range(len(s) + 1) if all(n == 1 for n in s[:i]) or i == 0]))


def laid_out(rng, shape, dtype, how):
    """An array of this shape in C order, in Fortran order, or with a step."""
    a = rng.uniform(-1.5, 1.5, shape).astype(dtype)
    if how == "strided" and shape:
        return np.repeat(a, 2, axis=-1)[..., ::2]
    return np.asfortranarray(a) if how == "fortran" else a


@st.composite
def programs(draw):
    space = draw(st.sampled_from(SPACES))
    shapes = [space, *draw(st.lists(parts(space), min_size=1, max_size=3))]
    layouts = [draw(st.sampled_from(["C", "C", "fortran", "strided"])) for _ in shapes]
    steps = draw(st.lists(st.tuples(st.integers(0, len(FORMS) - 1), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=10))
    return shapes, layouts, steps, draw(st.sampled_from(["f8", "f4"])), draw(st.integers(0, 3))


def run(steps, xs):
    values = list(xs)
    for form, i, j in steps:
        values.append(FORMS[form](values[-1 - i % len(values)], values[-1 - j % len(values)]))
    return sum(values[len(xs):], 0.0 * xs[0])


@given(programs())
@settings(max_examples=120, deadline=None)
def test_runs_give_what_rules_give(program):
    shapes, layouts, steps, dtype, seed = program
    rng = np.random.default_rng(seed)
    arrays = [laid_out(rng, shape, dtype, how) for shape, how in zip(shapes, layouts)]
    with np.errstate(all="ignore"):
        gradient = rng.uniform(-1, 1, run(steps, [Variable(a) for a in arrays]).shape).astype(dtype)

    def gradients(**how):
        xs = [Variable(a) for a in arrays]
        with np.errstate(all="ignore"):
            run(steps, xs).backward(gradient=gradient, **how)
        return xs

    loops, rules = gradients(), gradients(create_graph=True)
    for x, y in zip(loops, rules):
        if x.grad is None:
            assert y.grad is None
            continue
        assert x.grad.shape == x.shape and x.grad.dtype == x.dtype and x.grad.flags.owndata
        want = y.grad.data.astype("f8")
        if np.isfinite(want).all():
            scale = np.abs(want).max(initial=1.0)
            np.testing.assert_allclose(x.grad, want, rtol=1e-9 if dtype == "f8" else 2e-2, atol=scale * (1e-11 if dtype == "f8" else 5e-4))


@pytest.mark.parametrize("n", [1000, 100_000])
def test_two_shapes_that_feed_each_other(n):
    """A sum over a broadcast operand may have to be added to an array by a run of the operand's own shape."""
    x, y = Variable(np.linspace(0.5, 1.5, n).reshape(n, 1)), Variable(np.linspace(-1, 1, 3))
    z = 14.0 * x - x * x + x * y * (3.0 * x + y) - (x + y) ** 2
    z.backward()
    a, b = x.data, y.data
    np.testing.assert_allclose(x.grad, ((14 - 2 * a) * 1.0 + b * (6 * a + b) - 2 * (a + b)).sum(axis=1, keepdims=True), rtol=1e-10)
    np.testing.assert_allclose(y.grad, (a * (3 * a + 2 * b) - 2 * (a + b)).sum(axis=0), rtol=1e-10)


def test_one_register_under_several_names():
    data = np.arange(2000.0)
    x, y, w = Variable(data), Variable(data), Variable(data)
    ((x + y) - (w - y)).backward()
    assert (x.grad == 1).all() and (y.grad == 2).all() and (w.grad == -1).all()
    x.grad[0] = 5
    assert y.grad[0] == 2 and w.grad[0] == -1


def test_a_gradient_given_and_passed_on_is_not_shared():
    x, given_ = Variable(np.zeros(3000)), np.ones(3000)
    (x + 0.0).backward(gradient=given_)
    assert not np.shares_memory(x.grad, given_)


def test_more_steps_than_a_program_holds():
    x = Variable(np.full(1500, 1.001))
    y = x
    for _ in range(2500):
        y = y * 1.0 * x / x
    y.backward()
    np.testing.assert_allclose(x.grad, 1.0, rtol=1e-9)


@pytest.fixture
def ctrl_c():
    """A process in the background ignores the signal, unless it is told not to."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(_kernels.IN_USE != "compiled", reason="nothing runs in one piece here")
def test_an_interrupted_run_leaves_no_gradient(ctrl_c):
    x = Variable(np.ones(3_000_000))
    y = x
    for _ in range(60):
        y = y * x
    timer = threading.Timer(0.01, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(200):
            x.cleargrad()
            y.backward()
    timer.join()
    x.cleargrad()
    y.backward()
    np.testing.assert_allclose(x.grad, 61.0)


@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 7, 16, 17, 64, 128, 129, 257, 513])
def test_sums_over_rows_short_and_long(columns, dtype):
    rng = np.random.default_rng(columns)
    for rows in (1, 7, 300, 1001):
        shape = rows, columns
        for narrow in (shape, (columns,), (1, columns), (rows, 1), (1, 1), ()):
            a, b, c = (rng.integers(-4, 5, s).astype(dtype) for s in (shape, narrow, shape))      # of integers every sum is exact
            x, y = Variable(a), Variable(b)
            ((x * y + x * c) * c - y).backward()
            each = (a * c).astype("d") - 1
            over = tuple(i for i, n in enumerate((1, 1, *narrow)[-2:]) if n == 1 and shape[i] != 1)
            np.testing.assert_array_equal(y.grad, each.sum(over).reshape(narrow).astype(dtype))
            np.testing.assert_array_equal(x.grad, (b + c) * c)


@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize("space", [(40, 23, 10), (3, 40, 5, 9), (700, 2, 3), (9, 600, 2)], ids=str)
def test_short_rows_broadcast_and_summed_along_each_axis(space, dtype):
    rng = np.random.default_rng(0)
    wide = rng.integers(-4, 5, space).astype(dtype)             # of integers every sum is exact
    for ones in itertools.product([False, True], repeat=len(space)):
        shape = tuple(1 if one else n for one, n in zip(ones, space))
        a = rng.integers(-4, 5, shape).astype(dtype)
        for narrow in (a, np.asfortranarray(a), a[..., ::-1]):
            x, y = Variable(wide), Variable(narrow)
            z = x - y
            np.testing.assert_array_equal(z.data, wide - narrow)
            (z * x).backward()
            np.testing.assert_array_equal(x.grad, 2 * wide - narrow)
            over = tuple(i for i, one in enumerate(ones) if one)
            np.testing.assert_array_equal(y.grad, -wide.astype("d").sum(over, keepdims=True).astype(dtype))


@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize("columns", [5, 16, 17, 31, 32, 33, 100, 1000, 1024, 1025, 3001])
def test_one_gradient_summed_by_rows_and_by_columns(columns, dtype):
    rng = np.random.default_rng(columns)
    for rows in (3, 40, 257):
        g = rng.integers(-9, 10, (rows, columns)).astype(dtype)
        down, right, both, point = xs = [Variable(np.ones(s, dtype)) for s in ((rows, 1), (1, columns), (rows, columns), (1, 1))]
        (down + right - both - point).backward(gradient=g)
        for x, wanted in zip(xs, (g.sum(1, keepdims=True), g.sum(0, keepdims=True), -g, -g.sum(keepdims=True))):
            np.testing.assert_array_equal(x.grad, wanted)


@pytest.mark.parametrize("dtype", "df")
def test_sums_of_float32_are_made_in_double(dtype):
    """Numbers whose float32 sum would lose the small ones."""
    big = np.tile(np.array([2.0 ** 25, 1, -2.0 ** 25, 1], dtype), (4, 300))
    x, y = Variable(np.zeros((4, 1), dtype)), Variable(np.zeros((1, 1200), dtype))
    (x + y).backward(gradient=big)
    np.testing.assert_array_equal(x.grad, np.full((4, 1), 600))
    np.testing.assert_array_equal(y.grad, big[:1] * 4)


@pytest.mark.parametrize("shape, to", [((1_000_000,), ()), ((3, 300_001), (3, 1)), ((2, 3, 70_001), (1, 3, 1)), ((250_000, 4), ()), ((250_000, 4), (1, 1))], ids=str)
def test_sums_of_many_blocks_lose_nothing(shape, to):
    """A tenth, so often that every addition rounds the same way: one after the other they are 1e-12 off."""
    x, column = Variable(np.ones(to)), Variable(np.ones((*shape[:-1], 1)))
    y = x * np.full(shape, 0.1) * column
    y.backward()
    np.testing.assert_allclose(x.grad, np.full(to, float(Fraction(0.1) * (y.size // x.size))), rtol=1e-15)


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan])
def test_sums_of_many_blocks_with_what_is_not_finite(odd):
    w = np.full(100_000, 1e300)
    w[70_000:70_002] = odd
    x = Variable(np.array(1.0))
    (x * w).backward()
    np.testing.assert_equal(float(x.grad), odd)


@pytest.mark.parametrize("n", [511, 512, 5000])
def test_flags_of_a_run_that_sums(n):
    x, o = Variable(np.zeros(n)), Variable(np.array(0.0))
    with np.errstate(divide="ignore"):
        y = 1.0 / x + o
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        y.backward()
    y = x + o
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="overflow"):
        y.backward(gradient=np.full(n, 1e308))
    assert x.grad is None and o.grad is None


NARROW = {"row": lambda n: (4,), "row of 2-d": lambda n: (1, 4), "column": lambda n: (n, 1), "one": lambda n: (1,), "0-d": lambda n: ()}


@pytest.mark.parametrize("narrow", NARROW.values(), ids=NARROW)
@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize("n", [2, 127, 129, 20_000])
def test_flags_of_what_is_summed_come_once(n, dtype, narrow):
    """NumPy clears flags before it sums or casts: those of the loops before it were lost."""
    x, huge = Variable(np.ones(narrow(n), dtype)), np.finfo(dtype).max
    z = np.zeros((n, 4), dtype)
    for y, g in [(x * (z + huge), 2.0), (x * (z + np.inf), 0.0), (-(z + x), huge), (z - x, huge), (x / 1e-4 + z, huge / 4)]:
        with pytest.warns(RuntimeWarning, match=r"(overflow|invalid value) encountered in backward") as told:
            y.backward(gradient=np.full((n, 4), g, dtype))
        assert len(told) == 1
        x.cleargrad()


class Inner(Function):
    """y = x;   ∂y/∂x = 1, found by a pass of its own"""

    def forward(self, x):
        return x.copy()

    def backward(self, gy):
        with using_config("enable_backprop", True):
            (Variable(np.ones(3)) * 2.0).backward()
        return gy


@pytest.mark.parametrize("n", [3, 5000])
def test_flags_outlive_a_pass_within_a_rule(n):
    x = Variable(np.ones(n))
    y = Inner()(x * 1.0) * np.full(n, 1e308)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="overflow encountered in backward"):
        y.backward(gradient=np.full(n, 10.0))
    with np.errstate(all="raise"):          # and are not told again
        (x * 2.0).backward()


ROOTS = [lambda x, y: x * y, lambda x, y: x * x, lambda x, y: -(x * y), lambda x, y: y - x * (x + y), lambda x, y: (x + 1.0) * (y - 2.0),
         lambda x, y: x * y + x * y, lambda x, y: 3.0 * x, lambda x, y: x / y, lambda x, y: (x * y) / (y * y), lambda x, y: x + y,
         lambda x, y: x * y[:1], lambda x, y: (x + y) * (x[:1] * y[:1])]


@pytest.mark.parametrize("dtype", "df")
@pytest.mark.parametrize("root", ROOTS, ids=range(len(ROOTS)))
def test_a_product_that_backward_begins_with(root, dtype):
    """Where gy is ones an operand may be the gradient: it is a copy all the same, to the bit what ones give."""
    rng = np.random.default_rng(5)
    for shape in ((3000,), (50, 60), (200_000,)):
        a, b = (rng.uniform(1, 2, shape).astype(dtype) for _ in range(2))
        x, y, p, q = (Variable(v) for v in (a.copy(), b.copy(), a, b))
        z, w = root(x, y), root(p, q)
        z.backward()
        w.backward(gradient=np.ones(w.shape, dtype))
        for left, right in ((x, p), (y, q)):
            if right.grad is None:
                assert left.grad is None
                continue
            np.testing.assert_array_equal(left.grad, right.grad)
            assert not any(np.shares_memory(left.grad, v) for v in (x.data, y.data, z.data))
        assert x.grad is not y.grad
        x.grad[...] = 7
        np.testing.assert_array_equal(x.data, a)
        np.testing.assert_array_equal(y.data, b)


class TestBlocks:
    """Large arrays may go through the cache block by block: every boundary, values that differ, operands that broadcast."""

    @staticmethod
    def f(x, y, s):
        a = (x + y * s + 1.0) ** 2 * (19.0 - 14.0 * x + 3.0 * x**2 - x * y)
        b = square(2.0 * x - 3.0 * y) / (4.0 + x * x) if isinstance(x, Variable) else (2.0 * x - 3.0 * y) ** 2 / (4.0 + x * x)
        return a * (30.0 + b) - (-(a - s) / 7.0)

    def check(self, shapes, dtype):
        rng = np.random.default_rng(0)
        data = [np.asarray(rng.uniform(-1, 1, shape).astype(dtype)) for shape in shapes]
        vs = [Variable(a) for a in data]
        z = self.f(*vs)
        wide = [a.astype("f8") for a in data]
        rtol = 1e-12 if dtype == "f8" else 2e-4
        want = self.f(*wide)
        np.testing.assert_allclose(z.data, want, rtol=rtol, atol=100 * rtol)
        gradient = rng.normal(size=want.shape).astype(dtype)
        z.backward(gradient=gradient)
        for i, v in enumerate(vs):
            moved = [a + 1e-30j if i == j else a for j, a in enumerate(wide)]
            full = self.f(*moved).imag / 1e-30 * gradient
            scale = sum_to(np.abs(full), v.shape).max(initial=1)
            np.testing.assert_allclose(v.grad, sum_to(full, v.shape), rtol=100 * rtol, atol=rtol * scale)
            assert v.grad.dtype == v.dtype

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_every_boundary(self, dtype):
        for k in range(4, 15):
            for n in (2**k - 1, 2**k, 2**k + 1):
                self.check([(n,), (n,), ()], dtype)

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    @pytest.mark.parametrize("shapes", [
        [(100_003,), (100_003,), (100_003,)], [(100_003,), (1,), ()], [(), (100_003,), (1,)], [(300, 700), (700,), (300, 1)],
        [(300, 1), (1, 700), ()], [(64, 33, 65), (33, 1), (65,)], [(700, 300), (300,), (700, 300)], [(2, 50_001), (50_001,), (2, 1)],
    ])
    def test_operands_that_broadcast(self, shapes, dtype):
        self.check(shapes, dtype)

    @pytest.mark.parametrize("keep", [False, True])
    def test_handles_held_and_dropped_give_the_same_bits(self, keep):
        rng = np.random.default_rng(0)
        data = rng.uniform(0.5, 1.5, (2, 50_003))

        def bits(hold):
            x, y = Variable(data[0]), Variable(data[1])
            held, a = [], x
            for k in range(12):
                a = (a * y + x / 2.0 - square(a) * 0.25 - y) * 0.5
                held += [a, a.data] if hold else []
            with using_config("keep_data", keep):
                a = a * y - x
            a.backward(retain_grad=hold)
            return x.grad.tobytes() + y.grad.tobytes()

        assert bits(False) == bits(True)
