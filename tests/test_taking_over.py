"""An operand that dies in an expression is nobody's business: whoever else holds it finds it as it was."""
import ctypes
import functools
import itertools
import operator
import platform
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
from native import compiler

from dezero import Function, Variable, _kernels, config, grad, memory

N = 100_000
@pytest.fixture
def xy():
    x, y = Variable(np.full(N, 1.0)), Variable(np.full(N, 2.0))
    for _ in range(3):                      # the ways from the interpreter to each operator are found at their first use
        (x * y) + 1.0, 1.0 + (x * y), (x * y) - 1.0, 1.0 - (x * y), -(x * y) * 2.0, 2.0 * -(x * y), (x + y) / 2.0, (x + y) ** 2
    return x, y


def is_all(v, value):
    return (v.data == value).all()


HOLDERS = {
    "a name": lambda t, keep: keep.append(t) or t,
    "its data": lambda t, keep: keep.append(t.data) or t,
    "a view": lambda t, keep: keep.append(t.data[1:]) or t,
    "a buffer": lambda t, keep: keep.append(memoryview(t.data)) or t,
    "a weak reference": lambda t, keep: keep.append(weakref.ref(t)) or t,
    "a weak reference to the data": lambda t, keep: keep.append(weakref.ref(t.data)) or t,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_what_somebody_holds_stays(xy, holder):
    x, y = xy
    kept = []
    z = HOLDERS[holder](x * y, kept) + 1.0
    kept = kept[0]() if isinstance(kept[0], weakref.ref) else kept[0]
    assert is_all(z, 3.0)
    assert kept is None or (np.asarray(kept.data if isinstance(kept, Variable) else kept) == 2.0).all()


@pytest.mark.parametrize("of_two", [
    lambda a, b: functools.reduce(operator.add, [a, b, a]), lambda a, b: sum([b, a]) + a, lambda a, b: [*itertools.accumulate([a, b, a])][-1],
    lambda a, b: operator.add(a * b, a + b) - 1.0, lambda a, b: next(map(operator.mul, [a + a], [b])), lambda a, b: np.add(a * b, b),
    lambda a, b: (a + b).__add__(1.0), lambda a, b: next(t + 1.0 for t in [a + b]), lambda a, b: (lambda t: t * 1.0 + t - t)(a + a + b),
])
def test_other_ways_to_call_an_operator(xy, of_two):
    x, y = xy
    assert is_all(of_two(x, y), 4.0)
    assert is_all(x, 1.0) and is_all(y, 2.0)


def test_an_augmented_assignment_leaves_the_other_name(xy):
    x, y = xy
    t = s = x + y
    t += 1.0
    held = {"t": x + y}
    held["t"] *= 2.0
    assert is_all(s, 3.0) and is_all(t, 4.0) and is_all(held["t"], 6.0)


def test_accumulate_gives_every_sum(xy):
    x, y = xy
    assert [v.data[0] for v in itertools.accumulate([x, y, x])] == [1.0, 3.0, 4.0]


CALLER = r"""
#include <Python.h>
/* One reference to the product, in a local, and two uses of it: what a compiler makes of `t = a * b; return t + a, t - b`. */
PyObject *twice(PyObject *a, PyObject *b) {
    PyObject *t = PyNumber_Multiply(a, b);
    PyObject *u = PyNumber_Add(t, a), *v = PyNumber_Subtract(t, b), *w = PyNumber_Negative(t), *x = PyNumber_Power(t, b, Py_None);
    PyObject *all = PyTuple_Pack(5, t, u, v, w, x);
    Py_DECREF(t), Py_DECREF(u), Py_DECREF(v), Py_DECREF(w), Py_DECREF(x);
    return all;
}
/* The same straight through the class's slots. */
PyObject *by_slots(PyObject *a, PyObject *b) {
    PyNumberMethods *slots = Py_TYPE(a)->tp_as_number;
    PyObject *t = slots->nb_multiply(a, b), *u = slots->nb_add(t, a), *all = PyTuple_Pack(2, t, u);
    Py_DECREF(t), Py_DECREF(u);
    return all;
}
"""


def test_a_compiled_caller_keeps_what_it_holds(tmp_path, xy):
    import subprocess
    import sysconfig
    source, library = tmp_path / "caller.c", tmp_path / "caller.so"
    source.write_text(CALLER)
    subprocess.run([*compiler(), "-O2", "-shared", "-fPIC", f"-I{sysconfig.get_paths()['include']}", str(source), "-o", str(library)], check=True)
    caller = ctypes.PyDLL(str(library))
    for name in ("twice", "by_slots"):
        f = getattr(caller, name)
        f.argtypes, f.restype = [ctypes.py_object] * 2, ctypes.py_object
    x, y = xy
    for _ in range(5):
        assert [v.data[0] for v in caller.twice(x, y)] == [2.0, 3.0, 0.0, -2.0, 4.0]
        assert [v.data[0] for v in caller.by_slots(x, y)] == [2.0, 3.0]
        assert is_all(x * y + 1.0, 3.0)


class Adder(Variable):
    def __add__(self, other):
        t = super().__add__(other)
        self.kept = t
        return t


def test_a_class_of_the_users_keeps_its_own(xy):
    x, y = xy
    v = Adder(np.full(N, 5.0))
    z = (v + x) * 2.0 - 1.0
    assert is_all(v.kept, 6.0) and is_all(z, 11.0) and is_all(v, 5.0)


def test_gradients_of_one_expression(xy):
    x, y = xy
    z = (x * y + 1.0) * (x - y) * 3.0 - (2.0 - x * y * y)
    z.backward()
    np.testing.assert_array_equal(x.grad, np.full(N, 3 * (2 * (1 - 2) + 3) + 4.0))
    np.testing.assert_array_equal(y.grad, np.full(N, 3 * (1 * (1 - 2) - 3) + 4.0))


def test_under_transforms_modes_and_errors(xy):
    x, y = xy
    f = lambda a: ((a * 2.0 + 1.0) * a - a * 3.0).sum()
    np.testing.assert_array_equal(grad(f)(x.data), np.full(N, 2.0))
    np.testing.assert_array_equal(grad(lambda a: (grad(f)(a) * a).sum())(x.data), np.full(N, 6.0))
    with config.using_config("keep_data", True):
        z = (x * y + 1.0) * 2.0
    assert is_all(z.creator.inputs[0], 3.0) and is_all(z.creator.inputs[0].creator.inputs[0], 2.0)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        (x * y) / (x - x)
    assert is_all(x * y / 2.0, 1.0) and is_all(x, 1.0)


def test_an_operand_of_another_shape_or_type_is_left(xy):
    x, y = xy
    row, single = Variable(np.full((1, N), 1.0)), Variable(np.full(N, 1.0, "f"))
    assert (x * y + row).shape == (1, N) and is_all(x * y + row, 3.0)
    assert (single * 2.0 + x).dtype == np.float64 and is_all(single * 2.0 + x, 3.0)
    strided = Variable(np.ones((300, 400)).T)
    assert is_all(strided * 2.0 + 1.0, 3.0)


class Looks(Function):
    """Python's own part in an expression: it sees whole operands."""

    def forward(self, a, b):
        return a + b

    def backward(self, gy):
        return gy, gy


def test_an_op_without_loops_between(xy):
    x, y = xy
    z = Looks()(x * y, x + y) + Looks()(x, y) * 2.0
    assert is_all(z, 11.0)


def test_threads_do_not_take_from_each_other():
    wrong = []

    def work(k):
        x = Variable(np.full(N, float(k)))
        for _ in range(60):
            if not is_all((x * 2.0 + 1.0) * x - x, 2.0 * k * k):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
