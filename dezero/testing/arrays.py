"""Checks of what NumPy users expect: shapes, dtypes, layouts, and that nothing is written to."""
import numpy as np

from dezero.engine.variable import Variable
from dezero.registry import function_name
from dezero.testing.grads import at, weigh, zero_if_none
from dezero.testing.numeric import narrow, wide
from dezero.testing.rules import MODES, accepts, modes, originals
from dezero.testing.subject import close

SHAPES = ((), (1,), (3,), (1, 3), (3, 1), (3, 3), (2, 3, 3), (0, 3))


def elementwise(subject):
    """The first sample whose results are elementwise, or None."""
    return next((s for s in subject.samples if subject.is_elementwise(s)), None)


def resized(x, shape):
    """An array of a shape, of the elements of x over and over."""
    return np.resize(x, shape) if x.size else np.zeros(shape, x.dtype)


def check_shapes(subject):
    """0-d data stays an array and 0-d, empty data is empty, as many dimensions as there are."""
    sample = elementwise(subject)
    for shape in ((), (0,), (0, 3), (2, 0, 4), (1,), (5,), (2, 1, 3)) if sample else ():
        xs = [resized(x, shape) for x in sample.xs]
        for path in subject.paths:
            for graph in modes(subject):
                ys = subject.call(sample, [Variable(x) for x in xs], path)
                gradients = subject.gradients(sample, xs, [np.ones(y.shape) for y in ys], path, graph)
                for what, arrays in (("result", [y.data for y in ys]), ("the gradient of argument", gradients)):
                    for i, a in enumerate(arrays):
                        if not isinstance(a, np.ndarray) or a.shape != shape:
                            subject.fail(sample, f"shapes: with arguments of shape {shape}, {what} {i} is "
                                                 f"{type(a).__name__} of shape {np.shape(a)}")


def check_broadcasting(subject):
    """Every pair of shapes that broadcast: values and gradients are those of the operands broadcast beforehand."""
    sample = elementwise(subject)
    if sample is None or len(sample.xs) < 2:
        return
    for a in SHAPES:
        for b in SHAPES:
            try:
                shape = np.broadcast_shapes(a, b)
            except ValueError:
                continue
            xs = [resized(x, (a, b)[i % 2]) for i, x in enumerate(sample.xs)]
            whole = [np.array(np.broadcast_to(x, shape)) for x in xs]
            ws = subject.weights(sample, whole)
            wanted = [reduced(g, x.shape) for g, x in zip(subject.gradients(sample, whole, ws, "reference"), xs)]
            for path in subject.paths:
                subject.same(sample, "result", subject.values(sample, whole, "reference"), subject.values(sample, xs, path), 1e-12,
                             f"broadcasting {a} with {b}")
                for graph in modes(subject):
                    subject.same(sample, "argument", wanted, subject.gradients(sample, xs, ws, path, graph), 1e-11,
                                 f"broadcasting {a} with {b}, gradient {MODES[graph]}", ("numeric", "analytic"))


def reduced(g, shape):
    """The sum of g over what was broadcast from `shape`."""
    lead = g.ndim - len(shape)
    axes = tuple(i for i in range(g.ndim) if i < lead or shape[i - lead] == 1)
    return g.sum(axes).reshape(shape)


def check_dtypes(subject):
    """Single precision stays what it is, in results, gradients and rules; a number beside it changes nothing; integers count.

    A result may be wider where the function of NumPy's or SciPy's that the op stands for gives that dtype, too.  Nothing is checked
    where the call says the dtype.
    """
    for sample in [sample for sample in subject.samples if "dtype" not in sample.kwargs]:
        check_float32(subject, sample)
        check_rule_dtypes(subject, sample)
        check_integers(subject, sample)


def check_float32(subject, sample):
    xs = [narrow(x) for x in sample.xs]
    double = [wide(x) for x in xs]
    ws = subject.weights(sample, double)
    for path in subject.paths:
        ys = subject.call(sample, [Variable(x) for x in xs], path)
        for i, (y, y64) in enumerate(zip(ys, subject.values(sample, double, "reference"))):
            if y64.dtype.kind in "fc":
                check_single(subject, sample, xs, i, y.dtype, "of arguments of single precision")
            subject.same(sample, "result", [y64], [y.data], 1e-3, "value in float32", ("float64", "float32"))
        for graph in modes(subject):
            vs = [Variable(x) for x in xs]
            weigh(subject.call(sample, vs, path), ws).backward(create_graph=graph)
            for i, v in enumerate(vs):
                if v.grad is not None and v.grad.dtype != v.dtype:
                    subject.fail(sample, f"dtypes: float32 is lost: the gradient of argument {i} is {v.grad.dtype}")
            wanted = subject.gradients(sample, double, ws, path, graph)
            got = [zero_if_none(v.grad, v) for v in vs]
            subject.same(sample, "argument", wanted, got, 2e-3, f"gradient in float32 {MODES[graph]}", ("float64", "float32"))
    if len(sample.xs) == 2:
        check_number(subject, sample, xs)


def check_single(subject, sample, xs, i, dtype, given):
    """Result i is of single precision, or of the dtype that the function which the op stands for gives of the same arguments."""
    if dtype.char in "fF":
        return
    wanted, by = "single precision", ""
    for function in originals(subject):
        args, kwargs = sample.arguments(xs)
        if accepts(function, args, kwargs):
            ys = function(*args, **kwargs)
            wanted = np.asarray((ys if isinstance(ys, (tuple, list)) else [ys])[i]).dtype
            by = f", which {function_name(function)} gives"
            break
    if dtype != wanted:
        subject.fail(sample, f"dtypes: float32 is lost: result {i} {given} is {dtype}, wanted {wanted}{by}")


def check_number(subject, sample, xs):
    """A Python number for one of two operands does not widen the result."""
    for i in range(2):
        number = xs[1 - i].flat[0].item() if xs[1 - i].size else 1.0
        operands = [number, number]
        operands[i] = Variable(xs[i])
        try:
            ys = subject.call(sample, operands)
        except Exception:                   # an op of arrays proper, such as matmul
            return
        operands[i] = xs[i]
        for k, y in enumerate(ys):
            if y.dtype.kind in "fc":
                check_single(subject, sample, operands, k, y.dtype, f"with the Python number {number} for argument {1 - i}")


def check_rule_dtypes(subject, sample):
    """What the rule itself gives for floats of one precision is of that precision: the engine would hide that it is not."""
    for convert, chars in ((narrow, "fF"), (wide, "dD")):
        vs, ys, f = subject.recorded(sample, [convert(x) for x in sample.xs])
        if any(y.dtype.char not in chars for y in ys):
            continue
        gxs = subject.rule(f, [np.ones(y.shape, y.dtype) for y in ys])
        for i, g in enumerate(gxs):
            if g is not None and g.dtype.kind in "fc" and g.dtype.char not in chars:
                subject.fail(sample, f"dtypes: {np.dtype(chars[0])} is lost: the rule gives {g.dtype} for argument {i}; "
                                     f"the engine brings it to the argument's dtype, digits and time are lost{cause(g)}")


def cause(g):
    """What may have widened a gradient, of ones from above, to float64."""
    if g.dtype.char not in "dD":
        return ""
    if g.size > 1 and 0 in g and np.unique(g).size <= 2:
        return "; a bool mask times gy stays float32, a mask times 1.0, np.where(mask, 1.0, 0.0) or mask.astype(float) does not"
    return "; what a rule makes of no operand is float64: say np.ones(shape, gy.dtype), and math.sqrt(2) for np.sqrt(2)"


def check_integers(subject, sample):
    """Integers give what the same floats give, gradients included: nothing is truncated."""
    ints = [1 + np.rint(abs(2 * x)).astype(int) for x in sample.xs]
    floats = [x.astype(float) for x in ints]
    try:
        got, wanted = subject.values(sample, ints), subject.values(sample, floats)
    except Exception:                       # not for integers, or not for these, in the op's own words
        return
    if not all(np.isfinite(y).all() for y in wanted):
        return
    if not all(close(a, b, 1e-12) for a, b in zip(got, wanted)):
        if subject.cls.__dict__.get("numpy"):
            return                          # NumPy's function truncates as well, or check_value has failed
        subject.same(sample, "result", wanted, got, 1e-12, "dtypes: integers", ("of floats", "of the same integers"))
    ws = subject.drawn(wanted)
    for graph in modes(subject):
        subject.same(sample, "argument", subject.gradients(sample, floats, ws, "apply", graph),
                     subject.gradients(sample, ints, ws, "apply", graph), 1e-12,
                     f"dtypes: gradient of integers {MODES[graph]}", ("of floats", "of the same integers"))


# -- layouts

def fortran(a):
    return a.copy("F")


def turned(a):
    backwards = (slice(None, None, -1),) * a.ndim + (...,)      # the Ellipsis keeps 0-d data an array
    return a[backwards].copy()[backwards]


def every_second(a):
    if a.ndim == 0:
        return a.copy()
    wide = np.full(tuple(2 * n for n in a.shape), np.nan, a.dtype)
    view = wide[(slice(None, None, 2),) * a.ndim]
    view[...] = a
    return view


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def unaligned(a):
    memory = np.empty(a.nbytes + 1, np.uint8)
    view = memory[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


LAYOUTS = {
    "Fortran order": fortran,
    "negative strides": turned,
    "every second element": every_second,
    "read-only": read_only,
    "unaligned": unaligned,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
}


def check_layouts(subject):
    """Strided, read-only, unaligned and byte-swapped arrays give what contiguous ones do."""
    for sample in subject.samples:
        xs, ws = sample.xs, subject.weights(sample, sample.xs)
        values, gradients = subject.values(sample, xs, "reference"), subject.gradients(sample, xs, ws, "reference")
        for name, lay in LAYOUTS.items():
            laid = [lay(x) for x in xs]
            for path in subject.paths:
                subject.same(sample, "result", values, subject.values(sample, laid, path), 1e-12, f"layouts: {name}")
                for graph in modes(subject):
                    got = subject.gradients(sample, laid, ws, path, graph)
                    subject.same(sample, "argument", gradients, got, 1e-11, f"layouts: {name}, gradient {MODES[graph]}")
        check_strided_gradient(subject, sample, xs, ws)


def check_strided_gradient(subject, sample, xs, ws):
    """The rule takes a gradient that is not contiguous and may not be written to."""
    vs, ys, f = subject.recorded(sample, xs)
    wanted = subject.rule(f, [np.array(w) for w in ws])
    for lay in (fortran, turned, every_second):
        gys = [lay(w) for w in ws]
        compare_rule(subject, sample, wanted, subject.rule(f, gys), "layouts: a gradient from above that is not contiguous")


def compare_rule(subject, sample, wanted, got, where):
    for i, (a, b) in enumerate(zip(wanted, got)):
        if (a is None) != (b is None) or a is not None and (a.shape != b.shape or not close(b, a, 1e-12)):
            index = () if a is None or b is None or a.shape != b.shape else tuple(np.argwhere(~np.isclose(b, a, 1e-12, 0))[0])
            subject.fail(sample, f"{where}: argument {i}, {at(index)}: wanted {a if a is None else a[index]}, "
                                 f"got {b if b is None else b[index]}")


# -- what is written, kept and shared

def check_purity(subject):
    """Nothing that the op was given is written to, results are its own, and calls know nothing of each other."""
    for sample in subject.samples:
        xs = sample.xs
        for path in subject.paths:
            check_memory(subject, sample, xs, path)
        ws = subject.weights(sample, xs)
        check_rule_alone(subject, sample, xs, ws)
        for path in subject.paths:
            check_stale(subject, sample, xs, ws, path)
            check_neighbour(subject, sample, xs, path)


def check_rule_alone(subject, sample, xs, ws):
    """The rule writes into nothing it is given, gives the same twice, and memory that the next call leaves alone."""
    vs, ys, f = subject.recorded(sample, [x.copy() for x in xs])
    gys = [np.array(w) for w in ws]
    kept = [a.copy() for a in (*gys, *(v.data for v in vs), *(y.data for y in ys))]
    first = subject.rule(f, gys)
    held = [None if g is None else g.copy() for g in first]
    names = [*(f"the gradient of result {i}" for i in range(len(gys))), *(f"argument {i}" for i in range(len(vs))),
             *(f"result {i}" for i in range(len(ys)))]
    for name, a, before in zip(names, (*gys, *(v.data for v in vs), *(y.data for y in ys)), kept):
        if not np.array_equal(a, before, equal_nan=True):
            index = tuple(np.argwhere(a != before)[0])
            subject.fail(sample, f"aliasing: the rule writes into {name}, {at(index)}: {before[index]} became {a[index]}; "
                                 "it belongs to others as well")
    compare_rule(subject, sample, held, subject.rule(f, gys), "the rule run twice")
    subject.rule(f, [2 * g for g in gys])
    between = subject.recorded(sample, others(subject, sample, xs))
    subject.rule(between[2], gys)
    compare_rule(subject, sample, held, first, "aliasing: a gradient that the rule gave is overwritten by its next call")


def check_memory(subject, sample, xs, path):
    """Forward writes into no argument, and its results share memory with none and with no other result."""
    vs = [Variable(x.copy()) for x in xs]
    ys = subject.call(sample, vs, path)
    values = [y.data.copy() for y in ys]
    for i, (v, x) in enumerate(zip(vs, xs)):
        if not np.array_equal(v.data, x, equal_nan=True):
            index = tuple(np.argwhere(v.data != x)[0])
            subject.fail(sample, f"aliasing: forward writes into argument {i}, {at(index)}: {x[index]} became {v.data[index]}")
        for k, y in enumerate(ys):
            if np.shares_memory(y.data, v.data):
                subject.fail(sample, f"aliasing: result {k} shares memory with argument {i}")
    again = subject.call(sample, [Variable(x) for x in others(subject, sample, xs)], path)
    for k, (y, value) in enumerate(zip(ys, values)):
        if not np.array_equal(y.data, value, equal_nan=True):
            index = tuple(np.argwhere(y.data != value)[0])
            subject.fail(sample, f"aliasing: result {k}, {at(index)} is overwritten by the op's next call: {value[index]} became "
                                 f"{y.data[index]}")
    del again


def others(subject, sample, xs):
    """Other arrays for another call: the same numbers backwards, where the op takes them so."""
    backwards = [x.ravel()[::-1].reshape(x.shape).copy() for x in xs]
    try:
        taken = all(np.isfinite(y).all() for y in subject.values(sample, backwards, "reference"))
    except Exception:                       # not in this order, in the op's own words
        taken = False
    return backwards if taken else [x.copy() for x in xs]


def check_stale(subject, sample, xs, ws, path):
    """A rule works on what its own call was given: other calls, new data and a second backward change nothing."""
    for graph in modes(subject):
        wanted = subject.gradients(sample, xs, ws, path, graph)
        vs = [Variable(x) for x in xs]
        root = weigh(subject.call(sample, vs, path), ws)
        between = others(subject, sample, xs)
        weigh(subject.call(sample, [Variable(x) for x in between], path), ws).backward(create_graph=graph)
        for v, x in zip(vs, between):
            v.data = x
        for time in ("after another call", "a second time"):
            for v in vs:
                v.cleargrad()
            root.backward(create_graph=graph)
            got = [zero_if_none(v.grad, v) for v in vs]
            subject.same(sample, "argument", wanted, got, 1e-12, f"stale data: gradient {MODES[graph]}, {time}",
                         ("numeric", "analytic"))


def check_neighbour(subject, sample, xs, path):
    """What another Variable's gradient shares with that of the result is not written to."""
    ys = subject.call(sample, [Variable(x) for x in xs], path)
    for k, y in enumerate(ys):
        if y.dtype.kind in "fc":
            beside = Variable(np.zeros(y.shape, y.dtype))
            g, = subject.drawn([y])
            (y + beside).backward(gradient=g)
            if not np.array_equal(beside.grad, g):
                index = tuple(np.argwhere(beside.grad != g)[0])
                subject.fail(sample, f"aliasing: the rule writes into the gradient of result {k}, {at(index)}: {g[index]} became "
                                     f"{beside.grad[index]}")
