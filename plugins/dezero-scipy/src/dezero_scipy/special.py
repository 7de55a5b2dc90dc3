"""scipy.special: its ufuncs, which take Variables themselves, and those of its Python functions that have gradients here."""
import math

import numpy as np
import scipy.special as sp
from dezero import hookimpl, rule
from scipy.special import *  # noqa: F403: the names of the module that this one stands for

from dezero_scipy._rules import near, register_all, twin
from dezero_scipy.ufuncs.gammas import polygamma
from dezero_scipy.ufuncs.gammas import zeta as of_hurwitz


def kept(y, axis, keepdims):
    """Return y, a reduction, with length 1 on the axes that were reduced; for all of them a 0-d one does."""
    return y if keepdims or axis is None else np.expand_dims(y, axis)


@rule(lambda a, b=None, *, axis=None, keepdims=False: sp.logsumexp(a, axis, b, keepdims), name="special.logsumexp",
      operands=("a", "b?"), method=None)
def sum_of_exp(gy, y, a, b=None, *, axis=None, keepdims=False):
    """y = log Σ b eᵃ;   ∂y/∂a = b eᵃ⁻ʸ,   ∂y/∂b = eᵃ⁻ʸ, 0 where y is infinite"""
    gy, y = kept(gy, axis, keepdims), kept(y, axis, keepdims)
    is_lost = np.isinf(y)
    g = np.where(is_lost, 0, gy) * np.exp(near(is_lost, 0, a) - near(is_lost, 0, y))
    return (g, None) if b is None else (g * b, g)


def logsumexp(a, axis=None, b=None, keepdims=False):
    """y = log Σ b eᵃ"""
    return sum_of_exp(a, b, axis=axis, keepdims=keepdims)


@rule(sp.softmax, name="special.softmax", method=None)
def softmax(gy, y, x, axis=None):
    """y = eˣ / Σ eˣ;   ∂/∂x: y (gy - Σ gy y)"""
    return y * (gy - np.sum(gy * y, axis, keepdims=True))


@rule(sp.log_softmax, name="special.log_softmax", method=None)
def log_softmax(gy, y, x, axis=None):
    """y = x - log Σ eˣ;   ∂/∂x: gy - eʸ Σ gy"""
    return gy - np.exp(y) * np.sum(gy, axis, keepdims=True)


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
    return sp.zeta(x) if q is None else of_hurwitz(x, q)


@twin(sp.multigammaln)
def multigammaln(a, d):
    if np.any(a <= 0.5 * (d - 1)):
        raise ValueError(f"multigammaln: a is above (d - 1) / 2 = {0.5 * (d - 1)}, and a = {a}")
    return sum([sp.gammaln(a - j / 2) for j in range(d)]) + d * (d - 1) / 4 * math.log(math.pi)


@twin(sp.comb)
def comb(N, k, *, exact=False, repetition=False):
    if exact:
        raise TypeError("comb(exact=True) is of integers, which have no gradient; leave it out")
    if repetition:
        N = N + k - 1
    is_out = (k > N) | (N < 0) | (k < 0)
    return np.where(is_out, 0, sp.binom(near(is_out, 1, N), near(is_out, 0, k)))


@twin(sp.perm)
def perm(N, k, exact=False):
    if exact:
        raise TypeError("perm(exact=True) is of integers, which have no gradient; leave it out")
    is_out = (k > N) | (N < 0) | (k < 0)
    N, k = near(is_out, 1, N), near(is_out, 0, k)
    return np.where(is_out, 0, sp.poch(N - k + 1, k))


@twin(sp.factorial)
def factorial(n, exact=False, extend="zero"):
    if exact or extend != "zero":
        raise TypeError(f"factorial(exact={exact}, extend={extend!r}) of a Variable: the defaults only have a gradient")
    is_out = n < 0
    return np.where(is_out, 0, sp.gamma(near(is_out, 0, n) + 1))


def derivative_of(bessel, sign):
    """Return the n-th derivative of a Bessel function, Σ binom(n, i) (±1)ⁱ times that of order v - n + 2i, all by 2ⁿ."""
    def derivative(v, z, n=1):
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
