"""Write stubs of dezero with the functions and methods of all ops that are installed.

The stubs that dezero comes with know the built-in ops and let any other name
pass for an op. Those written here know what is installed, so that editors show
it and a misspelt op is an error. DIR is where the type checker looks first:
pyright and VS Code look into "typings" by themselves, mypy with

  [tool.mypy]
  mypy_path = "typings"

Write them again when other packages are installed.
"""

from inspect import Parameter, Signature, cleandoc, signature
from pathlib import Path
import sys

import numpy as np

import dezero
from dezero._words import shown
from dezero.commands._output import add_json, load_all, print_json
from dezero.engine.assign import ASSIGNABLE
from dezero.engine.dispatch import is_dispatched
from dezero.engine.function import RuleFunction, arguments_of, is_standard, signature_of
from dezero.registry import registry

HELP = "write stubs of the installed ops, for type checkers and editors"

MARK = "# the ops\n"
"""Where the text of `dezero stubs` begins in engine/variable.pyi and functions.pyi."""


def arguments(parser):
    parser.add_argument("--dir", default="typings", metavar="DIR", help="where dezero/ is written (default: typings)")
    add_json(parser)


def run(arguments):
    load_all(lazy=True)
    target = Path(arguments.dir) / "dezero"
    if (target / "__init__.py").exists():
        print(f"dezero stubs: {shown(str(target))} is dezero itself, or another package; choose another --dir", file=sys.stderr)
        return 2
    written = []
    try:
        for path, text in files([op for op in registry.snapshot.names.values() if op.module is None]).items():
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
            written.append(str(file))
    except OSError as error:
        print(f"dezero stubs: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print_json({"files": written})
    else:
        print(*written, sep="\n")
    return 0


def files(ops):
    """``{path below dezero/: text}``: the stubs that dezero comes with, with these ops."""
    house = Path(dezero.__path__[0])
    texts = {path.relative_to(house).as_posix(): path.read_text(encoding="utf-8") for path in sorted(house.rglob("*.pyi"))}
    methods = [method(op) for op in ops if op.method_name is not None]
    attributes = [attribute(op) for op in ops if op.attribute is not None]
    for path, stubs in (("engine/variable.pyi", methods + attributes), ("functions.pyi", functions({op.name: op for op in ops}))):
        head, mark, _ = texts[path].partition(MARK)
        texts[path] = head + mark + "".join(stubs)
    return texts


def functions(ops, space="", indent=""):
    """The stubs of ``F.name``; a namespace is a class that has them."""
    for name in dict.fromkeys([name[len(space):].partition(".")[0] for name in ops if name.startswith(space)]):
        if space + name in ops:
            yield f"{indent}@staticmethod\n" * bool(indent) + function(ops[space + name], indent)
        else:
            yield f"{indent}class {name}:\n"
            yield from functions(ops, f"{space}{name}.", indent + "    ")


def function(op, indent=""):
    """The stub of ``F.name``."""
    return f"{indent}def {op.name.rpartition('.')[2]}{parameters(op)} -> {result(op)}:\n{indent}    {summary(op)}\n"


def method(op):
    """The stub of ``x.name``, which is F.name with x for the first argument."""
    known = list((typed_any(op.method) if callable(op.method) else parameters(op)).parameters.values())
    if known and known[0].kind is not Parameter.VAR_POSITIONAL:
        del known[0]
    me = Parameter("self", Parameter.POSITIONAL_ONLY)
    return f"    def {op.method_name}{Signature([me, *known])} -> {result(op)}:\n        {summary(op)}\n"


def attribute(op):
    """The stub of ``x.T``, or of ``x.real``, which is assigned to."""
    text = f"    @property\n    def {op.attribute}(self) -> {result(op)}:\n        {summary(op)}\n"
    if op.attribute in ASSIGNABLE:
        text += f"    @{op.attribute}.setter\n    def {op.attribute}(self, value: Any) -> None: ...\n"
    return text


def parameters(op):
    """How ``F.name`` is called, typed: operands are what an op computes with, parameters anything."""
    if op.cls is None:
        return typed_any(op.apply)
    if not is_class(op):
        return parameters_of_rule(op.cls.op)
    known = list(signature_of(op.cls).parameters.values())
    bound = arguments_of(op.cls) if is_standard(op.cls) else None
    operands = () if bound is None else bound.place_of
    return Signature([typed(p, "_Operand" if p.name in operands else "Any") for p in known])


def parameters_of_rule(rule):
    """The same of what `rule` made, whose operands may be a list, or left out."""
    bound = rule.arguments
    operands = {} if bound.listed else bound.place_of
    operand = {name: "_Operand | None" if bound.optional[place] else "_Operand" for name, place in operands.items()}
    return Signature([typed(p, operand.get(p.name, "Any")) for p in rule.signature.parameters.values()])


def is_class(op):
    """Whether its author wrote a class: neither a rule nor a composite."""
    return op.cls is not None and not issubclass(op.cls, RuleFunction)


def typed_any(f):
    """How a Python function is called, its arguments being anything."""
    return Signature([typed(p, "Any") for p in signature(f).parameters.values()])


def own(member):
    """The parameters of a method, without self."""
    return list(signature(member).parameters.values())[1:]


def typed(parameter, annotation):
    default = Parameter.empty if parameter.default is Parameter.empty else Text("...")
    return parameter.replace(annotation=Text(annotation), default=default)


class Text(str):
    """What `Signature` is to write as it is, without quotes."""

    __repr__ = str.__str__


def result(op):
    """One Variable, or several: as many as `backward` has gradients for, or the ufunc has that a rule is for; a kernel has one.

    A rule for another NumPy function has one where its results have no names.  Of a composite, and of a forward of one's own, the
    annotation tells: Variable, or numpy.ndarray.
    """
    told = getattr(op.apply if op.cls is None else op.cls.op.forward if not is_class(op) else None, "__annotations__", {})
    if told.get("return") in (dezero.Variable, np.ndarray):
        return "Variable"
    if op.cls is None:
        return "Any"
    if not is_class(op):
        return result_of_rule(op.cls.op)
    gys = own(op.cls.backward)
    if any(p.kind is Parameter.VAR_POSITIONAL for p in gys):
        return "Any"
    return "Variable" if len(gys) == 1 else "list[Variable]"


def result_of_rule(rule):
    """The same of what `rule` made."""
    if isinstance(rule.forward, np.ufunc) and rule.forward.nout > 1:
        return "tuple[Variable, ...]"
    is_one = rule.kernel is not None or is_dispatched(rule.forward) and rule.result is None
    return "Variable" if is_one else "Any"


def summary(op):
    """The first line of its own docstring, as a docstring."""
    lines = cleandoc(op.made.__doc__ or "").splitlines()
    return repr(lines[0]) if lines else "..."
