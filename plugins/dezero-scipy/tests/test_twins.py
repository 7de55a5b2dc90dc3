"""What SciPy makes plain numbers of is refused by an error that names what stands in its place."""
import numpy as np
import pytest
from dezero import Variable, errors
from scipy import integrate, interpolate, linalg, ndimage, optimize, signal, sparse, special, stats
from scipy.sparse.linalg import spsolve

X = Variable(np.eye(2) + 1)


@pytest.mark.parametrize("call, wanted", [
    (lambda: special.logsumexp(X), "scipy.special.logsumexp makes plain numbers of its arguments: write dezero_scipy.special.logsumexp"),
    (lambda: linalg.expm(X), "write dezero_scipy.linalg.expm"),
    (lambda: linalg.solve(X, X), "write dezero_scipy.linalg.solve"),                # which asks by numpy.asarray_chkfinite
    (lambda: optimize.minimize(np.sum, X[0]), "write dezero_scipy.optimize.minimize"),
    (lambda: spsolve(sparse.csc_array(np.eye(2)), X), "write dezero_scipy.sparse.spsolve"),
    (lambda: sparse.csr_array(np.eye(2)) @ X, "what does not stands in dezero_scipy.sparse"),
    (lambda: integrate.simpson(X), "write dezero_scipy.integrate.simpson"),
    (lambda: integrate.solve_ivp(lambda t, y: -y, (0, 1), X[0]), "write dezero_scipy.integrate.solve_ivp"),
    (lambda: interpolate.CubicSpline([0, 1], X), "write dezero_scipy.interpolate.CubicSpline"),
    (lambda: signal.convolve(X, X), "write dezero_scipy.signal.convolve"),
    (lambda: ndimage.gaussian_filter(X, 1.0), "write dezero_scipy.ndimage.gaussian_filter"),
    (lambda: stats.norm.logpdf(X), "what does not stands in dezero_scipy.stats"),   # of an object, which has no name
    (lambda: stats.norm.logpdf(0.5, scale=X), "what does not stands in dezero_scipy.stats"),
])
def test_the_error_names_the_twin(call, wanted):
    with pytest.raises(errors.GradientError, match=f"{wanted}$"):
        call()


def test_numpy_and_ones_own_code_have_no_twin():
    for call in (lambda: np.asarray(X), lambda: np.vectorize(lambda x: x)(X)):
        with pytest.raises(errors.GradientError) as caught:
            call()
        assert "scipy" not in str(caught.value)
