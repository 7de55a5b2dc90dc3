"""Checks of the mathematics: values, first and second derivatives, at ordinary points and at 0."""
from importlib import import_module

import numpy as np

from dezero.engine.op import is_own
from dezero.engine.variable import Variable
from dezero.errors import FirstOrderOnly
from dezero.registry import function_name
from dezero.testing.grads import at, weigh, weights_for, zero_if_none
from dezero.testing.numeric import (
    LARGE, along, axes, differ, differences, dot, is_complex, is_kink, is_root, moved, scale_of, sides, slope)

RTOL = 1e-8             # a rule that goes through float32 is 3e-8 off
MODES = {False: "on arrays", True: "on Variables (create_graph=True)"}


def check_value(subject):
    """Results are finite arrays, the same each time, and those of the NumPy functions that the op claims."""
    for sample in subject.samples:
        ys = subject.values(sample, sample.xs)
        subject.same(sample, "result", ys, subject.values(sample, sample.xs), 0, "value, computed again")
        for i, y in enumerate(ys):
            if not np.isfinite(y).all():
                subject.fail(sample, f"value: result {i} is not finite: choose a sample where the op is defined")
        for claim in subject.cls.__dict__.get("numpy", ()):
            function = numpy_function(claim)
            args, kwargs = sample.arguments(sample.xs)
            if function is None or is_reduce(function) and not kwargs:
                continue
            try:
                wanted = function(*args, **kwargs)
            except TypeError:               # a parameter that NumPy's function has not
                continue
            wanted = [np.asarray(y) for y in (wanted if isinstance(wanted, (tuple, list)) else [wanted])]
            if len(wanted) != len(ys):
                subject.fail(sample, f"value: {len(ys)} results, {function_name(claim)} gives {len(wanted)}")
            subject.same(sample, "result", wanted, ys, 1e-12, "value", (function_name(claim), "the op"))


def numpy_function(claim):
    """What is called: a ufunc's method where ``(ufunc, "reduce")`` is claimed; None for "scipy.special.erf" without SciPy."""
    if isinstance(claim, str):
        module, _, name = claim.rpartition(".")
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError):
            return None
    return getattr(*claim) if isinstance(claim, tuple) else claim


def originals(subject):
    """The functions of NumPy's and SciPy's that the op stands for: those that it claims, and the forward of its rule."""
    found = list(map(numpy_function, subject.cls.__dict__.get("numpy", ())))
    if subject.op_of_rule is not None and not is_own(subject.op_of_rule.forward):
        found.append(subject.op_of_rule.forward)
    return [function for function in found if function is not None and not is_reduce(function)]


def accepts(function, args, kwargs):
    """Does NumPy itself take these arguments?"""
    try:
        function(*args, **kwargs)
    except Exception:                               # of whatever kind: it is NumPy's business
        return False
    return True


def is_reduce(function):
    """Is it `np.add.reduce` or the like, whose axis is 0 where others take all?"""
    return getattr(function, "__name__", "") == "reduce"


def check_gradient(subject):
    """The gradient by each argument is that of the values, on arrays and on Variables."""
    for sample in subject.samples:
        xs, ws = sample.xs, subject.weights(sample, sample.xs)
        for graph in modes(subject):
            for path in subject.paths:
                gradients = subject.gradients(sample, xs, ws, path, graph)
                verify(subject, sample, xs, ws, gradients, f"gradient {MODES[graph]}")


def verify(subject, sample, xs, ws, gradients, where, result=None):
    """Compare gradients with numeric ones, which the values are to be smooth enough for."""
    skipped, elements = compare(subject, sample, xs, ws, gradients, where, result)
    if 2 * skipped > elements:
        subject.fail(sample, f"{where}: the values are not smooth at {skipped} of {elements} elements: "
                             "nothing can be said; choose another sample")


def compare(subject, sample, xs, ws, gradients, where, result=None):
    """Compare gradients with numeric ones, element by element; the first that differs is a failure.

    `result` is the one whose weights `ws` has, None for all.  Of how many elements nothing can be said, and how many there are.
    """
    skipped = elements = 0
    for i, g in enumerate(gradients):
        size = abs(g[np.isfinite(g)]).max(initial=0)
        for index in np.ndindex(g.shape):
            for axis, part, line in axes(xs[i], g[index], lambda t: subject.weighed(sample, moved(xs, i, index, t), ws)):
                numeric, error = kept_slope(sample, (result, i, index, axis), line, scale_of(xs[i][index]))
                elements += 1
                if not error <= 1e-6 * max(1.0, abs(numeric)):
                    skipped += 1
                elif differ(part, numeric, error, RTOL, size) and not is_kink(line, scale_of(xs[i][index])):
                    wrong(subject, sample, where, i, index, part, numeric, axis)
    return skipped, elements


def kept_slope(sample, key, line, scale):
    """The numeric derivative, which is the same in both modes and on all paths."""
    if key not in sample.slopes:
        sample.slopes[key] = slope(line, scale)
    return sample.slopes[key]


def wrong(subject, sample, where, i, index, analytic, numeric, axis=""):
    subject.fail(sample, f"{where}: argument {i}, {at(index)}{axis}: analytic {analytic:.17g}, numeric {numeric:.17g}")


def modes(subject):
    """(False, True), or (False,) where the op is right about being of first order only."""
    if subject.cls.__dict__.get("order", "checked") == 1 and refuses(subject):
        return (False,)
    return (False, True)


def refuses(subject):
    sample = subject.samples[0]
    try:
        subject.gradients(sample, sample.xs, subject.weights(sample, sample.xs), graph=True)
    except FirstOrderOnly:
        return True
    return False


def check_second(subject):
    """The derivative of the gradient is right, or declared not to be there (``order = 1``)."""
    if len(modes(subject)) == 1:
        return
    for sample in subject.samples:
        xs, ws = sample.xs, subject.weights(sample, sample.xs)
        us = subject.drawn(xs)
        try:
            seconds = second(subject, sample, xs, ws, us)
        except FirstOrderOnly as error:
            subject.fail(sample, f"second derivative: refused: {error}")
        around = [*xs, *ws]
        value = lambda zs: sum((g * u).sum().real for g, u in zip(subject.gradients(sample, zs[:len(xs)], zs[len(xs):]), us))
        rng, verified = np.random.default_rng(8), 0
        for _ in range(3):
            vs = [weights_for(rng, z) for z in around]
            line = lambda t: value(along(around, vs, t))
            numeric, error = differences(line)
            size = sum(abs(s * v).sum() for s, v in zip(seconds, vs))
            if error <= 1e-6 * max(1.0, size):
                verified += 1
                if differ(dot(seconds, vs), numeric, error, RTOL, size) and not is_kink(line):
                    locate_second(subject, sample, around, value, seconds, len(xs))
        if not verified:
            subject.fail(sample, "second derivative: the gradient is not smooth here: nothing can be said; choose another sample")


def second(subject, sample, xs, ws, us):
    """The gradients of Σ (∂Σyw/∂x)·u, by the arrays and by what comes from above."""
    vs, gys = [Variable(x) for x in xs], [Variable(np.asarray(w)) for w in ws]
    weigh(subject.call(sample, vs), gys).backward(create_graph=True)
    pairs = [(v.grad, u) for v, u in zip(vs, us) if v.grad is not None]
    for v in (*vs, *gys):
        v.cleargrad()
    if pairs:
        root = weigh([g for g, _ in pairs], [u for _, u in pairs])
        if root.creator is not None:
            root.backward()
    return [zero_if_none(v.grad, v) for v in (*vs, *gys)]


def locate_second(subject, sample, around, value, seconds, n):
    """Fail at the element where a second derivative is wrong."""
    gaps = []
    for i, s in enumerate(seconds):
        for index in np.ndindex(s.shape):
            for axis, part, line in axes(around[i], s[index], lambda t: value(moved(around, i, index, t))):
                numeric = differences(line, scale_of(around[i][index]))[0]
                gaps.append((-np.nan_to_num(abs(part - numeric), nan=np.inf), i, index, axis, part, numeric))
    _, i, index, axis, analytic, numeric = min(gaps)
    who = f"argument {i}" if i < n else f"the gradient of result {i - n}"
    subject.fail(sample, f"second derivative (of Σ gradient·u): {who}, {at(index)}{axis}: analytic {analytic:.17g}, numeric {numeric:.17g}; "
                         "a rule that reads .data, or constants made by forward, loses it: order = 1 declares that")


def check_signs(subject):
    """Where an elementwise op is finite at the negative of an operand too, its gradient is right there."""
    for sample in [sample for sample in subject.samples if subject.is_elementwise(sample)]:
        for i, x in enumerate(sample.xs):
            turned = sample.at([-x if k == i else other for k, other in enumerate(sample.xs)])
            for where, ws, gradients in gradients_at(subject, turned):
                compare(subject, turned, turned.xs, ws, gradients, f"{where} at the negative of argument {i}")


def check_ties(subject):
    """Where two elements are equal, their gradients add up to the slope by both: a maximum has one gradient to give away."""
    for sample in subject.samples:
        for xs, (a, b) in ties(sample.xs):
            tied = sample.at(xs)
            for where, ws, gradients in gradients_at(subject, tied):
                both = sum(gradients[i][index] for i, index in (a, b))
                for axis, analytic, line in axes(xs[a[0]], both, lambda t: subject.weighed(tied, moved(moved(xs, *a, t), *b, t), ws)):
                    try:
                        numeric, error = slope(line)
                        if not error <= 1e-6 * max(1.0, abs(numeric)) or is_kink(line):
                            continue
                    except Exception:       # an op may refuse what is beside it, in its own words
                        continue
                    if differ(analytic, numeric, error, RTOL, sum(abs(gradients[i][index]) for i, index in (a, b))):
                        these = " and ".join(f"argument {i}, {at(index)}" for i, index in (a, b))
                        subject.fail(sample, f"{where} at a tie: {these} are equal: the sum of both{axis}: analytic {analytic:.17g}, "
                                             f"numeric {numeric:.17g}")


def ties(xs):
    """Arrays of which two elements are equal, and where: the greatest or the least and its neighbour, and those of two operands."""
    for i, x in enumerate(xs):
        for extreme in (np.argmax, np.argmin) if x.size > 1 else ():
            index = tuple(map(int, np.unravel_index(extreme(x), x.shape)))
            for axis in [axis for axis, n in enumerate(x.shape) if n > 1]:
                beside = (*index[:axis], (index[axis] + 1) % x.shape[axis], *index[axis + 1:])
                y = x.copy()
                y[beside] = x[index]
                yield [*xs[:i], y, *xs[i + 1:]], ((i, index), (i, beside))
    for j, i in pairs_of_one_shape(xs):
        if xs[i].size:
            y = xs[j].copy()
            y[first(y)] = xs[i][first(y)]
            yield [*xs[:j], y, *xs[j + 1:]], ((i, first(y)), (j, first(y)))


def gradients_at(subject, sample):
    """(mode, weights, gradients) in all modes, on all paths; nothing where the op is not finite, or refuses."""
    try:
        ys = subject.values(sample, sample.xs)
    except Exception:                       # an op may refuse it, in its own words
        return
    if all(np.isfinite(y).all() for y in ys):
        ws = subject.drawn(ys)
        for graph in modes(subject):
            for path in subject.paths:
                yield f"gradient {MODES[graph]}", ws, subject.gradients(sample, sample.xs, ws, path, graph)


def check_zero(subject):
    """At 0, where the values are finite, the gradient is no NaN; it is the derivative, or between those of both sides."""
    for sample in subject.samples:
        places = [i for i, x in enumerate(sample.xs) if x.size]
        for zeroed in [[i] for i in places] + ([places] if len(places) > 1 else []):
            xs = [x.copy() for x in sample.xs]
            for i in zeroed:
                xs[i][first(xs[i])] = 0.0
            for where, ws, gradients in gradients_at(subject, sample.at(xs)):
                for i in zeroed:
                    verify_at_zero(subject, sample, xs, ws, i, gradients[i], where.replace("gradient", "gradient at 0"))


def first(x):
    return (0,) * x.ndim


def verify_at_zero(subject, sample, xs, ws, i, g, where):
    index, size = first(g), abs(g[np.isfinite(g)]).max(initial=0)
    for axis, part, line in axes(xs[i], g[index], lambda t: subject.weighed(sample, moved(xs, i, index, t), ws)):
        try:
            (left, right), (numeric, error) = sides(line), slope(line)
            if is_complex(xs[i]) and is_root(line):     # the quotient by a complex 0 is NaN
                continue
        except Exception:                   # an op may refuse what is beside it, in its own words
            left = right = numeric = error = np.nan
        if np.isnan(part):
            wrong(subject, sample, where, i, index, part, numeric, axis)
        if not (abs(left) < LARGE and abs(right) < LARGE):  # outside of its domain, a jump, or a root
            continue
        slack = 1e-3 * max(1.0, abs(left), abs(right))
        if abs(left - right) > slack:
            if not min(left, right) - slack <= part <= max(left, right) + slack:
                subject.fail(sample, f"{where}: argument {i}, {at(index)}{axis}: analytic {part:.17g}, numeric {left:.9g} from the left "
                                     f"and {right:.9g} from the right")
        elif error <= 1e-6 * max(1.0, abs(numeric)) and differ(part, numeric, error, RTOL, size):
            wrong(subject, sample, where, i, index, part, numeric, axis)


def check_uses(subject):
    """One Variable for two operands gets both gradients; with the others constant each gets its own."""
    for sample in subject.samples:
        xs, ws = sample.xs, subject.weights(sample, sample.xs)
        for graph in modes(subject):
            for path in subject.paths:
                wanted = subject.gradients(sample, xs, ws, path, graph)
                for i in range(len(xs)):
                    alone(subject, sample, xs, ws, i, wanted[i], path, graph)
                for i, j in pairs_of_one_shape(xs):
                    together(subject, sample, xs, ws, i, j, path, graph)


def alone(subject, sample, xs, ws, i, wanted, path, graph):
    v = Variable(xs[i])
    weigh(subject.call(sample, [v if j == i else x for j, x in enumerate(xs)], path), ws).backward(create_graph=graph)
    got = zero_if_none(v.grad, v)
    if not np.allclose(got, wanted, rtol=1e-12, atol=1e-14, equal_nan=True):
        subject.same(sample, "argument", [wanted], [got], 1e-12, f"gradient {MODES[graph]} where only argument {i} is a Variable",
                     ("numeric", "analytic"))


def pairs_of_one_shape(xs):
    return [(i, j) for i in range(len(xs)) for j in range(i) if xs[i].shape == xs[j].shape and xs[i].dtype == xs[j].dtype]


def together(subject, sample, xs, ws, i, j, path, graph):
    """Operands i and j are one and the same Variable."""
    equal = [xs[i].copy() if k == j else x for k, x in enumerate(xs)]
    try:
        if not all(np.isfinite(y).all() for y in subject.values(sample, equal, "reference")):
            return
        each = subject.gradients(sample, equal, ws, path, graph)
    except Exception:                       # not for equal operands, in the op's own words
        return
    vs = [Variable(x) for x in equal]
    vs[j] = vs[i]
    weigh(subject.call(sample, vs, path), ws).backward(create_graph=graph)
    got = zero_if_none(vs[i].grad, vs[i])
    subject.same(sample, "argument", [each[i] + each[j]], [got], 1e-12,
                 f"gradient {MODES[graph]} of one Variable given as arguments {j} and {i}", ("numeric", "analytic"))


def check_outputs(subject):
    """Each result alone, with the others unused, gives its own gradient."""
    for sample in subject.samples:
        ws = subject.weights(sample, sample.xs)
        for k in range(len(ws) if len(ws) > 1 else 0):
            one = [w if i == k else np.zeros_like(w) for i, w in enumerate(ws)]
            for graph in modes(subject):
                vs = [Variable(x) for x in sample.xs]
                y = subject.call(sample, vs)[k]
                if y.dtype.kind in "fc":
                    y.backward(gradient=np.conj(ws[k]), create_graph=graph)
                    verify(subject, sample, sample.xs, one, [zero_if_none(v.grad, v) for v in vs],
                           f"gradient {MODES[graph]} of result {k} alone", k)
