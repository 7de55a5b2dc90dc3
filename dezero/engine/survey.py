"""What a graph looks like: facts about Variables and all that they were computed from, for `drawing`.

Nothing is changed by looking: no node is made, no value is computed again, and no array counts as given out.
"""
from heapq import heappop, heappush

from .._kernels import nodes
from .._kernels.nodes import OpBase, VariableBase
from . import graph

KINDS = ("leaf", "leaf", "free", "free", "leaf", "constant", "stale", "stale", "stale")     # by Variable.reason


class Fact:
    """One node: its kind is leaf, free, constant, op, identity (data bound anew), output (of a call of several) or call; of a Variable
    that can't be used any more, stale.

    Attributes
    ----------
    parents : list
        Places in the list of Facts; None for an operand that is no node; -1 for a node that was left out.
    operand : float or None
        The number that stands for the parent that is None; None where that is an array which the graph does not hold.
    value : str
        "kept" by the graph, "held" by a Variable alone, computed "again" by backward, "dropped", or "none" of a call.
    number : number or None
        The value, where it is there and has no dimension.
    op, parameters : type or Op's class, dict
    output : int
        Which of the outputs of a call; of the call, how many.
    """

    name = shape = dtype = number = grad = op = operand = None
    value, parameters, output, constant, living = "none", {}, -1, False, False

    def __init__(self, kind, parents):
        self.kind, self.parents = kind, parents


def survey(variables, most):
    """Return a list of Facts, each after its parents, and the places of some Variables in it.

    Of graphs that have more than `most` nodes, these are left out that the walk back comes to last.
    """
    found, places = {}, {}
    facts = []
    for node in ordered([v.node for v in variables if v.node is not None], most):
        found[node] = len(facts)
        facts.append(fact_of(node, found))
    for v in variables:
        if v.node is None:
            facts.append(fact_of_unused(v))
            places[id(v)] = len(facts) - 1
        else:
            places[id(v)] = found[v.node]
    return facts, [places[id(v)] for v in variables]


def ordered(roots, most):
    """Return the nodes behind some roots, at most so many and the leaves that these take, each after its parents."""
    chosen = choose(roots, most)
    done, order = set(), []
    todo = list(reversed(roots))
    while todo:
        node = todo[-1]
        missing = [] if node in done else [x for x in graph.parents(node) if x is not None and x in chosen and x not in done]
        if missing:
            todo += reversed(missing)
            continue
        todo.pop()
        if node not in done:
            done.add(node)
            order.append(node)
    return order


def choose(roots, most):
    """Return the set of the nodes that a walk back comes to first."""
    chosen = set(roots)
    heap = []
    for node in chosen:
        heappush(heap, (-node.generation, len(heap), node))
    count = len(heap)
    while heap:
        node = heappop(heap)[2]
        for x in graph.parents(node):
            if x is None or x in chosen or (len(chosen) >= most and not x.is_leaf()):
                continue
            chosen.add(x)
            count += 1
            heappush(heap, (-x.generation, count, x))
    return chosen


def fact_of(node, found):
    """Return the Fact of a node, whose parents were found."""
    v = graph.living_variable(node)
    fact = Fact(kind_of(node, v), [None if x is None else found.get(x, -1) for x in graph.parents(node)])
    fact.output, fact.constant, fact.living = node.place, node.constant, v is not None
    fact.name = v._name if v is not None else None if node.metadata is None else node.metadata.name
    fact.grad = None if v is None else gradient_of(v)
    if isinstance(node.op, OpBase):
        fact.op, fact.parameters = node.op.cls, node.op.parameters or {}
        fact.parents = fact.parents[:node.op.kernel.nin]
        if None in fact.parents and not nodes.has_lost_operand(node):
            fact.operand = node.operand.item()
    elif node.op is not None:
        fact.op = type(node.op)
        fact.parameters = node.op.__dict__ if node.op._rule is None else node.op._parameters
    if fact.kind == "call":
        return fact
    fact.shape, fact.dtype = node.shape, node.dtype
    array = node.as_array() if node.is_inline else node.value
    fact.value = "kept" if array is not None else "again" if node.is_fixed() else "dropped"
    if array is None and v is not None and v.array is not None:
        array, fact.value = v.array, "held"
    fact.number = number_in(array)
    return fact


def kind_of(node, v):
    """Say what kind a node is of, whose living Variable is v."""
    if node.op is not None:
        return "call" if node.place >= 0 else "op"
    if node.in0 is not None:
        return "output" if node.place >= 0 else "identity"
    if node.constant or v is None:
        return "constant" if node.constant else "leaf"
    return KINDS[v.reason if v.reason < graph.OUTDATED else v.alias.kept_reason]


def fact_of_unused(v):
    """Return the Fact of a Variable that has no node yet."""
    fact = Fact(KINDS[v.reason], [])
    fact.name, fact.grad, fact.living = v._name, gradient_of(v), True
    if v.array is not None:
        fact.shape, fact.dtype, fact.value, fact.number = v.array.shape, v.array.dtype, "held", number_in(v.array)
    return fact


def gradient_of(v):
    """Return the array of `v.grad`, or None."""
    if v._grad is None or not isinstance(v._grad, VariableBase):
        return v._grad
    g = v._grad
    if g.array is not None or g.node is None:
        return g.array
    return g.node.as_array() if g.node.is_inline else g.node.value


def number_in(array):
    """Return the number in an array that has no dimension, else None."""
    return None if array is None or array.shape != () else array.item()
