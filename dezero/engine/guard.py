"""Where a rule may carry a number past the engine, and what is seen of data that was changed in place.

A rule that reads a number which `forward` left on its instance gives a right first derivative and a wrong second one:
the engine sees a constant.  What ``__init__`` has put there are parameters, and constant indeed.
"""
import sys
import warnings
import weakref
from collections import deque
from importlib import import_module
from numbers import Integral, Number
from types import CellType, FunctionType, MappingProxyType, ModuleType

import numpy as np

from .._kernels.nodes import FunctionBase, VariableBase
from ..errors import GradientError, GraphCutWarning
from ..registry import OFFICIAL, registry

PACKAGE = __package__.partition(".")[0]
BUDGET = 1000           # objects that are looked into, of one instance
INTEGERS = [np.dtype(kind).type for kind in "?bBhHiIlLqQ"]
BARE = frozenset((int, bool, str, type(None), type(np._NoValue), slice, type(...), *INTEGERS))        # hold no floating number
CLOSED = type, ModuleType, np.ufunc         # and OPS: what is kept in an op is looked at where that is called
OPS = []                                    # the class Op, which stands in a higher room and puts itself here
MISSING = object()                          # what a name stands for that is not there
DECLARED = "name", "operators", "numpy", "kernel", "order", "_arguments", "__dict__", "__weakref__", "__slots__"     # attributes of an op's class
CARRIERS = float, complex, np.inexact, VariableBase, bytes, bytearray, memoryview


class Anomaly(GradientError, FloatingPointError):
    """A number is not finite, in a computation that is watched for it (`detect_anomaly`)."""


def parameters(f):
    """What an op's instance holds before forward: {id: (number, its fingerprint)}, or None where it holds no number."""
    return noted(numbers(attributes(f), f)) or None


def left_by_forward(f, before):
    """How one reaches a number that is on the instance now and was not before forward, or None."""
    return news(numbers(attributes(f), f), before or {})


def noted(found):
    return {id(x): (x, fingerprint(x)) for _, x in found}


def news(found, before):
    """How one reaches the first number that was not noted before, or that was another one then."""
    for path, x in found:
        old = before.get(id(x))
        if old is None or old[1] != fingerprint(x):
            return path
    return None


def numbers(todo, f=None):
    """[(how one reaches it, it)]: the floating and complex numbers, arrays, Variables and what else may hold such.

    `todo` is where to begin, in the same form; what lies behind the instance `f` is none of it.  Beside an instance
    nothing is said of what is made of more than BUDGET objects.
    """
    found, seen = [], {id(f)}
    todo = [(f"self.{path}" if f is not None else path, x) for path, x in todo]
    while todo and len(seen) < BUDGET:
        path, x = todo.pop()
        if type(x) in BARE or id(x) in seen:
            continue
        seen.add(id(x))
        if is_number(x):
            found.append((path, x))
        else:
            todo += parts(path, x)
    return found if f is not None or len(seen) < BUDGET else []


def is_number(x):
    """Is it a number that is no integer, or something closed that one may be taken out of?"""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "fcV"
    return (isinstance(x, CARRIERS) or isinstance(x, Number) and not isinstance(x, Integral) or hasattr(type(x), "__next__")
            or isinstance(x, FunctionBase) and x._parents is not None
            or is_python_array(x))


def is_python_array(x):
    """Is it an `array.array`?  To import that module takes 0.3 ms."""
    return any([kind.__module__ == "array" for kind in type(x).__mro__])


def parts(path, x):
    """What an object is made of, as far as an op may keep numbers in it."""
    if isinstance(x, (dict, MappingProxyType)):
        return [(f"{path}[{key!r}]", value) for key, value in list(x.items())[:BUDGET]]
    if isinstance(x, (list, tuple, deque)) or isinstance(x, np.ndarray) and x.dtype.kind == "O":
        return [(f"{path}[{i}]", value) for i, value in enumerate(list(x)[:BUDGET])]
    if isinstance(x, (set, frozenset)):
        return [(f"{path}{{...}}", value) for value in list(x)[:BUDGET]]
    if isinstance(x, weakref.ref):
        return [(f"{path}()", x())]
    if is_closed(x):
        return []
    found = [(f"{path}.{name}", value) for name, value in attributes(x)]
    for name in ("__self__", "func", "args", "keywords"):           # bound methods and functools.partial
        if callable(x) and not is_closed(held(x, name)):
            found.append((f"{path}.{name}", held(x, name)))
    for cell in held(x, "__closure__") or ():
        try:
            found.append((f"the closure of {path}", cell.cell_contents))
        except ValueError:                  # an empty cell
            pass
    for defaults in (held(x, "__defaults__") or (), (held(x, "__kwdefaults__") or {}).values()):
        found += [(f"the defaults of {path}", value) for value in defaults]
    return found


def is_closed(x):
    """Is it not looked into?"""
    return isinstance(x, (*CLOSED, *OPS))


def held(x, name):
    """Return an attribute of an object, or None; a ``__getattr__`` may raise anything."""
    try:
        return getattr(x, name, None)
    except Exception:
        return None


def environment_of(cls):
    """Return the environment of an op that is a class."""
    return Environment([base for base in cls.__mro__ if base.__base__ is not FunctionBase and not issubclass(FunctionBase, base)])


class Environment:
    """What the methods or functions of an op can keep numbers in, beside the instance: classes, closures, defaults and globals.

    Looked at before the first call of the op, and again before a rule is trusted with a second derivative.  Followed are
    the functions of the op's own module that its methods name; constants that nobody changes are no matter.
    """

    def __init__(self, classes, functions=()):
        self.classes = classes
        self.functions, self.globals = [], []
        for x in functions:
            self.follow(x)
        for base in self.classes:
            for x in list(vars(base).values()):     # another thread may be noting the same class
                self.follow(getattr(x, "__func__", getattr(x, "fget", x)))
        self.enclosed = [f for f in self.functions
                         if f.__kwdefaults__ or not all(map(inert, (f.__defaults__ or ()) + (f.__closure__ or ())))]
        self.look_at_classes()
        self.before = noted(self.numbers())

    def follow(self, x):
        """Note a function, the globals that it names, and the functions among them."""
        if not isinstance(x, FunctionType) or x in self.functions:
            return
        self.functions.append(x)
        read, written = global_names(x.__code__)
        for name in sorted(read | written):
            value = x.__globals__.get(name)
            if isinstance(value, FunctionType):
                if value.__module__ == x.__module__:
                    self.follow(value)
            elif name in written or not inert(value):
                self.globals.append((x.__globals__, name))

    def look_at_classes(self):
        """Which attributes may hold a number, as long as the classes have the same ones."""
        self.known = [held_by(base) for base in self.classes]
        self.attributes = [(base, name) for base in self.classes for name, x in list(vars(base).items())
                           if name not in DECLARED and (is_number(x) or not inert(x))]

    def roots(self):
        if not self.as_known():
            self.look_at_classes()
        found = [(f"the global {name}", where.get(name)) for where, name in self.globals]
        found += [(f"{base.__name__}.{name}", vars(base)[name]) for base, name in self.attributes]
        for f in self.functions:
            if f.__dict__ or f in self.enclosed:
                found += parts(f.__qualname__, f)
        return found

    def numbers(self):
        return [found for root in self.roots() for found in numbers([root])]

    def news(self):
        """How one reaches a number that was not there before the first call, or None."""
        if not (self.globals or self.attributes or self.enclosed) and self.as_known() and not any([f.__dict__ for f in self.functions]):
            return None                     # as of most ops: 1 us instead of 3
        return news(self.numbers(), self.before)

    def as_known(self):
        return [held_by(base) for base in self.classes] == self.known


def held_by(cls):
    """The identities of a class's attributes."""
    return [id(x) for x in list(vars(cls).values())]        # copied in one step: another thread may be noting the same class


def inert(x):
    """Can no number come to be in it, beside those of a method, which is followed by itself?"""
    if isinstance(x, CellType):
        try:
            return is_closed(x.cell_contents)
        except ValueError:                  # empty so far
            return False
    return type(x) in BARE or is_closed(x) or isinstance(x, (FunctionType, staticmethod, classmethod, property, Number, Environment))


def global_names(code):
    """The globals that a function and the functions within it read, and those that they assign."""
    from dis import get_instructions        # once for each op

    read, written = set(), set()
    for step in get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "STORE_GLOBAL"):
            (read if step.opname == "LOAD_GLOBAL" else written).add(step.argval)
    for inner in code.co_consts:
        if hasattr(inner, "co_consts"):
            for mine, its in zip((read, written), global_names(inner)):
                mine |= its
    return read, written


def attributes(x):
    """[(name, value)] of what an object holds in __dict__ and __slots__; nothing is asked of its class."""
    found = [(name, value) for name, value in (getattr(x, "__dict__", None) or {}).items()
             if name not in FunctionBase.__dict__ or not isinstance(x, FunctionBase)]       # what the engine keeps with a call
    for cls in type(x).__mro__:
        if issubclass(FunctionBase, cls):
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
    """A number that tells the contents of an array or buffer from others; None for what cannot be written to."""
    from zlib import crc32                  # few programs come here

    if not isinstance(x, np.ndarray):
        return crc32(x) if isinstance(x, bytearray) or is_python_array(x) else None
    once = x[tuple(slice(None, 1) if step == 0 else slice(None) for step in x.strides)]     # what is broadcast, but once
    if not (once.flags.c_contiguous or once.flags.f_contiguous):
        once = np.ascontiguousarray(once)
    return crc32(once.T if once.flags.f_contiguous else once)


def site():
    """Where the caller's own code is now, outside of this package: "file:line in function"."""
    frame = caller()
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def caller():
    """The frame of the caller's own code, outside of this package; None where only compiled code calls."""
    frame = sys._getframe()
    while frame is not None and module_of(frame).partition(".")[0] == PACKAGE:
        frame = frame.f_back
    return frame


def is_asked_by(package):
    """Does a package's code call what runs now?"""
    frame = caller()
    return frame is not None and module_of(frame).partition(".")[0] == package


def module_of(frame):
    return str(frame.f_globals.get("__name__", ""))


def not_finite(arrays):
    """The place of the first array that holds a NaN or an infinity, or None."""
    return next((i for i, x in enumerate(arrays) if x.dtype.kind in "fc" and not np.isfinite(x).all()), None)


# ---- numbers taken out of Variables -----------------------------------------------------------------------------------

def array_taken(what):
    """The error where a Variable that wants a gradient is to become a plain array; it names the module that asks for one."""
    frame = caller()
    asked = "" if frame is None else f" (in {module_of(frame)})"
    return GradientError(f"{what}() of a Variable that wants a gradient{asked} would cut the graph: write "
                         "dezero.numpy.array([...]), or np.stack([...]), where computed elements are put together, NumPy's function where "
                         "a method of an array is given a Variable (np.dot(a, x) for a.dot(x)), x.data for the numbers alone (to print, "
                         "plot, save or compare them), x.detach() for a constant" + twin_of(frame))


def number_taken(what):
    """Warn that a number has left the graph."""
    warn_of_cut(f"{what}() of a Variable that wants a gradient, which functions of math and others call too, gives a number without "
                "graph: write x.item(), or x.data for all numbers, where that is meant; NumPy's functions take Variables" + twin_of(caller()))


def derivative_taken(who, name):
    """Warn that a derivative which depends on a Variable is an array."""
    warn_of_cut(f"{who}: {name} was computed from another Variable too, and its derivative is an array, through which that Variable gets "
                "no gradient: where it is to get one, give Variables to differentiate by, Variable(x) for x; else w.data for the other "
                "Variable, or dezero.no_grad() around the call")


def warn_of_cut(text):
    """Give a GraphCutWarning, once for each line of the caller."""
    frame = caller()
    if frame is None:
        warnings.warn(text, GraphCutWarning)
    else:
        warnings.warn_explicit(text, GraphCutWarning, frame.f_code.co_filename, frame.f_lineno, module_of(frame),
                               frame.f_globals.setdefault("__warningregistry__", {}))


def twin_of(frame):
    """Return what to append: what an official package has in place of the function of SciPy's that takes plain numbers alone."""
    called = called_of_scipy(frame)
    if called is None:
        return ""
    part, name = called[0].split(".")[1], public_name(*called)
    try:
        twin = import_module(f"{OFFICIAL['scipy'].replace('-', '_')}.{part}")
    except ImportError:
        return registry.advice("scipy")
    house, _, own = name.rpartition(".")
    if hasattr(twin, own) and getattr(twin, own) is not getattr(sys.modules[house], own):   # it hands SciPy's other functions on
        return f"; {name} takes plain numbers: write {twin.__name__}.{own}"
    if name and "." not in called[1]:
        return f"; {name} takes plain numbers, and {twin.__name__} has none that takes Variables{registry.advice()}"
    return f"; scipy.{part} takes plain numbers: the functions that take Variables are in {twin.__name__}"


def called_of_scipy(frame):
    """Return (module, qualified name) of the function of SciPy's that the caller has called and that leads to this frame, or None."""
    called = None
    while frame is not None and module_of(frame).partition(".")[0] in OFFICIAL:     # SciPy asks by functions of NumPy's too
        called = run_in(frame) or called
        frame = frame.f_back
    return called


def run_in(frame):
    """Return (module, qualified name) of the function of SciPy's in a frame; of a decorator's that of what it wraps; or None."""
    module, name = module_of(frame), frame.f_code.co_qualname
    if module.startswith("scipy._lib."):
        f = frame.f_locals.get("f") if "f" in frame.f_code.co_freevars else None
        module, name = getattr(f, "__module__", ""), getattr(f, "__qualname__", "")
    return (module, name) if module.startswith("scipy.") and not module.startswith("scipy._lib.") else None


def public_name(module, name):
    """Return the public name of a function, or class, of SciPy's: "scipy.linalg.expm"; "" where it has none."""
    own, house = name.partition(".")[0], "scipy"
    for part in module.split(".")[1:]:
        house += f".{part}"
        if not part.startswith("_") and own in vars(sys.modules[house]):
            return f"{house}.{own}"
    return ""


def refuse_store():
    """Refuse to take a number out of a Variable where the caller's instruction stores it in an array."""
    frame = caller()
    if frame is not None and stores_item(frame):
        raise GradientError("a[i] = x with a Variable x that wants a gradient, and a that is none, would cut the graph: make a a "
                            "Variable, such as np.zeros_like(x) or dezero.numpy.zeros(n), or put all elements together by "
                            "dezero.numpy.array([...]) or np.stack([...]); a[i] = x.data, or x.detach(), where a number is meant")


def stores_item(frame):
    """Is the instruction that a frame is at a[i] = ...?  NumPy asks for a number then as float() does."""
    from opcode import opname               # few programs come here

    return opname[frame.f_code.co_code[frame.f_lasti]] == "STORE_SUBSCR"
