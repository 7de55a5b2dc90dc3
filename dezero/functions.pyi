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
def getitem(x: _Operand, index: Any) -> Variable:
    'y = x[index];   ∂y/∂x puts gy back to where it was taken from (`At`); what was taken twice adds up'
def scatter(x: _Operand, index: Any, shape: Any) -> Variable:
    'y = 0 of a shape, then y[index] += x;   ∂y/∂x = gy[index]'
def reshape(a: _Operand, shape: Any, order: Any = ...) -> Variable:
    'y = the elements of a in a shape;   ∂y/∂a = 1'
def squeeze(a: Any, axis: Any = ...) -> Variable:
    'y = a without axes of length 1'
def expand_dims(a: Any, axis: Any) -> Variable:
    'y = a with further axes of length 1, whose places in y are `axis`'
def ravel(a: Any, order: Any = ...) -> Variable:
    'y = the elements of a, in one row'
def flatten(x: Any, order: Any = ...) -> Variable:
    'y = the elements of x, in one row'
def transpose(a: _Operand, axes: Any = ...) -> Variable:
    'y[..., j, i] = a[i, j, ...];   ∂y/∂a = 1'
def swapaxes(a: Any, axis1: Any, axis2: Any) -> Variable:
    'y[..., i, ..., j, ...] = a[..., j, ..., i, ...]'
def moveaxis(a: Any, source: Any, destination: Any) -> Variable:
    'y = a with some axes at other places, and the rest in order'
def matrix_transpose(x: Any, /) -> Variable:
    'y[..., j, i] = x[..., i, j]'
def conj(x: _Operand) -> Variable:
    'y = the conjugate of x;   ∂y/∂x = 1'
def real(val: Any) -> Variable:
    'y = the real part of x;   ∂y/∂x = 1'
def imag(val: Any) -> Variable:
    'y = the imaginary part of x, which is 0;   a constant'
def __getattr__(name: str) -> Any: ...
