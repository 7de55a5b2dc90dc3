"""The names of the package."""

import dezero


class TestNames:
    def test_public_names(self):
        for name in ("Variable Function Kernel hookimpl Config using_config no_grad as_array as_variable Add Mul Neg Sub Div "
                     "Pow Square add mul neg sub rsub div rdiv pow square errors plugins __version__").split():
            assert hasattr(dezero, name), name
        assert isinstance(dezero.__version__, str)
