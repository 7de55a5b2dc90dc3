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
    cls : type
        The `Function` subclass.
    apply : callable
        ``cls.apply``, or what calls it and shows the op's own signature: what ``F.name``, the method, operators and NumPy functions call.
    operators : tuple of str
    numpy : tuple of callable
    kernel : Kernel or None
    order : int, None or "checked"
        1: first order only. None: vouched for. "checked": the engine's guard decides.
    plugin, dist, version : str
        Who offers it; `dist` and `version` are "" for what this process registered itself.
    file, line : str, int
        Where its code begins; `line` gives the line of the class statement.
    direct : int
        With how many operands its loops may run without a call of `apply`; 0: never. Set by the engine.
    """

    def __init__(self, name, cls, operators, numpy, kernel, order, plugin, dist, version, file, line):
        self.name = name
        self.cls = cls
        self.apply = cls.apply
        self.operators = operators
        self.numpy = numpy
        self.kernel = kernel
        self.order = order
        self.plugin = plugin
        self.dist = dist
        self.version = version
        self.file = file
        self.line = line
        self.direct = 0

    @property
    def qualified(self):
        """Name and package for a message: ``'sinc2' (dezero-foo 1.0)``."""
        return f"{self.name!r} ({package(self)})"

    def __repr__(self):
        return f"<Entry {self.qualified}>"


class Constant:
    """A NumPy function that a plugin declares locally constant: answered on the data, or by `answer`."""

    def __init__(self, function, plugin, dist, version, file, line, answer=None):
        self.function = function
        self.answer = answer
        self.plugin = plugin
        self.dist = dist
        self.version = version
        self.file = file
        self.line = line


class Snapshot:
    """Everything that is registered at one moment; never changed.

    Attributes
    ----------
    names : mapping of str to Entry
    operators : mapping of str to Entry
    functions : mapping of callable to Entry
    constants : frozenset of callable
    answers : mapping of callable to callable
        What is called in place of a constant function, where it is not answered on the data.
    ops : tuple of Entry
        All that hold something; one that lost its name to another is not in `names`.
    """

    def __init__(self, names, operators, functions, constants, answers=()):
        self.names = MappingProxyType(names)
        self.operators = MappingProxyType(operators)
        self.functions = MappingProxyType(functions)
        self.constants = frozenset(constants)
        self.answers = MappingProxyType(dict(answers))
        self.ops = tuple(dict.fromkeys([*names.values(), *operators.values(), *functions.values()]))

    def holds(self, offer):
        """The claims of an offer that are its own here, as `claims` gives them."""
        tables = {"name": self.names, "operator": self.operators, "numpy": self.functions}
        return [(kind, key) for kind, key in claims(offer)
                if (key in self.constants if isinstance(offer, Constant) else tables[kind].get(key) is offer)]


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
    failed : callable or None
        ``failed(what)`` gives the text of `explain`.
    """

    def __init__(self):
        self.lock = RLock()
        self.snapshot = Snapshot({}, {}, {}, ())
        self.miss = None
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

    def find_name(self, name):
        """The op of this name, or None. Names with ``_`` in front are never looked for."""
        snapshot = self.snapshot
        op = snapshot.names.get(name)
        if op is None and not name.startswith("_") and self._renewed(snapshot):
            op = self.snapshot.names.get(name)
        return op

    def find_operator(self, operator):
        """The op that claims an operator (``"__matmul__"``), or None."""
        snapshot = self.snapshot
        op = snapshot.operators.get(operator)
        if op is None and self._renewed(snapshot):
            op = self.snapshot.operators.get(operator)
        return op

    def find_function(self, function):
        """The op that claims a NumPy function, or None."""
        snapshot = self.snapshot
        op = snapshot.functions.get(function)
        if op is None and function not in snapshot.constants and self._renewed(snapshot):
            op = self.snapshot.functions.get(function)
        return op

    def is_constant(self, function):
        """Whether a plugin declared this NumPy function locally constant."""
        snapshot = self.snapshot
        found = function in snapshot.constants
        if not found and function not in snapshot.functions and self._renewed(snapshot):
            found = function in self.snapshot.constants
        return found

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
    offers = list(offers)
    new = set(map(id, new))
    ranks = {id(offer): rank(offer) if isinstance(offer, Entry) else 0 for offer in offers}
    taken = {}
    for offer in sorted(offers, key=lambda offer: -ranks[id(offer)]):  # stable
        free = [claim for claim in claims(offer) if claim not in taken]
        rivals = [(claim, taken[claim]) for claim in claims(offer) if claim in taken]
        if any(ranks[id(rival)] > ranks[id(offer)] or is_same(offer, rival) for _, rival in rivals):
            continue
        for claim, rival in rivals:
            if id(offer) in new or id(rival) in new:
                if contested is None or offer.plugin == rival.plugin:
                    newer, older = (offer, rival) if id(offer) in new else (rival, offer)
                    raise OpConflict(f"{conflict(newer, claim, older)}; {remedy([(newer, older)])}")
                contested.append((offer, claim, rival))
        if not rivals or offer.dist not in ("", HOST):
            taken.update(dict.fromkeys(free, offer))
    parts = {"name": {}, "operator": {}, "numpy": {}, "constant": {}}
    for offer in offers:  # once more: tables and messages follow the order of the offers
        for claim in claims(offer):
            if taken.get(claim) is offer:
                kind, key = claim if isinstance(offer, Entry) else ("constant", claim[1])
                parts[kind][key] = offer
    answers = {function: offer.answer for function, offer in parts["constant"].items() if offer.answer is not None}
    return Snapshot(parts["name"], parts["operator"], parts["numpy"], parts["constant"], answers)


def is_same(one, other):
    """Whether a later offer is the one that is there: constants agree, and one class is one op, whoever offers it.

    What this process registers may be a package's class after its module was reloaded.
    """
    if isinstance(one, Constant) or isinstance(other, Constant):
        return type(one) is type(other)
    if one.plugin == other.plugin:
        return False
    return one.cls is other.cls or one.dist != "" == other.dist and is_again(one.cls, other.cls)


def is_again(cls, other):
    """Whether two classes are the same statement: a cell or a module that ran again."""
    return (cls.__module__, cls.__qualname__) == (other.__module__, other.__qualname__)


def claims(offer):
    """What an offer claims: ``("name", "sinc")``, ``("operator", "__matmul__")``, ``("numpy", np.sinc)``."""
    if isinstance(offer, Constant):
        return [("numpy", offer.function)]
    return [("name", offer.name),
            *(("operator", operator) for operator in offer.operators),
            *(("numpy", function) for function in offer.numpy)]


def conflict(new, claim, old):
    """One claim and both sides of it, for a message."""
    kind, key = claim
    shown = function_name(key) if kind == "numpy" else repr(key)
    kinds = {"name": "the name", "operator": "the operator", "numpy": "the NumPy function"}
    return f"{_side(new)} claims {kinds[kind]} {shown}, which is taken by {_side(old)}"


def remedy(pairs):
    """How the caller decides for the new ones of ``(new, old)``."""
    constants = [old.name for new, old in pairs if not isinstance(new, Entry)]
    choices = list(dict.fromkeys((new.dist or new.plugin, new.name) for new, old in pairs if isinstance(new, Entry)))
    texts = []
    if choices:
        texts.append("to let it override the other, call " + " or ".join(f"dezero.plugins.prefer{choice}" for choice in choices)
                     + " or set DEZERO_PREFER=" + ",".join(map(":".join, choices)))
    if constants:
        texts.append(f"it can be constant only where {constants[0]!r} is unregistered or does not claim it")
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
    if isinstance(offer, Constant):
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
    for house in ("numpy", "numpy.linalg", "scipy.special"):
        if name in getattr(sys.modules.get(house), "__dict__", ()):         # hasattr would import, and warn of what is deprecated
            return house.partition(".")[0]
    return "scipy" if name == "special" else None


registry = Registry()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=registry._after_fork)
