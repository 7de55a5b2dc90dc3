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
    object PyContextVar_Set(object, object)
    object PyContext_CopyCurrent()
    int PyContext_Enter(object) except -1
    int PyContext_Exit(object) noexcept         # -1, with an error, where another context has taken its place
    void PyErr_WriteUnraisable(object) noexcept

cdef object modes_of_context = ContextVar("dezero_modes", default=None)
modes = modes_of_context                        # for `config`
cdef Py_ssize_t stacks = 0                      # alive: while there is none every mode has its default, and no context is asked


@cython.final
cdef class ModeStack:
    """An immutable stack of frames (owner, {mode: value}), the oldest first; `values` is what they say together."""

    cdef readonly tuple frames
    cdef readonly dict values
    cdef bint counted

    def __cinit__(self, tuple frames):
        global stacks
        stacks += 1
        self.counted = True
        self.frames, self.values = frames, {}
        for owner, values in frames:
            self.values.update(values)

    def __dealloc__(self):
        global stacks
        if self.counted:
            stacks -= 1


cdef ModeStack stack_of_context():
    """Return the stack of this context, or None.  (By PyContextVar_Get in 3 ns, where `.get()` takes 20.)"""
    cdef PyObject *p
    PyContextVar_Get(modes_of_context, NULL, &p)
    found = <object>p
    Py_DECREF(p)
    return found


cdef int push_frame(object owner, dict values) except -1:
    """Put a frame on the stack of this context."""
    cdef ModeStack below = stack_of_context()
    PyContextVar_Set(modes_of_context, ModeStack((() if below is None else below.frames) + ((owner, values),)))
    return 0


cdef class ModeBase:
    """A mode, and the value that it has while a block runs; `config.Mode` is the rest."""

    cdef readonly dict values               # of this mode and of others that go with it

    def __init__(self, name, value, **others):
        self.values = {name: value, **others}

    def __enter__(self):
        push_frame(self, self.values)
        return self

    def __exit__(self, *exc_info):
        # Blocks may end in another order than they began (generators, two objects closed by hand), so the youngest frame
        # *of this mode* goes.
        cdef ModeStack stack = stack_of_context()
        cdef Py_ssize_t i = 0 if stack is None else len(stack.frames)
        while i > 0:
            i -= 1
            if (<tuple>stack.frames[i])[0] is self:
                rest = stack.frames[:i] + stack.frames[i + 1:]
                PyContextVar_Set(modes_of_context, ModeStack(rest) if rest else None)
                return


cdef class ModeFlag:
    """A mode that is read at every op."""

    def __init__(self, defaults, name):
        self.name = name
        self.default = defaults[name]
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

cdef object enter_rules(ModeFlag recording, bint record):
    """Enter a context for rules, and return it."""
    context = PyContext_CopyCurrent()
    PyContext_Enter(context)
    try:
        PyContextVar_Set(errstate_variable, noting_flags)
        if recording.on() != record:
            push_frame(None, {recording.name: record})
    except BaseException:
        leave_rules(context)
        raise
    return context


cdef int leave_rules(object context) noexcept:
    """Leave a context that `enter_rules` has returned; None: there is none to leave."""
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
