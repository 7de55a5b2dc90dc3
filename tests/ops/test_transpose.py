"""y[..., j, i] = a[i, j, ...];   ∂y/∂a = 1"""

import numpy as np
import pytest
from strategies import LAYOUTS, assert_rearranged, laid_out

import dezero.functions as F
from dezero import Variable, errors, grad, hvp, plugins, rule

A = np.arange(24.0).reshape(2, 3, 4)

FORMS = {
    "x.T": lambda x: x.T, "x.mT": lambda x: x.mT, "x.transpose()": lambda x: x.transpose(), "x.transpose(1, 0, 2)": lambda x: x.transpose(1, 0, 2),
    "x.transpose((2, 0, 1))": lambda x: x.transpose((2, 0, 1)), "x.transpose(None)": lambda x: x.transpose(None),
    "np.transpose": lambda x: np.transpose(x), "by name": lambda x: np.transpose(x, axes=(1, 2, 0)), "negative": lambda x: np.transpose(x, (-1, 0, -2)),
    "a list": lambda x: np.transpose(x, [1, 2, 0]), "np.swapaxes": lambda x: np.swapaxes(x, 0, -1), "x.swapaxes": lambda x: x.swapaxes(1, 0),
    "np.moveaxis": lambda x: np.moveaxis(x, 0, -1), "of several": lambda x: np.moveaxis(x, (0, 1), (1, 2)),
    "np.matrix_transpose": lambda x: np.matrix_transpose(x), "np.linalg.matrix_transpose": lambda x: np.linalg.matrix_transpose(x),
}


@pytest.mark.parametrize("dtype", ["?", "i4", "f2", "f4", "f8", "g"])
@pytest.mark.parametrize("form", FORMS)
def test_forms(rng, form, dtype):
    assert_rearranged(rng, FORMS[form], A.astype(dtype))


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_layouts(rng, layout):
    assert_rearranged(rng, lambda x: x.T, laid_out(layout, rng.normal(size=(3, 4))))


@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (0, 3), (3, 0, 2), (2, 3)])
def test_of_any_shape(rng, shape):
    assert_rearranged(rng, lambda x: x.T, np.ones(shape))
    assert_rearranged(rng, lambda x: x.transpose(tuple(range(len(shape)))), np.ones(shape))


def test_of_large_arrays(rng):
    assert_rearranged(rng, lambda x: x.T, rng.normal(size=(150, 70)))
    assert_rearranged(rng, lambda x: x.T * 1.0, rng.normal(size=(150, 70)))


@pytest.mark.parametrize("call,error,words", [
    (lambda x: x.transpose(0, 0, 1), ValueError, "repeated axis"), (lambda x: x.transpose(0, 1), ValueError, "axes don't match"),
    (lambda x: np.transpose(x, (0, 1, 5)), ValueError, "out of bounds"), (lambda x: np.swapaxes(x, 0, 3), ValueError, "axis2"),
    (lambda x: np.moveaxis(x, (0, 1), 2), ValueError, "source and destination name 2 and 1"), (lambda x: np.moveaxis(x, 0, 5), ValueError, "destination"),
    (lambda x: x[0, 0].mT, ValueError, "matrix_transpose: got 1 dimensions"), (lambda x: x.transpose(ax=1), TypeError, "does not know 'ax'"),
    (lambda x: x.swapaxes(0), TypeError, "axis2"),
])
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call(Variable(A))


def test_of_arrays_and_lists():
    assert F.transpose([[1.0, 2.0]]).shape == F.swapaxes([[1.0, 2.0]], 0, 1).shape == F.matrix_transpose(np.ones((1, 2))).shape == (2, 1)
    assert F.moveaxis(A, 0, -1).shape == (3, 4, 2)


def test_higher_orders(rng):
    v, weights = rng.normal(size=A.shape), rng.normal(size=(3, 4, 2))

    def f(x):
        return (np.transpose(x, (1, 2, 0)) ** 3 * weights).sum()
    there = weights.transpose(2, 0, 1)
    np.testing.assert_allclose(grad(f)(A), 3 * A ** 2 * there)
    np.testing.assert_allclose(hvp(f)(A, v), 6 * A * there * v)


def test_its_claims_are_taken():
    another = rule(lambda x: x * 2.0, name="another_order", attribute="T")(lambda gy, y, x: gy * 2.0)
    with plugins.isolated(), pytest.raises(errors.OpConflict, match="x.T"):
        plugins.register(another)
