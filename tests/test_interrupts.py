"""Whatever goes wrong in a pass, the process is as it was before it, or as after it: signals at random instants, no memory, forks.

`interrupted` has the programs.  DEZERO_TEST_EXAMPLES=2500 makes it 20 000 signals that hit, 4 000 for each program.
"""
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from interrupted import PROGRAMS, process_state
from strategies import COMPILED_ENGINE, assert_runs

from dezero import Variable, using_config
from dezero._kernels import IN_USE

HITS = 8 * int(os.environ.get("DEZERO_TEST_EXAMPLES", "40")) // len(PROGRAMS)
PATH = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
between_lines = pytest.mark.skipif(not COMPILED_ENGINE, reason="between two lines of Python an exception may strike anywhere")
by_name = pytest.mark.parametrize("kind", PROGRAMS, ids=lambda kind: kind.__name__)


class Alarm(BaseException):
    """It strikes while `armed` alone: a signal that another thread was given may come late."""

    armed = False


def raise_alarm(number, frame):
    if Alarm.armed:
        Alarm.armed = False
        raise Alarm


@between_lines
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX signals")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@by_name
def test_signals_at_random_instants(kind):
    """A signal that strikes a finalizer, of whatever is just collected, is told by Python and is no hit."""
    program, before, chance = kind(), process_state(), random.Random(kind.__name__)
    old = signal.signal(signal.SIGALRM, raise_alarm)
    begin = time.perf_counter()
    program.run()
    lasts = time.perf_counter() - begin
    program.clear()
    hits = tries = 0
    try:
        while hits < HITS:
            assert tries < 100 * HITS, f"{hits} hits in {tries} runs of {lasts} s"
            tries += 1
            try:
                try:
                    Alarm.armed = True
                    signal.setitimer(signal.ITIMER_REAL, max(chance.uniform(0, lasts), 2e-6))
                    program.run()
                finally:
                    Alarm.armed = False
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Alarm:
                hits += 1
            assert process_state() == before, f"{kind.__name__}, hit {hits}: {process_state()}, before {before}"
            program.check(f"hit {hits}")
    finally:
        signal.signal(signal.SIGALRM, old)


def has_set_nomemory():
    try:
        import _testcapi
    except ImportError:
        return False
    return hasattr(_testcapi, "set_nomemory")


no_memory = pytest.mark.skipif(not has_set_nomemory(), reason="this CPython comes without _testcapi.set_nomemory")


@no_memory
@pytest.mark.skipif(IN_USE != "compiled", reason="NumPy's iterators crash where they get no memory for a buffer")
@by_name
def test_each_allocation_fails_in_turn(kind):
    out = assert_runs(PATH + f"""
import interrupted
print(interrupted.run_without_memory(interrupted.{kind.__name__}))
""", stderr=None)
    assert int(out) >= 20


@between_lines
@no_memory
def test_an_instance_whose_call_failed_may_be_called_again():
    out = assert_runs("""
import _testcapi, numpy as np
from dezero import Function, Variable
class Both(Function):
    def forward(self, x, y): return x * y, x + y
    def backward(self, g, h): return g * self.inputs[1].data + h, g * self.inputs[0].data + h
x, y = Variable(np.array(3.0)), Variable(np.array(5.0))
failures = 0
ys = None
for n in range(60):
    f, failed = Both(), False
    _testcapi.set_nomemory(n, n + 1)
    try: ys = f(x, y)                   # no `a, b =`, which may lack memory when the call is over
    except MemoryError: failed = True
    finally: _testcapi.remove_mem_hooks()
    failures += failed
    if failed: ys = f(x, y)
    sum(ys).backward()
    assert (x.grad, y.grad) == (6, 4), (n, x.grad, y.grad)
    x.cleargrad(); y.cleargrad()
print(failures)
""", stderr=None)
    assert int(out) > 10


@between_lines
@no_memory
def test_a_mode_ends_without_memory():
    """There is none for the context variable, and the block has ended nevertheless; in a copy of the context it has not."""
    assert_runs("""
import _testcapi
from contextvars import copy_context
from dezero import Config, no_grad, using_config
for _ in range(3):
    with using_config("keep_data", True):
        inner = no_grad()
        inner.__enter__()
        copy = copy_context()
        _testcapi.set_nomemory(0)
        inner.__exit__(None, None, None)
        _testcapi.remove_mem_hooks()
        assert Config.enable_backprop is True and Config.keep_data is True
        assert copy.run(lambda: (Config.enable_backprop, Config.keep_data)) == (False, True)
        with no_grad():
            assert Config.enable_backprop is False and Config.keep_data is True
        assert Config.enable_backprop is True
    assert Config.keep_data is False
""")


@pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="ASAN takes address space without end")
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="how much memory a process has is read from /proc")
def test_as_much_memory_as_the_system_gives():
    out = assert_runs(PATH + """
import resource
import numpy as np
from dezero import Variable
from interrupted import Cube, process_state
x, row = Variable(np.linspace(1.0, 2.0, 500_000).reshape(1000, 500)), Variable(np.linspace(0.5, 1.0, 500))
def run():
    y = x * row
    for _ in range(2):
        y = y * x / row + Cube()(x)
    y.sum().backward()
def state(): return [None if v.grad is None else v.grad.tobytes() for v in (x, row)]
run(); after = state(); x.cleargrad(); row.cleargrad()
before, failures, process = state(), 0, process_state()
import dezero
dezero.memory.release()
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
for more in range(0, 100, 5):
    dezero.memory.release()
    resource.setrlimit(resource.RLIMIT_AS, (taken + more * 500_000, resource.RLIM_INFINITY))
    try: run()
    except MemoryError: failures += 1
    finally: resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert process_state() == process
    assert state() in (before, after), more
    x.cleargrad(); row.cleargrad()
    run()
    assert state() == after, more
    x.cleargrad(); row.cleargrad()
print(failures)
""")
    assert int(out) > 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_fork_while_another_thread_is_in_backward():
    """In the child that walk has ended: later ones have its nodes, gradients and the quick way for themselves."""
    out = assert_runs("""
import os, signal, threading, warnings
import numpy as np
from dezero import Function, Variable, no_grad
warnings.simplefilter("ignore")
inside, done = threading.Event(), threading.Event()
class Waits(Function):
    def forward(self, x): return x * 1.0, x * 2.0
    def backward(self, g, h):
        if threading.current_thread() is not threading.main_thread() and not inside.is_set(): inside.set(); done.wait()
        return g + 2.0 * h
x, w = Variable(np.full(600, 1.5)), Variable(np.full(600, 2.0))
def f():
    a, b = Waits()(x)
    return (a * w).sum() + (b * w * x).sum()
f().backward(); wanted = x.grad.tobytes(), w.grad.tobytes(); x.cleargrad(); w.cleargrad()
held = f()
t = threading.Thread(target=held.backward); t.start(); inside.wait()
pid = os.fork()
if pid == 0:
    signal.alarm(30)
    good = x.grad is None and w.grad is None
    for y in (f(), held):
        y.backward()
        good = good and (x.grad.tobytes(), w.grad.tobytes()) == wanted
        x.cleargrad(); w.cleargrad()
    def late():
        global good
        f().backward(); good = good and x.grad.tobytes() == wanted[0]
    thread = threading.Thread(target=late); thread.start(); thread.join()
    os._exit(0 if good else 1)
_, status = os.waitpid(pid, 0)
done.set(); t.join()
assert (x.grad.tobytes(), w.grad.tobytes()) == wanted
print(os.waitstatus_to_exitcode(status))
""")
    assert out == "0\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_fork_while_another_thread_frees_a_graph():
    """In the child nodes are freed at once, by threads that have come since, too."""
    out = assert_runs("""
import os, signal, threading, warnings, weakref
import numpy as np
from dezero import Function, Variable
warnings.simplefilter("ignore")
inside, done = threading.Event(), threading.Event()
class Dies:
    def __init__(self, word): self.word = word
    def __del__(self):
        if self.word: inside.set(); done.wait()
class Same(Function):
    def __init__(self, word): self.dies = Dies(word)
    def forward(self, x): return x + 0.0
    def backward(self, gy): return gy
held = [Same(True)(Variable(np.array(1.0)) * 2.0)]
t = threading.Thread(target=held.clear); t.start(); inside.wait()
pid = os.fork()
if pid == 0:
    signal.alarm(30)
    wrong = []
    def use():
        f = Same(False)
        gone = weakref.ref(f.dies)
        y = f(Variable(np.array(1.0)) * 2.0) * 3.0
        del f, y
        if gone() is not None: wrong.append(1)
    for _ in range(50):
        thread = threading.Thread(target=use); thread.start(); thread.join()
    use()
    os._exit(len(wrong))
_, status = os.waitpid(pid, 0)
done.set(); t.join()
print(os.waitstatus_to_exitcode(status))
""")
    assert out == "0\n"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX signals")
def test_a_handler_that_adds_to_the_same_leaves():
    """Whatever a pass is doing, one that comes between adds to its gradients, and is added to."""
    x, w, chance = Variable(np.zeros(3000)), Variable(np.array(0.0)), random.Random(0)
    taken = 0

    def handler(number, frame):
        nonlocal taken
        with using_config("enable_backprop", True):
            y = (x * w).sum() * 0.0 + x.sum() + w
        y.backward()
        taken += 1

    old = signal.signal(signal.SIGALRM, handler)
    try:
        for _ in range(400):
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 3e-4))
            (x.sum() + w).backward()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert taken > 10 and w.grad == 400 + taken and (x.grad == 400 + taken).all()
