"""What README and docs/ show works as printed."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import dezero
import documents
import numpy as np
import pytest

from dezero import Variable, _kernels, plugins
from dezero.__main__ import COMMANDS
from dezero.testing import CHECKS
from sites import BESIDE

TOP = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(not (TOP / "README.md").exists(), reason="README.md and docs/ are in a checkout only")


DOCS = TOP / "docs"
PAGES = sorted([str(file.relative_to(TOP)) for file in DOCS.rglob("*.md") if "made" not in file.parts])

needs_packages = pytest.mark.skipif(not {"dezero-numpy", "dezero-scipy"} <= set(BESIDE), reason="they are not installed")


def section(heading):
    """The text of a section of README."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    return re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def blocks(text):
    return [code for _, kind, code in documents.fences(text) if kind == "python"]


def run(block, capsys, file="README.md"):
    """Run a block; every `print(...)   # text` in it prints that text."""
    names = {}
    with plugins.isolated():
        exec(compile(block, file, "exec"), names)
    wanted = re.findall(r"^print\(.*\)\s+# (.*)$", block, re.MULTILINE)
    assert wanted and capsys.readouterr().out.splitlines() == wanted
    return names


def test_the_site_is_built_of_a_compiled_dezero_alone(monkeypatch):
    class ConfigError(Exception):
        pass

    monkeypatch.setitem(sys.modules, "sphinx.errors", SimpleNamespace(ConfigError=ConfigError))
    monkeypatch.setitem(sys.modules, "sphinx", SimpleNamespace())
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setattr(_kernels, "IN_USE", "numpy")
    monkeypatch.setattr(_kernels, "REASON", "no compiler")
    with pytest.raises(ConfigError, match=r"dezero is not compiled here \(no compiler\).*Install it, `pip install .`"):
        runpy.run_path(DOCS / "conf.py")
    monkeypatch.setattr(_kernels, "IN_USE", "compiled")
    assert runpy.run_path(DOCS / "conf.py")["version"] == dezero.__version__


# ---- the pages of docs/: each in a process of its own, with the packages that other tests leave out ----------------------

def with_packages(arguments, folder):
    """Run Python in a folder, with installed packages of ops."""
    environ = {key: value for key, value in os.environ.items() if key != "DEZERO_DISABLE_PLUGINS"} | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-P", "-W", "error", *arguments], cwd=folder, env=environ, text=True, encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@needs_packages
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page(tmp_path, page):
    done = with_packages([documents.__file__, str(TOP / page)], tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("change, message", [
    (("print(1 + 1)    # 2", "print(1 + 1)    # 3"), "prints '2"),
    (("1 / 0           # ZeroDivisionError: division", "1 / 1           # ZeroDivisionError: division"), "raises nothing"),
    (("1 / 0           # ZeroDivisionError: division", "1 / 0           # ZeroDivisionError: multiplication"), "division by zero"),
    (("0\n1\n", "0\n2\n"), "printed was"),
    (("```text\n0\n1\n```\n", ""), "no block of text"),
])
def test_a_wrong_example_is_found(change, message):
    page = ("```python\nprint(1 + 1)    # 2\n1 / 0           # ZeroDivisionError: division\nfor i in range(2):\n    print(i)\n```\n"
            "```text\n0\n1\n```\n")
    documents.run(page, "page")
    assert change[0] in page
    with pytest.raises((AssertionError, ZeroDivisionError), match=re.escape(message)):
        documents.run(page.replace(*change), "page")


@pytest.mark.parametrize("row, message", [
    ("| a | `x + 1` | `x + 2` |", "Mismatch|not equal"),
    ("| a | `x + 1` → `3` | `x + 2` |", "not equal"),
    ("| a | `x + 1` → `ZeroDivisionError` | `x + 2` |", "raises nothing"),
    ("| a | `x / 0` → `TypeError` | `x + 2` |", "raises ZeroDivisionError"),
    ("| a | `x` |", "wanted three cells"),
])
def test_a_wrong_row_is_found(row, message):
    page = "```python\nx = 1\n```\n```python\nx = 1\n```\n"
    right = "| a | `x + 1` | `y = 2; x + y - 1` |\n| b | `x / 0` → `ZeroDivisionError` | `x` → `1` |\n"
    assert documents.run_tables(page + right, "page") == 2
    with pytest.raises(AssertionError, match=message):
        documents.run_tables(page + row, "page")


def names_of(text):
    """The dotted names of modules that a page names in code between words, such as dezero.grad, np.exp and F.erf."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL))
    dotted = r"(?<![\w./\"'-])((?:dezero|dezero_scipy|np|numpy|scipy|F)(?:\.[a-zA-Z]\w*)+)(?![\w/-])"
    return {name for span in spans for name in re.findall(dotted, span) if not name.endswith((".py", ".md", ".h"))}


def test_the_names_of_a_page():
    assert names_of("`np.exp(x)` and `dezero.plugins.prefer`, `F.erf`; `dezero/core.py`, `my_package.np.f`, `x.np.exp`") == {
        "np.exp", "dezero.plugins.prefer", "F.erf"}


@needs_packages
def test_pages_name_what_there_is(tmp_path):
    """A function that is gone is missed, in code between words too."""
    files = [TOP / "README.md", TOP / "plugins" / "README.md", *[TOP / page for page in PAGES if not page.endswith("CHANGELOG.md")]]
    named = {name for file in files for name in names_of(file.read_text(encoding="utf-8"))}
    named -= {"np.f", "F.name", "F.softsign"}                               # stand for others
    assert len(named) > 100
    program = ("import pkgutil, sys\n"
               "for name in sys.argv[1:]:\n"
               "    first, _, rest = name.partition('.')\n"
               "    try:\n"
               "        pkgutil.resolve_name({'np': 'numpy', 'F': 'dezero.functions'}.get(first, first) + '.' + rest)\n"
               "    except (AttributeError, ImportError):\n"
               "        print(name)\n")
    done = with_packages(["-c", program, *named], tmp_path)
    assert done.returncode == 0 and not done.stdout, done.stdout


def test_the_first_program(capsys):
    run(blocks((TOP / "README.md").read_text(encoding="utf-8"))[0], capsys)


def test_the_training_loop(capsys):
    block, = blocks(section("A training loop"))
    names = run(block, capsys)
    lines = [line for line in block.splitlines() if line and not line.startswith(("import", "from"))]
    assert len(lines) == 8
    assert names["w"].grad is None and type(names["w"].creator) is type(None)
    np.testing.assert_allclose(names["w"].data, [1.0, 2.0], rtol=1e-12)


@pytest.mark.parametrize("step", ["w = w - 0.1 * w.grad", "w -= 0.1 * w.grad"])
def test_what_is_no_step_of_a_training_loop(capsys, step):
    text = section("A training loop")
    block, = blocks(text)
    assert step in text.replace("`", "")
    broken = re.sub(r"w\.data -= .*", step, block)
    message = re.search(r'"(unsupported operand.*?)"', text, re.DOTALL)[1].replace("\n", " ")
    with pytest.raises(TypeError, match=re.escape(message)):
        exec(compile(broken, "README.md", "exec"), {})


def test_the_new_variable_has_no_gradient():
    w = held = Variable(np.ones(2))
    (w * w).sum().backward()
    w = w - 0.1 * w.grad
    (w * w).sum().backward()
    assert w is not held and w.grad is None and held.data.tolist() == [1, 1]
    (w * w).sum().backward(retain_grad=True)
    np.testing.assert_allclose(w.grad, 2 * w.data)


def test_the_reference_has_every_public_name():
    """Those of dezero itself, and of the modules whose names are called with a dot."""
    text = "".join([file.read_text(encoding="utf-8") for file in (DOCS / "reference").glob("*.md")])
    shown = {name.rpartition(".")[2] for name in re.findall(r"(?:auto\w+:: |`)([\w.]+)", text)}
    names = {name for name in dir(dezero) if not name.startswith("_") and callable(getattr(dezero, name))}
    assert {"grad", "Variable", "draw"} <= names
    assert (names | {"Config", "info", "bound", "release"} | set(plugins.__all__) | set(dezero.testing.__all__)) <= shown


def test_the_gotchas_begin_with_it():
    text = (TOP / "docs" / "gotchas.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert "w.data -= lr * w.grad\nw.cleargrad()" in "\n".join(lines[:14]) and "float * NoneType" in lines[2]


def test_complex_numbers(capsys):
    block, = blocks((TOP / "docs" / "complex.md").read_text(encoding="utf-8"))
    run(block, capsys)


def test_adding_an_op(capsys):
    run(blocks(section("Adding an op"))[0], capsys)


def test_the_programs_for_authors(capsys, tmp_path):
    """Those of plugins/README.md that are whole; its commands are run by test_examples.py."""
    text = (TOP / "plugins" / "README.md").read_text(encoding="utf-8")
    whole = [block for block in blocks(text) if "import" in block]
    assert len(whole) == 4 and len(blocks(text)) == 5        # the other one lists what a Kernel is made of
    for i, block in enumerate(whole):
        file = tmp_path / f"program_{i}.py"
        file.write_text(block, encoding="utf-8")
        run(block, capsys, str(file))


def test_how_many_tests_an_author_is_shown():
    """A new check of the kit is one more; the commands themselves run only where there are wheels."""
    assert f"\n{len(CHECKS) + 1} passed\ndezero_softsign-" in (TOP / "plugins" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["README.md", *PAGES, "plugins/README.md",
                                  "plugins/dezero-numpy/README.md", "plugins/dezero-scipy/README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"])
def test_links_lead_somewhere(path):
    file = TOP / path
    for link in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", file.read_text(encoding="utf-8")):
        assert (file.parent / link).exists() or "made/" in link, link       # Sphinx makes the pages in made/, and checks links to them


@pytest.mark.parametrize("path", [".github/CONTRIBUTING.md", ".github/SECURITY.md"])
def test_tables_of_commands_name_what_there_is(path):
    text = (TOP / path).read_text(encoding="utf-8")
    spans = re.findall(r"`([^`]+)`", text)
    code = " ".join(spans)
    commands = [found[1] for span in spans if (found := re.match(r"(?:\.venv/bin/)?dezero ([a-z]+)", span))]
    assert len(commands) > 3 and set(commands) <= set(COMMANDS)
    source = "".join([file.read_text(encoding="utf-8") for folder in ("dezero", "tests") for file in (TOP / folder).rglob("*.py")])
    assert all(name in source for name in re.findall(r"DEZERO_\w+", code))
    assert all((TOP / file).exists() for file in re.findall(r"(?:tests|benchmarks|\.ci)/[\w/.]+", code))


def test_nothing_asks_the_index_for_dezero():
    for path in ("README.md", "docs/gotchas.md", *[f"plugins/dezero-{name}/README.md" for name in ("example-python", "example-cython", "numpy")]):
        text = (TOP / path).read_text(encoding="utf-8")
        assert not re.search(r"pip install (-\S+ )*dezero", text) and "pypi.org/project/dezero" not in text
    assert "auditwheel" in (TOP / "plugins" / "README.md").read_text(encoding="utf-8")
