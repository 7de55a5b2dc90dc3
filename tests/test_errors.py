"""The family of errors is part of the contract: names, and what each can be caught as."""

import pickle

import pytest

from dezero import errors

FAMILY = {
    "DezeroError": (Exception,),
    "GraphError": ("DezeroError", RuntimeError),
    "GradientError": ("DezeroError", ValueError),
    "FirstOrderOnly": ("GradientError",),
    "DTypeError": ("DezeroError", TypeError),
    "OpNotFound": ("DezeroError",),
    "OpAttributeError": ("OpNotFound", AttributeError),
    "OpTypeError": ("OpNotFound", TypeError),
    "PluginError": ("DezeroError", RuntimeError),
    "OpConflict": ("PluginError",),
    "GraphCutWarning": (UserWarning,),
    "PluginWarning": (UserWarning,),
}


@pytest.mark.parametrize("name", FAMILY)
def test_bases(name):
    bases = tuple(getattr(errors, base) if isinstance(base, str) else base for base in FAMILY[name])
    assert getattr(errors, name).__bases__ == bases


def test_nothing_else_is_public():
    assert {name for name in vars(errors) if not name.startswith(("_", "@"))} == set(FAMILY)  # "@": pytest's own


@pytest.mark.parametrize("name", FAMILY)
def test_says_what_it_is_for_and_travels_between_processes(name):
    cls = getattr(errors, name)
    assert cls.__doc__
    again = pickle.loads(pickle.dumps(cls("who: what came; what was wanted")))
    assert type(again) is cls and str(again) == "who: what came; what was wanted"


class TestNames:
    def test_errors_derive_from_pythons(self):
        from dezero import errors

        for name, base in {
            "DezeroError": Exception, "GraphError": RuntimeError, "GradientError": ValueError, "DTypeError": TypeError,
            "FirstOrderOnly": errors.GradientError, "OpNotFound": Exception, "OpAttributeError": AttributeError,
            "OpTypeError": TypeError, "PluginError": RuntimeError, "OpConflict": errors.PluginError,
        }.items():
            error = getattr(errors, name)
            assert issubclass(error, base) and issubclass(error, errors.DezeroError)
        assert issubclass(errors.OpAttributeError, errors.OpNotFound)
        assert issubclass(errors.OpTypeError, errors.OpNotFound)
        assert issubclass(errors.PluginWarning, UserWarning)
