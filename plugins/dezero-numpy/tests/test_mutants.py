"""What is changed in a rule, the kit finds at the op's own samples."""
import os

import mutants
import pytest

COUNT = int(os.environ.get("DEZERO_NUMPY_MUTANTS", "6"))        # of each module; `python tests/mutants.py` tries all


@pytest.mark.parametrize("case", mutants.picked(COUNT), ids=lambda case: f"{case[1]}: {case[2]}")
def test_a_mutant_is_found(case):
    assert mutants.is_found(*case), "add a sample that this fails, or say in mutants.txt why it is right"


@pytest.mark.parametrize("op", [op for ops in mutants.ops().values() for op in ops[::9]], ids=lambda op: op.name)
def test_what_is_not_changed_passes(op):
    mutants.check(mutants.with_rule(op, op.rule), op)


def test_what_is_known_is_a_mutant():
    """An entry of mutants.txt whose rule is another one by now is to be taken out."""
    every = {mutants.key(case) for module, ops in mutants.ops().items() for case in mutants.cases(module, ops)}
    assert [line for line in mutants.known() if line not in every] == []
    assert {reason.partition(":")[0] for reason in mutants.known().values()} <= {"equal", "elsewhere", "hole"}
