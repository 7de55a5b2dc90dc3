import sys

import dezero
from Cython.Build import cythonize
from setuptools import Extension, setup

FLAGS = [] if sys.platform == "win32" else ["-O3", "-g0"]   # vectors; no debug data

setup(ext_modules=cythonize(
    [Extension("dezero_example_cython._kernels", ["src/dezero_example_cython/_kernels.pyx"], include_dirs=[dezero.get_include()],
               extra_compile_args=FLAGS)],
    build_dir="build/cython"))
