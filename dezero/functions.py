"""Every registered op by its name: ``F.mul(x, y)``, ``F.sum(x, axis=0)``, ``F.linalg.solve(a, b)``.

    import dezero.functions as F

The names are those of the registry at the time of asking: built-in ops, and
those of installed packages, which are loaded when a name is not found.
"""

from dezero.errors import OpAttributeError as _OpAttributeError
from dezero.registry import library_of as _library_of, registry as _registry


def __getattr__(name):
    if name == "__all__":
        return _below("", _registry.all_names())
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _member(name)


def __dir__():
    return sorted([*globals(), *_below("", _registry.all_names())])


def _member(path):
    """The op of this name, or the namespace."""
    op = _registry.find_name(path)
    if op is not None:
        return op.apply
    if path in _registry.snapshot.namespaces:
        return _Namespace(path)
    from dezero._words import near
    space, dot, _ = path.rpartition(".")
    names = [space + dot + name for name in _below(space + dot, _registry.snapshot.names)]
    some = ", ".join(names[:20]) + ", ..." * (len(names) > 20)
    raise _OpAttributeError(f"no op {path!r} is registered{near(path, names)}; registered: {some or 'none'}"
                            f"{_registry.explain(path)}{_registry.advice(_library_of(path))}")


def _below(space, names):
    """What of these names comes next after ``F.`` and a namespace, which ends with a dot."""
    return sorted({name[len(space):].partition(".")[0] for name in names if name.startswith(space)})


class _Namespace:
    """The ops whose names begin so: ``F.linalg.solve``."""

    def __init__(self, path):
        self.__name__ = path

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(f"the namespace F.{self.__name__} has no attribute {name!r}")
        return _member(f"{self.__name__}.{name}")

    def __dir__(self):
        return _below(f"{self.__name__}.", _registry.all_names())

    def __reduce__(self):
        return _Namespace, (self.__name__,)

    def __repr__(self):
        return f"<ops F.{self.__name__}.*>"
