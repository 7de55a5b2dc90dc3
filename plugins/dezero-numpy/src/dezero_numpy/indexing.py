"""What picks elements by index, by condition or by choice.

The gradient goes back to the places that were picked; where one was picked twice it adds up.
"""
import numpy as np
from dezero import At, Variable, hookimpl, numpy as twin, rule
from numpy.lib.array_utils import normalize_axis_index

from dezero_numpy._rules import operand, register_all
from dezero_numpy.shapes import constant

LOCALLY_CONSTANT = (
    np.argwhere, np.flatnonzero, np.ravel_multi_index,
    np.tril_indices_from, np.triu_indices_from, np.diag_indices_from,
)


# -- by index

def counted(indices, shape):
    """Return the index of elements of an array of a shape, which are counted row by row."""
    return np.unravel_index(indices % int(np.prod(shape)), shape)


@rule(np.take, operands=("a",))
def take(gy, y, a, indices, axis=None, mode="raise"):
    """y[..., i, ...] = a[..., indices[i], ...];   ∂y/∂a puts gy back to where it was taken from"""
    if a.ndim == 0:
        return gy.sum()
    n = a.size if axis is None else a.shape[axis]
    indices = np.asarray(indices).astype(int)
    indices = np.clip(indices, 0, n - 1) if mode == "clip" else indices % n
    return At(counted(indices, a.shape) if axis is None else (slice(None),) * (axis % a.ndim) + (indices,), gy)


take.cls.index_parameter = "indices"


@take.samples
def _(sample):
    sample(sample.array(), [0, 0])
    sample(sample.array(2, 3), [1, -1, 5, 1])
    sample(sample.array(2, 3), np.array([[0, 2], [2, -1]]), axis=-1)
    sample(sample.array(2, 1, 3), 4, axis=2, mode="wrap")
    sample(sample.array(3, 2), [0, 2, 0], axis=0)
    sample(sample.array(2, 3), [-4, 1, 7], axis=1, mode="clip")
    sample(sample.array(2, 3, dtype=complex), [0, 2, 0], axis=1)


@rule(np.take_along_axis, operands=("arr",), method=None)
def take_along_axis(gy, y, arr, indices, axis=-1):
    """y[i, j] = arr[i, indices[i, j]];   ∂y/∂arr puts gy back to where it was taken from"""
    if axis is None:
        return At(counted(indices, arr.shape), gy)
    index = list(np.ogrid[tuple([slice(n) for n in arr.shape])])
    index[axis] = indices
    return At(tuple(index), gy)


take_along_axis.cls.index_parameter = "indices"


@take_along_axis.samples
def _(sample):
    sample(sample.array(2, 3), np.array([[0, 2, 2, 1], [1, 1, 0, -1]]))
    sample(sample.array(2, 3), np.array([[0, 1, 1]]), axis=0)
    sample(sample.array(2, 3), np.array([5, 1, -1]), axis=None)
    sample(sample.array(2, 3, dtype=complex), np.array([[0, 2, 2, 1], [1, 1, 0, -1]]))


def ix_(*args):
    """y_k = x_k along axis k, of len(args) axes; of integers the same, of booleans the places of those that hold, as arrays"""
    ys = np.ix_(*[constant(x) for x in args])
    return tuple([x.reshape(y.shape) if isinstance(x, Variable) and x.dtype.kind in "fc" else y for x, y in zip(args, ys)])


# -- by condition

def compress(condition, a, axis=None) -> Variable:
    """y = what lies along the axis, of all elements where there is none, where the condition holds"""
    if np.ndim(condition) != 1:
        raise ValueError(f"compress: the condition has {np.ndim(condition)} dimensions, wanted 1: x[condition] takes more")
    return np.take(a, np.flatnonzero(condition), axis)


def compress_method(x, condition, axis=None):
    """Return ``x.compress(condition)``."""
    return compress(condition, x, axis)


def extract(condition, arr):
    """y = the elements of arr where the condition holds"""
    return np.take(arr, np.flatnonzero(condition))


# -- by choice

def in_one_dtype(choices):
    """Return operands in the dtype that they have together, which Python's numbers do not widen; Variables as they are."""
    choices = [c if type(c) in (bool, int, float, complex) else operand(c) for c in choices]
    dtype = np.result_type(*choices)
    return [c if isinstance(c, Variable) else np.asarray(c, dtype) for c in choices]


def choose(a, choices, mode="raise") -> Variable:
    """y[i] = choices[a[i]][i]"""
    a, (y, *others) = operand(a), in_one_dtype(choices)
    n = len(others) + 1
    if a.dtype.kind not in "iub":
        raise TypeError(f"choose: the numbers of the choices are {a.dtype}, wanted integers")
    if mode == "raise" and np.any((a < 0) | (a >= n)):
        raise ValueError(f"choose: got a number that none of {n} choices has")
    y, a = np.broadcast_to(y, np.broadcast_shapes(a.shape, y.shape)), a % n if mode == "wrap" else a
    for i, choice in enumerate(others, 1):
        y = np.where(a >= i, choice, y)
    return y if others else np.copy(y)


def select(condlist, choicelist, default=0):
    """y[i] = the first choice whose condition holds at i, else the default"""
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(f"select: got {len(condlist)} conditions and {len(choicelist)} choices, wanted as many, and one at least")
    if any([np.asarray(condition).dtype != bool for condition in condlist]):
        raise TypeError("select: the conditions are to be booleans")
    *choices, y = in_one_dtype([*choicelist, default])
    for condition, choice in zip(condlist[::-1], choices[::-1]):
        y = np.where(condition, choice, y)
    return y


# -- the different elements

def distinct(ar, equal_nan=False):
    return np.unique(ar, equal_nan=equal_nan)


@rule(distinct, np.unique_values, name="unique_values", method=None)
def unique_values(gy, y, ar, equal_nan=False):
    """y = the different elements of ar, sorted;   ∂y/∂ar = 1 / m for each of m equal ones"""
    _, inverse, counts = np.unique(ar, return_inverse=True, return_counts=True, equal_nan=equal_nan)
    return (gy / counts.astype(gy.dtype))[inverse]


@unique_values.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(4), equal_nan=True)


def unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True):
    """y = the different elements of ar, sorted; where they are first, which of them each is, how many there are, as asked for"""
    if axis is not None:
        raise TypeError(f"numpy.unique(axis={axis!r}) of a Variable is not supported: only single elements are compared")
    ar = operand(ar)
    y = unique_values(ar, equal_nan=equal_nan)
    if not (return_index or return_inverse or return_counts):
        return y
    return (y, *np.unique(constant(ar), return_index, return_inverse, return_counts, equal_nan=equal_nan)[1:])


def unique_all(x):
    """y = the different elements of x, where they are first, which each of x is, and how many there are"""
    return with_names(np.unique_all, unique(x, True, True, True, equal_nan=False))


def unique_counts(x):
    """y = the different elements of x, and how many there are of each"""
    return with_names(np.unique_counts, unique(x, return_counts=True, equal_nan=False))


def unique_inverse(x):
    """y = the different elements of x, and which of them each of x is"""
    return with_names(np.unique_inverse, unique(x, return_inverse=True, equal_nan=False))


def with_names(function, results):
    """Return results under the names that a NumPy function gives them."""
    return type(function(np.zeros(0)))(*results)


def union1d(ar1, ar2):
    """y = the different elements of both, sorted"""
    return unique(np.concatenate([ar1, ar2], None))


def setdiff1d(ar1, ar2):
    """y = the different elements of ar1 that ar2 has not, sorted"""
    y = unique(ar1)
    return y[np.isin(y, ar2, invert=True)]


def setxor1d(ar1, ar2):
    """y = the different elements that only one of both has, sorted"""
    return unique(np.concatenate([setdiff1d(ar1, ar2), setdiff1d(ar2, ar1)]), equal_nan=False)


def intersect1d(ar1, ar2, *, return_indices=False):
    """y = the different elements that both have, sorted; ∂y/∂x = ½ for those of each"""
    y = unique(np.concatenate([unique(ar1), unique(ar2)]))
    y = y[np.isin(y, ar1) & np.isin(y, ar2)]
    return (y, *np.intersect1d(constant(operand(ar1)), constant(operand(ar2)), return_indices=True)[1:]) if return_indices else y


SETS = unique, unique_all, unique_counts, unique_inverse, union1d, setdiff1d, setxor1d, intersect1d


# -- piece by piece

def apply_over_axes(func, a, axes):
    """y = func(… func(func(a, axis₀), axis₁) …), with the axes of a"""
    y = a = operand(a)
    for axis in np.atleast_1d(axes).tolist():
        axis = normalize_axis_index(axis, a.ndim)
        y = func(y, axis)
        y = y if y.ndim == a.ndim else np.expand_dims(y, axis)
        if y.ndim != a.ndim:
            raise ValueError(f"apply_over_axes: the function gave {y.ndim} axes, wanted {a.ndim}, or one less")
    return y


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
    for function in LOCALLY_CONSTANT:
        register.constant(function)
    register.function(compress, (np.compress,), method=compress_method)
    register.function(choose, (np.choose,))
    for f in (ix_, extract, select, *SETS, twin.piecewise, twin.apply_along_axis, apply_over_axes):
        register.function(f, (getattr(np, f.__name__),), method=None)
