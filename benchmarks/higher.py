"""Derivatives of functions, and of derivatives: dezero beside PyTorch, JAX and HIPS autograd, turn by turn in one process.

    python benchmarks/higher.py                       everything, one thread
    python benchmarks/higher.py --only "hvp" --rounds 15 --peers dezero torch

Each peer is asked in every way its users would write it, and the quickest of them counts: for PyTorch `torch.autograd.grad` by
hand and `torch.autograd.functional`.  `vmap` is PyTorch with all rows in one batch (`torch.func`, and ``vectorize=True``, which
PyTorch calls experimental), `jit` the compiled function of `jax.jit`.  Every way
is held against SciPy's Rosenbrock or the derivative by hand before it is timed; who is wrong or not installed is not timed.
Every cell is a median, and how many times that is dezero's.  The last lines say what `grad` adds to forward and backward by hand.
"""
import argparse
import json
import re
import statistics

import measure
import run

SMALL = 2.0
NAMES = ["dezero", "torch", "vmap", "autograd", "jax", "jit"]


def scalar(x):
    return x ** 5 / (x * x + 1.0)


def small(x):
    return x * x + 3.0 * x


def nested(grad, f, order):
    for _ in range(order):
        f = grad(f)
    return f


def dezero_ways(f, np):
    """{task: {way: (callable, its arguments)}}; so are the others."""
    import dezero
    from dezero import Variable

    def by_hand(x):
        v = Variable(np.array(x))
        small(v).backward()
        return v.grad

    x50, x, v = points(np)
    return {
        "hessian 50": {"hessian": (dezero.hessian(f), x50)},
        "hvp 1000": {"hvp": (dezero.hvp(f), x, v)},
        "fourth derivative": {"grad": (nested(dezero.grad, scalar, 4), SMALL)},
        "grad of a small function": {"grad": (dezero.grad(small), SMALL)},
        "the same by hand": {"backward": (by_hand, SMALL)},
    }


def torch_ways(f, np):
    import torch
    torch.set_num_threads(1)
    known = lambda a: torch.tensor(a, dtype=torch.float64, requires_grad=True)
    derive = torch.autograd.grad
    x50, x, v = map(known, points(np))
    at = known(SMALL)

    def product(x, v):
        g, = derive(f(x), x, create_graph=True)
        return derive(g, x, v)[0]

    def fourth(x):
        y = scalar(x)
        for _ in range(4):
            y, = derive(y, x, create_graph=True)
        return y

    def rows(x):
        g, = derive(f(x), x, create_graph=True)
        return torch.stack([derive(e, x, retain_graph=True)[0] for e in g])

    functional = torch.autograd.functional
    return {
        "hessian 50": {"by hand": (rows, x50), "functional": (lambda x: functional.hessian(f, x), x50.detach())},
        "hvp 1000": {"by hand": (product, x, v.detach()), "functional": (lambda x, v: functional.vhp(f, x, v)[1], x.detach(), v.detach())},
        "fourth derivative": {"by hand": (fourth, at)},
        "grad of a small function": {"by hand": (lambda x: derive(small(x), x)[0], at)},
    }


def vmap_ways(f, np):
    import torch
    torch.set_num_threads(1)
    leaf = lambda a: torch.tensor(a, dtype=torch.float64)
    func, functional, at = torch.func, torch.autograd.functional, leaf(SMALL)
    x50, x, v = map(leaf, points(np))
    return {
        "hessian 50": {"func": (func.hessian(f), x50), "vectorized": (lambda x: functional.hessian(f, x, vectorize=True), x50)},
        "hvp 1000": {"func": (lambda x, v: func.jvp(func.grad(f), (x,), (v,))[1], x, v)},
        "fourth derivative": {"func": (nested(func.grad, scalar, 4), at)},
        "grad of a small function": {"func": (func.grad(small), at)},
    }


def autograd_ways(f, np):
    import autograd
    x50, x, v = points(np)
    g = autograd.grad(f)
    return {
        "hessian 50": {"hessian": (autograd.hessian(f), x50)},
        "hvp 1000": {"product": (autograd.hessian_vector_product(f), x, v), "make_hvp": (lambda x, v: autograd.make_hvp(f)(x)[0](v), x, v),
                     "grad": (autograd.grad(lambda x, v: (g(x) * v).sum()), x, v)},
        "fourth derivative": {"grad": (nested(autograd.grad, scalar, 4), SMALL)},
        "grad of a small function": {"grad": (autograd.grad(small), SMALL)},
    }


def jax_ways(f, np, jit=lambda f: f):
    import jax
    jax.config.update("jax_enable_x64", True)
    x50, x, v = map(jax.numpy.asarray, points(np))
    at = jax.numpy.asarray(SMALL)

    def waited(f):
        f = jit(f)
        return lambda *args: f(*args).block_until_ready()

    return {
        "hessian 50": {"hessian": (waited(jax.hessian(f)), x50)},
        "hvp 1000": {"forward": (waited(lambda x, v: jax.jvp(jax.grad(f), (x,), (v,))[1]), x, v),
                     "reverse": (waited(jax.grad(lambda x, v: (jax.grad(f)(x) * v).sum())), x, v)},
        "fourth derivative": {"grad": (waited(nested(jax.grad, scalar, 4)), at)},
        "grad of a small function": {"grad": (waited(jax.grad(small)), at)},
    }


def jit_ways(f, np):
    import jax
    return jax_ways(f, np, jax.jit)


WAYS = {"dezero": dezero_ways, "torch": torch_ways, "vmap": vmap_ways, "autograd": autograd_ways, "jax": jax_ways, "jit": jit_ways}


def points(np):
    rng = np.random.default_rng(5)
    return rng.normal(size=50), rng.normal(size=1000), rng.normal(size=1000)


def oracles(np):
    from scipy.optimize import rosen_hess, rosen_hess_prod
    x50, x, v = points(np)
    t = np.polynomial.Polynomial([SMALL, 1.0])          # scalar(2 + t) as a series, by long division of polynomials from below
    above, below = (t ** 5).coef, (t * t + 1.0).coef
    series = []
    for k in range(5):
        series.append((above[k] - sum(below[j] * series[k - j] for j in range(1, min(k, 2) + 1))) / below[0])
    return {"hessian 50": rosen_hess(x50), "hvp 1000": rosen_hess_prod(x, v), "fourth derivative": 24 * series[4],
            "grad of a small function": 2 * SMALL + 3, "the same by hand": 2 * SMALL + 3}


def gathered(names):
    """({task: {"peer: way": callable}}, notes): what is there and right."""
    import numpy as np
    import workloads
    tasks, notes, wanted = {}, [], oracles(np)
    for name in names:
        try:
            ways = WAYS[name](workloads.rosenbrock_n, np)
        except ImportError as error:
            notes.append(f"{name}: {error}")
            continue
        for task, found in ways.items():
            for way, (call, *args) in found.items():
                got = call(*args)
                got = np.asarray(got.detach() if hasattr(got, "detach") else got)
                if np.allclose(got, wanted[task], rtol=1e-8, atol=1e-6):
                    tasks.setdefault(task, {})[f"{name}: {way}"] = lambda call=call, args=args: call(*args)
                else:
                    notes.append(f"{name}: {way}, {task}: wrong")
    return tasks, notes


def quickest(times, name):
    """(way, median) of a peer."""
    mine = {way: statistics.median(seconds) for way, seconds in times.items() if way.startswith(name + ":")}
    return min(mine.items(), key=lambda pair: pair[1]) if mine else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--only", default="", help="regular expression: only tasks whose name has it")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--turn", type=float, default=0.03, help="seconds of a turn")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of the clock: for a busy machine")
    options = parser.parse_args()
    measure.pin(1)
    if options.cpu:
        measure.use_processor_time()
    tasks, notes = gathered(options.peers)
    result = {}
    by_hand = tasks.pop("the same by hand", {})
    for task, calls in tasks.items():
        if not re.search(options.only, task):
            continue
        times = measure.race(calls | (by_hand if task == "grad of a small function" else {}), options.rounds, options.turn)
        added = [a - b for a, b in zip(times.get("dezero: grad", ()), times.pop("dezero: backward", ()))]
        own = quickest(times, "dezero")
        cells = []
        for name in options.peers:
            best = quickest(times, name)
            if best:
                cells.append(f"{best[0]} {run.span(best[1])}" + (f" {run.times_own(best[1] / own[1])}" if own and name != "dezero" else ""))
        print(f"{task:26s}", "   ".join(f"{cell:28s}" for cell in cells), flush=True)
        if added:
            print(f"{'':26s} grad adds {run.span(max(statistics.median(added), 0.0))} to forward and backward by hand (at most 2 us)")
        result[task] = {way: measure.summary(seconds) for way, seconds in times.items()}
    for note in notes:
        print("not timed:", note)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
