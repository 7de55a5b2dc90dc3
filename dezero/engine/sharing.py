"""Variables that NumPy would have share memory: an assignment to one is never missed by another in silence.

In NumPy ``row = x[0]`` shows what is written to x later, and x what is written to row.  Here every Variable has memory of its
own, so the first is noted (`_kernels/alias.pxi`), and a Variable that would have another value by now is *stale*: its next use
is an error, whatever it is.  Nothing else has to look: of a stale Variable node and array are set aside, so that it comes to
where a Variable without data is refused.

    row = x[0]; x[0] = 5.0          row is stale
    row = x[0]; row += 1.0          x is stale, until x[0] = row
    x[0][1] = 5.0                   is refused at once, since x is alive
"""
import numpy as np

from .._kernels import nodes
from .._kernels.nodes import VariableBase
from ..errors import DTypeError, GraphError
from . import graph
from .checks import describe


class AugmentedError(DTypeError, ValueError):
    """What an augmented assignment gives has another shape or a wider dtype than what it is to change."""


def note_views(f, ys, given, arrays, inputs, xs):
    """Note which results ys of a call NumPy would have share memory with an operand: what forward has given was copied then."""
    for i, view in enumerate(given):
        if view is arrays[i] or not isinstance(view, np.ndarray) or view.size == 0:
            continue
        for j, x in enumerate(inputs):      # `zip` takes 1 500 instructions of the 20 000 of x[1:3]
            if isinstance(x, VariableBase) and (view is xs[j] or view.base is xs[j] or np.may_share_memory(view, xs[j])):
                nodes.note_view(x, xs[j], ys[i], view).through = f.assign_operand
                break


def check_view(x, low, high):
    """Refuse to assign to some bytes of a view of what is alive: NumPy would write there as well."""
    for other in x.alias.others(low, high):
        if other.alias.depth < x.alias.depth:
            raise GraphError("x[i] = v of a part of another Variable, which NumPy would change as well: write x[0, 1] = v in place of "
                             "x[0][1] = v, and in place of row[1] = v, where row = x[0], assign to x; or take a copy, row = x[0] + 0")


def mark_others(x, low, high, value):
    """Make stale what would share these bytes with x, which have been assigned to; but for `value`, which is what they are now."""
    for other in x.alias.others(low, high):
        if other is not value:
            mark(other, graph.OUTDATED, None)


def note_augmented(x, y):
    """Make stale what would share memory with x, of which an augmented assignment has made y: NumPy would have changed it in place."""
    alias = x.alias
    if not isinstance(y, VariableBase) or y is x:
        return 0
    if y.shape != x.shape or not np.can_cast(y.dtype, x.dtype, "same_kind"):
        raise AugmentedError(f"an augmented assignment to a part of shape {x.shape} and dtype {x.dtype} gives one of shape {y.shape} and "
                             f"dtype {y.dtype}, which has no room there: write row = row + v where it is to be another array")
    for other in alias.others(alias.low, alias.high):
        mark(other, graph.OVERTAKEN if other.alias.depth < alias.depth else graph.OUTDATED, y, x)
    if alias.depth:
        alias.again(y)
        mark(x, graph.OUTDATED, None)
    return 0


def mark(v, reason, pending, before=None):
    """Make a Variable stale, until `pending` is assigned to where it was taken from; that may take the place of the one before."""
    alias = v.alias
    if v.reason >= graph.OUTDATED:
        alias.pending = pending if alias.pending is before and before is not None else None
        return 0
    alias.kept_node, alias.kept_array, alias.kept_reason = v.node, v.array, v.reason
    alias.pending = pending if reason == graph.OVERTAKEN else None
    if v.node is not None:
        graph.retire(v)                     # gradients of what was computed from it still come to its .grad
    v.array, v.reason = None, reason
    return 0


def restore(v):
    """Take a stale Variable back to what it was."""
    alias = v.alias
    if alias.kept_node is not None:
        v.bind(alias.kept_node)
    v.array, v.reason = alias.kept_array, alias.kept_reason
    alias.kept_node = alias.kept_array = alias.pending = None


def part_of(array, index):
    """Return the part of an array at an index as a view, also where it is one number; None where it is no view."""
    if not nodes.is_basic(index):
        return None
    index = index if type(index) is tuple else (index,)
    return array[index if any([i is ... for i in index]) else (*index, ...)]


def claim(x, index, value):
    """Take a stale x back to what it was, where `value` is the part of it that was changed since and now comes to its place."""
    array = awaiting(x, value)
    if not is_taken_from(value, x, array, part_of(array, index)):
        graph.refuse_stale(x)
    restore(x)


def claim_attribute(x, name, value):
    """Do the same where it comes to an attribute, as the real part does."""
    array = awaiting(x, value)
    part = getattr(array, name)
    if not is_taken_from(value, x, array, part if isinstance(part, np.ndarray) else None):
        graph.refuse_stale(x)
    restore(x)


def awaiting(x, value):
    """Return the array of a stale x that waits for `value`."""
    alias = x.alias
    if alias.pending is None or alias.pending is not value:
        graph.refuse_stale(x)
    return alias.kept_array if alias.kept_array is not None else alias.kept_node.as_array()


def whole_of(x):
    """Return the living Variable that x was taken from, or None."""
    for other in x.alias.others(x.alias.low, x.alias.high):
        if other.alias.serial == x.alias.taken_from:
            return other
    return None


def is_taken_from(v, x, array, part):
    """Is v the very part of x's array that is assigned to?"""
    if part is None or v.alias is None or v._get_data().shape != part.shape:
        return False
    return v.alias.is_part(x.alias, array, part)


def take_back(v):
    """Take back an augmented assignment that has made v, which could not be assigned to where it was taken from: v is stale instead."""
    for other in v.alias.others(v.alias.low, v.alias.high):
        if other.alias.pending is v:
            restore(other)
    mark(v, graph.REFUSED, None)


def rebind(v, data):
    """Take a Variable that gets new data, its own, out of the storage, and back to what it was where it is stale."""
    if v.reason >= graph.OUTDATED:
        old = v.alias.kept_array if v.alias.kept_array is not None else v.alias.kept_node
        if data is None or data.shape != old.shape or data.dtype != old.dtype:
            raise GraphError(f"data of a Variable that can't be used any more may be replaced by their like only: got {describe(data)}, "
                             f"wanted shape {old.shape} and dtype {old.dtype}; make a new Variable")
        restore(v)
    v.alias = None
