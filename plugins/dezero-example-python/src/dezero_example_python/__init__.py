"""example_python for dezero: y = x² / (1 + x²)."""

import numpy as np
from dezero import hookimpl, rule

from dezero_example_python.dropout import Dropout
from dezero_example_python.floordiv import floordiv
from dezero_example_python.hypot import hypot
from dezero_example_python.polar import to_polar
from dezero_example_python.rms import rms

DEZERO_API = (1, 0)


def forward(x):
    """On arrays."""
    square = np.square(x)
    return square / (1.0 + square)


@rule(forward)
def example_python(gy, y, x):
    """y = x² / (1 + x²);   ∂y/∂x = 2x / (1 + x²)²

    Parameters
    ----------
    x : Variable, array or number

    Returns
    -------
    Variable
    """
    return gy * 2.0 * x / (1.0 + x ** 2) ** 2


@hookimpl
def dezero_register_ops(register):
    register(example_python)
    register(floordiv)
    register(hypot)
    register(rms)
    register(to_polar)
    register(Dropout)
