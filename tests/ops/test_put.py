"""NumPy's functions that write into their first argument: each does with a Variable what it does with an array."""
import operator

import numpy as np
import pytest

import dezero.functions as F
from dezero import Variable, grad, hessian, no_grad
from dezero.errors import DTypeError, GradientError, GraphError

RNG = np.random.default_rng(0)
MASK = np.array([[True, False, True, True], [False, False, False, True], [True, False, False, False]])
ROWS = np.array([[0], [2], [1]])


def flat_set(x, index, value):
    x.flat[index] = value


def part_set(x, index, value):
    x[index] = value


def augmented(x, index, value, operator):
    if operator == "+":
        x[index] += value
    elif operator == "-":
        x[index] -= value
    elif operator == "/":
        x[index] /= value
    else:
        x[index] **= value


FORMS = {
    "copyto": lambda x, v: np.copyto(x, v[:4]),
    "copyto where": lambda x, v: np.copyto(x, v[:4], where=MASK), "copyto where a row": lambda x, v: np.copyto(x, v[0], where=[True, False, True, False]),
    "copyto a number": lambda x, v: np.copyto(dst=x, src=2.0, casting="unsafe"), "copyto nowhere": lambda x, v: np.copyto(x, v[:4], where=False),
    "put": lambda x, v: np.put(x, [0, -1, 5, 5], v[:4]), "put fewer": lambda x, v: np.put(x, [[0, 1], [2, 3]], v[:3]),
    "put more": lambda x, v: np.put(x, 3, v), "put nothing": lambda x, v: np.put(x, [1], v[:0]),
    "x.put": lambda x, v: x.put([0, 13], v[:2], mode="wrap"), "put clip": lambda x, v: np.put(x, [-3, 40], v[:2], "clip"),
    "x.put by names": lambda x, v: x.put(indices=[0, 3], values=v[:2], mode="clip"),
    "np.put by names": lambda x, v: np.put(a=x, ind=[1], v=v[0]),
    "place": lambda x, v: np.place(x, MASK, v[:2]), "place more": lambda x, v: np.place(x, MASK.ravel(), v), "place nowhere": lambda x, v: np.place(x, MASK & False, v),
    "putmask": lambda x, v: np.putmask(x, MASK, v[:5]), "putmask with x": lambda x, v: np.putmask(x, MASK, x * 2.0),
    "put_along_axis": lambda x, v: np.put_along_axis(x, ROWS, v[:3].reshape(3, 1), 1),
    "put_along_axis 0": lambda x, v: np.put_along_axis(x, np.array([[0, 1, 2, 0]]), v[:1], 0),
    "put_along_axis -1": lambda x, v: np.put_along_axis(x, ROWS, v[0], axis=-1),
    "put_along_axis None": lambda x, v: np.put_along_axis(x, np.array([3, 1]), v[:2], None),
    "fill_diagonal": lambda x, v: np.fill_diagonal(x, v[:2]), "fill_diagonal with a number": lambda x, v: np.fill_diagonal(x, v[1]),
    "fill_diagonal of a high one": lambda x, v: np.fill_diagonal(x.T, 1.0) if isinstance(x, np.ndarray) else np.fill_diagonal(x, 1.0),
    "fill": lambda x, v: x.fill(v[0]), "fill with a number": lambda x, v: x.fill(3),
    "add.at": lambda x, v: np.add.at(x, ([0, 0, 1], [1, 1, 2]), v[:3]), "add.at a part": lambda x, v: np.add.at(x, (0, slice(1, 3)), v[:2]),
    "add.at a number": lambda x, v: np.add.at(x, [0, 0], 2.0), "subtract.at": lambda x, v: np.subtract.at(x, [0, 0, 1], v[:4]),
    "add.at a slice": lambda x, v: np.add.at(x, slice(0, 2), v[:4]), "add.at ...": lambda x, v: np.add.at(x, ..., 2.0),
    "add.at None": lambda x, v: np.add.at(x, None, v[:4]), "add.at a range": lambda x, v: np.add.at(x, range(2), v[:4]),
    "add.at an integer": lambda x, v: np.add.at(x, np.int64(-1), v[0]), "add.at a mask": lambda x, v: np.add.at(x, MASK, v[:5]),
    "add.at a list of booleans": lambda x, v: np.add.at(x, [True, False, True], v[:4]),
    "add.at negative": lambda x, v: np.add.at(x, [-1, 2, 0, -3], v[:4]),
    "subtract.at a slice": lambda x, v: np.subtract.at(x, slice(1, None), [1, 2, 3, 4]),
    "add.at a column": lambda x, v: np.add.at(x, (slice(None), [1, 1, -3]), v[:3]),
    "add.at nothing": lambda x, v: np.add.at(x, [], 1.0),
    "subtract.at pairs": lambda x, v: np.subtract.at(x, ([[0, 0], [2, -1]], [1, 1]), v[:2]),
    "add.at one of a row": lambda x, v: np.add.at(x, (0, [3, -1, 3]), v[:3]),
    "flat": lambda x, v: flat_set(x, slice(1, 9, 2), v[:3]), "flat element": lambda x, v: flat_set(x, 5, v[1]), "flat negative": lambda x, v: flat_set(x, -1, v[1]),
    "flat list": lambda x, v: flat_set(x, [1, 1, 2], v[:3]), "flat mask": lambda x, v: flat_set(x, MASK.ravel(), v[:2]), "flat dots": lambda x, v: flat_set(x, ..., v[0]),
    "real": lambda x, v: part_set(x.real, (0, slice(1, 3)), v[:2]),
    "+=": lambda x, v: augmented(x, 0, v[:4], "+"), "-= of a list": lambda x, v: augmented(x, [0, 2], v[0], "-"), "/= of a mask": lambda x, v: augmented(x, MASK, v[3], "/"),
    "**=": lambda x, v: augmented(x, (slice(None), 1), 3.0, "**"),
}


PARTS = {
    "real": lambda z, v: part_set(z.real, (0, slice(1, 3)), v[:2]), "imag": lambda z, v: part_set(z.imag, ..., v[:4]),
    "real of a number": lambda z, v: part_set(z.real, 0, 2.0), "imag of a list": lambda z, v: part_set(z.imag, 0, [1.0, 2.0, 3.0, 4.0]),
    "imag +=": lambda z, v: augmented(z.imag, (slice(None), 1), v[:3], "+"), "real of a mask": lambda z, v: part_set(z.real, MASK, v[3]),
}


@pytest.mark.parametrize("f", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("dtype", ["D", "F"])
def test_parts_of_complex_numbers(f, dtype):
    a = (RNG.random((3, 4)) + 1j * RNG.random((3, 4))).astype(dtype)
    b, weights = RNG.random(12), RNG.random((3, 4)) + 1j * RNG.random((3, 4))

    def loss(z, v):
        y, v = z * 1.0, v * 1.0
        f(y, v)
        return (y * y * weights).real.sum(), y

    z, v = Variable(a), Variable(b)
    u, y = loss(z, v)
    wanted, array = loss(a, b)
    np.testing.assert_allclose(y.data, array, rtol=1e-6)
    assert y.dtype == dtype
    u.backward()
    h = 1e-6 if dtype == "D" else 1e-2
    for i in np.ndindex(a.shape):
        part = np.zeros(a.shape, dtype)
        part[i] = h
        slope = (loss(a + part, b)[0] - wanted) / h + 1j * (loss(a + 1j * part, b)[0] - wanted) / h
        np.testing.assert_allclose(z.grad[i], slope, atol=20 * h)
    of_v = np.zeros(12) if v.grad is None else v.grad
    for i in range(12):
        part = np.zeros(12)
        part[i] = h
        np.testing.assert_allclose(of_v[i], (loss(a, b + part)[0] - wanted) / h, atol=20 * h)


def test_parts_refuse_what_numpy_does():
    z, x = Variable(np.ones(2, complex)) * 1.0, Variable(np.ones(2)) * 1.0
    with pytest.raises(DTypeError, match="wanted real numbers"):
        z.real[0] = 1j
    with pytest.raises(ValueError, match="read-only"):
        x.imag[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        np.imag(np.ones(2))[0] = 1.0
    for part in (1j, np.ones(3)):
        with pytest.raises((DTypeError, ValueError)):
            z.real = part
    for name in ("T", "mT", "shape"):
        with pytest.raises(AttributeError):
            setattr(x.reshape(1, 2), name, 1.0)
    assert z.data.tolist() == [1, 1] and x.data.tolist() == [1, 1]


KINDS = {"leaf": lambda a: Variable(a), "free": lambda a: Variable(a) * 1.0, "constant": lambda a: Variable(a).detach() * 1.0}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("f", PARTS.values(), ids=PARTS)
def test_parts_of_complex_numbers_under_no_grad(f, kind):
    a, b = RNG.random((3, 4)) + 1j * RNG.random((3, 4)), RNG.random(12)
    with no_grad():
        z = KINDS[kind](a.copy())
        held = z
        f(z, b)
    f(a, b)
    np.testing.assert_allclose(z.data, a)
    assert z is held and z.creator is None


def test_parts_of_what_was_recorded_under_no_grad():
    z = Variable(np.ones(2, complex))
    y = z * 2.0
    with no_grad():
        y.imag[0] = 3.0
    (y * y).real.sum().backward()
    assert y.data.tolist() == [2 + 3j, 2] and z.grad.tolist() == [0, 8]


@pytest.mark.parametrize("kind", ["recorded", "constant"])
def test_a_part_that_was_held_is_stale_and_one_of_what_is_gone_is_ones_own(kind):
    z = Variable(np.ones(3, complex))
    z = z * 1.0 if kind == "recorded" else z.detach()
    real, imag = z.real, z.imag
    z.real[0] = 5.0
    assert z.data.tolist() == [5, 1, 1]
    for part in (real, imag):
        with pytest.raises(GraphError):
            part.sum()
    own = (z * 1.0).real
    own[0] = 7.0
    assert own.data.tolist() == [7, 1, 1] and z.data[0] == 5


def test_parts_refuse_a_leaf_and_change_nothing():
    z = Variable(np.ones(2, complex))
    for change in (lambda: part_set(z.real, 0, 5.0), lambda: setattr(z, "imag", 5.0), lambda: augment(z, "real", operator.imul)):
        with pytest.raises(GraphError, match="leaf"):
            change()
        assert z.data.tolist() == [1, 1] and (z * 1.0).data.tolist() == [1, 1]


def augment(x, name, how, value=2.0):
    setattr(x, name, how(getattr(x, name), value))


ATTRIBUTES = {
    "z.real = v": lambda z, v: setattr(z, "real", v[:4]), "z.imag = number": lambda z, v: setattr(z, "imag", 2.0),
    "z.real *= 2": lambda z, v: augment(z, "real", operator.imul),
    "z.imag += v": lambda z, v: augment(z, "imag", operator.iadd, v[:4]),
    "z.imag **= 2": lambda z, v: augment(z, "imag", operator.ipow), "z.real = z.imag": lambda z, v: setattr(z, "real", z.imag),
    "z.flat = v": lambda z, v: setattr(z, "flat", v), "z.flat = fewer": lambda z, v: setattr(z, "flat", v[:5]),
    "z.T.real": lambda z, v: part_set(z, 0, z.T.real[1, 0]),
    "z.real *= z.imag": lambda z, v: augment(z, "real", operator.imul, z.imag * 1.0),
}


@pytest.mark.parametrize("f", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_attributes_are_assigned_as_numpys(f):
    test_parts_of_complex_numbers(f, "D")
    for kind in KINDS:
        test_parts_of_complex_numbers_under_no_grad(f, kind)


def test_attributes_of_real_numbers_and_of_subclasses():
    class Mine(Variable):
        pass

    with no_grad():
        x = Mine(np.arange(4.0).reshape(2, 2))
        x.real *= 2.0
        x.flat = [7.0, 8.0]
    assert x.data.tolist() == [[7, 8], [7, 8]] and vars(x) == {}
    with pytest.raises(ValueError, match="read-only"):
        (x * 1.0).imag = 1.0


@pytest.mark.parametrize("name", ["T", "mT"])
def test_attributes_that_are_not_assigned_change_nothing(name):
    x = Variable(np.arange(4.0).reshape(2, 2)) * 1.0
    with pytest.raises(AttributeError, match=rf"x\.{name} = v: .*can't be assigned to"):
        augment(x, name, operator.iadd)
    assert x.data.tolist() == [[0, 1], [2, 3]]
    part = x.T
    part += 1.0
    with pytest.raises(GraphError):
        x.flat = part
    with pytest.raises(GraphError):
        x.real = part
    assert part.data.tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize("f", FORMS.values(), ids=FORMS)
def test_value_and_gradients(f):
    a, b, weights = RNG.random((3, 4)) + 0.5, RNG.random(12) + 0.5, RNG.random((3, 4))

    def program(x, v):
        y, v = x * 1.0, v * 1.0
        f(y, v)
        return y

    x, v = Variable(a), Variable(b)
    y = program(x, v)
    wanted = program(a, b)
    np.testing.assert_allclose(y.data, wanted, rtol=1e-15)
    (y * weights).sum().backward()
    for of, leaf in ((0, x), (1, v)):
        slopes = np.zeros(leaf.shape)
        for i in np.ndindex(leaf.shape):
            values = []
            for step in (1e-6, -1e-6):
                args = [a.copy(), b.copy()]
                args[of][i] += step
                values.append((program(*args) * weights).sum())
            slopes[i] = (values[0] - values[1]) / 2e-6
        np.testing.assert_allclose(np.zeros(leaf.shape) if leaf.grad is None else leaf.grad, slopes, atol=1e-8)


@pytest.mark.parametrize("f", FORMS.values(), ids=FORMS)
def test_second_order_and_constants(f):
    def program(x):
        y = (x * x).reshape(3, 4)
        f(y, x * x)
        return (y * y).sum()

    x = RNG.random(12) + 0.5
    found = hessian(program)(x)
    for i in (0, 5, 11):
        e = np.zeros(12)
        e[i] = 1e-5
        np.testing.assert_allclose(found[i], (grad(program)(x + e) - grad(program)(x - e)) / 2e-5, atol=1e-6)
    c, array = np.zeros_like(Variable(np.ones((3, 4)))), np.zeros((3, 4))
    f(c, x.copy())
    f(array, x.copy())
    assert c.is_constant and np.array_equal(c.data, array)


@pytest.mark.parametrize("f", FORMS.values(), ids=FORMS)
def test_a_leaf_is_refused(f):
    x = Variable(np.ones((3, 4)))
    if f in (FORMS["copyto nowhere"], FORMS["put nothing"], FORMS["place nowhere"]):
        return
    with pytest.raises(GraphError, match="leaf"):
        f(x, np.ones(12))
    assert x.data.tolist() == np.ones((3, 4)).tolist()
    with no_grad():
        f(x, np.ones(12) * 5.0)


@pytest.mark.parametrize("call, error, words", [
    (lambda x: np.put(x, [99], 1.0), IndexError, "out of bounds"), (lambda x: np.place(x, [True], 1.0), ValueError, "mask.*differ in size"),
    (lambda x: np.putmask(x, [True], 1.0), ValueError, "mask.*differ in size"), (lambda x: np.place(x, MASK, []), ValueError, "no value"),
    (lambda x: np.put_along_axis(x, np.array([0.0]), 1.0, 0), IndexError, "integer"), (lambda x: np.put_along_axis(x, np.array([0]), 1.0, 0), ValueError, "dimensions"),
    (lambda x: np.put_along_axis(x, ROWS, 1.0, 3), np.exceptions.AxisError, "numpy.put_along_axis: axis 3 is out of bounds"),
    (lambda x: np.fill_diagonal(x[0], 1.0), ValueError, "two dimensions"), (lambda x: x.fill(np.ones(2)), ValueError, "one number"),
    (lambda x: np.copyto(x, 1j), DTypeError, "complex128"), (lambda x: np.copyto(x, np.ones(3, "f4"), casting="no"), TypeError, "according to the rule 'no'"),
    (lambda x: np.copyto(x, np.ones(3)), ValueError, "broadcast"), (lambda x: np.add.at(x, 9, 1.0), IndexError, "out of bounds"),
    (lambda x: flat_set(x, 99, 1.0), IndexError, "out of bounds"), (lambda x: flat_set(x, 0, [1.0, 2.0]), ValueError, "broadcast"),
    (lambda x: np.multiply.at(x, 0, 2.0), TypeError, "multiply.at"),
])
def test_what_is_refused_changes_nothing(call, error, words):
    x = Variable(np.ones((3, 4))) * 1.0
    with pytest.raises(error, match=words):
        call(x)
    assert x.data.tolist() == np.ones((3, 4)).tolist()


@pytest.mark.parametrize("call", [
    lambda a, x: np.copyto(a, x), lambda a, x: np.put(a, [0], x), lambda a, x: np.place(a, a == 0, x), lambda a, x: np.putmask(a, a == 0, x),
    lambda a, x: np.put_along_axis(a, np.array([0]), x, 0), lambda a, x: np.fill_diagonal(a.reshape(1, 3), x), lambda a, x: np.add.at(a, [0], x)])
def test_into_a_plain_array(call):
    a = np.zeros(3)
    with pytest.raises((TypeError, GradientError), match="array"):
        call(a, Variable(np.ones(1)) * 2.0)
    assert not a.any()


def test_flat_is_read():
    x = Variable(np.arange(6.0).reshape(2, 3))
    assert x.flat[4].data == 4 and x.flat[1:3].data.tolist() == [1, 2] and x.flat[[0, -1]].data.tolist() == [0, 5]
    assert len(x.flat) == 6 and [e.item() for e in x.flat] == [0, 1, 2, 3, 4, 5] and x.flat.copy().shape == (6,)
    sum(e * e for e in x.flat).backward()
    assert x.grad.tolist() == [[0, 2, 4], [6, 8, 10]]
    with pytest.raises(GradientError):
        np.asarray(x.flat)
    assert np.asarray(x.detach().flat).tolist() == [0, 1, 2, 3, 4, 5]
    scalar = Variable(np.array(3.0)) * 1.0
    scalar.flat[0] = 5.0
    scalar.flat[:] = 6.0
    assert scalar.data == 6.0 and scalar.flat[0].data == 6.0


def test_parts_of_flat_are_copies_as_numpys():
    x = Variable(np.arange(6.0).reshape(2, 3)) * 1.0
    part = x.flat[1:3]
    x[0] = 9.0
    assert part.data.tolist() == [1, 2]


def test_add_at_of_few_places_takes_no_whole_array():
    x, y = Variable(np.ones(3)), Variable(np.ones(10**5)) * 1.0
    for i in range(20):
        np.add.at(y, [i, 5, 5], x)
    sizes = []
    f = y.creator
    while f is not None and len(sizes) < 20:
        sizes.append(f.inputs[1].size)
        f = f.inputs[0].creator
    assert max(sizes) == 2                              # what was added up, and not of y's size
    y.sum().backward()
    assert y.data[5] == 42 and x.grad.tolist() == [20, 20, 20]


def test_add_at_of_an_empty_array():
    y = Variable(np.ones((0, 2))) * 1.0
    np.add.at(y, np.array([], int), np.ones((0, 2)))
    with pytest.raises(IndexError):
        np.add.at(y, [0], 1.0)
    assert y.shape == (0, 2)


def test_as_functions():
    x = Variable(np.zeros(3)) * 1.0
    assert F.put(x, [0], 2.0) is None and F.fill(x, 3.0) is None and x.data.tolist() == [3, 3, 3]


def test_full_like_of_an_array_names_what_to_write():
    x = Variable(np.array(2.0))
    with pytest.raises(TypeError, match=r"np.full_like\(a, x\) comes here, too: write np.full\(a.shape, x\) of dezero.numpy"):
        np.full_like(np.zeros(3), x)
    with pytest.raises(TypeError) as error:
        np.put(np.zeros(3), 0, x)
    assert "full_like" not in str(error.value)
