"""Tracing: an elementwise rule is called once on symbols, and becomes rows of loops (`_kernels/rows`).

Loops then do what the rule does, for values of any size, without a Python call.  What can't be seen through in this way, or
could do something else at another call, is left to the rule itself.
"""
import builtins
import dis
import math
import operator
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .._kernels import elementwise
from .._kernels.nodes import Kernel
from .._kernels.rows import Rows
from . import guard


class Untraceable(Exception):
    """A function can't be made rows of loops."""


class Opaque(Untraceable):
    """It can't, whatever it is called with: it does something that is not seen through."""


def traced(rule, forward, loop, operands, parameters, numbers=None):
    """Return the Kernel of a rule and its forward, and what its rows depend on.

    Parameters
    ----------
    rule : function
        ``rule(gy, y, *operands, **parameters)``.
    forward : callable
        On arrays.
    loop : loop or None
        What a `Kernel` takes for a forward, where its author has given that.
    operands : int
        1 or 2.
    parameters : dict
    numbers : Numbers, optional
        Of the parameters.  They are inputs of the rows: `Kernel.renumbered` gives the Kernel for others.

    Returns
    -------
    kernel : Kernel
    guards : list of (dict or cell, str or None, object)
        Each name that rule and forward take from outside, and what it was now.

    Raises
    ------
    Opaque
        Whatever the parameters.
    Untraceable
        With these.
    """
    outside = Outside((rule, forward), numbers is not None)
    outside.check(rule, ())
    if loop is None and isinstance(forward, np.ufunc):
        loop = forward
        if parameters or forward.nin != operands:
            raise Untraceable("forward is a ufunc of other arguments")
    elif loop is None:
        outside.check(forward, ())
    if numbers is not None:
        parameters = numbers.parameters
    found, failure = [], None
    for char in "df":
        try:
            found.append(of_dtype(char, rule, None if loop is not None else forward, operands, parameters))
        except Exception as error:          # whatever the rule raises on symbols; on arrays it may not
            failure = failure or error
    if not found:
        raise Untraceable(f"{type(failure).__name__}: {failure}") from failure
    return kernel_of(found, loop, loop is forward and name_of(forward) in CHEAP), outside.guards


def of_dtype(char, rule, forward, operands, parameters):
    """Return for one dtype the rows of a forward (None: it is a loop), how each gradient is written, what each reads, and
    whether all this is of arrays only."""
    recorder = Recorder(char)
    ahead = None if forward is None else forward_rows(recorder, forward, operands, parameters)
    gradients = backward_rows(recorder, rule, operands, parameters)
    reads = [() if rows is None else tuple([i for i in range(operands + 1) if rows.reads(i + 1)]) for rows in gradients]
    return ahead, [written(rows, operands) for rows in gradients], reads, recorder.of_arrays_only


def kernel_of(found, loop, is_cheap_loop):
    """Return the Kernel of what `of_dtype` gave, and of the loop that is forward where it is one.

    A dtype whose gradients are written otherwise, or read something else, is left to the rule.
    """
    _, backward, reads, _ = found[0]
    same = [one for one in found if one[2] == reads and kinds(one[1]) == kinds(backward)]
    forward = [one[0] for one in same] if loop is None else loop
    slopes = [g if g is None or isinstance(g, str) else [one[1][i] for one in same] for i, g in enumerate(backward)]
    try:
        kernel = Kernel(forward, tuple(slopes), reads, cheap=is_cheap(found[0][0]) if loop is None else is_cheap_loop)
    except TypeError as error:              # np.matmul and np.gcd have no loops for it
        raise Untraceable(str(error)) from error
    kernel.of_arrays_only = loop in BY_STRIDES or any([one[3] for one in found])
    return kernel


def kinds(backward):
    """Return which gradients are words, and which."""
    return [rows if rows is None or isinstance(rows, str) else "" for rows in backward]


def forward_rows(recorder, forward, operands, parameters):
    """Return the rows of a forward."""
    xs = [recorder.argument(i) for i in range(operands)]
    y = forward(*xs, **parameters)
    if any([y is x for x in xs]):
        raise Untraceable("forward gives an operand itself: that NumPy has them share memory is noted where it runs")
    rows = recorder.rows(y, operands)
    if not all([rows.reads(i) for i in range(operands)]):
        raise Untraceable("forward does not read all operands: the shape of its result is not that to which they broadcast")
    return rows


def backward_rows(recorder, rule, operands, parameters):
    """Return the rows of each gradient of a rule; None where there is none."""
    gy, *xs, y = [recorder.argument(i) for i in range(operands + 2)]
    gxs = rule(gy, y, *xs, **parameters)
    gxs = gxs if isinstance(gxs, tuple) else (gxs,)
    if len(gxs) != operands:
        raise Untraceable(f"{len(gxs)} gradients for {operands} operands")
    gxs = [g() if isinstance(g, FunctionType) else g for g in gxs]
    found = [None if g is None else recorder.rows(g, operands + 2) for g in gxs]
    if not all([rows is None or rows.reads(0) or rows.is_number(0.0) for rows in found]):
        raise Untraceable("a gradient does not read gy: its shape may be another than that of the result")
    return found


def written(rows, operands):
    """Return the rows of a gradient as a `Kernel` takes them: a word, where no loop is needed."""
    if rows is not None and len(rows.steps) == 1 and not rows.numbers:
        name, _, registers = rows.steps[0]
        if registers == (0,) and name in WORDS:
            return WORDS[name]
        if name == "multiply" and operands == 2 and sorted(registers) in ([0, 1], [0, 2]):
            return f"x{max(registers) - 1}"
    return rows


WORDS = {"copied": "+", "negative": "-"}


def is_cheap(rows):
    """Do rows take no longer than reading their result from memory does?"""
    return len(rows.steps) <= 3 and CHEAP.issuperset([name for name, *_ in rows.steps])


CHEAP = frozenset("add subtract multiply negative square absolute maximum minimum".split()
                  + "less less_equal equal not_equal select copied".split())


# ---- what a function takes from outside ------------------------------------------------------------------------------

BUILTINS = {name: getattr(builtins, name) for name in "abs float int len pow range sum tuple zip enumerate reversed".split()}
"""What of Python's own a rule that is traced may name.  They do the same with symbols and with arrays, or fail.

`isinstance` does not.
"""

FUNCTIONS = [np.where, np.zeros_like, np.ones_like, np.full_like, np.float32, np.float64]
"""And of NumPy, beside ufuncs and numbers."""

ATTRIBUTES = frozenset(("dtype", "kind", "type", "astype"))
"""What it may ask of what is no module: of symbols and their dtypes.  A function's attribute could change unseen."""

EFFECTS = ("STORE_GLOBAL", "STORE_NAME", "STORE_ATTR", "STORE_SUBSCR", "STORE_SLICE", "DELETE_", "IMPORT_", "YIELD_", "SEND",
           "LOAD_BUILD_CLASS", "LOAD_NAME", "MATCH_", "GET_LEN")
ASKING = ("LOAD_ATTR", "LOAD_METHOD")
GENERATORS = 0x20 | 0x80 | 0x200            # of code.co_flags: also coroutines


class Outside:
    """What functions take from outside."""

    def __init__(self, own, is_of_numbers):
        self.guards = []
        self.seen = set()
        self.own = own                      # the op's rule and forward
        self.is_of_numbers = is_of_numbers

    def check(self, value, following):
        """Note what a name stands for, and return how many of the instructions that follow ask a module for a name.

        By its type alone: another object may do anything when it is asked for an attribute, its class or a text.

        Raises
        ------
        Opaque
            It may do more than compute, or change unseen.
        """
        if type(value) is ModuleType:       # of a class of its own, a name may be computed
            if not following or following[0].opname not in ASKING:
                raise Opaque(f"it hands on the module {value.__name__}")
            return 1 + self.take(vars(value), following[0].argval, following[1:], value in (np, math))
        if issubclass(type(value), tuple(guard.OPS)):   # which is its forward on symbols
            return self.check(value.forward, ())
        if following and following[0].opname in ASKING:
            raise Opaque(f"it asks {said(value)} for .{following[0].argval}")
        if type(value) is FunctionType and (value.__module__ or "").partition(".")[0] != "numpy":
            self.check_function(value)
        elif not is_plain(value):
            raise Opaque(f"it names {said(value)}")
        return 0

    def check_function(self, function):
        """Note the names in a Python function."""
        if function not in self.seen:
            self.seen.add(function)
            for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
                if not is_plain(default) and type(default) is not str:
                    raise Opaque(f"it has the default {said(default)}")
            code = function.__code__
            if function not in self.own:    # a helper, which a notebook's autoreload changes in its place
                for name in ("__code__", "__defaults__", "__kwdefaults__"):
                    self.guards.append((function, name, getattr(function, name)))
            self.check_code(code, function.__globals__, dict(zip(code.co_freevars, function.__closure__ or ())))

    def check_code(self, code, names, cells):
        """Note the names in a code object, and in those within it."""
        if code.co_exceptiontable or code.co_flags & GENERATORS:        # with a try or with, it might take our errors for its own
            raise Opaque("it catches errors, or is a generator")
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                self.check_code(inner, names, cells)
        steps = list(dis.get_instructions(code))
        if self.is_of_numbers and any([step.opname == "IS_OP" and steps[i - 1].argval is not None for i, step in enumerate(steps)]):
            raise Untraceable("it compares by `is`, and a number is not itself here")
        of_modules = 0                      # instructions that follow, and ask a module
        for i, step in enumerate(steps):
            following = steps[i + 1:i + 9]
            if step.opname.startswith(EFFECTS) or step.opname == "STORE_DEREF" and step.argval in cells:
                raise Opaque(f"it does more than compute ({step.opname})")
            if step.opname == "LOAD_GLOBAL":
                of_modules = self.take(names, step.argval, following)
            elif step.opname.startswith("LOAD_") and step.argval in cells:
                of_modules = self.take_cell(cells[step.argval], following)
            elif step.opname in ASKING and of_modules:
                of_modules -= 1
            elif step.opname in ASKING and step.argval not in ATTRIBUTES:
                raise Opaque(f"it asks for .{step.argval}")

    def take(self, names, name, following, is_known=False):
        """Note a name in a dict, and return what `check` returns."""
        if name not in names:
            if name in BUILTINS and not (self.is_of_numbers and name == "sum"):       # which rounds Python's numbers once, since 3.12
                self.guards.append((names, name, guard.MISSING))
                return 0
            raise (Untraceable if name == "sum" else Opaque)(f"it names {name!r}")
        value = names[name]
        if value is not np and not is_known:
            self.guards.append((names, name, value))
        return self.check(value, following)

    def take_cell(self, cell, following):
        """Note a name of a closure, and return what `check` returns."""
        if cell == CellType():
            raise Opaque("it names what is not there yet")
        self.guards.append((cell, None, cell.cell_contents))
        return self.check(cell.cell_contents, following)


def said(value):
    """Return a few words on a value; what repr does may take long, or fail."""
    is_function = type(value) in (FunctionType, BuiltinFunctionType, np.ufunc, type(np.sum))
    return repr(value) if is_function else f"a {type(value).__name__}"


def is_plain(value):
    """Is it a number, a ufunc, or a function of which it is known that it only computes?"""
    if type(value) is BuiltinFunctionType:
        return value.__module__ == "math" or value in BUILTINS.values()
    return is_number(value) or type(value) is np.ufunc or any([value is f for f in (None, *FUNCTIONS, *BUILTINS.values())])


NUMBERS = int, float


def is_number(x):
    """Is it a real number of Python or NumPy?  What a class derived from these does in an operator is its own affair."""
    return type(x) in (bool, *NUMBERS) or issubclass(type(x), (np.number, np.bool_)) and type(x).__module__ == "numpy"


# ---- symbols ---------------------------------------------------------------------------------------------------------

class Symbol(NDArrayOperatorsMixin):
    """What stands for an array while a rule is traced: the register that its elements will be in."""

    __slots__ = ("recorder", "register", "dtype")

    def __init__(self, recorder, register, dtype):
        self.recorder, self.register, self.dtype = recorder, register, dtype

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or kwargs:
            raise Untraceable(f"{ufunc.__name__}.{method} with {', '.join(kwargs) or 'arrays'}")
        return self.recorder.call(ufunc, inputs)

    def __array_function__(self, function, types, args, kwargs):
        answer = ANSWERS.get(function)
        if answer is None or kwargs:
            raise Untraceable(f"numpy.{function.__name__}")
        return answer(self.recorder, *args)

    def __pow__(self, other):
        self.recorder.note_power(self, other)
        if isinstance(other, Symbol):
            return np.power(self, other)
        return probe(self) ** other         # by which of its ufuncs, NumPy is asked

    def __rpow__(self, other):
        self.recorder.note_power(self, other)
        return np.power(other, self)

    def astype(self, dtype):
        """Return the same elements; of booleans, 1 and 0."""
        if np.dtype(dtype) not in (self.dtype, self.recorder.dtype):
            raise Untraceable(f"astype({dtype})")
        return Symbol(self.recorder, self.register, np.dtype(dtype))

    def refuse(self, *args):
        raise Untraceable("what it does depends on an array's elements, or more than elements")

    __bool__ = __float__ = __int__ = __complex__ = __index__ = __array__ = __len__ = __iter__ = __getitem__ = __repr__ = refuse


class Probe(np.ndarray):
    """An array that tells which ufunc an operator is."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return self.symbol.recorder.call(ufunc, [self.symbol if x is self else x for x in inputs])


def probe(symbol):
    """Return a Probe of a symbol."""
    p = np.zeros(1, symbol.dtype).view(Probe)
    p.symbol = symbol
    return p


class Numbers:
    """The numbers that depend on an op's parameters, and how: arithmetic is done again, in order, for other parameters.

    All of it, also what no step reads, since it may raise.
    """

    def __init__(self, parameters):
        self.steps, self.known = [], {}     # steps: (function, operands), an operand being a place here, or a constant
        self.parameters = {name: self.note(None, (name,), x) if type(x) in NUMBERS else x for name, x in parameters.items()}

    def note(self, function, operands, value):
        """Return the Number of a step; of one that was there before, the same."""
        key = function, tuple([(type(x), repr(x)) for x in operands])
        if key not in self.known:
            self.known[key] = Number(self, len(self.steps), value)
            self.steps.append((function, operands, type(value)))
        return self.known[key]

    def values(self, parameters):
        """Return the numbers that these parameters give.  They are of the same types, which decide about dtypes.

        Raises
        ------
        Exception
            Of whatever kind the arithmetic raises.
        """
        values = []
        for function, operands, kind in self.steps:
            x = parameters[operands[0]] if function is None else function(*[values[x.i] if type(x) is Place else x for x in operands])
            if type(x) is not kind:
                raise Untraceable(f"{x!r} where it was traced for a {kind.__name__}")
            values.append(x)
        return values


class Place:
    """The place of a Number among all."""

    def __init__(self, i):
        self.i = i

    def __repr__(self):
        return f"Place({self.i})"


class Number:
    """What stands for a number that depends on parameters while a rule is traced: it is this one now.

    It meets symbols as a number does, and arithmetic with other numbers is noted; all else is refused.
    """

    def __init__(self, numbers, i, value):
        self.numbers, self.place, self.value = numbers, Place(i), value

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return NotImplemented               # a symbol answers; without one it is an error

    __array_function__ = __array_ufunc__

    def refuse(self, *args):
        raise Untraceable("what it does depends on a parameter's value")

    __bool__ = __float__ = __int__ = __complex__ = __index__ = __array__ = __repr__ = __format__ = __hash__ = refuse
    __round__ = __trunc__ = __floor__ = __ceil__ = refuse


def arithmetic(name, is_reflected=False):
    """Return the method of a Number that computes by an operator."""
    function = getattr(operator, name)

    def method(*xs):
        if any([type(x) is Symbol for x in xs]):
            return NotImplemented
        xs = xs[::-1] if is_reflected else xs
        value = function(*map(value_of, xs))
        if type(value) not in NUMBERS:
            raise Untraceable(f"a parameter makes {value!r}")
        numbers = next(x.numbers for x in xs if type(x) is Number)
        return numbers.note(function, tuple([x.place if type(x) is Number else x for x in xs]), value)
    return method


def comparison(self, other):
    """A Number beside a symbol is compared by the symbol; beside a number it is not."""
    return NotImplemented if type(other) is Symbol else self.refuse()


for name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Number, f"__{name}__", arithmetic(name))
    setattr(Number, f"__r{name}__", arithmetic(name, is_reflected=True))
for name in ("neg", "pos", "abs"):
    setattr(Number, f"__{name}__", arithmetic(name))
for name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Number, f"__{name}__", comparison)


def value_of(x):
    """Return the number that a Number is now; all else as it is."""
    return x.value if type(x) is Number else x


def dtype_of(x):
    """Return the dtype of a symbol, a NumPy number or a bool."""
    return np.dtype(bool) if type(x) is bool else x.dtype


def name_of(ufunc):
    """Return the name of a ufunc of NumPy's; of others "", since they may have taken it."""
    return ufunc.__name__ if getattr(np, ufunc.__name__, None) is ufunc else ""


class Recorder:
    """The steps that are noted while a function is traced, for one dtype."""

    def __init__(self, char):
        self.char, self.dtype = char, np.dtype(char)
        self.steps = []                     # (name, source, registers); ("x", i): argument i, ("c", c): number c, ("s", s): step s
        self.known = {}
        self.of_arrays_only = False         # NumPy makes a scalar of a 0-d result, whose ** is another than that of arrays

    def argument(self, i):
        return Symbol(self, ("x", i), self.dtype)

    def note_power(self, *xs):
        """Note that one of these may be a result."""
        if any([type(x) is Symbol and x.register[0] != "x" for x in xs]):
            self.of_arrays_only = True

    def number(self, x):
        """Return the register of a number: 0.0 and -0.0 are two."""
        with np.errstate(all="ignore"):
            value = float(self.dtype.type(value_of(x)))
        if math.isinf(value) and not math.isinf(value_of(x)):
            raise Untraceable(f"{value_of(x)} is too large for {self.dtype}")
        if type(x) is Number:
            return "input", value, x.place.i
        return "c", value, math.copysign(1, value)

    def step(self, name, source, symbols, dtype=None):
        """Note the call of a loop, and return its result; a call that was there before is not made again."""
        registers = tuple([x.register if isinstance(x, Symbol) else self.number(x) for x in symbols])
        if (source, registers) not in self.known:
            self.known[source, registers] = "s", len(self.steps)
            self.steps.append((name, source, registers))
        return Symbol(self, self.known[source, registers], dtype or self.dtype)

    def own(self, name, *symbols, dtype=None):
        """Note the call of a loop of the engine's own."""
        loop = getattr(elementwise, OWN.get(name, name))["df".index(self.char)]
        return self.step(name, ("capsule", loop, 0), symbols, dtype)

    def result_type(self, xs):
        """Return the dtype of what NumPy computes of these."""
        for x in xs:
            if type(x) not in (Symbol, Number) and not is_number(x) or type(x) is Symbol and x.recorder is not self:
                raise Untraceable(f"an operand is {type(x).__name__}")
        return np.result_type(*[x if type(x) in NUMBERS else dtype_of(x) for x in map(value_of, xs)])

    def call(self, ufunc, xs):
        """Return the symbol of what a ufunc makes of symbols and numbers."""
        dtype = self.result_type(xs)
        if dtype == bool:
            return self.call_of_booleans(ufunc, xs)
        if dtype != self.dtype or ufunc.nout != 1 or ufunc.signature is not None:
            raise Untraceable(f"{ufunc.__name__} of {dtype}")
        if ufunc is np.conjugate:
            return xs[0]                    # of a real number it is the number
        if ufunc in COMPARISONS:
            name, places = COMPARISONS[ufunc]
            return self.own(name, *[xs[i] for i in places], dtype=np.dtype(bool))
        if name_of(ufunc) in OWN:
            return self.own(ufunc.__name__, *xs)
        if ufunc in BY_STRIDES:
            if any([type(x) is Number for x in xs]):
                raise Untraceable(f"{ufunc.__name__} of a number: which loop it is depends on that")
            self.of_arrays_only = True
        types = f"{self.char * ufunc.nin}->{self.char}"
        found = ufunc.resolve_dtypes((*[type(x) if type(x) in NUMBERS else dtype_of(x) for x in map(value_of, xs)], None))
        if types not in ufunc.types or set(found) != {self.dtype}:      # SciPy's take a Python number for float64
            raise Untraceable(f"{ufunc.__name__} has no loop {types}")
        return self.step(name_of(ufunc), ("ufunc", ufunc, ufunc.types.index(types)), xs)

    def call_of_booleans(self, ufunc, xs):
        """The same of 1s and 0s."""
        if ufunc in (np.logical_not, np.invert):
            return self.own("equal", xs[0], 0.0, dtype=np.dtype(bool))
        if ufunc in (np.logical_and, np.bitwise_and, np.multiply):
            return self.own("multiply", *xs, dtype=np.dtype(bool))
        if ufunc in (np.logical_or, np.bitwise_or, np.add):
            return self.own("select", xs[0], 1.0, xs[1], dtype=np.dtype(bool))
        raise Untraceable(f"{ufunc.__name__} of booleans")

    def where(self, condition, a, b):
        """np.where"""
        if not isinstance(condition, Symbol) or condition.dtype != bool or self.result_type((a, b)) != self.dtype:
            raise Untraceable("numpy.where of other dtypes")
        return self.own("select", condition, a, b)

    def full_like(self, x, value):
        """np.full_like"""
        if x.dtype == bool:
            raise Untraceable("numpy.full_like of booleans")
        return Symbol(self, self.number(value), x.dtype)

    def rows(self, y, nin):
        """Return the rows that compute a symbol from so many arguments; what it does not need is left out."""
        if not isinstance(y, Symbol) or y.dtype != self.dtype:
            raise Untraceable(f"a result is {type(y).__name__}")
        if y.register[0] != "s":
            y = self.own("copied", y)
        needed = {y.register[1]}
        for s in range(y.register[1], -1, -1):
            if s in needed:
                needed |= {r[1] for r in self.steps[s][2] if r[0] == "s"}
        steps = [(s, self.steps[s]) for s in sorted(needed)]
        numbers = list(dict.fromkeys([r for _, step in steps for r in step[2] if r[0] in ("c", "input")]))
        place = {("x", i): i for i in range(nin)}
        place.update({r: nin + i for i, r in enumerate(numbers)})
        place.update({("s", s): nin + len(numbers) + i for i, (s, _) in enumerate(steps)})
        return Rows(self.char, nin, [r[1] for r in numbers],
                    [(name, source, tuple([place[r] for r in registers])) for _, (name, source, registers) in steps],
                    {i: r[2] for i, r in enumerate(numbers) if r[0] == "input"})


OWN = {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "negative": "neg", "square": "square",
       "absolute": "absolute", "sign": "sign", "maximum": "maximum", "minimum": "minimum"}
"""Ufuncs whose loops are the engine's own, to the bit the same; but which of 0 and -0 is the larger NumPy leaves open."""

BY_STRIDES = np.power, np.float_power, np.arctan2
"""Of which NumPy runs another loop where an operand's stride is 0, as that of a number is, and in 0-d data that of each."""

COMPARISONS = {np.less: ("less", (0, 1)), np.greater: ("less", (1, 0)), np.less_equal: ("less_equal", (0, 1)),
               np.greater_equal: ("less_equal", (1, 0)), np.equal: ("equal", (0, 1)), np.not_equal: ("not_equal", (0, 1)),
               np.isnan: ("not_equal", (0, 0))}

ANSWERS = {np.where: Recorder.where, np.full_like: Recorder.full_like, np.zeros_like: lambda r, x: r.full_like(x, 0.0),
           np.ones_like: lambda r, x: r.full_like(x, 1.0)}
