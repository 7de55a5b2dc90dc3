import dezero.functions as F
import numpy as np
import pytest
from dezero import Variable


@pytest.mark.dezero_ops("dezero-example-python")
def test_contract(dezero_check):
    """Each check of dezero.testing on each op of the package."""
    dezero_check()


def test_an_operator():
    x = Variable(np.array([7.0, -7.0]))
    np.testing.assert_array_equal((x // 2).data, [3, -4])
    np.testing.assert_array_equal((7 // x).data, [1, -1])
    np.testing.assert_array_equal((np.array([15.0, 15.0]) // x).data, [2, -3])
    y = x * 2 + x // 2
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_a_numpy_function():
    x = Variable(np.array([3.0, 0.0, 3e200]))
    y = np.hypot(x, np.array([4.0, 0.0, 4e200]))
    y.backward()
    np.testing.assert_allclose(y.data, [5, 0, 5e200])
    np.testing.assert_allclose(x.grad, [0.6, 0, 0.6])


def test_a_parameter():
    x = Variable(np.array([[3.0, 4.0], [0.0, 0.0]]))
    y = F.rms(x, axis=1)
    y.backward()
    np.testing.assert_allclose(y.data, [12.5 ** 0.5, 0])
    np.testing.assert_allclose(x.grad, x.data / 2 / 12.5 ** 0.5)
    np.testing.assert_array_equal(x.rms(1, keepdims=True).data, y.data[:, None])


@pytest.mark.parametrize("results", [(0,), (1,), (0, 1)])
def test_two_results(results):
    x, y = Variable(np.array(3.0)), Variable(np.array(4.0))
    polar = F.to_polar(x, y)
    for i in results:
        polar[i].backward()
    assert [polar[0].data.item(), polar[1].data.item()] == [5, np.arctan2(4, 3)]
    np.testing.assert_allclose(x.grad, (0 in results) * 0.6 - (1 in results) * 4 / 25)
    np.testing.assert_allclose(y.grad, (0 in results) * 0.8 + (1 in results) * 3 / 25)


def test_one_result_that_is_let_go():
    x = Variable(np.array(3.0))
    phi = F.to_polar(x, 4.0)[1]
    phi.backward()
    np.testing.assert_allclose(x.grad, -4 / 25)


def test_a_class_with_a_state():
    x = Variable(np.ones((50, 40)))
    y = F.dropout(x, rate=0.25)
    y.backward()
    np.testing.assert_array_equal(x.grad, y.data)           # the mask of this call, drawn once
    assert set(np.unique(y.data)) == {0, 1 / 0.75} and 0.7 < (y.data > 0).mean() < 0.8
    np.testing.assert_array_equal(x.dropout(seed=1).data, F.dropout(x, seed=1).data)
