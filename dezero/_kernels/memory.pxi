# -- memory: arrays and blocks that values live in, recycled by pool.h; arrays that authors' methods give ------------------
#
# Uses `shapes` (a shape and an item size make a number of bytes) and `spares` (nodes are given back with arrays).

cdef extern from "numpy/arrayobject.h":
    object array_from_scalar "PyArray_FromScalar" (object, void *)
    object set_handler "PyDataMem_SetHandler" (object)

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
    void *pool_malloc(void *, size_t) noexcept
    void pool_free(void *, void *, size_t) noexcept
    void pool_shrink(size_t) noexcept
    size_t pool_most() noexcept
    object new_handler "dz_new_handler" ()
    void give_handler "dz_give_handler" (object, object)

cdef enum:
    POOLED = 1 << 12        # bytes from which on an array comes from the pool (1 << 14: hvp of 1e3 elements 20 % slower)
    LARGE = 1 << 16         # bytes of an array from which on those that NumPy makes of it come from there too: 0.3 us a call

cdef object handler = new_handler()


cdef object new_array(Shape s, int d):
    """An uninitialised array; a large one from the pool, which it tells of its end through its own data handler."""
    cdef void *p
    if s is None:
        return cnp.PyArray_SimpleNew(0, NULL, TYPENUM[d])
    if s.size * ITEM[d] < POOLED:
        return cnp.PyArray_SimpleNew(s.nd, <cnp.npy_intp *>s.dims, TYPENUM[d])
    p = pool_malloc(NULL, s.size * ITEM[d])
    if p == NULL:
        raise MemoryError(f"no memory for an array of shape {s.shape} and dtype {np.dtype('df'[d])}")
    try:
        a = cnp.PyArray_SimpleNewFromData(s.nd, <cnp.npy_intp *>s.dims, TYPENUM[d], p)
    except MemoryError:
        pool_free(NULL, p, 0)
        raise
    give_handler(a, handler)
    return a


cdef object enter_pool(list arrays):
    """Let what NumPy makes take memory from the pool too, where one of these arrays is large; return what `leave_pool` takes.

    malloc gives it back to the system each time: the copy and the product of x.T * 2, of 1 MB each, took 1.1 ms, and .06 so.
    """
    for a in arrays:
        if isinstance(a, ndarray) and cnp.PyArray_NBYTES(<ndarray>a) >= LARGE:
            return set_handler(handler)
    return None


cdef int leave_pool(object before) except -1:
    """Let NumPy take memory as before."""
    if before is not None:
        set_handler(before)
    return 0


cdef inline bint is_small(Shape s, int d):
    """Does a value of this shape live in its node?"""
    return s.size * ITEM[d] <= SMALL


cdef inline bint is_long(Shape s, int d):
    """Does the gradient of a value of this shape wait for a run of blocks?"""
    return s.size * ITEM[d] >= LONG


cdef inline object new_block(Shape s, int d):
    """Memory for a small value: a bytes object nobody else has seen yet."""
    return PyBytes_FromStringAndSize(NULL, s.size * ITEM[d])


cdef inline bint sole(PyObject *o):
    """Is this array or block, held by one field of ours, ours alone to write into?"""
    if o.ob_refcnt != 1:
        return False
    return PyBytes_CheckExact(<object>o) or cnp.PyArray_CHKFLAGS(<ndarray>o, cnp.NPY_ARRAY_CARRAY | cnp.NPY_ARRAY_OWNDATA)


cdef inline char *memory(PyObject *o):
    """Where the elements of an array or a block begin."""
    return PyBytes_AS_STRING(<object>o) if PyBytes_CheckExact(<object>o) else <char *>cnp.PyArray_DATA(<ndarray>o)


cdef inline object new_memory(Shape s, int d):
    """A block or an array, as the size wants it."""
    return new_block(s, d) if is_small(s, d) else new_array(s, d)


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


cpdef frozen(ndarray array):
    """Return an array that nobody can write to: a read-only copy, or itself where its memory is that of bytes.

    One that is merely read-only is copied too: whoever owns its memory can make it writable again.
    """
    cdef PyObject *base = <PyObject *>cnp.PyArray_BASE(array)
    if base != NULL and PyBytes_CheckExact(<object>base):
        return array
    a = cnp.PyArray_NewCopy(array, cnp.NPY_CORDER)
    cnp.PyArray_CLEARFLAGS(<ndarray>a, cnp.NPY_ARRAY_WRITEABLE)
    return a


cdef bint is_float_array(object x) noexcept:
    """Is it an array of float64 or float32, and of no subclass?"""
    if <PyObject *>Py_TYPE(x) != plain_array:
        return False
    return cnp.PyArray_TYPE(<ndarray>x) == cnp.NPY_DOUBLE or cnp.PyArray_TYPE(<ndarray>x) == cnp.NPY_FLOAT


cdef object as_result(object y, list xs):
    """Return an output of `forward` as an array, copied where it is an operand or a view of one; None for what is not as usual."""
    cdef PyObject *base
    if is_scalar(y):
        return array_from_scalar(y, NULL)
    if <PyObject *>Py_TYPE(y) != plain_array or not cnp.PyArray_ISNUMBER(<ndarray>y):
        return None
    base = <PyObject *>cnp.PyArray_BASE(<ndarray>y)
    for x in xs:
        if y is x or base == <PyObject *>x:
            return cnp.PyArray_NewCopy(<ndarray>y, cnp.NPY_KEEPORDER)
    if base == NULL:
        return y
    if <PyObject *>Py_TYPE(<object>base) != plain_array or cnp.PyArray_BASE(<ndarray>base) != NULL:
        return None
    for x in xs:
        if not isinstance(x, ndarray) or cnp.PyArray_BASE(<ndarray>x) != NULL:
            return None
    return y                                # a view of an array that is no operand's, as what integer arrays index is


cdef object spread_gradient(object g, Node x):
    """Return a gradient that is the same along axes of a short x, where its length is 1, at full length; None for all else."""
    cdef ndarray a
    cdef int j
    if x.c_shape is None or is_long(x.c_shape, x.dtype_code) or <PyObject *>Py_TYPE(g) != plain_array:
        return None
    if dtype_of(<ndarray>g) != x.dtype_code or cnp.PyArray_NDIM(<ndarray>g) != x.c_shape.nd:
        return None
    for j in range(x.c_shape.nd):
        if cnp.PyArray_DIM(<ndarray>g, j) != x.c_shape.dims[j] and cnp.PyArray_DIM(<ndarray>g, j) != 1:
            return None
    a = new_array(x.c_shape, x.dtype_code)
    cnp.PyArray_CopyInto(a, <ndarray>g)
    return a


cdef object usual_gradient(object g, Node x):
    """Return what a rule gave as an array, where it is of floats and of the shape of x; None for what is not as usual."""
    cdef View v
    if is_scalar(g):
        g = array_from_scalar(g, NULL)
    if <PyObject *>Py_TYPE(g) != plain_array or not cnp.PyArray_ISFLOAT(<ndarray>g):
        return None
    view_array(<ndarray>g, &v)
    if x.dtype_code < 0:
        return g if g.shape == x.shape else None
    if x.c_shape is None:
        return g if v.nd == 0 else None
    return g if same_dims(x.c_shape.nd, x.c_shape.dims, &v) else None
