"""Which of the extension modules are there: all of them run, or none.

One that is missing, or that was built with others, would meet structs and methods that are not where it looks for them.
`state` lists the two folders before anything is imported; builds are compared by Cython (`nodes.Build`).
"""
from contextlib import contextmanager
import os
import sys
from importlib import machinery

MODULES = {
    "_kernels": ("elementwise", "nodes"),
    "engine": ("hooks", "graph", "sharing", "rules", "dispatch", "tape", "function", "op", "assign", "variable", "watch", "guarded",
               "higher", "partial", "survey"),
}
HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AGAIN = "install dezero again as a whole: pip install --force-reinstall --no-deps, and the wheel or the folder that it came from"


def state(house):
    """Return the extension modules in a folder `dezero` that this Python can load, those that are missing, and files for others."""
    there, missing, others = [], [], []
    for folder, names in MODULES.items():
        try:
            files = set(os.listdir(os.path.join(house, folder)))
        except OSError:
            files = set()
        for name in names:
            if any(name + suffix in files for suffix in machinery.EXTENSION_SUFFIXES):
                there.append(f"dezero.{folder}.{name}")
            else:
                missing.append(f"dezero.{folder}.{name}")
                others += [file for file in files if file.startswith(name + ".") and file.endswith((".so", ".pyd"))]
    return there, missing, sorted(others)


def why_uncompiled():
    """Return why no extension module is used and what to do, "" where all are; and whether that can be meant, or is an accident."""
    if not os.path.isdir(HOUSE):            # an archive, or a frozen program: nobody mixes what is in it
        from importlib.util import find_spec
        return "" if find_spec("dezero._kernels.elementwise") else "the extension modules are not in this archive", True
    there, missing, others = state(HOUSE)
    if not missing:
        return "", True
    found = f"; found {others[0]}, built for another Python: this one loads {machinery.EXTENSION_SUFFIXES[0]}" if others else ""
    if there:
        use_sources()
        return f"{', '.join(missing)} missing among the extension modules of {HOUSE}{found}; {AGAIN}", False
    hidden = hidden_build()
    if hidden:
        return (f"{HOUSE} is not built, and hides the compiled dezero in {hidden}: run from another folder, or take it off the "
                "path (the command `dezero` and `python -P` do not look into the current folder); DEZERO_KERNELS=numpy says that "
                "it is meant"), os.environ.get("DEZERO_KERNELS") == "numpy"
    if found:
        return f"the extension modules are not built{found}; {AGAIN}", False
    checkout = os.path.dirname(HOUSE)
    if os.path.exists(os.path.join(checkout, "setup.py")):
        return (f"{HOUSE} is not built: install it (pip install {checkout}) and run from another folder, "
                "or build it where it is (python setup.py build_ext --inplace)"), True
    return "the extension modules are not built; install again with a C compiler (DEZERO_REQUIRE_EXT=1 shows what it says)", True


def hidden_build():
    """Return the folder of a compiled dezero that would be imported if this one were not before it on sys.path, or None."""
    for folder in filter(lambda folder: isinstance(folder, str), sys.path):
        house = os.path.join(os.path.abspath(folder), "dezero")
        if house != HOUSE and not state(house)[1]:
            return house
    return None


def use_sources():
    """Have Python import the sources of what was to be compiled."""
    sys.meta_path.insert(0, Sources())


class Sources:
    """A finder that passes over the extension modules."""

    def find_spec(self, name, path=None, target=None):
        """Return the spec of a module's source; elementwise has none."""
        package, _, module = name.rpartition(".")
        if package.startswith("dezero.") and module in MODULES.get(package[7:], ()):
            file = os.path.join(HOUSE, package[7:], module + ".py")
            if not os.path.exists(file):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            from importlib.util import spec_from_file_location      # here: 0.2 ms of import
            return spec_from_file_location(name, file)
        return None


@contextmanager
def explaining(module):
    """Say what to do where an extension module, this one or one that it needs, cannot be imported beside the others."""
    try:
        yield
    except (ImportError, TypeError, ValueError, AttributeError) as error:
        if not state(HOUSE)[0]:
            raise
        at = error.__traceback__            # its last frame is the failing module's own, where that was loaded at all
        while at.tb_next is not None:
            at = at.tb_next
        name = at.tb_frame.f_globals.get("__name__", "")
        if name == __name__:                # it has been said already
            raise
        module = name if name.startswith("dezero.") else module
        raise ImportError(f"{module}: the extension modules in {HOUSE} do not fit each other, or this Python and NumPy "
                          f"({type(error).__name__}: {error}); {AGAIN}", name=module) from error


def check_version(module, version):
    """Refuse extension modules that were built from another version than that of the files beside them."""
    built = getattr(module, "VERSION", "another version")
    if built != version:
        raise ImportError(f"dezero {version} with extension modules of {built} in {HOUSE}; {AGAIN}")
