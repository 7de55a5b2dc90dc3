"""NumPy's functions on Variables: claimed ones reach their op, constant ones answer on the data, all else is refused; comparisons."""

import math
import operator

import numpy as np
import pytest
from strategies import SEVEN, assert_same

import dezero
import dezero.functions as F
from dezero import Function, Variable
from dezero.engine import dispatch
from dezero.errors import DTypeError, OpNotFound

A = np.array([[1.5, -2.0, 0.5], [3.0, 0.0, -1.5]])


def variable():
    return Variable(A.copy())


# ---------------------------------------------------------------- claimed functions

class TestClaimed:
    @pytest.mark.parametrize("op", SEVEN, ids=repr)
    def test_ufuncs_reach_their_op(self, op):
        x = Variable(np.array([1.5, 2.5]))
        rest = [np.array([2.0, 3.0])] * (op.count - 1)
        y = op.ufunc(x, *rest)
        assert type(y) is Variable and type(y.creator) is op.cls
        assert_same(y.data, op.ufunc(x.data, *rest), op.ulps)
        y.backward()
        np.testing.assert_allclose(x.grad, np.broadcast_to(op.partials(x.data, *rest)[0], (2,)))

    @pytest.mark.parametrize("op", [op for op in SEVEN if op.count == 2], ids=repr)
    def test_the_order_of_mixed_operands(self, op):
        a, x = np.array([4.0, 2.0]), Variable(np.array([2.0, 3.0]))
        for left, right in [(a, x), (x, a), (2.0, x), (x, 2.0), (np.float64(2), x), (x, x), (np.float32(2), x)]:
            plain = [v.data if isinstance(v, Variable) else v for v in (left, right)]
            for y in (op.ufunc(left, right), op.symbol(left, right)):
                assert type(y) is Variable
                assert_same(y.data, op.symbol(*plain), max(op.ulps, op.name == "pow"))

    def test_aliases_of_one_function(self):
        assert np.true_divide is np.divide
        assert type(np.true_divide(Variable(np.array(1.0)), 2.0).creator) is dezero.Div

    def test_functions_that_are_no_ufuncs(self):
        x = variable()
        assert_same(np.sum(x).data, np.sum(A))
        assert_same(np.sum(x, axis=0, keepdims=True).data, A.sum(axis=0, keepdims=True))
        assert_same(np.broadcast_to(x, (2, 2, 3)).data, np.broadcast_to(A, (2, 2, 3)))
        np.sum(np.broadcast_to(x, (2, 2, 3)) * 3.0).backward()
        assert_same(x.grad, np.full((2, 3), 6.0))

    def test_a_strangers_function_and_its_end(self):
        class Sinc(Function):
            name = "sinc_of_a_test"
            numpy = (np.sinc, np.sin)

            def forward(self, x):
                return np.sinc(x)

        x = Variable(np.array([0.5, 1.5]))
        with dezero.plugins.isolated():
            dezero.plugins.register(Sinc)
            for f in (np.sinc, np.sin):
                y = f(x)
                assert type(y) is Variable and type(y.creator) is Sinc
            assert_same(x.sinc_of_a_test().data, np.sinc(x.data))
            dezero.plugins.unregister("sinc_of_a_test")
            for f in (np.sinc, np.sin):
                with pytest.raises(TypeError, match=f.__name__):
                    f(x)


# ---------------------------------------------------------------- locally constant functions

CONSTANT_OF_TWO = [np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
                   np.logical_and, np.logical_or, np.logical_xor]
CONSTANT_OF_ONE = [np.isnan, np.isinf, np.isfinite, np.signbit, np.sign, np.floor, np.ceil, np.rint, np.trunc, np.logical_not,
                   np.fix, np.round, np.around, np.any, np.all, np.count_nonzero, np.iscomplexobj, np.isrealobj, np.isreal,
                   np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.nonzero]


def same(got, want):
    """Equal to NumPy's own answer, and nowhere a Variable."""
    assert not isinstance(got, Variable)
    assert type(got) is type(want)
    if isinstance(want, tuple):
        assert len(got) == len(want)
        for g, w in zip(got, want):
            same(g, w)
        return
    if isinstance(want, np.ndarray):
        assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


class TestConstant:
    @pytest.mark.parametrize("f", CONSTANT_OF_TWO, ids=lambda f: f.__name__)
    def test_of_two(self, f):
        b = np.array([1.5, 0.0, np.nan])
        for left, right in [(variable(), Variable(b)), (variable(), b), (A, Variable(b)), (variable(), 1.5), (1.5, Variable(b))]:
            plain = [v.data if isinstance(v, Variable) else v for v in (left, right)]
            same(f(left, right), f(*plain))

    @pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")      # since NumPy 2.5
    @pytest.mark.parametrize("f", CONSTANT_OF_ONE, ids=lambda f: f.__name__)
    def test_of_one(self, f):
        same(f(variable()), f(A))
        same(f(Variable(np.array([2.5]))), f(np.array([2.5])))

    @pytest.mark.parametrize("call", [
        lambda x: np.zeros_like(x, dtype="i4"), lambda x: np.full_like(x, 7.0, dtype="i8"), lambda x: np.ones_like(x, "?"),
        lambda x: np.argmax(x, axis=1), lambda x: np.argmin(x, axis=0), lambda x: np.argsort(x, axis=0),
        lambda x: np.searchsorted(x[0] if not isinstance(x, Variable) else Variable(x.data[0]), [0.0, 1.0], sorter=[1, 2, 0]),
        lambda x: np.searchsorted(np.array([0.0, 1.0, 2.0]), x), lambda x: np.size(x, 1), lambda x: np.size(x, axis=0),
        lambda x: np.allclose(x, A), lambda x: np.allclose(A, x, rtol=1e-3), lambda x: np.isclose(x, A + 1e-12),
        lambda x: np.array_equal(x, A), lambda x: np.array_equal(x, A + 1), lambda x: np.array_equal(x, x),
        lambda x: np.result_type(x, np.float32), lambda x: np.result_type(np.int8, x), lambda x: np.isclose(x, x, equal_nan=True),
        lambda x: np.nonzero(x > 0), lambda x: np.round(x, 1), lambda x: np.any(x, axis=1, where=A > 0), lambda x: np.all(x, axis=0),
        lambda x: np.isin(x, [0.5, 3.0]), lambda x: np.digitize(x, [0.0, 1.0]), lambda x: np.argpartition(x, 1, axis=0),
        lambda x: np.unravel_index(np.argmax(x), x.shape), lambda x: np.can_cast(x.dtype, "f4"), lambda x: np.may_share_memory(x, A.copy()),
        lambda x: np.shares_memory(x, A.copy()), lambda x: np.count_nonzero(x, axis=1),
        lambda x: x.any(), lambda x: x.all(axis=0), lambda x: x.argmax(1), lambda x: x.argmin(), lambda x: x.argsort(axis=0),
        lambda x: x.argpartition(1), lambda x: x.nonzero(), lambda x: x.round(1), lambda x: x[0].searchsorted(0.0),
    ])
    def test_with_their_keywords(self, call):
        same(call(variable()), call(A))

    def test_results_are_the_callers_own(self):
        x = variable()
        f = np.floor(x)
        f[...] = 77
        assert (x.data == A).all()

    def test_nothing_is_recorded(self):
        x = variable()
        y = x * (x > 0)
        y.backward()
        assert_same(x.grad, (A > 0).astype("f8"))
        x.cleargrad()
        (x * np.sign(x)).backward()
        assert_same(x.grad, np.sign(A))

    def test_a_plugin_adds_to_them(self):
        @dezero.hookimpl
        def dezero_register_ops(register):
            register.constant(np.heaviside)

        plugin = type("Steps", (), {"dezero_register_ops": staticmethod(dezero_register_ops)})
        with pytest.raises(TypeError, match="heaviside"):
            np.heaviside(variable(), 1.0)
        with dezero.plugins.isolated():
            dezero.plugins.register(plugin, "steps")
            same(np.heaviside(variable(), 1.0), np.heaviside(A, 1.0))
        with pytest.raises(TypeError, match="heaviside"):
            np.heaviside(variable(), 1.0)


# ---------------------------------------------------------------- all else is refused

UNCLAIMED_UFUNCS = [f for f in vars(np).values() if isinstance(f, np.ufunc) and f not in {op.ufunc for op in SEVEN}
                    and f not in CONSTANT_OF_TWO and f not in CONSTANT_OF_ONE and f is not np.conjugate]

UNCLAIMED = {
    "mean": lambda x: np.mean(x), "concatenate": lambda x: np.concatenate([x, x]), "stack": lambda x: np.stack([x, A]),
    "where": lambda x: np.where(A > 0, x, 0.0), "repeat": lambda x: np.repeat(x, 6), "rot90": lambda x: np.rot90(x),
    "dot": lambda x: np.dot(x, A.T), "tensordot": lambda x: np.tensordot(x, A), "einsum": lambda x: np.einsum("ij->j", x),
    "norm": lambda x: np.linalg.norm(x), "inv": lambda x: np.linalg.inv(x), "clip": lambda x: np.clip(x, 0, 1),
    "max": lambda x: np.max(x), "prod": lambda x: np.prod(x), "cumsum": lambda x: np.cumsum(x), "sort": lambda x: np.sort(x),
    "outer": lambda x: np.outer(x, x), "std": lambda x: np.std(x), "rollaxis": lambda x: np.rollaxis(x, 1),
    "take": lambda x: np.take(x, 0), "diff": lambda x: np.diff(x), "interp": lambda x: np.interp(x, [0, 1], [0, 1]),
    "copyto": lambda x: np.copyto(A.copy(), x), "append": lambda x: np.append(A, x), "pad": lambda x: np.pad(x, 1),
    "fft": lambda x: np.fft.fft(x), "median": lambda x: np.median(x), "tile": lambda x: np.tile(x, 2),
    "angle": lambda x: np.angle(x), "unique": lambda x: np.unique(x), "trace": lambda x: np.trace(x),
    "nan_to_num": lambda x: np.nan_to_num(x), "vstack": lambda x: np.vstack([x, x]), "atleast_3d": lambda x: np.atleast_3d(x),
    "resize": lambda x: np.resize(x, 3), "histogram": lambda x: np.histogram(x), "roll": lambda x: np.roll(x, 1),
    "sinc": lambda x: np.sinc(x), "polyval": lambda x: np.polyval([1.0, 2.0], x),
    "vdot": lambda x: np.vdot(x, x), "kron": lambda x: np.kron(x, x), "broadcast_arrays": lambda x: np.broadcast_arrays(x, 1.0),
}


class TestRefused:
    @pytest.mark.parametrize("f", UNCLAIMED_UFUNCS, ids=lambda f: f.__name__)
    def test_ufuncs_that_no_op_claims(self, f):
        x = variable()
        with pytest.raises(TypeError) as e:
            f(x, *[A] * (f.nin - 1))
        assert f.__name__ in str(e.value)
        if f.nin == 2:
            with pytest.raises(TypeError, match=f.__name__):
                f(A, x)
        assert x.grad is None and x.generation == 0

    @pytest.mark.parametrize("name", UNCLAIMED)
    def test_functions_that_no_op_claims(self, name):
        x = variable()
        with pytest.raises(TypeError) as e:
            UNCLAIMED[name](x)
        assert name in str(e.value)

    def test_ufuncs_of_other_packages(self):
        special = pytest.importorskip("scipy.special")
        with pytest.raises(TypeError, match="erf"):
            special.erf(variable())

    def test_ufuncs_of_ones_own(self):
        mine = np.frompyfunc(lambda x: x, 1, 1)
        with pytest.raises(TypeError):
            mine(variable())

    @pytest.mark.parametrize("op", SEVEN, ids=repr)
    def test_out_is_refused(self, op):
        x = Variable(np.array([1.0, 2.0]))
        out = np.array([7.0, 7.0])
        rest = [np.array([1.0, 1.0])] * (op.count - 1)
        with pytest.raises(TypeError, match="out"):
            op.ufunc(x, *rest, out=out)
        with pytest.raises(TypeError, match="out"):
            op.ufunc(x, *rest, out)
        with pytest.raises(TypeError):
            op.ufunc(x.data, *rest, out=x)
        assert out.tolist() == [7, 7] and x.data.tolist() == [1, 2]

    def test_constants_are_written_into_arrays(self):
        x = Variable(np.array([1.0, 2.0]))
        with dezero.no_grad():
            free = x * 10.0
        a = b = np.array([7.0, 7.0])
        a += x.detach()
        np.multiply(a, free, out=a)
        assert a is b and a.tolist() == [80.0, 180.0]
        with dezero.no_grad():
            a -= x
        assert a.tolist() == [79.0, 178.0]
        for out in (x, x.detach(), (free,)):
            with pytest.raises(TypeError, match="out=.*is not supported"):
                np.add(x.detach(), a, out=out)
        assert x.data.tolist() == [1.0, 2.0] and free.data.tolist() == [10.0, 20.0]

    @pytest.mark.parametrize("call, words", [
        (lambda x, a: np.broadcast_to(x, (2, 2), subok=True), "numpy.broadcast_to(subok=...) of a Variable is not supported: broadcast_to (op"),
        (lambda x, a: np.add(x, x, where=a > 0), "numpy.add(where=...) of a Variable is not supported: Add (op 'add' (dezero "),
        (lambda x, a: np.add(x, x, where=a > 0), "got where=an array of shape (2,) and dtype bool; it takes all elements; select them first"),
        (lambda x, a: np.add(x, x, out=a), "numpy.add(out=...) with a Variable is not supported: an op's result is a new Variable"),
        (lambda x, a: operator.iadd(a, x), "a = a + x in place of a += x"),
        (lambda x, a: np.sum(x, out=a), "numpy.sum(out=...)"),
        (lambda x, a: np.add.reduce(x, out=a), "numpy.add.reduce(out=...)"),
        (lambda x, a: np.linalg.norm(x), "numpy.linalg.norm of a Variable: no op claims this function"),
        (lambda x, a: np.fft.fft(x), "numpy.fft.fft of a Variable"),
        (lambda x, a: a @ x, "numpy.matmul (the operator @) of a Variable: no op claims this function"),
        (lambda x, a: x @ a, "no op claims the operator @ (__matmul__)"),
        (lambda x, a: x // 2, "no op claims the operator // (__floordiv__)"),
        (lambda x, a: np.multiply.reduce(x), "numpy.multiply.reduce of a Variable: no op claims this function"),
    ])
    def test_each_in_its_own_words(self, call, words):
        with pytest.raises(TypeError) as e:
            call(Variable(np.array([1.0, 2.0])), np.array([1.0, 2.0]))
        assert words in str(e.value)
        assert ("a += x" in str(e.value)) == ("out=" in str(e.value))

    @pytest.mark.parametrize("call, package", [
        (lambda x: np.sinh(x), "dezero-numpy"), (lambda x: np.linalg.inv(x), "dezero-numpy"), (lambda x: x @ x, "dezero-numpy"),
        (lambda x: ~x, "dezero-numpy"), (lambda x: 2 // x, "dezero-numpy"), (lambda x: np.ones(2) @ x, "dezero-numpy"),
        (lambda x: np.maximum.accumulate(x), "dezero-numpy"), (lambda x: F.sinh, "dezero-numpy"), (lambda x: x.sinh, "dezero-numpy"),
        (lambda x: F.special, "dezero-scipy"), (lambda x: x.no_op_of_this_name, None), (lambda x: F.no_op_of_this_name, None),
        (lambda x: np.frompyfunc(abs, 1, 1)(x), None)])
    def test_what_is_missing_says_what_to_install_or_how_to_add_it(self, call, package):
        with pytest.raises(OpNotFound) as e:
            call(Variable(np.ones(2)))
        assert 'README, ' in str(e.value) and '"Adding an op"' in str(e.value) and "pip install" not in str(e.value)
        assert (package in str(e.value)) if package else "the package" not in str(e.value)

    def test_of_scipy(self):
        special = pytest.importorskip("scipy.special")
        with pytest.raises(OpNotFound, match="scipy.special.expit of a Variable.*dezero-scipy answers what scipy has"):
            special.expit(Variable(np.ones(2)))

    @pytest.mark.parametrize("call", [
        lambda x: x * None, lambda x: None * x, lambda x: None - x, lambda x: x / None, lambda x: x ** None, lambda x: F.mul(x, None),
        lambda x: np.multiply(x, None), lambda x: np.multiply(None, x), lambda x: x - x.sum().grad])
    def test_none_says_where_it_comes_from(self, call):
        with pytest.raises(TypeError, match="(?i)none.* computed Variable.*retain_grad=True.*w = w - step"):
            call(Variable(np.ones(2)))

    def test_none_is_no_error_where_it_says_something(self):
        x = Variable(np.ones(2))
        assert (x == None) is False and (x != None) is True        # noqa: E711
        assert x.sum().grad is None and x[None].shape == (1, 2) and np.sum(x, out=None).data == 2

    @pytest.mark.parametrize("keyword", [{"where": np.array([True, False])}, {"dtype": "f4"}, {"casting": "safe"},
                                         {"order": "F"}, {"subok": False}, {"signature": "dd->d"}])
    def test_keywords_of_ufuncs_are_refused(self, keyword):
        x = Variable(np.array([1.0, 2.0]))
        with pytest.raises(TypeError, match=next(iter(keyword))):
            np.add(x, x, **keyword)
        with pytest.raises(TypeError):
            np.exp(x, **keyword)

    @pytest.mark.parametrize("method", ["reduce", "accumulate", "outer", "reduceat", "at"])
    def test_methods_of_ufuncs_are_refused(self, method):
        x = Variable(np.array([1.0, 2.0]))
        args = {"outer": (x, x), "reduceat": (x, [0]), "at": (np.zeros(2), [0], x)}.get(method, (x,))
        with pytest.raises(TypeError, match=method):
            getattr(np.subtract, method)(*args)
        if method != "at":
            with pytest.raises(TypeError):
                getattr(np.less, method)(*args)

    def test_I11_augmented_on_an_array(self):
        x = Variable(np.array([1.0, 2.0]))
        for f in (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow):
            a = np.array([5.0, 6.0])
            with pytest.raises(TypeError):
                f(a, x)
            assert a.tolist() == [5, 6]

    def test_constant_functions_into_a_variable(self):
        x = variable()
        with pytest.raises(TypeError):
            np.floor(A, out=x)
        with pytest.raises(TypeError):
            np.add(A, A, out=x)
        assert (x.data == A).all()

    def test_the_remedy_is_named(self):
        with pytest.raises(TypeError) as e:
            np.exp(variable())
        assert "exp" in str(e.value) and len(str(e.value)) > 30

    def test_nothing_is_left_behind(self):
        x = variable()
        for _ in range(3):
            with pytest.raises(TypeError):
                np.exp(x)
        y = np.add(x, 1.0)
        y.backward()
        assert_same(x.grad, np.ones((2, 3)))

    @pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
    def test_matrix_and_masked_arrays(self):
        for other in (np.matrix(A), np.ma.array(A)):
            for f in (np.add, np.multiply):
                for args in [(variable(), other), (other, variable())]:
                    with pytest.raises(DTypeError):
                        f(*args)


# ---------------------------------------------------------------- never an object array

class TestNeverAnObjectArray:
    def test_making_arrays_of_variables(self):
        x, y = Variable(np.array(1.0)).detach(), Variable(np.array(2.0)).detach()
        assert np.array([x, y]).tolist() == [1, 2] and np.array([x, y]).dtype == np.float64
        p, q = Variable(np.array([1.0, 2.0])).detach(), Variable(np.array([3.0, 4.0])).detach()
        assert np.array([p, q]).tolist() == [[1, 2], [3, 4]] and np.array([p, q]).dtype == np.float64
        assert np.asarray([[p]]).dtype == np.float64

    def test_asarray_of_a_constant_is_the_data(self):
        x = variable().detach()
        assert type(np.asarray(x)) is np.ndarray
        np.testing.assert_array_equal(np.asarray(x), A)
        assert np.asarray(x, dtype="f4").dtype == np.float32 and np.asarray(x, dtype=int).dtype == np.dtype(int)
        np.testing.assert_array_equal(x * 2.0, A * 2)
        assert np.asarray(x[0, 0]).shape == ()

    def test_copy_as_numpy_2_has_it(self):
        x = variable().detach()
        for make in (lambda: np.array(x), lambda: np.array(x, copy=True), lambda: np.asarray(x, copy=True)):
            c = make()
            c[...] = 0
            assert (x.data == A).all()
        assert np.shares_memory(np.asarray(x, copy=False), x.data)
        with pytest.raises(ValueError):
            np.asarray(x, dtype="f4", copy=False)

    def test_assignment_copies_the_data_of_a_constant(self):
        a = np.zeros(3)
        a[...] = Variable(np.array(2.0)).detach()
        assert a.tolist() == [2, 2, 2] and a.dtype == np.float64
        a[:] = Variable(np.array([1.0, 2.0, 3.0])).detach()
        assert a.tolist() == [1, 2, 3]
        a[0] = Variable(np.array(9.0)).detach()
        assert a.tolist() == [9, 2, 3]

    def test_functions_that_take_anything(self):
        x = Variable(np.array([1.0, 2.0])).detach()
        for f in (np.asanyarray, np.atleast_1d, np.ascontiguousarray):
            try:
                got = f(x)
            except TypeError:
                continue
            assert isinstance(got, np.ndarray) and got.dtype == np.float64
        assert math.isclose(math.exp(Variable(np.array(0.0)).detach()), 1)

    def test_no_operator_makes_one(self):
        objects = np.array([object(), object()])
        x = Variable(np.array([1.0, 2.0]))
        for f in (operator.add, operator.mul, operator.matmul, operator.mod, operator.and_, operator.lt):
            for args in [(objects, x), (x, objects)]:
                with pytest.raises(TypeError):
                    f(*args)


# ---------------------------------------------------------------- comparisons

COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


class TestComparisons:
    @pytest.mark.parametrize("compare", COMPARISONS)
    @pytest.mark.parametrize("other", [2.0, 2, np.float64(2), np.array([1.0, 2.0, 3.0]), np.array([[2.0], [3.0]]), np.nan])
    def test_give_boolean_arrays_on_either_side(self, compare, other):
        a = np.array([1.0, 2.0, np.nan])
        x = Variable(a)
        for got, want in [(compare(x, other), compare(a, other)), (compare(other, x), compare(other, a)),
                          (compare(x, Variable(np.asarray(other))), compare(a, other))]:
            assert not isinstance(got, Variable) and np.asarray(got).dtype == bool
            np.testing.assert_array_equal(got, want)

    @pytest.mark.parametrize("compare", COMPARISONS)
    def test_0d(self, compare):
        x, y = Variable(np.array(1.0)), Variable(np.array(2.0))
        assert bool(compare(x, y)) == compare(1.0, 2.0) and bool(compare(x, 1.0)) == compare(1.0, 1.0)
        assert np.asarray(compare(x, y)).shape == ()

    def test_shapes_that_do_not_broadcast(self):
        for compare in (operator.lt, operator.ge):
            with pytest.raises(ValueError):
                compare(Variable(np.ones(2)), Variable(np.ones(3)))

    @pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
    @pytest.mark.parametrize("other", ["a", None, object(), {}])
    def test_no_order_with_strangers(self, compare, other):
        for args in [(Variable(np.array([1.0])), other), (other, Variable(np.array([1.0])))]:
            with pytest.raises(TypeError):
                compare(*args)

    def test_a_stranger_has_its_turn(self):
        class Stranger:
            __hash__ = object.__hash__

            def mine(self, other):
                return "mine"

            __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = mine

        for compare in COMPARISONS:
            assert compare(Variable(np.array([1.0])), Stranger()) == "mine"
            assert compare(Stranger(), Variable(np.array([1.0]))) == "mine"

    def test_identity_is_the_hash(self):
        x, y = Variable(np.array(1.0)), Variable(np.array(1.0))
        assert hash(x) == hash(x) and len({x, y}) == 2 and {x: 1, y: 2}[x] == 1
        assert x in [y, x] and x in {x} and x not in {y}
        hashed = hash(x)
        x.data = np.array(2.0)
        assert hash(x) == hashed

    def test_no_graph(self):
        x = Variable(np.array([1.0]))
        assert type(x > 0.0) is np.ndarray and x.generation == 0


def test_what_can_be_claimed():
    for function in (np.exp, np.stack, (np.add, "reduce"), np.array, np.full):
        assert dispatch.is_claimable(function)
    for function in (np.isscalar, np.vectorize, (np.array, "reduce"), len, {}):
        assert not dispatch.is_claimable(function)
    for function in dispatch.LIKE:
        assert not dispatch.is_dispatched(function) and "like" in function.__doc__
