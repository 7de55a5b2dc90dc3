"""Nodes of the graph: the twin of nodes.pyx in plain Python, for an engine that is not compiled.

Every value is an ndarray and every op runs on its reference, so kernels are checked and kept but never run; nothing is
dropped, deferred or recycled.  What only the way of kernels calls is not here: `compute apply_kernel known_node
mark_lost copy_small_operands rematerialize add_reader add_readings_of`.  The sections are the chapters of the compiled form.
"""
import os
import threading
import weakref
from contextvars import ContextVar, copy_context

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .floating import errstate_calling
from .gradients import add_at, gradient_dtype
from .signature import checked


# -- kernel.pxi

class Kernel:
    """Loops that do an op's work without its Python methods.  Without compiled parts they are kept, and the methods run."""

    def __init__(self, forward, backward=..., reads=None, accumulate=None, *, cheap=False):
        self.forward, self.backward, self.cheap = forward, backward, cheap
        self.nin, self.reads, self.types, _ = checked(forward, backward, reads, accumulate)
        self.label, self.of_arrays_only = None, False

    def __repr__(self):
        return f"Kernel(forward={self.forward!r}, backward={self.backward!r})"


# -- nodes.pyx

class OpBase:
    """What the engine reads of a registered op; `registry.Entry` is the rest."""

    kernel = rule = parameters = None
    direct = 0


class Metadata:
    """What few nodes have; see nodes.pyx."""

    name = creator = ref = site = fingerprints = None


class Node:
    """One value of the graph, and how it was computed."""

    value = op = kernel = metadata = in0 = in1 = next = handle = grad = own = None
    dtype_code = -1                         # loops are for no dtype here
    generation = 0
    is_inline = constant = tracked = by_loops = is_saved = False
    place = -1
    queued = None                           # the queue that it waits in
    _meta = (None, None)

    @property
    def shape(self):
        return self._meta[0]

    @property
    def dtype(self):
        return self._meta[1]

    def matches(self, array):
        """Has this array the shape and dtype that the node was made with?"""
        return self._meta == (array.shape, array.dtype)

    def set_shape_from(self, array):
        """Take over shape and dtype of an array."""
        self.value = array
        self._meta = array.shape, array.dtype

    def save(self, array):
        """Hold an array, because some rule reads it."""
        self.value = array

    def drop(self):
        """Nothing is dropped here."""

    def is_dropped(self):
        """Is the value gone?"""
        return self.value is None

    def is_leaf(self):
        """Did the caller make it?"""
        return self.op is None and self.in0 is None

    def as_array(self):
        """Return the value."""
        return self.value

    give_out = as_array

    def is_fixed(self):
        """Nothing is computed again here."""
        return False

    def mark_given_out(self):
        """Everything is kept here."""

    def variable(self):
        """Return the living Variable that holds it, or None."""
        return None if self.handle is None else self.handle()

    def new_variable(self):
        """Return a new Variable that holds it."""
        v = new_variable()
        v.array = self.value
        v.bind(self)
        return v

    def track(self):
        """Note that a user's object can be reached from it."""
        self.tracked = True

    def start(self, g):
        """Begin with the gradient g, an array of the node's shape, or with ones where it is None."""
        self.grad = None
        self.accumulate(np.ones(self.shape, gradient_dtype(self.dtype)) if g is None else g)

    def accumulate(self, g):
        """Add the array g, of the node's shape, to the gradient."""
        g = np.asarray(g, gradient_dtype(self.dtype))
        self.grad = g if self.grad is None else np.asarray(self.grad + g)

    def accumulate_at(self, index, g):
        """Add the array g to the gradient at an index; in place, where the gradient is nobody else's."""
        if self.grad is None:
            self.grad = self.own = np.zeros(self.shape, gradient_dtype(self.dtype))
        elif self.grad is not self.own:
            self.grad = self.own = np.array(self.grad)
        add_at(self.own, index, g)

    def gradient(self):
        """Return the gradient as an array that is nobody else's; None where there is none."""
        return None if self.grad is None else np.array(self.grad)

    def clear_gradient(self):
        """Forget the gradient."""
        self.grad = self.own = None


class VariableBase:
    """The fields of a Variable: its node, its array, its gradient."""

    __slots__ = ("node", "array", "alias", "_name", "_grad", "assigned", "reason", "__weakref__")

    def __new__(cls, *args, **kwargs):
        v = object.__new__(cls)
        v.node = v.array = v.alias = v._name = v._grad = None
        v.assigned, v.reason = False, 0
        return v

    def bind(self, node):
        """Hold a node, and be its living Variable from now on."""
        if self.node is not None and self.node.variable() is self:
            self.node.handle = None
        self.node = node
        if node is not None and node.variable() is None:
            node.handle = weakref.ref(self)

    def bind_first(self, node):
        """Hold a node, unless another thread has come before, and return the one that is held."""
        node.handle = weakref.ref(self)
        if self.node is None:               # in one step with the next line
            self.node = node
        return self.node

    def track(self):
        """The collector sees it from the start."""


def exchange_gradients(arrived, changes):
    """Set `.grad` of each Variable in `arrived` as `changes` [from, to, from, to, ...] have it, and return -1.

    Where one is no longer what it is to be changed from, what is there now takes its place in `changes`, and the place of the
    Variable is returned; those before it, which are set, are taken off both lists.

    A look and the step after it are one for other threads and for signals: Python lets them in at calls and where a loop
    turns.  Between two Variables they may come; only compiled all are set at once.
    """
    try:
        for i, (v, _, _) in enumerate(arrived):
            if v._grad is not changes[2 * i]:
                changes[2 * i] = v._grad
                del arrived[:i], changes[:2 * i]
                return 0
            v._grad = changes[2 * i + 1]
            v.assigned = False
    except BaseException:
        for (v, _, _), old, new in zip(arrived, changes[::2], changes[1::2]):
            if v._grad is new:
                v._grad = old
        raise
    return -1


def add_reading(node, f):
    """Return a node that the rule of a call reads."""
    return node


def end_reading(node):
    """Nothing is let go here."""


class FunctionBase:
    """The fields of a Function that was called: what the engine keeps with a call."""

    __slots__ = ("_parents", "_values", "_gys", "_inputs", "_outputs", "_before", "_rule", "_parameters", "_saved", "_absent",
                 "_several", "generation", "__weakref__")

    def __new__(cls, *args, **kwargs):
        f = object.__new__(cls)
        f._parents = f._values = f._gys = f._inputs = f._outputs = f._before = None
        f._rule = f._parameters = f._saved = f._absent = None
        f._several = False
        f.generation = 0
        return f


# -- alias.pxi

class Storage:
    """The memory that Variables would share."""

    def __init__(self):
        self.aliases, self.made = weakref.WeakSet(), 0


class Alias:
    """What of a storage a Variable would be.  It lives as long as the Variable is bound to it."""

    kept_node = kept_array = pending = through = None
    kept_reason = depth = low = 0
    taken_from = at = strides = None

    def __init__(self, storage, v):
        self.storage, self.handle = storage, weakref.ref(v)
        storage.made += 1
        self.serial = storage.made
        storage.aliases.add(self)
        v.alias = self

    def others(self, low, high):
        """Return the living Variables, other than its own, that would have one of these bytes of the storage."""
        found = [alias.handle() for alias in self.storage.aliases if alias is not self and alias.low < high and low < alias.high]
        return [v for v in found if v is not None]

    def again(self, v):
        """Return an alias like this of another Variable."""
        alias = Alias(self.storage, v)
        alias.low, alias.high, alias.depth, alias.is_exact = self.low, self.high, self.depth, self.is_exact
        alias.taken_from, alias.at, alias.strides = self.taken_from, self.at, self.strides
        return alias

    def is_part(self, whole, array, part):
        """Was it taken from `whole`, whose array this is, as this part of it is?"""
        return (self.storage is whole.storage and self.taken_from == whole.serial and self.strides == part.strides
                and self.at == byte_bounds(part)[0] - byte_bounds(array)[0])


def same_layout(a, b):
    """Do two arrays of one shape lie in memory in the same way?"""
    return all([n < 2 or i == j for n, i, j in zip(a.shape, a.strides, b.strides)])


def extent(a):
    """Return how many bytes lie between the beginning and the end of an array."""
    low, high = byte_bounds(a)
    return high - low if a.size else 0


def bytes_of(alias, array, part):
    """Return which bytes of the storage a part of the array would be; all that `alias` has, where that is not known."""
    if not alias.is_exact or part is None:
        return alias.low, alias.high
    low = alias.low + byte_bounds(part)[0] - byte_bounds(array)[0]
    return low, low + extent(part)


def note_view(x, array, y, view):
    """Note that y, which is a copy of it, would in NumPy be this view of x's array, and return its alias."""
    whole = x.alias
    if whole is None:
        whole = Alias(Storage(), x)
        whole.high, whole.is_exact = extent(array), True
    alias = Alias(whole.storage, y)
    alias.low, alias.high = bytes_of(whole, array, view)
    alias.depth, alias.taken_from, alias.at = whole.depth + 1, whole.serial, byte_bounds(view)[0] - byte_bounds(array)[0]
    alias.is_exact = whole.is_exact and same_layout(view, y.array)
    alias.strides = view.strides
    return alias


def is_sole(v):
    """Nobody counts references here: what is assigned to is copied."""
    return False


# -- memory.pxi

def pool_state():
    """Nothing is recycled here."""
    return 0, 0, 0, 0


def pool_bound(size):
    """Nothing to bound."""


def pool_release():
    """Nothing to give back."""


def frozen(array):
    """Return an array that nobody can write to: a read-only copy, or itself where its memory is that of bytes.

    One that is merely read-only is copied too: whoever owns its memory can make it writable again.
    """
    if type(array.base) is bytes:
        return array
    array = array.copy()
    array.setflags(False)                   # of `write`
    return array


def is_float_array(x):
    """Is it an array of float64 or float32, and of no subclass?"""
    return type(x) is np.ndarray and x.dtype.char in "df"


def as_result(y, xs):
    """Return an output of `forward` as an array, copied where it is an operand or a view of one; None for what is not as usual."""
    if type(y) in (np.float64, np.float32):
        return np.asarray(y)
    if type(y) is not np.ndarray or y.dtype.kind not in "fiubc":
        return None
    if any([y is x or y.base is x for x in xs]):
        return y.copy(order="K")
    if y.base is None:
        return y
    is_apart = type(y.base) is np.ndarray and y.base.base is None and all([isinstance(x, np.ndarray) and x.base is None for x in xs])
    return y if is_apart else None          # a view of an array that is no operand's, as what integer arrays index is


def is_basic(index):
    """Is an index made of integers, slices of these, None and ..., so that it takes a view and nobody can write to it?"""
    return all(map(is_basic_item, index)) if type(index) is tuple else is_basic_item(index)


def is_basic_item(i):
    """Is it one of these?"""
    if type(i) is slice:
        return all([x is None or type(x) is int for x in (i.start, i.stop, i.step)])
    return type(i) is int or i is None or i is ...


def spread_gradient(g, x):
    """`rules.spread` does it here."""


def enter_pool(arrays):
    """Arrays are NumPy's own here."""


def leave_pool(before):
    """So there is nothing to take back."""


def usual_gradient(g, x):
    """Return what a rule gave as an array, where it is of floats and of the shape of x; None for what is not as usual."""
    if type(g) in (np.float64, np.float32):
        g = np.asarray(g)
    return g if type(g) is np.ndarray and g.dtype.kind == "f" and g.shape == x.shape else None


# -- queue.pxi

class ReadyQueue:
    """Nodes that wait for the walk: one row per generation, linked through the nodes themselves.  Nothing is postponed here."""

    taken = None                            # the node whose turn it is

    def __init__(self, youngest):
        self.rows = [None] * (youngest + 1)
        self.generation = youngest
        self.late = None

    def push(self, x):
        """Let x wait, unless it does already or takes no gradient.  What a walk that failed may have left there is forgotten."""
        if x is not None and x.queued is not self and not x.constant:
            x.queued = self
            x.clear_gradient()
            x.next = self.rows[x.generation]
            self.rows[x.generation] = x

    def push_late(self, x):
        """Let x, a call of several outputs, wait for the rest of its row, and say whether it is new there."""
        if x.queued is self:
            return False
        x.queued = self
        x.next, self.late = self.late, x
        return True

    def next(self):
        """Return the node to take now; None at the end."""
        while self.generation >= 0:
            x = self.rows[self.generation] or self.late
            if x is None:
                self.generation -= 1
                continue
            if x is self.late:
                self.late = x.next
            else:
                self.rows[self.generation] = x.next
            x.next = x.queued = None
            self.taken = x
            return x
        self.taken = None
        return None

    def end(self):
        """Leave no trace of a walk, also of one that has failed."""
        global under_way
        try:
            for x in (self.taken, self.late, *self.rows):
                while x is not None:
                    following, x.next = x.next, None
                    x.queued = None
                    x.clear_gradient()
                    if x.place >= 0 and x.op is not None:
                        x.op._gys = None
                    x = following
        finally:
            under_way = None                # last: the next walk may use the same nodes


under_way = None


def begin_walk(youngest):
    """Return the queue of a walk from this generation down, or None until the `end` of the one that is under way."""
    global under_way
    queue = ReadyQueue(youngest)
    queue.thread = threading.get_ident()
    if under_way is not None:               # in one step with the next line
        return None
    under_way = queue
    return queue


def walk_is_under_way():
    """Does a walk use the gradient fields in the nodes?  Others bring a table."""
    return under_way is not None


def after_fork():
    """In a forked child: end the walk of a thread that is not there any more."""
    if under_way is not None and under_way.thread != threading.get_ident():
        under_way.end()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)


# -- remat.pxi

def keep_all(all_of_them):
    """All is kept here."""


def is_lost(node):
    """Nothing is lost here."""
    return False


def has_lost_operand(node):
    """All operands are held here."""
    return False


def rematerialize_if_dropped(node):
    """Nothing is computed again here."""


# -- spares.pxi

_class = None


def set_variable_class(cls):
    """Name the class that Variables have, once."""
    global _class
    _class = cls


def new_variable():
    """Return a new object of the class that `set_variable_class` has named."""
    return _class.__new__(_class)


# -- modes.pxi

modes = ContextVar("dezero_modes", default=None)


stack_of_context = modes.get


class ModeStack:
    """A stack of frames, none of which changes: {mode: value}, its owner, and the stack below; `values` is what they say together."""

    __slots__ = ("below", "owner", "frame", "values")

    def __init__(self, below, owner, frame):
        self.below, self.owner, self.frame = below, owner, frame
        self.values = frame if below is None else {**below.values, **frame}


def push_frame(owner, frame):
    """Put a frame on the stack of this context."""
    modes.set(ModeStack(modes.get(), owner, frame))


def remove_frame(owner):
    """Take the youngest frame of an owner off the stack: blocks may end in another order than they began."""
    found, above = modes.get(), []
    while found is not None and found.owner is not owner:
        above.append(found)
        found = found.below
    if found is not None:
        rest = found.below
        for stack in reversed(above):
            rest = ModeStack(rest, stack.owner, stack.frame)
        modes.set(rest)


class ModeBase:
    """A mode, and the value that it has while a block runs; `config.Mode` is the rest."""

    __slots__ = ("values", "count")

    def __init__(self, name, value, count=None, **others):
        self.values = {name: value, **others}
        self.count = count

    def __enter__(self):
        push_frame(self, self.values)
        if self.count is not None:
            self.count(1)
        return self

    def __exit__(self, kind=None, error=None, trace=None):
        if self.count is not None:
            self.count(-1)
        remove_frame(self)


class ModeFlag:
    """A mode that is read at every op."""

    def __init__(self, defaults, name):
        self.defaults, self.name = defaults, name

    def on(self):
        """Is it on, here and now?"""
        stack = modes.get()
        value = None if stack is None else stack.values.get(self.name)
        return self.defaults[self.name] if value is None else value


# Compiled, a context is entered and left in one step.  Here the variables that were set in it are set back one by one; one that
# a rule was the first to set keeps its value.  A signal's handler that raises may come at the very call that is to set things
# right again, and recording and np.errstate then stay as they are for rules.

def context_with(*variables):
    """Return a copy of the context, in which these variables are set."""
    for variable in variables:
        variable.set(variable.get())
    return copy_context()


def enter_context(recording, record):
    """Let calls be recorded, or not, until `leave_context`."""
    context = context_with(modes)
    try:
        push_frame(None, {recording.name: record})
    except BaseException:
        leave_context(context)
        raise
    return context


def enter_rules(recording, record):
    """Do the same, and note floating-point flags."""
    context = context_with(modes, errstate_variable)
    try:
        push_frame(None, {recording.name: record})
        errstate_variable.set(noting_flags)
    except BaseException:
        leave_context(context)
        raise
    return context


def leave_context(context):
    """Set back what the context that was entered has changed; None: nothing."""
    for variable, value in () if context is None else context.items():
        if variable.get() is not value:
            variable.set(value)


_of_thread = threading.local()              # `noted`: the floating-point flags of its pass


def begin_pass():
    """Begin a pass, and return the flags that were noted in the pass whose rule it was called from."""
    outer = getattr(_of_thread, "noted", 0)
    _of_thread.noted = 0
    return outer


def end_pass(outer):
    """End a pass, also one that has failed, and return the flags that were raised in it."""
    raised, _of_thread.noted = _of_thread.noted, outer
    return raised


def note_flags(kind, raised):
    """Note flags of this thread's pass: np.errstate's handler while rules run."""
    _of_thread.noted |= raised


errstate_variable, noting_flags = errstate_calling(note_flags)


def note_raised():
    """NumPy has told of them itself."""


def clear_raised():
    """NumPy clears them."""
