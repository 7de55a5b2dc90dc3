"""Joining, parting, turning, repeating, padding: the values of NumPy, in its containers, and derivatives of two orders."""
import dezero.functions as F
import numpy as np
import pytest
from dezero import Variable
from dezero.errors import DTypeError
from dezero.testing import check_grads
from dezero_numpy.claims import CLAIMS


def drawn(*shapes):
    """Return arrays of these shapes."""
    rng = np.random.default_rng(0)
    return [np.asarray(rng.uniform(-2, 2, shape)) for shape in shapes]


def same(got, wanted):
    """Are these the values of NumPy, of its shape and dtype, and in its containers?"""
    if isinstance(wanted, (tuple, list)):
        assert type(got) is type(wanted) and len(got) == len(wanted)
        for a, b in zip(got, wanted):
            same(a, b)
        return
    got = got.data if isinstance(got, Variable) else got
    assert (got.shape, got.dtype) == (np.shape(wanted), wanted.dtype)
    np.testing.assert_allclose(got, wanted, 1e-13 if wanted.dtype == float else 1e-5, 1e-13 if wanted.dtype == float else 1e-5)


def cubes(y):
    """Return y³, of several each times another number: what the second order can be seen of."""
    return tuple([i * z * z * z for i, z in enumerate(y, 1)]) if isinstance(y, (tuple, list)) else y * y * y


def check(f, *xs):
    """Compare f of Variables with f of arrays, in two dtypes, and its derivatives with numeric ones."""
    for dtype in (np.float64, np.float32):
        given = [x.astype(dtype) for x in xs]
        same(f(*map(Variable, given)), f(*given))
    check_grads(lambda *vs: cubes(f(*vs)), xs)


def gradient(f, x):
    """Return the gradient of the sum of all results of f."""
    x = Variable(np.asarray(x, float))
    ys = f(x)
    for y in ys if isinstance(ys, (tuple, list)) else [ys]:
        y.backward()
    return x.grad.tolist()


# -- joining

@pytest.mark.parametrize("join", [np.vstack, np.hstack, np.dstack, np.column_stack, np.stack, np.concatenate])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 1, 3)])
def test_joined(join, shape):
    check(lambda a, b: join([a, b, a]), *drawn(shape, shape))
    check(lambda a: join(a), *drawn((2, *shape)))


@pytest.mark.parametrize("join", [np.vstack, np.hstack, np.dstack, np.column_stack])
def test_numbers_are_joined(join):
    check(lambda a: join([a, 1.0]), *drawn(()))


def test_columns_of_two_kinds():
    check(lambda a, b: np.column_stack([a, b, [1.0, 2.0]]), *drawn((2,), (2, 3)))


def test_without_an_axis_all_is_one_row():
    check(lambda a, b: np.concatenate([a, b], axis=None), *drawn((2, 3), ()))


@pytest.mark.parametrize("layout", [
    lambda a, b, c: a,
    lambda a, b, c: [a, a],
    lambda a, b, c: [[a, b[:, None]], [c, np.ones(1, c.dtype)]],
    lambda a, b, c: [[[a], [a]], [[a], [a]]],
    lambda a, b, c: [[a[None], a[None]], [c, c]],
], ids=range(5))
def test_block(layout):
    check(lambda a, b, c: np.block(layout(a, b, c)), *drawn((2, 3), (2,), (3,)))


@pytest.mark.parametrize("arrays, error", [
    (lambda x: [[x], x], ValueError), (lambda x: [[x], []], ValueError), (lambda x: [(x, x)], TypeError)])
def test_what_is_no_block(arrays, error):
    x = Variable(np.ones(2))
    with pytest.raises(error):
        np.block(arrays(x))
    with pytest.raises(error):
        F.block(arrays(x))


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_append(axis):
    check(lambda a, b: np.append(a, b, axis), *drawn((2, 2), (2, 2)))


def test_a_list_that_holds_variables_is_an_operand_of_a_composite():
    check_grads(lambda x, y, b: np.append([x, y], b), drawn((), (), (2,)))
    check_grads(lambda x, y, b: np.append([[x, 1.0], [y, y]], b, 1), drawn((), (), (2, 2)))
    check_grads(lambda x, y, b: np.trapezoid(b, [x, 0.5, y]), drawn((), (), (3,)))



@pytest.mark.parametrize("obj", [0, -1, 3, [1], [0, 2], [2, 2], slice(0, 2), np.array([True, False, True])], ids=str)
def test_insert_and_delete(obj):
    check(lambda a, b: np.insert(a, obj, b, axis=1), *drawn((2, 3), (2, 1) if np.ndim(obj) or isinstance(obj, slice) else (2,)))
    check(lambda a, b: np.insert(a, obj, b), *drawn((3,), ()))
    if obj != 3 if isinstance(obj, int) else True:
        check(lambda a: np.delete(a, obj, axis=1), *drawn((2, 3)))
        check(lambda a: np.delete(a, obj), *drawn((3, 1)))


def test_numbers_are_inserted_into_integers_as_integers():
    y = np.insert(Variable(np.array([1, 2])), 1, 7.9)
    assert (y.data.tolist(), y.dtype.kind) == ([1, 7, 2], "i")


@pytest.mark.parametrize("call", [
    lambda x: np.concatenate([x, x], dtype="f4"), lambda x: np.stack([x, x], dtype="f4"), lambda x: np.vstack([x, x], dtype="f4"),
    lambda x: np.hstack([x, x], dtype="f4"),
])
def test_no_dtype_is_ignored(call):
    with pytest.raises(TypeError, match="dtype"):
        call(Variable(np.ones((2, 2))))


# -- parting

@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("places", [1, 2, 4, [1, 3], [0, 9], [3, 1], [-1], []], ids=str)
def test_split(places, axis):
    check(lambda a: np.split(a, places, axis), *drawn((4, 4)))


@pytest.mark.parametrize("sections", [1, 2, 3, 5, 9])
def test_array_split(sections):
    check(lambda a: np.array_split(a, sections), *drawn((7,)))
    check(lambda a: np.array_split(a, sections, axis=1), *drawn((2, 7)))


@pytest.mark.parametrize("f, shape", [
    (np.hsplit, (2,)), (np.hsplit, (3, 2)), (np.vsplit, (2, 3)), (np.dsplit, (2, 3, 2)), (np.vsplit, (4, 1, 2))])
def test_split_along_a_certain_axis(f, shape):
    check(lambda a: f(a, 2), *drawn(shape))
    check(lambda a: f(a, [1]), *drawn(shape))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_unstack(axis):
    check(lambda a: np.unstack(a, axis=axis), *drawn((2, 3, 2)))


@pytest.mark.parametrize("call", [
    lambda x: np.split(x, 4), lambda x: np.array_split(x, 0), lambda x: np.array_split(x, -1), lambda x: np.dsplit(x, 1),
    lambda x: np.vsplit(x[0], 1), lambda x: np.hsplit(x[0, 0], 1), lambda x: np.unstack(x[0, 0]), lambda x: np.fliplr(x[0]),
    lambda x: np.flipud(x[0, 0]), lambda x: np.rot90(x, axes=(0, 0)), lambda x: np.rollaxis(x, 0, 4),
    lambda x: np.resize(x, (-1, 2)), lambda x: np.meshgrid(x[0], indexing="yx"), lambda x: np.trim_zeros(x, "x"),
    lambda x: np.tile(x, -1), lambda x: np.repeat(x, -1),
    lambda x: np.insert(x, 9, 1.0), lambda x: np.delete(x, 9), lambda x: np.concatenate([x, x[0]]), lambda x: np.diag(x[None]),
    lambda x: np.hstack([]) if isinstance(x, np.ndarray) else F.hstack([]),
])
def test_what_numpy_refuses_is_refused(call):
    with pytest.raises((ValueError, IndexError)):
        call(np.ones((2, 3)))
    with pytest.raises((ValueError, IndexError)):
        call(Variable(np.ones((2, 3))))


def test_a_part_costs_backward_that_part():
    """A thousand parts have one gradient between them: no array of the whole is made for each."""
    import tracemalloc

    x = Variable(np.ones((1000, 1000)))
    parts = np.split(x, 1000)
    y = sum([(part * part).sum() for part in parts], 0.0)
    tracemalloc.start()
    y.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * x.data.nbytes and (x.grad == 2).all()


# -- turning

@pytest.mark.parametrize("f", [np.flip, np.fliplr, np.flipud])
def test_flipped(f):
    check(f, *drawn((2, 3)))
    check(f, *drawn((2, 3, 2)))


@pytest.mark.parametrize("k", range(-3, 6))
def test_rot90(k):
    check(lambda a: np.rot90(a, k), *drawn((2, 3)))
    check(lambda a: np.rot90(a, k, (2, -3)), *drawn((2, 3, 4)))


@pytest.mark.parametrize("shift, axis", [(2, None), (-7, 1), ((1, -2), (0, 1)), ([1, 3], 0), (1, (0, 0)), (np.int64(5), -1)])
def test_roll(shift, axis):
    check(lambda a: np.roll(a, shift, axis), *drawn((2, 3)))


@pytest.mark.parametrize("axis", range(-3, 3))
@pytest.mark.parametrize("start", range(-3, 4))
def test_rollaxis(axis, start):
    x, = drawn((2, 3, 4))
    same(np.rollaxis(Variable(x), axis, start), np.rollaxis(x, axis, start))
    w = np.arange(24.0).reshape(np.rollaxis(x, axis, start).shape)
    x = Variable(x)
    np.rollaxis(x, axis, start).backward(gradient=w)
    np.testing.assert_array_equal(np.rollaxis(x.grad, axis, start), w)


# -- other shapes

@pytest.mark.parametrize("f", [np.atleast_1d, np.atleast_2d, np.atleast_3d])
@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (2, 1, 3), (1, 2, 1, 2)])
def test_atleast(f, shape):
    check(f, *drawn(shape))
    check(lambda a, b: f(a, b, 1.0), *drawn(shape, (2,)))


def test_broadcast_arrays():
    check(lambda a, b: np.broadcast_arrays(a, b, 2.0), *drawn((3,), (2, 1)))
    check(np.broadcast_arrays, *drawn((3,)))
    with pytest.raises(TypeError, match="subok"):
        np.broadcast_arrays(Variable(np.ones(2)), subok=True)


@pytest.mark.parametrize("how", [
    {}, {"sparse": True}, {"indexing": "ij"}, {"indexing": "ij", "sparse": True}, {"copy": False}], ids=str)
@pytest.mark.parametrize("shapes", [((2,),), ((2,), (3,)), ((2,), (3,), (2,)), ((), (2,))], ids=str)
def test_meshgrid(shapes, how):
    def grid(*xs):
        y = np.meshgrid(*xs, **how)
        return y if isinstance(xs[0], Variable) or how.get("copy", True) else tuple(y)      # a list, where NumPy does not copy
    check(grid, *drawn(*shapes))


@pytest.mark.parametrize("shape", [4, (2, 7), (0, 2), (), (3, 3)], ids=str)
def test_resize(shape):
    check(lambda a: np.resize(a, shape), *drawn((2, 3)))


def test_resize_of_nothing_is_zeros():
    same(np.resize(Variable(np.ones(0)), (2, 2)), np.resize(np.ones(0), (2, 2)))


@pytest.mark.parametrize("trim", ["f", "b", "fb", "BF"])
@pytest.mark.parametrize("x", [[0, 0, 1, 0, 2, 0], [3], [0, 0], [], [[0, 0, 0], [0, 1, 0]], [[0, 0], [0, 0]], 3], ids=str)
def test_trim_zeros(x, trim):
    x = np.array(x, float)
    for axis in (None, -1) if x.ndim else (None,):
        wanted = np.trim_zeros(x, trim, axis=axis)
        same(np.trim_zeros(Variable(x), trim, axis=axis), wanted)
        ones = np.array(gradient(lambda v: np.trim_zeros(v, trim, axis=axis), x))
        assert ones.sum() == wanted.size and (ones[x != 0] == 1).all()


# -- over and over

@pytest.mark.parametrize("repeats, axis", [
    (2, None), ([2], 0), (0, 1), (7, -1), ([1, 2, 0], -1), (np.array([1, 2]), 0), (range(6), None)], ids=str)
def test_repeat(repeats, axis):
    check(lambda a: np.repeat(a, repeats, axis), *drawn((2, 3)))
    check(lambda a: a.repeat(repeats, axis), *drawn((2, 3)))


@pytest.mark.parametrize("reps", [2, (2, 1), (1, 2, 2), (), (0, 1), np.array([2, 2])], ids=str)
@pytest.mark.parametrize("shape", [(2, 3), (), (0, 2)], ids=str)
def test_tile(shape, reps):
    x, = drawn(shape)
    check(lambda a: np.tile(a, reps), x) if x.size else same(np.tile(Variable(x), reps), np.tile(x, reps))


def test_copies_add_up():
    assert gradient(lambda x: np.repeat(x, 3), 1.0) == 3.0
    assert gradient(lambda x: np.repeat(x, [2, 0, 1]), [1.0, 2.0, 3.0]) == [2.0, 0.0, 1.0]
    assert gradient(lambda x: np.tile(x, (2, 3)), [1.0, 2.0]) == [6.0, 6.0]
    assert gradient(lambda x: np.tile(x, 0), [1.0, 2.0]) == [0.0, 0.0]
    assert gradient(lambda x: np.repeat(x, 2, axis=0), np.zeros((0, 2))) == []


# -- a border

WIDTHS = 1, (1, 2), ((1, 0), (2, 3)), ((2,), (0,)), 0, ((4, 7), (9, 8))


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("how", [
    {}, {"constant_values": ((1.0, 2.0), (3.0, 4.0))}, {"mode": "edge"}, {"mode": "reflect"}, {"mode": "wrap"},
    {"mode": "symmetric", "reflect_type": "even"}, {"mode": "linear_ramp"},
    {"mode": "linear_ramp", "end_values": ((1.0, 2.0), (3.0, 4.0))},
    {"mode": "mean"}, {"mode": "mean", "stat_length": ((1, 2), (2, 9))}, {"mode": "median", "stat_length": 2}, {"mode": "maximum"},
    {"mode": "minimum", "stat_length": (1, 2)},
], ids=str)
def test_pad(widths, how):
    check(lambda a: np.pad(a, widths, **how), *drawn((2, 3)))


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp"])
def test_pad_of_little(mode):
    check(lambda a: np.pad(a, ((1, 2), (3, 0)), mode), *drawn((1, 1)))
    check(lambda a: np.pad(a, 2, mode), *drawn(()))
    nothing = np.ones((0, 2))
    same(np.pad(Variable(nothing), ((0, 0), (1, 1)), mode), np.pad(nothing, ((0, 0), (1, 1)), mode))


def test_pad_by_a_table_of_axes():
    x, = drawn((2, 3))
    for mode in ("constant", "edge"):
        same(np.pad(Variable(x), {-1: (1, 2), 0: 1}, mode), np.pad(x, ((1, 1), (1, 2)), mode))


@pytest.mark.parametrize("how, error, words", [
    ({"mode": "empty"}, TypeError, "mode='empty'"), ({"mode": print}, TypeError, "mode="),
    ({"mode": "reflect", "reflect_type": "odd"}, TypeError, "reflect_type='odd'"), ({"mode": "no"}, TypeError, "mode='no'"),
    ({"mode": "edge", "end_values": 1}, ValueError, "end_values"), ({"end_values": 1}, TypeError, "end_values"),
    ({"mode": "mean", "end_values": 1}, TypeError, "end_values"),
    ({"mode": "linear_ramp", "stat_length": 1}, TypeError, "stat_length"),
], ids=str)
def test_no_argument_of_pad_is_ignored(how, error, words):
    with pytest.raises(error, match=words):
        np.pad(Variable(np.ones((2, 3))), 1, **how)


@pytest.mark.parametrize("mode", ["constant", "edge", "linear_ramp", "mean"])
def test_widths_are_whole_and_not_negative(mode):
    with pytest.raises(ValueError, match="negative|axis"):
        np.pad(Variable(np.ones(3)), -1, mode)
    with pytest.raises(TypeError):
        np.pad(Variable(np.ones(3)), 1.0, mode)


def test_what_would_be_rounded_is_refused():
    x = Variable(np.array([1, 2]))
    assert np.pad(x, 1, "wrap").data.tolist() == [2, 1, 2, 1]
    for mode in ("linear_ramp", "mean"):
        with pytest.raises(TypeError, match=mode):
            np.pad(x, 1, mode)


def test_only_constant_extends_what_is_empty():
    x = Variable(np.ones((0, 2)))
    assert np.pad(x, 1).data.tolist() == np.zeros((2, 4)).tolist()
    with pytest.raises(ValueError, match="axis 0"):
        np.pad(x, 1, "mean")


# -- diagonals and triangles

@pytest.mark.parametrize("k", [-4, -1, 0, 1, 2])
def test_diagonals_and_triangles(k):
    check(lambda a: np.diag(a, k), *drawn((3,)))
    check(lambda a: np.diagflat(a, k), *drawn((2, 2)))
    for shape in ((3, 3), (2, 4), (4, 2)):
        check(lambda a: np.tril(a, k), *drawn(shape))
        check(lambda a: np.triu(a, k), *drawn((2, *shape)))
        if -shape[0] < k < shape[1]:
            check(lambda a: np.diag(a, k), *drawn(shape))
            check(lambda a: a.trace(k), *drawn(shape))
    check(lambda a: np.triu(a, k), *drawn((3,)))


@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (0, 2), (-1, 0), (1, -1), (3, 1), (2, 3)], ids=str)
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_diagonal_of_two_axes(offset, axes):
    check(lambda a: a.diagonal(offset, *axes), *drawn((2, 3, 4, 2)))
    check(lambda a: np.trace(a, offset, *axes), *drawn((2, 3, 4, 2)))


def test_a_diagonal_outside_is_empty():
    assert np.diagonal(Variable(np.ones((2, 2))), 5).shape == (0,)
    assert gradient(lambda x: np.trace(x, 5), np.ones((2, 2))) == [[0.0, 0.0], [0.0, 0.0]]


def test_trace_of_integers_and_in_another_dtype():
    same(np.trace(Variable(np.eye(2, dtype="i4"))), np.trace(np.eye(2, dtype="i4")))
    assert np.trace(Variable(np.eye(2, dtype="f4")), dtype=float).dtype == float
    with pytest.raises(TypeError, match="dtype"):
        np.trace(Variable(np.eye(2)), dtype=int)


# -- the same elements in the same places

def test_copy():
    x, = drawn((2, 3))
    check(np.copy, x)
    check(lambda a: a.copy(), x)
    assert np.copy(Variable(x), order="F").data.flags.f_contiguous and Variable(x.T).copy().data.flags.c_contiguous
    with pytest.raises(TypeError, match="subok"):
        np.copy(Variable(x), subok=True)


@pytest.mark.parametrize("cast", [lambda x, dtype: x.astype(dtype), np.astype], ids=["method", "function"])
def test_astype(cast):
    x = Variable(np.array([1.5, -2.5]))
    y = cast(x, "f4")
    assert (y.dtype, y.data.tolist()) == (np.float32, [1.5, -2.5])
    (y * y).backward()
    assert (x.grad.dtype, x.grad.tolist()) == (float, [3.0, -5.0])
    x = Variable(np.array([1.5, -2.5], "f4"))
    check_grads(lambda v: cubes(cast(v, "f8")), (x.data,))
    cast(x, "f8").backward()
    assert x.grad.dtype == np.float32
    x = Variable(np.array([1, 2]))
    cast(x, float).backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_integers_and_booleans_are_locally_constant():
    x = Variable(np.array([1.5, 0.0]))
    for y, wanted in ((x.astype(int), [1, 0]), (np.astype(x, bool), [True, False])):
        assert type(y) is np.ndarray and y.tolist() == wanted


def test_complex_has_no_gradient_yet():
    y = Variable(np.ones(2)).astype(complex)
    with pytest.raises(DTypeError):
        y.backward()


@pytest.mark.parametrize("dtype", [object, str, "m8[s]"])
def test_what_is_no_number_is_refused(dtype):
    with pytest.raises(TypeError, match="x.data.astype"):
        Variable(np.ones(2)).astype(dtype)


def test_the_arguments_of_astype():
    x = Variable(np.ones(2))
    assert x.astype(float, copy=False) is x and x.astype(float) is not x
    with pytest.raises(TypeError, match="casting='safe'"):
        x.astype("f4", casting="safe")
    with pytest.raises(TypeError, match="order"):
        x.astype("f4", order="F")


@pytest.mark.parametrize("module", ["dezero_numpy.shapes", "dezero_numpy.indexing"])
def test_methods_are_those_of_arrays(module):
    x, in_place = Variable(np.ones(2)), "resize"
    for name in CLAIMS[module]:
        assert hasattr(x, name) == (hasattr(x.data, name) and name != in_place), name


@pytest.mark.parametrize("axes", [None, 0, (1, 0), -1])
def test_frequencies_in_the_middle(axes):
    a = np.arange(15.0).reshape(3, 5)
    for f in (np.fft.fftshift, np.fft.ifftshift):
        x = Variable(a)
        y = f(x, axes)
        y.backward(gradient=f(a, axes))
        np.testing.assert_array_equal(y.data, f(a, axes))
        np.testing.assert_array_equal(x.grad, a)


@pytest.mark.parametrize("shape, window, how", [
    ((5,), 3, {}), ((5,), 5, {}), ((4, 3), (2, 3), {}), ((4, 3), 2, {"axis": 0}), ((4, 3), (2, 2), {"axis": (1, -2)}),
    ((6,), (2, 3), {"axis": (0, 0)}), ((2, 5), 2, {"axis": -1}),
], ids=str)
def test_sliding_window_view(shape, window, how):
    check(lambda x: np.lib.stride_tricks.sliding_window_view(x, window, **how), *drawn(shape))


def test_sliding_window_view_adds_up_what_each_window_sends():
    x = np.arange(1.0, 6.0)
    assert gradient(lambda x: np.lib.stride_tricks.sliding_window_view(x, 3).sum(), x) == [1, 2, 3, 2, 1]
    assert gradient(lambda x: np.lib.stride_tricks.sliding_window_view(x, 3) @ np.array([2.0, 0.0, 5.0]), x) == [2, 2, 7, 5, 5]
    with pytest.raises(ValueError, match="window shape cannot be larger"):
        np.lib.stride_tricks.sliding_window_view(Variable(x), 6)
    with pytest.raises(TypeError, match="writeable=.*is not supported"):
        np.lib.stride_tricks.sliding_window_view(Variable(x), 3, writeable=True)
