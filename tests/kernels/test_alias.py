"""Which bytes of whose memory a view would have: random views of views, beside NumPy's own bounds."""
import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dezero import Variable
from dezero.errors import GraphError

ITEMS = st.one_of(st.integers(-2, 1), st.builds(slice, st.sampled_from([None, 0, 1]), st.sampled_from([None, 2, 3]), st.sampled_from([None, 2, -1])))


def is_stale(v):
    try:
        v.data
    except GraphError:
        return True
    return False


@given(st.sampled_from([(4, 3), (2, 3, 2), (12,)]), st.tuples(ITEMS, ITEMS), st.tuples(ITEMS), st.tuples(ITEMS), st.booleans())
def test_a_view_that_numpy_would_change_is_stale(shape, first, second, index, turned):
    a = np.arange(12.0).reshape(shape)
    x = Variable(a) * 1.0
    try:
        views, arrays = [x], [a]
        for step in (first[:a.ndim], second):
            views.append(views[-1][(*step, ...)])
            arrays.append(arrays[-1][(*step, ...)])
        if turned:
            views.append(views[-1].T)
            arrays.append(arrays[-1].T)
        part = a[(*index, ...)]
    except IndexError:
        return
    x[index] = 100.0
    for v, b in zip(views[1:], arrays[1:]):
        if np.shares_memory(b, part):
            assert is_stale(v)
        elif not is_stale(v):
            assert np.array_equal(v.data, b)


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_and_columns_are_told_apart_where_they_lie_apart(order):
    x = Variable(np.asarray(np.ones((3, 4)), order=order)) * 1.0
    parts = [x[i] for i in range(3)] if order == "C" else [x[:, i] for i in range(4)]
    if order == "C":
        x[1] = 2.0
    else:
        x[:, 1] = 2.0
    assert [is_stale(v) for v in parts] == [i == 1 for i in range(len(parts))]


def test_many_views_come_and_go():
    x = Variable(np.ones((50, 2))) * 1.0
    rows = [*x]
    del rows[::2]
    gc.collect()
    x[3] = 2.0
    assert [is_stale(v) for v in rows] == [i == 1 for i in range(25)]
    del rows[1]
    x[5:] = 3.0
    assert [is_stale(v) for v in rows] == [False] + [True] * 23


def test_the_storage_outlives_what_it_is_of():
    x = Variable(np.ones((3, 2))) * 1.0
    rows, all_of_it = [*x], x.reshape(6)
    del x
    all_of_it[2] = 5.0
    assert [is_stale(v) for v in rows] == [False, True, False]
    del all_of_it
    rows[0][0] = 7.0
    assert rows[0].data.tolist() == [7, 1] and not is_stale(rows[2])


def test_deep_arrays():
    x = Variable(np.ones((1,) * 10 + (4,))) * 1.0
    v = x[0]
    x[...] = 2.0
    assert is_stale(v)
    v = x[0]
    v += 1.0
    assert is_stale(x)
