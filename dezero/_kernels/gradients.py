"""What gradients are made of, and how they are summed to a shape."""
import numpy as np

from ..errors import DTypeError


def gradient_dtype(dtype):
    """Return the dtype of a gradient of such data: the float itself in native byte order, float64 for integers.

    Raises
    ------
    DTypeError
        For complex data.
    """
    if dtype.kind == "c":
        raise DTypeError(f"backward through complex data ({dtype}) is not defined yet; take real and imaginary parts apart")
    if dtype.kind != "f":
        return np.dtype("d")
    return dtype if dtype.isnative else dtype.newbyteorder("=")     # always makes a new one, which the loops do not know


def sum_to(g, shape):
    """Return the sum of g over the axes along which `shape` was broadcast to g's; float32 and float16 are summed in double.

    Adding rows one by one in float32 loses two digits at 1e6 rows.
    """
    lead = g.ndim - len(shape)
    axes = tuple(j for j in range(g.ndim) if j < lead or shape[j - lead] == 1 and g.shape[j] != 1)
    wide = np.dtype("d") if g.dtype.char in "ef" else None
    return np.asarray(g.sum(axes, wide)).astype(g.dtype, copy=False).reshape(shape)
