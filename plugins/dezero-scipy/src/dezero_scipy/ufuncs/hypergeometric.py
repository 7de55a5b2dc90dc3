"""Hypergeometric functions, and the Legendre functions."""
import numpy as np
import scipy.special as sp
from dezero import errors, hookimpl, rule

from dezero_scipy._rules import near, ratio, register_all, special, special_of_order, times, told, unknown


@special_of_order(sp.hyp0f1)
def hyp0f1(gy, y, v, z):
    """y = ₀F₁(v; z);   ∂y/∂z = ₀F₁(v + 1; z) / v"""
    return unknown("scipy.special.hyp0f1", "v"), lambda: gy * hyp0f1(v + 1, z) / v


@special_of_order(sp.hyp1f1)
def hyp1f1(gy, y, a, b, x):
    """y = ₁F₁(a; b; x);   ∂y/∂x = a/b ₁F₁(a + 1; b + 1; x)"""
    is_1 = a == -1                              # SciPy's ₁F₁(0; 0; x) is infinite
    slope = lambda: np.where(is_1, 1, hyp1f1(near(is_1, 0, a + 1), near(is_1, 1, b + 1), x))
    return *unknown("scipy.special.hyp1f1", "a", "b"), lambda: gy * times(ratio(a, b), slope())


@special_of_order(sp.hyp2f1)
def hyp2f1(gy, y, a, b, c, z):
    """y = ₂F₁(a, b; c; z);   ∂y/∂z = ab/c ₂F₁(a + 1, b + 1; c + 1; z)"""
    factor = np.where(a == c, b, ratio(a * b, c))           # of c = 0 too, where SciPy has (1 - z)⁻ᵇ for a = c
    return *unknown("scipy.special.hyp2f1", "a", "b", "c"), lambda: gy * times(factor, hyp2f1(a + 1, b + 1, c + 1, z))


@special(sp.hyperu)
def hyperu(gy, y, a, b, x):
    """y = U(a, b, x);   ∂y/∂x = -a U(a + 1, b + 1, x)"""
    is_1 = a == -1                              # SciPy's U(0, b, 0) is infinite, or NaN
    slope = lambda: np.where(is_1, 1, sp.hyperu(near(is_1, 1, a + 1), near(is_1, 1, b + 1), near(is_1, 1, x)))
    return *unknown("scipy.special.hyperu", "a", "b"), lambda: -gy * told(times(a, slope()))


def forward_of_lpmv(m, v, x):
    if ((np.abs(x) > 1) & (v != np.rint(v))).any():
        raise errors.GradientError("scipy.special.lpmv of a Variable is for |x| ≤ 1, or whole degrees v: SciPy's values are wrong "
                                   "elsewhere (SciPy 1.17: -9.4e6 for 42.3 of lpmv(0, 2.5, 3.5))")
    return sp.lpmv(m, v, x)


@rule(forward_of_lpmv, sp.lpmv, name="special.lpmv")
def lpmv(gy, y, m, v, x):
    """y = Pᵥᵐ(x);   ∂y/∂x = ((m - v - 1) Pᵥ₊₁ᵐ + (v + 1) x y) / (1 - x²)"""
    is_end = (np.abs(x) == 1) & (m == 0)        # where it is v (v + 1) xy / 2
    rest = near(is_end, 1, 1 - x * x)
    slope = lambda: np.where(is_end, v * (v + 1) * x * y / 2, ((m - v - 1) * sp.lpmv(m, v + 1, x) + (v + 1) * x * y) / rest)
    return *unknown("scipy.special.lpmv", "m", "v"), lambda: gy * slope()


@hyp0f1.samples
def _(sample):
    sample(1.5, sample.array(2, 3))
    sample(1.5, sample.array(2, dtype=complex))


@hyp1f1.samples
def _(sample):
    sample(1.5, 2.5, sample.array(2, 3, low=0.3, high=3.0))
    sample(1.5, 2.5, sample.array(2, dtype=complex))


@hyperu.samples
def _(sample):
    sample(1.5, 2.5, sample.array(2, 3, low=0.3, high=3.0))


@hyp2f1.samples
def _(sample):
    sample(0.5, 1.5, 2.5, sample.array(2, 3, low=-2.0, high=0.8))
    sample(0.5, 1.5, 2.5, sample.array(2, low=-0.5, high=0.5, dtype=complex))


@lpmv.samples
def _(sample):
    sample(np.array([0, 1, 2], np.int8), 2.5, sample.array(2, 3, low=-0.8, high=0.8))


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
