"""Linear algebra: values, slopes and curvatures as SciPy's, of real and complex matrices and of stacks; what is refused."""
import inspect

import numpy as np
import pytest
import scipy.linalg as sl
from dezero import Variable, grad, rule
from dezero_scipy import linalg
from differences import slopes
from scipy.linalg import LinAlgError

A = np.random.default_rng(0).normal(size=(3, 3))
N = np.random.default_rng(1).normal(size=(4, 3))
W, B = N[0], N[1:, :2]


def T(a):
    return np.swapaxes(a, -1, -2)


def H(a):
    return np.conj(T(a))


def regular(a):
    return a + 4 * np.eye(a.shape[-1])


def hermitian(a):
    return regular(a + H(a))


def definite(a):
    return a @ H(a) + np.eye(a.shape[-1])


def size(a):
    """Return |a|², which no factor of size 1 changes."""
    return np.real(a * np.conj(a))


def right(a):
    """Return a with the eigenvalues near 3, and small parts beside."""
    return a / 9 + np.diag([3.0, 2.5, 2.0])


S, V, M, STACK = (3, 3), (3,), (3, 2), (2, 3, 3)

CALLS = {
    # name: (a call of a module, ours or SciPy's; the shapes of its operands; their types, where not all real and all complex)
    "solve": [
        *[(lambda m, a, b: m.solve(regular(a), b), shapes, "dd DD dD Dd")
          for shapes in ((S, V), (S, M), (STACK, V), (STACK, M), (S, (2, 3, 1)), ((2, 1, 3, 3), (2, 3, 1)))],
        (lambda m, a, b: m.solve(regular(a), b, transposed=True), (S, M), "dd"),
        (lambda m, a, b: m.solve(regular(a), b, transposed=True, assume_a="lower triangular"), (S, V), "dd"),
        (lambda m, a, b: m.solve(regular(a + T(a)), b, assume_a="sym", transposed=True), (S, V), "dd"),
        *[(lambda m, a, b, name=name: m.solve(regular(a), b, assume_a=name), (S, M))
          for name in ("gen", "general", "upper triangular", "lower triangular", "diagonal", "tridiagonal", "banded")],
        (lambda m, a, b: m.solve(regular(a + T(a)), b, True, assume_a="sym"), (S, M)),
        (lambda m, a, b: m.solve(regular(a + T(a)), b, assume_a="symmetric"), (STACK, V)),
        *[(lambda m, a, b, name=name, lower=lower: m.solve(definite(a), b, lower, assume_a=name), (shape, V))
          for name, lower, shape in (("her", False, S), ("hermitian", True, STACK), ("pos", True, S),
                                     ("positive definite", False, S))],
    ],
    "solve_triangular": [
        *[(lambda m, a, b: m.solve_triangular(regular(a), b), shapes, "dd DD dD Dd")
          for shapes in ((S, V), (STACK, M), (S, (2, 3, 1)))],
        *[(lambda m, a, b, trans=trans, lower=lower, unit=unit: m.solve_triangular(regular(a), b, trans, lower, unit), (S, M))
          for trans in (0, "N", 1, "T", 2, "C") for lower, unit in ((False, False), (True, False), (True, True))],
        (lambda m, a, b: m.solve_triangular(regular(a), b, "C", unit_diagonal=True), (STACK, V), "DD dD"),
    ],
    "solve_banded": [
        *[(lambda m, a, b: m.solve_banded((1, 1), a + np.array([[0], [4], [0]]), b), shapes, "dd DD dD Dd")
          for shapes in (((3, 4), (4,)), ((3, 4), (4, 2)), ((2, 3, 4), (4,)), ((3, 4), (2, 4, 1)))],
        (lambda m, a, b: m.solve_banded((0, 2), a + np.array([[0], [0], [4]]), b), (S, M)),
        (lambda m, a, b: m.solve_banded([2, 0], a + np.array([[4], [0], [0]]), b), (S, V)),
    ],
    "solve_sylvester": [
        (lambda m, a, b, q: m.solve_sylvester(regular(a), b, q), (S, (2, 2), M)),
        (lambda m, a, b, q: m.solve_sylvester(regular(a), b, q), (STACK, (2, 2), M)),
    ],
    "solve_continuous_lyapunov": [(lambda m, a, q: m.solve_continuous_lyapunov(regular(a), q), (S, S)),
                                  (lambda m, a, q: m.solve_continuous_lyapunov(regular(a), q), (STACK, S), "dd DD")],
    "cholesky": [(lambda m, a: m.cholesky(definite(a)), (S,)), (lambda m, a: m.cholesky(definite(a), lower=True), (STACK,)),
                 (lambda m, a: m.cholesky(definite(a), True), (S,))],
    "cho_factor": [(lambda m, a: np.triu(m.cho_factor(definite(a))[0]), (S,)),
                   (lambda m, a: np.tril(m.cho_factor(definite(a), True)[0]), (S,))],
    "cho_solve": [(lambda m, a, b: m.cho_solve(m.cho_factor(definite(a)), b), (S, V), "dd DD dD Dd"),
                  (lambda m, a, b: m.cho_solve((m.cholesky(definite(a), True), True), b), (STACK, M)),
                  *[(lambda m, a, b, lower=lower: m.cho_solve((regular(a), lower), b), (S, M)) for lower in (False, True)]],
    "lu_factor": [(lambda m, a: m.lu_factor(a)[0], (shape,)) for shape in (S, STACK, (4, 3), (2, 3), (2, 2, 3))],
    "lu_solve": [
        *[(lambda m, a, b, trans=trans: m.lu_solve(m.lu_factor(a), b, trans), (S, V), "dd DD dD Dd") for trans in (0, 1, 2)],
        *[(lambda m, a, b: m.lu_solve(m.lu_factor(a), b), shapes) for shapes in ((STACK, M), (S, (2, 3, 1)))],
        (lambda m, a, b: m.lu_solve(m.lu_factor(a), b, trans=2), (STACK, V)),
    ],
    "lu": [
        *[(lambda m, a: m.lu(a)[1:], (shape,)) for shape in (S, STACK, (4, 3), (2, 3))],
        *[(lambda m, a: m.lu(a, permute_l=True), (shape,)) for shape in (STACK, (4, 3))],
        *[(lambda m, a: m.lu(a, p_indices=True)[1:], (shape,)) for shape in (S, (2, 4, 3))],
    ],
    **{name: [(lambda m, a, name=name: getattr(m, name)(a / 3), (shape,)) for shape in (S, STACK)]
       for name in "expm sinm cosm tanm sinhm coshm tanhm".split()},
    **{name: [(lambda m, a, name=name: getattr(m, name)(right(a)), (shape,)) for shape in (S, STACK)]
       for name in ("logm", "sqrtm")},
    "inv": [
        *[(lambda m, a: m.inv(regular(a)), (shape,)) for shape in (S, STACK)],
        *[(lambda m, a, name=name: m.inv(regular(a), assume_a=name), (S,))
          for name in ("gen", "general", "upper triangular", "lower triangular")],
        (lambda m, a: m.inv(np.triu(np.tril(regular(a))), assume_a="diagonal"), (S,)),
        (lambda m, a: m.inv(regular(a + T(a)), assume_a="sym", lower=True), (S,)),
        *[(lambda m, a, name=name: m.inv(definite(a), assume_a=name), (shape,)) for name, shape in (("her", S), ("pos", STACK))],
    ],
    "det": [(lambda m, a: m.det(a), (shape,)) for shape in (S, STACK, (1, 1))],
    "pinv": [*[(lambda m, a: m.pinv(a), (shape,)) for shape in (S, (3, 2), (2, 3), (2, 3, 2))],
             (lambda m, a: m.pinv(a, rtol=1e-9), (M,))],
    "norm": [
        *[(lambda m, a: m.norm(a), (shape,)) for shape in (V, S, STACK)],
        *[(lambda m, a, ord=ord: m.norm(a, ord), (V,)) for ord in (1, 2, 3, 0.5, np.inf, -np.inf)],
        *[(lambda m, a, ord=ord: m.norm(a, ord), (S,)) for ord in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)],
        *[(lambda m, a, axis=axis: m.norm(a, axis=axis, keepdims=True), (STACK,)) for axis in (1, (0, 2))],
        (lambda m, a: m.norm(regular(a), 1, (1, 2)), (STACK,)), (lambda m, a: m.norm(a, keepdims=True), (V,)),
    ],
    "eigh": [
        (lambda m, a: size(m.eigh(hermitian(a))[1]), (S,)),
        (lambda m, a: (m.eigh(hermitian(a), lower=False)[0], size(m.eigh(hermitian(a), lower=False)[1])), (STACK,)),
        (lambda m, a: m.eigh(hermitian(a), eigvals_only=True), (S,)),
    ],
    "eigvalsh": [(lambda m, a: m.eigvalsh(hermitian(a)), (S,)), (lambda m, a: m.eigvalsh(hermitian(a), lower=False), (STACK,))],
    "svd": [
        (lambda m, a: m.svd(a), (S,), "d"), (lambda m, a: m.svd(a, full_matrices=False), (M,), "d"),
        (lambda m, a: size(m.svd(a)[0]), (STACK,)), (lambda m, a: size(m.svd(a, False)[2]), ((2, 3),)),
        (lambda m, a: m.svd(a, compute_uv=False), (M,)),
    ],
    "svdvals": [(lambda m, a: m.svdvals(a), (shape,)) for shape in (M, STACK)],
    "qr": [
        *[(lambda m, a: m.qr(a), (shape,)) for shape in (S, (2, 3), STACK)],
        *[(lambda m, a, mode=mode: m.qr(a, mode=mode), (shape,))
          for mode in ("economic", "r") for shape in ((4, 3), (2, 3), (2, 4, 3))],
    ],
    "toeplitz": [*[(lambda m, c: m.toeplitz(c), (shape,)) for shape in (V, (2, 3), ())],
                 *[(lambda m, c, r: m.toeplitz(c, r), shapes) for shapes in ((V, (4,)), ((2, 3), (4,)), ((2, 1, 3), (2, 2)))]],
    "hankel": [(lambda m, c: m.hankel(c), (V,)), (lambda m, c, r: m.hankel(c, r), (V, (4,)), "dd DD dD Dd")],
    "circulant": [(lambda m, c: m.circulant(c), (shape,)) for shape in (V, (2, 3), ())],
    "block_diag": [(lambda m, a, b: m.block_diag(a, b), shapes, "dd DD dD")
                   for shapes in ((S, V), (M, ()), (STACK, (1, 2)), ((), (0, 2)))],
}


def parts(y):
    return y if isinstance(y, (tuple, list)) else (y,)


def check(where, call, shapes, types):
    rng = np.random.default_rng(2)

    def random(shape, dtype):
        x = rng.normal(size=shape)
        return np.array(x + 1j * rng.normal(size=shape) if dtype == "D" else x)
    xs, ways = [[random(*pair) for pair in zip(shapes, types)] for _ in range(2)]
    wanted, given, ours = [parts(call(m, *args)) for m, args in ((sl, xs), (linalg, xs), (linalg, map(Variable, xs)))]
    for a, b, c in zip(wanted, given, ours, strict=True):
        np.testing.assert_array_equal(a, b, where)
        np.testing.assert_allclose(c.data, a, 1e-9, 1e-12, err_msg=where)
        assert c.dtype == np.asarray(a).dtype and isinstance(c, Variable) and not isinstance(b, Variable), where
    weights = [random(np.shape(y), np.asarray(y).dtype.char) for y in wanted]

    def along(module):
        def f(t):
            ys = parts(call(module, *[x + t * way for x, way in zip(xs, ways)]))
            return sum([np.sum(np.real(w * y)) for w, y in zip(weights, ys)])
        return f
    f, slope, h = along(sl), grad(along(linalg)), 2.0 ** -10
    a, b, c, d, e = [f(i * h) for i in (-2, -1, 0, 1, 2)]
    assert slope(0.0) == pytest.approx((a - 8 * b + 8 * d - e) / (12 * h), 1e-7, 1e-7), where
    assert grad(slope)(0.0) == pytest.approx((-a + 16 * b - 30 * c + 16 * d - e) / (12 * h * h), 1e-5, 1e-5), where


@pytest.mark.parametrize("name", CALLS)
def test_as_scipy(name):
    for i, (call, shapes, *given) in enumerate(CALLS[name]):
        for types in given[0].split() if given else ("d" * len(shapes), "D" * len(shapes)):
            check(f"{name}, call {i}, of {types}", call, shapes, types)


def test_each_function_is_called():
    ours = {name for name in vars(linalg) if name[0] != "_" and hasattr(sl, name) and name != "LinAlgError"}
    assert ours == set(CALLS)


def test_eigenvectors_have_the_factors_of_scipy():
    rng = np.random.default_rng(3)
    for a in (rng.normal(size=(2, 4, 4)), rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))):
        a = hermitian(a)
        np.testing.assert_allclose(linalg.eigh(Variable(a))[1].data, sl.eigh(a)[1], 1e-9, 1e-12)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("kind", ["pos", "sym", "her", "positive definite", "symmetric", "hermitian"])
def test_what_is_taken_for_symmetric(kind, lower):
    """One triangle is read, and the gradient is that of the whole matrix, half of it on either side."""
    whole = definite(A)
    half = np.where(np.tri(3, dtype=bool) if lower else np.tri(3, dtype=bool).T, whole, 7.0)
    for b in (A[0], A + 1):
        f = lambda m, a, b: m.solve(a, b, lower=lower, assume_a=kind)  # noqa: B023
        np.testing.assert_allclose(f(linalg, Variable(half), b).data, f(sl, half, b), 1e-12)
        of = lambda a, b: np.sum(np.cos(f(linalg, a, b)))               # noqa: B023
        plain = lambda a, b: np.sum(np.cos(linalg.solve((a + a.T) / 2, b)))
        np.testing.assert_allclose(grad(of)(half, b), grad(plain)(whole, b), 1e-9)
        np.testing.assert_allclose(grad(of, 1)(half, b), grad(plain, 1)(whole, b), 1e-9)
        along = lambda b, f, a: np.sum(grad(lambda b: f(a, b))(b) * b)  # noqa: B023
        np.testing.assert_allclose(grad(lambda b: along(b, of, half))(b), grad(lambda b: along(b, plain, whole))(b), 1e-9)


def test_in_a_rule_of_second_order():
    @rule(lambda a: np.asarray(np.trace(a @ a @ a) / 3))
    def cubes(gy, y, a):
        w, v = linalg.eigh(a)
        return gy * (v * w ** 2) @ v.T
    a = A + A.T
    along = grad(lambda a: np.sum(grad(cubes)(a) * a))(a)
    np.testing.assert_allclose(along, 3 * a @ a, 1e-9)


def test_the_gradient_of_a_length_of_0():
    for call in (lambda a: linalg.norm(a), lambda a: np.sum(linalg.norm(a, axis=-1)), lambda a: np.sum(linalg.norm(a, 2, axis=-1))):
        a = np.array([[0.0, 0.0], [3.0, 4.0]])
        np.testing.assert_array_equal(grad(call)(0 * a), 0 * a)
        np.testing.assert_allclose(grad(call)(a), [[0.0, 0.0], [0.6, 0.8]])


@pytest.mark.parametrize("lower", [False, True])
def test_the_gradient_of_cholesky_is_symmetric(lower):
    f = lambda a: np.sum(np.cos(linalg.cholesky(a, lower)) * A)
    g, step = grad(f)(definite(A)), 1e-5 * (A + A.T)
    np.testing.assert_allclose(g, g.T, 1e-12)
    assert np.sum(g * step) == pytest.approx((f(definite(A) + step) - f(definite(A) - step)) / 2, 1e-8)


def test_rows_that_go_around():
    """An order of rows that is not its own inverse."""
    a = np.roll(np.diag([4.0, 5.0, 6.0, 7.0]), 1, 0) + np.random.default_rng(2).normal(size=(4, 4)) / 5
    order = linalg.order_of(sl.lu_factor(a)[1], 4)
    assert not np.array_equal(order, np.argsort(order))
    b, weights = np.arange(1.0, 5.0), np.cos(np.arange(16.0)).reshape(4, 4)
    for f in (lambda m, a: m.lu_factor(a)[0], lambda m, a: m.lu(a, permute_l=True)[0], lambda m, a: m.lu_solve(m.lu_factor(a), b),
              lambda m, a: m.lu_solve(m.lu_factor(a), b, 1)):
        np.testing.assert_allclose(f(linalg, Variable(a)).data, f(sl, a), 1e-12, 1e-13)
        number = lambda a: np.sum(f(linalg, a) * weights)   # noqa: B023
        np.testing.assert_allclose(grad(number)(a), slopes(number, a), 1e-7, 1e-9)


def test_factors_of_scipy_do():
    w = A[0]
    np.testing.assert_allclose(linalg.cho_solve(sl.cho_factor(definite(A)), w), np.linalg.solve(definite(A), w))
    np.testing.assert_allclose(linalg.lu_solve(sl.lu_factor(A), w), np.linalg.solve(A, w))
    assert type(linalg.lu_factor(Variable(A))[1]) is np.ndarray


@pytest.mark.parametrize("given", ["dD", "Dd"])
def test_real_and_complex_matrices_together(given):
    """SciPy 1.17 takes the blocks of two rows that a real matrix of complex eigenvalues has for triangles."""
    a, q = [x * (1 + 1j) if dtype == "D" else x for x, dtype in zip(np.random.default_rng(4).normal(size=(2, 3, 3)), given)]
    for y in (linalg.solve_continuous_lyapunov(a, q), linalg.solve_continuous_lyapunov(Variable(a), Variable(q)).data):
        np.testing.assert_allclose(a @ y + y @ H(a), q, atol=1e-12)
    for y in (linalg.solve_sylvester(a, q + 9.0, q), linalg.solve_sylvester(a, Variable(q + 9.0), q).data):
        np.testing.assert_allclose(a @ y + y @ (q + 9.0), q, atol=1e-12)


def test_arguments_as_scipy_has_them():
    x, w = Variable(definite(A)), A[0]
    y = linalg.solve(x, w, True, True, True, False, "pos")
    np.testing.assert_allclose(y.data, sl.solve(x.data, w, True, False, False, False, "pos"))
    np.testing.assert_allclose(linalg.cho_solve(linalg.cho_factor(x, check_finite=False), w, True).data, y.data)
    np.testing.assert_allclose(linalg.expm(A=x).data, sl.expm(x.data))
    np.testing.assert_allclose(linalg.solve([[x[0, 0], 1.0], [0.0, 2.0]], [1.0, 2.0]).data, [0.0, 1.0])


def test_the_ends_of_the_floating_numbers():
    tiny = Variable(np.array([3e-200, 4e-200]))
    assert linalg.norm(tiny) == sl.norm(tiny.data) == 5e-200
    np.testing.assert_allclose(grad(linalg.norm)(np.array([3e200, 4e200])), [0.6, 0.8])
    np.testing.assert_array_equal(grad(linalg.norm)(np.zeros(2)), 0)
    large = Variable(np.diag([1e38, 1e38]).astype(np.float32))
    assert linalg.det(large).dtype == float and linalg.det(large).item() == pytest.approx(sl.det(large.data))


def test_empty_matrices():
    x = Variable(np.ones((0, 0)))
    for y in (linalg.solve(x, np.ones(0)), linalg.solve_triangular(x, np.ones((0, 2))), linalg.lu_factor(x)[0], linalg.inv(x),
              linalg.expm(x), linalg.cholesky(x), linalg.det(x)):
        np.sum(y).backward()
    assert x.grad.shape == (0, 0)


SUPPORTED = {"solve": "lower assume_a transposed", "solve_triangular": "trans lower unit_diagonal", "cholesky": "lower",
             "cho_factor": "lower", "lu_solve": "trans", "lu": "permute_l p_indices", "inv": "assume_a lower", "pinv": "rtol",
             "norm": "ord axis keepdims", "eigh": "lower eigvals_only", "eigvalsh": "lower", "svd": "full_matrices compute_uv",
             "qr": "mode", "toeplitz": "r", "hankel": "r"}
"""The arguments with a default that are there with Variables; `test_as_scipy` calls with each."""


@pytest.mark.parametrize("name", CALLS)
def test_an_argument_that_is_not_there_is_refused(name):
    parameters = inspect.signature(getattr(sl, name)).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    known = {*SUPPORTED.get(name, "").split(), *linalg.FOR_SPEED}
    for p in parameters:
        if p.default is not p.empty and p.name not in known:
            with pytest.raises(TypeError, match=f"'{p.name}'"):
                getattr(linalg, name)(*[Variable(A)] * len(needed), **{p.name: "other"})


X = Variable(A)
CUT = Variable(np.diag([1.0, -1.0]))


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: linalg.solve(X, A, assume_a="round"), ValueError, "round is not a recognized matrix structure"),
    (lambda: linalg.solve(X * 1j, A, transposed=True), NotImplementedError, "complex matrices"),
    (lambda: linalg.solve(X[:1, :1], A[0]), ValueError, r"a of shape \(1, 1\) and b of \(3,\) rows"),
    (lambda: linalg.solve_triangular(X, A, "H"), ValueError, "trans='H', wanted 0, 1, 2, 'N', 'T' or 'C'"),
    (lambda: linalg.lu_solve(linalg.lu_factor(X), A, 3), ValueError, "trans=3"),
    (lambda: linalg.qr(X, mode="raw"), ValueError, "mode='raw'"),
    (lambda: linalg.qr(Variable(N)), LinAlgError, "mode='economic'"),
    (lambda: linalg.svd(Variable(N)), LinAlgError, "full_matrices=False"),
    (lambda: linalg.sqrtm(Variable(-np.eye(2))), LinAlgError, "complex"),
    (lambda: linalg.logm(Variable(-np.eye(2))), LinAlgError, "logm: .*complex"),
    (lambda: linalg.logm(CUT * (1 + 0j)), LinAlgError, "an eigenvalue is 0 or negative"),
    (lambda: linalg.sqrtm(CUT * (1 + 1e-12j)), LinAlgError, "an eigenvalue is 0 or negative"),
    (lambda: linalg.solve(Variable(np.zeros((2, 2))), A[0, :2]), LinAlgError, "singular"),
    (lambda: linalg.cholesky(Variable(-np.eye(2))), LinAlgError, "positive definite"),
    (lambda: linalg.hankel(X), ValueError, "wanted vectors"),
    *[(lambda name=name: getattr(linalg, name)(X * np.inf), ValueError, "infs or NaNs")
      for name in "inv det pinv norm cholesky eigh eigvalsh svd svdvals qr lu_factor".split()],
])
def test_what_is_refused(call, error, words):
    with np.errstate(all="ignore"), pytest.raises(error, match=words):
        call()
