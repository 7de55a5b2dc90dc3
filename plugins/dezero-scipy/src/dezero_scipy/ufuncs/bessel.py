"""Bessel, Kelvin, Struve, Airy and parabolic cylinder functions, and their integrals."""
import math

import numpy as np
import scipy.special as sp
from dezero import errors, hookimpl, rule

from dezero_scipy._rules import (
    above_0, near, orders, orders_or_complex, real_or_complex, register_all, special, special_in_double, special_of_order,
    special_of_reals, times, told, tried, unknown)


# -- of order 0 and 1

@special(sp.j0)
def j0(gy, y, x):
    """y = J₀(x);   ∂y/∂x = -J₁(x)"""
    return -gy * sp.j1(x)


@special(sp.j1)
def j1(gy, y, x):
    """y = J₁(x);   ∂y/∂x = (J₀ - J₂) / 2"""
    return gy * (sp.j0(x) - sp.jv(2, x)) / 2


@special(sp.y0)
def y0(gy, y, x):
    """y = Y₀(x);   ∂y/∂x = -Y₁(x)"""
    return -gy * sp.y1(x)


@special(sp.y1)
def y1(gy, y, x):
    """y = Y₁(x);   ∂y/∂x = Y₀ - Y₁ / x"""
    return gy * (sp.y0(x) - y / x)


@special(sp.i0)
def i0(gy, y, x):
    """y = I₀(x);   ∂y/∂x = I₁(x)"""
    return gy * sp.i1(x)


@special(sp.i0e)
def i0e(gy, y, x):
    """y = e⁻|ˣ| I₀(x);   ∂y/∂x = e⁻|ˣ| I₁ - y sign x"""
    return gy * (sp.i1e(x) - y * np.sign(x))


@special(sp.i1)
def i1(gy, y, x):
    """y = I₁(x);   ∂y/∂x = (I₀ + I₂) / 2"""
    return gy * (sp.i0(x) + sp.iv(2, x)) / 2


@special(sp.i1e)
def i1e(gy, y, x):
    """y = e⁻|ˣ| I₁(x);   ∂y/∂x = e⁻|ˣ| (I₀ + I₂) / 2 - y sign x, where I₂ = I₀ - 2 I₁ / x, by which it is beyond 10⁴"""
    is_far = np.abs(x) > 1e4                    # SciPy's ive is NaN from about 10⁹ on
    far, close = near(~is_far, 1, x), near(is_far, 1, x)
    return gy * (np.where(is_far, sp.i0e(far) - sp.i1e(far) / far, (sp.i0e(close) + sp.ive(2, close)) / 2) - y * np.sign(x))


@special(sp.k0)
def k0(gy, y, x):
    """y = K₀(x);   ∂y/∂x = -K₁(x)"""
    return -gy * sp.k1(x)


@special(sp.k0e)
def k0e(gy, y, x):
    """y = eˣ K₀(x);   ∂y/∂x = y - eˣ K₁"""
    return gy * (y - sp.k1e(x))


@special(sp.k1)
def k1(gy, y, x):
    """y = K₁(x);   ∂y/∂x = -K₀ - K₁ / x"""
    return -gy * (sp.k0(x) + y / x)


@special(sp.k1e)
def k1e(gy, y, x):
    """y = eˣ K₁(x);   ∂y/∂x = y - eˣ K₀ - y / x"""
    return gy * (y - sp.k0e(x) - y / x)


y0.samples(above_0)
y1.samples(above_0)
k0.samples(above_0)
k0e.samples(above_0)
k1.samples(above_0)
k1e.samples(above_0)


# -- of any order

@special_of_order(sp.jv)
def jv(gy, y, v, z):
    """y = Jᵥ(z);   ∂y/∂z = (Jᵥ₋₁ - Jᵥ₊₁) / 2"""
    return unknown("scipy.special.jv", "v"), gy * (jv(v - 1, z) - jv(v + 1, z)) / 2


@special_of_reals(sp.jve, "e⁻|ᴵᵐ ᶻ|")
def jve(gy, y, v, z):
    """y = Jᵥ(z) e⁻|ᴵᵐ ᶻ|, Jᵥ of real z;   ∂y/∂z = (Jᵥ₋₁ - Jᵥ₊₁) / 2"""
    return unknown("scipy.special.jve", "v"), gy * told(sp.jve(v - 1, z) - sp.jve(v + 1, z)) / 2


@special(sp.yn)
def yn(gy, y, n, x):
    """y = Yₙ(x);   ∂y/∂x = (Yₙ₋₁ - Yₙ₊₁) / 2"""
    return unknown("scipy.special.yn", "n"), gy * (sp.yn(n - 1, x) - sp.yn(n + 1, x)) / 2


@special_of_order(sp.yv)
def yv(gy, y, v, z):
    """y = Yᵥ(z);   ∂y/∂z = (Yᵥ₋₁ - Yᵥ₊₁) / 2"""
    return unknown("scipy.special.yv", "v"), gy * (yv(v - 1, z) - yv(v + 1, z)) / 2


@special_of_reals(sp.yve, "e⁻|ᴵᵐ ᶻ|")
def yve(gy, y, v, z):
    """y = Yᵥ(z) e⁻|ᴵᵐ ᶻ|, Yᵥ of real z;   ∂y/∂z = (Yᵥ₋₁ - Yᵥ₊₁) / 2"""
    return unknown("scipy.special.yve", "v"), gy * (sp.yve(v - 1, z) - sp.yve(v + 1, z)) / 2


@special_of_order(sp.iv)
def iv(gy, y, v, z):
    """y = Iᵥ(z);   ∂y/∂z = (Iᵥ₋₁ + Iᵥ₊₁) / 2"""
    return unknown("scipy.special.iv", "v"), gy * (iv(v - 1, z) + iv(v + 1, z)) / 2


@special_of_reals(sp.ive, "e⁻|ᴿᵉ ᶻ|")
def ive(gy, y, v, z):
    """y = e⁻|ᶻ| Iᵥ(z);   ∂y/∂z = e⁻|ᶻ| (Iᵥ₋₁ + Iᵥ₊₁) / 2 - y sign z"""
    return unknown("scipy.special.ive", "v"), gy * (told(sp.ive(v - 1, z) + sp.ive(v + 1, z)) / 2 - y * np.sign(z))


@special(sp.kn)
def kn(gy, y, n, x):
    """y = Kₙ(x);   ∂y/∂x = -(Kₙ₋₁ + Kₙ₊₁) / 2"""
    return unknown("scipy.special.kn", "n"), -gy * (sp.kn(np.abs(n - 1), x) + sp.kn(n + 1, x)) / 2


@special_of_order(sp.kv)
def kv(gy, y, v, z):
    """y = Kᵥ(z);   ∂y/∂z = -(Kᵥ₋₁ + Kᵥ₊₁) / 2"""
    return unknown("scipy.special.kv", "v"), -gy * (kv(v - 1, z) + kv(v + 1, z)) / 2


@special_of_order(sp.kve)
def kve(gy, y, v, z):
    """y = eᶻ Kᵥ(z);   ∂y/∂z = y - eᶻ (Kᵥ₋₁ + Kᵥ₊₁) / 2"""
    return unknown("scipy.special.kve", "v"), gy * (y - (kve(v - 1, z) + kve(v + 1, z)) / 2)


@special_of_order(sp.hankel1)
def hankel1(gy, y, v, z):
    """y = H⁽¹⁾ᵥ(z) = Jᵥ(z) + i Yᵥ(z);   ∂y/∂z = (H⁽¹⁾ᵥ₋₁ - H⁽¹⁾ᵥ₊₁) / 2"""
    return unknown("scipy.special.hankel1", "v"), gy * (hankel1(v - 1, z) - hankel1(v + 1, z)) / 2


@special_of_order(sp.hankel1e)
def hankel1e(gy, y, v, z):
    """y = H⁽¹⁾ᵥ(z) e⁻ⁱᶻ;   ∂y/∂z = (H⁽¹⁾ᵥ₋₁ - H⁽¹⁾ᵥ₊₁) e⁻ⁱᶻ / 2 - iy"""
    return unknown("scipy.special.hankel1e", "v"), gy * ((hankel1e(v - 1, z) - hankel1e(v + 1, z)) / 2 - 1j * y)


@special_of_order(sp.hankel2)
def hankel2(gy, y, v, z):
    """y = H⁽²⁾ᵥ(z) = Jᵥ(z) - i Yᵥ(z);   ∂y/∂z = (H⁽²⁾ᵥ₋₁ - H⁽²⁾ᵥ₊₁) / 2"""
    return unknown("scipy.special.hankel2", "v"), gy * (hankel2(v - 1, z) - hankel2(v + 1, z)) / 2


@special_of_order(sp.hankel2e)
def hankel2e(gy, y, v, z):
    """y = H⁽²⁾ᵥ(z) eⁱᶻ;   ∂y/∂z = (H⁽²⁾ᵥ₋₁ - H⁽²⁾ᵥ₊₁) eⁱᶻ / 2 + iy"""
    return unknown("scipy.special.hankel2e", "v"), gy * ((hankel2e(v - 1, z) - hankel2e(v + 1, z)) / 2 + 1j * y)


tried(orders_or_complex, jv, yv, iv, kv, kve, hankel1, hankel1e, hankel2, hankel2e)
tried(orders, jve, yve, ive)


@yn.samples
@kn.samples
def _(sample):
    for order in (0, 1, 2):
        sample(order, sample.array(3, low=0.3, high=3.0))


# -- Kelvin's, with w = ber + i bei: w'' = i w - w' / x

def by_x(g, x):
    """Return g / x, 0 where both are 0: it is less than what it is added to."""
    is_0 = x == 0
    return np.where(is_0, 0, g / near(is_0, 1, x))


@special(sp.ber)
def ber(gy, y, x):
    """y = ber x;   ∂y/∂x = ber' x"""
    return gy * sp.berp(x)


@special(sp.bei)
def bei(gy, y, x):
    """y = bei x;   ∂y/∂x = bei' x"""
    return gy * sp.beip(x)


@special(sp.ker)
def ker(gy, y, x):
    """y = ker x;   ∂y/∂x = ker' x"""
    return gy * sp.kerp(x)


@special(sp.kei)
def kei(gy, y, x):
    """y = kei x;   ∂y/∂x = kei' x"""
    return gy * sp.keip(x)


@special(sp.berp)
def berp(gy, y, x):
    """y = ber' x;   ∂y/∂x = -bei x - y / x"""
    return -gy * (sp.bei(x) + by_x(y, x))


@special(sp.beip)
def beip(gy, y, x):
    """y = bei' x;   ∂y/∂x = ber x - y / x, ½ at 0"""
    is_0 = x == 0
    return gy * (sp.ber(x) - np.where(is_0, 0.5, y / near(is_0, 1, x)))


@special(sp.kerp)
def kerp(gy, y, x):
    """y = ker' x;   ∂y/∂x = -kei x - y / x"""
    return -gy * (sp.kei(x) + y / x)


@special(sp.keip)
def keip(gy, y, x):
    """y = kei' x;   ∂y/∂x = ker x - y / x"""
    return gy * (sp.ker(x) - by_x(y, x))


@special(sp.kelvin)
def kelvin(gy, y, x):
    """y = ber + i bei, ker + i kei, and their derivatives by x: w'' = i w - w' / x, i/2 at 0 for the first"""
    is_0 = x == 0
    return (gy[0] * y[2] + times(gy[1], y[3]) + gy[2] * (1j * y[0] - np.where(is_0, 0.5j, y[2] / near(is_0, 1, x)))
            + times(gy[3], 1j * y[1] - y[3] / x))


tried(above_0, ker, kei, kerp, keip, kelvin)


# -- Struve's

def power_of_struve(v, x):
    """Return (x/2)ᵛ / √π Γ(v + 3/2)."""
    return (x / 2) ** v * sp.rgamma(v + 1.5) / math.sqrt(math.pi)


@special(sp.struve)
def struve(gy, y, v, x):
    """y = Hᵥ(x);   ∂y/∂x = (Hᵥ₋₁ - Hᵥ₊₁ + (x/2)ᵛ / √π Γ(v + 3/2)) / 2"""
    return unknown("scipy.special.struve", "v"), lambda: gy * (
        sp.struve(v - 1, x) - sp.struve(v + 1, x) + power_of_struve(v, x)) / 2


@special(sp.modstruve)
def modstruve(gy, y, v, x):
    """y = Lᵥ(x);   ∂y/∂x = (Lᵥ₋₁ + Lᵥ₊₁ + (x/2)ᵛ / √π Γ(v + 3/2)) / 2"""
    return unknown("scipy.special.modstruve", "v"), lambda: gy * (
        sp.modstruve(v - 1, x) + sp.modstruve(v + 1, x) + power_of_struve(v, x)) / 2


struve.samples(orders)
modstruve.samples(orders)


# -- Airy's, and parabolic cylinders

@special(sp.airy)
def airy(gy, y, z):
    """y = Ai, Ai', Bi, Bi' of z;   Ai'' = z Ai,   Bi'' = z Bi"""
    return gy[0] * y[1] + gy[1] * z * y[0] + times(gy[2], y[3]) + times(gy[3], z * y[2])


@special_of_reals(sp.airye, "e⁻|ᴿᵉ ʳ|, r = 2/3 z√z,")
def airye(gy, y, z):
    """y = Ai eʳ, Ai' eʳ, Bi e⁻ʳ, Bi' e⁻ʳ with r = 2/3 z√z, 0 for Bi of z < 0;   ∂/∂z: that of airy, ± y√z"""
    root = np.sqrt(np.maximum(z, 0))
    of_ai = np.where(z < 0, 0, gy[0] * (y[1] + root * y[0]) + gy[1] * (z * y[0] + root * y[1]))
    return of_ai + gy[2] * (y[3] - root * y[2]) + gy[3] * (z * y[2] - root * y[3])


airy.samples(real_or_complex)
airye.samples(above_0)


@special(sp.pbdv)
def pbdv(gy, y, v, x):
    """y = Dᵥ(x), Dᵥ'(x);   Dᵥ'' = (x²/4 - v - ½) Dᵥ"""
    return unknown("scipy.special.pbdv", "v"), gy[0] * y[1] + gy[1] * (x * x / 4 - v - 0.5) * y[0]


@special_in_double(sp.pbvv)
def pbvv(gy, y, v, x):
    """y = Vᵥ(x), Vᵥ'(x);   Vᵥ'' = (x²/4 - v - ½) Vᵥ"""
    return unknown("scipy.special.pbvv", "v"), gy[0] * y[1] + gy[1] * (x * x / 4 - v - 0.5) * y[0]


@special(sp.pbwa)
def pbwa(gy, y, a, x):
    """y = W(a, x), W'(a, x);   W'' = (a - x²/4) W"""
    return unknown("scipy.special.pbwa", "a"), gy[0] * y[1] + gy[1] * (a - x * x / 4) * y[0]


tried(orders, pbdv, pbvv, pbwa)


# -- integrals

@special(sp.iti0k0)
def iti0k0(gy, y, x):
    """y = ∫₀ˣ of I₀(t), K₀(t)"""
    return times(gy[0], sp.i0(x)) + times(gy[1], sp.k0(x))


@special(sp.itj0y0)
def itj0y0(gy, y, x):
    """y = ∫₀ˣ of J₀(t), Y₀(t)"""
    return gy[0] * sp.j0(x) + times(gy[1], sp.y0(x))


def beyond_1(x, sign, function):
    """Return (f(x) - 1) / x of f = I₀ (sign 1) or J₀ (sign -1), by its series where a difference has few digits."""
    is_small = np.abs(x) < 1
    t, far = near(~is_small, 0, x) / 2, near(is_small, 1, x)
    square, series = sign * t * t, 0
    for k in range(9, 0, -1):
        series = (1 + series) * square / (k * k)            # Σ (±t²)ᵏ / k!²
    is_0 = t == 0
    return np.where(is_small, np.where(is_0, sign * t / 2, series / (2 * near(is_0, 1, t))), (function(far) - 1) / far)


@special(sp.it2i0k0)
def it2i0k0(gy, y, x):
    """y = ∫₀ˣ (I₀(t) - 1) / t dt, ∫ₓ K₀(t) / t dt"""
    return times(gy[0], beyond_1(x, 1, sp.i0)) - times(gy[1], sp.k0(x) / x)


@special(sp.it2j0y0)
def it2j0y0(gy, y, x):
    """y = ∫₀ˣ (1 - J₀(t)) / t dt, ∫ₓ Y₀(t) / t dt"""
    return -gy[0] * beyond_1(x, -1, sp.j0) - times(gy[1], sp.y0(x) / x)


def forward_of_itstruve0(x):
    if (np.abs(x) > 30).any():
        raise errors.GradientError("scipy.special.itstruve0 of a Variable is for |x| ≤ 30: SciPy's values are wrong above "
                                   "(SciPy 1.17: 5.734 for 3.098 at 30.5)")
    return sp.itstruve0(x)


@rule(forward_of_itstruve0, sp.itstruve0, name="special.itstruve0")
def itstruve0(gy, y, x):
    """y = ∫₀ˣ H₀(t) dt"""
    return gy * sp.struve(0, x).astype(gy.dtype)


@special(sp.it2struve0)
def it2struve0(gy, y, x):
    """y = ∫ₓ H₀(t) / t dt;   ∂y/∂x = -H₀(x) / x, -2/π at 0"""
    is_0 = x == 0
    return -gy * np.where(is_0, 2 / math.pi, sp.struve(0, x).astype(gy.dtype) / near(is_0, 1, x))


@special(sp.itmodstruve0)
def itmodstruve0(gy, y, x):
    """y = ∫₀ˣ L₀(t) dt"""
    return gy * sp.modstruve(0, x).astype(gy.dtype)


@special(sp.itairy)
def itairy(gy, y, x):
    """y = ∫₀ˣ of Ai(t), Bi(t), Ai(-t), Bi(-t); SciPy's values have six digits, the derivatives all"""
    right, left = sp.airy(x), sp.airy(-x)
    return told(times(gy[0], right[0]) + times(gy[1], right[2]) + times(gy[2], left[0]) + times(gy[3], left[2]))


@itairy.samples
def _(sample):
    sample(sample.array(2, 3, low=0.005, high=0.02))        # where SciPy's values are exact


tried(above_0, iti0k0, itj0y0, it2i0k0, it2j0y0, itstruve0, it2struve0, itmodstruve0)


@special(sp.besselpoly)
def besselpoly(gy, y, a, lmb, nu):
    """y = ∫₀¹ xˡ Jᵥ(2ax) dx;   ∂y/∂a = ∫₀¹ xˡ⁺¹ (Jᵥ₋₁ - Jᵥ₊₁) dx"""
    return (lambda: gy * (sp.besselpoly(a, lmb + 1, nu - 1) - sp.besselpoly(a, lmb + 1, nu + 1)),
            *unknown("scipy.special.besselpoly", "lmb", "nu"))


@besselpoly.samples
def _(sample):
    sample(sample.array(2, 3, low=0.3, high=3.0), 1.5, 2.0)
    sample(sample.array(2, 3, low=0.3, high=3.0), 0, 3)


@special(sp.wright_bessel)
def wright_bessel(gy, y, a, b, x):
    """y = Σ xᵏ / k! Γ(ak + b);   ∂y/∂x = the same with a + b for b"""
    return *unknown("scipy.special.wright_bessel", "a", "b"), lambda: gy * sp.wright_bessel(a, a + b, x)


@special(sp.log_wright_bessel)
def log_wright_bessel(gy, y, a, b, x):
    """y = log Σ xᵏ / k! Γ(ak + b);   ∂y/∂x = e to the same with a + b for b, less y"""
    return *unknown("scipy.special.log_wright_bessel", "a", "b"), lambda: gy * np.exp(sp.log_wright_bessel(a, a + b, x) - y)


@wright_bessel.samples
@log_wright_bessel.samples
def _(sample):
    sample(0.5, 1.5, sample.array(2, 3, low=0.3, high=3.0))


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
