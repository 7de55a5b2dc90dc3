"""y = Σ a over axes;   ∂y/∂a = 1 (the gradient is broadcast back)"""

import inspect

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import LAYOUTS, assert_gradient, assert_same, laid_out

import dezero
import dezero.functions as F
from dezero import Variable
from dezero.registry import registry

AXES = [None, 0, 1, 2, -1, -3, (0,), (0, 1), (0, 2), (-1, 0), (0, 1, 2), ()]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes(rng, axis, keepdims):
    a = rng.normal(size=(2, 3, 4))
    x = Variable(a)
    y = x.sum(axis=axis, keepdims=keepdims)
    want = np.asarray(a.sum(axis=axis, keepdims=keepdims))
    assert type(y) is Variable and type(y.data) is np.ndarray and y.shape == want.shape
    np.testing.assert_allclose(y.data, want, rtol=1e-14)
    gradient = rng.normal(size=want.shape)
    y.backward(gradient=gradient)
    every = tuple(range(3)) if axis is None else axis
    wide = gradient if keepdims else np.expand_dims(gradient, every)
    assert_gradient(x.grad, np.broadcast_to(wide, a.shape), a)
    assert not np.shares_memory(x.grad, gradient)


def test_each_way_to_write_it():
    a = np.arange(6.0).reshape(2, 3)
    x = Variable(a)
    for y in (x.sum(), np.sum(x), F.sum(x), F.sum(x, axis=None), np.sum(x, axis=None, keepdims=False)):
        assert type(y) is Variable and y.creator is not None
        assert_same(y.data, 15.0)
    for y in (x.sum(axis=1), x.sum(1), np.sum(x, axis=1), np.sum(x, 1), F.sum(x, axis=1)):
        assert_same(y.data, [3.0, 12.0])
    for y in (x.sum(axis=0, keepdims=True), np.sum(x, axis=0, keepdims=True), F.sum(x, axis=0, keepdims=True)):
        assert_same(y.data, [[3.0, 5.0, 7.0]])


def test_the_gradient_is_writable_and_its_own():
    x = Variable(np.zeros((2, 3)))
    x.sum().backward()
    x.grad[0, 0] = 7
    assert x.grad.tolist() == [[7, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("shape,axis", [((0,), None), ((0, 3), 0), ((0, 3), 1), ((2, 0, 4), (0, 2)), ((), None), ((), ())])
def test_empty_and_0d(shape, axis):
    a = np.ones(shape)
    x = Variable(a)
    y = x.sum(axis=axis)
    assert_same(y.data, np.asarray(a.sum(axis=axis)))
    y.backward()
    assert_gradient(x.grad, np.ones(shape), a)


@pytest.mark.parametrize("dtype", ["?", "i1", "i4", "u1", "f2", "f4", "f8", "g"])
def test_dtypes_as_in_numpy(dtype):
    a = np.ones((3, 2), dtype)
    x = Variable(a)
    y = x.sum(axis=0)
    assert_same(y.data, a.sum(axis=0))
    y.backward()
    assert_gradient(x.grad, np.ones((3, 2)), a)


def test_complex():
    x = Variable(np.array([1 + 2j, 3j]))
    y = x.sum()
    assert y.data == 1 + 5j
    with pytest.raises(dezero.errors.DTypeError):
        y.backward()
    assert x.grad is None
    y.backward(gradient=np.array(2 - 1j))
    assert_gradient(x.grad, [2 - 1j, 2 - 1j], x.data)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_layouts(rng, layout):
    a = laid_out(layout, rng.normal(size=(3, 4)))
    x = Variable(a)
    y = x.sum(axis=1)
    np.testing.assert_allclose(y.data, np.array(a, "f8").sum(axis=1), rtol=1e-14)
    assert y.dtype.isnative
    y.backward()
    assert_gradient(x.grad, np.ones((3, 4)), a)


@pytest.mark.parametrize("axis", [2, -3, (0, 5)])
def test_an_axis_out_of_range(axis):
    with pytest.raises((ValueError, IndexError), match="axis"):
        Variable(np.ones((2, 2))).sum(axis=axis)


@pytest.mark.parametrize("axis", [(0, 0), (1, -1)])
def test_an_axis_named_twice(axis):
    with pytest.raises(ValueError, match="axis"):
        Variable(np.ones((2, 2))).sum(axis=axis)


@pytest.mark.parametrize("axis", ["0", 1.5, [0.5]])
def test_an_axis_of_a_wrong_type(axis):
    with pytest.raises(TypeError):
        Variable(np.ones((2, 2))).sum(axis=axis)


def test_out_is_a_type_error():
    x = Variable(np.ones((2, 2)))
    for call in (np.sum, F.sum, np.add.reduce):
        with pytest.raises(TypeError, match="(sum|reduce).*out"):
            call(x, out=np.zeros(()))
    assert x.sum(out=None).data == 4 and np.sum(x, None, None, None).data == 4


WAYS = {"np.sum": np.sum, "F.sum": F.sum, "x.sum": lambda x, *args, **kwargs: x.sum(*args, **kwargs)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("args, kwargs", [
    ((), {"dtype": "f4"}), ((0, np.float32), {}), ((), {"initial": 2.5}), ((1, None, None, True, 2), {}), ((), {"dtype": complex}),
    ((), {"where": np.array([[True, False, True], [False, False, True]])}), ((), {"where": [True, False, True], "axis": 0}),
    ((), {"where": np.array([[True], [False]]), "axis": 1, "keepdims": True, "initial": -1.0, "dtype": "f4"}),
    ((), {"where": False}), ((), {"where": True}), ((), {"where": np.False_}), ((), {"initial": np._NoValue, "where": np._NoValue}),
    ((None, None, None, False, 1.5, [True, False, False]), {})])
def test_all_that_numpy_takes(way, args, kwargs, rng):
    a = rng.normal(size=(2, 3))
    x, want = Variable(a), np.asarray(np.sum(a, *args, **kwargs))
    y = WAYS[way](x, *args, **kwargs)
    assert_same(y.data, want)
    if want.dtype.kind == "c":
        return
    gradient = rng.normal(size=want.shape).astype(want.dtype)
    y.backward(gradient=gradient)
    bound = inspect.signature(np.sum).bind(a, *args, **kwargs).arguments
    axis, where = bound.get("axis"), bound.get("where", True)
    wide = gradient if bound.get("keepdims") is True else np.expand_dims(gradient, tuple(range(2)) if axis is None else axis)
    assert_gradient(x.grad, np.where(True if where is np._NoValue else where, np.broadcast_to(wide, a.shape), 0.0), a)


def test_second_order_with_a_mask():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = (x * x * x).sum(where=[True, False, True])
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.sum().backward()
    assert gx.data.tolist() == [3, 0, 27] and x.grad.tolist() == [6, 0, 18]


def test_what_is_left_out_gets_zero_and_not_nan():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = x.sum(where=np.array([True, False, True]))
    y.backward(gradient=np.array(np.inf))
    assert x.grad.tolist() == [np.inf, 0, np.inf]


def test_the_mask_is_what_it_was_at_the_call():
    mask = np.array([True, False, True])
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = np.sum(x, where=mask)
    mask[:] = False
    y.backward()
    assert y.data == 4 and x.grad.tolist() == [1, 0, 1]


@pytest.mark.parametrize("dtype", ["i4", "?", "u1"])
def test_floating_numbers_are_not_summed_as_integers(dtype):
    with pytest.raises(TypeError, match=r"sum .*dtype=.* of float64 data has no gradient"):
        np.sum(Variable(np.ones(3)), dtype=dtype)
    assert_same(np.sum(Variable(np.ones(3, "i8")), dtype="u2").data, np.uint16(3))


def test_a_dtype_that_is_none():
    with pytest.raises(TypeError, match="sum .*True"):
        Variable(np.ones((2, 2))).sum(0, True)


@pytest.mark.parametrize("name", ["axis", "initial", "where", "dtype", "keepdims"])
def test_a_variable_among_the_parameters_is_refused(name):
    x = Variable(np.ones(3))
    with pytest.raises(TypeError, match=f"sum .*parameter {name} .*wants a gradient"):
        np.sum(x, **{name: Variable(np.ones(()))})
    assert np.sum(x, where=Variable(np.array([True, False, False])).detach()).data == 1


def test_the_ufuncs_own_reduce():
    """Its axis is 0 where np.sum takes all."""
    a = np.arange(6.0).reshape(2, 3)
    x = Variable(a)
    for args, kwargs in [((), {}), ((0,), {}), ((1,), {}), ((None,), {}), ((), {"axis": (0, 1)}), ((), {"keepdims": True}),
                         ((-1, "f4"), {}), ((), {"initial": 2.0, "where": [True, False, True]}), ((0, None, None, True, 3.0, True), {})]:
        y = np.add.reduce(x, *args, **kwargs)
        assert type(y.creator) is registry.snapshot.names["sum"].cls
        assert_same(y.data, np.asarray(np.add.reduce(a, *args, **kwargs)))
    np.add.reduce(x * x).backward(gradient=np.array([1.0, 2.0, 3.0]))
    assert x.grad.tolist() == [[0, 4, 12], [6, 16, 30]]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("columns", [*range(1, 18), 31, 64, 100, 127, 128, 129])
def test_short_rows_are_summed_to_the_bit_of_numpy(rng, columns, dtype):
    a = (rng.normal(size=(1200 // columns + 1, columns)) * 10.0 ** rng.integers(-8, 9, (1200 // columns + 1, columns))).astype(dtype)
    a[1], a[2, :1], a[3] = -0.0, np.inf, np.nan
    for b in (a, a[None], np.stack([a, -a]), a.T.copy().T, np.repeat(a, 2, axis=1)[:, ::2], a[::-1], a.astype(a.dtype.newbyteorder())):
        for keepdims in (False, True):
            want = b.astype(dtype).sum(axis=-1, keepdims=keepdims)
            for axis in (-1, b.ndim - 1):
                assert_same(Variable(b).sum(axis=axis, keepdims=keepdims).data, want)
    assert_same(Variable(a).sum(-1, initial=2.0, where=a > 0).data, a.sum(-1, initial=2.0, where=a > 0))
    x = Variable(a)
    x.sum(axis=1).backward(gradient=np.arange(float(len(a))))
    np.testing.assert_array_equal(x.grad, np.repeat(np.arange(float(len(a)))[:, None], columns, axis=1))


@pytest.mark.parametrize("rows", [2, 2000])
def test_short_rows_report_flags_as_numpy(rows):
    for row, said in ([1e308, 1e308], "overflow"), ([np.inf, -np.inf], "invalid value"):
        with pytest.warns(RuntimeWarning, match=f"{said} encountered in reduce"):
            Variable(np.tile(row, (rows, 1))).sum(axis=1)
        with pytest.raises(FloatingPointError), np.errstate(all="raise"):
            Variable(np.tile(row, (rows, 1))).sum(axis=1)


@pytest.mark.parametrize("rows", [2, 2000])
def test_keepdims_is_what_numpy_takes(rows):
    with pytest.raises(TypeError):
        Variable(np.ones((rows, 2))).sum(axis=1, keepdims=np.True_)
    assert Variable(np.ones((rows, 2))).sum(axis=1, keepdims=1).shape == (rows, 1)


def test_an_unknown_keyword_names_op_and_keyword():
    with pytest.raises(TypeError, match=r"(?s)sum.*axes|axes.*sum"):
        F.sum(Variable(np.ones(2)), axes=0)


def test_many_small_numbers_keep_their_digits():
    """A naive loop in float32 loses two digits of these."""
    a = np.full(10**6, 0.1, "f4")
    exact = float(np.float32(0.1)) * 10**6
    assert Variable(a).sum().data == pytest.approx(exact, rel=1e-6)


@given(st.data())
def test_any_shape_and_axes(data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    axis = data.draw(st.none() | hnp.valid_tuple_axes(len(shape)))
    keepdims = data.draw(st.booleans())
    a = np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=shape)
    a = np.asarray(a)
    x = Variable(a)
    y = x.sum(axis=axis, keepdims=keepdims)
    want = np.asarray(a.sum(axis=axis, keepdims=keepdims))
    assert y.shape == want.shape
    np.testing.assert_allclose(y.data, want, rtol=1e-12, atol=1e-14)
    y.backward()
    assert_gradient(x.grad, np.ones(shape), a)


def test_an_axis_of_0_d_data():
    with np.errstate(all="raise"):
        for axis in (0, -1):
            x = Variable(np.array(2.0))
            np.sum(x, axis=axis).backward()
            assert x.grad == 1.0
