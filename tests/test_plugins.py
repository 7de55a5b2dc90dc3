"""The door: what this process registers, and what installed packages bring.

Installed packages are real distributions, written to a folder that a process of
its own has on its path (`sites.Site`).
"""

import email
import gc
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import types
import warnings
import weakref
from importlib import metadata

import numpy as np
import pluggy
import pytest
from sites import Site, op_module

import dezero
import dezero.functions as F
from dezero import Function, Variable, _discovery, hookimpl, plugins, rule
from dezero.errors import OpAttributeError, OpConflict, OpTypeError, PluginError, PluginWarning
from dezero.registry import OPERATORS, line, registry


@pytest.fixture(autouse=True)
def isolated():
    with plugins.isolated():
        yield


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


def var(value=3.0):
    return Variable(np.array(value))


def make_op(name="twice", **body):
    """A Function subclass with these attributes in its body; y = 2 x0."""
    def forward(self, x):
        return x * 2.0

    def backward(self, gy):
        return gy * 2.0

    return type(name.title() or "Op", (Function,), {"name": name, "forward": forward, "backward": backward, **body})


def make_binary(name="both", **body):
    def forward(self, x, y):
        return x * 2.0 + y

    def backward(self, gy):
        return gy * 2.0, gy

    return make_op(name, forward=forward, backward=backward, **body)


def make_plugin(*ops, constants=(), before=None, **attributes):
    """A module with the hook."""
    module = types.ModuleType("a_plugin")

    @hookimpl
    def dezero_register_ops(register):
        for op in ops:
            register(op)
        for function in constants:
            register.constant(function)
        if before:
            before(register)

    module.dezero_register_ops = dezero_register_ops
    vars(module).update(attributes)
    return module


def names():
    return set(registry.snapshot.names)


# -- one door


def test_builtins_are_plugins_like_any_other():
    rows = {row.name: row for row in plugins.status() if row.kind == "built-in"}
    assert set(rows) == set(plugins.BUILTIN)
    for row in rows.values():
        assert (row.status, row.distribution, row.version) == ("active", "dezero", dezero.__version__)
    assert rows["dezero.ops.mul"].ops == ("mul",)


def test_a_builtin_can_be_taken_off_and_put_back():
    import dezero.ops.square as module
    plugins.unregister("dezero.ops.square")
    with pytest.raises(AttributeError):
        F.square
    with pytest.raises(TypeError):
        np.square(var())
    plugins.register(module)
    assert F.square(var()).data == 9.0


# -- register: what it gives


def test_a_function_subclass():
    Twice = make_op()
    assert plugins.register(Twice) is Twice
    x = var()
    y = F.twice(x)
    y.backward()
    assert y.data == 6 and x.grad == 2 and x.twice().data == 6
    assert [(row.name, row.kind, row.status, row.ops) for row in plugins.status() if "twice" in row.ops] == [
        ("twice", "registered", "active", ("twice",))]


def test_as_a_decorator():
    @plugins.register
    class Halved(Function):
        """y = x / 2"""
        name = "halved"

        def forward(self, x):
            return x / 2

    assert F.halved(var()).data == 1.5


def test_module_class_and_instance_with_the_hook():
    class Static:
        @staticmethod
        @hookimpl
        def dezero_register_ops(register):
            register(make_op("by_class"))

    class Method:
        @hookimpl
        def dezero_register_ops(self, register):
            register(make_op("by_instance"))

    plugins.register(make_plugin(make_op("by_module")))
    plugins.register(Static)
    plugins.register(Method())
    assert {"by_module", "by_class", "by_instance"} <= names()


def test_any_operator():
    for operator in OPERATORS:
        if operator in registry.snapshot.operators:
            continue
        make = make_op if operator in ("__pos__", "__abs__", "__invert__") else make_binary
        with plugins.isolated():
            plugins.register(make(operators=(operator,)))
            assert registry.find_operator(operator) is not None
        assert operator not in registry.snapshot.operators


def test_matmul_with_its_reflected_and_augmented_forms():
    class Matmul(Function):
        name = "matmul"
        operators = ("__matmul__",)
        numpy = (np.matmul,)

        def forward(self, a, b):
            return a @ b

        def backward(self, gy):
            a, b = self.inputs
            return gy @ b.T if isinstance(b, np.ndarray) else gy, None

    a, b = Variable(np.arange(4.0).reshape(2, 2)), np.ones((2, 2))
    with pytest.raises(TypeError):
        a @ b
    plugins.register(Matmul)
    wanted = a.data @ b
    for y in (a @ b, np.matmul(a, b), F.matmul(a, b), a.matmul(b)):
        np.testing.assert_array_equal(y.data, wanted)
    np.testing.assert_array_equal((b @ a).data, b @ a.data)
    c = a
    c @= b
    np.testing.assert_array_equal(c.data, wanted)
    plugins.unregister(Matmul)
    with pytest.raises(OpTypeError):
        a @ b
    with pytest.raises(OpTypeError, match="matmul"):
        np.matmul(a, b)
    with pytest.raises(OpAttributeError):
        a.matmul
    np.testing.assert_array_equal(c.data, wanted)


def test_constants():
    x = var(1.7)
    plugins.register(make_plugin(constants=[np.nanargmax]))
    assert np.nanargmax(x) == 0 and not isinstance(np.nanargmax(x), Variable)
    plugins.unregister("a_plugin")
    with pytest.raises(TypeError):
        np.nanargmax(x)


def test_a_graph_outlives_its_op():
    Twice = plugins.register(make_op())
    x = var()
    y = F.twice(x)
    plugins.unregister(Twice)
    y.backward()
    assert x.grad == 2
    with pytest.raises(OpAttributeError):
        x.twice()
    assert Twice()(x).data == 6, "a class can be called without being registered"


# -- register: names of plugins


def test_names_given_and_by_default():
    plugins.register(make_op("one"), name="My-plugin_1.0")
    plugins.register(make_op("two"))
    plugins.register(make_plugin(make_op("three")))
    plugins.register(make_plugin(make_op("four")))
    assert {"My-plugin_1.0", "two", "a_plugin", "a_plugin-2"} <= {row.name for row in plugins.status()}
    plugins.unregister("My-plugin_1.0")
    assert "one" not in names()


@pytest.mark.parametrize("name", ["", "a b", "../x", "a\nb", "a\0b", "é", "\N{GRINNING FACE}", "x" * 65, "a:b", 1, b"x"])
def test_names_that_are_refused_are_never_printed_raw(name):
    with pytest.raises(PluginError) as caught:
        plugins.register(make_op(), name=name)
    text = str(caught.value)
    assert text.isprintable() and len(text) < 300 and (repr(name) in text or len(repr(name)) > 60)
    assert "twice" not in names()


def test_twice_is_an_error():
    Twice = plugins.register(make_op())
    with pytest.raises(PluginError, match="registered already, as plugin 'twice'"):
        plugins.register(Twice)
    with pytest.raises(PluginError, match="registered already"):
        plugins.register(Twice, name="other")
    with pytest.raises(PluginError, match="'twice'"):
        plugins.register(make_op("more"), name="twice")
    module = plugins.register(make_plugin(make_op("inner")))
    with pytest.raises(PluginError, match="registered already"):
        plugins.register(module)
    assert F.twice(var()).data == 6 and "more" not in names()


CELL = """
class Scale(Function):
    name = NAME
    operators = OPERATORS
    def forward(self, x):
        return x * K
    def backward(self, gy):
        return gy * K
"""


def cell(k=1.0, name="scale_nb", operators=(), module="__main__"):
    """What a notebook's cell defines when it is run (again)."""
    scope = {"Function": Function, "K": k, "NAME": name, "OPERATORS": operators, "__name__": module}
    exec(CELL, scope)
    return scope["Scale"]


def test_a_cell_that_registers_an_op_and_is_run_again():
    for k in (1.0, 2.0, 3.0):
        Scale = plugins.register(cell(k))
        x = var(1.0)
        y = x.scale_nb()
        y.backward()
        assert y.data == F.scale_nb(1.0).data == x.grad == k
    assert [row.name for row in plugins.status() if row.kind == "registered"] == ["scale_nb"]
    plugins.unregister(Scale)
    assert "scale_nb" not in names()


def test_a_graph_keeps_the_op_of_the_earlier_run():
    plugins.register(cell(2.0))
    x = var(1.0)
    y = x.scale_nb()
    plugins.register(cell(3.0))
    y.backward()
    assert x.grad == 2.0 and x.scale_nb().data == 3.0


def test_a_cell_that_was_edited():
    plugins.register(cell(2.0, "one", ("__invert__",)), name="mine")
    plugins.register(cell(3.0, "two", ("__invert__",)))
    assert (~var(1.0)).data == 3.0 and "two" in names() and "one" not in names()
    assert [row.name for row in plugins.status() if row.kind == "registered"] == ["mine"]
    plugins.register(cell(4.0, "two", ("__invert__",)), name="mine")
    assert (~var(1.0)).data == 4.0
    plugins.register(cell(5.0, "other"))
    assert {"two", "other"} <= names(), "nothing in common: two ops that a loop or a factory made"


def test_an_edited_cell_that_is_refused_leaves_the_earlier_op():
    plugins.register(cell(2.0))
    for wrong in (cell(3.0, "scale_nb", ("__add__",)), cell(3.0, "scale_nb", ("__nope__",))):
        with pytest.raises(PluginError):
            plugins.register(wrong)
        assert F.scale_nb(1.0).data == 2.0
    plugins.register(cell(4.0))
    assert F.scale_nb(1.0).data == 4.0


def test_a_class_of_another_module_is_no_earlier_run():
    plugins.register(cell(2.0))
    with pytest.raises(OpConflict):
        plugins.register(cell(3.0, module="elsewhere"))
    assert F.scale_nb(1.0).data == 2.0


def test_running_a_cell_again_leaks_nothing():
    gone = [weakref.ref(plugins.register(cell(float(k)))) for k in range(50)]
    gc.collect()
    assert sum(op() is not None for op in gone) == 1


def rule_cell(k=1.0, name=None, attribute=None, module="__main__"):
    """What a notebook's cell with a rule defines when it is run (again)."""
    scope = {"rule": rule, "K": k, "NAME": name, "ATTRIBUTE": attribute, "__name__": module}
    exec("""
@rule(lambda x: x * K, name=NAME, attribute=ATTRIBUTE)
def scale_rule(gy, y, x):
    return gy * K
""", scope)
    return scope["scale_rule"]


def test_a_cell_with_a_rule_that_is_run_again():
    for k in (1.0, 2.0, 3.0):
        op = plugins.register(rule_cell(k))
        x = var(1.0)
        y = x.scale_rule()
        y.backward()
        assert y.data == F.scale_rule(1.0).data == x.grad == k
    assert [row.name for row in plugins.status() if row.kind == "registered"] == ["scale_rule"]
    with pytest.raises(PluginError, match="registered already"):
        plugins.register(op)
    plugins.unregister(op)
    assert "scale_rule" not in names()


def test_a_cell_with_a_rule_that_was_edited():
    plugins.register(rule_cell(2.0, "one", "A"), name="mine")
    plugins.register(rule_cell(3.0, "two", "A"))
    assert var(1.0).A.data == 3.0 and "one" not in names()
    plugins.register(rule_cell(4.0, "three", "B"))
    assert {"two", "three"} <= names(), "nothing in common"
    with pytest.raises(OpConflict, match="the name 'two'"):
        plugins.register(rule_cell(5.0, "two", module="elsewhere"))


# -- rules, methods, attributes


@rule(np.sinh)
def sinh_(gy, y, x):
    """y = sinh x"""
    return gy * np.cosh(x)


def test_a_rule():
    assert plugins.register(sinh_) is sinh_
    x = var(0.5)
    for y in (F.sinh_(x), x.sinh_(), np.sinh(x)):
        x.cleargrad()
        y.backward()
        assert y.data == np.sinh(0.5) and x.grad == np.cosh(0.5)
    entry = registry.snapshot.names["sinh_"]
    assert (entry.cls, entry.apply, entry.numpy, entry.order) == (sinh_.cls, sinh_.apply, (np.sinh,), "checked")
    with open(__file__, encoding="utf-8") as source:
        assert entry.file == __file__ and source.read().splitlines()[line(entry) - 1] == "@rule(np.sinh)"
    assert [(row.name, row.ops) for row in plugins.status() if row.kind == "registered"] == [("sinh_", ("sinh_",))]
    plugins.unregister(sinh_)
    with pytest.raises(OpTypeError):
        np.sinh(x)


def test_a_rule_in_a_hook_and_as_a_decorator():
    plugins.register(make_plugin(sinh_))
    assert F.sinh_(0.5).data == np.sinh(0.5)

    @plugins.register
    @rule(np.cosh, operators=("__invert__",), method="cosh_of", attribute="C")
    def cosh(gy, y, x):
        return gy * np.sinh(x)

    x = var(0.5)
    for y in (F.cosh(x), x.cosh_of(), x.C, ~x, np.cosh(x)):
        assert y.data == np.cosh(0.5)
    assert not hasattr(x, "cosh") and {"cosh_of", "C", "sinh_"} <= set(dir(x)) and "cosh" not in dir(x)


def test_a_method_of_other_forms():
    def method(x, *shape):
        return F.reshape_(x, shape)

    plugins.register(make_op("reshape_", forward=lambda self, x: x.reshape(self.shape), method=method,
                             __init__=lambda self, shape: setattr(self, "shape", shape), backward=lambda self, gy: gy.reshape(6)))
    x = Variable(np.arange(6.0))
    y = x.reshape_(2, 3)
    assert y.shape == (2, 3) and F.reshape_(x, (3, 2)).shape == (3, 2)
    plugins.unregister("reshape_")
    plugins.register(make_op("reshape_", method=staticmethod(lambda x, *more: (x, more))))
    assert x.reshape_(1, 2) == (x, (1, 2))


def test_no_method():
    plugins.register(make_op("where_", method=None))
    assert F.where_(var()).data == 6
    with pytest.raises(OpAttributeError):
        var().where_
    plugins.register(make_op("shape", method=None))
    assert F.shape(var()).data == 6 and var().shape == ()


@pytest.mark.parametrize("body, words", [
    ({"method": 3}, "method is True, another name, a function (x, *args, **kwargs) or None, not 3"),
    ({"method": False}, "not False"),
    ({"method": "a b"}, "the method 'a b' is not an identifier"),
    ({"method": "a.b"}, "the method 'a.b' is not an identifier"),
    ({"method": "_x"}, "the method '_x' begins with '_'"),
    ({"method": "shape"}, "the method 'shape' is an attribute that Variable has already"),
    ({"attribute": "data"}, "the attribute 'data' is an attribute that Variable has already"),
    ({"attribute": "class"}, "the attribute 'class' is a keyword"),
    ({"attribute": 3}, "attribute is a name such as 'T', for x.T, or None, not 3"),
    ({"attribute": "twice"}, "x.twice can't be both its attribute and its method; write method = None"),
    ({"method": "T", "attribute": "T"}, "x.T can't be both"),
    ({"name": "a.twice", "method": len}, "a method has a name of its own where that of the op is dotted, 'a.twice'"),
    ({"name": "a.class"}, "the name 'a.class' has a part, 'class', that is a keyword of Python"),
    ({"name": "shape"}, "choose another, or method = None for F.name alone"),
])
def test_methods_and_attributes_that_are_refused(body, words):
    with pytest.raises(PluginError, match="class Twice: .*" + re.escape(words)):
        op = make_op(**body)
        op.__name__ = "Twice"
        plugins.register(op)
    with pytest.raises(PluginError, match="@rule of sinh_: .*" + re.escape(words)):
        plugins.register(rule(lambda x: x, **{"name": "twice", **body})(sinh_.rule))
    assert not {"twice", "a.twice"} & names()


def test_an_attribute_that_is_taken():
    plugins.register(make_op("one", attribute="H"))
    for body, words in (({"attribute": "H"}, "x.H"), ({"method": "H"}, "x.H"), ({"method": "one"}, "x.one"), ({"attribute": "one"}, "x.one")):
        with pytest.raises(OpConflict, match=f"op 'two' .* claims the attribute {words}, which is taken by op 'one' .*prefer"):
            plugins.register(make_op("two", **body))
    plugins.prefer("two", "two")
    plugins.register(make_op("two", attribute="H", forward=lambda self, x: x * 5.0))
    assert var(1.0).H.data == 5


# -- composites


def make_composites(**more):
    """A plugin with the composite `both_of`, of np.vstack."""
    def both_of(xs, scale=1.0):
        """The sum of all, scaled."""
        total = xs[0]
        for x in xs[1:]:
            total = total + x
        return total * scale

    return make_plugin(before=lambda register: register.function(both_of, **{"numpy": (np.vstack,), **more}))


def test_a_composite():
    plugins.register(make_composites(method=None))
    x, y = var(2.0), var(3.0)
    for z in (F.both_of([x, y]), np.vstack([x, y]), np.vstack((x, y))):
        z.backward()
        assert z.data == 5
    assert x.grad == y.grad == 3 and F.both_of([x, y], scale=2.0).data == 10
    assert F.both_of.__doc__ == "The sum of all, scaled." and "both_of" in dir(F) and not hasattr(x, "both_of")
    assert [row.ops for row in plugins.status() if row.kind == "registered"] == [("both_of",)]
    plugins.unregister("a_plugin")
    with pytest.raises(OpTypeError):
        np.vstack([x, y])


def test_a_composite_takes_what_asks_for_nothing_and_refuses_the_rest_by_name():
    def hook(register):
        register.function(lambda xs: xs[0], (np.vstack,), "first", method=None)
        register.function(lambda a, **more: len(more), (np.trace,), "open")
        register.function(lambda x: x, (), "unclaimed")
    plugins.register(make_plugin(before=hook))
    x = var(2.0)
    for call in (np.vstack, F.first):
        assert call([x], dtype=None, casting="same_kind") is x
        with pytest.raises(TypeError, match=r"numpy.vstack\(dtype=...\) of a Variable is not supported: the composite 'first' got dtype='f4'"):
            call([x], dtype="f4")
    with pytest.raises(TypeError, match="unexpected keyword argument 'axis'"):
        F.first([x], axis=0)
    assert x.open(offset=0, other=1) == 2
    with pytest.raises(TypeError, match="unexpected keyword argument 'dtype'"):
        x.unclaimed(dtype=None)


def test_a_composite_that_calls_itself_says_so():
    def stacked(xs):
        return np.vstack(xs)

    def tail(xs):                               # calls itself, and ends
        return xs[0] if len(xs) == 1 else np.hstack(xs[1:])

    def deep(n):
        return deep(n + 1)

    def lost(x):
        return deep(0)

    def hook(register):
        register.function(stacked, numpy=(np.vstack,), method=None)
        register.function(tail, numpy=(np.hstack,), method=None)
        register.function(lost, method=None)
    plugins.register(make_plugin(before=hook))
    x = var(2.0)
    for call in (lambda: np.vstack([x, x]), lambda: F.stacked([x, x])):
        with pytest.raises(PluginError, match="the composite 'stacked' .*stacked. calls itself without end: .*write it with other ops"):
            call()
    assert np.hstack([x, x, x, x]) is x
    with pytest.raises(RecursionError):
        F.lost(x)


def test_a_constant_is_declared_once():
    twice = make_plugin(constants=[np.nanargmax, np.nanargmax])
    with pytest.raises(PluginError, match="a constant .*claims the NumPy function numpy.nanargmax, which is taken by a constant .*once is enough"):
        plugins.register(twice)
    assert not registry.is_constant(np.nanargmax)
    plugins.register(make_plugin(constants=[np.nanargmax]), name="mine")
    for before in (lambda register: register.constant(np.nanargmax), lambda register: register.constant(np.floor)):
        with pytest.raises(OpConflict, match="a constant .plugin 'yours'.*which is taken by a constant .*test_plugins.py.*once is enough"
                           if before(types.SimpleNamespace(constant=lambda f: f)) is np.nanargmax else "numpy.floor, which is taken by .*dezero"):
            plugins.register(make_plugin(before=before), name="yours")
    assert registry.is_constant(np.nanargmax) and registry.is_constant(np.floor)


def test_a_composite_by_another_name_as_method_operator_and_attribute():
    def shifted(x, by=1.0):
        return x + by

    plugins.register(make_plugin(before=lambda register: register.function(
        shifted, name="shift", operators=("__matmul__", "__invert__"), attribute="S", numpy=((np.add, "outer"),))))
    x = var(2.0)
    assert (x @ 3.0).data == (3.0 @ x).data == 5 and (~x).data == x.S.data == x.shift().data == 3 and x.shift(by=4.0).data == 6
    assert registry.find_function((np.add, "outer")).made is shifted


def test_composites_that_are_refused():
    def fine(x):
        return x

    for f, more, words in (
            (3, {}, "takes a Python function that is made of other ops, not 3"),
            (sinh_, {}, "register(op) takes an op"), (dezero.Mul, {}, "register(op) takes an op"), (int, {}, "not <class 'int'>"),
            (lambda x: x, {}, "the name '<lambda>' is not an identifier"),
            (fine, {"name": "a b"}, "register.function(fine): the name 'a b'"),
            (fine, {"numpy": np.vstack}, "register.function(fine): numpy is a tuple"),
            (fine, {"numpy": (np.isscalar,)}, "NumPy never asks about it"),
            (fine, {"operators": ("matmul",)}, "'matmul' cannot be claimed"),
            (fine, {"attribute": "fine"}, "x.fine can't be both"),
            (np.vstack, {"numpy": (np.vstack,)}, "it answers numpy.vstack with itself")):
        with pytest.raises(PluginError, match=re.escape(words)):
            plugins.register(make_plugin(before=lambda register: register.function(f, **more)))
    with pytest.raises(PluginError, match=re.escape("a composite is registered by a hook, with register.function(f)")):
        plugins.register(fine)


def test_composites_conflict_and_are_preferred_as_ops():
    plugins.register(make_op("mine", numpy=(np.vstack,)))
    with pytest.raises(OpConflict, match="op 'both_of' .*test_plugins.py:[0-9]+.* claims the NumPy function numpy.vstack, which is taken by op 'mine'"):
        plugins.register(make_composites())
    plugins.prefer("a_plugin", "both_of")
    plugins.register(make_composites())
    assert np.vstack([var(), var()]).data == 6 and "mine" not in names()
    plugins.prefer("mine", "mine")
    assert "both_of" not in names() and [row.skipped for row in plugins.status() if row.name == "a_plugin"] == [("both_of",)]


# -- what NumPy asks about


@pytest.mark.parametrize("function", ["numpy.isscalar", "numpy.asarray_chkfinite", "numpy.frompyfunc", "numpy.linalg.LinAlgError.mro",
                                      "scipy.linalg.solve", "scipy.special.logsumexp", "math.sin"])
def test_a_claim_that_can_never_fire(function):
    house, _, name = function.rpartition(".")
    if house.startswith("scipy"):
        pytest.importorskip(house)
    f = getattr(sys.modules[house], name) if house in sys.modules else np.linalg.LinAlgError.mro
    for plugin in (make_op(numpy=(f,)), make_plugin(before=lambda register: register.function(lambda x: x, (f,), "twice"))):
        with pytest.raises(PluginError, match="NumPy never asks about it: only ufuncs .* leave it out, and have callers write F.twice") as caught:
            plugins.register(plugin)
        assert function in str(caught.value) or "mro" in function
    with pytest.raises(PluginError, match="NumPy never asks about it"):
        plugins.register(make_plugin(constants=[f]))


@pytest.mark.parametrize("function", [np.array, np.asarray, np.full, np.arange, np.zeros], ids=lambda f: f.__name__)
def test_what_numpy_asks_about_where_like_is_a_variable_is_the_cores(function):
    with pytest.raises(OpConflict, match=f"claims the NumPy function numpy.{function.__name__}, which is taken by .*dezero 0"):
        plugins.register(make_op(numpy=(function,)))


def test_a_method_of_a_ufunc():
    plugins.register(make_op(numpy=((np.logaddexp, "reduce"), (np.maximum, "accumulate"))))
    assert registry.find_function((np.logaddexp, "reduce")).name == registry.find_function((np.maximum, "accumulate")).name == "twice"
    assert registry.find_function((np.logaddexp, "outer")) is None
    with pytest.raises(OpConflict, match="the NumPy function numpy.logaddexp.reduce, which is taken"):
        plugins.register(make_op("other", numpy=((np.logaddexp, "reduce"),)))


@pytest.mark.parametrize("pair", [(np.add, "nope"), (np.sum, "reduce"), ("add", "reduce"), (np.add,), (np.add, "reduce", 1), (np.add, 3), ()])
def test_what_is_no_method_of_a_ufunc(pair):
    with pytest.raises(PluginError, match=re.escape("class Twice: numpy: a ufunc's method is claimed as (np.add, 'reduce'), a ufunc and one of "
                                                    "reduce accumulate reduceat outer at, not ")):
        plugins.register(make_op(numpy=(pair,)))


# -- claims by text


def test_a_text_of_numpy_is_the_function():
    plugins.register(make_op(numpy=("numpy.sinc", "numpy.linalg.norm", "numpy.logaddexp.reduce")))
    assert registry.snapshot.names["twice"].numpy == (np.sinc, np.linalg.norm, (np.logaddexp, "reduce"))
    assert np.sinc(var()).data == 6 and registry.snapshot.pending == ()
    for text, words in (("numpy.no_such", "which this NumPy .* does not have"), ("numpy.isscalar", "NumPy never asks"), ("sinc", "not 'sinc'"),
                        ("numpy..sinc", "not 'numpy..sinc'"), ("numpy.sinc.reduce", "does not have"), ("numpy.add.nope", "does not have")):
        with pytest.raises(PluginError, match="class Other: numpy .*" + words):
            plugins.register(make_op("other", numpy=(text,)))


@pytest.fixture
def late(monkeypatch):
    """A module that is imported later: call it with what it is to hold."""
    def imported(**members):
        module = types.ModuleType("late_lib.special")
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, "late_lib.special", module)
        return module

    return imported


def test_a_text_is_settled_when_its_module_is_there(late):
    half = np.frompyfunc(lambda x: x / 2, 1, 1)
    plugins.register(make_op(numpy=("late_lib.special.half", np.sinc)))
    assert np.sinc(var()).data == 6 and registry.snapshot.pending == ("late_lib.special.half",)
    with pytest.raises(OpConflict, match="the NumPy function late_lib.special.half"):
        plugins.register(make_op("other", numpy=("late_lib.special.half",)))
    special = late(half=half)
    assert half(var()).data == 6 and registry.snapshot.pending == ()
    assert registry.snapshot.names["twice"].numpy == (half, np.sinc)
    with pytest.raises(OpConflict):
        plugins.register(make_op("other", numpy=(special.half,)))


def test_a_text_of_a_module_that_is_there_already(late):
    special = late(half=np.frompyfunc(lambda x: x / 2, 1, 1))
    plugins.register(make_op(numpy=("late_lib.special.half",)))
    assert special.half(var()).data == 6 and registry.snapshot.pending == ()


def test_constants_by_text(late):
    half = np.frompyfunc(lambda x: x / 2, 1, 1)
    plugins.register(make_plugin(constants=["numpy.nanargmax", "late_lib.special.half"]))
    assert np.nanargmax(var()) == 0
    late(half=half)
    assert half(var()) == 1.5 and not isinstance(half(var()), Variable)


@pytest.mark.parametrize("members, why", [
    ({}, "there is no such function"), ({"half": len}, "NumPy never asks about it"), ({"half": np.sum}, "op 'sum' .dezero .*has it"),
    ({"half": np.floor}, "a constant has it")])
def test_a_text_that_can_not_fire_is_dropped(late, members, why):
    plugins.register(make_op(numpy=("late_lib.special.half", np.sinc)))
    late(**members)
    with pytest.warns(PluginWarning, match=f"op 'twice' .plugin 'twice' of this process. claims (late_lib.special.half|numpy.*), which is dropped: {why}"):
        with pytest.raises(OpTypeError):
            np.sinh(var())
    assert registry.snapshot.names["twice"].numpy == (np.sinc,) and registry.snapshot.pending == ()
    with pytest.raises(OpTypeError):
        np.sinh(var())
    assert np.sinc(var()).data == 6 and np.sum(var()).data == 3


def test_a_text_that_can_not_fire_when_it_is_registered(late):
    late(half=len)
    with pytest.warns(PluginWarning, match="late_lib.special.half, which is dropped"):
        plugins.register(make_op(numpy=("late_lib.special.half", np.sinc)))
    assert np.sinc(var()).data == 6


def test_a_module_that_is_being_imported_settles_nothing(late):
    plugins.register(make_op(numpy=("late_lib.special.half",)))
    special = late()
    special.__spec__ = types.SimpleNamespace(_initializing=True)
    with pytest.raises(OpTypeError):
        np.sinh(var())
    special.half, special.__spec__ = np.frompyfunc(lambda x: x / 2, 1, 1), None
    assert special.half(var()).data == 6


def test_texts_and_isolated(late):
    half = np.frompyfunc(lambda x: x / 2, 1, 1)
    plugins.register(make_op(numpy=("late_lib.special.half",)))
    with plugins.isolated():
        late(half=half)
        assert half(var()).data == 6
    assert half(var()).data == 6


def test_scipy_is_not_imported_for_a_claim(site):
    pytest.importorskip("scipy.special")
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("erf_op", (), '("scipy.special.erf",)').replace("x, other", "x")})
    done = site.run("""
        import sys, dezero, numpy as np
        dezero.plugins.load()
        assert not any(name.startswith("scipy") for name in sys.modules)
        from scipy.special import erf
        print(erf(dezero.Variable(np.array(3.0))).data)
        """)
    assert (done.stdout, done.stderr) == ("6.0\n", "")


# -- lazy claims

LAZY = """
import numpy as np
from dezero import Function, hookimpl, rule

def tail(x, by=1):
    return half(x) - by

@rule(lambda x: x / 2, np.sinc, np.i0, operators=("__matmul__",), attribute="H", method=tail)
def half(gy, y, x):
    return gy / 2

@rule(np.linalg.cholesky, name="linalg.chol")
def chol(gy, y, x):
    return gy

class Third(Function):
    name = "third"
    method = "third_of"
    numpy = ("late_lib.special.third",)
    def forward(self, x):
        return x / 3
    def backward(self, gy):
        return gy / 3

def stacked(xs):
    return half(xs[0])

@hookimpl
def dezero_register_ops(register):
    for op in (half, chol, Third):
        register(op)
    register.function(stacked, numpy=(np.vstack, (np.maximum, "reduce")))
    register.constant(np.nanargmax)
"""

TABLE = {
    "half": {"numpy": ["numpy.sinc", "numpy.i0"], "operators": ["__matmul__"], "attribute": "H", "method": "lazy_mod.tail"},
    "linalg.chol": {"numpy": ["numpy.linalg.cholesky"]},
    "third": {"method": "third_of", "numpy": ["late_lib.special.third"]},
    "stacked": {"numpy": ["numpy.vstack", "numpy.maximum.reduce"], "function": True},
    "numpy.nanargmax": {"constant": True},
}


@pytest.fixture
def lazy(tmp_path, monkeypatch):
    """Write a module that is claimed lazily, and register the claims."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def claim(text=LAZY, table=TABLE, name="lazy_mod"):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return plugins.register(make_plugin(before=lambda register: register.lazy(name, table)), name="lazy")

    yield claim
    sys.modules.pop("lazy_mod", None)


def test_lazy_claims_import_nothing(lazy):
    lazy()
    assert "lazy_mod" not in sys.modules and {"half", "linalg.chol", "third", "stacked"} <= names()
    assert {"half", "linalg", "third"} <= set(dir(F)) and {"half", "H", "third_of", "stacked"} <= set(dir(var())) and "chol" in dir(F.linalg)
    assert [row.ops for row in plugins.status() if row.name == "lazy"] == [("half", "linalg.chol", "third", "stacked")]
    x = var()
    assert (x * x + np.square(x)).data == 18 and "lazy_mod" not in sys.modules


@pytest.mark.parametrize("use", [
    lambda x: F.half(x).data, lambda x: x.half(0).data, lambda x: x.H.data, lambda x: np.sinc(x).data, lambda x: np.i0(x).data,
    lambda x: F.linalg.chol(x.data.reshape(1, 1)).data ** 2 / 2, lambda x: np.vstack([x]).data, lambda x: F.third(x).data * 1.5,
    lambda x: x.third_of().data * 1.5, lambda x: F.stacked([x]).data, lambda x: 1.5 + np.nanargmax(x),
    lambda x: registry.find_function((np.maximum, "reduce")).apply([x]).data, lambda x: registry.find_operator("__matmul__").apply(x).data])
def test_the_first_use_imports(lazy, use):
    lazy()
    x = var()
    assert use(x) == pytest.approx(1.5) and "lazy_mod" in sys.modules
    assert use(x) == pytest.approx(1.5) and F.half.__self__ is sys.modules["lazy_mod"].half
    assert x.half().data == 0.5, "the method is the module's function"
    assert all(op.module is None for op in registry.snapshot.ops) and plugins.failures == ()
    plugins.unregister("lazy")
    assert not {"half", "stacked"} & names()


def test_the_operator_of_a_lazy_claim(lazy):
    lazy(LAZY.replace("def half(gy, y, x)", "def half(gy, y, x, z)").replace("lambda x: x / 2", "lambda x, z: x / 2 + z"))
    assert (var() @ 1.0).data == (3.0 @ var(1.0)).data == 2.5


def test_a_lazy_text(lazy, late):
    third = np.frompyfunc(lambda x: x / 3, 1, 1)
    lazy()
    late(third=third)
    assert third(var()).data == 1 and F.third(3.0).data == 1


def test_a_lazy_text_that_is_taken(lazy, late):
    third = np.frompyfunc(lambda x: x / 3, 1, 1)
    lazy()
    late(third=third)
    with pytest.raises(OpConflict, match="late_lib|third|vectorized"):
        plugins.register(make_op(numpy=(third,)))
    assert third(var()).data == 1


def test_a_text_that_is_taken_by_the_time_it_is_settled(lazy, late):
    third = np.frompyfunc(lambda x: x / 3, 1, 1)
    text = LAZY.replace('("late_lib.special.third",)', '(__import__("sys").modules["late_lib.special"].third,)')
    for preferred in (False, True):
        with plugins.isolated():
            sys.modules.pop("late_lib.special", None)
            lazy(text)
            plugins.register(make_op(numpy=(third,)))
            if preferred:
                plugins.prefer("lazy", "third")
            late(third=third)
            if preferred:
                with pytest.raises(OpTypeError):
                    np.sinh(var())
                assert third(var()).data == 1 and "twice" not in names()
                continue
            with pytest.warns(PluginWarning, match="op 'third' .* which is dropped: op 'twice' .*has it"), pytest.raises(OpTypeError):
                np.sinh(var())
            assert third(var()).data == 6 and F.third(3.0).data == 1 and third(var()).data == 6


def test_lazy_claims_beside_others(lazy):
    taken = plugins.register(make_op("chol", numpy=(np.linalg.cholesky,)))
    with pytest.raises(OpConflict, match="op 'linalg.chol' .plugin 'lazy' of this process, .*test_plugins.py:[0-9]+. claims the NumPy function "
                                         "numpy.linalg.cholesky, which is taken by op 'chol'"):
        lazy()
    plugins.prefer("lazy", "linalg.chol")
    lazy()
    assert "chol" not in names() and "lazy_mod" not in sys.modules
    plugins.unregister(taken)
    with pytest.raises(OpConflict):
        plugins.register(make_op("other", numpy=(np.sinc,)))


@pytest.mark.parametrize("text, words", [
    ("1 / 0", "ZeroDivisionError"), ("import no_such_module", "no_such_module"), ("import sys; sys.exit(3)", "SystemExit: 3"),
    ("x = 1", "has no hook"), ("def dezero_register_ops(register): pass", "not decorated; write @hookimpl"),
    ("import dezero.functions as F\nF.half", "lazy_mod looks for its own ops while it is being imported"),
    (LAZY.replace("for op in (half, chol, Third)", "for op in (half, chol)"), "the table has op 'third', which the module does not register; "
                                                                           "write the table again, with `dezero claims`"),
    (LAZY + "    register(type(Third)('More', (Third,), {'name': 'more'}))\n", "the module registers op 'more', which the table does not have"),
    (LAZY.replace("np.i0", "np.unwrap"), "op 'half': the table says that it claims the NumPy function numpy.i0, the module does not"),
    (LAZY.replace('"third_of"', '"third_part"'), "op 'third': the table says that it claims the attribute x.third_of"),
    (LAZY.replace("np.sinc, np.i0", "np.sinc, np.i0, np.unwrap"), "op 'half': the module says that it claims the NumPy function numpy.unwrap"),
    (LAZY.replace("np.nanargmax", "np.nanargmin"), "the table has the constant numpy.nanargmax"),
    (LAZY + "    register.lazy('other', {})\n    register.lazy('third', {'a': {}})\n", "claims lazily itself"),
])
def test_a_lazy_module_that_fails_or_disagrees(lazy, text, words):
    lazy(text)
    before = plugins.failures
    for use in (lambda: F.half, lambda: np.sinc(var()), lambda: var().H, lambda: var() @ var(), lambda: hasattr(var(), "third_of")):
        sys.modules.pop("lazy_mod", None)
        with pytest.raises(PluginError, match="lazy_mod, which plugin 'lazy' of this process imports at the first use of one of its ops, "
                                              "failed: .*" + re.escape(words)) as caught:
            use()
        assert len(plugins.failures) == len(before) + 1
        failure = plugins.failures[-1]
        assert failure.entry == "lazy_mod" and words in failure.reason and failure.exception is caught.value.__cause__
    assert F.add(1.0, 2.0).data == 3
    with open(sys.path[0] + "/lazy_mod.py", "w") as file:
        file.write(LAZY)
    sys.modules.pop("lazy_mod", None)
    assert F.half(3.0).data == 1.5 and plugins.failures == before


def test_an_interrupt_while_a_lazy_module_is_imported(lazy):
    lazy("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        F.half
    assert plugins.failures == ()


@pytest.mark.parametrize("module, table, words", [
    (3, {}, "register.lazy() takes the name of a module, such as 'my_package.linalg', not 3"), ("a b", {}, "not 'a b'"), ("", {}, "not ''"),
    ("m", [], "register.lazy('m'): the table is a dict"), ("m", None, "not None"),
    ("m", {"half": None}, "register.lazy('m'): 'half': what it claims is a dict"),
    ("m", {"half": {"nump": []}}, "'nump' is none of numpy, operators, method, attribute, constant, function; did you mean 'numpy'?"),
    ("m", {"half": {"numpy": "numpy.sinc"}}, "numpy is a list of dotted names such as 'numpy.linalg.solve', not 'numpy.sinc'"),
    ("m", {"half": {"numpy": [np.sinc]}}, "numpy wants dotted names"), ("m", {"half": {"numpy": ["sinc"]}}, "not 'sinc'"),
    ("m", {"half": {"numpy": ["numpy.isscalar"]}}, "register.lazy('m'): 'half': numpy claims numpy.isscalar, and NumPy never asks about it"),
    ("m", {"half": {"operators": ["matmul"]}}, "'half': the operator 'matmul' cannot be claimed"),
    ("m", {"half": {"method": len}}, "a function for a method is named as text"), ("m", {"half": {"method": 3}}, "method is True"),
    ("m", {"half": {"attribute": "shape"}}, "the attribute 'shape' is an attribute that Variable has already"),
    ("m", {"half": {"constant": 1}}, "constant is True, or left out, not 1"), ("m", {"half": {"function": False}}, "function is True"),
    ("m", {"numpy.sinc": {"constant": True, "numpy": []}}, "a constant has its function for a key, and claims nothing else"),
    ("m", {"sinc": {"constant": True}}, "numpy wants dotted names such as 'numpy.linalg.solve', not 'sinc'"),
    ("m", {"class": {}}, "register.lazy('m'): 'class': the name 'class' is a keyword"), ("m", {3: {}}, "name is a str, not 3"),
])
def test_tables_that_are_refused(module, table, words):
    with pytest.raises(PluginError, match=re.escape(words)):
        plugins.register(make_plugin(make_op("fine"), before=lambda register: register.lazy(module, {"ok": {}, **table} if table else table)))
    assert not {"fine", "ok"} & names()


def test_one_table_a_module():
    with pytest.raises(PluginError, match="'m' has a table already"):
        plugins.register(make_plugin(before=lambda register: [register.lazy("m", {name: {}}) for name in ("a", "b")]))


def test_a_table_made_with_a_newer_numpy(lazy):
    lazy(LAZY, {**TABLE, "newer": {"numpy": ["numpy.not_yet", "numpy.linalg.not_yet"]}, "numpy.not_yet": {"constant": True}})
    assert F.half(3.0).data == 1.5
    with pytest.raises(OpAttributeError, match="no op 'newer'"):
        F.newer


def test_lazy_claims_and_isolated(lazy):
    lazy()
    with plugins.isolated():
        assert F.half(3.0).data == 1.5
    assert F.half(3.0).data == 1.5 and np.sinc(var()).data == 1.5
    with plugins.isolated():
        plugins.unregister("lazy")
        with pytest.raises(OpAttributeError):
            F.half
    assert F.half(3.0).data == 1.5


def test_threads_that_use_a_lazy_module_first(lazy):
    lazy("import time; time.sleep(0.1)\n" + LAZY)
    barrier, found = threading.Barrier(6), []

    def use(i):
        barrier.wait()
        try:
            found.append((F.half(3.0) if i % 2 else np.sinc(var())).data)
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=use, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1.5] * 6


def test_a_lazy_module_that_is_checked(lazy):
    from dezero.testing import check_op
    lazy()
    import lazy_mod
    with pytest.raises(ValueError, match="'stacked' is a composite"):
        check_op("stacked")
    check_op(lazy_mod.Third)
    assert F.third(3.0).data == 1


def test_a_package_with_lazy_claims(site):
    site.add("plug", {"p": "plug"}, {
        "plug.py": f"from dezero import hookimpl\n@hookimpl\ndef dezero_register_ops(register):\n    register.lazy('lazy_mod', {TABLE!r})\n",
        "lazy_mod.py": LAZY}, version="2.0")
    site.add("broken", {"b": "broken"}, {
        "broken.py": "from dezero import hookimpl\n@hookimpl\ndef dezero_register_ops(register):\n"
                     "    register.lazy('gone', {'gone': {'numpy': ['numpy.hypot']}})\n"})
    done = site.run("""
        import sys, dezero, numpy as np
        x = dezero.Variable(np.array(3.0))
        assert x.H.data == 1.5 and "lazy_mod" in sys.modules
        print([row.reason for row in dezero.plugins.status() if row.distribution in ("plug", "broken")], dezero.plugins.failures)
        try:
            np.hypot(x, x)
        except dezero.errors.PluginError as error:
            print(error)
        failure, = dezero.plugins.failures
        print(failure[:4])
        dezero.plugins.load(reload=True)
        assert x.H.data == 1.5 and dezero.plugins.failures == ()
        """)
    assert done.stdout == ("['', ''] ()\ngone, which broken 1.0 imports at the first use of one of its ops, failed: "
                           "ModuleNotFoundError: No module named 'gone'\n"
                           "('broken', '1.0', 'gone', \"ModuleNotFoundError: No module named 'gone'\")\n"), done.stderr


# -- register: what is refused


@pytest.mark.parametrize("name", [
    "", "1x", "a b", "a-b", ".x", "x.", "x..y", "x.class", "x._y", "class", "None", "_x", "__add__", "_", "data", "grad", "name", "creator", "generation",
    "shape", "backward", "cleargrad", "a\nb", "\x1b[31m", "ﬁ", 3, None, b"x", ("twice",)])
def test_op_names_that_are_refused(name):
    with pytest.raises(PluginError) as caught:
        plugins.register(type("Op", (Function,), {"name": name, "forward": lambda self, x: x}))
    assert repr(name) in str(caught.value) and str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["x", "Sinc", "sinc_2", "match", "σ"])
def test_op_names_that_are_fine(name):
    plugins.register(make_op(name))
    assert getattr(F, name)(var()).data == 6


@pytest.mark.parametrize("body, words", [
    ({"operators": "__matmul__"}, "a tuple such as"),
    ({"operators": ("matmul",)}, "'matmul' cannot be claimed"),
    ({"operators": ("__rmatmul__",)}, "claim '__matmul__'"),
    ({"operators": ("__imatmul__",)}, "claim '__matmul__'"),
    ({"operators": ("__eq__",)}, "'__eq__' cannot be claimed"),
    ({"operators": ("__setitem__",)}, "cannot be claimed"),
    ({"operators": (3,)}, "3 cannot be claimed"),
    ({"operators": None}, "not None"),
    ({"numpy": np.sinc}, "a tuple of NumPy functions"),
    ({"numpy": ("sinc",)}, "not 'sinc'"),
    ({"numpy": (None,)}, "not None"),
    ({"numpy": (np.float64,)}, "the NumPy function itself"),
    ({"kernel": 3}, "dezero.Kernel"),
    ({"kernel": np.sin}, "dezero.Kernel"),
    ({"order": 2}, "not 2"),
    ({"order": True}, "not True"),
    ({"order": "1"}, "not '1'"),
])
def test_bodies_that_are_refused(body, words):
    with pytest.raises(PluginError, match=re.escape(words)):
        plugins.register(make_op(**body))
    assert "twice" not in names()


@pytest.mark.parametrize("forward, nin, words", [
    (lambda self, x, y: x, 1, "its kernel takes 1 operand, forward takes 2;"),
    (lambda self, x: x, 2, "its kernel takes 2 operands, forward takes 1;"),
    (lambda self, x: x, 3, "its kernel takes 3 operands, forward takes 1;"),
    (lambda self, x, y=None: x, 3, "its kernel takes 3 operands, forward takes 1 to 2;"),
    (lambda self, x, *xs, axis=0: x, 1, None),
    (lambda self, *xs: xs[0], 2, None),
    (lambda self, x, y=None: x, 1, None),
    (lambda self, x, y=None: x, 2, None),
    (np.sin, 2, None),              # a compiled forward does not say
])
def test_a_kernel_of_another_number_of_operands(forward, nin, words):
    loop = (1, "d" * nin + "->d")   # an address that nobody calls
    body = make_op(kernel=dezero.Kernel(loop, ("+",) * nin), forward=forward)
    if words is None:
        plugins.register(body)
        return
    with pytest.raises(PluginError, match="class Twice: " + re.escape(words)):
        plugins.register(body)
    assert "twice" not in names()


class WithoutName(Function):
    def forward(self, x):
        return x


class OfMul(dezero.Mul):
    pass


class WithoutForward(Function):
    name = "without"


@pytest.mark.parametrize("thing, words", [
    (Function, "subclass of dezero.Function"),
    (WithoutName, "states no name in its own body"),
    (OfMul, "states no name in its own body"),
    (WithoutForward, "no forward"),
    (None, "hook"), ("dezero_foo", "hook"), (3, "hook"), (object(), "hook"), (np, "hook"), (int, "hook"),
    (Function(), "hook|not registered"),
])
def test_things_that_are_refused(thing, words):
    with pytest.raises(PluginError, match=words):
        plugins.register(thing)


def test_attributes_are_read_from_the_own_body_alone():
    class Own(dezero.Mul):
        name = "own"

    plugins.register(Own)
    op = registry.snapshot.names["own"]
    assert (op.operators, op.numpy, op.kernel, op.order) == ((), (), None, "checked")
    assert (var() * var()).data == 9.0


def test_order_and_source_are_recorded():
    plugins.register(make_plugin(make_op("first", order=1), make_op("vouched", order=None), make_op("plain")))
    ops = registry.snapshot.names
    assert [ops[name].order for name in ("first", "vouched", "plain")] == [1, None, "checked"]
    plugins.register(WithName)
    op = ops = registry.snapshot.names["with_name"]
    assert op.file == __file__
    with open(__file__, encoding="utf-8") as source:
        assert source.read().splitlines()[line(op) - 1] == "class WithName(Function):"


class WithName(Function):
    """y = x;   ∂y/∂x = 1"""

    name = "with_name"

    def forward(self, x):
        return x + 0.0


def test_what_a_hook_offers_is_checked():
    for offered in (3, None, "add", Function, make_op, WithoutName):
        with pytest.raises(PluginError):
            plugins.register(make_plugin(make_op("fine"), offered))
        assert "fine" not in names()
    for function in (3, None, "floor", []):
        with pytest.raises(PluginError, match="constant"):
            plugins.register(make_plugin(make_op("fine"), constants=[function]))
        assert "fine" not in names()


def test_a_hook_that_raises_leaves_nothing():
    before = registry.snapshot
    with pytest.raises(PluginError, match="a_plugin.*ZeroDivisionError") as caught:
        plugins.register(make_plugin(make_op("fine"), constants=[np.nanargmax], before=lambda register: 1 / 0))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert registry.snapshot is before
    plugins.register(make_plugin(make_op("fine")))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_hook_that_is_interrupted_leaves_nothing(error):
    def stop(register):
        raise error

    module = make_plugin(make_op("fine"), before=stop)
    with pytest.raises(error):
        plugins.register(module)
    assert "fine" not in names() and module not in plugins._manager.get_plugins()


def test_a_hook_that_returns_its_ops():
    module = types.ModuleType("a_plugin")
    module.dezero_register_ops = hookimpl(lambda register: [make_op()])
    with pytest.raises(PluginError, match="returned list; it calls register"):
        plugins.register(module)

    async def dezero_register_ops(register):
        register(make_op())

    module.dezero_register_ops = hookimpl(dezero_register_ops)
    with pytest.raises(PluginError, match="returned coroutine"):
        plugins.register(module)


def test_a_hook_without_arguments_and_an_empty_one():
    module = types.ModuleType("a_plugin")
    module.dezero_register_ops = hookimpl(lambda: None)
    plugins.register(module)
    assert [row.ops for row in plugins.status() if row.name == "a_plugin"] == [()]


def test_registering_late():
    kept = []
    plugins.register(make_plugin(before=kept.append))
    with pytest.raises(PluginError, match="after its hook had returned"):
        kept[0](make_op())


def test_hooks_that_pluggy_would_not_call():
    misspelt = types.ModuleType("misspelt")
    misspelt.dezero_registr_ops = hookimpl(lambda register: None)
    undecorated = types.ModuleType("undecorated")
    undecorated.dezero_register_ops = lambda register: None
    both = types.ModuleType("both")
    both.dezero_regster_op = lambda register: None
    foreign = types.ModuleType("foreign")
    foreign.dezero_register_ops = pluggy.HookimplMarker("other")(lambda register: None)
    compiled = types.ModuleType("compiled")
    compiled.dezero_register_ops = len
    wrapper = types.ModuleType("wrapper")
    wrapper.dezero_register_ops = hookimpl(wrapper=True)(lambda register: (yield))
    wrong = types.ModuleType("wrong")
    wrong.dezero_register_ops = hookimpl(lambda register, more: None)
    for module, words in (
            (misspelt, "unknown hook 'dezero_registr_ops'; did you mean 'dezero_register_ops'?"),
            (undecorated, "not decorated; write @hookimpl"),
            (both, "unknown hook 'dezero_regster_op'; did you mean"),
            (foreign, "not decorated"),
            (compiled, "is compiled or no function at all (builtin_function_or_method)"),
            (wrapper, "wrapper"),
            (wrong, "wanted: def dezero_register_ops(register)")):
        with pytest.raises(PluginError, match=re.escape(words)):
            plugins.register(module)
        assert module not in plugins._manager.get_plugins()


def test_an_object_whose_attributes_raise():
    class Evil:
        def __getattr__(self, name):
            return 1 / 0

    class Property:
        @property
        def dezero_register_ops(self):
            return 1 / 0

        def __repr__(self):
            return 1 / 0

    for thing in (Evil(), Property()):
        with pytest.raises(PluginError):
            plugins.register(thing)
    assert F.add(1.0, 2.0).data == 3.0


@pytest.mark.parametrize("wanted, words", [
    ((2, 0), r"needs DEZERO_API \(2, 0\), this dezero has \(1, 0\); update dezero"),
    ((1, 1), "update dezero"),
    ((0, 9), "update the plugin"),
    ("1.0", "a pair such as"), (1, "a pair"), ((1,), "a pair"), ((1, 0, 0), "a pair"), ((1.0, 0), "a pair"),
    ((True, 0), "a pair"),
])
def test_an_api_that_does_not_fit(wanted, words):
    with pytest.raises(PluginError, match=words):
        plugins.register(make_plugin(make_op(), DEZERO_API=wanted))
    assert "twice" not in names()


def test_an_api_that_fits():
    plugins.register(make_plugin(make_op(), DEZERO_API=(1, 0)))
    assert "twice" in names()


# -- conflicts and preferences


def test_a_taken_name_operator_or_function():
    for op, words in ((make_op("add"), "the name 'add'"), (make_binary(operators=("__mul__",)), "the operator '__mul__'"),
                      (make_binary(numpy=(np.multiply,)), "numpy.multiply"), (make_op(numpy=(np.floor,)), "numpy.floor")):
        before = registry.snapshot
        with pytest.raises(OpConflict, match=re.escape(words)) as caught:
            plugins.register(make_plugin(make_op("fine"), op))
        text = str(caught.value)
        assert "dezero " + dezero.__version__ in text and "prefer(" in text
        assert len(re.findall(r"\.py:[1-9]\d*", text)) == 2, "file and line of both"
        assert registry.snapshot is before
    assert issubclass(OpConflict, PluginError)


def test_preferring_before_and_after():
    Mul = make_binary("mul", operators=("__mul__",), numpy=(np.multiply,))
    with plugins.isolated():
        plugins.prefer("mine", "mul")
        plugins.register(make_plugin(Mul, make_op("other")), name="mine")
        assert (var() * var()).data == 9.0 and "other" in names()
        assert F.mul(3.0, 3.0).data == 9.0
        assert (var(1.0) * var(5.0)).data == 7.0, "2 x + y"
        assert [row.skipped for row in plugins.status() if row.name == "dezero.ops.mul"] == [("mul",)]
        plugins.prefer("dezero", "mul")
        assert (var(1.0) * var(5.0)).data == 5.0 and "other" in names()
        plugins.prefer("mine", "mul")
        assert (var(1.0) * var(5.0)).data == 7.0
        plugins.unregister("mine")
        assert (var(1.0) * var(5.0)).data == 5.0, "the built-in is back"
    assert (var(1.0) * var(5.0)).data == 5.0
    with pytest.raises(OpConflict):
        plugins.register(Mul)


def test_the_op_that_loses_is_skipped_and_the_rest_of_its_plugin_stays():
    plugins.register(make_plugin(make_op("a", operators=("__invert__",)), make_op("b")), name="first")
    plugins.prefer("first", "a")
    plugins.register(make_plugin(make_op("c", operators=("__invert__",)), make_op("d")), name="second")
    assert {"a", "b", "d"} <= names() and "c" not in names()
    plugins.prefer("second", "c")
    assert {"b", "c", "d"} <= names() and "a" not in names()
    plugins.register(make_plugin(make_op("e", operators=("__invert__",)), make_op("f")), name="third")
    assert {"c", "f"} <= names() and not {"a", "e"} & names()


def test_what_a_preference_decided_stays_decided_when_its_winner_goes():
    plugins.prefer("best", "best")
    for name in ("one", "best", "two"):
        plugins.register(make_op(name, operators=("__invert__",)), name=name)
    plugins.unregister("best")
    assert "one" in names() and "two" not in names()
    plugins.register(make_op("unrelated"))


@pytest.mark.parametrize("arguments", [(None, "mul"), ("dezero", 3)])
def test_prefer_takes_two_names(arguments):
    with pytest.raises(TypeError, match="two strings"):
        plugins.prefer(*arguments)


# -- unregister


def test_unregister_takes_off_the_whole_plugin():
    module = plugins.register(make_plugin(make_op("one"), make_op("two"), constants=[np.nanargmax]))
    plugins.unregister(module)
    assert not {"one", "two"} & names() and not registry.is_constant(np.nanargmax)
    plugins.register(module)
    plugins.unregister("a_plugin")
    assert not {"one", "two"} & names()


@pytest.mark.parametrize("thing", ["nope", "", object(), make_op, Function, None, 3, "a\x1bb"])
def test_unregistering_what_is_unknown(thing):
    with pytest.raises(PluginError) as caught:
        plugins.unregister(thing)
    assert str(caught.value).isprintable()


def test_unregistering_hints():
    with pytest.raises(PluginError, match="'dezero.ops.mull'.*did you mean 'dezero.ops.mul'"):
        plugins.unregister("dezero.ops.mull")
    with pytest.raises(PluginError, match="op of plugin 'dezero.ops.mul'"):
        plugins.unregister("mul")
    with pytest.raises(PluginError, match="op of plugin 'dezero.ops.mul'"):
        plugins.unregister(dezero.Mul)


# -- isolated


def test_isolated_restores():
    Twice = plugins.register(make_op())
    before, failures = registry.snapshot, plugins.failures
    with plugins.isolated():
        plugins.unregister(Twice)
        plugins.unregister("dezero.ops.add")
        plugins.register(make_op("inner"))
        plugins.prefer("x", "y")
        with plugins.isolated():
            plugins.register(make_op("innermost"))
        assert "inner" in names() and not {"innermost", "twice", "add"} & names()
    assert registry.snapshot is before and plugins.failures is failures and not plugins._preferences
    assert (var() + var()).data == 6.0
    plugins.unregister(Twice)
    plugins.register(Twice)


def test_isolated_restores_after_an_error():
    before = registry.snapshot
    with pytest.raises(ZeroDivisionError):
        with plugins.isolated():
            plugins.register(make_op())
            1 / 0
    assert registry.snapshot is before


# -- at the wrong moment


def test_registering_while_an_op_runs():
    late = make_op("late")

    class Registers(Function):
        name = "registers"

        def forward(self, x):
            plugins.register(late)
            return x * 2.0

        def backward(self, gy):
            plugins.unregister(late)
            return gy * 2.0

    plugins.register(Registers)
    x = var()
    y = F.registers(x)
    assert x.late().data == 6.0
    y.backward()
    assert x.grad == 2.0 and "late" not in names()


def test_registering_from_a_hook():
    inner = make_op("inner")
    plugins.register(make_plugin(make_op("outer"), before=lambda register: plugins.register(inner)))
    assert {"inner", "outer"} <= names()


def test_unregistering_oneself_from_the_hook():
    with pytest.raises(PluginError, match="taken off while its hook ran"):
        plugins.register(make_plugin(make_op(), before=lambda register: plugins.unregister("self")), name="self")
    assert "twice" not in names()


def test_threads_that_call_while_one_registers():
    wrong, stop = [], threading.Event()

    def call():
        x = var()
        while not stop.is_set():
            try:
                if (x * x + x).data != 12.0 or F.square(x).data != 9.0:
                    wrong.append("value")
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(300):
        op = plugins.register(make_op(f"op{i}"))
        plugins.unregister(op)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_that_register():
    wrong = []

    def work(k):
        try:
            for i in range(50):
                op = plugins.register(make_op(f"op_{k}_{i}"))
                if F.__getattr__(f"op_{k}_{i}")(1.0).data != 2.0:
                    wrong.append("value")
                plugins.unregister(op)
        except Exception as error:
            wrong.append(error)

    before = registry.snapshot.names
    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and dict(registry.snapshot.names) == dict(before)


def test_registering_leaks_nothing():
    op, module = make_op(), make_plugin(make_op("inner"))

    def once():
        plugins.register(op)
        plugins.register(module)
        plugins.unregister(op)
        plugins.unregister(module)

    def fresh():
        op = plugins.register(make_binary("fresh_op", operators=("__matmul__",)))
        x = var()
        (x @ x).backward()
        plugins.unregister(op)
        return weakref.ref(op)

    for _ in range(20):
        once()
        fresh()
    gc.collect()
    before = len(gc.get_objects())
    gone = []
    for _ in range(500):
        once()
        gone.append(fresh())
    gc.collect()
    assert not any(op() for op in gone), "a class that was taken off is kept"
    gone.clear()
    assert len(gc.get_objects()) - before < 20


# -- installed packages


def test_installed_packages_load_at_the_first_miss(site):
    site.good()
    done = site.run("""
        import sys
        import dezero, numpy as np
        import dezero.functions as F
        x = dezero.Variable(np.array(3.0))
        y = x * x + F.square(x)
        assert np.floor(x) == 3 and not hasattr(x, "_repr_latex_")
        assert "zz_good" not in sys.modules and "importlib.metadata" not in sys.modules
        print(F.good_op(x).data, x.good_op().data, "zz_good" in sys.modules)
        row = [row for row in dezero.plugins.status() if row.distribution == "zz-good"][0]
        print(row.name, row.kind, row.status, row.version, row.entry, row.ops)
        """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["6.0 6.0 True", "zz-good:good installed active 1.0 good ('good_op',)"]


@pytest.mark.parametrize("miss", [
    "F.claimer(x, x)", "x.claimer(x)", "x @ x", "x @ np.array(1.0)", "np.array(1.0) @ x", "np.hypot(x, x)", "dezero.plugins.load()",
    "np.nanargmax(x)",
])
def test_every_kind_of_miss(site, miss):
    text = op_module("claimer", ("__matmul__",), "(np.hypot,)") + "    register.constant(np.nanargmax)\n"
    site.add("plug", {"p": "plug"}, {"plug.py": text})
    done = site.run(f"""
        import sys, dezero, numpy as np
        import dezero.functions as F
        x = dezero.Variable(np.array(3.0))
        assert "plug" not in sys.modules
        {miss}
        assert "plug" in sys.modules
        """)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_order_is_not_that_of_the_path(tmp_path):
    one, two = Site(tmp_path / "one"), Site(tmp_path / "two")
    one.add("Bbb", {"b": "bbb"}, {"bbb.py": op_module("same", factor=3.0)})
    two.add("aaa", {"z": "aaa"}, {"aaa.py": op_module("same", factor=2.0)})
    outputs = set()
    for first, second in ((one, two), (two, one)):
        path = os.pathsep.join([str(first.folder), str(second.folder), os.path.dirname(dezero.__path__[0])])
        done = first.run("""
            import dezero.functions as F
            print(F.same(1.0).data)
            """, PYTHONPATH=path)
        outputs.add(done.stdout)
        assert "op 'same' (Bbb 1.0, " in done.stderr and "taken by op 'same' (aaa 1.0, " in done.stderr
    assert outputs == {"2.0\n"}


def test_equal_entry_names_in_two_distributions(site):
    site.add("one", {"ops": "one_ops"}, {"one_ops.py": op_module("one_op")})
    site.add("two", {"ops": "two_ops"}, {"two_ops.py": op_module("two_op")})
    done = site.run("import dezero.functions as F; print(F.one_op(1.0).data, F.two_op(1.0).data)")
    assert (done.stdout, done.stderr) == ("2.0 2.0\n", "")


def test_the_same_distribution_twice_on_the_path(tmp_path):
    new = Site(tmp_path / "new").add("plug-in", {"p": "plug"}, {"plug.py": op_module("op")}, version="2.0")
    old = Site(tmp_path / "old").add("Plug.in", {"p": "plug"}, {"plug.py": "1/0"}, version="1.0")
    path = os.pathsep.join([str(new.folder), str(old.folder), os.path.dirname(dezero.__path__[0])])
    done = new.run("""
        import dezero.functions as F, dezero
        F.op(1.0)
        print([row.version for row in dezero.plugins.status() if "plug" in row.name.lower()])
        """, PYTHONPATH=path)
    assert (done.stdout, done.stderr) == ("['2.0']\n", "")


FAULTS = {
    "missing module": (dict(entries={"a": "no_such_module"}), "ModuleNotFoundError: No module named 'no_such_module'"),
    "missing attribute": (dict(entries={"a": "m:Nope"}, modules={"m.py": ""}), "AttributeError.*Nope"),
    "syntax error": (dict(entries={"a": "m"}, modules={"m.py": "def ("}), r"SyntaxError.*m\.py"),
    "import error": (dict(entries={"a": "m"}, modules={"m.py": "from math import nope"}), "ImportError.*nope"),
    "exit": (dict(entries={"a": "m"}, modules={"m.py": "import sys; sys.exit(9)"}), "SystemExit: 9"),
    "os error": (dict(entries={"a": "m"}, modules={"m.py": "open('/nowhere/at/all')"}), "FileNotFoundError"),
    "base exception": (dict(entries={"a": "m"}, modules={"m.py": "class B(BaseException): pass\nraise B('b')"}), "B: b"),
    "recursion": (dict(entries={"a": "m"}, modules={"m.py": "def f(): f()\nf()"}), "RecursionError"),
    "generator exit": (dict(entries={"a": "m"}, modules={"m.py": "raise GeneratorExit"}), "GeneratorExit"),
    "unprintable error": (dict(entries={"a": "m"}, modules={
        "m.py": "class Ex(Exception):\n    __str__ = lambda self: 1/0\nraise Ex"}), "Ex: .its message cannot be shown"),
    "huge error": (dict(entries={"a": "m"}, modules={"m.py": "raise ValueError('x' * 10**7)"}), r"ValueError: x+\.\.\."),
    "escapes in an error": (dict(entries={"a": "m"}, modules={"m.py": r"raise ValueError('\x1b[31m red\n\nnew line\0')"}),
                            r"ValueError: \\x1b\[31m red new line\\x00"),
    "malformed value": (dict(entries={"a": "1bad::x y"}), "'1bad::x y' is not 'module' or 'module:object'"),
    "empty value": (dict(entries={"a": ""}), "'' is not 'module'"),
    "relative value": (dict(entries={"a": ".m"}, modules={"m.py": ""}), "TypeError.*relative"),
    "malformed entry points": (dict(entry_points="[[["), r"line 1 of its entry_points.txt is malformed: '\[\[\['"),
    "entry without a value": (dict(entry_points="[dezero]\nabc\n"), "line 2 .*malformed: 'abc'"),
    "entry points that are no text": (dict(entry_points=b"\xff\xfe[dezero]\n\x80"), "UnicodeDecodeError|malformed"),
    "no metadata": (dict(entries={"a": "m"}, metadata=""), "states no"),
    "metadata that is no text": (dict(entries={"a": "m"}, metadata=b"\xff\xfe\x00\x01"), "UnicodeDecodeError|states no"),
    "no version": (dict(entries={"a": "m"}, metadata="Metadata-Version: 2.1\nName: plug\n"), "states no Version"),
    "one entry name twice": (dict(entry_points="[dezero]\na = m1\na = m2\n", modules={
        "m1.py": op_module("first"), "m2.py": op_module("op")}), "entry point 'a' is there twice"),
    "newer api": (dict(entries={"a": "m"}, modules={"m.py": op_module("op") + "DEZERO_API = (2, 0)"}), "DEZERO_API"),
    "newer minor api": (dict(entries={"a": "m"}, modules={"m.py": op_module("op") + "DEZERO_API = (1, 9)"}), "DEZERO_API"),
    "malformed api": (dict(entries={"a": "m"}, modules={"m.py": op_module("op") + "DEZERO_API = '1.0'"}), "DEZERO_API"),
    "misspelt hook": (dict(entries={"a": "m"}, modules={
        "m.py": op_module("op").replace("dezero_register_ops", "dezero_registr_ops")}), "did you mean 'dezero_register_ops'"),
    "misspelt hook, undecorated": (dict(entries={"a": "m"}, modules={"m.py": "def dezero_register_op(register): pass"}),
                                   "did you mean 'dezero_register_ops'"),
    "undecorated hook": (dict(entries={"a": "m"}, modules={"m.py": op_module("op").replace("@hookimpl", "")}),
                         "not decorated; write @hookimpl"),
    "compiled hook": (dict(entries={"a": "m"}, modules={"m.py": "from math import hypot as dezero_register_ops"}), "compiled"),
    "hook compiled without a binding": (dict(entries={"a": "m"}, modules={
        "m.py": "from dezero import hookimpl\nhookimpl(len)"}), "compiled function.*put the hook in a .py module"),
    "no hook": (dict(entries={"a": "m"}, modules={"m.py": ""}), "has no hook"),
    "hook with other arguments": (dict(entries={"a": "m"}, modules={
        "m.py": op_module("op").replace("ops(register)", "ops(register, more)")}), "more.*hookspec"),
    "hook that raises": (dict(entries={"a": "m"}, modules={"m.py": op_module("op") + "    1 / 0\n"}), "ZeroDivisionError"),
    "hook that exits": (dict(entries={"a": "m"}, modules={"m.py": op_module("op") + "    raise SystemExit(3)\n"}),
                        "SystemExit: 3"),
    "refused op": (dict(entries={"a": "m"}, modules={
        "m.py": op_module("op") + "    register(type('X', (Function,), {'name': 'a b', 'forward': lambda s, x: x}))\n"}),
        "name 'a b'"),
    "conflict with itself": (dict(entries={"a": "m"}, modules={
        "m.py": op_module("op") + "    register(type('X', (Function,), {'name': 'op', 'forward': lambda s, x: x}))\n"}),
        r"op 'op' \(plug 1.0, .*claims the name 'op', which is taken by op 'op' \(plug 1.0, "),
    "no elf": (dict(entries={"a": "m"}, modules={"m.so": b"\x7fELF"}), "ImportError"),
    "compiled for another Python": (dict(entries={"a": "m"}, modules={"m.cpython-39-x86_64-linux-gnu.so": b""}),
                                    r"another Python: found m\.cpython-39-x86_64-linux-gnu\.so"),
    "kernel compiled for another Python": (dict(entries={"a": "m"}, modules={
        "m/__init__.py": "from . import loops", "m/loops.cp39-win_amd64.pyd": b""}), r"another Python: found loops\.cp39"),
    "kernel submodule for another Python": (dict(entries={"a": "m"}, modules={
        "m/__init__.py": "import m.loops", "m/loops.cpython-39-darwin.so": b""}), r"another Python: found loops\.cpython-39"),
    "kernel of another numpy": (dict(entries={"a": "m"}, modules={
        "m.py": "raise RuntimeError('module compiled against ABI version 0x1000009 but this version of numpy is 0x2000000')"}),
        "RuntimeError: module compiled against ABI version 0x1000009"),
    "entry name with an escape": (dict(entry_points="[dezero]\na\x1b[31m = zz_good\n"), r"entry point name 'a\\x1b\[31m'"),
    "entry name that is long": (dict(entry_points=f"[dezero]\n{'a' * 10000} = zz_good\n"), "entry point name 'aaaa"),
    "entry name that is a path": (dict(entry_points="[dezero]\n../a = zz_good\n"), "entry point name '../a'"),
    "evil module attributes": (dict(entries={"a": "m:thing"}, modules={
        "m.py": "class E:\n    def __getattr__(self, name): return 1/0\nthing = E()"}), "has no hook|ZeroDivisionError"),
}


CONTAINED = """
    import os, warnings
    import dezero
    import dezero.functions as F
    from dezero import plugins

    for _ in range(3):
        print(F.good_op(1.0).data, hasattr(F, "op"))
    for failure in plugins.failures:
        print(failure.distribution, failure.version, ascii(failure.entry[:70]), failure.reason)
        assert isinstance(failure.exception, BaseException)
        assert failure.reason.isprintable() and len(failure.reason) < 1000

    os.environ["DEZERO_STRICT_PLUGINS"] = "1"
    try:
        plugins.load(reload=True)
    except dezero.errors.PluginError as error:
        print("strict", error)

    os.environ["DEZERO_DISABLE_PLUGINS"] = "plug"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plugins.load(reload=True)
    print("disabled", F.good_op(1.0).data, hasattr(F, "op"), plugins.failures, caught)
"""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_contained(site, fault):
    what, words = FAULTS[fault]
    done = site.good().add("plug", **what).run(CONTAINED)
    assert done.returncode == 0, done.stderr
    *alive, failure, strict, disabled = done.stdout.splitlines()
    assert alive == ["2.0 False"] * 3
    assert failure.startswith("plug") and re.search(words, failure)
    assert strict.startswith("strict ") and re.search(words, strict)
    assert disabled == "disabled 2.0 False () []"
    warning, *line = done.stderr.splitlines()
    assert "PluginWarning: " in warning and len(line) <= 1, "one warning, and at most the line that it points to"
    assert re.search(words, warning) and "distribution plug" in warning
    assert warning.isprintable() and len(warning) < 1500


def test_strict_from_the_start(site):
    site.good().add("plug", {"a": "nope"})
    done = site.run("import dezero; print(1)\nimport dezero.functions as F\nF.good_op", DEZERO_STRICT_PLUGINS="1")
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert "PluginError: plugin 'a' (distribution plug 1.0, entry point 'a = nope') not loaded: Mod" in done.stderr
    for off in ("", "0"):
        assert site.run("import dezero.functions as F; F.good_op", DEZERO_STRICT_PLUGINS=off).returncode == 0


def test_a_warning_names_distribution_version_entry_and_reason(site):
    site.add("Plug_In", {"ent": "no_such_module"}, version="3.1")
    done = site.run("import dezero; dezero.plugins.load(); print(dezero.plugins.failures[0])")
    assert "<string>:1: PluginWarning: plugin 'ent' (distribution Plug_In 3.1, entry point 'ent = no_such_module') " \
           "not loaded: ModuleNotFoundError: No module named 'no_such_module'; " \
           "disable with DEZERO_DISABLE_PLUGINS=Plug_In:ent\n" in done.stderr
    assert done.stdout.startswith("Failure(distribution='Plug_In', version='3.1', entry='ent', "
                                  "reason=\"ModuleNotFoundError: No module named 'no_such_module'\", exception=Mod")


def test_keyboard_interrupt_is_no_failure_and_leaves_a_usable_process(site):
    site.good().add("plug", {"a": "plug"}, {"plug.py": op_module("op") + "import state\nif state.first: raise KeyboardInterrupt"})
    site.add("state", modules={"state.py": "first = True"}, entry_points="")
    done = site.run("import dezero.functions as F\nF.good_op")
    assert "KeyboardInterrupt" in done.stderr and done.returncode in (130, -signal.SIGINT)
    done = site.run("""
        import dezero, state
        import dezero.functions as F
        try:
            F.good_op
        except KeyboardInterrupt:
            state.first = False
        print(F.good_op(1.0).data, F.op(1.0).data, dezero.plugins.failures)
        """)
    assert (done.stdout, done.stderr) == ("2.0 2.0 ()\n", "")


def test_every_good_plugin_of_a_bad_distribution_is_loaded(site):
    site.add("plug", {"a": "nope", "b": "plug_b"}, {"plug_b.py": op_module("b_op")})
    done = site.run("import dezero.functions as F; print(F.b_op(1.0).data)")
    assert done.stdout == "2.0\n" and done.stderr.count("PluginWarning") == 1


def test_an_error_about_a_missing_op_mentions_what_failed(site):
    site.add("plug", {"a": "nope"})
    done = site.run("""
        import warnings; warnings.simplefilter("ignore")
        import dezero, numpy as np
        import dezero.functions as F
        x = dezero.Variable(np.array(1.0))
        for miss in (lambda: F.sinc9, lambda: x.sinc9(), lambda: x @ x, lambda: np.sinc(x)):
            try:
                miss()
            except dezero.errors.OpNotFound as error:
                print("'a' (plug 1.0): ModuleNotFoundError: No module named 'nope'" in str(error))
        """)
    assert done.stdout == "True\n" * 4


def test_warnings_as_errors(site):
    site.good().add("plug", {"a": "nope"})
    done = site.run("""
        import dezero
        import dezero.functions as F
        try:
            F.good_op
        except dezero.errors.PluginWarning as warning:
            print(warning)
        print(F.good_op(1.0).data, len(dezero.plugins.failures))
        """, "-W", "error")
    assert "plugin 'a'" in done.stdout and done.stdout.endswith("2.0 1\n")


# -- choosing


@pytest.mark.parametrize("environ, loaded", [
    ({}, {"one", "two"}),
    ({"DEZERO_DISABLE_PLUGINS": ""}, {"one", "two"}),
    ({"DEZERO_DISABLE_PLUGINS": "all"}, set()),
    ({"DEZERO_DISABLE_PLUGINS": "dist-one"}, {"two"}),
    ({"DEZERO_DISABLE_PLUGINS": "Dist_One"}, {"two"}),
    ({"DEZERO_DISABLE_PLUGINS": "ent1"}, {"two"}),
    ({"DEZERO_DISABLE_PLUGINS": " dist.ONE:ent1 , ent2"}, set()),
    ({"DEZERO_LOAD_PLUGINS": ""}, set()),
    ({"DEZERO_LOAD_PLUGINS": "ent1"}, {"one"}),
    ({"DEZERO_LOAD_PLUGINS": "dist-one:ent1"}, {"one"}),
    ({"DEZERO_LOAD_PLUGINS": "DIST_TWO"}, {"two"}),
    ({"DEZERO_LOAD_PLUGINS": "ent1,ent2", "DEZERO_DISABLE_PLUGINS": "dist-two"}, {"one"}),
])
def test_lists_are_read_before_anything_is_imported(site, environ, loaded):
    site.add("dist-one", {"ent1": "mod_one"}, {"mod_one.py": op_module("one")})
    site.add("dist-two", {"ent2": "mod_two"}, {"mod_two.py": op_module("two")})
    done = site.run("""
        import sys, dezero
        dezero.plugins.load()
        print(sorted(name[4:] for name in ("mod_one", "mod_two") if name in sys.modules))
        print(sorted(name for name in ("one", "two") if name in dezero.registry.registry.snapshot.names))
        print({row.name: row.status for row in dezero.plugins.status() if row.name.startswith("dist-")})
        """, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    shown = [eval(text) for text in done.stdout.splitlines()]
    assert shown[0] == shown[1] == sorted(loaded)
    assert shown[2] == {"dist-one:ent1": "active" if "one" in loaded else "disabled",
                        "dist-two:ent2": "active" if "two" in loaded else "disabled"}


@pytest.mark.parametrize("variable", ["DEZERO_DISABLE_PLUGINS", "DEZERO_LOAD_PLUGINS"])
def test_an_unknown_name_warns_at_the_first_load(site, variable):
    site.add("zz-foo", {"foo": "foo"}, {"foo.py": op_module("foo_op")})
    done = site.run("import dezero; print(1); dezero.plugins.load(); dezero.plugins.load()", **{variable: "fo,zz-foo,b\x1bd"})
    assert done.stdout == "1\n" and done.stderr.count("PluginWarning") == 2
    assert f"PluginWarning: {variable} names the unknown plugin 'fo'; did you mean 'foo'?" in done.stderr
    assert r"unknown plugin 'b\x1bd'" in done.stderr
    assert site.run("import dezero", **{variable: "fo"}).stderr == ""


def test_preferences_of_the_environment(site):
    site.add("aa", {"a": "aa"}, {"aa.py": op_module("same", factor=2.0)})
    site.add("bb", {"b": "bb"}, {"bb.py": op_module("same", factor=3.0) + "    register(Rest)\n\n\n"
                                 "class Rest(Function):\n    name = 'rest'\n    def forward(self, x): return x * 5.0\n"})
    code = "import dezero.functions as F; print(F.same(1.0).data, hasattr(F, 'rest'))"
    refused = site.run(code)
    assert refused.stdout == "2.0 True\n" and "DEZERO_PREFER=bb:same" in refused.stderr
    assert (site.run(code, DEZERO_PREFER="bb:same").stdout, site.run(code, DEZERO_PREFER="bb:same").stderr) == ("3.0 True\n", "")
    done = site.run(code, DEZERO_PREFER="AA:same, x:y, nonsense")
    assert done.stdout == "2.0 True\n"
    assert "DEZERO_PREFER holds 'nonsense'" in done.stderr and "DEZERO_PREFER names 'x:y'" in done.stderr
    assert done.stderr.count("PluginWarning") == 2


def test_preferring_what_was_refused(site):
    site.add("aa", {"a": "aa"}, {"aa.py": op_module("same", factor=2.0)})
    site.add("bb", {"b": "bb"}, {"bb.py": op_module("same", factor=3.0)})
    site.add("cc", {"c": "nope"})
    done = site.run("""
        import dezero
        import dezero.functions as F
        print(F.same(1.0).data, [failure.distribution for failure in dezero.plugins.failures])
        dezero.plugins.prefer("B.B".replace(".", ""), "same")
        print(F.same(1.0).data, [failure.distribution for failure in dezero.plugins.failures])
        dezero.plugins.prefer("aa", "same")
        print(F.same(1.0).data)
        """)
    assert done.stdout.splitlines() == ["2.0 ['cc']", "3.0 ['cc']", "2.0"]
    assert done.stderr.count("PluginWarning") == 2, "nothing is told twice"


def test_a_builtin_falls_under_the_same_rule(site):
    site.add("mine", {"m": "mine"}, {"mine.py": op_module("mul", ("__mul__",), "(np.multiply,)", factor=7.0)})
    code = """
        import dezero, numpy as np
        dezero.plugins.load()
        x = dezero.Variable(np.array(2.0))
        print((x * x).data, np.multiply(x, x).data)
        """
    assert site.run(code).stdout == "4.0 4.0\n"
    done = site.run(code, DEZERO_PREFER="mine:mul")
    assert (done.stdout, done.stderr) == ("14.0 14.0\n", "")


def contest(site):
    """Two packages that both claim a name, an operator and a NumPy function, in three ops of the second one."""
    site.add("aa", {"a": "aa"}, {"aa.py": op_module("first", ("__matmul__",), "(np.hypot,)") + "    register(type('Same', (Function,), "
                                 "{'name': 'same', 'forward': lambda self, x: x * 2.0}))\n"})
    site.add("bb", {"b": "bb"}, {"bb.py": op_module("second", ("__matmul__", "__floordiv__"), "(np.hypot, np.arctan2)", factor=3.0)
                                 + "    register(type('Same', (Function,), {'name': 'same', 'numpy': (np.sinc,), "
                                 "'forward': lambda self, x: x * 3.0}))\n"})
    return site


CONTESTED = """
    import dezero, numpy as np
    import dezero.functions as F
    x = dezero.Variable(np.array(1.0))
    print(F.same(1.0).data, np.sinc(x).data, F.first(x, x).data, F.second(x, x).data, (x @ x).data, (x // x).data,
          np.hypot(x, x).data, np.arctan2(x, x).data)
"""


def test_only_the_contested_claims_of_the_later_package_are_skipped(site):
    done = contest(site).run(CONTESTED + """
    print(dezero.plugins.failures)
    try:
        F.nothing
    except AttributeError as error:
        print("aa" in str(error), "bb" in str(error), "claims" in str(error))
    """)
    assert done.stdout.splitlines() == ["2.0 3.0 2.0 3.0 2.0 3.0 2.0 3.0", "()", "False False False"]
    assert done.stderr.count("PluginWarning") == 1
    for words in ("op 'second' (bb 1.0, ", "claims the operator '__matmul__', which is taken by op 'first' (aa 1.0, ",
                  "claims the NumPy function numpy.hypot, which", "op 'same' (bb 1.0, ", "claims the name 'same', which is taken by",
                  "call dezero.plugins.prefer('bb', 'second') or dezero.plugins.prefer('bb', 'same') "
                  "or set DEZERO_PREFER=bb:second,bb:same"):
        assert words in done.stderr
    assert len(re.findall(r"\.py:[1-9]\d*", done.stderr)) == 6, "file and line of both sides"


def test_what_the_warning_says_decides(site):
    done = contest(site).run(CONTESTED.replace("    print(", "    dezero.plugins.load()\n    dezero.plugins.prefer('bb', 'second')\n"
                                               "    print(hasattr(F, 'first'), end=' ')\n    print(", 1).replace("F.first(x, x).data, ", ""))
    assert done.stdout == "False 2.0 3.0 3.0 3.0 3.0 3.0 3.0\n" and done.stderr.count("PluginWarning") == 1
    done = site.run(CONTESTED.replace("F.first(x, x).data, ", ""), DEZERO_PREFER="bb:second,bb:same")
    assert (done.stdout, done.stderr) == ("3.0 3.0 3.0 3.0 3.0 3.0 3.0\n", "")


def test_a_contested_claim_is_an_error_where_plugins_are_strict(site):
    done = contest(site).run("import dezero; dezero.plugins.load()", DEZERO_STRICT_PLUGINS="1")
    assert done.returncode == 1 and "PluginError: plugin 'b' (distribution bb 1.0" in done.stderr and "is taken by" in done.stderr


def test_a_contested_claim_is_told_by_status(site):
    done = contest(site).run("""
        import warnings; warnings.simplefilter("ignore")
        import dezero
        dezero.plugins.load()
        for row in dezero.plugins.status():
            if row.distribution in ("aa", "bb"):
                print(row.status, row.ops, row.skipped, row.reason)
        """)
    aa, bb = done.stdout.splitlines()
    assert aa == "active ('first', 'same') () "
    assert bb.startswith("active ('second',) ('same',) op 'second' (bb 1.0, ") and bb.count("which is taken by") == 3


def test_a_package_against_a_built_in(site):
    text = op_module("op", ("__mul__", "__matmul__"), "(np.multiply, np.hypot)")
    site.good().add("plug", {"a": "m"}, {"m.py": text + "    register(type('X', (Function,), {'name': 'add', "
                                                        "'forward': lambda s, x: x, 'numpy': (np.sinc,)}))\n"})
    done = site.run("""
        import dezero, numpy as np
        import dezero.functions as F
        x = dezero.Variable(np.array(3.0))
        print(F.op(x, x).data, np.hypot(x, x).data, (x @ x).data, (x * x).data, np.multiply(x, x).data, F.add(x, x).data, np.sinc(x).data)
        """)
    assert done.stdout == "6.0 6.0 6.0 9.0 9.0 6.0 3.0\n" and done.stderr.count("PluginWarning") == 1
    assert re.search(r"op 'add' \(plug 1.0, .*taken by the built-in op 'add' \(dezero .*add\.py:\d+\).*override.*"
                     r"prefer\('plug', 'op'\) or .*prefer\('plug', 'add'\)", done.stderr)


def test_a_package_against_what_this_process_registered(site):
    site.add("plug", {"a": "m"}, {"m.py": op_module("same", (), "(np.sinc,)") + "    register(type("
                                  "'X', (Function,), {'name': 'more', 'forward': lambda s, x: x * 5}))\n"})
    done = site.run("""
        import dezero, numpy as np
        import dezero.functions as F
        class Mine(dezero.Function):
            name = "same"
            def forward(self, x): return x * 7.0
        dezero.plugins.register(Mine)
        print(F.more(1.0).data, F.same(1.0).data, dezero.plugins.failures)
        """)
    assert done.stdout == "5.0 7.0 ()\n" and done.stderr.count("PluginWarning") == 1


def test_an_op_and_a_constant_of_two_packages(site):
    op, constant = op_module("op", (), "(np.sinc,)"), "from dezero import hookimpl\nimport numpy as np\n@hookimpl\n" \
        "def dezero_register_ops(register):\n    register.constant(np.sinc)\n    register.constant(np.hypot)\n"
    code = """
        import dezero, numpy as np
        import dezero.functions as F
        x = dezero.Variable(np.array(1.0))
        print(type(F.op(x, x)).__name__, type(np.hypot(x, x)).__name__, np.isscalar(np.hypot(x, x)))
        """
    site.add("aa", {"a": "aa"}, {"aa.py": op}).add("bb", {"b": "bb"}, {"bb.py": constant})
    done = site.run(code)
    assert done.stdout == "Variable float64 True\n" and "a constant (bb 1.0, " in done.stderr and done.stderr.count("PluginWarning") == 1


def test_the_first_by_name_has_it_whenever_it_came(site):
    site.add("bb", {"b": "bb"}, {"bb.py": op_module("same", factor=3.0)})
    done = site.run(f"""
        import sys
        import dezero.functions as F
        print(F.same(1.0).data)
        sys.path.append({os.path.dirname(__file__)!r})
        from sites import Site, op_module
        Site({str(site.folder)!r}).add("aa", {{"a": "aa"}}, {{"aa.py": op_module("same", factor=2.0)}})
        print(hasattr(F, "nothing"), F.same(1.0).data)
        """)
    assert done.stdout == "3.0\nFalse 2.0\n" and done.stderr.count("PluginWarning") == 1


def test_one_class_is_one_op_whoever_offers_it(site):
    """A test of a package registers its op, and its rule has the package loaded."""
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("op", (), "(np.sinc,)").replace("x, other", "x")})
    site.add("other", {"o": "other"}, {"other.py": "from plug import Op\nfrom dezero import hookimpl\n"
                                       "@hookimpl\ndef dezero_register_ops(register):\n    register(Op)\n"})
    for before, after in (("", "dezero.plugins.load()"), ("dezero.plugins.load()", "")):
        done = site.run(f"""
            import importlib
            import dezero, plug
            import dezero.functions as F
            {before}
            dezero.plugins.register(plug.Op)
            {after}
            print(F.op(1.0).data, F.op.__self__ is plug.Op, dezero.plugins.failures)
            dezero.plugins.unregister(plug.Op)
            print(F.op(1.0).data)
            importlib.reload(plug)
            dezero.plugins.register(plug.Op)
            print(F.op.__self__ is plug.Op)
            """)
        assert (done.stdout, done.stderr) == ("2.0 True ()\n2.0\nTrue\n", "")


# -- left-over metadata

GOOD_ONE = {"left_mod.py": op_module("left_op")}


@pytest.mark.parametrize(("text", "name", "version"), [
    ("Metadata-Version: 2.1\nName: a-b\nVersion: 1.0\n", "a-b", "1.0"), ("name:a\r\nVERSION:  1.0  \r\n\r\nName: b\r\n", "a", "1.0"),
    ("Summary: Name: b\nName: a\nDescription: x\n  Version: 3\n\nVersion: 2\n", "a", None), ("", None, None), ("Name:\nVersion: 1\n", "", "1"),
])
def test_name_and_version_are_read_off_the_head_of_metadata(text, name, version):
    assert (_discovery._header("Name", text), _discovery._header("Version", text)) == (name, version)
    message = email.message_from_string(text)
    assert (message.get("Name"), (message.get("Version") or "").strip()) == (name, version or "")


def test_name_and_version_are_what_importlib_finds():
    found = [one for one in metadata.distributions() if one.metadata.get("Name")]
    assert len(found) > 5
    for one in found:
        assert _discovery.Candidate(one).stated() == (one.metadata["Name"], one.version)


def leftover(site, name, **files):
    info = site.folder / name
    info.mkdir()
    for file, text in files.items():
        (info / file.replace("_txt", ".txt")).write_text(text)
    return site


def metadata_of(name, version):
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def used(path, *sites):
    """What a process says that has these sites on its path, in both orders where there are two."""
    for order in {sites, sites[::-1]}:
        folders = [str(one.folder) for one in order] + [os.path.dirname(dezero.__path__[0])]
        yield order[0].run("""
            import dezero
            import dezero.functions as F
            print(hasattr(F, "left_op"), [row.version for row in dezero.plugins.status() if "left" in row.name])
            """, PYTHONPATH=os.pathsep.join(folders))


@pytest.mark.parametrize("name, files", [
    ("dezero_left-0.9.dist-info", {"INSTALLERab12.tmp": ""}),
    ("dezero_left-0.9.dist-info", {}),
    ("dezero_left-2.0.dist-info", {"METADATA": ""}),
    ("dezero_left-0.9.dist-info", {"entry_points_txt": "[dezero]\nleft = left_mod\n"}),
    ("dezero_left.egg-info", {}),
    ("~ezero_left-0.9.dist-info", {"METADATA": metadata_of("dezero-left", "0.9"), "entry_points_txt": "[dezero]\nleft = left_mod\n"}),
])
def test_what_an_interrupted_install_left_hides_nothing(tmp_path, name, files):
    a = leftover(Site(tmp_path / "a"), name, **files)
    b = Site(tmp_path / "b").add("dezero-left", {"left": "left_mod"}, GOOD_ONE)
    for done in used(tmp_path, a, b):
        assert (done.stdout, done.stderr) == ("True ['1.0']\n", "")
    leftover(b, name, **files)
    for done in used(tmp_path, b):
        assert (done.stdout, done.stderr) == ("True ['1.0']\n", "")


def test_two_versions_in_one_folder(site, tmp_path):
    """An upgrade whose old metadata stayed: the newer one counts, and where they differ it is told."""
    site.add("dezero-left", {"left": "left_mod"}, GOOD_ONE, version="1.10")
    leftover(site, "dezero_left-1.9.dist-info", METADATA=metadata_of("dezero-left", "1.9"))
    leftover(site, "dezero_left-1.10rc1.dist-info", METADATA=metadata_of("dezero-left", "1.10rc1"))
    for done in used(tmp_path, site):
        assert (done.stdout, done.stderr) == ("True ['1.10']\n", "")
    leftover(site, "dezero_left-0.1.dist-info", METADATA=metadata_of("dezero-left", "0.1"), entry_points_txt="[dezero]\nold = nope\n")
    for done in used(tmp_path, site):
        assert done.stdout == "True ['1.10']\n" and done.stderr.count("PluginWarning") == 1
        assert "dezero_left-0.1.dist-info' is not loaded; remove the folder" in done.stderr and "'old = nope'" in done.stderr


def test_metadata_without_plugins_does_not_hide_them_in_silence(tmp_path):
    a = leftover(Site(tmp_path / "a"), "dezero_left-0.9.dist-info", METADATA=metadata_of("dezero-left", "0.9"))
    b = Site(tmp_path / "b").add("dezero-left", {"left": "left_mod"}, GOOD_ONE)
    outputs = {(done.stdout, done.stderr.count("PluginWarning"), "dezero_left-0.9.dist-info" in done.stderr)
               for done in used(tmp_path, a, b)}
    assert outputs == {("True ['1.0']\n", 0, False), ("False []\n", 1, True)}


def test_a_plugin_of_which_only_what_pip_renamed_is_there(site):
    leftover(site, "~ezero_left-0.9.dist-info", METADATA=metadata_of("dezero-left", "0.9"), entry_points_txt="[dezero]\nleft = left_mod\n")
    done = site.run("import dezero; dezero.plugins.load(); print(dezero.plugins.failures[0][:2])")
    assert done.stdout == "('dezero-left', '0.9')\n" and "was left over when pip was interrupted" in done.stderr


# -- installed while the process runs


LATE = """
    import sys
    import dezero, numpy as np
    import dezero.functions as F
    sys.path.append({tests!r})
    from sites import Site, op_module
    site = Site({folder!r})
    x = dezero.Variable(np.array(1.0))
    print(hasattr(F, "more"), len(dezero.plugins.failures))
    site.add("more", {{"m": "more_mod"}}, {{"more_mod.py": op_module("more", ("__matmul__",), "(np.hypot,)")}})
    {miss}
    print(hasattr(F, "more"), len(dezero.plugins.failures))
"""


@pytest.mark.parametrize("miss", ["F.more(x, x)", "x.more(x)", "x @ x", "np.hypot(x, x)", "dezero.plugins.load()"])
def test_what_is_installed_while_the_process_runs_is_found(site, miss):
    site.add("bad", {"b": "nope"})
    done = site.run(LATE.format(tests=os.path.dirname(__file__), folder=str(site.folder), miss=miss))
    assert done.stdout == "False 1\nTrue 1\n" and done.stderr.count("PluginWarning") == 1, "of the bad one, once"


def test_what_failed_is_tried_again_when_something_has_been_installed(site):
    site.add("bad", {"b": "bad"}, {"bad.py": "import needed\n" + op_module("op")})
    done = site.run(f"""
        import sys
        import dezero
        import dezero.functions as F
        sys.path.append({os.path.dirname(__file__)!r})
        from sites import Site
        print(hasattr(F, "op"), len(dezero.plugins.failures))
        Site({str(site.folder)!r}).add("needed", modules={{"needed.py": ""}}, entry_points="")
        print(F.op(1.0).data, len(dezero.plugins.failures))
        """)
    assert done.stdout == "False 1\n2.0 0\n" and done.stderr.count("PluginWarning") == 1


def test_an_editable_install_while_the_process_runs(site):
    done = site.run(f"""
        import sys
        import dezero
        import dezero.functions as F
        sys.path.append({os.path.dirname(__file__)!r})
        from sites import Site
        print(hasattr(F, "op"))
        Site({str(site.folder)!r}).add("late", {{"l": "late_module"}})
        print(hasattr(F, "op"), hasattr(F, "op"))
        """)
    assert done.stdout == "False\nFalse False\n" and done.stderr.count("PluginWarning") == 1
    assert "an editable install that came while this process runs is seen by the next one" in done.stderr


def test_a_miss_looks_at_what_is_installed_only_when_a_folder_of_the_path_changed(site):
    done = site.run("""
        import dezero
        import dezero.functions as F
        from dezero import _discovery
        hasattr(F, "op"), hasattr(F, "op")
        def installed():
            raise AssertionError("looked")
        _discovery.installed = installed
        print([hasattr(F, f"op{i}") for i in range(3)])
        """)
    assert (done.stdout, done.stderr) == ("[False, False, False]\n", "")


# -- reload, register beside installed, unregister


def test_reload(site):
    site.add("plug", {"a": "plug"}, {"plug.py": op_module("op")})
    done = site.run(f"""
        import sys, dezero
        import dezero.functions as F
        sys.path.append({os.path.dirname(__file__)!r})
        from sites import Site, op_module
        site = Site({str(site.folder)!r})
        print(hasattr(F, "op"), hasattr(F, "more"))
        first = F.op.__self__
        site.add("more", {{"m": "more_mod"}}, {{"more_mod.py": op_module("more")}})
        site.add("bad", {{"b": "nope"}})
        print(hasattr(F, "more"))
        dezero.plugins.load(reload=True)
        print(hasattr(F, "more"), F.op.__self__ is first, len(dezero.plugins.failures))
        for path in site.folder.glob("*.dist-info/*"):
            if "zz" not in path.parent.name:
                path.unlink()
        dezero.plugins.load(reload=True)
        print(hasattr(F, "more"), hasattr(F, "op"), dezero.plugins.failures)
        """)
    assert done.stdout.splitlines() == ["True False", "True", "True True 1", "False False ()"], done.stderr


def test_unregistering_an_installed_plugin(site):
    site.add("dist-one", {"ent": "plug"}, {"plug.py": op_module("op")})
    done = site.run("""
        import dezero, numpy as np
        import dezero.functions as F
        for name in ("dist-one:ent", "ent", "Dist_One"):
            x = dezero.Variable(np.array(1.0))
            y = F.op(x)
            dezero.plugins.unregister(name)
            y.backward()
            print(x.grad, hasattr(F, "op"))
            dezero.plugins.load(reload=True)
        """)
    assert (done.stdout, done.stderr) == ("2.0 False\n" * 3, "")


def test_a_process_that_registers_an_installed_module_itself(site):
    site.add("plug", {"a": "plug"}, {"plug.py": op_module("op")})
    done = site.run("""
        import dezero, plug
        import dezero.functions as F
        dezero.plugins.register(plug)
        dezero.plugins.load()
        print(F.op(1.0).data, dezero.plugins.failures)
        """)
    assert (done.stdout, done.stderr) == ("2.0 ()\n", "")


def test_isolated_before_and_after_loading(site):
    site.add("plug", {"a": "plug"}, {"plug.py": op_module("op")}).add("bad", {"b": "nope"})
    done = site.run("""
        import warnings; warnings.simplefilter("ignore")
        import dezero
        import dezero.functions as F
        snapshot = dezero.registry.registry.snapshot
        with dezero.plugins.isolated():
            print(F.op(1.0).data, len(dezero.plugins.failures))
        print(dezero.registry.registry.snapshot is snapshot, dezero.plugins.failures)
        print(F.op(1.0).data, len(dezero.plugins.failures))
        with dezero.plugins.isolated():
            dezero.plugins.unregister("plug")
            print(hasattr(F, "op"))
        print(F.op(1.0).data)
        """)
    assert done.stdout.splitlines() == ["2.0 1", "True ()", "2.0 1", "False", "2.0"]


def test_status_imports_nothing(site):
    site.add("plug", {"a": "plug"}, {"plug.py": op_module("op")})
    done = site.run("""
        import sys, dezero
        print([(row.name, row.status) for row in dezero.plugins.status() if row.distribution == "plug"], "plug" in sys.modules)
        """)
    assert done.stdout == "[('plug:a', 'not loaded')] False\n"


def test_records_can_be_sent_elsewhere():
    for row in plugins.status():
        assert pickle.loads(pickle.dumps(row)) == row


# -- at the wrong moment


@pytest.mark.parametrize("first", ["import dezero", "import plug"])
def test_a_plugin_that_imports_dezero(site, first):
    site.add("plug", {"a": "plug"}, {"plug.py": op_module("op") + "import dezero\ndezero.add(1.0, 2.0)\n"})
    done = site.run(f"{first}\nimport dezero.functions as F\nprint(F.op(1.0).data)")
    assert (done.stdout, done.stderr) == ("2.0\n", "")


@pytest.mark.parametrize("first", ["", "import plug"])
def test_a_plugin_that_looks_for_an_op_while_it_is_imported(site, first):
    site.good().add("plug", {"a": "plug"}, {"plug.py": "import dezero.functions as F\nprint(hasattr(F, 'good_op'))\n"
                                            + op_module("op")})
    done = site.run(f"{first}\nimport dezero\nimport dezero.functions as F\nprint(F.op(1.0).data, F.good_op(1.0).data)")
    assert done.stderr == "" and done.stdout.endswith("2.0 2.0\n")


def test_a_plugin_that_registers_while_it_is_loaded(site):
    site.add("plug", {"a": "plug"}, {"plug.py": op_module("op") + """
    import dezero
    dezero.plugins.register(type("Late", (Function,), {"name": "late", "forward": lambda self, x: x * 2.0}))
"""})
    done = site.run("import dezero.functions as F; print(F.late(1.0).data, F.op(1.0).data)")
    assert (done.stdout, done.stderr) == ("2.0 2.0\n", "")


def test_importing_dezero_does_not_wait_for_a_slow_plugin(site):
    site.add("plug", {"a": "plug"}, {"plug.py": "import time; time.sleep(5)"})
    start = time.perf_counter()
    assert site.run("import dezero, numpy as np; x = dezero.Variable(np.array(1.0)); x * x + 1").returncode == 0
    assert time.perf_counter() - start < 4.5


def test_threads_that_miss_together(site):
    site.add("plug", {"a": "plug"}, {"plug.py": "import time; time.sleep(0.3)\n" + op_module("op")})
    done = site.run("""
        import threading
        import dezero.functions as F
        results = []
        def work():
            try:
                results.append(float(F.op(1.0).data))
            except Exception as error:
                results.append(error)
        threads = [threading.Thread(target=work) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        print(results)
        """)
    assert (done.stdout, done.stderr) == (f"{[2.0] * 8}\n", "")


def test_a_thread_that_imports_what_another_loads(site):
    """Each may hold what the other waits for: the import lock of a module, and the turn to load."""
    site.good().add("plug", {"a": "plug"}, {"plug.py": """
import threading, time
time.sleep(0.5)
import dezero.functions as F
if threading.current_thread() is not threading.main_thread():
    hasattr(F, "nothing")
""" + op_module("op")})
    done = site.run("""
        import threading, time
        import dezero.functions as F
        thread = threading.Thread(target=__import__, args=("plug",))
        thread.start()
        time.sleep(0.2)
        print(F.good_op(1.0).data)
        thread.join()
        print(F.op(1.0).data)
        """, timeout=30)
    assert (done.stdout, done.stderr) == ("2.0\n2.0\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("held", ["registry.lock", "plugins._load_lock"])
def test_fork_while_another_thread_holds_a_lock(site, held):
    site.good()
    done = site.run(f"""
        import os, threading, time, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        import dezero
        import dezero.functions as F
        from dezero import plugins
        from dezero.registry import registry
        ready = threading.Event()
        def hold():
            with {held}:
                ready.set()
                time.sleep(20)
        threading.Thread(target=hold, daemon=True).start()
        ready.wait()
        child = os.fork()
        if child == 0:
            print(F.good_op(1.0).data, flush=True)
            plugins.unregister("zz-good")
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
        os._exit(0)
        """, timeout=15)
    assert (done.stdout, done.stderr) == ("2.0\n0\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork_while_another_thread_loads(site):
    site.good().add("plug", {"a": "plug"}, {"plug.py": "import time; time.sleep(1)\n" + op_module("op")})
    done = site.run("""
        import os, threading, time, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        import dezero.functions as F
        thread = threading.Thread(target=lambda: F.op)
        thread.start()
        time.sleep(0.5)
        child = os.fork()
        if child == 0:
            print(F.good_op(1.0).data, flush=True)
            os._exit(0)
        print(os.waitpid(child, 0)[1])
        thread.join()
        print(F.op(1.0).data)
        """, timeout=15)
    assert done.stdout == "2.0\n0\n2.0\n"
    assert done.stderr.count("PluginWarning") == 1 and "forked" in done.stderr


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
def test_a_signal_handler_that_runs_ops(site):
    site.good()
    done = site.run("""
        import signal
        import dezero
        import dezero.functions as F
        counted = []
        def handler(*_):
            counted.append(float(F.add(1.0, 1.0).data))
            hasattr(F, "nothing")
        handler()
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        class Op(dezero.Function):
            name = "op"
            def forward(self, x):
                return x
        for _ in range(2000):
            dezero.plugins.register(Op)
            F.op(1.0)
            dezero.plugins.unregister(Op)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(len(counted) > 10, F.good_op(1.0).data)
        """, timeout=60)
    assert (done.stdout, done.stderr) == ("True 2.0\n", "")


@pytest.mark.parametrize("flags", [("-O",), ("-OO",), ("-I",), ("-W", "error")])
def test_odd_interpreters(site, flags):
    site.good()
    code = f"import sys; sys.path[:0] = {[str(site.folder), os.path.dirname(dezero.__path__[0])]}\n" \
           "import dezero.functions as F; print(F.good_op(1.0).data)"
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("2.0\n", "")


def test_in_process_warnings_go_to_the_caller(tmp_path, monkeypatch):
    site = Site(tmp_path / "site").add("plug", {"a": "no_such_module_here"})
    monkeypatch.syspath_prepend(str(site.folder))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plugins.load(reload=True)
    mine = [w for w in caught if "no_such_module_here" in str(w.message)]
    assert len(mine) == 1 and mine[0].filename == __file__
