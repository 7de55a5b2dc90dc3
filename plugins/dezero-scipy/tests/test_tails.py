"""Distributions far in both tails, and at the ends of support and parameters: SciPy's values, gradients that have the digits."""
import copy

import mpmath as mp
import numpy as np
import pytest
import scipy.stats as ss
from dezero import Variable, grad
from dezero.errors import GradientError
from dezero_scipy import stats

FAR = [-1e4, -1000.0, -38.0, -9.0, -1.0, -1e-10, 0.0, 1e-20, 0.3, 1.0, 3.0, 9.0, 38.0, 1000.0, 1e4]
POSITIVE = [1e-300, 1e-20, 1e-10, 1e-3, 0.3, 1.0, 3.0, 9.0, 38.0, 500.0, 1e4, 1e10]
PARTS = [1e-300, 1e-20, 1e-5, 0.1, 0.3, 0.7, 0.9, 1 - 1e-10, 1 - 1e-16]
COUNTS = [-1.0, 0.0, 1.0, 2.5, 5.0, 9.0, 10.0, 11.0, 50.0, 900.0, 1100.0]
CONTINUOUS = [
    ("norm", (), FAR), ("cauchy", (), [-1e300, *FAR, 1e300]), ("laplace", (), FAR), ("logistic", (), FAR), ("gumbel_r", (), FAR),
    *[("t", (df,), FAR) for df in (0.5, 3.0, 1e6, 1e10, np.inf)],
    ("uniform", (), [-1.0, 0.0, 1e-300, 1e-10, 0.3, 1 - 1e-10, 1.0, 2.0]), ("expon", (), [0.0, *POSITIVE]),
    *[("gamma", (a,), [0.0] * (a >= 1) + POSITIVE) for a in (0.3, 1.0, 2.5, 500.0)],
    *[("beta", shapes, [1e-300, 1e-10, 1e-3, 0.3, 0.7, 0.9, 1 - 1e-10, 1 - 2.0 ** -53])
      for shapes in ((0.5, 0.5), (1.0, 1.0), (2.0, 3.0), (1.0, 3.0), (3.0, 1.0), (200.0, 300.0))],
    *[("chi2", (df,), [0.0] * (df >= 2) + POSITIVE) for df in (1.0, 2.0, 5.0, 1000.0)],
    *[("f", shapes, POSITIVE) for shapes in ((1.0, 5.0), (2.5, 3.0), (10.0, 200.0))],
    *[("lognorm", (s,), [0.0, *POSITIVE]) for s in (0.3, 2.0)],
    *[("weibull_min", (c,), [0.0] * (c >= 1) + [*POSITIVE, 1e300]) for c in (0.5, 1.0, 3.0)],
    *[("pareto", (b,), [0.5, 1.0, 1.5, 3.0, 1000.0, 1e10]) for b in (0.5, 3.0)]]
DISCRETE = [
    *[("poisson", (mu,)) for mu in (0.0, 0.3, 5.0, 1000.0)],
    *[("binom", shapes) for shapes in ((0, 0.3), (10, 0.0), (10, 1.0), (10, 0.3), (1000, 0.9), (10 ** 12, 1e-10))],
    *[("bernoulli", (p,)) for p in (0.0, 1.0, 0.3, 1e-20)],
    *[("nbinom", shapes) for shapes in ((3.0, 0.4), (2.5, 1.0), (0.5, 0.01), (40.0, 1e-6))],
    *[("geom", (p,)) for p in (1.0, 0.3, 1e-8)]]
BEYOND_SCIPY = {                            # whose numbers are -inf where the density is too small, or lose digits
    "laplace": lambda z: {"logpdf": -np.abs(z) - np.log(2), "logcdf": np.where(z < 0, z - np.log(2), np.log1p(-np.exp(-z) / 2)),
                          "logsf": np.where(z > 0, -z - np.log(2), np.log1p(-np.exp(z) / 2))},
    "weibull_min": lambda z, c: {"pdf": np.exp(ss.weibull_min.logpdf(z, c))},
}
TINY = np.finfo(float).tiny


def compared(who, got, wanted, tolerance=1e-10):
    """Compare numbers that are not so small that they have no digits."""
    got, wanted = [np.where(np.abs(y) < TINY, 0, y) for y in (got, wanted)]
    with np.errstate(invalid="ignore"):
        is_equal = (got == wanted) | (np.abs(got - wanted) <= tolerance * np.abs(wanted))
    assert np.all(is_equal), f"{who}: {got[~is_equal]} instead of {wanted[~is_equal]}"


def of_scipy(name, methods, x, shapes):
    """Return {method: SciPy's values}."""
    with np.errstate(all="ignore"):
        return {method: getattr(getattr(ss, name), method)(x, *shapes) for method in methods}


def of_ours(name, method, x, shapes):
    """Return a method's values and its slopes by x."""
    v = Variable(x)
    with np.errstate(all="ignore"):
        y = getattr(getattr(stats, name), method)(v, *shapes)
        np.sum(y[np.isfinite(y.data)]).backward()
    return y.data, v.grad


@pytest.mark.parametrize("name, shapes, x", CONTINUOUS)
def test_continuous(name, shapes, x):
    x = np.array(x)
    known = of_scipy(name, ["logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"], x, shapes)
    is_in = (np.abs(known["logpdf"]) < 1e6) & (known["pdf"] > TINY)
    with np.errstate(all="ignore"):
        if name in BEYOND_SCIPY:
            known |= BEYOND_SCIPY[name](x, *shapes)
        slopes = {"cdf": known["pdf"], "sf": -known["pdf"], "logcdf": np.exp(known["logpdf"] - known["logcdf"]),
                  "logsf": -np.exp(known["logpdf"] - known["logsf"])}
    for method, wanted in known.items():
        y, slope = of_ours(name, method, x, shapes)
        compared(method, y, wanted)
        if method in slopes:
            log = np.where(is_in, known["logpdf"], 0)
            compared(f"slope of {method}", slope[is_in], slopes[method][is_in], 1e-10 + 1e-15 * np.abs(log)[is_in])


@pytest.mark.parametrize("name, shapes", [case[:2] for case in CONTINUOUS])
def test_quantiles(name, shapes):
    """Their slopes are 1 / pdf, and their values SciPy's; F's isf, which is ppf(1 - q) in SciPy, inverts the sf."""
    for method in ("ppf", "isf"):
        for q in PARTS:
            y, slope = of_ours(name, method, np.array(q), shapes)
            if (name, method) == ("f", "isf"):
                compared(f"sf of isf({q})", ss.f.sf(y, *shapes), q)
            elif not (name == "f" and q == 1e-300):         # where SciPy's is NaN
                compared(f"{method}({q})", y, of_scipy(name, [method], q, shapes)[method])
            with np.errstate(all="ignore"):
                log = getattr(ss, name).logpdf(y, *shapes)
            if np.abs(log) < 600:
                compared(f"slope of {method}({q})", slope * (1 if method == "ppf" else -1), np.exp(-log), 1e-9)


@pytest.mark.parametrize("name, shapes", DISCRETE)
def test_discrete(name, shapes):
    """Near 0 SciPy's logcdf has lost the digits that are in its sf, and for a large n binom.logpmf those that are in its pmf."""
    k = np.array(COUNTS)
    known = of_scipy(name, ["logpmf", "pmf", "cdf", "sf", "logcdf", "logsf"], k, shapes)
    for part, rest in (("cdf", "sf"), ("sf", "cdf")):
        is_most = known[part] > 0.5
        known[f"log{part}"][is_most] = np.log1p(-known[rest][is_most])
    is_known = np.full(k.shape, True)
    if name == "binom":
        is_in = known["pmf"] > TINY
        known["logpmf"][is_in] = np.log(known["pmf"][is_in])
        is_known = is_in | (known["logpmf"] == -np.inf)
    for method, wanted in known.items():
        with np.errstate(all="ignore"):
            y = getattr(getattr(stats, name), method)(k, *shapes[:-1], Variable(np.array(shapes[-1])))
        compared(method, y.data[is_known], wanted[is_known])


def gamma_tails(a, x):
    return mp.gammainc(a, 0, x, regularized=True), mp.gammainc(a, x, mp.inf, regularized=True)


def beta_tails(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True), mp.betainc(b, a, 0, 1 - x, regularized=True)


def t_tails(z, n):
    tail = mp.betainc(n / 2, mp.mpf(1) / 2, 0, n / (n + z * z), regularized=True) / 2
    return (tail, 1 - tail) if z < 0 else (1 - tail, tail)


TAILS = {
    "t": t_tails,
    "gamma": lambda z, a: gamma_tails(a, z),
    "chi2": lambda z, n: gamma_tails(n / 2, z / 2),
    "beta": lambda z, a, b: beta_tails(a, b, z),
    "f": lambda z, m, n: beta_tails(m / 2, n / 2, m * z / (m * z + n)),
    "lognorm": lambda z, s: (mp.ncdf(mp.log(z) / s), mp.ncdf(-mp.log(z) / s)),
    "weibull_min": lambda z, c: (-mp.expm1(-z ** c), mp.exp(-z ** c)),
    "pareto": lambda z, b: (1 - z ** -b, z ** -b),
    "poisson": lambda k, m: gamma_tails(k + 1, m)[::-1],
    "binom": lambda k, n, p: beta_tails(k + 1, n - k, p)[::-1],
    "nbinom": lambda k, n, p: beta_tails(n, k + 1, p),
    "geom": lambda k, p: (1 - (1 - p) ** k, (1 - p) ** k),
}
"""cdf and sf of mpmath."""
IN_TAILS = [
    ("t", 3.0, (-40.0, 1e5)), ("t", 30.0, (-6.0, 2.0)), ("t", 300.0, (-30.0, 2.0)), ("t", 1e6, (-9.0,)),
    ("gamma", 2.5, (1e-3, 60.0)), ("gamma", 500.0, (300.0, 800.0)),
    ("chi2", 3.0, (1e-4, 200.0)), ("beta", (2.0, 3.0), (0.01, 1 - 1e-10)), ("beta", (200.0, 300.0), (0.05, 0.9)),
    ("f", (10.0, 200.0), (1e-4, 38.0)), ("f", (1.0, 5.0), (1e10,)), ("lognorm", 0.3, (1e-3, 50.0)),
    ("weibull_min", 3.0, (1e-3, 6.0)), ("pareto", 3.0, (1.001, 1e6)), ("poisson", 60.0, (3.0, 150.0)),
    ("binom", (1000, 0.3), (100.0, 500.0)), ("nbinom", (3.0, 0.4), (900.0,)), ("nbinom", (40.0, 0.1), (2.0,)),
    ("geom", 1e-8, (1.0,)), ("geom", 0.3, (900.0,))]


@pytest.mark.parametrize("name, shapes, points", IN_TAILS)
def test_slopes_by_shapes(name, shapes, points):
    """By differences of the less tail, in forty digits."""
    shapes = np.atleast_1d(shapes).tolist()
    for z in points:
        for i in range(name == "binom", len(shapes)):
            with mp.workdps(40):
                given = [mp.mpf(z), *map(mp.mpf, shapes)]
                cdf, sf = TAILS[name](*given)
                step = given[i + 1] * mp.mpf(10) ** -12
                ends = [TAILS[name](*[x + sign * step * (j == i + 1) for j, x in enumerate(given)])[sf < cdf] for sign in (-1, 1)]
                slope = (ends[1] - ends[0]) / (2 * step) * (-1 if sf < cdf else 1)
                wanted = {"cdf": slope, "sf": -slope, "logcdf": slope / cdf, "logsf": -slope / sf}
            for method, known in wanted.items():
                got = grad(getattr(getattr(stats, name), method), i + 1)(z, *map(float, shapes))
                compared(f"{method}({z}) by shape {i}", got, float(known), 1e-9)
            if hasattr(getattr(ss, name), "pdf"):
                method, part = ("isf", sf) if sf < cdf else ("ppf", cdf)
                got = grad(getattr(getattr(stats, name), method), i + 1)(float(part), *map(float, shapes))
                compared(f"{method}({part}) by shape {i}", got, -float(slope) / getattr(ss, name).pdf(z, *shapes), 1e-9)


@pytest.mark.parametrize("name, method, k, shapes, wanted", [
    ("poisson", "pmf", 0, (0.0,), -1), ("poisson", "pmf", 1, (0.0,), 1), ("poisson", "pmf", 2, (0.0,), 0),
    ("poisson", "cdf", 0, (0.0,), -1), ("poisson", "sf", 0, (0.0,), 1), ("poisson", "logpmf", 0, (0.0,), -1),
    ("binom", "pmf", 0, (3, 0.0), -3), ("binom", "pmf", 1, (3, 0.0), 3), ("binom", "pmf", 2, (3, 0.0), 0),
    ("binom", "pmf", 2, (3, 1.0), -3), ("binom", "pmf", 3, (3, 1.0), 3), ("binom", "cdf", 0, (3, 0.0), -3),
    ("binom", "sf", 2, (3, 1.0), 3), ("binom", "cdf", 3, (3, 1.0), 0), ("binom", "pmf", 0, (0, 0.0), 0),
    ("bernoulli", "pmf", 0, (0.0,), -1), ("bernoulli", "pmf", 1, (0.0,), 1), ("bernoulli", "pmf", 0, (1.0,), -1),
    ("bernoulli", "cdf", 0, (1.0,), -1), ("bernoulli", "logpmf", 0, (0.0,), -1), ("bernoulli", "sf", 0, (0.0,), 1),
    ("geom", "pmf", 1, (1.0,), 1), ("geom", "pmf", 2, (1.0,), -1), ("geom", "pmf", 3, (1.0,), 0),
    ("geom", "cdf", 1, (1.0,), 1), ("geom", "cdf", 2, (1.0,), 0), ("geom", "sf", 1, (1.0,), -1), ("geom", "logsf", 0, (1.0,), 0),
    ("nbinom", "pmf", 0, (2.5, 1.0), 2.5), ("nbinom", "pmf", 1, (2.5, 1.0), -2.5), ("nbinom", "cdf", 0, (2.5, 1.0), 2.5),
    ("nbinom", "sf", 0, (2.5, 1.0), -2.5), ("nbinom", "sf", 1, (2.5, 1.0), 0)])
def test_chances_of_0_and_1(name, method, k, shapes, wanted):
    """The slope by the last parameter where it is at its end."""
    f = lambda p: getattr(getattr(stats, name), method)(k, *shapes[:-1], p)
    compared(method, grad(f)(shapes[-1]), wanted)


def test_second_slopes_at_the_ends_of_parameters():
    assert grad(grad(lambda m: stats.poisson.pmf(2, m)))(0.0) == 1.0
    assert grad(grad(lambda m: stats.poisson.pmf(2, m)))(1.5) == pytest.approx((1 - 3 + 1.125) * np.exp(-1.5))
    assert grad(grad(lambda p: stats.binom.pmf(2, 3, p)))(0.0) == pytest.approx(6.0)
    assert grad(grad(lambda p: stats.geom.pmf(3, p)))(1.0) == 2.0
    assert grad(grad(lambda c: stats.weibull_min.cdf(0.0, c)))(1.4) == 0
    assert grad(grad(lambda z: stats.expon.cdf(z)))(50.0) == pytest.approx(-np.exp(-50.0))


@pytest.mark.parametrize("method, slope", [
    ("logpdf", -1.3), ("pdf", -1.3 * ss.norm.pdf(1.3)), ("cdf", ss.norm.pdf(1.3)), ("sf", -ss.norm.pdf(1.3)),
    ("ppf", 1 / ss.norm.pdf(ss.norm.ppf(0.2)))])
def test_t_that_is_normal(method, slope):
    f, x = getattr(stats.t, method), 0.2 if method == "ppf" else 1.3
    assert grad(f)(x, np.inf) == pytest.approx(slope, 1e-12) and grad(f, 1)(x, np.inf) == 0
    assert f(Variable(np.array(x)), np.inf).data == pytest.approx(getattr(ss.norm, method)(x), 1e-12)


@pytest.mark.parametrize("n", [0.5, 40.0, 50.5, 1e8, 1e12])
def test_density_of_t_by_the_degrees_of_freedom(n):
    """Its terms cancel, but for some 1/n²."""
    log = lambda n, z: mp.loggamma((n + 1) / 2) - mp.loggamma(n / 2) - mp.log(n) / 2 - (n + 1) / 2 * mp.log1p(z * z / n)
    for z in (0.3, 1.3, 1e3 * n ** 0.5):
        with mp.workdps(60):
            wanted = mp.diff(lambda n: log(n, mp.mpf(z)), mp.mpf(n), h=mp.mpf(n) * mp.mpf(10) ** -15)
        compared(f"slope at {z}", grad(stats.t.logpdf, 1)(z, n), float(wanted))


def test_where_a_density_is_too_small():
    """What is inf on the way, of a gradient that is 0, counts for nothing."""
    with np.errstate(over="ignore"):
        for method in ("pdf", "cdf", "sf"):
            assert grad(getattr(stats.gumbel_r, method))(-1000.0) == 0
            assert [*grad(getattr(stats.weibull_min, method), (0, 1))(1e300, 3.0)] == [0, 0]
        assert grad(stats.gumbel_r.logpdf)(-1000.0) == np.inf
    assert grad(stats.laplace.cdf)(0.0) == grad(stats.laplace.ppf)(0.5) / 4 == 0.5


def test_an_edge_where_the_density_of_dirichlet_is_0():
    x, alpha = np.array([0.0, 0.4, 0.6]), np.array([2.0, 1.5, 0.7])
    for i in (0, 1):
        assert not np.any(grad(stats.dirichlet.pdf, i)(x, alpha))
    assert stats.dirichlet.logpdf(x, Variable(alpha)).data == -np.inf


V = Variable(np.array(0.3))


@pytest.mark.parametrize("call, who", [
    (lambda: stats.norm.mean(V), "norm.mean"), (lambda: stats.norm(V).std(), "norm.std"),
    (lambda: stats.gamma.median(V), "gamma.median"),
    (lambda: stats.gamma(2.0, scale=V).entropy(), "gamma.entropy"), (lambda: stats.poisson.ppf(V, 2.0), "poisson.ppf"),
    (lambda: stats.binom(3, V).isf(0.2), "binom.isf"), (lambda: stats.beta.fit(Variable(np.ones(3))), "beta.fit"),
    (lambda: stats.multivariate_normal.cdf(Variable(np.ones(2))), "multivariate_normal.cdf"),
    (lambda: stats.multivariate_normal(Variable(np.ones(2))).cdf(np.ones(2)), "multivariate_normal.cdf"),
    (lambda: stats.dirichlet.mean(Variable(np.ones(2))), "dirichlet.mean")])
def test_what_is_not_offered_is_named(call, who):
    with pytest.raises(GradientError, match=rf"scipy\.stats: {who} has no gradient"):
        call()


def test_names_of_the_first_argument():
    assert stats.norm.logpdf(x=V).data == stats.norm(0).logpdf(x=V).data == ss.norm.logpdf(0.3)
    assert stats.poisson.pmf(k=2, mu=V).data == stats.poisson(V).pmf(k=2).data == pytest.approx(ss.poisson.pmf(2, 0.3))
    assert stats.expon.isf(q=V).data == stats.expon().isf(q=V).data == ss.expon.isf(0.3)
    assert stats.norm.cdf([V, 0.5]).data == pytest.approx(ss.norm.cdf([0.3, 0.5]))
    with pytest.raises(AttributeError):
        stats.poisson.logpdf
    with pytest.raises(AttributeError):
        stats.poisson(2.0).pdf
    assert copy.copy(stats.norm).cdf(0.0) == 0.5
