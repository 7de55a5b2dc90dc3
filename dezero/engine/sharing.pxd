cimport cython
from . cimport graph
from .._kernels cimport nodes
from .._kernels.nodes cimport Alias, FunctionBase, Node, VariableBase

cdef int note_views(FunctionBase f, list ys, tuple given, list arrays, tuple inputs, list xs) except -1
@cython.locals(other=VariableBase)
cdef int check_view(VariableBase x, Py_ssize_t low, Py_ssize_t high) except -1
@cython.locals(other=VariableBase)
cdef int mark_others(VariableBase x, Py_ssize_t low, Py_ssize_t high, object value) except -1
@cython.locals(alias=Alias, other=VariableBase)
cdef int note_augmented(VariableBase x, object y) except -1
@cython.locals(alias=Alias)
cdef int mark(VariableBase v, int reason, object pending, object before=*) except -1
@cython.locals(alias=Alias)
cdef int restore(VariableBase v) except -1
cdef object part_of(object array, object index)
cdef int claim(VariableBase x, object index, object value) except -1
cdef int claim_attribute(VariableBase x, str name, object value) except -1
@cython.locals(alias=Alias)
cdef object awaiting(VariableBase x, object value)
@cython.locals(other=VariableBase)
cdef VariableBase whole_of(VariableBase x)
cdef bint is_taken_from(VariableBase v, VariableBase x, object array, object part) except -1
@cython.locals(other=VariableBase)
cdef int take_back(VariableBase v) except -1
cdef int rebind(VariableBase v, object data) except -1
