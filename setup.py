"""Build the extension modules; everything else is said in pyproject.toml.

Without a compiler the install goes on and dezero runs on its NumPy references (`dezero info` says so);
DEZERO_REQUIRE_EXT=1, for wheels and CI, makes that an error.
"""
import atexit
import os
import re
import shutil
import sys
import tempfile

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

COMPILED = ("dezero._kernels.elementwise", "dezero._kernels.cells", "dezero.core")

# The engine runs with every check on; the loops' floor switches them off in its own files, where shapes are checked first.
# binding=False: methods then check that self is of their class; Variable.detach(5) would read a foreign object's memory.
DIRECTIVES = {"language_level": 3, "auto_pickle": False, "nonecheck": True, "binding": False,
              "embedsignature": True, "embedsignature.format": "clinic"}

# The loops want vectors, of all that -O3 adds to -O2; the rest gains nothing from it.
# -g0, -s and no unwind tables: debug data would be four fifths of the file, and only callers.c is unwound (it says why).
# -ffp-contract=off: a * b + c is what NumPy makes of it.  -fwrapv: integers that overflow wrap, as NumPy's do.
UNIX = sys.platform != "win32"
FLAGS = ["-g0", "-fno-asynchronous-unwind-tables", "-fno-align-functions", "-fno-align-jumps", "-fno-align-labels", "-fno-plt",
         "-ffp-contract=off", "-fno-math-errno", "-fwrapv"] if UNIX else []
UNWOUND = ["-O2", "-g0", "-fasynchronous-unwind-tables"] if UNIX else []
LINK = ["-s"] if sys.platform.startswith("linux") else []
HEADERS = ["dezero/_kernels/" + name for name in (
    "loops.h", "flags.h", "pool.h", "runner.h", "team.h", "program.pxi", "callers.h", "callers.c")]


def source(module):
    path = module.replace(".", "/")
    return path + (".pyx" if os.path.exists(path + ".pyx") else ".py")


# What makes calls of Python from compiled code faster costs a tenth of core's size, and its hot paths make none.
LEAN = [(f"CYTHON_{name}", "0") for name in (
    "CLINE_IN_TRACEBACK", "VECTORCALL_TPNEW", "UNPACK_METHODS", "FAST_THREAD_STATE", "USE_DICT_VERSIONS", "USE_PYLONG_INTERNALS",
    "USE_UNICODE_INTERNALS")]


def extension(module):
    level = ["-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic"] if module == "dezero._kernels.elementwise" else ["-O2"]
    if module == "dezero.core":
        # The first makes core a fourteenth smaller, and no slower (20: 6 % slower).  What is called once would be put into its
        # caller, which is 2 % slower at 0-d.
        level += ["-finline-limit=40", "-fno-inline-functions-called-once"]
    return Extension(module, [source(module)], include_dirs=[np.get_include(), "dezero/_kernels"],
                     extra_compile_args=[*level, *FLAGS] if UNIX else [], extra_link_args=LINK, depends=HEADERS,
                     define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"), *LEAN])


# What an op with loops goes through.  All else in core, and what faces Python in cells, is marked cold, and the compiler
# makes it for size: a tenth of the wheel, and no slower; all of core for size is a quarter slower.  (What calls one of the
# cold without a condition is as cold for the compiler.)
HOT = re.compile(r"__pyx_(nb_\w+|tp_(new|dealloc)_\w+_(Node|Handle|Variable)|pf_\w+Variable_\d+(__\w+__|backward)"
                 r"|pw_\w+(Variable_\d+__r?pow__|Node_1__cinit__)"
                 r"|f_6dezero_8_kernels_\w+"
                 r"|f_6dezero_4core_(operate|operate_alone|claimed|quick|link|keep|edge|is_plain_number|is_variable|kernel_of|run_backward"
                 r"|walk|bring|set_gradients))\(")
COLD = re.compile(r"_kernels_5cells_(take_loop|operand_of|as_gradient|give_sums|refuse_value|let_fade"
                  r"|4Node_(restore|is_lost|settle|shown|start|give|gradient|lose|copy_few)"
                  r"|7Program_(finish|run|made|array|laid_out|sum_of|summed|written|__cinit__))\("
                  r"|4core_8Variable_\d+__(array_function|getattr|copy|reduce|dir)__\(")
EXPORTED = re.compile(r"(__pyx_export_pointers\[\]\)\(void\) = ){[^}]*}")
DECLARATION = re.compile(r"^static [^\n;={}]*\b__pyx_(?:f|pf|pw|nb|tp|mp|sq|getprop|setprop)_\w+\([^;{}]*\);", re.MULTILINE)


def cool(path):
    """Mark the functions of a generated C file that are not hot."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if "__attribute__((cold)) static" not in text:
        if path.endswith("core.c"):         # nobody cimports its functions: their table is 2.5 kB of the wheel
            text = EXPORTED.sub(r"\1{NULL}", text)
        text = DECLARATION.sub(lambda m: m[0] if HOT.search(m[0]) and not COLD.search(m[0]) else "__attribute__((cold)) " + m[0], text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


class BuildExt(build_ext):
    """build_ext that a missing or failing compiler does not stop: all of the modules, or none."""

    def build_extension(self, extension):
        if UNIX:
            cool(extension.sources[0])
        if extension.name == "dezero._kernels.cells":
            extension.extra_objects = self.compiler.compile(["dezero/_kernels/callers.c"], output_dir=self.build_temp,
                                                            extra_postargs=UNWOUND, depends=["dezero/_kernels/callers.h"])
        super().build_extension(extension)

    def run(self):
        try:
            super().run()
        except Exception as error:
            if os.environ.get("DEZERO_REQUIRE_EXT") == "1":
                raise
            print(f"dezero: the extension modules were not built, dezero will run on NumPy: {error}", file=sys.stderr)
            for module in self.extensions:
                path = self.get_ext_fullpath(module.name)
                if os.path.exists(path):
                    os.remove(path)
            self.extensions = []            # in place they would be copied, and looked for in the wheel


def build_base():
    """A fresh folder: a reused build/ brings yesterday's extension modules into today's wheel.  In place, for work, build/."""
    if {"-i", "--inplace"} & set(sys.argv):
        return "build"
    folder = tempfile.mkdtemp(prefix="dezero-build-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


base = build_base()
setup(ext_modules=cythonize([extension(m) for m in COMPILED], compiler_directives=DIRECTIVES, build_dir=base + "/cython"),
      options={"build": {"build_base": base}}, cmdclass={"build_ext": BuildExt})
