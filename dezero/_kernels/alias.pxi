# -- aliases: Variables that NumPy would have share memory, as x and x[0] do -----------------------------------------------
#
# Each Variable has memory of its own.  So that an assignment to one is not missed by another in silence, a view notes which
# bytes of which storage NumPy would have given it; `engine/sharing` says what is done about it.  The storage is that of the
# Variable which all are views of.  What is no view pays nothing.


@cython.final
cdef class Storage:
    """The memory that Variables would share."""


cdef Alias new_alias(Storage storage, VariableBase v):
    """Return the alias of v, in the list of a storage."""
    cdef Alias alias = Alias.__new__(Alias)
    alias.storage, alias.handle = storage, <PyObject *>v
    storage.made += 1
    alias.serial = storage.made
    alias.after = storage.newest
    if storage.newest != NULL:
        (<Alias>storage.newest).before = <PyObject *>alias
    storage.newest = <PyObject *>alias
    v.alias = alias
    return alias


@cython.final
@cython.no_gc_clear
@cython.freelist(64)
cdef class Alias:
    """What of a storage a Variable would be.  It lives as long as the Variable is bound to it."""

    def __dealloc__(self):
        if self.before != NULL:
            (<Alias>self.before).after = self.after
        elif self.storage is not None:
            self.storage.newest = self.after
        if self.after != NULL:
            (<Alias>self.after).before = self.before

    cdef list others(self, Py_ssize_t low, Py_ssize_t high):
        """Return the living Variables, other than its own, that would have one of these bytes of the storage."""
        cdef list found = []
        cdef PyObject *p = self.storage.newest
        cdef PyObject *v
        while p != NULL:
            v = (<Alias>p).handle
            if p != <PyObject *>self and (<Alias>p).low < high and low < (<Alias>p).high and v.ob_refcnt > 0:
                found.append(<object>v)
            p = (<Alias>p).after
        return found

    cdef Alias again(self, VariableBase v):
        """Return an alias like this of another Variable."""
        cdef Alias alias = new_alias(self.storage, v)
        alias.low, alias.high, alias.depth, alias.is_exact = self.low, self.high, self.depth, self.is_exact
        alias.taken_from, alias.at, alias.nd, alias.strides = self.taken_from, self.at, self.nd, self.strides
        return alias

    cdef bint is_part(self, Alias whole, object array, object part):
        """Was it taken from `whole`, whose array this is, as this part of it is?"""
        cdef int j
        if self.storage is not whole.storage or self.taken_from != whole.serial or self.nd != cnp.PyArray_NDIM(<ndarray>part):
            return False
        for j in range(self.nd):
            if self.strides[j] != cnp.PyArray_STRIDE(<ndarray>part, j):
                return False
        return self.at == lowest(<ndarray>part) - lowest(<ndarray>array)


cdef char *lowest(ndarray a):
    """Where the bytes of an array begin."""
    cdef char *p = <char *>cnp.PyArray_DATA(a)
    cdef int j
    for j in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_STRIDE(a, j) < 0 and cnp.PyArray_DIM(a, j) > 0:
            p += (cnp.PyArray_DIM(a, j) - 1) * cnp.PyArray_STRIDE(a, j)
    return p


cdef Py_ssize_t extent(ndarray a):
    """How many bytes lie between the beginning and the end of an array."""
    cdef Py_ssize_t n = cnp.PyArray_ITEMSIZE(a), step
    cdef int j
    for j in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_DIM(a, j) == 0:
            return 0
        step = cnp.PyArray_STRIDE(a, j)
        n += (cnp.PyArray_DIM(a, j) - 1) * (step if step > 0 else -step)
    return n


cdef bint same_layout(ndarray a, ndarray b):
    """Do two arrays of one shape lie in memory in the same way?"""
    cdef int j
    for j in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_DIM(a, j) > 1 and cnp.PyArray_STRIDE(a, j) != cnp.PyArray_STRIDE(b, j):
            return False
    return True


cdef tuple bytes_of(Alias alias, object array, object part):
    """Return which bytes of the storage a part of the array would be; all that `alias` has, where that is not known."""
    cdef Py_ssize_t low
    if not alias.is_exact or part is None:
        return alias.low, alias.high
    low = alias.low + (lowest(<ndarray>part) - lowest(<ndarray>array))
    return low, low + extent(<ndarray>part)


cdef Alias note_view(VariableBase x, object array, VariableBase y, object view):
    """Note that y, which is a copy of it, would in NumPy be this view of x's array, and return its alias."""
    cdef Alias whole = x.alias, alias
    cdef int j
    if whole is None:
        whole = new_alias(Storage(), x)
        whole.high, whole.is_exact = extent(<ndarray>array), True
    alias = new_alias(whole.storage, y)
    alias.low, alias.high = bytes_of(whole, array, view)
    alias.depth, alias.taken_from, alias.at = whole.depth + 1, whole.serial, lowest(<ndarray>view) - lowest(<ndarray>array)
    alias.is_exact = whole.is_exact and same_layout(<ndarray>view, <ndarray>y.array)
    alias.nd = cnp.PyArray_NDIM(<ndarray>view)
    if alias.nd > MAXDIMS:
        alias.is_exact, alias.nd = False, -1   # is a part of nothing
        return alias
    for j in range(alias.nd):
        alias.strides[j] = cnp.PyArray_STRIDE(<ndarray>view, j)
    return alias


cdef bint is_sole(VariableBase v):
    """Is v's array v's alone, so that nobody sees what is written to it?"""
    cdef PyObject *p = <PyObject *>v.array
    if p.ob_refcnt != 1 or <PyObject *>Py_TYPE(<object>p) != plain_array:
        return False
    return cnp.PyArray_CHKFLAGS(<ndarray>p, cnp.NPY_ARRAY_OWNDATA | cnp.NPY_ARRAY_WRITEABLE) and cnp.PyArray_BASE(<ndarray>p) == NULL
