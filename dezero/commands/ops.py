"""List all ops: those that are built in, and those of installed packages.

Each answers to F.name(...), to x.name(...), to its operators, and to the NumPy
functions it claims. ORDER says how often it can be differentiated: "checked"
is any number of times, unless the engine sees that its rule can't; 1 is once;
"any" is vouched for by its author. KERNEL is what runs: compiled loops; loops that
were traced from the rule; NumPy; or other ops, of which it is a composite.
FILE is below the folder that modules are imported from; --json has it whole.
"""

from dezero.commands._output import add_json, load_all, placed, print_json, print_table
from dezero.engine.function import RuleFunction
from dezero.engine.op import loops_of
from dezero.registry import SYMBOLS, function_name, line, registry

HELP = "list all ops: names, operators, NumPy functions, package"


def arguments(parser):
    add_json(parser)


def run(arguments):
    load_all(lazy=True)
    if arguments.json:
        print_json(rows())
    else:
        show()
    return 0


def rows():
    """One dict for each op, with what it has of its claims: the name is "" where another op has it."""
    snapshot = registry.snapshot
    return [{
        "name": op.name if snapshot.names.get(op.name) is op else "",
        "operators": [key for kind, key in snapshot.holds(op) if kind == "operator"],
        "numpy": [function_name(key) for kind, key in snapshot.holds(op) if kind == "numpy"],
        "order": op.order,
        "kernel": kernel_of(op),
        "package": op.dist,
        "version": op.version,
        "plugin": op.plugin,
        "file": op.file,
        "line": line(op),
    } for op in snapshot.ops]


def kernel_of(op):
    """What runs where an op is called with operands alone."""
    if op.cls is None:
        return "composite"
    if op.direct:
        return "compiled"
    return "traced" if issubclass(op.cls, RuleFunction) and loops_of(op.cls.op, {}) is not None else "numpy"


def show():
    """Print the ops as a table."""
    print_table(
        ("NAME", "OPERATORS", "NUMPY", "ORDER", "KERNEL", "PACKAGE", "FILE"),
        [(row["name"], " ".join(SYMBOLS[operator] for operator in row["operators"]) or "",
          " ".join(row["numpy"]), "any" if row["order"] is None else str(row["order"]), row["kernel"],
          f"{row['package']} {row['version']}".strip() or row["plugin"], f"{placed(row['file'])}:{row['line']}")
         for row in rows()])
