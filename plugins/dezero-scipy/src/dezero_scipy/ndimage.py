"""scipy.ndimage with gradients: Gaussian filters, by the image and by sigma.

With arrays alone SciPy's own functions answer.
"""
import numpy as np
import scipy.ndimage as sn
from dezero import errors, hookimpl, rule
from numpy.lib.array_utils import normalize_axis_tuple

from dezero_scipy._rules import checked_constant, data, joined, register_all, twin

PADS = {"reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap",
        "grid-wrap": "wrap", "constant": "constant", "grid-constant": "constant"}
"""Of a mode of SciPy: that of `numpy.pad` which continues an image in the same way."""


def forward_of_convolution(x, w):
    r = w.size // 2
    return sn.convolve1d(x, w, mode="constant")[..., r:x.shape[-1] - r]


@rule(forward_of_convolution, name="scipy.ndimage.convolve1d", method=None)
def convolution(gy, y, x, w):
    """yᵢ = Σ wₖ xᵢ₊₂ᵣ₋ₖ along the last axis, of 2 r + 1 weights, where all of them are inside;
    ∂/∂x: the same of gy between zeros and w reversed,   ∂/∂wₖ: Σ gyᵢ xᵢ₊₂ᵣ₋ₖ"""
    last, n = w.size - 1, y.shape[-1]

    def by_x():
        return convolution(np.pad(gy, [(0, 0)] * (y.ndim - 1) + [(last, last)]), w[::-1])
    return by_x, lambda: np.stack([np.sum(gy * x[..., last - k:last - k + n]) for k in range(w.size)])


@convolution.samples
def _(sample):
    sample(sample.array(2, 5), sample.array(3))
    sample(sample.array(5), sample.array(5))
    sample(sample.array(4), sample.array(1))


def kernel(sigma, order, radius):
    """Return the normal density at whole numbers, of sum 1, times the polynomial that its derivative of an order has."""
    x = np.arange(-radius, radius + 1)
    density = np.exp(-0.5 / sigma ** 2 * x ** 2)
    powers = [1.0]                                          # q' - q x / σ², once for each derivative
    for _ in range(order):
        derived, lowered = [(j + 1) * c for j, c in enumerate(powers[1:])], [0.0] + [-c / sigma ** 2 for c in powers]
        powers = [low + d for low, d in zip(lowered, derived + [0.0] * (len(lowered) - len(derived)))]
    return sum([c * x ** j for j, c in enumerate(powers)]) * density / np.sum(density)


@twin(sn.gaussian_filter1d)
def gaussian_filter1d(input, sigma, axis=-1, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, *, radius=None):
    checked_constant("gaussian_filter1d", cval=cval, truncate=truncate)
    if output is not None:
        raise ValueError("gaussian_filter1d: output is not there with Variables: leave it out")
    if mode not in PADS:
        raise ValueError(f"gaussian_filter1d: mode={mode!r}, wanted {', '.join(PADS)}")
    x = joined(input)
    if x.dtype.kind not in "fc":
        raise errors.DTypeError(f"gaussian_filter1d: input of {x.dtype} is rounded by SciPy: give it floating numbers")
    radius = int(truncate * float(data(sigma)) + 0.5) if radius is None else radius
    if radius < 0 or order < 0 or radius != int(radius):
        raise ValueError(f"gaussian_filter1d: radius={radius} and order={order}, wanted whole numbers from 0 on")
    more = {"constant_values": cval} if PADS[mode] == "constant" else {}
    long = np.moveaxis(x.astype(np.result_type(x.dtype, np.float64)), axis, -1)
    long = np.pad(long, [(0, 0)] * (x.ndim - 1) + [(radius, radius)], PADS[mode], **more)
    return np.moveaxis(convolution(long, kernel(sigma, order, radius)), -1, axis).astype(x.dtype)


@twin(sn.gaussian_filter)
def gaussian_filter(input, sigma, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, *, radius=None, axes=None):
    if output is not None:
        raise ValueError("gaussian_filter: output is not there with Variables: leave it out")
    x = joined(input)
    axes = range(x.ndim) if axes is None else normalize_axis_tuple(axes, x.ndim)
    sigma = joined(sigma)
    sigmas, orders, modes, radii = [
        [v] * len(axes) if isinstance(v, str) or v is None or np.ndim(v) == 0 else list(v) for v in (sigma, order, mode, radius)]
    for name, values in (("sigma", sigmas), ("order", orders), ("mode", modes), ("radius", radii)):
        if len(values) != len(axes):
            raise ValueError(f"gaussian_filter: {name} has {len(values)} values, wanted one or {len(axes)}, one for each axis")
    for axis, s, o, m, r in zip(axes, sigmas, orders, modes, radii):
        if s > 1e-15:                                       # as SciPy has it
            x = gaussian_filter1d.composite(x, s, axis, o, None, m, cval, truncate, radius=r)
    return x


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
