"""The conjugate, the real and the imaginary part."""
import numpy as np

from dezero import Variable, hookimpl, rule


@rule(np.conjugate)
def conj(gy, y, x):
    """y = the conjugate of x;   ∂y/∂x = 1 of a real x; of a complex one dy is the conjugate of dx"""
    return np.conjugate(gy)


def conjugate(x) -> Variable:
    """y = the conjugate of x;   another name of conj"""
    return conj.apply(x)


@rule(lambda z: z.real)
def real_part(gy, y, z):
    """y = the real part of z, which is complex;   dy = Re(dz).  Not registered"""
    return gy


@rule(lambda z: z.imag)
def imag_part(gy, y, z):
    """y = the imaginary part of z, which is complex;   dy = Re(-i dz).  Not registered"""
    return -1j * gy


def is_complex(val):
    """Is it a Variable, an array or a number that has an imaginary part?"""
    return (val if isinstance(val, (Variable, np.ndarray)) else np.asarray(val)).dtype.kind == "c"


def real(val) -> Variable:
    """y = the real part of x;   of a real x it is x itself"""
    if is_complex(val):
        return real_part.apply(val)
    return val if isinstance(val, (Variable, np.ndarray)) else np.asarray(val)


def imag(val) -> Variable:
    """y = the imaginary part of x;   of a real x it is 0, a constant"""
    return imag_part.apply(val) if is_complex(val) else np.zeros_like(val)


@hookimpl
def dezero_register_ops(register):
    register(conj)
    register.function(conjugate)
    register.function(real, (np.real,), method=None, attribute="real")
    register.function(imag, (np.imag,), method=None, attribute="imag")
