cdef extern from "dezero_build.h":
    ctypedef struct dezero_build:
        pass
    ctypedef struct dezero_build_rest:
        pass
    const char *DEZERO_VERSION

cdef class Build:               # first: what is of another build is to fail here
    cdef dezero_build size

cdef class BuildRest:
    cdef dezero_build_rest size

# NumPy's inner loop
ctypedef void (*Loop)(char **args, const Py_ssize_t *n, const Py_ssize_t *steps, void *data) noexcept nogil

# By dtype: 0 is float64, 1 float32.
cdef Loop plus[2]
cdef Loop minus[2]
cdef Loop negate[2]
cdef Loop copy[2]
cdef Loop times[2]
cdef Loop times_add[2]      # (a, b, sum) -> sum + a b
cdef Loop times_sub[2]

cdef double total(int d, const char *p, Py_ssize_t n) noexcept nogil
cdef void gather(int d, double *to, const char *p, Py_ssize_t n) noexcept nogil
cdef double total_and_gather(int d, double *to, const char *p, Py_ssize_t n) noexcept nogil
