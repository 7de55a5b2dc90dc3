"""Convolution, filters and images: values as SciPy's, gradients by finite differences, what is refused."""
import numpy as np
import pytest
import scipy.ndimage as sn
import scipy.signal as ss
from dezero import Variable, grad
from dezero.errors import DTypeError, GradientError
from dezero_scipy import ndimage, signal
from differences import slopes

rng = np.random.default_rng(0)
A, B = rng.normal(size=(4, 5)), rng.normal(size=(3, 2))
X, U, V = rng.normal(size=(2, 7)), rng.normal(size=7), rng.normal(size=3)
NUM, DEN = np.array([0.5, -0.3, 0.2]), np.array([1.5, -0.6, 0.3, 0.1])
STATE = rng.normal(size=(2, 3))


CALLS = [
    # of a module, ours or SciPy's; what is differentiated by
    *[(lambda m, a, b, mode=mode, method=method: m.signal.convolve(a, b, mode, method), args)
      for mode in ("full", "same", "valid")
      for method, args in (("direct", (A, B)), ("fft", (B, A)), ("auto", (U, V)), ("direct", (V, U)))],
    *[(lambda m, a, b, mode=mode: m.signal.correlate(a, b, mode), args) for mode in ("full", "same", "valid")
      for args in ((A, B), (U, V), (V, U))],
    *[(lambda m, a, b, mode=mode: m.signal.fftconvolve(a, b, mode, axes=-1), args) for mode in ("full", "same", "valid")
      for args in ((X, U[None, :3]), (U[None, :3], X))],
    (lambda m, a, b: m.signal.fftconvolve(a, b), (A, B)),
    (lambda m, a, b: m.signal.fftconvolve(a, b, axes=(1, 0)), (A, B)),
    (lambda m, a, b: m.signal.fftconvolve(a, b, "same", axes=[0]), (A, B[:, :1])),
    (lambda m, a, b: m.signal.oaconvolve(a, b, "same"), (A, B)),
    *[(lambda m, a, b, name=name: getattr(m.signal, name)(a, b, axes=1), (X, X[:, 2:5])) for name in ("oaconvolve", "fftconvolve")],
    (lambda m, a, b: m.signal.convolve(a, b), (A[0, 0], B[0, 0])),
    (lambda m, b, a, x: m.signal.lfilter(b, a, x), (NUM, DEN, U)),
    (lambda m, b, a, x: m.signal.lfilter(b, a, x, axis=0), (DEN, NUM, X.T)),
    (lambda m, b, x: m.signal.lfilter(b, 2.0, x), (NUM, X)), (lambda m, b, a, x: m.signal.lfilter(b, a, x), (NUM, DEN, U[:2])),
    (lambda m, b, a, x: m.signal.lfilter(b, a, x), (NUM, np.append(DEN, [0.2, 0.05]), U[:3])),
    (lambda m, b, a, x: m.signal.lfilter(b[0], a, x), (NUM, DEN, U)),
    *[(lambda m, b, a, x, zi, i=i: m.signal.lfilter(b, a, x, zi=zi)[i], (NUM, DEN, X, STATE)) for i in (0, 1)],
    *[(lambda m, b, a, x, zi, i=i: m.signal.lfilter(b, a, x, 0, zi)[i], (DEN, NUM, X.T[:2], STATE[:1].T)) for i in (0, 1)],
    *[(lambda m, b, a, x, zi, i=i: m.signal.lfilter(b, a, x, zi=zi)[i], (NUM, DEN[:1], U, STATE[0, :2])) for i in (0, 1)],
    *[(lambda m, x, mode=mode: m.ndimage.gaussian_filter1d(x, 1.1, mode=mode, cval=0.7), (U,))
      for mode in ("reflect", "constant", "nearest", "mirror", "wrap", "grid-mirror", "grid-wrap", "grid-constant")],
    *[(lambda m, x, order=order: m.ndimage.gaussian_filter1d(x, 0.9, 0, order), (A,)) for order in (0, 1, 2, 3)],
    *[(lambda m, x, mode=mode: m.ndimage.gaussian_filter1d(x, 4.0, mode=mode), (V,))
      for mode in ("reflect", "mirror", "wrap", "nearest")],
    (lambda m, x: m.ndimage.gaussian_filter1d(x, 1.1, truncate=2.0), (A,)),
    *[(lambda m, x, radius=radius: m.ndimage.gaussian_filter1d(x, 2.0, radius=radius), (A,)) for radius in (0, 2)],
    (lambda m, x: m.ndimage.gaussian_filter(x, 1.1), (A,)), (lambda m, x: m.ndimage.gaussian_filter(x, 1.1, mode="constant"), (A,)),
    (lambda m, x: m.ndimage.gaussian_filter1d(x, 1.1, mode="constant"), (A,)),
    (lambda m, x: m.ndimage.gaussian_filter(x, (1.1, 0.0), mode="wrap"), (A,)),
    (lambda m, x: m.ndimage.gaussian_filter(x, (0.8, 1.1), (0, 1), mode=("wrap", "constant"), radius=(2, 3)), (A,)),
    (lambda m, x: m.ndimage.gaussian_filter(x, 0.8, axes=(1,)), (A,)),
]


class Ours:
    signal, ndimage = signal, ndimage


class Theirs:
    signal, ndimage = ss, sn


@pytest.mark.parametrize("i", range(len(CALLS)))
def test_as_scipy(i):
    call, args = CALLS[i]
    args = [np.array(a) for a in args]
    y = call(Ours, *map(Variable, args))
    np.testing.assert_allclose(y.data, call(Theirs, *args), 1e-10, 1e-12)
    assert not isinstance(call(Ours, *args), Variable)
    weights = np.random.default_rng(1).normal(size=y.shape)
    f = lambda *args: np.sum(weights * call(Ours, *args) ** 2)
    for k in range(len(args)):
        np.testing.assert_allclose(grad(f, k)(*args), slopes(lambda v: f(*args[:k], v, *args[k + 1:]), args[k]), 1e-7, 1e-8)
    v = [np.random.default_rng(2 + k).normal(size=a.shape) for k, a in enumerate(args)]
    along = lambda *args: sum([np.sum(grad(f, k)(*args) * v[k]) for k in range(len(args))])
    ends = [f(*[a + s * 1e-3 * d for a, d in zip(args, v)]) for s in (-2, -1, 0, 1, 2)]
    curvature = (-ends[0] + 16 * ends[1] - 30 * ends[2] + 16 * ends[3] - ends[4]) / 12e-6
    second = sum([np.sum(grad(along, k)(*args) * v[k]) for k in range(len(args))])
    assert second == pytest.approx(curvature, 1e-4, 1e-5)


def test_complex_signals():
    a, b = A[0] + 1j * A[1], B[:, 0] + 1j * B[:, 1]
    for call in (lambda m, a: m.convolve(a, b, "same"), lambda m, a: m.correlate(b, a, "full"), lambda m, a: m.lfilter(b, DEN, a)):
        np.testing.assert_allclose(call(signal, Variable(a)).data, call(ss, a), 1e-12)
        f = lambda re, im: np.sum(np.abs(call(signal, re + 1j * im)) ** 2)
        np.testing.assert_allclose(grad(f, 1)(A[0], A[1]), slopes(lambda im: f(A[0], im), A[1]), 1e-8)


def test_gaussian_filter_by_sigma():
    for order in (0, 1, 2):
        f = lambda s: np.sum(ndimage.gaussian_filter1d(U, s, order=order, radius=4) ** 2)
        assert grad(f)(1.1) == pytest.approx((f(1.1 + 1e-5) - f(1.1 - 1e-5)) / 2e-5, rel=1e-6)
    f = lambda s: np.sum(ndimage.gaussian_filter(A, s, radius=3) ** 2)
    s = np.array([0.8, 1.3])
    by_name = grad(lambda s: np.sum(ndimage.gaussian_filter(A, sigma=(s[0], s[1]), radius=3) ** 2))
    np.testing.assert_allclose(by_name(s), grad(f)(s), 1e-12)
    np.testing.assert_allclose(grad(f)(s), slopes(f, s), 1e-8)


def test_lists():
    x, y = Variable(np.array(0.5)), Variable(np.array(1.5))
    for f, more in ((signal.convolve, ()), (signal.correlate, ()), (signal.lfilter, ([3.0, x, 2.0],))):
        theirs = getattr(ss, f.__name__)
        for args in (([x, 2.0], [y, x]), ([x, 2.0], [1.0, 0.5]), ([2.0, 1.0], [y, 0.5])):
            numbers = [[v.item() if isinstance(v, Variable) else v for v in given] for given in (*args, *more)]
            np.testing.assert_allclose(f(*args, *more).data, theirs(*numbers), 1e-12)
    y, rest = signal.lfilter([1.0, x], [1.0], [y, 2.0], zi=[x])
    for ours, theirs in zip((y, rest), ss.lfilter([1.0, 0.5], [1.0], [1.5, 2.0], zi=[0.5])):
        np.testing.assert_allclose(ours.data, theirs)
    np.testing.assert_allclose(ndimage.gaussian_filter([x, 2.0, 3.0], 1.0).data, sn.gaussian_filter([0.5, 2.0, 3.0], 1.0))
    np.testing.assert_allclose(ndimage.gaussian_filter1d([x, 2.0, 3.0], 1.0).data, sn.gaussian_filter1d([0.5, 2.0, 3.0], 1.0))


def test_a_filter_looks_back_alone():
    """What is infinite reaches nothing before it, also of long signals, which scipy.signal.convolve would transform."""
    x, b, a = np.ones(3000), np.full(500, 0.01), np.append(1.0, np.full(500, 1e-4))
    x[-1] = np.inf
    with np.errstate(invalid="ignore"):
        y, _ = signal.lfilter(b, a, Variable(x), zi=np.zeros(500))
    wanted, _ = ss.lfilter(b, a, x, zi=np.zeros(500))
    np.testing.assert_allclose(y.data, wanted, 1e-10)
    np.testing.assert_array_equal(np.isfinite(y.data), np.arange(3000) < 2999)


def test_filters_of_empty_signals():
    for shape, axis in (((0,), -1), ((0, 3), 0), ((0, 3), 1)):
        x = Variable(np.zeros(shape))
        y = signal.lfilter(V, DEN, x, axis)
        np.testing.assert_array_equal(y.data, ss.lfilter(V, DEN, x.data, axis))
        np.sum(y).backward()
        assert x.grad.shape == shape
    y, zf = signal.lfilter(V, DEN, Variable(np.zeros(0)), zi=[1.0, 2.0, 3.0])
    np.testing.assert_array_equal(zf.data, [1.0, 2.0, 3.0])     # as it was, where SciPy 1.17 makes zeros of it


def test_dtypes():
    assert ndimage.gaussian_filter(Variable(A.astype(np.float32)), 1.0).dtype == np.float32
    assert signal.convolve(Variable(U.astype(np.float32)), V.astype(np.float32)).dtype == np.float32
    assert signal.lfilter([1.0], [1.0, 0.5], Variable(U)).dtype == np.float64


Z = Variable(U)


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: signal.convolve(Z, V, method="slow"), ValueError, "method"),
    (lambda: signal.correlate(Z, V, method="slow"), ValueError, "method"),
    (lambda: signal.convolve(Z, V, mode="half"), ValueError, "mode"),
    (lambda: signal.convolve(Z, A), ValueError, "dimension"),
    (lambda: signal.fftconvolve(Z[:0], V), ValueError, r"fftconvolve: in1 of shape \(0,\)"),
    (lambda: signal.convolve(Z, V[:0]), ValueError, r"convolve: in1 of shape \(7,\) and in2 of shape \(0,\)"),
    (lambda: signal.lfilter([1.0], DEN, Z, zi=np.zeros((3, 1))), ValueError, "lfilter: zi has 2 axes, and 3 values"),
    (lambda: signal.lfilter([1.0], DEN, Z[None], zi=np.zeros((2, 3))), ValueError, "broadcast"),
    (lambda: signal.lfilter([], [1.0], Z), ValueError, r"lfilter: b of shape \(0,\)"),
    (lambda: signal.lfilter([1.0], A, Z), ValueError, r"lfilter: a of shape \(4, 5\)"),
    (lambda: signal.lfilter([1.0], DEN, Z, zi=np.zeros(2)), ValueError,
     "lfilter: zi has 1 axes, and 2 values along 0, wanted 1, 3"),
    (lambda: ndimage.gaussian_filter1d(Z, 1.0, mode="odd"), ValueError, "gaussian_filter1d: mode='odd'"),
    (lambda: ndimage.gaussian_filter1d(Z, 1.0, output=np.zeros(7)), ValueError, "gaussian_filter1d: output"),
    (lambda: ndimage.gaussian_filter(Z, 1.0, output=float), ValueError, "gaussian_filter: output"),
    (lambda: ndimage.gaussian_filter(Z, (1.0, 2.0)), ValueError, "gaussian_filter: sigma has 2 values, wanted one or 1"),
    (lambda: ndimage.gaussian_filter1d(Variable(np.arange(5)), 1.0), DTypeError, "int64 is rounded by SciPy"),
    (lambda: ndimage.gaussian_filter1d(Z, 1.0, cval=Z[0]), GradientError, "no gradient by cval"),
    (lambda: ndimage.gaussian_filter1d(Z, 1.0, radius=-1), ValueError, "radius=-1"),
    (lambda: ndimage.gaussian_filter1d(Z, 1.0, radius=1.5), ValueError, "radius=1.5"),
    (lambda: ndimage.gaussian_filter1d(Z, 1.0, order=-1), ValueError, "order=-1"),
])
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
