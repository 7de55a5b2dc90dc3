# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True, nonecheck=False
"""The loops of the seven built-in ops and of comparisons, float64 and float32, as capsules any `Kernel` takes; sums of rows.

The formulas stand in loops.h: what the compiler makes of a formula (one copy per instruction set, a vector loop for
contiguous data) can be said in C and not in Cython.  A capsule's name is its types, "dd->d"; NumPy's `np.power` does
the general power, its loops are read out of the ufunc once, here.
"""
import numpy as np

cimport numpy as cnp
from cpython.pycapsule cimport PyCapsule_New

cnp.import_array()
cnp.import_ufunc()

cdef extern from "loops.h":
    ctypedef struct NumpyLoop "dz_numpy_loop":
        Loop loop
        void *data
    NumpyLoop dz_power_d, dz_power_f
    Loop add_d, add_f, sub_d, sub_f, mul_d, mul_f, div_d, div_f, neg_d, neg_f, square_d, square_f, pow_d, pow_f
    Loop mul_add_d, mul_add_f, mul_sub_d, mul_sub_f, div_x0_d, div_x0_f, div_x1_d, div_x1_f
    Loop square_x0_d, square_x0_f, pow_x0_d, pow_x0_f, pow_x1_d, pow_x1_f, copy_d, copy_f
    Loop pow_x0_add_d, pow_x0_add_f, pow_x0_sub_d, pow_x0_sub_f, square_x0_add_d, square_x0_add_f, square_x0_sub_d, square_x0_sub_f
    Loop absolute_d, absolute_f, sign_d, sign_f, maximum_d, maximum_f, minimum_d, minimum_f
    Loop less_d, less_f, less_equal_d, less_equal_f, equal_d, equal_f, not_equal_d, not_equal_f, select_d, select_f
    cnp.PyUFuncGenericFunction row_sums_d, row_sums_f
    double dz_sum_d(const double *, Py_ssize_t) noexcept nogil
    double dz_sum_f(const float *, Py_ssize_t) noexcept nogil
    void dz_gather_d(double *, const double *, Py_ssize_t) noexcept nogil
    void dz_gather_f(double *, const float *, Py_ssize_t) noexcept nogil
    double dz_both_d(double *, const double *, Py_ssize_t) noexcept nogil
    double dz_both_f(double *, const float *, Py_ssize_t) noexcept nogil

cdef extern from "numpy/ufuncobject.h":
    ctypedef struct PyUFuncObject:
        Loop *functions
        void **data

VERSION = DEZERO_VERSION.decode()       # of dezero when this was built

cdef class Build:
    """Its size tells this build from others; see `dezero._kernels.extensions`."""

cdef class BuildRest:
    """The larger `Build`, the smaller this: Cython refuses a class that is smaller than expected, and warns of a larger one."""

plus[:] = [add_d, add_f]
minus[:] = [sub_d, sub_f]
negate[:] = [neg_d, neg_f]
copy[:] = [copy_d, copy_f]
times[:] = [mul_d, mul_f]
times_add[:] = [mul_add_d, mul_add_f]
times_sub[:] = [mul_sub_d, mul_sub_f]


cdef double total(int d, const char *p, Py_ssize_t n) noexcept nogil:
    """The sum of n contiguous numbers, pairwise and in double."""
    return dz_sum_d(<const double *>p, n) if d == 0 else dz_sum_f(<const float *>p, n)


cdef void gather(int d, double *to, const char *p, Py_ssize_t n) noexcept nogil:
    """to[i] += p[i]"""
    if d == 0:
        dz_gather_d(to, <const double *>p, n)
    else:
        dz_gather_f(to, <const float *>p, n)


cdef double total_and_gather(int d, double *to, const char *p, Py_ssize_t n) noexcept nogil:
    """Both, of one block."""
    return dz_both_d(to, <const double *>p, n) if d == 0 else dz_both_f(to, <const float *>p, n)


cdef int read_power(NumpyLoop *where, str types) except -1:
    cdef PyUFuncObject *power = <PyUFuncObject *>np.power
    cdef int i = np.power.types.index(types)
    where.loop = power.functions[i]
    where.data = power.data[i] if power.data != NULL else NULL
    return 0


read_power(&dz_power_d, "dd->d")
read_power(&dz_power_f, "ff->f")


cdef list both(Loop d, Loop f, int nin):
    """Capsules of a loop in float64 and float32."""
    return [PyCapsule_New(<void *>d, DOUBLE[nin], NULL), PyCapsule_New(<void *>f, SINGLE[nin], NULL)]


cdef const char *DOUBLE[6]
cdef const char *SINGLE[6]
DOUBLE[:] = [NULL, "d->d", "dd->d", "ddd->d", "dddd->d", "ddddd->d"]
SINGLE[:] = [NULL, "f->f", "ff->f", "fff->f", "ffff->f", "fffff->f"]

add = both(add_d, add_f, 2)
sub = both(sub_d, sub_f, 2)
mul = both(mul_d, mul_f, 2)
div = both(div_d, div_f, 2)
pow = both(pow_d, pow_f, 2)
neg = both(neg_d, neg_f, 1)
square = both(square_d, square_f, 1)

# What rules are made of beside these (`rows`).  NumPy's own loops of some clear the floating-point flags that were raised before.
absolute = both(absolute_d, absolute_f, 1)
sign = both(sign_d, sign_f, 1)
maximum = both(maximum_d, maximum_f, 2)
minimum = both(minimum_d, minimum_f, 2)

# 1 where it is so and 0 elsewhere; select(c, a, b) is a where c is not 0.
less = both(less_d, less_f, 2)
less_equal = both(less_equal_d, less_equal_f, 2)
equal = both(equal_d, equal_f, 2)
not_equal = both(not_equal_d, not_equal_f, 2)
select = both(select_d, select_f, 3)
copied = both(copy_d, copy_f, 1)

# Gradients with respect to x0 and x1, from (gy, *inputs, y).
div_x0 = both(div_x0_d, div_x0_f, 4)
div_x1 = both(div_x1_d, div_x1_f, 4)
pow_x0 = both(pow_x0_d, pow_x0_f, 4)
pow_x1 = both(pow_x1_d, pow_x1_f, 4)
square_x0 = both(square_x0_d, square_x0_f, 3)

# The same, added to a sum or taken off it: (gy, *inputs, y, sum) -> sum.
pow_x0_more = both(pow_x0_add_d, pow_x0_add_f, 5), both(pow_x0_sub_d, pow_x0_sub_f, 5)
square_x0_more = both(square_x0_add_d, square_x0_add_f, 4), both(square_x0_sub_d, square_x0_sub_f, 4)

# Sums over the last axis, of rows of at most 128 numbers with the bits of np.add.reduce, by whose name it reports flags as well.
cdef cnp.PyUFuncGenericFunction row_loops[2]
cdef void *row_data[2]
cdef char row_types[4]
row_loops[:] = [row_sums_d, row_sums_f]
row_data[:] = [NULL, NULL]
row_types[:] = [cnp.NPY_DOUBLE, cnp.NPY_DOUBLE, cnp.NPY_FLOAT, cnp.NPY_FLOAT]
row_sums = cnp.PyUFunc_FromFuncAndDataAndSignature(row_loops, row_data, row_types, 2, 1, 1, cnp.PyUFunc_None, "reduce", NULL, 0,
                                                   "(n)->()")
