"""Ties, zeros, NaN, masks and nothing at all among what is reduced, accumulated or put in order."""
import dezero.functions as F
import numpy as np
import pytest
from dezero import Variable, hessian
from dezero.errors import GradientError
from dezero.testing import check_grads

NAN, INF = np.nan, np.inf


def gradient(f, x):
    """Return the gradient of Σ f by its operand."""
    x = Variable(np.asarray(x, float))
    y = f(x)
    y.backward(gradient=np.ones(y.shape))
    return x.grad.tolist()


# -- means

@pytest.mark.parametrize("f, x, wanted", [
    (np.std, [2.0, 2.0, 2.0], [0, 0, 0]),
    (np.nanstd, [2.0, NAN, 2.0], [0, 0, 0]),
    (np.var, [2.0], [0]),
    (lambda x: x.var(ddof=1), [2.0, 4.0], [-2, 2]),
    (lambda x: np.var(x, mean=[0.0]), [2.0, 4.0], [2, 4]),
    (lambda x: np.mean(x, where=[True, False]), [2.0, NAN], [1, 0]),
    (lambda x: np.var(x, where=[True, False, True]), [1.0, INF, 3.0], [-1, 0, 1]),
    (np.nanmean, [1.0, NAN, 3.0], [0.5, 0, 0.5]),
    (np.nanvar, [1.0, NAN, 3.0], [-1, 0, 1]),
    (np.nansum, [1.0, NAN, 3.0], [1, 0, 1]),
    (lambda x: np.nanvar(x, axis=1)[0], [[1.0, 3.0], [NAN, 5.0]], [[-1, 1], [0, 0]]),
    (lambda x: np.mean(x, axis=()), [1.0, 2.0], [1, 1]),
    (lambda x: np.mean(x, 1), np.zeros((0, 3)), []),
])
def test_mean(f, x, wanted):
    assert gradient(f, x) == wanted


def test_the_mean_of_nothing_is_as_numpys():
    with pytest.warns(RuntimeWarning):
        y = np.nanmean(Variable(np.array([NAN])))
    assert np.isnan(y)
    y.backward()


@pytest.mark.parametrize("f", [np.mean, np.var, np.std, np.prod, np.cumsum, np.cumprod, np.nansum, np.maximum.accumulate])
def test_integers_have_no_slope(f):
    y = f(Variable(np.array([1.5, 2.5])), dtype=int)
    with pytest.raises(TypeError, match="dtype=int64 has no gradient"):
        y.backward(gradient=np.ones(y.shape))


@pytest.mark.parametrize("arguments", [
    {}, {"axis": 0}, {"axis": 1, "weights": [1.0, 2.0, 0.5]}, {"axis": 0, "weights": [0.25, 0.75], "keepdims": True},
    {"axis": (1, 0), "weights": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "returned": True}, {"returned": True, "axis": 1},
])
def test_average(arguments):
    a = np.array([[1.0, 5.0, 2.0], [3.0, 4.0, 9.0]])
    wanted, got = np.average(a, **arguments), np.average(Variable(a), **arguments)
    for y, z in zip(wanted, got) if "returned" in arguments else [(wanted, got)]:
        np.testing.assert_allclose(z.data if isinstance(z, Variable) else z, y, rtol=1e-15)
        assert z.dtype == y.dtype
    check_grads(lambda a: np.average(a, **{**arguments, "returned": False}), [a])


def test_no_degree_of_freedom():
    x = Variable(np.array([[1.0, 3.0], [NAN, 5.0]]))
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        y = np.nanvar(x, axis=1, ddof=1)
    y[0].backward()
    assert x.grad[0].tolist() == [-2, 2]


def test_average_by_its_weights():
    check_grads(lambda a, w: np.average(a, 1, w), [np.array([[1.0, 5.0], [3.0, 4.0]]), np.array([1.0, 2.5])])
    check_grads(lambda w: np.average([[1.0, 5.0], [3.0, 4.0]], weights=w), [np.array([[1.0, 2.5], [0.5, 1.0]])])
    x = Variable(np.ones((2, 3)))
    for weights, axis, error in (([1, 2, 3], None, TypeError), ([1, 2], 1, ValueError), ([1, -2, 1], 1, ZeroDivisionError)):
        with pytest.raises(error):
            np.average(x, axis, weights)


# -- the greatest and the least

@pytest.mark.parametrize("f, x, wanted", [
    (np.max, [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    (np.min, [1.0, 1.0, 3.0], [0.5, 0.5, 0]),
    (np.max, [-0.0, 0.0], [0.5, 0.5]),
    (np.max, [1.0, NAN, 3.0], [0, 0, 0]),
    (lambda x: np.max(x, 1), [[1.0, NAN], [3.0, 3.0]], [[0, 0], [0.5, 0.5]]),
    (lambda x: np.max(x, initial=3), [1.0, 3.0], [0, 0.5]),
    (lambda x: np.max(x, initial=9), [1.0, 3.0], [0, 0]),
    (lambda x: np.max(x, initial=0, where=[True, False]), [1.0, 3.0], [1, 0]),
    (lambda x: x.max(0), [[1.0, 3.0]], [[1, 1]]),
    (lambda x: np.max(x, 1), np.zeros((0, 3)), []),
    (np.maximum.reduce, [[1.0, 3.0], [1.0, 2.0]], [[0.5, 1], [0.5, 0]]),
    (np.minimum.reduce, [[1.0, 3.0], [1.0, 2.0]], [[0.5, 0], [0.5, 1]]),
    (np.ptp, [1.0, 3.0, 3.0], [-1, 0.5, 0.5]),
    (np.ptp, [2.0, 2.0], [0, 0]),
    (np.nanmax, [1.0, NAN, 3.0, 3.0], [0, 0, 0.5, 0.5]),
    (np.nanmin, [1.0, NAN, 3.0], [1, 0, 0]),
])
def test_extremes(f, x, wanted):
    assert gradient(f, x) == wanted


# -- products

@pytest.mark.parametrize("f, x, wanted", [
    (np.prod, [2.0, 0.0, 3.0], [0, 6, 0]),
    (np.prod, [0.0, 0.0, 3.0], [0, 0, 0]),
    (np.prod, [INF, 2.0], [2, INF]),
    (np.prod, [1e-200, 1e-200], [1e-200, 1e-200]),
    (np.prod, [], []),
    (np.prod, 2.0, 1.0),
    (lambda x: np.prod(x, axis=()), [2.0, 0.0], [1, 1]),
    (lambda x: np.prod(x, initial=0), [2.0, 3.0], [0, 0]),
    (np.multiply.reduce, [[2.0, 0.0], [3.0, 4.0]], [[3, 4], [2, 0]]),
    (np.nanprod, [2.0, NAN, 0.0], [0, 0, 2]),
    (np.cumprod, [2.0, 0.0, 3.0, 4.0], [1, 32, 0, 0]),
    (np.cumprod, [0.0, 0.0], [1, 0]),
    (np.cumprod, [], []),
    (np.nancumprod, [2.0, NAN, 0.0], [2, 0, 2]),
    (np.multiply.accumulate, [[2.0, 4.0], [0.0, 1.0]], [[1, 2], [2, 4]]),
])
def test_products(f, x, wanted):
    assert gradient(f, x) == wanted


@pytest.mark.parametrize("f", [np.prod, lambda x: np.cumprod(x)[-1]])
def test_two_zeros_have_a_second_derivative(f):
    assert hessian(f)(np.array([0.0, 0.0, 3.0])).tolist() == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9])
def test_products_of_any_length(n):
    x = np.linspace(-1.0, 1.3, n)
    x[n // 2] = 0
    check_grads(lambda x: np.cumprod(x * (np.arange(n) != n // 2)), [x])
    check_grads(lambda x: np.prod(x * (np.arange(n) != n // 2)), [x])


# -- what is accumulated

@pytest.mark.parametrize("f, x, wanted", [
    (np.maximum.accumulate, [1.0, 3.0, 3.0, 2.0, 5.0, 5.0], [1, 2, 1, 0, 1.5, 0.5]),
    (np.minimum.accumulate, [1.0, 3.0, 1.0, 0.0], [2.5, 0, 0.5, 1]),
    (np.maximum.accumulate, [1.0, NAN, 3.0], [1, 0, 0]),
    (np.maximum.accumulate, [], []),
    (np.add.accumulate, [[2.0, 4.0], [1.0, 1.0]], [[2, 2], [1, 1]]),
    (np.cumsum, [[2.0, 4.0], [1.0, 1.0]], [[4, 3], [2, 1]]),
    (np.cumsum, [], []),
    (np.nancumsum, [2.0, NAN, 1.0], [3, 0, 1]),
    (lambda x: np.add.reduceat(x, [1, 3, 0]), [1.0, 2.0, 4.0, 8.0], [1, 2, 2, 2]),
    (np.logaddexp.accumulate, [-INF, 1.0], [1, 1]),
    (np.fmax.reduce, [1.0, NAN, 3.0], [0, 0, 1]),
    (lambda x: x.cumsum(1), [[2.0, 4.0]], [[2, 1]]),
])
def test_accumulated(f, x, wanted):
    assert gradient(f, x) == wanted


@pytest.mark.parametrize("start, wanted", [(False, [2, 1]), (True, [2, 1])])
def test_cumulative(start, wanted):
    assert gradient(lambda x: np.cumulative_sum(x, include_initial=start), [5.0, 7.0]) == wanted
    assert gradient(lambda x: np.cumulative_prod(x, include_initial=start), [5.0, 7.0]) == [8, 5]


def test_logarithm_of_a_sum():
    assert gradient(np.logaddexp.reduce, [-INF, 1.0]) == [0, 1]
    assert gradient(np.logaddexp.reduce, [1000.0, 1000.0]) == pytest.approx([0.5, 0.5])
    assert gradient(lambda x: np.logaddexp.reduce(x, where=[True, False]), [0.0, 1e9]) == [1, 0]


# -- ranks

@pytest.mark.parametrize("f, x, wanted", [
    (np.median, [3.0, 1.0, 2.0, 9.0], [0.5, 0, 0.5, 0]),
    (np.median, [3.0, 1.0, 2.0], [0, 0, 1]),
    (lambda x: np.median(x, axis=()), [2.0, 0.0], [1, 1]),
    (lambda x: np.nanmedian(x, 0), [[3.0, 1], [NAN, 2], [1, 5], [2, 2]], [[0, 0], [0, 0.5], [0, 0], [1, 0.5]]),
    (lambda x: np.quantile(x, [0.25, 1]), [3.0, 1.0, 2.0], [1, 0.5, 0.5]),
    (lambda x: np.percentile(x, 25, method="lower"), [3.0, 1.0, 2.0], [0, 1, 0]),
    (lambda x: np.nanpercentile(x, 50, axis=1), [[3.0, NAN, 1.0], [1.0, 1.5, 2.0]], [[0.5, 0, 0.5], [0, 1, 0]]),
    (lambda x: np.nanquantile(x, [0.0, 1.0]), [3.0, NAN, 1.0], [1, 0, 1]),
    (np.sort, [3.0, 1.0, 2.0], [1, 1, 1]),
    (lambda x: np.sort(x)[:1], [3.0, 1.0, 1.0], [0, 1, 0]),
    (lambda x: np.sort(x, axis=None) * np.arange(3), [[3.0, 1.0, 2.0]], [[2, 0, 1]]),
    (lambda x: np.partition(x, 1)[1], [3.0, 1.0, 2.0], [0, 0, 1]),
    (lambda x: np.partition(x, 1, axis=None)[0], [[3.0, 1.0, 2.0]], [[0, 1, 0]]),
    (np.median, np.zeros((0,)), []),
])
def test_ranks(f, x, wanted):
    if np.size(x):
        assert gradient(f, x) == wanted
    else:
        with pytest.warns(RuntimeWarning):
            assert gradient(f, x) == wanted


@pytest.mark.parametrize("method", [
    "linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
    "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"])
def test_every_method(method):
    x = np.random.default_rng(1).normal(size=(3, 7))
    check_grads(lambda x: np.quantile(x, [0.0, 0.13, 0.5, 0.9, 1.0], axis=1, method=method), [x])
    x[1, 2] = NAN
    y = Variable(x)
    np.nanquantile(y, 0.4, axis=1, method=method)[1].backward()
    rest = np.delete(x[1], 2)
    z = Variable(rest)
    np.quantile(z, 0.4, method=method).backward()
    assert np.delete(y.grad[1], 2).tolist() == z.grad.tolist()


# -- NaN left out

@pytest.mark.parametrize("f, g", [
    (np.nansum, np.sum), (np.nanmean, np.mean), (np.nanvar, np.var), (np.nanstd, np.std), (np.nanmax, np.max), (np.nanmin, np.min),
    (np.nanprod, np.prod), (np.nanmedian, np.median),
    (lambda x: np.nancumsum(x)[-1], np.sum), (lambda x: np.nancumprod(x)[-1], np.prod),
    (lambda x: np.nanquantile(x, 0.3), lambda x: np.quantile(x, 0.3)),
    (lambda x: np.logaddexp.reduce(x, where=~np.isnan(x)), np.logaddexp.reduce),
])
def test_the_rest_counts_twice_differentiated(f, g):
    x = np.array([1.0, NAN, 3.0, 0.5, NAN])
    held = ~np.isnan(x)
    h = hessian(lambda x: f(x) ** 2)(x)
    np.testing.assert_allclose(h[np.ix_(held, held)], hessian(lambda x: g(x) ** 2)(x[held]), rtol=1e-13, atol=1e-13)
    assert not h[~held].any() and not h[:, ~held].any()


# -- what is refused, and what is constant

@pytest.mark.parametrize("call, error, text", [
    (lambda x: np.quantile(x, Variable(np.array(0.5))), GradientError, "parameter q"),
    (lambda x: np.quantile(x, 0.5, weights=[1, 2], method="inverted_cdf"), TypeError, "weights"),
    (lambda x: np.median(x, overwrite_input=True), TypeError, "overwrite_input"),
    (lambda x: np.var(x, mean=Variable(np.zeros(1))), GradientError, "parameter mean"),
    (lambda x: np.sort(x, order="a"), TypeError, "order"),
    (lambda x: np.max(x, out=np.zeros(())), TypeError, "out"),
    (lambda x: np.ptp(x, out=np.zeros(())), TypeError, "out"),
    (lambda x: x.sort(), AttributeError, "sort"),
])
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call(Variable(np.array([1.0, 2.0])))


def test_constants():
    x = Variable(np.array([1.0, NAN, 3.0]))
    assert np.nanargmax(x) == 2 and np.nanargmin(x) == 0
    assert np.lexsort((Variable(np.array([2.0, 1.0])),)).tolist() == [1, 0]


def test_float32_stays():
    x = Variable(np.array([1.0, 2.0, 2.0], "f4"))
    for f in (np.mean, np.var, np.std, np.max, np.prod, np.median, F.sort, np.ptp, np.logaddexp.reduce):
        y = f(x)
        assert y.dtype == np.float32
        y.backward(gradient=np.ones(y.shape, "f4"))
    assert x.grad.dtype == np.float32
