"""The graph: nodes, how they are made, found and cut.

A `Node` (`_kernels/nodes`) is one value and how it came about: its op, and the nodes of its inputs, its parents.  A Variable
is the caller's handle on a node; the graph holds nodes and no handles, so what nobody holds and no rule reads can be dropped
(but values below 448 bytes, which live in their nodes).

    leaf        no op, no parent: what the caller made
    op node     `op` is an OpBase of the registry (compiled loops made it) or a Function (Python methods did)
    identity    no op, one parent: data were bound anew to an op's result; gradients pass through
    pick        no op, one parent, `place` says which: one output of a call that has several
    call        `op` is a Function of several outputs, `place` says how many; the parent of its picks
"""
from weakref import ref

from .. import config
from .._kernels import nodes
from .._kernels.nodes import Metadata, ModeFlag, Node, OpBase
from ..errors import GraphError
from .checks import describe

recording = ModeFlag(config.defaults, "enable_backprop")
keeping = ModeFlag(config.defaults, "keep_data")
transforming = ModeFlag(config.defaults, "transform")
vouched = ModeFlag(config.defaults, "vouched")

# Variable.reason: why there is no graph behind a Variable without creator.  TRACED is no such reason, but a mark.
LEAF, TRACED, NO_GRAD, CONSTANTS, UNCHAINED, DETACHED, OUTDATED, OVERTAKEN, REFUSED = range(9)
REASONS = (
    "",                                     # the caller made it
    "",                                     # an argument of a function that a transform differentiates
    "it was computed under no_grad(), with enable_backprop off, or in the rule of an op, which an ordinary backward runs without "
    "recording: a rule returns the gradient, written in NumPy code or by dezero.vjp",
    "it was computed from constants alone; wrap the inputs with Variable(...)",
    "unchain() cut it off from what it was computed from",
    "detach() made it a constant",
    "in NumPy it would share memory with a Variable to which has been assigned since, and have the new value: take it after the "
    "assignment, or take a copy: x[0] + 0",
    "in NumPy it would share memory with a part of it which has been changed since by +=, -= or the like, and have the new value: assign the "
    "part to where it was taken from, x[0] = row, or change x itself, x[0] += v; for a part of its own write row = row + v",
    "it was changed by +=, -= or the like, and could not be assigned to where it was taken from",
)


# ---- making nodes ----------------------------------------------------------------------------------------------------

def new_node(array):
    """Return a node that holds an array."""
    node = Node.__new__(Node)
    node.set_shape_from(array)
    node.save(array)
    return node


def new_leaf(v):
    """Return a node for a Variable that nothing has computed."""
    if v.array is None:
        refuse_stale(v)
        raise TypeError("this Variable has no data (Variable(None)): assign x.data first")
    node = new_node(v.array)
    if v._name is not None:
        metadata_of(node).name = v._name
    node.constant = v.reason == DETACHED
    node.by_loops = True
    if node.constant and not keeping.on():
        node.drop()                         # the Variable holds it; where a rule reads it, `tape.save` does
    return v.bind_first(node)


def constant(array):
    """Return a node that takes no gradient."""
    node = new_node(array)
    node.constant = True
    return node


def identity(v, array):
    """Return a node for other data that were bound to an op's result v: its parent is v's node, gradients pass through."""
    node = new_node(array)
    node.in0 = v.node
    node.generation = v.node.generation + 1
    node.constant = v.node.constant
    if v.node.tracked:
        node.track()
    v.bind(node)
    return node


def node_of(v):
    """Return the node of an operand; a leaf gets its own at first use, and a new one when its data was bound anew."""
    node = v.node
    if node is None:
        return new_leaf(v)
    if v.array is not None and not node.matches(v.array):
        if not node.is_leaf():
            raise GraphError(f"the data of an op's result was changed in place: it is {describe(v.array)}, "
                             f"and was of shape {node.shape} and dtype {node.dtype}")
        retire(v)
        return new_leaf(v)
    return node


def retire(v):
    """Take v off its leaf, since it gets other data: its next use makes a new one, and the old one still adds to `v.grad`."""
    metadata_of(v.node).ref = ref(v)
    v.bind(None)


def join_outputs(f, picks, ys):
    """Make one node of a call of several outputs; the node of each output becomes a pick of it."""
    call = Node.__new__(Node)
    call.op = f
    call.place = len(picks)
    f._values = ys
    call.track()
    for place, pick in enumerate(picks):
        call.generation, call.constant = pick.generation, pick.constant
        pick.in0 = call
        pick.place = place


def check_shape(v, node):
    """Refuse a Variable whose data were bound to another shape or dtype since."""
    if v.array is not None and not node.matches(v.array):
        raise GraphError(f"x.data was bound to {describe(v.array)} after an op had recorded it in shape {node.shape} "
                         f"and dtype {node.dtype}: its gradient has no place to go; call backward first")


def refuse_stale(v):
    """Refuse a Variable that in NumPy would have another value by now (`sharing`)."""
    if v.reason >= OUTDATED:
        raise GraphError(f"this Variable can't be used any more: {REASONS[v.reason]}")


# ---- from a node to its parents, its Function, and back --------------------------------------------------------------

def is_leaf(v):
    """Was v made by the caller?"""
    return v.node is None or v.node.is_leaf()


def op_node(node):
    """Return the node that an op made, or a leaf, behind identities."""
    while node.op is None and node.in0 is not None and node.place < 0:
        node = node.in0
    return node


def parents(node):
    """Return the nodes that a node was computed from; None stands for a number."""
    if node.op is None:
        return () if node.in0 is None else (node.in0,)
    return (node.in0, node.in1) if isinstance(node.op, OpBase) else node.op._parents


def function_of(node):
    """Return the Function that made a node; where loops did the work, it is made now and kept."""
    if not isinstance(node.op, OpBase):
        return node.op
    metadata = metadata_of(node)
    if metadata.creator is None:
        f = node.op.cls.__new__(node.op.cls)
        f._rule, f._parameters = node.op.rule, node.op.parameters or {}
        inputs = (node.in0,) if node.op.kernel.nin == 1 else (node.in0, node.in1)
        f._parents = tuple([constant(node.operand) if x is None else x for x in inputs])
        f.generation = node.generation - 1
        nodes.add_readings_of(node, f)      # f may outlive it
        metadata.creator = f
        node.track()
    return metadata.creator


def creator_of(v, node):
    """Return the Function that has made a node, whose Variable is v, or None for a leaf."""
    if node.is_leaf():
        return None
    f = node.in0.op if node.op is None else function_of(node)
    place = max(node.place, 0)              # let `f.outputs` find the living Variable of one of its results
    if f._outputs is None:
        f._outputs = [ref(v)]
    elif f._outputs[place]() is None:
        f._outputs[place] = ref(v)
    return f


def metadata_of(node):
    """Return `node.metadata` (name, creator, ...), made when it is first asked for."""
    if node.metadata is None:
        node.metadata = Metadata()
    return node.metadata


def is_constant(v):
    """Is v a constant, to which no gradient ever comes?"""
    return v.reason == DETACHED if v.node is None else v.node.constant


def wants_gradient(v):
    """Is v a leaf or recorded, and neither constant nor free?  Where nothing is recorded, or a rule is vouched for, nothing is lost."""
    return recording.on() and is_differentiated(v) and not vouched.on()


def is_differentiated(v):
    """Is v a leaf or recorded, and neither constant nor free, whether recording is on or off?"""
    free = v.reason in (NO_GRAD, CONSTANTS) and is_leaf(v)
    return not free and not is_constant(v)


def is_known(v):
    """Does no gradient ever go to a Variable, or through it?"""
    return v.reason in (NO_GRAD, CONSTANTS, DETACHED) if v.node is None else v.node.constant


def leads_to_argument(root):
    """Was a node computed from the argument of a function that a transform differentiates?"""
    seen = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        v = node.variable()
        if v is not None and v.reason == TRACED:
            return True
        todo += parents(node)
    return False


# ---- Variables of nodes ----------------------------------------------------------------------------------------------

def living_variable(node):
    """Return the living Variable of a node, or None."""
    v = node.variable()
    if v is None and node.metadata is not None and node.metadata.ref is not None:
        v = node.metadata.ref()
    return v


def variable_of(node):
    """Return the living Variable of a node, or a new one."""
    v = living_variable(node)
    if v is None:
        v = nodes.new_variable()
        v.array = None if node.is_inline or node.value is None else node.give_out()
        v._name = None if node.metadata is None else node.metadata.name
        v.bind(node)
        v.track()
    return v


def new_variable_of(node):
    """Return the first Variable of a node that holds an array of Python code's."""
    v = node.new_variable()
    node.mark_given_out()
    v.track()
    return v


def without_graph(data, reason):
    """Return a Variable on an array that has been checked."""
    v = nodes.new_variable()
    v.array = data
    v.reason = reason
    return v


def on_array(array):
    """Return a Variable on an array that an op has taken or given, for a rule to read."""
    v = nodes.new_variable()
    v.array = array
    return v


def on_value(node):
    """Return a Variable on a node's value at forward, for a rule to read; a value that was dropped is asked for when read."""
    v = on_array(None if node.value is None and not node.is_inline else node.give_out())
    if v.array is None:
        v.node = node
    return v


# ---- cutting ---------------------------------------------------------------------------------------------------------

def cut(node):
    """Make a leaf of a node."""
    nodes.rematerialize_if_dropped(node)    # first: others may be computed from it
    nodes.end_reading(node)
    # Cython up to 3.2 lets go of what a field holds before it sets the field: a finalizer that came back here would find it freed.
    held = node.op, node.in0, node.in1      # noqa: F841
    node.op = node.kernel = node.in0 = node.in1 = None
    node.place = -1
    node.by_loops = True


def unchain_inputs(root):
    """Make leaves of all that a node was computed from."""
    todo = [root]
    while todo:
        node = todo.pop()
        for x in parents(node):
            if x is not None and not x.constant:
                todo.append(x)
        if node is not root:
            v = node.variable()
            if v is not None:
                v.unchain()
            cut(node)
