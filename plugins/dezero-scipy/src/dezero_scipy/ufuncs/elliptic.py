"""Elliptic integrals and functions.

The derivatives are Carlson's integrals R_D, which are smooth where the textbook's formulas are 0 / 0: at m = 0, and at
equal arguments.
"""
import math

import numpy as np
import scipy.special as sp
from dezero import hookimpl

from dezero_scipy._rules import inside, near, register_all, special


# -- Carlson's integrals

def between(x, y, z):
    """Return (R_D(y, z, x) - R_D(x, y, z)) / (z - x) = 3/2 ∫ (t + x)⁻³ᐟ² (t + y)⁻¹ᐟ² (t + z)⁻³ᐟ² dt, also where x = z.

    By duplication: each step brings x, y and z four times nearer to each other, and what is left counts for a sixteenth.
    """
    found, weight = 0, 1
    for _ in range(14):
        a, b, c = np.sqrt(x), np.sqrt(y), np.sqrt(z)
        shift = a * b + b * c + c * a
        found = found + weight * 3 * (x + a * c + z + shift) / ((a + c) * a * c * (x + shift) * (z + shift))
        x, y, z, weight = (x + shift) / 4, (y + shift) / 4, (z + shift) / 4, weight / 16
    return found


def part(x, y, z):
    """Return x between(x, y, z), 0 for x = 0."""
    is_0 = x == 0
    return np.where(is_0, 0, x * between(near(is_0, 1, x), y, z))


@special(sp.elliprc)
def elliprc(gy, y, x, y_):
    """y = R_C(a, b) = R_F(a, b, b);   ∂y/∂a = -R_D(b, b, a) / 6,   ∂y/∂b = -R_D(a, b, b) / 3; for b < 0 of its principal value"""
    is_less = y_ < 0
    b = near(is_less, 1, y_)
    gap = 2 * (near(~is_less, -1, y_) - x)
    root = np.sqrt(x)
    return (lambda: gy * np.where(is_less, (y - 1 / root) / gap, -sp.elliprd(b, b, x) / 6),
            lambda: gy * np.where(is_less, (root / near(~is_less, -1, y_) - y) / gap, -sp.elliprd(x, b, b) / 3))


@special(sp.elliprd)
def elliprd(gy, y, x, y_, z):
    """y = R_D(a, b, c) = 3/2 ∫ (t + a)⁻¹ᐟ² (t + b)⁻¹ᐟ² (t + c)⁻³ᐟ² dt;   ∂y/∂a = -(R_D(b, c, a) - y) / 2(c - a)"""
    return (lambda: -gy * between(x, y_, z) / 2, lambda: -gy * between(y_, x, z) / 2,
            lambda: -gy * (1.5 * y - (part(x, y_, z) + part(y_, x, z)) / 2) / z)


@special(sp.elliprf)
def elliprf(gy, y, x, y_, z):
    """y = R_F(a, b, c) = ½ ∫ ((t + a) (t + b) (t + c))⁻¹ᐟ² dt;   ∂y/∂a = -R_D(b, c, a) / 6"""
    return (lambda: -gy * sp.elliprd(y_, z, x) / 6, lambda: -gy * sp.elliprd(z, x, y_) / 6, lambda: -gy * sp.elliprd(x, y_, z) / 6)


@special(sp.elliprg)
def elliprg(gy, y, x, y_, z):
    """y = R_G(a, b, c);   ∂y/∂a = (R_F(a, b, c) - a R_D(b, c, a) / 3) / 4;   R_G(a, 0, 0) = √a / 2"""
    def by(a, b, c):
        is_0, is_root = a == 0, (b == 0) & (c == 0)         # where a R_D(b, c, a) is 0; where it and R_F are infinite
        b = near(is_root, 1, b)
        slope = (sp.elliprf(a, b, c) - np.where(is_0, 0, a * sp.elliprd(b, c, near(is_0, 1, a))) / 3) / 4
        return gy * np.where(is_root, 1 / (4 * np.sqrt(near(~is_root, 1, a))), slope)
    return lambda: by(x, y_, z), lambda: by(y_, z, x), lambda: by(z, x, y_)


@special(sp.elliprj)
def elliprj(gy, y, x, y_, z, p):
    """y = R_J(a, b, c, p) = 3/2 ∫ ((t + a) (t + b) (t + c))⁻¹ᐟ² / (t + p) dt;   ∂y/∂a = -(R_D(b, c, a) - y) / 2(p - a)"""
    def by(a, b, c):
        is_equal = np.abs(p - a) < 1e-5 * np.abs(a)         # where a difference has no more digits than the limit
        gap = near(is_equal, 1, p - a)
        mean = near(~is_equal, 1, (3 * a + 2 * p) / 5)      # of the powers -3/2 and -1 in the integral
        limit = -(1.5 * sp.elliprd(b, c, mean) - (part(b, c, mean) + part(c, b, mean)) / 2) / (3 * mean)
        return np.where(is_equal, limit, -(sp.elliprd(b, c, a) - y) / (2 * gap))

    def part_by(a, b, c):
        is_0 = a == 0                           # where the derivative by a is infinite, and a times it is 0
        return np.where(is_0, 0, a * by(near(is_0, 1, a), b, c))

    def by_p():
        return -(1.5 * y + part_by(x, y_, z) + part_by(y_, z, x) + part_by(z, x, y_)) / p
    return lambda: gy * by(x, y_, z), lambda: gy * by(y_, z, x), lambda: gy * by(z, x, y_), lambda: gy * by_p()


@elliprc.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=3.0), sample.array(2, 3, low=0.5, high=3.0))
    sample(sample.array(2, 3, low=0.5, high=3.0), sample.array(2, 3, low=-3.0, high=-0.5))


@elliprd.samples
@elliprf.samples
@elliprg.samples
def _(sample):
    sample(*[sample.array(2, 3, low=0.5, high=3.0) for _ in range(3)])


@elliprj.samples
def _(sample):
    sample(*[sample.array(2, 3, low=0.5, high=3.0) for _ in range(4)])


# -- complete and incomplete integrals

@special(sp.ellipk)
def ellipk(gy, y, m):
    """y = K(m);   ∂y/∂m = R_D(0, 1, 1 - m) / 6"""
    return gy * sp.elliprd(0, 1, 1 - m) / 6


@special(sp.ellipkm1)
def ellipkm1(gy, y, p):
    """y = K(1 - p);   ∂y/∂p = -R_D(0, 1, p) / 6"""
    return -gy * sp.elliprd(0, 1, p) / 6


@special(sp.ellipe)
def ellipe(gy, y, m):
    """y = E(m);   ∂y/∂m = -R_D(0, 1 - m, 1) / 6"""
    return -gy * sp.elliprd(0, 1 - m, 1) / 6


def slope_of_f(phi, m):
    """Return the derivative of F(φ, m) by m: s³ R_D(c², 1, 1 - m s²) / 6 up to ±π/2, and that of 2K(m) for each period."""
    turns = np.rint(phi / math.pi)
    s = np.sin(phi - math.pi * turns)
    part = s * s * s * sp.elliprd(1 - s * s, 1, 1 - m * s * s) / 6
    return part + near(turns == 0, 0, turns) * whole_slope(turns, m, 1)


def whole_slope(turns, m, kind):
    """Return the derivative of 2K(m), or of 2E(m), which is not asked for where there are no turns."""
    m = near(turns == 0, 0, m)
    return sp.elliprd(0, 1, 1 - m) / 3 if kind == 1 else -sp.elliprd(0, 1 - m, 1) / 3


def slope_of_e(phi, m):
    """Return the derivative of E(φ, m) by m: -s³ R_D(c², 1 - m s², 1) / 6 up to ±π/2, and that of 2E(m) for each period."""
    turns = np.rint(phi / math.pi)
    s = np.sin(phi - math.pi * turns)
    part = -s * s * s * sp.elliprd(1 - s * s, 1 - m * s * s, 1) / 6
    return part + near(turns == 0, 0, turns) * whole_slope(turns, m, 2)


@special(sp.ellipkinc)
def ellipkinc(gy, y, phi, m):
    """y = F(φ, m);   ∂y/∂φ = 1 / √(1 - m sin² φ),   ∂y/∂m = s³ R_D(c², 1, 1 - m s²) / 6"""
    return gy / np.sqrt(1 - m * np.sin(phi) ** 2), lambda: gy * slope_of_f(phi, m)


@special(sp.ellipeinc)
def ellipeinc(gy, y, phi, m):
    """y = E(φ, m);   ∂y/∂φ = √(1 - m sin² φ),   ∂y/∂m = -s³ R_D(c², 1 - m s², 1) / 6"""
    return gy * np.sqrt(1 - m * np.sin(phi) ** 2), lambda: gy * slope_of_e(phi, m)


@special(sp.ellipj)
def ellipj(gy, y, u, m):
    """y = sn, cn, dn, φ with F(φ, m) = u;   ∂φ/∂u = dn,   ∂φ/∂m = -dn ∂F/∂m;   sn = sin φ,   cn = cos φ,   dn² = 1 - m sn²"""
    sn, cn, dn, phi = y
    by_phi = gy[0] * cn - gy[1] * sn - gy[2] * m * sn * cn / dn + gy[3]
    return by_phi * dn, lambda: -by_phi * dn * slope_of_f(phi, m) - gy[2] * sn * sn / (2 * dn)


ellipkm1.samples(inside)


@ellipk.samples
@ellipe.samples
def _(sample):
    sample(sample.array(2, 3, low=-2.0, high=0.9))


@ellipkinc.samples
@ellipeinc.samples
@ellipj.samples
def _(sample):
    sample(sample.array(2, 3, low=-1.4, high=1.4), sample.array(2, 3, low=0.1, high=0.9))
    sample(np.array([2.0, -2.5, 6.0, 9.0]), sample.array(4, low=0.1, high=0.9))


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
