"""Real distributions in a folder of their own, and programs that run with it on the path."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent

import dezero

BESIDE = sorted({entry.dist.name for entry in entry_points(group="dezero")})
"""Packages of ops that are installed here, which the programs of a Site leave out."""

OP = '''
import numpy as np
from dezero import Function, hookimpl


class {cls}(Function):
    """y = 2 x;   ∂y/∂x = 2"""
    name = "{name}"
    operators = {operators}
    numpy = {numpy}

    def forward(self, x, *more):
        return x * {factor}

    def backward(self, gy):
        return gy * {factor}


@hookimpl
def dezero_register_ops(register):
    register({cls})
'''


def op_module(name, operators=(), numpy="()", factor=2.0):
    """The source of a plugin module with one op."""
    text = OP.format(cls=name.title().replace("_", ""), name=name, operators=operators, numpy=numpy, factor=factor)
    return text.replace("x, *more", "x, other") if operators or numpy != "()" else text.replace("x, *more", "x")


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def add(self, name, entries=None, modules=None, version="1.0", metadata=None, entry_points=None):
        """Write one distribution.

        Parameters
        ----------
        entries : dict
            Entry name to value.
        modules : dict
            File name to its text or bytes.
        metadata, entry_points : str or bytes
            What the files hold, in place of what they should.
        """
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = "".join(f"{key} = {value}\n" for key, value in (entries or {}).items())
        _write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
               if metadata is None else metadata)
        _write(info / "entry_points.txt", f"[dezero]\n{lines}" if entry_points is None else entry_points)
        for file, text in (modules or {}).items():
            _write(self.folder / file, text)
        return self

    def good(self):
        """A plugin that works, which others must not harm: `good_op`, in a distribution that sorts last."""
        return self.add("zz-good", {"good": "zz_good"}, {"zz_good.py": op_module("good_op")})

    def run(self, code, *flags, timeout=60, **environ):
        """Run a program with this folder on the path."""
        return self.start([sys.executable, *flags, "-c", dedent(code)], timeout, environ)

    def dezero(self, *arguments, **environ):
        """Run a command of the command line."""
        return self.start([sys.executable, "-m", "dezero", *arguments], 60, environ)

    def start(self, command, timeout, environ):
        kept = {key: value for key, value in os.environ.items()
                if not key.startswith("DEZERO_") or key == "DEZERO_KERNELS"}
        environ["DEZERO_DISABLE_PLUGINS"] = ",".join(filter(None, [*BESIDE, environ.get("DEZERO_DISABLE_PLUGINS")]))
        path = os.pathsep.join([str(self.folder), str(Path(dezero.__file__).parents[1])])
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=self.folder,
                              encoding="utf-8", env={**kept, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **environ})


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(dedent(content), encoding="utf-8")
