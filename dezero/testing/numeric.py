"""Derivatives from values alone: what analytic ones are compared with.

A complex step (Squire and Trapp, SIAM Review 40, 1998) has no rounding error but wants a function that is analytic
where it is computed with complex numbers; central differences, extrapolated (Ridders, Advances in Engineering Software
4, 1982), want nothing.  So the second says whether the first may be believed.

What is differentiated is a real number.  By a complex one it has two derivatives, along the real and along the imaginary
axis: the parts of its gradient, as `.grad` has it.
"""
import warnings

import numpy as np

STEP = 0.02             # the first one; 0.02 / 2**7 is the last
LEVELS = 8
IMAGINARY = 1e-30
SIDE = 1e-4             # the step of a one-sided difference
LARGE = 300.0           # a one-sided slope beyond this is that of a jump, or of a root


def slope(f, scale=1.0):
    """The derivative at 0 of a function of one number.

    Parameters
    ----------
    f : callable
        Of a float, and maybe of a complex number; gives a number.
    scale : float
        The size of what it is a function of: steps are in proportion.

    Returns
    -------
    float
    float
        An estimate of its error; infinite where f is not smooth around 0.
    """
    value, error = differences(f, scale)
    exact = complex_step(f, scale)
    if exact is not None and abs(exact - value) <= max(10 * error, 1e-7 * abs(value)):
        return exact, 1e-14 * abs(exact)
    return value, error


def complex_step(f, scale):
    """The derivative by a step along the imaginary axis, or None where f is real only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")         # of imaginary parts that are dropped
            y = f(1j * IMAGINARY * scale)
    except Exception:                               # whatever an op says to complex data
        return None
    return float(y.imag / (IMAGINARY * scale)) if isinstance(y, (complex, np.complexfloating)) and np.isfinite(y) else None


def differences(f, scale=1.0):
    """As `slope`, by central differences alone, extrapolated to step 0: for a function of real numbers only."""
    best, least = np.nan, np.inf
    row = []
    for level in range(LEVELS):
        h = STEP * scale / 2 ** level
        up, down = f(h), f(-h)
        rounding = np.finfo(float).eps * max(abs(up), abs(down)) / h
        new = [(up - down) / (2 * h)]
        for j, old in enumerate(row):
            new.append(new[j] + (new[j] - old) / (4 ** (j + 1) - 1))
            error = max(abs(new[j + 1] - new[j]), abs(new[j + 1] - old)) + rounding
            if error < least:
                best, least = new[j + 1], error
        row = new
    if not abs(row[0] - best) <= 0.1 * max(1.0, abs(best)):
        return best, np.inf                 # f jumps, by chance in proportion to the longer steps
    return best, least


def sides(f, scale=1.0):
    """The slopes at 0 from the left and from the right; at a kink they differ, at a jump one of them is `LARGE`."""
    h = SIDE * scale
    at = f(0.0)
    return tuple((4 * f(s * h) - f(2 * s * h) - 3 * at) / (2 * s * h) for s in (-1, 1))


def is_root(f, scale=1.0):
    """Has f at 0 a slope that grows without bound where the step falls, as a root has?"""
    return max(map(abs, sides(f, scale / 100))) > 3 * max(1.0, *map(abs, sides(f, scale)))


def is_kink(f, scale=1.0):
    """Has f two slopes at 0?"""
    left, right = sides(f, scale)
    return not abs(left - right) <= 1e-3 * max(1.0, abs(left), abs(right))


def differ(analytic, numeric, error, rtol, size):
    """Is an analytic derivative not the numeric one?  `size` is that of the whole gradient."""
    return not abs(analytic - numeric) <= rtol * max(abs(analytic), abs(numeric)) + 1e-10 * max(1.0, size) + 10 * error


def axes(x, g, line):
    """[(how a message names it, the part of a gradient g, the function of t)]: along the axes that a number like x moves on.

    `line` is a function of what is added to the number.
    """
    if not is_complex(x):
        return [("", g, line)]
    return [(", real part", g.real, line), (", imaginary part", g.imag, lambda t: line(1j * t))]


def is_complex(x):
    return np.iscomplexobj(x)


def wide(x):
    """The numbers in double precision."""
    return np.array(x, complex if is_complex(x) else float)


def narrow(x):
    """The numbers in single precision."""
    return np.asarray(x).astype("c8" if is_complex(x) else "f4")


def dot(gs, vs):
    """The derivative along vs of what has the gradients gs, as `.grad` has them."""
    return sum([(np.conj(g) * v).real.sum() for g, v in zip(gs, vs)])


def moved(xs, i, index, t):
    """The arrays with t added to one element of the i-th."""
    new = xs[i].astype(complex) if isinstance(t, complex) else wide(xs[i])
    new[index] += t
    return [*xs[:i], new, *xs[i + 1:]]


def along(xs, directions, t):
    """The arrays, each gone t times its direction."""
    return [np.asarray(x + t * v) for x, v in zip(xs, directions)]


def scale_of(x):
    """A step's scale beside a number."""
    return max(abs(x), 0.5)
