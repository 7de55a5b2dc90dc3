"""Who looks on: each point of the protocol is reached, in the ordinary walk and in the one with a table."""
import numpy as np
import pytest
from strategies import COMPILED_ENGINE

from dezero import Function, Variable, no_grad
from dezero.engine import higher, hooks, tape

# Compiled, the engine's state and the methods of Hooks are C's: the rooms that implement them are tested there
# (test_guarded, test_watch, test_higher); the protocol itself is the same code, seen here in plain Python.
pytestmark = pytest.mark.skipif(COMPILED_ENGINE, reason="hooks of the compiled engine are compiled classes")


class Double(Function):
    def forward(self, x):
        return x * 2.0, x + 0.0

    def backward(self, g0, g1):
        return g0 * 2.0 + g1


@pytest.fixture
def seen(monkeypatch):
    told = []

    class Records(higher.Observers):
        def operand(self, x):
            told.append(("operand", x))
            return super().operand(x)

        def result(self, y, cls, operands):
            told.append(("result", cls))

        def unrecorded(self, x):
            told.append(("unrecorded", x))
            return super().unrecorded(x)

        def before_rule(self, node, gradient):
            if gradient is None:
                gradient = node.gradient() if node.place < 0 or node.op is None else node.op._gys
            told.append(("gradient", node.place, gradient))

    assert tape.engine is hooks.engine
    monkeypatch.setattr(tape.engine, "hooks", Records())
    return told


@pytest.mark.parametrize("create_graph", [False, True])
def test_each_gradient_is_seen_when_it_is_complete(seen, monkeypatch, create_graph):
    monkeypatch.setattr(tape.engine, "rule_watchers", 1)
    x = Variable(np.array(3.0))
    a, b = Double()(x)
    y = a * a
    y.backward(create_graph=create_graph)
    data = lambda g: g if g is None else (g.data if isinstance(g, Variable) else g).item()
    told = [what[1:] for what in seen if what[0] == "gradient"]
    found = [(place, [data(g) for g in gs] if isinstance(gs, list) else data(gs)) for place, gs in told]
    assert found == [(-1, 1.0), (0, 12.0), (2, [12.0, None]), (-1, 24.0)]       # y, the pick, the call, the leaf
    assert data(x.grad) == 24.0


def test_results_are_seen_while_somebody_watches(seen, monkeypatch):
    x = Variable(np.array(3.0))
    x * 2.0
    assert seen == []
    monkeypatch.setattr(tape.engine, "watchers", 1)
    Double()(x)
    assert [what for what, *_ in seen] == ["result", "result"] and seen[0][1] is Double


def test_what_is_not_recorded_is_seen(seen):
    x = Variable(np.array(3.0))
    with no_grad():
        Double()(x)
    assert seen == [("unrecorded", x)]


def test_the_engine_comes_with_hooks_that_do_nothing():
    assert type(hooks.Engine().hooks) is hooks.Hooks
    plain = hooks.Hooks()
    assert plain.operand(1) is plain.unrecorded(1) is plain.result(1, 2, 3) is plain.before_rule(1, 2) is None
