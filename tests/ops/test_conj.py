"""The conjugate, the real and the imaginary part."""
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


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("f, slope", [(np.real, 1), (np.imag, 1j)], ids=["real", "imag"])
def test_the_parts_of_complex_numbers(f, slope, create_graph):
    z = Variable(np.array([1 + 2j, 3 - 1j]))
    y = f(z)
    (y * y).sum().backward(create_graph=create_graph)
    g = z.grad.data if create_graph else z.grad
    np.testing.assert_array_equal(g, 2 * f(z.data) * slope)


def test_the_conjugate_of_complex_numbers():
    z, w = Variable(np.array([1 + 2j, 3 - 1j])), np.array([2j, 1 - 1j])
    np.conjugate(z).backward(gradient=w)
    np.testing.assert_array_equal(z.grad, np.conj(w))


def test_the_methods_give_a_real_variable_itself_as_numpys_do():
    x, z = Variable(np.ones(2)), Variable(np.array([1j, 2.0]))
    assert x.conj() is x and x.conjugate() is x and np.conj(x) is not x and F.conj(x) is not x
    assert z.conj() is not z and z.conjugate().data.tolist() == [-1j, 2.0]
