from .._kernels.nodes cimport Node, VariableBase

cdef Engine engine

cdef class Hooks:
    cdef int operand(self, object x) except -1
    cdef tuple held(self, tuple operands)
    cdef VariableBase variable(self, Node node, tuple operands)
    cdef int unrecorded(self, object x) except -1
    cdef int result(self, VariableBase y, object cls, tuple operands) except -1
    cdef int before_rule(self, Node node, object gradient) except -1
    cdef list walk(self, Node root, object gradient, bint retain, bint create_graph)

cdef class Engine:
    cdef Py_ssize_t rule_watchers
    cdef int watchers, guarding
    cdef public Hooks hooks
