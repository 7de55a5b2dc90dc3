"""Write a whole package with an op of its own, which builds, installs and passes its tests.

The distribution NAME goes to DIR/NAME/; its module is NAME with "-" as "_", and
its op is called after it. The op is a rule, a function; with --class it is a
class, for an op with state of its own. With --kernel cython it brings compiled
loops.
Then:

  pip install './DIR/NAME[test]'   the op is there: dezero.functions, x.op()
  pytest ./DIR/NAME                its tests pass
  dezero check NAME                its derivatives hold
"""

import keyword
import os
from pathlib import Path
import re
import shutil
import sys
import tempfile

from dezero._offers import check_name
from dezero._version import __version__
from dezero._words import shown
from dezero.commands import _template
from dezero.commands._output import add_json, load_all, print_json
from dezero.errors import PluginError
from dezero.registry import registry

HELP = "write a package with an op of its own"

TAKEN = sys.stdlib_module_names | {"dezero", "numpy", "pluggy", "pytest", "cython", "setuptools", "src", "test", "tests"}

USED = {"np", "rule", "hookimpl", "forward", "check_op"}
"""Names that the package's own modules use."""


class Refused(Exception):
    """The name or the place will not do; the text says why."""


def arguments(parser):
    parser.add_argument("name", metavar="NAME", help="name of the distribution, such as dezero-softsign")
    parser.add_argument("--dir", default=".", metavar="DIR", help="where NAME/ is made (default: here)")
    parser.add_argument("--kernel", choices=("none", "cython"), default="none",
                        help="none: pure Python; cython: compiled loops, forward and backward")
    parser.add_argument("--class", dest="as_class", action="store_true", help="write the op as a class: one with state of its own")
    add_json(parser)


def run(arguments):
    load_all()
    try:
        module = module_of(arguments.name)
        words = {"DIST": arguments.name, "MODULE": module, **op_words(module), **versions()}
        target = write(Path(arguments.dir), arguments.name, _template.files(words, arguments.kernel, arguments.as_class))
    except Refused as refusal:
        print(f"dezero new: {refusal}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"dezero new: {error}", file=sys.stderr)
        return 1
    files = [str(path) for path in sorted(target.rglob("*")) if path.is_file()]
    if arguments.json:
        print_json({"folder": str(target), "files": files})
        return 0
    print(*files, sep="\n")
    place = os.path.join(".", target)  # `pip install NAME` would look in the package index
    print(f"\nnext:\n  pip install '{place}[test]'\n  pytest {place}\n  dezero check {arguments.name}")
    return 0


def module_of(name):
    """The module of a distribution; `Refused` if either name can't be."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?", name):
        raise Refused(f"the name {shown(name)} is not 1 to 64 letters, digits, - and _, with a letter or digit "
                      "at both ends")
    module = name.replace("-", "_")
    if not module.isidentifier() or keyword.iskeyword(module):
        raise Refused(f"the name {shown(name)} makes the module {module!r}, which Python can't import")
    if module.lower() in TAKEN:
        raise Refused(f"the module {module!r} exists already, in Python or in what dezero needs")
    return module


def op_words(module):
    """Name and class of the op: after the module, where that is free."""
    stem = module.lower().removeprefix("dezero_")
    for name in (stem, module.lower(), stem + "_op"):
        try:
            check_name(name, "the package")
        except PluginError:
            continue
        if name not in registry.snapshot.names and name not in USED:
            break
    else:
        raise Refused(f"no op can be called {stem!r}: that is taken; choose another name")
    cls = "".join(part.capitalize() for part in name.split("_"))
    if not cls.isidentifier() or keyword.iskeyword(cls) or cls in ("Function", "Variable", "Kernel"):
        cls = f"Op{cls}"
    return {"OP": name, "CLASS": cls}


def versions():
    """This dezero and the first that may not fit: what the package depends on."""
    major, minor = __version__.split(".")[:2]
    return {"DEZERO": f">={major}.{minor},<{int(major)}.{int(minor) + 1}"}


def write(parent, name, files):
    """Write ``{path: text}`` to ``parent/name``, whole or not at all; gives that path."""
    target = parent / name
    if target.exists() or target.is_symlink():
        raise Refused(f"{shown(str(target))} exists already; nothing was written")
    if parent.exists() and not parent.is_dir():
        raise Refused(f"{shown(str(parent))} is no directory")
    parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".dezero-new-", dir=parent))
    try:
        package = scratch / name
        for path, text in files.items():
            file = package / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        package.rename(target)
    finally:
        shutil.rmtree(scratch)
    return target
