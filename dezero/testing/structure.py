"""Operands with a structure: a symmetric matrix, one that is positive definite, made of an array without any."""
import numpy as np

from dezero.engine.function import Function
from dezero.engine.variable import Variable
from dezero.testing.numeric import differences, slope


class Structured:
    """An operand that a function makes of a free array; the op is differentiated by the array, through the function."""

    def __init__(self, f, array):
        self.f, self.array = f, array


def structured(f, x):
    """The operand: of an array an array, of a Variable a Variable, whose gradient comes from the values of f alone."""
    return Through(f)(x) if isinstance(x, Variable) else made(f, x)


def made(f, x):
    """f(x) as an array of its own, in the dtype of x where that is floating."""
    y = np.array(f(x))
    return y.astype(x.dtype) if x.dtype.kind == "f" else y


def step(x, k, t):
    """x with t added to element k."""
    x = x.astype(complex if isinstance(t, complex) else float)
    x.flat[k] += t
    return x


class Through(Function):
    """y = f(x);   the gradient is numeric, so that f may be made of what no op is there for"""

    order = None                            # numbers on purpose

    def __init__(self, f):
        self.f = f

    def forward(self, x):
        return made(self.f, x)

    def backward(self, gy):
        x, = self.inputs
        return Pull(self.f)(x, gy) if isinstance(gy, Variable) else pulled(self.f, x.data, gy)


class Pull(Function):
    """y = Jᵀ gy, of the Jacobian J of f at x"""

    order = None

    def __init__(self, f):
        self.f = f

    def forward(self, x, gy):
        return pulled(self.f, x, gy)

    def backward(self, g):
        x, gy, g = [v.data if isinstance(v, Variable) else v for v in (*self.inputs, g)]
        along_g = lambda x: slope(lambda s: (gy * self.f(x + s * g)).sum())[0]
        by_x = [differences(lambda t: along_g(step(x, k, t)))[0] for k in range(x.size)]
        by_gy = [slope(lambda s: np.asarray(self.f(x + s * g)).flat[j])[0] for j in range(gy.size)]
        return tuple([Variable(np.reshape(d, v.shape).astype(v.dtype)).detach() for d, v in ((by_x, x), (by_gy, gy))])


def pulled(f, x, gy):
    """Jᵀ gy, element by element."""
    found = [slope(lambda t: (gy * f(step(x, k, t))).sum())[0] for k in range(x.size)]
    return np.reshape(found, x.shape).astype(gy.dtype)
