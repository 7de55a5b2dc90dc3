"""An op under test, and the ways to call it."""
from contextlib import contextmanager

import numpy as np

from dezero import config, plugins
from dezero._kernels import IN_USE
from dezero._kernels.gradients import At, add_at
from dezero.engine.checks import who
from dezero.engine import rules
from dezero.engine.function import Function, RuleFunction, takes_operands_first
from dezero.engine.op import Op, loops_of
from dezero.engine.variable import Variable
from dezero.registry import Entry, registry
from dezero.testing.grads import at, weigh, weights_for, zero_if_none
from dezero.testing.numeric import is_complex
from dezero.testing.samples import samples_of


class Subject:
    """An op, its samples, and how to run it.

    Attributes
    ----------
    cls : type
        The Function subclass.
    samples : list of Sample
    paths : tuple of str
        "apply", as everybody calls it and, where that runs loops, "reference", its Python methods.
    """

    def __init__(self, op, samples=None):
        self.cls = class_of(op)
        self._hook = samples
        self._samples = None

    @property
    def samples(self):
        if self._samples is None:
            self._samples = samples_of(self.cls, self._hook)
        return self._samples

    @property
    def name(self):
        return self.cls.__dict__.get("name", self.cls.__name__)

    @property
    def op(self):
        """What the registry holds of it, or None."""
        named = registry.snapshot.names.get(self.name)
        if named is not None and named.module == self.cls.__module__:
            registry.find_name(self.name)           # claimed lazily: what is claimed comes in its place
        return next((op for op in registry.snapshot.ops if op.cls is self.cls), None)

    @property
    def op_of_rule(self):
        """The `Op` whose class it is; None where it was written as a class."""
        return self.cls.op if issubclass(self.cls, RuleFunction) else None

    @property
    def kernel(self):
        """What its author has given."""
        return self.cls.__dict__.get("kernel")

    def kernel_of(self, sample):
        """The loops that a sample runs, its author's or traced from the rule, or None: they are for real numbers."""
        args, kwargs = sample.arguments(sample.xs)
        if IN_USE != "compiled" or any([is_complex(x) for x in (*sample.xs, *args) if isinstance(x, np.ndarray)]):
            return None
        if self.op_of_rule is None:
            return self.kernel if self.op is not None and self.op.direct else None
        loops = loops_of(self.op_of_rule, self.op_of_rule.bind(tuple(args), kwargs)[1])
        return None if loops is None else loops.kernel

    @property
    def runs_loops(self):
        return any(self.kernel_of(sample) is not None for sample in self.samples)

    @property
    def paths(self):
        return ("apply", "reference") if self.runs_loops else ("apply",)

    # -- running it

    def call(self, sample, xs, path="apply"):
        """The results, as a list; of Variables or arrays in the places of the sample."""
        args, kwargs = sample.arguments(xs)
        if path == "apply" or not takes_operands_first(self.cls) or self.op_of_rule is not None and not self.runs_loops:
            ys = self.cls.apply(*args, **kwargs)
        elif self.op_of_rule is not None:
            operands, parameters = self.op_of_rule.bind(tuple(args), kwargs)
            ys = self.cls(**parameters)(*operands)
        else:
            n = len(args) if sample.count is None else sample.count
            ys = self.cls(*args[n:], **kwargs)(*args[:n])
        return list(ys) if isinstance(ys, (list, tuple)) else [ys]

    def values(self, sample, xs, path="apply"):
        """The results as arrays."""
        with config.no_grad():
            xs = [Variable(x) for x in xs] if path == "apply" else xs
            return [y.data for y in self.call(sample, xs, path)]

    def weighed(self, sample, xs, ws):
        """Re Σ y·w of the reference: the number whose derivatives are taken numerically."""
        total = sum((y * w).sum() for y, w in zip(self.values(sample, xs, "reference"), ws))
        return total.real if any(map(is_complex, (*sample.xs, *ws))) else total         # else it may be a complex step's

    def weights(self, sample, xs):
        return self.drawn(self.values(sample, xs, "reference"))

    def drawn(self, arrays):
        """Weights in the shapes of these arrays, the same each time and no two alike; complex where these are."""
        rng = np.random.default_rng(7)
        return [weights_for(rng, a) for a in arrays]

    def gradients(self, sample, xs, ws, path="apply", graph=False):
        """The gradients of Re Σ y·w by each array, as `.grad` has them."""
        vs = [Variable(x) for x in xs]
        weigh(self.call(sample, vs, path), ws).backward(create_graph=graph)
        return [zero_if_none(v.grad, x) for v, x in zip(vs, xs)]

    def recorded(self, sample, xs, path="reference"):
        """The Variables that went in, those that came out, and the call between them."""
        vs = [Variable(x) for x in xs]
        ys = self.call(sample, vs, path)
        return vs, ys, ys[0].creator

    def rule(self, f, gys):
        """The op's rule on arrays, called without the engine: its gradients as arrays, or None."""
        with config.no_grad():
            gxs = f.backward(*gys) if self.op_of_rule is None else self.rule_on_arrays(f, gys)
        gxs = gxs if isinstance(gxs, tuple) else (gxs,)
        gxs = [spread(g, x.shape) if isinstance(g, (At, list)) else g for g, x in zip(gxs, f.inputs)]
        return [g.data if isinstance(g, Variable) else g if g is None else np.asarray(g) for g in gxs]

    def rule_on_arrays(self, f, gys):
        """What a rule that is a function gives, each gradient in a shape of its own."""
        ys, xs = [y().data for y in f.outputs], [x.data for x in f.inputs]
        return tuple(rules.call_function(f, list(gys), ys, xs, f._saved))

    def is_elementwise(self, sample):
        """Is each element of the result made of those at its place, and of nothing else?"""
        try:
            xs = sample.xs
            shape = np.broadcast_shapes(*[x.shape for x in xs])
            ys = self.values(sample, xs, "reference")
            if any(y.shape != shape for y in ys) or 0 in shape:
                return False
            wide = [np.broadcast_to(x, shape) for x in xs]
            for index in np.ndindex(shape):
                alone = self.values(sample, [np.array(x[index]) for x in wide], "reference")
                if any(y.shape != () or not close(y, whole[index], 1e-9) for y, whole in zip(alone, ys)):
                    return False
        except Exception:                           # 0-d data is not for every op
            return False
        return True

    # -- what failed

    def fail(self, sample, text):
        """Raise, with the op and the call named."""
        call = "" if sample is None else f" (in {sample.shown(self.name)})"
        raise AssertionError(f"{who(self.cls)}: {text}{call}")

    def same(self, sample, what, wanted, got, rtol, where, sides=("wanted", "got"), terms=None):
        """Compare arrays; `what` is "argument" or "result".  `terms` are the sizes of what was summed in them."""
        for i, (a, b) in enumerate(zip(wanted, got)):
            if a.shape != b.shape:
                self.fail(sample, f"{where}: {what} {i}: {sides[0]} shape {a.shape}, {sides[1]} {b.shape}")
            if close(b, a, rtol):
                continue
            size = abs(a[np.isfinite(a)]).max(initial=0) if a.dtype.kind in "fc" else 0
            wrong = ~np.isclose(b, a, rtol=rtol, atol=rtol * max(1e-2 * size, terms[i] if terms else 0), equal_nan=True)
            if not wrong.any():
                continue
            index = tuple(np.argwhere(wrong)[0])
            self.fail(sample, f"{where}: {what} {i}, {at(index)}: {sides[0]} {a[index]!s}, {sides[1]} {b[index]!s}")


def spread(parts, shape):
    """The gradient of a part of an operand, or of several, as one of all of it."""
    parts = parts if isinstance(parts, list) else [parts]
    gs = [np.asarray(part.g.data if isinstance(part.g, Variable) else part.g) for part in parts]
    whole = np.zeros(shape, np.result_type(*gs) if gs else float)
    for part, g in zip(parts, gs):
        add_at(whole, part.index, g)
    return whole


def close(a, b, rtol):
    """Equal up to rounding, elements that are small beside the others included; NaN is equal to NaN."""
    finite = np.asarray(b)[np.isfinite(b)]
    return np.allclose(a, b, rtol=rtol, atol=1e-2 * rtol * abs(finite).max(initial=0), equal_nan=True)


def class_of(op):
    """The Function subclass of what the caller names: a class, an op's name, or a record of the registry."""
    if isinstance(op, str):
        found = registry.find_name(op)
        if found is None:
            raise ValueError(f"check_op: no op {op!r} is registered{registry.explain(op)}; see `dezero ops`")
        return class_of(found)
    if isinstance(op, Entry):
        if op.cls is None:
            raise ValueError(f"check_op: {op.name!r} is a composite, whose derivative is that of the ops it is made of: check these")
        return op.cls
    if isinstance(op, Op):
        return op.cls
    if isinstance(op, type) and issubclass(op, Function) and op is not Function:
        return op
    raise TypeError(f"check_op takes what rule made, a Function subclass, the name of an op, or what the registry holds, not {op!r}")


@contextmanager
def registered(subject):
    """With the op registered, for the time of a check where it is not."""
    if subject.op is not None or "name" not in subject.cls.__dict__:
        yield
        return
    with plugins.isolated():
        try:
            plugins.register(subject.cls)
        except plugins.PluginError as error:
            raise AssertionError(f"{who(subject.cls)}: it cannot be registered: {error}") from error
        yield
