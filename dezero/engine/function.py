"""Functions: what an op author writes, and one call of it; and which op answers which operator."""
import numpy as np

from .._kernels import IN_USE
from .._kernels.nodes import FunctionBase, VariableBase
from ..registry import OPERATORS, registry
from . import graph, tape
from .checks import check_data, who


class OperatorTable:
    """Which op answers which operator and NumPy function, and which class runs by its loops, as the registry has it now."""

    def __init__(self):
        self.loops = {}
        self.functions = {}

    def fill(self, snapshot):
        """Take what the registry has now."""
        for operator in OPERATORS:
            setattr(self, operator.strip("_") + "_", snapshot.operators.get(operator))
        self.loops = {op.cls: op for op in snapshot.names.values() if set_direct(op)}
        self.functions = dict(snapshot.functions)


def set_direct(op):
    """Note for how many operands the loops alone do what `op.apply` does; 0: for none."""
    base = next(cls for cls in op.cls.__mro__ if "apply" in cls.__dict__)
    op.direct = op.kernel.nin if op.kernel is not None and IN_USE == "compiled" and base is Function else 0
    return op.direct


class Function(FunctionBase):
    """One call of an op; the base of every op.

    A subclass gives `forward` and `backward`, both on arrays.  The attributes below are read from the class's own
    body when it is registered; a class that is only called needs none of them.

    Attributes
    ----------
    name : str
        `F.name(...)`, and the method `x.name(...)`.
    operators : tuple of str
        Such as ("__matmul__",); reflected and augmented forms follow.
    numpy : tuple of callables
        NumPy functions it answers, such as (np.sinc,).
    kernel : Kernel
        Loops that do the same, faster.
    order : int or None
        1: only first derivatives; None: the rule is vouched for, to any order.
    samples : static method
        ``samples(sample)`` calls ``sample(*args, **kwargs)`` as ``F.name`` is called: what `dezero.testing.check_op` tries.
        An op of arrays of one shape needs none.
    inputs, outputs : list of Variable, list of weakref.ref
        Of the call.  While the rule runs they hold the values at forward.
    generation : int
        That of its youngest input.
    """

    def __init__(self):
        pass

    def __call__(self, *inputs):
        return tape.run_forward(self, inputs)

    @classmethod
    def apply(cls, *args, **kwargs):
        """Call the op: as many leading arguments as `forward` takes are operands, the rest goes to `__init__`.

        Raises
        ------
        TypeError
            An argument that the op does not know.
        """
        count = operands_of(cls)
        parameters = () if count is None else args[count:]
        op = operators.loops.get(cls)
        if op is not None and not kwargs and len(args) == op.kernel.nin and any([isinstance(x, VariableBase) for x in args]):
            y = tape.run_kernel(op, as_0d(args[0]), as_0d(args[1]) if len(args) == 2 else None)
            if y is not None:
                return y
        try:
            f = cls(*parameters, **kwargs)
        except TypeError as error:
            raise TypeError(f"{who(cls)}: its parameters do not take {parameters!r} {kwargs!r}: {error}") from error
        return f(*args[:count])

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
        self._parents = tuple([graph.node_of(x if isinstance(x, VariableBase) else as_leaf(x)) for x in inputs])
        self._inputs = None

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


def as_leaf(data):
    """Return a new leaf on an array."""
    return graph.without_graph(check_data(data), graph.LEAF)


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
    import inspect                          # 6 ms that `import dezero` need not pay

    parameters = list(inspect.signature(forward).parameters.values())[1:]
    if any([p.kind is p.VAR_POSITIONAL for p in parameters]):
        return None
    return len([p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)])


def as_0d(x):
    """Return a NumPy scalar as the array it stands for, which loops take: 10 times faster."""
    return np.asarray(x) if isinstance(x, np.generic) else x


def ask_loops(ufunc, method, inputs, kwargs):
    """Return what the loops of the op that claims a NumPy function make of operands; None where it takes more."""
    op = operators.functions.get(ufunc)
    if op is None or len(inputs) != op.direct or kwargs or method != "__call__":
        return None
    return tape.run_kernel(op, inputs[0], inputs[1] if len(inputs) == 2 else None)


operators = OperatorTable()
registry.subscribe(operators.fill)
