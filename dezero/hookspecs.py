"""The contract for plugins: the hook a plugin may implement, and its version."""

import pluggy

hookspec = pluggy.HookspecMarker("dezero")
hookimpl = pluggy.HookimplMarker("dezero")

API = (1, 0)
"""(major, minor) of this contract; a plugin states the one it needs as ``DEZERO_API``."""


@hookspec
def dezero_register_ops(register):
    """Offer ops to dezero: called once for each plugin, when it is loaded.

    Call ``register(op)`` for every op to add: what `rule` made, or a `Function`
    subclass, whose body states ``name`` (``F.name``; ``F.linalg.solve`` where it
    is dotted), ``operators``, ``numpy``, ``kernel``, ``order``, ``method``
    (True: under the name of the op; another name; a function ``(x, *args)`` for
    other forms; None) and ``attribute`` ("T": ``x.T`` is the op of x).

    Call ``register.function(f, numpy=(np.vstack,))`` for a composite, a Python
    function made of other ops; ``register.constant(np.f)`` for a NumPy function
    that is locally constant and is to be answered on the data; and
    ``register.lazy(module, table)`` for the ops of a module that has a hook of
    its own and is imported at the first use of one of them.

    What can be claimed of NumPy: ufuncs, ``(ufunc, "reduce")``, functions that
    NumPy dispatches, and dotted texts, ``"scipy.special.erf"``, which import
    nothing and are settled when somebody else has imported the module.

    The hook lives in a ``.py`` module (pluggy does not see compiled functions)
    and returns nothing. A plugin is taken whole or not at all: an error in the
    hook, or one refused op, leaves the registry as it was.
    """
