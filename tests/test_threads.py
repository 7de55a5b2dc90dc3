"""Threads, tasks, signals and forks: each has modes and graphs of its own; what is shared is right or refused."""

import asyncio
import contextvars
import gc
import os
import signal
import sys
import threading

import numpy as np
import pytest
from strategies import assert_runs

import dezero
import dezero.functions as F
from dezero import Config, Function, Variable, no_grad, square, using_config
from dezero._kernels import IN_USE
from dezero.errors import GraphError

THREADS = 8


def in_threads(work, count=THREADS):
    """`work(i)` in `count` threads that start together and are switched as often as can be; their results."""
    barrier, results, errors = threading.Barrier(count), [None] * count, []

    def body(i):
        try:
            barrier.wait()
            results[i] = work(i)
        except BaseException as e:
            errors.append(e)

    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=body, args=(i,)) for i in range(count)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(old)
    if errors:
        raise errors[0]
    return results


def polynomial(x):
    return x * x * 3.0 + x / 2.0 - square(x) * x


class TestGraphs:
    @pytest.mark.parametrize("shape", [(), (5,)])
    def test_one_graph_a_thread(self, shape):
        def work(i):
            out = []
            for k in range(200):
                x = Variable(np.full(shape, 1.0 + i + k % 3))
                polynomial(x).backward()
                out.append(x.grad.copy())
            return out

        for i, out in enumerate(in_threads(work)):
            for k, g in enumerate(out):
                v = 1.0 + i + k % 3
                np.testing.assert_allclose(g, np.full(shape, 6 * v + 0.5 - 3 * v * v), rtol=1e-13)

    @pytest.mark.parametrize("n", [1, 60, 20_000])
    def test_each_is_told_of_its_own_flags(self, n):
        """The flags of a pass were noted for all threads: one lost them, another was told of them."""
        huge, ten = np.full(n, 1e308), np.full(n, 10.0)

        def work(i):
            told = 0
            for _ in range(max(20, 2000 // n)):
                x = Variable(np.ones(n))
                y = x * (huge if i % 2 else ten)
                with np.errstate(all="raise"):
                    try:
                        y.backward(gradient=ten)
                    except FloatingPointError:
                        told += 1
            return told

        every = max(20, 2000 // n)
        assert in_threads(work) == [every * (i % 2) for i in range(THREADS)]

    def test_large_arrays_without_the_lock(self):
        def work(i):
            for _ in range(5):
                x = Variable(np.full(200_001, float(i)))
                polynomial(x).backward()
            return x.grad

        for i, g in enumerate(in_threads(work, 4)):
            np.testing.assert_allclose(g, np.full(200_001, 6 * i + 0.5 - 3.0 * i * i), rtol=1e-13)

    def test_shared_constants_and_leaves_are_only_read(self):
        shared = Variable(np.arange(1.0, 6.0))

        def work(i):
            total = []
            for _ in range(200):
                x = Variable(np.full(5, float(i)))
                with no_grad():
                    c = shared * 2.0
                y = x * c
                y.backward()
                total.append(x.grad)
            return total

        for out in in_threads(work):
            assert all(g.tolist() == [2, 4, 6, 8, 10] for g in out)
        assert shared.grad is None

    def test_T02_one_leaf_for_all(self):
        """All gradients arrive, in some order."""
        x = Variable(np.array(1.0))

        def work(i):
            for _ in range(200):
                (x * 2.0).backward()

        in_threads(work)
        assert x.grad == 2 * 200 * THREADS

    @pytest.mark.parametrize("create_graph", [False, True])
    @pytest.mark.parametrize("given", [False, True])
    @pytest.mark.parametrize("n", [8, 40_000])
    def test_several_leaves_for_all(self, n, given, create_graph):
        """Sums without the interpreter's lock, of leaves that others reach as well: each backward adds to all of its own."""
        x, w, s = Variable(np.ones(n)), Variable(np.ones(n, "f4")), Variable(np.array(1.0))
        if given:
            x.grad, w.grad = np.zeros(n), np.zeros(n, "f4")

        def work(i):
            for k in range(20):
                y = x * 2.0 + s if (i + k) % 2 else w * 2.0 + s
                y.backward(create_graph=create_graph)

        in_threads(work, 4)
        x_grad, w_grad, s_grad = [v.grad.data if create_graph else v.grad for v in (x, w, s)]
        assert (x_grad == 80).all() and (w_grad == 80).all() and s_grad == 80 * n

    def test_a_leaf_bound_to_other_data(self):
        """It stands several times among what one pass brings."""
        x = Variable(np.array(1.0))

        def work(i):
            for _ in range(100):
                v = Variable(np.array(1.0))
                y = v * x
                v.data = np.array(2.0)
                y = y + v * x
                v.data = np.array(3.0)
                (y + v).backward()
                assert v.grad == 3
            return True

        assert all(in_threads(work))
        assert x.grad == 300 * THREADS

    def test_a_call_that_several_graphs_share(self):
        """Its rule runs in two threads at once, and once on Variables: each sees the operands and results of its own walk."""
        both = threading.Barrier(2)

        class Cube(Function):
            def __init__(self):
                self.count = [0]

            def forward(self, x):
                return x**3

            def backward(self, gy):
                both.wait(20)
                x, y = self.inputs[0], self.outputs[0]()
                both.wait(20)
                self.count[0] += 1
                return gy * 3.0 * y / x

        x = Variable(np.array(2.0))
        f = Cube()
        h = f(x)
        seen = {}

        def work(i):
            y = h * (i + 1.0)
            y.backward(create_graph=i == 1)
            seen[i] = True

        in_threads(work, 2)
        g = x.grad
        assert seen == {0: True, 1: True} and f.count == [2] and f.outputs[0]() is h
        assert (g.data if isinstance(g, Variable) else g) == 36

    def test_T03_one_graph_for_all(self):
        """Each walk is right or refused."""
        x = Variable(np.array(2.0))
        root = x
        for _ in range(50):
            root = root * 1.0 + x * 0.0
        refused = []

        def work(i):
            for _ in range(50):
                try:
                    root.backward()
                except GraphError:
                    refused.append(i)

        in_threads(work)
        assert x.grad is None or float(x.grad).is_integer()
        x.cleargrad()
        root.backward()
        assert x.grad == 1

    def test_a_python_rule_in_every_thread(self):
        class Half(Function):
            def forward(self, x):
                return x / 2

            def backward(self, gy):
                return gy * self.inputs[0].data ** 0 / 2

        def work(i):
            x = Variable(np.full(3, float(i + 1)))
            for _ in range(100):
                x.cleargrad()
                (Half()(x) * 2.0).backward()
            return x.grad

        assert all(g.tolist() == [1, 1, 1] for g in in_threads(work))

    def test_a_graph_built_here_and_walked_there(self):
        x = Variable(np.array(3.0))
        y = x * x
        in_threads(lambda i: y.backward(), 1)
        assert x.grad == 6

    def test_T14_the_collector_at_every_allocation(self):
        old = gc.get_threshold()
        gc.set_threshold(1)
        try:
            def work(i):
                for _ in range(20):
                    x = Variable(np.full(3, 2.0))
                    y = polynomial(x) + F.sum(x)
                    y.backward()
                return x.grad.tolist()

            assert in_threads(work, 4) == [[3.5, 3.5, 3.5]] * 4
        finally:
            gc.set_threshold(*old)


class TestModes:
    def test_G33_no_grad_is_seen_by_no_other_thread(self):
        inside, looked = threading.Event(), threading.Event()
        seen = []

        def other():
            inside.wait()
            seen.append((square(Variable(np.array(2.0))).creator is not None, Config.enable_backprop))
            looked.set()

        t = threading.Thread(target=other)
        t.start()
        with no_grad():
            inside.set()
            looked.wait()
        t.join()
        assert seen == [(True, True)]

    def test_a_new_thread_starts_from_the_default(self):
        seen = []
        with no_grad():
            t = threading.Thread(target=lambda: seen.append(Config.enable_backprop))
            t.start()
            t.join()
            assert Config.enable_backprop is False
        assert seen == [True]

    def test_the_default_is_the_processs(self):
        seen = []
        Config.enable_backprop = False
        try:
            t = threading.Thread(target=lambda: seen.append((Variable(np.array(1.0)) * 2).creator))
            t.start()
            t.join()
        finally:
            Config.enable_backprop = True
        assert seen == [None]

    def test_assignment_inside_a_frame_stays_in_it(self):
        seen = []
        with using_config("enable_backprop", False):
            Config.enable_backprop = True
            assert (Variable(np.array(1.0)) * 2).creator is not None
            Config.enable_backprop = False
            t = threading.Thread(target=lambda: seen.append(Config.enable_backprop))
            t.start()
            t.join()
        assert seen == [True] and Config.enable_backprop is True

    def test_T07_threads_alternate(self):
        def work(i):
            x = Variable(np.array(2.0))
            wrong = 0
            for k in range(300):
                off = (i + k) % 2 == 0
                if off:
                    with no_grad():
                        wrong += square(x).creator is not None
                else:
                    wrong += square(x).creator is None
            return wrong

        assert in_threads(work) == [0] * THREADS

    def test_one_object_entered_by_many_threads(self):
        shared = no_grad()

        def work(i):
            x, wrong = Variable(np.array(2.0)), 0
            for _ in range(200):
                with shared:
                    wrong += square(x).creator is not None
                    with shared:
                        wrong += square(x).creator is not None
                    wrong += square(x).creator is not None
                wrong += square(x).creator is None
            return wrong

        assert in_threads(work) == [0] * THREADS

    def test_G35_tasks(self):
        async def off():
            with no_grad():
                await asyncio.sleep(0)
                return square(Variable(np.array(1.0))).creator is None

        async def on():
            await asyncio.sleep(0)
            return square(Variable(np.array(1.0))).creator is None

        async def main():
            return await asyncio.gather(*[off() if i % 2 else on() for i in range(20)])

        assert asyncio.run(main()) == [bool(i % 2) for i in range(20)]
        assert Config.enable_backprop is True

    def test_a_task_started_inside_inherits(self):
        async def child():
            return Config.enable_backprop

        async def main():
            with no_grad():
                task = asyncio.create_task(child())
            return await task, Config.enable_backprop

        assert asyncio.run(main()) == (False, True)

    def test_contexts_that_are_run(self):
        with no_grad():
            context = contextvars.copy_context()
        assert context.run(lambda: Config.enable_backprop) is False
        assert Config.enable_backprop is True


class TestRegistry:
    def test_T06_ops_come_and_go_while_others_look_up(self):
        class Late(Function):
            def forward(self, x):
                return x + 1

            def backward(self, gy):
                return gy

        late = [type(f"Late{k}", (Late,), {"name": f"late_{k}", "forward": Late.forward}) for k in range(100)]

        def work(i):
            if i == 0:
                for op in late:
                    dezero.plugins.register(op)
                for op in late:
                    dezero.plugins.unregister(op.name)
                return True
            x = Variable(np.array(2.0))
            for _ in range(300):
                y = F.mul(x, x) + np.add(x, 1.0)
                try:
                    F.late_50
                except AttributeError:
                    pass
            return float(y.data) == 7

        with dezero.plugins.isolated():
            assert all(in_threads(work))


class TestSignalsAndProcesses:
    pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX signals")

    def test_T12_a_handler_that_runs_ops(self):
        seen = []

        def handler(number, frame):
            x = Variable(np.array(3.0))
            with using_config("enable_backprop", True):  # a rule may be running, and what it computes is not recorded
                y = x * x + x
            y.backward()
            seen.append(float(x.grad))

        old = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            while len(seen) < 20:
                x = Variable(np.full(3, 2.0))
                y = x
                for _ in range(50):
                    y = y * x / x
                y.backward()
                assert x.grad == pytest.approx([1, 1, 1], rel=1e-9)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        assert set(seen) == {7.0}

    @pytest.mark.skipif(IN_USE != "compiled", reason="between two lines of Python an exception may strike anywhere")
    def test_a_handler_that_raises(self):
        """Wherever the alarm strikes, gradients are those of whole walks, and the engine goes on."""
        class Alarm(Exception):
            pass

        def handler(number, frame):
            raise Alarm

        old = signal.signal(signal.SIGALRM, handler)
        try:
            for k in range(30):
                x = Variable(np.full(4, 2.0))
                y = x
                for _ in range(30):
                    y = y * 1.0 + x
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0002 * (k + 1))
                    while True:
                        y.backward()
                except Alarm:
                    pass
                assert x.grad is None or (x.grad % 31 == 0).all()
                assert Config.enable_backprop is True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        x = Variable(np.array(3.0))
        (x * x).backward()
        assert x.grad == 6

    def test_ctrl_c_during_large_arrays(self):
        def handler(number, frame):
            raise KeyboardInterrupt

        old = signal.signal(signal.SIGALRM, handler)
        try:
            a = np.ones(4_000_000)
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.02)
                while True:
                    x = Variable(a)
                    (x * x + x).backward()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        x = Variable(a)
        (x * x).backward()
        assert (x.grad == 2).all()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
    def test_T08_fork_while_another_thread_holds_the_lock(self):
        out = assert_runs("""
import os, signal, threading, warnings
import numpy as np
import dezero, dezero.functions as F
from dezero import Variable, Function
from dezero.registry import registry
warnings.simplefilter("ignore")
x = Variable(np.ones(300_000))
(x * x).backward()
held, done = threading.Event(), threading.Event()
def hold():
    with registry.lock:
        held.set(); done.wait()
t = threading.Thread(target=hold)
t.start(); held.wait()
pid = os.fork()
if pid == 0:
    signal.alarm(30)
    class Late(Function):
        name = "late"
        def forward(self, x): return x + 1
        def backward(self, gy): return gy
    dezero.plugins.register(Late)
    y = Variable(np.array(3.0))
    (F.late(y) * y).backward()
    z = Variable(np.ones(300_000))
    (z * z).backward()
    os._exit(0 if y.grad == 7 and (z.grad == 2).all() else 1)
_, status = os.waitpid(pid, 0)
done.set(); t.join()
print(os.waitstatus_to_exitcode(status))
""")
        assert out == "0\n"

    def test_T16_the_interpreter_ends_with_a_daemon_at_work(self):
        assert_runs("""
import threading
import numpy as np
from dezero import Variable
def loop():
    x = Variable(np.ones(3))
    while True:
        (x * x + x).backward()
threading.Thread(target=loop, daemon=True).start()
y = Variable(np.array(1.0))
for _ in range(1000):
    y = y * 1.0
""")

    def test_the_interpreter_ends_with_graphs_and_ops_in_globals(self):
        assert_runs("""
import numpy as np
import dezero
from dezero import Variable, Function
class Late(Function):
    name = "late"
    def forward(self, x): return x + 1
    def backward(self, gy): return gy
    def __del__(self): Variable(np.array(1.0)) * 2.0
dezero.plugins.register(Late)
x = Variable(np.ones(3))
y = x.late() * x
y.backward()
frame = dezero.no_grad()
frame.__enter__()
""")


class TestFinalizers:
    def test_T15_one_that_runs_ops_and_registers(self):
        log = []

        class Last(Function):
            name = "last_of_a_test"

            def forward(self, x):
                return x + 1

            def backward(self, gy):
                return gy

            def __del__(self):
                x = Variable(np.array(2.0))
                (x * x).backward()
                log.append(float(x.grad))

        with dezero.plugins.isolated():
            dezero.plugins.register(Last)
            for _ in range(10):
                y = F.last_of_a_test(Variable(np.array(1.0)))
                y.backward()
                del y
            dezero.plugins.unregister("last_of_a_test")
        gc.collect()
        assert log == [4.0] * 10


class Same(Function):
    """x, with an object beside it that says when it dies."""

    def __init__(self, dies):
        self.last_words = LastWords(dies)

    def forward(self, x):
        return x + 0.0

    def backward(self, gy):
        return gy


class LastWords:
    def __init__(self, dies):
        self.dies = dies

    def __del__(self):
        self.dies()


def test_a_graph_is_freed_at_once_while_another_thread_is_in_a_finalizer_of_its_own():
    begun, go, deaths = threading.Event(), threading.Event(), []

    def blocked():
        begun.set()
        go.wait(20)

    def graph(*dies):
        y = Variable(np.array(1.0))
        for what in dies:
            for _ in range(5_000):
                y = y * 1.0
            y = Same(what)(y)
        return y

    held = [graph(lambda: deaths.append("first"), blocked)]
    thread = threading.Thread(target=held.clear)
    thread.start()
    assert begun.wait(20)
    y = graph(lambda: deaths.append("second"), lambda: deaths.append("third"))
    assert deaths == []
    del y
    assert deaths == ["third", "second"]
    go.set()
    thread.join()
    assert deaths == ["third", "second", "first"]
