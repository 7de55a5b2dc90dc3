cimport cython
from .._kernels cimport nodes
from .._kernels.nodes cimport FunctionBase, Metadata, ModeFlag, Node, OpBase, VariableBase

cdef ModeFlag recording, keeping, transforming, vouched

@cython.locals(node=Node)
cdef Node new_node(object array)
@cython.locals(node=Node)
cdef Node new_leaf(VariableBase v)
@cython.locals(node=Node)
cdef Node constant(object array)
@cython.locals(node=Node)
cdef Node identity(VariableBase v, object array)
@cython.locals(node=Node)
cdef Node node_of(VariableBase v)
cdef int retire(VariableBase v) except -1
@cython.locals(call=Node, pick=Node, place=int)
cdef object join_outputs(object f, list picks, list ys)
cdef int check_shape(VariableBase v, Node node) except -1
cdef int refuse_stale(VariableBase v) except -1
cdef bint is_leaf(VariableBase v) except -1
cdef Node op_node(Node node)
cdef tuple parents(Node node)
@cython.locals(f=FunctionBase, metadata=Metadata)
cdef object function_of(Node node)
@cython.locals(f=FunctionBase, place=int)
cdef object creator_of(VariableBase v, Node node)
cdef Metadata metadata_of(Node node)
cdef bint is_constant(VariableBase v) except -1
cdef bint wants_gradient(VariableBase v) except -1
cdef bint is_differentiated(VariableBase v) except -1
cpdef bint is_known(VariableBase v) except -1
@cython.locals(v=VariableBase, node=Node)
cdef bint leads_to_argument(Node root) except -1
cdef VariableBase living_variable(Node node)
@cython.locals(v=VariableBase)
cdef VariableBase variable_of(Node node)
@cython.locals(v=VariableBase)
cdef VariableBase new_variable_of(Node node)
@cython.locals(v=VariableBase)
cpdef VariableBase without_graph(object data, int reason)
@cython.locals(v=VariableBase)
cdef VariableBase on_array(object array)
@cython.locals(v=VariableBase)
cdef VariableBase on_value(Node node)
cdef int cut(Node node) except -1
@cython.locals(node=Node, x=Node, v=VariableBase)
cdef object unchain_inputs(Node root)
