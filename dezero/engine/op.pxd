cimport cython
from . cimport function, rules, tape
from .function cimport OperatorTable, PlainCalls, RuleFunction
from .rules cimport Rule
from .._kernels.nodes cimport FunctionBase, OpBase, VariableBase

cdef class OpCall

@cython.final
cdef class Loops(OpBase):
    cdef readonly object cls, numbers
    cdef readonly list guards

cdef class Op:
    cdef object __weakref__
    cdef dict __dict__
    cdef readonly object rule, forward, kernel, result
    cdef readonly bint listed
    cdef Py_ssize_t _count               # of operands, where all are always given; else 0
    cdef Py_ssize_t _exact               # a call of so many arguments by place gives operands alone, and needs no binding; -1: none
    cdef readonly Rule _rule
    cdef object _class, _arguments
    cdef readonly Loops _loops          # without parameters, once they are made
    cdef readonly dict _traced, _any
    cdef readonly int _traces
    cdef readonly bint _is_untraceable
    cdef PlainCalls _plain
    cdef readonly OpCall apply

@cython.final
cdef class OpCall:
    cdef object __weakref__
    cdef dict __dict__
    cdef readonly Op op

@cython.locals(cls=type, f=FunctionBase, rule=Rule)
cdef FunctionBase new_call(Op op, dict parameters)
@cython.locals(f=FunctionBase)
cdef object call(Op op, object operands, dict parameters)
cdef object run_loops(Op op, object operands, dict parameters)
@cython.locals(loops=Loops)
cpdef Loops loops_of(Op op, dict parameters)
cdef object key_of(dict parameters)
cdef Loops loops_for(Op op, object key, dict parameters)
cdef Loops loops_of_numbers(Op op, dict parameters)
cdef Loops make_loops(Op op, dict parameters, object numbers=*)
cdef object tracing()
cdef bint still_holds(list guards) except -1
cdef bint any_variable(object xs) except -1
cdef bint any_list(tuple args) except -1
