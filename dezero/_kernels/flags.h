/* Floating-point flags of this thread: reading them costs 2 ns, clearing 20, so they are cleared only where found set.
   The C library's feraiseexcept, by which NumPy's loops tell of overflow, sets those of the old x87 unit. */
#ifndef DEZERO_FLAGS_H
#define DEZERO_FLAGS_H
#if defined(__SSE2__) && defined(__x86_64__)
#include <xmmintrin.h>
#else
#include <fenv.h>
#endif

#if defined(_MSC_VER)
#define DZ_THREAD __declspec(thread)
#else
#define DZ_THREAD __thread
#endif

enum { DZ_DIVIDE = 1, DZ_OVERFLOW = 2, DZ_UNDERFLOW = 4, DZ_INVALID = 8 };

#if defined(__SSE2__) && defined(__x86_64__)
static inline unsigned int dz_x87(void) {
    unsigned short status = 0;
#if defined(__GNUC__)
    __asm__ volatile("fnstsw %0" : "=a"(status));
#endif
    return status & 0x1du;                  /* the bits of the SSE unit's */
}
#endif

static inline int dz_flags(void) {
#if defined(__SSE2__) && defined(__x86_64__)
    const unsigned int f = _mm_getcsr() | dz_x87();
    return (f & 0x1d) == 0 ? 0 : (f & 4 ? DZ_DIVIDE : 0) | (f & 8 ? DZ_OVERFLOW : 0) | (f & 16 ? DZ_UNDERFLOW : 0) | (f & 1 ? DZ_INVALID : 0);
#else
    const int f = fetestexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID);
    return (f & FE_DIVBYZERO ? DZ_DIVIDE : 0) | (f & FE_OVERFLOW ? DZ_OVERFLOW : 0) | (f & FE_UNDERFLOW ? DZ_UNDERFLOW : 0) | (f & FE_INVALID ? DZ_INVALID : 0);
#endif
}

static inline void dz_clear_flags(void) {
    if (dz_flags() == 0) return;
#if defined(__SSE2__) && defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() & ~0x3fu);
#if defined(__GNUC__)
    if (dz_x87()) __asm__ volatile("fnclex");
#endif
#else
    feclearexcept(FE_ALL_EXCEPT);
#endif
}

/* Flags that another thread has found, as if the operations had been this one's. */
static inline void dz_raise_flags(int flags) {
#if defined(__SSE2__) && defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | (flags & DZ_DIVIDE ? 4u : 0) | (flags & DZ_OVERFLOW ? 8u : 0) | (flags & DZ_UNDERFLOW ? 16u : 0) | (flags & DZ_INVALID ? 1u : 0));
#else
    feraiseexcept((flags & DZ_DIVIDE ? FE_DIVBYZERO : 0) | (flags & DZ_OVERFLOW ? FE_OVERFLOW : 0) | (flags & DZ_UNDERFLOW ? FE_UNDERFLOW : 0) | (flags & DZ_INVALID ? FE_INVALID : 0));
#endif
}
#endif
