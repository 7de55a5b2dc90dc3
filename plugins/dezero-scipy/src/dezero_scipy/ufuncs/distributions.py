"""Distribution functions and their inverses: by their argument and by what parameters have a known derivative.

What is counted (k of bdtr, nbdtr, pdtr) is rounded down by SciPy: the function has steps there, and no gradient.
"""
import math

import numpy as np
import scipy.special as sp
from dezero import Variable, errors, hookimpl, rule

from dezero_scipy._rules import near, of_integers, ratio, register_all, special, times, tried, unknown
from dezero_scipy.ufuncs.elementary import slope_by_power
from dezero_scipy.ufuncs.gammas import beta_by_shape, density_of_beta, density_of_gamma, gamma_by_shape

ROOT_2_PI = math.sqrt(2 * math.pi)


def off_ends(gy, y, high=1e100):
    """Return gy and y of an inverse, 0 and 1 where y is an end of the interval that SciPy searches."""
    is_end = (y <= 1e-99) | (y >= high)
    return np.where(is_end, 0, gy), near(is_end, 1, y)


def by_slope(gy, slope):
    """Return gy / slope, the gradient of an inverse; 0 where the slope is 0."""
    is_0 = slope == 0
    return np.where(is_0, 0, gy) / near(is_0, 1, slope)


# -- binomial, negative binomial, Poisson's

def density_of_binomial(k, n, p):
    """Return the density by p of the chance of more than k of n."""
    k = np.floor(k)
    is_sure = (k < 0) | (k >= n)
    k = near(is_sure, 0, k)
    return np.where(is_sure, 0, density_of_beta(k + 1, near(is_sure, 1, n - k), p))


@special(sp.bdtr)
def bdtr(gy, y, k, n, p):
    """y = the chance of k of n at most;   ∂y/∂p = -pᵏ (1 - p)ⁿ⁻ᵏ⁻¹ / B(k + 1, n - k)"""
    return None, unknown("scipy.special.bdtr", "n"), lambda: -gy * density_of_binomial(k, n, p)


@special(sp.bdtrc)
def bdtrc(gy, y, k, n, p):
    """y = the chance of more than k of n;   ∂y/∂p = pᵏ (1 - p)ⁿ⁻ᵏ⁻¹ / B(k + 1, n - k)"""
    return None, unknown("scipy.special.bdtrc", "n"), lambda: gy * density_of_binomial(k, n, p)


@special(sp.bdtri)
def bdtri(gy, y, k, n, p):
    """bdtr(k, n, y) = p"""
    return None, unknown("scipy.special.bdtri", "n"), lambda: -gy / density_of_binomial(k, n, y)


@special(sp.nbdtr)
def nbdtr(gy, y, k, n, p):
    """y = the chance of k failures at most before n successes;   ∂y/∂p = pⁿ⁻¹ (1 - p)ᵏ / B(n, k + 1)"""
    return None, unknown("scipy.special.nbdtr", "n"), lambda: gy * density_of_beta(n, np.floor(k) + 1, p)


@special(sp.nbdtrc)
def nbdtrc(gy, y, k, n, p):
    """y = 1 - nbdtr(k, n, p);   ∂y/∂p = -pⁿ⁻¹ (1 - p)ᵏ / B(n, k + 1)"""
    return None, unknown("scipy.special.nbdtrc", "n"), lambda: -gy * density_of_beta(n, np.floor(k) + 1, p)


@special(sp.nbdtri)
def nbdtri(gy, y, k, n, p):
    """nbdtr(k, n, y) = p"""
    return None, unknown("scipy.special.nbdtri", "n"), lambda: gy / density_of_beta(n, np.floor(k) + 1, y)


@special(sp.pdtr)
def pdtr(gy, y, k, m):
    """y = the chance of k events at most, of m expected;   ∂y/∂m = -mᵏ e⁻ᵐ / k!"""
    return None, lambda: -gy * density_of_gamma(np.floor(k) + 1, m)


@special(sp.pdtrc)
def pdtrc(gy, y, k, m):
    """y = the chance of more than k events, of m expected;   ∂y/∂m = mᵏ e⁻ᵐ / k!"""
    return None, lambda: gy * density_of_gamma(np.floor(k) + 1, m)


@special(sp.pdtri)
def pdtri(gy, y, k, p):
    """pdtr(k, y) = p"""
    return None, lambda: -gy / density_of_gamma(np.floor(k) + 1, y)


# -- the same with k and n that are any real numbers, which the inverses have: bdtr = betainc(n - k, k + 1, 1 - p)

def binomial_by(k, n, p):
    """Return the derivatives of bdtr by n and by k, 0 for n < k."""
    is_sure = n < k
    a, b = near(is_sure, 1, n - k), k + 1
    by_a, by_b = beta_by_shape(a, b, 1 - p, p), -beta_by_shape(b, a, p, 1 - p)
    return np.where(is_sure, 0, by_a), np.where(is_sure, 0, by_b - by_a)


@special(sp.bdtrik)
def bdtrik(gy, y, p, n, pr):
    """bdtr(y, n, q) = p"""
    gy, y = off_ends(gy, y)
    by_n, by_k = binomial_by(y, n, pr)
    g = by_slope(gy, by_k)
    return g, -times(g, by_n), lambda: times(g, density_of_beta(y + 1, n - y, pr))


@special(sp.bdtrin)
def bdtrin(gy, y, k, p, pr):
    """bdtr(k, y, q) = p"""
    gy, y = off_ends(gy, y)
    by_n, by_k = binomial_by(k, y, pr)
    g = by_slope(gy, by_n)
    return -times(g, by_k), g, lambda: times(g, density_of_beta(k + 1, y - k, pr))


@special(sp.nbdtrik)
def nbdtrik(gy, y, p, n, pr):
    """nbdtr(y, n, q) = betainc(n, y + 1, q) = p"""
    gy, y = off_ends(gy, y)
    g = by_slope(-gy, beta_by_shape(y + 1, n, 1 - pr, pr))
    return g, lambda: -times(g, beta_by_shape(n, y + 1, pr, 1 - pr)), lambda: -times(g, density_of_beta(n, y + 1, pr))


@special(sp.nbdtrin)
def nbdtrin(gy, y, k, p, pr):
    """nbdtr(k, y, q) = betainc(y, k + 1, q) = p"""
    gy, y = off_ends(gy, y)
    g = by_slope(gy, beta_by_shape(y, k + 1, pr, 1 - pr))
    return lambda: times(g, beta_by_shape(k + 1, y, 1 - pr, pr)), g, lambda: -times(g, density_of_beta(y, k + 1, pr))


@special(sp.pdtrik)
def pdtrik(gy, y, p, m):
    """pdtr(y, m) = gammaincc(y + 1, m) = p"""
    gy, y = off_ends(gy, y)
    g = by_slope(-gy, gamma_by_shape(y + 1, m))
    return g, lambda: times(g, density_of_gamma(y + 1, m))


@special(sp.btdtria)
def btdtria(gy, y, p, b, x):
    """betainc(y, b, x) = p"""
    gy, y = off_ends(gy, y)
    g = by_slope(gy, beta_by_shape(y, b, x, 1 - x))
    return g, lambda: times(g, beta_by_shape(b, y, 1 - x, x)), lambda: -times(g, density_of_beta(y, b, x))


@special(sp.btdtrib)
def btdtrib(gy, y, a, p, x):
    """betainc(a, y, x) = p"""
    gy, y = off_ends(gy, y)
    g = by_slope(-gy, beta_by_shape(y, a, 1 - x, x))
    return lambda: -times(g, beta_by_shape(a, y, x, 1 - x)), g, lambda: -times(g, density_of_beta(a, y, x))


def of_counts(sample):
    for k in (2, 3.0):
        sample(k, 5, sample.array(2, 3, low=0.2, high=0.8))


@bdtrik.samples
@nbdtrik.samples
def _(sample):
    sample(sample.array(3, low=0.3, high=0.7), sample.array(3, low=5.0, high=7.0), sample.array(3, low=0.3, high=0.5))


@bdtrin.samples
@nbdtrin.samples
def _(sample):
    sample(sample.array(3, low=3.2, high=3.6), sample.array(3, low=0.4, high=0.5), sample.array(3, low=0.3, high=0.4))


@pdtrik.samples
def _(sample):
    sample(sample.array(3, low=0.3, high=0.7), sample.array(3, low=3.0, high=5.0))


@btdtria.samples
def _(sample):
    sample(sample.array(3, low=0.3, high=0.7), sample.array(3, low=1.5, high=2.5), sample.array(3, low=0.3, high=0.7))


@btdtrib.samples
def _(sample):
    sample(sample.array(3, low=1.5, high=2.5), sample.array(3, low=0.3, high=0.7), sample.array(3, low=0.3, high=0.7))


tried(of_counts, bdtr, bdtrc, bdtri, nbdtr, nbdtrc, nbdtri)


@pdtr.samples
@pdtrc.samples
@pdtri.samples
def _(sample):
    for k in (2, 3.0):
        sample(k, sample.array(2, 3, low=0.2, high=0.8))


# -- gamma, chi-square, F, t

@special(sp.gdtr)
def gdtr(gy, y, a, b, x):
    """y = gammainc(b, ax);   ∂y/∂a = x d,   ∂y/∂x = a d with d = (ax)ᵇ⁻¹ e⁻ᵃˣ / Γ(b)"""
    d = density_of_gamma(b, a * x)
    return gy * times(x, d), lambda: gy * gamma_by_shape(b, a * x), gy * times(a, d)


@special(sp.gdtrc)
def gdtrc(gy, y, a, b, x):
    """y = gammaincc(b, ax);   ∂y/∂a = -x d,   ∂y/∂x = -a d with d = (ax)ᵇ⁻¹ e⁻ᵃˣ / Γ(b)"""
    d = density_of_gamma(b, a * x)
    return -gy * times(x, d), lambda: -gy * gamma_by_shape(b, a * x), -gy * times(a, d)


@special(sp.gdtria)
def gdtria(gy, y, p, b, x):
    """gdtr(y, b, x) = p;   ∂y/∂p = 1 / xd,   ∂y/∂x = -y / x"""
    d = x * density_of_gamma(b, y * x)
    return gy / d, lambda: -gy * ratio(gamma_by_shape(b, y * x), d), -gy * y / x


@special(sp.gdtrib)
def gdtrib(gy, y, a, p, x):
    """gdtr(a, y, x) = p"""
    gy, y = off_ends(gy, y)
    g = by_slope(gy, gamma_by_shape(y, a * x))
    d = times(g, density_of_gamma(y, a * x))
    return -d * x, g, -d * a


@special(sp.gdtrix)
def gdtrix(gy, y, a, b, p):
    """gdtr(a, b, y) = p;   ∂y/∂a = -y / a,   ∂y/∂p = 1 / ad"""
    d = a * density_of_gamma(b, a * y)
    return -gy * y / a, lambda: -gy * ratio(gamma_by_shape(b, a * y), d), gy / d


@special(sp.chdtr)
def chdtr(gy, y, v, x):
    """y = gammainc(v/2, x/2)"""
    return lambda: gy * gamma_by_shape(v / 2, x / 2) / 2, gy * density_of_gamma(v / 2, x / 2) / 2


@special(sp.chdtrc)
def chdtrc(gy, y, v, x):
    """y = gammaincc(v/2, x/2)"""
    return lambda: -gy * gamma_by_shape(v / 2, x / 2) / 2, -gy * density_of_gamma(v / 2, x / 2) / 2


@special(sp.chdtri)
def chdtri(gy, y, v, p):
    """chdtrc(v, y) = p"""
    d = density_of_gamma(v / 2, y / 2)
    return lambda: -gy * ratio(gamma_by_shape(v / 2, y / 2), d), -gy * 2 / d


@special(sp.chdtriv)
def chdtriv(gy, y, p, x):
    """chdtr(y, x) = p"""
    gy, y = off_ends(gy, y)
    g = by_slope(gy, gamma_by_shape(y / 2, x / 2))
    return 2 * g, -times(g, density_of_gamma(y / 2, x / 2))


def density_of_f(m, n, x):
    """Return the density of Fisher's F: uᵃ⁻¹ (1 - u)ᵇ / B(a, b) times m / (mx + n), with a = m/2, b = n/2, u = mx / (mx + n)."""
    whole = m * x + n
    return np.exp(sp.xlogy(m / 2 - 1, m * x / whole) - n / 2 * np.log1p(m * x / n) - sp.betaln(m / 2, n / 2)) * (m / whole)


def f_by_shapes(m, n, x):
    """Return the derivatives of fdtr = betainc(m/2, n/2, u) by m and by n, as functions; u = mx / (mx + n) moves with both."""
    whole = m * x + n
    u, rest = m * x / whole, n / whole
    return lambda: beta_by_shape(m / 2, n / 2, u, rest, True) / 2, lambda: -beta_by_shape(n / 2, m / 2, rest, u, True) / 2


@special(sp.fdtr)
def fdtr(gy, y, dfn, dfd, x):
    """y = betainc(m/2, n/2, mx / (mx + n))"""
    by_m, by_n = f_by_shapes(dfn, dfd, x)
    return lambda: gy * by_m(), lambda: gy * by_n(), gy * density_of_f(dfn, dfd, x)


@special(sp.fdtrc)
def fdtrc(gy, y, dfn, dfd, x):
    """y = 1 - fdtr(m, n, x)"""
    by_m, by_n = f_by_shapes(dfn, dfd, x)
    return lambda: -gy * by_m(), lambda: -gy * by_n(), -gy * density_of_f(dfn, dfd, x)


@special(sp.fdtri)
def fdtri(gy, y, dfn, dfd, p):
    """fdtr(m, n, y) = p"""
    by_m, by_n = f_by_shapes(dfn, dfd, y)
    d = density_of_f(dfn, dfd, y)
    return lambda: -gy * ratio(by_m(), d), lambda: -gy * ratio(by_n(), d), gy / d


@special(sp.fdtridfd)
def fdtridfd(gy, y, dfn, p, x):
    """fdtr(m, y, x) = p"""
    gy, y = off_ends(gy, y)
    by_m, by_n = f_by_shapes(dfn, y, x)
    g = by_slope(gy, by_n())
    return lambda: -times(g, by_m()), g, lambda: -times(g, density_of_f(dfn, y, x))


def forward_of_log_density_of_t(n, t):
    is_normal = n == np.inf
    m = near(is_normal, 1, n)
    y = np.log(sp.poch(m / 2, 0.5)) - np.log(m * math.pi) / 2 - (m + 1) / 2 * np.log1p(t * t / m)
    return np.where(is_normal, -t * t / 2 - math.log(ROOT_2_PI), y).astype(np.result_type(n, t, np.float32))


@rule(forward_of_log_density_of_t, name="special.log_density_of_t", method=None)
def log_density_of_t(gy, y, n, t):
    """y = log Γ((n + 1)/2) - log Γ(n/2) - log(nπ)/2 - (n + 1)/2 log(1 + s²), s = t/√n, that of the normal density for n = ∞.

    ∂y/∂t = -(1 + 1/n) t / (1 + s²).
    """
    h = np.hypot(1, t / np.sqrt(n))
    return lambda: gy * log_density_of_t_by_n(n, t), -gy * (1 + 1 / n) * (t / h / h)


def log_density_of_t_by_n(n, t):
    """Return f(n) + (u + log(1 - u) + u/n) / 2 with u = s² / (1 + s²), s = t/√n, and f(n) of `slope_of_scale_of_t`."""
    s = t / np.sqrt(n)
    h = np.hypot(1, s)
    u = (s / h) ** 2
    is_small = u < 0.1
    small, series = near(~is_small, 0, u), 0
    for k in range(18, 1, -1):                              # u/2 + u²/3 + ...
        series = small * (series + 1 / k)
    return slope_of_scale_of_t(n) + np.where(is_small, -series * small, u - 2 * np.log(h)) / 2 + u / (2 * n)


def slope_of_scale_of_t(n):
    """Return the derivative of log Γ((n + 1)/2) - log Γ(n/2) - log(n)/2: by the asymptotic series of log Γ for n > 50."""
    is_large = n > 50
    m, v = near(is_large, 1, n), (1 / near(~is_large, 50, n)) ** 2
    series = v * (1 / 4 - v * (1 / 8 - v * (1 / 4 - v * 17 / 16)))
    return np.where(is_large, series, (sp.psi((m + 1) / 2) - sp.psi(m / 2) - 1 / m) / 2)


def density_of_t(n, t):
    """Return the density of Student's t."""
    return np.exp(log_density_of_t(n, t))


def t_by_n(n, t):
    """Return the derivative of stdtr = (1 + s fdtr(1, n, t²)) / 2 by n, with s the sign of t; 0 for n = ∞."""
    is_normal = n == np.inf
    n = near(is_normal, 1, n)
    whole = n + t * t
    half = np.full(whole.shape, 0.5)
    return np.where(is_normal, 0, -np.sign(t) / 4 * beta_by_shape(n / 2, half, n / whole, t * t / whole, True))


@special(sp.stdtr)
def stdtr(gy, y, df, t):
    """y = the integral of the density of Student's t"""
    return lambda: gy * t_by_n(df, t).astype(gy.dtype), gy * density_of_t(df, t).astype(gy.dtype)


@special(sp.stdtrit)
def stdtrit(gy, y, df, p):
    """stdtr(n, y) = p"""
    g = gy / density_of_t(df, y).astype(gy.dtype)
    return lambda: -g * t_by_n(df, y).astype(gy.dtype), g


@special(sp.stdtridf)
def stdtridf(gy, y, p, t):
    """stdtr(y, t) = p"""
    gy, n = off_ends(gy, y, 1e10)
    g = by_slope(gy, t_by_n(n, t).astype(gy.dtype))
    return g, -times(g, density_of_t(n, t).astype(gy.dtype))


@gdtr.samples
@gdtrc.samples
def _(sample):
    sample(*[sample.array(3, low=0.5, high=2.0) for _ in range(3)])


@gdtria.samples
def _(sample):
    sample(sample.array(3, low=0.1, high=0.9), sample.array(3, low=0.5, high=2.0), sample.array(3, low=0.5, high=2.0))


@gdtrib.samples
def _(sample):
    sample(sample.array(3, low=0.5, high=2.0), sample.array(3, low=0.1, high=0.9), sample.array(3, low=0.5, high=2.0))


@gdtrix.samples
def _(sample):
    sample(sample.array(3, low=0.5, high=2.0), sample.array(3, low=0.5, high=2.0), sample.array(3, low=0.1, high=0.9))


@chdtr.samples
@chdtrc.samples
@chdtri.samples
@stdtr.samples
@stdtrit.samples
def _(sample):
    sample(sample.array(3, low=1.5, high=4.0), sample.array(3, low=0.1, high=0.9))


@log_density_of_t.samples
def _(sample):
    sample(sample.array(3, low=1.5, high=4.0), sample.array(3))
    sample(sample.array(3, low=60.0, high=90.0), sample.array(3))


@chdtriv.samples
@stdtridf.samples
def _(sample):
    sample(sample.array(3, low=0.6, high=0.7), sample.array(3, low=0.6, high=0.9))


@fdtridfd.samples
def _(sample):
    sample(sample.array(3, low=1.5, high=4.0), sample.array(3, low=0.55, high=0.6), sample.array(3, low=1.0, high=1.2))


@fdtr.samples
@fdtrc.samples
@fdtri.samples
def _(sample):
    sample(*[sample.array(3, low=1.5, high=4.0) for _ in range(2)], sample.array(3, low=0.1, high=0.9))


# -- the normal distribution by its parameters, Tukey's lambda

def density_of_normal(z):
    """Return e⁻ᶻᶻᐟ² / √2π."""
    return np.exp(-z * z / 2) / ROOT_2_PI


@special(sp.nrdtrimn)
def nrdtrimn(gy, y, p, std, x):
    """y = x - s Φ⁻¹(p);   ∂y/∂p = -s / φ(Φ⁻¹(p)),   ∂y/∂s = -Φ⁻¹(p),   ∂y/∂x = 1"""
    z = sp.ndtri(p)
    return -gy * std / density_of_normal(z), -gy * z, gy


@special(sp.nrdtrisd)
def nrdtrisd(gy, y, mn, p, x):
    """y = (x - m) / Φ⁻¹(p);   ∂y/∂m = -1 / Φ⁻¹(p),   ∂y/∂p = -y / Φ⁻¹(p) φ(Φ⁻¹(p))"""
    z = sp.ndtri(p)
    g = gy / z
    return -g, -g * y / density_of_normal(z), g


@special(sp.tklmbda)
def tklmbda(gy, y, x, lmbda):
    """x = (yˡ - (1 - y)ˡ) / l;   ∂y/∂x = 1 / (yˡ⁻¹ + (1 - y)ˡ⁻¹),   ∂y/∂l = -∂x/∂l ∂y/∂x, 0 beyond the support"""
    is_out = (y <= 0) | (y >= 1)
    p = near(is_out, 0.5, y)
    g = np.where(is_out, 0, gy) / (p ** (lmbda - 1) + (1 - p) ** (lmbda - 1))
    return g, lambda: -g * (slope_by_power(np.log(p), lmbda) - slope_by_power(np.log1p(-p), lmbda))


@nrdtrimn.samples
def _(sample):
    sample(sample.array(2, 3, low=0.1, high=0.4), sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3))


@nrdtrisd.samples
def _(sample):
    sample(sample.array(2, 3), sample.array(2, 3, low=0.6, high=0.9), sample.array(2, 3, low=3.0, high=5.0))


@tklmbda.samples
def _(sample):
    sample(sample.array(2, 3, low=-1.0, high=1.0), sample.array(2, 3, low=0.1, high=0.7))


# -- noncentral distributions

def forward_of_chnd(df, nc, x):
    is_0 = nc == 0
    c = near(is_0, 1, nc)
    y = np.exp(-(np.sqrt(x) - np.sqrt(c)) ** 2 / 2) / 2 * (x / c) ** (df / 4 - 0.5) * sp.ive(df / 2 - 1, np.sqrt(c * x))
    return np.where(is_0, density_of_gamma(df / 2, x / 2) / 2, y)


@rule(forward_of_chnd, name="special.chnd", method=None)
def chnd(gy, y, df, nc, x):
    """y = fₖ, the density of the noncentral chi-square;   ∂y/∂c = (fₖ₊₂ - fₖ) / 2,   ∂y/∂x = (fₖ₋₂ - fₖ) / 2"""
    return (unknown("the density of the noncentral chi-square", "df"), lambda: gy * (chnd(df + 2, nc, x) - y) / 2,
            lambda: gy * (chnd(df - 2, nc, x) - y) / 2)


@special(sp.chndtr)
def chndtr(gy, y, x, df, nc):
    """y = the integral of fₖ;   ∂y/∂x = fₖ,   ∂y/∂c = -fₖ₊₂"""
    return lambda: gy * chnd(df, nc, x), unknown("scipy.special.chndtr", "df"), lambda: -gy * chnd(df + 2, nc, x)


@special(sp.chndtrix)
def chndtrix(gy, y, p, df, nc):
    """chndtr(y, k, c) = p;   ∂y/∂p = 1 / fₖ,   ∂y/∂c = fₖ₊₂ / fₖ"""
    return (lambda: gy / chnd(df, nc, y), unknown("scipy.special.chndtrix", "df"),
            lambda: ratio(gy * chnd(df + 2, nc, y), chnd(df, nc, y)))


@special(sp.chndtrinc)
def chndtrinc(gy, y, x, df, p):
    """chndtr(x, k, y) = p;   ∂y/∂x = fₖ / fₖ₊₂,   ∂y/∂p = -1 / fₖ₊₂"""
    return (lambda: ratio(gy * chnd(df, y, x), chnd(df + 2, y, x)), unknown("scipy.special.chndtrinc", "df"),
            lambda: -gy / chnd(df + 2, y, x))


def of_ncf(m, n, nc, f):
    """Return the density of the noncentral F, and its integral's derivative by c."""
    a, b, whole = m / 2, n / 2, m * f + n
    u = m * f / whole
    e = density_of_beta(a, b, u, n / whole) * np.exp(-nc / 2)
    return (lambda: e * sp.hyp1f1(a + b, a, nc * u / 2) * (m * n / (whole * whole)),
            lambda: -times(u * (1 - u), e) / (2 * a) * sp.hyp1f1(a + b, a + 1, nc * u / 2))


@special(sp.ncfdtr)
def ncfdtr(gy, y, dfn, dfd, nc, f):
    """y = Σ e⁻ᶜᐟ² (c/2)ʲ / j! betainc(m/2 + j, n/2, u), u = mf / (mf + n)"""
    by_f, by_nc = of_ncf(dfn, dfd, nc, f)
    return *unknown("scipy.special.ncfdtr", "dfn", "dfd"), lambda: gy * by_nc(), lambda: gy * by_f()


@special(sp.ncfdtri)
def ncfdtri(gy, y, dfn, dfd, nc, p):
    """ncfdtr(m, n, c, y) = p"""
    by_f, by_nc = of_ncf(dfn, dfd, nc, y)
    return *unknown("scipy.special.ncfdtri", "dfn", "dfd"), lambda: ratio(-gy * by_nc(), by_f()), lambda: gy / by_f()


@chnd.samples
def _(sample):
    sample(6.5, sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3, low=0.5, high=3.0))


@chndtr.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=3.0), 2.5, sample.array(2, 3, low=0.5, high=2.0))


@chndtrix.samples
def _(sample):
    sample(sample.array(2, 3, low=0.2, high=0.8), 2.5, sample.array(2, 3, low=0.5, high=2.0))


@chndtrinc.samples
def _(sample):
    sample(sample.array(2, 3, low=2.0, high=4.0), 2.5, sample.array(2, 3, low=0.2, high=0.4))


@ncfdtr.samples
def _(sample):
    sample(2.5, 5.5, sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3, low=0.5, high=3.0))


@ncfdtri.samples
def _(sample):
    sample(2.5, 5.5, sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3, low=0.2, high=0.8))


def mean_of_normal(m, n, nc, t):
    """Return E[sᵏ φ(ts - c)] of a chi-square s² n of n degrees of freedom, with m = n + k: by U left of 0, by ₁F₁ right of it."""
    whole = n + t * t
    b = t * nc / np.sqrt(whole)
    is_right = (b > 0) & (b < np.inf)           # SciPy's ₁F₁ of an infinite one does not end
    left, right = near(is_right, -1, b), near(~is_right, 1, b)
    of_left = sp.gamma(m) * 2 ** (-m / 2) * sp.hyperu(m / 2, 0.5, left * left / 2)
    of_right = 2 ** (m / 2 - 1) * (sp.gamma(m / 2) * sp.hyp1f1(m / 2, 0.5, right * right / 2)
                                   + math.sqrt(2) * right * sp.gamma((m + 1) / 2) * sp.hyp1f1((m + 1) / 2, 1.5, right * right / 2))
    scale = np.exp(n / 2 * np.log(n) - m / 2 * np.log(whole) - nc * nc / 2 - sp.gammaln(n / 2)) * 2 ** (1 - n / 2) / ROOT_2_PI
    return scale * np.where(is_right, of_right, of_left)


@special(sp.nctdtr)
def nctdtr(gy, y, df, nc, t):
    """y = E Φ(ts - c), s² n a chi-square of n degrees of freedom;   ∂y/∂c = -E φ(ts - c),   ∂y/∂t = E s φ(ts - c)"""
    return (unknown("scipy.special.nctdtr", "df"), lambda: -gy * mean_of_normal(df, df, nc, t),
            lambda: gy * mean_of_normal(df + 1, df, nc, t))


@special(sp.nctdtrit)
def nctdtrit(gy, y, df, nc, p):
    """nctdtr(n, c, y) = p"""
    slope = lambda: mean_of_normal(df + 1, df, nc, y)
    return unknown("scipy.special.nctdtrit", "df"), lambda: gy * mean_of_normal(df, df, nc, y) / slope(), lambda: gy / slope()


@nctdtr.samples
def _(sample):
    sample(3.5, sample.array(2, 3, low=-1.5, high=1.5), sample.array(2, 3, low=0.3, high=2.0))


@nctdtrit.samples
def _(sample):
    sample(3.5, sample.array(2, 3, low=0.5, high=1.5), sample.array(2, 3, low=0.2, high=0.8))


# -- Kolmogorov's

def density_of_kolmogorov(x):
    """Return the derivative of kolmogorov, by the series that is the quicker one on either side of 1."""
    is_far = x > 1
    far, close = near(~is_far, 1, x), near(is_far, 1, x)
    is_0 = close < 0.04                         # where it is less than the least number
    t = 1 / near(is_0, 1, close) ** 2
    right = left = 0
    for k in range(1, 6):
        right = right + (-1) ** k * 8 * k * k * np.exp(-2 * k * k * far * far)
        c = (2 * k - 1) ** 2 * math.pi ** 2 / 8
        left = left + (1 - 2 * c * t) * np.exp(-c * t)
    return np.where(is_far, far * right, np.where(is_0, 0, ROOT_2_PI * t * left))


@special(sp.kolmogorov)
def kolmogorov(gy, y, x):
    """y = 2 Σ (-1)ᵏ⁻¹ e⁻²ᵏᵏˣˣ;   ∂y/∂x = 8x Σ (-1)ᵏ k² e⁻²ᵏᵏˣˣ"""
    return gy * density_of_kolmogorov(x)


@special(sp.kolmogi)
def kolmogi(gy, y, p):
    """kolmogorov(y) = p"""
    return gy / density_of_kolmogorov(y)


def density_of_smirnov(n, d):
    """Return the derivative of smirnov by d, term by term."""
    most = np.max(n.detach() if isinstance(n, Variable) else n, initial=0)
    if most > MOST:
        raise errors.GradientError(f"scipy.special.smirnov has a derivative here for n up to {MOST}, and n = {most}: above, "
                                   "kolmogorov(sqrt(n) * d) is near it")
    first = -n * (1 - d) ** (n - 1)                         # of v = 0
    n, d = n[..., None], d[..., None]
    v = np.arange(1.0, most)
    a, b = d + v / n, 1 - d - v / n
    is_out = b <= 0
    b = near(is_out, 1, b)
    term = np.exp((v - 1) * np.log(a) + (n - v) * np.log(b) - sp.betaln(v + 1, n - v + 1)) / (n + 1)
    return first + np.sum(np.where(is_out, 0, term * (1 + d * ((v - 1) / a - (n - v) / b))), -1)


MOST = 10000


@of_integers(sp.smirnov)
def smirnov(gy, y, n, d):
    """y = Σ binom(n, v) d (d + v/n)ᵛ⁻¹ (1 - d - v/n)ⁿ⁻ᵛ, as long as the last bracket is above 0"""
    return unknown("scipy.special.smirnov", "n"), lambda: gy * density_of_smirnov(n, d).astype(gy.dtype)


@of_integers(sp.smirnovi)
def smirnovi(gy, y, n, p):
    """smirnov(n, y) = p"""
    return unknown("scipy.special.smirnovi", "n"), lambda: gy / density_of_smirnov(n, y).astype(gy.dtype)


@smirnov.samples
@smirnovi.samples
def _(sample):
    sample(np.array([1, 3, 8]), sample.array(3, low=0.1, high=0.9))


@kolmogorov.samples
def _(sample):
    sample(sample.array(2, 3, low=0.3, high=0.9))
    sample(sample.array(2, 3, low=1.1, high=2.0))


@kolmogi.samples
def _(sample):
    sample(sample.array(2, 3, low=0.1, high=0.9))


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
