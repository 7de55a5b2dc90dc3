"""How the arguments of a call are bound: as NumPy's own functions bind theirs, in every way of passing them; and what is refused."""

import inspect
import subprocess
import sys
from inspect import Parameter

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import dezero
import dezero.functions as F
from dezero import Function, Variable
from dezero.engine.arguments import NoValue, Arguments, found, name_of, numpy_signature, told, ufunc_text
from dezero.engine.dispatch import LIKE
from dezero.engine.function import arguments_of
from dezero.errors import GradientError
from dezero.registry import registry

MINOR = tuple(map(int, np.__version__.split(".")[:2]))


def dispatching():
    """{name: function} of all of NumPy's that ask `__array_function__` or `__array_ufunc__`."""
    found = {}
    for house in (np, np.linalg, np.fft):
        for function in vars(house).values():
            if isinstance(function, np.ufunc) or hasattr(function, "_implementation"):
                found[name_of(function)[0]] = function
    return found


FUNCTIONS = dispatching()


def of(text):
    """Parameters, as a lambda takes them."""
    return tuple(inspect.signature(eval(f"lambda {text}: None", {"NoValue": NoValue})).parameters.values())


def make(operands, parameters="", numpy=None, **more):
    return Arguments("Op (op 'op' (a-package 1.0))", tuple(operands.split()), of(parameters), numpy, **more)


# ---------------------------------------------------------------- the table

class TestTable:
    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_is_what_this_numpy_tells(self, name):
        function = FUNCTIONS[name]
        called, signature = numpy_signature(function)
        assert called == name and signature is not None
        if MINOR > (2, 5) and told(name) is None:
            pytest.xfail(f"NumPy {np.__version__} is newer than the table, which lacks {name}")
        assert told(name) is not None, f"run .ci/signatures: the table lacks {name}"
        try:
            own = inspect.signature(function)
        except ValueError:                      # ufuncs and functions in C, before 2.4
            assert MINOR < (2, 4)
            return
        spelled = {p.name for p in own.parameters.values() if p.kind is Parameter.VAR_KEYWORD and name in ("numpy.clip", "numpy.einsum", "numpy.pad")}
        known = [p for p in own.parameters.values() if p.name not in spelled]
        assert list(signature.parameters.values())[:len(known)] == known
        assert spelled or len(known) == len(signature.parameters)

    @pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if isinstance(function, np.ufunc)])
    def test_ufuncs_of_other_libraries_have_the_signatures_of_numpys(self, name):
        assert ufunc_text(FUNCTIONS[name]) == told(name)

    @pytest.mark.parametrize("method", ["reduce", "accumulate", "reduceat", "outer", "at"])
    def test_methods_of_ufuncs(self, method):
        name, signature = numpy_signature((np.add, method))
        assert name == f"numpy.add.{method}"
        if MINOR >= (2, 4):
            own = [p for p in inspect.signature(getattr(np.add, method)).parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
            assert list(signature.parameters.values())[:len(own)] == own

    def test_scipys(self):
        special = pytest.importorskip("scipy.special")
        assert list(numpy_signature(special.erf)[1].parameters)[:2] == ["x", "out"]
        assert list(numpy_signature("scipy.special.betainc")[1].parameters)[:4] == ["x1", "x2", "x3", "out"]
        assert numpy_signature("scipy.special.no_such_function") == ("scipy.special.no_such_function", None)

    def test_is_read_when_it_is_needed(self):
        program = ("import sys, numpy as np, dezero, dezero.functions as F; assert 'dezero._signatures' not in sys.modules\n"
                   "F.sum(dezero.Variable(np.ones(2)), axis=0); assert 'dezero._signatures' in sys.modules")
        subprocess.run([sys.executable, "-P", "-c", program], check=True)


# ---------------------------------------------------------------- every way of passing arguments

def mirrored(function):
    """An op that takes all that a function of NumPy's takes, its positional ones without a default as operands."""
    signature = numpy_signature(function)[1]
    kept = [p for p in signature.parameters.values() if p.name != "out" and p.kind is not Parameter.VAR_KEYWORD]
    operands = [p.name for p in kept if p.default is Parameter.empty and p.kind < Parameter.VAR_POSITIONAL]
    parameters = tuple(p.replace(kind=Parameter.KEYWORD_ONLY) for p in kept if p.name not in operands)
    return Arguments("Op", tuple(operands), parameters, function)


MIRRORED = {name: function for name, function in FUNCTIONS.items()
            if not any(p.kind is Parameter.VAR_POSITIONAL for p in numpy_signature(function)[1].parameters.values())}


@given(st.data())
def test_every_way_of_passing_arguments_binds_as_numpys_own_signature(data):
    name = data.draw(st.sampled_from(sorted(MIRRORED)))
    bound, signature = mirrored(FUNCTIONS[name]), numpy_signature(FUNCTIONS[name])[1]
    args, kwargs, positional = [], {}, True
    for p in signature.parameters.values():
        if p.name == "out" or p.kind is Parameter.VAR_KEYWORD or p.name in bound.same:
            positional = positional and p.kind is not Parameter.POSITIONAL_OR_KEYWORD
            continue
        may_leave_out = p.default is not Parameter.empty
        how = data.draw(st.sampled_from(
            ["by place"] * (positional and p.kind < Parameter.VAR_POSITIONAL)
            + ["by name"] * (p.kind is not Parameter.POSITIONAL_ONLY) + ["default", "absent"] * may_leave_out or ["by place"]))
        if how == "absent" or how == "default" and p.kind is Parameter.POSITIONAL_ONLY:
            positional = False
        elif how == "by place":
            args.append(f"value of {p.name}")
        else:
            positional = False
            kwargs[p.name] = p.default if how == "default" else f"value of {p.name}"
    try:
        wanted = signature.bind(*args, **kwargs).arguments
    except TypeError:                               # a required one by place behind one that was left out
        with pytest.raises(TypeError):
            bound.bind(args, kwargs)
        return
    operands, parameters = bound.bind(args, kwargs)
    assert operands == [wanted[x] for x in bound.names]
    assert parameters == {key: x for key, x in wanted.items() if key not in bound.names and x is not NoValue}


CORE = [(entry, claim) for entry in registry.snapshot.ops for claim in entry.numpy if entry.cls is not None]
COMPOSITES = [(entry, claim) for entry in registry.snapshot.ops for claim in entry.numpy if entry.cls is None]


@pytest.mark.parametrize("entry, claim", CORE, ids=lambda x: name_of(x)[0] if not hasattr(x, "apply") else x.name)
def test_the_core_binds_as_numpys_functions_do(entry, claim):
    """Operands by place, by NumPy's names through F, and all that NumPy has a default for given as it is."""
    signature = numpy_signature(claim)[1]
    bound = found(entry.apply).beside(claim)
    values = {"shape": (2,), "axis": 0}
    needed = {p.name: values.get(p.name, np.ones(2)) for p in signature.parameters.values() if p.default is Parameter.empty}
    defaults = {p.name: p.default for p in signature.parameters.values() if p.default is not Parameter.empty}
    ways = [(tuple(needed.values()), {}), ((), needed), ((), {**needed, **defaults}), (tuple(needed.values()), defaults)]
    for operands, parameters in [bound.bind(*way) for way in ways]:
        for x, (name, i) in zip(operands, bound.place_of.items()):
            assert operands[i] is needed[name]
        assert {**bound.defaults, **parameters} == {**bound.defaults, **{name: x for name, x in needed.items() if name not in bound.place_of}}


@pytest.mark.parametrize("entry, claim", COMPOSITES, ids=lambda x: name_of(x)[0] if not hasattr(x, "apply") else x.name)
def test_the_composites_of_the_core_have_numpys_signatures(entry, claim):
    if claim in LIKE:
        pytest.skip("of these NumPy tells a signature since 2.4: next test")
    own = inspect.signature(entry.apply)
    assert list(own.parameters.values()) == list(numpy_signature(claim)[1].parameters.values())


@pytest.mark.skipif(MINOR < (2, 4), reason="NumPy tells signatures of its C functions since 2.4")
@pytest.mark.parametrize("entry, claim", [(entry, claim) for entry, claim in COMPOSITES if claim in LIKE and claim is not np.arange],
                         ids=lambda x: x.__name__ if not hasattr(x, "apply") else x.name)
def test_what_makes_arrays_has_numpys_signatures(entry, claim):
    """But for `like`, which NumPy keeps for itself, and for `ndmax`, which is about arrays of objects."""
    told = [p for p in numpy_signature(claim)[1].parameters.values() if p.name not in ("like", "ndmax")]
    assert [(p.name, p.kind, p.default) for p in inspect.signature(entry.apply).parameters.values()] == [(p.name, p.kind, p.default) for p in told]


# ---------------------------------------------------------------- one by one

class TestBinding:
    X, Y = np.array([1.0, 2.0]), np.array([3.0, 4.0])

    @pytest.mark.parametrize("args, kwargs, operands", [
        ((0, 1), {}, (0, 1)), ((None, 1), {}, (None, 1)), ((0, None), {}, (0, None)), ((0,), {"a_max": 1}, (0, 1)),
        ((), {"a_min": None, "a_max": 1}, (None, 1)), ((), {"a_min": 0, "a_max": None, "out": None, "dtype": None, "where": True}, (0, None))])
    def test_clip(self, args, kwargs, operands):
        for names in ("a a_min? a_max?", "x low? high?", "x min? max?"):
            assert make(names, "", np.clip).bind((self.X, *args), kwargs) == ([self.X, *operands], {})

    @pytest.mark.skipif(MINOR < (2, 1), reason="min and max since NumPy 2.1")
    def test_clip_by_the_names_that_it_has_since(self):
        clip = make("a a_min? a_max?", "", np.clip)
        assert clip.bind((self.X,), {"min": 0}) == ([self.X, 0, None], {})
        assert clip.bind((self.X,), {"max": 1, "min": None}) == ([self.X, None, 1], {})
        assert clip.bind((self.X,), {}) == ([self.X, None, None], {})
        with pytest.raises(TypeError, match=r"Op .*'a_min' by place and by name"):
            clip.bind((self.X, 0), {"min": 0})

    def test_clip_calls_the_op_with_variables_at_any_place(self):
        clip = make("a a_min? a_max?", "", np.clip)
        x, y = Variable(self.X), Variable(self.Y)
        assert clip.bind((x, None, y), {}) == ([x, None, y], {})
        assert clip.bind((self.X, y), {"a_max": None})[0][1] is y

    def test_names_of_numpys_and_of_the_op(self):
        solve = make("a b", "", np.linalg.solve)
        assert solve.bind((), {"b": self.X, "a": self.Y}) == ([self.Y, self.X], {})
        assert make("x y", "", np.linalg.solve).bind((), {"b": self.X, "a": self.Y}) == ([self.Y, self.X], {})
        assert make("x0 x1", "", np.maximum).bind((), {"x1": self.X, "x2": self.Y}) == ([self.X, self.Y], {})
        own = make("a b?", "k, *, j=2", name="own")
        assert own.bind((), {"a": self.X, "k": 1}) == ([self.X, None], {"k": 1})
        assert own.bind((self.X, self.Y), {"j": 3, "k": 1}) == ([self.X, self.Y], {"k": 1, "j": 3})

    def test_operands_that_are_no_leading_arguments(self):
        total = make("x initial?", "axis=None", np.sum)
        assert total.bind((self.X, 0), {"initial": self.Y}) == ([self.X, self.Y], {"axis": 0})
        compress = make("x", "condition", np.compress)
        assert compress.bind(([True, False], self.X), {}) == ([self.X], {"condition": [True, False]})

    def test_needed_parameters_of_another_name_are_matched_by_place(self):
        clip = make("x", "low, high", np.clip)
        for args, kwargs in [((0, 1), {}), ((0,), {"a_max": 1}), ((0,), {"high": 1}), ((), {"low": 0, "high": 1})]:
            assert clip.bind((self.X, *args), kwargs) == ([self.X], {"low": 0, "high": 1})

    def test_reshape_in_all_versions(self):
        reshape = make("x", "shape, order='C'", np.reshape)
        assert reshape.bind((self.X, (2, 1)), {}) == ([self.X], {"shape": (2, 1)})
        assert reshape.bind((self.X, (2, 1), "F"), {}) == ([self.X], {"shape": (2, 1), "order": "F"})
        assert reshape.bind((self.X, (2, 1), "C"), {}) == ([self.X], {"shape": (2, 1), "order": "C"})

    def test_defaults_of_numpy_that_are_not_the_ops(self):
        total = make("a", "axis=None, keepdims=False", np.sum)
        reduce = total.beside((np.add, "reduce"))
        assert total.bind((self.X,), {}) == ([self.X], {}) and total.exact == 1
        assert reduce.bind((self.X,), {}) == ([self.X], {"axis": 0}) and reduce.exact == -1
        assert reduce.bind((self.X, None), {}) == ([self.X], {"axis": None})        # forward's default may be another
        sort = make("a", "axis=None", np.sort)
        assert sort.bind((self.X,), {}) == ([self.X], {"axis": -1}) and sort.bind((self.X, None), {}) == ([self.X], {"axis": None})
        swapaxes = make("a", "axis1=0, axis2=1", np.swapaxes)
        assert swapaxes.bind((self.X,), {"axis2": 2}) == ([self.X], {"axis1": 0, "axis2": 2}) and swapaxes.exact == -1
        assert total.beside(np.sum) is total and total.beside((np.add, "reduce")) is reduce

    def test_any_number_of_operands(self):
        einsum = make("*operands", "optimize=False", np.einsum)
        assert einsum.bind(("i,i", self.X, self.Y), {"optimize": True}) == (["i,i", self.X, self.Y], {"optimize": True})
        many = make("*xs", "axis=0", np.hypot)      # of which NumPy's has two: bound by its own names
        assert many.bind((1, 2, 3), {"axis": 1}) == ([1, 2, 3], {"axis": 1}) and many.exact is None

    def test_more_operands_than_numpys_function_has(self):
        assert make("a b", "", np.sinc).bind((1, 2), {}) == ([1, 2], {})

    def test_lists(self):
        maximum = make("x0 x1", "", np.maximum)
        operands, _ = maximum.bind((self.X, [1, 2]), {})
        assert operands[0] is self.X and operands[1].tolist() == [1, 2] and operands[1].dtype == int
        assert maximum.bind((self.X, [1, 2]), {}, False)[0][1] == [1, 2]
        join = make("arrays", "axis=0", np.concatenate, listed=True)
        operands, parameters = join.bind(([self.X, [1.5]], 1), {})
        assert operands[0] is self.X and operands[1].tolist() == [1.5] and parameters == {"axis": 1}
        assert [x.tolist() for x in join.bind((np.eye(2),), {})[0]] == [[1, 0], [0, 1]]
        assert [x.data.tolist() for x in join.bind((Variable(np.eye(2)),), {})[0]] == [[1, 0], [0, 1]]
        select = make("choicelist default?", "condlist", np.select, listed=True)
        assert select.bind(([True, False], [self.X, self.Y]), {}) == ([self.X, self.Y, 0], {"condlist": [True, False]})

    def test_parameters_are_as_at_the_call(self):
        by, op = np.array([1.0]), make("x", "by")
        found = op.bind((self.X, by), {})[1]["by"]
        by[:] = 7
        assert found.tolist() == [1]


class TestRefused:
    X = Variable(np.ones(2))

    @pytest.mark.parametrize("call, words", [
        (lambda x: make("a", "axis=None", np.sum).bind((x,), {"dtype": "f4"}),
         "numpy.sum(dtype=...) of a Variable is not supported: Op (op 'op' (a-package 1.0)) got dtype='f4'; its result has the dtype"),
        (lambda x: make("a", "axis=None", np.sum).bind((x, 0, None, None, False, 3), {}), "got initial=3; leave it out, or use x.data where"),
        (lambda x: make("a", "axis=None", np.sum).bind((x,), {"keepdims": True}), "numpy.sum(keepdims=...)"),
        (lambda x: make("a", "axis=None", np.sum).bind((x,), {"out": np.ones(2)}), "numpy.sum(out=...) with a Variable is not supported: an op's"),
        (lambda x: make("a", "", (np.add, "reduce")).bind((x, 1), {}), "numpy.add.reduce(axis=...)"),
        (lambda x: make("a b", "", np.add).bind((x, x), {"where": np.array([True, False])}),
         "got where=an array of shape (2,) and dtype bool; it takes all elements"),
        (lambda x: make("a b", "", np.add).bind((x, x), {"casting": "no"}), "got casting='no'"),
        (lambda x: make("a b", "", np.add).bind((x, x), {"where": x}), "got where=Variable"),
        (lambda x: make("a", "axis=None", np.sum).bind((x,), {"axs": 0}),
         "Op (op 'op' (a-package 1.0)) is called as numpy.sum(a, axis=None): it does not know 'axs'"),
        (lambda x: make("a", "axis=None", np.sum).bind((x,) * 8, {}), "it takes 2 arguments by place, got 8"),
        (lambda x: make("a", "axis=None", np.sum).bind((x, 0), {"axis": 0}), "got 'axis' by place and by name"),
        (lambda x: make("a", "axis=None", np.sum).bind((), {"axis": 0}), "missing 1 required argument: 'a'"),
        (lambda x: make("a b", "", np.where).bind((x,), {}), "missing 1 required argument"),
        (lambda x: make("a", "k, j=1", name="own").bind((x,), {}), "is called as own(a, k, j=1): missing 1 required argument: 'k'"),
        (lambda x: make("*xs", "axis=0", name="own").bind((x,), {"xs": 0}), "is called as own(*xs, axis=0): it does not know 'xs'"),
        (lambda x: make("a b", "", np.add).bind((x, [x, 1.0]), {}), "its operand 'x2' is a list that holds Variables: np.stack([...]) makes one"),
        (lambda x: make("a b", "", np.add).bind((([1.0, (x,)],), x), {}), "its operand 'x1' is a tuple that holds Variables"),
        (lambda x: make("arrays", "", np.concatenate, listed=True).bind(([[x], x],), {}), "its operand 0 is a list that holds Variables"),
        (lambda x: make("arrays", "", np.concatenate, listed=True).bind((1.0,), {}), "it takes a list of operands, not float"),
        (lambda x: make("a", "by=1").bind((x,), {"by": [x]}), "Op (op 'op' (a-package 1.0)): its parameter by is a Variable of shape (2,)"),
    ])
    def test_in_words(self, call, words):
        with pytest.raises(TypeError) as e:
            call(self.X)
        assert words in str(e.value), str(e.value)

    def test_a_ragged_list(self):
        with pytest.raises(ValueError, match="Op .*: its operand 'x2' is a list that makes no array: .*inhomogeneous"):
            make("a b", "", np.add).bind((self.X, [[1, 2], [3]]), {})

    @pytest.mark.parametrize("name", sorted(MIRRORED))
    def test_no_argument_of_numpys_is_ignored(self, name):
        """An op that takes operands alone: whatever else is given with another value than NumPy's default is refused by name."""
        function = FUNCTIONS[name]
        signature = numpy_signature(function)[1]
        needed = [p.name for p in signature.parameters.values() if p.default is Parameter.empty and p.kind < Parameter.VAR_POSITIONAL]
        bound = Arguments("Op", tuple(needed), (), function)
        for p in signature.parameters.values():
            if p.name in needed or p.kind > Parameter.KEYWORD_ONLY or p.name in bound.same:
                continue
            assert bound.bind(["value"] * len(needed), {p.name: p.default})[1] == {}
            with pytest.raises(TypeError, match=rf"{name.replace('.', '[.]')}\({p.name}=...\)"):
                bound.bind(["value"] * len(needed), {p.name: "another value"})


# ---------------------------------------------------------------- through NumPy, F and the method

class TestClasses:
    def test_by_name(self):
        a = np.array([[1.0, 2.0], [3.0, 4.0]])
        for y in (np.sum(a=Variable(a), axis=0), F.sum(a=Variable(a), axis=0), F.sum(Variable(a), axis=0), Variable(a).sum(axis=0)):
            assert type(y.creator) is type(Variable(a).sum().creator) and y.data.tolist() == [4, 6]
        x = Variable(np.array([1.0, 2.0]))
        y = F.mul(x2=x, x1=Variable(np.array([3.0, 4.0])))
        y.backward()
        assert type(y.creator) is dezero.Mul and y.data.tolist() == [3, 8] and x.grad.tolist() == [3, 4]
        assert np.broadcast_to(array=x, shape=(2, 2), subok=False).shape == F.broadcast_to(x, shape=(2, 2)).shape == (2, 2)

    def test_lists_are_operands_of_numpys_functions_only(self):
        x = Variable(np.array([1.0, 2.0]))
        for y in (np.multiply(x, [3, 4]), np.multiply([3, 4], x), np.multiply((3, 4), x)):
            assert y.data.tolist() == [3, 8]
            x.cleargrad()
            y.backward()
            assert x.grad.tolist() == [3, 4]
        for call in (lambda: x * [3, 4], lambda: [3, 4] * x, lambda: F.mul(x, [3, 4]), lambda: dezero.Mul()(x, [3, 4])):
            with pytest.raises(TypeError, match="np.asarray"):
                call()
        with pytest.raises(TypeError, match="Mul .*its operand 'x2' is a list that holds Variables: np.stack"):
            np.multiply(x, [x, x])

    def test_a_strangers_class(self):
        class Cumulated(Function):
            name = "cumulated_of_a_test"
            numpy = (np.cumsum, (np.add, "accumulate"))

            def __init__(self, axis=None):
                self.axis = axis

            def forward(self, a):
                return np.cumsum(a, axis=self.axis)

            def backward(self, gy):
                return gy

        a = np.arange(6.0).reshape(2, 3)
        x = Variable(a)
        with dezero.plugins.isolated():
            dezero.plugins.register(Cumulated)
            for y, want in [(np.cumsum(x), np.cumsum(a)), (np.cumsum(a=x, axis=1, dtype=None, out=None), np.cumsum(a, axis=1)),
                            (np.add.accumulate(x), np.add.accumulate(a)), (np.add.accumulate(x, 1), np.add.accumulate(a, 1)),
                            (x.cumulated_of_a_test(0), np.cumsum(a, 0)), (F.cumulated_of_a_test(x, 1, None), np.cumsum(a, 1))]:
                assert type(y.creator) is Cumulated
                np.testing.assert_array_equal(y.data, want)
            for call in (lambda: np.cumsum(x, dtype="f4"), lambda: x.cumulated_of_a_test(0, "f4"), lambda: np.add.accumulate(x, dtype="f4")):
                with pytest.raises(TypeError, match=r"numpy.(cumsum|add.accumulate)\(dtype=...\) .*Cumulated"):
                    call()
            with pytest.raises(GradientError, match="Cumulated .*parameter axis .*wants a gradient"):
                np.cumsum(x, Variable(np.array(0)))

    def test_an_op_that_knows_where(self):
        class Doubled(Function):
            name = "doubled_of_a_test"
            numpy = (np.positive,)

            def __init__(self, where=True):
                self.where = where

            def forward(self, x):
                return np.where(self.where, 2 * x, x)

            def backward(self, gy):
                return gy * np.where(self.where, 2.0, 1.0)

        x, mask = Variable(np.ones(2)), np.array([True, False])
        with dezero.plugins.isolated():
            dezero.plugins.register(Doubled)
            y = np.positive(x, where=mask)
            mask[:] = True
            y.backward()
        assert y.data.tolist() == [2, 1] and x.grad.tolist() == [2, 1]

    def test_optional_operands_of_a_class(self):
        y = F.pow(Variable(np.array(2.0)), c=3.0)
        assert y.data == 8 and y.creator.c == 3.0

    def test_a_list_by_name(self):
        class Solved(Function):
            name = "solved_of_a_test"
            numpy = (np.linalg.solve,)

            def forward(self, a, b):
                return np.linalg.solve(a, b)

        with dezero.plugins.isolated():
            dezero.plugins.register(Solved)
            a = Variable(2 * np.eye(2))
            for y in (np.linalg.solve(a=a, b=[2, 4]), np.linalg.solve(a, [2, 4]), F.solved_of_a_test(b=np.array([2, 4]), a=a)):
                assert y.data.tolist() == [1, 2]
            with pytest.raises(TypeError, match="None"):
                np.linalg.solve(a, None)

    def test_an_init_that_takes_any_keyword(self):
        class Open(Function):
            name = "open_of_a_test"
            numpy = (np.cumsum,)

            def __init__(self, **rest):
                self.rest = rest

            def forward(self, x):
                return np.cumsum(x, **self.rest)

        x = Variable(np.ones((2, 2)))
        with dezero.plugins.isolated():
            dezero.plugins.register(Open)
            assert np.cumsum(x, axis=0, dtype="f4").creator.rest == {"axis": 0, "dtype": "f4"} and np.cumsum(x).creator.rest == {}
            with pytest.raises(TypeError, match="out"):
                np.cumsum(x, out=np.ones(4))

    def test_any_number_of_operands(self):
        class Most(Function):
            def __init__(self, axis=0):
                self.axis = axis

            def forward(self, x, *xs):
                return np.max([x, *xs], axis=self.axis)

        assert Most.apply(np.ones(2), np.zeros(2), np.full(2, 3.0)).data.tolist() == [3, 3]
        assert Most.apply(np.array([1.0, 4.0]), np.zeros(2), axis=1).data.tolist() == [4, 0]
        with pytest.raises(TypeError, match="(?i)none"):
            Most.apply(np.ones(2), None)

    def test_parameters_by_place_alone(self):
        class Permuted(Function):
            def __init__(self, *axes):
                self.axes = axes

            def forward(self, x):
                return np.transpose(x, self.axes)

        assert arguments_of(Permuted) is None
        assert Permuted.apply(np.ones((2, 3, 4)), 2, 0, 1).shape == (4, 2, 3)


class TestRules:
    """Ops that `rule` makes are bound by the same."""

    def test_clip_with_operands_at_any_place(self):
        @dezero.rule(np.clip, operands=("a", "a_min?", "a_max?"))
        def clip_of_a_test(gy, y, a, a_min=None, a_max=None):
            return gy * (a == y), *[None if limit is None else gy * ((limit == y) & (a != y)) for limit in (a_min, a_max)]

        a, high = np.array([-1.0, 0.5, 3.0]), np.array([2.0, 2.0, 2.0])
        with dezero.plugins.isolated():
            dezero.plugins.register(clip_of_a_test.cls)
            ways = [lambda x, y: np.clip(x, None, y), lambda x, y: np.clip(x, a_min=None, a_max=y), lambda x, y: np.clip(a_max=y, a=x, a_min=None),
                    lambda x, y: np.clip(x, None, y, out=None, dtype=None), lambda x, y: clip_of_a_test(x, a_max=y),
                    lambda x, y: x.clip_of_a_test(a_max=y), lambda x, y: F.clip_of_a_test(x, None, y)]
            if MINOR >= (2, 1):
                ways += [lambda x, y: np.clip(x, max=y), lambda x, y: np.clip(x, min=None, max=y)]
            for way in ways:
                x, y = Variable(a), Variable(high)
                z = way(x, y)
                (z * np.array([1.0, 10.0, 100.0])).sum().backward()
                assert z.data.tolist() == [-1, 0.5, 2] and x.grad.tolist() == [1, 10, 0] and y.grad.tolist() == [0, 0, 100]
            assert np.clip(Variable(a), [0, 0, 0], 1.0).data.tolist() == [0, 0.5, 1]
            with pytest.raises(TypeError, match=r"numpy.clip\(casting=...\) of a Variable is not supported: .*clip_of_a_test"):
                np.clip(Variable(a), 0, 1, casting="no")
            with pytest.raises(TypeError, match="its operand 'a_min' is a list that holds Variables"):
                np.clip(Variable(a), [Variable(a)], 1)

    def test_numpys_defaults(self):
        @dezero.rule(np.sort, (np.add, "accumulate"))
        def sort_of_a_test(gy, y, a, axis=None, kind=None):
            return gy * (1.0 if axis is None else 10.0 + axis)

        x = Variable(np.array([[2.0, 1.0], [4.0, 3.0]]))
        for y, slope in ((sort_of_a_test(x), 9), (sort_of_a_test(x, 0), 10), (sort_of_a_test(x, axis=1, kind="stable"), 11)):
            x.cleargrad()
            y.backward()
            assert (x.grad == slope).all()
        assert sort_of_a_test(x, None).data.tolist() == [1, 2, 3, 4]
        with pytest.raises(TypeError, match=r"numpy.sort\(order=...\) .*sort_of_a_test"):
            sort_of_a_test(x, order="f")

    def test_lists_and_listed(self):
        @dezero.rule(np.concatenate, listed=True)
        def join_of_a_test(gy, y, xs, axis=0):
            ends = np.cumsum([x.shape[axis] for x in xs])[:-1]
            return list(np.split(np.asarray(gy), ends, axis))

        x = Variable(np.array([1.0, 2.0]))
        with dezero.plugins.isolated():
            dezero.plugins.register(join_of_a_test.cls)
            for y in (join_of_a_test([x, [3.0], x]), np.concatenate([x, [3.0], x]), np.concatenate((x, [3.0], x), axis=0, out=None)):
                x.cleargrad()
                y.backward(gradient=np.arange(5.0))
                assert y.data.tolist() == [1, 2, 3, 1, 2] and x.grad.tolist() == [3, 5]
            with pytest.raises(TypeError, match=r"numpy.concatenate\(dtype=...\) .*join_of_a_test"):
                np.concatenate([x, x], dtype="f4")
