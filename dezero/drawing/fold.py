"""Large graphs made small: steps that repeat, such as a loop's body, become one box, and what is far from the results another.

Boxes stand in an order in which each comes after its parents.  A stretch of it can become one box, since nothing in between
leads out of it and back.
"""
from collections import Counter, defaultdict

from .model import Box, counted

TRIED = 24              # distances that are tried
PASSES = 20             # folded boxes may be folded again: loops in loops


def fold(boxes, most):
    """Return at most so many boxes: repeats of three and more are folded and, where that is not enough, the oldest are left out."""
    for _ in range(PASSES):
        if len(boxes) <= most:
            return boxes
        runs = first_runs(boxes)
        if not runs:
            break
        boxes = joined(boxes, runs)
    return boxes if len(boxes) <= most else cut(boxes, most)


def first_runs(boxes):
    """Return (begin, length of a block, how many) of all repeats of the shortest blocks that repeat."""
    for p in distances(boxes):
        runs, begin = [], None
        for i in range(p, len(boxes) + 1):
            if i < len(boxes) and repeats(boxes[i], boxes[i - p], p):
                begin = i if begin is None else begin
                continue
            if begin is not None and i - begin >= 2 * p and (not runs or runs[-1][0] + runs[-1][1] * runs[-1][2] <= begin - p):
                runs.append((begin - p, p, (i - begin + p) // p))
            begin = None
        if runs:
            return runs
    return []


def repeats(box, before, p):
    """Is a box the same step as one p places before: of the same parents, or of parents p places apart?"""
    if box.like != before.like or len(box.parents) != len(before.parents) or box.is_root or before.is_root:
        return False
    for i, j in zip(box.parents, before.parents):
        if i != j and i != j + p:
            return False
    return True


def distances(boxes):
    """Return how far apart boxes are that look alike, as do their parents and grandparents: the most frequent, the shortest first."""
    labels = [box.like for box in boxes]
    for _ in range(2):
        known = {}
        labels = [known.setdefault((label, *[labels[p] for p in box.parents]), len(known)) for label, box in zip(labels, boxes)]
    last, found = defaultdict(list), Counter()
    for i, label in enumerate(labels):
        found.update([i - j for j in last[label][-2:]])
        last[label].append(i)
    return sorted([p for p, _ in found.most_common(TRIED)])


def joined(boxes, runs):
    """Return the boxes with each run as one."""
    new, places = [], {}
    i = 0
    runs = list(reversed(runs))
    while i < len(boxes):
        if runs and runs[-1][0] == i:
            _, p, count = runs.pop()
            block = boxes[i:i + p * count]
            box = folded(block, p, count)
        else:
            block, box = boxes[i:i + 1], boxes[i]
        parents = [places[q] for b in block for q in b.parents if q in places]
        if len(block) > 1:
            parents = sorted(set(parents))
        box.parents = parents
        for j in range(i, i + len(block)):
            places[j] = len(new)
        new.append(box)
        i += len(block)
    return new


def folded(block, p, count):
    """Return the box of `count` blocks of p boxes."""
    last = block[-p:]
    box = Box("folded", f"× {count}", [], ("folded", count, *[b.like for b in last]))
    box.count, box.ops, box.leaves = count, sum([b.ops for b in block]), sum([b.leaves for b in block])
    steps = [body(b) for b in last if b.ops]
    box.text = ", ".join(steps[:4] + ["…"] * (len(steps) > 4))
    box.lines = [box.text or "leaves", counted(box.ops, "operation")] + ([counted(box.leaves, "leaf", "leaves")] if box.leaves else [])
    box.notes = ["repeated: " + ", ".join(steps)]
    return box


def body(box):
    """A step of a folded block, in its list."""
    return f"({box.text}) {box.title}" if box.kind == "folded" else box.title.partition("(")[0]


def cut(boxes, most):
    """Return the boxes next to the results, and one for all the others."""
    layers = layers_of(boxes)
    order = sorted(range(len(boxes)), key=lambda i: (-layers[i], not boxes[i].is_root, -i))
    kept = sorted(order[:max(most - 1, 1)])
    places = {i: 1 + j for j, i in enumerate(kept)}
    rest = Box("more", "…", [], ("more",))
    left = [box for i, box in enumerate(boxes) if i not in places]
    rest.ops, rest.leaves = sum([box.ops for box in left]), sum([box.leaves for box in left])
    rest.lines = [counted(rest.ops, "more operation"), counted(rest.leaves, "leaf", "leaves")]
    for i in kept:
        parents = [places.get(p, 0) for p in boxes[i].parents]
        boxes[i].parents = [p for k, p in enumerate(parents) if p or 0 not in parents[:k]]
    return [rest, *[boxes[i] for i in kept]]


def layers_of(boxes):
    """Return for each box its layer, from 0 on: as far below as what is computed from it allows, so that pictures are narrow.

    Results stand as many layers down as their generation says; what they were computed from stands right above its first use.
    """
    layers = []
    for box in boxes:
        layers.append(1 + max([layers[p] for p in box.parents], default=-1))
    used = set()
    for i in range(len(boxes) - 1, -1, -1):
        for p in boxes[i].parents:
            layers[p] = min(layers[p], layers[i] - 1) if p in used else layers[i] - 1
            used.add(p)
    first = min(layers)
    return [layer - first for layer in layers]
