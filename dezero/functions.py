"""Every registered op by its name: ``F.mul(x, y)``, ``F.sum(x, axis=0)``.

    import dezero.functions as F

The names are those of the registry at the time of asking: built-in ops, and
those of installed packages, which are loaded when a name is not found.
"""

from dezero.errors import OpAttributeError as _OpAttributeError
from dezero.registry import library_of as _library_of, registry as _registry


def __getattr__(name):
    if name == "__all__":
        return sorted(_registry.all_names())
    op = _registry.find_name(name)
    if op is not None:
        return op.apply
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dezero._words import near
    names = sorted(_registry.snapshot.names)
    some = ", ".join(names[:20]) + ", ..." * (len(names) > 20)
    raise _OpAttributeError(f"no op {name!r} is registered{near(name, names)}; registered: {some}"
                            f"{_registry.explain(name)}{_registry.advice(_library_of(name))}")


def __dir__():
    return sorted([*globals(), *_registry.all_names()])
