"""What dezero asks of an op, of each op of the package: values, gradients, second order, broadcasting, dtypes, strides."""
import pytest


@pytest.mark.dezero_ops("dezero-scipy")
def test_contract(dezero_check):
    dezero_check()
