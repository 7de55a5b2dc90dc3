"""Print how much of the use that a survey has counted is answered, and what is missing.

  python tools/use_covered.py USAGE.tsv

The file has a line for each function, with the columns `function` (numpy.exp, ndarray.T, operator.@), `kind` and
`share_permille`.  What counts is of the kind "differentiable", and in NumPy 2.
"""
import argparse
import csv
import sys

from dezero_numpy.coverage import COVERAGE


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    with open(parser.parse_args().file, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["kind"] == "differentiable"]
    known, unknown = {}, []
    for row in rows:
        said = said_of(row["function"])
        if said is None:
            unknown.append(row["function"])
        else:
            known[row["function"]] = float(row["share_permille"]), said
    missing = {name: (share, said) for name, (share, said) in known.items() if said.startswith("refused")}
    whole, lost = (sum([share for share, _ in found.values()]) for found in (known, missing))
    print(f"use covered: {100 - 100 * lost / whole:.2f} % ({len(known) - len(missing)} of {len(known)} names)")
    for name, (share, said) in missing.items():
        print(f"{100 * share / whole:6.2f} %  {name}: {said}")
    print(f"not a function, method or operator of NumPy 2: {' '.join(unknown)}")
    return 0


def said_of(name):
    """Return what the table says of a name, or None where NumPy has no function of it."""
    space, _, rest = name.partition(".")
    if space in ("ndarray", "operator"):
        return COVERAGE["ndarray" if space == "ndarray" else "operators"].get(rest)
    for part, before in (("numpy.linalg", "linalg."), ("numpy.fft", "fft."), ("numpy.lib.stride_tricks", "lib.stride_tricks."),
                         ("ufunc methods", ""), ("numpy", "")):
        if rest.startswith(before) and rest.removeprefix(before) in COVERAGE[part]:
            return COVERAGE[part][rest.removeprefix(before)]
    return None


if __name__ == "__main__":
    sys.exit(main())
