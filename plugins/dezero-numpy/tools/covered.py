"""Write src/dezero_numpy/coverage.py: what of NumPy is answered, as the registry has it; and what is not, with the reasons below.

  python tools/covered.py             write it
  python tools/covered.py --check     leave with 1 where it would be written otherwise

A public name of NumPy that is neither registered nor among the reasons is an error, and so is one that is both.  A pattern says
something of what is not registered.
"""
import argparse
import sys
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from pprint import pformat

import numpy as np
from dezero import Variable, plugins
from dezero.engine.variable import CONSTANT_METHODS
from dezero.registry import SYMBOLS, Constant, registry

TABLE = Path(__file__).parents[1] / "src" / "dezero_numpy" / "coverage.py"

REASONS = {
    "numpy: nothing in it that a gradient could go to; it works as it is": """
        base_repr binary_repr bartlett blackman hamming hanning kaiser broadcast_shapes busday_count busday_offset is_busday
        datetime_as_string datetime_data diag_indices fft.fftfreq fft.rfftfreq
        format_float_positional format_float_scientific from_dlpack frombuffer fromfile fromregex fromstring genfromtxt get_include
        get_printoptions getbufsize geterr geterrcall indices info isdtype isfortran isscalar issubdtype iterable load loadtxt
        mask_indices mgrid mintypecode nested_iters ogrid printoptions promote_types index_exp s_ set_printoptions setbufsize
        seterr seterrcall show_config show_runtime tril_indices triu_indices typename isnat
        """,
    "numpy: deprecated; it calls np.vstack": """
        row_stack
        """,
    "numpy: a class; it keeps the coefficients that it is given, a Variable too, and calls np.polyval and its like": """
        poly1d
        """,
    "numpy: it calls a function of the caller's on arrays of indices; its result is what that gives, a Variable too": """
        fromfunction
        """,
    "refused: NumPy asks no Variable about it, and a Variable refuses to become an array; np.stack or np.concatenate for lists "
    "that hold Variables, x.data for a constant": """
        asarray_chkfinite asmatrix bmat require
        """,
    "refused: NumPy asks no Variable about it; that of dezero.numpy takes them": """
        r_ c_ vectorize
        """,
    "refused: it calls a function of the caller's on single numbers; write that function for whole Variables": """
        frompyfunc
        """,
    "refused: it writes into its argument; an assignment to a part, x[i] = v, does": """
        *.at x.partition x.sort x.resize x.setfield
        x.byteswap x.setflags
        """,
    "refused: it writes text or a file; give it x.data": """
        save savetxt savez savez_compressed array2string array_repr array_str x.dump x.dumps x.tobytes x.tofile
        """,
    "refused: of integers, bits or dates, which have no gradient; give it x.data": """
        bitwise_* invert left_shift right_shift gcd lcm packbits unpackbits
        operator_& operator_| operator_^ operator_<< operator_>> operator_~x
        """,
    "refused: what it says of data is no function to differentiate; give it x.data": """
        x.itemsize x.nbytes
        """,
    "refused: where the memory of an array lies, which is an op's own; x.data has it": """
        x.base x.ctypes x.flags x.getfield x.strides x.view x.device x.to_device
        lib.stride_tricks.as_strided
        """,
    "refused: only sums, products and greatest and least elements are reduced in this way; a loop over slices, and np.stack": """
        *.reduce *.accumulate *.reduceat
        """,
    "refused: an outer product of what has no gradient; f(x[:, None], y.data)": """
        *.outer
        """,
}
"""{what is said: the names of which it is said, or patterns of names}."""

ASIDE = ("test", "add_newdoc", "add_newdoc_ufunc", "deprecate", "deprecate_with_doc", "disp", "byte_bounds", "who", "source",
         "add_docstring", "compare_chararrays")
"""Of NumPy's own making."""

OBJECTS = ("r_", "c_", "mgrid", "ogrid", "s_", "index_exp", "vectorize", "poly1d")
"""What is used as a function and is none."""

FUNCTIONS = (np.ufunc, type(np.concatenate), type(len), type(lambda: None))
UFUNC_METHODS = ("reduce", "accumulate", "reduceat", "outer", "at")


PREFIXES = {"numpy": "", "numpy.linalg": "linalg.", "numpy.fft": "fft.", "numpy.lib.stride_tricks": "lib.stride_tricks.",
            "ufunc methods": "", "ndarray": "x.", "operators": "operator_"}


# -- what NumPy has

def public(module):
    """Return {name: function}: the public functions of a module."""
    found = {}
    for name in sorted(dir(module), key=str.lower):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")         # of what is deprecated
            function = getattr(module, name, None)
        if not name.startswith("_") and name not in ASIDE and (isinstance(function, FUNCTIONS) or module is np and name in OBJECTS):
            found[name] = function
    return found


def ufunc_methods():
    """Return {"add.reduce": (np.add, "reduce")}: the methods that each ufunc can be called by."""
    found = {}
    for name, ufunc in public(np).items():
        if isinstance(ufunc, np.ufunc) and ufunc.signature is None and ufunc.nout == 1 and ufunc.__name__ == name:
            methods = UFUNC_METHODS if ufunc.nin == 2 else ("at",)
            found |= {f"{name}.{method}": (ufunc, method) for method in methods}
    return found


def names():
    """Return {part of NumPy: {name: function, (ufunc, method), or the name itself}}."""
    return {
        "numpy": public(np), "numpy.linalg": public(np.linalg), "numpy.fft": public(np.fft),
        "numpy.lib.stride_tricks": public(np.lib.stride_tricks),
        "ufunc methods": ufunc_methods(),
        "ndarray": {name: name for name in dir(np.ndarray) if not name.startswith("_")},
        "operators": {SYMBOLS[name]: name for name in SYMBOLS},
    }


# -- what is said of it

def answered(part, key):
    """Return "rule", "composite", "constant" or "core", or None where nothing answers it."""
    snapshot = registry.snapshot
    if part == "ndarray":
        if hasattr(Variable, key) or key in object.__dir__(Variable(np.ones(1))):
            return "core"
        op = snapshot.attributes.get(key)
        if op is None and key in CONSTANT_METHODS:
            return "constant"
    elif part == "operators":
        op = snapshot.operators.get(key)
    else:
        if not isinstance(key, tuple) and any([key is constant for constant in snapshot.constants]):
            return "constant"
        op = snapshot.functions.get(key) if isinstance(key, (tuple, *FUNCTIONS)) else None
    if op is None:
        return None
    return "constant" if isinstance(op, Constant) else "core" if op.dist == "dezero" else "composite" if op.cls is None else "rule"


def reason(part, name):
    """Return what the reasons say of a name, and whether by its name, or by a pattern; None, where they say nothing."""
    name = PREFIXES[part] + name
    named = {pattern: said for said, patterns in REASONS.items() for pattern in patterns.split()}
    if name in named:
        return named[name], True
    return next(((said, False) for pattern, said in named.items() if fnmatchcase(name, pattern)), (None, False))


def table():
    """Return {part: {name: what is said of it}}, and what is wrong with it."""
    plugins.load()
    plugins.open_all()
    found, faults = {}, []
    for part, known in names().items():
        found[part] = {}
        for name, key in known.items():
            by, (said, by_name) = answered(part, key), reason(part, name)
            if by is None and said is None:
                faults.append(f"{part}: {name} is neither answered nor among the reasons why not")
            if by is not None and by_name:
                faults.append(f"{part}: {name} is answered ({by}), and among the reasons why not")
            found[part][name] = by or said
    return found, faults


def text_of(found):
    """Return the Python file that holds the table."""
    lines = ['"""What of NumPy is answered, by part; and what is not, with the reason; written by `tools/covered.py`."""\n\n',
             f'NUMPY = "{version()}"\n"""The version that was asked."""\n\nCOVERAGE = {{\n']
    for part, known in found.items():
        lines.append(f"    {part!r}: {{\n")
        for name, said in known.items():
            lines.append(f"        {name!r}: {said!r},\n")
        lines.append("    },\n")
    return "".join([*lines, "}\n"])


def version():
    """Return the version of NumPy that brings names: 2.4 of 2.4.6."""
    return ".".join(np.__version__.split(".")[:2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    found, faults = table()
    print("".join([f"{fault}\n" for fault in faults]), end="", file=sys.stderr)
    if not faults and not arguments.check:
        TABLE.write_text(text_of(found), encoding="utf-8")
    return 1 if faults or TABLE.read_text(encoding="utf-8") != text_of(found) else 0


if __name__ == "__main__":
    sys.exit(main())
