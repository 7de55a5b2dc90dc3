"""Gradients and second derivatives against jax.scipy, which shares no line with these rules."""
import os

import numpy as np
import pytest
import scipy.linalg as sl
import scipy.special as sp
from dezero import grad, hvp
from dezero.testing.samples import samples_of
from dezero_scipy import linalg, stats
from test_special import OPS
from test_stats import COUNTED, SHAPES

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)

OTHER = {
    "expn": "JAX's of order 0 is another one", "hyp2f1": "JAX has no second derivative", "hyp1f1": "JAX gives three digits",
    "bernoulli": "not the ufunc",
}
NAMES = [name for name in OPS if isinstance(getattr(sp, name, None), np.ufunc) and hasattr(jax.scipy.special, name)
         and name not in OTHER]


def compare(ours, theirs, x, first=1e-9, second=1e-7):
    """Compare gradients and products with the Hessian of two functions that give numbers."""
    v = np.cos(np.arange(x.size)).reshape(x.shape)
    np.testing.assert_allclose(grad(ours)(x), jax.grad(theirs)(x), first, 1e-11)
    if second:
        np.testing.assert_allclose(hvp(ours)(x, v), jax.jvp(jax.grad(theirs), (x,), (v,))[1], second, 1e-10)


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


def test_how_many():
    assert len(NAMES) >= 30


A = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.7], [0.5, -0.2, 1.1]])
B = np.array([[0.3, 1.0], [0.2, -0.7], [1.4, 0.1]])


@pytest.mark.parametrize("call", [
    lambda m, a: m.expm(a), lambda m, a: m.solve(a, B), lambda m, a: m.cholesky(a @ a.T, lower=True), lambda m, a: m.inv(a),
    lambda m, a: m.det(a)[None], lambda m, a: m.solve_triangular(a, B, lower=True), lambda m, a: m.cho_solve(m.cho_factor(a @ a.T), B),
    lambda m, a: m.lu_factor(a)[0], lambda m, a: m.lu_solve(m.lu_factor(a), B), lambda m, a: m.eigh(a @ a.T)[0],
    lambda m, a: m.svd(a, compute_uv=False), lambda m, a: m.qr(a)[1], lambda m, a: m.block_diag(a, a * a),
    lambda m, a: m.toeplitz(a[0], a[1])], ids=range(14))
def test_linalg(call):
    weights = np.cos(np.arange(100))
    number = lambda m: lambda a: ((y := call(m, a)) * y * weights[:np.prod(y.shape)].reshape(y.shape)).sum()
    compare(number(linalg), number(jax.scipy.linalg), A)


@pytest.mark.parametrize("name", [*SHAPES, *COUNTED])
def test_stats(name):
    args = (2.0, *{**SHAPES, **COUNTED}[name], 0.0 if name in COUNTED or name == "pareto" else 0.3)
    log = "logpdf" if name in SHAPES else "logpmf"
    ours, theirs = getattr(getattr(stats, name), log), getattr(getattr(jax.scipy.stats, name, None), log, None)
    if theirs is None:
        pytest.skip("JAX has no such distribution")
    for i in range(len(args)):
        if name in SHAPES or 0 < i < len(args) - 1 and (name, i) not in {("binom", 1)}:
            at = lambda f, i=i: lambda v: f(*args[:i], v, *args[i + 1:])
            compare(at(ours), at(theirs), np.array(args[i], float))


def test_a_factor_is_as_of_scipy():
    np.testing.assert_allclose(linalg.lu_factor(A)[0], sl.lu_factor(A)[0])
