"""What is going on in the process, and where others look on: the guard of second derivatives, those who look for a fault.

A feature that sees each op or each gradient (hooks of users, a profiler, checkpointing) has its place in `Hooks`.  It is
implemented by a room of the engine, since compiled classes call each other here; there is one at a time, and a second
feature becomes a part of the one that there is, `higher.Observers`.
"""


class Hooks:
    """Called by the tape at these points; these do nothing."""

    def operand(self, x):
        """x is about to be read by a loop.  (While `guarding` or `watchers`.)"""

    def held(self, operands):
        """Return the operands that a Python method is about to read.  (While `guarding`.)"""
        return operands

    def variable(self, node, operands):
        """Return the Variable of a new node.  (While `guarding` or `watchers`.)"""

    def unrecorded(self, x):
        """x was an operand of a call that is not recorded."""

    def result(self, y, cls, operands):
        """y is what an op of this class has made of the operands.  (While `watchers`.)"""

    def before_rule(self, node, gradient):
        """All of a node's gradient has arrived, and those of its parents come next.  (While `rule_watchers`; for leaves too.)

        None in the ordinary walk: `node.gradient()` gives it there, and ends the run of blocks that it is a part of, so it is
        not asked for everybody.  Of a call of several outputs it is a list (in the ordinary walk `node.op._gys`), with None
        for those that nobody used.
        """

    def walk(self, root, gradient, retain, create_graph):
        """Walk back with the gradients in a table; `higher` does it, which is loaded at its first use."""
        from . import higher  # noqa: F401  sets engine.hooks
        return engine.hooks.walk(root, gradient, retain, create_graph)


class Engine:
    """What is going on in this process, in any thread."""

    def __init__(self):
        self.guarding = 0                   # rules that run in a walk with a table
        self.watchers = 0                   # blocks of detect_anomaly and detect_changes that are open
        self.rule_watchers = 0              # who wants `before_rule`: nodes with fingerprints of their data
        self.hooks = Hooks()


engine = Engine()
