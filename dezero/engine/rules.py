"""An op author's Python methods, as the engine calls them: `forward`, and the rule in `backward`.

What goes in is made ready, and what comes out is checked and brought to the wanted shape.  No graph is made here.
"""
import copyreg
from weakref import ref

import numpy as np

from .._kernels import nodes
from .._kernels.gradients import At, gradient_dtype, shape_at, sum_to
from .._kernels.indexing import frozen
from .._kernels.nodes import FunctionBase, VariableBase, as_result, usual_gradient
from ..errors import GradientError
from . import graph, guard
from .checks import GradientTypeError, check_gradient_type, checked_output, is_broadcast, who, wrong_shape


# ---- forward ---------------------------------------------------------------------------------------------------------

def parameter(cls, name, x):
    """Return a parameter of an op as it is now, whatever is written to it later: arrays and what holds them are copied.

    A Variable that takes no gradient is its array.
    """
    if isinstance(x, VariableBase):
        refuse_parameter(cls, name, x)
        x = x._get_data()
    if isinstance(x, np.ndarray):
        return frozen(x)
    if type(x) is tuple or type(x) is list:
        return type(x)([parameter(cls, name, item) for item in x])
    return {key: parameter(cls, name, item) for key, item in x.items()} if type(x) is dict else x


def refuse_parameter(cls, name, x):
    """Refuse a parameter that is, or holds, a Variable which wants a gradient: it would get none, without a word."""
    if isinstance(x, VariableBase) and graph.wants_gradient(x):
        raise GradientTypeError(f"{who(cls)}: its parameter {name} is a Variable of shape {x.shape} that wants a gradient, and only "
                                "operands get one; pass x.detach() or x.data where it is meant to be constant")
    if type(x) in (tuple, list, dict):
        for item in x.values() if type(x) is dict else x:
            refuse_parameter(cls, name, item)


def constant_operand(x):
    """Return the node of an operand that is no Variable.  A Python number is one that the others' dtype does not hold."""
    return graph.constant(x if isinstance(x, np.ndarray) else np.array(float(x)))


def held_arrays(inputs):
    """Return the data of the operands if all are Variables, else None: `operand_arrays` converts them then."""
    xs = []
    for x in inputs:
        if not isinstance(x, VariableBase):
            return None
        array = x._get_data()
        if array is None:
            return None
        xs.append(array)
    return xs


def output(f, y, xs):
    """Return an output of `forward` as an array that shares memory with no operand."""
    array = as_result(y, xs)
    return checked_output(f, y, xs) if array is None else array


def note_state(f):
    """Note the numbers on f and around its class before forward: new ones would be constants for its rule (`guard`)."""
    f._before = None
    if may_hold_numbers(f):
        for name, x in guard.attributes(f):
            refuse_parameter(type(f), name, x)
        f._before = guard.parameters(f)
    if "_environment" not in type(f).__dict__ and type(f).__base__ is not FunctionBase:
        type(f)._environment = guard.Environment(type(f))


def may_hold_numbers(f):
    """Is there anything on f that could be a floating number, or lead to one?"""
    for x in (getattr(f, "__dict__", None) or {}).values():
        if type(x) not in guard.BARE and not is_bare(x):
            return True
    return has_slots(type(f))


def is_bare(x):
    """Is it made of what holds no floating number, as an index is?"""
    if type(x) is tuple:
        return all([type(i) in guard.BARE or is_bare(i) for i in x])
    return type(x) is np.ndarray and x.dtype.kind in "iub" or isinstance(x, np.dtype)


def has_slots(cls):
    """Does a class between this one and Function keep attributes in slots?"""
    for base in cls.__mro__:
        if base.__base__ is FunctionBase:
            return False
        if "__slots__" in base.__dict__:
            return True
    return False


# ---- backward --------------------------------------------------------------------------------------------------------

def call_rule(f, gys, inputs, outputs):
    """Return what `f.backward(*gys)` gives while `f.inputs` and `f.outputs` are these: one gradient for each input."""
    refs = [ref(y) for y in outputs]
    if f._inputs is not None:               # another thread runs it, on a graph that shares this call
        f = beside(f)
    kept, f._inputs, f._outputs = f._outputs, inputs, refs
    try:
        gxs = f.backward(*gys)
    except Exception as error:
        error.add_note(f"in the rule of {who(type(f))}")
        raise
    finally:
        f._inputs, f._outputs = None, kept
    if not isinstance(gxs, tuple):
        gxs = (gxs,)
    if len(gxs) != len(f._parents):
        raise GradientError(f"{who(type(f))}: backward returned {len(gxs)} gradients, wanted {len(f._parents)}, one for each input")
    return gxs


def beside(f):
    """Return another instance of a call, with the same attributes, for its rule to run on."""
    g = type(f).__new__(type(f))
    if hasattr(f, "__dict__"):
        g.__dict__ = f.__dict__
    for name in copyreg._slotnames(type(f)):
        if hasattr(f, name):
            setattr(g, name, getattr(f, name))
    g._parents, g._values, g._before, g.generation = f._parents, f._values, f._before, f.generation
    return g


def fit(f, i, gx, outputs):
    """Return a rule's gradient for input i as an array of the input's shape, or None.

    Where gradients are summed to the shape of an input that was broadcast: of a Python rule here, by `fit_unusual`; of
    loops in `_kernels/accumulate.pxi`, or in `Program.summed` of `blocks.pxi` from 4 kB on; under create_graph in
    `higher.fit_recorded`.
    """
    x = f._parents[i]
    if gx is None or x.constant:
        return None
    if isinstance(gx, VariableBase):
        gx = gx._get_data()
    shape = x.shape
    g = usual_gradient(gx, shape)
    return fit_unusual(f, i, gx, shape, outputs) if g is None else g


def fit_unusual(f, i, gx, shape, outputs):
    """Return the same in the rare cases: a part, a NumPy scalar, another dtype, or a broadcast shape, which is summed."""
    if type(gx) is At:
        return fit_part(f, i, gx, shape)
    if isinstance(gx, (np.number, np.bool_)):
        gx = np.asarray(gx)
    check_gradient_type(f, i, gx)
    if gx.shape == shape:
        return gx
    if not is_broadcast(gx.shape, [x.shape for x in f._parents], [y.shape for y in outputs], i):
        raise wrong_shape(f, i, gx.shape, shape)
    return sum_to(gx, shape)


def fit_part(f, i, gx, shape):
    """Return the gradient of a part of input i, which is of this shape, with an array in it."""
    g = gx.g._get_data() if isinstance(gx.g, VariableBase) else gx.g
    if isinstance(g, (np.number, np.bool_)):
        g = np.asarray(g)
    check_gradient_type(f, i, g)
    check_part(f, i, gx.index, g.shape, shape)
    return At(gx.index, g)


def check_part(f, i, index, got, shape):
    """Refuse a gradient of another shape than the part of input i that it is of."""
    try:
        wanted = shape_at(index, shape)
    except (IndexError, TypeError, ValueError) as error:
        raise GradientError(f"{who(type(f))}: backward returned At({index!r}, ...) for input {i} of shape {shape}: {error}") from error
    if got != wanted:
        raise wrong_shape(f, i, got, wanted)


def accumulate(x, gx):
    """Add to the gradient of x what `fit` has given."""
    if type(gx) is At:
        x.accumulate_at(gx.index, gx.g)
    else:
        x.accumulate(gx)


def zeros_like(y):
    """Return the gradient of an output that nobody used."""
    return np.zeros(y.shape, gradient_dtype(y.dtype))


def data_of(gradient):
    """Return a copy of the caller's gradient as an array."""
    return np.array(gradient.data if isinstance(gradient, VariableBase) else gradient)


def collect_pick(node, queue):
    """Store a pick's gradient with its call, whose rule runs after the rest of its generation."""
    call = node.in0
    if queue.push_late(call):
        call.op._gys = [None] * call.place
    gys, g = call.op._gys, node.gradient()
    nodes.note_raised()
    old = gys[node.place]                   # there may be one: under create_graph a rule gets new picks (`higher.picks`)
    gys[node.place] = g if old is None else np.asarray(old + g)
