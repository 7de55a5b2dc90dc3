"""Powers."""
import numpy as np

from dezero import Function, _kernels, hookimpl


class Pow(Function):
    """y = x0 ** x1;   ∂y/∂x0 = x1 · x0 ** (x1 - 1),   ∂y/∂x1 = y · log(x0)

    Where x1 is 0, ∂y/∂x0 is 0, and where x0 is 0 and x1 is not negative, ∂y/∂x1 is 0: limits that the formulas miss,
    having 0 · ∞ there.

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
        self.c = c

    def forward(self, x0, x1=None):
        if self.c is not None and x1 is not None:
            raise TypeError(f"Pow(c)(x) has its exponent already, c = {self.c}: wanted one operand, got two")
        return x0 ** (self.c if x1 is None else x1)

    def backward(self, gy):
        needs, x0, y = self.needs_input_grad, self.inputs[0], self.outputs[0]()
        x1 = self.c if self.c is not None else self.inputs[1] if needs[1] else plain(self.inputs[1])
        if y is None:                       # called by hand, outside of backward
            y = x0 ** x1
        if y.dtype.kind != "f":             # the gradient of integers is floating, and must not wrap as they do
            x0, x1 = 1.0 * x0, 1.0 * x1
            y = x0 ** x1
        gx0 = slope_of_base(gy, x0, x1, y.dtype, self.c is None and needs[1]) if needs[0] else None
        if self.c is not None:
            return gx0
        return gx0, slope_of_exponent(gy, x0, x1, y) if needs[1] else None

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
    if isinstance(x1, (int, float)):
        return gy * x1 * x0 ** (x1 - (x1 != 0))
    is_limit = np.asarray(x1 == 0)
    if both:
        tiny = np.finfo(dtype).tiny
        is_limit = is_limit & np.logical_not((x0 >= tiny) | (x0 <= -tiny))
    return gy * x1 * x0 ** (x1 - np.logical_not(is_limit).astype(dtype))


def slope_of_exponent(gy, x0, x1, y):
    is_limit = np.asarray((x0 == 0) & (x1 >= 0))
    return gy * y * Log()(x0 + is_limit.astype(y.dtype))


class Log(Function):
    """y = log x;   ∂y/∂x = 1 / x.  Not registered: `numpy.log` is for an op package to claim."""

    def forward(self, x):
        return np.log(x)

    def backward(self, gy):
        x, = self.inputs
        return gy / x


@hookimpl
def dezero_register_ops(register):
    register(Pow)
