"""y = a[index];   ∂y/∂a puts the gradient back at index, repeats add up"""

import array

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import LAYOUTS, assert_gradient, assert_same, laid_out, told

import dezero
import dezero.functions as F
from dezero import Variable, grad, hessian, hvp, using_config
from dezero._kernels.gradients import add_at
from dezero.errors import GraphError

A = np.arange(24.0).reshape(2, 3, 4)

INDICES = [
    0, -1, np.int64(1), (), ..., None, slice(None), slice(1, None), slice(None, None, -1), slice(0, 0), slice(5, 9),
    (0, 1), (0, 1, 2), (-1, -1, -1), (slice(None), 1), (..., 0), (0, ..., 1), (slice(None), slice(None, None, 2)),
    (None, 0), (0, None, ..., None), (slice(None), None), (Ellipsis, slice(1, 3)),
    [0, 0], [1, 0, 1, 1], np.array([0, 0, 1]), np.array([-1, -2]), np.array([[0, 1], [1, 1]]), np.array([], int),
    np.array(1), np.array([1, 0], "u1"), (np.array([0, 1, 1]), np.array([2, 0, 0])), ([0, 0, 0], [1, 1, 1], [2, 2, 3]),
    (slice(None), [0, 0]), ([0, 0], slice(None), [1, 1]), (0, [0, 2, 2]), ([1], slice(None), 0), (..., [3, 3, 0]),
    (np.array([[0], [1]]), np.array([0, 1, 1])), np.ix_([0, 1], [0, 0], [3]), (None, [0, 0], None),
    A > 11, A[:, :, 0] > 3, np.array([True, False]), (slice(None), np.array([True, False, True])), True, False,
    np.zeros((2, 3, 4), bool), (np.array([True, True]), [0, 2]), (0, A[0] > 5),
]


def put_back(index, gradient, shape):
    out = np.zeros(shape)
    np.add.at(out, index, gradient)
    return out


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indices(rng, index):
    kept = A.copy()
    x = Variable(A)
    y = x[index]
    want = np.asarray(A[index])
    assert type(y) is Variable and y.creator is not None
    assert_same(y.data, want)
    gradient = np.asarray(rng.normal(size=want.shape))
    y.backward(gradient=gradient)
    assert_gradient(x.grad, put_back(index, gradient, A.shape), A)
    assert not np.shares_memory(x.grad, gradient)
    assert (A == kept).all()


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_the_function_and_the_method(index):
    x = Variable(A)
    assert_same(F.getitem(x, index).data, np.asarray(A[index]))
    assert_same(x.getitem(index).data, np.asarray(A[index]))


def test_0d():
    x = Variable(np.array(3.0))
    for index in [(), ..., None, True, (None, ...)]:
        y = x[index]
        assert_same(y.data, np.asarray(x.data[index]))
        x.cleargrad()
        y.backward()
        assert_same(x.grad, 1.0)
    with pytest.raises(IndexError):
        x[0]


@pytest.mark.parametrize("index", [3, -4, (0, 0), [0, 3], [-4], np.array([True, False])])
def test_out_of_range(index):
    with pytest.raises(IndexError):
        Variable(np.arange(3.0))[index]


@pytest.mark.parametrize("index", [1.0, "a", [0.5], {}, object(), (0, "a"), np.array([1.5])])
def test_wrong_types(index):
    with pytest.raises((IndexError, TypeError)):
        Variable(np.arange(3.0))[index]


def test_repeats_add_up():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = x[[0, 0, 2, 0]]
    assert_same(y.data, [1.0, 1.0, 3.0, 1.0])
    y.backward(gradient=np.array([1.0, 10.0, 100.0, 1000.0]))
    assert_same(x.grad, [1011.0, 0.0, 100.0])


def test_pieces_add_up():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    (x[0] * x[1] + x[1:].sum() * x[-1]).backward()
    assert_same(x.grad, [2.0, 1.0 + 3.0, 3.0 + 5.0])


def test_iteration_ends_and_is_recorded():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    parts = list(x)
    assert len(parts) == 3 and all(type(p) is Variable and p.shape == () for p in parts)
    (parts[0] * parts[1] * parts[2]).backward()
    assert_same(x.grad, [6.0, 3.0, 2.0])


def test_unpacking():
    x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    a, b = x
    (a * b).backward()
    assert_same(x.grad, [[3.0, 4.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="unpack"):
        a, b, c = x


def heaped(y):
    """Add each element to the next one, while they are iterated over."""
    for i, v in enumerate(y):
        if i < 3:
            y[i + 1] += v
    return y


def test_iteration_shows_what_was_assigned_meanwhile():
    """As NumPy's does."""
    assert heaped(Variable(np.arange(1.0, 5.0)) * 1.0).data.tolist() == heaped(np.arange(1.0, 5.0)).tolist() == [1, 3, 6, 10]
    assert grad(lambda x: np.sum(heaped(x * 1.0) ** 2))(np.arange(1.0, 5.0)).tolist() == [40, 38, 32, 20]


@pytest.mark.parametrize("make", [
    lambda: Variable(np.arange(3.0)) * 1.0, lambda: np.zeros_like(Variable(np.ones(3))), lambda: Variable(np.arange(3.0)),
    lambda: Variable(np.arange(3, dtype=np.int64))])
@pytest.mark.parametrize("is_recording", [True, False])
def test_an_iterator_is_live(make, is_recording):
    with using_config("enable_backprop", is_recording):
        y = make()
        if not is_recording or y.creator is not None or y.is_constant:
            it, other = iter(y), iter(y.flat)
            assert next(it).item() == next(other).item() == 0
            y[1] = 50
            assert next(it).item() == next(other).item() == 50
            y[2] = 60
            assert [v.item() for v in it] == [v.item() for v in other] == [60]


@pytest.mark.parametrize("follow", [
    lambda y: y[:-1], lambda y: y.reshape(4), lambda y: y.reshape(2, 2).flat, lambda y: y.reshape(2, 2).T.flat])
def test_an_iterator_over_what_shares_memory_is_refused_once_that_was_assigned_to(follow):
    y = Variable(np.arange(4.0)) * 1.0
    it = iter(follow(y))
    next(it)
    y[:] = 5.0
    with pytest.raises(GraphError, match="NumPy it would share memory"):
        next(it) + 0.0


def test_iteration_of_nothing():
    assert list(Variable(np.zeros((0, 3)))) == []


@pytest.mark.parametrize("f", [iter, list, len, tuple, set, sum, lambda x: next(iter(x))])
def test_0d_is_no_sequence(f):
    with pytest.raises(TypeError, match="0-d"):
        f(Variable(np.array(1.0)))


def test_python_sum_is_recorded():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = sum(x)
    assert y.data == 6
    y.backward()
    assert_same(x.grad, [1.0, 1.0, 1.0])


def test_reversed():
    x = Variable(np.array([1.0, 2.0]))
    assert [v.item() for v in reversed(x)] == [2, 1]


def test_items_of_a_leaf_are_not_assigned_and_no_item_is_deleted():
    x = Variable(np.arange(3.0))
    with pytest.raises(GraphError):
        x[0] = 1.0
    with pytest.raises(GraphError):
        x[0] += 1.0
    with pytest.raises(TypeError):
        del x[0]
    assert x.data.tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "u2", "f2", "f4", "f8", "g"])
@pytest.mark.parametrize("index", [0, slice(1, None), [0, 0, 1], np.array([True, False, True])], ids=repr)
def test_dtypes(dtype, index):
    a = np.arange(3).astype(dtype)
    x = Variable(a)
    y = x[index]
    assert_same(y.data, np.asarray(a[index]))
    y.backward()
    assert_gradient(x.grad, put_back(index, np.ones(y.shape), (3,)), a)


def test_complex():
    x = Variable(np.array([1j, 2j]))
    y = x[1]
    assert_same(y.data, np.array(2j))
    with pytest.raises(dezero.errors.DTypeError):
        y.backward()
    y.backward(gradient=np.array(2 - 1j))
    assert_gradient(x.grad, [0, 2 - 1j], x.data)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("index", [0, slice(None, None, -1), (slice(None), [0, 0, 3]), A[0, :, :] > 5], ids=repr)
def test_layouts(rng, layout, index):
    a = laid_out(layout, rng.normal(size=(3, 4)))
    x = Variable(a)
    y = x[index]
    np.testing.assert_array_equal(y.data, a[index])
    y.backward()
    assert_gradient(x.grad, put_back(index, np.ones(y.shape), (3, 4)), a)


def test_a_variable_is_no_index_for_other_things():
    """Without ``__index__`` a Variable cannot cut the graph as somebody's index."""
    import operator

    with pytest.raises(TypeError):
        operator.index(Variable(np.array(1)))
    with pytest.raises(TypeError):
        [1, 2, 3][Variable(np.array(1))]
    with pytest.raises(TypeError):
        range(Variable(np.array(1)))


def test_a_chain_of_pieces():
    x = Variable(np.arange(6.0).reshape(2, 3))
    y = x[1][::-1][[0, 0]]
    assert_same(y.data, [5.0, 5.0])
    y.backward()
    assert_same(x.grad, [[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])


# -- an index is what it was at the call


CHANGING = {
    "array": (lambda: np.array([0, 2]), lambda i: i.__setitem__(slice(None), 1)),
    "0-d array": (lambda: np.array(2), lambda i: i.__setitem__((), 0)),
    "mask": (lambda: np.array([True, False, True]), lambda i: i.__setitem__(slice(None), [False, True, True])),
    "list": (lambda: [0, 2], lambda i: i.__setitem__(slice(None), [1, 1])),
    "list of lists": (lambda: [[0, 2], [1, 1]], lambda i: i[0].__setitem__(0, 1)),
    "in a tuple": (lambda: (np.array([0, 2]),), lambda i: i[0].__setitem__(slice(None), 1)),
    "list in a tuple": (lambda: (..., [0, 2]), lambda i: i[1].append(1)),
    "in a slice": (lambda: slice(np.array(1), None), lambda i: i.start.__setitem__((), 0)),
    "Variable": (lambda: Variable(np.array([0, 2])), lambda i: i.data.__setitem__(slice(None), 1)),
    "Variable of Booleans": (lambda: Variable(np.array([True, False, True])), lambda i: i.data.__setitem__(0, False)),
    "buffer": (lambda: array.array("i", [0, 2]), lambda i: i.__setitem__(0, 1)),
}


@pytest.mark.parametrize("kind", CHANGING)
@pytest.mark.parametrize("call", [lambda x, i: x[i], F.getitem, lambda x, i: type(x[0].creator)(index=i)(x)], ids=["x[i]", "F", "class"])
@pytest.mark.parametrize("graph", [False, True])
def test_an_index_that_is_changed_later(kind, call, graph):
    make, change = CHANGING[kind]
    x, fresh = Variable(np.array([2.0, 3.0, 5.0])), Variable(np.array([2.0, 3.0, 5.0]))
    index = make()
    y = (call(x, index) ** 2).sum()
    change(index)
    y.backward(create_graph=graph)
    (fresh[make()] ** 2).sum().backward(create_graph=graph)
    assert_same(x.grad.data if graph else x.grad, fresh.grad.data if graph else fresh.grad)
    if graph:
        g, wanted = x.grad, fresh.grad
        x.cleargrad(), fresh.cleargrad()
        (g ** 2).sum().backward()
        (wanted ** 2).sum().backward()
        assert_same(x.grad, fresh.grad)


def test_a_buffer_of_indices_under_a_transform(rng):
    """One permutation, shuffled in place for each batch."""
    x, right = np.arange(6.0), np.zeros(6)
    perm = np.arange(6)
    shuffles = [rng.permutation(6) for _ in range(3)]
    for order in shuffles:
        right[order[:2]] += 2 * x[order[:2]]

    def loss(x):
        total = 0.0
        for order in shuffles:
            perm[:] = order
            total = total + (x[perm[:2]] ** 2).sum()
        return total

    assert_same(grad(loss)(x), right)


@pytest.mark.parametrize("index", [range(2), array.array("i", [0, 0]), memoryview(np.array([1, 1])), bytearray(b"\1\1"), [[]],
                                   [Variable(np.array(1)), 0], (Variable(np.array(1)), None)], ids=told)
def test_what_else_numpy_takes(index):
    plain = [1, 0] if isinstance(index, list) and len(index) == 2 else (1, None) if isinstance(index, tuple) else index
    a = np.array([2.0, 3.0, 5.0])
    x = Variable(a)
    y = x[index]
    assert_same(y.data, np.asarray(a[plain]))
    y.backward()
    assert_same(x.grad, put_back(plain if not hasattr(plain, "tobytes") else np.asarray(plain), 1.0, (3,)))


# -- iteration: backward is linear in time and memory


class Counted:
    """np.zeros, and the bytes of all that it has made."""

    def __init__(self, monkeypatch):
        self.bytes, zeros = 0, np.zeros

        def counted(*args, **kwargs):
            y = zeros(*args, **kwargs)
            self.bytes += y.nbytes
            return y

        monkeypatch.setattr(np, "zeros", counted)


def squares(x):
    return sum(v * v for v in x)


def halves(x):
    total = 0.0
    for i in range(0, len(x), 2):
        total = total + (x[i:i + 2] * x[i:i + 2]).sum()
    return total


def by_arrays(x):
    total = 0.0
    for i in range(0, len(x), 2):
        total = total + (x[[i, i + 1]] * x[[i, i + 1]]).sum()
    return total


def by_backward(f, x):
    x = Variable(x)
    f(x).backward()
    return x.grad


def by_second_walk(f, x):
    """The walk with a table, on arrays."""
    x = Variable(x)
    with dezero.detect_anomaly():
        f(x).backward()
    return x.grad


def by_create_graph(f, x):
    x = Variable(x)
    f(x).backward(create_graph=True)
    return x.grad.data


@pytest.mark.parametrize("f", [squares, halves, by_arrays])
@pytest.mark.parametrize("walk", [by_backward, by_second_walk, by_create_graph, lambda f, x: grad(f)(x)],
                         ids=["backward", "table", "create_graph", "grad"])
def test_backward_of_parts_is_linear(f, walk, monkeypatch):
    """Bytes of zeros that are made: those of the gradient, not as many for each part."""
    counted = Counted(monkeypatch)
    made = []
    for n in (200, 800):
        counted.bytes = 0
        x = np.arange(1.0, n + 1)
        assert_same(walk(f, x), 2 * x)
        made.append(counted.bytes)
    assert made[0] < 40 * 8 * 200 and made[1] <= 5 * made[0]


def test_second_derivatives_of_parts(rng):
    x = rng.normal(size=6)
    f = lambda x: sum(a * b * b for a, b in zip(x, x[1:])) + x[0] * x[2:].sum() + (x[[0, 0, 3]] ** 3).sum()
    h = np.zeros((6, 6))
    for i in range(5):                      # of a b²: 2 b by a and b, 2 a by b twice
        h[i, i + 1] += 2 * x[i + 1]
        h[i + 1, i] += 2 * x[i + 1]
        h[i + 1, i + 1] += 2 * x[i]
    h[0, 2:] += 1
    h[2:, 0] += 1
    h[0, 0] += 12 * x[0]
    h[3, 3] += 6 * x[3]
    np.testing.assert_allclose(hessian(f)(x), h, rtol=1e-13, atol=1e-13)
    v = rng.normal(size=6)
    np.testing.assert_allclose(hvp(f)(x, v), h @ v, rtol=1e-12, atol=1e-12)


def test_second_derivatives_of_parts_are_linear(monkeypatch):
    counted = Counted(monkeypatch)
    made = []
    for n in (100, 400):
        counted.bytes = 0
        x = np.arange(1.0, n + 1)
        assert_same(hvp(lambda x: sum(v * v * v for v in x))(x, np.ones(n)), 6 * x)
        made.append(counted.bytes)
    assert made[1] <= 5 * made[0]


@pytest.mark.parametrize("n", [1, 3, 56, 57, 511, 512, 600, 2000])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", ">f8"])
def test_parts_beside_the_whole(n, dtype):
    """Gradients of parts, by index and slice, meet those of all of it, by loops and by rules, before and after: at all sizes."""
    a = (np.arange(n) % 3).astype(dtype)
    x = Variable(a)
    y = x * 2.0 + x
    z = y[n // 2] * 3.0 + (y * x).sum() + x[:1].sum() + y[-1] + x[n // 3:].sum() * 2.0 + (y + x).sum()
    z.backward()
    w = a.astype("f8")
    want = 6 * w + 4.0
    want[n // 2] += 9
    want[0] += 1
    want[-1] += 3
    want[n // 3:] += 2
    assert x.grad.dtype == ("f8" if dtype in ("i4", ">f8") else dtype)
    np.testing.assert_allclose(x.grad, want, rtol=1e-3 if dtype == "f2" else 1e-6)


@pytest.mark.parametrize("shape", [(), (3,), (4, 5, 6), (6, 100), (1,) * 9])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_the_same_parts_again_and_again(shape, dtype):
    """One gradient takes them all: by views, by elements, by arrays, of all of it."""
    x = Variable(np.ones(shape, dtype))
    want = np.zeros(shape)
    y = 0.0
    for k, index in enumerate([..., (), (..., None), *[(0,) * len(shape), (slice(0, 2),), (-1, ...), ([0, -1],)] * (shape != ())] * 2):
        y = y + (x[index] * (k % 3 + 1.0)).sum()
        np.add.at(want, index, k % 3 + 1.0)
    y.backward()
    assert_same(x.grad, want.astype("f8" if dtype == "i4" else dtype))


def test_an_index_of_a_variable_of_integers_is_its_data():
    x = Variable(np.arange(4.0))
    for i in (Variable(np.array([1, 1])), (Variable(np.array([1, 1])),), [Variable(np.array(1)), 1]):
        x.cleargrad()
        F.getitem(x, index=i).backward()
        assert x.grad.tolist() == [0.0, 2.0, 0.0, 0.0]


def test_a_gradient_that_is_shared_is_not_written_to():
    """The rule of + hands one array to both operands; what comes to a part of one is not the other's."""
    for n in (8, 100, 5000):
        a, b = Variable(np.ones(n)), Variable(np.ones(n))
        y, z = a * 1.0, b * 1.0
        ((y + z) * 1.0).sum().backward()
        a.cleargrad(), b.cleargrad()
        ((y + z).sum() + y[0] * 5.0 + y[1:3].sum()).backward(retain_grad=True)
        assert_same(b.grad, np.ones(n))
        assert_same(z.grad, np.ones(n))
        want = np.ones(n)
        want[0] += 5
        want[1:3] += 1
        assert_same(a.grad, want)


@given(st.data())
def test_any_basic_index(data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    check(shape, index)


@given(st.data())
def test_any_integer_arrays(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    check(shape, data.draw(hnp.integer_array_indices(shape)))


@given(st.data())
def test_any_mask(data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    check(shape, data.draw(hnp.arrays(bool, shape)))


def check(shape, index):
    a = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    x = Variable(a)
    y = x[index]
    want = np.asarray(a[index])
    assert_same(y.data, want)
    gradient = np.arange(1.0, want.size + 1).reshape(want.shape)
    y.backward(gradient=gradient)
    assert_gradient(x.grad, put_back(index, gradient, shape), a)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", ">f8"])
@pytest.mark.parametrize(("shape", "index"), [
    ((3000,), lambda rng: rng.integers(0, 3000, 5000)),
    ((10**5,), lambda rng: rng.integers(0, 10**5, 10**5)),                  # np.bincount adds from here on
    ((10**5,), lambda rng: rng.integers(-10**5, 10**5, 10**5)),
    ((10**5,), lambda rng: rng.integers(0, 10**5, 10**5).astype("u2")),
    ((7,), lambda rng: rng.integers(0, 7, (10, 10**4))),
    ((200, 16), lambda rng: rng.integers(-200, 200, 100)),
    ((200, 16), lambda rng: (slice(None), rng.integers(-16, 16, 30))),
    ((200, 16), lambda rng: (rng.integers(-200, 200, 2000), rng.integers(0, 16, 2000))),
    ((200, 4, 4), lambda rng: (rng.integers(0, 200, (50, 1)), ..., rng.integers(0, 4, 3))),
])
def test_much_that_repeats(rng, dtype, shape, index):
    index = index(rng)
    x, gradient = Variable(np.zeros(shape, dtype)), rng.normal(size=np.zeros(shape)[index].shape).astype(dtype)
    x[index].backward(gradient=gradient)
    want = np.zeros(shape)
    np.add.at(want, index, gradient.astype("f8"))
    assert x.grad.dtype == np.dtype(dtype).newbyteorder("=") and x.grad.shape == shape
    np.testing.assert_allclose(x.grad, want, rtol={"2": 0.02, "4": 2e-5, "8": 1e-12}[dtype[-1]], atol={"2": 0.5, "4": 2e-4, "8": 1e-12}[dtype[-1]])


def test_much_that_repeats_is_added_to_what_is_there(rng):
    x, rows, gradient = Variable(np.zeros((50, 40))), rng.integers(0, 50, 100), rng.normal(size=(100, 40))
    (x[rows] * gradient + x.sum()).sum().backward()
    want = np.full((50, 40), 4000.0)
    np.add.at(want, rows, gradient)
    np.testing.assert_allclose(x.grad, want, rtol=1e-13)


def test_float32_of_many_repeats_is_added_up_in_double():
    x = Variable(np.zeros((2, 3), "f4"))
    x[np.zeros(10**5, int)].backward(gradient=np.full((10**5, 3), 0.1, "f4"))
    np.testing.assert_array_equal(x.grad, np.array([[1e5 * np.float64(np.float32(0.1))] * 3, [0.0] * 3], "f4"))


@pytest.mark.parametrize("shape", [(10**5,), (1000, 100)])
@pytest.mark.parametrize("wrong", [10**6, -10**6])
def test_what_is_out_of_range_is_refused_where_much_is_added(shape, wrong):
    index = np.zeros(10**5, int)
    index[5] = wrong
    with pytest.raises(IndexError, match="out of bounds"):
        add_at(np.zeros(shape), index, np.ones((10**5, *shape[1:])))


def test_nan_and_infinity_where_much_is_added():
    x, gradient = Variable(np.zeros((3, 1000))), np.ones((3, 1000))
    gradient[0, 0], gradient[1, 1] = np.nan, np.inf
    x[[2, 2, 0]].backward(gradient=gradient)
    assert np.isnan(x.grad[2, 0]) and x.grad[2, 1] == np.inf and x.grad[2, 2] == 2 and x.grad[0].sum() == 1000 and not x.grad[1].any()
