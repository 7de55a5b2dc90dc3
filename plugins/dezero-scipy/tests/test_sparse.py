"""Sparse matrices: products and solutions beside those of the dense ones, gradients of all orders beside them too."""
import numpy as np
import pytest
import scipy.sparse as ss
from dezero import Variable, grad, hvp
from dezero_scipy import sparse
from scipy.linalg import LinAlgError
from scipy.sparse.linalg import spsolve

rng = np.random.default_rng(0)
ROWS, COLUMNS = np.array([3, 0, 2, 1, 0, 3, 2, 1, 0]), np.array([0, 2, 2, 1, 0, 3, 1, 0, 2])
"""Not in order; one place is there twice."""
DATA = np.array([0.5, 1.5, 6.0, 7.0, 5.0, 8.0, -1.0, 2.0, 0.25])
X, B = rng.normal(size=4), rng.normal(size=(4, 3))
W = np.cos(np.arange(12)).reshape(4, 3)
D = Variable(DATA)


def dense(data, shape=(4, 4)):
    """Return the same matrix, dense, of a Variable too."""
    places = np.zeros((*shape, len(ROWS)))
    places[ROWS, COLUMNS, np.arange(len(ROWS))] = 1
    return places @ data


def compared(ours, theirs, x):
    """Compare values, gradients and products with the Hessian of two functions, in the sum of y + y²."""
    ours, theirs = [lambda x, f=f: np.sum((f(x) + f(x) ** 2) * np.resize(W, f(x).shape)) for f in (ours, theirs)]
    v = np.sin(1 + np.arange(x.size)).reshape(x.shape)
    assert ours(x) == pytest.approx(theirs(x), 1e-12)
    np.testing.assert_allclose(grad(ours)(x), grad(theirs)(x), 1e-10, 1e-12)
    np.testing.assert_allclose(hvp(ours)(x, v), hvp(theirs)(x, v), 1e-9, 1e-11)


@pytest.mark.filterwarnings("ignore:spsolve requires A be CSC or CSR")
@pytest.mark.parametrize("x", [X, B], ids=["1-d", "2-d"])
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr"])
def test_products_with_a_constant_matrix(form, x):
    for a in (ss.coo_array((DATA, (ROWS, COLUMNS))).asformat(form), ss.coo_matrix((DATA, (ROWS, COLUMNS))).asformat(form)):
        assert isinstance(sparse.matmul(a, Variable(x)), Variable)
        assert type(sparse.matmul(a, x)) is np.ndarray
        compared(lambda x, a=a: sparse.matmul(a, x), lambda x: dense(DATA) @ x, x)
        compared(lambda x, a=a: sparse.matmul(x, a), lambda x: x @ dense(DATA), x.T)
        compared(lambda x, a=a: sparse.spsolve(a, x), lambda x: np.linalg.solve(dense(DATA), x), x)


def matrix(data, form="csr_array", shape=(4, 4)):
    """Return a matrix in one of three forms: csr and csc with values that are not in order and stand twice."""
    if form.startswith("coo"):
        return getattr(sparse, form)((data, (ROWS, COLUMNS)), shape=shape)
    main, other = (ROWS, COLUMNS) if form.startswith("csr") else (COLUMNS, ROWS)
    order = np.argsort(main, kind="stable")
    counts = np.bincount(main, minlength=shape[0 if form.startswith("csr") else 1])
    return getattr(sparse, form)((data[order], other[order], np.concatenate([[0], np.cumsum(counts)])), shape=shape)


@pytest.mark.parametrize("form", ["csr_array", "csc_array", "coo_array", "csr_matrix", "csc_matrix", "coo_matrix"])
def test_matrices_of_variables(form):
    assert isinstance(matrix(DATA, form), getattr(ss, form))
    products = lambda a: a @ X, lambda a: a @ B, lambda a: B.T @ a, lambda a: X @ a, lambda a: a.T @ B
    for call, same in (*zip(products, products), (lambda a: a.toarray(), lambda a: a),
                       (lambda a: sparse.spsolve(a, X), lambda a: np.linalg.solve(a, X)),
                       (lambda a: sparse.spsolve(a.T, B), lambda a: np.linalg.solve(a.T, B))):
        compared(lambda data, call=call: call(matrix(data if isinstance(data, Variable) else Variable(data).detach(), form)),
                 lambda data, same=same: same(dense(data)), DATA)


@pytest.mark.parametrize("form", ["csr_array", "csc_array", "coo_array", "csr_matrix", "csc_matrix", "coo_matrix"])
def test_matrices_that_are_not_square(form):
    data, x = Variable(DATA), rng.normal(size=5)
    a = matrix(data, form, (4, 5))
    assert repr(a) == "<sparse matrix of Variables, of shape (4, 5) with 8 values>"
    np.testing.assert_allclose(a.toarray().data, dense(DATA, (4, 5)), 1e-12)
    np.testing.assert_allclose(a.T.toarray().data, dense(DATA, (4, 5)).T, 1e-12)
    compared(lambda d: matrix(d if isinstance(d, Variable) else Variable(d).detach(), form, (4, 5)) @ x,
             lambda d: dense(d, (4, 5)) @ x, DATA)


@pytest.mark.parametrize("form", ["csr_array", "csc_array", "coo_array", "csr_matrix", "csc_matrix", "coo_matrix"])
def test_arrays_make_what_scipy_makes(form):
    ours, theirs = getattr(sparse, form), getattr(ss, form)
    for given in ((DATA, (ROWS, COLUMNS)), dense(DATA), ss.coo_array((DATA, (ROWS, COLUMNS))), (4, 4), [[1.0, 0.0], [2.0, 3.0]]):
        assert type(ours(given)) is theirs
        np.testing.assert_array_equal(ours(given).toarray(), theirs(given).toarray())
    a = ours((DATA, (ROWS, COLUMNS)))
    np.testing.assert_allclose(sparse.matmul(a, a.T).toarray(), dense(DATA) @ dense(DATA).T, 1e-12)
    a = ours((DATA, (ROWS, COLUMNS)), shape=(5, 6), dtype=np.float32)
    assert a.shape == (5, 6) and a.dtype == np.float32
    assert not np.shares_memory(ours(a, copy=True).data, a.data) and np.shares_memory(ours(a).data, a.data)


def test_places_of_any_kind():
    """Small integers hold a row and a column, not both in one number."""
    wanted = dense(DATA, (4, 100))
    for places in ((ROWS.tolist(), COLUMNS.tolist()), (ROWS.astype(np.int8), COLUMNS.astype(np.int8))):
        np.testing.assert_allclose(sparse.coo_array((Variable(DATA), places), shape=(4, 100)).toarray().data, wanted, 1e-12)


def test_values_in_a_list():
    of = lambda p: sparse.csr_array(([p[0], 2.0, p[1]], ([0, 1, 1], [1, 0, 1]))) @ np.array([1.0, 3.0])
    np.testing.assert_array_equal(of(Variable(np.array([4.0, 5.0]))).data, [12, 17])
    np.testing.assert_array_equal(grad(lambda p: np.sum(of(p) * np.array([1.0, 10.0])))(np.array([4.0, 5.0])), [3, 30])


def test_both_sides_are_variables():
    data, x = Variable(DATA), Variable(X)
    a = matrix(data, shape=(4, 5))
    assert a.shape == (4, 5) and a.T.shape == (5, 4) and a.data.shape == (8,) and "(4, 5)" in repr(a)
    for y, same in ((sparse.matmul(x, a), lambda d, x: x @ dense(d, (4, 5))), (x @ a, lambda d, x: x @ dense(d, (4, 5))),
                    (matrix(data) @ x, lambda d, x: dense(d) @ x),
                    (sparse.spsolve(matrix(data), x), lambda d, x: np.linalg.solve(dense(d), x))):
        data.cleargrad()
        x.cleargrad()
        (y * y).sum().backward()
        wanted = grad(lambda d, x, same=same: np.sum(same(d, x) ** 2), (0, 1))(DATA, X)
        np.testing.assert_allclose(data.grad, wanted[0], 1e-10, 1e-12)
        np.testing.assert_allclose(x.grad, wanted[1], 1e-10, 1e-12)


def test_one_factorization_serves_backward(monkeypatch):
    made = []
    monkeypatch.setattr(sparse.sl, "splu", lambda a, splu=sparse.sl.splu: made.append(a) or splu(a))
    data, b = Variable(DATA), Variable(B)
    sparse.spsolve(matrix(data), b).sum().backward()
    assert len(made) == 1 and data.grad.shape == DATA.shape and b.grad.shape == B.shape


def test_a_constant_matrix_stays_as_it_is():
    """Though SuperLU sums in place what stands twice, and sorts."""
    order = np.argsort(ROWS, kind="stable")
    a = ss.csr_array((DATA[order], COLUMNS[order], np.concatenate([[0], np.cumsum(np.bincount(ROWS))])), (4, 4))
    data, indices = a.data.copy(), a.indices.copy()
    y = sparse.spsolve(a, Variable(X))
    y.sum().backward()
    np.testing.assert_allclose(y.data, np.linalg.solve(dense(DATA), X))
    np.testing.assert_allclose(sparse.matmul(a, Variable(X)).data, dense(DATA) @ X)
    assert np.array_equal(a.data, data) and np.array_equal(a.indices, indices)


def test_as_scipy():
    a = ss.csr_array(dense(DATA))
    for b in (X, B, B[:, :1], B.astype(np.float32), np.arange(4)):
        y = sparse.spsolve(a, Variable(b))
        np.testing.assert_allclose(y.data, spsolve(a, b), 1e-6)
        assert y.shape == spsolve(a, b).shape and not isinstance(sparse.spsolve(a, b), Variable)
    whole = ss.csr_array(np.array([[2, 0], [1, 3]]))
    np.testing.assert_allclose(sparse.spsolve(whole, Variable(np.array([1, 2]))).data, [0.5, 0.5])
    half = ss.csr_array(np.array([[2, 0], [1, 3]], np.int8))
    y = sparse.spsolve(half, Variable(np.array([1, 2], np.float16)))
    assert y.data.tolist() == [0.5, 0.5] and y.dtype == np.float32
    assert sparse.csr_array is not ss.csr_array
    assert matrix(Variable(DATA), "coo_array", None).shape == (4, 4)
    assert sparse.coo_array((Variable(DATA), (ROWS, COLUMNS)), dtype=np.float32).data.dtype == np.float32
    for call in (sparse.matmul, sparse.spsolve):            # lists, and numbers in the other order of bytes
        wanted = call(a, Variable(X)).data
        for y in (call(matrix(D), X.tolist()), call(a, Variable(X.astype(X.dtype.newbyteorder())))):
            np.testing.assert_allclose(y.data, wanted, 1e-12)
    np.testing.assert_allclose(sparse.matmul(X.tolist(), matrix(D)).data, X @ dense(DATA), 1e-12)
    single, x = ss.csr_array(dense(DATA).astype(np.float32)), Variable(X.astype(np.float32))
    assert sparse.matmul(single, x).dtype == np.float32 == sparse.spsolve(single, x).dtype


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: sparse.csr_array(Variable(B)), TypeError, "csr_array of a dense Variable"),
    (lambda: sparse.coo_array((D, (ROWS[1:], COLUMNS))), ValueError, "wanted three vectors of one length"),
    (lambda: sparse.coo_array((D, (ROWS, COLUMNS[1:]))), ValueError, "wanted three vectors of one length"),
    (lambda: sparse.coo_array((D.reshape(3, 3), (ROWS.reshape(3, 3),) * 2)), ValueError, "wanted three vectors of one length"),
    (lambda: matrix(D) @ matrix(D), TypeError, "wanted a sparse and a dense matrix"),
    (lambda: ss.eye_array(4) @ matrix(D), TypeError, "wanted a sparse and a dense matrix"),
    (lambda: sparse.matmul(matrix(D), ss.eye_array(4)), TypeError, "wanted a sparse and a dense matrix"),
    (lambda: sparse.matmul(ss.csr_array(np.eye(4)), Variable(np.ones((4, 2, 1)))), ValueError, "do not fit"),
    (lambda: sparse.matmul(B, Variable(B)), TypeError, "wanted a sparse and a dense matrix"),
    (lambda: matrix(D) @ B[:3], ValueError, "do not fit"),
    (lambda: sparse.matmul(B, matrix(D)), ValueError, "do not fit"),
    (lambda: sparse.spsolve(matrix(D), X[:3]), ValueError, "do not fit"),
    (lambda: sparse.spsolve(matrix(D), np.ones((4, 2, 1))), ValueError, "do not fit"),
    (lambda: sparse.spsolve(matrix(D, shape=(4, 5)), X), LinAlgError, "wanted a square one"),
    (lambda: sparse.spsolve(matrix(Variable(0 * DATA)), X), LinAlgError, "spsolve: Factor is exactly singular"),
    (lambda: sparse.spsolve(matrix(D), ss.csr_array(B)), TypeError, "a sparse right side"),
    (lambda: sparse.spsolve(ss.csr_array(dense(DATA)), Variable(X), "NATURAL"), TypeError, "permc_spec"),
    (lambda: sparse.matmul(ss.coo_array(X), Variable(X)), ValueError, "wanted a matrix"),
])
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
