"""Differences, integrals, interpolation, polynomials, covariances, histograms: what NumPy makes of other functions."""
import math
import warnings
from functools import reduce

import numpy as np
from dezero import At, Variable, hookimpl, rule
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from dezero_numpy._rules import conj, is_complex, operand

NoValue = np._NoValue                       # NumPy's default of what was not given


# -- what they share

def data(x):
    """Return the numbers alone."""
    return x.data if isinstance(x, Variable) else x


def double(x):
    """Return x in double precision."""
    x = operand(x)
    return x if x.dtype == float else x * np.ones(())


def part(x, axis, *index):
    """Return x[index], or x[start:stop], along one axis."""
    return x[(slice(None),) * axis + (index[0] if len(index) == 1 else slice(*index),)]


# -- differences and integrals

def diff(a, n=1, axis=-1, prepend=NoValue, append=NoValue):
    """yᵢ = aᵢ₊₁ - aᵢ, n times"""
    a = operand(a)
    if n < 0:
        raise ValueError(f"diff: n is 0 or more, not {n}")
    if n == 0:
        return a
    axis = normalize_axis_index(axis, a.ndim)
    if prepend is not NoValue or append is not NoValue:
        a = np.concatenate([*end_of(a, prepend, axis), a, *end_of(a, append, axis)], axis)
    for _ in range(n):
        a = part(a, axis, 1, None) - part(a, axis, None, -1)
    return a


def end_of(a, end, axis):
    """Return what is put to an end of a along an axis, if anything: a list of one array, or an empty one."""
    if end is NoValue:
        return []
    end = operand(end)
    return [end if end.ndim else np.broadcast_to(end, a.shape[:axis] + (1,) + a.shape[axis + 1:])]


def ediff1d(ary, to_end=None, to_begin=None):
    """yᵢ = aᵢ₊₁ - aᵢ, of the elements in one row, with something in front and behind"""
    a = operand(ary).reshape(-1)
    steps = [a[1:] - a[:-1]]
    if to_begin is not None:
        steps.insert(0, operand(to_begin).reshape(-1))
    if to_end is not None:
        steps.append(operand(to_end).reshape(-1))
    return steps[0] if len(steps) == 1 else np.concatenate(steps)


def gradient(f, *varargs, axis=None, edge_order=1):
    """y = the slope of f along each axis: of the parabola through three points, at the ends of a line or a parabola"""
    f = operand(f)
    if f.dtype.kind in "iub":
        f = double(f)
    axes = range(f.ndim) if axis is None else normalize_axis_tuple(axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order is 1 or 2, not {edge_order}")
    if len(varargs) not in (0, 1, len(axes)) or len(varargs) == 1 != len(axes) and np.ndim(varargs[0]):
        raise TypeError(f"gradient: got {len(varargs)} spacings for {len(axes)} axes: invalid number of arguments")
    spacings = varargs or (1.0,)
    spacings = spacings * len(axes) if len(spacings) < len(axes) else spacings
    slopes = tuple([slope_along(f, axis, steps(h, f.shape[axis]), edge_order) for axis, h in zip(axes, spacings)])
    return slopes[0] if len(axes) == 1 else slopes


def steps(h, n):
    """Return what is given as spacing of n points as one step, or as n - 1 steps where they differ."""
    h = operand(h)
    if h.ndim == 0:
        return h if isinstance(h, Variable) else h[()]
    if h.ndim > 1 or len(h) != n:
        raise ValueError(f"gradient: a spacing is a number, or the {n} places of the points, not of shape {h.shape}")
    h = diff(double(h) if h.dtype.kind in "iu" else h)
    return h[0] if not isinstance(h, Variable) and len(h) and (h == h[0]).all() else h


def slope_along(f, axis, h, edge_order):
    """Return the slope of f along an axis, of steps h."""
    if f.shape[axis] < edge_order + 1:
        raise ValueError(f"gradient: {f.shape[axis]} points on axis {axis}, wanted edge_order + 1 at least")
    if h.ndim:
        h = h.reshape((-1,) + (1,) * (f.ndim - axis - 1))
        left, right = h[:-1], h[1:]
        inside = (part(f, axis, None, -2) * (-right / (left * (left + right)))
                  + part(f, axis, 1, -1) * ((right - left) / (left * right))
                  + part(f, axis, 2, None) * (left / (right * (left + right))))
        first, last = (h[:1], h[1:2]), (h[-1:], h[-2:-1])
    else:
        inside = (part(f, axis, 2, None) - part(f, axis, None, -2)) / (2.0 * h)
        first = last = h, h
    points = range(edge_order + 1)
    y = np.concatenate([slope_at_end([part(f, axis, [i]) for i in points], *first), inside,
                        -slope_at_end([part(f, axis, [-1 - i]) for i in points], *last)], axis)
    return y if y.dtype == f.dtype else y.astype(f.dtype)


def slope_at_end(f, near, far):
    """Return the slope at the first of two points of a line, or of three of a parabola, the steps between them near and far."""
    if len(f) == 2:
        return (f[1] - f[0]) / near
    return (f[1] * ((near + far) / (near * far)) - f[0] * ((2.0 * near + far) / (near * (near + far)))
            - f[2] * (near / (far * (near + far))))


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """z = Σ (xᵢ₊₁ - xᵢ) (yᵢ + yᵢ₊₁) / 2"""
    y = operand(y)
    axis = normalize_axis_index(axis, y.ndim)
    if x is not None:
        x = operand(x)
        dx = diff(x).reshape((-1,) + (1,) * (y.ndim - axis - 1)) if x.ndim == 1 else diff(x, axis=axis - y.ndim)
    return np.sum(dx * (part(y, axis, 1, None) + part(y, axis, None, -1)) / 2.0, axis)


# -- interpolation

def interp_forward(x, xp, fp, left=None, right=None):
    return np.interp(x, xp, fp, left, right)


def slopes(xp, fp, j):
    """Return the slopes of the segments j of a broken line, 0 where there is none."""
    k = np.clip(j, 0, xp.size - 2)
    return np.where(j == k, (fp[k + 1] - fp[k]) / np.where(j == k, xp[k + 1] - xp[k], 1), 0)


@rule(interp_forward, operands=("x", "xp", "fp", "left?", "right?"))
def broken_line(gy, y, x, xp, fp, left=None, right=None):
    """y = (1 - t) fⱼ + t fⱼ₊₁, t = (x - xⱼ) / (xⱼ₊₁ - xⱼ), s = (fⱼ₊₁ - fⱼ) / (xⱼ₊₁ - xⱼ);   ∂y/∂x = s, at a point the mean of both
    sides,   ∂y/∂xⱼ = -(1 - t) s,   ∂y/∂xⱼ₊₁ = -t s"""
    below, above = x < xp[0], x > xp[-1]
    if xp.size == 1:
        s, parts = np.zeros_like(gy), [(np.zeros(x.shape, int), np.ones_like(gy))]
    else:
        j = np.searchsorted(xp, x, "right") - 1
        s = (slopes(xp, fp, j) + slopes(xp, fp, np.searchsorted(xp, x, "left") - 1)) / 2
        j = np.clip(j, 0, xp.size - 2)
        width = xp[j + 1] - xp[j]
        t = np.clip((x - xp[j]) / np.where(width == 0, 1, width), 0, 1)         # 0 at an end that is a jump
        parts = [(j, 1 - t), (j + 1, t)]
    ends = (below if left is not None else False) | (above if right is not None else False)
    return (gy * s, [At(j, -gy * s * w) for j, w in parts], [At(j, np.where(ends, 0, gy * w)) for j, w in parts],
            np.sum(np.where(below, gy, 0)), np.sum(np.where(above, gy, 0)))


def interp(x, xp, fp, left=None, right=None, period=None):
    """y = the broken line through the points (xp, fp), at x"""
    x, xp, fp = operand(x), operand(xp), operand(fp)
    if period is None:
        return broken_line(x, xp, fp, left, right)
    if period == 0:
        raise ValueError("interp: period must not be 0")
    period = abs(period)
    x, xp = np.remainder(x, period), np.remainder(xp, period)
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    return broken_line(x, np.concatenate([xp[-1:] - period, xp, xp[:1] + period]), np.concatenate([fp[-1:], fp, fp[:1]]))


@rule(np.unwrap, method=None)
def unwrap(gy, y, p, discont=None, axis=-1, *, period=2 * math.pi):
    """y = p and multiples of the period that make small steps;   ∂y/∂p = 1"""
    return gy


@unwrap.samples
def _(sample):
    sample(sample.array(5, low=-6, high=6))
    sample(sample.array(4, 3, low=-6, high=6), axis=0, discont=4.0)
    sample(sample.array(6), period=1.5)


# -- products of sequences

def whole(gy, n, m, mode, is_convolution=True):
    """Return the gradient of all n + m - 1 products of two sequences, of which a mode gives a part."""
    less = min(n, m)
    start = {"full": 0, "same": (less - 1) // 2, "valid": less - 1}[mode]
    end = n + m - 1 - start - gy.size
    if not is_convolution and m > n:
        start, end = end, start             # correlate() exchanges the two, and turns round what comes out
    if start == end == 0:
        return gy
    return np.concatenate([np.zeros(start, gy.dtype), gy, np.zeros(end, gy.dtype)])


@rule(np.convolve, method=None)
def convolve(gy, y, a, v, mode="full"):
    """yₖ = Σ aᵢ vₖ₋ᵢ;   ∂y/∂a and ∂y/∂v by correlation with the other"""
    g = whole(gy, a.size, v.size, mode)
    return ((lambda: np.correlate(g, conj(v.reshape(-1))).reshape(a.shape)),
            (lambda: np.correlate(g, conj(a.reshape(-1))).reshape(v.shape)))


@rule(np.correlate, method=None)
def correlate(gy, y, a, v, mode="valid"):
    """yₖ = Σ aᵢ₊ₖ vᵢ, of a complex v the conjugate;   ∂y/∂a = Σ gₖ vᵢ₋ₖ,   ∂y/∂v = Σ gₖ aᵢ₊ₖ, conjugates, too"""
    g = whole(gy, a.size, v.size, mode, is_convolution=False)
    return (lambda: np.convolve(g, conj(v), "valid")), (lambda: np.correlate(conj(g), a)[::-1])


def sequences(sample):
    for mode in ("full", "same", "valid"):
        for n, m in ((5, 3), (2, 5), (3, 3), (1, 4), (5, 2), (4, 4)):
            sample(sample.array(n), sample.array(m), mode=mode)
    for n, m in ((4, 2), (2, 3)):
        sample(sample.array(n, dtype=complex), sample.array(m, dtype=complex))
        sample(sample.array(n, dtype=complex), sample.array(m))
        sample(sample.array(n), sample.array(m, dtype=complex))


@convolve.samples
def numbers_too(sample):
    sequences(sample)
    sample(sample.array(), sample.array(3))
    sample(sample.array(3), sample.array())


correlate.samples(sequences)


# -- polynomials: the coefficient of the highest power first

def coefficients(p):
    """Return the coefficients of a polynomial in one row."""
    p = operand(p)
    return p if p.ndim else p.reshape(1)


def trimmed(p):
    """Return the coefficients from the first that is not 0 on; the last one is kept."""
    p = coefficients(p)
    found = np.flatnonzero(data(p))
    return p[found[0]:] if len(found) else p[-1:]


def polyval(p, x):
    """y = p₀ xⁿ + … + pₙ"""
    x = operand(x)
    y = np.zeros_like(x)
    for coefficient in operand(p):
        y = y * x + coefficient
    return y


def polyadd(a1, a2):
    """y = the coefficients of the sum of two polynomials"""
    a1, a2 = coefficients(a1), coefficients(a2)
    more = len(a1) - len(a2)
    if more > 0:
        a2 = np.concatenate([np.zeros(more, a2.dtype), a2])
    elif more < 0:
        a1 = np.concatenate([np.zeros(-more, a1.dtype), a1])
    return a1 + a2


def polysub(a1, a2):
    """y = the coefficients of the difference of two polynomials"""
    return polyadd(a1, -operand(a2))


def polymul(a1, a2):
    """y = the coefficients of the product of two polynomials, zeros in front left out"""
    return np.convolve(trimmed(a1), trimmed(a2))


def polydiv(u, v):
    """q, r = the coefficients of the quotient of two polynomials, and of the rest"""
    r, v = double(coefficients(u)), double(coefficients(v))
    n, quotient = len(v), []
    for k in range(len(r) - n + 1):
        d = r[k] / v[0]
        quotient.append(d)
        r = np.concatenate([r[:k], r[k:k + n] - d * v, r[k + n:]])
    while len(r) > 1 and np.allclose(r[0], 0, rtol=1e-14):
        r = r[1:]
    return np.stack(quotient) if quotient else np.zeros(1, r.dtype), r


def polyder(p, m=1):
    """y = the coefficients of the m-th derivative of a polynomial"""
    if m < 0:
        raise ValueError(f"polyder: m is 0 or more, not {m}")
    p = operand(p)
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


def polyint(p, m=1, k=None):
    """y = the coefficients of the m-th integral of a polynomial, with the constants k"""
    if m < 0:
        raise ValueError(f"polyint: m is 0 or more, not {m}")
    p, k = operand(p), np.zeros(m) if k is None else coefficients(k)
    if len(k) == 1 < m:
        k = np.broadcast_to(k, (m,))
    if len(k) < m:
        raise ValueError(f"polyint: {len(k)} constants, wanted one or {m}")
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), k[i:i + 1]])
    return p


def poly(seq_of_zeros):
    """y = the coefficients of the polynomial with these zeros"""
    zeros = coefficients(seq_of_zeros)
    if zeros.ndim == 2:
        zeros = np.linalg.eigvals(zeros)
    if zeros.ndim != 1:
        raise ValueError(f"poly: got {zeros.ndim} dimensions, wanted the zeros in one row, or a matrix, whose eigenvalues they are")
    if not len(zeros):
        return 1.0
    y = np.ones(1, zeros.dtype if zeros.dtype.kind in "fc" else float)
    for zero in zeros:
        y = np.concatenate([y, y[:1] * 0]) - zero * np.concatenate([y[:1] * 0, y])
    is_real = is_complex(zeros) and np.array_equal(np.sort(data(zeros)), np.sort(np.conjugate(data(zeros))))
    return np.real(y) if is_real else y


def roots(p):
    """y = the zeros of a polynomial: the eigenvalues of its companion matrix"""
    if np.ndim(p) > 1:
        raise ValueError(f"roots: got {np.ndim(p)} dimensions, wanted 1")
    p = trimmed(p)
    n = np.flatnonzero(data(p))[-1] + 1 if np.any(data(p)) else 1
    at_0, p = len(p) - n, p[:n] if p.dtype.kind in "fc" else double(p[:n])
    if n == 1:
        return np.zeros(at_0)
    y = np.linalg.eigvals(np.concatenate([(-p[1:] / p[0])[None], np.eye(n - 2, n - 1, dtype=p.dtype)]))
    return np.concatenate([y, np.zeros(at_0, y.dtype)])


def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    """c = the coefficients of the polynomial with the least Σ w² (y - p(x))²;   with `cov` their covariances, too"""
    x, y = double(x), double(y)
    rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    a = np.vander(x, deg + 1)
    if w is not None:
        w = double(w)
        a, y = a * w[:, None], y * (w[:, None] if y.ndim > 1 else w)
    scale = np.sqrt(np.sum(a * a, 0))
    c, residuals, rank, s = np.linalg.lstsq(a / scale, y, rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, s, rcond
    if rank != deg + 1:
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=2)
    if not cov:
        return c
    if len(x) <= deg + 1 and cov != "unscaled":
        raise ValueError("polyfit: the covariances of deg + 1 coefficients want more points than these, or cov='unscaled'")
    v = np.linalg.inv(a.T @ a)
    v = v if y.ndim == 1 else v[:, :, None]
    return c, v if cov == "unscaled" else v * (residuals / (len(x) - deg - 1))


def vander(x, N=None, increasing=False):
    """yᵢⱼ = xᵢ to the power of j, or of N - 1 - j"""
    x = operand(x)
    if x.ndim != 1:
        raise ValueError(f"vander: x has 1 dimension, not {x.ndim}")
    n = np.arange(len(x) if N is None else N)
    return x[:, None] ** (n if increasing else n[::-1])


# -- statistics

def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    """cᵢⱼ = Σ w (xᵢ - mᵢ) (xⱼ - mⱼ) / (Σ w - ddof), m = Σ w x / Σ w; of a complex x the conjugate of the second"""
    x = rows(m, rowvar, dtype)
    if y is not None:
        x = np.concatenate([x, rows(y, rowvar or np.shape(y)[:1] == (1,), dtype)])
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"cov: ddof is an integer, not {ddof}")
    ddof = (0 if bias else 1) if ddof is None else ddof
    if fweights is not None:
        fweights = frequencies(fweights, x.shape[1])
    w = fweights
    if aweights is not None:
        aweights = weights_of(aweights, x.shape[1], "aweights")
        w = aweights if w is None else fweights * aweights
    if w is None:
        total, free = x.shape[1], x.shape[1] - ddof
    else:
        total = np.sum(w)
        free = total - (ddof if aweights is None else ddof * np.sum(w * aweights) / total)
    if data(free) <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
        free = 0.0
    x = x - np.sum(x if w is None else x * w, 1, keepdims=True) / total
    return np.squeeze(x @ conj(x if w is None else x * w).T / free)


def rows(x, rowvar, dtype):
    """Return the variables that a covariance is of, each a row, in double precision where no dtype is given."""
    x = double(x) if dtype is None else operand(x).astype(dtype)
    if x.ndim > 2:
        raise ValueError(f"cov: observations have 2 dimensions at most, not {x.ndim}")
    return x.reshape(1, -1) if x.ndim < 2 else x if rowvar else x.T


def weights_of(w, n, name):
    """Return the weights of n observations."""
    w = double(w)
    if w.shape != (n,):
        raise ValueError(f"cov: {name} of shape {w.shape} for {n} observations")
    if np.any(w < 0):
        raise ValueError(f"cov: {name} are not negative")
    return w


def frequencies(w, n):
    """Return the integer weights of n observations."""
    w = weights_of(w, n, "fweights")
    if np.any(w != np.around(w)):
        raise TypeError("cov: fweights are integers")
    return data(w)


def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    """r = the covariances, divided by the standard deviations of both"""
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    s = np.sqrt(np.real(c[np.arange(len(c)), np.arange(len(c))]))
    r = c / s[:, None] / s
    return r + (within_1(data(r)) - data(r))            # what is beyond 1 by rounding keeps its derivatives


def within_1(r):
    """Return r, but not beyond -1 and 1, each of both parts."""
    return np.clip(r.real, -1, 1) + 1j * np.clip(r.imag, -1, 1) if is_complex(r) else np.clip(r, -1, 1)


# -- histograms

def counted(x, weights=None, minlength=0):
    return np.bincount(x, weights, minlength).astype(float, copy=False)         # of no weights NumPy has integers


@rule(counted, operands=("x", "weights"))
def weighed(gy, y, x, weights, minlength=0):
    """yₖ = Σ w where x = k;   ∂y/∂w = gₓ"""
    return None, gy[x]


def bincount(x, /, weights=None, minlength=0):
    """yₖ = Σ w where x = k;   how often k is in x, where there are no weights"""
    if isinstance(weights, Variable):
        return weighed(data(operand(x)), weights, minlength)
    return np.bincount(data(x), weights, minlength)


def check_order(a):
    """Refuse complex numbers, which no bin is for."""
    if is_complex(operand(a)):
        raise TypeError(f"histogram: the numbers are {operand(a).dtype}, wanted real ones; take the real part, or the size")


def histogram_bin_edges(a, bins=10, range=None, weights=None):
    """y = the edges of the bins of a histogram: equal steps from the least a to the greatest, where nothing else is given"""
    check_order(a)
    edges = np.histogram_bin_edges(data(a), data(bins), range, data(weights))
    low_high = np.ptp(data(a)) if np.size(a) else 0
    if not isinstance(a, Variable) or range is not None or np.ndim(bins) or low_high == 0:
        return edges
    t = np.arange(len(edges)) / (len(edges) - 1)
    y = np.min(a) * (1 - t) + np.max(a) * t
    return y + (edges - data(y))


def box(x, edges):
    """Return in which bin each x is, and which are in one."""
    place = np.searchsorted(edges, x, "right") - 1
    place = np.where(x == edges[-1], len(edges) - 2, place)
    return place, (place >= 0) & (place < len(edges) - 1)


def histogram(a, bins=10, range=None, density=None, weights=None):
    """y = Σ w of those a that are in each bin, or how many, where there are no weights;   the edges of the bins"""
    check_order(a)
    edges = bins if isinstance(bins, Variable) else histogram_bin_edges(a, bins, range, weights)
    if not isinstance(weights, Variable):
        y = np.histogram(data(a), data(edges), weights=weights)[0]
        total = y.sum()
    else:
        place, inside = box(data(operand(a)).reshape(-1), data(edges))
        w = weights.reshape(-1)[inside]
        y = bincount(place[inside], np.real(w), len(edges) - 1)
        if is_complex(w):
            y = y + 1j * bincount(place[inside], np.imag(w), len(edges) - 1)
        total = np.sum(y)
    return (y / diff(edges) / total if density else y), edges


def histogramdd(sample, bins=10, range=None, density=None, weights=None):
    """y = Σ w of those points that are in each box, or how many, where there are no weights;   the edges along each axis"""
    points = operand(sample) if hasattr(sample, "ndim") else np.atleast_2d(operand(sample)).T
    points = points if points.ndim == 2 else np.atleast_2d(points).T
    n = points.shape[1]
    bins = list(bins) if np.iterable(bins) else [bins] * n
    if len(bins) != n:
        raise ValueError(f"histogramdd: bins for {len(bins)} axes of points that have {n}")
    ranges = [None] * n if range is None else range
    edges = [k if isinstance(k, Variable) else histogram_bin_edges(x, k, given) for x, k, given in zip(points.T, bins, ranges)]
    places = [box(data(points)[:, i], data(e)) for i, e in enumerate(edges)]
    inside, shape = np.logical_and.reduce([inside for _, inside in places]), [len(e) - 1 for e in edges]
    w = np.ones(len(inside)) if weights is None else operand(weights)
    y = weighed(np.ravel_multi_index([place[inside] for place, _ in places], shape), w[inside], math.prod(shape)).reshape(shape)
    if density:
        y = y / reduce(np.multiply.outer, map(diff, edges)) / np.sum(w[inside])
    return y, edges


def histogram2d(x, y, bins=10, range=None, density=None, weights=None):
    """z = Σ w of those points that are in each rectangle, or how many, where there are no weights;   the edges along both axes"""
    if np.iterable(bins) and len(bins) not in (1, 2):       # edges for both
        bins = [bins, bins]
    z, (of_x, of_y) = histogramdd(np.stack([operand(x), operand(y)], -1), bins, range, density, weights)
    return z, of_x, of_y


# -- functions of numbers

@rule(np.nan_to_num, method=None)
def nan_to_num(gy, y, x, nan=0.0, posinf=None, neginf=None):
    """y = x, with numbers for NaN and the infinite;   ∂y/∂x = 1, 0 for these, each of both parts"""
    if is_complex(x):
        return np.where(np.isfinite(np.real(x)), np.real(gy), 0) + 1j * np.where(np.isfinite(np.imag(x)), np.imag(gy), 0)
    return np.where(np.isfinite(x), gy, 0)


@nan_to_num.samples
def _(sample):
    sample(sample.array(2, 3), nan=1.0, posinf=2.0, neginf=3.0)
    sample(sample.array(2, 3, dtype=complex))


def sinc_derivative_forward(x, n=0):
    """Return the n-th derivative of sin(πx) / πx, to 1e-14 for n up to 3.

    That is ∫ (πt)ⁿ cos(πxt + nπ/2) dt from 0 to 1.  Near 0 its power series is summed; elsewhere each derivative follows from
    the one before, by x f⁽ⁿ⁾ + n f⁽ⁿ⁻¹⁾ = πⁿ⁻¹ sin(πx + nπ/2).
    """
    u = math.pi * np.asarray(x, np.result_type(x, float))
    near = np.abs(u) < n + 1
    v, w = np.where(near, u, 0), np.where(near, 1, u)
    series, term = 0, 1.0
    for k in range(24 + 4 * n):
        series = series + term * (1, 0, -1, 0)[(n + k) % 4] / (n + k + 1)
        term = term * v / (k + 1)
    y = np.sin(w) / w
    for k in range(1, n + 1):
        y = (np.sin(w + k * (math.pi / 2)) - k * y) / w
    return (np.where(near, series, y) * math.pi ** n).astype(np.result_type(x, 0.0))


@rule(sinc_derivative_forward)
def sinc_derivative(gy, y, x, n=0):
    """y = the n-th derivative of sin(πx) / πx"""
    return gy * sinc_derivative(x, n=n + 1)


@rule(np.sinc, method=None)
def sinc(gy, y, x):
    """y = sin(πx) / πx;   ∂y/∂x = (cos(πx) - y) / x, 0 at 0"""
    return gy * sinc_derivative(x, n=1)


@sinc.samples
def _(sample):
    for low, high in ((-2.3, -0.4), (0.0, 0.3), (1.15, 2.7)):
        sample(sample.array(2, 3, low=low, high=high))
        sample(sample.array(2, 3, low=low, high=high, dtype=complex))


def i0_derivative_forward(x, n=0):
    """Return the n-th derivative of the modified Bessel function I₀, to 1e-14 of I₀.

    That is ∫ cosⁿ t exp(x cos t) dt / π from 0 to π, by the trapezoidal rule, whose error falls exponentially for periodic
    functions: it is exp(-2 m² / x) with m points where x is large.
    """
    u = np.asarray(x, float)
    m = 24 + int(5 * math.sqrt(min(np.max(np.abs(u), initial=0, where=np.isfinite(u)), 750)))
    y = 0
    for k in range(m + 1):
        c = math.cos(math.pi * k / m)
        y = y + c ** n * np.exp(u * c) * (0.5 if k in (0, m) else 1)
    return (y / m).astype(np.result_type(x, 0.0))


@rule(i0_derivative_forward)
def i0_derivative(gy, y, x, n=0):
    """y = the n-th derivative of I₀"""
    return gy * i0_derivative(x, n=n + 1)


@rule(np.i0, method=None)
def i0(gy, y, x):
    """y = I₀(x);   ∂y/∂x = I₁(x)"""
    return gy * i0_derivative(x, n=1)


@rule(np.ldexp)
def scaled(gy, y, x1, x2):
    """y = x 2ⁿ;   ∂y/∂x = 2ⁿ.  Not registered"""
    return np.ldexp(gy, x2), None


def ldexp(x1, x2):
    """y = x 2ⁿ"""
    return scaled.apply(x1, np.asarray(x2) if type(x2) is int else x2)      # as an operand it would be in the dtype of x


@rule(np.frexp, method=None)
def frexp(gy, y, x):
    """y = x 2⁻ⁿ, n, with y from ½ to 1;   ∂y₀/∂x = 2⁻ⁿ"""
    return np.ldexp(gy[0], -y[1])


def float_power(x1, x2):
    """y = x1 to the power of x2, in double precision"""
    return np.power(double(x1), double(x2))


def real_if_close(a, tol=100):
    """y = a, or its real part, where there is hardly another"""
    a = operand(a)
    if not is_complex(a):
        return a
    limit = tol * np.finfo(a.dtype).eps if tol > 1 else tol
    return np.real(a) if np.all(np.abs(np.imag(data(a))) < limit) else a


def angle(z, deg=False):
    """y = the angle of z with the real axis"""
    z = operand(z)
    y = np.arctan2(np.imag(z), np.real(z))
    return y * (180 / math.pi) if deg else y


def sort_complex(a):
    """y = the elements of a in order along the last axis, as complex numbers"""
    y = np.sort(operand(a))
    return y if is_complex(y) else y.astype(np.sort_complex(np.empty(0, y.dtype)).dtype)


RULES = unwrap, convolve, correlate, nan_to_num, sinc, i0, frexp
COMPOSITES = (diff, ediff1d, gradient, trapezoid, interp, polyval, polyadd, polysub, polymul, polydiv, polyder, polyint, poly, polyfit,
              roots, vander, cov, corrcoef, bincount, histogram, histogram2d, histogramdd, histogram_bin_edges, float_power,
              real_if_close, angle, sort_complex, ldexp)


@hookimpl
def dezero_register_ops(register):
    for op in RULES:
        register(op)
    for f in COMPOSITES:
        register.function(f, (getattr(np, f.__name__),), method=None)
