"""NumPy's functions for dezero.

Whoever installs this calls NumPy by its own names: ``np.exp(x)``, ``X @ w``, ``np.linalg.solve(A, b)``, ``x.mean()``.
A module holds the rules of one topic; it is imported at the first use of one of its functions.
"""
from dezero import hookimpl

from dezero_numpy.claims import CLAIMS

DEZERO_API = (1, 0)
COVERAGE = "dezero_numpy.coverage"


@hookimpl
def dezero_register_ops(register):
    for module, table in CLAIMS.items():
        register.lazy(module, table)
