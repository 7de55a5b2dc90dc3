cimport cython
from . cimport graph, guarded, higher, hooks, tape
from .variable cimport Variable
from .._kernels cimport nodes
from .._kernels.nodes cimport Alias, Node, VariableBase

@cython.locals(v=Variable)
cpdef Variable argument(object data)
@cython.locals(outer=int, raised=int)
cpdef list gradients(list ys, list gys, list wanted, bint create_graph=*, bint linear=*, object tell=*)
@cython.locals(engine=hooks.Engine, x=Variable, root=Node, arrived=list)
cdef list walk_to(list ys, list gys, list wanted, bint create_graph, bint linear, object tell)
cdef Node leaf_of(Variable v)
cdef bint is_real(Node node) except -1
cdef list arrivals(list arrived, list wanted)
@cython.locals(node=Node, x=Node)
cdef bint leads_elsewhere(list roots, list targets) except -1
