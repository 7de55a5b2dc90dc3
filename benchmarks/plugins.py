"""What plugins may cost, each figure beside what it measures here: ok or missed. Ends with status 1 if one is missed.

    python benchmarks/plugins.py [--rounds 9] [--packages 20]

Twenty packages with one op each are written into a folder: what they add to `import dezero`, and what the first lookup that
needs them takes, in processes of their own; then 250 ops that a table claims, and the first use of one. Then, in one process
and turn by turn, an op that was registered beside the built-in one with the same loops; what is left of 10,000 that were
registered, called and taken off; and, where PyTorch is installed, an op that is Python alone beside a
`torch.autograd.Function`.
Run it with the Python of an environment where a wheel of dezero is installed.
"""
import argparse
import gc
import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

import measure

PACKAGE = """
import numpy as np
from dezero import Function, hookimpl

class Op(Function):
    name = "op_{i}"

    def forward(self, x):
        return np.sin(x)

    def backward(self, gy):
        x, = self.inputs
        return gy * np.cos(x)

@hookimpl
def dezero_register_ops(register):
    register(Op)
"""

RULES = """
import numpy as np
from dezero import hookimpl, rule

@hookimpl
def dezero_register_ops(register):
    for op in OPS:
        register(op)

OPS = []
"""

RULE = """
@rule({forward}, name={name!r}, method=None)
def f{i}(gy, y, x, axis=None):
    return gy * y

OPS.append(f{i})
"""

LAZY = """
from dezero import hookimpl

TABLES = {tables!r}

@hookimpl
def dezero_register_ops(register):
    for module, table in TABLES.items():
        register.lazy(module, table)
"""

CLAIM = """
import time, numpy, dezero
import {module}
begin = time.perf_counter()
dezero.plugins.register({module})
claimed = time.perf_counter()
dezero.functions.{name}
print(1e3 * (claimed - begin), 1e3 * (time.perf_counter() - claimed))
"""

START = """
import time, numpy
begin = time.perf_counter()
import dezero
imported = time.perf_counter()
import dezero.functions as F
F.{name}
print(1e3 * (imported - begin), 1e3 * (time.perf_counter() - imported))
"""


def install(folder, n):
    """n distributions with one op each, as pip would leave them."""
    for i in range(n):
        (folder / f"bench_op_{i}.py").write_text(PACKAGE.format(i=i))
        info = folder / f"bench_op_{i}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bench-op-{i}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[dezero]\nop_{i} = bench_op_{i}\n")


def environment(folder):
    """Of a process that finds what is in a folder, and writes its bytecode: to compile a module of 36 rules takes 2 ms."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])}


def starts(rounds, n):
    """Milliseconds of `import dezero` after NumPy's, and of the first lookup of a package's op."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder), n)
        environ = environment(folder)
        found = []
        for _ in range(rounds + 1):             # the first writes the bytecode
            done = subprocess.run([sys.executable, "-c", START.format(name=f"op_{n - 1}")], env=environ, text=True,
                                  capture_output=True, check=True)
            found.append([float(ms) for ms in done.stdout.split()])
    imports, misses = zip(*found[1:])
    yield f"import dezero with {n} packages: ms beyond numpy", 15, statistics.median(imports), min(imports)
    yield f"first lookup with {n} packages: ms", 60, statistics.median(misses), min(misses)


def unclaimed(n):
    """``{name: dotted text}`` of n functions that NumPy dispatches and no built-in op claims; else of ufuncs' methods."""
    import numpy as np
    from dezero.registry import registry
    found, taken = {}, {*registry.snapshot.functions, *registry.snapshot.constants}
    for house in ("numpy", "numpy.linalg", "numpy.fft"):
        for name, f in vars(importlib.import_module(house)).items():
            if isinstance(f, (np.ufunc, type(np.stack))) and f not in taken and f not in found.values() and name[0] != "_":
                found[f"{house}.{name}"] = f
    texts = list(found) + [f"{text}.outer" for text, f in found.items() if isinstance(f, np.ufunc)]
    return {text.removeprefix("numpy.").replace(".outer", "_outer"): text for text in texts[:n]}


def lazy(rounds, n=250, size=36):
    """n ops of rules in modules of `size` each, by register.lazy; the first use of one; and all, registered."""
    claimed = list(unclaimed(n).items())
    with tempfile.TemporaryDirectory() as folder:
        tables = {}
        for at in range(0, n, size):
            module = f"bench_rules_{at}"
            tables[module] = {name: {"numpy": [text], "method": None} for name, text in claimed[at:at + size]}
            rules = [RULE.format(name=name, i=i, forward=repr_of(text)) for i, (name, text) in enumerate(claimed[at:at + size])]
            (Path(folder) / f"{module}.py").write_text(RULES + "".join(rules))
        (Path(folder) / "bench_lazy.py").write_text(LAZY.format(tables=tables))
        hooks = "".join(f"    {module}.dezero_register_ops(register)\n" for module in tables)
        (Path(folder) / "bench_eager.py").write_text(f"from dezero import hookimpl\n@hookimpl\ndef dezero_register_ops(register):\n"
                                                     f"    import {', '.join(tables)}\n{hooks}")
        environ = environment(folder)
        times = {}
        for module in ("bench_lazy", "bench_eager"):
            found = []
            for _ in range(rounds + 1):         # the first writes the bytecode
                code = CLAIM.format(module=module, name=claimed[size + 3][0])
                done = subprocess.run([sys.executable, "-P", "-c", code], env=environ, text=True, capture_output=True, check=True)
                found.append([float(ms) for ms in done.stdout.split()])
            times[module] = list(zip(*found[1:]))
    claims, uses = times["bench_lazy"]
    yield f"{n} ops claimed lazily: ms", 15, statistics.median(claims), min(claims)
    yield f"first use of one of them, a module of {size} ops: ms", 5, statistics.median(uses), min(uses)
    yield (f"{n} ops claimed lazily / registered", 0.5, statistics.median(claims) / statistics.median(times["bench_eager"][0]),
           min(claims) / min(times["bench_eager"][0]))


def repr_of(text):
    """A dotted text as an argument of `rule`: NumPy's function, or a method of a ufunc, which is claimed beside a forward."""
    return f"lambda x: x, {text!r}" if text.endswith(".outer") else f"np.{text.removeprefix('numpy.')}"


def dispatch(rounds):
    """Ops registered with the loops of `mul`, and with the ufunc's, against `mul` itself, through every way to it."""
    import numpy as np
    import dezero
    import dezero.functions as F
    from dezero._kernels import elementwise

    clear = "x.cleargrad(); y.cleargrad()"
    for source, loop in (("compiled", elementwise.mul), ("ufunc's", np.multiply)):
        class Product(dezero.Function):
            name = "product"
            operators = ("__matmul__",)
            numpy = (np.fmod,)
            kernel = dezero.Kernel(loop, ("x1", "x0"), cheap=True)
            forward, backward = dezero.Mul.forward, dezero.Mul.backward

        dezero.plugins.register(Product)
        for text, shape in (("0-d", ()), ("8", 8), ("1e5", 10**5)):
            names = {"np": np, "F": F, "x": dezero.Variable(np.full(shape, 2.0)), "y": dezero.Variable(np.full(shape, 3.0))}
            ways = {"operator": ("x @ y", "x * y"), "NumPy function": ("np.fmod(x, y)", "np.multiply(x, y)"),
                    "method": ("x.product(y)", "x.mul(y)"), "F.name": ("F.product(x, y)", "F.mul(x, y)"),
                    "and back": (f"(x @ y).backward(); {clear}", f"(x * y).backward(); {clear}")}
            calls = {f"{way} {side}": call for way, pair in ways.items() for side, call in zip(("op", "built-in"), pair)}
            times = measure.race(calls, rounds * 3, turn=0.01, names=names)
            for way in ways:
                op, built_in = times[f"{way} op"], times[f"{way} built-in"]
                yield (f"{way}, {text}, {source} loops: registered op / built-in", 1.1,
                       statistics.median(op) / statistics.median(built_in), min(op) / min(built_in))
        dezero.plugins.unregister(Product)


def leftovers(n):
    """What stays of ops that were registered, called, differentiated and taken off: bytes and objects a round."""
    import numpy as np
    import dezero
    from dezero import plugins
    x = dezero.Variable(np.ones(3))

    def once():
        class Fresh(dezero.Function):
            name = "fresh"
            operators = ("__matmul__",)

            def forward(self, x, y):
                return x * y

            def backward(self, gy):
                return gy, gy

        plugins.register(Fresh)
        (x @ x).backward()
        plugins.unregister(Fresh)

    def rounds(k):
        for _ in range(k):
            once()
        gc.collect()

    rounds(300)
    objects, bytes_ = len(gc.get_objects()), measure.resident()
    rounds(n)
    yield f"{n} ops registered and taken off: objects left a round", 0.01, (len(gc.get_objects()) - objects) / n
    yield f"{n} ops registered and taken off: bytes left a round, resident", 50, (measure.resident() - bytes_) / n
    tracemalloc.start()
    rounds(n // 5)                          # functools' caches, of a size, fill anew under its eyes
    bytes_ = tracemalloc.get_traced_memory()[0]
    rounds(n // 5)
    yield f"{n // 5} of them: bytes left a round, by tracemalloc", 5, (tracemalloc.get_traced_memory()[0] - bytes_) / (n // 5)
    tracemalloc.stop()


def rules(rounds):
    """An op of a package that is Python alone, beside the same as a `torch.autograd.Function`: ten in a row, there and back."""
    try:
        import torch
    except ImportError:
        return
    import numpy as np
    import dezero
    torch.set_num_threads(1)

    class Squared(dezero.Function):
        name = "bench_squared"

        def forward(self, x):
            return x * x

        def backward(self, gy):
            x, = self.inputs
            return gy * (2.0 * x.data)

    class TorchSquared(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, gy):
            x, = ctx.saved_tensors
            return gy * (2.0 * x)

    def there_and_back(op, leaf, *ones):
        y = leaf
        for _ in range(10):
            y = op(y)
        y.backward(*ones)
        leaf.grad = None

    dezero.plugins.register(Squared)
    for text, shape in (("0-d", ()), ("8", 8)):         # of larger arrays the arithmetic is timed, not the op
        x, t = dezero.Variable(np.full(shape, 0.5)), torch.tensor(np.full(shape, 0.5), requires_grad=True)
        ones = torch.ones_like(t)
        times = measure.race({"dezero": lambda: there_and_back(dezero.functions.bench_squared, x),
                              "torch": lambda: there_and_back(TorchSquared.apply, t, ones)}, rounds)
        yield (f"Python op, {text}, there and back: dezero / torch.autograd.Function", 0.5,
               statistics.median(times["dezero"]) / statistics.median(times["torch"]), min(times["dezero"]) / min(times["torch"]))
    dezero.plugins.unregister(Squared)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--packages", type=int, default=20)
    options = parser.parse_args()
    measure.pin(1)
    import dezero
    print(f"dezero {dezero.__version__}, {os.path.dirname(dezero.__file__)}\n{'':72s} wanted  median     min")
    missed = False
    for part in (starts(options.rounds, options.packages), lazy(options.rounds), dispatch(options.rounds), leftovers(10_000),
                 rules(options.rounds)):
        for name, wanted, found, *smallest in part:
            kept = found <= wanted
            missed = missed or not kept
            least = f"{smallest[0]:8.2f}" if smallest else f"{'':8s}"
            print(f"{name:72s} <= {wanted:<4g} {found:8.2f}{least}  {'ok' if kept else 'MISSED'}", flush=True)
    sys.exit(missed)


if __name__ == "__main__":
    main()
