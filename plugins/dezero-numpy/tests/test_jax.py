"""Values, gradients and second derivatives against jax.numpy, which shares no line with these rules."""
import functools
import os
import types

import dezero
import numpy as np
import pytest
from calls import FUNCTIONS, samples_of_function
from dezero.engine.arguments import numpy_signature
from dezero.testing.grads import weights_for
from dezero.testing.samples import Place, Sample
from drawn import CALLS
from hypothesis import Phase, given, settings, strategies

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)       # what is compiled runs once

QUICK = {"xla_cpu_use_fusion_emitters": False}                  # compiles in half the time
EXAMPLES = int(os.environ.get("DEZERO_TEST_EXAMPLES", "2"))     # that are drawn for each function

NO_JAX = {
    *"arctan2.outer copysign.outer divide.outer floor_divide.outer fmax.outer fmin.outer fmod.outer heaviside.outer hypot.outer "
     "power.outer remainder.outer fmax.reduce fmin.reduce real_if_close lib.stride_tricks.sliding_window_view".split()}
"""Which functions JAX has not."""

REFUSED = {
    "convolve": "a number", "copy": "order='F'", "partition": "several places", "sort": "kind", "tril": "one row",
    "triu": "one row",
    "quantile": "most methods, weights", "percentile": "most methods, weights", "nanquantile": "most methods, weights",
    "nanpercentile": "most methods, weights", "nanvar": "correction", "nanstd": "correction", "apply_over_axes": "one axis",
    "median": "complex numbers", "nanmedian": "complex numbers",
    **dict.fromkeys("fft.fft2 fft.ifft2 fft.rfft2 fft.irfft2".split(), "-1 for a length"),
}
"""{function: what JAX refuses where the function is called with it}."""

DIFFERENT = {
    "partition": "JAX sorts both parts",
    **dict.fromkeys("unique unique_all unique_counts unique_inverse unique_values union1d intersect1d setdiff1d setxor1d".split(),
                    "JAX gives 0"),
    **dict.fromkeys(["histogram", "histogram2d", "histogramdd"], "JAX counts in floating numbers"),
    "nextafter": "JAX gives 0", "polydiv": "JAX leaves leading zeros",
    "polyfit": "JAX divides by 0 where x is 0", "arccosh": "JAX has the other sign where the real part is negative",
}
"""{function: why JAX has other derivatives}."""


FIRST_ORDER = {"linalg.eig", "linalg.eigvals", "roots"}
"""What JAX has no second derivatives of."""


# -- what is called

class Drawn(Sample):
    """A call that was drawn."""

    def __init__(self, args, kwargs):
        self.xs, self.slopes = [], {}
        self.args = [self._take(a) for a in args]
        self.kwargs = {name: self._take(a) for name, a in kwargs.items()}


def drawn(name):
    """Return calls of a function whose shapes and parameters hypothesis draws, the same each time."""
    found = []

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(strategies.data())
    def draw(data):
        found.append(Drawn(*CALLS[name](lambda *choices: choices[data.draw(strategies.integers(0, len(choices) - 1))])))
    draw()
    return found


def of_jax(name):
    """Return the function of jax.numpy, or None."""
    found = jax.numpy
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def on_jax(f):
    """Return a function of a sample, such as ``lambda a: a @ np.tril(a)``, that calls jax.numpy where it calls NumPy."""
    return types.FunctionType(f.__code__, {**f.__globals__, "np": jax.numpy}, closure=f.__closure__, argdefs=f.__defaults__)


def put(a, xs, convert):
    """Return an argument of a sample with the arrays in their places."""
    if isinstance(a, Place):
        return xs[a.i] if a.f is None else convert(a.f)(xs[a.i])
    a = getattr(a, "array", a)                                  # of a Constant
    return type(a)(put(b, xs, convert) for b in a) if type(a) in (list, tuple) else a


def fits(name, sample):
    """Does NumPy's function take a sample of the op, which may answer others too?"""
    try:
        numpy_signature(FUNCTIONS[name][0])[1].bind(*sample.args, **sample.kwargs)
    except TypeError:
        return False
    return True


def call(f, sample, xs, convert=lambda f: f):
    """Return the results of a sample's call that are floating or complex, as a list."""
    ys = f(*put(sample.args, xs, convert), **{name: put(a, xs, convert) for name, a in sample.kwargs.items()})
    return [y for y in (ys if isinstance(ys, (list, tuple)) else [ys]) if y.dtype.kind in "fc"]


def call_jax(f, sample, xs):
    """Return the same by JAX, which takes no list of numbers for an array."""
    try:
        return call(f, sample, xs, on_jax)
    except TypeError as error:
        if "requires ndarray or scalar arguments, got <class 'list'>" not in str(error):
            raise
    arrays = Drawn([np.asarray(a) if isinstance(a, list) else a for a in sample.args], sample.kwargs)
    arrays.xs = sample.xs
    return call(f, arrays, xs, on_jax)


# -- what is compared

def loss(ys, ws):
    """Return a number in which each result counts by itself, and by its size; the real part of complex ones."""
    return sum([((y + y * y / 2) * w).sum().real for y, w in zip(ys, ws)])


def of_ours(f, sample, ws, vs):
    """Return values, the gradient of the loss, and the product of its Hessian and vs, by dezero."""
    def number(xs):
        return loss(call(f, sample, xs), ws)
    xs = list(map(np.copy, sample.xs))
    with np.errstate(all="ignore"):
        return call(f, sample, xs), dezero.grad(number)(xs), dezero.hvp(number)(xs, vs)


def of_theirs(f, cases):
    """Return the same by JAX for each case, all of them compiled at once; None for a call that JAX refuses."""
    def one(sample, xs, ws, vs):
        def number(xs):
            ys = call_jax(f, sample, xs)
            return loss(ys, ws), ys
        gradient, product, ys = jax.jvp(jax.grad(number, has_aux=True), (xs,), (vs,), has_aux=True)
        return ys, gradient, product

    def run(cases, given):
        found = []
        for (sample, *_), rest in zip(cases, given):
            try:
                found.append(one(sample, *rest))
            except jax.errors.JAXTypeError:
                raise
            except (TypeError, ValueError, NotImplementedError):
                found.append(None)
        return found
    given = [(list(sample.xs), ws, vs) for sample, ws, vs in cases]
    try:
        return jax.jit(functools.partial(run, cases), compiler_options=QUICK)(given)
    except jax.errors.JAXTypeError:                             # where the shape of a result depends on values
        return run(cases, given)


def calls(name):
    """Return the calls of a function: its samples, and what is drawn."""
    return [*filter(functools.partial(fits, name), samples_of_function(name)), *(drawn(name) if name in CALLS else ())]


def compare(name, samples):
    """Compare a function at samples; return how many of the calls JAX refuses, and takes."""
    rng = np.random.default_rng(5)
    f, cases = FUNCTIONS[name][1], []
    for sample in samples:
        with np.errstate(all="ignore"):
            ys = call(f, sample, sample.xs)
        cases.append((sample, [weights_for(rng, y) for y in ys], [weights_for(rng, x) for x in sample.xs]))
    results = of_theirs(of_jax(name), cases)
    for (sample, ws, vs), theirs in zip(cases, results):
        if theirs is not None:
            for what, a, b in zip(("value", "gradient", "second derivative"), of_ours(f, sample, ws, vs), theirs):
                for x, y in zip(a, map(np.asarray, b), strict=True):
                    size = max(1, abs(y[np.isfinite(y)]).max(initial=0))
                    np.testing.assert_allclose(x, y, 1e-9, 1e-11 * size, err_msg=f"{what} of {sample.shown(name)}")
    return len([True for theirs in results if theirs is None]), len([True for theirs in results if theirs is not None])


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.xfail(reason=DIFFERENT[name], strict=True)] if name in DIFFERENT else [])
    for name in FUNCTIONS if of_jax(name) is not None and name not in FIRST_ORDER])
def test_as_jax(name):
    refused, taken = compare(name, calls(name))
    assert taken > 0
    assert bool(refused) is (name in REFUSED), f"JAX refuses {refused} calls"


@pytest.mark.parametrize("name", ["linalg.eigvals", "roots"])
def test_eigenvalues_as_jax(name):
    f, g = FUNCTIONS[name][1], of_jax(name)
    for sample in drawn(name):
        x, = sample.xs
        for x in (x, x + 0.3j * np.cos(x)):
            gradient = dezero.grad(lambda x: np.sum(np.abs(f(x) ** 2 + 1)))(x)
            np.testing.assert_allclose(gradient, jax.grad(lambda x: abs(g(x) ** 2 + 1).sum())(x), 1e-9, 1e-11)


def test_what_jax_has_not():
    assert {name for name in FUNCTIONS if of_jax(name) is None} == set(NO_JAX)


def test_each_function_is_drawn():
    assert [name for name in FUNCTIONS if of_jax(name) is not None and name not in CALLS] == []
