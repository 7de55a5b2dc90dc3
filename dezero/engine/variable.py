"""The caller's handle on a value: operators, NumPy's protocols, `.grad`, `.backward()`."""
import operator as operators
from importlib import import_module
from types import MethodType

import numpy as np

from .._kernels.gradients import At
from .._kernels.nodes import VariableBase, set_variable_class
from ..errors import DTypeError, GradientError, GraphError, OpAttributeError, OpTypeError
from ..registry import SYMBOLS, function_name, library_of, registry
from . import assign, dispatch, function, graph, guard, rules, sharing, tape
from .checks import check_choice, check_data, check_loss, checked_gradient, describe
from .dispatch import QUESTIONS, class_of, refuse_foreign, refuse_operand


def as_array(x):
    """Return a Python or NumPy scalar as an ndarray, and anything else as it is."""
    return np.array(x) if np.isscalar(x) else x


def as_variable(obj):
    """Return `obj` itself where it is a Variable, else a new leaf that holds it.

    Raises
    ------
    TypeError
        For what `Variable` does not take.
    """
    return obj if isinstance(obj, Variable) else Variable(obj)


class Attribute:
    """An attribute that shows the elements in another way, as x.real does: an op answers it, and some can be assigned to."""

    def __init__(self, name):
        self.name = name

    def __get__(self, v, owner):
        return self if v is None else attribute_of(v, self.name)

    def __set__(self, v, value):
        assign.assign_attribute(v, self.name, value)


class Variable(VariableBase):
    """Variable(data, name=None)
--

    A value that remembers how it was computed.

    Parameters
    ----------
    data : numpy.ndarray or None
        Real, complex, integer or boolean; the array itself is held, not a copy.  None: the data is assigned later.
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
    is_constant : bool
        Whether no gradient ever comes to it: `detach()` made it, or it was computed from constants alone.

    Raises
    ------
    TypeError
        "<class ...> is not supported": data is no array.
    DTypeError
        A matrix or masked array, or text, objects, dates, records.
    """

    __slots__ = ()
    __array_priority__ = 200
    __pandas_priority__ = 10_000            # what pandas asks for, to leave an operator to the other side

    def __init__(self, data, name=None):
        if isinstance(data, VariableBase) and graph.is_constant(data):
            data = data._get_data().copy()          # as of `dezero.numpy.zeros`
        self.array = None if data is None else check_data(data)
        self._name = name
        self._grad = None
        self.assigned = False
        self.reason = graph.LEAF
        self.track()

    # -- what it holds

    @property
    def data(self):
        return self._get_data()

    def refuse_cut(self, what):
        """Nothing is cut by taking a number out of an ordinary Variable; see `guarded.Guarded`."""

    def _get_data(self):
        """The data, also where a rule is not to read them."""
        if self.array is None and self.node is not None:
            self.array = self.node.give_out()
            if self.array is None:
                raise GraphError("the data of this intermediate result was dropped, since nobody held it and no rule reads "
                                 "it; hold the result itself, or compute under using_config('keep_data', True)")
        elif self.node is not None:
            self.node.mark_given_out()
        elif self.array is None:
            graph.refuse_stale(self)
        return self.array

    @data.setter
    def data(self, data):
        if isinstance(data, np.generic):
            data = np.asarray(data)         # NumPy's arithmetic makes scalars of 0-d arrays
        if data is not None:
            check_data(data)
        if self.reason == graph.TRACED:
            raise GraphError("the argument of a function that a transform (grad, vjp, ...) differentiates keeps its data: "
                             "make a new Variable, or write x = x + step")
        if self.alias is not None:
            sharing.rebind(self, data)
        node = self.node
        if node is not None and (node.op is not None or node.in0 is not None):
            if data is None or data.shape != node.shape or data.dtype != node.dtype:
                raise GraphError(f"data of an op's result may be replaced by its like only: got {describe(data)}, "
                                 f"wanted shape {node.shape} and dtype {node.dtype}; make a new Variable")
            graph.identity(self, data)
        elif node is not None:
            graph.retire(self)
        held = self.array                   # noqa: F841  see `graph.cut`
        self.array = data

    @property
    def grad(self):
        return self._grad

    @grad.setter
    def grad(self, grad):
        if grad is not None:
            grad = checked_gradient(grad, *self._meta(), "x.grad = ...")
        held = self._grad                   # noqa: F841  see `graph.cut`
        self._grad = grad
        self.assigned = grad is not None
        self.track()

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, name):
        self._name = name
        self.track()
        if self.node is not None:
            graph.metadata_of(self.node).name = name

    @property
    def shape(self):
        return self.node.shape if self.array is None and self.node is not None else self._get_data().shape

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return int(np.prod(self.shape, dtype=object))

    @property
    def dtype(self):
        return self.node.dtype if self.array is None and self.node is not None else self._get_data().dtype

    def _meta(self):
        """Shape and dtype, or two None where there is no data yet."""
        return (None, None) if self.array is None and self.node is None else (self.shape, self.dtype)

    def _prototype(self):
        """Return an array of the shape, dtype and order in memory of the data, for `np.zeros_like`: its numbers mean nothing."""
        array = self.array
        if array is None and self.node is not None and not self.node.is_inline:
            array = self.node.value
        return np.broadcast_to(np.empty((), self.dtype), self.shape) if array is None else array

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
            return "variable(stale)" if self.reason >= graph.OUTDATED else "variable(None)"
        return "variable(" + str(self._get_data()).replace("\n", "\n" + " " * 9) + ")"

    def _repr_html_(self):
        """For a notebook: the value and a picture of the graph."""
        return import_module("dezero.drawing").html_of(self)        # what stands above the engine, where somebody looks

    real = Attribute("real")
    imag = Attribute("imag")
    flat = Attribute("flat")
    T = Attribute("T")
    mT = Attribute("mT")

    # -- where it comes from

    @property
    def generation(self):
        return 0 if self.node is None else graph.op_node(self.node).generation

    @property
    def creator(self):
        return None if self.node is None else graph.creator_of(self, graph.op_node(self.node))

    @property
    def is_constant(self):
        return graph.is_constant(self)

    def set_creator(self, func):
        """Set what computed this Variable: `func`, a Function that was called or whose `inputs` are set.

        Parameters
        ----------
        func : Function
        """
        node = graph.new_node(self._get_data())
        node.op = func
        node.generation = func.generation + 1
        node.track()
        self.bind(node)

    def detach(self):
        """Return a constant Variable of the same data: no gradient goes through it."""
        return graph.without_graph(self._get_data(), graph.DETACHED)

    def unchain(self):
        """Forget how this Variable was computed: it is a leaf from now on."""
        if self.reason == graph.TRACED:
            raise GraphError("unchain() of the argument of a function that a transform (grad, vjp, ...) differentiates: "
                             "use x.detach() where it is meant to be constant")
        if self.node is not None and (self.node.op is not None or self.node.in0 is not None):
            self._get_data()                    # a leaf holds data
            graph.cut(self.node)
            self.reason = graph.UNCHAINED

    def unchain_backward(self):
        """Make leaves of all that this Variable was computed from, for truncated backpropagation."""
        if self.node is not None:
            graph.unchain_inputs(self.node)

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
            The gradient of this Variable, from which backward starts, in its shape: by default `.grad` where the caller has
            assigned it, else ones.  A complex one points uphill, as `.grad` does.

        Raises
        ------
        GraphError
            Nothing was recorded; the message says why.  Or data of another shape or dtype were bound to a leaf whose `.grad` is
            still there: gradients of different data are not added, `cleargrad()` makes room.
        GradientError
            `gradient`, or what a rule gave, has the wrong shape or type.
        DTypeError
            The data is complex, and no `gradient` is given.
        TypeError
            `retain_grad` or `create_graph` is not a bool.  (PyTorch's first argument is the gradient; here it is ``gradient=``.)

        From a Variable that was computed from constants alone nothing is added to any `.grad`: all its derivatives are zero.

        Sums over broadcast axes may be added in another order, and differ in the last bits, with `retain_grad`, with
        `create_graph`, where a fault is looked for, and while another thread is in backward.

        A backward that fails leaves every `.grad` as it was.  Graphs of gradients are freed by reference counting as all
        graphs are.  An op's instance that stores a Variable computed from its own result makes a cycle; the garbage collector frees
        that.
        """
        if self.node is None or self.node.op is None and self.node.in0 is None:
            if graph.REASONS[self.reason]:
                raise GraphError(f"backward: there is no graph behind this Variable: {graph.REASONS[self.reason]}")
            if self.data is None:
                raise GraphError("backward: this Variable has no data")
        if retain_grad is not False or create_graph is not False:
            check_choice("retain_grad", retain_grad)
            check_choice("create_graph", create_graph)
        root = graph.node_of(self)
        if not create_graph and graph.transforming.on() and graph.leads_to_argument(root):
            raise GradientError("backward() gives arrays, which cut the graph while a transform (grad, vjp, ...) runs: "
                                "use backward(create_graph=True), or the transform itself")
        is_leaf = root.op is None and root.in0 is None
        if type(gradient) is np.ndarray and root.dtype_code >= 0 and root.matches(gradient):
            pass                                  # as it is wanted: 1 us less
        elif gradient is not None:
            gradient = checked_gradient(gradient, *self._meta(), "backward(gradient=...)")
        elif self.assigned and not is_leaf:
            gradient = self._grad
        elif root.dtype_code < 0:                 # float64 and float32 need not be asked
            check_loss(root.dtype)
        tape.run_backward(root, gradient, retain_grad, create_graph)
        if self.assigned and not is_leaf and not retain_grad:
            self._grad, self.assigned = None, False

    # -- operators: whatever op claims them in the registry

    def __add__(self, other): return operate(function.operators.add_, "__add__", self, other)
    def __radd__(self, other): return operate(function.operators.add_, "__add__", other, self)
    def __sub__(self, other): return operate(function.operators.sub_, "__sub__", self, other)
    def __rsub__(self, other): return operate(function.operators.sub_, "__sub__", other, self)
    def __mul__(self, other): return operate(function.operators.mul_, "__mul__", self, other)
    def __rmul__(self, other): return operate(function.operators.mul_, "__mul__", other, self)
    def __truediv__(self, other): return operate(function.operators.truediv_, "__truediv__", self, other)
    def __rtruediv__(self, other): return operate(function.operators.truediv_, "__truediv__", other, self)
    def __pow__(self, other): return operate(function.operators.pow_, "__pow__", self, other)
    def __rpow__(self, other): return operate(function.operators.pow_, "__pow__", other, self)
    def __floordiv__(self, other): return operate(function.operators.floordiv_, "__floordiv__", self, other)
    def __rfloordiv__(self, other): return operate(function.operators.floordiv_, "__floordiv__", other, self)
    def __mod__(self, other): return operate(function.operators.mod_, "__mod__", self, other)
    def __rmod__(self, other): return operate(function.operators.mod_, "__mod__", other, self)
    def __divmod__(self, other): return operate(function.operators.divmod_, "__divmod__", self, other)
    def __rdivmod__(self, other): return operate(function.operators.divmod_, "__divmod__", other, self)
    def __matmul__(self, other): return operate(function.operators.matmul_, "__matmul__", self, other)
    def __rmatmul__(self, other): return operate(function.operators.matmul_, "__matmul__", other, self)
    def __and__(self, other): return operate(function.operators.and_, "__and__", self, other)
    def __rand__(self, other): return operate(function.operators.and_, "__and__", other, self)
    def __or__(self, other): return operate(function.operators.or_, "__or__", self, other)
    def __ror__(self, other): return operate(function.operators.or_, "__or__", other, self)
    def __xor__(self, other): return operate(function.operators.xor_, "__xor__", self, other)
    def __rxor__(self, other): return operate(function.operators.xor_, "__xor__", other, self)
    def __lshift__(self, other): return operate(function.operators.lshift_, "__lshift__", self, other)
    def __rlshift__(self, other): return operate(function.operators.lshift_, "__lshift__", other, self)
    def __rshift__(self, other): return operate(function.operators.rshift_, "__rshift__", self, other)
    def __rrshift__(self, other): return operate(function.operators.rshift_, "__rshift__", other, self)
    def __neg__(self): return operate_alone(function.operators.neg_, "__neg__", self)
    def __pos__(self): return operate_alone(function.operators.pos_, "__pos__", self)
    def __abs__(self): return operate_alone(function.operators.abs_, "__abs__", self)
    def __invert__(self): return operate_alone(function.operators.invert_, "__invert__", self)
    def __iadd__(self, other): return changed(self, operate(function.operators.add_, "__add__", self, other))
    def __isub__(self, other): return changed(self, operate(function.operators.sub_, "__sub__", self, other))
    def __imul__(self, other): return changed(self, operate(function.operators.mul_, "__mul__", self, other))
    def __itruediv__(self, other): return changed(self, operate(function.operators.truediv_, "__truediv__", self, other))
    def __ifloordiv__(self, other): return changed(self, operate(function.operators.floordiv_, "__floordiv__", self, other))
    def __imod__(self, other): return changed(self, operate(function.operators.mod_, "__mod__", self, other))
    def __ipow__(self, other): return changed(self, operate(function.operators.pow_, "__pow__", self, other))
    def __imatmul__(self, other): return changed(self, operate(function.operators.matmul_, "__matmul__", self, other))
    def __iand__(self, other): return changed(self, operate(function.operators.and_, "__and__", self, other))
    def __ior__(self, other): return changed(self, operate(function.operators.or_, "__or__", self, other))
    def __ixor__(self, other): return changed(self, operate(function.operators.xor_, "__xor__", self, other))
    def __ilshift__(self, other): return changed(self, operate(function.operators.lshift_, "__lshift__", self, other))
    def __irshift__(self, other): return changed(self, operate(function.operators.rshift_, "__rshift__", self, other))
    def __getitem__(self, index): return op_for(function.operators.getitem_, "__getitem__").apply(self, index)

    def __setitem__(self, index, value): assign.assign(self, index, value)
    def __delitem__(self, index): raise TypeError("del x[i]: elements of a Variable are not deleted; select those that stay")

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d Variable")
        ys = elements(self)
        return iter(ys) if self.ndim > 1 else live(self, ys, state_of(self))    # rows are views, which are stale by themselves

    def __lt__(self, other): return dispatch.compare(np.less, self, other)
    def __le__(self, other): return dispatch.compare(np.less_equal, self, other)
    def __gt__(self, other): return dispatch.compare(np.greater, self, other)
    def __ge__(self, other): return dispatch.compare(np.greater_equal, self, other)
    def __eq__(self, other): return dispatch.compare(np.equal, self, other)
    def __ne__(self, other): return dispatch.compare(np.not_equal, self, other)
    def __hash__(self): return id(self) >> 4

    # -- as plain Python and NumPy see it

    def __bool__(self):
        return bool(self.only("the truth value of a Variable of shape {} is ambiguous: wanted one element; use x.data.any() or .all()", ValueError))

    def __float__(self):
        return float(number_of(self, "float"))

    def __int__(self):
        return int(number_of(self, "int"))

    def __complex__(self):
        return complex(number_of(self, "complex"))

    def __round__(self, *digits):
        self.refuse_cut("round")
        return round(self.only("round() of a Variable of shape {}: wanted one element; np.round takes all", TypeError), *digits)

    def __format__(self, spec):
        if not spec:
            return str(self)
        return format(self.only("a format specification for a Variable of shape {}: wanted one element; use x.data", TypeError), spec)

    def item(self, *index):
        """Return the only element, or that at an index, as a Python number; no gradient goes back from it."""
        self.refuse_cut("item")
        return self.data.item(*index)

    def tolist(self):
        """Return the data as nested lists of Python numbers; no gradient goes back from them."""
        self.refuse_cut("tolist")
        return self.data.tolist()

    def only(self, message, error):
        """The one element, as a Python number."""
        data = self._get_data()
        if data is None:
            raise TypeError("this Variable has no data")
        if data.size != 1:
            raise error(message.format(self.shape))
        return data.item()

    def __array__(self, dtype=None, copy=None):
        refuse_array(self, "numpy.asarray")
        if dtype is not None and dtype != self.dtype and copy is False:
            raise ValueError(f"a Variable of dtype {self.dtype} is no array of dtype {dtype} without a copy")
        return np.array(self.data, dtype) if copy else np.asarray(self.data, dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        y = function.answer(ufunc, inputs, kwargs) if method == "__call__" else NotImplemented
        if y is not NotImplemented:
            return y
        for x in inputs if method != "at" else inputs[::2]:     # the second is an index
            if not dispatch.is_operand(x) and not isinstance(x, (list, tuple)):
                return ufunc_beyond(ufunc, method, inputs, kwargs)
        return dispatch.dispatch_numpy(ufunc, method, inputs, kwargs)

    def __array_function__(self, func, types, args, kwargs):
        for t in types:
            if not (t is Variable or t is np.ndarray or issubclass(t, (Variable, np.ndarray))):
                return NotImplemented
        y = function.answer(func, args, kwargs)
        return dispatch.dispatch_numpy(func, "__call__", args, kwargs) if y is NotImplemented else y

    def __getattr__(self, name):
        if hasattr(type(self), name):       # a property of ours has failed: let it say so itself
            return object.__getattribute__(self, name)
        return attribute_of(self, name)

    def __dir__(self):
        return sorted({*object.__dir__(self), *registry.all_attributes(), *CONSTANT_METHODS})

    def __copy__(self):
        refuse_in_transform(self, "copy")
        data = None if self.data is None else self.data.copy()
        return restored(type(self), data, self._name, getattr(self, "__dict__", None), graph.is_constant(self))

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __reduce__(self):
        refuse_in_transform(self, "pickle")
        return restored, (type(self), self.data, self._name, getattr(self, "__dict__", None), graph.is_constant(self))


set_variable_class(Variable)

# Methods of an array whose results are locally constant, as those of the NumPy functions of these names (`ops/constants`).
CONSTANT_METHODS = ("all", "any", "argmax", "argmin", "argpartition", "argsort", "nonzero", "round", "searchsorted")


def attribute_of(v, name):
    """Return what an op has as an attribute or a method of Variables, or refuse a name that is none's."""
    op = registry.find_attribute(name)
    if op is None and name in CONSTANT_METHODS:
        return getattr(v._get_data(), name)
    if op is None and name in QUESTIONS and guard.is_asked_by(QUESTIONS[name]):
        refuse_beside(v, "an operator", f"an object of {QUESTIONS[name]}")
    if op is None:
        raise OpAttributeError(f"a Variable has no attribute {name!r}{elsewhere(name)}")
    return op.apply(v) if name == op.attribute else MethodType(op.called, v)


ELSEWHERE = {
    "numpy": "x.data is the array", "values": "x.data is the array", "clone": "numpy.copy(x) is a copy, recorded",
    "requires_grad": "Variable(...) wants a gradient, x.detach() does not, and x.is_constant tells",
    "requires_grad_": "Variable(...) wants a gradient, x.detach() does not, and x.is_constant tells",
    "retain_grad": "x.backward(retain_grad=True) keeps the gradients of what was computed",
    "zero_grad": "x.cleargrad() forgets the gradient", "grad_fn": "x.creator is the call that computed it",
    "is_leaf": "x.creator is None where nothing was recorded, and x.is_constant tells a constant",
    "register_hook": "y.backward(retain_grad=True) keeps the gradient of what was computed; a rule of your own changes one",
    "to": "x.astype(dtype) is another dtype, and there is one device, the CPU", "float": "x.astype(float) is another dtype",
    "double": "x.astype(float) is another dtype", "device": "all data are NumPy arrays, on the CPU",
    "unsqueeze": "numpy.expand_dims(x, axis), or x[:, None]", "permute": "x.transpose(1, 0)", "clamp": "x.clip(low, high)",
    "norm": "numpy.linalg.norm(x)", "relu": "numpy.maximum(x, 0)",
}
"""What PyTorch and others have as an attribute, and what it is here."""


def elsewhere(name):
    """Return the rest of the error for an attribute that a Variable has not: where else the name is to be found."""
    if name in ELSEWHERE:
        return f": {ELSEWHERE[name]}"
    if name in registry.snapshot.names:
        return f", and the op of this name is no method: write dezero.functions.{name}(...), or NumPy's function of this name"
    if hasattr(np.ndarray, name) and name not in registry.snapshot.attributes and library_of(name) is None:
        return f", and no op of this name is registered: an array has it, x.data.{name}, and no gradient goes back from there"
    return f", and no op of this name is registered{registry.explain(name)}{registry.advice(library_of(name))}"


class Elements(function.RuleFunction):
    """y_i = x[i], all of them;   ∂y_i/∂x = 1 at i

    One call for all: 32 000 elements, their sum and its gradient take a third of the time that 32 000 of x[i] do.
    """

    def __init__(self):
        self._rule, self._parameters = ELEMENTS, {}


def put_back(gys, ys, x):
    """Return the gradient of what `Elements` were taken from."""
    return np.array(gys) if type(gys[0]) is np.ndarray else [At(i, gy) for i, gy in enumerate(gys)]


ELEMENTS = rules.Rule(put_back, tuple, False, False, False)
ELEMENTS.reads = False,


def elements(v):
    """Return a list of a Variable's elements along the first axis."""
    if len(v) == 0:
        return []
    ys = Elements()(v)
    return ys if isinstance(ys, list) else [ys]


def live(x, ys, before):
    """Yield the elements ys of x, of one axis; once x was assigned to, those that are left as they are by then, as in NumPy."""
    for i in range(len(ys)):
        yield ys[i] if state_of(x) is before else x[i]


def state_of(x):
    """Return what is another object once x was assigned to, or is stale."""
    return x.array if x.node is None else x.node


def restored(cls, data, name, attributes, is_constant=False):
    """Return a copied or unpickled Variable, a leaf or a constant: data and name, no graph and no gradient."""
    v = cls.__new__(cls)
    Variable.__init__(v, data, name)
    if is_constant:
        make_constant(v)
    if attributes:
        v.__dict__.update(attributes)
    return v


def make_constant(v):
    """Make a constant of a Variable that nothing has used yet."""
    v.reason = graph.DETACHED
    return 0


def refuse_in_transform(v, what):
    """Refuse to take a number out of a Variable where that would cut the graph of a transform."""
    v.refuse_cut(what)
    if graph.transforming.on() and (v.reason == graph.TRACED or v.creator is not None) and not graph.is_known(v):
        refuse_numbers(what)


def refuse_numbers(what):
    raise GradientError(f"{what}() of a Variable cuts the graph while a transform (grad, vjp, ...) runs: "
                        "use x.item(), x.data or x.detach() if this is meant to be constant")


def refuse_array(v, what):
    """Refuse to make a plain array of a Variable that wants a gradient."""
    v.refuse_cut(what)
    if graph.wants_gradient(v):
        raise guard.array_taken(what)
    refuse_in_transform(v, what)


def refuse_beside(v, what, other):
    """Refuse a Variable that wants a gradient beside what another library has."""
    v.refuse_cut(what)
    if graph.wants_gradient(v):
        refuse_foreign(what, other)
    refuse_in_transform(v, what)


def number_of(v, what):
    """Return the one element; of a Variable that wants a gradient with a warning, and under a transform not at all."""
    if graph.wants_gradient(v):
        guard.refuse_store()
    refuse_in_transform(v, what)
    number = v.only(what + "() of a Variable of shape {}: wanted one element", TypeError)
    if graph.wants_gradient(v):
        if graph.transforming.on():
            refuse_numbers(what)
        guard.number_taken(what)
    return number


def operate(op, operator, a, b):
    """Return a operator b, for whichever op claims the operator."""
    if op is None:
        if not dispatch.is_operand(a) or not dispatch.is_operand(b):
            return operate_beyond(operator, a, b)
        op = op_for(None, operator)
    if op.direct == 2:
        y = tape.run_kernel(op, a, b)
        if y is not None:
            return y
    if not dispatch.is_operand(a) or not dispatch.is_operand(b):
        return operate_beyond(operator, a, b)
    return op.apply(a, b)


def changed(x, y):
    """Return y, which an augmented assignment has made of x.  The caller's name is bound to it; in NumPy x itself would have changed."""
    if x.alias is not None:
        sharing.note_augmented(x, y)
    return y


def operate_beyond(operator, a, b):
    """Return a operator b, of a Variable and of what is no operand."""
    v, x = (a, b) if isinstance(a, Variable) else (b, a)
    if not dispatch.is_foreign(x):
        return refuse_operand(SYMBOLS[operator], x)
    refuse_beside(v, SYMBOLS[operator], class_of(x))
    return getattr(operators, operator, divmod)(dispatch.to_data(a), dispatch.to_data(b))


def ufunc_beyond(ufunc, method, inputs, kwargs):
    """Return a ufunc of Variables and of what is no operand: it is the other class's turn, but not to take Variables for numbers."""
    foreign = [x for x in inputs if dispatch.is_foreign(x)]
    if not foreign:
        return refuse_operand(function_name(ufunc), next(x for x in inputs if not dispatch.is_operand(x) and not isinstance(x, (list, tuple))))
    if not registry.is_constant(ufunc):
        for v in inputs:
            if isinstance(v, Variable):
                refuse_beside(v, function_name(ufunc), class_of(foreign[0]))
    return getattr(ufunc, method)(*map(dispatch.to_data, inputs), **kwargs)


def operate_alone(op, operator, a):
    """Return operator a."""
    op = op_for(op, operator)
    if op.direct == 1:
        y = tape.run_kernel(op, a, None)
        if y is not None:
            return y
    return op.apply(a)


def op_for(op, operator):
    """Return the op that answers an operator, from an installed package if need be."""
    if op is None:
        op = registry.find_operator(operator)
    if op is None:
        raise OpTypeError(f"no op claims the operator {SYMBOLS[operator]} ({operator}){registry.explain(operator)}{registry.advice('numpy')}")
    return op
