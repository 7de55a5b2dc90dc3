"""backward(create_graph=True): derivatives of any order, against Taylor arithmetic; graphs that die by themselves."""

import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given

import dezero.functions as F
from dezero import Function, Kernel, Variable, _kernels, detect_anomaly, detect_changes, grad, hessian, hvp, no_grad, plugins, using_config
from dezero.errors import GraphError, OpTypeError
from derivatives import FUNCTIONS, Exp, Sin, Tanh, expressions, pull
from jets import directional
from strategies import assert_runs


def V(value, dtype=None):
    return Variable(np.array(value, dtype))


def derivatives_along(f, xs, vs, order):
    """[d^k/dt^k of Σ f(x + t v), for k = 0 to order], by backward through backward."""
    xs = [Variable(np.array(x)) for x in xs]
    y = f(*xs).sum()
    found = [float(y.data)]
    for _ in range(order):
        gs = pull(y, xs)
        y = sum([(g * v).sum() for g, v in zip(gs, vs)], 0.0)
        found.append(float(y.data))
    return found


def check(f, xs, order, rtol=1e-9):
    rng = np.random.default_rng(3)
    xs = [np.asarray(x, float) for x in xs]
    vs = [rng.uniform(-1, 1, x.shape) for x in xs]
    got, want = derivatives_along(f, xs, vs, order), directional(f, xs, vs, order)
    np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-9 * max(map(abs, want)))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_built_in_to_any_order(name, order):
    check(*FUNCTIONS[name], order)


def test_scatter():
    """The adjoint of indexing is an op: places that are named twice add up, to any order."""
    index = np.array([0, 2, 0])
    xs = [V([1.0, 2.0, 3.0])]
    y = (F.scatter(xs[0] * xs[0], index, (4,)) ** 2).sum()
    g, = pull(y, xs)
    np.testing.assert_allclose(g.data, 4 * xs[0].data * (np.array([10.0, 4.0, 10.0])))
    g2, = pull(g.sum(), xs)
    x = xs[0].data
    hessian_rows = [8 * x[0] ** 2 + 4 * 10 + 8 * x[0] * x[2], 12 * x[1] ** 2, 8 * x[2] ** 2 + 4 * 10 + 8 * x[0] * x[2]]
    np.testing.assert_allclose(g2.data, hessian_rows)


def test_second_derivatives_under_broadcasting():
    """The classic silent error: an adjoint of broadcasting that is no op."""
    x, w = V([[1.0, 2.0, 3.0]]), V([[2.0], [5.0]])
    y = ((x * w) ** 2).sum()
    gx, gw = pull(y, [x, w])
    assert gx.shape == x.shape and gw.shape == w.shape
    (gw * gw).sum().backward()
    np.testing.assert_allclose(gw.data, 2 * w.data * 14)
    np.testing.assert_allclose(x.grad, 8 * x.data * 14 * (w.data**2).sum() * 2)
    np.testing.assert_allclose(w.grad, 2 * gw.data * 28)


# ---- random expressions ----------------------------------------------------------------------------------------------

@given(expressions())
def test_random_expressions_to_second_order(expression):
    f, xs = expression
    with np.errstate(all="ignore"):
        vs = [np.cos(np.arange(x.size) + 1.0).reshape(x.shape) for x in xs]
        want = directional(f, xs, vs, 2)
        if not np.isfinite(want).all() or max(map(abs, want)) > 1e12:
            return
        got = derivatives_along(f, xs, vs, 2)
    scale = max(1.0, *map(abs, want))
    np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-9 * scale)


# ---- the book --------------------------------------------------------------------------------------------------------

class TestTheBook:
    """Steps 28 to 36: optimisation, and derivatives of derivatives."""

    def test_gradient_descent_on_rosenbrock(self):
        x0, x1 = V(0.0), V(2.0)
        for _ in range(1000):
            y = 100 * (x1 - x0 ** 2) ** 2 + (x0 - 1) ** 2
            x0.cleargrad()
            x1.cleargrad()
            y.backward()
            x0.data = x0.data - 0.001 * x0.grad
            x1.data = x1.data - 0.001 * x1.grad
        assert abs(x0.data - 0.6837118569138317) < 1e-12 and abs(x1.data - 0.4659526837427042) < 1e-12

    def test_newton_with_the_second_derivative_by_hand(self):
        x = V(2.0)
        for _ in range(10):
            y = x ** 4 - 2 * x ** 2
            x.cleargrad()
            y.backward()
            x.data = x.data - x.grad / (12 * x.data ** 2 - 4)
        assert x.data == 1.0

    def test_newton_by_backward_twice(self):
        x = V(2.0)
        seen = []
        for _ in range(10):
            seen.append(float(x.data))
            y = x ** 4 - 2 * x ** 2
            x.cleargrad()
            y.backward(create_graph=True)
            gx = x.grad
            x.cleargrad()
            gx.backward()
            x.data = x.data - gx.data / x.grad
        np.testing.assert_allclose(seen[:5], [2.0, 1.4545454545454546, 1.1510467893775467, 1.0253259289766978, 1.0009084519430513])
        assert x.data == 1.0

    @pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
    def test_derivatives_of_the_sine(self, n):
        x = Variable(np.linspace(-7, 7, 200))
        y = Sin()(x)
        y.backward(create_graph=True)
        for _ in range(n - 1):
            gx = x.grad
            x.cleargrad()
            gx.backward(create_graph=True)
        np.testing.assert_allclose(x.grad.data, [np.cos, lambda a: -np.sin(a), lambda a: -np.cos(a), np.sin, np.cos][n - 1](x.data), atol=1e-12)

    def test_derivatives_of_tanh(self):
        x = V(1.0)
        y, gs = Tanh()(x), []
        for _ in range(6):
            y, = pull(y, [x])
            gs.append(float(y.data))
        t = np.tanh(1.0)
        s = 1 - t * t
        np.testing.assert_allclose(gs[:4], [s, -2 * t * s, 2 * s * (2 * t * t - s), 8 * t * s * (2 * s - t * t)], rtol=1e-12)

    def test_third_and_fourth_derivatives(self):
        x = V(2.0)
        y = x ** 4 - 2 * x ** 2
        found = []
        for _ in range(6):
            y, = pull(y, [x])
            found.append(float(y.data))
        assert found == [24.0, 44.0, 48.0, 24.0, 0.0, 0.0]

    def test_a_gradient_of_a_function_of_a_gradient(self):
        x = V(2.0)
        y = x ** 2
        y.backward(create_graph=True)
        gx = x.grad
        x.cleargrad()
        z = gx ** 3 + y
        z.backward()
        assert x.grad == 100.0

    def test_a_gradient_penalty(self):
        w, x = V([1.0, -2.0, 0.5]), V([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])
        y = ((x * w).sum(axis=1) ** 3).sum()
        gx, gw = pull(y, [x, w])
        ((gx * gx).sum() + (gw * gw).sum()).backward()
        h = 1e-6

        def penalty(x, w):
            s = (x * w).sum(1)
            gx, gw = 3 * s[:, None]**2 * w, (3 * s[:, None]**2 * x).sum(0)
            return (gx * gx).sum() + (gw * gw).sum()

        for i in range(3):
            e = np.eye(3)[i] * h
            slope = (penalty(x.data, w.data + e) - penalty(x.data, w.data - e)) / (2 * h)
            np.testing.assert_allclose(w.grad[i], slope, rtol=1e-6)

    def test_saddle_and_minimum(self):
        """Newton in two dimensions, the Hessian row by row."""
        x = V([1.4, -0.8])
        for _ in range(12):
            y = (x[0] ** 2 - 1) ** 2 + (x[1] + x[0]) ** 2
            g, = pull(y, [x])
            rows = []
            for i in range(2):
                g[i].backward()
                rows.append(x.grad)
                x.cleargrad()
            x.data = x.data - np.linalg.solve(np.array(rows), g.data)
        np.testing.assert_allclose(x.data, [1.0, -1.0], atol=1e-12)


# ---- values that are gone, and that no wanted gradient needs -----------------------------------------------------------

C = 2.0
GONE = [lambda u, c: (u - c) * 1.0, lambda u, c: ((u - c) * 3.0) ** 2, lambda u, c: ((c - u) / 3.0) ** 2 * u,
        lambda u, c: ((u + c) * V(3.0).detach()) ** 3, lambda u, c: -((c - u) * 0.5) * (u + c), lambda u, c: ((u - c) * c + c) ** 2]


@pytest.mark.parametrize("size", [8, 57, 3000, 100_000])
@pytest.mark.parametrize("f", GONE, ids=range(len(GONE)))
class TestValuesThatAreGone:
    """x - c, with c an array that nobody holds, can't be computed again; the rule of (x - c) * 3.0 has gy * (x - c) all the
    same, the gradient of the constant."""

    def wanted(self, f, size):
        """The same with numbers in place of arrays, which are never gone."""
        u = V(1.25)
        first, = pull(f(u, C), [u])
        second, = pull(first, [u])
        return np.full(size, float(first.data)), np.full(size, float(second.data))

    def test_create_graph(self, f, size):
        u = Variable(np.full(size, 1.25))
        first, = pull(f(u, np.full(size, C)), [u])
        second, = pull(first, [u])
        for found, wanted in zip((first, second), self.wanted(f, size)):
            np.testing.assert_allclose(found.data, wanted, rtol=1e-12)

    @pytest.mark.parametrize("detect", [detect_anomaly, detect_changes])
    def test_detection(self, f, size, detect):
        u = Variable(np.full(size, 1.25))
        y = f(u, np.full(size, C))
        with detect():
            y.backward()
        np.testing.assert_allclose(u.grad, self.wanted(f, size)[0], rtol=1e-12)

    def test_transforms(self, f, size):
        def loss(u):
            return f(u, np.full(size, C)).sum()
        point, tangent = np.full(size, 1.25), np.linspace(-1, 1, size)
        first, second = self.wanted(f, size)
        np.testing.assert_allclose(grad(loss)(point), first, rtol=1e-12)
        np.testing.assert_allclose(hvp(loss)(point, tangent), second * tangent, rtol=1e-12, atol=1e-12)
        if size < 100:
            np.testing.assert_allclose(hessian(loss)(point), np.diag(second), rtol=1e-12)


@pytest.mark.skipif(_kernels.IN_USE != "compiled", reason="every value is kept in this form")
def test_a_gradient_that_needs_what_is_gone_is_refused():
    class Wrong(Function):
        """Its kernel says that the first gradient reads the second operand alone; its rule reads both."""

        name, kernel = "wrong_product", Kernel(np.multiply, ("x1", "x0"))

        def forward(self, x0, x1):
            return x0 * x1

        def backward(self, gy):
            x0, x1 = self.inputs
            return gy * x1 * (x0 / x0), gy * x0

    with plugins.isolated():
        op = plugins.register(Wrong)
        u = Variable(np.full(3000, 1.25))
        y = op.apply(u - np.full(3000, C), np.array(3.0))
        with pytest.raises(GraphError, match="dropped"):
            y.backward(create_graph=True)
        assert u.grad is None
        y.backward()
        np.testing.assert_array_equal(u.grad, np.full(3000, 3.0))


# ---- what gradients are ----------------------------------------------------------------------------------------------

class TestResults:
    def test_variables_with_and_arrays_without(self):
        x = V(3.0)
        y = x * x
        y.backward()
        assert type(x.grad) is np.ndarray
        x.cleargrad()
        y.backward(create_graph=True)
        assert type(x.grad) is Variable and x.grad.creator is not None
        y.backward()
        assert type(x.grad) is np.ndarray and x.grad == 12

    def test_an_array_that_was_there_becomes_part_of_a_variable(self):
        x = V(3.0)
        (x * x).backward()
        (x * x).backward(create_graph=True)
        g = x.grad
        assert type(g) is Variable and g.data == 12
        x.cleargrad()
        g.backward()
        assert x.grad == 2

    def test_what_was_handed_out_is_not_written_to(self):
        x = V(3.0)
        y = x * x
        y.backward(create_graph=True)
        first = x.grad
        y.backward(create_graph=True)
        assert first.data == 6 and x.grad.data == 12 and x.grad is not first

    def test_no_memory_is_shared(self):
        x, w = Variable(np.ones(1000)), Variable(np.ones(1000))
        seed = Variable(np.full(1000, 2.0))
        (x + w).backward(create_graph=True, gradient=seed)
        arrays = [x.grad.data, w.grad.data, seed.data]
        assert not any(np.shares_memory(a, b) for a in arrays for b in arrays if a is not b)

    def test_a_gradient_that_is_given_is_differentiated_by(self):
        x, seed = V([1.0, 2.0]), V([3.0, 4.0])
        (x * x).backward(create_graph=True, gradient=seed)
        g = x.grad
        x.cleargrad()
        (g * g).sum().backward()
        np.testing.assert_allclose(seed.grad, 2 * g.data * 2 * x.data)

    @pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g"])
    def test_dtype_and_shape_are_the_variables(self, dtype):
        x, y = V([[1.0, 2.0]], dtype), Variable(np.full((3, 1), 2.0))
        z = (x * y) ** 2
        gx, gy = pull(z.sum(), [x, y])
        assert gx.dtype == np.dtype(dtype) and gx.shape == (1, 2) and gy.dtype == np.float64 and gy.shape == (3, 1)
        gxx, = pull((gx * gx).sum(), [x])
        assert gxx.dtype == np.dtype(dtype) and gxx.shape == (1, 2)

    def test_integers_have_floating_gradients(self):
        x = V([3, 4])
        gx, = pull((x * x * 1.5).sum(), [x])
        assert gx.dtype == np.float64
        gx.sum().backward()
        np.testing.assert_array_equal(x.grad, [3.0, 3.0])

    def test_other_byte_order(self):
        x = Variable(np.array([1.0, 2.0], ">f8"))
        gx, = pull((x ** 3).sum(), [x])
        assert gx.dtype.isnative
        gx.sum().backward()
        np.testing.assert_allclose(x.grad, [6.0, 12.0])

    def test_zero_powers_at_zero(self):
        """0 · 0**-1 is nowhere, to any order."""
        x = V(0.0)
        y, found = x ** 2, []
        for _ in range(4):
            y, = pull(y, [x])
            found.append(float(y.data))
        assert found == [0.0, 2.0, 0.0, 0.0]

    def test_recorded_whatever_the_mode(self):
        x = V(2.0)
        y = x ** 3
        with no_grad():
            y.backward(create_graph=True)
            first = x.grad
            y.backward(create_graph=True)
        for g, slope in ((first, 12.0), (x.grad, 24.0)):
            x.cleargrad()
            g.backward()
            assert x.grad == slope

    def test_keep_data_changes_nothing(self):
        x = V(2.0)
        with using_config("keep_data", True):
            gx, = pull(x ** 3 / (x + 1.0), [x])
        gx.backward()
        np.testing.assert_allclose(x.grad, 2 * 2 * (4 + 6 + 3) / 27)

    def test_retain_grad(self):
        x = V(2.0)
        a = x * x
        y = a * a
        y.backward(retain_grad=True, create_graph=True)
        assert type(a.grad) is Variable and a.grad.data == 8 and y.grad.data == 1
        g, ga = x.grad, a.grad
        x.cleargrad()
        ga.backward()
        assert x.grad == 8.0
        x.cleargrad()
        g.backward()
        assert x.grad == 48.0

    def test_rebinding_data_keeps_the_graph_of_a_gradient(self):
        x = V(2.0)
        y = x ** 3
        y.backward(create_graph=True)
        g = x.grad
        x.cleargrad()
        x.data = np.array(5.0)
        g.backward()
        assert x.grad == 12.0

    def test_a_failing_rule_leaves_gradients_alone(self):
        class Fails(Function):
            def forward(self, x):
                return x * 2

            def backward(self, gy):
                raise RuntimeError("no")

        x, w = V(1.0), V(1.0)
        w.grad = np.array(7.0)
        with pytest.raises(RuntimeError):
            (Fails()(x) * w).backward(create_graph=True)
        assert x.grad is None and w.grad == 7

    def test_several_outputs(self):
        class Parts(Function):
            def forward(self, x):
                return x * x, x * x * x

            def backward(self, ga, gb):
                x, = self.inputs
                return 2 * x * ga + 3 * x * x * gb

        x = V(2.0)
        a, b = Parts()(x)
        g, = pull(a * b, [x])
        assert g.data == 5 * 16
        g.backward()
        assert x.grad == 20 * 8
        x.cleargrad()
        a, _ = Parts()(x)
        g, = pull(a, [x])
        g.backward()
        assert x.grad == 2.0

    def test_several_outputs_that_the_rule_reads(self):
        class Both(Function):
            def forward(self, x):
                return np.sin(x), np.cos(x)

            def backward(self, gs, gc):
                s, c = self.outputs[0](), self.outputs[1]()
                return gs * c - gc * s

        x = V(0.7)
        s, c = Both()(x)
        y, found = s * c, []
        for _ in range(3):
            y, = pull(y, [x])
            found.append(float(y.data))
        np.testing.assert_allclose(found, [np.cos(1.4), -2 * np.sin(1.4), -4 * np.cos(1.4)], rtol=1e-12)

    def test_a_linear_function_has_a_constant_gradient(self):
        x = V([1.0, 2.0])
        g, = pull((3.0 * x).sum(), [x])
        np.testing.assert_array_equal(g.data, [3.0, 3.0])
        g.sum().backward()
        assert x.grad is None

    def test_the_logarithm_stays_free_for_others(self):
        x, y = V(2.0), V(3.0)
        pull(x ** y, [x, y])
        with pytest.raises(OpTypeError):
            np.log(x)


# ---- lifetime --------------------------------------------------------------------------------------------------------

class TestFreed:
    """Graphs of gradients hang on the gradients, and no value of a graph on a Variable: so no cycles."""

    @pytest.mark.parametrize("order", [1, 2, 3])
    @pytest.mark.parametrize("ops", ["loops", "Python"])
    def test_by_reference_counting(self, no_gc, order, ops):
        x = Variable(np.ones(200))
        seen = [weakref.ref(x)]
        y = (x ** 3 / (x + 1.0)).sum() if ops == "loops" else (Tanh()(Exp()(x))[1:] * 2.0).sum()
        seen.append(weakref.ref(y))
        for _ in range(order):
            x.cleargrad()
            y.backward(create_graph=True)
            y = x.grad.sum()
            seen += [weakref.ref(x.grad), weakref.ref(y), weakref.ref(y.creator), weakref.ref(y.creator.inputs[0].creator)]
        assert seen[0]() is x and seen[-2]() is y.creator
        del y, x
        assert [r() for r in seen] == [None] * len(seen)

    @pytest.mark.parametrize("order", [1, 2])
    def test_a_rule_that_keeps_a_variable_makes_a_cycle_for_the_collector(self, no_gc, order):
        """What reference counting can't free: an op's instance, in the graph, that holds a Variable computed from its own result."""
        class Kept(Function):
            order = None

            def forward(self, x):
                return x * x

            def backward(self, gy):
                x, = self.inputs
                self.slope = gy * (2.0 * x)
                return self.slope

        x = V(3.0)
        y = Kept()(x) * x
        f = weakref.ref(y.creator.inputs[0].creator)
        for _ in range(order):
            x.cleargrad()
            (y * y).backward(create_graph=True)
        del x, y
        assert f() is not None
        gc.collect()
        assert f() is None

    def test_the_gradient_outlives_its_variable(self, no_gc):
        x = V(3.0)
        (x * x).backward(create_graph=True)
        g = x.grad
        dead = weakref.ref(x)
        del x
        assert dead() is None and g.data == 6

    def test_nothing_is_left_for_the_collector(self):
        assert_runs("""
import gc, numpy as np
from dezero import Variable
def once():
    x = Variable(np.ones(5))
    y = ((x * x)[1:] / (x[:-1] + 2.0)).sum()
    for _ in range(2):
        x.cleargrad()
        y.backward(create_graph=True)
        y = (x.grad * x.grad).sum()
once()
gc.collect()
gc.disable()
before = len(gc.get_objects())
for _ in range(50):
    once()
assert len(gc.get_objects()) - before < 20, len(gc.get_objects()) - before
assert gc.collect() == 0
""")

    def test_a_deep_graph_of_gradients(self):
        assert_runs("""
import numpy as np
from dezero import Variable
x = Variable(np.array(1.0))
y = x
for _ in range(20000):
    y = y * 1.0001
y = y * y
y.backward(create_graph=True)
g = x.grad
x.cleargrad()
g.backward()
assert abs(float(x.grad) / (2 * 1.0001 ** 40000) - 1) < 1e-9
del g, y, x
""")


def test_threads_that_differentiate_twice():
    wrong = []

    def work(k):
        for _ in range(30):
            x = V(float(k))
            g, = pull(x ** 3 / (x + 1.0), [x])
            g.backward()
            want = 2 * k * (k * k + 3 * k + 3) / (k + 1) ** 3
            if abs(x.grad - want) > 1e-9 * want:
                wrong.append((k, x.grad, want))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 7)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
