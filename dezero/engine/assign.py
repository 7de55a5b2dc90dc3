"""Assignment: `x[index] = v` binds the handle x to a new node, and leaves the old one to what was computed from it.

The rule of the new node sends the gradient with zeros at the index to the old value, and what is at the index to v, as that of
the op `assign` does (`ops/assign`).  It reads no value, so the array can be written in place where nobody else has it: whoever
reads the old value holds the array, be it a rule, the caller's `x.data` or a view of NumPy's, and then it is copied first.
(The plain Python of `_kernels/nodes.py` can't tell, and copies always.)
"""
from numbers import Number
from weakref import ref

import numpy as np

from .._kernels import nodes
from .._kernels.gradients import overwritten_at, put_at, shape_at, sum_to
from .._kernels.nodes import OpBase, VariableBase
from ..errors import DTypeError, FirstOrderOnly, GraphError
from ..registry import registry
from . import function, graph, hooks, op, rules, sharing
from .checks import check_array, describe

engine = hooks.engine


def assign(x, index, value):
    """Do x[index] = value, or raise and change nothing."""
    if op.any_list((value,)) and op.any_variable(value):
        value = np.array(value, like=x)
    index = rules.as_index(index)           # before anyone looks at it
    overtaken = x.reason == graph.OVERTAKEN
    if overtaken:
        sharing.claim(x, index, value)
    try:
        if x.alias is None or not assign_through(x, index, value):
            assign_fresh(x, index, value)
    except BaseException:
        if overtaken:
            sharing.take_back(value)
        raise
    return 0


def assign_through(x, index, value):
    """Assign to what x is a view of, as the real part is, by `assign_operand` of the op that has taken it; say whether it has one."""
    whole = None if x.alias.through is None else sharing.whole_of(x)
    if whole is None:
        return False
    if whole.reason == graph.OVERTAKEN and whole.alias.pending is value:
        sharing.restore(whole)
    x.alias.through(whole, index, value)
    return True


def assign_attribute(x, name, value):
    """Do x.real = value, or that of another attribute that is made of all of x, or raise and change nothing."""
    overtaken = x.reason == graph.OVERTAKEN
    if overtaken:
        sharing.claim_attribute(x, name, value)
    try:
        if name not in ASSIGNABLE:
            raise AttributeError(f"x.{name} = v: this attribute of a Variable, as that of an array, can't be assigned to; write "
                                 f"x[...] = v.{name}, and x *= 2 in place of x.{name} *= 2")
        getattr(x, name)[...] = value
    except BaseException:
        if overtaken:
            sharing.take_back(value)
        raise
    return 0


ASSIGNABLE = "real", "imag", "flat"
"""Of the attributes that show the elements in another way, those that NumPy lets one assign to."""


def assign_fresh(x, index, value):
    """Do the same, x being what it is in NumPy."""
    array = x._get_data()
    check_kind(x, array)
    if engine.guarding:
        check_guard(x, value)
    v = data_of(value, array)
    fitting = fitted(v, array, index)
    low, high, same = 0, 0, None
    if x.alias is not None:
        part = sharing.part_of(array, index)
        low, high = nodes.bytes_of(x.alias, array, part)
        sharing.check_view(x, low, high)
        if isinstance(value, VariableBase) and sharing.is_taken_from(value, x, array, part):
            same = value
        part = None
    parents = parents_of(x, value, array, v)
    array = v = None                        # or `is_sole` would count them
    bind(x, written(x, index, fitting), index, parents)
    if high:
        sharing.mark_others(x, low, high, same)
    if engine.watchers:
        engine.hooks.result(x, Assignment, (x, value))


# ---- may it be? ------------------------------------------------------------------------------------------------------

def check_kind(x, array):
    """Refuse to assign to what keeps its value: the leaves, whose gradients are by what they were made with."""
    if array is None:
        raise TypeError("x[i] = v: this Variable has no data (Variable(None)): assign x.data first")
    if x.reason == graph.TRACED:
        raise GraphError("x[i] = v of the argument of a function that a transform (grad, vjp, ...) differentiates, which keeps its value: "
                         "write x = np.copy(x) first")
    if graph.is_leaf(x):
        if graph.recording.on() and graph.is_differentiated(x):
            raise GraphError("x[i] = v of a leaf, a Variable that the caller made: its gradient is by the value that it was made with. "
                             "Write x = np.copy(x) first, or, to change its data, assign under no_grad()")
        if not array.flags.writeable:
            raise ValueError("x[i] = v: the data of this Variable are read-only")


def check_guard(x, value):
    """Refuse to put what a rule was given into a Variable that would give out its numbers."""
    if type(engine.hooks.variable(graph.constant(np.zeros(())), (x, value))) is not type(x):
        raise FirstOrderOnly("x[i] = v in a rule whose derivatives are recorded (create_graph=True), of v that was computed from what the "
                             "rule was given, and x that was not: write x = F.assign(x, v, i), or np.where(mask, v, x)")


def data_of(value, array):
    """Return the value to assign as an array."""
    if isinstance(value, VariableBase):
        v = value._get_data()
        if v is None:
            raise TypeError("x[i] = v: v is a Variable without data (Variable(None))")
        return v
    if type(value) is int and array.dtype.kind in "iu":
        return np.array(value, array.dtype)                 # an OverflowError where it has no room
    v = value if isinstance(value, np.ndarray) else np.asarray(value)
    if v.dtype.kind == "O" and array.dtype.kind in "fc" and all([isinstance(number, Number) for number in v.flat]):
        return v.astype(array.dtype)                        # of Fraction, Decimal, int: large ones
    return check_array(v)


def fitted(v, array, index):
    """Return a value in the dtype of the array, and without axes of length 1 in front of those of the part it is assigned to."""
    if not (np.can_cast(v.dtype, array.dtype, "same_kind") or v.dtype.kind in "iu" and array.dtype.kind in "iu"):
        raise DTypeError(f"x[i] = v: v is {describe(v)}, and x is of dtype {array.dtype}, which can't hold it: assign to "
                         f"x.astype({v.dtype}), or make of v what is meant")
    try:
        wanted = shape_at(index, array.shape)
    except (IndexError, TypeError, ValueError) as error:
        raise type(error)(f"x[i] = v of a Variable of shape {array.shape}: {error}") from error
    lead = max(v.ndim - len(wanted), 0)
    own = v.shape[lead:]
    if v.shape[:lead].count(1) != lead or not all([n == m or n == 1 for n, m in zip(own[::-1], wanted[::-1])]):
        raise ValueError(f"x[i] = v: v is of shape {v.shape}, and x[i] of shape {wanted}: v does not broadcast to it")
    return (v.reshape(own) if lead else v).astype(array.dtype, copy=False)


# ---- it is done ------------------------------------------------------------------------------------------------------

def parents_of(x, value, array, v):
    """Return the nodes of both operands, or None where nothing is recorded, and the data of x change.

    Under no_grad what was recorded stays so, and v is constant in it.
    """
    records = graph.recording.on() and isinstance(value, VariableBase)
    is_recorded = not graph.is_leaf(x) and not graph.is_constant(x)
    if not is_recorded and not (records and graph.is_differentiated(value)):
        engine.hooks.unrecorded(value)
        return None
    return graph.node_of(x) if is_recorded else unread(array), graph.node_of(value) if records else unread(v)


def unread(array):
    """Return a constant node of an array that no rule reads."""
    node = graph.constant(array)
    if not graph.keeping.on():
        node.drop()
    return node


def written(x, index, v):
    """Return the array of x with v at the index: the same one where nobody else has it, else a copy."""
    array = x.array if nodes.is_sole(x) else np.array(x.array, order="K")
    put_at(array, index, v)
    if x.alias is not None and array.strides != x.array.strides:
        x.alias.is_exact = False
    return array


def bind(x, array, index, parents):
    """Bind x to a new node, or to new data."""
    leave(x)
    if parents is None:
        is_constant = graph.is_constant(x)
        if x.node is not None:
            graph.retire(x)                 # to what was computed from it
        if is_constant:
            x.reason = graph.DETACHED
        x.array = array
        return 0
    first, second = parents
    f = Assignment(index)
    f.generation = max(first.generation, second.generation)
    node = graph.new_node(array)
    node.op = f
    node.generation = f.generation + 1
    node.constant = first.constant and second.constant
    node.track()
    node.mark_given_out()
    if not graph.keeping.on():
        node.drop()
    f._parents = parents
    x.bind(node)
    x.array, x.reason = array, graph.LEAF
    x.track()
    return 0


def leave(x):
    """Let the call that has computed x no longer have it as its result."""
    node = None if x.node is None else graph.op_node(x.node)
    if node is None or node.is_leaf():
        return 0
    if isinstance(node.op, OpBase):
        f = None if node.metadata is None else node.metadata.creator
    else:
        f = node.in0.op if node.op is None else node.op
    if f is not None and f._outputs is not None:
        f._outputs = [GONE if y() is x else y for y in f._outputs]
    return 0


GONE = ref(set())


# ---- the way back ----------------------------------------------------------------------------------------------------

class Assignment(function.RuleFunction):
    """y = x, but for y[index] = v;   ∂y/∂x = 1, but for 0 at the index;   ∂y/∂v = 1 there, summed over what was broadcast

    The op of x[index] = v.  In an ordinary backward it writes into the gradient that it gets, so that a thousand assignments
    to an array take as long as the whole, and not a thousand times as long.
    """

    def __init__(self, index):
        self._rule, self._parameters = ASSIGNMENT, {"index": index}


def split(gy, y, x, v, index):
    """Return the gradients of x and v."""
    if type(gy) is not np.ndarray:
        return registry.find_name("assign").cls.op.rule(gy, y, x, v, index)
    gv, overwritten = gy[index], overwritten_at(index, x.shape)
    if overwritten is not None:
        gv[overwritten] = 0

    def beside():                           # mostly of a constant, zeros, and then not asked for
        nonlocal gv
        gv = np.array(gv)                   # it may be a view
        gy[index] = 0
        return gy
    return beside, lambda: sum_to(np.asarray(gv), v.shape)


ASSIGNMENT = rules.Rule(split, None, False, False, False)
ASSIGNMENT.reads, ASSIGNMENT.reads_result, ASSIGNMENT.owns = (False, False), False, True
