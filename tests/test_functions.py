"""F.name: every registered op by its name."""

import numpy as np
import pytest

import dezero
import dezero.functions as F
from dezero import Function, Variable, plugins
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


class TestNames:
    def test_functions_of_every_op(self):
        for name in ("add", "sub", "mul", "div", "pow", "neg", "square", "sum", "broadcast_to", "getitem", "scatter"):
            assert callable(getattr(F, name)) and name in dir(F)
