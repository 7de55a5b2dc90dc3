"""The boxes of a picture: what is said of each node of a graph, as texts alone."""
from math import isfinite

import numpy as np

from .._words import clean
from ..engine import survey
from ..registry import HOST, registry

MOST = 20_000           # nodes that are looked at; of larger graphs, those next to the results
STATES = {
    "kept": "kept for the gradient", "held": "held by a Variable alone", "again": "computed again by backward",
    "dropped": "dropped: no gradient reads it",
}
"""What is said of a value, and what it means."""


class Box:
    """One box.

    Attributes
    ----------
    kind : str
        leaf, free, constant, stale, op, call, output, identity, folded (`count` repeats of some boxes) or more (what was left out).
    title, tag, lines : str, str, list of str
        Its texts: `tag` is a package or a kind.
    parents : list of int
        Boxes, in the order of the operands.
    value : str
        One of STATES, or "none".
    like : tuple
        What boxes have in common that are the same step of a loop.
    type : str
        dtype and shape.
    ops, leaves : int
        How many nodes it stands for.
    """

    tag, value, is_root, count, text, name, type = "", "none", False, 1, "", "", ""

    def __init__(self, kind, title, parents, like=None):
        self.kind, self.title, self.parents, self.like = kind, title, parents, like
        self.lines, self.notes = [], []
        self.ops, self.leaves = int(kind in ("op", "call")), int(kind in ("leaf", "free", "constant"))


def boxes_of(variables):
    """Return the boxes of Variables and of all that they were computed from, each after its parents."""
    facts, roots = survey.survey(variables, MOST)
    names = {op.cls: op for op in registry.snapshot.ops if op.cls is not None}
    boxes, places = [], {}
    if any([-1 in fact.parents for fact in facts]):
        boxes.append(Box("more", "…", [], ("more",)))
        boxes[0].lines = ["what came before"]
        places[-1] = 0
    for i, fact in enumerate(facts):
        if is_number(fact) and i not in roots:
            continue
        places[i] = len(boxes)
        boxes.append(box_of(fact, facts, places, names, i in roots))
    return boxes


def is_number(fact):
    """Is it a constant that an op has made of a number?  It is told in the op's box."""
    return fact.kind == "constant" and fact.number is not None and not fact.living and fact.name is None


def box_of(fact, facts, places, names, is_root):
    """Return the box of one node."""
    parents = [places[p] for p in fact.parents if p is not None and p in places]
    like = fact.kind, fact.op, fact.shape, fact.dtype, fact.output, len(fact.parents)
    box = Box(fact.kind, title_of(fact, facts, places, names), parents, like)
    box.is_root, box.value = is_root, fact.value
    box.name = name_of(fact.name)
    if fact.op is not None:
        entry = names.get(fact.op)
        box.tag = "" if entry is None or entry.dist == HOST else clean(entry.dist or entry.plugin, 40)
    elif box.name and fact.kind != "output":
        box.tag = fact.kind
    if box.name and box.name != box.title:
        box.lines.append(box.name)
    box.type = "" if fact.shape is None else f"{fact.dtype} {fact.shape}"
    says = fact.shape is not None and says_shape(fact, facts, is_root)
    if fact.number is not None:
        box.lines.append(f"{fact.dtype} = {number(fact.number)}" if says else f"= {number(fact.number)}")
    elif says:
        box.lines.append(box.type)
    if fact.constant and fact.kind != "constant":
        box.lines.append("constant")
    if fact.grad is not None:
        box.lines.append(f"grad {gradient(fact.grad)}")
    box.notes = [line for line in (box.name, box.type, STATES.get(fact.value)) if line]
    return box


def says_shape(fact, facts, is_root):
    """Is the shape or dtype of a result news?"""
    if is_root or fact.name is not None or fact.kind in ("leaf", "free", "constant"):
        return True
    known = [(facts[p].shape, facts[p].dtype) for p in fact.parents if p is not None and p >= 0]
    return any([one != (fact.shape, fact.dtype) for one in known])


def name_of(name):
    """A name as it can be shown anywhere; it may be any object."""
    if name is None:
        return ""
    return clean(str.__str__(name) if isinstance(name, str) else f"<{type(name).__name__}>", 200)


def title_of(fact, facts, places, names):
    """Return the first line: an op with what it takes beside its edges, else the name or the kind."""
    if fact.kind == "identity":
        return "new data"
    if fact.kind == "output":
        return f"output {fact.output}"
    if fact.op is None:
        return name_of(fact.name) or fact.kind
    name = names[fact.op].name if fact.op in names else fact.op.__name__
    operands = ["·" if p in places else number(facts[p].number) if p is not None else
                "array" if fact.operand is None else number(fact.operand) for p in fact.parents]
    given = operands if any([text != "·" for text in operands]) else []
    known = {key: text for key, x in fact.parameters.items() if not key.startswith("_") and (text := parameter(x)) is not None}
    index = f"[{known.pop('index').strip('()').removesuffix(',')}]" if "index" in known else ""
    given += [f"{key}={text}" for key, text in known.items()]
    return clean(name, 100) + index + (f"({', '.join(given)})" if given else "")


def parameter(x):
    """A parameter as a text, or None where it is not worth one; never by a stranger's repr."""
    if type(x) in (bool, int, float, complex, type(...)):
        return "..." if x is ... else number(x)
    if type(x) is str:
        return clean(repr(x), 20)
    if type(x) is slice:
        ends = ["" if i is None else parameter(i) or "…" for i in (x.start, x.stop, x.step)]
        return ":".join(ends if x.step is not None else ends[:2])
    if type(x) in (tuple, list):
        inside = ", ".join(["None" if i is None else parameter(i) or "…" for i in x[:6]] + ["…"] * (len(x) > 6))
        return f"({inside})" if type(x) is tuple else f"[{inside}]"
    return f"array{x.shape}" if type(x) is np.ndarray else None


def number(x):
    """A Python number, short."""
    if isinstance(x, bool) or isinstance(x, int):
        return str(x) if abs(x) < 10**9 else f"{x:.4g}"
    if isinstance(x, complex):
        return f"{x:.4g}"
    return f"{x:.5g}" if not isfinite(x) or x != round(x) or abs(x) >= 1e6 else f"{x:.1f}"


def gradient(g):
    """The gradient of a Variable: its number, or its shape."""
    return number(g.item()) if g.shape == () else str(g.shape)


def summary(boxes):
    """Say in one line what a picture shows, and what it does not."""
    ops, leaves = sum([box.ops for box in boxes]), sum([box.leaves for box in boxes])
    parts = [counted(ops, "operation"), counted(leaves, "leaf", "leaves")]
    folded = [box for box in boxes if box.kind == "folded"]
    if folded:
        parts.append(f"{counted(sum([box.ops for box in folded]), 'operation')} folded into {counted(len(folded), 'box', 'boxes')}")
    if any([box.kind == "more" for box in boxes]):
        parts.append("what came before is left out")
    return ", ".join(parts)


def counted(count, one, many=None):
    return f"{count} {one if count == 1 else many or one + 's'}"
