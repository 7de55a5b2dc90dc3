"""What ops cost whose rule is a function, each figure beside what it measures here: ok or missed. Ends with status 1 if one is missed.

    python benchmarks/rules.py [--rounds 15]

In one process, one thread, turn by turn: rules that run as rows of loops, alone and in a chain of five of them with ten of
+ - * /, beside PyTorch, where that is installed; rules that are not elementwise, beside NumPy; what every program has,
products of matrices, parts of arrays, a heat equation of slices.
Run it with the Python of an environment where a wheel of dezero is installed.
"""
import argparse
import os
import statistics
import sys

import measure


def ops():
    """The ops that are timed."""
    import numpy as np
    from dezero import rule

    @rule(np.tanh)
    def tanh(gy, y, x):
        return gy * (1 - y * y)

    @rule(lambda x: 1 / (1 + np.exp(-x)))
    def sigmoid(gy, y, x):
        return gy * y * (1 - y)

    @rule(np.exp)
    def exp(gy, y, x):
        return gy * y

    @rule(np.log)
    def log(gy, y, x):
        return gy / x

    @rule(np.sqrt)
    def sqrt(gy, y, x):
        return gy / (2 * y)

    @rule(np.arctan2)
    def arctan2(gy, y, x0, x1):
        g = gy / (x0 * x0 + x1 * x1)
        return g * x1, -g * x0

    @rule(np.cumsum)
    def cumsum(gy, y, x, axis=0):
        return np.flip(np.cumsum(np.flip(gy, axis), axis), axis)

    @rule(np.matmul, operators=("__matmul__",))
    def matmul(gy, y, a, b):
        return lambda: gy @ b.T, lambda: a.T @ gy

    @rule(np.pad, operands=("array",))
    def pad(gy, y, array, pad_width=1, mode="constant"):
        return gy[1:-1, 1:-1]

    return [tanh, sigmoid, exp, log, sqrt, arctan2, cumsum, matmul, pad]


def microseconds(calls, rounds):
    """Medians and minima of a race, in microseconds."""
    times = measure.race(calls, rounds)
    return {name: (1e6 * statistics.median(t), 1e6 * min(t)) for name, t in times.items()}


def beside_numpy(rounds):
    """Rules that are not elementwise, and parts of arrays."""
    import numpy as np
    import dezero.functions as F
    from dezero import Variable
    rng = np.random.default_rng(0)
    a, m = rng.standard_normal(8), rng.standard_normal((8, 8))
    z, i, j, few = rng.standard_normal((64, 10)), np.arange(64), rng.integers(0, 10, 64), np.array([1, 2, 3, 5, 7])
    x, w, v = Variable(a), Variable(m.copy()), Variable(z)

    def there_and_back(y, gradient, leaf):
        y.backward(gradient=gradient)
        leaf.cleargrad()
    found = microseconds({
        "cumsum": lambda: np.cumsum(x, axis=0), "numpy cumsum": lambda: np.cumsum(a, axis=0),
        "M @ x": lambda: there_and_back(m @ w, m, w), "z[i, j]": lambda: v[i, j], "x[i]": lambda: x[few], "x[1:3]": lambda: x[1:3],
        "rule, back": lambda: there_and_back(F.cumsum(x), a, x), "rule": lambda: F.cumsum(x),
        "the rule itself": lambda: np.flip(np.cumsum(np.flip(a, 0), 0), 0),
        "loops, back": lambda: there_and_back(x * x, a, x), "loops": lambda: x * x}, rounds)

    def row(name, wanted, *parts):
        return name, wanted, *[sum([sign * found[part][k] for sign, part in parts]) for k in (0, 1)]
    yield row("np.cumsum of 8, forward, beyond NumPy's own time: us", 2, (1, "cumsum"), (-1, "numpy cumsum"))
    yield row("M @ x, 8 x 8, there and back: us", 7, (1, "M @ x"))
    yield row("z[i, j] of (64, 10), forward: us", 4.3, (1, "z[i, j]"))
    yield row("x[i], 5 of 8, forward: us", 3, (1, "x[i]"))
    yield row("x[1:3], forward: us", 3, (1, "x[1:3]"))
    yield row("a backward that meets one Python rule, beyond one of loops and the rule: us", 4, (1, "rule, back"), (-1, "rule"),
              (-1, "the rule itself"), (-1, "loops, back"), (1, "loops"))


def tracing(rounds):
    """The first use of a rule."""
    import time
    import numpy as np
    from dezero.engine import trace
    times = []
    for _ in range(10 * rounds):
        rule, = [op.rule for op in ops() if op.name == "tanh"]
        begin = time.perf_counter()
        trace.traced(rule, np.tanh, None, 1, {})
        times.append(1e3 * (time.perf_counter() - begin))
    yield "tracing the rule of tanh: ms", 0.5, statistics.median(times), min(times)


def chain(m, sigmoid, x, w, b):
    """Five transcendental functions and ten of + - * /."""
    h = m.tanh(x * w + b)
    g = sigmoid(h * 2.0 - 0.5)
    k = m.exp(-(h * h)) * g
    return (m.log(1.0 + k) + m.sqrt(g + 0.1) * h).sum()


def heat(pad, u):
    """An equation of slices: 50 steps, in which u changes by its neighbours'."""
    for _ in range(50):
        c = u[1:-1, 1:-1]
        u = pad(c + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * c))
    return (u * u).sum()


def beside_torch(rounds):
    """The same programs in PyTorch; gradients are compared first."""
    try:
        import torch
    except ImportError:
        return
    import numpy as np
    import dezero.functions as F
    from dezero import Variable
    torch.set_num_threads(1)

    def race(name, wanted, arrays, of_dezero, of_torch, rounds, gradient=None):
        vs, ts = [Variable(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
        there = None if gradient is None else torch.tensor(gradient)

        def dezero():
            of_dezero(*vs).backward(gradient=gradient)
            found = [v.grad for v in vs]
            for v in vs:
                v.cleargrad()
            return found

        def pytorch():
            return torch.autograd.grad(of_torch(*ts), ts, there)
        for a, b in zip(dezero(), pytorch()):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-3 if a.dtype == "f4" else 1e-9, atol=1e-6 if a.dtype == "f4" else 1e-12)
        found = microseconds({"dezero": dezero, "torch": pytorch}, rounds)
        return name, wanted, found["dezero"][0] / found["torch"][0], found["dezero"][1] / found["torch"][1]

    rng = np.random.default_rng(0)
    yield race("tanh of 8 by its rule, there and back: dezero / torch", 0.25, [rng.random(8)], F.tanh, torch.tanh, rounds, rng.random(8))
    for n, wanted in ((8, 0.22), (1000, 0.30), (10_000, 0.48), (100_000, 0.60), (1_000_000, 0.60)):
        for dtype in ("f8", "f4"):
            arrays = [rng.random(n).astype(dtype) for _ in range(3)]
            yield race(f"chain of 15 ops, {n} {dtype}: dezero / torch", wanted, arrays, lambda *xs: chain(np, F.sigmoid, *xs),
                       lambda *xs: chain(torch, torch.sigmoid, *xs), rounds)
    arrays = [rng.random(100_000) for _ in range(2)]
    yield race("arctan2 of 1e5: dezero / torch", 1.0, arrays, lambda a, b: np.arctan2(a, b).sum(), lambda a, b: torch.arctan2(a, b).sum(), rounds)
    yield race("heat equation, 100 x 100, 50 steps: dezero / torch", 0.75, [rng.random((100, 100))], lambda u: heat(F.pad, u),
               lambda u: heat(lambda c: torch.nn.functional.pad(c, (1, 1, 1, 1)), u), rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    measure.pin(1)
    import dezero
    print(f"dezero {dezero.__version__}, {os.path.dirname(dezero.__file__)}\n{'':80s} wanted  median     min")
    for op in ops():
        dezero.plugins.register(op)
    missed = False
    for part in (tracing(options.rounds), beside_numpy(options.rounds), beside_torch(options.rounds)):
        for name, wanted, found, least in part:
            missed = missed or found > wanted
            print(f"{name:80s} <= {wanted:<4g} {found:8.2f}{least:8.2f}  {'ok' if found <= wanted else 'MISSED'}", flush=True)
    sys.exit(missed)


if __name__ == "__main__":
    main()
