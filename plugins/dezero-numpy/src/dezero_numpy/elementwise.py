"""Functions of numbers, applied to each element.

Where a function has a kink, the derivative is the mean of both sides: 0 for |x| at 0, half for each of two equal
operands of `maximum`.  At a jump it is 0.
"""
import math

import numpy as np
from dezero import Variable, hookimpl, rule

from dezero_numpy._rules import conj, is_complex, register_all

LOG_2 = math.log(2)
LOG_10 = math.log(10)


# -- what is tried by dezero.testing where a function is not defined, or not smooth, everywhere

def with_complex(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, 3, dtype=complex))


def above_0(sample):
    sample(sample.array(2, 3, low=0.5, high=2.0))


def above_0_or_complex(sample):
    above_0(sample)
    sample(sample.array(2, 3, dtype=complex))


def inner(sample):
    sample(sample.array(2, 3, low=-0.8, high=0.8))
    sample(sample.array(2, 3, dtype=complex))


def above_1(sample):
    sample(sample.array(2, 3, low=1.5, high=3.0))
    sample(sample.array(2, 3, dtype=complex))


# -- exponentials and logarithms

@rule(np.exp)
def exp(gy, y, x):
    """y = eˣ;   ∂y/∂x = y"""
    return gy * y


@rule(np.exp2)
def exp2(gy, y, x):
    """y = 2ˣ;   ∂y/∂x = y log 2"""
    return gy * y * LOG_2


@rule(np.expm1)
def expm1(gy, y, x):
    """y = eˣ - 1;   ∂y/∂x = eˣ"""
    return gy * (y + 1)


@rule(np.log)
def log(gy, y, x):
    """y = log x;   ∂y/∂x = 1 / x"""
    return gy / x


@rule(np.log2)
def log2(gy, y, x):
    """y = log₂ x;   ∂y/∂x = 1 / (x log 2)"""
    return gy / (x * LOG_2)


@rule(np.log10)
def log10(gy, y, x):
    """y = log₁₀ x;   ∂y/∂x = 1 / (x log 10)"""
    return gy / (x * LOG_10)


@rule(np.log1p)
def log1p(gy, y, x):
    """y = log(1 + x);   ∂y/∂x = 1 / (1 + x)"""
    return gy / (1 + x)


exp.samples(with_complex)
exp2.samples(with_complex)
expm1.samples(with_complex)
log.samples(above_0_or_complex)
log2.samples(above_0_or_complex)
log10.samples(above_0_or_complex)
log1p.samples(above_0_or_complex)


def below(x, y):
    """Return x - y, and 0 where both are the same infinity."""
    same = x == y
    return np.where(same, 0, x) - np.where(same, 0, y)


@rule(np.logaddexp)
def logaddexp(gy, y, x1, x2):
    """y = log(eᵃ + eᵇ);   ∂y/∂a = eᵃ⁻ʸ,   ∂y/∂b = eᵇ⁻ʸ"""
    return gy * np.exp(below(x1, y)), gy * np.exp(below(x2, y))


@rule(np.logaddexp2)
def logaddexp2(gy, y, x1, x2):
    """y = log₂(2ᵃ + 2ᵇ);   ∂y/∂a = 2ᵃ⁻ʸ,   ∂y/∂b = 2ᵇ⁻ʸ"""
    return gy * np.exp2(below(x1, y)), gy * np.exp2(below(x2, y))


# -- roots and powers

@rule(np.sqrt)
def sqrt(gy, y, x):
    """y = √x;   ∂y/∂x = 1 / 2y"""
    return gy / (2 * y)


@rule(np.cbrt)
def cbrt(gy, y, x):
    """y = ∛x;   ∂y/∂x = 1 / 3y²"""
    return gy / (3 * y * y)


@rule(np.reciprocal)
def reciprocal(gy, y, x):
    """y = 1 / x;   ∂y/∂x = -y²"""
    return -gy * y * y


sqrt.samples(above_0_or_complex)
cbrt.samples(above_0)
reciprocal.samples(above_0_or_complex)


# -- angles

@rule(np.sin)
def sin(gy, y, x):
    """y = sin x;   ∂y/∂x = cos x"""
    return gy * np.cos(x)


@rule(np.cos)
def cos(gy, y, x):
    """y = cos x;   ∂y/∂x = -sin x"""
    return -gy * np.sin(x)


@rule(np.tan)
def tan(gy, y, x):
    """y = tan x;   ∂y/∂x = 1 + y²"""
    return gy * (1 + y * y)


@rule(np.arcsin)
def arcsin(gy, y, x):
    """y = arcsin x;   ∂y/∂x = 1 / √(1 - x²)"""
    return gy / np.sqrt((1 - x) * (1 + x))


@rule(np.arccos)
def arccos(gy, y, x):
    """y = arccos x;   ∂y/∂x = -1 / √(1 - x²)"""
    return -gy / np.sqrt((1 - x) * (1 + x))


@rule(np.arctan)
def arctan(gy, y, x):
    """y = arctan x;   ∂y/∂x = 1 / (1 + x²)"""
    return gy / (1 + x * x)


sin.samples(with_complex)
cos.samples(with_complex)
arctan.samples(with_complex)
tan.samples(inner)
arcsin.samples(inner)
arccos.samples(inner)


@rule(np.arctan2)
def arctan2(gy, y, x1, x2):
    """y = arctan(a / b);   ∂y/∂a = b / (a² + b²),   ∂y/∂b = -a / (a² + b²), and 0 at the origin"""
    r = np.hypot(x1, x2)
    g, r = np.where(r == 0, 0, gy), np.where(r == 0, 1, r)
    return g * (x2 / r / r), -g * (x1 / r / r)


@rule(np.hypot)
def hypot(gy, y, x1, x2):
    """y = √(a² + b²);   ∂y/∂a = a / y,   ∂y/∂b = b / y, and 0 at the origin"""
    g, r = np.where(y == 0, 0, gy), np.where(y == 0, 1, y)
    return g * (x1 / r), g * (x2 / r)


@rule(np.radians, np.deg2rad)
def radians(gy, y, x):
    """y = π x / 180"""
    return gy * (math.pi / 180)


@rule(np.degrees, np.rad2deg)
def degrees(gy, y, x):
    """y = 180 x / π"""
    return gy * (180 / math.pi)


# -- hyperbolic functions

@rule(np.sinh)
def sinh(gy, y, x):
    """y = sinh x;   ∂y/∂x = cosh x"""
    return gy * np.cosh(x)


@rule(np.cosh)
def cosh(gy, y, x):
    """y = cosh x;   ∂y/∂x = sinh x"""
    return gy * np.sinh(x)


@rule(np.tanh)
def tanh(gy, y, x):
    """y = tanh x;   ∂y/∂x = 1 - y²"""
    return gy * (1 - y * y)


@rule(np.arcsinh)
def arcsinh(gy, y, x):
    """y = arsinh x;   ∂y/∂x = 1 / √(x² + 1)"""
    if is_complex(x):
        return gy / (np.sqrt(1 + 1j * x) * np.sqrt(1 - 1j * x))
    return gy / np.hypot(x, 1)


@rule(np.arccosh)
def arccosh(gy, y, x):
    """y = arcosh x;   ∂y/∂x = 1 / √(x² - 1)"""
    return gy / (np.sqrt(x - 1) * np.sqrt(x + 1))


@rule(np.arctanh)
def arctanh(gy, y, x):
    """y = artanh x;   ∂y/∂x = 1 / (1 - x²)"""
    return gy / ((1 - x) * (1 + x))


sinh.samples(with_complex)
cosh.samples(with_complex)
tanh.samples(with_complex)
arcsinh.samples(with_complex)
arccosh.samples(above_1)
arctanh.samples(inner)


# -- size and sign

def slope_of_size(x):
    """Return the derivative of |x|: the sign of x, of a complex one the conjugate of x / |x|; 0 at 0."""
    if is_complex(x):
        size = np.abs(x)
        return np.where(size == 0, 0, conj(x)) / np.where(size == 0, 1, size)
    return np.sign(x)


@rule(np.absolute, operators=("__abs__",))
def absolute(gy, y, x):
    """y = |x|;   ∂y/∂x = the sign of x, of a complex one the conjugate of x / |x|"""
    return gy * slope_of_size(x)


@rule(np.fabs)
def fabs(gy, y, x):
    """y = |x|;   ∂y/∂x = the sign of x"""
    return gy * np.sign(x)


@rule(np.positive, operators=("__pos__",))
def positive(gy, y, x):
    """y = x"""
    return gy


absolute.samples(with_complex)
positive.samples(with_complex)


@rule(np.copysign)
def copysign(gy, y, x1, x2):
    """y = |a| with the sign of b;   ∂y/∂a = ±1, 0 at 0"""
    return gy * np.sign(x1) * np.copysign(1, x2), None


@rule(np.nextafter, method=None)
def nextafter(gy, y, x1, x2):
    """y = the number next to a towards b;   ∂y/∂a = 1"""
    return gy, None


# -- the greater and the lesser

def share(gy, y, x, other):
    """Return the gradient of x, one of two, of which y is the one that was chosen."""
    return np.where(x == other, gy / 2, np.where(x == y, gy, 0))


@rule(np.maximum)
def maximum(gy, y, x1, x2):
    """y = the greater of a and b, NaN where one is NaN;   ∂y/∂a = 1 where it is a, ½ where they are equal"""
    return share(gy, y, x1, x2), share(gy, y, x2, x1)


@rule(np.minimum)
def minimum(gy, y, x1, x2):
    """y = the lesser of a and b, NaN where one is NaN;   ∂y/∂a = 1 where it is a, ½ where they are equal"""
    return share(gy, y, x1, x2), share(gy, y, x2, x1)


@rule(np.fmax)
def fmax(gy, y, x1, x2):
    """y = the greater of a and b, or the one that is a number;   ∂y/∂a = 1 where it is a, ½ where they are equal"""
    return share(gy, y, x1, x2), share(gy, y, x2, x1)


@rule(np.fmin)
def fmin(gy, y, x1, x2):
    """y = the lesser of a and b, or the one that is a number;   ∂y/∂a = 1 where it is a, ½ where they are equal"""
    return share(gy, y, x1, x2), share(gy, y, x2, x1)


def clip(a, a_min=None, a_max=None, *, min=None, max=None) -> Variable:
    """y = a, but not below a_min and not above a_max"""
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    if low is None and high is None:
        return np.copy(a)
    if low is not None:
        a = np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


# -- division with a remainder

@rule(np.floor_divide, operators=("__floordiv__",))
def floor_divide(gy, y, x1, x2):
    """y = ⌊a / b⌋;   ∂y/∂a = ∂y/∂b = 0"""
    return None, None


@rule(np.remainder, operators=("__mod__",))
def remainder(gy, y, x1, x2):
    """y = a - ⌊a / b⌋ b;   ∂y/∂a = 1,   ∂y/∂b = -⌊a / b⌋"""
    return gy, -gy * np.floor_divide(x1, x2)


@rule(np.divmod, operators=("__divmod__",), name="divmod")
def divmod_(gy, y, x1, x2):
    """y = ⌊a / b⌋, a - ⌊a / b⌋ b;   ∂y₁/∂a = 1,   ∂y₁/∂b = -⌊a / b⌋"""
    return gy[1], -gy[1] * np.floor_divide(x1, x2)


@rule(np.fmod)
def fmod(gy, y, x1, x2):
    """y = a - n b with n = a / b towards 0;   ∂y/∂a = 1,   ∂y/∂b = -n"""
    return gy, -gy * np.trunc(x1 / x2)


@rule(np.modf)
def modf(gy, y, x):
    """y = the part of x after the point, the part before it;   ∂y₀/∂x = 1"""
    return gy[0]


# -- choice

@rule(np.where, method=None)
def where(gy, y, condition, a, b):
    """y = a where the condition holds, else b"""
    return None, np.where(condition, gy, 0), np.where(condition, 0, gy)


@where.samples
def _(sample):
    condition = np.array([[True, False, False], [False, True, True]])
    sample(condition, sample.array(2, 3), sample.array(3))
    sample(condition, sample.array(2, 3, dtype=complex), sample.array(3))


@rule(np.heaviside)
def heaviside(gy, y, x1, x2):
    """y = 0 for a < 0, b for a = 0, 1 for a > 0;   ∂y/∂a = 0,   ∂y/∂b = 1 for a = 0"""
    return None, np.where(x1 == 0, gy, 0)


LOCALLY_CONSTANT = np.spacing, np.iscomplex, np.isneginf, np.isposinf, np.array_equiv, np.common_type, np.min_scalar_type


@hookimpl
def dezero_register_ops(register):
    for function in LOCALLY_CONSTANT:
        register.constant(function)
    register_all(register, globals())
    register.function(clip, numpy=(np.clip,))
