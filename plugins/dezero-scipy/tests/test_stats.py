"""Distributions: values as SciPy has them, gradients by finite differences, at the edges and by each parameter."""
import copy
import warnings

import numpy as np
import pytest
import scipy.stats as ss
from dezero import Variable, grad, hessian
from dezero.errors import GradientError
from dezero_scipy import stats

SHAPES = {"norm": (), "cauchy": (), "laplace": (), "logistic": (), "gumbel_r": (), "t": (3.5,), "uniform": (), "expon": (),
          "gamma": (2.5,), "beta": (1.5, 2.5), "chi2": (3.5,), "f": (3.5, 5.5), "lognorm": (0.7,), "weibull_min": (1.7,),
          "pareto": (2.5,)}
COUNTED = {"poisson": (2.5,), "binom": (6, 0.3), "bernoulli": (0.3,), "nbinom": (3.5, 0.4), "geom": (0.3,)}
LOC, SCALE = 0.3, 1.7
POINTS = np.array([-np.inf, -3.0, 0.3, 0.9, 1.1, 1.7, 1.9, 2.0, 2.3, 4.0, 40.0, np.inf, np.nan])


def wanted(f, args):
    """Return SciPy's values, and at the infinities the limits, where SciPy has NaN for a density."""
    with np.errstate(all="ignore"):
        y = f(*args)
    limit = 0 if f.__name__ in ("pdf", "pmf") else -np.inf
    return np.where(np.isinf(args[0]) & np.isnan(y), limit, y)


def differences(f, args, i):
    """Return the derivative of f by its argument i."""
    h = 1e-5
    ends = [f(*args[:i], args[i] + s * h, *args[i + 1:]) for s in (-2, -1, 1, 2)]
    return (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h)


@pytest.mark.parametrize("method", ["logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"])
@pytest.mark.parametrize("name", SHAPES)
def test_continuous(name, method):
    ours, theirs = (getattr(getattr(module, name), method) for module in (stats, ss))
    args = POINTS, *SHAPES[name], LOC, SCALE
    x = Variable(POINTS)
    y = ours(x, *args[1:])
    np.testing.assert_allclose(y.data, wanted(theirs, args), 1e-10, 1e-14)
    with np.errstate(divide="ignore"):                      # at an end of the support a slope may be infinite
        y.backward()
    is_out = (POINTS < theirs.__self__.support(*args[1:])[0]) | (POINTS > theirs.__self__.support(*args[1:])[1])
    assert not x.grad[is_out].any()                         # beyond the support, also at the infinities
    lowest, highest = theirs.__self__.support(*args[1:])
    at = [z for z in (0.9, 1.1, 1.6, 1.9, 2.5, 4.0, -3.0) if lowest < z < highest]
    for i in range(len(args)):
        for z in at:
            here = z, *args[1:]
            np.testing.assert_allclose(grad(ours, i)(*map(float, here)), differences(theirs, here, i), 2e-6, 1e-9)


@pytest.mark.parametrize("method", ["logpmf", "pmf", "cdf", "sf", "logcdf", "logsf"])
@pytest.mark.parametrize("name", COUNTED)
def test_discrete(name, method):
    ours, theirs = (getattr(getattr(module, name), method) for module in (stats, ss))
    points = np.array([-np.inf, -1.0, 0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 6.0, 7.0, np.inf, np.nan])
    shapes = COUNTED[name]
    for loc in (0, 1):
        y = ours(Variable(points), *shapes, loc)
        np.testing.assert_allclose(y.data, wanted(theirs, (points, *shapes, loc)), 1e-10, 1e-14)
    p = len(shapes)                                         # the last of the shapes
    for k in (0.0, 1.0, 3.0):
        if np.isfinite(theirs(k, *shapes)):
            np.testing.assert_allclose(grad(ours, p)(k, *shapes), differences(theirs, (k, *shapes), p), 2e-6, 1e-9)
    if name == "nbinom":
        np.testing.assert_allclose(grad(ours, 1)(3.0, *shapes), differences(theirs, (3.0, *shapes), 1), 2e-6, 1e-9)
    if name == "binom" and method in ("cdf", "sf"):
        with pytest.raises(GradientError, match="no known derivative by"):
            grad(ours, 1)(1.0, float(shapes[0]), shapes[1])


@pytest.mark.parametrize("name", SHAPES)
def test_ppf(name):
    ours, theirs = (getattr(module, name).ppf for module in (stats, ss))
    shapes = SHAPES[name]
    q = np.array([-0.1, 0.0, 0.2, 0.7, 1.0, 1.1, np.nan])
    np.testing.assert_allclose(ours(Variable(q), *shapes, LOC, SCALE).data, theirs(q, *shapes, LOC, SCALE), 1e-9)
    for i in range(len(shapes) + 3):
        args = 0.2, *shapes, LOC, SCALE
        np.testing.assert_allclose(grad(ours, i)(*args), differences(theirs, args, i), 1e-5, 1e-9)


@pytest.mark.parametrize("name", SHAPES)
def test_second_order_of_logpdf(name):
    density = getattr(stats, name).logpdf
    args = 2.3, *SHAPES[name], LOC, SCALE
    for i in range(len(args)):
        at = list(args)
        g = lambda v: grad(density, i)(*at[:i], v, *at[i + 1:])
        h = 1e-5
        slope = (g(args[i] + h) - g(args[i] - h)) / (2 * h)
        np.testing.assert_allclose(hessian(density, i)(*args), slope, 1e-5, 1e-8)


@pytest.mark.parametrize("name", [*SHAPES, *COUNTED])
def test_parameters_that_are_none(name):
    """Of a scale below 0, or a shape, SciPy gives NaN."""
    shapes = {**SHAPES, **COUNTED}[name]
    log = "logpdf" if name in SHAPES else "logpmf"
    for i in range(len(shapes)):
        wrong = [-s if i == j else s for j, s in enumerate(shapes)]
        assert np.isnan(getattr(getattr(stats, name), log)(Variable(np.array(1.0)), *wrong).data)
    if name in SHAPES:
        assert np.isnan(stats.norm.logpdf(Variable(np.array(1.0)), scale=-1.0).data)


def test_arguments():
    x = Variable(np.array(1.0))
    assert stats.gamma.logpdf(x, 2.0, scale=3.0).data == pytest.approx(ss.gamma.logpdf(1.0, 2.0, scale=3.0))
    assert stats.gamma.logpdf(x, a=2.0, loc=0.5).data == pytest.approx(ss.gamma.logpdf(1.0, a=2.0, loc=0.5))
    for call in (lambda: stats.gamma.logpdf(x), lambda: stats.gamma.logpdf(x, 1, 2, 3, 4), lambda: stats.norm.logpdf(x, size=2),
                 lambda: stats.norm.logpdf(x, 1.0, loc=1.0), lambda: stats.poisson.logpmf(x, 1.0, scale=1.0)):
        with pytest.raises(TypeError, match="is called with [xk], "):
            call()
    assert type(stats.norm.logpdf(np.zeros(2))) is np.ndarray
    assert stats.norm.mean() == 0 and stats.norm.rvs(random_state=0) == ss.norm.rvs(random_state=0)
    with pytest.raises(GradientError):
        stats.norm.fit(Variable(np.zeros(3)))


def test_the_argument_by_its_name():
    x = Variable(np.array(1.0))
    assert stats.gamma.logpdf(x=x, a=2.0).data == stats.gamma.logpdf(x, 2.0).data
    assert stats.poisson.pmf(k=1, mu=x).data == stats.poisson.pmf(1, x).data
    assert stats.norm.ppf(q=x / 4).data == stats.norm.ppf(x / 4).data


def test_parameters_on_the_border():
    """Of 0 SciPy makes none, where there has to be something above it."""
    x = Variable(np.array([0.0, 0.5]))
    for name, shapes in {**SHAPES, **COUNTED}.items():
        if name in SHAPES:
            ours, theirs = getattr(stats, name).cdf, getattr(ss, name).cdf
            with np.errstate(all="ignore"):
                wanted_of_0 = theirs(x.data, *shapes, 0.0, 0.0)
            np.testing.assert_array_equal(ours(x, *shapes, 0.0, 0.0).data, wanted_of_0)
            for scale in (0.0, -1.0):
                assert np.isnan(getattr(stats, name).ppf(x, *shapes, 0.0, scale).data).all()
        for i in range(len(shapes)):
            zero = [0.0 if i == j else s for j, s in enumerate(shapes)]
            for method in ("cdf", "logpdf", "ppf") if name in SHAPES else ("cdf", "logpmf"):
                ours, theirs = getattr(getattr(stats, name), method), getattr(getattr(ss, name), method)
                np.testing.assert_allclose(ours(x, *zero).data, theirs(x.data, *zero), 1e-12, 1e-15)


@pytest.mark.parametrize("name", ["binom", "bernoulli", "nbinom", "geom"])
def test_chances_from_0_to_1(name):
    k = Variable(np.arange(4.0))
    for p in (-0.1, 0.0, 0.3, 1.0, 1.1):
        for method in ("pmf", "cdf", "sf"):
            ours, theirs = [getattr(getattr(m, name), method) for m in (stats, ss)]
            with np.errstate(all="ignore"):
                wanted_of_p = theirs(k.data, *COUNTED[name][:-1], p)
            np.testing.assert_allclose(ours(k, *COUNTED[name][:-1], p).data, wanted_of_p, 1e-12, 1e-15)


def test_counts_of_any_kind():
    """SciPy's binomial distribution warns where they are not integers."""
    p = Variable(np.array(0.3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in (6, 6.0, [6, 6.0], np.array([6.0]), Variable(np.array(6.0)).detach()):
            for method in ("cdf", "sf"):
                y = getattr(stats.binom, method)(2.0, n, p)
                np.testing.assert_allclose(y.data, np.full(y.shape, getattr(ss.binom, method)(2, 6, 0.3)), 1e-13)


def test_arguments_in_lists_and_arrays_alone():
    loc = Variable(np.array(0.5))
    y = stats.gamma.logpdf([1.0, 2.0], [2.0, 3.0], loc, [1.0, 1.5])
    np.testing.assert_allclose(y.data, ss.gamma.logpdf([1.0, 2.0], [2.0, 3.0], 0.5, [1.0, 1.5]))
    y = stats.norm.ppf([0.2, 0.7], [0.0, 1.0], Variable(np.array(2.0)))
    np.testing.assert_allclose(y.data, ss.norm.ppf([0.2, 0.7], [0.0, 1.0], 2.0))
    np.testing.assert_allclose(stats.norm.cdf(loc, [0.0, 1.0], [1.0, 2.0]).data, ss.norm.cdf(0.5, [0.0, 1.0], [1.0, 2.0]))
    for name in ("ppf", "cdf", "pdf", "logsf"):
        scale = Variable(np.array([0.5, 2.0]))
        np.testing.assert_allclose(getattr(stats.norm, name)(0.3, scale=scale).data, getattr(ss.norm, name)(0.3, scale=scale.data))
        found = getattr(stats.norm, name)(np.array([0.2, 0.7]), scale=2.0)
        assert type(found) is np.ndarray and np.array_equal(found, getattr(ss.norm, name)(np.array([0.2, 0.7]), scale=2.0))
    assert stats.norm(scale=2.0).std() == 2.0


def test_copies():
    for made in (stats.norm, stats.poisson, stats.gamma(2.5, scale=2.0)):
        x = Variable(np.array(1.0))
        args = (1.5,) if made is stats.poisson else ()
        for again in (copy.copy(made), copy.deepcopy(made)):
            assert again.cdf(x, *args).item() == made.cdf(x, *args).item()


def test_infinite_data_leave_the_gradients_of_parameters():
    x = np.array([-np.inf, 0.5, np.inf])
    for method in ("cdf", "sf", "pdf"):
        f = getattr(stats.norm, method)
        for i in (1, 2):
            assert grad(lambda *args, f=f: np.sum(f(*args)), i)(x, 0.2, 1.3) == pytest.approx(grad(f, i)(0.5, 0.2, 1.3))


def test_far_in_the_tail():
    assert grad(stats.norm.logcdf)(-1e4) == pytest.approx(1e4)
    assert grad(stats.logistic.logpdf)(-800.0) == 1.0
    with np.errstate(over="ignore"):
        assert grad(stats.norm.logpdf)(1e200) == -1e200     # where the logarithm of the density is below all numbers


A = np.array([[1.0, 0.2, 0.1], [0.3, 1.5, -0.4], [0.2, -0.1, 0.8]])


@pytest.mark.parametrize(("name", "x", "shapes"), [
    ("beta", 0.9, (200.0, 300.0)), ("nbinom", 900, (3.0, 0.4)), ("gamma", 300.0, (2.5,)), ("f", 1e8, (3.5, 5.5))])
def test_upper_tails(name, x, shapes):
    """Where 1 - cdf is 0."""
    ours, theirs = getattr(stats, name), getattr(ss, name)
    assert ours.sf(Variable(np.array(x)), *shapes).data == pytest.approx(theirs.sf(x, *shapes), 1e-9)
    of = lambda logsf: lambda p: logsf(x, *shapes[:-1], p)
    assert grad(of(ours.logsf))(shapes[-1]) == pytest.approx(differences(of(theirs.logsf), (shapes[-1],), 0), 1e-6)


def test_quantiles_of_cauchy():
    q = np.array([1e-20, 0.2, 0.3, 0.5, 0.7, 0.8, 1 - 1e-15])
    np.testing.assert_allclose(stats.cauchy.ppf(Variable(q)).data, ss.cauchy.ppf(q), 1e-14, 1e-300)
    np.testing.assert_allclose(grad(lambda q: np.sum(stats.cauchy.ppf(q)))(q[:-1]), np.pi / np.sin(np.pi * q[:-1]) ** 2, 1e-12)


@pytest.mark.filterwarnings("error")
def test_where_there_is_no_density():
    for method, value in (("pdf", 0.0), ("cdf", 0.0), ("sf", 1.0)):
        x = Variable(np.array(-1000.0))
        y = getattr(stats.gumbel_r, method)(x)
        y.backward()
        assert y.data == value and x.grad == 0.0
    np.testing.assert_array_equal(grad(lambda a: stats.dirichlet.pdf(np.array([0.0, 1.0]), a))(np.array([2.0, 2.0])), 0.0)


def test_infinitely_many_degrees_of_freedom():
    df, x = np.array([np.inf, 3.0]), np.array([0.3, 0.7])
    for method in ("logpdf", "pdf", "cdf", "sf", "ppf"):
        ours, theirs = getattr(stats.t, method), getattr(ss.t, method)
        np.testing.assert_allclose(ours(Variable(x), df).data, theirs(x, df), 1e-12)
        slopes = grad(lambda x, f=ours: np.sum(f(x, df)))(x)
        np.testing.assert_allclose(slopes, differences(lambda x, f=theirs: f(x, df), (x,), 0), 1e-8)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "counts", "p"), [
    ("bernoulli", (), 0.0), ("bernoulli", (), 1.0), ("binom", (4,), 0.0), ("binom", (4,), 1.0), ("poisson", (), 0.0),
    ("nbinom", (2.5,), 1.0), ("geom", (), 1.0)])
def test_where_nothing_is_left_to_chance(name, counts, p):
    """Polynomials through one-sided points."""
    h = (1 if p == 0 else -1) * 1e-3 * np.arange(6)
    for k in range(4):
        f = lambda p, k=k: getattr(stats, name).pmf(k, *counts, p)
        y = [getattr(ss, name).pmf(k, *counts, p + s) for s in h]
        slope, bend = np.polynomial.Polynomial.fit(h, y, 5).deriv()(0), np.polynomial.Polynomial.fit(h, y, 5).deriv(2)(0)
        assert f(Variable(np.array(p))).data == pytest.approx(y[0], abs=1e-15)
        assert grad(f)(p) == pytest.approx(slope, 1e-8, 1e-9) and grad(grad(f))(p) == pytest.approx(bend, 1e-5, 1e-6)
    if name == "geom":
        assert grad(lambda p: stats.geom.cdf(1, p))(1.0) == 1.0 and grad(lambda p: stats.geom.sf(2, p))(1.0) == 0.0


@pytest.mark.parametrize("call", [
    lambda v: stats.norm.median(v), lambda v: stats.norm(0, v).mean(), lambda v: stats.poisson.ppf(0.3, v),
    lambda v: stats.multivariate_normal.cdf(v), lambda v: stats.multivariate_normal(v).cdf(1.0)])
def test_methods_that_have_no_gradient(call):
    with pytest.raises(GradientError, match=r"scipy.stats: \w+\.(median|mean|ppf|cdf) has no gradient here"):
        call(Variable(np.array(0.5)))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 1, 3)])
def test_multivariate_normal(shape):
    rng = np.random.default_rng(0)
    x, mean = rng.normal(size=shape), rng.normal(size=3)
    f = lambda x, mean, a: np.sum(stats.multivariate_normal.logpdf(x, mean, a @ a.T))
    np.testing.assert_allclose(stats.multivariate_normal.logpdf(Variable(x), mean, A @ A.T).data,
                               ss.multivariate_normal.logpdf(x, mean, A @ A.T), 1e-12)
    for i, args in enumerate([(x, mean, A)] * 3):
        g = grad(f, i)(*args)
        for index in np.ndindex(args[i].shape):
            step = np.zeros(args[i].shape)
            step[index] = 1
            slope = differences(lambda s: f(*args[:i], args[i] + s * step, *args[i + 1:]), (0.0,), 0)
            assert g[index] == pytest.approx(slope, 1e-7, 1e-8)


@pytest.mark.parametrize("args", [(0.5,), (0.5, 1.0), (0.5, 1.0, 2.0), ([0.5, 1.0], [0.0, 1.0], [1.0, 2.0])])
def test_multivariate_normal_of_numbers(args):
    x = Variable(np.array(args[0]))
    np.testing.assert_allclose(stats.multivariate_normal.pdf(x, *args[1:]).data, ss.multivariate_normal.pdf(*args), 1e-12)


HALF = np.array([[0.1, -0.4], [0.6, 0.2], [1.2, 0.9], [-0.7, 1.3]])      # of a covariance matrix of rank 2, half @ half.T
MEAN, Z = np.array([0.3, -0.1, 0.5, 1.0]), np.array([[0.4, -1.1], [0.2, 0.7], [1.3, 0.5]])


def test_singular_multivariate_normal_as_scipy():
    f, theirs, cov = stats.multivariate_normal, ss.multivariate_normal, HALF @ HALF.T
    x = MEAN + Z @ HALF.T
    x[1] += 0.1                                             # off the support
    for point in (x, x[0], x[1], x[:, None]):
        for method in ("logpdf", "pdf"):
            wanted = getattr(theirs, method)(point, MEAN, cov, allow_singular=True)
            np.testing.assert_allclose(getattr(f, method)(Variable(point), MEAN, cov, allow_singular=True).data, wanted, 1e-10)
            np.testing.assert_allclose(getattr(f(MEAN, cov, allow_singular=True), method)(Variable(point)).data, wanted, 1e-10)
    for c in (np.diag([1.0, 1e-11]), np.diag([2.0, 3.0]), np.zeros((2, 2)), np.ones((2, 2), "f4")):
        np.testing.assert_allclose(f.logpdf(Variable(np.zeros(2)), None, c, True).data, theirs.logpdf([0, 0], None, c, True), 1e-14)
    slope = -np.linalg.pinv(cov) @ (x[0] - MEAN)
    np.testing.assert_allclose(grad(lambda x: np.sum(f.pdf(x, MEAN, cov, True)))(x)[1:2], np.zeros((1, 4)))
    np.testing.assert_allclose(grad(lambda x: f.logpdf(x, MEAN, cov, True))(x[0]), slope, 1e-10)
    np.testing.assert_allclose(grad(lambda mean: f.logpdf(x[0], mean, cov, True))(MEAN), -slope, 1e-10)


def test_singular_multivariate_normal_by_all_arguments():
    """At mean + half z with the covariance matrix half half': its density is that of z, by what half stretches."""
    ours = lambda half: np.sum(stats.multivariate_normal.logpdf(MEAN + Z @ half.T, MEAN, half @ half.T, True))
    plain = lambda half: -np.sum(Z * Z) / 2 - len(Z) * (np.log(np.linalg.det(half.T @ half)) / 2 + np.log(2 * np.pi))
    assert ours(Variable(HALF)).data == pytest.approx(plain(HALF))
    np.testing.assert_allclose(grad(ours)(HALF), grad(plain)(HALF), 1e-12)
    np.testing.assert_allclose(hessian(ours)(HALF), hessian(plain)(HALF), 1e-9, 1e-12)


def test_singular_multivariate_normal_by_cov():
    """Of a diagonal matrix, with eigenvalues that are equal."""
    x, diagonal = np.array([0.3, 0.2, 0.0, 1.0]), np.array([1.0, 1.0, 0.0, 2.0])
    f = lambda d: stats.multivariate_normal.logpdf(x, None, np.diag(d), True)
    inverse = np.array([1.0, 1.0, 0.0, 0.5])
    np.testing.assert_allclose(grad(f)(diagonal), (x * x * inverse ** 2 - inverse) / 2, 1e-14)
    np.testing.assert_allclose(hessian(f)(diagonal), np.diag(inverse ** 2 / 2 - x * x * inverse ** 3), 1e-13, 1e-15)
    with pytest.raises(np.linalg.LinAlgError, match="singular values that are not 0"):
        grad(f)(np.array([1.0, 1.0, 1e-11, 2.0]))
    with pytest.raises(ValueError, match="has the eigenvalue -1.0"):
        f(Variable(np.array([1.0, 1.0, -1.0, 2.0])))
    with pytest.raises(np.linalg.LinAlgError):
        stats.multivariate_normal.logpdf(Variable(x), None, np.diag(diagonal))


def test_shapes_of_multivariate_normal():
    """Without a mean, of one number in an axis of its own, and of arrays alone."""
    for x, more in ((A[0], {"cov": A @ A.T}), (A, {"cov": A @ A.T}), (A[:, :1], {"mean": [0.3], "cov": 2.0}),
                    (A[:, :1], {"cov": [[2.0]]}), (A[0], {"cov": [[2.0]]}), (A[0], {"mean": A[1], "cov": 2.0}),
                    (np.stack([A, A.T]), {"mean": A[1], "cov": [1.0, 2.0, 0.5]})):
        for method in ("logpdf", "pdf"):
            ours, theirs = [getattr(m.multivariate_normal, method) for m in (stats, ss)]
            found = ours(Variable(x), **more)
            np.testing.assert_allclose(found.data, theirs(x, **more), 1e-12)
            assert found.shape == np.shape(theirs(x, **more))
            np.testing.assert_allclose(ours(x.tolist(), **more | {"cov": Variable(np.array(more["cov"]))}).data, found.data, 1e-12)
            assert not isinstance(ours(x, **more), Variable) and np.array_equal(ours(x, **more), theirs(x, **more))


def test_dirichlet():
    alpha, x = np.array([1.5, 2.5, 0.7]), np.array([0.2, 0.5, 0.3])
    f = stats.dirichlet.logpdf
    for point in (x, x[:2]):
        assert f(Variable(point), alpha).data == pytest.approx(ss.dirichlet.logpdf(point, alpha))
    np.testing.assert_allclose(
        grad(f, 1)(x, alpha), [differences(lambda s: f(x, alpha + s * np.eye(3)[i]), (0.0,), 0) for i in range(3)], 1e-8)
    np.testing.assert_allclose(grad(f)(x[:2], alpha),
                               [differences(lambda s: f(x[:2] + s * np.eye(2)[i], alpha), (0.0,), 0) for i in range(2)], 1e-8)
    with pytest.raises(ValueError):
        f(Variable(np.array([0.2, 0.2, 0.2])), alpha)
    table = np.stack([x, x[[1, 2, 0]]], 1)
    for method in ("logpdf", "pdf"):
        ours, theirs = [getattr(m.dirichlet, method) for m in (stats, ss)]
        for found in (ours(Variable(table), alpha.tolist()), ours(Variable(table[:2]), alpha), ours(table.tolist(), Variable(alpha))):
            np.testing.assert_allclose(found.data, theirs(table, alpha), 1e-12)
        assert type(ours(table, alpha)) is np.ndarray and np.array_equal(ours(table, alpha), theirs(table, alpha))


def test_a_distribution_with_its_parameters():
    x, scale = Variable(np.array([0.5, 1.5])), Variable(np.array(2.0))
    assert np.array_equal(stats.gamma(2.5, scale=scale).logpdf(x).data, stats.gamma.logpdf(x, 2.5, scale=scale).data)
    assert np.array_equal(stats.poisson(2.5).pmf(3), ss.poisson(2.5).pmf(3)) and stats.norm(1.0, 2.0).mean() == 1.0
    mean = Variable(np.zeros(2))
    frozen = stats.multivariate_normal(mean, np.eye(2))
    assert np.array_equal(frozen.logpdf(x).data, stats.multivariate_normal.logpdf(x, mean, np.eye(2)).data)
    with pytest.raises(GradientError, match="scipy.stats"):
        stats.norm(1.0, scale).std()
    with pytest.raises(AttributeError):
        stats.norm(1.0, 2.0).no_such_method
