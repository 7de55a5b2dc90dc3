"""The walk back: what it adds where, in what order, what it leaves alone, and how graphs live and die."""

import gc
import itertools
import os
import signal
import sys
import weakref

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from strategies import COMPILED_ENGINE, LONG, assert_runs, assert_same, chain_of, grads, sum_to

import dezero
import dezero.functions as F
from dezero import Function, Variable, no_grad, square, using_config
from dezero.errors import DezeroError, DTypeError, GradientError, GraphError


def V(value, name=None):
    return Variable(np.array(value), name)


# ---------------------------------------------------------------- ops of strangers, some of them bad

class Both(Function):
    """a + b and a * b, in Python."""

    def forward(self, a, b):
        return a + b, a * b

    def backward(self, ga, gb):
        a, b = (x.data for x in self.inputs)
        return ga + gb * b, ga + gb * a


class Three(Function):
    """x, 2 x and a row of ones as float32, the shapes and dtypes of which differ."""

    def forward(self, x):
        return x * 1, np.stack([x, x]) * 2, np.ones(3, "f4") * x.sum().astype("f4")

    def backward(self, *gys):
        self.seen = gys
        g0, g1, g2 = gys
        return g0 + 2 * g1.sum(0) + g2.sum()


class Identity(Function):
    """The rule hands on the very array that it got."""

    def forward(self, x):
        return x.copy()

    def backward(self, gy):
        return gy


class Giving(Function):
    """x copied; the rule gives what `make` makes, or raises it."""

    def __init__(self, make):
        self.make = make

    def forward(self, *xs):
        return sum(xs) * 1.0

    def backward(self, gy):
        return self.make(gy)


def raising(error):
    def rule(gy):
        raise error
    return rule


# ---------------------------------------------------------------- what is added where

class TestAccumulation:
    def test_G01_reuse(self):
        assert_same(grads(lambda x: x * x * x, 2.0)[0], 12.0)
        assert_same(grads(lambda x: x + x, 3.0)[0], 2.0)
        assert_same(grads(lambda x: x + x + x + x, [1.0, 2.0])[0], [4.0, 4.0])

    def test_S20_the_same_operand_twice(self):
        fs = [lambda x: x + x, lambda x: x * x, lambda x: x - x, lambda x: x / x, lambda x: x**x]
        want = [2, 6, 0, 0, 27 * (1 + np.log(3))]
        for shape in [(), (5,)]:
            got = [grads(f, np.full(shape, 3.0))[0] for f in fs]
            for g, w in zip(got, want):
                np.testing.assert_allclose(g, np.full(shape, w), rtol=1e-15)

    def test_G11_two_passes_add_up(self):
        x = V(2.0)
        y = x * x
        y.backward()
        y.backward()
        assert_same(x.grad, 8.0)

    def test_G12_two_passes_with_gradients_kept(self):
        x = V(2.0)
        a = x * x
        y = a * a
        y.backward(retain_grad=True)
        assert [x.grad, a.grad, y.grad] == [32, 8, 1]
        y.backward(retain_grad=True)
        assert [x.grad, a.grad, y.grad] == [64, 8, 1]
        y.backward()
        assert x.grad == 96

    def test_G13_two_roots_share_a_graph(self):
        x = V(3.0)
        shared = x * x
        a, b = shared * 2.0, shared + x
        a.backward()
        b.backward()
        assert_same(x.grad, 12.0 + 7.0)

    def test_an_inner_root_after_an_outer_one(self):
        x = V(3.0)
        a = x * x
        y = a * 2.0
        y.backward()
        a.backward()
        assert_same(x.grad, 12.0 + 6.0)
        assert a.grad is None

    def test_only_what_lies_behind_the_root_is_reached(self):
        x, z = V(3.0), V(4.0)
        a = x * 2.0
        y = a * z
        a.backward()
        assert x.grad == 2 and z.grad is None and y.grad is None

    def test_G25_cleared_gradients_start_afresh(self):
        x = V(3.0)
        y = x * x
        y.backward()
        x.cleargrad()
        y.backward()
        assert_same(x.grad, 6.0)

    def test_it_adds_to_what_the_caller_assigned(self):
        x = V([1.0, 2.0])
        mine = np.array([10.0, 20.0])
        x.grad = mine
        (x * 3.0).backward()
        assert_same(x.grad, [13.0, 23.0])
        assert mine.tolist() == [10, 20]

    def test_different_leaves_of_a_broadcast(self):
        x, y = Variable(np.ones((2, 1))), Variable(np.ones(3))
        for k in (1, 2):
            (x * y).backward()
            assert_same(x.grad, np.full((2, 1), 3.0 * k))
            assert_same(y.grad, np.full(3, 2.0 * k))

    def test_gradients_of_float32_add_up_in_float32(self):
        x = Variable(np.array([1.0, 2.0], "f4"))
        for _ in range(3):
            (x * 2.0).backward()
        assert_same(x.grad, np.array([6, 6], "f4"))

    def test_backward_returns_nothing(self):
        assert (V(1.0) * 2).backward() is None

    def test_backward_needs_no_enabled_mode(self):
        x = V(3.0)
        y = x * x
        with no_grad():
            y.backward()
        assert_same(x.grad, 6.0)


class TestOrder:
    def test_the_diamond(self):
        x = V(2.0)
        a = square(x)
        (square(a) + square(a)).backward()
        assert_same(x.grad, 64.0)

    def test_a_short_way_and_a_long_one(self):
        x = V(1.5)
        long = x
        for _ in range(10):
            long = long * 1.0 + 0.0
        y = x * long * x
        y.backward()
        assert x.grad == pytest.approx(3 * 1.5**2)

    def test_a_ladder_visits_each_node_once(self):
        """2⁶⁰ paths; walking them one by one would never end."""
        calls = []

        class Counted(Identity):
            def backward(self, gy):
                calls.append(1)
                return gy

        x = V(1.0)
        y = x
        for _ in range(60):
            y = y + y
        Counted()(y).backward()
        assert x.grad == 2.0**60 and len(calls) == 1

    def test_a_ladder_of_python_ops(self):
        x = V(1.0)
        y = x
        for _ in range(50):
            a, b = Both()(y, y)
            y = a * 0.5
        y.backward()
        assert x.grad == 1

    def test_rules_run_later_generations_first(self):
        order = []

        class Noted(Identity):
            def __init__(self, label):
                self.label = label

            def backward(self, gy):
                order.append(self.label)
                return gy

        x = V(1.0)
        a = Noted("a")(x)
        b = Noted("b")(a)
        c = Noted("c")(b)
        (Noted("d")(a) + c + Noted("e")(x)).backward()
        assert sorted(order) == list("abcde")
        assert order.index("c") < order.index("b") < order.index("a") and order.index("d") < order.index("a")
        assert x.grad == 3

    def test_G51_the_same_bits_each_time(self):
        rng = np.random.default_rng(0)
        data = rng.normal(size=(2, 50))

        def bits():
            x, y = Variable(data[0].copy()), Variable(data[1].copy())
            terms = [x * y, x / y, x + y * y, (x * 3.0 - y) * x, x]
            total = terms[0]
            for t in terms[1:]:
                total = total + t * x
            total.backward()
            return x.grad.tobytes() + y.grad.tobytes()

        assert len({bits() for _ in range(100)}) == 1

    def test_G52_the_order_depends_on_no_hash_seed(self):
        code = (
            "import numpy as np; from dezero import Variable\n"
            "x = Variable(np.linspace(.1, 1, 7)); y = x\n"
            "for i in range(9): y = y * x + x / (y + 0.1 * i) + x\n"
            "y.backward(); print(x.grad.tobytes().hex())")
        assert len({assert_runs(code, env={"PYTHONHASHSEED": str(seed)}) for seed in range(4)}) == 1


class TestGradientsAreArrays:
    @pytest.mark.parametrize("shape", [(), (1,), (3,), (0,), (2, 3)])
    def test_of_the_shape_of_their_variable(self, shape):
        for f in (lambda x: x + 1.0, lambda x: x * 2.0, lambda x: -x, square, lambda x: x.sum(), lambda x: x[...],
                  lambda x: Identity()(x)):
            g, = grads(f, np.ones(shape))
            assert type(g) is np.ndarray and (g.shape, g.dtype) == (shape, np.dtype("f8")) and g.flags.writeable

    def test_an_object_once_handed_out_is_never_written_to(self):
        x = V([1.0, 2.0])
        y = x * x
        y.backward(retain_grad=True)
        first, root, kept = x.grad, y.grad, x.grad.copy()
        y.backward(retain_grad=True)
        assert x.grad is not first and (first == kept).all() and root.tolist() == [1, 1]
        assert x.grad.tolist() == [4, 8]

    @pytest.mark.parametrize("f", [
        lambda x, y: x + y, lambda x, y: x - y, lambda x, y: -(x + y), lambda x, y: x * 1.0 + y * 1.0,
        lambda x, y: Identity()(x) + Identity()(y), lambda x, y: Both()(x, y)[0], lambda x, y: x[...] + y[...],
        lambda x, y: Giving(lambda gy: (gy, gy))(x, y), lambda x, y: np.broadcast_to(x, (4,)) + y,
    ])
    def test_gradients_alias_neither_each_other_nor_an_argument(self, f):
        x, y = V([1.0, 2.0, 3.0, 4.0]), V([1.0, 2.0, 3.0, 4.0])
        z = f(x, y)
        gradient = np.array([1.0, 2.0, 3.0, 4.0])
        z.backward(gradient=gradient, retain_grad=True)
        arrays = [x.grad, y.grad, z.grad, gradient, x.data, y.data, z.data]
        for a, b in itertools.combinations(arrays, 2):
            assert not np.shares_memory(a, b)
        assert gradient.tolist() == [1, 2, 3, 4]

    def test_a_leaf_used_in_one_place_only(self):
        """Nothing to add: the tempting place to hand the rule's own array on."""
        for f in (lambda x: Identity()(x), lambda x: Giving(lambda gy: gy)(x), lambda x: x + 0.0, lambda x: x):
            x, gradient = V([1.0, 2.0]), np.array([5.0, 6.0])
            f(x).backward(gradient=gradient)
            assert_same(x.grad, [5.0, 6.0])
            assert not np.shares_memory(x.grad, gradient)

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


# ---------------------------------------------------------------- where it starts

class TestGradientArgument:
    def test_starts_the_walk(self):
        x = V([1.0, 2.0])
        (x * x).backward(gradient=np.array([1.0, 10.0]))
        assert_same(x.grad, [2.0, 40.0])

    def test_is_keyword_only(self):
        x = V(1.0)
        with pytest.raises(TypeError):
            (x * x).backward(False, False, np.array(1.0))
        assert x.grad is None

    @pytest.mark.parametrize("shape", [(), (1,), (2,), (1, 3), (3, 1), (2, 3)])
    def test_G15_another_shape_is_refused(self, shape):
        x = Variable(np.ones(3))
        y = x * 2.0
        with pytest.raises(GradientError) as e:
            y.backward(gradient=np.ones(shape))
        assert str(shape) in str(e.value) and "(3,)" in str(e.value)
        assert x.grad is None and y.grad is None

    @pytest.mark.parametrize("bad", ["a", [1.0], {}, object(), np.array(["a"]), np.array([None])])
    def test_another_type_is_refused(self, bad):
        x = V([1.0])
        with pytest.raises((DezeroError, TypeError, ValueError)):
            (x * 2.0).backward(gradient=bad)
        assert x.grad is None

    def test_complex_is_refused(self):
        x = V([1.0])
        with pytest.raises((GradientError, DTypeError)):
            (x * 2.0).backward(gradient=np.array([1j]))
        assert x.grad is None

    def test_none_means_ones(self):
        x = V([1.0, 2.0])
        (x * 2.0).backward(gradient=None)
        assert_same(x.grad, [2.0, 2.0])

    @pytest.mark.parametrize("make", [
        lambda g: g[::-1].copy()[::-1], lambda g: np.broadcast_to(g[:1], g.shape), lambda g: g.astype(">f8"),
        lambda g: g.astype("f4")])
    def test_any_layout(self, make):
        gradient = make(np.array([2.0, 2.0, 2.0]))
        x = V([1.0, 2.0, 3.0])
        (x * x).backward(gradient=gradient)
        assert_same(x.grad, [4.0, 8.0, 12.0])
        assert (gradient == 2).all()

    def test_the_caller_keeps_its_array(self):
        gradient = np.array([1.0, 2.0])
        x = V([1.0, 1.0])
        y = x + 0.0
        y.backward(gradient=gradient, retain_grad=True)
        gradient[...] = 99
        assert_same(x.grad, [1.0, 2.0])
        assert_same(y.grad, [1.0, 2.0])

    @pytest.mark.parametrize("given", [np.array(5.0), np.ones(2), [1.0, 5.0], 5.0, Variable(np.array(5.0))], ids=lambda g: type(g).__name__)
    def test_by_place_it_is_refused(self, given):
        """`y.backward(g)` is PyTorch's call; here it would have set retain_grad, and begun with ones."""
        x = V([1.0, 2.0])
        y = x * 2.0
        with pytest.raises(TypeError, match=r"backward\(gradient=\.\.\.\)"):
            y.backward(given)
        with pytest.raises(TypeError, match=r"create_graph .*backward\(gradient=\.\.\.\)"):
            y.backward(False, given)
        assert x.grad is None and y.grad is None
        y.backward(np.True_)
        assert y.grad is not None

    @pytest.mark.parametrize("given", [Variable(None), np.ma.array([1.0, 2.0], mask=[True, False])], ids=["no data", "masked"])
    def test_what_holds_no_numbers_is_refused(self, given):
        x = V([1.0, 2.0])
        with pytest.raises(TypeError, match=r"backward\(gradient=\.\.\.\)"):
            (x * 2.0).backward(gradient=given)
        assert x.grad is None


class TestAssignedGrad:
    def test_starts_the_walk(self):
        x = V([1.0, 2.0])
        y = x * x
        mine = np.array([1.0, 10.0])
        y.grad = mine
        y.backward()
        assert_same(x.grad, [2.0, 40.0])
        assert mine.tolist() == [1, 10]

    def test_the_argument_comes_first(self):
        x = V(3.0)
        y = x * x
        y.grad = np.array(100.0)
        y.backward(gradient=np.array(2.0))
        assert_same(x.grad, 12.0)

    def test_grads_of_intermediates_are_no_part_of_the_walk(self):
        x = V(3.0)
        a = x * 2.0
        a.grad = np.array(1000.0)
        (a * 5.0).backward()
        assert_same(x.grad, 10.0)

    def test_a_retained_root_is_where_the_next_walk_starts_once(self):
        """What `retain_grad` set on the root is ones again, never more."""
        x = V(3.0)
        y = x * x
        for k in (1, 2, 3):
            y.backward(retain_grad=True)
            assert x.grad == 6 * k and y.grad == 1


class TestLeaves:
    @pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 2)])
    def test_G16_backward_on_a_leaf_adds_like_anywhere(self, shape):
        x = Variable(np.zeros(shape))
        x.backward()
        assert_same(x.grad, np.ones(shape))

    def test_a_leaf_with_a_gradient(self):
        x, gradient = V([1.0, 2.0]), np.array([3.0, 4.0])
        x.backward(gradient=gradient)
        assert_same(x.grad, [3.0, 4.0])
        assert not np.shares_memory(x.grad, gradient)
        x.cleargrad()
        x.backward(gradient=gradient)
        assert_same(x.grad, [3.0, 4.0])

    def test_an_integer_leaf(self):
        x = V([1, 2])
        x.backward()
        assert_same(x.grad, [1.0, 1.0])

    def test_a_complex_leaf(self):
        x = V(1j)
        with pytest.raises(DTypeError, match="complex"):
            x.backward()
        assert x.grad is None

    def test_G17_what_no_grad_left_unrecorded_is_no_leaf(self):
        x = V(2.0)
        with no_grad():
            y = x * x
        with pytest.raises(GraphError, match="no_grad|enable_backprop"):
            y.backward()
        assert x.grad is None and y.grad is None

    def test_what_had_no_variable_says_why(self):
        y = dezero.add(1.0, 2.0)
        with pytest.raises(GraphError):
            y.backward()
        assert y.grad is None

    def test_an_unrecorded_result_ends_a_later_walk(self):
        x = V(2.0)
        with no_grad():
            a = x * x
        y = a * x
        y.backward()
        assert_same(x.grad, 4.0)

    def test_named_none(self):
        with pytest.raises((DezeroError, TypeError, ValueError)):
            Variable(None).backward()


# ---------------------------------------------------------------- retain_grad

class TestRetainGrad:
    def test_G27_without_it_only_leaves_have_gradients(self):
        x = V(2.0)
        a = x * x
        b = Identity()(a)
        y = b + a
        y.backward()
        assert [a.grad, b.grad, y.grad] == [None] * 3 and x.grad == 8

    def test_with_it_all_have(self):
        x = V(2.0)
        a = x * x
        b = Identity()(a)
        y = b * a
        y.backward(retain_grad=True)
        assert [v.grad for v in (y, b, a, x)] == [1, 4, 8, 32]

    def test_on_arrays_with_broadcasting(self):
        x = Variable(np.ones((2, 1)))
        a = x * 2.0
        y = a * np.arange(3.0)
        y.backward(retain_grad=True)
        assert_same(y.grad, np.ones((2, 3)))
        assert_same(a.grad, np.full((2, 1), 3.0))
        assert_same(x.grad, np.full((2, 1), 6.0))

    def test_handles_that_are_gone_do_not_matter(self):
        x = V(2.0)
        y = ((x * x) * x) * x
        y.backward(retain_grad=True)
        assert x.grad == 32 and y.grad == 1

    def test_without_it_what_is_there_is_not_set(self):
        x = V(2.0)
        a = x * x
        y = a * a
        y.backward(retain_grad=True)
        y.backward()
        assert x.grad == 64

    def test_several_outputs(self):
        x, y = V(2.0), V(3.0)
        s, p = Both()(x, y)
        (s * p).backward(retain_grad=True)
        assert [s.grad, p.grad, x.grad, y.grad] == [6, 5, 6 + 5 * 3, 6 + 5 * 2]

    def test_integer_intermediates(self):
        x = V([2, 3])
        a = x * x
        (a * 2.0).backward(retain_grad=True)
        assert_same(a.grad, [2.0, 2.0])
        assert_same(x.grad, [8.0, 12.0])


# ---------------------------------------------------------------- several outputs, many inputs, no gradient

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


# ---------------------------------------------------------------- rules

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
                np.testing.assert_allclose(np.asarray(v), np.full(shape, slope))
            assert y.grad is None and all(x.grad is None for x in xs)

    def test_a_chain_by_hand(self):
        a, b = dezero.Square(), dezero.Mul()
        x = V(3.0)
        y = a(x)
        z = b(y, V(2.0))
        gy, _ = b.backward(np.array(1.0))
        assert np.asarray(a.backward(np.asarray(gy))) == 12
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

    @pytest.mark.parametrize("bad", ["a", [1.0], {}, object(), b"a", [np.array(1.0)]], ids=repr)
    def test_P33_a_wrong_type(self, bad):
        self.refused(lambda gy: (bad,), [1.0], type(bad).__name__, errors=(GradientError, TypeError))

    @pytest.mark.parametrize("shape", [(), (2,)])
    def test_a_masked_array(self, shape):
        bad = np.ma.masked_array(np.ones(shape), mask=np.ones(shape, bool))
        self.refused(lambda gy: bad, [np.ones(shape)], "masked array", "filled", errors=(TypeError,))

    def test_P31_complex_for_a_real_input(self):
        self.refused(lambda gy: gy * 1j, [[1.0, 2.0]], "complex", errors=(GradientError, DTypeError))
        self.refused(lambda gy: gy * 1j, [1.0], "complex", errors=(GradientError, DTypeError))

    @pytest.mark.parametrize("bad", [np.array([None, None]), np.array(["a", "b"])])
    def test_arrays_of_other_things(self, bad):
        self.refused(lambda gy: bad, [[1.0, 2.0]], errors=(GradientError, TypeError))

    @pytest.mark.parametrize("dtype", ["f2", "f4", "g", "i4", ">f8"])
    def test_P31_any_real_dtype_is_cast(self, dtype):
        for leaf in ("f4", "f8"):
            x = Variable(np.ones(2, leaf))
            Giving(lambda gy: np.full(2, 3, dtype))(x).backward()
            assert_same(x.grad, np.full(2, 3, leaf))


class TestFailure:
    """A failing backward leaves every `.grad` as it was, and the graph usable."""

    @pytest.mark.parametrize("error", [
        ZeroDivisionError("e"), KeyboardInterrupt(), MemoryError("e"), SystemExit(3), RecursionError("e"), StopIteration()])
    @pytest.mark.parametrize("retain", [False, True])
    def test_an_exception_in_a_rule(self, error, retain):
        x, y, z = V([1.0]), V([2.0]), V([3.0])
        mine = np.array([5.0])
        y.grad = mine
        bad = [True]

        def rule(gy):
            if bad[0]:
                raise error
            return gy

        a = x * y
        b = Giving(rule)(a)
        root = b * z + y
        with pytest.raises(type(error)) as e:
            root.backward(retain_grad=retain)
        assert e.value is error
        assert [v.grad for v in (x, z, a, b, root)] == [None] * 5
        assert y.grad is mine and mine == 5
        bad[0] = False
        root.backward()
        assert [x.grad, y.grad, z.grad] == [6, 5 + 3 + 1, 2]

    def test_an_assigned_grad_of_the_root_stays(self):
        x = V([1.0])
        y = Giving(raising(ValueError("no")))(x)
        mine = np.array([5.0])
        y.grad = mine
        with pytest.raises(ValueError, match="no"):
            y.backward()
        assert y.grad is mine

    @pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="POSIX signals")
    def test_G39_ctrl_c_in_the_middle(self):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)      # a background shell ignores it
        try:
            self.check_ctrl_c()
        finally:
            signal.signal(signal.SIGINT, before)

    def check_ctrl_c(self):
        class Interrupted(Identity):
            def backward(self, gy):
                if armed:
                    armed.pop()
                    os.kill(os.getpid(), signal.SIGINT)
                    for _ in range(1000):
                        pass
                return gy

        armed, x = [1], V([1.0])
        y = Interrupted()(x * 2.0) * x
        with pytest.raises(KeyboardInterrupt):
            y.backward()
        assert x.grad is None
        y.backward()
        assert x.grad == 4

    def test_a_late_failure_far_from_the_root(self):
        x = V(1.0)
        a = Giving(raising(ValueError("deep")))(x)
        leaves = [V(float(i)) for i in range(50)]
        y = a
        for v in leaves:
            y = y * v + v
        with pytest.raises(ValueError, match="deep"):
            y.backward()
        assert all(v.grad is None for v in [x, *leaves])

    def test_a_failure_is_not_held_on_to(self, no_gc):
        x = V(np.ones(10))
        a = x * 2.0
        y = Giving(raising(ValueError("no")))(a)
        dead = weakref.ref(y)
        with pytest.raises(ValueError):
            y.backward()
        del y
        gc.collect()
        assert dead() is None

    def test_an_error_tells_the_callers_own_story(self):
        """The exception keeps the rule in its traceback."""
        import traceback

        x = V(1.0)
        try:
            Giving(raising(ZeroDivisionError("mine")))(x).backward()
        except ZeroDivisionError as e:
            names = [f.name for f in traceback.extract_tb(e.__traceback__)]
        assert "rule" in names


# ---------------------------------------------------------------- the value at forward counts

class TestRebinding:
    @pytest.mark.parametrize("f,g", [
        (lambda x: x * x, 6), (square, 6), (lambda x: x**2, 6), (lambda x: x**2.5, 2.5 * 3**1.5), (lambda x: 6.0 / x, -6 / 9),
        (lambda x: x / 2.0, 0.5), (lambda x: 2.0**x, 8 * np.log(2)), (lambda x: x * x / x, 1), (lambda x: -x, -1),
        (lambda x: x**x, 27 * (1 + np.log(3))),
    ])
    @pytest.mark.parametrize("shape", [(), (1,), (5,), (3000,)])
    def test_of_a_leaf(self, f, g, shape):
        x = Variable(np.full(shape, 3.0))
        y = f(x)
        x.data = new = np.full(shape, 10.0)
        y.backward()
        np.testing.assert_allclose(x.grad, np.full(shape, g), rtol=1e-14)
        assert x.data is new

    def test_the_other_factor(self):
        x, y = V(3.0), V(5.0)
        z = x * y
        y.data = np.array(1000.0)
        z.backward()
        assert [x.grad, y.grad] == [5, 3]

    def test_of_an_intermediate(self):
        for shape in [(), (4,), (3000,)]:
            x = Variable(np.full(shape, 2.0))
            a = x * x
            y = a * a
            a.data = np.zeros(shape)
            y.backward()
            assert (x.grad == 32).all() and (a.data == 0).all()
            assert ((a + 1.0).data == 1).all()

    def test_of_the_root(self):
        x = V(2.0)
        y = x * x
        y.data = np.array(1000.0)
        y.backward()
        assert x.grad == 4

    def test_in_a_python_rule(self):
        x, y = V(2.0), V(3.0)
        s, p = Both()(x, y)
        x.data, y.data = np.array(100.0), np.array(100.0)
        p.backward()
        assert [x.grad, y.grad] == [3, 2]
        assert [x.data, y.data] == [100, 100]

    def test_in_a_python_rule_written_with_operators(self):
        class Cube(Function):
            def forward(self, x):
                return x**3

            def backward(self, gy):
                x, = self.inputs
                return gy * 3.0 * x**2

        x = V(2.0)
        y = Cube()(x)
        x.data = np.array(100.0)
        y.backward()
        assert x.grad == 12 and x.data == 100

    @pytest.mark.parametrize("shape", [(), (4,), (3000,)])
    def test_between_two_uses(self, shape):
        x = Variable(np.full(shape, 2.0))
        a = x * x
        x.data = np.full(shape, 5.0)
        b = x * x
        x.data = np.full(shape, 7.0)
        c = Identity()(x) * x
        (a + b + c).backward()
        assert_same(x.grad, np.full(shape, 4.0 + 10 + 14))
        (a * 1.0).backward()
        assert_same(x.grad, np.full(shape, 28.0 + 4))

    @pytest.mark.parametrize("shape", [(), (4,), (3000,)])
    def test_of_an_intermediate_between_two_uses(self, shape):
        """What the caller binds to a result is a value of the caller's: what used it before is not disturbed."""
        x = Variable(np.full(shape, 2.0))
        a = x * x
        b = a * a
        a.data = np.full(shape, 100.0)
        b.backward()
        assert_same(x.grad, np.full(shape, 32.0))
        c = a * 3.0
        assert_same(c.data, np.full(shape, 300.0))

    @pytest.mark.parametrize("other", [np.ones(3), np.array(1.0), np.ones((2, 2)), np.zeros(0)])
    def test_G23_to_another_shape(self, other):
        """An error when it is bound, or in backward, or the old value counts: never a gradient of a wrong shape."""
        x = V([1.0, 2.0])
        y = x * x
        try:
            x.data = other
            y.backward()
        except (DezeroError, ValueError):
            assert x.grad is None
        else:
            assert_same(x.grad, [2.0, 4.0])

    def test_rebinding_inside_a_rule(self):
        class Rebind(Identity):
            def backward(self, gy):
                x.data = np.array(1000.0)
                return gy

        x = V(2.0)
        y = Rebind()(x * x) * x
        y.backward()
        assert x.grad == 12

    def test_an_optimizers_loop(self):
        """``x.data -= …`` on an array of its own, and on a rebound one."""
        x = V(4.0)
        for _ in range(200):
            x.cleargrad()
            y = (x - 1.0) ** 2
            y.backward()
            x.data = x.data - 0.1 * x.grad
        assert x.data == pytest.approx(1)
        x = Variable(np.array([4.0]))
        for _ in range(200):
            x.cleargrad()
            y = (x - 1.0) ** 2
            y.backward()
            x.data -= 0.1 * x.grad
        assert x.data == pytest.approx([1])

    def test_augmented_operators_leave_the_graph_whole(self):
        x = V(3.0)
        first = x
        x *= x
        x += first
        x.backward()
        assert first.grad == 7 and first.data == 3


# ---------------------------------------------------------------- long, wide, and gone

class TestLongAndWide:
    def test_G04_a_long_chain(self):
        out = assert_runs(f"""
import gc, sys, weakref
import numpy as np
from dezero import Variable
gc.disable()
x = y = Variable(np.array(1.0))
for _ in range({LONG}):
    y = y + 1.0
assert y.data == 1.0 + {LONG} and y.generation == {LONG}
y.backward()
assert x.grad == 1.0, x.grad
dead = weakref.ref(y)
del y
assert dead() is None
print("done")
""")
        assert out == "done\n"

    @pytest.mark.parametrize("step", [
        "y * 1.0", "y - x", "-y", "y / 1.0", "square(y)", "y ** 1", "y[()]", "y.sum()", "F.broadcast_to(y, ())", "y * y",
        "y + y", "Python()(y)", "Pair()(y, x)[0]", "Pair()(x, y)[1]", "F.scatter(y, (), ())"])
    def test_chains_of_every_kind(self, step):
        n = 50_000 if COMPILED_ENGINE else 20_000
        out = assert_runs(f"""
import gc, sys, weakref
import numpy as np, dezero.functions as F
from dezero import Variable, Function, square
class Python(Function):
    def forward(self, x): return x * 1.0
    def backward(self, gy): return gy
class Pair(Function):
    def forward(self, a, b): return a * 1.0, b * 1.0
    def backward(self, ga, gb): return ga, gb
gc.disable()
np.seterr(all="ignore")
x = y = Variable(np.array(1.0))
for _ in range({n}):
    y = {step}
y.backward()
assert x.grad is not None
dead = weakref.ref(y)
f = y.creator
del y
assert dead() is None
del f, x
print("done")
""")
        assert out == "done\n"

    @pytest.mark.parametrize("step", ["y + 1.0", "y * x", "Python()(y)", "y[...]"])
    def test_G05_a_long_chain_in_a_thread_with_a_small_stack(self, step):
        n = 300_000 if COMPILED_ENGINE else 30_000
        if "Python" in step or "[" in step:
            n //= 5
        out = assert_runs(f"""
import gc, threading
import numpy as np
from dezero import Variable, Function
class Python(Function):
    def forward(self, x): return x * 1.0
    def backward(self, gy): return gy
gc.disable()
def work():
    x = y = Variable(np.array(1.0))
    for _ in range({n}):
        y = {step}
    y.backward()
    assert x.grad is not None
    del y
    print("done")
threading.stack_size(262144)
t = threading.Thread(target=work)
t.start(); t.join()
""")
        assert out == "done\n"

    def test_a_long_chain_is_freed_by_an_exit(self):
        out = assert_runs(f"""
import numpy as np
from dezero import Variable
y = Variable(np.array(1.0))
for _ in range({LONG // 5}):
    y = y * 1.0
print("done")
""")
        assert out == "done\n"

    def test_a_long_chain_is_freed_by_the_collector(self):
        out = assert_runs("""
import gc
import numpy as np
from dezero import Variable
class P(Variable): pass
p = P(np.array(1.0))
y = p
for _ in range(100_000):
    y = y + 1.0
p.root = y
del p, y
gc.collect()
print("done")
""")
        assert out == "done\n"

    def test_a_chain_held_by_its_creator_alone(self, no_gc):
        y = chain_of(50_000)
        f = y.creator
        dead = weakref.ref(y)
        del y
        assert dead() is None and f.generation == 49_999
        del f

    def test_the_recursion_limit_plays_no_role(self):
        out = assert_runs("""
import sys
import numpy as np
from dezero import Variable
sys.setrecursionlimit(80)
x = y = Variable(np.array(1.0))
for _ in range(1000):
    y = y * 1.0 + x * 0.0
y.backward()
print(x.grad)
""")
        assert out == "1.0\n"

    def test_G08_many_terms_of_one_leaf(self):
        n = 100_000 if COMPILED_ENGINE else 20_000
        x = V(2.0)
        terms = [x * 3.0 for _ in range(n)]
        while len(terms) > 1:
            terms = [a + b for a, b in itertools.zip_longest(terms[::2], terms[1::2], fillvalue=V(0.0))]
        terms[0].backward()
        assert x.grad == 3.0 * n

    def test_many_terms_added_one_after_another(self):
        n = 100_000
        x, total = V(2.0), V(0.0)
        for _ in range(n):
            total = total + x
        total.backward()
        assert x.grad == n

    def test_many_terms_into_one_node(self):
        n = 100_000 if COMPILED_ENGINE else 20_000
        x = V(2.0)
        a = x * 1.0
        Giving(lambda gy: (gy,) * n)(*[a * 2.0 for _ in range(n)]).backward()
        assert x.grad == 2.0 * n

    def test_many_uses_of_one_array(self):
        x = Variable(np.ones(50))
        total = x
        for _ in range(5000):
            total = total + x
        total.backward()
        assert_same(x.grad, np.full(50, 5001.0))


class TestBlocks:
    """Large arrays may go through the cache block by block: every boundary, values that differ, operands that broadcast."""

    @staticmethod
    def f(x, y, s):
        a = (x + y * s + 1.0) ** 2 * (19.0 - 14.0 * x + 3.0 * x**2 - x * y)
        b = square(2.0 * x - 3.0 * y) / (4.0 + x * x) if isinstance(x, Variable) else (2.0 * x - 3.0 * y) ** 2 / (4.0 + x * x)
        return a * (30.0 + b) - (-(a - s) / 7.0)

    def check(self, shapes, dtype):
        rng = np.random.default_rng(0)
        data = [np.asarray(rng.uniform(-1, 1, shape).astype(dtype)) for shape in shapes]
        vs = [Variable(a) for a in data]
        z = self.f(*vs)
        wide = [a.astype("f8") for a in data]
        rtol = 1e-12 if dtype == "f8" else 2e-4
        want = self.f(*wide)
        np.testing.assert_allclose(z.data, want, rtol=rtol, atol=100 * rtol)
        gradient = rng.normal(size=want.shape).astype(dtype)
        z.backward(gradient=gradient)
        for i, v in enumerate(vs):
            moved = [a + 1e-30j if i == j else a for j, a in enumerate(wide)]
            full = self.f(*moved).imag / 1e-30 * gradient
            scale = sum_to(np.abs(full), v.shape).max(initial=1)
            np.testing.assert_allclose(v.grad, sum_to(full, v.shape), rtol=100 * rtol, atol=rtol * scale)
            assert v.grad.dtype == v.dtype

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_every_boundary(self, dtype):
        for k in range(4, 15):
            for n in (2**k - 1, 2**k, 2**k + 1):
                self.check([(n,), (n,), ()], dtype)

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    @pytest.mark.parametrize("shapes", [
        [(100_003,), (100_003,), (100_003,)], [(100_003,), (1,), ()], [(), (100_003,), (1,)], [(300, 700), (700,), (300, 1)],
        [(300, 1), (1, 700), ()], [(64, 33, 65), (33, 1), (65,)], [(700, 300), (300,), (700, 300)], [(2, 50_001), (50_001,), (2, 1)],
    ])
    def test_operands_that_broadcast(self, shapes, dtype):
        self.check(shapes, dtype)

    @pytest.mark.parametrize("keep", [False, True])
    def test_handles_held_and_dropped_give_the_same_bits(self, keep):
        rng = np.random.default_rng(0)
        data = rng.uniform(0.5, 1.5, (2, 50_003))

        def bits(hold):
            x, y = Variable(data[0]), Variable(data[1])
            held, a = [], x
            for k in range(12):
                a = (a * y + x / 2.0 - square(a) * 0.25 - y) * 0.5
                held += [a, a.data] if hold else []
            with using_config("keep_data", keep):
                a = a * y - x
            a.backward(retain_grad=hold)
            return x.grad.tobytes() + y.grad.tobytes()

        assert bits(False) == bits(True)


class TestDeath:
    def test_G45_by_reference_counting_alone(self, no_gc):
        for f in (lambda x: x * x + x, lambda x: square(x) / x, lambda x: Identity()(x) * 2.0, lambda x: x[0] + x.sum(),
                  lambda x: Both()(x, x)[0] * Both()(x, x)[1], lambda x: x**2.0 - (-x)):
            for walk in (False, True):
                x = Variable(np.ones(3))
                y = f(x)
                if walk:
                    y.backward(retain_grad=True)
                dead = [weakref.ref(v) for v in (x, y, x.data, y.data)]
                del x, y
                assert [d() for d in dead] == [None] * 4

    def test_a_python_node_dies_too(self, no_gc):
        y = Identity()(V([1.0]))
        dead = weakref.ref(y.creator)
        y.backward()
        del y
        assert dead() is None

    def test_handles_of_several_outputs_hold_no_ring(self, no_gc):
        a, b = Both()(V(1.0), V(2.0))
        dead = weakref.ref(a), weakref.ref(b), weakref.ref(a.creator)
        del a
        assert dead[0]() is None
        del b
        assert [d() for d in dead] == [None] * 3

    def test_a_dead_output_while_another_lives(self, no_gc):
        x = V(1.0)
        a, b = Both()(x, V(2.0))
        del a
        b.backward()
        assert x.grad == 2

    def test_inspecting_makes_no_ring(self, no_gc):
        x = Variable(np.ones(3))
        y = x * 2.0 + 1.0
        f = y.creator
        _ = (f.inputs, f.outputs, f.inputs[0].creator, f.inputs[0].creator.inputs, f.outputs[0](), repr(f))
        dead = [weakref.ref(v) for v in (x, y)]
        del x, y, f, _
        assert [d() for d in dead] == [None] * 2

    def test_gradients_do_not_hold_the_graph(self, no_gc):
        x = Variable(np.ones(3))
        y = x * x
        y.backward(retain_grad=True)
        grads, dead = (x.grad, y.grad), [weakref.ref(v) for v in (x, y)]
        del x, y
        assert [d() for d in dead] == [None] * 2 and grads[0].tolist() == [2, 2, 2]

    def test_a_leaf_does_not_hold_what_was_made_of_it(self, no_gc):
        x = Variable(np.ones(3))
        y = square(square(x))
        dead = weakref.ref(y.data)
        y.backward()
        del y
        assert dead() is None and x.grad is not None

    def test_a_finalizer_that_uses_the_engine(self):
        log = []

        class Last(Variable):
            def __del__(self):
                z = V(3.0)
                (z * z).backward()
                log.append(float(z.grad))

        p = Last(np.array(1.0))
        y = p * 2.0
        del p
        y.backward()
        del y
        gc.collect()
        assert log == [6.0]

    def test_a_rule_that_drops_the_root(self):
        """The walk holds what it still needs."""
        class Drop(Identity):
            def backward(self, gy):
                holder.clear()
                gc.collect()
                return gy

        x = V(2.0)
        holder = [Drop()(x * x) * 3.0]
        holder[0].backward()
        assert x.grad == 12

    def test_a_weakref_callback_that_uses_the_engine(self):
        log = []
        y = V(2.0) * 3.0
        r = weakref.ref(y, lambda _: log.append((V(1.0) + 1.0).data.item()))
        del y
        assert log == [2.0] and r() is None


# ---------------------------------------------------------------- random graphs against a plain tape

OPS = {
    "add": (2, lambda a, b: a + b, lambda a, b, g: (g, g)),
    "sub": (2, lambda a, b: a - b, lambda a, b, g: (g, -g)),
    "mul": (2, lambda a, b: a * b, lambda a, b, g: (g * b, g * a)),
    "neg": (1, lambda a: -a, lambda a, g: (-g,)),
    "half": (1, lambda a: a * 0.5, lambda a, g: (g * 0.5,)),
    "over": (1, lambda a: 1.0 / (2.0 + a * a), lambda a, g: (g * -2 * a / (2.0 + a * a) ** 2,)),
}
MORE = {
    "copy": (lambda a: Identity()(a)),
    "both": (lambda a: Both()(a, 1.0)[1]),
    "view": (lambda a: a[...]),
}


def tape_gradients(leaves, tape, root, seed):
    """The naive engine: values in a list, one pass from the end to the start."""
    values = list(leaves)
    for name, places in tape:
        values.append(OPS[name][1](*[values[p] for p in places]) if name in OPS else values[places[0]] * 1.0)
    table = [np.zeros_like(v) for v in values]
    table[root] = table[root] + seed
    for at in range(len(values) - 1, len(leaves) - 1, -1):
        name, places = tape[at - len(leaves)]
        if name in OPS:
            gs = OPS[name][2](*[values[p] for p in places], table[at])
        else:
            gs = (table[at],)
        for p, g in zip(places, gs):
            table[p] = table[p] + sum_to(np.asarray(g), values[p].shape)
    return values, table


@st.composite
def programs(draw):
    count = draw(st.integers(1, 3))
    tape = []
    for at in range(draw(st.integers(1, 20))):
        name = draw(st.sampled_from(sorted(OPS) + sorted(MORE)))
        arity = OPS[name][0] if name in OPS else 1
        tape.append((name, [draw(st.integers(max(0, count + at - 6), count + at - 1)) for _ in range(arity)]))
    return count, tape


@given(programs(), st.sampled_from([(), (3,), (2, 1), (3000,)]), st.integers(0, 99), st.booleans())
@settings(max_examples=150)
def test_G03_random_graphs(program, shape, seed, keep_handles):
    count, tape = program
    rng = np.random.default_rng(seed)
    shapes = [shape if i % 2 == 0 else () for i in range(count)]
    leaves = [np.asarray(rng.uniform(-1, 1, s)) for s in shapes]
    xs = [Variable(a) for a in leaves]
    vs = list(xs)
    for name, places in tape:
        f = OPS[name][1] if name in OPS else MORE[name]
        vs.append(f(*[vs[p] for p in places]))
    root = vs[-1]
    if not keep_handles:
        vs = None
    gradient = rng.normal(size=root.shape)
    values, table = tape_gradients(leaves, tape, len(leaves) + len(tape) - 1, gradient)
    np.testing.assert_allclose(root.data, values[-1], rtol=1e-12)
    root.backward(gradient=np.asarray(gradient), retain_grad=keep_handles)
    scale = 1e-11 * max(1, *[np.abs(t).max() for t in table])
    for x, want in zip(xs, table):
        got = np.zeros_like(want) if x.grad is None else x.grad
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=scale)
    if keep_handles:
        for v, want in zip(vs[len(xs):], table[len(xs):]):
            if v.grad is not None:
                np.testing.assert_allclose(v.grad, want, rtol=1e-10, atol=scale)
    else:
        assert root.grad is None


class Story(RuleBasedStateMachine):
    """What a caller may do in any order: leaves and results come and go; gradients equal those of a plain tape throughout."""

    @initialize(values=st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=3))
    def start(self, values):
        self.leaves = [np.array(v, "f8") for v in values]
        self.tape, self.recorded = [], []
        self.vs = [Variable(a) for a in self.leaves]
        self.totals = [None] * len(values)

    def pick(self, data):
        alive = [i for i, v in enumerate(self.vs) if v is not None]
        return data.draw(st.sampled_from(alive))

    @precondition(lambda self: len(self.tape) < 40)
    @rule(data=st.data(), name=st.sampled_from(sorted(OPS) + sorted(MORE)))
    def op(self, data, name):
        arity = OPS[name][0] if name in OPS else 1
        places = [self.pick(data) for _ in range(arity)]
        f = OPS[name][1] if name in OPS else MORE[name]
        self.vs.append(f(*[self.vs[p] for p in places]))
        self.tape.append((name, places))

    @rule(data=st.data())
    def drop(self, data):
        at = self.pick(data)
        if at >= len(self.leaves):
            self.vs[at] = None

    @rule(data=st.data(), retain=st.booleans())
    def walk(self, data, retain):
        root = self.pick(data)
        self.vs[root].backward(gradient=np.array(1.0), retain_grad=retain)
        _, table = tape_gradients(self.leaves, self.tape[:max(0, root + 1 - len(self.leaves))], root, np.array(1.0))
        reached, stack = set(), [root]
        while stack:
            at = stack.pop()
            if at not in reached:
                reached.add(at)
                if at >= len(self.leaves):
                    stack += self.tape[at - len(self.leaves)][1]
        for i in range(len(self.leaves)):
            if i in reached:
                self.totals[i] = table[i] + (0 if self.totals[i] is None else self.totals[i])

    @rule(data=st.data())
    def clear(self, data):
        at = data.draw(st.integers(0, len(self.leaves) - 1))
        self.vs[at].cleargrad()
        self.totals[at] = None

    @rule(data=st.data())
    def fail(self, data):
        v = self.vs[self.pick(data)]
        with pytest.raises(ZeroDivisionError):
            (Giving(raising(ZeroDivisionError()))(v) + v).backward(retain_grad=True)

    @rule(data=st.data())
    def unrecorded(self, data):
        with no_grad():
            assert (self.vs[self.pick(data)] * 2.0).creator is None

    @invariant()
    def gradients_are_those_of_the_tape(self):
        for x, want in zip(getattr(self, "vs", []), getattr(self, "totals", [])):
            if want is None:
                assert x.grad is None
            else:
                np.testing.assert_allclose(x.grad, want, rtol=1e-9, atol=1e-9 * max(1, abs(want)))


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_recursion_near_the_limit_is_clean():
    """G41: whatever happens close to the end of the stack, the next walk is right."""
    x = V(2.0)

    def descend(n):
        try:
            return descend(n + 1)
        except RecursionError:
            y = None
            try:
                y = Identity()(x * x)
                y.backward()
            except RecursionError:
                pass
            return n

    old = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(300)
        descend(0)
    finally:
        sys.setrecursionlimit(old)
    x.cleargrad()
    (x * x).backward()
    assert x.grad == 4


def test_functions_by_name_walk_as_well():
    x = V([1.0, 2.0])
    F.sum(F.mul(F.add(x, 1.0), F.neg(x))).backward()
    assert_same(x.grad, [-3.0, -5.0])
