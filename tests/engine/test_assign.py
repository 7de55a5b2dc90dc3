"""Assignment: what it gives, what keeps its value, what is refused and changes nothing, and how much it copies."""
import gc
import tracemalloc
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import dezero.functions as F
from dezero import Function, Variable, _kernels, detect, grad, hessian, hvp, jacobian, jvp, no_grad, rule, using_config, vjp
from dezero.errors import DTypeError, FirstOrderOnly, GradientError, GraphError

compiled = pytest.mark.skipif(_kernels.IN_USE != "compiled", reason="compiled only: the array is copied at each assignment in this form")
counting = pytest.mark.skipif(not _kernels.COMPILED, reason="plain Python can't tell who has an array, and copies always")


def fresh(*shape, seed=0, dtype="d"):
    """Return a leaf, and a recorded Variable of the same numbers."""
    x = Variable(np.random.default_rng(seed).random(shape).astype(dtype))
    return x, x * 1.0


def slopes(f, x, eps=1e-6):
    """Return the derivative of a function of an array by central differences."""
    g = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = eps
        g[i] = (f(x + e) - f(x - e)) / (2 * eps)
    return g


# ---------------------------------------------------------------- values and gradients

MASK = np.array([[True, False, True], [False, True, False], [False, False, True]])
INDICES = {
    "integer": 1, "negative": -1, "element": (0, 2), "slice": slice(1, None), "column": (slice(None), 1), "steps": (slice(None, None, -2), ...),
    "dots": ..., "nothing": (), "None": (None, 1), "rows": [2, 0], "twice": [1, 1, 0, 1], "both": ([0, 0, 2], [1, 1, 0]), "mask": MASK,
    "row mask": [True, False, True], "no rows": slice(3, 3), "False": False, "True": True, "ix": np.ix_([0, 2], [1, 1]), "mixed": (0, [1, 1]),
    "NumPy's integer": np.int64(2),
}


@pytest.mark.parametrize("kind", ["number", "full", "row", "leading", "computed from x"])
@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_value_and_gradient_are_numpys(index, kind):
    start = np.random.default_rng(1).random((3, 3))
    part = start[index].shape if isinstance(start[index], np.ndarray) else ()
    shape = {"number": (), "full": part, "row": part[-1:], "leading": (1, 1, *part), "computed from x": ()}[kind]
    if kind == "leading" and (index is MASK or index is False or index is True or part == ()):
        pytest.skip("NumPy takes no such value")
    given, weights = np.random.default_rng(2).random(shape), np.random.default_rng(3).random((3, 3))

    def f(x, v):
        y = x * x
        y[index] = x[0, 1] * v if kind == "computed from x" else v * 2.0
        return (y * weights).sum()

    x, v = Variable(start.copy()), Variable(given.copy())
    y = f(x, v)
    assert y.data == f(start, given)
    y.backward()
    np.testing.assert_allclose(x.grad, slopes(lambda a: f(a, given), start), atol=1e-8)
    if v.grad is not None:
        np.testing.assert_allclose(v.grad, slopes(lambda a: f(start, a), given), atol=1e-8)
        assert v.grad.shape == shape


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_second_order(index):
    def f(x):
        y = x * x
        y[index] = x[2, 2] * y[0, 0]
        y[0] = y[0] * y[1]
        return (y * y).sum()

    x = np.random.default_rng(4).random((3, 3))
    found = hessian(f)(x).reshape(9, 9)
    wanted = np.array([slopes(lambda a: grad(f)(a)[i], x, 1e-5).ravel() for i in np.ndindex(3, 3)])
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    v = np.random.default_rng(5).random((3, 3))
    np.testing.assert_allclose(hvp(f)(x, v), (found @ v.ravel()).reshape(3, 3), atol=1e-12)
    np.testing.assert_allclose(jvp(f, (x,), (v,))[1], (grad(f)(x) * v).sum())


def test_jacobian_and_vjp():
    def f(x):
        y = np.zeros_like(x)
        for i in range(1, 4):
            y[i] = y[i - 1] * x[i] + x[0]
        return y

    x = np.array([0.5, -1.0, 2.0, 1.5])
    wanted = np.array([slopes(lambda a: f(a)[i], x) for i in range(4)])
    np.testing.assert_allclose(jacobian(f)(x), wanted, atol=1e-8)
    y, back = vjp(f, x)
    np.testing.assert_allclose(back(np.ones(4))[0], wanted.sum(0), atol=1e-8)
    assert np.array_equal(y, f(x))


def test_inf_and_nan_in_the_gradient_do_not_come_to_what_was_overwritten():
    x, y = fresh(3)
    v = Variable(np.ones(2))
    y[[0, 0]] = v
    y.backward(gradient=np.array([np.inf, np.nan, 1.0]))
    assert x.grad[0] == 0 and np.isnan(x.grad[1]) and v.grad.tolist() == [0, np.inf]


@pytest.mark.parametrize("order", ["C", "F"])
def test_of_what_is_named_twice_the_last_stands_and_gets_the_gradient(order):
    v = Variable(np.asarray(np.arange(6.0).reshape(2, 3), order=order))
    x, y = fresh(4)
    index = np.array([[0, 1, 0], [1, 1, 3]])
    y[index] = v
    assert y.data[[0, 1, 3]].tolist() == [2, 4, 5]
    y.sum().backward()
    assert v.grad.tolist() == [[0, 0, 1], [0, 1, 1]] and x.grad.tolist() == [0, 0, 1, 0]


def test_index_arrays_are_what_they_were_at_the_call():
    x, y = fresh(3)
    index, mask = np.array([0, 1]), np.array([False, False, True])
    v = Variable(np.ones(2))
    y[index] = v * 3.0
    y[mask] = v[0] * 5.0
    index[:], mask[:] = 2, True
    y.sum().backward()
    assert v.grad.tolist() == [8, 3] and x.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("value", [[1.0, 2.0, 3.0], (4, 5, 6), np.arange(3), np.float32(2.5), 7, True, np.arange(3.0)[::-1]])
def test_values_that_are_no_variables(value):
    x, y = fresh(2, 3)
    a = y.data.copy()
    y[1] = a[1] = value
    assert np.array_equal(y.data, a)
    y.sum().backward()
    assert x.grad.tolist() == [[1, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize("value", [
    10**30, Fraction(1, 3), Decimal("0.1"), [10**30, Fraction(-1, 7)], np.array([10**25, 2**70], object)])
@pytest.mark.parametrize("dtype", ["f8", "f4", "c16"])
def test_pythons_other_numbers(value, dtype):
    x, y = fresh(3, 2, dtype=dtype)
    a = y.data.copy()
    y[1], a[1] = value, value
    y.flat[4:], a.flat[4:] = value, value
    assert np.array_equal(y.data, a) and y.dtype == dtype
    y.sum().real.backward()
    assert x.grad.tolist() == [[1, 1], [0, 0], [0, 0]]


def test_pythons_other_numbers_that_have_no_room():
    x, y = fresh(2)
    n = Variable(np.arange(2)).detach()
    with pytest.raises(OverflowError):
        y[0] = 10**400
    with pytest.raises(TypeError):
        y[:] = [10**30, 1j]
    for value in (Fraction(1, 2), Decimal(1)):
        with pytest.raises(DTypeError, match="object"):
            n[0] = value
    assert n.data.tolist() == [0, 1] and np.array_equal(y.data, x.data)


def test_a_list_with_variables_in_it():
    pytest.importorskip("dezero.numpy")
    x, y = fresh(2, 2)
    y[0] = [x[1, 1] * 2.0, 3.0]
    y[1] = [[x[0, 0]], 1.0][0]
    y.sum().backward()
    assert y.data.tolist() == [[x.data[1, 1] * 2, 3], [x.data[0, 0]] * 2] and x.grad.tolist() == [[2, 0], [0, 2]]


def test_x_into_itself_and_overlapping_parts():
    x, y = fresh(5)
    a = y.data.copy()
    y[1:], a[1:] = y[:-1], a[:-1].copy()
    y[...], a[...] = y, a
    y[::-1], a[::-1] = y, a.copy()
    y[:3] = a[:3] = y.data[2:].copy()
    assert np.array_equal(y.data, a)


def test_what_was_computed_from_the_old_value_keeps_it():
    x = Variable(np.ones(2))
    y = x * 2.0
    z, square = y * 3.0, y * y
    y[0] = 7.0
    assert z.data.tolist() == [6, 6] and y.data.tolist() == [7, 2]
    (z.sum() + y.sum() + square.sum()).backward()
    assert x.grad.tolist() == [6 + 8, 6 + 2 + 8]


@pytest.mark.parametrize("n", [3, 300, 70_000])
def test_old_values_that_gradients_read_stay_also_where_the_array_is_written(n):
    x, y = fresh(n)
    start = x.data.copy()
    total = 0.0
    for k in range(3):
        total = total + (y * y).sum() + (y * 2.0 * y).sum()         # the second dies, and may be computed again
        y[k] = 10.0 + k
    total.backward()
    wanted = 3 * 6 * start
    wanted[0] -= 2 * 6 * start[0]
    wanted[1] -= 6 * start[1]
    np.testing.assert_allclose(x.grad, wanted)


def test_two_names_of_one_variable_see_it():
    x, y = fresh(3)
    z = y
    z[0] = 5.0
    assert y is z and y.data[0] == 5.0


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g"])
@pytest.mark.parametrize("other", ["?", "i4", "f4", "f8", "g"])
def test_a_value_is_cast_within_its_kind(dtype, other):
    x, y = fresh(3, dtype=dtype)
    v = Variable(np.array([1, 0]).astype(other))
    y[:2] = v
    assert y.dtype == dtype and y.data[:2].tolist() == [1, 0]
    y.backward(gradient=np.ones(3, dtype))
    assert v.grad.tolist() == [1, 1] and v.grad.dtype == (other if other in ("f4", "f8", "g") else "f8") and x.grad.dtype == dtype


def test_integers_take_integers():
    x = Variable(np.arange(3, dtype="u1")).detach()
    x[0], x[1] = 7, np.int64(200)
    assert x.data.tolist() == [7, 200, 2] and x.dtype == "u1"
    with pytest.raises(OverflowError):
        x[0] = 300
    assert x.data.tolist() == [7, 200, 2]


def test_empty_and_0d():
    x = Variable(np.array(3.0))
    y = x * 2.0
    y[()] = x * x
    y[...] = y * x
    y.backward()
    assert y.data == 27.0 and x.grad == 27.0
    x, y = fresh(0, 2)
    y[:], y[0:0] = 5.0, np.ones((0, 2))
    y.sum().backward()
    assert x.grad.shape == (0, 2)


# ---------------------------------------------------------------- kinds

def test_a_leaf_is_refused_and_under_no_grad_its_data_change():
    x = Variable(np.arange(3.0))
    given = x.data
    y = x * x
    with pytest.raises(GraphError, match=r"leaf.*np.copy\(x\)"):
        x[0] = 1.0
    with no_grad():
        x[0] = 5.0
        x[1:] += 1.0
    assert x.data.tolist() == [5, 2, 3] and given.tolist() == [0, 1, 2] and y.data.tolist() == [0, 1, 4]
    y.sum().backward()
    assert x.grad.tolist() == [0, 2, 4] and x.creator is None and not x.is_constant
    x.cleargrad()
    (x * x).sum().backward()
    assert x.grad.tolist() == [10, 4, 6]


def test_gradient_descent_by_parts():
    w = Variable(np.array([1.0, 2.0]))
    for _ in range(200):
        w.cleargrad()
        ((w - 3.0) * (w - 3.0)).sum().backward()
        with no_grad():
            w[...] = w.data - 0.1 * w.grad
    np.testing.assert_allclose(w.data, 3.0)


def test_an_unchained_variable_is_a_leaf():
    x, y = fresh(3)
    y.unchain()
    with pytest.raises(GraphError, match="leaf"):
        y[0] = 1.0


@pytest.mark.parametrize("make", ["free", "constant", "computed constant"])
def test_free_and_constant_variables_take_assignments_in_their_data(make):
    c = Variable(np.ones(3)).detach()
    if make == "free":
        with no_grad():
            c = Variable(np.ones(3)) * 1.0
    elif make == "computed constant":
        c = c * 1.0
    other = Variable(np.full(3, 2.0))
    used = c * other
    c[0] = 5.0
    c[1] = Variable(np.array(6.0)).detach()
    assert c.data.tolist() == [5, 6, 1] and used.data.tolist() == [2, 2, 2] and c.creator is None
    assert c.is_constant == (make != "free") and np.asarray(c).tolist() == [5, 6, 1]
    used.sum().backward()
    assert other.grad.tolist() == [1, 1, 1] and (c.grad is None) == (make != "free")
    c[2] = other[2] * 3.0
    assert not c.is_constant and c.creator is not None
    with pytest.raises(GradientError):
        np.asarray(c)
    other.cleargrad()
    c.sum().backward()
    assert other.grad.tolist() == [0, 0, 3]


def test_under_no_grad_what_was_recorded_stays_so():
    x, y = fresh(3)
    v = Variable(np.array(9.0))
    with no_grad():
        y[0] = v
    y.sum().backward()
    assert y.data[0] == 9.0 and x.grad.tolist() == [0, 1, 1] and v.grad is None


def test_detach_and_data_that_were_handed_out_stay():
    x, y = fresh(3)
    handed, detached, view = y.data, y.detach(), y.data[1:]
    start = handed.copy()
    y[:] = 0.0
    assert np.array_equal(handed, start) and np.array_equal(detached.data, start) and np.array_equal(view, start[1:])
    detached[0] = 4.0
    assert y.data[0] == 0.0 and handed[0] == start[0]


def test_the_argument_of_a_transform():
    def f(x):
        x[0] = 1.0
        return x.sum()

    with pytest.raises(GraphError, match="argument of a function that a transform"):
        grad(f)(np.ones(3))
    with pytest.raises(GraphError, match="argument"):
        hessian(f)(np.ones(3))

    def no(x):
        with no_grad():
            x[0] = 1.0
        return x.sum()
    with pytest.raises(GraphError, match="argument"):
        grad(no)(np.ones(3))


def test_variables_from_outside_of_a_transform():
    held, leaf = np.zeros_like(Variable(np.ones(3))), Variable(np.ones(3))

    def f(x):
        held[0] = x[0] * 2.0
        return (held * x).sum()
    assert grad(f)(np.array([3.0, 1.0, 1.0])).tolist() == [12, 0, 0]
    with pytest.raises(GraphError, match="leaf"):
        grad(lambda x: leaf.__setitem__(0, x[0]))(np.ones(3))
    assert leaf.data.tolist() == [1, 1, 1]


def test_keep_data():
    with using_config("keep_data", True):
        x, y = fresh(3)
        y[0] = 2.0
        assert y.creator.inputs[0].data.tolist() == x.data.tolist() and y.creator.inputs[1].data == 2.0


def test_creator_generation_and_name():
    x, y = fresh(3)
    generation = y.generation
    y.name = "y"
    y[0] = x[1] * 2.0
    assert y.generation > generation and y.name == "y" and type(y.creator).__name__ == "Assignment"
    assert [v.shape for v in y.creator.inputs] == [(3,), ()]


def test_subclasses():
    class Mine(Variable):
        pass
    m = Mine(np.ones(3))
    with no_grad():
        m[0] = 3.0
    assert m.data.tolist() == [3, 1, 1] and type(m) is Mine


# ---------------------------------------------------------------- what is refused changes nothing

def kinds():
    x, y = fresh(2, 3)
    return {"recorded": y, "constant": x.detach(), "in place": (x * 1.0)}


REFUSED = {
    "index out of range": (5, 1.0, IndexError, "index 5 is out of bounds for axis 0 with size 2"),
    "too many indices": ((0, 0, 0), 1.0, IndexError, "too many indices"),
    "float as index": (1.5, 1.0, IndexError, "must be of integer"),
    "text as index": ("a", 1.0, IndexError, "must be of integer"),
    "mask of another shape": ([True, False, True], 1.0, IndexError, "boolean index did not match"),
    "shape": (0, np.ones(2), ValueError, r"v is of shape \(2,\), and x\[i\] of shape \(3,\)"),
    "leading axes": (0, np.ones((2, 3)), ValueError, r"\(2, 3\)"),
    "shape of a mask": (np.ones((2, 3), bool), np.ones(5), ValueError, r"\(5,\).*\(6,\)"),
    "complex": (0, 1j, DTypeError, "complex128.*float64"),
    "text": (0, "a", DTypeError, "U1"), "None": (0, None, DTypeError, "object"), "object": (0, [object()], DTypeError, "object"),
    "ragged": (0, [[1], [1, 2]], ValueError, None),
    "masked": (0, np.ma.array([1.0, 2.0, 3.0]), DTypeError, "filled"),
    "no data": (0, Variable(None), TypeError, "without data"),
}


@pytest.mark.parametrize("kind", ["recorded", "constant", "in place"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_assignment_changes_nothing(case, kind):
    index, value, error, words = REFUSED[case]
    y = kinds()[kind]
    before, node, constant = y.data.copy(), y.creator, y.is_constant
    with pytest.raises(error, match=words):
        y[index] = value
    assert np.array_equal(y.data, before) and y.creator is node and y.is_constant == constant
    y[0, 0] = 1.0
    before[0, 0] = 1.0
    assert np.array_equal(y.data, before)


def test_float_into_integers():
    x = Variable(np.arange(3)).detach()
    for value in (1.5, np.ones(3), Variable(np.ones(3))):
        with pytest.raises(DTypeError, match="float64, and x is of dtype int64"):
            x[:] = value
    assert x.data.tolist() == [0, 1, 2]


def test_an_overflow_that_is_raised_changes_nothing():
    x = Variable(np.ones(3, "f4"))
    y = x * 1.0
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        y[:2] = np.array([2.0, 1e300])
    assert y.data.tolist() == [1, 1, 1]


def test_without_data():
    x = Variable(None)
    with pytest.raises(TypeError, match="no data"):
        x[0] = 1.0


def test_read_only_data():
    a = np.arange(3.0)
    a.flags.writeable = False
    c = Variable(a).detach()
    with pytest.raises(ValueError, match="read-only"):
        c[0] = 1.0


def test_deleting_items():
    x, y = fresh(3)
    with pytest.raises(TypeError):
        del y[0]


def test_an_item_of_a_plain_array_is_refused_as_before():
    x, y = fresh(3)
    a = np.zeros(3)
    with pytest.raises((GradientError, ValueError)):
        a[0] = y[0]
    with pytest.raises(GradientError):
        a[:] = y
    assert not a.any()


# ---------------------------------------------------------------- in rules, and where a fault is looked for

def test_a_rule_that_assigns():
    @rule(lambda x: x * x)
    def squared(gy, y, x):
        gx = F.assign(gy * x * 2.0, gy[0] * x[0] * 2.0, 0) if isinstance(gy, Variable) else gy * x * 2.0
        return gx

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(hessian(lambda x: squared(x).sum())(x), np.diag([2.0, 2.0]))


def test_a_rule_whose_derivatives_are_recorded_hides_nothing():
    class Hide(Function):
        def forward(self, x):
            return x * x

        def backward(self, gy):
            x, = self.inputs
            held = np.zeros_like(x)
            held[...] = x
            return gy * 2.0 * held

    x = Variable(np.array([1.0, 2.0]))
    y = Hide()(x).sum()
    with pytest.raises(FirstOrderOnly, match="F.assign"):
        y.backward(create_graph=True)
    Hide()(x).sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_a_rule_may_write_into_its_gradient():
    class Cut(Function):
        def forward(self, x):
            return x * np.array([0.0, 1.0])

        def backward(self, gy):
            gx = gy * 1.0
            gx[0] = 0.0
            return gx

    x = Variable(np.array([3.0, 4.0]))
    assert grad(lambda x: (Cut()(x) * x).sum())(x.data).tolist() == [0, 8]
    np.testing.assert_allclose(hessian(lambda x: (Cut()(x) * x).sum())(x.data), [[0, 0], [0, 2]])


def test_the_gradients_of_others_are_not_written_into():
    """In a walk with a table one array may be the gradient of several nodes."""
    @rule(lambda a, b: a + b)
    def both(gy, y, a, b):
        return gy, gy

    def f(x):
        u, v = x * 2.0, x * 3.0
        y = both(u, v)
        u[0] = 0.0
        v[1] = 0.0
        return both(u, v).sum() + y.sum()

    x = np.ones(600)
    wanted = np.full(600, 10.0)
    wanted[0], wanted[1] = 8.0, 7.0
    assert np.array_equal(grad(f)(x), wanted)
    leaf = Variable(x)
    with detect.detect_anomaly():
        f(leaf).backward()
    assert np.array_equal(leaf.grad, wanted)


def test_retained_gradients_are_not_written_into():
    x, y = fresh(600)
    z = y * 1.0
    y[0] = 0.0
    y.backward(retain_grad=True)
    assert y.grad.tolist() == [1.0] * 600 and x.grad[0] == 0 and z.grad is None


def test_detect_anomaly_names_the_assignment():
    with detect.detect_anomaly():
        x, y = fresh(3)
        with pytest.raises(Exception, match="Assignment.*not finite"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y[0] = np.inf


def test_create_graph():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = x * x
    y[1] = y[0] * y[2]
    (y * y).sum().backward(create_graph=True)
    g = x.grad
    x.cleargrad()
    g.sum().backward()
    a, _, c = x.data

    def f(x):
        y = x * x
        y[1] = y[0] * y[2]
        return (y * y).sum()
    assert x.grad.tolist() == pytest.approx(hessian(f)(x.data).sum(0).tolist()) and a == 1 and c == 3


# ---------------------------------------------------------------- how much it copies

def loop(w, n):
    z = np.zeros_like(w)
    for i in range(1, n):
        z[i] = z[i - 1] * w[i] + 1.0
    return z


@counting
@pytest.mark.parametrize("dtype", ["d", "f", "e", "D", "F"])
def test_arrays_are_copied_only_where_somebody_has_them(dtype):
    x, y = fresh(1000, dtype=dtype)
    y[0] = 1.0
    where = y.data.__array_interface__["data"][0]
    y[1] = 2.0
    y[2] = y[1] * 3.0
    assert y.data.__array_interface__["data"][0] == where
    for have in (lambda: y.data, lambda: y.data[3:], lambda: y.detach(), lambda: memoryview(y.data)):
        held = have()
        y[3] = 5.0
        assert y.data.__array_interface__["data"][0] != where
        where = y.data.__array_interface__["data"][0]
        del held
    square = y * y
    y[4] = 1.0
    assert y.data.__array_interface__["data"][0] != where and square.shape == (1000,)


@compiled
def test_a_loop_takes_the_memory_of_its_values_and_nodes():
    """Beyond nodes and the values assigned, three arrays of the start's size at most."""
    def peak(size, steps=400):
        w = Variable(np.random.default_rng(0).random(size))
        loop(w, 10).sum().backward()
        gc.collect()
        tracemalloc.start()
        z = loop(w, steps)
        z.sum().backward()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    small, large = peak(50_000), peak(150_000)
    assert (large - small) / (100_000 * 8) < 3.01


@counting
def test_a_backward_through_a_loop_writes_in_place(monkeypatch):
    w = Variable(np.random.default_rng(0).random(2000))
    z = loop(w, 2000)
    z.sum().backward()
    wanted = np.zeros(2000)
    carried = 0.0
    values = loop(w.data, 2000)
    for i in range(1999, 0, -1):
        carried = 1.0 + (carried * w.data[i + 1] if i < 1999 else 0.0)
        wanted[i] = carried * values[i - 1]
    np.testing.assert_allclose(w.grad, wanted, rtol=1e-9)


def test_the_old_call_no_longer_has_it_as_its_result():
    x, y = fresh(3)
    old = y.creator
    assert old.outputs[0]() is y
    y[0] = 1.0
    assert old.outputs[0]() is None and y.creator.outputs[0]() is y
    rows = [*(x.reshape(3, 1) * 1.0)]
    call = rows[1].creator
    rows[1][0] = 1.0
    assert [row() is None for row in call.outputs] == [False, True, False]


class Halves(Function):
    """y = x, as a view of another shape"""

    def forward(self, x):
        return x.reshape(2, -1)

    def backward(self, gy):
        return gy.reshape(-1)

    def put(self, *args):
        raise AssertionError("a method of the author's own")


class Halved(Halves):
    @staticmethod
    def assign_operand(x, index, v):
        x[np.arange(x.size).reshape(2, -1)[index]] = v


def test_a_view_is_assigned_through_where_its_op_says_how():
    x = Variable(np.ones(4)) * 1.0
    with pytest.raises(GraphError, match="x.i. = v of a part of another Variable"):
        Halves()(x)[0] = 5.0
    v = Variable(np.array(7.0))
    Halved()(x)[1] = v * 2.0
    assert x.data.tolist() == [1.0, 1.0, 14.0, 14.0]
    (x * np.arange(4.0)).sum().backward()
    assert v.grad == 10.0
