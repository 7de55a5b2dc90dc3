cimport cython
from . cimport graph, hooks
from .._kernels.nodes cimport FunctionBase, Kernel, ModeFlag, Node, OpBase, VariableBase

cdef ModeFlag for_anomalies, for_changes
@cython.locals(node=Node, x=Node)
cdef object inspect_result(VariableBase y, object cls, tuple inputs)
cdef int count_watchers(int more) except -1
@cython.locals(kernel=Kernel)
cdef list read_of(Node node)
cdef object fingerprint_of(Node node)
cdef str site_of(Node node)
@cython.locals(x=Node)
cdef object check_unchanged(Node node)
cdef object check_finite(Node node, FunctionBase f, list gys, object gxs)
cdef str came_in(list gys)
cdef object first_not_finite(object gradients)
