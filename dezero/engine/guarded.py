"""What a rule reads while its derivatives are recorded: values whose numbers are not to be had.

Under ``create_graph=True`` rules run on Variables, so that what they compute can be differentiated again.  A rule that
takes a number out of one would go on with a constant, and the second derivative would be wrong without a word.
"""
import numpy as np

from .._kernels import nodes
from ..errors import FirstOrderOnly, GraphError
from . import graph, guard, rules
from .checks import who
from .variable import Variable


class Guarded(Variable):
    """A Variable on a value of the graph, for a rule to read: it refuses to give its number.

    What is computed from it while the rule runs is guarded as well.
    """

    __slots__ = ("rule", "is_traced", "lost")

    def _get_data(self):
        hold(self)
        if self.lost and not self.is_traced:
            refuse_lost()
        return Variable._get_data(self)

    @property
    def data(self):
        raise cut_by_rule(self, ".data")

    @property
    def creator(self):
        raise cut_by_rule(self, ".creator")

    def __copy__(self):
        raise cut_by_rule(self, "a copy")

    def refuse_cut(self, what):
        raise cut_by_rule(self, f"{what}()")

    def unchain(self):
        raise cut_by_rule(self, ".unchain()")

    def unchain_backward(self):
        raise cut_by_rule(self, ".unchain_backward()")

    def backward(self, retain_grad=False, create_graph=False, *, gradient=None):
        raise cut_by_rule(self, ".backward()")


# ---- making them -----------------------------------------------------------------------------------------------------

def on_node(node):
    """Return a Variable on a node's value at forward, beside the caller's own."""
    v = Variable.__new__(Variable)
    v.node = node
    v.array = None if node.is_inline else node.value
    return v


def guarded(node, f, traced=False):
    """Return a guarded Variable on a node's value, for the rule of f to read.

    `traced`: a trace of this rule tells what each gradient reads, so the numbers that stand in for a lost value may be compared: a
    mask made of them goes into gradients that nobody wants, as a > 0 does in the gradient of a constant a.
    """
    v = Guarded.__new__(Guarded)
    v.node = node
    v.array = None if node.is_inline else node.value
    v.rule, v.is_traced, v.lost = f, traced, False
    return v


def guarded_gradient(gy, f, traced):
    """Return a gradient, guarded, for the rule of f to read."""
    v = guarded(graph.node_of(gy), f, traced)
    v.array = gy.array
    return v


def guarded_like(operands):
    """Return a new Variable, guarded where one of the operands is, and lost where one is."""
    y = None
    for x in operands:
        if isinstance(x, Guarded):
            y = joined(x, y)
    return Variable.__new__(Variable) if y is None else y


def joined(x, y):
    """Return y, or a new one like x, lost where either is."""
    if y is None:
        y = Guarded.__new__(Guarded)
        y.rule, y.is_traced, y.lost = x.rule, x.is_traced, False
    y.is_traced = y.is_traced and x.is_traced
    y.lost = y.lost or x.lost
    return y


def variable_for(node, operands):
    """Return the Variable of a new node, guarded where one of the operands is."""
    v = guarded_like(operands)
    v.array = None if node.is_inline else node.value
    v.bind(node)
    v.track()
    return v


def unguarded(v):
    """Return an ordinary Variable on the same node, of what a rule has given."""
    if v.lost:
        refuse_lost()
    y = on_node(v.node)
    y.array = v.array
    return y


# ---- what was dropped ------------------------------------------------------------------------------------------------

def hold(v):
    """Hold what was dropped.  What cannot be computed again is lost: ones take its place, and no gradient is made of them.

    The rule of x * 3.0 has gy * x as well, the gradient of a constant.
    """
    if v.array is None and not v.node.is_inline:
        v.lost = v.node.is_dropped() and nodes.is_lost(v.node)
        if v.lost:
            v.node = graph.new_node(np.ones(v.node.shape, v.node.dtype))
        elif v.node.is_dropped():
            nodes.rematerialize(v.node)
        v.array = v.node.as_array()


def held(operands):
    """Return the operands that a Python method is about to read, with ones for each that is lost."""
    return tuple([number_of(x) if isinstance(x, Guarded) else x for x in operands])


def number_of(v):
    """Return a guarded Variable that has its number or, where that is lost, the ones that take its place."""
    hold(v)
    return Variable._get_data(v) if v.lost else v


def is_lost(v):
    """Is there no number behind a guarded Variable?"""
    return v.lost


def refuse_lost():
    raise GraphError("the data of an intermediate result were dropped, and cannot be computed again")


# ---- refusals --------------------------------------------------------------------------------------------------------

def cut_by_rule(v, what):
    """Return the error of a rule that takes a number."""
    return first_order_only(v.rule, f"its rule takes {what} of an input, an output or a gradient, or of what it computed from them")


def first_order_only(f, why):
    """Return the error of a rule whose second derivative would be wrong."""
    given = "self.inputs, self.outputs and gy" if f._rule is None else "what it is given"
    return FirstOrderOnly(f"{who(type(f))}: {why}, so its second derivative (create_graph=True) would be wrong without a word. "
                          f"Write the rule with operators and NumPy's functions on {given}; where a number is constant on "
                          "purpose, say so by x.detach(), or by order = None for the whole rule; or declare order = 1")


def refuse_first_order(f, looked_at):
    """Refuse a rule that says, or shows before it runs, that it is right for first derivatives only.

    `looked_at` has the ops that were found without numbers beside the instance: once in a walk will do.
    """
    if type(f).__dict__.get("order") == 1:
        raise FirstOrderOnly(f"{who(type(f))} gives first derivatives only (order = 1): it was asked for more by create_graph=True "
                             "or a transform; use x.detach() where its gradient is meant to be constant")
    if f._rule is None and rules.may_hold_numbers(f):
        path = guard.left_by_forward(f, f._before)
        if path is not None:
            raise first_order_only(f, f"forward left a number on the instance ({path}), which its rule would take for a constant")
    environment = None if type(f) in looked_at else environment_of(f)
    looked_at.add(type(f))
    path = None if environment is None else environment.news()
    if path is not None:
        raise first_order_only(f, f"a number was left beside the instance ({path}), which its rule would take for a constant")


def environment_of(f):
    """Return what was noted around the op of a call; None where only loops ran, or NumPy's functions."""
    return type(f).__dict__.get("_environment") if f._rule is None else f._rule.environment
