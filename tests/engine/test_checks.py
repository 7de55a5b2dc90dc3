"""What may go into an op: operands that are no numbers, or that mean something else, are refused by every op."""

import decimal
import fractions

import numpy as np
import pytest
from strangers import Twice
from strategies import BINARY

import dezero
from dezero import Variable


class TestOperands:
    @pytest.mark.parametrize("op", BINARY, ids=repr)
    def test_fractions_become_floats_or_are_refused(self, op):
        x = Variable(np.array([2.0]))
        for args in [(x, fractions.Fraction(1, 2)), (fractions.Fraction(1, 2), x)]:
            try:
                y = op(*args)
            except TypeError:
                continue
            assert y.dtype == np.float64 and y.data == op(*[a.data.item() if isinstance(a, Variable) else float(a) for a in args])

    @pytest.mark.parametrize("op", BINARY, ids=repr)
    def test_decimals_are_refused(self, op):
        x = Variable(np.array([2.0]))
        for args in [(x, decimal.Decimal(2)), (decimal.Decimal(2), x)]:
            with pytest.raises(TypeError):
                op(*args)

    @pytest.mark.parametrize("op", BINARY, ids=repr)
    def test_object_and_text_arrays_are_refused(self, op):
        x = Variable(np.array([2.0]))
        for other in (np.array([fractions.Fraction(1, 2)]), np.array(["a"]), np.array([None])):
            for args in [(x, other), (other, x)]:
                with pytest.raises(TypeError):
                    op(*args)

    @pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
    @pytest.mark.parametrize("op", BINARY, ids=repr)
    def test_matrix_and_masked_operands_are_refused(self, op):
        x = Variable(np.array([[2.0]]))
        for other in (np.matrix([[2.0]]), np.ma.array([[2.0]], mask=[[False]])):
            for args in [(x, other), (other, x)]:
                with pytest.raises(TypeError):
                    op(*args)

    @pytest.mark.parametrize("op", BINARY, ids=repr)
    def test_array_likes_of_other_packages_are_refused(self, op):
        class Series:
            __array_priority__ = 1000

            def __array__(self, dtype=None, copy=None):
                return np.array([1.0])

        x = Variable(np.array([2.0]))
        with pytest.raises(TypeError):
            op(x, Series())
        with pytest.raises(TypeError):
            op(Series(), x)

    @pytest.mark.parametrize("bad", ["a", None, [1.0], {}, object(), np.array([None]), np.array("a")])
    def test_operands_that_are_no_values(self, bad):
        for call in (Twice(), Twice.apply):
            with pytest.raises(TypeError):
                call(bad)
        with pytest.raises(TypeError):
            dezero.Add()(Variable(np.array(1.0)), bad)
