cimport cython
from . cimport assign, dispatch, function, graph, rules, sharing, tape
from .._kernels.nodes cimport Node, OpBase, VariableBase

cdef class Attribute:
    cdef str name

cdef class Variable(VariableBase):
    cpdef object _get_data(self)
    cpdef object refuse_cut(self, str what)

cdef object attribute_of(Variable v, str name)
cdef object operate(OpBase op, str operator, object a, object b)
cdef inline object changed(VariableBase x, object y)
cdef object operate_alone(OpBase op, str operator, object a)
cdef OpBase op_for(OpBase op, str operator)
cdef object operate_beyond(str operator, object a, object b)
cdef int refuse_in_transform(Variable v, str what) except -1
cdef int refuse_numbers(str what) except -1
cdef int refuse_array(Variable v, str what) except -1
cdef int refuse_beside(Variable v, str what, str other) except -1
cdef object number_of(Variable v, str what)
cdef object ufunc_beyond(object ufunc, str method, tuple inputs, dict kwargs)
cdef object state_of(VariableBase x)
cdef int make_constant(VariableBase v) except -1
