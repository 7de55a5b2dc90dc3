"""The walk back with a table of gradients: gradients that are Variables, or while another walk is under way.

Under ``create_graph=True`` rules run on Variables, and what they compute is recorded, so that it can be differentiated
again.  This room is loaded at the first use of that, or of `detect`, and its `Observers` are the engine's hooks from then on.
"""
import heapq

import numpy as np

from .. import config
from .._kernels import nodes
from .._kernels.gradients import At, add_at, gradient_dtype, sum_to
from .._kernels.nodes import OpBase
from . import graph, guard, guarded, hooks, op, rules, watch
from .checks import check_gradient_type, describe, is_broadcast, who, wrong_shape
from .function import Function
from .guarded import Guarded
from .op import Loops
from .variable import Variable


class Observers(hooks.Hooks):
    """The guard of second derivatives, and those who look for a fault."""

    def operand(self, x):
        if isinstance(x, Guarded):
            guarded.hold(x)

    def held(self, operands):
        return guarded.held(operands)

    def variable(self, node, operands):
        return guarded.variable_for(node, operands)

    def unrecorded(self, x):
        """A rule that switches recording off cuts the graph too."""
        if isinstance(x, Guarded) and not guarded.is_lost(x):
            raise guarded.cut_by_rule(x, "a result without graph (no_grad)")

    def result(self, y, cls, operands):
        if not (isinstance(y, Guarded) and guarded.is_lost(y)):
            watch.inspect_result(y, cls, operands)

    def before_rule(self, node, gradient):
        watch.check_unchanged(node)

    def walk(self, root, gradient, retain, create_graph):
        found = recorded_walk([root], [None if gradient is None else conjugate(gradient)], retain, create_graph, False, None)
        return [(v, conjugate(g), adds) for v, g, adds in found.arrived]


hooks.engine.hooks = Observers()

VOUCHED = config.Mode("vouched", True)
"""A rule of order None runs, which may take what numbers it likes."""


# ---- the walk --------------------------------------------------------------------------------------------------------

def recorded_walk(roots, gradients, retain, create_graph, linear, targets):
    """Walk back from several roots with the gradients in a table, and return it.

    Gradients of complex data are transposed, as in `tape.walk`, at both ends too.  With `targets`, only what leads from the roots to
    these nodes is walked, and what comes to them is in
    `table.at_targets`; without, `table.arrived` is what `tape.walk` gives.  `linear`: see `GradientTable`.
    """
    table = GradientTable(create_graph, linear)
    if targets is not None:
        table.useful = leading_to(roots, targets)
    context = nodes.enter_rules(graph.recording, create_graph)
    try:
        for root, gradient in zip(roots, gradients):
            table.add(root, table.start(root, gradient))
        while table.heap:
            node = heapq.heappop(table.heap)[-1]
            gys = table.take(node)
            if hooks.engine.rule_watchers:
                hooks.engine.hooks.before_rule(node, gys)
            if targets is not None and node in targets:
                table.at_targets[node] = gys
            elif node.op is not None:
                f = graph.function_of(node)
                for x, gx in zip(f._parents, table.apply_rule(node, f, gys if node.place >= 0 else [gys])):
                    for part in gx if type(gx) is list else () if gx is None else (gx,):
                        table.add(x, part)
            elif node.in0 is not None:
                table.add(node.in0, gys, node.place)
            else:
                table.deliver(node, gys, True)
                continue
            if retain and not isinstance(gys, list):
                table.deliver(node, gys, False)
    finally:
        nodes.leave_context(context)
    return table


def conjugate(g):
    """Return a gradient, an array or a Variable, as callers have it of one as the walk has it, and the other way round."""
    if g.dtype.kind != "c":
        return g
    if not isinstance(g, Variable):
        return np.asarray(np.conjugate(g))
    context = nodes.enter_context(graph.recording, True)
    try:
        return np.conjugate(g)
    finally:
        nodes.leave_context(context)


def leading_to(roots, targets):
    """Return which nodes lead from the roots to a target: {node: does it?}."""
    useful = dict.fromkeys(targets, True)
    node = targets[0]
    oldest = node.generation
    for node in targets:
        if node.generation < oldest:
            oldest = node.generation
    opened = set()
    todo = list(roots)
    while todo:
        node = todo[-1]
        if node in useful:
            todo.pop()
        elif node in opened:
            todo.pop()
            useful[node] = any([useful.get(x, False) for x in graph.parents(node)])
        else:
            opened.add(node)
            for x in graph.parents(node):
                if x is not None and not x.constant and x.generation >= oldest:
                    todo.append(x)
    return useful


class GradientTable:
    """Gradients by node.

    They are arrays; or, under create_graph, Variables that can be differentiated again: by the root's gradient and by the
    values that rules read, or, where the graph is to be linear, by the root's gradient alone.
    """

    def __init__(self, create_graph, linear):
        self.create_graph, self.linear = create_graph, linear
        self.gradients, self.heap, self.arrived, self.at_targets = {}, [], [], {}
        self.parts = {}                     # of nodes: their gradients `At` an index, or, of arrays, what they were added into
        self.looked_at = set()
        self.useful = None
        self.count = 0

    def start(self, root, gradient):
        """Return what the walk begins with at a root."""
        dtype = gradient_dtype(root.dtype)
        if gradient is None:
            gradient = np.ones(root.shape, dtype) if root.shape else np.array(1, dtype)     # 1 us less
        elif self.create_graph and isinstance(gradient, Variable):
            return cast(gradient, dtype)
        else:
            gradient = rules.data_of(gradient)
        return self.wrap(gradient)

    def wrap(self, g):
        """Return a gradient in the form that this walk has them in."""
        return graph.without_graph(g, graph.DETACHED) if self.create_graph and not isinstance(g, Variable) else g

    def add(self, node, g, place=-1):
        """Add g to the gradient of a node, or of one place of a call of several outputs."""
        if self.useful is not None and not self.useful.get(node, False):
            return 0
        if node not in self.gradients:
            self.count += 1
            late = node.place > 0 and node.op is not None       # a call of several outputs, after its generation
            heapq.heappush(self.heap, (-node.generation, late, self.count, node))
            self.gradients[node] = None if place < 0 else [None] * node.place
        if type(g) is At:
            return self.add_part(node, g)
        old = self.gradients[node] if place < 0 else self.gradients[node][place]
        total = g if old is None else old + g if self.create_graph else np.asarray(old + g)
        if place < 0:
            self.gradients[node] = total
        else:
            self.gradients[node][place] = total
        return 0

    def add_part(self, node, g):
        """Add to the gradient of a node what came for a part of it: into one array or, of Variables, by one call at the end."""
        if self.create_graph:
            self.parts.setdefault(node, []).append(g)
            return 0
        if node not in self.parts:
            self.parts[node] = np.zeros(node.shape, gradient_dtype(node.dtype))
        add_at(self.parts[node], g.index, g.g)
        return 0

    def take(self, node):
        """Return all of a node's gradient, or of a call's several."""
        g, parts = self.gradients.pop(node), self.parts.pop(node, None)
        if parts is None:
            return g
        if self.create_graph:
            parts = Parts([part.index for part in parts], node.shape)(*[part.g for part in parts])
        return parts if g is None else g + parts if self.create_graph else np.asarray(g + parts)

    def apply_rule(self, node, f, gys):
        """Return what the rule of f, which made the node, gives for each input."""
        if not hooks.engine.watchers:
            return self.recorded_rule(node, f, gys) if self.create_graph else self.plain_rule(node, f, gys)
        try:
            gxs = self.recorded_rule(node, f, gys) if self.create_graph else self.plain_rule(node, f, gys)
        except guard.Anomaly as error:
            raise guard.Anomaly(f"{who(type(f))}{watch.site_of(node)}: in its rule: {error}{watch.came_in(gys)}") from error
        watch.check_finite(node, f, gys, gxs)
        return gxs

    def plain_rule(self, node, f, gys):
        """Run the rule on arrays."""
        rematerialize_reads(node)
        gys = [rules.zeros_like(y) if gy is None else gy for gy, y in zip(gys, f._values or [node])]
        if f._rule is not None:
            if f._rule.owns:
                gys = [np.array(gy) for gy in gys]              # in the table they may be others' too
            gxs = rules.gradients_by_function(node, f, gys)
        else:
            inputs = [as_operand(x, f, is_traced(node)) for x in f._parents]
            outputs = [graph.on_value(node)] if node.place < 0 else [graph.on_array(y) for y in f._values]
            gxs = [rules.fit(f, i, gx, outputs) for i, gx in enumerate(call_guarded(f, gys, inputs, outputs))]
        return [in_dtype(g, gradient_dtype(x.dtype)) for g, x in zip(gxs, f._parents)]

    def recorded_rule(self, node, f, gys):
        """Run the rule on Variables: guarded ones, unless it is vouched for."""
        vouched, traced = f.__class__.__dict__.get("order", 0) is None, is_traced(node)
        if self.linear or vouched:
            rematerialize_reads(node)
        if self.linear:
            inputs = [as_constant(x, f, traced) for x in f._parents]
            outputs = [as_constant(node, f, traced)] if node.place < 0 else [graph.without_graph(y, graph.DETACHED) for y in f._values]
        else:
            if not vouched:
                guarded.refuse_first_order(f, self.looked_at)
            inputs = [as_recorded(x, f, vouched, traced) for x in f._parents]
            outputs = [as_recorded(y, f, vouched, traced) for y in ([node] if node.place < 0 else picks(node, f))]
        gys = [self.wrap(rules.zeros_like(y)) if gy is None else gy for gy, y in zip(gys, outputs)]
        if not vouched:
            gys = [guarded.guarded_gradient(gy, f, traced) for gy in gys]
        if vouched:
            with VOUCHED:
                gxs = call_guarded(f, gys, inputs, outputs)
        else:
            gxs = call_guarded(f, gys, inputs, outputs)
        shapes = [x.shape for x in f._parents]
        wide = [y.shape for y in ([node] if node.place < 0 else f._values)]      # of nodes: an output may be lost
        return [fit_recorded(f, i, gx, shapes, wide, vouched) for i, gx in enumerate(gxs)]

    def deliver(self, node, g, adds):
        """Note the gradient of a node whose Variable lives."""
        v = graph.living_variable(node)
        if v is not None and not node.constant:
            graph.check_shape(v, node)
            self.arrived.append((v, unshared(g, ()) if self.create_graph else np.array(g), adds))


# ---- what a rule reads -----------------------------------------------------------------------------------------------

def call_guarded(f, gys, inputs, outputs):
    """Return what the rule of f gives for Variables; results of guarded ones are guarded meanwhile."""
    hooks.engine.guarding += 1
    try:
        if f._rule is not None:
            return rules.call_function(f, gys, outputs, inputs, None)
        return rules.call_rule(f, gys, inputs, outputs)
    finally:
        hooks.engine.guarding -= 1


def rematerialize_reads(node):
    """Bring back what loops have dropped: they read for the gradients that are wanted, the op's Python rule for all.

    What cannot be computed again, and no wanted gradient reads, stays away.
    """
    if not isinstance(node.op, OpBase):
        return
    kernel = node.kernel
    read, wanted = kernel.reads_by[0] | kernel.reads_by[1], kernel.reads_for(node.in0, node.in1)
    for i, x in enumerate((*graph.parents(node)[:kernel.nin], node)):
        if x is not None and read >> i & 1 and x.is_dropped() and (wanted >> i & 1 or not nodes.is_lost(x)):
            nodes.rematerialize(x)


def is_traced(node):
    """Were the loops that made a node traced from the op's rule, as it still is?  An author's own may read less than it does."""
    return isinstance(node.op, Loops) and node.op.kernel is not node.op.cls.kernel and op.still_holds(node.op.guards)


def picks(node, f):
    """Return nodes of a call's outputs, for its rule to read."""
    made = []
    for place, y in enumerate(f._values):
        pick = graph.new_node(y)
        pick.in0, pick.place, pick.generation = node, place, node.generation
        pick.track()
        made.append(pick)
    return made


def as_operand(node, f, traced):
    """Return a Variable on a node's value at forward, for the rule of f to read; guarded, where there is none."""
    return guarded.guarded(node, f, traced) if node.is_dropped() else graph.on_value(node)


def as_constant(node, f, traced):
    """Return a Variable on a node's value at forward, without its graph; guarded, where there is none."""
    return guarded.guarded(node, f, traced) if node.is_dropped() else graph.without_graph(node.as_array(), graph.DETACHED)


def as_recorded(node, f, vouched, traced):
    """Return a Variable on a node, for the rule of f to read with its graph."""
    return guarded.on_node(node) if vouched and not node.is_dropped() else guarded.guarded(node, f, traced)


# ---- what a rule gives -----------------------------------------------------------------------------------------------

def fit_recorded(f, i, gx, shapes, wide, vouched):
    """Return a rule's gradient for input i as a Variable of the input's shape and floating dtype, `At` an index, or None.

    `rules.fit` is the same for arrays, and tells where else this is done.
    """
    x = f._parents[i]
    if gx is None or x.constant:
        return None
    if type(gx) is list:
        return [fit_recorded(f, i, part, shapes, wide, vouched) for part in rules.checked_parts(f, i, gx)] or None
    if type(gx) is At:
        g = as_gradient(f, i, gx.g, vouched)
        index = rules.plain_index(f, i, gx.index, Variable if vouched else Guarded)
        rules.check_part(f, i, index, g.shape, shapes[i])
        return At(index, cast(g, gradient_dtype(x.dtype)))
    gx = as_gradient(f, i, gx, vouched)
    if gx.shape != shapes[i]:
        gx = fit_shape(f, i, gx, shapes, wide)
    return cast(gx, gradient_dtype(x.dtype))


def fit_shape(f, i, gx, shapes, wide):
    """Return a gradient of another shape than input i in its shape."""
    if f._rule is None:
        if not is_broadcast(gx.shape, shapes, wide, i):
            raise wrong_shape(f, i, gx.shape, shapes[i])
        return SumTo(shapes[i])(gx)
    shape = rules.summed_shape(f, i, gx.shape, shapes[i], wide)
    gx = gx if gx.shape == shape else SumTo(shape)(gx)
    return gx if shape == shapes[i] else np.broadcast_to(gx, shapes[i])


def in_dtype(g, dtype):
    """Return a gradient, of arrays, in a dtype; parts are brought into it where they are added."""
    return g if g is None or type(g) is At or type(g) is list else np.asarray(g, dtype)


def as_gradient(f, i, gx, vouched):
    """Return what a rule gave for input i as a Variable, ordinary and no constant made of numbers."""
    if not isinstance(gx, Variable):
        if isinstance(gx, (np.number, np.bool_)):
            gx = np.asarray(gx)
        check_gradient_type(f, i, gx)
        if not vouched:
            raise guarded.first_order_only(f, f"its backward returned {describe(gx)} in place of a Variable")
        gx = graph.without_graph(gx, graph.DETACHED)
    if isinstance(gx, Guarded):
        gx = guarded.unguarded(gx)
    elif not vouched and is_new_leaf(gx) and gx._get_data().any():
        raise guarded.first_order_only(f, "its backward returned a Variable without graph, made of numbers")
    return gx


def cast(gx, dtype):
    """Return a gradient, a Variable, in this dtype: of a complex one, for a real input, the real part."""
    return gx if gx.dtype == dtype else Cast(dtype)(gx)


def is_new_leaf(v):
    """Did a rule make this of numbers, and not of what it was given?  What it has detached is constant on purpose."""
    return v.reason != graph.DETACHED and graph.is_leaf(v) and (v.node is None or not v.node.constant)


def unshared(g, ys):
    """Return the same gradient, of ys, as a Variable that shares no memory, and no node, with another."""
    v = guarded.guarded_like(tuple(ys))
    v.array = g._get_data().copy()
    v.bind(graph.node_of(g))
    graph.identity(v, v.array)
    return v


class SumTo(Function):
    """y = x, summed to the shape that was broadcast to x's;   ∂y/∂x = 1"""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        return sum_to(x, self.shape)

    def backward(self, gy):
        return np.broadcast_to(gy, self.inputs[0].shape)


class Parts(Function):
    """y = zeros of a shape, with each x_k added at its index;   ∂y/∂x_k = 1 there"""

    def __init__(self, indices, shape):
        self.indices, self.shape = tuple([rules.as_index(index) for index in indices]), shape

    def forward(self, *xs):
        y = np.zeros(self.shape, xs[0].dtype)
        for index, x in zip(self.indices, xs):
            add_at(y, index, x)
        return y

    def backward(self, gy):
        return tuple([gy[index] for index in self.indices])


class Cast(Function):
    """y = x in another dtype, or the real part of it;   ∂y/∂x = 1, which the engine brings into the dtype of x"""

    def __init__(self, dtype):
        self.dtype = dtype

    def forward(self, x):
        return (x if self.dtype.kind == "c" else x.real).astype(self.dtype)

    def backward(self, gy):
        return gy
