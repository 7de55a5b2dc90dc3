"""The real and the imaginary part, and the conjugate: of real numbers so far."""
import numpy as np

from dezero import Variable, hookimpl


def real(val) -> Variable:
    """y = the real part of x;   ∂y/∂x = 1"""
    return val if isinstance(val, (Variable, np.ndarray)) else np.asarray(val)


def imag(val) -> Variable:
    """y = the imaginary part of x, which is 0;   a constant"""
    return np.zeros_like(val)


def conj(x) -> Variable:
    """y = the conjugate of x;   ∂y/∂x = 1"""
    return real(x)


@hookimpl
def dezero_register_ops(register):
    register.function(real, (np.real,), method=None, attribute="real")
    register.function(imag, (np.imag,), method=None, attribute="imag")
    register.function(conj, (np.conjugate,))
