"""Arrays as they come: any strides, order, alignment, byte order and size; read, never written, never aliased."""

import os
import tempfile

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import BINARY, LAYOUTS, SEVEN, SHAPES, assert_gradient, assert_same, coarsest, laid_out, layouts, sum_to

import dezero.functions as F
from dezero import Function, Variable

DTYPES = ["f2", "f4", "f8", "g", "i1", "i4", "u2", "?"]


def copy_of(x):
    """The same numbers in a plain C array of native byte order."""
    return np.array(x, x.dtype.newbyteorder("="), order="C")


def refused_by_numpy(op, *xs):
    try:
        with np.errstate(all="ignore"):
            op.ufunc(*xs)
    except TypeError:
        return True
    return False


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("op", SEVEN, ids=repr)
def test_S11_S12_a_layout_changes_nothing(rng, op, layout):
    for dtype in DTYPES:
        for shape in SHAPES + [(1,) * 6, (5, 1, 4)]:
            plain = [x | True if dtype == "?" else x for x in op.operands(rng, *[shape] * op.count, dtype=dtype)]
            plain = [np.asarray(x) for x in plain]
            if refused_by_numpy(op, *plain):
                continue
            odd = [laid_out(layout, x) for x in plain]
            before = [x.tobytes() for x in odd]
            vs, ws = [Variable(x) for x in odd], [Variable(x) for x in plain]
            y, z = op(*vs), op(*ws)
            assert_same(y.data, z.data, op.ulps)
            assert not any(np.shares_memory(y.data, x) for x in odd)
            y.backward()
            z.backward()
            for v, w in zip(vs, ws):
                assert_same(v.grad, w.grad, 2 * op.ulps)
                assert v.grad.flags.writeable and v.grad.flags.aligned
                assert not any(np.shares_memory(v.grad, x) for x in odd)
            assert [x.tobytes() for x in odd] == before


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_layouts_of_the_gradient_argument(rng, layout):
    for op in SEVEN:
        for shape in [(), (5,), (3, 4), (0, 2), (2, 3, 2)]:
            xs = op.operands(rng, *[shape] * op.count)
            gradient = np.asarray(rng.normal(size=shape))
            odd = laid_out(layout, gradient)
            before = odd.tobytes()
            results = []
            for g in (gradient, odd):
                vs = [Variable(x) for x in xs]
                y = op(*vs)
                y.backward(gradient=g, retain_grad=True)
                results.append([v.grad for v in (*vs, y)])
                assert not any(np.shares_memory(v.grad, g) for v in (*vs, y))
            for a, b in zip(*results):
                assert_same(b, a, op.ulps)
            assert odd.tobytes() == before


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_layouts_of_an_assigned_gradient(rng, layout):
    gradient = laid_out(layout, rng.normal(size=(3, 4)))
    before = gradient.tobytes()
    x = Variable(np.ones((3, 4)))
    x.grad = gradient
    (x * 2.0).backward()
    assert_same(x.grad, copy_of(gradient) + 2.0)
    y = x * 2.0
    y.grad = gradient
    x.cleargrad()
    y.backward()
    assert_same(x.grad, copy_of(gradient) * 2.0)
    assert gradient.tobytes() == before


@given(st.data())
def test_two_layouts_and_two_shapes(data):
    op = data.draw(st.sampled_from(BINARY))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    shapes = data.draw(st.sampled_from([((3, 4), (4,)), ((), (3,)), ((2, 1, 3), (4, 1)), ((0, 3), (1,)), ((5,), (5,))]))
    dtypes = [data.draw(st.sampled_from(["f4", "f8", "f2", "i4"])) for _ in range(2)]
    plain = [op.operands(rng, s, dtype=d)[0] for s, d in zip(shapes, dtypes)]
    odd = [laid_out(data.draw(layouts), x) for x in plain]
    vs = [Variable(x) for x in odd]
    y = op(*vs)
    assert_same(y.data, op.ufunc(*plain), op.ulps)
    y.backward()
    wide = [x.astype("f8") for x in plain]
    eps = coarsest(*dtypes, y.dtype)
    for v, partial in zip(vs, op.partials(*wide)):
        assert_gradient(v.grad, sum_to(np.broadcast_to(partial, y.shape), v.shape), v.data, rtol=200 * eps)


# ---------------------------------------------------------------- particular memory

@pytest.mark.parametrize("op", SEVEN, ids=repr)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_S14_zero_strides(op, dtype):
    one, = op.operands(np.random.default_rng(0), (3, 1), dtype=dtype)
    odd = np.broadcast_to(one, (2, 3, 4))
    vs = [Variable(odd) for _ in range(op.count)]
    y = op(*vs)
    assert_same(y.data, op.ufunc(*[odd] * op.count), op.ulps)
    assert y.data.flags.writeable
    y.backward()
    assert all(v.grad.shape == (2, 3, 4) and v.grad.flags.writeable and 0 not in v.grad.strides for v in vs)
    vs[0].grad[0, 0, 0] = 99
    assert (vs[0].grad == 99).sum() == 1


@pytest.mark.parametrize("op", SEVEN, ids=repr)
def test_S24_memory_that_overlaps_itself(op):
    raw = np.arange(1.0, 6.0)
    odd = np.lib.stride_tricks.as_strided(raw, (3, 3), (8, 8), writeable=True)
    vs = [Variable(odd) for _ in range(op.count)]
    y = op(*vs)
    assert_same(y.data, op.ufunc(*[odd.copy()] * op.count), op.ulps)
    y.backward()
    for v, partial in zip(vs, op.partials(*[odd.copy()] * op.count)):
        assert_gradient(v.grad, partial, odd, rtol=1e-13)
    assert raw.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("op", BINARY, ids=repr)
def test_operands_that_overlap_each_other(op):
    raw = np.linspace(1, 2, 101)
    for a, b in [(raw[:-1], raw[1:]), (raw, raw[::-1]), (raw[::2], raw[::2]), (raw[1:], raw[:-1]), (raw, raw[:1])]:
        x, y = Variable(a), Variable(b)
        z = op(x, y)
        assert_same(z.data, op.ufunc(a.copy(), b.copy()), op.ulps)
        z.backward()
        for v, partial in zip((x, y), op.partials(a.copy(), b.copy())):
            assert_gradient(v.grad, sum_to(np.broadcast_to(partial, z.shape), v.shape), v.data, rtol=1e-11)
    assert (raw == np.linspace(1, 2, 101)).all()


def test_S15_S16_a_read_only_memmap(tmp_path):
    path = tmp_path / "data.bin"
    np.arange(1.0, 7.0).tofile(path)
    a = np.memmap(path, "f8", mode="r", shape=(2, 3))
    x = Variable(a)
    assert x.data is a
    for op in BINARY:
        y = op(x, np.full(3, 2.0))
        assert_same(y.data, op.ufunc(np.array(a), np.full(3, 2.0)), op.ulps)
        x.cleargrad()
        y.backward()
        assert_gradient(x.grad, op.partials(np.array(a), np.full(3, 2.0))[0], a)
    y = x * x
    y.backward()
    assert type(y.data) is np.ndarray and type(x.grad) is np.ndarray
    assert np.fromfile(path).tolist() == [1, 2, 3, 4, 5, 6]


def test_a_writable_memmap_is_never_written(tmp_path):
    path = tmp_path / "data.bin"
    np.arange(1.0, 7.0).tofile(path)
    a = np.memmap(path, "f8", mode="r+", shape=(6,))
    x = Variable(a)
    x.grad = np.memmap(path, "f8", mode="r+", shape=(6,))
    ((x * x + 1.0) / x).backward()
    del x
    a.flush()
    assert np.fromfile(path).tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("op", SEVEN, ids=repr)
def test_S26_strides_beyond_32_bits(op):
    """Three elements 4 GiB apart in a file that holds next to nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sparse.bin")
        gap = 2**32 + 8
        with open(path, "wb") as f:
            f.truncate(2 * gap + 8)
        raw = np.memmap(path, "f8", mode="r+")
        odd = np.lib.stride_tricks.as_strided(raw, (3,), (gap,))
        odd[:] = [1.0, 2.0, 3.0]
        vs = [Variable(odd) for _ in range(op.count)]
        y = op(*vs)
        y.backward(gradient=odd)
        plain = [np.array([1.0, 2.0, 3.0])] * op.count
        assert_same(y.data, op.ufunc(*plain), op.ulps)
        for v, partial in zip(vs, op.partials(*plain)):
            np.testing.assert_allclose(v.grad, partial * plain[0], rtol=1e-14)
        del raw, odd, vs, y, v


def test_sizes_beyond_31_bits_are_counted_right():
    """A zero-stride view of 2³¹ + 5 bytes holds one byte."""
    n = 2**31 + 5
    big = np.broadcast_to(np.ones(1, "i1"), (n,))
    x = Variable(big)
    assert x.size == len(x) == n
    y = x[n - 3:]
    assert y.shape == (3,) and x[-1].data == 1
    assert F.sum(x[::2**20]).data == len(range(0, n, 2**20))


@pytest.mark.parametrize("op", SEVEN, ids=repr)
@pytest.mark.parametrize("ndim", [5, 16, 31, 32, 33, 64])
def test_S10_many_dimensions(op, ndim):
    shape = (1,) * (ndim - 2) + (3, 2)
    xs = op.operands(np.random.default_rng(0), *[shape] * op.count)
    for arrays in (xs, [x.T for x in xs], [np.broadcast_to(x[..., :1], shape) for x in xs]):
        vs = [Variable(x) for x in arrays]
        y = op(*vs)
        assert_same(y.data, op.ufunc(*arrays), op.ulps)
        y.backward()
        for v, partial in zip(vs, op.partials(*arrays)):
            assert_gradient(v.grad, partial, v.data, rtol=1e-14)


def test_sixty_four_dimensions_of_two_with_a_broadcast():
    shape = (1, 2) * 6 + (1,) * 52
    x, y = Variable(np.ones(shape)), Variable(np.ones((2, 1) * 6 + (1,) * 52))
    z = x * y
    assert z.size == 2**12 and z.ndim == 64
    z.backward()
    assert (x.grad == 2**6).all() and (y.grad == 2**6).all() and x.grad.shape == shape


def test_one_dimension_too_many():
    x = Variable(np.ones((1,) * 64))
    with pytest.raises((ValueError, IndexError)):
        x[None]


def test_S02_nothing_at_all():
    for shape in [(0,), (0, 3), (2, 0, 4), (0, 0)]:
        for op in SEVEN:
            vs = [Variable(np.ones(shape, d)) for d in ("f8", "f4")[:op.count]]
            y = op(*vs)
            assert y.shape == shape and y.data.flags.owndata is not None
            y.backward()
            for v in vs:
                assert v.grad.shape == shape and v.grad.dtype == v.dtype


@pytest.mark.parametrize("op", SEVEN, ids=repr)
def test_large_arrays_of_any_layout(op):
    """Beyond every threshold for blocks, released locks and remaking."""
    rng = np.random.default_rng(0)
    for shape in [(257, 1025), (1, 200_003), (200_003, 1), (64, 65, 66)]:
        plain = op.operands(rng, *[shape] * op.count)
        for layout in ("Fortran", "reversed", "every-second", "unaligned", "byte-swapped"):
            vs, ws = [Variable(laid_out(layout, x)) for x in plain], [Variable(x) for x in plain]
            y, z = op(*vs), op(*ws)
            y.backward()
            z.backward()
            assert_same(y.data, z.data, op.ulps)
            for v, w in zip(vs, ws):
                assert_same(v.grad, w.grad, 2 * op.ulps)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_strangers_op_sees_the_layout_as_it_is(rng, layout):
    seen = []

    class Look(Function):
        def forward(self, x):
            seen.append(x)
            return x * 1

        def backward(self, gy):
            return gy

    a = laid_out(layout, rng.normal(size=(3, 4)))
    x = Variable(a)
    y = Look()(x)
    assert_same(y.data, copy_of(a))
    y.backward()
    assert_same(x.grad, np.ones((3, 4)))
    np.testing.assert_array_equal(seen[0], a)


def test_a_result_in_an_odd_layout_is_taken_as_it_is(rng):
    for layout in LAYOUTS:
        odd = laid_out(layout, rng.normal(size=(3, 4)))

        class Odd(Function):
            def forward(self, x):
                return odd

            def backward(self, gy):
                return gy

        x = Variable(np.ones((3, 4)))
        y = Odd()(x) * 2.0
        np.testing.assert_allclose(y.data, copy_of(odd) * 2)
        y.backward()
        assert_same(x.grad, np.full((3, 4), 2.0))
