"""y = a + b;   ∂y/∂a = ∂y/∂b = 1"""

import numpy as np
import pytest
from strategies import ADD, BinaryContract, assert_same, grads

from dezero import Variable


class TestAdd(BinaryContract):
    op = ADD


def test_zeros_keep_their_sign():
    x = Variable(np.array([0.0, -0.0, 0.0, -0.0]))
    assert_same((x + np.array([0.0, -0.0, -0.0, 0.0])).data, [0.0, -0.0, 0.0, 0.0])
    assert np.signbit((Variable(np.array(-0.0)) + Variable(np.array(-0.0))).data)
    assert not np.signbit((Variable(np.array(-0.0)) + 0.0).data)


def test_the_two_gradients_are_two_arrays():
    x, y = Variable(np.ones(4)), Variable(np.ones(4))
    (x + y).backward()
    assert not np.shares_memory(x.grad, y.grad)
    x.grad[0] = 9
    assert y.grad.tolist() == [1, 1, 1, 1]


def test_infinities():
    with np.errstate(invalid="ignore"):
        y = Variable(np.array([np.inf, np.inf])) + np.array([1.0, -np.inf])
    assert y.data[0] == np.inf and np.isnan(y.data[1])


@pytest.mark.parametrize("dtype", ["i1", "i8", "u1"])
def test_integers_wrap_as_in_numpy(dtype):
    top = np.array([np.iinfo(dtype).max], dtype)
    assert_same((Variable(top) + np.ones(1, dtype)).data, top + np.ones(1, dtype))


def test_booleans_have_float_gradients():
    for g in grads(lambda x, y: x + y, np.array([True, False]), np.array([True, True])):
        assert_same(g, [1.0, 1.0])
