"""The conjugate, the real and the imaginary part."""
import numpy as np

from dezero import Variable, functions, hookimpl, rule
from dezero.errors import DTypeError


def method(x) -> Variable:
    """y = the conjugate of x;   of a real x it is x itself, as NumPy has it of the method alone"""
    return conj.apply(x) if is_complex(x) else x


@rule(np.conjugate, method=method)
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


def assign_real(z, index, v):
    """Do z.real[index] = v."""
    z[index] = real_value(v) + 1j * z[index].imag


def assign_imag(z, index, v):
    """Do z.imag[index] = v."""
    z[index] = z[index].real + 1j * real_value(v)


def real_value(v):
    """Return a value to assign to a part, which is to be real."""
    v = v if isinstance(v, Variable) else functions.array(v)
    if is_complex(v):
        raise DTypeError(f"z.real[i] = v, or z.imag[i] = v: v is of dtype {v.dtype}, wanted real numbers")
    return v


real_part.cls.assign_operand, imag_part.cls.assign_operand = staticmethod(assign_real), staticmethod(assign_imag)


def is_complex(val):
    """Is it a Variable, an array or a number that has an imaginary part?"""
    return (val if isinstance(val, (Variable, np.ndarray)) else np.asarray(val)).dtype.kind == "c"


def real(val) -> Variable:
    """y = the real part of x;   of a real x it is x itself"""
    if is_complex(val):
        return real_part.apply(val)
    return val if isinstance(val, (Variable, np.ndarray)) else np.asarray(val)


def imag(val) -> Variable:
    """y = the imaginary part of x;   of a real x it is 0, a constant, to which nothing is assigned"""
    if is_complex(val):
        return imag_part.apply(val)
    y = np.zeros_like(val)
    (y.data if isinstance(y, Variable) else y).setflags(write=False)
    return y


@hookimpl
def dezero_register_ops(register):
    register(conj)
    register.function(conjugate, method=method)
    register.function(real, (np.real,), method=None, attribute="real")
    register.function(imag, (np.imag,), method=None, attribute="imag")
