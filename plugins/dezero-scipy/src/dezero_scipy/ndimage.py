"""scipy.ndimage with gradients: Gaussian filters, by the image and by sigma.

With arrays alone SciPy's own functions answer.
"""
import numpy as np
import scipy.ndimage as sn
from dezero import errors
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from dezero_scipy._rules import checked_constant, data, joined, twin
from dezero_scipy.signal import convolved

PADS = {"reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap",
        "grid-wrap": "wrap", "constant": "constant", "grid-constant": "constant"}
"""Of a mode of SciPy: that of `numpy.pad` which continues an image in the same way."""


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
    axis = normalize_axis_index(axis, x.ndim)
    widths = [(radius, radius) if i == axis else (0, 0) for i in range(x.ndim)]
    more = {"constant_values": cval} if PADS[mode] == "constant" else {}
    shape = [-1 if i == axis else 1 for i in range(x.ndim)]
    long = np.pad(x.astype(np.result_type(x.dtype, np.float64)), widths, PADS[mode], **more)
    return convolved("convolve", long, np.reshape(kernel(sigma, order, radius), shape), "valid", method="direct").astype(x.dtype)


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
