"""Wrong rules, which `check_op` has to find: what it lets pass is a hole in the samples of an op.

  python -m dezero.testing.mutants PACKAGE FILE [NAME ...]

runs all mutants of the installed PACKAGE, or those of the modules and functions NAME, and prints those that survive and are not in
FILE.

A mutant is a rule, or a function that rules of its module call, with one change: another operator, a sign that is flipped; an
operand, a factor, a sum, a reshape, a mask or an argument that is left out; operands that change places; another number.

FILE holds the mutants that survive and have been looked at, "module.function: mutant" in a line, below the reason.  A reason is
of three kinds: "# equal: ...", where the mutant is right; "# elsewhere: ...", where other tests find it; "# hole: ...".

A package tests some of its mutants in each run::

    @pytest.mark.parametrize("mutant", mutants.picked("my-package", FILE, 6), ids=str)
    def test_a_mutant_is_found(mutant):
        assert mutant.is_found()
"""
import argparse
import ast
import copy
import dis
import inspect
import random
import sys
import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

from dezero.engine.op import Op
from dezero.testing.op import ops_of, run
from dezero.testing.subject import Subject

CHECKS = ("gradient", "second", "zero", "ties", "signs", "outputs", "dtypes", "shapes", "broadcasting", "layouts")
"""Those of the kit that what a rule gives can fail, the quickest first."""

OTHERS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
          ast.And: ast.Or, ast.Or: ast.And, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
          ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Mod: ast.Mult,
          ast.FloorDiv: ast.Mult, ast.MatMult: ast.Mult, ast.Pow: ast.Mult}

SYMMETRIC = ("np.hypot", "np.convolve", "np.maximum", "np.minimum", "min", "max")


# -- what is changed

def changed(node, modules):
    """Return what may stand in place of an expression; `modules` are the names of modules, which are no operands."""
    def put(**parts):
        other = copy.copy(node)
        for name, part in parts.items():
            setattr(other, name, part)
        return other
    if isinstance(node, ast.BinOp):
        found = [put(op=OTHERS[type(node.op)]())] if type(node.op) in OTHERS else []
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow, ast.Mod, ast.FloorDiv)):
            found.append(put(left=node.right, right=node.left))
        return [*found, node.left, *([node.right] if not isinstance(node.op, (ast.Div, ast.Pow, ast.Mod)) else [])]
    if isinstance(node, ast.BoolOp):
        return [put(op=OTHERS[type(node.op)]()), *node.values]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [put(ops=[OTHERS[type(node.ops[0])](), *node.ops[1:]])]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return [node.value]
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        return [ast.Constant(not node.value if type(node.value) is bool else node.value + 1)]
    if isinstance(node, ast.Call) and not is_told(node):
        receiver = [node.func.value] if isinstance(node.func, ast.Attribute) and root(node.func.value) not in modules else []
        found = [*receiver, *[a for a in node.args[:1] if not isinstance(a, ast.Starred)]][:1]
        if ast.unparse(node.func) == "np.where" and len(node.args) == 3:
            found = node.args[1:]
        if len(node.args) > 1:
            if ast.unparse(node.func) not in SYMMETRIC:
                found.append(put(args=[node.args[1], node.args[0], *node.args[2:]]))
            found.append(put(args=node.args[:-1]))
        return found + [put(keywords=[k for k in node.keywords if k is not left]) for left in node.keywords]
    return []


def is_told(node):
    """Is a call given nothing but text, which is for messages?"""
    return node.args != [] and all([isinstance(a, ast.Constant) and type(a.value) is str for a in node.args])


def root(node):
    """Return the first name of an expression: np of np.linalg."""
    return ast.unparse(node).split(".")[0]


def returned(node):
    """Return what may be returned in place of an expression: with a sign flipped, or in another order."""
    if not isinstance(node, ast.Tuple):
        return [] if isinstance(node, (ast.Constant, ast.Lambda, ast.List, ast.ListComp)) else [ast.UnaryOp(ast.USub(), node)]
    found = []
    for i, part in enumerate(node.elts):
        found += [ast.Tuple([*node.elts[:i], other, *node.elts[i + 1:]], ast.Load()) for other in returned(part)]
    return found + ([ast.Tuple(node.elts[::-1], ast.Load())] if len(node.elts) == 2 else [])


class Replace(ast.NodeTransformer):
    """Put one node in place of another."""

    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def counting(tree):
    """Return the nodes of a definition that its result depends on: neither a docstring nor what raises an error, and when."""
    found = [tree]
    for node in found:
        inner = [*ast.iter_child_nodes(node)]
        if isinstance(node, ast.If) and all([isinstance(step, ast.Raise) for step in node.body]):
            inner = node.orelse
        found += [part for part in inner if not isinstance(part, (ast.Raise, ast.arguments))
                  and not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    return found


def mutants(function):
    """Return [(what is changed, the changed definition)] of a function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    tree.decorator_list, found = [], []
    modules = {name for name, value in function.__globals__.items() if isinstance(value, ModuleType)}
    for node in counting(tree):
        choices = changed(node, modules)
        if isinstance(node, (ast.Return, ast.Lambda)):
            value = node.value if isinstance(node, ast.Return) else node.body
            found += [(value, other) for other in (returned(value) if value is not None else [])]
        if isinstance(node, ast.If) and not all([isinstance(step, ast.Raise) for step in node.body]):
            found.append((node.test, ast.UnaryOp(ast.Not(), node.test)))
        found += [(node, other) for other in choices]
    known, result = {}, []
    for old, new in found:
        marked = copy.deepcopy((tree, old, new))
        text = f"{ast.unparse(old)} -> {ast.unparse(new)}"
        if ast.unparse(old) == ast.unparse(new):
            continue
        known[text] = known.get(text, 0) + 1
        text += f" ({known[text]})" if known[text] > 1 else ""
        result.append((text, ast.fix_missing_locations(Replace(*marked[1:]).visit(marked[0]))))
    return result


# -- what is tried

@dataclass(frozen=True)
class Mutant:
    """A function with one change.

    Attributes
    ----------
    module : module
        Where the function stands.
    function : str
        Its name: that of a rule, or of what rules call.
    text : str
        What is changed: "a -> b".
    ops : list of Op
        Those that it may spoil.
    definition : ast.FunctionDef
        The changed function.
    """

    module: ModuleType
    function: str
    text: str
    ops: list
    definition: ast.FunctionDef

    def __str__(self):
        return f"{self.module.__name__.rpartition('.')[2]}.{self.function}: {self.text}"

    def is_found(self):
        """Do the checks of one of its ops fail?"""
        try:
            names = namespace(self.module)
            exec(compile(ast.Module([self.definition], []), f"<{self}>", "exec"), names)
            for op in self.ops:
                is_rule = self.function == op.rule.__name__
                function = names[self.function] if is_rule else with_globals(op.rule, names)
                function.__kwdefaults__, function.__defaults__ = op.rule.__kwdefaults__, op.rule.__defaults__
                check(with_rule(op, function), op)
        except Exception:
            return True
        return False


def mutants_of(package):
    """Return the mutants of an installed package, module by module, as {module: list of Mutant}."""
    found = {}
    for module, ops in modules_of(package).items():
        rules = [(op, *changed_rule) for op in ops for changed_rule in mutants(op.rule)]
        found[module] = [Mutant(module, op.rule.__name__, text, [op], definition) for op, text, definition in rules]
        for name, users in helpers(module, ops).items():
            found[module] += [Mutant(module, name, text, users, definition) for text, definition in mutants(vars(module)[name])]
    return found


def modules_of(package):
    """Return {module: its ops whose rule is a function} of an installed package."""
    found = {}
    for entry in ops_of(package):
        if hasattr(entry.cls, "op"):
            found.setdefault(sys.modules[entry.cls.op.rule.__module__], []).append(entry.cls.op)
    return found


def helpers(module, ops):
    """Return {name of a function of a module: the ops whose rules call it}."""
    functions = {name: f for name, f in vars(module).items() if isinstance(f, FunctionType) and f.__module__ == module.__name__}

    def called(code):
        inner = [name for const in code.co_consts if hasattr(const, "co_names") for name in called(const)]
        return {*[i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"], *inner} & set(functions)

    def reached(code):
        found, new = set(), called(code)
        while new:
            found |= new
            new = {name for known in new for name in called(functions[known].__code__)} - found
        return found
    users = {name: [op for op in ops if name in reached(op.rule.__code__)] for name in functions}
    return {name: found for name, found in users.items() if found}


def namespace(module):
    """Return the globals of a module anew, with functions that look there."""
    names = dict(vars(module))
    for name, f in vars(module).items():
        if isinstance(f, FunctionType) and f.__module__ == module.__name__:
            names[name] = with_globals(f, names)
    return names


def with_globals(f, names):
    """Return a function with other globals."""
    other = FunctionType(f.__code__, names, f.__name__, f.__defaults__, f.__closure__)
    other.__kwdefaults__, other.__doc__, other.__module__ = f.__kwdefaults__, f.__doc__, f.__module__
    return other


def with_rule(op, function):
    """Return an op with another rule."""
    also = op.numpy[1:] if op.numpy and op.numpy[0] is op.forward else op.numpy
    return Op(function, op.forward, also, op.name, op.operators, op.operands, op.listed, None, None, op.result, None, op.order)


def check(op, like):
    """Run what of the kit a rule's numbers can fail, at the samples of another op."""
    subject = Subject(op, getattr(like.cls, "samples", None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in CHECKS:
            run(subject, name)


def known(file):
    """Return {mutant: the reason why it may survive}, as a file has it."""
    found, reason = {}, ""
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            reason = line[2:]
        elif line:
            found[line] = reason
    return found


def picked(package, file, count, seed=0):
    """Return up to `count` mutants of each module of a package that are not in a file, the same each time."""
    rng, found, survive = random.Random(seed), [], known(file)
    for its in mutants_of(package).values():
        new = [mutant for mutant in its if str(mutant) not in survive]
        found += rng.sample(new, min(count, len(new)))
    return found


def outdated(package, file):
    """Return the lines of a file that are no mutants of a package: the rules are others by now."""
    every = {str(mutant) for its in mutants_of(package).values() for mutant in its}
    return [line for line in known(file) if line not in every]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", metavar="PACKAGE")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    count, survivors, survive = 0, 0, known(arguments.file)
    for mutant in [mutant for its in mutants_of(arguments.package).values() for mutant in its]:
        if arguments.names and not {mutant.function, mutant.module.__name__.rpartition(".")[2]} & set(arguments.names):
            continue
        count += 1
        if not mutant.is_found() and str(mutant) not in survive:
            survivors += 1
            print(mutant, flush=True)
    print(f"{survivors} of {count} mutants survive, and are not in {arguments.file}")
    return survivors > 0


if __name__ == "__main__":
    sys.exit(main())
