"""Sums, means, extremes and ranks over axes, and what is accumulated along one.

Of several elements that are the greatest, each gets the same share of the gradient; a standard deviation of 0 gives none.
"""
import math

import numpy as np
from dezero import At, hookimpl, rule
from numpy.lib.array_utils import normalize_axis_tuple

from dezero_numpy._rules import conj, is_complex, kept, register_all
from dezero_numpy.elementwise import below

NoValue = np._NoValue                       # NumPy's default of what was not given


# -- what is tried by dezero.testing, and what the rules share

def reduced(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, 3, dtype=complex))
    sample(sample.array(2, 3), axis=0)
    sample(sample.array(2, 3, 2), axis=(0, -1))
    sample(sample.array(2, 3), axis=1, keepdims=True)


def check_dtype(dtype, a):
    """Refuse a dtype of integers, as which a result makes steps, and one that takes a complex a as real, or the other way round."""
    kind = "c" if is_complex(a) else "f"
    if dtype is not None and np.dtype(dtype).kind != kind:
        raise TypeError(f"dtype={np.dtype(dtype)} has no gradient by an operand of {a.dtype}: leave dtype out, convert the result")


def spread(g, a, axis, keepdims):
    """Return g, of a reduction of a, with length 1 on the axes that were reduced."""
    return g.reshape((1,) * a.ndim) if axis is None and not keepdims else kept(g, axis, keepdims)


def count(a, y, axis, where, dtype):
    """Return how many elements of a each of y, a reduction, is made of, 1 at least: a number, or an array where a mask tells."""
    if where is True:
        return max(a.size // max(y.size, 1), 1)
    return np.maximum(np.count_nonzero(np.broadcast_to(where, a.shape), axis, keepdims=True), 1).astype(dtype)


def taken(g, where):
    """Return g where the mask holds, else 0."""
    return g if where is True else np.where(where, g, 0)


# -- means

@rule(np.mean)
def mean(gy, y, a, axis=None, dtype=None, keepdims=False, *, where=True):
    """y = Σ a / n;   ∂y/∂a = 1 / n"""
    check_dtype(dtype, a)
    n = count(a, y, axis, where, gy.dtype)
    return taken(spread(gy, a, axis, keepdims) / n, where)


@rule(np.var)
def var(gy, y, a, axis=None, dtype=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=NoValue):
    """y = Σ |a - m|² / (n - ddof), m = Σ a / n;   ∂y/∂a = 2 (a - m) / (n - ddof), of a complex a the conjugate"""
    check_dtype(dtype, a)
    a, n = taken(a, where), count(a, y, axis, where, gy.dtype)
    if mean is None:
        mean = np.mean(a, axis, dtype, keepdims=True) if where is True else np.sum(a, axis, dtype, keepdims=True) / n
    g = conj(a - mean)                      # and multiplied in place: a quarter of the time at 1e6 elements
    g *= kept(gy, axis, keepdims) * 2 / freedom(n, ddof if correction is NoValue else correction)
    return taken(g, where)


def freedom(n, less):
    """Return n - less; where that is not above 0, 0 of a number, and NaN, which raises no flag, of a mask's numbers."""
    return np.where(n > less, n - less, np.nan) if isinstance(n, np.ndarray) else max(n - less, 0)


@rule(np.std)
def std(gy, y, a, axis=None, dtype=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=NoValue):
    """y = √(Σ |a - m|² / (n - ddof)), m = Σ a / n;   ∂y/∂a = (a - m) / (n - ddof) y, of a complex a the conjugate; 0 where y is"""
    g = np.where(y == 0, 0, gy) / np.where(y == 0, 2, 2 * y)
    return var.rule(g, y, a, axis, dtype, ddof, keepdims, where=where, mean=mean, correction=correction)


def masked(sample):
    sample(sample.array(2, 3), axis=1, dtype="f8", where=np.array([True, False, True]))
    sample(sample.array(2, 3, dtype=complex), axis=1, where=np.array([True, False, True]))


def spreads(sample):
    reduced(sample)
    masked(sample)
    sample(sample.array(2, 3), ddof=1)
    sample(sample.array(2, 3), axis=0, correction=0.5)
    sample(sample.array(2, 3), axis=1, mean=np.array([[0.5], [-0.25]]))


@mean.samples
def means(sample):
    reduced(sample)
    masked(sample)


var.samples(spreads)
std.samples(spreads)


def average(a, axis=None, weights=None, returned=False, *, keepdims=False):
    """y = Σ w a / Σ w"""
    a = a if hasattr(a, "ndim") else np.asarray(a)
    if weights is None:
        y = np.mean(a, axis, keepdims=keepdims)
        total = np.asarray(a.size / np.size(y), y.dtype)
    else:
        w = weighing(weights, a, axis)
        total = np.sum(w, axis, keepdims=keepdims)
        if np.any(total == 0):
            raise ZeroDivisionError("average: the weights add up to 0")
        y = np.sum(a * w, axis, keepdims=keepdims) / total
    return (y, np.broadcast_to(total, y.shape).copy() if total.shape != y.shape else total) if returned else y


def weighing(weights, a, axis):
    """Return the weights of an average in a shape that broadcasts to that of a, and in the dtype of the result."""
    w = weights if hasattr(weights, "ndim") else np.asarray(weights)
    dtype = np.result_type(a.dtype, w.dtype, *([] if a.dtype.kind in "fc" else ["f8"]))
    w = w if w.dtype == dtype else w.astype(dtype)
    if w.shape == a.shape:
        return w
    if axis is None:
        raise TypeError(f"average: axis is needed, since weights are of shape {w.shape} and a of {a.shape}")
    axes = normalize_axis_tuple(axis, a.ndim, "axis")
    if w.shape != tuple([a.shape[i] for i in axes]):
        raise ValueError(f"average: weights of shape {w.shape} for axis={axis} of a, which is of shape {a.shape}")
    w = np.transpose(w, np.argsort(axes))
    return w.reshape(tuple([n if i in axes else 1 for i, n in enumerate(a.shape)]))


# -- the greatest and the least

@rule(np.max, np.amax, (np.maximum, "reduce"), name="max")
def max_(gy, y, a, axis=None, keepdims=False, initial=NoValue, where=True):
    """y = the greatest a, NaN where one is NaN;   ∂y/∂a = 1 / k for each of k that are the greatest, else 0"""
    y = kept(y, axis, keepdims)
    chosen = a == y
    if where is not True:
        chosen = chosen & where
    g = kept(gy, axis, keepdims)
    if initial is not NoValue or np.count_nonzero(chosen) != y.size or np.isnan(y).any():
        k = np.count_nonzero(chosen, axis, keepdims=True) + (y == initial)
        g = g / np.maximum(k, 1).astype(gy.dtype)
    return np.where(chosen, g, 0)


@rule(np.min, np.amin, (np.minimum, "reduce"), name="min")
def min_(gy, y, a, axis=None, keepdims=False, initial=NoValue, where=True):
    """y = the least a, NaN where one is NaN;   ∂y/∂a = 1 / k for each of k that are the least, else 0"""
    return max_.rule(gy, y, a, axis, keepdims, initial, where)


@max_.samples
def extremes(sample):
    reduced(sample)
    sample(sample.array(2, 3), axis=1, initial=-9.0, where=np.array([True, False, True]))
    sample(sample.array(2, 3), axis=0, initial=9.0)
    sample(np.array([[1.0, 2.0, 2.0], [0.5, -1.0, -1.0]]), axis=1, initial=-9.0, where=np.array([True, True, False]))


@min_.samples
def least(sample):
    reduced(sample)
    sample(sample.array(2, 3), axis=1, initial=9.0, where=np.array([True, False, True]))
    sample(sample.array(2, 3), axis=0, initial=-9.0)
    sample(np.array([[1.0, -2.0, -2.0], [-0.5, 1.0, 1.0]]), axis=1, initial=9.0, where=np.array([True, True, False]))


@rule(np.ptp, method=None)
def ptp(gy, y, a, axis=None, keepdims=False):
    """y = the greatest a - the least;   ∂y/∂a = 1 / k for each of k that are the greatest, -1 / k for the least, else 0"""
    greatest, least = np.max(a, axis, keepdims=keepdims), np.min(a, axis, keepdims=keepdims)
    return max_.rule(gy, greatest, a, axis, keepdims) - max_.rule(gy, least, a, axis, keepdims)


ptp.samples(reduced)


# -- logarithms of sums

def logsumexp(array, axis=0, dtype=None, keepdims=False, initial=NoValue, where=True):
    return np.logaddexp.reduce(array, axis, dtype, None, keepdims, -math.inf if initial is NoValue else initial, where)


@rule(logsumexp, (np.logaddexp, "reduce"), method=None)
def logaddexp_reduce(gy, y, array, axis=0, dtype=None, keepdims=False, initial=NoValue, where=True):
    """y = log Σ eᵃ;   ∂y/∂a = eᵃ⁻ʸ"""
    check_dtype(dtype, array)
    array = array if where is True else np.where(where, array, -math.inf)
    return taken(kept(gy, axis, keepdims) * np.exp(below(array, kept(y, axis, keepdims))), where)


@logaddexp_reduce.samples
def _(sample):
    sample(sample.array(3, 4))
    sample(sample.array(3, 4), axis=(0, 1))
    sample(sample.array(3, 4), axis=1)
    sample(sample.array(3, 4), axis=-1, keepdims=True, initial=0.5, where=np.array([True, True, False, True]), dtype="f8")


# -- products

def is_divisible(y, dtype):
    """Return whether the factors of products can be divided out again: no product is 0, inexactly small, infinite or NaN."""
    return bool(np.all(np.isfinite(y) & (np.abs(y) >= np.finfo(dtype).tiny)))


def before(a):
    """Return for each place of the first axis the product of what stands before it."""
    return np.cumprod(np.concatenate([np.ones_like(a[:1]), a[:-1]]), 0)


def others(a, axis):
    """Return for each place the product over the axes of all elements but the one that is there."""
    axes = range(a.ndim) if axis is None else normalize_axis_tuple(axis, a.ndim)
    first = range(len(axes))
    a = np.moveaxis(a, axes, first)
    rows = a.reshape((-1, *a.shape[len(axes):]))
    return np.moveaxis((before(rows) * before(rows[::-1])[::-1]).reshape(a.shape), first, axes)


@rule(np.prod, (np.multiply, "reduce"))
def prod(gy, y, a, axis=None, dtype=None, keepdims=False, initial=NoValue, where=True):
    """y = Π a;   ∂y/∂a = the product of the others"""
    check_dtype(dtype, a)
    a = a if where is True else np.where(where, a, 1)
    if is_divisible(y, gy.dtype):
        rest = kept(y, axis, keepdims) / a
    else:
        rest = others(a, axis) if initial is NoValue else initial * others(a, axis)
    return taken(kept(gy, axis, keepdims) * rest, where)


def one_zero(sample):
    """Return factors with a 0 among them."""
    return sample.through(lambda a: a * np.array([1.0, 0.0, 1.0]), sample.array(2, 3, low=0.5))


@prod.samples
def products(sample):
    reduced(sample)
    sample(sample.array(2, 3), axis=1, dtype="f8", initial=2.0, where=np.array([True, False, True]))
    for axis in (None, 0, 1, (1, 0)):
        sample(one_zero(sample), axis=axis)
    sample(sample.through(lambda a: a * np.array([1.0, 0.0, 1.0]), sample.array(2, 3, dtype=complex)), axis=1)
    sample(one_zero(sample), axis=0, initial=3.0)


# -- what is accumulated

def flipped(f, g, axis):
    """Return what f accumulates along an axis, from its end."""
    return np.flip(f(np.flip(g, axis), axis), axis)


def recurrence(g, a):
    """Return s with sᵢ = gᵢ + aᵢ sᵢ₊₁ along the first axis; a has no last element.

    Done by doubling: what is known of n elements follows from what is known of n / 2, in log n steps.
    """
    n = 1
    while n < g.shape[0]:
        g = np.concatenate([g[:-n] + a * g[n:], g[-n:]])
        a = a[:-n] * a[n:]
        n *= 2
    return g


@rule(np.cumsum)
def cumsum(gy, y, a, axis=None, dtype=None):
    """yᵢ = a₀ + … + aᵢ;   ∂yⱼ/∂aᵢ = 1 for i ≤ j"""
    check_dtype(dtype, a)
    return flipped(np.cumsum, gy, axis).reshape(a.shape)


@rule(np.cumprod)
def cumprod(gy, y, a, axis=None, dtype=None):
    """yᵢ = a₀ … aᵢ;   ∂yⱼ/∂aᵢ = the product of the others up to j, for i ≤ j"""
    check_dtype(dtype, a)
    if axis is None:
        return cumprod.rule(gy, y, a.reshape(-1), 0).reshape(a.shape)
    if is_divisible(y, gy.dtype):
        return flipped(np.cumsum, gy * y, axis) / a
    a = np.moveaxis(a, axis, 0)
    return np.moveaxis(before(a) * recurrence(np.moveaxis(gy, axis, 0), a[1:]), 0, axis)


@cumsum.samples
def accumulated(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, 3), axis=0)
    sample(sample.array(2, 3, 2), axis=-2, dtype="f8")
    sample(sample.array(2, 3, dtype=complex), axis=1, dtype="c16")


@cumprod.samples
def factors(sample):
    accumulated(sample)
    for axis in (None, 0, -1):
        sample(one_zero(sample), axis=axis)


def add_accumulate(array, axis=0, dtype=None):
    """yᵢ = a₀ + … + aᵢ"""
    return np.cumsum(array, axis, dtype)


def multiply_accumulate(array, axis=0, dtype=None):
    """yᵢ = a₀ … aᵢ"""
    return np.cumprod(array, axis, dtype)


def accumulate_max(array, axis=0, dtype=None):
    return np.maximum.accumulate(array, axis, dtype)


def accumulate_min(array, axis=0, dtype=None):
    return np.minimum.accumulate(array, axis, dtype)


@rule(accumulate_max, (np.maximum, "accumulate"), method=None)
def maximum_accumulate(gy, y, array, axis=0, dtype=None):
    """yᵢ = the greatest of a₀ … aᵢ;   ∂yᵢ/∂a = 1 / k for each of k that are the greatest, else 0"""
    check_dtype(dtype, array)
    gy, y, a = [np.moveaxis(x, axis, 0) for x in (gy, y, array)]
    chosen, lasts = a == y, y[1:] == y[:-1]         # lasts: the greatest is still the same
    k = np.cumsum(chosen, 0)
    k[1:] -= np.maximum.accumulate(np.where(lasts, 0, k[:-1]))
    g = recurrence(gy / np.maximum(k, 1).astype(gy.dtype), lasts)
    return np.moveaxis(np.where(chosen, g, 0), 0, axis)


@rule(accumulate_min, (np.minimum, "accumulate"), method=None)
def minimum_accumulate(gy, y, array, axis=0, dtype=None):
    """yᵢ = the least of a₀ … aᵢ;   ∂yᵢ/∂a = 1 / k for each of k that are the least, else 0"""
    return maximum_accumulate.rule(gy, y, array, axis, dtype)


@maximum_accumulate.samples
def runs(sample):
    sample(sample.array(5))
    sample(sample.array(4, 3), axis=0, dtype="f8")
    sample(sample.array(2, 5, 2), axis=-2)


minimum_accumulate.samples(runs)


def accumulate_logaddexp(array, axis=0, dtype=None):
    return np.logaddexp.accumulate(array, axis, dtype)


@rule(accumulate_logaddexp, (np.logaddexp, "accumulate"), method=None)
def logaddexp_accumulate(gy, y, array, axis=0, dtype=None):
    """yᵢ = log(eᵃ⁰ + … + eᵃⁱ);   ∂yⱼ/∂aᵢ = eᵃⁱ⁻ʸʲ for i ≤ j"""
    check_dtype(dtype, array)
    gy, y, a = [np.moveaxis(x, axis, 0) for x in (gy, y, array)]
    return np.moveaxis(np.exp(below(a, y)) * recurrence(gy, np.exp(below(y[:-1], y[1:]))), 0, axis)


logaddexp_accumulate.samples(runs)


def reduceat(array, indices, axis=0, dtype=None):
    return np.add.reduceat(array, indices, axis, dtype)


@rule(reduceat, (np.add, "reduceat"), operands=("array",), method=None)
def add_reduceat(gy, y, array, indices, axis=0, dtype=None):
    """yₖ = Σ a from the k-th index to the one after it, or the one a that is there, where that is not greater;   ∂yₖ/∂a = 1"""
    check_dtype(dtype, array)
    axis %= array.ndim
    starts = np.asarray(indices)
    lengths = np.maximum(np.append(starts[1:], array.shape[axis]) - starts, 1)
    owners = np.repeat(np.arange(len(starts)), lengths)
    places = np.arange(len(owners)) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    before = (slice(None),) * axis
    return At((*before, places), gy[(*before, owners)])


@add_reduceat.samples
def parts(sample):
    sample(sample.array(6), [0, 4, 1, 1])
    sample(sample.array(6, dtype=complex), [0, 4, 1, 1])
    sample(sample.array(4, 3), [1, 3], axis=0, dtype="f8")
    sample(sample.array(2, 5, 2), np.array([0, 2]), axis=-2)


if hasattr(np, "cumulative_sum"):           # since NumPy 2.1
    def without_initial(g, axis, include_initial):
        """Return g without its first element along an axis, where that is the start of what is accumulated."""
        return np.moveaxis(np.moveaxis(g, axis, 0)[1:], 0, axis) if include_initial else g

    @rule(np.cumulative_sum, method=None)
    def cumulative_sum(gy, y, x, axis=None, dtype=None, include_initial=False):
        """yᵢ = x₀ + … + xᵢ;   ∂yⱼ/∂xᵢ = 1 for i ≤ j"""
        axis = 0 if axis is None else axis
        return cumsum.rule(without_initial(gy, axis, include_initial), None, x, axis, dtype)

    @rule(np.cumulative_prod, method=None)
    def cumulative_prod(gy, y, x, axis=None, dtype=None, include_initial=False):
        """yᵢ = x₀ … xᵢ;   ∂yⱼ/∂xᵢ = the product of the others up to j, for i ≤ j"""
        axis = 0 if axis is None else axis
        return cumprod.rule(without_initial(gy, axis, include_initial), without_initial(y, axis, include_initial), x, axis, dtype)

    @cumulative_sum.samples
    def started(sample):
        sample(sample.array(4))
        sample(sample.array(4), include_initial=True)
        sample(sample.array(4, dtype=complex))
        sample(sample.array(2, 3), axis=0, dtype="f8")
        sample(sample.array(2, 3, 2), axis=-2, include_initial=True)

    cumulative_prod.samples(started)


# -- the same without what is NaN

@rule(np.nansum, method=None)
def nansum(gy, y, a, axis=None, dtype=None, keepdims=False, initial=NoValue, where=True):
    """y = Σ a;   ∂y/∂a = 1, 0 where a is NaN"""
    check_dtype(dtype, a)
    return taken(kept(gy, axis, keepdims), ~np.isnan(a) & where)


@rule(np.nanmean, method=None)
def nanmean(gy, y, a, axis=None, dtype=None, keepdims=False, *, where=True):
    """y = Σ a / n;   ∂y/∂a = 1 / n, 0 where a is NaN"""
    return mean.rule(gy, y, a, axis, dtype, keepdims, where=~np.isnan(a) & where)


@rule(np.nanvar, method=None)
def nanvar(gy, y, a, axis=None, dtype=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=NoValue):
    """y = Σ (a - m)² / (n - ddof), m = Σ a / n;   ∂y/∂a = 2 (a - m) / (n - ddof), 0 where a is NaN"""
    return var.rule(gy, y, a, axis, dtype, ddof, keepdims, where=~np.isnan(a) & where, mean=mean, correction=correction)


@rule(np.nanstd, method=None)
def nanstd(gy, y, a, axis=None, dtype=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=NoValue):
    """y = √(Σ (a - m)² / (n - ddof)), m = Σ a / n;   ∂y/∂a = (a - m) / (n - ddof) y, 0 where y is 0 or a is NaN"""
    return std.rule(gy, y, a, axis, dtype, ddof, keepdims, where=~np.isnan(a) & where, mean=mean, correction=correction)


@rule(np.nanmax, (np.fmax, "reduce"), method=None)
def nanmax(gy, y, a, axis=None, keepdims=False, initial=NoValue, where=True):
    """y = the greatest a that is a number;   ∂y/∂a = 1 / k for each of k that are the greatest, else 0"""
    return max_.rule(gy, y, a, axis, keepdims, initial, where)


@rule(np.nanmin, (np.fmin, "reduce"), method=None)
def nanmin(gy, y, a, axis=None, keepdims=False, initial=NoValue, where=True):
    """y = the least a that is a number;   ∂y/∂a = 1 / k for each of k that are the least, else 0"""
    return max_.rule(gy, y, a, axis, keepdims, initial, where)


@rule(np.nanprod, method=None)
def nanprod(gy, y, a, axis=None, dtype=None, keepdims=False, initial=NoValue, where=True):
    """y = Π a;   ∂y/∂a = the product of the others, 0 where a is NaN"""
    return prod.rule(gy, y, a, axis, dtype, keepdims, initial, ~np.isnan(a) & where)


@rule(np.nancumsum, method=None)
def nancumsum(gy, y, a, axis=None, dtype=None):
    """yᵢ = a₀ + … + aᵢ;   ∂yⱼ/∂aᵢ = 1 for i ≤ j, 0 where a is NaN"""
    return taken(cumsum.rule(gy, y, a, axis, dtype), ~np.isnan(a))


@rule(np.nancumprod, method=None)
def nancumprod(gy, y, a, axis=None, dtype=None):
    """yᵢ = a₀ … aᵢ;   ∂yⱼ/∂aᵢ = the product of the others up to j, for i ≤ j, 0 where a is NaN"""
    holds = ~np.isnan(a)
    return taken(cumprod.rule(gy, y, np.where(holds, a, 1), axis, dtype), holds)


nansum.samples(products)
nanmean.samples(means)
nanvar.samples(spreads)
nanstd.samples(spreads)
nanmax.samples(extremes)
nanmin.samples(least)
nanprod.samples(products)
nancumsum.samples(accumulated)
nancumprod.samples(factors)


# -- ranks

def along(index, axis):
    """Return the index that takes from each row along an axis what `index` names, as `np.take_along_axis` does."""
    places = list(np.ogrid[tuple(map(slice, index.shape))])
    places[axis] = index
    return tuple(places)


def sorted_by(a, axis):
    """Return the index that sorts a along an axis."""
    return along(np.argsort(a, axis), axis)


def unsorted(g, a, axis):
    """Return g, of the elements of a in order, in the order of a."""
    order = np.argsort(a, axis)
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.expand_dims(np.arange(a.shape[axis]), tuple(range(1, a.ndim))).swapaxes(0, axis), axis)
    return g[along(places, axis)]


@rule(np.sort, method=None)
def sort(gy, y, a, axis=-1, kind=None, *, stable=None):
    """y = a in order;   ∂yᵢ/∂a = 1 for the element that is at i"""
    if axis is None:
        return unsorted(gy, a.reshape(-1), 0).reshape(a.shape)
    return unsorted(gy, a, axis)


@rule(np.partition, operands=("a",), method=None)
def partition(gy, y, a, kth, axis=-1):
    """y = a with the k-th in its place, none that is less behind it;   ∂yᵢ/∂a = 1 for the element that is at i"""
    if axis is None:
        return unsorted(gy[sorted_by(y, 0)], a.reshape(-1), 0).reshape(a.shape)
    return unsorted(gy[sorted_by(y, axis)], a, axis)


@sort.samples
def orders(sample):
    sample(sample.array(5))
    sample(sample.array(5, dtype=complex))
    sample(sample.array(3, 4), axis=0, kind="stable")
    sample(sample.array(2, 4, 2), axis=-2, stable=True)
    sample(sample.array(2, 3), axis=None)


def between(gy, y, a, axis, rank):
    """Return the gradient of a, where y is between the two elements whose places in order are next to rank([0, 1, ...]).

    Several ranks are the leading axes of y.  Of n elements that are no NaN the order has n.
    """
    axes = range(a.ndim) if axis is None else normalize_axis_tuple(axis, a.ndim)
    width = math.prod([n for i, n in enumerate(a.shape) if i not in axes])
    if not a.size:
        return np.zeros_like(gy, shape=a.shape)

    def rows(x):
        """Return x with the axes that are reduced as the first, the others as the second."""
        return np.moveaxis(x, axes, range(len(axes))).reshape((a.size // width, width))

    places = rows(np.arange(a.size).reshape(a.shape))[sorted_by(rows(a), 0)]
    numbers = np.count_nonzero(~np.isnan(rows(a)), 0)
    ranks = np.zeros((y.size // width, width))
    for n in set(numbers.tolist()) - {0}:
        ranks[:, numbers == n] = np.reshape(rank(np.arange(n)), (-1, 1))
    low, high, column = ranks.astype(int), np.ceil(ranks).astype(int), np.arange(width)
    g, part = gy.reshape(ranks.shape), (ranks - low).astype(gy.dtype)
    return [At(np.unravel_index(places[k, column], a.shape), g * w) for k, w in ((low, 1 - part), (high, part))]


@rule(np.median, method=None)
def median(gy, y, a, axis=None, keepdims=False):
    """y = the mean of the two a that are in the middle;   ∂y/∂a = ½ for each, or 1 where it is one"""
    return between(gy, y, a, axis, np.median)


@rule(np.quantile, operands=("a",), method=None)
def quantile(gy, y, a, q, axis=None, method="linear", keepdims=False):
    """y = (1 - t) b + t c, b and c next to each other in order;   ∂y/∂b = 1 - t,   ∂y/∂c = t"""
    return between(gy, y, a, axis, lambda x: np.quantile(x, q, method=method))


@rule(np.percentile, operands=("a",), method=None)
def percentile(gy, y, a, q, axis=None, method="linear", keepdims=False):
    """y = (1 - t) b + t c, b and c next to each other in order;   ∂y/∂b = 1 - t,   ∂y/∂c = t"""
    return between(gy, y, a, axis, lambda x: np.percentile(x, q, method=method))


@rule(np.nanmedian, method=None)
def nanmedian(gy, y, a, axis=None, keepdims=False):
    """y = the mean of the two numbers that are in the middle;   ∂y/∂a = ½ for each, or 1 where it is one"""
    return between(gy, y, a, axis, np.median)


@rule(np.nanquantile, operands=("a",), method=None)
def nanquantile(gy, y, a, q, axis=None, method="linear", keepdims=False):
    """y = (1 - t) b + t c, b and c next to each other in order, NaN left out;   ∂y/∂b = 1 - t,   ∂y/∂c = t"""
    return between(gy, y, a, axis, lambda x: np.quantile(x, q, method=method))


@rule(np.nanpercentile, operands=("a",), method=None)
def nanpercentile(gy, y, a, q, axis=None, method="linear", keepdims=False):
    """y = (1 - t) b + t c, b and c next to each other in order, NaN left out;   ∂y/∂b = 1 - t,   ∂y/∂c = t"""
    return between(gy, y, a, axis, lambda x: np.percentile(x, q, method=method))


def ranked(q):
    """Return samples for the quantiles that q names."""
    def samples(sample):
        sample(sample.array(5), q)
        sample(sample.array(3, 4), q, axis=1, keepdims=True)
        sample(sample.array(2, 3, 2), np.array([q, 2 * q]), axis=(-1, 0), method="hazen")
        sample(sample.array(3, 4), [[q, q / 2]], axis=0, method="inverted_cdf")
    return samples


median.samples(reduced)
nanmedian.samples(reduced)
quantile.samples(ranked(0.3))
nanquantile.samples(ranked(0.3))
percentile.samples(ranked(30.0))
nanpercentile.samples(ranked(30.0))


@partition.samples
def parted(sample):
    sample(sample.array(6), 2)
    sample(sample.array(6, dtype=complex), 2)
    sample(sample.array(2, 4, 2), -1, axis=-2)
    sample(sample.array(40, 2), (10, 20), axis=0)       # by one place, NumPy sorts so few whole
    sample(sample.array(2, 20), (10, 20), axis=None)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
    register.function(average, (np.average,), method=None)
    register.function(add_accumulate, ((np.add, "accumulate"),), method=None)
    register.function(multiply_accumulate, ((np.multiply, "accumulate"),), method=None)
    register.constant(np.nanargmax)
    register.constant(np.nanargmin)
    register.constant(np.lexsort)
