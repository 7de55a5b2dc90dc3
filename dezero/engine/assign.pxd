cimport cython
from . cimport function, graph, hooks, op, rules, sharing
from .hooks cimport Engine
from .function cimport RuleFunction
from .._kernels cimport nodes
from .._kernels.nodes cimport Alias, FunctionBase, Metadata, Node, OpBase, VariableBase

cdef Engine engine

cdef int assign(VariableBase x, object index, object value) except -1
@cython.locals(whole=VariableBase)
cdef bint assign_through(VariableBase x, object index, object value) except -1
cdef int assign_attribute(VariableBase x, str name, object value) except -1
@cython.locals(low=Py_ssize_t, high=Py_ssize_t)
cdef int assign_fresh(VariableBase x, object index, object value) except -1
cdef int check_kind(VariableBase x, object array) except -1
cdef int check_guard(VariableBase x, object value) except -1
cdef object data_of(object value, object array)
cdef object fitted(object v, object array, object index)
@cython.locals(records=bint, is_recorded=bint)
cdef tuple parents_of(VariableBase x, object value, object array, object v)
@cython.locals(node=Node)
cdef Node unread(object array)
cdef object written(VariableBase x, object index, object v)
@cython.locals(f=FunctionBase, node=Node, first=Node, second=Node, is_constant=bint)
cdef int bind(VariableBase x, object array, object index, tuple parents) except -1
@cython.locals(node=Node, f=FunctionBase)
cdef int leave(VariableBase x) except -1

cdef class Assignment(RuleFunction):
    pass
