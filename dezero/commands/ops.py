"""List all ops: those that are built in, and those of installed packages.

Each answers to F.name(...), to x.name(...), to its operators, and to the NumPy
functions it claims. ORDER says how often it can be differentiated: "checked"
is any number of times, unless the engine sees that its rule can't; 1 is once;
"any" is vouched for by its author. KERNEL is what runs: compiled loops; loops that
were traced from the rule; NumPy; or other ops, of which it is a composite.
FILE is below the folder that modules are imported from; --json has it whole.

NAME shows one op: how it is called, what it claims, its docstring, and whether its
derivatives are those of its values. Of a function that is no op it shows what packages
say of it: scipy.optimize.minimize, dezero_scipy.optimize.minimize.

--coverage tells instead what packages say of the libraries that they cover: which
functions, methods and operators are answered, and which are not, with the reason.
A plugin says so by the name of a module, COVERAGE = "my_package.coverage", which
holds {part of the library: {name: what is said of it}} under the same name. What
stands before a colon is counted: "rule", "composite", "refused: why; what to do".
"""

from collections import Counter
from importlib import import_module
import sys

from dezero import plugins
from dezero._words import clean, near, reason, shown
from dezero.commands import _op
from dezero.commands._output import add_json, load_all, placed, print_json, print_table, print_text, stdout_to_stderr
from dezero.engine.function import RuleFunction
from dezero.engine.op import loops_of
from dezero.registry import SYMBOLS, function_name, line, registry

HELP = "list all ops: names, operators, NumPy functions, package"


def arguments(parser):
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this op or function alone: mul, numpy.multiply, '*'")
    add_json(parser)
    parser.add_argument("--coverage", action="store_true", help="list what of a library is answered, and what is not")


def run(arguments):
    load_all(lazy=not arguments.coverage)
    if arguments.name is not None:
        return show_one(arguments)
    if arguments.coverage:
        print_json(coverage()) if arguments.json else show_coverage()
    elif arguments.json:
        print_json(rows())
    else:
        show()
    return 0


def show_one(arguments):
    """Show all that is known of one op."""
    found = _op.find(arguments.name)
    constant = _op.constant(arguments.name)
    if not found and constant and not arguments.coverage:
        said = "constant: answered on the data of Variables, since its result does not change with them but by jumps"
        print_json({"name": constant, "constant": True}) if arguments.json else print_text(f"{constant} is {said}")
        return 0
    said = [] if found or arguments.coverage else said_of(arguments.name)
    if said:
        print_json(said) if arguments.json else show_said(said)
        return 0
    if arguments.coverage or not found:
        why = "NAME and --coverage do not go together" if found else f"no op {clean(arguments.name)!r}{near(arguments.name, _op.names())}"
        print(f"dezero ops: {why}", file=sys.stderr)
        return 2
    one = _op.facts(found[0], row_of(found[0]))
    print_json(one) if arguments.json else _op.show(one)
    return 0


def show_said(said):
    """Print what packages say of a function that is no op."""
    for one in said:
        print_text(f"{one['name']} ({one['package']}): {one['said']}", "  ")


def rows():
    """One dict for each op."""
    return [row_of(op) for op in registry.snapshot.ops]


def row_of(op):
    """An op with what it has of its claims: the name is "" where another op has it."""
    snapshot = registry.snapshot
    return {
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
    }


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


# -- what is covered

def coverage():
    """One dict for each package that says what it covers; what is wrong with one is told on stderr."""
    found = []
    for plugin in list(plugins._plugins.values()):
        name = getattr(plugin.obj, "COVERAGE", None)
        if name is not None:
            try:
                with stdout_to_stderr():
                    found.append({"package": plugin.dist or plugin.name, "version": plugin.version, "covered": covered(name)})
            except KeyboardInterrupt:
                raise
            except BaseException as error:          # SystemExit, and whatever else a module may raise
                print(f"warning: COVERAGE of {plugin.name}: {reason(error)}", file=sys.stderr)
    return found


def said_of(name):
    """What packages say of a function of the libraries that they cover, by its name or by that of what stands in its place."""
    return [{"name": f"{part}.{key}", "package": package["package"], "said": said} for package in coverage()
            for part, names in package["covered"].items() for key, said in names.items()
            if name in (f"{part}.{key}", said.partition(": ")[2])]


def covered(name):
    """The table in a module, ``{part: {name: what is said of it}}``."""
    if not isinstance(name, str):
        raise TypeError(f"it is the name of a module, not {shown(name)}")
    table = import_module(name).COVERAGE
    if not isinstance(table, dict) or not all([isinstance(part, dict) for part in table.values()]):
        raise TypeError(f"{name}.COVERAGE is {{part: {{name: what is said of it}}}}")
    return {str(part): {str(name): str(said) for name, said in names.items()} for part, names in table.items()}


def show_coverage():
    """Print counts, and for each part and each thing that is said the names of which it is said."""
    for package in coverage():
        print_text(f"{package['package']} {package['version']}".strip())
        print()
        counts = {part: Counter(map(kind_of, names.values())) for part, names in package["covered"].items()}
        kinds = list(dict.fromkeys(kind for count in counts.values() for kind in count))
        print_table(("PART", *[kind.upper() for kind in kinds]),
                    [(part, *[str(count[kind] or "") for kind in kinds]) for part, count in counts.items()])
        for part, names in package["covered"].items():
            for said in sorted(set(names.values()), key=lambda said: (kinds.index(kind_of(said)), said)):
                print()
                print_text(f"{part}, {said}:")
                print_text("  " + " ".join([name for name in names if names[name] == said]), "  ")
        print()


def kind_of(said):
    """The one word that is counted."""
    return said.partition(":")[0]
