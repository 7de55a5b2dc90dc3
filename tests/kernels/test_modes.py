"""How rules run: in a context of their own, which nothing that happens in it can leave behind."""
import contextvars
import subprocess
import sys
import threading

import numpy as np
import pytest

from dezero import Config, Function, Variable, _kernels, config, no_grad, using_config

told = contextvars.ContextVar("told", default="nobody")


class Asks(Function):
    """y = 2x, by a rule that does what it is given to do."""

    def __init__(self, ask):
        self.ask = ask

    def forward(self, x):
        return x * 2.0

    def backward(self, gy):
        self.ask()
        return gy * 2.0


def through(ask, **how):
    """The gradient of Asks, with what its rule does on the way."""
    x = Variable(np.array([1.0, 3.0]))
    with using_config("enable_backprop", True):
        y = Asks(ask)(x)
    y.backward(**how)
    return x.grad


def state():
    return np.geterr(), np.geterrcall(), config.modes.get(), Config.enable_backprop, told.get()


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_rule_is_recorded_where_its_gradients_are(create_graph):
    seen = []
    for outside in (True, False):
        with using_config("enable_backprop", outside):
            x = Variable(np.array(1.0))
            with using_config("enable_backprop", True):
                y = Asks(lambda: seen.append(Config.enable_backprop))(x)
            y.backward(create_graph=create_graph)
            assert Config.enable_backprop is outside
    assert seen == [create_graph] * 2


def test_a_rule_sees_the_callers_context_and_leaves_nothing_in_it():
    def ask():
        seen.append(told.get())
        told.set("the rule")
        np.seterr(all="raise")
        Config.enable_backprop = True
        Config.keep_data = True
        no_grad().__enter__()

    seen, before = [], state()
    token = told.set("the caller")
    assert through(ask).tolist() == [2.0, 2.0]
    assert seen == ["the caller"] and told.get() == "the caller"
    told.reset(token)
    assert state() == before and Config.keep_data is False


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError, GeneratorExit])
def test_a_rule_that_fails_leaves_all_as_it_was(error, create_graph):
    def ask():
        told.set("the rule")
        np.seterr(all="ignore")
        raise error

    token = told.set("the caller")
    before = state()
    with pytest.raises(error):
        through(ask, create_graph=create_graph)
    assert state() == before
    assert through(lambda: None).tolist() == [2.0, 2.0]
    told.reset(token)


@pytest.mark.skipif(not _kernels.COMPILED, reason="what a rule was the first to set stays set")
def test_a_rule_that_sets_a_variable_for_the_first_time_leaves_nothing():
    first = contextvars.ContextVar("first")
    assert through(lambda: first.set("the rule")).tolist() == [2.0, 2.0]
    assert first.get(None) is None


def test_a_backward_inside_a_rule():
    def ask():
        inner.append(through(lambda: seen.append(Config.enable_backprop)).tolist())
        seen.append(Config.enable_backprop)

    inner, seen, before = [], [], state()
    assert through(ask, create_graph=True).data.tolist() == [2.0, 2.0]
    assert inner == [[2.0, 2.0]] and seen == [False, True] and state() == before


def test_flags_of_a_rule_are_reported_once_by_the_callers_errstate():
    def overflow():
        np.array([1e300]) * 1e300

    with np.errstate(all="ignore"):
        through(overflow)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow encountered in backward"):
        through(overflow)
    with pytest.warns(RuntimeWarning) as caught:
        through(lambda: (overflow(), overflow()))
    assert [str(w.message) for w in caught] == ["overflow encountered in backward"]


def test_flags_of_a_pass_that_failed_are_not_another_ones():
    def fails():
        np.array([1e300]) * 1e300
        raise ValueError

    with pytest.raises(ValueError):
        through(fails)
    assert through(lambda: None).tolist() == [2.0, 2.0]         # warnings are errors

    def survives():
        np.array([1.0]) / 0.0
        with pytest.raises(ValueError):
            through(fails)

    with pytest.warns(RuntimeWarning, match="divide by zero encountered in backward") as caught:
        through(survives)
    assert len(caught) == 1


def test_generators_and_threads_that_a_rule_starts():
    def values():
        with no_grad():
            yield Config.enable_backprop
        yield Config.enable_backprop

    def ask():
        seen.extend(values())
        thread = threading.Thread(target=lambda: seen.append(Config.enable_backprop))
        thread.start()
        thread.join()

    seen = []
    through(ask)
    assert seen == [False, False, True]     # a new thread begins with the defaults


def test_a_mode_is_left_by_itself_also_out_of_order():
    first, second = no_grad(), using_config("keep_data", True)
    first.__enter__(), second.__enter__()
    first.__exit__(None, None, None)
    assert Config.enable_backprop is True and Config.keep_data is True
    second.__exit__(None, None, None)
    assert config.modes.get() is None
    first.__exit__(None, None, None)        # it is not entered: nothing
    assert config.modes.get() is None


def test_nobody_is_in_a_mode_once_all_are_left():
    """Stacks of modes are counted; the ops read the modes again as soon as one lives."""
    x = Variable(np.array(1.0))
    for _ in range(3):
        with no_grad():
            assert (x * 2.0).creator is None
        assert (x * 2.0).creator is not None
    with pytest.raises(TypeError):
        config.ModeStack(5)                 # one that fails to be made is not counted
    assert (x * 2.0).creator is not None


def test_the_context_variable_of_errstate_is_found():
    from dezero._kernels.floating import errstate_calling
    calls = []
    variable, value = errstate_calling(lambda *what: calls.append(what))
    context = contextvars.copy_context()
    context.run(variable.set, value)
    context.run(lambda: np.array([1.0]) / 0.0)
    assert calls == [("divide by zero", 1)] and np.geterr()["divide"] == "warn"


ROOTS = """
import numpy as np
from dezero import Variable
for dtype in ("i8", "i1", "?", "f2", "g", "u4"):
    for shape in ((), 3, (40, 50), 100_000):
        x = Variable(np.ones(shape, dtype))
        x.backward()
        y = x + x
        x.cleargrad()
        y.backward()
        assert (x.grad == 2).all() and x.grad.shape == x.shape, (dtype, shape)
"""


def test_roots_that_no_loop_is_for():
    """backward() of such a root looked for its dtype at place -1 of a table."""
    subprocess.run([sys.executable, "-P", "-c", ROOTS], check=True)
