"""scipy.stats with gradients: densities and distribution functions, by the argument and by all parameters.

These methods have gradients: of continuous distributions ``logpdf pdf cdf sf logcdf logsf ppf isf``; of discrete ones ``logpmf pmf
cdf sf logcdf logsf``, by the parameters alone; of ``multivariate_normal`` and ``dirichlet`` ``logpdf pdf``.

A distribution is called as SciPy's: ``stats.gamma.logpdf(x, a, loc, scale)``, ``stats.gamma(a, loc, scale).logpdf(x)``.  With
arrays alone SciPy's own answers, and so it does for what is not here (rvs, fit, moments, quantiles of discrete distributions).
Moments, fits and such quantiles of a Variable are a GradientError.  Outside the support a density is 0, and so is its gradient;
so it is at its ends, where the density is 0.  Where SciPy gives NaN, of parameters that are none, so does this.  A cdf by a
parameter that it has no known derivative by (of binom by n) is a GradientError.
"""
import contextlib
import functools
import math

import numpy as np
import scipy.special as sp
import scipy.stats as ss
from dezero import Variable, errors, rule

from dezero_scipy import linalg
from dezero_scipy._rules import data, joined, near, operand, times, unknown, variables
from dezero_scipy.ufuncs.distributions import density_of_binomial, log_density_of_t

LOG_2 = math.log(2)
LOG_ROOT_2_PI = math.log(2 * math.pi) / 2


@contextlib.contextmanager
def said_of(distribution, method):
    """Say which method it is, where SciPy's refuses a Variable."""
    try:
        yield
    except errors.GradientError as error:
        name = type(distribution).__name__.removesuffix("_gen")
        raise errors.GradientError(f"scipy.stats: {name}.{method} has no gradient here: give it arrays, the .data of Variables") from error


def saying(distribution, method, f):
    """Return what SciPy has by the name of a method, which says so where it refuses a Variable."""
    return functools.wraps(f)(said_of(distribution, method)(f)) if callable(f) else f


class Frozen:
    """A distribution with its parameters: ``stats.norm(loc, scale).logpdf(x)``.

    What is not here (rvs, moments) is SciPy's, of parameters that are arrays.
    """

    def __init__(self, distribution, args, kwargs):
        self.distribution, self.args, self.kwargs = distribution, args, kwargs

    def __getattr__(self, name):
        if name.startswith("_"):            # copy and pickle probe
            raise AttributeError(name)
        if hasattr(type(self.distribution), name):
            f, args, kwargs = getattr(self.distribution, name), self.args, self.kwargs
            if name in ("ppf", "isf"):      # with the names that SciPy's have
                return lambda q: f(q, *args, **kwargs)
            if name in ("pmf", "logpmf"):
                return lambda k: f(k, *args, **kwargs)
            return lambda x: f(x, *args, **kwargs)
        original = self.distribution.original
        with said_of(original, name):
            f = getattr(original(*self.args, **self.kwargs), name)
        return saying(original, name, f)


class Freezable:
    """What is called with parameters, as SciPy's distributions are, and has what is not here from SciPy's."""

    def __call__(self, *args, **kwargs):
        return Frozen(self, args, kwargs)

    def __getattr__(self, name):
        if name.startswith("_"):            # copy and pickle probe, before there is an original
            raise AttributeError(name)
        return saying(self.original, name, getattr(self.original, name))


class Distribution(Freezable):
    """A distribution of SciPy's, with formulas of its standard form, which are asked inside the support alone.

    Attributes
    ----------
    original : scipy.stats.rv_continuous or scipy.stats.rv_discrete
    formulas : dict
        {"cdf": f(z, *shapes), "logcdf": ...}; those of sf, and of the logarithms of cdf and sf, may be left out.
    low, high : float or callable
        The ends of the support, of the shapes.
    middle : float
        A point inside.
    is_valid : callable
        Of the shapes.
    """

    def __init__(self, original, formulas, low=-np.inf, high=np.inf, middle=0.5, is_valid=None):
        self.original, self.formulas, self.middle = original, formulas, middle
        self.low, self.high = [end if callable(end) else (lambda *shapes, end=end: end) for end in (low, high)]
        self.is_bounded = low != -np.inf or high != np.inf
        self.is_valid = is_valid or (lambda *shapes: all_of([shape > 0 for shape in shapes]))
        self.shapes = original.shapes.replace(" ", "").split(",") if original.shapes else []

    def bound(self, method, args, kwargs):
        """Return the argument, the shapes, loc and scale of a call."""
        needed = ["q" if method in ("ppf", "isf") else self.argument, *self.shapes]
        names = [*needed, *self.names]
        given = dict(zip(names, args))
        if len(args) > len(names) or set(given) & set(kwargs) or set(kwargs) - set(names) or set(needed) - {*given, *kwargs}:
            raise TypeError(f"{self.original.name}.{method} is called with {', '.join(names)}; "
                            f"got {len(args)} by place, and {', '.join(kwargs) or 'none'} by name")
        given |= kwargs
        shapes = [parameter(given[name]) for name in self.shapes]
        return joined(given[needed[0]]), shapes, parameter(given.get("loc", 0.0)), parameter(given.get("scale", 1.0))

    def standard(self, name, z, shapes):
        """Return a function of the standard form, by others where it has no formula of its own."""
        if name in self.formulas:
            return self.formulas[name](z, *shapes)
        if name == "sf":
            return 1 - self.standard("cdf", z, shapes)
        return log_of_part(*[self.standard(part, z, shapes) for part in PARTS[name]])

    def evaluated(self, name, args, kwargs, below, above):
        """Return a function of the distribution: `below` and `above` are its values beyond the support.

        Nothing is masked where all is inside the support, as it is nearly always: masks take longer than a density.
        """
        x, shapes, loc, scale = self.bound(name, args, kwargs)
        is_wrong = ~((scale > 0) & self.is_valid(*shapes))
        some_wrong = is_wrong.any()
        if some_wrong:
            scale, shapes = near(is_wrong, 1, scale), [near(is_wrong, 1, shape) for shape in shapes]
        z = self.point(x, loc, scale)
        place = data(z)
        is_out = ~self.is_inside(place, shapes, name)
        if name == "logpdf" and self.is_bounded:
            is_out = is_out | self.is_empty_end(place, shapes, is_out)
        some_out = is_out.any()
        if some_out:
            z = near(is_out, self.middle, self.point(near(~np.isfinite(data(x)), 0, x), loc, scale))
        y = self.standard(name, z, shapes)
        if name == "logpdf":
            y = y - np.log(scale)
        if some_out:
            y = np.where(is_out, np.where(place >= self.high(*shapes), above, below), y)
        if some_out or some_wrong:
            y = np.where(is_wrong | np.isnan(place), np.nan, y)
        return y if y.dtype == float else y.astype(float)

    def is_inside(self, z, shapes, name):
        is_finite = np.isfinite(z)
        return (z >= self.low(*shapes)) & (z <= self.high(*shapes)) & is_finite if self.is_bounded else is_finite


PARTS = {"logcdf": ("cdf", "sf"), "logsf": ("sf", "cdf")}


def log_of_part(y, rest):
    """Return log y of a part y of 1, which has the digits of what is less of y and `rest` = 1 - y; gradient 0 where y is 0."""
    is_0, is_most = data(y) == 0, data(y) > 0.5
    log = np.log(near(is_0 | is_most, 1, y)) if is_0.any() or is_most.any() else np.log(y)
    if is_most.any():
        log = np.where(is_most, np.log1p(-near(~is_most, 0, rest)), log)
    return np.where(is_0, -np.inf, log) if is_0.any() else log


class Continuous(Distribution):
    """A distribution that has a density, a location and a scale."""

    argument, names = "x", ("loc", "scale")

    def point(self, x, loc, scale):
        return (x - loc) / scale

    def is_empty_end(self, z, shapes, is_out):
        """Return where z is an end of the support with density 0: its logarithm has an infinite slope."""
        shapes = [*map(data, shapes)]
        is_end = ~is_out & ((z == self.low(*shapes)) | (z == self.high(*shapes)))
        return is_end & (self.standard("logpdf", np.where(is_end, z, self.middle), shapes) == -np.inf) if is_end.any() else is_end

    def ppf(self, *args, **kwargs):
        """Return the point below which a part q lies."""
        return self.quantile("ppf", args, kwargs)

    def isf(self, *args, **kwargs):
        """Return the point above which a part q lies."""
        return self.quantile("isf", args, kwargs)

    def quantile(self, name, args, kwargs):
        if not of_variables(args, kwargs):
            return getattr(self.original, name)(*args, **kwargs)
        q, shapes, loc, scale = self.bound(name, args, kwargs)
        is_valid = (scale > 0) & self.is_valid(*shapes) & (q >= 0) & (q <= 1)
        is_in = is_valid & (q > 0) & (q < 1)
        if is_in.size and is_in.all():
            y = self.formulas[name](q, *shapes) * scale + loc
            return y if y.dtype == float else y.astype(float)
        scale, shapes = near(~is_valid, 1, scale), [near(~is_valid, 1, shape) for shape in shapes]
        y = self.formulas[name](near(~is_in, 0.5, q), *shapes)
        low, high = self.original.support(*map(data, shapes))
        y = np.where(is_in, y, np.where(q == (0 if name == "ppf" else 1), low, high))
        return np.where(is_valid, y * scale + loc, np.nan)


class Discrete(Distribution):
    """A distribution of integers: what is asked is constant between them, and has no gradient by its argument."""

    argument, names = "k", ("loc",)

    def point(self, x, loc, scale):
        return x - loc

    def is_inside(self, z, shapes, name):
        return super().is_inside(z, shapes, name) & ((z == np.floor(z)) | (name not in ("logpmf", "pmf")))

    def standard(self, name, z, shapes):
        return super().standard(name, np.floor(z), shapes)


def parameter(x):
    """Return a parameter in double precision where it is a Python number, as it is where it is a Variable, else as an array."""
    return np.float64(x) if isinstance(x, (float, int)) else joined(x)


def of_variables(args, kwargs):
    """Return whether there is a Variable among the arguments of a call."""
    return any([isinstance(a, Variable) for a in (*args, *kwargs.values())]) or bool(variables((args, kwargs)))


def all_of(conditions):
    """Return where all of the conditions hold; True of none."""
    found = np.True_
    for condition in conditions:
        found = found & condition
    return found


def method(name, below, above):
    """Return a method of distributions, with its values beyond the support."""
    def function(self, *args, **kwargs):
        if not of_variables(args, kwargs):
            return getattr(self.original, name)(*args, **kwargs)
        return self.evaluated(name, args, kwargs, below, above)
    function.__name__ = function.__qualname__ = name
    return function


def pdf(self, *args, **kwargs):
    """Return the density, with gradient 0 where it is 0."""
    if not of_variables(args, kwargs):
        return self.original.pdf(*args, **kwargs)
    log = self.logpdf(*args, **kwargs)
    is_0 = data(log) == -np.inf
    return np.where(is_0, 0, np.exp(near(is_0, 0, log))) if is_0.any() else np.exp(log)


Distribution.cdf, Distribution.sf = method("cdf", 0, 1), method("sf", 1, 0)
Distribution.logcdf, Distribution.logsf = method("logcdf", -np.inf, 0), method("logsf", 0, -np.inf)
Continuous.logpdf, Continuous.pdf = method("logpdf", -np.inf, -np.inf), pdf
Discrete.logpmf, Discrete.pmf = method("logpmf", -np.inf, -np.inf), method("pmf", 0, 0)


# -- on the whole line

norm = Continuous(ss.norm, {
    "logpdf": lambda z: -z * z / 2 - LOG_ROOT_2_PI, "cdf": lambda z: sp.ndtr(z), "sf": lambda z: sp.ndtr(-z),
    "logcdf": lambda z: sp.log_ndtr(z), "logsf": lambda z: sp.log_ndtr(-z), "ppf": lambda q: sp.ndtri(q),
    "isf": lambda q: -sp.ndtri(q)})


def ppf_of_cauchy(q):
    """Return tan(π (q - ½)), near 0 and 1 by the cotangent of the less part, which has the digits."""
    less = np.where(q < 0.5, q, 1 - q)
    return np.where(less > 0.25, np.tan(math.pi * (q - 0.5)), np.where(q < 0.5, -1, 1) / np.tan(math.pi * less))


cauchy = Continuous(ss.cauchy, {
    "logpdf": lambda z: -math.log(math.pi) - 2 * np.log(np.hypot(1, z)), "cdf": lambda z: np.arctan2(1, -z) / math.pi,
    "sf": lambda z: np.arctan2(1, z) / math.pi, "ppf": ppf_of_cauchy, "isf": lambda q: -ppf_of_cauchy(q)})


def cdf_of_laplace(z):
    is_right = z > 0
    return np.where(is_right, 1 - np.exp(-near(~is_right, 0, z)) / 2, np.exp(near(is_right, 0, z)) / 2)


def logcdf_of_laplace(z):
    is_right = z > 0
    return np.where(is_right, np.log1p(-np.exp(-near(~is_right, 0, z)) / 2), z - LOG_2)


def ppf_of_laplace(q):
    is_left = q < 0.5
    tail = np.log(2 * np.where(is_left, q, 1 - q))
    return np.where(is_left, tail, -tail)


laplace = Continuous(ss.laplace, {
    "logpdf": lambda z: -np.abs(z) - LOG_2, "cdf": cdf_of_laplace, "sf": lambda z: cdf_of_laplace(-z),
    "logcdf": logcdf_of_laplace, "logsf": lambda z: logcdf_of_laplace(-z), "ppf": ppf_of_laplace,
    "isf": lambda q: -ppf_of_laplace(q)})

logistic = Continuous(ss.logistic, {
    "logpdf": lambda z: sp.log_expit(z) + sp.log_expit(-z), "cdf": lambda z: sp.expit(z), "sf": lambda z: sp.expit(-z),
    "logcdf": lambda z: sp.log_expit(z), "logsf": lambda z: sp.log_expit(-z), "ppf": lambda q: sp.logit(q),
    "isf": lambda q: -sp.logit(q)})


def forward_of_decay(z):
    with np.errstate(over="ignore"):        # the density is 0 there
        return np.exp(-z)


@rule(forward_of_decay, name="stats.decay", method=None)
def decay(gy, y, z):
    """y = e⁻ᶻ;   ∂y/∂z = -y, and 0 of a gradient that is 0, though y be infinite"""
    return -times(gy, y)


@rule(lambda z: -np.expm1(-z), name="stats.rise", method=None)
def rise(gy, y, z):
    """y = 1 - e⁻ᶻ;   ∂y/∂z = e⁻ᶻ, which has the digits that 1 - y would lose"""
    return gy * decay(z)


gumbel_r = Continuous(ss.gumbel_r, {
    "logpdf": lambda z: -z - decay(z), "cdf": lambda z: np.exp(-decay(z)), "sf": lambda z: rise(decay(z)),
    "logcdf": lambda z: -decay(z), "ppf": lambda q: -np.log(-np.log(q)), "isf": lambda q: -np.log(-np.log1p(-q))})

t = Continuous(ss.t, {
    "logpdf": lambda z, df: log_density_of_t(df, z), "cdf": lambda z, df: sp.stdtr(df, z), "sf": lambda z, df: sp.stdtr(df, -z),
    "ppf": lambda q, df: sp.stdtrit(df, q), "isf": lambda q, df: -sp.stdtrit(df, q)})


# -- on an interval, or on one side of 0

uniform = Continuous(ss.uniform, {"logpdf": lambda z: 0 * z, "cdf": lambda z: z, "ppf": lambda q: q, "isf": lambda q: 1 - q}, 0, 1)

expon = Continuous(ss.expon, {
    "logpdf": lambda z: -z, "cdf": lambda z: rise(z), "sf": lambda z: np.exp(-z), "logsf": lambda z: -z,
    "ppf": lambda q: -np.log1p(-q), "isf": lambda q: -np.log(q)}, 0)

gamma = Continuous(ss.gamma, {
    "logpdf": lambda z, a: sp.xlogy(a - 1, z) - z - sp.gammaln(a), "cdf": lambda z, a: sp.gammainc(a, z),
    "sf": lambda z, a: sp.gammaincc(a, z), "ppf": lambda q, a: sp.gammaincinv(a, q),
    "isf": lambda q, a: sp.gammainccinv(a, q)}, 0)

beta = Continuous(ss.beta, {
    "logpdf": lambda z, a, b: sp.xlog1py(b - 1, -z) + sp.xlogy(a - 1, z) - sp.betaln(a, b),
    "cdf": lambda z, a, b: sp.betainc(a, b, z), "sf": lambda z, a, b: sp.betaincc(a, b, z),
    "ppf": lambda q, a, b: sp.betaincinv(a, b, q), "isf": lambda q, a, b: sp.betainccinv(a, b, q)}, 0, 1)

chi2 = Continuous(ss.chi2, {
    "logpdf": lambda z, df: sp.xlogy(df / 2 - 1, z) - z / 2 - sp.gammaln(df / 2) - df / 2 * LOG_2,
    "cdf": lambda z, df: sp.chdtr(df, z), "sf": lambda z, df: sp.chdtrc(df, z),
    "ppf": lambda q, df: 2 * sp.gammaincinv(df / 2, q), "isf": lambda q, df: sp.chdtri(df, q)}, 0)

f = Continuous(ss.f, {
    "logpdf": lambda z, m, n: (m / 2 * np.log(m) + n / 2 * np.log(n) + sp.xlogy(m / 2 - 1, z) - (m + n) / 2 * np.log(n + m * z)
                               - sp.betaln(m / 2, n / 2)),
    "cdf": lambda z, m, n: sp.fdtr(m, n, z), "sf": lambda z, m, n: sp.fdtrc(m, n, z), "ppf": lambda q, m, n: sp.fdtri(m, n, q),
    "isf": lambda q, m, n: 1 / sp.fdtri(n, m, q)}, 0)              # 1/x has the F distribution of n and m

SMALLEST = np.nextafter(0, 1)               # of what is above 0, where 0 is outside

lognorm = Continuous(ss.lognorm, {
    "logpdf": lambda z, s: -(np.log(z) / s) ** 2 / 2 - np.log(s * z) - LOG_ROOT_2_PI,
    "cdf": lambda z, s: sp.ndtr(np.log(z) / s), "sf": lambda z, s: sp.ndtr(-np.log(z) / s),
    "logcdf": lambda z, s: sp.log_ndtr(np.log(z) / s), "logsf": lambda z, s: sp.log_ndtr(-np.log(z) / s),
    "ppf": lambda q, s: np.exp(s * sp.ndtri(q)), "isf": lambda q, s: np.exp(-s * sp.ndtri(q))}, SMALLEST)


@rule(lambda z, c: z ** c, name="stats.raised", method=None)
def raised(gy, y, z, c):
    """y = zᶜ of z >= 0;   ∂y/∂z = c zᶜ⁻¹,   ∂y/∂c = y log z, and 0 of a gradient that is 0, though they be infinite"""
    return lambda: times(gy, c * raised(z, c - 1)), lambda: times(gy, y * np.log(near(z == 0, 1, z)))


weibull_min = Continuous(ss.weibull_min, {
    "logpdf": lambda z, c: np.log(c) + sp.xlogy(c - 1, z) - raised(z, c), "cdf": lambda z, c: rise(raised(z, c)),
    "sf": lambda z, c: np.exp(-raised(z, c)), "logsf": lambda z, c: -raised(z, c),
    "ppf": lambda q, c: (-np.log1p(-q)) ** (1 / c), "isf": lambda q, c: (-np.log(q)) ** (1 / c)}, 0)

pareto = Continuous(ss.pareto, {
    "logpdf": lambda z, b: np.log(b) - (b + 1) * np.log(z), "cdf": lambda z, b: rise(b * np.log(z)),
    "sf": lambda z, b: z ** -b, "logsf": lambda z, b: -b * np.log(z), "ppf": lambda q, b: (1 - q) ** (-1 / b),
    "isf": lambda q, b: q ** (-1 / b)}, 1, middle=2.0)


# -- of integers

def is_chance(p):
    return (p >= 0) & (p <= 1)


@rule(lambda p, k, m, c: np.exp(sp.xlogy(k, p) + sp.xlog1py(m, -p) + c), name="stats.chance", method=None)
def chance(gy, y, p, k, m, c):
    """y = pᵏ (1 - p)ᵐ eᶜ;   ∂y/∂p = (k/p - m/(1 - p)) y, and at 0 and 1 by the powers that are one lower"""
    is_end = (p == 0) | (p == 1)
    end, inner = near(~is_end, 0, p), near(is_end, 0.5, p)
    at_end = times(k, chance(end, k - 1, m, c)) - times(m, chance(end, k, m - 1, c))
    return (times(gy, np.where(is_end, at_end, y * (k / inner - m / (1 - inner)))),
            lambda: times(gy, sp.xlogy(y, p)), lambda: times(gy, sp.xlog1py(y, -p)), times(gy, y))


poisson = Discrete(ss.poisson, {
    "logpmf": lambda k, mu: sp.xlogy(k, mu) - mu - sp.gammaln(k + 1),
    "pmf": lambda k, mu: chance(mu, k, 0, -mu - sp.gammaln(k + 1)), "cdf": lambda k, mu: sp.pdtr(k, mu),
    "sf": lambda k, mu: sp.pdtrc(k, mu)}, 0, middle=1.0, is_valid=lambda mu: mu >= 0)


@rule(lambda k, n, p: np.where(k < n, sp.betaincc(k + 1, near(k >= n, 1, n - k), p), 1.0), name="stats.binom.cdf", method=None)
def cdf_of_binom(gy, y, k, n, p):
    """y = the chance of k of n at most;   ∂y/∂p = -pᵏ (1 - p)ⁿ⁻ᵏ⁻¹ / B(k + 1, n - k)"""
    return None, unknown("scipy.stats.binom.cdf", "n"), lambda: -gy * density_of_binomial(k, n, p)


@rule(lambda k, n, p: np.where(k < n, sp.betainc(k + 1, near(k >= n, 1, n - k), p), 0.0), name="stats.binom.sf", method=None)
def sf_of_binom(gy, y, k, n, p):
    """y = the chance of more than k of n;   ∂y/∂p = pᵏ (1 - p)ⁿ⁻ᵏ⁻¹ / B(k + 1, n - k)"""
    return None, unknown("scipy.stats.binom.sf", "n"), lambda: gy * density_of_binomial(k, n, p)


def log_of_ways(k, n):
    """Return log of the number of ways to choose k of n."""
    return -np.log(n + 1) - sp.betaln(1 + n - k, 1 + k)


binom = Discrete(ss.binom, {
    "logpmf": lambda k, n, p: sp.xlogy(k, p) + sp.xlog1py(n - k, -p) + log_of_ways(k, n),
    "pmf": lambda k, n, p: chance(p, k, n - k, log_of_ways(k, n)), "cdf": cdf_of_binom, "sf": sf_of_binom},
    0, lambda n, p: n, middle=0.0, is_valid=lambda n, p: (n >= 0) & (n == np.rint(n)) & is_chance(p))

bernoulli = Discrete(ss.bernoulli, {
    "logpmf": lambda k, p: sp.xlogy(k, p) + sp.xlog1py(1 - k, -p), "pmf": lambda k, p: np.where(k < 1, 1 - p, p),
    "cdf": lambda k, p: np.where(k < 1, 1 - p, 1), "sf": lambda k, p: np.where(k < 1, p, 0)},
    0, 1, middle=0.0, is_valid=is_chance)


def log_of_orders(k, n):
    """Return log of the number of orders of k failures and n successes, the last of which is a success."""
    return sp.gammaln(n + k) - sp.gammaln(k + 1) - sp.gammaln(n)


nbinom = Discrete(ss.nbinom, {
    "logpmf": lambda k, n, p: log_of_orders(k, n) + sp.xlogy(n, p) + sp.xlog1py(k, -p),
    "pmf": lambda k, n, p: chance(p, n, k, log_of_orders(k, n)), "cdf": lambda k, n, p: sp.betainc(n, k + 1, p),
    "sf": lambda k, n, p: sp.betaincc(n, k + 1, p)}, 0, middle=0.0, is_valid=lambda n, p: (n > 0) & (p > 0) & (p <= 1))


def cdf_of_geom(k, p):
    """Return 1 - (1 - p)ᵏ, by the logarithm where p < 1, which has the digits."""
    is_sure = p == 1
    return np.where(is_sure, 1 - chance(p, 0, k, 0), rise(-sp.xlog1py(k, -near(is_sure, 0.5, p))))


def logsf_of_geom(k, p):
    is_sure = p == 1
    return np.where(is_sure, -np.inf, sp.xlog1py(k, -near(is_sure, 0.5, p)))


geom = Discrete(ss.geom, {
    "logpmf": lambda k, p: np.log(p) + sp.xlog1py(k - 1, -p), "pmf": lambda k, p: chance(p, 1, k - 1, 0),
    "cdf": cdf_of_geom, "sf": lambda k, p: chance(p, 0, k, 0), "logsf": logsf_of_geom},
    1, middle=1.0, is_valid=lambda p: (p > 0) & (p <= 1))


# -- of several numbers

NEGLIGIBLE = 1e6 * np.finfo(float).eps
"""What SciPy takes for 0 among the eigenvalues of a covariance matrix, in parts of the largest."""


def forward_of_log_pdet(cov):
    s = np.linalg.eigvalsh(cov)
    return np.sum(np.log(s[s > NEGLIGIBLE * s[-1]]))


@rule(forward_of_log_pdet, name="stats.log_pdet", method=None)
def log_pdet(gy, y, cov):
    """y = Σ log of the eigenvalues that are not 0;   ∂y/∂cov = cov⁺, where the rank stays what it is"""
    return gy * np.linalg.pinv(cov, NEGLIGIBLE)


def null_vectors(cov):
    """Return the eigenvectors whose eigenvalues SciPy takes for 0; raise its error where one is below."""
    s, v = np.linalg.eigh(cov)
    least = NEGLIGIBLE * np.max(np.abs(s))
    if s[0] < -least:
        raise ValueError(f"multivariate_normal: cov is symmetric and positive semidefinite, and here it has the eigenvalue {s[0]}")
    return v[:, s <= least]


def of_support(difference, cov, null):
    """Return the logarithm of a normal density whose covariance matrix has null vectors; -inf beyond its support, as SciPy."""
    n, n_null = null.shape
    distance = np.linalg.norm(data(difference) @ null, axis=-1)
    is_out = ~(distance < 1e3 * NEGLIGIBLE * np.linalg.norm(data(cov), 2))
    square = np.sum(difference @ np.linalg.pinv(cov, NEGLIGIBLE) * difference, -1)
    return np.where(is_out, -np.inf, -(square + log_pdet(cov)) / 2 - (n - n_null) * LOG_ROOT_2_PI)


class MultivariateNormal(Freezable):
    """The normal distribution of vectors."""

    original = ss.multivariate_normal

    def logpdf(self, x, mean=None, cov=1, allow_singular=False):
        """Return the logarithm of the density at vectors along the last axis of x.

        With ``allow_singular=True`` a covariance matrix may have eigenvalues that are 0: the density is that on its support, the
        vectors that the others reach from the mean, and -inf beyond, with gradient 0.  On the support the gradients by x and by the
        mean are those along it.  The gradient by cov is that of matrices of the same rank, as a @ a.T of a matrix a; where SciPy
        takes eigenvalues for 0 that are not, it is a LinAlgError.
        """
        if not of_variables((x, mean, cov), {}):
            return ss.multivariate_normal.logpdf(x, mean, cov, allow_singular)
        x, cov = operand(x), operand(cov)
        mean = None if mean is None else operand(mean)
        n = cov.shape[-1] if cov.ndim else mean.size if mean is not None else 1
        if cov.ndim < 2:
            cov = np.eye(n) * cov
        if n == 1 and (x.ndim == 0 or x.shape[-1] != 1):
            x = x[..., None]
        cov = (cov + cov.T).astype(float) / 2 if allow_singular else (cov + cov.T) / 2
        difference = np.reshape(x if mean is None else x - mean, (-1, n))
        null = null_vectors(data(cov)) if allow_singular else None
        if null is not None and null.size:
            y = of_support(difference, cov, null)
        else:
            factor = linalg.cholesky(cov, lower=True)
            z = linalg.solve_triangular(factor, difference.T, lower=True)
            y = -np.sum(z * z, 0) / 2 - np.sum(np.log(np.diagonal(factor))) - n * LOG_ROOT_2_PI
        return np.squeeze(np.reshape(y, x.shape[:-1]))

    def pdf(self, x, mean=None, cov=1, allow_singular=False):
        """Return the density at vectors along the last axis of x."""
        return np.exp(self.logpdf(x, mean, cov, allow_singular))


class Dirichlet(Freezable):
    """The distribution of numbers above 0 whose sum is 1, along the first axis."""

    original = ss.dirichlet

    def logpdf(self, x, alpha):
        """Return the logarithm of the density; the last number may be left out."""
        if not of_variables((x, alpha), {}):
            return ss.dirichlet.logpdf(x, alpha)
        x, alpha = joined(x), joined(alpha)
        ss.dirichlet.logpdf(data(x), data(alpha))           # what it refuses
        if len(x) == len(alpha) - 1:
            x = np.concatenate([x, 1 - np.sum(x, 0, keepdims=True)])
        log_beta = np.sum(sp.gammaln(alpha)) - sp.gammaln(np.sum(alpha))
        return np.sum(sp.xlogy(alpha - 1, x.T), -1) - log_beta

    def pdf(self, x, alpha):
        """Return the density, with gradient 0 where it is 0."""
        x, alpha = joined(x), joined(alpha)
        is_0 = np.isneginf(ss.dirichlet.logpdf(data(x), data(alpha)))
        return np.where(is_0, 0, np.exp(self.logpdf(near(is_0, 1 / len(alpha), x), alpha)))


multivariate_normal, dirichlet = MultivariateNormal(), Dirichlet()
