"""y = base, but x_k at place k;   ∂y/∂x_k = the gradient there; and np.array([...], like=x), which is made of it"""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given
from strategies import assert_gradient, assert_same

import dezero.functions as F
import dezero.numpy as twin
from dezero import Variable, no_grad
from dezero.errors import DTypeError, GradientError
from dezero.testing import check_grads


def test_parts_at_indices(rng):
    a, b = Variable(rng.normal(size=3)), Variable(rng.normal(size=(2, 2)))
    base = rng.normal(size=(3, 3))
    y = F.pack([a, b], (0, (slice(1, None), slice(2))), base, (3, 3))
    want = base.copy()
    want[0], want[1:, :2] = a.data, b.data
    assert_same(y.data, want)
    gradient = rng.normal(size=(3, 3))
    y.backward(gradient=gradient)
    assert_gradient(a.grad, gradient[0], a.data)
    assert_gradient(b.grad, gradient[1:, :2], b.data)
    assert not np.shares_memory(a.grad, gradient) and not np.shares_memory(y.data, base)


def test_numbers_at_places(rng):
    xs = [Variable(np.array(x)) for x in rng.normal(size=3)]
    y = F.pack(xs, np.array([5, 0, 3]), np.ones(()), (2, 3), "F")
    assert y.data.flags.f_contiguous
    assert_same(y.data, [[xs[1].data, 1.0, 1.0], [xs[2].data, 1.0, xs[0].data]])
    y.backward(gradient=np.arange(6.0).reshape(2, 3))
    assert [float(x.grad) for x in xs] == [5.0, 0.0, 3.0]


def test_base_and_places_are_what_they_were_at_the_call():
    x, base, places = Variable(np.array(2.0)), np.zeros(3), np.array([1])
    y = F.pack([x], places, base, (3,))
    base[:], places[:] = 9.0, 0
    y.backward(gradient=np.array([1.0, 2.0, 3.0]))
    assert_same(y.data, [0.0, 2.0, 0.0])
    assert_same(x.grad, np.array(2.0))


def test_what_the_rule_does_not_read_is_not_kept():
    x = Variable(np.ones(1000))
    y = F.pack([x * 2.0], ((),), np.zeros(()), (1000,))
    y.backward()
    assert F.pack([x], ((),), np.zeros(()), (1000,)).creator._rule.reads == (False,)
    assert_same(x.grad, np.full(1000, 2.0))


# -- nested lists

X, Y, V, M = np.array(0.3), np.array(-1.7), np.array([1.0, -2.0, 0.5]), np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])

NESTED = {
    "row": lambda x, y, v, m: [x, y],
    "row of one": lambda x, y, v, m: [x],
    "row and numbers": lambda x, y, v, m: [1, x, 2.5, y, np.float32(3)],
    "square": lambda x, y, v, m: [[x, y], [y, x]],
    "cube": lambda x, y, v, m: [[[x], [y]], [[y], [x]], [[x], [x]]],
    "square and numbers": lambda x, y, v, m: [[x, 0], [0.0, y]],
    "tuples": lambda x, y, v, m: ((x, 0), (0, y)),
    "rows": lambda x, y, v, m: [v, v, np.ones(3)],
    "a row and its elements": lambda x, y, v, m: [[x, 2, y], v, (y, 0, x)],
    "matrices": lambda x, y, v, m: [m, [v, [1, x, 2]]],
    "itself": lambda x, y, v, m: m,
    "a number": lambda x, y, v, m: x,
    "the same": lambda x, y, v, m: [x, x],
    "ones": lambda x, y, v, m: [[[x]]],
}


@pytest.mark.parametrize("how", [{}, {"ndmin": 4}, {"dtype": "f4"}, {"order": "F"}, {"copy": None}], ids=str)
@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_an_array_of_nested_lists(nested, how):
    xs = [Variable(a) for a in (X, Y, V, M)]
    want = np.array(nested(X, Y, V, M), **how)
    y = F.array(nested(*xs), **how)
    assert type(y) is Variable
    assert_same(y.data, want)
    if y.creator is not None and how.get("order") == "F":
        assert y.data.flags.f_contiguous
    if "dtype" not in how:
        check_grads(lambda *xs: (lambda y: (y * y).sum() * xs[0] + sum([x.sum() for x in xs]))(F.array(nested(*xs), **how)), (X, Y, V, M))


def test_the_dtype_is_what_numpy_makes_of_them():
    f4, f8, i8, b = (Variable(np.ones((), dtype)) for dtype in ("f4", "f8", "i8", "?"))
    for nested in ([f4, f4], [f4, f8], [f4, 1.0], [f4, i8], [i8, i8], [i8, b], [b, b], [i8, 2], [i8, 2.5], [f4, True], [f4, np.float32(1)]):
        plain = [x.data if isinstance(x, Variable) else x for x in nested]
        assert F.array(nested).dtype == np.array(plain).dtype, nested
    x = Variable(np.array(2.0, "f4"))
    F.array([x, 1.0]).backward(gradient=np.array([3.0, 1.0]))
    assert_same(x.grad, np.array(3.0, "f4"))


LEAVES = [(True, np.array(1.5)), (True, np.array([2.5, -1.0])), (True, np.array(3.5, "f4")), (True, np.ones((2, 2))), (True, np.array(2)),
          (False, 7), (False, 0.25), (False, np.array([4.0, 5.0])), (False, np.float32(6))]


@given(st.data())
def test_random_lists(data):
    """NumPy's value or NumPy's error, and each gradient from where the element went to."""
    xs = []

    def drawn(depth):
        """Draw nested lists: with Variables, with their data, and with the numbers of their elements, where others have -1."""
        if depth and data.draw(st.integers(0, 3)):
            parts = [drawn(depth - 1) for i in range(data.draw(st.integers(1, 2)))]
            return tuple([list(column) for column in zip(*parts)])
        is_variable, value = data.draw(st.sampled_from(LEAVES))
        if not is_variable:
            return value, value, np.full(np.shape(value), -1)
        first = sum([x.size for x in xs])
        xs.append(Variable(value))
        return xs[-1], value, np.arange(first, first + value.size).reshape(value.shape)

    parts = [drawn(2) for i in range(data.draw(st.integers(1, 3)))]
    nested, plain, numbers = (list(column) for column in zip(*parts))
    assume(xs)
    try:
        want = np.array(plain)
    except ValueError:
        with pytest.raises(ValueError, match="inhomogeneous"):
            F.array(nested)
        return
    y, places = F.array(nested), np.array(numbers)
    assert_same(y.data, want)
    gradient = np.arange(1.0, want.size + 1).reshape(want.shape).astype(y.dtype if y.dtype.kind == "f" else "f8")
    y.backward(gradient=gradient)
    first = 0
    for x in xs:
        wanted = [gradient[places == i][0] for i in range(first, first + x.size)]
        assert_same(np.asarray(x.grad, "f8"), np.asarray(wanted, "f8").reshape(x.shape))
        first += x.size


def test_gradients_of_elements_that_are_the_same_add_up():
    x = Variable(np.array(2.0))
    F.array([[x, 1.0], [x * x, x]]).backward(gradient=np.array([[1.0, 7.0], [10.0, 100.0]]))
    assert_same(x.grad, np.array(1.0 + 40.0 + 100.0))


def test_a_hundred_are_one_call():
    x = Variable(np.array(2.0))
    xs = [x * float(i) for i in range(100)]
    y = F.array(xs)
    assert y.generation == 2 and len(y.creator.inputs) == 100
    y.backward()
    assert_same(x.grad, np.array(4950.0))


def test_what_needs_no_copy_is_itself():
    x = Variable(np.ones(3))
    assert F.asarray(x) is x and F.array(x, copy=None) is x and F.array(x, copy=False) is x and F.asarray(x, "f8") is x
    assert F.array(x) is not x and F.asarray(x, "f4").dtype == "f4" and F.array(x, ndmin=1, copy=None) is x
    with pytest.raises(ValueError, match="copy"):
        F.array([x], copy=False)
    with pytest.raises(ValueError, match="copy"):
        F.array(x, "f4", copy=False)


def test_kinds_of_variables(rng):
    x = Variable(rng.normal(size=3))
    assert F.array([x.detach(), x.detach()]).is_constant and not F.array([x, x.detach()]).is_constant
    with no_grad():
        free = F.array([x, x])
    assert free.creator is None and np.asarray(free).shape == (2, 3)
    made = F.array([1.0, 2.0])
    assert made.is_constant and type(F.array([1, 2])) is np.ndarray


def test_data_are_not_shared(rng):
    x = Variable(rng.normal(size=3))
    for y in (F.asarray(x), F.asfortranarray(x), F.ascontiguousarray(x), F.array(x, copy=False)):
        assert y is x                       # as an array is, which lies as it is wanted
    for y in (F.array(x), F.array([x]), F.full(3, x), F.ascontiguousarray(x.reshape(3, 1)), F.array(x, copy=None, ndmin=2)):
        assert not np.shares_memory(x.data, y.data)


@pytest.mark.parametrize("f, error, message", [
    (lambda x: F.array([x, "text"]), DTypeError, "dtype <U32 with Variables in it"),
    (lambda x: F.array([x, None]), DTypeError, "dtype object"),
    (lambda x: F.array([x], dtype=object), DTypeError, "dtype object"),
    (lambda x: F.array([x, 1.0], dtype=int), GradientError, "dtype int64 with a Variable of dtype float64 .* has no gradient.*astype"),
    (lambda x: F.full(3, x, bool), GradientError, "dtype bool with a Variable of dtype float64"),
    (lambda x: F.array([[x, 1.0], [x]]), ValueError, "inhomogeneous"),
    (lambda x: F.array([x], dtype="nothing"), TypeError, "nothing"),
    (lambda x: F.array([x], order="Q"), ValueError, "order must be one of"),
    (lambda x: F.array([x], ndmin=99), ValueError, "ndmin"),
    (lambda x: F.array([x], out=3), TypeError, "unexpected keyword argument 'out'"),
    (lambda x: F.asarray([x], device="gpu"), ValueError, "gpu"),
    (lambda x: F.fromiter([[x], [x]], float), ValueError, r"elements of shape \(1,\)"),
    (lambda x: F.fromiter([x], float, 2), ValueError, "iterator too short"),
    (lambda x: F.geomspace(0.0 * x, 1.0), ValueError, "cannot include zero"),
    (lambda x: F.geomspace(x, -1.0), ValueError, "different signs"),
    (lambda x: F.linspace(x, 1.0, -1), ValueError, "non-negative"),
    (lambda x: F.linspace(x, 1.0, 2.5), TypeError, "integer"),
    (lambda x: F.linspace(x, 1.0, dtype=int), GradientError, "dtype int64"),
])
def test_what_makes_no_array(f, error, message):
    with pytest.raises(error, match=message):
        f(Variable(np.array(0.5)))


# -- like=x: what NumPy asks about


def test_like_a_variable(rng):
    x, y = Variable(np.array(2.0)), Variable(np.array(3.0))
    for f in (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray):
        z = f([x * y, 1.0, y], like=x)
        assert type(z) is Variable and z.creator is not None
        assert_same(z.data, [6.0, 1.0, 3.0])
    z.backward(gradient=np.array([1.0, 10.0, 100.0]))
    assert (x.grad, y.grad) == (3.0, 102.0)
    assert_same(np.full((2, 2), x, like=x).data, np.full((2, 2), 2.0))
    assert_same(np.arange(x, 5.0, y, like=x).data, [2.0])
    assert_same(np.fromiter((x * i for i in range(3)), float, like=x).data, [0.0, 2.0, 4.0])
    assert np.array([1.0], like=x).is_constant and type(np.array([1], like=x)) is np.ndarray


def test_numbers_like_a_variable_are_constants():
    x = Variable(np.array(2.0, "f4"))
    for made, want in [(np.zeros(3, like=x), np.zeros(3)), (np.ones((2, 3), "f4", like=x), np.ones((2, 3), "f4")),
                       (np.eye(2, like=x), np.eye(2)), (np.identity(2, like=x), np.eye(2)), (np.tri(3, k=1, like=x), np.tri(3, k=1)),
                       (np.arange(3.0, like=x), np.arange(3.0)), (np.full(2, 3.0, like=x), np.full(2, 3.0))]:
        assert type(made) is Variable and made.is_constant
        assert_same(made.data, want)
    assert np.empty(3, like=x).shape == (3,)
    assert type(np.zeros(3, int, like=x)) is np.ndarray and type(np.arange(3, like=x)) is np.ndarray


@pytest.mark.parametrize("how", [{}, {"dtype": "f4"}, {"order": "C"}, {"order": "F"}, {"ndmin": 4}, {"order": "A"}], ids=str)
def test_the_array_of_a_variable_lies_in_memory_as_numpys(how):
    a = np.arange(60.0).reshape(4, 5, 3)
    for b in (a, a.T, np.ascontiguousarray(a.transpose(1, 0, 2)).transpose(1, 0, 2), np.arange(3)):
        got, wanted = np.array(Variable(b), like=Variable(b), **how), np.array(b, **how)
        assert got.data.strides == wanted.strides
        assert_same(got.data, wanted)
    x = Variable(a.T)
    (np.array(x, like=x, **how) * np.arange(4.0)).sum().backward()
    assert_same(x.grad, np.broadcast_to(np.arange(4.0), (3, 5, 4)))


# -- ranges

@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16", "i4", "b1"])
@pytest.mark.parametrize("f", [
    lambda np, x: np.linspace(x, 2.0, 3), lambda np, x: np.linspace(0, x, 3),
    lambda np, x: np.linspace(x, x * x, 3, retstep=True)[1],
    lambda np, x: np.linspace([1.0, 2.0], x, 3),
    lambda np, x: np.logspace(x, 2.0, 3), lambda np, x: np.logspace(0, x, 3, base=2), lambda np, x: np.r_[x:5:3j]])
def test_ranges_have_the_dtype_of_numpy(f, dtype):
    a = np.array(1, dtype)
    got, wanted = f(twin, Variable(a)), f(np, a[()])
    assert got.dtype == wanted.dtype
    np.testing.assert_array_max_ulp(got.data.real, wanted.real, 4)


def test_arange_to_stop_by_name():
    assert_same(twin.arange(stop=Variable(np.array(3.0))).data, [0.0, 1.0, 2.0])
    assert_same(twin.arange(stop=Variable(np.array(3.0)), step=2).data, [0.0, 2.0])


@pytest.mark.parametrize("how", [{}, {"num": 1}, {"num": 0}, {"num": 2}, {"endpoint": False}, {"num": 1, "endpoint": False}, {"axis": -1}, {"dtype": "f4"}],
                         ids=str)
@pytest.mark.parametrize("start, stop", [(X, Y), (V, X), (X, V), (V, -V), (X, X), (2, Y), (Y, 1)], ids=str)
def test_linspace(start, stop, how):
    got = np.linspace(*[Variable(a) if isinstance(a, np.ndarray) else a for a in (start, stop)], **how)
    assert type(got) is Variable
    if np.ndim(start) or np.ndim(stop) or how.get("axis") != -1:
        assert_same(got.data, np.linspace(start, stop, **how))
    if "dtype" not in how and isinstance(start, np.ndarray) and isinstance(stop, np.ndarray):
        check_grads(lambda a, b: (np.linspace(a, b * b, **how) ** 2).sum() + a.sum() * b.sum(), (start, stop))


def test_the_step_of_linspace():
    x = Variable(np.array(2.0))
    y, step = np.linspace(x, 5.0, 4, retstep=True)
    step.backward()
    assert (step.data, x.grad) == (1.0, -1 / 3)


@pytest.mark.parametrize("f", [np.logspace, np.geomspace])
@pytest.mark.parametrize("start, stop", [(np.array(0.5), np.array(2.0)), (np.array([0.5, 1.5]), np.array(3.0)), (np.array(2.0), np.array(0.25))], ids=str)
@pytest.mark.parametrize("how", [{}, {"num": 1}, {"endpoint": False}, {"axis": -1}, {"dtype": "f4"}], ids=str)
def test_ranges_of_powers(f, start, stop, how):
    if start.ndim or how.get("axis") != -1:
        np.testing.assert_allclose(f(Variable(start), Variable(stop), **how).data, f(start, stop, **how), rtol=1e-6 if "dtype" in how else 1e-14)
    if "dtype" not in how:
        check_grads(lambda a, b: f(a, b, **{"num": 4, **how}).sum() + a.sum() * b, (start, stop))


def test_the_base_of_logspace(rng):
    base = np.array([2.0, 3.0])
    np.testing.assert_allclose(F.logspace(0.5, 2.0, 4, base=Variable(base)).data, np.logspace(0.5, 2.0, 4, base=base), rtol=1e-14)
    np.testing.assert_allclose(F.logspace(0.5, Variable(base), 4, base=base, axis=1).data, np.logspace(0.5, base, 4, base=base, axis=1), rtol=1e-14)
    check_grads(lambda a, base: F.logspace(a, 1.0, 4, base=base).sum(), (X, base))


def test_geometric_ranges_below_zero():
    np.testing.assert_allclose(F.geomspace(Variable(np.array(-1.0)), -8.0, 4).data, [-1, -2, -4, -8], rtol=1e-15)


@pytest.mark.parametrize("given", [(X,), (X, 5.0), (X, 5.0, 0.7), (0, 5.0, X), (X, -3, Y), (0.0, V[0])], ids=str)
def test_arange(given):
    xs = [Variable(a) if isinstance(a, (np.ndarray, np.float64)) and np.asarray(a).ndim == 0 and not isinstance(a, float) else a for a in given]
    assert_same(np.asarray(F.arange(*xs).data), np.arange(*given))


def test_the_gradients_of_arange():
    check_grads(lambda a, step: (F.arange(a, a + 3.1, step) ** 2).sum(), (X, np.array(0.75)))
    x = Variable(np.array(2))
    y = F.arange(x, 6)
    assert y.dtype == int and y.data.tolist() == [2, 3, 4, 5] and type(F.arange(x)) is np.ndarray
    assert F.arange(Variable(np.array(3.0))).is_constant and F.arange(Variable(np.array(1.0, "f4")), 3).dtype == np.arange(np.float32(1.0), 3).dtype
