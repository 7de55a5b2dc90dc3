"""grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp: values, structures, nesting, and what they refuse."""

import asyncio
import collections
import copy
import functools
import gc
import math
import pickle
import re
import runpy
import threading
import weakref
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import dezero
from dezero import Function, Variable, _progress, grad, hessian, hvp, jacobian, jvp, no_grad, using_config, value_and_grad, vjp
from dezero.errors import DTypeError, GradientError, GraphCutWarning, GraphError
from derivatives import FUNCTIONS, Sin, expressions
from jets import directional

Point = collections.namedtuple("Point", "x y")


def rosenbrock(x):
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def sin(x):
    return Sin()(x)


X = np.array([0.4, -1.2, 2.0, 0.7])


# ---- grad and value_and_grad -----------------------------------------------------------------------------------------

class TestGrad:
    def test_a_float(self):
        g = grad(lambda x: x ** 3)(2.0)
        assert type(g) is np.float64 and g == 12

    @pytest.mark.parametrize("x", [np.array(2.0), np.array([1.0, 2.0]), np.ones((2, 0, 3)), np.ones((2, 3), "f4"), np.ones(3, "f2")])
    def test_an_array(self, x):
        g = grad(lambda x: (x * x * x).sum())(x)
        assert type(g) is np.ndarray and g.shape == x.shape and g.dtype == x.dtype
        np.testing.assert_allclose(g, 3 * x * x)

    @pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
    def test_a_numpy_scalar(self, kind):
        g = grad(lambda x: x * x)(kind(3.0))
        assert type(g) is kind and g == 6

    def test_other_byte_order_gives_native(self):
        g = grad(lambda x: (x * x).sum())(np.array([1.0, 2.0], ">f8"))
        assert g.dtype == np.float64 and g.dtype.isnative

    def test_argnums(self):
        f = lambda x, y, z: x * y + y * z * z
        assert grad(f, 1)(2.0, 3.0, 4.0) == 18
        assert grad(f, (0, 2))(2.0, 3.0, 4.0) == (3.0, 24.0)
        assert grad(f, [2])(2.0, 3.0, 4.0) == (24.0,)
        assert grad(f, -1)(2.0, 3.0, 4.0) == 24
        assert grad(f, ())(2.0, 3.0, 4.0) == ()
        for twice in ((1, 1), (1, -2)):
            with pytest.raises(TypeError, match="argnums"):
                grad(f, twice)(2.0, 3.0, 4.0)

    def test_other_arguments_are_handed_on_as_they_are(self):
        marker = object()

        def f(x, n, which, *, extra):
            assert which is marker and extra == "k" and type(n) is int
            return x * n

        assert grad(f)(2.0, 3, marker, extra="k") == 3

    def test_keyword_arguments(self):
        assert grad(lambda x, *, p=1: x ** p)(2.0, p=3) == 12

    def test_has_aux(self):
        def f(x):
            y = x * x
            return y, {"y": y, "text": "t", "list": [x, 3]}

        g, aux = grad(f, has_aux=True)(3.0)
        assert g == 6 and aux == {"y": 9.0, "text": "t", "list": [3.0, 3]} and type(aux["y"]) is np.float64
        (y, aux), g = value_and_grad(f, has_aux=True)(np.array(3.0))
        assert type(y) is np.ndarray and type(aux["y"]) is np.ndarray and y == 9 and g == 6

    def test_has_aux_and_no_pair(self):
        for result in (lambda x: x, lambda x: (x, 1, 2), lambda x: [x, 1]):
            with pytest.raises(TypeError, match="has_aux"):
                grad(result, has_aux=True)(1.0)

    def test_value_and_grad(self):
        y, g = value_and_grad(rosenbrock)(X)
        assert type(y) is np.ndarray and y.shape == ()
        np.testing.assert_allclose(y, rosenbrock(X))
        np.testing.assert_allclose(g, grad(rosenbrock)(X))
        y, g = value_and_grad(lambda x: x * x)(3.0)
        assert type(y) is type(g) is np.float64 and (y, g) == (9, 6)
        y, (g, h) = value_and_grad(lambda x, y: x * y, (0, 1))(3.0, 4.0)
        assert (y, g, h) == (12, 4, 3)

    def test_against_central_differences(self, rng):
        for _ in range(5):
            x, v = rng.normal(size=6), rng.normal(size=6)
            h = 1e-6
            slope = (rosenbrock(x + h * v) - rosenbrock(x - h * v)) / (2 * h)
            np.testing.assert_allclose(grad(rosenbrock)(x) @ v, slope, rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize("constant", [5, 5.0, np.float64(5), np.array(5.0), True])
    def test_a_constant_result(self, constant):
        y, g = value_and_grad(lambda x: constant)(X)
        assert y == 5 or constant is True
        np.testing.assert_array_equal(g, np.zeros(4))

    def test_a_result_without_graph(self):
        assert grad(lambda x: Variable(np.array(3.0)))(1.0) == 0
        assert grad(lambda x: x.detach() * 2.0)(1.0) == 0
        assert grad(lambda x: np.sign(x))(1.0) == 0

        def unrecorded(x):
            with no_grad():
                return x * x
        assert grad(unrecorded)(1.0) == 0

    def test_an_ignored_argument(self):
        g, h = grad(lambda x, y: x * 2.0, (0, 1))(np.array(1.0), np.ones((2, 3), "f4"))
        assert g == 2 and h.shape == (2, 3) and h.dtype == np.float32 and not h.any()

    def test_the_argument_itself(self):
        x = np.array(2.0)
        y, g = value_and_grad(lambda x: x)(x)
        assert g == 1 and y == 2 and not np.shares_memory(y, x)

    def test_one_variable_for_two_arguments(self):
        x = np.array([1.0, 2.0])
        g, h = grad(lambda a, b: (a * a * b).sum(), (0, 1))(x, x)
        np.testing.assert_array_equal(g, 2 * x * x)
        np.testing.assert_array_equal(h, x * x)

    def test_results_share_no_memory(self):
        x, y = np.ones(1000), np.ones(1000)
        v, (g, h) = value_and_grad(lambda a, b: (a + b).sum(), (0, 1))(x, y)
        arrays = [x, y, v, g, h]
        assert not any(np.shares_memory(a, b) for a in arrays for b in arrays if a is not b)

    def test_numpy_on_variables(self):
        f = lambda x: np.sum(np.square(np.multiply(x, 2.0)) / np.add(x, 5.0)) + np.sum(np.broadcast_to(x, (3, 4)))
        got = grad(f)(X)
        np.testing.assert_allclose(got, 8 * X / (X + 5) - 4 * X**2 / (X + 5) ** 2 + 3)

    def test_the_function_may_change_its_mind(self):
        """bool(x) is allowed: control flow is the function's own."""
        f = lambda x: x * x if x > 0 else -x
        assert grad(f)(2.0) == 4 and grad(f)(-2.0) == -1

    def test_dot_grad_is_never_touched(self):
        w = Variable(np.array(3.0))
        w.grad = np.array(7.0)
        kept = []

        def f(x):
            kept.append(x)
            assert x.grad is None
            return x * w

        with pytest.warns(GraphCutWarning):
            assert grad(f)(2.0) == 3
            assert hessian(f)(2.0) == 0
        assert w.grad == 7 and all(x.grad is None for x in kept)

    @pytest.mark.parametrize("call", [
        lambda w, x: grad(lambda x: np.sum(w * x ** 2))(x), lambda w, x: value_and_grad(lambda x: np.sum(w * x ** 2))(x),
        lambda w, x: grad(lambda w, x: np.sum(w * x ** 2), argnums=1)(w, x), lambda w, x: grad(lambda x, y: np.sum(w * x * y), (0, 1))(x, x),
        lambda w, x: grad(lambda z: np.sum(np.real(w * z ** 2)))(x + 1j), lambda w, x: vjp(lambda x: w * x, x)[1](x),
        lambda w, x: jvp(lambda x: w * x, (x,), (x,)), lambda w, x: jvp(lambda x: np.sum(w * x), (x,), (x,)),
        lambda w, x: jacobian(lambda x: w * x)(x), lambda w, x: hessian(lambda x: np.sum(w * x ** 3))(x),
        lambda w, x: hvp(lambda x: np.sum(w * x ** 3))(x, x), lambda w, x: hvp(lambda x, y: np.sum(w * x * y), (0, 1))(x, x, (x, x))])
    def test_arrays_in_and_another_variable_beside_them(self, call):
        """What comes out are arrays, through which the other one gets no gradient: that is told."""
        w, x = Variable(np.array(2.0)), np.array([1.0, -0.5])
        with pytest.warns(GraphCutWarning, match="lambda.* was computed from another Variable too.* Variable.x. for x; else w.data"):
            told = call(w, x)
        silent = call(w.detach(), x)
        with no_grad():
            unrecorded = call(w, x)
        for ours, theirs, third in zip(*map(list, (told, silent, unrecorded))):
            assert not isinstance(ours, Variable)
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(third))

    def test_a_variable_of_the_functions_own_is_no_other_one(self):
        def f(x):
            return np.sum((x + Variable(np.ones(2))) ** 2)
        x = np.array([1.0, -0.5])
        np.testing.assert_array_equal(grad(f)(x), 2 * (x + 1))
        np.testing.assert_array_equal(hessian(f)(x), 2 * np.eye(2))
        for y in jvp(lambda x: (x * Variable(np.ones(2)), x), (x,), (x,)):
            np.testing.assert_array_equal(y, [x, x])

    def test_gradients_go_through_derivatives_by_variables(self):
        w, x = Variable(np.array(2.0)), np.array([1.0, -0.5])
        np.sum(grad(lambda x: np.sum(w * x ** 2))(Variable(x)) ** 2).backward()
        assert w.grad == pytest.approx(8 * 2.0 * np.sum(x * x))

    def test_backward_inside_the_function(self):
        """The function may use the other interface for its own ends."""
        def f(x):
            z = Variable(np.array(2.0))
            (z * z).backward()
            return x * float(z.grad)

        assert grad(f)(3.0) == 4

    def test_names(self):
        def loss(x):
            """Doc."""
            return x
        assert grad(loss).__name__ == "loss" and grad(functools.partial(loss))(1.0) == 1
        class Model:
            def __call__(self, x):
                return x * 2.0
        assert grad(Model())(1.0) == 2


# ---- structures ------------------------------------------------------------------------------------------------------

class TestStructures:
    def test_nested(self):
        tree = {"w": np.ones((2, 3)), "layers": [(1.0, np.array([2.0, 3.0])), None], "p": Point(np.array(2.0), 4.0)}

        def f(t):
            assert t["layers"][1] is None and isinstance(t["p"], Point)
            return (t["w"] * t["layers"][0][0]).sum() + (t["layers"][0][1] * t["p"].x).sum() * t["p"].y

        g = grad(f)(tree)
        assert list(g) == list(tree) and type(g["layers"]) is list and type(g["layers"][0]) is tuple and g["layers"][1] is None
        np.testing.assert_array_equal(g["w"], np.ones((2, 3)))
        assert g["layers"][0][0] == 6 and type(g["layers"][0][0]) is np.float64
        np.testing.assert_array_equal(g["layers"][0][1], [8.0, 8.0])
        assert type(g["p"]) is Point and g["p"].x == 20 and type(g["p"].x) is np.ndarray and g["p"].y == 10

    @pytest.mark.parametrize("tree", [(), [], {}, None, [(), {}]])
    def test_empty(self, tree):
        assert grad(lambda t: 3.0)(tree) == tree

    def test_dicts_of_other_kinds(self):
        for tree in (collections.OrderedDict(b=1.0, a=2.0), collections.defaultdict(float, a=1.0)):
            g = grad(lambda t: t["a"] * 3.0)(tree)
            assert type(g) is type(tree) and list(g) == list(tree) and g["a"] == 3

    def test_what_went_in_is_not_changed(self):
        tree = {"a": [1.0, np.ones(2)]}
        grad(lambda t: t["a"][0] * t["a"][1].sum())(tree)
        assert tree["a"][0] == 1.0 and type(tree["a"][1]) is np.ndarray

    def test_a_training_step(self, rng):
        x, y = rng.normal(size=(20, 3)), rng.normal(size=20)

        def loss(params):
            r = (x * params["w"]).sum(axis=1) + params["b"] - y
            return (r * r).sum() / 20.0

        params = {"w": np.zeros(3), "b": 0.0}
        before = loss(params)
        for _ in range(200):
            g = grad(loss)(params)
            params = {k: params[k] - 0.1 * g[k] for k in params}
        want = np.linalg.lstsq(np.c_[x, np.ones(20)], y, rcond=None)[0]
        np.testing.assert_allclose([*params["w"], params["b"]], want, atol=1e-4)
        assert loss(params) < before

    def test_in_and_out(self):
        f = lambda t: {"p": t["a"] * t["b"], "q": (t["a"].sum(), 2.0)}
        tree = {"a": np.array([1.0, 2.0]), "b": 3.0}
        y, back = vjp(f, tree)
        assert type(y["p"]) is np.ndarray and y["q"] == (3.0, 2.0)
        g, = back({"p": np.array([1.0, 0.0]), "q": (10.0, 5.0)})
        np.testing.assert_array_equal(g["a"], [13.0, 10.0])
        assert g["b"] == 1
        y, t = jvp(f, (tree,), ({"a": np.array([1.0, 0.0]), "b": 2.0},))
        np.testing.assert_array_equal(t["p"], [5.0, 4.0])
        assert t["q"] == (1.0, 0.0)
        j = jacobian(f)(tree)
        assert set(j) == {"p", "q"} and j["p"]["a"].shape == (2, 2) and j["p"]["b"].shape == (2,) and j["q"][0]["a"].shape == (2,)
        np.testing.assert_array_equal(j["p"]["a"], np.diag([3.0, 3.0]))
        np.testing.assert_array_equal(j["p"]["b"], [1.0, 2.0])
        np.testing.assert_array_equal(j["q"][1]["a"], [0.0, 0.0])

    def test_hessian_is_nested_as_in_jax(self):
        f = lambda t, z: t["a"].sum() ** 2 * t["b"] * z
        h = hessian(f, (0, 1))({"a": np.ones(2), "b": 3.0}, 2.0)
        assert type(h) is tuple and len(h) == 2 and set(h[0]) == {"a", "b"} and type(h[0]["a"]) is tuple
        np.testing.assert_array_equal(h[0]["a"][0]["a"], np.full((2, 2), 12.0))
        np.testing.assert_array_equal(h[0]["a"][0]["b"], [8.0, 8.0])
        np.testing.assert_array_equal(h[0]["b"][0]["a"], [8.0, 8.0])
        assert h[0]["b"][0]["b"] == 0 and h[0]["b"][1] == 4 and h[1][0]["b"] == 4 and h[1][1] == 0
        np.testing.assert_array_equal(h[0]["a"][1], [12.0, 12.0])
        np.testing.assert_array_equal(h[1][0]["a"], [12.0, 12.0])

    def test_hvp_of_a_structure(self):
        f = lambda t: t["a"].sum() ** 2 * t["b"]
        tree, v = {"a": np.ones(2), "b": 3.0}, {"a": np.array([1.0, 0.0]), "b": 2.0}
        got = hvp(f)(tree, v)
        h = hessian(f)(tree)
        np.testing.assert_allclose(got["a"], h["a"]["a"] @ v["a"] + h["a"]["b"] * v["b"])
        np.testing.assert_allclose(got["b"], h["b"]["a"] @ v["a"] + h["b"]["b"] * v["b"])
        f2 = lambda x, y: (x * x * y).sum()
        gx, gy = hvp(f2, (0, 1))(np.ones(2), 3.0, (np.ones(2), 1.0))
        np.testing.assert_array_equal(gx, [8.0, 8.0])
        assert gy == 4


class Params(dict):
    """A container class of one's own that takes any items."""


class Layers(list):
    pass


class Pair(tuple):
    def __new__(cls, a, b):
        return tuple.__new__(cls, (a, b))


class Rounded(dict):
    """One that does not give back what was put in."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value * 1.0)


def popping(d):
    return d.pop("a") * d["b"] ** 2


def adding(d):
    return d["a"] * d.setdefault("rate", 1.0) * d["b"] ** 2


def renaming(d):
    d["c"] = d.pop("a")
    return d["c"] * d["b"] ** 2


def emptying(d):
    y = d["a"] * d["b"] ** 2
    d.clear()
    return y


class TestFrozenStructure:
    """What f does to the containers that it gets or gives changes nothing."""

    @pytest.mark.parametrize("f", [popping, renaming, emptying, adding])
    def test_every_transform(self, f):
        d, want, v = {"a": 2.0, "b": 5.0}, {"a": 25.0, "b": 20.0}, {"a": 1.0, "b": 0.5}
        assert grad(f)(dict(d)) == want and list(grad(f)(dict(d))) == ["a", "b"]
        assert value_and_grad(f)(dict(d))[1] == want and jacobian(f)(dict(d)) == want
        y, back = vjp(f, dict(d))
        assert back(1.0) == (want,) and back(2.0)[0]["a"] == 50.0
        assert jvp(f, (dict(d),), (v,)) == (50.0, 35.0)
        assert hessian(f)(dict(d)) == {"a": {"a": 0.0, "b": 10.0}, "b": {"a": 10.0, "b": 4.0}}
        assert hvp(f)(dict(d), v) == {"a": 5.0, "b": 12.0} and y == 50.0

    def test_lists(self):
        def f(xs):
            xs.append(xs[0])
            xs.reverse()
            return xs[0] * xs[1] * xs[2] * xs.pop() ** 0

        assert grad(f)([2.0, 3.0]) == [12.0, 4.0]
        assert hvp(f)([2.0, 3.0], [1.0, 0.0]) == [6.0, 4.0]

    def test_inside_of_others(self):
        def f(tree):
            inner = tree[0].pop("w")
            tree[1].clear()
            return inner * inner

        assert grad(f)(({"w": 3.0, "u": 1.0}, [1.0, 2.0])) == ({"w": 6.0, "u": 0.0}, [0.0, 0.0])

    def test_a_container_that_the_caller_changes_meanwhile(self):
        d = {"a": 2.0, "b": 5.0}

        def f(own):
            d.clear()
            return own["a"] * own["b"]

        assert grad(f)(d) == {"a": 5.0, "b": 2.0}

    def test_a_result_that_is_changed_later(self):
        kept = []

        def f(x):
            kept.append([x * 2.0, {"q": x * 3.0}])
            return kept[-1]

        y, back = vjp(f, 4.0)
        kept[-1][1]["other"] = 1.0
        del kept[-1][0]
        assert y == [8.0, {"q": 12.0}] and back([1.0, {"q": 10.0}]) == (32.0,)

    def test_nested(self):
        f = lambda d: grad(popping)(d)["b"]         # 2 a b
        assert grad(f)({"a": 2.0, "b": 5.0}) == {"a": 10.0, "b": 4.0}

    @pytest.mark.parametrize("tree", [Params(a=2.0, b=5.0), Layers([2.0, 5.0]), Point(2.0, 5.0),
                                      collections.OrderedDict(b=5.0, a=2.0)], ids=lambda tree: type(tree).__name__)
    def test_classes_of_ones_own_are_kept(self, tree):
        a, b = ("a", "b") if isinstance(tree, dict) else (0, 1)
        g = grad(lambda t: t[a] * t[b] ** 2)(tree)
        assert type(g) is type(tree) and (g[a], g[b]) == (25.0, 20.0)
        if isinstance(tree, dict):
            assert list(g) == list(tree)

    def test_their_attributes_too(self):
        tree = Params(a=2.0)
        tree.unit = "m"
        assert grad(lambda t: t["a"] ** 2)(tree).unit == "m"

    @pytest.mark.parametrize("tree", [Pair(2.0, 5.0), Rounded(a=2.0)], ids=lambda tree: type(tree).__name__)
    @pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
    def test_or_refused_by_name(self, transform, tree):
        with pytest.raises(GradientError, match=type(tree).__name__):
            transform(lambda t: list(t.values())[0] if isinstance(t, dict) else t[0])(tree)


# ---- what they refuse ------------------------------------------------------------------------------------------------

class TestErrors:
    @pytest.mark.parametrize("x", [3, True, np.int64(3), np.arange(3), np.array([True]), Variable(np.arange(3)), [1.0, 2], {"a": 3}])
    @pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
    def test_integers(self, transform, x):
        with pytest.raises(TypeError, match="float"):
            transform(lambda x: 1.0)(x)

    def test_integers_elsewhere(self):
        for call in (lambda: vjp(lambda x: x, 3), lambda: jvp(lambda x: x, (3,), (1.0,)), lambda: hvp(lambda x: x)(3, 1.0)):
            with pytest.raises(TypeError, match="float"):
                call()

    @pytest.mark.parametrize("x", ["a", b"a", object(), np.array(["a"]), {1, 2}, lambda: 1, np.ma.array([1.0])])
    def test_what_is_no_number(self, x):
        with pytest.raises(TypeError):
            grad(lambda x: 1.0)(x)

    @pytest.mark.parametrize("transform", [grad, value_and_grad])
    @pytest.mark.parametrize("result", [lambda x: x * np.ones(3), lambda x: x * np.ones((1,)), lambda x: x * np.ones((1, 1)), lambda x: np.ones(2)])
    def test_no_scalar(self, transform, result):
        with pytest.raises(GradientError, match="scalar"):
            transform(result)(1.0)
        with pytest.raises(GradientError, match="scalar"):
            hvp(result)(1.0, 1.0)

    @pytest.mark.parametrize("result", [None, "text", (1.0, 2.0), [1.0], {"a": 1.0}, object()])
    def test_no_number(self, result):
        with pytest.raises(GradientError, match="scalar"):
            grad(lambda x: result)(1.0)

    @pytest.mark.parametrize("result", [lambda x: 1j, lambda x: np.array(1j), lambda x: x * 1j])
    def test_complex_results(self, result):
        with pytest.raises((GradientError, DTypeError)):
            grad(result)(1.0)

    @pytest.mark.parametrize("f", [3, None, "f", np.ones(2)])
    @pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian, hvp, vjp, lambda f: jvp(f, (), ())])
    def test_no_function(self, transform, f):
        with pytest.raises(TypeError, match="function"):
            transform(f)

    @pytest.mark.parametrize("argnums", [1.0, "x", None, (0, "x"), True])
    def test_argnums_of_another_kind(self, argnums):
        with pytest.raises(TypeError, match="argnums"):
            grad(lambda x: x, argnums)

    @pytest.mark.parametrize("argnums", [1, -2, (0, 1), 7])
    def test_argnums_out_of_range(self, argnums):
        with pytest.raises(TypeError, match="argnums"):
            grad(lambda x: x, argnums)(1.0)

    def test_structures_that_differ(self):
        f = lambda x: {"a": x * 1.0, "b": (x, x)}
        _, back = vjp(f, 1.0)
        for ct in (1.0, {"a": 1.0}, {"a": 1.0, "b": 1.0}, {"a": 1.0, "c": (1.0, 1.0)}, {"a": (1.0,), "b": (1.0, 1.0)}, {"a": 1.0, "b": (1.0,)}, None):
            with pytest.raises(GradientError, match="cotangent"):
                back(ct)
        for tangents in ((1.0, 2.0), 1.0, (np.ones(2),), (None,), ([1.0],), ("a",), (1j,)):
            with pytest.raises((GradientError, TypeError)):
                jvp(f, (1.0,), tangents)
        with pytest.raises(GradientError, match="shape"):
            hvp(rosenbrock)(X, np.ones(3))
        with pytest.raises(TypeError, match="hvp"):
            hvp(rosenbrock)()

    def test_the_functions_own_errors_pass(self):
        with pytest.raises(ZeroDivisionError):
            grad(lambda x: 1 / 0)(1.0)
        with pytest.raises(TypeError):
            grad(lambda x: x)()
        assert grad(lambda x: x * x)(1.0) == 2

    def test_arguments_keep_their_data(self):
        def f(x):
            x.data = np.array(9.0)
            return x * x

        with pytest.raises(dezero.errors.GraphError, match="argument"):
            grad(f)(1.0)


# ---- nesting ---------------------------------------------------------------------------------------------------------

class TestNesting:
    def test_grad_of_grad(self):
        f = lambda x: x ** 5
        found = []
        for _ in range(7):
            found.append(f(2.0))
            f = grad(f)
        assert found == [32, 80, 160, 240, 240, 120, 0]
        assert type(found[2]) is np.float64

    def test_sine(self):
        g = sin
        for _ in range(4):
            g = grad(g)
        np.testing.assert_allclose(g(0.7), np.sin(0.7))

    def test_no_perturbation_confusion(self):
        assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(2.0) == 1
        assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(2.0) == 4
        assert grad(lambda x: x * grad(lambda y: y * y * x)(x))(2.0) == 24
        assert grad(lambda x: x * grad(lambda x: x * x)(x))(3.0) == 12
        assert grad(lambda x: grad(lambda y: grad(lambda z: x * y * z * z)(x))(x))(2.0) == 4 * 2

    def test_an_inner_function_that_uses_the_outer_argument(self):
        assert grad(lambda x: grad(lambda y: y ** 3 * x)(2.0))(5.0) == 12
        y, g = value_and_grad(lambda x: value_and_grad(lambda y: y ** 3 * x)(2.0)[0])(5.0)
        assert (y, g) == (40, 8)

    def test_an_inner_function_of_its_own_gives_arrays(self):
        """Nothing of the outer graph is in it, so numbers come out, and may be used as numbers."""
        def f(x):
            g = grad(lambda z: z ** 3)(2.0)
            assert type(g) is np.float64
            j = jacobian(lambda z: z * z)(np.ones(2))
            assert type(j) is np.ndarray
            return x * float(g)

        assert grad(f)(1.0) == 12

    def test_detached_arguments_are_known(self):
        def f(x):
            g = grad(lambda z: z ** 3)(x.detach())
            assert isinstance(g, Variable)
            return x * float(g)

        assert grad(f)(2.0) == 12

    def test_newton_inside(self):
        """The derivative of a root by its parameter, through the last step of Newton's method."""
        def root(a):
            h = lambda x: x * x * x - a
            x = np.array(1.0)
            for _ in range(50):
                known = a.data
                x = x - (x**3 - known) / (3 * x * x)
            return x - (x ** 3 - a) / grad(lambda z: z * z * z)(float(x))

        np.testing.assert_allclose(grad(root)(8.0), 1 / 12, rtol=1e-10)

    def test_variables_in_variables_out(self):
        x = Variable(np.array(2.0))
        g = grad(lambda z: z ** 3)(x)
        assert type(g) is Variable and g.data == 12
        g.backward()
        assert x.grad == 12
        y, back = vjp(lambda z: z * z, x)
        assert type(y) is Variable
        ct = Variable(np.array(3.0))
        g, = back(ct)
        x.cleargrad()
        g.backward()
        assert x.grad == 6 and ct.grad == 4
        x.cleargrad()
        y, t = jvp(lambda z: z ** 3, (x,), (1.0,))
        t.backward()
        assert t.data == 12 and x.grad == 12
        x.cleargrad()
        hvp(lambda z: z ** 4, 0)(x, 1.0).backward()
        assert x.grad == 48
        x.cleargrad()
        (hessian(lambda z: z ** 4)(x) * 2.0).backward()
        assert x.grad == 96

    def test_intermediate_variables(self):
        """What leads to the argument goes on; only the function's own part is differentiated by the transform."""
        x = Variable(np.array(2.0))
        u = x * x
        g = grad(lambda z: z * z * x)(u)
        assert g.data == 16
        g.backward()
        assert x.grad == 2 * (3 * 4)
        assert u.grad is None

    def test_a_tangent_that_is_differentiated_by(self):
        f = lambda v: (jvp(lambda x: x * x * X, (X,), (v * X,))[1]).sum()
        assert grad(f)(2.0) == pytest.approx((2 * X**3).sum())
        f = lambda c: (vjp(lambda x: x * x * X, X)[1](c * X)[0]).sum()
        assert grad(f)(2.0) == pytest.approx((2 * X**3).sum())
        f = lambda v: (hvp(rosenbrock)(X, v * np.ones(4))).sum()
        assert grad(f)(2.0) == pytest.approx(hessian(rosenbrock)(X).sum())

    def test_forward_over_forward_and_all_others(self):
        f = lambda x: x ** 4 / (x + 1.0)
        want = hessian(f)(2.0)
        ways = [
            jvp(lambda x: jvp(f, (x,), (1.0,))[1], (2.0,), (1.0,))[1],
            jvp(grad(f), (2.0,), (1.0,))[1],
            grad(lambda x: jvp(f, (x,), (1.0,))[1])(2.0),
            vjp(grad(f), 2.0)[1](1.0)[0],
            grad(grad(f))(2.0), hvp(f)(2.0, 1.0), jacobian(grad(f))(2.0), grad(jacobian(f))(2.0), jacobian(jacobian(f))(2.0),
        ]
        np.testing.assert_allclose(ways, want, rtol=1e-12)

    def test_derivatives_of_jacobians(self):
        f = lambda x: x * x.sum() * x
        third = jacobian(hessian(lambda x: (f(x) * X).sum()))(X)
        assert third.shape == (4, 4, 4)
        np.testing.assert_allclose(third, np.transpose(third, (1, 2, 0)))
        h = 1e-5
        e = np.array([0, 1.0, 0, 0])
        H = hessian(lambda x: (f(x) * X).sum())
        np.testing.assert_allclose(third[..., 1], (H(X + h * e) - H(X - h * e)) / (2 * h), atol=1e-6)

    def test_inside_no_grad(self):
        with no_grad():
            g = grad(lambda x: x ** 3)(2.0)
            h = hessian(rosenbrock)(X)
        assert g == 12
        np.testing.assert_allclose(h, hessian(rosenbrock)(X))
        x = Variable(np.array(2.0))
        with no_grad():
            g = grad(lambda z: z ** 3)(x)
        assert g.data == 12 and g.creator is None

    def test_no_grad_inside_makes_a_constant(self):
        def f(x):
            with no_grad():
                g = grad(lambda z: z ** 3)(x)
            return x * g

        assert grad(f)(2.0) == 12

    def test_modes_are_left_as_they_were(self):
        config = dezero.Config
        with using_config("keep_data", True):
            grad(lambda x: x * x)(1.0)
            assert config.keep_data
        assert not config.keep_data and config.enable_backprop

        def f(x):
            dezero.Config.keep_data = True
            return x * x

        grad(f)(1.0)
        assert not config.keep_data

    def test_a_generator_that_was_left_open(self):
        def f(x):
            mode = no_grad()
            mode.__enter__()
            f.mode = mode
            return 1.0

        grad(f)(1.0)
        f.mode.__exit__(None, None, None)
        assert grad(lambda x: x * x)(3.0) == 6 and dezero.Config.enable_backprop

    def test_recursion(self):
        def power(x, n):
            return x if n == 1 else x * power(x, n - 1)

        f = lambda x: power(x, 6)
        assert grad(grad(grad(f)))(1.0) == 120


# ---- vjp and jvp -----------------------------------------------------------------------------------------------------

class TestProducts:
    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_forward_and_reverse_agree(self, name, rng):
        f, xs = FUNCTIONS[name]
        xs = [np.asarray(x, float) for x in xs]
        vs = [rng.normal(size=x.shape) for x in xs]
        y, t = jvp(f, tuple(xs), tuple(vs))
        assert t.shape == y.shape
        w = rng.normal(size=np.shape(y))
        y2, back = vjp(f, *xs)
        np.testing.assert_array_equal(y, y2)
        gs = back(w)
        np.testing.assert_allclose((t * w).sum(), sum((g * v).sum() for g, v in zip(gs, vs)), rtol=1e-9)
        np.testing.assert_allclose(np.sum(t), directional(f, xs, vs, 1)[1], rtol=1e-9)

    @given(expressions())
    def test_random_expressions(self, expression):
        f, xs = expression
        with np.errstate(all="ignore"):
            vs = [np.cos(np.arange(x.size) + 1.0).reshape(x.shape) for x in xs]
            want = directional(f, xs, vs, 2)
            if not np.isfinite(want).all() or max(map(abs, want)) > 1e12:
                return
            y, t = jvp(f, xs, vs)
            second = hvp(f, (0, 1))(*xs, tuple(vs))
        scale = max(1.0, *map(abs, want))
        np.testing.assert_allclose(t, want[1], rtol=1e-7, atol=1e-9 * scale)
        np.testing.assert_allclose(sum((s * v).sum() for s, v in zip(second, vs)), want[2], rtol=1e-7, atol=1e-9 * scale)

    def test_back_again_and_again(self):
        y, back = vjp(lambda a, b: a * b, X, np.array(2.0))
        for k in (1.0, 2.0):
            ga, gb = back(np.full(4, k))
            np.testing.assert_array_equal(ga, np.full(4, 2 * k))
            assert gb == pytest.approx(k * X.sum())
        y[...] = 0                          # a copy: nothing reads it
        np.testing.assert_array_equal(back(np.ones(4))[0], np.full(4, 2.0))

    def test_results_that_are_arguments_or_constants(self):
        y, back = vjp(lambda a, b: (a, b, 3.0, np.ones(2)), 1.0, X)
        ga, gb = back((5.0, X, 7.0, np.ones(2)))
        assert ga == 5 and y[0] == 1 and y[2] == 3
        np.testing.assert_array_equal(gb, X)
        assert not np.shares_memory(y[1], X) and not np.shares_memory(gb, X)
        y, t = jvp(lambda a, b: (a, b, 3.0, np.ones(2)), (1.0, X), (5.0, X + 1))
        assert t[0] == 5 and t[2] == 0
        np.testing.assert_array_equal(t[1], X + 1)
        np.testing.assert_array_equal(t[3], np.zeros(2))

    def test_no_arguments(self):
        y, back = vjp(lambda: 3.0)
        assert y == 3 and back(1.0) == ()
        y, t = jvp(lambda: 3.0, (), ())
        assert y == 3 and t == 0

    def test_a_cotangent_may_be_of_integers(self):
        _, back = vjp(lambda x: x * 2.0, X)
        np.testing.assert_array_equal(back(np.arange(4))[0], 2.0 * np.arange(4))

    def test_dtypes(self):
        x = np.ones(3, "f4")
        y, back = vjp(lambda x: x * 2, x)
        assert y.dtype == np.float32 and back(np.ones(3))[0].dtype == np.float32
        y, t = jvp(lambda x: x * x, (x,), (np.ones(3),))
        assert t.dtype == np.float32
        assert jacobian(lambda x: x * x)(x).dtype == np.float32 and hessian(lambda x: (x * x).sum())(x).dtype == np.float32
        y, t = jvp(lambda x: x * np.ones(3), (x,), (x,))
        assert t.dtype == y.dtype == np.float64

    def test_tangents_without_dependence(self):
        y, t = jvp(lambda x, y: x * 2.0, (1.0, 2.0), (0.0, 5.0))
        assert (y, t) == (2, 0)
        y, t = jvp(lambda x: x.detach() * np.ones(3), (1.0,), (1.0,))
        np.testing.assert_array_equal(t, np.zeros(3))


# ---- jacobian and hessian --------------------------------------------------------------------------------------------

class TestMatrices:
    @pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 0), (40,), (30, 5)])
    def test_shapes(self, shape, rng):
        w = rng.normal(size=shape + (4,))
        f = lambda x: (w * x * x).sum(axis=-1)
        j = jacobian(f)(X)
        assert j.shape == shape + (4,)
        np.testing.assert_allclose(j, 2 * w * X)

    def test_progress_is_asked_for(self, monkeypatch):
        seen = []
        monkeypatch.setattr(_progress, "progress", lambda steps, what: seen.append((len(steps), what)) or steps)
        x = np.arange(1.0, 4.0)
        wide, high = (lambda x: x ** 2), (lambda x: (np.ones((30, 3)) * x).sum(axis=1) * np.ones((4, 30)))
        for f in (wide, high):
            assert np.array_equal(jacobian(f, progress=True)(x), jacobian(f)(x))
        assert seen == [(3, "rows"), (3, "columns")]
        assert np.array_equal(hessian(lambda x: (x ** 3).sum(), progress=True)(x), np.diag(6 * x))
        assert seen[2:] == [(3, "rows")]

    def test_by_rows_and_by_columns(self, rng):
        """Both ways give the same, and few arguments with many results go by columns."""
        a, b = np.array([0.3, 1.7]), 0.8
        w = rng.normal(size=(60, 2))
        f = lambda a, b: ((w * a).sum(axis=1) ** 2 * b, a * b)
        by_columns = jacobian(f, (0, 1))(a, b)
        y, back = vjp(f, a, b)
        for i in (0, 7, 59):
            ga, gb = back((np.eye(60)[i], np.zeros(2)))
            np.testing.assert_allclose(by_columns[0][0][i], ga)
            np.testing.assert_allclose(by_columns[0][1][i], gb)
        np.testing.assert_allclose(by_columns[1][0], np.diag([b, b]))
        np.testing.assert_allclose(by_columns[1][1], a)

    def test_of_a_float(self):
        j = jacobian(lambda x: x * np.arange(50.0))(2.0)
        np.testing.assert_array_equal(j, np.arange(50.0))
        assert type(jacobian(lambda x: x * x)(2.0)) is np.float64
        assert type(hessian(lambda x: x ** 3)(2.0)) is np.float64

    def test_constants(self):
        np.testing.assert_array_equal(jacobian(lambda x: np.ones(3))(X), np.zeros((3, 4)))
        np.testing.assert_array_equal(jacobian(lambda x: 3.0)(X), np.zeros(4))
        np.testing.assert_array_equal(hessian(lambda x: x.sum())(X), np.zeros((4, 4)))
        np.testing.assert_array_equal(hessian(lambda x: 3.0)(X), np.zeros((4, 4)))

    def test_the_identity(self):
        np.testing.assert_array_equal(jacobian(lambda x: x)(X), np.eye(4))
        np.testing.assert_array_equal(jacobian(lambda x: np.broadcast_to(x, (30, 4)))(X)[3], np.eye(4))

    def test_an_empty_argument(self):
        assert jacobian(lambda x: x * np.ones((2, 0)))(np.ones(0)).shape == (2, 0, 0)
        assert hessian(lambda x: (x * x).sum())(np.ones(0)).shape == (0, 0)

    def test_hessian_of_rosenbrock(self):
        n = 12
        x = np.linspace(-1, 2, n)
        want = np.diag(np.r_[1200 * x[:-1]**2 - 400 * x[1:] + 2, 0.0] + np.r_[0.0, np.full(n - 1, 200.0)])
        want += np.diag(-400 * x[:-1], 1) + np.diag(-400 * x[:-1], -1)
        np.testing.assert_allclose(hessian(rosenbrock)(x), want, rtol=1e-12, atol=1e-10)
        v = np.cos(np.arange(n))
        np.testing.assert_allclose(hvp(rosenbrock)(x, v), want @ v, rtol=1e-12, atol=1e-10)

    def test_hessian_of_a_vector(self):
        h = hessian(lambda x: x ** 3)(X)
        assert h.shape == (4, 4, 4)
        for i in range(4):
            np.testing.assert_allclose(h[i], np.diag([6 * X[i] if j == i else 0.0 for j in range(4)]))

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_hessians_are_symmetric_and_agree_with_hvp(self, name, rng):
        f, xs = FUNCTIONS[name]
        xs = [np.asarray(x, float) for x in xs]
        g = lambda *xs: (f(*xs) * 1.0).sum()
        argnums = tuple(range(len(xs)))
        h = hessian(g, argnums)(*xs)
        vs = tuple(rng.normal(size=x.shape) for x in xs)
        got = hvp(g, argnums)(*xs, vs)
        whole = np.block([[h[i][j].reshape(xs[i].size, xs[j].size) if np.ndim(h[i][j]) else np.array([[h[i][j]]]) for j in argnums] for i in argnums])
        np.testing.assert_allclose(whole, whole.T, rtol=1e-9, atol=1e-9)
        want = whole @ np.concatenate([np.ravel(v) for v in vs])
        np.testing.assert_allclose(np.concatenate([np.ravel(g) for g in got]), want, rtol=1e-9, atol=1e-9)


# ---- beside others ---------------------------------------------------------------------------------------------------

class TestBeside:
    def test_threads(self):
        wrong = []

        def work(k):
            for _ in range(50):
                if abs(grad(grad(lambda x: x ** 3 * k))(2.0) - 12 * k) > 1e-9:
                    wrong.append(k)

        threads = [threading.Thread(target=work, args=(float(k),)) for k in range(1, 7)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not wrong

    def test_tasks(self):
        async def work(k):
            def f(x):
                return x * k
            await asyncio.sleep(0)
            return grad(f)(1.0)

        async def main():
            return await asyncio.gather(*[work(float(k)) for k in range(5)])

        assert asyncio.run(main()) == [0, 1, 2, 3, 4]

    def test_inside_a_rule(self):
        """A transform runs while a backward does."""
        class Cube(Function):
            def forward(self, x):
                return x ** 3

            def backward(self, gy):
                x, = self.inputs
                return gy * grad(lambda z: z ** 3)(float(x))

        x = Variable(np.array(2.0))
        (Cube()(x) * x).backward()
        assert x.grad == 8 + 24
        np.testing.assert_allclose(grad(lambda x: Cube()(x))(3.0), 27)

    def test_floating_point_flags(self):
        with np.errstate(all="raise"):
            with pytest.raises(FloatingPointError):
                grad(lambda x: 1.0 / x)(0.0)
            assert grad(lambda x: x * x)(1.0) == 2
        with np.errstate(all="ignore"):
            assert grad(lambda x: 1.0 / x)(0.0) == -np.inf

    def test_freed_by_reference_counting(self, no_gc):
        seen = []

        def f(x):
            y = (x * x)[1:] * 2.0
            seen.extend([weakref.ref(x), weakref.ref(y)])
            return (y * x[1:]).sum()

        for transform in (grad, value_and_grad, jacobian, hessian):
            transform(f)(X)
        hvp(f)(X, X)
        jvp(f, (X,), (X,))
        vjp(f, X)[1](1.0)
        assert len(seen) == 14 and all(r() is None for r in seen)

    def test_nothing_left_behind(self):
        h = hessian(rosenbrock)
        h(X)
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(20):
            h(X)
            grad(grad(lambda x: x ** 3))(2.0)
        assert len(gc.get_objects()) - before < 20


# ---- beside JAX and HIPS autograd: a line of docs/transforms.md each ------------------------------------------------

DOCS = Path(__file__).parents[1] / "docs/transforms.md"


def kinds(error):
    return {cls.__name__ for cls in type(error).__mro__}


def raised(call):
    """The names of what a call raises, its classes above included."""
    try:
        call()
    except Exception as error:
        return kinds(error)
    return set()


def keys_of(grad):
    return list(grad(lambda d: d["b"] * d["a"])({"b": 1.0, "a": 2.0}))


def jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


def autograd():
    return pytest.importorskip("autograd")


class TestDifferences:
    """What is not the same as in JAX and HIPS autograd; theirs is looked at where they are installed."""

    def test_a_float(self):
        assert type(grad(lambda x: x * x)(3.0)) is np.float64
        assert type(autograd().grad(lambda x: x * x)(3.0)) is np.float64

    def test_a_float_in_jax(self):
        assert isinstance(jax().grad(lambda x: x * x)(3.0), jax().Array)

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_dtypes(self, dtype):
        assert grad(lambda x: (x * x).sum())(np.ones(2, dtype)).dtype == dtype
        assert autograd().grad(lambda x: (x * x).sum())(np.ones(2, dtype)).dtype == dtype

    def test_one_element(self):
        assert {"GradientError", "ValueError"} <= raised(lambda: grad(lambda x: x * 2.0)(np.ones(1)))
        assert raised(lambda: autograd().grad(lambda x: x * 2.0)(np.ones(1))) == set()

    def test_one_element_in_jax(self):
        assert "TypeError" in raised(lambda: jax().grad(lambda x: x * 2.0)(np.ones(1)))

    def test_asarray(self):
        f = lambda x: (x * np.asarray(x)).sum()
        assert "GradientError" in raised(lambda: grad(f)(np.ones(2)))
        assert autograd().grad(f)(np.ones(2)).dtype == object

    def test_asarray_in_jax(self):
        assert "TracerArrayConversionError" in raised(lambda: jax().grad(lambda x: (x * np.asarray(x)).sum())(np.ones(2)))

    def test_float(self):
        f = lambda x: x * math.sin(x)
        assert "GradientError" in raised(lambda: grad(f)(2.0))
        assert "TypeError" in raised(lambda: autograd().grad(f)(2.0))

    def test_float_in_jax(self):
        assert "ConcretizationTypeError" in raised(lambda: jax().grad(lambda x: x * math.sin(x))(2.0))

    def test_constant_here(self):
        assert grad(lambda x: x * x.detach())(3.0) == 3

    def test_constant_here_in_jax(self):
        assert jax().grad(lambda x: x * jax().lax.stop_gradient(x))(3.0) == 3

    def test_an_ignored_argument(self):
        assert grad(lambda x: 1.0)(3.0) == 0 and grad(lambda x, y: y * 2.0)(3.0, 1.0) == 0
        with pytest.warns(UserWarning, match="independent"):
            assert autograd().grad(lambda x: 1.0)(3.0) == 0

    def test_an_ignored_argument_in_jax(self):
        assert jax().grad(lambda x: 1.0)(3.0) == 0

    def test_keys(self):
        assert keys_of(grad) == ["b", "a"]
        assert keys_of(autograd().grad) == ["b", "a"]

    def test_keys_in_jax(self):
        assert keys_of(jax().grad) == ["a", "b"]

    def test_none_and_named_tuples(self):
        assert grad(lambda p: p.x * p.y)(Point(2.0, 3.0)) == Point(3.0, 2.0)
        assert grad(lambda p: p[0] * 2.0)((1.0, None)) == (2.0, None)
        assert "TypeError" in raised(lambda: autograd().grad(lambda p: p.x * p.y)(Point(2.0, 3.0)))
        assert "TypeError" in raised(lambda: autograd().grad(lambda p: p[0] * 2.0)((1.0, None)))

    def test_none_and_named_tuples_in_jax(self):
        assert jax().grad(lambda p: p.x * p.y)(Point(2.0, 3.0)) == Point(3.0, 2.0)
        assert jax().grad(lambda p: p[0] * 2.0)((1.0, None)) == (2.0, None)

    def test_auxiliary_results(self):
        assert grad(lambda x: (x * x, "aux"), has_aux=True)(3.0) == (6.0, "aux")
        assert callable(autograd().grad_and_aux)

    def test_auxiliary_results_in_jax(self):
        assert jax().grad(lambda x: (x * x, {"n": 1}), has_aux=True)(3.0) == (6.0, {"n": 1})

    def test_vjp(self):
        y, f_vjp = vjp(lambda x, y: x * y, 2.0, 3.0)
        assert y == 6 and f_vjp(1.0) == (3, 2) and f_vjp(1) == (3, 2)
        back, y = autograd().make_vjp(lambda x, y: x * y, 1)(2.0, 3.0)
        assert y == 6 and back(1.0) == 2 and back(1) == 2

    def test_vjp_in_jax(self):
        y, f_vjp = jax().vjp(lambda x, y: x * y, 2.0, 3.0)
        assert y == 6 and f_vjp(1.0) == (3, 2) and "ValueError" in raised(lambda: f_vjp(1))

    def test_jvp(self):
        assert jvp(lambda x: x * x, (3.0,), (2.0,)) == (9, 12)
        assert autograd().make_jvp(lambda x: x * x)(3.0)(2.0) == (9, 12)

    def test_jvp_in_jax(self):
        assert jax().jvp(lambda x: x * x, (3.0,), (2.0,)) == (9, 12)

    def test_hessian_times_vector(self):
        f = lambda x: (x ** 3).sum()
        np.testing.assert_allclose(hvp(f)(np.ones(2), np.array([1.0, 0.0])), [6, 0])
        np.testing.assert_allclose(autograd().hessian_vector_product(f)(np.ones(2), np.array([1.0, 0.0])), [6, 0])

    @pytest.mark.filterwarnings("ignore:Output seems independent")
    def test_jacobian(self):
        assert [j.shape for j in jacobian(lambda x: (x[:2], x.sum()))(np.ones(3))] == [(2, 3), (3,)]
        assert "TypeError" in raised(lambda: autograd().jacobian(lambda x: (x[:2], x.sum()))(np.ones(3)))

    def test_jacobian_in_jax(self):
        assert [j.shape for j in jax().jacobian(lambda x: (x[:2], x.sum()))(np.ones(3))] == [(2, 3), (3,)]

    def test_complex(self):
        assert {"GradientError", "TypeError"} <= raised(lambda: grad(lambda x: x * 1.0)(1j))
        assert autograd().grad(lambda x: autograd().numpy.real(x * x))(1j) == grad(lambda x: (x * x).real)(1j)

    def test_complex_in_jax(self):
        assert jax().grad(lambda x: (x * x).real)(1j) == grad(lambda x: (x * x).real)(1j)

    def test_the_same_everywhere(self):
        """Shapes and nesting of hessian, argnums, value and gradient."""
        f = lambda x, y: (x * x * y).sum()
        args = np.ones(3), np.array([2.0])
        mine = hessian(f, (0, 1))(*args)
        theirs = jax().hessian(f, (0, 1))(*args)
        for i in range(2):
            for j in range(2):
                np.testing.assert_allclose(mine[i][j], theirs[i][j])
                assert mine[i][j].shape == theirs[i][j].shape
        for argnums in (0, 1, -1, (0, 1), [1, 0]):
            got, want = value_and_grad(f, argnums)(*args), jax().value_and_grad(f, argnums)(*args)
            assert got[0] == want[0] and type(got[1]) is (tuple if isinstance(argnums, (tuple, list)) else np.ndarray)
            for g, w in zip(np.atleast_1d(np.array(got[1], object)).ravel(), np.atleast_1d(np.array(want[1], object)).ravel()):
                np.testing.assert_allclose(g, w)

    @pytest.mark.skipif(not DOCS.exists(), reason="docs/ is in a checkout only")
    def test_what_the_page_shows(self):
        source = re.search("```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]
        setup, *lines = source.split("\n\n")
        names = {}
        exec(setup, names)
        exec(lines[0], names)
        for line in lines[1].splitlines():
            code, shown = line.split("#")
            *before, last = code.split(";")
            exec(";".join(before), names)
            got, want = eval(last, names), shown.strip()
            if "I" in want or " times " in want:
                np.testing.assert_allclose(got, {"2 I, of shape (3, 3)": 2 * np.eye(3), "4 I": 4 * np.eye(3)}.get(want, 4 * np.ones(3)))
            else:
                np.testing.assert_equal(got, eval(want, {"array": np.array}))


# ---- SciPy -----------------------------------------------------------------------------------------------------------

class TestScipy:
    @pytest.fixture
    def optimize(self):
        return pytest.importorskip("scipy.optimize")

    def test_oracles(self, optimize, rng):
        x, v = rng.normal(size=8), rng.normal(size=8)
        np.testing.assert_allclose(grad(rosenbrock)(x), optimize.rosen_der(x))
        np.testing.assert_allclose(hessian(rosenbrock)(x), optimize.rosen_hess(x), atol=1e-9)
        np.testing.assert_allclose(hvp(rosenbrock)(x, v), optimize.rosen_hess_prod(x, v), atol=1e-9)

    @pytest.mark.parametrize("options", [
        dict(method="BFGS", jac=grad(rosenbrock)),
        dict(method="L-BFGS-B", jac=grad(rosenbrock)),
        dict(method="Newton-CG", jac=grad(rosenbrock), hessp=hvp(rosenbrock)),
        dict(method="trust-ncg", jac=grad(rosenbrock), hessp=hvp(rosenbrock)),
        dict(method="trust-exact", jac=grad(rosenbrock), hess=hessian(rosenbrock)),
    ], ids=lambda o: o["method"])
    def test_minimize(self, optimize, options):
        start = np.full(6, 0.8)
        found = optimize.minimize(rosenbrock, start, **options)
        assert found.success
        np.testing.assert_allclose(found.x, np.ones(6), atol=1e-3)

    def test_value_and_grad_as_jac_true(self, optimize):
        found = optimize.minimize(value_and_grad(rosenbrock), np.zeros(4), jac=True)
        np.testing.assert_allclose(found.x, np.ones(4), atol=1e-3)

    def test_roots(self, optimize):
        f = lambda x: x ** 3 - 8.0
        assert optimize.newton(f, 1.0, fprime=grad(f), fprime2=grad(grad(f))) == pytest.approx(2.0)
        g = lambda x: x * x - np.array([4.0, 9.0])
        np.testing.assert_allclose(optimize.root(g, np.ones(2), jac=jacobian(g)).x, [2.0, 3.0])

    def test_least_squares(self, optimize, rng):
        t = np.linspace(0, 1, 30)
        y = 2.0 * t ** 2 + 0.5
        f = lambda p: p[0] * t ** 2 + p[1] - y
        np.testing.assert_allclose(optimize.least_squares(f, np.ones(2), jac=jacobian(f)).x, [2.0, 0.5], atol=1e-8)

    def test_the_example(self, optimize, capsys):
        """Newton's method by conjugate gradients in 1 000 dimensions finds the minimum."""
        path = Path(__file__).parents[1] / "examples/rosenbrock_trust_ncg.py"
        if not path.exists():
            pytest.skip("examples/ is in a checkout only")
        found = runpy.run_path(str(path))["main"]()
        assert found.success and found.nit < 200 and found.x.shape == (1000,)
        np.testing.assert_allclose(found.x, 1, atol=1e-6)
        assert "successfully" in capsys.readouterr().out

    def test_floats_in_and_out(self, optimize):
        """What SciPy hands over and takes back are float64 arrays and floats."""
        x = np.full(6, 0.8)
        value, g = value_and_grad(rosenbrock)(x)
        assert value.shape == () and value.dtype == np.float64
        assert type(g) is np.ndarray and g.dtype == np.float64 and g.shape == x.shape
        hv = hvp(rosenbrock)(x, x)
        assert type(hv) is np.ndarray and hv.dtype == np.float64 and hv.shape == x.shape
        found = optimize.minimize_scalar(lambda x: (x - 2.0) ** 2)
        assert abs(grad(lambda x: (x - 2.0) ** 2)(found.x)) < 1e-6
        assert optimize.root_scalar(grad(lambda x: (x - 2.0) ** 4), fprime=grad(grad(lambda x: (x - 2.0) ** 4)), x0=3.0,
                                    xtol=1e-12).root == pytest.approx(2.0, abs=1e-3)


# ---- what would cut the graph in silence --------------------------------------------------------------------------------

@pytest.mark.parametrize("cut", [lambda x: copy.copy(x), lambda x: copy.deepcopy([x])[0], lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_inside_a_transform(cut):
    with pytest.raises(GradientError, match="cuts the graph"):
        grad(lambda x: x * cut(x))(3.0)
    x = Variable(np.array(3.0))
    assert cut(x * x).data == 9.0


def test_backward_inside_a_transform():
    def f(x, **how):
        y = Variable(np.array(2.0))
        (x * y * y).backward(**how)
        return y.grad * x                   # 4 x²

    with pytest.raises(GradientError, match="create_graph=True"):
        grad(f)(3.0)
    assert grad(lambda x: f(x, create_graph=True))(3.0) == 24.0

    def own(x):
        y = Variable(np.array(2.0))
        (y * y).backward()
        return x * y.grad

    assert grad(own)(3.0) == 4.0


def test_the_argument_cannot_be_unchained():
    def f(x):
        x.unchain()
        return x * x

    with pytest.raises(GraphError, match="detach"):
        grad(f)(3.0)


def test_a_pullback_keeps_the_primals_of_its_call():
    p = {"a": np.ones(2), "b": 3.0}
    y, pull = vjp(lambda d: d["a"] * d["a"] * d["b"], p)
    p["a"][0] = 100.0
    assert pull(np.ones(2))[0]["a"].tolist() == [6.0, 6.0]


def test_jvp_of_two_results_of_which_one_is_empty():
    y, t = jvp(lambda x: [x[:1] * 3.0, x[1:]], (np.ones(1),), (np.full(1, 2.0),))
    assert [part.tolist() for part in (*y, *t)] == [[3.0], [], [6.0], []]
