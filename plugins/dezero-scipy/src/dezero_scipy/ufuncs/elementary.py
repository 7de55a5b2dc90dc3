"""Roots, powers, exponentials, logarithms and angles; losses and entropies.

Where a function has a kink, the derivative is the mean of both sides.
"""
import math

import numpy as np
import scipy.special as sp
from dezero import hookimpl

from dezero_scipy._rules import above_0, above_0_or_complex, inside, near, ratio, real_or_complex, register_all, special, told

LOG_10 = math.log(10)
DEGREE = math.pi / 180


# -- exponentials and logarithms

@special(sp.cbrt)
def cbrt(gy, y, x):
    """y = ∛x;   ∂y/∂x = 1 / 3y²"""
    return gy / (3 * y * y)


@special(sp.exp2)
def exp2(gy, y, x):
    """y = 2ˣ;   ∂y/∂x = y log 2"""
    return gy * y * math.log(2)


@special(sp.exp10)
def exp10(gy, y, x):
    """y = 10ˣ;   ∂y/∂x = y log 10"""
    return gy * y * LOG_10


@special(sp.expm1)
def expm1(gy, y, x):
    """y = eˣ - 1;   ∂y/∂x = eˣ"""
    return gy * (y + 1)


@special(sp.log1p)
def log1p(gy, y, x):
    """y = log(1 + x);   ∂y/∂x = 1 / (1 + x)"""
    return gy / (1 + x)


@special(sp.exprel)
def exprel(gy, y, x):
    """y = (eˣ - 1) / x = ₁F₁(1; 2; x);   ∂y/∂x = ₁F₁(2; 3; x) / 2"""
    return gy * slope_of_exprel(x)


def slope_of_exprel(x):
    """Return the derivative of (eˣ - 1) / x, which is smooth at 0; SciPy's ₁F₁ does not end for x = 1e300."""
    is_small = np.abs(x) < 1
    small, far = near(~is_small, 0, x), near(is_small, 1, x)
    return np.where(is_small, sp.hyp1f1(2, 3, small) / 2, (np.exp(far) - sp.exprel(far)) / far)


cbrt.samples(above_0)
log1p.samples(above_0_or_complex)
expm1.samples(real_or_complex)


@exprel.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(3, low=-1e-9, high=1e-9))


@special(sp.expit)
def expit(gy, y, x):
    """y = 1 / (1 + e⁻ˣ);   ∂y/∂x = y (1 - y), with 1 - y = expit(-x)"""
    return gy * y * sp.expit(-x)


@special(sp.log_expit)
def log_expit(gy, y, x):
    """y = log expit x;   ∂y/∂x = expit(-x)"""
    return gy * sp.expit(-x)


@special(sp.logit)
def logit(gy, y, x):
    """y = log(x / (1 - x));   ∂y/∂x = 1 / (x (1 - x))"""
    return gy / (x * (1 - x))


logit.samples(inside)


@special(sp.wrightomega)
def wrightomega(gy, y, z):
    """y + log y = z;   ∂y/∂z = y / (1 + y)"""
    return gy * y / (1 + y)


wrightomega.samples(real_or_complex)


# -- powers

@special(sp.powm1)
def powm1(gy, y, x, p):
    """y = xᵖ - 1;   ∂y/∂x = p xᵖ⁻¹,   ∂y/∂p = xᵖ log x, 0 for x = 0"""
    is_0 = (p == 0) & (x == 0)
    return np.where(is_0, 0, gy * p * near(is_0, 1, x) ** (p - 1)), gy * told(sp.xlogy(y + 1, x))


def slope_by_power(log, p):
    """Return the derivative of (eᵖˡ - 1) / p by p, of l = a logarithm; smooth at p = 0, and its limit at l = -∞."""
    is_0 = log == -np.inf
    return np.where(is_0, 1 / near(~is_0, 1, p) ** 2, near(is_0, 0, log) ** 2 * slope_of_exprel(p * near(is_0, 0, log)))


@special(sp.boxcox)
def boxcox(gy, y, x, lmbda):
    """y = (xᵖ - 1) / p, log x for p = 0;   ∂y/∂x = xᵖ⁻¹,   ∂y/∂p = l² exprel'(p l), l = log x"""
    return gy * x ** (lmbda - 1), lambda: gy * slope_by_power(np.log(x), lmbda)


@special(sp.boxcox1p)
def boxcox1p(gy, y, x, lmbda):
    """y = ((1 + x)ᵖ - 1) / p;   ∂y/∂x = (1 + x)ᵖ⁻¹,   ∂y/∂p = l² exprel'(p l), l = log(1 + x)"""
    return gy * (1 + x) ** (lmbda - 1), lambda: gy * slope_by_power(np.log1p(x), lmbda)


@special(sp.inv_boxcox)
def inv_boxcox(gy, y, x, lmbda):
    """boxcox(y, p) = x;   ∂y/∂x = y¹⁻ᵖ,   ∂y/∂p = -y¹⁻ᵖ l² exprel'(p l), l = log y"""
    g = gy * y ** (1 - lmbda)
    return g, lambda: -g * slope_by_power(np.log(y), lmbda)


@special(sp.inv_boxcox1p)
def inv_boxcox1p(gy, y, x, lmbda):
    """boxcox1p(y, p) = x;   ∂y/∂x = (1 + y)¹⁻ᵖ,   ∂y/∂p = -(1 + y)¹⁻ᵖ l² exprel'(p l), l = log(1 + y)"""
    g = gy * (1 + y) ** (1 - lmbda)
    return g, lambda: -g * slope_by_power(np.log1p(y), lmbda)


@powm1.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3))


@boxcox.samples
@boxcox1p.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3))
    sample(sample.array(3, low=0.5, high=2.0), sample.array(3, low=-1e-9, high=1e-9))


@inv_boxcox.samples
@inv_boxcox1p.samples
def _(sample):
    sample(sample.array(2, 3, low=-0.4, high=0.4), sample.array(2, 3))


# -- angles

@special(sp.cosm1)
def cosm1(gy, y, x):
    """y = cos x - 1;   ∂y/∂x = -sin x"""
    return -gy * np.sin(x)


@special(sp.radian)
def radian(gy, y, d, m, s):
    """y = (d + m / 60 + s / 3600) π / 180"""
    return gy * DEGREE, gy * (DEGREE / 60), gy * (DEGREE / 3600)


@special(sp.sindg)
def sindg(gy, y, x):
    """y = sin x°;   ∂y/∂x = cos x° π / 180"""
    return gy * sp.cosdg(x) * DEGREE


@special(sp.cosdg)
def cosdg(gy, y, x):
    """y = cos x°;   ∂y/∂x = -sin x° π / 180"""
    return -gy * sp.sindg(x) * DEGREE


@special(sp.tandg)
def tandg(gy, y, x):
    """y = tan x°;   ∂y/∂x = (1 + y²) π / 180"""
    return gy * (1 + y * y) * DEGREE


@special(sp.cotdg)
def cotdg(gy, y, x):
    """y = cot x°;   ∂y/∂x = -(1 + y²) π / 180"""
    return -gy * (1 + y * y) * DEGREE


@sindg.samples
@cosdg.samples
@tandg.samples
@cotdg.samples
def _(sample):
    sample(sample.array(2, 3, low=10.0, high=80.0))


# -- entropies and losses

@special(sp.xlogy)
def xlogy(gy, y, x1, x2):
    """y = a log b, 0 for a = 0;   ∂y/∂a = log b,   ∂y/∂b = a / b"""
    return lambda: gy * np.log(x2), gy * ratio(x1, x2)


@special(sp.xlog1py)
def xlog1py(gy, y, x1, x2):
    """y = a log(1 + b), 0 for a = 0;   ∂y/∂a = log(1 + b),   ∂y/∂b = a / (1 + b)"""
    return lambda: gy * np.log1p(x2), gy * ratio(x1, 1 + x2)


@special(sp.entr)
def entr(gy, y, x):
    """y = -x log x;   ∂y/∂x = -log x - 1"""
    return -gy * (np.log(x) + 1)


def log_ratio(x, y):
    """Return log(x / y), 0 where both are 0."""
    is_0 = (x == 0) & (y == 0)
    return np.log(near(is_0, 1, x) / near(is_0, 1, y))


@special(sp.rel_entr)
def rel_entr(gy, y, x1, x2):
    """y = a log(a / b);   ∂y/∂a = log(a / b) + 1,   ∂y/∂b = -a / b"""
    return lambda: gy * (log_ratio(x1, x2) + 1), -gy * ratio(x1, x2)


@special(sp.kl_div)
def kl_div(gy, y, x1, x2):
    """y = a log(a / b) - a + b;   ∂y/∂a = log(a / b),   ∂y/∂b = 1 - a / b"""
    return lambda: gy * log_ratio(x1, x2), gy * (1 - ratio(x1, x2))


@special(sp.huber)
def huber(gy, y, delta, r):
    """y = r² / 2 for |r| ≤ d, else d (|r| - d / 2);   ∂y/∂d = |r| - d for |r| > d, else 0;   ∂y/∂r = r between -d and d"""
    is_far = np.abs(r) > delta
    return np.where(is_far, gy * (np.abs(r) - delta), 0), gy * np.where(is_far, delta * np.sign(r), r)


@special(sp.pseudo_huber)
def pseudo_huber(gy, y, delta, r):
    """y = d (h - d), h = √(d² + r²);   ∂y/∂d = (h - d)² / h with h - d = r² / (h + d),   ∂y/∂r = d r / h"""
    h = np.hypot(delta, r)
    is_0 = h == 0
    h = near(is_0, 1, h)
    part = r / h
    return gy * (r / (h + delta)) ** 2 * part * r, gy * delta * part


@special(sp.agm)
def agm(gy, y, a, b):
    """y = the arithmetic-geometric mean = π / 2R_F(0, a², b²);   ∂y/∂a = 2y² |a| R_D(0, b², a²) / 3π, 0 at the origin"""
    def by(a, b):
        is_0 = y == 0
        g = 2 / (3 * math.pi) * y * y * np.abs(a) * sp.elliprd(0, near(is_0, 1, b * b), near(is_0, 1, a * a))
        return gy * np.where(is_0, np.where((a == 0) & (b != 0), np.inf, 0), g).astype(gy.dtype)
    return lambda: by(a, b), lambda: by(b, a)


@special(sp.spence)
def spence(gy, y, z):
    """y = ∫₁ᶻ log t / (1 - t) dt;   ∂y/∂z = log z / (1 - z), near 1 as -₂F₁(1, 1; 2; 1 - z)"""
    is_near = np.abs(1 - z) < 0.5
    rest, far = near(~is_near, 0, 1 - z), near(is_near, 2, z)
    return gy * np.where(is_near, -sp.hyp2f1(1, 1, 2, rest), np.log(far) / (1 - far)).astype(gy.dtype)


@xlogy.samples
@xlog1py.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3, low=0.5, high=2.0))
    sample(sample.array(2, dtype=complex), sample.array(2, dtype=complex))


@rel_entr.samples
@kl_div.samples
@agm.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=2.0), sample.array(2, 3, low=0.5, high=2.0))


@huber.samples
@pseudo_huber.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=2.0), np.array([[0.1, -0.2, 0.3], [3.0, -2.5, 2.2]]))


entr.samples(above_0)


@spence.samples
def _(sample):
    sample(sample.array(2, 3, low=0.5, high=3.0))
    sample(sample.array(3, low=1 - 1e-9, high=1 + 1e-9))


@hookimpl
def dezero_register_ops(register):
    register.constant(sp.round)
    register_all(register, globals())
