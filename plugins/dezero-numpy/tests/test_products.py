"""Products against NumPy, and their derivatives against differences."""
import numpy as np
import pytest
from dezero import Variable
from dezero.testing import check_grads


@pytest.fixture(autouse=True)
def seeded():
    """The same numbers for a test, whatever runs before."""
    global rng
    rng = np.random.default_rng(7)


def array(*shape):
    return rng.uniform(-1, 1, shape)


def check(f, *xs):
    """Compare values with NumPy's and two derivatives with differences."""
    y, wanted = f(*map(Variable, xs)), np.asarray(f(*xs))
    assert isinstance(y, Variable) and y.shape == wanted.shape
    np.testing.assert_allclose(y.data, wanted, rtol=1e-12, atol=1e-14)
    if y.size:
        check_grads(f, xs)


def pairs(*shapes):
    return pytest.mark.parametrize("a, b", shapes, ids=str)


@pairs(((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((0,), (0,)), ((2, 2, 0), (0, 3)), ((0, 2, 3), (3, 2)),
       ((0, 2, 3), (3,)), ((2, 0, 3), (3, 2)), ((2, 2, 3), (3, 0)))
def test_matmul_of_nothing(a, b):
    a, b = Variable(np.ones(a)), Variable(np.ones(b))
    y = a @ b
    np.testing.assert_array_equal(y.data, a.data @ b.data)
    y.backward()
    np.testing.assert_array_equal(a.grad, np.broadcast_to(b.data.sum(-1) if b.ndim > 1 else b.data, a.shape) * bool(y.size))
    assert b.grad.shape == b.shape


def test_the_operator():
    a, x = array(2, 3), Variable(array(3))
    y = a @ x                               # an array on the left
    y.backward(gradient=np.array([1.0, 2.0]))
    np.testing.assert_allclose(x.grad, [1, 2] @ a)
    x @= array(3, 2)
    assert x.shape == (2,)


def test_one_product_for_a_stack():
    a, b = Variable(array(5, 4, 3)), Variable(array(3, 2))
    np.matmul(a, b).backward(gradient=np.ones((5, 4, 2)))
    np.testing.assert_allclose(b.grad, np.repeat(a.data.sum((0, 1))[:, None], 2, 1))


def test_float32_and_integers():
    a, b = Variable(array(2, 3).astype("f4")), Variable(array(3, 2).astype("f4"))
    y = a @ b
    y.backward()
    assert y.dtype == a.grad.dtype == b.grad.dtype == "f4"
    w = Variable(array(2))
    (np.arange(6).reshape(3, 2) @ w).backward()
    assert w.grad.tolist() == [6.0, 9.0]


@pairs(((), ()), ((), (2, 3)), ((2,), ()), ((3,), (3,)), ((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 2, 3), (3, 4)), ((2, 2, 3), (3,)),
       ((3,), (2, 3, 2)), ((2, 3), (2, 3, 2)), ((2, 1, 3), (2, 3, 2)))
def test_dot(a, b):
    check(np.dot, array(*a), array(*b))
    assert Variable(array(*a)).dot(array(*b)).shape == np.dot(array(*a), array(*b)).shape


@pairs(((), ()), ((), (2, 3)), ((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (3,)), ((2, 2, 3), (2, 3)))
def test_inner(a, b):
    check(np.inner, array(*a), array(*b))


def test_vdot():
    check(np.vdot, array(2, 3), array(2, 3))
    check(np.vdot, array(), array())


@pytest.mark.parametrize("axes", [0, 1, 2, (0, 2), ([1, 0], [1, 2]), ((-1,), (1,)), [[], []]], ids=str)
def test_tensordot(axes):
    check(lambda a, b: np.tensordot(a, b, axes), array(2, 2, 2), array(2, 2, 2))
    check(lambda a, b: np.linalg.tensordot(a, b, axes=axes), array(2, 2, 2), array(2, 2, 2))


def test_tensordot_of_lengths_that_differ():
    with pytest.raises(ValueError, match="differ in length"):
        np.tensordot(Variable(array(2, 3)), array(2, 3), 1)


@pairs(((3,), (2,)), ((2, 2), (3,)), ((), (2,)))
def test_outer(a, b):
    check(np.outer, array(*a), array(*b))
    for ufunc in (np.multiply, np.subtract, np.maximum):
        check(ufunc.outer, array(*a), array(*b))


def test_outer_of_linalg():
    check(np.linalg.outer, array(3), array(2))
    with pytest.raises(ValueError, match="wanted 1 and 1"):
        np.linalg.outer(Variable(array(2, 2)), array(2))


@pytest.mark.parametrize("name", ["add", "divide", "power", "hypot", "arctan2", "logaddexp", "fmin"])
def test_outer_of_a_ufunc(name):
    check(getattr(np, name).outer, np.array([0.5, 1.25]), np.array([[0.75, 2.0]]))
    check(lambda x: getattr(np, name).outer(x, 2.0), np.array([0.5, 1.25]))


@pairs(((2, 3), (3, 2)), ((2,), (2, 3)), ((2, 2, 1), (3,)), ((), (2, 2)))
def test_kron(a, b):
    check(np.kron, array(*a), array(*b))


def test_cross():
    check(np.cross, array(3), array(2, 3))
    check(lambda a, b: np.cross(a, b, axisa=0, axisc=0), array(3, 2), array(2, 3))
    check(lambda a, b: np.cross(a, b, axis=0), array(3, 2), array(3, 1))
    check(lambda a, b: np.cross(a, b, axisb=0), array(2, 3), array(3, 2))
    check(lambda a, b: np.linalg.cross(a, b, axis=0), array(3, 2), array(3, 2))
    with pytest.raises(ValueError, match="2 and 3 numbers, wanted 3"):
        np.cross(Variable(array(2)), array(3))


def test_stacks_of_vectors():
    check(np.vecdot, array(2, 3), array(3))
    check(lambda a, b: np.vecdot(a, b, axis=0), array(3, 2), array(3, 2))
    check(lambda a, b: np.linalg.vecdot(a, b, axis=0), array(3, 2), array(3, 2))


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="NumPy 2.2 brings matvec and vecmat")
def test_stacks_of_matrices_and_vectors():
    check(np.matvec, array(2, 2, 3), array(3))
    check(np.matvec, array(2, 3), array(2, 1, 3))
    check(np.vecmat, array(2, 2), array(2, 3))
    check(np.vecmat, array(2), array(3, 2, 3))


@pytest.mark.parametrize("shapes", [[(2, 3), (3, 4)], [(4, 2), (2, 5), (5, 1), (1, 3)], [(3,), (3, 2), (2, 4), (4,)], [(3,), (3,)],
                                    [(2, 3), (3, 1), (1,)]], ids=str)
def test_multi_dot(shapes):
    check(lambda *xs: np.linalg.multi_dot(xs), *[array(*shape) for shape in shapes])


@pytest.mark.parametrize("n", [1, 2, 3, 6, -1, -2])
def test_matrix_power(n):
    check(lambda a: np.linalg.matrix_power(a, n), array(2, 2) + 2 * np.eye(2))
    check(lambda a: np.linalg.matrix_power(a, n), array(2, 2, 2) + 2 * np.eye(2))


def test_matrix_power_0():
    a = np.linalg.matrix_power(Variable(array(2, 3, 3)), 0)
    np.testing.assert_array_equal(a.data, [np.eye(3)] * 2)
    assert a.is_constant


@pytest.mark.parametrize("offset", [0, 1, -1, 2, -2, 3, -4, 9])
def test_trace_and_diagonal(offset):
    check(lambda x: np.linalg.diagonal(x, offset=offset), array(2, 3))
    check(lambda x: np.linalg.diagonal(x, offset=offset), array(2, 3, 2))
    check(lambda x: np.linalg.trace(x, offset=offset), array(2, 3, 2))
    assert np.linalg.trace(Variable(array(2, 2).astype("f4")), dtype="f8").dtype == "f8"


@pytest.mark.parametrize("subscripts, shapes", [
    ("ij,jk", [(2, 3), (3, 2)]), ("ij,jk->ki", [(2, 3), (3, 2)]), ("i j , j k -> i", [(2, 3), (3, 2)]), ("ii", [(3, 3)]),
    ("ii->i", [(3, 3)]), ("iji->j", [(2, 3, 2)]), ("iijj->ij", [(2, 2, 3, 3)]), ("ii,ij->j", [(2, 2), (2, 3)]), ("ba", [(2, 3)]),
    ("ij->", [(2, 3)]), ("i,j,k->jki", [(2,), (2,), (3,)]), (",i->i", [(), (3,)]),
    ("...ij,...jk->...ik", [(2, 1, 2, 3), (2, 3, 2)]), ("...i->...", [(2, 2, 3)]),
    ("i...,...i", [(3, 2), (2, 3)]), ("...,...", [(2, 3), (3,)]), ("i...i->...", [(2, 3, 2)]),
    ("ij,jk", [(2, 1), (3, 2)]), ("ij,ij->ij", [(2, 3), (2, 1)]), ("ij,kl->il", [(2, 3), (2, 2)]),
    ("Ba,aC", [(2, 3), (3, 2)])], ids=str)
@pytest.mark.parametrize("optimize", [False, True, "optimal"])
def test_einsum(subscripts, shapes, optimize):
    check(lambda *xs: np.einsum(subscripts, *xs, optimize=optimize), *[array(*shape) for shape in shapes])


@pytest.mark.parametrize("sublists", [([0, 1], [1, 2]), ([0, 1], [1, 2], [2, 0]), ([..., 1], [1, ...], [...]), ([30, 1], [1, 26]),
                                      ([0, 1], [1, 2], [])], ids=str)
def test_einsum_of_lists(sublists):
    a, b, *rest = sublists
    check(lambda x, y: np.einsum(x, a, y, b, *rest), array(2, 3), array(3, 2) if ... not in a else array(3, 2))


def test_einsum_of_large_operands():
    a, b, w = array(40, 30), array(30, 40), array(40, 40)
    x, y = Variable(a), Variable(b)
    (np.einsum("ij,jk->ki", x, y) * w).sum().backward()
    np.testing.assert_allclose(x.grad, w.T @ b.T)
    np.testing.assert_allclose(y.grad, a.T @ w.T)


def test_einsum_along_a_path():
    x = [array(2, 3), array(3, 2), array(2, 2)]
    path = np.einsum_path("ij,jk,kl", *map(Variable, x))[0]
    check(lambda *xs: np.einsum("ij,jk,kl", *xs, optimize=path), *x)


def test_einsum_of_numbers_and_lists():
    x = Variable(array(2))
    np.testing.assert_allclose(np.einsum("i,i,", x, [1, 2], 3.0).data, x.data @ [3, 6])


@pytest.mark.parametrize("call, error, words", [
    (lambda x: np.einsum("ij,j", x), ValueError, "2 operands, and 1 operands"),
    (lambda x: np.einsum("i", x), ValueError, "2 dimensions have 1 letters"),
    (lambda x: np.einsum("ii", x), ValueError, "not of one length"),
    (lambda x: np.einsum("ij->ik", x), ValueError, "k"),
    (lambda x: np.einsum("i.", x), ValueError, "'.'|invalid"),
    (lambda x: np.einsum("i.j", x), ValueError, "3 letters"),
    (lambda x: np.einsum("ij", x, dtype="f4"), TypeError, "dtype"),
    (lambda x: np.matmul(x, x.T, axes=[(0, 1)] * 3), TypeError, "axes"),
    (lambda x: np.dot(x, x.T, out=np.zeros((2, 2))), TypeError, "out"),
    (lambda x: np.linalg.matrix_power(x[:, :2], 0.5), TypeError, "integer"),
    (lambda x: np.linalg.multi_dot([x]), ValueError, "wanted 2"),
    (lambda x: x @ 2.0, ValueError, "matmul")])
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(Variable(array(2, 3)))
