"""Orthogonal polynomials, by their argument: the derivative is one of one degree less."""
import numpy as np
import scipy.special as sp
from dezero import hookimpl

from dezero_scipy._rules import near, of_integers, register_all, special_of_order, told, tried, unknown


def lower(n, value):
    """Return a derivative of degree n - 1, as it is but for n = 0."""
    return np.where(n == 0, 0, told(value(np.where(n == 0, 1, n) - 1)))


def slope_of_t(n, x):
    """Return n Uₙ₋₁(x); left of 0, where SciPy's Uₙ has digits of whole degrees alone, n sin nθ / sin θ with x = cos θ."""
    is_left = (n != np.rint(n)) & (np.real(x) < 0) & (np.abs(x) < 1)
    angle, right = np.arccos(near(~is_left, 0, x)), near(is_left, 0, x)
    return np.where(is_left, n * np.sin(n * angle) / np.sin(angle), lower(n, lambda k: n * eval_chebyu(k, right)))


def odd(n, slope):
    """Return a slope of Uₙ by one for n ≥ -1: U₋₁ = 0,   U₋ₙ₋₂ = -Uₙ"""
    n = near(n == -1, 0, n)
    return np.sign(n + 1) * lower(np.where(n < -1, -2 - n, n), slope)


def even(n, slope):
    """Return a slope of Legendre's Pₙ by one for n ≥ -½: P₋ₙ₋₁ = Pₙ"""
    return lower(np.where(n < -0.5, -1 - n, n), slope)


@special_of_order(sp.eval_jacobi)
def eval_jacobi(gy, y, n, alpha, beta, x):
    """y = Pₙ of a, b;   ∂y/∂x = (n + a + b + 1) / 2 Pₙ₋₁ of a + 1, b + 1"""
    slope = lambda k: (n + alpha + beta + 1) / 2 * eval_jacobi(k, alpha + 1, beta + 1, x)
    return *unknown("scipy.special.eval_jacobi", "n", "alpha", "beta"), lambda: gy * lower(n, slope)


@special_of_order(sp.eval_sh_jacobi)
def eval_sh_jacobi(gy, y, n, p, q, x):
    """y = Gₙ of p, q;   ∂y/∂x = n Gₙ₋₁ of p + 2, q + 1"""
    slope = lambda k: n * eval_sh_jacobi(k, p + 2, q + 1, x)
    return *unknown("scipy.special.eval_sh_jacobi", "n", "p", "q"), lambda: gy * lower(n, slope)


@special_of_order(sp.eval_gegenbauer)
def eval_gegenbauer(gy, y, n, alpha, x):
    """y = Cₙ of a;   ∂y/∂x = 2a Cₙ₋₁ of a + 1"""
    slope = lambda k: 2 * alpha * eval_gegenbauer(k, alpha + 1, x)
    return *unknown("scipy.special.eval_gegenbauer", "n", "alpha"), lambda: gy * lower(n, slope)


@special_of_order(sp.eval_chebyt)
def eval_chebyt(gy, y, n, x):
    """y = Tₙ;   ∂y/∂x = n Uₙ₋₁"""
    return unknown("scipy.special.eval_chebyt", "n"), lambda: gy * slope_of_t(n, x)


@special_of_order(sp.eval_chebyu)
def eval_chebyu(gy, y, n, x):
    """y = Uₙ;   ∂y/∂x = 2Cₙ₋₁ of a = 2"""
    return unknown("scipy.special.eval_chebyu", "n"), lambda: gy * odd(n, lambda k: 2 * eval_gegenbauer(k, 2, x))


@special_of_order(sp.eval_chebyc)
def eval_chebyc(gy, y, n, x):
    """y = 2Tₙ(x / 2);   ∂y/∂x = n Uₙ₋₁(x / 2)"""
    return unknown("scipy.special.eval_chebyc", "n"), lambda: gy * slope_of_t(n, x / 2)


@special_of_order(sp.eval_chebys)
def eval_chebys(gy, y, n, x):
    """y = Uₙ(x / 2);   ∂y/∂x = Cₙ₋₁(x / 2) of a = 2"""
    return unknown("scipy.special.eval_chebys", "n"), lambda: gy * odd(n, lambda k: eval_gegenbauer(k, 2, x / 2))


@special_of_order(sp.eval_sh_chebyt)
def eval_sh_chebyt(gy, y, n, x):
    """y = Tₙ(2x - 1);   ∂y/∂x = 2n Uₙ₋₁(2x - 1)"""
    return unknown("scipy.special.eval_sh_chebyt", "n"), lambda: 2 * gy * slope_of_t(n, 2 * x - 1)


@special_of_order(sp.eval_sh_chebyu)
def eval_sh_chebyu(gy, y, n, x):
    """y = Uₙ(2x - 1);   ∂y/∂x = 4Cₙ₋₁(2x - 1) of a = 2"""
    slope = lambda k: 4 * eval_gegenbauer(k, 2, 2 * x - 1)
    return unknown("scipy.special.eval_sh_chebyu", "n"), lambda: gy * odd(n, slope)


@special_of_order(sp.eval_legendre)
def eval_legendre(gy, y, n, x):
    """y = Pₙ;   ∂y/∂x = Cₙ₋₁ of a = 3/2"""
    return unknown("scipy.special.eval_legendre", "n"), lambda: gy * even(n, lambda k: eval_gegenbauer(k, 1.5, x))


@special_of_order(sp.eval_sh_legendre)
def eval_sh_legendre(gy, y, n, x):
    """y = Pₙ(2x - 1);   ∂y/∂x = 2Cₙ₋₁(2x - 1) of a = 3/2"""
    slope = lambda k: 2 * eval_gegenbauer(k, 1.5, 2 * x - 1)
    return unknown("scipy.special.eval_sh_legendre", "n"), lambda: gy * even(n, slope)


@special_of_order(sp.eval_laguerre)
def eval_laguerre(gy, y, n, x):
    """y = Lₙ;   ∂y/∂x = -Lₙ₋₁ of a = 1"""
    return unknown("scipy.special.eval_laguerre", "n"), lambda: -gy * lower(n, lambda k: eval_genlaguerre(k, 1, x))


@special_of_order(sp.eval_genlaguerre)
def eval_genlaguerre(gy, y, n, alpha, x):
    """y = Lₙ of a;   ∂y/∂x = -Lₙ₋₁ of a + 1"""
    slope = lambda k: eval_genlaguerre(k, alpha + 1, x)
    return *unknown("scipy.special.eval_genlaguerre", "n", "alpha"), lambda: -gy * lower(n, slope)


@of_integers(sp.eval_hermite)
def eval_hermite(gy, y, n, x):
    """y = Hₙ;   ∂y/∂x = 2n Hₙ₋₁"""
    slope = lambda k: (2 * n * sp.eval_hermite(k, x)).astype(gy.dtype)
    return unknown("scipy.special.eval_hermite", "n"), lambda: gy * lower(n, slope)


@of_integers(sp.eval_hermitenorm)
def eval_hermitenorm(gy, y, n, x):
    """y = Heₙ;   ∂y/∂x = n Heₙ₋₁"""
    slope = lambda k: (n * sp.eval_hermitenorm(k, x)).astype(gy.dtype)
    return unknown("scipy.special.eval_hermitenorm", "n"), lambda: gy * lower(n, slope)


DEGREES = 0, 1, 4


@eval_jacobi.samples
@eval_sh_jacobi.samples
def _(sample):
    for n in DEGREES:
        sample(n, 2.5, 1.5, sample.array(2, 3, low=0.1, high=0.9))
    sample(2.5, 2.5, 1.5, sample.array(2, 3, low=0.1, high=0.9))
    sample(2.5, 2.5, 1.5, sample.array(2, low=0.1, high=0.9, dtype=complex))


@eval_gegenbauer.samples
@eval_genlaguerre.samples
def _(sample):
    for n in DEGREES:
        sample(n, 1.5, sample.array(2, 3, low=0.1, high=0.9))
    sample(2.5, 1.5, sample.array(2, 3, low=0.1, high=0.9))
    sample(2.5, 1.5, sample.array(2, low=0.1, high=0.9, dtype=complex))


def degrees(sample):
    for n in DEGREES:
        sample(n, sample.array(2, 3, low=0.1, high=0.9))
    sample(2.5, sample.array(2, 3, low=0.1, high=0.9))
    sample(2.5, sample.array(2, low=0.1, high=0.9, dtype=complex))


tried(degrees, eval_chebyt, eval_chebyu, eval_chebyc, eval_chebys, eval_sh_chebyt, eval_sh_chebyu, eval_legendre, eval_sh_legendre,
      eval_laguerre)


@eval_hermite.samples
@eval_hermitenorm.samples
def _(sample):
    sample(np.array(DEGREES), sample.array(2, 3))


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
