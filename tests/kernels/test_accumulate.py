"""Operands of different shapes: NumPy's result, and gradients summed back to each operand's own shape."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import BINARY, PAIRS, assert_gradient, assert_same, grads, sum_to

from dezero import Function, Variable


@pytest.mark.parametrize("shapes", PAIRS)
def test_gradients_have_the_shape_of_their_variable(shapes):
    for op in BINARY:
        x, y = (Variable(np.ones(s)) for s in shapes)
        z = op(x, y)
        assert z.shape == np.broadcast_shapes(*shapes)
        z.backward()
        assert (x.grad.shape, y.grad.shape) == shapes


def test_S03_empty_meets_one():
    gx, gy = grads(lambda x, y: x + y, np.ones((0, 1)), np.ones((1, 3)))
    assert_same(gx, np.zeros((0, 1)))
    assert_same(gy, np.zeros((1, 3)))


def test_S08_size_one_and_0d():
    gx, gy = grads(lambda x, y: x + y, np.ones(1), np.array(1.0))
    assert (gx.shape, gy.shape) == ((1,), ())
    gx, gy = grads(lambda x, y: x * y, np.ones((1, 1)), np.ones(1))
    assert (gx.shape, gy.shape) == ((1, 1), (1,))


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=4, max_side=4), st.integers(0, 99))
def test_S06_S07_any_two_shapes(shapes, seed):
    rng = np.random.default_rng(seed)
    a, b = (np.asarray(rng.uniform(0.5, 2, s)) for s in shapes.input_shapes)
    for op in BINARY:
        x, y = Variable(a), Variable(b)
        z = op(x, y)
        assert z.shape == shapes.result_shape
        gradient = np.asarray(rng.normal(size=z.shape))
        z.backward(gradient=gradient)
        for v, partial in zip((x, y), op.partials(a, b)):
            full = np.broadcast_to(partial, z.shape) * gradient
            assert_gradient(v.grad, sum_to(full, v.shape), v.data, rtol=1e-12)


@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3), st.integers(0, 99))
def test_chains_of_broadcasts(shapes, seed):
    rng = np.random.default_rng(seed)
    a, b, c = (np.asarray(rng.uniform(0.5, 2, s)) for s in shapes.input_shapes)
    gx, gy, gz = grads(lambda x, y, z: (x * y + z) / y - x * z, a, b, c)
    full = np.zeros(shapes.result_shape)
    for got, like, partial in ((gx, a, 1 - c), (gy, b, -c / b**2), (gz, c, 1 / b - a)):
        assert_gradient(got, sum_to(partial + full, like.shape), like, rtol=1e-11)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8"])
@pytest.mark.parametrize("shapes", [((2, 3), (3,)), ((), (4,)), ((3, 1), (1, 4)), ((2, 1, 2), (3, 1))])
def test_dtypes(shapes, dtype):
    x, y = (Variable(np.ones(s, dtype)) for s in shapes)
    (x * y).backward()
    for v, other in ((x, y), (y, x)):
        assert_gradient(v.grad, sum_to(np.ones(np.broadcast_shapes(*shapes)), v.shape), v.data)


def test_one_variable_broadcast_against_itself():
    x = Variable(np.arange(3.0))
    row, column = x[None, :], x[:, None]
    (row * column).backward()
    assert_same(x.grad, np.full(3, 6.0))


def test_the_gradient_argument_has_the_broadcast_shape():
    x, y = Variable(np.ones((2, 1))), Variable(np.ones(3))
    with pytest.raises(ValueError, match=r"(?s)\(2, 1\).*\(2, 3\)|\(2, 3\).*\(2, 1\)"):
        (x + y).backward(gradient=np.ones((2, 1)))
    (x + y).backward(gradient=np.arange(6.0).reshape(2, 3))
    assert_same(x.grad, [[3.0], [12.0]])
    assert_same(y.grad, [3.0, 5.0, 7.0])


def test_N42_sums_of_many_keep_their_digits():
    """A naive float32 loop over 10⁶ terms of 0.1 is wrong in the third digit."""
    n = 10**6
    gradient = np.full(n, 0.1, "f4")
    exact = float(np.float32(0.1)) * n
    for f in (lambda x, c: x + c, lambda x, c: x * (c + np.float32(1)), lambda x, c: c - x, lambda x, c: np.broadcast_to(x, (n,))):
        for shape in [(), (1,)]:
            x = Variable(np.zeros(shape, "f4"))
            f(x, np.zeros(n, "f4")).backward(gradient=gradient)
            assert x.grad.dtype == np.float32
            assert abs(abs(float(x.grad.item())) / exact - 1) < 1e-6


@pytest.mark.parametrize("axis", [0, 1])
def test_sums_over_either_axis_are_no_worse_than_numpys(axis):
    shape = [1000, 1000]
    gradient = np.full(shape, 0.1, "f4")
    shape[axis] = 1
    x = Variable(np.zeros(shape, "f4"))
    (x + np.zeros((1000, 1000), "f4")).backward(gradient=gradient)
    exact = float(np.float32(0.1)) * 1000
    numpys = np.abs(gradient.sum(axis=axis) / exact - 1).max()
    assert np.abs(x.grad / exact - 1).max() <= max(2 * numpys, 1e-6)


class Outer(Function):
    """A stranger's op that leaves broadcasting to the engine: its gradients have the shape of the result."""

    def forward(self, x, y):
        return x * y

    def backward(self, gy):
        x, y = (v.data for v in self.inputs)
        return gy * y, gy * x


@pytest.mark.parametrize("shapes", PAIRS)
def test_a_strangers_op_is_reduced_as_well(rng, shapes):
    a, b = (np.asarray(rng.normal(size=s)) for s in shapes)
    x, y = Variable(a), Variable(b)
    z = Outer()(x, y)
    gradient = np.asarray(rng.normal(size=z.shape))
    z.backward(gradient=gradient)
    assert_gradient(x.grad, sum_to(gradient * b, a.shape), a, rtol=1e-12)
    assert_gradient(y.grad, sum_to(gradient * a, b.shape), b, rtol=1e-12)


def test_many_dimensions():
    for n in (8, 31, 32, 33, 63, 64):
        x, y = Variable(np.full((1,) * n, 2.0)), Variable(np.full((3,), 5.0))
        z = x * y
        assert z.shape == (1,) * (n - 1) + (3,)
        z.backward()
        assert x.grad.shape == (1,) * n and x.grad.item() == 15 and y.grad.tolist() == [2, 2, 2]


def test_S27_too_large_to_be():
    tall, wide = (np.broadcast_to(np.array(1.0), s) for s in ((2**40, 1), (2**40,)))
    with pytest.raises((ValueError, MemoryError)):
        Variable(tall) + wide
    with pytest.raises((ValueError, MemoryError)):
        np.broadcast_to(Variable(np.array(1.0)), (2**40, 2**40))
