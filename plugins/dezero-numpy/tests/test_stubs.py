"""What mypy says of programs that use NumPy's functions, with the stubs that `dezero stubs` writes."""
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))

MISTAKES = """
import dezero.functions as F
import numpy as np
from dezero import Variable

x = Variable(np.ones((3, 3)))
x.mean(axes=0)
x.cumsun()
F.linalg.invert(x)
F.linalg.solve(x)
x.T()
"""

with_mypy = pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="takes mypy")


def python(*arguments, cwd=None, **env):
    done = subprocess.run([sys.executable, "-P", *map(str, arguments)], text=True, capture_output=True, cwd=cwd, env={**os.environ, **env})
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """Runs mypy on programs, with what `dezero stubs` has written."""
    folder = tmp_path_factory.mktemp("typings")
    code, out = python("-m", "dezero", "stubs", "--dir", folder)
    assert code == 0, out
    # elsewhere than in a checkout, whose dezero mypy would read
    return lambda *programs: python("-m", "mypy", "--strict", "--cache-dir", folder / "cache", *programs, cwd=folder, MYPYPATH=str(folder))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_runs(program):
    assert python("-W", "error", program) == (0, "")


@with_mypy
def test_mypy_passes_the_programs(check):
    code, out = check(*PROGRAMS)
    assert code == 0, out


@with_mypy
def test_mypy_finds_mistakes(check, tmp_path):
    (tmp_path / "program.py").write_text(MISTAKES)
    code, out = check(tmp_path / "program.py")
    assert re.findall(r":(\d+): error:.*\[([\w-]+)\]", out) == [
        ("7", "call-arg"), ("8", "attr-defined"), ("9", "attr-defined"), ("10", "call-arg"), ("11", "operator")], out
