"""Ops whose rule is a function: `rule`, `Op`, `Saved`, and what a rule may give."""
import functools
import pickle
import pydoc
import sys
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import dezero
from dezero import At, Function, Op, Saved, Variable, errors, plugins, rule, using_config
from dezero.testing import check_grads

RNG = np.random.default_rng(7)
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.eye(3)


def T(a):
    return np.swapaxes(a, -1, -2)


@rule(np.tanh)
def tanh(gy, y, x):
    """y = tanh x;   ∂y/∂x = 1 - y²"""
    return gy * (1 - y * y)


@rule(np.exp)
def exp(gy, y, x):
    return gy * y


@rule(np.swapaxes)
def swapaxes(gy, y, x, axis1=0, axis2=1):
    return np.swapaxes(gy, axis1, axis2)


@rule(np.matmul, operators=("__matmul__",))
def matmul(gy, y, a, b):
    return gy @ T(b), T(a) @ gy


@rule(np.where)
def select(gy, y, condition, a, b):
    return None, np.where(condition, gy, 0), np.where(condition, 0, gy)


@rule(np.linalg.solve)
def solve(gy, y, a, b):
    if b.ndim == 1:                         # one column
        gy, y = gy[..., None], y[..., None]
    gb = np.linalg.solve(T(a), gy)
    return lambda: -gb @ T(y), gb[..., 0] if b.ndim == 1 else gb


@rule(np.concatenate, listed=True)
def concatenate(gy, y, xs, axis=0):
    ends = np.cumsum([x.shape[axis] for x in xs])
    return [gy[(slice(None),) * (axis % y.ndim) + (slice(end - x.shape[axis], end),)] for x, end in zip(xs, ends)]


@rule(np.clip, operands=("x", "a_min?", "a_max?"))
def clip(gy, y, x, a_min=None, a_max=None):
    low = None if a_min is None else gy * np.asarray(x < a_min)
    high = None if a_max is None else gy * np.asarray(x > a_max)
    inside = np.asarray(x == y)
    return gy * inside, low, high


@pytest.fixture
def registered():
    with plugins.isolated():
        for op in (tanh, exp, matmul, solve, concatenate, clip):
            plugins.register(op.cls)
        yield


# -- how an op is called

@pytest.mark.parametrize("mask", [np.array([True, False]), np.array([1, 0]), np.array([1, 0], "u1")], ids=str)
def test_a_mask_is_what_it_was_at_the_call(mask):
    """Also one that is an operand; an index and a parameter are copied as well."""
    x = Variable(np.array([2.0, 3.0]))
    y, z = select(mask, x, -x), mask * x
    mask[:] = 1 - mask
    (y + z).sum().backward()
    assert x.grad.tolist() == [2.0, -1.0]


def test_arrays_give_arrays_and_variables_variables():
    x = np.array([0.1, -0.2])
    assert type(tanh(x)) is np.ndarray and np.array_equal(tanh(x), np.tanh(x))
    y = tanh(Variable(x))
    assert type(y) is Variable and np.array_equal(y.data, np.tanh(x))
    assert type(tanh.apply(x)) is Variable and tanh.apply(x).creator is None


def test_it_is_usable_unregistered_and_again_in_rules():
    @rule(lambda x: np.exp(2 * x))
    def exp2(gy, y, x):
        return 2 * gy * exp(x) * exp(x)
    check_grads(exp2, [np.array([0.1, 0.5])])


@pytest.mark.parametrize("f, xs", [
    (lambda x: tanh(x), [RNG.normal(size=3)]),
    (lambda x: tanh(exp(x)), [RNG.normal(size=())]),
    (lambda a, b: solve(a, b), [SQUARE, RNG.normal(size=3)]),
    (lambda a, b: solve(a, b), [SQUARE, RNG.normal(size=(3, 2))]),
    (lambda a, b: solve(a, b), [np.stack([SQUARE, 2.0 * SQUARE]), RNG.normal(size=3)]),
    (lambda a, b: a @ b, [SQUARE, RNG.normal(size=(4, 3, 2))]),
    (lambda a, b: np.matmul(a, b), [RNG.normal(size=(2, 1, 2, 3)), RNG.normal(size=(3, 3, 2))]),
    (lambda x: swapaxes(x, 0, 2), [RNG.normal(size=(2, 3, 4))]),
    (lambda a, b: concatenate([a, b, a * 2.0], axis=1), [RNG.normal(size=(2, 3)), RNG.normal(size=(2, 1))]),
    (lambda x, high: clip(x, None, high), [RNG.normal(size=(3, 3)), RNG.normal(size=3)]),
    (lambda x, low, high: clip(x, low, high), [RNG.normal(size=5), np.array(-0.5), np.array(0.4)]),
], ids=range(11))
def test_gradients_of_both_orders(f, xs, registered):
    check_grads(f, xs)


def test_the_call_stands_in_the_graph():
    x = Variable(np.array([0.5, 1.0]))
    y = tanh(x)
    f = y.creator
    assert isinstance(f, dezero.Function) and type(f) is tanh.cls and f.name == "tanh" and f.inputs == [x] and f.outputs[0]() is y
    assert f.generation == 0 and y.generation == 1
    z = type(f)()(x)
    z.backward()
    assert np.allclose(x.grad, 1 - np.tanh(x.data) ** 2)


def test_attributes():
    assert type(tanh) is Op and tanh.name == "tanh" and tanh.numpy == (np.tanh,) and tanh.forward is np.tanh
    assert tanh.rule(1.0, 0.5, None) == 0.75 and "1 - y²" in tanh.__doc__ and str(tanh.signature) == "(x)"
    assert str(swapaxes.signature) == "(a, axis1=0, axis2=1)" and str(clip.signature) == "(a, a_min=None, a_max=None)"
    assert repr(tanh) == f"<op 'tanh': {__name__}.tanh>"
    assert pickle.loads(pickle.dumps(tanh)) is tanh


def test_several_results():
    parts = rule(np.modf)(lambda gy, y, x: gy[0])
    x = Variable(np.array([1.25, -2.5]))
    fraction, whole = parts(x)
    assert isinstance(parts(x.data), tuple) and fraction.data.tolist() == [0.25, -0.5]
    fraction.backward()
    assert x.grad.tolist() == [1.0, 1.0]
    x.cleargrad()
    whole.backward()                        # a gradient that nobody sent is zeros
    assert x.grad.tolist() == [0.0, 0.0]


def test_results_keep_their_names():
    result = type(np.linalg.slogdet(SQUARE))

    @rule(np.linalg.slogdet, result=result)
    def slogdet(gy, y, a):
        return gy[1][..., None, None] * T(np.linalg.inv(a))
    a = Variable(SQUARE)
    slogdet(a).logabsdet.backward()
    assert np.allclose(a.grad, np.linalg.inv(SQUARE).T) and slogdet(SQUARE).logabsdet == np.linalg.slogdet(SQUARE)[1]


def test_a_list_of_one_result():
    halves = rule(lambda x: [x * 1.0])(lambda gy, y, x: gy[0])
    x = Variable(np.array([1.0, 2.0]))
    y, = halves(x)
    y.backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_saved():
    seen = []

    def forward(x):
        e = np.exp(x)
        return Saved(e * e, e=e)

    @rule(forward)
    def exp2(gy, y, x, *, saved):
        seen.append(saved is None)
        return 2 * gy * (exp(x) if saved is None else saved.e) ** 2
    x = Variable(np.array([0.5]))
    exp2(x).backward()
    assert seen == [False] and np.allclose(x.grad, 2 * np.exp(1.0))
    assert exp2(x.data).tolist() == (np.exp([0.5]) ** 2).tolist()
    check_grads(exp2, [np.array([0.1, 0.2])])
    assert True in seen


def test_saved_that_the_rule_does_not_take():
    op = rule(lambda x: Saved(x * 1.0, n=1))(lambda gy, y, x: gy)
    with pytest.raises(TypeError, match="takes no keyword saved"):
        op(Variable(np.ones(2)))


def test_containers_of_any_class_are_looked_into():
    Pair = namedtuple("Pair", "a b")
    negated = rule(lambda xs: xs[0] + xs[1], name="negated", listed=True)(lambda gy, y, xs: [-gy, -gy])
    x, z = Variable(np.array([1.0])), Variable(np.array([2.0]))
    negated(Pair(x, z)).backward()
    assert x.grad.tolist() == [-1.0]
    scaled = rule(lambda x, w: x * w.a, name="scaled", operands=("x",))(lambda gy, y, x, w: gy * w.a)
    a = np.array([3.0])
    x.cleargrad()
    y = scaled(x, Pair(a, 1))
    a[:] = 0.0
    y.backward()
    assert x.grad.tolist() == [3.0]
    for held in (Pair(x, 1), OrderedDict(a=x), frozenset([x]), [Pair(x, 1)]):
        with pytest.raises(errors.GradientError, match="parameter w"):
            scaled(x, held)


def test_a_call_on_arrays_refuses_what_is_no_operand():
    add = rule(np.add, name="added")(lambda gy, y, a, b: (gy, gy))
    for x, error, words in ((None, TypeError, "NoneType"), (lambda x: None, TypeError, "function"), ("text", TypeError, "str"),
                            (np.ma.ones(2), errors.DTypeError, "MaskedArray"), (np.array([None]), errors.DTypeError, "dtype object")):
        with pytest.raises(error, match=f"^tanh: .*{words}") as caught:
            tanh(x)
        assert "its operand 'x'" in str(caught.value)
        for operands in ((x, 1.0), (1.0, x), (x, x)):
            name = "a" if operands[0] is x else "b"
            with pytest.raises(error, match=f"operand '{name}'"):
                add(*operands)
        with pytest.raises(error, match="operand 1"):
            concatenate([np.ones(2), x])
    assert add(1, 2.5) == 3.5 and clip(np.arange(3.0), None, 1.0).tolist() == [0.0, 1.0, 1.0]


def test_the_count_of_results_is_that_of_their_names():
    Three = namedtuple("Three", "a b c")
    parts = rule(np.modf, result=Three)(lambda gy, y, x: gy[0])
    for x in (np.ones(2), Variable(np.ones(2))):
        with pytest.raises(TypeError, match=r"returned 2 results, and result=Three has 3 fields \(a, b, c\)"):
            parts(x)


# -- what a rule gives

def wanted_index(index, constant):
    """The index with the array of `constant` in its place."""
    if type(index) is tuple or type(index) is list:
        return type(index)([wanted_index(i, constant) for i in index])
    return index.data if index is constant else index


def gradient_of(function, x=np.ones((2, 3)), forward=np.exp):
    v = Variable(np.array(x))
    rule(forward, name="op")(function)(v).backward()
    return v.grad


def test_gradients_broadcast_and_are_summed():
    assert gradient_of(lambda gy, y, x: np.ones((1, 3)) * 2).tolist() == [[2.0] * 3] * 2
    assert gradient_of(lambda gy, y, x: np.ones((2, 1)), np.ones((2, 1))).tolist() == [[1.0]] * 2
    broadcast = rule(lambda x: np.broadcast_to(x, (4, 2, 3)))
    v = Variable(np.ones((2, 1)))
    broadcast(lambda gy, y, x: gy)(v).backward()
    assert v.grad.tolist() == [[12.0]] * 2


def test_parts():
    x = Variable(np.zeros(4))
    pair = rule(lambda x: x[:2] + x[2:])(lambda gy, y, x: [At(slice(0, 2), gy), At(slice(2, 4), gy)])
    y = pair(x) * pair(x)
    y.backward(gradient=np.array([1.0, 2.0]))
    assert x.grad.tolist() == [0.0] * 4
    x.cleargrad()
    (pair(x) + x[:2]).backward()
    assert x.grad.tolist() == [2.0, 2.0, 1.0, 1.0]
    check_grads(lambda x: pair(x) ** 2.0, [np.array([1.0, 2.0, 3.0, 4.0])])


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_index_of_a_part_is_a_constant_variable(create_graph):
    constant, wanting = Variable(np.array([0, 0])).detach(), Variable(np.array([0, 0]))
    for index in (constant, (constant, slice(None)), [constant, [1, 1]]):
        x = Variable(np.ones((3, 2)))
        wanted = np.zeros((3, 2))
        np.add.at(wanted, wanted_index(index, constant), 1.0)
        shape = wanted[wanted_index(index, constant)].shape
        rule(lambda x: np.ones(shape), name="part")(lambda gy, y, x: At(index, gy))(x).backward(create_graph=create_graph)
        assert np.array_equal(x.grad.data if create_graph else x.grad, wanted)
    part = rule(lambda x: x[:2] * 1.0, name="part")(lambda gy, y, x: At(wanting, gy))
    x.cleargrad()
    with pytest.raises(errors.GradientError, match=r"for input 0 with a Variable of shape \(2,\) that wants a gradient as index.*detach"):
        part(x).backward(create_graph=create_graph)
    assert x.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("index", [np.array([0, 0]), Variable(np.array([0, 0])), Variable(np.array([0, 0])).detach()],
                         ids=["array", "leaf", "constant"])
def test_the_index_of_a_part_is_an_operand(index, create_graph):
    take = rule(lambda x, i: x[i], name="taken")(lambda gy, y, x, i: (At(i, gy), None))
    x = Variable(np.ones(3))
    (take(x, index) * 2.0).backward(create_graph=create_graph)
    assert (x.grad.data if create_graph else x.grad).tolist() == [4.0, 0.0, 0.0]


@pytest.mark.parametrize("index", [Variable(np.array([2, 0, 0])), Variable(np.array([2, 0, 0])).detach(), [2, Variable(np.array(0)), 0],
                                   np.array([2, 0, 0])], ids=["leaf", "constant", "list", "array"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_parameter_that_is_an_index(index, create_graph):
    @rule(lambda x, places: x[places], operands=("x",))
    def taken(gy, y, x, places):
        return At(places, gy)
    x = Variable(np.ones(3))
    if isinstance(index, (list, Variable)) and not getattr(index, "is_constant", False):
        with pytest.raises(errors.GradientError, match="its parameter places is a Variable of shape .* that wants a gradient"):
            taken(x, index)
    taken.cls.index_parameter = "places"
    y = taken(x, places=index)
    if isinstance(index, np.ndarray):
        index[:] = 1                        # it is what it was at the call
    y.backward(create_graph=create_graph)
    if isinstance(index, np.ndarray):
        index[:] = [2, 0, 0]
    assert (x.grad.data if create_graph else x.grad).tolist() == [2.0, 0.0, 1.0]


def test_a_parameter_that_is_an_index_of_a_class():
    class Taken(Function):
        index_parameter = "places"

        def __init__(self, places):
            self.places = places

        def forward(self, x):
            return x[self.places]

        def backward(self, gy):
            return At(self.places, gy)
    x = Variable(np.ones(3))
    Taken.apply(x, Variable(np.array([1, 1]))).backward()
    assert x.grad.tolist() == [0.0, 2.0, 0.0]


def test_a_gradient_that_is_put_off_is_asked_for_only_where_it_is_wanted():
    asked = []

    def later():
        asked.append(1)
        return np.ones(2)
    op = rule(np.add)(lambda gy, y, a, b: (later, gy))
    b = Variable(np.ones(2))
    op(np.ones(2), b).backward()
    assert not asked
    op(b, b).backward()
    assert asked == [1]


@pytest.mark.parametrize("function, error, words", [
    (lambda gy, y, x: (gy, gy), errors.GradientError, "returned 2 gradients, wanted 1"),
    (lambda gy, y, x: (), errors.GradientError, "returned 0 gradients, wanted 1"),
    (lambda gy, y, x: gy[:1, :2], errors.GradientError, r"got \(1, 2\), wanted \(2, 3\)"),
    (lambda gy, y, x: gy.sum(), errors.GradientError, r"got \(\), wanted \(2, 3\)"),
    (lambda gy, y, x: gy[0], errors.GradientError, r"got \(3,\), wanted \(2, 3\)"),
    (lambda gy, y, x: np.ones((5, 2, 3)), errors.GradientError, r"got \(5, 2, 3\), wanted \(2, 3\)"),
    (lambda gy, y, x: "gradient", TypeError, "returned str for input 0"),
    (lambda gy, y, x: 1.0, TypeError, "returned float for input 0"),
    (lambda gy, y, x: [gy], TypeError, "a list with an array"),
    (lambda gy, y, x: Variable(gy), TypeError, "returned a Variable for operand 0"),
    (lambda gy, y, x: At((0, 0), gy), errors.GradientError, r"got \(2, 3\), wanted \(\)"),
    (lambda gy, y, x: At(5, gy), errors.GradientError, "out of bounds"),
])
def test_wrong_gradients_are_refused(function, error, words):
    x = Variable(np.ones((2, 3)))
    x.grad = np.full((2, 3), 7.0)
    with pytest.raises(error, match=words):
        rule(np.exp, name="op")(function)(x).backward()
    assert (x.grad == 7.0).all()


def test_an_error_of_a_rule_names_the_op():
    def broken(gy, y, x):
        raise ZeroDivisionError("by the author")
    with pytest.raises(ZeroDivisionError, match="by the author") as caught:
        rule(np.exp)(broken)(Variable(np.ones(2))).backward()
    assert "in the rule of" in caught.value.__notes__[0] and "broken" in caught.value.__notes__[0]
    assert any(entry.name == "broken" and str(entry.path) == __file__ for entry in caught.traceback)


# -- second order

def test_what_cuts_a_second_derivative_is_refused():
    for function, words in ((lambda gy, y, x: gy * x.data, "takes .data"),
                            (lambda gy, y, x: np.array([2.0, 2.0]), "in place of a Variable"),
                            (lambda gy, y, x: gy * float(x.sum()), r"takes float\(\)")):
        op = rule(lambda x: x * 2.0)(function)
        x = Variable(np.ones(2))
        with pytest.raises(errors.FirstOrderOnly, match=words):
            op(x).backward(create_graph=True)


def test_numbers_that_an_own_forward_leaves_behind_are_seen():
    box = []

    def forward(x):
        box.append(x * 2.0)
        return x * x
    op = rule(forward)(lambda gy, y, x: gy * box[-1])
    x = Variable(np.array([1.0, 3.0]))
    op(x).backward()
    assert x.grad.tolist() == [2.0, 6.0]
    with pytest.raises(errors.FirstOrderOnly, match="closure"):
        op(x).backward(create_graph=True)


def test_a_vectorized_function_is_the_authors_own():
    left = {}

    def forward(v):
        left["v"] = 2 * v
        return v * v
    op = rule(np.vectorize(forward))(lambda gy, y, x: gy * left["v"])
    x = Variable(np.array([3.0]))
    op(x).backward()
    with pytest.raises(errors.FirstOrderOnly):
        op(x).backward(create_graph=True)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8"])
def test_of_a_complex_gradient_a_real_operand_gets_the_real_part(dtype, create_graph):
    op = rule(lambda x: x * 2.0)(lambda gy, y, x: gy * (2.0 + 2.0j))
    for shape in ((), (2,), (3000,)):
        x = Variable(np.ones(shape, dtype))
        op(x).backward(create_graph=create_graph)
        g = x.grad.data if create_graph else x.grad
        assert g.dtype == ("f8" if dtype == "i8" else dtype) and g.shape == shape and np.all(g == 2.0)


def test_a_wrapper_that_hides_the_arguments_is_refused():
    def wrapped(f):
        @functools.wraps(f)
        def wrapper(*args):
            return f(*args)
        return wrapper
    with pytest.raises(errors.PluginError, match="neither operand nor parameter"):
        rule(np.exp)(wrapped(lambda gy, y, x: gy * y))


def test_order_one_and_vouched():
    x = Variable(np.ones(2))
    with pytest.raises(errors.FirstOrderOnly, match="order = 1"):
        rule(np.exp, order=1)(lambda gy, y, x: gy * y)(x).backward(create_graph=True)
    rule(lambda x: 2.0 * x, order=None)(lambda gy, y, x: gy * np.full(2, 2.0))(x).backward(create_graph=True)
    assert x.grad.data.tolist() == [2.0, 2.0]


# -- what is kept

def kept(op, *shapes):
    """Of which operands and whether of the result the graph holds the array, at sizes that no node holds itself."""
    xs = [Variable(np.ones(shape)) * 3.0 for shape in shapes]
    y = op(*xs)
    f = y.creator
    sizes = []
    del xs
    for x in f.inputs:
        try:
            sizes.append(x.data is not None)
        except errors.GraphError:
            sizes.append(False)
    return sizes


@pytest.mark.skipif(dezero._kernels.IN_USE != "compiled", reason="all is kept in this form")
def test_what_a_rule_does_not_read_is_not_kept():
    def shape_only(gy, y, x):
        return gy.reshape(x.shape)

    def inside(gy, y, x):
        return (lambda: gy * x)()

    def by_locals(gy, y, x):
        return gy * locals()["x"]

    def read(gy, y, x):
        return gy * x.T.shape[0]

    def shape_inside(gy, y, x):             # its own, of a comprehension and of a function put off
        return lambda: gy.reshape(tuple([x.shape[i] for i in range(x.ndim)]))

    def deep_inside(gy, y, x):
        return (lambda: (lambda: gy * x)())()
    assert kept(rule(np.ravel, name="a")(shape_only), 1000) == [False]
    assert kept(rule(np.ravel, name="a")(shape_inside), 1000) == [False]
    assert kept(rule(np.ravel, name="a")(deep_inside), 1000) == [True]
    assert kept(rule(np.exp, name="b")(lambda gy, y, x: gy * y), 1000) == [False]
    assert kept(rule(np.exp, name="c")(lambda gy, y, x: gy * x), 1000) == [True]
    assert kept(rule(np.exp, name="d")(inside), 1000) == [True]
    assert kept(rule(np.exp, name="e")(by_locals), 1000) == [True]
    assert kept(rule(np.exp, name="f")(read), 1000) == [True]
    assert kept(rule(np.matmul, name="g")(lambda gy, y, a, b: (gy @ T(b), np.zeros(b.shape))), (30, 30), (30, 30)) == [False, True]


def test_an_array_that_was_not_kept_says_so():
    class Seen(Exception):
        pass

    def nosy(gy, y, x):
        raise Seen((x.shape, x.ndim, x.size, x.dtype))
    with pytest.raises(Seen) as caught:
        rule(np.exp)(nosy)(Variable(np.ones((2, 3), "f4"))).backward()
    assert caught.value.args[0] == ((2, 3), 2, 6, np.float32)


def reader():
    return sys._getframe(1).f_locals["x"]


@pytest.mark.parametrize("use", [lambda x: x * 2.0, lambda x: 2.0 * x, lambda x: np.ones(3) - x, np.exp, np.asarray, np.stack, np.sum, len,
                                 float, bool, list, lambda x: x[0], lambda x: x == x, lambda x: x > 0, lambda x: x.T, lambda x: x.sum(),
                                 lambda x: x @ x, lambda x: -x, lambda x: 1.0 in x], ids=range(19))
def test_an_array_that_was_not_kept_is_refused_by_name(use):
    x = Variable(np.ones(3))
    op = rule(np.exp, name="op")(lambda gy, y, x: gy * use(reader()))
    with pytest.raises(errors.GraphError, match=r"an array of shape \(3,\) and dtype float64.* not kept.*Name the array") as caught:
        op(x).backward()
    assert x.grad is None and "in the rule of" in caught.value.__notes__[0]


def test_what_is_kept_of_an_array_is_there_for_helpers_too():
    op = rule(np.exp, name="op")(lambda gy, y, x: gy * reader().shape[0] * reader().ndim * hasattr(reader(), "dtype"))
    x = Variable(np.ones(3))
    op(x).backward()
    assert x.grad.tolist() == [3.0] * 3
    op = rule(np.exp, name="op")(lambda gy, y, x: gy * hasattr(reader(), "T"))
    op(x).backward()
    assert x.grad.tolist() == [3.0] * 3


def test_backward_in_a_rule_says_that_nothing_is_recorded_there():
    @rule(np.square)
    def by_backward(gy, y, x):
        v = Variable(x)
        np.square(v).backward()
        return gy * v.grad

    @rule(lambda x: x * x)
    def by_vjp(gy, y, x):
        return dezero.vjp(lambda v: v * v, x)[1](gy)[0]
    x = Variable(np.array([3.0]))
    with pytest.raises(errors.GraphError, match="in the rule of an op.*without recording.*vjp") as caught:
        by_backward(x).backward()
    assert caught.value.__notes__ == ["in the rule of test_backward_in_a_rule_says_that_nothing_is_recorded_there.<locals>.by_backward"]
    by_vjp(x).backward()
    assert x.grad.tolist() == [6.0]


def test_keep_data_keeps_all():
    with using_config("keep_data", True):
        x = Variable(np.ones(1000))
        y = exp(x * 2.0)
        z = rule(np.ravel)(lambda gy, y, x: gy.reshape(x.shape))(y)
    f = z.creator
    del y
    assert f.inputs[0].data.shape == (1000,)


# -- what `rule` refuses

@pytest.mark.parametrize("make, words", [
    (lambda: rule(np.exp)(len), "decorates a function"),
    (lambda: rule(np.exp)(lambda gy, y: gy), "with one operand at least"),
    (lambda: rule(np.exp)(lambda gy, y, *xs: gy), r"\*xs is neither operand nor parameter"),
    (lambda: rule(np.exp)(lambda gy, y, x, **kw: gy), r"\*kw is neither"),
    (lambda: rule(3)(lambda gy, y, x: gy), "forward is int"),
    (lambda: rule(np.exp, np.array)(lambda gy, y, x: gy), "can't be claimed"),
    (lambda: rule(np.exp, operands=("b",))(lambda gy, y, a, b=1: gy), "are to be the first arguments"),
    (lambda: rule(np.concatenate, listed=True)(lambda gy, y, a, b: gy), "listed=True takes one operand"),
    (lambda: rule(np.add, operands=("a?", "b"))(lambda gy, y, a, b: gy), "may be left out stands behind what may not"),
    (lambda: rule(lambda x, k=1: x)(lambda gy, y, x, k=2: gy), "default of k is 2 in the rule and 1 in its forward"),
    (lambda: rule(lambda x, *, k=(1, "a"): x)(lambda gy, y, x, *, k=(1, "b"): gy), "default of k is "),
    (lambda: rule(lambda x, k=None: x)(lambda gy, y, x, k=0: gy), "default of k is 0 in the rule and None in its forward"),
    *[(lambda choice=choice: rule(np.exp, **choice)(lambda gy, y, x: gy), f"{next(iter(choice))} is .*, not ") for choice in (
        {"result": 3}, {"result": tuple}, {"result": ("a", "b")}, {"listed": 1}, {"listed": None}, {"operands": 3}, {"operands": "x"},
        {"operands": (3,)}, {"name": 3}, {"name": b"exp"}, {"order": 2}, {"order": True}, {"order": "1"}, {"method": 3},
        {"method": False}, {"attribute": 3}, {"attribute": True}, {"operators": "__matmul__"}, {"operators": 3}, {"operators": (3,)},
        {"kernel": np.exp})],
])
def test_what_makes_no_op_is_refused(make, words):
    with pytest.raises(errors.PluginError, match=words) as caught:
        make()
    assert isinstance(caught.value, TypeError) and "<lambda>" in str(caught.value) or "decorates a function" in str(caught.value)


def test_defaults_that_can_be_compared_and_agree():
    nan, array = float("nan"), np.ones(2)
    for one, other in ((1, 1.0), ((1, "a"), (1, "a")), (nan, nan), (None, None), (array, array), (array, np.zeros(2)), ([1], [2])):
        rule(lambda x, k=one: x)(lambda gy, y, x, k=other: gy)
    rule(lambda x, k: x)(lambda gy, y, x, k=1: gy)
    rule(lambda x, k=1: x)(lambda gy, y, x, *, k: gy)
    rule(lambda x, **more: x)(lambda gy, y, x, k=1: gy)


def test_help_shows_the_defaults_that_a_call_has():
    """Where NumPy's differs from the rule's it is NumPy's: the rule is given it."""
    roll = rule(np.roll, name="rolled", operands=("x",))(lambda gy, y, x, shift, axis=0: np.roll(gy, -shift, axis))
    total = rule(np.sum, (np.add, "reduce"), name="total")(lambda gy, y, x, axis=None: np.broadcast_to(gy, x.shape))
    assert str(roll.signature) == "(a, shift, axis=None)" and str(total.signature) == "(a, axis=None)"
    assert "axis=None" in pydoc.render_doc(total.apply) and "axis=None" in pydoc.render_doc(roll.apply)
    v = Variable(np.arange(6.0).reshape(2, 3))
    y = roll(v, 1)
    np.testing.assert_array_equal(y.data, np.roll(v.data, 1))
    y.backward(gradient=v.data)
    np.testing.assert_array_equal(v.grad, np.roll(v.data, -1))