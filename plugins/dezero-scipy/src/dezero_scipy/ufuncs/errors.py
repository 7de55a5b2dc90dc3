"""The error function and its relatives, and integrals of elementary functions."""
import math

import numpy as np
import scipy.special as sp
from dezero import errors, hookimpl, rule

from dezero_scipy._rules import above_0_or_complex, inside, near, ratio, real_or_complex, register_all, special, tried, unknown

TWO_BY_ROOT_PI = 2 / math.sqrt(math.pi)
ROOT_2 = math.sqrt(2)
ROOT_I = (1 + 1j) / ROOT_2
ROOT_2_PI = math.sqrt(2 * math.pi)
FAR = 50                    # from here on a difference of two terms has fewer digits than four terms of its series


@special(sp.erf)
def erf(gy, y, z):
    """y = 2/√π ∫₀ᶻ e⁻ᵗᵗ dt;   ∂y/∂z = 2/√π e⁻ᶻᶻ"""
    return gy * (TWO_BY_ROOT_PI * np.exp(-z * z))


@special(sp.erfc)
def erfc(gy, y, x):
    """y = 1 - erf x;   ∂y/∂x = -2/√π e⁻ˣˣ"""
    return gy * (-TWO_BY_ROOT_PI * np.exp(-x * x))


@special(sp.erfi)
def erfi(gy, y, z):
    """y = -i erf(iz);   ∂y/∂z = 2/√π eᶻᶻ"""
    return gy * (TWO_BY_ROOT_PI * np.exp(z * z))


@special(sp.erfinv)
def erfinv(gy, y, p):
    """erf y = p;   ∂y/∂p = √π/2 eʸʸ"""
    return gy * np.exp(y * y) / TWO_BY_ROOT_PI


@special(sp.erfcinv)
def erfcinv(gy, y, p):
    """erfc y = p;   ∂y/∂p = -√π/2 eʸʸ"""
    return -gy * np.exp(y * y) / TWO_BY_ROOT_PI


def tail(x, sign):
    """Return (1 + s 3/2 x⁻² + 15/4 x⁻⁴ + s 105/8 x⁻⁶) x⁻², s = ±1."""
    t = 1 / (x * x)
    return t * (1 + t * (sign * 1.5 + t * (3.75 + sign * 13.125 * t)))


def slope_of_faddeeva(z, w):
    """Return w'(z) = 2i/√π - 2zw of w(z) = e⁻ᶻᶻ erfc(-iz)."""
    is_far = np.abs(z) > FAR
    far, is_below = near(~is_far, FAR, z), is_far & (z.imag < 0)
    rest = np.where(is_below, 4 * far * np.exp(-near(~is_below, FAR, far) ** 2), 0)     # w(z) = 2 e⁻ᶻᶻ - w(-z)
    return np.where(is_far, -0.5j * TWO_BY_ROOT_PI * tail(far, 1) - rest, 1j * TWO_BY_ROOT_PI - 2 * near(is_far, 0, z) * w)


@rule(lambda z: sp.wofz(z.astype(np.result_type(z, np.complex64))), sp.wofz, name="special.wofz")
def wofz(gy, y, z):
    """y = w(z) = e⁻ᶻᶻ erfc(-iz);   ∂y/∂z = 2i/√π - 2zy"""
    return gy * slope_of_faddeeva(z, y)


@special(sp.erfcx)
def erfcx(gy, y, x):
    """y = eˣˣ erfc x = w(ix);   ∂y/∂x = 2xy - 2/√π"""
    if x.dtype.kind == "c":
        return gy * 1j * slope_of_faddeeva(1j * x, y)
    is_far = x > FAR
    return gy * np.where(is_far, -TWO_BY_ROOT_PI / 2 * tail(near(~is_far, FAR, x), -1), 2 * near(is_far, 0, x) * y - TWO_BY_ROOT_PI)


@special(sp.dawsn)
def dawsn(gy, y, x):
    """y = e⁻ˣˣ ∫₀ˣ eᵗᵗ dt = i√π/2 (e⁻ˣˣ - w(x));   ∂y/∂x = 1 - 2xy"""
    is_far = np.abs(x) > FAR
    far = near(~is_far, FAR, x)
    slope = -0.5 * tail(far, 1)
    if x.dtype.kind == "c":
        above = np.where(far.imag < 0, -far, far)
        slope = slope - 2j / TWO_BY_ROOT_PI * above * np.exp(-above * above)
    return gy * np.where(is_far, slope, 1 - 2 * near(is_far, 0, x) * y)


@wofz.samples
def _(sample):
    sample(sample.array(3))
    sample(sample.array(3, dtype=complex))
    sample(sample.array(2, low=40.0, high=60.0, dtype=complex))


@erfcx.samples
@dawsn.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(3, low=60.0, high=70.0))
    sample(sample.array(3, dtype=complex))
    sample(sample.array(2, low=60.0, high=70.0) + 0.5j)


@erfinv.samples
def _(sample):
    sample(sample.array(2, 3, low=-0.9, high=0.9))


erfcinv.samples(inside)
tried(real_or_complex, erf, erfc, erfi)


# -- the normal distribution

@special(sp.ndtr)
def ndtr(gy, y, x):
    """y = Φ(x);   ∂y/∂x = e⁻ˣˣᐟ² / √2π"""
    return gy * np.exp(-x * x / 2) / ROOT_2_PI


@special(sp.log_ndtr)
def log_ndtr(gy, y, x):
    """y = log Φ(x);   ∂y/∂x = √(2/π) / erfcx(-x/√2)"""
    return gy * math.sqrt(2 / math.pi) / sp.erfcx(-x / ROOT_2)


@special(sp.ndtri)
def ndtri(gy, y, p):
    """Φ(y) = p;   ∂y/∂p = √2π eʸʸᐟ²"""
    return gy * ROOT_2_PI * np.exp(y * y / 2)


@special(sp.ndtri_exp)
def ndtri_exp(gy, y, p):
    """log Φ(y) = p;   ∂y/∂p = √(π/2) erfcx(-y/√2)"""
    return gy * math.sqrt(math.pi / 2) * sp.erfcx(-y / ROOT_2)


@special(sp.owens_t)
def owens_t(gy, y, h, a):
    """y = ∫₀ᵃ e⁻ʰʰ⁽¹⁺ᵗᵗ⁾ᐟ² / (1 + t²) dt / 2π;   ∂y/∂h = -e⁻ʰʰᐟ² erf(ah/√2) / 2√2π,   ∂y/∂a = e⁻ʰʰ⁽¹⁺ᵃᵃ⁾ᐟ² / 2π(1 + a²)"""
    e, far = np.exp(-h * h / 2), 1 + a * a
    return (gy * e * sp.erf(a * h / ROOT_2) * (-0.5 / ROOT_2_PI),
            lambda: gy * np.exp(-h * h * far / 2) / (2 * math.pi * far))


ndtri.samples(inside)


@log_ndtr.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, dtype=complex))
    sample(sample.array(3, low=-40.0, high=-30.0))


@ndtri_exp.samples
def _(sample):
    sample(sample.array(2, 3, low=-3.0, high=-0.1))


@special(sp.voigt_profile)
def voigt_profile(gy, y, x, sigma, gamma):
    """y = Re w(z) / s√2π, z = (x + ic) / s√2;   ∂y/∂x = Re w' / 2s²√π,   ∂y/∂c = -Im w' / 2s²√π,   ∂y/∂s = -(y + x ∂y/∂x + c ∂y/∂c) / s

    For s = 0 y = c / π(x² + c²), and near it ∂y/∂s = s ∂²y/∂x².
    """
    is_0 = sigma == 0
    s = near(is_0, 1, sigma)
    z = (x + 1j * gamma) / (s * ROOT_2)
    slope = slope_of_faddeeva(z, sp.wofz(z))
    g = gy / (s * s * 2 * math.sqrt(math.pi))
    square = near(~is_0, 1, x * x + gamma * gamma)
    g0 = gy / (math.pi * square * square)
    by_x = np.where(is_0, -2 * g0 * x * gamma, g * slope.real)
    by_gamma = np.where(is_0, g0 * (x * x - gamma * gamma), -g * slope.imag)
    by_sigma = np.where(is_0, 2 * g0 * sigma * gamma * (3 * x * x - gamma * gamma) / square, -(gy * y + x * by_x + gamma * by_gamma) / s)
    return by_x, by_sigma, by_gamma


@voigt_profile.samples
def _(sample):
    sample(sample.array(2, 3), sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3, low=0.5, high=2.0))
    sample(sample.array(2, 3), 0.0, sample.array(2, 3, low=0.5, high=2.0))


# -- integrals

@special(sp.exp1)
def exp1(gy, y, x):
    """y = ∫ₓ e⁻ᵗ / t dt;   ∂y/∂x = -e⁻ˣ / x"""
    return -gy * np.exp(-x) / x


@special(sp.expi)
def expi(gy, y, x):
    """y = ∫ eᵗ / t dt up to x;   ∂y/∂x = eˣ / x"""
    return gy * np.exp(x) / x


@special(sp.expn)
def expn(gy, y, n, x):
    """y = Eₙ(x) = ∫₁ e⁻ˣᵗ t⁻ⁿ dt;   ∂y/∂x = -Eₙ₋₁(x), -e⁻ˣ (1 + 1 / x) / x for n = 0"""
    slope = np.where(n == 0, np.exp(-x) * (1 + 1 / x) / x, sp.expn(np.where(n == 0, 1, n) - 1, x))
    return unknown("scipy.special.expn", "n"), -gy * slope


@special(sp.sici)
def sici(gy, y, x):
    """y = Si x, Ci x;   ∂Si/∂x = sin x / x,   ∂Ci/∂x = cos x / x"""
    return gy[0] * np.sinc(x / math.pi) + ratio(gy[1] * np.cos(x), x)


@special(sp.shichi)
def shichi(gy, y, x):
    """y = Shi x, Chi x;   ∂Shi/∂x = sinh x / x,   ∂Chi/∂x = cosh x / x"""
    by_x = np.sinc(1j * x / math.pi) if x.dtype.kind == "c" else (sp.exprel(x) + sp.exprel(-x)) / 2
    return gy[0] * by_x + ratio(gy[1] * np.cosh(x), x)


@special(sp.fresnel)
def fresnel(gy, y, z):
    """y = S(z), C(z);   ∂S/∂z = sin(πz²/2),   ∂C/∂z = cos(πz²/2)"""
    angle = math.pi / 2 * z * z
    return gy[0] * np.sin(angle) + gy[1] * np.cos(angle)


def not_below_0(ufunc):
    """Return the decorator of the rule of a ufunc whose first result is wrong for x < 0 (SciPy 1.17: modfresnelp(-3)[0].imag)."""
    def forward(x):
        if (x < 0).any():
            raise errors.GradientError(f"scipy.special.{ufunc.__name__} of a Variable is for x ≥ 0: the first of SciPy's results is "
                                       "wrong below 0; write it by fresnel or wofz")
        return ufunc(x)
    return rule(forward, ufunc, name=f"special.{ufunc.__name__}")


@not_below_0(sp.modfresnelp)
def modfresnelp(gy, y, x):
    """y = ∫ₓ eⁱᵗᵗ dt, K = w(z) / 2 of z = x √i;   ∂y/∂x = -eⁱˣˣ,   ∂K/∂x = w'(z) √i / 2"""
    return -gy[0] * np.exp(1j * x * x) + gy[1] * ROOT_I / 2 * slope_of_faddeeva(ROOT_I * x, 2 * y[1])


@not_below_0(sp.modfresnelm)
def modfresnelm(gy, y, x):
    """y = ∫ₓ e⁻ⁱᵗᵗ dt, K = w(z) / 2 of z = x i√i;   ∂y/∂x = -e⁻ⁱˣˣ,   ∂K/∂x = w'(z) i√i / 2"""
    return -gy[0] * np.exp(-1j * x * x) + gy[1] * 1j * ROOT_I / 2 * slope_of_faddeeva(1j * ROOT_I * x, 2 * y[1])


@modfresnelp.samples
@modfresnelm.samples
def _(sample):
    sample(sample.array(2, 3, low=0.1))


tried(above_0_or_complex, exp1, expi, sici, shichi)
fresnel.samples(real_or_complex)


@expn.samples
def _(sample):
    for n in (0, 1, 3):
        sample(n, sample.array(2, 3, low=0.3, high=3.0))


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
