cimport cython
from . cimport graph
from .._kernels cimport nodes
from .._kernels.nodes cimport FunctionBase, Node, ReadyQueue, VariableBase

cdef object parameter(object cls, object name, object x)
cdef int refuse_parameter(object cls, object name, object x) except -1
cdef Node constant_operand(object x)
cdef list held_arrays(tuple inputs)
cdef object output(object f, object y, list xs)
cdef int note_state(FunctionBase f) except -1
cdef bint may_hold_numbers(FunctionBase f) except -1
cdef bint is_bare(object x) except -1
cdef bint has_slots(object cls) except -1
@cython.locals(g=FunctionBase)
cdef FunctionBase beside(FunctionBase f)
cdef tuple call_rule(FunctionBase f, list gys, list inputs, list outputs)
@cython.locals(x=Node)
cdef object fit(FunctionBase f, int i, object gx, list outputs)
cdef object fit_unusual(FunctionBase f, int i, object gx, object shape, list outputs)
cdef object fit_part(FunctionBase f, int i, object gx, object shape)
cdef int accumulate(Node x, object gx) except -1
cdef object zeros_like(object y)
cdef object data_of(object gradient)
@cython.locals(call=Node)
cdef int collect_pick(Node node, ReadyQueue queue) except -1
