# -- modes and flags: what holds in a context, how rules run in it, and the floating-point flags of a pass ------------------
#
# Uses `spares`: the end of a pass gives spare memory back.

cdef extern from "flags.h":
    """
    static DZ_THREAD int dz_noted;
    """
    int flags "dz_flags" () noexcept nogil
    void clear_flags "dz_clear_flags" () noexcept nogil
    int noted "dz_noted"    # flags of this thread's pass, to be reported at its end

cdef extern from "Python.h":
    int PyContextVar_Get(object, PyObject *, PyObject **) except -1
    PyObject *PyContextVar_Set(object, object)
    void PyErr_Clear() noexcept
    void Py_XDECREF(PyObject *) noexcept
    object PyContext_CopyCurrent()
    int PyContext_Enter(object) except -1
    int PyContext_Exit(object) noexcept         # -1, with an error, where another context has taken its place
    void PyErr_WriteUnraisable(object) noexcept

cdef object modes_of_context = ContextVar("dezero_modes", default=None)
modes = modes_of_context                        # for `config`
cdef Py_ssize_t stacks = 0                      # alive: while there is none every mode has its default, and no context is asked


@cython.final
@cython.trashcan(True)
cdef class ModeStack:
    """A stack of frames, none of which changes: {mode: value}, its owner, and the stack below; `values` is what they say together."""

    cdef readonly ModeStack below
    cdef readonly object owner
    cdef readonly dict frame, values
    cdef PyObject *left                         # the context in which the frame has ended, where there was no memory to say so
    cdef bint counted

    def __cinit__(self, ModeStack below, owner, dict frame):
        global stacks
        stacks += 1
        self.counted = True
        self.below, self.owner, self.frame = below, owner, frame
        self.values = frame if below is None else {**below.values, **frame}

    def __dealloc__(self):
        global stacks
        if self.counted:
            stacks -= 1


cpdef ModeStack stack_of_context():
    """Return the stack of this context, or None.  (By PyContextVar_Get in 3 ns, where `.get()` takes 20.)"""
    cdef PyObject *p
    cdef ModeStack found
    PyContextVar_Get(modes_of_context, NULL, &p)
    found = <object>p
    Py_DECREF(p)
    while found is not None and found.left != NULL and found.left == PyThreadState_Get().context:
        found = found.below
    return found


cdef int set_variable(object variable, object value) except -1:
    """Set a context variable.

    Where CPython has no memory for the token, it sets the variable and raises nevertheless; where it has none for the variable
    either, it crashes (3.11).  So memory is asked for first, and it is looked what was done.
    """
    cdef PyObject *token
    cdef PyObject *now
    PyBytes_FromStringAndSize(NULL, 100)        # no free list has one
    token = PyContextVar_Set(variable, value)
    if token == NULL:
        PyErr_Clear()
        PyContextVar_Get(variable, NULL, &now)
        if now != <PyObject *>value:
            Py_XDECREF(now)
            raise MemoryError
        token = now
    Py_DECREF(token)
    return 0


cdef int push_frame(object owner, dict frame) except -1:
    """Put a frame on the stack of this context."""
    return set_variable(modes_of_context, ModeStack(stack_of_context(), owner, frame))


cdef int remove_frame(object owner) except -1:
    """Take the youngest frame of an owner off the stack: blocks may end in another order than they began.

    A block always ends, also where no memory is left; only where blocks end in another order, too, is that an error.
    """
    cdef ModeStack stack = stack_of_context(), found = stack, rest
    cdef list above
    while found is not None and found.owner is not owner:
        found = found.below
    if found is None:
        return 0
    if found is not stack:
        rest, above = found.below, []
        while stack is not found:
            above.append(stack)
            stack = stack.below
        while above:
            stack = above.pop()
            rest = ModeStack(rest, stack.owner, stack.frame)
        return set_variable(modes_of_context, rest)
    for _ in range(2):                    # the first may have failed since something large was in the way
        try:
            return set_variable(modes_of_context, found.below)
        except MemoryError:
            pass
    found.left = PyThreadState_Get().context
    return 0


cdef class ModeBase:
    """A mode, and the value that it has while a block runs; `config.Mode` is the rest."""

    cdef readonly dict values               # of this mode and of others that go with it
    cdef object count                       # is called with 1 where a block begins and with -1 where it ends, or None

    def __init__(self, name, value, count=None, **others):
        self.values = {name: value, **others}
        self.count = count

    def __enter__(self):
        push_frame(self, self.values)
        if self.count is not None:
            self.count(1)
        return self

    def __exit__(self, kind=None, error=None, trace=None):      # by name: *exc_info would be a tuple, which takes memory
        if self.count is not None:
            self.count(-1)
        remove_frame(self)


cdef class ModeFlag:
    """A mode that is read at every op."""

    def __init__(self, defaults, name):
        self.name = name
        self.default = defaults[name]
        self.frames = {name: False}, {name: True}
        defaults.watchers.append(self.changed)

    def changed(self, name, value):
        """Take a new default of the process."""
        if name == self.name:
            self.default = value

    cdef bint on(self) except -1:
        """Is it on, here and now?"""
        return self.default if stacks == 0 else self.in_context()

    cdef bint in_context(self) except -1:
        """What the frames of this context say, or the default."""
        cdef ModeStack stack = stack_of_context()
        value = None if stack is None else stack.values.get(self.name)
        return self.default if value is None else value


# Rules run in a copy of the caller's context, in which nothing is recorded (or everything, under create_graph) and NumPy's
# floating-point flags are noted.  Leaving it allocates nothing and cannot fail; nor can a signal come between, as it can
# between the steps of a context manager in Python (np.errstate and using_config took 4 of the 9 us of a small backward).

cdef object enter_context(ModeFlag recording, bint record):
    """Enter a context in which calls are recorded, or are not, and return it."""
    context = PyContext_CopyCurrent()
    PyContext_Enter(context)
    try:
        if recording.on() != record:
            push_frame(None, recording.frames[record])
    except BaseException:
        leave_context(context)
        raise
    return context


cdef object enter_rules(ModeFlag recording, bint record):
    """Enter a context for rules, and return it."""
    context = enter_context(recording, record)
    try:
        set_variable(errstate_variable, noting_flags)
    except BaseException:
        leave_context(context)
        raise
    return context


cdef int leave_context(object context) noexcept:
    """Leave a context that was entered here; None: there is none to leave."""
    if context is not None and PyContext_Exit(context) < 0:
        PyErr_WriteUnraisable(context)
    return 0


# -- floating-point flags of a pass

cdef int begin_pass() noexcept:
    """Begin a pass, and return the flags that were noted in the pass whose rule it was called from."""
    global noted
    cdef int outer = noted
    noted = 0
    clear_flags()
    return outer


cdef int end_pass(int outer) noexcept:
    """End a pass, also one that has failed, and return the flags that were raised in it."""
    global noted
    cdef int raised = flags() | noted
    noted = outer
    clear_flags()
    decay()
    return raised


def note_flags(kind, int raised):
    """Note flags of this thread's pass: np.errstate's handler while rules run."""
    global noted
    noted |= raised


errstate_variable, noting_flags = errstate_calling(note_flags)


cdef int note_raised() noexcept:
    """Note the flags that loops have raised, before NumPy clears them."""
    global noted
    noted |= flags()
    return 0


cdef int clear_raised() noexcept:
    """Drop the flags that were raised by what has noted them itself."""
    clear_flags()
    return 0
