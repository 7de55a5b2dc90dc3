"""What is made of other functions has NumPy's values, and the derivatives of these; its edges; what it refuses."""
import dezero.functions as F
import numpy as np
import pytest
from dezero import Variable, grad
from dezero.testing import check_grads, check_op

from dezero_numpy import composites

RNG = np.random.default_rng(0)
A, B = RNG.uniform(-2, 2, (2, 4, 5))
P, Q = RNG.uniform(-2, 2, 4), RNG.uniform(-2, 2, 3)
X, Y = np.cumsum(RNG.uniform(0.5, 1.5, 5)), RNG.uniform(-2, 2, 5)       # points and their values
W = RNG.uniform(0.5, 1.5, 5)
PLACES = np.array([-1.0, 0.2, 1.7, 2.9, 9.0])


def numbers(y):
    """Return the results of a function as a list of arrays."""
    return [x.data if isinstance(x, Variable) else np.asarray(x) for x in (y if isinstance(y, (tuple, list)) else [y])]


def check(f, *xs):
    """Compare values, shapes and dtypes with NumPy's, and two orders of derivatives with numeric ones."""
    wanted, got = numbers(f(*xs)), numbers(f(*map(Variable, xs)))
    assert [(y.shape, y.dtype) for y in wanted] == [(y.shape, y.dtype) for y in got]
    for y, z in zip(wanted, got):
        np.testing.assert_allclose(z, y, rtol=1e-11, atol=1e-13)
    check_grads(f, xs)


@pytest.mark.parametrize("f, xs", [
    (lambda a: np.diff(a), [A]),
    (lambda a: np.diff(a, 2, 0), [A]),
    (lambda a: np.diff(a, 0), [A]),
    (lambda a, b: np.diff(a, prepend=b[:, :1], append=0), [A, B]),
    (lambda a: np.diff(a, prepend=[[1.0, 2.0]] * 4, axis=-1), [A]),
    (lambda a, end: np.diff(a, append=end, axis=0), [A, np.array(0.5)]),
    (lambda a: np.ediff1d(a), [A]),
    (lambda a, b: np.ediff1d(a, b, [1.0, 2.0]), [A, P]),
    (lambda y: np.trapezoid(y), [A]),
    (lambda y, h: np.trapezoid(y, dx=h, axis=0), [A, np.array(0.3)]),
    (lambda y, x: np.trapezoid(y, x), [A, X]),
    (lambda y, x: np.trapezoid(y, x, axis=0), [A, B]),
])
def test_differences_and_integrals(f, xs):
    check(f, *xs)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("f, xs", [
    (lambda f, **order: np.gradient(f, **order), [A]),
    (lambda f, **order: np.gradient(f, 0.5, axis=1, **order), [A]),
    (lambda f, **order: np.gradient(f, np.arange(5), axis=-1, **order), [A]),
    (lambda f, h, **order: np.gradient(f, h, **order), [A, np.array(0.7)]),
    (lambda f, h, **order: np.gradient(f, h, 2.0, axis=(1, 0), **order), [A, np.array(0.7)]),
    (lambda f, x, **order: np.gradient(f, x, axis=1, **order), [A, X]),
    (lambda f, x, y, **order: np.gradient(f, y, x, **order), [A, X, X[:4]]),
])
def test_slopes(f, xs, edge_order):
    check(lambda *xs: f(*xs, edge_order=edge_order), *xs)


def test_even_places_that_want_a_gradient():
    check_grads(lambda x: np.gradient(A, x, axis=1), [np.arange(5.0)])


@pytest.mark.parametrize("call", [
    lambda x: np.gradient(x, 1.0, 1.0), lambda x: np.gradient(x, [1.0, 2.0]), lambda x: np.gradient(x, edge_order=3),
    lambda x: np.gradient(x[:1]), lambda x: np.diff(x, -1), lambda x: np.diff(x[0]), lambda x: np.polyder(x, -1),
    lambda x: np.polyint(x, 3, [1, 2]), lambda x: np.vander(x[None]), lambda x: np.interp(x, x, x, period=0),
    lambda x: np.poly(x[None]),
    lambda x: np.cov(x, aweights=[-1, 1, 1]), lambda x: np.cov(x, aweights=[1, 1]), lambda x: np.cov(x, fweights=[1.5, 1, 1]),
    lambda x: np.cov(x, ddof=0.5), lambda x: np.nan_to_num(x, copy=False), lambda x: np.interp(x, x, x, out=None),
])
def test_refused(call):
    with pytest.raises((TypeError, ValueError)):
        call(Variable(np.array([1.0, 2.0, 4.0])))


# -- interpolation

@pytest.mark.parametrize("f, xs", [
    (lambda x, xp, fp: np.interp(x, xp, fp), [PLACES, X, Y]),
    (lambda x, xp, fp, left, right: np.interp(x, xp, fp, left, right), [PLACES, X, Y, np.array(3.0), np.array(4.0)]),
    (lambda x, xp, fp: np.interp(x, xp, fp, period=2.5), [PLACES, np.array([0.1, 2.2, 1.3, 4.2, 0.9]), Y]),
    (lambda x: np.interp(x, X, Y), [2 * A]),
    (lambda x: np.interp(x, X, Y), [np.array(2.0)]),
    (lambda x, fp: np.interp(x, [1.0], fp), [P, Y[:1]]),
    (lambda x, fp: np.interp(x, [1.0], fp, left=0, right=1), [P, Y[:1]]),
    (lambda fp: np.interp([1.0, 2.0], X, fp), [Y]),
    (lambda x: np.unwrap(4 * x), [X]),
])
def test_interpolation(f, xs):
    check(f, *xs)


def test_a_point_has_the_mean_of_both_slopes():
    xp, fp = np.array([0.0, 1.0, 2.0]), np.array([0.0, 3.0, 4.0])
    slope = grad(lambda x: np.sum(np.interp(x, xp, fp)))
    assert slope(np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0])).tolist() == [0, 1.5, 3, 2, 1, 0.5, 0]
    assert grad(lambda xp: np.sum(np.interp([1.0, 2.0], xp, fp)))(xp).tolist() == [0, -2, -0.5]
    assert grad(lambda fp: np.sum(np.interp([1.0, 2.0, 9.0], xp, fp)))(fp).tolist() == [0, 1, 2]


def test_a_jump():
    xp, fp = np.array([0.0, 0.0, 1.0, 1.0]), np.array([5.0, 1.0, 2.0, 7.0])
    assert grad(lambda x: np.sum(np.interp(x, xp, fp)))(np.array([-1.0, 0.5, 2.0])).tolist() == [0, 1, 0]
    assert grad(lambda fp: np.sum(np.interp([-1.0, 0.5, 2.0], xp, fp)))(fp).tolist() == [1, 0.5, 0.5, 1]


# -- products of sequences

@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("n, m", [(5, 3), (3, 5), (6, 2), (2, 6), (5, 4), (4, 5), (4, 4), (1, 3)])
@pytest.mark.parametrize("f", [np.convolve, np.correlate])
def test_sequences(f, n, m, mode):
    check(lambda a, v: f(a, v, mode), RNG.uniform(-2, 2, n), RNG.uniform(-2, 2, m))


# -- polynomials

@pytest.mark.parametrize("f, xs", [
    (lambda p, x: np.polyval(p, x), [P, A]),
    (lambda x: np.polyval([1, 2, 3], x), [A]),
    (lambda p, q: np.polyadd(p, q), [P, Q]),
    (lambda p, q: np.polyadd(q, p), [P, Q]),
    (lambda p: np.polyadd(p, 1.0), [P]),
    (lambda p, q: np.polysub(q, p), [P, Q]),
    (lambda p, q: np.polymul(p, q), [P, Q]),
    (lambda p: np.polymul([0, 0, 1, 2], p), [P]),
    (lambda p: np.polymul([0, 0], p), [P]),
    (lambda p, q: np.polydiv(p, q), [P, Q]),
    (lambda p, q: np.polydiv(q, p), [P, Q]),
    (lambda p: np.polyder(p), [P]),
    (lambda p: np.polyder(p, 2), [P]),
    (lambda p: np.polyint(p), [P]),
    (lambda p, k: np.polyint(p, 2, k), [P, Q]),
    (lambda p, k: np.polyint(p, 2, k), [P, np.array(0.4)]),
    (lambda p: np.poly(p), [P]),
    (lambda x: np.vander(x), [P]),
    (lambda x: np.vander(x, 2, increasing=True), [P]),
    (lambda x, y: np.polyfit(x, y, 2), [X, Y]),
    (lambda x, y, w: np.polyfit(x, y, 2, w=w), [X, A.T, W]),
    (lambda x, y: np.polyfit(x, y, 2, cov=True), [X, Y]),
    (lambda x, y: np.polyfit(x, y, 2, cov="unscaled"), [X, A.T]),
    (lambda x, y: np.polyfit(x, y, 2, full=True)[:2], [X, Y]),
])
def test_polynomials(f, xs):
    check(f, *xs)


def test_powers_of_0():
    assert grad(lambda x: np.sum(np.vander(x, 3)))(np.zeros(2)).tolist() == [1, 1]


# -- statistics

@pytest.mark.parametrize("f, xs", [
    (lambda m: np.cov(m), [A]),
    (lambda m: np.cov(m), [X]),
    (lambda m: np.cov(m, ddof=0), [A]),
    (lambda m, y: np.cov(m, y, rowvar=False, bias=True), [A, B]),
    (lambda m, w: np.cov(m, aweights=w, fweights=[1, 2, 3, 1, 2]), [A, W]),
    (lambda m: np.cov(m, fweights=[1, 2, 3, 1, 2], ddof=0), [A]),
    (lambda m: np.corrcoef(m), [A]),
    (lambda x, y: np.corrcoef(x, y), [X, Y]),
    (lambda m: np.corrcoef(m), [X]),
    (lambda m: np.corrcoef(m, rowvar=False), [A]),
])
def test_covariances(f, xs):
    check(f, *xs)


def test_too_few_observations():
    with pytest.warns(RuntimeWarning):
        assert np.isnan(np.cov(Variable(np.ones((2, 1)))).data).all()


def test_a_correlation_is_not_beyond_1():
    assert np.abs(np.corrcoef(Variable(np.array([[1.0, 2.0, 3.1], [2.0, 4.0, 6.2]]))).data).max() <= 1


def in_a_row(y, edges):
    return y, *edges


@pytest.mark.parametrize("f, xs", [
    (lambda w: np.bincount([0, 2, 2, 1], w, minlength=6), [P]),
    (lambda w: np.histogram(Y, 3, weights=w, density=True), [W]),
    (lambda w: np.histogram(Y, 3, range=(-1, 1), weights=w), [W]),
    (lambda w: np.histogram(Y, [-1, 0, Y.max()], weights=w), [W]),
    (lambda a: np.histogram(a, 3), [A]),
    (lambda a: np.histogram(a, 3, density=True, weights=A)[0], [A]),
    (lambda w: np.histogram2d(Y, Y[::-1], [2, 3], weights=w), [W]),
    (lambda w: np.histogram2d(Y, Y[::-1], np.array([-1, 0, 0.5, Y.max()]), weights=w, density=True), [W]),
    (lambda w: in_a_row(*np.histogramdd([Y, Y[::-1], Y * Y], 2, [(-1, 2), (-2, 2), (0, 4)], weights=w)), [W]),
    (lambda w: np.histogramdd([Y, Y[::-1], Y * Y], 2, [(8, 9)] * 3, weights=w)[0], [W]),
    (lambda a: in_a_row(*np.histogramdd(a, [2, [-1, 0, 1], 3])), [A[:, :3]]),
    (lambda a, w: in_a_row(*np.histogramdd(a, 2, density=True, weights=w)), [Y, W]),
    (lambda a: np.histogram_bin_edges(a, "auto"), [A]),
    (lambda a: np.histogram_bin_edges(a, 3, (0, 1)), [A]),
])
def test_histograms(f, xs):
    check(f, *xs)


def test_histograms_that_are_refused():
    with pytest.raises(ValueError, match="histogramdd: bins for 3 axes of points that have 2"):
        np.histogramdd(Variable(np.ones((4, 2))), [1, 2, 3])


def test_counts_are_constant():
    x = Variable(np.array([0.0, 1.0, 1.0, 5.0]))
    assert np.histogram(x, [0, 1, 5])[0].tolist() == [1, 3]
    assert np.bincount(Variable(np.array([1, 1, 3]))).tolist() == [0, 2, 0, 1]


# -- functions of numbers

@pytest.mark.parametrize("deg", [False, True])
def test_the_angle_of_real_numbers(deg):
    for x in (np.array([1.5, -2.0]), np.array([3, -1]), np.float32([-1.0, 2.0])):
        y = np.angle(Variable(x), deg)
        np.testing.assert_array_equal(y.data, np.angle(x, deg))
        assert y.dtype == np.angle(x, deg).dtype
    assert grad(lambda x: np.angle(x, deg).sum())(np.array([1.5, 0.0, -2.0])).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("f, xs", [
    (np.sinc, [np.array([0.0, 1e-9, -1e-3, 0.3, 0.32, 0.64, 0.95, 1.0, 2.5])]),
    (np.i0, [np.array([0.0, 1e-9, 1.0, -3.0, 20.0])]),
    (lambda x: np.ldexp(x, [1, -2, 3, 0, 5]), [A]),
    (lambda x: np.ldexp(x, 2), [A]),
    (lambda x: np.ldexp(x, np.int64(-1)), [A]),
    (lambda x: np.frexp(x)[0], [A]),
    (lambda x, y: np.float_power(x, y), [np.abs(A), B]),
    (np.real_if_close, [A]),
])
def test_numbers(f, xs):
    check(f, *xs)


def test_numbers_in_place_of_nan():
    slope = grad(lambda x: np.sum(np.nan_to_num(x, nan=1.0, posinf=2.0)))
    assert slope(np.array([np.nan, np.inf, -np.inf, 3.0])).tolist() == [0, 0, 0, 1]


def test_float32_is_widened_where_numpy_does():
    x = Variable(np.array([1.0, 2.0], "f4"))
    for f in (lambda x: np.float_power(x, 2), np.cov, lambda x: np.cov(x, dtype="f4"), np.diff, np.gradient, np.trapezoid,
              np.sinc, np.i0, np.polyder, np.polyint, np.poly, np.vander, np.unwrap,
              lambda x: np.polyval([1, 2], x), lambda x: np.convolve(x, x)):
        assert f(x).dtype == f(x.data).dtype


def test_every_derivative_of_sinc_at_0():
    f, found = np.sinc, []
    for _ in range(5):
        found.append(float(f(np.array(0.0))))
        f = grad(f)
    np.testing.assert_allclose(found, [1, 0, -np.pi ** 2 / 3, 0, np.pi ** 4 / 5], rtol=1e-14, atol=1e-14)


def exact_sinc(x, n):
    """Return the n-th derivative of sin(πx) / πx by a quadrature that shares nothing with the series."""
    t, w = np.polynomial.legendre.leggauss(60)
    t = (t + 1) / 2
    return np.sum(w / 2 * (np.pi * t) ** n * np.cos(np.pi * x[:, None] * t + n * np.pi / 2), -1)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_derivatives_of_sinc(n):
    x = np.linspace(-3, 3, 601)
    np.testing.assert_allclose(composites.sinc_derivative(x, n=n), exact_sinc(x, n), rtol=0, atol=1e-14 * np.pi ** n)


@pytest.mark.parametrize("n", [0, 1])
def test_derivatives_of_i0(n):
    special = pytest.importorskip("scipy.special")
    x = np.concatenate([np.linspace(-30, 30, 121), [100.0, 400.0, -700.0]])
    exact = special.iv(n, x)
    np.testing.assert_allclose(composites.i0_derivative(x, n=n), exact, rtol=4e-14, atol=1e-14)


@pytest.mark.parametrize("op, arguments", [
    (composites.sinc_derivative, {"n": 2}), (composites.i0_derivative, {"n": 1})])
def test_families(op, arguments):
    check_op(op, samples=lambda sample: sample(sample.array(2, 3), **arguments))


def test_answered_by_name():
    y = F.diff(np.array([1.0, 4.0]))
    assert np.asarray(y).tolist() == [3]
