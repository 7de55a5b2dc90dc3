"""An op author's Python methods, as the engine calls them: `forward`, and the rule in `backward`.

What goes in is made ready, and what comes out is checked and brought to the wanted shape.  No graph is made here.
"""
from weakref import ref

import numpy as np

from .._kernels import nodes
from .._kernels.gradients import gradient_dtype, sum_to
from .._kernels.nodes import FunctionBase, VariableBase, as_result, usual_gradient
from ..errors import GradientError
from . import guard
from .checks import check_gradient_type, checked_output, is_broadcast, who, wrong_shape


# ---- forward ---------------------------------------------------------------------------------------------------------

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
    f._before = guard.parameters(f) if may_hold_numbers(f) else None
    if "_environment" not in type(f).__dict__ and type(f).__base__ is not FunctionBase:
        type(f)._environment = guard.Environment(type(f))


def may_hold_numbers(f):
    """Is there anything on f that could be a floating number, or lead to one?"""
    for x in (getattr(f, "__dict__", None) or {}).values():
        if type(x) not in guard.BARE and not (type(x) is tuple and all([type(i) in guard.BARE for i in x])):
            return True
    return has_slots(type(f))


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
    kept = f._outputs
    f._inputs, f._outputs = inputs, [ref(y) for y in outputs]
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
    """Return the same in the rare cases: a NumPy scalar, another dtype, or a broadcast shape, which is summed."""
    if isinstance(gx, (np.number, np.bool_)):
        gx = np.asarray(gx)
    check_gradient_type(f, i, gx)
    if gx.shape == shape:
        return gx
    if not is_broadcast(gx.shape, [x.shape for x in f._parents], [y.shape for y in outputs], i):
        raise wrong_shape(f, i, gx.shape, shape)
    return sum_to(gx, shape)


def zeros_like(y):
    """Return the gradient of an output that nobody used."""
    return np.zeros(y.shape, gradient_dtype(y.dtype))


def data_of(gradient):
    """Return a copy of the caller's gradient as an array."""
    return np.array(gradient.data if isinstance(gradient, VariableBase) else gradient)


def collect_pick(node):
    """Store a pick's gradient with its call, and return the call's node: its rule runs after the rest of its generation."""
    call = node.in0
    if not call.queued:
        call.op._gys = [None] * call.place
    gys, g = call.op._gys, node.gradient()
    nodes.note_raised()
    old = gys[node.place]                   # there may be one: under create_graph a rule gets new picks (`higher.picks`)
    gys[node.place] = g if old is None else np.asarray(old + g)
    return call
