"""y = a − b;   ∂y/∂a = 1, ∂y/∂b = −1"""

import numpy as np
import pytest
from strategies import SUB, BinaryContract, assert_same, grads

import dezero
from dezero import Variable


class TestSub(BinaryContract):
    op = SUB


def test_rsub_turns_its_operands():
    y = dezero.rsub(Variable(np.array(2.0)), 5.0)
    assert_same(y.data, 3.0)
    assert_same(grads(dezero.rsub, 2.0, 5.0)[0], -1.0)
    assert_same(grads(dezero.rsub, 2.0, 5.0)[1], 1.0)


def test_order_of_a_left_array():
    x = Variable(np.array([1.0, 2.0]))
    y = np.array([10.0, 20.0]) - x
    assert_same(y.data, [9.0, 18.0])
    y.backward()
    assert_same(x.grad, [-1.0, -1.0])


def test_zeros_keep_their_sign():
    assert not np.signbit((Variable(np.array(0.0)) - 0.0).data)
    assert not np.signbit((Variable(np.array(0.0)) - Variable(np.array(0.0))).data)
    assert np.signbit((Variable(np.array(-0.0)) - 0.0).data)


def test_of_itself_is_zero_with_zero_gradient():
    assert_same(grads(lambda x: x - x, 3.0)[0], 0.0)


def test_booleans_are_refused_as_in_numpy():
    x = Variable(np.array([True, False]))
    with pytest.raises(TypeError, match="boolean"):
        x - x
    with pytest.raises(TypeError, match="boolean"):
        x - np.array([True, True])


def test_the_gradients_are_two_arrays():
    x, y = Variable(np.ones(4)), Variable(np.ones(4))
    gradient = np.ones(4)
    (x - y).backward(gradient=gradient)
    assert not np.shares_memory(x.grad, y.grad) and not np.shares_memory(x.grad, gradient)
