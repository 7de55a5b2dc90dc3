"""Each ufunc of scipy.special is a rule, a constant, or refused with a reason; so the committed table says."""
import os
import subprocess
import sys

import covered
import numpy as np
import pytest
import scipy.special as sp
from dezero import Variable
from dezero_scipy.coverage import COVERAGE, SCIPY

FOUND, FAULTS = covered.table()
REFUSED = [name for name, said in COVERAGE["scipy.special"].items() if said.startswith("refused")]


def test_each_ufunc_is_answered_or_has_a_reason():
    """A name that a later SciPy brings fails where its version is pinned, and is told elsewhere."""
    if FAULTS and covered.version() != SCIPY and not os.environ.get("CI"):
        pytest.xfail("; ".join(FAULTS))
    assert FAULTS == []


@pytest.mark.skipif(covered.version() != SCIPY, reason=f"the table is of SciPy {SCIPY}")
@pytest.mark.parametrize("part", FOUND)
def test_the_table_is_as_it_would_be_written(part):
    """`python tools/covered.py` writes it."""
    assert COVERAGE[part] == FOUND[part]


def test_how_many():
    said = [said.partition(":")[0] for said in COVERAGE["scipy.special"].values()]
    assert set(said) == {"rule", "constant", "refused", "twin"}
    assert said.count("rule") >= 224 and said.count("constant") == 2
    assert COVERAGE["scipy.special"]["logsumexp"] == "twin: dezero_scipy.special.logsumexp" and said.count("twin") >= 15


@pytest.mark.parametrize("name", [name for name in REFUSED if hasattr(sp, name)])
def test_what_is_refused_raises(name):
    ufunc = getattr(sp, name)
    x = Variable(np.array([0.5, 0.25]))
    with pytest.raises(TypeError, match=f"scipy.special.{name} of a Variable"):
        ufunc(*[x] * ufunc.nin)


def test_the_claims_are_as_they_would_be_written():
    modules = [*covered.importlib.import_module("dezero_scipy.claims").CLAIMS]
    file = covered.TABLE.with_name("claims.py")
    command = [sys.executable, "-m", "dezero", "claims", *modules, "-o", str(file), "--check"]
    done = subprocess.run(command, cwd=file.parents[1].parent / "tests", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_scipy_is_not_imported_before_its_user_does():
    code = ("import sys, numpy as np, dezero; dezero.plugins.load(); x = dezero.Variable(np.ones(2)); np.exp(x).backward(); "
            "assert dezero.plugins.failures == (), dezero.plugins.failures; "
            "print([name for name in sys.modules if name.partition('.')[0] == 'scipy'])")
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
