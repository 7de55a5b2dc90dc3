cimport cython
from . cimport graph, guarded, hooks, op, rules, watch
from .function cimport Function
from .guarded cimport Guarded
from .op cimport Loops
from .variable cimport Variable
from .._kernels cimport nodes
from .._kernels.nodes cimport FunctionBase, Kernel, Node, OpBase, VariableBase

cdef class Observers(hooks.Hooks):
    pass

@cython.locals(node=Node, table=GradientTable, f=FunctionBase, x=Node)
cdef GradientTable recorded_walk(list roots, list gradients, bint retain, bint create_graph, bint linear, list targets)
cdef object conjugate(object g)
@cython.locals(node=Node, x=Node, oldest=Py_ssize_t)
cdef dict leading_to(list roots, list targets)

cdef class GradientTable:
    cdef bint create_graph, linear
    cdef dict gradients, at_targets, useful, parts
    cdef list heap, arrived
    cdef set looked_at
    cdef Py_ssize_t count
    cdef list apply_rule(self, Node node, FunctionBase f, list gys)
    cdef list recorded_rule(self, Node node, FunctionBase f, list gys)
    cdef list plain_rule(self, Node node, FunctionBase f, list gys)
    cdef object start(self, Node root, object gradient)
    cdef object wrap(self, object g)
    cdef int add(self, Node node, object g, int place=*) except -1
    cdef int add_part(self, Node node, object g) except -1
    cdef object take(self, Node node)
    @cython.locals(v=VariableBase)
    cdef int deliver(self, Node node, object g, bint adds) except -1

cdef object call_guarded(FunctionBase f, list gys, list inputs, list outputs)
@cython.locals(kernel=Kernel, x=Node)
cdef object rematerialize_reads(Node node)
cdef bint is_traced(Node node) except -1
@cython.locals(pick=Node)
cdef list picks(Node node, FunctionBase f)
cdef VariableBase as_operand(Node node, FunctionBase f, bint traced)
cdef VariableBase as_constant(Node node, FunctionBase f, bint traced)
cdef Variable as_recorded(Node node, FunctionBase f, bint vouched, bint traced)
@cython.locals(x=Node)
cdef object fit_recorded(FunctionBase f, int i, object gx, list shapes, list wide, bint vouched)
cdef Variable fit_shape(FunctionBase f, int i, Variable gx, list shapes, list wide)
cdef object in_dtype(object g, object dtype)
cdef Variable as_gradient(FunctionBase f, int i, object gx, bint vouched)
cdef Variable cast(Variable gx, object dtype)
cdef bint is_new_leaf(Variable v) except -1
@cython.locals(v=Variable)
cdef Variable unshared(Variable g, object ys)
