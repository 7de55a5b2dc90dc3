"""What `dezero ops NAME` shows of one op."""

from inspect import cleandoc, signature
import warnings

import numpy as np

from dezero._words import shown
from dezero.commands._output import good_or_bad, placed, print_table, print_text, stdout_to_stderr
from dezero.commands.check import row_of as outcome
from dezero.registry import SYMBOLS, function_name, home, registry

SHOWN = 3
"""Elements of each argument whose derivatives are shown."""


def find(name):
    """The ops of this name, that answer the NumPy function or the operator of this name, or that a module has under it."""
    snapshot = registry.snapshot
    if name in snapshot.names:
        return [snapshot.names[name]]
    function = name.replace("np.", "numpy.", 1) if name.startswith("np.") else name
    found = [op for op in snapshot.ops for kind, key in snapshot.holds(op)
             if kind == "numpy" and function_name(key) == function or kind == "operator" and name in (key, SYMBOLS[key])]
    return found or [op for op in snapshot.ops if f"{home(op)}.{getattr(op.made, '__qualname__', None)}" == name]


def constant(name):
    """Return the name of the NumPy function of this name whose result is locally constant, or None."""
    function = name.replace("np.", "numpy.", 1) if name.startswith("np.") else name
    return function if function in map(function_name, registry.snapshot.constants) else None


def names():
    """What may be asked for."""
    return {name for op in registry.snapshot.ops for name in (op.name, *map(function_name, op.numpy))}


def facts(op, row):
    """What is known of an op, beside its row in the list, as a dict that JSON can hold."""
    checked = None
    if op.cls is not None:
        with stdout_to_stderr(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            checked = {key: outcome(op)[key] for key in ("passed", "reason")}
            checked["derivatives"] = derivatives(op) if checked["passed"] else []
    return {**row, "call": call(op), "method": op.method_name, "attribute": op.attribute, "doc": cleandoc(op.made.__doc__ or ""), "check": checked}


def call(op):
    """How it is called."""
    try:
        return f"F.{op.name}{signature(op.apply)}"
    except (ValueError, TypeError):                         # compiled, and says nothing
        return f"F.{op.name}(...)"


def derivatives(op):
    """Derivatives of the sum of an op's results, by its rule and from its values alone, where its first sample has it."""
    from dezero.testing.numeric import moved, scale_of, slope
    from dezero.testing.subject import Subject
    subject = Subject(op)
    sample = subject.samples[0]
    ones = [np.ones(y.shape) for y in subject.values(sample, sample.xs, "reference")]
    rows = []
    for i, g in enumerate(subject.gradients(sample, sample.xs, ones)):
        for index in list(np.ndindex(g.shape))[:SHOWN]:
            numeric, _ = slope(lambda t: subject.weighed(sample, moved(sample.xs, i, index, t), ones), scale_of(sample.xs[i][index]))
            rows.append({"argument": i, "index": list(index), "at": float(sample.xs[i][index]), "rule": float(g[index]), "values": float(numeric)})
    return rows


def show(one):
    """Print the facts of one op."""
    order = {None: "any number of times: its author vouches for it", "checked": "any number of times, unless the engine sees that its rule can't",
             1: "once"}[one["order"]]
    reached = [f"x.{one['method']}(...)"] * (one["method"] is not None) + [f"x.{one['attribute']}"] * (one["attribute"] is not None)
    for name, text in (
            ("op", f"{one['name']}, of {one['package'] or one['plugin']} {one['version']}".rstrip()), ("call", one["call"]),
            ("method", " ".join(reached)), ("operators", " ".join([SYMBOLS[operator] for operator in one["operators"]])),
            ("numpy", " ".join(one["numpy"])), ("derived", order), ("kernel", one["kernel"]), ("file", f"{placed(one['file'])}:{one['line']}")):
        if text:
            print_text(f"{name:<11}{text}", " " * 11)
    print()
    for line in one["doc"].splitlines():
        print_text(line, " " * (len(line) - len(line.lstrip())))
    print()
    if one["check"] is None:
        print("it is a composite: its derivative is that of the ops it is made of")
        return
    print_text(f"derivatives: {good_or_bad(one['check']['passed'], 'as the contract wants them')}"
               if one["check"]["passed"] else f"derivatives: {good_or_bad(False, 'FAILED')}: {one['check']['reason']}", "  ")
    if one["check"]["derivatives"]:
        print()
        print_table(("ARGUMENT", "INDEX", "AT", "BY ITS RULE", "FROM VALUES"),
                    [(str(row["argument"]), shown(tuple(row["index"])), *[f"{row[key]:.9g}" for key in ("at", "rule", "values")])
                     for row in one["check"]["derivatives"]])
