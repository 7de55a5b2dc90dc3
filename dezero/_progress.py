"""Progress of long work, on a terminal and where tqdm is installed; else nothing is said."""
import sys


def progress(items, what):
    """Return items to go through, with a bar on stderr that says how far it is where that is a terminal.

    Parameters
    ----------
    items : sequence
    what : str
        What is going on.
    """
    if not is_terminal(sys.stderr):
        return items
    try:
        from tqdm import tqdm
    except ImportError:
        return items
    return tqdm(items, what, file=sys.stderr, leave=False)


def say(items, text, file=None):
    """Print a line, on stdout if no file is named, above the bar of what `progress` has returned."""
    if hasattr(items, "external_write_mode"):
        items.write(text, file=file or sys.stdout)
    else:
        print(text, file=file or sys.stdout, flush=file is not None)


def is_terminal(stream):
    """Does somebody look on?"""
    try:
        return stream is not None and stream.isatty()
    except ValueError:                      # it is closed
        return False
