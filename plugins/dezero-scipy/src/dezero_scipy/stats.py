"""scipy.stats with gradients: densities and distribution functions, by the argument and by all parameters.

A distribution is called as SciPy's: ``stats.gamma.logpdf(x, a, loc, scale)``, ``stats.gamma(a, loc, scale).logpdf(x)``.  With
arrays alone SciPy's own answers, and so it does for what is not here (rvs, fit, moments).  Outside the support a density is 0,
and so is its gradient; so it is at its ends, where the density is 0.  Where SciPy gives NaN, of parameters that are none, so
does this.  A cdf by a parameter that it has no known derivative by (of binom by n) is a GradientError.
"""
import contextlib
import functools
import math

import numpy as np
import scipy.special as sp
import scipy.stats as ss
from dezero import Variable, rule
from dezero.errors import GradientError

from dezero_scipy import linalg
from dezero_scipy._rules import data, near, operand

LOG_2 = math.log(2)
LOG_ROOT_2_PI = math.log(2 * math.pi) / 2


@contextlib.contextmanager
def said_of(distribution, method):
    """Say which method it is, where SciPy's refuses a Variable."""
    try:
        yield
    except GradientError as error:
        name = type(distribution).__name__.removesuffix("_gen")
        raise GradientError(f"scipy.stats: {name}.{method} has no gradient here: give it arrays, the .data of Variables") from error


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
            f = getattr(self.distribution, name)
            return lambda x: f(x, *self.args, **self.kwargs)
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
        {"logpdf": f(z, *shapes), "cdf": ..., "sf": ..., "logcdf": ..., "logsf": ..., "ppf": ...}
    low, high : float or callable
        The ends of the support, of the shapes.
    middle : float
        A point inside.
    is_valid : callable
        Of the shapes.
    """

    argument, names = "x", ("loc", "scale")

    def __init__(self, original, formulas, low=-np.inf, high=np.inf, middle=0.5, is_valid=None):
        self.original, self.formulas, self.middle = original, formulas, middle
        self.low, self.high = [end if callable(end) else (lambda *shapes, end=end: end) for end in (low, high)]
        self.is_bounded = low != -np.inf or high != np.inf
        self.is_valid = is_valid or (lambda *shapes: all_of([shape > 0 for shape in shapes]))
        self.shapes = original.shapes.replace(" ", "").split(",") if original.shapes else []

    def bound(self, method, args, kwargs):
        """Return the argument, the shapes, loc and scale of a call."""
        needed = ["q" if method == "ppf" else self.argument, *self.shapes]
        names = [*needed, *self.names]
        given = dict(zip(names, args))
        if len(args) > len(names) or set(given) & set(kwargs) or set(kwargs) - set(names) or set(needed) - {*given, *kwargs}:
            raise TypeError(f"{self.original.name}.{method} is called with {', '.join(names)}; "
                            f"got {len(args)} by place, and {', '.join(kwargs) or 'none'} by name")
        given |= kwargs
        shapes = [parameter(given[name]) for name in self.shapes]
        return operand(given[needed[0]]), shapes, parameter(given.get("loc", 0.0)), parameter(given.get("scale", 1.0))

    def standard(self, name, z, shapes):
        """Return a function of the standard form, by another one where it has no formula of its own."""
        if name in self.formulas:
            return self.formulas[name](z, *shapes)
        if name in ("logcdf", "logsf"):
            y = self.standard(name[3:], z, shapes)
            is_0 = data(y) == 0
            return np.where(is_0, -np.inf, np.log(near(is_0, 1, y))) if is_0.any() else np.log(y)
        return 1 - self.standard("cdf", z, shapes)

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

    def point(self, x, loc, scale):
        return (x - loc) / scale

    def is_inside(self, z, shapes, name):
        is_finite = np.isfinite(z)
        return (z >= self.low(*shapes)) & (z <= self.high(*shapes)) & is_finite if self.is_bounded else is_finite

    def is_empty_end(self, z, shapes, is_out):
        """Return where z is an end of the support with density 0: its logarithm has an infinite slope."""
        shapes = [*map(data, shapes)]
        is_end = ~is_out & ((z == self.low(*shapes)) | (z == self.high(*shapes)))
        return is_end & (self.standard("logpdf", np.where(is_end, z, self.middle), shapes) == -np.inf) if is_end.any() else is_end

    def ppf(self, q, *args, **kwargs):
        """Return the point below which a part q lies."""
        if not of_variables((q, *args), kwargs) or "ppf" not in self.formulas:
            return saying(self.original, "ppf", self.original.ppf)(q, *args, **kwargs)
        q, shapes, loc, scale = self.bound("ppf", (q, *args), kwargs)
        is_valid = (scale > 0) & self.is_valid(*shapes) & (q >= 0) & (q <= 1)
        is_in = is_valid & (q > 0) & (q < 1)
        if is_in.size and is_in.all():
            y = self.formulas["ppf"](q, *shapes) * scale + loc
            return y if y.dtype == float else y.astype(float)
        scale, shapes = near(~is_valid, 1, scale), [near(~is_valid, 1, shape) for shape in shapes]
        y = self.formulas["ppf"](near(~is_in, 0.5, q), *shapes)
        y = np.where(is_in, y, np.where(q == 0, self.low(*shapes), self.high(*shapes)))
        return np.where(is_valid, y * scale + loc, np.nan)


class Discrete(Distribution):
    """A distribution of integers: what is asked is constant between them, and has no gradient by its argument.

    Where the last parameter leaves nothing to chance (`is_sure`), the logarithm of a probability 0 has no derivative, but the
    probability has: there the formula "sure" holds.
    """

    argument, names = "k", ("loc",)

    def point(self, x, loc, scale):
        return x - loc

    def is_inside(self, z, shapes, name):
        return super().is_inside(z, shapes, name) & ((z == np.floor(z)) | (name not in ("logpmf", "pmf")))

    def standard(self, name, z, shapes):
        k = np.floor(z)
        if name != "pmf":
            return super().standard(name, k, shapes)
        *counts, p = shapes
        is_sure = self.formulas["is_sure"](p)
        y = np.exp(self.formulas["logpmf"](k, *counts, near(is_sure, 0.5, p)))
        return np.where(is_sure, self.formulas["sure"](near(~is_sure, 0, k), *shapes), y) if np.any(is_sure) else y


def parameter(x):
    """Return a parameter in double precision where it is a Python number, as it is where it is a Variable, else as an array."""
    return np.float64(x) if isinstance(x, (float, int)) else operand(x)


def of_variables(args, kwargs):
    """Return whether there is a Variable among the arguments of a call."""
    return any([isinstance(a, Variable) for a in (*args, *kwargs.values())])


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
Distribution.logpdf, Distribution.pdf = method("logpdf", -np.inf, -np.inf), pdf
Discrete.logpmf, Discrete.pmf = method("logpmf", -np.inf, -np.inf), method("pmf", 0, 0)


# -- on the whole line

norm = Distribution(ss.norm, {
    "logpdf": lambda z: -z * z / 2 - LOG_ROOT_2_PI, "cdf": lambda z: sp.ndtr(z), "sf": lambda z: sp.ndtr(-z),
    "logcdf": lambda z: sp.log_ndtr(z), "logsf": lambda z: sp.log_ndtr(-z), "ppf": lambda q: sp.ndtri(q)})

def ppf_of_cauchy(q):
    """Return tan(π (q - ½)), in the tails by 1 / tan(πq) and 1 / tan(π (1 - q)), whose argument is not rounded."""
    is_tail = np.abs(q - 0.5) > 0.25
    tail = np.sign(q - 0.5) / np.tan(math.pi * near(~is_tail, 0.25, np.minimum(q, 1 - q)))
    return np.where(is_tail, tail, np.tan(math.pi * (near(is_tail, 0.5, q) - 0.5)))


cauchy = Distribution(ss.cauchy, {
    "logpdf": lambda z: -math.log(math.pi) - np.log1p(z * z), "cdf": lambda z: np.arctan2(1, -z) / math.pi,
    "sf": lambda z: np.arctan2(1, z) / math.pi, "ppf": ppf_of_cauchy})


def cdf_of_laplace(z):
    half = np.exp(-np.abs(z)) / 2
    return np.where(z > 0, 1 - half, half)


def ppf_of_laplace(q):
    is_left = q < 0.5
    tail = np.log(2 * np.where(is_left, q, 1 - q))
    return np.where(is_left, tail, -tail)


laplace = Distribution(ss.laplace, {
    "logpdf": lambda z: -np.abs(z) - LOG_2, "cdf": cdf_of_laplace, "sf": lambda z: cdf_of_laplace(-z), "ppf": ppf_of_laplace})

logistic = Distribution(ss.logistic, {
    "logpdf": lambda z: sp.log_expit(z) + sp.log_expit(-z), "cdf": lambda z: sp.expit(z), "sf": lambda z: sp.expit(-z),
    "logcdf": lambda z: sp.log_expit(z), "logsf": lambda z: sp.log_expit(-z), "ppf": lambda q: sp.logit(q)})

def rate_of_gumbel(z):
    """Return exp(-z), infinite with derivative 0 where it is more than a number can be: the density there is 0."""
    is_far = z < -709
    return np.where(is_far, np.inf, np.exp(-near(is_far, 0, z)))


gumbel_r = Distribution(ss.gumbel_r, {
    "logpdf": lambda z: -z - rate_of_gumbel(z), "cdf": lambda z: np.exp(-rate_of_gumbel(z)),
    "sf": lambda z: -np.expm1(-rate_of_gumbel(z)), "logcdf": lambda z: -rate_of_gumbel(z), "ppf": lambda q: -np.log(-np.log(q))})

def or_normal(name, function):
    """Return a function of t, which for infinitely many degrees of freedom is that of the normal distribution."""
    def f(z, df):
        is_normal = np.isinf(df)
        y = function(z, near(is_normal, 1, df))
        return np.where(is_normal, norm.formulas[name](z), y) if np.any(is_normal) else y
    return f


t = Distribution(ss.t, {name: or_normal(name, function) for name, function in {
    "logpdf": lambda z, df: -(df + 1) / 2 * np.log1p(z * z / df) - np.log(df) / 2 - sp.betaln(df / 2, 0.5),
    "cdf": lambda z, df: sp.stdtr(df, z), "sf": lambda z, df: sp.stdtr(df, -z), "ppf": lambda q, df: sp.stdtrit(df, q)}.items()})


# -- on an interval, or on one side of 0

uniform = Distribution(ss.uniform, {"logpdf": lambda z: 0 * z, "cdf": lambda z: z, "ppf": lambda q: q}, 0, 1)

expon = Distribution(ss.expon, {
    "logpdf": lambda z: -z, "cdf": lambda z: -np.expm1(-z), "sf": lambda z: np.exp(-z), "logsf": lambda z: -z,
    "ppf": lambda q: -np.log1p(-q)}, 0)

gamma = Distribution(ss.gamma, {
    "logpdf": lambda z, a: sp.xlogy(a - 1, z) - z - sp.gammaln(a), "cdf": lambda z, a: sp.gammainc(a, z),
    "sf": lambda z, a: sp.gammaincc(a, z), "ppf": lambda q, a: sp.gammaincinv(a, q)}, 0)

beta = Distribution(ss.beta, {
    "logpdf": lambda z, a, b: sp.xlog1py(b - 1, -z) + sp.xlogy(a - 1, z) - sp.betaln(a, b),
    "cdf": lambda z, a, b: sp.betainc(a, b, z), "sf": lambda z, a, b: sp.betaincc(a, b, z),
    "ppf": lambda q, a, b: sp.betaincinv(a, b, q)}, 0, 1)

chi2 = Distribution(ss.chi2, {
    "logpdf": lambda z, df: sp.xlogy(df / 2 - 1, z) - z / 2 - sp.gammaln(df / 2) - df / 2 * LOG_2,
    "cdf": lambda z, df: sp.chdtr(df, z), "sf": lambda z, df: sp.chdtrc(df, z),
    "ppf": lambda q, df: 2 * sp.gammaincinv(df / 2, q)}, 0)

f = Distribution(ss.f, {
    "logpdf": lambda z, m, n: (m / 2 * np.log(m) + n / 2 * np.log(n) + sp.xlogy(m / 2 - 1, z) - (m + n) / 2 * np.log(n + m * z)
                               - sp.betaln(m / 2, n / 2)),
    "cdf": lambda z, m, n: sp.fdtr(m, n, z), "sf": lambda z, m, n: sp.fdtrc(m, n, z), "ppf": lambda q, m, n: sp.fdtri(m, n, q)}, 0)

SMALLEST = np.nextafter(0, 1)               # of what is above 0, where 0 is outside

lognorm = Distribution(ss.lognorm, {
    "logpdf": lambda z, s: -(np.log(z) / s) ** 2 / 2 - np.log(s * z) - LOG_ROOT_2_PI,
    "cdf": lambda z, s: sp.ndtr(np.log(z) / s), "sf": lambda z, s: sp.ndtr(-np.log(z) / s),
    "logcdf": lambda z, s: sp.log_ndtr(np.log(z) / s), "logsf": lambda z, s: sp.log_ndtr(-np.log(z) / s),
    "ppf": lambda q, s: np.exp(s * sp.ndtri(q))}, SMALLEST)

weibull_min = Distribution(ss.weibull_min, {
    "logpdf": lambda z, c: np.log(c) + sp.xlogy(c - 1, z) - z ** c, "cdf": lambda z, c: -np.expm1(-z ** c),
    "sf": lambda z, c: np.exp(-z ** c), "logsf": lambda z, c: -z ** c, "ppf": lambda q, c: (-np.log1p(-q)) ** (1 / c)}, 0)

pareto = Distribution(ss.pareto, {
    "logpdf": lambda z, b: np.log(b) - (b + 1) * np.log(z), "cdf": lambda z, b: 1 - z ** -b, "sf": lambda z, b: z ** -b,
    "logsf": lambda z, b: -b * np.log(z), "ppf": lambda q, b: (1 - q) ** (-1 / b)}, 1, middle=2.0)


# -- of integers

def is_chance(p):
    return (p >= 0) & (p <= 1)


def is_0_or_1(p):
    return (p == 0) | (p == 1)


poisson = Discrete(ss.poisson, {
    "logpmf": lambda k, mu: sp.xlogy(k, mu) - mu - sp.gammaln(k + 1), "cdf": lambda k, mu: sp.pdtr(k, mu),
    "sf": lambda k, mu: sp.pdtrc(k, mu),
    "is_sure": lambda mu: mu == 0, "sure": lambda k, mu: mu ** k * np.exp(-mu) / sp.gamma(k + 1)},
    0, middle=1.0, is_valid=lambda mu: mu >= 0)


def whole(n):
    """Return the counts n as integers, of which SciPy's binomial distribution is; what is differentiated by stays as it is."""
    return n if isinstance(n, Variable) and not n.is_constant else operand(np.asarray(n)).astype(np.int64)


binom = Discrete(ss.binom, {
    "logpmf": lambda k, n, p: (sp.xlogy(k, p) + sp.xlog1py(n - k, -p) - np.log(n + 1) - sp.betaln(1 + n - k, 1 + k)),
    "cdf": lambda k, n, p: sp.bdtr(k, whole(n), p), "sf": lambda k, n, p: sp.bdtrc(k, whole(n), p),
    "is_sure": is_0_or_1, "sure": lambda k, n, p: sp.binom(n, k) * p ** k * (1 - p) ** (n - k)},
    0, lambda n, p: n, middle=0.0, is_valid=lambda n, p: (n >= 0) & (n == np.rint(n)) & is_chance(p))

bernoulli = Discrete(ss.bernoulli, {
    "logpmf": lambda k, p: sp.xlogy(k, p) + sp.xlog1py(1 - k, -p), "cdf": lambda k, p: np.where(k < 1, 1 - p, 1),
    "sf": lambda k, p: np.where(k < 1, p, 0),
    "is_sure": is_0_or_1, "sure": lambda k, p: np.where(k < 1, 1 - p, p)}, 0, 1, middle=0.0, is_valid=is_chance)

nbinom = Discrete(ss.nbinom, {
    "logpmf": lambda k, n, p: sp.gammaln(n + k) - sp.gammaln(k + 1) - sp.gammaln(n) + sp.xlogy(n, p) + sp.xlog1py(k, -p),
    "cdf": lambda k, n, p: sp.betainc(n, k + 1, p), "sf": lambda k, n, p: sp.betaincc(n, k + 1, p),
    "is_sure": lambda p: p == 1, "sure": lambda k, n, p: sp.binom(n + k - 1, k) * p ** n * (1 - p) ** k},
    0, middle=0.0, is_valid=lambda n, p: (n > 0) & (p > 0) & (p <= 1))

def sf_of_geom(k, p):
    """Return (1 - p)ᵏ, by the logarithm but for p = 1, where that has no derivative."""
    is_sure = p == 1
    return np.where(is_sure, (1 - p) ** near(~is_sure, 1, k), np.exp(sp.xlog1py(k, -near(is_sure, 0.5, p))))


def cdf_of_geom(k, p):
    """Return 1 - (1 - p)ᵏ, with all digits for small p."""
    is_sure = p == 1
    return np.where(is_sure, 1 - (1 - p) ** near(~is_sure, 1, k), -np.expm1(sp.xlog1py(k, -near(is_sure, 0.5, p))))


geom = Discrete(ss.geom, {
    "logpmf": lambda k, p: np.log(p) + sp.xlog1py(k - 1, -p), "cdf": cdf_of_geom, "sf": sf_of_geom,
    "logsf": lambda k, p: sp.xlog1py(k, -p), "is_sure": lambda p: p == 1, "sure": lambda k, p: p * (1 - p) ** np.maximum(k - 1, 0)},
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
        x, alpha = operand(x), operand(alpha)
        ss.dirichlet.logpdf(data(x), data(alpha))           # what it refuses
        if len(x) == len(alpha) - 1:
            x = np.concatenate([x, 1 - np.sum(x, 0, keepdims=True)])
        log_beta = np.sum(sp.gammaln(alpha)) - sp.gammaln(np.sum(alpha))
        return np.sum(sp.xlogy(alpha - 1, x.T), -1) - log_beta

    def pdf(self, x, alpha):
        """Return the density, with gradient 0 where it is 0."""
        is_0 = np.isneginf(ss.dirichlet.logpdf(np.asarray(data(x)), np.asarray(data(alpha))))
        return np.where(is_0, 0, np.exp(self.logpdf(near(is_0, 1 / len(alpha), operand(x)), alpha)))


multivariate_normal, dirichlet = MultivariateNormal(), Dirichlet()
