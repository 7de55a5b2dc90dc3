/* Nodes and handles are made by the million.

   Born out of the collector's sight they save a track and an untrack each; their memory is kept for the next, as CPython
   does for its floats and lists (250 of 2 100 instructions an op, forward and backward), and filled from an image of a new
   one, whose fields are None (another 120).

   Of a large graph all nodes are kept, under `memory.bound`: a chain of a million takes 168 MB, which comes from the
   system as untouched pages (forward 185 to 450 ms, and 96 where they are kept).  When a backward ends, its graph lives as
   a rule: what is spare then is not wanted, and 1/32 of it goes back.  tracemalloc is told, as NumPy tells it of its cache. */
#ifndef DEZERO_SPARES_H
#define DEZERO_SPARES_H
#include "flags.h"
#include "pool.h"

enum { DZ_SPARES = 512, DZ_SIZE = 256, DZ_HEAD = 16 };      /* what is always kept; image; before a collected object */
static struct {
    PyTypeObject *type;
    newfunc make;               /* Cython's */
    PyObject *first;
    Py_ssize_t count;
    int nones;
    char image[DZ_SIZE];
} dz_spares[2];                 /* nodes, handles */
static PyObject *dz_no_args;    /* the empty tuple: Cython's tp_new reads it */
#define DZ_NEXT(o) (*(PyObject **)((char *)(o) + sizeof(PyObject)))
#define DZ_BODY(o) ((char *)(o) + sizeof(PyObject))
#define DZ_BODY_SIZE(type) ((size_t)(type)->tp_basicsize - sizeof(PyObject))
#define DZ_NODE ((size_t)dz_spares[0].type->tp_basicsize + DZ_HEAD)

static PyObject *dz_alloc(PyTypeObject *type, Py_ssize_t items) {
    PyObject *o = _PyObject_GC_New(type);
    (void)items;
    if (o != NULL) memset(DZ_BODY(o), 0, DZ_BODY_SIZE(type));
    return o;
}

/* Give back spare nodes, down to so many bytes of those that are not always kept. */
static void dz_shrink(size_t keep) {
    while (pool.nodes > keep) {
        PyObject *o = dz_spares[0].first;
        dz_spares[0].first = DZ_NEXT(o);
        dz_spares[0].count--;
        pool.nodes -= DZ_NODE;
        PyObject_GC_Del(o);
    }
}

static void dz_decay(void) {
    size_t room = pool.cap > pool.live ? pool.cap - pool.live : 0, keep = pool.nodes - pool.nodes / 32;
    dz_shrink(keep < room ? keep : room);
    pool_decay();
}

static inline PyObject *dz_again(int i, PyTypeObject *type) {
    PyObject *o = dz_spares[i].first;
    dz_spares[i].first = DZ_NEXT(o);
    dz_spares[i].count--;
    memcpy(DZ_BODY(o), dz_spares[i].image, DZ_BODY_SIZE(type));
#if PY_VERSION_HEX < 0x030C0000                     /* None is immortal from there on */
    Py_SET_REFCNT(Py_None, Py_REFCNT(Py_None) + dz_spares[i].nones);
#endif
    _Py_NewReference(o);                            /* its type is what it was */
    return o;
}

static DZ_RARE PyObject *dz_new_rare(int i, PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    if (type != dz_spares[i].type || dz_spares[i].count == 0) return dz_spares[i].make(type, args ? args : dz_no_args, kwargs);
    pool.nodes -= DZ_NODE;
    PyTraceMalloc_Track(0, (Py_uintptr_t)dz_spares[i].first - DZ_HEAD, DZ_NODE);
    return dz_again(i, type);
}

static inline PyObject *dz_new(int i, PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    if (type != dz_spares[i].type || (size_t)dz_spares[i].count - 1 >= DZ_SPARES) return dz_new_rare(i, type, args, kwargs);
    return dz_again(i, type);
}

static PyObject *dz_new_node(PyTypeObject *type, PyObject *args, PyObject *kwargs) { return dz_new(0, type, args, kwargs); }
static PyObject *dz_new_handle(PyTypeObject *type, PyObject *args, PyObject *kwargs) { return dz_new(1, type, args, kwargs); }

static inline void dz_keep(int i, PyObject *o) {
    DZ_NEXT(o) = dz_spares[i].first;
    dz_spares[i].first = o;
    dz_spares[i].count++;
}

static DZ_RARE void dz_free_rare(int i, PyObject *o) {
    if (i != 0 || Py_TYPE(o) != dz_spares[0].type || pool.live + pool.cached + pool.nodes + DZ_NODE > pool.cap) {
        PyObject_GC_Del(o);
        return;
    }
    pool.nodes += DZ_NODE;
    PyTraceMalloc_Untrack(0, (Py_uintptr_t)o - DZ_HEAD);
    dz_keep(0, o);
}

static void dz_free(void *o) {
    const int i = Py_TYPE((PyObject *)o) == dz_spares[1].type;
    if (Py_TYPE((PyObject *)o) != dz_spares[i].type || dz_spares[i].count >= DZ_SPARES) dz_free_rare(i, o);
    else dz_keep(i, o);
}

/* Keep freed objects of a type, which `base`, it or its base, makes. */
static int dz_spare(int i, PyTypeObject *type, PyTypeObject *base) {
    PyObject *none = Py_None, *o;
    if (dz_no_args == NULL) dz_no_args = PyTuple_New(0);
    type->tp_alloc = dz_alloc;
    type->tp_free = dz_free;
    if (dz_no_args == NULL || DZ_BODY_SIZE(type) > DZ_SIZE) return -1;
    o = type->tp_new(type, dz_no_args, NULL);
    if (o == NULL) return -1;
    memcpy(dz_spares[i].image, DZ_BODY(o), DZ_BODY_SIZE(type));
    for (size_t j = 0; j < DZ_BODY_SIZE(type); j += sizeof none)
        dz_spares[i].nones += !memcmp(dz_spares[i].image + j, &none, sizeof none);
    Py_DECREF(o);
    dz_spares[i].type = type;
    dz_spares[i].make = base->tp_new;
    base->tp_new = i == 0 ? dz_new_node : dz_new_handle;
    return 0;
}

/* Freed nodes free their parents, chains of a million: a node that dies while its thread frees another waits until that is
   through.  (CPython's trashcan lets 50 nest, and since 3.13 some 9 000, too many for a small stack.)  So their memory is
   freed in the opposite order to that in which it was taken, and the next graph takes it in the same: a chain of a million,
   forward, backward and free, takes 95, 44 and 16 ms each time; where forty nest, these and 121, 65 and 40 in turn. */
typedef struct { PyThreadState *owner; PyObject *first; } dz_dead; /* who is freeing a node, and the first that waits for it */
static dz_dead dz_common_dead;
static DZ_THREAD dz_dead dz_threads_dead;

static inline dz_dead *dz_my_dead(PyThreadState *me) { /* the thread's own costs a call: only while another one frees */
    return dz_common_dead.owner == NULL || dz_common_dead.owner == me ? &dz_common_dead : &dz_threads_dead;
}
#endif
