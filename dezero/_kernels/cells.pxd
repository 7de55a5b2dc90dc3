cimport cython
from cpython.object cimport PyObject
from numpy cimport ndarray
from .elementwise cimport Loop

cdef enum:
    MAXDIMS = 8             # more dimensions run on the NumPy reference
    SMALL = 448             # bytes: results up to here live in the node, and as an ndarray only when asked for

cdef union Number:
    double d
    float f
    PyObject *next                      # a node that waits to be freed

cdef class Space:
    """A shape, shared by all results of it: two of one pointer are of one shape."""
    cdef int nd
    cdef Py_ssize_t size
    cdef Py_ssize_t dims[MAXDIMS]

cdef class Kernel:
    cdef readonly object forward, backward, reads
    cdef readonly object cheap          # to run again: True, False, or with which second operands
    cdef int ncheap
    cdef double cheap_with[4]
    cdef readonly int nin
    cdef readonly object label          # what floating-point warnings call it
    cdef readonly tuple types           # what it has loops for: ("d", "f")
    cdef object owners                  # what keeps the pointers below alive
    cdef int reads_by[2]                # by bit: operand j, and at nin the output, is read by the gradient of operand i
    cdef int sign[2]                    # of the gradient where it is gy itself: 1 or -1; 0 a loop; NONE no gradient
    cdef int factor[2]                  # the operand that gy is multiplied by; -1: another loop
    cdef Loop fwd[2]                    # [dtype]
    cdef void *fwd_data[2]
    cdef Loop bwd[2][2]                 # [dtype][input]
    cdef void *bwd_data[2][2]
    cdef Loop add[2][2]
    cdef void *add_data[2][2]
    cdef Loop subtract[2][2]
    cdef void *subtract_data[2][2]
    cdef int reads_for(self, Node x0, Node x1) noexcept
    cdef Node compute(self, object a, object b)

cdef class Record:
    cdef public Kernel kernel
    cdef public int direct              # for so many operands its loops alone do what apply does

cdef class Extra:
    cdef object name, creator, ref, site, marks
    cdef ndarray copy0, copy1           # of operands that are few beside the result

@cython.trashcan(True)                  # inherited; written in core.pxd it would do nothing, in silence
cdef class Node:
    # what was computed
    cdef object store                   # None, a block of bytes (small), or the ndarray some rule reads
    cdef Space space                    # None: 0-d, or dtype is not float64 or float32
    cdef Number value                   # a 0-d result nobody has looked at
    cdef Number number                  # the Python number it was made with
    cdef signed char kind               # of both: 0 float64, 1 float32, -1 anything else
    cdef unsigned char own                # the value is in the node: `value` or a block
    cdef unsigned char constant           # takes no gradient
    cdef unsigned char by_loops           # so were all that it was computed from: none of them is larger
    cdef unsigned char fate               # of a large value: LOUD, LOST, SOURCE, REMADE, STEP, SHOWN
    cdef unsigned char tracked            # the garbage collector knows it: a user's object hangs on it or above it
    # how it was computed
    cdef object op
    cdef Extra extra
    cdef Kernel kernel                  # of op, where loops did the work
    cdef Node in0, in1
    cdef Py_ssize_t generation
    cdef int place                      # of an output among a call's several; -1 where there is one
    cdef PyObject *handle               # the Variable that holds it, as long as it lives
    # the walk that is under way
    cdef Node next
    cdef unsigned char queued
    cdef unsigned char has              # a gradient: in `slope` or `gstore`, or in a register of a run
    cdef unsigned char minus            # of the register, in which its negative is
    cdef int reg
    cdef Number slope
    cdef object gstore

    cdef int backward(self, Kernel k, Rows rows) except -1
    cdef int backward_number(self, Kernel k, int read) except -1
    cdef bint matches(self, object array)
    cdef int describe(self, object array) except -1
    cdef int keep(self, object array) except -1
    cdef int drop(self) except -1
    cdef bint is_dropped(self) noexcept
    cdef object stored(self)
    cdef object shown(self)
    cdef bint is_fixed(self) noexcept
    cdef int expose(self) except -1
    cdef int restore(self) except -1
    cdef bint is_lost(self) except -1
    cdef int settle(self) except -1
    cdef int lose(self) except -1
    cdef int copy_few(self, object a, object b) except -1
    cdef object living(self)
    cdef Handle held(self)
    cdef int start(self, object g) except -1
    cdef int give(self, object g) except -1
    cdef object gradient(self)
    cdef object take(self)
    cdef void forget(self) noexcept
    cdef Py_ssize_t elements(self) noexcept
    cdef bint waits(self, Py_ssize_t most) noexcept
    cdef int show(self) except -1

cdef class Rows:
    cdef list rows
    cdef int push(self, Node x) except -1
    cdef Node pop(self, Py_ssize_t generation)

@cython.no_gc_clear                     # __dealloc__ needs the node to tell it that the handle has gone
cdef class Handle:
    cdef Node node
    cdef object array
    cdef object _name, _grad
    cdef unsigned char assigned         # .grad by the caller: backward begins with it
    cdef unsigned char reason           # why there is no graph
    cdef object __weakref__
    cdef int bind(self, Node node) except -1
    cdef int show(self) except -1

cdef class Call:
    cdef public tuple _edges            # nodes of the inputs
    cdef public list _values            # of the outputs, where there are several
    cdef public list _gys               # their gradients in the walk that is under way
    cdef public object _inputs, _outputs
    cdef public dict _before            # numbers that the instance held before forward
    cdef public Py_ssize_t generation
    cdef object __weakref__

cdef class Switch:
    cdef object modes, name
    cdef bint default
    cdef object __weakref__
    cdef bint on(self) except -1
    cdef bint asked(self) except -1

cdef class Loops:
    cdef Node node_of(self, object x)
    cdef int begin(self) except -1
    cdef int note(self, int found) except -1
    cdef int note_raised(self) except -1
    cdef int drop_raised(self) except -1
    cdef int tell(self, str name, int outer) except -1
    cdef int end_run(self) except -1
    cdef int abandon_run(self) except -1
