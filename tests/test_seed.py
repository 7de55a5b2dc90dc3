"""Every printed result of the seed's steps 11 to 24, in the form that its last step gives it."""

import weakref

import numpy as np
import pytest

import dezero
from dezero import Config, Function, Variable, add, mul, no_grad, square, using_config


def scalar(value):
    return Variable(np.array(value))


class TestStep11And12VariableLength:
    def test_add_of_two_variables(self):
        f = dezero.Add()
        y = f(Variable(np.array(2)), Variable(np.array(3)))
        assert type(y) is Variable
        assert str(y.data) == "5"
        assert str(add(Variable(np.array(2)), Variable(np.array(3))).data) == "5"

    def test_several_outputs_come_back_as_a_list(self):
        class Both(Function):
            def forward(self, x0, x1):
                return x0 + x1, x0 - x1

        ys = Both()(Variable(np.array(2)), Variable(np.array(3)))
        assert type(ys) is list and [type(y) for y in ys] == [Variable, Variable]
        assert [str(y.data) for y in ys] == ["5", "-1"]


def test_step_13_sum_of_squares():
    x, y = scalar(2.0), scalar(3.0)
    z = add(square(x), square(y))
    z.backward()
    assert [str(z.data), str(x.grad), str(y.grad)] == ["13.0", "4.0", "6.0"]


class TestStep14TheSameVariableTwice:
    def test_added_to_itself(self):
        x = scalar(3.0)
        y = add(x, x)
        assert str(y.data) == "6.0"
        y.backward()
        assert str(x.grad) == "2.0"

    def test_three_times(self):
        x = scalar(3.0)
        y = add(x, add(x, x))
        assert str(y.data) == "9.0"
        y.backward()
        assert str(x.grad) == "3.0"

    @pytest.mark.parametrize("clear", ["clear_grad", "cleargrad"])
    def test_cleared_between_two_computations(self, clear):
        x = scalar(3.0)
        y = add(x, x)
        y.backward()
        assert str(x.grad) == "2.0"
        getattr(x, clear)()
        assert x.grad is None
        y = add(add(x, x), x)
        y.backward()
        assert str(x.grad) == "3.0"


def test_step_16_generations():
    x = scalar(2.0)
    a = square(x)
    y = add(square(a), square(a))
    y.backward()
    assert [str(y.data), str(x.grad)] == ["32.0", "64.0"]
    assert [x.generation, a.generation, y.generation] == [0, 1, 3]


def test_step_17_arrays_die_when_overwritten(no_gc):
    dead = []
    for _ in range(10):
        x = Variable(np.random.randn(10000))
        y = square(square(square(x)))
        dead.append((weakref.ref(y), weakref.ref(y.data)))
    assert [(h() is None, d() is None) for h, d in dead[:-1]] == [(True, True)] * 9
    del x, y
    assert dead[-1][0]() is None and dead[-1][1]() is None


class TestStep18LessMemory:
    def test_gradients_between_are_dropped(self):
        x0, x1 = scalar(1.0), scalar(1.0)
        t = add(x0, x1)
        y = add(x0, t)
        y.backward()
        assert [str(y.grad), str(t.grad)] == ["None", "None"]
        assert [str(x0.grad), str(x1.grad)] == ["2.0", "1.0"]

    def test_retain_grad(self):
        x0, x1 = scalar(1.0), scalar(1.0)
        t = add(x0, x1)
        y = add(x0, t)
        y.backward(retain_grad=True)
        assert [str(y.grad), str(t.grad)] == ["1.0", "1.0"]

    def test_config(self):
        assert Config.enable_backprop is True
        x = Variable(np.ones((10, 10, 10)))
        square(square(square(x))).backward()
        assert (x.grad == 8).all()
        Config.enable_backprop = False
        try:
            assert square(square(square(x))).creator is None
        finally:
            Config.enable_backprop = True

    def test_using_config_and_no_grad(self):
        x = scalar(2.0)
        with using_config("enable_backprop", False):
            assert square(x).creator is None
            assert Config.enable_backprop is False
        with no_grad():
            assert square(x).creator is None
        assert square(x).creator is not None and Config.enable_backprop is True


def test_step_19_easier_to_use():
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    x.name = "x"
    assert str(x.name) == "x"
    assert str(x.shape) == "(2, 3)"
    assert str(x) == repr(x) == "variable([[1 2 3]\n          [4 5 6]])"
    assert (x.ndim, x.size, x.dtype, len(x)) == (2, 6, np.dtype(int), 2)
    assert repr(Variable(None)) == "variable(None)"


class TestStep20Operators:
    @pytest.mark.parametrize("f", [lambda a, b, c: add(mul(a, b), c), lambda a, b, c: a * b + c])
    def test_product_and_sum(self, f):
        a, b, c = scalar(3.0), scalar(2.0), scalar(1.0)
        y = f(a, b, c)
        y.backward()
        assert [str(y), str(a.grad), str(b.grad)] == ["variable(7.0)", "2.0", "3.0"]


class TestStep21Mixing:
    def test_with_an_array(self):
        assert str(scalar(2.0) + np.array(3.0)) == "variable(5.0)"

    def test_with_numbers_on_either_side(self):
        assert str(3.0 * scalar(2.0) + 1.0) == "variable(7.0)"

    def test_an_array_on_the_left(self):
        y = np.array([2.0]) + Variable(np.array([1.0]))
        assert type(y) is Variable and str(y) == "variable([3.])"
        assert Variable.__array_priority__ == 200


class TestStep22MoreOperators:
    def test_neg(self):
        assert str(-scalar(2.0)) == "variable(-2.0)"

    def test_sub(self):
        x = scalar(2.0)
        assert str(2.0 - x) == "variable(0.0)"
        assert str(x - 1.0) == "variable(1.0)"

    def test_div(self):
        x = scalar(2.0)
        assert str(2.0 / x) == "variable(1.0)"
        assert str(x / 2.0) == "variable(1.0)"

    def test_pow(self):
        assert str(scalar(2.0) ** 3) == "variable(8.0)"
        assert str(dezero.Pow(3)(scalar(2.0))) == "variable(8.0)"

    def test_augmented(self):
        x = scalar(1.0)
        x += 2.0
        assert str(x) == "variable(3.0)"
        x *= 2.0
        assert str(x) == "variable(6.0)"
        x /= 2.0
        assert str(x) == "variable(3.0)"
        x -= 2.0
        assert str(x) == "variable(1.0)"


class TestStep23Package:
    def test_core_simple(self):
        import dezero.core_simple
        from dezero.core_simple import Variable as FromCoreSimple

        assert str(FromCoreSimple(np.array(1.0))) == "variable(1.0)"
        for name in ("Variable Function Config using_config no_grad as_array as_variable "
                     "Add Mul Neg Sub Div Pow add mul neg sub rsub div rdiv pow").split():
            assert getattr(dezero.core_simple, name) is getattr(dezero, name)

    def test_dezero(self):
        x = Variable(np.array(1.0))
        y = (x + 3) ** 2
        y.backward()
        assert [str(y), str(x.grad)] == ["variable(16.0)", "8.0"]


def sphere(x, y):
    return x**2 + y**2


def matyas(x, y):
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


def goldstein(x, y):
    return (1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)) * \
        (30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2))


STEP_24 = [
    (sphere, "2.0 2.0"),
    (matyas, "0.040000000000000036 0.040000000000000036"),
    (goldstein, "-5376.0 8064.0"),
]


@pytest.mark.parametrize("f,printed", STEP_24)
def test_step_24_complex_functions(f, printed):
    x, y = scalar(1.0), scalar(1.0)
    f(x, y).backward()
    assert f"{x.grad} {y.grad}" == printed


@pytest.mark.parametrize("f,printed", STEP_24)
@pytest.mark.parametrize("shape", [(1,), (8,), (3, 5), (10_001,)])
def test_step_24_on_arrays(f, printed, shape):
    x, y = Variable(np.ones(shape)), Variable(np.ones(shape))
    f(x, y).backward()
    want = [float(p) for p in printed.split()]
    for got, value in zip((x.grad, y.grad), want):
        np.testing.assert_allclose(got, np.full(shape, value), rtol=1e-14)


class TestTheSeedsOwnClasses:
    """Code from the book runs unchanged on this `Function`: rules that get arrays and read ``.data``."""

    class Square(Function):
        def forward(self, x):
            y = x ** 2
            return y

        def backward(self, gy):
            x = self.inputs[0].data
            gx = 2 * x * gy
            return gx

    class Add(Function):
        def forward(self, x0, x1):
            y = x0 + x1
            return y

        def backward(self, gy):
            return gy, gy

    class Mul(Function):
        def forward(self, x0, x1):
            y = x0 * x1
            return y

        def backward(self, gy):
            x0, x1 = self.inputs[0].data, self.inputs[1].data
            return gy * x1, gy * x0

    class Div(Function):
        def forward(self, x0, x1):
            y = x0 / x1
            return y

        def backward(self, gy):
            x0, x1 = self.inputs[0].data, self.inputs[1].data
            gx0 = gy / x1
            gx1 = gy * (-x0 / x1 ** 2)
            return gx0, gx1

    class Pow(Function):
        def __init__(self, c):
            self.c = c

        def forward(self, x):
            y = x ** self.c
            return y

        def backward(self, gy):
            x = self.inputs[0].data
            c = self.c
            gx = c * x ** (c - 1) * gy
            return gx

    @pytest.mark.parametrize("shape", [(), (4,)])
    def test_a_graph_of_them(self, shape):
        x, y = Variable(np.full(shape, 2.0)), Variable(np.full(shape, 3.0))
        z = self.Add()(self.Mul()(self.Square()(x), y), self.Div()(self.Pow(3)(y), x))
        z.backward()
        np.testing.assert_allclose(z.data, 4 * 3 + 27 / 2)
        np.testing.assert_allclose(x.grad, np.full(shape, 2 * 2 * 3 - 27 / 4))
        np.testing.assert_allclose(y.grad, np.full(shape, 4 + 27 / 2))
        assert type(x.grad) is np.ndarray and x.grad.shape == shape

    def test_mixed_with_the_built_in_ops(self):
        x = scalar(2.0)
        a = self.Square()(x)
        y = self.Square()(a) + a * a
        y.backward()
        assert [str(y), str(x.grad)] == ["variable(32.0)", "64.0"]
