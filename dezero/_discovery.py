"""The plugins of installed packages: found, chosen, imported, and what is wrong with them.

pluggy's own loader is not used: one bad plugin stops it, and of two entries of
the same name one vanishes. Here distributions are read one by one.
Imported only when packages are loaded or listed (importlib.metadata costs 28 ms).
"""

from collections import namedtuple
from importlib import import_module, machinery, metadata, util
import os
import re
import sys
import types

from dezero._words import clean, items, near, normal, safe, shown
from dezero.errors import PluginError

GROUP = "dezero"
HOOK = "dezero_register_ops"


class Unfinished(Exception):
    """This thread is in the middle of importing the plugin: its turn comes later."""


class Entry:
    """One entry point, or a distribution whose entry points can't be read.

    Attributes
    ----------
    distribution, version, name, value : str
        `name` and `value` are "" where only the distribution is known.
    error : BaseException or None
        What went wrong with the metadata.
    folder : str
        Where the metadata are.
    """

    def __init__(self, distribution, version, name="", value="", error=None, folder=""):
        self.distribution = distribution
        self.version = version
        self.name = name
        self.value = value
        self.error = error
        self.folder = folder

    @property
    def id(self):
        """``dist:entry``, the name of the plugin."""
        return f"{self.distribution}:{self.name}" if self.name else self.distribution


Found = namedtuple("Found", "entries notes folders")
Found.__doc__ = """What is installed: the entries, what to warn of, and the metadata folder of every distribution."""

NOTHING = Found([], [], frozenset())


class Choice:
    """What ``DEZERO_DISABLE_PLUGINS`` and ``DEZERO_LOAD_PLUGINS`` say.

    Attributes
    ----------
    nothing : bool
        No installed package is wanted, so that none need be looked for.
    """

    def __init__(self, environ):
        self._disabled = items(environ.get("DEZERO_DISABLE_PLUGINS", ""))
        allowed = environ.get("DEZERO_LOAD_PLUGINS")
        self._allowed = None if allowed is None else items(allowed)
        self.nothing = "all" in self._disabled or self._allowed == []

    def refusal(self, entry):
        """Why this entry is not to be loaded; "" if it is."""
        if "all" in self._disabled or any(_names(item, entry) for item in self._disabled):
            return "disabled by DEZERO_DISABLE_PLUGINS"
        if self._allowed is not None and not any(_names(item, entry) for item in self._allowed):
            return "not in DEZERO_LOAD_PLUGINS"
        return ""

    def unknown(self, entries):
        """A sentence for each name in the two lists that nothing installed has."""
        if self.nothing:
            return []
        known = {name for entry in entries for name in (entry.distribution, entry.name, entry.id)}
        return [f"{variable} names the unknown plugin {shown(item)}{near(item, known)}"
                for variable, listed in (("DEZERO_DISABLE_PLUGINS", self._disabled),
                                         ("DEZERO_LOAD_PLUGINS", self._allowed or ()))
                for item in listed if not any(_names(item, entry) for entry in entries)]


def _names(item, entry):
    dist, colon, name = item.partition(":")
    if colon:
        return normal(dist) == normal(entry.distribution) and name == entry.name
    return normal(item) == normal(entry.distribution) or item == entry.name


def path_times():
    """sys.path, and when its folders changed last: installing or removing a package shows there."""
    times = []
    for folder in sys.path:
        try:
            times.append((folder, os.stat(folder or os.curdir).st_mtime_ns))
        except (OSError, TypeError, ValueError):
            times.append((folder, 0))
    return times


def installed():
    """All entries of the group ``dezero``, in an order that sys.path does not decide.

    Returns
    -------
    Found
        Its entries are of one of each distribution name. A distribution that
        can't be read is an entry too.
    """
    entries, notes, by_name = [], [], {}
    distributions = metadata.distributions()
    while True:
        try:
            dist = next(distributions)
        except StopIteration:
            break
        except Exception as error:
            entries.append(Entry("<sys.meta_path>", "", error=error))
            break
        one = Candidate(dist)
        by_name.setdefault(normal(one.name), []).append(one)
    for candidates in by_name.values():
        if any(one.points or one.error for one in candidates):
            chosen = _chosen(candidates)
            entries += _entries_of(chosen)
            notes += _hidden(chosen, candidates)
    entries.sort(key=lambda entry: (normal(entry.distribution), entry.name, entry.value))
    for first, second in zip(entries, entries[1:]):
        if first.id == second.id and second.error is None:
            second.error = PluginError(f"its entry point {shown(second.name)} is there twice")
    return Found(entries, notes, frozenset(one.folder for candidates in by_name.values() for one in candidates))


class Candidate:
    """A distribution as its metadata folder shows it; of one name there may be several.

    Attributes
    ----------
    name : str
        As the folder says, since reading METADATA costs 0.3 ms.
    folder : str
    points : list of (str, str)
        Its entry points of our group, name and value.
    error : Exception or None
        Why they can't be read.
    """

    def __init__(self, dist):
        self.dist = dist
        self.name = _unread_name(dist)
        self.folder = os.path.abspath(getattr(dist, "_path", None) or f"<{type(dist).__name__}>")
        self.points, self.error = [], None
        try:
            self.points = _points(dist.read_text("entry_points.txt") or "")
        except Exception as malformed:
            self.error = malformed

    def stated(self):
        """Name and version as METADATA states them; a PluginError where it does not."""
        text = self.dist.read_text("METADATA") or self.dist.read_text("PKG-INFO") or self.dist.read_text("") or ""
        name, version = _header("Name", text), _header("Version", text)
        if not name or not version:
            raise PluginError("its metadata states no Name" if version else "its metadata states no Version")
        return name, version

    def is_leftover(self):
        """Whether an install or uninstall that was interrupted left it: pip renames to ``~``, or has not come to METADATA."""
        try:
            self.stated()
        except Exception:
            return True
        return os.path.basename(self.folder).startswith("~")

    def age(self):
        """What sorts versions: numbers, and a final release after what led to it."""
        version = self.stated()[1]
        release = re.match(r"\d+(?:\.\d+)*", version)
        numbers = tuple(map(int, release[0].split("."))) if release else ()
        return numbers, re.search(r"a|b|rc|dev", version[len(release[0]) if release else 0:]) is None


def _chosen(candidates):
    """Which of several of one name counts: the first on sys.path, as it is imported; of one folder the newest."""
    whole = candidates if len(candidates) == 1 else [one for one in candidates if not one.is_leftover()]
    if len(whole) < 2:
        return (whole or candidates)[0]
    place = os.path.dirname(whole[0].folder)
    return max((one for one in whole if os.path.dirname(one.folder) == place), key=Candidate.age)


def _hidden(chosen, candidates):
    """A text for each distribution whose plugins are not loaded, since another of its name counts."""
    texts = []
    for one in candidates:
        missing = [f"{name} = {value}" for name, value in one.points if (name, value) not in chosen.points]
        if one.folder != chosen.folder and missing and not (one.is_leftover() and chosen.points):
            texts.append(f"distribution {clean(one.name, 64)} is there twice: {shown(chosen.folder, 300)} counts, so entry "
                         f"point {shown(', '.join(missing))} of {shown(one.folder, 300)} is not loaded; remove the folder "
                         "that is left over, or install the package again")
    return texts


def _entries_of(one):
    """The entries of a distribution."""
    name, version, error = one.name.lstrip("~"), "", one.error
    try:
        name, version = one.stated()
        if one.is_leftover():
            error = PluginError(f"{shown(one.folder, 300)} was left over when pip was interrupted; "
                                "remove it, or install the package again")
    except Exception as unreadable:
        error = error or unreadable
    if error is not None:
        return [Entry(name, version, error=error)]
    return [Entry(name, version, *point, folder=one.folder) for point in one.points]


def _points(text):
    """The (name, value) pairs of our group in an entry_points.txt, each once.

    importlib.metadata skips some malformed lines and stumbles over others,
    differently from version to version.
    """
    points, group = {}, None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and re.fullmatch(r"\[[^][]+\]", line):
            group = line[1:-1].strip()
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip() or line[0] == "[" or group is None:
            raise PluginError(f"line {number} of its entry_points.txt is malformed: {shown(line)}")
        if group == GROUP:
            points[name.strip(), value.strip()] = None
    return list(points)


def _header(name, text):
    """What METADATA says under a name, or None; `dist.metadata` parses all of it as an e-mail, which takes 0.3 ms and more."""
    found = re.search(rf"^{name}:[ \t]*(.*?)[ \t\r]*$", re.split(r"\r?\n\r?\n", text, maxsplit=1)[0], re.IGNORECASE | re.MULTILINE)
    return found and found[1]


def _unread_name(dist):
    stem, dot, suffix = getattr(getattr(dist, "_path", None), "name", "").rpartition(".")
    if suffix in ("dist-info", "egg-info") and not stem.startswith("~"):
        return stem.partition("-")[0]
    try:
        return dist.metadata.get("Name") or "<unknown>"
    except Exception:
        return "<unknown>"


def imported(entry):
    """Import what an entry point names.

    Raises
    ------
    Unfinished
        This thread is importing it right now.
    BaseException
        Whatever the module raises.
    """
    if entry.error is not None:
        raise entry.error
    for what, name in (("distribution", entry.distribution), ("entry point", entry.name)):
        if not safe(name):
            raise PluginError(f"the {what} name {shown(name)} is not 1 to 64 of A-Z a-z 0-9 _ . -")
    match = re.fullmatch(r"([\w.]+)\s*(?::\s*([\w.]+))?\s*(?:\[.*\])?", entry.value)
    if match is None:
        raise PluginError(f"the entry point value {shown(entry.value)} is not 'module' or 'module:object'")
    module, path = match.groups()
    if _being_imported(module):
        raise Unfinished
    try:
        obj = import_module(module)
    except ImportError as error:
        build = _other_build(error)
        if build is None:
            raise
        raise ImportError(f"{error}; built for another Python: found {build}, "
                          f"this one loads {machinery.EXTENSION_SUFFIXES[0]}") from error
    except AttributeError as error:
        if "dezero_impl" not in str(error):
            raise
        raise PluginError(f"@hookimpl stands on a compiled function, which can be no hook ({error}); "
                          "put the hook in a .py module") from error
    for part in (path or "").split(".") if path else ():
        obj = getattr(obj, part)
    return obj


def _being_imported(module):
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == module:
            return True
        frame = frame.f_back
    return False


def _other_build(error):
    """The file of a compiled module that this Python can't load, or None."""
    name = error.name or ""
    child = re.match(r"cannot import name '(\w+)'", str(error))
    if child:
        name += "." + child[1]
    parent, _, stem = name.rpartition(".")
    try:
        folders = util.find_spec(parent).submodule_search_locations if parent else sys.path
        files = [file for folder in folders if os.path.isdir(folder) for file in os.listdir(folder)]
    except Exception:
        return None
    for file in sorted(files):
        if file.startswith(stem + ".") and file.endswith((".so", ".pyd")):
            if file[len(stem):] not in machinery.EXTENSION_SUFFIXES:
                return file
    return None


def not_loaded(entry, reason):
    """The text of the warning for a plugin that failed."""
    what = f"plugin {shown(entry.name)}" if entry.name else "plugins"
    point = f", entry point {shown(entry.name + ' = ' + entry.value)}" if entry.name else ""
    where = f"distribution {clean(entry.distribution, 64)} {clean(entry.version, 64)}".rstrip()
    id = entry.id if safe(entry.name) else entry.distribution
    return f"{what} ({where}{point}) not loaded: {reason}; disable with DEZERO_DISABLE_PLUGINS={clean(id, 130)}"


def why_no_hook(obj):
    """What is wrong with a plugin in which pluggy found no hook."""
    wanted = f"a module or class with the hook {HOOK}, decorated with @dezero.hookimpl"
    try:
        names = [name for name in dir(obj) if name.startswith("dezero_") and callable(getattr(obj, name))]
    except Exception as error:
        return f"its attributes can't be read ({type(error).__name__}); wanted: {wanted}"
    if HOOK in names:
        function = getattr(obj, HOOK)
        kind = type(getattr(function, "__func__", function))
        if kind is not types.FunctionType:
            return (f"the hook {HOOK} is compiled or no function at all ({kind.__name__}), and pluggy "
                    "does not see it; put it in a .py module that imports the compiled one")
        return f"the hook {HOOK} is not decorated; write @hookimpl above it (from dezero import hookimpl)"
    for name in names:
        hint = near(name, [HOOK])
        if hint:
            return f"unknown hook {shown(name)}{hint}"
    composite = "; a composite is registered by a hook, with register.function(f)" if isinstance(obj, types.FunctionType) else ""
    return f"{shown(obj)} has no hook; wanted: {wanted}{composite}"
