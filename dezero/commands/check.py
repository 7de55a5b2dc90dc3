"""Run dezero.testing.check_op on ops: values, gradients, broadcasting, dtypes, kernels.

Without an argument, on all that is installed; else on the ops of one package,
or on one op. Leaves with 1 if a check fails or a plugin could not be loaded.
With --json: {"ops": [{"name", "package", "version", "plugin", "passed", "reason"}],
"not_loaded": [{"package", "version", "entry", "reason"}]}.
"""

from contextlib import nullcontext
import sys

from dezero import plugins
from dezero._progress import progress, say
from dezero._words import clean, near, normal
from dezero.commands._output import add_json, good_or_bad, load_all, print_json, stdout_to_stderr
from dezero.registry import registry

HELP = "check ops against their derivatives and the contract"


def arguments(parser):
    parser.add_argument("what", nargs="?", metavar="PKG|OP", help="a package or an op; by default all")
    add_json(parser)


def run(arguments):
    load_all(lazy=True)
    ops = [op for op in registry.snapshot.ops if op.cls is not None]     # composites have no rule of their own
    failures = plugins.failures
    if arguments.what is not None:
        ops, failures = _chosen(arguments.what, ops, failures)
        if not ops and not failures:
            known = {name for op in registry.snapshot.ops for name in (op.name, op.dist)}
            print(f"dezero check: no package or op {clean(arguments.what)!r}{near(arguments.what, known)}",
                  file=sys.stderr)
            return 2
    rows = []
    bar = ops if arguments.json or len(ops) < 2 else progress(ops, "check")
    for op in bar:
        with stdout_to_stderr() if arguments.json else nullcontext():
            rows.append(row_of(op))
        if not arguments.json:
            say(bar, f"{good_or_bad(True, 'ok')}      {op.name}" if rows[-1]["passed"] else
                f"{good_or_bad(False, 'FAILED')}  {op.name}: {rows[-1]['reason']}")
    passed = sum(row["passed"] for row in rows)
    if arguments.json:
        print_json({"ops": rows, "not_loaded": [{"package": failure.distribution, "version": failure.version, "entry": failure.entry,
                                                 "reason": failure.reason} for failure in failures]})
    else:
        for failure in failures:
            print(f"{good_or_bad(False, 'FAILED')}  {clean(failure.distribution)} was not loaded: {failure.reason}")
        print(f"{passed} of {len(rows)} ops passed" + (f", {len(failures)} plugins not loaded" if failures else ""))
    return 1 if passed < len(rows) or failures else 0


def _chosen(what, ops, failures):
    def names(dist, entry):
        return normal(what) == normal(dist) or what in (entry, f"{dist}:{entry}")
    return ([op for op in ops if op.name == what or names(op.dist, op.plugin.partition(":")[2]) or what == op.plugin],
            [failure for failure in failures if names(failure.distribution, failure.entry)])


def row_of(op):
    """What is said of one op."""
    from dezero.testing import check_op
    reason = ""
    try:
        check_op(op.cls)
    except Exception as error:
        reason = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        reason = reason or type(error).__name__
    return {"name": op.name, "package": op.dist, "version": op.version, "plugin": op.plugin, "passed": not reason, "reason": reason}
