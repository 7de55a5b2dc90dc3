"""Mathieu's functions and those of spheroids, by their argument: a value and its slope, with the equation that they solve."""
import math

import numpy as np
import scipy.special as sp
from dezero import errors, hookimpl, rule

from dezero_scipy._rules import in_double, near, register_all, special_in_double, told, unknown

DEGREE = math.pi / 180


# -- characteristic values: the derivative by the parameter is a mean over the square of the function (Hellmann and Feynman)

ANGLES = np.arange(256) * (180 / 256)           # the rule of trapezia has all digits of a periodic function
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(96)


def mean_of_cosine(function, m, q):
    """Return 2 ∫ cos 2x y² dx / ∫ y² dx of one of Mathieu's functions; NaN for large m or q, of which SciPy ends the process."""
    is_far = ~((np.abs(q) <= 1e6) & (m <= 1000))
    y, _ = function(near(is_far, 1, m)[..., None], near(is_far, 1, q)[..., None], ANGLES)
    return told(near(is_far, np.nan, 2 * np.sum(y * y * sp.cosdg(2 * ANGLES), -1) / np.sum(y * y, -1)))


def mean_of_square(function, m, n, c):
    """Return 2c ∫ x² y² dx / ∫ y² dx of an angular function of spheroids, from -1 to 1."""
    y, _ = function(m[..., None], n[..., None], c[..., None], POINTS)
    return 2 * c * np.sum(y * y * POINTS * POINTS * WEIGHTS, -1) / np.sum(y * y * WEIGHTS, -1)


@special_in_double(sp.mathieu_a, order=1)
def mathieu_a(gy, y, m, q):
    """y = a of ceₘ'' = -(a - 2q cos 2x) ceₘ;   ∂a/∂q = 2 ∫ cos 2x ceₘ² dx / ∫ ceₘ² dx"""
    return unknown("scipy.special.mathieu_a", "m"), lambda: gy * mean_of_cosine(mathieu_cem, m, q).astype(gy.dtype)


@special_in_double(sp.mathieu_b, order=1)
def mathieu_b(gy, y, m, q):
    """y = b of seₘ'' = -(b - 2q cos 2x) seₘ;   ∂b/∂q = 2 ∫ cos 2x seₘ² dx / ∫ seₘ² dx"""
    return unknown("scipy.special.mathieu_b", "m"), lambda: gy * mean_of_cosine(mathieu_sem, m, q).astype(gy.dtype)


def special_of_spheroid(ufunc):
    """Return the decorator of the rule of a characteristic value, which SciPy gives for c = 0 where c < 0."""
    def forward(m, n, c):
        if (c < 0).any():
            raise errors.GradientError(f"scipy.special.{ufunc.__name__} of a Variable is for c ≥ 0: SciPy's value is wrong below 0, "
                                       "where it should be that of -c; give abs(c)")
        return in_double(ufunc)(m, n, c)
    return rule(forward, ufunc, name=f"special.{ufunc.__name__}", order=1)


@special_of_spheroid(sp.pro_cv)
def pro_cv(gy, y, m, n, c):
    """y = v of ((1 - x²) S')' = (c² x² + m² / (1 - x²) - v) S;   ∂v/∂c = 2c ∫ x² S² dx / ∫ S² dx"""
    return *unknown("scipy.special.pro_cv", "m", "n"), lambda: gy * mean_of_square(pro_ang1, m, n, c).astype(gy.dtype)


@special_of_spheroid(sp.obl_cv)
def obl_cv(gy, y, m, n, c):
    """y = v of ((1 - x²) S')' = (-c² x² + m² / (1 - x²) - v) S;   ∂v/∂c = -2c ∫ x² S² dx / ∫ S² dx"""
    return *unknown("scipy.special.obl_cv", "m", "n"), lambda: -gy * mean_of_square(obl_ang1, m, n, c).astype(gy.dtype)


@mathieu_a.samples
@mathieu_b.samples
def _(sample):
    sample(2, sample.array(3, low=0.5, high=3.0))


@pro_cv.samples
@obl_cv.samples
def _(sample):
    sample(1, 2, sample.array(3, low=0.5, high=3.0))


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
    """y = seₘ(x, q), seₘ'(x, q), x in degrees;   seₘ'' = -(b - 2q cos 2x) seₘ;   se₀ = 0"""
    return *unknown("scipy.special.mathieu_sem", "m", "q"), lambda: angular(gy, y, mathieu_b(near(m == 0, 1, m), q), q, x)


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


def special_with_wronskian(ufunc, first, rest):
    """Return the decorator of the rule of a radial function of the second kind, which is refused where SciPy has it wrongly.

    Its Wronskian with the one of the first kind is 1 / c rest(x).
    """
    def forward(m, n, c, *others):
        y, y1 = in_double(ufunc)(m, n, c, *others), first(m, n, c, *others, dtype=float)
        if np.any(np.abs((y1[0] * y[1] - y1[1] * y[0]) * c * rest(others[-1]) - 1) > np.sqrt(np.finfo(y[0].dtype).eps)):
            raise errors.GradientError(f"scipy.special.{ufunc.__name__}: SciPy's values are wrong at some of these points, as the "
                                       "Wronskian tells: they have no gradient")
        return y
    return rule(forward, ufunc, name=f"special.{ufunc.__name__}")


@special_with_wronskian(sp.pro_rad2, sp.pro_rad1, lambda x: x * x - 1)
def pro_rad2(gy, y, m, n, c, x):
    """y = R⁽²⁾ₘₙ(c, x) of a prolate spheroid, and its slope"""
    return *unknown("scipy.special.pro_rad2", "m", "n", "c"), lambda: prolate(gy, y, m, c, pro_cv(m, n, c), x)


@special_with_wronskian(sp.pro_rad2_cv, sp.pro_rad1_cv, lambda x: x * x - 1)
def pro_rad2_cv(gy, y, m, n, c, cv, x):
    """y = R⁽²⁾ₘₙ(c, x) of a prolate spheroid, and its slope, of a given characteristic value"""
    return *unknown("scipy.special.pro_rad2_cv", "m", "n", "c", "cv"), lambda: prolate(gy, y, m, c, cv, x)


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


@special_with_wronskian(sp.obl_rad2, sp.obl_rad1, lambda x: x * x + 1)
def obl_rad2(gy, y, m, n, c, x):
    """y = R⁽²⁾ₘₙ(c, x) of an oblate spheroid, and its slope"""
    return *unknown("scipy.special.obl_rad2", "m", "n", "c"), lambda: oblate_radial(gy, y, m, c, obl_cv(m, n, c), x)


@special_with_wronskian(sp.obl_rad2_cv, sp.obl_rad1_cv, lambda x: x * x + 1)
def obl_rad2_cv(gy, y, m, n, c, cv, x):
    """y = R⁽²⁾ₘₙ(c, x) of an oblate spheroid, and its slope, of a given characteristic value"""
    return *unknown("scipy.special.obl_rad2_cv", "m", "n", "c", "cv"), lambda: oblate_radial(gy, y, m, c, cv, x)


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
    sample(2, 3, 1.5, sample.array(2, 3, low=0.2, high=0.8))


@pro_rad1.samples
@obl_rad1.samples
def _(sample):
    sample(1, 2, 1.5, sample.array(2, 3, low=1.2, high=2.0))


@pro_rad2.samples
@obl_rad2.samples
def _(sample):
    sample(2, 3, 1.5, sample.array(2, low=4.0, high=5.0))


@pro_rad2_cv.samples
def _(sample):
    sample(2, 3, 1.5, float(sp.pro_cv(2, 3, 1.5)), sample.array(2, low=4.0, high=5.0))


@obl_rad2_cv.samples
def _(sample):
    sample(2, 3, 1.5, float(sp.obl_cv(2, 3, 1.5)), sample.array(2, low=4.0, high=5.0))


@pro_ang1_cv.samples
def _(sample):
    sample(1, 2, 1.5, float(sp.pro_cv(1, 2, 1.5)), sample.array(2, 3, low=0.2, high=0.8))


@pro_rad1_cv.samples
def _(sample):
    sample(1, 2, 1.5, float(sp.pro_cv(1, 2, 1.5)), sample.array(2, 3, low=1.2, high=2.0))


@obl_ang1_cv.samples
def _(sample):
    sample(2, 3, 1.5, float(sp.obl_cv(2, 3, 1.5)), sample.array(2, 3, low=0.2, high=0.8))


@obl_rad1_cv.samples
def _(sample):
    sample(1, 2, 1.5, float(sp.obl_cv(1, 2, 1.5)), sample.array(2, 3, low=1.2, high=2.0))


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
