"""example_python for dezero: y = x² / (1 + x²)."""

import numpy as np
from dezero import Function, hookimpl

from dezero_example_python.floordiv import FloorDiv
from dezero_example_python.hypot import Hypot
from dezero_example_python.polar import ToPolar
from dezero_example_python.rms import Rms

DEZERO_API = (1, 0)


class ExamplePython(Function):
    """y = x² / (1 + x²);   ∂y/∂x = 2x / (1 + x²)²

    Parameters
    ----------
    x : Variable, array or number

    Returns
    -------
    Variable
    """

    name = "example_python"        # F.example_python(x), x.example_python()
    operators = ()              # such as ("__matmul__",), if no other op has it
    numpy = ()                  # such as (np.sinc,): NumPy functions that it answers

    def forward(self, x):
        """On arrays."""
        square = np.square(x)
        return square / (1.0 + square)

    def backward(self, gy):
        """The rule, with operators: it serves arrays and, for second derivatives, Variables."""
        x, = self.inputs
        return gy * 2.0 * x / (1.0 + x ** 2) ** 2


@hookimpl
def dezero_register_ops(register):
    register(ExamplePython)
    register(FloorDiv)
    register(Hypot)
    register(Rms)
    register(ToPolar)
