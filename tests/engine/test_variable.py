"""Variable as its user meets it: made, read and set, printed, used as a Python number, copied and pickled, and its operators."""

import copy
import ctypes
import fractions
import functools
import gc
import itertools
import math
import operator
import pickle
import threading
import weakref

import numpy as np
import pytest
from native import compiler
from strategies import assert_runs, assert_same, chain_of, told

import dezero
import dezero.functions as F
from dezero import Function, Variable, as_array, as_variable, config, grad
from dezero.engine.dispatch import QUESTIONS
from dezero.errors import DezeroError, DTypeError, GradientError, OpAttributeError, OpTypeError


# ---------------------------------------------------------------- making one

class TestMaking:
    @pytest.mark.parametrize("data", [np.array(1.0), np.arange(6).reshape(2, 3), np.zeros(0), np.ones((1,) * 64)])
    def test_holds_the_array_it_was_given(self, data):
        x = Variable(data)
        assert x.data is data
        assert (x.grad, x.name, x.creator, x.generation) == (None, None, None, 0)
        assert (x.shape, x.ndim, x.size, x.dtype) == (data.shape, data.ndim, data.size, data.dtype)

    def test_name(self):
        assert Variable(np.array(1.0), "x").name == "x"
        assert Variable(np.array(1.0), name="x").name == "x"
        x = Variable(np.array(1.0))
        x.name = "later"
        assert x.name == "later" and (x * 2).name is None

    @pytest.mark.parametrize("bad", [
        1.0, 1, True, 1j, "a", b"a", [1.0], (1.0,), {}, {1.0}, object(), range(3), np.float64(1), np.int8(1),
        np.bool_(True), np.ndarray, len, fractions.Fraction(1, 2), memoryview(b"ab"), Ellipsis, NotImplemented,
    ], ids=told)
    def test_what_is_no_array_is_refused(self, bad):
        with pytest.raises(TypeError) as e:
            Variable(bad)
        assert f"{type(bad)} is not supported" in str(e.value)

    def test_a_variable_is_no_array(self):
        with pytest.raises(TypeError, match="Variable.* is not supported"):
            Variable(Variable(np.array(1.0)))

    @pytest.mark.parametrize("bad", [
        np.array("a"), np.array(["a", "bc"]), np.array(b"a"), np.array([object()]), np.array([1, None], object),
        np.array("2020-01-01", "M8[D]"), np.array([1], "m8[s]"), np.array([(1, 2.0)], "i4,f8"), np.zeros(2, "V4"),
    ], ids=lambda a: str(a.dtype))
    def test_dtypes_without_arithmetic_are_refused(self, bad):
        with pytest.raises(DTypeError) as e:
            Variable(bad)
        text = str(e.value)
        assert str(bad.dtype) in text or bad.dtype.name in text or bad.dtype.kind in text

    @pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
    @pytest.mark.parametrize("make", [lambda: np.matrix([[1.0]]), lambda: np.ma.array([1.0], mask=[True])])
    def test_arrays_with_a_meaning_of_their_own_are_refused(self, make):
        with pytest.raises(DTypeError, match="asarray|filled"):
            Variable(make())

    def test_wrong_arguments(self):
        for args, kw in [((), {}), ((np.ones(1), "x", 3), {}), ((np.ones(1),), {"nmae": "x"})]:
            with pytest.raises(TypeError):
                Variable(*args, **kw)

    def test_none(self):
        x = Variable(None)
        assert x.data is None and repr(x) == str(x) == "variable(None)"
        assert (x.grad, x.creator, x.generation, x.name) == (None, None, 0, None)
        x.data = np.array(2.0)
        y = x * 3.0
        y.backward()
        assert_same(x.grad, 3.0)

    @pytest.mark.parametrize("use", [
        lambda x: x + 1.0, lambda x: x * x, lambda x: -x, lambda x: x[0], lambda x: x.sum(), lambda x: np.add(x, 1.0),
        lambda x: len(x), lambda x: float(x), lambda x: x.item(), lambda x: x.shape, lambda x: x.backward(), lambda x: list(x),
        lambda x: bool(x),
    ])
    def test_none_has_no_value_to_use(self, use):
        """Some exception of Python's or ours: never a wrong answer, never a crash."""
        x = Variable(None)
        with pytest.raises((DezeroError, TypeError, ValueError, AttributeError)):
            use(x)
        assert x.grad is None and x.data is None

    def test_a_subclass_stays_with_the_caller(self):
        class Parameter(Variable):
            def __init__(self, data, rate):
                super().__init__(data, "p")
                self.rate = rate

            def twice(self):
                return self * 2

        p = Parameter(np.array(3.0), 0.1)
        y = p.twice() * p
        assert type(y) is Variable and type(p) is Parameter
        y.backward()
        assert_same(p.grad, 12.0)
        assert (p.rate, p.name) == (0.1, "p")
        assert type(y.creator.inputs[1]) is Parameter and y.creator.inputs[1] is p

    def test_a_subclass_may_add_members_and_change_repr(self):
        class Loud(Variable):
            def __repr__(self):
                return "LOUD " + super().__repr__()

        assert repr(Loud(np.array(1.0))) == "LOUD variable(1.0)"

    def test_weakrefs(self, no_gc):
        x = Variable(np.array(1.0))
        r = weakref.ref(x)
        assert r() is x
        del x
        assert r() is None

    def test_a_cycle_through_a_users_object_is_collected(self):
        class Parameter(Variable):
            pass

        p = Parameter(np.array(1.0))
        p.me = p
        r = weakref.ref(p)
        del p
        gc.collect()
        assert r() is None

    def test_a_cycle_through_a_functions_attribute_is_collected(self):
        class Copy(Function):
            def forward(self, x):
                return x * 1.0

        y = Copy()(Variable(np.array(1.0)))
        y.creator.result = y
        r = weakref.ref(y)
        del y
        gc.collect()
        assert r() is None


class TestNames:
    def test_as_array(self):
        a = np.ones(3)
        assert as_array(a) is a
        assert_same(as_array(2.0), np.array(2.0))
        assert_same(as_array(np.float32(2)), np.array(2, "f4"))
        assert_same(as_array(3), np.array(3))

    def test_as_variable(self):
        x = Variable(np.array([2.0]))
        assert as_variable(x) is x
        leaf = as_variable(np.array([3.0]))
        assert type(leaf) is Variable and leaf.creator is None
        (leaf * x).backward()
        assert_same(leaf.grad, [2.0])
        for bad in ("a", None.__class__, object(), {}):
            with pytest.raises(TypeError):
                as_variable(bad)


class TestAttributes:
    def test_data_may_be_rebound(self):
        x = Variable(np.array(1.0))
        new = np.array(5.0)
        x.data = new
        assert x.data is new and (x + 1.0).data == 6

    @pytest.mark.parametrize("bad", [1.0, "a", [1.0], object(), {}])
    def test_data_is_rebound_to_arrays_only(self, bad):
        x = Variable(np.array(1.0))
        with pytest.raises(TypeError):
            x.data = bad
        assert x.data == 1.0

    def test_data_is_not_rebound_to_objects(self):
        x = Variable(np.array(1.0))
        for bad in (np.array([object()]), np.array("a"), np.ma.array([1.0])):
            with pytest.raises(DTypeError):
                x.data = bad
        assert x.data == 1.0

    def test_the_data_of_a_result_stays_one_array(self):
        """0-d results may be numbers inside until somebody asks: from then on there is one array."""
        for a in (np.array(2.0), np.array([1.0, 2.0])):
            y = Variable(a) * 3.0
            assert y.data is y.data and type(y.data) is np.ndarray
            y.data[...] = 100
            assert (y.data == 100).all() and ((y + 1.0).data == 101).all() and float((y + 1.0).data.max()) == 101

    def test_the_data_of_a_leaf_changed_in_place_is_seen_by_the_next_op(self):
        a = np.array(2.0)
        x = Variable(a)
        assert (x * 1.0).data == 2
        a[...] = 7
        assert x.data == 7 and (x * 1.0).data == 7 and x.item() == 7 and repr(x) == "variable(7.0)"

    @pytest.mark.parametrize("attribute", ["shape", "ndim", "size", "dtype"])
    def test_properties_are_read_only(self, attribute):
        x = Variable(np.arange(6.0).reshape(2, 3))
        with pytest.raises(AttributeError):
            setattr(x, attribute, getattr(x, attribute))

    def test_grad_may_be_assigned(self):
        x = Variable(np.array([1.0, 2.0]))
        g = np.array([3.0, 4.0])
        x.grad = g
        assert x.grad.tolist() == [3, 4]
        x.grad = None
        assert x.grad is None
        x.grad = g
        x.cleargrad()
        assert x.grad is None
        x.grad = g
        x.clear_grad()
        assert x.grad is None

    @pytest.mark.parametrize("bad", [np.ones(3), np.ones((2, 1)), np.array(1.0), np.ones((1, 2))])
    def test_a_grad_of_another_shape_is_refused(self, bad):
        x = Variable(np.array([1.0, 2.0]))
        with pytest.raises(GradientError) as e:
            x.grad = bad
        assert str(bad.shape) in str(e.value) and "(2,)" in str(e.value)
        assert x.grad is None

    @pytest.mark.parametrize("bad", ["a", [1.0, 2.0], object(), {}])
    def test_a_grad_of_another_type_is_refused(self, bad):
        x = Variable(np.array([1.0, 2.0]))
        with pytest.raises((DezeroError, TypeError, ValueError)):
            x.grad = bad
        assert x.grad is None

    def test_unknown_names(self):
        x = Variable(np.array(1.0))
        with pytest.raises(AttributeError, match="gard"):
            x.gard
        assert not hasattr(x, "no_such_op") and getattr(x, "no_such_op", 3) == 3
        assert not hasattr(x, "__no_such_protocol__") and not hasattr(x, "_private")
        assert not any(hasattr(x * 2.0, name) for name in QUESTIONS)       # they refuse in words, but only who takes it for numbers then
        with pytest.raises(AttributeError, match="no_such_op"):
            F.no_such_op
        with pytest.raises(AttributeError, match="no_such_name"):
            dezero.no_such_name

    @pytest.mark.parametrize("name, words", [
        ("numpy", "x.data is the array"), ("requires_grad", "x.is_constant tells"), ("requires_grad_", "wants a gradient"),
        ("zero_grad", "x.cleargrad()"),
        ("unsqueeze", "numpy.expand_dims(x, axis)"), ("permute", "x.transpose(1, 0)"), ("clamp", "x.clip(low, high)"),
        ("norm", "numpy.linalg.norm(x)"), ("relu", "numpy.maximum(x, 0)"), ("to", "x.astype(dtype)"), ("float", "x.astype(float)"),
        ("is_leaf", "x.creator is None"), ("register_hook", "y.backward(retain_grad=True)"), ("device", "on the CPU"),
        ("expand_dims", "the op of this name is no method: write dezero.functions.expand_dims(...)"),
        ("tobytes", "an array has it, x.data.tobytes, and no gradient goes back from there"),
        ("no_such_op", "no op of this name is registered; an op can be added"),
    ])
    def test_a_missing_attribute_is_told_where_it_is(self, name, words):
        with pytest.raises(OpAttributeError) as error:
            getattr(Variable(np.ones(2)), name)
        assert f"a Variable has no attribute {name!r}" in str(error.value) and words in str(error.value)

    def test_missing_ops_have_errors_of_their_own(self):
        x = Variable(np.ones((2, 2)))
        for look in (lambda: x.no_such_op, lambda: F.no_such_op):
            with pytest.raises(OpAttributeError, match="no_such_op"):
                look()
        for use in (lambda: np.exp(x), lambda: np.mean(x), lambda: x @ x, lambda: ~x):
            with pytest.raises(TypeError):
                use()
        with pytest.raises(OpTypeError, match="exp"):
            np.exp(x)

    def test_set_creator(self):
        f = dezero.Add()
        y = f(Variable(np.array(1.0)), Variable(np.array(2.0)) * 3.0)
        z = Variable(np.array(3.0))
        z.set_creator(f)
        assert z.creator is f and z.generation == f.generation + 1 == 2 == y.generation


class TestRepr:
    @pytest.mark.parametrize("data,text", [
        (np.array(1.0), "variable(1.0)"),
        (np.array([1, 2, 3]), "variable([1 2 3])"),
        (np.array([[1.5, 2.0], [3.0, 4.0]]), "variable([[1.5 2. ]\n          [3.  4. ]])"),
        (np.zeros(0), "variable([])"),
        (np.array(True), "variable(True)"),
        (np.array([1j]), "variable([0.+1.j])"),
    ])
    def test_is_the_text_of_the_data(self, data, text):
        assert repr(Variable(data)) == str(Variable(data)) == text

    def test_continuation_lines_stand_under_the_first(self):
        a = np.arange(8.0).reshape(2, 2, 2)
        assert repr(Variable(a)) == "variable(" + str(a).replace("\n", "\n" + " " * 9) + ")"

    def test_large_data_are_cut_as_numpy_does(self):
        assert "..." in repr(Variable(np.zeros(10**5)))

    def test_of_a_result(self):
        assert repr(Variable(np.array(2.0)) * 3) == "variable(6.0)"

    def test_in_formats(self):
        x = Variable(np.array(2.0))
        assert "%s" % x == f"{x}" == "{}".format(x) == "variable(2.0)"


# ---------------------------------------------------------------- as a number or a sequence, and copies

class TestAsPython:
    def test_len(self):
        assert len(Variable(np.zeros((3, 2)))) == 3 and len(Variable(np.zeros(0))) == 0
        with pytest.raises(TypeError, match="0-d"):
            len(Variable(np.array(1.0)))

    @pytest.mark.parametrize("data", [np.array(2.0), np.array([2.0]), np.array([[2.0]]), np.array(2), np.array([2], "f4")])
    def test_numbers_of_size_one(self, data):
        x = Variable(data).detach()
        assert (float(x), int(x), bool(x)) == (2.0, 2, True)
        assert (type(float(x)), type(int(x)), type(bool(x))) == (float, int, bool)
        assert math.sqrt(x) == math.sqrt(2)

    @pytest.mark.parametrize("data", [np.array(0.0), np.array([0.0]), np.array(False), np.array(-0.0)])
    def test_zero_is_false(self, data):
        assert bool(Variable(data)) is False

    @pytest.mark.parametrize("data", [np.array([1.0, 2.0]), np.zeros((2, 2)), np.zeros(0)])
    def test_more_or_less_than_one_value(self, data):
        x = Variable(data)
        with pytest.raises(ValueError, match="ambiguous" if data.size else None):
            bool(x)
        for number in (float, int, complex, round, lambda x: format(x, ".2f")):
            with pytest.raises((TypeError, ValueError)):
                number(x)

    def test_no_index(self):
        with pytest.raises(TypeError):
            operator.index(Variable(np.array(1)))
        with pytest.raises(TypeError):
            [0, 1][Variable(np.array(1))]
        with pytest.raises(TypeError):
            [0] * Variable(np.array(1))

    def test_integers_and_nan(self):
        assert int(Variable(np.array(2.9)).detach()) == 2
        with pytest.raises(ValueError):
            int(Variable(np.array(np.nan)).detach())
        with pytest.raises(OverflowError):
            int(Variable(np.array(np.inf)).detach())

    def test_the_buffer_protocol_is_refused(self):
        with pytest.raises((TypeError, AttributeError, BufferError)):
            memoryview(Variable(np.array(1.0)))

    def test_not_callable_not_a_context(self):
        x = Variable(np.array(1.0))
        with pytest.raises(TypeError):
            x()
        with pytest.raises((TypeError, AttributeError)):
            x.__enter__()


class TestCopies:
    @pytest.mark.parametrize("duplicate", [
        copy.copy, copy.deepcopy,
        *[lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in range(2, pickle.HIGHEST_PROTOCOL + 1)],
    ])
    def test_carry_data_and_name_but_no_graph_and_no_grad(self, duplicate):
        x = Variable(np.array([1.0, 2.0]), "x")
        y = x * x
        y.name = "y"
        y.backward(retain_grad=True)
        for v in (x, y):
            z = duplicate(v)
            assert type(z) is Variable and z is not v
            assert (z.name, z.creator, z.grad, z.generation) == (v.name, None, None, 0)
            assert_same(z.data, v.data)
        assert x.grad.tolist() == [2, 4] and y.creator is not None

    def test_deepcopy_and_pickle_have_data_of_their_own(self):
        x = Variable(np.array([1.0, 2.0]))
        for z in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
            z.data[...] = 0
        assert x.data.tolist() == [1, 2]

    def test_a_copy_is_a_leaf_that_learns(self):
        x = Variable(np.array(3.0))
        z = copy.deepcopy(x * x)
        (z * z).backward()
        assert_same(z.grad, 18.0)
        assert x.grad is None

    @pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_a_copy_of_a_constant_is_a_constant(self, duplicate):
        """It takes assignments, and converts to an array, as what it was copied from."""
        x = Variable(np.array([1.0, 2.0]))
        for v in (x.detach(), np.zeros_like(x), np.zeros_like(x) + 1.0):
            z = duplicate(v)
            assert z.is_constant and type(np.asarray(z)) is np.ndarray
            z[0] = x[1]
            assert z.data[0] == 2.0 and v.data[0] != 2.0 and not z.is_constant
        assert not duplicate(x).is_constant and not duplicate(x * 2.0).is_constant

    def test_deepcopy_keeps_what_is_shared(self):
        x = Variable(np.array(1.0))
        a, b = copy.deepcopy([x, x])
        assert a is b and a is not x

    def test_none_and_0d_results(self):
        assert copy.copy(Variable(None)).data is None
        assert pickle.loads(pickle.dumps(Variable(np.array(2.0)) * 3.0)).data == 6

    def test_pickle_holds_no_function(self):
        class Local(Function):
            def forward(self, x):
                return x + 1

        y = Local()(Variable(np.array(1.0)))
        assert b"Local" not in pickle.dumps(y)

    def test_a_deep_graph_is_not_followed(self):
        y = chain_of(20_000)
        assert repr(y) == "variable(20000.0)"
        assert copy.deepcopy(y).data == copy.copy(y).data == pickle.loads(pickle.dumps(y)).data == 20_000

    def test_a_subclass(self):
        z = pickle.loads(pickle.dumps(Scale(np.array(1.0))))
        assert type(z) is Scale and z.data == 1


class Scale(Variable):
    pass


def test_a_deep_graph_is_not_followed_in_a_process_of_its_own():
    out = assert_runs(
        "import copy, pickle, numpy as np, dezero\n"
        "x = y = dezero.Variable(np.array(0.0))\n"
        "for _ in range(10**5): y = y + 1.0\n"
        "repr(y); copy.deepcopy(y); pickle.dumps(y); str(y.creator)\n"
        "print(y.generation)")
    assert out == "100000\n"


def test_pickles_load_in_another_process():
    data = pickle.dumps(Variable(np.array([1.0, 2.0]), "x") * 2.0)
    out = assert_runs(f"import pickle; v = pickle.loads({data!r}); print(v, v.creator)")
    assert out == "variable([2. 4.]) None\n"


# ---------------------------------------------------------------- operators beyond values (those are in ops/)

class TestOperands:
    @pytest.mark.parametrize("write", [
        lambda x, y: x @ y, lambda x, y: x % y, lambda x, y: x // y, lambda x, y: divmod(x, y), lambda x, y: x & y,
        lambda x, y: x | y, lambda x, y: x ^ y, lambda x, y: x << y, lambda x, y: x >> y, lambda x, y: ~x,
        lambda x, y: +x, lambda x, y: abs(x),
    ])
    def test_an_operator_that_no_op_claims_is_a_type_error(self, write):
        x, y = Variable(np.ones((2, 2))), Variable(np.ones((2, 2)))
        for other in (y, y.data, 2.0):
            with pytest.raises(TypeError):
                write(x, other)
        with pytest.raises(TypeError):
            operator.imatmul(x, y)
        assert x.generation == 0 and x.grad is None

    @pytest.mark.parametrize("write", [
        lambda x, y: x @ y, lambda x, y: x % y, lambda x, y: x // y, divmod, lambda x, y: x & y, lambda x, y: x << y])
    def test_an_unclaimed_operator_of_an_array_and_a_variable(self, write):
        with pytest.raises(TypeError):
            write(np.ones((2, 2)), Variable(np.ones((2, 2))))

    def test_a_stranger_has_its_turn_where_nothing_is_claimed(self):
        class Stranger:
            def mine(self, other):
                return "mine"

            __matmul__ = __rmatmul__ = __rmod__ = __rfloordiv__ = __rdivmod__ = __rand__ = __rlshift__ = mine

        x, s = Variable(np.ones((2, 2))), Stranger()
        assert [x @ s, s @ x, x % s, x // s, divmod(x, s), x & s, x << s] == ["mine"] * 7

    def test_a_stranger_that_numpy_knows_has_its_turn(self):
        class Stranger:
            def __array_ufunc__(self, ufunc, method, *inputs, **kw):
                return "mine"

            def __radd__(self, other):
                return "mine"

        assert Variable(np.ones(2)) + Stranger() == "mine"
        assert np.add(Variable(np.ones(2)), Stranger()) == "mine"


# ---------------------------------------------------------------- large values: what somebody holds is never written to

N = 100_000


@pytest.fixture
def xy():
    x, y = Variable(np.full(N, 1.0)), Variable(np.full(N, 2.0))
    for _ in range(3):                      # each operator has been used before
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


# ---------------------------------------------------------------- an operand that somebody else holds

class Proxy:
    """Stands for an object, as those of wrapt do: it alone holds it, and hands operators on."""

    def __init__(self, wrapped):
        self.wrapped = wrapped

    def __getattr__(self, name):
        return getattr(self.wrapped, name)

    def __add__(self, other): return self.wrapped + other
    def __radd__(self, other): return other + self.wrapped
    def __mul__(self, other): return self.wrapped * other
    def __rmul__(self, other): return other * self.wrapped
    def __neg__(self): return -self.wrapped
    def __getitem__(self, index): return self.wrapped[index]


class LazyProxy(Proxy):
    """Makes its object at the first use."""

    def __init__(self, make):
        self.make = make

    @property
    def wrapped(self):
        if "made" not in self.__dict__:
            self.__dict__["made"] = self.make()
        return self.__dict__["made"]


def of_wrapt(y):
    return pytest.importorskip("wrapt").ObjectProxy(y)


def of_lazy_object_proxy(y):
    kept = [y]
    return pytest.importorskip("lazy_object_proxy").Proxy(kept.pop)


@pytest.mark.parametrize("wrap", [Proxy, lambda y: LazyProxy([y].pop), of_wrapt, of_lazy_object_proxy],
                         ids=["proxy", "lazy proxy", "wrapt", "lazy_object_proxy"])
@pytest.mark.parametrize("n", [1, 8, 2000, N])
def test_a_proxy_of_an_operand(wrap, n):
    """Used several times, and by loops that would otherwise be its last: its data stay."""
    x, y = Variable(np.full(n, 1.0)), Variable(np.full(n, 2.0))
    for _ in range(20):
        x.cleargrad()
        y.cleargrad()
        p = wrap(x * y)
        a, b, c = p + 1.0, p * 3.0, x * p
        assert is_all(a, 3.0) and is_all(b, 6.0) and is_all(c, 2.0) and is_all(p, 2.0) and is_all(-p, -2.0)
        (a * b + c + p[0]).sum().backward()
        want = np.full(n, 2 * (6 + 9) + 4.0)
        want[0] += 2.0 * n
        np.testing.assert_allclose(x.grad, want)


@pytest.mark.parametrize("wrap", [of_wrapt, of_lazy_object_proxy])
def test_a_proxy_is_no_operand_but_of_operators(wrap):
    """isinstance() takes it for a Variable, compiled code does not: its gradient is there, or it is refused by name."""
    x, y = Variable(np.array([1.0, 2.0])), Variable(np.array([3.0, 4.0]))
    for f in (lambda p: x * p, lambda p: x / p, lambda p: x ** p, lambda p: x - p, lambda p: np.array([1.0, 2.0]) * p, lambda p: 2.0 * p,
              lambda p: F.mul(x, p), lambda p: F.mul(p, x), lambda p: np.multiply(x, p), lambda p: dezero.add(x, p), lambda p: F.sum(p)):
        y.cleargrad()
        f(y).backward()
        want = y.grad
        y.cleargrad()
        try:
            z = f(wrap(y))
        except TypeError:
            continue
        z.backward()
        assert_same(y.grad, want)
    for number in (3.0, np.array([3.0, 4.0])):
        for f in (lambda a, b: a * b, lambda a, b: b - a, lambda a, b: a ** b):
            assert_same(f(x, wrap(number)).data, f(x, number).data)
    assert (x < wrap(y)).all() and (wrap(y) > x).all()
