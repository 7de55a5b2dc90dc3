"""From what a hook registers to a checked `Entry` or `Constant`.

Everything a class body can get wrong is found here, at the author's line, and
not at the first use of the op.
"""

from collections.abc import Mapping
from functools import cached_property, update_wrapper
from inspect import CO_VARARGS, CO_VARKEYWORDS, signature
import keyword
import sys
from types import FunctionType

import numpy as np

from dezero._kernels.nodes import Kernel
from dezero._words import near, shown
from dezero.engine.arguments import asked_for
from dezero.engine.dispatch import METHODS, is_claimable
from dezero.engine.function import Function, RuleFunction, function_of
from dezero.engine.op import Op
from dezero.engine.variable import Attribute, Variable
from dezero.errors import PluginError
from dezero.registry import OPERATORS, Constant, Entry, claimed, claims, function_name

# Attributes of Variable that an interpreted engine may keep in the instance.
RESERVED = frozenset(("data", "grad", "name", "creator", "generation"))
OPEN = Attribute("")            # of Variable, one that an op answers

PENDING = object()
"""What a dotted text names whose module is not imported."""

ROW = ("numpy", "operators", "method", "attribute", "constant", "function")
"""What a table of lazy claims says of an op, where there is any."""


class Register:
    """What a hook is given: call it with each op to add, a `Function` subclass or what `rule` made.

    Parameters
    ----------
    plugin, dist, version : str
        Stamped on every offer.
    """

    def __init__(self, plugin, dist, version):
        self._source = (plugin, dist, version)
        self._closed = False
        self.offers = []

    def __call__(self, op):
        """Offer an op; gives it back, so that it serves as a decorator."""
        self._open().append(op_of(op, *self._source))
        return op

    def function(self, f, numpy=(), name=None, *, operators=(), method=True, attribute=None):
        """Offer a composite: a Python function made of other ops, called with the arguments as given.

        Parameters
        ----------
        f : callable
        numpy : tuple
            The NumPy functions that it answers, as of an op.
        name : str, optional
            By default the function's own.
        operators, method, attribute
            As of an op.
        """
        self._open().append(composite_of(f, numpy, name, operators, method, attribute, *self._source))
        return f

    def constant(self, function, answer=None):
        """Declare a NumPy function locally constant: it is answered on the data or, where one is given, by `answer`.

        That is called as the function was, with the Variables.  The function may be named by a dotted text.
        """
        who = "register.constant()"
        if isinstance(function, tuple):
            raise PluginError(f"{who} wants the NumPy function itself, as in np.sinc, not {shown(function)}")
        if answer is not None and not callable(answer):
            raise PluginError(f"{who}: answer is a function that is called in place of {function_name(function)}, "
                              f"not {shown(answer)}")
        caller = sys._getframe(1)
        self._open().append(Constant(
            checked_function(function, who), *self._source, caller.f_code.co_filename, caller.f_lineno, answer))
        return function

    def lazy(self, module, claims):
        """Claim for the ops of a module that is imported at the first use of one of them.

        Parameters
        ----------
        module : str
            A module with a hook ``dezero_register_ops`` of its own, which is called then, and could as well be registered.
        claims : dict
            What each op claims, by its name, as text: ``{"linalg.solve": {"numpy": ["numpy.linalg.solve"]}}``, with "operators",
            "method", "attribute" and "function" (a composite) where there are any.  The key of a function that is locally constant
            is the function: ``{"numpy.nanargmax": {"constant": True}}``.  ``dezero claims MODULE... -o FILE`` writes it.
        """
        caller = sys._getframe(1)
        offers = lazy_of(module, claims, *self._source, caller.f_code.co_filename, caller.f_lineno)
        if any([offer.module == module for offer in self._open()]):
            raise PluginError(f"register.lazy(): {module!r} has a table already")
        self.offers += offers

    def close(self):
        """Take no more; gives what was offered."""
        self._closed = True
        return tuple(self.offers)

    def _open(self):
        if self._closed:
            raise PluginError(
                f"plugin {self._source[0]!r} called register() after its hook had returned; "
                "use dezero.plugins.register(Cls) outside of the hook")
        return self.offers


# -- ops


def op_of(op, plugin, dist, version):
    """Check a `Function` subclass, or what `rule` made, and describe it as an `Entry`.

    Raises
    ------
    PluginError
        It is no op, or its ``name``, ``operators``, ``numpy``, ``kernel``,
        ``order``, ``method`` or ``attribute`` is not what the contract allows.
    """
    if isinstance(op, type) and issubclass(op, RuleFunction) and op is not RuleFunction:
        op = op.op
    if isinstance(op, Op):
        entry = _entry(op.name, op.cls, f"@rule of {op.__qualname__}", (plugin, dist, version), place_of(op.rule), op.apply)
        entry.rule = op._rule
        return entry
    cls = op
    if not isinstance(cls, type) or not issubclass(cls, Function) or cls is Function:
        raise PluginError(f"register() takes a subclass of dezero.Function, or what dezero.rule made, not {shown(cls)}")
    body = cls.__dict__
    if "name" not in body:
        raise PluginError(f"class {cls.__name__} states no name in its own body; "
                          f'write e.g. name = "{cls.__name__.lower()}"')
    who = f"class {cls.__name__}"
    if cls.forward is Function.forward:
        raise PluginError(f"{who}: no forward(); it is the reference and always there")
    return _entry(body["name"], cls, who, (plugin, dist, version), _source_of(cls))


def _entry(name, cls, who, source, place, apply=None):
    """The `Entry` of a class, with what its body states."""
    body = cls.__dict__
    method = body.get("method", True)
    name, method, attribute = check_names(name, getattr(method, "__func__", method), body.get("attribute"), who)
    return Entry(
        name, cls,
        check_operators(body.get("operators", ()), who),
        _functions(body.get("numpy", ()), who, name),
        _kernel(body.get("kernel"), cls.forward, issubclass(cls, RuleFunction), who),
        _order(body.get("order", "checked"), who),
        *source, *place, apply=apply or function_of(name, cls), method=method, attribute=attribute)


def is_op(obj):
    """Whether `register` takes it for one op."""
    return isinstance(obj, Op) or isinstance(obj, type) and issubclass(obj, Function)


def composite_of(f, numpy, name, operators, method, attribute, plugin, dist, version):
    """Check a composite and describe it as an `Entry`."""
    if isinstance(f, type) or not callable(f) or is_op(f):
        remedy = "; register(op) takes an op" if is_op(f) else ""
        raise PluginError(f"register.function() takes a Python function that is made of other ops, not {shown(f)}{remedy}")
    if name is None:
        name = getattr(f, "__name__", None)
    who = f"register.function({getattr(f, '__name__', None) or shown(f)})"
    name, method, attribute = check_names(name, method, attribute, who)
    functions = _functions(numpy, who, name)
    if any([f is function for function in functions]):
        raise PluginError(f"{who}: it answers {function_name(f)} with itself; write a function that is made of other ops")
    return Entry(name, None, check_operators(operators, who), functions, None, "checked", plugin, dist, version, *place_of(f),
                 apply=Composite(f, name, functions) if isinstance(f, FunctionType) else f, made=f, method=method, attribute=attribute)


class Composite:
    """What calls a composite, without the arguments that ask for nothing, and says so where it calls itself without end."""

    def __init__(self, f, name, numpy):
        update_wrapper(self, f, updated=())
        self.name, self.numpy = name, numpy
        self.takes_any = not numpy or bool(f.__code__.co_flags & CO_VARKEYWORDS)

    def __call__(self, *args, **kwargs):
        if kwargs and not self.takes_any and not self.takes.issuperset(kwargs):
            kwargs = asked_for(kwargs, self.takes, self.numpy[0], f"the composite {self.name!r}")
        try:
            return self.__wrapped__(*args, **kwargs)
        except RecursionError as error:
            if self.is_called_by_itself():
                raise PluginError(f"the composite {self.name!r} ({self.__module__}.{self.__qualname__}) calls itself without end: what it "
                                  "calls on Variables is a NumPy function, operator or method that it answers itself; write it with "
                                  "other ops, or give that function x.data where the result is meant to be constant") from error
            raise

    @cached_property
    def takes(self):
        """The names that it can be given an argument by."""
        return frozenset(signature(self.__wrapped__).parameters)

    def is_called_by_itself(self):
        """Is a call of it among those that wait for this one?"""
        frame = sys._getframe(2)
        while frame is not None:
            if frame.f_code is Composite.__call__.__code__ and frame.f_locals["self"] is self:
                return True
            frame = frame.f_back
        return False

    def __get__(self, instance, owner):
        return self                             # never bound; pydoc shows the signature of what has a __get__

    def __reduce__(self):
        return Composite, (self.__wrapped__, self.name, self.numpy)

    def __repr__(self):
        return f"<composite {self.name!r}: {self.__module__}.{self.__qualname__}>"


# -- what an op states


def check_names(name, method, attribute, who):
    """The three names of an op: after ``F.``, and as a method and an attribute after ``x.``."""
    is_method = method is True and (not isinstance(name, str) or "." not in name) or callable(method)
    check_name(name, who, is_method)
    if method is not None and method is not True and not callable(method):
        if not isinstance(method, str):
            raise PluginError(f"{who}: method is True, another name, a function (x, *args, **kwargs) or None, not {shown(method)}")
        check_identifier(method, who, "the method")
        check_free(method, who, "the method")
    if callable(method) and "." in name:
        raise PluginError(f"{who}: a method has a name of its own where that of the op is dotted, {name!r}: method is such a name, "
                          f"not {shown(method)}; register what it calls with register.function(f, name=...)")
    if attribute is not None:
        if not isinstance(attribute, str):
            raise PluginError(f"{who}: attribute is a name such as 'T', for x.T, or None, not {shown(attribute)}")
        check_identifier(attribute, who, "the attribute")
        check_free(attribute, who, "the attribute")
        if attribute == (name if is_method else method):
            raise PluginError(f"{who}: x.{attribute} can't be both its attribute and its method; write method = None")
    return str(name), method, attribute


def check_name(name, who, is_method=True):
    """The name of an op: identifiers that can be written after ``F.`` and, of a method, after ``x.``; dots between them."""
    if not isinstance(name, str):
        raise PluginError(f"{who}: name is a str, not {shown(name)}")
    for part in name.split("."):
        check_identifier(part, who, "the name", name)
    if is_method:
        check_free(name, who, "the name")
    return str(name)


def check_identifier(part, who, what, name=None):
    """A name, or one part of a dotted `name`."""
    if not part.isidentifier() or not part.isascii() and _normal(part) != part:
        reason = "is not an identifier"
    elif keyword.iskeyword(part):
        reason = "is a keyword of Python"
    elif part.startswith("_"):
        reason = "begins with '_'"
    else:
        return
    if name not in (None, part):
        reason = f"has a part, {shown(part)}, that {reason}"
    raise PluginError(f"{who}: {what} {shown(part if name is None else name)} {reason}; choose another")


def check_free(name, who, what):
    """A name after ``x.``: nothing that Variable has already."""
    if name in RESERVED or not isinstance(getattr(Variable, name, OPEN), Attribute):
        remedy = ", or method = None for F.name alone" if what == "the name" else ""
        raise PluginError(f"{who}: {what} {shown(name)} is an attribute that Variable has already; choose another{remedy}")


def check_operators(operators, who):
    if not isinstance(operators, (tuple, list)):
        raise PluginError(f"{who}: operators is a tuple such as ('__matmul__',), not {shown(operators)}")
    for operator in operators:
        if not isinstance(operator, str) or operator not in OPERATORS:
            hint = None
            if isinstance(operator, str) and "__" + operator[3:] in OPERATORS:
                hint = f"claim {'__' + operator[3:]!r}: reflected and augmented forms follow by themselves"
            raise PluginError(f"{who}: the operator {shown(operator)} cannot be claimed; "
                              f"{hint or 'these can: ' + ' '.join(OPERATORS)}")
    return tuple(dict.fromkeys(operators))


# -- NumPy functions, and what NumPy asks about


def _functions(functions, who, name):
    if not isinstance(functions, (tuple, list)):
        raise PluginError(f"{who}: numpy is a tuple of NumPy functions such as (np.sinc,), not {shown(functions)}")
    return tuple(dict.fromkeys([checked_function(function, f"{who}: numpy", name) for function in functions]))


def checked_function(function, who, name=None):
    """A NumPy function, ``(ufunc, "reduce")``, or a dotted text, which is the function itself where that is NumPy's.

    Raises
    ------
    PluginError
        It can't be claimed, since NumPy would never ask about it.
    """
    if isinstance(function, str) and is_dotted(function):
        found = look_up(function) if function.startswith("numpy.") else PENDING
        if found is PENDING:
            return function
        if found is None:
            raise PluginError(f"{who} claims {shown(function)}, which this NumPy ({np.__version__}) does not have")
        function = found
    if isinstance(function, tuple):
        if is_claimable(function):
            return function
        raise PluginError(f"{who}: a ufunc's method is claimed as (np.add, 'reduce'), a ufunc and one of {' '.join(METHODS)}, "
                          f"not {shown(function)}")
    if not callable(function) or isinstance(function, type):
        raise PluginError(f"{who} wants the NumPy function itself, as in np.sinc, not {shown(function)}")
    if not is_claimable(function):
        raise PluginError(f"{who} claims {function_name(function)}, and {never(name)}")
    return function


def never(name=None):
    """Why a claim can't fire, and what to do instead."""
    remedy = "leave it out" if name is None else f"leave it out, and have callers write F.{name}"
    return ("NumPy never asks about it: only ufuncs (numpy.exp, scipy.special.erf) and the functions that NumPy dispatches "
            f"(numpy.stack, numpy.linalg.solve) can be claimed; {remedy}")


def is_dotted(text):
    """Whether a text names something in a module."""
    parts = text.split(".")
    return len(parts) > 1 and all([part.isidentifier() for part in parts])


def look_up(text):
    """What a dotted text names: a function or ``(ufunc, "reduce")``, None, or PENDING where no module of it is imported."""
    parts = text.split(".")
    for i in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:i]))
        if module is not None:
            break
    else:
        return PENDING
    if getattr(getattr(module, "__spec__", None), "_initializing", False):
        return PENDING
    found, rest = getattr(module, "__dict__", {}).get(parts[i]), parts[i + 1:]
    if not rest:
        return found
    if isinstance(found, np.ufunc):
        return (found, rest[0]) if len(rest) == 1 and rest[0] in METHODS else None
    return PENDING if found is None else None       # it may be a module that is not imported


def settle_texts(offer):
    """Put in place of an offer's dotted claims what they name, where it is imported; gives those that can't fire, and why."""
    dropped, functions = [], []
    for function in offer.numpy:
        found = look_up(function) if isinstance(function, str) else function
        if found is PENDING:
            functions.append(function)
        elif found is None:
            dropped.append((function, "there is no such function"))
        elif not is_claimable(found):
            dropped.append((function, never(getattr(offer, "name", None))))
        else:
            functions.append(found)
    offer.numpy = tuple(dict.fromkeys(functions))
    return dropped


# -- tables of lazy claims


def lazy_of(module, table, plugin, dist, version, file, line):
    """Check a table of lazy claims and describe what it has as offers."""
    if not isinstance(module, str) or not all([part.isidentifier() for part in module.split(".")]):
        raise PluginError(f"register.lazy() takes the name of a module, such as 'my_package.linalg', not {shown(module)}")
    if not isinstance(table, Mapping):
        raise PluginError(f"register.lazy({module!r}): the table is a dict of names, "
                          f"{{'linalg.solve': {{'numpy': ['numpy.linalg.solve']}}}}, not {shown(table)}")
    source = (plugin, dist, version, file, line)
    offers = [_lazy_offer(name, row, f"register.lazy({module!r}): {shown(name)}", module, source) for name, row in table.items()]
    return [offer for offer in offers if offer is not None]


def _lazy_offer(name, row, who, module, source):
    if not isinstance(row, Mapping):
        raise PluginError(f"{who}: what it claims is a dict such as {{'numpy': ['numpy.linalg.solve']}}, not {shown(row)}")
    for key in row:
        if key not in ROW:
            raise PluginError(f"{who}: {shown(key)} is none of {', '.join(ROW)}{near(str(key), ROW)}")
    for key in ("constant", "function"):
        if row.get(key, True) is not True:
            raise PluginError(f"{who}: {key} is True, or left out, not {shown(row[key])}")
    if "constant" in row:
        if len(row) > 1:
            raise PluginError(f"{who}: a constant has its function for a key, and claims nothing else, not {shown(sorted(row))}")
        functions = _texts([name], who)
        return Constant(*functions, *source, module=module) if functions else None
    method = row.get("method", True)
    if isinstance(method, str) and "." in method:
        method = True                           # a function of the module, under the op's own name
    elif callable(method):
        raise PluginError(f"{who}: a function for a method is named as text, 'my_package.linalg.solve_method', not {shown(method)}")
    name, method, attribute = check_names(name, method, row.get("attribute"), who)
    operators, functions = check_operators(row.get("operators", ()), who), row.get("numpy", ())
    found = _texts(functions, who)
    return Entry(name, None, operators, found, None, "checked", *source,
                 method=method, attribute=attribute, module=module, partial=len(found) < len(functions))


def _texts(functions, who):
    """NumPy functions by dotted text; those of a newer NumPy than this are left out."""
    if not isinstance(functions, (tuple, list)):
        raise PluginError(f"{who}: numpy is a list of dotted names such as 'numpy.linalg.solve', not {shown(functions)}")
    found = []
    for text in functions:
        if not isinstance(text, str) or not is_dotted(text):
            raise PluginError(f"{who}: numpy wants dotted names such as 'numpy.linalg.solve', not {shown(text)}")
        if look_up(text) is not None or not text.startswith("numpy."):
            found.append(checked_function(text, f"{who}: numpy"))
    return tuple(found)


def disagreement(table, offers):
    """What a table of lazy claims says, and what the module has: the first difference, or ""."""
    listed, there = {_key(offer): offer for offer in table}, {_key(offer): offer for offer in offers}
    for key, offer in listed.items():
        if key not in there and not (isinstance(offer, Entry) and offer.partial):
            return f"the table has {_keyed(key)}, which the module does not register"
    for key, offer in there.items():
        if key not in listed:
            return f"the module registers {_keyed(key)}, which the table does not have"
        said, real = claims(listed[key]), claims(offer)
        differ = [("the table says that it", claim, "the module does not") for claim in said if claim not in real]
        differ += [("the module says that it", claim, "the table does not") for claim in real if claim not in said]
        if differ:
            return f"{_keyed(key)}: {differ[0][0]} claims {claimed(differ[0][1])}, {differ[0][2]}"
    return ""


def _key(offer):
    return ("op", offer.name) if isinstance(offer, Entry) else ("constant", *offer.numpy)


def _keyed(key):
    return f"op {key[1]!r}" if key[0] == "op" else "the constant " + " ".join(map(function_name, key[1:]))


def row_of(offer):
    """``(name, row)``: what a table says of an op or a constant."""
    functions = [named(function, offer) for function in offer.numpy]
    if isinstance(offer, Constant):
        return functions[0], {"constant": True}
    method = offer.method
    if callable(method):
        method = f"{method.__module__}.{method.__qualname__}"
    row = {"numpy": functions, "operators": list(offer.operators), "method": method, "attribute": offer.attribute,
           "function": offer.cls is None}
    usual = {"numpy": [], "operators": [], "method": True, "attribute": None, "function": False}
    return offer.name, {key: value for key, value in row.items() if value != usual[key] or type(value) is not type(usual[key])}


def named(function, offer):
    """A NumPy function as a dotted text that names it."""
    text = function_name(function)
    if text is not function and look_up(text) != function:
        raise PluginError(f"op {getattr(offer, 'name', text)!r} claims {text}, which no dotted name leads to; "
                          "claim it without a table")
    return text


def _kernel(kernel, forward, is_rule, who):
    if kernel is None:
        return None
    if not isinstance(kernel, Kernel):
        raise PluginError(f"{who}: kernel is a dezero.Kernel(forward=..., backward=...) or None, "
                          f"not {shown(kernel)}")
    if kernel.backward is ... and is_rule:
        return kernel
    if kernel.backward is ...:
        raise PluginError(f"{who}: its kernel has no backward: that of a rule is made of the rule, a class needs "
                          "dezero.Kernel(forward=..., backward=...)")
    least, most = _operands(forward)
    if not least <= kernel.nin <= most:
        takes = f"{least}" if least == most else f"{least} to {most}"
        raise PluginError(f"{who}: its kernel takes {kernel.nin} operand{'s' * (kernel.nin != 1)}, forward takes {takes}; "
                          "backward of the kernel is a tuple with one loop for each operand")
    return kernel


def _operands(forward):
    """The fewest and the most operands that `forward` takes; a compiled one may not say."""
    code = getattr(forward, "__code__", None)
    if code is None:
        return 0, sys.maxsize
    most = code.co_argcount - 1
    least = most - len(forward.__defaults__ or ())
    return (least, sys.maxsize) if code.co_flags & CO_VARARGS else (least, most)


def _order(order, who):
    if order is None or order == "checked" or type(order) is int and order == 1:
        return order
    raise PluginError(f"{who}: order is 1 (first order only) or None (the rule is vouched for), "
                      f"not {shown(order)}; leave it out to let dezero check")


def _source_of(cls):
    """File and line where the code of a class begins; ("<unknown>", 0) if nothing tells."""
    file, line = None, 0
    for member in cls.__dict__.values():
        code = getattr(getattr(member, "__func__", member), "__code__", None)
        if code is not None and getattr(member, "__module__", None) == cls.__module__:
            file = file or code.co_filename
            line = line or code.co_firstlineno
    file = file or getattr(sys.modules.get(cls.__module__), "__file__", None)
    return file or "<unknown>", line


def place_of(f):
    """File and line where a Python function begins; ("<unknown>", 0) if nothing tells."""
    code = getattr(f, "__code__", None)
    return ("<unknown>", 0) if code is None else (code.co_filename, code.co_firstlineno)


def _normal(name):
    import unicodedata
    return unicodedata.normalize("NFKC", name)
