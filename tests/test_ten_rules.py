"""Ten ops of NumPy as rules, one of each kind, in 55 lines with their helpers: `check_op` finds nothing wrong with them."""
from pathlib import Path

import numpy as np
import pytest

from dezero import At, plugins, rule
from dezero.testing import check_op

# -- the ten

def T(a):
    return np.swapaxes(a, -1, -2)

def share(gy, x, other):                # of the greater one; ties get half
    return gy * ((x > other) + (x == other) / 2).astype(gy.dtype)

def kept(y, axis, keepdims):            # with the axes that were reduced
    return y if keepdims or axis is None else np.expand_dims(y, axis)

@rule(np.exp)
def exp(gy, y, x): return gy * y

@rule(np.tanh)
def tanh(gy, y, x): return gy * (1 - y * y)

@rule(np.arctan2)
def arctan2(gy, y, x0, x1):
    square = x0 * x0 + x1 * x1
    g = gy / (square + (square == 0))   # 0 at the origin
    return g * x1, -g * x0

@rule(np.maximum)
def maximum(gy, y, x0, x1): return share(gy, x0, x1), share(gy, x1, x0)

@rule(np.cumsum)
def cumsum(gy, y, x, axis=None):
    return np.reshape(np.flip(np.cumsum(np.flip(gy, axis), axis), axis), x.shape)

@rule(np.max, np.amax)
def max(gy, y, x, axis=None, *, keepdims=False):
    hit = np.asarray(x == kept(y, axis, keepdims))
    return kept(gy, axis, keepdims) * (hit / np.count_nonzero(hit, axis=axis, keepdims=True)).astype(gy.dtype)

@rule(np.roll, operands=("x",))
def roll(gy, y, x, shift, axis=None): return np.roll(gy, -shift, axis)

@rule(np.sort)
def sort(gy, y, x, axis=-1):
    return np.reshape(np.take_along_axis(gy, np.argsort(np.argsort(x, axis), axis), axis), x.shape)

@rule(np.linalg.solve)
def solve(gy, y, a, b):
    if b.ndim == 1:                     # one column
        gy, y = gy[..., None], y[..., None]
    gb = np.linalg.solve(T(a), gy)
    return lambda: -gb @ T(y), gb[..., 0] if b.ndim == 1 else gb

@rule(np.linalg.inv)
def inv(gy, y, a): return -T(y) @ gy @ T(y)

# -- what their second derivatives are made of

@rule(np.matmul, operators=("__matmul__",))
def matmul(gy, y, a, b): return gy @ T(b), T(a) @ gy

@rule(np.flip)
def flip(gy, y, x, axis=None): return np.flip(gy, axis)

@rule(np.take_along_axis, operands=("x",))
def take_along_axis(gy, y, x, indices, axis=-1):
    if axis is None:
        return At(np.unravel_index(indices, x.shape), gy)
    index = list(np.ogrid[tuple([slice(n) for n in indices.shape])])
    index[axis] = indices
    return At(tuple(index), gy)

# -- how they are called

@cumsum.samples
def _(sample):
    for axis in (None, 0, -1):
        sample(sample.array(2, 3), axis)

@max.samples
def _(sample):
    for axis in (None, 0, (0, -1)):
        sample(sample.array(2, 3, 2), axis)
        sample(sample.array(2, 3, 2), axis, keepdims=True)

@roll.samples
def _(sample):
    for axis in (None, 0, -1):
        sample(sample.array(2, 3), 4, axis)

@sort.samples
def _(sample):
    for axis in (-1, 0, None):
        sample(sample.array(3, 4), axis)

@solve.samples
def _(sample):
    for a, b in (((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3, 2)), ((2, 3, 3), (3,)), ((3, 3), (2, 3, 2))):
        sample(sample.through(well_conditioned, sample.array(*a)), sample.array(*b))

@inv.samples
def _(sample):
    for shape in ((3, 3), (2, 3, 3)):
        sample(sample.through(well_conditioned, sample.array(*shape)))

@matmul.samples
def _(sample):
    sample(sample.array(2, 3), sample.array(3, 4))
    sample(sample.array(2, 1, 2, 3), sample.array(3, 3, 4))

@flip.samples
def _(sample):
    for axis in (None, 0, (0, 1)):
        sample(sample.array(2, 3), axis)

@take_along_axis.samples
def _(sample):
    sample(sample.array(2, 3), np.array([[0, 2, 2, 1], [1, 1, 0, 0]]))
    sample(sample.array(2, 3), np.array([[0, 1, 1]]), axis=0)
    sample(sample.array(2, 3), np.array([5, 1, 5]), axis=None)

def well_conditioned(a):
    return a + 5 * np.eye(3)


TEN = exp, tanh, arctan2, maximum, cumsum, max, roll, sort, solve, inv
OTHERS = matmul, flip, take_along_axis


@pytest.mark.parametrize("op", TEN + OTHERS, ids=lambda op: op.name)
def test_it_is_right(op):
    with plugins.isolated():
        for each in TEN + OTHERS:
            plugins.register(each)
        check_op(op)


def test_they_have_55_lines():
    text = Path(__file__).read_text(encoding="utf-8")
    ten = text[text.index("# -- the ten"):text.index("# -- what their")].strip().splitlines()[2:]
    assert len(TEN) == 10 and len(ten) <= 55
