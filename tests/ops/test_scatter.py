"""y = zeros with a added at index;   ∂y/∂a = the gradient at index"""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import LAYOUTS, assert_gradient, assert_same, laid_out

import dezero
import dezero.functions as F
from dezero import Variable

SHAPE = (2, 3, 4)
INDICES = [
    0, -1, (), ..., None, slice(None), slice(1, None), (slice(None), slice(None, None, -1)), slice(0, 0), (0, 1, 2),
    (..., 0), (0, None), [0, 0], [1, 0, 1], np.array([[0, 1], [1, 1]]), (slice(None), [0, 0]), ([0, 0], slice(None), [1, 1]),
    (np.array([[0], [1]]), np.array([0, 1, 1])), np.arange(24).reshape(SHAPE) % 2 == 0, np.array([True, False]), True,
]


def placed(a, index, shape):
    out = np.zeros(shape, a.dtype)
    np.add.at(out, index, a)
    return out


@pytest.mark.parametrize("index", INDICES, ids=repr)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_indices(rng, index, dtype):
    a = np.asarray(rng.integers(1, 9, np.zeros(SHAPE)[index].shape)).astype(dtype)
    kept = a.copy()
    g = Variable(a)
    y = F.scatter(g, index, SHAPE)
    assert type(y) is Variable and y.creator is not None
    assert_same(y.data, placed(a, index, SHAPE))
    assert not np.shares_memory(y.data, a)
    gradient = rng.normal(size=SHAPE).astype(dtype)
    y.backward(gradient=gradient)
    assert_gradient(g.grad, gradient[index], a)
    assert not np.shares_memory(g.grad, gradient)
    assert (a == kept).all()


def test_repeats_add_up():
    g = Variable(np.array([1.0, 10.0, 100.0]))
    y = F.scatter(g, [0, 2, 0], (3,))
    assert_same(y.data, [101.0, 0.0, 10.0])
    y.backward(gradient=np.array([1.0, 2.0, 3.0]))
    assert_same(g.grad, [1.0, 3.0, 1.0])


def test_the_adjoint_of_getitem(rng):
    a = rng.normal(size=SHAPE)
    for index in INDICES:
        x = Variable(a)
        gradient = np.asarray(rng.normal(size=a[index].shape))
        x[index].backward(gradient=gradient)
        np.testing.assert_allclose(F.scatter(Variable(gradient), index, SHAPE).data, x.grad, rtol=1e-13)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_layouts(rng, layout):
    a = laid_out(layout, rng.normal(size=(2, 4)))
    g = Variable(a)
    y = F.scatter(g, [0, 0], (3, 4))
    np.testing.assert_allclose(y.data, placed(a.astype("f8"), [0, 0], (3, 4)))
    y.backward()
    assert_gradient(g.grad, np.ones((2, 4)), a)


def test_into_0d():
    g = Variable(np.array(2.0))
    y = F.scatter(g, (), ())
    assert_same(y.data, 2.0)
    y.backward()
    assert_same(g.grad, 1.0)


def test_out_of_range_and_misfits():
    g = Variable(np.array([1.0, 2.0]))
    with pytest.raises(IndexError):
        F.scatter(g, [0, 5], (3,))
    with pytest.raises(ValueError):
        F.scatter(g, [0, 1, 2], (3,))
    with pytest.raises((IndexError, TypeError)):
        F.scatter(g, "a", (3,))
    with pytest.raises((ValueError, TypeError)):
        F.scatter(g, [0, 1], (-3,))
    with pytest.raises(TypeError):
        F.scatter(g, [0, 1])
    assert g.grad is None


def test_complex():
    g = Variable(np.array([1j]))
    y = F.scatter(g, [0], (2,))
    assert_same(y.data, np.array([1j, 0]))
    with pytest.raises(dezero.errors.DTypeError):
        y.backward()
    y.backward(gradient=np.array([2 - 1j, 5]))
    assert_same(g.grad, np.array([2 - 1j]))


@given(st.data())
def test_any_index(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True) | hnp.integer_array_indices(shape))
    a = np.asarray(np.arange(1.0, 1 + np.zeros(shape)[index].size).reshape(np.zeros(shape)[index].shape))
    g = Variable(a)
    y = F.scatter(g, index, shape)
    assert_same(y.data, placed(a, index, shape))
    gradient = np.random.default_rng(0).normal(size=shape)
    y.backward(gradient=gradient)
    assert_gradient(g.grad, gradient[index], a)
