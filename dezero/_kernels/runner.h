/* A run: calls of loops over one space of elements, made block by block, so that what one call writes the next finds in
   the first cache and no intermediate result goes to memory.  Backward of Goldstein-Price on 1e6 float64 takes 23 ms
   array by array, 7 ms in blocks.

   The program is a row of steps over registers.  A register is a part of memory that moves along with the block, one
   number, or scratch: a block of its own, which stays in the cache. */
#ifndef DEZERO_RUNNER_H
#define DEZERO_RUNNER_H
#include <Python.h>
#include <string.h>

enum { RUN_ARGS = 6, RUN_DIMS = 8, RUN_STREAMS = 64 };
enum { RUN_BLOCK = 4096 };  /* bytes of a block: 2 and 8 kB are 3-5 % slower */
enum { RUN_FAR = 1 << 18 }; /* bytes of an array from which on its next block is fetched ahead */

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
    int slot;               /* of scratch; of SPREAD, where its block is gathered when rows are short */
    int last;               /* the step that uses it last */
    Py_ssize_t strides[RUN_DIMS];
} run_reg;

typedef void (*run_loop)(char **, const Py_ssize_t *, const Py_ssize_t *, void *);

typedef struct {            /* loop == NULL: sum reg[0] into reg[1] */
    run_loop loop;
    void *data;
    int nargs, reg[RUN_ARGS];
} run_step;

typedef struct {
    run_step *steps;
    run_reg *regs;
    int nsteps, nregs, nslots, item;
    double (*total)(int, const char *, Py_ssize_t); /* the sum of contiguous numbers; 0: float64, 1: float32 */
    void (*gather)(int, double *, const char *, Py_ssize_t); /* to[i] += p[i] */
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

/* Scratch slots, each taken over from a register whose last use has passed.  A step's result overlaps no argument but
   one that is accumulated (the last argument before it), which it may replace. */
static void run_assign(run_program *P, int *taken) {
    P->nslots = 0;
    for (int k = 0; k < P->nregs; k++) {
        P->regs[k].last = -1;
        if (P->regs[k].kind == SPREAD && P->per_row == 0) P->regs[k].slot = P->nslots++;
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
    for (int j = P->nd - 2; j >= 0; j--) {
        at += row % P->dims[j] * r->strides[j];
        row /= P->dims[j];
    }
    return at;
}

/* Do its rows differ? */
static int run_moves(const run_program *P, const run_reg *r) {
    for (int j = 0; j + 1 < P->nd; j++) if (r->strides[j] != 0) return 1;
    return 0;
}

/* Rows of a few elements: a loop here costs less than a call. */
enum { RUN_FEW = 16 };

#define RUN_ROWS(T) \
    for (Py_ssize_t i = 0; i < rows; i++, to += n * sizeof(T)) { \
        const char *p = P->nd == 2 ? r->base + (row + i) * r->strides[0] : r->base + run_offset(P, r, row + i); \
        for (Py_ssize_t c = 0; c < n; c++) ((T *)to)[c] = *(const T *)(p + c * step); \
    }

/* Whole rows of a SPREAD register, element by element into scratch. */
static void run_gather(const run_program *P, const run_reg *r, Py_ssize_t row, Py_ssize_t rows, char *to) {
    const Py_ssize_t step = r->strides[P->nd - 1], n = P->cols;
    if (P->item == 8) RUN_ROWS(double)
    else RUN_ROWS(float)
}

#define RUN_SUM_FEW(T) for (Py_ssize_t c = 0; c < n; c++) *(double *)((char *)to + c * step) += ((const T *)p)[c]

static void run_sum_row(const run_program *P, double *to, Py_ssize_t step, const char *p, Py_ssize_t n) {
    const int is_float = P->item == sizeof(float);
    if (step == 0 && n > RUN_FEW) *to += P->total(is_float, p, n);
    else if (step == sizeof(double) && n > RUN_FEW) P->gather(is_float, to, p, n);
    else if (is_float) RUN_SUM_FEW(float);
    else RUN_SUM_FEW(double);
}

static void run_sum(const run_program *P, const run_reg *r, Py_ssize_t row, Py_ssize_t col, Py_ssize_t n, const char *p) {
    const Py_ssize_t step = r->strides[P->nd - 1], each = P->per_row ? n : P->cols;
    for (Py_ssize_t done = 0; done < n; done += each, row++, p += each * P->item) {
        char *to = P->nd == 2 ? r->base + row * r->strides[0] : r->base + run_offset(P, r, row);
        run_sum_row(P, (double *)(to + col * step), step, p, each);
    }
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
    const Py_ssize_t lines = P->block * P->item / 64, todo = lines * P->nstreams, share = P->nsteps ? todo / P->nsteps + 1 : 0;
    for (Py_ssize_t b = first; b < last; b++) {
        const Py_ssize_t row = P->per_row ? b / P->per_row : b * (P->block / P->cols), col = P->per_row ? b % P->per_row * P->block : 0;
        const Py_ssize_t left = P->per_row ? P->cols - col : (P->rows - row) * P->cols, n = left < P->block ? left : P->block;
        for (int k = 0; k < P->nregs; k++) {
            const run_reg *r = P->regs + k;
            if (r->kind == FLAT) at[k] = r->base + (row * P->cols + col) * P->item;
            else if (r->kind == SPREAD && P->per_row) at[k] = r->base + run_offset(P, r, row) + col * steps[k];
            else if (r->kind == SPREAD && (b == first || run_moves(P, r))) run_gather(P, r, row, n / P->cols, at[k]);
        }
        Py_ssize_t ahead = 0;
        for (int s = 0; s < P->nsteps; s++) {
            const run_step *t = P->steps + s;
            char *args[RUN_ARGS];
            Py_ssize_t strides[RUN_ARGS], count = n;    /* a loop may change them */
            if (t->loop == NULL) {
                run_sum(P, P->regs + t->reg[1], row, col, n, at[t->reg[0]]);
                continue;
            }
            for (int k = 0; k < t->nargs; k++) args[k] = at[t->reg[k]], strides[k] = steps[t->reg[k]];
            t->loop(args, &count, strides, t->data);
#if defined(__GNUC__)
            for (Py_ssize_t stop = ahead + share < todo ? ahead + share : todo; ahead < stop; ahead++)
                __builtin_prefetch(at[P->streams[ahead / lines]] + (lines + ahead % lines) * 64, 0, 2);
#endif
        }
    }
}
#endif
