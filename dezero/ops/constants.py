"""NumPy functions that are locally constant, answered on the data, as plain arrays; and those that make an array like another."""
import numpy as np

from dezero import Function, Variable, hookimpl, rule
from dezero.errors import GradientError

LOCALLY_CONSTANT = (
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.isnan, np.isinf, np.isfinite, np.signbit, np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around,
    np.shape, np.ndim, np.size, np.any, np.all, np.count_nonzero, np.iscomplexobj, np.isrealobj, np.isreal,
    np.can_cast, np.may_share_memory, np.shares_memory, np.isin, np.digitize, np.argpartition, np.unravel_index,
    np.argmax, np.argmin, np.argsort, np.nonzero, np.searchsorted,
    np.allclose, np.isclose, np.array_equal, np.result_type,
)


def made(y):
    """What was made, as a constant Variable; of integers or booleans, as a plain array."""
    return Variable(y).detach() if y.dtype.kind in "fc" else y


def zeros_like(a, *args, **kwargs):
    return made(np.zeros_like(a._prototype(), *args, **kwargs))


def ones_like(a, *args, **kwargs):
    return made(np.ones_like(a._prototype(), *args, **kwargs))


def empty_like(a, *args, **kwargs):
    return made(np.empty_like(a._prototype(), *args, **kwargs))


def full_like(a, fill_value, *args, **kwargs):
    if not isinstance(fill_value, Variable):
        return made(np.full_like(a._prototype(), fill_value, *args, **kwargs))
    y = np.empty_like(a._prototype(), *args, **kwargs)
    if y.dtype.kind in "fc":
        return FullLike(y)(fill_value)
    y[...] = fill_value.detach().data
    return y


class FullLike(Function):
    """y = x, broadcast, in the shape, dtype and order in memory of an array;   ∂y/∂x = 1, summed over what was broadcast.

    Not registered.
    """

    def __init__(self, like):
        self.shape, self.dtype, self.strides = like.shape, like.dtype, like.strides

    def forward(self, x):
        if x.dtype.kind == "c" and self.dtype.kind != "c":
            raise GradientError(f"numpy.full_like: an array of dtype {self.dtype} does not hold a Variable of dtype {x.dtype}: say dtype, or "
                                "fill with its real part")
        y = np.ndarray(self.shape, self.dtype, strides=self.strides)
        y[...] = x
        return y

    def backward(self, gy):
        return gy


@rule(np.sign)
def sign_of_complex(gy, y, x):
    """y = x / |x|, 0 at 0;   dy = i y Im(dx / x), the part of dx / |x| across y.  Not registered"""
    size = np.real(np.conjugate(y) * x)
    return (gy - np.real(gy * y) * np.conjugate(y)) * (size != 0) / (size + (size == 0))


def sign(x, *args, **kwargs):
    if x.dtype.kind == "c":
        return sign_of_complex(x, *args, **kwargs)
    return np.sign(x.detach().data, *args, **kwargs)


@hookimpl
def dezero_register_ops(register):
    for function in LOCALLY_CONSTANT:
        register.constant(function)
    register.constant(np.sign, sign)
    for answer in (zeros_like, ones_like, empty_like, full_like):
        register.constant(getattr(np, answer.__name__), answer)
