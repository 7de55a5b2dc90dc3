"""Solutions of equations and minima by their parameters: values as SciPy's, gradients by finite differences and by formulas."""
import gc
import weakref

import numpy as np
import pytest
import scipy.optimize as so
from dezero import Variable, grad, hessian, jacobian, jvp, no_grad
from dezero.errors import GradientError
from dezero_scipy import optimize
from scipy.sparse import csr_array

A, M = np.array([4.0, 5.0]), np.array([[1.0, 2.0], [3.0, 0.5]])
rng = np.random.default_rng(0)


def slope(f, x, v, step=1e-3):
    """Return the derivative of a function that gives a number, along v, by a difference of fourth order."""
    return (f(x - 2 * step * v) - 8 * f(x - step * v) + 8 * f(x + step * v) - f(x + 2 * step * v)) / (12 * step)


def compared(call, *xs, first=1e-7, second=1e-5):
    """Compare value, gradient and second derivatives along some directions; call(module, *xs) gives an array."""
    weights = np.cos(np.arange(call(so, *xs).size)).reshape(call(so, *xs).shape)
    ours, theirs = [lambda *xs, m=m: np.sum(call(m, *xs) * weights) for m in (optimize, so)]
    assert ours(*xs) == pytest.approx(theirs(*xs), 1e-6)
    assert not isinstance(ours(*xs), Variable)
    y = call(optimize, *map(Variable, xs))
    assert isinstance(y, Variable)
    np.testing.assert_allclose(y.data, call(so, *xs), 1e-6, 1e-6)
    for i, x in enumerate(xs):
        of = lambda x, i=i: ours(*xs[:i], x, *xs[i + 1:])
        u, v = np.random.default_rng(i).normal(size=(2, *x.shape))
        g, along = grad(of)(x), lambda x, of=of, v=v: np.sum(grad(of)(x) * v)
        assert np.sum(g * u) == pytest.approx(slope(of, x, u), first, first)
        assert np.sum(g * v) == pytest.approx(slope(of, x, v), first, first)
        assert np.sum(grad(along)(x) * u) == pytest.approx(slope(along, x, u), second, second)


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


def test_the_jacobian_of_dezero_is_that_of_each_point():
    options = {"method": "lm", "args": (Variable(A),)}
    given = optimize.root(cubes, [9.0, 1.0], jac=lambda x, p: np.diag(3 * x ** 2 + 1), **options)
    assert optimize.root(cubes, [9.0, 1.0], **options).nfev == given.nfev > 5


def test_a_jacobian_that_is_wrong_changes_no_gradient():
    """It may do for the solver."""
    jac = lambda x, p: np.diag(3.0 * x ** 2 + 1.1)
    x = optimize.root(cubes, [1.3, 1.4], (Variable(A),), jac=jac, tol=1e-13).x
    y = optimize.fsolve(cubes, [1.3, 1.4], (Variable(A),), jac, col_deriv=True, xtol=1e-13)
    for found in (x, y):
        found.sum().backward()
        np.testing.assert_allclose(found.creator.inputs[0].grad, 1 / (3 * found.data ** 2 + 1), 1e-12)


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


def test_root_scalar():
    slope = lambda x, p: 3 * x ** 2 + 1
    for options in ({"bracket": (0.0, 3.0)}, {"x0": 1.0, "method": "secant", "x1": 1.2}, {"x0": 1.0, "fprime": slope}):
        compared(lambda m, p, options=options: np.reshape(m.root_scalar(cubes, (p,), **options).root, ()), np.array(4.0))
    both = lambda x, p: (cubes(x, p), slope(x, p))
    compared(lambda m, p: np.reshape(m.root_scalar(both, (p,), x0=1.0, fprime=True).root, ()), np.array(4.0))


def test_newton():
    compared(lambda m, p: np.reshape(m.newton(cubes, 1.0, args=(p,)), ()), np.array(4.0))
    compared(lambda m, p: m.newton(cubes, np.array([1.0, 1.5]), lambda x, p: 3 * x ** 2 + 1, (p,)), A)


def test_higher_orders_and_forward():
    f = lambda p: optimize.brentq(lambda x, p: x ** 3 - p, 0.0, 5.0, (p,))
    assert grad(grad(grad(f)))(8.0) == pytest.approx(10 / 27 * 8 ** (-8 / 3))
    y, t = jvp(lambda p: optimize.root(cubes, np.ones(2), (p,)).x, (A,), (np.ones(2),))
    np.testing.assert_allclose(t, 1 / (3 * y ** 2 + 1))


def test_a_solution_within_a_function_that_is_solved():
    inner = lambda x, p: optimize.brentq(lambda t, x, p: t ** 3 + t - x * p, -9.0, 9.0, (x, p))
    compared(lambda m, p: np.reshape(m.newton(lambda x, p: x + inner(x, p) - 2, 1.0, args=(p,)), ()), np.array(1.3))


def test_unknowns_in_a_table():
    f = lambda x, p: cubes(x, p) + 0.1 * np.sum(x)
    table = jacobian(lambda p: optimize.root(f, np.ones((2, 2)), (p,), "krylov", tol=1e-11).x)(M)
    row = jacobian(lambda p: optimize.root(lambda x, p: f(x, np.ravel(p)), np.ones(4), (p,), tol=1e-13).x)(M)
    np.testing.assert_allclose(table.reshape(4, 2, 2), row, 1e-9, 1e-12)


def test_kinds_of_parameters():
    assert not isinstance(optimize.root(cubes, [1.0, 1.0], (A,)).x, Variable)
    assert optimize.root(cubes, [1.0, 1.0], (Variable(A).detach(),)).x.is_constant
    with no_grad():
        x = optimize.root(cubes, [1.0, 1.0], (Variable(A),)).x
        assert grad(lambda p: optimize.brentq(cubes, 0.0, 3.0, (p,)))(2.0) == pytest.approx(0.25)
    assert isinstance(x, Variable) and x.creator is None
    p, q = Variable(np.array([4, 5])), Variable(A.astype(np.float32))
    (optimize.root(cubes, [1.0, 1.0], p).x + optimize.root(cubes, Variable(np.ones(2)), q).x).sum().backward()
    np.testing.assert_allclose(p.grad, q.grad, 1e-6)
    assert p.grad.dtype == float and q.grad.dtype == np.float32
    z = Variable(np.array(3 + 4j))
    optimize.brentq(lambda x, z: x - abs(z), 0.0, 9.0, (z,)).backward()
    np.testing.assert_allclose(z.grad, 0.6 + 0.8j)


def test_parameters_in_nested_arguments():
    """A gradient by each of them, and what has no Variable is the caller's own, to which the function may write."""
    calls = []

    def f(x, tree, q, calls):
        calls.append(x)
        return x ** 3 - tree["a"][0] * q[0]

    a, q = Variable(np.array(4.0)), Variable(np.array(2.0))
    optimize.brentq(f, 0.0, 9.0, ({"a": [a, 1]}, (q,), calls), xtol=1e-14).backward()
    assert (a.grad, q.grad) == (pytest.approx(1 / 6), pytest.approx(1 / 3)) and calls
    valley = lambda x, p: np.sum((x - p[0]) ** 2)
    assert grad(lambda p: optimize.minimize(valley, [0.0], ([p],)).x[0])(2.0) == pytest.approx(1.0)


def test_arguments_by_place():
    cube = lambda x, p: x ** 3 - p
    for m, p in ((so, 8.0), (optimize, 8.0), (optimize, Variable(np.array(8.0)))):
        for x in (m.root(cube, [1.5], (p,), "hybr", None, 1e-12, None, {"maxfev": 90}).x,
                  m.fsolve(cube, [1.5], (p,), None, 0, 0, 1e-12, 90),
                  m.minimize(lambda x, p: np.sum((x ** 2 - p / 2) ** 2), [1.5], (p,), "BFGS", None, None, None, None, (), 1e-7).x,
                  m.root_scalar(cube, (p,), "secant", None, None, None, 1.5, 1.8, 1e-12, 1e-12, 90).root,
                  m.curve_fit(lambda t, a: a * t, np.ones(2), p * np.ones(2) / 4, [1.0], None, False, True, (0, 9), "trf")[0]):
            assert isinstance(x, Variable) == isinstance(p, Variable)
            np.testing.assert_allclose(x.data if isinstance(x, Variable) else x, 2.0, 1e-6)


def test_first_gradients_are_those_of_the_call():
    """Also where the function reads what has changed since; a second derivative is refused."""
    def total(p):
        return sum([optimize.brentq(lambda x, p: x ** 3 - p * k, 0.0, 9.0, (p,)) for k in (1, 8, 27)])  # noqa: B023
    assert grad(total)(8.0) == pytest.approx(6 * 8 ** (-2 / 3) / 3)
    with pytest.raises(GradientError, match="scipy.optimize.brentq: a second derivative calls the function again, and it gives"):
        hessian(total)(8.0)


# -- minima

T = np.linspace(0, 1, 12)
Y = 2 * np.exp(-1.3 * T) + 0.1 * np.cos(9 * T)
E = 0.5 + 0.2 * np.sin(5 * T)
TIGHT = {"xtol": 1e-15, "gtol": 1e-15, "ftol": None}
ROUGH = {"first": 2e-5, "second": 2e-4}
"""SciPy's solutions have nine digits, and so differences have five."""


def hilly(x, a):
    return (a[0] - x[0]) ** 2 + a[1] * (x[1] - x[0] ** 2) ** 2 + 0.1 * np.sum(x ** 4)


def slope_of_hilly(x, a):
    inner = 4 * a[1] * (x[0] ** 2 - x[1]) * x[0]
    return np.stack([2 * (x[0] - a[0]) + inner, 2 * a[1] * (x[1] - x[0] ** 2)]) + 0.4 * x ** 3


def decay(x, y):
    return x[0] * np.exp(-x[1] * T) - y


def slopes_of_decay(x, y):
    return np.stack([np.exp(-x[1] * T), -x[0] * T * np.exp(-x[1] * T)], 1)


def model(t, a, b):
    return a * np.exp(-b * t)


def slopes_of_model(t, a, b):
    return np.stack([np.exp(-b * t), -a * t * np.exp(-b * t)], 1)


@pytest.mark.parametrize("attribute", ["x", "fun"])
def test_minimize(attribute):
    def call(m, a):
        hess = lambda x, a: hessian(hilly)(x, a)
        return getattr(m.minimize(hilly, [0.5, 0.5], a, "newton-cg", slope_of_hilly, hess, tol=1e-12), attribute)
    compared(call, np.array([1.0, 3.0]))


@pytest.mark.parametrize("method", [None, "cg", "bfgs", "l-bfgs-b", "tnc", "slsqp", "nelder-mead", "powell", "newton-cg", "cobyla",
                                    "trust-ncg", "trust-exact", "trust-constr"])
def test_methods_of_minimize(method):
    """Each is as near to the exact solution's gradient as its tolerance is small."""
    a = np.array([1.0, 3.0])
    of = lambda method, tol: grad(lambda a: optimize.minimize(hilly, [0.5, 0.5], a, method, tol=tol).x.sum())(a)
    np.testing.assert_allclose(of(method, 1e-6), of("trust-krylov", 1e-8), 1e-3, 1e-4)


def test_fsolve_as_scipy():
    """With dezero's Jacobian, where none is given: it is not that of columns."""
    jac = lambda x, a, m: np.stack([[np.cos(x[1]), -x[0] * np.sin(x[1])], [x[1], x[0] - 1]])
    x, given, *_ = so.fsolve(pair, [6.0, 0.5], (A, M), jac, True)
    y, found, *_ = optimize.fsolve(pair, [6.0, 0.5], (Variable(A), M), full_output=True)
    np.testing.assert_allclose(y.data, x, 1e-9)
    assert found["nfev"] == given["nfev"] and found["njev"] == given["njev"]
    one = Variable(np.array(1.0))
    for options in ({"xtol": 1e-2}, {"xtol": 1e-2, "factor": 0.5}):
        wanted = so.fsolve(cubes, [9.0, 1.0], A, **options)
        assert np.array_equal(optimize.fsolve(cubes, [9.0, one], A, **options), wanted)
        assert np.array_equal(optimize.fsolve(cubes, [9.0, one], A, full_output=True, **options)[0], wanted)
    with pytest.warns(RuntimeWarning, match="not making good progress") as caught:
        optimize.fsolve(lambda x: x ** 2 + 1, [1.0])
    assert caught[0].filename == __file__


def test_minimize_with_the_gradient_of_the_function_itself():
    both = lambda x, a: (hilly(x, a), slope_of_hilly(x, a))
    found = optimize.minimize(both, [0.5, 0.5], Variable(np.array([1.0, 3.0])), jac=True)
    assert found.fun.item() == hilly(found.x.data, np.array([1.0, 3.0])) > 0
    of = lambda f, jac: grad(lambda a: optimize.minimize(f, [0.5, 0.5], a, jac=jac).x.sum())(np.array([1.0, 3.0]))
    np.testing.assert_allclose(of(both, True), of(hilly, None), 1e-5)


@pytest.mark.parametrize(("method", "loss"), [("lm", "linear"), ("trf", "linear"), ("dogbox", "linear"), ("trf", "soft_l1"),
                                              ("trf", "huber"), ("trf", "cauchy"), ("trf", "arctan")])
def test_least_squares(method, loss):
    def call(m, y):
        found = m.least_squares(decay, [1.0, 1.0], slopes_of_decay, method=method, loss=loss, args=(y,),
                                f_scale=0.3 if loss == "arctan" else 0.09, **TIGHT | ({"ftol": 1e-15} if method == "lm" else {}))
        return np.concatenate([found.x, found.fun, np.reshape(found.cost, 1)])
    compared(call, Y, **ROUGH)


def test_least_squares_with_a_jacobian_of_dezero():
    g = [grad(lambda y, jac=jac: optimize.least_squares(decay, [1.0, 1.0], args=(y,), kwargs={}, **jac).x.sum())(Y)
         for jac in ({}, {"jac": slopes_of_decay}, {"jac": "3-point"})]
    np.testing.assert_allclose(g[1:], g[:1] * 2, 1e-6, 1e-8)
    called = []
    found = optimize.least_squares(lambda x, y: called.append(type(x)) or decay(x, y), [1.0, 1.0], args=(Variable(Y),))
    assert called.count(np.ndarray) == found.nfev


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("sigma", [None, E, np.diag(E ** 2) + 0.1], ids=["none", "1-d", "2-d"])
def test_curve_fit(sigma, absolute):
    def call(m, t, y, sigma=sigma):
        fit = m.curve_fit(model, t, y, [1.0, 1.0], sigma, absolute, jac=slopes_of_model, method="trf", **TIGHT)
        return np.concatenate([fit[0], np.ravel(fit[1])])
    compared(call, T, Y, **ROUGH)
    if sigma is not None:
        compared(lambda m, s: call(m, T, Y, s if s.ndim < 2 else (s + s.T) / 2), sigma, **ROUGH)


def refined(y):
    """Return the fit to y, with all digits, by steps of Newton that are recorded."""
    x = so.curve_fit(model, T, y.data if isinstance(y, Variable) else y, [1.0, 1.0])[0]
    cost = lambda x: np.sum((model(T, x[0], x[1]) - y) ** 2)
    for _ in range(4):
        x = x - np.linalg.solve(hessian(cost)(x), grad(cost)(x))
    return x


def test_curve_fit_beside_recorded_steps():
    of = lambda y: optimize.curve_fit(model, T, y, [1.0, 1.0], xtol=1e-15, ftol=1e-15)[0]
    np.testing.assert_allclose(jacobian(of)(Y), jacobian(refined)(Y), 1e-7, 1e-8)
    np.testing.assert_allclose(hessian(lambda y: of(y)[1])(Y), hessian(lambda y: refined(y)[1])(Y), 1e-6, 1e-7)


@pytest.mark.parametrize("absolute", [False, True])
def test_curve_fit_beside_the_formula_of_a_line(absolute):
    def line(y, e):
        a = np.stack([1 / e, T / e], 1)
        inverse = np.linalg.inv(a.T @ a)
        x = inverse @ a.T @ (y / e)
        return x, inverse if absolute else inverse * np.sum((a @ x - y / e) ** 2) / (len(T) - 2)
    fit = lambda y, e: optimize.curve_fit(lambda t, a, b: a + b * t, T, y, [1.0, 1.0], e, absolute)
    for i, weights in ((0, np.array([1.0, 3.0])), (1, np.array([[1.0, 2.0], [4.0, 3.0]]))):
        ours, theirs = [lambda y, e, f=f, i=i: np.sum(f(y, e)[i] * weights) for f in (fit, line)]
        for n in (0, 1):
            np.testing.assert_allclose(grad(ours, n)(Y, E), grad(theirs, n)(Y, E), 1e-9, 1e-11)
            np.testing.assert_allclose(hessian(ours, n)(Y, E), hessian(theirs, n)(Y, E), 1e-7, 1e-10)


def test_curve_fit_by_the_example():
    """As SciPy's own: p0 from the signature, lists, a number for sigma, bounds, full_output."""
    t, y = list(T), Variable(Y)
    for options in ({}, {"sigma": 0.3}, {"bounds": (0, 9)}, {"method": "dogbox"}):
        ours, theirs = optimize.curve_fit(model, t, y, **options), so.curve_fit(model, t, Y, **options)
        for a, b in zip(ours, theirs):
            np.testing.assert_allclose(a.data, b, 1e-4)
    assert len(optimize.curve_fit(model, T, y, full_output=True)) == 5
    with no_grad():
        popt, pcov = optimize.curve_fit(model, T, y)
    assert isinstance(popt, Variable) and isinstance(pcov, Variable) and popt.creator is pcov.creator is None
    assert not any(isinstance(found, Variable) for found in optimize.curve_fit(model, T, Y))


def test_minimize_scalar():
    valley = lambda x, p: (x - p) ** 2 + np.exp(x)
    of = lambda p, **options: optimize.minimize_scalar(valley, args=(p,), **options)
    for options in ({}, {"bounds": (-5.0, 2.0)}, {"method": "golden"}):
        x = of(2.0, **options).x
        assert grad(lambda p, options=options: of(p, **options).x)(2.0) == pytest.approx(2 / (2 + np.exp(x)))
        assert grad(lambda p, options=options: of(p, **options).fun)(2.0) == pytest.approx(2 * (2 - x), 1e-5)
    with pytest.raises(GradientError, match="minimize_scalar: bounds are active|minimize_scalar: the solution is not"):
        of(Variable(np.array(2.0)), bounds=(-5.0, 0.5))


def test_minimize_takes_what_it_is_given():
    """Names in any letters, the caller's second derivatives, bounds of an iterator."""
    a, called = np.array([1.0, 3.0]), []
    of = lambda method, **given: grad(lambda a: optimize.minimize(hilly, [0.5, 0.5], a, method, tol=1e-8, **given).x.sum())(a)
    wanted = of("trust-exact")
    hess = lambda x, a: called.append("hess") or hessian(hilly)(x, a)
    hessp = lambda x, p, a: called.append("hessp") or hessian(hilly)(x, a) @ p
    for method, given in (("Newton-CG", {}), ("Trust-Krylov", {}), ("trust-exact", {"hess": hess}), ("trust-ncg", {"hessp": hessp}),
                          ("L-BFGS-B", {"bounds": iter([(0, 9), (0, 9)])})):
        np.testing.assert_allclose(of(method, **given), wanted, 1e-3)
    assert {"hess", "hessp"} == set(called)
    found = optimize.minimize(hilly, [0.5, 0.5], Variable(a), "BFGS")
    assert found.nfev == found.njev                         # of dezero's gradient: none by differences
    line = so.LinearConstraint([1, 1], 0, 0.5)
    ours, theirs = [m.minimize(hilly, [0.5, 0.5], a, constraints=line) for m in (optimize, so)]
    np.testing.assert_array_equal(ours.x, theirs.x)


def square(x, y):
    return np.sum(decay(x, y) ** 2)


@pytest.mark.parametrize("method", ["l-bfgs-b", "tnc", "slsqp", "trust-constr", "nelder-mead", "powell"])
def test_bounds_of_minimize(method):
    free = grad(lambda y: optimize.least_squares(decay, [1.0, 1.0], args=(y,)).x.sum())(Y)
    for bounds in ([(0, None), (None, 9.0)], so.Bounds([0, 0], [9, 9])):
        of = lambda y, bounds=bounds: optimize.minimize(square, [1.0, 0.8], y, method, bounds=bounds, tol=1e-8).x.sum()
        np.testing.assert_allclose(grad(of)(Y), free, 2e-3, 1e-3)
    with pytest.raises(GradientError, match="scipy.optimize.minimize: bounds are active, those of x.1., so"):
        optimize.minimize(square, [1.0, 0.8], (Variable(Y),), method, bounds=[(0, None), (None, 1.0)])


@pytest.mark.parametrize("method", ["trf", "dogbox"])
def test_bounds_of_least_squares(method):
    of = lambda y, **bounds: optimize.least_squares(decay, [1.0, 0.8], method=method, args=(y,), **bounds).x.sum()
    np.testing.assert_allclose(grad(lambda y: of(y, bounds=([0, 0], 9)))(Y), grad(of)(Y), 1e-5, 1e-6)
    for bounds in ([0, 0], [9, 1]), so.Bounds([0, 0], [9, 1]):
        with pytest.raises(GradientError, match="scipy.optimize.least_squares: bounds are active, those of x.1., so"):
            of(Variable(Y), bounds=bounds)
    with pytest.raises(GradientError, match="scipy.optimize.curve_fit: bounds are active, those of x.1., so"):
        optimize.curve_fit(model, T, Variable(Y), method=method, bounds=(0, [9, 1]))


@pytest.mark.parametrize("call", [
    lambda p: optimize.brentq(cubes, 0.0, 3.0, (p,)), lambda p: optimize.newton(cubes, 1.0, args=(p,)),
    lambda p: optimize.root(cubes, [1.0], (p,)).x, lambda p: optimize.fsolve(cubes, [1.0], (p,)),
    lambda p: optimize.minimize(lambda x, p: np.sum((x - p) ** 2), [1.0], (p,)).x,
    lambda p: optimize.least_squares(lambda x, p: x - p, [1.0], args=(p,)).x,
    lambda p: optimize.curve_fit(model, T, p * Y)[0]], ids=range(7))
def test_what_is_recorded_is_freed_without_the_collector(call):
    gc.collect()
    gc.disable()
    try:
        p = Variable(np.array(2.0))
        call(p).sum().backward()
        p = weakref.ref(p)
        assert p() is None
    finally:
        gc.enable()


P, Z, Q, R = map(Variable, (np.array(8.0), np.array(0.0), np.array([1.0, 3.0]), Y))


@pytest.mark.parametrize(("call", "words"), [
    (lambda: optimize.brentq(lambda x: x ** 3 - P, 0.0, 5.0), "brentq: <lambda> gives a Variable .*; pass it in args"),
    (lambda: optimize.root(lambda x, q: [x[0] ** 3 - P, x[1] - q], [1.0, 1.0], (P,)), "root: <lambda> gives a Variable .* in args"),
    (lambda: optimize.root(cubes, [1.0, 1.0], A, jac=lambda x, p: np.eye(2) * P), "root: <lambda> gives a Variable"),
    (lambda: optimize.root(lambda x, q: [x[0] + x[1] - q, x[0] + x[1] - q], [1.0, 1.0], P), "the derivative of .* is singular"),
    (lambda: optimize.root(lambda x, q: x ** 2 + q, [1.0], P), "root: the solver did not converge.* not making good"),
    (lambda: optimize.fsolve(lambda x, q: x ** 2 + q, [1.0], P), "fsolve: the solver did not converge.* not making"),
    (lambda: optimize.newton(cubes, 9.0, args=(P,), maxiter=2), "newton: the solver did not converge.* convergence error"),
    (lambda: optimize.root_scalar(cubes, P, x0=9.0, method="secant", x1=8.0, maxiter=2), "root_scalar: the solver .* convergence"),
    (lambda: optimize.root(lambda x, q: (x - 1) ** 2 + q, [2.0], Z), "root: the solution is not accurate enough"),
    (lambda: optimize.newton(lambda x, q: (x - 1) ** 2 + q, 2.0, args=(Z,)), "newton: the solution is not accurate enough"),
    (lambda: optimize.root(lambda x, q: [(x[0] - 1) ** 2 + q + x[1], 3 * x[1]], [2.0, 1.0], Z), "the solution is not accurate"),
    (lambda: optimize.root(lambda x, q: [x[0] - q, x[0], x[0] - 2], [2.0], Z, method="lm"), "3 equations of 1 unknowns"),
    (lambda: optimize.minimize(hilly, [0.5, 0.5], (Q,), constraints=so.LinearConstraint([1, 1], 0, 1)), "constraints has no"),
    (lambda: optimize.minimize(hilly, [0.5, 0.5], (Q,), options={"maxiter": 1}), "minimize: the solver did not .* Maximum number"),
    (lambda: optimize.minimize(lambda x, p: (x[0] + x[1] - p) ** 2, [0.5, 0.5], P), "minimize: the derivative of .* is singular"),
    (lambda: optimize.minimize(lambda x, p: -(x[0] - p) ** 2, [7.0], P, bounds=[(0, 9)]), "minimize: bounds are active"),
    (lambda: optimize.minimize(lambda x: (x[0] - P) ** 2, [0.5]), "minimize: <lambda> gives a Variable .*; pass it in args"),
    (lambda: optimize.least_squares(lambda x, n: x - n * P, [0.5], kwargs={"n": 2}), "least_squares: the function gives"),
    (lambda: optimize.least_squares(lambda x: x - P, [0.5]), "least_squares: <lambda> gives a Variable .*; pass it in args"),
    (lambda: optimize.least_squares(decay, [1.0, 1.0], args=(R,), loss=lambda z: np.array([z, 1 + 0 * z, 0 * z])), "of one's own"),
    (lambda: optimize.least_squares(decay, [1.0, 1.0], args=(R,), max_nfev=1), "least_squares: the solver did not converge"),
    (lambda: optimize.curve_fit(lambda t, a: a * t + P, T, Y), "curve_fit: <lambda> gives a Variable .*; pass it in args"),
    (lambda: optimize.curve_fit(model, T, R, nan_policy="omit"), "curve_fit: nan_policy='omit' has no gradient"),
    (lambda: optimize.curve_fit(model, T, R, method="trf", loss="huber"), "curve_fit: loss='huber' has no gradient"),
    (lambda: optimize.minimize(lambda x: (x[0] - 9) ** 2, [0.5], bounds=[(None, P)]), "minimize has no gradient by bounds"),
    (lambda: optimize.minimize(lambda x: (x[0] - 9) ** 2, [0.5], bounds=so.Bounds(0, P)), "minimize has no gradient by bounds"),
    (lambda: optimize.minimize_scalar(lambda x: (x - 9) ** 2, bounds=(0, P)), "minimize_scalar has no gradient by bounds"),
    (lambda: optimize.least_squares(decay, [1.0, 1.0], bounds=(0, P), args=(Y,)), "least_squares has no gradient by bounds"),
    (lambda: optimize.least_squares(decay, [1.0, 1.0], args=(Y,), x_scale=P), "least_squares has no gradient by x_scale"),
    (lambda: optimize.curve_fit(model, T, Y, bounds=(0, P)), "curve_fit has no gradient by bounds"),
    (lambda: optimize.newton(lambda x, q: x ** 2 + q, 1 + 1j, args=(P,)), "newton: the unknowns are complex"),
])
def test_what_is_refused(call, words):
    with pytest.raises(GradientError, match=words):
        call()


# -- what is looked at, at a solution

TURN = np.array([[0.6, -0.8], [0.8, 0.6]])


def solved_at(f, x, q=0.0):
    """Return the problem f(x, q) = 0 and what it is at a solution x."""
    problem = optimize.Problem("root", f, (Variable(np.array(q)),))
    return problem, optimize.Linearized(problem, np.asarray(x, float))


def simple(w, q):
    return np.stack([w[0] + w[0] ** 2 + q, 2.0 * w[1] - w[0]])


def double(w, q):
    return np.stack([w[0] ** 2 + q + w[1], 2.0 * w[1]])


@pytest.mark.parametrize("columns", [(1.0, 1.0), (1e6, 1e-6), (1e-6, 1e6)])
@pytest.mark.parametrize("rows", [(1.0, 1.0), (1e8, 1e-8), (1e-8, 1e8)])
def test_units_do_not_tell_what_is_multiple(rows, columns):
    at = np.array([1.0, -2.0])
    for mix in (np.eye(2), TURN):
        f = lambda x, q, g: np.array(rows) * (mix @ g(TURN @ (np.array(columns) * x - at), q))  # noqa: B023
        for w in ((1e-5, 1e-6), (0.0, 0.0), (-1e-9, 0.0), (1e-12, 1e-12)):
            solved_at(lambda x, q, f=f: f(x, q, simple), (at + TURN.T @ w) / columns)
        for w in ((1e-5, 0.0), (-1e-5, 0.0), (1e-9, 0.0), (-1e-7, 1e-20), (1e-6, 1e-13)):
            with pytest.raises(GradientError, match="not accurate enough"):
                solved_at(lambda x, q, f=f: f(x, q, double), (at + TURN.T @ w) / columns)


@pytest.mark.parametrize(("f", "x"), [
    (lambda x, q: (x - 1) ** 2 + q, [1 - 1e-5]),
    (lambda x, q: (x - 1) ** 2 - 1e-18 + q, [1 + 1e-9]),    # two roots, nearer than the digits of one
    (lambda x, q: 1e9 * (x - 1) ** 2 - 1e-9 + q, [1 - 1e-9]),
    (lambda x, q: (x * 1e9 - 1) ** 2 - 1e-18 + q, [(1 + 1e-9) / 1e9]),
    (lambda x, q: x * x - 2 * x + 1 + q, [1 + 2.0 ** -30]),  # 0, of numbers that cancel
    (lambda x, q: np.sqrt(x) + q, [1e-16]),                  # a step from there leaves where f is
])
def test_a_multiple_solution(f, x):
    with pytest.raises(GradientError, match="not accurate enough"):
        solved_at(f, x)


def test_a_simple_solution_in_large_units():
    solved_at(lambda x, q: (x * 1e12) ** 2 - 1 + q, [1e-12 * (1 + 1e-12)])


def test_no_unknowns():
    g = grad(lambda q: np.sum(optimize.least_squares(lambda x, q: x * q, np.zeros(0), args=(q,)).x))
    assert g(2.0) == grad(g)(2.0) == 0


@pytest.mark.parametrize(("k", "is_regular"), [
    ([[-1.0, -1.0], [-1.0, -1.0 - 1e-10]], True), ([[1.0, -1.0], [-1.0, 1 + 1e-14]], False), ([[1.0, 2.0], [0.0, 0.0]], False),
    ([[1.0, 0.0], [3.0, 0.0]], False), ([[1.0, np.nan], [1.0, 2.0]], False), ([[np.inf, 1.0], [1.0, 2.0]], False)], ids=str)
def test_a_matrix_is_regular_or_refused(k, is_regular):
    problem = optimize.Problem("root", None, ())
    if is_regular:
        np.testing.assert_allclose(k @ optimize.Factors(problem, np.array(k)).solve(A), A, 1e-5)
    else:
        with pytest.raises(GradientError, match="is singular, or not finite"):
            optimize.Factors(problem, np.array(k))


@pytest.mark.parametrize("columns", [1.0, np.array([1e-8, 1.0, 1.0])], ids=str)
@pytest.mark.parametrize("rows", [1.0, 1e12, 1e-12])
def test_a_jacobian_that_is_given_is_taken_where_it_is_right(rows, columns):
    k = rng.normal(size=(3, 3))
    k[0, 1] = 0
    at = np.array([0.5, -0.3, 0.2])
    x = at / columns
    right = lambda x, q: rows * np.cos(k @ (columns * x))[:, None] * k * columns
    problem = optimize.Problem("root", lambda x, q: rows * (np.sin(k @ (columns * x)) - q), (Variable(np.sin(k @ at)),))
    for given, is_right in ((right, True), (lambda x, q: right(x, q).tolist(), True), (lambda x, q: right(x, q).T, False),
                            (lambda x, q: right(x, q) * (1 + 1e-9), False), (lambda x, q: right(x, q) * (1 - 1e-9), False),
                            (lambda x, q: right(x, q) * [1 + 1e-6, 1, 1], False), (lambda x, q: 0 * k, False)):
        problem.jacobian = given
        local = optimize.Linearized(problem, x)
        found = local.jacobian_given(problem, x)
        assert (found is not None) == is_right
        np.testing.assert_array_equal(local.jacobian, right(x, 0) if is_right else optimize.by_unknowns(problem, x, problem.arrays))


@pytest.mark.parametrize("unit", [1.0, 1e12, 1e-12])
def test_a_function_that_gives_something_else_is_found(unit):
    k, x = np.array([[1e-3, 1e3], [-7.0, 1e-3]]), np.array([-30.0, 1e-3])
    problem, local = solved_at(lambda x, q: unit * (k @ x), x)
    for place in np.ndindex(2, 2):
        for part, is_same in ((0.5e-6, True), (3e-6, False)):
            of_value, of_matrix = np.zeros(2), np.zeros((2, 2))
            of_value[place[0]], of_matrix[place] = part * unit * 210.001, part * unit * 1e3     # the largest of |k| |x|, of |k|
            for more in ((of_value, 0), (-of_value, 0), (0, of_matrix)):
                call = lambda: local.check_same(problem, x, local.value + more[0], local.jacobian + more[1])  # noqa: B023
                if is_same:
                    call()
                else:
                    with pytest.raises(GradientError, match="it gives other values"):
                        call()


@pytest.mark.parametrize(("low", "high", "x", "names"), [
    (-5.0, np.inf, -5.0, "x.0."), (-5.0, 9.0, -5 + 1e-10, "x.0."), (-5.0, 9.0, -5 + 1e-8, None), (-5.0, 9.0, 9.0, "x.0."),
    (-5.0, 9.0, 9 - 1e-10, "x.0."), (-5.0, 9.0, 9 - 1e-8, None), (0.0, 1.0, 0.0, "x.0."), (0.0, 1.0, 1e-300, None),
    (-1.0, 0.0, 0.0, "x.0."), (-1.0, 0.0, -1e-300, None), (1e-9, 1.0, 1.01e-9, None), (-9.0, -1e-9, -1.01e-9, None),
    (-9.0, -5.0, -5 - 1e-10, "x.0."), (-1e6, 1e6, [1e6 - 1e-5, 0.0, 1e-5 - 1e6], "x.0., x.2."),
])
def test_bounds_that_are_active(low, high, x, names):
    problem = optimize.Problem("minimize", None, ())
    problem.low, problem.high = low, high
    if names is None:
        problem.check_inside(np.array([x]))
    else:
        with pytest.raises(GradientError, match=f"bounds are active, those of {names}, so"):
            problem.check_inside(np.ravel(x))


def test_constants_have_solutions_of_all_kinds():
    """What no gradient is wanted of is a Variable with SciPy's numbers, also where a gradient would be an error."""
    call = lambda p: (optimize.root(lambda x, p: x ** 2 + p, [1.0], p).x,
                      optimize.root(lambda x, p: [x[0] + x[1] - p, x[0] + x[1] - p], [1.0, 1.0], p).x,
                      optimize.minimize(square, [1.0, 0.8], (p * Y,), bounds=[(0, None), (None, 1.0)]).x,
                      optimize.minimize(hilly, [0.5, 0.5], (p * A,), constraints=so.LinearConstraint([1, 1], 0, 1)).x,
                      optimize.newton(lambda x, p: (x - p) ** 2, 2.0, args=(p,)))
    with no_grad():
        free = call(Variable(np.array(1.0)))
    for found in (free, call(Variable(np.array(1.0)).detach())):
        for x, y in zip(found, call(np.array(1.0))):
            assert isinstance(x, Variable) and (x.is_constant or x.creator is None) and not isinstance(y, Variable)
            np.testing.assert_allclose(x.data, y, 1e-7)


def test_starts_and_results_as_scipy_takes_them():
    p, one = Variable(A), Variable(np.array(1.0))
    wanted = optimize.root(cubes, [1.0, 1.0], A).x
    for x0 in ([one, 1.0], (1.0, one), Variable(np.ones(2))):
        np.testing.assert_array_equal(optimize.root(cubes, x0, A).x, wanted)
        np.testing.assert_array_equal(optimize.root(cubes, x0, p).x.data, optimize.root(cubes, [1.0, 1.0], p).x.data)
    assert optimize.root_scalar(cubes, 4.0, bracket=(one, 3.0)).root == so.brentq(cubes, 1.0, 3.0, 4.0)
    for x in (optimize.brentq(cubes, one, 3 * one, 4.0), optimize.brentq(cubes, one, 3.0, 4 * one).item()):
        assert x == so.brentq(cubes, 1.0, 3.0, 4.0)
    for options in ({"x1": 1.2}, {"x1": 1.2 * one, "rtol": 1e-2}):
        ours = optimize.root_scalar(cubes, 4.0, x0=one, method="secant", **options)
        theirs = so.root_scalar(cubes, 4.0, x0=1.0, method="secant", **options | {"x1": 1.2})
        assert (ours.root, ours.function_calls) == (theirs.root, theirs.function_calls)
    constant = (4 * one).detach()
    with pytest.raises(RuntimeError, match="Failed to converge"):
        optimize.newton(cubes, 9.0, args=(constant,), maxiter=2)
    found = optimize.newton(cubes, 9.0, args=(constant,), maxiter=2, disp=False)
    assert found.is_constant and found.item() == so.newton(cubes, 9.0, args=(4.0,), maxiter=2, disp=False)
    found = optimize.minimize(lambda x, p: (x - p) ** 2 + 1, [1.0], Variable(np.array(2.0)))
    assert found.x.shape == (1,) and found.fun.shape == () and found.fun.item() == 1
    found = optimize.least_squares(lambda x, p: x[0] - p, [1.0], args=(Variable(np.array(2.0)),))
    assert found.x.shape == found.fun.shape == (1,) and found.cost.shape == ()
    sparse = optimize.least_squares(decay, [1.0, 1.0], lambda x, y: csr_array(slopes_of_decay(x, y)), args=(Variable(Y),))
    np.testing.assert_allclose(sparse.x.data, so.least_squares(decay, [1.0, 1.0], args=(Y,)).x, 1e-6)
    of = lambda model: grad(lambda y: optimize.curve_fit(model, T, y, [1.0, 1.0])[0].sum())(Y)
    np.testing.assert_allclose(of(lambda t, a, b: [a + b * s for s in t]), of(lambda t, a, b: a + b * t), 1e-8, 1e-12)


def test_what_scipy_says_of_arrays():
    with pytest.warns(RuntimeWarning, match="not making good progress"):
        optimize.fsolve(lambda x: x ** 2 + 1, [1.0])
    assert not optimize.root(lambda x: x ** 2 + 1, [1.0]).success
    with pytest.warns(RuntimeWarning, match="some failed"), pytest.raises(GradientError, match="newton: .*some did not"):
        optimize.newton(cubes, [1.4, 7.0], args=(Variable(A),), maxiter=4)
    with pytest.raises(ValueError, match="different signs"):
        optimize.brentq(cubes, 5.0, 6.0, args=(P,))
