"""An author's forward and backward as the engine calls them: what they are given, and what becomes of what they return."""

import numpy as np
import pytest
from strangers import Both, Giving, Identity, Three, V, raising
from strategies import assert_same, told

import dezero
from dezero import At, Function, Variable, rule, square, using_config
from dezero._kernels import IN_USE
from dezero.errors import DezeroError, DTypeError, FirstOrderOnly, GradientError, GraphError
from dezero.testing import check_op


# ---------------------------------------------------------------- forward

class TestForward:
    @pytest.mark.parametrize("scalar,dtype", [
        (2.0, "f8"), (2, int), (True, "?"), (np.float32(2), "f4"), (np.float64(2), "f8"), (2j, "c16")])
    def test_a_scalar_result_is_wrapped(self, scalar, dtype):
        class Constant(Function):
            def forward(self, x):
                return scalar

        y = Constant()(Variable(np.array(1.0)))
        assert type(y) is Variable
        assert_same(y.data, np.array(scalar, dtype))

    def test_scalars_inside_a_tuple_are_wrapped(self):
        class Constants(Function):
            def forward(self, x):
                return 1.0, x, np.float32(3)

        ys = Constants()(Variable(np.array([1.0, 2.0])))
        assert type(ys) is list and [y.shape for y in ys] == [(), (2,), ()]

    def test_a_tuple_of_one(self):
        class One(Function):
            def forward(self, x):
                return (x + 1,)

            def backward(self, gy):
                return (gy,)

        x = Variable(np.array(1.0))
        y = One()(x)
        assert type(y) is Variable
        y.backward()
        assert x.grad == 1

    @pytest.mark.parametrize("result", [
        None, [1.0], "a", {}, object(), (), (None,), (np.ones(1), None), ([1.0],), ("a", 1.0), np.array([None]),
        np.array("a"), (np.ones(1), np.array([object()])), np.ma.array([1.0]),
    ], ids=told)
    def test_any_other_result_is_an_error(self, result):
        class Odd(Function):
            def forward(self, x):
                return result

        x = Variable(np.array(1.0))
        with pytest.raises((DezeroError, TypeError)) as e:
            Odd()(x)
        assert "Odd" in str(e.value)
        assert (x.generation, x.creator, x.grad) == (0, None, None)

    def test_none_is_named(self):
        class Forgot(Function):
            def forward(self, x):
                x + 1

        with pytest.raises((DezeroError, TypeError), match=r"(?s)Forgot.*forward.*None"):
            Forgot()(Variable(np.array(1.0)))

    def test_a_variable_from_forward_is_an_error(self):
        class Wrapped(Function):
            def forward(self, x):
                return Variable(x)

        with pytest.raises((DezeroError, TypeError), match="Wrapped"):
            Wrapped()(Variable(np.array(1.0)))

    def test_forward_is_given_arrays(self):
        seen = []

        class Look(Function):
            def forward(self, *xs):
                seen.extend(xs)
                return xs[0] + 0

        Look()(Variable(np.array(1.0)), np.array([2.0]), 3.0, Variable(np.array(4.0)) * 2, np.float32(5))
        assert [type(s) for s in seen] == [np.ndarray] * 5
        assert [s.tolist() for s in seen] == [1, [2], 3, 8, 5]

    def test_a_result_never_is_the_input(self):
        class Identity(Function):
            def forward(self, x):
                return x

            def backward(self, gy):
                return gy

        class Part(Function):
            def forward(self, x):
                return x[:1]

            def backward(self, gy):
                return np.concatenate([gy, 0 * gy])

        for op in (Identity, Part):
            a = np.array([1.0, 2.0])
            x = Variable(a)
            y = op()(x)
            assert y is not x and y.creator is not None and x.creator is None
            y.data[...] = 9
            assert a.tolist() == [1, 2]
            y.backward()
            assert x.grad.shape == (2,)

    def test_the_same_array_twice_gives_two_results(self):
        class Pair(Function):
            def forward(self, x):
                y = x * 2
                return y, y

            def backward(self, ga, gb):
                return 2 * ga + 2 * gb

        x = Variable(np.array([1.0]))
        a, b = Pair()(x)
        assert a is not b
        (a * b).backward()
        assert_same(x.grad, [8.0])

    def test_an_exception_in_forward_leaves_no_trace(self):
        class Boom(Function):
            def forward(self, x):
                raise ZeroDivisionError("boom")

        x = Variable(np.array(1.0))
        y = x * 2
        for _ in range(3):
            with pytest.raises(ZeroDivisionError, match="boom"):
                Boom()(y)
        assert (x.generation, x.grad, y.generation) == (0, None, 1)
        y.backward()
        assert x.grad == 2

    @pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, SystemExit, GeneratorExit, StopIteration])
    def test_any_exception_passes_through_unchanged(self, error):
        class Boom(Function):
            def forward(self, x):
                raise error("as it was")

        with pytest.raises(error) as e:
            Boom()(Variable(np.array(1.0)))
        assert type(e.value) is error and e.value.args == ("as it was",)

    def test_forward_may_use_variables_inside(self):
        class Inner(Function):
            def forward(self, x):
                v = Variable(x)
                z = v * v
                z.backward()
                return v.grad

            def backward(self, gy):
                return 2 * gy

        x = Variable(np.array(3.0))
        y = Inner()(x)
        assert y.data == 6
        y.backward()
        assert x.grad == 2


# ---------------------------------------------------------------- backward: several outputs, many inputs, no gradient

class TestSeveralOutputs:
    def test_both_used(self):
        x, y = V(2.0), V(3.0)
        s, p = Both()(x, y)
        (s * 2.0 + p).backward()
        assert [x.grad, y.grad] == [5, 4]

    @pytest.mark.parametrize("which", [0, 1])
    @pytest.mark.parametrize("drop", [False, True])
    def test_G09_an_unused_output_counts_as_zeros(self, which, drop):
        x, y = V(2.0), V(3.0)
        outs = Both()(x, y)
        used = outs[which]
        if drop:
            del outs
        used.backward()
        assert [x.grad, y.grad] == ([1, 1] if which == 0 else [3, 2])

    def test_the_rule_gets_zeros_of_each_outputs_shape_and_dtype(self):
        x = V([1.0, 2.0])
        a, b, c = Three()(x)
        f = a.creator
        (b * 1.0).backward()
        assert [(type(g), g.shape, g.dtype.str[1:]) for g in f.seen] == [
            (np.ndarray, (2,), "f8"), (np.ndarray, (2, 2), "f8"), (np.ndarray, (3,), "f4")]
        assert f.seen[0].tolist() == [0, 0] and f.seen[2].tolist() == [0, 0, 0]
        assert_same(x.grad, [4.0, 4.0])

    def test_an_output_used_twice(self):
        x, y = V(2.0), V(3.0)
        s, p = Both()(x, y)
        (p * p).backward()
        assert [x.grad, y.grad] == [2 * 6 * 3, 2 * 6 * 2]

    def test_one_output_through_a_long_way(self):
        x, y = V(2.0), V(3.0)
        s, p = Both()(x, y)
        t = s
        for _ in range(20):
            t = t * 1.0
        (t + p).backward()
        assert [x.grad, y.grad] == [4, 3]

    def test_two_roots_of_one_node(self):
        x, y = V(2.0), V(3.0)
        s, p = Both()(x, y)
        s.backward()
        p.backward()
        assert [x.grad, y.grad] == [4, 3]

    def test_a_thousand_outputs(self):
        class Split(Function):
            def forward(self, x):
                return tuple(x)

            def backward(self, *gys):
                return np.stack(gys)

        x = Variable(np.arange(1000.0))
        parts = Split()(x)
        assert len(parts) == 1000 and all(p.shape == () for p in parts)
        (parts[3] * parts[997]).backward()
        want = np.zeros(1000)
        want[3], want[997] = 997, 3
        assert_same(x.grad, want)


class TestManyInputs:
    def test_the_same_variable_in_several_places(self):
        class Weighted(Function):
            def forward(self, *xs):
                return sum(i * x for i, x in enumerate(xs))

            def backward(self, gy):
                return tuple(i * gy for i in range(len(self.inputs)))

        x, y = V(2.0), V(3.0)
        Weighted()(x, y, x, x, 5.0, y).backward()
        assert [x.grad, y.grad] == [0 + 2 + 3, 1 + 5]

    def test_constants_between(self):
        x = V([1.0, 2.0])
        y = Giving(lambda gy: (3 * gy, 5 * gy, 7 * gy))(np.ones(2), x, 2.0)
        y.backward()
        assert_same(x.grad, [5.0, 5.0])

    @pytest.mark.parametrize("n", [1, 2, 3, 10_000])
    def test_any_number(self, n):
        xs = [V(float(i)) for i in range(n)]
        y = Giving(lambda gy: (gy,) * n)(*xs)
        y.backward()
        assert all(x.grad == 1 for x in xs)


class TestNoGradient:
    def test_none_for_an_input(self):
        x, y = V(2.0), V(3.0)
        z = Giving(lambda gy: (gy, None))(x, y)
        z.backward()
        assert x.grad == 1 and y.grad is None

    def test_none_alone(self):
        x = V(2.0)
        Giving(lambda gy: None)(x * 1.0).backward()
        assert x.grad is None

    def test_none_beside_another_way(self):
        x = V(2.0)
        a = x * 3.0
        (Giving(lambda gy: None)(a) + a).backward()
        assert x.grad == 3

    def test_none_leaves_what_was_there(self):
        x = V(2.0)
        x.grad = np.array(5.0)
        Giving(lambda gy: (None,))(x).backward()
        assert x.grad == 5

    def test_no_gradient_is_asked_of_the_second_walk_either(self):
        x, y = V(2.0), V(3.0)
        z = Giving(lambda gy: (gy, None))(x, y)
        z.backward()
        z.backward()
        assert x.grad == 2 and y.grad is None


# ---------------------------------------------------------------- backward: what a rule may do

class TestRules:
    def test_operators_on_the_inputs_serve_as_well(self):
        class Cube(Function):
            def forward(self, x):
                return x**3

            def backward(self, gy):
                x, = self.inputs
                return gy * 3.0 * x * x

        x = V([1.0, 2.0])
        Cube()(x).backward()
        assert_same(x.grad, [3.0, 12.0])
        x = V(2.0)
        Cube()(x).backward()
        assert_same(x.grad, 12.0)

    def test_arrays_are_what_a_rule_gets(self):
        seen = []

        class Look(Function):
            def forward(self, x, y):
                return x * y

            def backward(self, gy):
                seen.append((type(gy), gy.shape, gy.dtype))
                seen.extend((type(v), type(v.data)) for v in self.inputs)
                seen.append(type(self.outputs[0]().data))
                return gy * self.inputs[1].data, gy * self.inputs[0].data

        for shape in [(), (2,)]:
            Look()(Variable(np.ones(shape)), 2.0).backward()
            assert seen == [(np.ndarray, shape, np.dtype("f8"))] + [(Variable, np.ndarray)] * 2 + [np.ndarray]
            seen.clear()

    def test_the_output_is_alive_while_the_rule_runs(self):
        class Exp(Function):
            def forward(self, x):
                return np.exp(x)

            def backward(self, gy):
                return gy * self.outputs[0]().data

        x = V([0.0, 1.0])
        y = Exp()(x) * 2.0
        y.backward()
        np.testing.assert_allclose(x.grad, 2 * np.exp([0, 1]))
        x = V([0.0, 1.0])
        y = Exp()(x)
        y.data = np.zeros(2)
        y.backward()
        np.testing.assert_allclose(x.grad, np.exp([0, 1]))
        assert y.data.tolist() == [0, 0]

    def test_outputs_nobody_holds_are_alive_too(self):
        class Pair(Function):
            def forward(self, x):
                return x * 2, x * 3

            def backward(self, ga, gb):
                a, b = (o().data for o in self.outputs)
                return ga * a + gb * b

        x = V(1.0)
        Pair()(x)[0].backward()
        assert x.grad == 2

    def test_a_numpy_scalar_is_an_array(self):
        x = V(2.0)
        Giving(lambda gy: np.float64(3))(x).backward()
        assert_same(x.grad, 3.0)

    def test_a_tuple_of_gradients(self):
        x, y = V(2.0), V(3.0)
        Giving(lambda gy: (gy, 2 * gy))(x, y).backward()
        assert [x.grad, y.grad] == [1, 2]

    def test_G43_what_a_rule_computes_is_not_recorded(self):
        seen = []

        class Rule(Identity):
            def backward(self, gy):
                z = self.inputs[0] * 2.0
                seen.append(z.creator)
                return z * gy

        x = V(3.0)
        Rule()(x).backward()
        assert seen == [None] and type(x.grad) is np.ndarray and x.grad == 6

    def test_the_mode_is_as_before_after_a_rule(self):
        x = V(3.0)
        (x * x).backward()
        assert (x * x).creator is not None
        with pytest.raises(ZeroDivisionError):
            Giving(raising(ZeroDivisionError()))(x).backward()
        assert (x * x).creator is not None

    @pytest.mark.parametrize("shape", [(), (3,), (3000,), (300_000,)])
    def test_a_walk_inside_a_walk(self, shape):
        class Inner(Identity):
            def backward(self, gy):
                with using_config("enable_backprop", True):
                    v = Variable(np.full(shape, 3.0))
                    z = v * v * 2.0 - square(v) * v / self.inputs[0].data + v
                z.backward()
                return gy * v.grad

        x = Variable(np.full(shape, 2.0))
        a = x * x
        (Inner()(a) + a).backward()
        np.testing.assert_allclose(x.grad, np.full(shape, (12 - 27 / 4 + 1 + 1) * 4))

    def test_a_walk_over_the_same_graph_inside_a_walk(self):
        """Right or refused, never a crash or a wrong sum."""
        class Again(Identity):
            def backward(self, gy):
                if not done:
                    done.append(1)
                    root.backward()
                return gy

        done, x = [], V(2.0)
        root = Again()(x * x) * 3.0
        try:
            root.backward()
        except GraphError:
            x.cleargrad()
            done.append(1)
            root.backward()
            assert x.grad == 12
        else:
            assert x.grad == 24

    def test_a_rule_that_makes_graphs_of_its_own(self):
        class Maker(Identity):
            def backward(self, gy):
                for _ in range(100):
                    square(V(1.0)) + 1.0
                return gy

        x = V(2.0)
        (Maker()(x * x) * x).backward()
        assert x.grad == 12

    def test_the_seeds_private_names_on_a_function_are_free(self):
        class Noted(Identity):
            def forward(self, x):
                self.x, self.y, self.data, self.grad, self.name_ = x, 1, 2, 3, 4
                return x + 0

        x = V(2.0)
        Noted()(x).backward()
        assert x.grad == 1


class TestGradientsAreArrays:
    def test_a_rule_that_returns_its_input(self):
        class Half(Function):
            def forward(self, x):
                return x * x / 2

            def backward(self, gy):
                return self.inputs[0].data

        x = V([1.0, 2.0])
        Half()(x).backward()
        assert_same(x.grad, [1.0, 2.0])
        assert not np.shares_memory(x.grad, x.data)

    def test_P34_a_rule_that_writes_into_what_it_got(self):
        class Rude(Identity):
            def backward(self, gy):
                try:
                    gy *= 100
                except ValueError:
                    return 100 * gy
                return gy

        x, other = V([1.0, 2.0]), V([3.0, 4.0])
        gradient = np.ones(2)
        (Rude()(x) + other).backward(gradient=gradient)
        assert_same(other.grad, [1.0, 1.0])
        assert_same(x.grad, [100.0, 100.0])
        assert gradient.tolist() == [1, 1]

    def test_a_rule_that_keeps_its_result_and_writes_into_it_later(self):
        kept = np.zeros(2)

        class Keeper(Identity):
            def backward(self, gy):
                kept[...] = gy
                return kept

        x = V([1.0, 2.0])
        Keeper()(x).backward()
        kept[...] = 77
        assert_same(x.grad, [1.0, 1.0])
        Keeper()(x).backward()
        assert_same(x.grad, [2.0, 2.0])

    def test_a_rule_that_returns_one_array_for_two_inputs(self):
        x, y = V([1.0]), V([1.0])
        a = x * 1.0
        z = Giving(lambda gy: (gy, gy))(a, y)
        (z + a).backward()
        assert [x.grad.tolist(), y.grad.tolist()] == [[2], [1]]

    def test_read_only_and_strided_results_of_a_rule(self):
        for make in (lambda gy: np.broadcast_to(np.array(2.0), (4,)), lambda gy: np.arange(8.0)[::2],
                     lambda gy: np.arange(4.0)[::-1], lambda gy: np.arange(4.0).astype(">f8")):
            x = V(np.zeros(4))
            for k in (1, 2):
                Giving(make)(x).backward()
                assert_same(x.grad, k * np.array(make(None), "f8"))
                assert x.grad.flags.writeable


class TestByHand:
    """Rules called as the book's first steps call them."""

    @pytest.mark.parametrize("shape", [(), (3,)])
    def test_forward_and_backward_of_the_built_in_ops(self, shape):
        a, b, g = np.full(shape, 3.0), np.full(shape, 2.0), np.full(shape, 5.0)
        for op, value, slopes in [(dezero.Add, 5, (5, 5)), (dezero.Sub, 1, (5, -5)), (dezero.Mul, 6, (10, 15)), (dezero.Div, 1.5, (2.5, -3.75)),
                                  (dezero.Neg, -3, (-5,)), (dezero.Square, 9, (30,)), (dezero.Pow, 9, (30, 45 * np.log(3)))]:
            operands = (a, b)[:len(slopes)]
            np.testing.assert_allclose(op().forward(*operands), np.full(shape, value))
            xs = [Variable(v) for v in operands]
            f = op()
            y = f(*xs)
            got = f.backward(g)
            got = got if isinstance(got, tuple) else (got,)
            assert len(got) == len(slopes)
            for v, slope in zip(got, slopes):
                np.testing.assert_allclose(v.data if isinstance(v, Variable) else v, np.full(shape, slope))
            assert y.grad is None and all(x.grad is None for x in xs)

    def test_a_chain_by_hand(self):
        a, b = dezero.Square(), dezero.Mul()
        x = V(3.0)
        y = a(x)
        z = b(y, V(2.0))
        gy, _ = b.backward(np.array(1.0))
        assert a.backward(gy.data).data == 12
        z.backward()
        assert x.grad == 12


class TestBadRules:
    """Who, which input, what came, what was wanted; and every `.grad` as it was."""

    def refused(self, make, inputs, *words, errors=(GradientError,)):
        x0 = [V(v) for v in inputs]
        held = x0[0] * 1.0
        y = Giving(make)(*[held, *x0[1:]])
        root = y + held
        mine = np.full(np.shape(inputs[0]), 7.0)
        x0[0].grad = mine
        with pytest.raises(errors) as e:
            root.backward(retain_grad=True)
        for word in ("Giving", *words):
            assert word in str(e.value), (word, str(e.value))
        assert x0[0].grad is mine and (mine == 7).all()
        assert all(v.grad is None for v in [*x0[1:], held, y, root])
        return str(e.value)

    def test_P29_too_few_gradients(self):
        self.refused(lambda gy: gy, [1.0, 2.0], "1", "2")
        self.refused(lambda gy: (gy,), [1.0, 2.0], "1", "2")

    def test_P29_too_many_gradients(self):
        self.refused(lambda gy: (gy, gy), [1.0], "2", "1")
        self.refused(lambda gy: (gy, gy, gy), [1.0, 2.0], "3", "2")

    def test_no_gradients_at_all(self):
        self.refused(lambda gy: (), [1.0], "0", "1")

    @pytest.mark.parametrize("shape", [(7,), (), (1,), (2, 1), (1, 2)])
    def test_P30_a_wrong_shape(self, shape):
        self.refused(lambda gy: np.ones(shape), [[1.0, 2.0]], str(shape), "(2,)", "0")

    def test_a_wrong_shape_of_the_second(self):
        self.refused(lambda gy: (gy, np.ones(3)), [[1.0, 2.0], [3.0, 4.0]], "(3,)", "(2,)", "1")

    @pytest.mark.parametrize("bad", ["a", [1.0], {}, object(), b"a", [np.array(1.0)]], ids=told)
    def test_P33_a_wrong_type(self, bad):
        self.refused(lambda gy: (bad,), [1.0], type(bad).__name__, errors=(GradientError, TypeError))

    @pytest.mark.parametrize("shape", [(), (2,)])
    def test_a_masked_array(self, shape):
        bad = np.ma.masked_array(np.ones(shape), mask=np.ones(shape, bool))
        self.refused(lambda gy: bad, [np.ones(shape)], "masked array", "filled", errors=(TypeError,))

    @pytest.mark.parametrize("bad", [np.array([None, None]), np.array(["a", "b"])])
    def test_arrays_of_other_things(self, bad):
        self.refused(lambda gy: bad, [[1.0, 2.0]], errors=(GradientError, TypeError))

    @pytest.mark.parametrize("dtype", ["f2", "f4", "g", "i4", ">f8"])
    def test_P31_any_real_dtype_is_cast(self, dtype):
        for leaf in ("f4", "f8"):
            x = Variable(np.ones(2, leaf))
            Giving(lambda gy: np.full(2, 3, dtype))(x).backward()
            assert_same(x.grad, np.full(2, 3, leaf))


# ---------------------------------------------------------------- an error in a rule

class TestErrorsInARule:
    class Breaks(Function):
        name = "breaks"

        def forward(self, x):
            return 2 * x

        def backward(self, gy):
            return gy * {}["k"]

    @pytest.mark.parametrize("create_graph", [False, True])
    def test_it_names_the_op_and_keeps_its_type(self, create_graph):
        x = Variable(np.ones(2))
        with dezero.plugins.isolated():
            dezero.plugins.register(self.Breaks)
            y = self.Breaks()(x)
            with pytest.raises(KeyError) as e:
                y.backward(create_graph=create_graph)
        assert type(e.value) is KeyError and e.value.args == ("k",)
        note, = e.value.__notes__
        assert note == "in the rule of TestErrorsInARule.Breaks (op 'breaks' (plugin 'breaks' of this process))"
        assert x.grad is None

    def test_of_a_class_without_a_name(self):
        class Plain(Function):
            def forward(self, x):
                return x * 1

            def backward(self, gy):
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError) as e:
            Plain()(Variable(np.ones(2))).backward()
        assert len(e.value.__notes__) == 1 and e.value.__notes__[0].startswith("in the rule of ")

    def test_an_interrupt_is_left_alone(self):
        class Stopped(Function):
            def forward(self, x):
                return x * 1

            def backward(self, gy):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt) as e:
            Stopped()(Variable(np.ones(2))).backward()
        assert not hasattr(e.value, "__notes__")


# ---------------------------------------------------------------- parameters

class Scale(Function):
    """y = x · by, along the last axis."""

    name = "scale_of_a_test"
    numpy = (np.heaviside,)                 # any that nothing here claims

    def __init__(self, by, *, more=()):
        self.by, self.more = by, more

    def forward(self, x):
        return x * np.asarray(self.by)

    def backward(self, gy):
        return gy * np.asarray(self.by)


@pytest.fixture
def scale():
    with dezero.plugins.isolated():
        dezero.plugins.register(Scale)
        yield dezero.functions.scale_of_a_test


def wanting():
    leaf = Variable(np.array([1.0, 2.0]))
    return {"leaf": leaf, "recorded": leaf * 2.0, "integers": Variable(np.array([1, 2])), "in a list": [1.0, leaf],
            "in a tuple": (leaf, leaf), "in a dict": {"a": [leaf]}}


class TestParameters:
    @pytest.mark.parametrize("graph", [False, True])
    @pytest.mark.parametrize("make,change", [
        (lambda: np.array([2.0, 3.0]), lambda by: by.fill(0)), (lambda: [2.0, 3.0], lambda by: by.reverse()),
        (lambda: [[2.0, 3.0]], lambda by: by[0].append(1.0)), (lambda: (np.array([2.0, 3.0]),), lambda by: by[0].fill(0)),
        (lambda: np.array([2, 3]), lambda by: by.fill(0)), (lambda: np.arange(2.0, 6.0)[:2], lambda by: by.fill(0)),
        (lambda: np.broadcast_to(np.array([2.0, 3.0]), (1, 2)), lambda by: by.base.fill(0)),
        (lambda: Variable(np.array([2.0, 3.0])).detach(), lambda by: by.data.fill(0))])
    def test_are_what_they_were_at_the_call(self, scale, make, change, graph):
        for call in (scale, lambda x, by: scale(x, by=by), lambda x, by: x.scale_of_a_test(by), np.heaviside):
            x, by = V([1.0, 1.0]), make()
            y = call(x, by)
            change(by)
            (y * y).sum().backward(create_graph=graph)
            np.testing.assert_array_equal(np.asarray(x.grad.data if graph else x.grad), [8.0, 18.0])

    def test_the_op_gets_arrays_to_read(self, scale):
        by = np.array([2.0, 3.0])
        f = scale(V([1.0, 1.0]), by, more={"a": [by]}).creator
        assert f.by is not by and not f.by.flags.writeable and by.flags.writeable
        assert type(f.more) is dict and f.more["a"][0] is not by

    def test_an_array_that_nobody_can_write_to_is_not_copied(self, scale):
        by = np.frombuffer(np.array([2.0, 3.0]).tobytes())
        assert scale(V([1.0, 1.0]), by).creator.by is by

    @pytest.mark.parametrize("view", [lambda a: a, lambda a: a[:], lambda a: np.broadcast_to(a, (2,)),
                                      lambda a: np.asarray(memoryview(a).toreadonly())], ids=["owner", "view", "broadcast", "buffer"])
    def test_an_array_that_its_owner_can_make_writable_again_is_copied(self, scale, view):
        owner = np.array([2.0, 3.0])
        by = view(owner)
        by.flags.writeable = False
        x = V([1.0, 1.0])
        y = scale(x, by)
        owner.flags.writeable = True
        owner[:] = 0.0
        y.backward()
        assert x.grad.tolist() == [2.0, 3.0]

    def test_an_index_that_its_owner_can_make_writable_again_is_copied(self):
        x, i = V([1.0, 2.0, 3.0]), np.array([0, 1])
        i.flags.writeable = False
        y = x[i]
        i.flags.writeable = True
        i[:] = 2
        y.backward()
        assert x.grad.tolist() == [1.0, 1.0, 0.0]

    def test_other_objects_are_the_callers(self, scale):
        rng = np.random.default_rng(0)
        assert scale(V(1.0), 2.0, more=rng).creator.more is rng

    @pytest.mark.parametrize("kind", wanting())
    def test_a_variable_that_wants_a_gradient_is_refused(self, scale, kind):
        x, by = V([1.0, 1.0]), wanting()[kind]
        calls = [lambda: scale(x, by), lambda: scale(x, by=by), lambda: x.scale_of_a_test(1.0, more=by)]
        for call in calls + [lambda: np.heaviside(x, by)] * (type(by) is not dict):         # a ufunc takes none
            with pytest.raises(GradientError, match="Scale .*parameter .*wants a gradient.*detach") as e:
                call()
            assert isinstance(e.value, TypeError)
        with pytest.raises(GradientError, match="Scale .*parameter by.*wants a gradient"):
            Scale(by)(x)

    def test_of_an_outer_transform_too(self, scale):
        with pytest.raises(GradientError, match="wants a gradient"):
            dezero.grad(lambda x: scale(x, by=x).sum())(np.ones(2))

    def test_in_a_rule_too(self, scale):
        """The second derivative would be lost."""
        class Cubed(Function):
            def forward(self, x):
                return x ** 3

            def backward(self, gy):
                x, = self.inputs
                return scale(gy * 3.0 * x, x)

        x = V([1.0, 2.0])
        Cubed()(x).backward()
        assert_same(x.grad, [3.0, 12.0])
        with pytest.raises(GradientError, match="wants a gradient"):
            Cubed()(x).backward(create_graph=True)

    def test_one_that_takes_none_is_its_array(self, scale):
        by = V([2.0, 3.0])
        for constant in (by.detach(), by.detach() * 1.0, [by.detach()[0], 3.0]):
            x = V([1.0, 1.0])
            y = scale(x, constant)
            y.backward()
            assert_same(x.grad, [2.0, 3.0])
        with using_config("enable_backprop", False):
            assert_same(scale(V([1.0, 1.0]), by).data, [2.0, 3.0])

    def test_numpys_own_functions_with_a_variable_among_their_arguments(self):
        class Clip(Function):
            name = "clip_of_a_test"
            numpy = (np.clip,)

            def __init__(self, low, high):
                self.low, self.high = low, high

            def forward(self, x):
                return np.clip(x, self.low, self.high)

            def backward(self, gy):
                x, = self.inputs
                return gy * ((x > self.low) & (x < self.high))

        x, high = V([-1.0, 0.5, 2.0]), V(1.0)
        with dezero.plugins.isolated():
            dezero.plugins.register(Clip)
            for call in (lambda: np.clip(x, 0, high), lambda: np.clip(x.data, 0, high), lambda: np.clip(x, high, high * 2)):
                with pytest.raises(GradientError, match="Clip .*parameter"):
                    call()
            y = np.clip(x, 0, high.detach())
            y.backward()
            assert_same(y.data, [0.0, 0.5, 1.0])
            assert_same(x.grad, [0.0, 1.0, 0.0])


# ---------------------------------------------------------------- gradients of a part

class Take(Function):
    """y = x[index] · 2;   the rule may be written with operators"""

    def __init__(self, index, rule=lambda index, gy: At(index, gy * 2.0)):
        self.index, self.rule = index, rule

    def forward(self, x):
        return x[self.index] * 2.0

    def backward(self, gy):
        return self.rule(self.index, gy)


class TestParts:
    @pytest.mark.parametrize("graph", [False, True])
    @pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8"])
    @pytest.mark.parametrize("index", [1, slice(1, None), [0, 0, 2], (..., 1), np.array([True, False, True]), slice(0, 0), (), None])
    def test_are_added_at_an_index(self, index, dtype, graph):
        for shape in ((3,), (3, 40), (3, 400)):
            a = np.ones(shape, dtype)
            x = Variable(a)
            (Take(index)(x).sum() + Take(index)(x).sum() * 3.0 + x.sum()).backward(create_graph=graph)
            want = np.ones(shape)
            np.add.at(want, index, 8.0)
            g = x.grad.data if graph else x.grad
            assert g.dtype == (a.dtype if a.dtype.kind == "f" else "f8")
            np.testing.assert_array_equal(g, want)

    def test_of_one_operand_among_others(self):
        class First(Function):
            def forward(self, a, b):
                return a[0] * b

            def backward(self, gy):
                a, b = self.inputs
                return At(0, (gy * b).sum()), gy * a[0]

        f = lambda v: First()(v, v * v).sum()               # v0 Σ v²
        v = np.array([2.0, 3.0])
        x = Variable(v)
        f(x).backward()
        assert_same(x.grad, [13.0 + 8.0, 12.0])
        np.testing.assert_allclose(dezero.hessian(f)(v), [[12.0, 6.0], [6.0, 4.0]])

    def test_a_rule_that_writes_into_what_it_gets(self):
        class Writing(Function):
            def forward(self, x):
                return x * 1.0

            def backward(self, gy):
                gy *= 2.0
                return gy

        for n in (5, 100, 2000):
            x = Variable(np.ones(n))
            y = x * 1.0
            (Writing()(y).sum() + y[0] + Writing()(y)[1:].sum()).backward(retain_grad=True)
            assert_same(x.grad, np.r_[3.0, np.full(n - 1, 4.0)])
            assert_same(y.grad, x.grad)

    @pytest.mark.parametrize("graph", [False, True])
    @pytest.mark.parametrize("rule,match", [
        (lambda i, gy: At(5, gy), r"At\(5, .*input 0"), (lambda i, gy: At([9, 9], gy), r"At\(.*input 0"),
        (lambda i, gy: At("a", gy), "At.*input 0"), (lambda i, gy: At(0, gy), r"wrong shape for input 0: got \(2,\), wanted \(\)"),
        (lambda i, gy: At(slice(None), gy), r"wanted \(3,\)"), (lambda i, gy: At(slice(2), gy[0]), r"got \(\), wanted \(2,\)"),
        (lambda i, gy: At(i, None), "NoneType"), (lambda i, gy: At(i, [1.0, 2.0]), "list"), (lambda i, gy: At(i, At(i, gy)), "At"),
        (lambda i, gy: At(i, gy.data.astype(object) if isinstance(gy, Variable) else gy.astype(object)), "object|data")])
    def test_that_do_not_fit_are_refused(self, rule, match, graph):
        x = Variable(np.ones(3))
        y = Take(slice(2), rule)(x)
        with pytest.raises(GradientError, match=match) as e:
            y.backward(create_graph=graph)
        assert "Take" in str(e.value) and x.grad is None
        x.sum().backward()
        assert_same(x.grad, np.ones(3))

    def test_made_of_numbers_are_refused_where_a_second_derivative_would_be_lost(self):
        x = Variable(np.ones(3))
        for rule in (lambda i, gy: At(i, np.ones(2)), lambda i, gy: At(i, Variable(np.ones(2)))):
            with pytest.raises(FirstOrderOnly, match="Take"):
                Take(slice(2), rule)(x).backward(create_graph=True)

    def test_checked_by_the_kit(self):
        class Front(Function):
            name = "front_of_a_test"

            def forward(self, x):
                return x[..., 0] ** 2

            def backward(self, gy):
                x, = self.inputs
                return At((..., 0), gy * 2.0 * x[..., 0])

        check_op(Front)

    def test_not_finite_ones_are_found(self):
        x = Variable(np.ones(3))
        with dezero.detect_anomaly(), pytest.raises(GradientError, match="Take.*not finite"):
            Take(0, lambda i, gy: At(i, gy * np.inf))(x).backward()


# ---- no gradient at all

@pytest.mark.parametrize("n", [(), 2, 5000])
@pytest.mark.parametrize("none", [lambda gy, y, a: None, lambda gy, y, a: []], ids=["None", "[]"])
@pytest.mark.parametrize("parent", [lambda x: x * 1.0, lambda x: x + x, lambda x: np.reshape(x, x.shape), lambda x: x[...]])
@pytest.mark.parametrize("create_graph", [False, True])
def test_an_operand_that_gets_no_gradient_stops_the_walk(n, none, parent, create_graph):
    for forward in (lambda a: a * 2.0, lambda a: np.array(a * 2.0)):        # by loops, and by the rule
        op = rule(forward, name="op")(none)
        x, w = Variable(np.ones(n)), Variable(np.ones(n))
        (op(parent(x)) + w).backward(create_graph=create_graph)
        assert x.grad is None
        (op(parent(x)) + x * 3.0).backward(create_graph=create_graph)
        np.testing.assert_array_equal(x.grad.data if create_graph else x.grad, np.full(n, 3.0))


def nested(kind):
    """A container that holds itself, or is very deep."""
    if kind == "list":
        x = []
        x.append(x)
        return x
    if kind == "dict":
        x = {}
        x["x"] = x
        return x
    x = 1
    for _ in range(100_000):
        x = (x,)
    return x


@pytest.mark.parametrize("kind", ["list", "dict", "tuple"])
def test_a_parameter_or_an_index_that_holds_itself(kind):
    x, deep = Variable(np.ones(3)), nested(kind)
    op = rule(lambda x, k=None: x * 1.0, name="op")(lambda gy, y, x, k=None: gy)
    for call in (lambda: op(x, k=deep), lambda: op.cls(k=deep)(x), *[lambda: x[deep]] * (kind != "dict")):
        with pytest.raises(ValueError, match="nested more than 64 deep, or holds itself"):
            call()
    if kind != "dict":
        part = rule(lambda x: x[:1].copy(), name="part")(lambda gy, y, x: At(deep, gy))
        with pytest.raises(ValueError, match="deep"):
            part(x).backward()


def test_an_error_of_numpys_own_class_stays_of_it():
    op = rule(np.linalg.cholesky, name="op")(lambda gy, y, a: None)
    with pytest.raises(np.linalg.LinAlgError, match="lambda.*not positive definite"):
        op(Variable(-np.eye(2)))


@pytest.mark.parametrize("n", [3, 700])
def test_a_lost_value_that_only_an_unwanted_gradient_reads(n):
    from dezero import hvp, jvp
    op = rule(lambda x, z: x - z, name="op")(lambda gy, y, x, z: (gy * 0.5, gy * y))
    z = np.ones(n)
    assert jvp(lambda a: op(a, z), (np.ones(n),), (z,))[1].tolist() == [0.5] * n
    np.testing.assert_array_equal(hvp(lambda a: (op(a, z) * a * a).sum())(z, z), np.full(n, 2.0) * 0 + hvp(
        lambda a: (op.cls()(a, z) * a * a).sum())(z, z))


@pytest.mark.parametrize("through", [lambda a: a.T, lambda a: a, lambda a: a[:, ::-1]])
def test_a_lost_value_that_a_python_method_is_given_too(through):
    """The operand of gy[:] * z is lost: no wanted gradient reads it.  Of a transposed gradient no loop makes that product."""
    from dezero import jvp, vjp
    op = rule(lambda x, z: x * z, name="op")(lambda gy, y, x, z: (gy[:] * z, gy[:] * x))
    x, z, tx, tz = np.random.default_rng(0).normal(size=(4, 3, 3))

    def f(x, z):
        return op(through(x), z)

    wanted = through(tx) * z + through(x) * tz
    np.testing.assert_allclose(jvp(f, (x, z), (tx, tz))[1], wanted)
    np.testing.assert_allclose(vjp(lambda tx, tz: jvp(f, (x, z), (tx, tz))[1], tx, tz)[1](z)[1], z * through(x))


def compared(gy, y, a, b):
    """y = a² + b³;   the gradient of a compares it"""
    return gy * 2 * a * ((a > 0) | (a <= 0)), gy * 3 * b ** 2


@pytest.mark.parametrize("constant", [np.zeros_like, lambda x: (x * 2.0).detach(), lambda x: np.zeros(4)])
def test_a_lost_constant_that_the_rule_compares(constant):
    from dezero import grad, hessian, hvp, jvp
    op = rule(lambda a, b: a ** 2 + b ** 3, name="op")(compared)
    x = np.arange(1.0, 5)

    def f(x):
        return op(constant(x), x).sum()

    np.testing.assert_array_equal(hessian(f)(x), np.diag(6 * x))
    np.testing.assert_array_equal(hvp(f)(x, x), 6 * x * x)
    np.testing.assert_array_equal(jvp(lambda x: op(constant(x), x), (x,), (x,))[1], 3 * x ** 3)
    np.testing.assert_array_equal(grad(lambda x: hvp(f)(x, np.ones(4)).sum())(x), np.full(4, 6.0))


def test_a_lost_operand_whose_gradient_reads_the_other_one():
    """Of x and a constant c: what is lost is x, which only the gradient of c compares."""
    from dezero import hessian
    op = rule(lambda a, b: a * b ** 2, name="op")(lambda gy, y, a, b: (gy * b ** 2, gy * 2 * a * b * (a != 0)))
    np.testing.assert_array_equal(hessian(lambda x: (op(x[::-1], 3.0) ** 2).sum())(np.array([1.0, 2.0])), 162 * np.eye(2))


@pytest.mark.skipif(IN_USE != "compiled", reason="the twins drop nothing")
def test_a_lost_operand_that_the_rule_of_loops_of_an_authors_own_compares():
    """These say what they read, and the rule may read more: for a gradient that is wanted too."""
    from dezero import hessian
    from dezero._kernels.nodes import Kernel
    op = rule(np.add, name="op", kernel=Kernel(np.add, ("+", "+")))(lambda gy, y, a, b: (gy, gy * (a == a)))
    with pytest.raises(GraphError, match="dropped, and cannot be computed again"):
        hessian(lambda x: (op(np.zeros_like(x), x) ** 2).sum())(np.array([1.0, 2.0]))


@pytest.mark.parametrize("function, reads", [(lambda gy, y, xs: [gy * 2.0], False), (lambda gy, y, xs: [gy * (xs[0] * 0.0 + 2.0)], True)])
def test_listed_operands_that_the_rule_does_not_read_are_not_kept(function, reads):
    double = rule(lambda xs: xs[0] * 2.0, name="double", listed=True)(function)
    x = Variable(np.ones(1000))
    y = double([x + 1.0])
    assert y.creator._rule.reads == (reads,)
    if reads or IN_USE != "compiled":       # the twins drop nothing
        assert (y.creator.inputs[0].data == 2.0).all()
    else:
        with pytest.raises(GraphError, match="was dropped"):
            y.creator.inputs[0].data
    y.backward()
    assert (x.grad == 2.0).all()


def family_forward(x, n=0):
    return np.sin(x + n * np.float64(np.pi / 2))


@rule(family_forward, name="family")
def family(gy, y, x, n=0):
    return gy * family(x, n=n + 1)


NUMBERS_AROUND = [family, np.array([1.5])]


def test_a_rule_that_names_an_op_is_not_looked_into_through_it():
    x = Variable(np.array([0.5]))
    family(x).backward(create_graph=True)
    g, x.grad = x.grad, None
    g.backward()
    np.testing.assert_allclose(x.grad, -np.sin([0.5]))
