"""The elements in one row, as a copy."""
import numpy as np
import pytest

import dezero.functions as F
from dezero import Variable, hessian


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 0), (2, 3, 2)])
def test_value_and_gradient(shape, order):
    x = Variable(np.random.default_rng(0).random(shape))
    weights = np.arange(1.0, 1 + x.size)
    for flatten in (lambda x: x.flatten(order), lambda x: F.flatten(x, order=order)):
        y = flatten(x)
        np.testing.assert_array_equal(y.data, x.data.flatten(order))
        x.cleargrad()
        (y * weights).sum().backward()
        np.testing.assert_array_equal(x.grad, weights.reshape(shape, order=order))


def test_second_order():
    h = hessian(lambda x: (x.flatten("F") ** 2 * np.arange(1.0, 5)).sum())(np.ones((2, 2)))
    np.testing.assert_array_equal(h.reshape(4, 4), np.diag([2.0, 6.0, 4.0, 8.0]))


def test_an_order_that_depends_on_memory_is_refused():
    with pytest.raises(TypeError, match="order='K' is not supported"):
        Variable(np.ones((2, 2))).flatten("K")


def test_it_is_a_copy():
    x = Variable(np.ones(3)) * 1.0
    y, view = x.flatten(), np.ravel(x)
    y[0] = 5.0
    assert y.data.tolist() == [5, 1, 1] and x.data.tolist() == [1, 1, 1] and view.data.tolist() == [1, 1, 1]
