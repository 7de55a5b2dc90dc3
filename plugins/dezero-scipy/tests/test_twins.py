"""What SciPy makes plain numbers of is refused by an error that names what stands in its place."""
import importlib
import inspect
import re
import warnings

import numpy as np
import pytest
from dezero import Variable, errors
from dezero_scipy.coverage import COVERAGE
from scipy import integrate, interpolate, linalg, ndimage, optimize, signal, sparse, special, stats
from scipy.sparse.linalg import spsolve

X = Variable(np.eye(2) + 1)


@pytest.mark.parametrize("call, wanted", [
    (lambda: special.logsumexp(X), "scipy.special.logsumexp takes plain numbers: write dezero_scipy.special.logsumexp"),
    (lambda: linalg.expm(X), "write dezero_scipy.linalg.expm"),
    (lambda: linalg.solve(X, X), "write dezero_scipy.linalg.solve"),                # which asks by numpy.asarray_chkfinite
    (lambda: optimize.minimize(np.sum, X[0]), "write dezero_scipy.optimize.minimize"),
    (lambda: spsolve(sparse.csc_array(np.eye(2)), X), "write dezero_scipy.sparse.spsolve"),
    (lambda: sparse.csr_array(np.eye(2)) @ X, "the functions that take Variables are in dezero_scipy.sparse"),
    (lambda: integrate.simpson(X), "write dezero_scipy.integrate.simpson"),
    (lambda: integrate.solve_ivp(lambda t, y: -y, (0, 1), X[0]), "write dezero_scipy.integrate.solve_ivp"),
    (lambda: interpolate.CubicSpline([0, 1], X), "write dezero_scipy.interpolate.CubicSpline"),
    (lambda: signal.convolve(X, X), "write dezero_scipy.signal.convolve"),
    (lambda: ndimage.gaussian_filter(X, 1.0), "write dezero_scipy.ndimage.gaussian_filter"),
    (lambda: stats.norm.logpdf(X), "the functions that take Variables are in dezero_scipy.stats"),   # an object has no name
    (lambda: stats.norm.logpdf(0.5, scale=X), "the functions that take Variables are in dezero_scipy.stats"),
])
def test_the_error_names_the_twin(call, wanted):
    with pytest.raises(errors.GradientError, match=f"{wanted}$"):
        call()


TAKES_VARIABLES = {"jvp", "yvp", "ivp", "kvp", "sinc", "softplus"}
"""Functions of scipy.special that are made of ufuncs and NumPy's functions alone: they have gradients by their last argument."""


def said(function):
    """Yield what dezero's errors say of a call with a Variable in the place of one of the arguments, of each in turn."""
    places = [p for p in inspect.signature(function).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = len([p for p in places if p.default is p.empty])
    for place in range(len(places)):
        for x in (X[0, 0], X[0], X):
            for other in (2, np.eye(2)):
                arguments = [other] * max(required, place + 1)
                arguments[place] = x
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        function(*arguments)
                except errors.DezeroError as error:
                    yield str(error)
                except Exception:                       # SciPy's own, of arguments that it does not take
                    pass


def functions_of(module):
    return {name: f for name, f in vars(module).items() if inspect.isfunction(f) and name[0] != "_" and name != "test"}


@pytest.mark.parametrize("name", [name for name, said in COVERAGE["scipy.special"].items()
                                  if said.startswith("twin") and name not in TAKES_VARIABLES])
def test_each_function_of_special_names_its_twin(name):
    texts = list(said(getattr(special, name)))
    wanted = f"; scipy.special.{name} takes plain numbers: write dezero_scipy.special.{name}"
    assert texts and all([wanted in text for text in texts])


@pytest.mark.parametrize("name", ["cholesky", "eigh", "svdvals", "qr", "logm", "solve_triangular", "lu_factor", "expm", "det"])
def test_functions_of_linalg_name_their_twins(name):
    """Most are called through a decorator of scipy._lib."""
    wanted = f"; scipy.linalg.{name} takes plain numbers: write dezero_scipy.linalg.{name}"
    texts = list(said(getattr(linalg, name)))
    assert texts and all([wanted in text for text in texts])


def test_out_is_refused_by_the_public_name():
    with pytest.raises(TypeError, match=r"^scipy.special.zeta\(out=...\) with a Variable"):
        special.zeta(2.0, X, np.zeros((2, 2)))


def test_no_error_of_special_has_a_private_name():
    """Such as that of `_lambertw`, the ufunc that `scipy.special.lambertw` calls."""
    functions = functions_of(special)
    wrong = [name for name, f in functions.items() for text in said(f)
             if text[0] == "_" or "no op claims" in text and not text.startswith(f"scipy.special.{name} of a Variable")]
    assert len(functions) > 100 and wrong == []


@pytest.mark.parametrize("module", [module for module in COVERAGE if module != "scipy.sparse.linalg"])
def test_no_twin_recommends_itself(module):
    twin = importlib.import_module(f"dezero_{module}")
    functions = functions_of(twin)
    circular = {name for name, f in functions.items() for text in said(f) if re.search(rf"write {twin.__name__}\.{name}\b", text)}
    assert functions and circular == set()


def test_numpy_and_ones_own_code_have_no_twin():
    for call in (lambda: np.asarray(X), lambda: np.vectorize(lambda x: x)(X)):
        with pytest.raises(errors.GradientError) as caught:
            call()
        assert "scipy" not in str(caught.value)
