"""List the plugins of installed packages: active, disabled or failed, with the reason.

A plugin is an entry point of the group "dezero". What is disabled is listed and
not imported:

  DEZERO_DISABLE_PLUGINS=all|NAME,...   leave these out
  DEZERO_LOAD_PLUGINS=NAME,...          load these alone; empty: none
  DEZERO_PREFER=DIST:OP,...             whose op wins where two claim the same
  DEZERO_STRICT_PLUGINS=1               a plugin that fails is an error

NAME is a distribution, an entry point, or DIST:ENTRY.
"""

from dezero import plugins
from dezero.commands._output import add_json, load_all, print_json, print_table, print_text

HELP = "list plugins: active, disabled, failed and why"


def arguments(parser):
    add_json(parser)
    parser.add_argument("--all", action="store_true", help="list the built-in ones too")


def run(arguments):
    load_all()
    listed = [row for row in plugins.status() if arguments.all or row.kind != "built-in"]
    if arguments.json:
        print_json([row._asdict() for row in listed])
    elif not listed:
        print("no plugins are installed; `dezero new NAME` writes one")
    else:
        print_table(("PLUGIN", "PACKAGE", "STATUS", "OPS"),
                    [(_printable(row.name), _printable(f"{row.distribution} {row.version}".strip() or "this process"),
                      row.status, _ops(row)) for row in listed])
        for row in listed:
            if row.reason:
                state = "active, but" if row.status == "active" else f"{row.status}:"
                print()
                print_text(f"{_printable(row.name)} is {state} {row.reason}", "  ")
    return 0


def _ops(row):
    lost = [f"({name}: another op has the name)" for name in row.skipped]
    return " ".join([*row.ops, *lost])


def _printable(text):
    from dezero._words import clean
    return clean(text, 130)
