"""Operands with a structure: a symmetric matrix, one that is positive definite, made of an array without any."""
import numpy as np

from dezero.engine.function import Function
from dezero.engine.variable import Variable
from dezero.testing.numeric import differences, is_complex, slope, wide


class Structured:
    """An operand that a function makes of a free array; the op is differentiated by the array, through the function."""

    def __init__(self, f, array):
        self.f, self.array = f, array


def structured(f, x):
    """The operand: of an array an array, of a Variable a Variable, whose gradient comes from the values of f alone."""
    return Through(f)(x) if isinstance(x, Variable) else made(f, x)


def made(f, x):
    """f(x) as an array of its own, in the precision of x where that is floating."""
    y = np.array(f(x))
    return y.astype(np.result_type(x, 1j) if is_complex(y) else x.real.dtype) if x.dtype.kind in "fc" else y


def step(x, k, t):
    """x with t added to element k."""
    x = x.astype(complex) if isinstance(t, complex) else wide(x)
    x.flat[k] += t
    return x


class Through(Function):
    """y = f(x);   the gradient is numeric, by both parts of complex numbers, so that f may be made of what no op is there for"""

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
        along_g = lambda x: slope(lambda s: real_sum(gy, self.f(x + s * g)))[0]
        by_x = [along_axes(differences, x, lambda t: along_g(step(x, k, t))) for k in range(x.size)]
        how = differences if is_complex(gy) else slope
        by_gy = [how(lambda s: np.asarray(self.f(x + s * g)).flat[j])[0] for j in range(gy.size)]
        return tuple([Variable(np.reshape(d, v.shape).astype(v.dtype)).detach() for d, v in ((by_x, x), (by_gy, gy))])


def pulled(f, x, gy):
    """Jᵀ gy, element by element."""
    found = [along_axes(slope, x, lambda t: real_sum(gy, f(step(x, k, t)))) for k in range(x.size)]
    return np.reshape(found, x.shape).astype(np.result_type(gy.real.dtype, 1j) if is_complex(x) else gy.real.dtype)


def real_sum(gy, y):
    """Re Σ gy·y; of a complex step of a real y the sum itself."""
    total = (gy * y).sum()
    return total.real if is_complex(gy) else total


def along_axes(derivative, x, line):
    """The derivative of a real number by an element of x, as rules have it: by a complex one ∂/∂Re - i ∂/∂Im."""
    by_real = derivative(line)[0]
    return by_real - 1j * derivative(lambda t: line(1j * t))[0] if is_complex(x) else by_real
