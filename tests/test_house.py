"""The house: an import points only down, built-in ops import what a stranger may, and every op has its test and its derivative."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dezero
from dezero import plugins
from dezero.__main__ import main
from dezero.ops.claims import CLAIMS
from dezero.registry import registry

TESTS = Path(__file__).parent
HOUSE = TESTS.parent / "dezero"

pytestmark = pytest.mark.skipif(not HOUSE.is_dir(), reason="the house stands in a checkout only")

FLOORS = {
    "errors": 0, "_version": 0, "_signatures": 0, "hookspecs": 0, "_kernels": 0.1, "config": 0.2,
    "registry": 1, "_words": 1, "_progress": 1,
    "engine": 3,
    "ops": 4, "_offers": 4, "_discovery": 4,
    "plugins": 5,
    "__init__": 6, "core": 6, "core_simple": 6, "functions": 6, "transforms": 6, "drawing": 6, "detect": 6, "memory": 6, "numpy": 6, "testing": 6, "commands": 6,
    "_pyinstaller": 6,
    "__main__": 6,
}
ENGINE = ["__init__", "checks", "guard", "hooks", "graph", "sharing", "rules", "arguments", "dispatch", "tape", "trace", "function", "op", "assign",
          "variable", "watch", "guarded", "higher", "partial", "survey"]
"""The rooms of the wing, from the ground up."""
AT_FIRST_USE = {("engine/hooks.py", "higher")}
"""A room of second order registers itself with the engine when it is first needed."""

PUBLIC = set(
    "Variable Function Kernel Op rule Saved At hookimpl Config using_config no_grad as_array as_variable Add Mul Neg Sub Div Pow Square "
    "add mul neg sub rsub div rdiv pow square errors plugins functions".split())


def room(path):
    """The room of a source file: its first name below dezero/."""
    first = path.relative_to(HOUSE).parts[0]
    return first.split(".")[0]


def sources(*suffixes):
    files = sorted(p for p in HOUSE.rglob("*") if p.suffix in suffixes)
    assert files, f"no sources in {HOUSE}"
    return files


def dotted(path, node):
    """The absolute modules that an import statement of `path` names, one for each imported name."""
    if isinstance(node, ast.Import):
        return [(alias.name, None) for alias in node.names]
    base = node.module or ""
    if node.level:
        package = ["dezero", *path.relative_to(HOUSE).parts[:-1]]
        package = package[:len(package) - node.level + 1]
        base = ".".join([*package, *([base] if base else [])])
    return [(base, alias.name) for alias in node.names]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for module, name in dotted(path, node):
                if module.split(".")[0] == "dezero":
                    yield node.lineno, module, name


def cimports(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = re.match(r"\s*(?:from\s+(dezero[\w.]*)\s+c?import\s+(\w+)|c?import\s+(dezero[\w.]*))", line)
        if found:
            yield number, found[1] or found[3], found[2]


def target(module, name):
    """The room that an import reaches: `from dezero import errors` reaches errors, `from dezero import add` the top."""
    parts = module.split(".")
    if len(parts) > 1:
        return parts[1]
    return name if name in FLOORS and name != "__init__" else "__init__"


def rooms_above(path, found):
    here = room(path)
    for line, module, name in found:
        there = target(module, name)
        if there in (here, "errors"):  # errors is the ground that floor 0 stands on
            continue
        assert {here, there} <= set(FLOORS), f"{path.name}:{line} imports {module}: one of them has no floor"
        if FLOORS[there] >= FLOORS[here] and not (FLOORS[here] == FLOORS[there] == 6):
            yield f"{path.relative_to(HOUSE)}:{line} (floor {FLOORS[here]}) imports {there} (floor {FLOORS[there]})"


def test_every_room_has_a_floor():
    unknown = {room(p) for p in sources(".py", ".pyx", ".pxd")} - set(FLOORS)
    assert not unknown


def test_an_import_points_only_down():
    wrong = []
    for path in sources(".py"):
        if room(path) != "ops":
            wrong += rooms_above(path, imports(path))
    for path in sources(".pyx", ".pxd"):
        wrong += rooms_above(path, cimports(path))
    assert not wrong


def wing_imports(path):
    """[(line, room of the engine that is imported)] of a source file of the engine."""
    if path.suffix == ".pxd":
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.match(r"from \.(\w+) cimport|from \. cimport (.*)", line)
            for name in re.split(r",\s*", found[1] or found[2]) if found else ():
                yield number, name
    else:
        for number, module, name in imports(path):
            if module == "dezero.engine":
                yield number, name
            elif module.startswith("dezero.engine."):
                yield number, module.split(".")[2]


def test_in_the_engine_too_an_import_points_only_down():
    seen, wrong = set(), []
    for path in sorted((HOUSE / "engine").iterdir()):
        if path.suffix in (".py", ".pxd"):
            here = path.relative_to(HOUSE).as_posix()
            for line, there in wing_imports(path):
                seen.add(there)
                if ENGINE.index(there) >= ENGINE.index(path.stem) and (here, there) not in AT_FIRST_USE:
                    wrong.append(f"{here}:{line} imports {there}")
    assert not wrong
    assert {"graph", "tape", "guarded"} <= seen <= set(ENGINE)
    assert {p.stem for p in (HOUSE / "engine").glob("*.py")} == set(ENGINE)


def test_tests_mirror_the_rooms():
    rooms = {p.stem for p in (TESTS / "engine").glob("test_*.py")}
    assert rooms == {f"test_{room}" for room in set(ENGINE) - {"__init__"}}
    chapters = {p.stem for p in (HOUSE / "_kernels").glob("*.pxi")} - {"memory", "spares"} | {"pool", "floating", "extensions"}
    assert {p.stem for p in (TESTS / "kernels").glob("test_*.py")} == {f"test_{chapter}" for chapter in chapters}
    apart = {"_discovery", "_offers", "_words", "_progress", "_version", "_signatures", "hookspecs", "core", "core_simple", "functions", "__main__"}
    tested = {p.stem.removeprefix("test_") for p in TESTS.glob("test_*.py")}
    assert {p.stem for p in HOUSE.glob("*.py")} - apart - {"__init__"} <= tested | {"__init__"}


def test_the_story_is_short():
    text = (HOUSE / "engine" / "tape.py").read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    assert len(text.splitlines()) <= 320
    assert functions["walk"].end_lineno - functions["walk"].lineno + 1 <= 45


def test_the_build_is_short():
    text = (TESTS.parent / "setup.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 75 and "import re" not in text


def test_second_order_is_loaded_at_first_use():
    program = ("import sys, numpy as np, dezero; x = dezero.Variable(np.array(2.0)); (x * x).backward()\n"
               "late = {f'dezero.engine.{room}' for room in ('trace', 'watch', 'guarded', 'higher', 'partial', 'survey')} & {*sys.modules}\n"
               "assert not late, late\n"
               "(x * x).backward(create_graph=True); assert 'dezero.engine.higher' in sys.modules")
    subprocess.run([sys.executable, "-P", "-c", program], check=True)


def test_built_in_ops_import_what_a_stranger_may():
    wrong = []
    for path in sorted((HOUSE / "ops").glob("*.py")):
        for line, module, name in imports(path):
            public = (module, name) == ("dezero", "_kernels") or module.startswith("dezero._kernels") \
                or (module == "dezero" and name in PUBLIC) or module in ("dezero.errors", "dezero.functions") \
                or (module, name) == ("dezero", None) or module.startswith("dezero.ops.")       # a stranger's own modules, too
            if not public:
                wrong.append(f"ops/{path.name}:{line} imports {module}{'.' + name if name else ''}")
    assert not wrong


def built_ins():
    plugins.open_all()
    return sorted(name for name, op in registry.snapshot.names.items() if op.cls is not None and op.cls.__module__.startswith("dezero.ops."))


def test_the_built_ins_are_all_there():
    assert set(built_ins()) == set(
        "add sub mul div pow neg square sum broadcast_to getitem scatter assign reshape flatten transpose conj pack".split())


@pytest.mark.parametrize("name", built_ins())
def test_every_op_has_its_module_and_its_test(name):
    assert registry.snapshot.names[name].cls.__module__ == f"dezero.ops.{name}"
    assert (HOUSE / "ops" / f"{name}.py").is_file(), f"dezero/ops/{name}.py is missing"
    assert (TESTS / "ops" / f"test_{name}.py").is_file(), f"tests/ops/test_{name}.py is missing"


@pytest.mark.parametrize("name", built_ins())
def test_every_op_says_its_derivative(name):
    doc = registry.snapshot.names[name].cls.__doc__
    assert doc and "∂" in doc, f"the docstring of {name} lacks its derivative (∂)"


def test_every_module_of_ops_registers_an_op():
    modules = {p.stem for p in (HOUSE / "ops").glob("*.py")} - {"__init__", "claims", "constants", "put"}       # composites alone
    assert modules == set(built_ins())


def test_built_ins_come_in_by_the_same_door():
    modules = [*plugins.BUILTIN, *CLAIMS]
    others = ("dezero.ops", "dezero.ops.constants", "dezero.ops.put")
    assert sorted(name.rsplit(".", 1)[-1] for name in modules if name not in others) == built_ins()
    for dotted_name in modules:
        module = __import__(dotted_name, fromlist=["dezero_register_ops"])
        assert callable(module.dezero_register_ops)


def test_the_table_of_lazy_built_ins_is_as_it_would_be_written():
    assert main(["claims", *CLAIMS, "-o", str(HOUSE / "ops" / "claims.py"), "--check"]) == 0


def test_few_programs_need_the_lazy_built_ins():
    program = ("import sys, numpy as np, dezero; x = dezero.Variable(np.ones(3)); (x[0] * x.sum() + x ** 2).sum().backward()\n"
               f"early = {{*{list(CLAIMS)}}} & {{*sys.modules}}\n"
               "assert not early, early\n"
               "assert x.T.shape == (3,) and 'dezero.ops.transpose' in sys.modules")
    subprocess.run([sys.executable, "-P", "-c", program], check=True)


def test_every_public_name_is_documented():
    for name in PUBLIC:
        value = getattr(dezero, name)
        assert getattr(value, "__doc__", None), f"dezero.{name} has no docstring"


def test_every_module_says_what_it_is():
    missing = [str(p.relative_to(HOUSE)) for p in sources(".py") if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert not missing


def test_no_source_names_this_machine():
    wrong = [str(p.relative_to(HOUSE)) for p in sources(".py", ".pyx", ".pxd", ".pxi", ".h")
             if re.search(r"/(?:home|work|tmp|root|Users)/", p.read_text(encoding="utf-8"))]
    assert not wrong


def test_nothing_generated_lies_beside_a_source_in_the_list_of_files():
    """The built `.c` and `.so` are ignored by version control."""
    ignore = TESTS.parent / ".gitignore"
    if ignore.exists():
        text = ignore.read_text(encoding="utf-8")
        assert "*.so" in text and "*.c" in text


def test_every_source_goes_into_the_sdist():
    manifest = TESTS.parent / "MANIFEST.in"
    if not manifest.exists():
        pytest.skip("MANIFEST.in is in a checkout only")
    taken = set(re.search(r"^recursive-include dezero (.*)$", manifest.read_text(encoding="utf-8"), re.MULTILINE)[1].split())
    left_out = {path.name for path in HOUSE.rglob("*") if path.is_file() and not {path.name, f"*{path.suffix}"} & taken}
    assert {Path(name).suffix for name in left_out} <= {".c", ".so", ".pyd", ".pyc"}, left_out
