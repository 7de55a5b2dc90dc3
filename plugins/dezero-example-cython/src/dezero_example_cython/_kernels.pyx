# cython: language_level=3, cdivision=True
"""The loops of example_cython: formulas for one number, of which dezero.h makes loops over arrays."""
cimport cython

cdef extern from "dezero.h":
    ctypedef void (*dezero_loop)(char **, const ptrdiff_t *, const ptrdiff_t *, void *) noexcept nogil
    object dezero_capsule(dezero_loop, const char *types, void *data)
    # A formula of 1 or 2 arguments on each element; the numbers are their places among args, the last the result's.
    void dezero_each_1(double (*)(double) noexcept nogil,
                       char **, const ptrdiff_t *, const ptrdiff_t *, int, int) noexcept nogil
    void dezero_each_1_f(float (*)(float) noexcept nogil,
                         char **, const ptrdiff_t *, const ptrdiff_t *, int, int) noexcept nogil
    void dezero_each_2(double (*)(double, double) noexcept nogil,
                       char **, const ptrdiff_t *, const ptrdiff_t *, int, int, int) noexcept nogil
    void dezero_each_2_f(float (*)(float, float) noexcept nogil,
                         char **, const ptrdiff_t *, const ptrdiff_t *, int, int, int) noexcept nogil


cdef inline cython.floating value(cython.floating x) noexcept nogil:
    cdef cython.floating square = x * x
    return square / (1 + square)


cdef inline cython.floating slope(cython.floating gy, cython.floating x) noexcept nogil:
    cdef cython.floating below = 1 + x * x
    return gy * 2 * x / (below * below)


# Places of forward: x, y. Of backward: gy, x, y, gx.

cdef void forward_d(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data) noexcept nogil:
    dezero_each_1(value, args, n, steps, 0, 1)


cdef void forward_f(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data) noexcept nogil:
    dezero_each_1_f(value, args, n, steps, 0, 1)


cdef void backward_d(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data) noexcept nogil:
    dezero_each_2(slope, args, n, steps, 0, 1, 3)


cdef void backward_f(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data) noexcept nogil:
    dezero_each_2_f(slope, args, n, steps, 0, 1, 3)


forward = [dezero_capsule(forward_d, "d->d", NULL), dezero_capsule(forward_f, "f->f", NULL)]
backward = [dezero_capsule(backward_d, "ddd->d", NULL), dezero_capsule(backward_f, "fff->f", NULL)]
