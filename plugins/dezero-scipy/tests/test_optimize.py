"""Solutions of equations and minima by their parameters: values as SciPy's, gradients by finite differences and by formulas."""
import numpy as np
import pytest
import scipy.optimize as so
from dezero import Variable, grad, hessian, jvp, no_grad
from dezero.errors import GradientError
from dezero_scipy import optimize

A, M = np.array([4.0, 5.0]), np.array([[1.0, 2.0], [3.0, 0.5]])


def slopes(f, x, step=1e-3):
    """Return the derivatives of a function that gives a number, by differences of fourth order."""
    g = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        h = np.zeros_like(x)
        h[index] = step
        g[index] = (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * step)
    return g


def compared(call, *xs, first=1e-7, second=1e-5):
    """Compare value, gradients and the second derivatives along a direction; call(module, *xs) gives an array."""
    weights = np.cos(np.arange(call(so, *xs).size)).reshape(call(so, *xs).shape)
    ours, theirs = [lambda *xs, m=m: np.sum(call(m, *xs) * weights) for m in (optimize, so)]
    assert ours(*xs) == pytest.approx(theirs(*xs), 1e-6)
    assert not isinstance(ours(*xs), Variable)
    assert isinstance(call(optimize, *map(Variable, xs)), Variable)
    for i, x in enumerate(xs):
        of = lambda x, i=i: ours(*xs[:i], x, *xs[i + 1:])
        g = grad(of)(x)
        np.testing.assert_allclose(g, slopes(of, x), first, first)
        v = np.sin(1 + np.arange(x.size)).reshape(x.shape)
        along = lambda x, of=of, v=v: np.sum(grad(of)(x) * v)
        np.testing.assert_allclose(grad(along)(x), slopes(along, x), second, second)


def pair(x, a, m):
    return [x[0] * np.cos(x[1]) - a[0] * m[0, 0], x[1] * x[0] - x[1] - a[1] + m[1, 1] ** 2]


def cubes(x, p):
    return x ** 3 + x - p


@pytest.mark.parametrize("options", [{}, {"method": "lm"}, {"method": "krylov", "tol": 1e-11}, {"jac": False}], ids=str)
def test_root(options):
    compared(lambda m, a, b: m.root(pair, [6.0, 0.5], (a, b), **{"tol": 1e-13, **options}).x, A, M)


def test_root_with_a_jacobian_of_ones_own():
    seen = []

    def jac(x, p):
        seen.append(type(x))
        return np.diag(3 * x ** 2 + 1)
    both = lambda x, p: (cubes(x, p), jac(x, p))
    for fun, given in ((cubes, jac), (both, True)):
        found = optimize.root(fun, [1.0, 1.0], (Variable(A),), jac=given)
        found.x.sum().backward()
        np.testing.assert_allclose(found.x.creator.inputs[0].grad, 1 / (3 * found.x.data ** 2 + 1))
    assert set(seen) <= {np.ndarray, Variable} and np.ndarray in seen


def test_fsolve():
    compared(lambda m, a, b: m.fsolve(pair, [6.0, 0.5], (a, b), xtol=1e-13), A, M)
    compared(lambda m, a: m.fsolve(cubes, [1.0, 1.0], a, lambda x, p: np.diag(3 * x ** 2 + 1)), A)
    x, info, status, message = optimize.fsolve(cubes, [1.0, 1.0], Variable(A), full_output=True)
    assert isinstance(x, Variable) and set(info) >= {"nfev", "fvec"} and status == 1 and message


@pytest.mark.parametrize("name", ["bisect", "brentq", "brenth", "ridder", "toms748"])
def test_roots_of_a_number(name):
    compared(lambda m, p: np.reshape(getattr(m, name)(cubes, 0.0, 3.0, (p,)), ()), np.array(4.0))
    x, told = getattr(optimize, name)(cubes, 0.0, 3.0, args=(Variable(np.array(4.0)),), full_output=True)
    assert isinstance(x, Variable) and x.shape == () and told.converged


def test_newton():
    compared(lambda m, p: np.reshape(m.newton(cubes, 1.0, args=(p,)), ()), np.array(4.0))
    compared(lambda m, p: m.newton(cubes, np.array([1.0, 1.5]), lambda x, p: 3 * x ** 2 + 1, (p,)), A)


def test_higher_orders_and_forward():
    f = lambda p: optimize.brentq(lambda x, p: x ** 3 - p, 0.0, 5.0, (p,))
    assert grad(grad(grad(f)))(8.0) == pytest.approx(10 / 27 * 8 ** (-8 / 3))
    y, t = jvp(lambda p: optimize.root(cubes, np.ones(2), (p,)).x, (A,), (np.ones(2),))
    np.testing.assert_allclose(t, 1 / (3 * y ** 2 + 1))


def test_kinds_of_parameters():
    assert not isinstance(optimize.root(cubes, [1.0, 1.0], (A,)).x, Variable)
    assert optimize.root(cubes, [1.0, 1.0], (Variable(A).detach(),)).x.is_constant
    with no_grad():
        x = optimize.root(cubes, [1.0, 1.0], (Variable(A),)).x
    assert isinstance(x, Variable) and x.creator is None
    p, q = Variable(np.array([4, 5])), Variable(A.astype(np.float32))
    (optimize.root(cubes, [1.0, 1.0], p).x + optimize.root(cubes, Variable(np.ones(2)), q).x).sum().backward()
    np.testing.assert_allclose(p.grad, q.grad, 1e-6)
    assert p.grad.dtype == float and q.grad.dtype == np.float32
    z = Variable(np.array(3 + 4j))
    optimize.brentq(lambda x, z: x - abs(z), 0.0, 9.0, (z,)).backward()
    np.testing.assert_allclose(z.grad, 0.6 + 0.8j)


def test_first_gradients_are_those_of_the_call():
    """Also where the function reads what has changed since; a second derivative is refused."""
    def total(p):
        return sum([optimize.brentq(lambda x, p: x ** 3 - p * k, 0.0, 9.0, (p,)) for k in (1, 8, 27)])  # noqa: B023
    assert grad(total)(8.0) == pytest.approx(6 * 8 ** (-2 / 3) / 3)
    with pytest.raises(GradientError, match="scipy.optimize.brentq: a second derivative calls the function again, and it gives"):
        hessian(total)(8.0)


P, Z = Variable(np.array(8.0)), Variable(np.array(0.0))


@pytest.mark.parametrize(("call", "words"), [
    (lambda: optimize.brentq(lambda x: x ** 3 - P, 0.0, 5.0), "brentq: <lambda> gives a Variable .*; pass it in args"),
    (lambda: optimize.root(lambda x, q: [x[0] ** 3 - P, x[1] - q], [1.0, 1.0], (P,)), "root: <lambda> gives a Variable .* in args"),
    (lambda: optimize.root(cubes, [1.0, 1.0], A, jac=lambda x, p: np.eye(2) * P), "root: <lambda> gives a Variable"),
    (lambda: optimize.root(lambda x, q: [x[0] + x[1] - q, x[0] + x[1] - q], [1.0, 1.0], P), "the derivative of .* is singular"),
    (lambda: optimize.root(lambda x, q: x ** 2 + q, [1.0], P), "root: the solver did not converge.* not making good"),
    (lambda: optimize.fsolve(lambda x, q: x ** 2 + q, [1.0], P), "fsolve: the solver did not converge.* not making"),
    (lambda: optimize.newton(cubes, 9.0, args=(P,), maxiter=2), "newton: the solver did not converge.* convergence error"),
    (lambda: optimize.root(lambda x, q: (x - 1) ** 2 + q, [2.0], Z), "root: the solution is not accurate enough"),
    (lambda: optimize.newton(lambda x, q: (x - 1) ** 2 + q, 2.0, args=(Z,)), "newton: the solution is not accurate enough"),
    (lambda: optimize.root(lambda x, q: [(x[0] - 1) ** 2 + q + x[1], 3 * x[1]], [2.0, 1.0], Z), "the solution is not accurate"),
    (lambda: optimize.root(lambda x, q: [x[0] - q, x[0], x[0] - 2], [2.0], Z, method="lm"), "3 equations of 1 unknowns"),
    (lambda: optimize.newton(lambda x, q: x ** 2 + q, 1 + 1j, args=(P,)), "newton: the unknowns are complex"),
])
def test_what_is_refused(call, words):
    with pytest.raises(GradientError, match=words):
        call()


def test_what_scipy_says_of_arrays():
    with pytest.warns(RuntimeWarning, match="not making good progress"):
        optimize.fsolve(lambda x: x ** 2 + 1, [1.0])
    assert not optimize.root(lambda x: x ** 2 + 1, [1.0]).success
    with pytest.warns(RuntimeWarning, match="some failed"), pytest.raises(GradientError, match="newton: .*some did not"):
        optimize.newton(cubes, [1.4, 7.0], args=(Variable(A),), maxiter=4)
    with pytest.raises(ValueError, match="different signs"):
        optimize.brentq(cubes, 5.0, 6.0, args=(P,))
