"""dezero.numpy: NumPy's namespace, and what in it takes Variables."""

import copy
import os
import pickle
import subprocess
import sys

import numpy
import pytest
from strategies import assert_same

import dezero
import dezero.numpy as np
from dezero import Variable, grad, hessian
from dezero.errors import DTypeError, GradientError
from dezero.testing import check_grads

OWN = ("array asarray asanyarray ascontiguousarray asfortranarray full arange linspace logspace geomspace fromiter r_ c_ vectorize piecewise "
       "apply_along_axis zeros ones empty").split()
PRIVATE = {"__name__", "__doc__", "__package__", "__loader__", "__spec__", "__file__", "__cached__", "__builtins__", "__getattr__", "__dir__",
           "__all__", "__path__"}


# -- the namespace


def test_every_name_is_numpys_own_but_those_of_the_twin():
    assert set(dir(numpy)) == set(dir(np))
    for name in set(dir(numpy)) - PRIVATE:
        assert (getattr(np, name) is getattr(numpy, name)) == (name not in OWN), name
    assert np.__all__ == list(numpy.__all__) and np.__all__ is not numpy.__all__


def test_names_of_the_module_that_are_numpys_are_the_twins():
    own = {name for name in vars(np) if name[0].isalpha()}
    assert own == set(OWN)


def test_all_names_at_once():
    names = {}
    exec("from dezero.numpy import *", names)
    assert set(numpy.__all__) <= set(names) and names["sin"] is numpy.sin and names["array"] is np.array


def test_a_name_that_numpy_has_not():
    with pytest.raises(AttributeError, match="module 'dezero.numpy' has no attribute 'nothing'"):
        np.nothing
    assert not hasattr(np, "nothing")


def test_it_is_imported_when_it_is_asked_for():
    program = ("import sys, dezero; assert 'dezero.numpy' not in sys.modules and 'numpy' in dir(dezero)\n"
               "import numpy; assert dezero.numpy.sin is numpy.sin and dezero.numpy.array is not numpy.array")
    subprocess.run([sys.executable, "-P", "-c", program], check=True)


def test_piecewise_of_integers_is_a_plain_array():
    """As that of dezero-numpy: what is cut to integers is constant but for jumps."""
    x = numpy.array([1, 2, 5])
    y = np.piecewise(Variable(x), [x < 2, x > 2], [lambda v: v * 0.5, 7.9])
    assert type(y) is numpy.ndarray and y.dtype == x.dtype
    numpy.testing.assert_array_equal(y, numpy.piecewise(x, [x < 2, x > 2], [lambda v: v * 0.5, 7.9]))


def test_what_functions_of_the_twin_say_of_themselves():
    for name in OWN:
        assert getattr(np, name).__doc__ == getattr(numpy, name).__doc__
    assert pickle.loads(pickle.dumps(np.array)) is np.array and copy.deepcopy(np.linspace) is np.linspace
    assert issubclass(np.vectorize, numpy.vectorize) and isinstance(np.r_, type(numpy.r_)) and len(np.c_) == 0


# -- without Variables

A = numpy.array([[1.0, -2.0], [0.5, 3.0]])

PLAIN = {
    "array": lambda np: np.array([[1, 2], [3, 4]]),
    "array of floats": lambda np: np.array([1, 2.5], dtype="f4", ndmin=2, order="F"),
    "array of itself": lambda np: np.array(A, copy=False) is A,
    "array of nothing": lambda np: np.array([]),
    "array of a list in itself": lambda np: np.array((lambda x: x.append(x) or x)([1.0])),
    "array of text": lambda np: np.array(["a", "bc"]),
    "array of objects": lambda np: np.array([None, {}, (1, 2)], dtype=object),
    "array by name": lambda np: np.array(object=[1, 2]),
    "array like": lambda np: np.array([1, 2], like=A),
    "array without arguments": lambda np: np.array(),
    "array of wrong lists": lambda np: np.array([[1], [1, 2]]),
    "array of a wrong dtype": lambda np: np.array([1], dtype="nothing"),
    "array with a wrong word": lambda np: np.array([1], nothing=2),
    "array without a copy": lambda np: np.array([1], copy=False),
    "asarray": lambda np: np.asarray(A) is A,
    "asarray of a range": lambda np: np.asarray(range(3), "f8", "C"),
    "asanyarray": lambda np: type(np.asanyarray(numpy.ma.array([1, 2]))),
    "ascontiguousarray": lambda np: np.ascontiguousarray(A.T).flags.c_contiguous,
    "ascontiguousarray of a number": lambda np: np.ascontiguousarray(3),
    "asfortranarray": lambda np: np.asfortranarray(A).flags.f_contiguous,
    "full": lambda np: np.full((2, 3), 7),
    "full of a list": lambda np: np.full((2, 3), [1, 2, 3], order="F"),
    "zeros of integers": lambda np: np.zeros((2, 3), int, "F"), "ones of Booleans": lambda np: np.ones(3, "?"),
    "zeros of a wrong shape": lambda np: np.zeros((2, -3)), "empty of nothing": lambda np: np.empty((0, 2), "i4"),
    "full of a wrong shape": lambda np: np.full((2, -3), 7),
    "arange": lambda np: np.arange(3),
    "arange of floats": lambda np: np.arange(0.5, 3.0, 0.25, dtype="f4"),
    "arange of nothing": lambda np: np.arange(),
    "linspace": lambda np: np.linspace(0, 1, 5, endpoint=False),
    "linspace with its step": lambda np: np.linspace([0, 1], 2, retstep=True)[1],
    "linspace of too few": lambda np: np.linspace(0, 1, -1),
    "logspace": lambda np: np.logspace(0, 1, 5, base=2),
    "geomspace": lambda np: np.geomspace(1, 8, 4),
    "geomspace from zero": lambda np: np.geomspace(0, 8, 4),
    "fromiter": lambda np: np.fromiter((i * i for i in range(5)), int),
    "fromiter of some": lambda np: np.fromiter((i for i in iter(int, 1)), float, 3),
    "fromiter of too few": lambda np: np.fromiter([1, 2], float, 3),
    "fromiter of pairs": lambda np: np.fromiter([(1, 2), (3, 4)], numpy.dtype((int, 2))),
    "fromiter of no iterator": lambda np: np.fromiter(3, float),
    "fromiter without a dtype": lambda np: np.fromiter([1]),
    "fromiter by name": lambda np: np.fromiter(iter=iter([1, 2, 3]), dtype=float, count=2),
    "fromiter twice": lambda np: np.fromiter([1], float, iter=[2]),
    "fromiter of an array": lambda np: np.fromiter(A[0], float),
    "fromiter of a text": lambda np: np.fromiter("ab", "U1"),
    "r_": lambda np: np.r_[1:4, 0, 4],
    "r_ of arrays": lambda np: np.r_["0,2", [1, 2], A],
    "r_ of a matrix": lambda np: np.r_["r", [1, 2]],
    "r_ of other lengths": lambda np: np.r_["0,2", [1], A],
    "r_ of a wrong word": lambda np: np.r_["what", [1]],
    "c_": lambda np: np.c_[[1, 2], A],
    "vectorize": lambda np: np.vectorize(lambda a, b: a if a > b else b)(A, 1.0),
    "vectorize of several": lambda np: np.vectorize(lambda a: (a, -a), otypes="dd")(A)[1],
    "vectorize with a signature": lambda np: np.vectorize(lambda a: a.sum(), signature="(n)->()")(A),
    "vectorize of nothing": lambda np: np.vectorize(abs)([]),
    "vectorize as a decorator": lambda np: np.vectorize(otypes=[float])(abs)(A),
    "vectorize of no function": lambda np: np.vectorize(3),
    "piecewise": lambda np: np.piecewise(A, [A < 0, A > 1], [-1, lambda t: t * 10, 7]),
    "piecewise with too many functions": lambda np: np.piecewise(A, [A < 0], [1, 2, 3]),
    "apply_along_axis": lambda np: np.apply_along_axis(lambda row: row[::-1], 0, A),
    "apply_along_axis that is not there": lambda np: np.apply_along_axis(sum, 5, A),
}


def outcome(f, namespace):
    try:
        return f(namespace)
    except Exception as error:
        return error


@pytest.mark.parametrize("f", PLAIN.values(), ids=PLAIN)
def test_without_variables_it_is_numpys(f):
    got, want = outcome(f, np), outcome(f, numpy)
    assert type(got) is type(want)
    if isinstance(want, numpy.ndarray):
        assert got.dtype == want.dtype and got.shape == want.shape and (got == want).all() and got.flags.f_contiguous == want.flags.f_contiguous
    elif isinstance(want, Exception):
        assert str(got).replace("_twin.<locals>.decorate.<locals>.", "") == str(want)
    else:
        assert got == want


# -- what takes assignments


@pytest.mark.parametrize("name, args", [("zeros", ((2, 3),)), ("ones", (4, "f4")), ("empty", ((2, 2), "f8", "F")), ("zeros", (2, complex)),
                                        ("full", ((2, 3), 1.5)), ("full", ((2, 3), [1.0, 2.0, 3.0], None, "F")), ("zeros", ((),))])
def test_what_is_made_of_floats_is_a_constant_variable(name, args):
    got, want = getattr(np, name)(*args), getattr(numpy, name)(*args)
    assert type(got) is Variable and got.is_constant and got.dtype == want.dtype and got.shape == want.shape
    assert name == "empty" or (got.data == want).all()
    assert got.data.flags.f_contiguous == want.flags.f_contiguous
    assert (numpy.asarray(got) == numpy.asarray(got)).all()         # converts freely
    like = getattr(np, name)(*args, like=Variable(numpy.ones(2)))
    assert type(like) is Variable and like.shape == want.shape


def test_what_is_made_takes_assignments():
    x = Variable(numpy.array([2.0, 3.0]))
    y = np.zeros((2, 2))
    y[0] = x * x
    y[1, 1] = 5.0
    assert not y.is_constant and y.data.tolist() == [[4, 9], [0, 5]]
    y.sum().backward()
    assert x.grad.tolist() == [4, 6]


def test_a_leaf_is_made_of_what_is_made():
    made = np.ones(3)
    x = Variable(made, "x")
    made[0] = 7.0
    assert x.data.tolist() == [1, 1, 1] and not x.is_constant
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
    with pytest.raises(TypeError):
        Variable(x)


# -- with Variables

X, V, M = numpy.array(0.7), numpy.array([1.0, -2.0, 0.5]), numpy.array([[0.3, -1.0, 2.0], [1.5, 0.6, -0.4]])

WITH = {
    "array": lambda np, x, v, m: np.array([[x, 1.0, 2], [v[0], x, 0]]),
    "array by name": lambda np, x, v, m: np.array(object=[x, 1.0], ndmin=2),
    "asarray": lambda np, x, v, m: np.asarray([v, v]),
    "asanyarray": lambda np, x, v, m: np.asanyarray((v, [x, 1, 2])),
    "ascontiguousarray": lambda np, x, v, m: np.ascontiguousarray(x),
    "asfortranarray": lambda np, x, v, m: np.asfortranarray([v, v]),
    "full": lambda np, x, v, m: np.full((2, 2), x),
    "full of rows": lambda np, x, v, m: np.full((2, 3), [x, 1.0, x]),
    "arange": lambda np, x, v, m: np.arange(x, 3.0, 0.5),
    "linspace": lambda np, x, v, m: np.linspace(x, 2.0, 4),
    "linspace of lists": lambda np, x, v, m: np.linspace([x, 1.0], [2.0, x], 4),
    "logspace": lambda np, x, v, m: np.logspace(x, 2.0, 4),
    "geomspace": lambda np, x, v, m: np.geomspace(x, 2.0, 4),
    "fromiter": lambda np, x, v, m: np.fromiter((x * i for i in range(4)), float),
    "fromiter of some": lambda np, x, v, m: np.fromiter([x, 1, 2, 3], "f8", 2),
    "r_": lambda np, x, v, m: np.r_[x, v, 1, 0:2, [x, 3.0]],
    "r_ alone": lambda np, x, v, m: np.r_[v],
    "r_ along another axis": lambda np, x, v, m: np.r_["1,2,0", v, v, [1, 2, 3]],
    "r_ of rows": lambda np, x, v, m: np.r_["0,2", v, m],
    "r_ in the last axis": lambda np, x, v, m: np.r_["-1", m, m],
    "r_ of slices": lambda np, x, v, m: np.r_[x:3.0:4j, 0:x, x:3.0:0.5],
    "r_ beside what is not finite": lambda np, x, v, m: np.r_[x, numpy.inf, v, -numpy.inf],
    "c_": lambda np, x, v, m: np.c_[v, m.T, numpy.ones(3)],
    "vectorize": lambda np, x, v, m: np.vectorize(lambda a, b: a * b if a > 0 else b)(v, m),
    "vectorize with constants": lambda np, x, v, m: np.vectorize(lambda a, b: a * b)(x, [1.0, 2.0]),
    "vectorize by name": lambda np, x, v, m: np.vectorize(lambda a, k: a * k)(v, k=2.0),
    "vectorize of several": lambda np, x, v, m: np.vectorize(lambda a: (a, a * a))(v)[1],
    "vectorize with otypes": lambda np, x, v, m: np.vectorize(lambda a: 0 if a < 0 else a, otypes=[float])(v),
    "vectorize with what is excluded": lambda np, x, v, m: np.vectorize(lambda a, w: a * w[0] + w[1], excluded={1, "w"})(m, v),
    "piecewise": lambda np, x, v, m: np.piecewise(m, [m < 0, m > 0.5], [lambda t: t * t, lambda t: 3 * t, 7.0]),
    "piecewise of values": lambda np, x, v, m: np.piecewise(numpy.array([-1.0, 0.0, 1.0]), [[True, True, False], [False, True, False]], [x, v[0]]),
    "piecewise with arguments": lambda np, x, v, m: np.piecewise(v, [v > 0], [lambda t, s: t * s, lambda t, s: t - s], x),
    "piecewise of one condition": lambda np, x, v, m: np.piecewise(v, v > 0, [lambda t: t * t]),
    "piecewise of rows": lambda np, x, v, m: np.piecewise(m, [np.arange(len(m)) == 0], [lambda t: t * t, lambda t: 3 * t]),
    "piecewise of a number": lambda np, x, v, m: np.piecewise(x, [x > 0], [lambda t: t * t, 0.0]),
    "apply_along_axis": lambda np, x, v, m: np.apply_along_axis(lambda row: row * row.sum(), 0, m),
    "apply_along_axis to numbers": lambda np, x, v, m: np.apply_along_axis(lambda row, k: row.sum() * k, 1, m, 2.0),
    "apply_along_axis to matrices": lambda np, x, v, m: np.apply_along_axis(lambda row: np.array([[row[0], row[1]], [1.0, row[2]]]), 1, m),
}


@pytest.mark.parametrize("f", WITH.values(), ids=WITH)
def test_with_variables_it_is_numpys_value_and_its_gradient(f):
    y, want = f(np, Variable(X), Variable(V), Variable(M)), f(numpy, X, V, M)
    assert type(y) is Variable and y.creator is not None
    numpy.testing.assert_allclose(y.data, want, rtol=1e-15)
    assert y.dtype == want.dtype and y.shape == want.shape

    def loss(x, v, m):
        y = f(np, x, v, m)
        finite = y[numpy.isfinite(y)]
        return (finite * finite).sum() + x * x * v.sum() * m.sum()

    check_grads(loss, (X, V, M))


def test_in_transforms():
    assert grad(lambda x: np.array([x * x, 1.0, x])[::2].sum())(3.0) == 7.0
    assert_same(hessian(lambda v: (np.array([[v[0] * v[1], 1.0], [v[1], v[0]]]) ** 2).sum())(numpy.array([2.0, 3.0])), [[20.0, 24.0], [24.0, 10.0]])


def test_the_programs_that_cut_the_graph():
    """Those of field_2: each of these gave zeros once, without a word."""
    v = Variable(numpy.array([1.0, 2.0, 3.0, 4.0]))
    (np.array([v[0], v[1]]) * v[:2]).sum().backward()
    assert_same(v.grad, [2.0, 4.0, 0.0, 0.0])


def test_subclasses_of_lists_and_variables():
    class Mine(Variable):
        pass

    class Row(list):
        pass

    x = Mine(numpy.array(2.0))
    assert type(np.array(Row([x, 1.0]))) is Variable and type(np.array([Row([x]), [1.0]])) is Variable


def test_integers_of_variables_and_without():
    x = Variable(numpy.array(2))
    assert type(np.array([1, 2])) is numpy.ndarray and type(np.full(3, 2)) is numpy.ndarray and type(np.arange(3)) is numpy.ndarray
    assert np.array([x, 3]).dtype == int and np.full(2, x).dtype == int


def test_like_beside_variables():
    x = Variable(numpy.array(2.0))
    assert type(np.array([x, 1.0], like=A)) is Variable and type(np.array([1.0], like=x)) is Variable


def test_numpy_does_not_put_together_what_is_none_of_its_lists():
    from collections import deque
    with pytest.raises(GradientError, match=r"write dezero\.numpy\.array\(\[\.\.\.\]\), or np\.stack"):
        np.array(deque([Variable(numpy.array(2.0))]))


@pytest.mark.parametrize("f, error, message", [
    (lambda x, v: np.r_["r", v], DTypeError, "'r' asks for a matrix"),
    (lambda x, v: np.r_["c", v], DTypeError, "'c' asks for a matrix"),
    (lambda x, v: np.r_[v, "text"], ValueError, "special directives must be the first entry"),
    (lambda x, v: np.r_[v, numpy.array(["a"])], DTypeError, "dtype <U"),
    (lambda x, v: np.c_[v, [1.0]], ValueError, "concatenat"),
    (lambda x, v: np.vectorize(lambda a: a.sum(), signature="(n)->()")(v), TypeError, "signature=.* np.array"),
    (lambda x, v: np.vectorize(lambda a: 0 if a > 0 else a)(v), GradientError, r"dtype int64, that of the first one.*give otypes=\[float\]"),
    (lambda x, v: np.vectorize(lambda a: v)(v), ValueError, r"returned arrays of shape \(3,\), wanted numbers"),
    (lambda x, v: np.vectorize(lambda a: a)(v[:0]), ValueError, "size 0 inputs unless `otypes` is set"),
    (lambda x, v: np.vectorize(lambda a, b: a)(v, [1.0, 2.0]), ValueError, "shape mismatch"),
    (lambda x, v: np.piecewise(v, [v > 0], [1, 2, 3]), ValueError, r"with 1 condition\(s\), either 1 or 2 functions are expected"),
    (lambda x, v: np.piecewise(numpy.array([1, 2]), [[True, False]], [x, 0]), GradientError, "dtype int64 with a Variable of dtype float64"),
    (lambda x, v: np.apply_along_axis(lambda row: row, 3, v), ValueError, "axis 3 is out of bounds"),
    (lambda x, v: np.apply_along_axis(lambda row: row, 0, np.array([v, v])[:, :0]), ValueError, "iteration dimensions are 0"),
    (lambda x, v: np.fromiter([x], float, 2), ValueError, "iterator too short"),
])
def test_what_is_refused(f, error, message):
    with pytest.raises(error, match=message):
        f(Variable(numpy.array(0.5)), Variable(numpy.array([1.0, -1.0, 2.0])))


def test_vectorize_of_nothing_and_of_numbers():
    v = Variable(numpy.array([1.0, -1.0]))
    empty = np.vectorize(lambda a: a, otypes="d")(v[:0])
    assert empty.is_constant and empty.shape == (0,)
    assert [y.shape for y in np.vectorize(lambda a: (a, a), otypes="dd")(v[:0])] == [(0,), (0,)]
    signs = np.vectorize(lambda a: 1 if a > 0 else -1)(v)
    assert type(signs) is numpy.ndarray and signs.tolist() == [1, -1]
    assert np.vectorize(lambda a: a.sum(), excluded={0})(v).data == 0.0


def test_it_needs_no_package():
    program = ("import dezero.numpy as np, dezero\n"
               "x = dezero.Variable(np.array(2.0))\n"
               "np.piecewise(np.r_[x, np.linspace(x, 3.0, 3)], [[True, False, True, False]], [x, 1.0]).sum().backward()\n"
               "assert x.grad == 2.0, x.grad")
    subprocess.run([sys.executable, "-P", "-W", "error", "-c", program], check=True, env={**os.environ, "DEZERO_DISABLE_PLUGINS": "all"})


def test_the_module_says_what_it_has():
    assert all([name in np.__doc__ for name in OWN]) and dezero.numpy is np
