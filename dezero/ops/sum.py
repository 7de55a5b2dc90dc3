"""The sum over axes."""
import numpy as np

from dezero import At, Function, hookimpl


def loses(kind, new):
    """Are numbers of one kind, as another, steps or half of what they were?"""
    return kind != new and (new == "b" or kind == "c" or kind == "f" and new in "iu")


class Sum(Function):
    """y = Σ x over the axes;   ∂y/∂x = 1, broadcast to the shape of x, and 0 where `where` is False

    Parameters
    ----------
    a : Variable, array or number
    axis : None, int or tuple of int
        None: all.
    dtype : dtype, optional
        Of the result, and in which it is added up.
    keepdims : bool
        Keep the summed axes, with length 1.
    initial : number, optional
        Added to each sum.
    where : array of bool, optional
        What to add up.  It is what it was at the call.

    Returns
    -------
    Variable
        As `numpy.sum`.
    """

    name = "sum"
    numpy = (np.sum, (np.add, "reduce"))

    initial = np._NoValue

    def __init__(self, axis=None, keepdims=False, dtype=None, initial=np._NoValue, where=True):
        self.axis, self.keepdims, self.where = axis, keepdims, where
        self.dtype = None if dtype is None else np.dtype(dtype)
        if initial is not np._NoValue:
            self.initial = initial

    def forward(self, x):
        if self.dtype is not None and loses(x.dtype.kind, self.dtype.kind):
            raise TypeError(f"dtype={self.dtype} of {x.dtype} data has no gradient: sum without dtype, then take y.data.astype(...)")
        return np.add.reduce(x, self.axis, self.dtype, None, self.keepdims, self.initial, self.where)       # np.sum, 3 us sooner

    def backward(self, gy):
        x, = self.inputs
        if self.axis is not None and not self.keepdims and x.ndim:
            summed = [a % x.ndim for a in np.atleast_1d(self.axis)]
            gy = gy[tuple(None if a in summed else slice(None) for a in range(x.ndim))]
        gx = np.broadcast_to(gy, x.shape)
        if self.where is True:
            return gx
        mask = np.broadcast_to(np.asarray(self.where, bool), x.shape)
        return At(mask, gx[mask])           # a product with the mask would make NaN of an infinite gy

    @staticmethod
    def samples(sample):
        sample(sample.array(2, 3))
        sample(sample.array(2, 3), axis=0)
        sample(sample.array(2, 3, 2), axis=(0, -1))
        sample(sample.array(2, 3), axis=1, keepdims=True)
        sample(sample.array(2, 3), axis=1, dtype="f8", initial=2.0, where=np.array([[True], [False]]))


@hookimpl
def dezero_register_ops(register):
    register(Sum)
