"""What an author tests ops with.

    from dezero.testing import check_op

    def test_softsign():
        check_op(Softsign)

`check_op` compares an op's values with the NumPy functions it claims, its derivatives with numeric ones, first and
second, on arrays and on Variables, and checks broadcasting, 0-d and empty data, strides, dtypes, that nothing is
written to or shared, its kernel against its Python methods, and that operators and NumPy functions reach it.  An op
with parameters, or of operands whose shapes depend on each other, says how it is called:

    class Sum(Function):
        @staticmethod
        def samples(sample):
            sample(sample.array(3, 4))
            sample(sample.array(3, 4), axis=0)

A parameter that no sample gives a value other than its default is a failure: nothing would tell whether the op is right
with one.

`check_grads` compares the derivatives of any function of Variables with numeric ones.  pytest runs each check on each
op of a package as a test of its own through the plugin `dezero_pytest`.
"""
from .grads import check_grads
from .op import CHECKS, check_op, checks_of, ops_of

__all__ = ["CHECKS", "check_grads", "check_op", "checks_of", "ops_of"]
