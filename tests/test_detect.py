"""detect_anomaly and detect_changes as modes: blocks, decorators, threads, and what they cost nobody else."""
import threading

import numpy as np
import pytest

import dezero
from dezero import Variable, detect_anomaly, detect_changes
from dezero.errors import GradientError, GraphError


def V(value):
    return Variable(np.array(value))


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def test_as_a_decorator():
    @detect_anomaly()
    def f(x):
        return 1.0 / x

    with pytest.raises(GradientError):
        f(V(0.0))
    assert (1.0 / V(0.0)).data == np.inf


def test_ends_with_the_block():
    block = detect_anomaly()
    with pytest.raises(KeyError):
        with block:
            with block:
                pass
            with pytest.raises(GradientError):
                V(1.0) / 0.0
            raise KeyError
    assert (V(1.0) / 0.0).data == np.inf and repr(block) == "detect_anomaly()"


def test_other_threads_are_not_concerned():
    seen = []

    def work():
        with np.errstate(all="ignore"):
            seen.append((V(1.0) / 0.0).data.item())

    with detect_anomaly():
        t = threading.Thread(target=work)
        t.start()
        t.join()
    assert seen == [np.inf]


def test_both_at_once():
    x = V([1.0, 2.0])
    with detect_changes(), detect_anomaly():
        y = (x * x).sum()
        y.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


@pytest.mark.skipif(dezero._kernels.IN_USE != "compiled", reason="there are no loops to leave")
def test_loops_run_again_after_the_block(monkeypatch):
    asked, rule = [], dezero.Mul.backward
    monkeypatch.setattr(dezero.Mul, "backward", lambda f, gy: asked.append(f) or rule(f, gy))
    x = Variable(np.array([1.0, 2.0]))

    def run():
        before = len(asked)
        (x * x).backward()
        return len(asked) > before

    assert not run()
    with detect_changes():
        y = x * x
        assert run()
    assert not run()
    y.data[0] = 5.0
    x.data[0] = 7.0
    with pytest.raises(GraphError, match="changed in place"):
        y.backward()
    assert len(asked) == 1              # and fingerprints are compared there too
