"""What the commands share: loading without noise, tables, JSON."""

from contextlib import contextmanager
import json
import os
import sys
import warnings

from dezero import plugins


def load_all():
    """Load what is installed; what goes wrong is told on stderr and stops nothing.

    Whatever a plugin prints while it is imported goes to stderr too, so that
    stdout holds the answer alone.
    """
    with _stdout_to_stderr(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plugins._load(strict=False)
    for warning in caught:
        print(f"warning: {warning.message}", file=sys.stderr)


@contextmanager
def _stdout_to_stderr():
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


def print_table(head, rows):
    """Columns as wide as their widest cell; the last one is not filled up."""
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for i, row in enumerate(rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if i == 0:
            print("  ".join("-" * width for width in widths))
