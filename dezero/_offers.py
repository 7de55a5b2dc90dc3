"""From what a hook registers to a checked `Entry` or `Constant`.

Everything a class body can get wrong is found here, at the author's line, and
not at the first use of the op.
"""

import keyword
import sys

from dezero._kernels.nodes import Kernel
from dezero._words import shown
from dezero.engine.function import Function, function_of
from dezero.engine.variable import Variable
from dezero.errors import PluginError
from dezero.registry import OPERATORS, Constant, Entry

VARARGS = 0x04  # inspect.CO_VARARGS; inspect costs 6 ms of import

# Attributes of Variable that an interpreted engine may keep in the instance.
RESERVED = frozenset(("data", "grad", "name", "creator", "generation"))


class Register:
    """What a hook is given: call it with each `Function` subclass to add.

    Parameters
    ----------
    plugin, dist, version : str
        Stamped on every offer.
    """

    def __init__(self, plugin, dist, version):
        self._source = (plugin, dist, version)
        self._closed = False
        self.offers = []

    def __call__(self, cls):
        """Offer an op; gives the class back, so that it serves as a decorator."""
        self._open().append(op_of(cls, *self._source))
        return cls

    def constant(self, function, answer=None):
        """Declare a NumPy function locally constant: it is answered on the data or, where one is given, by `answer`.

        That is called as the function was, with the Variables.
        """
        _check_function(function, "register.constant()")
        caller = sys._getframe(1)
        self._open().append(Constant(
            function, *self._source, caller.f_code.co_filename, caller.f_lineno, answer))
        return function

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


def op_of(cls, plugin, dist, version):
    """Check a `Function` subclass and describe it as an `Entry`.

    Raises
    ------
    PluginError
        It is no op, or its ``name``, ``operators``, ``numpy``, ``kernel`` or
        ``order`` is not what the contract allows.
    """
    if not isinstance(cls, type) or not issubclass(cls, Function) or cls is Function:
        raise PluginError(f"register() takes a subclass of dezero.Function, not {shown(cls)}")
    body = cls.__dict__
    if "name" not in body:
        raise PluginError(f"class {cls.__name__} states no name in its own body; "
                          f'write e.g. name = "{cls.__name__.lower()}"')
    who = f"class {cls.__name__}"
    if cls.forward is Function.forward:
        raise PluginError(f"{who}: no forward(); it is the reference and always there")
    name = check_name(body["name"], who)
    op = Entry(
        name, cls,
        _operators(body.get("operators", ()), who),
        _functions(body.get("numpy", ()), who),
        _kernel(body.get("kernel"), cls.forward, who),
        _order(body.get("order", "checked"), who),
        plugin, dist, version, *_source_of(cls))
    op.apply = function_of(name, cls)
    return op


def check_name(name, who):
    """The name of an op: an identifier that can be written after ``F.`` and ``x.``."""
    if not isinstance(name, str):
        raise PluginError(f"{who}: name is a str, not {shown(name)}")
    if not name.isidentifier() or not name.isascii() and _normal(name) != name:
        reason = "is not an identifier"
    elif keyword.iskeyword(name):
        reason = "is a keyword of Python"
    elif name.startswith("_"):
        reason = "begins with '_'"
    elif name in RESERVED or hasattr(Variable, name):
        reason = "is an attribute that Variable has already"
    else:
        return str(name)
    raise PluginError(f"{who}: the name {shown(name)} {reason}; choose another")


def _operators(operators, who):
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


def _functions(functions, who):
    if not isinstance(functions, (tuple, list)):
        raise PluginError(f"{who}: numpy is a tuple of NumPy functions such as (np.sinc,), not {shown(functions)}")
    for function in functions:
        _check_function(function[0] if isinstance(function, tuple) and len(function) == 2 else function, f"{who}: numpy")
    return tuple(dict.fromkeys(functions))


def _check_function(function, who):
    if not callable(function) or isinstance(function, type):
        raise PluginError(f"{who} wants the NumPy function itself, as in np.sinc, not {shown(function)}")
    try:
        hash(function)
    except Exception:
        raise PluginError(f"{who} wants a NumPy function, not the unhashable {shown(function)}") from None


def _kernel(kernel, forward, who):
    if kernel is None:
        return None
    if not isinstance(kernel, Kernel):
        raise PluginError(f"{who}: kernel is a dezero.Kernel(forward=..., backward=...) or None, "
                          f"not {shown(kernel)}")
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
    return (least, sys.maxsize) if code.co_flags & VARARGS else (least, most)


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


def _normal(name):
    import unicodedata
    return unicodedata.normalize("NFKC", name)
