"""Kernel: loops from NumPy, SciPy, Cython, capsules, ctypes, cffi and numba; what is refused, and in which words."""

import ctypes
import importlib.util
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from native import LOOP, built, compiler, loop
from strategies import told

import dezero
import dezero.functions as F
from dezero import Function, Kernel, Variable, _kernels, plugins
from dezero.testing import check_op

compiled = pytest.mark.skipif(_kernels.IN_USE != "compiled", reason="loops run in the compiled form only")
clip = (getattr(np, "_core", None) or np.core).umath.clip      # NumPy's only ufunc of three numbers


def op_with(kernel, forward=None, name="k_op"):
    """An op of this kernel, whose Python forward shows that it ran instead."""
    def reference(self, *xs):
        raise AssertionError("the reference ran, not the loop")

    if kernel.nin == 1:
        given = forward or (lambda self, x: reference(self))
    else:
        given = forward or (lambda self, a, b: reference(self))
    return type("Op", (Function,), {"name": name, "kernel": kernel, "forward": given})


@pytest.fixture
def register():
    with plugins.isolated():
        yield plugins.register


def run(register, kernel, *arrays):
    """The result of a kernel's op, and the gradients from ones."""
    op = register(op_with(kernel))
    vs = [Variable(np.asarray(a)) for a in arrays]
    y = op.apply(*vs)
    assert type(y.creator) is op
    y.backward()
    plugins.unregister(op)
    return y.data, *[v.grad for v in vs]


SIN = {"forward": np.sin, "backward": loop(lambda gy, x, y: gy * np.cos(x))}
X = np.linspace(-2, 2, 7)


# -- where loops come from


@compiled
@pytest.mark.parametrize("x", [np.array(0.5), X, X[::3], X.reshape(7, 1), np.linspace(-9, 9, 100_000)], ids=np.shape)
def test_a_numpy_ufunc(register, x):
    y, gx = run(register, Kernel(**SIN), x)
    np.testing.assert_allclose(y, np.sin(x), rtol=1e-15)
    np.testing.assert_allclose(gx, np.cos(x), rtol=1e-15)


@compiled
def test_a_ufunc_of_several_types(register):
    kernel = Kernel(np.sin, [loop(lambda gy, x, y: gy * np.cos(x)), loop(lambda gy, x, y: gy * np.cos(x), "f")])
    assert kernel.types == ("d", "f")
    for dtype in ("f8", "f4"):
        y, gx = run(register, kernel, X.astype(dtype))
        assert y.dtype == gx.dtype == dtype
        np.testing.assert_allclose(gx, np.cos(X), rtol=1e-6)


@compiled
def test_a_ufunc_as_a_gradient(register):
    y, ga, gb = run(register, Kernel(np.add, ("+", "-")), X, X[::-1])
    np.testing.assert_array_equal(y, np.add(X, X[::-1]))
    np.testing.assert_array_equal((ga, gb), (np.ones(7), -np.ones(7)))
    y, gx = run(register, Kernel(np.sin, clip), X)          # min(max(gy, x), y), whatever that means
    np.testing.assert_array_equal(gx, np.clip(np.ones(7), X, np.sin(X)))


@compiled
@pytest.mark.parametrize("backward", [("x1", "x0"), ("x1", loop(lambda gy, a, b, y: gy * a)), (None, "x0"), ("x0", "-")], ids=told)
@pytest.mark.parametrize("shapes", [((), ()), ((7,), (7,)), ((7,), ()), ((60, 70), (60, 70)), ((60, 70), (70,)), ((30_000,), (30_000,))], ids=str)
def test_a_gradient_that_is_gy_times_an_operand(register, shapes, backward):
    rng = np.random.default_rng(3)
    a, b = (np.asarray(rng.uniform(1, 2, s)) for s in shapes)
    op = register(op_with(Kernel(np.multiply, backward)))
    rules = {"x0": a, "x1": b, "-": -1.0}
    for head in (1.0, 0.5):                     # begins with ones; with something else
        x, z = Variable(a), Variable(b)
        y = op.apply(x, z) if head == 1.0 else op.apply(x, z) * head
        y.backward()
        for v, word, where in ((x, backward[0], a), (z, backward[1], b)):
            if word is None:
                assert v.grad is None
                continue
            wanted = np.broadcast_to(head * rules[word if isinstance(word, str) else "x0"], y.shape)
            over = tuple(range(y.ndim - where.ndim))
            np.testing.assert_allclose(v.grad, wanted.sum(over).reshape(where.shape), rtol=1e-13)


@compiled
def test_a_type_that_has_no_loop_runs_on_the_reference(register):
    op = register(op_with(Kernel(**SIN), lambda self, x: np.sin(x) + 100))
    assert Kernel(**SIN).types == ("d",)
    assert op.apply(Variable(X)).data.max() < 2
    for x in (X.astype("f4"), X.astype("f2"), X.astype("g"), np.array([1, 2]), X.astype(">f8"), X.astype(complex)):
        assert (op.apply(Variable(x)).data > 50).all()


@compiled
def test_numbers_beside_arrays(register):
    mul = _kernels.mul
    kernel = Kernel(mul.forward, mul.backward, mul.reads)
    op = register(op_with(kernel))
    for x in (X, X.astype("f4")):
        for y in (op.apply(Variable(x), 2.5), op.apply(2.5, Variable(x))):
            assert y.dtype == x.dtype
            np.testing.assert_array_equal(y.data, x * 2.5)


@compiled
def test_loops_that_change_their_args(register):
    kernel = Kernel(loop(lambda a, b: a * b + 1, changes_args=True),
                    (loop(lambda gy, a, b, y: gy * b, changes_args=True), loop(lambda gy, a, b, y: gy * a, changes_args=True)))
    a, b = np.arange(12.0).reshape(3, 4), np.arange(1.0, 4).reshape(3, 1)
    for left, right, axes in ((a, a + 1, ()), (a, b, 1), (a[:, ::2], b, 1), (a, a[1, 1:2], (0, 1)), (a[0], a[1, ::-1], ())):
        y, gl, gr = run(register, kernel, left, right)
        np.testing.assert_array_equal(y, left * right + 1)
        np.testing.assert_array_equal(gl, np.broadcast_to(right, y.shape))
        np.testing.assert_array_equal(gr, np.broadcast_to(left, y.shape).sum(axes).reshape(right.shape))


@compiled
@pytest.mark.parametrize("name", ["erf", "expit", "log1p", "j0", "gammaln", "exp2"])
def test_scipy(register, name):
    special = pytest.importorskip("scipy.special")
    function = getattr(special, name)
    x = np.linspace(0.5, 3, 60).reshape(3, 20)
    for a in (x, x[:, ::3], x[1], x[1, 1]):
        y, gx = run(register, Kernel(function, loop(lambda gy, x, y: gy)), np.asarray(a))
        np.testing.assert_allclose(y, function(a), rtol=1e-15)
        np.testing.assert_array_equal(gx, np.ones_like(a))


@compiled
def test_a_scipy_function_reaches_its_op(register):
    """A function of scipy.special with a gradient for one operand: xlogy(a, b) of a constant a."""
    special = pytest.importorskip("scipy.special")
    kernel = Kernel(special.xlogy, (None, loop(lambda gy, a, b, y: gy * a / b)))

    op = op_with(kernel)
    op.numpy = (special.xlogy,)
    register(op)
    b = Variable(np.array([1.0, 2.0]))
    y = special.xlogy(np.array([3.0, 4.0]), b)
    y.backward()
    np.testing.assert_allclose(b.grad, [3, 2])


@compiled
def test_capsules(register):
    div = _kernels.div
    assert "capsule" in type(div.forward[0]).__name__.lower()
    a, b = X, np.linspace(1, 2, 7)
    y, ga, gb = run(register, Kernel(div.forward, div.backward, div.reads), a, b)
    np.testing.assert_array_equal(y, a / b)
    np.testing.assert_array_equal(ga, 1 / b)
    np.testing.assert_allclose(gb, -a / b ** 2, rtol=1e-15)


def capsule(name, pointer=1, context=0):
    """A capsule of this name, as any C code may make it."""
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    keep.append(name)
    made = new(pointer, name, None)
    if context:
        ctypes.pythonapi.PyCapsule_SetContext(ctypes.py_object(made), ctypes.c_void_p(context))
    return made


keep = []


@compiled
def test_a_capsule_with_data(register):
    """What the capsule has for context is the loop's `data`."""
    factor = ctypes.c_double(3.0)

    def scale(args, n, steps, data):
        for i in range(n[0]):
            x = ctypes.c_double.from_address(args[0] + i * steps[0]).value
            ctypes.c_double.from_address(args[1] + i * steps[1]).value = x * ctypes.c_double.from_address(data).value

    native = LOOP(scale)
    made = capsule(b"d->d", ctypes.cast(native, ctypes.c_void_p).value, ctypes.addressof(factor))
    y, gx = run(register, Kernel(made, loop(lambda gy, x, y: 3 * gy)), X)
    np.testing.assert_array_equal(y, 3 * X)


@compiled
def test_pointers_of_ctypes(register):
    forward, types = SIN["backward"][0], "ddd->d"
    address = ctypes.cast(forward, ctypes.c_void_p)
    for pointer in (forward, address, address.value, np.intp(address.value)):
        y, gx = run(register, Kernel(np.sin, (pointer, types)), X)
        np.testing.assert_allclose(gx, np.cos(X), rtol=1e-15)


@compiled
def test_pointers_of_cffi(register):
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    kind = "void(char **, const ssize_t *, const ssize_t *, void *)"

    @ffi.callback(kind)
    def slope(args, n, steps, data):
        for i in range(n[0]):
            gy, x = (ffi.cast("double *", args[k] + i * steps[k])[0] for k in (0, 1))
            ffi.cast("double *", args[3] + i * steps[3])[0] = gy * np.cos(x)

    for pointer in (slope, ffi.cast("void *", slope), int(ffi.cast("intptr_t", slope))):
        y, gx = run(register, Kernel(np.sin, (pointer, "ddd->d")), X)
        np.testing.assert_allclose(gx, np.cos(X), rtol=1e-15)


@compiled
def test_numba(register):
    numba = pytest.importorskip("numba")

    @numba.vectorize(["float64(float64)", "float32(float32)"])
    def twice(x):
        return 2 * x

    types = numba.types
    arrays = types.CPointer(types.CPointer(types.float64))      # contiguous ones: numba has no arithmetic on addresses
    @numba.cfunc(types.void(arrays, types.CPointer(types.intp), types.CPointer(types.intp), types.voidptr))
    def slope(args, n, steps, data):
        for i in range(n[0]):
            args[3][i] = 2 * args[0][i]

    y, gx = run(register, Kernel(twice, (slope, "ddd->d")), X)
    np.testing.assert_array_equal(y, 2 * X)
    np.testing.assert_array_equal(gx, np.full(7, 2.0))


LOOP_TYPES = None, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_ssize_t), ctypes.POINTER(ctypes.c_ssize_t), ctypes.c_void_p
NUMBERS = ctypes.c_double, ctypes.c_float, ctypes.c_longdouble


def refused(pointer, types="d->d"):
    with pytest.raises(TypeError, match=r"Kernel: forward: .* is a function .*, and no inner loop: wanted the address of a NumPy inner loop"):
        Kernel((pointer, types), "+")


class TestFunctionsOfNumbers:
    """A scalar C function called as a loop would read addresses as numbers: it is refused where anything tells."""

    @pytest.mark.parametrize("number", NUMBERS)
    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_of_ctypes(self, number, count):
        refused(ctypes.CFUNCTYPE(number, *[number] * count)(lambda *xs: 0.0))
        refused(ctypes.CFUNCTYPE(None, *[number] * count)(lambda *xs: None))

    def test_loops_of_ctypes(self):
        for types in (LOOP_TYPES, (None, *[ctypes.c_void_p] * 4)):
            native = ctypes.CFUNCTYPE(*types)(lambda *xs: None)
            assert Kernel((native, "d->d"), "+").types == ("d",)
        refused(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda x: None))

    @pytest.mark.skipif(sys.platform == "win32", reason="the C library is found otherwise there")
    def test_of_the_c_library(self):
        process = ctypes.CDLL(None)
        refused(process.sin)
        refused(ctypes.cast(process.exp, ctypes.c_void_p))
        refused(ctypes.cast(process.cos, ctypes.c_void_p).value)
        refused(process.sinf, "f->f")
        typed = ctypes.CDLL(None).tan
        typed.restype = ctypes.c_double
        refused(typed)

    def test_of_cffi(self):
        ffi = pytest.importorskip("cffi").FFI()
        refused(ffi.callback("double(double)")(lambda x: x))
        refused(ffi.cast("float(*)(float, float)", 4096), "ff->f")
        assert Kernel((ffi.cast("void(*)(char **, ssize_t *, ssize_t *, void *)", 4096), "d->d"), "+").types == ("d",)

    def test_of_numba(self):
        numba = pytest.importorskip("numba")
        refused(numba.cfunc("float64(float64)")(lambda x: 2 * x))
        refused(numba.cfunc("float32(float32)")(lambda x: 2 * x), "f->f")


# -- the C header


SQUARE = r"""
#include "dezero.h"

static inline double square(double x) { return x * x; }
static inline float square_f(float x) { return x * x; }
static inline double slope(double gy, double x) { return 2 * gy * x; }
static inline float slope_f(float gy, float x) { return 2 * gy * x; }
static inline double three(double a, double b, double c) { return a * b + c; }
static inline double four(double a, double b, double c, double d) { return a * b + c * d; }

EXPORT void forward_d(DEZERO_ARGS) { (void)data; dezero_each_1(square, args, n, steps, 0, 1); }
EXPORT void forward_s(DEZERO_ARGS) { (void)data; dezero_each_1_f(square_f, args, n, steps, 0, 1); }
EXPORT void backward_d(DEZERO_ARGS) { (void)data; dezero_each_2(slope, args, n, steps, 0, 1, 3); }
EXPORT void backward_s(DEZERO_ARGS) { (void)data; dezero_each_2_f(slope_f, args, n, steps, 0, 1, 3); }
EXPORT void three_d(DEZERO_ARGS) { (void)data; dezero_each_3(three, args, n, steps, 2, 1, 0, 3); }
EXPORT void four_d(DEZERO_ARGS) { (void)data; dezero_each_4(four, args, n, steps, 0, 1, 2, 3, 4); }
"""

MODULE = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define EXPORT static
""" + SQUARE + r"""
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "header_module", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_header_module(void)
{
    PyObject *m = PyModule_Create(&module);
    if (m == NULL) return NULL;
    PyModule_AddObject(m, "forward", Py_BuildValue("[NN]", dezero_capsule(forward_d, "d->d", NULL), dezero_capsule(forward_s, "f->f", NULL)));
    PyModule_AddObject(m, "backward", Py_BuildValue("[NN]", dezero_capsule(backward_d, "ddd->d", NULL), dezero_capsule(backward_s, "fff->f", NULL)));
    PyModule_AddObject(m, "null", dezero_capsule(NULL, "d->d", NULL));
    PyErr_Clear();
    (void)three_d, (void)four_d;
    return m;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The loops above as a library that knows nothing of Python."""
    path = built(tmp_path_factory.mktemp("library"), "loops", "#define EXPORT\n" + SQUARE, python=False, flags=["-Wextra", "-std=c99"])
    return ctypes.CDLL(str(path))


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    path = built(tmp_path_factory.mktemp("module"), "header_module", MODULE)
    spec = importlib.util.spec_from_file_location("header_module", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_header_is_where_get_include_says():
    header = Path(dezero.get_include(), "dezero.h")
    assert header.is_file() and header.is_absolute()
    text = header.read_text()
    assert f"#define DEZERO_ABI_MAJOR {_kernels.signature.ABI[0]}\n" in text
    assert f"#define DEZERO_ABI_MINOR {_kernels.signature.ABI[1]}\n" in text


def test_the_header_in_a_library_without_python(library, register):
    kernel = Kernel([(library.forward_d, "d->d"), (library.forward_s, "f->f")],
                    [(library.backward_d, "ddd->d"), (library.backward_s, "fff->f")], ((0,),))
    assert kernel.types == ("d", "f")
    check_op(squared(kernel))


def squared(kernel):
    class Squared(Function):
        """y = x²;   ∂y/∂x = 2x"""

        name = "k_squared"

        def forward(self, x):
            return x * x

        def backward(self, gy):
            return 2 * gy * self.inputs[0]

    Squared.kernel = kernel
    return Squared


def test_the_header_in_a_module(module, register):
    assert repr(module.forward[0]).startswith('<capsule object "d->d@1.0" at')
    assert not hasattr(module, "null")
    check_op(squared(Kernel(module.forward, module.backward, ((0,),))))


def test_loops_of_the_header(library):
    """All strides and all numbers of formulas' arguments, called as the engine calls them."""
    def call(function, steps, *arrays):
        args = (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])
        function(args, (ctypes.c_ssize_t * 1)(len(arrays[-1]) * 8 // steps[-1]), (ctypes.c_ssize_t * len(steps))(*steps), None)

    a, b, c, d = (np.arange(1.0, 13) * k for k in (1, 10, 100, 1000))
    for steps in ((8, 8, 8, 8), (8, 0, 8, 8), (0, 8, 8, 8), (16, 8, 8, 16), (8, 16, 0, 16), (0, 0, 0, 8)):
        taken = [np.broadcast_to(x[0], 12) if s == 0 else x[::s // 8] for x, s in zip((a, b, c), steps)]
        n = min(len(x) for x in taken) if steps[3] == 8 else 6
        y = np.zeros(n * steps[3] // 8)
        call(library.three_d, steps, a, b, c, y)
        np.testing.assert_array_equal(y[::steps[3] // 8], (taken[2][:n] * taken[1][:n] + taken[0][:n]))
    for steps in ((8, 8, 8, 8, 8), (8, 0, 8, 0, 8)):
        y = np.zeros(12)
        call(library.four_d, steps, a, b, c, d, y)
        left = [x if s else x[0] for x, s in zip((a, b, c, d), steps)]
        np.testing.assert_array_equal(y, left[0] * left[1] + left[2] * left[3])


# -- Cython


UFUNCS = """
# cython: language_level=3, cdivision=True
cimport cython
cimport numpy as cnp
cnp.import_array()
cnp.import_ufunc()

@cython.ufunc
cdef cython.floating forward(cython.floating x) noexcept nogil:
    return x / (1 + x * x)

@cython.ufunc
cdef cython.floating backward(cython.floating gy, cython.floating x, cython.floating y) noexcept nogil:
    return gy * (1 - x * x) / ((1 + x * x) * (1 + x * x))
"""


@pytest.fixture(scope="module")
def cython_ufuncs(tmp_path_factory):
    pytest.importorskip("Cython")
    compiler()
    folder = tmp_path_factory.mktemp("cython")
    (folder / "cython_ufuncs.pyx").write_text(UFUNCS)
    done = subprocess.run([sys.executable, "-m", "cython", "-3", "cython_ufuncs.pyx"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    source = (folder / "cython_ufuncs.c").read_text()
    path = built(folder, "cython_ufuncs", source, flags=["-w", "-DNPY_NO_DEPRECATED_API=NPY_1_7_API_VERSION"])
    spec = importlib.util.spec_from_file_location("cython_ufuncs", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_ufuncs_of_cython(cython_ufuncs, register):
    class Witch(Function):
        name = "k_witch"
        kernel = Kernel(cython_ufuncs.forward, cython_ufuncs.backward)

        def forward(self, x):
            return x / (1 + x * x)

        def backward(self, gy):
            x, = self.inputs
            return gy * (1 - x * x) / (1 + x * x) ** 2

    assert Witch.kernel.types == ("d", "f")
    check_op(Witch)


# -- how they are called


@compiled
def test_every_way_to_an_op_runs_its_loops(register):
    class LogAddExp(Function):
        name = "k_logaddexp"
        operators = ("__rshift__",)
        numpy = (np.logaddexp,)
        kernel = Kernel(np.logaddexp, (None, None))

        def forward(self, a, b):
            raise AssertionError("the reference ran, not the loop")

    register(LogAddExp)
    a, b = Variable(X), np.ones(7)
    for y in (F.k_logaddexp(a, b), a.k_logaddexp(b), a >> b, b >> a, np.logaddexp(a, b), np.logaddexp(b, a), LogAddExp.apply(b, a)):
        np.testing.assert_allclose(y.data, np.logaddexp(X, 1), rtol=1e-15)
        assert type(y.creator) is LogAddExp


@compiled
def test_a_gradient_that_nobody_wants_is_not_run(register):
    calls = []

    def counted(gy, a, b, y):
        calls.append(1)
        return gy

    kernel = Kernel(np.add, (loop(counted), loop(lambda gy, a, b, y: gy)))
    op = register(op_with(kernel))
    y = op.apply(X, Variable(X))
    y.backward()
    assert calls == []
    op.apply(Variable(X), X).backward()
    assert calls


@compiled
def test_what_no_gradient_reads_is_not_kept(register):
    op = register(op_with(Kernel(np.add, (loop(lambda gy, a, b, y: gy), loop(lambda gy, a, b, y: gy)), ((), ()))))
    x = Variable(np.ones(1000))
    middle = op.apply(x, x)
    y = op.apply(middle, middle)
    array = weakref.ref(middle.data)
    del middle
    assert array() is None
    y.backward()
    np.testing.assert_array_equal(x.grad, np.full(1000, 4.0))


@compiled
def test_a_loop_gets_aligned_native_data_and_at_least_one_element(register):
    counts = []

    def spy(args, n, steps, data):
        counts.append(n[0])
        assert args[0] % 8 == args[1] % 8 == 0
        for i in range(n[0]):
            ctypes.c_double.from_address(args[1] + i * steps[1]).value = ctypes.c_double.from_address(args[0] + i * steps[0]).value

    native = LOOP(spy)
    op = register(op_with(Kernel((native, "d->d"), "+"), lambda self, x: x + 0))
    unaligned = np.zeros(81, np.uint8)[1:].view("f8")
    for x in (X, np.empty((0, 3)), np.empty(0), unaligned, X.astype(">f8"), np.array(1.0), X[::2], np.broadcast_to(X[:1], (2, 3))):
        np.testing.assert_array_equal(op.apply(Variable(x)).data, x)
    assert counts and min(counts) >= 1


@compiled
def test_a_kernel_keeps_its_loops_alive(register):
    native, types = loop(lambda x: x + 1)
    alive = weakref.ref(native)
    op = register(op_with(Kernel((native, types), "+")))
    del native
    assert alive() is not None
    np.testing.assert_array_equal(op.apply(Variable(X)).data, X + 1)


@compiled
def test_more_than_two_operands_run_on_the_reference(register):
    class Three(Function):
        name = "k_three"
        kernel = Kernel(loop(lambda a, b, c: 0.0), ("+", "+", "+"))

        def forward(self, a, b, c):
            return a + b + c

        def backward(self, gy):
            return gy, gy, gy

    check_op(Three)


# -- what is refused


GUFUNC = np.matmul
OBJECTS = np.frompyfunc(lambda x: x, 1, 1)


@pytest.mark.parametrize("forward, backward, reads, words", [
    ("sin", "+", None, "forward: 'sin' is no loop: wanted a NumPy ufunc, a PyCapsule"),
    (None, "+", None, "forward: None is no loop"),
    ("+", "+", None, "forward: '+' is no loop"),
    (len, "+", None, "forward: <built-in function len> is no loop"),
    (np.sin, len, None, "backward of operand 0: <built-in function len> is no loop"),
    (np.sin, (), None, "backward is empty"),
    (np.sin, ("+", "+"), None, "forward: <ufunc 'sin'> has no loop dd->d or ff->f; it has "),
    (np.add, "+", None, "forward: <ufunc 'add'> has no loop d->d"),
    (np.sin, np.cos, None, "backward of operand 0: <ufunc 'cos'> has no loop ddd->d or fff->f; it has e->e, "),
    (np.sin, np.cos, None, "a gradient takes gy, the inputs and the output"),
    (np.add, ("+", np.add), None, "backward of operand 1: <ufunc 'add'> has no loop dddd->d"),
    (GUFUNC, ("+", "+"), None, "has core dimensions (n?,k),(k,m?)->(n?,m?): only elementwise ufuncs"),
    (np.modf, "+", None, "gives 2 results"),
    (OBJECTS, "+", None, "has no loop d->d or f->f; it has O->O"),
    (np.gcd, ("+", "+"), None, "has no loop dd->d"),
    (np.isnan, "+", None, "has no loop d->d"),
    ([], "+", None, "forward: [] has no loop d->d or f->f; it has none"),
    ([np.sin, 3], "+", None, "forward: 3 is no loop"),
    ((1, "ddd->d"), "+", None, "has no loop d->d or f->f; it has ddd->d"),
    ((1, "nonsense"), "+", None, "it has nonsense"),
    ((1, "d->f"), "+", None, "it has d->f"),
    ((1, "df->d"), ("+", "+"), None, "it has df->d"),
    ((0, "d->d"), "+", None, "0 is no address of a function"),
    ((-1, "d->d"), "+", None, "-1 is no address"),
    ((2 ** 64, "d->d"), "+", None, "is no address"),
    ((True, "d->d"), "+", None, "True is no address: wanted a number, a ctypes or cffi function pointer"),
    ((1.5, "d->d"), "+", None, "1.5 is no address"),
    ((None, "d->d"), "+", None, "None is no address"),
    ((len, "d->d"), "+", None, "<built-in function len> is no address"),
    ((ctypes.c_void_p(), "d->d"), "+", None, "0 is no address"),
    ((np.sin, "d->d"), "+", None, "<ufunc 'sin'> is no address"),
    ((1, 2), "+", None, "forward: (1, 2) is no loop"),
    ((1, "d->d", 0), "+", None, "is no loop"),
    ((1, "d->d"), (2, "fff->f"), None, "no type has all loops: forward for float64; backward of operand 0 for float32"),
    (capsule(b"nonsense"), "+", None, "has no loop d->d or f->f; it has nonsense"),
    (capsule(None), "+", None, "has no name: a capsule that holds a loop is named by its types"),
    (capsule(b"d->d@2.0"), "+", None, "was made with version 2.0 of dezero.h, this dezero has 1.0: build the package anew"),
    (capsule(b"d->d@1.1"), "+", None, "was made with version 1.1 of dezero.h, this dezero has 1.0"),
    (capsule(b"d->d@0.9"), "+", None, "was made with version 0.9"),
    (capsule(b"d->d@one"), "+", None, "the version 'one' is none such as \"1.0\""),
    (capsule(b"d->d@"), "+", None, "the version '' is none"),
    (np.sin, "+", (), "reads=(): wanted 1 tuples"),
    (np.sin, "+", ((0,), (1,)), "wanted 1 tuples"),
    (np.sin, "+", ((2,),), "wanted 1 tuples, one for each operand, of places 0 to 1 among (*inputs, output)"),
    (np.sin, "+", ((-1,),), "of places 0 to 1"),
    (np.sin, "+", (("x",),), "of places 0 to 1"),
    (np.sin, "+", (0,), "reads=(0,)"),
    (np.sin, "+", 5, "reads=5"),
    (np.sin, "x0", None, "\"x0\" and \"x1\" are for kernels of two operands; this one has 1"),
    (np.add, ("x2", "x0"), None, "backward of operand 0: 'x2' is no loop"),
])
def test_what_is_refused(forward, backward, reads, words):
    with pytest.raises(TypeError) as caught:
        Kernel(forward, backward, reads)
    assert str(caught.value).startswith("Kernel: ") and words in str(caught.value)


@pytest.mark.parametrize("name", ["d->d", "d->d@1.0"])
def test_names_of_capsules(name):
    assert Kernel(capsule(name.encode()), "+").types == ("d",)


def test_what_a_kernel_says_of_itself():
    kernel = Kernel(np.sin, "+", [[0]])
    assert repr(kernel) == "Kernel(forward=<ufunc 'sin'>, backward='+')"
    assert (kernel.nin, kernel.reads, kernel.types, kernel.forward) == (1, ((0,),), ("d", "f"), np.sin)
    assert Kernel(np.add, ("+", None)).reads == ((0, 1, 2), (0, 1, 2))
    assert Kernel(np.multiply, ("x1", "x0")).reads == Kernel(np.multiply, ("x1", "x0"), ((), (2,))).reads == ((1,), (0,))


def test_the_twin_refuses_the_same():
    """The class of the interpreted form, loaded beside the compiled one."""
    path = Path(dezero.__file__).parent / "_kernels" / "nodes.py"
    spec = importlib.util.spec_from_file_location("dezero._kernels.nodes_twin", path)
    twin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(twin)
    made = twin.Kernel(np.add, ("+", None))
    assert (made.nin, made.reads, made.types) == (2, ((0, 1, 2), (0, 1, 2)), ("d", "f"))
    assert twin.Kernel(np.multiply, ("x1", "x0")).reads == ((1,), (0,))
    for case in test_what_is_refused.pytestmark[0].args[1]:
        forward, backward, reads, words = case
        with pytest.raises(TypeError) as caught:
            twin.Kernel(forward, backward, reads)
        assert words in str(caught.value)
