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
MAKERS = ("frompyfunc",)         # which takes no arrays, but a function
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


@pytest.mark.parametrize("name", [name for part in COVERAGE if part.startswith("numpy") for name, said in COVERAGE[part].items()
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


def constant_calls():
    """Return {how it is called: a call on one matrix}, of all that is said to be constant."""
    found = {f"x.{name}": lambda x, name=name: getattr(x, name)() for name, said in COVERAGE["ndarray"].items() if said == "constant"}
    for part, known in covered.names().items():
        if part.startswith("numpy"):
            found |= {name: known[name] for name, said in COVERAGE[part].items() if said == "constant"}
    for name in ("array_equal array_equiv equal greater greater_equal isclose less less_equal not_equal logical_and logical_or logical_xor "
                 "allclose may_share_memory shares_memory isin").split():
        found[name] = lambda x, f=found[name]: f(x, x[::-1] + 0.0)
    for name in "eye identity tri ones zeros".split():
        found[name] = lambda x, f=found[name]: f(3, like=x) if isinstance(x, Variable) else f(3)
    return found | {
        "empty": lambda x: np.empty((3, 2), like=x if isinstance(x, Variable) else None).shape, "empty_like": lambda x: np.empty_like(x).shape,
        "full_like": lambda x: np.full_like(x, 2.0), "can_cast": lambda x: np.can_cast(x.dtype, int),
        "digitize": lambda x: np.digitize(x[0], [0.0, 1.0]), "searchsorted": lambda x: np.searchsorted([0.0, 1.0], x),
        "x.searchsorted": lambda x: x.reshape(-1).searchsorted(0.5), "argpartition": lambda x: np.argpartition(x, 1),
        "x.argpartition": lambda x: x.argpartition(1), "lexsort": lambda x: np.lexsort((x[0], x[1])),
        "einsum_path": lambda x: np.einsum_path("ij,jk", x, x)[1], "ravel_multi_index": lambda x: np.ravel_multi_index(([0, 1], [1, 1]), x.shape),
        "unravel_index": lambda x: np.unravel_index([0, 3], x.shape),
    }


CONSTANT_CALLS = constant_calls()


@pytest.mark.parametrize("name", CONSTANT_CALLS)
def test_what_is_constant_does_not_change_with_its_argument(name):
    """A function that moves with floats, as np.ix_ does, would lose their gradient in silence."""
    x = np.array([[0.3, 1.7, -0.4], [2.6, 0.8, -1.2], [0.6, -2.1, 1.4]])
    wanted = CONSTANT_CALLS[name](x)
    for y in CONSTANT_CALLS[name](Variable(x)), CONSTANT_CALLS[name](Variable(x * (1 + 1e-6))):
        np.testing.assert_array_equal(y.data if isinstance(y, Variable) else y, wanted)


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
