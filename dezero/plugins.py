"""The door for ops: built-in ones, those of installed packages, and your own.

All come through the same function, each plugin whole or not at all. What the
plugins offer is settled into one snapshot of the registry; pluggy finds and
checks the hooks, and is never asked while an op runs.
"""

from _thread import RLock, get_ident  # threading itself costs 0.6 ms of import
from collections import namedtuple
from contextlib import contextmanager
from importlib import import_module
import os
import re
import sys
from types import FunctionType, MethodType, ModuleType
import warnings

import pluggy

from dezero import hookspecs
from dezero._offers import PENDING, Register, disagreement, is_op, look_up, op_of, settle_texts
from dezero._version import __version__
from dezero._words import clean, items, near, normal, reason, safe, shown
from dezero.errors import OpConflict, PluginError, PluginWarning
from dezero.registry import HOST, Entry, claims, conflict, function_name, is_again, is_same, package, registry, remedy, settle

__all__ = ["failures", "isolated", "load", "prefer", "register", "status", "unregister"]

BUILTIN = (
    "dezero.ops.add",
    "dezero.ops.sub",
    "dezero.ops.mul",
    "dezero.ops.div",
    "dezero.ops.pow",
    "dezero.ops.neg",
    "dezero.ops.square",
    "dezero.ops.sum",
    "dezero.ops.broadcast_to",
    "dezero.ops.getitem",
    "dezero.ops.constants",
    "dezero.ops",
)

Failure = namedtuple("Failure", "distribution version entry reason exception")
Failure.__doc__ = "An installed plugin that was not loaded, and why."

Status = namedtuple("Status", "name kind status distribution version entry ops skipped reason")
Status.__doc__ = """One plugin: what it is and how it stands.

`kind` is "built-in", "installed" or "registered" (by this process), `status` is
"active", "disabled", "failed" or "not loaded". `ops` are the names of its ops in
use, `skipped` those that another op has; `reason` says what is not as it claims.
"""

failures = ()
"""The installed plugins that failed at the last load, and the modules of lazy claims that failed since, as a tuple of `Failure`.

The entry of the latter is the name of the module.
"""


class _Plugin:
    """What is known of one plugin.

    `obj` is what the user registered, `hooks` the object that pluggy knows.
    """

    def __init__(self, name, kind, obj, hooks, dist="", version="", entry=""):
        self.name = name
        self.kind = kind
        self.obj = obj
        self.hooks = hooks
        self.dist = dist
        self.version = version
        self.entry = entry
        self.offers = ()


HOOKABLE = FunctionType, MethodType, staticmethod, classmethod
"""What pluggy takes for a hook in a module."""


def _is_marked(member):
    """Whether what a module holds is a function under a hookimpl marker."""
    return isinstance(member, HOOKABLE) and hasattr(member, "dezero_impl")


class _Manager(pluggy.PluginManager):
    """pluggy's manager, with a misspelt or wrapping hook refused where it is found."""

    def parse_hookimpl_opts(self, plugin, name):
        if name.startswith("__") or type(plugin) is ModuleType and not _is_marked(vars(plugin).get(name)):
            return None  # all of a module but its hook; spares 2 ms of import
        options = super().parse_hookimpl_opts(plugin, name)
        if options is None:
            return None
        hook = options.get("specname") or name
        if not hasattr(hookspecs, hook) and not options.get("optionalhook"):
            raise PluginError(f"unknown hook {hook!r}{near(hook, ['dezero_register_ops'])}")
        if options.get("wrapper") or options.get("hookwrapper"):
            raise PluginError(f"the hook {hook!r} is a wrapper; dezero asks every plugin by itself, "
                              "so there is nothing to wrap: use a plain @hookimpl")
        return options


_manager = _Manager("dezero")
_manager.add_hookspecs(hookspecs)
_plugins = {}  # name -> _Plugin, in order of registration; changed under registry.lock
_preferences = []  # (distribution or plugin, op): what prefer() was told, the latest last
_environment_preferences = []
_loaded = False
_seen = None  # sys.path and its folders' times when installed packages were loaded, and what was installed then
_told = frozenset()  # the warnings of that load
_loading = 0  # the thread that is loading installed packages
_opening = set()  # (thread, module): of lazy claims, being imported
_orphans = False  # whether the process was forked while another thread did
_load_lock = RLock()  # one thread loads; never held together with registry.lock


# -- the public functions ----------------------------------------------------------


def register(obj, name=None):
    """Add ops to this process.

    Parameters
    ----------
    obj : type, Op, module or object
        A `Function` subclass or what `rule` made, or a module or class with
        the hook ``dezero_register_ops``.
    name : str, optional
        What to call the plugin, ``[A-Za-z0-9_.-]``, at most 64 characters. By
        default the op's name, or the module's or class's.

    A class statement or a rule that ran again, as in a cell of a notebook,
    replaces the op of its earlier run: one of the same module and qualified
    name, with a claim in common.

    Returns
    -------
    obj
        As given, so that ``@register`` decorates a class.

    Raises
    ------
    OpConflict
        A name, operator or NumPy function is taken, by what is loaded. What is
        registered before an installed package is loaded that claims the same
        is no error: it has what both claim. The package gets the rest, and one
        `PluginWarning` names both; see `prefer`.
    PluginError
        It is registered already, has no usable hook, or one of its ops is
        refused. Nothing of it stays.
    """
    if name is not None:
        _check_name(name)
    hooks, earlier = obj, None
    with registry.lock:
        if is_op(obj):
            hooks = ModuleType("dezero_plugin")
            hooks.dezero_register_ops = hookspecs.hookimpl(lambda register: register(obj))
            op = op_of(obj, "", "", "")
            default, earlier = op.name, _earlier_run(op)
        else:
            default = _default_name(obj)
        if name is None:
            name = _free_name(default) if earlier is None else earlier.name
        plugin = _Plugin(name, "registered", obj, hooks)
    try:
        notes = _admit(plugin, earlier=earlier)
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(f"plugin {plugin.name!r} not registered: {reason(error)}") from error
    _warn(notes)
    return obj


def unregister(name_or_obj):
    """Take a plugin off with all its ops; graphs that were made with them keep working.

    Parameters
    ----------
    name_or_obj : str or object
        The plugin's name (``dist:entry`` for an installed one, of which either
        part will do), or what was registered.

    Raises
    ------
    PluginError
        There is no such plugin, or several.
    """
    with registry.lock:
        plugin = _find(name_or_obj)
        _expel(plugin)


@contextmanager
def isolated():
    """Undo at the end of a ``with`` block what it registered, loaded, preferred or took off."""
    global failures, _loaded, _seen, _told
    with registry.lock:
        plugins, preferences = dict(_plugins), list(_preferences)
        kept = registry.snapshot, failures, _loaded, _seen, _told
    try:
        yield
    finally:
        with registry.lock:
            for name in [name for name in _plugins if _plugins[name] is not plugins.get(name)]:
                _forget(_plugins[name])
            for name in [name for name in plugins if name not in _plugins]:
                _manager.register(plugins[name].hooks, name)
            _plugins.clear()
            _plugins.update(plugins)
            _preferences[:] = preferences
            snapshot, failures, _loaded, _seen, _told = kept
            registry.publish(snapshot)


def load(reload=False):
    """Load the plugins of installed packages that have not been loaded.

    A lookup that finds nothing does the same, so that what is installed while
    the process runs is found. A plugin that fails is a `PluginWarning` and a
    record in `failures`; the others are loaded. It is tried again when something
    has been installed. What two packages claim, the first by name has, and one
    `PluginWarning` says so; see `prefer`.

    Parameters
    ----------
    reload : bool
        Look at all again: plugins that were removed go, hooks run again. Modules
        that are imported already stay as they are, since compiled ones can't be
        imported twice.

    Raises
    ------
    PluginError
        A plugin failed and ``DEZERO_STRICT_PLUGINS=1`` is set.
    """
    _load(reload=reload)


def prefer(dist, op):
    """Decide that the op of this distribution wins where another claims the same.

    The op that loses is skipped, built-in or not; the rest of its plugin stays.
    It holds for what is registered already and for what will be. What was said
    last counts, and more than ``DEZERO_PREFER``.

    Parameters
    ----------
    dist : str
        A distribution (compared as PEP 503 says), or the name of a plugin that
        this process registered.
    op : str
        The name of the op that is to win.
    """
    for text in (dist, op):
        if not isinstance(text, str):
            raise TypeError(f"prefer() takes two strings, a distribution and an op, not {text!r}")
    with registry.lock:
        choice = (normal(dist), op)
        _preferences[:] = [other for other in _preferences if other != choice] + [choice]
        registry.publish(_settled())


def status():
    """All plugins, active or not, as a tuple of `Status`; imports nothing."""
    from dezero import _discovery
    with registry.lock:
        rows = [_status_of(plugin) for plugin in _plugins.values()]
        loaded = set(_plugins)
    failed = {(failure.distribution, failure.entry): failure.reason for failure in failures}
    choice = _discovery.Choice(os.environ)
    for entry in _discovery.installed().entries:
        if entry.id in loaded and entry.error is None:
            continue
        why = choice.refusal(entry)
        how = "disabled" if why else "not loaded"
        if not why and (entry.distribution, entry.name) in failed:
            how, why = "failed", failed[entry.distribution, entry.name]
        rows.append(Status(entry.id, "installed", how, entry.distribution, entry.version,
                           entry.name, (), (), why))
    return tuple(rows)


# -- taking in and taking off ------------------------------------------------------


def load_builtins():
    """Register the built-in ops, through the same door as a stranger's."""
    _environment_preferences[:] = _read_preferences()[0]
    modules = {path: import_module(path) for path in BUILTIN if path not in _plugins}
    _admit(*[_Plugin(path, "built-in", module, module, HOST, __version__) for path, module in modules.items()])


def _admit(*plugins, earlier=None, contested=None):
    """Take in plugins, all of them and whole, or none.

    The hooks run without a lock: they may import, register, or look up ops.

    Parameters
    ----------
    earlier : _Plugin, optional
        One that goes when they have come.
    contested : list, optional
        See `settle`.

    Returns
    -------
    list of str
        What to warn of: dotted claims that can't fire.
    """
    for plugin in plugins:
        _check_api(plugin.obj)
    _settle_pending()
    before = registry.snapshot
    try:
        with registry.lock:
            if earlier is not None:
                _forget(earlier)
            for plugin in plugins:
                _refuse_twice(plugin)
            _plugins.update((plugin.name, plugin) for plugin in plugins)
        offers = {plugin: _offered(plugin) for plugin in plugins}
        with registry.lock:
            for plugin in plugins:
                if _plugins.get(plugin.name) is not plugin:
                    raise PluginError(f"plugin {plugin.name!r} was taken off while its hook ran")
                plugin.offers = offers[plugin]
            new = [offer for plugin in plugins for offer in plugin.offers]
            notes = _settle_texts(new)
            registry.publish(_settled(new, contested))
        return notes
    except BaseException as error:
        with registry.lock:
            for plugin in plugins:
                if _plugins.get(plugin.name) is plugin:
                    plugin.offers = ()
                    _forget(plugin)
            if earlier is not None and earlier.name not in _plugins:
                _plugins[earlier.name] = earlier
                if _manager.get_plugin(earlier.name) is None:
                    _manager.register(earlier.hooks, earlier.name)
            if registry.snapshot is not before:  # an interrupt came after all was done
                registry.publish(_settled())
        if isinstance(error, pluggy.PluginValidationError):
            raise PluginError(f"{error}; wanted: def dezero_register_ops(register)") from error
        raise


def _offered(plugin):
    """What one plugin registers."""
    with registry.lock:
        _manager.register(plugin.hooks, plugin.name)
    return _ask(plugin)


def _ask(plugin):
    """Call the hook of one plugin and give what it offers."""
    with registry.lock:
        found = _manager.get_hookcallers(plugin.hooks)
        hooks = [hook for hook in _manager.hook.dezero_register_ops.get_hookimpls()
                 if hook.plugin is plugin.hooks]
    if not found:
        from dezero import _discovery
        raise PluginError(_discovery.why_no_hook(plugin.hooks))
    register = Register(plugin.name, plugin.dist, plugin.version)
    for hook in hooks:
        answer = hook.function(*(register for _ in hook.argnames))
        if answer is not None and not register.offers:
            getattr(answer, "close", int)()  # a coroutine or generator that would never run
            raise PluginError("dezero_register_ops registered nothing and returned "
                              f"{type(answer).__name__}; it calls register(Cls) for every op")
    return register.close()


def _expel(plugin):
    _forget(plugin)
    registry.publish(_settled())


def _forget(plugin):
    _plugins.pop(plugin.name, None)
    if _manager.get_plugin(plugin.name) is not None:
        _manager.unregister(name=plugin.name)


def _earlier_run(op):
    """The plugin that this process registered when the statement of this op ran before, or None."""
    for plugin in _plugins.values():
        for earlier in plugin.offers if plugin.kind == "registered" and is_op(plugin.obj) else ():
            if earlier.cls is not op.cls and is_again(earlier, op) and any(claim in claims(op) for claim in claims(earlier)):
                return plugin
    return None


def _settled(new=(), contested=None):
    # Installed ones by name, whenever they came: what another process has, this one has.
    plugins = sorted(_plugins.values(), key=lambda p: (normal(p.dist), p.entry) if p.kind == "installed" else ("", ""))
    return settle([offer for plugin in plugins for offer in plugin.offers], _rank, new, contested)


def _rank(op):
    """How late the caller decided for this op; 0 if it did not."""
    decided = _environment_preferences + _preferences
    mine = (normal(op.dist or op.plugin), op.name) if decided else None
    return max((i for i, choice in enumerate(decided, 1) if choice == mine), default=0)


def _refuse_twice(plugin):
    for other in _plugins.values():
        if other.obj is plugin.obj:
            raise PluginError(f"{shown(plugin.obj)} is registered already, as plugin {other.name!r}")
    if plugin.name in _plugins:
        raise PluginError(f"the plugin name {plugin.name!r} is registered already; "
                          "give another, or unregister() that plugin first")


def _find(name_or_obj):
    plugins = list(_plugins.values())
    if not isinstance(name_or_obj, str):
        found = [plugin for plugin in plugins if plugin.obj is name_or_obj]
    else:
        found = [plugin for plugin in plugins if plugin.name == name_or_obj]
        found = found or [plugin for plugin in plugins if plugin.kind == "installed" and (
            plugin.entry == name_or_obj or normal(plugin.dist) == normal(name_or_obj))]
    if len(found) == 1:
        return found[0]
    if found:
        raise PluginError(f"{name_or_obj!r} is several plugins: "
                          + ", ".join(repr(plugin.name) for plugin in found))
    owners = [plugin.name for plugin in plugins for offer in plugin.offers
              if isinstance(offer, Entry) and (offer.name == name_or_obj or offer.made is not None and offer.made is name_or_obj)]
    hint = near(name_or_obj, _plugins) if isinstance(name_or_obj, str) else ""
    if owners:
        hint = f"; it is an op of plugin {owners[0]!r}, which can be taken off as a whole"
    raise PluginError(f"no plugin {shown(name_or_obj)} is registered{hint}")


def _check_api(obj):
    """Compare the API a plugin was written for with ours: same major, minor not newer."""
    module = obj if isinstance(obj, ModuleType) else sys.modules.get(
        getattr(obj if isinstance(obj, type) else type(obj), "__module__", None))
    wanted = getattr(module, "__dict__", {}).get("DEZERO_API")
    if isinstance(obj, type):
        wanted = obj.__dict__.get("DEZERO_API", wanted)
    if wanted is None:
        return
    if not (isinstance(wanted, tuple) and [type(part) for part in wanted] == [int, int]):
        raise PluginError(f"DEZERO_API is a pair such as {hookspecs.API}, not {shown(wanted)}")
    if wanted[0] != hookspecs.API[0] or wanted[1] > hookspecs.API[1]:
        remedy = "update dezero" if wanted > hookspecs.API else "update the plugin"
        raise PluginError(f"it needs DEZERO_API {wanted}, this dezero has {hookspecs.API}; {remedy}")


# -- installed packages --------------------------------------------------------------


def _miss():
    _settle_pending()
    if not _is_loaded():
        _load()


def _is_loaded():
    """Whether what is installed has been loaded, as far as the times of the folders on sys.path tell."""
    if not _loaded:
        return False
    from dezero import _discovery
    return _seen is None or _seen[0] == _discovery.path_times()


def _load(reload=False, strict=None):
    """Load what is installed; see `load`.

    Parameters
    ----------
    strict : bool, optional
        Raise at the first failure; by default as the environment says.
    """
    global _loading
    if _loading == get_ident():
        return  # a plugin that is being loaded looks for an op: it is not there yet
    if not _load_lock.acquire(False):
        # A thread inside an import may hold the import lock that the loading
        # thread waits for; it does not wait for ever.
        if not _load_lock.acquire(timeout=5 if _inside_import() else -1):
            return
    try:
        if _is_loaded() and not reload:
            return
        _loading = get_ident()
        notes = _load_installed(reload, _strict() if strict is None else strict)
    finally:
        _loading = 0
        _load_lock.release()
    _warn(notes)


def _load_installed(reload, strict):
    """Load the plugins of all distributions, one by one; give the texts to warn with."""
    global failures, _loaded, _seen, _told
    import importlib
    from dezero import _discovery
    late = _loaded and not reload
    if reload or late:
        importlib.invalidate_caches()
    choice = _discovery.Choice(os.environ)
    found = _discovery.installed() if not choice.nothing else _discovery.NOTHING
    if late and _seen is not None and found.folders == _seen[1]:
        _seen = (_discovery.path_times(), found.folders)
        return []
    preferences, notes = _read_preferences()
    with registry.lock:
        failures, _loaded = (), False
        _environment_preferences[:] = preferences
        if reload:
            for plugin in [plugin for plugin in _plugins.values() if plugin.kind == "installed"]:
                _forget(plugin)
        registry.publish(_settled())
    notes += [*choice.unknown(found.entries), *found.notes]
    contested, missing, complete = [], set(), True
    for entry in found.entries:
        if (entry.id in _plugins and entry.error is None) or choice.refusal(entry):
            continue
        try:
            notes += _load_entry(entry, None if strict else contested)
        except _discovery.Unfinished:
            complete = False
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, and whatever else a module may raise
            failure = Failure(entry.distribution, entry.version, entry.name, reason(error), error)
            failures += (failure,)
            notes.append(_discovery.not_loaded(entry, failure.reason))
            if isinstance(error, ModuleNotFoundError):
                missing.add(notes[-1])
            if strict:
                raise PluginError(notes[-1]) from error
    if contested:
        notes.append(_contested(contested))
    offered = {(normal(op.dist), op.name) for op in registry.snapshot.ops}
    notes += [f"DEZERO_PREFER names {shown(f'{dist}:{op}')}, which no plugin that was loaded offers"
              for dist, op in preferences if (dist, op) not in offered]
    _loaded = complete
    _seen = (_discovery.path_times(), found.folders)
    told, _told = _told if late else (), frozenset(notes)
    return [note + _EDITABLE if late and note in missing else note for note in notes if note not in told]


_EDITABLE = "; an editable install that came while this process runs is seen by the next one"


def _contested(contested, most=5):
    """One text for all that packages claim and others have."""
    few = contested[:most]
    more = f"; and {len(contested) - most} more (see `dezero plugins`)" if len(contested) > most else ""
    return (f"{'; '.join(conflict(*one) for one in few)}{more}; nothing else of these packages is skipped; "
            f"{remedy([(offer, rival) for offer, claim, rival in few])}")


def _load_entry(entry, contested):
    from dezero import _discovery
    module = sys.modules.get(entry.value.partition(":")[0].strip())
    if _orphans and getattr(getattr(module, "__spec__", None), "_initializing", False):
        raise PluginError("another thread was importing it when this process was forked")
    obj = _discovery.imported(entry)
    with registry.lock:
        if any(plugin.obj is obj and plugin.kind == "registered" for plugin in _plugins.values()):
            return []  # the process was faster
    return _admit(_Plugin(entry.id, "installed", obj, obj, entry.distribution, entry.version, entry.name), contested=contested)


# -- claims that are settled, or whose module is imported, when they are needed -------


def _settle_pending():
    """Settle the dotted claims of modules that are imported by now; one that can't fire, or is taken, is dropped with a warning."""
    if all([look_up(text) is PENDING for text in registry.snapshot.pending]):
        return
    with registry.lock:
        taken = {**registry.snapshot.functions, **dict.fromkeys(registry.snapshot.constants)}
        notes = _settle_texts([offer for plugin in _plugins.values() for offer in plugin.offers], taken)
        registry.publish(_settled())
    _warn(notes)


def _settle_texts(offers, taken=()):
    """Settle the dotted claims of offers; gives a text for each that can't fire, or is in `taken`, a table as of a snapshot."""
    notes = []
    for offer in offers:
        before = offer.numpy
        dropped = settle_texts(offer)
        for function in [function for function in offer.numpy if function in taken and function not in before]:
            rival = taken[function]
            if _rank_of(offer) <= _rank_of(rival):
                offer.numpy = tuple([other for other in offer.numpy if other != function])
                offer.lost += (function,)
                holder = f"op {rival.qualified}" if isinstance(rival, Entry) else "a constant"
                dropped.append((function_name(function), f"{holder} has it"))
        who = f"op {offer.qualified}" if isinstance(offer, Entry) else f"a constant of {package(offer)}"
        notes += [f"{who} claims {function}, which is dropped: {why}" for function, why in dropped]
    return notes


def _rank_of(offer):
    return _rank(offer) if isinstance(offer, Entry) else 0


def _open(offer):
    """Import the module of a lazy claim, and put what it registers in the place of its claims.

    Raises
    ------
    PluginError
        The module can't be imported, or disagrees with its table. It is recorded in `failures`, and tried again the next time.
    """
    global failures
    with registry.lock:
        plugin = _plugins.get(offer.plugin)
        if plugin is None or offer not in plugin.offers:  # another thread was faster, or `isolated` went back
            registry.publish(_settled())
            return
        table = [other for other in plugin.offers if other.module == offer.module]
    me = get_ident(), offer.module
    if me in _opening:
        raise PluginError(f"{offer.module} looks for its own ops while it is being imported; they are there when its hook has run")
    _opening.add(me)
    others = tuple([failure for failure in failures if failure[:3] != (offer.dist, offer.version, offer.module)])
    try:
        found, notes = _opened(offer, table)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit, and whatever else a module may raise
        failures = *others, Failure(offer.dist, offer.version, offer.module, reason(error), error)
        raise PluginError(f"{offer.module}, which {package(offer)} imports at the first use of one of its ops, failed: "
                          f"{reason(error)}") from error
    finally:
        _opening.discard(me)
    with registry.lock:
        failures = others
        if offer in plugin.offers:
            place = [other.module for other in plugin.offers].index(offer.module)
            rest = [other for other in plugin.offers if other.module != offer.module]
            plugin.offers = (*rest[:place], *found, *rest[place:])
        registry.publish(_settled())
    _warn(notes)


def _opened(offer, table):
    """What the module of a lazy claim registers, and what to warn of."""
    found = registered_by(offer.module, offer.plugin, offer.dist, offer.version)
    with registry.lock:
        notes = _settle_texts(table)
        _settle_texts(found)                    # of which the table's have told
        lost = {function for other in table for function in other.lost}
        for one in found:
            one.numpy = tuple([function for function in one.numpy if function not in lost])
    different = disagreement(table, found)
    if different:
        raise PluginError(f"{different}; write the table again, with `dezero claims`")
    return found, notes


def registered_by(name, plugin, dist, version):
    """What the hook of a module registers, which pluggy does not know of: the module of lazy claims."""
    module = import_module(name)
    hook = getattr(module, "dezero_register_ops", None)
    if not hasattr(hook, "dezero_impl"):
        from dezero import _discovery
        raise PluginError(_discovery.why_no_hook(module))
    register = Register(plugin, dist, version)
    hook(register)
    found = register.close()
    if any([offer.module is not None for offer in found]):
        raise PluginError(f"{name} claims lazily itself: its hook calls register.lazy()")
    return found


def open_all():
    """Import the modules of all lazy claims; gives the errors of those that failed."""
    lazy = {(offer.plugin, offer.module): offer for plugin in list(_plugins.values()) for offer in plugin.offers
            if offer.module is not None}
    errors = []
    for offer in lazy.values():
        try:
            _open(offer)
        except PluginError as error:
            errors.append(error)
    return errors


def _warn(notes):
    for note in notes:
        warnings.warn(note, PluginWarning, stacklevel=_outside())


def _status_of(plugin):
    ops = [offer for offer in plugin.offers if isinstance(offer, Entry)]
    names = registry.snapshot.names
    return Status(plugin.name, plugin.kind, "active", plugin.dist, plugin.version, plugin.entry,
                  tuple(op.name for op in ops if names.get(op.name) is op),
                  tuple(op.name for op in ops if names.get(op.name) is not op), "; ".join(_lost(plugin)))


def _lost(plugin):
    """A text for each claim that another plugin has."""
    owners = {claim: offer for other in _plugins.values() for offer in other.offers
              for claim in registry.snapshot.holds(offer)}
    rivals = [(offer, claim, owners[claim]) for offer in plugin.offers for claim in claims(offer)
              if owners.get(claim, offer) is not offer]
    return [conflict(offer, claim, rival) for offer, claim, rival in rivals
            if not is_same(offer, rival) and not (claim[0] == "attribute" and (offer, ("name", claim[1]), rival) in rivals)]


def _read_preferences():
    """``DEZERO_PREFER=dist:op,...`` as pairs, and what is wrong with it."""
    preferences, notes = [], []
    for item in items(os.environ.get("DEZERO_PREFER", "")):
        dist, colon, op = item.partition(":")
        if dist and op:
            preferences.append((normal(dist.strip()), op.strip()))
        else:
            notes.append(f"DEZERO_PREFER holds {shown(item)}; it is a list of distribution:op")
    return preferences, notes


def _explain(what):
    if not failures:
        return ""
    few = "; ".join(f"{shown(failure.entry)} ({clean(failure.distribution, 64)} "
                    f"{clean(failure.version, 64)}): {failure.reason}" for failure in failures[:3])
    more = f"; and {len(failures) - 3} more" if len(failures) > 3 else ""
    return f"; {shown(what)} may be in a plugin that failed to load: {few}{more} (see `dezero plugins`)"


def _strict():
    return os.environ.get("DEZERO_STRICT_PLUGINS", "") not in ("", "0")


def _inside_import():
    frame = sys._getframe(1)
    while frame is not None and "importlib._bootstrap" not in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None


def _outside():
    """The stack level of the code that called dezero, for a warning."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == HOST:
        frame, level = frame.f_back, level + 1
    return level


# -- names ----------------------------------------------------------------------------


def _check_name(name):
    if not isinstance(name, str) or not safe(name):
        raise PluginError(f"the plugin name {shown(name)} is not 1 to 64 of A-Z a-z 0-9 _ . -")


def _default_name(obj):
    if isinstance(obj, ModuleType):
        return obj.__name__
    cls = obj if isinstance(obj, type) else type(obj)
    return f"{cls.__module__}.{cls.__qualname__}"


def _free_name(wanted):
    """`wanted` with what a name can't hold replaced, and a number where it is taken."""
    wanted = re.sub(r"[^A-Za-z0-9_.-]+", "_", wanted)[-60:]
    name, number = wanted, 1
    while name in _plugins:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _after_fork():
    """In a child, the thread that was loading does not exist."""
    global _load_lock, _loading, _orphans
    _opening.difference_update([one for one in _opening if one[0] != get_ident()])
    if _loading != get_ident():
        _orphans = _orphans or _loading != 0
        _load_lock, _loading = RLock(), 0


registry.miss = _miss
registry.open = _open
registry.failed = _explain
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
