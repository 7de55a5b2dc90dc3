"""What is changed in a rule, the kit finds at the op's own samples."""
import os
from pathlib import Path

import pytest
from dezero.testing import mutants

FILE = Path(__file__).with_name("mutants.txt")
COUNT = int(os.environ.get("DEZERO_SCIPY_MUTANTS", "2"))    # of each module; `python -m dezero.testing.mutants` tries all

ANEW = {"gammas", "special"}
"""Modules with rules that are others since their mutants were run and looked at."""


def picked():
    return [mutant for mutant in mutants.picked("dezero-scipy", FILE, COUNT)
            if mutant.module.__name__.rpartition(".")[2] not in ANEW]


@pytest.mark.parametrize("mutant", picked(), ids=str)
def test_a_mutant_is_found(mutant):
    assert mutant.is_found(), "add a sample that this fails, or say in mutants.txt why it is right"


@pytest.mark.parametrize("op", [op for ops in mutants.modules_of("dezero-scipy").values() for op in ops[::40]], ids=lambda op: op.name)
def test_what_is_not_changed_passes(op):
    mutants.check(mutants.with_rule(op, op.rule), op)


def test_what_is_known_is_a_mutant():
    """An entry of mutants.txt whose rule is another one by now is to be taken out."""
    assert mutants.outdated("dezero-scipy", FILE) == []
    assert {reason.partition(":")[0] for reason in mutants.known(FILE).values()} <= {"equal", "elsewhere", "hole"}
