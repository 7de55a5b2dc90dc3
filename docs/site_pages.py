"""The part of the site that is made from code: a Sphinx extension.

Before Sphinx reads anything, `make` writes the pages of the gallery, the coverage, the ops, the commands and the benchmarks into
`made/`. The directive ``draw`` runs the block that it shows, after all blocks of Python above it, and puts the picture below.
"""
import ast
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from html import escape
from importlib import import_module
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes
from sphinx.errors import ExtensionError

import dezero.functions as F
import documents
from dezero.__main__ import COMMANDS

HERE = Path(__file__).parent
MADE = HERE / "made"
NAMES = {"dezero-numpy": "NumPy", "dezero-scipy": "SciPy"}
EXAMPLES = HERE.parent / "examples"


def make(app):
    """Write all pages."""
    MADE.mkdir(exist_ok=True)
    make_gallery()
    make_commands()
    make_ops()
    make_twins()
    make_coverage()
    make_benchmarks()


def write(name, text):
    """Write a page, but one that is there already as it is: Sphinx reads only what has changed."""
    file = MADE / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def output(*command):
    """Return what a command prints."""
    command = [sys.executable, "-P", *map(str, command)]
    done = subprocess.run(command, text=True, encoding="utf-8", capture_output=True, timeout=240)
    if done.returncode:
        raise ExtensionError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def table(head, rows):
    """Return a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([f"| {' | '.join([cell.replace('|', chr(92) + '|') for cell in line])} |" for line in lines]) + "\n"


def code(text):
    return f"`{text}`" if text else ""


GALLERY = """# Gallery

Each program is a file of `examples/`, and was run when this site was built. Its numbers and its picture are what it gave.
The pictures need matplotlib, and `digits` scikit-learn: `pip install '.[examples]'` in the checkout. Without the name of a file for
the picture a program needs no matplotlib.

```{{raw}} html
<div class="gallery">
{cards}</div>
```

```{{toctree}}
:hidden:

{names}
```
"""

PROGRAM = """# {title}

{text}

{seen}## What it prints

```text
{printed}```

## The program

```{{literalinclude}} ../../../examples/{name}.py
:lines: {first}-
```
"""


# ---- the gallery -----------------------------------------------------------------------------------------------------

def make_gallery():
    """A page for each program of `examples/`, with what it prints and its picture, and a page that shows all."""
    programs = sorted(EXAMPLES.glob("*.py"))
    folder = MADE / "gallery"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        if file.stem not in [*[program.stem for program in programs], "index"]:
            file.unlink()                                       # of a program that is gone
    with ThreadPoolExecutor(2) as pool:
        shown = list(pool.map(make_program, programs))
    cards = "".join([f'<a href="{name}.html">{picture}<b>{escape(title(head))}</b><span>{escape(head.replace("`", ""))}</span>'
                     "</a>\n" for name, head, picture in shown])
    write("gallery/index.md", GALLERY.format(cards=cards, names="\n".join([name for name, _, _ in shown])))


def make_program(program):
    """Run a program, write its page, and return (name, first line, its picture as HTML)."""
    name, picture = program.stem, MADE / "gallery" / f"{program.stem}.png"
    printed = MADE / "gallery" / f"{program.stem}.out"
    if not printed.exists() or printed.stat().st_mtime < program.stat().st_mtime:
        picture.unlink(missing_ok=True)
        printed.write_text(output(program, picture), encoding="utf-8")
    tree = ast.parse(program.read_text(encoding="utf-8"))
    text, first = ast.get_docstring(tree), tree.body[0].end_lineno + 1     # the line where the code begins
    head = text.partition("\n")[0]
    seen = f"![What {name} draws]({name}.png)\n\n" if picture.exists() else ""
    page = PROGRAM.format(title=title(head), text=text, seen=seen, printed=printed.read_text(encoding="utf-8"), name=name,
                          first=first)
    write(f"gallery/{name}.md", page)
    thumbnail = f'<img src="../../_images/{name}.png" alt="">' if picture.exists() else ""
    return name, head, thumbnail


def title(head):
    """Return what a program's first line says before the first colon or comma: what it is about."""
    return re.split("[:,]", head)[0].rstrip(".")


# ---- the reference ---------------------------------------------------------------------------------------------------

def make_commands():
    """What `dezero COMMAND --help` says of each command."""
    parts = [f"## `dezero {name}`\n\n```text\n{output('-m', 'dezero', name, '--help')}```\n" for name in COMMANDS]
    write("commands.md", "# The command line\n\n`dezero COMMAND`, or `python -m dezero COMMAND`.\n\n" + "\n".join(parts))


def make_ops():
    """A table of all ops for each package."""
    ops = json.loads(output("-m", "dezero", "ops", "--json"))
    text = ("# All ops\n\n"
            "Each op is a function of `dezero.functions`, `F` below, and a method where its name has no dot. It answers the\n"
            "operators and the NumPy or SciPy functions beside it. `dezero ops` prints this table for what is installed.\n")
    for package in dict.fromkeys([op["package"] for op in ops]):
        rows = [[code(f"F.{op['name']}"), code(" ".join(op["operators"])), " ".join(map(code, op["numpy"])),
                 summary(find(F, op["name"]))]
                for op in ops if op["package"] == package]
        text += f"\n## {package}\n\n{table(['op', 'operators', 'answers', 'what it gives; its derivatives'], rows)}"
    write("ops.md", text)


def find(module, name):
    """Return what a module has under a dotted name."""
    for part in name.split("."):
        module = getattr(module, part)
    return module


def summary(what):
    """Return the first paragraph of a docstring in one line."""
    return plain_text(" ".join((inspect.getdoc(what) or "").partition("\n\n")[0].split()))


def make_twins():
    """A page of the functions that dezero-scipy has in modules of its own, each with its docstring, where that is not SciPy's."""
    import dezero_scipy
    text = ("# Modules of dezero_scipy\n\n"
            "SciPy's own functions make plain numbers of their arguments. These twins have the same names, in modules of the\n"
            "same names (`from dezero_scipy import linalg`), and take SciPy's arguments. Of arrays alone they call SciPy's.\n")
    for module in pkgutil.iter_modules(dezero_scipy.__path__, "dezero_scipy."):
        if not module.ispkg and not module.name.endswith((".claims", ".coverage")) and "._" not in module.name:
            text += twins_of(import_module(module.name))
    write("twins.md", text)


def twins_of(module):
    """Return the section of one module."""
    theirs = import_module(module.__name__.replace("dezero_scipy", "scipy"))
    rows, long = [], ""
    for name in sorted({*vars(theirs)} & {*vars(module)}):
        ours, original = getattr(module, name), getattr(theirs, name)
        if name.startswith("_") or inspect.ismodule(ours) or ours is original or inspect.isclass(ours):
            continue
        doc = inspect.getdoc(ours) or ""
        is_own = doc and doc not in (inspect.getdoc(original), inspect.getdoc(type(ours)))
        rows.append([code(name), summary(ours if is_own else original)])
        if is_own and "----" in doc:
            long += f"\n```{{eval-rst}}\n.. autofunction:: {module.__name__}.{name}\n```\n"
    return f"\n## {module.__name__}\n\n{inspect.getdoc(module)}\n\n{table(['function', 'what it gives'], rows)}{long}"


# ---- coverage --------------------------------------------------------------------------------------------------------

def make_coverage():
    """A page for each package that says what it answers: what has a gradient as lists, what has none as a table of reasons."""
    packages = json.loads(output("-m", "dezero", "ops", "--coverage", "--json"))
    for package in packages:
        text = f"# {NAMES.get(package['package'], package['package'])}\n"
        for part, names in package["covered"].items():
            text += f"\n## {part}\n\n{listed(names)}"
        write(f"coverage-{package['package']}.md", text)
    names = "\n".join([f"made/coverage-{package['package']}" for package in packages])
    write("parts/coverage.md", f"```{{toctree}}\n:maxdepth: 2\n\n{names}\n```\n")


def listed(names):
    """Return the names by what is said of them, those that are refused in a table with the reasons."""
    kinds = {}
    for name, said in names.items():
        kinds.setdefault(said.partition(":")[0], []).append(name)
    refused = kinds.pop("refused", [])
    text = "".join([f"**{kind}** ({len(found)}): {' '.join(map(code, found))}\n\n" for kind, found in kinds.items()])
    if refused:
        text += f"**refused** ({len(refused)}):\n\n" + table(["name", "why, and what to write"], by_reason(names, refused))
    return text


def by_reason(names, refused):
    """Return rows (names, reason), one for each reason."""
    reasons = {}
    for name in refused:
        reasons.setdefault(names[name].partition(":")[2].strip(), []).append(name)
    return [[" ".join(map(code, found)), plain_text(reason)] for reason, found in reasons.items()]


def plain_text(text):
    """Return a sentence of a docstring as Markdown that shows it as it is, and what stands in backticks as code."""
    parts = re.split(r"(`[^`]+`)", text.replace("``", "`"))
    return "".join([part if part.startswith("`") else re.sub(r"([*_<>\[\]\\])", r"\\\1", part) for part in parts])


# ---- benchmarks ------------------------------------------------------------------------------------------------------

def make_benchmarks():
    """The table and the picture of `benchmarks.json`, which `benchmarks/run.py --json` has written."""
    sys.path.append(str(HERE.parent / "benchmarks"))
    run = import_module("run")
    file = HERE / "benchmarks.json"
    result = json.loads(file.read_text(encoding="utf-8"))
    peers = [name for name in run.NAMES if any([name in row["seconds"] for row in result["rows"]])]
    picture = MADE / "parts" / "benchmarks.png"
    picture.parent.mkdir(exist_ok=True)
    if not picture.exists() or picture.stat().st_mtime < file.stat().st_mtime:
        run.draw(result, picture, peers)
    rows = [[f"{row['workload']}, {row['phase']}", *[cell(run, row["seconds"], name) for name in peers]] for row in result["rows"]]
    processor = result["versions"].pop("processor")
    versions = ", ".join([f"{name} {version}" for name, version in result["versions"].items()])
    write("parts/benchmarks.md", f"Measured on {processor}, with {versions}.\n\n"
          "![Times over those of dezero](made/parts/benchmarks.png)\n\n" + table(["program", *peers], rows))


def cell(run, seconds, name):
    """Return a median and, of others, how many times dezero's it is."""
    if name not in seconds:
        return "–"
    own = seconds.get("dezero")
    ratio = f" ({run.times_own(seconds[name]['median'] / own['median'])})" if own and name != "dezero" else ""
    return run.span(seconds[name]["median"]) + ratio


# ---- pictures of graphs ----------------------------------------------------------------------------------------------

class Draw(Directive):
    """Show a block of Python, run it after those above it, and draw what its last line gives, an expression."""

    has_content = True

    def run(self):
        environment = self.state.document.settings.env
        text = Path(environment.doc2path(environment.docname)).read_text(encoding="utf-8")
        state = environment.temp_data.setdefault("dezero_draw", {"names": {}, "done": 0})
        body = "\n".join(self.content)
        blocks = [source for _, kind, source in documents.fences(text) if kind in documents.PYTHON]
        here = next(i for i, source in enumerate(blocks) if i >= state["done"] and source.strip() == body.strip())
        for source in blocks[state["done"]:here]:
            documents.run_block(source, environment.docname, state["names"])
        state["done"] = here + 1
        drawing = documents.run_block(body, environment.docname, state["names"])
        svg = drawing.svg.replace("@media (prefers-color-scheme:dark)", "html[data-theme=dark]")
        shown = nodes.literal_block(body, body, language="python")
        return [shown, nodes.raw("", f'<div class="graph">{svg}</div>', format="html")]


def leave_unlinked(app, doctree):
    """Make a link to what lies in the checkout, and is no page of the site, its text.  One that leads nowhere is a warning."""
    for link in list(doctree.findall(addnodes.pending_xref)):
        if link["reftype"] == "myst" and (HERE.parent / "plugins" / link["reftarget"]).exists():
            link.replace_self(link.children)


def link_code(app, doctree, page):
    """Make inline code that is the name of something in the reference, such as dezero.grad, a link to it."""
    domain = app.env.get_domain("py")
    for literal in list(doctree.findall(nodes.literal)):
        found = domain.objects.get(literal.astext())
        if found and not isinstance(literal.parent, nodes.reference):
            place = f"{app.builder.get_relative_uri(page, found.docname)}#{found.node_id}"
            link = nodes.reference("", "", internal=True, refuri=place)
            literal.replace_self(link)
            link += literal


def setup(app):
    app.add_directive("draw", Draw)
    app.connect("doctree-read", leave_unlinked)
    app.connect("doctree-resolved", link_code)
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
