"""For whoever looks for a fault: where a number first ceased to be finite, and data that were changed in place.

    >>> with dezero.detect_anomaly():
    ...     y = f(x)
    ...     y.backward()
"""
from . import config
from .engine import higher  # noqa: F401  its Observers ask `watch`
from .engine.watch import watch


class Detector(config.Mode):
    """A mode that costs nothing where no block with one is open."""

    __slots__ = ()

    def __init__(self, name):
        super().__init__(name, True, watch)

    def __reduce__(self):
        return Detector, (next(iter(self.values)),)

    def __repr__(self):
        return f"{next(iter(self.values))}()"


def detect_anomaly():
    """Raise at the first NaN or infinity that an op or a gradient rule gives, for a ``with`` block or as a decorator.

    The error names the op, its package, and the line that called the op, for a gradient as well if the op was called in
    such a block.  Backward runs on the ops' Python methods, and every result and gradient is looked at: for a search, not
    for use.

    Raises
    ------
    GradientError
        (also a FloatingPointError), inside the block, where a result or a gradient is not finite.
    """
    return Detector("detect_anomaly")


def detect_changes():
    """Notice data that are changed in place between forward and backward, for a ``with`` block or as a decorator.

    What ops record in the block gets a fingerprint of each array that a gradient will read, the caller's own ones
    among them, so that writes through views and by other code are seen.  Backward may run outside of the block.

    Raises
    ------
    GraphError
        In backward, before a rule reads what was changed; it names the op, its package, and the line that called it.
    """
    return Detector("detect_changes")
