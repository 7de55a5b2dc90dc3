# -- rematerialization: a value that gradients read need not be kept where a few cheap steps bring it back ------------------
#
# When the Variable of a large value dies (`spares.free_variable`), it is dropped and marked TARGET if a few cheap loops make
# it again from SOURCEs that nobody can change, perhaps by way of STEPs that were dropped as well.  Backward makes it again
# where it reads it: in blocks as a step of the program, else by `rematerialize`, which holds it from then on.
#
# Uses `kernel` (a value is computed again by the loops that made it) and `modes` (flags that were reported are cleared).

cdef enum:
    RAISED = 1              # Node.remat: forward has raised floating-point flags
    LOST = 2                # it was computed from an array that the graph does not hold: once dropped it is lost
    SOURCE = 4              # others are computed again from it: who is given it can't write to it
    TARGET = 8              # gradients read it; it is not kept, but computed again
    STEP = 16               # it is computed on the way to such a one
    GIVEN_OUT = 32          # its array has been given out: whoever has it may write to it
    ONE_STEP = 1 << 17      # bytes from which on a value is computed again in one step, not kept; below nothing is won
    THREE_STEPS = 1 << 19   # bytes from which on three steps cost less than the cache misses that they avoid
    NEVER = 100             # steps
    COPIED = 64             # an operand is copied if the value has so many times its bytes

cdef bint watched = False                   # somebody compares data with what they were: all are kept


def keep_all(bint all_of_them):
    """Keep what gradients read, also where it could be computed again."""
    global watched
    watched = all_of_them


cdef bint is_private(Node x) noexcept:
    """Is its array one that nobody but the graph can reach, now and later?"""
    return (x.kernel is not None and x.handle == NULL and <PyObject *>Py_TYPE(x.value) == plain_array
            and (<PyObject *>x.value).ob_refcnt == 1)


cdef int steps_to(Node x, int most) noexcept:
    """How many forward steps bring back a value: 0 where it is there and nobody can change it."""
    if x.remat & GIVEN_OUT:
        return NEVER
    if x.is_inline:
        return 0 if x.kernel is not None else NEVER
    if x.value is not None:
        return 0 if is_private(x) else NEVER
    return steps_of(x, most) if x.handle == NULL else NEVER       # its Variable may be used by others yet


cdef int steps_of(Node y, int most) noexcept:
    """How many cheap steps compute y again, if at most `most`; else NEVER."""
    cdef int i, steps = 1
    cdef Node x
    if most <= 0 or y.kernel is None or y.remat & (RAISED | LOST | GIVEN_OUT) or not is_cheap(y):
        return NEVER
    for i in range(2):
        x = source_of(y, i)
        if x is not None and steps <= most:
            steps += steps_to(x, most - steps)
    return steps if steps <= most else NEVER


cdef bint is_cheap(Node y) noexcept:
    """May forward run again, as the kernel of y says?"""
    cdef int i
    cdef double number = y.operand_number.d if y.dtype_code == 0 else y.operand_number.f
    for i in range(y.kernel.ncheap):
        if y.in1 is None and number == y.kernel.cheap_with[i]:
            return True
    return y.kernel.ncheap == ALWAYS


cdef bint can_rematerialize(Node y) noexcept:
    """May a value that gradients read be dropped, for backward to compute it again from what nobody can change?

    Half the memory, and 10-15 % of the time from 1e5 elements on.  It is the same to the bit, and no floating-point flag
    is raised that forward did not raise.
    """
    cdef Py_ssize_t size
    if y.c_shape is None or y.kernel is None or watched:
        return False
    size = y.c_shape.size * ITEM[y.dtype_code]
    return size >= ONE_STEP and steps_of(y, 1 if size < THREE_STEPS else 3) < NEVER


cdef void drop_for_remat(Node y) noexcept:
    """Drop a value that will be computed again."""
    mark(y, TARGET)
    y.value = None


cdef void mark(Node y, int as_what) noexcept:
    """Mark a value as one to compute again; what it is computed from must stay as it is."""
    y.remat |= as_what
    mark_operand(source_of(y, 0))
    mark_operand(source_of(y, 1))


cdef void mark_operand(Node x) noexcept:
    """Mark what a value is computed from: as there, or as computed again on the way."""
    if x is None:
        return
    if x.value is None and not x.is_inline:
        mark(x, STEP)
    else:
        x.remat |= SOURCE


cdef inline bint is_few(object a, Py_ssize_t most):
    """Is it a Variable whose array has at most so many bytes?"""
    if not isinstance(a, VariableBase) or type((<VariableBase>a).array) is not ndarray:
        return False
    return cnp.PyArray_NBYTES(<ndarray>(<VariableBase>a).array) <= most


cdef inline ndarray copied(Node y, int i):
    """The copy of an operand that was made with the value, or None."""
    return None if y.metadata is None else y.metadata.copy0 if i == 0 else y.metadata.copy1


cdef inline Node source_of(Node y, int i):
    """The operand that it takes to compute y again, or None: it is a number, or copied."""
    return None if copied(y, i) is not None else y.in0 if i == 0 else y.in1


cdef object operand_of(Node y, int i):
    """Return an operand to compute y again with."""
    cdef Node x = source_of(y, i)
    if x is not None:
        return x.as_array() if x.is_inline else x.value
    a = copied(y, i)
    return y.operand if a is None else a


cdef int rematerialize(Node target) except -1:
    """Compute a dropped value again, by way of all that it takes, from what the graph holds."""
    cdef Node node, again
    cdef list missing, found = [], todo = [target]
    note_raised()                           # by what ran before
    try:
        while todo:
            node = todo.pop()
            if not node.is_dropped():
                continue
            if node.remat & LOST or node.kernel is None:
                raise GraphError("the data of an intermediate result were dropped, and cannot be computed again")
            missing = [x for x in (source_of(node, 0), source_of(node, 1)) if x is not None and x.is_dropped()]
            if missing:
                todo += [node, *missing]
                continue
            found.append(node)
            again = node.kernel.compute(operand_of(node, 0), operand_of(node, 1), True)
            node.value = again.value
    finally:
        for node in found:
            if node is not target:
                node.value = None
    target.remat = target.remat & ~TARGET | SOURCE      # held from here on: others may be computed from it
    clear_flags()                           # what there is to report was reported
    return 0


cdef int rematerialize_if_dropped(Node node) except -1:
    """Before the way to a value is cut: hold it, where others are computed from it or gradients read it."""
    return rematerialize(node) if node.remat & (TARGET | STEP) and node.is_dropped() else 0


cdef bint is_lost(Node root) except -1:
    """Was a value dropped, with no way to compute it again?"""
    cdef Node node
    cdef set seen = {None}
    cdef list todo = [root]
    while todo:
        node = todo.pop()
        if node in seen or not node.is_dropped():
            continue
        if node.remat & LOST or node.kernel is None:
            return True
        seen.add(node)
        todo += [source_of(node, 0), source_of(node, 1)]
    return False


cdef int mark_lost(Node node) noexcept:
    """Note that an array which the graph does not hold was an operand: the value cannot be computed again."""
    node.remat |= LOST
    return 0


cdef bint has_lost_operand(Node node) noexcept:
    """Was an array that the graph does not hold an operand?"""
    return node.remat & LOST != 0


cdef int copy_small_operands(Node node, object a, object b) except -1:
    """Copy operands that are few beside the value: so it can be computed again, whatever becomes of them.

    Goldstein-Price of (1000, 1) and (1, 1000) float32, whose arrays then have room in the third cache: 4.6 -> 4.2 ms.
    """
    cdef Py_ssize_t most
    if node.c_shape is None or node.kernel.ncheap == 0 or node.remat & (LOST | RAISED) or node.in0 is None or node.in1 is None:
        return 0
    most = node.c_shape.size * ITEM[node.dtype_code]
    if most < THREE_STEPS or not is_few(a, most // COPIED) or not is_few(b, most // COPIED):
        return 0
    if node.metadata is None:
        node.metadata = Metadata()
    node.metadata.copy0, node.metadata.copy1 = (<VariableBase>a).array.copy(), (<VariableBase>b).array.copy()
    return 0
