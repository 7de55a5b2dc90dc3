"""Other packages beside Variables: what would take one for plain numbers is refused by name, on either side; x.data serves all."""

import math
import operator
import warnings

import numpy as np
import pytest

import dezero
from dezero import Function, Variable, no_grad, plugins
from dezero.engine.dispatch import QUESTIONS
from dezero.errors import DTypeError, GradientError, GraphCutWarning

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


def V(x):
    return Variable(np.array(x))


def x3():
    return V([1.0, 2.0, 3.0])


# ---------------------------------------------------------------- operators

class Converting:
    """Converts its operands as the array classes of other packages do."""

    def __init__(self, a):
        self.a = np.asarray(a)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.a, dtype)


def convert(name):
    ours = getattr(operator, name)
    setattr(Converting, name, lambda self, other: ours(self.a, np.asarray(other)))
    setattr(Converting, name.replace("__", "__r", 1), lambda self, other: ours(np.asarray(other), self.a))


for name in ("__add__", "__sub__", "__mul__", "__truediv__", "__pow__"):
    convert(name)
for name in ("__lt__", "__gt__"):
    setattr(Converting, name, lambda self, other, ours=getattr(operator, name): ours(self.a, np.asarray(other)))


class Preferring(Converting):
    """As SciPy's sparse matrices and autograd's boxes: known by its priority alone."""
    __array_priority__ = 10.1
    __array__ = None

    def __init__(self, a):
        super().__init__(a)
        self.__array__ = None


class TestStandIns:
    @pytest.mark.parametrize("f", ARITHMETIC, ids=lambda f: f.__name__)
    @pytest.mark.parametrize("of", [lambda: x3(), lambda: x3()[0], lambda: (x3() * 2.0).sum()], ids=["leaf", "element", "result"])
    def test_refused_on_either_side(self, f, of):
        s = Converting([1.0, 2.0, 3.0])
        with pytest.raises(GradientError, match=r"Converting.*\.data") as error:
            f(of(), s)
        assert isinstance(error.value, TypeError)
        with pytest.raises(GradientError, match=r"\.data"):
            f(s, of())

    def test_known_by_its_priority(self):
        with pytest.raises(GradientError, match="Preferring"):
            x3() * Preferring([1.0, 2.0, 3.0])

    @pytest.mark.parametrize("constant", [lambda x: x.detach(), lambda x: x.detach() * 1.0], ids=["detached", "of constants"])
    def test_constants_are_numbers(self, constant):
        s, c = Converting([1.0, 2.0, 3.0]), constant(x3())
        assert (c * s).tolist() == (s * c).tolist() == [1.0, 4.0, 9.0]

    def test_so_are_free_ones_and_all_under_no_grad(self):
        s = Converting([1.0, 2.0, 3.0])
        with no_grad():
            free = x3() * 1.0
            assert (x3() * s).tolist() == (s * x3()).tolist() == [1.0, 4.0, 9.0]
        assert (free * s).tolist() == (s * free).tolist() == [1.0, 4.0, 9.0]
        (free * x3()).sum().backward()              # now it has a gradient, and goes on converting
        assert free.grad.tolist() == [1.0, 2.0, 3.0] and (free * s).tolist() == [1.0, 4.0, 9.0]

    def test_comparisons_answer(self):
        assert (x3() > Converting([2.0, 2.0, 2.0])).tolist() == [False, False, True]

    def test_under_a_transform(self):
        for f in (lambda x: (x * Converting([1.0])).sum(), lambda x: (Converting([1.0]) * x).sum()):
            with pytest.raises(GradientError):
                dezero.grad(f)(np.ones(1))

    def test_in_a_rule_under_create_graph(self):
        class Rule(Function):
            def forward(self, x):
                return 2.0 * x

            def backward(self, gy):
                return gy * Converting(2.0)

        x = V(1.0)
        y = Rule()(x)
        with pytest.raises(GradientError):
            y.backward(create_graph=True)
        assert x.grad is None

    def test_nothing_is_left(self):
        x = x3()
        with pytest.raises(GradientError):
            x * Converting([1.0, 2.0, 3.0])
        (x * x).sum().backward()
        assert x.grad.tolist() == [2.0, 4.0, 6.0]


def series():
    return pytest.importorskip("pandas").Series([1.0, 2.0, 3.0])


def frame():
    return pytest.importorskip("pandas").DataFrame({"a": [1.0, 2.0, 3.0]})


def index():
    return pytest.importorskip("pandas").Index([1.0, 2.0, 3.0])


def data_array():
    return pytest.importorskip("xarray").DataArray([1.0, 2.0, 3.0])


def data_set():
    return pytest.importorskip("xarray").Dataset({"a": data_array()})


def csr_array():
    return pytest.importorskip("scipy.sparse").csr_array(np.eye(3))


def coo_matrix():
    return pytest.importorskip("scipy.sparse").coo_matrix(np.eye(3))


def quantity():
    return pytest.importorskip("pint").UnitRegistry().Quantity(np.array([1.0, 2.0, 3.0]), "m")


def masked():
    return np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])


def jax_array():
    return pytest.importorskip("jax.numpy").array([1.0, 2.0, 3.0])


def tensor():
    return pytest.importorskip("torch").tensor([1.0, 2.0, 3.0])


OBJECTS = [series, frame, index, data_array, data_set, csr_array, coo_matrix, quantity, masked, jax_array, tensor]


@pytest.mark.parametrize("f", [operator.mul, operator.truediv, np.multiply], ids=lambda f: f.__name__)
@pytest.mark.parametrize("of", [lambda: x3(), lambda: x3()[0]], ids=["leaf", "element"])
@pytest.mark.parametrize("make", OBJECTS, ids=lambda make: make.__name__)
def test_operators_are_refused_on_either_side(make, of, f):
    other = make()
    for args in [(of(), other), (other, of())]:
        if f is np.multiply and make is quantity and args[0] is other:
            continue                        # pint asks nothing: the result is a quantity of a Variable, and nothing is cut
        with pytest.raises((GradientError, DTypeError), match=r"\.data|filled") as error:
            f(*args)
        assert any(word in str(error.value) for word in (make.__name__, "pandas", "xarray", "scipy.sparse", "pint", "asked", "jax", "torch"))


def test_a_quantity_of_a_variable_has_its_gradient():
    x = x3()
    np.multiply(quantity(), x).magnitude.sum().backward()
    assert x.grad.tolist() == [1.0, 2.0, 3.0]


def test_a_quantity_to_the_power_of_one():
    x = V([1.0])
    with pytest.raises(GradientError, match="pint"):
        quantity() ** x[0]                  # pint gives the quantity itself then, without x
    assert (quantity() ** x.detach()[0]).magnitude.tolist() == [1.0, 2.0, 3.0]


def test_only_who_takes_it_for_numbers_is_refused():
    data_array(), quantity()
    assert not any(hasattr(x3(), name) for name in QUESTIONS)


def test_a_box_of_autograd():
    autograd = pytest.importorskip("autograd")
    for f in (lambda u: u * x3()[0], lambda u: x3()[0] * u):
        with pytest.raises((GradientError, TypeError)):
            autograd.grad(f)(1.0)


@pytest.mark.parametrize("f", COMPARISONS, ids=lambda f: f.__name__)
def test_pandas_compares(f):
    s, a = series(), np.array([1.0, 3.0, 2.0])
    assert f(s, Variable(a)).tolist() == f(s, a).tolist()
    assert f(Variable(a), s).tolist() == f(a, s).tolist()


def test_the_programs_of_the_findings():
    df = pytest.importorskip("pandas").DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 7.0]})
    w = V(1.5)
    with pytest.raises(TypeError):
        ((w * df["x"] - df["y"]) ** 2).sum() + 0.1 * (w * w)
    loss = ((w * df["x"].to_numpy() - df["y"].to_numpy()) ** 2).sum() + 0.1 * (w * w)
    loss.backward()
    assert math.isclose(w.grad, 2 * ((1.5 * df["x"] - df["y"]) * df["x"]).sum() + 0.3)
    for make in (df["x"].__class__, lambda x: df.assign(z=x), lambda x: df["x"].add(x)):
        with pytest.raises(GradientError):
            make(x3())
    with pytest.raises((GradientError, ValueError)) as error:
        df.loc[0, "x"] = w * 1.0
    assert isinstance(error.value, GradientError) or isinstance(error.value.__cause__, GradientError)


# ---------------------------------------------------------------- printing, plotting, saving, testing

def test_print_and_format():
    x = x3()
    s = (x * x).sum()
    assert f"{s:.3f} {s:8.1e} {s}" == "14.000  1.4e+01 variable(14.0)" and str(x.data) == "[1. 2. 3.]"
    with pytest.raises(TypeError, match=r"shape \(3,\).*\.data"):
        f"{x:.3f}"


def test_approx():
    x = x3()
    s = (x * x).sum()
    assert s == pytest.approx(14.0) and s != pytest.approx(13.0) and [s] == pytest.approx([14.0])
    assert s.data == pytest.approx(14.0) and pytest.approx(14.0) == s.data and x.data == pytest.approx(np.array([1.0, 2.0, 3.0]))
    for compare in (lambda: pytest.approx(14.0) == s, lambda: 14.0 == pytest.approx(s), lambda: x.data == pytest.approx(x)):
        with pytest.raises(GradientError, match=r"x\.data"):
            compare()


@pytest.mark.parametrize("name", ["assert_allclose", "assert_array_equal", "assert_array_almost_equal", "assert_equal", "assert_almost_equal"])
def test_numpy_testing(name):
    x, same = x3(), getattr(np.testing, name)
    same(x.data, np.array([1.0, 2.0, 3.0]))
    same(x.detach(), np.array([1.0, 2.0, 3.0]))
    for args in [(x, np.array([1.0, 2.0, 3.0])), (np.array([1.0, 2.0, 3.0]), x)]:
        with pytest.raises(GradientError, match=r"x\.data"):
            same(*args)


def test_save(tmp_path):
    x = x3()
    np.save(tmp_path / "x.npy", x.data)
    assert np.load(tmp_path / "x.npy").tolist() == [1.0, 2.0, 3.0]
    for save in (np.save, np.savetxt, np.savez):
        with pytest.raises((GradientError, TypeError), match=r"x\.data"):
            save(tmp_path / "no", x)


@pytest.mark.filterwarnings("ignore::dezero.errors.GraphCutWarning")      # it looks at the first number before it converts
def test_matplotlib():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    x = x3()
    line, = axes.plot(x.data, x.data * 2.0)
    assert line.get_ydata().tolist() == [2.0, 4.0, 6.0]
    for plot in (axes.plot, axes.hist, lambda x: axes.scatter(x, x), lambda x: axes.plot([1, 2, 3], x), lambda x: axes.bar([1, 2, 3], x)):
        with pytest.raises((GradientError, TypeError), match=r"x\.data"):
            plot(x)


class TestScipy:
    """They ask a function's result for a float: the number is given, with a warning, and x.item() gives it without."""

    def check(self, solve, want):
        p = V(2.0)
        with pytest.warns(GraphCutWarning, match=r"x\.item\(\)"):
            got = solve(lambda u: p * u - 1.0)
        assert got == pytest.approx(want)
        assert solve(lambda u: (p * u - 1.0).item()) == pytest.approx(want)
        with no_grad():
            assert solve(lambda u: p * u - 1.0) == pytest.approx(want)

    def test_brentq(self):
        optimize = pytest.importorskip("scipy.optimize")
        self.check(lambda f: optimize.brentq(f, 0.0, 3.0), 0.5)

    def test_quad(self):
        integrate = pytest.importorskip("scipy.integrate")
        self.check(lambda f: integrate.quad(f, 0.0, 1.0)[0], 0.0)

    def test_a_function_that_does_not_dispatch(self):
        stats = pytest.importorskip("scipy.stats")
        with pytest.raises(GradientError, match=r"scipy\.stats.*x\.data"):
            stats.norm.logpdf(x3())
        assert stats.norm.logpdf(x3().data).shape == (3,)


# ---------------------------------------------------------------- a number taken by Python and compiled code

@pytest.mark.parametrize("take", [math.sin, lambda x: "%.1f" % x, lambda x: math.fsum([x]), lambda x: np.zeros(2).fill(x),
                                  lambda x: operator.setitem(np.zeros(2), 0, x), lambda x: np.fromiter([x], float)])
def test_it_is_given_with_a_warning(take):
    with pytest.warns(GraphCutWarning):
        take(V(1.0))


def test_once_for_each_line():
    x = V(2.0)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            math.sin(x)
            math.cos(x * x)
    assert [w.category for w in seen] == [GraphCutWarning] * 2
    assert seen[0].filename == __file__ and seen[1].lineno == seen[0].lineno + 1


def test_a_registered_op_does_not_take_round():
    class Round(Function):
        name = "my_round"
        operators = ("__round__",)

        def forward(self, x):
            return np.round(x)

    with pytest.raises(dezero.errors.PluginError, match="__round__"):
        plugins.register(Round)
