"""A second derivative is right or refused: each way to write a rule, each trap, and what lies beside the traps."""

import array
import collections
import decimal
import fractions
import functools
import gc
import math
import threading
import types
import weakref

import numpy as np
import pytest

import dezero
from dezero import Function, Variable, no_grad, plugins, using_config
from dezero.errors import FirstOrderOnly, GradientError

X = 0.7


def V(value=X):
    return Variable(np.array(value))


def second(op, x=X):
    """d²y/dx² by backward through backward."""
    v = V(x)
    op(v).backward(create_graph=True)
    g = v.grad
    v.cleargrad()
    g.sum().backward()
    return v.grad


def first(op, x=X):
    v = V(x)
    op(v).backward()
    return v.grad


def right(cls, x=X):
    """Both derivatives of exp are right."""
    for at in (x, np.array([0.1, -0.4])):
        np.testing.assert_allclose(first(cls(), at), np.exp(at), rtol=1e-12)
        np.testing.assert_allclose(second(cls(), at), np.exp(at), rtol=1e-12)


def refused(cls, x=X, *words):
    """The first derivative is right, the second one is refused, in words, and leaves nothing behind."""
    np.testing.assert_allclose(first(cls(), x), np.exp(x), rtol=1e-12)
    v = V(x)
    y = cls()(v)
    with pytest.raises(FirstOrderOnly) as error:
        y.backward(create_graph=True)
    assert cls.__qualname__ in str(error.value)
    assert "x.detach()" in str(error.value) and "order = 1" in str(error.value)
    for word in words:
        assert word in str(error.value)
    assert v.grad is None
    y.backward()
    np.testing.assert_allclose(v.grad, np.exp(x), rtol=1e-12)


class Base(Function):
    def forward(self, x):
        return np.exp(x)


# ---- eight ways to write exp's rule, and more ------------------------------------------------------------------------

class TestExp:
    def test_output(self):
        class Exp(Base):
            def backward(self, gy):
                return gy * self.outputs[0]()

        right(Exp)

    def test_recomputed(self):
        class Exp(Base):
            def backward(self, gy):
                x, = self.inputs
                return gy * Exp()(x)

        right(Exp)

    def test_saved_output(self):
        class Exp(Function):
            def forward(self, x):
                self.y = np.exp(x)
                return self.y

            def backward(self, gy):
                return gy * self.y

        refused(Exp, X, "self.y")

    def test_saved_input(self):
        class Exp(Function):
            def forward(self, x):
                self.x = x
                return np.exp(x)

            def backward(self, gy):
                return gy * np.exp(self.x)

        refused(Exp, X, "self.x")

    def test_data_of_the_input(self):
        class Exp(Base):
            def backward(self, gy):
                x, = self.inputs
                return gy * np.exp(x.data)

        refused(Exp, X, ".data")

    def test_data_of_the_output(self):
        class Exp(Base):
            def backward(self, gy):
                return gy * self.outputs[0]().data

        refused(Exp, X, ".data")

    def test_asarray(self):
        class Exp(Base):
            def backward(self, gy):
                return gy * np.exp(np.asarray(self.inputs[0]))

        refused(Exp, X, "asarray")

    def test_asarray_of_the_output_into_an_array(self):
        class Exp(Base):
            def backward(self, gy):
                return gy * np.array(self.outputs[0](), float)

        refused(Exp)

    def test_float(self):
        class Exp(Base):
            def backward(self, gy):
                return gy * math.exp(self.inputs[0])

        refused(Exp, X, "float()")

    def test_item_of_the_output(self):
        class Exp(Base):
            def backward(self, gy):
                return gy * float(self.outputs[0]())

        refused(Exp, X, "float()")

    def test_float_of_what_was_computed(self):
        class Exp(Base):
            def backward(self, gy):
                y = self.outputs[0]()
                return gy * float(y * 1.0 + 0.0)

        refused(Exp, X, "float()")

    def test_data_of_what_was_computed(self):
        class Exp(Base):
            def backward(self, gy):
                y = self.outputs[0]()
                return gy * ((y * y).sum() / y.sum()).data

        refused(Exp, X, ".data")

    def test_data_of_what_a_python_op_computed(self):
        class Exp(Base):
            def backward(self, gy):
                return gy * (Exp()(self.inputs[0]) * 1.0).data

        refused(Exp, X, ".data")

    def test_returning_an_array(self):
        class Exp(Base):
            def backward(self, gy):
                x = self.inputs[0].detach().data
                return np.exp(x) * np.asarray(gy.detach() if isinstance(gy, Variable) else gy)

        refused(Exp, X, "returned an array")

    def test_returning_a_number(self):
        class Exp(Base):
            def backward(self, gy):
                return np.exp(self.inputs[0].detach().data.item()) * (1.0 if isinstance(gy, Variable) else gy)

        refused(Exp, X, "returned")

    def test_returning_a_new_variable(self):
        class Exp(Base):
            def backward(self, gy):
                y = np.exp(self.inputs[0].detach().data)
                return Variable(np.asarray(y * (gy.detach().data if isinstance(gy, Variable) else gy)))

        refused(Exp, X, "without graph")

    def test_data_of_the_gradient(self):
        class Exp(Base):
            def backward(self, gy):
                gy = gy.data if isinstance(gy, Variable) else gy
                return self.outputs[0]() * gy

        refused(Exp, X, ".data")

    def test_saved_in_a_closure(self):
        class Exp(Function):
            def forward(self, x):
                y = np.exp(x)
                self.rule = lambda gy: gy * y
                return y

            def backward(self, gy):
                return self.rule(gy)

        refused(Exp, X, "self.rule")

    def test_saved_in_a_default(self):
        class Exp(Function):
            def forward(self, x):
                y = np.exp(x)
                self.rule = lambda gy, y=y: gy * y
                return y

            def backward(self, gy):
                return self.rule(gy)

        refused(Exp)

    def test_saved_in_a_partial(self):
        class Exp(Function):
            def forward(self, x):
                y = np.exp(x)
                self.rule = functools.partial(np.multiply, y)
                return y

            def backward(self, gy):
                return gy * self.rule(1.0)

        refused(Exp)

    def test_saved_as_a_variable(self):
        class Exp(Function):
            def forward(self, x):
                self.y = Variable(np.asarray(np.exp(x)))
                return np.exp(x)

            def backward(self, gy):
                return gy * self.y

        refused(Exp)

    def test_saved_over_a_parameter(self):
        class Exp(Function):
            def __init__(self):
                self.y = np.array(1.0)

            def forward(self, x):
                self.y = np.exp(x)
                return self.y

            def backward(self, gy):
                return gy * self.y

        refused(Exp, X, "self.y")

    def test_saved_into_an_array_that_was_there(self):
        class Exp(Function):
            def __init__(self):
                self.buffer = np.zeros(3)

            def forward(self, x):
                self.buffer[0] = np.exp(x)
                return np.exp(x)

            def backward(self, gy):
                return gy * self.buffer[0]

        refused(Exp, X, "self.buffer")

    def test_saved_into_a_list_that_was_there(self):
        class Exp(Function):
            def __init__(self):
                self.saved = []

            def forward(self, x):
                self.saved.append(np.exp(x))
                return np.exp(x)

            def backward(self, gy):
                return gy * self.saved[-1]

        refused(Exp, X, "self.saved[0]")

    def test_saved_on_an_object_that_was_there(self):
        class Exp(Function):
            def __init__(self):
                self.ctx = types.SimpleNamespace()

            def forward(self, x):
                self.ctx.y = np.exp(x)
                return np.exp(x)

            def backward(self, gy):
                return gy * self.ctx.y

        refused(Exp, X, "self.ctx.y")

    def test_saved_in_a_slot(self):
        class Exp(Function):
            __slots__ = ("y",)

            def forward(self, x):
                self.y = np.exp(x)
                return self.y

            def backward(self, gy):
                return gy * self.y

        refused(Exp, X, "self.y")

    @pytest.mark.parametrize("wrap", [lambda y: (1, y), lambda y: [y], lambda y: {"y": y}, lambda y: {"a": [(y,)]}, lambda y: types.SimpleNamespace(y=y),
                                      lambda y: y.item(), lambda y: np.float64(y), lambda y: complex(y), lambda y: y.astype("f4").astype("f8")],
                             ids=["tuple", "list", "dict", "nested", "object", "float", "float64", "complex", "copy"])
    def test_saved_in_a_container(self, wrap):
        class Exp(Function):
            def forward(self, x):
                self.saved = wrap(np.exp(x))
                return np.exp(x)

            def backward(self, gy):
                y = np.exp(self.inputs[0].detach().data)
                return gy * y

        v = V()
        Exp()(v).backward()
        assert v.grad is not None
        with pytest.raises(FirstOrderOnly, match="self.saved"):
            Exp()(V()).backward(create_graph=True)

    def test_no_grad_in_the_rule(self):
        class Exp(Base):
            def backward(self, gy):
                with no_grad():
                    y = 1.0 * self.outputs[0]()
                return gy * y

        refused(Exp, X, "no_grad")

    def test_no_grad_around_a_python_op_in_the_rule(self):
        class Exp(Base):
            def backward(self, gy):
                with no_grad():
                    y = Exp()(self.inputs[0])
                return gy * y

        refused(Exp, X, "no_grad")

    def test_a_copy(self):
        import copy

        class Exp(Base):
            def backward(self, gy):
                return gy * copy.copy(self.outputs[0]())

        refused(Exp, X, "copy")

    def test_pickle(self):
        import pickle

        class Exp(Base):
            def backward(self, gy):
                return gy * pickle.loads(pickle.dumps(self.outputs[0]()))

        refused(Exp)

    def test_saved_by_the_first_backward(self):
        """An ordinary backward comes first, and leaves something for the second."""
        class Exp(Base):
            def backward(self, gy):
                if not hasattr(self, "y"):
                    self.y = np.exp(self.inputs[0].detach().data)
                return gy * self.y

        v = V()
        y = Exp()(v)
        y.backward()
        with pytest.raises(FirstOrderOnly, match="self.y"):
            y.backward(create_graph=True)


# ---- beside the instance ---------------------------------------------------------------------------------------------

SAVED = {}
NUMBER = None
LOCAL = threading.local()
WEAK = weakref.WeakKeyDictionary()


def put_away(y):
    SAVED["by a helper"] = y
    return y


def found_again():
    return SAVED["by a helper"]


def in_a_global_dict():
    class Exp(Function):
        def forward(self, x):
            SAVED[id(self)] = np.exp(x)
            return SAVED[id(self)]

        def backward(self, gy):
            return gy * SAVED[id(self)]
    return Exp, "the global SAVED["


def in_a_global_number():
    class Exp(Function):
        def forward(self, x):
            global NUMBER
            NUMBER = np.exp(x).item()
            return np.exp(x)

        def backward(self, gy):
            return gy * NUMBER
    return Exp, "the global NUMBER"


def by_a_helper():
    class Exp(Function):
        def forward(self, x):
            return put_away(np.exp(x))

        def backward(self, gy):
            return gy * found_again()
    return Exp, "the global SAVED["


def in_a_thread_local():
    class Exp(Function):
        def forward(self, x):
            LOCAL.y = np.exp(x)
            return LOCAL.y

        def backward(self, gy):
            return gy * LOCAL.y
    return Exp, "the global LOCAL.y"


def in_a_weak_dict():
    class Exp(Function):
        def forward(self, x):
            WEAK[self] = np.exp(x)
            return WEAK[self]

        def backward(self, gy):
            return gy * WEAK[self]
    return Exp, "the global WEAK"


def in_an_enclosing_variable():
    y = None

    class Exp(Function):
        def forward(self, x):
            nonlocal y
            y = np.exp(x)
            return y

        def backward(self, gy):
            return gy * y
    return Exp, "the closure of "


def in_an_enclosing_list():
    saved = []

    class Exp(Function):
        def forward(self, x):
            saved.append(np.exp(x))
            return saved[-1]

        def backward(self, gy):
            return gy * saved[-1]
    return Exp, "the closure of "


def in_an_array_written_over():
    buffer = np.zeros(())

    class Exp(Function):
        def forward(self, x):
            buffer[...] = np.exp(x)
            return buffer.copy()

        def backward(self, gy):
            return gy * buffer
    return Exp, "the closure of "


def in_a_mutable_default():
    class Exp(Function):
        def value(self, x=None, *, kept={}):
            if x is not None:
                kept["y"] = np.exp(x)
            return kept["y"]

        def forward(self, x):
            return self.value(x)

        def backward(self, gy):
            return gy * self.value()
    return Exp, "the defaults of "


def on_the_class():
    class Exp(Function):
        def forward(self, x):
            type(self).y = np.exp(x)
            return self.y

        def backward(self, gy):
            return gy * self.y
    return Exp, "Exp.y"


def by_a_class_method():
    class Exp(Function):
        @classmethod
        def keep(cls, y):
            cls.y = y
            return y

        def forward(self, x):
            return self.keep(np.exp(x))

        def backward(self, gy):
            return gy * self.y
    return Exp, "Exp.y"


def in_a_list_of_the_class():
    class Exp(Function):
        saved = []

        def forward(self, x):
            self.saved.append(np.exp(x))
            return self.saved[-1]

        def backward(self, gy):
            return gy * self.saved[-1]
    return Exp, "Exp.saved["


def on_the_class_above():
    class Above(Function):
        kept = {}

        def forward(self, x):
            self.kept["y"] = np.exp(x)
            return self.kept["y"]

    class Exp(Above):
        def backward(self, gy):
            return gy * self.kept["y"]
    return Exp, "Above.kept['y']"


def on_a_method():
    class Exp(Function):
        def forward(self, x):
            Exp.forward.y = np.exp(x)
            return Exp.forward.y

        def backward(self, gy):
            return gy * Exp.forward.y
    return Exp, "forward.y"


class TestBesideTheInstance:
    @pytest.mark.parametrize("make", [in_a_global_dict, in_a_global_number, by_a_helper, in_a_thread_local, in_a_weak_dict, in_an_enclosing_variable,
                                      in_an_enclosing_list, in_an_array_written_over, in_a_mutable_default, on_the_class, by_a_class_method,
                                      in_a_list_of_the_class, on_the_class_above, on_a_method], ids=lambda make: make.__name__)
    def test_what_forward_leaves_is_refused(self, make):
        cls, place = make()
        refused(cls, X, "beside the instance", place)
        refused(cls, X, place)

    def test_constants_are_no_matter(self):
        table, scale, steps = {"w": np.array([1.0, 3.0])}, 0.5, []

        class Weighted(Function):
            weights = [2.0, {"b": np.array(4.0)}]

            def forward(self, x):
                steps.append(x.size)
                return self.weights[1]["b"] * table["w"] * scale * x * x

            def backward(self, gy):
                x, = self.inputs
                return gy * (2.0 * self.weights[1]["b"]) * table["w"] * scale * x

        for _ in range(3):
            np.testing.assert_array_equal(second(Weighted(), [1.0, -2.0]), [4.0, 12.0])
        assert steps == [2, 2, 2]

    def test_what_is_large_is_not_looked_into(self):
        """A module's whole state may hang on a global that an op names; nothing can be said of it."""
        everything = {"losses": [], "data": [[float(i), str(i)] for i in range(2000)]}

        class Exp(Base):
            def backward(self, gy):
                everything["losses"].append(0.5)
                return gy * self.outputs[0]()

        right(Exp)

    def test_first_order_and_vouched_rules_may_keep_what_they_like(self):
        class Vouched(in_a_global_dict()[0]):
            order = None

            def backward(self, gy):
                return gy * SAVED[id(self)]

        assert first(Vouched()) == np.exp(X)
        Vouched()(V()).backward(create_graph=True)

    def test_a_class_is_let_go(self):
        """What is noted of a class lives no longer than the class."""
        ref = weakref.ref(in_an_enclosing_list()[0])

        def use():
            cls = ref()
            cls and cls()(V())

        use()
        gc.collect()
        assert ref() is None


class TestKeptOnTheInstance:
    @pytest.mark.parametrize("keep", [
        lambda y: collections.deque([y]), lambda y: iter([y]), lambda y: (v for v in [y]), lambda y: memoryview(np.array(y)), lambda y: array.array("d", [y]),
        lambda y: np.array(y).tobytes(), lambda y: bytearray(np.array(y)), lambda y: y.__mul__, lambda y: np.array([None, y], object),
        lambda y: np.array([(1, y)], "i8,f8"), lambda y: decimal.Decimal(float(y)), lambda y: fractions.Fraction(float(y)), lambda y: {"k": {y}},
        lambda y: (V(y) * 1.0).creator, lambda y: functools.partial(pow, float(y)), lambda y: np.longdouble(y), lambda y: types.MappingProxyType({"y": y}),
    ], ids=["deque", "iterator", "generator", "memoryview", "array", "bytes", "bytearray", "bound", "objects", "record", "decimal", "fraction", "set", "call",
            "partial", "longdouble", "proxy"])
    def test_refused(self, keep):
        class Exp(Function):
            def forward(self, x):
                self.kept = keep(np.float64(np.exp(x)))
                return np.exp(x)

            def backward(self, gy):
                return gy * np.exp(self.inputs[0].detach().data)

        assert first(Exp()) == np.exp(X)
        with pytest.raises(FirstOrderOnly, match="self.kept"):
            Exp()(V()).backward(create_graph=True)

    def test_a_weak_reference(self):
        class Exp(Function):
            def forward(self, x):
                y = np.exp(x)
                self.kept = weakref.ref(y)
                return y

            def backward(self, gy):
                return gy * self.kept()

        with pytest.raises(FirstOrderOnly, match="self.kept"):
            Exp()(V([X])).backward(create_graph=True)

    @pytest.mark.parametrize("keep", [lambda x: x.dtype, lambda x: x.dtype.type, lambda x: x > 0, lambda x: np.argsort(x, None), lambda x: x.shape,
                                      lambda x: slice(0, x.size), lambda x: np.exp, lambda x: len, lambda x: "ij", lambda x: [x.ndim, None, {0: True}]])
    def test_allowed(self, keep):
        class Exp(Base):
            def forward(self, x):
                self.kept = keep(x)
                return np.exp(x)

            def backward(self, gy):
                return gy * self.outputs[0]()

        assert second(Exp()) == np.exp(X)


class TestTheGraphOfOthers:
    """A rule is handed values, not the caller's Variables: it can't reach, cut or walk the graph behind them."""

    @pytest.mark.parametrize("cut,word", [
        (lambda x: x.creator, "creator"), (lambda x: x.unchain(), "unchain"), (lambda x: x.unchain_backward(), "unchain_backward"),
        (lambda x: x.backward(), "backward"), (lambda x: (x * 2.0).creator.inputs[0].data, "creator"), (lambda x: (x * 2.0).unchain(), "unchain"),
    ])
    @pytest.mark.parametrize("of", [lambda f, gy: f.inputs[0], lambda f, gy: f.outputs[0](), lambda f, gy: gy], ids=["input", "output", "gradient"])
    def test_refused(self, cut, word, of):
        class Exp(Base):
            def backward(self, gy):
                if isinstance(gy, Variable):
                    cut(of(self, gy))
                return gy * self.outputs[0]()

        x = V()
        y = Exp()(x * 1.0) * 2.0
        with pytest.raises(FirstOrderOnly, match=word):
            y.backward(create_graph=True)
        assert x.grad is None
        y.backward()
        np.testing.assert_allclose(x.grad, 2 * np.exp(X))

    @pytest.mark.parametrize("number", [
        lambda x: dezero.grad(lambda z: Exp2()(z))(x).data, lambda x: dezero.value_and_grad(lambda z: Exp2()(z))(x)[0].data,
        lambda x: dezero.grad(lambda z: (z, Exp2()(z).data), has_aux=True)(x)[1], lambda x: float(dezero.jvp(lambda z: Exp2()(z), (x,), (1.0,))[1]),
        lambda x: dezero.vjp(lambda z: Exp2()(z), x)[1](1.0)[0].data, lambda x: dezero.hvp(lambda z: Exp2()(z))(x, 1.0).data,
        lambda x: dezero.jacobian(lambda z: Exp2()(z))(x).data, lambda x: dezero.hessian(lambda z: Exp2()(z))(x).data,
        lambda x: dezero.grad(lambda z: z * x.data)(1.0),
    ], ids=["grad", "value", "aux", "jvp", "vjp", "hvp", "jacobian", "hessian", "closure"])
    def test_numbers_out_of_a_transform_are_refused(self, number):
        class Exp(Base):
            def backward(self, gy):
                return gy * number(self.inputs[0]) if isinstance(gy, Variable) else gy * self.outputs[0]()

        refused(Exp, X, ".data" if "float" not in number.__code__.co_names else "float()")

    @pytest.mark.parametrize("value", [
        lambda x: dezero.grad(lambda z: Exp2()(z))(x), lambda x: dezero.value_and_grad(lambda z: Exp2()(z))(x)[0],
        lambda x: dezero.jvp(lambda z: Exp2()(z), (x,), (np.array(1.0),))[1], lambda x: dezero.hvp(lambda z: Exp2()(z))(x, 1.0),
        lambda x: dezero.hessian(lambda z: Exp2()(z))(x),
    ], ids=["grad", "value", "jvp", "hvp", "hessian"])
    def test_and_right_as_variables(self, value):
        class Exp(Base):
            def backward(self, gy):
                return gy * value(self.inputs[0]) if isinstance(gy, Variable) else gy * self.outputs[0]()

        np.testing.assert_allclose(second(Exp()), np.exp(X))


class Exp2(Base):
    def backward(self, gy):
        return gy * self.outputs[0]()


# ---- what is no trap -------------------------------------------------------------------------------------------------

class TestAllowed:
    def test_parameters(self):
        class Scale(Function):
            def __init__(self, c, weights):
                self.c, self.weights, self.table = c, weights, {"w": [weights]}

            def forward(self, x):
                self.n = x.size                         # no floating number
                self.mask = x > 0
                return self.c * self.weights * x * x

            def backward(self, gy):
                x, = self.inputs
                return gy * (2.0 * self.c) * self.table["w"][0] * x

        v = V([1.0, -2.0])
        Scale(1.5, np.array([1.0, 3.0]))(v).backward(create_graph=True)
        g = v.grad
        v.cleargrad()
        g.sum().backward()
        np.testing.assert_array_equal(v.grad, [3.0, 9.0])

    def test_shape_dtype_and_length(self):
        class Mean(Function):
            def forward(self, x):
                return x.mean()

            def backward(self, gy):
                x, = self.inputs
                return np.broadcast_to(gy / (len(x) * x.size // x.shape[0]), x.shape).astype(x.dtype) if not isinstance(gy, Variable) \
                    else np.broadcast_to(gy / x.size, x.shape)

        v = V([1.0, 2.0])
        (Mean()(v) ** 2).backward(create_graph=True)
        g = v.grad
        v.cleargrad()
        g.sum().backward()
        np.testing.assert_allclose(v.grad, [1.0, 1.0])

    def test_comparisons_and_truth(self):
        class Relu3(Function):
            def forward(self, x):
                return np.maximum(x, 0) ** 3

            def backward(self, gy):
                x, = self.inputs
                mask = (x > 0) & np.greater(x, 0)
                assert bool((x == x).all()) and np.sign(x).shape == x.shape
                return gy * 3.0 * x * x * mask

        np.testing.assert_allclose(second(Relu3(), [-1.0, 2.0]), [0.0, 12.0])

    def test_truth_of_a_scalar(self):
        class Abs2(Function):
            def forward(self, x):
                return x * abs(x)

            def backward(self, gy):
                x, = self.inputs
                return 2.0 * gy * x if x > 0 else -2.0 * gy * x

        assert second(Abs2(), -3.0) == -2 and second(Abs2(), 3.0) == 2

    def test_printing(self):
        class Exp(Base):
            def backward(self, gy):
                assert "0.7" in repr(self.inputs[0]) and "variable(" in str(gy) or not isinstance(gy, Variable)
                return gy * self.outputs[0]()

        assert second(Exp()) == np.exp(X)

    def test_detach_says_constant_here(self):
        class Step(Function):
            def forward(self, x):
                return np.where(x > 0, x, 0.1 * x) ** 2

            def backward(self, gy):
                x, = self.inputs
                slope = np.where(x.detach().data > 0, 1.0, 0.01)
                return gy * 2.0 * x * slope

        np.testing.assert_allclose(second(Step(), [-3.0, 3.0]), [0.02, 2.0])

    def test_returning_what_was_detached(self):
        class Exp(Base):
            def backward(self, gy):
                return (gy * self.outputs[0]()).detach()

        v = V()
        Exp()(v).backward(create_graph=True)
        g = v.grad
        v.cleargrad()
        g.backward()
        assert g.data == np.exp(X) and v.grad is None

    def test_none_and_zeros(self):
        class First(Function):
            def forward(self, x, y):
                return x * x

            def backward(self, gy):
                x, y = self.inputs
                return 2.0 * gy * x, Variable(np.zeros(y.shape)) if isinstance(gy, Variable) else None

        x, y = V(2.0), V(3.0)
        First()(x, y).backward(create_graph=True)
        assert x.grad.data == 4 and y.grad.data == 0

    def test_passing_the_gradient_on(self):
        class Same(Function):
            def forward(self, x):
                return x.copy()

            def backward(self, gy):
                return gy

        assert second(lambda x: Same()(x) ** 3) == 6 * X

    def test_a_transform_inside_a_rule(self):
        class Cube(Function):
            def forward(self, x):
                return x ** 3

            def backward(self, gy):
                x, = self.inputs
                return gy * (dezero.grad(lambda z: z ** 3)(x) if isinstance(gy, Variable) else 3 * x.data ** 2)

        np.testing.assert_allclose(second(Cube()), 6 * X)


# ---- order -----------------------------------------------------------------------------------------------------------

class TestOrder:
    def test_first_order_only(self):
        class Exp(Base):
            order = 1

            def backward(self, gy):
                return gy * self.outputs[0]()

        assert first(Exp()) == np.exp(X)
        with pytest.raises(FirstOrderOnly, match="Exp.*order = 1.*detach"):
            Exp()(V()).backward(create_graph=True)

    def test_vouched_for(self):
        """Constants that are kept on purpose: all traps are off."""
        class Weighted(Function):
            order = None

            def forward(self, x):
                self.w = np.full(x.shape, 3.0)
                return self.w * x * x

            def backward(self, gy):
                x, = self.inputs
                float(np.asarray(x).sum() + x.data.sum() + gy.sum())
                return 2.0 * self.w * gy * x

        np.testing.assert_allclose(second(Weighted(), [1.0, 2.0]), [6.0, 6.0])

    def test_vouched_for_and_an_array(self):
        class Linear(Function):
            order = None

            def forward(self, x):
                return x * 2

            def backward(self, gy):
                return np.full(np.shape(gy), 2.0)

        x = V()
        Linear()(x).backward(create_graph=True)
        assert type(x.grad) is Variable and x.grad.data == 2

    def test_order_is_read_from_the_own_body(self):
        class Exp(Base):
            order = None

            def backward(self, gy):
                return gy * np.exp(self.inputs[0].data)

        class Child(Exp):
            pass

        Exp()(V()).backward(create_graph=True)
        with pytest.raises(FirstOrderOnly):
            Child()(V()).backward(create_graph=True)

    def test_ops_that_are_not_reached_do_not_matter(self):
        class Exp(Base):
            order = 1

            def backward(self, gy):
                return gy * self.outputs[0]()

        x, y = V(), V()
        z = Exp()(x.detach()) * y
        z.backward(create_graph=True)
        assert y.grad.data == np.exp(X)

    def test_the_message_names_op_and_package(self):
        class Cubed(Function):
            name = "cubed_for_test"

            def forward(self, x):
                self.x = x
                return x ** 3

            def backward(self, gy):
                return 3 * gy * self.x ** 2

        with plugins.isolated():
            plugins.register(Cubed)
            with pytest.raises(FirstOrderOnly, match="'cubed_for_test'.*self.x"):
                V().cubed_for_test().backward(create_graph=True)


# ---- in other walks --------------------------------------------------------------------------------------------------

class Data(Function):
    """Right to first order."""

    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        return gy * np.exp(self.inputs[0].data)


class TestElsewhere:
    def test_first_order_is_free(self):
        assert first(Data()) == np.exp(X)

    def test_inside_another_backward(self):
        """A walk beside another one is first order too."""
        class Outer(Base):
            def backward(self, gy):
                with using_config("enable_backprop", True):
                    v = Variable(self.inputs[0].data)
                    Data()(v).backward()
                return gy * v.grad * dezero.grad(lambda z: Data()(z))(v.data) / v.grad

        assert first(Outer()) == np.exp(X)

    def test_transforms_of_first_order(self):
        assert dezero.grad(lambda x: Data()(x))(X) == np.exp(X)
        np.testing.assert_array_equal(dezero.jacobian(lambda x: Data()(x))(np.ones(2)), np.diag(np.exp(np.ones(2))))

    @pytest.mark.parametrize("transform", [lambda f: dezero.grad(dezero.grad(f))(X), lambda f: dezero.hessian(f)(X), lambda f: dezero.hvp(f)(X, 1.0)],
                             ids=["grad of grad", "hessian", "hvp"])
    def test_transforms_of_second_order(self, transform):
        with pytest.raises(FirstOrderOnly, match="Data"):
            transform(lambda x: Data()(x))

    def test_forward_mode_needs_operators_on_the_gradient_alone(self):
        """jvp is linear in the seed: what a rule reads of inputs and outputs is constant."""
        x = np.array([0.3, -0.2])
        y, t = dezero.jvp(lambda x: Data()(x), (x,), (np.array([1.0, 2.0]),))
        np.testing.assert_allclose(t, np.exp(x) * [1.0, 2.0])

    def test_forward_mode_refuses_what_is_not_linear_to_be_seen(self):
        class Arrays(Base):
            def backward(self, gy):
                return np.asarray(gy) * np.exp(self.inputs[0].data)

        f = lambda x: Arrays()(x)
        x = np.array([0.3, -0.2])
        with pytest.raises(FirstOrderOnly):
            dezero.jvp(f, (x,), (x,))
        y, t = dezero.jvp(lambda x: Arrays()(x).sum(), (x,), (x,))      # a scalar: by its gradient
        np.testing.assert_allclose(t, (np.exp(x) * x).sum())
        np.testing.assert_allclose(dezero.jacobian(lambda x: np.broadcast_to(f(x), (30, 2)))(x)[7], np.diag(np.exp(x)))

    def test_guarded_variables_are_no_subject_to_leave(self):
        """What a rule keeps of its inputs is refused afterwards as well."""
        kept = []

        class Keeps(Base):
            def backward(self, gy):
                kept.append(self.inputs[0])
                return gy * self.outputs[0]()

        x = V()
        Keeps()(x).backward(create_graph=True)
        assert isinstance(kept[0], Variable) and kept[0].shape == () and type(x.grad) is Variable
        with pytest.raises(GradientError):
            kept[0].data

    def test_results_are_plain_variables(self):
        x = V([1.0, 2.0])
        y = ((x + x)[0] - x.sum()) * 1.0
        y.backward(create_graph=True)
        assert type(x.grad) is Variable
        x.grad.data, float(x.grad.data.sum()), np.asarray(x.grad)

    def test_threads(self):
        """Each thread has its rules guarded, and its own words."""
        seen = []

        def work(cls):
            for _ in range(50):
                try:
                    cls()(V()).backward(create_graph=True)
                except FirstOrderOnly as error:
                    seen.append(cls.__name__ in str(error))

        class Other(Data):
            pass

        threads = [threading.Thread(target=work, args=(cls,)) for cls in (Data, Other, Data, Other)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert seen == [True] * 200


# ---- under a transform the caller's code is guarded ------------------------------------------------------------------

class TestTransformsNeverCut:
    @pytest.mark.parametrize("cut", [
        lambda x: x * math.sin(x), lambda x: x * float(x), lambda x: x * int(x), lambda x: x * np.asarray(x), lambda x: x * np.array(x, float),
        lambda x: x * float(x * x), lambda x: x * np.asarray(2.0 * x), lambda x: x * math.floor(x * 2), lambda x: x * complex(x).real,
        lambda x: x * np.float64(x), lambda x: (x + np.asarray([x * 1.0])).sum(),
    ])
    @pytest.mark.parametrize("transform", ["grad", "value_and_grad", "jacobian", "hessian", "vjp", "jvp", "hvp"])
    def test_refused(self, cut, transform):
        run = {"vjp": lambda f: dezero.vjp(f, 2.0), "jvp": lambda f: dezero.jvp(f, (2.0,), (1.0,)), "hvp": lambda f: dezero.hvp(f)(2.0, 1.0)}
        with pytest.raises((GradientError, TypeError), match="detach|not supported|object"):
            run.get(transform, lambda f: getattr(dezero, transform)(f)(2.0))(cut)

    def test_allowed(self):
        def f(x):
            assert x > 1 and bool(x)
            steps = int(x.detach()) + int(x.data)
            return x * steps * float((x * x).detach()) + float(Variable(np.array(2.0))) + np.sign(x) * x

        assert dezero.grad(f)(2.0) == 4 * 4 + 1

    def test_constants_are_free(self):
        def f(x):
            c = x.detach() * 3.0
            return x * float(c) + np.asarray(c) * x

        assert dezero.grad(f)(2.0) == 12

    def test_outside_all_is_allowed(self):
        x = V(2.0)
        y = x * x
        assert float(y) == 4 and np.asarray(y) == 4
        dezero.grad(lambda z: z * z)(1.0)
        assert float(y) == 4

    def test_after_an_error(self):
        with pytest.raises(GradientError):
            dezero.grad(lambda x: x * float(x))(2.0)
        assert float(V(2.0) * 2.0) == 4

    def test_other_threads_are_not_concerned(self):
        seen = []

        def f(x):
            t = threading.Thread(target=lambda: seen.append(float(V(2.0) * 3.0)))
            t.start()
            t.join()
            return x * 2.0

        assert dezero.grad(f)(1.0) == 2 and seen == [6.0]

    def test_a_mode_inside_does_not_end_it(self):
        def f(x):
            with using_config("keep_data", True):
                return x * float(x * 1.0)

        with pytest.raises(GradientError):
            dezero.grad(f)(2.0)
