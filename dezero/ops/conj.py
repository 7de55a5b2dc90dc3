"""The conjugate, the real and the imaginary part: of real numbers so far."""
import numpy as np

from dezero import Variable, hookimpl, rule


@rule(np.conjugate)
def conj(gy, y, x):
    """y = the conjugate of x;   ∂y/∂x = 1"""
    return gy


def conjugate(x) -> Variable:
    """y = the conjugate of x;   another name of conj"""
    return conj.apply(x)


def real(val) -> Variable:
    """y = the real part of x;   ∂y/∂x = 1"""
    return val if isinstance(val, (Variable, np.ndarray)) else np.asarray(val)


def imag(val) -> Variable:
    """y = the imaginary part of x, which is 0;   a constant"""
    return np.zeros_like(val)


@hookimpl
def dezero_register_ops(register):
    register(conj)
    register.function(conjugate)
    register.function(real, (np.real,), method=None, attribute="real")
    register.function(imag, (np.imag,), method=None, attribute="imag")
