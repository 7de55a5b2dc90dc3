"""Where values live: the twin of cells.pyx in plain Python, for an engine that is not compiled.

Every value is an ndarray and every op runs on its reference, so kernels are checked and kept but never run.
"""
import threading
import weakref

import numpy as np

from ..errors import DTypeError
from .floating import report
from .signature import checked


class Kernel:
    """Loops that do an op's work; see cells.pyx.  Without compiled parts they are kept, and the reference runs."""

    def __init__(self, forward, backward, reads=None, accumulate=None, *, cheap=False):
        self.forward, self.backward, self.cheap = forward, backward, cheap
        self.nin, self.reads, self.types, _ = checked(forward, backward, reads, accumulate)
        self.label = None

    def __repr__(self):
        return f"Kernel(forward={self.forward!r}, backward={self.backward!r})"


class Record:
    """What the engine reads of a registered op; `registry.Op` is the rest."""

    kernel = None
    direct = 0


class Extra:
    """What few nodes have: a name, the Function somebody asked for, the Variable an outdated leaf belongs to.

    And where somebody looks for a fault: the line that made it, and fingerprints of the data that its rule reads.
    """

    name = creator = ref = site = marks = None


class Node:
    """One value of the graph, and how it was computed."""

    store = op = kernel = extra = in0 = in1 = next = handle = grad = None
    kind = -1                               # loops are for no dtype here
    generation = 0
    own = constant = tracked = queued = by_loops = False
    has = 0
    place = -1
    _meta = (None, None)

    @property
    def shape(self):
        return self._meta[0]

    @property
    def dtype(self):
        return self._meta[1]

    def describe(self, array):
        self.store = array
        self._meta = array.shape, array.dtype

    def matches(self, array):
        return self._meta == (array.shape, array.dtype)

    def keep(self, array):
        self.store = array

    def drop(self):
        self.store = None

    def is_dropped(self):
        return self.store is None

    def stored(self):
        return self.store

    shown = stored

    def is_fixed(self):
        return False

    def expose(self):
        """Everything is kept here."""

    def copy_few(self, a, b):
        """Nothing is computed again here."""

    def settle(self):
        """Nothing is computed again here."""

    def living(self):
        return None if self.handle is None else self.handle()

    def show(self):
        self.tracked = True

    def start(self, g):
        self.grad = None
        self.give(np.ones(self.shape, gradient_dtype(self.dtype)) if g is None else g)

    def give(self, g):
        g = np.asarray(g, gradient_dtype(self.dtype))
        self.grad = g if self.grad is None else np.asarray(self.grad + g)

    def gradient(self):
        return None if self.grad is None else np.array(self.grad)

    def take(self):
        return np.array(self.grad)

    def forget(self):
        self.grad = None

    def waits(self, most):
        """No run is ever under way here."""
        return False


class Rows:
    """Nodes that wait for the walk: one row per generation, linked through the nodes themselves."""

    def __new__(cls, youngest):
        waiting = object.__new__(cls)
        waiting.rows = [None] * (youngest + 1)
        return waiting

    def push(self, x):
        """Let x wait, unless it does already or takes no gradient."""
        if x is not None and not x.queued and not x.constant:
            x.queued = True
            x.next = self.rows[x.generation]
            self.rows[x.generation] = x

    def pop(self, generation):
        """The next of a row, or None."""
        x = self.rows[generation]
        if x is not None:
            self.rows[generation] = x.next
            x.next = None
            x.queued = False
        return x


def gradient_dtype(dtype):
    """What a gradient of such data is made of: the float itself in native byte order, float64 for integers."""
    if dtype.kind == "c":
        raise DTypeError(f"backward through complex data ({dtype}) is not defined yet; take real and imaginary parts apart")
    if dtype.kind != "f":
        return np.dtype("d")
    return dtype if dtype.isnative else dtype.newbyteorder("=")     # always makes a new one, which the loops do not know


def as_result(y, xs):
    """An output of `forward` as an array, copied where it is one of the operands or a view of one; None for what is not as usual."""
    if type(y) in (np.float64, np.float32):
        return np.asarray(y)
    if type(y) is not np.ndarray or y.dtype.kind not in "fiubc":
        return None
    if any([y is x or y.base is x for x in xs]):
        return y.copy(order="K")
    return y if y.base is None else None


def usual_gradient(g, shape):
    """What a rule gave as an array, where it is of floats and of this shape; None for what is not as usual."""
    if type(g) in (np.float64, np.float32):
        g = np.asarray(g)
    return g if type(g) is np.ndarray and g.dtype.kind == "f" and g.shape == shape else None


def sum_to(g, shape):
    """The sum of g over the axes along which `shape` was broadcast to g's; float32 and float16 are summed in double."""
    lead = g.ndim - len(shape)
    axes = tuple(j for j in range(g.ndim) if j < lead or shape[j - lead] == 1 and g.shape[j] != 1)
    wide = np.dtype("d") if g.dtype.char in "ef" else None
    return np.asarray(g.sum(axes, wide)).astype(g.dtype, copy=False).reshape(shape)


class Handle:
    """What the caller holds of a node."""

    __slots__ = ("node", "array", "_name", "_grad", "assigned", "reason", "__weakref__")

    def __new__(cls, *args, **kwargs):
        v = object.__new__(cls)
        v.node = v.array = v._name = v._grad = None
        v.assigned, v.reason = False, 0
        return v

    def bind(self, node):
        if self.node is not None and self.node.living() is self:
            self.node.handle = None
        self.node = node
        if node is not None and node.living() is None:
            node.handle = weakref.ref(self)

    def show(self):
        pass


class Call:
    """What the engine keeps with a Function that was called."""

    _edges = _values = _gys = _inputs = _outputs = _before = None
    generation = 0


class Counted:
    """One in each stack of modes that a context holds."""

    __slots__ = ()


class Switch:
    """A mode that is read at every op."""

    def __init__(self, modes, defaults, name):
        self.modes, self.defaults, self.name = modes, defaults, name

    def on(self):
        frames = self.modes.get()
        value = None if frames is None else frames.values.get(self.name)
        return self.defaults[self.name] if value is None else value


def keep_all(all_of_them):
    """All is kept here."""


def usual_class(cls):
    """Nothing to speed up here."""


def pool_state():
    """Nothing is recycled here."""
    return 0, 0, 0, 0


def pool_bound(size):
    """Nothing to bound."""


def pool_release():
    """Nothing to give back."""


class Loops:
    """What loops leave for later: here they never run."""

    def __init__(self):
        self.of_thread = threading.local()

    def begin(self):
        """A pass begins: gives the flags that were noted in the pass whose rule it was called from."""
        outer = getattr(self.of_thread, "noted", 0)
        self.of_thread.noted = 0
        return outer

    def note(self, found):
        """Flags of this thread's pass, to be reported in the end."""
        self.of_thread.noted |= found

    def note_raised(self):
        """NumPy has told of them itself."""

    def drop_raised(self):
        """NumPy clears them."""

    def tell(self, name, outer):
        """The end of a pass: report the flags that were noted in it, as np.errstate wants it."""
        found, self.of_thread.noted = self.of_thread.noted, outer
        if found:
            report(name, found)

    def end_run(self):
        """No gradient waits here for others."""

    def abandon_run(self):
        """No gradient waits here for others."""


loops = Loops()
