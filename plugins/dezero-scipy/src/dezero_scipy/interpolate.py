"""scipy.interpolate with gradients: by the values, by the points that are asked, and by the places of the values where it is said.

With arrays alone SciPy's own objects answer.
"""
import math

import numpy as np
import scipy.interpolate as si
from dezero import errors, hookimpl, rule

from dezero_scipy import linalg
from dezero_scipy._rules import checked_constant, data, floating, joined, near, register_all, variables, with_variables


class Interpolator:
    """What stands for an object of SciPy: it is called with arrays alone, and asked what is not written here.

    Attributes
    ----------
    original : object
        SciPy's, of the numbers alone.
    """

    def __init__(self, original, *given):
        self.original, self.holds_variables = original, bool(variables(given))

    def __getattr__(self, name):
        if name[0] == "_" or "original" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        if self.holds_variables:
            raise errors.GradientError(f"{type(self).__name__}.{name} has no gradient here: make one of the .data of its Variables")
        return getattr(self.original, name)

    def is_asked_for_numbers(self, points):
        return not self.holds_variables and not variables(points)


def columns(y, axis):
    """Return y as a matrix with the axis of interpolation first, and the other lengths."""
    y = np.moveaxis(y, axis, 0)
    return np.reshape(y, (len(y), -1)), y.shape[1:]


def placed(values, points, rest, axis):
    """Return a matrix of values, a row for each point, in the shape that SciPy gives it."""
    values = np.reshape(values, (*points.shape, *rest))
    return np.moveaxis(values, range(points.ndim), range(axis, axis + points.ndim))


def brought_in(points, first, last, extrapolate):
    """Return points, periodic ones inside of the first period, and where there is no value."""
    at = data(points)
    if extrapolate == "periodic":
        points = points - np.floor((at - first) / (last - first)) * (last - first)
    is_lost = np.isnan(at) if extrapolate else ~((at >= data(first)) & (at <= data(last)))
    return near(is_lost, data(first), points), is_lost


# -- piecewise polynomials

class Polynomials(Interpolator):
    """Polynomials Σ cᵢ (x - xⱼ)ᵈ⁻ⁱ between the places xⱼ."""

    def set(self, x, cs, rest, axis):
        """Take the places, the coefficients from the highest power down, and how values are shaped."""
        self.places, self.cs, self.rest, self.axis_of_points = x, cs, rest, axis

    def __call__(self, x, nu=0, extrapolate=None):
        """Return the values at x, or their derivatives of order nu."""
        if self.is_asked_for_numbers(x):
            return self.original(x, nu, extrapolate)
        points, places, own = joined(x), self.places, self.original
        extrapolate = own.extrapolate if extrapolate is None else extrapolate
        flat, is_lost = brought_in(np.ravel(points), places[0], places[-1], extrapolate)
        j = np.clip(np.searchsorted(data(places), data(flat), "right") - 1, 0, places.size - 2)
        h, degree = (flat - places[j])[:, None], len(self.cs) - 1
        total = np.zeros((flat.size, math.prod(self.rest)))
        for i, c in enumerate(self.cs[:max(degree + 1 - nu, 0)]):
            total = total * h + math.perm(degree - i, nu) * c[j]
        return placed(np.where(is_lost[:, None], np.nan, total), points, self.rest, self.axis_of_points)

    def derivative(self, nu=1):
        """Return the derivative of order nu, as such an object."""
        degree = len(self.cs) - 1
        cs = [math.perm(degree - i, nu) * c for i, c in enumerate(self.cs[:max(degree + 1 - nu, 0)])]
        made = Polynomials(self.original.derivative(nu), self.places, cs)
        made.set(self.places, cs, self.rest, self.axis_of_points)
        return made


class CubicHermiteSpline(Polynomials):
    """The cubic polynomials with given values and slopes at the places x; by x, the values, the slopes and the points.

    Parameters are those of `scipy.interpolate.CubicHermiteSpline`.
    """

    def __init__(self, x, y, dydx, axis=0, extrapolate=None):
        x, y, dydx = floating(x), floating(y), floating(dydx)
        original = si.CubicHermiteSpline(data(x), data(y), data(dydx), axis, extrapolate)
        self.of_slopes(original, x, y, axis, lambda x, y: columns(dydx, axis)[0], dydx)

    def of_slopes(self, original, x, y, axis, slopes, *given):
        """Set the polynomials of the slopes that a function of x and the columns of y gives."""
        Interpolator.__init__(self, original, x, y, *given)
        (y, rest), h = columns(y, axis), np.diff(x)[:, None]
        s, secant = slopes(x, y), np.diff(y, axis=0) / h
        bend = (s[:-1] + s[1:] - 2 * secant) / h
        self.set(x, [bend / h, (secant - s[:-1]) / h - bend, s[:-1], y[:-1]], rest, original.axis)


class CubicSpline(CubicHermiteSpline):
    """The cubic spline: twice continuously differentiable; by x, y, the values of bc_type and the points.

    Parameters are those of `scipy.interpolate.CubicSpline`.
    """

    def __init__(self, x, y, axis=0, bc_type="not-a-knot", extrapolate=None):
        x, y = floating(x), floating(y)
        values = variables(bc_type)
        original = si.CubicSpline(data(x), data(y), axis, with_variables(bc_type, iter([v.data for v in values])), extrapolate)
        ends = (bc_type, bc_type) if isinstance(bc_type, str) else bc_type
        self.of_slopes(original, x, y, axis, lambda x, y: slopes_of_spline(x, y, ends), *values)


def slopes_of_spline(x, y, ends):
    """Return the slopes s of a cubic spline: h₁ s₀ + 2 (h₀ + h₁) s₁ + h₀ s₂ = 3 (h₁ m₀ + h₀ m₁) for neighbours, of secants m."""
    h = np.diff(x)
    m = np.diff(y, axis=0) / h[:, None]
    if ends[0] == "periodic" and len(x) > 2:
        before, m_before, one = np.roll(h, 1), np.roll(m, 1, 0), np.eye(len(h))
        a = one * (2 * (before + h))[:, None] + np.roll(one, -1, 1) * h[:, None] + np.roll(one, 1, 1) * before[:, None]
        s = linalg.solve(a, 3 * (h[:, None] * m_before + before[:, None] * m))
        return np.concatenate([s, s[:1]])
    is_parabola = len(x) == 3 and ends[0] == ends[1] == "not-a-knot"
    d0, u0, b0 = end_of_spline(ends[0], h, m, 1, is_parabola)
    d1, u1, b1 = end_of_spline(ends[1], h[::-1], m[::-1], -1, is_parabola)
    bands = np.stack([np.concatenate([joined([0.0, u0]), h[:-1]]),
                      np.concatenate([joined([d0]), 2 * (h[:-1] + h[1:]), joined([d1])]),
                      np.concatenate([h[1:], joined([u1, 0.0])])])
    inner = 3 * (h[1:, None] * m[:-1] + h[:-1, None] * m[1:])
    return linalg.solve_banded((1, 1), bands, np.concatenate([b0[None], inner, b1[None]]))


def end_of_spline(condition, h, m, sign, is_parabola):
    """Return d, u and b of the equation d s₀ + u s₁ = b that a condition at an end makes, the other end with h and m reversed."""
    if is_parabola:
        return 1.0, 1.0, 2 * m[0]
    if condition in ("not-a-knot", "periodic") and len(h) == 1:
        return 1.0, 0.0, m[0]
    if condition == "not-a-knot":
        both = h[0] + h[1]
        return h[1], both, ((h[0] + 2 * both) * h[1] * m[0] + h[0] ** 2 * m[1]) / both
    order, value = {"clamped": (1, 0.0), "natural": (2, 0.0)}[condition] if isinstance(condition, str) else condition
    value = np.ravel(joined(value)) + 0 * m[0]
    return (1.0, 0.0, value) if order == 1 else (2 * h[0], h[0], 3 * h[0] * m[0] - sign * value * h[0] ** 2 / 2)


class PchipInterpolator(CubicHermiteSpline):
    """The monotone cubic interpolation of Fritsch and Butland; by x, y and the points.

    Parameters are those of `scipy.interpolate.PchipInterpolator`.  Where a slope is 0 because secants change their sign, it is a
    constant.
    """

    def __init__(self, x, y, axis=0, extrapolate=None):
        x, y = floating(x), floating(y)
        self.of_slopes(si.PchipInterpolator(data(x), data(y), axis, extrapolate), x, y, axis, slopes_of_pchip)


def slopes_of_pchip(x, y):
    """Return the weighted harmonic means of neighbouring secants, 0 where their signs differ."""
    h = np.diff(x)[:, None]
    m = np.diff(y, axis=0) / h
    if len(m) == 1:
        return np.concatenate([m, m])
    w0, w1 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    is_flat = np.sign(m[:-1]) * np.sign(m[1:]) <= 0
    mean = (w0 + w1) / (w0 / near(is_flat, 1, m[:-1]) + w1 / near(is_flat, 1, m[1:]))
    ends = [end_of_pchip(*pair) for pair in ((h[0], h[1], m[0], m[1]), (h[-1], h[-2], m[-1], m[-2]))]
    return np.concatenate([ends[0][None], np.where(is_flat, 0, mean), ends[1][None]])


def end_of_pchip(h0, h1, m0, m1):
    """Return the slope at an end: that of a parabola, bounded so that the shape is kept."""
    s = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    is_steep = (np.sign(m0) != np.sign(m1)) & (np.abs(s) > 3 * np.abs(m0))
    return np.where(np.sign(s) != np.sign(m0), 0, np.where(is_steep, 3 * m0, s))


class Akima1DInterpolator(CubicHermiteSpline):
    """Akima's interpolation; by x, y and the points.

    Parameters are those of `scipy.interpolate.Akima1DInterpolator`.
    """

    def __init__(self, x, y, axis=0, *, method="akima", extrapolate=None):
        x, y = floating(x), floating(y)
        more = {} if extrapolate is None else {"extrapolate": extrapolate}      # which SciPy has since 1.14
        original = si.Akima1DInterpolator(data(x), data(y), axis, method=method, **more)
        self.of_slopes(original, x, y, axis, lambda x, y: slopes_of_akima(x, y, method))


def slopes_of_akima(x, y, method):
    """Return means of neighbouring secants, each weighted by how little those on its own side change."""
    m = np.diff(y, axis=0) / np.diff(x)[:, None]
    if len(m) == 1:
        return np.concatenate([m, m])
    before, after = 2 * m[0] - m[1], 2 * m[-1] - m[-2]
    m = np.concatenate([(2 * before - m[0])[None], before[None], m, after[None], (2 * after - m[-1])[None]])
    weight = np.abs(np.diff(m, axis=0))
    if method == "makima":
        weight = weight + np.abs(m[1:] + m[:-1]) / 2
    w0, w1 = weight[2:], weight[:-2]
    is_even = ~(data(w0 + w1) > 1e-9 * np.max(data(w0 + w1)))
    return np.where(is_even, (m[3:] + m[:-3]) / 2, m[1:-2] + w1 / near(is_even, 1, w0 + w1) * (m[2:-1] - m[1:-2]))


# -- B-splines

def forward_of_basis(x, *, t, k, nu):
    n, points = len(t) - k - 1, np.array(x, float)          # a copy: SciPy refuses arrays that are not aligned
    y = np.zeros((*x.shape, n)) if nu > k else si.BSpline(t, np.eye(n), k)(points, nu)
    return y.astype(np.result_type(x, np.float32))


@rule(forward_of_basis, name="scipy.interpolate.basis", method=None, order=None)
def basis(gy, y, x, *, t, k, nu):
    """y = (B₁(x), B₂(x), ...), their derivatives of order nu;   ∂y/∂x = those of order nu + 1"""
    return np.sum(gy * basis(x, t=t, k=k, nu=nu + 1), -1)


@basis.samples
def _(sample):
    for nu in (0, 1):
        sample(sample.array(4, low=0.1, high=2.9), t=np.array([0.0] * 4 + [1.0, 2.0] + [3.0] * 4), k=3, nu=nu)


class BSpline(Interpolator):
    """A spline Σ cᵢ Bᵢ(x); by the coefficients c and the points, not by the knots t.

    Parameters are those of `scipy.interpolate.BSpline`.
    """

    def __init__(self, t, c, k, extrapolate=True, axis=0):
        checked_constant("BSpline", t=t)
        c = floating(c)
        super().__init__(si.BSpline(t, data(c), k, extrapolate, axis), c)
        self.columns, self.rest = columns(c, axis)

    def __call__(self, x, nu=0, extrapolate=None):
        """Return the values at x, or their derivatives of order nu."""
        if self.is_asked_for_numbers(x):
            return self.original(x, nu, extrapolate)
        points, own = joined(x), self.original
        n, extrapolate = len(own.t) - own.k - 1, own.extrapolate if extrapolate is None else extrapolate
        flat, is_lost = brought_in(np.ravel(points), own.t[own.k], own.t[n], extrapolate)
        values = basis(flat.astype(float), t=own.t, k=own.k, nu=nu) @ self.columns[:n]
        return placed(np.where(is_lost[:, None], np.nan, values), points, self.rest, own.axis)


def make_interp_spline(x, y, k=3, t=None, bc_type=None, axis=0, check_finite=True):
    """Return the `BSpline` that goes through values y, as `scipy.interpolate.make_interp_spline`.

    It has gradients by y and by the points; x, t and bc_type are constants.  The coefficients are a linear map of y, kept as a
    matrix.
    """
    checked_constant("make_interp_spline", x=x, t=t, bc_type=bc_type)
    y = floating(y)
    made = si.make_interp_spline(x, data(y), k, t, bc_type, axis, check_finite)
    if not variables(y):
        return BSpline(made.t, np.moveaxis(made.c, 0, made.axis), k, made.extrapolate, made.axis)
    values, rest = columns(y, axis)
    of_values = map_of_spline(x, k, t, bc_type)
    c = of_values @ values + (made.c.reshape(len(made.c), -1) - of_values @ data(values))   # SciPy's numbers, and their gradient
    return BSpline(made.t, np.moveaxis(np.reshape(c, (-1, *rest)), 0, made.axis), k, made.extrapolate, made.axis)


def map_of_spline(x, k, t, bc_type):
    """Return the matrix of which a product with the values gives the coefficients, where the conditions at the ends are 0."""
    one = np.eye(len(x))
    if bc_type == "periodic":
        one[-1] = one[0]                                    # the last value is the first
    elif bc_type is not None and not isinstance(bc_type, str):
        bc_type = [end if end is None or isinstance(end, str) else [(order, 0 * one[0]) for order, _ in end] for end in bc_type]
    return si.make_interp_spline(x, one, k, t, bc_type).c


# -- by the name of a kind

OF_ORDER = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}
OF_NEIGHBOURS = "nearest", "nearest-up", "previous", "next"


class interp1d(Interpolator):
    """The interpolation of a kind; by y and the points, of kind "linear" by x also.

    Parameters are those of `scipy.interpolate.interp1d`; fill_value is a constant.
    """

    def __init__(self, x, y, kind="linear", axis=-1, copy=True, bounds_error=None, fill_value=np.nan, assume_sorted=False):
        checked_constant("interp1d", fill_value=fill_value)
        x, y = joined(x), joined(y)
        super().__init__(si.interp1d(data(x), data(y), kind, axis, copy, bounds_error, fill_value, assume_sorted), x, y)
        self.is_open = isinstance(fill_value, str)          # "extrapolate"
        y, self.rest = columns(y, axis)
        order = slice(None) if assume_sorted else np.argsort(data(x), kind="mergesort")
        self.places, self.values, self.kind, self.axis_of_points = x[order], y[order], kind, axis % (len(self.rest) + 1)
        self.spline = None if kind == "linear" or kind in OF_NEIGHBOURS else make_interp_spline(
            self.places, self.values, OF_ORDER.get(kind, kind))

    def __call__(self, x):
        """Return the values at x."""
        if self.is_asked_for_numbers(x):
            return self.original(x)
        points, places = joined(x), data(self.places)
        found = self.original(data(points))                 # also where SciPy has no gradient to give, beyond the ends
        flat = np.ravel(points)
        at = data(flat)
        is_lost = np.isnan(at) if self.is_open else ~((at >= places[0]) & (at <= places[-1]))
        flat = near(is_lost, places[0], flat)
        if self.kind == "linear":
            i = np.clip(np.searchsorted(places, data(flat)), 1, len(places) - 1)
            low, y = self.places[i - 1], self.values[i - 1]
            values = (self.values[i] - y) / (self.places[i] - low)[:, None] * (flat - low)[:, None] + y
        elif self.spline is None:
            i = si.interp1d(places, np.arange(len(places)), self.kind, fill_value="extrapolate")(data(flat))
            is_lost = is_lost | np.isnan(i)
            values = self.values[near(np.isnan(i), 0, i).astype(np.intp)]
        else:
            values = self.spline(flat)
        is_lost = np.broadcast_to(is_lost[:, None], values.shape)
        is_lost, values = [placed(v, points, self.rest, self.axis_of_points) for v in (is_lost, values)]
        return np.where(is_lost, found, values)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
