"""Floating-point flags that a loop has raised, reported as NumPy reports its own."""
import warnings
from contextvars import Context, copy_context

import numpy as np

# name in np.errstate: (bit of the flag, what NumPy calls it, bit that np.seterrcall's handler gets)
FLAGS = {
    "divide": (1, "divide by zero", 1),
    "over": (2, "overflow", 2),
    "under": (4, "underflow", 4),
    "invalid": (8, "invalid value", 8),
}


def report(name, flags):
    """Treat the raised flags as `np.errstate` says: ignore, warn, raise, call, print or log.

    Parameters
    ----------
    name : str
        What raised them: "<text> encountered in <name>".
    flags : int
        Bits 1, 2, 4, 8: divide, over, under, invalid.

    Raises
    ------
    FloatingPointError
        Where np.errstate says "raise".
    """
    for kind, treatment in np.geterr().items():
        bit, text, code = FLAGS[kind]
        if flags & bit and treatment != "ignore":
            treat(treatment, f"{text} encountered in {name}", text, code)


def treat(treatment, message, text, code):
    if treatment == "warn":
        warnings.warn(message, RuntimeWarning, stacklevel=3)
    elif treatment == "raise":
        raise FloatingPointError(message)
    elif treatment == "call":
        np.geterrcall()(text, code)
    elif treatment == "print":
        print(f"Warning: {message}")
    else:
        np.geterrcall().write(f"Warning: {message}\n")


def errstate_calling(handler):
    """Return (variable, value): the context variable of np.errstate, and its value that sends all flags to a handler.

    NumPy does not name the variable; it is the only one that entering np.errstate sets in an empty context.
    """
    def enter():
        np.errstate(all="call", call=handler).__enter__()
        return copy_context()

    (variable, value), = Context().run(enter).items()
    return variable, value
