"""Discrete Fourier transforms.

The matrix of a transform is symmetric, so its transpose is the transform itself; the transform back is 1 / n of its conjugate.
Those of several axes go along one axis after the other.
"""
import numpy as np
from dezero import At, hookimpl, rule
from numpy.lib.array_utils import normalize_axis_tuple

from dezero_numpy._rules import conj, operand, register_all

OF_CONJUGATE = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
"""{norm: that of the transform in the other direction, where it is to have the same factor}."""


# -- along one axis

def at_front(g, a, axis):
    """Return the gradient of a, of which as much was transformed along an axis as g has: cut, or with zeros behind."""
    n, front = a.shape[axis], (slice(None),) * (axis % a.ndim)
    if g.shape[axis] > n:
        return g[(*front, slice(n))]
    return At((*front, slice(g.shape[axis])), g) if g.shape[axis] < n else g


@rule(np.fft.fft, name="fft.fft")
def fft(gy, y, a, n=None, axis=-1, norm=None):
    """yₖ = Σ aⱼ e^(-2πi jk / n);   ∂y/∂a: the transform of gy"""
    return at_front(np.fft.fft(gy, None, axis, norm), a, axis)


@rule(np.fft.ifft, name="fft.ifft")
def ifft(gy, y, a, n=None, axis=-1, norm=None):
    """yₖ = Σ aⱼ e^(2πi jk / n) / n;   ∂y/∂a: the transform of gy"""
    return at_front(np.fft.ifft(gy, None, axis, norm), a, axis)


@rule(np.fft.rfft, name="fft.rfft")
def rfft(gy, y, a, n=None, axis=-1, norm=None):
    """yₖ = Σ aⱼ e^(-2πi jk / n), of real a, for k up to n / 2;   ∂y/∂a: the transform of gy and zeros, of which a takes the
    real part"""
    return at_front(np.fft.fft(gy, a.shape[axis] if n is None else n, axis, norm), a, axis)


@rule(np.fft.irfft, name="fft.irfft")
def irfft(gy, y, a, n=None, axis=-1, norm=None):
    """yₖ = Σ aⱼ e^(2πi jk / n) / n, real, where aₙ₋ⱼ is the conjugate of aⱼ;   ∂y/∂a: half of the transform of gy, twice where j is
    not n - j"""
    n = gy.shape[axis]
    times = np.full(n // 2 + 1, 2, gy.dtype)
    times[0] = 1
    if n % 2 == 0:
        times[-1] = 1
    times = times.reshape([-1 if i == axis % a.ndim else 1 for i in range(a.ndim)])
    return at_front(np.fft.ihfft(gy, None, axis, norm) * times, a, axis)


def lengths(sample, dtype):
    for n in (1, 2, 5, 6):
        sample(sample.array(n, dtype=dtype))
    sample(sample.array(2, 5, dtype=dtype), 3, norm="forward")
    sample(sample.array(3, 2, dtype=dtype), 4, axis=0, norm="ortho")
    sample(sample.array(2, 3, 2, dtype=dtype), n=6, axis=-2, norm="backward")


@fft.samples
@ifft.samples
def _(sample):
    lengths(sample, complex)
    sample(sample.array(4))
    sample(sample.array(2, 3), 2, axis=0)


@rfft.samples
def _(sample):
    lengths(sample, float)


@irfft.samples
def _(sample):
    for n in (2, 3, 4):
        sample(sample.array(n, dtype=complex))
    for n in (1, 2, 5, 7):
        sample(sample.array(2, 4, dtype=complex), n, norm="forward")
    sample(sample.array(3, 2, dtype=complex), 4, axis=0, norm="ortho")
    sample(sample.array(2, 3, 2), n=5, axis=-2, norm="backward")


def hfft(a, n=None, axis=-1, norm=None):
    """yₖ = Σ aⱼ e^(-2πi jk / n), real, where aₙ₋ⱼ is the conjugate of aⱼ"""
    return np.fft.irfft(conj(operand(a)), n, axis, OF_CONJUGATE.get(norm, norm))


def ihfft(a, n=None, axis=-1, norm=None):
    """yₖ = Σ aⱼ e^(2πi jk / n) / n, of real a, for k up to n / 2"""
    return conj(np.fft.rfft(operand(a), n, axis, OF_CONJUGATE.get(norm, norm)))


# -- along several

def places(a, s, axes):
    """Return [(length, axis)] of a transform; -1 is the length that there is."""
    if axes is None:
        axes = range(a.ndim) if s is None else range(a.ndim - len(s), a.ndim)
    axes = normalize_axis_tuple(axes, a.ndim, "axes", allow_duplicate=True)
    s = [-1] * len(axes) if s is None else s
    if len(s) != len(axes):
        raise ValueError(f"fft: got {len(s)} lengths for {len(axes)} axes")
    return [(a.shape[axis] if n == -1 else n, axis) for n, axis in zip(s, axes)]


def along(f, a, places, norm):
    """Return what f makes of a along each axis, from the last one on."""
    for n, axis in places[::-1]:
        a = f(a, n, axis, norm)
    return a


def fftn(a, s=None, axes=None, norm=None):
    """y = the transform of a along several axes, or all"""
    a = operand(a)
    return along(np.fft.fft, a, places(a, s, axes), norm)


def ifftn(a, s=None, axes=None, norm=None):
    """y = the transform of a back along several axes, or all"""
    a = operand(a)
    return along(np.fft.ifft, a, places(a, s, axes), norm)


def rfftn(a, s=None, axes=None, norm=None):
    """y = the transform of real a along several axes, or all; half of it, along the last one"""
    a = operand(a)
    *others, last = places(a, s, axes)
    return along(np.fft.fft, np.fft.rfft(a, *last, norm), others, norm)


def irfftn(a, s=None, axes=None, norm=None):
    """y = the transform back, real, along several axes, or all, of what `rfftn` gives"""
    a = operand(a)
    *others, (n, axis) = places(a, s, axes)
    for n_other, other in others:
        a = np.fft.ifft(a, n_other, other, norm)
    return np.fft.irfft(a, 2 * (n - 1) if s is None else n, axis, norm)


def fft2(a, s=None, axes=(-2, -1), norm=None):
    """y = the transform of a along two axes"""
    return fftn(a, s, axes, norm)


def ifft2(a, s=None, axes=(-2, -1), norm=None):
    """y = the transform of a back along two axes"""
    return ifftn(a, s, axes, norm)


def rfft2(a, s=None, axes=(-2, -1), norm=None):
    """y = the transform of real a along two axes; half of it, along the last one"""
    return rfftn(a, s, axes, norm)


def irfft2(a, s=None, axes=(-2, -1), norm=None):
    """y = the transform back, real, along two axes, of what `rfft2` gives"""
    return irfftn(a, s, axes, norm)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
    for f in (hfft, ihfft, fft2, ifft2, rfft2, irfft2, fftn, ifftn, rfftn, irfftn):
        register.function(f, (getattr(np.fft, f.__name__),), f"fft.{f.__name__}")
