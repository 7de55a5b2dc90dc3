"""y = a ** b;   ∂y/∂a = b a ** (b − 1), ∂y/∂b = a ** b log a"""

import numpy as np
import pytest
from strategies import POW, BinaryContract, assert_same, coarsest, grads, value_grads

import dezero
from dezero import Pow, Variable, grad, hessian


class TestPow(BinaryContract):
    op = POW


EXPONENTS = [-2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 2.5, 10]


@pytest.mark.parametrize("c", EXPONENTS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g"])
def test_a_constant_exponent(c, dtype):
    a = np.array([0.5, 1.0, 1.5, 2.0], dtype)
    for y in (lambda x: x**c, lambda x: dezero.Pow(c)(x), lambda x: dezero.pow(x, c), lambda x: dezero.Pow()(x, c)):
        x = Variable(a)
        out = y(x)
        assert out.dtype == a.dtype
        np.testing.assert_allclose(out.data, a**c, rtol=4 * np.finfo(dtype).eps)
        out.backward()
        assert x.grad.dtype == a.dtype
        np.testing.assert_allclose(x.grad, c * a ** (c - 1), rtol=16 * np.finfo(dtype).eps)


@pytest.mark.parametrize("c", [1, 2, 3, 4, 5, -1, -2])
def test_a_negative_base_with_a_whole_exponent(c):
    a = np.array([-2.0, -0.5])
    g, = grads(lambda x: x**c, a)
    np.testing.assert_allclose(g, c * a ** (c - 1), rtol=1e-14)
    with np.errstate(invalid="ignore"):
        _, (g, nan) = value_grads(lambda x, y: x**y, a, np.full(2, float(c)))
    np.testing.assert_allclose(g, c * a ** (c - 1), rtol=1e-14)
    assert np.isnan(nan).all()


def test_N01_square_at_zero():
    assert value_grads(lambda x: x**2, 0.0) == (0, [0])


@pytest.mark.parametrize("zero", [0, 0.0, np.float64(0), np.array(0.0), np.array([0.0, 0.0])])
def test_N02_power_zero_at_zero(zero):
    with np.errstate(all="ignore"):
        y, (g,) = value_grads(lambda x: x**zero, np.zeros_like(zero, dtype="f8"))
    assert (y == 1).all() and (g == 0).all()


def test_N04_root_at_zero():
    with np.errstate(all="ignore"):
        assert value_grads(lambda x: x**0.5, 0.0) == (0, [np.inf])


def test_N05_reciprocal_at_zero():
    with np.errstate(all="ignore"):
        assert value_grads(lambda x: x**-1, 0.0) == (np.inf, [-np.inf])


@pytest.mark.parametrize("x,y,want,gx,gy", [
    (0.0, 0.0, 1, 0, 0),
    (0.0, 2.0, 0, 0, 0),
    (0.0, 1.0, 0, 1, 0),
    (-2.0, 2.0, 4, -4, np.nan),
    (2.0, 0.0, 1, 0, np.log(2)),
    (1.0, 5.0, 1, 5, 0),
    (2.0, 3.0, 8, 12, 8 * np.log(2)),
])
@pytest.mark.parametrize("shape", [(), (1,), (19,)])
def test_N08_two_variables_at_the_corners(x, y, want, gx, gy, shape):
    with np.errstate(all="ignore"):
        got, (ga, gb) = value_grads(lambda a, b: a**b, np.full(shape, x), np.full(shape, y))
    np.testing.assert_allclose(got, np.full(shape, want))
    np.testing.assert_allclose(ga, np.full(shape, gx))
    np.testing.assert_allclose(gb, np.full(shape, gy))


def test_a_negative_base_with_a_broken_exponent_is_nan():
    with np.errstate(all="ignore"):
        y, (g,) = value_grads(lambda x: x**0.5, -2.0)
    assert np.isnan(y) and np.isnan(g)


def test_N12_the_exponent_alone():
    x = Variable(np.array(3.0))
    y = 2.0**x
    assert_same(y.data, 8.0, ulps=1)
    y.backward()
    assert x.grad == pytest.approx(8 * np.log(2), rel=1e-15)
    g, = grads(lambda x: np.array([1.0, 2.0]) ** x, [2.0, 2.0])
    np.testing.assert_allclose(g, [0, 4 * np.log(2)], rtol=1e-15)


@pytest.mark.parametrize("x", [0.0, 2.0])
def test_N13_base_zero(x):
    with np.errstate(all="ignore"):
        y, (g,) = value_grads(lambda x: 0.0**x, x)
    assert (y, g) == (0.0**x, 0)


def test_N14_integers_to_negative_integer_powers():
    x = Variable(np.array([2, 3]))
    for f in (lambda: x**-1, lambda: x ** np.array([-1, -2]), lambda: x ** Variable(np.array([-1, 1])),
              lambda: 2 ** Variable(np.array([-1]))):
        with pytest.raises(ValueError, match="Integers to negative integer powers are not allowed"):
            f()
    assert x.grad is None


def test_integers():
    x = Variable(np.array([2, 3]))
    y = x**3
    assert_same(y.data, np.array([8, 27]))
    y.backward()
    assert_same(x.grad, [12.0, 27.0])
    x = Variable(np.array([2, 0]))
    (x**0).backward()
    assert_same(x.grad, [0.0, 0.0])
    x = Variable(np.array([2, 3]))
    (x**1).backward()
    assert_same(x.grad, [1.0, 1.0])
    x, n = Variable(np.array([2, 3])), Variable(np.array([0, 2]))
    (x**n).backward()
    assert_same(x.grad, [0.0, 6.0])
    np.testing.assert_allclose(n.grad, [np.log(2), 9 * np.log(3)])


@pytest.mark.parametrize("base", ["f2", "f4", "f8"])
@pytest.mark.parametrize("exponent", ["f2", "f4", "f8", "i4"])
def test_an_exponent_of_its_own_shape(rng, base, exponent):
    a = rng.uniform(0.5, 2, (3, 1)).astype(base)
    b = rng.integers(1, 4, (4,)).astype(exponent)
    x, n = Variable(a), Variable(b)
    y = x**n
    assert y.dtype == (a**b).dtype and y.shape == (3, 4)
    y.backward()
    wide, n8 = a.astype("f8"), b.astype("f8")
    rtol = 64 * coarsest(base, exponent, y.dtype)
    np.testing.assert_allclose(x.grad, (n8 * wide ** (n8 - 1)).sum(1, keepdims=True), rtol=rtol)
    np.testing.assert_allclose(n.grad, (wide**n8 * np.log(wide)).sum(0), rtol=rtol, atol=rtol)
    assert x.grad.dtype == a.dtype and n.grad.dtype == (b.dtype if b.dtype.kind == "f" else np.dtype("f8"))


def test_three_arguments_are_not_a_power():
    import builtins

    with pytest.raises(TypeError):
        builtins.pow(Variable(np.array(2)), 3, 5)


def test_an_exponent_nobody_understands():
    for bad in ("2", None, [2.0], {}):
        with pytest.raises(TypeError):
            Variable(np.array(2.0)) ** bad
        with pytest.raises((TypeError, dezero.errors.DezeroError)):
            dezero.pow(Variable(np.array(2.0)), bad)


def test_a_rebound_base_or_exponent_is_not_seen_by_backward():
    x, n = Variable(np.array([2.0])), Variable(np.array([3.0]))
    y = x**n
    x.data, n.data = np.array([100.0]), np.array([100.0])
    y.backward()
    np.testing.assert_allclose([x.grad, n.grad], [[12.0], [8 * np.log(2)]])


CORNERS = [0.0, 0.5, 1.0, 2.0, 3.0, -1.0, np.inf, np.nan, 5e-324]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("b", CORNERS + [-2.0, -0.5])
@pytest.mark.parametrize("a", CORNERS)
def test_the_rule_on_variables_gives_what_the_loops_give(a, b, dtype):
    """One by one and both together, in the corners too."""
    a, b = np.array(a, dtype), np.array(b, dtype)
    for f in (lambda x, n: x**n, lambda x, n: x ** float(b) + 0.0 * n, lambda x, n: a**n + 0.0 * x):
        found = []
        for graph in (False, True):
            x, n = Variable(a), Variable(b)
            with np.errstate(all="ignore"):
                f(x, n).backward(create_graph=graph)
            found.append([v.grad.data if graph else v.grad for v in (x, n)])
        for loops, rule in zip(*found):
            assert rule.dtype == dtype
            np.testing.assert_allclose(rule, loops, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("x,n", [(2.0, 0.0), (0.5, 0.0), (0.5, 1.0), (3.0, 2.0), (1.0, 0.0), (2.0, -1.0), (0.0, 2.0), (0.0, 3.0)])
def test_mixed_second_derivatives(x, n, dtype):
    """∂²/∂x∂n = x ** (n - 1) (1 + n log x), by x first and by n first; a floating-point flag would be an error."""
    want = x ** (n - 1) * (1 + n * np.log(x)) if x else 0.0
    for first, then in ((0, 1), (1, 0)):
        vs = Variable(np.array(x, dtype)), Variable(np.array(n, dtype))
        (vs[0] ** vs[1]).backward(create_graph=True)
        g = vs[first].grad
        for v in vs:
            v.cleargrad()
        g.backward()
        assert vs[then].grad.dtype == dtype
        np.testing.assert_allclose(vs[then].grad, want, rtol=8 * np.finfo(dtype).eps, atol=1e-300)


@pytest.mark.parametrize("c", [0, 1, 2, 3, 4])
def test_second_derivatives_at_zero_by_a_whole_exponent(c):
    for f in (lambda x: x**c, lambda x: x ** float(c), lambda x: x ** np.array(float(c)), lambda x: x ** Variable(np.array(float(c))).detach()):
        x = Variable(np.array([0.0, -1.5]))
        f(x).backward(create_graph=True)
        g = x.grad
        x.cleargrad()
        g.backward()
        np.testing.assert_allclose(x.grad, [2.0 * (c == 2), c * (c - 1) * (-1.5) ** (c - 2)], rtol=1e-14)


@pytest.mark.parametrize("x,n", [(0.0, n) for n in (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)] + [(2.0, 0.0), (2.0, 1.0), (0.3, 2.5), (-2.0, 2.0)])
def test_the_hessian_is_symmetric_or_says_that_it_does_not_know(x, n):
    f = lambda x, n: x**n
    with np.errstate(all="ignore"):
        a, b = grad(grad(f, 0), 1)(x, n), grad(grad(f, 1), 0)(x, n)
    assert a == b or np.isnan(a) or np.isnan(b)


def test_the_hessian_at_0_1():
    """∂²/∂x∂n = x ** (n - 1) (1 + n log x), which is -∞ there: the slope of x by x is 1 for n = 1 and 0 for any larger n."""
    with np.errstate(all="ignore"):
        h = hessian(lambda x, n: x**n, (0, 1))(0.0, 1.0)
    assert h == ((0.0, -np.inf), (-np.inf, 0.0))


def test_third_derivatives_by_the_exponent(rng):
    x, n = rng.uniform(0.5, 2.0, 2)
    by_n = grad(grad(grad(lambda n: x**n)))(n)
    np.testing.assert_allclose(by_n, x**n * np.log(x) ** 3, rtol=1e-13)
    mixed = grad(grad(grad(lambda x, n: x**n, 1), 1), 0)(x, n)
    np.testing.assert_allclose(mixed, x ** (n - 1) * (n * np.log(x) ** 2 + 2 * np.log(x)), rtol=1e-13)


def test_a_constant_exponent_is_what_it_was_at_the_call():
    c = np.array([2.0, 3.0])
    x = Variable(np.array([2.0, 2.0]))
    y = Pow(c)(x)
    c[:] = 0
    y.backward()
    assert_same(x.grad, [4.0, 12.0])
