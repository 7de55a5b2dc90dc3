# -- queue: the order of the walk back ---------------------------------------------------------------------------------------
#
# Uses `blocks`: a run of large values decides what waits.

@cython.final
cdef class ReadyQueue:
    """Nodes that wait for the walk, and in which order it takes them: the youngest generation first.

    A generation is a small integer, so there is a row of nodes for each, linked through `Node.next`, and no heap (0.2 us for
    Goldstein-Price, where a heap of tuples takes 6.7).  A call of several outputs comes after the rest of its row: by then
    all of its picks have had their turn.

    A node is postponed if it is smaller than the run under way (`blocks`) and its gradient is a sum that this run still has
    to make: to take it now would end the run.  Its ancestors must wait too, since its own gradient is missing in theirs.
    They are no larger than it is (`by_loops`), so nothing up to the size of the largest postponed node is taken, until a
    node without loops comes or all rows are empty.  (Broadcasting to 1e6 elements: 1.5 times faster.)

    One walk at a time has a queue, and uses the gradient fields in the nodes: `begin_walk` gives it.
    """

    def __cinit__(self, Py_ssize_t youngest):
        self.rows = [None] * (youngest + 1)
        self.generation = youngest
        self.largest = -1

    cdef int push(self, Node x) except -1:
        """Let x wait, unless it does already or takes no gradient."""
        cdef PyObject *first
        if x is None or x.queued or x.constant:
            return 0
        if x.generation < 0 or x.generation >= len(self.rows):
            raise GraphError(f"backward: a node of generation {x.generation} is an input of a younger one, of at most "
                             f"{len(self.rows) - 1}: `generation` or `inputs` of its Function were set from outside")
        x.queued = True
        first = PyList_GET_ITEM(self.rows, x.generation)
        x.next = <Node>first
        Py_INCREF(<PyObject *>x)
        PyList_SET_ITEM(self.rows, x.generation, <PyObject *>x)
        Py_DECREF(first)
        return 0

    cdef bint push_late(self, Node x) noexcept:
        """Let x, a call of several outputs, wait for the rest of its row, and say whether it is new there."""
        if x.queued:
            return False
        x.queued = True
        x.next = self.late
        self.late = x
        return True

    cdef Node next(self):
        """Return the node to take now; None at the end.  It is held until the next one is asked for."""
        cdef Node x
        while self.generation >= 0:
            x = self.pop()
            if x is None:
                if self.generation == 0 and self.postponed is not None:
                    self.resume(None)
                else:
                    self.generation -= 1
            elif self.postponed is not None and x.kernel is None:
                self.resume(x)
            elif (self.postponed is not None or x.has_grad & IN_REGISTER) and should_wait(x, self.largest):
                self.postpone(x)
            else:
                self.taken = <PyObject *>x
                return x
        self.taken = NULL
        return None

    cdef inline Node pop(self):
        """Return the next of the row, or of the calls that waited for its end, or None."""
        cdef PyObject *first = PyList_GET_ITEM(self.rows, self.generation)
        cdef Node x
        if first != <PyObject *>None:
            x = <Node>first
            Py_INCREF(<PyObject *>x.next)
            PyList_SET_ITEM(self.rows, self.generation, <PyObject *>x.next)
            Py_DECREF(first)
        elif self.late is not None:
            x = self.late
            self.late = x.next
        else:
            return None
        x.next = None
        x.queued = False
        return x

    cdef int postpone(self, Node x) except -1:
        """Let x wait until the run that is under way has ended."""
        x.queued = True
        if self.postponed is None:
            self.postponed = x
        else:
            self.last_postponed.next = x
        self.last_postponed = x
        self.largest = max(self.largest, elements(x))
        return 0

    cdef int resume(self, Node node) except -1:
        """End the run, and let a node that comes after it, and what was postponed, go back to the rows."""
        cdef Node x, following
        self.push(node)                     # first: the run may fail, and then `clear` finds it
        finish_run()
        x, self.postponed, self.last_postponed, self.largest = self.postponed, None, None, -1
        while x is not None:
            following, x.next, x.queued = x.next, None, False
            self.push(x)
            self.generation = max(self.generation, x.generation)
            x = following
        return 0

    cdef int end(self) noexcept:
        """Leave no trace of a walk, also of one that has failed; this allocates nothing and cannot fail."""
        global under_way
        cdef Py_ssize_t k
        abandon_run()
        if self.taken != NULL:
            release(<Node>self.taken)
        release(self.late)
        release(self.postponed)
        if self.generation >= 0:            # else it came to its end, and all rows are empty
            for k in range(len(self.rows)):
                release(<Node>PyList_GET_ITEM(self.rows, k))
        under_way = None
        return 0


cdef ReadyQueue under_way = None
cdef ThreadState *walker                    # the thread that takes this walk


cdef ReadyQueue begin_walk(Py_ssize_t youngest):
    """Return the queue of a walk from this generation down, or None until the `end` of the one that is under way."""
    global under_way, walker
    if under_way is not None:
        return None
    under_way, walker = ReadyQueue.__new__(ReadyQueue, youngest), PyThreadState_Get()
    return under_way


cdef bint walk_is_under_way() noexcept:
    """Does a walk use the gradient fields in the nodes?  Others bring a table."""
    return under_way is not None


cdef int end_walk_of_others() noexcept:
    """In a forked child: end the walk of a thread that is not there any more."""
    if under_way is not None and walker != PyThreadState_Get():
        under_way.end()
    return 0


cdef int release(Node x) noexcept:
    """Let nodes that were linked together wait no longer."""
    cdef Node following
    while x is not None:
        following = x.next
        x.next = None
        x.queued = False
        x.clear_gradient()
        if x.place >= 0 and x.op is not None:
            (<FunctionBase>x.op)._gys = None
        x = following
    return 0


cdef bint should_wait(Node x, Py_ssize_t largest) noexcept:
    """Would x end the run for nothing, or may it be an ancestor of what was postponed?"""
    if not x.by_loops:
        return False
    return elements(x) <= largest or x.has_grad & IN_REGISTER and run_is_larger(elements(x))
