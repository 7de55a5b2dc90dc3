"""Calls of NumPy's functions with shapes, axes and parameters that are drawn.

A function below takes `pick`, which gives one of its arguments, and returns the arguments of a call.  Floating arrays among
them are what it is differentiated by.
"""
from itertools import combinations

import numpy as np

SHAPES = ((3,), (2, 3), (3, 1, 2), (4, 2))
DOMAINS = {"log": (0.5, 3), "log2": (0.5, 3), "log10": (0.5, 3), "log1p": (-0.5, 3), "sqrt": (0.5, 3), "arcsin": (-0.8, 0.8),
           "arccos": (-0.8, 0.8), "arctanh": (-0.8, 0.8), "arccosh": (1.5, 3), "reciprocal": (0.5, 2), "cbrt": (0.5, 3),
           "tan": (-1, 1)}


def array(pick, *shapes, low=-2, high=2):
    """Return numbers, of one of these shapes."""
    return np.asarray(np.random.default_rng(pick(*range(20))).uniform(low, high, pick(*(shapes or SHAPES))))


def axis_of(x, pick):
    """Return None or one of the axes."""
    return pick(None, *range(-x.ndim, x.ndim))


def axes_of(x, pick):
    """Return None, an axis, or a tuple of axes."""
    return pick(None, *range(-x.ndim, x.ndim), *combinations(range(x.ndim), 2), ())


# -- kinds of functions

def unary(name):
    low, high = DOMAINS.get(name, (-2, 2))
    return lambda pick: ((array(pick, (), (0, 3), *SHAPES, low=low, high=high),), {})


def binary(pick):
    a, b = pick(((2, 3), (2, 3)), ((2, 1), (3,)), ((), (3,)), ((3,), ()), ((2, 3), (1, 3)), ((3,), (2, 2, 1)))
    return (array(pick, a), array(pick, b, low=0.3)), {}


def outer(pick):
    return (array(pick, (), (2,), (2, 3)), array(pick, (), (3,), (2, 1), low=0.3)), {}


LONG = ((3,), (2, 3), (3, 2, 2))       # no axis of length 1, whose variance is none


def reduction(pick, shapes=SHAPES, **others):
    x = array(pick, *shapes)
    return (x,), {"axis": axes_of(x, pick), "keepdims": pick(False, True)} | {name: pick(*xs) for name, xs in others.items()}


def spread(pick):
    args, kwargs = reduction(pick, LONG, ddof=(0, 1))
    return args, kwargs | {"axis": kwargs["axis"] or None}


def with_nan(kind):
    def drawn(pick):
        (x, *rest), kwargs = kind(pick, LONG)
        x.flat[pick(0, -1)] = np.nan
        return (x, *rest), kwargs | {"axis": kwargs["axis"] or None}
    return drawn


def spread_with_nan(pick):
    args, kwargs = with_nan(reduction)(pick)
    return args, kwargs | {"ddof": pick(0, 0.5)}


def quantile(scale):
    def drawn(pick, shapes=SHAPES):
        args, kwargs = reduction(pick, shapes, method=("linear", "lower", "higher", "midpoint", "nearest"))
        return (*args, pick(0.3 * scale, [0.1 * scale, 0.85 * scale])), kwargs | {"axis": kwargs["axis"] or None}
    return drawn


def average(pick):
    x = array(pick)
    axis = pick(None, *range(-x.ndim, x.ndim))
    weights = np.random.default_rng(3).uniform(0.5, 2, x.shape if axis is None or pick(True, False) else x.shape[axis])
    return (x,), {"axis": axis, "weights": pick(None, weights), "keepdims": pick(False, True)}


def along(pick):
    x = array(pick)
    return (x,), {"axis": axis_of(x, pick)}


def along_one(pick):
    x = array(pick)
    return (x,), {"axis": pick(*range(-x.ndim, x.ndim))}


def accumulated(pick):
    x = array(pick)
    return (x,), {"axis": pick(*range(-x.ndim, x.ndim)), "include_initial": pick(False, True)}


def difference(pick):
    x = array(pick, (4,), (3, 4), (4, 1, 3))
    return (x,), {"n": pick(0, 1, 2), "axis": pick(-1, 0)}


def gradient(pick):
    x = array(pick, (4,), (3, 4))
    return (x, pick(1.0, 0.5)), {"axis": pick(-1, 0)}


def trapezoid(pick):
    x = array(pick, (4,), (4, 3))
    return (x,), {"axis": 0} | pick({"dx": 0.5}, {"x": np.linspace(0, 2, 4) ** 2})


# -- shapes

def flips(pick):
    x = array(pick)
    return (x,), {"axis": axes_of(x, pick)}


def matrix(pick):
    return (array(pick, (2, 3), (3, 1, 2), (3, 3)),), {}


def rot90(pick):
    return (array(pick, (2, 3), (3, 1, 2)),), {"k": pick(-1, 0, 1, 2, 3, 5), "axes": pick((0, 1), (1, 0), (-2, -1))}


def roll(pick):
    x = array(pick)
    axis = axes_of(x, pick)
    shift = pick(-4, 1, 2) if not isinstance(axis, tuple) or not axis else pick((1, -1), (2, 3))
    return (x, shift), {"axis": axis if axis != () else None}


def shifts(pick):
    x = array(pick)
    return (x,), {"axes": axes_of(x, pick)}


def tile(pick):
    return (array(pick), pick(2, (2,), (2, 1), (1, 2, 3), (0, 2))), {}


def repeat(pick):
    x = array(pick)
    axis = axis_of(x, pick)
    count = x.size if axis is None else x.shape[axis]
    return (x, pick(2, 0, np.arange(count))), {"axis": axis}


def joined(pick):
    x, y = array(pick, (2, 3)), array(pick, (1, 3), (2, 3), (4, 3))
    return ([x, y, x],), {"axis": pick(0, -2)} if len(y) != 2 or pick(True, False) else {"axis": pick(1, -1, None)}


def stacked(pick):
    shape = pick((), (3,), (2, 3))
    return ([array(pick, shape), array(pick, shape)],), {"axis": pick(0, -1)}


def listed(pick):
    shape = pick((3,), (2, 3), (2, 1, 2))
    return ([array(pick, shape), array(pick, shape)],), {}


def block(pick):
    return ([[array(pick, (2, 2)), array(pick, (2, 1))], [array(pick, (1, 2)), array(pick, (1, 1))]],), {}


def append(pick):
    return (array(pick, (2, 3)), array(pick, (2, 3))), {"axis": pick(None, 0, 1, -1)}


def insert(pick):
    return (array(pick, (3,), (3, 2)), pick(0, 1, -1), array(pick, ())), {"axis": 0}


def delete(pick):
    return (array(pick, (3,), (3, 2)), pick(0, -1, [0, 2], slice(1, None))), {"axis": 0}


def split(pick):
    return (array(pick, (4,), (4, 2), (4, 2, 4)), pick(2, [1, 3])), {"axis": 0}


def array_split(pick):
    return (array(pick, (5,), (5, 2)), pick(3, [1, 3])), {"axis": 0}


def split_1(pick):
    return (array(pick, (2, 4), (4, 4, 2)), pick(2, [1, 3])), {}


def split_2(pick):
    return (array(pick, (2, 1, 4), (1, 4, 4)), pick(2, [1, 3])), {}


def pad(pick):
    mode, others = pick(("constant", {"constant_values": 2.0}), ("constant", {}), ("edge", {}), ("reflect", {}), ("wrap", {}),
                        ("symmetric", {}), ("mean", {}), ("maximum", {}), ("linear_ramp", {"end_values": 1.0}),
                        ("reflect", {"reflect_type": "odd"}))
    return (array(pick, (3,), (3, 4)), pick(1, (1, 2))), {"mode": mode} | others


def arrays(pick):
    return (array(pick, (3,), (2, 3)), array(pick, (1, 3), ())), {}


def meshgrid(pick):
    return (array(pick, (3,)), array(pick, (2,))), {"indexing": pick("xy", "ij"), "sparse": pick(False, True)}


def mesh(pick):
    return (array(pick, (3,)), array(pick, (2,))), {}


def resize(pick):
    return (array(pick), pick((2, 2), (3, 4), 7)), {}


# -- indices

def take(pick):
    return (array(pick, (3,), (3, 4)), pick(1, [0, 2, 0], np.array([[2, -1], [1, 1]]))), {"axis": pick(None, 0, -1)}


def rollaxis(pick):
    return (array(pick, (2, 3, 1)), pick(0, 1, 2, -1), pick(0, 1, 2, 3)), {}


def unstack(pick):
    return (array(pick, (2, 3), (2, 2, 2)),), {"axis": pick(0, 1, -1)}


def astype(pick):
    return (array(pick), pick("f8", "f4")), {"copy": True}


def repeated(pick):
    return (np.array([2.0, 1.0, 2.0, 3.0]),), {}


def two_repeated(pick):
    return (np.array([2.0, 1.0, 2.0, 3.0]), np.array([2.0, 5.0, 5.0])), {}


def take_along_axis(pick):
    x = array(pick, (3, 4))
    axis = pick(0, 1, -1)
    return (x, np.random.default_rng(1).integers(0, 3, (2, 4) if axis == 0 else (3, 2))), {"axis": axis}


def offset(pick):
    return (array(pick, (3, 4), (2, 3, 3)),), {"offset": pick(-1, 0, 1, 2)}


def diagonals(pick):
    return (array(pick, (3,), (3, 4)),), {"k": pick(-1, 0, 1, 2)}


def triangle(pick):
    return (array(pick, (3, 4), (2, 3, 3)),), {"k": pick(-1, 0, 1)}


def chosen(pick):
    return (np.array([0, 1, 1]), [array(pick, (3,)), array(pick, (2, 3))]), {"mode": pick("wrap", "clip")}


def selected(pick):
    x, y = array(pick, (2, 3)), array(pick, (2, 3), (3,))
    return ([x > 1, x > 0], [x, y]), {"default": pick(0, 2.0)}


def compress(pick):
    return ([True, False, True], array(pick, (3,), (3, 4))), {"axis": 0}


def extract(pick):
    return (np.array([True, False, True]), array(pick, (3,))), {}


def ldexp(pick):
    return (array(pick), np.array(pick(0, 3, -2))), {}


def where(pick):
    x = array(pick, (2, 3), (3,))
    return (np.array([True, False, True]), x, array(pick, (2, 3), ())), {}


def clip(pick):
    x = array(pick, (3,), (2, 3))
    low, high = pick((-0.5, 1.0), (None, 0.5), (-1.0, None), (np.full(3, -0.3), np.array(0.7)), (None, None))
    return ((x, low, high), {}) if low is not high else ((x,), {"min": -0.5, "max": 1.0})


def interp(pick):
    return (array(pick, (3,), (2, 3)), np.array([-1.5, 0.0, 1.0]), array(pick, (3,))), {}


# -- products

def dot(pick):
    a, b = pick(((), (3,)), ((2, 3), ()), ((2, 2, 3), (3,)), ((2, 2, 3), (4, 3, 2)), ((3,), (4, 3, 2)), ((2, 3), (3, 2)),
                ((3,), (3,)))
    return (array(pick, a), array(pick, b)), {}


def matmul(pick):
    a, b = pick(((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2)), ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
                ((4, 1, 2, 3), (2, 3, 2)), ((3,), (4, 3, 2)), ((4, 2, 3), (3,)))
    return (array(pick, a), array(pick, b)), {}


def inner(pick):
    a, b = pick(((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((), (3,)), ((2, 1, 3), (2, 3)))
    return (array(pick, a), array(pick, b)), {}


def vectors(pick):
    a, b = pick(((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 3)), ((4, 1, 3), (2, 3)))
    return (array(pick, a), array(pick, b)), {}


def vectors_2(pick):
    return (array(pick, (3,)), array(pick, (2,))), {}


def matvec(pick):
    a, b = pick(((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)))
    return (array(pick, a), array(pick, b)), {}


def vecmat(pick):
    a, b = pick(((2,), (2, 3)), ((4, 2), (2, 3)), ((2,), (4, 2, 3)))
    return (array(pick, a), array(pick, b)), {}


def tensordot(pick):
    a, b, axes = pick(((2, 3, 4), (3, 4, 2), 2), ((2, 3), (3, 2), 1), ((2, 3), (4,), 0), ((2, 3, 4), (4, 2), ([0, 2], [1, 0])),
                      ((2, 3), (2, 3), ((0, 1), (0, 1))), ((3, 2), (4, 3), (-2, -1)))
    return (array(pick, a), array(pick, b)), {"axes": axes}


def einsum(pick):
    text, *shapes = pick(("ij,jk", (2, 3), (3, 2)), ("ij->ji", (2, 3)), ("ii->i", (3, 3)), ("ii", (3, 3)),
                         ("...i,...i->...", (2, 3), (3,)),
                         ("ij,kj,k->i", (2, 3), (4, 3), (4,)), ("i,j", (2,), (3,)), ("ijk->j", (2, 3, 2)),
                         ("bij,bjk->bik", (2, 2, 3), (2, 3, 1)))
    return (text, *[array(pick, shape) for shape in shapes]), {}


def kron(pick):
    a, b = pick(((2,), (3,)), ((2, 2), (1, 3)), ((2, 3), (2,)), ((), (3,)))
    return (array(pick, a), array(pick, b)), {}


def cross(pick):
    a, b = pick(((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 3)))
    return (array(pick, a), array(pick, b)), {}


def convolution(pick):
    return (array(pick, (3,), (5,)), array(pick, (2,), (4,)), pick("full", "same", "valid")), {}


def chain(pick):
    return ([array(pick, (2, 3)), array(pick, (3, 4)), array(pick, (4, 2))],), {}


# -- linear algebra

def regular(pick, *shapes):
    """Return matrices that are far from singular."""
    a = array(pick, *(shapes or ((3, 3), (2, 2, 2))), low=-1, high=1)
    return a + 2 * np.eye(a.shape[-1])


def square(pick):
    return (regular(pick),), {}


def symmetric(pick):
    a = regular(pick)
    return (a @ np.swapaxes(a, -1, -2),), {}


def apart(pick):
    """Return matrices whose eigenvalues are not near each other."""
    a = array(pick, (3, 3), (2, 2, 2), low=-0.5, high=0.5)
    return (a + np.diag(np.arange(a.shape[-1]) * 3.0),), {}


# -- transforms

def transform(pick):
    x = array(pick, (5,), (2, 4), (3, 2, 2))
    return (x, pick(None, 1, 2, 3, 6)), {"axis": pick(*range(-x.ndim, x.ndim)), "norm": pick(None, "backward", "ortho", "forward")}


def transform_2(pick):
    x = array(pick, (2, 4), (3, 2, 2))
    return (x,), {"s": pick(None, (2, 3), (-1, 4)), "axes": pick((0, 1), (-1, -2)), "norm": pick(None, "ortho", "forward")}


def transform_n(pick):
    x = array(pick, (4,), (2, 4), (3, 2, 2))
    s, axes = pick((None, None), ((3,), (-1,)), (None, (0,)), ((5,), (0,)))
    return (x,), {"s": s, "axes": axes, "norm": pick(None, "ortho", "forward")}


def linear_system(pick):
    return (regular(pick, (3, 3), (2, 3, 3)), array(pick, (3,), (3, 2), (2, 3, 1))), {}     # of one or more right sides


def power(pick):
    return (regular(pick), pick(-2, -1, 0, 1, 2, 3)), {}


def wide_or_tall(pick):
    a = array(pick, (3, 3), (4, 2), (2, 4), (2, 4, 3))
    a[..., range(2), range(2)] += np.array([3, 5])
    return (a,), {}


def reduced(pick):
    return wide_or_tall(pick)[0], {"full_matrices": False}


def norm(pick):
    if pick(True, False):
        ord = pick(None, 1, 2, 3, 0.5, np.inf, -np.inf, -1, -2)
        return (array(pick, (3,), (2, 3)),), {"axis": pick(0, -1), "ord": ord, "keepdims": pick(False, True)}
    a = wide_or_tall(pick)[0][0]
    return (a,), {"axis": (-2, -1), "ord": pick(None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf), "keepdims": pick(False, True)}


def vector_norm(pick):
    args, kwargs = reduction(pick, ord=(1, 2, 3, 0.5, np.inf, -np.inf, -1))
    return args, kwargs | {"axis": kwargs["axis"] or None}


def matrix_norm(pick):
    return wide_or_tall(pick)[0], {"ord": pick("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf), "keepdims": pick(False, True)}


# -- made of others

def covariance(pick):
    return (array(pick, (3, 5)),), pick({}, {"bias": True}, {"ddof": 0}, {"rowvar": False})


def correlation(pick):
    return (array(pick, (3, 5)),), pick({}, {"rowvar": False})


def polynomial(pick):
    return (array(pick, (3,)), array(pick, (), (2,))), {}


def vander(pick):
    return (array(pick, (3,)), pick(None, 2, 4)), {"increasing": pick(False, True)}


def vector(pick):
    return (array(pick, (4,)),), {}


def polynomials(pick):
    return (array(pick, (3,), (2,)), array(pick, (3,), (4,))), {}


def copy(pick):
    return (array(pick),), {}


def bincount(pick):
    return (np.array([0, 2, 2, 5]),), {"weights": array(pick, (4,)), "minlength": pick(0, 8)}


def histogram(pick):
    return (array(pick, (4,)), pick(3, 2)), {}


def histogram2d(pick):
    return (array(pick, (4,)), array(pick, (4,)), pick(3, [2, 1])), {}


def histogramdd(pick):
    return (array(pick, (4, 2), (5, 1)), pick(3, 2)), {}


def polydiv(pick):
    return (array(pick, (4,), (2,)), 3 + array(pick, (2,))), {}


def polyfit(pick):
    return (np.array([0.0, 1.0, 2.5, 3.0, 4.5]), array(pick, (5,), (5, 2)), pick(1, 2)), {}


def unwrap(pick):
    return (3 * array(pick, (4,), (3, 4)),), {"axis": pick(-1, 0)}


def partition(pick):
    return (array(pick, (4,), (2, 4)), pick(1, 2)), {"axis": -1}


def tensorinv(pick):
    shape, ind = pick(((2, 2, 4), 2), ((4, 2, 2), 1))
    return (regular(pick, (4, 4)).reshape(shape),), {"ind": ind}


def tensorsolve(pick):
    return (regular(pick, (4, 4)).reshape(2, 2, 2, 2), array(pick, (2, 2))), {"axes": pick(None, (0,), (1, 0))}


def lstsq(pick):
    return (array(pick, (4, 2)) + 3 * np.eye(4, 2), array(pick, (4,), (4, 3))), {}


def tall(pick):
    return (array(pick, (4, 2), (3, 3), (2, 4, 2)),), {"mode": "reduced"}


def vdot(pick):
    shape = pick((3,), (2, 3))
    return (array(pick, shape), array(pick, shape)), {}


def split_0(pick):
    return (array(pick, (4, 2), (4, 1, 2)), pick(2, [1, 3])), {}


def reduceat(pick):
    return (array(pick, (5,), (5, 2)), np.array(pick([0, 2], [1, 3, 2], [4, 0]))), {"axis": 0}


def by_axis(pick):
    return (pick(lambda v: v * v, lambda v: v[0] * v[-1]), pick(0, 1, -1), array(pick, (3, 4), (2, 3, 2))), {}


def over_axes(pick):
    return (lambda a, axis: (a * a).sum(axis), array(pick, (3, 4), (2, 3, 2)), pick(0, (0, 1), (-1,))), {}


def piecewise(pick):
    x = array(pick, (5,), (2, 3))
    return (x, [x < 0, x > 1], [lambda x: x * x, lambda x: -x * x * x, pick(2.0, lambda x: x)][:pick(2, 3)]), {}


KINDS = {
    binary: "arctan2 copysign nextafter fmax fmin fmod heaviside hypot logaddexp logaddexp2 maximum minimum remainder divmod "
            "floor_divide float_power power add subtract multiply divide",
    outer: "outer",
    vectors_2: "linalg.outer",
    reduction: "mean max min amax amin prod ptp median",
    spread: "std var",
    with_nan(reduction): "nansum nanprod nanmean nanmax nanmin nanmedian",
    spread_with_nan: "nanstd nanvar",
    quantile(1): "quantile",
    quantile(100): "percentile",
    with_nan(quantile(1)): "nanquantile",
    with_nan(quantile(100)): "nanpercentile",
    average: "average",
    along: "cumsum cumprod nancumsum nancumprod",
    along_one: "sort multiply.accumulate add.accumulate maximum.accumulate minimum.accumulate multiply.reduce "
               "maximum.reduce minimum.reduce logaddexp.reduce logaddexp.accumulate",
    accumulated: "cumulative_sum cumulative_prod",
    difference: "diff",
    gradient: "gradient",
    trapezoid: "trapezoid",
    flips: "flip",
    matrix: "fliplr flipud",
    rot90: "rot90",
    roll: "roll",
    shifts: "fft.fftshift fft.ifftshift",
    tile: "tile",
    repeat: "repeat",
    joined: "concatenate concat",
    stacked: "stack",
    listed: "vstack hstack dstack column_stack",
    block: "block",
    append: "append",
    insert: "insert",
    delete: "delete",
    split: "split",
    array_split: "array_split",
    split_1: "hsplit",
    split_2: "dsplit",
    pad: "pad",
    arrays: "broadcast_arrays atleast_1d atleast_2d atleast_3d",
    meshgrid: "meshgrid",
    mesh: "ix_",
    resize: "resize",
    reduceat: "add.reduceat",
    by_axis: "apply_along_axis",
    over_axes: "apply_over_axes",
    piecewise: "piecewise",
    take: "take",
    rollaxis: "rollaxis",
    unstack: "unstack",
    astype: "astype",
    repeated: "unique unique_all unique_counts unique_inverse unique_values",
    two_repeated: "setdiff1d setxor1d union1d intersect1d",
    take_along_axis: "take_along_axis",
    offset: "diagonal trace linalg.diagonal linalg.trace",
    diagonals: "diag diagflat",
    triangle: "tril triu",
    chosen: "choose",
    selected: "select",
    compress: "compress",
    extract: "extract",
    where: "where",
    ldexp: "ldexp",
    clip: "clip",
    interp: "interp",
    dot: "dot",
    matmul: "matmul linalg.matmul",
    inner: "inner",
    vectors: "vecdot linalg.vecdot cross linalg.cross",
    matvec: "matvec",
    vecmat: "vecmat",
    tensordot: "tensordot linalg.tensordot",
    einsum: "einsum",
    kron: "kron",
    convolution: "convolve correlate",
    chain: "linalg.multi_dot",
    square: "linalg.det linalg.inv linalg.slogdet",
    symmetric: "linalg.eigh linalg.eigvalsh linalg.cholesky",
    apart: "linalg.eig linalg.eigvals",
    transform: "fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft",
    transform_2: "fft.fft2 fft.ifft2 fft.rfft2 fft.irfft2",
    transform_n: "fft.fftn fft.ifftn fft.rfftn fft.irfftn",
    linear_system: "linalg.solve",
    power: "linalg.matrix_power",
    wide_or_tall: "linalg.svdvals linalg.pinv linalg.cond",
    reduced: "linalg.svd",
    norm: "linalg.norm",
    vector_norm: "linalg.vector_norm",
    matrix_norm: "linalg.matrix_norm",
    covariance: "cov",
    correlation: "corrcoef",
    polynomial: "polyval",
    vander: "vander",
    vector: "ediff1d poly polyder polyint trim_zeros roots sort_complex",
    polynomials: "polyadd polysub polymul",
    copy: "copy",
    bincount: "bincount",
    histogram: "histogram histogram_bin_edges",
    histogram2d: "histogram2d",
    histogramdd: "histogramdd",
    polydiv: "polydiv",
    polyfit: "polyfit",
    unwrap: "unwrap",
    partition: "partition",
    tensorinv: "linalg.tensorinv",
    tensorsolve: "linalg.tensorsolve",
    lstsq: "linalg.lstsq",
    tall: "linalg.qr",
    vdot: "vdot",
    split_0: "vsplit",
}

UNARY = (
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt reciprocal square sin cos tan arcsin arccos arctan sinh cosh tanh "
    "arcsinh arccosh arctanh radians deg2rad degrees rad2deg absolute abs fabs positive negative modf frexp "
    "sinc i0 nan_to_num real_if_close angle")

CALLS = {name: unary(name) for name in UNARY.split()} | {name: kind for kind, names in KINDS.items() for name in names.split()}
CALLS |= {f"{name}.outer": outer for name in KINDS[binary].split()}
"""{how a NumPy function is called: what draws its arguments}."""
