# -- blocks: a run of backward over large values; the program is built here, runner.h runs it --------------------------------
#
# Uses `shapes`, `memory`, `kernel`, `accumulate` (where a value is) and `remat` (what must be computed again).
#
# While the walk goes over nodes whose values are of one shape, large, and computed by loops, their gradients are
# registers of one program, and nothing is computed yet.  The walk asks for a gradient as an array, or comes to a node of
# another shape: then the program runs, block by block, and writes what is still wanted.  Gradients pass through `+`
# and `-` as another name of the same register, with a sign.

cdef extern from "team.h":
    ctypedef enum run_kind:
        SCRATCH, FLAT, POINT, SPREAD, SUM
    ctypedef struct run_reg:
        char *base
        run_kind kind
        Py_ssize_t rest
        Py_ssize_t strides[MAXDIMS]
    ctypedef struct run_program:
        run_step *steps
        run_reg *regs
        int nsteps, nregs, nsums, nslots, item, nd
        Py_ssize_t dims[MAXDIMS]
        Py_ssize_t block, blocks
        double (*total)(int, const char *, Py_ssize_t) noexcept nogil
        void (*gather)(int, double *, const char *, Py_ssize_t) noexcept nogil
        double (*total_and_gather)(int, double *, const char *, Py_ssize_t) noexcept nogil
    enum: RUN_BLOCK
    void run_merge(run_program *) noexcept
    void run_cut(run_program *) noexcept
    void run_assign(run_program *, int *) noexcept
    void run_streams(run_program *) noexcept
    void run_begin(const run_program *, char *) noexcept
    void run_end(const run_program *, const char *) noexcept
    bint team_wants(const run_program *) noexcept
    void team_run_blocks(const run_program *, Py_ssize_t, Py_ssize_t, char *, Py_ssize_t) noexcept nogil
    void team_run_loop(Loop, void *, int, char **, const Py_ssize_t *, Py_ssize_t, int) noexcept nogil

cdef enum:
    MOST_STEPS = 1024
    SLICE = 1 << 22         # elements times steps between two looks at signals

cdef double ONE_D = 1
cdef float ONE_F = 1
cdef Number NOTHING


cdef class Program:
    """Steps over registers: backward of nodes of one shape, written down as the walk comes to them, and run by `finish`."""

    cdef run_program p
    cdef int room_steps, room_regs
    cdef int nothing        # a register for what nobody reads
    cdef int ones           # the gradient that backward begins with
    cdef Shape c_shape
    cdef int dtype_code
    cdef list nodes         # that have a register, or had
    cdef list owners         # what the registers' memory belongs to
    cdef dict arrays        # register: its array, where it is one that a node may hold
    cdef dict sums          # (register, shape): doubles it is summed into
    cdef list rests         # of such and of what rounding took from them
    cdef dict dense         # register: a copy, element by element
    cdef dict values        # node: the register of its value, where that is not just read

    def __cinit__(self, Shape shape, int dtype_code):
        cdef int j
        self.c_shape, self.dtype_code = shape, dtype_code
        self.nodes, self.owners, self.rests, self.arrays, self.sums, self.dense, self.values = [], [], [], {}, {}, {}, {}
        self.p.item, self.p.nd = ITEM[dtype_code], shape.nd
        self.p.total, self.p.gather, self.p.total_and_gather = total, gather, total_and_gather
        for j in range(shape.nd):
            self.p.dims[j] = shape.dims[j]
        self.nothing = self.register(POINT, <char *>&NOTHING)
        self.ones = self.register(POINT, <char *>&ONE_D if dtype_code == 0 else <char *>&ONE_F)

    def __dealloc__(self):
        free(self.p.steps)
        free(self.p.regs)

    cdef bint is_for(self, Shape shape, int dtype_code):
        return self.dtype_code == dtype_code and self.p.nsteps < MOST_STEPS and fits(self.c_shape, shape.nd, shape.dims)

    # registers

    cdef int register(self, run_kind kind, char *base) except -1:
        cdef void *more
        if self.p.nregs == self.room_regs:
            more = realloc(self.p.regs, (2 * self.room_regs + 32) * sizeof(run_reg))
            if more == NULL:
                raise MemoryError
            self.p.regs, self.room_regs = <run_reg *>more, 2 * self.room_regs + 32
        self.p.regs[self.p.nregs].kind, self.p.regs[self.p.nregs].base = kind, base
        self.p.nsums += kind == SUM
        self.p.nregs += 1
        return self.p.nregs - 1

    cdef int view(self, View *v, run_kind spread, Py_ssize_t item) except -1:
        """A register on memory that is broadcast to the shape of the program."""
        cdef int r, j, lead = self.c_shape.nd - v.nd
        cdef Py_ssize_t step = item
        if v.nd == 0 and spread == SPREAD:
            return self.register(POINT, v.p)
        if v.strides == NULL and spread == SPREAD and same_dims(self.c_shape.nd, self.c_shape.dims, v):
            return self.register(FLAT, v.p)
        r = self.register(spread, v.p)
        for j in range(self.c_shape.nd - 1, -1, -1):
            self.p.regs[r].strides[j] = 0
            if j >= lead:
                if v.dims[j - lead] != 1:
                    self.p.regs[r].strides[j] = step if v.strides == NULL else v.strides[j - lead]
                step *= v.dims[j - lead]
        return r

    cdef int value_register(self, Node y, Node x, bint read) except -1:
        """The value of an operand of y, or of y itself; anything, where nobody reads it."""
        cdef bint makes
        if not read:
            return self.nothing
        if x is None:
            self.owners.append(y)
            return self.register(POINT, <char *>&y.operand_number)
        makes = x.remat & (TARGET | STEP) and x.value is None and fits(self.c_shape, x.c_shape.nd, x.c_shape.dims)
        if x.c_shape is self.c_shape and not makes:
            return self.stored_register(x)
        if x not in self.values:            # one register: to make it, or to gather its rows, takes a pass
            self.values[x] = self.rematerialized_register(x) if makes else self.stored_register(x)
        return self.values[x]

    cdef int rematerialized_register(self, Node x) except -1:
        """A value that was not kept, computed again: in each block, where it is read."""
        cdef int args[3]
        cdef int i
        self.owners.append(x.kernel)
        for i in range(x.kernel.nin):
            args[i] = self.value_register(x, x.in0 if i == 0 else x.in1, True) if copied(x, i) is None else self.array(copied(x, i))
        return self.step(x.kernel.fwd[self.dtype_code], x.kernel.fwd_data[self.dtype_code], x.kernel.nin, args)

    cdef int array(self, ndarray a) except -1:
        cdef View v
        view_array(a, &v)
        self.owners.append(a)
        return self.view(&v, SPREAD, self.p.item)

    cdef int stored_register(self, Node x) except -1:
        """A value that was kept, or must be computed first: of another shape than the block's."""
        cdef View v
        cdef bint is_step = x.is_dropped() and not x.remat & TARGET
        try:
            view_value(x, &v)
            self.owners.append(x if x.is_inline else x.value)
        finally:
            if is_step:
                x.value = None              # no rule reads it: whoever asks is told so, as before
        return self.view(&v, SPREAD, self.p.item)

    cdef int gradient(self, Node x) except -1:
        """x's gradient, of the shape of the program, in a register."""
        cdef View v
        if x.has_grad & IN_REGISTER:
            return x.grad_register
        if x.grad_array is None:
            x.grad_register = self.ones
        else:
            view_array(<ndarray>x.grad_array, &v)
            x.grad_register = self.view(&v, SPREAD, self.p.item)
            self.owners.append(x.grad_array)
            if self.p.regs[x.grad_register].kind == FLAT:
                self.arrays[x.grad_register] = x.grad_array
            x.grad_array = None
        x.grad_minus = False
        x.has_grad = IN_REGISTER
        self.nodes.append(x)
        return x.grad_register

    # steps

    cdef int step(self, Loop loop, void *data, int n, int *args) except -1:
        """Add the call of a loop on n registers; return the register of its result."""
        cdef int regs[ROWS_REGS]
        cdef int k, out
        cdef run_step *t
        if loop == rows_loop:
            return self.rows(<const run_rows *>data, args, regs, 0)
        out = self.register(SCRATCH, NULL)
        t = self.insert(self.p.nsteps)
        t.loop, t.data, t.nargs = loop, data, n + 1
        for k in range(n):
            t.reg[k] = args[k]
        t.reg[n] = out
        return out

    cdef int rows(self, const run_rows *r, const int *args, int *regs, int but) except -1:
        """Add the steps of rows, but for so many at the end; return the register of the last result, and put all into `regs`."""
        cdef const run_step *t
        cdef int ins[RUN_ARGS]
        cdef int k, s, out = 0
        for k in range(r.nin):
            regs[k] = args[k]
        for k in range(r.nnumbers):
            regs[r.nin + k] = self.register(POINT, r.numbers + k * r.item)
        for s in range(r.nsteps - but):
            t = &r.steps[s]
            for k in range(t.nargs - 1):
                ins[k] = regs[t.reg[k]]
            out = regs[t.reg[t.nargs - 1]] = self.step(t.loop, t.data, t.nargs - 1, ins)
        return out

    cdef run_step *insert(self, int s) except NULL:
        """Room for a step before step s."""
        cdef void *more
        if self.p.nsteps == self.room_steps:
            more = realloc(self.p.steps, (2 * self.room_steps + 32) * sizeof(run_step))
            if more == NULL:
                raise MemoryError
            self.p.steps, self.room_steps = <run_step *>more, 2 * self.room_steps + 32
        memmove(&self.p.steps[s + 1], &self.p.steps[s], (self.p.nsteps - s) * sizeof(run_step))
        self.p.nsteps += 1
        return &self.p.steps[s]

    cdef run_step *sum_of(self, int r) except NULL:
        """The step that sums a register, next to what makes it: the block is in the first cache still."""
        cdef int s = self.p.nsteps - 1
        cdef run_step *t
        while s >= 0:
            t = &self.p.steps[s]
            if t.loop == NULL and t.reg[0] == r and t.nargs < RUN_ARGS:
                return t
            if t.loop != NULL and t.reg[t.nargs - 1] == r:
                break
            s -= 1
        t = self.insert(s + 1)
        t.loop, t.data, t.nargs = NULL, NULL, 1
        t.reg[0] = r
        return t

    cdef int two(self, Loop loop, int a, int b) except -1:
        cdef int args[2]
        args[0], args[1] = a, b
        return self.step(loop, NULL, 2, args)

    cdef int three(self, Loop loop, int a, int b, int c) except -1:
        cdef int args[3]
        args[0], args[1], args[2] = a, b, c
        return self.step(loop, NULL, 3, args)

    cdef int one(self, Loop loop, int a) except -1:
        return self.step(loop, NULL, 1, &a)

    cdef bint is_dense(self, int r) noexcept:
        """Do its elements lie one after another?"""
        return self.p.regs[r].kind == SCRATCH or self.p.regs[r].kind == FLAT

    cdef int laid_out(self, int r) except -1:
        """The same elements one after another."""
        if self.is_dense(r):
            return r
        if r not in self.dense:
            self.dense[r] = self.one(copy[self.dtype_code], r)
        return self.dense[r]

    cdef int add(self, Node x, int r, bint negative) except -1:
        """x's gradient += a register, or -= it."""
        if x.c_shape is not None and x.has_grad == HELD and fits(self.c_shape, x.c_shape.nd, x.c_shape.dims):
            self.gradient(x)
        if not x.has_grad & IN_REGISTER:
            x.grad_register, x.grad_minus = r, negative
            x.has_grad |= IN_REGISTER
            self.nodes.append(x)
        elif x.grad_minus == negative:
            x.grad_register = self.two(plus[self.dtype_code], x.grad_register, r)
        elif negative:
            x.grad_register = self.two(minus[self.dtype_code], x.grad_register, r)
        else:
            x.grad_register, x.grad_minus = self.two(minus[self.dtype_code], r, x.grad_register), False
        return 0

    cdef int add_array(self, Node x, object g) except -1:
        return self.add(x, self.array(<ndarray>g), False)

    cdef int backward(self, Node y, Kernel k) except -1:
        """What y's gradient gives to the gradients of its inputs, as steps to come."""
        cdef int args[6]
        cdef int i, read = 0, gy = self.gradient(y)
        cdef bint negative = y.grad_minus, loops = False
        cdef Node x
        for i in range(k.nin):
            if k.sign[i] == 0 and takes(y.in0 if i == 0 else y.in1):
                read |= k.reads_by[i]
                loops = True
        if loops:
            self.owners.append(k)           # whose rows the steps are of, also if a rule cuts the graph meanwhile
            for i in range(k.nin):
                args[i + 1] = self.value_register(y, y.in0 if i == 0 else y.in1, read >> i & 1)
            args[k.nin + 1] = self.value_register(y, y, read >> k.nin & 1)
        for i in range(k.nin):
            x = y.in0 if i == 0 else y.in1
            if not takes(x) or k.sign[i] == NONE:
                continue
            if k.sign[i] != 0:
                self.add(x, gy, negative != (k.sign[i] < 0))
            elif gy == self.ones and k.factor[i] >= 0 and self.is_dense(args[k.factor[i] + 1]):
                self.add(x, args[k.factor[i] + 1], negative)        # 1 times an operand: another name of it
            else:
                args[0] = self.laid_out(gy) if gy == self.ones else gy      # three-operand loops want no number here
                self.accumulate(x, k, i, args, negative)
        return 0

    cdef int accumulate(self, Node x, Kernel k, int i, int *args, bint negative) except -1:
        """x's gradient += what a loop makes of these registers."""
        cdef Loop loop
        cdef void *data
        cdef int factor
        if k.factor[i] >= 0:
            factor = args[1 + k.factor[i]]
            if not x.has_grad & IN_REGISTER:
                return self.add(x, self.two(times[self.dtype_code], args[0], factor), negative)
            loop = times_add[self.dtype_code] if x.grad_minus == negative else times_sub[self.dtype_code]
            x.grad_register = self.three(loop, args[0], factor, x.grad_register)
            return 0
        loop = k.bwd[self.dtype_code][i]
        data = k.bwd_data[self.dtype_code][i]
        if loop == rows_loop:
            return self.accumulate_rows(x, <const run_rows *>data, args, negative)
        if x.has_grad & IN_REGISTER and k.add[self.dtype_code][i] != NULL:
            args[k.nin + 2] = x.grad_register
            if x.grad_minus == negative:
                loop, data = k.add[self.dtype_code][i], k.add_data[self.dtype_code][i]
            else:
                loop, data = k.subtract[self.dtype_code][i], k.subtract_data[self.dtype_code][i]
            x.grad_register = self.step(loop, data, k.nin + 3, args)
            return 0
        if negative and k.add[self.dtype_code][i] == NULL:    # is its loop odd in gy, to the bit?  Only these are known to be
            args[0] = self.one(negate[self.dtype_code], args[0])
            negative = False
        return self.add(x, self.step(loop, data, k.nin + 2, args), negative)

    cdef int accumulate_rows(self, Node x, const run_rows *r, int *args, bint negative) except -1:
        """x's gradient += what rows make of these registers.  A product at their end is added as it is made."""
        cdef int regs[ROWS_REGS]
        cdef const run_step *last = &r.steps[r.nsteps - 1]
        cdef Loop loop
        if negative and not r.odd:
            args[0] = self.one(negate[self.dtype_code], args[0])
            negative = False
        if last.loop != times[self.dtype_code] or not x.has_grad & IN_REGISTER:
            return self.add(x, self.rows(r, args, regs, 0), negative)
        self.rows(r, args, regs, 1)
        loop = times_add[self.dtype_code] if x.grad_minus == negative else times_sub[self.dtype_code]
        x.grad_register = self.three(loop, regs[last.reg[0]], regs[last.reg[1]], x.grad_register)
        return 0

    # the run

    cdef object written(self, int r, bint negative):
        """An array that a register's elements will be in."""
        cdef int out = r
        if not negative and r in self.arrays:
            return self.arrays[r]
        a = new_array(self.c_shape, self.dtype_code)
        if negative or self.p.regs[r].kind != SCRATCH:
            out = self.one(negate[self.dtype_code] if negative else copy[self.dtype_code], r)
        self.p.regs[out].kind, self.p.regs[out].base = FLAT, <char *>cnp.PyArray_DATA(<ndarray>a)
        self.arrays[out] = a
        return a

    cdef object summed(self, Node x, int r):
        """Doubles that a register's elements will be summed into, along what x was broadcast."""
        cdef View v
        cdef run_step *t
        cdef int to
        key = r, x.shape                    # + and - give one register to several operands
        if key in self.sums:
            return self.sums[key]
        r = self.laid_out(r)
        a = new_array(x.c_shape, 0)
        a.fill(0)
        view_array(<ndarray>a, &v)
        v.strides = NULL
        to = self.view(&v, SUM, sizeof(double))
        t = self.sum_of(r)
        t.reg[t.nargs] = to
        t.nargs += 1
        self.p.regs[to].rest = 0
        if self.dtype_code == 0 and elements(x) <= self.c_shape.size * self.p.item // RUN_BLOCK:
            rest = new_array(x.c_shape, 0)
            rest.fill(0)
            self.p.regs[to].rest = (memory(<PyObject *>rest) - v.p) // <Py_ssize_t>sizeof(double)
            self.rests.append((a, rest))
        self.sums[key] = a
        return a

    cdef int finish(self) except -1:
        """Run, and leave each gradient that is still wanted in its node."""
        cdef Node x
        cdef list wanted = [x for x in self.nodes if x.has_grad & IN_REGISTER]
        cdef list found = []
        cdef bint same
        try:
            for x in wanted:
                same = x.c_shape is not None and fits(self.c_shape, x.c_shape.nd, x.c_shape.dims)
                found.append(self.written(x.grad_register, x.grad_minus) if same else self.summed(x, x.grad_register))
            if self.p.nsteps:
                self.run()
            for a, rest in self.rests:
                add_in_place(a, rest)
        except BaseException:
            for x in wanted:
                x.clear_gradient()
            raise
        for x, g in zip(wanted, found):
            x.has_grad &= ~IN_REGISTER
            if x.c_shape is not None and fits(self.c_shape, x.c_shape.nd, x.c_shape.dims):
                x.grad_array, x.has_grad = g, HELD
            else:
                x.accumulate(as_gradient(<ndarray>g, x))
        return 0

    cdef int run(self) except -1:
        cdef Py_ssize_t at = 0, until, slice, size
        cdef char *scratch
        cdef int *taken
        run_merge(&self.p)
        run_cut(&self.p)
        taken = <int *>malloc(self.p.nregs * sizeof(int))
        if taken == NULL:
            raise MemoryError
        run_assign(&self.p, taken)
        free(taken)
        run_streams(&self.p)
        size = self.p.nslots * RUN_BLOCK + self.p.nregs * (sizeof(char *) + sizeof(Py_ssize_t))
        size = (size + RUN_BLOCK - 1) // RUN_BLOCK * RUN_BLOCK
        scratch = <char *>pool_malloc(NULL, 2 * size if team_wants(&self.p) else size)
        if scratch == NULL:
            raise MemoryError
        slice = SLICE // (self.p.block * self.p.nsteps) + 1
        run_begin(&self.p, scratch)
        try:
            while at < self.p.blocks:
                until = self.p.blocks if self.p.blocks - at < slice else at + slice
                with nogil:
                    team_run_blocks(&self.p, at, until, scratch, size)
                at = until
                PyErr_CheckSignals()
            run_end(&self.p, scratch)
        finally:
            pool_free(NULL, scratch, 0)
        return 0


cdef object as_gradient(ndarray sums, Node x):
    """Sums, which are doubles, in the dtype and with the sign of x's gradient."""
    cdef Py_ssize_t i
    cdef double sign = -1 if x.grad_minus else 1
    cdef double *p = <double *>cnp.PyArray_DATA(sums)
    if x.dtype_code == 0 and not x.grad_minus:
        return sums
    g = new_array(x.c_shape, x.dtype_code)
    to = cnp.PyArray_DATA(<ndarray>g)
    for i in range(elements(x)):           # not by NumPy, which clears the floating-point flags of the run
        if x.dtype_code == 0:
            (<double *>to)[i] = sign * p[i]
        else:
            (<float *>to)[i] = <float>(sign * p[i])
    return g


cdef int accumulate_sums(Node x, Node y, char *p, bint minus) except -1:
    """x's gradient += the elements of y's shape at p, summed along what x was broadcast, or -= them."""
    cdef Program sums = Program.__new__(Program, y.c_shape, y.dtype_code)
    cdef View v
    v.p, v.nd, v.dims, v.strides = p, y.c_shape.nd, y.c_shape.dims, NULL
    sums.add(x, sums.view(&v, SPREAD, ITEM[y.dtype_code]), minus)
    return sums.finish()


cdef Program under_construction = None      # one walk at a time uses the nodes' gradients


cdef int finish_run() except -1:
    """Bring all gradients that are in registers into their nodes."""
    global under_construction
    cdef Program p = under_construction
    under_construction = None
    if p is not None:
        p.finish()
    return 0


cdef void abandon_run() noexcept:
    """Forget what was to be computed: a walk has ended."""
    global under_construction
    under_construction = None


cdef bint run_is_larger(Py_ssize_t size) noexcept:
    """Is a run under way on values of more elements?"""
    return under_construction is not None and under_construction.c_shape.size > size


cdef Program program_for(Shape shape, int dtype_code):
    """The program under construction, where it is of this shape and dtype; else a new one."""
    global under_construction
    while under_construction is not None:   # what one leaves may have to be added to an array by another
        if under_construction.is_for(shape, dtype_code):
            return under_construction
        finish_run()
    under_construction = Program.__new__(Program, shape, dtype_code)
    return under_construction


cdef int defer(Node y, Kernel k) except -1:
    """Backward of a large value: into the program of its shape."""
    return program_for(y.c_shape, y.dtype_code).backward(y, k)


cdef int run_short_rows(Loop f, void *data, int n, View *v, Shape s, int d) except -1:
    """One loop over n views of which the last is the output: whole blocks, where a row alone would be a call."""
    cdef Program p = Program.__new__(Program, s, d)
    cdef int args[5]
    cdef int k, out
    for k in range(n - 1):
        args[k] = p.view(&v[k], SPREAD, p.p.item)
    out = p.step(f, data, n - 1, args)
    p.p.regs[out].kind, p.p.regs[out].base = FLAT, v[n - 1].p
    return p.run()
