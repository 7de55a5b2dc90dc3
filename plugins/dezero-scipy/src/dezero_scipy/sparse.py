"""scipy.sparse with gradients: products with dense arrays, and spsolve, by the dense side and by the values of the matrix.

    y = sparse.matmul(a, x)                                     # of SciPy's matrix a: its values are constant
    a = sparse.csr_array((data, indices, indptr), shape=(m, n)) # of a Variable data: a Matrix, with a @ x, x @ a, a.T, a.toarray()
    y = sparse.spsolve(a, b)                                    # of either

Where the values of a matrix stand is constant.  With arrays alone SciPy's own functions answer.
"""
import numpy as np
import scipy.sparse as ss
from dezero import Saved, Variable, hookimpl, rule
from scipy.linalg import LinAlgError
from scipy.sparse import linalg as sl

from dezero_scipy._rules import joined, operand, register_all, variables


class Matrix:
    """A sparse matrix whose values are a Variable: in rows, sorted, each place once.

    Attributes
    ----------
    data : dezero.Variable or numpy.ndarray
    indices, indptr : numpy.ndarray
        As of `scipy.sparse.csr_array`.
    shape : tuple of int
    """

    __array_ufunc__ = None          # array @ matrix is asked of the matrix

    def __init__(self, data, indices, indptr, shape):
        self.data, self.indices, self.indptr, self.shape = data, indices, indptr, shape

    def __repr__(self):
        return f"<sparse matrix of Variables, of shape {self.shape} with {len(self.indices)} values>"

    @property
    def pattern(self):
        """Where the values stand, as `product` and `solution` take it."""
        return {"indices": self.indices, "indptr": self.indptr, "shape": self.shape}

    @property
    def T(self):
        columns, rows = places(**self.pattern)
        return from_places(self.data, rows, columns, self.shape[::-1])

    def toarray(self):
        """Return the matrix as a dense Variable."""
        return self @ np.eye(self.shape[1])

    def __matmul__(self, x):
        return matmul(self, x)

    def __rmatmul__(self, x):
        return matmul(x, self)


def places(indices, indptr, shape, turned=False):
    """Return the rows and the columns of values."""
    found = np.repeat(np.arange(shape[0]), np.diff(indptr)), indices
    return found[::-1] if turned else found


def from_places(data, rows, columns, shape):
    """Return the matrix of values, those of one place summed."""
    if data.shape != np.shape(rows) or np.shape(rows) != np.shape(columns) or data.ndim != 1:
        raise ValueError(f"scipy.sparse: data of shape {data.shape}, rows of {np.shape(rows)} and columns of {np.shape(columns)}, "
                         "wanted three vectors of one length")
    found = ss.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()
    rows, columns, shape = np.asarray(rows, np.int64), np.asarray(columns, np.int64), found.shape
    found.sort_indices()
    key, keys = rows * shape[1] + columns, np.ravel_multi_index(places(found.indices, found.indptr, shape), shape)
    if not np.array_equal(key, keys):
        summed = np.searchsorted(keys, key), np.arange(len(key))
        data = matmul(ss.csr_array((np.ones(len(key), data.dtype), summed), (len(keys), len(key))), data)
    return Matrix(data, found.indices, found.indptr, shape)


def constructor(original):
    """Return the twin of a class of SciPy: of values that are a Variable it gives a `Matrix`."""
    is_by_columns = original.__name__.startswith("csc")

    def make(arg1, shape=None, dtype=None, copy=False):
        """Return a sparse matrix, of (data, (rows, columns)) or (data, indices, indptr); a `Matrix` where data is a Variable."""
        if isinstance(arg1, Variable):
            raise TypeError(f"scipy.sparse.{original.__name__} of a dense Variable: its zeros would have no gradient; give (data, "
                            "(rows, columns)), with data a Variable")
        if not (isinstance(arg1, tuple) and variables(arg1[0])):
            return original(arg1, shape=shape, dtype=dtype, copy=copy)
        data, *where = arg1
        data = joined(data)
        if dtype is not None:
            data = data.astype(dtype)
        if len(where) == 1:
            return from_places(data, *where[0], shape)
        known = original((np.ones(data.shape), *where), shape=shape)
        rows, columns = places(known.indices, known.indptr, known.shape[::-1] if is_by_columns else known.shape, is_by_columns)
        return from_places(data, rows, columns, known.shape)
    make.__name__ = make.__qualname__ = original.__name__
    return make


csr_array, csc_array, coo_array = map(constructor, (ss.csr_array, ss.csc_array, ss.coo_array))
csr_matrix, csc_matrix, coo_matrix = map(constructor, (ss.csr_matrix, ss.csc_matrix, ss.coo_matrix))


def in_rows(a):
    """Return a matrix of SciPy, or a `Matrix`, as one with values in rows, each place once."""
    if isinstance(a, Matrix):
        return a
    if a.ndim != 2:
        raise ValueError(f"a sparse array of shape {a.shape} has no gradient here, wanted a matrix")
    a = ss.csr_array(a)
    if not a.has_canonical_format:
        a = a.copy()
        a.sum_duplicates()
    return Matrix(a.data, a.indices, a.indptr, a.shape)


def is_sparse(a):
    return ss.issparse(a) or isinstance(a, Matrix)


# -- products

def forward_of_product(data, x, *, indices, indptr, shape, turned=False):
    return scipy_matrix(data, indices, indptr, shape, turned) @ x


def scipy_matrix(data, indices, indptr, shape, turned):
    """Return the matrix, or the transposed one, as SciPy's."""
    return ss.csc_array((data, indices, indptr), shape[::-1]) if turned else ss.csr_array((data, indices, indptr), shape)


def of_places(g, x, **pattern):
    """Return the elements of g xᵀ where the values stand."""
    rows, columns = places(**pattern)
    found = g[rows] * x[columns]
    return found.sum(-1) if found.ndim == 2 else found


@rule(forward_of_product, name="scipy.sparse.matmul", method=None)
def product(gy, y, data, x, *, indices, indptr, shape, turned=False):
    """y = a x, of the values of a;   ∂/∂data: those of gy xᵀ,   ∂/∂x: aᵀ gy"""
    pattern = {"indices": indices, "indptr": indptr, "shape": shape}
    return (lambda: of_places(gy, x, turned=turned, **pattern),
            lambda: product(data, gy, turned=not turned, **pattern))


def matmul(a, b):
    """Return a @ b, where one of both is a sparse matrix, SciPy's or a `Matrix`, and the other a dense array or a Variable.

    Raises
    ------
    TypeError
        Both are sparse, and one a `Matrix`; or none is.
    """
    if is_sparse(a) == is_sparse(b):
        if ss.issparse(a) and ss.issparse(b):
            return a @ b
        raise TypeError(f"scipy.sparse.matmul of {type(a).__name__} and {type(b).__name__}: wanted a sparse and a dense matrix")
    sparse, dense = (a, operand(b)) if is_sparse(a) else (b, operand(a))
    if not isinstance(dense, Variable) and not isinstance(sparse, Matrix):
        return a @ b
    matrix = in_rows(sparse)
    if dense.ndim not in (1, 2) or dense.shape[0 if sparse is a else -1] != matrix.shape[1 if sparse is a else 0]:
        raise ValueError(f"scipy.sparse.matmul: shapes {a.shape} and {b.shape} do not fit")
    if sparse is a:
        return product(matrix.data, dense, **matrix.pattern)
    return product(matrix.data, dense.T, **matrix.pattern, turned=True).T


# -- equations

def forward_of_solution(data, b, *, indices, indptr, shape, turned=False):
    dtype = np.result_type(data, b, np.float32)          # of the machine's bytes: SuperLU takes others as they are
    data, b = data.astype(dtype), b.astype(dtype)
    try:
        lu = sl.splu(ss.csc_array((data, indices, indptr), shape[::-1]))     # of aᵀ, whose columns are the rows
    except RuntimeError as error:
        raise LinAlgError(f"scipy.sparse.linalg.spsolve: {error}") from error
    return Saved(lu.solve(b, "N" if turned else "T"), lu=lu)


@rule(forward_of_solution, name="scipy.sparse.spsolve", method=None)
def solution(gy, y, data, b, *, indices, indptr, shape, turned=False, saved):
    """a y = b, of the values of a;   ∂/∂b: a⁻ᵀ gy,   ∂/∂data: those of -a⁻ᵀ gy yᵀ"""
    pattern = {"indices": indices, "indptr": indptr, "shape": shape}
    gb = solution(data, gy, turned=not turned, **pattern) if saved is None else saved.lu.solve(gy, "T" if turned else "N")
    return lambda: -of_places(gb, y, turned=turned, **pattern), gb


def spsolve(A, b, permc_spec=None, use_umfpack=True):
    """Return the solution of a y = b, of a square sparse matrix, SciPy's or a `Matrix`, and a dense b, a vector or a matrix.

    Where one of both is of Variables, `scipy.sparse.linalg.splu` is forward, and its factors are kept for backward.

    Raises
    ------
    scipy.linalg.LinAlgError
        The matrix is singular, or not square.
    TypeError
        b is sparse.
    """
    if not isinstance(A, Matrix) and not isinstance(b, Variable):
        return sl.spsolve(A, b, permc_spec, use_umfpack)
    if is_sparse(b) or permc_spec is not None:
        raise TypeError("scipy.sparse.linalg.spsolve: a sparse right side, and permc_spec, have no gradient here; write "
                        "b.toarray(), and leave permc_spec out")
    a, b = in_rows(A), operand(b)
    if a.shape[0] != a.shape[1]:
        raise LinAlgError(f"scipy.sparse.linalg.spsolve: a matrix of shape {a.shape}, wanted a square one")
    if b.ndim not in (1, 2) or b.shape[0] != a.shape[0]:
        raise ValueError(f"scipy.sparse.linalg.spsolve: shapes {a.shape} and {b.shape} do not fit")
    y = solution(a.data, b, **a.pattern)
    return np.ravel(y) if y.shape[1:] == (1,) else y


# -- what is tried by dezero.testing

PATTERN = {"indices": np.array([0, 2, 1, 0, 2]), "indptr": np.array([0, 2, 3, 5]), "shape": (3, 3)}
MAIN = np.array([5.0, 0.0, 5.0, 0.0, 5.0])


@product.samples
def _(sample):
    for x in (3,), (3, 2):
        sample(sample.array(5), sample.array(*x), **PATTERN)
        sample(sample.array(5), sample.array(*x), **PATTERN, turned=True)
    sample(sample.array(5, dtype=complex), sample.array(3, 2), **PATTERN)
    sample(sample.array(5), sample.array(4), indices=PATTERN["indices"], indptr=PATTERN["indptr"], shape=(3, 4))


@solution.samples
def _(sample):
    for b in (3,), (3, 2):
        sample(sample.through(lambda data: data + MAIN, sample.array(5)), sample.array(*b), **PATTERN)
        sample(sample.through(lambda data: data + MAIN, sample.array(5)), sample.array(*b), **PATTERN, turned=True)
    sample(sample.through(lambda data: data + MAIN, sample.array(5, dtype=complex)), sample.array(3, dtype=complex), **PATTERN)


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
