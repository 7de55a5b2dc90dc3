"""What NumPy would have share memory never differs in silence: it is refused, or stale from then on."""
import copy
import gc
import operator
import weakref

import numpy as np
import pytest

import dezero.functions as F
from dezero import Function, Variable, grad, hessian, no_grad, rule
from dezero.errors import DTypeError, GraphError


def matrix(kind="recorded"):
    x = Variable(np.arange(12.0).reshape(3, 4))
    if kind == "free":
        with no_grad():
            return x * 1.0
    return x.detach() if kind == "constant" else x if kind == "leaf" else x * 1.0


@rule(lambda x: x)
def same(gy, y, x):
    return gy


@rule(lambda a, b: a)
def first(gy, y, a, b):
    return gy, None


@rule(lambda x: x.real)
def real(gy, y, x):
    return gy


class Reversed(Function):
    def forward(self, x):
        return x[::-1]

    def backward(self, gy):
        return gy[::-1]


class Halves(Function):
    def forward(self, x):
        return x[:1], x[1:]

    def backward(self, *gys):
        return None


VIEWS = {
    "row": lambda x: x[0], "rows": lambda x: x[:2], "column": lambda x: x[:, 0], "element": lambda x: x[0, 0, ...], "None": lambda x: x[None],
    "reshape": lambda x: x.reshape(12), "T": lambda x: x.T, "transpose": lambda x: x.transpose(), "ravel": lambda x: np.ravel(x), "iteration": lambda x: next(iter(x)),
    "broadcast": lambda x: np.broadcast_to(x, (2, 3, 4)), "view of a view": lambda x: x[:2][0], "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: np.squeeze(x), "a class": lambda x: Reversed()(x), "several outputs": lambda x: Halves()(x)[0],
    "the operand itself": lambda x: same(x), "the first of two": lambda x: first(x, 1.0), "a rule's view": lambda x: real(x),
    "array": lambda x: F.array(x, copy=None, ndmin=3), "ascontiguousarray": lambda x: F.ascontiguousarray(x[:2]),
}
USES = {
    "op": lambda v: v + 1.0, "operand of an op": lambda v: 2.0 * v, "data": lambda v: v.data, "shape": lambda v: v.shape, "len": len, "index": lambda v: v[0],
    "sum": lambda v: v.sum(), "ufunc": lambda v: np.multiply(v, 2.0), "assign": lambda v: operator.setitem(v, ..., 1.0), "augment": lambda v: operator.iadd(v, 1.0),
    "asarray": lambda v: np.asarray(v.detach()), "backward": lambda v: v.backward(), "iterate": lambda v: [*v], "less": lambda v: v < 1.0,
    "constant function": lambda v: np.sign(v), "copy": copy.copy, "value to assign": lambda v: operator.setitem(matrix(), ..., v), "Function": lambda v: Reversed()(v),
    "under no_grad": lambda v: no_grad()(lambda: v * 1.0)(), "dtype": lambda v: v.dtype, "tolist": lambda v: v.tolist(),
}


@pytest.mark.parametrize("kind", ["recorded", "free", "constant"])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_is_stale_after_an_assignment(view, kind):
    x = matrix(kind)
    v = view(x)
    before = v.data.copy()
    assert (v * 1.0).data.tolist() == before.tolist()
    x[0, 0] = 100.0
    for use in USES.values():
        with pytest.raises(GraphError, match="in NumPy it would share memory.*take it after the assignment"):
            use(v)
    assert repr(v) == "variable(stale)"
    assert view(x).data.ravel()[:1].tolist() != [0.0]           # taken after it, it has the new value
    assert x.data[0, 0] == 100.0


def test_what_does_not_overlap_stays():
    x = matrix()
    first, last, column = x[0], x[2], x[:, 3]
    x[1] = 5.0
    assert first.data.tolist() == [0, 1, 2, 3] and last.data.tolist() == [8, 9, 10, 11]
    with pytest.raises(GraphError):                             # its bytes lie around those of the row
        column.data
    x[0, 0] = 5.0
    with pytest.raises(GraphError):
        first.data


def test_copies_stay():
    x = matrix()
    copies = x[[0]], x[x.data > 5], x[0, 0], x[0] + 0, x.detach(), x.data, x.data[0], x.flatten()[:0], x.flatten(), x.flat.copy(), F.flatten(x, "F")
    x[...] = 7.0
    assert [copy.data.tolist()[:2] for copy in copies[-3:]] == [[0, 1], [0, 1], [0, 4]]
    assert copies[0].data.tolist() == [[0, 1, 2, 3]] and copies[2].data == 0 and copies[3].data.tolist() == [0, 1, 2, 3]
    assert copies[4].data[0, 1] == copies[5][0, 1] == 1


@pytest.mark.parametrize("kind", ["recorded", "free", "constant", "leaf"])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_part_of_a_view_is_not_assigned_to(view, kind):
    x = matrix(kind)
    v = view(x)
    before = v.data.copy()
    with pytest.raises(GraphError, match=r"write x\[0, 1\] = v in place of x\[0\]\[1\] = v"), no_grad() if kind == "leaf" else np.errstate():
        v[...] = 1.0
    assert np.array_equal(v.data, before) and x.data[0, 1] == 1.0 and (x + v * 0.0 if x.shape == v.shape else x) is not None


def test_a_view_of_what_is_gone_is_ones_own():
    x = Variable(np.arange(6.0))
    y = (x * 1.0).reshape(2, 3)
    y[0] = x[3] * 2.0
    z = np.zeros_like(x).reshape(3, 2).T
    z[1, 0] = x[0]
    (y.sum() + z.sum()).backward()
    assert x.grad.tolist() == [1, 0, 0, 7, 1, 1]


def test_a_sibling_is_stale():
    x = matrix()
    a, b, c = x.reshape(12), x[0], x[1]
    del x
    gc.collect()
    a[0] = 5.0
    with pytest.raises(GraphError):
        b.data
    c[0] = 7.0
    assert c.data[0] == 7
    with pytest.raises(GraphError):
        a.data


def test_an_augmented_view():
    x = matrix()
    row, other, last = x[0], x[0, 1:], x[2]
    held = row
    row += 10.0
    assert row.data.tolist() == [10, 11, 12, 13] and last.data.tolist() == [8, 9, 10, 11]
    for stale in (x, other, held):
        with pytest.raises(GraphError, match="in NumPy it would share memory"):
            stale + 1.0
    with pytest.raises(GraphError, match=r"x\[0\] = row"):
        x[1] = row
    x[0] = row
    assert x.data[0].tolist() == [10, 11, 12, 13] and row.data[0] == 10 and last.data[0] == 8
    with pytest.raises(GraphError):
        other.data


@pytest.mark.parametrize("how", [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow])
def test_parts_are_augmented(how):
    for index in (0, slice(1, None), (slice(None), 1), (slice(None, None, -2), ...), [0, 2], (0, 1), ..., np.arange(12).reshape(3, 4) > 4):
        x, a = matrix(), np.arange(12.0).reshape(3, 4)
        x[index], a[index] = how(x[index], 2.0), how(a[index], 2.0)
        assert np.array_equal(x.data, a)


INTEGERS = {
    "row": np.int64(1), "column": (slice(None), np.int64(1)), "slice": slice(0, np.int64(2)), "step": (slice(None, None, np.int8(-2)), ...),
    "argmax": np.argmax([0, 1]), "0-d array": np.array(1), "Variable": Variable(np.array(1)).detach(), "bool": True, "NumPy's bool": np.True_,
}


@pytest.mark.parametrize("index", INTEGERS.values(), ids=INTEGERS)
def test_parts_at_numpys_integers_are_augmented(index):
    plain = index.data if isinstance(index, Variable) else index
    a = np.arange(12.0).reshape(3, 4)
    a[plain] += 10.0
    x = matrix()
    y = x
    x[index] += 10.0
    assert x is y and np.array_equal(x.data, a)
    row = x[index]
    row += 1.0
    x[index] = row
    a[plain] += 1.0
    assert np.array_equal(x.data, a)
    leaf = matrix("leaf")
    with no_grad():
        leaf[index] += 11.0
    assert np.array_equal(leaf.data, a)


def test_an_index_that_is_none_changes_nothing():
    x = matrix()
    row = x[0]
    row += 1.0
    with pytest.raises(TypeError):
        x[0:1.5] = row
    x[0] = row
    assert x.data[0].tolist() == [1, 2, 3, 4]


def test_augmented_twice():
    x = matrix()
    row = x[0]
    row += 1.0
    row *= 2.0
    x[0] = row
    assert x.data[0].tolist() == [2, 4, 6, 8]


def test_two_parts_augmented():
    x = matrix()
    a, b = x[0], x[1]
    a += 1.0
    b += 1.0
    for i, row in enumerate((a, b)):
        with pytest.raises(GraphError):
            x[i] = row


def test_augmenting_what_views_were_taken_from():
    x = matrix()
    row, y = x[0], x
    x += 1.0
    with pytest.raises(GraphError):
        row.data
    assert x.data[0, 0] == 1 and y.data[0, 0] == 0              # y keeps the old value, as README says


def test_augmenting_what_is_no_view():
    x = Variable(np.ones(2))
    y = x
    y += 1.0
    assert x.data.tolist() == [1, 1] and y.data.tolist() == [2, 2] and y is not x
    s = x.sum()
    s += x[0]
    assert x.data.tolist() == [1, 1]


def test_an_augmented_view_has_the_room_of_the_view():
    x = Variable(np.ones((2, 3), "f4")) * 1.0
    row = x[0]
    for value, error in ((np.ones((2, 3)), ValueError), (1j, DTypeError)):
        with pytest.raises(error):
            row += value
    assert x.data.tolist() == [[1, 1, 1], [1, 1, 1]] and row.data.tolist() == [1, 1, 1]
    row += np.float64(1.5)
    x[0] = row
    assert x.dtype == "f4" and x.data[0, 0] == 2.5


def test_a_leaf_whose_part_is_augmented():
    x = matrix("leaf")
    with pytest.raises(GraphError, match="leaf"):
        x[0] += 1.0
    assert x.data[0, 0] == 0 and (x * 2.0).data[0, 1] == 2      # nothing has changed
    row = x[0]
    row += 1.0
    (row * row).sum().backward()
    assert x.grad[0].tolist() == [2, 4, 6, 8]                   # gradients come to it all the same
    with pytest.raises(GraphError, match="share memory with a part of it which has been changed"):
        x.sum()
    with pytest.raises(GraphError, match="leaf"):
        x[0] = row
    assert x.data[0, 0] == 0
    with pytest.raises(GraphError, match="could not be assigned"):
        row.sum()


def test_a_part_of_a_view_is_augmented():
    x = matrix()
    top = x[:2]
    with pytest.raises(GraphError, match=r"x\[0, 1\] = v"):
        top[0] += 1.0
    assert x.data[0, 0] == 0 and top.data[0, 0] == 0
    with pytest.raises(GraphError):
        x[0][1] += 1.0
    assert x.data[0, 1] == 1


def test_new_data_end_it():
    x = matrix()
    row = x[0]
    row += 1.0
    with pytest.raises(GraphError, match="by their like only"):
        x.data = np.zeros(2)
    with pytest.raises(GraphError):
        x.sum()
    x.data = np.zeros((3, 4))
    assert x.sum().data == 0
    row[0] = 5.0                                                # x has memory of its own now
    assert row.data.tolist() == [5, 2, 3, 4] and x.sum().data == 0
    view = x[1]
    x[1] = 2.0
    view.data = np.full(4, 9.0)
    assert (view * 1.0).data.tolist() == [9] * 4 and x.data[1, 0] == 2


def test_rows_before_and_after():
    x = Variable(np.arange(1.0, 7.0).reshape(3, 2))
    z = np.zeros_like(x)
    z[0] = x[0]
    for i in range(1, 3):
        row = z[i - 1]
        z[i] = row * x[i]
        z[i] += row                                             # what was written lies beside it
    z.sum().backward()
    a = x.data
    wanted = np.array([1 + (a[1] + 1) * (1 + a[2] + 1), a[0] * (1 + a[2] + 1), a[0] * (a[1] + 1)])
    np.testing.assert_allclose(x.grad, wanted)


def test_under_a_transform():
    def f(x):
        row = x[0]
        row += x[1]
        return (row * row).sum()
    assert grad(f)(np.ones((2, 2))).tolist() == [[4, 4], [4, 4]]
    with pytest.raises(GraphError, match="in NumPy it would share memory"):
        hessian(f)(np.ones((2, 2)))

    def g(x):
        y = x * 1.0
        y[0] += y[1]
        return (y * y).sum()
    assert grad(g)(np.ones((2, 2))).tolist() == [[4, 4], [6, 6]]


def test_a_stale_one_is_freed_with_its_graph():
    x = matrix()
    row = x[0]
    x[0] = 1.0
    dead = weakref.ref(row)
    del row
    assert dead() is None
    for _ in range(100):
        views = [x[i] for i in range(3)]
        x[1] = x[0] * 2.0
        del views
    gc.collect()
    assert x.data[1, 0] == 2

