"""The NumPy functions that this package answers, and calls of them."""
from dezero import plugins
from dezero.registry import function_name, registry
from dezero.testing.samples import samples_of


def functions():
    """Return {how it is called: (what is registered, the function)}, of all functions that this package answers."""
    plugins.load()
    plugins.open_all()
    ours = [op for op in registry.snapshot.ops if op.dist == "dezero-numpy"]
    keys = [key for op in ours for kind, key in registry.snapshot.holds(op) if kind == "numpy"]
    return {function_name(key).removeprefix("numpy."): (key, getattr(*key) if isinstance(key, tuple) else key) for key in keys}


def samples_of_function(name):
    """Return the samples of the op that answers a function; none of a composite."""
    op = registry.snapshot.functions[FUNCTIONS[name][0]]
    return [] if op.cls is None else samples_of(op.cls)


FUNCTIONS = functions()
