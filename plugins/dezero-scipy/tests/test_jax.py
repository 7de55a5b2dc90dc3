"""Gradients and second derivatives against jax.scipy, which shares no line with these rules."""
import os

import numpy as np
import pytest
import scipy.special as sp
from dezero import grad, hvp
from dezero.testing.samples import samples_of
from dezero_scipy import linalg, stats
from test_special import OPS
from test_stats import SHAPES

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)

NAMES = ("erf", "erfc", "erfinv", "ndtr", "log_ndtr", "ndtri", "expit", "logit", "xlogy", "xlog1py", "entr", "rel_entr", "kl_div",
         "i0", "i1e")
"""Of which JAX compiles derivatives in little time; the others are compared with mpmath and numeric derivatives alone."""


def compare(ours, theirs, x):
    """Compare gradients and products with the Hessian of two functions that give numbers."""
    v = np.cos(np.arange(x.size)).reshape(x.shape)
    np.testing.assert_allclose(grad(ours)(x), jax.grad(theirs)(x), 1e-9, 1e-11)
    np.testing.assert_allclose(hvp(ours)(x, v), jax.jvp(jax.grad(theirs), (x,), (v,))[1], 1e-7, 1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_special(name):
    sample = samples_of(OPS[name].cls)[0]
    args, _ = sample.arguments([x.copy() for x in sample.xs])

    def number(f, i):
        def of(x):
            ys = f(*args[:i], x, *args[i + 1:])
            return sum([(y + y * y / 2).sum() for y in (ys if isinstance(ys, tuple) else (ys,))])
        return of
    for i, x in enumerate(args):
        if np.ndim(x) and x.dtype.kind == "f":
            compare(number(getattr(sp, name), i), number(getattr(jax.scipy.special, name), i), x)


A = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.7], [0.5, -0.2, 1.1]])
B = np.array([[0.3, 1.0], [0.2, -0.7], [1.4, 0.1]])


@pytest.mark.parametrize("call", [
    lambda m, a: m.expm(a), lambda m, a: m.solve(a, B), lambda m, a: m.cholesky(a @ a.T, lower=True),
    lambda m, a: m.solve_triangular(a, B, lower=True), lambda m, a: m.lu_factor(a)[0]], ids=range(5))
def test_linalg(call):
    weights = np.cos(np.arange(100))

    def number(module):
        def of(a):
            y = call(module, a)
            return (y * y * weights[:np.prod(y.shape)].reshape(y.shape)).sum()
        return of
    compare(number(linalg), number(jax.scipy.linalg), A)


@pytest.mark.parametrize("name", ["norm", "cauchy", "laplace", "logistic", "gamma", "beta", "t", "uniform", "expon"])
def test_stats(name):
    args = *SHAPES[name], 0.3, 1.7
    compare(lambda x: getattr(stats, name).logpdf(x, *args), lambda x: getattr(jax.scipy.stats, name).logpdf(x, *args), np.array(1.3))
