"""Every registered op by its name: ``F.mul(x, y)``, ``F.sum(x, axis=0)``.

    import dezero.functions as F

The names are those of the registry at the time of asking: built-in ops, and
those of installed packages, which are loaded when a name is not found.
"""

from dezero.errors import OpAttributeError as _OpAttributeError
from dezero.registry import registry as _registry


def __getattr__(name):
    if name == "__all__":
        return sorted(_registry.snapshot.names)
    op = _registry.find_name(name)
    if op is not None:
        return op.apply
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dezero._words import near
    names = sorted(_registry.snapshot.names)
    raise _OpAttributeError(f"no op {name!r} is registered{near(name, names)}; "
                            f"registered: {', '.join(names)}{_registry.explain(name)}")


def __dir__():
    return sorted([*globals(), *_registry.snapshot.names])
