"""Arrays that are made like a Variable: constants, but for what they are filled with."""

import numpy as np
import pytest
from strategies import assert_same

from dezero import Variable, grad, hessian, no_grad
from dezero.errors import GraphError

A = np.arange(6.0).reshape(2, 3)
MADE = [np.zeros_like, np.ones_like, np.empty_like, lambda x, **kwargs: np.full_like(x, 7.0, **kwargs),
        lambda x, **kwargs: np.full_like(x, [1.0, 2.0, 3.0], **kwargs)]
IDS = ["zeros_like", "ones_like", "empty_like", "full_like", "full_like a list"]


@pytest.mark.parametrize("f", MADE, ids=IDS)
@pytest.mark.parametrize("kwargs", [{}, {"dtype": "f4"}, {"shape": (4, 3)}, {"dtype": np.float32, "shape": (3,)}, {"order": "F"},
                                    {"subok": False}, {"device": "cpu"}], ids=repr)
def test_constant_variables(f, kwargs):
    x = Variable(A)
    y, want = f(x, **kwargs), f(A, **kwargs)
    assert type(y) is Variable and (y.shape, y.dtype) == (want.shape, want.dtype)
    if f is not np.empty_like:
        assert_same(y.data, want)
    with pytest.raises(GraphError, match="constant"):
        y.backward()
    z = x.sum() * np.ones_like(y).sum() + np.zeros_like(y).sum()
    z.backward()
    assert y.grad is None and (x.grad == want.size).all()


@pytest.mark.parametrize("f", MADE, ids=IDS)
@pytest.mark.parametrize("dtype", ["i4", "?", np.uint8, int])
def test_integers_and_booleans_are_plain_arrays(f, dtype):
    for y in (f(Variable(A), dtype=dtype), f(Variable(A.astype(dtype)))):
        assert type(y) is np.ndarray and (y.shape, y.dtype) == ((2, 3), np.dtype(dtype))


def test_their_memory_is_their_own():
    x = Variable(A.copy())
    y = np.zeros_like(x)
    y.data[...] = 5.0
    assert_same(x.data, A)
    y = np.full_like(x, x[0])
    y.data[...] = 5.0
    assert_same(x.data, A)


@pytest.mark.parametrize("call", [lambda x: np.zeros_like(x, axis=0), lambda x: np.full_like(x), lambda x: np.full_like(x, x[0], axis=1)])
def test_what_numpy_refuses(call):
    with pytest.raises(TypeError):
        call(Variable(A))


class TestFill:
    """The fill value has its gradient."""

    def test_of_an_element(self):
        assert_same(grad(lambda x: np.full_like(x, x[0]).sum())(np.ones(3)), [3.0, 0.0, 0.0])

    @pytest.mark.parametrize("graph", [False, True])
    @pytest.mark.parametrize("shape,kwargs,want", [((), {}, 6.0), ((3,), {}, [2.0, 2.0, 2.0]), ((2, 1), {}, [[3.0], [3.0]]),
                                                   ((2, 3), {}, np.ones((2, 3))), ((), {"shape": (5,)}, 5.0), ((), {"dtype": "f4"}, 6.0)])
    def test_of_any_shape(self, shape, kwargs, want, graph):
        x, v = Variable(A), Variable(np.full(shape, 2.0))
        for y in (np.full_like(x, v, **kwargs), np.full_like(x, fill_value=v, **kwargs)):
            assert_same(y.data, np.full_like(A, v.data, **kwargs))
            v.cleargrad()
            y.sum().backward(create_graph=graph)
            assert_same(v.grad.data if graph else v.grad, want)
            assert x.grad is None

    def test_of_integers(self):
        x, v = Variable(A), Variable(np.array(2))
        np.full_like(x, v).sum().backward()
        assert_same(v.grad, 6.0)
        assert type(np.full_like(x, v * 1.5, dtype=int)) is np.ndarray

    def test_twice_differentiated(self):
        f = lambda x: (np.full_like(x, x[0] * x[1]) * x).sum()      # x0 x1 (x0 + x1 + x2)
        x = np.array([1.0, 2.0, 3.0])
        assert_same(grad(f)(x), [14.0, 8.0, 2.0])
        assert_same(hessian(f)(x), [[4.0, 9.0, 2.0], [9.0, 2.0, 1.0], [2.0, 1.0, 0.0]])

    def test_a_constant_one(self):
        x = Variable(A)
        y = np.full_like(x, x[0].detach())
        assert_same(y.data, np.full_like(A, A[0]))
        (y.sum() + x.sum()).backward()
        assert y.grad is None and (x.grad == 1).all()
        with no_grad():
            assert_same(np.full_like(x, x[0]).data, np.full_like(A, A[0]))

    def test_of_another_shape_is_refused(self):
        with pytest.raises(ValueError, match="FullLike"):
            np.full_like(Variable(A), Variable(np.ones(4)))


def turned(a):
    """Return arrays of one shape in all orders of memory."""
    mixed = np.ascontiguousarray(a.transpose(1, 0, 2)).transpose(1, 0, 2)
    return [a, np.asfortranarray(a), mixed, a[:, ::-1], a[:, :, :1]]


@pytest.mark.parametrize("f", [*MADE, lambda x, **kwargs: np.full_like(x, x[0, 0, 0], **kwargs)], ids=[*IDS, "of an element"])
@pytest.mark.parametrize("kwargs", [{}, {"dtype": "f4"}, {"order": "C"}, {"order": "F"}], ids=repr)
def test_the_order_in_memory_is_that_of_numpy(f, kwargs):
    for a in turned(np.zeros((4, 5, 3))):
        for x in (Variable(a), Variable(a) * 1.0):
            if f is MADE[-1] and a.shape[2] != 3:
                continue
            assert f(x, **kwargs).data.strides == f(x.data, **kwargs).strides


def test_a_view_of_what_is_made_like_another_order_is_one():
    """Where NumPy shares memory, a part that is assigned to is an error, and no other number."""
    y = np.zeros_like(Variable(np.ones((2, 3))).T)
    row = y.T.reshape(-1)
    with pytest.raises(GraphError, match="part of another Variable"):
        row[1] = 5.0


@pytest.mark.parametrize("f", [np.zeros_like, np.ones_like])
def test_in_a_rule(f):
    """Of what a rule reads, in both walks; the shape of a value is no number of it."""
    from dezero import Function

    class Doubled(Function):
        def forward(self, x):
            return 2 * x

        def backward(self, gy):
            x, = self.inputs
            return gy * (1.0 + np.ones_like(x)) + f(gy) * 0.0 + f(x * x) * 0.0

    x = np.array([1.0, 2.0])
    assert_same(grad(lambda x: (Doubled()(x) ** 2).sum())(x), 8 * x)
    assert_same(hessian(lambda x: (Doubled()(x) ** 2).sum())(x), np.diag([8.0, 8.0]))


def test_the_sign_of_complex_numbers_is_no_constant():
    """It is z / |z|, which turns with z."""
    z = Variable(np.array([3 + 4j], "c8"))
    y = np.sign(z)
    y.imag.backward()
    assert y.dtype == z.grad.dtype == "c8"
    np.testing.assert_allclose(z.grad, [(-0.096 + 0.072j)], 1e-6)        # (dy - y Re(dy / y)) / |z| of dy = i
    out = np.sign(Variable(np.array([-2.0, 3.0])), dtype="f4")
    assert type(out) is np.ndarray and out.dtype == "f4" and out.tolist() == [-1, 1]
