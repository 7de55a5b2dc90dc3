"""y = a stretched to a shape;   ∂y/∂a sums what was stretched"""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import LAYOUTS, assert_gradient, assert_same, laid_out, sum_to

import dezero.functions as F
from dezero import Variable, errors

STRETCHES = [
    ((), ()), ((), (3,)), ((), (2, 3)), ((1,), (3,)), ((1,), (1,)), ((3,), (3,)), ((3,), (2, 3)), ((2, 1), (2, 3)),
    ((1, 3), (2, 3)), ((1, 1), (2, 3)), ((2, 1, 3), (4, 2, 5, 3)), ((1,), (0,)), ((0,), (2, 0)), ((3, 1), (3, 0)),
]


@pytest.mark.parametrize("shape,to", STRETCHES)
def test_stretches(rng, shape, to):
    a = np.asarray(rng.normal(size=shape))
    for stretch in (np.broadcast_to, F.broadcast_to, lambda x, s: x.broadcast_to(s),
                    lambda x, s: np.broadcast_to(x, shape=s), lambda x, s: F.broadcast_to(x, shape=s)):
        x = Variable(a)
        y = stretch(x, to)
        assert type(y) is Variable and y.creator is not None
        assert_same(y.data, np.broadcast_to(a, to))
        gradient = np.asarray(rng.normal(size=to))
        y.backward(gradient=gradient)
        assert_gradient(x.grad, sum_to(gradient, shape), a, rtol=1e-13)
        assert not np.shares_memory(x.grad, gradient)


@pytest.mark.parametrize("dtype", ["?", "i4", "u1", "f2", "f4", "f8", "g"])
def test_dtypes(dtype):
    a = np.ones((3, 1), dtype)
    x = Variable(a)
    y = np.broadcast_to(x, (3, 4))
    assert_same(y.data, np.broadcast_to(a, (3, 4)))
    y.backward()
    assert_gradient(x.grad, np.full((3, 1), 4.0), a)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_layouts(rng, layout):
    a = laid_out(layout, rng.normal(size=(3, 1)))
    x = Variable(a)
    y = np.broadcast_to(x, (2, 3, 4))
    np.testing.assert_array_equal(y.data, np.broadcast_to(a, (2, 3, 4)))
    y.backward()
    assert_gradient(x.grad, np.full((3, 1), 8.0), a)


def test_an_int_is_a_shape_as_in_numpy():
    assert np.broadcast_to(Variable(np.array(1.0)), 3).shape == (3,)


@pytest.mark.parametrize("shape,to", [((2,), (3,)), ((3,), ()), ((2, 3), (3,)), ((2, 3), (3, 2)), ((0,), (3,)), ((3,), (0,))])
def test_shapes_that_do_not_fit(shape, to):
    with pytest.raises(ValueError) as e:
        np.broadcast_to(Variable(np.ones(shape)), to)
    text = str(e.value).replace(", ", ",")
    assert str(shape).replace(", ", ",") in text and str(to).replace(", ", ",") in text


@pytest.mark.parametrize("to", [(2**40, 2**40), (-1,), (3, -2)])
def test_impossible_shapes(to):
    with pytest.raises((ValueError, MemoryError, OverflowError)):
        np.broadcast_to(Variable(np.array(1.0)), to)


@pytest.mark.parametrize("to", ["3", 2.5, (2.5,), None, object()])
def test_shapes_of_a_wrong_type(to):
    with pytest.raises((TypeError, errors.DezeroError)):
        F.broadcast_to(Variable(np.array(1.0)), to)


def test_subok_is_not_for_variables():
    with pytest.raises(TypeError, match="broadcast_to"):
        np.broadcast_to(Variable(np.array(1.0)), (3,), subok=True)


def test_results_go_on_as_any_other(rng):
    a = rng.normal(size=(3, 1))
    x = Variable(a)
    y = np.broadcast_to(x, (3, 4)) * np.broadcast_to(x, (3, 4))
    y.backward()
    assert_gradient(x.grad, 8 * a, a)


def test_the_operand_stays_as_it_was():
    a = np.array([[1.0], [2.0]])
    x = Variable(a)
    y = np.broadcast_to(x, (2, 3)) + 1.0
    y.data[...] = 0
    assert a.tolist() == [[1.0], [2.0]]


@given(st.data())
def test_any_stretch(data):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3, 2), max_dims=3))
    shape, = shapes.input_shapes
    a = np.ones(shape)
    try:
        to = np.broadcast_shapes(shape, (2, 3, 2))
    except ValueError:
        return
    x = Variable(a)
    gradient = np.random.default_rng(0).normal(size=to)
    np.broadcast_to(x, to).backward(gradient=gradient)
    assert_gradient(x.grad, sum_to(gradient, shape), a, rtol=1e-12)
