"""Mathieu's functions and those of spheroids, by their argument: a value and its slope, with the equation that they solve."""
import math

import numpy as np
import scipy.special as sp
from dezero import hookimpl, rule

from dezero_scipy._rules import in_double, register_all, special_in_double, unknown

DEGREE = math.pi / 180


# -- characteristic values: ops of the rules alone, without a derivative

@rule(in_double(sp.mathieu_a))
def mathieu_a(gy, y, m, q):
    return unknown("scipy.special.mathieu_a", "m", "q")


@rule(in_double(sp.mathieu_b))
def mathieu_b(gy, y, m, q):
    return unknown("scipy.special.mathieu_b", "m", "q")


@rule(in_double(sp.pro_cv))
def pro_cv(gy, y, m, n, c):
    return unknown("scipy.special.pro_cv", "m", "n", "c")


@rule(in_double(sp.obl_cv))
def obl_cv(gy, y, m, n, c):
    return unknown("scipy.special.obl_cv", "m", "n", "c")


# -- Mathieu's

def angular(gy, y, a, q, x):
    """Return the gradient by x in degrees, of y'' = -(a - 2q cos 2x) y."""
    return DEGREE * (gy[0] * y[1] - gy[1] * (a - 2 * q * sp.cosdg(2 * x)) * y[0])


def radial(gy, y, a, q, x):
    """Return the gradient by x, of y'' = (a - 2q cosh 2x) y."""
    return gy[0] * y[1] + gy[1] * (a - 2 * q * np.cosh(2 * x)) * y[0]


@special_in_double(sp.mathieu_cem)
def mathieu_cem(gy, y, m, q, x):
    """y = ceₘ(x, q), ceₘ'(x, q), x in degrees;   ceₘ'' = -(a - 2q cos 2x) ceₘ"""
    return *unknown("scipy.special.mathieu_cem", "m", "q"), lambda: angular(gy, y, mathieu_a(m, q), q, x)


@special_in_double(sp.mathieu_sem)
def mathieu_sem(gy, y, m, q, x):
    """y = seₘ(x, q), seₘ'(x, q), x in degrees;   seₘ'' = -(b - 2q cos 2x) seₘ"""
    return *unknown("scipy.special.mathieu_sem", "m", "q"), lambda: angular(gy, y, mathieu_b(m, q), q, x)


@special_in_double(sp.mathieu_modcem1)
def mathieu_modcem1(gy, y, m, q, x):
    """y = Mc⁽¹⁾ₘ(x, q) and its slope;   y'' = (a - 2q cosh 2x) y"""
    return *unknown("scipy.special.mathieu_modcem1", "m", "q"), lambda: radial(gy, y, mathieu_a(m, q), q, x)


@special_in_double(sp.mathieu_modcem2)
def mathieu_modcem2(gy, y, m, q, x):
    """y = Mc⁽²⁾ₘ(x, q) and its slope;   y'' = (a - 2q cosh 2x) y"""
    return *unknown("scipy.special.mathieu_modcem2", "m", "q"), lambda: radial(gy, y, mathieu_a(m, q), q, x)


@special_in_double(sp.mathieu_modsem1)
def mathieu_modsem1(gy, y, m, q, x):
    """y = Ms⁽¹⁾ₘ(x, q) and its slope;   y'' = (b - 2q cosh 2x) y"""
    return *unknown("scipy.special.mathieu_modsem1", "m", "q"), lambda: radial(gy, y, mathieu_b(m, q), q, x)


@special_in_double(sp.mathieu_modsem2)
def mathieu_modsem2(gy, y, m, q, x):
    """y = Ms⁽²⁾ₘ(x, q) and its slope;   y'' = (b - 2q cosh 2x) y"""
    return *unknown("scipy.special.mathieu_modsem2", "m", "q"), lambda: radial(gy, y, mathieu_b(m, q), q, x)


@mathieu_cem.samples
@mathieu_sem.samples
def _(sample):
    sample(2, 1.5, sample.array(2, 3, low=10.0, high=80.0))


@mathieu_modcem1.samples
@mathieu_modcem2.samples
@mathieu_modsem1.samples
@mathieu_modsem2.samples
def _(sample):
    sample(2, 1.5, sample.array(2, 3, low=0.3, high=1.0))


# -- of spheroids

def prolate(gy, y, m, c, cv, x):
    """Return the gradient by x, of (1 - x²) y'' = 2x y' - (v - c² x² - m² / (1 - x²)) y."""
    rest = 1 - x * x
    return gy[0] * y[1] + gy[1] * (2 * x * y[1] - (cv - c * c * x * x - m * m / rest) * y[0]) / rest


def oblate(gy, y, m, c, cv, x):
    """Return the gradient by x, of (1 - x²) y'' = 2x y' - (v + c² x² - m² / (1 - x²)) y."""
    rest = 1 - x * x
    return gy[0] * y[1] + gy[1] * (2 * x * y[1] - (cv + c * c * x * x - m * m / rest) * y[0]) / rest


def oblate_radial(gy, y, m, c, cv, x):
    """Return the gradient by x, of (1 + x²) y'' = -2x y' + (v - c² x² - m² / (1 + x²)) y."""
    rest = 1 + x * x
    return gy[0] * y[1] + gy[1] * ((cv - c * c * x * x - m * m / rest) * y[0] - 2 * x * y[1]) / rest


@special_in_double(sp.pro_ang1)
def pro_ang1(gy, y, m, n, c, x):
    """y = S⁽¹⁾ₘₙ(c, x) of a prolate spheroid, and its slope"""
    return *unknown("scipy.special.pro_ang1", "m", "n", "c"), lambda: prolate(gy, y, m, c, pro_cv(m, n, c), x)


@special_in_double(sp.pro_rad1)
def pro_rad1(gy, y, m, n, c, x):
    """y = R⁽¹⁾ₘₙ(c, x) of a prolate spheroid, and its slope"""
    return *unknown("scipy.special.pro_rad1", "m", "n", "c"), lambda: prolate(gy, y, m, c, pro_cv(m, n, c), x)


@special_in_double(sp.pro_ang1_cv)
def pro_ang1_cv(gy, y, m, n, c, cv, x):
    """y = S⁽¹⁾ₘₙ(c, x) of a prolate spheroid, and its slope, of a given characteristic value"""
    return *unknown("scipy.special.pro_ang1_cv", "m", "n", "c", "cv"), lambda: prolate(gy, y, m, c, cv, x)


@special_in_double(sp.pro_rad1_cv)
def pro_rad1_cv(gy, y, m, n, c, cv, x):
    """y = R⁽¹⁾ₘₙ(c, x) of a prolate spheroid, and its slope, of a given characteristic value"""
    return *unknown("scipy.special.pro_rad1_cv", "m", "n", "c", "cv"), lambda: prolate(gy, y, m, c, cv, x)


@special_in_double(sp.obl_ang1)
def obl_ang1(gy, y, m, n, c, x):
    """y = S⁽¹⁾ₘₙ(c, x) of an oblate spheroid, and its slope"""
    return *unknown("scipy.special.obl_ang1", "m", "n", "c"), lambda: oblate(gy, y, m, c, obl_cv(m, n, c), x)


@special_in_double(sp.obl_rad1)
def obl_rad1(gy, y, m, n, c, x):
    """y = R⁽¹⁾ₘₙ(c, x) of an oblate spheroid, and its slope"""
    return *unknown("scipy.special.obl_rad1", "m", "n", "c"), lambda: oblate_radial(gy, y, m, c, obl_cv(m, n, c), x)


@special_in_double(sp.obl_ang1_cv)
def obl_ang1_cv(gy, y, m, n, c, cv, x):
    """y = S⁽¹⁾ₘₙ(c, x) of an oblate spheroid, and its slope, of a given characteristic value"""
    return *unknown("scipy.special.obl_ang1_cv", "m", "n", "c", "cv"), lambda: oblate(gy, y, m, c, cv, x)


@special_in_double(sp.obl_rad1_cv)
def obl_rad1_cv(gy, y, m, n, c, cv, x):
    """y = R⁽¹⁾ₘₙ(c, x) of an oblate spheroid, and its slope, of a given characteristic value"""
    return *unknown("scipy.special.obl_rad1_cv", "m", "n", "c", "cv"), lambda: oblate_radial(gy, y, m, c, cv, x)


@pro_ang1.samples
@obl_ang1.samples
def _(sample):
    sample(1, 2, 1.5, sample.array(2, 3, low=0.2, high=0.8))


@pro_rad1.samples
@obl_rad1.samples
def _(sample):
    sample(1, 2, 1.5, sample.array(2, 3, low=1.2, high=2.0))


@pro_ang1_cv.samples
def _(sample):
    sample(1, 2, 1.5, float(sp.pro_cv(1, 2, 1.5)), sample.array(2, 3, low=0.2, high=0.8))


@pro_rad1_cv.samples
def _(sample):
    sample(1, 2, 1.5, float(sp.pro_cv(1, 2, 1.5)), sample.array(2, 3, low=1.2, high=2.0))


@obl_ang1_cv.samples
def _(sample):
    sample(1, 2, 1.5, float(sp.obl_cv(1, 2, 1.5)), sample.array(2, 3, low=0.2, high=0.8))


@obl_rad1_cv.samples
def _(sample):
    sample(1, 2, 1.5, float(sp.obl_cv(1, 2, 1.5)), sample.array(2, 3, low=1.2, high=2.0))


@hookimpl
def dezero_register_ops(register):
    inner = mathieu_a, mathieu_b, pro_cv, obl_cv
    register_all(register, {name: op for name, op in globals().items() if op not in inner})
