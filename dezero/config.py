"""Modes: how operations are recorded, per process, per thread and per ``with``.

A mode has a default for the process. `using_config` pushes a frame on an
immutable stack that lives in a ``ContextVar``, so threads and asyncio tasks
never see each other's frames, and a new thread starts from the defaults.

================  =======  ====================================================
mode              default  meaning
================  =======  ====================================================
enable_backprop   True     operations are recorded, so that gradients can follow
keep_data         False    a graph keeps the data of every intermediate result
================  =======  ====================================================
"""

from functools import wraps

import numpy as np

from ._kernels.nodes import ModeBase, ModeStack, modes, stack_of_context


class Defaults(dict):
    """The process's defaults. Whoever keeps a copy of one is told when it changes."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.watchers = []

    def __setitem__(self, name, value):
        super().__setitem__(name, value)
        for changed in self.watchers:
            changed(name, value)

    def update(self, *args, **kwargs):
        for name, value in dict(*args, **kwargs).items():
            self[name] = value


defaults = Defaults(enable_backprop=True, keep_data=False, transform=False, vouched=False, detect_anomaly=False, detect_changes=False)
# The compiled engine reads these directly. "transform" is set by
# dezero.transforms, "vouched" by the engine and the detectors by dezero.detect; no public names.
PUBLIC = ("enable_backprop", "keep_data")


def current(name):
    """The value of a mode here and now."""
    stack = stack_of_context()
    if stack is not None and name in stack.values:
        return stack.values[name]
    return defaults[name]


class Mode(ModeBase):
    """A value for one mode while a ``with`` block or a decorated function runs.

    It may be entered again, also while it is entered, and from several threads:
    what it pushed is known by the stack of the context, not by the object.
    """

    __slots__ = ()

    def __call__(self, function):
        """Decorate `function`: the mode holds while its own code runs.

        A generator has the mode between a resume and the next ``yield`` only,
        so it never leaks into the code that iterates.
        """
        import inspect
        if not callable(function):
            raise TypeError(f"a mode decorates a function, not {type(function).__name__}")
        if inspect.isasyncgenfunction(function):
            @wraps(function)
            async def wrapper(*args, **kwargs):
                source = function(*args, **kwargs)
                resume, value = source.asend, None
                while True:
                    try:
                        with self:
                            item = await resume(value)
                    except StopAsyncIteration:
                        return
                    try:
                        resume, value = source.asend, (yield item)
                    except GeneratorExit:
                        with self:
                            await source.aclose()
                        raise
                    except BaseException as error:
                        resume, value = source.athrow, error
        elif inspect.isgeneratorfunction(function):
            @wraps(function)
            def wrapper(*args, **kwargs):
                source = function(*args, **kwargs)
                resume, value = source.send, None
                while True:
                    try:
                        with self:
                            item = resume(value)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        resume, value = source.send, (yield item)
                    except GeneratorExit:
                        with self:
                            source.close()
                        raise
                    except BaseException as error:
                        resume, value = source.throw, error
        elif inspect.iscoroutinefunction(function):
            @wraps(function)
            async def wrapper(*args, **kwargs):
                with self:
                    return await function(*args, **kwargs)
        else:
            @wraps(function)
            def wrapper(*args, **kwargs):
                with self:
                    return function(*args, **kwargs)
        return wrapper

    def __reduce__(self):
        return _mode, (type(self), self.values)

    def __repr__(self):
        (name, value), *_ = self.values.items()
        return f"using_config({name!r}, {value!r})"


def _mode(cls, values):
    """A mode that was copied or pickled."""
    (name, value), *others = values.items()
    return cls(name, value, **dict(others))


def using_config(name, value):
    """Set a mode for a ``with`` block, or for a function as its decorator.

    Parameters
    ----------
    name : str
        ``"enable_backprop"`` or ``"keep_data"``.
    value : bool

    Raises
    ------
    AttributeError
        There is no mode of this name.
    TypeError
        The value is not a truth value.
    """
    return Mode(_known(name), _truth(name, value))


def no_grad():
    """Record no operations, in a ``with`` block or a decorated function: ``using_config("enable_backprop", False)``."""
    return using_config("enable_backprop", False)


class _Config:
    """The modes as attributes; see `dezero.config`.

    Reading gives the value that holds here. Assigning sets the default of the
    process or, inside a ``with using_config(...)``, the innermost frame of this
    context, and is undone when that block ends.
    """

    __slots__ = ()

    def __getattr__(self, name):
        return current(_known(name))

    def __setattr__(self, name, value):
        value = _truth(_known(name), value)
        stack = stack_of_context()
        if stack is None:
            defaults[name] = value
        else:
            modes.set(ModeStack(stack.below, stack.owner, {**stack.frame, name: value}))

    def __dir__(self):
        return [*super().__dir__(), *PUBLIC]

    def __repr__(self):
        return "Config(" + ", ".join(f"{name}={current(name)}" for name in PUBLIC) + ")"


Config = _Config()


def _known(name):
    if name not in PUBLIC:
        raise AttributeError(f"dezero has no mode {name!r}; the modes are {', '.join(PUBLIC)}")
    return name


def _truth(name, value):
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise TypeError(f"mode {name!r} is True or False, not {value!r}")
