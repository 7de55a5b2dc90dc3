cimport cython
from . cimport function, rules, tape
from .function cimport OperatorTable, RuleFunction
from .rules cimport Rule
from .._kernels.nodes cimport FunctionBase, OpBase, VariableBase

cdef class OpCall

cdef class Op:
    cdef object __weakref__
    cdef dict __dict__
    cdef readonly object rule, forward, kernel, result
    cdef readonly bint listed
    cdef Py_ssize_t _count               # of operands, where all are always given; else 0
    cdef Py_ssize_t _exact               # a call of so many arguments by place gives operands alone, and needs no binding; -1: none
    cdef readonly Rule _rule
    cdef object _class, _arguments
    cdef readonly OpCall apply

@cython.final
cdef class OpCall:
    cdef object __weakref__
    cdef dict __dict__
    cdef readonly Op op

@cython.locals(f=FunctionBase, rule=Rule)
cdef object call(Op op, object operands, dict parameters)
@cython.locals(entry=OpBase)
cdef object run_loops(Op op, tuple operands)
cdef bint any_variable(object xs) except -1
cdef bint any_list(tuple args) except -1
