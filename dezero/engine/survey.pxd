cimport cython
from . cimport graph
from .._kernels cimport nodes
from .._kernels.nodes cimport Alias, FunctionBase, Metadata, Node, OpBase, VariableBase

@cython.locals(v=VariableBase, node=Node)
cpdef tuple survey(list variables, Py_ssize_t most)
@cython.locals(node=Node)
cdef list ordered(list roots, Py_ssize_t most)
@cython.locals(node=Node, x=Node)
cdef set choose(list roots, Py_ssize_t most)
@cython.locals(v=VariableBase, op=OpBase)
cdef object fact_of(Node node, dict found)
cdef str kind_of(Node node, VariableBase v)
cdef object fact_of_unused(VariableBase v)
@cython.locals(g=VariableBase)
cdef object gradient_of(VariableBase v)
cdef object number_in(object array)
