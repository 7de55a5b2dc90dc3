import dezero.functions as F
import numpy as np
from dezero import Variable
from dezero.testing import check_op

from dezero_example_python import example_python


def test_contract():
    """Value, gradients, second order, broadcasting, dtypes, strides, kernel: all that dezero asks of an op."""
    check_op(example_python)


def test_installing_it_is_enough():
    x = Variable(np.array([0.0, 1.0]))
    y = F.example_python(x)
    y.backward()
    np.testing.assert_array_equal(y.data, [0.0, 0.5])
    np.testing.assert_array_equal(x.grad, [0.0, 0.5])
    np.testing.assert_array_equal(x.example_python().data, y.data)
