"""Instructions that small programs take, counted by valgrind: for differences that are smaller than the noise of a clock.

    python benchmarks/instructions.py [--against PYTHON] [NAME ...]

Counts are of one turn of the program, without what came before (callgrind collects inside `math.fsum`, which drives the turns).
With --against, the Python of another environment, such as one with an older wheel, is counted as well, and the ratio printed.
Needs valgrind, and symbols in Python's math module, as python.org's and most other builds have them.
"""
import argparse
import os
import re
import subprocess
import sys

PROGRAM = """
import gc, math, sys
import numpy as np
from dezero import Function, Variable, no_grad

class Tanh(Function):
    def forward(self, x):
        return np.tanh(x)

    def backward(self, gy):
        y = self.outputs[0]()
        return gy * (1 - y * y)

def goldstein(x, y):
    return (1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x ** 2 - 14 * y + 6 * x * y + 3 * y ** 2)) * (
        30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x ** 2 + 48 * y - 36 * x * y + 27 * y ** 2))

def turn(f, shape, **how):
    x, y = Variable(np.full(shape, 1.5)), Variable(np.full(shape, 0.5))
    def run():
        f(x, y).backward(**how)
        x.cleargrad(), y.cleargrad()
    return run

def forward(f, shape):
    x, y = Variable(np.full(shape, 1.5)), Variable(np.full(shape, 0.5))
    def run():
        f(x, y)
    return run

def by_rule(call):
    from dezero import plugins, rule    # which older versions do not have
    plugins.register(rule(np.tanh, name="tanh")(lambda gy, y, x: gy * (1 - y * y)))
    return forward(lambda x, y: call(x), 8)

def mode():
    with no_grad():
        pass

def products():
    from dezero import hvp
    a, product = np.ones(20), hvp(lambda v: (v * v * v).sum())
    return lambda: product(a, a)

run = {
    "goldstein 0-d": lambda: turn(goldstein, ()),
    "goldstein 0-d, forward": lambda: forward(goldstein, ()),
    "goldstein 8": lambda: turn(goldstein, 8),
    "x + y of 8": lambda: forward(lambda x, y: x + y, 8),
    "Python rule 0-d": lambda: turn(lambda x, y: Tanh()(x), ()),
    "Python rule 8": lambda: turn(lambda x, y: Tanh()(x), 8),
    "x.tanh() by a rule 8": lambda: by_rule(lambda x: x.tanh()),
    "np.tanh by a rule 8": lambda: by_rule(np.tanh),
    "np.isnan of 8": lambda: forward(lambda x, y: np.isnan(x), 8),
    "x[1:3] of 8": lambda: forward(lambda x, y: x[1:3], 8),
    "x.sum() of 8": lambda: forward(lambda x, y: x.sum(), 8),
    "x.T of 8 x 8": lambda: forward(lambda x, y: x.T, (8, 8)),
    "x.reshape of 8": lambda: forward(lambda x, y: x.reshape(2, 4), 8),
    "create_graph": lambda: turn(goldstein, (), create_graph=True),
    "hvp 20": products,
    "no_grad": lambda: mode,
}[sys.argv[1]]()
for _ in range(300):
    run()
gc.collect()
gc.freeze()
math.fsum((run(), 0.0)[1] for _ in range(int(sys.argv[2])))
"""
NAMES = re.findall(r'^    "(.+)": ', PROGRAM, re.MULTILINE)


def instructions(python, name):
    """Instructions of one turn."""
    turns = 200 if name in ("create_graph", "hvp 20") else 1000
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=math_fsum", python, "-P", "-c",
               PROGRAM, name, str(turns)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": "0"})
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None or found[1] == "0":
        sys.exit(f"{name} was not counted: {done.stderr}")
    return int(found[1]) / turns


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--against", metavar="PYTHON")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no program {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    for name in options.names or NAMES:
        count = instructions(sys.executable, name)
        text = f"{name:26s}{count:12.0f}"
        if options.against:
            other = instructions(options.against, name)
            text += f"{other:12.0f}{count / other:8.3f}"
        print(text, flush=True)


if __name__ == "__main__":
    main()
