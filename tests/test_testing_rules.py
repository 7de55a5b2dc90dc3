"""The kit on ops whose rule is a function: right ones pass, planted faults are found."""
import sys

import numpy as np
import pytest

from dezero import At, Saved, errors, plugins, rule
from dezero.testing import CHECKS, check_op, checks_of


def T(a):
    return np.swapaxes(a, -1, -2)


@pytest.fixture(autouse=True)
def others():
    """The ops that rules call on Variables under create_graph."""
    exp = rule(np.exp, name="exp")(lambda gy, y, x: gy * y)
    matmul = rule(lambda a, b: a @ b, name="matmul", operators=("__matmul__",))(lambda gy, y, a, b: (gy @ T(b), T(a) @ gy))
    swapaxes = rule(np.swapaxes, name="swapaxes", operands=("x",))(lambda gy, y, x, axis1, axis2: np.swapaxes(gy, axis1, axis2))
    reshape = rule(np.reshape, name="reshape", operands=("x",))(lambda gy, y, x, shape: np.reshape(gy, x.shape))
    with plugins.isolated():
        for op in (exp, matmul, swapaxes, reshape):
            plugins.register(op)
        yield


def elementwise(function, forward=np.tanh, **how):
    return rule(forward, name="op", **how)(function)


def mean(forward, function):
    op = rule(forward, name="op")(function)

    @op.samples
    def samples(sample):
        sample(sample.array(2, 3))
        sample(sample.array(2, 3), axis=1)
        sample(sample.array(2, 3), axis=1, keepdims=True)
    return op


def numpy_mean(x, axis=None, keepdims=False):
    return np.add.reduce(x, axis, keepdims=keepdims) / (x.size if axis is None else x.shape[axis])


def kept(g, axis, keepdims):
    if axis is None:
        return np.reshape(g, (1, 1))
    return g if keepdims else g[:, None] if axis == 1 else g[None]


def right_mean(gy, y, x, axis=None, keepdims=False):
    return kept(gy, axis, keepdims) / (x.size if axis is None else x.shape[axis])


def right_product(gy, y, a, b):
    return gy @ T(b), T(a) @ gy


def product(function):
    op = rule(np.matmul, name="op", method=None)(function)

    @op.samples
    def samples(sample):
        sample(sample.array(2, 3), sample.array(3, 4))
        sample(sample.array(2, 1, 2, 3), sample.array(3, 3, 4))
    return op


# -- what is right

def test_right_rules_pass():
    check_op(elementwise(lambda gy, y, x: gy * (1 - y * y)))
    check_op(mean(numpy_mean, right_mean))
    check_op(product(right_product))


def test_checks_one_by_one():
    checks = checks_of(elementwise(lambda gy, y, x: gy * (1 - y * y)))
    assert set(checks) == set(CHECKS) and "lines" in checks
    for check in checks.values():
        check()


def test_gradients_that_are_put_off_parts_and_saved():
    check_op(elementwise(lambda gy, y, a, b: (lambda: gy * b, gy * a), lambda a, b: a * b))
    pairs = rule(lambda x: x[:2] + x[2:], name="op")(lambda gy, y, x: [At(slice(0, 2), gy), At(slice(2, 4), gy)])
    pairs.samples(lambda sample: sample(sample.array(4)))
    check_op(pairs)

    def forward(x):
        e = np.exp(x)
        return Saved(e * e, e=e)

    def saved_rule(gy, y, x, *, saved):
        if saved is None:
            return 2 * gy * np.exp(x) * np.exp(x)
        return 2 * gy * saved.e * saved.e
    check_op(rule(forward, name="op")(saved_rule))

    def wrong_without(gy, y, x, *, saved):
        if saved is None:
            return 2 * gy * np.exp(x)
        return 2 * gy * saved.e * saved.e
    with pytest.raises(AssertionError, match="on Variables"):
        check_op(rule(forward, name="op")(wrong_without))


def test_several_results():
    both = rule(lambda x: (x * x, 3.0 * x), name="op")(lambda gy, y, x: 2 * gy[0] * x + 3.0 * gy[1])
    check_op(both)
    with pytest.raises(AssertionError, match="analytic"):
        check_op(rule(lambda x: (x * x, 3.0 * x), name="op")(lambda gy, y, x: 2 * gy[0] * x))


def test_lists_and_optional_operands():
    def split(gy, y, xs, axis=0):
        ends = np.cumsum([x.shape[axis] for x in xs])
        return [gy[(slice(None),) * axis + (slice(end - x.shape[axis], end),)] for x, end in zip(xs, ends)]
    joined = rule(np.concatenate, name="op", listed=True)(split)

    @joined.samples
    def samples(sample):
        sample([sample.array(2, 3), sample.array(1, 3)])
        sample([sample.array(2, 3), sample.array(2, 1)], axis=1)
    check_op(joined)

    scaled = rule(lambda x, by=None: x * 1.0 if by is None else x * by, name="op", operands=("x", "by?"))(
        lambda gy, y, x, by=None: (gy, None) if by is None else (gy * by, gy * x))
    scaled.samples(lambda sample: sample(sample.array(3), sample.array(3)))
    with pytest.raises(AssertionError, match="leaves out the operand 'by'"):
        check_op(scaled)
    scaled.samples(lambda sample: sample(sample.array(3)))
    with pytest.raises(AssertionError, match="no sample gives 'by'"):
        check_op(scaled)
    scaled.samples(lambda sample: (sample(sample.array(3)), sample(sample.array(3), sample.array(3))))
    check_op(scaled)


def symmetric(a):
    return a @ a.T + np.eye(len(a))


def test_structured_operands():
    """The rule gives the symmetric gradient of a triangle that forward reads: wrong by each element, right through the structure."""
    def forward(a):
        low = np.tril(a)
        return low + np.tril(low, -1).T

    def halves(gy, y, a):
        return (gy + T(gy)) / 2
    op = rule(forward, name="op", method=None)(halves)
    op.samples(lambda sample: sample(sample.array(3, 3)))
    with pytest.raises(AssertionError, match="gradient"):
        check_op(op)
    op.samples(lambda sample: sample(sample.through(symmetric, sample.array(3, 3))))
    check_op(op)


def test_structure_of_second_order():
    inv = rule(np.linalg.inv, name="op", method=None)(lambda gy, y, a: -(T(y) @ gy @ T(y)))
    inv.samples(lambda sample: sample(sample.through(symmetric, sample.array(2, 2))))
    check_op(inv)
    wrong = rule(np.linalg.inv, name="op", method=None)(lambda gy, y, a: -(T(y) @ gy @ T(y.detach() if hasattr(y, "detach") else y)))
    wrong.samples(lambda sample: sample(sample.through(symmetric, sample.array(2, 2))))
    with pytest.raises(AssertionError, match="second"):
        check_op(wrong)


# -- twelve planted faults

def in_place(gy, y, x):
    gy *= 1 - y * y
    return gy


def absolute(gy, y, x):
    return gy * 1.0


def unreached(gy, y, x):
    if x.ndim == 7:
        return -gy
    return gy * (1 - y * y)


def own_default(gy, y, x, axis=0, keepdims=False):
    return right_mean(gy, y, x, axis, keepdims)


FAULTS = {
    "sign": (lambda: elementwise(lambda gy, y, x: -gy * (1 - y * y)), "analytic"),
    "factor": (lambda: elementwise(lambda gy, y, x: gy * x, lambda x: x * x), "analytic"),
    "order of operands": (lambda: product(lambda gy, y, a, b: (T(a) @ gy, gy @ T(b))), "wrong shape|mismatch|analytic"),
    "axis": (lambda: mean(numpy_mean, lambda gy, y, x, axis=None, keepdims=False:
                          kept(gy, axis, keepdims) / (x.size if axis is None else x.shape[1 - axis])), "analytic"),
    "keepdims": (lambda: mean(numpy_mean, lambda gy, y, x, axis=None, keepdims=False: right_mean(gy, y, x, axis, False)), "wrong shape|analytic|out of bounds"),
    "float32 is widened": (lambda: elementwise(lambda gy, y, x: gy * (1 - y * y) * np.ones(x.shape)), "float32 is lost"),
    "writes into gy": (lambda: elementwise(in_place), "aliasing: the rule writes into the gradient"),
    "second order": (lambda: elementwise(lambda gy, y, x: gy * (1 - (y if isinstance(y, np.ndarray) else y.detach()) ** 2)), "second"),
    "branch": (lambda: elementwise(absolute, np.abs), "analytic"),
    "a line that no sample reaches": (lambda: elementwise(unreached), "no sample reaches line"),
    "default": (lambda: mean(numpy_mean, own_default), "."),
    "sum over what was broadcast": (lambda: rule(lambda a, b: a * b, name="op")(lambda gy, y, a, b: 
                                    (gy * b, gy * a if gy.ndim < 2 else gy * a * 2)), "analytic|broadcasting"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_found(name):
    make, words = FAULTS[name]
    with pytest.raises(AssertionError, match=words):
        check_op(make())


def test_all_lines_are_traced_also_of_functions_within(monkeypatch):
    def later(gy, y, x):
        def first():
            return gy * (1 - y * y)

        def second():
            return gy
        return first if x.ndim < 9 else second
    with pytest.raises(AssertionError, match="reaches line .*return gy"):
        check_op(elementwise(later))
    assert sys.gettrace() is None or sys.gettrace.__module__


def test_a_composite_and_what_is_no_op_are_refused_in_words():
    with pytest.raises(TypeError, match="check_op takes what rule made"):
        check_op(np.tanh)


def test_order_one_is_believed_where_the_rule_is_of_first_order():
    def first_order(gy, y, x):
        return gy * (1 - y * y) if isinstance(y, np.ndarray) else gy * (1 - y.data * y.data)
    with pytest.raises(AssertionError, match="refused|FirstOrderOnly|create_graph"):
        check_op(elementwise(first_order))
    op = elementwise(lambda gy, y, x: gy * (1 - y * y), order=1)
    check_op(op)


def test_a_rule_that_cannot_be_registered():
    with pytest.raises(AssertionError, match="cannot be registered"):
        check_op(rule(np.tanh, name="data")(lambda gy, y, x: gy * (1 - y * y)))
    assert issubclass(errors.PluginError, RuntimeError)
