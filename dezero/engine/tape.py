"""The story of the engine: a call is recorded, and a walk goes back over what was recorded.

Three things make a graph.  A `Node` is one value and how it came about (`graph`).  A `Variable` is the caller's handle on
a node (`variable`).  A `Function` is one call of an op (`function`): it stands in the graph where the op's Python methods
do the work; where compiled loops did it, it is made when somebody asks for `y.creator`.

    x = Variable(np.array(3.0))         its first use makes a node of it, a leaf, generation 0
    y = x * x + 3.0 * x                 mul, generation 1; mul, generation 1; add, generation 2
    y.backward()                        add, then both muls: x.grad is 9.0

There are two ways to run an op, and each records what it has done: `run_kernel` by the op's compiled loops, `run_forward`
by its Python method.  (Without a compiler, and with DEZERO_KERNELS=numpy, all ops go the second way.)  There is one way
back: `walk`.  It takes the nodes of the highest generation first, so that a node's turn comes when all that was computed
from it have had theirs; each adds to the gradients of its parents, the nodes that it was computed from.

This is the walk that `backward()` takes.  The one that records what it does, so that its result can be differentiated
again, is in `higher`.  All of this is plain Python; the .pxd beside a file tells Cython the types.
"""
from weakref import ref

import numpy as np

from .._kernels import nodes
from .._kernels.floating import report
from .._kernels.nodes import VariableBase
from ..errors import GraphError
from . import graph, hooks, rules, sharing
from .checks import check_sum, name_op, operand_arrays, who

engine = hooks.engine                       # what is going on in the process, and who looks on


# ---- a call is recorded ----------------------------------------------------------------------------------------------

def run_kernel(op, a, b):
    """Return y = op(a, b) by compiled loops, recorded; None where no loop fits the operands."""
    record = graph.recording.on()
    observed = engine.guarding or engine.watchers
    if observed:
        engine.hooks.operand(a)
        engine.hooks.operand(b)
    x0 = operand_node(a) if record else None
    x1 = operand_node(b) if record else None
    node = op.kernel.compute(a, b)          # its value; in the graph it is not yet
    if node is None:
        return None
    y = engine.hooks.variable(node, (a, b)) if observed else node.new_variable()
    if record:
        record_kernel(node, op, x0, x1, a, b)
    else:
        engine.hooks.unrecorded(a)
        engine.hooks.unrecorded(b)
        y.reason = graph.NO_GRAD
        node.drop()
    if observed and engine.watchers:
        engine.hooks.result(y, op.cls, (a, b))
    if node.tracked:                        # a user's object hangs above it: the garbage collector must see it
        node.track()
        y.track()
    return y


def operand_node(x):
    """Return the node of an operand, or None of what is no Variable."""
    node = nodes.known_node(x)              # nearly every operand is as it was made: 5 % of an op less
    if node is None and type(x) is not int and type(x) is not float and isinstance(x, VariableBase):
        node = graph.node_of(x)
    return node


def is_number(x):
    """Is an operand a number, which the loops have copied into the node?"""
    return isinstance(x, (int, float)) or isinstance(x, np.float32)         # np.float64 is a float


def record_kernel(node, op, x0, x1, a, b):
    """Put a computed node into the graph, with what op's gradients read and nothing else."""
    kernel = op.kernel
    reads = kernel.reads_for(x0, x1)        # by bit, what the gradients that are wanted read: operand 0, operand 1, result
    generation = 0
    if x0 is not None:
        node.in0 = x0 = nodes.add_reader(save(x0, a), node, 1) if reads & 1 else x0
        generation = x0.generation
        node.tracked = x0.tracked
    elif not is_number(a):
        if reads & 1:
            node.in0 = graph.constant(a)
        else:
            nodes.mark_lost(node)           # an array that the graph does not hold: the value can't be computed again
    if x1 is not None:
        node.in1 = x1 = nodes.add_reader(save(x1, b), node, 2) if reads & 2 else x1
        generation = max(generation, x1.generation)
        node.tracked = node.tracked or x1.tracked
    elif b is not None and not is_number(b):
        if reads & 2:
            node.in1 = graph.constant(b)
        else:
            nodes.mark_lost(node)
    node.op = op
    node.kernel = kernel
    node.generation = generation + 1
    node.constant = (x0 is None or x0.constant) and (x1 is None or x1.constant)
    node.by_loops = (x0 is None or x0.by_loops) and (x1 is None or x1.by_loops)
    if not node.is_inline:
        nodes.copy_small_operands(node, a, b)
        if not reads >> kernel.nin & 1 and not graph.keeping.on():
            node.drop()                     # the caller's Variable holds it; where a later op's gradients read it, `save` does


def save(node, v):
    """Return the node that holds v's array, for a rule to read: its own, or an identity where that holds another array."""
    if v.array is None or node.value is v.array:
        return node
    if v.node is not node and v.node.value is v.array:
        return v.node                       # v is both operands, and has got its identity
    if (node.value is not None and not node.is_inline) or node.is_fixed():
        return graph.identity(v, v.array)
    node.is_saved = not node.is_inline
    node.save(v.array)
    return node


def run_forward(f, inputs):
    """Return f(*inputs) by its `forward`, checked and recorded."""
    if f._parents is not None:
        raise GraphError(f"{who(type(f))}: this instance has been called before; one instance is one call, make a new one")
    held = engine.hooks.held(inputs) if engine.guarding else inputs
    xs = rules.held_arrays(held) or operand_arrays(f, held)
    record = graph.recording.on()
    if record:
        rules.note_state(f)
    pool = nodes.enter_pool(xs)
    try:
        given = results(f, xs)
        ys = [rules.output(f, y, xs) for y in given]
    finally:
        nodes.leave_pool(pool)
    if not ys:
        raise TypeError(f"{who(type(f))}: forward returned an empty tuple, wanted an array or a tuple of arrays")
    if record and rules.has_variable(inputs):
        outputs = record_forward(f, inputs, xs, ys)
    else:
        for x in inputs:
            engine.hooks.unrecorded(x)
        outputs = [graph.without_graph(y, graph.CONSTANTS if record else graph.NO_GRAD) for y in ys]
    sharing.note_views(f, outputs, given, ys, inputs, xs)
    if engine.watchers:
        for y in outputs:
            engine.hooks.result(y, type(f), inputs)
    return outputs if len(outputs) > 1 else outputs[0]


def results(f, xs):
    """Return what `forward` gives for arrays, as a tuple."""
    try:
        ys = f.forward(*xs) if f._rule is None else rules.call_forward(f, xs)
    except (TypeError, ValueError, OverflowError) as error:
        name_op(f, error, xs)
    return ys if isinstance(ys, tuple) else (ys,)


def record_forward(f, inputs, xs, ys):
    """Put a call of Python code into the graph, with the operands and results that its rule may read."""
    parents = tuple([parent(f, i, v, xs[i]) for i, v in enumerate(inputs)])
    generation, constant = 0, True
    for x in parents:
        generation = max(generation, x.generation)
        constant = constant and x.constant
    made = [graph.new_node(y) for y in ys]
    for node in made:
        node.generation, node.constant = generation + 1, constant
        node.track()
    if len(made) == 1:
        node.op = f
    else:
        graph.join_outputs(f, made, ys)
    outputs = [engine.hooks.variable(node, inputs) if engine.guarding else graph.new_variable_of(node) for node in made]
    if len(made) == 1 and f._rule is not None and not f._rule.reads_result and not graph.keeping.on():
        node.drop()
    if f._rule is None or len(made) > 1:    # else `graph.creator_of` makes it
        f._outputs = [ref(v) for v in outputs]
    f._parents, f.generation = parents, generation      # last: had it failed, it were not called
    return outputs


def parent(f, i, v, x):
    """Return the node of operand i, a Variable v or a constant array x, which holds the array where the rule may read it."""
    if not isinstance(v, VariableBase):
        return rules.constant_operand(x)
    node = graph.node_of(v)
    return nodes.add_reading(save(node, v), f) if rules.reads_operand(f, i) else node


# ---- the walk back ---------------------------------------------------------------------------------------------------

def run_backward(root, gradient, retain, create_graph):
    """Walk back from a node, and then set `.grad`: of all Variables that it came to or, where anything fails, of none."""
    outer = nodes.begin_pass()
    try:
        arrived = walk_back(root, gradient, retain, create_graph)
    finally:
        raised = nodes.end_pass(outer)
    if raised:
        report("backward", raised)
    set_gradients(arrived, create_graph)


def walk_back(root, gradient, retain, create_graph):
    """Choose the walk: the quick one has its gradients in the nodes, so one at a time can run; else the one with a table."""
    arrived = None if create_graph or engine.watchers else walk(root, gradient, retain)
    return engine.hooks.walk(root, gradient, retain, create_graph) if arrived is None else arrived


def walk(root, gradient, retain):
    """Walk back with each gradient in its node; return [(Variable, gradient, is it added to `.grad` or set?)].

    None where another walk uses the nodes.  Here and in rules the gradient g of complex data z is transposed, du = Re(g dz), so that
    rules are those of real numbers.  What callers give and get is its conjugate, which points uphill.
    """
    arrived = []
    context = None
    queue = nodes.begin_walk(root.generation)
    if queue is None:
        return None
    try:
        queue.push(root)
        root.start(None if gradient is None else transposed(gradient))
        while True:
            node = queue.next()
            if node is None:
                break
            if engine.rule_watchers:
                engine.hooks.before_rule(node, None)
            if retain and not node.is_leaf():
                deliver(node, arrived, False)           # first: a rule may write into the gradient it gets
            if node.kernel is not None:                 # compiled loops
                nodes.apply_kernel(node, queue)
            elif node.op is not None:                   # a Python rule
                if context is None:
                    context = nodes.enter_rules(graph.recording, False)
                apply_rule(node, queue)
            elif node.in0 is None:                      # a leaf
                deliver(node, arrived, True)
            elif node.place < 0:                        # an identity: its gradient passes through
                queue.push(node.in0)
                node.in0.accumulate(node.gradient())
            else:                                       # a pick: one output of several
                rules.collect_pick(node, queue)
            node.clear_gradient()
    finally:
        nodes.leave_context(context)
        queue.end()
    return arrived


def transposed(gradient):
    """Return a copy of the caller's gradient, as the walk has it."""
    g = gradient.data if isinstance(gradient, VariableBase) else gradient
    return np.conjugate(g) if np.iscomplexobj(g) else np.array(g)


def apply_rule(node, queue):
    """Run the Python rule of one call on arrays, and add what it gives to the gradients of its parents."""
    f = node.op
    if node.place < 0:
        gys = [node.gradient()]
    else:
        gys = [rules.zeros_like(y) if gy is None else gy for gy, y in zip(f._gys, f._values)]
        f._gys = None
    nodes.note_raised()                     # by loops, before NumPy clears the flags
    gxs = rules.gradients(node, f, gys)
    nodes.clear_raised()                    # by the rule's own NumPy calls, which np.errstate has noted
    for i, x in enumerate(f._parents):
        if gxs[i] is not None and not x.constant:
            queue.push(x)                   # first: where the sum fails, the queue clears it
            rules.accumulate(x, gxs[i])


def deliver(node, arrived, adds):
    """Note the gradient of a node, if its Variable is alive."""
    v = graph.living_variable(node)
    if v is not None and not node.constant:
        graph.check_shape(v, node)
        g = node.gradient()
        if not nodes.is_float_array(g):     # as callers have it; in place where it is the last of the node
            g = np.asarray(np.conjugate(g, g if adds else None))
        arrived.append((v, g, adds))


def set_gradients(arrived, create_graph):
    """Set `.grad` of all Variables or, where a sum fails, of none.  One can come twice: new data make a new leaf of it."""
    changes = []
    for v, g, adds in arrived:
        changes.append(v._grad)
        changes.append(sum_of(changes[-1], g, create_graph) if adds else g)
    i = nodes.exchange_gradients(arrived, changes)
    while i >= 0:                           # somebody else has added to it meanwhile, or it is there twice
        v, g, adds = arrived[i]
        changes[2 * i + 1] = sum_of(changes[2 * i], g, create_graph) if adds else g
        i = nodes.exchange_gradients(arrived, changes)


def sum_of(old, g, create_graph):
    """Return old + g, as an array or, under create_graph, as a Variable."""
    if old is None:
        return g
    check_sum(old, g)
    if not create_graph:
        return np.asarray((old.data if isinstance(old, VariableBase) else old) + g)
    context = nodes.enter_context(graph.recording, True)
    try:
        return (old if isinstance(old, VariableBase) else graph.without_graph(old, graph.DETACHED)) + g
    finally:
        nodes.leave_context(context)
