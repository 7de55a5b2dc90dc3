"""The same elements in other places: joined, parted, turned, repeated, padded.

All of it is linear.  What NumPy gives as a view, such as a part that `split` makes, has its own memory here.
"""
from functools import reduce
from itertools import accumulate
from operator import add

import numpy as np
from dezero import At, Variable, hookimpl, rule
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from dezero_numpy._rules import is_complex, operand, register_all


def constant(a):
    """Return the array that an operand is, whatever it was computed from."""
    return np.asarray(a.detach()) if isinstance(a, Variable) else a


def cut(y, places, axis=0):
    """Return the parts of y along an axis, which is cut at these places."""
    lead = (slice(None),) * normalize_axis_index(axis, y.ndim)
    return [y[(*lead, slice(start, stop))] for start, stop in zip((0, *places), (*places, None))]


# -- joining

@rule(np.concatenate, listed=True, method=None)
def concatenate(gy, y, arrays, axis=0):
    """y = the arrays, one behind the other;   ∂y/∂xᵢ takes its part of gy"""
    lengths = [a.size if axis is None else a.shape[axis] for a in arrays]
    parts = cut(gy, list(accumulate(lengths[:-1])), axis or 0)
    return [g.reshape(a.shape) for g, a in zip(parts, arrays)]


@concatenate.samples
def _(sample):
    sample([sample.array(2, 3), sample.array(1, 3)])
    sample([sample.array(2, 3), sample.array(2, 0), sample.array(2, 2)], axis=-1)
    sample([sample.array(2, 3), sample.array(2)], axis=None)
    sample([sample.array(2, 3, dtype=complex), sample.array(1, 3)])


@rule(np.stack, listed=True, method=None)
def stack(gy, y, arrays, axis=0):
    """y = the arrays, side by side along a new axis;   ∂y/∂xᵢ takes its part of gy"""
    lead = (slice(None),) * (axis % gy.ndim)
    return [gy[(*lead, i)] for i in range(len(arrays))]


@stack.samples
def _(sample):
    sample([sample.array(2, 3), sample.array(2, 3)])
    sample([sample.array(2, 3), sample.array(2, 3, dtype=complex)])
    sample([sample.array(2, 3), sample.array(2, 3), sample.array(2, 3)], axis=-2)


def vstack(tup, *, dtype=None, casting="same_kind"):
    """y = the arrays, one below the other"""
    return np.concatenate([atleast_2d(a) for a in tup], 0, dtype=dtype, casting=casting)


def hstack(tup, *, dtype=None, casting="same_kind"):
    """y = the arrays, one beside the other"""
    arrays = [atleast_1d(a) for a in tup]
    return np.concatenate(arrays, 0 if arrays and arrays[0].ndim == 1 else 1, dtype=dtype, casting=casting)


def dstack(tup):
    """y = the arrays, one behind the other along the third axis"""
    return np.concatenate([atleast_3d(a) for a in tup], 2)


def column_stack(tup):
    """y = the arrays as columns, one beside the other"""
    arrays = [operand(a) for a in tup]
    return np.concatenate([a if a.ndim > 1 else a.reshape(-1, 1) for a in arrays], 1)


def block(arrays):
    """y = an array that is made of blocks: the innermost lists are joined along the last axis, those around along the one before"""
    depth = depth_of(arrays)
    if not depth:
        return np.copy(arrays)
    ndim = max(depth, *[np.ndim(a) for a in leaves(arrays)])
    return joined(arrays, depth, ndim)


def depth_of(arrays):
    """Return how deep the lists are nested, which is the same everywhere."""
    if isinstance(arrays, tuple):
        raise TypeError("block: got a tuple, wanted lists; np.array makes an array of numbers in a tuple")
    if not isinstance(arrays, list):
        return 0
    depths = {depth_of(a) for a in arrays}
    if len(depths) != 1:
        got = "lists of different depths" if depths else "nothing"
        raise ValueError(f"block: a list holds {got}, wanted blocks, or lists of one depth")
    return depths.pop() + 1


def leaves(arrays):
    """Return what stands in the innermost lists."""
    return [leaf for a in arrays for leaf in leaves(a)] if isinstance(arrays, list) else [arrays]


def joined(arrays, depth, ndim):
    """Return lists that are nested to a depth as one array with so many axes."""
    if not isinstance(arrays, list):
        a = operand(arrays)
        return a.reshape((1,) * (ndim - a.ndim) + a.shape)
    return np.concatenate([joined(a, depth - 1, ndim) for a in arrays], -depth)


def append(arr, values, axis=None):
    """y = arr, and the values behind it"""
    return np.concatenate([operand(arr), operand(values)], axis)


def insert(arr, obj, values, axis=None):
    """y = arr with the values before the places that obj says"""
    arr, obj = operand(arr), constant(obj)
    values = astype(values, arr.dtype)
    places = np.arange(arr.size).reshape(arr.shape)
    others = np.arange(arr.size, arr.size + values.size).reshape(values.shape)
    return np.concatenate([arr, values], None)[np.insert(places, obj, others, axis)]


def delete(arr, obj, axis=None):
    """y = arr without the elements, or what lies along the axis, at the places that obj says"""
    arr, obj = operand(arr), constant(obj)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = normalize_axis_index(axis, arr.ndim)
    kept = np.zeros(arr.shape[axis], bool)
    kept[np.delete(np.arange(len(kept)), obj)] = True
    return arr[(slice(None),) * axis + (kept,)]


# -- parting

def array_split(ary, indices_or_sections, axis=0):
    """y = the parts of ary along an axis, which is cut at the indices, or into so many sections"""
    ary, indices_or_sections = operand(ary), constant(indices_or_sections)
    if np.ndim(indices_or_sections):
        return cut(ary, indices_or_sections, axis)
    sections = int(indices_or_sections)
    if sections <= 0:
        raise ValueError(f"array_split: got {sections} sections, wanted one at least")
    each, longer = divmod(ary.shape[axis], sections)
    return cut(ary, [i * each + min(i, longer) for i in range(1, sections)], axis)


def split(ary, indices_or_sections, axis=0):
    """y = the parts of ary along an axis, which is cut at the indices, or into so many equal sections"""
    ary, indices_or_sections = operand(ary), constant(indices_or_sections)
    if not np.ndim(indices_or_sections) and ary.shape[axis] % indices_or_sections:
        raise ValueError(f"split: an axis of length {ary.shape[axis]} has no {indices_or_sections} equal parts; "
                         "array_split makes unequal ones")
    return array_split(ary, indices_or_sections, axis)


def vsplit(ary, indices_or_sections):
    """y = the parts of ary along the first axis"""
    return split(with_axes(ary, 2, "vsplit"), indices_or_sections, 0)


def hsplit(ary, indices_or_sections):
    """y = the parts of ary along the second axis, or the only one"""
    ary = with_axes(ary, 1, "hsplit")
    return split(ary, indices_or_sections, min(ary.ndim - 1, 1))


def dsplit(ary, indices_or_sections):
    """y = the parts of ary along the third axis"""
    return split(with_axes(ary, 3, "dsplit"), indices_or_sections, 2)


def unstack(x, /, *, axis=0):
    """y = what lies side by side along an axis"""
    x = with_axes(x, 1, "unstack")
    lead = (slice(None),) * normalize_axis_index(axis, x.ndim)
    return tuple([x[(*lead, i)] for i in range(x.shape[axis])])


def with_axes(a, ndim, name):
    """Return an operand that has so many axes at least."""
    a = operand(a)
    if a.ndim < ndim:
        raise ValueError(f"{name}: got {a.ndim} dimensions, wanted {ndim} at least")
    return a


# -- turning

@rule(np.flip, method=None)
def flip(gy, y, m, axis=None):
    """y = m in the opposite order along the axes;   ∂y/∂m turns gy back"""
    return np.flip(gy, axis)


@flip.samples
def _(sample):
    for axis in (None, 0, (0, -1)):
        sample(sample.array(2, 3), axis)
    sample(sample.array(2, 3, dtype=complex), 1)


def fliplr(m):
    """y[i, j] = m[i, n - 1 - j]"""
    return np.flip(with_axes(m, 2, "fliplr"), 1)


def flipud(m):
    """y[i] = m[n - 1 - i]"""
    return np.flip(with_axes(m, 1, "flipud"), 0)


def rot90(m, k=1, axes=(0, 1)):
    """y = m, turned by k right angles from the first of two axes to the second"""
    m = operand(m)
    first, second = normalize_axis_tuple(axes, m.ndim, "axes")
    if k % 2:
        m = np.swapaxes(m, first, second)
    turned = [axis for axis, turns in ((first, (1, 2)), (second, (2, 3))) if k % 4 in turns]
    return np.flip(m, tuple(turned))


@rule(np.roll, operands=("a",), method=None)
def roll(gy, y, a, shift, axis=None):
    """y[(i + shift) % n] = a[i];   ∂y/∂a shifts gy back"""
    return np.roll(gy, np.negative(shift), axis)


@roll.samples
def _(sample):
    for shift, axis in ((2, None), (4, 0), (-1, -1), ((1, 2), (0, 1)), (1, (0, 1))):
        sample(sample.array(2, 3), shift, axis)
    sample(sample.array(2, 3, dtype=complex), 1)


def rollaxis(a, axis, start=0):
    """y = a with an axis before the one at start, and the rest in order"""
    a = operand(a)
    axis = normalize_axis_index(axis, a.ndim)
    start = normalize_axis_index(start + a.ndim if start < 0 else start, a.ndim + 1)
    return np.moveaxis(a, axis, start - (axis < start))


def fftshift(x, axes=None):
    """y = x, with the frequency 0 in the middle"""
    return shifted(x, axes, 1)


def ifftshift(x, axes=None):
    """y = x, with the frequency 0 from the middle to the front"""
    return shifted(x, axes, -1)


def shifted(x, axes, sign):
    """Return x, turned along each axis by half of its length."""
    x = operand(x)
    axes = range(x.ndim) if axes is None else normalize_axis_tuple(axes, x.ndim)
    return np.roll(x, [sign * (x.shape[i] // 2) for i in axes], tuple(axes))


# -- other shapes

def atleast_1d(*arys):
    """y = the arrays; a number has length 1"""
    return each(lambda a: a if a.ndim else a.reshape(1), arys)


def atleast_2d(*arys):
    """y = the arrays; one of fewer axes is a matrix of one row"""
    return each(lambda a: a if a.ndim > 1 else a.reshape(1, -1), arys)


def atleast_3d(*arys):
    """y = the arrays; one of fewer axes lies along the second one, a matrix along the first two"""
    return each(lambda a: a if a.ndim > 2 else a.reshape(*a.shape, 1) if a.ndim == 2 else a.reshape(1, -1, 1), arys)


def each(f, arys):
    """Return what f makes of each; of several it is a tuple."""
    ys = tuple([f(operand(a)) for a in arys])
    return ys[0] if len(ys) == 1 else ys


def broadcast_arrays(*args):
    """y = the arrays, each broadcast to the shape of all"""
    args = [operand(a) for a in args]
    shape = np.broadcast_shapes(*[a.shape for a in args])
    return tuple([np.broadcast_to(a, shape) for a in args])


def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    """y = the coordinates of a grid, whose axes the arrays are"""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[:2][::-1]
    grid = [operand(x).reshape([-1 if i == axis else 1 for i in range(len(xi))]) for x, axis in zip(xi, axes)]
    grid = tuple(grid) if sparse else broadcast_arrays(*grid)
    return tuple(map(np.copy, grid)) if copy else grid


def resize(a, new_shape):
    """y = the elements of a in a shape, over and over as long as there is room"""
    a, shape = np.ravel(a), (new_shape,) if np.ndim(new_shape) == 0 else tuple(new_shape)
    size = int(np.prod(shape))
    if min(shape, default=0) < 0:
        raise ValueError(f"resize: got the shape {shape}, wanted lengths that are not negative")
    if a.size == 0:
        return np.zeros_like(a, shape=shape)
    return np.tile(a, -(-size // a.size))[:size].reshape(shape)


def trim_zeros(filt, trim="fb", axis=None):
    """y = filt without the zeros before and behind all others"""
    filt, trim = operand(filt), trim.lower()
    if trim not in ("fb", "bf", "f", "b"):
        raise ValueError(f"trim_zeros: trim is 'f', 'b' or 'fb', not {trim!r}")
    index, places = [slice(None)] * filt.ndim, np.argwhere(filt).T
    for i in range(filt.ndim) if axis is None else normalize_axis_tuple(axis, filt.ndim, "axis"):
        start, stop = (places[i].min(), places[i].max() + 1) if places[i].size else (0, 0)
        index[i] = slice(start if "f" in trim or not stop else None, stop if "b" in trim or not stop else None)
    return filt[tuple(index)]


# -- over and over

@rule(np.repeat, operands=("a",))
def repeat(gy, y, a, repeats, axis=None):
    """y = each element of a so many times, or what lies along an axis;   ∂y/∂a = Σ gy over the copies"""
    shape, axis = ((a.size,), 0) if axis is None else (a.shape, axis % a.ndim)
    if np.size(repeats) != 1:
        copied = np.repeat(np.arange(shape[axis]), repeats)
        return At(np.unravel_index(copied, a.shape) if shape != a.shape else (slice(None),) * axis + (copied,), gy)
    n = int(np.ravel(repeats)[0])
    copies = gy.reshape(*shape[:axis + 1], n, *shape[axis + 1:])
    if 0 < n < 5:                           # 2 million numbers, each twice: 1.3 ms, and 25 ms by the sum
        return reduce(add, unstack(copies, axis=axis + 1)).reshape(a.shape)
    return copies.sum(axis + 1).reshape(a.shape)


repeat.cls.index_parameter = "repeats"


@repeat.samples
def _(sample):
    for repeats, axis in ((2, None), ([3], 0), (4, 1), (6, None), (6, -2), (0, 1)):
        sample(sample.array(2, 3), repeats, axis)
    for repeats, axis in (([2, 0, 1], 1), ([2, 1], 0), ([1, 0, 2, 1, 3, 0], None)):
        sample(sample.array(2, 3), repeats, axis)
    sample(sample.array(2, 1, 3), [2, 0, 1], -1)
    for repeats in (2, 6, [2, 0, 1]):
        sample(sample.array(2, 3, dtype=complex), repeats, 1)
    sample(sample.array(2, 1, 2), 5, axis=1)


@rule(np.tile, operands=("A",), method=None)
def tile(gy, y, A, reps):
    """y = A, so many times along each axis;   ∂y/∂A = Σ gy over the copies"""
    reps = np.atleast_1d(reps)
    lengths, reps = (1,) * (y.ndim - A.ndim) + A.shape, (1,) * (y.ndim - len(reps)) + (*reps,)
    apart = [n for pair in zip(reps, lengths) for n in pair]
    return gy.reshape(apart).sum(tuple(range(0, 2 * y.ndim, 2))).reshape(A.shape)


@tile.samples
def _(sample):
    for reps in (2, (2, 1), (2, 1, 3), ()):
        sample(sample.array(2, 3), reps)
    sample(sample.array(2, 3, dtype=complex), 2)


# -- a border

def within_constants(array, pad_width, constant_values=0):
    return np.pad(array, pad_width, constant_values=constant_values)


@rule(within_constants, operands=("array",), method=None)
def pad_constant(gy, y, array, pad_width, constant_values=0):
    """y = array within a border of constants;   ∂y/∂array takes the part of gy within it"""
    return gy[tuple([slice(before, before + n) for (before, _), n in zip(pairs(pad_width, array.ndim), array.shape)])]


@pad_constant.samples
def _(sample):
    sample(sample.array(2, 3), 1)
    sample(sample.array(2, 3), ((1, 0), (0, 2)), constant_values=((1.0, 2.0), (3.0, 4.0)))
    sample(sample.array(2, 3, dtype=complex), 1, constant_values=1.0 + 2.0j)


def pad(array, pad_width, mode="constant", **kwargs):
    """y = array within a border: of constants, of elements of its own, or of what is made of these"""
    y = operand(array)
    if isinstance(pad_width, dict):
        pad_width = pairs(pad_width, y.ndim)
    if np.asarray(pad_width).dtype.kind != "i":
        raise TypeError(f"pad: pad_width is made of integers, not {pad_width!r}")
    if mode == "constant":
        return pad_constant(y, pad_width, **kwargs)
    if not isinstance(mode, str) or mode not in BORDERS:
        raise TypeError(f"numpy.pad(mode={mode!r}) of a Variable is not supported: mode is constant, {', '.join(BORDERS)}")
    for axis, widths in enumerate(pairs(pad_width, y.ndim)):
        if any(widths):
            if not y.shape[axis]:
                raise ValueError(f"pad: axis {axis} is empty: only mode='constant' can extend it")
            before, after = BORDERS[mode](y, axis, widths, mode, **kwargs)
            y = np.concatenate([before, y, after], axis)
    return y


def pairs(given, ndim):
    """Return what is given for both ends of each axis, as NumPy takes it, as a list of pairs."""
    if isinstance(given, dict):
        given = {normalize_axis_index(axis, ndim): pair for axis, pair in given.items()}
        given = [np.broadcast_to(given.get(axis, 0), 2) for axis in range(ndim)]
    return np.broadcast_to(given, (ndim, 2)).tolist()


def selection(y, axis, widths, mode, **how):
    """Return the border of an axis that is made of elements of y; NumPy pads their numbers, to say which."""
    if how.get("reflect_type", "even") != "even":
        raise TypeError(f"numpy.pad(reflect_type={how['reflect_type']!r}) of a Variable is not supported: only 'even'")
    places = np.pad(np.arange(y.shape[axis]), widths, mode, **how)
    return [np.take(y, part, axis) for part in (places[:widths[0]], places[widths[0] + y.shape[axis]:])]


def ramp(y, axis, widths, mode, end_values=0):
    """Return the border that leads evenly from the ends of y to other values."""
    check_floating(y, mode)
    weights = np.pad(np.ones(1), widths, mode)
    found = []
    for w, edge, end in zip((weights[:widths[0]], weights[widths[0] + 1:]), (0, -1), pairs(end_values, y.ndim)[axis]):
        w = w.reshape([-1 if i == axis else 1 for i in range(y.ndim)])
        found.append(astype(np.take(y, [edge], axis) * w + end * (1 - w), y.dtype, copy=False))
    return found


def statistic(y, axis, widths, mode, stat_length=None):
    """Return the border that is the mean, or the like, of so many elements at the ends of y."""
    check_floating(y, mode)
    n = y.shape[axis]
    before, after = [n if length is None else min(length, n) for length in pairs(stat_length, y.ndim)[axis]]
    parts = np.take(y, range(before), axis), np.take(y, range(n - after, n), axis)
    return [np.repeat(STATISTICS[mode](part, axis, keepdims=True), width, axis) for part, width in zip(parts, widths)]


def check_floating(y, mode):
    """Refuse integers, of which NumPy rounds the border."""
    if y.dtype.kind not in "fc":
        raise TypeError(f"numpy.pad(mode={mode!r}) of a Variable of {y.dtype} is not supported: NumPy rounds; give floats")


STATISTICS = {"mean": np.mean, "median": np.median, "maximum": np.max, "minimum": np.min}
BORDERS = {
    "edge": selection, "reflect": selection, "symmetric": selection, "wrap": selection, "linear_ramp": ramp,
    **dict.fromkeys(STATISTICS, statistic),
}


# -- diagonals and triangles

def diagonal_index(a, length, offset, axis1, axis2):
    """Return the index of a diagonal of a, of this length."""
    i, index = np.arange(length), [slice(None)] * a.ndim
    index[axis1], index[axis2] = i + max(-offset, 0), i + max(offset, 0)
    return tuple(index)


@rule(np.diagonal)
def diagonal(gy, y, a, offset=0, axis1=0, axis2=1):
    """y[..., i] = a[..., i, ..., i + offset, ...];   ∂y/∂a puts gy back to where it was taken from"""
    first, second = sorted((axis1 % a.ndim, axis2 % a.ndim))
    g = np.moveaxis(gy, -1, first if second == first + 1 else 0)        # where NumPy puts the axis of two arrays in an index
    return At(diagonal_index(a, y.shape[-1], offset, axis1, axis2), g)


@diagonal.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(3, 4), offset=-1)
    sample(sample.array(2, 4, 3), 1, -1, 1)
    sample(sample.array(2, 3, 4), offset=1, axis1=0, axis2=-1)
    sample(sample.array(2, 3, 2, 2), 0, 1, -1)
    sample(sample.array(2, 2, 3, 2), 0, -2, 1)
    sample(sample.array(2, 3, dtype=complex))


@rule(np.diag, method=None)
def diag(gy, y, v, k=0):
    """y = a matrix with v on its k-th diagonal, or that diagonal of a matrix;   ∂y/∂v = gy there"""
    return np.diagonal(gy, k) if v.ndim == 1 else At(diagonal_index(v, y.shape[0], k, 0, 1), gy)


@diag.samples
def _(sample):
    sample(sample.array(3))
    sample(sample.array(3, dtype=complex))
    sample(sample.array(2, 3, dtype=complex))
    sample(sample.array(2), 1)
    sample(sample.array(2, 3))
    sample(sample.array(3, 3), -1)


def diagflat(v, k=0):
    """y = a matrix with the elements of v on its k-th diagonal"""
    return np.diag(np.ravel(v), k)


def trace(a, offset=0, axis1=0, axis2=1, dtype=None) -> Variable:
    """y = Σ a[i, i + offset]"""
    return np.sum(np.diagonal(a, offset, axis1, axis2), -1, dtype)


@rule(np.tril, method=None)
def tril(gy, y, m, k=0):
    """y = m with 0 above the k-th diagonal;   ∂y/∂m = 1 where y is m"""
    return np.tril(gy, k)


@rule(np.triu, method=None)
def triu(gy, y, m, k=0):
    """y = m with 0 below the k-th diagonal;   ∂y/∂m = 1 where y is m"""
    return np.triu(gy, k)


@tril.samples
@triu.samples
def _(sample):
    sample(sample.array(3, 3))
    sample(sample.array(3, 3, dtype=complex))
    sample(sample.array(2, 3, 4), 1)
    sample(sample.array(3), -1)


# -- the same elements in the same places

def copy_method(x, order="C"):
    """Return ``x.copy()``."""
    return copy.apply(x, order)


@rule(np.copy, method=copy_method)
def copy(gy, y, a, order="K"):
    """y = a"""
    return gy


@copy.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, 3), order="F")
    sample(sample.array(2, 3, dtype=complex))


@rule(np.lib.stride_tricks.sliding_window_view, operands=("x",), method=None)
def sliding_window_view(gy, y, x, window_shape, axis=None):
    """y[i, j] = x[i + j], for each j in the window;   ∂y/∂x adds up gy[i, j] at i + j"""
    window = np.atleast_1d(window_shape).tolist()
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    parts = []
    for offsets in np.ndindex(*window):
        starts = [0] * x.ndim
        for k, offset in zip(axes, offsets):
            starts[k] += offset
        parts.append(At(tuple([slice(start, start + n) for start, n in zip(starts, gy.shape)]), gy[(..., *offsets)]))
    return parts


@sliding_window_view.samples
def _(sample):
    sample(sample.array(5), 3)
    sample(sample.array(3, 4), (2, 3))
    sample(sample.array(3, 4), (2, 2), axis=(1, -1))
    sample(sample.array(3, 4, dtype=complex), 2, axis=-1)


def astype(x, dtype, /, *, copy=True):
    """y = x in another dtype; as integers or booleans, which are constant where they don't jump, a plain array"""
    x, dtype = operand(x), np.dtype(dtype)
    if not copy and x.dtype == dtype:
        return x
    if is_complex(x) and dtype.kind == "f":
        raise TypeError(f"astype: {dtype} drops the imaginary part of {x.dtype}: take x.real first")
    if dtype.kind in "fc":
        return np.full_like(x, x, dtype)
    if dtype.kind not in "iub":
        raise TypeError(f"astype: {dtype} holds nothing that has a gradient; x.data.astype(...) makes constants")
    return constant(x).astype(dtype)


def astype_method(x, dtype, *, casting="unsafe", copy=True):
    """Return ``x.astype(dtype)``."""
    if not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"astype: {x.dtype} can't be cast to {np.dtype(dtype)} with casting={casting!r}")
    return astype(x, dtype, copy=copy)


JOINED = vstack, hstack, dstack, column_stack, block, append, insert, delete
PARTED = array_split, split, vsplit, hsplit, dsplit, unstack
TURNED = fliplr, flipud, rot90, rollaxis
SHAPED = atleast_1d, atleast_2d, atleast_3d, broadcast_arrays, meshgrid, resize, trim_zeros, pad, diagflat


def claimed(f):
    """Return the NumPy function of the same name; older ones have not all."""
    return (getattr(np, f.__name__),) if hasattr(np, f.__name__) else ()


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
    for f in (*JOINED, *PARTED, *TURNED, *SHAPED):              # arrays have none of these as methods
        register.function(f, claimed(f), method=None)
    register.function(fftshift, (np.fft.fftshift,), "fft.fftshift")
    register.function(ifftshift, (np.fft.ifftshift,), "fft.ifftshift")
    register.function(trace, claimed(trace))
    register.function(astype, claimed(astype), method=astype_method)
