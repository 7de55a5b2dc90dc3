cimport cython
from . cimport dispatch, graph, rules, tape
from .._kernels.nodes cimport FunctionBase, Node, OpBase, VariableBase

cdef OperatorTable operators

cdef class OperatorTable:
    cdef public OpBase add_, sub_, mul_, truediv_, floordiv_, mod_, divmod_, pow_, matmul_, and_, or_, xor_, lshift_, rshift_
    cdef public OpBase neg_, pos_, abs_, invert_, getitem_
    cdef dict loops, functions, answers

cdef class Function(FunctionBase):
    pass

cdef class RuleFunction(Function):
    pass

cdef class OpFunction:
    cdef object __weakref__
    cdef dict __dict__
    cdef readonly object cls

@cython.final
cdef class PlainCalls:
    cdef Py_ssize_t leading
    cdef list by_place, needed
    cdef dict names, differing
    cdef dict parameters(self, object cls, tuple args, dict kwargs)
    cdef bint take(self, dict found, object cls, object name, object x) except -1

cdef PlainCalls plain_calls(object bound)
cdef object apply_op(object cls, tuple args, dict kwargs)
@cython.locals(op=OpBase)
cdef object apply_loops(object cls, tuple args)
cdef object apply_by_place(object cls, tuple args, dict kwargs)
cpdef object arguments_of(object cls)
cdef object read_arguments(object cls)
cdef object as_leaf(object data)
@cython.locals(x=Node, generation=Py_ssize_t)
cdef Py_ssize_t youngest(tuple parents) except -1
@cython.locals(x=Node)
cdef tuple needs_of(Function f)
cpdef object operands_of(object cls)
cdef object count_operands(object forward)
cdef object refuse_arguments(object cls, tuple args, dict kwargs, object error)
cdef object as_0d(object x)

@cython.final
cdef class Answer:
    cdef readonly object apply, parameters
    cdef readonly OpBase op
    cdef readonly Py_ssize_t operands, direct

@cython.locals(found=Answer, answers=dict)
cdef object answer(object func, tuple args, dict kwargs)
@cython.locals(op=OpBase)
cdef Answer answer_of(object func)
