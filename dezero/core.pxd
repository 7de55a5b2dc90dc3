cimport cython
from ._kernels.cells cimport Call, Extra, Handle, Kernel, Loops, Node, Record, Rows, Switch

cdef Switch recording, keeping, transforming, for_anomalies, for_changes
cdef Slots slots
cdef Walk under_way
cdef Loops loops

cdef class Variable(Handle):
    cpdef object _held(self)

cdef class Guarded(Variable):
    cdef object rule
    cdef bint lost

cdef class Slots:
    cdef public Record add_, sub_, mul_, truediv_, floordiv_, mod_, divmod_, pow_, matmul_, and_, or_, xor_, lshift_, rshift_
    cdef public Record neg_, pos_, abs_, invert_, round_, getitem_
    cdef dict loops, functions

cdef class Function(Call):
    pass

cdef class Walk:
    cdef bint busy
    cdef Py_ssize_t marks
    cdef int flags, watchers, guarding

cdef object operate(Record op, str operator, object a, object b)
cdef object operate_alone(Record op, str operator, object a)
cdef Record claimed(Record op, str operator)
cdef Kernel kernel_of(Record op)

cdef Extra extra_of(Node node)
cdef Node edge(Variable v)
@cython.locals(node=Node)
cdef Node valued(object array)
@cython.locals(node=Node)
cdef Node leaf(Variable v)
cdef int outdate(Variable v) except -1
@cython.locals(node=Node)
cdef Node alias(Variable v, object array)
cdef Node source(Node node)
cdef Node keep(Node node, Variable v)
@cython.locals(node=Node)
cdef Node constant(object array)
@cython.locals(x0=Node, x1=Node, node=Node, y=Handle, record=bint, read=int, looked_at=int, kernel=Kernel)
cdef Handle quick(Record op, object a, object b)
@cython.locals(generation=Py_ssize_t, kernel=Kernel)
cdef int link(Node node, Record op, Node x0, Node x1, object a, object b, int read) except -1
@cython.locals(v=Variable)
cdef Variable handle(Node node)
@cython.locals(together=Node, node=Node, place=int)
cdef object split(object f, list nodes, list ys)
@cython.locals(node=Node)
cdef list record_call(Function f, tuple inputs, list xs, list ys)
cdef bint is_variable(object x)
cdef bint is_plain_number(object x)
cpdef object operands_of(object cls)
cdef object count_operands(object forward)
cdef object as_0d(object x)
cdef object call(Function f, tuple inputs)
cdef list run_rule(Function f, list gys, list inputs, list outputs)
cdef tuple ask(Function f, list gys, list inputs, list outputs)
cdef tuple ask_guarded(Function f, list gys, list inputs, list outputs)
cdef object first_order_only(object f, str why)
cdef object check_finite(Node node, Function f, list gys, object gxs)
cdef str came_in(list gys)
cdef object output(object f, object y, list xs)
cdef list held_arrays(tuple inputs)
cdef dict parameters_of(Function f)
cdef bint may_hold_numbers(Function f) except -1
cdef bint has_slots(object cls) except -1
cdef object fit(Function f, int i, object gx, list outputs)
cdef object fit_unusual(Function f, int i, object gx, object shape, list outputs)
cdef object shape_of(Node node)
@cython.locals(op=Record)
cdef object ask_loops(object ufunc, str method, tuple inputs, dict kwargs)
cdef object creator_of(Variable v, Node node)
cdef object see(Function f, Variable v, int place)
cdef bint is_constant(Node node) except -1
@cython.locals(node=Node, v=Variable)
cdef object unchain_inputs(Node root)
@cython.locals(f=Function)
cdef object function_of(Node node)
cdef tuple inputs_of(Node node)
cdef int cut(Node node) except -1

@cython.locals(v=Variable)
cpdef Variable without_graph(object data, int reason)
cdef int refuse_in_transform(Variable v, str what) except -1
cdef object sum_of_gradients(object old, object g, bint graph)
@cython.locals(v=Variable, entry=tuple)
cdef int set_gradients(list found, bint graph) except -1
cdef object data_of(object gradient)

cdef object run_backward(Variable v, Node root, object gradient, bint retain, bint graph)
@cython.locals(node=Node, late=Node, k=Py_ssize_t, rows=Rows, found=list, later=list, most=Py_ssize_t)
cdef list walk(Node root, object gradient, bint retain)
@cython.locals(x=Node, youngest=Py_ssize_t)
cdef Py_ssize_t put_back(Node node, list later, Rows rows) except -1
@cython.locals(together=Node)
cdef Node collect(Node node, Node late)
@cython.locals(v=Variable)
cdef int bring(Node node, list found, bint adds) except -1
@cython.locals(waiting=Node, following=Node)
cdef int clear(Node node, Node late, Rows rows) except -1
@cython.locals(f=Function, x=Node)
cdef int rule(Node node, Rows rows) except -1
@cython.locals(v=Variable)
cdef Variable as_value(Node node)
@cython.locals(v=Variable)
cdef Variable on_array(object array)
cdef int check_place(Variable v, Node node) except -1
@cython.locals(v=Variable)
cdef Variable on_node(Node node)
@cython.locals(v=Variable)
cdef Variable as_operand(Node node, Function f)
cdef Variable as_constant(Node node, Function f)
cdef Variable as_recorded(Node node, Function f, bint vouched)
@cython.locals(y=Variable)
cdef Variable unguarded(Guarded v)
@cython.locals(v=Guarded)
cdef Guarded guarded(Node node, object f)
@cython.locals(v=Guarded)
cdef Guarded guarded_gradient(Variable gy, object f)
cdef object cut_by_rule(Guarded v, str what)
cdef Guarded like_guard(Guarded x, Guarded y)
cdef int refuse_lost() except -1
@cython.locals(v=Guarded)
cdef Variable like_operands(tuple operands)
@cython.locals(v=Variable)
cdef Handle handle_like(Node node, tuple operands)
cdef int refuse_unrecorded(object v) except -1
@cython.locals(pick=Node)
cdef list picks(Node node, Function f)
@cython.locals(node=Node, table=Table, f=Function, x=Node)
cdef Table walk_by_table(list roots, list gradients, bint retain, bint graph, bint linear, list targets)
@cython.locals(node=Node, x=Node, oldest=Py_ssize_t)
cdef dict leading_to(list roots, list targets)
@cython.locals(node=Node, x=Node)
cdef bint leads_elsewhere(list roots, list targets) except -1

@cython.locals(v=Variable)
cdef bint leads_to_argument(Node root) except -1
cdef object living_of(Node node)

cdef class Table:
    cdef bint graph, linear
    cdef dict gradients, arrived, useful
    cdef list heap, found
    cdef set looked_at
    cdef Py_ssize_t count
    cdef list run(self, Node node, Function f, list gys)
    cdef list run_recorded(self, Node node, Function f, list gys)
    cdef list run_plain(self, Node node, Function f, list gys)
    cdef object start(self, Node root, object gradient)
    cdef object wrap(self, object g)
    cdef int add(self, Node node, object g, int place=*) except -1
    @cython.locals(v=Variable)
    cdef int bring(self, Node node, object g, bint adds) except -1

@cython.locals(kernel=Kernel, x=Node)
cdef object restore(Node node)
cdef int bring_back(object x) except -1
cdef int hold(Guarded v) except -1
cdef bint is_lost(Guarded v) except -1

@cython.locals(v=Variable)
cdef Variable own(Variable g, object ys)
cdef int refuse_first_order(Function f, set looked_at) except -1
cdef Variable fit_recorded(Function f, int i, object gx, list shapes, list wide, bint vouched)
cdef bint is_new_leaf(Variable v) except -1

@cython.locals(v=Variable)
cpdef Variable argument(object data)
cpdef bint is_known(Variable v) except -1
@cython.locals(x=Variable)
cpdef list gradients(list ys, list gys, list wanted, bint graph=*, bint linear=*)
cdef list arrivals(list found, list wanted)
cdef bint is_leaf(Variable v) except -1
@cython.locals(node=Node, x=Node)
cdef object look_at(Variable y, object cls, tuple inputs)
cdef int count_marks(int more) except -1
@cython.locals(kernel=Kernel)
cdef list read_of(Node node)
cdef object mark_of(Node node)
cdef str site_of(Node node)
@cython.locals(x=Node)
cdef object check_unchanged(Node node)
