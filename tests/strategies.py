"""What the tests share: gradients in one line, arrays in every layout, NumPy's own answer to compare with."""

import re
import operator
import os
import subprocess
import sys
from pathlib import Path

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import dezero
import dezero.engine.tape
import dezero.functions as F
from dezero import Variable

COMPILED_ENGINE = not dezero.engine.tape.__file__.endswith(".py")
LONG = 10**6 if COMPILED_ENGINE else 10**5

FLOATS = ["f2", "f4", "f8", "g"]
INTEGERS = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
COMPLEX = ["c8", "c16"]


# ---------------------------------------------------------------- short hands

def variables(*values, dtype=None):
    return [v if isinstance(v, Variable) else Variable(np.array(v, dtype)) for v in values]


def grads(f, *values, dtype=None, gradient=None):
    """The gradients of ``f(*values)``, seeded with ones or with `gradient`."""
    xs = variables(*values, dtype=dtype)
    f(*xs).backward(gradient=gradient)
    return [x.grad for x in xs]


def value_grads(f, *values):
    xs = variables(*values)
    y = f(*xs)
    y.backward()
    return y.data, [x.grad for x in xs]


def chain_of(n):
    """0 + 1 + 1 + …, `n` nodes deep, its leaf held by the graph alone."""
    y = Variable(np.array(0.0))
    for _ in range(n):
        y = y + 1.0
    return y


def run(code, *, env=None, flags=(), timeout=300):
    """`code` in a fresh interpreter that finds the same dezero (-P: not the checkout that pytest runs in); returns the process."""
    home = str(Path(dezero.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-P", *flags, "-c", code], capture_output=True, text=True, timeout=timeout,
        env={**os.environ, "PYTHONPATH": path, **(env or {})},
    )


def assert_runs(code, *, stderr="", **kwargs):
    """`code` ends well and says nothing on stderr (None: may say anything); returns what it printed."""
    done = run(code, **kwargs)
    assert done.returncode == 0, done.stderr
    assert stderr is None or done.stderr == stderr
    return done.stdout


# ---------------------------------------------------------------- what equal means

def told(x):
    """Return the name of a case: its text without addresses, which are others in each process of `pytest -n 2`."""
    return re.sub(r" at 0x\w+", "", repr(x))


def assert_same(got, want, ulps=0):
    """A plain ndarray of the same dtype, shape and values (NaN where NaN, zeros of the same sign)."""
    want = np.asarray(want)
    assert type(got) is np.ndarray
    assert (got.dtype, got.shape) == (want.dtype.newbyteorder("="), want.shape)
    want = want.astype(got.dtype)
    if ulps and want.dtype == np.longdouble:
        np.testing.assert_allclose(got, want, rtol=8 * np.finfo(want.dtype).eps)
        return
    if want.dtype.kind != "f" or not ulps:
        np.testing.assert_array_equal(got, want)
        if want.dtype.kind == "f":
            where = ~np.isnan(want)
            np.testing.assert_array_equal(np.signbit(got)[where], np.signbit(want)[where])
        return
    different = (got != want) & ~(np.isnan(got) & np.isnan(want))
    distance = np.abs(got[different] - want[different]) / np.spacing(np.abs(want[different]))
    assert (distance <= ulps).all(), f"up to {distance.max()} ulps apart"


def assert_gradient(got, want, like, rtol=None):
    """A gradient of variable data `like`: an array of its own, writable, in the shape and dtype that is promised."""
    like = np.asarray(like)
    dtype = like.dtype.newbyteorder("=") if like.dtype.kind in "fc" else np.dtype("f8")
    assert type(got) is np.ndarray
    assert (got.dtype, got.shape) == (dtype, like.shape)
    assert got.dtype.isnative and got.flags.writeable and not np.shares_memory(got, like)
    rtol = rtol or 16 * np.finfo(dtype).eps
    np.testing.assert_allclose(got, np.broadcast_to(want, like.shape), rtol=rtol, atol=rtol)


def coarsest(*dtypes):
    """The largest rounding error among the floats of `dtypes`."""
    return max((float(np.finfo(d).eps) for d in dtypes if np.dtype(d).kind == "f"), default=2.3e-16)


def sum_to(g, shape):
    """The gradient `g` of a broadcast operand, summed over what was broadcast."""
    g = np.asarray(g)
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=stretched, keepdims=True).reshape(shape)


def complex_step(f, xs, directions, h=1e-30):
    """The derivative of `f` (NumPy, analytic) along `directions`, to the last digit."""
    return f(*[x + 1j * h * d for x, d in zip(xs, directions)]).imag / h


def central_difference(f, xs, directions, h=1e-6):
    """The derivative of `f` (NumPy) along `directions`, for what complex numbers cannot walk through."""
    up, down = ([x + s * h * d for x, d in zip(xs, directions)] for s in (1, -1))
    return (f(*up) - f(*down)) / (2 * h)


# ---------------------------------------------------------------- arrays

def unaligned(a):
    raw = np.empty(a.nbytes + a.itemsize + 1, "u1")
    start = 1 + (-raw.ctypes.data) % a.itemsize
    out = raw[start:start + a.nbytes].view(a.dtype).reshape(a.shape)
    out[...] = a
    assert a.itemsize == 1 or not a.size or not out.flags.aligned
    return out


def spread(a):
    out = np.full([2 * n + 1 for n in a.shape], 77, a.dtype)[(..., *(slice(1, 2 * n + 1, 2) for n in a.shape))]
    out[...] = a
    return out


def reversed_strides(a):
    back = (..., *[slice(None, None, -1)] * a.ndim)
    return a[back].copy()[back]


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def inside(a):
    """In the middle of a bigger array: rows do not follow each other."""
    out = np.full([n + 3 for n in a.shape], 77, a.dtype)[(..., *(slice(1, n + 1) for n in a.shape))]
    out[...] = a
    return out


LAYOUTS = {
    "C": lambda a: a.copy("C"),
    "Fortran": lambda a: a.copy("F"),
    "reversed": reversed_strides,
    "every-second": spread,
    "inside": inside,
    "read-only": read_only,
    "unaligned": unaligned,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder("S")),
    "swapped-unaligned": lambda a: unaligned(a.astype(a.dtype.newbyteorder("S"))),
}


def laid_out(name, a):
    out = LAYOUTS[name](a)
    assert type(out) is np.ndarray and out.shape == a.shape and (out == a).all()
    return out


layouts = st.sampled_from(sorted(LAYOUTS))


@st.composite
def operands(draw, count=2, dtype="f8", low=0.5, high=2.0, signed=True, max_dims=3, max_side=4):
    """`count` arrays that broadcast with each other, of any layout, size 0 and 0-d among them."""
    shapes = draw(hnp.mutually_broadcastable_shapes(
        num_shapes=count, min_dims=0, max_dims=max_dims, min_side=0, max_side=max_side)).input_shapes
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    out = []
    for shape in shapes:
        a = rng.uniform(low, high, shape)
        a = a * rng.choice([-1, 1], shape) if signed else a
        out.append(laid_out(draw(layouts), np.asarray(a, dtype)))
    return out


# ---------------------------------------------------------------- the seven ops as NumPy knows them

class Op:
    """One elementwise op: how it is written, NumPy's function, and its partial derivatives in NumPy."""

    def __init__(self, name, symbol, ufunc, partials, ulps=0, signed=True):
        self.name, self.symbol, self.ufunc, self.partials = name, symbol, ufunc, partials
        self.ulps, self.signed = ulps, signed
        self.count = ufunc.nin
        self.cls = getattr(dezero, name.capitalize())

    def __repr__(self):
        return self.name

    def __call__(self, *xs):
        return self.symbol(*xs)

    def operands(self, rng, *shapes, dtype="f8"):
        """Values at which the op and its partials are finite in every dtype."""
        dtype = np.dtype(dtype)
        out = []
        for shape in shapes:
            if dtype.kind == "b":
                a = rng.integers(0, 2, shape)
            elif dtype.kind in "iu":
                a = rng.integers(1, 5, shape)
            else:
                a = rng.uniform(0.5, 2, shape)
                a = a * rng.choice([-1, 1], shape) if self.signed else a
            out.append(np.asarray(a).astype(dtype))
        return out


ADD = Op("add", operator.add, np.add, lambda x, y: (1, 1))
SUB = Op("sub", operator.sub, np.subtract, lambda x, y: (1, -1))
MUL = Op("mul", operator.mul, np.multiply, lambda x, y: (y, x))
DIV = Op("div", operator.truediv, np.divide, lambda x, y: (1 / y, -x / y / y), ulps=1)
POW = Op("pow", operator.pow, np.power, lambda x, y: (y * x ** (y - 1), x**y * np.log(x)), ulps=2, signed=False)
NEG = Op("neg", operator.neg, np.negative, lambda x: (-1,))
SQUARE = Op("square", dezero.square, np.square, lambda x: (2 * x,))
BINARY, UNARY = [ADD, SUB, MUL, DIV, POW], [NEG, SQUARE]
SEVEN = BINARY + UNARY

SHAPES = [(), (1,), (7,), (2, 3), (2, 1, 3), (0,), (0, 3), (2, 0, 4)]
PAIRS = [
    ((), ()), ((), (5,)), ((5,), ()), ((5,), (5,)), ((1,), ()), ((), (1,)), ((1,), (5,)), ((5,), (1,)),
    ((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((2, 3), (2, 1)), ((1, 3), (2, 3)),
    ((4, 1, 3), (2, 1)), ((2, 3, 4), (3, 1)), ((0, 1), (1, 3)), ((0,), (1,)), ((0,), ()), ((0, 3), (3,)),
    ((1, 1, 1), (2, 2)), ((3, 1, 1), (1, 4, 5)),
]


def small_integers(op, dtype):
    return op.name == "pow" and np.dtype(dtype).kind in "iub"


class ElementwiseContract:
    """What every elementwise op owes, whatever it computes; a subclass names the `op` and adds its own points."""

    op = None

    def shapes(self):
        return PAIRS if self.op.count == 2 else [(s,) for s in SHAPES]

    def reference(self, *xs):
        with np.errstate(all="ignore"):
            return self.op.ufunc(*xs)

    def check(self, *xs):
        """Value, dtype, gradients and the untouched operands of one call."""
        op = self.op
        before = [x.tobytes() for x in xs]
        vs = [Variable(x) for x in xs]
        y = op(*vs)
        want = self.reference(*xs)
        assert_same(y.data, want, op.ulps)
        assert type(y.creator) is op.cls and y.generation == 1
        assert not any(np.shares_memory(y.data, x) for x in xs)
        gradient = np.linspace(0.5, 1.5, want.size).reshape(want.shape).astype(
            want.dtype if want.dtype.kind == "f" else "f8")
        seed = gradient.tobytes()
        y.backward(gradient=gradient)
        wide = [x.astype("g" if x.dtype == "g" else "f8") for x in xs]
        for v, x, partial in zip(vs, xs, op.partials(*wide)):
            full = np.broadcast_to(partial, want.shape) * gradient
            eps = np.finfo(v.grad.dtype).eps
            assert_gradient(v.grad, sum_to(full, x.shape), x, rtol=64 * eps * max(1, full.size))
            assert not np.shares_memory(v.grad, gradient)
        assert [x.tobytes() for x in xs] == before and gradient.tobytes() == seed

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_shapes(self, rng, dtype):
        for shapes in self.shapes():
            self.check(*self.op.operands(rng, *shapes, dtype=dtype))

    @pytest.mark.parametrize("dtype", ["f2", "g"])
    def test_other_floats(self, rng, dtype):
        for shapes in self.shapes():
            self.check(*self.op.operands(rng, *shapes, dtype=dtype))

    @pytest.mark.parametrize("dtype", ["i1", "i4", "i8", "u1", "u2", "u8"])
    def test_integers(self, rng, dtype):
        for shapes in self.shapes():
            xs = self.op.operands(rng, *shapes, dtype=dtype)
            if self.op.name == "neg" and dtype[0] == "u":
                y = -Variable(xs[0])
                assert_same(y.data, np.negative(xs[0]))
                continue
            if self.op.name == "sub" and dtype[0] == "u":
                xs[0] = np.asarray(xs[0] + xs[0].dtype.type(5))
            self.check(*xs)

    @pytest.mark.parametrize("n", range(68))
    def test_every_length(self, n):
        """Loops that go by blocks have tails."""
        for dtype in ("f4", "f8"):
            xs = [np.arange(1, n + 1, dtype=dtype) / 16, np.arange(n, 0, -1).astype(dtype) / 8]
            self.check(*xs[:self.op.count])

    @pytest.mark.parametrize("layout", sorted(LAYOUTS))
    @pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
    def test_layouts(self, rng, layout, dtype):
        for shape in [(), (5,), (3, 4), (2, 3, 4), (0, 2)]:
            shapes = (shape,) * self.op.count
            self.check(*[laid_out(layout, x) for x in self.op.operands(rng, *shapes, dtype=dtype)])

    def test_each_way_to_write_it(self, rng):
        op, xs = self.op, self.op.operands(rng, *[(3,)] * self.op.count)
        first, rest = Variable(xs[0]), xs[1:]
        results = [
            op(first, *rest), op.cls()(first, *rest), op.cls.apply(first, *rest),
            getattr(dezero, op.name)(first, *rest), getattr(F, op.name)(first, *rest),
            getattr(first, op.name)(*rest), op.ufunc(first, *rest),
        ]
        for y in results:
            assert type(y) is Variable and type(y.creator) is op.cls
            assert_same(y.data, results[0].data)

    def test_determinism(self, rng):
        xs = self.op.operands(rng, *[(37, 3)] * self.op.count)

        def bits():
            vs = [Variable(x) for x in xs]
            y = self.op(*vs)
            y.backward()
            return b"".join([y.data.tobytes(), *[v.grad.tobytes() for v in vs]])

        assert len({bits() for _ in range(20)}) == 1

    def test_nan_stays_where_it_is(self, rng):
        xs = self.op.operands(rng, *[(9,)] * self.op.count)
        xs[0][4] = np.nan
        vs = [Variable(x) for x in xs]
        y = self.op(*vs)
        y.backward()
        others = np.arange(9) != 4
        assert np.isnan(y.data[4]) and np.isfinite(y.data[others]).all()
        assert all(np.isfinite(v.grad[others]).all() for v in vs)

    def test_an_infinite_block_of_large_arrays(self, rng):
        """Past every block size, prefetch and switch to released locks; odd length."""
        xs = self.op.operands(rng, *[(300_001,)] * self.op.count)
        self.check(*xs)

    def test_complex(self, rng):
        """Forward as NumPy; back along a direction, on arrays and on Variables, but not without a gradient to begin with."""
        for dtype in COMPLEX:
            xs = [x.astype(dtype) + 1j for x in self.op.operands(rng, *[(3,)] * self.op.count)]
            xs = [x.astype(dtype) for x in xs]
            vs = [Variable(x) for x in xs]
            y = self.op(*vs)
            assert y.dtype == self.op.ufunc(*xs).dtype
            np.testing.assert_allclose(y.data, self.op.ufunc(*xs), rtol=1e-5)
            with pytest.raises(dezero.errors.DTypeError, match="complex"):
                y.backward()
            assert [v.grad for v in vs] == [None] * len(vs)
            w = (rng.normal(size=3) + 1j * rng.normal(size=3)).astype(dtype)
            directions = [rng.normal(size=3) + 1j * rng.normal(size=3) for _ in xs]
            wide = [x.astype("c16") for x in xs]
            slope = (np.conj(w) * central_difference(self.op.ufunc, wide, directions)).real.sum()
            for create_graph in (False, True):
                y.backward(gradient=w, create_graph=create_graph)
                gs = [v.grad.data if create_graph else v.grad for v in vs]
                assert all(g.dtype == dtype for g in gs)
                got = sum((np.conj(g) * d).real.sum() for g, d in zip(gs, directions))
                np.testing.assert_allclose(got, slope, rtol=1e-5 if dtype == "c16" else 1e-4, atol=1e-4)
                for v in vs:
                    v.cleargrad()

    @given(st.data())
    def test_any_operands(self, data):
        op = self.op
        self.check(*data.draw(operands(op.count, signed=op.signed)))

    @given(st.data())
    def test_against_the_complex_step(self, data):
        """<gy, J t> = <Jᵀ gy, t> for a random direction."""
        op = self.op
        xs = [np.array(x, "f8") for x in data.draw(operands(op.count, signed=op.signed))]
        rng = np.random.default_rng(data.draw(st.integers(0, 99)))
        directions = [rng.normal(size=x.shape) for x in xs]
        f = op.ufunc if op.name != "pow" else (lambda x, y: np.exp(y * np.log(x)))
        moved = complex_step(f, xs, directions)
        gy = np.asarray(rng.normal(size=np.shape(moved)))
        left = (gy * moved).sum()
        right = sum((g * t).sum() for g, t in zip(grads(op, *xs, gradient=gy), directions))
        scale = 1 + np.abs(gy * moved).sum()
        assert abs(left - right) <= 1e-11 * scale


class BinaryContract(ElementwiseContract):
    """What an op of two operands owes beside."""

    @pytest.mark.parametrize("dtypes", [(a, b) for a in ("f2", "f4", "f8", "i4") for b in ("f4", "f8", "i8") if a != b])
    def test_mixed_dtypes(self, rng, dtypes):
        xs = [self.op.operands(rng, (4,), dtype=dtype)[0] for dtype in dtypes]
        vs = [Variable(x) for x in xs]
        y = self.op(*vs)
        assert_same(y.data, self.reference(*xs), self.op.ulps)
        y.backward()
        for v, x, partial in zip(vs, xs, self.op.partials(*[x.astype("f8") for x in xs])):
            assert_gradient(v.grad, partial, x, rtol=64 * coarsest(*dtypes, y.dtype))

    @pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
    @pytest.mark.parametrize("scalar", [2, 2.5, True, np.float32(1.5), np.float64(1.5), np.int64(3), np.int8(3)])
    def test_a_scalar_on_either_side(self, rng, dtype, scalar):
        a, = self.op.operands(rng, (5,), dtype=dtype)
        for at in (0, 1):
            x = Variable(a)
            args, plain = ((scalar, x), (scalar, a)) if at == 0 else ((x, scalar), (a, scalar))
            y = self.op(*args)
            assert_same(y.data, self.op.symbol(*plain), self.op.ulps + (self.op.name == "pow"))
            y.backward()
            wide = [np.asarray(p, "f8") for p in plain]
            eps = max(np.finfo(dtype).eps, np.finfo(y.dtype).eps)
            assert_gradient(x.grad, self.op.partials(*wide)[1 - at], a, rtol=64 * eps)

    @pytest.mark.parametrize("shapes", PAIRS)
    def test_an_array_on_either_side_is_a_constant(self, rng, shapes):
        a, b = self.op.operands(rng, *shapes)
        for at in (0, 1):
            x = Variable((a, b)[at])
            y = self.op(x, b) if at == 0 else self.op(a, x)
            assert type(y) is Variable and type(y.creator) is self.op.cls
            assert_same(y.data, self.reference(a, b), self.op.ulps)
            y.backward()
            partial = np.broadcast_to(self.op.partials(a, b)[at], y.shape)
            assert_gradient(x.grad, sum_to(partial, x.shape), x.data, rtol=1e-12)

    @pytest.mark.parametrize("layout", sorted(LAYOUTS))
    def test_layouts_meet_each_other(self, rng, layout):
        for other in LAYOUTS:
            a, b = self.op.operands(rng, (3, 4), (4,), dtype="f8")
            self.check(laid_out(layout, a), laid_out(other, b))

    def test_the_same_variable_twice(self, rng):
        a, = self.op.operands(rng, (4,))
        a = np.abs(a)
        g, = grads(lambda x: self.op(x, x), a)
        assert_gradient(g, sum(np.broadcast_to(p, a.shape) for p in self.op.partials(a, a)), a)

    @pytest.mark.parametrize("shapes", [((0,), (2,)), ((2,), (3,)), ((2, 3), (3, 2)), ((4, 1, 3), (2, 2))])
    def test_shapes_that_do_not_broadcast(self, shapes):
        a, b = (np.ones(shape) for shape in shapes)
        for args in [(Variable(a), Variable(b)), (Variable(a), b), (a, Variable(b))]:
            with pytest.raises(ValueError) as e:
                self.op(*args)
            text = str(e.value).replace(", ", ",")
            assert all(str(shape).replace(", ", ",") in text for shape in shapes), e.value
            assert self.op.name in str(e.value).lower() or self.op.ufunc.__name__ in str(e.value), e.value

    def test_augmented_rebinds(self, rng):
        if self.op.name == "pow":
            step = operator.ipow
        else:
            step = getattr(operator, {"add": "iadd", "sub": "isub", "mul": "imul", "div": "itruediv"}[self.op.name])
        a, b = self.op.operands(rng, (3,), (3,))
        x = first = Variable(a)
        kept = a.copy()
        x = step(x, b)
        assert x is not first and type(x.creator) is self.op.cls
        assert first.data is a and (a == kept).all()
        assert_same(x.data, self.reference(a, b), self.op.ulps)

    @pytest.mark.parametrize("other", ["a", b"a", None, [1.0], (1.0,), {}, {1.0}, object(), print, 1 .__class__])
    def test_strangers_are_no_operands(self, other):
        x = Variable(np.array([1.0]))
        for args in [(x, other), (other, x)]:
            with pytest.raises(TypeError):
                self.op(*args)
        assert x.grad is None and x.generation == 0

    def test_a_stranger_has_its_turn(self):
        method = {"add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "pow": "pow"}[self.op.name]

        def mine(self, other, *mod):
            return "mine", type(other)

        stranger = type("Stranger", (), {f"__{method}__": mine, f"__r{method}__": mine})()
        x = Variable(np.array([1.0]))
        assert self.op(x, stranger) == ("mine", Variable)
        assert self.op(stranger, x) == ("mine", Variable)

    def test_a_scalar_never_raises_the_generation(self):
        x = Variable(np.array(2.0))
        y = self.op(self.op(x, 2.0), x)
        assert (y.generation, y.creator.generation) == (2, 1)


class UnaryContract(ElementwiseContract):
    """What an op of one operand owes beside."""


def assert_rearranged(rng, f, a):
    """f is of a Variable what NumPy makes of the array, of its own memory, and its gradient goes back to each place."""
    x = Variable(a)
    y, wanted = f(x), f(a)
    assert type(y) is Variable and y.creator is not None
    np.testing.assert_array_equal(y.data, wanted, strict=a.dtype.isnative)
    assert not np.shares_memory(y.data, a)
    g = rng.normal(size=wanted.shape)
    y.backward(gradient=g)
    g_in_place = np.zeros(a.size)
    g_in_place[f(np.arange(a.size).reshape(a.shape)).ravel().astype(int)] = g.ravel()
    assert_gradient(x.grad, g_in_place.reshape(a.shape), a, rtol=1e-3 if a.dtype.itemsize == 2 else 1e-6)
