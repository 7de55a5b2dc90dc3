/* Rows: a straight-line program of loops, which is itself a loop.  Its registers are the arguments, numbers, and what each
   step makes; the last step makes the result.  Large values run its steps in the blocks of a run (runner.h, blocks.pxi);
   here it runs alone, piece by piece through the first cache. */
#ifndef DEZERO_ROWS_H
#define DEZERO_ROWS_H
#include "flags.h"
#include "runner.h"

enum { ROWS_SLOTS = 8, ROWS_REGS = 64 };

typedef struct {
    int nin, nnumbers, nsteps, item;
    int odd;                /* in its first argument, to the bit: of -gy it gives the negative */
    run_step *steps;
    int *slots;             /* of each step: the piece of scratch that its result is in */
    char *numbers;
} run_rows;

typedef struct { run_loop loop; void *data; int quiet; } run_watched;

/* A loop that must not change which floating-point flags earlier steps have raised, as some of NumPy's do (np.rint clears all).
   Of a quiet one NumPy reports none: comparisons by SIMD raise them for NaN. */
static void rows_watched(char **args, const Py_ssize_t *count, const Py_ssize_t *strides, void *data) {
    const run_watched *w = (const run_watched *)data;
    const int before = dz_flags();
    w->loop(args, count, strides, w->data);
    const int after = dz_flags();
    if (w->quiet && after != before) dz_clear_flags();
    if (before & ~after || (w->quiet && after != before)) dz_raise_flags(before);
}

static void rows_loop(char **args, const Py_ssize_t *count, const Py_ssize_t *strides, void *data) {
    const run_rows *R = (const run_rows *)data;
    char scratch[ROWS_SLOTS * RUN_BLOCK];
    char *at[ROWS_REGS];
    Py_ssize_t steps[ROWS_REGS];
    const Py_ssize_t most = RUN_BLOCK / R->item;
    const int made = R->nin + R->nnumbers, last = made + R->nsteps - 1;
    for (int k = 0; k < R->nin; k++) at[k] = args[k], steps[k] = strides[k];
    for (int k = 0; k < R->nnumbers; k++) at[R->nin + k] = R->numbers + k * R->item, steps[R->nin + k] = 0;
    for (int s = 0; s < R->nsteps - 1; s++) at[made + s] = scratch + (size_t)R->slots[s] * RUN_BLOCK, steps[made + s] = R->item;
    at[last] = args[R->nin], steps[last] = strides[R->nin];
    for (Py_ssize_t left = *count; left > 0; left -= most) {
        for (int s = 0; s < R->nsteps; s++) {
            const run_step *t = R->steps + s;
            char *p[RUN_ARGS];
            Py_ssize_t stride[RUN_ARGS], n = left < most ? left : most; /* a loop may change them */
            for (int k = 0; k < t->nargs; k++) p[k] = at[t->reg[k]], stride[k] = steps[t->reg[k]];
            t->loop(p, &n, stride, t->data);
        }
        for (int k = 0; k < R->nin; k++) at[k] += most * steps[k];
        at[last] += most * steps[last];
    }
}
#endif
