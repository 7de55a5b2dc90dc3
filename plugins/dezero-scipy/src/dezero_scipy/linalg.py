"""scipy.linalg with gradients: SciPy's function is forward, of real and complex matrices and of stacks of them.

With arrays alone SciPy's own functions answer.  What SciPy has for speed alone (overwrite_a, check_finite, ...) is taken and not
used: numbers that are not finite are refused.  What else is not there is refused by name.

The gradient of a matrix that is taken for symmetric or Hermitian (cholesky, eigh, solve with assume_a) is so too, though a triangle
alone is read.
"""
import functools
import inspect
import math

import numpy as np
import scipy.linalg as sl
from dezero import Variable, hookimpl, rule
from scipy.linalg import LinAlgError  # noqa: F401: of the names of the module that this one stands for

from dezero_scipy._rules import floating, joined, near, register_all, tried, twin

FOR_SPEED = "overwrite_a", "overwrite_b", "overwrite_ab", "check_finite", "lwork"


def linear(original):
    """Return the decorator of a composite like `twin`'s, that is called as SciPy's function is.

    An argument that the composite has not is an error, but for SciPy's default and those for speed alone.
    """
    signature = inspect.signature(original)

    def make(composite):
        known = inspect.signature(composite).parameters

        def with_variables(*args, **kwargs):
            given = signature.bind(*args, **kwargs).arguments
            for name, value in given.items():
                if name not in known and name not in FOR_SPEED and value is not signature.parameters[name].default:
                    raise TypeError(f"{original.__name__} has no {name!r} with Variables: leave it out")
            return composite(**{name: value for name, value in given.items() if name in known})
        with_variables.__module__ = composite.__module__
        return twin(original)(with_variables)
    return make


def named(function):
    """Return the name of the op of a function of scipy.linalg."""
    return f"scipy.linalg.{function.__name__}"


def finite(a):
    """Return an operand as an array or a Variable, of finite numbers."""
    a = joined(a)
    if not np.all(np.isfinite(a)):
        raise ValueError("array must not contain infs or NaNs")
    return a


def constant(a):
    """Return the array that an operand is, whatever it was computed from."""
    return np.asarray(a.detach()) if isinstance(a, Variable) else a


def T(a):
    """Return matrices with rows and columns exchanged."""
    return np.swapaxes(a, -1, -2)


def conj(a):
    """Return the conjugates of complex numbers, and real ones as they are."""
    return np.conj(a) if a.dtype.kind == "c" else a


def H(a):
    """Return the conjugates of matrices with rows and columns exchanged."""
    return conj(T(a))


# -- what is tried by dezero.testing

def regular(a):
    return a + 5 * np.eye(a.shape[-1])


def square(sample):
    sample(sample.through(regular, sample.array(3, 3)))


def any_square(sample):
    sample(sample.array(3, 3, low=-0.5, high=0.5))


# -- equations

def symmetric(g):
    return (g + T(g)) / 2


def hermitian(g):
    return (g + H(g)) / 2


READ = {
    **dict.fromkeys(("sym", "symmetric"), symmetric),
    **dict.fromkeys(("her", "hermitian", "pos", "positive definite"), hermitian),
    "upper triangular": np.triu, "lower triangular": np.tril,
    "diagonal": lambda g: np.triu(np.tril(g)), "tridiagonal": lambda g: np.triu(np.tril(g, 1), -1),
}
"""What `assume_a` makes of the gradient of a matrix: what is read of it has one."""

TURNED = {"upper triangular": "lower triangular", "lower triangular": "upper triangular"}
"""What the transposed of a matrix is taken for, where that is something else."""


def of_columns(solved, b):
    """Return solved(b), of matrices of right sides or of one vector."""
    b = joined(b)
    return solved(b[:, None])[..., 0] if b.ndim == 1 else solved(b)


def forward_of_solve(a, b, *, lower=False, assume_a=None, transposed=False):
    if a.shape[-1:] != b.shape[:-1][-1:]:               # SciPy divides any b by one number
        raise ValueError(f"solve: a of shape {a.shape} and b of {b.shape[:-1][-1:]} rows, wanted as many as a has")
    assumed = {} if assume_a is None else {"assume_a": assume_a}
    return sl.solve(a, b, lower=lower, transposed=transposed, **assumed)


@rule(forward_of_solve, name=named(sl.solve), method=None)
def solution(gy, y, a, b, *, lower=False, assume_a=None, transposed=False):
    """a y = b;   ∂/∂b: a⁻ᵀ gy,   ∂/∂a: what is read of a, of -a⁻ᵀ gy yᵀ"""
    if transposed:
        gb = solution(a, gy, lower=lower, assume_a=assume_a)
    else:
        gb = solution(T(a), gy, lower=not lower, assume_a=TURNED.get(assume_a, assume_a))
    read = READ.get(assume_a, lambda g: g)
    return lambda: read(-y @ T(gb) if transposed else -gb @ T(y)), gb


@solution.samples
def _(sample):
    sample(sample.through(regular, sample.array(3, 3)), sample.array(3, 2))
    sample(sample.through(regular, sample.array(3, 3)), sample.array(3, 2), transposed=True)
    sample(sample.through(lambda a: hermitian(regular(a)), sample.array(2, 2, dtype=complex)), sample.array(2, 1), assume_a="her",
           lower=True)


@linear(sl.solve)
def solve(a, b, lower=False, assume_a=None, transposed=False):
    a = joined(a)
    return of_columns(lambda b: solution(a, b, lower=lower, assume_a=assume_a, transposed=transposed), b)


@rule(lambda a, b, *, turned=False, lower=False, unit_diagonal=False: sl.solve_triangular(a, b, turned, lower, unit_diagonal),
      name=named(sl.solve_triangular), method=None)
def triangular(gy, y, a, b, *, turned=False, lower=False, unit_diagonal=False):
    """a y = b, or aᵀ y = b, a a triangle;   ∂/∂b: a⁻ᵀ gy,   ∂/∂a: the triangle of -a⁻ᵀ gy yᵀ"""
    gb = triangular(a, gy, turned=not turned, lower=lower, unit_diagonal=unit_diagonal)

    def by_a():
        g = -y @ T(gb) if turned else -gb @ T(y)
        k = 1 if unit_diagonal else 0
        return np.tril(g, -k) if lower else np.triu(g, k)
    return by_a, gb


@triangular.samples
def _(sample):
    for parameters in ({}, {"lower": True}, {"turned": True}, {"unit_diagonal": True, "lower": True}):
        sample(sample.through(regular, sample.array(3, 3)), sample.array(3, 2), **parameters)


TRANS = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}


def by_triangle(a, b, trans=0, lower=False, unit_diagonal=False):
    """Return the solution of a y = b, aᵀ y = b or aᴴ y = b, as `trans` has it, a a triangle."""
    if trans not in TRANS:
        raise ValueError(f"got trans={trans!r}, wanted 0, 1, 2, 'N', 'T' or 'C'")
    how = TRANS[trans]
    return triangular(conj(a) if how == 2 else a, b, turned=how > 0, lower=bool(lower), unit_diagonal=bool(unit_diagonal))


@linear(sl.solve_triangular)
def solve_triangular(a, b, trans=0, lower=False, unit_diagonal=False):
    a = joined(a)
    return of_columns(lambda b: by_triangle(a, b, trans, lower, unit_diagonal), b)


def turned(ab, low, up):
    """Return the bands of the transposed matrix; what stands beside it is not read."""
    row, column = np.ogrid[:low + up + 1, :ab.shape[-1]]
    return ab[..., low + up - row, (column + row - low) % ab.shape[-1]]


@rule(lambda ab, b, *, l_and_u: sl.solve_banded(l_and_u, ab, b), name=named(sl.solve_banded), method=None)
def of_bands(gy, y, ab, b, *, l_and_u):
    """a y = b, a[i, j] = ab[u + i - j, j];   ∂/∂b: a⁻ᵀ gy,   ∂/∂a: the bands of -a⁻ᵀ gy yᵀ"""
    low, up = l_and_u
    gb = of_bands(turned(ab, low, up), gy, l_and_u=(up, low))

    def by_ab():
        band, column = np.ogrid[:low + up + 1, :ab.shape[-1]]
        row = band - up + column
        is_in = (row >= 0) & (row < ab.shape[-1])
        return np.where(is_in, -np.sum(gb[..., np.where(is_in, row, 0), :] * y[..., None, :, :], -1), 0)
    return by_ab, gb


@of_bands.samples
def _(sample):
    main = 5 * np.array([[0], [1], [0]])
    sample(sample.through(lambda ab: ab + main, sample.array(3, 4)), sample.array(4, 2), l_and_u=(1, 1))
    sample(sample.through(lambda ab: ab + main[1:], sample.array(2, 4)), sample.array(4, 1), l_and_u=(1, 0))


@linear(sl.solve_banded)
def solve_banded(l_and_u, ab, b):
    ab = joined(ab)
    return of_columns(lambda b: of_bands(ab, b, l_and_u=tuple(l_and_u)), b)


def of_one_type(function):
    """Return a function of SciPy with its matrices of one type: where some are real and some complex SciPy's 1.17 is wrong."""
    @functools.wraps(function)
    def f(a, *others):
        arrays = [np.asarray(x) for x in (a, *others)]
        dtype = np.result_type(*arrays)
        return function(*[x.astype(dtype) for x in arrays])
    return f


@rule(of_one_type(sl.solve_sylvester), name=named(sl.solve_sylvester), operands=("a", "b", "q"), method=None)
def sylvester(gy, y, a, b, q):
    """a y + y b = q;   ∂/∂q: s of aᵀ s + s bᵀ = gy,   ∂/∂a: -s yᵀ,   ∂/∂b: -yᵀ s"""
    s = sylvester(T(a), T(b), gy)
    return lambda: -s @ T(y), lambda: -T(y) @ s, s


@sylvester.samples
def _(sample):
    sample(sample.through(regular, sample.array(3, 3)), sample.through(regular, sample.array(2, 2)), sample.array(3, 2))


@twin(of_one_type(sl.solve_sylvester))
def solve_sylvester(a, b, q):
    return sylvester(joined(a), joined(b), joined(q))


@twin(of_one_type(sl.solve_continuous_lyapunov))
def solve_continuous_lyapunov(a, q):
    a = joined(a)
    return sylvester(a, H(a), joined(q))


# -- factors

@linear(sl.cholesky)
def cholesky(a, lower=False):
    return np.linalg.cholesky(finite(a), upper=not lower)


@linear(sl.cho_factor)
def cho_factor(a, lower=False):
    return np.linalg.cholesky(finite(a), upper=not lower), lower


@linear(sl.cho_solve)
def cho_solve(c_and_lower, b):
    c, lower = c_and_lower
    c = joined(c)
    first, then = ("N", "C") if lower else ("C", "N")
    return of_columns(lambda b: by_triangle(c, by_triangle(c, b, first, lower), then, lower), b)


def order_of(pivots, m):
    """Return the m rows in the order that the exchanges of LAPACK bring them to."""
    orders = []
    for exchanges in np.reshape(pivots, (math.prod(pivots.shape[:-1]), pivots.shape[-1])).tolist():
        order = list(range(m))
        for i, other in enumerate(exchanges):
            order[i], order[other] = order[other], order[i]
        orders.append(order)
    return np.reshape(np.array(orders, int), (*pivots.shape[:-1], m))


def rows(a, order):
    """Return matrices with their rows in this order, or each in its own."""
    batch = np.broadcast_shapes(a.shape[:-2], order.shape[:-1])
    a = np.broadcast_to(a, (*batch, *a.shape[-2:]))
    return np.take_along_axis(a, np.broadcast_to(order, (*batch, order.shape[-1]))[..., None], -2)


def fitted(a, n):
    """Return matrices of n rows and columns: cut, or with zeros beside."""
    a = a[..., :n, :n]
    return np.pad(a, [(0, 0)] * (a.ndim - 2) + [(0, n - a.shape[-2]), (0, n - a.shape[-1])])


def forward_of_lu(a):
    packed, pivots = sl.lu_factor(a)
    return packed, pivots, order_of(pivots, a.shape[-2])


@rule(forward_of_lu, name=named(sl.lu_factor), method=None)
def of_lu(gy, y, a):
    """p a = l u;   ∂/∂a: pᵀ l⁻ᵀ (the lower triangle of lᵀ g + the upper one of g uᵀ) u⁻ᵀ, where l and u are made square with
    rows and columns of the unit matrix"""
    g, (lu, _, order) = gy[0], y
    m, n = a.shape[-2:]
    lower = fitted(np.tril(lu, -1), m) + np.eye(m, dtype=lu.dtype)
    upper = fitted(np.triu(lu), n) + np.diag(np.arange(n) >= m)
    inner = np.tril(T(lower) @ g, -1) + np.triu(g @ T(upper))       # which read of g a triangle each
    s = triangular(upper, T(triangular(lower, inner, turned=True, lower=True)))
    return rows(T(s), np.argsort(order))


of_lu.samples(square)


@linear(sl.lu_factor)
def lu_factor(a):
    packed, pivots, _ = of_lu(joined(a))
    return packed, constant(pivots)


@linear(sl.lu_solve)
def lu_solve(lu_and_piv, b, trans=0):
    lu, pivots = lu_and_piv
    lu, order = joined(lu), order_of(np.asarray(pivots), lu.shape[-1])

    def solved(b):
        if trans in (0, "N"):
            return by_triangle(lu, by_triangle(lu, rows(b, order), 0, True, True))
        return rows(by_triangle(lu, by_triangle(lu, b, trans), trans, True, True), np.argsort(order))
    return of_columns(solved, b)


@linear(sl.lu)
def lu(a, permute_l=False, p_indices=False):
    packed, _, order = of_lu(joined(a))
    m, n = packed.shape[-2:]
    k, inverse = min(m, n), np.argsort(order)
    lower = np.tril(packed[..., :k], -1) + np.eye(m, k, dtype=packed.dtype)
    upper = np.triu(packed[..., :k, :])
    if permute_l:
        return rows(lower, inverse), upper
    return inverse if p_indices else np.eye(m, dtype=np.finfo(packed.dtype).dtype)[inverse], lower, upper


# -- functions of matrices

def native(a):
    """Return a in floating numbers, in the order of bytes of the machine, which SciPy's functions of matrices want."""
    return np.asarray(a, np.result_type(a, np.float32).newbyteorder("="))


def in_type_of(a, y):
    """Return y in the precision of a, and real where both are."""
    y = y.real if a.dtype.kind != "c" and not np.any(y.imag) else y
    return y.astype(np.result_type(a, np.complex64) if np.iscomplexobj(y) else a.dtype)


def check_cut(name, a):
    """Refuse matrices with an eigenvalue that is 0 or negative, as near as the eigenvalues of a block of two are known."""
    w = np.linalg.eigvals(a)
    if np.any((w.real <= 0) & (np.abs(w.imag) <= np.sqrt(np.finfo(w.dtype).eps) * np.abs(w))):
        raise LinAlgError(f"{name}: an eigenvalue is 0 or negative: there the result is infinite, or complex and jumps, and has no "
                          "gradient")


def of_matrix(function):
    """Return the op of a function f of matrices: f of [[aᵀ, gy], [0, aᵀ]] has the gradient in its corner."""
    def forward(a):
        a = native(a)
        return in_type_of(a, function(a))

    def f(gy, y, a):
        n, turned_a = a.shape[-1], T(a)
        above = np.concatenate([turned_a, gy], -1)
        below = np.concatenate([np.zeros_like(turned_a), turned_a], -1)
        return op(np.concatenate([above, below], -2))[..., :n, n:]
    f.__name__ = f.__qualname__ = f"of_{function.__name__}"
    f.__doc__ = f"y = {function.__name__}(a);   ∂/∂a: the corner of that of [[aᵀ, gy], [0, aᵀ]]"
    op = rule(forward, name=named(function), method=None)(f)
    return op


@functools.wraps(sl.logm)
def logm_in_double(a):
    check_cut("logm", a)
    return sl.logm(floating(a))             # of single precision SciPy says that it may be inaccurate


of_expm, of_sinm, of_cosm, of_tanm = map(of_matrix, (sl.expm, sl.sinm, sl.cosm, sl.tanm))
of_sinhm, of_coshm, of_tanhm, of_logm = map(of_matrix, (sl.sinhm, sl.coshm, sl.tanhm, logm_in_double))
tried(any_square, of_expm, of_sinm, of_cosm, of_tanm, of_sinhm, of_coshm, of_tanhm)
of_logm.samples(square)


def forward_of_sqrtm(a):
    a = native(a)
    check_cut("sqrtm", a)
    return in_type_of(a, sl.sqrtm(a))


@rule(forward_of_sqrtm, name=named(sl.sqrtm), method=None)
def of_sqrtm(gy, y, a):
    """y y = a;   ∂/∂a: s of yᵀ s + s yᵀ = gy"""
    return sylvester(T(y), T(y), gy)


of_sqrtm.samples(square)


def of_op(original, op):
    """Return the twin of a function of matrices."""
    @twin(original)
    def function(A):
        return op(joined(A))
    return function


expm, sinm, cosm, tanm = map(of_op, (sl.expm, sl.sinm, sl.cosm, sl.tanm), (of_expm, of_sinm, of_cosm, of_tanm))
sinhm, coshm, tanhm = map(of_op, (sl.sinhm, sl.coshm, sl.tanhm), (of_sinhm, of_coshm, of_tanhm))
logm, sqrtm = map(of_op, (sl.logm, sl.sqrtm), (of_logm, of_sqrtm))


# -- what NumPy has, with SciPy's arguments

@linear(sl.inv)
def inv(a, assume_a=None, lower=False):
    a = finite(a)
    if assume_a is None:
        return np.linalg.inv(a)
    return solution(a, np.eye(a.shape[-1], dtype=a.dtype), lower=lower, assume_a=assume_a)


@linear(sl.det)
def det(a):
    return np.linalg.det(floating(finite(a)))


@linear(sl.pinv)
def pinv(a, rtol=None):
    a = finite(a)
    a = a if a.dtype.kind in "fc" else floating(a)
    return np.linalg.pinv(a, rtol=max(a.shape[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol)


@rule(lambda a: np.asarray(sl.norm(a), np.finfo(a.dtype).dtype), name=named(sl.norm), method=None)
def length(gy, y, a):
    """y = (Σ |a|²)^½, by BLAS, which neither overflows nor underflows;   ∂y/∂a = the conjugate of a / y, 0 where y = 0"""
    return gy * (conj(a) / near(y == 0, 1, y))


@length.samples
def _(sample):
    sample(sample.array(3))
    sample(sample.array(3, dtype=complex))


@linear(sl.norm)
def norm(a, ord=None, axis=None, keepdims=False):
    a = finite(a)
    if a.ndim == 1 and a.dtype.kind in "fc" and ord in (None, 2) and axis is None and not keepdims:
        return length(a)
    return np.linalg.norm(a, ord, axis, keepdims)


@linear(sl.eigh)
def eigh(a, lower=True, eigvals_only=False):
    a, triangle = finite(a), "L" if lower else "U"
    if eigvals_only:
        return np.linalg.eigvalsh(a, triangle)
    w, v = np.linalg.eigh(a, triangle)
    theirs = sl.eigh(constant(a), lower=lower)[1]       # with other factors of size 1 than NumPy's
    turns = np.sign(np.sum(np.conj(constant(v)) * theirs, -2, keepdims=True))
    return w, v * near(turns == 0, 1, turns)


@linear(sl.eigvalsh)
def eigvalsh(a, lower=True):
    return np.linalg.eigvalsh(finite(a), "L" if lower else "U")


@linear(sl.svd)
def svd(a, full_matrices=True, compute_uv=True):
    y = np.linalg.svd(finite(a), full_matrices, compute_uv)
    return tuple(y) if compute_uv else y


@linear(sl.svdvals)
def svdvals(a):
    return np.linalg.svdvals(finite(a))


@linear(sl.qr)
def qr(a, mode="full"):
    if mode not in ("full", "economic", "r"):
        raise ValueError(f"qr: mode={mode!r} has no gradient here, wanted 'full', 'economic' or 'r'")
    a = finite(a)
    missing = max(a.shape[-2] - a.shape[-1], 0)
    if missing and mode == "full":
        raise LinAlgError(f"qr(mode={mode!r}) of a matrix of shape {a.shape}: the last columns of q are not determined and have no "
                          "gradient; write mode='economic'")
    q, r = np.linalg.qr(a)
    return (np.pad(r, [(0, 0)] * (r.ndim - 2) + [(0, missing), (0, 0)]),) if mode == "r" else (q, r)


# -- matrices of a form

@twin(sl.toeplitz)
def toeplitz(c, r=None):
    c = np.atleast_1d(joined(c))
    r = conj(c) if r is None else np.atleast_1d(joined(r))
    batch = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
    c, r = [np.broadcast_to(x, (*batch, x.shape[-1])) for x in (c, r)]
    i, j = np.ogrid[:c.shape[-1], :r.shape[-1]]
    return np.concatenate([r[..., :0:-1], c], -1)[..., i - j + r.shape[-1] - 1]


@twin(sl.hankel)
def hankel(c, r=None):
    c = joined(c)
    r = np.zeros(c.shape, c.dtype) if r is None else joined(r)
    if c.ndim != 1 or r.ndim != 1:
        raise ValueError(f"hankel: c of shape {c.shape} and r of shape {r.shape}, wanted vectors: what SciPy makes of others is to "
                         "change")
    i, j = np.ogrid[:len(c), :len(r)]
    return np.concatenate([c, r[1:]])[i + j]


@twin(sl.circulant)
def circulant(c):
    c = np.atleast_1d(joined(c))
    i, j = np.ogrid[:c.shape[-1], :c.shape[-1]]
    return c[..., (i - j) % c.shape[-1]]


@twin(sl.block_diag)
def block_diag(*arrs):
    blocks = [np.reshape(a, (1, -1)) if a.ndim < 2 else a for a in map(joined, arrs)]
    batch = np.broadcast_shapes(*[a.shape[:-2] for a in blocks])
    width, before, rows = sum([a.shape[-1] for a in blocks]), 0, []
    for a in blocks:
        sides = [np.zeros((*batch, a.shape[-2], n), a.dtype) for n in (before, width - before - a.shape[-1])]
        rows.append(np.concatenate([sides[0], np.broadcast_to(a, (*batch, *a.shape[-2:])), sides[1]], -1))
        before += a.shape[-1]
    return np.concatenate(rows, -2)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
