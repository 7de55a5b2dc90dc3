from pluggy import HookimplMarker

from . import (core_simple as core_simple, detect as detect, drawing as drawing, errors as errors, functions as functions, memory as memory,
               numpy as numpy, plugins as plugins, testing as testing, transforms as transforms)
from ._kernels.gradients import At as At
from ._kernels.nodes import Kernel as Kernel
from .config import Config as Config, Mode, no_grad as no_grad, using_config as using_config
from .drawing import draw as draw
from .engine.function import Function as Function
from .engine.op import Op as Op, rule as rule
from .engine.rules import Saved as Saved
from .engine.variable import Variable as Variable, _Operand, as_array as as_array, as_variable as as_variable
from .functions import add as add, div as div, mul as mul, neg as neg, pow as pow, square as square, sub as sub
from .ops.add import Add as Add
from .ops.div import Div as Div
from .ops.mul import Mul as Mul
from .ops.neg import Neg as Neg
from .ops.pow import Pow as Pow
from .ops.square import Square as Square
from .ops.sub import Sub as Sub
from .transforms import (grad as grad, hessian as hessian, hvp as hvp, jacobian as jacobian, jvp as jvp,
                         value_and_grad as value_and_grad, vjp as vjp)

__version__: str
hookimpl: HookimplMarker

def get_include() -> str: ...
def rsub(x0: _Operand, x1: _Operand) -> Variable: ...
def rdiv(x0: _Operand, x1: _Operand) -> Variable: ...
def detect_anomaly() -> Mode: ...
def detect_changes() -> Mode: ...
