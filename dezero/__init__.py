"""dezero: reverse-mode automatic differentiation for NumPy code.

    >>> import numpy as np
    >>> from dezero import Variable
    >>> x = Variable(np.array(3.0))
    >>> y = x ** 2 + 4 * x
    >>> y.backward()
    >>> x.grad
    array(10.)
"""
import os

from . import _kernels, errors
from ._kernels.gradients import At
from ._kernels.nodes import Kernel
from ._version import __version__
from .config import Config, no_grad, using_config
from .engine import function, op, variable  # noqa: F401  so they say what to do where they are of another build
from .engine.function import Function
from .engine.op import Op, rule
from .engine.rules import Saved
from .engine.variable import Variable, as_array, as_variable
from .hookspecs import hookimpl

from . import plugins  # noqa: E402  ops import the names above, as any plugin does

plugins.load_builtins()

from .ops.add import Add  # noqa: E402
from .ops.div import Div  # noqa: E402
from .ops.mul import Mul  # noqa: E402
from .ops.neg import Neg  # noqa: E402
from .ops.pow import Pow  # noqa: E402
from .ops.square import Square  # noqa: E402
from .ops.sub import Sub  # noqa: E402

from .functions import add, div, mul, neg, pow, square, sub  # noqa: E402


def get_include():
    """The folder of dezero.h, for compiled kernels: ``Extension(..., include_dirs=[dezero.get_include()])``."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "include")


def rsub(x0, x1):
    """x1 - x0."""
    return sub(x1, x0)


def rdiv(x0, x1):
    """x1 / x0."""
    return div(x1, x0)


LATER = {
    "transforms": ("grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp"),
    "drawing": ("draw",),
    "detect": ("detect_anomaly", "detect_changes"),
    "memory": (),
    "numpy": (),
}
"""Modules that are imported when somebody asks for them or for one of their names: `import dezero` stays fast."""


def __getattr__(name):
    from importlib import import_module
    for module, names in LATER.items():
        if name == module:
            with _kernels.extensions.explaining(f"dezero.{module}"):
                return import_module(f"dezero.{module}")
        if name in names:
            globals()[name] = value = getattr(__getattr__(module), name)
            return value
    raise AttributeError(f"module 'dezero' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *LATER, *[name for names in LATER.values() for name in names]})
