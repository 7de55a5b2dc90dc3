"""Build the extension modules; everything else is said in pyproject.toml.

Without a compiler the install goes on, with the NumPy references (`dezero info` says so); with DEZERO_REQUIRE_EXT=1 it fails.
"""
import atexit
import os
import runpy
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOMS = (*"hooks graph sharing rules dispatch tape function op assign variable watch guarded higher partial survey".split(),)
COMPILED = ("dezero._kernels.elementwise", "dezero._kernels.nodes", *["dezero.engine." + room for room in ROOMS])

# The engine runs with every check on; the compiled floor switches them off in its own files, where shapes are checked first.
# binding=False: methods then check that self is of their class; Variable.detach(5) would read a foreign object's memory.
DIRECTIVES = {"language_level": 3, "auto_pickle": False, "nonecheck": True, "binding": False,
              "embedsignature": True, "embedsignature.format": "clinic"}

# What modules of one build have in common (_kernels/dezero_build.h): the version, and a number of it and all declarations.
VERSION = runpy.run_path("dezero/_version.py")["__version__"]
DECLARATIONS = sorted(str(path) for path in Path("dezero").rglob("*") if path.suffix in (".pxd", ".pxi", ".h"))
BUILD = zlib.crc32(b"".join([VERSION.encode(), *[Path(path).read_bytes() for path in DECLARATIONS]])) % 100_000
MACROS = [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"), ("DEZERO_VERSION_IS", VERSION), ("DEZERO_BUILD_IS", str(BUILD)),
          ("CYTHON_COMPRESS_STRINGS", "0")]     # to unpack them is 15 of 70 million instructions of `import dezero`

# -ffp-contract=off: a * b + c as NumPy makes it.  -fwrapv: integers wrap, as NumPy's.  -g0, -s: no debug data, 4/5 of a wheel.
DEBUG = "-g" in os.environ.get("CFLAGS", "").split()
FLAGS = [] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fwrapv", *([] if DEBUG else ["-g0"])]
LINK = ["-s"] if sys.platform.startswith("linux") and not DEBUG else []


def extension(module):
    path = module.replace(".", "/")
    source = path + (".pyx" if os.path.exists(path + ".pyx") else ".py")
    return Extension(module, [source], include_dirs=[np.get_include(), "dezero/_kernels"], extra_compile_args=FLAGS,
                     extra_link_args=LINK, define_macros=MACROS, depends=["dezero/_version.py", *DECLARATIONS])


class BuildExt(build_ext):
    """build_ext that a missing or failing compiler does not stop: all of the modules, or none."""

    def run(self):
        try:
            super().run()
        except Exception as error:
            if os.environ.get("DEZERO_REQUIRE_EXT") == "1":
                raise
            print(f"dezero: the extension modules were not built, dezero will run on NumPy: {error}", file=sys.stderr)
            for module in self.extensions:
                Path(self.get_ext_fullpath(module.name)).unlink(missing_ok=True)
            self.extensions = []            # in place they would be copied, and looked for in the wheel


def build_base():
    """A fresh folder: a reused build/ brings yesterday's extension modules into today's wheel.  In place, for work, build/."""
    if {"-i", "--inplace"} & set(sys.argv):
        return "build"
    folder = tempfile.mkdtemp(prefix="dezero-build-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


base = build_base()
setup(ext_modules=cythonize([extension(m) for m in COMPILED], compiler_directives=DIRECTIVES, build_dir=base + "/cython",
                            emit_linenums=DEBUG),                # a debugger and .ci/sanitize name lines of the .pyx then
      options={"build": {"build_base": base}}, cmdclass={"build_ext": BuildExt})
