"""The op `assign`, a function beside `x[index] = v`."""
import numpy as np
import pytest

import dezero.functions as F
from dezero import Variable, hessian
from dezero.ops.assign import assign
from dezero.testing import check_grads, check_op


def test_it_keeps_its_contract():
    check_op("assign")


def test_it_gives_a_copy():
    x = Variable(np.arange(3.0))
    y = F.assign(x, 5.0, 1)
    assert y.data.tolist() == [0, 5, 2] and x.data.tolist() == [0, 1, 2]
    assert type(assign(np.arange(3.0), 5.0, 1)) is np.ndarray


@pytest.mark.parametrize("index, shape", [(1, ()), ([0, 0, 2], (3, 1)), (slice(None), (1, 1, 3)), ((..., 1), (1, 3)), (np.eye(3, dtype=bool), (3,))])
def test_gradients(index, shape):
    rng = np.random.default_rng(0)
    check_grads(lambda x, v: assign(x, v, index), (rng.random((3, 3)), rng.random(shape)))


def test_second_order_is_that_of_the_statement():
    def statement(x):
        y = x * x
        y[[0, 0]] = x[1:] * x[0]
        return (y * y).sum()

    def function(x):
        return (F.assign(x * x, x[1:] * x[0], [0, 0]) ** 2).sum()

    x = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(hessian(statement)(x), hessian(function)(x))


def test_a_value_that_does_not_fit():
    with pytest.raises(ValueError, match="assign"):
        F.assign(Variable(np.ones(3)), np.ones(2), slice(None))
    with pytest.raises(IndexError):
        F.assign(Variable(np.ones(3)), 1.0, 7)
