"""Complex numbers: each function has NumPy's values and right derivatives, of both parts, or says that it does not take them."""
import copy
import warnings

import numpy as np
import pytest
from calls import FUNCTIONS, samples_of_function
from dezero import Variable, grad, hvp
from dezero.testing import check_grads
from dezero_numpy._rules import conj
from numpy.linalg import LinAlgError

test_jax = pytest.importorskip("test_jax")

HERMITIAN = {"linalg.cholesky", "linalg.eigvalsh", "linalg.eigh"}
"""What takes a matrix for Hermitian: it is drawn below."""

TURNING = {"linalg.eig", "linalg.svd"}
"""What gives vectors whose factor of size 1 is arbitrary."""

UNSORTED = {"unique_values"}
"""What NumPy gives in an order of its own."""

STEPS = {"union1d", "setdiff1d", "setxor1d", "intersect1d", "unique_counts", "unique_all", "unique_inverse", "unique"}
"""What has another shape where equal elements are moved."""

OTHERWISE_IN_JAX = {
    **dict.fromkeys(STEPS, "JAX gives 0"), "polydiv": "JAX leaves leading zeros", "polyfit": "JAX divides by 0 where x is 0",
}
"""{function: why JAX has other derivatives, of real numbers, too}."""


def complexed(sample, rng):
    """Return the arrays of a sample with imaginary parts: in all, and in each one alone."""
    count = len(sample.xs)
    for chosen in (range(count), *([i] for i in range(count) if count > 1)):
        yield [np.asarray(x + 1j * rng.uniform(-1, 1, x.shape)) if i in chosen else x for i, x in enumerate(sample.xs)]


def complex_calls(name):
    """Return [(sample, arrays)] of complex and mixed calls of a function."""
    rng = np.random.default_rng(1)
    found = [(sample, xs) for sample in test_jax.calls(name) for xs in complexed(sample, rng)]
    return [(sample, xs) for sample, xs in found if any([x.dtype.kind == "c" for x in xs])]


def value(f, sample, xs):
    """Return the floating and complex results of a call, or the error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return [y for y in test_jax.call(f, sample, list(xs))]
        except Exception as error:
            return error


def data(y):
    return y.data if isinstance(y, Variable) else y


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_each_function(name):
    """A call that NumPy refuses is an error; one that it takes has its values, and derivatives or an error that says of what."""
    f, found = FUNCTIONS[name][1], complex_calls(name)
    assert found or name in ("fft.rfft", "histogram_bin_edges")
    for sample, xs in found:
        wanted, got = value(f, sample, [x.copy() for x in xs]), value(f, sample, [Variable(x.copy()) for x in xs])
        if isinstance(wanted, Exception) or isinstance(got, Exception):
            assert isinstance(got, Exception) and "complex128" in str(got), f"{sample.shown(name)}: {wanted!r}, and here {got!r}"
            continue
        for y, z in zip(map(data, got), wanted, strict=True):
            assert y.dtype == z.dtype and y.shape == z.shape
            if name not in UNSORTED:
                np.testing.assert_allclose(y, z, 1e-10, 1e-12, err_msg=sample.shown(name))
        if name in HERMITIAN | TURNING | STEPS or not any([isinstance(y, Variable) for y in got]):
            continue
        with np.errstate(all="ignore"):
            try:
                check_grads(lambda *xs: [y for y in test_jax.call(f, sample, list(xs)) if isinstance(y, Variable)], xs)
            except TypeError as error:
                assert "complex128" in str(error) and "dtype" in str(error)




COMPOSITES = [name for name in FUNCTIONS if not samples_of_function(name) and test_jax.of_jax(name) is not None
              and name not in HERMITIAN | TURNING | test_jax.FIRST_ORDER | set(OTHERWISE_IN_JAX)]


@pytest.mark.parametrize("name", COMPOSITES)
def test_composites_as_jax(name):
    """The samples of a rule are compared in test_jax.py, complex ones, too; a composite is called with what is drawn."""
    found = []
    for sample, xs in complex_calls(name):
        if not isinstance(value(FUNCTIONS[name][1], sample, list(map(Variable, xs))), Exception):
            sample = copy.copy(sample)
            sample.xs = xs
            found.append(sample)
    test_jax.compare(name, found)


# -- vectors whose factor of size 1 is arbitrary

def hermitian(a):
    return a + np.conjugate(np.swapaxes(a, -1, -2))


def drawn(*shape):
    rng = np.random.default_rng(3)
    return rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape)


def projectors(v):
    """Return v vᴴ of each column."""
    return v[..., None, :] * np.conjugate(v)[..., None, :, :]


@pytest.mark.parametrize("shape", [(3, 3), (2, 2, 2)])
def test_eigenvectors(shape):
    w = drawn(*shape)

    def f(a):
        values, v = np.linalg.eigh(hermitian(a))
        return np.sum(projectors(v) * w[..., None], (-2, -3)), values, np.abs(v)
    check_grads(f, (drawn(*shape),))

    def g(a):
        values, v = np.linalg.eig(a)
        return np.sum(projectors(v) * w[..., None], (-2, -3)), values, np.abs(v)
    check_grads(g, (drawn(*shape),))
    check_grads(g, (drawn(*shape).real + 2 * (np.eye(shape[-1]) - np.eye(shape[-1])[::-1] * [1, -1, 1][:shape[-1]]),))


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_singular_vectors(shape):
    def f(a):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return u[..., :, None, :] * np.swapaxes(vh, -1, -2)[..., None, :, :], np.abs(u), np.abs(vh), projectors(u), s
    check_grads(f, (drawn(*shape),))


@pytest.mark.parametrize("vectors", [lambda a: np.linalg.eigh(hermitian(a))[1], lambda a: np.linalg.eig(a)[1],
                                     lambda a: np.linalg.svd(a)[0], lambda a: np.linalg.svd(a)[2]])
def test_what_depends_on_the_factor_is_refused(vectors):
    with pytest.raises(LinAlgError, match="factor of size 1"):
        grad(lambda a: np.sum(vectors(a).real))(drawn(3, 3))


def test_eigenvectors_as_jax():
    """Up to the factor: of what does not depend on it."""
    jax, a, w = test_jax.jax, drawn(4, 4), drawn(4, 4, 4)

    def loss(np, a):
        v = np.linalg.eigh(a + np.conjugate(a.T))[1]
        return np.sum(np.real(v[:, None, :] * np.conjugate(v)[None] * w))
    np.testing.assert_allclose(grad(lambda a: loss(np, a))(a), jax.grad(lambda a: loss(jax.numpy, a))(a), 1e-9, 1e-11)


@pytest.mark.parametrize("f", [np.linalg.eigvals, np.linalg.eig])
@pytest.mark.parametrize("a", [np.eye(2), np.array([[1.0, 1.0], [0.0, 1.0]]), np.diag([1.0, 2.0, 1.0]) * 1j])
def test_equal_eigenvalues(f, a):
    y = f(Variable(a))
    with pytest.raises(LinAlgError, match="two eigenvalues are equal"):
        (y if isinstance(y, Variable) else y.eigenvalues).backward(gradient=np.ones(len(a)))


def test_eigenvalues_of_real_matrices():
    a = np.array([[1.0, 2.0], [-3.0, 0.5]])
    w, v = np.linalg.eig(Variable(a))
    assert w.dtype == v.dtype == complex
    np.testing.assert_array_equal(w.data, np.linalg.eig(a).eigenvalues)
    assert grad(lambda a: np.sum(np.abs(np.linalg.eigvals(a))))(a).dtype == float
    check_grads(lambda a: np.sum(np.linalg.eigvals(a) ** 2), (a,))
    np.testing.assert_allclose(grad(lambda a: np.sum(np.linalg.eigvals(a) ** 2).real)(a), 2 * a.T, 1e-12)      # the trace of a²


# -- polynomials

@pytest.mark.parametrize("p", [[1.0, -3.0, 2.0], [0.0, 2.0, 1.0, 3.0, 0.0], [1.0, 1j, 2.0 - 1j, 0.5], [3.0, 1.0]])
def test_roots(p):
    y = np.roots(Variable(np.array(p)))
    np.testing.assert_allclose(y.data, np.roots(p), 1e-13)
    assert y.dtype == np.roots(p).dtype
    if p[0]:
        check_grads(np.roots, (np.array(p),))


def test_roots_at_the_edges():
    assert np.roots(Variable(np.zeros(3))).shape == (0,)
    assert np.roots(Variable(np.array([2.0, 0.0, 0.0]))).tolist() == [0.0, 0.0]
    assert np.roots(Variable(np.array([1, 2, 5]))).dtype == complex
    assert np.roots(Variable(np.array([1, 2, 5], "f4"))).dtype == np.complex64
    with pytest.raises(LinAlgError, match="two eigenvalues are equal"):
        grad(lambda p: np.sum(np.roots(p)).real)(np.array([1.0, -2.0, 1.0]))
    with pytest.raises(ValueError, match="roots: got 2 dimensions"):
        np.roots(Variable(np.eye(2)))


def test_poly():
    a = np.array([[1.0, 2.0], [-3.0, 0.5]])
    np.testing.assert_allclose(np.poly(Variable(a)).data, np.poly(a), 1e-14)
    assert np.poly(Variable(a)).dtype == float
    check_grads(np.poly, (a,))
    check_grads(np.poly, (np.array([1.0 + 2j, 1.0 - 2j, 3.0]),))
    assert np.poly(Variable(np.array([1.0 + 2j, 1.0 - 2j]))).dtype == float
    with pytest.raises(ValueError, match="poly: got 3 dimensions"):
        np.poly(Variable(np.ones((2, 2, 2))))


# -- both parts

def test_the_size_at_0():
    z = np.array([0j, 3 + 4j, 1j])
    np.testing.assert_allclose(grad(lambda z: np.sum(np.abs(z)))(z), [0, 0.6 - 0.8j, -1j], 1e-15)
    assert hvp(lambda z: np.sum(np.abs(z)))(z, np.ones(3, complex))[0] == 0
    assert grad(lambda z: np.linalg.norm(z))(np.zeros(2, complex)).tolist() == [0, 0]
    assert grad(lambda z: np.std(z))(np.ones(2, complex)).tolist() == [0, 0]


def test_parts_that_are_not_finite():
    z = np.array([complex(np.nan, 1), complex(2, np.inf), 1 + 1j])
    y = np.nan_to_num(Variable(z), nan=5.0)
    np.testing.assert_array_equal(y.data, np.nan_to_num(z, nan=5.0))
    g = grad(lambda z: np.sum(np.nan_to_num(z).real) + 2 * np.sum(np.where([True, False, True], np.nan_to_num(z), 0).imag))(z)
    assert g.tolist() == [-2j, 1, 1 - 2j]


def test_nearly_real():
    z = Variable(np.array([1 + 1e-16j, 2.0]))
    assert np.real_if_close(z).dtype == float
    assert np.real_if_close(z, tol=1e-20).dtype == np.real_if_close(z * 1j).dtype == complex
    assert np.real_if_close(Variable(np.ones(2))).dtype == float


def test_angle():
    assert np.angle(Variable(np.array([1j, -1.0, 1 - 1j])), deg=True).data.tolist() == [90, 180, -45]
    np.testing.assert_allclose(grad(lambda z: np.sum(np.angle(z)))(np.array([2j, 1 + 0j])), [-0.5, -1j])
    assert grad(lambda x: np.sum(np.angle(x)))(np.array([-2.0, 1.0])).tolist() == [0, 0]


def test_sort_complex():
    z = np.array([2.0, 1 + 2j, 1 + 1j])
    np.testing.assert_array_equal(np.sort_complex(Variable(z)).data, np.sort_complex(z))
    assert np.sort_complex(Variable(np.array([2.0, 1.0], "f4"))).dtype == complex
    assert grad(lambda z: np.sum(np.sort_complex(z).real * np.arange(1, 4)))(z).tolist() == [3, 2, 1]


def test_histogram():
    def f(w):
        return np.histogram([0.1, 0.3, 0.9, 0.4], 2, weights=w)[0]
    weights = np.array([1 + 2j, 0.5j, 3.0, 1j])
    np.testing.assert_allclose(f(Variable(weights)).data, f(weights))
    check_grads(f, (weights,))
    with pytest.raises(TypeError, match="histogram: the numbers are complex128"):
        np.histogram(Variable(weights))


def test_a_complex_number_is_not_taken_for_a_real_one():
    z, x = Variable(np.ones(2, complex)), Variable(np.ones(2))
    for f in (lambda: z.astype(float), lambda: np.insert(x, 0, z[0]), lambda: np.full_like(x, z[0])):
        with pytest.raises((TypeError, ValueError), match="complex128"):
            f()
    assert x.astype(complex).dtype == complex
    assert grad(lambda x: np.sum(np.abs(x.astype(complex) * 1j)))(np.array([2.0, -3.0])).tolist() == [1, -1]


def test_real_operands_are_not_copied():
    x = np.ones(3)
    assert conj(x) is x


# -- transforms

@pytest.mark.parametrize("name", "fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn".split())
def test_single_precision_stays(name):
    f = getattr(np.fft, name)
    for dtype in ("f4", "c8"):
        x = np.ones((3, 4), dtype)
        try:
            wanted = f(x)
        except TypeError:                       # of real numbers alone
            continue
        x = Variable(x)
        y = f(x)
        assert y.dtype == wanted.dtype and y.dtype.char in "fF"
        np.sum(np.abs(y)).backward()
        assert x.grad.dtype == dtype


def test_lengths_and_axes():
    x = Variable(np.ones((2, 3)))
    with pytest.raises(ValueError, match="2 lengths for 1 axes"):
        np.fft.fftn(x, (2, 2), (0,))
    assert np.fft.fftn(x, None, (0, 0)).shape == (2, 3)
    assert np.fft.fftn(np.ones((2, 3)) * x[0, 0], (4,), (1,)).shape == (2, 4)
    with pytest.raises(ValueError, match="norm"):
        np.fft.hfft(x, norm="other")


def test_parseval():
    """The sum of the squares of a transform is that of the numbers, so its gradient is 2 x."""
    x = np.arange(5.0)
    np.testing.assert_allclose(grad(lambda x: np.sum(np.abs(np.fft.fft(x, norm="ortho")) ** 2))(x), 2 * x, atol=1e-13)
