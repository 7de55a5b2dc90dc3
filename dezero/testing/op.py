"""check_op: is an op right, and as good a citizen as a built-in one?"""
import numpy as np

from dezero import plugins
from dezero._words import near, normal
from dezero.engine.checks import who
from dezero.errors import DezeroError, FirstOrderOnly
from dezero.registry import registry
from dezero.testing import arrays, coverage, registration, rules
from dezero.testing.subject import Subject, registered

CHECKS = {
    "parameters": registration.check_parameters,
    "written": registration.check_written,  # before what would call it stale data
    "purity": arrays.check_purity,          # early: what writes into its operands spoils the samples for the others
    "value": rules.check_value,
    "dtypes": arrays.check_dtypes,
    "gradient": rules.check_gradient,
    "second": rules.check_second,
    "signs": rules.check_signs,
    "ties": rules.check_ties,
    "zero": rules.check_zero,
    "uses": rules.check_uses,
    "outputs": rules.check_outputs,
    "shapes": arrays.check_shapes,
    "broadcasting": arrays.check_broadcasting,
    "layouts": arrays.check_layouts,
    "lines": coverage.check_lines,
    "kernel": registration.check_kernel,
    "reach": registration.check_reach,
}


def check_op(op, samples=None):
    """Run all `CHECKS` on an op; the first that fails ends it.

    Parameters
    ----------
    op : Op, type, str or registry.Entry
        What `rule` made, or a Function subclass, registered or not; or the name of a registered op.
    samples : callable, optional
        ``samples(sample)`` calls ``sample(*args, **kwargs)`` as ``F.op`` is called, with floating arrays where it is to
        be differentiated.  By default the op's own static method `samples`, else arrays of one shape for as many
        operands as `forward` takes, from several intervals.

    Raises
    ------
    AssertionError
        A check failed; the message has op, package, check, argument, index, the analytic and the numeric value, and
        the call.
    """
    subject = Subject(op, samples)
    with registered(subject):
        for name in CHECKS:
            run(subject, name)


def run(subject, name):
    """Run one check; what the engine says of the op is a failure of the check."""
    try:
        with np.errstate(all="ignore"):     # of samples beside an op's domain, and at 0
            CHECKS[name](subject)
    except FirstOrderOnly as error:
        subject.fail(None, f"{name}: on Variables (create_graph=True): {error}")
    except DezeroError as error:
        raise AssertionError(f"{who(subject.cls)}: {name}: {error}") from error
    except Exception as error:
        error.add_note(f"in the check {name!r} of {who(subject.cls)}")
        raise


def checks_of(op, samples=None):
    """The checks one by one, for a test framework to run.

    Returns
    -------
    dict of str to callable
        Each takes no argument, and raises AssertionError.
    """
    subject = Subject(op, samples)

    def one(name):
        def check():
            with registered(subject):
                run(subject, name)
        return check
    return {name: one(name) for name in CHECKS}


def ops_of(package):
    """The ops of an installed distribution, as a tuple of `registry.Entry`, in order of registration.

    Parameters
    ----------
    package : str
        Its name, compared as PEP 503 says; "dezero" has the built-in ops.

    Raises
    ------
    ValueError
        It has no op here; the message has the reason where it could not be loaded.
    """
    plugins.load()
    plugins.open_all()
    found = tuple(op for op in registry.snapshot.ops if normal(op.dist) == normal(package) and op.cls is not None)
    if not found:
        reasons = [f"{f.entry} was not loaded: {f.reason}" for f in plugins.failures if normal(f.distribution) == normal(package)]
        known = sorted({op.dist for op in registry.snapshot.ops if op.dist})
        raise ValueError(f"no op comes from a distribution {package!r}: "
                         + ("; ".join(reasons) or f"it is not installed, or has no entry point [dezero]{near(package, known)}"))
    return found
