"""y = a²;   ∂y/∂a = 2 a"""

import numpy as np
import pytest
from strategies import SQUARE, UnaryContract, assert_same, grads, value_grads

import dezero
from dezero import Variable


class TestSquare(UnaryContract):
    op = SQUARE


def test_of_a_square():
    assert_same(grads(lambda x: dezero.square(dezero.square(x)), 2.0)[0], 32.0)


def test_overflow_leaves_the_gradient_finite():
    with np.errstate(over="ignore"):
        assert value_grads(dezero.square, 1e200) == (np.inf, [2e200])


@pytest.mark.parametrize("dtype", ["i1", "i4", "u1"])
def test_integers_wrap_as_in_numpy(dtype):
    a = np.array([100], dtype)
    x = Variable(a)
    y = dezero.square(x)
    assert_same(y.data, np.square(a))
    y.backward()
    assert_same(x.grad, [200.0])


def test_equals_the_operator():
    a = np.array([1.5, -2.5, 0.0])
    assert_same(dezero.square(Variable(a)).data, a * a)
    assert_same(grads(dezero.square, a)[0], 2 * a)


def test_wrong_operands():
    for bad in ("a", None, [1.0], object()):
        with pytest.raises((TypeError, dezero.errors.DezeroError)):
            dezero.square(bad)
    with pytest.raises(TypeError):
        dezero.square(Variable(np.ones(1)), Variable(np.ones(1)))
    with pytest.raises(TypeError):
        dezero.square()
