"""What the compiler makes of the engine: no field or method that only a compiled class has is asked for by Python's way.

A local variable without a type compiles, and fails when it runs: "object has no attribute".  The generated C shows it.
"""
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "dezero"

pytestmark = pytest.mark.skipif(not HOUSE.is_dir(), reason="the sources of the engine are in a checkout only")

# What bears such a name and is Python's: np.array, pop, insert and count of lists, tuples and dicts, size and strides of arrays, functions and answers of
# the registry's snapshot, default and bind of signatures, what `Arguments` has, start and step of slices, name and op of an op's class,
# creator of any Variable, what a `Fact` has, the function site of `guard`, watchers of the modes' defaults.
KNOWN = {
    "function": {"answers", "bind", "by_place", "default", "differing", "functions", "leading", "name", "names", "needed"},
    "op": {"bind", "count", "default", "name", "pop"}, "graph": {"pop"}, "hooks": set(),
    "sharing": {"size"}, "assign": {"array", "count", "strides"},
    "rules": {"array", "insert", "name", "size", "start", "step", "strides"}, "dispatch": {"answers", "name"}, "tape": {"array"},
    "variable": {"array", "creator", "names", "size"},
    "watch": {"site"}, "guarded": set(), "higher": {"array", "pop"}, "partial": {"array", "pop"}, "survey": {"constant", "name", "pop", "value"}, "nodes": {"array", "pop", "watchers"},
}
ACCESS = re.compile(r"__Pyx_PyObject_(?:(?:Get|Set|Del)Attr|Call|Fast)\w*\([^;]*?__pyx_n_u_(\w+?)[),]")


def names_of_compiled_classes():
    """Fields and methods that a declaration makes, and that Python cannot see."""
    hidden, seen = set(), set()
    for path in [*HOUSE.glob("engine/*.pxd"), *HOUSE.glob("_kernels/nodes.p[yx][xd]"), *HOUSE.glob("_kernels/*.pxi")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            line = line.split("#")[0].rstrip()
            if found := re.match(r"    cdef (?:public|readonly) (.*)", line):
                seen |= set(re.findall(r"(\w+)\s*(?:,|$)", found[1]))
            elif found := re.match(r"    (?:cpdef .*?|def )(\w+)\(", line):
                seen.add(found[1])
            elif found := re.match(r"    cdef (?!class|extern|enum)[\w* ]*?\**(\w+)\(self", line):
                hidden.add(found[1])
            elif path.suffix == ".pxd" and (found := re.match(r"    cdef (?:un)?(?:signed )?\w+ \**([\w, \[\]]+)$", line)):
                hidden |= set(re.findall(r"(\w+)(?:\[\w+\])*\s*(?:,|$)", found[1]))
    return hidden - seen


def test_compiled_fields_are_reached_as_fields(tmp_path, monkeypatch):
    build = pytest.importorskip("Cython.Build")
    names = names_of_compiled_classes()
    assert {"_grad", "node", "in0", "queued", "accumulate", "set_shape_from", "plain_rule"} <= names and not {"generation", "shape"} & names
    monkeypatch.chdir(HOUSE.parent)
    sources = ["dezero/_kernels/nodes.pyx", *(f"dezero/engine/{room}.py" for room in KNOWN if room != "nodes")]
    modules = build.cythonize(sources, build_dir=str(tmp_path), force=True, quiet=True, language_level=3,
                              compiler_directives={"binding": False, "nonecheck": True, "auto_pickle": False})
    assert len(modules) == len(KNOWN)
    found = {Path(source).stem: set(ACCESS.findall(Path(source).read_text(encoding="utf-8"))) & names
             for module in modules for source in module.sources}
    assert found == KNOWN
