"""Linear algebra against NumPy, differences and closed forms; what is singular, and what is equal."""
import subprocess
import sys

import numpy as np
import pytest
from dezero import Variable, grad, hessian
from dezero.testing import check_grads
from dezero_numpy import linalg
from numpy.linalg import LinAlgError


@pytest.fixture(autouse=True)
def seeded():
    """The same numbers for a test, whatever runs before."""
    global rng
    rng = np.random.default_rng(11)


def array(*shape):
    return rng.uniform(-1, 1, shape)


def definite(*shape):
    a = array(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])


def check(f, *xs, order=2):
    """Compare values with NumPy's and derivatives with differences."""
    y, wanted = f(*map(Variable, xs)), np.asarray(f(*xs))
    assert isinstance(y, Variable) and y.shape == wanted.shape
    np.testing.assert_allclose(y.data, wanted, rtol=1e-10, atol=1e-12)
    check_grads(f, xs, order)


def gradient(f, x):
    return grad(f)(np.asarray(x, float))


@pytest.fixture(params=[True, False], ids=["SciPy", "NumPy"])
def scipy(request, monkeypatch):
    """With SciPy and as if there were none."""
    if request.param:
        pytest.importorskip("scipy.linalg")
    else:
        monkeypatch.setattr(linalg, "lapack", lambda: None)
    return request.param


# -- equations, inverses, determinants

@pytest.mark.parametrize("char", ["d", "f"])
@pytest.mark.parametrize("of_b", [(3,), (3, 2)], ids=str)
def test_solve(scipy, char, of_b):
    a, b = (array(3, 3) + 3 * np.eye(3)).astype(char), array(*of_b).astype(char)
    x, z = Variable(a), Variable(b)
    y = np.linalg.solve(x, z)
    y.backward()
    assert y.dtype == x.grad.dtype == z.grad.dtype == char
    wanted = np.linalg.solve(a.T, np.ones(of_b, char))
    rtol = 1e-12 if char == "d" else 1e-4
    np.testing.assert_allclose(z.grad, wanted, rtol)
    np.testing.assert_allclose(x.grad, -np.reshape(wanted, (3, -1)) @ np.reshape(y.data, (3, -1)).T, rtol)
    if char == "d":
        check(np.linalg.solve, a, b)
        check(np.linalg.solve, np.asfortranarray(a), b)


def test_solve_nothing(scipy):
    x = Variable(np.ones((0, 0)))
    np.linalg.solve(x, np.ones((0, 2))).backward()
    assert x.grad.shape == (0, 0)
    z = Variable(np.ones((2, 0)))
    np.linalg.solve(np.eye(2), z).backward()
    assert z.grad.shape == (2, 0)


def test_solve_a_singular_system(scipy):
    with pytest.raises(ValueError, match="Singular"):
        np.linalg.solve(Variable(np.ones((2, 2))), np.ones(2))


@pytest.mark.parametrize("a, b", [((2, 3), (2,)), ((2, 2), (3,)), ((2, 2), (3, 2)), ((2, 2), ())], ids=str)
def test_what_is_no_system(scipy, a, b):
    with pytest.raises(ValueError):
        np.linalg.solve(Variable(np.ones(a)), np.ones(b))


def test_what_is_solved_is_not_written_to(scipy):
    a, b = array(3, 3) + 3 * np.eye(3), array(3, 2)
    before = a.copy(), b.copy()
    y = np.linalg.solve(Variable(a), Variable(b))
    y.backward()
    y.backward()
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(b, before[1])


@pytest.mark.parametrize("a", [np.ones((2, 2)), np.diag([2.0, 3.0, 0.0]), np.diag([1.0, 0.0, 0.0]), np.zeros((2, 2)),
                               np.zeros((1, 1)), [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
                               1e-200 * np.eye(2), np.diag([1e-200, 1e-115]), np.zeros((0, 0))], ids=str)
def test_det_where_it_is_0(a):
    a = np.asarray(a, float)
    n = len(a)
    minors = [[np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) * (-1) ** (i + j) for j in range(n)] for i in range(n)]
    wanted, atol = np.reshape(minors, (n, n)), 1e-12 * np.abs(a).max(initial=0)
    np.testing.assert_allclose(gradient(np.linalg.det, a), wanted, 1e-9, atol)


def test_second_derivative_of_det_where_it_is_0():
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    wanted = np.zeros((2, 2, 2, 2))
    wanted[0, 0, 1, 1] = wanted[1, 1, 0, 0] = 1
    wanted[0, 1, 1, 0] = wanted[1, 0, 0, 1] = -1
    np.testing.assert_allclose(hessian(np.linalg.det)(a), wanted, atol=1e-12)
    np.testing.assert_allclose(hessian(np.linalg.det)(np.zeros((2, 2))), wanted, atol=1e-12)


def test_slogdet():
    x = Variable(-definite(3, 3))
    y = np.linalg.slogdet(x)
    assert type(y) is type(np.linalg.slogdet(np.eye(1))) and y.sign.data == -1
    y.logabsdet.backward()
    np.testing.assert_allclose(x.grad, np.linalg.inv(x.data).T)
    with pytest.raises(LinAlgError), np.errstate(divide="ignore"):
        np.linalg.slogdet(Variable(np.zeros((2, 2)))).logabsdet.backward()


def test_tensors():
    a, b = array(2, 3, 6) + np.reshape(3 * np.eye(6), (2, 3, 6)), array(2, 3)
    check(np.linalg.tensorsolve, a, b)
    check(lambda a, b: np.linalg.tensorsolve(a, b, axes=(0,)), np.moveaxis(np.reshape(a, (2, 3, 2, 3)), 2, 0).copy(), b)
    check(np.linalg.tensorinv, np.reshape(a, (2, 3, 3, 2)))
    check(lambda a: np.linalg.tensorinv(a, ind=1), np.reshape(a, (6, 2, 3)))


# -- factors

@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("n", [1, 3, 70])
def test_cholesky(n, upper):
    a, w = definite(n, n), array(n, n)
    g = gradient(lambda a: (w * np.linalg.cholesky(a, upper=upper)).sum(), a)
    np.testing.assert_array_equal(g, g.T)
    d = array(n, n)
    d = (d + d.T) / n
    f = lambda t: (w * np.linalg.cholesky(a + t * d, upper=upper)).sum()
    np.testing.assert_allclose((g * d).sum(), (f(1e-4) - f(-1e-4)) / 2e-4, rtol=1e-5)


def test_cholesky_of_what_is_not_definite():
    with pytest.raises(ValueError, match="positive definite"):
        np.linalg.cholesky(Variable(-np.eye(2)))


@pytest.mark.parametrize("shape", [(64, 64), (2, 129, 129)], ids=str)
def test_inverse_of_a_triangle(shape):
    a = np.tril(array(*shape)) / 10 + np.eye(shape[-1])
    np.testing.assert_allclose(linalg.inverse_of_lower(a), np.linalg.inv(a), atol=1e-12)


@pytest.mark.parametrize("with_blas", [True, False])
@pytest.mark.parametrize("shape, kind", [((3, 3), "d"), ((70, 70), "d"), ((3, 3), "f"), ((2, 3, 3), "d"), ((3, 3), "D"),
                                         ((0, 0), "d")], ids=str)
def test_what_stands_between_inverses_of_a_triangle(monkeypatch, shape, kind, with_blas):
    if not with_blas:
        monkeypatch.setattr(linalg, "blas", lambda: None)
    y, p = (np.tril(array(*shape)) / 10 + np.eye(shape[-1])).astype(kind), array(*shape).astype(kind)
    if kind == "D":
        y, p = y * (1 + 0.3j), p * (1 - 0.2j)
    inverse = np.linalg.inv(y)
    for given, triangle in ((p, y), (np.asfortranarray(p), np.asfortranarray(y))):
        found = linalg.between_inverses(given, triangle)
        np.testing.assert_allclose(found, np.swapaxes(inverse, -1, -2) @ p @ np.conj(inverse), atol=1e-5 if kind == "f" else 1e-12)
        assert found.dtype == y.dtype


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)], ids=str)
def test_qr(shape):
    check(lambda a: np.linalg.qr(a).Q, array(*shape))
    check(lambda a: np.linalg.qr(a).R, array(*shape))
    check(lambda a: np.matmul(*np.linalg.qr(a)), array(*shape))
    with pytest.raises(TypeError, match="mode"):
        np.linalg.qr(Variable(array(*shape)), mode="complete")


def test_qr_of_columns_of_different_sizes():
    check(lambda a: np.linalg.qr(a * np.array([1.0, 1e-12, 1e12])).Q, array(3, 3), order=1)


@pytest.mark.parametrize("a", [np.outer([1.0, 2, 3], [3.0, 1, 2]), np.ones((2, 3)), np.zeros((2, 2))], ids=str)
def test_qr_of_dependent_columns(a):
    with pytest.raises(LinAlgError, match="dependent"):
        gradient(lambda a: np.matmul(*np.linalg.qr(a))[0, 1], a)


# -- eigenvalues

@pytest.mark.parametrize("UPLO", ["L", "U"])
def test_functions_of_symmetric_matrices(UPLO):
    def exponential(a):
        w, v = np.linalg.eigh((a + a.T) / 2, UPLO)
        return v * np.exp(w) @ v.T
    check(exponential, array(3, 3))
    check(lambda a: np.linalg.eigvalsh((a + a.T) / 2, UPLO), array(3, 3))
    check(lambda a: np.linalg.eigh((a + a.T) / 2, UPLO).eigenvalues, array(3, 3))


REPEATED = [np.eye(3), np.diag([1.0, 1.0, 2.0]), np.zeros((2, 2))]


def rotated(a):
    q = np.linalg.qr(np.random.default_rng(1).normal(size=a.shape))[0]
    return q @ a @ q.T


@pytest.mark.parametrize("a", REPEATED + [rotated(a) for a in REPEATED], ids=str)
def test_equal_eigenvalues(a):
    f = lambda a: (np.linalg.eigvalsh(a) ** 3).sum()        # of what is well defined
    np.testing.assert_allclose(gradient(f, a), 3 * a @ a, atol=1e-12)
    f = lambda a: np.linalg.eigh(a).eigenvalues.sum()
    np.testing.assert_allclose(gradient(f, a), np.eye(len(a)), atol=1e-12)
    with pytest.raises(LinAlgError, match="are equal"):
        gradient(lambda a: np.linalg.eigh(a).eigenvectors[0, 0], a)
    with pytest.raises(LinAlgError, match="are equal"):
        hessian(lambda a: (np.linalg.eigvalsh(a) ** 2).sum())(a)


@pytest.mark.parametrize("f", [np.log, lambda w: w, np.square], ids=["log", "identity", "square"])
@pytest.mark.parametrize("a", [np.eye(2), np.zeros((2, 2)), rotated(np.diag([1.0, 1.0, 3.0]))], ids=str)
def test_a_function_of_a_matrix_is_never_silently_wrong(f, a):
    def element(a):                         # where f is 0 no gradient comes to the vectors, and yet they matter
        w, v = np.linalg.eigh(a)
        return (v * f(w) @ v.T)[0, 1]
    with pytest.raises(LinAlgError, match="are equal"), np.errstate(all="ignore"):
        gradient(element, a)


# -- singular values

@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 2, 3)], ids=str)
def test_svd(shape):
    def low(a):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return u * s[..., None, :] ** 2 @ vh
    check(low, array(*shape))
    check(np.linalg.svdvals, array(*shape))
    check(lambda a: np.linalg.svd(a, compute_uv=False), array(*shape))


def test_svd_gives_names():
    y = np.linalg.svd(Variable(array(3, 2)), full_matrices=False)
    assert y.U.shape == (3, 2) and y.S.shape == (2,) and y.Vh.shape == (2, 2)
    with pytest.raises(LinAlgError, match="full_matrices"):
        np.linalg.svd(Variable(array(3, 2)))
    with pytest.raises(TypeError, match="hermitian"):
        np.linalg.svd(Variable(array(3, 3)), hermitian=True)


def test_equal_singular_values():
    a = rotated(np.diag([2.0, 2.0, 1.0]))
    np.testing.assert_allclose(gradient(lambda a: (np.linalg.svdvals(a) ** 2).sum(), a), 2 * a, atol=1e-12)
    np.testing.assert_allclose(gradient(lambda a: np.linalg.norm(a, "nuc"), np.eye(3)), np.eye(3), atol=1e-12)
    with pytest.raises(LinAlgError, match="are equal"):
        gradient(lambda a: np.linalg.svd(a).U[0, 0], a)


def test_singular_values_of_0():
    u, v = array(4, 1), array(3, 1)
    g = gradient(lambda a: np.linalg.norm(a, "nuc"), u @ v.T)
    np.testing.assert_allclose(g, u @ v.T / np.linalg.norm(u) / np.linalg.norm(v), atol=1e-12)
    assert not gradient(lambda a: np.linalg.svdvals(a).sum(), np.zeros((3, 2))).any()
    with pytest.raises(LinAlgError, match="singular value is 0"):
        gradient(lambda a: np.linalg.svd(a, False).U[0, 1], np.array([[1.0, 0], [0, 0], [0, 0]]))
    with pytest.raises(LinAlgError, match="singular value is 0"):
        gradient(lambda a: np.linalg.svd(a, False).Vh[1, 0], np.array([[1.0, 0, 0], [0, 0, 0]]))
    with pytest.raises(LinAlgError, match="singular value is 0"):       # u s vᵀ is a, but the rules can't know
        gradient(lambda a: np.matmul(np.linalg.svd(a).U * np.linalg.svd(a).S, np.linalg.svd(a).Vh)[1, 1], np.diag([1.0, 0.0]))
    with pytest.raises(LinAlgError, match="singular value is 0"):
        hessian(lambda a: np.linalg.norm(a, "nuc"))(np.diag([1.0, 0.0]))


# -- pseudo-inverses

def test_pinv_of_less_than_full_rank():
    def f(b):                               # of rank 2 whatever b is
        return np.linalg.pinv(b @ left, rcond=1e-10)
    left = array(2, 4)
    check(f, array(5, 2))


def test_pinv_of_an_ill_conditioned_matrix():
    a = 1 / (np.arange(6)[:, None] + np.arange(1.0, 7))     # 1.5e7
    g = gradient(lambda a: np.linalg.pinv(a, rcond=1e-12).sum(), a)
    wanted = gradient(lambda a: np.linalg.inv(a).sum(), a)
    np.testing.assert_allclose(g, wanted, rtol=1e-6)


def test_pinv_of_what_is_cut_off():
    with pytest.raises(LinAlgError, match="rcond"):
        gradient(lambda a: np.linalg.pinv(a, 0.1)[0, 0], np.diag([1.0, 0.01]))


@pytest.mark.parametrize("shapes", [((5, 3), (5,)), ((5, 3), (5, 2)), ((3, 5), (3,)), ((3, 3), (3, 2))], ids=str)
def test_lstsq(shapes):
    a, b = (array(*shape) for shape in shapes)
    y, wanted = np.linalg.lstsq(Variable(a), Variable(b)), np.linalg.lstsq(a, b)
    for one, other in zip(y, wanted):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(getattr(one, "data", one), other, rtol=1e-10)
    for i in (0, 3) if len(a) <= a.shape[1] else (0, 1, 3):
        check_grads(lambda a, b: np.linalg.lstsq(a, b)[i], (a, b))


# -- norms

@pytest.mark.parametrize("ord", [None, 2, 1, 3, 2.5, 0.5, -1, -2, np.inf, -np.inf, 0])
def test_norms_of_vectors(ord):
    check(lambda x: np.linalg.norm(x, ord), array(4))
    check(lambda x: np.linalg.norm(x, ord, 0), array(3, 2))
    check(lambda x: np.linalg.norm(x, ord, axis=-1, keepdims=True), array(2, 3, 2))
    if ord is not None:
        check(lambda x: np.linalg.vector_norm(x, axis=(0, 2), ord=ord), array(2, 3, 2))
        check(lambda x: np.linalg.vector_norm(x, ord=ord), array(2, 3))


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_norms_of_matrices(ord):
    check(lambda x: np.linalg.norm(x, ord), array(3, 2))
    check(lambda x: np.linalg.norm(x, ord, axis=(2, 0)), array(2, 2, 3))
    check(lambda x: np.linalg.norm(x, ord, axis=(0, -1), keepdims=True), array(2, 2, 3))
    if ord is not None:
        check(lambda x: np.linalg.matrix_norm(x, ord=ord), array(2, 2, 3))
        check(lambda x: np.linalg.matrix_norm(x, ord=ord, keepdims=True), array(2, 3))


@pytest.mark.parametrize("ord", [None, 2, 1, 3, 0.5, np.inf, -np.inf, 0])
def test_norms_at_0(ord):
    assert gradient(lambda x: np.linalg.norm(x, ord), np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert not hessian(lambda x: np.linalg.norm(x))(np.zeros(3)).any()


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_norms_of_matrices_at_0(ord):
    assert not gradient(lambda x: np.linalg.norm(x, ord), np.zeros((3, 2))).any()


def test_the_greatest_share():
    assert gradient(lambda x: np.linalg.norm(x, np.inf), [2.0, -2.0, 1.0]).tolist() == [0.5, -0.5, 0.0]
    assert gradient(lambda x: np.linalg.norm(x, 1), np.eye(2)).tolist() == [[0.5, 0.0], [0.0, 0.5]]
    np.testing.assert_allclose(gradient(lambda x: np.linalg.norm(x, 2), np.eye(2)), np.eye(2) / 2)


def test_equal_values_share():
    for a in (np.eye(3), rotated(np.diag([2.0, 2.0, 2.0]))):
        np.testing.assert_allclose(gradient(lambda a: np.linalg.eigvalsh(a)[-1], a), np.eye(3) / 3, atol=1e-12)
        np.testing.assert_allclose(gradient(lambda a: np.linalg.svdvals(a)[0], a), np.eye(3) / 3, atol=1e-12)


@pytest.mark.parametrize("ord", [None, 1, 3, np.inf, -np.inf])
def test_nan_raises_no_flag(ord):
    gradient(lambda x: np.linalg.norm(x, ord), [1.0, np.nan])


def test_large_and_small_numbers():
    for scale in (1e-300, 1e300):
        with np.errstate(all="ignore"):
            g = gradient(lambda x: np.linalg.norm(x, np.inf), [scale, 0.0])
        assert g.tolist() == [1.0, 0.0]


def test_what_is_no_norm():
    x = Variable(array(2, 2, 2))
    for call in (lambda: np.linalg.norm(x, 2), lambda: np.linalg.norm(x, 3, (0, 1)), lambda: np.linalg.norm(x, "fro", 0),
                 lambda: np.linalg.norm(x, axis=(0, 0)), lambda: np.linalg.norm(x, axis=3)):
        with pytest.raises(ValueError):
            call()


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, np.inf, "fro", "nuc"])
def test_cond(p):
    check(lambda x: np.linalg.cond(x, p), array(3, 3) + 2 * np.eye(3))


def test_cond_of_singular_matrices():
    assert np.linalg.cond(Variable(np.zeros((2, 2)))).data == np.inf
    assert np.linalg.cond(Variable(np.diag([1.0, 0.0]))).data == np.inf


def test_matrix_rank_is_constant():
    assert np.linalg.matrix_rank(Variable(np.ones((3, 3)))) == 1


# -- all of them

ALL = {
    "solve": lambda a: np.linalg.solve(a, a ** 2), "inv": np.linalg.inv, "det": np.linalg.det,
    "slogdet": lambda a: np.linalg.slogdet(a)[1], "cholesky": np.linalg.cholesky,
    "upper": lambda a: np.linalg.cholesky(a, upper=True), "q": lambda a: np.linalg.qr(a)[0], "r": lambda a: np.linalg.qr(a)[1],
    "w": np.linalg.eigvalsh, "v": lambda a: np.linalg.eigh(a)[1], "u": lambda a: np.linalg.svd(a)[0], "s": np.linalg.svdvals,
    "vh": lambda a: np.linalg.svd(a)[2], "pinv": np.linalg.pinv, "lstsq": lambda a: np.linalg.lstsq(a, a[0] ** 2)[0],
    "norm": np.linalg.norm, "norm 1": lambda a: np.linalg.norm(a, 1), "norm 2": lambda a: np.linalg.norm(a, 2),
    "norm nuc": lambda a: np.linalg.norm(a, "nuc"), "norm 3": lambda a: np.linalg.norm(a, 3, 0), "cond": np.linalg.cond,
    "power": lambda a: np.linalg.matrix_power(a, -2), "multi_dot": lambda a: np.linalg.multi_dot([a, a, a]),
    "trace": np.linalg.trace, "tensorsolve": lambda a: np.linalg.tensorsolve(a, a[0] ** 2),
    "tensorinv": lambda a: np.linalg.tensorinv(a, 1), "kron": lambda a: np.kron(a, a), "cross": lambda a: np.cross(a, a[0]),
    "einsum": lambda a: np.einsum("ij,jk,ki", a, a, a), "tensordot": lambda a: np.tensordot(a, a),
    "outer": lambda a: np.outer(a, a), "inner": lambda a: np.inner(a, a), "vdot": lambda a: np.vdot(a, a),
    "vecdot": lambda a: np.vecdot(a, a), "add.outer": lambda a: np.add.outer(a, a)}


@pytest.mark.parametrize("name", ALL)
def test_float32_stays(name):
    a = definite(3, 3)
    x, z = Variable(a.astype("f4")), Variable(a)
    y, wanted = ALL[name](x), ALL[name](z)
    y.backward(gradient=np.ones(y.shape, "f4"))
    wanted.backward(gradient=np.ones(y.shape))
    assert y.dtype == np.float32 and x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-3, atol=1e-3 * np.abs(z.grad).max())


@pytest.mark.parametrize("name", ["solve", "inv", "det", "slogdet", "cholesky", "q", "r", "w", "v", "norm", "norm nuc", "power",
                                  "trace", "pinv"])
def test_nothing(name):
    x = Variable(np.ones((0, 0)))
    y = ALL[name](x)
    np.testing.assert_array_equal(y.data, ALL[name](x.data))
    y.backward(gradient=np.ones(y.shape))
    assert x.grad.shape == (0, 0)


@pytest.mark.parametrize("name", ["inv", "det", "pinv", "norm", "power", "s", "cond"])
def test_integers(name):
    x, z = Variable(np.array([[2, 1], [1, 3]])), Variable(np.array([[2.0, 1], [1, 3]]))
    ALL[name](x).sum().backward()
    ALL[name](z).sum().backward()
    np.testing.assert_allclose(x.grad, z.grad)


def test_the_third_derivative():
    a = definite(2, 2)
    for f in (np.linalg.inv, np.linalg.det, lambda a: np.linalg.cholesky(a + a.T), lambda a: np.linalg.solve(a, a.T)):
        check_grads(f, (a,), order=3)


# -- SciPy

def test_scipy_is_imported_by_who_differentiates():
    code = ("import sys, numpy as np, dezero.functions as F; from dezero import Variable; x = Variable(2 * np.eye(2)); "
            "y = np.linalg.inv(x) @ x + np.linalg.cholesky(x); assert 'scipy' not in sys.modules; "
            "np.linalg.solve(x, x).sum().backward(); print('scipy' in sys.modules)")
    printed = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    pytest.importorskip("scipy")
    assert printed == "True\n"


def test_eigenvalues_are_near_by_their_own_size():
    """Those of a small matrix are not taken for equal, alone or beside a large one; nor are equal negative ones missed."""
    a = np.array([[2.0, 1.0, 0.0], [0.5, -1.0, 0.3], [0.1, 0.2, 0.5]])
    size = grad(lambda a: np.sum(np.abs(np.linalg.eigvals(a))))
    for small in (1e-20 * a, np.stack([1e-20 * a, a])):
        np.testing.assert_allclose(size(small).reshape(-1, 3, 3)[0], size(a), 1e-12)
    with pytest.raises(LinAlgError, match="are equal"):
        size(-np.diag([1.0, 1.0 + 2e-16]))
    assert size(np.zeros((2, 0, 0))).shape == (2, 0, 0)
