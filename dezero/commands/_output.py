"""What the commands share: loading without noise, tables, JSON."""

from contextlib import contextmanager
from itertools import zip_longest
import json
import os
import re
import sys
import warnings

from dezero import plugins
from dezero._progress import is_terminal

WIDTH = 100
"""Columns that a line for people has at most."""


def load_all(lazy=False):
    """Load what is installed; what goes wrong is told on stderr and stops nothing.

    Whatever a plugin prints while it is imported goes to stderr too, so that
    stdout holds the answer alone.

    Parameters
    ----------
    lazy : bool
        Import also what is claimed lazily.
    """
    with stdout_to_stderr(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plugins._load(strict=False)
        for error in plugins.open_all() if lazy else ():
            warnings.warn(str(error))
    for warning in caught:
        print(f"warning: {warning.message}", file=sys.stderr)


@contextmanager
def stdout_to_stderr():
    """What is printed meanwhile goes to stderr."""
    stdout = sys.stdout
    stdout.flush()
    try:
        kept = os.dup(1)  # also what C code prints
    except OSError:
        kept = None
    sys.stdout = sys.stderr
    if kept is not None:
        os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout = stdout
        if kept is not None:
            sys.stderr.flush()
            os.dup2(kept, 1)
            os.close(kept)


def print_json(value):
    print(json.dumps(value, indent=2))


def add_json(parser):
    parser.add_argument("--json", action="store_true", help="print JSON, on stdout alone")


def good_or_bad(good, text):
    """A text in green or red, on a terminal whose user has not asked for none (https://no-color.org)."""
    return colored(text, 32 if good else 31)


def colored(text, code):
    if not is_terminal(sys.stdout) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{code}m{text}\033[0m"


def print_table(head, rows):
    """Columns as wide as their widest cell, or less, so that all fit WIDTH: a cell that does not is wrapped."""
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    while sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        widths[widths.index(max(widths))] -= 1
    for i, row in enumerate(rows):
        cells = [wrapped(cell, width) for cell, width in zip(row, widths)]
        for line in zip_longest(*cells, fillvalue=""):
            text = "  ".join(part.ljust(width) for part, width in zip(line, widths)).rstrip()
            print(text if i else colored(text, 1))
        if i == 0:
            print("  ".join("-" * width for width in widths))


def print_text(text, indent=""):
    """Text in lines of at most WIDTH."""
    for line in wrapped(text, WIDTH, indent):
        print(line)


def wrapped(text, width, indent=""):
    """The lines of a text: broken at blanks, or after a / where a path is too long, or anywhere."""
    if len(text) <= width:
        return [text]
    lines = [""]
    for piece in re.findall(r"\S+?(?:/(?=\S)|(?=\s|$))|\s+", text):
        if piece.isspace() and len(lines[-1]) + len(piece) > width:
            continue                                        # the next one is in a new line
        if len(lines[-1]) + len(piece.rstrip()) > width and lines[-1].strip():
            lines.append(indent)
            piece = piece.lstrip()
        while len(lines[-1]) + len(piece) > width:
            room = width - len(lines[-1])
            lines[-1] += piece[:room]
            piece = piece[room:]
            lines.append(indent)
        lines[-1] += piece
    return [line.rstrip() for line in lines if line.strip()]


def placed(file):
    """A source file as one finds it: from the folder on that modules are imported from, whose own place says nothing of the op."""
    folders = [folder for folder in sys.path if folder and file.startswith(folder.rstrip(os.sep) + os.sep)]
    return os.path.relpath(file, max(folders, key=len)) if folders else file
