"""The memory that dezero recycles: what is held, a bound on it, and giving it back.

Results of 4 kB and more take their memory from a store that keeps what dead ones leave: from the system it would come
as untouched pages, and a page fault costs more than the arithmetic (six live arrays of 8 MB made, filled and freed:
12.6 ms from malloc, 2.2 ms recycled).  Such an array is an ordinary one: it owns its data, and may outlive everything.

The nodes of a large graph are kept for the next one too: a million are 168 MB, and a chain of them takes 190 to 450 ms
in fresh memory, 95 ms in used.  Each backward gives a 32nd of the spare ones back.

What is kept beside the arrays in use makes the process at most a sixteenth larger than the program has lately made
itself (but 32 MiB may always be kept): the bound that follows the program decays with each backward.  `bound` sets a
lower one.

The store is one for the process.  All is made and freed under the interpreter's lock, so threads need no care, and
a forked child goes on with a copy of its own.
"""
from typing import NamedTuple

from ._kernels.nodes import pool_bound, pool_release, pool_state


class Info(NamedTuple):
    """Bytes: of recycled arrays in use, kept for the next ones and for nodes, and the bound on both together."""

    in_use: int
    kept: int
    bound: int


def info():
    """Return how much memory is in use, and how much is kept, now.

    Returns
    -------
    Info
        All zero where the compiled kernels are not in use: results are NumPy's own arrays then.
    """
    in_use, kept, lately, bound = pool_state()
    return Info(in_use, kept, min(lately, bound))


def bound(size=None):
    """Keep memory only while that and the arrays in use take at most `size` bytes; what is over it is given back now.

    Parameters
    ----------
    size : int or None
        0 keeps nothing.  None: as much as the program itself has lately used.

    Raises
    ------
    TypeError, ValueError
        `size` is no whole number, or a negative one.
    """
    if size is not None and (isinstance(size, bool) or not hasattr(size, "__index__")):
        raise TypeError(f"memory.bound: got {size!r}, wanted a number of bytes or None")
    if size is not None and size < 0:
        raise ValueError(f"memory.bound: got {size}, wanted a number of bytes from 0 on, or None")
    pool_bound(MOST if size is None else min(size.__index__(), MOST))


def release():
    """Give all that is kept back to the system.  Arrays in use are not touched."""
    pool_release()


MOST = 2**63 - 1
