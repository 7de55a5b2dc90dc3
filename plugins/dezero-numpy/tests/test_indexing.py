"""What picks elements: the values of NumPy, derivatives of two orders, and repeated places."""
import dezero.functions as F
import numpy as np
import pytest
from dezero import Variable
from dezero.testing import check_grads


def drawn(*shapes):
    """Return arrays of these shapes."""
    rng = np.random.default_rng(1)
    return [np.asarray(rng.uniform(-2, 2, shape)) for shape in shapes]


def same(got, wanted):
    """Are these the values of NumPy, of its shape and dtype?"""
    for a, b in zip(got, wanted, strict=True) if isinstance(wanted, tuple) else [(got, wanted)]:
        a = a.data if isinstance(a, Variable) else a
        assert (a.shape, a.dtype) == (np.shape(b), b.dtype)
        np.testing.assert_allclose(a, b, 1e-13 if b.dtype == float else 1e-6)


def cube(y):
    """Return y³, of several the first: what the second order can be seen of."""
    y = y[0] if isinstance(y, tuple) else y
    return y * y * y


def check(f, *xs):
    """Compare f of Variables with f of arrays, in two dtypes, and its derivatives with numeric ones."""
    for dtype in (np.float64, np.float32):
        given = [x.astype(dtype) for x in xs]
        same(f(*map(Variable, given)), f(*given))
    check_grads(lambda *vs: cube(f(*vs)), xs)


def gradients(f, *xs):
    """Return the gradients of f by each of its operands."""
    xs = [Variable(np.asarray(x, float)) for x in xs]
    f(*xs).backward()
    return [x.grad.tolist() for x in xs]


# -- by index

@pytest.mark.parametrize("indices, axis", [
    (1, None), (-1, 1), ([0, -1, 5, 0], None), ([[1, -2], [0, 0]], 0), (np.array([], int), 1), ([], None), (True, 0),
    (range(2), -1),
], ids=str)
@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_take(indices, axis, mode):
    check(lambda a: np.take(a, indices, axis, mode=mode), *drawn((2, 3)))
    check(lambda a: a.take(indices, axis, None, mode), *drawn((2, 3)))


@pytest.mark.parametrize("mode", ["wrap", "clip"])
def test_take_beyond_the_ends(mode):
    check(lambda a: np.take(a, [-9, 4, 0, 17], 1, mode=mode), *drawn((2, 3)))
    check(lambda a: np.take(a, [-9, 4, 0, 17], mode=mode), *drawn((2, 3)))


def test_take_of_a_number_and_of_nothing():
    assert gradients(lambda x: np.take(x, [0, -1, 0]), 2.0) == [3.0]
    assert gradients(lambda x: np.take(x, 0), 2.0) == [1.0]
    assert gradients(lambda x: np.take(x, [], 0), np.ones((0, 2))) == [[]]
    assert gradients(lambda x: np.take(x, np.zeros((0,), int)), np.ones(0)) == [[]]


def test_what_was_taken_twice_adds_up():
    assert gradients(lambda x: np.take(x, [1, 1, 0]), [5.0, 6.0, 7.0]) == [[1.0, 2.0, 0.0]]
    assert gradients(lambda x: np.take_along_axis(x, np.array([[1, 1, 0]]), 1), [[5.0, 6.0]]) == [[[1.0, 2.0]]]


@pytest.mark.parametrize("indices, axis, shape", [
    ([[0, -1]], 1, (1, 3)), ([[0, 2, 2, 1], [1, 1, 0, -1]], -1, (2, 3)), ([[0, 1, 1]], 0, (2, 3)), ([[1, 0]] * 4, 1, (1, 3)),
    ([5, 1, -1], None, (2, 3)), ([[[1]], [[0]]], 1, (2, 3, 4)),
], ids=str)
def test_take_along_axis(indices, axis, shape):
    check(lambda a: np.take_along_axis(a, np.array(indices), axis), *drawn(shape))


def test_an_order_of_its_own():
    check(lambda a: np.take_along_axis(a, np.argsort(a, 0), 0), *drawn((3, 2)))


@pytest.mark.parametrize("call", [
    lambda x: np.take(x, 6), lambda x: x.take([0, 5], 0), lambda x: x.take([-4], 1), lambda x: np.compress([1, 1, 1], x, 0),
    lambda x: np.take_along_axis(x, np.array([[3]]), 1),
])
def test_an_index_beyond_the_ends_is_refused(call):
    with pytest.raises(IndexError):
        call(Variable(np.ones((2, 3))))


def test_indices_are_what_they_were_at_the_call():
    x, indices = Variable(np.ones(3)), np.array([0, 0])
    y = np.take(x, indices)
    indices[:] = 2
    y.backward()
    assert x.grad.tolist() == [2.0, 0.0, 0.0]


@pytest.mark.parametrize("call", [
    lambda x, i: np.take(x, i), lambda x, i: x.take(i, 1), lambda x, i: np.take(x, [i[0], 1], 0), lambda x, i: F.take(x, indices=i, axis=1),
    lambda x, i: np.take_along_axis(x, i[:, None], 1), lambda x, i: np.repeat(x, i, 0), lambda x, i: x.repeat(i[0]),
    lambda x, i: np.delete(x, i[:1], 1), lambda x, i: np.delete(x, i[0]), lambda x, i: np.insert(x, i, 9.0, 1),
    lambda x, i: np.split(x, i[:1], 1)[1], lambda x, i: np.array_split(x, i[0], 1)[0], lambda x, i: np.hsplit(x, i[:1])[0],
])
@pytest.mark.parametrize("kind", ["leaf", "constant"])
def test_a_variable_of_integers_is_an_index(kind, call):
    data = np.array([1, 2])
    i = Variable(data) if kind == "leaf" else Variable(data).detach()
    x, z = (Variable(np.arange(6.0).reshape(2, 3)) for _ in range(2))
    y = call(x, i)
    wanted = call(z, np.array([1, 2]))
    data[:] = 0                                                             # it is what it was at the call
    same(y, wanted.data)
    weights = np.arange(1.0, 1.0 + y.size).reshape(y.shape)
    y.backward(gradient=weights)
    wanted.backward(gradient=weights)
    np.testing.assert_array_equal(x.grad, z.grad)
    assert i.grad is None


@pytest.mark.parametrize("call", [
    lambda x, i: np.take(x, i), lambda x, i: np.take_along_axis(x, i[:, None], 1), lambda x, i: np.repeat(x, i, 0),
    lambda x, i: np.delete(x, i, 1), lambda x, i: np.insert(x, i, 9.0, 1),
])
def test_a_variable_of_floats_is_no_index(call):
    with pytest.raises((TypeError, IndexError)):
        call(Variable(np.arange(6.0).reshape(2, 3)), Variable(np.array([1.0, 2.0])))


def test_ix_of_floats_has_gradients():
    check(lambda a, b: np.ix_(a, b)[0] * np.ix_(a, b)[1], *drawn((3,), (2,)))
    check(lambda a: np.ix_(a, [True, False, True], np.array([2, 0]))[0] ** 2, *drawn((3,)))
    check(lambda a: np.ix_([1, 0], a)[1] ** 2, *drawn((4,)))
    assert gradients(lambda x: np.sum(np.ix_(x, x)[0] * np.ix_(x, x)[1]), [1.0, 2.0, 3.0]) == [[12.0, 12.0, 12.0]]
    np.testing.assert_array_equal(np.ix_(Variable(np.ones(2)), [True, False, True])[1], [[0, 2]])
    with pytest.raises(ValueError, match="Cross index must be 1 dimensional"):
        np.ix_(Variable(np.ones((2, 2))))


# -- by condition

@pytest.mark.parametrize("condition, axis", [([1, 0, 1], 1), ([True], 0), ([False, False], 0), ([0, 1, 0, 1], None)], ids=str)
def test_compress(condition, axis):
    check(lambda a: np.compress(condition, a, axis), *drawn((2, 3)))
    check(lambda a: a.compress(condition, axis), *drawn((2, 3)))


def test_extract():
    check(lambda a: np.extract(a > 0, a), *drawn((2, 3)))


# -- by choice

@pytest.mark.parametrize("mode, numbers", [
    ("raise", [[0, 1, 2], [2, 1, 0]]), ("wrap", [[-4, 8, 2], [3, 1, -1]]), ("clip", [[-4, 8, 2], [3, 1, -1]])])
def test_choose(mode, numbers):
    numbers = np.array(numbers)
    check(lambda a, b: np.choose(numbers, [a, b, a * b], mode=mode), *drawn((2, 3), (3,)))
    check(lambda a: np.choose(numbers * 0, [a], mode=mode), *drawn((3,)))


def test_choose_among_rows_and_numbers():
    check(lambda a: np.choose([1, 0, 1], a), *drawn((2, 3)))
    check(lambda a: np.choose([[True], [False]], [a, 2.0]), *drawn((3,)))
    same(Variable(np.array([1, 0])).choose([np.ones(2), 5.0]), np.array([5.0, 1.0]))
    assert gradients(lambda a, b: np.choose([0, 1, 1], [a, b]), [1.0, 2.0, 3.0], 4.0) == [[1.0, 0.0, 0.0], 2.0]


@pytest.mark.parametrize("numbers, error", [([0, 2], ValueError), ([-1, 0], ValueError), ([0.0, 1.0], TypeError)], ids=str)
def test_what_is_no_choice(numbers, error):
    for x in (np.ones(2), Variable(np.ones(2))):
        with pytest.raises(error):
            np.choose(numbers, [x, x])


def test_select():
    check(lambda a, b: np.select([a < 0, a < 1], [a * b, b]), *drawn((2, 3), (3,)))
    check(lambda a: np.select([a < 0, a < 1], [a, 1.0], 2), *drawn((2, 3)))
    check(lambda a: np.select([a < 0, a < 1], [a, [1, 2, 3]], np.float32(2)), *drawn((2, 3)))
    check(lambda a, b: np.select([b > 0], [a], b), *drawn((), (2, 2)))


def test_the_first_condition_selects():
    conditions = [[True, False, False], [True, True, False]]
    assert gradients(lambda a, b: np.select(conditions, [a, b]), np.ones(3), np.ones(3)) == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


@pytest.mark.parametrize("call, error", [
    (lambda x: np.select([x > 0], [x, x]), ValueError), (lambda x: np.select([[1, 0]], [x]), TypeError),
    (lambda x: np.compress([[True, False]], x), ValueError),
    (lambda x: np.piecewise(x, [x > 0], [1, 2, 3]), ValueError), (lambda x: np.piecewise(x, [x > 0, x < 0], [1]), ValueError),
    (lambda x: np.apply_along_axis(np.sum, 1, x[:, None][:0]), ValueError),
    (lambda x: np.apply_over_axes(lambda v, i: v.sum(), x[None], 0), ValueError),
])
def test_what_numpy_refuses_is_refused(call, error):
    for x in (np.ones(2), Variable(np.ones(2))):
        with pytest.raises(error):
            call(x)


def test_piecewise():
    check(lambda a: np.piecewise(a, [a < -1, a > 0], [lambda v: v * v, lambda v: v ** 3]), *drawn((2, 3)))
    check(lambda a: np.piecewise(a, [a < 0, a > 0.5], [2.0, lambda v, k: v * k, lambda v, k: v.sum() * k], k=3), *drawn((2, 3)))
    check(lambda a: np.piecewise(a, a < 0, [lambda v, k: k * v, lambda v, k: v * v], 5), *drawn((5,)))
    check(lambda a: np.piecewise(a, [[True, False]], [lambda v: -v, lambda v: v * v]), *drawn((2, 3)))
    check(lambda a: np.piecewise(a, [a < 10], [lambda v: v * v, 1]), *drawn(()))


def test_the_last_condition_has_its_piece():
    x = [1.0, 2.0, 3.0]
    assert gradients(lambda a: np.piecewise(a, [a > 0, a > 1], [lambda v: 3 * v, lambda v: 5 * v]), x) == [[3.0, 5.0, 5.0]]


def test_steps_are_constant():
    x, = drawn((2, 3))
    y = np.piecewise(Variable(x), [x > 0], [1.0, -1.0])
    same(y, np.piecewise(x, [x > 0], [1.0, -1.0]))
    assert y.is_constant
    same(np.piecewise(Variable(np.array([1, 2])), [[True, False]], [lambda v: v * 0.5, 7.9]), np.array([0, 7]))


def test_a_piece_is_computed_where_it_holds():
    with np.errstate(all="raise"):
        assert gradients(lambda a: np.piecewise(a, [a > 0], [np.log, 0.0]), [-1.0, 0.0, 2.0]) == [[0.0, 0.0, 0.5]]


# -- the different elements

def test_unique():
    check(np.unique, *drawn((2, 3)))
    check(lambda a: np.unique(a, True, True, True), *drawn((4,)))
    check(lambda a: np.unique(a, return_counts=True), *drawn((4,)))
    with pytest.raises(TypeError, match="axis"):
        np.unique(Variable(np.ones((2, 2))), axis=0)


def test_equal_elements_share():
    assert gradients(np.unique, [[3.0, 1.0], [3.0, 3.0]]) == [[[1 / 3, 1.0], [1 / 3, 1 / 3]]]
    x = Variable(np.array([np.nan, 1.0, np.nan]))
    y, counts = np.unique(x, return_counts=True)
    y.backward(gradient=np.array([1.0, 2.0]))
    assert (counts.tolist(), x.grad.tolist()) == ([1, 2], [1.0, 1.0, 1.0])
    assert np.unique(x, equal_nan=False).shape == np.unique_values(x).shape[:1] == (3,)


@pytest.mark.parametrize("f", [np.unique_all, np.unique_counts, np.unique_inverse])
def test_unique_with_names(f):
    x, = drawn((2, 3))
    x[1, 2] = x[0, 0]
    wanted, got = f(x), f(Variable(x))
    order = np.argsort(wanted.values)       # NumPy does not promise that of the values
    assert type(got) is type(wanted) and type(got.values) is Variable
    np.testing.assert_array_equal(got.values.data, wanted.values[order])
    if f is not np.unique_inverse:
        np.testing.assert_array_equal(got.counts, wanted.counts[order])
    if f is not np.unique_counts:
        np.testing.assert_array_equal(got.values.data[got.inverse_indices], x)
    if f is np.unique_all:
        np.testing.assert_array_equal(x.ravel()[got.indices], got.values.data)


@pytest.mark.parametrize("f", [np.union1d, np.setdiff1d, np.setxor1d])
def test_sets(f):
    check(f, *drawn((2, 3), (2,)))
    same(f(Variable(np.array([3.0, 1.0, 3.0])), [2.0, 1.0]), f([3.0, 1.0, 3.0], [2.0, 1.0]))
    same(f([2.0, 1.0], Variable(np.array([3.0, 1.0, 3.0]))), f([2.0, 1.0], [3.0, 1.0, 3.0]))


def test_gradients_of_sets():
    assert gradients(lambda a: np.setdiff1d(a, [2.0]), [1.0, 2.0, 1.0]) == [[0.5, 0.0, 0.5]]
    assert gradients(np.union1d, [1.0, 2.0], [2.0, 3.0]) == [[1.0, 0.5], [0.5, 1.0]]
    assert gradients(np.setxor1d, [1.0, 2.0], [2.0, 3.0]) == [[1.0, 0.0], [0.0, 1.0]]
    assert gradients(np.intersect1d, [1.0, 2.0, 2.0], [2.0, 3.0]) == [[0.0, 0.25, 0.25], [0.5, 0.0]]


def test_intersect1d():
    a, b = np.array([3.0, 1.0, 3.0, 1.7e308, np.nan]), np.array([1.7e308, 3.0, np.nan])
    for f in (np.intersect1d, np.setdiff1d, np.setxor1d, np.union1d):
        same(f(Variable(a), b), f(a, b))
    same(np.intersect1d(Variable(a), b, return_indices=True), np.intersect1d(a, b, return_indices=True))
    for f in (np.intersect1d, np.setdiff1d, np.setxor1d):
        with pytest.raises(TypeError, match="assume_unique"):
            f(Variable(a), b, assume_unique=True)


# -- piece by piece

@pytest.mark.parametrize("axis", [0, 1, -1])
def test_apply_along_axis(axis):
    check(lambda a: np.apply_along_axis(lambda row: row.sum() * row[0], axis, a), *drawn((2, 3, 2)))
    check(lambda a: np.apply_along_axis(lambda row: row[::-1] * row, axis, a), *drawn((2, 3, 2)))
    check(lambda a: np.apply_along_axis(lambda row, k: row[:, None] * row[:2] * k, axis, a, k=2), *drawn((2, 3, 2)))


def test_apply_over_axes():
    check(lambda a: np.apply_over_axes(np.sum, a * a, [0, -1]), *drawn((2, 3, 2)))
    check(lambda a: np.apply_over_axes(lambda v, axis: np.sum(v, axis, keepdims=True), a, 1), *drawn((2, 3)))


# -- what is constant

def test_indices_are_plain_arrays():
    x = Variable(np.array([[0.0, 2.0], [1.0, 0.0]]))
    for got, wanted in (
        (np.argwhere(x), np.argwhere(x.data)), (np.flatnonzero(x), [1, 2]),
        (np.tril_indices_from(x), np.tril_indices_from(x.data)), (np.triu_indices_from(x), np.triu_indices_from(x.data)),
        (np.diag_indices_from(x), np.diag_indices_from(x.data)), (np.ix_(Variable(np.array([1, 0])), [1]), np.ix_([1, 0], [1])),
    ):
        for a, b in zip(got, wanted, strict=True):
            assert type(a) is not Variable
            np.testing.assert_array_equal(a, b)


def test_lists_of_numbers_are_operands():
    assert F.take([1.0, 2.0], 1).data == 2.0
    same(F.compress([0, 1], [1.0, 2.0]), np.array([2.0]))
    same(F.select([np.array([True])], [2.0]), np.array([2.0]))
    same(F.intersect1d([1, 2, 3], [3, 2]), np.array([2, 3]))
