"""The gradient of a fit by its data, through the solution and through the solver's steps: ok or missed. Ends with 1 if missed.

    python benchmarks/implicit.py [--rounds 7]

A fit of 50 unknowns to 1000 data, the root of the gradient of its squares: `dezero_scipy.optimize.root`, beside the steps of Newton
written in NumPy and recorded.  The matrix of second derivatives is dezero's on both sides, which counts, or written by hand on both:
then there is little to record.  In one process, one thread, turn by turn.  Run it with the Python of an environment where dezero,
dezero-numpy and dezero-scipy are installed.
"""
import argparse
import statistics
import sys

import measure

UNKNOWNS, DATA = 50, 1000
MUST, GOAL = 5, 20
"""How many times as fast the gradient through the solution must be, and is to be, where second derivatives are dezero's."""


def programs():
    """Return {second derivatives: (implicit, recorded)}, functions to call; their gradients agree."""
    import numpy as np
    from dezero import grad, jacobian
    from dezero_scipy import optimize
    rng = np.random.default_rng(0)
    a = rng.standard_normal((DATA, UNKNOWNS)) / UNKNOWNS ** 0.5
    y, start, weights = rng.standard_normal(DATA), np.zeros(UNKNOWNS), np.cos(np.arange(UNKNOWNS))

    def f(x, y):
        """Half the gradient of Σ (z + 0.8 sin z - y)², z = a x."""
        z = a @ x
        return a.T @ ((1 + 0.8 * np.cos(z)) * (z + 0.8 * np.sin(z) - y))

    def by_hand(x, y):
        z = a @ x
        return a.T @ (((1 + 0.8 * np.cos(z)) ** 2 - 0.8 * np.sin(z) * (z + 0.8 * np.sin(z) - y))[:, None] * a)

    def newton(y, jac):
        x = start
        while True:
            step = np.linalg.solve(jac(x, y), f(x, y))
            x = x - step
            if abs(step).max() < 1e-10:
                return x

    found = {}
    for name, jac in (("by dezero", None), ("by hand", by_hand)):
        implicit = grad(lambda y, jac=jac: np.sum(weights * optimize.root(f, start, (y,), jac=jac, tol=1e-12).x))
        recorded = grad(lambda y, jac=jac or jacobian(f): np.sum(weights * newton(y, jac)))
        error = np.max(np.abs(implicit(y) - recorded(y))) / np.max(np.abs(recorded(y)))
        assert error < 1e-8, error
        print(f"second derivatives {name}: the gradients differ by {error:.0e} of the largest element")
        found[name] = (lambda implicit=implicit: implicit(y), lambda recorded=recorded: recorded(y))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    measure.pin(1)
    measure.use_processor_time()
    for name, (implicit, recorded) in programs().items():
        times = measure.race({"implicit": implicit, "recorded": recorded}, rounds)
        ours, theirs = [1e3 * statistics.median(times[which]) for which in ("implicit", "recorded")]
        told = f"second derivatives {name}: implicit {ours:.1f} ms, recorded {theirs:.1f} ms, {theirs / ours:.1f} times as fast"
        if name == "by dezero":
            missed = theirs < MUST * ours
            told += f"; must {MUST}, goal {GOAL}: {'missed' if missed else 'ok'}"
        print(told)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
