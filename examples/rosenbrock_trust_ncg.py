"""Rosenbrock's function of 1 000 variables, minimised by SciPy's trust-ncg with the gradient and Hessian products of dezero.

    python examples/rosenbrock_trust_ncg.py           (pip install "dezero[examples]")

The Hessian has a million elements and is never made: `hvp(f)` multiplies it with a vector for the price of a few gradients.
"""
import numpy as np
from scipy.optimize import minimize

from dezero import grad, hvp


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (x[:-1] - 1) ** 2).sum()


def main(n=1000):
    start = np.tile([1.3, 0.7, 0.8, 1.9, 1.2], n // 5)
    found = minimize(rosenbrock, start, method="trust-ncg", jac=grad(rosenbrock), hessp=hvp(rosenbrock),
                     options={"gtol": 1e-8})
    print(f"{found.message} {found.nit} steps, {found.nfev} values, {found.njev} gradients, {found.nhev} Hessian products")
    print(f"f = {found.fun:.3g}, from {rosenbrock(start):.6g}; max |gradient| = {abs(found.jac).max():.3g}; "
          f"max |x - 1| = {abs(found.x - 1).max():.3g}")
    return found


if __name__ == "__main__":
    main()
