"""The twin of NumPy's namespace: NumPy itself, and what its protocols do not ask Variables about.

    import dezero.numpy as np
    y = np.array([x[0] * x[1], 2.0, x[1]])      # a Variable; of numbers alone it is NumPy's array

`array asarray asanyarray ascontiguousarray asfortranarray full arange linspace logspace geomspace fromiter r_ c_ vectorize
piecewise apply_along_axis` give Variables where a Variable is among their arguments, in lists too, and are NumPy's where none is.
`zeros ones empty full` of floating or complex numbers give constant Variables, which take assignments:

    y = np.zeros(3)
    y[0] = x[0] * x[1]                          # y is computed from x now

All other names are NumPy's own objects.
"""
import functools as _functools
from collections.abc import Iterable as _Iterable
from itertools import islice as _islice

import numpy as _np
from numpy.lib.array_utils import normalize_axis_index as _normalize_axis_index

from dezero.engine.variable import Variable as _Variable
from dezero.errors import DTypeError as _DTypeError, GradientError as _GradientError
from dezero.ops import pack as _pack

__all__ = list(_np.__all__)


def __getattr__(name):
    try:
        return getattr(_np, name)
    except AttributeError as error:
        raise AttributeError(f"module 'dezero.numpy' has no attribute {name!r}: {error}") from None


def __dir__():
    return dir(_np)


def _holds_variable(items, depth=64):
    """Is a Variable among these, or in a list among them?  Deeper than an array has axes nothing is looked for."""
    for kind in set(map(type, items)):      # a long list of numbers takes a third of what its array takes
        if issubclass(kind, _Variable):
            return True
        if depth and issubclass(kind, (list, tuple)) and any([_holds_variable(x, depth - 1) for x in items if type(x) is kind]):
            return True
    return False


def _twin(function):
    """Decorate what takes the place of a NumPy function where a Variable is among its arguments."""
    def decorate(own):
        @_functools.wraps(function, ("__name__", "__qualname__", "__doc__"), ())
        def call(*args, **kwargs):
            if not _holds_variable(args) and not _holds_variable([*kwargs.values()]):
                return function(*args, **kwargs)
            kwargs.pop("like", None)
            return own(*args, **kwargs)
        return call
    return decorate


array = _twin(_np.array)(_pack.array)
asarray = _twin(_np.asarray)(_pack.asarray)
asanyarray = _twin(_np.asanyarray)(_pack.asarray)
ascontiguousarray = _twin(_np.ascontiguousarray)(_pack.ascontiguousarray)
asfortranarray = _twin(_np.asfortranarray)(_pack.asfortranarray)
arange = _twin(_np.arange)(_pack.arange)
linspace = _twin(_np.linspace)(_pack.linspace)
logspace = _twin(_np.logspace)(_pack.logspace)
geomspace = _twin(_np.geomspace)(_pack.geomspace)


def _constant(function):
    """Return a NumPy function that makes arrays; those of floating or complex numbers are constant Variables, to be assigned to."""
    @_functools.wraps(function, ("__name__", "__qualname__", "__doc__"), ())
    def call(*args, **kwargs):
        if isinstance(kwargs.get("like"), _Variable):
            kwargs.pop("like")
        return _pack.made(function(*args, **kwargs))
    return call


zeros, ones, empty = _constant(_np.zeros), _constant(_np.ones), _constant(_np.empty)
full = _twin(_constant(_np.full))(_pack.full)


@_functools.wraps(_np.fromiter, ("__name__", "__qualname__", "__doc__"), ())
def fromiter(*args, **kwargs):
    given = {**dict(zip(("iter", "dtype", "count"), args)), **kwargs}
    iterable, count = given.get("iter"), given.get("count", -1)
    if not isinstance(iterable, _Iterable) or isinstance(iterable, _np.ndarray):
        return _np.fromiter(*args, **kwargs)
    items = [*_islice(iterable, count)] if isinstance(count, int) and count >= 0 else [*iterable]
    if not _holds_variable(items):
        return _np.fromiter(items, *args[1:], **kwargs) if args else _np.fromiter(**{**kwargs, "iter": items})
    given.pop("like", None)
    return _pack.fromiter(**{**given, "iter": items})


# ---- what calls a function of the caller's ---------------------------------------------------------------------------

class vectorize(_np.vectorize):
    __doc__ = _np.vectorize.__doc__

    def _call_as_normal(self, *args, **kwargs):
        if not _holds_variable(args) and not _holds_variable([*kwargs.values()]):
            return super()._call_as_normal(*args, **kwargs)
        if self.signature is not None:
            raise TypeError("vectorize(signature=...) of Variables is not supported: write np.array([f(row) for row in x]), with "
                            "`import dezero.numpy as np`")
        given = {**dict(enumerate(args)), **kwargs}
        taken = {key: _as_elements(x) for key, x in given.items() if key not in self.excluded}
        if not taken:
            return self.pyfunc(*args, **kwargs)
        shape = _np.broadcast_shapes(*[x.shape for x in taken.values()])
        results = []
        for values in zip(*[_np.broadcast_to(x, shape).reshape(-1) for x in taken.values()]):
            now = {**given, **dict(zip(taken, values))}
            results.append(self.pyfunc(*[now[i] for i in range(len(args))], **{name: now[name] for name in kwargs}))
        return self._put_together(results, shape)

    def _put_together(self, results, shape):
        """Return an array of the results, or a tuple of these."""
        if not results and self.otypes is None:
            raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
        if not results:
            made = [_pack.made(_np.empty(shape, dtype)) for dtype in self.otypes]
            return made[0] if len(made) == 1 else tuple(made)
        if isinstance(results[0], tuple):
            types = [asarray(x).dtype for x in results[0]] if self.otypes is None else self.otypes
            return tuple([_column(xs, dtype, shape) for xs, dtype in zip(zip(*results), types)])
        return _column(results, asarray(results[0]).dtype if self.otypes is None else self.otypes[0], shape)


def _as_elements(x):
    """Return an argument of what `vectorize` made: a Variable, or an array of Python's objects."""
    return asarray(x) if _holds_variable([x]) else _np.asanyarray(x, dtype=object)


def _column(results, dtype, shape):
    """Return an array of results, in the dtype of the first of them, as NumPy has it."""
    y = array(list(results))
    if y.shape != (len(results),):
        raise ValueError(f"vectorize: the function returned arrays of shape {y.shape[1:]}, wanted numbers")
    if not _np.can_cast(y.dtype, dtype, "same_kind") and isinstance(y, _Variable):
        raise _GradientError(f"vectorize: the results are to be of dtype {_np.dtype(dtype)}, that of the first one where otypes says "
                             f"nothing, and some are of dtype {y.dtype}: give otypes=[float]")
    return array(y, dtype, copy=None).reshape(shape)


@_twin(_np.piecewise)
def piecewise(x, condlist, funclist, *args, **kw):
    x = asarray(x)
    if isinstance(x, _Variable) and x.dtype.kind in "iub":          # and so is the result: what is constant where it does not jump
        return _np.piecewise(_np.asarray(x.detach()), condlist, funclist, *args, **kw)
    if _np.ndim(condlist) == 0 or not isinstance(condlist[0], (list, _np.ndarray)) and x.ndim:
        condlist = [condlist]
    conditions = _np.asarray(condlist, bool)
    if len(conditions) == len(funclist) - 1:
        conditions = _np.concatenate([conditions, ~_np.any(conditions, 0, keepdims=True)])
    if len(conditions) != len(funclist):
        n = len(conditions)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    pieces, place, end = [_np.zeros_like(x, shape=1)], _np.zeros(x.shape, int), 1       # the first: where no condition holds
    for condition, f in zip(conditions, funclist):
        part = x[condition]
        if part.size:
            pieces.append(_np.broadcast_to(asarray(f(part, *args, **kw) if callable(f) else f), part.shape).reshape(-1))
            place[condition] = _np.arange(end, end + part.size).reshape(part.shape)     # where several hold, the last one's is taken
            end += part.size
    ends = _np.cumsum([piece.size for piece in pieces])
    row = _pack.packed(pieces, _np.empty(end, x.dtype), [slice(end - piece.size, end) for piece, end in zip(pieces, ends)])
    return row[place]


@_twin(_np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    arr = asarray(arr)
    axis = _normalize_axis_index(axis, arr.ndim)
    moved = _np.moveaxis(arr, axis, -1)
    outer = moved.shape[:-1]
    if 0 in outer:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    rows = moved.reshape((_np.prod(outer, dtype=int), arr.shape[axis]))
    y = array([func1d(row, *args, **kwargs) for row in rows])
    inner = y.ndim - 1
    y = y.reshape((*outer, *y.shape[1:]))
    return _np.moveaxis(y, tuple(range(len(outer), len(outer) + inner)), tuple(range(axis, axis + inner)))


# ---- r_ and c_ -------------------------------------------------------------------------------------------------------

class _Joined:
    """What r_ and c_ are beyond NumPy's: they take Variables."""

    def __getitem__(self, key):
        items = [_joined_item(x) for x in key] if isinstance(key, tuple) else [_joined_item(key)]
        xs = [x for x in items if isinstance(x, _Variable)]
        if not xs:
            return super().__getitem__(key)
        if isinstance(items[0], str) and items[0] in ("r", "c"):
            raise _DTypeError(f"{items[0]!r} asks for a matrix, which no Variable is: leave it out")
        base = super().__getitem__(tuple([_np.zeros(x.shape, x.dtype) if isinstance(x, _Variable) else x for x in items]))
        ends = _np.cumsum([x.size for x in xs])
        row = _pack.packed([x.reshape(-1) for x in xs], _np.empty(ends[-1], base.dtype),
                           [slice(end - x.size, end) for x, end in zip(xs, ends)])
        return _pack.packed([row], base, [_np.unravel_index(self._places(items), base.shape)])

    def _places(self, items):
        """Return the number in the result of each element of the Variables.

        NumPy joins numbers in their place, and those that are 1 more: where the results differ by 1 is what was a Variable.
        """
        joined = []
        for first in (0, 1):
            numbered = []
            for x in items:
                if isinstance(x, _Variable):
                    numbered.append(_np.arange(first, first + x.size, dtype=float).reshape(x.shape))
                    first += x.size
                else:
                    numbered.append(x)
            joined.append(super().__getitem__(tuple(numbered)).reshape(-1))
        with _np.errstate(invalid="ignore"):                # of infinities among the other items
            places = _np.flatnonzero(joined[1] - joined[0] == 1)
        return places[_np.argsort(joined[0][places].real)]


def _joined_item(x):
    """Return a list, or a slice, with Variables in it as a Variable; anything else as it is."""
    if isinstance(x, slice) and _holds_variable((x.start, x.stop, x.step)):
        start = 0 if x.start is None else x.start
        is_count = isinstance(x.step, (complex, _np.complexfloating))
        return linspace(start, x.stop, int(abs(x.step))) if is_count else arange(start, x.stop, x.step)
    return asarray(x) if isinstance(x, (list, tuple)) and _holds_variable(x) else x


class _RowJoined(_Joined, type(_np.r_)):
    __doc__ = _np.r_.__doc__


class _ColumnJoined(_Joined, type(_np.c_)):
    __doc__ = _np.c_.__doc__


r_, c_ = _RowJoined(), _ColumnJoined()
