"""Where a function of numbers has a kink, a jump or a pole."""
import numpy as np
import pytest
from dezero import Variable, hessian, using_config


def gradients(f, *xs):
    """Return the gradients of f by each of its operands."""
    xs = [Variable(np.asarray(x, float)) for x in xs]
    f(*xs).backward()
    return [x.grad.tolist() for x in xs]


@pytest.mark.parametrize("f", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_ties_share(f):
    assert gradients(f, [2.0, 0.0], [2.0, -0.0]) == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize("f, taken", [(np.maximum, 0.0), (np.minimum, 0.0), (np.fmax, 1.0), (np.fmin, 1.0)])
def test_the_other_one_is_nan(f, taken):
    assert gradients(f, [1.0], [np.nan]) == [[taken], [0.0]]
    assert gradients(f, [np.nan], [1.0]) == [[0.0], [taken]]


@pytest.mark.parametrize("f", [np.abs, np.fabs, abs])
def test_a_kink_has_the_mean_of_both_sides(f):
    assert gradients(f, [-2.0, 0.0, 3.0]) == [[-1.0, 0.0, 1.0]]


@pytest.mark.parametrize("f", [np.hypot, np.arctan2])
def test_the_origin(f):
    assert gradients(f, [0.0], [0.0]) == [[0.0], [0.0]]
    np.testing.assert_array_equal(hessian(lambda x: f(x[0], x[1]))(np.zeros(2)), np.zeros((2, 2)))


@pytest.mark.parametrize("f", [np.logaddexp, np.logaddexp2])
def test_an_infinite_logarithm_is_the_lesser_one(f):
    assert gradients(f, [-np.inf, 1.0, np.inf], [2.0, -np.inf, 0.0]) == [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize("f", [np.arctan2, np.copysign, np.divide, np.float_power, np.fmax, np.fmin, np.fmod, np.heaviside,
                               np.hypot, np.logaddexp, np.logaddexp2, np.maximum, np.minimum, np.nextafter, np.power, np.remainder])
def test_second_derivatives_where_one_operand_is_a_constant_that_was_dropped(f):
    """The rule compares it for its own gradient, which nobody wants."""
    a = np.array([1.0, 2.0])
    for g in (lambda x: f(np.full_like(x, 1.5), x), lambda x: f(x[::-1], np.full_like(x, 1.5)), lambda x: f(x[::-1], 1.5),
              lambda x: f(1.5, x[::-1])):
        found = hessian(lambda x: (g(x) ** 2).sum())(a)
        with using_config("keep_data", True):
            np.testing.assert_array_equal(found, hessian(lambda x: (g(x) ** 2).sum())(a))
    np.testing.assert_allclose(hessian(lambda x: np.logaddexp(np.zeros_like(x), x).sum())(a), np.diag(1 / (2 + 2 * np.cosh(a))))


def test_the_next_number():
    assert np.nextafter(Variable(np.array([1.0, 2.0])), 2.0).data.tolist() == [1.0 + 2.0 ** -52, 2.0]
    assert gradients(lambda x: np.nextafter(x, [2.0, -3.0]), [1.0, -1.0]) == [[1.0, 1.0]]


def test_clip():
    assert gradients(lambda x: np.clip(x, 0, 1), [-1.0, 0.0, 0.5, 1.0, 2.0]) == [[0.0, 0.5, 1.0, 0.5, 0.0]]
    assert gradients(lambda x, low: np.clip(x, low, None), [1.0, 3.0], [2.0, 2.0]) == [[0.0, 1.0], [1.0, 0.0]]
    assert gradients(lambda x: np.clip(x, min=0), [-1.0, 2.0]) == [[0.0, 1.0]]
    assert gradients(lambda x: x.clip(0, 1), [-1.0, 0.5]) == [[0.0, 1.0]]


def test_the_operators():
    x = Variable(np.array([7.0, -7.0]))
    assert (x // 2).data.tolist() == [3.0, -4.0]
    assert (x % 4).data.tolist() == [3.0, 1.0]
    whole, rest = divmod(x, 4)
    assert (whole.data.tolist(), rest.data.tolist()) == ([1.0, -2.0], [3.0, 1.0])
    assert gradients(lambda a, b: a % b, [7.0, -7.0], [4.0, 4.0]) == [[1.0, 1.0], [-1.0, 2.0]]
