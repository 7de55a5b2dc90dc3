"""Interpolation: values as SciPy's, gradients by values, points and places by finite differences, what is refused."""
import copy
import warnings

import numpy as np
import pytest
import scipy.interpolate as si
from dezero import Variable, grad
from dezero.errors import GradientError
from dezero_scipy import interpolate
from differences import slopes

rng = np.random.default_rng(0)
X = np.array([-1.0, -0.2, 0.5, 1.3, 2.4, 3.0, 4.1])
Y = rng.normal(size=(7, 2))
LOOP = np.concatenate([Y, Y[:1]])[[0, 1, 2, 3, 4, 5, 7]]
AT = np.array([[-0.9, 0.1, 0.51], [1.7, 2.9, 3.7]])
OUT = np.array([-3.0, -1.0, 0.5, 4.1, 6.5, np.nan])
SLOPE = np.array([0.3, -0.4])


MAKE = {
    # name: calls of a module, ours or SciPy's, x and y
    "CubicSpline": [lambda m, x, y: m.CubicSpline(x, y), lambda m, x, y: m.CubicSpline(x, y, bc_type="natural"),
                    lambda m, x, y: m.CubicSpline(x, y, bc_type="clamped"), lambda m, x, y: m.CubicSpline(x[:3], y[:3]),
                    lambda m, x, y: m.CubicSpline(x[:3], y[:3], bc_type=("clamped", "not-a-knot")),
                    lambda m, x, y: m.CubicSpline(x[:2], y[:2]), lambda m, x, y: m.CubicSpline(x[:3], y[:3], bc_type="natural"),
                    lambda m, x, y: m.CubicSpline(x, y, bc_type=((1, SLOPE), (2, SLOPE))),
                    lambda m, x, y: m.CubicSpline(x, y, bc_type=("not-a-knot", (2, SLOPE)), extrapolate=False),
                    lambda m, x, y: m.CubicSpline(x, np.concatenate([y[:-1], y[:1]]), bc_type="periodic"),
                    lambda m, x, y: m.CubicSpline(x[:3], np.concatenate([y[:2], y[:1]]), bc_type="periodic"),
                    lambda m, x, y: m.CubicSpline(x, y.T, axis=1)],
    "CubicHermiteSpline": [lambda m, x, y: m.CubicHermiteSpline(x, y, 1.0 - y),
                           lambda m, x, y: m.CubicHermiteSpline(x, y.T, y.T ** 2, axis=-1)],
    "PchipInterpolator": [lambda m, x, y: m.PchipInterpolator(x, y), lambda m, x, y: m.PchipInterpolator(x, np.cumsum(y * y, 0)),
                          lambda m, x, y: m.PchipInterpolator(x[:2], y[:2], extrapolate=False)],
    "Akima1DInterpolator": [lambda m, x, y: m.Akima1DInterpolator(x, y), lambda m, x, y: m.Akima1DInterpolator(x[:2], y[:2]),
                            lambda m, x, y: m.Akima1DInterpolator(x, y, method="makima", extrapolate=True)],
}
CALLS = [(name, i) for name in MAKE for i in range(len(MAKE[name]))]


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_piecewise_polynomials(name, i):
    make = MAKE[name][i]
    ours, theirs = make(interpolate, Variable(X), Variable(Y)), make(si, X, Y)
    weights = np.random.default_rng(1).normal(size=theirs(AT).shape)
    for nu in range(5):
        np.testing.assert_allclose(ours(AT, nu).data, theirs(AT, nu), 1e-9, 1e-11)
        np.testing.assert_allclose(ours(OUT, nu).data, theirs(OUT, nu), 1e-9, 1e-10)
        np.testing.assert_allclose(ours.derivative(nu)(AT).data, theirs.derivative(nu)(AT), 1e-9, 1e-11)
    own = make(interpolate, X, Y)
    np.testing.assert_array_equal(own(AT), theirs(AT))
    assert type(own(AT)) is np.ndarray and own.derivative()(AT).shape == weights.shape
    at = AT / 10 - 0.7 if theirs.x.size == 2 else AT
    for nu in (0, 1):
        f = lambda x, y, at: np.sum(weights * make(interpolate, x, y)(at, nu) ** 2)
        np.testing.assert_allclose(grad(f)(X, Y, at), slopes(lambda x: f(x, Y, at), X), 2e-5, 1e-6)
        np.testing.assert_allclose(grad(f, 1)(X, Y, at), slopes(lambda y: f(X, y, at), Y), 1e-6, 1e-7)
    f = lambda y, at: np.sum(weights * make(interpolate, X, y)(at))
    np.testing.assert_allclose(grad(f, 1)(Y, at), weights_of(weights * theirs(at, 1), at), 1e-8, 1e-9)
    second = grad(lambda at: np.sum(grad(f, 1)(Y, at) * AT))(at)
    np.testing.assert_allclose(second, AT * weights_of(weights * theirs(at, 2), at), 1e-7, 1e-7)


def weights_of(values, points):
    """Return the sums of values over the axes that are not those of the points."""
    return values.sum(-1) if values.shape[:2] == points.shape else values.sum(0)


@pytest.mark.parametrize("method", ["akima", "makima"])
def test_akima_where_secants_are_even(method):
    """At a place between two lines SciPy takes the mean of their slopes."""
    x, y = np.arange(7.0), np.array([0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 9.0])
    ours, theirs = (m.Akima1DInterpolator(x, v, method=method) for m, v in ((interpolate, Variable(y)), (si, y)))
    at = np.array([0.5, 2.3, 3.0, 3.6])
    np.testing.assert_allclose(ours(at, 1).data, theirs(at, 1), 1e-12)
    assert np.all(np.isfinite(grad(lambda y: np.sum(interpolate.Akima1DInterpolator(x, y, method=method)(at)))(y)))


def test_periodic_points():
    ours, theirs = (m.CubicSpline(x, y, bc_type="periodic") for m, x, y in ((interpolate, X, Variable(LOOP)), (si, X, LOOP)))
    at = np.array([-7.3, 0.4, 5.0, 22.0])
    np.testing.assert_allclose(ours(at).data, theirs(at), 1e-10)
    np.testing.assert_allclose(grad(lambda at: np.sum(ours(at)))(at), theirs(at, 1).sum(1), 1e-9)


def test_lost_points_have_no_gradient():
    y = Variable(Y)
    interpolate.CubicSpline(X, y, extrapolate=False)(OUT).sum().backward()
    assert np.all(np.isfinite(y.grad))
    at = Variable(OUT)
    interpolate.interp1d(X, Y[:, 0], bounds_error=False, fill_value=2.0)(at).sum().backward()
    np.testing.assert_array_equal(at.grad[[0, 4, 5]], 0)


def test_numbers_of_any_kind():
    """SciPy interpolates in double precision."""
    x, y = np.arange(5, dtype=np.float32), np.array([0, 1, 4, 8, 17], np.float32)
    at = np.float32(0.3)
    assert interpolate.CubicSpline(x, Variable(y))(at).item() == pytest.approx(si.CubicSpline(x, y)(at), rel=1e-14)
    p = Variable(np.array(1.0))
    for make in (interpolate.CubicSpline, interpolate.PchipInterpolator, interpolate.interp1d):
        y = make([0, 1, 2, 3], [0, p, 4, 9])(1)
        assert y.shape == () and y.item() == 1


def test_condition_is_differentiated_by():
    f = lambda v: np.sum(interpolate.CubicSpline(X, Y[:, 0], bc_type=((1, v[0]), (2, v[1])))(AT) ** 2)
    v = np.array([0.3, -0.4])
    np.testing.assert_allclose(grad(f)(v), slopes(f, v), 1e-8)


SPLINES = [{}, {"k": 1}, {"k": 0}, {"k": 2}, {"k": 5}, {"bc_type": "natural"}, {"bc_type": "clamped"}, {"bc_type": "periodic"},
           {"bc_type": ([(1, SLOPE)], [(2, SLOPE)])}, {"axis": 1}, {"k": 3, "t": np.r_[[X[0]] * 4, X[2:-2], [X[-1]] * 4]}]


@pytest.mark.parametrize("i", range(len(SPLINES)))
def test_splines(i):
    options = SPLINES[i]
    y = LOOP if options.get("bc_type") == "periodic" else Y.T if "axis" in options else Y
    theirs, ours = (m.make_interp_spline(X, v, **options) for m, v in ((si, y), (interpolate, Variable(y))))
    for nu in range(options.get("k", 3) + 1):
        for at in (AT, OUT):
            np.testing.assert_allclose(ours(at, nu).data, theirs(at, nu), 1e-9, 1e-10)
    np.testing.assert_allclose(ours(OUT, 0, False).data, theirs(OUT, 0, False), 1e-9, 1e-10)
    np.testing.assert_array_equal(interpolate.make_interp_spline(X, y, **options)(AT), theirs(AT))
    weights = np.random.default_rng(1).normal(size=theirs(AT).shape)
    np.testing.assert_allclose(grad(lambda at: np.sum(weights * interpolate.make_interp_spline(X, y, **options)(at)))(AT),
                               weights_of(weights * theirs(AT, 1), AT) if options.get("k", 3) else 0 * AT, 1e-9, 1e-12)
    if options.get("bc_type") != "periodic":                # where values at both ends have to be one
        f = lambda y: np.sum(weights * interpolate.make_interp_spline(X, y, **options)(AT))
        np.testing.assert_allclose(grad(f)(y), slopes(f, y), 1e-7, 1e-9)


def test_splines_of_coefficients():
    t, c = np.r_[[0.0] * 4, 1.0, 2.0, [3.0] * 4], rng.normal(size=6)
    for extrapolate in (True, False, "periodic"):
        at = np.array([0.3, 1.7, 2.2, 4.5])
        ours, theirs = interpolate.BSpline(t, Variable(c), 3, extrapolate), si.BSpline(t, c, 3, extrapolate)
        np.testing.assert_allclose(ours(at).data, theirs(at), 1e-12)
    f = lambda c: np.sum(interpolate.BSpline(t, c, 3)(np.array([0.3, 1.7, 4.5])) ** 2)
    np.testing.assert_allclose(grad(f)(c), slopes(f, c), 1e-8)


KINDS = ["linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", 4]
MIXED = [3, 0, 6, 1, 5, 2, 4]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"fill_value": "extrapolate"}, {"bounds_error": False, "fill_value": (7.0, 8.0)}])
def test_interp1d(kind, options):
    make = lambda m, y, **o: m.interp1d(X[MIXED], y[:, MIXED], kind, **options, **o)
    ours, theirs = make(interpolate, Variable(Y.T)), make(si, Y.T)
    points = [AT, np.array(0.4), X] + ([OUT] if options else [])
    for at in points:
        np.testing.assert_allclose(ours(at).data, theirs(at), 1e-9, 1e-11)
    np.testing.assert_array_equal(make(interpolate, Y.T)(AT), theirs(AT))
    at = np.array([-3.0, -0.7, 1.7, 2.9, 6.5]) if options else np.array([-0.7, 1.7, 2.9])
    weights = np.random.default_rng(1).normal(size=(2, len(at)))
    f = lambda y, at: np.sum(weights * make(interpolate, y)(at))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = slopes(lambda y: f(y, at), Y.T), slopes(lambda at: f(Y.T, at), at)
    found = grad(f)(Y.T, at), grad(f, 1)(Y.T, at)
    if not (kind in ("previous", "next") and "extrapolate" in options.values()):     # NaN beyond an end
        np.testing.assert_allclose(found[0], wanted[0], 1e-7, 1e-9)
        np.testing.assert_allclose(found[1], wanted[1], 1e-7, 1e-9)
    assert np.all(np.isfinite(found[0])) and np.all(np.isfinite(found[1]))


def test_interp1d_by_places():
    f = lambda x: np.sum(interpolate.interp1d(x, Y, axis=0, fill_value="extrapolate")(AT) ** 2)
    np.testing.assert_allclose(grad(f)(X), slopes(f, X), 1e-7)


def test_what_a_call_says_of_points_outside():
    """By itself, beside what the object was made with."""
    t, c = np.r_[[0.0] * 4, 1.0, 2.0, [3.0] * 4], rng.normal(size=8)     # more coefficients than are used, as of splrep
    at = np.array([-0.3, 0.4, 3.5])
    for make, y in ((lambda m, y: m.CubicSpline(X, y, bc_type="natural"), Y), (lambda m, y: m.PchipInterpolator(X, y), Y),
                    (lambda m, y: m.BSpline(t, y, 3), c)):
        for extrapolate in (True, False, None, "periodic"):
            ours, theirs = make(interpolate, Variable(y))(3 * at, 1, extrapolate), make(si, y)(3 * at, 1, extrapolate)
            np.testing.assert_allclose(ours.data, theirs, 1e-9, 1e-12)
            np.testing.assert_array_equal(make(interpolate, y)(3 * at, 1, extrapolate), theirs)


def test_points_of_any_kind():
    t, c = np.r_[[0.0] * 4, 1.0, 2.0, [3.0] * 4], rng.normal(size=6)
    ours, theirs = interpolate.BSpline(t, Variable(c), 3), si.BSpline(t, c, 3)
    for at in (0.3, [0.3, 1.2], np.float32([0.3, 1.2]), np.array([1, 2])):
        assert ours(at).dtype == float
        np.testing.assert_allclose(ours(at).data, theirs(at), 1e-13)
    x = Variable(np.float32([0.3, 1.2]))
    ours(x).sum().backward()
    np.testing.assert_allclose(x.grad, theirs(x.data, 1), 1e-6)
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("kind", ["linear", "nearest", "previous", "next", "cubic"])
def test_interp1d_at_both_ends(kind):
    """They are inside: of the value there the derivative is 1."""
    for options in ({}, {"fill_value": "extrapolate"}, {"bounds_error": False, "fill_value": 7.0}):
        of = lambda y: np.sum(interpolate.interp1d(X, y, kind, **options)(X[[0, -1]]) * np.array([2.0, 3.0]))  # noqa: B023
        np.testing.assert_allclose(grad(of)(Y[:, 0]), [2, 0, 0, 0, 0, 0, 3], atol=1e-12)
        at = np.array([X[0], 3.7])
        g = grad(lambda at: np.sum(interpolate.interp1d(X, Y[:, 0], kind, **options)(at)))(at)  # noqa: B023
        slope = (lambda f: (f(at + 1e-6) - f(at)) / 1e-6)(si.interp1d(X, Y[:, 0], "cubic" if kind == "cubic" else "linear"))
        np.testing.assert_allclose(g, slope if kind in ("linear", "cubic") else [0, 0], 1e-4)


V = Variable(X)


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: interpolate.make_interp_spline(V, Y), GradientError, "make_interp_spline has no gradient by x"),
    (lambda: interpolate.make_interp_spline(X, Y, bc_type=([(1, V[0])], [(1, 0.0)])), GradientError, "no gradient by bc_type"),
    (lambda: interpolate.interp1d(V, Y, "cubic", axis=0), GradientError, "no gradient by x"),
    (lambda: interpolate.interp1d(X, X, fill_value=V[0]), GradientError, "interp1d has no gradient by fill_value"),
    (lambda: interpolate.interp1d(X, V)(9.0), ValueError, "above the interpolation range"),
    (lambda: interpolate.BSpline(V, Y, 3), GradientError, "BSpline has no gradient by t"),
    (lambda: interpolate.CubicSpline(X, V).roots(), GradientError, "CubicSpline.roots has no gradient here"),
    (lambda: interpolate.CubicSpline(X[::-1], V), ValueError, "strictly increasing"),
    (lambda: interpolate.CubicSpline(X, V, bc_type="wrong"), ValueError, "bc_type=wrong"),
    (lambda: interpolate.PchipInterpolator(X, V * np.nan), ValueError, "finite"),
    (lambda: interpolate.CubicSpline(X, V)(0.5, -1), ValueError, "non-negative"),
])
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_what_else_scipy_has_of_numbers():
    assert interpolate.CubicSpline(X, Y[:, 0]).integrate(0, 1) == si.CubicSpline(X, Y[:, 0]).integrate(0, 1)
    assert not hasattr(interpolate.CubicSpline(X, Y), "_evaluate")     # which SciPy's has, for itself
    ours = interpolate.CubicSpline(X, Variable(Y))
    for again in (copy.copy(ours), copy.deepcopy(ours)):
        np.testing.assert_array_equal(again(AT).data, ours(AT).data)
