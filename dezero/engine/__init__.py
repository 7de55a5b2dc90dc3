"""The engine.  `tape` is read first: the story, about 300 lines that run.  Around it, from the ground up:

    checks guard                what may go in and come out; what a second derivative must not lose
    hooks                       who looks on, and what is going on in the process
    graph                       nodes: made, found, cut
    sharing                     what NumPy would have share memory: it never differs in silence
    rules                       an op author's Python methods, as the engine calls them
    arguments dispatch          what of a call is operand and what parameter, as NumPy's signatures have it; NumPy's questions
    tape                        a call is recorded, the walk goes back
    trace                       an elementwise rule becomes rows of loops; loaded at its first use
    function op                 what authors write, a class or a rule
    assign variable             x[i] = v; what callers hold
    watch                       looking for a fault
    guarded higher partial      derivatives of derivatives, and by chosen Variables; loaded at their first use
    survey                      what a graph looks like, for pictures; loaded at its first use

A room imports only those above it in this list.

Words: a *rule* is an op's backward.  A *walk* goes back over a graph; a *pass* is all of one backward(), as far as
floating-point flags go.  A *run* is a stretch of the walk over large arrays whose steps are written down and computed
together (`_kernels/blocks.pxi`).  *Leaf, identity, pick, call* are kinds of nodes (`graph`).  A value is *dropped* if its
node does not hold it, *lost* if it cannot be computed again either, and *rematerialized* if it is.  A *guarded* Variable
refuses to give its number to a rule; an op is *vouched for* by order = None.
"""
from importlib import import_module

from .._kernels.extensions import explaining


def __getattr__(name):
    """Import a room that is asked for: `from . import higher`.  Where it is of another build than the rest, say what to do."""
    if name not in ("function", "op", "assign", "variable", "watch", "guarded", "higher", "partial", "survey"):
        raise AttributeError(f"module 'dezero.engine' has no attribute {name!r}")
    with explaining(f"dezero.engine.{name}"):
        return import_module(f"dezero.engine.{name}")
