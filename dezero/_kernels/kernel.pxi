# -- kernels: the loops of one op, read out of what its author has given, and a value computed by them --------------------
#
# Uses `shapes` (views, broadcasting, running a loop over views), `memory` (room for a result) and `modes` (flags).

cdef extern from "numpy/ufuncobject.h":
    ctypedef struct PyUFuncObject:
        int ntypes
        Loop *functions
        void **data

cdef extern from "rows.h":
    ctypedef struct run_step:
        Loop loop
        void *data
        int nargs
        int reg[6]              # RUN_ARGS
    ctypedef struct run_rows:
        int nin, nnumbers, nsteps, item
        bint odd
        run_step *steps
        int *slots
        char *numbers
    ctypedef struct run_watched:
        Loop loop
        void *data
        bint quiet
    enum: RUN_ARGS, ROWS_REGS, ROWS_SLOTS
    void rows_watched(char **, const Py_ssize_t *, const Py_ssize_t *, void *) noexcept nogil
    void rows_loop(char **, const Py_ssize_t *, const Py_ssize_t *, void *) noexcept nogil

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object, int *) noexcept

cdef enum:
    ALWAYS = -1             # in place of a number of second operands
    NONE = 2                # a sign that says "no gradient"


cdef class Kernel:
    """Kernel(forward, backward=..., reads=None, accumulate=None, *, cheap=False)
--

    Loops that do an op's work without its Python methods, which stay the reference.

    Parameters
    ----------
    forward : loop
        Takes the inputs, gives the output.
    backward : loop, or tuple of loops
        One for each input, ``(gy, *inputs, output)`` -> gradient of that input; "+" says that the gradient is gy
        itself, "-" that it is -gy, "x0" and "x1" that it is gy times that one of two inputs, None that there is none.
        A loop that is not wanted is not run.  Of a `rule` it may be left out, and is made of the rule then.
    reads : tuple of tuples, optional
        For each input, which of ``(*inputs, output)``, by place, its loop looks at.  What no gradient reads is not kept
        for backward.  By default all.
    accumulate : tuple of pairs of loops, optional
        For each input None or two loops, ``(gy, *inputs, output, sum)`` -> sum + gradient and sum - gradient, which spare
        large arrays a pass.  They say as well that the gradient of -gy is, to the bit, the negative of that of gy.
    cheap : bool or tuple of numbers
        Forward takes no longer than reading its result from memory does, a few additions and multiplications an element:
        backward may compute the result again, where that is to the bit the same and nobody can tell, and nothing keeps it
        till then.  Numbers: where the second operand is one of these.

    A loop is a NumPy ufunc (its loops are read out of it), a PyCapsule whose name is its types ("dd->d"; include/dezero.h
    makes it), a pair of the address of a native inner loop and types ``(pointer, "dd->d")``, with a number or what
    ctypes, cffi and numba have for an address, or a list of these for several types.  An inner loop is NumPy's, ``void
    loop(char **args, npy_intp const *n, npy_intp const *steps, void *data)``, and goes over n elements; a function of
    numbers such as C's ``double sin(double)`` is none, and is refused where its types are known.  The engine gives a
    loop at least one element, aligned and in native byte order, and an output that overlaps nothing; it may run more
    than once on the same operands.  Types that differ from those of the operands, and ops of more than two inputs, run
    on the reference.

    Raises
    ------
    TypeError
        Something is not a loop, or forward and backward do not fit each other.
    """

    def __init__(self, forward, backward=..., reads=None, accumulate=None, *, cheap=False):
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
        if self.nin > 2 or self.nin == 0:
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
        functions = cls.__dict__.get("numpy") or (None,)
        self.label = getattr(functions[0], "__name__", None) or cls.__dict__.get("name")

    def __repr__(self):
        return f"Kernel(forward={self.forward!r}, backward={self.backward!r})"

    def renumbered(self, list values):
        """Return the same Kernel, but that rows with inputs have these numbers; OverflowError where float32 can't hold one."""
        cdef Kernel k = Kernel.__new__(Kernel)
        cdef int d, i
        k.forward, k.backward, k.reads, k.cheap, k.label, k.types = self.forward, self.backward, self.reads, self.cheap, self.label, self.types
        k.nin, k.ncheap, k.cheap_with, k.of_arrays_only = self.nin, self.ncheap, self.cheap_with, self.of_arrays_only
        k.reads_by, k.sign, k.factor = self.reads_by, self.sign, self.factor
        k.fwd, k.fwd_data, k.bwd, k.bwd_data = self.fwd, self.fwd_data, self.bwd, self.bwd_data
        k.add, k.add_data, k.subtract, k.subtract_data = self.add, self.add_data, self.subtract, self.subtract_data
        k.owners = kept = [self.owners]
        for d in range(2):
            if self.fwd[d] == rows_loop:
                k.fwd_data[d] = renumbered_rows(self.owners[0], d, values, kept)
            for i in range(self.nin):
                if self.bwd[d][i] == rows_loop:
                    k.bwd_data[d][i] = renumbered_rows(self.owners[i + 1], d, values, kept)
        return k

    cdef int reads_for(self, Node x0, Node x1) noexcept:
        """By bit, which of (*inputs, output) is read by the gradients that are wanted."""
        return read_by(self, takes(x0), takes(x1))

    cdef Node compute(self, object a, object b, bint again=False):
        """Return a node with the value of one or two operands; None where no loop fits them.

        Floating-point flags are reported, unless it is computed again.
        """
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
        y.dtype_code = d
        if self.of_arrays_only and (v[0].nd == 0 or self.nin == 2 and v[1].nd == 0):
            return None
        if v[0].nd == 0 and (self.nin == 1 or v[1].nd == 0):
            y.is_inline = True
            forward_number(y, self, v)
            if not flags():
                return y
            clear_flags()                   # perhaps of what ran before: to clear them before every op would cost as much as the op
            forward_number(y, self, v)
        else:
            clear_flags()
            if not forward_arrays(y, self, a, b, v, d):
                return None
        if flags():
            y.remat |= RAISED
            if not again:
                report(self.label, flags())
        return y


cdef inline int read_by(Kernel k, bint first, bint second) noexcept:
    """By bit, which of (*inputs, output) is read by the gradients of the first input and of the second."""
    return (k.reads_by[0] if first else 0) | (k.reads_by[1] if second else 0)


cdef int take_loop(dict found, int d, Loop *loop, void **data) except -1:
    """Where a loop is, and the data it wants."""
    kind, owner, place = found["df"[d]]
    if kind == "rows":
        if owner.compiled is None:
            owner.compiled = RowsLoop(owner)
        loop[0], data[0] = rows_loop, &(<RowsLoop>owner.compiled).rows
    else:
        find_loop(kind, owner, place, loop, data)
    if loop[0] == NULL:
        raise TypeError(f"Kernel: {owner!r} has no loop in C for {np.dtype('df'[d])}")
    return 0


cdef int find_loop(str kind, object owner, object place, Loop *loop, void **data) except -1:
    """The same of one loop, as `signature.typed` gives it."""
    cdef PyUFuncObject *u
    cdef const char *name
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
    return 0


cdef void *renumbered_rows(dict found, int d, list values, list kept) except NULL:
    """Return the data of rows with these numbers; `kept` keeps them alive."""
    cdef RowsLoop again, base = found["df"[d]][1].compiled
    numbers = found["df"[d]][1].numbers_for(values)
    again = RowsLoop.__new__(RowsLoop)
    again.base, again.shares, again.rows = base, True, base.rows
    again.rows.numbers = NULL
    again.set_numbers(numbers)
    kept.append(again)
    return &again.rows


@cython.final
cdef class RowsLoop:
    """`rows.Rows` as rows.h runs them."""

    cdef run_rows rows
    cdef run_watched *watched   # the loops of steps around which flags are kept
    cdef RowsLoop base          # whose steps these are, with other numbers
    cdef bint shares            # the same, for __dealloc__: the garbage collector may have cleared `base` by then

    def __init__(self, rows):
        cdef run_rows *r = &self.rows
        cdef run_step *t
        cdef int s, k
        r.nin, r.nnumbers, r.nsteps, r.item = rows.nin, len(rows.numbers), len(rows.steps), ITEM[0 if rows.char == "d" else 1]
        r.odd = rows.is_odd()
        if rows.first + r.nsteps > ROWS_REGS or max(rows.slots) >= ROWS_SLOTS:
            raise TypeError(f"Kernel: {rows!r} needs more registers than rows.h has")
        r.steps = <run_step *>calloc(r.nsteps + 1, sizeof(run_step))
        r.slots = <int *>calloc(r.nsteps + 1, sizeof(int))
        self.watched = <run_watched *>calloc(r.nsteps + 1, sizeof(run_watched))
        if r.steps == NULL or r.slots == NULL or self.watched == NULL:
            raise MemoryError
        self.set_numbers(rows.numbers)
        for s, (name, source, registers) in enumerate(rows.steps):
            t = &r.steps[s]
            find_loop(source[0], source[1], source[2], &t.loop, &t.data)
            if t.loop == NULL or len(registers) >= RUN_ARGS:
                raise TypeError(f"Kernel: {source[1]!r} is no loop that rows can run")
            if name in QUIET or source[0] == "ufunc":
                self.watched[s].loop, self.watched[s].data, self.watched[s].quiet = t.loop, t.data, name in QUIET
                t.loop, t.data = rows_watched, &self.watched[s]
            for k, register in enumerate(registers):
                t.reg[k] = register
            t.nargs = len(registers) + 1
            t.reg[t.nargs - 1] = r.nin + r.nnumbers + s
            r.slots[s] = rows.slots[s]

    cdef int set_numbers(self, numbers) except -1:
        """Note the numbers, in the type of the rows."""
        cdef run_rows *r = &self.rows
        cdef double c
        cdef int k
        if len(numbers) != r.nnumbers:
            raise TypeError(f"Kernel: {len(numbers)} numbers for rows of {r.nnumbers}")
        r.numbers = <char *>calloc(r.nnumbers + 1, r.item)
        if r.numbers == NULL:
            raise MemoryError
        for k in range(r.nnumbers):
            c = numbers[k]
            if r.item == sizeof(double):
                (<double *>r.numbers)[k] = c
                continue
            (<float *>r.numbers)[k] = <float>c
            if isinf(<float>c) and not isinf(c):
                raise OverflowError(f"{c} is too large for float32")
        return 0

    def __dealloc__(self):
        free(self.rows.numbers)
        free(self.watched)
        if not self.shares:
            free(self.rows.steps)
            free(self.rows.slots)


cdef inline void keep_scalar(Node y, View *v) noexcept:
    """Keep a NumPy scalar beside the result, as a Python number is."""
    memcpy(&y.operand_number, v.p, ITEM[v.dtype_code])
    v.p = <char *>&y.operand_number


cdef inline bint keep_number(Node y, object o, int d, View *v) except -1:
    """Keep a Python number beside the result; False where float32 cannot hold what float64 can, or for huge integers."""
    cdef double c
    cdef int overflow = 0
    c = PyFloat_AS_DOUBLE(o) if PyFloat_CheckExact(o) else <double>PyLong_AsLongLongAndOverflow(o, &overflow)
    if overflow:
        return False
    v.p = <char *>&y.operand_number
    v.dtype_code = d
    if d == 0:
        y.operand_number.d = c
        return True
    y.operand_number.f = <float>c
    return not isinf(y.operand_number.f) or isinf(c)


cdef inline void forward_number(Node y, Kernel k, View *v) noexcept:
    """The value of 0-d operands: a number in the node."""
    cdef char *args[3]
    args[0], args[1], args[2] = v[0].p, v[1].p, v[2].p
    args[k.nin] = <char *>&y.value_number
    k.fwd[y.dtype_code](args, &ONE, ITEMS[y.dtype_code], k.fwd_data[y.dtype_code])


cdef bint forward_arrays(Node y, Kernel k, object a, object b, View *v, int d) except -1:
    """The value of arrays: in a block or an array of its own; False where it is left to NumPy."""
    cdef Py_ssize_t dims[MAXDIMS]
    cdef int nd = 0
    cdef Shape s
    if not broadcast(v, k.nin, &nd, dims) or not in_c_order(&v[0]) or k.nin == 2 and not in_c_order(&v[1]):
        return False
    s = shape_of(a)
    if not fits(s, nd, dims):
        s = shape_of(b)
        if not fits(s, nd, dims):
            s = new_shape(nd, dims)
    y.c_shape = s
    y.is_inline = is_small(s, d)
    y.value = new_block(s, d) if y.is_inline else new_array(s, d)
    v[k.nin].p = memory(<PyObject *>y.value)
    v[k.nin].nd, v[k.nin].dims, v[k.nin].strides = nd, s.dims, NULL
    run_views(k.fwd[d], k.fwd_data[d], k.nin + 1, v, s, d)
    return True
