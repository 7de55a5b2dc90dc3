"""Another order of the axes, and NumPy's functions that are made of it."""
import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from dezero import Variable, hookimpl, rule
from dezero.ops.reshape import operand


def forward(a, axes=None) -> np.ndarray:
    return a.transpose(axes)                # np.transpose, 0.4 us sooner


def method(x, *axes, **named) -> Variable:
    """Return ``x.transpose()``, ``x.transpose(1, 0)`` or ``x.transpose((1, 0))``."""
    return transpose.apply(x, *(axes if len(axes) < 2 else (axes,)), **named)


@rule(forward, np.transpose, operands=("a",), method=method, attribute="T")
def transpose(gy, y, a, axes=None):
    """y[..., j, i] = a[i, j, ...];   ∂y/∂a = 1

    Parameters
    ----------
    a : Variable, array or number
    axes : None, int or tuple of int
        Which axis of a is each axis of the result; None reverses them.

    Returns
    -------
    Variable
        As `numpy.transpose`, but of its own memory.
    """
    if axes is not None:
        axes = [axis % a.ndim for axis in np.atleast_1d(axes)]
        axes = [axes.index(axis) for axis in range(a.ndim)]
    return np.transpose(gy, axes)


@transpose.samples
def samples(sample):
    sample(sample.array(2, 3))
    for axes in ((0, 1, 2), (2, 0, 1), (1, -1, 0)):
        sample(sample.array(2, 3, 4), axes)


def swapaxes(a, axis1, axis2) -> Variable:
    """y[..., i, ..., j, ...] = a[..., j, ..., i, ...]"""
    a = operand(a)
    axis1, axis2 = normalize_axis_index(axis1, a.ndim, "axis1"), normalize_axis_index(axis2, a.ndim, "axis2")
    axes = list(range(a.ndim))
    axes[axis1], axes[axis2] = axis2, axis1
    return transpose.apply(a, tuple(axes))


def moveaxis(a, source, destination) -> Variable:
    """y = a with some axes at other places, and the rest in order"""
    a = operand(a)
    source = normalize_axis_tuple(source, a.ndim, "source")
    destination = normalize_axis_tuple(destination, a.ndim, "destination")
    if len(source) != len(destination):
        raise ValueError(f"moveaxis: source and destination name {len(source)} and {len(destination)} axes, wanted as many")
    axes = [axis for axis in range(a.ndim) if axis not in source]
    for place, axis in sorted(zip(destination, source)):
        axes.insert(place, axis)
    return transpose.apply(a, tuple(axes))


def matrix_transpose(x, /) -> Variable:
    """y[..., j, i] = x[..., i, j]"""
    if operand(x).ndim < 2:
        raise ValueError(f"matrix_transpose: got {operand(x).ndim} dimensions, wanted 2 at least")
    return swapaxes(x, -1, -2)


@hookimpl
def dezero_register_ops(register):
    register(transpose)
    register.function(swapaxes, (np.swapaxes,))
    register.function(moveaxis, (np.moveaxis,), method=None)            # arrays have none
    register.function(matrix_transpose, (np.matrix_transpose, np.linalg.matrix_transpose), method=None, attribute="mT")
