"""The programs of examples/: their gradients beside finite differences and JAX, and what they find.

A program is `examples/NAME.py` with `problem(**size)`, which returns the parameters and the data of `loss(parameters, *data)`, and
`main(picture, **size)`. JAX runs the program's own text: the module is loaded once more and its `np` is `jax.numpy`.
"""
import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import jax
import jax.numpy as jnp
import jax.scipy
import numpy as np
import pytest
from jax.tree_util import tree_leaves, tree_map

from dezero import grad, hvp

FOLDER = Path(__file__).parents[1]
JAX = {"np": jnp, "special": jax.scipy.special, "linalg": jax.scipy.linalg, "stats": jax.scipy.stats}

jax.config.update("jax_enable_x64", True)


@dataclass(frozen=True)
class Program:
    """A row of the table: sizes of `problem` and `main`, whether `main` found it; `twin`: the loss by hand, where JAX can't run it."""

    size: dict = field(default_factory=dict)
    run: dict = field(default_factory=dict)
    found: Callable = bool
    twin: Callable = None


PROGRAMS = {
    "logistic_regression": Program(dict(n=50, d=4), dict(n=500, d=6), lambda got: got.success and abs(got.off).max() < 3),
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


def difference(f, step):
    """Return f'(0) of a function of a number, by differences at two distances."""
    return (8 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) / (12 * step)


def assert_close(got, wanted, rtol):
    """Leaf by leaf, to a part of the largest number of all: zeros among the gradients are only as right as the others."""
    scale = max(np.abs(w).max() for w in tree_leaves(wanted))
    for g, w in zip(tree_leaves(got), tree_leaves(wanted), strict=True):
        np.testing.assert_allclose(g, w, rtol=rtol, atol=rtol * scale)


def test_each_program_is_in_the_tables():
    there = {path.stem for path in FOLDER.glob("*.py")}
    assert there == {*PROGRAMS, "rosenbrock_trust_ncg"}         # which tests/test_transforms.py runs
    assert there == set(re.findall(r"^\| \[`(\w+)`\]\(\1\.py\) \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(params=PROGRAMS)
def name(request):
    return request.param


def test_gradient_beside_finite_differences(name):
    module = load(name)
    parameters, *data = module.problem(**PROGRAMS[name].size)
    g = grad(module.loss)(parameters, *data)
    for seed in range(3):
        along = direction(parameters, seed)
        slope = sum(np.sum(d * p).real for d, p in zip(tree_leaves(along), tree_leaves(g)))
        f = lambda t: module.loss(tree_map(lambda p, d: p + t * d, parameters, along), *data)
        size = np.sqrt(sum(np.sum(np.abs(p) ** 2) for p in tree_leaves(g)))
        assert abs(difference(f, 1e-4) - slope) <= 1e-7 * size + 1e-10 * abs(f(0))


def test_gradient_and_hessian_product_beside_jax(name):
    loss, twin = load(name).loss, in_jax(name)
    parameters, *data = load(name).problem(**PROGRAMS[name].size)
    f = lambda p: twin(p, *data)
    along = direction(parameters)
    gradient, product = jax.jvp(jax.grad(f), (parameters,), (along,))
    np.testing.assert_allclose(loss(parameters, *data), f(parameters), rtol=1e-12)
    assert_close(grad(loss)(parameters, *data), gradient, 1e-10)
    assert_close(hvp(loss)(parameters, *data, along), product, 1e-8)


def test_what_it_finds_and_draws(name, tmp_path, capsys):
    """A small run finds what was planted, says so, and draws it."""
    picture = tmp_path / "picture.png"
    assert PROGRAMS[name].found(load(name).main(str(picture), **PROGRAMS[name].run))
    assert capsys.readouterr().out.count("\n") >= 2
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 3000
