"""Gradients by chosen nodes, for transforms: nothing is read from `.grad` or written to it."""
import numpy as np

from .._kernels import nodes
from .._kernels.floating import report
from . import graph, guarded, higher, hooks, tape
from .checks import check_array
from .variable import Variable


def argument(data):
    """Return a new Variable for a function under a transform, on a float, an array, or a Variable, whose node is its parent."""
    if not isinstance(data, Variable):
        return graph.without_graph(np.array(data) if isinstance(data, float) else check_array(data), graph.TRACED)
    v = guarded.guarded_like((data,))
    Variable.__init__(v, data._get_data())
    v.reason = graph.TRACED
    v.bind(graph.node_of(data))
    graph.identity(v, v.array)
    return v


def depends_on_others(ys, arguments):
    """Were ys computed from Variables beside these arguments?"""
    return leads_elsewhere([graph.node_of(y) for y in ys], [graph.node_of(x) for x in arguments])


def gradients(ys, gys, wanted, create_graph=False, linear=False, tell=None):
    """Return the gradients of Σ y·gy by some Variables.

    Parameters
    ----------
    ys : list of Variable
    gys : list
        For each y an array or a Variable of its shape, or None for ones.
    wanted : list of Variable
        What to differentiate by: leaves, or `argument`s.
    create_graph : bool
        Give Variables that can be differentiated again.
    linear : bool
        By the gys only: what ys were computed from counts as constant, and less is recorded.
    tell : callable, optional
        Called, without arguments, where ys were computed from the wanted and from other Variables too.

    Returns
    -------
    list of numpy.ndarray, Variable or None
        None where no y depends on it.
    """
    outer = nodes.begin_pass()
    try:
        found = walk_to(ys, gys, wanted, create_graph, linear, tell)
    finally:
        raised = nodes.end_pass(outer)
    if raised:
        report("backward", raised)
    return found


def walk_to(ys, gys, wanted, create_graph, linear, tell):
    """Take the ordinary walk, where there is one y, only leaves are wanted and no other walk is under way; else the recorded one.

    The ordinary one gives and takes gradients of complex data as callers have them, and transforms have them transposed.
    """
    engine = hooks.engine
    if not (create_graph or nodes.walk_is_under_way() or engine.watchers or len(ys) != 1) and all([graph.is_leaf(x) for x in wanted]):
        root = graph.node_of(ys[0])
        if is_real(root) and all([is_real(leaf_of(x)) for x in wanted]):
            arrived = tape.walk_back(root, gys[0], False, False)
            found = arrivals(arrived, wanted)
            if tell is not None and 0 < len([g for g in found if g is not None]) < len(arrived):
                tell()
            return found
    if tell is not None and depends_on_others(ys, wanted):
        tell()
    targets = [graph.node_of(x) for x in wanted]
    found = higher.recorded_walk([graph.node_of(y) for y in ys], gys, False, create_graph, linear, targets).at_targets
    gxs = [found.get(graph.node_of(x)) for x in wanted]
    return [g if g is None else higher.unshared(g, ys) if create_graph else np.array(g) for g in gxs]


def leaf_of(v):
    """Return the node of a leaf; of one that can't be used any more (`sharing`), that which it had, or None."""
    return v.alias.kept_node if v.reason >= graph.OUTDATED else graph.node_of(v)


def is_real(node):
    """Is it no complex value?"""
    return node is None or node.dtype_code >= 0 or node.dtype.kind != "c"


def arrivals(arrived, wanted):
    """Return what a walk has brought to each of the wanted."""
    if len(wanted) == 1:
        for v, g, adds in arrived:
            if v is wanted[0]:
                return [g]
        return [None]
    by_variable = {id(v): g for v, g, adds in arrived}
    return [by_variable.get(id(v)) for v in wanted]


def leads_elsewhere(roots, targets):
    """Does a way back from the roots end at a leaf that is no target, and whose Variable is alive?"""
    seen = set(targets)
    todo = list(roots)
    while todo:
        node = todo.pop()
        if node in seen or node.constant:
            continue
        seen.add(node)
        if node.op is None and node.in0 is None and graph.living_variable(node) is not None:
            return True
        todo += [x for x in graph.parents(node) if x is not None]
    return False
