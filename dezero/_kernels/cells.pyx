# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True, nonecheck=False
"""Where values live, and how loops run on them: compiled.  `cells.py` beside this is the same in plain Python.

A `Node` is one value of the graph.  A float64 or float32 result is, while it is small, kept in its node and made an
ndarray when somebody asks for it: of 0-d data a bare number (2.7 us of 7.5 for Goldstein-Price, 4.4 with its
gradient), below `SMALL` bytes a block.  A larger one belongs to the caller's handle, and the node keeps it only when
some rule reads it.  Nothing here knows of ops' rules, of modes or of the order of the walk.
"""
import numpy as np

cimport cython
cimport numpy as cnp
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject, Py_TYPE
from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_GetName, PyCapsule_GetPointer
from libc.math cimport isinf
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memmove
from numpy cimport ndarray

from .elementwise cimport Loop, copy, gather, minus, negate, plus, times, times_add, times_sub, total, total_and_gather

from ..errors import DTypeError, GraphError
from .floating import report
from .signature import checked, is_factor, is_sign

cnp.import_array()

cdef extern from "numpy/arrayscalars.h":
    ctypedef struct PyDoubleScalarObject:
        double obval
    ctypedef struct PyFloatScalarObject:
        float obval

cdef extern from "numpy/ufuncobject.h":
    ctypedef struct PyUFuncObject:
        int ntypes
        Loop *functions
        void **data

cdef extern from "numpy/arrayobject.h":
    object array_from_scalar "PyArray_FromScalar" (object, void *)

cdef extern from "pool.h":
    """
    static PyDataMem_Handler dz_handler = {"dezero", 1, {NULL, pool_malloc, pool_calloc, pool_realloc, pool_free}};
    static PyObject *dz_new_handler(void) { return PyCapsule_New(&dz_handler, "mem_handler", NULL); }
    static void dz_give_handler(PyObject *a, PyObject *handler) { /* what PyDataMem_SetHandler arranges, for this array alone */
        Py_INCREF(handler);
        Py_XSETREF(((PyArrayObject_fields *)a)->mem_handler, handler);
        PyArray_ENABLEFLAGS((PyArrayObject *)a, NPY_ARRAY_OWNDATA);
    }
    """
    struct Pool "pool":
        size_t live, cached, nodes, cap
    Pool pool
    void *pool_malloc(void *, size_t)
    void pool_free(void *, void *, size_t)
    void pool_shrink(size_t)
    size_t pool_most()
    object new_handler "dz_new_handler" ()
    void give_handler "dz_give_handler" (object, object)

cdef extern from "flags.h":
    int flags "dz_flags" () noexcept nogil
    void clear_flags "dz_clear_flags" () noexcept nogil

cdef extern from *:
    """
    static DZ_THREAD int dz_noted;
    typedef struct { PyThreadState *owner; PyObject *first; } dz_dead;
    static dz_dead dz_common_dead;
    static DZ_THREAD dz_dead dz_threads_dead;
    static inline dz_dead *dz_my_dead(PyThreadState *me) {  /* the thread's own costs a call: only while another one frees */
        return dz_common_dead.owner == NULL || dz_common_dead.owner == me ? &dz_common_dead : &dz_threads_dead;
    }
    """
    int noted "dz_noted"    # flags of this thread's pass, to be reported in its end
    ctypedef struct ThreadState "PyThreadState":
        pass
    ThreadState *PyThreadState_Get()
    ctypedef struct Dead "dz_dead":     # who is freeing a node, and the first of those that wait for it
        ThreadState *owner
        PyObject *first
    Dead *my_dead "dz_my_dead" (ThreadState *)

cdef extern from "Python.h":
    int PyContextVar_Get(object, PyObject *, PyObject **) except -1
    void Py_DECREF(PyObject *)
    void Py_INCREF(PyObject *)
    PyObject *PyList_GET_ITEM(list, Py_ssize_t)
    void PyList_SET_ITEM(list, Py_ssize_t, PyObject *)
    Py_ssize_t PY_SSIZE_T_MAX
    long long PyLong_AsLongLongAndOverflow(object, int *) noexcept
    void PyObject_GC_Track(PyObject *)
    void PyObject_GC_UnTrack(PyObject *)
    bint PyObject_GC_IsTracked(PyObject *)

cdef enum:
    LOUD = 1                # fates: forward has raised floating-point flags
    LOST = 2                # it was computed from an array that the graph does not hold
    SOURCE = 4              # others are computed again from it: who is shown it can't write to it
    REMADE = 8              # gradients read it; it is not kept, but computed again
    STEP = 16               # it is computed on the way to such a one
    SHOWN = 32              # its array has been given out: whoever has it may write to it
    FEW_FROM = 1 << 17      # bytes from which on a value is computed again in one step, not kept; below nothing is won
    MORE_FROM = 1 << 19     # bytes from which on three steps are fewer than the misses they spare
    FAR = 100               # steps: never
    FEW = 64                # times as many bytes as an operand has the value for which it is copied
    ALWAYS = -1             # in place of a number of second operands

cdef enum:
    WEAK = 2                # beside dtype 0 and 1: a Python number, which takes the other operand's dtype
    OTHER = 3               # what no loop is for
    NONE = 2                # a sign that says "no gradient"
    POOLED = 1 << 12        # bytes from which on an array comes from the pool (1 << 14: hvp of 1e3 elements 20 % slower)
    PIECE = 1 << 20         # elements between two looks at signals
    UNLOCKED = 1 << 16      # elements from which on a loop runs without the interpreter's lock
    SHORT_ROW = 64          # elements up to which a row is gathered with others into a block

cdef PyObject *DESCR[2]
cdef int TYPENUM[2]
cdef Py_ssize_t ITEM[2]
cdef Py_ssize_t ITEMS[2][5]
cdef Py_ssize_t ONE = 1
DESCR[:] = [<PyObject *>np.dtype("d"), <PyObject *>np.dtype("f")]        # NumPy keeps them alive
TYPENUM[:] = [cnp.NPY_DOUBLE, cnp.NPY_FLOAT]
ITEM[:] = [8, 4]
ITEMS[0][:] = [8, 8, 8, 8, 8]
ITEMS[1][:] = [4, 4, 4, 4, 4]


# -- kernels: the loops of one op ----------------------------------------------------------------------------------

cdef class Kernel:
    """Loops that do an op's work without its Python methods, which stay the reference.

    Parameters
    ----------
    forward : loop
        Takes the inputs, gives the output.
    backward : loop, or tuple of loops
        One for each input, (gy, *inputs, output) -> gradient of that input; "+" says that the gradient is gy
        itself, "-" that it is -gy, "x0" and "x1" that it is gy times that one of two inputs, None that there is none.
        A loop that is not wanted is not run.
    reads : tuple of tuples, optional
        For each input, which of (*inputs, output), by place, its loop looks at.  What no gradient reads is not kept
        for backward.  By default all.
    accumulate : tuple of pairs of loops, optional
        For each input None or two loops, (gy, *inputs, output, sum) -> sum + gradient and sum - gradient, which spare
        large arrays a pass.  They say as well that the gradient of -gy is, to the bit, the negative of that of gy.
    cheap : bool or tuple of numbers
        Forward takes no longer than reading its result from memory does, a few additions and multiplications an element:
        backward may compute the result again, where that is to the bit the same and nobody can tell, and nothing keeps it
        till then.  Numbers: where the second operand is one of these.

    A loop is a NumPy ufunc (its loops are read out of it), a PyCapsule whose name is its types ("dd->d"; include/dezero.h
    makes it), a pair of a native address and types ``(pointer, "dd->d")`` with a number or what ctypes, cffi and numba
    have for one, or a list of these for several types.  It is a NumPy inner loop, ``void loop(char **args, npy_intp
    const *n, npy_intp const *steps, void *data)``; the engine gives it at least one element, aligned and in native byte
    order, and an output that overlaps nothing; it may run more than once on the same operands.  Types
    that differ from those of the operands, and ops of more than two inputs, run on the reference.

    Raises
    ------
    TypeError
        Something is not a loop, or forward and backward do not fit each other.
    """

    def __init__(self, forward, backward, reads=None, accumulate=None, *, cheap=False):
        cdef int i, d
        self.forward, self.backward, self.cheap = forward, backward, cheap
        self.nin, self.reads, self.types, self.owners = checked(forward, backward, reads, accumulate)
        if isinstance(cheap, tuple) and len(cheap) <= 4:
            self.ncheap = len(cheap)
            for i in range(self.ncheap):
                self.cheap_with[i] = cheap[i]
        elif isinstance(cheap, bool):
            self.ncheap = ALWAYS if cheap else 0
        else:
            raise TypeError(f"Kernel: cheap={cheap!r}: wanted True, False, or a tuple of at most four numbers")
        if self.nin > 2:
            return
        for d in range(2):
            if "df"[d] in self.types:
                take_loop(self.owners[0], d, &self.fwd[d], &self.fwd_data[d])
        for i in range(self.nin):
            f = self.owners[i + 1]
            if is_sign(f):
                self.sign[i] = 1 if f == "+" else -1 if f == "-" else NONE
                continue
            for r in self.reads[i]:
                self.reads_by[i] |= 1 << <int>r
            if is_factor(f):
                self.factor[i] = int(f[1])
                continue
            self.factor[i] = -1
            more = self.owners[self.nin + 1 + i]
            for d in range(2):
                if "df"[d] in self.types:
                    take_loop(f, d, &self.bwd[d][i], &self.bwd_data[d][i])
                    if more is not None:
                        take_loop(more[0], d, &self.add[d][i], &self.add_data[d][i])
                        take_loop(more[1], d, &self.subtract[d][i], &self.subtract_data[d][i])

    def __set_name__(self, cls, name):
        functions = cls.__dict__.get("numpy", ())
        self.label = functions[0].__name__ if functions else cls.__dict__.get("name")

    def __repr__(self):
        return f"Kernel(forward={self.forward!r}, backward={self.backward!r})"

    cdef int reads_for(self, Node x0, Node x1) noexcept:
        """By bit, which of (*inputs, output) is read by the gradients that are wanted."""
        return read_by(self, takes(x0), takes(x1))

    cdef Node compute(self, object a, object b):
        """A node with the value of one or two operands; None where no loop fits them."""
        cdef View v[3]
        cdef Node y = <Node>new_node(<PyTypeObject *>Node, NULL, NULL)
        cdef int da = look(a, &v[0]), db, d
        db = da if self.nin == 1 else look(b, &v[1])
        d = da if da < WEAK else db
        if d >= WEAK or self.fwd[d] == NULL or (da != d and da != WEAK) or (db != d and db != WEAK):
            return None
        if da == WEAK and not keep_number(y, a, d, &v[0]) or self.nin == 2 and db == WEAK and not keep_number(y, b, d, &v[1]):
            return None
        if v[0].nd == 0 and is_scalar(a):
            keep_scalar(y, &v[0])
        elif self.nin == 2 and v[1].nd == 0 and is_scalar(b):
            keep_scalar(y, &v[1])
        y.kind = d
        if v[0].nd == 0 and (self.nin == 1 or v[1].nd == 0):
            y.own = True
            forward_number(y, self, v)
            if not flags():
                return y
            clear_flags()                   # of what ran before: to look first would take as long again, at every op
            forward_number(y, self, v)
        else:
            clear_flags()
            if not forward_arrays(y, self, a, b, v, d):
                return None
        if flags():
            y.fate |= LOUD
            report(self.label, flags())
        return y


cdef inline int read_by(Kernel k, bint first, bint second) noexcept:
    return (k.reads_by[0] if first else 0) | (k.reads_by[1] if second else 0)


cdef int take_loop(dict found, int d, Loop *loop, void **data) except -1:
    """Where a loop is, and the data it wants."""
    cdef PyUFuncObject *u
    cdef const char *name
    kind, owner, place = found["df"[d]]
    if kind == "ufunc":
        u = <PyUFuncObject *>owner
        loop[0] = u.functions[<int>place]
        data[0] = u.data[<int>place] if u.data != NULL else NULL
    elif kind == "capsule":
        name = PyCapsule_GetName(owner)
        loop[0] = <Loop>PyCapsule_GetPointer(owner, name)
        data[0] = PyCapsule_GetContext(owner)
    else:
        loop[0] = <Loop><uintptr_t>place
        data[0] = NULL
    if loop[0] == NULL:
        raise TypeError(f"Kernel: {owner!r} has no loop in C for {np.dtype('df'[d])}")
    return 0


cdef class Record:
    """What the engine reads of a registered op; `registry.Op` is the rest."""


# -- shapes and operands ---------------------------------------------------------------------------------------------

cdef class Space:
    @property
    def shape(self):
        return tuple([self.dims[j] for j in range(self.nd)])


cdef struct View:           # where the elements of an operand are
    char *p
    int kind, nd
    const Py_ssize_t *dims
    const Py_ssize_t *strides       # NULL: one after the other, in C order


cdef inline int dtype_of(ndarray a):
    """0, 1, or OTHER.  Only NumPy's own descriptor counts: native byte order, no metadata."""
    cdef PyObject *d = <PyObject *>cnp.PyArray_DESCR(a)
    if d == DESCR[0]:
        return 0
    return 1 if d == DESCR[1] else OTHER


cdef inline int view_array(ndarray a, View *v):
    v.kind = dtype_of(a)
    v.p = <char *>cnp.PyArray_DATA(a)
    v.nd = cnp.PyArray_NDIM(a)
    v.dims = <const Py_ssize_t *>cnp.PyArray_DIMS(a)
    v.strides = NULL if cnp.PyArray_CHKFLAGS(a, cnp.NPY_ARRAY_C_CONTIGUOUS) else <const Py_ssize_t *>cnp.PyArray_STRIDES(a)
    if not cnp.PyArray_CHKFLAGS(a, cnp.NPY_ARRAY_ALIGNED):
        v.kind = OTHER
    return v.kind


cdef inline int view_own(Node n, View *v):
    v.strides = NULL
    v.kind = n.kind
    if n.space is None:
        v.p, v.nd = <char *>&n.value, 0
    else:
        v.p, v.nd, v.dims = PyBytes_AS_STRING(n.store), n.space.nd, n.space.dims
    return v.kind


cdef PyObject *plain_array = <PyObject *>np.ndarray     # NumPy keeps it alive
cdef PyObject *plain_double = <PyObject *>np.float64
cdef PyObject *plain_single = <PyObject *>np.float32
cdef PyObject *usual = NULL         # the class that nearly every handle has: spares the walk over its bases


def usual_class(type cls):
    """Name the handles' class, once."""
    global usual
    usual = <PyObject *>cls
    spare(1, <PyTypeObject *>cls, <PyTypeObject *>Handle)
    (<PyTypeObject *>cls).tp_dealloc = (<PyTypeObject *>Handle).tp_dealloc  # it has no fields of its own to clear


cdef inline bint is_handle(object o):
    return <PyObject *>Py_TYPE(o) == usual or isinstance(o, Handle)


cdef inline int look(object o, View *v):
    """What an operand is: 0 or 1 and where it lies, WEAK, or OTHER."""
    if PyFloat_CheckExact(o) or PyLong_CheckExact(o):
        v.kind, v.nd, v.strides = WEAK, 0, NULL
        return WEAK
    return look_closer(o, v)


cdef int look_closer(object o, View *v):
    cdef PyObject *a
    if is_handle(o):
        a = <PyObject *>(<Handle>o).array
        if a != <PyObject *>None:
            return view_array(<ndarray>a, v)
        a = <PyObject *>(<Handle>o).node
        if a != <PyObject *>None and (<Node>a).own:
            return view_own(<Node>a, v)
        v.kind = OTHER
    elif <PyObject *>Py_TYPE(o) == plain_array:
        return view_array(<ndarray>o, v)
    elif <PyObject *>Py_TYPE(o) == plain_double:
        v.kind, v.nd, v.strides, v.p = 0, 0, NULL, <char *>&(<PyDoubleScalarObject *>o).obval
    elif <PyObject *>Py_TYPE(o) == plain_single:
        v.kind, v.nd, v.strides, v.p = 1, 0, NULL, <char *>&(<PyFloatScalarObject *>o).obval
    else:
        v.kind = OTHER
    return v.kind


cdef inline bint same_dims(int nd, const Py_ssize_t *dims, View *v):
    cdef int j
    if nd != v.nd:
        return False
    for j in range(nd):
        if dims[j] != v.dims[j]:
            return False
    return True


cdef inline bint in_c_order(View *v):
    """Would NumPy lay out a result of this operand in C order?  (A result is laid out as its operands are.)"""
    cdef int j
    cdef Py_ssize_t last = 0, step
    if v.strides == NULL or v.nd < 2:
        return True
    for j in range(v.nd - 1, -1, -1):
        step = v.strides[j] if v.strides[j] >= 0 else -v.strides[j]
        if v.dims[j] > 1 and step != 0:
            if step < last:
                return False
            last = step
    return True


cdef bint broadcast(View *v, int n, int *nd, Py_ssize_t *dims):
    """The shape of n operands together; False where they do not fit, or are too deep, too large or empty."""
    cdef int i, j
    cdef Py_ssize_t m
    nd[0] = 0
    for i in range(n):
        if v[i].nd > nd[0]:
            nd[0] = v[i].nd
    if nd[0] > MAXDIMS:
        return False
    for j in range(nd[0]):
        dims[j] = 1
    for i in range(n):
        for j in range(v[i].nd):
            m = v[i].dims[j]
            if m == 0:
                return False
            if m != 1:
                if dims[nd[0] - v[i].nd + j] not in (1, m):
                    return False
                dims[nd[0] - v[i].nd + j] = m
    m = PY_SSIZE_T_MAX // 8
    for j in range(nd[0]):
        m //= dims[j]
    return m > 0


cdef Space new_space(int nd, const Py_ssize_t *dims):
    cdef Space s
    cdef int j
    if nd == 0:
        return None
    s = Space.__new__(Space)
    s.nd, s.size = nd, 1
    for j in range(nd):
        s.dims[j] = dims[j]
        s.size *= dims[j]
    return s


cdef inline Space space_of(object operand):
    cdef PyObject *n
    if is_handle(operand):
        n = <PyObject *>(<Handle>operand).node
        if n != <PyObject *>None:
            return (<Node>n).space
    return None


cdef inline bint fits(Space s, int nd, const Py_ssize_t *dims):
    cdef int j
    if s is None or s.nd != nd:
        return False
    for j in range(nd):
        if s.dims[j] != dims[j]:
            return False
    return True


cdef object new_array(Space s, int d):
    """An uninitialised array; a large one from the pool, which it tells of its end through its own data handler."""
    cdef void *p
    if s is None:
        return cnp.PyArray_SimpleNew(0, NULL, TYPENUM[d])
    if s.size * ITEM[d] < POOLED:
        return cnp.PyArray_SimpleNew(s.nd, <cnp.npy_intp *>s.dims, TYPENUM[d])
    p = pool_malloc(NULL, s.size * ITEM[d])
    if p == NULL:
        raise MemoryError(f"no memory for an array of shape {s.shape} and dtype {np.dtype('df'[d])}")
    a = cnp.PyArray_SimpleNewFromData(s.nd, <cnp.npy_intp *>s.dims, TYPENUM[d], p)
    give_handler(a, handler)
    return a


cdef object handler = new_handler()


def pool_state():
    """Bytes of large arrays in use, of memory kept (for nodes too), the most of both, and the caller's bound on it."""
    return pool.live, pool.cached + pool.nodes, pool_most() + pool.nodes, pool.cap


def pool_bound(size_t cap):
    """Bound the bytes that are kept beside those in use; gives back what is over it."""
    pool.cap = cap
    decay()


def pool_release():
    """Give back all that is kept."""
    pool_shrink(0)
    shrink_nodes(0)


cdef void note_raised() noexcept:
    """Note the flags that loops have raised, before NumPy clears them."""
    global noted
    noted |= flags()


cdef inline bint is_long(Space s, int d):
    return s.size * ITEM[d] >= LONG


cdef inline bint takes(Node x) noexcept:
    """Does a gradient go to this operand?"""
    return x is not None and not x.constant


cdef inline bint is_small(Space s, int d):
    return s.size * ITEM[d] <= SMALL


cdef inline object new_block(Space s, int d):
    """Memory for a small value: a bytes object nobody else has seen yet."""
    return PyBytes_FromStringAndSize(NULL, s.size * ITEM[d])


cdef inline bint sole(PyObject *o):
    """Is this array or block, held by one field of ours, ours alone to write into?"""
    if o.ob_refcnt != 1:
        return False
    return PyBytes_CheckExact(<object>o) or cnp.PyArray_CHKFLAGS(<ndarray>o, cnp.NPY_ARRAY_CARRAY | cnp.NPY_ARRAY_OWNDATA)


cdef inline char *memory(PyObject *o):
    return PyBytes_AS_STRING(<object>o) if PyBytes_CheckExact(<object>o) else <char *>cnp.PyArray_DATA(<ndarray>o)


# -- running a loop ----------------------------------------------------------------------------------------------------

cdef int run(Loop f, void *data, int nargs, char **p, const Py_ssize_t *s, Py_ssize_t n, int item=8) except -1:
    """One loop over n elements.  A loop may change its arguments (SciPy's do), so it gets copies."""
    cdef char *args[5]
    cdef Py_ssize_t steps[5]
    cdef Py_ssize_t at = 0, m
    cdef int k
    while True:
        m = n - at if n - at < PIECE else PIECE
        for k in range(nargs):
            args[k], steps[k] = p[k] + at * s[k], s[k]
        at += m
        if m < UNLOCKED:
            f(args, &m, steps, data)
        else:
            with nogil:
                team_run_loop(f, data, nargs, args, steps, m, item)
        if at >= n:
            return 0
        PyErr_CheckSignals()


cdef struct Layout:         # a loop's arguments over several dimensions
    int nd, nargs
    Py_ssize_t dims[MAXDIMS]
    Py_ssize_t strides[5][MAXDIMS]
    char *p[5]


cdef void lay(Layout *l, int k, View *v, int d) noexcept:
    """Argument k: the view v, broadcast to the layout's shape."""
    cdef int j, lead = l.nd - v.nd
    cdef Py_ssize_t step = ITEM[d]
    l.p[k] = v.p
    for j in range(l.nd - 1, -1, -1):
        if j < lead:
            l.strides[k][j] = 0
            continue
        l.strides[k][j] = v.strides[j - lead] if v.strides != NULL else step
        step *= v.dims[j - lead]
        if v.dims[j - lead] == 1:
            l.strides[k][j] = 0


cdef void merge(Layout *l) noexcept:
    """Make one dimension of neighbours that every argument steps through evenly."""
    cdef int j = l.nd - 2, i, k
    cdef bint even
    while j >= 0:
        even = True
        for k in range(l.nargs):
            even = even and (l.strides[k][j] == l.strides[k][j + 1] * l.dims[j + 1] or l.dims[j] == 1)
        if even:
            l.dims[j] *= l.dims[j + 1]
            for k in range(l.nargs):
                l.strides[k][j] = l.strides[k][j + 1]
            for i in range(j + 1, l.nd - 1):
                l.dims[i] = l.dims[i + 1]
                for k in range(l.nargs):
                    l.strides[k][i] = l.strides[k][i + 1]
            l.nd -= 1
        j -= 1


cdef int run_layout(Loop f, void *data, Layout *l) except -1:
    """A loop over all dimensions: the last one inside, the others by counting."""
    cdef Py_ssize_t at[MAXDIMS]
    cdef Py_ssize_t inner[5]
    cdef char *p[5]
    cdef Py_ssize_t since = 0
    cdef int j, k
    for j in range(l.nd):
        at[j] = 0
    for k in range(l.nargs):
        p[k], inner[k] = l.p[k], l.strides[k][l.nd - 1]
    while True:
        run(f, data, l.nargs, p, inner, l.dims[l.nd - 1])
        since += l.dims[l.nd - 1]
        if since >= PIECE:
            since = 0
            PyErr_CheckSignals()
        j = l.nd - 2
        while j >= 0:
            at[j] += 1
            for k in range(l.nargs):
                p[k] += l.strides[k][j]
            if at[j] < l.dims[j]:
                break
            for k in range(l.nargs):
                p[k] -= l.strides[k][j] * l.dims[j]
            at[j] = 0
            j -= 1
        if j < 0:
            return 0


cdef int run_views(Loop f, void *data, int n, View *v, Space s, int d) except -1:
    """A loop over n views, broadcast to the shape s; the last is the output."""
    cdef char *p[5]
    cdef Py_ssize_t steps[5]
    cdef Layout l
    cdef int k
    cdef bint flat = True
    for k in range(n):
        p[k] = v[k].p
        if v[k].nd == 0:
            steps[k] = 0
        elif v[k].strides == NULL and same_dims(s.nd, s.dims, &v[k]):
            steps[k] = ITEM[d]
        elif s.nd == 1 and v[k].nd == 1:
            steps[k] = (v[k].strides[0] if v[k].strides != NULL else ITEM[d]) if v[k].dims[0] != 1 else 0
        else:
            flat = False
            break
    if flat:
        return run(f, data, n, p, steps, s.size, ITEM[d])
    l.nd, l.nargs = s.nd, n
    for k in range(s.nd):
        l.dims[k] = s.dims[k]
    for k in range(n):
        lay(&l, k, &v[k], d)
    merge(&l)
    if l.dims[l.nd - 1] <= SHORT_ROW and s.size >= UNLOCKED // 16:
        return run_short_rows(f, data, n, v, s, d)
    return run_layout(f, data, &l)


# -- a value of the graph ----------------------------------------------------------------------------------------------

@cython.trashcan(True)
cdef class Extra:
    """What few nodes have: a name, the Function somebody asked for, the Variable an outdated leaf belongs to.

    And where somebody looks for a fault: the line that made it, and fingerprints of the data that its rule reads.
    """


cdef class Node:
    def __cinit__(self):
        self.kind = -1
        self.place = -1

    # what it holds

    cdef bint matches(self, object array):
        """Has this array the shape and dtype that the node was made with?"""
        cdef View v
        if self.kind < 0:
            return self.store is array or (self.store is not None and (<object>self.store).shape == array.shape
                                           and (<object>self.store).dtype == array.dtype)
        if view_array(<ndarray>array, &v) != self.kind:
            return False
        return v.nd == 0 if self.space is None else same_dims(self.space.nd, self.space.dims, &v)

    cdef int describe(self, object array) except -1:
        """Take over shape and dtype of an array; the array itself only where the loops cannot use it."""
        cdef View v
        if view_array(<ndarray>array, &v) < WEAK and v.nd <= MAXDIMS:
            self.kind = v.kind
            self.space = new_space(v.nd, v.dims)
        else:
            self.store = array
        return 0

    cdef int keep(self, object array) except -1:
        """Hold an array, because some rule reads it."""
        self.store = array
        self.own = False
        return 0

    cdef int drop(self) except -1:
        """Let go of an array that no rule reads."""
        if not self.own and self.kind >= 0:
            self.store = None
        return 0

    cdef bint is_dropped(self) noexcept:
        return not self.own and self.store is None

    cdef object stored(self):
        """The value as an ndarray (a new one, where it is the node's own), or None where it was dropped."""
        if not self.own:
            if self.fate & REMADE and self.store is None:
                self.restore()
            return self.store
        a = new_array(self.space, self.kind)
        if self.space is None:
            memcpy(cnp.PyArray_DATA(<ndarray>a), &self.value, ITEM[self.kind])
        else:
            memcpy(cnp.PyArray_DATA(<ndarray>a), PyBytes_AS_STRING(self.store), self.space.size * ITEM[self.kind])
        return a

    cdef object shown(self):
        """The value as an ndarray for a user, who may write to it unless others are computed from it; None where it was dropped."""
        array = self.stored()
        if not self.own and self.fate & SOURCE and array is not None:
            cnp.PyArray_CLEARFLAGS(<ndarray>array, cnp.NPY_ARRAY_WRITEABLE)
        else:
            self.fate |= SHOWN
        return array

    cdef bint is_fixed(self) noexcept:
        """Are others computed from it again, so that it must stay what it is?"""
        return self.fate & (SOURCE | REMADE | STEP) != 0

    cdef int expose(self) except -1:
        """The array of its handle is given out."""
        self.fate |= SHOWN
        return 0

    cdef int restore(self) except -1:
        """Compute a dropped value again, by way of all that it takes, from what the graph holds."""
        cdef Node node, again
        cdef list missing, found = [], todo = [self]
        note_raised()                       # by what ran before
        with np.errstate(all="ignore"):     # what there is to report was reported
            while todo:
                node = todo.pop()
                if not node.is_dropped():
                    continue
                if node.fate & LOST or node.kernel is None:
                    raise GraphError("the data of an intermediate result were dropped, and cannot be computed again")
                missing = [x for x in (source_of(node, 0), source_of(node, 1)) if x is not None and x.is_dropped()]
                if missing:
                    todo += [node, *missing]
                    continue
                again = node.kernel.compute(operand_of(node, 0), operand_of(node, 1))
                node.store = again.store
                found.append(node)
        for node in found:
            if node is not self:
                node.store = None
        self.fate = self.fate & ~REMADE | SOURCE        # it may be a step to others
        clear_flags()
        return 0

    cdef bint is_lost(self) except -1:
        """Was it dropped, with no way to compute it again?"""
        cdef Node node
        cdef set seen = {None}
        cdef list todo = [self]
        while todo:
            node = todo.pop()
            if node in seen or not node.is_dropped():
                continue
            if node.fate & LOST or node.kernel is None:
                return True
            seen.add(node)
            todo += [source_of(node, 0), source_of(node, 1)]
        return False

    cdef int settle(self) except -1:
        """Before the way to it is cut: hold the value, where others are computed from it or gradients read it."""
        return self.restore() if self.fate & (REMADE | STEP) and self.is_dropped() else 0

    cdef int copy_few(self, object a, object b) except -1:
        """Copy operands that are few beside the value: so it can be computed again, whatever becomes of them.

        Goldstein-Price of (1000, 1) and (1, 1000) float32, whose arrays then have room in the third cache: 4.6 -> 4.2 ms.
        """
        cdef Py_ssize_t most
        if self.space is None or self.kernel.ncheap == 0 or self.fate & (LOST | LOUD) or self.in0 is None or self.in1 is None:
            return 0
        most = self.space.size * ITEM[self.kind]
        if most < MORE_FROM or not is_few(a, most // FEW) or not is_few(b, most // FEW):
            return 0
        if self.extra is None:
            self.extra = Extra()
        self.extra.copy0, self.extra.copy1 = (<Handle>a).array.copy(), (<Handle>b).array.copy()
        return 0

    cdef int lose(self) except -1:
        """An array that the graph does not hold was an operand: the value cannot be computed again."""
        self.fate |= LOST
        return 0

    @property
    def shape(self):
        if self.kind >= 0:
            return () if self.space is None else self.space.shape
        return None if self.store is None else self.store.shape

    @property
    def dtype(self):
        if self.kind >= 0:
            return np.dtype("df"[self.kind])
        return None if self.store is None else self.store.dtype

    @property
    def operand(self):
        """The Python number it was made with, as a 0-d array."""
        a = cnp.PyArray_SimpleNew(0, NULL, TYPENUM[self.kind])
        memcpy(cnp.PyArray_DATA(<ndarray>a), &self.number, ITEM[self.kind])
        return a

    cdef object living(self):
        """The handle that holds it, or None."""
        # No handle under destruction is given out: its class may be a Python one, whose __del__ runs at count 0.
        return <object>self.handle if self.handle != NULL and self.handle.ob_refcnt > 0 else None

    cdef Handle held(self):
        """A new Variable that holds it."""
        cdef Handle v = <Handle>(<PyTypeObject *>usual).tp_new(<PyTypeObject *>usual, NULL, NULL)
        if not self.own:
            v.array = self.store
        v.node = self
        self.handle = <PyObject *>v
        return v

    cdef int show(self) except -1:
        """Into the collector's sight."""
        self.tracked = True
        if not PyObject_GC_IsTracked(<PyObject *>self):
            PyObject_GC_Track(<PyObject *>self)
        return 0

    # backward

    cdef int backward(self, Kernel k, Rows rows) except -1:
        """Add what this node's gradient gives to the gradients of its inputs, which wait in `rows` then."""
        cdef View v[5]
        cdef Node x
        cdef int i, read = read_by(k, takes(self.in0), takes(self.in1))
        rows.push(self.in0)
        rows.push(self.in1)
        if self.space is not None and is_long(self.space, self.kind):
            return defer(self, k)
        if self.has & IN_REGISTER:
            finish_run()
        if self.space is None:
            return self.backward_number(k, read)
        view_gradient(self, &v[0])
        for i in range(k.nin):
            view_input(self, self.in0 if i == 0 else self.in1, read >> i & 1, &v[i + 1])
        v[k.nin + 1] = v[0]
        if read >> k.nin & 1:
            view_value(self, &v[k.nin + 1])
        for i in range(k.nin):
            x = self.in0 if i == 0 else self.in1
            if not takes(x) or k.sign[i] == NONE:
                continue
            if x.has & IN_REGISTER:
                finish_run()
            if x.space is self.space or x.space is not None and self.space is not None and fits(x.space, self.space.nd, self.space.dims):
                if k.sign[i] != 0:
                    pass_on(self, x, k.sign[i])
                else:
                    slope_array(k, i, self, x, v)
            else:
                slope_reduced(k, i, self, x, v)
        return 0

    cdef int backward_number(self, Kernel k, int read) except -1:
        """`backward` of a 0-d node, whose inputs are 0-d as well."""
        cdef char *where[4]
        where[0] = <char *>&self.slope
        where[1] = number_at(self.in0, self, read & 1)
        where[2] = number_at(self.in1 if k.nin == 2 else self, self, read & 2)
        where[3] = number_at(self, self, read & 4) if k.nin == 2 else NULL
        if takes(self.in0):
            slope_number(k, 0, self, self.in0, where)
        if takes(self.in1):
            slope_number(k, 1, self, self.in1, where)
        return 0

    # the gradient of the walk that is under way

    cdef int start(self, object g) except -1:
        """Begin with the gradient g, an array of the node's shape, or with ones where it is None."""
        cdef double one = 1
        cdef float one_f = 1
        self.forget()
        if g is None and self.kind >= 0 and self.space is None:
            add_number(self, <char *>&one if self.kind == 0 else <char *>&one_f)
            return 0
        if g is None and is_long(self.space, self.kind):
            self.has = HELD                 # with no array: ones
            return 0
        return self.give(np.ones(self.shape, gradient_dtype(self.dtype)) if g is None else g)

    cdef int give(self, object g) except -1:
        """Add the array g, of the node's shape, to the gradient."""
        cdef View v
        note_raised()
        if self.kind < 0:
            g = np.asarray(g, gradient_dtype(self.dtype))
            self.gstore = g if not self.has else np.asarray(self.gstore + g)
            self.has = HELD
            return 0
        if self.has & IN_REGISTER and (self.space is None or not is_long(self.space, self.kind)):
            finish_run()
        if <PyObject *>Py_TYPE(g) != plain_array or dtype_of(<ndarray>g) != self.kind:
            g = np.asarray(g, self.dtype)
        if view_array(<ndarray>g, &v) == OTHER or v.strides != NULL and not is_long(self.space, self.kind):
            g = np.array(g, order="C")
            view_array(<ndarray>g, &v)
        if self.space is None:
            add_number(self, v.p)
        elif self.has and is_long(self.space, self.kind):
            return program_for(self.space, self.kind).add_array(self, g)
        elif self.has:
            add_memory(self, plus[self.kind], v.p)
        elif is_small(self.space, self.kind):
            self.gstore = new_block(self.space, self.kind)
            memcpy(PyBytes_AS_STRING(self.gstore), v.p, self.space.size * ITEM[self.kind])
        else:
            self.gstore = g
        self.has = HELD
        return 0

    cdef object gradient(self):
        """The gradient as an array, for a rule to read; None where there is none."""
        if not self.has:
            return None
        while self.has & IN_REGISTER:       # what one run leaves may have to be added to an array by another
            finish_run()
        if self.gstore is None and self.space is not None:
            return np.ones(self.shape, self.dtype)
        if self.kind >= 0 and self.space is None:
            a = cnp.PyArray_SimpleNew(0, NULL, TYPENUM[self.kind])
            memcpy(cnp.PyArray_DATA(<ndarray>a), &self.slope, ITEM[self.kind])
            return a
        if PyBytes_CheckExact(self.gstore):
            a = new_array(self.space, self.kind)
            memcpy(cnp.PyArray_DATA(<ndarray>a), PyBytes_AS_STRING(self.gstore), self.space.size * ITEM[self.kind])
            return a
        return self.gstore if sole(<PyObject *>self.gstore) else np.array(self.gstore, order="C")     # a rule may write into it

    cdef object take(self):
        """The gradient as an array of its own, for the caller to keep."""
        return self.gradient()

    cdef void forget(self) noexcept:
        self.has = 0
        self.gstore = None

    cdef Py_ssize_t elements(self) noexcept:
        return 1 if self.space is None else self.space.size

    cdef bint waits(self, Py_ssize_t most) noexcept:
        """Is its gradient a part of a run of larger values, which need not end here?  Or may one have been computed from it
        that waits already, of at most so many elements?"""
        if not self.by_loops:
            return False
        return self.elements() <= most or self.has & IN_REGISTER and run_is_larger(self.elements())


@cython.final
cdef class Rows:
    """Nodes that wait for the walk: one row per generation, linked through the nodes themselves."""

    def __cinit__(self, Py_ssize_t youngest):
        self.rows = [None] * (youngest + 1)

    cdef int push(self, Node x) except -1:
        """Let x wait, unless it does already or takes no gradient."""
        cdef PyObject *first
        if x is None or x.queued or x.constant:
            return 0
        x.queued = True
        first = PyList_GET_ITEM(self.rows, x.generation)
        x.next = <Node>first
        Py_INCREF(<PyObject *>x)
        PyList_SET_ITEM(self.rows, x.generation, <PyObject *>x)
        Py_DECREF(first)
        return 0

    cdef Node pop(self, Py_ssize_t generation):
        """The next of a row, or None."""
        cdef PyObject *first = PyList_GET_ITEM(self.rows, generation)
        cdef Node x
        if first == <PyObject *>None:
            return None
        x = <Node>first
        Py_INCREF(<PyObject *>x.next)
        PyList_SET_ITEM(self.rows, generation, <PyObject *>x.next)
        Py_DECREF(first)
        x.next = None
        x.queued = False
        return x


def gradient_dtype(dtype):
    """What a gradient of such data is made of: the float itself in native byte order, float64 for integers.

    Raises
    ------
    DTypeError
        For complex data.
    """
    if dtype.kind == "c":
        raise DTypeError(f"backward through complex data ({dtype}) is not defined yet; take real and imaginary parts apart")
    if dtype.kind != "f":
        return np.dtype("d")
    return dtype if dtype.isnative else dtype.newbyteorder("=")     # always makes a new one, which the loops do not know


cdef inline bint is_scalar(object o):
    return <PyObject *>Py_TYPE(o) == plain_double or <PyObject *>Py_TYPE(o) == plain_single


cdef inline void keep_scalar(Node y, View *v) noexcept:
    """Keep a NumPy scalar beside the result, as a Python number is."""
    memcpy(&y.number, v.p, ITEM[v.kind])
    v.p = <char *>&y.number


cdef inline bint keep_number(Node y, object o, int d, View *v) except -1:
    """Keep a Python number beside the result; False where float32 cannot hold what float64 can, or for huge integers."""
    cdef double c
    cdef int overflow = 0
    c = PyFloat_AS_DOUBLE(o) if PyFloat_CheckExact(o) else <double>PyLong_AsLongLongAndOverflow(o, &overflow)
    if overflow:
        return False
    v.p = <char *>&y.number
    v.kind = d
    if d == 0:
        y.number.d = c
        return True
    y.number.f = <float>c
    return not isinf(y.number.f) or isinf(c)


cdef inline bint is_few(object a, Py_ssize_t most):
    """Is it a Variable whose array has at most so many bytes?"""
    return isinstance(a, Handle) and type((<Handle>a).array) is ndarray and cnp.PyArray_NBYTES(<ndarray>(<Handle>a).array) <= most


cdef inline ndarray copied(Node y, int i):
    """The copy of an operand that was made with the value, or None."""
    return None if y.extra is None else y.extra.copy0 if i == 0 else y.extra.copy1


cdef inline Node source_of(Node y, int i):
    """The operand that it takes to compute y again, or None: it is a number, or copied."""
    return None if copied(y, i) is not None else y.in0 if i == 0 else y.in1


cdef object operand_of(Node y, int i):
    cdef Node x = source_of(y, i)
    if x is not None:
        return x.stored() if x.own else x.store
    a = copied(y, i)
    return y.operand if a is None else a


cdef bint watched = False                   # somebody compares data with what they were: all are kept


def keep_all(bint all_of_them):
    """Keep what gradients read, also where it could be computed again."""
    global watched
    watched = all_of_them


cdef bint is_private(Node x) noexcept:
    """Is its array one that nobody but the graph can reach, now and later?"""
    return (x.kernel is not None and x.handle == NULL and <PyObject *>Py_TYPE(x.store) == plain_array
            and (<PyObject *>x.store).ob_refcnt == 1)


cdef int steps_to(Node x, int most) noexcept:
    """How many forward steps bring back a value: 0 where it is there and nobody can change it."""
    if x.fate & SHOWN:
        return FAR
    if x.own:
        return 0 if x.kernel is not None else FAR
    if x.store is not None:
        return 0 if is_private(x) else FAR
    return steps_of(x, most) if x.handle == NULL else FAR       # a rule may come to read what the handle holds


cdef int steps_of(Node y, int most) noexcept:
    """How many it takes to compute y, as cheap as `most` or FAR."""
    cdef int i, steps = 1
    cdef Node x
    if most <= 0 or y.kernel is None or y.fate & (LOUD | LOST | SHOWN) or not is_cheap(y):
        return FAR
    for i in range(2):
        x = source_of(y, i)
        if x is not None and steps <= most:
            steps += steps_to(x, most - steps)
    return steps if steps <= most else FAR


cdef bint is_cheap(Node y) noexcept:
    cdef int i
    cdef double number = y.number.d if y.kind == 0 else y.number.f
    for i in range(y.kernel.ncheap):
        if y.in1 is None and number == y.kernel.cheap_with[i]:
            return True
    return y.kernel.ncheap == ALWAYS


cdef bint can_be_made(Node y) noexcept:
    """Need a value that gradients read not be kept, since backward computes it again from what nobody can change?

    Half the memory, and 10-15 % of the time from 1e5 elements on.  To the bit the same, and without the floating-point
    flags that forward did not raise either.
    """
    cdef Py_ssize_t size
    if y.space is None or y.kernel is None or watched:
        return False
    size = y.space.size * ITEM[y.kind]
    return size >= FEW_FROM and steps_of(y, 1 if size < MORE_FROM else 3) < FAR


cdef void let_fade(Node y, int as_what) noexcept:
    """Let a value be computed again; what it is computed from must stay as it is."""
    y.fate |= as_what
    fade_operand(source_of(y, 0))
    fade_operand(source_of(y, 1))


cdef void fade_operand(Node x) noexcept:
    if x is None:
        return
    if x.store is None and not x.own:
        let_fade(x, STEP)
    else:
        x.fate |= SOURCE


cdef inline void forward_number(Node y, Kernel k, View *v) noexcept:
    cdef char *args[3]
    args[0], args[1], args[2] = v[0].p, v[1].p, v[2].p
    args[k.nin] = <char *>&y.value
    k.fwd[y.kind](args, &ONE, ITEMS[y.kind], k.fwd_data[y.kind])


cdef bint forward_arrays(Node y, Kernel k, object a, object b, View *v, int d) except -1:
    cdef Py_ssize_t dims[MAXDIMS]
    cdef int nd = 0
    cdef Space s
    if not broadcast(v, k.nin, &nd, dims) or not in_c_order(&v[0]) or k.nin == 2 and not in_c_order(&v[1]):
        return False
    s = space_of(a)
    if not fits(s, nd, dims):
        s = space_of(b)
        if not fits(s, nd, dims):
            s = new_space(nd, dims)
    y.space = s
    y.own = is_small(s, d)
    y.store = new_block(s, d) if y.own else new_array(s, d)
    v[k.nin].p = memory(<PyObject *>y.store)
    v[k.nin].nd, v[k.nin].dims, v[k.nin].strides = nd, s.dims, NULL
    run_views(k.fwd[d], k.fwd_data[d], k.nin + 1, v, s, d)
    return True


cdef inline void view_gradient(Node y, View *v) noexcept:
    v.strides = NULL
    v.kind = y.kind
    if y.space is None:
        v.p, v.nd = <char *>&y.slope, 0
    else:
        v.p, v.nd, v.dims = memory(<PyObject *>y.gstore), y.space.nd, y.space.dims


cdef int refuse_value(Node n) except -1:
    if n.store is None:
        raise GraphError("a value that a rule reads was dropped")
    raise GraphError(f"data of shape {n.shape} and dtype {n.dtype} was changed in place between forward and backward: "
                     f"now shape {n.store.shape}, dtype {n.store.dtype}")


cdef inline int view_value(Node n, View *v) except -1:
    """Where a node's value is.  An ndarray that somebody has reshaped meanwhile is an error, and no crash."""
    if n.store is None and not n.own:
        n.settle()
    if n.own:
        view_own(n, v)
    elif n.store is None or not n.matches(n.store):
        refuse_value(n)
    else:
        view_array(<ndarray>n.store, v)
    return 0


cdef inline char *number_at(Node x, Node y, bint read) except NULL:
    """Where a 0-d operand of y is; anywhere, where nobody reads it."""
    cdef View v
    if x is None or not read:
        return <char *>&y.number
    if x.own:
        return <char *>&x.value
    view_value(x, &v)
    return v.p


cdef inline int view_input(Node y, Node x, bint read, View *v) except -1:
    if x is not None and read:
        return view_value(x, v)
    v.p, v.nd, v.strides, v.kind = <char *>&y.number, 0, NULL, y.kind
    return 0


cdef inline void add_number(Node x, char *p) noexcept:
    """x's gradient, a number, += the number at p."""
    if x.kind == 0:
        x.slope.d = x.slope.d + (<double *>p)[0] if x.has else (<double *>p)[0]
    else:
        x.slope.f = x.slope.f + (<float *>p)[0] if x.has else (<float *>p)[0]
    x.has = HELD


cdef inline int slope_number(Kernel k, int i, Node y, Node x, char **where) except -1:
    """x's gradient, a number, += what a loop makes of the numbers at (gy, *inputs, output)."""
    cdef char *args[5]
    cdef Number t
    if k.sign[i] == NONE:
        return 0
    if x.has & IN_REGISTER:
        finish_run()
    if k.sign[i] == 1:
        add_number(x, where[0])
        return 0
    if k.sign[i] == -1:
        if y.kind == 0:
            t.d = -y.slope.d
        else:
            t.f = -y.slope.f
        add_number(x, <char *>&t)
        return 0
    if k.factor[i] >= 0:                    # 2 % of Goldstein-Price, where a loop were called
        if y.kind == 0:
            t.d = y.slope.d * (<double *>where[1 + k.factor[i]])[0]
        else:
            t.f = y.slope.f * (<float *>where[1 + k.factor[i]])[0]
        add_number(x, <char *>&t)
        return 0
    args[0], args[1], args[2], args[3] = where[0], where[1], where[2], where[3]
    args[k.nin + 2] = <char *>&t if x.has else <char *>&x.slope
    k.bwd[y.kind][i](args, &ONE, ITEMS[y.kind], k.bwd_data[y.kind][i])
    if x.has:
        add_number(x, <char *>&t)
    x.has = HELD
    return 0


cdef int add_in_place(ndarray a, ndarray b) except -1:
    """a += b, of float64 in C order."""
    cdef char *args[3]
    cdef Py_ssize_t n = cnp.PyArray_SIZE(a)
    args[0], args[1], args[2] = <char *>cnp.PyArray_DATA(a), <char *>cnp.PyArray_DATA(b), <char *>cnp.PyArray_DATA(a)
    plus[0](args, &n, ITEMS[0], NULL)
    return 0


cdef int add_memory(Node x, Loop how, char *p) except -1:
    """x's gradient, in memory, = how(x's gradient, the n elements at p); in place where it is nobody else's."""
    cdef char *args[3]
    cdef Py_ssize_t n = x.space.size
    old = x.gstore
    args[0], args[1] = memory(<PyObject *>old), p
    old = None
    if not sole(<PyObject *>x.gstore):
        old, x.gstore = x.gstore, new_memory(x.space, x.kind)
    args[2] = memory(<PyObject *>x.gstore)
    return run(how, NULL, 3, args, ITEMS[x.kind], n)


cdef inline object new_memory(Space s, int d):
    return new_block(s, d) if is_small(s, d) else new_array(s, d)


cdef int pass_on(Node y, Node x, int sign) except -1:
    """x's gradient += sign * y's gradient, arrays of one shape: shared, not copied, where it is the first."""
    cdef char *p = memory(<PyObject *>y.gstore)
    cdef char *args[2]
    if x.has:
        add_memory(x, plus[x.kind] if sign > 0 else minus[x.kind], p)
    elif sign > 0:
        x.gstore = y.gstore
    else:
        x.gstore = new_memory(x.space, x.kind)
        args[0], args[1] = p, memory(<PyObject *>x.gstore)
        run(negate[x.kind], NULL, 2, args, ITEMS[x.kind], x.space.size)
    x.has = HELD
    return 0


cdef int run_slope(Kernel k, int i, View *v, Space s, int d) except -1:
    """The loop of a gradient on views of (gy, *inputs, output, gradient)."""
    cdef View w[3]
    if k.factor[i] < 0:
        return run_views(k.bwd[d][i], k.bwd_data[d][i], k.nin + 3, v, s, d)
    w[0], w[1], w[2] = v[0], v[1 + k.factor[i]], v[k.nin + 2]
    return run_views(times[d], NULL, 3, w, s, d)


cdef int slope_array(Kernel k, int i, Node y, Node x, View *v) except -1:
    """x's gradient += what a loop gives; the arrays are short of LONG."""
    cdef char scratch[LONG]
    cdef int d = y.kind
    v[k.nin + 2] = v[0]
    if x.has:
        v[k.nin + 2].p = scratch
    else:
        x.gstore = new_memory(x.space, d)
        v[k.nin + 2].p = memory(<PyObject *>x.gstore)
    run_slope(k, i, v, y.space, d)
    if x.has:
        add_memory(x, plus[d], scratch)
    x.has = HELD
    return 0


cdef int slope_reduced(Kernel k, int i, Node y, Node x, View *v) except -1:
    """The gradient of an input that was broadcast: made in the shape of the output, summed into that of the input."""
    cdef double s
    cdef Number t
    cdef int d = y.kind
    g = y.gstore
    if k.sign[i] == 0:
        g = new_array(y.space, d)
        v[k.nin + 2] = v[0]
        v[k.nin + 2].p = memory(<PyObject *>g)
        run_slope(k, i, v, y.space, d)
    if x.space is not None:
        return give_sums(x, y, memory(<PyObject *>g), k.sign[i] == -1)
    s = total(d, memory(<PyObject *>g), y.space.size)
    s = -s if k.sign[i] == -1 else s
    if d == 0:
        t.d = s
    else:
        t.f = <float>s
    add_number(x, <char *>&t)
    return 0


def as_result(y, list xs):
    """An output of `forward` as an array, copied where it is one of the operands or a view of one; None for what is not as usual."""
    cdef PyObject *base
    if is_scalar(y):
        return array_from_scalar(y, NULL)
    if <PyObject *>Py_TYPE(y) != plain_array or not cnp.PyArray_ISNUMBER(<ndarray>y):
        return None
    base = <PyObject *>cnp.PyArray_BASE(<ndarray>y)
    for x in xs:
        if y is x or base == <PyObject *>x:
            return cnp.PyArray_NewCopy(<ndarray>y, cnp.NPY_KEEPORDER)
    return y if base == NULL else None


def usual_gradient(g, tuple shape):
    """What a rule gave as an array, where it is of floats and of this shape; None for what is not as usual."""
    if is_scalar(g):
        g = array_from_scalar(g, NULL)
    if <PyObject *>Py_TYPE(g) != plain_array or not cnp.PyArray_ISFLOAT(<ndarray>g) or g.shape != shape:
        return None
    return g


def sum_to(g, tuple shape):
    """The sum of g over the axes along which `shape` was broadcast to g's; float32 and float16 are summed in double.

    Adding rows one by one in float32 loses two digits at 1e6 rows.
    """
    cdef int lead = g.ndim - len(shape)
    axes = tuple([j for j in range(g.ndim) if j < lead or shape[j - lead] == 1 and g.shape[j] != 1])
    wide = np.dtype("d") if g.dtype.char in "ef" else None
    return np.asarray(g.sum(axes, wide)).astype(g.dtype, copy=False).reshape(shape)


include "program.pxi"


# -- the caller's handle -----------------------------------------------------------------------------------------------

@cython.no_gc_clear
cdef class Handle:
    cdef int bind(self, Node node) except -1:
        """Hold a node, and be its living handle from now on."""
        if self.node is not None and self.node.handle == <PyObject *>self:
            self.node.handle = NULL
        self.node = node
        if node is not None and (node.handle == NULL or node.handle.ob_refcnt == 0):
            node.handle = <PyObject *>self
        return 0

    cdef int show(self) except -1:
        """Into the collector's sight: a user's object can be reached from here."""
        if not PyObject_GC_IsTracked(<PyObject *>self):
            PyObject_GC_Track(<PyObject *>self)
        return 0


# Both classes are made by the million.  Born out of the collector's sight they save a track and an untrack each; their
# memory is kept for the next, as CPython does for its floats and lists (250 of 2 100 instructions an op, forward and
# backward), and filled from an image of a new one, whose fields are None (another 120); and a handle that tells its node of
# its end in tp_dealloc saves what __dealloc__ does around it (saving the error state).
#
# Of a large graph all nodes are kept, under `memory.bound`: a chain of a million takes 168 MB, which comes from the system as
# untouched pages (forward 185 to 450 ms, and 96 where they are kept).  When a backward ends, its graph lives as a rule: what
# is spare then is not wanted, and 1/32 of it goes back.  tracemalloc is told, as NumPy tells it of its cache.

cdef extern from *:
    """
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
    """
    int spare "dz_spare" (int, PyTypeObject *, PyTypeObject *) except -1
    object new_node "dz_new_node" (PyTypeObject *, PyObject *, PyObject *)      # Node.__new__ from here would be Cython's
    void shrink_nodes "dz_shrink" (size_t)
    void decay "dz_decay" ()
    ctypedef struct PyTypeObject:
        void (*tp_dealloc)(PyObject *) noexcept
        object (*tp_new)(PyTypeObject *, PyObject *, PyObject *)

cdef void (*dealloc_handle)(PyObject *) noexcept
dealloc_handle = (<PyTypeObject *>Handle).tp_dealloc


cdef void let_go(PyObject *o) noexcept:
    cdef PyObject *node = <PyObject *>(<Handle>o).node
    if node != <PyObject *>None and (<Node>node).handle == o:
        (<Node>node).handle = NULL
        if (<Node>node).space is not None and (<Node>node).store is (<Handle>o).array and (<PyObject *>(<Node>node).store).ob_refcnt == 2:
            if can_be_made(<Node>node):
                let_fade(<Node>node, REMADE)
                (<Node>node).store = None
    dealloc_handle(o)


(<PyTypeObject *>Handle).tp_dealloc = let_go


# Freed nodes free their inputs, chains of a million: a node that dies while its thread frees another waits until that is
# through.  (CPython's trashcan lets 50 nest, and since 3.13 some 9 000, too many for a small stack.)  So their memory is
# freed in the opposite order to that in which it was taken, and the next graph takes it in the same: a chain of a million,
# forward, backward and free, takes 95, 44 and 16 ms each time; where forty nest, these and 121, 65 and 40 in turn.

cdef void (*dealloc_node)(PyObject *) noexcept
dealloc_node = (<PyTypeObject *>Node).tp_dealloc


cdef void free_node(PyObject *o) noexcept:
    cdef ThreadState *me = PyThreadState_Get()
    cdef Dead *dead = my_dead(me)
    if dead.owner == me:
        if (<Node>o).tracked:
            PyObject_GC_UnTrack(o)
        (<Node>o).slope.next = dead.first
        dead.first = o
        return
    dead.owner = me
    dealloc_node(o)
    while dead.first != NULL:
        o = dead.first
        dead.first = (<Node>o).slope.next
        dealloc_node(o)
    dead.owner = NULL


(<PyTypeObject *>Node).tp_dealloc = free_node
spare(0, <PyTypeObject *>Node, <PyTypeObject *>Node)


cdef class Call:
    """What the engine keeps with a Function that was called."""


cdef Py_ssize_t stacks = 0


cdef class Counted:
    """One in each stack of modes.  While there is none, no context is in any: 5 ns an op less than to ask."""

    def __cinit__(self):
        global stacks
        stacks += 1

    def __dealloc__(self):
        global stacks
        stacks -= 1


cdef class Switch:
    """A mode that is read at every op: by PyContextVar_Get in 3 ns, where `.get()` takes 20."""

    def __init__(self, modes, defaults, name):
        self.modes, self.name = modes, name
        self.default = defaults[name]
        defaults.watchers.append(self.changed)

    def changed(self, name, value):
        if name == self.name:
            self.default = value

    cdef bint on(self) except -1:
        return self.default if stacks == 0 else self.asked()

    cdef bint asked(self) except -1:
        """What this context says."""
        cdef PyObject *frames
        PyContextVar_Get(self.modes, NULL, &frames)
        if frames == <PyObject *>None:
            Py_DECREF(frames)
            return self.default
        value = (<object>frames).values.get(self.name)
        Py_DECREF(frames)
        return self.default if value is None else value


cdef class Loops:
    """What loops leave for later: floating-point flags, and a run of backward of which nothing is computed yet."""

    cdef Node node_of(self, object x):
        """The node of a Variable that has one, with the data that it was made for; None for what has to be looked at closer."""
        cdef Node node
        if <PyObject *>Py_TYPE(x) != usual:
            return None
        node = (<Handle>x).node
        if node is None or (<Handle>x).array is not None and not node.matches((<Handle>x).array):
            return None
        return node

    cdef int begin(self) except -1:
        """A pass begins: gives the flags that were noted in the pass whose rule it was called from."""
        global noted
        cdef int outer = noted
        noted = 0
        clear_flags()
        return outer

    cdef int note(self, int found) except -1:
        """Flags of this thread's pass, to be reported in the end."""
        global noted
        noted |= found
        return 0

    cdef int note_raised(self) except -1:
        """Note the flags that loops have raised, before NumPy clears them."""
        note_raised()
        return 0

    cdef int drop_raised(self) except -1:
        clear_flags()
        return 0

    cdef int tell(self, str name, int outer) except -1:
        """The end of a pass: report its flags as np.errstate wants it."""
        global noted
        cdef int found = flags() | noted
        noted = outer
        clear_flags()
        decay()
        if found:
            report(name, found)
        return 0

    cdef int end_run(self) except -1:
        """Bring all gradients that are in registers into their nodes, before a walk goes on."""
        return finish_run()

    cdef int abandon_run(self) except -1:
        """A walk has ended."""
        global under_construction
        under_construction = None
        return 0


loops = Loops()
