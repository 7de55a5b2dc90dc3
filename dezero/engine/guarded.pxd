cimport cython
from . cimport graph, rules
from .variable cimport Variable
from .._kernels cimport nodes
from .._kernels.nodes cimport FunctionBase, Node, VariableBase

cdef class Guarded(Variable):
    cdef object rule
    cdef bint is_traced, lost
    cpdef object _get_data(self)
    cpdef object refuse_cut(self, str what)

@cython.locals(v=Variable)
cdef Variable on_node(Node node)
@cython.locals(v=Guarded)
cdef Guarded guarded(Node node, object f, bint traced=*)
@cython.locals(v=Guarded)
cdef Guarded guarded_gradient(Variable gy, object f, bint traced)
@cython.locals(y=Guarded)
cdef Variable guarded_like(tuple operands)
cdef Guarded joined(Guarded x, Guarded y)
@cython.locals(v=Variable)
cdef VariableBase variable_for(Node node, tuple operands)
@cython.locals(y=Variable)
cdef Variable unguarded(Guarded v)
cdef int hold(Guarded v) except -1
cdef tuple held(tuple operands)
cdef object number_of(Guarded v)
cdef bint is_lost(Guarded v) except -1
cdef int refuse_lost() except -1
cdef object cut_by_rule(Guarded v, str what)
cdef object first_order_only(FunctionBase f, str why)
cdef int refuse_first_order(FunctionBase f, set looked_at) except -1
cdef object environment_of(FunctionBase f)
