"""The hook for PyInstaller: what it declares and, where PyInstaller is installed, a frozen program."""

import os
import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from sites import Site, op_module

import dezero
from dezero import plugins

HOUSE = Path(dezero.__path__[0])


@pytest.fixture
def hook():
    """What the hook declares, found as PyInstaller finds it."""
    from dezero._pyinstaller import get_hook_dirs
    folder, = get_hook_dirs()
    return lambda: runpy.run_path(str(Path(folder) / "hook-dezero.py"))


def modules_on_disk():
    for file in HOUSE.rglob("*.*"):
        if file.suffix in (".py", ".so", ".pyd") and "-" not in file.stem:
            parts = file.relative_to(HOUSE.parent).with_name(file.name.partition(".")[0]).parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_module_is_declared(hook):
    wanted = {*modules_on_disk(), *plugins.BUILTIN}
    declared = set(hook()["hiddenimports"])
    assert len(wanted) > 50 and {"dezero.engine.partial", "dezero._kernels.floating", "dezero.ops.mul"} <= wanted
    assert wanted - declared == set()


def test_installed_op_packages_come_along(hook, tmp_path, monkeypatch):
    site = Site(tmp_path / "site").add("plug", {"p": "plug:thing"}, {"plug.py": op_module("op")}).add("broken", entry_points="[[[")
    monkeypatch.syspath_prepend(str(site.folder))
    declared = hook()
    assert "plug" in declared["hiddenimports"]
    assert (str(site.folder / "plug-1.0.dist-info"), "plug-1.0.dist-info") in declared["datas"]
    assert not [folder for folder, _ in declared["datas"] if "broken" in folder]


def test_pyinstaller_is_told_where_the_hook_is():
    points = [point for point in metadata.distribution("dezero").entry_points if point.group == "pyinstaller40"]
    assert [(point.name, point.value) for point in points] == [("hook-dirs", "dezero._pyinstaller:get_hook_dirs")]
    assert (HOUSE / "_pyinstaller" / "hook-dezero.py").is_file()


PROGRAM = """
import numpy as np
import dezero
from dezero import Variable
x = Variable(np.ones(3))
y = (x ** 2).sum() + x.frozen_op().sum()
y.backward()
print(x.grad, dezero.grad(lambda x: (x * x).sum())(np.ones(2)))
y.backward(create_graph=True)
with dezero.detect_anomaly():
    (x * x).sum().backward()
"""


def test_a_frozen_program(tmp_path):
    pytest.importorskip("PyInstaller")
    Site(tmp_path).add("plug", {"p": "frozen_plug"}, {"frozen_plug.py": op_module("frozen_op"), "app.py": PROGRAM})
    done = subprocess.run([sys.executable, "-m", "PyInstaller", "-y", "--onedir", "--paths", str(tmp_path), "app.py"],
                          cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(HOUSE.parent)])},
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    done = subprocess.run([str(tmp_path / "dist" / "app" / "app")], cwd="/", capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[4. 4. 4.] [2. 2.]\n", "")
