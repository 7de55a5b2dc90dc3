# -- spares: how nodes and Variables are made and freed; spares.h keeps their memory ---------------------------------------
#
# Uses `remat`: a value whose Variable dies may be dropped.

cdef extern from "spares.h":
    int spare "dz_spare" (int, PyTypeObject *, PyTypeObject *) except -1
    object new_node "dz_new_node" (PyTypeObject *, PyObject *, PyObject *)      # Node.__new__ from here would be Cython's
    void shrink_nodes "dz_shrink" (size_t) noexcept
    void decay "dz_decay" () noexcept
    ctypedef struct PyTypeObject:
        void (*tp_dealloc)(PyObject *) noexcept
        object (*tp_new)(PyTypeObject *, PyObject *, PyObject *)
    ctypedef struct Dead "dz_dead":
        ThreadState *owner
        PyObject *first
    Dead common_dead "dz_common_dead"
    Dead *my_dead "dz_my_dead" (ThreadState *) noexcept

cdef extern from "Python.h":
    ctypedef struct ThreadState "PyThreadState":
        PyObject *context
    ThreadState *PyThreadState_Get() noexcept
    void PyObject_GC_UnTrack(PyObject *) noexcept


def set_variable_class(type cls):
    """Make known the class Variable, which is defined in the engine above; once."""
    global usual
    if usual != NULL or not issubclass(cls, VariableBase):
        raise TypeError(f"{cls} is not the class of Variables")
    usual = <PyObject *>cls
    spare(1, <PyTypeObject *>cls, <PyTypeObject *>VariableBase)
    (<PyTypeObject *>cls).tp_dealloc = (<PyTypeObject *>VariableBase).tp_dealloc    # it has no fields of its own to clear


cdef VariableBase new_variable():
    """Return a new object of the class that `set_variable_class` has named."""
    return <VariableBase>(<PyTypeObject *>usual).tp_new(<PyTypeObject *>usual, NULL, NULL)


cdef void (*dealloc_variable)(PyObject *) noexcept
dealloc_variable = (<PyTypeObject *>VariableBase).tp_dealloc


cdef void free_variable(PyObject *o) noexcept:
    """Tell the node that its Variable has gone, and drop a large value that backward can compute again (`remat`).

    (__dealloc__ would save and restore the error state around it.)
    """
    cdef PyObject *p = <PyObject *>(<VariableBase>o).node
    if p != <PyObject *>None and (<Node>p).handle == o:
        (<Node>p).handle = NULL
        if (<Node>p).c_shape is not None and (<Node>p).value is (<VariableBase>o).array and (<PyObject *>(<Node>p).value).ob_refcnt == 2:
            if can_rematerialize(<Node>p):
                drop_for_remat(<Node>p)
    dealloc_variable(o)


(<PyTypeObject *>VariableBase).tp_dealloc = free_variable

cdef void (*dealloc_node)(PyObject *) noexcept
dealloc_node = (<PyTypeObject *>Node).tp_dealloc


cdef void free_node(PyObject *o) noexcept:
    """Free a node, and then, one after the other, those that only it has held: they wait linked by `grad_number.next`."""
    cdef ThreadState *me
    cdef Dead *dead
    if (<Node>o).reads:
        PyObject_GC_UnTrack(o)              # first: where an array dies Python code may run, and come back here
        end_reading(<Node>o)
    me = PyThreadState_Get()
    dead = my_dead(me)
    if dead.owner == me:
        if (<Node>o).tracked:
            PyObject_GC_UnTrack(o)
        (<Node>o).grad_number.next = dead.first
        dead.first = o
        return
    dead.owner = me
    dealloc_node(o)
    while dead.first != NULL:
        o = dead.first
        dead.first = (<Node>o).grad_number.next
        dealloc_node(o)
    dead.owner = NULL


cdef void forget_dying() noexcept:
    """In a forked child: a thread that was freeing a node is not there any more."""
    if common_dead.owner != PyThreadState_Get():
        common_dead.owner, common_dead.first = NULL, NULL


(<PyTypeObject *>Node).tp_dealloc = free_node
spare(0, <PyTypeObject *>Node, <PyTypeObject *>Node)
