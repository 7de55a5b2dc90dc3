"""Floating-point flags: as `np.errstate` asks for them, forward by op, backward once a pass, and none that is not earned."""

import warnings

import numpy as np
import pytest
from strategies import SEVEN

from dezero import Function, Variable, square
from dezero._kernels import IN_USE
from dezero.functions import getitem

ZERO, ONE, HUGE, TINY = 0.0, 1.0, 1e300, 1e-300

FORWARD = [
    ("divide by zero", "divide", lambda v: v(ONE) / v(ZERO)),
    ("invalid value", "invalid", lambda v: v(ZERO) / v(ZERO)),
    ("overflow", "over", lambda v: v(HUGE) * v(HUGE)),
    ("underflow", "under", lambda v: v(TINY) * v(TINY)),
    ("overflow", "over", lambda v: v(HUGE) / v(TINY)),
    ("overflow", "over", lambda v: square(v(HUGE))),
    ("underflow", "under", lambda v: square(v(TINY))),
    ("overflow", "over", lambda v: v(1.5e308) + v(1.5e308)),
    ("invalid value", "invalid", lambda v: v(np.inf) - v(np.inf)),
    ("invalid value", "invalid", lambda v: v(ZERO) * v(np.inf)),
    ("overflow", "over", lambda v: v(HUGE) ** 2.5),
    ("divide by zero", "divide", lambda v: v(ZERO) ** -1),
    ("divide by zero", "divide", lambda v: v(ZERO) ** -2.5),
    ("invalid value", "invalid", lambda v: v(-ONE) ** 0.5),
    ("divide by zero", "divide", lambda v: ONE / v(ZERO)),
    ("overflow", "over", lambda v: v(HUGE) * HUGE),
]


def scalar(value):
    return Variable(np.array(value))


def vector(value):
    return Variable(np.array([1.0, value, 1.0]) if np.isfinite(value) and value else np.full(3, value))


MAKERS = pytest.mark.parametrize("make", [scalar, vector])


class TestForward:
    @MAKERS
    @pytest.mark.parametrize("text,kind,f", FORWARD)
    def test_warns(self, make, text, kind, f):
        with np.errstate(all="ignore", **{kind: "warn"}), pytest.warns(RuntimeWarning, match=text) as seen:
            f(make)
        assert len(seen) == 1

    @MAKERS
    @pytest.mark.parametrize("text,kind,f", FORWARD)
    def test_N40_raises(self, make, text, kind, f):
        with np.errstate(all="ignore", **{kind: "raise"}), pytest.raises(FloatingPointError, match=text):
            f(make)

    @MAKERS
    @pytest.mark.parametrize("text,kind,f", FORWARD)
    def test_is_silent_when_asked(self, make, text, kind, f):
        with np.errstate(all="raise", **{kind: "ignore"}):
            try:
                f(make)
            except FloatingPointError as e:
                assert text not in str(e)

    @MAKERS
    def test_calls(self, make):
        seen = []
        with np.errstate(all="call", call=lambda kind, flag: seen.append(kind)):
            make(ONE) / make(ZERO)
        assert seen == ["divide by zero"]

    @MAKERS
    def test_logs(self, make):
        class Log:
            lines = []

            def write(self, line):
                self.lines.append(line)

        with np.errstate(all="log", call=Log()):
            make(ONE) / make(ZERO)
        assert len(Log.lines) == 1 and "divide by zero" in Log.lines[0]

    def test_the_default_is_numpys(self):
        """divide, over and invalid warn; underflow does not."""
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            scalar(ONE) / scalar(ZERO)
        assert (scalar(TINY) * scalar(TINY)).data == 0

    def test_each_op_reports_for_itself(self):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            x = scalar(ONE) / scalar(ZERO)
            x - x
        assert [str(w.message).split(" encountered")[0] for w in seen] == ["divide by zero", "invalid value"]

    @pytest.mark.skipif(IN_USE != "compiled", reason="NumPy itself warns, at the line of the op's module")
    def test_the_warning_points_at_the_caller(self):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            scalar(ONE) / scalar(ZERO)
        assert seen[0].filename == __file__

    def test_a_failed_op_leaves_no_trace(self):
        x, y = scalar(ONE), scalar(ZERO)
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            x / y
        assert (x.generation, x.grad) == (0, None)
        z = x * y + x
        z.backward()
        assert [x.grad, y.grad] == [1, 1]

    @pytest.mark.parametrize("op", SEVEN, ids=repr)
    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_no_flag_that_is_not_earned(self, op, dtype):
        """Lanes beyond the tail of a vector hold anything; their flags are nobody's."""
        rng = np.random.default_rng(0)
        with np.errstate(all="raise"):
            for n in [*range(40), 127, 128, 129, 1000, 100_003]:
                for step in (1, 2, -1):
                    vs = [Variable(x[::step]) for x in op.operands(rng, *[(n,)] * op.count, dtype=dtype)]
                    y = op(*vs)
                    y.backward()

    def test_quiet_values_stay_quiet(self):
        with np.errstate(all="raise"):
            for f in (lambda x: x + x, lambda x: x * x, lambda x: -x, lambda x: x / 2.0, lambda x: square(x), lambda x: x - 1.0,
                      lambda x: x[0], lambda x: x.sum(), lambda x: x**2):
                f(Variable(np.full(5, np.nan))).backward()
            assert not (Variable(np.array(np.nan)) == 1.0)

    def test_flags_of_earlier_work_are_not_reported(self):
        with np.errstate(all="ignore"):
            scalar(ONE) / scalar(ZERO)
            np.array([0.0]) / np.array([0.0])
            (scalar(ZERO) ** 0.5).backward()
        with np.errstate(all="raise"):
            y = scalar(ONE) + scalar(ONE)
            y.backward()
            z = vector(ONE) * vector(ONE)
            z.backward()

    def test_numpy_reports_no_flag_of_ours(self):
        with np.errstate(all="ignore"):
            y = scalar(ZERO) ** -1
            y.backward()
        with np.errstate(all="raise"):
            assert (np.array([1.0]) + np.array([1.0])).tolist() == [2]

    def test_float32(self):
        x = Variable(np.array([1e30], "f4"))
        with pytest.warns(RuntimeWarning, match="overflow"):
            x * x
        with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="overflow"):
            square(Variable(np.array(1e30, "f4")))

    def test_integers_raise_none(self):
        with np.errstate(all="raise"):
            y = Variable(np.array([2**62])) * 4
            assert y.data == 0


def steep(make, n):
    """`n` terms each of which divides by zero in backward alone."""
    x = make(ZERO)
    total = x * 0.0
    for _ in range(n):
        total = total + x**0.5
    return x, total


class TestBackward:
    @MAKERS
    @pytest.mark.parametrize("n", [1, 5])
    def test_warns_once_a_pass(self, make, n):
        x, y = steep(make, n)
        with pytest.warns(RuntimeWarning, match="divide by zero") as seen:
            y.backward()
        assert len(seen) == 1
        assert np.isinf(x.grad).all()

    @MAKERS
    def test_again_in_the_next_pass(self, make):
        x, y = steep(make, 2)
        for _ in range(2):
            with pytest.warns(RuntimeWarning, match="divide by zero"):
                y.backward()

    @MAKERS
    @pytest.mark.parametrize("retain", [False, True])
    def test_N40_raises_and_leaves_all_as_it_was(self, make, retain):
        x, y = steep(make, 3)
        other = make(ONE)
        z = y * other
        mine = np.ones(x.shape)
        x.grad = mine
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            z.backward(retain_grad=retain)
        assert x.grad is mine and (mine == 1).all() and other.grad is None and z.grad is None and y.grad is None
        with np.errstate(all="ignore"):
            z.backward()
        assert np.isinf(x.grad).all() and other.grad is not None

    @MAKERS
    def test_is_silent_when_asked(self, make):
        x, y = steep(make, 3)
        with np.errstate(divide="ignore"):
            y.backward()
        assert np.isinf(x.grad).all()

    @MAKERS
    def test_calls(self, make):
        seen = []
        x, y = steep(make, 3)
        with np.errstate(all="call", call=lambda kind, flag: seen.append(kind)):
            y.backward()
        assert seen == ["divide by zero"]

    @MAKERS
    def test_an_overflow_of_the_gradient(self, make):
        x = make(1e-10)
        y = x * 1e200 * 1e-300
        gradient = np.full(x.shape, 1e300)
        with pytest.warns(RuntimeWarning, match="overflow"):
            y2 = x * 1e200
            y2.backward(gradient=gradient)
        assert np.isinf(x.grad).all()
        with np.errstate(over="raise"):
            x.cleargrad()
            y.backward()

    def test_an_overflow_where_gradients_meet(self):
        for make in (scalar, vector):
            x = make(1e-10) if make is scalar else Variable(np.full(3, 1e-10))
            y = x * 1e308 + x * 1e308
            with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
                y.backward()
            assert x.grad is None

    @pytest.mark.parametrize("n", [4, 100, 5000])
    def test_an_overflow_where_gradients_of_parts_meet(self, n):
        for part in (slice(1, 3), [0, 1]):
            x = Variable(np.full(n, 1e-300))
            y = (x[part] * 1e308).sum() + (x[part] * 1e308).sum()
            with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
                y.backward()
            assert x.grad is None
            z = (x * 1e200 * 1e200).sum() * 1e-300 + x[part].sum()      # by loops, before NumPy adds the part
            with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
                (z * 1e300).backward()

    def test_an_overflow_of_a_reduction(self):
        x = scalar(1e-10)
        y = x * np.full(4, 1e308)
        with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            y.backward()
        assert x.grad is None

    def test_a_cast_that_overflows(self):
        x = Variable(np.array([1.0], "f4"))
        y = x * np.array([1e200])
        with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            y.backward()
        assert x.grad is None

    def test_a_callback_that_raises(self):
        def stop(kind, flag):
            raise KeyError(kind)

        x, y = steep(scalar, 2)
        with np.errstate(all="call", call=stop), pytest.raises(KeyError):
            y.backward()
        assert x.grad is None

    def test_strangers_rules_meet_the_callers_errstate(self):
        class Loud(Function):
            def forward(self, x):
                return x * 1.0

            def backward(self, gy):
                return gy / np.zeros_like(gy)

        for data in (np.array(1.0), np.array([1.0, 2.0])):
            x = Variable(data)
            y = Loud()(x)
            with np.errstate(all="raise"), pytest.raises(FloatingPointError):
                y.backward()
            assert x.grad is None
            with np.errstate(all="ignore"):
                y.backward()
            assert np.isinf(x.grad).all()

    def test_errstate_inside_a_rule_is_the_rules_own(self):
        class Careful(Function):
            def forward(self, x):
                return x * 1.0

            def backward(self, gy):
                with np.errstate(all="ignore"):
                    return np.where(True, gy, gy / np.zeros_like(gy))

        x = Variable(np.array([1.0]))
        with np.errstate(all="raise"):
            (Careful()(x) * 2.0).backward()
        assert x.grad == 2


def test_strangers_forward_meets_the_callers_errstate():
    class Loud(Function):
        def forward(self, x):
            return x / np.zeros_like(x)

    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        Loud()(Variable(np.array([1.0])))
    with pytest.warns(RuntimeWarning):
        Loud()(Variable(np.array([1.0])))


def test_moving_values_raises_no_flag():
    with np.errstate(all="raise"):
        x = Variable(np.array([np.nan, np.inf, 1.0]))
        getitem(x, [0, 1, 2]).backward()
        np.broadcast_to(x, (2, 3)).backward()
        (-x).backward()


def test_a_sum_of_gradients_that_fails_leaves_all_of_them():
    x, y = Variable(np.array(1.0)), Variable(np.array(1.0))
    x.grad, y.grad = np.array(1.0), np.array(1e308)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        (x * 2.0 + y * 1.7e308).backward()
    assert (x.grad, y.grad) == (1.0, 1e308)


@pytest.mark.parametrize("dtype", "df")
def test_flags_that_others_have_left_are_not_reported(dtype):
    huge = np.array(np.finfo(dtype).max, dtype)
    with np.errstate(all="ignore"):
        huge * huge, np.array(1.0, dtype) / np.array(0.0, dtype)
        x = Variable(huge)
        x * x                               # flags of a loop, which nobody wants to hear of
    with np.errstate(all="raise"):
        assert (Variable(np.array(2.0, dtype)) * 3.0 + 1.0).data == 7
        with pytest.raises(FloatingPointError, match="overflow"):
            x * 2.0


@pytest.mark.parametrize("number", [2 ** 53 + 1, 2 ** 63 - 1, 2 ** 63, -2 ** 63 - 1, 10 ** 30])
@pytest.mark.parametrize("shape", [(), (3,), (3000,)])
def test_huge_integers_are_what_numpy_takes_them_for(number, shape):
    a = np.full(shape, 1.5)
    for f in (lambda v: v * number, lambda v: number - v, lambda v: v / number):
        np.testing.assert_array_equal(f(Variable(a)).data, f(a))
