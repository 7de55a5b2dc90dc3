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
def assign(x: _Operand, v: _Operand, index: Any) -> Variable:
    'y = x, but for y[index] = v;   ∂y/∂x = 1, but for 0 at the index;   ∂y/∂v = 1 there, summed over what was broadcast'
def copyto(dst: Any, src: Any, casting: Any = ..., where: Any = ...) -> Any:
    'Do dst[where] = src, broadcast to dst.'
def place(arr: Any, mask: Any, vals: Any) -> Any:
    'Do arr[mask] = the first of vals, repeated or cut to as many.'
def putmask(a: Any, /, mask: Any, values: Any) -> Any:
    'Do a.flat[i] = values.flat[i], repeated, where the mask is True.'
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> Any:
    'Do arr[..., indices[..., i, ...], ...] = values[..., i, ...], with i on an axis; None: in arr.flat.'
def fill_diagonal(a: Any, val: Any, wrap: Any = ...) -> Any:
    'Do a[i, i, ...] = val.'
def put(a: Any, ind: Any, v: Any, mode: Any = ...) -> Any:
    'Do a.flat[ind] = v, repeated or cut to as many.'
def fill(x: Any, value: Any) -> Any:
    'Do x[...] = value, one number.'
def add_at(a: Any, indices: Any, b: Any = ..., /) -> Any:
    'Do a[indices] += b; what is named twice adds up.'
def subtract_at(a: Any, indices: Any, b: Any = ..., /) -> Any:
    'Do a[indices] -= b; what is named twice adds up.'
def flat(x: Any) -> Any:
    'The elements of x in one row, to be read and assigned.'
def reshape(a: _Operand, shape: Any, order: Any = ...) -> Variable:
    'y = the elements of a in a shape;   ∂y/∂a = 1'
def squeeze(a: Any, axis: Any = ...) -> Variable:
    'y = a without axes of length 1'
def expand_dims(a: Any, axis: Any) -> Variable:
    'y = a with further axes of length 1, whose places in y are `axis`'
def ravel(a: Any, order: Any = ...) -> Variable:
    'y = the elements of a, in one row'
def flatten(x: _Operand, order: Any = ...) -> Variable:
    'y = a copy of the elements of x, in one row;   ∂y/∂x = 1'
def transpose(a: _Operand, axes: Any = ...) -> Variable:
    'y[..., j, i] = a[i, j, ...];   ∂y/∂a = 1'
def swapaxes(a: Any, axis1: Any, axis2: Any) -> Variable:
    'y[..., i, ..., j, ...] = a[..., j, ..., i, ...]'
def moveaxis(a: Any, source: Any, destination: Any) -> Variable:
    'y = a with some axes at other places, and the rest in order'
def matrix_transpose(x: Any, /) -> Variable:
    'y[..., j, i] = x[..., i, j]'
def conj(x: _Operand) -> Variable:
    'y = the conjugate of x;   ∂y/∂x = 1 of a real x; of a complex one dy is the conjugate of dx'
def conjugate(x: Any) -> Variable:
    'y = the conjugate of x;   another name of conj'
def real(val: Any) -> Variable:
    'y = the real part of x;   of a real x it is x itself'
def imag(val: Any) -> Variable:
    'y = the imaginary part of x;   of a real x it is 0, a constant, to which nothing is assigned'
def pack(xs: Any, places: Any, base: Any, shape: Any, order: Any = ...) -> Variable:
    'y = base, but x_k at place k;   ∂y/∂x_k = gy there'
def array(object: Any, dtype: Any = ..., *, copy: Any = ..., order: Any = ..., subok: Any = ..., ndmin: Any = ...) -> Variable:
    'y = the array of what is in nested lists: Variables, arrays and numbers'
def asarray(a: Any, dtype: Any = ..., order: Any = ..., *, device: Any = ..., copy: Any = ...) -> Variable:
    'y = the array of what is in nested lists; a Variable is itself'
def ascontiguousarray(a: Any, dtype: Any = ...) -> Variable:
    'y = the array of what is in nested lists, with an axis at least, in the order of C'
def asfortranarray(a: Any, dtype: Any = ...) -> Variable:
    'y = the array of what is in nested lists, in the order of Fortran'
def full(shape: Any, fill_value: Any, dtype: Any = ..., order: Any = ..., *, device: Any = ...) -> Variable:
    'y = an array of a shape in which each element is x, which is broadcast'
def fromiter(iter: Any, dtype: Any, count: Any = ...) -> Variable:
    'y = the numbers and 0-d Variables that come, in one row'
def arange(start: Any = ..., stop: Any = ..., step: Any = ..., dtype: Any = ..., *, device: Any = ...) -> Variable:
    'y_i = start + i step, as far as stop, whose gradient is 0'
def linspace(start: Any, stop: Any, num: Any = ..., endpoint: Any = ..., retstep: Any = ..., dtype: Any = ..., axis: Any = ..., *, device: Any = ...) -> Any:
    'y_i = start + i (stop - start) / (num - 1), for num of i along an axis; with `retstep` also the step'
def logspace(start: Any, stop: Any, num: Any = ..., endpoint: Any = ..., base: Any = ..., dtype: Any = ..., axis: Any = ...) -> Variable:
    'y_i = base to the power of a range of exponents'
def geomspace(start: Any, stop: Any, num: Any = ..., endpoint: Any = ..., dtype: Any = ..., axis: Any = ...) -> Variable:
    'y_i = start (stop / start)^(i / (num - 1)), for num of i along an axis'
def __getattr__(name: str) -> Any: ...
