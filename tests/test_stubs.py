"""What type checkers and editors see: the stubs that dezero comes with, and those that `dezero stubs` writes."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sites import Site, op_module

import dezero
from dezero import Function, _kernels, hookimpl, plugins, rule
from dezero.commands import stubs
from dezero.registry import HOST, registry

HOUSE = Path(dezero.__file__).parent
TOP = Path(__file__).parents[1]
BUILT_IN = [op for op in registry.snapshot.names.values() if op.dist == HOST]
OPEN = {"engine/variable.pyi": "    def __getattr__(self, name: str, /) -> Any: ...\n", "functions.pyi": "def __getattr__(name: str) -> Any: ...\n"}

with_mypy = pytest.mark.skipif(importlib.util.find_spec("mypy") is None or _kernels.IN_USE != "compiled",
                               reason="takes mypy, and the compiled form")


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


# -- the text


@pytest.mark.parametrize("path", OPEN)
def test_the_stubs_of_dezero_are_those_of_its_ops_and_let_others_pass(path):
    assert (HOUSE / path).read_text(encoding="utf-8") == stubs.files(BUILT_IN)[path] + OPEN[path]


def test_every_compiled_module_has_stubs():
    setup = TOP / "setup.py"
    if not setup.exists():
        pytest.skip("setup.py is in a checkout only")
    text = setup.read_text(encoding="utf-8")
    rooms = eval(re.search(r"^ROOMS = (.*)$", text, re.MULTILINE)[1])
    modules = re.findall(r'"dezero\.(\w[\w.]+\w)"', re.search(r"^COMPILED = (.*)$", text, re.MULTILINE)[1])
    assert len(rooms) > 8 and len(modules) > 1
    for module in (*modules, *(f"engine.{room}" for room in rooms)):        # a room's plain Python lies beside what is compiled
        path = HOUSE / module.replace(".", "/")
        assert path.with_suffix(".pyi").is_file() or path.with_suffix(".py").is_file(), module
    assert (HOUSE / "py.typed").is_file()


class Plain(Function):
    """y = x"""
    name = "plain_op"

    def forward(self, x):
        return x

    def backward(self, gy):
        return gy


class Parameters(Plain):
    name = "parameters_op"

    def __init__(self, axis, keepdims=False, *, where=None):
        pass

    def forward(self, x, w):
        return x


class Optional(Plain):
    name = "optional_op"

    def forward(self, x, w=None):
        return x


class Many(Plain):
    name = "many_op"

    def __init__(self, axis=0):
        pass

    def forward(self, *xs):
        return xs[0]


class Two(Plain):
    name = "two_op"

    def backward(self, gr, gq):
        return gr


class Any(Plain):
    name = "any_op"

    def backward(self, *gys):
        return gys[0]


class NoRule(Function):
    name = "no_rule_op"

    def forward(self, x):
        return x


class OwnApply(Plain):
    name = "own_apply_op"

    @classmethod
    def apply(cls, xs, axis=0, **rest):
        return cls()(*xs)


class SameName(Plain):
    name = "same_name_op"

    def __init__(self, x):
        pass


class Quotes(Plain):
    '''It's "quoted" \\ and """more"""

    Second line.
    '''
    name = "quotes_op"


@pytest.mark.parametrize("cls, function, method", [
    (Plain, "(x: _Operand) -> Variable", "(self, /) -> Variable"),
    (Parameters, "(x: _Operand, w: _Operand, axis: Any, keepdims: Any = ..., *, where: Any = ...) -> Variable",
     "(self, /, w: _Operand, axis: Any, keepdims: Any = ..., *, where: Any = ...) -> Variable"),
    (Optional, "(x: _Operand, w: _Operand = ...) -> Variable", "(self, /, w: _Operand = ...) -> Variable"),
    (Many, "(*xs: _Operand, axis: Any = ...) -> Variable", "(self, /, *xs: _Operand, axis: Any = ...) -> Variable"),
    (Two, "(x: _Operand) -> list[Variable]", "(self, /) -> list[Variable]"),
    (Any, "(x: _Operand) -> Any", "(self, /) -> Any"),
    (NoRule, "(x: _Operand) -> Any", "(self, /) -> Any"),
    (OwnApply, "(xs: Any, axis: Any = ..., **rest: Any) -> Variable", "(self, /, axis: Any = ..., **rest: Any) -> Variable"),
    (SameName, "(*args: Any, **kwargs: Any) -> Variable", "(self, /, *args: Any, **kwargs: Any) -> Variable")])
def test_how_an_op_is_written(cls, function, method):
    with plugins.isolated():
        plugins.register(cls)
        op = registry.snapshot.names[cls.name]
        assert stubs.function(op).startswith(f"def {cls.name}{function}:\n")
        assert stubs.method(op).startswith(f"    def {cls.name}{method}:\n")
        compile(stubs.function(op), "function", "exec")
        compile("class Variable:\n" + stubs.method(op), "method", "exec")


def test_the_first_line_of_the_docstring_is_written_safely():
    with plugins.isolated():
        plugins.register(Quotes)
        text = stubs.function(registry.snapshot.names["quotes_op"])
    namespace = {"_Operand": None, "Variable": None}
    exec(text, namespace)
    assert namespace["quotes_op"].__doc__ == Quotes.__doc__.splitlines()[0]


def test_an_op_without_a_docstring_has_not_that_of_its_base():
    with plugins.isolated():
        plugins.register(Two)
        assert stubs.function(registry.snapshot.names["two_op"]).endswith(":\n    ...\n")


# -- the command


def test_stubs_of_what_is_installed(site, tmp_path):
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("claimer", ("__matmul__",))})
    for _ in range(2):                      # again: what was written is replaced
        done = site.dezero("stubs", "--dir", str(tmp_path / "deep" / "typings"))
        assert (done.returncode, done.stderr) == (0, "")
    target = tmp_path / "deep" / "typings" / "dezero"
    written = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert written == {path.relative_to(HOUSE).as_posix() for path in HOUSE.rglob("*.pyi")}
    assert done.stdout.splitlines() == [str(target / path) for path in sorted(written)]
    assert "def claimer(x: _Operand, other: _Operand) -> Variable:\n" in (target / "functions.pyi").read_text(encoding="utf-8")
    assert "    def claimer(self, /, other: _Operand) -> Variable:\n" in (target / "engine/variable.pyi").read_text(encoding="utf-8")
    assert "__getattr__" not in (target / "engine/variable.pyi").read_text(encoding="utf-8")


def test_stubs_are_not_written_into_a_package(site, tmp_path):
    (tmp_path / "dezero").mkdir()
    (tmp_path / "dezero" / "__init__.py").touch()
    done = site.dezero("stubs", "--dir", str(tmp_path))
    assert done.returncode == 2 and "choose another --dir" in done.stderr and done.stdout == ""
    assert [path.name for path in (tmp_path / "dezero").iterdir()] == ["__init__.py"]


def test_stubs_where_nothing_can_be_written(site, tmp_path):
    (tmp_path / "file").touch()
    done = site.dezero("stubs", "--dir", str(tmp_path / "file"))
    assert done.returncode == 1 and done.stderr.startswith("dezero stubs: ")


# -- what mypy says

PROGRAM = '''
import dezero.functions as F
import numpy as np
from dezero import Function, Variable, grad, hookimpl, no_grad, using_config
from dezero.testing import check_grads, check_op


def f(x: Variable) -> Variable:
    y = 2.0 - x ** 2 @ x / np.float64(3) + x * np.ones(3)
    y += x.claimer(y)
    y = F.claimer(y, 2.0) + y[0, ...]
    y.claimer(x).backward(create_graph=True)
    np.multiply(x, 2.0)
    np.sum(x, axis=0)
    return F.sum(y, axis=(0, 1), keepdims=True)


class Op(Function):
    name = "op"
    operators = ("__matmul__",)
    numpy = (np.sinc,)

    def forward(self, x: object) -> object:
        return x

    def backward(self, gy: Variable) -> Variable:
        x, = self.inputs
        return gy * float(x.size) + gy


@hookimpl
def dezero_register_ops(register: object) -> None:
    pass


x = Variable(np.ones(3), name="x")
size: float = float(f(x)) + len(x) + x.ndim
gx = grad(f, argnums=(0,))(x.data)
x.data -= 0.1 * gx
x.grad = None
with no_grad(), using_config("keep_data", True):
    parts = [e.square() for e in x]
check_op(Op)
check_grads(f, (np.ones(3),), order=1)
'''

MISTAKES = '''
import dezero.functions as F
import numpy as np
from dezero import Variable

Variable([1.0])
x = Variable(np.ones(3))
x.backward(retain=True)
x.claimr(x)
F.claimr(x, x)
x.claimer()
'''


@pytest.fixture
def checker(site, tmp_path):
    """Runs mypy on a program, where a package with the op `claimer` is installed."""
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("claimer", ("__matmul__",))})

    def check(source, *flags, typings=False):
        if typings:
            assert site.dezero("stubs", "--dir", str(tmp_path / "typings")).returncode == 0
        (tmp_path / "program.py").write_text(source, encoding="utf-8")
        path = {"MYPYPATH": str(tmp_path / "typings")} if typings else {}
        done = site.start([sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path.parent / "mypy"), *flags,
                           str(tmp_path / "program.py")], 300, path)
        return done.returncode, done.stdout + done.stderr

    return check


@with_mypy
@pytest.mark.parametrize("typings", [False, True])
def test_mypy_passes_a_program(checker, typings):
    code, out = checker(PROGRAM, "--strict", typings=typings)
    assert code == 0, out


TWIN = '''
from typing import assert_type

import dezero
import dezero.numpy as np
from dezero import Variable
from dezero.numpy import *
from numpy.typing import NDArray
from typing import Any

x = Variable(np.ones(3))
x[0] = x[1] * 2.0
assert_type(np.array([1.0, 2.0]), NDArray[Any])
assert_type(np.array([[1.0, 2], [3, 4]], "f4", ndmin=3), NDArray[Any])
assert_type(np.array(np.ones(3)), Variable)
assert_type(np.array([x, 1.0]), Variable)
assert_type(array([[x[0], 0], [0.0, x[1]]]), Variable)
assert_type(np.asarray(x), Variable)
assert_type(np.full((2, 3), x), Variable)
assert_type(np.zeros((2, 3)), Variable)
assert_type(np.linspace(0.0, x[0]), Variable)
assert_type(np.linspace(0.0, 1.0, endpoint=False), NDArray[Any])
assert_type(np.fromiter((e * e for e in x), float), Variable)
np.r_[x, 1.0], np.c_[x, x], np.vectorize(abs)(x), np.piecewise(x, [x > 0], [1.0]), np.arange(x[0], 3.0)
total: float = np.pi + dezero.numpy.float64(3) + float(np.linalg.norm(np.sin(np.ones(3))))
'''


@with_mypy
@pytest.mark.parametrize("typings", [False, True])
def test_mypy_knows_the_twin_of_numpy(checker, typings):
    code, out = checker(TWIN, "--strict", typings=typings)
    assert code == 0, out
    code, out = checker(TWIN + "np.nothing\nnp.full(3)\n", typings=True)
    assert re.findall(r":(\d+): error:.*\[([\w-]+)\]", out) == [("26", "attr-defined"), ("27", "call-overload")], out


@with_mypy
def test_mypy_finds_mistakes(checker):
    code, out = checker(MISTAKES, typings=True)
    assert code == 1
    assert re.findall(r":(\d+): error:.*\[([\w-]+)\]", out) == [
        ("6", "arg-type"), ("8", "call-arg"), ("9", "attr-defined"), ("10", "attr-defined"), ("11", "call-arg")], out
    code, out = checker(MISTAKES)           # of ops that dezero does not know it says nothing
    assert re.findall(r":(\d+): error:", out) == ["6", "8"], out


@with_mypy
@pytest.mark.parametrize("name", ["dezero-example-python", "dezero-example-cython"])
def test_mypy_passes_the_examples(tmp_path, name):
    folder = TOP / "plugins" / name
    if not folder.is_dir():
        pytest.skip("plugins/ is in a checkout only")
    path = os.pathsep.join([str(HOUSE.parent), str(folder / "src")])
    done = subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), "--check-untyped-defs", "src", "tests"],
                          cwd=folder, text=True, capture_output=True, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stdout + done.stderr


# What stubtest can't see: ops come by __getattr__, and a class that is compiled has a few signatures of its own.
ALLOWED = [r"dezero\.engine\.variable\.Variable\.__r?pow__", r"dezero\.engine\.function\.Function\.(__init__|forward|backward)",
           r"dezero\.engine\.op\.Op(\.__init__)?",
           r"dezero\.numpy\.(array|arange|vectorize\.__module__)",      # NumPy's own signatures differ between its versions
           r"dezero\.engine\.variable\.Variable", r"dezero\._kernels\.nodes\.Kernel",
           *(rf"dezero\.(functions|engine\.variable\.Variable)\.{name}" for op in BUILT_IN for name in (op.name, op.attribute))]


def test_the_stub_of_kernel_has_the_parameters_of_its_twin():
    """A compiled class keeps those of __init__ to itself, so that stubtest can't compare them."""
    def parameters(path):
        kernel, = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if getattr(node, "name", "") == "Kernel"]
        init, = [node for node in kernel.body if getattr(node, "name", "") == "__init__"]
        return [argument.arg for argument in init.args.args], len(init.args.defaults)

    assert parameters(HOUSE / "_kernels" / "nodes.pyi") == parameters(HOUSE / "_kernels" / "nodes.py")


@with_mypy
def test_the_stubs_say_what_the_modules_have(tmp_path):
    (tmp_path / "allowed").write_text("\n".join(ALLOWED))
    (tmp_path / "mypy.ini").write_text("[mypy]\nignore_errors = True\n")
    modules = [path.relative_to(HOUSE.parent).with_suffix("").as_posix().replace("/", ".")
               for path in sorted(HOUSE.rglob("*.pyi")) if path.stem != "__init__"]
    done = subprocess.run([sys.executable, "-m", "mypy.stubtest", "--concise", "--ignore-missing-stub", "--allowlist", "allowed",
                           "--ignore-unused-allowlist", "--mypy-config-file", "mypy.ini", *modules], cwd=tmp_path, text=True,
                          capture_output=True, env={**os.environ, "PYTHONPATH": str(HOUSE.parent)})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_names_of_the_package_are_in_its_stub():
    text = (HOUSE / "__init__.pyi").read_text(encoding="utf-8")
    public = {name for name in dir(dezero) if name[0].isalpha() and not isinstance(getattr(dezero, name), ModuleType)}
    public = public - {"LATER"} | set(dezero.LATER)
    missing = {name for name in public if not re.search(rf"\b(as|def) {name}\b|^{name}:", text, re.MULTILINE)}
    assert not missing


@rule(np.sinc, name="space.sinc", attribute="S", method="sinc_of")
def sinc(gy, y, x, scale=1.0):
    """y = sinc x"""
    return gy


def stacked(xs, *, axis=0):
    """What is in a row."""


@pytest.mark.parametrize("forward, options, function, wanted", [
    (np.tanh, {}, lambda gy, y, x: gy, "(x: _Operand) -> Variable"),
    (np.modf, {}, lambda gy, y, x: gy[0], "(x: _Operand) -> tuple[Variable, ...]"),
    (np.cumsum, {}, lambda gy, y, x, axis=None: gy, "(a: _Operand, axis: Any = ...) -> Variable"),
    (np.clip, {"operands": ("a", "a_min?", "a_max?")}, lambda gy, y, a, a_min=None, a_max=None: gy,
     "(a: _Operand, a_min: _Operand | None = ..., a_max: _Operand | None = ...) -> Variable"),
    (np.concatenate, {"listed": True}, lambda gy, y, xs, axis=0: gy, "(arrays: Any, axis: Any = ...) -> Variable"),
    (np.linalg.slogdet, {"result": type(np.linalg.slogdet(np.eye(1)))}, lambda gy, y, a: gy[1], "(a: _Operand) -> Any"),
    (lambda x: np.sin(x), {"kernel": dezero.Kernel(np.sin, "+")}, lambda gy, y, x: gy, "(x: _Operand) -> Variable"),
    (lambda x, n: x, {}, lambda gy, y, x, *, n: gy, "(x: _Operand, *, n: Any) -> Any")])
def test_how_a_rule_is_written(forward, options, function, wanted):
    with plugins.isolated():
        plugins.register(rule(forward, name="ruled", **options)(function))
        assert stubs.function(registry.snapshot.names["ruled"]) == f"def ruled{wanted}:\n    ...\n"


def test_rules_composites_namespaces_and_attributes():
    class Ops:
        @staticmethod
        @hookimpl
        def dezero_register_ops(register):
            register(sinc)
            register.function(stacked, method=lambda x, *more: x)
            register.function(stacked, name="space.deep.stacked")

    with plugins.isolated():
        plugins.register(Ops)
        ops = [registry.snapshot.names[name] for name in ("space.sinc", "stacked", "space.deep.stacked")]
        texts = stubs.files(ops)
    functions, variable = (texts[path].partition(stubs.MARK)[2] for path in ("functions.pyi", "engine/variable.pyi"))
    assert functions == """class space:
    @staticmethod
    def sinc(x: _Operand, *, scale: Any = ...) -> Variable:
        'y = sinc x'
    class deep:
        @staticmethod
        def stacked(xs: Any, *, axis: Any = ...) -> Any:
            'What is in a row.'
def stacked(xs: Any, *, axis: Any = ...) -> Any:
    'What is in a row.'
"""
    assert variable == """    def sinc_of(self, /, *, scale: Any = ...) -> Variable:
        'y = sinc x'
    def stacked(self, /, *more: Any) -> Any:
        'What is in a row.'
    @property
    def S(self) -> Variable:
        'y = sinc x'
"""
    compile(functions, "functions", "exec")
    compile("class Variable:\n" + variable, "variable", "exec")
