"""The table of what is answered says what the registry has, and leaves out nothing of the NumPy that is installed."""
import os
import sys

import covered
import numpy as np
import pytest
import use_covered
from dezero import Variable
from dezero_numpy.coverage import COVERAGE, NUMPY

FOUND, FAULTS = covered.table()
MAKERS = ("frompyfunc", "fromfunction")         # which take no arrays, but a function
KINDS = {"rule", "composite", "constant", "core", "numpy", "refused"}


def test_each_name_is_answered_or_has_a_reason():
    """A name that a later NumPy brings fails where its version is pinned, and is told elsewhere."""
    if FAULTS and covered.version() != NUMPY and not os.environ.get("CI"):
        pytest.xfail("; ".join(FAULTS))
    assert FAULTS == []


@pytest.mark.parametrize("part", FOUND)
def test_the_table_is_as_it_would_be_written(part):
    """`python tools/covered.py` writes it."""
    names = {name: said for name, said in FOUND[part].items() if said is not None}
    if covered.version() == NUMPY:
        assert COVERAGE[part] == names
    else:
        assert {name: COVERAGE[part][name] for name in names if name in COVERAGE[part]} == {
            name: said for name, said in names.items() if name in COVERAGE[part]}


def test_what_is_said():
    said = {said for names in COVERAGE.values() for said in names.values()}
    assert {text.partition(":")[0] for text in said} == KINDS
    assert all(";" in text for text in said if text.startswith("refused"))      # the reason; what to write
    assert COVERAGE["numpy"]["exp"] == "rule"
    assert COVERAGE["ndarray"]["reshape"] == COVERAGE["ufunc methods"]["add.reduce"] == "core"
    assert COVERAGE["numpy"]["clip"] == "composite" and COVERAGE["numpy"]["argmax"] == "constant"


def test_each_reason_is_needed():
    names = [covered.PREFIXES[part] + name for part, known in covered.names().items() for name in known]
    unused = [pattern for patterns in covered.REASONS.values() for pattern in patterns.split()
              if not any(covered.fnmatchcase(name, pattern) for name in names)]
    assert unused == [] or covered.version() != NUMPY


@pytest.mark.parametrize("name", [name for part in ("numpy", "numpy.linalg", "numpy.fft") for name, said in COVERAGE[part].items()
                                  if said.startswith("refused") and name not in MAKERS and name not in covered.OBJECTS])
def test_what_is_refused_raises(name):
    """Nothing of which it is said that it is refused gives a result, whatever it is called with."""
    function = next(known[name] for part, known in covered.names().items() if part.startswith("numpy") and name in known)
    x = Variable(np.array([[2.0, 1.0], [1.0, 3.0]]))
    for count in range(1, 5):
        try:
            y = function(*[x] * count)
        except Exception:
            continue
        assert y is None                # of bmat, which knows no such type


def test_use_covered(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(use_covered, "COVERAGE", {
        "numpy": {"exp": "rule", "unique": "refused: why; what", "shape": "constant"}, "numpy.linalg": {"eig": "refused: eh; what"},
        "numpy.fft": {},
        "ufunc methods": {"multiply.at": "refused: oh; what"}, "ndarray": {"T": "core"}, "operators": {"+": "core"}})
    file = tmp_path / "use.tsv"
    file.write_text("function\tkind\tshare_permille\nnumpy.exp\tdifferentiable\t30\nndarray.T\tdifferentiable\t5\n"
                    "operator.+\tdifferentiable\t1\n"
                    "numpy.unique\tdifferentiable\t4\nnumpy.linalg.eig\tdifferentiable\t0\nnumpy.multiply.at\tdifferentiable\t0\n"
                    "numpy.shape\tconstant\t50\nnumpy.int\tdifferentiable\t50\n")
    monkeypatch.setattr(sys, "argv", ["use_covered.py", str(file)])
    assert use_covered.main() == 0
    assert capsys.readouterr().out.splitlines() == [
        "use covered: 90.00 % (3 of 6 names)", " 10.00 %  numpy.unique: refused: why; what",
        "  0.00 %  numpy.linalg.eig: refused: eh; what",
        "  0.00 %  numpy.multiply.at: refused: oh; what", "not a function, method or operator of NumPy 2: numpy.int"]
