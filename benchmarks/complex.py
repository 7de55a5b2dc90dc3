"""What complex + - * / cost, there and back, beside PyTorch: ok or missed. Ends with status 1 if one is missed.

    python benchmarks/complex.py [--rounds 31]

In one process, one thread, turn by turn, of 1e5 numbers, with a gradient to begin with. Run it with the Python of an environment where
a wheel of dezero, and PyTorch, are installed.
"""
import argparse
import statistics
import sys

import measure

COUNT = 10**5
OPS = {"x + y": lambda x, y: x + y, "x - y": lambda x, y: x - y, "x * y": lambda x, y: x * y, "x / y": lambda x, y: x / y,
       "(x * y + x) / y - x": lambda x, y: (x * y + x) / y - x}


def there_and_back(dtype):
    """{op: (dezero, torch)}: functions to call."""
    import numpy as np
    import torch
    from dezero import Variable
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    a, b, w = [(rng.standard_normal(COUNT) + 1j * rng.standard_normal(COUNT)).astype(dtype) for _ in range(3)]
    x, y = Variable(a), Variable(b)
    tx, ty, tw = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True), torch.tensor(w)

    def mine(f):
        x.cleargrad()
        y.cleargrad()
        f(x, y).backward(gradient=w)

    def theirs(f):
        tx.grad = ty.grad = None
        f(tx, ty).backward(tw)
    return {name: (lambda f=f: mine(f), lambda f=f: theirs(f)) for name, f in OPS.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args().rounds
    measure.pin(1)
    missed = False
    for dtype in ("complex128", "complex64"):
        for name, (mine, theirs) in there_and_back(dtype).items():
            times = measure.race({"dezero": mine, "torch": theirs}, rounds)
            medians = [1e6 * statistics.median(times[peer]) for peer in ("dezero", "torch")]
            ratio = medians[0] / medians[1]
            missed |= ratio > 1
            print(f"{dtype} {name}, {COUNT} numbers, there and back: dezero {medians[0]:.0f} us, torch {medians[1]:.0f} us, "
                  f"{ratio:.2f} <= 1: {'missed' if ratio > 1 else 'ok'}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
