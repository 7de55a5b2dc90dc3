cimport cython
from cpython.object cimport PyObject
from numpy cimport ndarray
from .elementwise cimport Loop

cdef extern from "dezero_build.h":
    ctypedef struct dezero_build:
        pass
    ctypedef struct dezero_build_rest:
        pass

cdef class Build:               # first: what is of another build is to fail here
    cdef dezero_build size

cdef class BuildRest:
    cdef dezero_build_rest size

cdef enum:
    MAXDIMS = 8             # more dimensions run on the NumPy reference
    SMALL = 448             # bytes: results up to here live in the node, and as an ndarray only when asked for

cdef union Number:
    double d
    float f
    PyObject *next                      # a node that waits to be freed

cdef class Shape:
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
    cdef public bint of_arrays_only     # 0-d operands run on the reference
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
    cdef Node compute(self, object a, object b, bint again=*)

cdef class OpBase:
    cdef public Kernel kernel
    cdef public object rule             # where it is a function: `rules.Rule`
    cdef public dict parameters         # that its rule takes
    cdef public int direct              # for so many operands its loops alone do what apply does

cdef class Metadata:
    cdef object name, creator, ref, site, fingerprints, shape, dtype
    cdef ndarray copy0, copy1           # of operands that are few beside the result

@cython.trashcan(True)                  # inherited; written in the .pxd of an engine room it would do nothing, in silence
cdef class Node:
    # what was computed
    cdef object value                   # None, a block of bytes (small), or the ndarray some rule reads
    cdef Shape c_shape                  # None: 0-d, or dtype is not float64 or float32
    cdef Number value_number            # a 0-d result nobody has looked at
    cdef Number operand_number          # the Python number it was made with
    cdef signed char dtype_code         # of both: 0 float64, 1 float32, -1 anything else
    cdef unsigned char is_inline        # the value is in the node: `value_number` or a block
    cdef unsigned char constant         # takes no gradient
    cdef unsigned char by_loops         # made by loops, as all that it was computed from: so none of these is larger (`queue`)
    cdef unsigned char remat            # of a large value: RAISED, LOST, SOURCE, TARGET, STEP, GIVEN_OUT
    cdef unsigned char tracked          # the garbage collector knows it: a user's object hangs on it or above it
    cdef unsigned char is_saved         # the value is held for the rules of `readers` alone
    cdef unsigned char reads            # by bit: the parent, in0 or in1, among whose readers it is
    # how it was computed
    cdef object op
    cdef Metadata metadata
    cdef Kernel kernel                  # of op, where loops did the work
    cdef Node in0, in1                  # its parents
    cdef Py_ssize_t generation
    cdef int place                      # of a pick: which output; of its call: how many; else -1 (`engine/graph` has the kinds)
    cdef int readers                    # how many calls whose rules read the value
    cdef PyObject *handle               # the Variable that holds it, as long as it lives
    # the walk that is under way
    cdef Node next
    cdef unsigned char queued
    cdef unsigned char has_grad         # a gradient: in `grad_number` or `grad_array`, or in a register of a run
    cdef unsigned char grad_minus       # of the register, in which its negative is
    cdef int grad_register
    cdef Number grad_number
    cdef object grad_array

    cdef bint matches(self, object array)
    cdef int set_shape_from(self, object array) except -1
    cdef int save(self, object array) except -1
    cdef int drop(self) except -1
    cdef bint is_dropped(self) noexcept
    cdef bint is_leaf(self) noexcept
    cdef object as_array(self)
    cdef object give_out(self)
    cdef bint is_fixed(self) noexcept
    cdef int mark_given_out(self) except -1
    cdef object variable(self)
    cdef VariableBase new_variable(self)
    cdef int track(self) except -1
    cdef int start(self, object g) except -1
    cdef int accumulate(self, object g) except -1
    cdef int accumulate_at(self, object index, object g) except -1
    cdef object gradient(self)
    cdef void clear_gradient(self) noexcept

@cython.final
cdef class Storage:
    cdef PyObject *newest               # of its aliases, which are linked through themselves
    cdef Py_ssize_t made                # how many aliases it has had

@cython.final
@cython.no_gc_clear                     # or it could not take itself off the list
cdef class Alias:
    cdef Storage storage
    cdef PyObject *handle               # the Variable
    cdef PyObject *before, *after       # in the list of the storage
    cdef Py_ssize_t low, high           # its bytes of the storage
    cdef Py_ssize_t serial, depth       # its number in the storage; 0 for the Variable that all are views of
    cdef bint is_exact                  # its array lies in memory as its bytes of the storage do
    cdef Py_ssize_t taken_from, at      # a view: the number of what it was taken from, and where its bytes begin there
    cdef int nd
    cdef Py_ssize_t strides[MAXDIMS]    # as NumPy's view of that has them
    cdef Node kept_node                 # while the Variable is stale: what it was before
    cdef object kept_array, pending     # and what makes it valid where it is assigned
    cdef unsigned char kept_reason
    cdef object through                 # of a view that no index gives: what assigns to it (`Function.assign_operand`)
    cdef list others(self, Py_ssize_t low, Py_ssize_t high)
    cdef Alias again(self, VariableBase v)
    cdef bint is_part(self, Alias whole, object array, object part)

cdef class VariableBase:
    cdef Node node
    cdef object array
    cdef Alias alias                    # where NumPy would have it share memory with others
    cdef object _name, _grad
    cdef unsigned char assigned         # .grad by the caller: backward begins with it
    cdef unsigned char reason           # why there is no graph: `engine/graph` has the list
    cdef object __weakref__
    cpdef object _get_data(self)
    cdef int bind(self, Node node) except -1
    cdef Node bind_first(self, Node node)
    cdef int track(self) except -1

cdef class FunctionBase:
    cdef public tuple _parents          # nodes of the inputs
    cdef list _reads                    # those among whose readers it is
    cdef public list _values            # of the outputs, where there are several
    cdef public list _gys               # their gradients in the walk that is under way
    cdef public object _inputs, _outputs
    cdef public dict _before            # numbers that the instance held before forward
    cdef public object _rule            # of a call whose rule is a function: that (`engine/rules`), and what the call has beside operands
    cdef public dict _parameters
    cdef public object _saved           # what forward has left for the rule
    cdef public tuple _absent           # the places of optional operands that were not given
    cdef public bint _several           # forward has given a tuple, if only of one
    cdef public Py_ssize_t generation
    cdef object __weakref__

# memory.pxi
cpdef frozen(ndarray array)
cdef object enter_pool(list arrays)
cdef int leave_pool(object before) except -1
cdef bint is_float_array(object x) noexcept
cdef bint is_basic(object index) noexcept
cdef object as_result(object y, list xs)
cdef object spread_gradient(object g, Node x)
cdef object usual_gradient(object g, Node x)

cdef inline Node add_reader(Node x, Node reader, int place):
    """Return x, and note that the rule which made a node reads it, its parent in0 (place 1) or in1 (place 2)."""
    if x.is_saved:
        x.readers += 1
        reader.reads |= place
    return x

cdef Node add_reading(Node x, FunctionBase f)
cdef int add_readings_of(Node reader, FunctionBase f) except -1
cdef int end_reading(Node reader) noexcept

cdef VariableBase new_variable()
cdef Node known_node(object x)
cdef Py_ssize_t exchange_gradients(list arrived, list changes) noexcept

# alias.pxi
cdef Alias note_view(VariableBase x, object array, VariableBase y, object view)
cdef tuple bytes_of(Alias alias, object array, object part)
cdef bint is_sole(VariableBase v)

# remat.pxi
cdef int copy_small_operands(Node node, object a, object b) except -1
cdef int mark_lost(Node node) noexcept
cdef bint has_lost_operand(Node node) noexcept
cdef bint is_lost(Node root) except -1
cdef int rematerialize(Node target) except -1
cdef int rematerialize_if_dropped(Node node) except -1

# accumulate.pxi
cdef int apply_kernel(Node y, ReadyQueue queue) except -1

cdef class ReadyQueue:
    cdef list rows                      # the first that waits, by generation
    cdef Py_ssize_t generation          # of the row that is being taken
    cdef Node late                      # calls of several outputs that wait for the end of the row
    cdef Node postponed, last_postponed # small nodes that wait for the end of a run
    cdef Py_ssize_t largest             # elements of the largest of these; -1: there is none
    cdef PyObject *taken                # the node whose turn it is, held by the walk
    cdef int push(self, Node x) except -1
    cdef bint push_late(self, Node x) noexcept
    cdef Node next(self)
    cdef Node pop(self)
    cdef int postpone(self, Node x) except -1
    cdef int resume(self, Node node) except -1
    cdef int end(self) noexcept

cdef ReadyQueue begin_walk(Py_ssize_t youngest)
cdef bint walk_is_under_way() noexcept

# modes.pxi
cdef class ModeFlag:
    cdef object name
    cdef tuple frames                   # of a stack, that say no and yes
    cdef bint default
    cdef object __weakref__
    cdef bint on(self) except -1
    cdef bint in_context(self) except -1

cdef object enter_context(ModeFlag recording, bint record)
cdef object enter_rules(ModeFlag recording, bint record)
cdef int leave_context(object context) noexcept
cdef int begin_pass() noexcept
cdef int end_pass(int outer) noexcept
cdef int note_raised() noexcept
cdef int clear_raised() noexcept
