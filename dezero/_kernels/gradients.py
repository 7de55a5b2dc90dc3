"""What gradients are made of, how they are summed to a shape, and those of a part of an operand."""
from functools import lru_cache

import numpy as np


def gradient_dtype(dtype):
    """Return the dtype of a gradient of such data: its own in native byte order, float64 for integers."""
    if dtype.kind not in "fc":
        return np.dtype("d")
    return dtype if dtype.isnative else dtype.newbyteorder("=")     # always makes a new one, which the loops do not know


WIDE = {"e": np.dtype("d"), "f": np.dtype("d"), "F": np.dtype("D")}


def sum_to(g, shape):
    """Return the sum of g over the axes along which `shape` was broadcast to g's; what is less than double is summed in double.

    Adding rows one by one in float32 loses two digits at 1e6 rows.
    """
    if g.shape == shape:
        return g
    wide = WIDE.get(g.dtype.char)
    return np.asarray(g.sum(broadcast_axes(g.shape, shape), wide)).astype(g.dtype, copy=False).reshape(shape)


def broadcast_axes(shape, own):
    """Return the axes of a shape along which an array of the shape `own` was broadcast to it."""
    lead = len(shape) - len(own)
    return tuple([j for j, n in enumerate(shape) if j < lead or own[j - lead] == 1 and n != 1])


class At:
    """The gradient of an operand of which an op reads a part: g at an index, and zero elsewhere.

    A rule returns it in place of an array of the operand's shape.  It is added into the one gradient that is there, so
    that a thousand parts take as long as the whole, and not a thousand times as long.

    Parameters
    ----------
    index
        As NumPy takes it; what it names twice adds up.
    g : numpy.ndarray or Variable
        Of the shape of ``x[index]``.
    """

    __slots__ = ("index", "g")

    def __init__(self, index, g):
        self.index, self.g = index, g

    def __repr__(self):
        return f"At({self.index!r}, {self.g!r})"


def add_at(a, index, g):
    """Do a[index] += g; what the index names twice adds up, of float32 too in double precision where there is much of it."""
    if not may_repeat(index):
        a[index] += g
        return
    places = places_to_count(a, index, g)
    if places is None:
        np.add.at(a, index, g)
    else:
        a += np.bincount(places.reshape(-1), g.reshape(-1), a.size).reshape(a.shape)


def places_to_count(a, index, g):
    """Return the number of each element of a[index] in a, where np.bincount adds g sooner than np.add.at; else None.

    With NumPy 2.4: rows, and pairs of indices, 1.2 to 9 times as fast from 1000 elements on, where they are no small part of a; in
    one dimension np.add.at is quick, and 2.5 times as slow only from 1e5 of float64 on.
    """
    if a.dtype.char not in "df" or g.dtype != a.dtype or g.size < 1000 or a.size > 8 * g.size:
        return None
    if a.ndim > 1:
        places = np.arange(a.size).reshape(a.shape)[index]
        return places if places.shape == g.shape else None
    counts = a.dtype.char == "d" and g.size >= max(a.size, 10**5) and isinstance(index, np.ndarray) and index.dtype == np.intp
    return index if counts and index.shape == g.shape and index.min() >= 0 and index.max() < a.size else None


def put_at(a, index, v):
    """Do a[index] = v; of what the index names twice, the last stands, in C order."""
    if may_repeat(index):
        v = np.array(np.broadcast_to(v, shape_at(index, a.shape)), order="C")
    a[index] = v


def overwritten_at(index, shape):
    """Return a mask of what `put_at` an index of an array of a shape overwrites again; None where there is none."""
    if not may_repeat(index):
        return None
    wanted = shape_at(index, shape)
    numbers, last = np.arange(np.prod(wanted, dtype=int)).reshape(wanted), np.empty(shape, int)
    put_at(last, index, numbers)
    mask = last[index] != numbers
    return mask if mask.any() else None


def may_repeat(index):
    """May an index name a place twice?  Arrays of integers may, and what NumPy makes such of; masks do not."""
    if isinstance(index, tuple):
        return any(map(may_repeat, index))
    if index is None or index is ... or isinstance(index, (int, slice, np.integer, np.bool_)):
        return False
    return not (isinstance(index, np.ndarray) and index.dtype.kind == "b")


def shape_at(index, shape):
    """Return the shape of a[index], of an array a of this shape."""
    return blank(shape)[index].shape


@lru_cache(16)
def blank(shape):
    """Return an array of a shape that takes no memory."""
    return np.broadcast_to(np.empty(()), shape)
