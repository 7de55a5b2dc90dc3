"""What ops exist: by name, by operator, by NumPy function.

Readers look into an immutable `Snapshot`, without a lock. Whoever changes
something settles a new one from all that is offered and publishes it. A lookup
that finds nothing calls `Registry.miss` once, which loads installed packages.
"""

from _thread import RLock  # threading.RLock; threading itself costs 0.6 ms of import
import os
import re
import sys
from types import MappingProxyType

from dezero._kernels.nodes import OpBase
from dezero.errors import OpConflict

SYMBOLS = {
    "__add__": "+", "__sub__": "-", "__mul__": "*", "__truediv__": "/", "__floordiv__": "//", "__mod__": "%",
    "__divmod__": "divmod", "__pow__": "**", "__matmul__": "@", "__and__": "&", "__or__": "|", "__xor__": "^",
    "__lshift__": "<<", "__rshift__": ">>", "__neg__": "-x", "__pos__": "+x", "__abs__": "abs", "__invert__": "~x",
    "__getitem__": "x[i]",
}
"""What an op may claim, and how it is written; reflected and augmented forms follow by themselves."""

OPERATORS = tuple(SYMBOLS)

OFFICIAL = {"numpy": "dezero-numpy", "scipy": "dezero-scipy"}
"""Whose functions which official package answers."""

HOST = "dezero"
"""The distribution whose ops are built in."""


class Entry(OpBase):
    """An op as the registry holds it: what a plugin offers.

    Attributes
    ----------
    name : str
        Dotted where it is below a namespace: ``F.linalg.solve``.
    cls : type or None
        The `Function` subclass; None for a composite, and for what is not imported yet.
    apply : callable or None
        ``cls.apply``, or what calls it and shows the op's own signature: what ``F.name``, the method, operators and NumPy
        functions call.
    operators : tuple of str
    numpy : tuple
        NumPy functions; ``(ufunc, "reduce")`` for a ufunc's method; a dotted text while its module is not imported.
    kernel : Kernel or None
    order : int, None or "checked"
        1: first order only. None: vouched for. "checked": the engine's guard decides.
    plugin, dist, version : str
        Who offers it; `dist` and `version` are "" for what this process registered itself.
    file, line : str, int
        Where its code begins; `line` gives the line of the class statement.
    method : True, str, callable or None
        What is ``x.name``: the op; the op under another name; something else; nothing. `called` is what a method calls.
    attribute : str or None
        ``x.T`` is ``apply(x)``.
    module : str or None
        Of a lazy claim: what is imported at its first use, and has the op itself.
    partial : bool
        Of a lazy claim: this NumPy is older than its table and lacks one of the functions, so that `module` may lack the op.
    lost : tuple
        The functions that a dotted text of `numpy` named and another offer had.
    direct : int
        With how many operands its loops may run without a call of `apply`; 0: never. Set by the engine.
    """

    def __init__(self, name, cls, operators, numpy, kernel, order, plugin, dist, version, file, line, *,
                 apply=None, method=True, attribute=None, module=None, partial=False, made=None):
        self.name = name
        self.cls = cls
        self.apply = cls.apply if apply is None and cls is not None else apply
        self.made = made or cls or apply
        self.operators = operators
        self.numpy = numpy
        self.kernel = kernel
        self.order = order
        self.plugin = plugin
        self.dist = dist
        self.version = version
        self.file = file
        self.line = line
        self.method = method
        self.called = method if callable(method) else self.apply
        self.attribute = attribute
        self.module = module
        self.partial = partial
        self.lost = ()
        self.direct = 0

    @property
    def qualified(self):
        """Name and package for a message: ``'sinc2' (dezero-foo 1.0)``."""
        return f"{self.name!r} ({package(self)})"

    @property
    def method_name(self):
        """The name of its method, or None; what stands below a namespace is none by itself."""
        if isinstance(self.method, str):
            return self.method
        return None if self.method is None or "." in self.name else self.name

    def __repr__(self):
        return f"<Entry {self.qualified}>"


class Constant:
    """A NumPy function that a plugin declares locally constant: answered on the data, or by `answer`.

    `numpy` holds that function, `module` and `lost` are as of an `Entry`.
    """

    def __init__(self, function, plugin, dist, version, file, line, answer=None, module=None):
        self.numpy = (function,)
        self.answer = answer
        self.plugin = plugin
        self.dist = dist
        self.version = version
        self.file = file
        self.line = line
        self.module = module
        self.lost = ()


class Snapshot:
    """Everything that is registered at one moment; never changed.

    Attributes
    ----------
    names : mapping of str to Entry
    operators : mapping of str to Entry
    functions : mapping of callable to Entry
        Also of ``(ufunc, method)``, and of the dotted text of what is not imported; a `Constant` only where it is lazy.
    attributes : mapping of str to Entry
        Methods and attributes: what stands after ``x.``.
    constants : frozenset of callable
    answers : mapping of callable to callable
        What is called in place of a constant function, where it is not answered on the data.
    namespaces : frozenset of str
        What stands before a dot in the names.
    pending : tuple of str
        The dotted claims that are not settled.
    ops : tuple of Entry
        All that hold something; one that lost its name to another is not in `names`.
    """

    def __init__(self, names, operators, functions, constants, answers=(), attributes=()):
        self.names = MappingProxyType(names)
        self.operators = MappingProxyType(operators)
        self.functions = MappingProxyType(functions)
        self.attributes = MappingProxyType(dict(attributes))
        self.constants = frozenset(constants)
        self.answers = MappingProxyType(dict(answers))
        self.namespaces = frozenset([house for name in names for house in houses(name)])
        self.pending = tuple([key for key in (*functions, *constants) if isinstance(key, str)])
        held = dict.fromkeys([*names.values(), *self.attributes.values(), *operators.values(), *functions.values()])
        self.ops = tuple([offer for offer in held if isinstance(offer, Entry)])

    def holds(self, offer):
        """The claims of an offer that are its own here, as `claims` gives them."""
        tables = {"name": self.names, "attribute": self.attributes, "operator": self.operators, "numpy": self.functions}
        return [(kind, key) for kind, key in claims(offer)
                if tables[kind].get(key) is offer or isinstance(offer, Constant) and key in self.constants]


class Registry:
    """The current snapshot, who wants to know of changes, and whom to ask on a miss.

    Attributes
    ----------
    snapshot : Snapshot
        Replaced whole, so that one attribute load is a consistent view.
    lock : RLock
        Held by writers; made anew in a forked child, where its holder may not exist.
    miss : callable or None
        Called without arguments when a lookup fails; may publish a new snapshot.
    open : callable or None
        ``open(offer)`` imports the module of a lazy claim and publishes what it has in place of its claims.
    failed : callable or None
        ``failed(what)`` gives the text of `explain`.
    """

    def __init__(self):
        self.lock = RLock()
        self.snapshot = Snapshot({}, {}, {}, ())
        self.miss = None
        self.open = None
        self.failed = None
        self._subscribers = []

    def publish(self, snapshot):
        """Make `snapshot` the current one and tell the subscribers."""
        with self.lock:
            self.snapshot = snapshot
            for callback in self._subscribers:
                callback(snapshot)

    def subscribe(self, callback):
        """Call ``callback(snapshot)`` now and at every change."""
        with self.lock:
            self._subscribers.append(callback)
            callback(self.snapshot)

    def all_names(self):
        """The names of all ops, those of installed packages too, in order of registration."""
        self._renewed(self.snapshot)
        return list(self.snapshot.names)

    def all_attributes(self):
        """What ops put after ``x.``: methods and attributes."""
        self._renewed(self.snapshot)
        return list(self.snapshot.attributes)

    def find_name(self, name):
        """The op of this name, or None. Names with ``_`` in front are never looked for."""
        return self._found("names", name, not name.startswith("_") and name not in self.snapshot.namespaces)

    def find_attribute(self, name):
        """The op that ``x.name`` leads to, or None. Names with ``_`` in front are never looked for."""
        op = self.snapshot.attributes.get(name)
        if op is not None and op.module is None:        # 0.2 us sooner
            return op
        return self._found("attributes", name, not name.startswith("_"))

    def find_operator(self, operator):
        """The op that claims an operator (``"__matmul__"``), or None."""
        return self._found("operators", operator)

    def find_function(self, function):
        """The op that claims a NumPy function, or a ufunc's method ``(ufunc, "reduce")``, or None."""
        return self._found("functions", function, function not in self.snapshot.constants)

    def is_constant(self, function):
        """Whether a plugin declared this NumPy function locally constant."""
        return function in self.snapshot.constants or self.find_function(function) is None and function in self.snapshot.constants

    def explain(self, what):
        """What to append to an error about a missing op: the plugins that failed, or ""."""
        return "" if self.failed is None else self.failed(what)

    def advice(self, library=None):
        """What to append after that: what to install where it is "numpy" or "scipy" that has it, and where adding an op is told."""
        package = OFFICIAL.get(library)
        if package is None or any(op.dist == package for op in self.snapshot.names.values()):
            return "; an op can be added (dezero's README, \"Adding an op\")"
        return (f"; the package {package} answers what {library} has, and an op can be added (dezero's README, "
                "\"Install and run\" and \"Adding an op\")")

    def _found(self, table, key, ask=True):
        """What a table of the snapshot has for a key, its module imported; a miss is asked about where `ask` says so."""
        snapshot = self.snapshot
        op = getattr(snapshot, table).get(key)
        if op is None and ask and self._renewed(snapshot):
            op = getattr(self.snapshot, table).get(key)
        while op is not None and op.module is not None:
            self.open(op)
            op = getattr(self.snapshot, table).get(key)
        return op

    def _renewed(self, snapshot):
        # Not what miss() answers decides: another thread may have published
        # between the caller's look and this call.
        if self.miss is not None:
            self.miss()
        return self.snapshot is not snapshot

    def _after_fork(self):
        self.lock = RLock()


def settle(offers, rank, new=(), contested=None):
    """Put together what plugins offer.

    Parameters
    ----------
    offers : iterable of Entry or Constant
        The earlier one has what two claim.
    rank : callable
        ``rank(op)``: 0, or more for an op that the caller prefers; the highest wins.
    new : iterable of Entry or Constant
        Those of `offers` that are being registered.
    contested : list, optional
        Takes ``(offer, claim, rival)`` where one of `new` is a side and the
        caller has not decided. By default, and inside one plugin, that is an error.

    Returns
    -------
    Snapshot
        An op that loses against one of higher rank is left out. One of an installed
        package that is merely later loses what is contested, and keeps the rest.

    Raises
    ------
    OpConflict
        One of `new` and another claim the same, and the caller has not decided.
    """
    offers = [(offer, claims(offer)) for offer in offers]
    new = set(map(id, new))
    ranks = {id(offer): rank(offer) if isinstance(offer, Entry) else 0 for offer, _ in offers}
    taken = {}
    for offer, mine in sorted(offers, key=lambda one: -ranks[id(one[0])]):  # stable
        rivals = [(claim, rival) for claim in mine if (rival := rival_of(claim, taken)) is not None]
        if any([ranks[id(rival)] > ranks[id(offer)] or is_same(offer, rival) for _, rival in rivals]):
            continue
        for claim, rival in rivals:
            if claim[0] == "attribute" and (("name", claim[1]), rival) in rivals:
                continue  # a method goes with its name
            if id(offer) in new or id(rival) in new:
                if contested is None or offer.plugin == rival.plugin:
                    newer, older = (offer, rival) if id(offer) in new else (rival, offer)
                    raise OpConflict(f"{conflict(newer, claim, older)}; {remedy([(newer, older)])}")
                contested.append((offer, claim, rival))
        if rivals and offer.dist in ("", HOST):
            continue
        lost = [claim for claim, _ in rivals]
        for claim in mine:
            if claim not in lost:
                taken[claim] = offer
                for house in houses(claim[1]) if claim[0] == "name" else ():
                    taken.setdefault(("namespace", house), offer)
    parts = {"name": {}, "attribute": {}, "operator": {}, "numpy": {}, "constant": {}}
    for offer, mine in offers:  # once more: tables and messages follow the order of the offers
        is_constant = isinstance(offer, Constant) and offer.module is None
        for claim in mine:
            if taken.get(claim) is offer:
                parts["constant" if is_constant else claim[0]][claim[1]] = offer
    answers = {function: offer.answer for function, offer in parts["constant"].items() if offer.answer is not None}
    return Snapshot(parts["name"], parts["operator"], parts["numpy"], parts["constant"], answers, parts["attribute"])


def rival_of(claim, taken):
    """Who has a claim already, or None; ``F.linalg`` is an op or a namespace, not both."""
    if claim in taken or claim[0] != "name":
        return taken.get(claim)
    for house in houses(claim[1]):
        if ("name", house) in taken:
            return taken["name", house]
    return taken.get(("namespace", claim[1]))


def houses(name):
    """The namespaces that a dotted name stands in: ``["a", "a.b"]`` of ``"a.b.c"``."""
    if "." not in name:
        return ()
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def is_same(one, other):
    """Whether a later offer is the one that is there: one class is one op, and one line one constant, whoever offers it.

    What this process registers may be a package's class after its module was reloaded, or what a package claims lazily.
    """
    if type(one) is not type(other) or one.plugin == other.plugin:
        return False
    if isinstance(one, Constant):
        return place(one) == place(other) or one.module is not None or other.module is not None
    if one.module is not None or other.module is not None:
        return one.name == other.name and home(one) == home(other)
    return one.made is other.made or one.dist != "" == other.dist and is_again(one, other)


def is_again(op, other):
    """Whether two ops are the same statement: a cell or a module that ran again."""
    return home(op) == home(other) and _qualname(op) == _qualname(other)


def home(op):
    """The name of the module where an op is written."""
    return getattr(op.made, "__module__", None) if op.module is None else op.module


def _qualname(op):
    return getattr(op.made, "__qualname__", None)


def claims(offer):
    """What an offer claims: ``("name", "sinc")``, ``("attribute", "T")``, ``("operator", "__pos__")``, ``("numpy", np.sinc)``."""
    found = [("numpy", function) for function in offer.numpy]
    if isinstance(offer, Entry):
        found[:0] = [("name", offer.name),
                     *[("attribute", name) for name in (offer.method_name, offer.attribute) if name is not None],
                     *[("operator", operator) for operator in offer.operators]]
    return found


def conflict(new, claim, old):
    """One claim and both sides of it, for a message."""
    return f"{_side(new)} claims {claimed(claim)}, which is taken by {_side(old)}"


def claimed(claim):
    """A claim for a message: ``the NumPy function numpy.sinc``."""
    kind, key = claim
    kinds = {"name": "the name", "operator": "the operator", "numpy": "the NumPy function", "attribute": "the attribute"}
    shown = function_name(key) if kind == "numpy" else f"x.{key}" if kind == "attribute" else repr(key)
    return f"{kinds[kind]} {shown}"


def remedy(pairs):
    """How the caller decides for the new ones of ``(new, old)``."""
    constants = [old for new, old in pairs if not isinstance(new, Entry)]
    choices = list(dict.fromkeys((new.dist or new.plugin, new.name) for new, old in pairs if isinstance(new, Entry)))
    texts = []
    if choices:
        texts.append("to let it override the other, call " + " or ".join(f"dezero.plugins.prefer{choice}" for choice in choices)
                     + " or set DEZERO_PREFER=" + ",".join(map(":".join, choices)))
    if constants and isinstance(constants[0], Entry):
        texts.append(f"it can be constant only where {constants[0].name!r} is unregistered or does not claim it")
    elif constants:
        texts.append("once is enough: leave out one of them")
    return "; ".join(texts)


def _side(offer):
    if isinstance(offer, Entry):
        what = f"the built-in op {offer.name!r}" if offer.dist == HOST else f"op {offer.name!r}"
    else:
        what = "a constant"
    return f"{what} ({package(offer)}, {place(offer)})"


def package(offer):
    """Distribution and version of an offer, or the plugin of this process it comes from."""
    if offer.dist:
        return f"{offer.dist} {offer.version}".rstrip()
    return f"plugin {offer.plugin!r} of this process"


def place(offer):
    """``file:line`` of an offer, where its class statement is if the source can be read."""
    return f"{offer.file}:{line(offer)}"


def line(offer):
    """The line of the class statement of an op; looked up when asked, since it reads the file."""
    if isinstance(offer, Constant) or offer.cls is None or "op" in offer.cls.__dict__:
        return offer.line
    if "__firstlineno__" in offer.cls.__dict__:  # Python 3.13
        return offer.cls.__firstlineno__
    import linecache
    lines = linecache.getlines(offer.file)
    statement = re.compile(rf"\s*class\s+{re.escape(offer.cls.__name__)}\b")
    for number in range(min(offer.line or len(lines), len(lines)), 0, -1):
        if statement.match(lines[number - 1]):
            return number
    return offer.line


def function_name(function):
    """``numpy.linalg.norm``, ``scipy.special.expit``: how a NumPy or SciPy function is called by those who write it.

    ``numpy.add.reduce`` for ``(np.add, "reduce")``; a text is what it says.
    """
    if isinstance(function, str):
        return function
    if isinstance(function, tuple):
        return f"{function_name(function[0])}.{function[1]}"
    name = getattr(function, "__name__", None) or repr(function)
    module = getattr(function, "__module__", None)
    parts = module.split(".") if module else ()
    houses = [".".join(parts[:i + 1]) for i in range(len(parts))]
    for house in (*houses, "numpy", "scipy.special"):           # their ufuncs do not say where they live
        if getattr(sys.modules.get(house), str(name), None) is function:
            return f"{house}.{name}"
    return f"{module}.{name}" if module else str(name)


def library_of(name):
    """Whose a name is that follows ``F.`` or ``x.``: "numpy", "scipy" or None."""
    space, _, name = name.rpartition(".")
    if space == "special":
        return "scipy"
    for house in ("numpy", "numpy.linalg", "scipy.special"):
        if name in getattr(sys.modules.get(house), "__dict__", ()):         # hasattr would import, and warn of what is deprecated
            return house.partition(".")[0]
    return "scipy" if name == "special" else None


registry = Registry()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=registry._after_fork)
