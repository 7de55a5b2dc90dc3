"""NumPy's functions that write into their first argument, a Variable here: all are assignments to a part of it."""
import math
from itertools import chain

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from dezero import Variable, functions, hookimpl
from dezero._kernels.gradients import may_repeat, shape_at


def copyto(dst, src, casting="same_kind", where=True) -> None:
    """Do dst[where] = src, broadcast to dst."""
    check(dst, np.copyto)
    if not np.can_cast(getattr(src, "dtype", dst.dtype), dst.dtype, casting):
        raise TypeError(f"numpy.copyto: cannot cast from {src.dtype} to {dst.dtype} according to the rule {casting!r}")
    if where is True:
        dst[...] = src
    else:
        mask = np.broadcast_to(np.asarray(where, bool), dst.shape)
        dst[mask] = np.broadcast_to(src, dst.shape)[mask]


def put(a, ind, v, mode="raise") -> None:
    """Do a.flat[ind] = v, repeated or cut to as many."""
    check(a, np.put)
    put_flat(a, np.arange(a.size).take(np.ravel(ind), mode=mode), v)


def put_method(x, indices, values, mode="raise") -> None:
    """Do x.flat[indices] = values, repeated or cut to as many."""
    put(x, indices, values, mode)


def place(arr, mask, vals) -> None:
    """Do arr[mask] = the first of vals, repeated or cut to as many."""
    check(arr, np.place)
    if np.size(vals) == 0:
        raise ValueError("numpy.place: there is no value to put into the array")
    put_flat(arr, np.flatnonzero(mask_of(mask, arr, np.place)), vals)


def putmask(a, /, mask, values) -> None:
    """Do a.flat[i] = values.flat[i], repeated, where the mask is True."""
    check(a, np.putmask)
    places = np.flatnonzero(mask_of(mask, a, np.putmask))
    values = np.ravel(values)
    if values.size:
        put_flat(a, places, values[places % values.size])


def put_along_axis(arr, indices, values, axis) -> None:
    """Do arr[..., indices[..., i, ...], ...] = values[..., i, ...], with i on an axis; None: in arr.flat."""
    check(arr, np.put_along_axis)
    indices = np.asarray(indices)
    if indices.dtype.kind not in "iu":
        raise IndexError("numpy.put_along_axis: `indices` must be an integer array")
    if indices.ndim != (1 if axis is None else arr.ndim):
        raise ValueError(f"numpy.put_along_axis: indices of {indices.ndim} dimensions for an array of {arr.ndim}, and axis={axis}")
    if axis is None:
        flat(arr)[indices] = values
        return
    index = np.ix_(*map(np.arange, arr.shape))
    axis = normalize_axis_index(axis, arr.ndim, "numpy.put_along_axis")
    arr[(*index[:axis], indices, *index[axis + 1:])] = values


def fill_diagonal(a, val, wrap=False) -> None:
    """Do a[i, i, ...] = val."""
    check(a, np.fill_diagonal)
    if a.ndim < 2 or a.ndim > 2 and len(set(a.shape)) > 1:
        raise ValueError(f"numpy.fill_diagonal: wanted an array of two dimensions, or of more of one length, got shape {a.shape}")
    step = 1 + sum([math.prod(a.shape[j + 1:]) for j in range(a.ndim - 1)])
    end = None if wrap or a.ndim > 2 else a.shape[1] * a.shape[1]
    put_flat(a, np.arange(a.size)[:end:step], val)


def fill(x, value) -> None:
    """Do x[...] = value, one number."""
    if np.ndim(value):
        raise ValueError(f"x.fill(value): wanted one number, got shape {np.shape(value)}")
    x[...] = value


def add_at(a, indices, b=None, /) -> None:
    """Do a[indices] += b; what is named twice adds up."""
    check(a, "numpy.add.at")
    index, b = added_up(a, indices, b)
    a[index] = a[index] + b


def subtract_at(a, indices, b=None, /) -> None:
    """Do a[indices] -= b; what is named twice adds up."""
    check(a, "numpy.subtract.at")
    index, b = added_up(a, indices, b)
    a[index] = a[index] - b


def added_up(a, index, b):
    """Return an index that names no place twice, and what b adds up to at its places."""
    b = np.asarray(b) if isinstance(b, (list, tuple)) else b
    if not may_repeat(index):
        return index, b
    places, rest = places_of(index, a.shape)
    once, number = (None, None) if places is None else np.unique(places, return_inverse=True)
    if once is not None and once.size == places.size:
        return index, b
    b = np.broadcast_to(b, a.detach()[index].shape)
    if once is None:
        y, index = functions.scatter(b, index, a.shape), ...
    else:
        y = functions.scatter(b, number.reshape(places.shape), (once.size, *rest))
        index = np.unravel_index(once, a.shape[:a.ndim - len(rest)])
    return index, y if isinstance(b, Variable) else y.detach()


def places_of(index, shape):
    """Return the numbers, in C order, of the rows that integers name, and the shape of a row; None and () for another index."""
    items = index if isinstance(index, tuple) else (index,)
    if not all([isinstance(i, (list, np.ndarray, int, np.integer)) and np.asarray(i).dtype.kind in "iu" for i in items]):
        return None, ()
    shape_at(items, shape)                  # for its errors
    lengths = shape[:len(items)]
    return np.asarray(np.ravel_multi_index([np.remainder(i, n) for i, n in zip(items, lengths)], lengths)), shape[len(items):]


class Flat:
    """x.flat: the elements of a Variable in one row, in C order, to be read and assigned."""

    def __init__(self, base):
        self.base = base

    def __getitem__(self, index):
        return take_flat(self.base, np.arange(self.base.size)[index])

    def __setitem__(self, index, value):
        places = np.arange(self.base.size)[index]
        if np.ndim(places):
            put_flat(self.base, places, value)
        else:
            self.base[np.unravel_index(places, self.base.shape)] = value

    def __iter__(self):
        x = self.base
        if x.ndim < 2:
            return iter(x if x.ndim else x.reshape(1))
        return chain.from_iterable(map(Flat, x))            # by rows, of which each knows when it was assigned to

    def __len__(self):
        return self.base.size

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.base, dtype).flatten()

    def copy(self):
        return self.base.flatten()


def flat(x) -> Flat:
    """The elements of x in one row, to be read and assigned."""
    return Flat(x)


def take_flat(x, places):
    """Return the elements of x at places in C order."""
    return x[np.unravel_index(places, x.shape)] if x.ndim else x.reshape(1)[places]


def put_flat(x, places, values):
    """Assign values, repeated or cut to as many, to elements of x at places in C order."""
    values = np.ravel(values)
    if places.size == 0 or values.size == 0:
        return
    if values.size != places.size:
        values = values[np.arange(places.size) % values.size].reshape(places.shape)
    if x.ndim:
        x[np.unravel_index(places, x.shape)] = values
    else:
        x[()] = values[-1]


def mask_of(mask, x, function):
    """Return a mask of as many elements as x."""
    mask = np.asarray(mask, bool)
    if mask.size != x.size:
        raise ValueError(f"numpy.{function.__name__}: the mask, of shape {mask.shape}, and the array, of shape {x.shape}, differ in size")
    return mask


def check(x, function):
    """Refuse to write a Variable into a plain array."""
    if not isinstance(x, Variable):
        name = function if isinstance(function, str) else f"numpy.{function.__name__}"
        filled = " (np.full_like(a, x) comes here, too: write np.full(a.shape, x) of dezero.numpy)" if function is np.copyto else ""
        raise TypeError(f"{name} of {type(x).__name__} and a Variable: a plain array can't hold what the Variable was computed from; write "
                        f"into a Variable, such as np.zeros_like(x), or pass x.data where it is meant to be constant{filled}")


@hookimpl
def dezero_register_ops(register):
    for function in (copyto, place, putmask, put_along_axis, fill_diagonal):
        register.function(function, (getattr(np, function.__name__),), method=None)
    register.function(put, (np.put,), method=put_method)
    register.function(fill)
    register.function(add_at, ((np.add, "at"),), method=None)
    register.function(subtract_at, ((np.subtract, "at"),), method=None)
    register.function(flat, method=None, attribute="flat")
