"""An array that is put together of parts, and NumPy's functions that make arrays, where they are given Variables."""
import operator
from itertools import chain

import numpy as np

from dezero import Variable, hookimpl, rule
from dezero.errors import DTypeError, GradientError
from dezero.ops.constants import FullLike


def forward(xs, places, base, shape, order="C") -> np.ndarray:
    y = np.full(shape, base, base.dtype, order)
    if isinstance(places, tuple):
        for x, index in zip(xs, places):
            y[index] = x
    else:
        y.flat[places] = xs
    return y


@rule(forward, operands=("xs",), listed=True, method=None)
def pack(gy, y, xs, places, base, shape, order="C"):
    """y = base, but x_k at place k;   ∂y/∂x_k = gy there

    Parameters
    ----------
    xs : list of Variable, array or number
    places : tuple of indices, or array of int
        The index of each x, of the shape of what it names; or, where all of them are 0-d, their numbers among the elements.
        No element is named twice.
    base : array
        What the result has elsewhere, of its shape or to be broadcast to it, and of its dtype.  It is what it was at the call.
    shape : tuple of int
        Of the result.
    order : "C" or "F"
        How the result lies in memory.

    Returns
    -------
    Variable
    """
    if isinstance(places, tuple):
        return [gy[index] for index in places]
    return list(gy.reshape(-1)[places])     # one call for all, under create_graph too


@pack.samples
def samples(sample):
    sample([sample.array(), sample.array(), sample.array()], np.array([3, 0, 1]), np.ones((2, 2)), (2, 2))
    sample([sample.array(3), sample.array(2)], (1, (0, slice(1, 3))), np.ones(()), (3, 3), "F")


# ---- arrays of nested lists: np.array([...], like=x), and all of `dezero.numpy` -------------------------------------------

RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
"""Kinds of numbers, each within the next."""


def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0) -> Variable:
    """y = the array of what is in nested lists: Variables, arrays and numbers"""
    shape, items = flattened(object)
    if shape and copy is not False and len(shape) >= ndmin and is_row(items):
        np.array((), order=order)           # for its errors
        base = np.empty(shape, np.result_type(*{x.dtype for x in items}) if dtype is None else dtype)
        return packed(items, base, np.arange(len(items)), order)
    if isinstance(object, Variable) and not copy:
        shared = without_copy(object, dtype, copy=copy, order=order, ndmin=ndmin)
        if shared is not None:
            return shared
    found = []
    blanks = taken_out(object, (), found)
    if dtype is not None:
        check(np.dtype(dtype), [x for x, path in found])
    base = np.array(blanks, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin)
    if not found:
        return made(base)
    if isinstance(object, Variable):
        check(base.dtype, [object])
        return FullLike(base)(object)
    indices = [(0,) * (base.ndim - len(path) - x.ndim) + path for x, path in found]
    if base.ndim and all([len(index) == base.ndim for index in indices]):
        indices = np.ravel_multi_index(tuple(zip(*indices)), base.shape)
    return packed([x for x, path in found], base, indices, order)


def without_copy(x, *args, **how):
    """Return the Variable x itself, or with more axes, where NumPy's array would share memory with it; None where NumPy copies."""
    array = x.detach().data
    base = np.array(array, *args, **how)
    if base is array:
        return x
    return np.reshape(x, base.shape) if np.may_share_memory(base, array) else None


def flattened(object):
    """Return the lengths of nested lists, as deep as all on a level are lists of one length, and what is in them."""
    shape, items = (), [object]
    while set(map(type, items)) == {list} and len({*map(len, items)}) == 1:
        shape += len(items[0]),
        items = [*chain.from_iterable(items)]
    return shape, items


def is_row(items):
    """Are all 0-d Variables?"""
    return set(map(type, items)) == {Variable} and not any([x.shape for x in items])


def packed(xs, base, places, order="C"):
    """Return an array with Variables at their places, where its dtype holds them and their gradients."""
    check(base.dtype, xs)
    is_flat, numbers = isinstance(places, np.ndarray), base
    if base.size == (len(xs) if is_flat else sum([x.size for x in xs])):
        numbers = np.zeros((), base.dtype)  # none of them is left: they need not be kept
    return pack.apply(xs, places if is_flat else tuple(places), numbers, base.shape, "F" if order in ("F", "f") else "C")


def taken_out(x, path, found):
    """Return nested lists with an array that stands for each Variable, which is noted with the index that leads to it."""
    if isinstance(x, Variable):
        found.append((x, path))
        if not path:
            return x._prototype()
        return np.broadcast_to(np.empty((), x.dtype), x.shape) if x.shape else np.empty((), x.dtype)
    if isinstance(x, (list, tuple)):
        return [taken_out(item, (*path, i), found) for i, item in enumerate(x)]
    return x


def check(dtype, xs):
    """Refuse a dtype that does not hold Variables, or holds them as numbers that no gradient goes through."""
    if dtype.kind not in RANK:
        raise DTypeError(f"an array of dtype {dtype} with Variables in it is not supported: wanted real, complex, integer or boolean "
                         "numbers")
    for held in {x.dtype for x in xs}:
        if RANK[dtype.kind] < RANK[held.kind]:
            raise GradientError(f"an array of dtype {dtype} with a Variable of dtype {held} in it has no gradient: leave dtype out, or "
                                f"give x.data.astype({dtype.name!r}) where it is meant to be constant")


def made(y):
    """Return what was made of no Variable: numbers that have a gradient as a constant, others as they are."""
    return Variable(y).detach() if y.dtype.kind in "fc" else y


def answer_of(function):
    """Return what a function that makes numbers alone gives where NumPy is told to make them like a Variable."""
    return lambda *args, **kwargs: made(function(*args, **kwargs))


def asarray(a, dtype=None, order=None, *, device=None, copy=None) -> Variable:
    """y = the array of what is in nested lists; a Variable is itself"""
    check_device(device)
    return array(a, dtype, copy=copy, order=order)


def ascontiguousarray(a, dtype=None) -> Variable:
    """y = the array of what is in nested lists, with an axis at least, in the order of C"""
    return array(a, dtype, copy=None, order="C", ndmin=1)


def asfortranarray(a, dtype=None) -> Variable:
    """y = the array of what is in nested lists, in the order of Fortran"""
    return array(a, dtype, copy=None, order="F")


def check_device(device):
    """Refuse a device as NumPy does."""
    if device is not None:
        np.empty(0, device=device)


def full(shape, fill_value, dtype=None, order="C", *, device=None) -> Variable:
    """y = an array of a shape in which each element is x, which is broadcast"""
    x = array(fill_value, copy=None)
    base = np.empty(shape, x.dtype if dtype is None else dtype, order, device=device)
    return packed([np.broadcast_to(x, base.shape)], base, [()], order)


def fromiter(iter, dtype, count=-1) -> Variable:
    """y = the numbers and 0-d Variables that come, in one row"""
    xs = list(iter) if count < 0 else [x for i, x in zip(range(count), iter)]
    np.fromiter([0] * len(xs), dtype, count)                # for its errors
    y = array(xs, dtype)
    if y.ndim != 1:
        raise ValueError(f"numpy.fromiter: got elements of shape {y.shape[1:]}, wanted numbers or 0-d Variables")
    return y


# ---- ranges ----------------------------------------------------------------------------------------------------------

def arange(start=None, stop=None, step=None, dtype=None, *, device=None) -> Variable:
    """y_i = start + i step, as far as stop, whose gradient is 0"""
    if stop is None:
        start, stop = None, start           # arange(3) and arange(stop=3)
    start = 0 if start is None else start
    step = 1 if step is None else step
    base = np.arange(*[numbers(x) for x in (start, stop, step)], dtype=dtype, device=device)
    if not isinstance(start, Variable) and not isinstance(step, Variable):
        return made(base)
    y = np.arange(len(base)) * ((start + step) - start) + start             # in NumPy's way, to the bit
    return array(y, base.dtype, copy=None)


def numbers(x):
    """Return the numbers of a Variable, for what they change step by step; anything else as it is."""
    return x.detach().data if isinstance(x, Variable) else x


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    """y_i = start + i (stop - start) / (num - 1), for num of i along an axis; with `retstep` also the step"""
    check_device(device)
    start, stop = in_one_dtype(start, stop)
    i, count = steps(num, endpoint, np.broadcast_shapes(start.shape, stop.shape))
    step = (stop - start) / count if count else (stop - start) * np.nan
    y = ended(i.astype(start.dtype) * (step if count else stop - start) + start, stop, num, endpoint)
    y = array(y if axis == 0 else np.moveaxis(y, 0, axis), dtype, copy=None)
    return (y, step) if retstep else y


def in_one_dtype(*ends):
    """Return the ends of a range in the floating dtype that they have together, which Python's numbers do not widen."""
    ends = [x if type(x) in (bool, int, float, complex) else asarray(x) for x in ends]
    dtype = np.result_type(*[getattr(x, "dtype", x) for x in ends], 0.0)
    return [array(x, dtype, copy=None) for x in ends]


def operand(x):
    """Return a Variable or a floating array of what a range has at its ends."""
    x = asarray(x)
    return x if x.dtype.kind in "fc" else x * 1.0


def steps(num, endpoint, shape):
    """Return the numbers 0, 1, ... on an axis in front of those of a shape, and how many steps there are."""
    num = operator.index(num)
    i = np.arange(np.linspace(0, 1, num).size)              # its own words where num is less than 0
    return i.reshape(-1, *[1] * len(shape)), max(num - 1 if endpoint else num, 0)


def ended(y, stop, num, endpoint):
    """Return a range that ends where it is to end, to the bit."""
    if not endpoint or num < 2:
        return y
    return packed([y[:-1], np.broadcast_to(stop, y.shape[1:])], np.empty(y.shape, y.dtype), [slice(-1), -1])


def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0) -> Variable:
    """y_i = base to the power of a range of exponents"""
    if np.ndim(base):
        shape = np.broadcast_shapes(np.shape(start), np.shape(stop), np.shape(base))
        start, stop, base = [np.broadcast_to(operand(x), shape) for x in (start, stop, base)]
        base = np.expand_dims(base, axis)
    return array(base ** linspace(start, stop, num, endpoint, axis=axis), dtype, copy=None)


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0) -> Variable:
    """y_i = start (stop / start)^(i / (num - 1)), for num of i along an axis"""
    start, stop = operand(start), operand(stop)
    if np.any(start == 0) or np.any(stop == 0):
        raise ValueError("Geometric sequence cannot include zero")
    ratio = stop / start
    if ratio.dtype.kind != "c" and np.any(ratio < 0):
        raise ValueError("geomspace: start and stop have different signs, and the powers between them are no real numbers")
    i, count = steps(num, endpoint, ratio.shape)
    y = ended(start * ratio ** (i / max(count, 1)), stop, num, endpoint)
    return array(y if axis == 0 else np.moveaxis(y, 0, axis), dtype, copy=None)


@hookimpl
def dezero_register_ops(register):
    register(pack)
    register.function(array, (np.array,), method=None)
    register.function(asarray, (np.asarray, np.asanyarray), method=None)
    for function in (ascontiguousarray, asfortranarray, full, fromiter, arange, linspace, logspace, geomspace):
        register.function(function, (getattr(np, function.__name__),), method=None)
    for function in (np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri):
        register.constant(function, answer_of(function))
