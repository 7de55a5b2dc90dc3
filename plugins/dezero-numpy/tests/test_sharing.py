"""What NumPy has share memory with its operand, and nothing else, is noted as a view."""
import numpy as np
import pytest

import dezero.numpy as dnp
from dezero import Variable, grad
from dezero.errors import GraphError

MATRIX = {
    "real": np.real, "x.real": lambda x: x.real, "conj": np.conj, "x.conj": lambda x: x.conj(),
    "x.conjugate": lambda x: x.conjugate(), "copy": np.copy,
    "x.copy": lambda x: x.copy(), "positive": np.positive, "+x": lambda x: +x, "abs": np.abs,
    "clip": lambda x: np.clip(x, None, None),
    "x.clip": lambda x: x.clip(0.0, None), "astype": lambda x: x.astype(float),
    "astype without a copy": lambda x: x.astype(float, copy=False),
    "nan_to_num": np.nan_to_num, "real_if_close": np.real_if_close, "reshape": lambda x: x.reshape(9),
    "reshape F": lambda x: x.reshape(9, order="F"),
    "ravel": np.ravel, "ravel F": lambda x: np.ravel(x, "F"), "flatten": lambda x: x.flatten(),
    "flatten F": lambda x: x.flatten("F"), "flat": lambda x: x.flat[:],
    "flat.copy": lambda x: x.flat.copy(), "T": lambda x: x.T, "mT": lambda x: x.mT, "transpose": np.transpose,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1), "rollaxis": lambda x: np.rollaxis(x, 1), "squeeze": np.squeeze,
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "matrix_transpose": np.matrix_transpose, "permuted": lambda x: x.transpose(1, 0),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 3)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, np.ones((2, 1, 1)))[0], "atleast_1d": np.atleast_1d,
    "atleast_2d": np.atleast_2d, "atleast_3d": np.atleast_3d,
    "flip": np.flip, "fliplr": np.fliplr, "flipud": np.flipud, "rot90": np.rot90, "no turn": lambda x: np.rot90(x, 0),
    "roll": lambda x: np.roll(x, 0),
    "diagonal": np.diagonal, "linalg.diagonal": np.linalg.diagonal, "diag": np.diag, "triu": np.triu,
    "tril": lambda x: np.tril(x, 9),
    "split": lambda x: np.split(x, 3)[0], "array_split": lambda x: np.array_split(x, 1)[0], "hsplit": lambda x: np.hsplit(x, 3)[0],
    "vsplit": lambda x: np.vsplit(x, 3)[0],
    "concatenate": lambda x: np.concatenate([x]), "stack": lambda x: np.stack([x]), "vstack": lambda x: np.vstack([x]),
    "hstack": lambda x: np.hstack([x]),
    "dstack": lambda x: np.dstack([x]), "column_stack": lambda x: np.column_stack([x]), "block": np.block,
    "block of a list": lambda x: np.block([x]),
    "block of lists": lambda x: np.block([[x]]), "tile": lambda x: np.tile(x, 1), "repeat": lambda x: np.repeat(x, 1),
    "resize": lambda x: np.resize(x, (3, 3)),
    "pad": lambda x: np.pad(x, 0), "append": lambda x: np.append(x, []), "delete": lambda x: np.delete(x, []),
    "insert": lambda x: np.insert(x, [], []),
    "trim_zeros": lambda x: np.trim_zeros(x[0]), "choose": lambda x: np.choose(0, [x]),
    "choose of two": lambda x: np.choose(np.zeros((3, 3), int), [x, x]),
    "select": lambda x: np.select([np.full((3, 3), True)], [x]), "where": lambda x: np.where(True, x, 0.0),
    "take": lambda x: np.take(x, [0, 1, 2], 0),
    "take one": lambda x: np.take(x, 0, 0), "take_along_axis": lambda x: np.take_along_axis(x, np.arange(3)[:, None], 1),
    "compress": lambda x: np.compress([True] * 3, x, 0),
    "extract": lambda x: np.extract([True] * 9, x), "sort": np.sort, "partition": lambda x: np.partition(x, 1),
    "cumsum": lambda x: np.cumsum(x, 0),
    "diff": lambda x: np.diff(x, n=0), "sum over nothing": lambda x: np.sum(x, ()), "max over nothing": lambda x: np.max(x, ()),
    "mean over nothing": lambda x: np.mean(x, ()),
    "einsum": lambda x: np.einsum("ij->ij", x), "einsum T": lambda x: np.einsum("ij->ji", x),
    "einsum diagonal": lambda x: np.einsum("ii->i", x),
    "einsum with a product": lambda x: np.einsum("ij,->ij", x, 1.0), "einsum sum": lambda x: np.einsum("ij->i", x),
    "matrix_power": lambda x: np.linalg.matrix_power(x, 1),
    "multi_dot": lambda x: np.linalg.multi_dot([x, np.eye(3)]), "index": lambda x: x[0], "slice": lambda x: x[:, ::-1],
    "list": lambda x: x[[0, 1, 2]],
    "None": lambda x: x[None], "...": lambda x: x[...], "mask": lambda x: x[x == x], "element": lambda x: x[0, 0],
    "0-d element": lambda x: x[0, 0, ...],
    "unstack": lambda x: np.unstack(x)[0], "fftshift": np.fft.fftshift, "apply_along_axis": lambda x: np.vstack([x[0]]),
    "permute_dims": lambda x: np.permute_dims(x),
    "x.round": lambda x: +x, "maximum": lambda x: np.maximum(x, -9.0), "unwrap": np.unwrap,
    "interp": lambda x: np.interp(x[0], [0.0, 9.0], [0.0, 9.0]),
}
ROW = {
    "meshgrid": lambda x: np.meshgrid(x, x)[0], "meshgrid without a copy": lambda x: np.meshgrid(x, x, copy=False)[1],
    "sparse meshgrid": lambda x: np.meshgrid(x, x, sparse=True)[0],
    "sparse without a copy": lambda x: np.meshgrid(x, x, copy=False, sparse=True)[0], "ix_": lambda x: np.atleast_2d(x),
    "vander": lambda x: np.vander(x),
    "convolve": lambda x: np.convolve(x, [1.0]), "trim_zeros": np.trim_zeros, "diagflat": np.diagflat,
    "hstack": lambda x: np.hstack((x,)), "ediff1d": np.ediff1d,
}
TWIN = {
    "array": lambda m, x: m.array(x), "array copy=None": lambda m, x: m.array(x, copy=None),
    "array copy=False": lambda m, x: m.array(x, copy=False),
    "array ndmin": lambda m, x: m.array(x, copy=None, ndmin=3), "array ndmin copy": lambda m, x: m.array(x, ndmin=3),
    "array dtype": lambda m, x: m.array(x, "f4", copy=None),
    "array F": lambda m, x: m.array(x, copy=None, order="F"), "array C": lambda m, x: m.array(x, float, copy=None, order="C"),
    "array of a list": lambda m, x: m.array([x], copy=None),
    "asarray": lambda m, x: m.asarray(x), "asarray dtype": lambda m, x: m.asarray(x, "f4"),
    "asarray F": lambda m, x: m.asarray(x, order="F"),
    "asanyarray": lambda m, x: m.asanyarray(x), "ascontiguousarray": lambda m, x: m.ascontiguousarray(x),
    "asfortranarray": lambda m, x: m.asfortranarray(x),
    "asfortranarray of T": lambda m, x: m.asfortranarray(x.T), "ascontiguousarray of T": lambda m, x: m.ascontiguousarray(x.T),
    "ascontiguousarray of a number": lambda m, x: m.ascontiguousarray(x[0, 0, ...]),
    "asarray copy": lambda m, x: m.asarray(x, copy=True),
    "ascontiguousarray of a part": lambda m, x: m.ascontiguousarray(x[1:]),
}


def check(f, shape):
    """What shares memory in NumPy is the operand itself, or stale after an assignment to it; any other result keeps its numbers."""
    a = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    shares = np.may_share_memory(f(np, a), a)
    x = Variable(a.copy()) * 1.0
    v = f(dnp, x)
    before = v.data.copy()
    np.testing.assert_allclose(before, f(np, a), rtol=1e-12)
    x[...] = 50.0
    if v is x:
        assert shares
    elif shares:
        with pytest.raises(GraphError, match="share memory"):
            v.data
    else:
        assert np.array_equal(v.data, before)


@pytest.mark.parametrize("f", MATRIX.values(), ids=MATRIX)
def test_of_a_matrix(f):
    check(lambda m, x: f(x), (3, 3))


@pytest.mark.parametrize("f", ROW.values(), ids=ROW)
def test_of_a_row(f):
    check(lambda m, x: f(x), 3)


@pytest.mark.parametrize("f", TWIN.values(), ids=TWIN)
def test_of_the_twin(f):
    check(f, (3, 3))


@pytest.mark.parametrize("copying", [
    lambda x: x.flatten(), lambda x: np.clip(x, None, None), np.block, lambda x: np.meshgrid(x, x)[0], lambda x: np.choose(0, [x])])
def test_a_copy_is_ones_own_and_has_its_gradient(copying):
    w = Variable(np.arange(3.0))
    y = copying(w)
    y[..., 0] = 9.0
    assert y.data[..., 0].tolist() == np.full(y.shape[:-1], 9.0).tolist() and w.data[0] == 0
    (y * y).sum().backward()
    assert w.grad.tolist() == [0, *(y.size // 3 * 2 * w.data[1:])]


def test_diagonals_of_einsum():
    rng = np.random.default_rng(0)
    for subscripts, shape in (("ii->i", (3, 3)), ("iij->ij", (2, 2, 3)), ("iji->j", (2, 3, 2)), ("iii->i", (3, 3, 3)),
                              ("ijij->ji", (2, 3, 2, 3)), ("ii", (3, 3))):
        x = rng.random(shape)
        weights = rng.random(np.einsum(subscripts, x).shape)
        found = grad(lambda v: (np.einsum(subscripts, v) ** 2 * weights).sum())(x)
        step = rng.random(shape)
        wanted = (np.einsum(subscripts, x + 1e-30j * step) ** 2 * weights).sum().imag / 1e-30
        np.testing.assert_allclose((found * step).sum(), wanted)
