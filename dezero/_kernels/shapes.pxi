# -- shapes and views: where the elements of an operand are, and a loop over the elements of several ------------------------
#
# Uses nothing of the other chapters but `blocks` for short rows, which run there in blocks.

cdef extern from "numpy/arrayscalars.h":
    ctypedef struct PyDoubleScalarObject:
        double obval
    ctypedef struct PyFloatScalarObject:
        float obval

cdef enum:
    WEAK = 2                # beside dtype 0 and 1: a Python number, which takes the other operand's dtype
    OTHER = 3               # what no loop is for
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


cdef class Shape:
    @property
    def shape(self):
        cdef tuple shape = PyTuple_New(self.nd)
        cdef object n
        cdef int j
        for j in range(self.nd):
            n = self.dims[j]
            Py_INCREF(<PyObject *>n)        # PyTuple_SET_ITEM takes it over
            PyTuple_SET_ITEM(shape, j, n)
        return shape


cdef struct View:           # where the elements of an operand are
    char *p
    int dtype_code, nd
    const Py_ssize_t *dims
    const Py_ssize_t *strides       # NULL: one after the other, in C order


cdef inline int dtype_of(ndarray a):
    """0, 1, or OTHER.  Only NumPy's own descriptor counts: native byte order, no metadata."""
    cdef PyObject *d = <PyObject *>cnp.PyArray_DESCR(a)
    if d == DESCR[0]:
        return 0
    return 1 if d == DESCR[1] else OTHER


cdef inline int view_array(ndarray a, View *v):
    v.dtype_code = dtype_of(a)
    v.p = <char *>cnp.PyArray_DATA(a)
    v.nd = cnp.PyArray_NDIM(a)
    v.dims = <const Py_ssize_t *>cnp.PyArray_DIMS(a)
    v.strides = NULL if cnp.PyArray_CHKFLAGS(a, cnp.NPY_ARRAY_C_CONTIGUOUS) else <const Py_ssize_t *>cnp.PyArray_STRIDES(a)
    if not cnp.PyArray_CHKFLAGS(a, cnp.NPY_ARRAY_ALIGNED):
        v.dtype_code = OTHER
    return v.dtype_code


cdef inline int view_inline(Node n, View *v):
    v.strides = NULL
    v.dtype_code = n.dtype_code
    if n.c_shape is None:
        v.p, v.nd = <char *>&n.value_number, 0
    else:
        v.p, v.nd, v.dims = PyBytes_AS_STRING(n.value), n.c_shape.nd, n.c_shape.dims
    return v.dtype_code


cdef PyObject *plain_array = <PyObject *>np.ndarray     # NumPy keeps it alive
cdef PyObject *plain_double = <PyObject *>np.float64
cdef PyObject *plain_single = <PyObject *>np.float32
cdef PyObject *usual = NULL         # the class that nearly every Variable has (`spares` sets it): spares the walk over its bases


cdef inline bint is_variable(object o):
    return <PyObject *>Py_TYPE(o) == usual or isinstance(o, VariableBase)


cdef inline int look(object o, View *v):
    """What an operand is: 0 or 1 and where it lies, WEAK, or OTHER."""
    if PyFloat_CheckExact(o) or PyLong_CheckExact(o):
        v.dtype_code, v.nd, v.strides = WEAK, 0, NULL
        return WEAK
    return look_closer(o, v)


cdef int look_closer(object o, View *v):
    cdef PyObject *a
    if is_variable(o):
        a = <PyObject *>(<VariableBase>o).array
        if a != <PyObject *>None:
            return view_array(<ndarray>a, v)
        a = <PyObject *>(<VariableBase>o).node
        if a != <PyObject *>None and (<Node>a).is_inline:
            return view_inline(<Node>a, v)
        v.dtype_code = OTHER
    elif <PyObject *>Py_TYPE(o) == plain_array:
        return view_array(<ndarray>o, v)
    elif <PyObject *>Py_TYPE(o) == plain_double:
        v.dtype_code, v.nd, v.strides, v.p = 0, 0, NULL, <char *>&(<PyDoubleScalarObject *>o).obval
    elif <PyObject *>Py_TYPE(o) == plain_single:
        v.dtype_code, v.nd, v.strides, v.p = 1, 0, NULL, <char *>&(<PyFloatScalarObject *>o).obval
    else:
        v.dtype_code = OTHER
    return v.dtype_code


cdef inline bint is_scalar(object o):
    """Is it one of NumPy's scalars that loops take?"""
    return <PyObject *>Py_TYPE(o) == plain_double or <PyObject *>Py_TYPE(o) == plain_single


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


cdef Shape new_shape(int nd, const Py_ssize_t *dims):
    cdef Shape s
    cdef int j
    if nd == 0:
        return None
    s = Shape.__new__(Shape)
    s.nd, s.size = nd, 1
    for j in range(nd):
        s.dims[j] = dims[j]
        s.size *= dims[j]
    return s


cdef inline Shape shape_of(object operand):
    cdef PyObject *n
    if is_variable(operand):
        n = <PyObject *>(<VariableBase>operand).node
        if n != <PyObject *>None:
            return (<Node>n).c_shape
    return None


cdef inline bint fits(Shape s, int nd, const Py_ssize_t *dims):
    cdef int j
    if s is None or s.nd != nd:
        return False
    for j in range(nd):
        if s.dims[j] != dims[j]:
            return False
    return True


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


cdef int run_views(Loop f, void *data, int n, View *v, Shape s, int d) except -1:
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
