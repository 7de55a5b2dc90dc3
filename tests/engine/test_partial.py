"""Gradients by chosen Variables: the ground that transforms stand on."""
import numpy as np
import pytest

from dezero import Function, Variable, detect_anomaly
from dezero.engine.partial import argument, depends_on_others, gradients
from dezero.errors import GraphError


class Both(Function):
    def forward(self, x):
        return x * 2.0, x * 3.0

    def backward(self, g0, g1):
        return g0 * 2.0 + g1 * 3.0


def leaf(*values):
    return Variable(np.array(values))


def test_by_leaves_and_by_what_was_computed():
    x, w = leaf(1.0, 2.0), leaf(3.0, 5.0)
    t = x * w
    y = t * t + x
    assert [g.tolist() for g in gradients([y], [None], [x, w])] == [[19.0, 101.0], [6.0, 40.0]]
    assert gradients([y], [None], [t])[0].tolist() == [6.0, 20.0]
    assert gradients([y], [np.array([1.0, 10.0])], [t, x])[1].tolist() == [1.0, 10.0]       # t is where it ends: x's own way alone
    assert x.grad is None and w.grad is None and t.grad is None


def test_of_several_results_and_of_none():
    x, w = leaf(1.0, 2.0), leaf(3.0, 5.0)
    ys = [x * w, x * 2.0]
    assert gradients(ys, [None, np.array([1.0, 0.0])], [x])[0].tolist() == [5.0, 5.0]
    assert gradients([x * 2.0], [None], [w, x])[0] is None
    assert gradients([x], [None], [x])[0].tolist() == [1.0, 1.0]


def test_of_one_output_of_several():
    x = leaf(1.0, 2.0)
    a, b = Both()(x)
    assert gradients([a], [None], [x])[0].tolist() == [2.0, 2.0]
    assert gradients([a, b], [None, None], [x])[0].tolist() == [5.0, 5.0]


def test_to_be_differentiated_again():
    x = leaf(2.0, 3.0)
    g, = gradients([x ** 3], [None], [x], True)
    assert isinstance(g, Variable)
    assert gradients([g], [None], [x])[0].tolist() == [12.0, 18.0]


def test_linear_in_the_cotangent_alone():
    x, u = leaf(2.0, 3.0), leaf(1.0, 1.0)
    g, = gradients([x ** 3], [u], [x], True, True)
    assert gradients([g], [None], [u])[0].tolist() == [12.0, 27.0]
    assert gradients([g], [None], [x])[0] is None


def test_nothing_is_shared_with_what_came_in():
    x, gy = leaf(1.0, 2.0), np.array([1.0, 1.0])
    g, = gradients([x], [gy], [x])
    assert g is not gy and not np.may_share_memory(g, gy)


def test_while_another_walk_is_under_way_and_while_somebody_watches():
    inner = []

    class Asks(Function):
        def forward(self, x):
            return x * 1.0

        def backward(self, gy):
            inner.append(gradients([z], [None], [w])[0].tolist())
            return gy

    w = leaf(4.0)
    z = w * w
    x = leaf(1.0)
    Asks()(x).backward()
    assert inner == [[8.0]] and x.grad.tolist() == [1.0]
    with detect_anomaly():
        assert gradients([z], [None], [w])[0].tolist() == [8.0]


def test_flags_are_reported_once():
    x = leaf(1e-300)
    y = 1.0 / x
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="backward"):
        gradients([y], [None], [x])
    with np.errstate(over="ignore"):
        assert np.isinf(gradients([y], [None], [x])[0]).all()


def test_arguments():
    assert argument(2.0).data.shape == ()
    with pytest.raises(GraphError, match="transform"):
        argument(2.0).data = np.array(1.0)
    outer = leaf(1.0, 2.0)
    inner = argument(outer)
    assert inner is not outer and gradients([inner * 3.0], [None], [outer])[0].tolist() == [3.0, 3.0]
    assert not depends_on_others([inner * 3.0], [inner]) and depends_on_others([inner * outer], [inner])
