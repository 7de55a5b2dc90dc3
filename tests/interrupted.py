"""Programs in passes, and the state that a process is in after each: what an interrupt, or a lack of memory, may leave.

A child process imports this by its path, so it needs no pytest.
"""
import numpy as np

from dezero import Function, Variable, config, grad, hvp, no_grad, using_config, vjp
from dezero._kernels.nodes import stack_of_context
from dezero.registry import registry


class Halves(Function):
    """x in two halves: a rule of two gradients, which switches modes."""

    def forward(self, x):
        return x[:2] * 1.0, x[2:] * 1.0

    def backward(self, g0, g1):
        with no_grad(), np.errstate(over="raise"):
            return np.concatenate([g0, g1]) * np.ones(4)


class Cube(Function):
    """x³, by operators: right to any order."""

    def forward(self, x):
        return x**3

    def backward(self, gy):
        x, = self.inputs
        return gy * (x * x * 3.0)


class Program:
    """Variables whose `.grad` is looked at, and passes: each changes all of it in its last step, or nothing."""

    def __init__(self, *variables):
        self.variables = variables
        self.results = []
        self.clear()
        self.states = [self.state()]
        for take in self.passes:
            take(self)
            self.states.append(self.state())
        self.wanted = [np.array(r).tobytes() for r in self.results]

    def clear(self):
        """Begin anew, with a gradient that is added to."""
        for v in self.variables:
            v.cleargrad()
        self.variables[0].grad = np.full(self.variables[0].shape, 2.0, self.variables[0].dtype)
        self.results = []

    def run(self):
        for take in self.passes:
            take(self)

    def state(self):
        """All gradients, to the bit."""
        return [None if v.grad is None else (type(v.grad), (v.grad.data if isinstance(v.grad, Variable) else v.grad).tobytes())
                for v in self.variables]

    def check(self, when):
        """The state is one between two passes, and all goes well from here."""
        who = f"{type(self).__name__}, {when}"
        now = self.state()
        assert now in self.states, f"{who}: gradients of half a pass: {now}, wanted one of {self.states}"
        self.clear()
        self.run()
        assert self.state() == self.states[-1], f"{who}: later gradients are {self.state()}, wanted {self.states[-1]}"
        assert [np.array(r).tobytes() for r in self.results] == self.wanted, f"{who}: later results are {self.results}"
        self.clear()


class Scalars(Program):
    def __init__(self):
        super().__init__(Variable(np.array(1.5)), Variable(np.array(0.5)))

    def take(self):
        x, y = self.variables
        z = (1 + (x + y + 1)**2 * (19 - 14*x + 3*x**2 - 14*y + 6*x*y + 3*y**2)) * \
            (30 + (2*x - 3*y)**2 * (18 - 32*x + 12*x**2 + 48*y - 36*x*y + 27*y**2))
        z.backward()

    passes = take, take


class Rules(Program):
    def __init__(self):
        self.held = Variable(np.ones(4))
        super().__init__(Variable(np.array([1.0, 2.0, 3.0, 4.0])), Variable(np.array([0.5, 0.25])))

    def y(self):
        x, w = self.variables
        a, b = Halves()(x)
        with using_config("keep_data", True):
            c, d = Halves()(np.broadcast_to((Cube()(a) * w * b).sum(), (4,)) * x)
        return (c * d + x[1:3] * w)[[0, 1, 1]]

    def once(self):
        self.y().backward()

    def retaining(self):
        y = self.y()
        y.grad = np.array([1.0, 2.0, 3.0])
        y.backward(retain_grad=True)

    passes = once, retaining, once


class Blocks(Program):
    def __init__(self):
        super().__init__(Variable(np.linspace(1.0, 2.0, 40_000).reshape(200, 200)), Variable(np.linspace(0.5, 1.0, 200)),
                         Variable(np.linspace(0.5, 1.0, 40_000, dtype="f4").reshape(200, 200)),
                         Variable(np.linspace(0.5, 1.0, 200, dtype="f4")))

    def first(self):
        x, row, *_ = self.variables
        a = x * row + x
        a.data = a.data * 1.0                   # an identity
        (a * (a * a - row) / row + Cube()(x) * a).sum().backward()

    def second(self):
        *_, x, row = self.variables
        c = x * row - row
        (c * c).sum().backward()

    passes = first, second, first


class SecondOrder(Program):
    def __init__(self):
        super().__init__(Variable(np.array([1.0, 2.0, 3.0])), Variable(np.array(0.5)))

    def first(self):
        x, w = self.variables
        (Cube()(x * w) + x * x * w).sum().backward(create_graph=True)

    def second(self):
        g = self.variables[0].grad
        (g * g).sum().backward()

    passes = first, second, first


class Transforms(Program):
    def __init__(self):
        super().__init__(Variable(np.array([0.5, 2.0])))

    def take(self):
        w = self.variables[0].data

        def f(x):
            return (Cube()(x) * w + x * x).sum()

        a = np.array([1.0, 2.0])
        y, pull = vjp(lambda x: Cube()(x) * x, a)
        self.results += [grad(f)(a), hvp(f)(a, w), y, *pull(w)]

    passes = take,


PROGRAMS = Scalars, Rules, Blocks, SecondOrder, Transforms


def process_state():
    """What holds in the process and in this context beside gradients."""
    return stack_of_context(), dict(config.defaults), np.geterr(), np.geterrcall(), registry.snapshot


def hold_code():
    """Hold what functions within functions are made of: where CPython 3.12 and 3.13 cannot make one, they lose a reference to its code."""
    from ctypes import py_object, pythonapi
    import gc
    from types import CodeType, FunctionType

    todo, held = [f.__code__ for f in gc.get_objects() if isinstance(f, FunctionType)], set()
    while todo:
        for inner in todo.pop().co_consts:
            if isinstance(inner, CodeType) and id(inner) not in held:
                held.add(id(inner))
                todo.append(inner)
                for _ in range(100):
                    pythonapi.Py_IncRef(py_object(inner))


def run_without_memory(kind):
    """Let each allocation of a program fail in turn, and return how many of these failures came out.

    Memory that was not given back is no fault here: where CPython 3.11 cannot make a cell for a function's local, it loses a
    reference to each argument.  Nor are all from one allocation on failed: it crashes in `PyContextVar_Set` then.
    """
    import _testcapi

    program, before, n, failures, in_a_row = kind(), process_state(), 0, 0, 0
    hold_code()
    while in_a_row < 50:                        # Python takes some failures for answers
        failed = False
        _testcapi.set_nomemory(n, n + 1)
        try:
            program.run()
        except BaseException:
            failed = True
        finally:
            _testcapi.remove_mem_hooks()
        assert process_state() == before, f"{kind.__name__}, allocation {n}: {process_state()}, before {before}"
        program.check(f"allocation {n}")
        n, failures, in_a_row = n + 1, failures + failed, 0 if failed else in_a_row + 1
    return failures
