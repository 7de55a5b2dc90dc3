"""Another shape of the same elements, and NumPy's functions that are made of it."""
import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from dezero import Variable, hookimpl, rule


def forward(a, shape, order="C") -> np.ndarray:
    return a.reshape(shape, order=checked(order))       # np.reshape, 0.4 us sooner


def checked(order):
    """Return an order, or refuse one that is another for the same elements."""
    if order not in ("C", "F"):
        raise TypeError(f"order={order!r} is not supported, since it depends on how the data lie in memory: give 'C' or 'F'")
    return order


def method(x, *shape, **how) -> Variable:
    """Return ``x.reshape(2, 3)``, or ``x.reshape((2, 3))``."""
    return reshape.apply(x, *(shape if len(shape) < 2 else (shape,)), **how)


@rule(forward, np.reshape, operands=("a",), method=method)
def reshape(gy, y, a, shape, order="C"):
    """y = the elements of a in a shape;   ∂y/∂a = 1

    Parameters
    ----------
    a : Variable, array or number
    shape : int or tuple of int
        Of the result; one length may be -1.
    order : "C" or "F"
        In which the elements are taken, and placed.

    Returns
    -------
    Variable
        As `numpy.reshape`, but of its own memory.
    """
    return gy.reshape(a.shape, order=order)


@reshape.samples
def samples(sample):
    for order in ("C", "F"):
        sample(sample.array(2, 3), (3, 2), order)
    sample(sample.array(2, 3), -1)
    sample(sample.array(1, 1), ())


def operand(a):
    """Return a Variable or an array as it is, and numbers as an array."""
    return a if isinstance(a, (Variable, np.ndarray)) else np.asarray(a)


def squeeze(a, axis=None) -> Variable:
    """y = a without axes of length 1"""
    a = operand(a)
    out = range(a.ndim) if axis is None else normalize_axis_tuple(axis, a.ndim, "axis")
    if axis is not None and any([a.shape[i] != 1 for i in out]):
        raise ValueError(f"squeeze: axis={axis} of shape {a.shape}: only an axis of length 1 can be left out")
    return reshape.apply(a, tuple([n for i, n in enumerate(a.shape) if n != 1 or i not in out]))


def expand_dims(a, axis) -> Variable:
    """y = a with further axes of length 1, whose places in y are `axis`"""
    a = operand(a)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    new, lengths = normalize_axis_tuple(axes, a.ndim + len(axes), "axis"), iter(a.shape)
    return reshape.apply(a, tuple([1 if i in new else next(lengths) for i in range(a.ndim + len(axes))]))


def ravel(a, order="C") -> Variable:
    """y = the elements of a, in one row"""
    return reshape.apply(operand(a), -1, order)


@hookimpl
def dezero_register_ops(register):
    register(reshape)
    register.function(squeeze, (np.squeeze,))
    register.function(expand_dims, (np.expand_dims,), method=None)      # arrays have none
    register.function(ravel, (np.ravel,))
