"""The graph: handles and values, what is kept and dropped, how long chains are walked and freed, how graphs are cut and die."""

import copy
import gc
import itertools
import pickle
import tracemalloc
import weakref

import numpy as np
import pytest
from derivatives import pull
from strangers import Both, Giving, Identity, Twice, V
from strategies import COMPILED_ENGINE, LONG, assert_runs, assert_same, chain_of

import dezero
from dezero import Function, Variable, no_grad, rule, square, using_config
from dezero._kernels import IN_USE
from dezero.errors import DezeroError, GraphError


# ---------------------------------------------------------------- handle and value

class Cube(Function):
    def forward(self, x):
        return x ** 3

    def backward(self, gy):
        x, = self.inputs
        return gy * 3 * x * x


LOOKS = [square, lambda y: y * y, lambda y: Cube()(y), rule(lambda x: x ** 3)(lambda gy, y, x: gy * 3 * x * x)]
"""What reads the value of y in its rule."""


class TestHandles:
    def build(self):
        x = Variable(np.array([1.0, 2.0]), "x")
        a = x + 1.0
        a.name = "a"
        return x, a, a + 2.0

    def test_the_living_handle_comes_back(self):
        x, a, b = self.build()
        assert b.creator.inputs[0] is a and a.creator.inputs[0] is x and a.creator.outputs[0]() is a

    def test_a_handle_made_again_knows_all_but_the_data(self):
        x, a, b = self.build()
        del a
        again = b.creator.inputs[0]
        assert type(again) is Variable
        assert (again.name, again.shape, again.dtype, again.generation) == ("a", (2,), np.dtype("f8"), 1)
        assert (again.ndim, again.size, len(again)) == (1, 2, 2)
        assert type(again.creator) is dezero.Add and again.creator.inputs[0] is x
        assert b.creator.inputs[0] is again

    def test_dropped_data_say_so(self):
        x, a, b = self.build()
        del a
        again = b.creator.inputs[0]
        uses = [lambda: again.data, lambda: again * 2.0, lambda: np.asarray(again), lambda: again.sum(),
                lambda: again[0], lambda: again > 1.0, lambda: dezero.square(again), lambda: Twice()(again),
                lambda: copy.deepcopy(again), lambda: pickle.dumps(again), lambda: copy.copy(again)]
        try:
            again.data
        except GraphError as e:
            assert "keep_data" in str(e)
            for use in uses:
                with pytest.raises(GraphError, match="keep_data"):
                    use()
            assert isinstance(repr(again), str)
        else:
            assert_same(again.data, [2.0, 3.0])
        b.backward()
        assert_same(x.grad, [1.0, 1.0])

    def test_keep_data_keeps_all(self):
        with using_config("keep_data", True):
            x, a, b = self.build()
        del a
        assert_same(b.creator.inputs[0].data, [2.0, 3.0])

    def test_what_a_rule_reads_is_kept(self):
        x = Variable(np.array([1.0, 2.0]))
        a = x + 1.0
        b = a * a
        del a
        assert_same(b.creator.inputs[0].data, [2.0, 3.0])
        b.backward()
        assert_same(x.grad, [4.0, 6.0])

    def test_a_python_op_keeps_its_inputs_and_outputs(self):
        x = Variable(np.array([1.0, 2.0]))
        a = x + 1.0
        b = Twice()(a)
        c = b + 1.0
        del a, b
        f = c.creator.inputs[0].creator
        assert_same(f.inputs[0].data, [2.0, 3.0])
        assert_same(c.creator.inputs[0].data, [4.0, 6.0])

    @pytest.mark.skipif(IN_USE != "compiled", reason="rules in Python keep what they may read")
    def test_what_nobody_holds_and_no_rule_reads_is_dropped(self, no_gc):
        x = Variable(np.ones(1000))
        for step in (lambda v: v + 1.0, lambda v: v - 1.0, lambda v: -v):
            a = step(x)
            dead = weakref.ref(a.data)
            y = step(a)
            del a
            assert dead() is None
            y.backward()
        with using_config("keep_data", True):
            a = x + 1.0
            alive = weakref.ref(a.data)
            y = a + 1.0
            del a
            assert alive() is not None

    @pytest.mark.skipif(not COMPILED_ENGINE, reason="plain Python drops nothing")
    @pytest.mark.parametrize("dtype", ["e", "D"])
    def test_what_is_dropped_keeps_shape_and_dtype(self, dtype, no_gc):
        """Also where the loops can't use it, and its node knows neither without it."""
        double = rule(lambda x: 2 * x, name="double")(lambda gy, y, x: 2 * gy)
        x = Variable(np.ones((2, 500), dtype))
        a = double(x)
        dead = weakref.ref(a.data)
        y = double(a)
        del a
        assert dead() is None
        again = y.creator.inputs[0]
        assert (again.shape, again.dtype) == ((2, 500), np.dtype(dtype))
        with pytest.raises(GraphError, match="keep_data"):
            again.data
        y.backward(gradient=np.ones((2, 500), dtype))
        assert_same(x.grad, np.full((2, 500), 4, dtype))

    @pytest.mark.skipif(IN_USE != "compiled", reason="rules in Python keep what they may read")
    @pytest.mark.parametrize("look", LOOKS, ids=range(len(LOOKS)))
    @pytest.mark.parametrize("make", [lambda x: x + 1.0, rule(lambda x: 2 * x)(lambda gy, y, x: 2 * gy.reshape(x.shape)),
                                      lambda x: x[:], lambda x: (x * (1 + 1j))[:]], ids=range(4))
    def test_what_was_looked_at_once_is_dropped_after_the_look(self, make, look, no_gc):
        x = Variable(np.ones(1000))
        a = make(x)
        dead = weakref.ref(a.data)
        first, f = look(a), look(a).creator
        y = a[::-1]
        del a, first
        assert dead() is not None           # f, which is held, may read it
        del f
        assert dead() is None
        y.backward(gradient=np.ones(1000, y.dtype))
        assert x.grad.shape == (1000,)

    @pytest.mark.skipif(not COMPILED_ENGINE, reason="plain Python drops nothing")
    def test_a_value_is_there_as_long_as_one_rule_reads_it(self, no_gc):
        """Of loops and of Python code, in one call and in both places of one."""
        x = Variable(np.linspace(1.0, 2.0, 1000))
        a = x + 0.0
        y, others = a * a, [square(a), Cube()(a), a * a]
        dead = weakref.ref(a.data)
        del a
        for _ in range(3):
            others.pop()
            y.backward()
            assert_same(x.grad, 2 * x.data)
            x.cleargrad()
        assert dead() is not None
        del y
        assert dead() is None

    @pytest.mark.skipif(not COMPILED_ENGINE, reason="plain Python drops nothing")
    def test_what_second_derivatives_read_outlives_the_first_pass(self, no_gc):
        x = Variable(np.linspace(1.0, 2.0, 1000))
        a = x + 0.0
        y = a * a * a
        y.backward(create_graph=True)
        g, x.grad = x.grad, None
        del a, y
        g.backward()
        np.testing.assert_allclose(x.grad, 6 * x.data)

    @pytest.mark.skipif(not COMPILED_ENGINE, reason="plain Python drops nothing")
    def test_a_reader_that_the_garbage_collector_takes(self):
        """It may have lost sight of what it read by then, which is kept."""
        class Loop(Cube):
            pass
        x = Variable(np.linspace(1.0, 2.0, 1000))
        a = x + 0.0
        f = Loop()
        f.me, f.y = f, f(a) * a
        y = a * a
        del a, f
        gc.collect()
        y.backward()
        assert_same(x.grad, 2 * x.data)

    @pytest.mark.skipif(not COMPILED_ENGINE, reason="plain Python drops nothing")
    @pytest.mark.parametrize("look", [lambda y: y.sum(), lambda y: square(y), lambda y: Cube()(y)])
    def test_a_loop_of_assignments_with_a_look_in_it_holds_one_array(self, look, no_gc):
        """It held, and copied, one a turn: 4 000 turns on arrays of 32 kB took 127 MB."""
        x, y = Variable(np.ones(20_000)), dezero.numpy.zeros(20_000)
        tracemalloc.start()
        try:
            for i in range(60):
                y[i] = x[i]
                look(y)
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert held < 4 * y.data.nbytes
        y.backward()
        assert x.grad.sum() == 60

    def test_a_value_given_to_a_handle_made_again(self):
        x, a, b = self.build()
        del a
        again = b.creator.inputs[0]
        again.data = np.array([5.0, 6.0])
        assert_same((again * 2.0).data, [10.0, 12.0])

    def test_a_caller_may_hold_the_array_alone(self):
        x, a, b = self.build()
        data = a.data
        del a
        assert data.tolist() == [2, 3]
        b.backward()
        assert data.tolist() == [2, 3]


class TestOperands:
    def test_a_python_number_is_a_constant_of_the_node(self):
        x = Variable(np.array(2.0))
        y = x * 3.0
        f = y.creator
        assert len(f.inputs) == 2 and f.inputs[0] is x
        assert_same(f.inputs[1].data, 3.0)
        y.backward()
        assert x.grad == 3


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

    @pytest.mark.parametrize("graph", [False, True])
    @pytest.mark.parametrize("other", [np.ones(3), np.ones((1, 3)), np.array(1.0), np.ones((2, 3), "f4"), np.zeros((0, 3))],
                             ids=lambda a: f"{a.dtype}{a.shape}")
    def test_with_a_gradient_of_other_data(self, other, graph):
        """Two unrelated gradients are not added; a gradient that was cleared is in nobody's way."""
        x, w = Variable(np.ones((2, 3))), V(2.0)
        (x * w).sum().backward(create_graph=graph)
        kept, kept_w = x.grad, w.grad
        x.data = other
        with pytest.raises(GraphError, match=r"x.grad, of shape \(2, 3\) and dtype float64.*cleargrad"):
            (x * w).sum().backward(create_graph=graph)
        assert x.grad is kept and w.grad is kept_w
        x.cleargrad()
        (x * w).sum().backward(create_graph=graph)
        assert_same(x.grad.data if graph else x.grad, np.full(other.shape, 2.0, other.dtype))

    def test_with_a_gradient_of_data_like_it(self):
        x = V([1, 2])
        (x * 2.0).backward()
        x.data = np.array([1.0, 3.0])           # the gradient of integers is float64
        (x * x).backward()
        assert_same(x.grad, [4.0, 8.0])

    def test_a_leafs_own_backward_with_a_gradient_of_other_data(self):
        x = V([1.0, 2.0])
        x.backward()
        x.data = np.ones(3)
        with pytest.raises(GraphError, match="cleargrad"):
            x.backward()
        assert_same(x.grad, [1.0, 1.0])

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


# ---------------------------------------------------------------- detach and unchain

class TestCutting:
    def test_a_detached_variable_is_a_constant(self):
        x = V(3.0)
        d = (x * x).detach()
        assert d.data == 9 and d.creator is None
        (d * x).backward()
        assert x.grad == 9 and d.grad is None
        with pytest.raises(GraphError, match="detach"):
            d.backward()

    def test_detach_shares_the_data(self):
        x = Variable(np.ones(3))
        assert x.detach().data is x.data

    def test_detach_in_a_rule_says_constant_here(self):
        class Abs(Function):
            def forward(self, x):
                return abs(x)

            def backward(self, gy):
                x, = self.inputs
                return gy * np.sign(x.detach().data)

        x = V([-2.0, 3.0])
        g, = pull((Abs()(x) ** 2).sum(), [x])
        g.sum().backward()
        np.testing.assert_array_equal(x.grad, [2.0, 2.0])

    def test_second_derivative_with_a_detached_factor(self):
        x = V(3.0)
        g, = pull((x * x).detach() * x * x, [x])
        g.backward()
        assert x.grad == 18

    def test_unchain(self):
        x = V(2.0)
        m = x * x
        y = m * m * x
        m.unchain()
        g, gm = pull(y, [x, m])
        assert g.data == 16 and gm.data == 16 and m.creator is None
        g.backward()
        assert m.grad == 8 and x.grad is None

    def test_unchain_a_gradient(self):
        """First order from here on: the gradient is a leaf."""
        x = V(2.0)
        g, = pull(x ** 3, [x])
        g.unchain()
        (g * x).backward()
        assert x.grad == 12 and g.grad == 2

    def test_unchain_backward(self):
        x = V(1.0)
        h = x
        for _ in range(5):
            h = h * 2.0
        last = h
        h = h * 3.0
        last.unchain_backward()
        h.backward()
        assert x.grad is None

    def test_unchain_backward_through_a_gradient(self):
        x = V(2.0)
        g, = pull(x ** 3, [x])
        g.unchain_backward()
        with no_grad():
            assert g.data == 12
        g.backward()
        assert x.grad is None


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


# ---------------------------------------------------------------- four kinds of Variable

class TestKinds:
    def test_leaf_and_recorded_ones_are_no_constants(self):
        x = Variable(np.array([1.0, 2.0]))
        assert not any([x.is_constant, (x * 2.0).is_constant, x.sum().is_constant, Twice()(x).is_constant, Both()(x, x)[0].is_constant])
        with no_grad():
            assert not (x * 2.0).is_constant

    def test_what_is_computed_from_constants_alone_is_constant(self):
        x = Variable(np.array([1.0, 2.0]))
        c = x.detach()
        for y in (c, c * c, c + np.ones(2), 2.0 ** c, -c, c[0], c.sum(), Twice()(c), Both()(c, c)[1], (c * 2.0).detach()):
            assert y.is_constant
        assert not (c * x).is_constant and not (x - c).is_constant

    def test_a_constant_never_gets_a_gradient(self):
        x = Variable(np.array([1.0, 2.0]))
        c = x.detach()
        d = c * 3.0
        y = (x * c * d).sum()
        y.backward(retain_grad=True)
        assert c.grad is None and d.grad is None and x.grad.tolist() == [3.0, 12.0]
        for create_graph in (False, True):
            d.backward(retain_grad=True, create_graph=create_graph)
            assert c.grad is None and d.grad is None

    def test_the_kind_stays(self):
        """Neither new data nor unchain() makes anything else of a constant."""
        c = Variable(np.array([1.0, 2.0])).detach()
        d = c * 2.0
        c.data = np.array([5.0, 6.0])
        d.unchain()
        assert c.is_constant and d.is_constant
        x = Variable(np.array([1.0, 1.0]))
        (x * c * d).sum().backward()
        assert c.grad is None and d.grad is None and x.grad.tolist() == [10.0, 24.0]

    def test_a_free_one_gets_a_gradient_where_it_is_used(self):
        with no_grad():
            w = Variable(np.array([1.0, 2.0])) * 3.0
        assert not w.is_constant
        (w * w).sum().backward()
        assert w.grad.tolist() == [6.0, 12.0] and np.asarray(w) is w.data and not w.is_constant

    def test_an_unchained_one_is_a_leaf(self):
        y = Variable(np.array([1.0, 2.0])) * 3.0
        y.unchain()
        assert not y.is_constant
        (y * y).sum().backward()
        assert y.grad.tolist() == [6.0, 12.0]

    def test_a_gradient_that_depends_on_nothing_is_constant(self):
        x = Variable(np.array(2.0))
        (x * 3.0).backward(create_graph=True)
        assert x.grad.is_constant and float(x.grad) == 3.0
        x.cleargrad()
        (x * x).backward(create_graph=True)
        assert not x.grad.is_constant
