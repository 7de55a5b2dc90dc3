"""What assignments cost, each figure beside what it measures here: ok or missed. Ends with status 1 if one is missed.

    python benchmarks/assignment.py [--rounds 7]

In one process, one thread, turn by turn: a loop of 10 000 assignments with its backward, beside PyTorch where that is installed;
a stencil in two dimensions that is assigned to the inner part of an array, beside the same with `np.pad`.
Run it with the Python of an environment where a wheel of dezero is installed.
"""
import argparse
import statistics
import sys

import measure

N = 10_000


def loop(wanted, rounds):
    """Whether a loop of assignments takes at most so many times as long as PyTorch's; None without it."""
    import numpy as np
    from dezero import Variable
    try:
        import torch
    except ImportError:
        print("no PyTorch: the loop of assignments is not timed")
        return None
    torch.set_num_threads(1)
    numbers = np.random.default_rng(0).random(N)
    x = Variable(numbers)
    tensor = torch.tensor(numbers, requires_grad=True)

    def dezero():
        x.cleargrad()
        z = np.zeros_like(x)
        for i in range(1, N):
            z[i] = z[i - 1] * x[i] + 1.0
        z.sum().backward()

    def pytorch():
        tensor.grad = None
        z = torch.zeros(N, dtype=torch.float64)
        for i in range(1, N):
            z[i] = z[i - 1].clone() * tensor[i] + 1.0       # without clone() it refuses what it has read to be written over
        z.sum().backward()

    dezero()
    pytorch()
    assert np.allclose(x.grad, tensor.grad.numpy())
    return told(f"loop of {N} assignments and backward, dezero / torch", wanted, dezero, pytorch, rounds)


def stencil(wanted, rounds):
    """Whether assigning to the inner part of an array takes no longer than to pad that part with the edge's zeros."""
    import numpy as np
    from dezero import Variable, rule

    @rule(np.pad, operands=("array",))
    def pad(gy, y, array, pad_width=1, mode="constant"):
        return gy[1:-1, 1:-1]

    x = Variable(np.random.default_rng(0).random((300, 300)))

    def inner(u):
        return u[1:-1, 1:-1] + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])

    def assigned():
        u = x
        for _ in range(5):
            z = np.zeros_like(u)
            z[1:-1, 1:-1] = inner(u)
            u = z
        x.cleargrad()
        u.sum().backward()
        return x.grad

    def padded():
        u = x
        for _ in range(5):
            u = pad(inner(u))
        x.cleargrad()
        u.sum().backward()
        return x.grad

    assert np.array_equal(assigned(), padded())
    return told("stencil of 300 x 300, assigned / padded", wanted, assigned, padded, rounds)


def told(name, wanted, one, other, rounds):
    """Print a ratio, and return whether it is as wanted."""
    times = measure.race({"one": one, "other": other}, rounds)
    ratio = statistics.median(times["one"]) / statistics.median(times["other"])
    print(f"{name:60} {ratio:6.2f}, at most {wanted:4.2f}: {'ok' if ratio <= wanted else 'missed'}")
    return ratio <= wanted


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    measure.pin(1)
    sys.exit(False in (loop(3.0, rounds), stencil(1.0, rounds)))


if __name__ == "__main__":
    main()
