"""Whole programs at random, compared with `reference`: a program is a list of steps, each of which makes sense in any program.

DEZERO_TEST_EXAMPLES=20000 runs so many; a few seconds' worth are run otherwise.  Where one goes wrong, it is cut down to the steps
that it takes, and printed; `run(steps)` runs it again.

What is compared: results to the bit, since an op's forward is NumPy's (but for cubes, which are products where loops run and
NumPy's power elsewhere).  Gradients to 1e-10 and, where a float32 is among the leaves, 1e-4 of the terms that were added up
there, since the order of sums is not promised; numbers are powers of two, so that most programs round nothing.  To the bit
again, whether intermediate results are dropped and computed again, or kept; and every `.grad` after a backward that has failed.
"""
import os
import random
import threading
import time

import numpy as np
import pytest
import reference
from reference import Value

from dezero import Function, Variable, rule, using_config

EXAMPLES = int(os.environ.get("DEZERO_TEST_EXAMPLES", "0"))
SECONDS = 10                    # of the short form

# On both sides of every threshold: 448 bytes a value that lives in its node, 4096 one from the pool, whose gradient waits for a
# run of blocks, 128 kB and 512 kB one that is computed again in one step or in three; by items of 8 bytes and of 4.
SHAPES = [(), (1,), (3,), (2, 3), (7, 8), (3, 19), (8, 14), (113,), (2, 3, 4), (1, 5), (511,), (512,), (32, 32), (33, 32),
          (127, 129), (128, 128), (255, 128), (256, 128), (255, 257), (256, 256), (511, 256), (512, 256)]
OFTEN = [12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 6, 6, 6, 6, 3, 3, 2, 2, 1, 1, 1, 1]
NUMBERS = [2.0, -1.0, 0.5, 4, 1.0]


@rule(lambda x: x / (x * x + 1))
def wave(gy, y, x):
    return gy * (1 - x * x) / ((x * x + 1) * (x * x + 1))


@rule(np.maximum)
def larger(gy, y, a, b):
    return lambda: gy * (a >= b), lambda: gy * (a < b)


def larger_of(a, b):
    """The same on Variables and on Values, where masks are constants."""
    if isinstance(a, Variable):
        return larger(a, b)
    is_a = Value((a.data >= b.data).astype(np.result_type(a.data, b.data)))
    return a * is_a + b * (1.0 - is_a.data)


BINARY = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "larger": larger_of}
UNARY = {"neg": lambda a, n: -a, "square": lambda a, n: a**2, "cube": lambda a, n: a**3,
         "wave": lambda a, n: wave(a) if isinstance(a, Variable) else a / (a * a + 1.0),
         "turned": lambda a, n: a[slice(None, None, -1) if n else ...],
         "again": lambda a, n: a[[0, 0, -1][:n] + [*range(3, n)] if n else ()]}      # of the first axis, n long


class Boom(Exception):
    pass


class Rule(Function):
    """x² + x and 3x, by Python methods; the rule fails while it is told to."""

    fails = False

    def forward(self, x):
        return x * x + x, x * 3.0

    def backward(self, g, h):
        if Rule.fails:
            raise Boom
        x, = self.inputs
        return g * (x * 2.0 + 1.0) + h * 3.0


# ---- a program

def drawn(seed):
    """Return the steps of a program: the shape that all broadcast to, and (what, number, number, number)."""
    chance = random.Random(seed)
    steps = [("shape", chance.choices(range(len(SHAPES)), OFTEN)[0], 0, 0)]
    steps += [("leaf", chance.randrange(100), chance.randrange(100), chance.randrange(100)) for _ in range(chance.randint(1, 3))]
    whats = ["leaf"] + 5 * ["binary"] + 2 * ["number", "unary"] + ["rule", "sum", "broadcast", "drop", "drop", "read", "rebind"]
    for _ in range(chance.randint(1, 4)):
        for _ in range(chance.randint(1, 7)):
            steps.append((chance.choice(whats), *[chance.randrange(1000) for _ in range(3)]))
        steps.append((chance.choice(["backward", "backward", "retain", "gradient", "second", "threads", "fail"]),
                      *[chance.randrange(1000) for _ in range(3)]))
        if chance.random() < 0.3:
            steps.append(("write", *[chance.randrange(1000) for _ in range(3)]))
    return steps


class Machine:
    """Runs a program on Variables and on Values side by side."""

    def __init__(self, keep):
        self.keep = keep                # nothing is dropped, all data are kept
        self.leaves, self.live = [], []         # [Variable, Value, .grad as it should be, how large its terms were]; of all
        self.held = []
        self.rebound = []               # to other data: they retain what comes by later uses alone
        self.shape = ()
        self.most = 1e-10               # of the terms, a gradient may be away
        self.to_the_bit = True

    def run(self, steps):
        with np.errstate(all="ignore"), np.printoptions(threshold=6), using_config("keep_data", self.keep):
            for what, *numbers in steps:
                try:
                    getattr(self, "do_" + what)(*numbers)
                except Overflow:
                    return self
        return self

    def data(self, shape, seed):
        return np.random.default_rng(seed).choice([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0], shape)

    def do_shape(self, which, *_):
        self.shape = SHAPES[which % len(SHAPES)]

    def do_leaf(self, shape, dtype, seed):
        ones = (1,) * len(self.shape)
        shapes = [self.shape, self.shape, self.shape[1:], self.shape[-1:], ones, self.shape[:1] + ones[1:], ()]
        a = self.data(shapes[shape % len(shapes)], seed).astype(["f8", "f8", "f4"][dtype % 3])
        self.most = 1e-4 if a.dtype == "f4" else self.most
        x = Variable(a), Value(a.copy())
        self.leaves.append([*x, None, 0.0])
        self.live.append(x)

    def any(self, i):
        return self.live[i % len(self.live)]

    def add(self, v, value):
        """A new result."""
        if not np.isfinite(value.data).all() or np.abs(value.data).max(initial=0.0) > 1e12:
            raise Overflow
        self.live.append((v, value))
        if self.keep:
            self.held.append(v)

    def do_binary(self, i, j, how):
        f = [*BINARY.values()][how % len(BINARY)]
        (a, p), (b, q) = self.any(i), self.any(j)
        if f is BINARY["/"]:
            b, q, *_ = self.leaves[j % len(self.leaves)]        # a power of two
        self.add(f(a, b), f(p, q))

    def do_number(self, i, c, how):
        (a, p), c = self.any(i), NUMBERS[c % len(NUMBERS)]
        if how % 2:
            f = [lambda v: v + c, lambda v: v * c, lambda v: v - c, lambda v: v / c][how // 2 % 4]
            self.add(f(a), f(p))
        else:
            self.add(c - a, Value.__sub__(c, p))

    def do_unary(self, i, how, _):
        a, p = self.any(i)
        name, f = [*UNARY.items()][how % len(UNARY)]
        self.to_the_bit = self.to_the_bit and name != "cube"
        n = len(a) if a.shape else 0
        self.add(f(a, n), f(p, n))

    def do_rule(self, i, which, _):
        a, p = self.any(i)
        made = zip(Rule()(a), (p * p + p, p * 3.0))
        for k, (v, value) in enumerate(made):
            if which % 3 in (k, 2):
                value.rule = True
                self.add(v, value)

    def do_sum(self, i, axis, keepdims):
        a, p = self.any(i)
        if axis % 2 and a.ndim:
            self.add(a.sum(axis=0, keepdims=True), reference.total(p, (0,), True))
        else:
            self.add(a.sum(), reference.total(p))

    def do_broadcast(self, i, *_):
        a, p = self.any(i)
        self.add(np.broadcast_to(a, self.shape), reference.broadcast(p, self.shape))

    def do_drop(self, i, *_):
        k = i % len(self.live)
        if not any(self.live[k][0] is leaf[0] for leaf in self.leaves):
            del self.live[k]

    def do_read(self, i, *_):
        a, p = self.any(i)
        got, wanted = a.data, p.data
        demand((got.dtype, got.shape) == (wanted.dtype, wanted.shape),
               f"result of {got.dtype}{got.shape}, wanted {wanted.dtype}{wanted.shape}")
        far = np.abs(got - wanted).max(initial=0.0)
        most = 0 if self.to_the_bit else self.most * reference.largest(p)
        demand(far <= most, f"result: {got}, wanted {wanted}, {far} away")

    def do_rebind(self, i, *_):
        a, _ = self.any(i)
        if a.creator is not None:
            a.data = a.data.copy()
            self.rebound.append(a)

    def do_write(self, i, seed, _):
        """To a leaf's data; what was computed from the old ones is not used again."""
        leaf = self.leaves[i % len(self.leaves)]
        a = self.data(leaf[0].shape, seed).astype(leaf[0].dtype)
        leaf[0].data[...] = a
        leaf[1] = Value(a)
        self.held.clear()
        self.live = [(x, value) for x, value, *_ in self.leaves]

    # backward

    def start(self, i):
        a, p = self.any(i)
        return a, p, Value(np.ones(p.data.shape, p.data.dtype))

    def expect(self, root, cotangent):
        """Note what a backward adds."""
        found, sizes = reference.backward(root, cotangent)
        lost = 1e-3 * max(map(reference.largest, found)) * max(map(reference.largest, found.values()))
        sizes = {value: size + lost for value, size in sizes.items()}       # where large numbers cancel on the way
        for leaf in self.leaves:
            if leaf[1] in found:
                g = found[leaf[1]].data
                leaf[2] = g if leaf[2] is None else leaf[2] + g
                leaf[3] += sizes[leaf[1]]
        return found, sizes

    def check(self):
        for v, _, wanted, size in self.leaves:
            self.compare(v.grad, wanted, size, v)

    def do_backward(self, i, twice, _):
        a, p, one = self.start(i)
        for _ in range(1 + (twice % 3 == 0)):
            a.backward()
            self.expect(p, one)
            self.check()

    def do_gradient(self, i, seed, _):
        a, p, _ = self.start(i)
        g = self.data(p.data.shape, seed).astype(p.data.dtype)
        a.backward(gradient=g)
        self.expect(p, Value(g))
        self.check()

    def do_retain(self, i, *_):
        a, p, one = self.start(i)
        a.backward(retain_grad=True)
        found, sizes = self.expect(p, one)
        self.check()
        for v, value in self.live:
            if value in found and v.creator is not None and not any(v is other for other in self.rebound):
                self.compare(v.grad, found[value].data, sizes[value], v)
                v.cleargrad()           # of the root it would be where the next walk begins

    def do_second(self, i, *_):
        """The gradients of the sum of a leaf's squared gradients."""
        self.clear()
        a, p, one = self.start(i)
        a.backward(create_graph=True)
        found, _ = self.expect(p, one)
        first = [(leaf[0].grad, found[leaf[1]]) for leaf in self.leaves if leaf[1] in found]
        for leaf in self.leaves:
            self.compare(None if leaf[0].grad is None else leaf[0].grad.data, leaf[2], leaf[3], leaf[0])
        self.clear()
        for g, value in first[:1]:
            if np.abs(value.data).max(initial=0.0) < 1e6:
                (g * g).sum().backward()
                square = reference.total(value * value)
                self.expect(square, Value(np.ones((), square.data.dtype)))
                self.check()
        self.clear()

    def do_threads(self, i, j, k):
        roots = [self.start(n) for n in (i, j, k)]
        threads = [threading.Thread(target=a.backward) for a, *_ in roots]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for _, p, one in roots:
            self.expect(p, one)
        self.check()

    def do_fail(self, i, *_):
        a, p, one = self.start(i)
        before = [v.grad if v.grad is None else v.grad.copy() for v, *_ in self.leaves]
        Rule.fails = True
        try:
            a.backward()
            demand(not comes_by_rule(p), "the rule did not run")
            self.expect(p, one)
        except Boom:
            demand(comes_by_rule(p), "a rule ran that is not in the graph")
            for (v, *_), g in zip(self.leaves, before):
                demand(same(v.grad, g), f"a backward that failed has set a gradient: {v.grad}, before {g}")
        finally:
            Rule.fails = False
        self.check()

    def compare(self, got, wanted, size, v):
        if wanted is None:
            demand(got is None or not got.any(), f"gradient: {got}, wanted None")       # a rule of two results sends zeros
            return
        demand(got is not None, f"gradient: None, wanted {wanted}")
        demand(type(got) is np.ndarray and (got.shape, got.dtype) == (v.shape, v.dtype),
               f"gradient: {got!r}, wanted {v.dtype}{v.shape}")
        if size < 1e25:                     # float32 ends at 1e38
            far = np.abs(got - wanted).max(initial=0.0)
            demand(far <= self.most * size, f"gradient: {got}, wanted {wanted}, {far} away where the terms were of size {size}")

    def clear(self):
        for leaf in self.leaves:
            leaf[0].cleargrad()
            leaf[2:] = None, 0.0


def demand(holds, message):
    if not holds:
        raise Mismatch(message)


def same(a, b):
    return a is b or a is not None and b is not None and a.tobytes() == b.tobytes()


class Mismatch(Exception):
    pass


class Overflow(Exception):
    """The program's numbers have become too large to compare."""


def comes_by_rule(value):
    seen, todo = set(), [value]
    while todo:
        v = todo.pop()
        if v not in seen:
            seen.add(v)
            todo += [x for x, _ in v.parents]
    return any(hasattr(v, "rule") for v in seen)


# ---- runs

def run(steps):
    """Run a program twice, and compare."""
    dropping, keeping = Machine(False).run(steps), Machine(True).run(steps)
    if not any(what == "threads" for what, *_ in steps):
        for (v, *_), (w, *_) in zip(dropping.leaves, keeping.leaves):
            demand(same(v.grad, w.grad), f"gradient: {v.grad} where results were dropped, {w.grad} where they were kept")


def what_goes_wrong(steps):
    try:
        run(steps)
    except Exception as error:
        return error
    return None


def cut_down(steps):
    """Return the steps without which a program does not go wrong."""
    k = len(steps)
    while k > 1:
        k -= 1
        less = steps[:k] + steps[k + 1:]
        if any(what == "leaf" for what, *_ in less[:2]) and what_goes_wrong(less) is not None:
            steps, k = less, min(k, len(less))
    return steps


def test_programs():
    end = time.monotonic() + SECONDS
    seed = 0
    while seed < EXAMPLES if EXAMPLES else time.monotonic() < end:
        steps = drawn(seed)
        error = what_goes_wrong(steps)
        if error is not None:
            least = cut_down(steps)
            listed = ",\n    ".join(map(repr, least))
            pytest.fail(f"program {seed}: {what_goes_wrong(least)!r}\nrun([\n    {listed}])", pytrace=False)
        seed += 1
    print(f"{seed} programs")
