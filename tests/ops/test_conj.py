"""Real and imaginary parts of real numbers."""
import numpy as np
import pytest

import dezero.functions as F
from dezero import Variable


@pytest.mark.parametrize("f", [np.real, np.conj, np.conjugate, F.real, F.conj, lambda x: x.real, lambda x: x.conj(), lambda x: x.conjugate()])
def test_of_a_real_number_it_is_the_number(f):
    x = Variable(np.array([1.0, 2.0]))
    y = f(x) * np.array([3.0, 4.0])
    y.backward()
    assert (y.data.tolist(), x.grad.tolist()) == ([3.0, 8.0], [3.0, 4.0])


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8"])
@pytest.mark.parametrize("f", [np.imag, F.imag, lambda x: x.imag])
def test_the_imaginary_part_is_0_and_constant(f, dtype):
    y = f(Variable(np.ones(3, dtype)))
    np.testing.assert_array_equal(np.asarray(y), np.imag(np.ones(3, dtype)))
    assert np.asarray(y).dtype == dtype and (not isinstance(y, Variable) or y.is_constant)
