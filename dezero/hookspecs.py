"""The contract for plugins: the hook a plugin may implement, and its version."""

import pluggy

hookspec = pluggy.HookspecMarker("dezero")
hookimpl = pluggy.HookimplMarker("dezero")

API = (1, 0)
"""(major, minor) of this contract; a plugin states the one it needs as ``DEZERO_API``."""


@hookspec
def dezero_register_ops(register):
    """Offer ops to dezero: called once for each plugin, when it is loaded.

    Call ``register(Cls)`` for every `Function` subclass to add. Its class body
    states ``name`` (also the method and ``F.name``), ``operators``, ``numpy``,
    ``kernel`` and ``order``. Call ``register.constant(np.f)`` for a NumPy
    function that is locally constant and is to be answered on the data.

    The hook lives in a ``.py`` module (pluggy does not see compiled functions)
    and returns nothing. A plugin is taken whole or not at all: an error in the
    hook, or one refused op, leaves the registry as it was.
    """
