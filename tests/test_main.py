"""The command line: what it prints, where, and with which exit code."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sites import Site, op_module

import dezero
from dezero import _kernels
from dezero._progress import progress, say
from dezero.__main__ import COMMANDS, main
from dezero.commands import _op, demo, new, ops
from dezero.commands._output import good_or_bad, print_table, wrapped
from dezero.registry import registry

BROKEN = {"a": "no_such_module"}


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


# -- all commands


def test_without_a_command_and_with_an_unknown_one(site):
    for arguments in ((), ("nope",)):
        done = site.dezero(*arguments)
        assert done.returncode == 2 and "usage: dezero" in done.stderr and done.stdout == ""


def test_help_teaches(site):
    done = site.dezero("--help")
    assert done.returncode == 0 and all(f"    {name} " in done.stdout for name in COMMANDS)
    for command in COMMANDS:
        done = site.dezero(command, "--help")
        assert done.returncode == 0 and len(done.stdout) > 200 and "usage: dezero " + command in done.stdout
    assert "DEZERO_DISABLE_PLUGINS" in site.dezero("plugins", "--help").stdout


def test_version(site):
    assert site.dezero("--version").stdout == f"dezero {dezero.__version__}\n"


@pytest.mark.parametrize("command", ["ops", "info", "plugins"])
@pytest.mark.parametrize("json_", [False, True])
def test_listing_survives_whatever_is_installed(site, command, json_):
    site.good().add("plug", BROKEN).add("exits", {"x": "exits"}, {"exits.py": "import sys; sys.exit(3)"})
    site.add("loud", {"l": "loud"}, {"loud.py": "import os, warnings\nprint('LOUD')\nos.write(1, b'LOUDER')\n"
                                     "warnings.warn('noise')\n" + op_module("loud_op")})
    for environ in ({}, {"DEZERO_STRICT_PLUGINS": "1"}, {"PYTHONWARNINGS": "error"},
                    {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}):
        done = site.dezero(command, *["--json"] * json_, **environ)
        assert done.returncode == 0, done.stderr
        assert "LOUD" not in done.stdout and "LOUD" in done.stderr and "LOUDER" in done.stderr
        assert done.stderr.count("not loaded: ") >= 2 and "Traceback" not in done.stderr
        if json_:
            json.loads(done.stdout)


def test_a_closed_pipe(site):
    site.good()
    path = os.pathsep.join([str(site.folder), str(Path(dezero.__file__).parents[1])])
    process = subprocess.Popen([sys.executable, "-P", "-m", "dezero", "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**os.environ, "PYTHONPATH": path})
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(30)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes the streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["demo", "info", "ops --json", "plugins", "check mul", "check nope", "new a/b", "--help", ""])
def test_closed_streams(site, command, closed):
    """A daemon, cron, pythonw: Python gives None for what is closed."""
    site.good().add("loud", {"l": "loud"}, {"loud.py": "import os\nprint('LOUD')\nos.write(2, b'LOUDER')\n" + op_module("loud_op")})
    done = site.start(["sh", "-c", f'"{sys.executable}" -m dezero {command} {closed}'], 60, {})
    assert done.returncode == {"check nope": 2, "new a/b": 2, "": 2}.get(command, 0) and "Traceback" not in done.stderr + done.stdout
    assert closed != "2>&-" or bool(done.stdout) is (done.returncode == 0)


def test_a_stream_that_the_program_closed(monkeypatch):
    with open(os.devnull, "w") as stream:
        pass
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["info"]) == 0 and sys.stdout is stream


def test_main_in_process(capfd):
    assert main(["ops"]) == 0
    assert "numpy.multiply" in capfd.readouterr().out
    with pytest.raises(SystemExit):
        main(["nope"])


# -- ops


def test_ops_as_json(site):
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("claimer", ("__matmul__",), "(np.hypot,)")}, version="3.1")
    rows = {row["name"]: row for row in json.loads(site.dezero("ops", "--json").stdout)}
    assert set(registry.snapshot.names) <= set(rows)
    row = rows["claimer"]
    assert row == {"name": "claimer", "operators": ["__matmul__"], "numpy": ["numpy.hypot"], "order": "checked",
                   "kernel": "numpy", "package": "plug", "version": "3.1", "plugin": "plug:p",
                   "file": str(site.folder / "plug.py"), "line": 6}
    assert (site.folder / "plug.py").read_text().splitlines()[5].startswith("class Claimer")
    mul = rows["mul"]
    assert (mul["operators"], mul["numpy"], mul["package"], mul["version"]) == (
        ["__mul__"], ["numpy.multiply"], "dezero", dezero.__version__)
    assert mul["kernel"] == _kernels.IN_USE and Path(mul["file"]).name == "mul.py"


def test_ops_as_a_table(site):
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("claimer", ("__matmul__",), "(np.hypot,)")})
    lines = site.dezero("ops").stdout.splitlines()
    assert lines[0].split() == ["NAME", "OPERATORS", "NUMPY", "ORDER", "KERNEL", "PACKAGE", "FILE"]
    row, = [line for line in lines if line.startswith("claimer ")]
    assert row.split() == ["claimer", "@", "numpy.hypot", "checked", "numpy", "plug", "1.0", "plug.py:6"]


# -- ops NAME


def test_one_op(site):
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("claimer", ("__matmul__",), "(np.hypot,)")}, version="3.1")
    for name in ("mul", "numpy.multiply", "np.multiply", "*", "__mul__"):
        done = site.dezero("ops", name)
        assert done.returncode == 0 and done.stdout.startswith(f"op         mul, of dezero {dezero.__version__}\ncall       F.mul(x1, x2)\n"), name
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100 and "file       dezero/ops/mul.py:7" in lines and "y = x0 · x1;   ∂y/∂x0 = x1,   ∂y/∂x1 = x0" in lines
    assert "derivatives: as the contract wants them" in lines and lines[-8].split() == "ARGUMENT INDEX AT BY ITS RULE FROM VALUES".split()
    assert all(line.split()[-1] == line.split()[-2] for line in lines[-6:])
    wrong = site.dezero("ops", "claimer")
    assert wrong.returncode == 0 and "op         claimer, of plug 3.1\n" in wrong.stdout and "derivatives: FAILED: Claimer" in wrong.stdout


def test_one_op_as_json(site):
    one = json.loads(site.dezero("ops", "sum", "--json").stdout)
    row = next(row for row in json.loads(site.dezero("ops", "--json").stdout) if row["name"] == "sum")
    assert row.items() <= one.items() and one["doc"].startswith("y = Σ x over the axes") and one["method"] == "sum"
    assert one["check"]["passed"] and {derivative["rule"] for derivative in one["check"]["derivatives"]} == {1.0}


def test_a_constant_is_told_as_such(site):
    for name in ("np.sign", "numpy.argmax"):
        done = site.dezero("ops", name)
        assert done.returncode == 0 and done.stderr == ""
        assert done.stdout.startswith(name.replace("np.", "numpy.") + " is constant: answered on")
    assert json.loads(site.dezero("ops", "np.argmax", "--json").stdout) == {"name": "numpy.argmax", "constant": True}


def test_an_op_is_found_by_its_module():
    assert _op.find("dezero.ops.mul.Mul") == _op.find("mul") != [] and _op.find("dezero.ops.mul.mul") == []


def test_a_function_that_is_no_op_is_shown_as_its_package_covers_it(monkeypatch, capfd):
    covered = {"part": {"T": "twin: plug.T", "unique": "refused: why; what to write"}}
    monkeypatch.setattr(ops, "coverage", lambda: [{"package": "plug", "version": "3.1", "covered": covered}])
    for name in ("part.T", "plug.T"):
        assert main(["ops", name]) == 0 and capfd.readouterr().out == "part.T (plug): twin: plug.T\n"
    assert main(["ops", "part.unique", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == [{"name": "part.unique", "package": "plug", "said": "refused: why; what to write"}]
    assert main(["ops", "part.unique", "--coverage"]) == main(["ops", "unique"]) == 2


def test_an_op_that_is_not_there(site):
    for arguments, words in ((("mull",), "no op 'mull'; did you mean 'mul'?"), (("mul", "--coverage"), "do not go together")):
        done = site.dezero("ops", *arguments)
        assert done.returncode == 2 and words in done.stderr and done.stdout == ""


# -- colours and progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("environ, is_colored", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)])
def test_colours_are_for_terminals(monkeypatch, capfd, environ, is_colored):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    print_table(("A", "B"), [("x", "y")])
    assert capfd.readouterr().out == "A  B\n-  -\nx  y\n" and good_or_bad(True, "ok") == "ok"
    monkeypatch.setattr(sys, "stdout", Terminal())
    print_table(("A", "B"), [("x", "y")])
    assert sys.stdout.getvalue() == ("\033[1mA  B\033[0m\n-  -\nx  y\n" if is_colored else "A  B\n-  -\nx  y\n")
    assert good_or_bad(False, "no") == ("\033[31mno\033[0m" if is_colored else "no")


def test_progress_is_for_terminals(monkeypatch, capsys):
    class Bar(list):
        def __init__(self, items, what, file, leave):
            super().__init__(items)
            seen.append((what, file is sys.stderr, leave))

        def external_write_mode(self):
            """As tqdm has it."""

        def write(self, text, file):
            file.write(f"above: {text}\n")

    seen, items = [], [1, 2, 3]
    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace(tqdm=Bar))
    assert progress(items, "work") is items and seen == []
    say(items, "plain")
    monkeypatch.setattr(sys, "stderr", Terminal())
    bar = progress(items, "work")
    assert list(bar) == items and seen == [("work", True, False)]
    say(bar, "one")
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert progress(items, "work") is items
    monkeypatch.setattr(sys, "stderr", None)
    assert progress(items, "work") is items
    assert capsys.readouterr().out == "plain\nabove: one\n"


# -- ops --coverage

COVERED = """
print("LOUD")
COVERAGE = {"numpy": {"exp": "rule", "sin": "rule", "unique": "refused: its shape depends on the data; x.data"},
            "ndarray": {"T": "core"}}
"""


def test_coverage(site):
    modules = {"plug.py": op_module("one") + 'COVERAGE = "plug_covered"\n', "plug_covered.py": COVERED}
    site.add("plug", {"p": "plug"}, modules, version="3.1")
    done = site.dezero("ops", "--coverage", "--json")
    assert done.returncode == 0 and "LOUD" in done.stderr
    row = next(row for row in json.loads(done.stdout) if row["package"] == "plug")
    assert row["version"] == "3.1" and row["covered"]["ndarray"] == {"T": "core"} and row["covered"]["numpy"]["exp"] == "rule"
    text = site.dezero("ops", "--coverage").stdout
    head, _, first, second = text[text.index("plug 3.1"):].splitlines()[2:6]
    assert (head.split(), first.split(), second.split()) == (
        ["PART", "RULE", "REFUSED", "CORE"], ["numpy", "2", "1"], ["ndarray", "1"])
    assert "numpy, rule:\n  exp sin\n" in text and "numpy, refused: its shape depends on the data; x.data:\n  unique\n" in text


def test_coverage_costs_nothing_until_it_is_asked_for(site):
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("one") + 'COVERAGE = "plug_covered"\n', "plug_covered.py": "1 / 0"})
    assert site.run("import dezero.functions as F; F.one").returncode == 0
    assert "ZeroDivisionError" not in site.dezero("ops").stderr


@pytest.mark.parametrize("said, what", [
    ('"no_such_module"', "no_such_module"), ("3", "the name of a module"), ('"exits"', "SystemExit"), ('"wrong"', "{part: {name"),
    ('"empty"', "COVERAGE")])
def test_a_coverage_that_is_none(site, said, what):
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("one") + f"COVERAGE = {said}\n", "exits.py": "import sys; sys.exit(3)",
                                     "wrong.py": "COVERAGE = {'numpy': ['exp']}", "empty.py": ""})
    done = site.dezero("ops", "--coverage", "--json")
    assert done.returncode == 0 and "plug" not in [row["package"] for row in json.loads(done.stdout)]
    assert "warning: COVERAGE of plug:p: " in done.stderr and what in done.stderr and "Traceback" not in done.stderr


def test_no_wrapped_line_begins_with_a_blank():
    assert wrapped("a" * 9 + " b", 9) == ["a" * 9, "b"]


# -- claims

RULES = """
import numpy as np
from dezero import hookimpl, rule

def shift(x, by):
    return x + by

@rule(np.linalg.solve, name="linalg.solve", operators=("__matmul__",), attribute="S")
def solve(gy, y, a, b):
    return None, gy

@rule(np.sinc, (np.maximum, "reduce"), "late_lib.special.half", method=shift)
def sinc(gy, y, x):
    return gy

@rule(np.i0, method=None)
def i0(gy, y, x):
    return gy

def stacked(xs):
    return xs[0]

print("LOUD")

@hookimpl
def dezero_register_ops(register):
    register(solve)
    register(sinc)
    register(i0)
    register.function(stacked, (np.vstack,), method="stack_of")
    register.constant(np.nanargmax)
"""

SAME = """
import numpy as np
from dezero import hookimpl, rule

@rule(np.{function}, name={name!r}, method=None)
def op(gy, y, x):
    return gy

@hookimpl
def dezero_register_ops(register):
    register(op)
"""

CLAIMED = {
    "linalg.solve": {"numpy": ["numpy.linalg.solve"], "operators": ["__matmul__"], "attribute": "S"},
    "sinc": {"numpy": ["numpy.sinc", "numpy.maximum.reduce", "late_lib.special.half"], "method": "rules_mod.shift"},
    "i0": {"numpy": ["numpy.i0"], "method": None},
    "stacked": {"numpy": ["numpy.vstack"], "method": "stack_of", "function": True},
    "numpy.nanargmax": {"constant": True},
}


@pytest.fixture
def rules(site):
    return site.add("plug", {"p": "plug"}, {
        "rules_mod.py": RULES, "more_mod.py": op_module("more"),
        "plug.py": "from dezero import hookimpl\nfrom table import CLAIMS\n@hookimpl\ndef dezero_register_ops(register):\n"
                   "    for module, table in CLAIMS.items():\n        register.lazy(module, table)\n"})


def test_claims_are_written_and_compared(rules):
    file = rules.folder / "table.py"
    done = rules.dezero("claims", "rules_mod", "more_mod", "-o", "table.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "table.py\n", "LOUD\n")
    text = file.read_text(encoding="utf-8")
    scope = {}
    exec(text, scope)
    assert scope["CLAIMS"] == {"rules_mod": CLAIMED, "more_mod": {"more": {}}}
    assert list(scope["CLAIMS"]["rules_mod"]) == list(CLAIMED) and max(map(len, text.splitlines())) <= 132
    done = rules.dezero("claims", "rules_mod", "more_mod", "-o", "table.py", "--check")
    assert (done.returncode, done.stdout) == (0, "")
    (rules.folder / "rules_mod.py").write_text(RULES.replace("np.i0", "np.unwrap"))
    done = rules.dezero("claims", "rules_mod", "more_mod", "-o", "table.py", "--check")
    assert done.returncode == 1 and "-        'i0': {'numpy': ['numpy.i0'], 'method': None}," in done.stdout
    assert "+        'i0': {'numpy': ['numpy.unwrap'], 'method': None}," in done.stdout and file.read_text(encoding="utf-8") == text
    assert rules.dezero("claims", "rules_mod", "-o", "other.py", "--check").returncode == 1 and not (rules.folder / "other.py").exists()


def test_what_is_written_works(rules):
    rules.dezero("claims", "rules_mod", "more_mod", "-o", "table.py")
    done = rules.run("""
        import sys, dezero, numpy as np
        import dezero.functions as F
        x = dezero.Variable(np.array(2.0))
        assert np.i0(x).data == np.i0(2.0) and x.sinc(3.0).data == 5 and F.stacked([x]) is x and "more_mod" not in sys.modules
        assert x.more().data == 4 and dezero.plugins.failures == ()
        """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "LOUD\n", "")


@pytest.mark.parametrize("module, text, words", [
    ("no_such_mod", "", "'no_such_mod' cannot be read: ModuleNotFoundError"), ("bad", "1 / 0", "'bad' cannot be read: ZeroDivisionError"),
    ("bad", "import sys; sys.exit(0)", "'bad' cannot be read: SystemExit"), ("bad", "x = 1", "has no hook"),
    ("bad", RULES.replace("np.i0,", "np.frompyfunc(abs, 1, 1),"), "op 'i0' claims abs (vectorized), which no dotted name leads to"),
    ("bad", SAME.format(name="other_i0", function="i0"), "op 'other_i0' (plugin 'bad' of this process, "),
    ("bad", SAME.format(name="other_i0", function="i0"), " claims the NumPy function numpy.i0, which is taken by op 'i0' (plugin 'rules_mod' of "),
    ("bad", SAME.format(name="i0", function="unwrap"), " claims the name 'i0', which is taken by op 'i0' (plugin 'rules_mod' of "),
    ("bad", SAME.format(name="linalg", function="unwrap"), " claims the name 'linalg', which is taken by op 'linalg.solve' (plugin 'rules_mod'"),
    ("bad", SAME.format(name="twice", function="unwrap") + "    register(op)\n", "claims the name 'twice', which is taken by op 'twice' (plugin 'bad'"),
    ("plug", "", "plug claims lazily itself"),
])
def test_claims_that_cannot_be_written_leave_the_file(rules, module, text, words):
    file = rules.folder / "table.py"
    before = "CLAIMS = {'rules_mod': {'i0': {}}}\n"
    file.write_text(before)
    (rules.folder / "bad.py").write_text(text)
    done = rules.dezero("claims", "rules_mod", module, "-o", "table.py")
    assert done.returncode == 1 and done.stdout == "" and "dezero claims: " in done.stderr and words in done.stderr
    assert "Traceback" not in done.stderr and file.read_text() == before
    assert not [path for path in rules.folder.iterdir() if path.name.startswith(".dezero-claims-")]


def test_claims_in_a_folder_that_is_not_there(rules):
    done = rules.dezero("claims", "rules_mod", "-o", "nowhere/table.py")
    assert done.returncode == 1 and "dezero claims: FileNotFoundError" in done.stderr and "Traceback" not in done.stderr


def test_lazy_ops_in_the_other_commands(rules):
    rules.dezero("claims", "rules_mod", "more_mod", "-o", "table.py")
    rows = {row["name"]: row for row in json.loads(rules.dezero("ops", "--json").stdout)}
    assert rows["sinc"]["numpy"] == ["numpy.sinc", "numpy.maximum.reduce", "late_lib.special.half"]
    assert rows["linalg.solve"]["operators"] == ["__matmul__"] and rows["linalg.solve"]["file"].endswith("rules_mod.py")
    assert RULES.splitlines()[rows["linalg.solve"]["line"] - 1].startswith("@rule(np.linalg.solve")
    assert (rows["stacked"]["kernel"], rows["sinc"]["kernel"], rows["stacked"]["package"]) == ("composite", "numpy", "plug")
    assert "composite" in rules.dezero("ops").stdout
    done = rules.dezero("plugins")
    assert "linalg.solve sinc i0 stacked more" in " ".join(done.stdout.split()) and "LOUD" not in done.stderr
    done = rules.dezero("check", "more")
    assert done.returncode == 0 and done.stdout.splitlines()[0] == "ok      more"
    (rules.folder / "more_mod.py").write_text("1 / 0")
    done = rules.dezero("ops")
    assert done.returncode == 0 and "warning: more_mod, which plug 1.0 imports" in done.stderr and "more" in done.stdout
    done = rules.dezero("check", "stacked")
    assert done.returncode == 2
    done = rules.dezero("check", "plug")
    assert done.returncode == 1 and "FAILED  plug was not loaded: ZeroDivisionError" in done.stdout


# -- plugins


def test_plugins(site):
    site.good().add("plug", BROKEN).add("off", {"o": "off_mod"}, {"off_mod.py": "1/0"})
    done = site.dezero("plugins", "--json", DEZERO_DISABLE_PLUGINS="off")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert {"zz-good:good", "plug:a", "off:o"} <= set(rows)
    good, plug, off = rows["zz-good:good"], rows["plug:a"], rows["off:o"]
    assert (good["status"], good["distribution"], good["version"], good["entry"], good["ops"]) == (
        "active", "zz-good", "1.0", "good", ["good_op"])
    assert good["reason"] == ""
    assert plug["status"] == "failed" and "no_such_module" in plug["reason"]
    assert off["status"] == "disabled" and "DEZERO_DISABLE_PLUGINS" in off["reason"]
    text = site.dezero("plugins", DEZERO_DISABLE_PLUGINS="off").stdout
    assert "plug:a is failed: ModuleNotFoundError" in text and "good_op" in text and "dezero.ops.add" not in text
    assert "dezero.ops.add" in site.dezero("plugins", "--all").stdout


def test_plugins_never_prints_escapes(site):
    site.add("plug", entry_points="[dezero]\na\x1b[31mb = nope\n")
    done = site.dezero("plugins")
    assert "\x1b" not in done.stdout + done.stderr and r"a\x1b[31mb" in done.stdout


def test_plugins_tells_what_is_contested(site):
    site.add("aa", {"a": "aa"}, {"aa.py": op_module("one", ("__matmul__",), "(np.hypot,)")})
    site.add("bb", {"b": "bb"}, {"bb.py": op_module("one", ("__matmul__",), "(np.arctan2,)")})
    text = " ".join(site.dezero("plugins").stdout.split())              # lines are wrapped
    assert "(one: another op has the name)" in text and text.count("which is taken by") == 2
    assert "bb:b is active, but op 'one' (bb 1.0, " in text and "aa:a is active, but" not in text
    rows = [row for row in json.loads(site.dezero("ops", "--json").stdout) if row["package"] in ("aa", "bb")]
    assert [(row["name"], row["operators"], row["numpy"], row["package"]) for row in rows] == [
        ("one", ["__matmul__"], ["numpy.hypot"], "aa"), ("", [], ["numpy.arctan2"], "bb")]


# -- info


def test_info(site):
    site.good().add("plug", BROKEN)
    facts = json.loads(site.dezero("info", "--json").stdout)
    assert facts["dezero"] == dezero.__version__ and facts["numpy"] == np.__version__
    assert facts["python"] == sys.version.split()[0]
    assert facts["compiled"] is (_kernels.IN_USE == "compiled") and bool(facts["reason"]) is not facts["compiled"]
    assert facts["plugins"]["active"] >= 1 and facts["plugins"]["failed"] >= 1
    text = site.dezero("info").stdout
    assert facts["numpy"] in text
    assert "in use\n" in text if facts["compiled"] else "".join(facts["reason"].split()) in "".join(text.split())     # lines are wrapped


def test_info_says_why_nothing_is_compiled(site):
    facts = json.loads(site.dezero("info", "--json", DEZERO_KERNELS="numpy").stdout)
    assert facts["compiled"] is False and facts["kernels"] == "numpy"
    assert "DEZERO_KERNELS=numpy" in facts["reason"] or not _kernels.COMPILED


@pytest.mark.parametrize("name, value", [("DEZERO_KERNELS", "fast"), ("DEZERO_NUM_THREADS", "two"), ("DEZERO_NUM_THREADS", "0"),
                                         ("DEZERO_NUM_THREADS", "-1"), ("DEZERO_NUM_THREADS", "1.5")])
def test_a_variable_of_the_environment_that_is_not_understood_is_an_error(site, name, value):
    done = site.run("import dezero", **{name: value})
    assert done.returncode == 1 and f"{name}='{value}': wanted" in done.stderr


def test_number_of_threads(site):
    for value in ("", "1", "2", "8"):
        assert site.run("import dezero", DEZERO_NUM_THREADS=value).returncode == 0


# -- demo


def test_demo(site):
    done = site.dezero("demo")
    assert (done.returncode, done.stderr) == (0, "")
    for text in ("x² + y² at (2, 3)", "-5376.0", "8064.0", "0.040000000000000036", "variable(7.0)", "32.0", "64.0",
                 "Rosenbrock", "(0, 2)", "Goldstein-Price", "3 at (0, -1)", "numpy.multiply", "all as expected"):
        assert text in done.stdout
    assert "DIFFERS" not in done.stdout
    assert done.stdout.index("Examples") < done.stdout.index("Minima") < done.stdout.index("NAME ") < done.stdout.index("Programs")
    for name, package in (("logistic regression", "dezero-numpy"), ("gamma distribution", "dezero-scipy")):
        assert f"{name}: wants {package}, which is not here" in done.stdout


@pytest.mark.parametrize("example", [
    ("1", "wrong", lambda: iter([("x.grad", 2.0, 3.0)])),
    ("1", "raises", lambda: (1 / 0 for _ in range(3))),
])
def test_a_demo_that_differs_says_so(monkeypatch, capfd, example):
    monkeypatch.setattr(demo, "EXAMPLES", (example,))
    assert main(["demo"]) == 1
    out = capfd.readouterr().out
    assert "DIFFERS" in out and "1 of 3 differ" in out


def test_a_minimum_that_is_missed_says_so(monkeypatch, capfd):
    monkeypatch.setattr(demo, "PROBLEMS", (("sphere", demo.sphere, (1.0, 1.0), (0.5, 0.0), 0.0),))
    assert main(["demo"]) == 1
    assert "DIFFERS" in capfd.readouterr().out


@pytest.mark.parametrize("where, verdict", [((0.0, 0.0), "all as expected"), ((0.5, 0.0), "1 of 5 differ")])
def test_programs_of_the_demo_count(monkeypatch, capfd, where, verdict):
    """They are as expected or not, as the rest is; here is one that no package is wanted for."""
    monkeypatch.setattr(demo, "EXAMPLES", demo.EXAMPLES[1:2])
    monkeypatch.setattr(demo, "PROBLEMS", demo.PROBLEMS[:1])
    monkeypatch.setattr(demo, "PROGRAMS", (("dezero", "sphere", demo.sphere, (1.0, 1.0), where, 0.0),))
    assert main(["demo"]) == (verdict != "all as expected")
    assert capfd.readouterr().out.splitlines()[-1] == verdict


# -- check

PASSES = """
def check_op(op):
    if op.name == "bad_op":
        raise AssertionError("bad_op: argument 0: wanted 2, got 3")
"""


@pytest.fixture
def checked(site):
    """Runs `check` with a stand-in for dezero.testing, whose own tests are elsewhere."""
    site.good().add("bad", {"b": "bad_mod"}, {"bad_mod.py": op_module("bad_op")})
    site.add("stand-in", modules={"stand_in.py": PASSES}, entry_points="")

    def run(*arguments, **environ):
        code = f"""
            import sys, stand_in
            sys.modules["dezero.testing"] = stand_in
            from dezero.__main__ import main
            sys.exit(main(["check", *{arguments!r}]))
            """
        return site.run(code, **environ)

    return run


def test_check_of_everything(checked):
    done = checked()
    assert done.returncode == 1 and "ok      mul\n" in done.stdout and "ok      good_op\n" in done.stdout
    assert "FAILED  bad_op: bad_op: argument 0: wanted 2, got 3\n" in done.stdout
    assert checked(DEZERO_DISABLE_PLUGINS="bad").returncode == 0


@pytest.mark.parametrize("what, names", [
    ("mul", ["mul"]), ("good_op", ["good_op"]), ("zz-good", ["good_op"]), ("ZZ_good", ["good_op"]), ("good", ["good_op"]),
    ("zz-good:good", ["good_op"]), ("dezero.ops.add", ["add"])])
def test_check_of_one(checked, what, names):
    done = checked(what)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [f"ok      {name}" for name in names] + [f"{len(names)} of {len(names)} ops passed"]


def test_check_of_the_builtins(checked):
    done = checked("dezero")
    assert done.returncode == 0 and "good_op" not in done.stdout and "ok      square" in done.stdout


def test_check_of_what_is_unknown(checked):
    done = checked("mull")
    assert done.returncode == 2 and "no package or op 'mull'; did you mean 'mul'?" in done.stderr


def test_check_of_a_package_that_does_not_load(site, checked):
    site.add("plug", BROKEN)
    for arguments in (("plug",), ()):
        done = checked(*arguments, DEZERO_DISABLE_PLUGINS="bad")
        assert done.returncode == 1 and "FAILED  plug was not loaded: ModuleNotFoundError" in done.stdout
    assert checked("mul").returncode == 0


# -- new


def written(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", [(), ("--class",)])
@pytest.mark.parametrize("kernel", ["none", "cython"])
def test_new_writes_a_whole_package(site, tmp_path, kernel, form):
    done = site.dezero("new", "dezero-soft-sign", "--dir", str(tmp_path / "deep" / "er"), "--kernel", kernel, *form)
    assert (done.returncode, done.stderr) == (0, "")
    target = tmp_path / "deep" / "er" / "dezero-soft-sign"
    files = written(target)
    assert {"pyproject.toml", "README.md", ".gitignore", "src/dezero_soft_sign/__init__.py", "src/dezero_soft_sign/py.typed",
            "tests/test_soft_sign.py", ".github/workflows/test.yml"} <= files
    assert ("setup.py" in files) == ("src/dezero_soft_sign/_kernels.pyx" in files) == (kernel == "cython")
    assert [path.name for path in (tmp_path / "deep" / "er").iterdir()] == ["dezero-soft-sign"]
    for name in files:
        text = (target / name).read_text(encoding="utf-8")
        assert not re.findall(r"@[A-Z_]+@", text)
        if name.endswith(".py"):
            compile(text, name, "exec")
        assert str(target) in done.stdout
    import tomllib
    project = tomllib.loads((target / "pyproject.toml").read_text())
    assert project["project"]["name"] == "dezero-soft-sign"
    assert project["project"]["entry-points"]["dezero"] == {"soft_sign": "dezero_soft_sign"}
    module = (target / "src/dezero_soft_sign/__init__.py").read_text(encoding="utf-8")
    assert "∂y/∂x" in module and ("class SoftSign(Function):" in module) == bool(form) == ("def soft_sign(gy, y, x):" not in module)
    assert ("kernel" in module) == (kernel == "cython")


@pytest.mark.parametrize("form", [(), ("--class",)])
def test_a_new_package_works(site, tmp_path, form):
    site.dezero("new", "Fresh_op", "--dir", str(tmp_path), *form)
    source = tmp_path / "Fresh_op" / "src"
    site.add("Fresh_op", {"fresh_op": "Fresh_op"}, version="0.1.0")
    (source / "Fresh_op").rename(site.folder / "Fresh_op")
    done = site.run("""
        import dezero, numpy as np
        import dezero.functions as F
        for dtype in ("f8", "f4"):
            x = dezero.Variable(np.array([0.0, 1.0, -2.0], dtype))
            y = F.fresh_op(x)
            y.backward()
            np.testing.assert_allclose(y.data, [0, 0.5, 0.8], rtol=1e-6)
            np.testing.assert_allclose(x.grad, [0, 0.5, -0.16], rtol=1e-6)
            assert y.dtype == x.grad.dtype == x.dtype
        from dezero.testing import check_op
        check_op("fresh_op")
        print(x.fresh_op())
        """)
    assert done.returncode == 0 and done.stderr == "" and done.stdout.startswith("variable([")


@pytest.mark.parametrize("name", [
    "", ".", "..", "../x", "a/b", "/etc/x", "a\\b", "a b", "a\nb", "a\x1b", "a\0b", "-x", "x-", "_x", "é", "a.b", "1x", "x" * 65,
    "class", "None", "match-", "numpy", "NumPy", "dezero", "json", "test", "tests", "os"])
def test_names_that_new_refuses(site, tmp_path, capfd, name):
    folder = tmp_path / "out"
    folder.mkdir()
    assert main(["new", "--dir", str(folder), "--", name]) == 2
    out, err = capfd.readouterr()
    assert err.startswith("dezero new: ") and "\x1b" not in err and out == ""
    assert not list(folder.iterdir()) and not list(tmp_path.glob("x*"))


@pytest.mark.parametrize("there", ["file", "folder", "empty folder", "link", "dangling link"])
def test_new_never_overwrites(tmp_path, capfd, there):
    target = tmp_path / "dezero-mine"
    if there == "file":
        target.write_text("mine")
    elif there == "folder":
        target.mkdir()
        (target / "file").write_text("mine")
    elif there == "empty folder":
        target.mkdir()
    else:
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(tmp_path / ("elsewhere" if there == "link" else "nowhere"))
    before = sorted(tmp_path.rglob("*"))
    assert main(["new", "dezero-mine", "--dir", str(tmp_path)]) == 2
    assert "exists already" in capfd.readouterr().err and sorted(tmp_path.rglob("*")) == before


def test_new_in_a_place_that_is_no_folder(tmp_path, capfd):
    (tmp_path / "file").write_text("mine")
    assert main(["new", "dezero-mine", "--dir", str(tmp_path / "file")]) == 2
    assert main(["new", "dezero-mine", "--dir", str(tmp_path / "file" / "below")]) == 1
    assert capfd.readouterr().err.count("dezero new: ") == 2


def test_new_that_fails_leaves_nothing(tmp_path, capfd, monkeypatch):
    def fail(self, *args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(new.Path, "write_text", fail)
    assert main(["new", "dezero-mine", "--dir", str(tmp_path)]) == 1
    assert "the disk is full" in capfd.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("module, op, cls", [
    ("dezero_softplus", "softplus", "Softplus"), ("Soft_Plus", "soft_plus", "SoftPlus"), ("dezero_add", "dezero_add", "DezeroAdd"),
    ("add", "add_op", "AddOp"), ("dezero_data", "dezero_data", "DezeroData"), ("dezero_2d", "dezero_2d", "Dezero2d"),
    ("function", "function", "OpFunction"), ("dezero_none", "none", "OpNone"),
    ("dezero_forward", "dezero_forward", "DezeroForward"), ("rule", "rule_op", "RuleOp"), ("dezero_np", "dezero_np", "DezeroNp")])
def test_what_the_op_is_called(module, op, cls):
    assert new.op_words(module) == {"OP": op, "CLASS": cls}


# -- the width of what people read


@pytest.mark.parametrize("command", [("ops",), ("demo",), ("plugins",), ("plugins", "--all"), ("info",)])
def test_lines_fit_100_columns(tmp_path, command):
    site = Site(tmp_path / "a_folder_with_a_name_that_is_much_longer_than_anybody_would_like_to_read_in_a_table" / "site")
    name = "an_op_with_a_name_that_is_very_long_indeed_but_an_identifier"
    site.add("a-distribution-whose-name-is-long-as-well-as-its-version", {"entry_point_of_some_length": "plug"},
             {"plug.py": op_module(name, ("__matmul__", "__floordiv__", "__mod__"), "(np.hypot, np.logaddexp, np.arctan2)")})
    site.add("broken", {"b": "a_module_of_this_name_does_not_exist_anywhere_at_all_on_this_machine_and_never_will_as_far_as_one_can_tell"})
    done = site.dezero(*command)
    assert done.returncode == 0 and max(map(len, done.stdout.splitlines())) <= 100
    if command[0] == "ops":
        assert "numpy.logaddexp" in done.stdout


def test_tables_wrap_what_is_too_wide(capfd):
    print_table(("A", "B"), [("x", "word " * 40), ("y", "path/" * 40), ("z", "solid" * 40)])
    lines = capfd.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert "".join(line[1:].strip() for line in lines if line[:1] in "x ")[:12] == "word word wo"
    assert [line[0] for line in lines if line[0] != " "] == ["A", "-", "x", "y", "z"]
    text = "".join(line[1:].strip() for line in lines)
    assert "path/" * 40 in text and "solid" * 40 in text


# -- check --json


def test_check_as_json(checked):
    done = checked("--json")
    answer = json.loads(done.stdout)
    rows = {row["name"]: row for row in answer["ops"]}
    assert done.returncode == 1 and answer["not_loaded"] == []
    assert rows["mul"] == {"name": "mul", "package": "dezero", "version": dezero.__version__, "plugin": "dezero.ops.mul",
                           "passed": True, "reason": ""}
    assert rows["bad_op"]["passed"] is False and rows["bad_op"]["reason"] == "bad_op: argument 0: wanted 2, got 3"
    one = checked("mul", "--json")
    assert one.returncode == 0 and [row["name"] for row in json.loads(one.stdout)["ops"]] == ["mul"]
    unknown = checked("mull", "--json")
    assert unknown.returncode == 2 and unknown.stdout == ""


def test_check_as_json_of_a_package_that_does_not_load(site, checked):
    site.add("plug", BROKEN)
    done = checked("plug", "--json")
    row, = json.loads(done.stdout)["not_loaded"]
    assert done.returncode == 1 and (row["package"], row["version"], row["entry"]) == ("plug", "1.0", "a")
    assert "ModuleNotFoundError" in row["reason"]


def test_what_an_op_prints_is_no_part_of_the_json(site):
    site.add("loud", {"l": "loud"}, {"loud.py": op_module("loud_op").replace("return x *", "print('LOUD'); return x *")})
    done = site.dezero("check", "loud_op", "--json")
    assert json.loads(done.stdout)["ops"][0]["passed"] is True and "LOUD" in done.stderr


# -- what `new` says of uploading


@pytest.mark.parametrize("kernel", ["none", "cython"])
def test_the_readme_of_a_new_package(site, tmp_path, kernel):
    site.dezero("new", "dezero-fresh", "--dir", str(tmp_path), "--kernel", kernel)
    text = (tmp_path / "dezero-fresh" / "README.md").read_text(encoding="utf-8")
    assert "pypi.org" not in text and "pip install dezero" not in text
    assert ("auditwheel" in text and "linux_x86_64" in text) == (kernel == "cython")


# -- JSON of what is written


def test_what_is_written_as_json(site, tmp_path):
    answer = json.loads(site.dezero("new", "dezero-fresh", "--dir", str(tmp_path), "--json").stdout)
    assert answer["folder"] == str(tmp_path / "dezero-fresh") and str(tmp_path / "dezero-fresh" / "pyproject.toml") in answer["files"]
    files = json.loads(site.dezero("stubs", "--dir", str(tmp_path / "typings"), "--json").stdout)["files"]
    assert str(tmp_path / "typings" / "dezero" / "functions.pyi") in files and all(Path(file).is_file() for file in files)
    site.add("plug", {"p": "plug"}, {"plug.py": op_module("claimer")})
    for options, changed in (((), True), (("--check",), False)):
        done = site.dezero("claims", "plug", "-o", str(tmp_path / "claims.py"), "--json", *options)
        assert done.returncode == 0
        assert json.loads(done.stdout) == {"file": str(tmp_path / "claims.py"), "written": not options, "changed": changed}
    (tmp_path / "claims.py").write_text("CLAIMS = {}\n")
    done = site.dezero("claims", "plug", "-o", str(tmp_path / "claims.py"), "--json", "--check")
    assert done.returncode == 1 and json.loads(done.stdout)["changed"] is True
