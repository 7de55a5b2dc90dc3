"""Complex arguments: each ufunc that takes them has holomorphic derivatives of both orders, or says that it has none."""
import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp
from dezero import Variable, grad
from dezero.errors import DTypeError, GradientError
from test_special import OPS

UFUNCS = {name: getattr(sp, name) for name in OPS if isinstance(getattr(sp, name, None), np.ufunc)}
COMPLEX = {name: ufunc for name, ufunc in UFUNCS.items() if any([t.partition("->")[0][-1] == "D" for t in ufunc.types])}
SCALED = {"jve", "yve", "ive", "airye"}
"""Those scaled by a real number of the argument."""

REAL = {"eval_jacobi": (2.5, 0.5, 1.5), "eval_sh_jacobi": (2.5, 2.5, 1.5), "hyp2f1": (0.5, 1.5, 2.5), "hyp1f1": (0.5, 1.5),
        "eval_gegenbauer": (2.5, 1.5), "eval_genlaguerre": (2.5, 1.5)}
"""Arguments that are real alone, where there are several."""

POINT = np.array([0.7 + 0.4j, 0.6 - 0.3j, 1.1 + 0.2j, 0.8 + 0.6j])


def calls(name):
    """Return functions of one complex number: the ufunc by each of its complex arguments."""
    ufunc, kinds = COMPLEX[name], [t for t in COMPLEX[name].types if t.partition("->")[0][-1] == "D"][0].partition("->")[0]
    orders, count = REAL.get(name, (1.5,) * (len(kinds) - 1)), len(kinds)
    first = lambda ys: ys if not isinstance(ys, tuple) else sum([(k + 1) * y for k, y in enumerate(ys)])
    if kinds[0] != "D":
        return [lambda z: first(ufunc(*orders, z))]
    return [lambda z, i=i: first(ufunc(*POINT[1:i + 1], z, *POINT[i + 1:count])) for i in range(count)]


def derivatives(f, z, radius=0.05, count=24):
    """Return the first and second derivative of a holomorphic function: Cauchy's integral around a circle."""
    turns = np.exp(2j * np.pi * np.arange(count) / count)
    around = np.array([f(z + radius * turn) for turn in turns])
    return np.mean(around / turns) / radius, 2 * np.mean(around / turns ** 2) / radius ** 2


@pytest.mark.parametrize("name", sorted(set(COMPLEX) - SCALED))
def test_derivatives(name):
    z = complex(POINT[0])
    for f in calls(name):
        first, second = derivatives(f, z)
        slope = lambda z, f=f: grad(f, holomorphic=True)(z)
        assert slope(z) == pytest.approx(first, 1e-9, 1e-11)
        assert grad(slope, holomorphic=True)(z) == pytest.approx(second, 1e-8, 1e-9)
        x = Variable(np.array([z, z], np.complex64))
        y = f(x)
        y.backward(gradient=np.ones_like(y.data))
        assert x.grad.dtype == np.complex64
        np.testing.assert_allclose(np.conj(x.grad), [first, first], 1e-3)


@pytest.mark.parametrize("name", sorted(SCALED))
def test_what_is_not_holomorphic_is_refused(name):
    with pytest.raises(DTypeError, match=f"scipy.special.{name} of complex numbers is scaled by .* is not holomorphic"):
        COMPLEX[name](*[1.5] * (COMPLEX[name].nin - 1), Variable(np.array(1j)))


@pytest.mark.parametrize("name", sorted(set(UFUNCS) - set(COMPLEX)))
def test_what_is_real_alone_is_refused_by_name(name):
    with pytest.raises((TypeError, GradientError), match=name):
        getattr(sp, name)(*[0.5] * (getattr(sp, name).nin - 1), Variable(np.array(0.5 + 0.5j)))


def faddeeva(z):
    return mp.exp(-z * z) * mp.erfc(-1j * z)


FAR = [
    # a difference loses digits there
    (sp.wofz, faddeeva, (60.0, -60.0, 1e4 + 1j, 40 - 40j, -37 - 37j, 60 - 1j)),
    (sp.erfcx, lambda z: faddeeva(1j * z), (60j, -36 + 36.1j, -36 - 36.1j, 1e4 + 3j, 100 + 1j)),
    (sp.dawsn, lambda z: mp.sqrt(mp.pi) / 2 * mp.exp(-z * z) * mp.erfi(z),
     (60 + 1j, -60 + 1j, 60 - 2j, 37 + 36.9j, -37 - 36.9j, 1e4 + 1e-3j)),
    (lambda x: sp.modfresnelp(x)[1], lambda x: faddeeva(mp.expj(mp.pi / 4) * x) / 2, (0.0, 3.0, 52.0, 1e4)),
    (lambda x: sp.modfresnelm(x)[1], lambda x: mp.conj(faddeeva(mp.expj(mp.pi / 4) * mp.conj(x)) / 2), (0.0, 3.0, 52.0, 1e4)),
    (sp.psi, lambda z: mp.psi(0, z), (-20.5 + 0.1j, 0.1j, -3 + 40j)),
]


@pytest.mark.parametrize(("f", "oracle", "points"), FAR, ids=range(len(FAR)))
def test_far_as_mpmath(f, oracle, points):
    for z in points:
        with mp.workdps(40):
            wanted = complex(mp.diff(oracle, mp.mpc(z), h=mp.mpf(10) ** -15))
        z = Variable(np.array(z))
        y = f(z)
        y.real.backward()
        got = np.conj(z.grad)
        assert got == pytest.approx(wanted if z.dtype.kind == "c" else wanted.real, 1e-9, 1e-60)
