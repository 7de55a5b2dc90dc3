"""What an op is called with when it is checked."""
from copy import copy
from itertools import product

import numpy as np

from dezero.engine.checks import who
from dezero.engine.function import RuleFunction, is_standard, operands_of
from dezero.engine.variable import Variable
from dezero.testing.numeric import narrow, wide
from dezero.testing.structure import Structured, structured

INTERVALS = ((-2.3, -0.4), (0.15, 0.85), (1.15, 2.7))       # of which an op may like some only: log, arcsin, arccosh
SHAPES = ((2, 3), (3, 3), (3,))
MOST = 27               # default samples of one shape that are tried


class Sample:
    """The arguments of one call ``F.op(*args, **kwargs)``, with places for the arrays it is differentiated by.

    Attributes
    ----------
    xs : list of numpy.ndarray
        Those arrays, as float64 or complex128: the operands of a rule, and where `apply` is Function's own, else every floating array among
        the arguments, also in lists and tuples.
    slopes : dict
        Numeric derivatives that were computed, for the checks to share.
    """

    def __init__(self, cls, args, kwargs):
        self.xs, self.slopes = [], {}
        self.count = operands_of(cls)
        if issubclass(cls, RuleFunction):
            bound = cls.op.arguments
            names = (bound.by_place + [None] * len(args))[:len(args)]
            take = lambda name, a: self._take(a) if bound.same.get(name, name) in bound.place_of else held(a)
            self.args, self.kwargs = list(map(take, names, args)), {key: take(key, a) for key, a in kwargs.items()}
        elif is_standard(cls):
            self.args = [*map(self._take, args[:self.count]), *args[len(args[:self.count]):]]
            self.kwargs = kwargs
        else:
            self.args = [self._take(a) for a in args]
            self.kwargs = {key: self._take(a) for key, a in kwargs.items()}

    def _take(self, a):
        if isinstance(a, Structured):
            self.xs.append(wide(a.array))
            return Place(len(self.xs) - 1, a.f)
        if isinstance(a, Variable):
            a = a.data
        if isinstance(a, np.ndarray) and a.dtype.kind in "fc":
            self.xs.append(wide(a))
            return Place(len(self.xs) - 1)
        return type(a)(map(self._take, a)) if type(a) in (list, tuple) else a

    def arguments(self, xs):
        """(args, kwargs) of the call with other arrays, or Variables, in the places."""
        return [put(a, xs) for a in self.args], {key: put(a, xs) for key, a in self.kwargs.items()}

    def at(self, xs):
        """The same call at another place."""
        other = copy(self)
        other.xs, other.slopes = xs, {}
        return other

    def shown(self, name):
        """The call, for a message."""
        args, kwargs = self.arguments(self.xs)
        parts = [*map(text, args), *(f"{key}={text(a)}" for key, a in kwargs.items())]
        return f"{name}({', '.join(parts)})"


class Place:
    """Where the i-th array goes, or what a function makes of it."""

    def __init__(self, i, f=None):
        self.i, self.f = i, f


class Constant:
    """A floating or complex array among a rule's parameters: of single precision where an operand is."""

    def __init__(self, array):
        self.array = array

    def beside(self, xs):
        single = any(x.dtype.char in "fF" for x in xs if hasattr(x, "dtype"))
        return narrow(self.array) if single else self.array


def held(a):
    """A parameter, as a sample holds it."""
    return Constant(a) if isinstance(a, np.ndarray) and a.dtype.kind in "fc" else a


def put(a, xs):
    if isinstance(a, Constant):
        return a.beside(xs)
    if isinstance(a, Place):
        return xs[a.i] if a.f is None else structured(a.f, xs[a.i])
    return type(a)(put(b, xs) for b in a) if type(a) in (list, tuple) else a


def text(a):
    if type(a) in (list, tuple):
        inside = ", ".join(map(text, a))
        return f"[{inside}]" if type(a) is list else f"({inside}{',' * (len(a) == 1)})"
    return f"{a.dtype}{list(a.shape)}" if isinstance(a, np.ndarray) else repr(a)


class Samples:
    """What an op's ``samples(sample)`` is given: call it as ``F.op`` would be called.

    Attributes
    ----------
    rng : numpy.random.Generator
        Seeded, so that a check gives the same each time.
    """

    def __init__(self, cls):
        self.cls, self.found = cls, []
        self.rng = np.random.default_rng(4)

    def __call__(self, *args, **kwargs):
        """Check the call with these arguments; floating and complex arrays among them are what it is differentiated by."""
        self.found.append(Sample(self.cls, args, kwargs))

    def through(self, f, array):
        """An operand with a structure, such as a symmetric matrix: f makes it of a free array, the op is differentiated by that.

        ``sample(sample.through(lambda a: a @ a.T + np.eye(3), sample.array(3, 3)))``
        """
        return Structured(f, array)

    def array(self, *shape, low=-2.0, high=2.0, dtype=float):
        """Random numbers between two bounds, none of them twice; of a complex dtype both parts."""
        x = np.asarray(self.rng.uniform(low, high, shape))
        return x + 1j * self.array(*shape, low=low, high=high) if np.dtype(dtype).kind == "c" else x


def samples_of(cls, hook=None):
    """The samples of an op: of `hook`, of its own ``samples``, or those that suit its number of operands.

    Raises
    ------
    AssertionError
        There are none.
    """
    collected = Samples(cls)
    hook = hook or getattr(cls, "samples", None)
    if hook is not None:
        hook(collected)
        if not collected.found:
            raise AssertionError(f"{who(cls)}: its samples(sample) never calls sample(...)")
        for sample in collected.found:
            if not sample.xs:
                raise AssertionError(f"{who(cls)}: {sample.shown('sample')} has no floating array: there is nothing to "
                                     "differentiate by")
        return collected.found
    return default_samples(cls, collected)


def default_samples(cls, collected):
    """Arrays of one shape, from several intervals, for as many operands as `forward` takes."""
    count = len(cls.op.operands) if issubclass(cls, RuleFunction) else operands_of(cls) or 2
    reason = "its results are not finite"
    for shape in SHAPES:
        for intervals in list(product(INTERVALS, repeat=count))[:MOST]:
            sample = Sample(cls, [collected.array(*shape, low=a, high=b) for a, b in intervals], {})
            try:
                with np.errstate(all="ignore"):
                    ys = cls.apply(*sample.arguments([x.copy() for x in sample.xs])[0])
            except Exception as error:              # the op's own, to be told where nothing suits it
                reason = f"{type(error).__name__}: {str(error).removeprefix(who(cls) + ': ')}"
                continue
            ys = ys if isinstance(ys, (list, tuple)) else [ys]
            if all(np.isfinite(y.data).all() for y in ys if isinstance(y, Variable)):
                collected.found.append(sample)
        if collected.found:
            return collected.found
    given = f"{count} arrays" if count > 1 else "an array"
    raise AssertionError(
        f"{who(cls)}: it is not known how to call it: {given} of shape {shape} gave {reason}; say it{told(cls)}")


def told(cls, call="sample.array(3, 4), axis=0"):
    """Where an author says how an op is called."""
    where, above = " in the class", "staticmethod"
    if issubclass(cls, RuleFunction):
        name = cls.op.rule.__name__
        where, above = "", f"{name if name.isidentifier() else cls.op.name}.samples"
    return f"{where}, for example\n    @{above}\n    def samples(sample):\n        sample({call})"
