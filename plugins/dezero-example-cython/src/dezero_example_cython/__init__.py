"""example_cython for dezero: y = x² / (1 + x²)."""

import numpy as np
from dezero import Function, Kernel, hookimpl

from dezero_example_cython import _kernels

DEZERO_API = (1, 0)


class ExampleCython(Function):
    """y = x² / (1 + x²);   ∂y/∂x = 2x / (1 + x²)²

    Parameters
    ----------
    x : Variable, array or number

    Returns
    -------
    Variable
    """

    name = "example_cython"        # F.example_cython(x), x.example_cython()
    operators = ()              # such as ("__matmul__",), if no other op has it
    numpy = ()                  # such as (np.sinc,): NumPy functions that it answers
    kernel = Kernel(_kernels.forward, _kernels.backward, reads=((0,),))     # the gradient looks at x alone

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
    register(ExampleCython)
