"""Values, gradients and second derivatives against jax.numpy, which shares no line with these rules."""
import os
import types

import dezero
import numpy as np
import pytest
from calls import FUNCTIONS, samples_of_function
from dezero.testing.grads import weights
from dezero.testing.samples import Place, Sample
from drawn import CALLS
from hypothesis import Phase, given, settings, strategies

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)     # what is compiled runs once

EXAMPLES = 4            # of each function; as many as compile in a second

NO_JAX = {
}
"""Which functions JAX has not."""

NO_ARGUMENT = {
}
"""{function: which of its arguments JAX has not, or does not take as NumPy does}."""

DIFFERENT = {
}
"""{function: why JAX's derivative is another one, at a sample or where something is drawn}."""

NOT_DRAWN = {
}
"""{function: why it is compared at its samples alone}."""


# -- what is called

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


def call(f, sample, xs, convert=lambda f: f):
    """Return the results of a sample's call that are floating, as a list."""
    ys = f(*put(sample.args, xs, convert), **{name: put(a, xs, convert) for name, a in sample.kwargs.items()})
    return [y for y in (ys if isinstance(ys, (list, tuple)) else [ys]) if y.dtype.kind == "f"]


class Drawn(Sample):
    """A call that was drawn."""

    def __init__(self, args, kwargs):
        self.xs, self.slopes = [], {}
        self.args = [self._take(a) for a in args]
        self.kwargs = {name: self._take(a) for name, a in kwargs.items()}


# -- what is compared

def of_ours(f, sample, ws, vs):
    """Return values, gradient of Σ y w, and product of its Hessian and vs, by dezero."""
    def loss(xs):
        return sum([(y * w).sum() for y, w in zip(call(f, sample, xs), ws)])
    xs = list(map(np.copy, sample.xs))
    with np.errstate(all="ignore"):
        return call(f, sample, xs), dezero.grad(loss)(xs), dezero.hvp(loss)(xs, vs)


def of_theirs(f, cases):
    """Return the same by JAX, for each case, all of them compiled at once."""
    def one(sample, xs, ws, vs):
        def loss(xs):
            return sum([(y * w).sum() for y, w in zip(call(f, sample, xs, on_jax), ws)])
        return call(f, sample, xs, on_jax), *jax.jvp(jax.grad(loss), (xs,), (vs,))

    @jax.jit
    def run(given):
        return [one(sample, *rest) for (sample, *_), rest in zip(cases, given)]
    return run([(list(sample.xs), ws, vs) for sample, ws, vs in cases])


def compare(name, found):
    """Compare a function at samples."""
    rng = np.random.default_rng(5)
    f, cases = FUNCTIONS[name][1], []
    for sample in found:
        with np.errstate(all="ignore"):
            ys = call(f, sample, sample.xs)
        cases.append((sample, [weights(rng, y.shape) for y in ys], [weights(rng, x.shape) for x in sample.xs]))
    for (sample, ws, vs), theirs in zip(cases, of_theirs(of_jax(name), cases)):
        for what, a, b in zip(("value", "gradient", "second derivative"), of_ours(f, sample, ws, vs), theirs):
            for x, y in zip(a, b, strict=True):
                y = np.asarray(y)
                np.testing.assert_allclose(x, y, 1e-9, 1e-11 * max(1, abs(y).max(initial=0)), err_msg=f"{what} of {sample.shown(name)}")


SAMPLES = {name: found for name in FUNCTIONS if (found := samples_of_function(name))}


def names(known):
    """Return what is compared, as parameters of a test; where JAX is another it has to fail."""
    return [pytest.param(name, marks=[pytest.mark.xfail(reason=DIFFERENT[name], strict=True)] if name in DIFFERENT else [])
            for name in known if of_jax(name) is not None]


def test_what_jax_has_not():
    assert {name for name in FUNCTIONS if of_jax(name) is None} == set(NO_JAX)


def passes(sample, name):
    """Does a sample give an argument that JAX has not?"""
    return bool(NO_ARGUMENT.get(name, set()) & set(sample.kwargs))


@pytest.mark.parametrize("name", names(SAMPLES))
def test_at_the_samples(name):
    compare(name, [sample for sample in SAMPLES[name] if not passes(sample, name)])


@pytest.mark.parametrize("name", [name for name in NO_ARGUMENT if name in SAMPLES])
def test_what_argument_jax_has_not(name):
    for argument in NO_ARGUMENT[name]:
        sample = next(sample for sample in SAMPLES[name] if argument in sample.kwargs)
        with pytest.raises((TypeError, ValueError, NotImplementedError, AssertionError)):
            compare(name, [sample])


@pytest.mark.parametrize("name", names(name for name in FUNCTIONS if name in CALLS))
def test_with_what_is_drawn(name):
    @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(strategies.data())
    def draw(data):
        found.append(Drawn(*CALLS[name](lambda *choices: choices[data.draw(strategies.integers(0, len(choices) - 1))])))

    found = []
    draw()
    compare(name, found)


def test_what_is_not_drawn():
    assert {name for name in FUNCTIONS if of_jax(name) is not None and name not in CALLS} == set(NOT_DRAWN)
