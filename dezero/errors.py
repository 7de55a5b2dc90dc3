"""Every error dezero raises on purpose; `DezeroError` is the root of all.

Each error also derives from the built-in that Python code would expect at
that place, so ``except TypeError`` or ``hasattr`` work without knowing dezero.
A message says who (op, package), what came, what was wanted, and what to do.
"""


class DezeroError(Exception):
    """Root of all errors of dezero."""


class GraphError(DezeroError, RuntimeError):
    """The graph does not allow this: nothing recorded, data dropped, a call used twice."""


class GradientError(DezeroError, ValueError):
    """A gradient has the wrong count, shape or type, or would be wrong."""


class FirstOrderOnly(GradientError):
    """A rule that is right for first derivatives only was asked for a second one."""


class DTypeError(DezeroError, TypeError):
    """Data of a dtype or array class that dezero does not differentiate."""


class OpNotFound(DezeroError):
    """No registered op answers; the message also names the plugins that failed to load."""


class OpAttributeError(OpNotFound, AttributeError):
    """No op of this name: ``F.name`` or ``x.name``."""


class OpTypeError(OpNotFound, TypeError):
    """No op claims this operator or NumPy function."""


class PluginError(DezeroError, RuntimeError):
    """A plugin cannot be registered, found or taken off."""


class OpConflict(PluginError):
    """A name, operator or NumPy function is claimed by two ops; the message names both."""


class GraphCutWarning(UserWarning):
    """A number, or a derivative, was taken out of the graph of a Variable that wants a gradient: what is computed from it has none."""


class PluginWarning(UserWarning):
    """An installed plugin was not loaded; everything else was."""
