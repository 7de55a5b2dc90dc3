"""The compiled floor: loops of the built-in ops, and the values they run on.

`COMPILED` says whether the extension modules are there, `IN_USE` what runs ("compiled", or "numpy": the ops'
NumPy references), `REASON` why it is not the loops.  Each built-in op has its kernel here under its own name, None
where the reference runs.
"""
import os
import warnings

import numpy  # noqa: F401  first: without it nothing below says what is missing

from .._version import __version__
from . import extensions

REASON, is_meant = extensions.why_uncompiled()
if REASON and not is_meant:
    warnings.warn(f"dezero runs uncompiled, many times slower: {REASON}", RuntimeWarning, stacklevel=3)

with extensions.explaining("dezero._kernels.nodes"):
    from .nodes import Kernel
if REASON:
    elementwise = None                      # it has no twin
else:
    from . import elementwise
    extensions.check_version(elementwise, __version__)

COMPILED = elementwise is not None

if os.environ.get("DEZERO_KERNELS", "") not in ("", "compiled", "numpy"):
    raise ImportError(f"DEZERO_KERNELS={os.environ['DEZERO_KERNELS']!r}: wanted 'compiled' or 'numpy'")
if COMPILED and os.environ.get("DEZERO_KERNELS") == "numpy":
    REASON = "DEZERO_KERNELS=numpy"

THREADS = os.environ.get("DEZERO_NUM_THREADS", "")      # read by team.h when it is first needed
if THREADS and not (THREADS.isdecimal() and int(THREADS)):
    raise ImportError(f"DEZERO_NUM_THREADS={THREADS!r}: wanted a whole number from 1 on")

IN_USE = "numpy" if REASON else "compiled"

if IN_USE == "compiled":
    # A gradient that is gy itself, -gy or gy times an operand needs no loop.  `reads`: what of (x0, x1, y) the loops look at.
    add = Kernel(elementwise.add, ("+", "+"), ((), ()), cheap=True)
    sub = Kernel(elementwise.sub, ("+", "-"), ((), ()), cheap=True)
    mul = Kernel(elementwise.mul, ("x1", "x0"), cheap=True)
    div = Kernel(elementwise.div, (elementwise.div_x0, elementwise.div_x1), ((1,), (0, 1)))
    pow = Kernel(elementwise.pow, (elementwise.pow_x0, elementwise.pow_x1), ((0, 1), (0, 1, 2)), (elementwise.pow_x0_more, None),
                 cheap=(1, 2, 3))
    neg = Kernel(elementwise.neg, "-", ((),), cheap=True)
    square = Kernel(elementwise.square, elementwise.square_x0, ((0,),), (elementwise.square_x0_more,), cheap=True)
    row_sums = elementwise.row_sums
else:
    add = sub = mul = div = pow = neg = square = row_sums = None
