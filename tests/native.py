"""Native loops for tests: written in Python and given to C by ctypes, or in C and built with the machine's compiler."""

import ctypes
import shlex
import shutil
import subprocess
import sys
import sysconfig

import numpy as np
import pytest

import dezero

LOOP = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_ssize_t),
                        ctypes.POINTER(ctypes.c_ssize_t), ctypes.c_void_p)
NUMBER = {"d": ctypes.c_double, "f": ctypes.c_float}


def loop(formula, char="d", skip=0, changes_args=False):
    """A loop of a formula of k numbers: (pointer, types), as `Kernel` takes it.

    Parameters
    ----------
    formula : callable
    char : str
        "d" or "f".
    skip : int
        Elements at the end that it forgets.
    changes_args : bool
        Whether it steps through `args` themselves, as the loops of SciPy do.
    """
    count, number = formula.__code__.co_argcount, NUMBER[char]

    def run(args, n, steps, data):
        for i in range(max(n[0] - skip, 0)):
            at = [args[k] + (0 if changes_args else i * steps[k]) for k in range(count + 1)]
            number.from_address(at[count]).value = formula(*[number.from_address(a).value for a in at[:count]])
            if changes_args:
                for k in range(count + 1):
                    args[k] += steps[k]

    return LOOP(run), char * count + "->" + char


def compiler():
    """The command of the C compiler that Python's own extension modules are built with."""
    command = shlex.split(sysconfig.get_config_var("CC") or "")
    if not command or not shutil.which(command[0]):
        pytest.skip("no C compiler")
    return command


def built(folder, name, source, python=True, flags=()):
    """Build a C source as a shared library, of Python or not, against dezero's header; gives its path."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX") if python else ".so"
    file, library = folder / f"{name}.c", folder / f"{name}{suffix}"
    file.write_text(source)
    includes = [dezero.get_include(), *([sysconfig.get_path("include"), np.get_include()] if python else ())]
    undefined = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
    done = subprocess.run([*compiler(), "-shared", "-fPIC", "-O2", "-Wall", *flags, *[f"-I{i}" for i in includes], str(file),
                           "-o", str(library), "-lm", *undefined], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr or not python, done.stderr
    return library
