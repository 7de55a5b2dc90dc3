"""Run dezero.testing.check_op on ops: values, gradients, broadcasting, dtypes, kernels.

Without an argument, on all that is installed; else on the ops of one package,
or on one op. Leaves with 1 if a check fails or a plugin could not be loaded.
"""

import sys

from dezero import plugins
from dezero._words import clean, near, normal
from dezero.commands._output import load_all
from dezero.registry import registry

HELP = "check ops against their derivatives and the contract"


def arguments(parser):
    parser.add_argument("what", nargs="?", metavar="PKG|OP", help="a package or an op; by default all")


def run(arguments):
    load_all()
    ops = list(registry.snapshot.names.values())
    failures = plugins.failures
    if arguments.what is not None:
        ops, failures = _chosen(arguments.what, ops, failures)
        if not ops and not failures:
            known = {name for op in registry.snapshot.names.values() for name in (op.name, op.dist)}
            print(f"dezero check: no package or op {clean(arguments.what)!r}{near(arguments.what, known)}",
                  file=sys.stderr)
            return 2
    broken = [op for op in ops if not _passes(op)]
    for failure in failures:
        print(f"FAILED  {clean(failure.distribution)} was not loaded: {failure.reason}")
    print(f"{len(ops) - len(broken)} of {len(ops)} ops passed"
          + (f", {len(failures)} plugins not loaded" if failures else ""))
    return 1 if broken or failures else 0


def _chosen(what, ops, failures):
    def names(dist, entry):
        return normal(what) == normal(dist) or what in (entry, f"{dist}:{entry}")
    return ([op for op in ops if op.name == what or names(op.dist, op.plugin.partition(":")[2]) or what == op.plugin],
            [failure for failure in failures if names(failure.distribution, failure.entry)])


def _passes(op):
    from dezero.testing import check_op
    try:
        check_op(op.cls)
    except Exception as error:
        text = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        print(f"FAILED  {op.name}: {text}")
        return False
    print(f"ok      {op.name}")
    return True
