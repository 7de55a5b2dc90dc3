"""The kit on ops whose rule is a function: right ones pass, planted faults are found."""
import functools
import sys
import textwrap
from importlib.metadata import entry_points

import numpy as np
import pytest
from sites import Site

from dezero import At, Saved, Variable, errors, plugins, rule
from dezero.testing import CHECKS, check_grads, check_op, checks_of
from dezero.testing.numeric import differences, is_root


def T(a):
    return np.swapaxes(a, -1, -2)


@pytest.fixture(autouse=True)
def others():
    """The ops that rules call on Variables under create_graph."""
    exp = rule(np.exp, name="exp")(lambda gy, y, x: gy * y)
    matmul = rule(lambda a, b: a @ b, name="matmul", operators=("__matmul__",))(lambda gy, y, a, b: (gy @ T(b), T(a) @ gy))
    with plugins.isolated():
        for op in (exp, matmul):
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


def test_right_rules_at_ties_pass():
    check_op(elementwise(lambda gy, y, a, b: (gy * (a >= b), gy * (b > a)), np.maximum))
    def share(gy, x, other):
        return gy * ((x > other) + (x == other) / 2).astype(gy.dtype)
    check_op(elementwise(lambda gy, y, a, b: (share(gy, a, b), share(gy, b, a)), np.maximum))
    check_op(rule(np.max, name="op")(lambda gy, y, x: gy * ((x == y) / np.count_nonzero(x == y)).astype(gy.dtype)))


def test_a_result_may_be_as_wide_as_numpys():
    """`numpy.interp` gives float64 of float32."""
    op = rule(np.interp, name="op", method=None)(lambda gy, y, x, *, xp, fp: gy * ((fp[1] - fp[0]) / (xp[1] - xp[0])))
    op.samples(lambda sample: sample(sample.array(3), xp=np.array([-5.0, 5.0]), fp=np.array([1.0, 2.0])))
    check_op(op)


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


# -- twelve planted faults, some of them twice

def in_place(gy, y, x):
    gy *= 1 - y * y
    return gy


def forward_in_place(x):
    return np.tanh(x, out=x) if x.flags.writeable else np.tanh(x)


MEMORY = {}


def workspace(x):
    """tanh x in memory that it takes again for arrays of this shape"""
    return np.tanh(x, out=MEMORY.setdefault((x.shape, x.dtype), np.empty_like(x)))


def rule_workspace(gy, y, x):
    if not isinstance(gy, np.ndarray):
        return gy * (1 - y * y)
    return np.multiply(gy, 1 - y * y, out=MEMORY.setdefault((gy.shape, gy.dtype, "gradient"), np.empty(gy.shape, gy.dtype)))


def right_tanh(gy, y, x):
    return gy * (1 - y * y)


def absolute(gy, y, x):
    return gy * 1.0


def absolute_of_positive_numbers():
    op = elementwise(absolute, np.abs)
    op.samples(lambda sample: sample(sample.array(3, low=1, high=2)))
    return op


def unreached(gy, y, x):
    if x.ndim == 7:
        return -gy
    return gy * (1 - y * y)


def own_default(gy, y, x, axis=0, keepdims=False):
    return right_mean(gy, y, x, axis, keepdims)


def times(gradient_of_b):
    return rule(lambda a, b: a * b, name="op", method=None)(gradient_of_b)


def rows_times(function):
    op = rule(lambda a, b: a * b, name="op", method=None)(function)
    op.samples(lambda sample: sample(sample.array(3, 3), sample.array(3)))
    return op


def no_second(gy, y, x):
    return gy * (1 - (y if isinstance(y, np.ndarray) else y.detach()) ** 2)


def reads_data(gy, y, x):
    return gy * (1 - y * y) if isinstance(y, np.ndarray) else gy * (1 - y.data * y.data)


def without_keepdims(gy, y, x, axis=None, keepdims=False):
    return right_mean(gy, y, x, axis, False)


def other_axis(gy, y, x, axis=None, keepdims=False):
    return kept(gy, axis, keepdims) / (x.size if axis is None else x.shape[1 - axis])


FAULTS = {
    "sign": (lambda: elementwise(lambda gy, y, x: -gy * (1 - y * y)), "gradient on arrays: argument 0, .*: analytic .*, numeric "),
    "factor": (lambda: elementwise(lambda gy, y, x: gy * x, lambda x: x * x), "gradient on arrays: argument 0, .*: analytic "),
    "a factor near 1": (lambda: elementwise(lambda gy, y, x: gy * (1 - y * y) * (1 + 1e-7)), "gradient on arrays: argument 0, "),
    "order of operands": (lambda: product(lambda gy, y, a, b: (T(a) @ gy, gy @ T(b))), "wrong shape for input 0: got"),
    "order of factors": (lambda: times(lambda gy, y, a, b: (gy * a, gy * b)), "gradient on arrays: argument 0, .*: analytic "),
    "axis": (lambda: mean(numpy_mean, other_axis), r"gradient on arrays: .*analytic .*\(in op\(float64\[2, 3\], axis=1"),
    "keepdims": (lambda: mean(numpy_mean, without_keepdims), "axis=1, keepdims=True"),
    "float32 is widened": (lambda: elementwise(lambda gy, y, x: gy * (1 - y * y) * np.ones(x.shape)),
                           r"float32 is lost: the rule gives float64 for argument 0; .*np.ones\(shape, gy.dtype\)"),
    "float32 is widened by forward": (lambda: rule(lambda x: np.tanh(x).astype(float), np.tanh, name="op", method=None)(
        lambda gy, y, x: gy * (1 - y * y)), "float32 is lost: result 0 .* is float64, wanted float32, which numpy.tanh gives"),
    "float32 is widened by a forward that claims nothing": (lambda: elementwise(lambda gy, y, x: gy, lambda x: x.astype(float)),
                                                            "float32 is lost: result 0 .* is float64, wanted single precision"),
    "float32 is widened by a mask": (lambda: elementwise(lambda gy, y, x: gy * ((x > 0) * 1.0), lambda x: np.maximum(x, 0)),
                                     "float32 is lost: .*a bool mask times gy stays float32"),
    "writes into gy": (lambda: elementwise(in_place), "aliasing: the rule writes into the gradient of result 0"),
    "the result is an operand": (lambda: elementwise(right_tanh, forward_in_place), "aliasing: forward writes into argument 0"),
    "the result is that of the next call": (lambda: elementwise(right_tanh, workspace),
                                            "aliasing: result 0, .* overwritten by the op's next"),
    "a gradient is that of the next call": (lambda: elementwise(rule_workspace),
                                            "aliasing: a gradient that the rule gave is overwritten"),
    "sum over what was broadcast": (lambda: times(lambda gy, y, a, b: (gy * b, (gy * a).sum(-1) if b.ndim < gy.ndim else gy * a)),
                                    "broadcasting .*argument 1, |wrong shape"),
    "sum over the other axis": (lambda: rows_times(lambda gy, y, a, b: (gy * b, np.add.reduce(gy * a, 1))),
                                "gradient on arrays: argument 1, "),
    "negative numbers": (lambda: elementwise(absolute, np.abs), "gradient on arrays: argument 0, .*: analytic "),
    "negative numbers, of positive samples": (absolute_of_positive_numbers,
                                              "gradient on arrays at the negative of argument 0: argument 0, "),
    "ties of two operands": (lambda: elementwise(lambda gy, y, a, b: (gy * (a >= b), gy * (b >= a)), np.maximum),
                             "at a tie: argument 0, .* and argument 1, .* are equal: the sum of both: analytic .*, numeric "),
    "ties in an operand": (lambda: rule(np.max, name="op")(lambda gy, y, x: gy * (x == y)),
                           "at a tie: argument 0, .* and argument 0, .*equal"),
    "second order, detached": (lambda: elementwise(no_second), "second derivative .*: analytic "),
    "second order, data": (lambda: elementwise(reads_data), "second: on Variables|declare order = 1|order=1"),
    "default": (lambda: mean(functools.partial(numpy_mean), own_default),       # `rule` sees it in a plain function
                "parameters: 'axis' is 0 by default in its rule and None in forward"),
    "a line that no sample reaches": (lambda: elementwise(unreached), "no sample reaches line .* of its rule, `return -gy`"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_found(name):
    make, words = FAULTS[name]
    with pytest.raises(AssertionError, match=words):
        check_op(make())


# -- all of a rule is reached

def later(gy, y, x):
    def first():
        return gy * (1 - y * y)

    def second():
        return gy
    return (first, second)[0]


def conditional(gy, y, x):
    return gy * (1 - y * y) if x.ndim < 9 else -gy


def put_off(gy, y, a, b):
    return (lambda: gy * b if b.ndim < 9 else -gy), lambda: gy * a


def never_needed(gy, y, x):
    return gy * (1 - y * y) * (x.ndim < 9 or 2 * x.size)


def always(gy, y, x):
    g = gy
    if x.ndim < 9:
        g = gy * (1 - y * y)
    return g


@pytest.mark.parametrize("function, forward, words", [
    (later, np.tanh, "reaches line .* of its rule, `return gy`: add one that does, or take it away"),
    (conditional, np.tanh, "reaches line .*, `return gy .*`, `-gy`: add"),
    (put_off, lambda a, b: a * b, "reaches line .*, `return .*`, `-gy`: add"),
    (never_needed, np.tanh, r"reaches line .*, `return .*`, `2 \* x.size`: add"),
    (always, np.tanh, "goes from line .* of its rule, `if x.ndim < 9:` to line .*, `return g`: add"),
])
def test_what_no_sample_reaches_is_named(function, forward, words):
    before = sys.gettrace()
    with pytest.raises(AssertionError, match="lines: no sample " + words):
        check_op(elementwise(function, forward))
    assert sys.gettrace() is before


def test_a_line_is_named_where_its_text_is_not_known():
    space = {}
    text = "def unseen(gy, y, x):\n    if x.ndim > 8:\n        return -gy\n    return gy * (1 - y * y)"
    exec(compile(text, "<unseen>", "exec"), space)
    with pytest.raises(AssertionError, match="lines: no sample reaches line 3 of its rule: add"):
        check_op(elementwise(space["unseen"]))


def test_what_raises_need_not_be_reached():
    op = rule(lambda x, n=1: x * n, name="op")(refuses)
    op.samples(lambda sample: sample(sample.array(3), n=2))
    check_op(op)


def refuses(gy, y, x, n=1):
    assert n, f"n is {n}"
    if n < 0:
        raise ValueError(f"op: n is {n}")
    with np.errstate(all="ignore"):
        try:
            return gy * n
        finally:
            del n


def test_samples_together_reach_all():
    def sides(gy, y, x, left=True):
        scale = 1.0
        if left:
            scale = 2.0
        return gy * scale if left else gy * scale * 1.0
    op = rule(lambda x, left=True: x * (2.0 if left else 1.0), name="op")(sides)
    op.samples(lambda sample: (sample(sample.array(3)), sample(sample.array(3), left=False)))
    check_op(op)


def test_the_rule_of_one_call_is_traced():
    """Python 3.13 does not tell of a function's first one."""
    op = rule(lambda x: x * x, name="op", order=1)(lambda gy, y, x: 2 * gy * x)
    op.samples(lambda sample: sample(sample.array(3)))
    check_op(op)


# -- parameters and claims

@pytest.mark.parametrize("function, words", [
    (lambda gy, y, x, *, by: gy * by, None),
    (lambda gy, y, x, *, by: gy * by * by, "gradient on arrays: argument 0, .*: analytic "),
    (lambda gy, y, x, *, by: gy * by.astype(float), "float32 is lost: the rule gives float64"),
])
def test_a_floating_array_among_the_parameters(function, words):
    op = rule(lambda x, *, by: x * by, name="op")(function)
    op.samples(lambda sample: sample(sample.array(3), by=sample.array(3)))
    if words is None:
        check_op(op)
        return
    with pytest.raises(AssertionError, match=words):
        check_op(op)


class Compiled:
    """A forward that does not tell what it takes."""

    @property
    def __signature__(self):
        raise ValueError("no signature found")

    def __call__(self, x, n=2.0):
        return x * n


@pytest.mark.parametrize("forward", [Compiled(), lambda x, **kwargs: x * kwargs.get("n", 2.0)], ids=["compiled", "kwargs"])
def test_the_default_of_a_forward_that_does_not_show_it(forward):
    for function, right in ((lambda gy, y, x, n=2.0: gy * n, True), (lambda gy, y, x, n=3.0: gy * n, False)):
        op = rule(forward, name="op")(function)
        op.samples(lambda sample: (sample(sample.array(3), n=4.0), sample(sample.array(3), n=5.0)))
        if right:
            check_op(op)
            continue
        with pytest.raises(AssertionError, match="'n' is 3.0 by default in its rule, and not in forward: result 0, .*with that"):
            check_op(op)


def test_claims_of_ufunc_methods_and_by_name_are_compared():
    def total(also):
        op = rule(lambda x, axis=None: np.add.reduce(x, axis), also, name="op", method=None)(spread)
        op.samples(lambda sample: (sample(sample.array(2, 3), axis=0), sample(sample.array(2, 3), axis=1)))
        return op

    def spread(gy, y, x, axis=None):
        return gy[None] if axis == 0 else gy[:, None]
    with pytest.raises(AssertionError, match="value: result 0, .*: numpy.minimum.reduce .*, the op "):
        check_op(total((np.minimum, "reduce")))
    with pytest.raises(AssertionError, match="value: result 0, .*: numpy.cos .*, the op "):
        check_op(rule(np.tanh, "numpy.cos", name="op")(right_tanh))
    check_op(rule(np.tanh, "nowhere.tanh", name="op")(right_tanh))


def test_how_to_say_it_of_a_rule():
    scaled = rule(lambda x, n=2.0: x * n)(scale)
    with pytest.raises(AssertionError, match=r"add one, for example\n    @scale.samples\n.*\n        sample\(..., n=...\)"):
        check_op(scaled)
    with pytest.raises(AssertionError, match=r"say it, for example\n    @op.samples\n"):
        check_op(rule(lambda x, n: x * n, name="op", operands=("x",))(lambda gy, y, x, n: gy * n))


def scale(gy, y, x, n=2.0):
    return gy * n


# -- what may be checked

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


def test_the_negative_of_what_an_op_is_not_for():
    """No numbers, an error, or no smooth values there: nothing is said."""
    check_op(elementwise(lambda gy, y, x: gy / x, np.log))

    def positive(x):
        if (x < 0).any():
            raise ValueError("x is negative")
        return x * x
    op = rule(positive, name="op")(lambda gy, y, x: 2 * gy * x)
    op.samples(lambda sample: sample(sample.array(3, low=1, high=2)))
    check_op(op)


def inverse():
    return rule(np.linalg.inv, name="inv", method=None)(lambda gy, y, a: -(T(y) @ gy @ T(y)))


def lower():
    return rule(np.tril, name="tril")(lambda gy, y, x, k=0: np.tril(gy, k))


def by_cholesky(a, factor=1.0):
    def cholesky(gy, y, a):
        p = np.tril(T(y) @ gy)
        p = p - p * np.eye(len(p), dtype=a.dtype) / 2
        s = T(inv(y)) @ p @ inv(y)
        return (s + T(s)) / 2 * factor
    inv = a
    return rule(np.linalg.cholesky, name="op", method=None)(cholesky)


def test_cholesky_and_eigh_of_structured_operands():
    inv, tril = inverse(), lower()
    plugins.register(inv)
    plugins.register(tril)
    for factor in (1.0, 1.001):
        op = by_cholesky(inv, factor)
        op.samples(lambda sample: sample(sample.through(symmetric, sample.array(3, 3))))
        if factor == 1:
            check_op(op)
            continue
        with pytest.raises(AssertionError, match="gradient on arrays: argument 0, .*: analytic "):
            check_op(op)

    def eigh(gy, y, a):
        (gw, gv), (w, v) = gy, y
        eye = np.eye(a.shape[-1], dtype=a.dtype)
        f = (1 - eye) / (w[None, :] - w[:, None] + eye)
        return v @ (f * (T(v) @ gv) + gw[None, :] * eye) @ T(v)
    op = rule(np.linalg.eigh, name="op", method=None, result=type(np.linalg.eigh(np.eye(2))))(eigh)
    op.samples(lambda sample: sample(sample.through(lambda a: a + a.T, sample.array(3, 3))))
    check_op(op)


PACKAGE = '''
import numpy as np
from dezero import hookimpl, rule


@rule(np.tanh)
def tanh(gy, y, x):
    return gy * (1 - y * y)


@rule(lambda x, n=1: x * n)
def wrong(gy, y, x, n=1):
    return gy * n if n < 5 else gy


@wrong.samples
def samples(sample):
    sample(sample.array(3), n=2)


@hookimpl
def dezero_register_ops(register):
    register(tanh)
    register(wrong)
'''


def test_dezero_check_and_the_pytest_plugin_on_rules(tmp_path):
    site = Site(tmp_path / "site").add("ruled", {"r": "ruled"}, {"ruled.py": PACKAGE})
    done = site.dezero("check", "ruled")
    first, second, last = done.stdout.splitlines()
    assert (done.returncode, first, last) == (1, "ok      tanh", "1 of 2 ops passed"), done.stdout + done.stderr
    assert second.startswith("FAILED  wrong: wrong (op 'wrong' ")
    assert "no sample reaches line 13 of its rule, " in second and "`gy`" in second
    assert site.run("""
        from dezero.testing import checks_of, ops_of
        print([op.name for op in ops_of("ruled")], len(checks_of(ops_of("ruled")[0])))
        """).stdout == f"['tanh', 'wrong'] {len(CHECKS)}\n"
    (tmp_path / "test_ruled.py").write_text(textwrap.dedent("""
        import pytest

        @pytest.mark.dezero_ops("ruled")
        def test_contract(dezero_check):
            dezero_check()
        """))
    loaded = "" if "dezero_pytest" in {entry.value for entry in entry_points(group="pytest11")} else "'-p', 'dezero_pytest', "
    done = site.run(f"""
        import pytest
        pytest.main([{loaded}"-p", "no:cacheprovider", "--rootdir", {str(tmp_path)!r}, "-q", {str(tmp_path / "test_ruled.py")!r}])
        """)
    assert f"1 failed, {2 * len(CHECKS) - 1} passed" in done.stdout and "[wrong-lines]" in done.stdout, done.stdout + done.stderr


def test_jumps_in_proportion_to_the_steps_are_no_slope():
    """Two jumps within the longest step, one within half of it, and none beside 0."""
    value, error = differences(lambda t: 3 + np.sign(t) * ((abs(t) > 0.015) + (abs(t) > 0.009)) * 1.0)
    assert value == 100 and error == np.inf
    assert differences(np.sin)[1] < 1e-12


def test_the_slope_of_a_root_grows():
    assert is_root(lambda t: np.sqrt(abs(t))) and is_root(np.cbrt) and is_root(lambda t: t > 0)
    assert not is_root(abs) and not is_root(lambda t: 100 * np.sin(t)) and not is_root(lambda t: t * t + 1e5)


# ---- complex samples

def complex_array(sample):
    sample(sample.array(2, 3, dtype=complex))


def beside_real(sample):
    sample(sample.array(2, 3, dtype=complex), sample.array(2, 3))


RIGHT = {
    "square": (rule(lambda x: x * x, name="op")(lambda gy, y, x: 2 * gy * x), complex_array),
    "power": (rule(lambda x: (x * np.conj(x)).real, name="op")(lambda gy, y, x: 2 * gy * np.conj(x)), complex_array),
    "a real operand": (rule(lambda x, a: x * a, name="op")(lambda gy, y, x, a: (gy * a, gy * x)), beside_real),
    "a part": (rule(lambda x: x[0], name="op")(lambda gy, y, x: At(0, gy)), complex_array),
    "several results": (rule(lambda x: (x.real.copy(), x * 1j), name="op")(lambda gy, y, x: gy[0] + 1j * gy[1]), complex_array),
    "hermitian": (rule(lambda x: x * x, name="op")(lambda gy, y, x: 2 * gy * x),
                  lambda sample: sample(sample.through(lambda a: a + a.conj().T, sample.array(2, 2, dtype=complex)))),
    "complex of a real one": (rule(lambda x: x * x, name="op")(lambda gy, y, x: 2 * gy * x),
                              lambda sample: sample(sample.through(lambda a: a + 1j * a * a, sample.array(2, 2)))),
}


@pytest.mark.parametrize("op, samples", RIGHT.values(), ids=RIGHT)
def test_right_rules_of_complex_numbers_pass(op, samples):
    check_op(op, samples)


WRONG = {
    "torch's convention": (lambda x: x * x, lambda gy, y, x: 2 * gy * np.conj(x), "part: analytic"),
    "conj left out": (lambda x: x.conj() * 1.0, lambda gy, y, x: gy, "imaginary part: analytic"),
    "the other sign of imag": (lambda x: x.imag.copy(), lambda gy, y, x: 1j * gy, "imaginary part: analytic"),
    "power without conj": (lambda x: (x * np.conj(x)).real, lambda gy, y, x: 2 * gy * x, "imaginary part: analytic"),
    "the imaginary part lost": (lambda x: x * 2j, lambda gy, y, x: (gy * 2j).real, "analytic"),
    "precision lost": (lambda x: x * x, lambda gy, y, x: 2 * gy * (x * np.ones(x.shape, "c16")), "lost"),
}


@pytest.mark.parametrize("forward, backward, words", WRONG.values(), ids=WRONG)
def test_wrong_rules_of_complex_numbers_are_told(forward, backward, words):
    with pytest.raises(AssertionError, match=words):
        check_op(rule(forward, name="op")(backward), complex_array)


def test_a_wrong_second_derivative_of_complex_numbers_is_told():
    def backward(gy, y, x):
        return 3 * gy * x * (x.detach() if isinstance(x, Variable) else x)
    with pytest.raises(AssertionError, match="second derivative.*part: analytic"):
        check_op(rule(lambda x: x * x * x, name="op")(backward), complex_array)


@pytest.mark.parametrize("forward, backward, words", [w for w in WRONG.values() if w[2] != "lost"])
def test_check_grads_tells_them_too(forward, backward, words):
    op = rule(forward, name="op")(backward)
    with pytest.raises(AssertionError, match="order 1: argument 0, .*part: analytic"):
        check_grads(lambda z: op(z * 1.0), (np.array([1 + 2j, 0.5 - 1j]),), order=1)


def test_check_grads_of_complex_and_real_arguments():
    z, x = np.array([1 + 2j, 0.5 - 1j]), np.array([0.3, 2.0])
    f = lambda z, x: (z * x / (z + 1), (z.conj() * x).imag, z ** x)
    check_grads(f, (z, x), order=3)
    check_grads(f, (z.astype("c8"), x.astype("f4")))
    check_grads(lambda z: z * z * z.conj(), (1 + 2j,), order=3)
