"""Facts about a graph, which is not changed by looking."""
import weakref

import numpy as np
import pytest

from dezero import Function, Variable, no_grad
from dezero.engine.survey import survey


def facts_of(*variables, most=1000):
    return survey(list(variables), most)[0]


class Both(Function):
    def forward(self, x):
        return x * 2.0, x * 3.0

    def backward(self, g0, g1):
        return g0 * 2.0 + g1 * 3.0


def test_each_after_its_parents_and_once():
    x = Variable(np.array([1.0, 2.0]), "x")
    t = x * x
    facts, places = survey([t * t, x, t + x], 1000)
    assert [(fact.kind, fact.parents) for fact in facts] == [("leaf", []), ("op", [0, 0]), ("op", [1, 1]), ("op", [1, 0])]
    assert places == [2, 0, 3] and facts[0].name == "x" and facts[0].shape == (2,) and facts[0].dtype == np.float64


def test_kinds():
    x = Variable(np.array([1.0, 2.0]))
    with no_grad():
        free = x * 2.0
    a, b = Both()(x)
    changed = x * 3.0
    changed.data = np.array([7.0, 8.0])
    facts = facts_of(free, x.detach(), Variable(None), a * free, changed * x.detach())
    by_form = [fact for fact in facts if fact.number is None]            # where Python methods did the work, numbers have nodes
    assert [fact.kind for fact in by_form] == ["free", "leaf", "call", "output", "op", "op", "identity", "constant", "op", "constant", "leaf"]
    assert [(fact.output, fact.parents) for fact in by_form[2:4]] == [(2, [1]), (0, [2])]
    assert by_form[2].value == "none" and by_form[-1].value == "none" and by_form[7].constant and not by_form[8].constant


def test_of_a_variable_that_nothing_has_used():
    x = Variable(np.array(2.5), "x")
    fact, = facts_of(x)
    assert (fact.kind, fact.name, fact.number, fact.value, fact.grad) == ("leaf", "x", 2.5, "held", None)
    assert x.generation == 0 and facts_of(x)[0].value == "held"         # no node was made
    (x * x).backward()
    assert facts_of(x)[0].grad == 5.0


def test_numbers_and_arrays_that_are_no_nodes():
    x = Variable(np.array([1.0, 2.0]))
    for y, place, number in ((2.0 * x, 0, 2.0), (x / 3.0, 1, 3.0), (x + np.array([5.0, 6.0]), 1, None)):
        facts = facts_of(y)                                             # no gradient reads what is added
        p = facts[-1].parents[place]
        assert (facts[-1].operand if p is None else facts[p].number) == number and (p is None or facts[p].kind == "constant")


def test_gradients_that_are_variables():
    x = Variable(np.array(3.0))
    (x ** 3).backward(create_graph=True)
    assert facts_of(x)[0].grad == 27.0


def test_what_has_become_of_values(form):
    x = Variable(np.ones((300, 300)))
    y = x * x + x
    z = (y * 2.0) * x                       # of y * 2.0 the gradient of x is made
    facts = facts_of(z)
    found = [fact.value for fact in facts if fact.kind != "constant"]
    assert set(found) <= {"kept", "held", "again", "dropped"} and found[0] == "kept"
    if form == "compiled":
        assert found[1] in ("dropped", "again") and found[-1] == "held"
    else:
        assert set(found) == {"kept"}
    assert [fact.value for fact in facts_of(z)] == [fact.value for fact in facts]
    z.backward()
    np.testing.assert_array_equal(x.grad, np.full((300, 300), 10.0))


def test_a_value_that_is_computed_again(form):
    if form != "compiled":
        pytest.skip("nothing is computed again here")
    a, b = Variable(np.full((300, 300), 2.0)), Variable(np.full((300, 300), 3.0))
    t = a * b
    u = t * t
    y = u * u
    del t, u                                # the gradient of y reads u, which a few cheap steps bring back where they are large
    values = [fact.value for fact in facts_of(y)]
    assert values == ["kept", "kept", "kept", "again", "held"]
    assert [fact.value for fact in facts_of(y)] == values
    y.backward()
    np.testing.assert_array_equal(a.grad, 4 * 2.0 ** 3 * 81.0)
    np.testing.assert_array_equal(b.grad, 4 * 2.0 ** 4 * 27.0)


def test_nothing_is_kept_alive_or_made():
    x = Variable(np.array([1.0, 2.0]))
    y = Both()(x)[0] * x
    before = weakref.getweakrefcount(y)
    facts = facts_of(y)
    assert weakref.getweakrefcount(y) == before
    alive = weakref.ref(y)
    del y
    assert alive() is None and len(facts) == 4


def test_of_large_graphs_what_is_next_to_the_result():
    x = Variable(np.array(1.0), "x")
    y = x
    for _ in range(5000):
        y = y + x
    facts = facts_of(y, most=100)
    assert len(facts) == 100 and -1 in facts[1].parents + facts[0].parents and facts[-1].number == 5001.0
    assert sum([-1 in fact.parents for fact in facts]) == 1 and facts[-1].kind == "op"
    assert len(facts_of(y, most=10_000)) == 5001
