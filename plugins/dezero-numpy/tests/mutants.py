"""Wrong rules, which dezero's kit has to find: what it lets pass is a hole in the samples of an op.

  python tests/mutants.py [NAME ...]      all mutants of these modules, rules and helpers, or of all; prints those that survive

A mutant is a rule, or a function that rules of its module call, with one change: another operator, a sign that is flipped; an
operand, a factor, a sum, a reshape, a mask or an argument that is left out; operands that change places; another number.
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
from pathlib import Path
from types import FunctionType

from dezero import plugins
from dezero.engine.op import Op
from dezero.registry import registry
from dezero.testing.op import run
from dezero.testing.subject import Subject

CHECKS = ("gradient", "second", "zero", "ties", "signs", "outputs", "dtypes", "shapes", "broadcasting", "layouts")
"""Those of the kit that what a rule gives can fail, the quickest first."""

OTHERS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
          ast.And: ast.Or, ast.Or: ast.And, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
          ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Mod: ast.Mult,
          ast.FloorDiv: ast.Mult, ast.MatMult: ast.Mult, ast.Pow: ast.Mult}

SYMMETRIC = ("np.hypot", "np.convolve", "np.maximum", "np.minimum", "min", "max")

KNOWN = Path(__file__).with_name("mutants.txt")
"""What survives and has been looked at, "module.function: mutant" in a line, below the reason.

A reason is of three kinds: "# equal", where the mutant is right; "# elsewhere", where other tests find it; "# hole".
"""


# -- what is changed

def changed(node):
    """Return what may stand in place of an expression."""
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
    if isinstance(node, ast.Call):
        receiver = [node.func.value] if isinstance(node.func, ast.Attribute) and not is_module(node.func.value) else []
        found = [*receiver, *[a for a in node.args[:1] if not isinstance(a, ast.Starred)]][:1]
        if ast.unparse(node.func) == "np.where" and len(node.args) == 3:
            found = node.args[1:]
        if len(node.args) > 1:
            if ast.unparse(node.func) not in SYMMETRIC:
                found.append(put(args=[node.args[1], node.args[0], *node.args[2:]]))
            found.append(put(args=node.args[:-1]))
        return found + [put(keywords=[k for k in node.keywords if k is not left]) for left in node.keywords]
    return []


def is_module(node):
    """Is it np, or np.linalg?"""
    return ast.unparse(node).split(".")[0] in ("np", "math")


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
    for node in counting(tree):
        choices = changed(node)
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

def ops():
    """Return {module: [Op]} of this package."""
    plugins.load()
    plugins.open_all()
    found = {}
    for entry in registry.snapshot.ops:
        if entry.dist == "dezero-numpy" and entry.cls is not None and hasattr(entry.cls, "op"):
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


def cases(module, ops):
    """Return [(the function's name, what is changed, the ops that may fail, what makes them anew)]."""
    found = []
    for op in ops:
        found += [(op.rule.__name__, text, [op], definition, True) for text, definition in mutants(op.rule)]
    for name, users in helpers(module, ops).items():
        found += [(name, text, users, definition, False) for text, definition in mutants(vars(module)[name])]
    return [(module, *case) for case in found]


def is_found(module, name, text, ops, definition, is_rule):
    """Does the kit find a mutant?"""
    try:
        names = namespace(module)
        exec(compile(ast.Module([definition], []), f"<{name}: {text}>", "exec"), names)
        for op in ops:
            function = names[name] if is_rule else with_globals(op.rule, names)
            function.__kwdefaults__, function.__defaults__ = op.rule.__kwdefaults__, op.rule.__defaults__
            check(with_rule(op, function), op)
    except Exception:
        return True
    return False


def check(op, like):
    """Run what of the kit a rule's numbers can fail, at the samples of another op."""
    subject = Subject(op, getattr(like.cls, "samples", None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in CHECKS:
            run(subject, name)


def known():
    """Return {(module, function, mutant): the reason}."""
    found, reason = {}, ""
    for line in KNOWN.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            reason = line[2:]
        elif line:
            place, _, text = line.partition(": ")
            found[(*place.split("."), text)] = reason
    return found


def key(case):
    """Return where a mutant stands among those that are known."""
    return case[0].__name__.rpartition(".")[2], case[1], case[2]


def picked(count, seed=0):
    """Return some cases of each module, the same each time."""
    rng = random.Random(seed)
    found, survive = [], known()
    for module, its in ops().items():
        new = [case for case in cases(module, its) if key(case) not in survive]
        found += rng.sample(new, min(count, len(new)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    count, survivors, survive = 0, 0, known()
    for module, its in ops().items():
        for case in cases(module, its):
            if arguments.names and not {case[1], module.__name__.rpartition(".")[2]} & set(arguments.names):
                continue
            count += 1
            if not is_found(*case) and key(case) not in survive:
                survivors += 1
                print("{}.{}: {}".format(*key(case)), flush=True)
    print(f"{survivors} of {count} mutants survive, and are not in {KNOWN.name}")
    return survivors > 0


if __name__ == "__main__":
    sys.exit(main())
