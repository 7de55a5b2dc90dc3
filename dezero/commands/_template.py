"""The files of a package that `dezero new` writes; ``@WORD@`` is filled in."""


def files(words, kernel, as_class=False):
    """The files of a new package.

    Parameters
    ----------
    words : dict
        DIST, MODULE, OP, CLASS, DEZERO.
    kernel : str
        ``"none"`` or ``"cython"``.
    as_class : bool
        Write the op as a class, and not as a rule.

    Returns
    -------
    dict of str to str
        Path inside the package to text.
    """
    compiled = kernel == "cython"
    words = {"MADE": words["CLASS"] if as_class else words["OP"], **words}
    module = _CLASS if as_class else _RULE
    for word, text in _LOOPS.items():
        module = module.replace(f"@{word}@", text if compiled else "")
    chosen = {**SHARED, **(CYTHON if compiled else PURE), "src/@MODULE@/__init__.py": module}
    return {_filled(path, words): _filled(text, words) for path, text in chosen.items()}


def _filled(text, words):
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text.lstrip("\n")


_README = '''
# @DIST@

An op for dezero, gradients of NumPy code: `@OP@`, y = x² / (1 + x²).

```sh
pip install .             # in this folder, where dezero is installed
```

```python
import numpy as np
import dezero.functions as F
from dezero import Variable

x = Variable(np.array(1.0))
y = F.@OP@(x)              # or x.@OP@()
y.backward()
print(y, x.grad)                # variable(0.5) 0.5
```

Installing it is all there is to do: dezero finds it by its entry point. `dezero ops` lists it,
`dezero check @DIST@` checks its derivatives.

To work on it:

```sh
pip install -e ".[test]"
pytest
```
@WHEELS@'''

_WHEELS = '''
A wheel that is built on Linux, with `python -m build`, has the tag `linux_x86_64`, and no index takes such a one:
`auditwheel repair dist/*.whl` brings it to a manylinux tag, and `cibuildwheel` builds wheels for several systems.
'''

SHARED = {
    "tests/test_@OP@.py": '''
import dezero.functions as F
import numpy as np
from dezero import Variable
from dezero.testing import check_op

from @MODULE@ import @MADE@


def test_contract():
    """Value, gradients, second order, broadcasting, dtypes, strides, kernel: all that dezero asks of an op."""
    check_op(@MADE@)


def test_installing_it_is_enough():
    x = Variable(np.array([0.0, 1.0]))
    y = F.@OP@(x)
    y.backward()
    np.testing.assert_array_equal(y.data, [0.0, 0.5])
    np.testing.assert_array_equal(x.grad, [0.0, 0.5])
    np.testing.assert_array_equal(x.@OP@().data, y.data)
''',
    ".github/workflows/test.yml": '''
name: test
on: [push, pull_request]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python: ["3.11", "3.12", "3.13"]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: ${{ matrix.python }}
      - run: pip install ".[test]"
      - run: pytest
      - run: dezero check @DIST@
''',
    ".gitignore": '''
build/
dist/
*.egg-info/
*.so
*.pyd
*.c
__pycache__/
.pytest_cache/
''',
    "src/@MODULE@/py.typed": "",
}

_PROJECT = '''
[build-system]
requires = [@BUILD@]
build-backend = "setuptools.build_meta"

[project]
name = "@DIST@"
version = "0.1.0"
description = "An op for dezero: @OP@"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["dezero@DEZERO@", "numpy"]

[project.optional-dependencies]
test = ["pytest"]

[project.entry-points.dezero]
@OP@ = "@MODULE@"

[tool.setuptools.package-data]
"*" = ["py.typed"@SOURCES@]

[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = "--import-mode=importlib"
filterwarnings = ["error"]
'''

_RULE = '''
"""@OP@ for dezero: y = x² / (1 + x²)."""

import numpy as np
from dezero import @KERNEL_IMPORTED@hookimpl, rule
@KERNELS_IMPORTED@
DEZERO_API = (1, 0)


def forward(x):
    """On arrays."""
    square = np.square(x)
    return square / (1.0 + square)


@rule(forward@KERNEL_OF_RULE@)
def @OP@(gy, y, x):
    """y = x² / (1 + x²);   ∂y/∂x = 2x / (1 + x²)²

    Parameters
    ----------
    x : Variable, array or number

    Returns
    -------
    Variable
    """
    return gy * 2.0 * x / (1.0 + x ** 2) ** 2


@hookimpl
def dezero_register_ops(register):
    register(@OP@)
'''

_CLASS = '''
"""@OP@ for dezero: y = x² / (1 + x²)."""

import numpy as np
from dezero import Function, @KERNEL_IMPORTED@hookimpl
@KERNELS_IMPORTED@
DEZERO_API = (1, 0)


class @CLASS@(Function):
    """y = x² / (1 + x²);   ∂y/∂x = 2x / (1 + x²)²

    Parameters
    ----------
    x : Variable, array or number

    Returns
    -------
    Variable
    """

    name = "@OP@"        # F.@OP@(x), x.@OP@()
    operators = ()              # such as ("__matmul__",), if no other op has it
    numpy = ()                  # such as (np.sinc,): NumPy functions that it answers
@KERNEL_OF_CLASS@
    def forward(self, x):
        """On arrays."""
        square = np.square(x)
        return square / (1.0 + square)

    def backward(self, gy):
        """The rule, with operators: it serves arrays and, for second derivatives, Variables."""
        x, = self.inputs
        return gy * 2.0 * x / (1.0 + x ** 2) ** 2


@hookimpl
def dezero_register_ops(register):
    register(@CLASS@)
'''

_LOOPS = {
    "KERNEL_IMPORTED": "Kernel, ",
    "KERNELS_IMPORTED": "\nfrom @MODULE@ import _kernels\n",
    "KERNEL_OF_RULE": ", kernel=Kernel(_kernels.forward, _kernels.backward, reads=((0,),))",
    "KERNEL_OF_CLASS": "    kernel = Kernel(_kernels.forward, _kernels.backward, reads=((0,),))     # the gradient looks at x alone\n",
}
"""What an op with compiled loops has beside the rest."""

PURE = {
    "README.md": _README.replace("@WHEELS@", ""),
    "pyproject.toml": _PROJECT.replace("@BUILD@", '"setuptools>=77"').replace("@SOURCES@", ""),
}

CYTHON = {
    "README.md": _README.replace("@WHEELS@", _WHEELS),
    "pyproject.toml":
        _PROJECT.replace("@BUILD@", '"setuptools>=77", "cython>=3.1", "dezero@DEZERO@"').replace("@SOURCES@", ', "*.pyi", "*.pyx"'),
    "src/@MODULE@/_kernels.pyx": '''
# cython: language_level=3, cdivision=True
"""The loops of @OP@: formulas for one number, of which dezero.h makes loops over arrays."""
cimport cython

cdef extern from "dezero.h":
    ctypedef void (*dezero_loop)(char **, const ptrdiff_t *, const ptrdiff_t *, void *) noexcept nogil
    object dezero_capsule(dezero_loop, const char *types, void *data)
    # A formula of 1 or 2 arguments on each element; the numbers are their places among args, the last the result's.
    void dezero_each_1(double (*)(double) noexcept nogil,
                       char **, const ptrdiff_t *, const ptrdiff_t *, int, int) noexcept nogil
    void dezero_each_1_f(float (*)(float) noexcept nogil,
                         char **, const ptrdiff_t *, const ptrdiff_t *, int, int) noexcept nogil
    void dezero_each_2(double (*)(double, double) noexcept nogil,
                       char **, const ptrdiff_t *, const ptrdiff_t *, int, int, int) noexcept nogil
    void dezero_each_2_f(float (*)(float, float) noexcept nogil,
                         char **, const ptrdiff_t *, const ptrdiff_t *, int, int, int) noexcept nogil


cdef inline cython.floating value(cython.floating x) noexcept nogil:
    cdef cython.floating square = x * x
    return square / (1 + square)


cdef inline cython.floating slope(cython.floating gy, cython.floating x) noexcept nogil:
    cdef cython.floating below = 1 + x * x
    return gy * 2 * x / (below * below)


# Places of forward: x, y. Of backward: gy, x, y, gx.

cdef void forward_d(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data) noexcept nogil:
    dezero_each_1(value, args, n, steps, 0, 1)


cdef void forward_f(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data) noexcept nogil:
    dezero_each_1_f(value, args, n, steps, 0, 1)


cdef void backward_d(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data) noexcept nogil:
    dezero_each_2(slope, args, n, steps, 0, 1, 3)


cdef void backward_f(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data) noexcept nogil:
    dezero_each_2_f(slope, args, n, steps, 0, 1, 3)


forward = [dezero_capsule(forward_d, "d->d", NULL), dezero_capsule(forward_f, "f->f", NULL)]
backward = [dezero_capsule(backward_d, "ddd->d", NULL), dezero_capsule(backward_f, "fff->f", NULL)]
''',
    "src/@MODULE@/_kernels.pyi": """
forward: list[object]
backward: list[object]
""",
    "setup.py": '''
import sys

import dezero
from Cython.Build import cythonize
from setuptools import Extension, setup

FLAGS = [] if sys.platform == "win32" else ["-O3", "-g0"]   # vectors; no debug data

setup(ext_modules=cythonize(
    [Extension("@MODULE@._kernels", ["src/@MODULE@/_kernels.pyx"], include_dirs=[dezero.get_include()],
               extra_compile_args=FLAGS)],
    build_dir="build/cython"))
''',
}
