"""x"""
import numpy as np
import scipy.special as sp
from dezero import hookimpl
from dezero_scipy._rules import register_all, special, unknown
@special(sp.jv)
def jv(gy, y, v, z):
    """y = Jᵥ(z);   ∂y/∂z = (Jᵥ₋₁ - Jᵥ₊₁) / 2"""
    return unknown("scipy.special.jv", "v"), gy * (sp.jv(v - 1, z) - sp.jv(v + 1, z)) / 2


@jv.samples
def _(sample):
    sample(np.array([0, 1, 2]), sample.array(2, 3))
    sample(0.5, sample.array(2, 3, low=.5))
@special(sp.airy)
def airy(gy, y, z):
    """y = Ai, Ai', Bi, Bi';   y'' = z y"""
    return gy[0] * y[1] + gy[1] * z * y[0] + gy[2] * y[3] + gy[3] * z * y[2]

@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
