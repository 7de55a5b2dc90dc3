"""A second derivative is right or refused: each way to write a rule, each trap, and what lies beside the traps."""

import math
import threading

import numpy as np
import pytest
from refusals import Base, V, X, first, refused, right, second

import dezero
from dezero import Function, Variable, no_grad, plugins, using_config
from dezero.errors import FirstOrderOnly, GradientError, GraphCutWarning


# ---- ways to write exp's rule (those that keep a number are in test_guard.py) ----------------------------------------

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


# ---- what a rule is handed -------------------------------------------------------------------------------------------

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
            return x * steps * float((x * x).detach()) + Variable(np.array(2.0)).item() + np.sign(x) * x

        assert dezero.grad(f)(2.0) == 4 * 4 + 1

    def test_constants_are_free(self):
        def f(x):
            c = x.detach() * 3.0
            return x * float(c) + np.asarray(c) * x

        assert dezero.grad(f)(2.0) == 12

    def test_outside_all_is_allowed(self):
        x = V(2.0)
        y = x * x
        with pytest.warns(GraphCutWarning):
            assert float(y) == 4
        dezero.grad(lambda z: z * z)(1.0)
        with pytest.warns(GraphCutWarning):
            assert float(y) == 4

    def test_after_an_error(self):
        with pytest.raises(GradientError):
            dezero.grad(lambda x: x * float(x))(2.0)
        with pytest.warns(GraphCutWarning):
            assert float(V(2.0) * 2.0) == 4

    def test_other_threads_are_not_concerned(self):
        seen = []

        def f(x):
            t = threading.Thread(target=lambda: seen.append(float(V(2.0) * 3.0)))
            t.start()
            t.join()
            return x * 2.0

        with pytest.warns(GraphCutWarning):
            assert dezero.grad(f)(1.0) == 2
        assert seen == [6.0]

    def test_a_mode_inside_does_not_end_it(self):
        def f(x):
            with using_config("keep_data", True):
                return x * float(x * 1.0)

        with pytest.raises(GradientError):
            dezero.grad(f)(2.0)
