"""The gamma function and what is made of it: beta, binomials, incomplete integrals."""
import math

import numpy as np
import scipy.special as sp
from dezero import Variable, errors, hookimpl, rule

from dezero_scipy._rules import (
    above_0_or_complex, is_pole, near, ratio, real_again, register_all, special, told, unknown)


def far_terms(s, q):
    """Yield the terms of ζ(s, q) and of its derivative by s: Euler-Maclaurin's formula, for large q (DLMF 25.11.5)."""
    log, power = np.log(q), q ** -s
    whole = q * power / (s - 1)
    yield whole, -whole * (log + 1 / (s - 1))
    yield power / 2, -power * log / 2
    factor, slope = s / q, 1 / q                                # (s)ⱼ q⁻ʲ of odd j, and its derivative by s
    for j, number in enumerate(BERNOULLI, 1):                   # B₂ⱼ / (2j)!
        yield number * factor * power, number * (slope - factor * log) * power
        for i in (2 * j - 1, 2 * j):
            factor, slope = factor * (s + i) / q, (slope * (s + i) + factor) / q


BERNOULLI = 1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600
NEAR = 16               # from here on seven terms of the formula have all digits that count beside the first terms of the series


def zeta_by_order(s, q):
    """Return the derivative of ζ(s, q) = Σ (k + q)⁻ˢ by s, for s > -1 and q > 0."""
    q = q + 0.0
    return sum([-np.log(q + k) * (q + k) ** -s for k in range(NEAR)]) + sum([slope for _, slope in far_terms(s, q + NEAR)])


LOG_2_PI = math.log(2 * math.pi)


def forward_of_polygamma(n, x):
    if x.dtype.kind == "c":
        return complex_polygamma(real_again(n), x)
    y = sp.polygamma(n, x)
    return y.astype(x.dtype) if x.dtype.kind == "f" else y      # SciPy's takes n for int64, and gives float64


def complex_polygamma(n, z):
    """Return ψ⁽ⁿ⁾(z) = (-1)ⁿ⁺¹ n! ζ(n + 1, z) of n > 0."""
    steps = NEAR - int(z.real.min(initial=0))
    y = sum([(z + k) ** -(n + 1.0) for k in range(steps)]) + sum([value for value, _ in far_terms(n + 1.0, z + steps)])
    return (y * (-1.0) ** (n + 1) * sp.gamma(n + 1)).astype(z.dtype)


@rule(forward_of_polygamma, name="special.polygamma", method=None)
def polygamma(gy, y, n, x):
    """y = ψ⁽ⁿ⁾(x);   ∂y/∂x = ψ⁽ⁿ⁺¹⁾(x)"""
    return unknown("scipy.special.polygamma", "n"), gy * polygamma(n + 1, x)


@rule(lambda x, q: sp.zeta(x, q), name="special.zeta", method=None)
def zeta(gy, y, x, q):
    """y = Σ (k + q)⁻ˣ;   ∂y/∂x = -Σ (k + q)⁻ˣ log(k + q),   ∂y/∂q = -x ζ(x + 1, q)"""
    return lambda: gy * zeta_by_order(x, q), lambda: -gy * x * zeta(x + 1, q)


@special(sp.zetac)
def zetac(gy, y, x):
    """y = ζ(x) - 1, and left of -½ by ζ(x) = 2 (2π)ˣ⁻¹ sin(πx/2) Γ(1 - x) ζ(1 - x)"""
    is_left = x < -0.5
    left, right = 1 - near(~is_left, -1, x), near(is_left, 2, x)
    value, angle = 1 + sp.zetac(left), math.pi / 2 * (1 - left)
    scale = 2 * sp.gamma(left) * (2 * math.pi) ** -left
    slope = np.sin(angle) * ((LOG_2_PI - sp.psi(left)) * value - zeta_by_order(left, 1)) + math.pi / 2 * np.cos(angle) * value
    return gy * np.where(is_left, scale * slope, zeta_by_order(right, 1)).astype(gy.dtype)


@polygamma.samples
def _(sample):
    sample(np.array([0, 1, 3], np.int8), sample.array(2, 3, low=0.5, high=3.0))
    sample(2, sample.array(2, 3, low=-0.9, high=-0.1))
    sample(1, sample.array(2, dtype=complex))


@zeta.samples
def _(sample):
    sample(sample.array(2, 3, low=1.5, high=4.0), sample.array(2, 3, low=0.5, high=3.0))


@zetac.samples
def _(sample):
    sample(sample.array(3, low=1.5, high=4.0))
    sample(sample.array(3, low=-4.0, high=0.8))


@special(sp.psi)
def psi(gy, y, z):
    """y = ψ(z) = Γ'(z) / Γ(z);   ∂y/∂z = ψ'(z)"""
    return gy * polygamma(1, z)


@special(sp.gamma)
def gamma(gy, y, z):
    """y = Γ(z);   ∂y/∂z = y ψ(z)"""
    return gy * y * sp.psi(z)


@special(sp.gammaln)
def gammaln(gy, y, x):
    """y = log |Γ(x)|;   ∂y/∂x = ψ(x)"""
    return gy * sp.psi(x)


@special(sp.loggamma)
def loggamma(gy, y, z):
    """y = log Γ(z);   ∂y/∂z = ψ(z)"""
    return gy * sp.psi(z)


@special(sp.rgamma)
def rgamma(gy, y, z):
    """y = 1 / Γ(z);   ∂y/∂z = -y ψ(z)"""
    return gy * slope_of_rgamma(z)


def slope_of_rgamma(z):
    """Return the derivative of 1 / Γ(z), also at its zeros: below ½ that of Γ(1 - z) sin(πz) / π."""
    is_left = z < 0.5
    left, right = 1 - near(~is_left, 0, z), near(is_left, 1, z)
    angle = math.pi * (1 - left)
    return np.where(is_left, sp.gamma(left) * (np.cos(angle) - sp.psi(left) * np.sin(angle) / math.pi),
                    -sp.rgamma(right) * sp.psi(right))


@psi.samples
@gamma.samples
@rgamma.samples
def _(sample):
    either_side(sample)
    sample(sample.array(2, dtype=complex))


@gammaln.samples
def either_side(sample):
    sample(sample.array(2, 3, low=0.6, high=3.0))
    sample(sample.array(3, low=-1.9, high=-1.1))


loggamma.samples(above_0_or_complex)


def psi_between(x, y, step):
    """Return ψ(x) - ψ(y) of x - y = step, at one pole a NaN that is told of.

    Left of ½ a whole step leads from pole to pole, where it is by ψ(z) = ψ(1 - z) - π cot πz.
    """
    is_left = (x < 0.5) & (y < 0.5) & (step == np.rint(step))
    left_x, left_y, sine = 1 - near(~is_left, 0, x), 1 - near(~is_left, 0, y), sine_at(near(~is_left, 0, step))
    left = sp.psi(left_x) - sp.psi(left_y) + math.pi * sine / (np.sin(math.pi * left_x) * np.sin(math.pi * left_y))
    return np.where(is_left, left, told(sp.psi(near(is_left, 1, x)) - sp.psi(near(is_left, 1, y))))


def sine_at(whole):
    """Return sin πz of whole numbers z: 0, with the derivative π (-1)ᶻ."""
    turns = np.rint(whole)
    return (1 - 2 * (turns % 2)) * np.sin(math.pi * (whole - turns))


@special(sp.poch)
def poch(gy, y, z, m):
    """y = Γ(z + m) / Γ(z);   ∂y/∂z = y (ψ(z + m) - ψ(z)),   ∂y/∂m = y ψ(z + m)"""
    is_0 = is_pole(z) & ~is_pole(z + m)                     # where y = 0, and has a derivative
    zero, total = near(~is_0, 0, z), near(~is_0, 1, z + m)
    at_0 = gy * sp.gamma(total) * (sp.psi(total) * sp.rgamma(zero) + slope_of_rgamma(zero))
    return (lambda: np.where(is_0, at_0, gy * y * psi_between(near(is_0, 1, z + m), near(is_0, 1, z), near(is_0, 0, m))),
            lambda: gy * y * told(sp.psi(z + m)))


@special(sp.beta)
def beta(gy, y, a, b):
    """y = Γ(a) Γ(b) / Γ(a + b);   ∂y/∂a = y (ψ(a) - ψ(a + b))"""
    is_0 = is_pole(a + b) & ~is_pole(a) & ~is_pole(b)       # where y = 0, and has a derivative
    a0, b0, a, b = near(~is_0, 0.5, a), near(~is_0, 0.5, b), near(is_0, 1, a), near(is_0, 1, b)

    def by(a0, b0, a, b):
        at_0 = sp.gamma(a0) * sp.gamma(b0) * (sp.psi(a0) * sp.rgamma(a0 + b0) + slope_of_rgamma(a0 + b0))
        return gy * np.where(is_0, at_0, near(is_0, 0, y) * psi_between(a, a + b, -b))
    return lambda: by(a0, b0, a, b), lambda: by(b0, a0, b, a)


@special(sp.betaln)
def betaln(gy, y, a, b):
    """y = log |B(a, b)|;   ∂y/∂a = ψ(a) - ψ(a + b)"""
    return lambda: gy * psi_between(a, a + b, -b), lambda: gy * psi_between(b, a + b, -a)


@special(sp.binom)
def binom(gy, y, n, k):
    """y = Γ(n + 1) / Γ(k + 1) Γ(n - k + 1);   ∂y/∂n = y (ψ(n + 1) - ψ(n - k + 1)),   ∂y/∂k = y (ψ(n - k + 1) - ψ(k + 1))

    Where j = k or j = n - k is -1, -2, ..., y = 0: there of y = -B(n + 1, -j) sin(πj) / π.
    """
    is_0 = (is_pole(k + 1) | is_pole(n - k + 1)) & ~is_pole(n + 1)
    is_k = is_pole(k + 1)
    n0, j = near(~is_0, 1, n), near(~is_0, -1, np.where(is_k, k, n - k))
    b, sine, turns = sp.beta(n0 + 1, -j), sine_at(j), np.rint(j)
    by_j = -b * (np.cos(math.pi * (j - turns)) * (1 - 2 * (turns % 2)) - sine / math.pi * psi_between(-j, n0 + 1 - j, -n0 - 1))
    by_n = -b * sine / math.pi * psi_between(n0 + 1, n0 + 1 - j, j)
    n, k = near(is_0, 1, n), near(is_0, 0, k)
    return (lambda: gy * np.where(is_0, by_n + np.where(is_k, 0, by_j), y * psi_between(n + 1, n - k + 1, k)),
            lambda: gy * np.where(is_0, np.where(is_k, by_j, -by_j), y * psi_between(n - k + 1, k + 1, n - 2 * k)))


@poch.samples
@beta.samples
@betaln.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=3.0), sample.array(2, 3, low=0.5, high=3.0))


@binom.samples
def _(sample):
    sample(sample.array(2, 3, low=3.0, high=5.0), sample.array(2, 3, low=0.5, high=2.5))
    sample(np.array([2.5, 3.0, -2.5]), np.array([-1.0, 5.0, -2.0]))         # where it is 0


# -- incomplete integrals

STEP = 1 / 24
NODES = np.exp(math.pi / 2 * np.sinh(STEP * np.arange(-96, 56)))
WEIGHTS = STEP * math.pi / 2 * np.cosh(STEP * np.arange(-96, 56)) * NODES
"""∫₀^∞ f(u) du = Σ f(NODES) WEIGHTS, the double exponential rule (Takahasi and Mori, 1974), for what falls off within about 1."""


def above(a):
    """Return a, and the least number instead of 0, where what follows has a limit."""
    return a + np.where(a == 0, np.finfo(a.dtype).tiny if a.dtype.kind == "f" else 0, 0).astype(a.dtype)


MOST = 1e8


def checked_shapes(function, *shapes):
    """Return shapes in double precision; raise an error where one is so large that its derivative has less than six digits."""
    for shape in shapes:
        most = np.max(shape.detach() if isinstance(shape, Variable) else shape, initial=0)
        if most > MOST:
            raise errors.GradientError(
                f"scipy.special.{function}, and what is made of it (chdtr, fdtr, stdtr), has a derivative by its shape in "
                f"dezero-scipy for shapes up to {MOST:g}, and one is {most:g}: write the limit (ndtr), or give a constant shape")
    return [shape.astype(float) for shape in shapes]


def sum_and_slope(a, x, factor):
    """Return Σ cₖ xᵏ a / (a + k) and its derivative by a, with c₀ = 1 and cₖ = cₖ₋₁ factor(k)."""
    term, total, slope = 1, 1, 0
    for k in range(1, 31):
        term = term * x * factor(k)
        total, slope = total + term * a / (a + k), slope + term * k / (a + k) ** 2
    return total, slope


def gamma_by_shape(a, x):
    """Return the derivative of gammainc(a, x) by a: ∫₀ˣ tᵃ⁻¹ e⁻ᵗ (log t - ψ(a)) dt / Γ(a).

    By the series Σ (-x)ᵏ a / k! (a + k) times xᵃ / Γ(a + 1) for x < 1.  From 1 on by quadrature, with t = x e⁻ᵘ where x < a, and
    with t = x + u for less the integral from x on.  In double precision; the relative error is below 2e-12 for shapes up to 1000,
    1e-9 at 1e6, and 2e-7 at 1e8, where it ends: see checked_shapes.
    """
    dtype, (a,) = np.result_type(a.dtype, x.dtype, np.float32), checked_shapes("gammainc", a)
    is_end, a = (x == 0) | (x == np.inf), above(a)
    x = near(is_end, 1, x.astype(float))
    is_small = x < 1
    small, x = near(~is_small, 0.5, x), near(is_small, 1, x)[..., None]
    total, slope = sum_and_slope(a, small, lambda k: -1 / k)
    series = np.exp(a * np.log(small) - sp.gammaln(a + 1)) * ((np.log(small) - sp.psi(a + 1)) * total + slope)
    a = a[..., None]
    is_left = x < a
    rate = np.where(is_left, np.maximum(a - x, np.sqrt(a)), np.maximum((x - a) / x, 1 / (1 + np.sqrt(a))))
    u = NODES / rate
    t = np.where(is_left, x * np.exp(-u), x + u)
    log_t = np.where(is_left, np.log(x) - u, np.log(x + u))
    density = np.exp(near(~is_left, a - 1, a) * log_t - t - sp.gammaln(a))
    y = np.sum(density * (log_t - sp.psi(a)) * (WEIGHTS / rate), -1)
    return np.where(is_end, 0, np.where(is_small, series, np.where(is_left[..., 0], y, -y))).astype(dtype)


POINTS, PARTS = np.polynomial.legendre.leggauss(10)


def rise_of_psi(a, b):
    """Return ψ(a + b) - ψ(a), with all digits: where b < a by Gauss's rule of b ∫₀¹ ψ'(a + bt) dt, ψ'(q) = ζ(2, q)."""
    is_small = b < a
    half = near(~is_small, 0, b / 2)
    integral = half * np.sum(zeta(2.0, (a + half)[..., None] + half[..., None] * POINTS) * PARTS, -1)
    return np.where(is_small, integral, sp.psi(a + b) - sp.psi(a))


def log_of_part(x, rest):
    """Return log x, of x = 1 - rest that has fewer digits than rest where it is near 1."""
    is_near_1 = rest < 0.5
    return np.where(is_near_1, np.log1p(-near(~is_near_1, 0, rest)), np.log(near(is_near_1, 1, x)))


def beta_by_shape(a, b, x, rest, is_moving=False):
    """Return the derivative of betainc(a, b, x) by a: ∫₀ˣ tᵃ⁻¹ (1 - t)ᵇ⁻¹ (log t - ψ(a) + ψ(a + b)) dt / B(a, b).

    With `is_moving` that where x / (1 - x) grows in proportion to a, as it does in Fisher's F: x (1 - x) / a times the density is
    added, which is nearly the opposite where a is large.  In the integral it is 1 - t (a + b) / a beside the logarithms.

    By the series Σ (1 - b)ₖ xᵏ a / k! (a + k) times xᵃ / a B(a, b) where x and bx are small.  Else by quadrature, with t = x e⁻ᵘ,
    or with 1 - t = (1 - x) e⁻ᵘ for less the integral from x on.  `rest` is 1 - x, which has digits that the difference would lose.
    The derivative by b is -beta_by_shape(b, a, rest, x).  In double precision; the relative error is below 3e-12 for shapes from
    1e-10 to 1000, 2e-9 at 1e6, and 3e-7 at 1e8, where it ends: see checked_shapes.
    """
    dtype, (a, b) = np.result_type(a.dtype, b.dtype, x.dtype, np.float32), checked_shapes("betainc", a, b)
    is_end, a, b = (x == 0) | (rest == 0), above(a), above(b)
    x, rest = near(is_end, 0.5, x.astype(float)), near(is_end, 0.5, rest.astype(float))

    is_small = (x < 0.3) & (b * x < 1)
    small = near(~is_small, 0.1, x)
    log_x = np.log(small)
    total, slope = sum_and_slope(a, small, lambda k: (k - b) / k)
    factor = np.exp(a * log_x + sp.gammaln(a + b) - sp.gammaln(a + 1) - sp.gammaln(b))
    series = factor * ((log_x - sp.psi(a + 1) + sp.psi(a + b)) * total + slope)
    if is_moving:
        series = series + factor * np.exp(b * np.log1p(-small))
    a, b, x, rest, rise = a[..., None], b[..., None], x[..., None], rest[..., None], rise_of_psi(a, b)[..., None]
    is_left = x < a / (a + b)
    p, q = np.where(is_left, a, b), np.where(is_left, b, a)
    end, start = np.where(is_left, x, rest), np.where(is_left, rest, x)
    rate = np.where(p < 1, p, np.maximum(p - np.maximum(q - 1, 0) * end / start, np.sqrt(p)))
    u = NODES / rate
    gone = -end * np.expm1(-u)                              # what s = x e⁻ᵘ, or (1 - x) e⁻ᵘ, has lost
    log_s, log_rest = log_of_part(end, start) - u, log_of_part(start, end) + np.log1p(gone / start)
    density = np.exp(p * log_s + (q - 1) * log_rest - sp.betaln(a, b))
    factor = np.where(is_left, log_s, log_rest) + rise
    if is_moving:
        part, shape, sign = np.where(is_left == (a < b), end - gone, start + gone), np.minimum(a, b), np.where(a < b, 1, -1)
        factor = factor + (shape - part * (a + b)) * (sign / a)
    y = np.sum(density * factor * (WEIGHTS / rate), -1)
    return np.where(is_end, 0, np.where(is_small, series, np.where(is_left[..., 0], y, -y))).astype(dtype)


def density_of_gamma(a, x):
    """Return xᵃ⁻¹ e⁻ˣ / Γ(a), 0 where either is infinite."""
    is_far = (a == np.inf) | (x == np.inf)
    a, x = near(is_far, 1, a), near(is_far, 1, x)
    return np.where(is_far, 0, np.exp(sp.xlogy(a - 1, x) - x - sp.gammaln(a)))


def density_of_beta(a, b, x, rest=None):
    """Return xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b); `rest` is 1 - x, where it has digits that the difference would lose."""
    log = sp.xlog1py(b - 1, -x) if rest is None else sp.xlogy(b - 1, rest)
    return np.exp(sp.xlogy(a - 1, x) + log - sp.betaln(a, b))


@special(sp.gammainc)
def gammainc(gy, y, a, x):
    """y = ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt / Γ(a);   ∂y/∂x = xᵃ⁻¹ e⁻ˣ / Γ(a)"""
    return lambda: gy * gamma_by_shape(a, x), gy * density_of_gamma(a, x)


@special(sp.gammaincc)
def gammaincc(gy, y, a, x):
    """y = 1 - gammainc(a, x);   ∂y/∂x = -xᵃ⁻¹ e⁻ˣ / Γ(a)"""
    return lambda: -gy * gamma_by_shape(a, x), -gy * density_of_gamma(a, x)


@special(sp.gammaincinv)
def gammaincinv(gy, y, a, p):
    """gammainc(a, y) = p;   ∂y/∂p = Γ(a) y¹⁻ᵃ eʸ"""
    d = density_of_gamma(above(a), y)
    return lambda: -gy * ratio(gamma_by_shape(a, y), d), gy / d


@special(sp.gammainccinv)
def gammainccinv(gy, y, a, p):
    """gammaincc(a, y) = p;   ∂y/∂p = -Γ(a) y¹⁻ᵃ eʸ"""
    d = density_of_gamma(above(a), y)
    return lambda: -gy * ratio(gamma_by_shape(a, y), d), -gy / d


@special(sp.betainc)
def betainc(gy, y, a, b, x):
    """y = ∫₀ˣ tᵃ⁻¹ (1 - t)ᵇ⁻¹ dt / B(a, b);   ∂y/∂x = xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b)"""
    return (lambda: gy * beta_by_shape(a, b, x, 1 - x), lambda: -gy * beta_by_shape(b, a, 1 - x, x),
            gy * density_of_beta(a, b, x))


@special(sp.betaincc)
def betaincc(gy, y, a, b, x):
    """y = 1 - betainc(a, b, x);   ∂y/∂x = -xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b)"""
    return (lambda: -gy * beta_by_shape(a, b, x, 1 - x), lambda: gy * beta_by_shape(b, a, 1 - x, x),
            -gy * density_of_beta(a, b, x))


@special(sp.betaincinv)
def betaincinv(gy, y, a, b, p):
    """betainc(a, b, y) = p;   ∂y/∂p = B(a, b) y¹⁻ᵃ (1 - y)¹⁻ᵇ"""
    d = density_of_beta(a, b, y)
    return (lambda: -gy * ratio(beta_by_shape(a, b, y, 1 - y), d), lambda: gy * ratio(beta_by_shape(b, a, 1 - y, y), d), gy / d)


@special(sp.betainccinv)
def betainccinv(gy, y, a, b, p):
    """betaincc(a, b, y) = p;   ∂y/∂p = -B(a, b) y¹⁻ᵃ (1 - y)¹⁻ᵇ"""
    d = density_of_beta(a, b, y)
    return (lambda: -gy * ratio(beta_by_shape(a, b, y, 1 - y), d), lambda: gy * ratio(beta_by_shape(b, a, 1 - y, y), d), -gy / d)


@gammainc.samples
@gammaincc.samples
def _(sample):
    sample(sample.array(3, low=0.5, high=2.0), sample.array(3, low=0.3, high=3.0))
    sample(3, sample.array(2, 3, low=0.3, high=3.0))


@gammaincinv.samples
@gammainccinv.samples
def _(sample):
    sample(sample.array(3, low=0.5, high=2.0), sample.array(3, low=0.1, high=0.9))


@betainc.samples
@betaincc.samples
@betaincinv.samples
@betainccinv.samples
def _(sample):
    sample(sample.array(3, low=0.5, high=2.0), sample.array(3, low=0.5, high=2.0), sample.array(3, low=0.1, high=0.9))


@hookimpl
def dezero_register_ops(register):
    register.constant(sp.gammasgn)
    register_all(register, globals())
