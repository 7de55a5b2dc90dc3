"""The picture as SVG: no script, no font and no file from elsewhere; light or dark as its reader has it."""
from html import escape
from unicodedata import category, east_asian_width

from .layout import layout
from .model import STATES, summary

TITLE, SMALL = 8.4, 7.0         # pixels that a character takes, at most as system fonts have it
LINE = 16                       # pixels from line to line
PAD = 12
WIDEST, SHORTEST = 34, 72       # characters of a line; pixels of a box
SMALLEST = 300                  # pixels of a picture: its last lines take room too

STYLE = """
.dezero-graph{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif;font-size:11.5px}
.dezero-graph text{fill:#4a5563}
.dezero-graph .paper{fill:#ffffff;stroke:#d5dbe3}
.dezero-graph .frame{fill:#f4f6f9;stroke:#94a0b0;stroke-width:1}
.dezero-graph .title{fill:#16202c;font-size:13px;font-weight:600}
.dezero-graph .leaf .frame{fill:#e5f4ea;stroke:#39905c}
.dezero-graph .free .frame{fill:#fbf3dc;stroke:#b18a25}
.dezero-graph .constant .frame{fill:#eceef1;stroke:#8b94a0;stroke-dasharray:2 2}
.dezero-graph .folded .frame,.dezero-graph .stack{fill:#ece9fb;stroke:#7161c4}
.dezero-graph .more .frame{fill:none;stroke:#94a0b0;stroke-dasharray:5 4}
.dezero-graph .root .frame{stroke:#2262c6;stroke-width:2.2}
.dezero-graph .tag{fill:#6d7886;font-size:10px}
.dezero-graph .edge{fill:none;stroke:#94a0b0;stroke-width:1.3}
.dezero-graph .tip{fill:#94a0b0;stroke:none}
.dezero-graph .mark{fill:none;stroke:#2262c6;stroke-width:1.6}
.dezero-graph .mark.kept,.dezero-graph .dot{fill:#2262c6;stroke:#2262c6}
.dezero-graph .mark.again{stroke-dasharray:2.2 1.6}
.dezero-graph .mark.dropped{stroke:#a9b2be}
@media (prefers-color-scheme:dark){
.dezero-graph text{fill:#aab6c4}
.dezero-graph .paper{fill:#14191f;stroke:#323c48}
.dezero-graph .frame{fill:#1f2730;stroke:#5f6d7e}
.dezero-graph .title{fill:#eef3f8}
.dezero-graph .leaf .frame{fill:#16301f;stroke:#4fae75}
.dezero-graph .free .frame{fill:#33290f;stroke:#c39d3c}
.dezero-graph .constant .frame{fill:#232930;stroke:#6f7a88}
.dezero-graph .folded .frame,.dezero-graph .stack{fill:#292447;stroke:#9384e6}
.dezero-graph .more .frame{fill:none}
.dezero-graph .root .frame{stroke:#6ea6ff}
.dezero-graph .tag{fill:#93a0af}
.dezero-graph .edge{stroke:#66748a}
.dezero-graph .tip{fill:#66748a}
.dezero-graph .mark{stroke:#6ea6ff}
.dezero-graph .mark.kept,.dezero-graph .dot{fill:#6ea6ff;stroke:#6ea6ff}
.dezero-graph .mark.dropped{stroke:#55616f}
}
"""


def svg(boxes):
    """Return the SVG of boxes."""
    plan = layout(boxes, [size(box) for box in boxes])
    notes = [(None, line) for line in wrapped_summary(boxes, max(plan.width, SMALLEST))]
    notes += [(state, text) for state, text in STATES.items() if any([box.value == state for box in boxes])]
    width, height = max(plan.width, SMALLEST), plan.height + LINE * len(notes) + 6
    shift = (width - plan.width) / 2
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" class="dezero-graph" role="img" width="{width:.0f}" height="{height:.0f}" '
             f'viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:100%;height:auto">\n'
             f"<title>Graph of {escape(summary(boxes))}</title>\n<style>{STYLE}</style>\n"
             f'<rect class="paper" x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8"/>\n<g transform="translate({shift:.1f})">\n']
    if plan.edges:
        parts.append(f'<path class="edge" d="{" ".join(map(drawn, plan.edges))}"/>\n<path class="tip" d="{" ".join(map(tip, plan.edges))}"/>\n')
    parts += [drawn_box(box, x, y) for box, (x, y) in zip(boxes, plan.places)]
    parts.append("</g>\n")
    for i, (state, text) in enumerate(notes):
        y = plan.height + LINE * i + 4
        parts.append(f"{'' if state is None else mark(state, 20, y - 4)}"
                     f'<text class="note" x="{16 if state is None else 30}" y="{y:.1f}">{escape(text)}</text>\n')
    return "".join([*parts, "</svg>\n"])


def light(text):
    """An SVG in light colours alone, for what does not ask its reader."""
    return text.replace(STYLE, STYLE.partition("@media")[0])


def texts(box):
    """The title and the lines of a box, as long as they are shown."""
    return short(box.title, WIDEST), [short(line, WIDEST) for line in box.lines]


def size(box):
    """Return width and height of a box."""
    title, lines = texts(box)
    room = 16 if box.value in STATES else 0
    widths = [columns(title) * TITLE + room + (columns(box.tag) * SMALL + 10 if box.tag else 0), *[columns(line) * SMALL for line in lines]]
    return max(SHORTEST, max(widths) + 2 * PAD), 30 + LINE * len(lines)


def columns(text):
    """How wide a text is, in characters as wide as the usual ones."""
    return sum([0 if category(c) in ("Mn", "Me") else 1.9 if east_asian_width(c) in "WF" else 1 for c in text])


def short(text, most):
    """A text as far as it is shown."""
    return text if len(text) <= most else text[:most - 1] + "…"


def drawn_box(box, x, y):
    """Return the SVG of one box, whose upper left corner is (x, y)."""
    title, lines = texts(box)
    width, height = size(box)
    classes = f"box {box.kind}{' root' if box.is_root else ''}"
    hover = "\n".join([box.title, *([box.tag] if box.tag else []), *dict.fromkeys(box.lines + box.notes)])
    parts = [f'<g class="{classes}"><title>{escape(hover)}</title>']
    if box.kind == "folded":
        parts.append(f'<rect class="stack" x="{x + 4:.1f}" y="{y + 4:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6"/>')
    parts.append(f'<rect class="frame" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{12 if box.kind == "leaf" else 5}"/>')
    parts.append(f'<text class="title" x="{x + PAD:.1f}" y="{y + 20:.1f}">{escape(title)}</text>')
    room = 0
    if box.value in STATES:
        room = 16
        parts.append(mark(box.value, x + width - PAD - 2, y + 15))
    if box.tag:
        parts.append(f'<text class="tag" x="{x + width - PAD - room:.1f}" y="{y + 19:.1f}" text-anchor="end">{escape(box.tag)}</text>')
    parts += [f'<text x="{x + PAD:.1f}" y="{y + 36 + LINE * i:.1f}">{escape(line)}</text>' for i, line in enumerate(lines)]
    return "".join([*parts, "</g>\n"])


def mark(state, x, y):
    """The mark of what has become of a value."""
    dot = f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="1.4"/>' if state == "held" else ""
    return f'<circle class="mark {state}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>{dot}'


def drawn(path):
    return " ".join([command + " ".join([f"{number:.1f}" for number in numbers]) for command, *numbers in path])


def tip(path):
    """The triangle at the end of an edge."""
    x, y = end_of(path)
    return f"M{x:.1f} {y:.1f}l-3.4 -7h6.8z"


def end_of(path):
    """Where a path ends: a last vertical stretch keeps the x of the one before."""
    command, *numbers = path[-1]
    return (path[-2][-2], numbers[0]) if command == "V" else (numbers[-2], numbers[-1])


def wrapped_summary(boxes, width):
    """What is drawn, in lines that fit."""
    lines, most = [""], (width - 32) / SMALL
    for part in summary(boxes).split(", "):
        if lines[-1] and len(lines[-1]) + len(part) + 3 > most:
            lines.append("")
        lines[-1] += (" · " if lines[-1] else "") + part
    return lines
