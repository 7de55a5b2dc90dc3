"""Checks of what the op states: its kernel against its Python methods, and the ways that lead to it."""
import operator
from inspect import signature

import numpy as np

from dezero import functions
from dezero._kernels import IN_USE
from dezero.engine.function import is_standard, signature_of, takes_operands_first
from dezero.engine.op import is_own
from dezero.engine.trace import Untraceable, traced
from dezero.engine.variable import Variable
from dezero.registry import function_name, registry
from dezero.testing.arrays import every_second
from dezero.testing.rules import accepts, is_reduce, numpy_function
from dezero.testing.samples import told

COUNTS = (*range(1, 36), 63, 64, 65, 67, 1025, 70_001)     # vectors' tails, blocks, and a loop without the interpreter's lock
FEW = (1, 5, 34)
MANY = 2500                                                 # several blocks of what runs block by block
FILLS = (-3.0625, 19.0625)                                  # no op gives both, one after the other
EQUAL = {"d": 2e-14, "f": 5e-6}                             # 64 units in the last place, and less than a factor of 1 + 1e-5


def check_kernel(subject):
    """The loops give what the Python methods do: forward and backward, all types, all lengths and strides."""
    if subject.kernel is not None and not takes_operands_first(subject.cls):
        subject.fail(None, "kernel: the loops never run, since the op has an `apply` of its own")
    if subject.kernel is not None and subject.kernel.nin == 0 and IN_USE == "compiled":
        check_is_traced(subject)
    if not subject.runs_loops:
        return
    samples = [s for s in subject.samples if subject.kernel_of(s) is not None and subject.is_elementwise(s)]
    if not samples:
        subject.fail(subject.samples[0], "kernel: forward is not elementwise, loops are")
    for i, sample in enumerate(samples):
        for char in subject.kernel_of(sample).types:
            compare_lengths(subject, sample, char, FEW if i else COUNTS)
            compare_sums(subject, sample, [np.resize(x, MANY).astype(char) for x in sample.xs], char)


def check_is_traced(subject):
    """A kernel without backward has it from the rule, which can be traced."""
    op = subject.op_of_rule
    try:
        traced(op.rule, op.forward, op.kernel.forward, len(op.operands), {})
    except Untraceable as error:
        subject.fail(None, f"kernel: it has no backward, and none can be made of the rule: {error}; write Kernel(forward, backward)")


def compare_lengths(subject, sample, char, counts):
    """Loops and Python methods on arrays of all lengths and strides."""
    for n in counts:
        xs = [np.resize(x, n).astype(char) for x in sample.xs]
        compare_paths(subject, sample, xs, char, f"{n} elements")
        if n in FEW:
            compare_paths(subject, sample, [every_second(x) for x in xs], char, f"{n} elements, every second")
            compare_paths(subject, sample, [x.reshape(-1, 1) * np.ones((1, 3), char) for x in xs], char, f"shape ({n}, 3)")
            for i in range(len(xs)):
                mixed = [np.array(x[0]) if j == i else x for j, x in enumerate(xs)]
                compare_paths(subject, sample, mixed, char, f"{n} elements, argument {i} 0-d")
    compare_paths(subject, sample, [np.asarray(x.flat[0], char) for x in sample.xs], char, "0-d")


def check_parameters(subject):
    """Each parameter has a value other than its default in some sample: the others are not checked at all."""
    op = subject.op_of_rule
    if op is not None:
        check_defaults(subject, op)
    known = signature_of(subject.cls) if op is None else op.signature
    given, left_out = set(), set()
    for sample in subject.samples:
        bound = known.bind(*sample.args, **sample.kwargs).arguments
        given |= {name for name, value in bound.items() if not is_default(value, known.parameters[name].default)}
        left_out |= {name for name in known.parameters if bound.get(name) is None}
    for name, p in known.parameters.items():
        if name not in given and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            subject.fail(None, f"parameters: no sample gives {name!r} a value other than its default {p.default!r}, so that "
                               f"nothing tells whether the op is right with one; add one{told(subject.cls, f'..., {name}=...')}")
    for name in () if op is None else op.operands:
        if name.endswith("?") and name[:-1] not in left_out and name[:-1] in known.parameters:
            subject.fail(None, f"parameters: no sample leaves out the operand {name[:-1]!r}, which may be left out")


def check_defaults(subject, op):
    """What a parameter is where a call leaves it out is the same in a rule and in a forward of the author's own."""
    try:
        theirs = signature(op.forward).parameters if is_own(op.forward) else {}
    except ValueError:                              # compiled, and says nothing of its arguments
        theirs = {}
    for name, p in op.parameters.items():
        if p.default is not p.empty and is_own(op.forward) and name not in theirs:
            compare_default(subject, op, name, p.default)
        other = theirs[name].default if name in theirs else p.empty
        if p.empty not in (p.default, other) and not is_default(p.default, other):
            subject.fail(None, f"parameters: {name!r} is {p.default!r} by default in its rule and {other!r} in forward: where "
                               "a call leaves it out each has its own; give both the same")


def compare_default(subject, op, name, default):
    """The same where forward does not show its own: a call without the parameter gives what one with the rule's default does."""
    for sample in subject.samples:
        args, kwargs = sample.arguments(sample.xs)
        bound = op.signature.bind(*args, **kwargs)
        bound.arguments.pop(name, None)
        try:
            absent = results(op, bound)
            bound.arguments[name] = default
            given = results(op, bound)
        except Exception:                           # not for this sample, in the op's own words
            continue
        where = f"parameters: {name!r} is {default!r} by default in its rule, and not in forward"
        subject.same(sample, "result", given, absent, 0, where, ("with that value", "without"))


def results(op, bound):
    """The results of a call on arrays."""
    ys = op(*bound.args, **bound.kwargs)
    return [np.asarray(y) for y in (ys if isinstance(ys, (tuple, list)) else [ys])]


def is_default(value, default):
    try:
        return value is default or bool(value == default)
    except Exception:                               # of arrays, and of whatever an author compares
        return False


def check_written(subject):
    """A loop writes all of its result: an element that it leaves out is what was in that memory before."""
    sample = next((s for s in subject.samples if subject.kernel_of(s) is not None and subject.is_elementwise(s)), None)
    kernel = sample and subject.kernel_of(sample)
    for char in kernel.types if kernel else ():
        xs = [np.resize(x, MANY).astype(char) for x in sample.xs]
        found = [over(subject, sample, xs, fill) for fill in FILLS]
        for i, (a, b) in enumerate(zip(*found)):
            left = np.count_nonzero((a == FILLS[0]) & (b == FILLS[1]))
            if left:
                which = "forward" if i == 0 else f"backward of operand {i - 1}"
                wrote = "nothing" if left == MANY else f"{MANY - left} of {MANY} elements"
                subject.fail(sample, f"kernel, {np.dtype(char)}: {which} writes {wrote}: the result holds what was in the memory before")


def over(subject, sample, xs, fill):
    """The result and the gradients, in memory that held the number `fill`."""
    def leave():
        held = [Variable(np.full(MANY, fill, xs[0].dtype)) * 1.0 for _ in range(2 + len(xs))]
        del held                                    # the engine takes next what has died last

    vs = [Variable(x) for x in xs]
    leave()
    y, = subject.call(sample, vs)
    value = y.data
    leave()
    y.backward()
    return [value, *[np.zeros(MANY) if v.grad is None else v.grad for v in vs]]


def compare_paths(subject, sample, xs, char, what):
    """Loops and Python methods on the same arrays."""
    sides = ("reference", "kernel")
    values = subject.values(sample, xs, "reference")
    subject.same(sample, "result", values, subject.values(sample, xs), EQUAL[char], f"kernel, {np.dtype(char)}, {what}: value", sides)
    ws = [w.astype(char) for w in subject.drawn(values)]
    wanted = subject.gradients(sample, xs, ws, "reference")
    subject.same(sample, "argument", wanted, subject.gradients(sample, xs, ws), EQUAL[char],
                 f"kernel, {np.dtype(char)}, {what}: gradient", sides, terms_of(subject, sample, xs, ws))


def terms_of(subject, sample, xs, ws):
    """For each array how large the terms are that its gradient is a sum of, where it was broadcast: these may cancel."""
    whole = [np.array(np.broadcast_to(x, ws[0].shape)) for x in xs]
    return [0 if x.shape == ws[0].shape else np.nansum(abs(g))
            for x, g in zip(xs, subject.gradients(sample, whole, ws, "reference"))]


def compare_sums(subject, sample, xs, char):
    """Loops and Python methods where the operands have other uses, whose gradients are there first."""
    ws = [w.astype(char) for w in subject.drawn(subject.values(sample, xs, "reference"))]
    alone = subject.gradients(sample, xs, ws, "reference")
    others = [np.copysign(np.abs(g) + 1, g) for g in alone]     # of the same sign: nothing cancels
    for sign, what in ((1, "added to"), (-1, "subtracted from")):
        vs = [Variable(x) for x in xs]
        total = subject.call(sample, vs)[0] * ws[0]
        for v, other in zip(vs, others):
            later = v * (Variable(sign * other) * 1.0)          # younger than the op, so that the walk comes to it first
            total = total + later if sign > 0 else total - later
        total.backward()
        subject.same(sample, "argument", [g + other for g, other in zip(alone, others)], [v.grad for v in vs], EQUAL[char],
                     f"kernel, {np.dtype(char)}, {MANY} elements: gradient {what} that of another use", ("reference", "kernel"))


def check_reach(subject):
    """F.name, the method, the operators and the NumPy functions all lead to the op, but for what another package has."""
    if "name" not in subject.cls.__dict__:
        return
    if subject.op is None:
        subject.fail(None, f"registration: F.{subject.name} is another op")
    ways = []
    for kind, key in registry.snapshot.holds(subject.op):
        if kind == "name":
            ways.append((f"F.{key}", operator.attrgetter(key)(functions)))
        elif kind == "attribute" and key == subject.op.attribute:
            ways.append((f"the attribute x.{key}", operator.attrgetter(key)))
        elif kind == "attribute" and not callable(subject.op.method):
            ways.append((f"the method x.{key}()", method(key)))
        elif kind == "operator":
            ways.append((f"the operator {key}", operator_function(key)))
        elif kind == "numpy" and not isinstance(key, str):
            ways.append((function_name(key), numpy_function(key)))
    for name, function in ways:
        reached = [try_way(subject, sample, name, function) for sample in subject.samples]
        if not any(reached):
            subject.fail(subject.samples[0], f"registration: no sample can be given to {name}; add one that can")


def try_way(subject, sample, name, function):
    """Does this way take the sample?  Where it does, it must lead to the op."""
    args, kwargs = sample.arguments([Variable(x) for x in sample.xs])
    if name.startswith("the attribute") and (kwargs or len(args) != 1):
        return False
    if name.startswith("the method") and not isinstance(args[0], Variable):
        return is_standard(subject.cls) is False    # an op whose first argument is a list has no method to speak of
    if name.startswith("the operator") and (kwargs or len(args) not in operands_of_operator(name)):
        return False
    if function in map(numpy_function, subject.op.numpy) and not accepts(function, *sample.arguments(sample.xs)):
        return False
    if is_reduce(function) and not sample.kwargs:
        return False
    ys = function(*args, **kwargs)
    ys = list(ys) if isinstance(ys, (tuple, list)) else [ys]
    if not all(isinstance(y, Variable) and type(y.creator) is subject.cls for y in ys):
        subject.fail(sample, f"registration: {name} does not lead to the op: it gave {ys[0]!r} of {ys[0].creator!r}"
                     if isinstance(ys[0], Variable) else f"registration: {name} gave {type(ys[0]).__name__}")
    subject.same(sample, "result", subject.values(sample, sample.xs), [y.data for y in ys], 1e-12, name)
    if name.startswith("the operator") and len(args) == 2 and all(isinstance(a, Variable) for a in args):
        check_sides(subject, sample, name, function)
    return True


def operands_of_operator(name):
    """How many operands an operator may have."""
    return (1,) if name.endswith(("__neg__", "__pos__", "__abs__", "__invert__")) else (2,)


def check_sides(subject, sample, name, function):
    """An array may stand on either side of a Variable."""
    a, b = sample.xs
    for left, right in ((a, Variable(b)), (Variable(a), b)):
        try:
            y = function(left, right)
        except TypeError as error:
            subject.fail(sample, f"registration: {name} with an array on the {'left' if left is a else 'right'}: {error}")
        subject.same(sample, "result", subject.values(sample, [a, b]), [z.data for z in (y if isinstance(y, (list, tuple)) else [y])], 1e-12, name)


def method(name):
    return lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs)


def operator_function(name):
    """The Python function behind an operator's name."""
    builtin = {"__divmod__": divmod, "__abs__": abs}
    return builtin.get(name) or getattr(operator, name)
