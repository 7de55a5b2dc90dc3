"""An op author's Python code, as the engine calls it: `forward`, and the rule, which is a function or the method `backward`.

What goes in is made ready, and what comes out is checked and brought to the wanted shape.  No graph is made here.
"""
import copyreg
import operator
from weakref import ref

import numpy as np

from .._kernels import nodes
from .._kernels.gradients import At, gradient_dtype, shape_at, sum_to
from .._kernels.nodes import FunctionBase, VariableBase
from ..errors import GradientError, GraphError
from . import graph, guard
from .checks import GradientTypeError, check_gradient_type, checked_output, describe, is_broadcast, who, wrong_shape


PLAIN = frozenset((int, float, bool, str, type(None)))
"""Of parameters that nobody can write to."""


# ---- forward ---------------------------------------------------------------------------------------------------------

DEEPEST = 64
"""How deep containers may be nested in a parameter or an index, as NumPy has it; they could hold themselves."""


def parameter(cls, name, x, depth=0):
    """Return a parameter of an op as it is now, whatever is written to it later: arrays and what holds them are copied.

    A Variable that takes no gradient is its array.
    """
    if type(x) in PLAIN:                    # most are
        return x
    if name == getattr(cls, "index_parameter", None):
        return as_index(x)
    if isinstance(x, VariableBase):
        refuse_parameter(cls, name, x)
        x = x._get_data()
    if isinstance(x, np.ndarray):
        return nodes.frozen(x)
    if depth > DEEPEST:
        raise ValueError(f"{who(cls)}: its parameter {name} is nested more than {DEEPEST} deep, or holds itself")
    if isinstance(x, (tuple, list)):
        items = [parameter(cls, name, item, depth + 1) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    if isinstance(x, dict):
        from copy import copy               # 0.3 ms of import
        held = copy(x)                      # of its own class
        for key, item in x.items():
            held[key] = parameter(cls, name, item, depth + 1)
        return held
    refuse_parameter(cls, name, x, depth)
    return x


def as_index(index, depth=0):
    """Return an index as it is now, without Variables.

    Arrays and lists are copied: what is written to them later is no matter.  What is made of several numbers becomes an
    array, as NumPy takes it.
    """
    if nodes.is_basic(index) or isinstance(index, (bool, np.bool_)):
        return index
    if type(index) is np.ndarray:
        return nodes.frozen(index)
    if isinstance(index, tuple):
        check_depth(depth)
        return tuple([as_index(i, depth + 1) for i in index])
    if isinstance(index, slice):
        return slice(*[i if i is None else operator.index(i) for i in (index.start, index.stop, index.step)])
    index = without_variables(index, depth)
    if hasattr(index, "__index__") and not isinstance(index, np.ndarray):
        return operator.index(index)
    array = nodes.frozen(np.asarray(index))
    return array.astype(np.intp) if array.size == 0 and isinstance(index, list) else array


def check_depth(depth):
    """Refuse an index that is nested too deep."""
    if depth > DEEPEST:
        raise ValueError(f"an index is nested more than {DEEPEST} deep, or holds itself")


def without_variables(index, depth):
    """Return an index, or a list of such, with the data of Variables in their place."""
    if isinstance(index, list):
        check_depth(depth)
        return [without_variables(i, depth + 1) for i in index]
    return index._get_data() if isinstance(index, VariableBase) else index


def refuse_parameter(cls, name, x, depth=0):
    """Refuse a parameter that is, or holds, a Variable which wants a gradient: it would get none, without a word."""
    if isinstance(x, VariableBase) and graph.wants_gradient(x):
        raise GradientTypeError(f"{who(cls)}: its parameter {name} is a Variable of shape {x.shape} that wants a gradient, and only "
                                "operands get one; pass x.detach() or x.data where it is meant to be constant")
    if isinstance(x, (tuple, list, dict, set, frozenset)) and depth <= DEEPEST:     # `parameter` has refused deeper ones
        for item in x.values() if isinstance(x, dict) else x:
            refuse_parameter(cls, name, item, depth + 1)


def constant_operand(x):
    """Return the node of an operand that is no Variable.  A Python number is one that the others' dtype does not hold."""
    if not isinstance(x, np.ndarray):
        x = np.array(float(x))
    elif x.dtype.kind in "biu":             # a mask, or places: programs write to these, and a copy of numbers would be of all operands
        x = nodes.frozen(x)
    return graph.constant(x)


def held_arrays(inputs):
    """Return the data of the operands if all are Variables or plain float arrays, else None: `operand_arrays` converts them then."""
    xs = []
    for x in inputs:
        if nodes.is_float_array(x):
            xs.append(x)                    # a constant: 3 us less
            continue
        if not isinstance(x, VariableBase):
            return None
        array = x._get_data()
        if array is None:
            return None
        xs.append(array)
    return xs


def has_variable(inputs):
    """Is an operand a Variable?"""
    for x in inputs:
        if isinstance(x, VariableBase):
            return True
    return False


def output(f, y, xs):
    """Return an output of `forward` as an array that shares memory with no operand."""
    array = nodes.as_result(y, xs)
    if array is not None:
        return array
    return checked_output(f, y, xs)


def note_state(f):
    """Note the numbers on f and around its class before forward: new ones would be constants for its rule (`guard`)."""
    if f._rule is not None:
        return note_environment(f._rule)
    f._before = None
    if may_hold_numbers(f):
        for name, x in guard.attributes(f):
            refuse_parameter(type(f), name, x)
        f._before = guard.parameters(f)
    if "_environment" not in type(f).__dict__ and type(f).__base__ is not FunctionBase:
        type(f)._environment = guard.environment_of(type(f))


def note_environment(rule):
    """Note the numbers around a rule and a forward that is the author's own, before its first call."""
    if rule.is_own and rule.environment is None:
        rule.environment = guard.Environment((), (rule.forward, rule.function))
    return 0


def may_hold_numbers(f):
    """Is there anything on f that could be a floating number, or lead to one?"""
    for x in (getattr(f, "__dict__", None) or {}).values():
        if type(x) not in guard.BARE and not is_bare(x):
            return True
    return has_slots(type(f))


def is_bare(x):
    """Is it made of what holds no floating number, as an index is?"""
    if type(x) is tuple:
        return all([type(i) in guard.BARE or is_bare(i) for i in x])
    return type(x) is np.ndarray and x.dtype.kind in "iub" or isinstance(x, np.dtype)


def has_slots(cls):
    """Does a class between this one and Function keep attributes in slots?"""
    for base in cls.__mro__:
        if base.__base__ is FunctionBase:
            return False
        if "__slots__" in base.__dict__:
            return True
    return False


# ---- a rule that is a function ---------------------------------------------------------------------------------------

class Rule:
    """A rule that is a function, rule(gy, y, *operands, **parameters), and what the engine knows of it.

    `reads` tells of each operand, and `reads_result` of y, whether the rule reads more of it than its shape and dtype.  `listed`: the
    operands are one tuple.  `is_own`: forward is the author's Python and no function of NumPy or SciPy.  `owns`: in an ordinary
    backward it writes into the gradient that it gets.
    """

    def __init__(self, function, forward, listed, takes_saved, is_own):
        self.function, self.forward = function, forward
        self.listed, self.takes_saved, self.is_own = listed, takes_saved, is_own
        self.reads, self.reads_result = None, True
        self.environment, self.owns = None, False


class UnreadError(GraphError, AttributeError):
    """A rule asks for an array that it is seen not to read, so that it was not kept."""


class UnreadBase:
    """The fields of an `Unread`."""

    def __init__(self, shape, dtype):
        self.shape, self.dtype = shape, dtype


class Unread(UnreadBase):
    """The shape and dtype of an array that a rule is seen not to read, so that it was not kept."""

    __slots__ = ()

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return int(np.prod(self.shape, dtype=object))

    def __repr__(self):
        return f"<an array of shape {self.shape} and dtype {self.dtype}, which the rule does not read>"

    def __getattr__(self, name):
        raise UnreadError(f"{name} of {self!r}: it was not kept, since the rule's own code takes nothing of it but shape, dtype, ndim "
                          "and size. Name the array in the rule: a function that reads the rule's variables gets it as an argument, "
                          "helper(x)")

    def refuse(self, *args, **kwargs):
        return self.__getattr__("the numbers")

    __array__ = __array_ufunc__ = __array_function__ = __bool__ = __float__ = __int__ = __complex__ = __index__ = refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __setitem__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = refuse
    __neg__ = __pos__ = __abs__ = __invert__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = refuse
    __matmul__ = __rmatmul__ = __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = refuse
    __hash__ = object.__hash__


def reads_operand(f, i):
    """Does the rule of a call read the array of operand i?"""
    rule = f._rule
    if rule is None or rule.reads is None:
        return True
    if rule.listed:
        return rule.reads[0]
    return rule.reads[i if f._absent is None else operand_place(f, i)]


def operand_place(f, i):
    """Return the place of operand i among all that the op takes, those that were not given too."""
    for place in f._absent:
        if place <= i:
            i += 1
    return i


def call_forward(f, xs):
    """Return what forward gives for the operands of a call whose rule is a function; what it leaves for the rule is noted."""
    rule, taken = f._rule, as_taken(f, xs)
    ys = rule.forward(*taken, **f._parameters) if f._parameters else rule.forward(*taken)
    f._saved = None
    if type(ys) is Saved:
        if not rule.takes_saved:
            raise TypeError(f"forward returned Saved(...), and the rule takes no keyword saved: def rule(gy, y, {', '.join('x' * len(xs))}, *, saved)")
        f._saved, ys = ys, ys.y
    f._several = type(ys) is tuple or type(ys) is list or isinstance(ys, tuple)
    return tuple(ys) if f._several else ys


def as_taken(f, xs):
    """Return the operands of a call as forward and rule take them: one tuple, or None in the place of one that was not given."""
    if f._rule.listed:
        return (tuple(xs),)
    if f._absent is None:
        return xs
    xs = list(xs)
    for place in f._absent:
        xs.insert(place, None)
    return xs


def call_function(f, gys, ys, xs, saved):
    """Return what the rule of a call gives: a list of one gradient for each operand that was given."""
    rule = f._rule
    arguments = [tuple(gys), tuple(ys)] if f._several else [gys[0], ys[0]]
    arguments.extend(as_taken(f, xs))
    parameters = {**f._parameters, "saved": saved} if rule.takes_saved else f._parameters
    try:
        return checked_count(f, rule.function(*arguments, **parameters) if parameters else rule.function(*arguments))
    except Exception as error:
        error.add_note(f"in the rule of {who(type(f))}")
        raise


def checked_count(f, gxs):
    """Return the gradients of a rule as a list, one for each operand that was given; a gradient that was put off is asked for."""
    rule = f._rule
    found = list(gxs) if isinstance(gxs, tuple) or rule.listed and isinstance(gxs, list) else [gxs]
    wanted = len(f._parents) + (0 if f._absent is None else len(f._absent))
    if len(found) != wanted:
        raise GradientError(f"{who(type(f))}: its rule returned {len(found)} gradients, wanted {wanted}, one for each operand")
    if f._absent is not None:
        found = [g for i, g in enumerate(found) if i not in f._absent]
    for i, x in enumerate(f._parents):
        g = found[i]
        if type(g) is not np.ndarray and callable(g):
            found[i] = None if x.constant else g()
    return found


class Saved:
    """Saved(y, **arrays)
--

    What a `forward` of one's own returns where its rule is to have more than operands and result.

    Parameters
    ----------
    y : numpy.ndarray or tuple of these
        The result.
    arrays
        Attributes of what the rule gets as the keyword ``saved``.  Where second derivatives are recorded (``create_graph=True``) it gets
        None in its place, and computes them from the operands.
    """

    def __init__(self, y, /, **arrays):
        self.__dict__.update(arrays)
        self.__dict__["y"] = y

    def __repr__(self):
        return f"Saved({', '.join(map(str, self.__dict__))})"


# ---- backward --------------------------------------------------------------------------------------------------------

def gradients(node, f, gys):
    """Run the rule of f, which made the node, on arrays, and return for each input what `fit` gives."""
    pool = nodes.enter_pool(gys)
    try:
        return gradients_by_method(node, f, gys) if f._rule is None else gradients_by_function(node, f, gys)
    finally:
        nodes.leave_pool(pool)


def gradients_by_method(node, f, gys):
    """Do so, where the rule is a method."""
    outputs = [graph.on_array(y) for y in (f._values or [node.as_array()])]
    gxs = call_rule(f, gys, [graph.on_value(x) for x in f._parents], outputs)
    return [fit(f, i, gx, outputs) for i, gx in enumerate(gxs)]


def gradients_by_function(node, f, gys):
    """Do so, where the rule is a function."""
    ys = f._values or [value_of(node, f._rule.reads_result)]
    xs = [value_of(x, reads_operand(f, i)) for i, x in enumerate(f._parents)]
    gxs = call_function(f, gys, ys, xs, f._saved)
    return [fit_operand(f, i, gx, ys) for i, gx in enumerate(gxs)]


def value_of(node, is_read):
    """Return the array of a node for a rule to read, or its shape and dtype.

    Where loops have dropped it, it is for a gradient that nobody wants, and ones will do.
    """
    if not is_read:
        return Unread(node.shape, node.dtype)
    return np.ones(node.shape, node.dtype) if node.is_dropped() else node.give_out()


def call_rule(f, gys, inputs, outputs):
    """Return what `f.backward(*gys)` gives while `f.inputs` and `f.outputs` are these: one gradient for each input."""
    refs = [ref(y) for y in outputs]
    if f._inputs is not None:               # another thread runs it, on a graph that shares this call
        f = beside(f)
    kept, f._inputs, f._outputs = f._outputs, inputs, refs
    try:
        gxs = f.backward(*gys)
    except Exception as error:
        error.add_note(f"in the rule of {who(type(f))}")
        raise
    finally:
        f._inputs, f._outputs = None, kept
    if not isinstance(gxs, tuple):
        gxs = (gxs,)
    if len(gxs) != len(f._parents):
        raise GradientError(f"{who(type(f))}: backward returned {len(gxs)} gradients, wanted {len(f._parents)}, one for each input")
    return gxs


def beside(f):
    """Return another instance of a call, with the same attributes, for its rule to run on."""
    g = type(f).__new__(type(f))
    if hasattr(f, "__dict__"):
        g.__dict__ = f.__dict__
    for name in copyreg._slotnames(type(f)):
        if hasattr(f, name):
            setattr(g, name, getattr(f, name))
    g._parents, g._values, g._before, g.generation = f._parents, f._values, f._before, f.generation
    return g


def fit(f, i, gx, outputs):
    """Return a rule's gradient for input i as an array of the input's shape, or None.

    Where gradients are summed to the shape of an input that was broadcast: of a Python rule here, by `fit_unusual` and
    `fit_operand`; of loops in `_kernels/accumulate.pxi`, or in `Program.summed` of `blocks.pxi` from 4 kB on; under create_graph in
    `higher.fit_recorded`.
    """
    x = f._parents[i]
    if gx is None or x.constant:
        return None
    if isinstance(gx, VariableBase):
        gx = gx._get_data()
    g = nodes.usual_gradient(gx, x)
    return fit_unusual(f, i, gx, x.shape, outputs) if g is None else g


def fit_unusual(f, i, gx, shape, outputs):
    """Return the same in the rare cases: a part, a NumPy scalar, another dtype, or a broadcast shape, which is summed."""
    if type(gx) is At or type(gx) is list:
        return fit_parts(f, i, gx, shape)
    if isinstance(gx, (np.number, np.bool_)):
        gx = np.asarray(gx)
    check_gradient_type(f, i, gx)
    gx = projected(gx, f._parents[i].dtype)
    if gx.shape == shape:
        return gx
    if not is_broadcast(gx.shape, [x.shape for x in f._parents], [y.shape for y in outputs], i):
        raise wrong_shape(f, i, gx.shape, shape)
    return sum_to(gx, shape)


def fit_parts(f, i, gx, shape):
    """Return the gradient of a part of input i, which is of this shape, or a list of such, with arrays in them."""
    if type(gx) is At:
        return fit_part(f, i, gx, shape)
    return [fit_part(f, i, part, shape) for part in checked_parts(f, i, gx)] or None


def fit_part(f, i, gx, shape):
    """Return the gradient of a part of input i, which is of this shape, with an array in it."""
    g, index = gx.g, gx.index
    if not nodes.is_float_array(g):
        if isinstance(g, VariableBase):
            g = g._get_data()
        if isinstance(g, (np.number, np.bool_)):
            g = np.asarray(g)
        check_gradient_type(f, i, g)
        g = projected(g, f._parents[i].dtype)
    if not nodes.is_basic(index):
        index = plain_index(f, i, index, ())
    check_part(f, i, index, g.shape, shape)
    return At(index, g)


def plain_index(f, i, index, given, depth=0):
    """Return the index of a part of input i with the arrays of constant Variables in their place.

    `given`: the class of Variables that come of what the rule was given, such as an operand of integers.
    """
    if isinstance(index, VariableBase):
        if not isinstance(index, given) and graph.is_differentiated(index):
            raise GradientTypeError(f"{who(type(f))}: its rule returned At(index, ...) for input {i} with a Variable of shape {index.shape} "
                                    "that wants a gradient as index, and an index gets none; write index.data or index.detach()")
        return index._get_data()
    if type(index) is tuple or type(index) is list:
        check_depth(depth)
        return type(index)([plain_index(f, i, x, given, depth + 1) for x in index])
    return index


def check_part(f, i, index, got, shape):
    """Refuse a gradient of another shape than the part of input i that it is of."""
    try:
        wanted = shape_at(index, shape)
    except (IndexError, TypeError, ValueError) as error:
        raise GradientError(f"{who(type(f))}: backward returned At({index!r}, ...) for input {i} of shape {shape}: {error}") from error
    if got != wanted:
        raise wrong_shape(f, i, got, wanted)


def fit_operand(f, i, gx, ys):
    """Return the gradient that a function has given for operand i as an array of its shape, `At`, a list of these, or None."""
    x = f._parents[i]
    if gx is None or x.constant:
        return None
    g = nodes.usual_gradient(gx, x)
    if g is None:
        g = nodes.spread_gradient(gx, x)    # of a sum or a mean: 3 us less
    if g is not None:
        return g
    if isinstance(gx, VariableBase):
        raise GradientTypeError(f"{who(type(f))}: its rule returned a Variable for operand {i}, of arrays: in it, F.{f.name} and the like "
                                "give Variables always; call the op itself, or NumPy's function, which give arrays for arrays")
    if type(gx) is At or type(gx) is list:
        return fit_parts(f, i, gx, x.shape)
    if isinstance(gx, (np.number, np.bool_)):
        gx = np.asarray(gx)
    check_gradient_type(f, i, gx)
    gx = projected(gx, x.dtype)
    if gx.shape == x.shape:
        return gx
    shape = summed_shape(f, i, gx.shape, x.shape, [y.shape for y in ys])
    g = gx if gx.shape == shape else sum_to(gx, shape)
    return g if shape == x.shape else spread(g, x.shape)


def projected(g, dtype):
    """Return a gradient, an array, of an operand of this dtype: of a real one the real part, since it moves along the real axis only."""
    return g.real.copy() if g.dtype.kind == "c" and dtype.kind != "c" else g


def spread(g, shape):
    """Return g, whose axes have the lengths of a shape or 1, as a view of this shape; `np.broadcast_to` takes 2 us more."""
    if not (g.flags.c_contiguous and g.size):
        return np.broadcast_to(g, shape)
    view = np.ndarray(shape, g.dtype, g, 0, tuple([0 if n == 1 else step for n, step in zip(g.shape, g.strides)]))
    view.flags.writeable = False
    return view


def checked_parts(f, i, parts):
    """Return a list that a rule has given for operand i; it is to be of parts."""
    for part in parts:
        if type(part) is not At:
            raise GradientTypeError(f"{who(type(f))}: its rule returned a list with {describe(part)} for operand {i}; a list is one of "
                                    "At(index, g), and one gradient for each operand is a tuple")
    return parts


def summed_shape(f, i, got, wanted, shapes):
    """Return the shape that a gradient of another shape than operand i is summed to, and then broadcast from.

    Each axis of the operand's own is of equal length, or 1 in the gradient, which is the same for all, or 1 in the operand, over
    which is summed.  Axes in front are those of a result, and summed as well.
    """
    lead = len(got) - len(wanted)
    own = got[lead:] if lead > 0 else got
    if lead < 0 or not all([n == m or n == 1 or m == 1 for n, m in zip(own, wanted)]) or not any([got[:lead] == s[:lead] for s in shapes]):
        raise wrong_shape(f, i, got, wanted)
    return tuple([1 if m == 1 else n for n, m in zip(own, wanted)])


def accumulate(x, gx):
    """Add to the gradient of x what `fit` has given."""
    if type(gx) is list:
        for part in gx:
            x.accumulate_at(part.index, part.g)
    elif type(gx) is At:
        x.accumulate_at(gx.index, gx.g)
    else:
        x.accumulate(gx)


def zeros_like(y):
    """Return the gradient of an output that nobody used."""
    return np.zeros(y.shape, gradient_dtype(y.dtype))


def data_of(gradient):
    """Return a copy of the caller's gradient as an array."""
    return np.array(gradient.data if isinstance(gradient, VariableBase) else gradient)


def collect_pick(node, queue):
    """Store a pick's gradient with its call, whose rule runs after the rest of its generation."""
    call = node.in0
    if queue.push_late(call):
        call.op._gys = [None] * call.place
    gys, g = call.op._gys, node.gradient()
    nodes.note_raised()
    old = gys[node.place]                   # there may be one: under create_graph a rule gets new picks (`higher.picks`)
    gys[node.place] = g if old is None else np.asarray(old + g)
