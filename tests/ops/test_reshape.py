"""y = the elements of a in another shape;   ∂y/∂a = 1"""

import numpy as np
import pytest
from strategies import LAYOUTS, assert_rearranged, laid_out

import dezero.functions as F
from dezero import Variable, errors, grad, hvp, plugins, rule

A = np.arange(24.0).reshape(2, 3, 4)
ONE = np.arange(3.0).reshape(1, 3, 1)

FORMS = {
    "x.reshape(6, 4)": lambda x: x.reshape(6, 4), "x.reshape((6, 4))": lambda x: x.reshape((6, 4)), "x.reshape(-1)": lambda x: x.reshape(-1),
    "x.reshape(order)": lambda x: x.reshape(4, -1, order="F"), "np.reshape": lambda x: np.reshape(x, (3, 8)),
    "np.reshape(order)": lambda x: np.reshape(x, (3, 8), "F"), "by name": lambda x: np.reshape(x, shape=(3, 8), order="F"),
    "an array of lengths": lambda x: x.reshape(np.array([3, 8])), "np.ravel": lambda x: np.ravel(x), "x.ravel": lambda x: x.ravel("F"),
    "x.flatten": lambda x: x.flatten(), "x.flatten(F)": lambda x: x.flatten(order="F"), "np.expand_dims": lambda x: np.expand_dims(x, 1),
    "np.expand_dims of several": lambda x: np.expand_dims(x, (0, -1)), "a length": lambda x: np.reshape(x, 24),
}
SQUEEZES = {
    "np.squeeze": lambda x: np.squeeze(x), "x.squeeze": lambda x: x.squeeze(), "axis": lambda x: np.squeeze(x, 0), "last": lambda x: x.squeeze(axis=-1),
    "axes": lambda x: np.squeeze(x, (0, 2)), "all of them": lambda x: x[:, :1].squeeze(),
}


@pytest.mark.parametrize("dtype", ["?", "i4", "f2", "f4", "f8", "g"])
@pytest.mark.parametrize("form", FORMS)
def test_forms(rng, form, dtype):
    assert_rearranged(rng, FORMS[form], A.astype(dtype))


@pytest.mark.parametrize("form", SQUEEZES)
def test_squeezes(rng, form):
    assert_rearranged(rng, SQUEEZES[form], ONE)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_layouts(rng, layout):
    a = laid_out(layout, rng.normal(size=(3, 4)))
    for order in "CF":
        assert_rearranged(rng, lambda x: np.reshape(x, (2, 6), order=order), a)
    assert_rearranged(rng, lambda x: x.reshape(3, 4), a)


@pytest.mark.parametrize("shape,to", [((), ()), ((), (1, 1)), ((1, 1), ()), ((0, 3), (3, 0)), ((2, 0), (-1,)), ((0,), (0, 5))])
def test_of_no_dimensions_and_of_nothing(rng, shape, to):
    if -1 not in to:
        assert_rearranged(rng, lambda x: x.reshape(to), np.ones(shape))
    assert_rearranged(rng, lambda x: x.ravel(), np.ones(shape))
    assert_rearranged(rng, lambda x: x.squeeze(), np.ones(shape))


@pytest.mark.parametrize("call,error,words", [
    (lambda x: x.reshape(), TypeError, "missing 1 required argument: 'shape'"), (lambda x: x.reshape(5), ValueError, "reshape.*size 24 into shape"),
    (lambda x: np.reshape(x, -1, order="A"), TypeError, "reshape.*order='A' is not supported"), (lambda x: x.ravel("K"), TypeError, "order='K'"),
    (lambda x: np.reshape(x, -1, copy=False), TypeError, "copy"), (lambda x: x.reshape(2, 12, foo=1), TypeError, "it does not know 'foo'"),
    (lambda x: x.reshape(Variable(np.array(24))), errors.GradientError, "parameter shape"), (lambda x: x.squeeze(0), ValueError, "squeeze: axis=0"),
    (lambda x: np.squeeze(x, 5), ValueError, "axis"), (lambda x: np.expand_dims(x, 7), ValueError, "axis"),
    (lambda x: np.reshape(x, (4, 6), out=A), TypeError, "out"),
])
def test_refusals(call, error, words):
    if words == "copy" and "copy" not in str(np.reshape.__doc__):
        pytest.skip("this NumPy knows no copy")
    with pytest.raises(error, match=words):
        call(Variable(A))


def test_of_arrays_and_numbers():
    assert F.reshape([1.0, 2.0], (2, 1)).shape == F.expand_dims([1.0, 2.0], 1).shape == (2, 1)
    assert F.ravel(3.0).shape == (1,) and F.squeeze(np.ones((1, 2))).shape == (2,) and F.flatten(A).shape == (24,)


def test_higher_orders(rng):
    v = rng.normal(size=A.shape)

    def f(x):
        return (np.ravel(x, "F") ** 3 * np.arange(24.0)).sum()
    weights = np.arange(24.0).reshape(A.shape, order="F")
    np.testing.assert_allclose(grad(f)(A), 3 * A ** 2 * weights)
    np.testing.assert_allclose(hvp(f)(A, v), 6 * A * weights * v)


def test_its_claims_are_taken():
    another = rule(np.reshape, name="another_shape", operands=("x",))(lambda gy, y, x, shape: np.reshape(gy, x.shape))
    with plugins.isolated(), pytest.raises(errors.OpConflict, match="numpy.reshape"):
        plugins.register(another)
