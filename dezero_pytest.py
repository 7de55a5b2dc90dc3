"""The pytest plugin of dezero: each check of `dezero.testing`, on each op of a package, is a test of its own.

    @pytest.mark.dezero_ops("dezero-softsign")
    def test_contract(dezero_check):
        dezero_check()

Every run of pytest loads it where dezero is installed: it imports neither NumPy nor dezero until a test asks.
"""
import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "dezero_ops(*packages): the installed packages whose ops `dezero_check` runs over.")


def pytest_generate_tests(metafunc):
    if "dezero_check" not in metafunc.fixturenames:
        return
    packages = [package for mark in metafunc.definition.iter_markers("dezero_ops") for package in mark.args]
    if not packages:
        raise pytest.Collector.CollectError(f"{metafunc.definition.nodeid} takes dezero_check and does not say of which package: "
                                            'wanted @pytest.mark.dezero_ops("my-package")')
    from dezero.testing import checks_of, ops_of
    try:
        ops = [op for package in packages for op in ops_of(package)]
    except ValueError as error:
        raise pytest.Collector.CollectError(f"{metafunc.definition.nodeid}: {error}") from error
    metafunc.parametrize("dezero_check", [pytest.param(check, id=f"{op.name}-{name}")
                                          for op in ops for name, check in checks_of(op).items()])


@pytest.fixture
def dezero_isolated():
    """`dezero.plugins`; what a test registers, prefers or takes off there is undone after it."""
    from dezero import plugins
    with plugins.isolated():
        yield plugins
