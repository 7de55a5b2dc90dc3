"""The programs that are timed, written once, as a user would write them for any of the engines.

A workload has a name, a function that makes its input arrays, and `build(peer)`, which gives the function of the inputs; most
ignore the peer. `kind` says what is timed: "step" (forward alone, and forward with backward), "phases" (forward, backward and freeing
apart) or "descent" (a step of gradient descent). `ops` is the length of the graph, `held` how many results may be alive at once;
`wide` is the type in which NumPy can run it for the difference quotient.
"""
import random
from dataclasses import dataclass
from functools import partial
from typing import Callable

import numpy as np
import programs


@dataclass(frozen=True)
class Workload:
    name: str
    arrays: Callable
    build: Callable
    kind: str = "step"
    ops: int = 1
    held: int = 256
    wide: type = np.longdouble


def goldstein(x, y):
    return (1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x ** 2 - 14 * y + 6 * x * y + 3 * y ** 2)) * \
        (30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x ** 2 + 48 * y - 36 * x * y + 27 * y ** 2))


def rosenbrock(x, y):
    return 100 * (y - x ** 2) ** 2 + (x - 1) ** 2


def rosenbrock_n(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (x[:-1] - 1) ** 2).sum()


def chain(n):
    def f(x):
        y = x
        for _ in range(n):
            y = y + 1.0
        return y
    return f


def fan_in(n):
    """n terms of one node; its gradient is the sum of theirs."""
    def f(x):
        h = x * 2.0
        y = h
        for term in [h * 1.5 for _ in range(n)]:
            y = y + term
        return y
    return f


def mixed(n, seed=0):
    """A random program of n ops with values between 1/4 and 4, all of them needed for its result.

    It is straight-line source, and a name is used again once its value is no longer needed, as temporaries die in real code.
    """
    forms = ["{} + {}", "{} - {}", "{} * {}", "{} / {}", "{} ** 2", "-{}", "2.0 * {}", "{} - 0.5", "1.5 / {}"]
    rng, value, uses, lines = random.Random(seed), {"x": 1.25, "y": 0.75}, {"x": 0, "y": 0}, []

    def emit(form, operands):
        name = f"v{len(lines)}"
        lines.append((name, form, operands))
        value[name], uses[name] = eval(form.format(*(f"({value[o]})" for o in operands))), 0
        for o in operands:
            uses[o] += 1

    names, unused = ["x", "y"], ["x", "y"]
    while len(lines) + len(unused) < n:
        form = rng.choice(forms)
        first = rng.choice(unused) if len(unused) > 1 and rng.random() < 0.6 else rng.choice(names)
        operands = [first, rng.choice(names)][:form.count("{}")]
        if 0.25 <= abs(eval(form.format(*(f"({value[o]})" for o in operands)))) <= 4:
            emit(form, operands)
            names.append(lines[-1][0])
            unused = [o for o in unused if o not in operands] + names[-1:]
    total = unused.pop()
    while unused:
        emit("{} + {}", [total, unused.pop()])
        total = lines[-1][0]
    return assembled(lines, uses)


def assembled(lines, uses):
    """The function of x and y that the lines say, in as few local names as they can do with."""
    source, place, free, made = ["def f(x, y):"], {"x": "x", "y": "y"}, [], 0
    for name, form, operands in lines:
        text = form.format(*(place[o] for o in operands))
        for o in operands:
            uses[o] -= 1
        free += [place.pop(o) for o in dict.fromkeys(operands) if not uses[o]]
        if not free:
            free.append(f"v{made}")
            made += 1
        place[name] = free.pop()
        source.append(f"    {place[name]} = {text}")
    source.append(f"    return {place[lines[-1][0]]}")
    names = {}
    exec("\n".join(source), names)
    return names["f"]


def plain(f):
    return lambda peer: f


def normal(*shapes, dtype="d"):
    """A function that makes normal numbers of these shapes, the same ones each time."""
    def arrays():
        rng = np.random.default_rng(0)
        return tuple(np.asarray(rng.normal(size=shape), dtype) for shape in shapes)
    return arrays


def positive(*shapes):
    """The same, between 1/2 and 3/2: powers and quotients are tame there."""
    def arrays():
        rng = np.random.default_rng(0)
        return tuple(np.asarray(rng.random(shape) + 0.5) for shape in shapes)
    return arrays


def ops(n):
    """(name, input shapes, build) of each op alone on arrays of n."""
    index, one, two = np.random.default_rng(1).integers(0, n, n), (n,), (n, n)
    return [("add", two, plain(lambda x, y: x + y)), ("sub", two, plain(lambda x, y: x - y)), ("mul", two, plain(lambda x, y: x * y)),
            ("div", two, plain(lambda x, y: x / y)), ("neg", one, plain(lambda x: -x)), ("x**3", one, plain(lambda x: x ** 3)),
            ("x**y", two, plain(lambda x, y: x ** y)), ("x+1.0", one, plain(lambda x: x + 1.0)), ("2.0*x", one, plain(lambda x: 2.0 * x)),
            ("square", one, lambda peer: peer.square), ("sum", one, plain(lambda x: x.sum())),
            ("broadcast", ((1, n),), lambda peer: lambda x: peer.broadcast_to(x, (4, n))),
            ("x[1:-1]", one, plain(lambda x: x[1:-1])), ("x[index]", one, plain(lambda x: x[index]))]


SIZES = {"0-d": (), "8": 8, "1e3": 10**3, "1e4": 10**4, "1e5": 10**5, "1e6": 10**6}


def timed():
    """The workloads that are timed, in the order of the table."""
    for dtype in ("float64", "float32"):
        for size, shape in SIZES.items():
            yield Workload(f"goldstein {size} {dtype}", normal(shape, shape, dtype=dtype), plain(goldstein), ops=38)
    for dtype in ("float64", "float32"):
        yield Workload(f"goldstein (1000,1)x(1,1000) {dtype}", normal((1000, 1), (1, 1000), dtype=dtype), plain(goldstein), ops=38)
    yield Workload("goldstein (250000,4)x(4)", normal((250_000, 4), (4,)), plain(goldstein), ops=38)
    yield Workload("goldstein (25000,4)x(25000,1)", normal((25_000, 4), (25_000, 1)), plain(goldstein), ops=38)
    yield Workload("mul (1000,1)x(1,1000)", normal((1000, 1), (1, 1000)), plain(lambda x, y: x * y))
    yield Workload("rosenbrock 2", lambda: (np.array(0.0), np.array(2.0)), plain(rosenbrock), ops=7)
    yield Workload("rosenbrock 1000", normal(1000), plain(rosenbrock_n), ops=11)
    yield Workload("descent, one step of 1e4", lambda: (np.array(0.0), np.array(2.0)), plain(rosenbrock), "descent", ops=7)
    for size in ("8", "1e5"):
        n = SIZES[size]
        for name, shapes, build in ops(n):
            yield Workload(f"{name} {size}", positive(*shapes), build, "phases", held=256 if n == 8 else 4)
    for n in (10**2, 10**3, 10**4, 10**5, 10**6):
        yield Workload(f"chain 1e{len(str(n)) - 1}", lambda: (np.array(1.0),), plain(chain(n)), "phases", n, max(1, 10**3 // n))
    for n in (10**4, 10**5):
        yield Workload(f"fan-in 1e{len(str(n)) - 1}", lambda: (np.array(1.0),), plain(fan_in(n)), "phases", 2 * n, 1)
    graph = mixed(10**4)
    yield Workload("mixed graph 1e4, 0-d", lambda: (np.array(1.25), np.array(0.75)), plain(graph), "phases", 10**4, 1)
    yield Workload("mixed graph 1e4, 100", lambda: (np.full(100, 1.25), np.full(100, 0.75)), plain(graph), "phases", 10**4, 1)
    for name, n in programs.TIMED.items():                   # LAPACK and erf have no long double
        yield Workload(f"program {name}", partial(programs.arrays, name), partial(programs.of_peer, name), ops=n, wide=np.float64)


def held():
    """The workloads whose memory is counted in arrays: (workload, bytes of one array)."""
    n = 4 * 10**6
    yield Workload("goldstein 4e6", normal(n, n), plain(goldstein), ops=38, held=1), 8 * n
    yield Workload("goldstein 4e6 float32", normal(n, n, dtype="f"), plain(goldstein), ops=38, held=1), 4 * n
    yield Workload("goldstein (2000,1)x(1,2000)", normal((2000, 1), (1, 2000)), plain(goldstein), ops=38, held=1), 8 * n
    yield Workload("rosenbrock 4e6", normal(n), plain(rosenbrock_n), ops=11, held=1), 8 * n
    for name, shapes, build in ops(n):
        yield Workload(f"{name} 4e6", positive(*shapes), build, held=1), 8 * n


def counted():
    """The workloads whose memory is counted in bytes a node."""
    yield Workload("chain 1e6", lambda: (np.array(1.0),), plain(chain(10**6)), ops=10**6, held=1)
    yield Workload("fan-in 1e5", lambda: (np.array(1.0),), plain(fan_in(10**5)), ops=2 * 10**5, held=1)
    yield Workload("mixed graph 1e4, 0-d", lambda: (np.array(1.25), np.array(0.75)), plain(mixed(10**4)), ops=10**4, held=20)
