"""Linear algebra: values as SciPy's, gradients by finite differences, arguments that are refused."""
import numpy as np
import pytest
import scipy.linalg as sl
from dezero import Variable, grad
from dezero_scipy import linalg
from scipy.linalg import LinAlgError

rng = np.random.default_rng(0)
A, B, V = rng.normal(size=(3, 3, 3))
W, N = rng.normal(size=3), rng.normal(size=(4, 3))


def definite(a):
    return a @ a.T + np.eye(3)


CALLS = {
    # name: calls of a module, ours or SciPy's, and a matrix
    "solve": [lambda m, a: m.solve(a, W), lambda m, a: m.solve(a, B, transposed=True),
              lambda m, a: m.solve(definite(a), W, assume_a="pos"), lambda m, a: m.solve(A, a)],
    "solve_triangular": [lambda m, a: m.solve_triangular(a, W), lambda m, a: m.solve_triangular(a, B, trans=1, lower=True),
                         lambda m, a: m.solve_triangular(a, W, unit_diagonal=True), lambda m, a: m.solve_triangular(A, a, "T")],
    "solve_banded": [lambda m, a: m.solve_banded((1, 1), a, W), lambda m, a: m.solve_banded((0, 2), a, B),
                     lambda m, a: m.solve_banded((1, 1), A, a)],
    "solve_sylvester": [lambda m, a: m.solve_sylvester(a, B, V), lambda m, a: m.solve_sylvester(A, a, V),
                        lambda m, a: m.solve_sylvester(A, B, a)],
    "solve_continuous_lyapunov": [lambda m, a: m.solve_continuous_lyapunov(a, V), lambda m, a: m.solve_continuous_lyapunov(A, a)],
    "cholesky": [lambda m, a: m.cholesky(definite(a)), lambda m, a: m.cholesky(definite(a), lower=True)],
    "cho_solve": [lambda m, a: m.cho_solve(m.cho_factor(definite(a)), W),
                  lambda m, a: m.cho_solve(m.cho_factor(definite(a), True), B), lambda m, a: m.cho_solve((A, True), a)],
    "lu_factor": [lambda m, a: m.lu_factor(a)[0], lambda m, a: m.lu_factor(a[::-1])[0]],
    "lu_solve": [lambda m, a: m.lu_solve(m.lu_factor(a), W), lambda m, a: m.lu_solve(m.lu_factor(a), B, trans=1),
                 lambda m, a: m.lu_solve(m.lu_factor(A), a)],
    "lu": [lambda m, a: m.lu(a)[1], lambda m, a: m.lu(a)[2], lambda m, a: m.lu(a, permute_l=True)[0]],
    **{name: [lambda m, a, name=name: getattr(m, name)(a / 3)] for name in "expm sinm cosm tanm sinhm coshm tanhm".split()},
    "sqrtm": [lambda m, a: m.sqrtm(definite(a) + a / 9)],
    "logm": [lambda m, a: m.logm(definite(a) + a / 9), lambda m, a: m.logm(np.eye(3) + a / 9)],
    "inv": [lambda m, a: m.inv(a)], "det": [lambda m, a: m.det(a)], "pinv": [lambda m, a: m.pinv(a), lambda m, a: m.pinv(a[:2])],
    "norm": [lambda m, a: m.norm(a), lambda m, a: m.norm(a, 1), lambda m, a: m.norm(a, axis=1, keepdims=True)],
    "eigh": [lambda m, a: m.eigh(definite(a))[0], lambda m, a: m.eigh(definite(a), lower=False)[1] ** 2,
             lambda m, a: m.eigh(definite(a), eigvals_only=True)],
    "eigvalsh": [lambda m, a: m.eigvalsh(definite(a)), lambda m, a: m.eigvalsh(definite(a), lower=False)],
    "svd": [lambda m, a: m.svd(a)[1], lambda m, a: m.svd(a, compute_uv=False),
            lambda m, a: m.svd(a[:2], full_matrices=False)[0] ** 2],
    "svdvals": [lambda m, a: m.svdvals(a)],
    "qr": [lambda m, a: m.qr(a)[0], lambda m, a: m.qr(a[:, :2], mode="economic")[1], lambda m, a: m.qr(a, mode="r")[0]],
    "toeplitz": [lambda m, a: m.toeplitz(a[0]), lambda m, a: m.toeplitz(a[0], a[1])],
    "hankel": [lambda m, a: m.hankel(a[0]), lambda m, a: m.hankel(a[0], a[0][::-1])],
    "circulant": [lambda m, a: m.circulant(a[0])],
    "block_diag": [lambda m, a: m.block_diag(a, a[0], 2.0 * a[:2])],
}


@pytest.mark.parametrize(("name", "i"), [(name, i) for name in CALLS for i in range(len(CALLS[name]))])
def test_as_scipy(name, i):
    call = CALLS[name][i]
    y = call(linalg, Variable(A))
    np.testing.assert_allclose(y.data, call(sl, A), 1e-9, 1e-12)
    assert not isinstance(call(linalg, A), Variable)
    weights = np.random.default_rng(1).normal(size=y.shape)
    f = lambda a: np.sum(call(linalg, a) * weights)
    g = grad(f)(A)
    for index in np.ndindex(A.shape):
        step = np.zeros_like(A)
        step[index] = 1e-5
        slope = (f(A - 2 * step) - 8 * f(A - step) + 8 * f(A + step) - f(A + 2 * step)) / 12e-5
        assert g[index] == pytest.approx(slope, 1e-6, 1e-7)


def test_each_function_is_called():
    ours = {name for name in vars(linalg) if name[0] != "_" and hasattr(sl, name) and name != "LinAlgError"}
    assert ours - {"cho_factor"} == set(CALLS)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("kind", ["pos", "sym", "her", "positive definite", "symmetric", "hermitian"])
def test_what_is_taken_for_symmetric(kind, lower):
    """One triangle is read, and the gradient is that of the whole matrix, half of it on either side."""
    whole = definite(A)
    half = np.where(np.tri(3, dtype=bool) if lower else np.tri(3, dtype=bool).T, whole, 7.0)
    for b in (W, B):
        f = lambda m, a, b: m.solve(a, b, lower=lower, assume_a=kind)  # noqa: B023
        np.testing.assert_allclose(f(linalg, Variable(half), b).data, f(sl, half, b), 1e-12)
        of = lambda a, b: np.sum(np.cos(f(linalg, a, b)))               # noqa: B023
        plain = lambda a, b: np.sum(np.cos(linalg.solve((a + a.T) / 2, b)))
        np.testing.assert_allclose(grad(of)(half, b), grad(plain)(whole, b), 1e-9)
        np.testing.assert_allclose(grad(of, 1)(half, b), grad(plain, 1)(whole, b), 1e-9)
        along = lambda b, f, a: np.sum(grad(lambda b: f(a, b))(b) * b)  # noqa: B023
        np.testing.assert_allclose(grad(lambda b: along(b, of, half))(b), grad(lambda b: along(b, plain, whole))(b), 1e-9)


def test_factors_of_scipy_do():
    np.testing.assert_allclose(linalg.cho_solve(sl.cho_factor(definite(A)), W), np.linalg.solve(definite(A), W))
    np.testing.assert_allclose(linalg.lu_solve(sl.lu_factor(A), W), np.linalg.solve(A, W))
    assert type(linalg.lu_factor(Variable(A))[1]) is np.ndarray


X = Variable(A)


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: linalg.solve(X, W, assume_a="banded"), ValueError, "assume_a='banded' has no gradient here"),
    (lambda: linalg.solve(X, W, overwrite_a=True), TypeError, "overwrite_a"),
    (lambda: linalg.eigh(X, b=X), TypeError, "'b'"),
    (lambda: linalg.svd(X, lapack_driver="gesvd"), TypeError, "lapack_driver"),
    (lambda: linalg.qr(X, pivoting=True), TypeError, "pivoting"),
    (lambda: linalg.qr(X, mode="raw"), ValueError, "mode='raw'"),
    (lambda: linalg.qr(Variable(N)), LinAlgError, "mode='economic'"),
    (lambda: linalg.sqrtm(Variable(-np.eye(2))), LinAlgError, "complex"),
    (lambda: linalg.logm(Variable(-np.eye(2))), LinAlgError, "logm: .*complex"),
    (lambda: linalg.solve(Variable(np.zeros((2, 2))), W[:2]), LinAlgError, "singular"),
    (lambda: linalg.cholesky(Variable(-np.eye(2))), LinAlgError, "positive definite"),
    (lambda: linalg.lu(Variable(N)), LinAlgError, "wanted a square one"),
])
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
