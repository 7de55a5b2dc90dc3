"""The programs of examples/: their gradients beside finite differences and JAX, and what they find.

A program is `examples/NAME.py` with `problem(**size)`, which returns the parameters and the data of `loss(parameters, *data)`, and
`main(picture, **size)`. JAX runs the program's own text: the module is loaded once more and its `np` is `jax.numpy`.
"""
import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Callable

import jax
import jax.numpy as jnp
import jax.scipy
import numpy as np
import pytest
from jax.experimental.ode import odeint
from jax.tree_util import tree_leaves, tree_map

from dezero import grad, hvp
from dezero.__main__ import main

FOLDER = Path(__file__).parents[1]

jax.config.update("jax_enable_x64", True)


def root(f, x0, args, tol):
    """Return what optimize.root finds, by Newton's steps, which JAX differentiates."""
    step = lambda _, x: x - jnp.linalg.solve(jax.jacfwd(f)(x, *args), f(x, *args))
    return SimpleNamespace(x=jax.lax.fori_loop(0, 10, step, jnp.asarray(x0)))


def solve_ivp(f, t_span, y0, method, t_eval, args, **tolerances):
    """Return what integrate.solve_ivp gives, by JAX's solver."""
    times = jnp.concatenate([jnp.array([t_span[0]]), t_eval])
    return SimpleNamespace(y=odeint(lambda y, t, *args: f(t, y, *args), jnp.asarray(y0), times, *args, **tolerances)[1:].T)


JAX = {"np": jnp, "special": jax.scipy.special, "optimize": SimpleNamespace(root=root),
       "integrate": SimpleNamespace(solve_ivp=solve_ivp)}


@dataclass(frozen=True)
class Program:
    """A row of the table: sizes of `problem` and `main`, and whether `main` found it; `twin` is a loss that JAX can run."""

    size: dict = field(default_factory=dict)
    run: dict = field(default_factory=dict)
    found: Callable = bool
    twin: Callable = None


def diffusion(p, measured):
    """Return the loss of examples/diffusion.py, whose assignments make new arrays in JAX."""
    k, steps = jnp.exp(p), 10 * (len(measured) - 1)
    u = jnp.zeros((steps + 1, len(p) + 1)).at[:, 0].set(1.0)
    for t in range(steps):
        flow = k * (u[t, :-1] - u[t, 1:])
        u = u.at[t + 1, 1:-1].set(u[t, 1:-1] + flow[:-1] - flow[1:])
    return jnp.mean((u[::10] - measured) ** 2)


def weibull_survival(p, x, years, died):
    """Return the loss of examples/weibull_survival.py: the cumulative hazard of all, less the log of the hazard of who died."""
    shape, z = jnp.exp(p[0]), years * jnp.exp(-x @ p[1:])
    return jnp.sum(z ** shape - died * (p[0] - jnp.log(years) + shape * jnp.log(z)))


PROGRAMS = {
    "bayesian_logistic": Program(dict(n=50), dict(n=150, samples=500), lambda got: abs(got.off).max() < 3 and
                                 abs(got.sampled - got.log_evidence) < 0.3 and got.worth > 250),
    "black_scholes": Program(dict(n=5), dict(n=100), lambda got: max(got.off) < 1e-10 and got.implied_off < 1e-8),
    "chromatogram": Program(dict(n=50), dict(n=300), lambda got: abs(got.off).max() < 3 and 0.8 < got.chi2 < 1.2),
    "diffusion": Program(dict(n=5, steps=10), dict(n=9, steps=100), lambda got: got.off.max() < 0.05, twin=diffusion),
    "digits": Program(dict(n=20), {}, lambda got: got.success and got.accuracy >= 0.95),
    "gaussian_process": Program(dict(n=9), dict(n=80), lambda got: got.loss < got.planted and abs(got.off).max() < 0.5),
    "heat_equation": Program(dict(n=6, steps=3), {}, lambda got: got.off[1] < 0.01 < got.off[0]),
    "hidden_markov_model": Program(dict(n=4), dict(n=300), lambda got: got.loss < got.planted and abs(got.shown[1, 5] - 0.5) < 0.1),
    "k_means": Program(dict(n=12, k=3, d=2), dict(n=200, k=5, d=4), lambda got: got.off.max() < 0.7),
    "kalman_filter": Program(dict(n=3), dict(n=100), lambda got: got.success and abs(got.off).max() < 3),
    "logistic_regression": Program(dict(n=50, d=4), dict(n=500, d=6), lambda got: got.success and abs(got.off).max() < 3),
    "minimal_surface": Program(dict(n=6), dict(n=10), lambda got: got.off < 6e-4 and got.apart < 1e-6 and
                               got.found["trust-ncg"].nit < got.found["L-BFGS-B"].nit),
    "mlp": Program(dict(n=6, d=5, hidden=4, classes=3), dict(d=30, hidden=32, classes=3, steps=100),
                   lambda got: got.accuracy >= 0.95),
    "ode": Program(dict(steps=2), dict(steps=60), lambda got: got.off < 1e-3),
    "phase_retrieval": Program(dict(n=4, masks=2), dict(n=16), lambda got: got.off < 1e-3),
    "rbf_network": Program(dict(n=40, units=3), dict(n=200, units=8), lambda got: got.rms < 0.03),
    "rnn": Program(dict(steps=5, n=3, inputs=3, hidden=4), dict(steps=10, inputs=4, hidden=12, updates=150, rate=0.01),
                   lambda got: got.explained >= 0.95),
    "spring_mass": Program(dict(times=2, end=0.5, tolerance=1e-13), dict(times=20),
                           lambda got: abs(got.off).max() < 3 and 0.6 < got.chi2 < 1.4),
    "trilateration": Program(dict(n=5), dict(n=6), lambda got: abs(got.off).max() < 3.5 and got.wrong.tolist() == [0, 20]),
    "truss_bridge": Program(dict(panels=4), dict(panels=6), lambda got: abs(got.off).max() < 3 and
                            got.lines[1].max() > got.lines[0].max()),
    "weibull_survival": Program(dict(n=60), dict(n=300), lambda got: abs(got.off).max() < 3 and 0.01 < got.ratio_error < 0.1,
                                twin=weibull_survival),
}


def load(name):
    """Return the module examples/NAME.py, made anew."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_jax(name):
    """Return the loss of a program that JAX differentiates."""
    if PROGRAMS[name].twin:
        return PROGRAMS[name].twin
    module = load(name)
    vars(module).update({word: twin for word, twin in JAX.items() if hasattr(module, word)})
    return module.loss


def direction(parameters, seed=0):
    """Return random numbers of the structure and the kinds of parameters, of length 1."""
    rng = np.random.default_rng(seed)
    found = tree_map(lambda p: rng.normal(size=np.shape(p)) + 1j * np.iscomplexobj(p) * rng.normal(size=np.shape(p)), parameters)
    length = np.sqrt(sum(np.sum(np.abs(d) ** 2) for d in tree_leaves(found)))
    return tree_map(lambda d, p: (d if np.iscomplexobj(p) else d.real) / length, found, parameters)


def difference(f, step=1e-4):
    """Return f'(0) of a function of a number, by differences at two distances."""
    return (8 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) / (12 * step)


def ravel(tree):
    """Return all numbers of a tree in a row."""
    return np.concatenate([np.ravel(leaf) for leaf in tree_leaves(tree)])


def assert_close(got, wanted, rtol):
    """Equal to a part of the largest number: those that are nearly zero are only as right as the others."""
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=rtol * np.abs(wanted).max())


def test_each_program_is_in_the_tables():
    there, text = {path.stem for path in FOLDER.glob("*.py")}, (FOLDER / "README.md").read_text(encoding="utf-8")
    assert there == {*PROGRAMS, "rosenbrock_trust_ncg"}         # which tests/test_transforms.py runs
    assert there == set(re.findall(r"^\| \[`(\w+)`\]\(\1\.py\) \|", text, re.MULTILINE))


@pytest.fixture(params=PROGRAMS)
def name(request):
    return request.param


def test_derivatives_beside_finite_differences(name):
    """The loss along a line, and the gradient along it."""
    module = load(name)
    parameters, *data = module.problem(**PROGRAMS[name].size)
    for seed in range(3):
        along = direction(parameters, seed)
        at = lambda t: tree_map(lambda p, d: p + t * d, parameters, along)
        slope = np.sum(ravel(along) * ravel(grad(module.loss)(parameters, *data))).real
        assert_close(slope, difference(lambda t: module.loss(at(t), *data)), 1e-7)
    bend = difference(lambda t: ravel(grad(module.loss)(at(t), *data)))
    assert_close(ravel(hvp(module.loss)(parameters, *data, along)), bend, 1e-7)


def test_gradient_beside_jax(name):
    module, twin = load(name), in_jax(name)
    parameters, *data = module.problem(**PROGRAMS[name].size)
    value, gradient = jax.jit(jax.value_and_grad(lambda p: twin(p, *data)))(parameters)
    np.testing.assert_allclose(module.loss(parameters, *data), value, rtol=1e-12)
    assert_close(ravel(grad(module.loss)(parameters, *data)), ravel(gradient), 1e-11)


def test_the_demo_ends_with_two(capfd):
    """`dezero demo`, where the packages are there; tests/test_main.py has it without them."""
    assert main(["demo"]) == 0
    *_, logistic, gamma, _, verdict = capfd.readouterr().out.splitlines()
    assert logistic.startswith("logistic regression ") and gamma.startswith("gamma distribution ") and verdict == "all as expected"


def test_what_it_finds_and_draws(name, tmp_path, capsys):
    """A small run finds what was planted, says so, and draws it."""
    picture = tmp_path / "picture.png"
    assert PROGRAMS[name].found(load(name).main(str(picture), **PROGRAMS[name].run))
    assert capsys.readouterr().out.count("\n") >= 2
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 3000
