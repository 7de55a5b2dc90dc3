"""scipy.special: its ufuncs, which take Variables themselves, and those of its Python functions that have gradients here."""
import math

import numpy as np
import scipy.special as sp
from dezero import Variable, errors, hookimpl, rule
from scipy.special import *  # noqa: F403: the names of the module that this one stands for

from dezero_scipy._rules import joined, near, register_all, twin
from dezero_scipy.ufuncs import gammas
from dezero_scipy.ufuncs.gammas import polygamma


def kept(y, axis, keepdims):
    """Return y, a reduction, with length 1 on the axes that were reduced; for all of them a 0-d one does."""
    return y if keepdims or axis is None else np.expand_dims(y, axis)


def most_of(x, axis):
    """Return the maximum along axes where NumPy alone is enough to go on: of real floating numbers, and finite; else None."""
    if x.dtype.kind != "f" or not x.size or not x.ndim:
        return None
    most = np.maximum.reduce(x, axis, keepdims=True)
    return most if np.isfinite(most).all() else None


def forward_of_logsumexp(a, b=None, *, axis=None, keepdims=False):
    """Return log Σ b eᵃ as SciPy's function, which takes three times as long for small arrays: what is left to it is rare."""
    most = most_of(a, axis) if b is None else None
    if most is None:
        return sp.logsumexp(a, axis, b, keepdims)
    terms = np.exp(a - most)
    total = np.add.reduce(terms, axis, keepdims=True)
    y = np.log(total)
    is_near_0 = total < 1.1                     # where one term is 1, and log1p of the others has digits that the total has lost
    if is_near_0.any():
        y = np.where(is_near_0, np.log1p(np.add.reduce(terms - (terms == 1), axis, keepdims=True)), y)
    y += most
    return y if keepdims else y.squeeze(axis)


def where_finite(gy, y, a):
    """Return what is given, with 0 where y is infinite."""
    is_lost = np.isinf(y)
    return [near(is_lost, 0, x) for x in (gy, y, a)] if is_lost.any() else (gy, y, a)


@rule(forward_of_logsumexp, name="special.logsumexp", operands=("a", "b?"), method=None)
def sum_of_exp(gy, y, a, b=None, *, axis=None, keepdims=False):
    """y = log Σ b eᵃ;   ∂y/∂a = b eᵃ⁻ʸ,   ∂y/∂b = eᵃ⁻ʸ, 0 where y is infinite"""
    gy, y, a = where_finite(kept(gy, axis, keepdims), kept(y, axis, keepdims), a)
    g = gy * np.exp(a - y)
    return (g, None) if b is None else (g * b, g)


def forward_of_signed(a, b=None, *, axis=None, keepdims=False):
    if a.dtype.kind == "c" or b is not None and b.dtype.kind == "c":
        raise errors.DTypeError("dezero_scipy.special.logsumexp(return_sign=True) of complex numbers is log |Σ b eᵃ|, which is not "
                                "holomorphic and has no derivative here: leave return_sign out")
    return sp.logsumexp(a, axis, b, keepdims, return_sign=True)


@rule(forward_of_signed, name="special.signed_logsumexp", operands=("a", "b?"), method=None)
def signed_sum_of_exp(gy, y, a, b=None, *, axis=None, keepdims=False):
    """y, s = log |Σ b eᵃ| and its sign;   ∂y/∂a = s b eᵃ⁻ʸ,   ∂y/∂b = s eᵃ⁻ʸ"""
    gy, sign = gy[0], y[1]
    return sum_of_exp.rule(gy * sign, y[0], a, b, axis=axis, keepdims=keepdims)


def spread(x, other):
    """Return x broadcast against another operand, a number in the type that NumPy would compute in."""
    shape = np.broadcast_shapes(np.shape(x), np.shape(other))
    return np.full(shape, x, np.result_type(x, other.dtype)) if np.isscalar(x) else np.broadcast_to(x, shape)


def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    """Return log Σ b eᵃ along an axis, or axes: scipy.special.logsumexp, by a and b.

    With ``return_sign=True`` it is log |Σ b eᵃ| and the sign of the sum, which has gradient 0, of real numbers alone.  Where the
    result is infinite the gradient is 0.
    """
    if not (isinstance(a, Variable) or isinstance(b, Variable)):
        return sp.logsumexp(a, axis, b, keepdims, return_sign)
    if b is not None and np.shape(a) != np.shape(b):
        a, b = spread(a, b), spread(b, a)
    return (signed_sum_of_exp if return_sign else sum_of_exp)(a, b, axis=axis, keepdims=keepdims)


@rule(sp.softmax, name="special.softmax", method=None)
def softmax(gy, y, x, axis=None):
    """y = eˣ / Σ eˣ;   ∂/∂x: y (gy - Σ gy y)"""
    return y * (gy - np.sum(gy * y, axis, keepdims=True))


def forward_of_log_softmax(x, axis=None):
    """Return x - log Σ eˣ as SciPy's function, which takes twice as long for small arrays."""
    most = most_of(x, axis)
    if most is None:
        return sp.log_softmax(x, axis)
    shifted = x - most
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis, keepdims=True))


@rule(forward_of_log_softmax, name="special.log_softmax", method=None)
def log_softmax(gy, y, x, axis=None):
    """y = x - log Σ eˣ;   ∂/∂x: gy - eʸ Σ gy"""
    return gy - np.exp(y) * np.sum(gy, axis, keepdims=True)


@signed_sum_of_exp.samples
def _(sample):
    sample(sample.array(2, 3), sample.array(2, 3, low=-2.0, high=-0.5), axis=1)
    sample(sample.array(2, 3), axis=0, keepdims=True)


def forward_of_riemann(x):
    if np.iscomplexobj(x):
        raise errors.DTypeError("scipy.special.zeta of complex numbers has no known derivative here: give it x.data")
    return sp.zeta(x)


@rule(forward_of_riemann, name="special.riemann_zeta", method=None)
def of_riemann(gy, y, x):
    """y = ζ(x);   ∂y/∂x is that of ζ(x) - 1"""
    return gammas.zetac.rule(gy, y, x)


of_riemann.samples(gammas.zetac.cls.samples)


@sum_of_exp.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, 3), axis=0, keepdims=True)
    sample(sample.array(2, 3), sample.array(2, 3, low=0.5, high=2.0), axis=(0, 1))
    sample(sample.array(2, 3), sample.array(3, low=0.5, high=2.0), axis=-1)


@softmax.samples
@log_softmax.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, 3), axis=0)
    sample(sample.array(2, 3, 2), axis=(0, -1))


# -- composites

@twin(sp.zeta)
def zeta(x, q=None):
    return of_riemann(joined(x)) if q is None else gammas.zeta(x, q)


@twin(sp.multigammaln)
def multigammaln(a, d):
    a = joined(a)
    if np.any(a <= 0.5 * (d - 1)):
        raise ValueError(f"multigammaln: a is above (d - 1) / 2 = {0.5 * (d - 1)}, and a = {a}")
    return sum([sp.gammaln(a - j / 2) for j in range(d)]) + d * (d - 1) / 4 * math.log(math.pi)


@twin(sp.comb)
def comb(N, k, *, exact=False, repetition=False):
    if exact:
        raise TypeError("comb(exact=True) is of integers, which have no gradient; leave it out")
    N, k = joined(N), joined(k)
    if repetition:
        are_0 = (N == 0) & (k == 0)             # where there is one choice
        return np.where(are_0, 1, sp.binom(near(are_0, 1, N + k - 1), k))
    is_out = (k > N) | (N < 0) | (k < 0)
    return np.where(is_out, 0, sp.binom(near(is_out, 1, N), near(is_out, 0, k)))


@twin(sp.perm)
def perm(N, k, exact=False):
    if exact:
        raise TypeError("perm(exact=True) is of integers, which have no gradient; leave it out")
    N, k = joined(N), joined(k)
    is_out = (k > N) | (N < 0) | (k < 0)
    N, k = near(is_out, 1, N), near(is_out, 0, k)
    return np.where(is_out, 0, sp.poch(N - k + 1, k))


@twin(sp.factorial)
def factorial(n, exact=False, extend="zero"):
    if exact or extend != "zero":
        raise TypeError(f"factorial(exact={exact}, extend={extend!r}) of a Variable: the defaults only have a gradient")
    n = joined(n)
    is_out = n < 0
    return np.where(is_out, 0, sp.gamma(near(is_out, 0, n) + 1))


def derivative_of(bessel, sign):
    """Return the n-th derivative of a Bessel function, Σ binom(n, i) (±1)ⁱ times that of order v - n + 2i, all by 2ⁿ."""
    def derivative(v, z, n=1):
        v, z = joined(v), joined(z)
        if n < 0 or n != int(n):
            raise ValueError(f"the derivative of order n = {n} of a Bessel function: wanted a whole number from 0 on")
        return sum([math.comb(n, i) * sign ** i * bessel(v - n + 2 * i, z) for i in range(n + 1)]) / 2 ** n
    return derivative


jvp = twin(sp.jvp)(derivative_of(sp.jv, -1))
yvp = twin(sp.yvp)(derivative_of(sp.yv, -1))
ivp = twin(sp.ivp)(derivative_of(sp.iv, 1))


@twin(sp.kvp)
def kvp(v, z, n=1):
    return (-1) ** n * derivative_of(sp.kv, 1)(v, z, n)


@twin(sp.sinc)
def sinc(x):
    return np.sinc(x)


def softplus(x):
    """y = log(1 + eˣ)"""
    return np.logaddexp(0, x)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
