"""F.name: every registered op by its name."""

import copy
import inspect
import pickle
import pydoc
import weakref

import numpy as np
import pytest
from sites import Site

import dezero
import dezero.functions as F
from dezero import Function, Variable, plugins, rule
from dezero.errors import OpAttributeError
from dezero.registry import registry


class Thrice(Function):
    """y = n x;   ∂y/∂x = n"""
    name = "thrice"

    def __init__(self, factor=3):
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def backward(self, gy):
        return gy * self.factor


@pytest.mark.parametrize("name", sorted(registry.snapshot.names))
def test_every_op_is_there(name):
    assert getattr(F, name) == registry.snapshot.names[name].apply
    assert name in dir(F)


def test_calling():
    x, y = Variable(np.array(3.0)), Variable(np.array(2.0))
    z = F.mul(x, y)
    z.backward()
    assert z.data == 6 and x.grad == 2 and y.grad == 3


def test_an_op_comes_and_goes_with_its_plugin():
    x = Variable(np.array(2.0))
    with plugins.isolated():
        plugins.register(Thrice)
        assert F.thrice(x).data == 6 and F.thrice(x, factor=5).data == 10 and "thrice" in dir(F)
        plugins.unregister(Thrice)
        with pytest.raises(OpAttributeError):
            F.thrice
    assert "thrice" not in dir(F)


def test_a_missing_op():
    with pytest.raises(AttributeError, match="no op 'squares' is registered; did you mean 'square'?") as caught:
        F.squares
    assert isinstance(caught.value, OpAttributeError) and "add, " in str(caught.value)
    assert not hasattr(F, "nothing_of_this_name")


@pytest.mark.parametrize("name", ["__wrapped__", "__path__", "_repr_html_"])
def test_what_python_probes_for_is_an_ordinary_error(name):
    assert not hasattr(F, name)


def test_importing_names():
    from dezero.functions import mul
    assert mul(2.0, 3.0).data == 6
    with pytest.raises(ImportError, match="squares"):
        from dezero.functions import squares  # noqa: F401
    names = {}
    exec("from dezero.functions import *", names)
    assert names["add"] == F.add and "thrice" not in names


def test_it_is_an_attribute_of_the_package():
    assert dezero.functions is F


class TestNamespaces:
    """``F.linalg.solve``: an op whose name is dotted."""

    @pytest.fixture(autouse=True)
    def ops(self):
        with plugins.isolated():
            self.plugin = type("Ops", (), {"dezero_register_ops": staticmethod(dezero.hookimpl(self.register))})
            plugins.register(self.plugin)
            yield

    @staticmethod
    def register(register):
        for name in ("linalg.double", "linalg.deep.double", "special.double"):
            register(type("Double", (Function,), {"name": name, "forward": lambda self, x: x * 2.0, "backward": lambda self, gy: gy * 2.0}))

    def test_calling(self):
        x = Variable(np.array(3.0))
        y = F.linalg.double(x)
        y.backward()
        assert y.data == 6 and x.grad == 2 and F.linalg.deep.double(x).data == F.special.double(x).data == 6

    def test_no_method(self):
        with pytest.raises(OpAttributeError):
            Variable(np.array(3.0)).double
        assert "double" not in dir(Variable(None)) and "linalg" not in dir(Variable(None))

    def test_completion(self):
        assert {"linalg", "special"} <= set(dir(F)) and "linalg.double" not in dir(F) and {"linalg", "special"} <= set(F.__all__)
        assert dir(F.linalg) == ["deep", "double"] and dir(F.linalg.deep) == ["double"]
        assert repr(F.linalg.deep) == "<ops F.linalg.deep.*>"

    def test_an_unknown_name(self):
        with pytest.raises(OpAttributeError, match="no op 'linalg.dubble' is registered; did you mean 'linalg.double'.; "
                                                   "registered: linalg.deep, linalg.double"):
            F.linalg.dubble
        with pytest.raises(OpAttributeError, match="no op 'linalg.solve' .*dezero-numpy"):
            F.linalg.solve
        with pytest.raises(AttributeError):
            F.linalg._repr_html_
        assert not hasattr(F.linalg, "__wrapped__")

    def test_it_goes_with_its_last_op(self):
        linalg = F.linalg
        plugins.unregister(self.plugin)
        with pytest.raises(OpAttributeError, match="no op 'linalg'"):
            F.linalg
        with pytest.raises(OpAttributeError, match="no op 'linalg.double'"):
            linalg.double

    def test_copies(self):
        for copied in (pickle.loads(pickle.dumps(F.linalg)), copy.copy(F.linalg), copy.deepcopy(F.linalg)):
            assert copied.double(2.0).data == 4

    def test_importing_names(self):
        names = {}
        exec("from dezero.functions import *\nfrom dezero.functions import linalg as l", names)
        assert names["linalg"].double(2.0).data == names["l"].double(2.0).data == 4


class TestNames:
    def test_functions_of_every_op(self):
        for name in ("add", "sub", "mul", "div", "pow", "neg", "square", "sum", "broadcast_to", "getitem", "scatter"):
            assert callable(getattr(F, name)) and name in dir(F)


class Joined(Function):
    """y = x0, x1, ... one after the other."""
    name = "joined"

    def forward(self, *xs):
        return np.concatenate(xs)

    @classmethod
    def apply(cls, xs, scale=1.0):
        return cls()(*xs) * scale


def without_doc(cls):
    return type("NoDoc", (cls,), {"name": "no_doc", "__doc__": None})


@rule(np.cumsum)
def running_sum(gy, y, x, axis=None):
    """y = x summed up so far;   ∂y/∂x = gy summed up from the end"""
    return np.flip(np.cumsum(np.flip(gy, axis), axis), axis).reshape(x.shape)


class TestHelp:
    """`help`, `?` and completion show the op, not the way it is called."""

    @pytest.mark.parametrize("name, of_function, of_method", [
        ("sum", "(a, axis=None, dtype=None, *, keepdims=False, initial=<no value>, where=True)",
         "(axis=None, dtype=None, *, keepdims=False, initial=<no value>, where=True)"),
        ("mul", "(x1, x2)", "(x2)"), ("pow", "(x1, x2=None, *, c=None)", "(x2=None, *, c=None)"), ("getitem", "(x, index)", "(index)"),
        ("broadcast_to", "(array, shape)", "(shape)")])
    def test_signature_and_docstring(self, name, of_function, of_method):
        op = registry.snapshot.names[name]
        for f, wanted in ((getattr(F, name), of_function), (getattr(Variable(np.ones(2)), name), of_method)):
            assert str(inspect.signature(f)) == wanted
            assert f.__doc__ == op.cls.__doc__ and f.__name__ == name
            shown = pydoc.plain(pydoc.render_doc(f))
            assert f"{name}{wanted}" in shown and "∂y/∂x" in shown and "apply" not in shown

    def test_the_functions_of_the_package_are_the_same(self):
        for name in ("add", "sub", "mul", "div", "pow", "neg", "square"):
            assert getattr(dezero, name) is getattr(F, name)

    def test_the_source_is_that_of_the_class(self):
        assert inspect.getsource(F.neg).startswith("class Neg(Function):")

    def test_an_apply_of_its_own(self):
        with plugins.isolated():
            plugins.register(Joined)
            assert str(inspect.signature(F.joined)) == "(xs, scale=1.0)" and F.joined.__doc__ == Joined.__doc__
            assert F.joined.__name__ == "joined" and "joined(xs, scale=1.0)" in pydoc.plain(pydoc.render_doc(F.joined))
            assert F.joined([np.ones(1), np.zeros(1)], scale=2.0).data.tolist() == [2, 0]

    def test_a_rule(self):
        with plugins.isolated():
            plugins.register(running_sum)
            x = Variable(np.ones((2, 2)))
            for f, wanted in ((F.running_sum, "(a, axis=None)"), (x.running_sum, "(axis=None)"), (running_sum, "(a, axis=None)")):
                assert str(inspect.signature(f)) == wanted
                assert f.__doc__ == running_sum.rule.__doc__ and f.__name__ == "running_sum"
                shown = pydoc.plain(pydoc.render_doc(f))
                assert f"running_sum{wanted}" in shown and "∂y/∂x" in shown and "apply" not in shown
            assert "running_sum" in dir(F) and "running_sum" in dir(x)
            assert x.running_sum(axis=1).data.tolist() == F.running_sum(x, 1).data.tolist() == [[1, 2], [1, 2]]

    def test_the_source_of_a_rule(self):
        with plugins.isolated():
            plugins.register(running_sum)
            assert inspect.getsource(F.running_sum).startswith("@rule(np.cumsum)\ndef running_sum(gy, y, x, axis=None):")

    def test_what_a_bound_method_could_do(self):
        with plugins.isolated():
            plugins.register(running_sum)
            f = F.running_sum
            for copied in (pickle.loads(pickle.dumps(f)), copy.copy(f), copy.deepcopy(f)):
                assert copied(np.ones(2)).data.tolist() == [1, 2]
            assert f is running_sum.apply and f.__self__ is running_sum and weakref.ref(f)() is f and {f: 1}[f] == 1
            assert inspect.isroutine(f) and repr(f) == f"<op 'running_sum': {__name__}.running_sum>"

            class Layer:
                act = f

            assert Layer().act(np.ones(2)).data.tolist() == [1, 2]          # not bound

    def test_a_class_without_a_docstring(self):
        with plugins.isolated():
            plugins.register(without_doc(Thrice))
            assert F.no_doc.__doc__ is None
            assert "Call the op" not in pydoc.plain(pydoc.render_doc(F.no_doc))

    def test_what_the_class_method_could_do(self):
        for copied in (pickle.loads(pickle.dumps(F.mul)), copy.copy(F.mul), copy.deepcopy(F.mul)):
            assert copied(2.0, 3.0).data == 6
        assert weakref.ref(F.mul)() is F.mul and F.mul.__self__ is dezero.Mul and {F.mul: 1}[F.mul] == 1
        assert inspect.isroutine(F.mul) and callable(F.mul) and repr(F.mul) == "<op 'mul': dezero.ops.mul.Mul>"

        class Layer:
            act = F.square

        assert Layer().act(3.0).data == 9       # not bound, as a class method is not

    @pytest.mark.parametrize("cls, wanted", [
        (Variable, "(data, name=None)"), (Function, "()"), (Thrice, "(factor=3)"), (dezero.Mul, "()"), (dezero.Pow, "(c=None)"),
        (dezero.Kernel, "(forward, backward=Ellipsis, reads=None, accumulate=None, *, cheap=False)")])
    def test_classes(self, cls, wanted):
        assert str(inspect.signature(cls)) == wanted
        assert wanted == "()" or f"{cls.__name__}{wanted}" in pydoc.plain(pydoc.render_doc(cls))


def test_dir_and_star_know_what_is_installed(tmp_path):
    site = Site(tmp_path / "site").good()
    for names in ("dir(F)", "dir(dezero.Variable(None))", "F.__all__"):
        done = site.run(f"""
            import dezero, sys, dezero.functions as F
            assert "zz_good" not in sys.modules
            print("good_op" in {names}, "mul" in {names})
            """)
        assert done.stdout == "True True\n", done.stderr
