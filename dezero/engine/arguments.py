"""Which arguments of a call are operands and which parameters: bound by the signature of the NumPy function that an op claims."""
import sys
from inspect import Parameter, Signature, signature

import numpy as np

from .._kernels.nodes import VariableBase
from ..registry import function_name
from . import rules
from .checks import describe, who

NoValue = np._NoValue
VERSION = tuple(map(int, np.__version__.split(".")[:2]))

SAME = {"numpy.clip": {"min": "a_min", "max": "a_max"}, "numpy.reshape": {"newshape": "shape"}}
"""Other names of an argument, in NumPy or in one version of it."""

NEUTRAL = {"where": True, "keepdims": False}
"""What asks an op for nothing, also where NumPy's default is that nothing was given."""

REMEDIES = {
    "where": "it takes all elements; select them first, x[mask], or write np.where(mask, f(np.where(mask, x, 1)), 0), with a number in place "
             "of 1 at which f has a derivative: times 0, one that is infinite is NaN",
    "dtype": "its result has the dtype that NumPy gives it by default; convert the operands first",
}


class Arguments:
    """How the arguments of an op's calls are bound.

    Parameters
    ----------
    who : str or type
        The op, for messages; or its class, whose name is looked up then.
    operands : tuple of str
        Their names; "a_min?" may be absent, and "*xs" is any number of them.
    parameters : tuple of inspect.Parameter
        What the op takes beside its operands.
    numpy : callable, (ufunc, "reduce") or str, optional
        The NumPy function that the op claims.
    listed : bool
        The first argument is a list of operands.
    name : str, optional
        How the op is called in messages; by default the NumPy function's.

    Attributes
    ----------
    signature : inspect.Signature
        What a call may give, with NumPy's defaults; `shown` is what the op takes of it.
    exact : int or None
        A call with this many arguments by place, none of them a list, and none by name needs no `bind`: all are operands.
        None: any number of them; -1: each call is bound.
    leading : int or None
        The same, where parameters that are needed may follow.
    """

    def __init__(self, who, operands, parameters, numpy=None, listed=False, name=""):
        self.op, self.operands, self.numpy, self.listed, self.name = who, operands, numpy, listed, name
        self.parameters = {p.name: p for p in parameters}
        self.siblings = {}
        self.plain = None                   # `function.PlainCalls`
        self.function, told = numpy_signature(numpy) if numpy is not None else ("", None)
        self.same = {old: new for old, new in SAME.get(self.function, {}).items() if old not in self.parameters}
        self.names = [self.same.get(x.strip("*?"), x.strip("*?")) for x in operands]
        self.optional = [x[-1] in "*?" or x[0] == "*" for x in operands]
        self.is_open = bool(operands) and operands[-1].startswith("*")
        if told is not None:
            told = renamed(told.parameters.values(), self.same)
            needed = self.match_needed(told)
            self.same = {old: needed.get(new, new) for old, new in self.same.items()} | needed
            told = renamed(told, needed)
        self.place_of = None if told is None else self.match(told)
        if self.place_of is None:           # or NumPy's function has fewer operands, and another meaning
            self.place_of = {x: i for i, x in enumerate(self.names)}
            self.signature = self.own_signature(list(parameters))
        else:
            self.signature = self.numpy_signature(told)
        self.read_defaults()

    def read_defaults(self):
        """Note what a call is bound by: names by place, what is there where nothing is given, and what the op needs."""
        found = self.signature.parameters
        self.by_place = [name for name, p in found.items() if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
        self.takes_more = any([p.kind is Parameter.VAR_KEYWORD for p in found.values()])
        self.absent = [None] * len(self.names)
        for name, i in self.place_of.items():
            self.absent[i] = None if is_nothing(found[name].default) else found[name].default
        if self.is_open:
            del self.absent[-1]
        own = {name: p.default for name, p in self.parameters.items()}
        needed = [p.name for p in self.parameters.values() if p.default is Parameter.empty and p.kind is not Parameter.VAR_KEYWORD]
        self.needed = needed + [name for name, i in self.place_of.items() if not self.optional[i]]
        self.defaults = {name: own[name] if found[name].default is Parameter.empty else found[name].default for name in own}
        self.defaults = {name: x for name, x in self.defaults.items() if not is_nothing(x)}
        self.differing = {name: x for name, x in self.defaults.items()
                          if found[name].default is Parameter.empty or not is_same(x, own[name])}
        in_order = [self.place_of.get(name) for name in self.by_place[:len(self.absent)]] == list(range(len(self.absent)))
        self.exact = self.leading = None if self.is_open else len(self.absent)
        if self.listed or not in_order or self.is_open and self.absent:
            self.exact = self.leading = -1
        elif needed or self.differing:
            self.exact = -1

    def own_signature(self, parameters):
        """Return the signature of an op that claims no NumPy function: operands, then parameters."""
        operands = []
        for x, optional in zip(self.names, self.optional):
            operands.append(Parameter(x, Parameter.POSITIONAL_OR_KEYWORD, default=None if optional else Parameter.empty))
        if self.is_open:
            operands[-1] = Parameter(self.names[-1], Parameter.VAR_POSITIONAL)
            parameters = [p if p.kind is Parameter.VAR_KEYWORD else p.replace(kind=Parameter.KEYWORD_ONLY) for p in parameters]
        return arranged(operands + parameters)

    def numpy_signature(self, told):
        """Return NumPy's signature, with what the op takes beyond it as keywords; what NumPy takes by place alone has a name too."""
        known = {p.name for p in told}
        told = [p.replace(kind=Parameter.POSITIONAL_OR_KEYWORD) if p.kind is Parameter.POSITIONAL_ONLY else p for p in told
                if p.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL) or p.name in self.place_of]
        own = [p for name, p in self.parameters.items() if name not in known]
        return arranged(told + [p if p.kind is Parameter.VAR_KEYWORD else p.replace(kind=Parameter.KEYWORD_ONLY) for p in own])

    def match_needed(self, told):
        """Return {NumPy's name: the op's} of parameters without a default that are called otherwise: those are matched by place."""
        names = [p.name for p in told if p.kind < Parameter.VAR_POSITIONAL]
        own = [p for p in self.parameters.values() if p.kind < Parameter.VAR_POSITIONAL]
        pairs = zip(names[len(self.names):], own)
        return {name: p.name for name, p in pairs if p.default is Parameter.empty and p.name not in names
                and name not in self.parameters and name not in ("out", *self.names)}

    def match(self, told):
        """Return {name in NumPy's signature: place among the operands}: by name where it is none of the leading, else by place.

        None where there is an operand that NumPy's function does not have.
        """
        free = [p for p in told if p.name not in self.parameters and p.name not in self.same]
        if self.is_open:
            of_any_number = [p.name for p in free if p.kind is Parameter.VAR_POSITIONAL]
            return {of_any_number[0]: 0} if of_any_number and len(self.names) == 1 else None
        by_name = [p.name for p in free]
        if all([x in by_name for x in self.names]):
            return {x: i for i, x in enumerate(self.names)}
        leading = [p.name for p in free if p.kind < Parameter.KEYWORD_ONLY][:len(self.names)]
        places = {}
        for i, x in enumerate(self.names):
            if x in by_name and x not in leading:
                places[x] = i
            elif i < len(leading) and leading[i] != "out":
                places[leading[i]] = i
            else:
                return None
        return places

    def named(self, kwargs):
        """Return which operands are given by name."""
        return [name for name in kwargs if name not in self.parameters]

    def beside(self, numpy):
        """Return the Arguments of the same op for any NumPy function that it claims."""
        if numpy == self.numpy:
            return self
        if numpy not in self.siblings:
            operands, parameters = self.operands, tuple(self.parameters.values())
            self.siblings[numpy] = Arguments(self.op, operands, parameters, numpy, self.listed, self.name)
        return self.siblings[numpy]

    # -- a call

    def bind(self, args, kwargs, lists=True):
        """Return the operands of a call, and its parameters.

        Returns
        -------
        list
            None stands for an operand that is absent.  Lists of numbers are arrays, where `lists` says so; a listed op's list is spread
            out.
        dict
            The parameters that were given, and NumPy's defaults that are not the op's; as they are now, whatever is written to them
            later.

        Raises
        ------
        TypeError
            An argument that the op, or NumPy's function, does not know, or one of NumPy's that the op does not support; a list with
            Variables in it.
        GradientError
            A Variable that wants a gradient is among the parameters.
        """
        operands, parameters = self.place(args, kwargs, self.differing)
        if self.listed:
            operands = [*self.items(operands[0]), *operands[1:]]
        if lists:
            operands = self.as_arrays(operands)
        return operands, {name: rules.parameter(self.op, name, x) for name, x in parameters.items()}

    def place(self, args, kwargs, defaults):
        """Return operands and parameters as they were given; of the others those of `defaults`."""
        more = args[len(self.by_place):]
        if more and not self.is_open:
            most = len([p for p in self.shown.parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD])
            self.refuse(f"it takes {most} argument{'s' * (most != 1)} by place, got {len(args)}")
        given = dict(zip(self.by_place, args))
        for name, x in kwargs.items():
            name = self.one_name(name, x)
            if name in given:
                self.refuse(f"got {name!r} by place and by name")
            if name is not None:
                given[name] = x
        operands, parameters = [*self.absent, *more], dict(defaults)
        for name, x in given.items():
            if name in self.place_of:
                operands[self.place_of[name]] = None if x is NoValue else x
            elif x is NoValue:
                continue
            elif name in self.parameters or name not in self.signature.parameters:
                parameters[name] = x
            elif not is_neutral(name, x, self.signature.parameters[name].default):
                if name == "out" or not self.takes_more:
                    refuse_argument(self.function, who(self.op), name, x)
                parameters[name] = x
        for name in self.needed:
            if not (name in given or name in parameters or name in self.place_of and operands[self.place_of[name]] is not None):
                self.refuse(f"missing 1 required argument: {name!r}")
        return operands, parameters

    def one_name(self, name, x):
        """Return the name of an argument that is given by name: its only one, or None where nothing is given by another one."""
        if name not in self.signature.parameters and not self.takes_more or name in self.place_of and self.is_open:
            self.refuse(f"it does not know {name!r}")
        return name if name not in self.same else None if x is None or x is NoValue else self.same[name]

    def items(self, listed):
        """Return the operands in the list that a listed op takes."""
        if isinstance(listed, (list, tuple)) or isinstance(listed, (np.ndarray, VariableBase)) and listed.ndim:
            return list(listed)
        raise TypeError(f"{self.called()}: it takes a list of operands, not {describe(listed)}")

    def as_arrays(self, operands):
        """Return operands with lists of numbers as arrays."""
        return [self.array_of(i, x) if isinstance(x, (list, tuple)) else x for i, x in enumerate(operands)]

    def present(self, operands):
        """Return operands without those at the end that are absent."""
        count = len(operands)
        while 0 < count <= len(self.absent) and operands[count - 1] is None and self.optional[count - 1]:
            count -= 1
        return operands[:count]

    def array_of(self, i, x):
        """Return a list of numbers as an array."""
        name = i if self.listed or i >= len(self.absent) else repr(next(x for x, place in self.place_of.items() if place == i))
        if holds_variable(x):
            raise TypeError(f"{who(self.op)}: its operand {name} is a {type(x).__name__} that holds Variables: np.stack([...]) makes "
                            "one Variable of them, and dezero.numpy.array([...]), of nested lists too")
        try:
            return np.asarray(x)
        except ValueError as error:
            raise ValueError(f"{who(self.op)}: its operand {name} is a {type(x).__name__} that makes no array: {error}") from error

    # -- messages

    def called(self):
        """Return the op and how it is called."""
        return f"{who(self.op)} is called as {self.name or self.function}{self.shown}"

    @property
    def shown(self):
        """What the op takes, for a reader: with the defaults of a call, and by name what stands behind an argument that it lacks."""
        takes, skipped = [], False
        for name, p in self.signature.parameters.items():
            if name in self.place_of:
                optional = self.optional[self.place_of[name]] and p.kind is not Parameter.VAR_POSITIONAL
                default = (None if is_nothing(p.default) else p.default) if optional else Parameter.empty
            elif name in self.parameters:
                own = self.parameters[name].default
                default = p.default if own is Parameter.empty else self.differing.get(name, own)
            else:
                skipped = True
                continue
            by_name = skipped and p.kind is Parameter.POSITIONAL_OR_KEYWORD
            takes.append(p.replace(default=default, kind=Parameter.KEYWORD_ONLY if by_name else p.kind))
        return arranged(takes)

    def refuse(self, reason):
        """Refuse a call that does not fit."""
        raise TypeError(f"{self.called()}: {reason}")

def arranged(parameters):
    """Return a signature of parameters in the order of their kinds; after one with a default, what has none is by keyword."""
    has_default, found = False, []
    for p in sorted(parameters, key=lambda p: p.kind):
        if has_default and p.default is Parameter.empty and p.kind is Parameter.POSITIONAL_OR_KEYWORD:
            p = p.replace(kind=Parameter.KEYWORD_ONLY)
        has_default = has_default or p.default is not Parameter.empty
        found.append(p)
    return Signature(sorted(found, key=lambda p: p.kind))


def renamed(told, same):
    """Return the parameters of a NumPy function under one name in all versions; the other is a keyword as well."""
    names = [p.name for p in told]
    found = []
    for p in told:
        if p.name in same and same[p.name] not in names:
            found.append(Parameter(p.name, Parameter.KEYWORD_ONLY, default=NoValue))
            p = p.replace(name=same[p.name])
        found.append(p)
    return found


def is_nothing(default):
    """Is there no default, or one that stands for nothing?"""
    return default is NoValue or default is Parameter.empty


def is_same(x, default):
    """Is a value the default?"""
    if type(x) is tuple and type(default) is tuple:
        return len(x) == len(default) and all(map(is_same, x, default))
    return x is default or type(x) is type(default) and type(x) in (bool, int, float, str) and x == default


def is_neutral(name, x, default):
    """Does an argument ask for nothing but what NumPy does by default?"""
    return is_same(x, default) or isinstance(x, (bool, np.bool_)) and x == NEUTRAL.get(name)


def holds_variable(x):
    """Is a Variable in a list, at any depth?"""
    return isinstance(x, VariableBase) or isinstance(x, (list, tuple)) and any(map(holds_variable, x))


def refuse_argument(function, op, name, x):
    """Refuse an argument that NumPy's function has and the op has not."""
    if name == "out":
        refuse_out(function)
    got = describe(x) if isinstance(x, (np.ndarray, VariableBase)) else repr(x)
    remedy = REMEDIES.get(name, "leave it out, or use x.data where the result is meant to be constant")
    raise TypeError(f"{function}({name}=...) of a Variable is not supported: {op} got {name}={got}; {remedy}")


def refuse_out(name):
    """Refuse to write into an array of the caller's."""
    raise TypeError(f"{name}(out=...) with a Variable is not supported: an op's result is a new Variable, and no array can hold "
                    f"its graph; write y = {name}(...), and a = a + x in place of a += x, or use x.data for a constant")


# ---- what NumPy takes ------------------------------------------------------------------------------------------------

def numpy_signature(function):
    """Return a NumPy function's name, and its signature or None: as the table has it, else as the function itself tells."""
    name, entry = name_of(function)
    text = told(entry)
    if text is None and isinstance(function, str):
        function = loaded(function)
    if text is None and isinstance(function, np.ufunc):
        text = ufunc_text(function)
    if text is not None:
        return name, signature(eval(f"lambda {text[1:-1]}: None", {"NoValue": NoValue}))
    try:
        return name, signature(function)
    except (TypeError, ValueError):
        return name, None


def name_of(function):
    """Return how a NumPy function is called, and under what name it stands in the table."""
    name = function_name(function)
    return name, f"numpy.ufunc.{function[1]}" if isinstance(function, tuple) else name


def told(name):
    """Return the text of a signature in the table, of the NumPy of this process; None where it has none."""
    from .._signatures import SIGNATURES    # 0.2 ms that `import dezero` need not pay

    text, at = None, SIGNATURES.find(f" {name}(")
    while at >= 0:
        line = SIGNATURES[SIGNATURES.rindex("\n", 0, at) + 1:SIGNATURES.index("\n", at)]
        version, _, rest = line.partition(" ")
        if text is None or tuple(map(int, version.split("."))) <= VERSION:
            text = rest[len(name):]
        at = SIGNATURES.find(f" {name}(", at + 1)
    return text


def loaded(name):
    """Return the function of a dotted name, if its module has been imported."""
    module, _, attribute = name.rpartition(".")
    return getattr(sys.modules.get(module), attribute, None)


def ufunc_text(ufunc):
    """Return the text of the signature of a ufunc that is not NumPy's."""
    operands = "x" if ufunc.nin == 1 else ", ".join(f"x{i + 1}" for i in range(ufunc.nin))
    text = told("numpy.add" if ufunc.signature is None else "numpy.matmul").replace("x1, x2", operands)
    return text if ufunc.nout == 1 else text.replace("out=None", f"out=({', '.join(['None'] * ufunc.nout)})")


# ---- an op and its Arguments -----------------------------------------------------------------------------------------

def found(apply):
    """Return the Arguments of an op's `apply`, which tells, or what it is a method of; None of an author's own."""
    bound = getattr(apply, "arguments", None) or getattr(getattr(apply, "__self__", None), "arguments", None)
    return bound if isinstance(bound, Arguments) else None


def bound_for(apply, numpy, args, kwargs):
    """Return the arguments of a call of a NumPy function as those of an op's `apply`, which may be bound by another function.

    An author's own `apply` gets what the caller gave.
    """
    bound = found(apply)
    if bound is None:
        return args, kwargs
    if bound.numpy == numpy and not (kwargs and bound.named(kwargs)):
        for x in args[:len(bound.names)]:
            if isinstance(x, (list, tuple)):
                break
        else:
            return args, kwargs
    bound = bound.beside(numpy)
    operands, parameters = bound.place(args, kwargs, bound.defaults)
    if not bound.listed:
        operands = bound.as_arrays(operands)
    return bound.present(operands), parameters


def asked_for(kwargs, takes, numpy, op):
    """Return the keywords of a call without those that the op does not take, where NumPy's function has them and they ask for nothing."""
    name, told = numpy_signature(numpy)
    known = {} if told is None else told.parameters
    found = {}
    for key, x in kwargs.items():
        if key in takes or key not in known:
            found[key] = x
        elif not is_neutral(key, x, known[key].default):
            refuse_argument(name, op, key, x)
    return found
