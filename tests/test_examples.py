"""The packages in plugins/ are what `dezero new` writes, and what plugins/README.md says is so."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from dezero.commands import _template, new

PLUGINS = Path(__file__).parents[1] / "plugins"
WHEELS = os.environ.get("DEZERO_TEST_WHEELS")

pytestmark = pytest.mark.skipif(not PLUGINS.is_dir(), reason="plugins/ is in a checkout only")
with_wheels = pytest.mark.skipif(not WHEELS, reason="DEZERO_TEST_WHEELS names the folder with dezero's wheel")


def written(name, kernel):
    module = new.module_of(name)
    op = name.removeprefix("dezero-").replace("-", "_")
    words = {"DIST": name, "MODULE": module, "OP": op, "CLASS": op.title().replace("_", ""), **new.versions()}
    return _template.files(words, kernel)


def test_the_cython_example_is_what_new_writes():
    folder = PLUGINS / "dezero-example-cython"
    files = written("dezero-example-cython", "cython")
    for path, text in files.items():
        assert (folder / path).read_text(encoding="utf-8") == text, path
    sources = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix in (".py", ".pyx", ".toml", ".md")}
    assert sources <= set(files)


def test_the_python_example_is_what_new_writes_and_more():
    folder = PLUGINS / "dezero-example-python"
    for path, text in written("dezero-example-python", "none").items():
        lines = iter((folder / path).read_text(encoding="utf-8").splitlines())
        for line in text.splitlines():
            assert line in lines, f"{path}: {line!r} is missing, or in another place"


# What tests and tools of dezero-numpy look into, its rules do not.
OURS = sorted({*PLUGINS.rglob("src/**/*.py"), *PLUGINS.glob("dezero-example-*/**/*.py")})


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.name)
def test_the_packages_use_the_public_contract_alone(path):
    found = re.findall(r"^\s*(?:from|import)\s+(dezero(?:\.\w+)*)(?:\s+import\s+(.+))?", path.read_text(encoding="utf-8"), re.MULTILINE)
    for module, names in found:
        assert module in ("dezero", "dezero.functions", "dezero.numpy", "dezero.testing"), f"{path.name} imports {module}"
        assert "_" not in names.replace("check_op", "").replace("check_grads", ""), f"{path.name} imports {names}"


# -- with wheels: in environments that have nothing else


@pytest.fixture
def environment(tmp_path):
    """Runs commands in an empty virtual environment, where pip finds dezero's wheel."""
    venv.create(tmp_path / ".venv", with_pip=True)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DEZERO_", "PYTEST"))}
    environ = {**kept, "PATH": f"{tmp_path / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}", "VIRTUAL_ENV": str(tmp_path / ".venv"),
               "PIP_FIND_LINKS": str(Path(WHEELS).resolve()), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONIOENCODING": "utf-8"}

    def run(command, cwd=tmp_path):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=cwd, env=environ, text=True, encoding="utf-8",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@with_wheels
@pytest.mark.parametrize("name", ["dezero-example-python", "dezero-example-cython"])
def test_the_examples_in_an_empty_environment(environment, tmp_path, name):
    """Built in isolation, installed as a wheel, tested outside of the source tree."""
    shutil.copytree(PLUGINS / name, tmp_path / "source")
    environment("pip install -q build && python -m build --wheel -o dist source")
    environment("pip install -q dist/*.whl pytest && pip uninstall -q -y build")
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree(tmp_path / "source" / "tests", tmp_path / "elsewhere" / "tests")
    shutil.copy(tmp_path / "source" / "pyproject.toml", tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "source")
    assert " passed" in environment("pytest -q", tmp_path / "elsewhere")
    assert "ops passed" in environment(f"dezero check {name}")
    if name.endswith("cython"):
        assert re.search(r"example_cython .* compiled ", environment("dezero ops"))


@with_wheels
def test_the_readme_for_authors(environment):
    """Every command of plugins/README.md, in order, and every output that it shows."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", (PLUGINS / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    commands = [text for kind, text in blocks if kind == "sh"]
    out = environment("\n".join(commands).replace("python -m venv", f"{sys.executable} -m venv"))
    at = 0
    for text in (text for kind, text in blocks if kind == "text"):
        for line in text.splitlines():
            assert line in out[at:], f"{line!r} is not in the output after character {at}:\n{out}"
            at = out.index(line, at) + len(line)
