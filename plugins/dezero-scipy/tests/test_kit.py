"""The kit `dezero.testing`, on the ops of an author who wraps SciPy's functions."""
import numpy as np
import pytest
import scipy.special as sp
from dezero import Variable, errors, plugins, rule
from dezero import functions as F
from dezero.testing import check_op, checks_of


def check_dtypes(op):
    """Run the one check of an op that claims what an op of this package has."""
    with plugins.isolated():
        plugins.prefer(op.name, op.name)
        checks_of(op)["dtypes"]()


def wofz(forward, *also):
    """Return an op over `scipy.special.wofz`, which has no loop for float32."""
    op = rule(forward, *also, name="t_wofz", method=None)(lambda gy, y, z: gy * (2j / np.sqrt(np.pi) - 2 * z * y))

    @op.samples
    def samples(sample):
        sample(sample.array(2))
        sample(sample.array(2, dtype=complex))
    return op


@pytest.mark.parametrize("op", [wofz(sp.wofz), wofz(lambda z: sp.wofz(z), sp.wofz)], ids=["forward", "also"])
def test_a_result_may_be_as_wide_as_that_of_the_ufunc(op):
    assert sp.wofz(np.float32(1)).dtype == complex and sp.wofz(np.complex64(1)).dtype == np.complex64
    check_dtypes(op)


def test_a_result_may_be_as_wide_as_that_of_a_python_function():
    assert sp.lambertw(np.float32(1)).dtype == complex
    op = rule(sp.lambertw, name="t_lambertw", method=None)(lambda gy, y, z: gy * np.exp(-y) / (1 + y))
    op.samples(lambda sample: sample(sample.array(2, low=0.5, high=2.0)))
    check_op(op)


def test_an_op_of_a_python_function_is_called_by_its_own_names():
    op = rule(sp.zeta, name="t_zeta")(lambda gy, y, x, q: (None, -gy * x * op(x + 1, q)))
    x, q = Variable(np.array(2.0)), np.array(1.5)
    with plugins.isolated():
        plugins.register(op)
        assert op.numpy == () and F.t_zeta(x, q).data == x.t_zeta(q).data == op(x, q).data == sp.zeta(2.0, 1.5)
        with pytest.raises(errors.OpTypeError, match="scipy.special.zeta takes plain numbers"):
            sp.zeta(x, q)


def test_a_result_that_is_wider_than_that_of_the_ufunc_fails():
    op = rule(lambda x: sp.erf(x).astype(float), sp.erf, name="t_erf", method=None)(
        lambda gy, y, x: gy * 2 / np.sqrt(np.pi) * np.exp(-x * x))
    with pytest.raises(AssertionError, match="result 0 .* is float64, wanted float32, which scipy.special.erf gives"):
        check_dtypes(op)
