"""Both derivatives of an op that computes exp: are they right, or is the second one refused as it should be?"""

import numpy as np
import pytest

from dezero import Function, Variable
from dezero.errors import FirstOrderOnly


X = 0.7


def V(value=X):
    return Variable(np.array(value))


def second(op, x=X):
    """d²y/dx² by backward through backward."""
    v = V(x)
    op(v).backward(create_graph=True)
    g = v.grad
    v.cleargrad()
    g.sum().backward()
    return v.grad


def first(op, x=X):
    v = V(x)
    op(v).backward()
    return v.grad


def right(cls, x=X):
    """Both derivatives of exp are right."""
    for at in (x, np.array([0.1, -0.4])):
        np.testing.assert_allclose(first(cls(), at), np.exp(at), rtol=1e-12)
        np.testing.assert_allclose(second(cls(), at), np.exp(at), rtol=1e-12)


def refused(cls, x=X, *words):
    """The first derivative is right, the second one is refused, in words, and leaves nothing behind."""
    np.testing.assert_allclose(first(cls(), x), np.exp(x), rtol=1e-12)
    v = V(x)
    y = cls()(v)
    with pytest.raises(FirstOrderOnly) as error:
        y.backward(create_graph=True)
    assert cls.__qualname__ in str(error.value)
    assert "x.detach()" in str(error.value) and "order = 1" in str(error.value)
    for word in words:
        assert word in str(error.value)
    assert v.grad is None
    y.backward()
    np.testing.assert_allclose(v.grad, np.exp(x), rtol=1e-12)


class Base(Function):
    def forward(self, x):
        return np.exp(x)
