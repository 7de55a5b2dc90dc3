"""Write src/dezero_scipy/coverage.py: what of SciPy is answered, as the registry has it; and what is not, with the reasons below.

  python tools/covered.py             write it
  python tools/covered.py --check     leave with 1 where it would be written otherwise

A ufunc that is neither registered nor among the reasons is an error, and so is one that is both.
"""
import argparse
import importlib
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy
import scipy.special as sp
from dezero import plugins
from dezero.registry import Constant, registry

TABLE = Path(__file__).parents[1] / "src" / "dezero_scipy" / "coverage.py"

REASONS = {
    "refused: it has no known derivative by any of its arguments; give it x.data or x.detach()": """
        chndtridf ncfdtridfd ncfdtridfn nctdtridf
        """,
    "refused: SciPy's values have six digits, so that no derivative could be tested; give it x.data": """
        ncfdtrinc nctdtrinc
        """,
}
"""{what is said: the ufuncs of which it is said}."""

MODULES = {f"scipy.{name}": f"dezero_scipy.{name}" for name in (
    "integrate", "interpolate", "linalg", "ndimage", "optimize", "signal", "sparse", "special", "stats")}
MODULES["scipy.sparse.linalg"] = "dezero_scipy.sparse"


def ufuncs():
    """Return {name: ufunc} of scipy.special."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = {name: getattr(sp, name) for name in sorted(dir(sp), key=str.lower) if name[0] != "_"}
    return {name: f for name, f in known.items() if isinstance(f, np.ufunc)}


def answered(ufunc):
    """Return "rule" or "constant", or None where nothing answers a ufunc."""
    if any([ufunc is constant for constant in registry.snapshot.constants]):
        return "constant"
    op = registry.snapshot.functions.get(ufunc)
    return None if op is None else "constant" if isinstance(op, Constant) else "rule"


def table():
    """Return {part: {name: what is said of it}}, and what is wrong with it."""
    plugins.load()
    plugins.open_all()
    reasons = {name: said for said, names in REASONS.items() for name in names.split()}
    found, faults = {}, []
    for name, ufunc in ufuncs().items():
        by, said = answered(ufunc), reasons.get(name)
        if by is None and said is None:
            faults.append(f"{name} is neither answered nor among the reasons why not")
        if by is not None and said is not None:
            faults.append(f"{name} is answered ({by}), and among the reasons why not")
        found[name] = by or said
    parts = {"scipy.special": found}
    for original, twin in MODULES.items():
        names = vars(importlib.import_module(twin))
        known = importlib.import_module(original)
        parts.setdefault(original, {}).update({
            name: f"twin: {twin}.{name}" for name in sorted(names) if name[0] != "_" and hasattr(known, name)
            and (callable(names[name]) or original == "scipy.stats") and names[name] is not getattr(known, name)})
    return parts, faults


def text_of(found):
    """Return the Python file that holds the table."""
    lines = ['"""What of SciPy is answered, and what is not, with the reason; written by `tools/covered.py`."""\n\n',
             f'SCIPY = "{version()}"\n"""The version that was asked."""\n\nCOVERAGE = {{\n']
    for part, known in found.items():
        lines.append(f"    {part!r}: {{\n")
        lines += [f"        {name!r}: {said!r},\n" for name, said in known.items()]
        lines.append("    },\n")
    return "".join([*lines, "}\n"])


def version():
    """Return the version of SciPy that brings names: 1.17 of 1.17.1."""
    return ".".join(scipy.__version__.split(".")[:2])


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
