from typing import Any

from .engine.variable import Variable, _Operand

# the ops
def add(x1: _Operand, x2: _Operand) -> Variable:
    'y = x0 + x1;   ∂y/∂x0 = 1,   ∂y/∂x1 = 1'
def sub(x1: _Operand, x2: _Operand) -> Variable:
    'y = x0 - x1;   ∂y/∂x0 = 1,   ∂y/∂x1 = -1'
def mul(x1: _Operand, x2: _Operand) -> Variable:
    'y = x0 · x1;   ∂y/∂x0 = x1,   ∂y/∂x1 = x0'
def div(x1: _Operand, x2: _Operand) -> Variable:
    'y = x0 / x1;   ∂y/∂x0 = 1 / x1,   ∂y/∂x1 = -(x0 / x1) / x1'
def pow(x1: _Operand, x2: _Operand = ..., *, c: Any = ...) -> Variable:
    'y = x0 ** x1;   ∂y/∂x0 = x1 · x0 ** (x1 - 1),   ∂y/∂x1 = y · log(x0)'
def neg(x: _Operand) -> Variable:
    'y = -x;   ∂y/∂x = -1'
def square(x: _Operand) -> Variable:
    'y = x²;   ∂y/∂x = 2x'
def sum(a: _Operand, axis: Any = ..., dtype: Any = ..., *, keepdims: Any = ..., initial: Any = ..., where: Any = ...) -> Variable:
    'y = Σ x over the axes;   ∂y/∂x = 1, broadcast to the shape of x, and 0 where `where` is False'
def broadcast_to(array: _Operand, shape: Any) -> Variable:
    'y[..., i, ...] = x[..., 0, ...];   ∂y/∂x = 1, summed over the axes that were broadcast'
def getitem(x: Any, /, index: Any) -> Variable:
    'y = x[index];   ∂y/∂x puts gy back to where it was taken from (`At`); what was taken twice adds up'
def scatter(x: _Operand, index: Any, shape: Any) -> Variable:
    'y = 0 of a shape, then y[index] += x;   ∂y/∂x = gy[index]'
def __getattr__(name: str) -> Any: ...
