/* Memory of large results, kept for the next ones.

   A program that steps (forward, backward, forward, ...) frees and asks for the same arrays again and again; from malloc
   they come back as untouched pages, and a page fault per 4 kB costs more than the arithmetic: six live arrays of 8 MB
   made, filled and freed take 12.6 ms from malloc and 2.2 ms from here.

   Blocks are sorted by size, four bins to a doubling, last in first out.  What is cached is bounded: live + cached stays
   below the most that the program itself has lately had live, a sixteenth more, and at least POOL_FLOOR, so the process
   is hardly larger than it made itself.  `allow` decays with every backward, towards the most of the last two passes and not below: one
   block given back in each step of a loop and asked for in the next was a sixth of the time.  All calls hold the interpreter's lock (NumPy frees arrays
   under it), and a forked child goes on with its own copy. */
#ifndef DEZERO_POOL_H
#define DEZERO_POOL_H
#include <Python.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#if defined(__GNUC__)
#define DZ_RARE __attribute__((noinline)) /* keeps its registers out of the quick way */
#else
#define DZ_RARE
#endif
#define POOL_BINS 160
#define POOL_FLOOR ((size_t)32 << 20)
#define POOL_PAGE ((size_t)4096)
#define POOL_HEADER ((size_t)64)
#define POOL_PAGED ((size_t)1 << 14) /* from here on data begin with a page; a smaller array would take up three times its size */
#define POOL_HUGE ((size_t)2 << 20)
#define POOL_TRACE 389047 /* the domain under which NumPy reports array data to tracemalloc */

typedef struct pool_block {
    struct pool_block *next, *prev;   /* in its bin, the youngest first */
    struct pool_block *newer, *older; /* among all that is cached */
    void *base;                       /* what the system gave, and how much */
    size_t mapped, size;
    int bin;
} pool_block; /* stands right before its data, within 64 bytes */

static struct {
    size_t live, cached, allow, cap, peak, before; /* peak: the most live since the last decay; before: until then */
    size_t nodes; /* spare ones of large graphs, which spares.h keeps: bytes */
    pool_block *bins[POOL_BINS], *newest, *oldest;
} pool = {.allow = POOL_FLOOR, .cap = (size_t)-1};

static inline pool_block *pool_header(void *data) { return (pool_block *)((char *)data - POOL_HEADER); }

static inline int pool_bin(size_t n, size_t *rounded) {
    if (n < POOL_PAGE) n = POOL_PAGE; /* an array that its owner has resized */
    int top = 63 - __builtin_clzll((unsigned long long)n);
    size_t step = (size_t)1 << (top - 2), up = (n + step - 1) / step * step;
    *rounded = up;
    return (top - 12) * 4 + (int)(up >> (top - 2)) - 4; /* up to a power of two: the first bin of the next doubling */
}

static DZ_RARE void *pool_from_system(size_t size, int bin) {
    size_t mapped = size + POOL_PAGE, align = POOL_PAGE;
    void *base;
    char *data;
#if defined(__linux__)
    if (size >= POOL_HUGE) {
        mapped = size + 2 * POOL_HUGE, align = POOL_HUGE;
        base = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED) return NULL;
    } else
#endif
    {
        mapped = 0;
        if (size < POOL_PAGED) align = 64;
        base = malloc(size + align + POOL_HEADER);
        if (base == NULL) return NULL;
    }
    data = (char *)(((size_t)base + POOL_HEADER + align - 1) / align * align); /* operands agree in their low bits, see loops */
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (mapped) madvise(data, size, MADV_HUGEPAGE); /* 2-4 % at 8 MB, up to 23 % at 16 MB */
#endif
    pool_block *b = pool_header(data);
    b->base = base, b->mapped = mapped, b->size = size, b->bin = bin;
    return data;
}

static void pool_to_system(pool_block *b) {
#if defined(__linux__)
    if (b->mapped) { munmap(b->base, b->mapped); return; }
#endif
    free(b->base);
}

static void pool_unlink(pool_block *b) {
    if (b->prev) b->prev->next = b->next; else pool.bins[b->bin] = b->next;
    if (b->next) b->next->prev = b->prev;
    if (b->newer) b->newer->older = b->older; else pool.newest = b->older;
    if (b->older) b->older->newer = b->newer; else pool.oldest = b->newer;
    pool.cached -= b->size;
}

static void pool_shrink(size_t keep) {
    while (pool.oldest && pool.cached > keep) {
        pool_block *b = pool.oldest;
        pool_unlink(b);
        pool_to_system(b);
    }
}

static inline size_t pool_most(void) {
    size_t most = pool.allow + pool.allow / 16; /* else a scratch block drives out a large one, in every step */
    size_t cap = pool.cap - pool.nodes;
    return most < cap ? most : cap;
}

static inline size_t pool_room(void) { return pool_most() > pool.live ? pool_most() - pool.live : 0; }

static void *pool_malloc(void *ctx, size_t n) {
    size_t size;
    int bin = pool_bin(n, &size);
    pool_block *b = bin < POOL_BINS ? pool.bins[bin] : NULL;
    void *data;
    (void)ctx;
    if (b) {
        pool_unlink(b);
        data = (char *)b + POOL_HEADER;
    } else {
        data = pool_from_system(size, bin);
        if (data == NULL) { pool_shrink(0); data = pool_from_system(size, bin); }
        if (data == NULL) return NULL;
    }
    pool.live += size;
    if (pool.live > pool.peak) pool.peak = pool.live;
    if (pool.live > pool.allow) pool.allow = pool.live;
    PyTraceMalloc_Track(POOL_TRACE, (Py_uintptr_t)data, n);
    return data;
}

static void pool_free(void *ctx, void *data, size_t n) {
    (void)ctx, (void)n;
    if (data == NULL) return;
    pool_block *b = pool_header(data);
    pool.live -= b->size;
    if (b->bin >= POOL_BINS || b->size > pool_room()) { pool_to_system(b); return; }
    pool_shrink(pool_room() - b->size);
    b->prev = NULL, b->next = pool.bins[b->bin];
    if (b->next) b->next->prev = b;
    pool.bins[b->bin] = b;
    b->newer = NULL, b->older = pool.newest;
    if (pool.newest) pool.newest->newer = b; else pool.oldest = b;
    pool.newest = b;
    pool.cached += b->size;
}

static void *pool_calloc(void *ctx, size_t n, size_t item) {
    void *data = n && item > (size_t)-1 / n ? NULL : pool_malloc(ctx, n * item);
    if (data) memset(data, 0, n * item);
    return data;
}

static void *pool_realloc(void *ctx, void *data, size_t n) {
    void *other = pool_malloc(ctx, n);
    if (other && data) {
        size_t old = pool_header(data)->size;
        memcpy(other, data, old < n ? old : n);
        PyTraceMalloc_Untrack(POOL_TRACE, (Py_uintptr_t)data);
        pool_free(ctx, data, 0);
    }
    return other;
}

static inline void pool_decay(void) {
    size_t lately = pool.peak > pool.before ? pool.peak : pool.before, least = lately > POOL_FLOOR ? lately : POOL_FLOOR;
    pool.before = pool.peak, pool.peak = pool.live;
    if (pool.allow > least) pool.allow -= (pool.allow - least) / 32;
    if (pool.cached > pool_room()) pool_shrink(pool_room());
}
#endif
