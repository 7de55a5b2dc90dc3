"""Ops whose rule is a plain function: `rule` makes an `Op` of a forward and the function that it decorates.

    @rule(np.tanh)
    def tanh(gy, y, x):
        return gy * (1 - y * y)
"""
from inspect import Parameter, signature
from types import BuiltinFunctionType, FunctionType

from .._kernels import IN_USE
from .._kernels.nodes import Kernel, OpBase, VariableBase
from ..errors import PluginError
from . import arguments, function, guard, rules, tape
from .checks import check_operand, describe, who
from .dispatch import is_dispatched
from .function import RuleFunction

METADATA = frozenset(("shape", "dtype", "ndim", "size"))
"""What a rule may ask of an array that is not kept for it."""


trace = None
"""The room `trace`, from the first rule on that may become loops: `import dezero` is 0.5 ms sooner."""


class RuleTypeError(PluginError, TypeError):
    """What `rule` was given makes no op."""


def rule(forward, *also, name=None, operators=(), operands=None, listed=False, method=True, attribute=None, result=None, kernel=None,
         order="checked"):
    """Return a decorator that makes an `Op`: `forward` computes the value, the decorated function the gradients.

    The decorated function is the op's rule.  It is called as ``rule(gy, y, *operands, **parameters)`` and returns the gradient of
    its operand or, where it has several, a tuple of their gradients.  Its arguments are arrays in an ordinary backward, and
    Variables under ``create_graph=True``; plain NumPy code serves both.  An argument after `y` that has no default is an operand.
    One that has a default, or is keyword-only, is a parameter, which forward takes by the same name.

    A gradient is one of these:

    - an array of the operand's shape, or one that broadcasts to it;
    - an array that has further axes in front, those of the result, or is longer on an axis where the operand has length 1: it is
      summed over these axes;
    - None, where the operand has no gradient;
    - a function without arguments that gives one, called where the gradient is wanted;
    - `At`, or a list of these.

    Parameters
    ----------
    forward : callable
        A function on arrays, NumPy's or one's own.  One's own may return `Saved`.  A ufunc, or a function that NumPy dispatches, is
        claimed: once the op is registered, calls of it with a Variable come to the op.  Calls of any other function do not, since
        NumPy never asks Variables about it: with ``@rule(scipy.special.zeta)``, a Python function, `scipy.special.zeta` takes
        plain numbers as before, and the op is called as what the decorator gives, as ``F.name`` and as ``x.name()``.
    *also : callable
        Further NumPy functions that the op answers.
    name : str, optional
        By default the rule's own.  "linalg.solve" is ``F.linalg.solve``.
    operators : tuple of str
        Such as ("__matmul__",).
    operands : tuple of str, optional
        Which arguments of the rule are operands; one with "?" behind it may be left out, and is None then.
    listed : bool
        The operand is a list of operands, as that of `numpy.concatenate`; the rule gets a tuple and returns a list.
    method : bool, str, callable or None
        True: ``x.name(...)``; another name; a callable for other forms; None: no method.
    attribute : str, optional
        ``x.T`` is the op of x.
    result : type, optional
        The namedtuple class of several results.
    kernel : Kernel, optional
        Loops that do the same, faster.
    order : int or None, optional
        1: only first derivatives; None: the rule is vouched for, to any order.

    Returns
    -------
    callable
        A decorator that gives the `Op`.

    Raises
    ------
    PluginError, TypeError
        Something of it makes no op.
    """
    def make(function):
        return Op(function, forward, also, name, operators, operands, listed, method, attribute, result, kernel, order)
    return make


class Op:
    """What `rule` makes: an op, to be called, and to be registered by ``register(op)``.

    Called with arrays it gives arrays, with a Variable among the operands Variables.

    Attributes
    ----------
    apply : callable
        ``F.name`` and the method: it gives a Variable always, or a tuple of Variables.
    name : str
    rule, forward : callable
        As the author has written them.
    signature : inspect.Signature
    cls : type
        The `Function` class whose instances stand in the graph for the op's calls.
    numpy, operators, method, attribute, listed, result, kernel, order
        As `rule` takes them; `numpy` is the forward, where NumPy dispatches it, and what else is claimed.
    """

    def __init__(self, function, forward, also, name, operators, operands, listed, method, attribute, result, kernel, order):
        check_functions(function, forward, also)
        check_choices(function, name, operators, operands, listed, method, attribute, result, kernel, order)
        self.rule, self.forward = function, forward
        self.__wrapped__ = function
        self.__module__, self.__qualname__, self.__doc__ = function.__module__, function.__qualname__, function.__doc__
        self.name = function.__name__ if name is None else name
        self.__name__ = self.name
        self.numpy = (forward, *also) if is_dispatched(forward) else also
        self.operators, self.method, self.attribute = tuple(operators), method, attribute
        self.listed, self.result, self.kernel, self.order = listed, result, kernel, order
        self.operands, self.parameters = arguments_of(function, operands, listed)
        check_defaults(function, forward, self.parameters)
        self._count = 0 if listed or "?" in "".join(self.operands) else len(self.operands)
        self._rule = rules.Rule(function, forward, listed, "saved" in self.parameters, is_own(forward))
        self.parameters.pop("saved", None)
        self._class = self._arguments = self._plain = self._loops = None
        self._traced, self._traces = {}, 0  # by parameters: Loops, or None; how often a rule was traced
        self._any = {}                      # by the parameters but for numbers: Loops for any numbers, or None
        self._is_untraceable = False
        self._exact = -1                    # until the Arguments are there
        self.apply = OpCall(self)

    @property
    def cls(self):
        if self._class is None:
            self._class = class_of(self)
        return self._class

    @property
    def signature(self):
        return self.arguments.shown

    @property
    def __signature__(self):                # which help, ? and inspect ask for
        return self.arguments.shown

    def samples(self, function):
        """Decorate the function that names what `dezero.testing.check_op` tries: ``samples(sample)`` calls ``sample(*args, **kwargs)``."""
        self.cls.samples = staticmethod(function)
        return function

    def __call__(self, *args, **kwargs):
        if any_variable(args) or kwargs and any_variable(kwargs.values()):
            return self.apply(*args, **kwargs)
        operands, parameters = self.bind(args, kwargs)
        for i, x in enumerate(operands):
            if (x is not None or self.listed or self._count) and (trace is None or type(x) is not trace.Symbol):
                check_operand(self.cls, x, self.place_name(i))
        ys = self.forward(*((operands,) if self.listed else operands), **parameters)
        return self.named(ys.y if type(ys) is rules.Saved else ys)

    @property
    def arguments(self):
        """How the arguments of its calls are bound: `dezero.engine.arguments.Arguments`."""
        if self._arguments is None:
            claimed = self.numpy[0] if self.numpy else None
            self._arguments = arguments.Arguments(self.cls, self.operands, tuple(self.parameters.values()), claimed, self.listed, self.name)
            self._exact = self._arguments.exact
        return self._arguments

    def bind(self, args, kwargs):
        """Return the operands and the parameters that a call gives."""
        if self._plain is None:
            self._plain = function.plain_calls(self.arguments)
        operands = args[:max(self._plain.leading, 0)]
        parameters = None if not operands or any_list(operands) else self._plain.parameters(self.cls, args, kwargs)
        return self.arguments.bind(args, kwargs) if parameters is None else (operands, parameters)

    def place_name(self, i):
        """Return what operand i is called in a message."""
        return f"operand {i}" if self.listed else f"operand {self.operands[i].rstrip('?')!r}"

    def named(self, ys):
        """Return several results under their names, where they have some."""
        if self.result is None or not isinstance(ys, (tuple, list)):
            return tuple(ys) if type(ys) is list else ys
        if len(ys) != len(self.result._fields):
            raise RuleTypeError(f"{who(self.cls)}: forward returned {len(ys)} results, and result={self.result.__qualname__} has "
                                f"{len(self.result._fields)} fields ({', '.join(self.result._fields)}): give a namedtuple class with "
                                "one for each result")
        return self.result(*ys)

    def __get__(self, instance, owner):
        return self                         # never bound; pydoc shows the signature of what has a __get__

    def __reduce__(self):
        return self.__qualname__            # found in its module

    def __repr__(self):
        return f"<op {self.name!r}: {self.__module__}.{self.__qualname__}>"


guard.OPS.append(Op)


class OpCall:
    """What `Op.apply`, ``F.name`` and the method are: a call of an op that gives Variables always.

    It shows `help`, `?` and `inspect` the op's own signature and docstring.
    """

    def __init__(self, op):
        self.op = op
        self.__self__ = op                  # as of a method
        self.__name__, self.__doc__ = op.__name__, op.__doc__
        self.__wrapped__ = op.rule          # whose source `F.name??` shows

    def __call__(self, *args, **kwargs):
        op = self.op
        if op._exact != len(args) or kwargs or any_list(args):
            operands, parameters = op.bind(args, kwargs)
        else:
            operands, parameters = args, NO_PARAMETERS
        if op._count == 1 or op._count == 2:
            y = run_loops(op, operands, parameters)
            if y is not None:
                return y
        return call(op, operands, parameters)

    @property
    def __signature__(self):
        return self.op.arguments.shown

    def __get__(self, instance, owner):
        return self                         # never bound; pydoc shows the signature of what has a __get__

    def __reduce__(self):
        return getattr, (self.op, "apply")

    def __repr__(self):
        return repr(self.op)


NO_PARAMETERS = {}


def new_call(op, parameters):
    """Return a call of an op that is yet to be made."""
    cls = op._class if op._class is not None else op.cls
    f = cls.__new__(cls)
    rule = op._rule
    f._rule, f._parameters = rule, parameters
    if rule.reads is None:
        rule.reads, rule.reads_result = reads_of(op)
    return f


def call(op, operands, parameters):
    """Return what an op makes of these operands, recorded."""
    f = new_call(op, parameters)
    if not op._count and not op.listed:
        f._absent = tuple([i for i, x in enumerate(operands) if x is None]) or None
        operands = [x for x in operands if x is not None]
    ys = tape.run_forward(f, tuple(operands))
    if f._several:
        return op.named(tuple(ys) if isinstance(ys, list) else (ys,))
    return ys


# ---- loops in place of a rule ----------------------------------------------------------------------------------------

class Loops(OpBase):
    """The loops that do what an op's rule does, for one set of parameters: its author's own, or traced from the rule.

    `guards` lists what they depend on: dicts or cells, names, values.  `numbers` are the trace.Numbers where they are for any.
    """

    def __init__(self, op, kernel, parameters, guards, numbers=None):
        self.cls, self.rule, self.kernel, self.parameters, self.guards = op.cls, op._rule, kernel, parameters, guards
        self.numbers = numbers


def run_loops(op, operands, parameters):
    """Return what the loops of an op make of operands; None where there are none, or they take something else."""
    for x in operands:
        if isinstance(x, VariableBase):
            break
    else:
        return None
    loops = loops_of(op, parameters)
    if loops is None:
        return None
    return tape.run_kernel(loops, function.as_0d(operands[0]), function.as_0d(operands[1]) if len(operands) == 2 else None)


def loops_of(op, parameters):
    """Return the Loops of an op for these parameters, or None.  They are made at the first use."""
    if op._is_untraceable:
        return None
    if parameters:
        return loops_for(op, key_of(parameters), parameters)
    loops = op._loops
    if loops is None or loops.guards and not still_holds(loops.guards):
        loops = op._loops = loops_for(op, (), parameters)
    return loops


def key_of(parameters):
    """Return what tells parameters apart: 1 from True, 0.0 from -0.0.  None where that is more than numbers and text."""
    for x in parameters.values():
        if type(x) not in rules.PLAIN:
            return None
    return tuple([(name, repr(x)) for name, x in parameters.items()])


def loops_for(op, key, parameters):
    """Return the same by the key of the parameters, where loops were made for it and still do what the rule does; else make them."""
    if key is None or IN_USE != "compiled":
        return None
    loops = op._traced.get(key, guard.MISSING)
    if loops is None or loops is not guard.MISSING and still_holds(loops.guards):
        return loops
    loops = loops_of_numbers(op, parameters)
    if loops is None:
        if op._traces == MOST_TRACES:       # it is another each time: the rule itself is sooner there
            return None
        loops = make_loops(op, parameters)
    if len(op._traced) == MOST_KEPT:
        op._traced.pop(next(iter(op._traced)), None)
    op._traced[key] = loops
    return loops


MOST_TRACES = MOST_KEPT = 8


def loops_of_numbers(op, parameters):
    """Return the Loops for any numbers with these in them; None where there are none among the parameters, or it takes a trace of its own."""
    numbers = tracing().NUMBERS
    if not any([type(x) in numbers for x in parameters.values()]):
        return None
    key = tuple([(name, type(x) if type(x) in numbers else repr(x)) for name, x in parameters.items()])
    loops = op._any.get(key, guard.MISSING)
    if loops is guard.MISSING or loops is not None and not still_holds(loops.guards):
        if op._traces == MOST_TRACES:
            return None
        loops = op._any[key] = make_loops(op, parameters, tracing().Numbers(parameters))
    if loops is None:
        return None
    try:
        kernel = loops.kernel.renumbered(loops.numbers.values(parameters))
    except Exception:                       # 1 / 0: what the rule does with these it does itself
        return None
    return Loops(op, kernel, parameters, loops.guards)


def make_loops(op, parameters, numbers=None):
    """Return new Loops of an op, or None where it has no kernel of its own and its rule can't be traced."""
    op._traces += 1
    kernel = op.kernel
    if kernel is not None and parameters:
        return None                         # its author's loops know of none
    if kernel is not None and kernel.nin:
        return Loops(op, kernel, parameters, [])
    if op._rule.takes_saved or op.result is not None:
        return None
    try:
        made, guards = tracing().traced(op.rule, op.forward, None if kernel is None else kernel.forward, op._count, parameters, numbers)
    except trace.Untraceable as error:
        op._is_untraceable = isinstance(error, trace.Opaque)    # or it is looked for at each call, which takes 1 us
        return None
    made.__set_name__(op.cls, "kernel")
    return Loops(op, made, parameters, guards, numbers)


def tracing():
    """Return the room `trace`."""
    global trace
    if trace is None:
        from . import trace
    return trace


def still_holds(guards):
    """Is all that loops depend on what it was when they were made?"""
    for where, name, value in guards:
        try:
            if name is None:
                now = where.cell_contents
            else:
                now = where.get(name, guard.MISSING) if isinstance(where, dict) else getattr(where, name)
            if now is not value:
                return False
        except ValueError:                  # a cell that was emptied
            return False
    return True


def any_variable(xs):
    """Is a Variable among these, or in a list among them?"""
    for x in xs:
        if isinstance(x, VariableBase) or isinstance(x, (list, tuple)) and any_variable(x):
            return True
    return False


def any_list(args):
    """Is one of them a list?"""
    for x in args:
        if isinstance(x, (list, tuple)):
            return True
    return False


# ---- what is read off a rule -----------------------------------------------------------------------------------------

def check_functions(function, forward, also):
    """Refuse what no op can be made of."""
    if not isinstance(function, FunctionType):
        raise RuleTypeError(f"@rule decorates a function (gy, y, *operands, **parameters), not {describe(function)}")
    where = f"@rule of {function.__qualname__}"
    if not callable(forward):
        raise RuleTypeError(f"{where}: forward is {describe(forward)}, wanted a function on arrays, such as np.tanh: @rule(np.tanh)")
    for claimed in also:
        if not isinstance(claimed, str) and not is_dispatched(claimed):     # a text is looked up where the op is registered
            raise RuleTypeError(f"{where}: {claimed!r} can't be claimed: NumPy asks Variables only about its ufuncs and the functions "
                                "that it dispatches")


def check_choices(function, name, operators, operands, listed, method, attribute, result, kernel, order):
    """Refuse what an op is to be beside its functions, where it is of a wrong kind."""
    def is_names(x):
        return isinstance(x, (tuple, list)) and all([isinstance(item, str) for item in x])
    for what, got, is_right, wanted in (
        ("name", name, name is None or isinstance(name, str), "a text such as 'linalg.solve', or None for the rule's own"),
        ("operators", operators, is_names(operators), "a tuple such as ('__matmul__',)"),
        ("operands", operands, operands is None or is_names(operands), "a tuple of the rule's argument names such as ('x', 'low?')"),
        ("listed", listed, isinstance(listed, bool), "True or False"),
        ("method", method, method is None or method is True or isinstance(method, str) or callable(method),
         "True, another name, a function (x, *args, **kwargs) or None"),
        ("attribute", attribute, attribute is None or isinstance(attribute, str), "a name such as 'T', for x.T, or None"),
        ("result", result, result is None or isinstance(result, type) and issubclass(result, tuple) and hasattr(result, "_fields"),
         "the namedtuple class of several results, or None"),
        ("kernel", kernel, kernel is None or isinstance(kernel, Kernel), "a dezero.Kernel(forward=..., backward=...), or None"),
        ("order", order, order is None or order == "checked" or type(order) is int and order == 1,
         "1 (first derivatives only), None (the rule is vouched for), or left out"),
    ):
        if not is_right:
            raise RuleTypeError(f"@rule of {function.__qualname__}: {what} is {wanted}, not {got!r}")


def check_defaults(function, forward, parameters):
    """Refuse a parameter whose default is one thing in the rule and another in a forward of one's own, which is called without it."""
    if not isinstance(forward, FunctionType) or not is_own(forward):
        return
    code, values = forward.__code__, forward.__defaults__ or ()
    defaults = dict(zip(code.co_varnames[code.co_argcount - len(values):], values))
    defaults.update(forward.__kwdefaults__ or {})
    for name, p in parameters.items():
        if is_plain(p.default) and is_plain(defaults.get(name, p.empty)) and not (
                p.default is defaults[name] or p.default == defaults[name]):
            raise RuleTypeError(f"@rule of {function.__qualname__}: the default of {name} is {p.default!r} in the rule and "
                                f"{defaults[name]!r} in its forward, {forward.__qualname__}; write the same in both")


def is_plain(x):
    """Is it a number, a text, None or a tuple of these, which can be compared?"""
    return x is None or type(x) in (bool, int, float, complex, str) or type(x) is tuple and all([is_plain(item) for item in x])


def arguments_of(function, operands, listed):
    """Return a rule's operands, and its parameters {name: inspect.Parameter}."""
    where = f"@rule of {function.__qualname__}"
    arguments = list(signature(function, follow_wrapped=False).parameters.values())
    for p in arguments:
        if p.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            raise RuleTypeError(f"{where}: *{p.name} is neither operand nor parameter: name each, or take a list of operands (listed=True)")
    if len(arguments) < 3 or any([p.kind is Parameter.KEYWORD_ONLY for p in arguments[:3]]):
        raise RuleTypeError(f"{where}{signature(function)}: wanted (gy, y, *operands, **parameters), with one operand at least")
    arguments = arguments[2:]
    by_name = {p.name: p for p in arguments}
    if operands is None:
        operands = tuple([p.name for p in arguments if p.default is p.empty and p.kind is not p.KEYWORD_ONLY])
    names = [name.rstrip("?") for name in operands]
    if not names or names != [p.name for p in arguments[:len(names)]]:
        raise RuleTypeError(f"{where}{signature(function)}: operands={operands!r} are to be the first arguments after gy and y")
    optional = [name.endswith("?") for name in operands]
    if optional != sorted(optional):
        raise RuleTypeError(f"{where}{signature(function)}: operands={operands!r}: what may be left out stands behind what may not")
    if listed and len(names) != 1:
        raise RuleTypeError(f"{where}: listed=True takes one operand, the list, and not {', '.join(names)}")
    return tuple(operands), {name: p for name, p in by_name.items() if name not in names}


def is_own(forward):
    """Is a forward the author's own Python, and no function of NumPy or SciPy?"""
    if is_dispatched(forward):
        return False
    module = str(getattr(forward, "__module__", None) or "")
    return not (isinstance(forward, (FunctionType, BuiltinFunctionType)) and module.partition(".")[0] in ("numpy", "scipy"))


def class_of(op):
    """Return the class that stands for an op."""
    body = {"__slots__": (), "__module__": op.__module__, "__qualname__": op.__qualname__, "__doc__": op.__doc__, "op": op,
            "name": op.name, "operators": op.operators, "numpy": op.numpy, "kernel": op.kernel, "order": op.order,
            "method": op.method, "attribute": op.attribute}
    return type(op.rule.__name__, (RuleFunction,), body)


def reads_of(op):
    """Return of each operand whether a rule reads more of it than shape and dtype, and the same of the result."""
    code = op.rule.__code__
    names = code.co_varnames[1:2 + len(op.operands)]
    if hidden_reads(code):
        return (True,) * len(op.operands), True
    y, *xs = [is_read(code, name) for name in names]
    return tuple(xs), y


def hidden_reads(code):
    """Does the code, or one within it, name what can read a variable without naming it?"""
    if not {"locals", "vars", "eval", "exec", "dir", "_getframe", "currentframe"}.isdisjoint(code.co_names):
        return True
    return any([hidden_reads(inner) for inner in code.co_consts if hasattr(inner, "co_consts")])


def is_read(code, name):
    """Does the code read a variable in another way than x.shape and the like?  So does a function within it."""
    from dis import get_instructions

    is_cell = name in code.co_cellvars + code.co_freevars       # shared with a function within it: LOAD_FAST is of the cell (3.13)
    steps = list(get_instructions(code))
    for step, after in zip(steps, steps[1:]):
        names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if step.opname.startswith(DEREFERENCES if is_cell else LOADS) and name in names:
            asks_metadata = after.opname in ("LOAD_ATTR", "LOAD_METHOD") and after.argval in METADATA
            if names[-1] != name or names.count(name) > 1 or not asks_metadata:
                return True
    return any([is_read(inner, name) for inner in code.co_consts if hasattr(inner, "co_consts") and name in inner.co_freevars])


LOADS = ("LOAD_FAST", "STORE_FAST_LOAD")
DEREFERENCES = ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
