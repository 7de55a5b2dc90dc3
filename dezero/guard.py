"""Where a rule may carry a number past the engine, and what is seen of data that was changed in place.

A rule that reads a number which `forward` left on its instance gives a right first derivative and a wrong second one:
the engine sees a constant.  What ``__init__`` has put there are parameters, and constant indeed.
"""
import sys

import numpy as np

from ._kernels.cells import Call, Handle
from .errors import GradientError

BUDGET = 1000           # objects that are looked into, of one instance
BARE = frozenset((int, bool, str, bytes, type(None), slice, type(...), np.dtype))       # hold no floating number


class Anomaly(GradientError, FloatingPointError):
    """A number is not finite, in a computation that is watched for it (`detect_anomaly`)."""


def parameters(f):
    """What an op's instance holds before forward: {id: (number, its fingerprint)}, or None where it holds no number."""
    found = numbers(f)
    return {id(x): (x, fingerprint(x)) for _, x in found} if found else None


def left_by_forward(f, before):
    """How one reaches a number that is on the instance now and was not before forward, or None."""
    for path, x in numbers(f):
        old = before.get(id(x)) if before else None
        if old is None or old[1] != fingerprint(x):
            return path
    return None


def numbers(f):
    """[(how one reaches it, it)]: the floating and complex numbers, arrays and Variables that an instance holds."""
    found, seen = [], set()
    todo = [(f"self.{name}", x) for name, x in attributes(f)]
    while todo and len(seen) < BUDGET:
        path, x = todo.pop()
        if type(x) in BARE or id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, (float, complex, np.inexact, Handle)) or isinstance(x, np.ndarray) and x.dtype.kind in "fc":
            found.append((path, x))
        else:
            todo += parts(path, x)
    return found


def parts(path, x):
    """What an object is made of, as far as an op may keep numbers in it."""
    if isinstance(x, dict):
        return [(f"{path}[{key!r}]", value) for key, value in list(x.items())[:BUDGET]]
    if isinstance(x, (list, tuple)) or isinstance(x, np.ndarray) and x.dtype.kind == "O":
        return [(f"{path}[{i}]", value) for i, value in enumerate(list(x)[:BUDGET])]
    if isinstance(x, (set, frozenset)):
        return [(f"{path}{{...}}", value) for value in list(x)[:BUDGET]]
    if isinstance(x, (type, type(sys))) or callable(x) and not hasattr(x, "__code__") and not hasattr(x, "__dict__"):
        return []
    found = [(f"{path}.{name}", value) for name, value in attributes(x)]
    for name in ("__self__", "func", "args", "keywords"):           # bound methods and functools.partial
        if callable(x) and hasattr(x, name):
            found.append((f"{path}.{name}", getattr(x, name)))
    for cell in getattr(x, "__closure__", None) or ():
        try:
            found.append((f"the closure of {path}", cell.cell_contents))
        except ValueError:                  # an empty cell
            pass
    found += [(f"the defaults of {path}", value) for value in getattr(x, "__defaults__", None) or ()]
    return found


def attributes(x):
    """[(name, value)] of what an object holds in __dict__ and __slots__; nothing is asked of its class."""
    found = [(name, value) for name, value in (getattr(x, "__dict__", None) or {}).items()
             if name not in Call.__dict__ or not isinstance(x, Call)]       # what the engine keeps with a call
    for cls in type(x).__mro__:
        if issubclass(Call, cls):
            break
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(cls.__dict__.get(name), "__get__"):
                try:
                    found.append((name, cls.__dict__[name].__get__(x)))
                except AttributeError:      # an empty slot
                    pass
    return found


def fingerprint(x):
    """A number that tells the contents of an array from others; None for what cannot be written to."""
    if not isinstance(x, np.ndarray):
        return None
    from zlib import crc32                  # few programs come here

    once = x[tuple(slice(None, 1) if step == 0 else slice(None) for step in x.strides)]     # what is broadcast, but once
    if not (once.flags.c_contiguous or once.flags.f_contiguous):
        once = np.ascontiguousarray(once)
    return crc32(once.T if once.flags.f_contiguous else once)


def site():
    """Where the caller's own code is now, outside of this package: "file:line in function"."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def not_finite(arrays):
    """The place of the first array that holds a NaN or an infinity, or None."""
    return next((i for i, x in enumerate(arrays) if x.dtype.kind in "fc" and not np.isfinite(x).all()), None)
