"""Functions: what an op author writes, and one call of it; and which op answers which operator."""
from inspect import Parameter, Signature, signature
from types import FunctionType, MethodType

import numpy as np

from .._kernels import IN_USE
from .._kernels.nodes import FunctionBase, VariableBase
from ..registry import OPERATORS, registry
from . import arguments, dispatch, graph, rules, tape
from .arguments import NoValue
from .checks import GradientTypeError, check_data, who


class OperatorTable:
    """Which op answers which operator and NumPy function, and which class runs by its loops, as the registry has it now."""

    def __init__(self):
        self.loops = {}
        self.functions = {}
        self.answers = {}

    def fill(self, snapshot):
        """Take what the registry has now, but for lazy claims: these are looked up in the registry, which imports what they need."""
        for operator in OPERATORS:
            op = snapshot.operators.get(operator)
            setattr(self, operator.strip("_") + "_", None if op is None or op.module is not None else op)
        self.loops = {op.cls: op for op in snapshot.ops if set_direct(op)}
        self.functions = {function: op for function, op in snapshot.functions.items() if op.module is None}
        self.answers = {}                   # last: a thread that asks meanwhile notes what it finds in the old one


def set_direct(op):
    """Note for how many operands the loops alone do what `op.apply` does; 0: for none."""
    op.direct = op.kernel.nin if op.kernel is not None and IN_USE == "compiled" and takes_operands_first(op.cls) else 0
    return op.direct


def is_standard(cls):
    """Is `apply` Function's own?"""
    return applied_by(cls) is Function


def takes_operands_first(cls):
    """Does `apply` do with operands alone what loops do: Function's own, or that of a rule?"""
    return applied_by(cls) in (Function, RuleFunction)


def applied_by(cls):
    """Return the class whose `apply` a class has."""
    return next(base for base in cls.__mro__ if "apply" in base.__dict__)


class Function(FunctionBase):
    """Function()
--

    One call of an op; the base of every op.

    A subclass gives `forward` and `backward`, both on arrays.  The attributes below are read from the class's own
    body when it is registered; a class that is only called needs none of them.

    Attributes
    ----------
    name : str
        `F.name(...)`, and the method `x.name(...)`; "linalg.solve" is `F.linalg.solve(...)`, and no method.
    operators : tuple of str
        Such as ("__matmul__",); reflected and augmented forms follow.
    numpy : tuple
        NumPy functions it answers, such as (np.sinc,), (np.add, "reduce") or "scipy.special.erf".
    method : True, str, callable or None
        True: ``x.name(...)``; another name; a function ``(x, *args, **kwargs)`` for other forms; None: no method.
    attribute : str
        Such as "T": ``x.T`` is the op of x.
    kernel : Kernel
        Loops that do the same, faster.
    order : int or None
        1: only first derivatives; None: the rule is vouched for, to any order.
    samples : static method
        ``samples(sample)`` calls ``sample(*args, **kwargs)`` as ``F.name`` is called: what `dezero.testing.check_op` tries.
        An op of arrays of one shape needs none.
    index_parameter : str
        The name of a parameter that is an index, as that of `numpy.take`: a Variable in it is taken by its array, of integers or
        booleans, which no gradient goes to.
    assign_operand : static method
        ``assign_operand(x, index, v)`` does ``y[index] = v`` where y is the op's result for x and, in NumPy, a view of x that no index
        gives, as the real part is: it assigns to x.  Without it such an assignment is refused.
    inputs, outputs : list of Variable, list of weakref.ref
        Of the call.  While the rule runs they hold the values at forward.
    generation : int
        That of its youngest input.
    """

    index_parameter = None                  # see `rules.as_index`
    assign_operand = None                   # see `assign.assign_through`

    def __init__(self):
        pass

    def __call__(self, *inputs):
        return tape.run_forward(self, inputs)

    @classmethod
    def apply(cls, *args, **kwargs):
        """Call the op: as many leading arguments as `forward` takes are operands, the rest goes to `__init__`.

        Where the op claims a NumPy function, arguments have the order, names and defaults of this one's; what the op does not know
        of them may be given with NumPy's default only.  `__init__` gets arrays, lists and dicts as copies, the arrays to read only,
        and the array of a constant Variable.

        Raises
        ------
        TypeError
            An argument that the op does not know.
        GradientError
            A Variable that wants a gradient is among the parameters.
        """
        return apply_op(cls, args, kwargs)

    def forward(self, *xs):
        raise NotImplementedError(f"{who(type(self))} has no forward")

    def backward(self, *gys):
        raise NotImplementedError(f"{who(type(self))} has no backward")

    @property
    def inputs(self):
        if self._inputs is not None:
            return self._inputs
        return None if self._parents is None else [graph.variable_of(x) for x in self._parents]

    @inputs.setter
    def inputs(self, inputs):
        held = self._parents, self._inputs          # noqa: F841  see `graph.cut`
        self._parents = tuple([graph.node_of(x if isinstance(x, VariableBase) else as_leaf(x)) for x in inputs])
        self._inputs = None
        self.generation = youngest(self._parents)

    @property
    def needs_input_grad(self):
        """tuple of bool: for each input, whether its gradient goes anywhere; a rule may return None for the others."""
        return needs_of(self)

    @property
    def outputs(self):
        return self._outputs

    @outputs.setter
    def outputs(self, outputs):
        self._outputs = outputs

    def __lt__(self, other):
        return self.generation > other.generation

    def __hash__(self):
        return id(self) >> 4


class RuleFunction(Function):
    """One call of an op whose rule is a function; the base of the class that stands for such an op."""

    __slots__ = ()

    def __init__(self, **parameters):
        self._rule = type(self).op._rule
        self._parameters = {name: rules.parameter(type(self), name, x) for name, x in parameters.items()}

    @classmethod
    def apply(cls, *args, **kwargs):
        """Call the op, which gives Variables always."""
        return cls.op.apply(*args, **kwargs)

    def forward(self, *xs):
        return rules.call_forward(self, xs)

    def backward(self, *gys):
        """Return what the rule gives for self.inputs and self.outputs, which hold Variables while the engine, or a test, runs it."""
        ys = [y() for y in self.outputs]
        return tuple(rules.call_function(self, list(gys), ys, list(self.inputs), None))


def apply_op(cls, args, kwargs):
    """Return what `Function.apply` gives for a class."""
    y = None if kwargs else apply_loops(cls, args)
    if y is not None:
        return y
    bound = arguments_of(cls)
    if bound is None:
        return apply_by_place(cls, args, kwargs)
    exact = bound.exact
    if kwargs or (exact is not None and exact != len(args)):
        parameters = plain_calls(bound).parameters(cls, args, kwargs)
        if parameters is None:
            operands, kwargs = bound.bind(args, kwargs, False)      # lists are operands where NumPy's function was called
            args = tuple(bound.present(operands))
        else:
            args, kwargs = args[:bound.leading], parameters
        y = None if kwargs else apply_loops(cls, args)
        if y is not None:
            return y
    try:
        f = cls(**kwargs)
    except TypeError as error:
        if isinstance(error, GradientTypeError):
            raise
        raise TypeError(f"{bound.called()}: {error}") from error
    return f(*args)


class PlainCalls:
    """What `Arguments.bind` makes of calls with all operands by place, 10 us sooner."""

    def __init__(self, bound):
        self.leading = -1 if bound.leading is None or True in bound.optional else bound.leading
        self.by_place, self.names = bound.by_place, bound.parameters
        self.needed = [name for name in bound.needed if name in bound.parameters]
        self.differing = bound.differing

    def parameters(self, cls, args, kwargs):
        """Return the parameters of a call as they are now; None where it is none of these."""
        count = len(args)
        if not 0 <= self.leading <= count <= len(self.by_place):
            return None
        found = {}
        for i in range(self.leading, count):
            if not self.take(found, cls, self.by_place[i], args[i]):
                return None
        for name, x in kwargs.items():
            if not self.take(found, cls, name, x):
                return None
        for name in self.needed:
            if name not in found:
                return None
        for name, default in self.differing.items():
            if name not in found:
                self.take(found, cls, name, default)
        return found

    def take(self, found, cls, name, x):
        """Put a parameter among those that were found, and return whether it is one that is given once."""
        if name in found or name not in self.names or x is NoValue:
            return False
        found[name] = rules.parameter(cls, name, x)
        return True


def plain_calls(bound):
    """Return the PlainCalls of an op's Arguments, made when they are first asked for."""
    if bound.plain is None:
        bound.plain = PlainCalls(bound)
    return bound.plain


def apply_loops(cls, args):
    """Return what an op's loops make of operands; None where there are none, or they take something else."""
    op = operators.loops.get(cls)
    if op is None or len(args) != op.kernel.nin or not any([isinstance(x, VariableBase) for x in args]):
        return None
    return tape.run_kernel(op, as_0d(args[0]), as_0d(args[1]) if len(args) == 2 else None)


def apply_by_place(cls, args, kwargs):
    """Return the same for an op whose `__init__` takes parameters by place alone, or does not say what it takes."""
    count = operands_of(cls)
    parameters = () if count is None else args[count:]
    try:
        f = cls(*[rules.parameter(cls, i, x) for i, x in enumerate(parameters)],
                **{name: rules.parameter(cls, name, x) for name, x in kwargs.items()})
    except GradientTypeError:
        raise
    except TypeError as error:
        refuse_arguments(cls, args, kwargs, error)
    return f(*args[:count])


def arguments_of(cls):
    """Return the Arguments of an op whose `apply` is Function's own; None where `__init__` takes something by place alone."""
    of_class = cls.__dict__
    if "_arguments" not in of_class:
        cls._arguments = read_arguments(cls)
    return of_class["_arguments"]


def read_arguments(cls):
    """Read off a class's `forward` and `__init__` how it is called."""
    try:
        operands = list(signature(cls.forward).parameters.values())[1:]
        parameters = [] if cls.__init__ is Function.__init__ else list(signature(cls.__init__).parameters.values())[1:]
    except ValueError:                      # compiled, and says nothing
        return None
    names = [p.name for p in operands]
    operands = [f"*{p.name}" if p.kind is Parameter.VAR_POSITIONAL else p.name + "?" * (p.default is not Parameter.empty)
                for p in operands if p.kind not in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD)]
    if any([p.kind in (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL) or p.name in names for p in parameters]):
        return None
    claimed = cls.__dict__.get("numpy") or (None,)
    return arguments.Arguments(cls, tuple(operands), tuple(parameters), claimed[0], name=cls.__dict__.get("name", cls.__name__))


def function_of(name, cls):
    """Return what `F.name` is: it calls `cls.apply`, and shows `help`, `?` and `inspect` the op's own signature and docstring."""
    apply = cls.apply
    if is_standard(cls):
        return OpFunction(name, cls)
    if type(getattr(apply, "__func__", None)) is not FunctionType:
        return apply
    f = apply.__func__                      # a copy of it costs a caller nothing, a function around it 1000 instructions
    copy = FunctionType(f.__code__, f.__globals__, name, f.__defaults__, f.__closure__)
    copy.__kwdefaults__ = f.__kwdefaults__
    copy.__doc__ = f.__doc__ or cls.__doc__
    return MethodType(copy, cls)


class OpFunction:
    """What `F.name` is where the op has no `apply` of its own."""

    def __init__(self, name, cls):
        self.cls = cls
        self.__self__ = cls                 # as of a class method
        self.__name__ = name
        self.__doc__ = cls.__doc__
        self.__wrapped__ = cls              # whose source `F.name??` shows

    def __call__(self, *args, **kwargs):
        return apply_op(self.cls, args, kwargs)

    def __get__(self, instance, owner):
        return self                         # never bound; pydoc shows the signature of what has a __get__

    @property
    def __signature__(self):
        return signature_of(self.cls)

    @property
    def arguments(self):
        return arguments_of(self.cls)

    def __reduce__(self):
        return getattr, (self.cls, "apply")

    def __repr__(self):
        return f"<op {self.__name__!r}: {self.cls.__module__}.{self.cls.__qualname__}>"


def as_leaf(data):
    """Return a new leaf on an array."""
    return graph.without_graph(check_data(data), graph.LEAF)


def youngest(parents):
    """Return the highest generation among nodes."""
    generation = 0
    for x in parents:
        generation = max(generation, x.generation)
    return generation


def needs_of(f):
    """Return for each input of a call whether its gradient goes anywhere."""
    needs = []
    for x in f._parents:
        needs.append(not x.constant)
    return tuple(needs)


def operands_of(cls):
    """Return how many operands `forward` takes; all arguments where it takes *xs."""
    of_class = cls.__dict__
    if "_operands" not in of_class:
        cls._operands = count_operands(cls.forward)
    return of_class["_operands"]


def count_operands(forward):
    """Read off a signature how many operands it takes."""
    parameters = list(signature(forward).parameters.values())[1:]
    if any([p.kind is p.VAR_POSITIONAL for p in parameters]):
        return None
    return len([p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)])


def signature_of(cls):
    """Return the `inspect.Signature` of F.name: the operands of `forward`, then what `__init__` takes, or that of an own `apply`."""
    if not is_standard(cls):
        return signature(cls.apply)
    if arguments_of(cls) is not None:
        return arguments_of(cls).shown
    operands = [p if p.kind is p.VAR_POSITIONAL else p.replace(kind=p.POSITIONAL_ONLY)
                for p in list(signature(cls.forward).parameters.values())[1:] if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
    rest = [] if cls.__init__ is Function.__init__ else list(signature(cls.__init__).parameters.values())[1:]
    if any([p.kind is p.VAR_POSITIONAL for p in operands]):
        rest = [p.replace(kind=p.KEYWORD_ONLY) if p.kind is p.POSITIONAL_OR_KEYWORD else p for p in rest]
    try:
        return Signature(operands + rest)
    except ValueError:                      # one name for two things, or what can be left out before what can't
        return Signature([Parameter("args", Parameter.VAR_POSITIONAL), Parameter("kwargs", Parameter.VAR_KEYWORD)])


def refuse_arguments(cls, args, kwargs, error):
    """Raise a TypeError that `__init__` raised again, with the op and how it is called."""
    signature = signature_of(cls)
    kinds = [p.kind for p in signature.parameters.values()]
    unknown = [key for key in kwargs if key not in signature.parameters]
    most = kinds.count(Parameter.POSITIONAL_ONLY) + kinds.count(Parameter.POSITIONAL_OR_KEYWORD)
    reason = str(error)                     # the author's own words
    if unknown and Parameter.VAR_KEYWORD not in kinds:
        reason = f"it does not know {unknown[0]!r}"
    elif len(args) > most and Parameter.VAR_POSITIONAL not in kinds:
        reason = f"it takes {most} arguments by place, got {len(args)}"
    raise TypeError(f"{who(cls)} is called as {cls.__dict__.get('name', cls.__name__)}{signature}: {reason}") from error


def as_0d(x):
    """Return a NumPy scalar as the array it stands for, which loops take: 10 times faster."""
    return np.asarray(x) if isinstance(x, np.generic) else x


def answer(func, args, kwargs):
    """Return what a NumPy function of Variables is, where no argument needs to be bound anew; else NotImplemented.

    `dispatch.dispatch_numpy` is asked then.  Without this np.tanh(x) took 3.5 us more than the op itself, with it 0.4.
    """
    answers = operators.answers
    found = answers.get(func)
    if found is None:
        found = answers[func] = answer_of(func)
    if found.direct and found.direct == len(args) and not kwargs:
        y = tape.run_kernel(found.op, args[0], args[1] if len(args) == 2 else None)
        if y is not None:
            return y
    if found.apply is None:
        return NotImplemented
    for x in args[:found.operands]:
        if not dispatch.is_operand(x):
            return NotImplemented
    for name in kwargs:
        if name == "out" or found.parameters is not None and name not in found.parameters:
            return NotImplemented
    if found.op is None:
        args, kwargs = tuple([dispatch.to_data(x) for x in args]), {name: dispatch.to_data(x) for name, x in kwargs.items()}
    return found.apply(*args, **kwargs) if kwargs else found.apply(*args)


class Answer:
    """Who answers a NumPy function, with its arguments as they are; where `apply` is None, nobody.

    The first arguments, `operands` in number, are to be no lists, and `parameters` has the names that can be given beside them, or is
    None for any.  Without `op` the function is locally constant, and answered on the data.
    """

    def __init__(self, apply=None, op=None, operands=0, parameters=None):
        self.apply, self.op, self.operands, self.parameters = apply, op, operands, parameters
        self.direct = 0 if op is None else op.direct


def answer_of(func):
    """Return who answers a NumPy function, as far as the registry knows now."""
    op, snapshot = operators.functions.get(func), registry.snapshot
    operands = func.nin if isinstance(func, np.ufunc) else 0
    if op is None:
        is_constant = func in snapshot.constants and func not in snapshot.answers
        return Answer(func, None, operands) if is_constant else Answer()
    bound = arguments.found(op.apply)
    if bound is None:
        return Answer(op.apply, op, operands)
    return Answer(op.apply if bound.numpy is func else None, op, max(operands, len(bound.names)), bound.parameters)


operators = OperatorTable()
registry.subscribe(operators.fill)
