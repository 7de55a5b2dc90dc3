cimport cython
from . cimport graph, hooks, rules, sharing
from .hooks cimport Engine
from .._kernels cimport nodes
from .._kernels.nodes cimport FunctionBase, Kernel, Node, OpBase, ReadyQueue, VariableBase

cdef Engine engine

@cython.locals(x0=Node, x1=Node, node=Node, y=VariableBase, record=bint, observed=bint)
cdef VariableBase run_kernel(OpBase op, object a, object b)
@cython.locals(node=Node)
cdef inline Node operand_node(object x)
cdef bint is_number(object x)
@cython.locals(generation=Py_ssize_t, kernel=Kernel, reads=int)
cdef int record_kernel(Node node, OpBase op, Node x0, Node x1, object a, object b) except -1
cdef Node save(Node node, VariableBase v)
cdef object run_forward(FunctionBase f, tuple inputs)
cdef tuple results(FunctionBase f, list xs)
@cython.locals(node=Node, x=Node, parents=tuple, generation=Py_ssize_t, constant=bint)
cdef list record_forward(FunctionBase f, tuple inputs, list xs, list ys)
@cython.locals(node=Node)
cdef Node parent(FunctionBase f, int i, object v, object x)
@cython.locals(outer=int, raised=int)
cdef int run_backward(Node root, object gradient, bint retain, bint create_graph) except -1
cdef object transposed(object gradient)
cdef list walk_back(Node root, object gradient, bint retain, bint create_graph)
@cython.locals(node=Node, queue=ReadyQueue, arrived=list)
cdef list walk(Node root, object gradient, bint retain)
@cython.locals(f=FunctionBase, x=Node, gys=list, gxs=list)
cdef int apply_rule(Node node, ReadyQueue queue) except -1
@cython.locals(v=VariableBase)
cdef int deliver(Node node, list arrived, bint adds) except -1
@cython.locals(v=VariableBase, i=Py_ssize_t, changes=list)
cdef int set_gradients(list arrived, bint create_graph) except -1
cdef object sum_of(object old, object g, bint create_graph)
