cimport cython
from . cimport graph
from .._kernels cimport nodes
from .._kernels.nodes cimport FunctionBase, Node, ReadyQueue, VariableBase

cpdef object parameter(object cls, object name, object x, int depth=*)
cpdef object as_index(object index, int depth=*)
cdef int check_depth(int depth) except -1
cdef object without_variables(object index, int depth)
cdef int refuse_parameter(object cls, object name, object x, int depth=*) except -1
cdef Node constant_operand(object x)
cdef list held_arrays(tuple inputs)
cdef bint has_variable(tuple inputs) except -1
cdef object output(object f, object y, list xs)
cdef int note_state(FunctionBase f) except -1
cdef bint may_hold_numbers(FunctionBase f) except -1
cdef bint is_bare(object x) except -1
cdef bint has_slots(object cls) except -1
@cython.locals(g=FunctionBase)
cdef FunctionBase beside(FunctionBase f)
cdef int note_environment(Rule rule) except -1

cdef class Rule:
    cdef readonly object function, forward
    cdef readonly bint listed, takes_saved, is_own
    cdef public bint owns
    cdef public tuple reads
    cdef public bint reads_result
    cdef public object environment

cdef class UnreadBase:
    cdef readonly tuple shape
    cdef readonly object dtype

@cython.locals(rule=Rule)
cdef bint reads_operand(FunctionBase f, int i) except -1
cdef int operand_place(FunctionBase f, int i) except -1
@cython.locals(rule=Rule)
cpdef object call_forward(FunctionBase f, object xs)
cdef object as_taken(FunctionBase f, object xs)
@cython.locals(rule=Rule, arguments=list, parameters=dict)
cpdef list call_function(FunctionBase f, list gys, list ys, list xs, object saved)
@cython.locals(rule=Rule, found=list, x=Node)
cdef list checked_count(FunctionBase f, object gxs)
@cython.locals(x=Node)
cdef list gradients(Node node, FunctionBase f, list gys)
@cython.locals(x=Node)
cdef list gradients_by_method(Node node, FunctionBase f, list gys)
cdef list gradients_by_function(Node node, FunctionBase f, list gys)
cdef object value_of(Node node, bint is_read)
@cython.locals(x=Node)
cdef object fit_operand(FunctionBase f, int i, object gx, list ys)
cdef object projected(object g, object dtype)
cdef object spread(object g, tuple shape)
cdef list checked_parts(FunctionBase f, int i, list parts)
cdef tuple summed_shape(FunctionBase f, int i, tuple got, tuple wanted, list shapes)
cdef tuple call_rule(FunctionBase f, list gys, list inputs, list outputs)
@cython.locals(x=Node)
cdef object fit(FunctionBase f, int i, object gx, list outputs)
cdef object fit_unusual(FunctionBase f, int i, object gx, object shape, list outputs)
cdef object fit_parts(FunctionBase f, int i, object gx, object shape)
cdef object fit_part(FunctionBase f, int i, object gx, object shape)
cdef int check_part(FunctionBase f, int i, object index, tuple got, tuple shape) except -1
cpdef object plain_index(FunctionBase f, int i, object index, object given, int depth=*)
cdef int accumulate(Node x, object gx) except -1
cdef object zeros_like(object y)
cdef object data_of(object gradient)
@cython.locals(call=Node)
cdef int collect_pick(Node node, ReadyQueue queue) except -1
