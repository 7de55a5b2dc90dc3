"""Which lines of a rule its samples reach."""
import linecache
import sys
from contextlib import contextmanager

from dezero.testing.rules import modes


def check_lines(subject):
    """Every line of a rule that is a function is reached by some sample: nothing tells whether the others are right."""
    op = subject.op_of_rule
    if op is None:
        return
    codes = codes_in(op.rule.__code__)
    with traced(codes) as seen:
        for sample in subject.samples:
            for graph in modes(subject):
                subject.gradients(sample, sample.xs, subject.weights(sample, sample.xs), "reference", graph)
    missing = sorted({line for code in codes for _, _, line in code.co_lines() if line} - seen)
    if missing:
        text = linecache.getline(op.rule.__code__.co_filename, missing[0]).strip()
        subject.fail(None, f"lines: no sample reaches line {missing[0]} of its rule{f', `{text}`' * bool(text)}: add one that does, or take "
                           "the line away")


def codes_in(code):
    """A function's code, and that of the functions within it."""
    return [code, *(inner for const in code.co_consts if hasattr(const, "co_lines") for inner in codes_in(const))]


@contextmanager
def traced(codes):
    """A set that takes the lines of these codes as they run."""
    seen, before = set(), sys.gettrace()

    def trace(frame, event, argument):
        if frame.f_code in codes:
            seen.add(frame.f_lineno)
            return trace
        return None
    sys.settrace(trace)
    try:
        yield seen
    finally:
        sys.settrace(before)
