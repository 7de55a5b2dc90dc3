"""scipy.linalg with gradients: SciPy's function is forward; one matrix at a time, and real ones.

The gradient of a matrix that is taken for symmetric (cholesky, solve with assume_a) is symmetric, though a triangle alone is read.
What SciPy has for speed alone (overwrite_a, check_finite, driver) is left out.
"""
import functools

import numpy as np
import scipy.linalg as sl
from dezero import Variable, hookimpl, rule
from scipy.linalg import LinAlgError  # noqa: F401: of the names of the module that this one stands for

from dezero_scipy._rules import operand, register_all, tried, twin


def named(function):
    """Return the name of the op of a function of scipy.linalg."""
    return f"scipy.linalg.{function.__name__}"


def T(a):
    """Return matrices with rows and columns exchanged."""
    return np.swapaxes(a, -1, -2)


def by_columns(gb, y):
    """Return -gb yᵀ, of vectors or of matrices."""
    return -gb[:, None] * y if y.ndim == 1 else -gb @ T(y)


# -- what is tried by dezero.testing

def regular(a):
    return a + 5 * np.eye(a.shape[-1])


def definite(a):
    return a @ T(a) + np.eye(a.shape[-1])


def square(sample):
    sample(sample.through(regular, sample.array(3, 3)))


def any_square(sample):
    sample(sample.array(3, 3, low=-0.5, high=0.5))


# -- equations

SYMMETRIC = "sym", "symmetric", "her", "hermitian", "pos", "positive definite"


def forward_of_solve(a, b, *, lower=False, assume_a="gen", transposed=False):
    if assume_a not in ("gen", "general", *SYMMETRIC):
        raise ValueError(f"solve: assume_a={assume_a!r} has no gradient here, wanted 'gen', 'sym', 'her' or 'pos'")
    return sl.solve(a, b, lower=lower, assume_a=assume_a, transposed=transposed)


@rule(forward_of_solve, name=named(sl.solve), method=None)
def solve(gy, y, a, b, *, lower=False, assume_a="gen", transposed=False):
    """a y = b;   ∂/∂b: a⁻ᵀ gy,   ∂/∂a: -a⁻ᵀ gy yᵀ"""
    is_symmetric = assume_a in SYMMETRIC
    gb = solve(a, gy, lower=lower, assume_a=assume_a, transposed=not (is_symmetric or transposed))

    def by_a():
        g = by_columns(gb, y)
        return T(g) if transposed else (g + T(g)) / 2 if is_symmetric else g
    return by_a, gb


@solve.samples
def _(sample):
    for shape in ((3,), (3, 2)):
        sample(sample.through(regular, sample.array(3, 3)), sample.array(*shape))
    sample(sample.through(regular, sample.array(3, 3)), sample.array(3, 2), transposed=True)
    sample(sample.through(definite, sample.array(3, 3)), sample.array(3), assume_a="pos", lower=True)


@rule(lambda a, b, trans=0, lower=False, unit_diagonal=False: sl.solve_triangular(a, b, trans, lower, unit_diagonal),
      name=named(sl.solve_triangular), method=None)
def solve_triangular(gy, y, a, b, trans=0, lower=False, unit_diagonal=False):
    """a y = b, a a triangle;   ∂/∂b: a⁻ᵀ gy,   ∂/∂a: the triangle of -a⁻ᵀ gy yᵀ"""
    is_turned = trans not in (0, "N")
    gb = solve_triangular(a, gy, 0 if is_turned else 1, lower, unit_diagonal)

    def by_a():
        g = by_columns(gb, y)
        g = T(g) if is_turned else g
        k = 1 if unit_diagonal else 0
        return np.tril(g, -k) if lower else np.triu(g, k)
    return by_a, gb


@solve_triangular.samples
def _(sample):
    for b, parameters in (((3,), {}), ((3, 2), {"lower": True}), ((3,), {"trans": 1}), ((3, 2), {"trans": "T", "lower": True}),
                          ((3,), {"unit_diagonal": True}), ((3,), {"unit_diagonal": True, "lower": True})):
        sample(sample.through(regular, sample.array(3, 3)), sample.array(*b), **parameters)


def turned(ab, low, up):
    """Return the bands of the transposed matrix."""
    row, column = np.ogrid[:low + up + 1, :ab.shape[1]]
    source = column + row - low
    is_in = (source >= 0) & (source < ab.shape[1])
    return np.where(is_in, ab[low + up - row, np.where(is_in, source, 0)], 0)


@rule(lambda ab, b, *, l_and_u: sl.solve_banded(l_and_u, ab, b), name=named(sl.solve_banded), method=None)
def of_bands(gy, y, ab, b, *, l_and_u):
    """a y = b, a[i, j] = ab[u + i - j, j];   ∂/∂b: a⁻ᵀ gy,   ∂/∂a: the bands of -a⁻ᵀ gy yᵀ"""
    low, up = l_and_u
    gb = of_bands(turned(ab, low, up), gy, l_and_u=(up, low))

    def by_ab():
        band, column = np.ogrid[:low + up + 1, :ab.shape[1]]
        row = band - up + column
        is_in = (row >= 0) & (row < ab.shape[1])
        return np.where(is_in, by_columns(gb, y)[np.where(is_in, row, 0), column], 0)
    return by_ab, gb


def solve_banded(l_and_u, ab, b):
    """a y = b, of the bands of a"""
    return of_bands(operand(ab), operand(b), l_and_u=tuple(l_and_u))


@of_bands.samples
def _(sample):
    main = 5 * np.array([[0], [1], [0]])
    for b in ((4,), (4, 2)):
        sample(sample.through(lambda ab: ab + main, sample.array(3, 4)), sample.array(*b), l_and_u=(1, 1))
    sample(sample.through(lambda ab: ab + main, sample.array(3, 4)), sample.array(4), l_and_u=(1, 1))
    sample(sample.through(lambda ab: ab + main[1:], sample.array(2, 4)), sample.array(4), l_and_u=(1, 0))


@rule(sl.solve_sylvester, name=named(sl.solve_sylvester), method=None)
def solve_sylvester(gy, y, a, b, q):
    """a y + y b = q;   ∂/∂q: s of aᵀ s + s bᵀ = gy,   ∂/∂a: -s yᵀ,   ∂/∂b: -yᵀ s"""
    s = solve_sylvester(T(a), T(b), gy)
    return lambda: -s @ T(y), lambda: -T(y) @ s, s


@solve_sylvester.samples
def _(sample):
    sample(sample.through(regular, sample.array(3, 3)), sample.through(regular, sample.array(2, 2)), sample.array(3, 2))


@twin(sl.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a, q):
    a = operand(a)
    return solve_sylvester(a, T(a), operand(q))


# -- factors

@rule(lambda a, lower=False: sl.cholesky(a, lower), name=named(sl.cholesky), method=None)
def cholesky(gy, y, a, lower=False):
    """y yᵀ = a, y a lower triangle;   ∂y/∂a: (s + sᵀ) / 2, s = y⁻ᵀ p y⁻¹, p = yᵀ gy below its diagonal, half of it on it"""
    if not lower:
        gy, y = T(gy), T(y)
    p = T(y) @ gy
    p = np.tril(p, -1) + np.where(np.eye(len(p), dtype=bool), p / 2, 0)
    s = T(solve_triangular(y, T(solve_triangular(y, p, 1, True)), 1, True))
    return (s + T(s)) / 2


@cholesky.samples
def _(sample):
    sample(sample.through(definite, sample.array(3, 3)))
    sample(sample.through(definite, sample.array(3, 3)), lower=True)


def cho_factor(a, lower=False):
    """y = the triangle of Cholesky, with zeros beside it, and which of both it is: what cho_solve takes"""
    return cholesky(operand(a), lower), lower


def cho_solve(c_and_lower, b):
    """y = the solution of a y = b, of the factor of a"""
    c, lower = c_and_lower
    c = operand(c)
    return solve_triangular(c, solve_triangular(c, operand(b), 1 if not lower else 0, lower), 0 if not lower else 1, lower)


def order_of(pivots):
    """Return the rows in the order that the exchanges of LAPACK bring them to."""
    order = np.arange(len(pivots))
    for i, other in enumerate(pivots):
        order[[i, other]] = order[[other, i]]
    return order


def forward_of_lu(a):
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise LinAlgError(f"lu: a matrix of shape {a.shape} has no gradient here, wanted a square one")
    packed, pivots = sl.lu_factor(a)
    return packed, pivots, order_of(pivots)


@rule(forward_of_lu, name=named(sl.lu_factor), method=None)
def of_lu(gy, y, a):
    """p a = l u;   ∂/∂a: pᵀ l⁻ᵀ (the lower triangle of lᵀ gl + the upper one of gu uᵀ) u⁻ᵀ"""
    g, (lu, _, order) = gy[0], y
    lower = np.tril(lu, -1) + np.eye(len(lu), dtype=lu.dtype)
    inner = np.tril(T(lower) @ np.tril(g, -1), -1) + np.triu(np.triu(g) @ T(np.triu(lu)))
    s = solve_triangular(lu, T(solve_triangular(lu, inner, 1, True, True)), 0)
    return T(s)[np.argsort(order)]


of_lu.samples(square)


def lu_factor(a):
    """y = the triangles of p a = l u in one matrix, and the exchanges of rows, which are constant"""
    packed, pivots, _ = of_lu(operand(a))
    return packed, pivots.data if isinstance(pivots, Variable) else pivots


def lu_solve(lu_and_piv, b, trans=0):
    """y = the solution of a y = b, of the factors of a"""
    lu, pivots = lu_and_piv
    lu, b, order = operand(lu), operand(b), order_of(pivots)
    if trans in (0, "N"):
        return solve_triangular(lu, solve_triangular(lu, b[order], 0, True, True), 0)
    return solve_triangular(lu, solve_triangular(lu, b, 1), 1, True, True)[np.argsort(order)]


@twin(sl.lu)
def lu(a, permute_l=False):
    packed, pivots = lu_factor(a)
    p = np.eye(len(a), dtype=a.dtype)[:, order_of(pivots)]
    lower, upper = np.tril(packed, -1) + np.eye(len(a), dtype=a.dtype), np.triu(packed)
    return (p @ lower, upper) if permute_l else (p, lower, upper)


# -- functions of matrices

def floating(a):
    """Return a in floating numbers, in the order of bytes of the machine, which SciPy's functions of matrices want."""
    return np.asarray(a, np.result_type(a, np.float32).newbyteorder("="))


def of_matrix(function):
    """Return the op of a function f of matrices: f of [[aᵀ, gy], [0, aᵀ]] has the gradient in its corner."""
    def forward(a):
        a = floating(a)
        y = function(a)
        if np.iscomplexobj(y) and np.any(y.imag):
            raise LinAlgError(f"{function.__name__}: the result is complex, which has no gradient here")
        return y.real.astype(a.dtype)

    def f(gy, y, a):
        n, turned_a = a.shape[-1], T(a)
        above = np.concatenate([turned_a, gy], -1)
        below = np.concatenate([np.zeros_like(turned_a), turned_a], -1)
        return op(np.concatenate([above, below], -2))[..., :n, n:]
    f.__name__ = f.__qualname__ = function.__name__
    f.__doc__ = f"y = {function.__name__}(a);   ∂/∂a: the corner of that of [[aᵀ, gy], [0, aᵀ]]"
    op = rule(forward, name=named(function), method=None)(f)
    return op


expm, sinm, cosm, tanm = of_matrix(sl.expm), of_matrix(sl.sinm), of_matrix(sl.cosm), of_matrix(sl.tanm)
sinhm, coshm, tanhm = of_matrix(sl.sinhm), of_matrix(sl.coshm), of_matrix(sl.tanhm)


@of_matrix
@functools.wraps(sl.logm)
def logm(a):
    return sl.logm(a.astype(float))         # of single precision SciPy says that it may be inaccurate


tried(any_square, expm, sinm, cosm, tanm, sinhm, coshm, tanhm)
logm.samples(square)


def forward_of_sqrtm(a):
    a = floating(a)
    y = sl.sqrtm(a)
    if np.iscomplexobj(y) and np.any(y.imag):
        raise LinAlgError("sqrtm: the result is complex, which has no gradient here")
    return y.real.astype(a.dtype)


@rule(forward_of_sqrtm, name=named(sl.sqrtm), method=None)
def sqrtm(gy, y, a):
    """y y = a;   ∂/∂a: s of yᵀ s + s yᵀ = gy"""
    return solve_sylvester(T(y), T(y), gy)


sqrtm.samples(square)


# -- what NumPy has, with SciPy's arguments

@twin(sl.inv)
def inv(a):
    return np.linalg.inv(a)


@twin(sl.det)
def det(a):
    return np.linalg.det(a)


@twin(sl.pinv)
def pinv(a, *, rtol=None):
    return np.linalg.pinv(a, rtol=max(a.shape) * np.finfo(a.dtype).eps if rtol is None else rtol)


@twin(sl.norm)
def norm(a, ord=None, axis=None, keepdims=False):
    return np.linalg.norm(a, ord, axis, keepdims)


@twin(sl.eigh)
def eigh(a, *, lower=True, eigvals_only=False):
    triangle = "L" if lower else "U"
    return np.linalg.eigvalsh(a, triangle) if eigvals_only else tuple(np.linalg.eigh(a, triangle))


@twin(sl.eigvalsh)
def eigvalsh(a, *, lower=True):
    return np.linalg.eigvalsh(a, "L" if lower else "U")


@twin(sl.svd)
def svd(a, full_matrices=True, compute_uv=True):
    y = np.linalg.svd(a, full_matrices, compute_uv)
    return tuple(y) if compute_uv else y


@twin(sl.svdvals)
def svdvals(a):
    return np.linalg.svdvals(a)


@twin(sl.qr)
def qr(a, *, mode="full"):
    if mode not in ("full", "economic", "r"):
        raise ValueError(f"qr: mode={mode!r} has no gradient here, wanted 'full', 'economic' or 'r'")
    if a.shape[0] > a.shape[1] and mode != "economic":
        raise LinAlgError(f"qr(mode={mode!r}) of a matrix of shape {a.shape}: the last columns of q are not determined and have no "
                          "gradient; write mode='economic'")
    q, r = np.linalg.qr(a)
    return (r,) if mode == "r" else (q, r)


# -- matrices of a form

def toeplitz(c, r=None):
    """y[i, j] = c[i - j] below the diagonal and on it, r[j - i] above it"""
    c = operand(c)
    r = c if r is None else operand(r)
    i, j = np.ogrid[:len(c), :len(r)]
    return np.concatenate([r[:0:-1], c])[i - j + len(r) - 1]


def hankel(c, r=None):
    """y[i, j] = c[i + j], and r[i + j - len(c) + 1] beyond its last one"""
    c = operand(c)
    r = np.zeros(len(c), c.dtype) if r is None else operand(r)
    i, j = np.ogrid[:len(c), :len(r)]
    return np.concatenate([c, r[1:]])[i + j]


def circulant(c):
    """y[i, j] = c[i - j], round about"""
    c = operand(c)
    i, j = np.ogrid[:len(c), :len(c)]
    return c[(i - j) % len(c)]


def block_diag(*arrs):
    """y = matrices along the diagonal, zeros elsewhere"""
    blocks = [a.reshape(1, -1) if a.ndim < 2 else a for a in map(operand, arrs)]
    width, before, rows = sum([a.shape[1] for a in blocks]), 0, []
    for a in blocks:
        after = width - before - a.shape[1]
        rows.append(np.concatenate([np.zeros((len(a), before), a.dtype), a, np.zeros((len(a), after), a.dtype)], 1))
        before += a.shape[1]
    return np.concatenate(rows)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
