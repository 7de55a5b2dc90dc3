"""y = a[index];   ∂y/∂a puts the gradient back at index, repeats add up"""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import LAYOUTS, assert_gradient, assert_same, laid_out

import dezero
import dezero.functions as F
from dezero import Variable

A = np.arange(24.0).reshape(2, 3, 4)

INDICES = [
    0, -1, np.int64(1), (), ..., None, slice(None), slice(1, None), slice(None, None, -1), slice(0, 0), slice(5, 9),
    (0, 1), (0, 1, 2), (-1, -1, -1), (slice(None), 1), (..., 0), (0, ..., 1), (slice(None), slice(None, None, 2)),
    (None, 0), (0, None, ..., None), (slice(None), None), (Ellipsis, slice(1, 3)),
    [0, 0], [1, 0, 1, 1], np.array([0, 0, 1]), np.array([-1, -2]), np.array([[0, 1], [1, 1]]), np.array([], int),
    np.array(1), np.array([1, 0], "u1"), (np.array([0, 1, 1]), np.array([2, 0, 0])), ([0, 0, 0], [1, 1, 1], [2, 2, 3]),
    (slice(None), [0, 0]), ([0, 0], slice(None), [1, 1]), (0, [0, 2, 2]), ([1], slice(None), 0), (..., [3, 3, 0]),
    (np.array([[0], [1]]), np.array([0, 1, 1])), np.ix_([0, 1], [0, 0], [3]), (None, [0, 0], None),
    A > 11, A[:, :, 0] > 3, np.array([True, False]), (slice(None), np.array([True, False, True])), True, False,
    np.zeros((2, 3, 4), bool), (np.array([True, True]), [0, 2]), (0, A[0] > 5),
]


def put_back(index, gradient, shape):
    out = np.zeros(shape)
    np.add.at(out, index, gradient)
    return out


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indices(rng, index):
    kept = A.copy()
    x = Variable(A)
    y = x[index]
    want = np.asarray(A[index])
    assert type(y) is Variable and y.creator is not None
    assert_same(y.data, want)
    gradient = np.asarray(rng.normal(size=want.shape))
    y.backward(gradient=gradient)
    assert_gradient(x.grad, put_back(index, gradient, A.shape), A)
    assert not np.shares_memory(x.grad, gradient)
    assert (A == kept).all()


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_the_function_and_the_method(index):
    x = Variable(A)
    assert_same(F.getitem(x, index).data, np.asarray(A[index]))
    assert_same(x.getitem(index).data, np.asarray(A[index]))


def test_0d():
    x = Variable(np.array(3.0))
    for index in [(), ..., None, True, (None, ...)]:
        y = x[index]
        assert_same(y.data, np.asarray(x.data[index]))
        x.cleargrad()
        y.backward()
        assert_same(x.grad, 1.0)
    with pytest.raises(IndexError):
        x[0]


@pytest.mark.parametrize("index", [3, -4, (0, 0), [0, 3], [-4], np.array([True, False])])
def test_out_of_range(index):
    with pytest.raises(IndexError):
        Variable(np.arange(3.0))[index]


@pytest.mark.parametrize("index", [1.0, "a", [0.5], {}, object(), (0, "a"), np.array([1.5])])
def test_wrong_types(index):
    with pytest.raises((IndexError, TypeError)):
        Variable(np.arange(3.0))[index]


def test_repeats_add_up():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = x[[0, 0, 2, 0]]
    assert_same(y.data, [1.0, 1.0, 3.0, 1.0])
    y.backward(gradient=np.array([1.0, 10.0, 100.0, 1000.0]))
    assert_same(x.grad, [1011.0, 0.0, 100.0])


def test_pieces_add_up():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    (x[0] * x[1] + x[1:].sum() * x[-1]).backward()
    assert_same(x.grad, [2.0, 1.0 + 3.0, 3.0 + 5.0])


def test_iteration_ends_and_is_recorded():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    parts = list(x)
    assert len(parts) == 3 and all(type(p) is Variable and p.shape == () for p in parts)
    (parts[0] * parts[1] * parts[2]).backward()
    assert_same(x.grad, [6.0, 3.0, 2.0])


def test_unpacking():
    x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    a, b = x
    (a * b).backward()
    assert_same(x.grad, [[3.0, 4.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="unpack"):
        a, b, c = x


def test_iteration_of_nothing():
    assert list(Variable(np.zeros((0, 3)))) == []


@pytest.mark.parametrize("f", [iter, list, len, tuple, set, sum, lambda x: next(iter(x))])
def test_0d_is_no_sequence(f):
    with pytest.raises(TypeError, match="0-d"):
        f(Variable(np.array(1.0)))


def test_python_sum_is_recorded():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = sum(x)
    assert y.data == 6
    y.backward()
    assert_same(x.grad, [1.0, 1.0, 1.0])


def test_reversed():
    x = Variable(np.array([1.0, 2.0]))
    assert [v.item() for v in reversed(x)] == [2, 1]


def test_items_are_not_assigned():
    x = Variable(np.arange(3.0))
    with pytest.raises(TypeError):
        x[0] = 1.0
    with pytest.raises(TypeError):
        x[0] += 1.0
    with pytest.raises(TypeError):
        del x[0]
    assert x.data.tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "u2", "f2", "f4", "f8", "g"])
@pytest.mark.parametrize("index", [0, slice(1, None), [0, 0, 1], np.array([True, False, True])], ids=repr)
def test_dtypes(dtype, index):
    a = np.arange(3).astype(dtype)
    x = Variable(a)
    y = x[index]
    assert_same(y.data, np.asarray(a[index]))
    y.backward()
    assert_gradient(x.grad, put_back(index, np.ones(y.shape), (3,)), a)


def test_complex_goes_forward_only():
    x = Variable(np.array([1j, 2j]))
    y = x[1]
    assert_same(y.data, np.array(2j))
    with pytest.raises(dezero.errors.DTypeError):
        y.backward()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("index", [0, slice(None, None, -1), (slice(None), [0, 0, 3]), A[0, :, :] > 5], ids=repr)
def test_layouts(rng, layout, index):
    a = laid_out(layout, rng.normal(size=(3, 4)))
    x = Variable(a)
    y = x[index]
    np.testing.assert_array_equal(y.data, a[index])
    y.backward()
    assert_gradient(x.grad, put_back(index, np.ones(y.shape), (3, 4)), a)


def test_a_variable_is_no_index_for_other_things():
    """Without ``__index__`` a Variable cannot cut the graph as somebody's index."""
    import operator

    with pytest.raises(TypeError):
        operator.index(Variable(np.array(1)))
    with pytest.raises(TypeError):
        [1, 2, 3][Variable(np.array(1))]
    with pytest.raises(TypeError):
        range(Variable(np.array(1)))


def test_a_chain_of_pieces():
    x = Variable(np.arange(6.0).reshape(2, 3))
    y = x[1][::-1][[0, 0]]
    assert_same(y.data, [5.0, 5.0])
    y.backward()
    assert_same(x.grad, [[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])


@given(st.data())
def test_any_basic_index(data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    check(shape, index)


@given(st.data())
def test_any_integer_arrays(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    check(shape, data.draw(hnp.integer_array_indices(shape)))


@given(st.data())
def test_any_mask(data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    check(shape, data.draw(hnp.arrays(bool, shape)))


def check(shape, index):
    a = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    x = Variable(a)
    y = x[index]
    want = np.asarray(a[index])
    assert_same(y.data, want)
    gradient = np.arange(1.0, want.size + 1).reshape(want.shape)
    y.backward(gradient=gradient)
    assert_gradient(x.grad, put_back(index, gradient, shape), a)
