"""y = a b;   ∂y/∂a = b, ∂y/∂b = a"""

import numpy as np
import pytest
from strategies import MUL, BinaryContract, assert_same, grads, value_grads

from dezero import Variable


class TestMul(BinaryContract):
    op = MUL


def test_of_itself():
    assert_same(grads(lambda x: x * x, 3.0)[0], 6.0)
    assert_same(grads(lambda x: x * x * x, 2.0)[0], 12.0)


def test_overflow_of_the_value_leaves_the_gradient_finite():
    with np.errstate(over="ignore"):
        y, (g,) = value_grads(lambda x: x * x, 1e200)
    assert y == np.inf and g == 2e200


def test_zero_times_infinity():
    with np.errstate(invalid="ignore"):
        y, (gx, gy) = value_grads(lambda x, y: x * y, 0.0, np.inf)
    assert np.isnan(y) and gx == np.inf and gy == 0


def test_subnormal_results():
    with np.errstate(under="ignore"):
        assert_same((Variable(np.array(5e-324)) * Variable(np.array(0.5))).data, np.array(5e-324) * 0.5)
        assert_same((Variable(np.array([1e-310])) * 0.5).data, np.array([1e-310]) * 0.5)


def test_the_sign_of_zero():
    assert np.signbit((Variable(np.array(0.0)) * -1.0).data)
    assert not np.signbit((Variable(np.array(-0.0)) * -1.0).data)


@pytest.mark.parametrize("dtype,value", [("i8", 2**62), ("i4", 2**30), ("i1", 100), ("u1", 200)])
def test_integers_wrap_as_in_numpy(dtype, value):
    a = np.full(3, value, dtype)
    assert_same((Variable(a) * np.full(3, 4, dtype)).data, a * np.full(3, 4, dtype))


def test_a_python_number_that_does_not_fit():
    with pytest.raises(OverflowError, match="out of bounds"):
        Variable(np.array([1], "u1")) * 256


def test_no_gradient_aliases_the_other_factor():
    a, b = np.ones(4), np.full(4, 2.0)
    x, y = Variable(a), Variable(b)
    (x * y).backward()
    assert not any(np.shares_memory(g, d) for g in (x.grad, y.grad) for d in (a, b))
