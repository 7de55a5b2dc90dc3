"""The engine: Variables, what an op call records, and the walk back.

Three things make a graph.  A `Node` (`_kernels/cells`) is one value and how it came about: its op and the nodes of its
inputs.  A `Variable` is the caller's handle on a node; the graph holds nodes and no handles, so what nobody holds and
no rule reads can be dropped.  A `Function` is one call of an op: it stands in the graph where the op's Python methods
do the work; where loops did it, it is made when somebody asks for `y.creator`.

    x = Variable(np.array(3.0))         leaf node, generation 0
    y = x * x + 3.0 * x                 mul, generation 1; mul, generation 1; add, generation 2
    y.backward()                        add, then both muls: x.grad is 9.0

This file is plain Python.  core.pxd beside it tells Cython the types, and compiled it is the same code.
"""
import heapq
from weakref import ref

import numpy as np

from . import config, guard
from ._kernels import IN_USE
from ._kernels.cells import (Call, Counted, Extra, Handle, Node, Record, Rows, Switch, as_result, gradient_dtype, keep_all, loops,
                             sum_to, usual_class, usual_gradient)
from .checks import (check_array, check_choice, check_gradient_type, checked_gradient, checked_output, describe, is_broadcast, name_op,
                     operand_arrays, who, wrong_shape)
from .dispatch import answer, compare, refuse_operand, understood
from .errors import DTypeError, FirstOrderOnly, GradientError, GraphError, OpAttributeError, OpTypeError
from .registry import OPERATORS, registry

config.Frames.counter = Counted             # by which a Switch knows that nobody is in any mode
recording = Switch(config.modes, config.defaults, "enable_backprop")
keeping = Switch(config.modes, config.defaults, "keep_data")
transforming = Switch(config.modes, config.defaults, "transform")
for_anomalies = Switch(config.modes, config.defaults, "detect_anomaly")
for_changes = Switch(config.modes, config.defaults, "detect_changes")

# Why a Variable without creator has no graph, by Variable.reason.
LEAF, TRACED, NO_GRAD, CONSTANTS, UNCHAINED, DETACHED = range(6)
REASONS = (
    "",                                     # the caller made it
    "",                                     # an argument of a function that a transform differentiates
    "it was computed under no_grad(), or with enable_backprop off",
    "it was computed from constants alone; wrap the inputs with Variable(...)",
    "unchain() cut it off from what it was computed from",
    "detach() made it a constant",
)


# ---- data ------------------------------------------------------------------------------------------------------------

def as_array(x):
    """An ndarray of a Python or NumPy scalar; anything else as it is."""
    return np.array(x) if np.isscalar(x) else x


def as_variable(obj):
    """`obj` itself where it is a Variable, else a new leaf on it.

    Raises
    ------
    TypeError
        For what `Variable` does not take.
    """
    return obj if isinstance(obj, Variable) else Variable(obj)


class Variable(Handle):
    """A value that remembers how it was computed.

    Parameters
    ----------
    data : numpy.ndarray or None
        Real, complex, integer or boolean; the array itself is held, not a copy.  None is a place for data to come.
    name : str, optional
        For whoever reads the graph.

    Attributes
    ----------
    data : numpy.ndarray or None
    grad : numpy.ndarray, Variable or None
        What `backward` has added up, in the shape of the data and its dtype (float64 for integers); a Variable after
        ``backward(create_graph=True)``.
    creator : Function or None
        The call that computed it.
    generation : int
        0 for a leaf, else one more than the youngest input.

    Raises
    ------
    TypeError
        "<class ...> is not supported": data is no array.
    DTypeError
        A matrix or masked array, or text, objects, dates, records.
    """

    __slots__ = ()
    __array_priority__ = 200

    def __init__(self, data, name=None):
        if data is not None:
            if not isinstance(data, np.ndarray):
                raise TypeError(f"{type(data)} is not supported: wanted a numpy.ndarray; np.asarray(...) makes one")
            check_array(data)
        self.array = data
        self._name = name
        self._grad = None
        self.assigned = False
        self.reason = LEAF
        self.show()

    # -- what it holds

    @property
    def data(self):
        return self._held()

    def _held(self):
        """The data, also where a rule is not to read them."""
        if self.array is None and self.node is not None:
            self.array = self.node.shown()
            if self.array is None:
                raise GraphError("the data of this intermediate result was dropped, since nobody held it and no rule reads "
                                 "it; hold the result itself, or compute under using_config('keep_data', True)")
        elif self.node is not None:
            self.node.expose()
        return self.array

    @data.setter
    def data(self, data):
        if isinstance(data, np.generic):
            data = np.asarray(data)         # NumPy's arithmetic makes scalars of 0-d arrays
        if data is not None and not isinstance(data, np.ndarray):
            raise TypeError(f"{type(data)} is not supported: wanted a numpy.ndarray")
        if data is not None:
            check_array(data)
        if self.reason == TRACED:
            raise GraphError("the argument of a function that a transform (grad, vjp, ...) differentiates keeps its data: "
                             "make a new Variable, or write x = x + step")
        node = self.node
        if node is not None and (node.op is not None or node.in0 is not None):
            if data is None or data.shape != node.shape or data.dtype != node.dtype:
                raise GraphError(f"data of an op's result may be replaced by its like only: got {describe(data)}, "
                                 f"wanted shape {node.shape} and dtype {node.dtype}; make a new Variable")
            alias(self, data)
        elif node is not None:
            outdate(self)
        self.array = data

    @property
    def grad(self):
        return self._grad

    @grad.setter
    def grad(self, grad):
        if grad is not None:
            grad = checked_gradient(grad, *self._meta(), "x.grad = ...")
        self._grad = grad
        self.assigned = grad is not None
        self.show()

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, name):
        self._name = name
        self.show()
        if self.node is not None:
            extra_of(self.node).name = name

    @property
    def shape(self):
        return self.node.shape if self.array is None and self.node is not None else self._held().shape

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return int(np.prod(self.shape, dtype=object))

    @property
    def dtype(self):
        return self.node.dtype if self.array is None and self.node is not None else self._held().dtype

    def _meta(self):
        """Shape and dtype, or two None where there is no data yet."""
        return (None, None) if self.array is None and self.node is None else (self.shape, self.dtype)

    @property
    def _data(self):
        # numpy.ma asks its operands for it, and would go on with __array__: the graph cut in silence.
        raise DTypeError("a Variable beside a masked array is not supported: pass a.filled(value)")

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() of a 0-d Variable")
        return self.shape[0]

    def __repr__(self):
        if self.array is None and self.node is None:
            return "variable(None)"
        return "variable(" + str(self._held()).replace("\n", "\n" + " " * 9) + ")"

    # -- where it comes from

    @property
    def generation(self):
        return 0 if self.node is None else source(self.node).generation

    @property
    def creator(self):
        return None if self.node is None else creator_of(self, source(self.node))

    def set_creator(self, func):
        """Say that `func`, a called Function or one whose `inputs` are set, computed this.

        Parameters
        ----------
        func : Function
        """
        node = valued(self._held())
        node.op = func
        node.generation = func.generation + 1
        node.show()
        self.bind(node)

    def detach(self):
        """The same data as a Variable of its own, a constant for whatever is computed from here on."""
        return without_graph(self._held(), DETACHED)

    def unchain(self):
        """Forget how this was computed: gradients end here, as at a leaf."""
        if self.reason == TRACED:
            raise GraphError("unchain() of the argument of a function that a transform (grad, vjp, ...) differentiates: "
                             "use x.detach() where it is meant to be constant")
        if self.node is not None and (self.node.op is not None or self.node.in0 is not None):
            self._held()                    # a leaf holds data
            cut(self.node)
            self.reason = UNCHAINED

    def unchain_backward(self):
        """Forget how everything that this was computed from was computed, as truncated backpropagation does."""
        if self.node is not None:
            unchain_inputs(self.node)

    # -- gradients

    def cleargrad(self):
        """Set `grad` to None."""
        self.grad = None

    clear_grad = cleargrad

    def backward(self, retain_grad=False, create_graph=False, *, gradient=None):
        """Add the gradient of this Variable to `.grad` of every leaf it was computed from.

        Parameters
        ----------
        retain_grad : bool
            Also set `.grad` of this Variable and of the intermediate ones that the caller holds.
        create_graph : bool
            Record the computation of the gradients, so that they are Variables and can be differentiated again.
        gradient : numpy.ndarray or Variable, optional
            Where to begin, in the shape of this Variable: by default `.grad` where the caller has assigned it, else
            ones.

        Raises
        ------
        GraphError
            Nothing was recorded; the message says why.
        GradientError
            `gradient`, or what a rule gave, has the wrong shape or type.
        DTypeError
            The data is complex.
        TypeError
            `retain_grad` or `create_graph` is no truth value: PyTorch takes the gradient there.

        Sums over broadcast axes may be added in another order, and differ in the last bits, with `retain_grad`, with
        `create_graph`, where a fault is looked for, and while another thread is in backward.

        A backward that fails leaves every `.grad` as it was.  Graphs of gradients are freed by reference counting as all
        graphs are; a cycle comes about, and waits for the garbage collector, only where somebody sets on an op's instance a
        Variable that was computed from its result, as a rule may that keeps its gradients.
        """
        if self.node is None or self.node.op is None and self.node.in0 is None:
            if REASONS[self.reason]:
                raise GraphError(f"backward: there is no graph behind this Variable: {REASONS[self.reason]}")
            if self.data is None:
                raise GraphError("backward: this Variable has no data")
        if retain_grad is not False or create_graph is not False:
            check_choice("retain_grad", retain_grad)
            check_choice("create_graph", create_graph)
        root = edge(self)
        if not create_graph and transforming.on() and leads_to_argument(root):
            raise GradientError("backward() gives arrays, which cut the graph while a transform (grad, vjp, ...) runs: "
                                "use backward(create_graph=True), or the transform itself")
        if root.kind < 0:                   # float64 and float32 need not be asked
            gradient_dtype(root.dtype)
        is_leaf = root.op is None and root.in0 is None
        if gradient is not None:
            gradient = checked_gradient(gradient, *self._meta(), "backward(gradient=...)")
        elif self.assigned and not is_leaf:
            gradient = self._grad
        run_backward(self, root, gradient, retain_grad, create_graph)
        if self.assigned and not is_leaf and not retain_grad:
            self.grad = None

    # -- operators: whatever op claims them in the registry

    def __add__(self, other): return operate(slots.add_, "__add__", self, other)
    def __radd__(self, other): return operate(slots.add_, "__add__", other, self)
    def __sub__(self, other): return operate(slots.sub_, "__sub__", self, other)
    def __rsub__(self, other): return operate(slots.sub_, "__sub__", other, self)
    def __mul__(self, other): return operate(slots.mul_, "__mul__", self, other)
    def __rmul__(self, other): return operate(slots.mul_, "__mul__", other, self)
    def __truediv__(self, other): return operate(slots.truediv_, "__truediv__", self, other)
    def __rtruediv__(self, other): return operate(slots.truediv_, "__truediv__", other, self)
    def __pow__(self, other): return operate(slots.pow_, "__pow__", self, other)
    def __rpow__(self, other): return operate(slots.pow_, "__pow__", other, self)
    def __floordiv__(self, other): return operate(slots.floordiv_, "__floordiv__", self, other)
    def __rfloordiv__(self, other): return operate(slots.floordiv_, "__floordiv__", other, self)
    def __mod__(self, other): return operate(slots.mod_, "__mod__", self, other)
    def __rmod__(self, other): return operate(slots.mod_, "__mod__", other, self)
    def __divmod__(self, other): return operate(slots.divmod_, "__divmod__", self, other)
    def __rdivmod__(self, other): return operate(slots.divmod_, "__divmod__", other, self)
    def __matmul__(self, other): return operate(slots.matmul_, "__matmul__", self, other)
    def __rmatmul__(self, other): return operate(slots.matmul_, "__matmul__", other, self)
    def __and__(self, other): return operate(slots.and_, "__and__", self, other)
    def __rand__(self, other): return operate(slots.and_, "__and__", other, self)
    def __or__(self, other): return operate(slots.or_, "__or__", self, other)
    def __ror__(self, other): return operate(slots.or_, "__or__", other, self)
    def __xor__(self, other): return operate(slots.xor_, "__xor__", self, other)
    def __rxor__(self, other): return operate(slots.xor_, "__xor__", other, self)
    def __lshift__(self, other): return operate(slots.lshift_, "__lshift__", self, other)
    def __rlshift__(self, other): return operate(slots.lshift_, "__lshift__", other, self)
    def __rshift__(self, other): return operate(slots.rshift_, "__rshift__", self, other)
    def __rrshift__(self, other): return operate(slots.rshift_, "__rshift__", other, self)
    def __neg__(self): return operate_alone(slots.neg_, "__neg__", self)
    def __pos__(self): return operate_alone(slots.pos_, "__pos__", self)
    def __abs__(self): return operate_alone(slots.abs_, "__abs__", self)
    def __invert__(self): return operate_alone(slots.invert_, "__invert__", self)
    def __round__(self, *digits): return claimed(slots.round_, "__round__").apply(self, *digits)
    def __getitem__(self, index): return claimed(slots.getitem_, "__getitem__").apply(self, index)

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d Variable")
        return iter([self[i] for i in range(len(self))])

    def __lt__(self, other): return compare(np.less, self, other)
    def __le__(self, other): return compare(np.less_equal, self, other)
    def __gt__(self, other): return compare(np.greater, self, other)
    def __ge__(self, other): return compare(np.greater_equal, self, other)
    def __eq__(self, other): return compare(np.equal, self, other)
    def __ne__(self, other): return compare(np.not_equal, self, other)
    def __hash__(self): return id(self) >> 4

    # -- as plain Python and NumPy see it

    def __bool__(self):
        return bool(self.only("the truth value of a Variable of shape {} is ambiguous: wanted one element; use x.data.any() or .all()", ValueError))

    def __float__(self):
        refuse_in_transform(self, "float")
        return float(self.only("float() of a Variable of shape {}: wanted one element", TypeError))

    def __int__(self):
        refuse_in_transform(self, "int")
        return int(self.only("int() of a Variable of shape {}: wanted one element", TypeError))

    def only(self, message, error):
        """The one element, as a Python number."""
        data = self._held()
        if data is None:
            raise TypeError("this Variable has no data")
        if data.size != 1:
            raise error(message.format(self.shape))
        return data.item()

    def __array__(self, dtype=None, copy=None):
        refuse_in_transform(self, "numpy.asarray")
        if dtype is not None and dtype != self.dtype and copy is False:
            raise ValueError(f"a Variable of dtype {self.dtype} is no array of dtype {dtype} without a copy")
        return np.array(self.data, dtype) if copy else np.asarray(self.data, dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        y = ask_loops(ufunc, method, inputs, kwargs)
        if y is not None:
            return y
        if not all([understood(x) or isinstance(x, (list, tuple)) for x in inputs]):
            return NotImplemented           # the other class has its turn
        return answer(ufunc, method, inputs, kwargs)

    def __array_function__(self, func, types, args, kwargs):
        if not all([issubclass(t, (Variable, np.ndarray)) for t in types]):
            return NotImplemented
        op = slots.functions.get(func)
        if op is None or "out" in kwargs or "where" in kwargs:
            return answer(func, "__call__", args, kwargs)
        return op.apply(*args, **kwargs)

    def __getattr__(self, name):
        if hasattr(type(self), name):       # a property of ours has failed: let it say so itself
            return object.__getattribute__(self, name)
        op = registry.find_name(name)
        if op is None:
            raise OpAttributeError(f"a Variable has no attribute {name!r}, and no op of this name is registered{registry.explain(name)}")
        return Method(op, self)

    def __dir__(self):
        return sorted({*object.__dir__(self), *registry.snapshot.names})

    def __copy__(self):
        refuse_in_transform(self, "copy")
        return restored(type(self), None if self.data is None else self.data.copy(), self._name, getattr(self, "__dict__", None))

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __reduce__(self):
        refuse_in_transform(self, "pickle")
        return restored, (type(self), self.data, self._name, getattr(self, "__dict__", None))


usual_class(Variable)


def restored(cls, data, name, attributes):
    """A copied or unpickled Variable: data and name, no graph and no gradient."""
    v = cls.__new__(cls)
    Variable.__init__(v, data, name)
    if attributes:
        v.__dict__.update(attributes)
    return v


def without_graph(data, reason):
    """A Variable on an array that has been checked."""
    v = Variable.__new__(Variable)
    v.array = data
    v.reason = reason
    return v


class Guarded(Variable):
    """What a rule reads under ``create_graph=True``: a Variable on a value of the graph, whose number is not to be had.

    A rule that took the number would go on with a constant, and the second derivative would be wrong without a word.
    What is computed from it while the rule runs is guarded as well.
    """

    __slots__ = ("rule", "lost")

    def _held(self):
        hold(self)
        if self.lost:
            refuse_lost()
        return Variable._held(self)

    @property
    def data(self):
        raise cut_by_rule(self, ".data")

    @property
    def creator(self):
        raise cut_by_rule(self, ".creator")

    def __copy__(self):
        raise cut_by_rule(self, "a copy")

    def unchain(self):
        raise cut_by_rule(self, ".unchain()")

    def unchain_backward(self):
        raise cut_by_rule(self, ".unchain_backward()")

    def backward(self, retain_grad=False, create_graph=False, *, gradient=None):
        raise cut_by_rule(self, ".backward()")


def guarded(node, f):
    v = Guarded.__new__(Guarded)
    v.node = node
    v.array = None if node.own else node.store
    v.rule, v.lost = f, False
    return v


def guarded_gradient(gy, f):
    v = guarded(edge(gy), f)
    v.array = gy.array
    return v


def like_operands(operands):
    """A new Variable, guarded where one of the operands is, and lost where one is."""
    y = None
    for x in operands:
        if isinstance(x, Guarded):
            y = like_guard(x, y)
    return Variable.__new__(Variable) if y is None else y


def like_guard(x, y):
    if y is None:
        y = Guarded.__new__(Guarded)
        y.rule, y.lost = x.rule, False
    y.lost = y.lost or x.lost
    return y


def is_lost(v):
    return v.lost


def refuse_lost():
    raise GraphError("the data of an intermediate result were dropped, and cannot be computed again")


def handle_like(node, operands):
    """The Variable of a new node, guarded where one of the operands is."""
    v = like_operands(operands)
    v.array = None if node.own else node.store
    v.bind(node)
    v.show()
    return v


def cut_by_rule(v, what):
    return first_order_only(v.rule, f"its rule takes {what} of an input, an output or a gradient, or of what it computed from them")


def first_order_only(f, why):
    return FirstOrderOnly(f"{who(type(f))}: {why}, so its second derivative (create_graph=True) would be wrong without a word. "
                          "Write the rule with operators on self.inputs, self.outputs and gy; where a number is constant on "
                          "purpose, say so by x.detach(), or by order = None for the whole rule; or declare order = 1")


def refuse_unrecorded(v):
    """A rule that switches recording off cuts the graph too."""
    if isinstance(v, Guarded) and not is_lost(v):
        raise cut_by_rule(v, "a result without graph (no_grad)")


def refuse_in_transform(v, what):
    if isinstance(v, Guarded):
        raise cut_by_rule(v, f"{what}()")
    if transforming.on() and (v.reason == TRACED or v.creator is not None) and not is_known(v):
        raise GradientError(f"{what}() of a Variable cuts the graph while a transform (grad, vjp, ...) runs: "
                            "use x.detach() or x.data if this is meant to be constant")


class Method:
    """An op bound to its first operand: `x.sum`."""

    def __init__(self, op, v):
        self.op, self.v = op, v
        self.__doc__ = op.cls.__doc__

    def __call__(self, *args, **kwargs):
        return self.op.apply(self.v, *args, **kwargs)

    def __repr__(self):
        return f"<op {self.op.qualified} of {self.v!r}>"


# ---- ops -------------------------------------------------------------------------------------------------------------

def ask_loops(ufunc, method, inputs, kwargs):
    """What the loops of the op that claims a NumPy function make of operands; None where it takes more to answer."""
    op = slots.functions.get(ufunc)
    if op is None or len(inputs) != op.direct or kwargs or method != "__call__":
        return None
    return quick(op, inputs[0], inputs[1] if len(inputs) == 2 else None)


class Slots:
    """Which op answers which operator and NumPy function, and which class runs by its loops, as the registry has it now."""

    def __init__(self):
        self.loops = {}
        self.functions = {}

    def fill(self, snapshot):
        for operator in OPERATORS:
            setattr(self, operator.strip("_") + "_", snapshot.operators.get(operator))
        self.loops = {op.cls: op for op in snapshot.names.values() if set_direct(op)}
        self.functions = dict(snapshot.functions)


def set_direct(op):
    """For how many operands do the loops alone what `op.apply` does?  0: for none."""
    base = next(cls for cls in op.cls.__mro__ if "apply" in cls.__dict__)
    op.direct = op.kernel.nin if op.kernel is not None and IN_USE == "compiled" and base is Function else 0
    return op.direct


class Function(Call):
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
        return call(self, inputs)

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
        op = slots.loops.get(cls)
        if op is not None and not kwargs and len(args) == op.kernel.nin and any([isinstance(x, Variable) for x in args]):
            y = quick(op, as_0d(args[0]), as_0d(args[1]) if len(args) == 2 else None)
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
        return None if self._edges is None else [handle(x) for x in self._edges]

    @inputs.setter
    def inputs(self, inputs):
        self._edges = tuple([edge(as_variable(x)) for x in inputs])
        self._inputs = None

    @property
    def needs_input_grad(self):
        """tuple of bool: for each input, whether its gradient goes anywhere; a rule may return None for the others."""
        return tuple([not is_constant(x) for x in self._edges])

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


def operands_of(cls):
    """How many operands `forward` takes; all arguments where it takes *xs."""
    of_class = cls.__dict__
    if "_operands" not in of_class:
        cls._operands = count_operands(cls.forward)
    return of_class["_operands"]


def count_operands(forward):
    import inspect                          # 6 ms that `import dezero` need not pay

    parameters = list(inspect.signature(forward).parameters.values())[1:]
    if any([p.kind is p.VAR_POSITIONAL for p in parameters]):
        return None
    return len([p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)])


def operate(op, operator, a, b):
    """a operator b, for whichever op has claimed the operator."""
    if op is None:
        if not understood(a) or not understood(b):
            return refuse_operand(operator, a if not understood(a) else b)
        op = claimed(None, operator)
    if op.direct == 2:
        y = quick(op, a, b)
        if y is not None:
            return y
    if not understood(a) or not understood(b):
        return refuse_operand(operator, a if not understood(a) else b)
    return op.apply(a, b)


def as_0d(x):
    """A NumPy scalar as the array it stands for, which loops take: 10 times faster."""
    return np.asarray(x) if isinstance(x, np.generic) else x


def operate_alone(op, operator, a):
    op = claimed(op, operator)
    if op.direct == 1:
        y = quick(op, a, None)
        if y is not None:
            return y
    return op.apply(a)


def claimed(op, operator):
    """The op that answers an operator, from an installed package if need be."""
    if op is None:
        op = registry.find_operator(operator)
    if op is None:
        raise OpTypeError(f"no op claims the operator {operator}{registry.explain(operator)}")
    return op


# ---- recording -------------------------------------------------------------------------------------------------------

def extra_of(node):
    if node.extra is None:
        node.extra = Extra()
    return node.extra


def edge(v):
    """The node of an operand; a leaf gets its own at first use, and a new one when its data was bound anew."""
    node = v.node
    if node is None:
        return leaf(v)
    if v.array is not None and not node.matches(v.array):
        if node.op is not None or node.in0 is not None:
            raise GraphError(f"the data of an op's result was changed in place: it is {describe(v.array)}, "
                             f"and was of shape {node.shape} and dtype {node.dtype}")
        outdate(v)
        return leaf(v)
    return node


def valued(array):
    """A node that holds an array."""
    node = Node.__new__(Node)
    node.describe(array)
    node.keep(array)
    return node


def leaf(v):
    if v.array is None:
        raise TypeError("this Variable has no data (Variable(None)): assign x.data first")
    node = Node.__new__(Node)
    node.describe(v.array)
    node.keep(v.array)
    if v._name is not None:
        extra_of(node).name = v._name
    node.constant = v.reason == DETACHED
    node.by_loops = True
    v.bind(node)
    return node


def outdate(v):
    """Let the next use of v make a new leaf, for other data; the old one still brings its gradients to the Variable."""
    extra_of(v.node).ref = ref(v)
    v.bind(None)


def alias(v, array):
    """A node of v's own between an op's result and other data that was bound to it."""
    node = valued(array)
    node.in0 = v.node
    node.generation = v.node.generation + 1
    node.constant = v.node.constant
    if v.node.tracked:
        node.show()
    v.bind(node)
    return node


def source(node):
    """The node that an op made, behind aliases."""
    while node.op is None and node.in0 is not None and node.place < 0:
        node = node.in0
    return node


def keep(node, v):
    """`node`, holding v's array for a rule to read; where it holds another one, an alias does."""
    if v.array is None or node.store is v.array:
        return node
    if v.node is not node and v.node.store is v.array:
        return v.node                       # v is both operands, and has got its alias
    if node.store is not None and not node.own or node.is_fixed():
        return alias(v, v.array)
    node.keep(v.array)
    return node


def constant(array):
    node = valued(array)
    node.constant = True
    return node


def quick(op, a, b):
    """Compute and record op by its loops; None where they do not fit the operands."""
    record = recording.on()
    looked_at = under_way.guarding + under_way.watchers
    if looked_at:
        bring_back(a)
        bring_back(b)
    if record:
        x0 = loops.node_of(a)
        if x0 is None and is_variable(a):
            x0 = edge(a)
        x1 = loops.node_of(b)
        if x1 is None and is_variable(b):
            x1 = edge(b)
    else:
        x0 = x1 = None
    kernel = op.kernel
    read = kernel.reads_for(x0, x1) if record else 0
    node = kernel.compute(a, b)
    if node is None:
        return None
    y = handle_like(node, (a, b)) if looked_at else node.held()
    if record:
        link(node, op, x0, x1, a, b, read)
    else:
        refuse_unrecorded(a)
        refuse_unrecorded(b)
        y.reason = NO_GRAD
        node.drop()
    if looked_at and under_way.watchers:
        look_at(y, op.cls, (a, b))
    if node.tracked:
        node.show()
        y.show()
    return y


def is_variable(x):
    """isinstance, without the walk over bases for what operands nearly always are."""
    return type(x) is Variable or type(x) is not int and type(x) is not float and isinstance(x, Variable)


def link(node, op, x0, x1, a, b, read):
    """Put a computed node into the graph, with what op's gradients read: by bit, operands and result."""
    kernel = op.kernel
    generation = 0
    if x0 is not None:
        node.in0 = x0 = keep(x0, a) if read & 1 else x0
        generation = x0.generation
        node.tracked = x0.tracked
    elif not is_plain_number(a):
        if read & 1:
            node.in0 = constant(a)
        else:
            node.lose()
    if x1 is not None:
        node.in1 = x1 = keep(x1, b) if read & 2 else x1
        if x1.generation > generation:
            generation = x1.generation
        if x1.tracked:
            node.tracked = True
    elif b is not None and not is_plain_number(b):
        if read & 2:
            node.in1 = constant(b)
        else:
            node.lose()
    node.op = op
    node.kernel = kernel
    node.generation = generation + 1
    node.constant = (x0 is None or x0.constant) and (x1 is None or x1.constant)
    node.by_loops = (x0 is None or x0.by_loops) and (x1 is None or x1.by_loops)
    if not node.own:
        node.copy_few(a, b)
        if not read >> kernel.nin & 1 and not keeping.on():
            node.drop()


def is_plain_number(x):
    """Is an operand of loops a number, which its node has taken down?"""
    return isinstance(x, (int, float)) or isinstance(x, np.float32)         # np.float64 is a float


def call(f, inputs):
    """Function.__call__: compute by `forward`, check, and record."""
    if f._edges is not None:
        raise GraphError(f"{who(type(f))}: this instance has been called before; one instance is one call, make a new one")
    xs = held_arrays(inputs) or operand_arrays(f, inputs)
    record = recording.on()
    if record:
        f._before = parameters_of(f)
        if "_around" not in type(f).__dict__ and type(f) is not Function:
            type(f)._around = guard.Around(type(f))
    try:
        ys = f.forward(*xs)
    except (TypeError, ValueError, OverflowError) as error:
        name_op(f, error, xs)
    single = not isinstance(ys, tuple)
    ys = [output(f, y, xs) for y in ((ys,) if single else ys)]
    if not ys:
        raise TypeError(f"{who(type(f))}: forward returned an empty tuple, wanted an array or a tuple of arrays")
    if not record or not any([isinstance(x, Variable) for x in inputs]):
        for x in inputs:
            refuse_unrecorded(x)
        outputs = [without_graph(y, CONSTANTS if record else NO_GRAD) for y in ys]
    else:
        outputs = record_call(f, inputs, xs, ys)
    if under_way.watchers:
        for y in outputs:
            look_at(y, type(f), inputs)
    return outputs if len(outputs) > 1 else outputs[0]


def output(f, y, xs):
    """An output of `forward` as an array that shares memory with no operand."""
    array = as_result(y, xs)
    return checked_output(f, y, xs) if array is None else array


def held_arrays(inputs):
    """The data of the operands where all are Variables, else None."""
    xs = []
    for x in inputs:
        if not isinstance(x, Variable):
            return None
        array = x._held()
        if array is None:
            return None
        xs.append(array)
    return xs


def parameters_of(f):
    """What the guard has to know of an instance before forward; nothing where __init__ has left no number."""
    return guard.parameters(f) if may_hold_numbers(f) else None


def may_hold_numbers(f):
    for x in (getattr(f, "__dict__", None) or {}).values():
        if type(x) not in guard.BARE and not (type(x) is tuple and all([type(i) in guard.BARE for i in x])):
            return True
    return has_slots(type(f))


def has_slots(cls):
    for base in cls.__mro__:
        if base is Function:
            return False
        if "__slots__" in base.__dict__:
            return True


def record_call(f, inputs, xs, ys):
    """Put a call of Python methods into the graph; its rule may read all operands and results, so it keeps them."""
    f._edges = tuple([keep(edge(v), v) if isinstance(v, Variable) else constant(xs[i]) for i, v in enumerate(inputs)])
    known = True
    for node in f._edges:
        f.generation = max(f.generation, node.generation)
        known = known and node.constant
    nodes = [valued(y) for y in ys]
    for node in nodes:
        node.generation = f.generation + 1
        node.constant = known
    if len(nodes) == 1:
        node.op = f
    else:
        split(f, nodes, ys)
    outputs = [handle(node) for node in nodes] if under_way.guarding == 0 else [handle_like(node, inputs) for node in nodes]
    f._outputs = [ref(v) for v in outputs]
    for node in nodes:
        node.show()
    return outputs


def split(f, nodes, ys):
    """A call of several outputs is a node of its own, and each output picks its place from it."""
    together = Node.__new__(Node)
    together.op = f
    together.place = len(nodes)
    together.generation = f.generation + 1
    together.constant = is_constant(nodes[0])
    f._values = ys
    together.show()
    for place, node in enumerate(nodes):
        node.in0 = together
        node.place = place


def handle(node):
    """The living Variable of a node, or a new one."""
    v = node.living()
    if v is None and node.extra is not None and node.extra.ref is not None:
        v = node.extra.ref()
    if v is None:
        v = Variable.__new__(Variable)
        v.array = None if node.own or node.store is None else node.shown()
        v._name = None if node.extra is None else node.extra.name
        v.bind(node)
        v.show()
    return v


def creator_of(v, node):
    """The Function that v's node comes from, or None for a leaf."""
    if node.op is None and node.in0 is None:
        return None
    f = node.in0.op if node.op is None else function_of(node)
    see(f, v, max(node.place, 0))
    return f


def see(f, v, place):
    """Let `f.outputs` find the living Variable of one of its results."""
    if f._outputs is None:
        f._outputs = [ref(v)]
    elif f._outputs[place]() is None:
        f._outputs[place] = ref(v)


def function_of(node):
    """The Function that made a node; where loops did the work, made now and kept."""
    if not isinstance(node.op, Record):
        return node.op
    extra = extra_of(node)
    if extra.creator is None:
        f = node.op.cls.__new__(node.op.cls)
        edges = (node.in0,) if node.op.kernel.nin == 1 else (node.in0, node.in1)
        f._edges = tuple([constant(node.operand) if x is None else x for x in edges])
        f.generation = node.generation - 1
        extra.creator = f
        node.show()
    return extra.creator


def inputs_of(node):
    """The nodes that a node was computed from."""
    if node.op is None:
        return () if node.in0 is None else (node.in0,)
    return (node.in0, node.in1) if isinstance(node.op, Record) else node.op._edges


def is_constant(node):
    return node.constant


def unchain_inputs(root):
    """Make leaves of all that a node was computed from."""
    todo = [root]
    while todo:
        node = todo.pop()
        todo += [x for x in inputs_of(node) if x is not None and not is_constant(x)]
        if node is not root:
            v = node.living()
            if v is not None:
                v.unchain()
            cut(node)


def cut(node):
    node.settle()
    node.op = node.kernel = node.in0 = node.in1 = None
    node.place = -1
    node.by_loops = True
    node.constant = False


# ---- the walk back ---------------------------------------------------------------------------------------------------

class Walk:
    """Is a walk using the gradient fields in the nodes?  One at a time can; others bring a table."""

    def __init__(self):
        self.busy = False
        self.guarding = 0                   # rules that run under create_graph, in any thread
        self.watchers = 0                   # blocks of `detect` that are open, in any thread
        self.marks = 0                      # nodes that have fingerprints of data


under_way = Walk()


class RuleMode:
    """How rules run: recorded or not, and with NumPy's floating-point flags noted, to be reported once a pass."""

    def __init__(self, record):
        self.record = None if recording.on() == record else config.using_config("enable_backprop", record)
        self.flags = np.errstate(all="call", call=note_flags)

    def __enter__(self):
        self.flags.__enter__()
        if self.record is not None:
            self.record.__enter__()

    def __exit__(self, *error):
        self.flags.__exit__(*error)
        if self.record is not None:
            self.record.__exit__(*error)


def note_flags(kind, flags):
    loops.note(flags)


def run_backward(v, root, gradient, retain, graph):
    """Choose a walk, and set `.grad` when it is through: all of them or, where it fails, none."""
    outer = loops.begin()
    if graph or under_way.busy or under_way.watchers:
        found = walk_by_table([root], [gradient], retain, graph, False, None).found
    else:
        under_way.busy = True
        try:
            found = walk(root, gradient, retain)
        finally:
            under_way.busy = False
    loops.tell("backward", outer)
    set_gradients(found, graph)


def set_gradients(found, graph):
    """`.grad` of all Variables or, where a sum fails, of none.  One that was bound to new data has several leaves."""
    before = []
    try:
        for entry in found:
            v, g, adds = entry
            before.append(v._grad)
            v._grad = g if v._grad is None or not adds else sum_of_gradients(v._grad, g, graph)
    except BaseException:
        while before:
            v = found[len(before) - 1][0]
            v._grad = before.pop()
        raise
    for entry in found:
        v = entry[0]
        v.assigned = False


def sum_of_gradients(old, g, graph):
    """old + g, as an array or, under create_graph, as a Variable."""
    if graph:
        with config.using_config("enable_backprop", True):
            return (old if isinstance(old, Variable) else without_graph(old, DETACHED)) + g
    return np.asarray((old.data if isinstance(old, Variable) else old) + g)


def walk(root, gradient, retain):
    """Backward with each gradient in its node: [(Variable, gradient, add it or set it)].

    Nodes wait in one row per generation, linked through themselves, and the rows are taken from the youngest (0.2 us
    for Goldstein-Price where a heap of tuples takes 6.7).  What a multi-output call's results bring together is taken
    after the rest of their row.  A small node that was broadcast waits until the run on larger ones is through, of which
    its gradient is a part, and so does what it may have been computed from (broadcasting to 1e6: 1.5 times faster).
    """
    k = root.generation
    rows = Rows.__new__(Rows, k)
    found, later = [], []
    most = -1                               # elements of what waits in `later`
    late = node = None
    mode = None
    try:
        root.start(None if gradient is None else data_of(gradient))
        rows.push(root)
        while k >= 0:
            node = rows.pop(k)
            if node is None:
                if late is None:
                    k -= 1
                    if k < 0 and later:
                        k = put_back(None, later, rows)
                        most = -1
                    continue
                node = late
                late = node.next
                node.next = None
                node.queued = False
            if most >= 0 and node.kernel is None:
                k = put_back(node, later, rows)
                most = -1
                continue
            if (most >= 0 or node.has > 1) and node.waits(most):
                most = max(most, node.elements())
                node.queued = True
                later.append(node)
                continue
            if under_way.marks:
                check_unchanged(node)
            if retain and (node.op is not None or node.in0 is not None):
                bring(node, found, False)   # first: a rule may write into the gradient it gets
            if node.op is None:
                if node.in0 is None:
                    bring(node, found, True)
                elif node.place < 0:
                    node.in0.give(node.gradient())
                    rows.push(node.in0)
                else:
                    late = collect(node, late)
            elif node.kernel is not None:
                node.backward(node.kernel, rows)
            else:
                if mode is None:
                    mode = RuleMode(False)
                    mode.__enter__()
                rule(node, rows)
            node.forget()
    finally:
        if mode is not None:
            mode.__exit__(None, None, None)
        loops.abandon_run()
        if later:
            put_back(None, later, rows)
        clear(node, late, rows)
    return found


def put_back(node, later, rows):
    """End the run, and let what has waited for that, and a node that comes after it, go back to the rows.

    Gives the youngest generation of these.
    """
    loops.end_run()
    youngest = 0
    for x in (node, *later):
        if x is not None:
            x.queued = False
            rows.push(x)
            youngest = max(youngest, x.generation)
    later.clear()
    return youngest


def kernel_of(op):
    return op.kernel


def collect(node, late):
    """Lay an output's gradient into the table of its call; gives the row of calls that wait."""
    together = node.in0
    if not together.queued:
        together.queued = True
        together.next = late
        late = together
        together.op._gys = [None] * together.place
    gys, g = together.op._gys, node.gradient()
    loops.note_raised()
    old = gys[node.place]                   # there may be one: a rule on Variables picks its outputs anew
    gys[node.place] = g if old is None else np.asarray(old + g)
    return late


def bring(node, found, adds):
    """Note the gradient of a node whose Variable lives."""
    v = node.living()
    if v is None and node.extra is not None and node.extra.ref is not None:
        v = node.extra.ref()
    if v is not None:
        check_place(v, node)
        found.append((v, node.take(), adds))


def check_place(v, node):
    if v.array is not None and not node.matches(v.array):
        raise GraphError(f"x.data was bound to {describe(v.array)} after an op had recorded it in shape {node.shape} "
                         f"and dtype {node.dtype}: its gradient has no place to go; call backward first")


def clear(node, late, rows):
    """Leave no trace of a walk, also where it failed: the node it was at stands in no row."""
    for waiting in (late, *rows.rows):
        while waiting is not None:
            following = waiting.next
            waiting.next = None
            waiting.queued = False
            waiting.forget()
            waiting = following
    if node is not None:
        node.forget()


def rule(node, rows):
    """Backward of one call by its Python rule, on arrays."""
    f = node.op
    if node.place < 0:
        gys = [node.gradient()]
        ys = [node.stored()]
    else:
        ys = f._values
        gys = [np.zeros(y.shape, gradient_dtype(y.dtype)) if gy is None else gy for gy, y in zip(f._gys, ys)]
        f._gys = None
    loops.note_raised()
    gxs = run_rule(f, gys, [as_value(x) for x in f._edges], [on_array(y) for y in ys])
    loops.drop_raised()                     # by the rule's own NumPy calls: RuleMode has noted them
    for i, x in enumerate(f._edges):
        if gxs[i] is not None and not x.constant:
            rows.push(x)
            x.give(gxs[i])


def as_value(node):
    """A Variable on a node's value at forward, for a rule to read."""
    v = on_array(None if node.store is None and not node.own else node.shown())
    if v.array is None:
        v.node = node
    return v


def on_array(array):
    """A Variable on an array that an op has taken or given, and that needs no check."""
    v = Variable.__new__(Variable)
    v.array = array
    return v


def run_rule(f, gys, inputs, outputs):
    """The rule of f on arrays: for each input an array of its shape, or None."""
    return [fit(f, i, gx, outputs) for i, gx in enumerate(ask(f, gys, inputs, outputs))]


def ask(f, gys, inputs, outputs):
    """`f.backward(*gys)` with the given inputs and outputs in place: what it gives, one for each input."""
    kept = f._outputs
    f._inputs, f._outputs = inputs, [ref(y) for y in outputs]
    try:
        gxs = f.backward(*gys)
    finally:
        f._inputs, f._outputs = None, kept
    if not isinstance(gxs, tuple):
        gxs = (gxs,)
    if len(gxs) != len(f._edges):
        raise GradientError(f"{who(type(f))}: backward returned {len(gxs)} gradients, wanted {len(f._edges)}, one for each input")
    return gxs


def ask_guarded(f, gys, inputs, outputs):
    """`ask`, where some of what the rule reads is guarded, or lost."""
    under_way.guarding += 1
    try:
        return ask(f, gys, inputs, outputs)
    finally:
        under_way.guarding -= 1


def fit(f, i, gx, outputs):
    """A rule's gradient for input i as an array of the input's shape, or None."""
    if gx is None or is_constant(f._edges[i]):
        return None
    if isinstance(gx, Variable):
        gx = gx._held()
    shape = shape_of(f._edges[i])
    g = usual_gradient(gx, shape)
    return fit_unusual(f, i, gx, shape, outputs) if g is None else g


def fit_unusual(f, i, gx, shape, outputs):
    """The same for a gradient that is not as usual: of another shape, which input i was broadcast to, or another type."""
    if isinstance(gx, (np.number, np.bool_)):
        gx = np.asarray(gx)
    check_gradient_type(f, i, gx)
    if gx.shape == shape:
        return gx
    if not is_broadcast(gx.shape, [x.shape for x in f._edges], [y.shape for y in outputs], i):
        raise wrong_shape(f, i, gx.shape, shape)
    return sum_to(gx, shape)


def shape_of(node):
    return node.shape


def data_of(gradient):
    """A copy of the caller's gradient as an array."""
    return np.array(gradient.data if isinstance(gradient, Variable) else gradient)


# ---- the walk back with a table: of gradients that are Variables, or while another walk is under way ------------------

def walk_by_table(roots, gradients, retain, graph, linear, targets):
    """Backward with the gradients in a table of this walk; see `Table`.

    With `targets`, only what leads from the roots to these nodes is walked, and what arrives is in `table.arrived`;
    without, `table.found` is what `walk` gives.
    """
    table = Table(graph, linear)
    if targets is not None:
        table.useful = leading_to(roots, targets)
    with RuleMode(graph):
        for root, gradient in zip(roots, gradients):
            table.add(root, table.start(root, gradient))
        while table.heap:
            node = heapq.heappop(table.heap)[-1]
            gys = table.gradients.pop(node)
            if targets is not None and node in targets:
                table.arrived[node] = gys
            elif node.op is not None:
                f = function_of(node)
                for x, gx in zip(f._edges, table.run(node, f, gys if node.place >= 0 else [gys])):
                    if gx is not None:
                        table.add(x, gx)
            elif node.in0 is not None:
                table.add(node.in0, gys, node.place)
            else:
                table.bring(node, gys, True)
                continue
            if retain and not isinstance(gys, list):
                table.bring(node, gys, False)
    return table


def leading_to(roots, targets):
    """Which nodes lead from the roots to a target: {node: does it?}."""
    useful = dict.fromkeys(targets, True)
    node = targets[0]
    oldest = node.generation
    for node in targets:
        if node.generation < oldest:
            oldest = node.generation
    opened = set()
    todo = list(roots)
    while todo:
        node = todo[-1]
        if node in useful:
            todo.pop()
        elif node in opened:
            todo.pop()
            useful[node] = any([useful.get(x, False) for x in inputs_of(node)])
        else:
            opened.add(node)
            for x in inputs_of(node):
                if x is not None and not x.constant and x.generation >= oldest:
                    todo.append(x)
    return useful


def leads_to_argument(root):
    """Was a node computed from the argument of a function that a transform differentiates?"""
    seen = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        v = living_of(node)
        if v is not None and v.reason == TRACED:
            return True
        todo += inputs_of(node)
    return False


def living_of(node):
    return node.living()


def leads_elsewhere(roots, targets):
    """Does a way back from the roots end at a leaf that is no target?"""
    seen = set(targets)
    todo = list(roots)
    while todo:
        node = todo.pop()
        if node in seen or is_constant(node):
            continue
        seen.add(node)
        if node.op is None and node.in0 is None:
            return True
        todo += [x for x in inputs_of(node) if x is not None]
    return False


class Table:
    """Gradients by node.

    They are arrays; or, in a graph, Variables that can be differentiated again: by the root's gradient and by the
    values that rules read, or, where the graph is to be linear, by the root's gradient alone.
    """

    def __init__(self, graph, linear):
        self.graph, self.linear = graph, linear
        self.gradients, self.heap, self.found, self.arrived = {}, [], [], {}
        self.looked_at = set()
        self.useful = None
        self.count = 0

    def start(self, root, gradient):
        dtype = gradient_dtype(root.dtype)
        if gradient is None:
            gradient = np.ones(root.shape, dtype) if root.shape else np.array(1, dtype)     # 1 us less
        elif not (self.graph and isinstance(gradient, Variable)):
            gradient = data_of(gradient)
        return self.wrap(gradient)

    def wrap(self, g):
        return without_graph(g, DETACHED) if self.graph and not isinstance(g, Variable) else g

    def add(self, node, g, place=-1):
        """g comes to a node: to all of it, or to one place of a call of several outputs."""
        if self.useful is not None and not self.useful.get(node, False):
            return 0
        if node not in self.gradients:
            self.count += 1
            heapq.heappush(self.heap, (-node.generation, node.place > 0 and node.op is not None, self.count, node))
            self.gradients[node] = None if place < 0 else [None] * node.place
        old = self.gradients[node] if place < 0 else self.gradients[node][place]
        total = g if old is None else old + g if self.graph else np.asarray(old + g)
        if place < 0:
            self.gradients[node] = total
        else:
            self.gradients[node][place] = total
        return 0

    def run(self, node, f, gys):
        """What the rule of f, which made the node, gives for each input."""
        if under_way.marks:
            check_unchanged(node)
        if not under_way.watchers:
            return self.run_recorded(node, f, gys) if self.graph else self.run_plain(node, f, gys)
        try:
            gxs = self.run_recorded(node, f, gys) if self.graph else self.run_plain(node, f, gys)
        except guard.Anomaly as error:
            raise guard.Anomaly(f"{who(type(f))}{site_of(node)}: in its rule: {error}{came_in(gys)}") from error
        check_finite(node, f, gys, gxs)
        return gxs

    def run_plain(self, node, f, gys):
        """The rule on arrays."""
        restore(node)
        inputs = [as_operand(x, f) for x in f._edges]
        outputs = [as_value(node)] if node.place < 0 else [on_array(y) for y in f._values]
        gys = [zeros_like(y) if gy is None else gy for gy, y in zip(gys, outputs)]
        gxs = [fit(f, i, gx, outputs) for i, gx in enumerate(ask_guarded(f, gys, inputs, outputs))]
        return [None if g is None else np.asarray(g, gradient_dtype(x.dtype)) for g, x in zip(gxs, f._edges)]

    def run_recorded(self, node, f, gys):
        """The rule on Variables: guarded ones, unless it is vouched for."""
        vouched = f.__class__.__dict__.get("order", 0) is None
        if self.linear or vouched:
            restore(node)
        if self.linear:
            inputs = [as_constant(x, f) for x in f._edges]
            outputs = [as_constant(node, f)] if node.place < 0 else [without_graph(y, DETACHED) for y in f._values]
        else:
            if not vouched:
                refuse_first_order(f, self.looked_at)
            nodes = [node] if node.place < 0 else picks(node, f)
            inputs = [as_recorded(x, f, vouched) for x in f._edges]
            outputs = [as_recorded(y, f, vouched) for y in nodes]
        gys = [self.wrap(zeros_like(y)) if gy is None else gy for gy, y in zip(gys, outputs)]
        if not vouched:
            gys = [guarded_gradient(gy, f) for gy in gys]
        gxs = ask_guarded(f, gys, inputs, outputs)
        shapes = [x.shape for x in f._edges]
        wide = [y.shape for y in outputs]
        return [fit_recorded(f, i, gx, shapes, wide, vouched) for i, gx in enumerate(gxs)]

    def bring(self, node, g, adds):
        v = node.living()
        if v is None and node.extra is not None and node.extra.ref is not None:
            v = node.extra.ref()
        if v is not None:
            check_place(v, node)
            self.found.append((v, own(g, ()) if self.graph else np.array(g), adds))


def restore(node):
    """Bring back what loops have dropped: they read for the gradients that are wanted, a rule reads for all.

    What is lost, and no wanted gradient reads, stays away.
    """
    if not isinstance(node.op, Record):
        return
    kernel = kernel_of(node.op)
    read, wanted = kernel.reads_by[0] | kernel.reads_by[1], kernel.reads_for(node.in0, node.in1)
    for i, x in enumerate((*inputs_of(node)[:kernel.nin], node)):
        if x is not None and read >> i & 1 and x.is_dropped() and (wanted >> i & 1 or not x.is_lost()):
            x.restore()


def bring_back(x):
    """Let loops find the data of what a rule reads, also where they were dropped."""
    if isinstance(x, Guarded):
        hold(x)


def hold(v):
    """Hold what was dropped.  What cannot be computed again is lost: ones take its place, and no gradient is made of them.

    The rule of x * 3.0 has gy * x as well, the gradient of a constant.
    """
    if v.array is None and not v.node.own:
        v.lost = v.node.is_dropped() and v.node.is_lost()
        if v.lost:
            v.node = valued(np.ones(v.node.shape, v.node.dtype))
        elif v.node.is_dropped():
            v.node.restore()
        v.array = v.node.stored()


def zeros_like(y):
    """The gradient of an output that nobody used."""
    return np.zeros(y.shape, gradient_dtype(y.dtype))


def own(g, ys):
    """The same gradient, of ys, as a Variable that shares no memory, and no node, with another."""
    v = like_operands(tuple(ys))
    v.array = g._held().copy()
    v.bind(edge(g))
    alias(v, v.array)
    return v


def picks(node, f):
    """Nodes of a call's outputs, for its rule to read."""
    nodes = []
    for place, y in enumerate(f._values):
        pick = valued(y)
        pick.in0, pick.place, pick.generation = node, place, node.generation
        pick.show()
        nodes.append(pick)
    return nodes


def on_node(node):
    """A Variable on a node's value at forward, beside the caller's own."""
    v = Variable.__new__(Variable)
    v.node = node
    v.array = None if node.own else node.store
    return v


def as_operand(node, f):
    """A Variable on a node's value at forward, for the rule of f to read; guarded, where there is none."""
    return guarded(node, f) if node.is_dropped() else as_value(node)


def as_constant(node, f):
    """A Variable on a node's value at forward, without its graph; guarded, where there is none."""
    return guarded(node, f) if node.is_dropped() else without_graph(node.stored(), DETACHED)


def as_recorded(node, f, vouched):
    """A Variable on a node, for the rule of f to read with its graph."""
    return on_node(node) if vouched and not node.is_dropped() else guarded(node, f)


def refuse_first_order(f, looked_at):
    """Refuse a rule that says, or shows before it runs, that it is right for first derivatives only.

    `looked_at` has the ops that were found without numbers beside the instance: once in a walk will do.
    """
    if type(f).__dict__.get("order") == 1:
        raise FirstOrderOnly(f"{who(type(f))} gives first derivatives only (order = 1): it was asked for more by create_graph=True "
                             "or a transform; use x.detach() where its gradient is meant to be constant")
    if may_hold_numbers(f):
        path = guard.left_by_forward(f, f._before)
        if path is not None:
            raise first_order_only(f, f"forward left a number on the instance ({path}), which its rule would take for a constant")
    around = None if type(f) in looked_at else type(f).__dict__.get("_around")     # of the class itself; none where only loops ran
    looked_at.add(type(f))
    path = None if around is None else around.news()
    if path is not None:
        raise first_order_only(f, f"a number was left beside the instance ({path}), which its rule would take for a constant")


def fit_recorded(f, i, gx, shapes, wide, vouched):
    """A rule's gradient for input i as a Variable of the input's shape and floating dtype, or None."""
    if gx is None or is_constant(f._edges[i]):
        return None
    if not isinstance(gx, Variable):
        if isinstance(gx, (np.number, np.bool_)):
            gx = np.asarray(gx)
        check_gradient_type(f, i, gx)
        if not vouched:
            raise first_order_only(f, f"its backward returned {describe(gx)} in place of a Variable")
        gx = without_graph(gx, DETACHED)
    if isinstance(gx, Guarded):
        gx = unguarded(gx)
    elif not vouched and is_new_leaf(gx) and gx._held().any():
        raise first_order_only(f, "its backward returned a Variable without graph, made of numbers")
    if gx.shape != shapes[i]:
        if not is_broadcast(gx.shape, shapes, wide, i):
            raise wrong_shape(f, i, gx.shape, shapes[i])
        gx = SumTo(shapes[i])(gx)
    dtype = gradient_dtype(f._edges[i].dtype)
    return gx if gx.dtype == dtype else Cast(dtype)(gx)


def unguarded(v):
    if v.lost:
        refuse_lost()
    y = on_node(v.node)
    y.array = v.array
    return y


def is_new_leaf(v):
    """Did a rule make this of numbers, and not of what it was given?  What it has detached is constant on purpose."""
    return v.reason != DETACHED and is_leaf(v) and (v.node is None or not v.node.constant)


class SumTo(Function):
    """y = x, summed to the shape that was broadcast to x's;   ∂y/∂x = 1"""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        return sum_to(x, self.shape)

    def backward(self, gy):
        return np.broadcast_to(gy, self.inputs[0].shape)


class Cast(Function):
    """y = x in another dtype;   ∂y/∂x = 1, which the engine brings into the dtype of x"""

    def __init__(self, dtype):
        self.dtype = dtype

    def forward(self, x):
        return x.astype(self.dtype)

    def backward(self, gy):
        return gy


# ---- gradients for transforms ----------------------------------------------------------------------------------------

def argument(data):
    """A Variable that stands for a float, an array or a Variable that a function gets; it leads back to a Variable."""
    if not isinstance(data, Variable):
        return without_graph(np.array(data) if isinstance(data, float) else check_array(data), TRACED)
    v = like_operands((data,))
    Variable.__init__(v, data._held())
    v.reason = TRACED
    v.bind(edge(data))
    alias(v, v.array)
    return v


def is_known(v):
    """Has a Variable no graph that anything could be differentiated by?"""
    return v.reason in (NO_GRAD, CONSTANTS, DETACHED) if v.node is None else v.node.constant


def depends_on_others(ys, arguments):
    """Were ys computed from Variables beside these arguments?"""
    return leads_elsewhere([edge(y) for y in ys], [edge(x) for x in arguments])


def gradients(ys, gys, wanted, graph=False, linear=False):
    """The gradients of Σ y·gy by some Variables, with no `.grad` read or written.

    Parameters
    ----------
    ys : list of Variable
    gys : list
        For each y an array or a Variable of its shape, or None for ones.
    wanted : list of Variable
        What to differentiate by: leaves, or `argument`s.
    graph : bool
        Give Variables that can be differentiated again.
    linear : bool
        By the gys only: what ys were computed from counts as constant, and less is recorded.

    Returns
    -------
    list of numpy.ndarray, Variable or None
        None where no y depends on it.
    """
    roots = [edge(y) for y in ys]
    outer = loops.begin()
    if graph or under_way.busy or under_way.watchers or len(ys) != 1 or not all([is_leaf(x) for x in wanted]):
        arrived = walk_by_table(roots, gys, False, graph, linear, [edge(x) for x in wanted]).arrived
        found = [arrived.get(edge(x)) for x in wanted]
        found = [g if g is None else own(g, ys) if graph else np.array(g) for g in found]
    else:
        under_way.busy = True
        try:
            found = arrivals(walk(roots[0], gys[0], False), wanted)
        finally:
            under_way.busy = False
    loops.tell("backward", outer)
    return found


def arrivals(found, wanted):
    """What a walk has found for each of the wanted."""
    if len(wanted) == 1:
        for v, g, adds in found:
            if v is wanted[0]:
                return [g]
        return [None]
    arrived = {id(v): g for v, g, adds in found}
    return [arrived.get(id(v)) for v in wanted]


def is_leaf(v):
    return v.node is None or v.node.op is None and v.node.in0 is None


# ---- looking for a fault (dezero.detect) -----------------------------------------------------------------------------

def watch(more):
    """A block that looks for faults begins (1) or has ended (-1)."""
    under_way.watchers += more
    keep_all(under_way.watchers > 0)


def look_at(y, cls, inputs):
    """A result has been computed, in a block that looks for faults or beside one."""
    anomalies, changes = for_anomalies.on(), for_changes.on()
    if not (anomalies or changes) or isinstance(y, Guarded) and is_lost(y):
        return
    node = source(edge(y))
    node = node.in0 if node.op is None and node.in0 is not None else node
    extra_of(node).site = guard.site()
    if anomalies and guard.not_finite([y._held()]) is not None:
        place = guard.not_finite([v._held() for v in inputs if isinstance(v, Variable)])
        raise guard.Anomaly(f"{who(cls)}, called at {guard.site()}: the result is not finite" +
                            ("" if place is None else f"; neither was operand {place}"))
    if changes:
        extra_of(node).marks = Marks([mark_of(x) if is_read else None for x, is_read in zip((node, *inputs_of(node)), read_of(node))])


class Marks:
    """Fingerprints of what a node's op has read; while there are any, every walk looks at them."""

    def __init__(self, prints):
        self.prints = prints
        count_marks(1)

    def __del__(self):
        count_marks(-1)


def count_marks(more):
    under_way.marks += more


def read_of(node):
    """Which of (output, *inputs) the gradients of a node's op read."""
    if not isinstance(node.op, Record):
        return [True] * (1 + len(inputs_of(node)))
    kernel = kernel_of(node.op)
    read = kernel.reads_for(node.in0, node.in1)
    return [read >> kernel.nin & 1, read & 1, read & 2]


def mark_of(node):
    """A fingerprint of the data that a node keeps for rules to read, or None."""
    if node is None or node.own:
        return None
    if node.place > 0 and node.op is not None:
        return [guard.fingerprint(y) for y in node.op._values]
    return None if node.store is None else guard.fingerprint(node.store)


def site_of(node):
    return f", called at {node.extra.site}" if node.extra is not None and node.extra.site else ""


def check_unchanged(node):
    if node.op is None or node.extra is None or node.extra.marks is None:
        return
    f = function_of(node)
    for x, mark in zip((node, *inputs_of(node)), node.extra.marks.prints):
        now = mark_of(x)                    # None: it is computed again, from what nobody can write to
        if mark is not None and now is not None and mark != now:
            raise GraphError(f"{who(type(f))}{site_of(node)}: an array of shape {x.shape} that its gradient reads was changed in place "
                             "between forward and backward; write to a copy, or bind new data: x.data = x.data + step")


def check_finite(node, f, gys, gxs):
    if not for_anomalies.on():
        return
    if guard.not_finite([g._held() if isinstance(g, Variable) else g for g in gxs if g is not None]) is not None:
        raise guard.Anomaly(f"{who(type(f))}{site_of(node)}: a gradient of its inputs is not finite{came_in(gys)}")


def came_in(gys):
    place = guard.not_finite([g._held() if isinstance(g, Variable) else g for g in gys if g is not None])
    return "" if place is None else "; neither was the gradient it got"


slots = Slots()
registry.subscribe(slots.fill)
