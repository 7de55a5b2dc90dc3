"""Complex numbers: each function has NumPy's values and right derivatives, of both parts, or says that it does not take them."""
import warnings

import numpy as np
import pytest
from calls import FUNCTIONS, samples_of_function
from dezero import Variable, grad
from dezero.testing import check_grads
from numpy.linalg import LinAlgError

test_jax = pytest.importorskip("test_jax")

HERMITIAN = {"linalg.cholesky", "linalg.eigvalsh", "linalg.eigh"}
"""What takes a matrix for Hermitian: it is drawn below."""

TURNING = {"linalg.eig", "linalg.svd"}
"""What gives vectors whose factor of size 1 is arbitrary."""

UNSORTED = {"unique_values"}
"""What NumPy gives in an order of its own."""

STEPS = {"union1d", "setdiff1d", "setxor1d", "intersect1d", "unique_counts", "unique_all", "unique_inverse", "unique"}
"""What has another shape where equal elements are moved."""

JAX_REFUSES = {"nan_to_num", "interp", "histogram", "trim_zeros", "real_if_close"}


def complexed(sample, rng):
    """Return the arrays of a sample with imaginary parts: in all, and in each one alone."""
    count = len(sample.xs)
    for chosen in (range(count), *([i] for i in range(count) if count > 1)):
        yield [np.asarray(x + 1j * rng.uniform(-1, 1, x.shape)) if i in chosen else x for i, x in enumerate(sample.xs)]


def complex_calls(name):
    """Return [(sample, arrays)] of complex and mixed calls of a function."""
    rng = np.random.default_rng(1)
    return [(sample, xs) for sample in test_jax.calls(name) for xs in complexed(sample, rng) if any([x.dtype.kind == "c" for x in xs])]


def value(f, sample, xs):
    """Return the floating and complex results of a call, or the error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return [y for y in test_jax.call(f, sample, list(xs))]
        except Exception as error:
            return error


def data(y):
    return y.data if isinstance(y, Variable) else y


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_each_function(name):
    """A call that NumPy refuses is an error; one that it takes has its values, and derivatives or an error that says of what."""
    f, found = FUNCTIONS[name][1], complex_calls(name)
    assert found or name in ("fft.rfft", "histogram_bin_edges")
    for sample, xs in found:
        wanted, got = value(f, sample, [x.copy() for x in xs]), value(f, sample, [Variable(x.copy()) for x in xs])
        if isinstance(wanted, Exception) or isinstance(got, Exception):
            assert isinstance(got, Exception) and "complex128" in str(got), f"{sample.shown(name)}: {wanted!r}, and here {got!r}"
            continue
        for y, z in zip(map(data, got), wanted, strict=True):
            assert y.dtype == z.dtype and y.shape == z.shape
            if name not in UNSORTED:
                np.testing.assert_allclose(y, z, 1e-10, 1e-12, err_msg=sample.shown(name))
        if name in HERMITIAN | TURNING | STEPS or not any([isinstance(y, Variable) for y in got]):
            continue
        with np.errstate(all="ignore"):
            try:
                check_grads(lambda *xs: [y for y in value_of(f, sample, xs) if isinstance(y, Variable)], xs)
            except TypeError as error:
                assert "complex128" in str(error) and "dtype" in str(error)


def value_of(f, sample, xs):
    return test_jax.call(f, sample, list(xs))
