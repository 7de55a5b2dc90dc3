"""Write the table of what the ops of modules claim, for register.lazy().

Each MODULE has a hook dezero_register_ops. The table lets dezero know its ops
without importing it, which it does at the first use of one of them. In the
package, beside FILE = claims.py:

  from my_package.claims import CLAIMS

  @hookimpl
  def dezero_register_ops(register):
      for module, table in CLAIMS.items():
          register.lazy(module, table)

FILE is replaced only where all modules could be read. With --check nothing is
written: what would change is printed, and the command leaves with 1 if it is
anything.
"""

from difflib import unified_diff
import os
from pathlib import Path
from pprint import pformat
import sys
import tempfile

from dezero._offers import row_of
from dezero._words import reason, shown
from dezero.commands._output import add_json, print_json, stdout_to_stderr
from dezero.errors import PluginError
from dezero.plugins import registered_by
from dezero.registry import claims, conflict, houses, rival_of

HELP = "write the table of lazy claims of a package's modules"


def arguments(parser):
    parser.add_argument("modules", nargs="+", metavar="MODULE", help="a module with a hook, such as my_package.linalg")
    parser.add_argument("-o", metavar="FILE", required=True, dest="file", help="the Python file that holds the table")
    parser.add_argument("--check", action="store_true", help="write nothing; leave with 1 where FILE is not as it would be written")
    add_json(parser)


def run(arguments):
    path = Path(arguments.file)
    try:
        with stdout_to_stderr():
            text = text_of(tables_of(arguments.modules))
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if not arguments.check:
            replace(path, text)
    except (PluginError, OSError, UnicodeError) as error:
        print(f"dezero claims: {reason(error)}", file=sys.stderr)
        return 1
    if arguments.json:
        print_json({"file": str(path), "written": not arguments.check, "changed": text != before})
    elif not arguments.check:
        print(path)
    else:
        sys.stdout.writelines(unified_diff(before.splitlines(True), text.splitlines(True), str(path), "as it would be written"))
    return 1 if arguments.check and text != before else 0


def tables_of(modules):
    """``{module: {name: row}}``: what modules register, where no two ops claim the same."""
    tables, taken = {}, {}
    for module in modules:
        offers = offers_of(module)
        tables[module] = dict(map(row_of, offers))
        for offer in offers:
            check_free(offer, taken)
    return tables


def offers_of(module):
    """What a module registers."""
    try:
        return registered_by(module, module, "", "")
    except KeyboardInterrupt:
        raise
    except BaseException as error:              # SystemExit, and whatever else a module may raise
        raise PluginError(f"{shown(module)} cannot be read: {reason(error)}") from error


def check_free(offer, taken):
    """Refuse an op that claims what another one has, which `taken` holds by claim, and note its claims there."""
    for claim in claims(offer):
        rival = rival_of(claim, taken)
        if rival is not None:
            raise PluginError(f"{conflict(offer, claim, rival)}; one of them has to give it up")
    for claim in claims(offer):
        taken[claim] = offer
        for house in houses(claim[1]) if claim[0] == "name" else ():
            taken.setdefault(("namespace", house), offer)


def text_of(tables):
    """The Python file that holds the tables."""
    lines = ['"""What ops claim, by module; written by `dezero claims`."""\n\nCLAIMS = {\n']
    for module, table in tables.items():
        lines.append(f"    {module!r}: {{\n")
        for name, row in table.items():
            shown_row = pformat(row, width=110, sort_dicts=False).replace("\n", "\n" + " " * 12)
            lines.append(f"        {name!r}: {shown_row},\n")
        lines.append("    },\n")
    return "".join([*lines, "}\n"])


def replace(path, text):
    """Write a file, whole or not at all."""
    handle, scratch = tempfile.mkstemp(prefix=".dezero-claims-", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(scratch, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
