"""y = a / b;   ∂y/∂a = 1/b, ∂y/∂b = −a/b²"""

import numpy as np
import pytest
from strategies import DIV, BinaryContract, assert_same, grads, value_grads

import dezero
from dezero import Variable


class TestDiv(BinaryContract):
    op = DIV


def test_rdiv_turns_its_operands():
    assert_same(dezero.rdiv(Variable(np.array(2.0)), 6.0).data, 3.0)
    gx, gy = grads(dezero.rdiv, 2.0, 6.0)
    assert_same(gx, -1.5)
    assert_same(gy, 0.5)


def test_order_of_a_left_array():
    x = Variable(np.array([1.0, 2.0]))
    y = np.array([10.0, 20.0]) / x
    assert_same(y.data, [10.0, 10.0])
    y.backward()
    assert_same(x.grad, [-10.0, -5.0])


def test_the_square_of_the_divisor_never_overflows():
    gx, gy = grads(lambda x, y: x / y, 1e200, 1e200)
    assert gx == 1e-200 and gy == pytest.approx(-1e-200, rel=1e-15)
    gx, gy = grads(lambda x, y: x / y, np.full(9, 1e200), np.full(9, 1e200))
    assert gy == pytest.approx(np.full(9, -1e-200), rel=1e-15)


def test_the_square_of_the_divisor_never_underflows():
    _, gy = grads(lambda x, y: x / y, 1e-200, 1e-200)
    assert gy == pytest.approx(-1e200, rel=1e-15)
    _, gy = grads(lambda x, y: x / y, np.full(9, 1e-25, "f4"), np.full(9, 1e-25, "f4"))
    assert gy == pytest.approx(np.full(9, -1e25), rel=1e-6)


def test_of_itself():
    assert_same(grads(lambda x: x / x, 4.0)[0], 0.0)


def test_by_zero_gives_infinity():
    with np.errstate(all="ignore"):
        y, (gx, gy) = value_grads(lambda x, y: x / y, [1.0, -1.0, 0.0], [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(y, [np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(gx, [np.inf, np.inf, np.inf])
    np.testing.assert_array_equal(gy[:2], [-np.inf, np.inf])
    assert np.isnan(gy[2])


def test_subnormal():
    with np.errstate(under="ignore"):
        assert_same((Variable(np.array(1e-310)) / Variable(np.array(2.0))).data, np.array(1e-310) / 2)


def test_integers_divide_truly():
    x = Variable(np.array([3, 5]))
    y = x / 2
    assert_same(y.data, [1.5, 2.5])
    y.backward()
    assert_same(x.grad, [0.5, 0.5])


def test_the_smallest_integer_by_minus_one_and_by_zero():
    low = np.array([np.iinfo("i8").min])
    assert_same((Variable(low) / -1).data, low / -1)
    with np.errstate(divide="ignore"):
        assert (Variable(np.array([7])) / 0).data == np.inf


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "i4", "i8", "u8"])
@pytest.mark.parametrize("c", [1000, -1, 2**40, -2**70, 10**30])
@pytest.mark.parametrize("graph", [False, True])
def test_integers_by_a_number_outside_their_dtype(dtype, c, graph):
    """As NumPy answers; a number that the dtype has no room for is a float to the gradients."""
    a = np.array([1, 2, 5], dtype)
    over, under = np.full(3, 1 / c), -c / a.astype(float) ** 2
    for f, value, slope in ((lambda x: x / c, a / c, over), (lambda x: np.divide(x, c), a / c, over),
                            (lambda x: c / x, c / a, under), (lambda x: dezero.div(c, x), c / a, under)):
        x = Variable(a)
        y = f(x)
        assert_same(y.data, value)
        y.backward(create_graph=graph)
        np.testing.assert_allclose(x.grad.data if graph else x.grad, slope, rtol=1e-14)


@pytest.mark.parametrize("f", [lambda x: x * 1000, lambda x: 1000 * x, lambda x: x + 1000, lambda x: 1000 - x, lambda x: x - 1000,
                               lambda x: x**1000, lambda x: 1000**x, lambda x: np.multiply(x, 1000)])
def test_other_ops_refuse_such_a_number_as_numpy_does(f):
    a = np.array([1, 2], "i1")
    with pytest.raises(OverflowError, match="1000"):
        f(a)
    with pytest.raises(OverflowError, match="1000"):
        f(Variable(a))
    assert (Variable(a) < 1000).all() and (1000 > Variable(a)).all() and not (Variable(a) == 1000).any()
