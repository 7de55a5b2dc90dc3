"""scipy.signal with gradients: convolution, correlation and linear filters.

With arrays alone SciPy's own functions answer.
"""
import numpy as np
import scipy.signal as ss
from dezero import hookimpl, rule
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from dezero_scipy._rules import joined, register_all, twin

FUNCTIONS = {f.__name__: f for f in (ss.convolve, ss.fftconvolve, ss.oaconvolve)}


@rule(lambda a, b, *, function, mode, options: FUNCTIONS[function](a, b, mode, **options), name="scipy.signal.convolve",
      method=None)
def convolution(gy, y, a, b, *, function, mode, options):
    """yₙ = Σ aₖ bₙ₋ₖ;   ∂/∂aₖ: Σ gyₙ bₙ₋ₖ,   ∂/∂bₖ: Σ gyₙ aₙ₋ₖ"""
    axes = options.get("axes")
    axes = range(y.ndim) if axes is None else normalize_axis_tuple(axes, y.ndim)
    whole = [n + m - 1 if i in axes else max(n, m) for i, (n, m) in enumerate(zip(a.shape, b.shape))]
    cut = [n - m for n, m in zip(whole, y.shape)]
    g = np.pad(gy, [(n // 2, n - n // 2) for n in cut])     # with zeros where the mode has cut

    def by(x, other):
        full = convolution(g, np.flip(other, axes), function=function, mode="full", options=options)
        return full[tuple([slice(other.shape[i] - 1, other.shape[i] - 1 + x.shape[i]) if i in axes else slice(None)
                           for i in range(y.ndim)])]
    return lambda: by(a, b), lambda: by(b, a)


@convolution.samples
def _(sample):
    for mode in ("full", "same", "valid"):
        sample(sample.array(3, 4), sample.array(2, 3), function="convolve", mode=mode, options={"method": "direct"})
        sample(sample.array(2, 4), sample.array(2, 3), function="fftconvolve", mode=mode, options={"axes": (1,)})


def convolved(function, in1, in2, mode, **options):
    """Return a convolution by one of SciPy's functions."""
    in1, in2 = joined(in1), joined(in2)
    if in1.ndim == in2.ndim == 0:
        return in1 * in2
    if not in1.size or not in2.size:
        raise ValueError(f"{function}: in1 of shape {in1.shape} and in2 of shape {in2.shape}, wanted arrays that are not empty")
    return convolution(in1, in2, function=function, mode=mode, options=options)


@twin(ss.convolve)
def convolve(in1, in2, mode="full", method="auto"):
    return convolved("convolve", in1, in2, mode, method=method)


@twin(ss.fftconvolve)
def fftconvolve(in1, in2, mode="full", axes=None):
    return convolved("fftconvolve", in1, in2, mode, axes=axes)


@twin(ss.oaconvolve)
def oaconvolve(in1, in2, mode="full", axes=None):
    return convolved("oaconvolve", in1, in2, mode, axes=axes)


@twin(ss.correlate)
def correlate(in1, in2, mode="full", method="auto"):
    return convolved("convolve", in1, np.conj(np.flip(joined(in2))), mode, method=method)


# -- filters

@rule(lambda a, u: ss.lfilter(np.ones(1, a.dtype), a, u), name="scipy.signal.lfilter", method=None)
def recursion(gy, y, a, u):
    """Σ aₖ yₙ₋ₖ = uₙ along the last axis;   ∂/∂u: w, the recursion of gy backward,   ∂/∂aₖ: -Σ wₙ yₙ₋ₖ"""
    w = recursion(a, gy[..., ::-1])[..., ::-1]

    def by_a():
        n = y.shape[-1]
        return -np.stack([np.sum(w[..., k:] * y[..., :max(n - k, 0)]) for k in range(len(a))])
    return by_a, w


@recursion.samples
def _(sample):
    sample(sample.array(3, low=0.5, high=1.0), sample.array(5))
    sample(sample.array(1, low=0.5, high=1.0), sample.array(2, 3))
    sample(sample.array(4, low=0.5, high=1.0), sample.array(2, 3))


def lengthened(x, n):
    """Return x with zeros behind it, so that its last axis has length n."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n - x.shape[-1])])


def filtered(x, weights, n):
    """Return x convolved with weights along the last axis, with zeros behind it, so that it has length n."""
    if x.size:
        x = convolved("convolve", x, np.reshape(weights, (1,) * (x.ndim - 1) + (-1,)), "full", method="direct")
    return lengthened(x, n)


@twin(ss.lfilter)
def lfilter(b, a, x, axis=-1, zi=None):
    """a * y = b * x + a₀ zi, of convolutions; zf is what goes beyond the end"""
    b, a, x = np.atleast_1d(joined(b)), np.atleast_1d(joined(a)), joined(x)
    for name, given in (("b", b), ("a", a)):
        if given.ndim != 1 or not given.size:
            raise ValueError(f"lfilter: {name} of shape {given.shape}, wanted a vector that is not empty")
    axis = normalize_axis_index(axis, x.ndim)
    x = np.moveaxis(x, axis, -1)
    n, order = x.shape[-1], max(b.size, a.size) - 1
    u = filtered(x, b, n + order)
    if zi is not None:
        zi = np.moveaxis(joined(zi), axis, -1)
        if zi.ndim != x.ndim or zi.shape[-1] != order:
            raise ValueError(f"lfilter: zi has {zi.ndim} axes, and {zi.shape[-1]} values along {axis}, wanted {x.ndim}, {order}")
        u = u + lengthened(a[0] * np.broadcast_to(zi, (*x.shape[:-1], order)), n + order)
    y = recursion(a, u[..., :n])
    if zi is None:
        return np.moveaxis(y, -1, axis)
    left = u - filtered(y, a, n + order)
    return np.moveaxis(y, -1, axis), np.moveaxis((left / a[0])[..., n:], -1, axis)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
