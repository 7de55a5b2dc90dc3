"""Masses between springs: stiffness and damping from how they move, through a solver of differential equations.

    python examples/spring_mass.py [picture.png]

The springs are in a row between two walls, and get stiffer when they are stretched. `dezero_scipy.integrate.solve_ivp` solves the
equation of motion and is differentiated by the parameters; SciPy's L-BFGS fits them to positions with noise. The Jacobian of the
positions gives the errors. The picture shows what was observed, the first guess and the fit.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize

from dezero import jacobian, value_and_grad
from dezero_scipy import integrate

PLANTED = np.log([4.0, 7.0, 3.0, 5.0, 0.15])        # stiffness of each spring, damping of each mass
SIGMA = 0.01                                        # noise of a position
STRETCH = np.diff(np.eye(3), axis=0, prepend=0, append=0)       # of springs by positions; its transpose, masses by pulls


def problem(times=60, end=6.0, tolerance=1e-6, seed=0):
    """Return parameters to begin with, positions and velocities at first, times, the solver's tolerance, and positions observed."""
    rng = np.random.default_rng(seed)
    start = np.array([0.5, -0.2, 0.3, 0.0, 0.0, 1.0])
    t = np.linspace(0, end, times + 1)[1:]
    observed = positions(PLANTED, start, t, tolerance)
    return np.log([5.0, 5.0, 5.0, 5.0, 0.3]), start, t, tolerance, observed + SIGMA * rng.normal(size=observed.shape)


def motion(t, y, p):
    """Return velocities and accelerations of masses of 1; a spring stretched by e pulls with k (e + e³ / 2)."""
    x, v = y.reshape(2, -1)
    e = STRETCH @ x
    pull = np.exp(p[:-1]) * (e + 0.5 * e ** 3)
    return np.concatenate([v, -STRETCH.T @ pull - np.exp(p[-1]) * v])


def positions(p, start, t, tolerance):
    """Return where the masses are at times t, of shape (masses, times)."""
    y = integrate.solve_ivp(motion, (0.0, t[-1]), start, "DOP853", t, args=(p,), rtol=tolerance, atol=tolerance).y
    return y[:len(y) // 2]


def loss(p, start, t, tolerance, observed):
    """Return half of χ²."""
    return 0.5 * np.sum(((positions(p, start, t, tolerance) - observed) / SIGMA) ** 2)


def main(picture=None, times=60):
    guess, *setting, observed = problem(times)
    found = minimize(value_and_grad(loss), guess, (*setting, observed), "L-BFGS-B", jac=True)
    j = jacobian(positions)(found.x, *setting).reshape(-1, len(guess)) / SIGMA
    errors = np.sqrt(np.diag(np.linalg.inv(j.T @ j)))
    off = (found.x - PLANTED) / errors
    print(f"{found.nit} steps, {found.nfev} trajectories; χ² of {observed.size} positions "
          f"{2 * loss(guess, *setting, observed):.0f} -> {2 * found.fun:.1f}")
    for i, name in enumerate(["spring 1", "spring 2", "spring 3", "spring 4", "damping"]):
        value = np.exp(found.x[i])
        print(f"{name} {value:6.3f} ± {value * errors[i]:.3f}    planted {np.exp(PLANTED[i]):.3f}")
    if picture:
        draw(picture, guess, found.x, *setting, observed)
    return SimpleNamespace(p=found.x, errors=errors, off=off, chi2=2 * found.fun / observed.size)


def draw(picture, guess, p, start, t, tolerance, observed):
    from matplotlib.figure import Figure
    figure = Figure((8, 6), layout="constrained")
    fine = np.linspace(0, t[-1], 300)[1:]
    for i, axes in enumerate(figure.subplots(len(observed), 1, sharex=True)):
        axes.plot(t, observed[i], "k.", label="observed")
        axes.plot(fine, positions(guess, start, fine, tolerance)[i], "C1:", label="first guess")
        axes.plot(fine, positions(p, start, fine, tolerance)[i], "C0", label="fit")
        axes.set(ylabel=f"mass {i + 1}")
    axes.set(xlabel="time")
    axes.legend(loc="upper right")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
