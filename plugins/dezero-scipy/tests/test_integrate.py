"""Integrals: values as SciPy's, gradients by finite differences and closed forms, what is refused."""
import ctypes
import inspect
import math

import numpy as np
import pytest
import scipy
import scipy.integrate as si
from dezero import Variable, grad, hessian
from dezero.errors import GradientError
from dezero_scipy import integrate
from dezero_scipy.coverage import SCIPY
from differences import slopes
from scipy.special import digamma, gamma, polygamma

rng = np.random.default_rng(0)
Y = rng.normal(size=(3, 6))
X = np.cumsum(rng.uniform(0.5, 1.5, size=6))
XS = np.cumsum(rng.uniform(0.5, 1.5, size=(3, 6)), 1)


def check_gradient(f, x, rtol=1e-6, atol=1e-8):
    """Compare first derivatives, and second ones along a line, with differences."""
    np.testing.assert_allclose(grad(f)(x), slopes(f, x), rtol, atol)
    v = np.linspace(0.5, 1.5, x.size).reshape(x.shape)
    along = grad(lambda x: np.sum(grad(f)(x) * v))(x)
    h = 1e-5
    ends = [grad(f)(x + s * h * v) for s in (-2, -1, 1, 2)]
    np.testing.assert_allclose(along, (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h), 10 * rtol, 10 * atol)


def arguments(function):
    """Return the arguments that a function, or the composite behind it, takes as SciPy's: names and defaults, in their order."""
    found = inspect.signature(getattr(function, "composite", function), follow_wrapped=False).parameters.values()
    return [(p.name, p.kind, p.default) for p in found if p.name != "gradient"]


@pytest.mark.skipif(not scipy.__version__.startswith(SCIPY), reason=f"the arguments are those of SciPy {SCIPY}")
@pytest.mark.parametrize("name", ["trapezoid", "cumulative_trapezoid", "simpson", "quad", "solve_ivp", "odeint"])
def test_arguments_are_those_of_scipy(name):
    theirs = inspect.signature(getattr(si, name)).parameters.values()
    assert arguments(getattr(integrate, name)) == [(p.name, p.kind, p.default) for p in theirs]


# -- samples

SAMPLES = [
    lambda m, y: m.trapezoid(y), lambda m, y: m.trapezoid(y, X, axis=1), lambda m, y: m.trapezoid(y, XS),
    lambda m, y: m.trapezoid(y.T, X, axis=0), lambda m, y: m.trapezoid(y, dx=0.3, axis=0),
    lambda m, y: m.trapezoid(Y[0], np.cumsum(y[0] ** 2)),
    lambda m, y: m.cumulative_trapezoid(y), lambda m, y: m.cumulative_trapezoid(y, X, initial=0),
    lambda m, y: m.cumulative_trapezoid(y.T, dx=0.3, axis=0, initial=0),
    lambda m, y: m.cumulative_trapezoid(Y, np.cumsum(y ** 2, 1)),
    lambda m, y: m.simpson(y), lambda m, y: m.simpson(y[:, :5], dx=0.3), lambda m, y: m.simpson(y, X),
    lambda m, y: m.simpson(y[:, :5], x=X[:5]),
    lambda m, y: m.simpson(y.T, X, axis=0), lambda m, y: m.simpson(y[:, :2], X[:2]), lambda m, y: m.simpson(y[:, :3], XS[:, :3]),
    lambda m, y: m.simpson(y[:, :2], XS[:, :2]),
    lambda m, y: m.simpson(y, dx=0.3, axis=0), lambda m, y: m.simpson(Y, np.cumsum(1 + y ** 2, 1)),
    *[lambda m, y, name=name, axis=axis: getattr(m, name)(y.reshape(3, 2, 3), np.cumsum(XS.reshape(3, 2, 3), axis), axis=axis)
      for name in ("trapezoid", "cumulative_trapezoid", "simpson") for axis in (0, -1)],
    lambda m, y: m.cumulative_trapezoid(y.reshape(3, 2, 3), initial=0), lambda m, y: m.simpson(y[:, :4], X[:4]),
    lambda m, y: m.trapezoid(y.reshape(3, 2, 3), XS[:2, :3]),
    lambda m, y: m.trapezoid(y.reshape(3, 2, 3), axis=1), lambda m, y: m.cumulative_trapezoid(y.reshape(3, 2, 3), axis=1),
]


@pytest.mark.parametrize("i", range(len(SAMPLES)))
def test_samples(i):
    call = SAMPLES[i]
    y = call(integrate, Variable(Y))
    np.testing.assert_allclose(y.data, call(si, Y), 1e-12, 1e-13)
    assert not isinstance(call(integrate, Y), Variable)
    weights = np.random.default_rng(1).normal(size=y.shape)
    check_gradient(lambda y: np.sum(weights * call(integrate, y) ** 2), Y)


def test_of_simpson_with_equal_points():
    """Where two points are one, SciPy leaves out what would be divided by 0."""
    x = np.array([0.0, 0.0, 1.0, 2.0, 2.0, 3.0])
    np.testing.assert_allclose(integrate.simpson(Variable(Y), x).data, si.simpson(Y, x), 1e-12)
    assert np.all(np.isfinite(grad(lambda x: np.sum(integrate.simpson(Y, x)))(x)))


def test_lists_of_variables():
    f = lambda v: integrate.trapezoid([v[0], 1.0, v[1]], [0.0, v[2], 3.0])
    np.testing.assert_allclose(grad(f)(np.array([2.0, 5.0, 1.0])), [0.5, 1.0, -1.5])


def test_spacing_is_differentiated_by():
    assert grad(lambda dx: integrate.simpson(Y[0], dx=dx))(2.0) == pytest.approx(si.simpson(Y[0]))


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "i1", "?"])
def test_dtypes_of_samples(dtype):
    y = np.array([[1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 1]], dtype)
    for call in (lambda m, y: m.trapezoid(y), lambda m, y: m.cumulative_trapezoid(y, initial=0), lambda m, y: m.simpson(y, dx=2),
                 lambda m, y: m.simpson(y[:, :2]), lambda m, y: m.trapezoid(y, np.arange(6, dtype=dtype)) if dtype != "?" else y,
                 lambda m, y: m.trapezoid(y[:, :0]), lambda m, y: m.trapezoid(y[:, :1])):
        ours, theirs = call(integrate, Variable(y)), call(si, y)
        np.testing.assert_allclose(ours.data, theirs, 1e-6)
        assert ours.dtype == theirs.dtype


# -- functions

def wave(x, p, q):
    return np.exp(-p[0] * x) * np.cos(p[1] * x) * q["amplitude"]


def test_quad():
    def area(v):
        return integrate.quad(wave, v[3], v[4], args=(v[:2], {"amplitude": v[2]}))[0]
    v = np.array([1.2, 0.7, 2.0, -0.5, 1.5])
    wanted = si.quad(wave, v[3], v[4], (v[:2], {"amplitude": v[2]}))
    assert integrate.quad(wave, -0.5, Variable(np.array(1.5)), (v[:2], {"amplitude": 2.0}))[1] == wanted[1]
    assert area(v) == wanted[0]
    check_gradient(area, v)


def test_quad_of_infinite_limits():
    of_gamma = lambda s: integrate.quad(lambda x, s: x ** (s - 1) * np.exp(-x), 0, np.inf, args=s)[0]
    assert grad(of_gamma)(2.5) == pytest.approx(gamma(2.5) * digamma(2.5), rel=1e-9)
    assert hessian(of_gamma)(2.5) == pytest.approx(gamma(2.5) * (digamma(2.5) ** 2 + polygamma(1, 2.5)), rel=1e-8)
    below = lambda b, s: integrate.quad(lambda x, s: np.exp(-s * x * x), -np.inf, b, args=(s,))[0]
    assert grad(below)(0.5, 2.0) == pytest.approx(np.exp(-0.5), rel=1e-12)
    assert grad(lambda b: integrate.quad(lambda x: np.exp(-x * x), 0, b)[0])(np.inf) == 0


def test_quad_with_points_and_weights():
    peak = lambda c: integrate.quad(lambda x, c: np.abs(x - 0.3) * c ** 2, 0, 1, args=(c,), points=[0.3])[0]
    assert grad(peak)(1.5) == pytest.approx(3 * (0.3 ** 2 + 0.7 ** 2) / 2)
    waves = lambda c: integrate.quad(lambda x, c: np.exp(c * x), 0, 1, args=(c,), weight="cos", wvar=20.0)[0]
    assert grad(waves)(1.5) == pytest.approx(si.quad(lambda x: x * np.exp(1.5 * x), 0, 1, weight="cos", wvar=20.0)[0])
    assert integrate.quad(lambda x: x, 0, 1, full_output=1)[2]["neval"] == 21


def test_quad_in_quad():
    def f(c):
        inner = lambda x, c: integrate.quad(lambda y, x, c: np.sin(c * x * y), 0, x, args=(x, c))[0]
        return integrate.quad(inner, 0, 1, args=(c,))[0]
    of_scipy = lambda c: si.dblquad(lambda y, x: np.sin(c * x * y), 0, 1, 0, lambda x: x)[0]
    assert grad(f)(2.0) == pytest.approx((of_scipy(2.0 + 1e-4) - of_scipy(2.0 - 1e-4)) / 2e-4, rel=1e-7)


def test_quad_of_a_function_that_does_not_depend_on_an_argument():
    assert grad(lambda c: integrate.quad(lambda x, c: x, 0, 1, args=(c,))[0])(2.0) == 0


@pytest.mark.parametrize("k", [0.0, 2e12, -2e12])
def test_the_tolerance_of_a_derivative_is_of_the_size_of_its_parameter(k):
    """A change of 1 is what an absolute tolerance is meant for, or one of the parameter's own size."""
    unit = max(abs(k), 1.0)
    f = lambda k: integrate.quad(lambda x, k: np.exp(-k / unit * x) * np.sin(100 * x), 0, 1, args=(k,))[0]
    wanted = si.quad(lambda x: -x * np.exp(-k / unit * x) * np.sin(100 * x), 0, 1, epsabs=0, epsrel=1e-10)[0]
    assert grad(f)(k) * unit == pytest.approx(wanted, rel=1e-7)


def test_quad_of_limits_and_parameters_without_a_gradient():
    assert grad(lambda b: integrate.quad(lambda x: x * np.exp(-x), 0, b)[0])(np.inf) == 0      # where the function itself is NaN
    g = grad(lambda p, c: integrate.quad(lambda x, p, c: c * x + np.sum(p), 0, 1, args=(p, c))[0], (0, 1))(np.zeros((0, 2)), 2.0)
    assert g[0].shape == (0, 2) and g[1] == pytest.approx(0.5)


K = Variable(np.array(2.0))


def test_quad_of_arrays_is_that_of_scipy():
    wave = lambda x: np.exp(1j * x)
    assert integrate.quad(wave, 0, 1, complex_func=True) == si.quad(wave, 0, 1, complex_func=True)
    assert integrate.quad(np.exp, 0, 1, weight="cos", wvar=2.0) == si.quad(np.exp, 0, 1, weight="cos", wvar=2.0)
    sine = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(math.sin)
    assert integrate.quad(scipy.LowLevelCallable(sine), 0, 1)[0] == pytest.approx(1 - np.cos(1))
    assert type(integrate.quad(np.exp, 0, K)[1]) is float


def test_an_equation_backward_that_fails():
    flow = integrate.Flow(integrate.Remembered("odeint", None), None, None, None, {"method": "RK45"})
    with pytest.raises(RuntimeError, match="odeint: backward in time from t = 0.0 to 2.0: Required step size"):
        flow.solved(lambda t, s: s * s, 0.0, 2.0, np.ones(1))


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: integrate.quad(lambda x: K * x, 0, 1), GradientError, "quad: .* pass it in args"),
    (lambda: integrate.quad(lambda x, c: K * x, 0, 1, args=(K,)), GradientError, "quad: .* pass it in args"),
    (lambda: integrate.quad(lambda x, c: c / x, 0, 1, args=K), RuntimeError, "quad: the integral from 0 to 1 did not converge"),
    (lambda: integrate.quad(lambda x, c: c * np.nan, 0, 1, args=K), RuntimeError, "quad: .* did not converge"),
    (lambda: integrate.quad(lambda x, c: c * np.ones(1), 0, 1, args=K), ValueError, r"func gives an array of shape \(1,\)"),
    (lambda: integrate.quad(lambda x, c: c * 1j, 0, 1, args=K), TypeError, "quad: .* gives a complex number, wanted a real one"),
    (lambda: integrate.quad(lambda x, c: np.abs(c), 0, 1, args=K * 1j)[0].backward(), TypeError, "by a complex argument"),
    (lambda: integrate.solve_ivp(lambda t, y, k: 1j * k * y, (0, 1), [1.0], args=(K,)), TypeError, "give it a complex y0"),
    (lambda: integrate.solve_ivp(lambda t, y: -y, (1, 1), K * np.ones(1), t_eval=[1.0]), ValueError, "t_span is 1.0 alone"),
    (lambda: integrate.quad(lambda x, c: c, 0, 1, args=K, full_output=1), ValueError, "quad: full_output"),
    (lambda: integrate.quad(lambda x, c: c, 0, 1, args=K, complex_func=True), ValueError, "quad: complex_func"),
    (lambda: integrate.quad(lambda x: x, 0, 1, epsabs=K), GradientError, "quad has no gradient by epsabs"),
    (lambda: integrate.quad(lambda x: x, 0, K, weight="cos", wvar=1.0)[0].backward(), GradientError, "by a and b where weight is"),
    (lambda: integrate.quad(lambda x: x, 0, K * np.ones(2)), ValueError, r"b of shape \(2,\)"),
    (lambda: integrate.quad(lambda x: x, K * np.ones(2), 1), ValueError, r"a of shape \(2,\)"),
    (lambda: integrate.trapezoid(K * Y, X[1:]), ValueError, "trapezoid: x has 5 points"),
    (lambda: integrate.cumulative_trapezoid(K * Y, initial=1), ValueError, "initial=1, wanted None or 0"),
    (lambda: integrate.solve_ivp(lambda t, y: K * y, (0, 1), [1.0]), GradientError, "solve_ivp: .* pass it in args"),
    (lambda: integrate.solve_ivp(lambda t, y: [K * y[0]], (0, 1), [1.0]), GradientError, "solve_ivp: .* pass it in args"),
    (lambda: integrate.solve_ivp(lambda t, y, k: K * y, (0, 1), [1.0], args=(K,)), GradientError, "solve_ivp: .* pass it in args"),
    (lambda: integrate.odeint(lambda y, t: K * y, [1.0], [0, 1.0]), GradientError, "odeint: .* pass it in args"),
    (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [K], dense_output=True), ValueError, "dense_output is not there"),
    (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [K], events=lambda t, y: 1), ValueError, "events is not there"),
    (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [K], vectorized=True), ValueError, "vectorized is not there"),
    (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [1.0], rtol=K), GradientError, "no gradient by rtol"),
    (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [1.0], gradient="yes"), ValueError, "gradient='yes'"),
    (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [K], "BDF", gradient="recorded"), ValueError, "wanted RK23, RK45, DOP853"),
    (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [K], "RK4"), ValueError, "`method` must be one of"),
    (lambda: integrate.solve_ivp(lambda t, y: y * y, (0, 1), [K]), RuntimeError, "solve_ivp: Required step size"),
    (lambda: integrate.solve_ivp(lambda t, y, k: y, (0, 1), [K], args=K), TypeError, r"solve_ivp: args is of .* args=\(k,\)"),
    (lambda: integrate.solve_ivp(lambda t, y: y, (0, 1), [K], t_eval=[]), ValueError, "solve_ivp: t_eval is empty"),
    (lambda: integrate.odeint(lambda y, t: y, [K], [0, 1.0], full_output=1), ValueError, "odeint: full_output"),
    (lambda: integrate.odeint(lambda y, t: y, [K], [0, 9.0], mxstep=1), RuntimeError, "odeint: Excess work"),
])
@pytest.mark.filterwarnings("ignore::scipy.integrate.ODEintWarning")
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


# -- differential equations

def spring(t, y, k, c):
    return [y[1], -k * y[0] - c["damping"] * y[1] + 0.1 * t]


TIMES = np.array([0.0, 0.4, 1.1, 2.0])
V = np.array([1.0, 0.2, 2.0, 0.3])
TIGHT = {"rtol": 1e-8, "atol": 1e-10}


def end(v, **options):
    """Return a number that depends on start, parameters and times of a solution."""
    span = (v[4], v[5]) if len(v) > 4 else (0.0, 2.0)
    run = integrate.solve_ivp(spring, span, [v[0], v[1]], args=(v[2], {"damping": v[3]}), **options)
    return np.sum(run.y[0, -2:] ** 2) + run.y[1, -1]


@pytest.mark.parametrize("t_eval", [None, TIMES, TIMES[2:]])
@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853", "LSODA", "Radau", "BDF"])
def test_values_are_those_of_scipy(method, t_eval):
    wanted = si.solve_ivp(spring, (0, 2), V[:2], method, t_eval, args=(2.0, {"damping": 0.3}))
    for gradient in (None, "adjoint"):
        cls = getattr(si, method)
        run = integrate.solve_ivp(spring, (0, 2), Variable(V[:2]), cls, t_eval, args=(2.0, {"damping": 0.3}), gradient=gradient)
        assert isinstance(run.y.creator, integrate.trajectory.cls) == (gradient == "adjoint" or cls not in integrate.EXPLICIT)
        np.testing.assert_allclose(run.y.data, wanted.y, 1e-13)
        np.testing.assert_array_equal(run.t, wanted.t)
        assert (run.status, run.message, run.success, run.sol) == (0, wanted.message, True, None)


@pytest.mark.parametrize("t_eval", [None, TIMES])
@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
def test_recorded_steps_have_the_gradient_of_their_numbers(method, t_eval):
    """To rounding, also where they are far from the solution; steps of one length stay as they are in the differences."""
    options = {"first_step": 0.5, "max_step": 0.5, "rtol": 10.0, "atol": 10.0}
    check_gradient(lambda v: end(v, method=method, t_eval=t_eval, **options), V, 1e-8, 1e-9)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "LSODA", "Radau", "BDF"])
def test_adjoint_has_the_gradient_of_the_solution(method):
    wanted = grad(lambda v: end(v, method="DOP853", t_eval=TIMES, rtol=1e-11, atol=1e-12))(V)
    found = grad(lambda v: end(v, method=method, t_eval=TIMES, gradient="adjoint", rtol=1e-7, atol=1e-9))(V)
    np.testing.assert_allclose(found, wanted, 3e-5)


@pytest.mark.parametrize("method", ["DOP853", "LSODA"])
def test_second_derivatives_of_the_adjoint(method):
    """A Hessian by the adjoint, beside that of recorded steps."""
    f = lambda v, **options: end(v, t_eval=TIMES[2:], rtol=1e-6, atol=1e-8, **options)
    along = lambda **options: grad(lambda v: np.sum(grad(lambda v: f(v, **options))(v) * V))(V)
    np.testing.assert_allclose(along(method=method, gradient="adjoint"), along(method="DOP853"), 1e-4, 1e-5)


def test_the_steps_of_the_solver_are_the_times_of_the_adjoint():
    def f(v, gradient):
        run = integrate.solve_ivp(spring, (0, v[2]), v[:2], args=(2.0, {"damping": v[3]}), gradient=gradient, **TIGHT)
        return np.sum(run.y[:, ::9])
    np.testing.assert_allclose(grad(lambda v: f(v, "adjoint"))(V), grad(lambda v: f(v, "recorded"))(V), 1e-5)


@pytest.mark.parametrize("gradient", ["recorded", "adjoint"])
def test_by_the_times(gradient):
    """y = e^(k (t - t0)) has a closed form."""
    def f(v, t_eval):
        run = integrate.solve_ivp(lambda t, y, k: k * y, (v[0], v[1]), [1.0], "DOP853", t_eval(v), args=(v[2],), gradient=gradient,
                                  rtol=1e-11, atol=1e-12)
        return run.y[0, -1]
    v = np.array([0.3, 1.5, 0.7])
    y = np.exp(0.7 * 1.2)
    np.testing.assert_allclose(grad(lambda v: f(v, lambda v: None))(v), [-0.7 * y, 0.7 * y, 1.2 * y], 1e-7)
    z = np.exp(0.7 * 0.6)
    np.testing.assert_allclose(grad(lambda v: f(v, lambda v: [v[1] - 0.6]))(v), [-0.7 * z, 0.7 * z, 0.6 * z], 1e-7)
    np.testing.assert_allclose(grad(lambda v: f(v, lambda v: np.array([0.9])))(v), [-0.7 * z, 0.0, 0.6 * z], 1e-7, 1e-8)
    hessian_of = hessian(lambda v: f(v, lambda v: [v[1] - 0.6]))(v)
    np.testing.assert_allclose(hessian_of[:2, :2], np.array([[0.49, -0.49], [-0.49, 0.49]]) * z, 1e-5)
    np.testing.assert_allclose(hessian_of[2], [-1.42 * z, 1.42 * z, 0.36 * z], 1e-5)


@pytest.mark.parametrize("gradient", ["recorded", "adjoint"])
def test_backward_in_time_and_matrices_as_parameters(gradient):
    a = np.array([[0.1, 1.0], [-1.0, 0.2]])

    def f(a):
        run = integrate.solve_ivp(lambda t, y, w: w[0] @ y, (2.0, 0.5), np.array([1.0, 2.0]), t_eval=[1.5, 0.5], args=([a],),
                                  gradient=gradient, **TIGHT)
        return np.sum(run.y * np.array([[1.0, 2.0], [3.0, 4.0]]))
    wanted = si.solve_ivp(lambda t, y: a @ y, (2.0, 0.5), [1.0, 2.0], t_eval=[1.5, 0.5], **TIGHT)
    assert f(a) == pytest.approx(np.sum(wanted.y * [[1.0, 2.0], [3.0, 4.0]]), rel=1e-13)
    np.testing.assert_allclose(grad(f)(a), slopes(f, a, 1e-3), 1e-6)


def test_stiff_equations():
    """The backward equation of the reactions of Robertson is stable, where y would not be."""
    def reactions(t, y, k):
        first, second = k[1] * y[1] * y[2] - k[0] * y[0], k[2] * y[1] ** 2
        return [first, -first - second, second]
    k = np.array([0.04, 1e4, 3e7])
    f = lambda k, **o: np.log(integrate.solve_ivp(reactions, (0, 4), [1.0, 0.0, 0.0], "LSODA", args=(k,), **o).y[2, -1])
    loose = grad(lambda k: f(k, rtol=1e-6, atol=1e-10))(k) * k
    tight = [(f(k * (1 + e), rtol=1e-10, atol=1e-14) - f(k * (1 - e), rtol=1e-10, atol=1e-14)) / 2e-3 for e in np.eye(3) * 1e-3]
    np.testing.assert_allclose(loose, tight, 1e-3)


def test_units_do_not_matter():
    """A tolerance that is absolute is one of what the caller looks at, not of a gradient, whose size depends on units."""
    def swung(k, unit, scale):
        run = integrate.solve_ivp(lambda t, y, k: [y[1], -k / unit * y[0]], (0, 4), [1.0, 0.0], t_eval=[2.0, 4.0], args=(k,),
                                  gradient="adjoint", rtol=1e-3, atol=1e-6)
        return scale * np.sum(run.y[0])

    def area(k, unit, scale):
        f = lambda x, k: np.exp(-k / unit * x) * np.sin(30 * x)
        return scale * integrate.quad(f, 0, 1, args=(k,))[0]
    for f in (swung, area):
        wanted = grad(f)(2.0, 1.0, 1.0), hessian(f)(2.0, 1.0, 1.0)
        for unit, scale in ((1.0, -1e-12), (1e12, 1.0)):
            assert grad(f)(2.0 * unit, unit, scale) * unit / scale == pytest.approx(wanted[0], rel=1e-6)
            assert hessian(f)(2.0 * unit, unit, scale) * unit ** 2 / scale == pytest.approx(wanted[1], rel=1e-6)


@pytest.mark.parametrize("gradient", ["recorded", "adjoint"])
def test_complex_equations(gradient):
    def f(w):
        run = integrate.solve_ivp(lambda t, y, w: 1j * w * y, (0, 1), np.array([1.0 + 0j]), t_eval=[1.0], args=(w,),
                                  gradient=gradient, **TIGHT)
        return run.y[0, 0].real
    assert grad(f)(2.0) == pytest.approx(-np.sin(2.0), rel=1e-6)


def test_equations_of_arrays_are_those_of_scipy():
    given = {"dense_output": True, "events": lambda t, y: y[0] - 0.5, "rtol": 1e-5}
    ours, theirs = [m.solve_ivp(lambda t, y: -y, (0, 1), [1.0], **given) for m in (integrate, si)]
    assert type(ours.y) is np.ndarray and np.array_equal(ours.y, theirs.y) and np.array_equal(ours.sol(0.3), theirs.sol(0.3))
    np.testing.assert_array_equal(ours.t_events[0], theirs.t_events[0])


@pytest.mark.parametrize("method", ["RK45", "DOP853"])
def test_a_complex_parameter_of_a_real_equation(method):
    def f(w, gradient):
        run = integrate.solve_ivp(lambda t, y, w: -np.abs(w) * y, (0, 1), [2.0], method, [0.5, 1.0], args=(w,), gradient=gradient,
                                  **TIGHT)
        return np.sum(run.y)
    w = 0.6 + 0.8j
    slope = -2 * (0.5 * np.exp(-0.5) + np.exp(-1))          # by |w|
    for gradient in ("recorded", "adjoint"):
        assert grad(f)(w, gradient) == pytest.approx(slope * np.conj(w), rel=1e-6)


@pytest.mark.parametrize("gradient", ["recorded", "adjoint"])
def test_whole_numbers_and_a_constant_right_side(gradient):
    f = lambda y: np.sum(integrate.solve_ivp(lambda t, y: np.ones(2), (0, 1), y, t_eval=[1], gradient=gradient).y ** 2)
    np.testing.assert_allclose(grad(f)(np.zeros(2)), [2, 2])
    np.testing.assert_allclose(hessian(f)(np.zeros(2)), [[2, 0], [0, 2]], 1e-12, 1e-12)
    y = integrate.solve_ivp(lambda t, y, k: -k * y, (0, 1), [1], args=(K,), t_eval=[1], gradient=gradient).y
    assert y.data.item() == si.solve_ivp(lambda t, y: -2.0 * y, (0, 1), [1], t_eval=[1]).y.item()


def test_jacobian_matrices_of_the_caller():
    def f(k):
        run = integrate.solve_ivp(lambda t, y, k: -k * y, (0, 1), [1.0], "BDF", args=(k,), jac=lambda t, y, k: [[-k]], **TIGHT)
        return run.y[0, -1]
    assert grad(f)(2.0) == pytest.approx(-np.exp(-2), rel=1e-5)
    f = lambda k: integrate.odeint(lambda y, t, k: -k * y, [1.0], [0, 1], (k,), lambda y, t, k: [[-k]])[-1, 0]
    assert grad(f)(2.0) == pytest.approx(-np.exp(-2), rel=1e-6)


def test_odeint():
    def f(v, t=TIMES, **options):
        y = integrate.odeint(lambda y, t, k, c: spring(t, y, k, {"damping": c}), [v[0], v[1]], t, (v[2], v[3]), **options)
        return np.sum(y[-2:, 0] ** 2) + y[-1, 1]
    wanted = si.odeint(spring, V[:2], TIMES, (2.0, {"damping": 0.3}), tfirst=True)
    y = integrate.odeint(spring, Variable(V[:2]), TIMES, (2.0, {"damping": 0.3}), tfirst=True)
    np.testing.assert_array_equal(y.data, wanted)
    assert type(integrate.odeint(spring, V[:2], TIMES, (2.0, {"damping": 0.3}), tfirst=True)) is np.ndarray
    np.testing.assert_allclose(grad(f)(V), grad(lambda v: end(v, t_eval=TIMES, method="DOP853", **TIGHT))(V), 1e-5)
    along = grad(lambda v: np.sum(grad(lambda v: f(v, rtol=1e-6, atol=1e-8))(v) * V))(V)
    np.testing.assert_allclose(along, (grad(f)(V * (1 + 1e-3)) - grad(f)(V * (1 - 1e-3))) / 2e-3, 1e-4, 1e-4)
    by_times = slopes(lambda t: f(V, np.concatenate([TIMES[:2], t])), TIMES[2:])
    np.testing.assert_allclose(grad(lambda t: f(V, t))(TIMES)[2:], by_times, 1e-4)


def test_arguments_of_odeint():
    """The order of the function's, and tolerances, which the adjoint has too: numbers, or one for each element of y."""
    calls = []
    decay = lambda y, t, k: calls.append(t) or [-k * y[0], -2 * k * y[1]]

    def slope(f=decay, **options):
        calls.clear()
        return grad(lambda k: np.sum(integrate.odeint(f, [1.0, 2.0], [0.0, 3.0], (k,), **options)[-1]))(0.7), len(calls)
    wanted, tight = slope()
    assert slope(lambda t, y, k: decay(y, t, k), tfirst=True) == (wanted, tight)
    for options in ({"rtol": 1e-3}, {"atol": 1e-3}, {"rtol": np.full(2, 1e-3)}, {"atol": np.array([1e-3, 2e-3])}):
        found, count = slope(**options)
        assert found == pytest.approx(wanted, rel=0.05) and count < 0.7 * tight
    ours, theirs = [m.odeint(decay, [1.0, 2.0], [0.0, 3.0], (0.7,), full_output=1) for m in (integrate, si)]
    assert np.array_equal(ours[0], theirs[0]) and ours[1]["nfe"].tolist() == theirs[1]["nfe"].tolist()


def test_odeint_where_no_time_goes_by():
    for times in ([0.5], [0.5, 0.5]):
        f = lambda y, t=times: integrate.odeint(lambda y, t, k: -k * y, y, t, (y[0],))
        np.testing.assert_array_equal(f(Variable(np.array([2.0]))).data, f(np.array([2.0])))
        cubes = lambda y: np.sum(f(y) ** 3) / len(times)
        assert grad(cubes)(np.array([2.0])) == 12 and grad(lambda y: np.sum(grad(cubes)(y)))(np.array([2.0])) == 12
    np.testing.assert_allclose(grad(lambda t: f(np.array([2.0]), t)[1, 0])(np.array([0.5, 0.5])), [4.0, -4.0])
    assert integrate.odeint(lambda y, t, k: -k * y, [2.0], [0.5], (K,)).data == 2


def test_odeint_of_times_that_are_equal():
    f = lambda y0: np.sum(integrate.odeint(lambda y, t: -y, [y0], np.array([0.0, 0.0, 1.0, 1.0])) ** 2)
    assert grad(f)(1.5) == pytest.approx(2 * 1.5 * (2 + 2 * np.exp(-2)), rel=1e-6)


def test_odeint_at_its_start_alone():
    y = lambda y0: integrate.odeint(lambda y, t, k: -k * y, y0, [0.5], (Variable(np.array(2.0)),))
    assert y(np.array([3.0, 4.0])).data.tolist() == [[3.0, 4.0]]
    np.testing.assert_array_equal(grad(lambda y0: np.sum(y(y0)[0] * np.array([1.0, 2.0])))(np.array([3.0, 4.0])), [1.0, 2.0])


@pytest.mark.parametrize("call", [
    lambda p, k: integrate.quad(lambda x, p: np.exp(-k[0] * p * x), 0.0, 1.0, (p,))[0],
    lambda p, k: integrate.quad(lambda x: np.cos(k[0] * x), 0.0, p)[0],
    lambda p, k: integrate.solve_ivp(lambda t, y, p: -p * k[0] * y, (0.0, 1.0), [1.0], "LSODA", args=(p,)).y[0, -1],
    lambda p, k: integrate.solve_ivp(lambda t, y, p: [p * k[0] * t], (0.0, 1.0), [0.0], args=(p,), gradient="adjoint").y[0, -1],
    lambda p, k: integrate.odeint(lambda y, t, p: -p * k[0] * y, [1.0], [0.0, 1.0], (p,))[-1, 0],
    lambda p, k: integrate.odeint(lambda t, y: -k[0] * y, p * np.ones(1), [0.0, 1.0], tfirst=True)[-1, 0]])
def test_a_function_that_is_another_one_in_backward(call):
    """As a lambda that reads a loop variable is: that gradient would be one of the last function."""
    k, p = [1.0], Variable(np.array(0.5))
    y = call(p, k)
    k[0] = 2.0
    with pytest.raises(GradientError, match="(quad|solve_ivp|odeint): backward calls the function again, and .* pass it in args"):
        y.backward()
    k[0] = 1.0
    y.backward()
    assert p.grad == pytest.approx((call(0.501, k) - call(0.499, k)) / 0.002, 1e-2)
