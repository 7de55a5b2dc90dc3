/* Who has called an operator?

   In `x * y + 1.0` nobody can look at the product again, and its memory may become that of the sum: 12-24 % of
   Goldstein-Price from 1e4 elements on.  That one reference to the product is left is no proof: compiled code may hold it
   and go on to use it, and did (NumPy met the same: numpy/numpy#7997).  The proof is that the interpreter's own loop has
   called the operator: its two operands are then on its stack, and it drops both when the operator returns.

   So the way from the operator up to the loop is unwound: `PyNumber_Add`, perhaps a helper of it in the same library,
   and `_PyEval_EvalFrameDefault`.  The tables of the unwinder take microseconds to read; therefore a way once found is
   kept, as the return addresses and where on the stack they lie.  When the innermost one is at its place, the frame that
   holds the next is of known size, so each comparison proves the next, and the whole takes three loads.

   One gap is left, and NumPy's check has it as well: a C function that ends in a tail call of `PyNumber_Add` on a field of
   its own leaves no frame.  The Variable in that field is then without data, and says so when it is used.

   Where this is not known to be sound (another machine, C library or compiler; without the interpreter's lock; from
   Python 3.14 on, whose loop borrows references) nothing is ever taken over.  This file alone is compiled with unwind
   tables: the frames of this module end here. */
#include "callers.h"

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && PY_VERSION_HEX < 0x030E0000 \
    && !defined(Py_GIL_DISABLED) && !defined(PYPY_VERSION)
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <unwind.h>

enum { FRAMES = 3, WAYS = 16 };
enum { ATTEMPTS = 64, LATER = 1024 }; /* callers that are looked at; then one in so many */

typedef struct {
    char *operator;             /* its frame, while the way up from it is found */
    int frames, is_through;
    ptrdiff_t at[FRAMES];       /* from the operator's frame to the return address */
    uintptr_t ip[FRAMES];
} way;

static way ways[WAYS];
static int known, attempts, wanted;
static unsigned int strangers;
static struct { PyObject *a, *b; char *frame; } entered; /* the operator called last, until it is asked for or returns */

static const void *const OPERATORS[] = {
    PyNumber_Add, PyNumber_Subtract, PyNumber_Multiply, PyNumber_TrueDivide, PyNumber_Power, PyNumber_Negative,
    PyNumber_InPlaceAdd, PyNumber_InPlaceSubtract, PyNumber_InPlaceMultiply, PyNumber_InPlaceTrueDivide, PyNumber_InPlacePower,
};

static int is_operator(const void *function) {
    for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++) if (OPERATORS[i] == function) return 1;
    return 0;
}

/* Does one library hold both of these addresses? */
static int holds_both(struct dl_phdr_info *library, size_t size, void *data) {
    int found = 0;
    (void)size;
    for (int i = 0; i < library->dlpi_phnum; i++) {
        const uintptr_t start = library->dlpi_addr + library->dlpi_phdr[i].p_vaddr;
        for (int k = 0; k < 2; k++)
            if (library->dlpi_phdr[i].p_type == PT_LOAD && ((uintptr_t *)data)[k] - start < library->dlpi_phdr[i].p_memsz) found |= 1 << k;
    }
    return found == 3;
}

static int in_interpreter(const void *function) {
    uintptr_t both[] = {(uintptr_t)function, (uintptr_t)_PyEval_EvalFrameDefault};
    return dl_iterate_phdr(holds_both, both);
}

/* One frame above the operator's: is it a part of the way, and the last? */
static _Unwind_Reason_Code climb(struct _Unwind_Context *context, void *data) {
    way *w = data;
    char *frame = (char *)_Unwind_GetCFA(context); /* the return address into this function lies below */
    const uintptr_t ip = _Unwind_GetIP(context);
    const void *function;
    if (frame < w->operator) return _URC_NO_REASON; /* of this file */
    if (w->frames == FRAMES || *(uintptr_t *)(frame - sizeof ip) != ip) return _URC_END_OF_STACK;
    function = _Unwind_FindEnclosingFunction((void *)(ip - 1));
    w->at[w->frames] = frame - sizeof ip - w->operator;
    w->ip[w->frames++] = ip;
    if (function == (const void *)_PyEval_EvalFrameDefault) {
        w->is_through = w->frames > 1 && is_operator(_Unwind_FindEnclosingFunction((void *)(w->ip[w->frames - 2] - 1)));
        return _URC_END_OF_STACK;
    }
    return in_interpreter(function) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static __attribute__((noinline)) void learn(char *frame) {
    way *w = &ways[known];
    wanted = 0;
    attempts += attempts < ATTEMPTS;
    w->operator = frame;
    w->frames = w->is_through = 0;
    _Unwind_Backtrace(climb, w);
    known += w->is_through;
}

#define NOTING(SLOT, KIND, PARAMETERS, A, B, CALL)                                                                      \
    static KIND under_##SLOT;                                                                                           \
    static PyObject *note_##SLOT PARAMETERS {                                                                           \
        char *frame = __builtin_dwarf_cfa();                                                                            \
        entered.a = A, entered.b = B, entered.frame = frame;                                                            \
        PyObject *y = CALL;                                                                                             \
        entered.a = NULL;                                                                                               \
        if (wanted) learn(frame); /* of this call: it was asked for, and the frames above are the same still */         \
        return y;                                                                                                       \
    }

#define BINARY(SLOT) NOTING(SLOT, binaryfunc, (PyObject *a, PyObject *b), a, b, under_##SLOT(a, b))

BINARY(nb_add)
BINARY(nb_subtract)
BINARY(nb_multiply)
BINARY(nb_true_divide)
NOTING(nb_power, ternaryfunc, (PyObject *a, PyObject *b, PyObject *c), a, b, under_nb_power(a, b, c))
NOTING(nb_negative, unaryfunc, (PyObject *a), a, Py_None, under_nb_negative(a))

#define NOTE(SLOT) under_##SLOT = type->tp_as_number->SLOT, type->tp_as_number->SLOT = note_##SLOT

void dz_note_operators(PyTypeObject *type) {
    NOTE(nb_add);
    NOTE(nb_subtract);
    NOTE(nb_multiply);
    NOTE(nb_true_divide);
    NOTE(nb_power);
    NOTE(nb_negative);
}

int dz_in_expression(PyObject *a, PyObject *b) {
    if (entered.a != a || entered.b != b) return 0;
    for (int k = 0; k < known; k++) {
        const way *w = &ways[k];
        int i = 0;
        while (i < w->frames && *(uintptr_t *)(entered.frame + w->at[i]) == w->ip[i]) i++;
        if (i == w->frames) return 1;
    }
    wanted = known < WAYS && (attempts < ATTEMPTS || ++strangers % LATER == 0);
    return 0;
}
#else
void dz_note_operators(PyTypeObject *type) { (void)type; }
int dz_in_expression(PyObject *a, PyObject *b) { (void)a, (void)b; return 0; }
#endif
