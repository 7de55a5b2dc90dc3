"""Text for messages: other people's names and errors, shown safely and shortly."""

import re


def shown(thing, limit=80):
    """`repr` for a message: never raises, never long, one line."""
    try:
        text = repr(thing)
    except Exception:
        text = f"<{type(thing).__name__}>"
    return clean(text, limit)


def clean(text, limit=500):
    """`text` on one line, without control characters, cut at `limit`."""
    if len(text) <= limit and text.isprintable():
        return text                             # nearly always; the first regular expression takes 0.2 ms
    text = re.sub(r"\s*\n\s*", " ", text[:limit + 1])
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= limit else text[:limit - 3] + "..."


def reason(error):
    """What an exception says, with its type where the type says something."""
    from dezero.errors import PluginError
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be shown)"
    kind = type(error).__name__
    if isinstance(error, PluginError) and text:
        return clean(text, 2000)
    return clean(f"{kind}: {text}" if text else kind)


def near(name, names):
    """``; did you mean 'sinc'?`` where one of `names` is close, else ""."""
    from difflib import get_close_matches
    close = get_close_matches(name[:100], list(names), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def normal(name):
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def safe(name):
    """Whether a plugin, entry point or distribution may be called so."""
    return re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name) is not None


def items(text):
    """The entries of a comma-separated list."""
    return [item.strip() for item in text.split(",") if item.strip()]
