"""Extension modules: all of them run, or none; what is missing, of another build or hidden is told, with what to do."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import machinery
from pathlib import Path

import pytest

import dezero
from dezero import _kernels
from dezero._kernels import extensions

compiled = pytest.mark.skipif(not _kernels.COMPILED, reason="there are no extension modules here")

PROGRAM = """
import numpy as np, dezero
x = dezero.Variable(np.array([1.0, 2.0]))
y = (x * x * x).sum()
y.backward()
print(x.grad, dezero.grad(lambda x: (x * x).sum())(np.ones(2)))
y.backward(create_graph=True)
dezero.draw(y)
"""
MODULES = [f"dezero.{folder}.{name}" for folder, names in extensions.MODULES.items() for name in names]
TOLD = "<string>:2: RuntimeWarning: dezero runs uncompiled, many times slower: "


@pytest.fixture
def copy(tmp_path):
    """A copy of this dezero, first on the path."""
    house = tmp_path / "copy" / "dezero"
    shutil.copytree(dezero.__path__[0], house, ignore=shutil.ignore_patterns("__pycache__"))
    return house


def run(house, *command, **environ):
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(house.parent), str(Path(dezero.__path__[0]).parent)]), **environ}
    return subprocess.run([sys.executable, *(command or ("-P", "-c", PROGRAM))], cwd=house.parents[1], env=environ,
                          capture_output=True, text=True, timeout=60)


def file_of(house, module):
    path = house.parent / module.replace(".", "/")
    file, = [file for file in path.parent.glob(path.name + ".*") if file.suffix in (".so", ".pyd")]
    return file


def facts(house, **environ):
    done = run(house, "-P", "-m", "dezero", "info", "--json", **environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_modules_are_those_of_the_build():
    setup = Path(__file__).parents[2] / "setup.py"
    if not setup.exists():
        pytest.skip("setup.py is in a checkout only")
    rooms = re.search(r"^ROOMS = (\(.*\))$", setup.read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert extensions.MODULES["engine"] == eval(rooms)


@compiled
def test_all_are_there(copy):
    done = run(copy)
    assert (done.stdout, done.stderr) == ("[ 3. 12.] [2. 2.]\n", "")
    assert extensions.state(str(copy)) == (MODULES, [], [])


@compiled
@pytest.mark.parametrize("module", MODULES)
def test_one_is_missing(copy, module):
    file_of(copy, module).unlink()
    done = run(copy)
    assert done.returncode == 0 and done.stdout == "[ 3. 12.] [2. 2.]\n"
    assert done.stderr.startswith(f"{TOLD}{module} missing among the extension modules of {copy}; "
                                  "install dezero again as a whole: pip install ")
    assert done.stderr.count("Warning") == 1
    told = facts(copy)
    assert told["compiled"] is False and told["engine"] == "interpreted" and told["reason"].startswith(f"{module} missing among")
    assert run(copy, "-W", "error", "-P", "-c", PROGRAM).returncode == 1


@compiled
def test_half_of_an_upgrade(copy):
    """The old version's files were removed, and half of the new one's came."""
    for module in MODULES[::2]:
        file_of(copy, module).unlink()
    done = run(copy)
    assert done.returncode == 0 and ", ".join(MODULES[::2]) + " missing" in done.stderr


@compiled
def test_one_of_another_python(copy):
    file = file_of(copy, "dezero.engine.tape")
    file.rename(file.with_name("tape.cpython-39-x86_64-linux-gnu.so"))
    done = run(copy)
    assert done.returncode == 0 and "dezero.engine.tape missing among" in done.stderr
    assert "found tape.cpython-39-x86_64-linux-gnu.so, built for another Python: " \
           f"this one loads {machinery.EXTENSION_SUFFIXES[0]}" in done.stderr


@compiled
def test_all_of_another_python(copy):
    for module in MODULES:
        file = file_of(copy, module)
        file.rename(file.with_name(module.rpartition(".")[2] + ".cpython-39-x86_64-linux-gnu.so"))
    done = run(copy, PYTHONPATH=str(copy.parent), DEZERO_KERNELS="")
    assert done.returncode == 0 and "Warning" in done.stderr        # which of the two reasons it is depends on what is installed


@compiled
@pytest.mark.parametrize("module", MODULES)
def test_one_that_is_damaged(copy, module):
    file_of(copy, module).write_bytes(b"\x7fELF, once")
    done = run(copy)
    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    assert error.startswith("ImportError: dezero.") and f"the extension modules in {copy} do not fit each other" in error
    assert module.rpartition(".")[2] in error and "install dezero again as a whole: pip install --force-reinstall --no-deps" in error


def places_of(part, content):
    """Where bytes stand in others."""
    return [i for i in range(len(content)) if content.startswith(part, i)]


@compiled
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the bytes of an ELF file are changed")
@pytest.mark.parametrize("change", [8, -8])
@pytest.mark.parametrize("module", MODULES)
def test_one_of_another_build(copy, module, change):
    """Another build has other sizes of the classes `Build` and `BuildRest`, as `dezero_build.h` has them."""
    from dezero._kernels.nodes import Build, BuildRest
    file = file_of(copy, module)
    content = file.read_bytes()
    sizes = [(size.to_bytes(4, "little"), (size + by).to_bytes(4, "little"))
             for size, by in ((Build.__basicsize__, change), (BuildRest.__basicsize__, -change))]
    assert all(1 <= content.count(old) <= 8 for old, _ in sizes)
    everywhere = content
    for old, new in sizes:
        everywhere = everywhere.replace(old, new)
    file.write_bytes(everywhere)
    done = run(copy)
    for places in itertools.product(*[places_of(old, content) for old, _ in sizes]) if done.returncode < 0 else ():
        changed = bytearray(content)        # the number is an address too, by chance: one place of each at a time
        for place, (_, new) in zip(places, sizes):
            changed[place:place + 4] = new
        file.write_bytes(changed)
        done = run(copy)
        if done.returncode == 1:
            break
    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    who = "dezero._kernels.nodes" if module == "dezero._kernels.elementwise" else module
    assert error.startswith(f"ImportError: {who}: ") and f"the extension modules in {copy} do not fit each other" in error
    assert re.search("Build(Rest)? size changed", error) and "install dezero again as a whole" in error


@compiled
def test_all_of_another_version(copy):
    (copy / "_version.py").write_text('__version__ = "77.0"\n')
    done = run(copy)
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith(
        f"ImportError: dezero 77.0 with extension modules of {dezero.__version__} in {copy}; install dezero again as a whole: ")


def unbuilt(house):
    for file in [*house.rglob("*.so"), *house.rglob("*.pyd")]:
        file.unlink()


@compiled
def test_an_unbuilt_tree_that_hides_a_compiled_one(copy):
    unbuilt(copy)
    done = run(copy, DEZERO_KERNELS="")
    assert done.stdout == "[ 3. 12.] [2. 2.]\n" and done.stderr.count("Warning") == 1
    hides = f"{copy} is not built, and hides the compiled dezero in {dezero.__path__[0]}: run from another folder"
    assert done.stderr.startswith(TOLD + hides)
    told = facts(copy, DEZERO_KERNELS="")
    assert told["compiled"] is False and f"hides the compiled dezero in {dezero.__path__[0]}" in told["reason"]
    assert "DEZERO_REQUIRE_EXT" not in told["reason"]
    for flags in ([], ["-W", "error"]):
        done = run(copy, *flags, "-P", "-c", PROGRAM, DEZERO_KERNELS="numpy")
        assert (done.stdout, done.stderr) == ("[ 3. 12.] [2. 2.]\n", ""), "it is meant"


@compiled
def test_from_the_folder_of_a_clone(copy):
    """`python -m dezero` imports what lies in the current folder."""
    unbuilt(copy)
    environ = {key: value for key, value in os.environ.items() if key != "DEZERO_KERNELS"}
    done = subprocess.run([sys.executable, "-m", "dezero", "info"], cwd=copy.parent, capture_output=True, text=True, timeout=60,
                          env={**environ, "PYTHONPATH": str(Path(dezero.__path__[0]).parent)})
    assert done.returncode == 0 and done.stderr.count("RuntimeWarning") == 1
    said = f"compiled  not in use: {copy} is not built, and hides the compiled dezero in {dezero.__path__[0]}"
    assert "".join(said.split()) in "".join(done.stdout.split())        # lines are wrapped


def test_nothing_is_built_and_nothing_hidden(copy, monkeypatch):
    unbuilt(copy)
    monkeypatch.setattr(extensions, "HOUSE", str(copy))
    monkeypatch.setattr(sys, "path", [str(copy.parent), 3])
    why, is_meant = extensions.why_uncompiled()
    assert is_meant and "install again with a C compiler" in why
    (copy.parent / "setup.py").touch()
    why, is_meant = extensions.why_uncompiled()
    assert is_meant and f"{copy} is not built: install it (pip install {copy.parent})" in why and "build_ext --inplace" in why
    (copy / "engine" / "tape.cpython-39-darwin.so").touch()
    why, is_meant = extensions.why_uncompiled()
    assert not is_meant and "found tape.cpython-39-darwin.so, built for another Python" in why


def test_an_archive(copy, tmp_path):
    unbuilt(copy)
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", copy.parent)
    done = run(copy, PYTHONPATH=archive)
    assert (done.stdout, done.stderr) == ("[ 3. 12.] [2. 2.]\n", "")
