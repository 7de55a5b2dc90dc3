"""The graph in the DOT language, and as lines for a terminal."""
from .model import STATES, summary
from .svg import short

WIDTH = 100                     # columns of a line


def dot(boxes):
    """Return the graph as Graphviz reads it."""
    lines = ["digraph {", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    for i, box in enumerate(boxes):
        text = [box.title + (f"  [{box.tag}]" if box.tag else ""), *box.lines, *([box.value] if box.value in STATES else [])]
        more = ", penwidth=2" if box.is_root else ""
        lines.append(f'  n{i} [label="{"".join([quoted(line) + chr(92) + "l" for line in text])}"{more}];')
    lines += [f"  n{p} -> n{i};" for i, box in enumerate(boxes) for p in box.parents]
    return "\n".join([*lines, "}", ""])


def quoted(text):
    """A text inside of DOT's quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def lines(boxes):
    """Return the graph as text: a line for each box, below those that it was computed from."""
    names = names_of(boxes)
    rows = []
    for box, name in zip(boxes, names):
        operands = ", ".join([names[p] for p in box.parents])
        what = box.title if box.title != name else box.kind
        if box.tag and box.tag != what:
            what += f" [{box.tag}]"
        facts = [line for line in box.lines if line != box.name] + ([box.value] if box.value in STATES else [])
        rows.append((name, f"{what} <- {operands}" if operands else what, "; ".join(facts)))
    first = min(max([len(row[0]) for row in rows]), 24)
    second = min(max([len(row[1]) for row in rows]), 44)
    text = [f"{short(name, first):<{first}}  {short(what, second):<{second}}  {facts}".rstrip() for name, what, facts in rows]
    return "\n".join([summary(boxes), *[short(line, WIDTH) for line in text], ""])


def names_of(boxes):
    """Return what each box is called in the lines: its name where no other has it, else a number."""
    known = [box.name for box in boxes]
    return [box.name if box.name and known.count(box.name) == 1 and len(box.name) <= 24 else f"%{i}" for i, box in enumerate(boxes)]
