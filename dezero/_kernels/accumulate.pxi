# -- accumulation: what one node's gradient adds to those of its parents ----------------------------------------------------
#
# By numbers (0-d), by arrays, summed over the axes along which a parent was broadcast, or deferred into a program of
# `blocks`.  Uses `shapes`, `memory`, `kernel`, `remat` (a value that was dropped is computed again) and `queue`.
#
# (Where else gradients are summed to the shape of an input that was broadcast, `engine/rules.fit` tells.)

cdef int apply_kernel(Node y, ReadyQueue queue) except -1:
    """Add what y's gradient gives to the gradients of its parents, which wait in the queue then."""
    cdef View v[5]
    cdef Node x
    cdef Kernel k = y.kernel
    cdef int i, read = read_by(k, takes(y.in0), takes(y.in1))
    if k.sign[0] != NONE:
        queue.push(y.in0)
    if k.sign[1] != NONE:
        queue.push(y.in1)
    if y.c_shape is not None and is_long(y.c_shape, y.dtype_code):
        return defer(y, k)
    if y.has_grad & IN_REGISTER:
        finish_run()
    if y.c_shape is None:
        return apply_kernel_to_number(y, k, read)
    view_gradient(y, &v[0])
    for i in range(k.nin):
        view_input(y, y.in0 if i == 0 else y.in1, read >> i & 1, &v[i + 1])
    v[k.nin + 1] = v[0]
    if read >> k.nin & 1:
        view_value(y, &v[k.nin + 1])
    for i in range(k.nin):
        x = y.in0 if i == 0 else y.in1
        if not takes(x) or k.sign[i] == NONE:
            continue
        if x.has_grad & IN_REGISTER:
            finish_run()
        if x.c_shape is y.c_shape or x.c_shape is not None and fits(x.c_shape, y.c_shape.nd, y.c_shape.dims):
            if k.sign[i] != 0:
                pass_through(y, x, k.sign[i])
            else:
                accumulate_array(k, i, y, x, v)
        else:
            accumulate_reduced(k, i, y, x, v)
    return 0


cdef inline int apply_kernel_to_number(Node y, Kernel k, int read) except -1:
    """The same of a 0-d node, whose parents are 0-d as well."""
    cdef char *where[4]
    where[0] = <char *>&y.grad_number
    where[1] = number_at(y.in0, y, read & 1)
    where[2] = number_at(y.in1 if k.nin == 2 else y, y, read & 2)
    where[3] = number_at(y, y, read & 4) if k.nin == 2 else NULL
    if takes(y.in0):
        accumulate_number(k, 0, y, y.in0, where)
    if takes(y.in1):
        accumulate_number(k, 1, y, y.in1, where)
    return 0


cdef inline void view_gradient(Node y, View *v) noexcept:
    """Where a node's gradient is."""
    v.strides = NULL
    v.dtype_code = y.dtype_code
    if y.c_shape is None:
        v.p, v.nd = <char *>&y.grad_number, 0
    else:
        v.p, v.nd, v.dims = memory(<PyObject *>y.grad_array), y.c_shape.nd, y.c_shape.dims


cdef inline bint is_number_or_none(PyObject *x) noexcept:
    """Is it an integer of Python's, or None?"""
    return PyLong_CheckExact(<object>x) or x == <PyObject *>None


cdef inline bint is_basic_item(object i) noexcept:
    """Is it an integer, a slice of these, None or ...?"""
    if PySlice_Check(i):
        return is_number_or_none((<Slice *>i).start) and is_number_or_none((<Slice *>i).stop) and is_number_or_none((<Slice *>i).step)
    return is_number_or_none(<PyObject *>i) or i is ...


cdef bint is_basic(object index) noexcept:
    """Is an index made of integers, slices of these, None and ..., so that it takes a view and nobody can write to it?"""
    if type(index) is not tuple:
        return is_basic_item(index)
    for i in <tuple>index:
        if not is_basic_item(i):
            return False
    return True


cdef object zeros_for(Node x):
    """Return an array of zeros for x's gradient."""
    if x.dtype_code < 0:
        return np.zeros(x.shape, gradient_dtype(x.dtype))
    a = new_array(x.c_shape, x.dtype_code)
    memset(cnp.PyArray_DATA(<ndarray>a), 0, elements(x) * ITEM[x.dtype_code])
    return a


cdef int refuse_value(Node n) except -1:
    """Say why a value that a loop reads is not to be had."""
    if n.value is None:
        raise GraphError("a value that a rule reads was dropped")
    raise GraphError(f"data of shape {n.shape} and dtype {n.dtype} was changed in place between forward and backward: "
                     f"now shape {n.value.shape}, dtype {n.value.dtype}")


cdef inline int view_value(Node n, View *v) except -1:
    """Where a node's value is.  An ndarray that somebody has reshaped meanwhile is an error, and no crash."""
    if n.value is None and not n.is_inline:
        rematerialize_if_dropped(n)
    if n.is_inline:
        view_inline(n, v)
    elif n.value is None or not n.matches(n.value):
        refuse_value(n)
    else:
        view_array(<ndarray>n.value, v)
    return 0


cdef inline char *number_at(Node x, Node y, bint read) except NULL:
    """Where a 0-d operand of y is; some valid address, if nobody reads it."""
    cdef View v
    if x is None or not read:
        return <char *>&y.operand_number
    if x.is_inline:
        return <char *>&x.value_number
    view_value(x, &v)
    return v.p


cdef inline int view_input(Node y, Node x, bint read, View *v) except -1:
    """Where an operand x of y is: a value, or the number beside y."""
    if x is not None and read:
        return view_value(x, v)
    v.p, v.nd, v.strides, v.dtype_code = <char *>&y.operand_number, 0, NULL, y.dtype_code
    return 0


cdef inline void add_number(Node x, char *p) noexcept:
    """x's gradient, a number, += the number at p."""
    if x.dtype_code == 0:
        x.grad_number.d = x.grad_number.d + (<double *>p)[0] if x.has_grad else (<double *>p)[0]
    else:
        x.grad_number.f = x.grad_number.f + (<float *>p)[0] if x.has_grad else (<float *>p)[0]
    x.has_grad = HELD


cdef inline int accumulate_number(Kernel k, int i, Node y, Node x, char **where) except -1:
    """x's gradient, a number, += what a loop makes of the numbers at (gy, *inputs, output)."""
    cdef char *args[5]
    cdef Number t
    if k.sign[i] == NONE:
        return 0
    if x.has_grad & IN_REGISTER:
        finish_run()
    if k.sign[i] == 1:
        add_number(x, where[0])
        return 0
    if k.sign[i] == -1:
        if y.dtype_code == 0:
            t.d = -y.grad_number.d
        else:
            t.f = -y.grad_number.f
        add_number(x, <char *>&t)
        return 0
    if k.factor[i] >= 0:                    # saves the call of a loop: 2 % of Goldstein-Price
        if y.dtype_code == 0:
            t.d = y.grad_number.d * (<double *>where[1 + k.factor[i]])[0]
        else:
            t.f = y.grad_number.f * (<float *>where[1 + k.factor[i]])[0]
        add_number(x, <char *>&t)
        return 0
    args[0], args[1], args[2], args[3] = where[0], where[1], where[2], where[3]
    args[k.nin + 2] = <char *>&t if x.has_grad else <char *>&x.grad_number
    k.bwd[y.dtype_code][i](args, &ONE, ITEMS[y.dtype_code], k.bwd_data[y.dtype_code][i])
    if x.has_grad:
        add_number(x, <char *>&t)
    x.has_grad = HELD
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
    cdef Py_ssize_t n = x.c_shape.size
    old = x.grad_array
    args[0], args[1] = memory(<PyObject *>old), p
    old = None                              # or `sole` would count it
    if not sole(<PyObject *>x.grad_array):
        old, x.grad_array = x.grad_array, new_memory(x.c_shape, x.dtype_code)
    args[2] = memory(<PyObject *>x.grad_array)
    return run(how, NULL, 3, args, ITEMS[x.dtype_code], n)


cdef int pass_through(Node y, Node x, int sign) except -1:
    """x's gradient += sign * y's gradient, arrays of one shape: shared, not copied, where it is the first."""
    cdef char *p = memory(<PyObject *>y.grad_array)
    cdef char *args[2]
    if x.has_grad:
        add_memory(x, plus[x.dtype_code] if sign > 0 else minus[x.dtype_code], p)
    elif sign > 0:
        x.grad_array = y.grad_array
    else:
        x.grad_array = new_memory(x.c_shape, x.dtype_code)
        args[0], args[1] = p, memory(<PyObject *>x.grad_array)
        run(negate[x.dtype_code], NULL, 2, args, ITEMS[x.dtype_code], x.c_shape.size)
    x.has_grad = HELD
    return 0


cdef int run_gradient_loop(Kernel k, int i, View *v, Shape s, int d) except -1:
    """The loop of a gradient on views of (gy, *inputs, output, gradient)."""
    cdef View w[3]
    if k.factor[i] < 0:
        return run_views(k.bwd[d][i], k.bwd_data[d][i], k.nin + 3, v, s, d)
    w[0], w[1], w[2] = v[0], v[1 + k.factor[i]], v[k.nin + 2]
    return run_views(times[d], NULL, 3, w, s, d)


cdef int accumulate_array(Kernel k, int i, Node y, Node x, View *v) except -1:
    """x's gradient += what a loop gives; the arrays are short of LONG."""
    cdef char scratch[LONG]
    cdef int d = y.dtype_code
    v[k.nin + 2] = v[0]
    if x.has_grad:
        v[k.nin + 2].p = scratch
    else:
        x.grad_array = new_memory(x.c_shape, d)
        v[k.nin + 2].p = memory(<PyObject *>x.grad_array)
    run_gradient_loop(k, i, v, y.c_shape, d)
    if x.has_grad:
        add_memory(x, plus[d], scratch)
    x.has_grad = HELD
    return 0


cdef int accumulate_reduced(Kernel k, int i, Node y, Node x, View *v) except -1:
    """The gradient of an input that was broadcast: made in the shape of the output, summed into that of the input."""
    cdef double s
    cdef Number t
    cdef int d = y.dtype_code
    g = y.grad_array
    if k.sign[i] == 0:
        g = new_array(y.c_shape, d)
        v[k.nin + 2] = v[0]
        v[k.nin + 2].p = memory(<PyObject *>g)
        run_gradient_loop(k, i, v, y.c_shape, d)
    if x.c_shape is not None:
        return accumulate_sums(x, y, memory(<PyObject *>g), k.sign[i] == -1)
    s = total(d, memory(<PyObject *>g), y.c_shape.size)
    s = -s if k.sign[i] == -1 else s
    if d == 0:
        t.d = s
    else:
        t.f = <float>s
    add_number(x, <char *>&t)
    return 0
