"""Looking for a fault (`detect`): results and gradients that are not finite, and data that were changed in place."""
from .. import config
from .._kernels.gradients import At
from .._kernels.nodes import ModeFlag, OpBase, VariableBase, keep_all
from ..errors import GraphError
from . import graph, guard, hooks
from .checks import who

for_anomalies = ModeFlag(config.defaults, "detect_anomaly")
for_changes = ModeFlag(config.defaults, "detect_changes")


def watch(more):
    """Note that a block that looks for faults begins (1) or has ended (-1)."""
    hooks.engine.watchers += more
    keep_all(hooks.engine.watchers > 0)


def inspect_result(y, cls, inputs):
    """Look at a result that was computed in a block that looks for faults, or beside one."""
    anomalies, changes = for_anomalies.on(), for_changes.on()
    if not (anomalies or changes):
        return
    node = graph.op_node(graph.node_of(y))
    node = node.in0 if node.op is None and node.in0 is not None else node       # behind a pick, its call
    graph.metadata_of(node).site = guard.site()
    if anomalies and guard.not_finite([y._get_data()]) is not None:
        place = guard.not_finite([v._get_data() for v in inputs if isinstance(v, VariableBase)])
        raise guard.Anomaly(f"{who(cls)}, called at {guard.site()}: the result is not finite" +
                            ("" if place is None else f"; neither was operand {place}"))
    if changes:
        values = zip((node, *graph.parents(node)), read_of(node))
        graph.metadata_of(node).fingerprints = Fingerprints([fingerprint_of(x) if is_read else None for x, is_read in values])


class Fingerprints:
    """Fingerprints of what a node's op has read; while there are any, every walk looks at them."""

    prints = None

    def __init__(self, prints):
        self.prints = prints                # in one step with the next one: __del__ tells by it
        count_watchers(1)

    def __del__(self):
        if self.prints is not None:
            count_watchers(-1)


def count_watchers(more):
    """Note that so many more nodes want to be looked at before their rules run."""
    hooks.engine.rule_watchers += more


def read_of(node):
    """Return which of (output, *inputs) the gradients of a node's op read."""
    if not isinstance(node.op, OpBase):
        return [True] * (1 + len(graph.parents(node)))
    kernel = node.kernel
    read = kernel.reads_for(node.in0, node.in1)
    return [read >> kernel.nin & 1, read & 1, read & 2]


def fingerprint_of(node):
    """Return a fingerprint of the data that a node keeps for rules to read, or None."""
    if node is None or node.is_inline:
        return None
    if node.place > 0 and node.op is not None:
        return [guard.fingerprint(y) for y in node.op._values]
    return None if node.value is None else guard.fingerprint(node.value)


def site_of(node):
    """Say where an op was called, where that was noted."""
    return f", called at {node.metadata.site}" if node.metadata is not None and node.metadata.site else ""


def check_unchanged(node):
    """Refuse to run a rule on data that are not what they were at forward."""
    if node.op is None or node.metadata is None or node.metadata.fingerprints is None:
        return
    f = graph.function_of(node)
    for x, before in zip((node, *graph.parents(node)), node.metadata.fingerprints.prints):
        now = fingerprint_of(x)             # None: it is computed again, from what nobody can write to
        if before is not None and now is not None and before != now:
            raise GraphError(f"{who(type(f))}{site_of(node)}: an array of shape {x.shape} that its gradient reads was changed in "
                             "place between forward and backward; write to a copy, or bind new data: x.data = x.data + step")


def check_finite(node, f, gys, gxs):
    """Refuse gradients of a rule that are not finite."""
    if for_anomalies.on() and first_not_finite(gxs) is not None:
        raise guard.Anomaly(f"{who(type(f))}{site_of(node)}: a gradient of its inputs is not finite{came_in(gys)}")


def came_in(gys):
    """Say so, where what a rule got was not finite already."""
    return "" if first_not_finite(gys) is None else "; neither was the gradient it got"


def first_not_finite(gradients):
    """Return the place of the first gradient that is not finite, or None."""
    gradients = [part for g in gradients if g is not None for part in (g if type(g) is list else [g])]
    gradients = [g.g if type(g) is At else g for g in gradients]
    return guard.not_finite([g._get_data() if isinstance(g, VariableBase) else g for g in gradients])
