/* Compiled loops for ops of dezero, in plain C.  `dezero.get_include()` gives the folder of this file.

   An op that has a kernel is run by loops, not by its Python methods.  A loop is a NumPy inner loop:

       void loop(char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data);

   args     where the arrays begin: the inputs, then the output.  A loop may change them.
   n        how many elements there are: n[0], at least one.
   steps    bytes from one element to the next, for each array; 0 where one element serves for all.
   data     what dezero_capsule() was given.

   Forward takes (x0, [x1,] y) and writes y.  The loop of a gradient takes (gy, x0, [x1,] y, gx) and writes gx, the gradient
   by one input.  Elements are aligned and in native byte order, and the output overlaps nothing.  A loop touches no Python
   object: on long arrays it runs without the interpreter's lock.

   Most loops do one formula on each element.  Write the formula as a static inline function, and let the compiler make a
   loop of it, with vectors for contiguous data: here y = x² and gx = 2 gy x, whose loop has places 0, 1, 2, 3 for gy, x,
   y, gx and does not look at y.

       static inline double square(double x) { return x * x; }
       static inline double slope(double gy, double x) { return 2 * gy * x; }

       static void forward_d(DEZERO_ARGS) { dezero_each_1(square, args, n, steps, 0, 1); }
       static void backward_d(DEZERO_ARGS) { dezero_each_2(slope, args, n, steps, 0, 1, 3); }

   In Cython formulas are `cdef inline` functions; `dezero new NAME --kernel cython` writes a package to start from.

   Loops come to Python in capsules that are named by their types: "d" is double, "f" float, inputs first.

       dezero_capsule(forward_d, "d->d", NULL)
       dezero_capsule(backward_d, "ddd->d", NULL)

       kernel = dezero.Kernel(forward=[forward_d, forward_f], backward=[backward_d, backward_f], reads=((0,),))

   The name ends with the version of this header, as in "d->d@1.0": a dezero that can't run the loop says so when the
   kernel is made.  The first number changes when loops that were built before can't run any more, the second when
   something is added.

   Without Python.h before it this file has everything but the capsule, for libraries that are loaded with ctypes or cffi;
   there a loop is (pointer, "d->d"). */
#ifndef DEZERO_H
#define DEZERO_H
#include <stddef.h>

#define DEZERO_ABI_MAJOR 1
#define DEZERO_ABI_MINOR 0

#define DEZERO_ARGS char **args, const ptrdiff_t *n, const ptrdiff_t *steps, void *data

typedef void (*dezero_loop)(DEZERO_ARGS);

#if defined(__GNUC__)
#define DEZERO_INLINE static inline __attribute__((always_inline, unused)) /* else the formula stays a call */
#elif defined(_MSC_VER)
#define DEZERO_INLINE static __forceinline
#else
#define DEZERO_INLINE static inline
#endif
#if defined(__GNUC__) && !defined(__clang__)
#define DEZERO_FOR _Pragma("GCC ivdep") for (ptrdiff_t i = 0; i < count; i++) /* the output overlaps nothing */
#else
#define DEZERO_FOR for (ptrdiff_t i = 0; i < count; i++)
#endif

/* Element i of argument k; and whether argument k is contiguous, or one element for all. */
#define DEZERO_AT(T, k) (*(T *)(args[k] + i * steps[k]))
#define DEZERO_FLAT(T, k) (steps[k] == (ptrdiff_t)sizeof(T))
#define DEZERO_ONE(k) (steps[k] == 0)

/* dezero_each_K: a formula of K arguments, which are at the places a, b, ..., on each element, into the one at y. */
#define DEZERO_EACH(T, S)                                                                                              \
    DEZERO_INLINE void dezero_each_1##S(T (*f)(T), char **args, const ptrdiff_t *n, const ptrdiff_t *steps, int a,     \
                                        int y)                                                                         \
    {                                                                                                                  \
        const ptrdiff_t count = n[0];                                                                                  \
        const T *A = (const T *)args[a];                                                                               \
        T *Y = (T *)args[y];                                                                                           \
        if (DEZERO_FLAT(T, a) && DEZERO_FLAT(T, y)) DEZERO_FOR Y[i] = f(A[i]);                                         \
        else DEZERO_FOR DEZERO_AT(T, y) = f(DEZERO_AT(T, a));                                                          \
    }                                                                                                                  \
    DEZERO_INLINE void dezero_each_2##S(T (*f)(T, T), char **args, const ptrdiff_t *n, const ptrdiff_t *steps, int a,  \
                                        int b, int y)                                                                  \
    {                                                                                                                  \
        const ptrdiff_t count = n[0];                                                                                  \
        const T *A = (const T *)args[a], *B = (const T *)args[b];                                                      \
        T *Y = (T *)args[y];                                                                                           \
        if (DEZERO_FLAT(T, a) && DEZERO_FLAT(T, b) && DEZERO_FLAT(T, y)) DEZERO_FOR Y[i] = f(A[i], B[i]);              \
        else if (DEZERO_FLAT(T, a) && DEZERO_ONE(b) && DEZERO_FLAT(T, y)) { const T one = *B; DEZERO_FOR Y[i] = f(A[i], one); } \
        else if (DEZERO_ONE(a) && DEZERO_FLAT(T, b) && DEZERO_FLAT(T, y)) { const T one = *A; DEZERO_FOR Y[i] = f(one, B[i]); } \
        else DEZERO_FOR DEZERO_AT(T, y) = f(DEZERO_AT(T, a), DEZERO_AT(T, b));                                         \
    }                                                                                                                  \
    DEZERO_INLINE void dezero_each_3##S(T (*f)(T, T, T), char **args, const ptrdiff_t *n, const ptrdiff_t *steps,      \
                                        int a, int b, int c, int y)                                                    \
    {                                                                                                                  \
        const ptrdiff_t count = n[0];                                                                                  \
        const T *A = (const T *)args[a], *B = (const T *)args[b], *C = (const T *)args[c];                             \
        T *Y = (T *)args[y];                                                                                           \
        if (DEZERO_FLAT(T, a) && DEZERO_FLAT(T, b) && DEZERO_FLAT(T, c) && DEZERO_FLAT(T, y))                          \
            DEZERO_FOR Y[i] = f(A[i], B[i], C[i]);                                                                     \
        else DEZERO_FOR DEZERO_AT(T, y) = f(DEZERO_AT(T, a), DEZERO_AT(T, b), DEZERO_AT(T, c));                        \
    }                                                                                                                  \
    DEZERO_INLINE void dezero_each_4##S(T (*f)(T, T, T, T), char **args, const ptrdiff_t *n, const ptrdiff_t *steps,   \
                                        int a, int b, int c, int d, int y)                                             \
    {                                                                                                                  \
        const ptrdiff_t count = n[0];                                                                                  \
        const T *A = (const T *)args[a], *B = (const T *)args[b], *C = (const T *)args[c], *D = (const T *)args[d];    \
        T *Y = (T *)args[y];                                                                                           \
        if (DEZERO_FLAT(T, a) && DEZERO_FLAT(T, b) && DEZERO_FLAT(T, c) && DEZERO_FLAT(T, d) && DEZERO_FLAT(T, y))     \
            DEZERO_FOR Y[i] = f(A[i], B[i], C[i], D[i]);                                                               \
        else DEZERO_FOR DEZERO_AT(T, y) = f(DEZERO_AT(T, a), DEZERO_AT(T, b), DEZERO_AT(T, c), DEZERO_AT(T, d));       \
    }

DEZERO_EACH(double, )  /* dezero_each_1 ... */
DEZERO_EACH(float, _f) /* dezero_each_1_f ... */

#ifdef Py_PYTHON_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void dezero_free_name(PyObject *capsule) { free((void *)PyCapsule_GetName(capsule)); }

/* A capsule that holds a loop, named by its types and the version of this header; NULL, with an error set, if that fails.
   `types` is copied, `data` has to live as long as the loop. */
static inline PyObject *dezero_capsule(dezero_loop loop, const char *types, void *data)
{
    char *name = (char *)malloc(strlen(types) + 24);
    PyObject *capsule;
    if (name == NULL) return PyErr_NoMemory();
    sprintf(name, "%s@%d.%d", types, DEZERO_ABI_MAJOR, DEZERO_ABI_MINOR);
    capsule = PyCapsule_New((void *)loop, name, NULL);
    if (capsule == NULL) {
        free(name);
        return NULL;
    }
    PyCapsule_SetDestructor(capsule, dezero_free_name);
    PyCapsule_SetContext(capsule, data);
    return capsule;
}
#endif
#endif
