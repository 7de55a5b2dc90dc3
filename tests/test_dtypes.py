"""dtypes as NumPy 2 has them forward; backward each gradient in the dtype of its variable, float64 for whole numbers."""

import numpy as np
import pytest
from strategies import BINARY, COMPLEX, FLOATS, INTEGERS, SEVEN, assert_gradient, assert_same, coarsest, grads

import dezero
from dezero import Function, Variable, square
from dezero.errors import DezeroError, DTypeError

SCALARS = [2, 2.0, True, np.int8(2), np.int64(2), np.float16(2), np.float32(2), np.float64(2), np.longdouble(2), np.bool_(True)]


def numpys(f, *args):
    """NumPy's result, or the type of its complaint."""
    try:
        return np.asarray(f(*args))
    except Exception as e:
        return type(e)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("op", BINARY, ids=repr)
@pytest.mark.parametrize("shape", [(), (2,)])
def test_every_pair_of_dtypes(op, shape):
    for one in FLOATS + INTEGERS + COMPLEX:
        for two in FLOATS + INTEGERS + COMPLEX:
            a, b = np.full(shape, 3).astype(one), np.full(shape, 2).astype(two)
            want = numpys(op.ufunc, a, b)
            for args in [(Variable(a), Variable(b)), (Variable(a), b), (a, Variable(b))]:
                if isinstance(want, type):
                    with pytest.raises(want):
                        op(*args)
                    continue
                y = op(*args)
                assert (type(y.data), y.dtype, y.shape) == (np.ndarray, want.dtype, shape), (one, two)
                np.testing.assert_allclose(y.data, want, rtol=1e-2 if want.dtype == "f2" else 1e-6)


@pytest.mark.parametrize("op", BINARY, ids=repr)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("other", FLOATS + INTEGERS)
def test_gradients_of_every_pair(op, dtype, other):
    if op.name == "sub" and other == "?" and dtype == "?":
        return
    a, b = np.array([3.0, 2.0]).astype(dtype), np.array([1.0, 1.0]).astype(other)
    for first in (True, False):
        xs = [Variable(a), Variable(b)] if first else [Variable(b), Variable(a)]
        if op.name == "pow" and not first:
            xs[0].data = xs[0].data + xs[0].dtype.type(1)
        y = op(*xs)
        y.backward()
        wide = [x.data.astype("f8") for x in xs]
        eps = coarsest(dtype, other, y.dtype)
        for x, partial in zip(xs, op.partials(*wide)):
            assert_gradient(x.grad, partial, x.data, rtol=32 * max(eps, 1e-16))


@pytest.mark.parametrize("op", BINARY, ids=repr)
@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: f"{type(s).__name__}")
@pytest.mark.parametrize("dtype", FLOATS + ["i4", "u1", "?"])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_N24_scalars_promote_as_numpy_says(op, scalar, dtype, shape):
    a = np.ones(shape, dtype)
    x = Variable(a)
    for args, plain in [((x, scalar), (a, scalar)), ((scalar, x), (scalar, a))]:
        if op.name == "pow" and dtype == "?" and plain[1] is scalar:
            continue  # NumPy's own operator and function differ for a squared boolean
        want = numpys(op.symbol, *plain)
        if isinstance(want, type):
            with pytest.raises(want):
                op(*args)
            continue
        y = op(*args)
        assert (y.dtype, y.shape) == (want.dtype, shape)
        np.testing.assert_allclose(y.data, want, rtol=1e-6)
        x.cleargrad()
        y.backward()
        assert x.grad.dtype == (a.dtype if a.dtype.kind == "f" else np.dtype("f8")) and x.grad.shape == shape


def test_a_python_number_never_widens():
    for dtype in ("f2", "f4", "f8", "g"):
        x = Variable(np.ones(2, dtype))
        for y in (x + 2.0, 2 * x, x / 3, 3.0 / x, x**2, x**0.5, 2.0**x, x - True, -x, square(x)):
            assert y.dtype == np.dtype(dtype)
            y.backward()
        assert x.grad.dtype == np.dtype(dtype)


def test_a_float64_scalar_widens_and_the_gradient_comes_back():
    x = Variable(np.ones(2, "f4"))
    y = x * np.float64(2)
    assert y.dtype == np.float64
    y.backward()
    assert_same(x.grad, np.array([2, 2], "f4"))


@pytest.mark.parametrize("op", SEVEN, ids=repr)
@pytest.mark.parametrize("dtype", FLOATS)
def test_0d_results_are_arrays(op, dtype):
    xs = [Variable(np.array(1.5, dtype)) for _ in range(op.count)]
    y = op(*xs)
    assert (type(y.data), y.shape, y.dtype) == (np.ndarray, (), np.dtype(dtype))
    y.backward()
    for x in xs:
        assert (type(x.grad), x.grad.shape, x.grad.dtype) == (np.ndarray, (), np.dtype(dtype))


# ---------------------------------------------------------------- whole numbers and booleans

@pytest.mark.parametrize("dtype", INTEGERS)
def test_N16_their_gradient_is_float64(dtype):
    for f, slope in [(lambda x: x / 2, 0.5), (lambda x: x * 0.5, 0.5), (lambda x: x + 0.5, 1.0), (lambda x: 2.0 * x, 2.0)]:
        for data in (np.array([1, 1]).astype(dtype), np.array(1).astype(dtype)):
            x = Variable(data)
            f(x).backward()
            assert_same(x.grad, np.full(data.shape, slope))


@pytest.mark.parametrize("dtype", ["i1", "i4", "i8", "u2"])
def test_a_graph_of_integers(dtype):
    x = Variable(np.array([2, 3], dtype))
    y = x * x + x
    assert_same(y.data, np.array([6, 12], dtype))
    y.backward()
    assert_same(x.grad, [5.0, 7.0])
    y.backward(retain_grad=True)
    assert_same(y.grad, [1.0, 1.0])


def test_large_integers_have_exact_small_gradients():
    x = Variable(np.array([2**40]))
    (x * 3).backward()
    assert_same(x.grad, [3.0])
    x = Variable(np.array([100], "i1"))
    y = x * np.array([2], "i1")
    assert_same(y.data, np.array([100], "i1") * np.array([2], "i1"))
    y.backward()
    assert_same(x.grad, [2.0])


def test_the_gradient_of_an_integer_square_does_not_wrap():
    """2 x in int8 would be −56."""
    for f in (lambda x: x * x, square, lambda x: x**2):
        x = Variable(np.array([100], "i1"))
        f(x).backward()
        assert_same(x.grad, [200.0])


def test_a_fraction_reaches_an_integer_leaf():
    x = Variable(np.array([3, 4]))
    (x * x / 4).backward()
    assert_same(x.grad, [1.5, 2.0])


def test_an_integer_gradient_argument():
    x = Variable(np.array([1.0, 2.0]))
    y = x * 0.5
    try:
        y.backward(gradient=np.array([1, 2]))
    except (DezeroError, TypeError):
        assert x.grad is None
    else:
        assert_same(x.grad, [0.5, 1.0])


def test_an_integer_intermediate_passes_fractions_on():
    x = Variable(np.array([2, 4]))
    a = x + 1
    (a / 4).backward()
    assert_same(x.grad, [0.25, 0.25])


def test_N18_booleans_do_not_subtract():
    x = Variable(np.array([True]))
    for f in (lambda: x - x, lambda: -x, lambda: x - np.array([True]), lambda: np.array([True]) - x):
        with pytest.raises(TypeError, match="boolean"):
            f()


def test_N17_booleans_have_float_gradients():
    for f in (lambda x: x + x, lambda x: x * 2.0, lambda x: x * x):
        g, = grads(f, np.array([True, True]))
        assert g.dtype == np.float64


@pytest.mark.parametrize("f", [
    lambda x: x + 256, lambda x: x * 256, lambda x: 256 - x, lambda x: x + -1, lambda x: x - 2**70])
def test_N20_python_numbers_out_of_bounds(f):
    with pytest.raises(OverflowError):
        f(Variable(np.array([1], "u1")))


def test_huge_python_numbers():
    x = Variable(np.array([1.0]))
    y = x * 2**70
    assert_same(y.data, [float(2**70)])
    y.backward()
    assert_same(x.grad, [float(2**70)])
    for x in (Variable(np.array(1.0)), Variable(np.array([1.0])), Variable(np.array(1.0, "f4"))):
        with pytest.raises(OverflowError):
            x * 10**400


# ---------------------------------------------------------------- the rest of the real line

@pytest.mark.parametrize("op", SEVEN, ids=repr)
def test_longdouble_keeps_its_digits(op):
    third = np.longdouble(1) / 3
    xs = [Variable(np.array([third, 2 * third])) for _ in range(op.count)]
    y = op(*xs)
    want = op.ufunc(*[x.data for x in xs])
    assert y.dtype == np.longdouble
    np.testing.assert_allclose(y.data, want, rtol=4 * np.finfo("g").eps)
    y.backward()
    for x, partial in zip(xs, op.partials(*[x.data for x in xs])):
        np.testing.assert_allclose(x.grad, np.broadcast_to(partial, (2,)), rtol=8 * np.finfo("g").eps)


def test_N26_float16_overflows_as_in_numpy():
    x = Variable(np.array([60000], "f2"))
    with pytest.warns(RuntimeWarning, match="overflow"):
        y = x * np.float16(2)
    assert y.dtype == np.float16 and y.data == np.inf


def test_float16_gradients_add_up():
    x = Variable(np.array([1.0], "f2"))
    total = x
    for _ in range(999):
        total = total + x
    total.backward()
    assert_same(x.grad, np.array([1000], "f2"))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "u2"])
def test_S18_byte_swapped_leaves_have_native_gradients(dtype):
    a = np.array([1, 2, 3]).astype(np.dtype(dtype).newbyteorder("S"))
    assert not a.dtype.isnative
    x = Variable(a)
    assert x.dtype == a.dtype
    y = x * x
    assert y.dtype.isnative and y.data.tolist() == [1, 4, 9]
    y.backward()
    assert_gradient(x.grad, [2, 4, 6], a)


# ---------------------------------------------------------------- complex

@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("shape", [(), (2,)])
def test_N28_complex(dtype, shape):
    z = np.full(shape, 1 + 2j).astype(dtype)
    x = Variable(z)
    for f, want in [(lambda v: v * v, z * z), (lambda v: v + 1, z + 1), (lambda v: v / 2.0, z / 2), (lambda v: -v, -z),
                    (lambda v: v - 1j, z - 1j), (square, np.square(z)), (lambda v: v.sum(), z.sum()), (lambda v: v[...], z)]:
        y = f(x)
        assert y.dtype == np.asarray(want).dtype
        np.testing.assert_allclose(y.data, want, rtol=1e-6)
        with pytest.raises(DTypeError, match="complex"):
            y.backward()
        assert x.grad is None and y.grad is None
        y.backward(gradient=np.ones(y.shape, dtype))
        assert x.grad.dtype == dtype and x.grad.shape == shape
        x.cleargrad()


@pytest.mark.parametrize("f", [lambda x: x * 1j, lambda x: 1j + x, lambda x: x * np.array([1j]), lambda x: x ** (1 + 1j)])
@pytest.mark.parametrize("data", [np.array(2.0), np.array([2.0])])
def test_complex_constants_with_a_real_variable(f, data):
    x = Variable(data)
    y = f(x)
    np.testing.assert_allclose(y.data, f(data))
    with pytest.raises(DTypeError, match="complex"):
        y.backward()
    assert x.grad is None
    y.backward(gradient=np.full(y.shape, 0.3 - 0.7j))
    slope = (f(data + 1e-6) - f(data - 1e-6)) / 2e-6
    assert x.grad.dtype == float
    np.testing.assert_allclose(x.grad, np.reshape((slope * (0.3 + 0.7j)).real, data.shape), rtol=1e-6)


def test_complex_in_the_middle():
    class Real(Function):
        def forward(self, z):
            return z.real.copy()

        def backward(self, gy):
            return gy * (1 + 0j)

    x = Variable(np.array([2.0]))
    (Real()(x * (2 + 1j)) * 3.0).backward()
    assert_same(x.grad, [6.0])


# ---------------------------------------------------------------- what is no number

@pytest.mark.parametrize("bad", [
    np.array([None]), np.array([1], object), np.array(["1"]), np.array([b"1"]), np.array(["2020"], "M8[Y]"),
    np.array([1], "m8[s]"), np.zeros(1, "i4,f4"), np.zeros(1, "V8"),
], ids=lambda a: str(a.dtype))
def test_N30_is_refused_everywhere(bad):
    x = Variable(np.array([1.0]))
    with pytest.raises(DTypeError):
        Variable(bad)
    for op in BINARY:
        for args in [(x, bad), (bad, x)]:
            with pytest.raises(TypeError):
                op(*args)
        with pytest.raises(TypeError):
            op.cls()(x, bad)
        with pytest.raises(TypeError):
            op.cls.apply(bad, bad)
    with pytest.raises((TypeError, ValueError)):
        x.grad = bad
    with pytest.raises((TypeError, ValueError)):
        (x * 2.0).backward(gradient=bad)
    assert x.grad is None


def test_object_scalars_are_refused():
    import decimal

    x = Variable(np.array(1.0))
    for bad in (np.str_("a"), np.bytes_(b"a"), np.datetime64("2020"), np.timedelta64(1, "s"), np.void(b"a"), decimal.Decimal(1)):
        for f in (lambda: x + bad, lambda: bad * x, lambda: dezero.add(x, bad)):
            with pytest.raises(TypeError):
                f()
