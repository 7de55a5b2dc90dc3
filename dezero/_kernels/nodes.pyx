# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True, nonecheck=False
"""Nodes of the graph, and how loops run on their values: compiled.  `nodes.py` beside this is the same interface in plain Python.

A `Node` is one value and how it came about.  A float64 or float32 result is, while it is small, kept in its node and made
an ndarray when somebody asks for it: of 0-d data a bare number (2.7 us of 7.5 for Goldstein-Price, 4.4 with its gradient),
below `SMALL` bytes a block.  A larger one belongs to the caller's Variable, and the node keeps it only when some rule reads
it.  Nothing here knows of ops' rules.  (Goldstein-Price, the measure of many comments here and below, is a polynomial of
two variables: 38 ops, forward and backward.)

The chapters are included, since the compiler must see these functions together (they are inlined into each other at every
op).  In reading order:

    shapes.pxi        where the elements of operands are; running a loop over them
    memory.pxi        arrays and blocks that values live in, recycled (pool.h)
    kernel.pxi        an op's loops, and a value computed by them
    (this file)       nodes, and what holds them
    alias.pxi         Variables that NumPy would have share memory
    remat.pxi         what need not be kept, since backward computes it again
    accumulate.pxi    backward of one node: what it adds to the gradients of its parents
    queue.pxi         the order of the walk back
    blocks.pxi        backward of large values, block by block through the cache (runner.h, team.h)
    spares.pxi        how nodes and Variables are made and freed (spares.h)
    modes.pxi         what holds in a context; how rules run; floating-point flags
"""
import os
from contextvars import ContextVar

import numpy as np

cimport cython
cimport numpy as cnp
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject, Py_TYPE
from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_GetName, PyCapsule_GetPointer
from libc.math cimport isinf
from libc.stdint cimport uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memmove, memset
from numpy cimport ndarray

from .elementwise cimport Loop, copy, gather, minus, negate, plus, times, times_add, times_sub, total, total_and_gather

from ..errors import GraphError
from .floating import errstate_calling, report
from .gradients import add_at, gradient_dtype
from .rows import QUIET
from .signature import checked, is_factor, is_sign

cnp.import_array()

cdef extern from "Python.h":
    void Py_DECREF(PyObject *) noexcept
    void Py_INCREF(PyObject *) noexcept
    tuple PyTuple_New(Py_ssize_t)
    void PyTuple_SET_ITEM(tuple, Py_ssize_t, object) noexcept
    bint PySlice_Check(object) noexcept
    ctypedef struct Slice "PySliceObject":
        PyObject *start
        PyObject *stop
        PyObject *step
    PyObject *PyList_GET_ITEM(list, Py_ssize_t) noexcept
    void PyList_SET_ITEM(list, Py_ssize_t, PyObject *) noexcept
    Py_ssize_t PY_SSIZE_T_MAX
    void PyObject_GC_Track(PyObject *) noexcept
    bint PyObject_GC_IsTracked(PyObject *) noexcept

cdef enum:
    LONG = 4096             # bytes of a value from which on its gradient waits for a run of blocks
    HELD = 1                # Node.has_grad: a gradient in `grad_number` or `grad_array`
    IN_REGISTER = 2         # a gradient, or a part of it, in a register of the program

include "shapes.pxi"
include "memory.pxi"
include "kernel.pxi"


# -- nodes ---------------------------------------------------------------------------------------------------------------

cdef class Build:
    """Its size tells this build from others; see `dezero._kernels.extensions`."""

cdef class BuildRest:
    """The larger `Build`, the smaller this: Cython refuses a class that is smaller than expected, and warns of a larger one."""


cdef class OpBase:
    """What the engine reads of a registered op; `registry.Entry` is the rest."""


@cython.trashcan(True)
cdef class Metadata:
    """What few nodes have: a name, the Function that somebody asked for (`creator`), the Variable of a retired leaf (`ref`).

    Of `detect`: the line that made it (`site`), `fingerprints` of the data that its rule reads.  Of `remat`: copies of operands.
    `shape` and `dtype` of a value that was dropped, where it is not of float64 or float32.
    """


cdef class Node:
    """One value of the graph, and how it was computed."""

    def __cinit__(self):
        self.dtype_code = -1
        self.place = -1

    # -- what it holds

    cdef bint matches(self, object array):
        """Has this array the shape and dtype that the node was made with?"""
        cdef View v
        if self.dtype_code < 0:
            return self.value is array or (self.shape == array.shape and self.dtype == array.dtype)
        if view_array(<ndarray>array, &v) != self.dtype_code:
            return False
        return v.nd == 0 if self.c_shape is None else same_dims(self.c_shape.nd, self.c_shape.dims, &v)

    cdef int set_shape_from(self, object array) except -1:
        """Take over shape and dtype of an array; the array itself only where the loops cannot use it."""
        cdef View v
        if view_array(<ndarray>array, &v) < WEAK and v.nd <= MAXDIMS:
            self.dtype_code = v.dtype_code
            self.c_shape = new_shape(v.nd, v.dims)
        else:
            self.value = array
        return 0

    cdef int save(self, object array) except -1:
        """Hold an array, because some rule reads it."""
        self.value = array
        self.is_inline = False
        return 0

    cdef int drop(self) except -1:
        """Let go of an array that no rule reads."""
        if self.is_inline or self.value is None:
            return 0
        if self.dtype_code < 0:
            if self.metadata is None:
                self.metadata = Metadata()
            self.metadata.shape, self.metadata.dtype = self.value.shape, self.value.dtype
        self.value = None
        return 0

    cdef bint is_dropped(self) noexcept:
        """Is the value gone, or not made yet?"""
        return not self.is_inline and self.value is None

    cdef bint is_leaf(self) noexcept:
        """Did the caller make it?"""
        return self.op is None and self.in0 is None

    cdef object as_array(self):
        """Return the value as an ndarray (a new one, where it is the node's own), or None where it was dropped."""
        if not self.is_inline:
            if self.remat & TARGET and self.value is None:
                rematerialize(self)
            return self.value
        a = new_array(self.c_shape, self.dtype_code)
        if self.c_shape is None:
            memcpy(cnp.PyArray_DATA(<ndarray>a), &self.value_number, ITEM[self.dtype_code])
        else:
            memcpy(cnp.PyArray_DATA(<ndarray>a), PyBytes_AS_STRING(self.value), self.c_shape.size * ITEM[self.dtype_code])
        return a

    cdef object give_out(self):
        """Return the value as an ndarray for a user; None where it was dropped.  It is read-only where others are computed from it."""
        array = self.as_array()
        if not self.is_inline and self.remat & SOURCE and array is not None:
            cnp.PyArray_CLEARFLAGS(<ndarray>array, cnp.NPY_ARRAY_WRITEABLE)
        else:
            self.remat |= GIVEN_OUT
        return array

    cdef bint is_fixed(self) noexcept:
        """Are others computed from it again, so that it must stay what it is?"""
        return self.remat & (SOURCE | TARGET | STEP) != 0

    cdef int mark_given_out(self) except -1:
        """Note that the array of its Variable is given out."""
        self.remat |= GIVEN_OUT
        return 0

    @property
    def shape(self):
        if self.dtype_code >= 0:
            return () if self.c_shape is None else self.c_shape.shape
        if self.value is None:
            return None if self.metadata is None else self.metadata.shape
        return self.value.shape

    @property
    def dtype(self):
        if self.dtype_code >= 0:
            return <object>DESCR[self.dtype_code]
        if self.value is None:
            return None if self.metadata is None else self.metadata.dtype
        return self.value.dtype

    @property
    def operand(self):
        """The Python number it was made with, as a 0-d array."""
        a = cnp.PyArray_SimpleNew(0, NULL, TYPENUM[self.dtype_code])
        memcpy(cnp.PyArray_DATA(<ndarray>a), &self.operand_number, ITEM[self.dtype_code])
        return a

    cdef object variable(self):
        """Return the living Variable that holds it, or None."""
        # A Variable that is being destroyed is not handed out: __del__ of a subclass in Python runs at count 0.
        return <object>self.handle if self.handle != NULL and self.handle.ob_refcnt > 0 else None

    cdef VariableBase new_variable(self):
        """Return a new Variable that holds it."""
        cdef VariableBase v = new_variable()
        if not self.is_inline:
            v.array = self.value
        v.node = self
        self.handle = <PyObject *>v
        return v

    cdef int track(self) except -1:
        """Bring it into the garbage collector's sight: a user's object can be reached from it."""
        self.tracked = True
        if not PyObject_GC_IsTracked(<PyObject *>self):
            PyObject_GC_Track(<PyObject *>self)
        return 0

    # -- the gradient of the walk that is under way

    cdef int start(self, object g) except -1:
        """Begin with the gradient g, an array of the node's shape, or with ones where it is None."""
        cdef double one = 1
        cdef float one_f = 1
        self.clear_gradient()
        if g is None and self.dtype_code >= 0:
            if self.c_shape is None:
                add_number(self, <char *>&one if self.dtype_code == 0 else <char *>&one_f)
                return 0
            if is_long(self.c_shape, self.dtype_code):
                self.has_grad = HELD            # with no array: ones
                return 0
        return self.accumulate(np.ones(self.shape, gradient_dtype(self.dtype)) if g is None else g)

    cdef int accumulate(self, object g) except -1:
        """Add the array g, of the node's shape, to the gradient."""
        cdef View v
        note_raised()
        if self.dtype_code < 0:
            g = np.asarray(g, gradient_dtype(self.dtype))
            self.grad_array = g if not self.has_grad else np.asarray(self.grad_array + g)
            self.has_grad = HELD
            return 0
        if self.has_grad & IN_REGISTER and (self.c_shape is None or not is_long(self.c_shape, self.dtype_code)):
            finish_run()
        if <PyObject *>Py_TYPE(g) != plain_array or dtype_of(<ndarray>g) != self.dtype_code:
            g = np.asarray(g, self.dtype)
        if view_array(<ndarray>g, &v) == OTHER or v.strides != NULL and not is_long(self.c_shape, self.dtype_code):
            g = np.array(g, order="C")
            view_array(<ndarray>g, &v)
        if self.c_shape is None:
            add_number(self, v.p)
        elif self.has_grad and is_long(self.c_shape, self.dtype_code):
            return program_for(self.c_shape, self.dtype_code).add_array(self, g)
        elif self.has_grad:
            add_memory(self, plus[self.dtype_code], v.p)
        elif is_small(self.c_shape, self.dtype_code):
            self.grad_array = new_block(self.c_shape, self.dtype_code)
            memcpy(PyBytes_AS_STRING(self.grad_array), v.p, self.c_shape.size * ITEM[self.dtype_code])
        else:
            self.grad_array = g
        self.has_grad = HELD
        return 0

    cdef int accumulate_at(self, object index, object g) except -1:
        """Add the array g to the gradient at an index; in place, where the gradient is nobody else's."""
        a = self.gradient()
        if a is None:
            a = zeros_for(self)
        note_raised()
        part = a[index] if is_basic(index) else None
        if part is not None and <PyObject *>Py_TYPE(part) == plain_array:
            part += g                       # `a[index] += g` would write the view to where it is
        else:
            add_at(a, index, g)
        self.clear_gradient()
        if self.c_shape is None:
            return self.accumulate(a)
        self.grad_array, self.has_grad = a, HELD
        return 0

    cdef object gradient(self):
        """Return the gradient as an array that is nobody else's; None where there is none."""
        if not self.has_grad:
            return None
        while self.has_grad & IN_REGISTER:      # one run may begin another: its sum is added to an array that waits itself
            finish_run()
        if self.grad_array is None and self.c_shape is not None:        # see `start`
            return np.ones(self.shape, self.dtype)
        if self.dtype_code >= 0 and self.c_shape is None:
            a = cnp.PyArray_SimpleNew(0, NULL, TYPENUM[self.dtype_code])
            memcpy(cnp.PyArray_DATA(<ndarray>a), &self.grad_number, ITEM[self.dtype_code])
            return a
        if PyBytes_CheckExact(self.grad_array):
            a = new_array(self.c_shape, self.dtype_code)
            memcpy(cnp.PyArray_DATA(<ndarray>a), PyBytes_AS_STRING(self.grad_array), self.c_shape.size * ITEM[self.dtype_code])
            return a
        if sole(<PyObject *>self.grad_array):
            return self.grad_array
        return np.array(self.grad_array, order="C")         # who gets it may write into it

    cdef void clear_gradient(self) noexcept:
        """Forget the gradient."""
        self.has_grad = 0
        self.grad_array = None


cdef inline Py_ssize_t elements(Node x) noexcept:
    """How many numbers a value has."""
    return 1 if x.c_shape is None else x.c_shape.size


cdef inline bint takes(Node x) noexcept:
    """Does a gradient go to this operand?"""
    return x is not None and not x.constant


cdef Node known_node(object x):
    """Return the node of a Variable that has one, for the data that it was made with; None of all that takes a closer look."""
    cdef Node node
    if <PyObject *>Py_TYPE(x) != usual:
        return None
    node = (<VariableBase>x).node
    if node is None or (<VariableBase>x).array is not None and not node.matches((<VariableBase>x).array):
        return None
    return node


# -- what holds nodes ----------------------------------------------------------------------------------------------------

@cython.no_gc_clear
cdef class VariableBase:
    """The fields of a Variable: its node, its array, its gradient."""

    cpdef object _get_data(self):
        """The data, also where a rule is not to read them."""
        return self.array

    cdef int bind(self, Node node) except -1:
        """Hold a node, and be its living Variable from now on."""
        cdef Node held = self.node          # until the new one is in its place: see `graph.cut`
        if self.node is not None and self.node.handle == <PyObject *>self:
            self.node.handle = NULL
        self.node = node
        if node is not None and (node.handle == NULL or node.handle.ob_refcnt == 0):
            node.handle = <PyObject *>self
        return 0

    cdef Node bind_first(self, Node node):
        """Hold a node, unless another thread has come before, and return the one that is held."""
        if self.node is None:
            self.bind(node)
        return self.node

    cdef int track(self) except -1:
        """Bring it into the garbage collector's sight: a user's object can be reached from it."""
        if not PyObject_GC_IsTracked(<PyObject *>self):
            PyObject_GC_Track(<PyObject *>self)
        return 0


cdef Py_ssize_t exchange_gradients(list arrived, list changes) noexcept:
    """Set `.grad` of each Variable in `arrived` as `changes` [from, to, from, to, ...] have it, and return -1.

    Where one is no longer what it is to be changed from, none is set: what is there now takes its place in `changes`, and the
    place of the Variable is returned.

    No Python code runs between these steps, and nothing is allocated.  So neither a signal's handler nor another thread
    comes between: gradients need no lock, which a sum in Python, a finalizer or a fork could find taken.
    """
    cdef VariableBase v
    cdef Py_ssize_t i, j
    for i in range(len(arrived)):
        v = <VariableBase>(<tuple>arrived[i])[0]
        if v._grad is not changes[2 * i]:
            now = v._grad
            for j in range(i - 1, -1, -1):
                (<VariableBase>(<tuple>arrived[j])[0])._grad = changes[2 * j]
            changes[2 * i] = now
            return i
        v._grad = changes[2 * i + 1]
    for i in range(len(arrived)):
        (<VariableBase>(<tuple>arrived[i])[0]).assigned = False
    return -1


cdef class FunctionBase:
    """The fields of a Function that was called: what the engine keeps with a call."""

    def __dealloc__(self):
        cdef Node x
        if self._reads is not None:
            for x in self._reads:
                remove_reader(x)


# -- values that nodes hold for rules alone ------------------------------------------------------------------------------
#
# They are let go with the last call whose rule reads them: to look at a value, as by np.abs(x).max(), leaves nothing behind, and a
# loop that looks at each state of a large array keeps one of them.  (4 000 steps of an array of 32 kB kept 130 MB.)

cdef Node add_reading(Node x, FunctionBase f):
    """Return x, and note that the rule of a call reads it.  (`add_reader` is in nodes.pxd.)"""
    if x.is_saved:
        if f._reads is None:
            f._reads = []
        f._reads.append(x)
        x.readers += 1
    return x


cdef int add_readings_of(Node reader, FunctionBase f) except -1:
    """Note that the rule of a call reads what that of a node does."""
    if reader.reads & 1:
        add_reading(reader.in0, f)
    if reader.reads & 2:
        add_reading(reader.in1, f)
    return 0


cdef int remove_reader(Node x) noexcept:
    """Let go of a value with the last that reads it, unless others are computed from it again."""
    x.readers -= 1
    if x.readers == 0 and x.is_saved:
        x.is_saved = False
        if not x.is_fixed():
            x.value = None
    return 0


cdef int end_reading(Node reader) noexcept:
    """Take a node off the readers of its parents; where the garbage collector has cut it off from one, that keeps its value."""
    if reader.reads & 1 and reader.in0 is not None:
        remove_reader(reader.in0)
    if reader.reads & 2 and reader.in1 is not None:
        remove_reader(reader.in1)
    reader.reads = 0
    return 0


include "alias.pxi"
include "remat.pxi"
include "accumulate.pxi"
include "queue.pxi"
include "blocks.pxi"
include "spares.pxi"
include "modes.pxi"


def after_fork():
    """In a forked child: what other threads were doing has ended."""
    end_walk_of_others()
    forget_dying()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
