"""y = −a;   ∂y/∂a = −1"""

import numpy as np
import pytest
from strategies import NEG, UnaryContract, assert_same, grads

from dezero import Variable


class TestNeg(UnaryContract):
    op = NEG


def test_zeros_change_their_sign():
    assert_same((-Variable(np.array([0.0, -0.0, np.inf, -np.inf]))).data, [-0.0, 0.0, -np.inf, np.inf])
    assert np.signbit((-Variable(np.array(0.0))).data)


def test_booleans_are_refused_as_in_numpy():
    with pytest.raises(TypeError, match="boolean"):
        -Variable(np.array([True]))


@pytest.mark.parametrize("dtype", ["i1", "i4", "i8", "u1"])
def test_the_smallest_integer_wraps_as_in_numpy(dtype):
    low = np.array([np.iinfo(dtype).min, 1], dtype)
    assert_same((-Variable(low)).data, -low)


def test_integers_have_float_gradients():
    assert_same(grads(lambda x: -x, np.array([1, 2]))[0], [-1.0, -1.0])


def test_twice_is_the_identity_with_arrays_of_its_own():
    a, gradient = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    x = Variable(a)
    y = -(-x)
    y.backward(gradient=gradient)
    assert_same(y.data, a)
    assert_same(x.grad, gradient)
    assert not np.shares_memory(y.data, a) and not np.shares_memory(x.grad, gradient)
