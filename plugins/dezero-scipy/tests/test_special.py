"""Special functions: derivatives against mpmath, with thirty digits; edges; what has no known derivative."""
import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp
from dezero import Variable, grad, hessian, plugins, using_config
from dezero.errors import DTypeError, GradientError
from dezero.registry import registry
from dezero.testing.samples import samples_of
from dezero_scipy import special

INF = np.inf
plugins.load()
plugins.open_all()
OPS = {op.name.removeprefix("special."): op for op in registry.snapshot.ops
       if op.dist == "dezero-scipy" and op.name.startswith("special.") and op.cls is not None}


def ncx2(x, k, c):
    half = mp.mpf(k) / 2
    return mp.quad(lambda t: mp.exp(-(t + c) / 2) / 2 * (t / c) ** ((half - 1) / 2) * mp.besseli(half - 1, mp.sqrt(c * t)), [0, x])


def owens(h, a):
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def gamma_below(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def beta_below(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


def student(n, t):
    return (1 + mp.sign(t) * beta_below(mp.mpf(1) / 2, n / 2, t * t / (n + t * t))) / 2


def fisher(m, n, x):
    return beta_below(m / 2, n / 2, m * x / (m * x + n))


def smirnov(n, d):
    return mp.fsum([mp.binomial(n, v) * d * (d + mp.mpf(v) / n) ** (v - 1) * (1 - d - mp.mpf(v) / n) ** (n - v)
                    for v in range(int(mp.floor(n * (1 - d))) + 1)])


ORACLE = {
    # name: (function of mpmath, argument that is differentiated by, points)
    "erf": (mp.erf, 0, [(-2.5,), (0.0,), (5.0,)]),
    "erfc": (mp.erfc, 0, [(-2.5,), (5.0,), (20.0,)]),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), 0, [(-3.0,), (0.0,), (7.0,), (49.0,), (51.0,), (1e4,)]),
    "dawsn": (lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x), 0, [(0.0,), (3.0,), (-20.0,), (-60.0,), (-1e4,)]),
    "erfinv": (mp.erfinv, 0, [(0.0,), (0.999,), (-0.5,)]),
    "ndtr": (mp.ncdf, 0, [(-10.0,), (0.0,), (3.0,)]),
    "log_ndtr": (lambda x: mp.log(mp.ncdf(x)), 0, [(-38.0,), (-5.0,), (0.0,), (8.0,)]),
    "log_expit": (lambda x: -mp.log(1 + mp.exp(-x)), 0, [(-100.0,), (0.0,), (50.0,)]),
    "expit": (lambda x: 1 / (1 + mp.exp(-x)), 0, [(-100.0,), (0.0,), (50.0,)]),
    "exprel": (lambda x: mp.expm1(x) / x if x else mp.mpf(1), 0, [(-50.0,), (-1.0,), (1e-8,), (3.0,), (100.0,)]),
    "boxcox": (lambda x, p: (x ** p - 1) / p, 1, [(2.0, 0.5), (2.0, 1e-9), (0.3, -1.5), (1.0, 2.0), (1e-200, 3.0)]),
    "spence": (lambda z: mp.polylog(2, 1 - z).real, 0, [(0.1,), (0.5,), (1.000001,), (4.0,), (100.0,)]),
    "gamma": (mp.gamma, 0, [(0.5,), (4.0,), (-1.5,), (-2.2,)]),
    "gammaln": (lambda x: mp.log(abs(mp.gamma(x))), 0, [(0.5,), (1e5,), (-1.5,)]),
    "rgamma": (mp.rgamma, 0, [(0.0,), (-1.0,), (-4.0,), (-2.5,), (0.5,), (3.0,), (100.0,)]),
    "psi": (lambda x: mp.psi(0, x), 0, [(0.5,), (30.0,), (-1.5,)]),
    "betaln": (lambda a, b: mp.log(mp.beta(a, b)), 0, [(0.5, 2.0), (30.0, 4.0)]),
    "poch": (mp.rf, 0, [(1.5, 2.0), (-2.5, 1.2), (-1.0, 3.5), (3.0, 0.0), (-1.0, 0.5), (0.0, -1.5), (-3.0, 3.0),
                     (-3.0, -1.0), (-1.0, 0.0), (1.0, 0.0), (200.5, 2.0)]),
    "binom": (mp.binomial, 1, [(5.0, 2.0), (3.0, 5.0), (4.5, 1.2), (3.0, -1.0)]),
    "gammainc": (lambda a, x: mp.gammainc(a, 0, x, regularized=True), 1, [(0.5, 0.1), (3.0, 10.0), (100.0, 90.0)]),
    "betainc": (lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True), 2, [(0.5, 2.0, 0.1), (30.0, 4.0, 0.9)]),
    "zetac": (mp.zeta, 0, [(-20.5,), (-7.0,), (-4.0,), (-0.3,), (0.0,), (0.9,), (1.1,), (30.0,)]),
    "smirnov": (smirnov, 1, [(1, 0.4), (5, 0.3), (20, 0.95), (100, 0.01), (1000, 0.05)]),
    "itairy": (lambda x: mp.airyai(x, derivative=-1), 0, [(-3.0,), (0.0,), (2.0,)]),
    "log_wright_bessel": (lambda a, b, x: mp.log(mp.nsum(lambda k: x ** k / mp.factorial(k) * mp.rgamma(a * k + b), [0, 60])), 2,
                          [(0.5, 1.5, 0.0), (0.5, 1.5, 3.0)]),
    "expn": (mp.expint, 1, [(0, 0.5), (1, 0.5), (4, 3.0)]),
    "exp1": (mp.e1, 0, [(0.1,), (5.0,)]),
    "sici": (mp.si, 0, [(0.0,), (0.5,), (10.0,)]),
    "fresnel": (mp.fresnels, 0, [(0.0,), (0.5,), (3.0,)]),
    "owens_t": (owens, 0, [(0.5, 1.2), (-1.0, 0.3)]),
    "j1": (lambda x: mp.besselj(1, x), 0, [(0.0,), (-3.0,), (20.0,)]),
    "jv": (mp.besselj, 1, [(0, 1.0), (2.5, 7.0), (10, 3.0)]),
    "yv": (mp.bessely, 1, [(0, 1.0), (2.5, 7.0)]),
    "iv": (mp.besseli, 1, [(0, 1.0), (2.5, 7.0)]),
    "ive": (lambda v, x: mp.exp(-abs(x)) * mp.besseli(v, x), 1, [(0, -3.0), (2, 40.0)]),
    "kv": (mp.besselk, 1, [(0, 1.0), (2.5, 7.0)]),
    "struve": (mp.struveh, 1, [(0, 1.0), (1.5, 7.0)]),
    "airy": (mp.airyai, 0, [(-5.0,), (0.0,), (3.0,)]),
    "ber": (lambda x: mp.ber(0, x), 0, [(0.0,), (2.0,), (-5.0,)]),
    "beip": (lambda x: mp.diff(lambda t: mp.bei(0, t), x), 0, [(1e-5,), (2.0,)]),
    "ellipk": (mp.ellipk, 0, [(-5.0,), (0.0,), (1e-9,), (0.5,), (0.999,)]),
    "ellipe": (mp.ellipe, 0, [(-5.0,), (0.0,), (1e-9,), (0.5,), (0.999,)]),
    "ellipkinc": (mp.ellipf, 1, [(0.7, 0.5), (0.7, 0.0), (1.5, 0.9), (-2.0, 0.3), (7.0, 0.3), (0.0, 0.5)]),
    "ellipeinc": (mp.ellipe, 1, [(0.7, 0.5), (0.7, 0.0), (1.5, 0.9), (-2.0, 0.3), (7.0, 0.3)]),
    "elliprd": (mp.elliprd, 0, [(1.0, 2.0, 3.0), (2.0, 3.0, 2.0), (2.0, 2.0, 2.0), (2.0, 3.0, 2.0 + 1e-9), (1e-3, 50.0, 7.0)]),
    "elliprj": (mp.elliprj, 0, [(1.0, 2.0, 3.0, 4.0), (2.0, 3.0, 4.0, 2.0), (2.0, 3.0, 4.0, 2.0 + 1e-6), (2.0, 3.0, 4.0, 2.0001)]),
    "elliprg": (mp.elliprg, 0, [(1.0, 2.0, 3.0), (2.0, 2.0, 2.0)]),
    "agm": (mp.agm, 0, [(1.0, 2.0), (3.0, 3.0), (0.01, 5.0)]),
    "hyp1f1": (mp.hyp1f1, 2, [(0.5, 1.5, 0.0), (0.5, 1.5, -5.0), (2.0, 3.0, 7.0)]),
    "hyp2f1": (mp.hyp2f1, 3, [(0.5, 1.5, 2.5, 0.0), (0.5, 1.5, 2.5, -9.0), (1.0, 1.0, 2.0, 0.9)]),
    "lpmv": (lambda m, v, x: mp.legenp(v, m, x), 2, [(0, 3.0, 0.3), (1, 2.5, -0.4)]),
    "eval_jacobi": (mp.jacobi, 3, [(0, 0.5, 1.5, 0.3), (3, 0.5, 1.5, 1.0), (2.5, 0.5, 1.5, 0.3)]),
    "eval_chebyt": (mp.chebyt, 1, [(0, 0.3), (5, 1.0), (4, -0.3)]),
    "eval_chebyu": (mp.chebyu, 1, [(0, 0.3), (5, 0.99999), (4, -0.3)]),
    "eval_legendre": (mp.legendre, 1, [(0, 0.3), (5, 0.9), (4, -0.3)]),
    "chndtr": (ncx2, 0, [(2.0, 3.0, 1.5), (10.0, 5.5, 0.7)]),
    "kolmogorov": (lambda x: 2 * mp.nsum(lambda k: (-1) ** (int(k) - 1) * mp.exp(-2 * k * k * x * x), [1, 40]), 0,
                   [(0.3,), (1.0,), (1.01,), (2.5,)]),
}
BY_SHAPE = {
    # the same, by the arguments that are shapes
    ("gammainc", 0): (gamma_below, [(1e-9, 1e-3), (0.01, 0.999), (0.3, 1.0), (0.3, 1e-12), (2.5, 2.4), (2.5, 20.0), (300.0, 303.0),
                                    (300.0, 250.0)]),
    ("betainc", 0): (beta_below, [(1e-6, 2.0, 0.01), (0.01, 2.0, 0.01), (2.5, 0.3, 0.5), (2.5, 0.3, 0.999), (30.0, 40.0, 0.3),
                                  (30.0, 40.0, 0.9), (300.0, 0.5, 0.99), (0.5, 300.0, 1e-3), (1.0, 1e-8, 1 - 2.0 ** -27),
                                  (1000.0, 1e-8, 1 - 2.0 ** -33), (1e-8, 1000.0, 1e-11), (700.0, 170.0, 0.81), (20.0, 300.0, 0.1)]),
    ("betainc", 1): (beta_below, [(2.0, 1e-6, 0.3), (2.0, 0.01, 0.99), (0.3, 2.5, 0.5), (40.0, 30.0, 0.7), (1.5, 2.5, 1e-8),
                                  (1e-6, 300.0, 1e-8), (1e-8, 1.0, 1e-8), (1e-4, 10.0, 1e-4)]),
    ("stdtr", 0): (student, [(0.3, -30.0), (0.5, -1e15), (3.5, 1e-5), (3.5, 1e-10), (30.0, 1.0), (300.0, -2.0), (1e4, 0.3)]),
    ("fdtr", 0): (fisher, [(2.5, 3.5, 0.3), (7.0, 30.0, 2.0), (1000.0, 1e-6, 2.0), (1000.0, 3.0, 1.5), (1000.0, 0.01, 1e20)]),
    ("fdtr", 1): (fisher, [(2.5, 3.5, 0.3), (7.0, 30.0, 2.0), (1.5, 3.0, 1e-9), (1000.0, 1000.0, 1.05), (1e3, 0.01, 1e20)]),
}


@pytest.mark.parametrize(("name", "i"), BY_SHAPE)
def test_by_shape_as_mpmath(name, i):
    f, points = BY_SHAPE[name, i]
    for point in points:
        with mp.workdps(50):
            here = list(map(mp.mpf, point))
            wanted = float(mp.diff(lambda t: f(*here[:i], t, *here[i + 1:]), here[i], h=mp.mpf(10) ** -20 * here[i]))
        assert grad(getattr(sp, name), i)(*point) == pytest.approx(wanted, 1e-11, 1e-60), point


@pytest.mark.parametrize(("ufunc", "point"), [(sp.betainc, (300.0, 2.5, 0.99)), (sp.gammainc, (1000.0, 1030.0))])
def test_by_shape_in_single_precision(ufunc, point):
    point = [*map(np.float32, point)]
    found = grad(ufunc)(*map(np.asarray, point))
    assert found.dtype == np.float32
    assert found == pytest.approx(grad(ufunc)(*map(float, point)), 1e-6)


@pytest.mark.parametrize(("ufunc", "i", "point"), [
    (sp.gammainc, 0, (2e8, 1e8)), (sp.betainc, 0, (0.5, 2e8, 0.1)), (sp.stdtr, 0, (1e9, 1.0)), (sp.fdtr, 1, (1e9, 2.0, 1.0))])
def test_by_shape_of_a_large_shape_is_refused(ufunc, i, point):
    with pytest.raises(GradientError, match="for shapes up to 1e.08, and one is"):
        grad(ufunc, i)(*point)


TOLERANCE = {"hyp1f1": 1e-8, "elliprj": 1e-8, "hyp2f1": 1e-9, "exprel": 1e-9, "boxcox": 1e-8, "spence": 1e-9}


@pytest.mark.parametrize("name", ORACLE)
def test_as_mpmath(name):
    f, i, points = ORACLE[name]
    ufunc = getattr(sp, name)
    for point in points:
        with mp.workdps(30):
            here = [mp.mpf(a) if isinstance(a, float) else a for a in point]
            wanted = float(mp.re(mp.diff(lambda t: f(*here[:i], t, *here[i + 1:]), here[i])))
        first = lambda x: y[0] if type(y := ufunc(*point[:i], x, *point[i + 1:])) is tuple else y
        assert grad(first)(np.array(point[i])) == pytest.approx(wanted, TOLERANCE.get(name, 1e-10), 1e-60), point


@pytest.mark.parametrize("name", [name for name in OPS if isinstance(getattr(sp, name, None), np.ufunc)])
def test_each_argument_has_a_gradient_or_an_error(name):
    """What the samples do not differentiate by is steps (0), or an error that names the function and the argument."""
    op, ufunc = OPS[name], getattr(sp, name)
    sample = samples_of(op.cls)[0]
    args, _ = sample.arguments([x.copy() for x in sample.xs])
    is_given = [np.ndim(a) > 0 and a.dtype.kind == "f" for a in args]
    for i, argument in enumerate(op.cls.op.operands):
        if is_given[i]:
            continue
        point = [float(np.ravel(a)[-1]) for a in args]
        if name in ("eval_hermite", "eval_hermitenorm"):
            continue                                        # whose degree is an integer

        def total(x, i=i, point=point):
            ys = ufunc(*point[:i], x, *point[i + 1:])
            return (sum(ys) if type(ys) is tuple else ys).real
        if argument == "k" and "dtr" in name:
            assert grad(total)(np.array(point[i])) == 0
        elif name == "voigt_profile":
            assert np.isfinite(grad(total)(np.array(point[i])))
        else:
            with pytest.raises(GradientError, match=rf"scipy\.special\.{ufunc.__name__} has no known derivative by {argument} here"):
                grad(total)(np.array(point[i]))


EDGES = [
    (sp.xlogy, 1, (0.0, 0.0), 0.0), (sp.xlogy, 1, (0.0, 2.0), 0.0), (sp.xlogy, 0, (0.0, 2.0), np.log(2)),
    (sp.xlog1py, 1, (0.0, -1.0), 0.0), (sp.entr, 0, (1.0,), -1.0), (sp.rel_entr, 1, (0.0, 0.0), 0.0),
    (sp.kl_div, 1, (0.0, 0.5), 1.0), (sp.kl_div, 0, (0.5, 0.5), 0.0),
    (sp.expit, 0, (1000.0,), 0.0), (sp.expit, 0, (-1000.0,), 0.0),
    (sp.log_expit, 0, (-1000.0,), 1.0), (sp.log_ndtr, 0, (-1e5,), 1e5), (sp.log_ndtr, 0, (50.0,), 0.0), (sp.logit, 0, (0.5,), 4.0),
    (sp.exprel, 0, (0.0,), 0.5), (sp.boxcox, 1, (0.0, 3.0), 1 / 9), (sp.spence, 0, (1.0,), -1.0), (sp.huber, 1, (1.0, 1.0), 1.0),
    (sp.huber, 0, (1.0, 3.0), 2.0), (sp.pseudo_huber, 1, (0.0, 0.0), 0.0), (sp.pseudo_huber, 0, (1.0, 0.0), 0.0),
    (sp.agm, 0, (0.0, 1.0), INF), (sp.agm, 1, (0.0, 1.0), 0.0), (sp.beip, 0, (0.0,), 0.5), (sp.berp, 0, (0.0,), 0.0),
    (sp.i0e, 0, (0.0,), 0.0), (sp.powm1, 0, (0.0, 0.0), 0.0), (sp.gammainc, 1, (1.0, 0.0), 1.0),
    (sp.betainc, 2, (1.0, 2.0, 0.0), 2.0),
    (sp.voigt_profile, 1, (0.5, 0.0, 1.0), 0.0), (sp.kolmogorov, 0, (0.0,), 0.0), (sp.tklmbda, 0, (3.0, 0.5), 0.0),
    (sp.it2struve0, 0, (0.0,), -2 / np.pi), (sp.eval_chebyu, 1, (3, 1.0), 20.0), (sp.pdtr, 1, (-1.0, 2.0), 0.0),
    (sp.bdtr, 2, (5, 5, 0.3), 0.0),
    (sp.powm1, 0, (0.0, 1.0), 1.0), (sp.kl_div, 0, (0.0, 2.0), -INF), (sp.rel_entr, 0, (1.0, 0.0), INF),
    (sp.agm, 0, (0.0, 0.0), 0.0), (sp.agm, 0, (-1.0, -2.0), float(mp.diff(lambda a: mp.agm(a, 2), 1))),
    (sp.tklmbda, 0, (3.0, 1.5), 0.0), (sp.tklmbda, 0, (-3.0, 1.5), 0.0),
    (sp.pdtr, 1, (2.5, 0.7), -np.exp(-0.7) * 0.7 ** 2 / 2), (sp.pdtrc, 1, (2.5, 0.7), np.exp(-0.7) * 0.7 ** 2 / 2),
    (sp.nbdtr, 2, (2.5, 3.0, 0.4), 0.4 ** 2 * 0.6 ** 2 / sp.beta(3, 3)),
    (sp.nbdtrc, 2, (2.5, 3.0, 0.4), -0.4 ** 2 * 0.6 ** 2 / sp.beta(3, 3)),
    (sp.bdtr, 2, (2.5, 5, 0.4), -0.4 ** 2 * 0.6 ** 2 / sp.beta(3, 3)), (sp.bdtr, 2, (-1.0, 5, 0.4), 0.0),
    (lambda z: sp.airye(z)[2], 0, (-2.0,), sp.airy(-2.0)[3]), (lambda x: sp.it2i0k0(x)[0], 0, (0.0,), 0.0),
    (lambda x: sp.iti0k0(x)[0], 0, (0.0,), 1.0), (lambda x: sp.itj0y0(x)[0], 0, (0.0,), 1.0),
    (sp.stdtridf, 0, (0.9, 1.0), 0.0), (sp.fdtridfd, 1, (2.0, 0.99, 0.5), 0.0),
    (lambda x: sp.kelvin(x)[2].imag, 0, (0.0,), 0.5),
    (sp.gammainc, 0, (0.0, 2.0), -sp.exp1(2)), (sp.gammainc, 0, (0.0, 0.5), -sp.exp1(0.5)),
    (sp.gammainc, 0, (2.0, 0.0), 0.0), (sp.gammainc, 0, (2.0, INF), 0.0), (sp.betainc, 0, (2.0, 3.0, 0.0), 0.0),
    (sp.betainc, 1, (2.0, 3.0, 1.0), 0.0), (sp.fdtr, 1, (2.0, 3.0, 0.0), 0.0), (sp.stdtr, 0, (3.0, 0.0), 0.0),
    (sp.nbdtrik, 1, (0.5, 3.0, 0.0), 0.0), (sp.nbdtrin, 2, (4.0, 0.5, 0.0), 0.0),
    (sp.gdtrib, 2, (1.0, 0.5, 0.0), 0.0), (sp.fdtridfd, 2, (2.0, 0.5, 0.0), 0.0), (sp.stdtridf, 1, (0.7, 0.0), 0.0),
    (sp.stdtridf, 0, (0.0, 0.7), 0.0), (sp.nbdtrik, 0, (0.0, 5.0, 0.4), 0.0),
    (sp.betainc, 1, (2.0, 0.0, 0.3), -0.3 - np.log(0.7)),
    (sp.nbdtri, 2, (2.5, 3.0, 0.4), 1 / grad(sp.nbdtr, 2)(2.0, 3.0, sp.nbdtri(2, 3, 0.4))),
    (sp.pdtri, 1, (2.5, 0.4), 1 / grad(sp.pdtr, 1)(2.0, sp.pdtri(2, 0.4))),
    (lambda x: sp.it2i0k0(x)[0], 0, (-5.0,), (sp.i0(5) - 1) / -5), (lambda x: sp.it2j0y0(x)[0], 0, (-5.0,), (1 - sp.j0(5)) / -5),
    (sp.beta, 0, (-1.5, 0.5), -4 * np.pi / 3), (sp.beta, 1, (-0.5, 0.5), -2 * np.pi),
    (sp.beta, 0, (-30.5, 0.5), -1.004141863727785),
    (lambda x: sp.airy(x)[0], 0, (700.0,), 0.0), (lambda x: sp.airy(x)[1], 0, (700.0,), 0.0),
    (lambda x: sp.itairy(x)[0], 0, (700.0,), 0.0), (lambda x: sp.itairy(x)[2], 0, (700.0,), sp.airy(-700.0)[0]),
    (lambda x: sp.iti0k0(x)[1], 0, (1e3,), 0.0), (lambda x: sp.it2i0k0(x)[1], 0, (1e3,), 0.0),
    (sp.i1e, 0, (2e4,), -7.051973088214769e-08), (sp.i1e, 0, (-2e4,), -7.051973088214769e-08),
    (sp.beta, 0, (-1.5, 0.5), sp.gamma(-1.5) * sp.gamma(0.5) * -1), (sp.betaln, 0, (-2.0, 2.0), 1.5),
    (sp.poch, 0, (1e-8, -1.0), -1 - 2e-8),
    (sp.poch, 0, (-2.0, -2.0), 7 / 144), (sp.binom, 0, (-30.5, -1.5), float(mp.diff(lambda n: mp.binomial(n, -1.5), -30.5))),
    (sp.binom, 1, (1000.0, -1.0), 1 / 1001), (lambda x: sp.airy(x)[0], 0, (700.0,), 0.0),
    (sp.eval_chebyu, 1, (-4.0, 0.3), -2.4), (sp.eval_chebyu, 1, (-1, 0.3), 0.0), (sp.eval_legendre, 1, (-3.0, 0.3), 0.9),
    (sp.eval_chebyc, 1, (30.5, -1.5), float(mp.diff(lambda x: 2 * mp.chebyt(30.5, x / 2), -1.5))),
    (sp.elliprg, 0, (0.3, 0.0, 0.0), 0.25 / np.sqrt(0.3)), (sp.elliprj, 3, (0.0, 1.0, 1.0, 1.0), -9 * np.pi / 16),
    (sp.betaincinv, 0, (2.0, 3.0, 1.0), 0.0), (sp.fdtri, 1, (3.5, 2.0, 0.0), 0.0), (sp.gdtr, 0, (2.0, 0.3, 0.0), 0.0),
    (sp.gammainc, 1, (2.0, INF), 0.0), (sp.exprel, 0, (-1e300,), 0.0), (sp.spence, 0, (1e300,), -np.log(1e300) / 1e300),
    (sp.i1e, 0, (1e10,), -0.5e-10 * sp.i1e(1e10)), (sp.lpmv, 2, (0, 2.5, 1.0), 4.375), (sp.hyp1f1, 2, (-1.0, -1.0, 0.3), 1.0),
    (sp.hyp2f1, 3, (0.0, 0.3, 0.0, 0.3), 0.3 * 0.7 ** -1.3), (sp.hyperu, 2, (-1.0, 0.3, 0.0), 1.0),
    (sp.zetac, 0, (-1e-300,), -0.5 * np.log(2 * np.pi)), (lambda x: sp.mathieu_sem(0, 1.0, x)[0], 0, (30.0,), 0.0),
]


@pytest.mark.filterwarnings("ignore:floating point number truncated")
@pytest.mark.parametrize(("ufunc", "i", "point", "wanted"), EDGES, ids=lambda a: getattr(a, "__name__", None))
def test_edges(ufunc, i, point, wanted):
    with np.errstate(all="ignore"):
        assert grad(lambda x: ufunc(*point[:i], x, *point[i + 1:]))(np.array(point[i])) == pytest.approx(wanted, 1e-9)


SECOND = [
    # ufunc, point, arguments i and j, the derivative by both, which a rule with a constant at this point would lose
    (sp.xlogy, (0.0, 2.0), 0, 1, 0.5), (sp.xlog1py, (0.0, 1.0), 0, 1, 0.5), (sp.rel_entr, (0.5, 2.0), 0, 1, -0.5),
    (sp.powm1, (2.0, 0.0), 0, 1, 0.5), (sp.poch, (1.5, 0.0), 0, 1, sp.polygamma(1, 1.5)),
    (sp.voigt_profile, (0.0, 0.0, 1.0), 1, 1, -2 / np.pi),
    (sp.rgamma, (-1.0,), 0, 0, 2 * sp.psi(2)), (sp.spence, (1.0,), 0, 0, 0.5), (sp.exprel, (0.0,), 0, 0, 1 / 3),
    (sp.voigt_profile, (0.7, 0.0, 1.3), 1, 1, 2 * 1.3 * (3 * 0.49 - 1.69) / (0.49 + 1.69) ** 3 / np.pi),
    (sp.ellipk, (0.0,), 0, 0, 9 * np.pi / 64), (sp.ellipe, (0.0,), 0, 0, -3 * np.pi / 64),
]


@pytest.mark.parametrize(("ufunc", "point", "i", "j", "wanted"), SECOND, ids=lambda a: getattr(a, "__name__", None))
def test_second_derivatives_at_edges(ufunc, point, i, j, wanted):
    first = lambda *point: grad(ufunc, i)(*point)
    assert grad(first, j)(*map(np.array, point)) == pytest.approx(wanted, 1e-8)


@pytest.mark.parametrize(("ufunc", "point"), [(sp.binom, (3.0, 5.0)), (sp.binom, (3.0, -1.0)), (sp.poch, (-1.0, 3.5)),
                                             (sp.poch, (-1.0, 0.5)), (sp.beta, (-1.5, 0.5)),
                                             (sp.binom, (-2.5, -1.0)), (sp.poch, (-0.7, -2.0)),
                                             (sp.eval_chebyt, (10.5, -0.75))])
def test_second_derivatives_at_zeros(ufunc, point):
    f = {sp.binom: mp.binomial, sp.poch: mp.rf, sp.beta: mp.beta, sp.eval_chebyt: mp.chebyt}[ufunc]
    for i in range(ufunc is sp.eval_chebyt, 2):
        for j in range(ufunc is sp.eval_chebyt, 2):
            orders = (int(i == 0) + int(j == 0), int(i == 1) + int(j == 1))
            with mp.workdps(40):
                wanted = float(mp.diff(f, tuple(map(mp.mpf, point)), orders))
            first = lambda *point, i=i: grad(ufunc, i)(*point)
            assert grad(first, j)(*map(np.array, point)) == pytest.approx(wanted, 1e-8)


def test_second_derivative_where_the_gradient_is_0():
    """The gradient of y by ∫ Y₀ is 0 at y = c, and its derivative is not."""
    c = sp.itj0y0(1.5)[1]
    assert hessian(lambda x: (sp.itj0y0(x)[1] - c) ** 2)(np.array(1.5)) == pytest.approx(2 * sp.y0(1.5) ** 2, 1e-6)


def test_nan_is_told_of():
    """SciPy's own functions, which the rules call, do not."""
    for f, x in ((lambda a: sp.beta(a, -2.0), 1.0), (lambda p: sp.powm1(-2.0, p), 2.0), (lambda x: sp.hyperu(-1.5, -1.0, x), 0.3),
                 (lambda v: sp.itairy(v)[0], 1e10), (lambda q: sp.mathieu_a(1, q), 1e7)):
        with pytest.warns(RuntimeWarning, match="invalid value"):
            assert np.isnan(grad(f)(x)), f
    # of what SciPy's functions in the rule would not end, or end the process
    with np.errstate(all="ignore"):
        assert np.isnan(grad(lambda t: sp.nctdtr(-1.0, 1.0, t))(1.0)) and np.isnan(grad(lambda q: sp.mathieu_b(INF, q))(1.0))


def test_of_no_elements():
    assert grad(lambda d: np.sum(sp.smirnov(np.zeros(0, int), d)))(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize(("ufunc", "args", "i"), [
    (sp.mathieu_a, ([[0], [2], [5]], [0.5, 1.5]), 1), (sp.mathieu_b, ([[1], [2], [5]], [0.5, 1.5]), 1),
    (sp.pro_cv, ([[[0]], [[1]]], [[1], [3], [4]], [0.5, 1.5]), 2), (sp.obl_cv, ([[[0]], [[1]]], [[1], [3], [4]], [0.5, 1.5]), 2),
    (sp.smirnov, ([[1], [4]], [0.3, 0.6]), 1)], ids=lambda a: getattr(a, "__name__", None))
def test_orders_in_a_table(ufunc, args, i):
    """Rules with an axis of their own keep it apart from those of the arguments."""
    args = list(map(np.array, args))
    weights = np.cos(np.arange(ufunc(*args).size)).reshape(ufunc(*args).shape)
    found = grad(lambda x: np.sum(ufunc(*args[:i], x) * weights))(args[i])
    table = np.vectorize(lambda *point: grad(lambda x: ufunc(*point[:i], x))(float(point[i])), otypes=[float])(*args)
    np.testing.assert_allclose(found, np.sum(table * weights, (0, 1)[:table.ndim - 1]), 1e-12)


def test_round_is_constant():
    assert type(sp.round(Variable(np.array(1.5)))) is not Variable


# -- what is in dezero_scipy.special

CALLS = {
    "logsumexp": [lambda f, x: f(x), lambda f, x: f(x, 1), lambda f, x: f(x, axis=(0, 1), b=x * x, keepdims=True)],
    "softmax": [lambda f, x: f(x)[0], lambda f, x: f(x, axis=1)[0]],
    "log_softmax": [lambda f, x: f(x)[0], lambda f, x: f(x, axis=1)[0]],
    "polygamma": [lambda f, x: f(2, x)], "zeta": [lambda f, x: f(2.5, x), lambda f, x: f(x), lambda f, x: f(-x)],
    "multigammaln": [lambda f, x: f(x[0, 1] + 2, 3)],
    "comb": [lambda f, x: f(x + 5, 2.5), lambda f, x: f(x, 5.0), lambda f, x: f(x + 5, 1.5, repetition=True),
             lambda f, x: f([5, 6, 7], x), lambda f, x: f(x, [2, 3, 0], repetition=True)],
    "perm": [lambda f, x: f(x + 5, 2.5), lambda f, x: f([5, 6, 7], x)],
    "factorial": [lambda f, x: f(x)], "sinc": [lambda f, x: f(x)],
    "jvp": [lambda f, x: f(1.5, x, 2), lambda f, x: f(np.array([0, 1, 2]), x)],
    "yvp": [lambda f, x: f(1, x)], "ivp": [lambda f, x: f(1, x, 3)],
    "kvp": [lambda f, x: f(1.5, x, 1)],
}


@pytest.mark.parametrize("name", CALLS)
def test_functions(name):
    x = np.array([[0.5, 1.2, 2.0], [0.7, 1.9, 3.0]])
    ours, theirs = getattr(special, name), getattr(sp, name)
    for call in CALLS[name]:
        np.testing.assert_allclose(call(ours, Variable(x)).data, call(theirs, x), 1e-12)
        g = grad(lambda x: np.sum(call(ours, x)))(x)
        for index in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[index] = 1e-5
            slope = (np.sum(call(theirs, x + step)) - np.sum(call(theirs, x - step))) / 2e-5
            assert g[index] == pytest.approx(slope, 1e-6, 1e-8)


@pytest.mark.parametrize("f", [sp.xlogy, sp.xlog1py, sp.powm1, sp.boxcox, sp.rel_entr, sp.kl_div, sp.huber])
def test_second_derivatives_where_one_operand_is_a_constant_that_was_dropped(f):
    """The rule compares it for its own gradient, which nobody wants."""
    a = np.array([1.0, 2.0])
    for g in (lambda x: f(np.full_like(x, 1.5), x), lambda x: f(x[::-1], np.full_like(x, 1.5)), lambda x: f(x[::-1], 1.5),
              lambda x: f(1.5, x[::-1])):
        found = hessian(lambda x: (g(x) ** 2).sum())(a)
        with using_config("keep_data", True):
            np.testing.assert_array_equal(found, hessian(lambda x: (g(x) ** 2).sum())(a))


def test_module_has_the_names_of_scipy():
    assert special.erf is sp.erf and {name for name in sp.__all__} <= set(dir(special))
    assert type(special.comb(5, 2, exact=True)) is int
    x = Variable(np.array([0.0, 2.0]))
    np.testing.assert_array_equal(special.comb(x, 0, repetition=True).data, [1, 1])
    np.testing.assert_array_equal(special.factorial([x[1], 3.0]).data, [2, 6])
    np.testing.assert_array_equal(special.jvp([0, 1], x).data, sp.jvp(np.array([0, 1]), x.data))
    assert special.logsumexp(np.array([-INF, -INF])) == -INF
    np.testing.assert_array_equal(grad(special.logsumexp)(np.array([-INF, 0.0])), [0, 1])
    np.testing.assert_array_equal(grad(special.logsumexp)(np.array([-INF, -INF])), [0, 0])
    for row, wanted in (([-INF, -INF], [0, 0]), ([INF, 0.0], [0, 0])):
        rows = np.array([[-INF, 0.0], row])
        np.testing.assert_array_equal(grad(lambda x: np.sum(special.logsumexp(x, 1)))(rows), [[0, 1], wanted])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("return_sign", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_logsumexp_as_scipy(axis, return_sign):
    """Bits apart, at the edges too: what is all -inf, NaN, near 0, empty, in single precision, of integers, with weights."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4))
    arrays = [x, x.astype("f4"), np.arange(12).reshape(3, 4), np.array([[-INF, -INF], [1, -INF]]), np.array([[INF, 0.0], [1, 2]]),
              np.array([[np.nan, 0.0], [1, 2]]), np.array([[0.0, -40.0]]), np.array([[0.0, 0.0, -40.0]]),
              np.array([[1000.0, 1000.0], [-1000.0, -1000.2]])]
    arrays += [np.zeros((0, 3)), np.zeros((3, 0))] if type(axis) is int else []     # of which SciPy takes one axis alone
    calls = [(a, None) for a in arrays] + [(x, b) for b in (2.0, x, x[0], np.array(0.5), x > 0)] + [(x.astype("f4"), 2.0), (0.5, x)]
    for a, b in calls:
        args = axis, b, True, return_sign
        with np.errstate(all="ignore"):
            found, wanted = special.logsumexp(Variable(np.asarray(a)), *args), sp.logsumexp(a, *args)
        for ours, theirs in zip(found, wanted) if return_sign else [(found, wanted)]:
            np.testing.assert_allclose(ours.data, theirs, 1e-6 if theirs.dtype == np.float32 else 1e-14)
            assert ours.dtype == theirs.dtype or a is arrays[2] and b is None
        if not return_sign and b is None and a is not arrays[2] and a.size:
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(special.log_softmax(Variable(a), axis).data, sp.log_softmax(a, axis), 1e-6)


@pytest.mark.parametrize("shapes", [((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), ()), ((2, 1), (3,))])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_logsumexp_of_weights_of_another_shape(axis, shapes):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=shapes[0]), rng.uniform(0.5, 2.0, shapes[1])
    ours = lambda a, b: np.sum(special.logsumexp(a, axis, b) ** 2)
    plain = lambda a, b: np.sum(np.log(np.sum(b * np.exp(a), axis)) ** 2)
    for i in range(2):
        np.testing.assert_allclose(grad(ours, i)(a, b), grad(plain, i)(a, b), 1e-12)
        np.testing.assert_allclose(hessian(ours, i)(a, b), hessian(plain, i)(a, b), 1e-10, 1e-12)


def test_signed_logsumexp():
    a, b = np.array([0.3, 0.7, -0.2]), np.array([1.0, -2.0, 0.5])
    y, sign = special.logsumexp(Variable(a), b=b, return_sign=True)
    assert sign.data == -1 and y.data == pytest.approx(np.log(-np.sum(b * np.exp(a))))
    plain = lambda a, b: np.log(-np.sum(b * np.exp(a)))
    for i in range(2):
        ours = lambda a, b: special.logsumexp(a, b=b, return_sign=True)[0]
        np.testing.assert_allclose(grad(ours, i)(a, b), grad(plain, i)(a, b), 1e-12)
        np.testing.assert_allclose(hessian(ours, i)(a, b), hessian(plain, i)(a, b), 1e-10, 1e-12)
    with pytest.raises(DTypeError, match="return_sign=True"):
        special.logsumexp(Variable(a + 1j), return_sign=True)


def test_lists_beside_variables():
    two, x = Variable(np.array(2.0)), Variable(np.array([2.0, 3.0]))
    for call, f in ((lambda m, x: m.comb([5, 6], x), sp.comb), (lambda m, x: m.perm([5, 6], x), sp.perm),
                    (lambda m, x: m.jvp([0, 1], x), sp.jvp), (lambda m, x: m.kvp([0, 1], x), sp.kvp)):
        np.testing.assert_allclose(call(special, x).data, call(sp, x.data), 1e-13)
    for name, args in (("factorial", ()), ("comb", (2,)), ("multigammaln", (2,)), ("zeta", ())):
        wanted = getattr(sp, name)(np.array([2.0, 3]), *args)
        np.testing.assert_allclose(getattr(special, name)([two, 3], *args).data, wanted, 1e-13)
    np.testing.assert_array_equal(special.comb([0, 3, 0], Variable(np.array([0.0, 0, 1])), repetition=True).data, [1, 1, 0])
    with pytest.raises(ValueError, match="order n = -1 of a Bessel function"):
        special.jvp(1, x, -1)


def test_what_is_refused():
    x = Variable(np.array(2.0))
    for call in (lambda: special.comb(x, 1, exact=True), lambda: special.factorial(x, True), lambda: special.perm(x, 1, True)):
        with pytest.raises(TypeError, match="integers|defaults"):
            call()
    with pytest.raises(GradientError, match="scipy.special.jv has no known derivative by v"):
        grad(lambda v: special.jv(v, 1.0))(np.array(2.0))
    with pytest.raises(GradientError, match="x ≥ 0: the first of SciPy's results is wrong"):
        sp.modfresnelp(Variable(np.array([1.0, -1.0])))
    with pytest.raises(GradientError, match="c ≥ 0: SciPy's value is wrong"):
        sp.pro_cv(1, 2, Variable(np.array(-1.0)))
    with pytest.raises(GradientError, match=r"lpmv of a Variable is for \|x\| ≤ 1, or whole degrees"):
        sp.lpmv(0, 2.5, Variable(np.array(3.5)))
    assert grad(lambda x: sp.lpmv(0, 2, x))(3.5) == pytest.approx(10.5)
    with pytest.raises(GradientError, match=r"itstruve0 of a Variable is for \|x\| ≤ 30"):
        sp.itstruve0(Variable(np.array([1.0, 30.5])))
    with pytest.raises(DTypeError, match="zeta of complex numbers has no known derivative"):
        special.zeta(Variable(np.array(2 + 1j)))
    with pytest.raises(GradientError, match="scipy.special.pro_rad2: SciPy's values are wrong"):
        sp.pro_rad2(1, 2, 4.0, Variable(np.array(1.1)))
    with pytest.raises(GradientError, match="n up to 10000, and n = 20000"):
        sp.smirnov(20000, Variable(np.array(0.1))).backward()
    with pytest.raises(ValueError, match="multigammaln"):
        special.multigammaln(x, 9)
    with pytest.raises(DTypeError, match="scipy.special.zeta of complex numbers has no known derivative"):
        special.zeta(Variable(np.array(2.0 + 1j)))
