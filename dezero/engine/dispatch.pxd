cimport cython
from . cimport graph
from .._kernels.nodes cimport VariableBase

cpdef bint is_operand(object x) except -1
cpdef bint is_foreign(object x) except -1
@cython.locals(v=VariableBase)
cpdef object compare(object ufunc, VariableBase v, object other)
cpdef object dispatch_numpy(object func, str method, object args, object kwargs)
cpdef object to_data(object x)
