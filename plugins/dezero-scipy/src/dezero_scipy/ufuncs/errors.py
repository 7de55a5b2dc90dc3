"""The error function and its relatives, and integrals of elementary functions."""
import math

import numpy as np
import scipy.special as sp
from dezero import hookimpl, rule

from dezero_scipy._rules import above_0, inside, near, ratio, register_all, special, unknown

TWO_BY_ROOT_PI = 2 / math.sqrt(math.pi)
ROOT_2 = math.sqrt(2)
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


@special(sp.erfcx)
def erfcx(gy, y, x):
    """y = eˣˣ erfc x;   ∂y/∂x = 2xy - 2/√π"""
    is_far = x > FAR
    return gy * np.where(is_far, -TWO_BY_ROOT_PI / 2 * tail(near(~is_far, FAR, x), -1), 2 * near(is_far, 0, x) * y - TWO_BY_ROOT_PI)


@special(sp.dawsn)
def dawsn(gy, y, x):
    """y = e⁻ˣˣ ∫₀ˣ eᵗᵗ dt;   ∂y/∂x = 1 - 2xy"""
    is_far = np.abs(x) > FAR
    return gy * np.where(is_far, -0.5 * tail(near(~is_far, FAR, x), 1), 1 - 2 * near(is_far, 0, x) * y)


@erfcx.samples
@dawsn.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(3, low=60.0, high=70.0))


@erfinv.samples
def _(sample):
    sample(sample.array(2, 3, low=-0.9, high=0.9))


erfcinv.samples(inside)


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
    sample(sample.array(3, low=-40.0, high=-30.0))


@ndtri_exp.samples
def _(sample):
    sample(sample.array(2, 3, low=-3.0, high=-0.1))


def forward_of_faddeeva(a, b):
    w = sp.wofz(a + 1j * b)
    return w.real, w.imag


@rule(forward_of_faddeeva, name="special.faddeeva", method=None)
def faddeeva(gy, y, a, b):
    """u + iv = w(a + ib);   w'(z) = 2i/√π - 2zw;   ∂u/∂a = ∂v/∂b = Re w',   ∂v/∂a = -∂u/∂b = Im w'"""
    u, v = y
    real, imag = 2 * (b * v - a * u), TWO_BY_ROOT_PI - 2 * (a * v + b * u)
    return gy[0] * real + gy[1] * imag, gy[1] * real - gy[0] * imag


@special(sp.voigt_profile)
def voigt_profile(gy, y, x, sigma, gamma):
    """y = Re w(z) / s√2π, z = (x + ic) / s√2;   ∂y/∂x = Re w' / 2s²√π,   ∂y/∂c = -Im w' / 2s²√π,   ∂y/∂s = -(y + x ∂y/∂x + c ∂y/∂c) / s

    For s = 0 y = c / π(x² + c²), and near it ∂y/∂s = s ∂²y/∂x².
    """
    is_0 = sigma == 0
    s = near(is_0, 1, sigma)
    a, b = x / (s * ROOT_2), gamma / (s * ROOT_2)
    u, v = faddeeva(a + 0 * b, b + 0 * a)
    real, imag = 2 * (b * v - a * u), TWO_BY_ROOT_PI - 2 * (a * v + b * u)
    g = gy / (s * s * 2 * math.sqrt(math.pi))
    square = near(~is_0, 1, x * x + gamma * gamma)
    g0 = gy / (math.pi * square * square)
    by_x = np.where(is_0, -2 * g0 * x * gamma, g * real)
    by_gamma = np.where(is_0, g0 * (x * x - gamma * gamma), -g * imag)
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
    return gy[0] * (sp.exprel(x) + sp.exprel(-x)) / 2 + ratio(gy[1] * np.cosh(x), x)


@special(sp.fresnel)
def fresnel(gy, y, z):
    """y = S(z), C(z);   ∂S/∂z = sin(πz²/2),   ∂C/∂z = cos(πz²/2)"""
    angle = math.pi / 2 * z * z
    return gy[0] * np.sin(angle) + gy[1] * np.cos(angle)


exp1.samples(above_0)
expi.samples(above_0)
sici.samples(above_0)
shichi.samples(above_0)


@expn.samples
def _(sample):
    for n in (0, 1, 3):
        sample(n, sample.array(2, 3, low=0.3, high=3.0))


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
