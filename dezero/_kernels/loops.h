/* The elementwise loops: NumPy inner loops (one formula each) for float64 and float32.

   Arguments of a forward loop are (x0, [x1,] y), of a backward loop (gy, x0, [x1,] y, gx).  A LOOPk macro reads k of
   them, named by their place, and writes the last.  Contiguous runs and scalars (step 0) have a vector loop of their
   own; anything else takes the strided one.  One element goes first: it is what 0-d data costs. */
#ifndef DEZERO_LOOPS_H
#define DEZERO_LOOPS_H
#include <Python.h>
#include <math.h>

typedef void (*dz_loop)(char **, const Py_ssize_t *, const Py_ssize_t *, void *);

/* AVX2 when the machine has it, chosen by the loader: 170 -> 111 us for Goldstein-Price forward and backward on 1e4
   float64.  AVX-512 gained less than 5 % on Zen 4 and costs a third copy of each loop. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define DZ_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define DZ_CLONES
#endif
#if defined(__GNUC__) && !defined(__clang__)
#define DZ_IVDEP _Pragma("GCC ivdep") /* an output is one operand exactly or overlaps none: without this, in place is scalar */
#else
#define DZ_IVDEP
#endif

#if defined(__GNUC__)
#define DZ_ONCE __attribute__((noinline)) /* one copy for all instruction sets */
#else
#define DZ_ONCE
#endif

#define DZ_ARGS char **p, const Py_ssize_t *count, const Py_ssize_t *s, void *data
#define DZ_EACH for (Py_ssize_t i = 0; i < n; i++)
#define DZ_AT(T, k) (*(T *)(p[k] + i * s[k]))

#define LOOP1(NAME, T, I, O, FORMULA)                                                                                  \
    DZ_ONCE static void NAME##_strided(DZ_ARGS) {                                                                      \
        const Py_ssize_t n = *count;                                                                                   \
        (void)data;                                                                                                    \
        DZ_EACH { const T a = DZ_AT(T, I); DZ_AT(T, O) = FORMULA; }                                                    \
    }                                                                                                                  \
    DZ_CLONES static void NAME(DZ_ARGS) {                                                                              \
        const Py_ssize_t n = *count, w = sizeof(T);                                                                    \
        const T *A = (const T *)p[I];                                                                                  \
        T *Y = (T *)p[O];                                                                                              \
        if (n == 1) { const T a = *A; *Y = FORMULA; }                                                                  \
        else if (s[I] == 0 && s[O] == w) { const T a = *A, y = FORMULA; DZ_IVDEP DZ_EACH Y[i] = y; }                   \
        else if (s[I] == w && s[O] == w) { DZ_IVDEP DZ_EACH { const T a = A[i]; Y[i] = FORMULA; } }                    \
        else NAME##_strided(p, count, s, data);                                                                        \
    }

#define LOOP2(NAME, T, I, J, O, FORMULA)                                                                               \
    DZ_ONCE static void NAME##_strided(DZ_ARGS) {                                                                      \
        const Py_ssize_t n = *count;                                                                                   \
        (void)data;                                                                                                    \
        DZ_EACH { const T a = DZ_AT(T, I), b = DZ_AT(T, J); DZ_AT(T, O) = FORMULA; }                                   \
    }                                                                                                                  \
    DZ_CLONES static void NAME(DZ_ARGS) {                                                                              \
        const Py_ssize_t n = *count, w = sizeof(T);                                                                    \
        const T *A = (const T *)p[I], *B = (const T *)p[J];                                                            \
        T *Y = (T *)p[O];                                                                                              \
        if (n == 1) { const T a = *A, b = *B; *Y = FORMULA; }                                                          \
        else if (s[O] == w && s[I] == w && s[J] == w) { DZ_IVDEP DZ_EACH { const T a = A[i], b = B[i]; Y[i] = FORMULA; } }\
        else if (s[O] == w && s[I] == w && s[J] == 0) { const T b = *B; DZ_IVDEP DZ_EACH { const T a = A[i]; Y[i] = FORMULA; } }\
        else if (s[O] == w && s[I] == 0 && s[J] == w) { const T a = *A; DZ_IVDEP DZ_EACH { const T b = B[i]; Y[i] = FORMULA; } }\
        else NAME##_strided(p, count, s, data);                                                                        \
    }

#define LOOP3(NAME, T, I, J, K, O, FORMULA)                                                                            \
    DZ_ONCE static void NAME##_strided(DZ_ARGS) {                                                                      \
        const Py_ssize_t n = *count;                                                                                   \
        (void)data;                                                                                                    \
        DZ_EACH { const T a = DZ_AT(T, I), b = DZ_AT(T, J), c = DZ_AT(T, K); DZ_AT(T, O) = FORMULA; }                  \
    }                                                                                                                  \
    DZ_CLONES static void NAME(DZ_ARGS) {                                                                              \
        const Py_ssize_t n = *count, w = sizeof(T);                                                                    \
        const T *A = (const T *)p[I], *B = (const T *)p[J], *C = (const T *)p[K];                                      \
        T *Y = (T *)p[O];                                                                                              \
        if (n == 1) { const T a = *A, b = *B, c = *C; *Y = FORMULA; }                                                  \
        else if (s[O] == w && s[I] == w && s[J] == w && s[K] == w) {                                                   \
            DZ_IVDEP DZ_EACH { const T a = A[i], b = B[i], c = C[i]; Y[i] = FORMULA; } }                               \
        else if (s[O] == w && s[I] == w && s[J] == 0 && s[K] == w) {                                                   \
            const T b = *B; DZ_IVDEP DZ_EACH { const T a = A[i], c = C[i]; Y[i] = FORMULA; } }                         \
        else NAME##_strided(p, count, s, data);                                                                        \
    }

/* Comparisons give 1 or 0, and raise no flag for NaN.  A number in place of one side, or of both, is what rules have. */
#define SELECT(NAME, T)                                                                                                \
    DZ_ONCE static void NAME##_strided(DZ_ARGS) {                                                                      \
        const Py_ssize_t n = *count;                                                                                   \
        (void)data;                                                                                                    \
        DZ_EACH { const T a = DZ_AT(T, 1), b = DZ_AT(T, 2); DZ_AT(T, 3) = DZ_AT(T, 0) != 0 ? a : b; }                  \
    }                                                                                                                  \
    DZ_CLONES static void NAME(DZ_ARGS) {                                                                              \
        const Py_ssize_t n = *count, w = sizeof(T);                                                                    \
        const T *C = (const T *)p[0], *A = (const T *)p[1], *B = (const T *)p[2];                                      \
        T *Y = (T *)p[3];                                                                                              \
        if (s[0] != w || s[3] != w || (s[1] != 0 && s[1] != w) || (s[2] != 0 && s[2] != w)) NAME##_strided(p, count, s, data); \
        else if (s[1] == w && s[2] == w) { DZ_IVDEP DZ_EACH { const T a = A[i], b = B[i]; Y[i] = C[i] != 0 ? a : b; } } \
        else if (s[1] == w) { const T b = *B; DZ_IVDEP DZ_EACH { const T a = A[i]; Y[i] = C[i] != 0 ? a : b; } }       \
        else if (s[2] == w) { const T a = *A; DZ_IVDEP DZ_EACH { const T b = B[i]; Y[i] = C[i] != 0 ? a : b; } }       \
        else { const T a = *A, b = *B; DZ_IVDEP DZ_EACH Y[i] = C[i] != 0 ? a : b; }                                    \
    }

/* A gradient, and the same added to the sum that is its last argument, or taken off. */
#define SLOPE(NAME, S, T, I, J, O, P, FORMULA)                                                                         \
    LOOP2(NAME##S, T, I, J, O, FORMULA)                                                                                \
    LOOP3(NAME##_add##S, T, I, J, O, P, c + (FORMULA))                                                                 \
    LOOP3(NAME##_sub##S, T, I, J, O, P, c - (FORMULA))

/* -- powers: NumPy's own loop does the general case; small constant exponents are products, as in NumPy's a ** 2 -- */

typedef struct { dz_loop loop; void *data; } dz_numpy_loop; /* np.power's, read out at import */

enum { POW_PIECE = 256 };

/* A constant exponent: powers by NumPy's loop, piece by piece, which takes 3 ns an element where the C library's takes 13. */
#define POW_X0(NAME, T, S, WRITE)                                                                                      \
    static void NAME##_constant##S(DZ_ARGS, T k) {                                                                     \
        T power[POW_PIECE];                                                                                            \
        T less = k - 1;                                                                                                \
        (void)data;                                                                                                    \
        for (Py_ssize_t at = 0, end; at < *count; at = end) {                                                          \
            end = *count - at < POW_PIECE ? *count : at + POW_PIECE;                                                   \
            char *args[] = {p[1] + at * s[1], (char *)&less, (char *)power};                                           \
            const Py_ssize_t m = end - at, steps[] = {s[1], 0, sizeof(T)};                                             \
            dz_power##S.loop(args, &m, steps, dz_power##S.data);                                                       \
            for (Py_ssize_t i = at; i < end; i++) { const T slope = DZ_AT(T, 0) * (k * power[i - at]); WRITE; }        \
        }                                                                                                              \
    }                                                                                                                  \
    static void NAME##S(DZ_ARGS) {                                                                                     \
        const Py_ssize_t n = *count;                                                                                   \
        const T k = s[2] == 0 || n == 1 ? *(const T *)p[2] : 0;                                                        \
        if (k == 1) NAME##_1##S(p, count, s);                                                                          \
        else if (k == 2) NAME##_2##S(p, count, s, data);                                                               \
        else if (k == 3) NAME##_3##S(p, count, s, data);                                                               \
        else if (k != 0) NAME##_constant##S(p, count, s, data, k);                                                     \
        else DZ_EACH { const T slope = pow_slope_x0##S(DZ_AT(T, 0), DZ_AT(T, 1), DZ_AT(T, 2)); WRITE; }                \
    }

/* LOOP on chosen arguments: what a power with exponent 1 does, that is left of x ** 2 in its second derivatives. */
#define PASS2(NAME, LOOP, I, O)                                                                                        \
    static void NAME(char **p, const Py_ssize_t *count, const Py_ssize_t *s) {                                         \
        char *q[] = {p[I], p[O]};                                                                                      \
        const Py_ssize_t t[] = {s[I], s[O]};                                                                           \
        LOOP(q, count, t, NULL);                                                                                       \
    }
#define PASS3(NAME, LOOP, I, J, O)                                                                                     \
    static void NAME(char **p, const Py_ssize_t *count, const Py_ssize_t *s) {                                         \
        char *q[] = {p[I], p[J], p[O]};                                                                                \
        const Py_ssize_t t[] = {s[I], s[J], s[O]};                                                                     \
        LOOP(q, count, t, NULL);                                                                                       \
    }

#define POWERS(T, S, POW, LOG)                                                                                         \
    static dz_numpy_loop dz_power##S;                                                                                  \
    LOOP1(pow_square##S, T, 0, 2, a * a)                                                                               \
    LOOP1(pow_cube##S, T, 0, 2, a * a * a)                                                                             \
    PASS2(pow_1##S, copy##S, 0, 2)                                                                                     \
    PASS2(pow_x0_1##S, copy##S, 0, 4)                                                                                  \
    PASS3(pow_x0_add_1##S, add##S, 4, 0, 5)                                                                            \
    PASS3(pow_x0_sub_1##S, sub##S, 4, 0, 5)                                                                            \
    SLOPE(pow_x0, _2##S, T, 0, 1, 4, 5, a * ((T)2 * b))                                                                \
    SLOPE(pow_x0, _3##S, T, 0, 1, 4, 5, a * ((T)3 * (b * b)))                                                          \
    static void pow##S(DZ_ARGS) {                                                                                      \
        const T k = s[1] == 0 || *count == 1 ? *(const T *)p[1] : 0;                                                   \
        if (k == 1) pow_1##S(p, count, s);                                                                             \
        else if (k == 2) pow_square##S(p, count, s, data);                                                             \
        else if (k == 3) pow_cube##S(p, count, s, data);                                                               \
        else dz_power##S.loop(p, count, s, dz_power##S.data);                                                          \
    }                                                                                                                  \
    static inline T pow_slope_x0##S(T g, T a, T c) { return c == 0 ? 0 : g * (c * POW(a, c - 1)); }                    \
    static inline T pow_slope_x1##S(T g, T a, T c, T y) { return a == 0 && c >= 0 ? 0 : g * (y * LOG(a)); }            \
    POW_X0(pow_x0, T, S, DZ_AT(T, 4) = slope)                                                                          \
    POW_X0(pow_x0_add, T, S, DZ_AT(T, 5) = DZ_AT(T, 4) + slope)                                                        \
    POW_X0(pow_x0_sub, T, S, DZ_AT(T, 5) = DZ_AT(T, 4) - slope)                                                        \
    static void pow_x1##S(DZ_ARGS) {                                                                                   \
        const Py_ssize_t n = *count;                                                                                   \
        (void)data;                                                                                                    \
        DZ_EACH DZ_AT(T, 4) = pow_slope_x1##S(DZ_AT(T, 0), DZ_AT(T, 1), DZ_AT(T, 2), DZ_AT(T, 3));                     \
    }

/* -- sums: pairwise and in double, so that 1e6 float32 values lose no digit and the order depends on n alone -- */

enum { LANES = 32, PAIRWISE = 1024 }; /* sums side by side: no addition waits for the last one; numbers summed by lanes */

/* By hand: the compiler takes eight floats and splits them (100 ns for 1 000), here four are converted as they are loaded
   (71 ns) and added where products are made, since Zen 4 converts where it adds (49 ns).  1 * a + r is rounded once: the
   bits of r + a. */
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define DZ_LOAD_d(p) _mm256_loadu_pd(p)
#define DZ_LOAD_f(p) _mm256_cvtps_pd(_mm_loadu_ps(p))
#define DZ_HAS_FMA __builtin_cpu_supports("fma")
#define DZ_LANES _Pragma("GCC unroll 8") for (int k = 0; k < LANES / 4; k++)
#define SUMS_FMA(T, S)                                                                                                 \
    __attribute__((target("fma"))) static void dz_lanes_fma##S(double *to, const T *a, Py_ssize_t n) {                 \
        const __m256d one = _mm256_set1_pd(1);                                                                         \
        __m256d r[LANES / 4];                                                                                          \
        DZ_LANES r[k] = _mm256_setzero_pd();                                                                           \
        for (Py_ssize_t i = 0; i < n; i += LANES) DZ_LANES r[k] = _mm256_fmadd_pd(DZ_LOAD##S(a + i + 4 * k), one, r[k]); \
        DZ_LANES _mm256_storeu_pd(to + 4 * k, r[k]);                                                                   \
    }                                                                                                                  \
    __attribute__((target("fma"))) static void dz_both_fma##S(double *to, double *each, const T *a, Py_ssize_t n) {    \
        const __m256d one = _mm256_set1_pd(1);                                                                         \
        __m256d r[LANES / 4];                                                                                          \
        DZ_LANES r[k] = _mm256_setzero_pd();                                                                           \
        for (Py_ssize_t i = 0; i < n; i += LANES) DZ_LANES {                                                           \
            const __m256d x = DZ_LOAD##S(a + i + 4 * k);                                                               \
            r[k] = _mm256_fmadd_pd(x, one, r[k]);                                                                      \
            _mm256_storeu_pd(each + i + 4 * k, _mm256_fmadd_pd(x, one, _mm256_loadu_pd(each + i + 4 * k)));            \
        }                                                                                                              \
        DZ_LANES _mm256_storeu_pd(to + 4 * k, r[k]);                                                                   \
    }                                                                                                                  \
    __attribute__((target("fma"))) static Py_ssize_t dz_gather_fma##S(double *to, const T *a, Py_ssize_t n) {          \
        const __m256d one = _mm256_set1_pd(1);                                                                         \
        Py_ssize_t i = 0;                                                                                              \
        for (; i + 4 <= n; i += 4) _mm256_storeu_pd(to + i, _mm256_fmadd_pd(DZ_LOAD##S(a + i), one, _mm256_loadu_pd(to + i))); \
        return i;                                                                                                      \
    }
#else
#define DZ_HAS_FMA 0
#define SUMS_FMA(T, S)                                                                                                 \
    static void dz_lanes_fma##S(double *to, const T *a, Py_ssize_t n) {}                                               \
    static void dz_both_fma##S(double *to, double *each, const T *a, Py_ssize_t n) {}                                  \
    static Py_ssize_t dz_gather_fma##S(double *to, const T *a, Py_ssize_t n) { return 0; }
#endif

static double dz_fold(double *r) {
    for (int k = LANES / 2; k > 0; k /= 2) for (int l = 0; l < k; l++) r[l] += r[l + k];
    return r[0];
}

#define SUMS(T, S)                                                                                                     \
    SUMS_FMA(T, S)                                                                                                     \
    static double dz_sum##S(const T *a, Py_ssize_t n) {                                                                \
        if (n > PAIRWISE) {                                                                                            \
            const Py_ssize_t half = n / (2 * LANES) * LANES;                                                           \
            return dz_sum##S(a, half) + dz_sum##S(a + half, n - half);                                                 \
        }                                                                                                              \
        double r[LANES] = {0};                                                                                         \
        Py_ssize_t i = 0;                                                                                              \
        if (DZ_HAS_FMA) dz_lanes_fma##S(r, a, i = n / LANES * LANES);                                                  \
        for (; i < n; i++) r[i % LANES] += a[i];                                                                       \
        return dz_fold(r);                                                                                             \
    }                                                                                                                  \
    static void dz_gather##S(double *to, const T *a, Py_ssize_t n) {                                                   \
        for (Py_ssize_t i = DZ_HAS_FMA ? dz_gather_fma##S(to, a, n) : 0; i < n; i++) to[i] += a[i];                    \
    }                                                                                                                  \
    /* both at once, of at most PAIRWISE numbers */                                                                    \
    static double dz_both##S(double *to, const T *a, Py_ssize_t n) {                                                   \
        double r[LANES] = {0};                                                                                         \
        Py_ssize_t i = 0;                                                                                              \
        if (DZ_HAS_FMA) dz_both_fma##S(r, to, a, i = n / LANES * LANES);                                               \
        for (; i < n; i++) r[i % LANES] += a[i], to[i] += a[i];                                                        \
        return dz_fold(r);                                                                                             \
    }

/* -- sums of rows, which of at most 128 numbers are added in NumPy's order.  Its reduction takes 20 ns a row of ten, this 3 -- */

#define DZ_ITEM(T, i) (*(const T *)(a + (i) * step))

#define ROW_SUMS(T, S)                                                                                                 \
    static inline T dz_row##S(const char *a, Py_ssize_t n, Py_ssize_t step) {                                          \
        T r[8], sum = (T)-0.0;                                                                                         \
        Py_ssize_t i = 0;                                                                                              \
        if (n >= 8) {                                                                                                  \
            for (; i < 8; i++) r[i] = DZ_ITEM(T, i);                                                                   \
            for (; i + 8 <= n; i += 8) for (int k = 0; k < 8; k++) r[k] += DZ_ITEM(T, i + k);                          \
            sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));                                   \
        }                                                                                                              \
        for (; i < n; i++) sum += DZ_ITEM(T, i);                                                                       \
        return 0 + sum; /* which makes 0 of -0 */                                                                      \
    }                                                                                                                  \
    /* NumPy's inner loop of "(n)->()"; a loop for contiguous rows of its own is what the compiler can make vectors of */\
    DZ_CLONES static void row_sums##S(DZ_ARGS) {                                                                       \
        const Py_ssize_t n = count[0], w = sizeof(T);                                                                  \
        (void)data;                                                                                                    \
        if (s[2] == w) DZ_EACH DZ_AT(T, 1) = dz_row##S(p[0] + i * s[0], count[1], w);                                  \
        else DZ_EACH DZ_AT(T, 1) = dz_row##S(p[0] + i * s[0], count[1], s[2]);                                         \
    }

#define LOOPS(T, S, POW, LOG, ABS)                                                                                     \
    LOOP2(add##S, T, 0, 1, 2, a + b)                                                                                   \
    LOOP2(sub##S, T, 0, 1, 2, a - b)                                                                                   \
    LOOP2(mul##S, T, 0, 1, 2, a * b)                                                                                   \
    LOOP2(div##S, T, 0, 1, 2, a / b)                                                                                   \
    LOOP1(neg##S, T, 0, 1, -a)                                                                                         \
    LOOP1(square##S, T, 0, 1, a * a)                                                                                   \
    LOOP1(copy##S, T, 0, 1, a)                                                                                         \
    LOOP2(less##S, T, 0, 1, 2, (T)(isless(a, b)))                                                                      \
    LOOP2(less_equal##S, T, 0, 1, 2, (T)(islessequal(a, b)))                                                           \
    LOOP2(equal##S, T, 0, 1, 2, (T)(a == b))                                                                           \
    LOOP2(not_equal##S, T, 0, 1, 2, (T)(a != b))                                                                       \
    LOOP1(absolute##S, T, 0, 1, ABS(a))                                                                                \
    LOOP1(sign##S, T, 0, 1, (T)(a != a ? a : (T)isgreater(a, 0) - (T)isless(a, 0)))                                    \
    LOOP2(maximum##S, T, 0, 1, 2, isgreater(a, b) || a != a ? a : b)                                                   \
    LOOP2(minimum##S, T, 0, 1, 2, isless(a, b) || a != a ? a : b)                                                      \
    SELECT(select##S, T)                                                                                               \
    LOOP3(mul_add##S, T, 0, 1, 2, 3, c + a * b)                                                                        \
    LOOP3(mul_sub##S, T, 0, 1, 2, 3, c - a * b)                                                                        \
    LOOP2(div_x0##S, T, 0, 2, 4, a / b)                                                                                \
    LOOP3(div_x1##S, T, 0, 1, 2, 4, -a * (b / c) / c) /* -gy (x0 / x1) / x1: x1 squared would overflow */               \
    SLOPE(square_x0, S, T, 0, 1, 3, 4, a * ((T)2 * b))                                                                 \
    POWERS(T, S, POW, LOG)                                                                                             \
    SUMS(T, S)                                                                                                         \
    ROW_SUMS(T, S)

LOOPS(double, _d, pow, log, fabs)
LOOPS(float, _f, powf, logf, fabsf)
#endif
