"""Which arguments of a call are operands and which parameters: bound by the signature of the NumPy function that an op claims."""
import sys
from inspect import Parameter, Signature, signature

import numpy as np

from .._kernels.nodes import VariableBase
from .._signatures import SIGNATURES
from ..registry import function_name
from . import rules
from .checks import describe, who

NoValue = np._NoValue
VERSION = tuple(map(int, np.__version__.split(".")[:2]))

SAME = {"numpy.clip": {"min": "a_min", "max": "a_max"}, "numpy.reshape": {"newshape": "shape"}}
"""Other names of an argument, in NumPy or in one version of it."""

NEUTRAL = {"where": (True,), "keepdims": (False,), "subok": (False, True)}
"""What asks an op for nothing, also where it is not NumPy's default: a Variable holds an ndarray and no subclass."""

REMEDIES = {
    "where": "it takes all elements; select them first, x[mask], or multiply by the mask",
    "dtype": "its result has the dtype that NumPy gives it by default; convert the operands first",
}


class Arguments:
    """How the arguments of an op's calls are bound.

    Parameters
    ----------
    op : str or type
        The op, for messages, or its class, which is asked for its name then.
    operands : tuple of str
        Their names; "a_min?" may be absent, and "*xs" is any number of them.
    parameters : tuple of inspect.Parameter
        What the op takes beside its operands.
    numpy : callable, (ufunc, "reduce") or str, optional
        The NumPy function that the op claims.
    listed : bool
        The first argument is a list of operands.
    name : str, optional
        How the op is called, where it claims no NumPy function.

    Attributes
    ----------
    signature : inspect.Signature
        What a call may give.
    """

    def __init__(self, op, operands, parameters, numpy=None, listed=False, name=""):
        self.op, self.operands, self.numpy, self.listed, self.name = op, operands, numpy, listed, name
        self.parameters = {p.name: p for p in parameters}
        self.siblings = {}
        self.function, told = numpy_signature(numpy) if numpy is not None else ("", None)
        self.same = {old: new for old, new in SAME.get(self.function, {}).items() if old not in self.parameters}
        self.names = [self.same.get(x.strip("*?"), x.strip("*?")) for x in operands]
        self.optional = [x[-1] in "*?" or x[0] == "*" for x in operands]
        self.is_open = bool(operands) and operands[-1].startswith("*")
        if told is not None and self.is_open:
            told = with_any_number(told) if len(operands) == 1 else None
        if told is None:
            self.place_of = {x: i for i, x in enumerate(self.names)}
            self.signature = self.own_signature(list(parameters))
        else:
            told = renamed(told, self.same)
            self.place_of = self.match(told)
            self.signature = self.numpy_signature(told)

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
        """Return NumPy's signature, with what the op takes beyond it as keywords; what is there by place alone has a name as well."""
        known = {p.name for p in told}
        told = [p.replace(kind=Parameter.POSITIONAL_OR_KEYWORD) if p.kind is Parameter.POSITIONAL_ONLY else p for p in told
                if p.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL) or p.name in self.place_of]
        own = [p for name, p in self.parameters.items() if name not in known]
        return arranged(told + [p if p.kind is Parameter.VAR_KEYWORD else p.replace(kind=Parameter.KEYWORD_ONLY) for p in own])

    def match(self, told):
        """Return {name in NumPy's signature: place among the operands}: by name where it is none of the leading, else by place."""
        free = [p for p in told if p.name not in self.parameters and p.name not in self.same]
        by_name = [p.name for p in free]
        if all([x in by_name for x in self.names]):
            return {x: i for i, x in enumerate(self.names)}
        leading = [p.name for p in free if p.kind < Parameter.KEYWORD_ONLY][:len(self.names)]
        places = {}
        for i, x in enumerate(self.names):
            if x in by_name and x not in leading:
                places[x] = i
            elif i < len(leading):
                places[leading[i]] = i
        return places

    def beside(self, numpy):
        """Return the Arguments of the same op for another NumPy function that it claims."""
        if numpy not in self.siblings:
            operands, parameters = self.operands, tuple(self.parameters.values())
            self.siblings[numpy] = Arguments(self.op, operands, parameters, numpy, self.listed, self.name)
        return self.siblings[numpy]

    # -- a call

    def bind(self, args, kwargs):
        """Return the operands of a call, and its parameters.

        Returns
        -------
        list
            None stands for an operand that is absent.  Lists of numbers are arrays now; a listed op's list is spread out.
        dict
            Those parameters that differ from the op's defaults, as they are now, whatever is written to them later.

        Raises
        ------
        TypeError
            An argument that the op, or NumPy's function, does not know, or one of NumPy's that the op does not support; a list with
            Variables in it.
        GradientError
            A Variable that wants a gradient is among the parameters.
        """
        operands, parameters = self.place(args, kwargs)
        if self.listed:
            operands = [*self.items(operands[0]), *operands[1:]]
        for i, x in enumerate(operands):
            if isinstance(x, (list, tuple)):
                operands[i] = self.array_of(i, x)
        return operands, {name: rules.parameter(self.op, name, x) for name, x in parameters.items()
                          if name not in self.parameters or not is_same(x, self.parameters[name].default)}

    def place(self, args, kwargs):
        """Return operands and parameters as they were given, or as NumPy's defaults are."""
        try:
            given = self.merged(self.signature.bind(*args, **kwargs).arguments)
        except TypeError as error:
            self.refuse(args, kwargs, error)
        operands, parameters = [None] * (len(self.names) - self.is_open), {}
        for name, p in self.signature.parameters.items():
            x = given.get(name, p.default)
            i = self.place_of.get(name)
            if p.kind is Parameter.VAR_POSITIONAL:
                operands += given.get(name, ())
            elif p.kind is Parameter.VAR_KEYWORD:
                parameters.update(given.get(name, {}))
            elif i is not None:
                operands[i] = None if x is NoValue or x is Parameter.empty else x
            elif name in self.parameters:
                if x is not NoValue:
                    parameters[name] = x
            elif name in given and not is_neutral(name, x, p.default):
                self.refuse_argument(name, x)
        absent = [name for name, i in self.place_of.items() if not self.optional[i] and operands[i] is None and name not in given]
        absent += [name for name, p in self.parameters.items()
                   if p.default is Parameter.empty and p.kind is not Parameter.VAR_KEYWORD and name not in parameters]
        if absent:                          # NumPy can do without it, the op can not
            self.refuse(args, kwargs, TypeError(f"missing a required argument: {absent[0]!r}"))
        return operands, parameters

    def merged(self, given):
        """Return what was given under the one name of an argument that has several."""
        for old, new in self.same.items():
            x = given.pop(old, None)
            if x is not None and x is not NoValue:
                if given.get(new, NoValue) is not NoValue:
                    raise TypeError(f"{old!r} and {new!r} are the same argument")
                given[new] = x
        return given

    def items(self, listed):
        """Return the operands in the list that a listed op takes."""
        if isinstance(listed, (list, tuple)) or isinstance(listed, (np.ndarray, VariableBase)) and listed.ndim:
            return list(listed)
        raise TypeError(f"{self.called()}: it takes a list of operands, not {describe(listed)}")

    def array_of(self, i, x):
        """Return a list of numbers as an array."""
        name = i if self.listed or i >= len(self.names) - self.is_open else repr(self.names[i])
        if holds_variable(x):
            raise TypeError(f"{who(self.op)}: its operand {name} is a {type(x).__name__} that holds Variables: np.stack([...]) makes one "
                            "Variable of them")
        try:
            return np.asarray(x)
        except ValueError as error:
            raise ValueError(f"{who(self.op)}: its operand {name} is a {type(x).__name__} that makes no array: {error}") from error

    # -- messages

    def called(self):
        """Return the op and how it is called."""
        takes = [p for name, p in self.signature.parameters.items()
                 if name in self.place_of or name in self.parameters or name in self.same or p.kind is Parameter.VAR_KEYWORD]
        return f"{who(self.op)} is called as {self.name or self.function}{Signature(takes)}"

    def refuse(self, args, kwargs, error):
        """Raise what `inspect` says of a call that does not fit, with the op and how it is called."""
        kinds = [p.kind for p in self.signature.parameters.values()]
        unknown = [key for key in kwargs if key not in self.signature.parameters]
        most = kinds.count(Parameter.POSITIONAL_OR_KEYWORD) + kinds.count(Parameter.POSITIONAL_ONLY)
        reason = str(error)
        if unknown and Parameter.VAR_KEYWORD not in kinds:
            reason = f"it does not know {unknown[0]!r}"
        elif len(args) > most and Parameter.VAR_POSITIONAL not in kinds:
            reason = f"it takes {most} arguments by place, got {len(args)}"
        raise TypeError(f"{self.called()}: {reason}") from error

    def refuse_argument(self, name, x):
        """Refuse an argument that NumPy's function has and the op has not."""
        if name == "out":
            refuse_out(self.function)
        got = describe(x) if isinstance(x, (np.ndarray, VariableBase)) else repr(x)
        remedy = REMEDIES.get(name, "leave it out, or use x.data where the result is meant to be constant")
        raise TypeError(f"{self.function}({name}=...) of a Variable is not supported: {who(self.op)} got {name}={got}; {remedy}")


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
    names = list(told.parameters)
    found = []
    for p in told.parameters.values():
        if p.name in same and same[p.name] not in names:
            found.append(Parameter(p.name, Parameter.KEYWORD_ONLY, default=NoValue))
            p = p.replace(name=same[p.name])
        found.append(p)
    return found


def with_any_number(told):
    """Return a signature if it takes any number of arguments by place, else None."""
    return told if any([p.kind is Parameter.VAR_POSITIONAL for p in told.parameters.values()]) else None


def is_same(x, default):
    """Is a value the default?"""
    if type(x) is tuple and type(default) is tuple:
        return len(x) == len(default) and all(map(is_same, x, default))
    return x is default or type(x) is type(default) and type(x) in (bool, int, float, str) and x == default


def is_neutral(name, x, default):
    """Does an argument ask for nothing but what NumPy does by default?"""
    return is_same(x, default) or isinstance(x, (bool, np.bool_)) and x in NEUTRAL.get(name, ())


def holds_variable(x):
    """Is a Variable in a list, at any depth?"""
    return isinstance(x, VariableBase) or isinstance(x, (list, tuple)) and any(map(holds_variable, x))


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
    if isinstance(function, tuple):
        return f"{function_name(function[0])}.{function[1]}", f"numpy.ufunc.{function[1]}"
    name = function if isinstance(function, str) else function_name(function)
    return name, name


def told(name):
    """Return the text of a signature in the table, of the NumPy of this process; None where it has none."""
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
