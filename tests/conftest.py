"""The form under test, and seals: no test may leave the process other than it found it."""

import gc
import os
import random
import sys
import warnings
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# --import-mode=importlib keeps this folder off the path; the tests share the modules that lie here.
sys.path.append(str(Path(__file__).parent))
pytest.register_assert_rewrite("strategies", "refusals")

if os.environ.get("DEZERO_TEST_FORM") == "interpreted":
    os.environ["DEZERO_KERNELS"] = "numpy"      # meant, so that dezero does not warn of the compiled one that the unbuilt one hides

import dezero.engine.tape
from dezero import _kernels, config, plugins
from dezero.registry import registry
from sites import BESIDE

os.environ["DEZERO_DISABLE_PLUGINS"] = ",".join(BESIDE)     # the core is tested by itself
plugins.open_all()                              # lazy built-ins, before tests are made of what is registered

hypothesis.settings.register_profile(
    "dezero",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=int(os.environ.get("DEZERO_TEST_EXAMPLES", "40")),
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("dezero")


def form_in_use():
    """'compiled', 'numpy' (compiled engine, NumPy rules) or 'interpreted', as the process shows it."""
    if dezero.engine.tape.__file__.endswith(".py"):
        return "interpreted"
    return _kernels.IN_USE


FORM = os.environ.get("DEZERO_TEST_FORM") or form_in_use()


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "error")


def pytest_report_header():
    return f"dezero {dezero.__version__}: {form_in_use()} form, numpy {np.__version__}, {dezero.engine.tape.__file__}"


@pytest.fixture(scope="session", autouse=True)
def form():
    """The form that is really under test is the one that DEZERO_TEST_FORM names."""
    assert FORM in ("compiled", "numpy", "interpreted"), f"DEZERO_TEST_FORM={FORM!r}"
    assert form_in_use() == FORM
    assert _kernels.COMPILED == (FORM != "interpreted")
    assert _kernels.IN_USE == ("compiled" if FORM == "compiled" else "numpy")
    assert _kernels.REASON if FORM == "interpreted" else FORM == "numpy" or not _kernels.REASON
    return FORM


@pytest.fixture(scope="session", autouse=True)
def installed_packages_loaded():
    """What the first miss would load is loaded before the first seal is taken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plugins.load()


def process_state():
    frames, ops = config.modes.get(), registry.snapshot
    return {
        "modes": {} if frames is None else dict(frames.values),
        "defaults": dict(config.defaults),
        "ops": dict(ops.names),
        "operators": dict(ops.operators),
        "NumPy functions": dict(ops.functions),
        "constants": set(ops.constants),
        "errstate": np.geterr(),
        "errcall": np.geterrcall(),
        "collector": (gc.isenabled(), gc.get_threshold()),
        "interpreter": (sys.getrecursionlimit(), sys.getswitchinterval()),
    }


@pytest.fixture(autouse=True)
def sealed():
    random.seed(0)
    np.random.seed(0)
    before = process_state()
    yield
    after = process_state()
    changed = [key for key in before if before[key] != after[key]]
    if changed:
        config.modes.set(None)
        for name, value in before["defaults"].items():
            if config.defaults[name] != value:
                setattr(config.Config, name, value)
        np.seterr(**before["errstate"])
        gc.enable()
        pytest.fail(f"the test left the process changed: {', '.join(changed)}")


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def no_gc():
    """Garbage collector off: what dies, dies by reference counting alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
