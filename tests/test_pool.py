"""Recycled memory of large results: it looks like NumPy's own, stays within its bounds, and is never two arrays' at once."""
import gc
import itertools

import numpy as np
import pytest

from dezero import Variable, _kernels

pytestmark = pytest.mark.skipif(_kernels.IN_USE != "compiled", reason="results are NumPy's own arrays in this form")


@pytest.fixture
def cells():
    from dezero._kernels import cells
    gc.collect()
    cells.pool_release()
    yield cells
    cells.pool_bound(2**63)
    cells.pool_release()


def made(n, value=1.0, dtype="f8"):
    return (Variable(np.full(n, value, dtype)) * 2.0).data


def test_an_array_looks_like_numpys_own(cells):
    a = made(100_000)
    assert a.base is None and a.flags.owndata and a.flags.writeable and a.flags.carray
    a.resize(150_000, refcheck=False)
    assert a[:100_000].tolist() == [2.0] * 100_000 and not a[100_000:].any()
    a.resize(10, refcheck=False)
    assert a.tolist() == [2.0] * 10


def test_what_is_freed_is_kept_and_comes_again(cells):
    a = made(100_000)
    live, cached = cells.pool_state()[:2]
    assert live >= a.nbytes and cached == 0
    address = a.ctypes.data
    del a
    assert cells.pool_state()[1] >= 800_000
    assert made(100_000).ctypes.data == address
    cells.pool_release()
    assert cells.pool_state()[1] == 0


def test_kept_memory_stays_below_what_was_live_and_below_the_callers_bound(cells):
    arrays = [made(1_000_000) for _ in range(6)]
    del arrays
    live, cached, most, _ = cells.pool_state()
    assert cached and live + cached <= most
    cells.pool_bound(1_000_000)
    assert cells.pool_state()[1] <= 1_000_000
    del live, cached
    made(1_000_000)
    assert cells.pool_state()[1] <= 1_000_000


def test_backward_lets_go_in_time(cells):
    arrays = [made(1_000_000) for _ in range(8)]
    del arrays
    before = cells.pool_state()[2]
    x = Variable(np.ones(3))
    for _ in range(200):
        (x * x).backward()
    assert cells.pool_state()[2] < before


def test_no_memory_is_two_arrays_at_once(cells):
    """Sizes on both sides of every bin and of every power of two, freed and asked for in changing order."""
    rng = np.random.default_rng(0)
    sizes = sorted({s for k in range(11, 19) for step in range(4, 9) for s in (2**k * step // 4 + d for d in (-1, 0, 1))})
    held = {}
    for turn, n in enumerate(itertools.chain(*(rng.permutation(sizes) for _ in range(6)))):
        held[turn] = made(int(n), float(turn))
        if len(held) > 12:
            key = int(rng.choice(list(held)))
            a = held.pop(key)
            assert (a == 2.0 * key).all()
            del a
    assert all((a == 2.0 * key).all() for key, a in held.items())
    spans = sorted((a.ctypes.data, a.nbytes) for a in held.values())
    assert all(p + size <= q for (p, size), (q, _) in itertools.pairwise(spans))
