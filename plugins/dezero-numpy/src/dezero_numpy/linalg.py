"""Linear algebra.

Where eigenvalues or singular values are equal, or a singular value is 0, what is not determined is refused by a `LinAlgError`: the
gradient of the vectors and the second derivative of the values.  Values that are equal share their gradient; a singular value of
0, a kink, has 0.
The gradient of a matrix that is taken for symmetric (cholesky, eigh, eigvalsh) is symmetric, though a triangle alone is read.
Complex ones are Hermitian there.  Complex eigenvectors and singular vectors are determined but for a factor of size 1: what
depends on that is refused by a `LinAlgError`.
"""
from functools import cache

import numpy as np
from dezero import At, Saved, Variable, hookimpl, rule
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.linalg import LinAlgError

from dezero_numpy._rules import conj, is_complex, kept, operand, register_all
from dezero_numpy.elementwise import slope_of_size
from dezero_numpy.products import T
from dezero_numpy.shapes import constant

ONE = np.eye(1)
EigResult = type(np.linalg.eig(ONE))
EighResult, QRResult = type(np.linalg.eigh(ONE)), type(np.linalg.qr(ONE))
SVDResult, SlogdetResult = type(np.linalg.svd(ONE)), type(np.linalg.slogdet(ONE))


def H(a):
    """Return the conjugates of the transposed matrices of a stack."""
    return conj(T(a))


def diagonal(g):
    """Return matrices with g on their diagonals."""
    return np.where(np.eye(g.shape[-1], dtype=bool), g[..., None], 0)


def lower(a, k=0):
    """Return matrices with zeros above a diagonal."""
    return np.where(np.tri(*a.shape[-2:], k, dtype=bool), a, 0)


# -- what takes less time

@cache
def lapack():
    """Return scipy.linalg.lapack, or None where there is no SciPy; to import it takes long, so it is done at the first use."""
    try:
        from scipy.linalg import lapack
    except ImportError:
        return None
    return lapack


@cache
def blas():
    """Return scipy.linalg.blas, or None where there is no SciPy."""
    if lapack() is None:
        return None
    from scipy.linalg import blas
    return blas


def inverse_of_lower(a):
    """Return the inverses of lower triangles, of arrays by halves: for n = 200 in a third of the time of `np.linalg.inv`."""
    n = a.shape[-1]
    if type(a) is not np.ndarray or n < 64:
        return np.linalg.inv(a)
    k = n // 2
    y = np.zeros_like(a)
    y[..., :k, :k] = first = inverse_of_lower(a[..., :k, :k])
    y[..., k:, k:] = second = inverse_of_lower(a[..., k:, k:])
    y[..., k:, :k] = -second @ a[..., k:, :k] @ first
    return y


def between_inverses(p, y):
    """Return y⁻ᵀ p y⁻¹ of a lower triangle y, where it is complex the conjugate of its last factor; by BLAS in two thirds of the time."""
    if type(y) is np.ndarray and y.ndim == 2 and y.size and y.dtype == p.dtype == np.float64 and blas() is not None:
        half = blas().dtrsm(1, y.T, p.T)                    # in the order of Fortran: y⁻ᵀ pᵀ
        return blas().dtrsm(1, y.T, half, side=1, trans_a=1).T
    inverse = inverse_of_lower(y)
    return T(inverse) @ p @ conj(inverse)


# -- what is tried by dezero.testing

def regular(a):
    return a + 5 * np.eye(a.shape[-1])


def symmetric(a):
    return a + np.conjugate(T(a))


def definite(a):
    return a @ np.conjugate(T(a)) + np.eye(a.shape[-1])


def squares(sample):
    sample(sample.through(regular, sample.array(3, 3)))
    sample(sample.through(regular, sample.array(3, 3, dtype=complex)))
    sample(sample.through(regular, sample.array(2, 2, 2)))


# -- equations, inverses, determinants

def factored(a, b):
    is_one = a.ndim == 2 and 0 < b.ndim < 3 and a.shape == 2 * b.shape[:1] and b.size
    if not is_one or not a.dtype == b.dtype == np.float64 or lapack() is None:     # float32 NumPy solves in float64
        return np.linalg.solve(a, b)
    lu, pivots, failed = lapack().dgetrf(a.T)               # which has the order of Fortran
    if failed:
        raise LinAlgError("Singular matrix")
    return Saved(np.reshape(lapack().dgetrs(lu, pivots, b, trans=1)[0], b.shape), lu=lu, pivots=pivots)


@rule(factored, np.linalg.solve, name="linalg.solve")
def solve(gy, y, a, b, *, saved):
    """y = a⁻¹ b;   ∂y/∂a: -(a⁻ᵀ gy) yᵀ,   ∂y/∂b: a⁻ᵀ gy"""
    if b.ndim == 1:
        gy, y = gy[..., None], y[..., None]
    gb = np.linalg.solve(T(a), gy) if saved is None else lapack().dgetrs(saved.lu, saved.pivots, gy)[0]
    return lambda: -gb @ T(y), gb[..., 0] if b.ndim == 1 else gb


@solve.samples
def _(sample):
    for a, b in (((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3, 2)), ((2, 3, 3), (3,)), ((3, 3), (2, 3, 2))):
        sample(sample.through(regular, sample.array(*a)), sample.array(*b))
    sample(sample.through(regular, sample.array(3, 3, dtype=complex)), sample.array(3))
    sample(sample.through(regular, sample.array(3, 3)), sample.array(3, 2, dtype=complex))


@rule(np.linalg.inv, name="linalg.inv")
def inv(gy, y, a):
    """y = a⁻¹;   ∂y/∂a: -yᵀ gy yᵀ"""
    return -T(y) @ gy @ T(y)


@rule(np.linalg.det, name="linalg.det")
def det(gy, y, a):
    """y = det a;   ∂y/∂a = y a⁻ᵀ, the cofactors, also where a is singular"""
    gy, y = gy[..., None, None], y[..., None, None]
    is_lost = np.any(np.abs(y) < np.finfo(y.dtype).tiny)    # a product of y has no digits then
    return gy * (cofactors(a) if is_lost else y * T(np.linalg.inv(a)))


def cofactors_by_svd(a):
    u, s, vh = np.linalg.svd(a)
    return np.linalg.det(u @ vh)[..., None, None] * conj(u * without(s, 1)[..., None, :]) @ conj(vh)


def without(s, k):
    """Return the products of all s but one, or but each two."""
    one = np.eye(s.shape[-1], dtype=bool)
    return np.prod(np.where(one if k == 1 else one[:, None] | one, 1, s[(..., *[None] * k, slice(None))]), -1)


@rule(cofactors_by_svd, name="linalg.cofactors", order=1)
def cofactors(gy, y, a):
    """y = u p vᵀ det(u vᵀ) of a = u s vᵀ, with p[i] = Πₖ s[k] but for k = i, conjugates of u and v;   ∂y/∂a: by products of all s
    but two"""
    u, s, vh = np.linalg.svd(a)
    p = without(s, 2) * ~np.eye(s.shape[-1], dtype=bool)
    g = H(u) @ gy @ H(vh)
    inner = diagonal(np.einsum("...ij,...jj->...i", p, g)) - p * T(g)
    return np.linalg.det(u @ vh)[..., None, None] * conj(u) @ inner @ conj(vh)


@det.samples
def _(sample):
    squares(sample)
    sample(np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.5, 1.0, -1.0]]))
    sample(np.array([[1.0, 2.0j, 3.0], [2.0j, -4.0, 6.0j], [0.5, 1.0j, -1.0 + 1.0j]]))
    sample(np.array([[[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]]]))


@rule(np.linalg.slogdet, name="linalg.slogdet", result=SlogdetResult)
def slogdet(gy, y, a):
    """y = the sign of det a, log |det a|;   ∂y₁/∂a = a⁻ᵀ;   the sign of a complex one turns by the imaginary part of tr a⁻¹ ∂a"""
    g = gy[1] + 1j * np.imag(gy[0] * y[0]) if is_complex(a) else gy[1]
    return g[..., None, None] * T(np.linalg.inv(a))


inv.samples(squares)
slogdet.samples(squares)


@cofactors.samples
def _(sample):
    squares(sample)
    sample(sample.through(lambda a: regular(a)[..., ::-1, :], sample.array(3, 3)))      # a negative determinant
    signs = np.array([True, False, True])[:, None, None]
    sample(sample.through(lambda a: np.where(signs, regular(a), regular(a)[..., ::-1, :]), sample.array(3, 2, 2)))


def tensorsolve(a, b, axes=None):
    """y with tensordot(a, y, y.ndim) = b"""
    a, b = operand(a), operand(b)
    if axes is not None:
        a = np.moveaxis(a, axes, range(a.ndim - len(axes), a.ndim))
    shape = a.shape[b.ndim:]
    return np.reshape(np.linalg.solve(np.reshape(a, (b.size, np.prod(shape, dtype=int))), np.ravel(b)), shape)


def tensorinv(a, ind=2):
    """y with tensordot(y, b, ind) = tensorsolve(a, b) for all b"""
    a = operand(a)
    if ind <= 0:
        raise ValueError(f"tensorinv: got ind={ind}, wanted 1 at least")
    shape = a.shape[ind:]
    return np.reshape(np.linalg.inv(np.reshape(a, (np.prod(shape, dtype=int), -1))), shape + a.shape[:ind])


# -- factors

@rule(np.linalg.cholesky, name="linalg.cholesky")
def cholesky(gy, y, a, *, upper=False):
    """y yᵀ = a, y a lower triangle;   ∂y/∂a: s + sᵀ, s = y⁻ᵀ p y⁻¹, p = half of yᵀ gy below its diagonal, a quarter on it; where
    they are complex y yᴴ = a, s + sᴴ, and the conjugate of y⁻¹"""
    if upper:
        gy, y = H(gy), H(y)
    half = np.tri(y.shape[-1], dtype=y.dtype) / 2
    half.flat[::len(half) + 1] = 0.25
    s = between_inverses(T(y) @ gy * half, y)
    return s + H(s)


@cholesky.samples
def _(sample):
    sample(sample.through(definite, sample.array(3, 3)))
    sample(sample.through(definite, sample.array(2, 3, 3)), upper=True)
    sample(sample.through(definite, sample.array(3, 3, dtype=complex)))
    sample(sample.through(definite, sample.array(3, 3, dtype=complex)), upper=True)


@rule(np.linalg.qr, name="linalg.qr", result=QRResult)
def qr(gy, y, a):
    """q r = a;   ∂/∂a: (gq + q (l + lᵀ - the diagonal of l)) r⁻ᵀ with l = the lower triangle of r grᵀ - gqᵀ q; of complex ones
    with the conjugates of q and of one l, and the real diagonal, since that of r is real"""
    (gq, gr), (q, r) = gy, y
    m, n = a.shape[-2:]
    if m < n:                               # a = q r of the first columns, the rest of r = qᵀ times the rest of a
        first, rest = (..., slice(m)), (..., slice(m, None))
        gq = gq + conj(a[rest] @ T(gr[rest]))
        return [At(first, by_columns(gq, gr[first], q, r[first])), At(rest, conj(q) @ gr[rest])]
    return by_columns(gq, gr, q, r)


def by_columns(gq, gr, q, r):
    """Return the gradient of q r by its columns, not more than there are rows."""
    inner = r @ T(gr) - T(gq) @ q
    below = lower(inner, -1)
    inner = T(below) + conj(below) + diagonal(np.real(np.linalg.diagonal(inner)))
    if np.any(nearly_0(np.abs(np.linalg.diagonal(r)), r.shape[-1], np.linalg.vector_norm(r, axis=-2))):
        raise LinAlgError("qr: the columns are linearly dependent: the gradient is infinite")
    return T(np.linalg.solve(r, T(gq + conj(q) @ inner)))


@qr.samples
def _(sample):
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 2, 3)):
        sample(sample.array(*shape))
    for shape in ((3, 3), (3, 2), (2, 3)):
        sample(sample.array(*shape, dtype=complex))


# -- eigenvalues and singular values

def nearly_0(s, size, largest):
    """Return whether s, of matrices of this size, are 0 but for the error of computing."""
    return s <= 10 * size * np.finfo(s.dtype).eps * largest


def equal(w):
    """Return which two of w, which are in order, are equal but for the error of computing."""
    largest = np.maximum(np.abs(w[..., :1]), np.abs(w[..., -1:]))
    return nearly_0(np.abs(w[..., None, :] - w[..., None]), w.shape[-1], largest[..., None])


def shared(g, w):
    """Return g, of values w in order, with its mean for those that are equal."""
    among = equal(w)
    return ((among / np.sum(among, -1, keepdims=True)).astype(g.dtype) @ g[..., None])[..., 0]


def gaps(w):
    """Return w[j] - w[i], 1 for i = j, of w in order; an error, where it is 0 elsewhere."""
    same = np.eye(w.shape[-1], dtype=bool)
    if np.any(equal(w) & ~same):
        raise LinAlgError("two eigenvalues or singular values are equal: the gradient of their vectors, and the second derivative "
                          "of the values, is infinite or not determined; the values alone (eigvalsh, svdvals) have a gradient")
    return np.where(same, 1, w[..., None, :] - w[..., None])


def gaps_from_0(s):
    """Return s[j] - s[i], 1 for i = j, of singular values; an error, where it is 0 elsewhere, or one of them is."""
    if np.any(nearly_0(s[..., -1:], s.shape[-1], s[..., :1])):
        raise LinAlgError("a singular value is 0: the gradient of its vectors, and the second derivative of the values, is "
                          "infinite or not determined; the values alone (svdvals) have a gradient")
    return gaps(s)


def check_turns(k):
    """Refuse a loss that depends on the factors of size 1 of complex vectors, which are arbitrary; k = vectorsᵀ their gradient."""
    if not is_complex(k):
        return
    k = constant(k)
    turns, sizes = np.imag(np.linalg.diagonal(k)), np.max(np.abs(k), (-2, -1), initial=0)[..., None]
    if np.any(np.abs(turns) > np.sqrt(np.finfo(k.dtype).eps) * sizes):
        raise LinAlgError("complex vectors are determined but for a factor of size 1, and what is computed of them depends on it: "
                          "that has no gradient; take what does not, such as |v| or v vᴴ")


def is_recorded(x):
    """Return whether a rule runs on what second derivatives are taken by."""
    return isinstance(x, Variable) and not x.is_constant


@rule(np.linalg.eigvalsh, name="linalg.eigvalsh")
def eigvalsh(gy, y, a, UPLO="L"):
    """a v = v y;   ∂y/∂a: v gy vᵀ, the conjugate of the first v, shared by those that are equal"""
    if is_recorded(a):
        gaps(y)
    v = eigenvectors(a, UPLO)
    return conj(v) * shared(gy, y)[..., None, :] @ T(v)


def vectors(a, UPLO="L"):
    w, v = np.linalg.eigh(a, UPLO)
    return Saved(v, w=w)


@rule(vectors, name="linalg.eigenvectors")
def eigenvectors(gy, y, a, UPLO="L", *, saved):
    """a y = y w;   ∂y/∂a: y (k - kᵀ) / 2(w[j] - w[i]) yᵀ with k = yᵀ gy; of complex ones the conjugates of the first y and of kᵀ"""
    w = np.linalg.eigvalsh(a, UPLO) if saved is None else saved.w
    k = T(y) @ gy
    check_turns(k)
    return conj(y) @ (0.5 * (k - H(k)) / gaps(w)) @ T(y)


@eigenvectors.samples
def symmetric_ones(sample):
    sample(sample.through(symmetric, sample.array(3, 3)))
    sample(sample.through(symmetric, sample.array(2, 3, 3)), UPLO="U")


@eigvalsh.samples
def _(sample):
    symmetric_ones(sample)
    sample(sample.through(symmetric, sample.array(3, 3, dtype=complex)))


def eigh(a, UPLO="L"):
    """y = the eigenvalues of symmetric a, its eigenvectors: two ops, since where values are equal only they have a gradient"""
    a = operand(a)
    return EighResult(np.linalg.eigvalsh(a, UPLO), eigenvectors(a, UPLO))


@rule(np.linalg.svdvals, name="linalg.svdvals")
def svdvals(gy, y, x):
    """u y vᵀ = x;   ∂y/∂x: u gy vᵀ, conjugates of u and v, shared by those that are equal, 0 of those that are 0"""
    if is_recorded(x):
        gaps_from_0(y)
    u, vh = singular_vectors(x)
    return conj(u) * np.where(nearly_0(y, y.shape[-1], y[..., :1]), 0, shared(gy, y))[..., None, :] @ conj(vh)


def pairs_of_vectors(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return Saved((u, vh), s=s)


def with_turns(inner, k, s):
    """Return inner, with the imaginary part of k / s on its diagonal where they are complex."""
    return inner + diagonal(1j * np.imag(np.linalg.diagonal(k)) / s) if is_complex(k) else inner


@rule(pairs_of_vectors, name="linalg.singular_vectors")
def singular_vectors(gy, y, a, *, saved):
    """u s vᵀ = a;   ∂/∂a: u ((k - kᵀ) s + s (l - lᵀ)) / (s[j]² - s[i]²) vᵀ with k = uᵀ gu, l = vᵀ gv, and what is beside u, v; of
    complex ones with conjugates, and the imaginary diagonal of k / s"""
    (gu, gvh), (u, vh) = gy, y
    s = np.linalg.svdvals(a) if saved is None else saved.s
    gap, row, column = gaps_from_0(s), s[..., None, :], s[..., None]
    k, l = T(u) @ gu, conj(vh @ T(gvh))
    check_turns(k + l)
    inner = ((k - H(k)) * row + column * (l - H(l))) / (gap * (row + column))
    u, vh = conj(u), conj(vh)
    g = u @ with_turns(inner, k, s) @ vh
    if a.shape[-2] > a.shape[-1]:
        g = g + (gu - u @ k) / row @ vh
    if a.shape[-2] < a.shape[-1]:
        g = g + u @ ((gvh - H(l) @ vh) / column)
    return g


@singular_vectors.samples
def matrices(sample):
    for shape in ((3, 3), (3, 2), (2, 2, 3)):
        sample(sample.array(*shape))


@svdvals.samples
def _(sample):
    matrices(sample)
    for shape in ((3, 2), (2, 3)):
        sample(sample.array(*shape, dtype=complex))


def svd(a, full_matrices=True, compute_uv=True):
    """y = u, s, vᵀ with u s vᵀ = a: two ops, since where values are equal only they have a gradient"""
    a = operand(a)
    if not compute_uv:
        return np.linalg.svdvals(a)
    if full_matrices and a.shape[-2] != a.shape[-1]:
        raise LinAlgError(f"svd(full_matrices=True) of matrices of shape {a.shape[-2:]}: the vectors without a singular value are "
                          "not determined and have no gradient; write full_matrices=False")
    u, vh = singular_vectors(a)
    return SVDResult(u, np.linalg.svdvals(a), vh)


@rule(np.linalg.pinv, name="linalg.pinv")
def pinv(gy, y, a, rcond=None, *, rtol=np._NoValue):
    """y = a⁺;   ∂y/∂a: -yᵀ gy yᵀ + (1 - a y) gyᵀ y yᵀ + yᵀ y gyᵀ (1 - y a), where the rank stays what it is; of
    complex ones with yᴴ in the last two, and their conjugates"""
    cut = rtol if rcond is None else rcond
    if cut is not None and cut is not np._NoValue:
        s = np.linalg.svdvals(a)
        if np.any((s <= np.asarray(cut)[..., None] * s[..., :1]) & ~nearly_0(s, max(a.shape[-2:]), s[..., :1])):
            raise LinAlgError("pinv: rcond leaves out singular values that are not 0: that has no gradient here")
    m, n = a.shape[-2:]
    gt, yt, ay = T(gy), T(y), a @ y
    of_rows, of_columns = gt @ y @ H(y), H(y) @ y @ gt
    rank = np.real(np.linalg.trace(ay))[..., None, None]    # where it is full, the difference is all error
    of_rows = np.where(rank > m - 0.5, 0, of_rows - ay @ of_rows)
    of_columns = np.where(rank > n - 0.5, 0, of_columns - of_columns @ y @ a)
    return conj(of_rows + of_columns) - yt @ gy @ yt


@pinv.samples
def _(sample):
    for shape in ((3, 3), (3, 2), (2, 2, 3)):
        sample(sample.array(*shape))
    for shape in ((2, 2), (3, 2), (2, 3)):
        sample(sample.array(*shape, dtype=complex))
    sample(sample.array(3, 2), rcond=1e-10)
    sample(sample.array(3, 2), rtol=1e-10)


def lstsq(a, b, rcond=None):
    """y = a⁺ b, the squares of b - a y, the rank of a, its singular values"""
    a, b = operand(a), operand(b)
    m, n = a.shape
    s = np.linalg.svdvals(a)
    if rcond is None or rcond < 0:
        rcond = np.finfo(s.dtype).eps * (max(m, n) if rcond is None else 1)
    rank = np.count_nonzero(s > rcond * s[:1])
    y = np.matmul(np.linalg.pinv(a, rcond), b)
    if rank < n or m <= n:
        return y, np.empty(0, y.dtype), rank, s
    rest = b - np.matmul(a, y)
    return y, np.sum(np.real(rest * conj(rest)), 0, keepdims=b.ndim == 1), rank, s


@rule(np.linalg.eig, name="linalg.eig", result=EigResult)
def eig(gy, y, a):
    """a v = v w;   ∂/∂a: v⁻ᵀ (gw + (k - vᵀ v k') / (w[j] - w[i])) vᵀ with k = vᵀ gv, k' = its real diagonal, and the second v
    conjugated"""
    (gw, gv), (w, v) = gy, y
    k = T(v) @ gv
    check_turns(k)
    inner = k - T(v) @ conj(v) * np.real(np.linalg.diagonal(k))[..., None, :]
    same = np.eye(w.shape[-1], dtype=bool)
    inner = np.where(same, gw[..., None], inner / differences(w))
    return np.linalg.solve(T(v), inner @ T(v))


def differences(w):
    """Return w[j] - w[i] of eigenvalues in any order, 1 for i = j; an error, where it is 0 elsewhere."""
    same, gap = np.eye(w.shape[-1], dtype=bool), w[..., None, :] - w[..., None]
    largest = np.max(np.abs(w), -1, initial=0)[..., None, None]
    if np.any(nearly_0(np.abs(gap), w.shape[-1], largest) & ~same):
        raise LinAlgError("eig: two eigenvalues are equal: their gradient, and that of their vectors, is infinite or not "
                          "determined; those of a symmetric matrix have one: eigvalsh")
    return np.where(same, 1, gap)


@eig.samples
def _(sample):
    sample(sample.through(symmetric, sample.array(3, 3)))
    sample(sample.through(symmetric, sample.array(2, 3, 3)))
    p = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.25], [-0.5, 0.0, 1.0]])
    sample(sample.through(lambda a: p @ symmetric(a) @ np.linalg.inv(p), sample.array(3, 3)))       # real eigenvalues


def eigvals(a):
    """y = the eigenvalues of a, in the order of `eig`"""
    return np.linalg.eig(operand(a)).eigenvalues


# -- norms

@rule(np.linalg.vector_norm, name="linalg.vector_norm")
def vector_norm(gy, y, x, *, axis=None, keepdims=False, ord=2):
    """y = (Σ |x|ᵖ)^(1/p), the greatest |x| for p = ∞;   ∂y/∂x = (|x| / y)ᵖ⁻¹ ∂|x|/∂x, shared by the greatest, and 0 where y = 0"""
    gy, y = kept(gy, axis, keepdims), kept(y, axis, keepdims)
    if ord == 1:
        return gy * slope_of_size(x)
    if ord == 0:
        return np.zeros_like(x, gy.dtype)
    if abs(ord) == np.inf:
        greatest = np.abs(x) == y
        count = np.sum(greatest, axis, keepdims=True)
        return np.where(greatest, gy / np.maximum(count, 1).astype(gy.dtype), 0) * slope_of_size(x)
    g = np.where(y == 0, 0, gy)
    y = np.where(y == 0, 1, y)
    if ord == 2:
        return g / y * conj(x)
    size = np.abs(x) / y
    if ord < 1:
        size = np.where(x == 0, 1, size)
    return g * slope_of_size(x) * size ** (ord - 1)


@vector_norm.samples
def _(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, 3), axis=0)
    sample(sample.array(2, 3, 2), axis=(0, -1), keepdims=True)
    for ord in (0, 1, 3, 2.5, 0.5, -1, np.inf, -np.inf):
        sample(sample.array(2, 3), axis=-1, ord=ord)
    sample(sample.array(2, 2), ord=np.inf)
    for ord in (0, 1, 2, 3, -np.inf):
        sample(sample.array(2, 3, dtype=complex), axis=-1, ord=ord)


def norm(x, ord=None, axis=None, keepdims=False):
    """y = a norm of vectors or matrices"""
    x = operand(x)
    if axis is None and (ord is None or ord == 2 and x.ndim == 1):
        return np.linalg.vector_norm(x, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    if len(axes) == 1 and isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is of matrices, and got vectors")
    if len(axes) == 1:
        return np.linalg.vector_norm(x, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axes) != 2:
        raise ValueError(f"norm: got {len(axes)} axes, wanted 1 of vectors or 2 of matrices")
    if ord in (None, "fro", "f"):
        y = np.linalg.vector_norm(x, axis=axes)
    elif ord in (1, -1, np.inf, -np.inf):
        along, across = axes if abs(ord) == 1 else axes[::-1]
        y = np.linalg.vector_norm(x, axis=along, ord=1)
        y = np.linalg.vector_norm(y, axis=across - (across > along), ord=np.copysign(np.inf, ord))
    elif ord in (2, -2, "nuc"):
        s = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
        y = np.sum(s, -1) if ord == "nuc" else np.linalg.vector_norm(s, axis=-1, ord=np.copysign(np.inf, ord))
    else:
        raise ValueError(f"norm: ord={ord!r} is no norm of matrices")
    return np.expand_dims(y, axes) if keepdims else y


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """y = a norm of matrices"""
    return norm(x, ord, (-2, -1), keepdims)


def cond(x, p=None):
    """y = |x| |x⁻¹|, in a norm of matrices"""
    x = operand(x)
    if p not in (None, 2, -2):
        return norm(x, p, (-2, -1)) * norm(np.linalg.inv(x), p, (-2, -1))
    s = np.linalg.svdvals(x)
    with np.errstate(all="ignore"):         # as NumPy's
        y = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return np.where(np.isnan(y), np.inf, y)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
    for f in (eigvals, eigh, svd, tensorsolve, tensorinv, lstsq, norm, matrix_norm, cond):
        register.function(f, (getattr(np.linalg, f.__name__),), f"linalg.{f.__name__}")
    register.constant(np.linalg.matrix_rank)
