"""The examples of a page of the documents, run in order as its reader would run them.

    python tests/documents.py FILE

A page is one program: its blocks of Python share their names.  What a statement says in a comment behind it must be so:

    print(x)            # variable(2.0)             it prints this
    float(x)            # GradientError: float      it raises this, and the message has these words

What other statements print stands in a block ``text`` that follows.  Blocks ``{draw}`` of the site are Python too.
"""
import ast
import io
import re
import sys
import tokenize
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

FENCE = re.compile(r"^(`{3,})(\{\w+\}|\w*)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
RAISES = re.compile(r"([A-Z]\w*(?:Error|Warning|Only))(?:: (.*))?$")
PYTHON = ("python", "{draw}")


def fences(text):
    """Return (line, kind, text) of each fenced block."""
    return [(text.count("\n", 0, found.start(3)), found[2], found[3]) for found in FENCE.finditer(text)]


def statements(code, file, line):
    """Return (node, comment) of each statement of a block whose first line is the file's so many and first."""
    tree = ast.parse(code, file)
    ast.increment_lineno(tree, line)
    comments = {token.start[0] + line: token.string[1:].strip() for token in tokenize.generate_tokens(io.StringIO(code).readline)
                if token.type == tokenize.COMMENT and token.line[:token.start[1]].strip()}
    return [(node, comments.get(node.end_lineno)) for node in tree.body]


def run_block(code, file, names):
    """Run a block without looking at what it prints, and return the value of its last line where that is an expression."""
    *before, last = statements(code, file, 0)
    for node, comment in before:
        run_statement(node, comment, names, file)
    if not isinstance(last[0], ast.Expr) or is_print(last[0]) or last[1]:
        return run_statement(*last, names, file)
    with redirect_stdout(io.StringIO()):
        return eval(compile(ast.Expression(last[0].value), file, "eval"), names)


def is_print(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and getattr(node.value.func, "id", None) == "print"


def run_statement(node, comment, names, file):
    """Run a statement, hold it against its comment, and return what else it has printed."""
    out = io.StringIO()
    raises = RAISES.match(comment or "")
    code = compile(ast.Module([node], []), file, "exec")
    with redirect_stdout(out):
        try:
            exec(code, names)
        except (Exception, Warning) as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            if raises and raises[1] in kinds and (raises[2] or "").removesuffix("...") in str(error):
                return ""
            raise
    where = f"{file}:{node.lineno}"
    assert not raises, f"{where}: raises nothing, wanted {comment}"
    if comment is None or not is_print(node):
        return out.getvalue()
    assert out.getvalue().rstrip() == comment, f"{where}: prints {out.getvalue()!r}, wanted {comment!r}"
    return ""


def run(text, file):
    """Run all blocks of a page and return its names."""
    names, printed = {"__name__": "__main__"}, ""
    for line, kind, code in fences(text):
        if kind in PYTHON:
            assert not printed.strip(), f"{file}:{line}: no block of text shows what was printed above:\n{printed}"
            for node, comment in statements(code, file, line):
                printed += run_statement(node, comment, names, file)
        elif kind == "text" and printed:
            assert printed.rstrip() == code.rstrip(), f"{file}:{line}: printed was\n{printed}"
            printed = ""
    assert not printed.strip(), f"{file}: no block of text shows what was printed last:\n{printed}"
    return names


# ---- tables of what to write in place of another library's code -------------------------------------------------------

CELL = re.compile(r"`([^`]+)`(?: → `([^`]+)`)?")


def run_tables(text, file):
    """Run each row of the tables of a page "Coming from", `| what | theirs | dezero |`, and return how many.

    The page's first two blocks are what stands before each cell of the second and third column.  Both cells must have the same
    value, or each the one behind its arrow, which may be an error.  Where the other library is not installed its cells are
    left out.
    """
    setups = [code for _, kind, code in fences(text) if kind == "python"][:2]
    assert is_available(setups[1]), f"{file}: not installed is what its second block imports"
    with warnings.catch_warnings(action="ignore"):
        is_there = is_available(setups[0])
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ") and "`" in line]
    for row in rows:
        assert len(row) == 3, f"{file}: {' | '.join(row)}: wanted three cells"
        with warnings.catch_warnings(action="ignore"):          # such as those of a name that is on its way out there
            theirs = value_of(setups[0], row[1], f"{file}: {row[1]}") if is_there else None
        ours = value_of(setups[1], row[2], f"{file}: {row[2]}")
        if theirs is not None and ours is not None:
            compare(theirs[0], ours[0], f"{file}: {row[0]}")
    return len(rows)


def compare(theirs, ours, where):
    if isinstance(theirs, list):
        assert len(theirs) == len(ours), f"{where}: {theirs}, here {ours}"
        for a, b in zip(theirs, ours):
            compare(a, b, where)
    else:
        np.testing.assert_allclose(theirs, ours, rtol=1e-6, atol=1e-12, err_msg=where)


def is_available(setup):
    try:
        exec(setup, {})
    except ImportError:
        return False
    return True


def value_of(setup, cell, where):
    """Run a cell and return [its value]; None where it has none, or it stands behind an arrow and is so."""
    found = CELL.match(cell)
    if not found:
        return None
    names, (code, wanted) = {}, found.groups()
    exec(setup, names)
    if wanted and RAISES.match(wanted):
        try:
            value(code, names)
        except Exception as error:
            assert wanted in [kind.__name__ for kind in type(error).__mro__], f"{where}: raises {error!r}"
            return None
        raise AssertionError(f"{where}: raises nothing")
    got = plain(value(code, names))
    if wanted:
        np.testing.assert_equal(got, plain(eval(wanted, names)), err_msg=where)
    return None if wanted or got is None else [got]


def value(code, names):
    """Run statements and return what the last one gives: the last of its body, where it is a ``with``."""
    body = ast.parse(code.replace("; ", "\n") if not code.startswith("with") else code).body
    *before, last = body
    exec(compile(ast.Module(before, []), code, "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), code, "eval"), names)
    exec(compile(ast.Module([last], []), code, "exec"), names)
    last = last.body[-1] if isinstance(last, ast.With) else last
    return names[last.targets[0].id] if isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name) else None


def plain(value):
    """Return a value of any of the libraries as arrays and numbers."""
    if value is None:
        return None
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    if hasattr(value, "detach") and hasattr(value, "numpy"):
        return value.detach().numpy()
    return np.asarray(value.data if type(value).__name__ in ("Variable", "Tensor") else value)


if __name__ == "__main__":
    for page in sys.argv[1:]:
        text = Path(page).read_text(encoding="utf-8")
        if Path(page).parent.name == "coming" and Path(page).stem != "index":
            assert run_tables(text, page)
        else:
            run(text, page)
