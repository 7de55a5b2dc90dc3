/* A run: calls of loops over one space of elements, made block by block, so that what one call writes the next finds in
   the first cache and no intermediate result goes to memory.  Backward of Goldstein-Price on 1e6 float64 takes 23 ms
   array by array, 7 ms in blocks.

   The program is a row of steps over registers.  A register is a part of memory that moves along with the block, one
   number, or scratch: a block of its own, which stays in the cache. */
#ifndef DEZERO_RUNNER_H
#define DEZERO_RUNNER_H
#include <Python.h>
#include <math.h>
#include <string.h>

enum { RUN_ARGS = 6, RUN_DIMS = 8, RUN_STREAMS = 64 };
enum { RUN_BLOCK = 4096 };  /* bytes of a block: 2 and 8 kB are 3-5 % slower */
enum { RUN_FAR = 1 << 18 }; /* bytes of an array from which on its next block is fetched ahead */
enum { RUN_NEAR = 4 };      /* streams whose blocks have room in the first cache */

typedef enum {
    SCRATCH,                /* a block in the cache */
    FLAT,                   /* memory with the elements of the space in C order */
    POINT,                  /* one number */
    SPREAD,                 /* memory that is broadcast or strided: steps by dimension */
    SUM                     /* doubles that the elements are summed into, along dimensions whose step is 0 */
} run_kind;

typedef struct {
    char *base;
    run_kind kind;
    int slot;               /* of scratch; of SPREAD, where its block is gathered when rows are short; of SUM, see run_wide */
    int last;               /* the step that uses it last */
    Py_ssize_t rest;        /* of SUM, if not 0: so far behind each sum is what its rounding has taken away */
    Py_ssize_t strides[RUN_DIMS];
} run_reg;

typedef void (*run_loop)(char **, const Py_ssize_t *, const Py_ssize_t *, void *);

typedef struct {            /* loop == NULL: sum reg[0] into each of the others */
    run_loop loop;
    void *data;
    int nargs, reg[RUN_ARGS];
} run_step;

typedef struct {
    run_step *steps;
    run_reg *regs;
    int nsteps, nregs, nsums, nslots, item;
    double (*total)(int, const char *, Py_ssize_t); /* the sum of contiguous numbers; 0: float64, 1: float32 */
    void (*gather)(int, double *, const char *, Py_ssize_t); /* to[i] += p[i] */
    double (*total_and_gather)(int, double *, const char *, Py_ssize_t);
    int nd;                 /* the space, with dimensions merged that every register steps through evenly */
    Py_ssize_t dims[RUN_DIMS];
    Py_ssize_t rows, cols;  /* cols: of the last dimension */
    Py_ssize_t block, per_row, blocks;  /* elements a block, blocks a row; per_row 0: whole rows make a block */
    int nstreams, streams[RUN_STREAMS];
} run_program;

static int run_even(const run_program *P, const run_reg *r, int j) {
    return r->strides[j] == r->strides[j + 1] * P->dims[j + 1] || P->dims[j] == 1;
}

static void run_drop_dimension(run_program *P, int j) {
    P->dims[j + 1] *= P->dims[j];
    for (int i = j; i + 1 < P->nd; i++) P->dims[i] = P->dims[i + 1];
    for (int k = 0; k < P->nregs; k++) {
        run_reg *r = P->regs + k;
        if (r->kind == SPREAD || r->kind == SUM) memmove(r->strides + j, r->strides + j + 1, (size_t)(P->nd - 1 - j) * sizeof *r->strides);
    }
    P->nd--;
}

static void run_merge(run_program *P) {
    for (int j = P->nd - 2; j >= 0; j--) {
        int even = 1;
        for (int k = 0; k < P->nregs && even; k++) {
            const run_reg *r = P->regs + k;
            if (r->kind == SPREAD || r->kind == SUM) even = run_even(P, r, j);
        }
        if (even) run_drop_dimension(P, j);
    }
}

/* Blocks of about RUN_BLOCK bytes: of one row, or of whole short rows. */
static void run_cut(run_program *P) {
    const Py_ssize_t most = RUN_BLOCK / P->item;
    P->cols = P->dims[P->nd - 1];
    P->rows = 1;
    for (int j = 0; j + 1 < P->nd; j++) P->rows *= P->dims[j];
    if (P->rows == 1 || 2 * P->cols > most) {
        P->per_row = (P->cols + most - 1) / most;
        P->block = P->rows == 1 ? most : (P->cols + P->per_row - 1) / P->per_row;
        P->blocks = P->rows * P->per_row;
    } else {
        P->per_row = 0;
        P->block = most / P->cols * P->cols;
        P->blocks = (P->rows * P->cols + P->block - 1) / P->block;
    }
}

/* Do its rows differ? */
static int run_moves(const run_program *P, const run_reg *r) {
    for (int j = 0; j + 1 < P->nd; j++) if (r->strides[j] != 0) return 1;
    return 0;
}

/* Are short rows summed into one?  Then whole blocks are, into one sum for each of their elements, and these in the end. */
static int run_wide(const run_program *P, const run_reg *r) {
    return r->kind == SUM && P->per_row == 0 && P->blocks > 1 && r->strides[P->nd - 1] == sizeof(double) && !run_moves(P, r);
}

/* Scratch slots, each taken over from a register whose last use has passed.  A step's result overlaps no argument but
   one that is accumulated (the last argument before it), which it may replace. */
static void run_assign(run_program *P, int *taken) {
    P->nslots = 0;
    for (int k = 0; k < P->nregs; k++) {
        run_reg *r = P->regs + k;
        r->last = -1;
        r->slot = P->nslots;
        if (run_wide(P, r)) P->nslots += (int)sizeof(double) / P->item;
        else if (r->kind == SPREAD && P->per_row == 0) P->nslots++;
    }
    const int kept = P->nslots;
    for (int s = 0; s < P->nsteps; s++)
        for (int k = 0; k < P->steps[s].nargs; k++) P->regs[P->steps[s].reg[k]].last = s;
    for (int s = 0; s < P->nsteps; s++) {
        const run_step *t = P->steps + s;
        run_reg *out = P->regs + t->reg[t->nargs - 1];
        if (out->kind == SCRATCH) {
            int slot = kept;
            while (slot < P->nslots && taken[slot] >= s) slot++;
            if (slot == P->nslots) P->nslots++;
            taken[slot] = out->last;
            out->slot = slot;
        }
    }
}

static void run_streams(run_program *P) {
    P->nstreams = 0;
    if (P->rows * P->cols * P->item < RUN_FAR) return;
    for (int k = 0; k < P->nregs && P->nstreams < RUN_STREAMS; k++) {
        if (P->regs[k].kind != FLAT) continue;
        int j = 0;
        while (j < P->nstreams && P->regs[P->streams[j]].base != P->regs[k].base) j++;
        if (j == P->nstreams) P->streams[P->nstreams++] = k;
    }
}

static Py_ssize_t run_offset(const run_program *P, const run_reg *r, Py_ssize_t row) {
    Py_ssize_t at = 0;
    if (P->nd == 2) return row * r->strides[0];     /* spares a division */
    for (int j = P->nd - 2; j >= 0; j--) {
        at += row % P->dims[j] * r->strides[j];
        row /= P->dims[j];
    }
    return at;
}

/* Rows of a few elements: a loop here costs less than a call. */
enum { RUN_FEW = 16 };

/* How many of the next rows differ in the last dimension but one only; one step leads from each to the next. */
static Py_ssize_t run_stretch(const run_program *P, Py_ssize_t row, Py_ssize_t rows) {
    const Py_ssize_t left = P->dims[P->nd - 2] - row % P->dims[P->nd - 2];
    return rows < left ? rows : left;
}

#define RUN_ROWS(T) { \
    T *t = (T *)to; \
    if (step == 0) /* one number a row: 1 ns a row of four, 3 ns by the loop below */ \
        for (; rows > 0; rows--, p += over) { \
            const T a = *(const T *)p; \
            Py_ssize_t c = n; \
            for (; c >= 4; c -= 4, t += 4) t[0] = t[1] = t[2] = t[3] = a; \
            for (; c > 0; c--) *t++ = a; \
        } \
    for (; rows > 0; rows--, p += over) for (Py_ssize_t c = 0; c < n; c++) *t++ = *(const T *)(p + c * step); \
}

/* A stretch of rows at p, element by element. */
static void run_copy(const char *p, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t over, Py_ssize_t step, int item, char *to) {
    if (over == n * step) n *= rows, rows = 1;          /* its rows lie one after another */
    if (step == item) for (; rows > 0; rows--, p += over, to += n * item) memcpy(to, p, (size_t)(n * item));
    else if (item == sizeof(double)) RUN_ROWS(double)
    else RUN_ROWS(float)
}

/* Whole rows of a SPREAD register into scratch.  A row that is repeated is read once. */
static void run_gather(const run_program *P, const run_reg *r, Py_ssize_t row, Py_ssize_t rows, char *to) {
    const Py_ssize_t over = r->strides[P->nd - 2], step = r->strides[P->nd - 1], bytes = P->cols * P->item;
    for (Py_ssize_t m; rows > 0; rows -= m, row += m, to += m * bytes) {
        m = run_stretch(P, row, rows);
        run_copy(r->base + run_offset(P, r, row), over == 0 ? 1 : m, P->cols, over, step, P->item, to);
        if (over != 0) continue;
        for (Py_ssize_t made = 1, more; made < m; made += more) {
            more = made < m - made ? made : m - made;
            memcpy(to + made * bytes, to, (size_t)(more * bytes));
        }
    }
}

/* Add what a block sums up to.  Many blocks in one sum: the error stays one rounding (Neumaier 1974); of 1e7 float64, 0.1
   each, it was 1 500. */
static void run_add(const run_reg *r, double *to, double x) {
    const double sum = *to + x;
    if (r->rest != 0 && isfinite(sum)) to[r->rest] += fabs(*to) >= fabs(x) ? (*to - sum) + x : (x - sum) + *to;
    *to = sum;
}

#define RUN_SUM_ROWS(T) \
    for (; rows > 0; rows--, p += n * sizeof(T), to += over) { \
        double sum = *(double *)to; \
        if (step != 0) for (Py_ssize_t c = 0; c < n; c++) *(double *)(to + c * step) += ((const T *)p)[c]; \
        else { for (Py_ssize_t c = 0; c < n; c++) sum += ((const T *)p)[c]; *(double *)to = sum; } \
    }

/* A stretch of rows of n elements each at p. */
static void run_sum_stretch(const run_program *P, const run_reg *r, char *to, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t over,
                            const char *p) {
    const Py_ssize_t step = r->strides[P->nd - 1];
    const int is_float = P->item == sizeof(float);
    if (over == n * step) n *= rows, rows = 1;          /* their sums lie one after another, or are one */
    if (n > RUN_FEW && (step == 0 || step == sizeof(double))) {
        for (; rows > 0; rows--, p += n * P->item, to += over) {
            if (step == 0) run_add(r, (double *)to, P->total(is_float, p, n));
            else P->gather(is_float, (double *)to, p, n);
        }
    } else if (is_float) RUN_SUM_ROWS(float)
    else RUN_SUM_ROWS(double)
}

/* Whole rows. */
static void run_sum_rows(const run_program *P, const run_reg *r, Py_ssize_t row, Py_ssize_t rows, const char *p) {
    for (Py_ssize_t m; rows > 0; rows -= m, row += m, p += m * P->cols * P->item) {
        m = run_stretch(P, row, rows);
        run_sum_stretch(P, r, r->base + run_offset(P, r, row), m, P->cols, r->strides[P->nd - 2], p);
    }
}

/* n elements from a column on, of one row or where all rows have one sum. */
static void run_sum_part(const run_program *P, const run_reg *r, Py_ssize_t row, Py_ssize_t col, Py_ssize_t n, const char *p) {
    run_sum_stretch(P, r, r->base + run_offset(P, r, row) + col * r->strides[P->nd - 1], 1, n, 0, p);
}

/* A part of a row into one sum and into one sum for each column, in one pass: 127 -> 89 ns for 1 000 float32. */
static int run_sum_both(const run_program *P, const run_step *t, Py_ssize_t row, Py_ssize_t col, Py_ssize_t n, const char *p) {
    if (t->nargs != 3 || P->per_row == 0) return 0;
    const run_reg *one = P->regs + t->reg[1], *each = P->regs + t->reg[2];
    if (one->strides[P->nd - 1] != 0) one = each, each = P->regs + t->reg[1];
    if (one->strides[P->nd - 1] != 0 || each->strides[P->nd - 1] != sizeof(double)) return 0;
    double *to = (double *)(each->base + run_offset(P, each, row)) + col;
    run_add(one, (double *)(one->base + run_offset(P, one, row)), P->total_and_gather(P->item == sizeof(float), to, p, n));
    return 1;
}

static void run_sum(const run_program *P, const run_step *t, Py_ssize_t row, Py_ssize_t col, Py_ssize_t n, const char *p, char *scratch) {
    if (run_sum_both(P, t, row, col, n, p)) return;
    for (int k = 1; k < t->nargs; k++) {
        const run_reg *r = P->regs + t->reg[k];
        if (run_wide(P, r)) P->gather(P->item == sizeof(float), (double *)(scratch + (size_t)r->slot * RUN_BLOCK), p, n);
        else if (P->per_row || (r->strides[P->nd - 1] == 0 && !run_moves(P, r))) run_sum_part(P, r, row, col, n, p);
        else run_sum_rows(P, r, row, n / P->cols, p);
    }
}

/* Before the first block: sums of whole blocks begin with 0. */
static void run_begin(const run_program *P, char *scratch) {
    for (int k = 0; P->nsums && k < P->nregs; k++)
        if (run_wide(P, P->regs + k)) memset(scratch + (size_t)P->regs[k].slot * RUN_BLOCK, 0, (size_t)P->block * sizeof(double));
}

/* After the last one: they are summed by columns. */
static void run_end(const run_program *P, const char *scratch) {
    for (int k = 0; P->nsums && k < P->nregs; k++) {
        if (!run_wide(P, P->regs + k)) continue;
        const double *wide = (const double *)(scratch + (size_t)P->regs[k].slot * RUN_BLOCK);
        double *to = (double *)P->regs[k].base;
        for (Py_ssize_t i = 0; i < P->block; i += P->cols)
            for (Py_ssize_t c = 0; c < P->cols; c++) to[c] += wide[i + c];
    }
}

typedef struct { int stream; Py_ssize_t line; } run_lines;

/* Ask for some lines of the next block of each stream; beside a loop they cost nothing.  Into the first cache where the
   streams leave room there (backward of 1000 x 1000 from a row and a column: 3.1 -> 2.9 ms), else into the second (of 1e6:
   9.7 -> 7.2 ms). */
static inline void run_fetch(const run_program *P, char **at, run_lines *next, Py_ssize_t lines, Py_ssize_t share) {
#if defined(__GNUC__)
    while (share > 0 && next->stream < P->nstreams) {
        const Py_ssize_t most = lines - next->line < share ? lines - next->line : share;
        const char *p = at[P->streams[next->stream]] + (lines + next->line) * 64;
        if (P->nstreams <= RUN_NEAR) for (Py_ssize_t i = 0; i < most; i++) __builtin_prefetch(p + i * 64, 0, 3);
        else for (Py_ssize_t i = 0; i < most; i++) __builtin_prefetch(p + i * 64, 0, 2);
        share -= most;
        next->line += most;
        if (next->line == lines) next->line = 0, next->stream++;
    }
#endif
}

/* Blocks first to last - 1.  `scratch` has room for the slots and, after them, for a pointer and a step a register. */
static void run_blocks(const run_program *P, Py_ssize_t first, Py_ssize_t last, char *scratch) {
    char **at = (char **)(scratch + (size_t)P->nslots * RUN_BLOCK);
    Py_ssize_t *steps = (Py_ssize_t *)(at + P->nregs);
    for (int k = 0; k < P->nregs; k++) {
        const run_reg *r = P->regs + k;
        at[k] = r->kind == SCRATCH || (r->kind == SPREAD && P->per_row == 0) ? scratch + (size_t)r->slot * RUN_BLOCK : r->base;
        steps[k] = r->kind == POINT ? 0 : r->kind == SPREAD && P->per_row ? r->strides[P->nd - 1] : P->item;
    }
    const Py_ssize_t lines = P->block * P->item / 64, share = P->nsteps ? lines * P->nstreams / P->nsteps + 1 : 0;
    for (Py_ssize_t b = first; b < last; b++) {
        const Py_ssize_t row = P->per_row ? b / P->per_row : b * (P->block / P->cols), col = P->per_row ? b % P->per_row * P->block : 0;
        const Py_ssize_t left = P->per_row ? P->cols - col : (P->rows - row) * P->cols, n = left < P->block ? left : P->block;
        for (int k = 0; k < P->nregs; k++) {
            const run_reg *r = P->regs + k;
            if (r->kind == FLAT) at[k] = r->base + (row * P->cols + col) * P->item;
            else if (r->kind == SPREAD && P->per_row) at[k] = r->base + run_offset(P, r, row) + col * steps[k];
            else if (r->kind == SPREAD && (b == first || run_moves(P, r))) run_gather(P, r, row, n / P->cols, at[k]);
        }
        run_lines ahead = {0, 0};
        for (int s = 0; s < P->nsteps; s++) {
            const run_step *t = P->steps + s;
            char *args[RUN_ARGS];
            Py_ssize_t strides[RUN_ARGS], count = n;    /* a loop may change them */
            if (t->loop == NULL) run_sum(P, t, row, col, n, at[t->reg[0]], scratch);
            else {
                for (int k = 0; k < t->nargs; k++) args[k] = at[t->reg[k]], strides[k] = steps[t->reg[k]];
                t->loop(args, &count, strides, t->data);
            }
            run_fetch(P, at, &ahead, lines, share);
        }
    }
}
#endif
