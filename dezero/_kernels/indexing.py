"""What indexing takes, and where it came from."""
import operator

import numpy as np

from .gradients import may_repeat
from .nodes import VariableBase


PLAIN = {int, type(None)}


def as_index(index):
    """Return an index as it is now, without Variables.

    Arrays and lists are copied: what is written to them later is no matter.  What is made of several numbers becomes an
    array, as NumPy takes it.
    """
    if type(index) is int or index is None or index is ... or isinstance(index, (bool, np.bool_)):
        return index
    if type(index) is np.ndarray:
        return frozen(index)
    if isinstance(index, tuple):
        return tuple([as_index(i) for i in index])
    if isinstance(index, slice):
        if {type(index.start), type(index.stop), type(index.step)} <= PLAIN:
            return index
        return slice(*[i if i is None else operator.index(i) for i in (index.start, index.stop, index.step)])
    index = without_variables(index)
    if hasattr(index, "__index__") and not isinstance(index, np.ndarray):
        return operator.index(index)
    array = frozen(np.asarray(index))
    return array.astype(np.intp) if array.size == 0 and isinstance(index, list) else array


def without_variables(index):
    """Return an index, or a list of such, with the data of Variables in their place."""
    if isinstance(index, list):
        return [without_variables(i) for i in index]
    return index._get_data() if isinstance(index, VariableBase) else index


def frozen(array):
    """Return an array that nobody can write to: a read-only copy, or itself where its memory is that of bytes.

    One that is merely read-only is copied too: whoever owns its memory can make it writable again.
    """
    if type(array.base) is bytes:
        return array
    array = array.copy()
    array.setflags(False)                   # of `write`
    return array


def scattered(x, index, shape):
    """Return an array of zeros with x added at `index`; what is named twice adds up."""
    y = np.zeros(shape, x.dtype)
    if may_repeat(index):
        np.add.at(y, index, x)
    else:
        y[index] = x                        # no place twice: 30 times faster than add.at
    return y
