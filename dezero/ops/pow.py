"""Powers."""
import numpy as np

from dezero import Function, _kernels, hookimpl
from dezero._kernels.nodes import frozen


class Pow(Function):
    """y = x0 ** x1;   ∂y/∂x0 = x1 · x0 ** (x1 - 1),   ∂y/∂x1 = y · log(x0)

    Where x1 is 0, ∂y/∂x0 is 0, and where x0 is 0 and x1 is not negative, ∂y/∂x1 is 0: limits that the formulas miss,
    having 0 · ∞ there.  Complex powers are those of the principal logarithm, as NumPy has it.

    Parameters
    ----------
    x0, x1 : Variable, array or number
        Of shapes that broadcast together.  ``Pow(c)(x)`` has the constant c for x1.

    Returns
    -------
    Variable
        As `numpy.power`.

    Raises
    ------
    ValueError
        A negative integer power of integers.
    """

    name = "pow"
    operators = ("__pow__",)
    numpy = (np.power,)
    kernel = _kernels.pow
    c = None

    def __init__(self, c=None):
        self.c = frozen(c) if isinstance(c, np.ndarray) else c

    def forward(self, x0, x1=None):
        if self.c is not None and x1 is not None:
            raise TypeError(f"Pow(c)(x) has its exponent already, c = {self.c}: wanted one operand, got two")
        return x0 ** (self.c if x1 is None else x1)

    def backward(self, gy):
        needs, x0, y = self.needs_input_grad, self.inputs[0], self.outputs[0]()
        x1 = self.c if self.c is not None else self.inputs[1] if needs[1] else plain(self.inputs[1])
        if y is None:                       # called by hand, outside of backward
            y = x0 ** x1
        if y.dtype.kind not in "fc":        # the gradient of integers is floating, and must not wrap as they do
            x0, x1 = 1.0 * x0, 1.0 * x1
            y = x0 ** x1
        gx0 = slope_of_base(gy, x0, x1, y.dtype, self.c is None and needs[1]) if needs[0] else None
        if self.c is not None:
            return gx0
        return gx0, slope_of_exponent(gy, x0, x1, y.dtype) if needs[1] else None

    @staticmethod
    def samples(sample):
        for low, high in ((0.15, 0.85), (1.15, 2.7)):
            for exponent in (sample.array(2, 3), sample.array(2, 3, low=0.2, high=2.5)):
                sample(sample.array(2, 3, low=low, high=high), exponent)
        sample(sample.array(2, 3), c=3.0)


def plain(x1):
    """A constant exponent, as a number where it is one: numbers are quick."""
    x1 = x1.detach().data
    return x1 if x1.ndim else x1.item()


def slope_of_base(gy, x0, x1, dtype, both):
    """x1 · x0 ** (x1 - 1), and 0 where x1 is 0, also where x0 ** -1 is infinite.

    Where both are differentiated by, the slope of this by x1 = 0 is x0 ** -1: there the power stays what it is, unless
    it is infinite.
    """
    if isinstance(x1, (int, float, complex)):
        return gy * x1 * x0 ** (x1 - (x1 != 0))
    is_limit = np.asarray(x1 == 0)
    if not both:
        return gy * x1 * x0 ** (x1 - np.logical_not(is_limit).astype(dtype))
    tiny = np.finfo(dtype).tiny
    is_limit = is_limit & np.logical_not(np.abs(x0.detach().data) >= tiny)
    return gy * x1 * PowLog(0)(x0 + is_limit.astype(dtype), x1 - np.logical_not(is_limit).astype(dtype))


def slope_of_exponent(gy, x0, x1, dtype):
    """x0 ** x1 · log(x0), and 0 where both are 0."""
    is_limit = np.asarray((x0 == 0) & (x1 == 0))
    return gy * PowLog(1)(x0 + is_limit.astype(dtype), x1)


class PowLog(Function):
    """y = x0 ** x1 · log(x0) ** k, the limit 0 where x0 is 0 and x1 positive (its real part, of a complex one)

    ∂y/∂x0 = x1 · x0 ** (x1 - 1) · log(x0) ** k + k · x0 ** (x1 - 1) · log(x0) ** (k - 1),   ∂y/∂x1 = y · log(x0)

    The derivatives of a power, of any order, are made of these.  A product of a power and a logarithm would have 0 · ∞
    at 0, and its derivative the wrong limit: the one of x0 ** x1 by both, at (0, 1), is -∞.  Not registered.
    """

    def __init__(self, k):
        self.k = k

    def forward(self, x0, x1):
        y = x0 ** x1
        if self.k == 0:
            return y
        at_limit = (x0 == 0) & (x1.real > 0)
        return y * np.log((x0 + at_limit).astype(y.dtype, copy=False)) ** self.k        # of negative x0 and complex x1 it is complex

    def backward(self, gy):
        x0, x1 = self.inputs
        needs = self.needs_input_grad
        return self.slope_of_base(gy, x0, x1) if needs[0] else None, gy * PowLog(self.k + 1)(x0, x1) if needs[1] else None

    def slope_of_base(self, gy, x0, x1):
        less = x1 - np.not_equal(x1, 0)
        slope = x1 * PowLog(self.k)(x0, less)
        return gy * (slope + self.k * PowLog(self.k - 1)(x0, x1 - 1) if self.k else slope)


@hookimpl
def dezero_register_ops(register):
    register(Pow)
