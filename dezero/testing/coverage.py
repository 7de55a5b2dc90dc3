"""Which parts of a rule its samples reach."""
import dis
import linecache
import sys
from contextlib import contextmanager

from dezero.testing.rules import modes

BESIDES = {"RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR"}     # of the line of def, whatever comes of it
JUMPS = {*dis.hasjrel, *dis.hasjabs}
WHOLE = 1 << 30         # the end of a line, where Python was told to keep no columns


def check_lines(subject):
    """All of a rule that is a function is reached by some sample: nothing tells whether the rest is right.

    That is each line and each part of one, such as the other side of ``a if c else b``, in functions within it too; and each
    ``if`` goes both ways.  Not what raises an error.
    """
    op = subject.op_of_rule
    if op is None:
        return
    with traced(codes_in(op.rule.__code__)) as reached:
        for sample in 2 * subject.samples:          # Python 3.13 traces a function's instructions from its second call on
            for graph in modes(subject):
                subject.gradients(sample, sample.xs, subject.weights(sample, sample.xs), "reference", graph)
    for code, steps in reached.items():
        said = unreached(code, steps)
        if said:
            subject.fail(None, f"lines: no sample {said}: add one that does, or take it away")


def codes_in(code):
    """A function's code, and that of the functions within it."""
    return [code, *(inner for const in code.co_consts if hasattr(const, "co_lines") for inner in codes_in(const))]


@contextmanager
def traced(codes):
    """The steps that these codes take as they run: {code: pairs of places in it, from the one to the next}."""
    reached, before = {code: set() for code in codes}, sys.gettrace()

    def enter(frame, event, argument):
        steps, last = reached.get(frame.f_code), None
        if steps is None:
            return None
        frame.f_trace_opcodes = True

        def step(frame, event, argument):
            nonlocal last
            if event == "opcode":
                steps.add((last, frame.f_lasti))
                last = frame.f_lasti
            return step
        return step
    sys._getframe().f_trace_opcodes = True      # Python 3.12 asks when tracing begins whether any frame wants opcodes
    sys.settrace(enter)
    try:
        yield reached
    finally:
        sys.settrace(before)


def unreached(code, steps):
    """What of a code the steps leave out, in words, or None."""
    instructions = list(dis.get_instructions(code))
    run, returning = {place for _, place in steps}, leading_to_return(instructions)
    seen = {span(i) for i in instructions if i.offset in run and is_written(i)}
    left = {span(i) for i in instructions if i.offset in returning - run and is_written(i)}
    left = [s for s in left if not any(s[0] <= a and b <= s[1] for a, b in seen)]
    if left:
        start, end = min(left, key=lambda s: (s[0], (-s[1][0], -s[1][1])))
        line = start[0]
        part = f", {segment(code, start, end)}" if line in {a[0] for a, _ in seen} else ""
        return f"reaches line {line} of its rule{shown(code, line)}{part}"
    return one_way(code, steps, instructions, returning)


def one_way(code, steps, instructions, returning):
    """The first ``if`` of which the steps go one way only, in words, or None."""
    line_of = {i.offset: i.positions.lineno for i in instructions}
    gone = {(line_of.get(a), line_of.get(b)) for a, b in steps}
    for i, after in zip(instructions, instructions[1:]):
        if i.opcode in JUMPS and "IF" in i.opname:
            line = line_of[i.offset]
            for place in (after.offset, i.argval):
                to = line_of[place]
                if place in returning and to not in (line, None) and (line, to) not in gone:
                    return f"goes from line {line} of its rule{shown(code, line)} to line {to}{shown(code, to)}"
    return None


def leading_to_return(instructions):
    """The places from which some way leads to a return, and not each to an error."""
    found, before = set(), None
    while before != len(found):
        before, after = len(found), None
        for i in reversed(instructions):
            goes_on = "RAISE" not in i.opname and not i.opname.startswith("JUMP_") or "IF" in i.opname
            if i.opname.startswith("RETURN_") or goes_on and after in found or i.opcode in JUMPS and i.argval in found:
                found.add(i.offset)
            after = i.offset
    return found


def is_written(instruction):
    """Does it stand for something in the source?"""
    return instruction.opname not in BESIDES and instruction.positions.lineno is not None


def span(instruction):
    """Where in the source it stands: two pairs of line and column."""
    p = instruction.positions
    return (p.lineno, p.col_offset or 0), (p.end_lineno or p.lineno, WHOLE if p.end_col_offset is None else p.end_col_offset)


def shown(code, line):
    """A line's text for a message, where it is known."""
    text = linecache.getline(code.co_filename, line).strip()
    return f", `{text}`" if text else ""


def segment(code, start, end):
    """A part of a line for a message: columns count bytes."""
    line = linecache.getline(code.co_filename, start[0]).encode()
    return f"`{line[start[1]:end[1] if end[0] == start[0] else None].decode().strip()}`"
