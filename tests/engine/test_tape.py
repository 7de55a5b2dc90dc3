"""A call is recorded, and the walk back: what it adds where, where it starts, which `.grad` it sets, and what a failing one leaves."""

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
from strangers import Both, Giving, Identity, V, raising
from strategies import assert_same, grads, sum_to

import dezero
import dezero.functions as F
from dezero import Variable, no_grad, square, using_config
from dezero.errors import DezeroError, DTypeError, GradientError, GraphError


# ---------------------------------------------------------------- what is recorded

class TestOperands:
    def test_without_a_variable_the_result_has_no_creator(self):
        for y in (dezero.add(np.array(1.0), np.array(2.0)), dezero.mul(2.0, 3.0), F.add(2.0, np.array(3.0)),
                  dezero.Add()(np.array(1.0), np.array(2.0)), dezero.square(3.0), F.sum(np.ones(3))):
            assert type(y) is Variable and y.creator is None and y.generation == 0
            with pytest.raises(GraphError):
                y.backward()

    def test_under_no_grad_nothing_is_recorded(self):
        x = Variable(np.array(2.0))
        with no_grad():
            for y in (x * x, x[()], x.sum(), np.add(x, 1.0), dezero.Square()(x)):
                assert y.creator is None and y.generation == 0
            with using_config("enable_backprop", True):
                assert (x * x).creator is not None


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

    def test_of_complex_data_it_points_uphill(self):
        """As `.grad` does: the conjugate of what rules get."""
        seen = []

        class Seen(dezero.Function):
            def forward(self, x):
                return x * 1.0

            def backward(self, gy):
                seen.append(gy.copy())
                return gy

        x, w = V([1j, 2.0]), np.array([1 + 2j, 3.0])
        Seen()(x).backward(gradient=w)
        assert_same(seen[0], np.conj(w))
        assert_same(x.grad, w)
        assert_same(w, np.array([1 + 2j, 3.0]))

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


# ---------------------------------------------------------------- a failing walk

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
