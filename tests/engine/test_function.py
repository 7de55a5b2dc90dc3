"""Function as an author writes one: called, applied, with parameters, as a node of the graph, and how calls are refused."""

import numpy as np
import pytest
from strangers import Twice
from strategies import assert_same

import dezero
import dezero.functions as F
from dezero import Function, Variable
from dezero.errors import DezeroError, GraphError


class Both(Function):
    def forward(self, a, b):
        return a + b, a - b

    def backward(self, ga, gb):
        return ga + gb, ga - gb


class TestFunction:
    def test_needs_no_name_and_no_registration(self):
        x = Variable(np.array([1.0, 2.0]))
        f = Twice()
        y = f(x)
        assert type(y) is Variable and y.creator is f
        assert_same(y.data, [2.0, 4.0])
        y.backward()
        assert_same(x.grad, [2.0, 2.0])

    def test_apply(self):
        x = Variable(np.array(1.0))
        assert type(Twice.apply(x).creator) is Twice
        y = Twice.apply(3.0)
        assert y.data == 6 and y.creator is None

    def test_apply_passes_parameters_to_init(self):
        class Scaled(Function):
            def __init__(self, by, plus=0):
                self.by, self.plus = by, plus

            def forward(self, x):
                return self.by * x + self.plus

            def backward(self, gy):
                return self.by * gy

        x = Variable(np.array(1.0))
        for y in (Scaled.apply(x, 3.0, 1.0), Scaled.apply(x, 3.0, plus=1.0), Scaled.apply(x, plus=1.0, by=3.0),
                  Scaled(3.0, 1.0)(x), Scaled(by=3.0, plus=1.0)(x)):
            assert y.data == 4
            x.cleargrad()
            y.backward()
            assert x.grad == 3
        with pytest.raises(TypeError, match=r"(?s)Scaled.*bye|bye.*Scaled"):
            Scaled.apply(x, bye=3.0)

    def test_inputs_and_outputs(self):
        x, y = Variable(np.array(1.0), "x"), Variable(np.array(2.0), "y")
        for f in (Both(), dezero.Mul(), dezero.Add()):
            out = f(x, y)
            outs = out if isinstance(out, list) else [out]
            assert len(f.inputs) == 2 and f.inputs[0] is x and f.inputs[1] is y
            assert all(o() is w for o, w in zip(f.outputs, outs, strict=True))
            assert all(o.creator is f for o in outs)
            assert f.generation == 0

    def test_generations(self):
        x = Variable(np.array(1.0))
        a = Twice()(x)
        b = a * a
        c = b + x
        assert [v.generation for v in (x, a, b, c)] == [0, 1, 2, 3]
        assert [v.creator.generation for v in (a, b, c)] == [0, 1, 2]
        assert c.creator < b.creator < a.creator and not a.creator < c.creator

    def test_one_instance_is_one_call(self):
        for f in (Twice(), dezero.Neg(), dezero.Square()):
            x, y = Variable(np.array(2.0)), Variable(np.array(3.0))
            a = f(x)
            try:
                b = f(y)
            except GraphError:
                pass
            else:
                b.backward()
                assert x.grad is None and y.grad is not None
            a.backward()
            assert x.grad in (2, -1, 4)

    def test_without_forward(self):
        with pytest.raises(NotImplementedError):
            Function()(Variable(np.array(1.0)))

    def test_without_backward(self):
        class Ahead(Function):
            def forward(self, x):
                return x + 1

        x = Variable(np.array(1.0))
        y = Ahead()(x)
        with pytest.raises((NotImplementedError, DezeroError)):
            y.backward()
        assert x.grad is None

    def test_a_wrong_number_of_operands_names_the_class(self):
        class Pair(Function):
            def forward(self, a, b):
                return a + b

        with pytest.raises(TypeError):
            Pair()(Variable(np.array(1.0)))
        with pytest.raises(TypeError, match="Pair"):
            Pair.apply(Variable(np.array(1.0)))

    def test_many_operands(self):
        class Total(Function):
            def forward(self, *xs):
                return sum(xs)

            def backward(self, gy):
                return (gy,) * len(self.inputs)

        xs = [Variable(np.array(float(i))) for i in range(300)]
        y = Total()(*xs)
        assert y.data == sum(range(300))
        y.backward()
        assert all(x.grad == 1 for x in xs)

    def test_attributes_of_an_instance_are_kept(self):
        class Noted(Function):
            def forward(self, x):
                self.note = "kept"
                return x + 1

            def backward(self, gy):
                assert self.note == "kept"
                return gy

        x = Variable(np.array(1.0))
        y = Noted()(x)
        y.backward()
        assert y.creator.note == "kept" and x.grad == 1

    def test_a_class_of_its_own_ways(self):
        """Not hashable, equal to all, with a call that adds an operand, and without ``super().__init__()``."""
        class Own(Function):
            __hash__ = None

            def __init__(self, by):
                self.by = by

            def __eq__(self, other):
                return True

            def __call__(self, x):
                return super().__call__(x, self.by)

            def forward(self, x, by):
                return x * by

            def backward(self, gy):
                return gy * self.inputs[1].data, None

        x = Variable(np.array(2.0))
        y = Own(3.0)(Own(5.0)(x)) + Own(7.0)(x)
        y.backward()
        assert x.grad == 22

    def test_subclasses_of_a_built_in(self):
        class Louder(dezero.Mul):
            pass

        x = Variable(np.array(3.0))
        y = Louder()(x, x)
        assert type(y.creator) is Louder and y.data == 9
        y.backward()
        assert x.grad == 6


class TestOperands:
    def test_number_of_operands(self):
        x = Variable(np.array(1.0))
        for call in (lambda: dezero.add(x), lambda: dezero.add(x, x, x), lambda: F.mul(x), lambda: dezero.Add()(x),
                     lambda: dezero.Mul()(x, x, x), lambda: dezero.neg(), lambda: dezero.Neg()(x, x), lambda: F.add()):
            with pytest.raises(TypeError):
                call()

    def test_an_unknown_keyword_names_op_and_keyword(self):
        x = Variable(np.array(1.0))
        with pytest.raises(TypeError) as e:
            F.add(x, x, scale=2)
        assert "scale" in str(e.value) and "add" in str(e.value).lower()

    @pytest.mark.parametrize("call, words", [
        (lambda x: F.sum(x, axs=0), "is called as sum(a, axis=None, dtype=None, *, keepdims=False, initial=<no value>, where=True): it does not know 'axs'"),
        (lambda x: x.sum(0, None, None, False, 0, True, 1), "where=True): it takes 3 arguments by place, got 8"),
        (lambda x: F.mul(x, x, None, x), "is called as mul(x1, x2): it takes 2 arguments by place, got 4"),
        (lambda x: F.broadcast_to(x), "broadcast_to(array, shape): missing 1 required argument: 'shape'"),
    ])
    def test_arguments_that_do_not_fit_are_told_the_signature(self, call, words):
        with pytest.raises(TypeError) as e:
            call(Variable(np.ones(2)))
        assert words in str(e.value) and "(op '" in str(e.value) and "{" not in str(e.value)

    def test_what_an_author_says_of_a_parameter_comes_through(self):
        class Choosy(Function):
            def __init__(self, axis, **rest):
                raise TypeError("axis is an int")

            def forward(self, x):
                return x

        with pytest.raises(TypeError, match=r"Choosy is called as Choosy\(x, axis, \*\*rest\): axis is an int"):
            Choosy.apply(np.ones(2), "a", more=1)
