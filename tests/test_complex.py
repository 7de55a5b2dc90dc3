"""Complex numbers: every built-in op, `.grad` and the transforms, beside finite differences and, where it is installed, JAX.

Inside the engine, in rules and in the transforms a gradient g is transposed, du = Re(g dz); `.grad` and gradient= are its conjugate,
du = Re(conj(.grad) dz), the direction of ascent.  `docs/complex.md` has the table, `test_complex_table.py` its cells.
"""
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import dezero
import dezero.functions as F
from dezero import Variable, grad, hessian, hvp, jacobian, jvp, rule, value_and_grad, vjp
from dezero.errors import DTypeError, GradientError
from dezero.ops.conj import imag_part, real_part
from dezero.testing import check_grads, check_op

C = complex


def draw(shape=(), seed=0, dtype="c16"):
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=shape) + 1j * rng.normal(size=shape), dtype)


def real(shape=(), seed=0):
    return np.asarray(np.random.default_rng(seed).uniform(0.5, 2.0, shape))


# ---------------------------------------------------------------- every built-in op

def one(sample):
    sample(sample.array(2, 3, dtype=C))


def two(sample):
    sample(sample.array(2, 3, dtype=C), sample.array(2, 3, dtype=C))
    sample(sample.array(2, 3), sample.array(2, 3, dtype=C))
    sample(sample.array(2, 3, dtype=C), sample.array(2, 3, low=0.5))


def powers(sample):
    exponents = {"low": 1.2, "high": 2.5}
    sample(sample.array(2, 3, dtype=C), sample.array(2, 3, **exponents, dtype=C))
    for low, high in ((0.5, 2.0), (-2.0, -0.5)):
        sample(sample.array(2, 3, low=low, high=high), sample.array(2, 3, **exponents, dtype=C))
    sample(sample.array(2, 3, dtype=C), sample.array(2, 3, **exponents))
    for c in (3.0, 2, 4.5 - 1j):
        sample(sample.array(2, 3, dtype=C), c=c)


def sums(sample):
    one(sample)
    sample(sample.array(2, 3, dtype=C), axis=0)
    sample(sample.array(2, 3, dtype=C), axis=1, keepdims=True, dtype="c16", initial=2j, where=np.array([[True], [False]]))


def indices(sample):
    for index in (1, (slice(None), -1), [2, 0, 2]):
        sample(sample.array(3, 3, dtype=C), index)


def packs(sample):
    xs = [sample.array(dtype=C), sample.array(), sample.array(dtype=C)]
    sample(xs, np.array([3, 0, 1]), np.ones((2, 2), C), (2, 2))
    sample([sample.array(3, dtype=C), sample.array(2)], (1, (0, slice(1, 3))), np.ones((), C), (3, 3), "F")


def assigns(sample):
    sample(sample.array(3, 3, dtype=C), sample.array(3, dtype=C), 1)
    sample(sample.array(3, 3, dtype=C), sample.array(), [2, 0, 2])
    sample(sample.array(3, dtype=C), sample.array(2, dtype=C), [0, 0])


def transposes(sample):
    one(sample)
    sample(sample.array(2, 3, 4, dtype=C), (1, 2, 0))


SAMPLES = {
    "add": two, "sub": two, "mul": two, "div": two, "pow": powers, "neg": one, "square": one, "conj": one, "sum": sums, "getitem": indices,
    "pack": packs, "transpose": transposes, real_part: one, imag_part: one,
    "broadcast_to": lambda sample: sample(sample.array(3, dtype=C), (2, 3)),
    "assign": assigns,
    "scatter": lambda sample: sample(sample.array(3, 2, dtype=C), [2, 0, 2], (3, 2)),
    "reshape": lambda sample: sample(sample.array(3, 2, dtype=C), (2, 3), "F"),
    "flatten": lambda sample: sample(sample.array(3, 2, dtype=C), "F"),
}


@pytest.mark.parametrize("op", SAMPLES, ids=str)
def test_built_in_ops(op):
    check_op(op, SAMPLES[op])


def test_no_built_in_op_is_left_out():
    built_in = {op.name for op in dezero.registry.registry.snapshot.ops if op.dist == "dezero" and op.cls is not None}
    assert built_in == {name for name in SAMPLES if isinstance(name, str)}


PARTS = {
    "x.real": (lambda z: z.real, np.real), "np.real": (np.real, np.real), "F.real": (lambda z: F.real(z), np.real),
    "x.imag": (lambda z: z.imag, np.imag), "np.imag": (np.imag, np.imag), "F.imag": (lambda z: F.imag(z), np.imag),
    "x.conj()": (lambda z: z.conj(), np.conj), "x.conjugate()": (lambda z: z.conjugate(), np.conj), "np.conj": (np.conj, np.conj),
    "F.conjugate": (lambda z: F.conjugate(z), np.conj),
}


@pytest.mark.parametrize("dtype", ["c8", "c16"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 300)])
@pytest.mark.parametrize("way", PARTS)
def test_parts(way, shape, dtype):
    mine, numpys = PARTS[way]
    z = Variable(draw(shape, dtype=dtype))
    y = mine(z)
    assert type(y) is Variable and y.dtype == numpys(z.data).dtype and np.array_equal(y.data, numpys(z.data))
    assert not np.shares_memory(y.data, z.data)
    w = draw(shape, 1, dtype).astype(y.dtype) if y.dtype.kind == "c" else draw(shape, 1, dtype).real
    y.backward(gradient=w)
    wanted = {np.real: w, np.imag: 1j * w, np.conj: np.conj(w)}[numpys]     # torch's: .grad is a direction of ascent
    assert z.grad.dtype == dtype and z.grad.shape == shape
    np.testing.assert_array_equal(z.grad, wanted)


def test_the_same_of_arrays_and_numbers():
    z = draw(3)
    assert np.array_equal(F.real(z), z.real) and np.array_equal(F.imag(z), z.imag) and F.real(2 + 3j) == 2.0 and F.imag(2 + 3j) == 3.0


SCALARS = {"x * 1j": lambda x: x * 1j, "1j * x": lambda x: 1j * x, "x + 1j": lambda x: x + 1j, "1j - x": lambda x: 1j - x,
           "x / 1j": lambda x: x / 1j, "(1+1j) / x": lambda x: (1 + 1j) / x, "(1+2j) ** x": lambda x: (1 + 2j) ** x,
           "x ** (1+2j)": lambda x: x ** (1 + 2j)}


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
@pytest.mark.parametrize("way", SCALARS)
def test_a_complex_number_beside_a_variable(way, shape, dtype):
    """A number never widens: float32 * 1j is complex64.  A real operand keeps a real gradient."""
    f, data = SCALARS[way], np.asarray(draw(shape) + 2 if dtype[0] == "c" else real(shape), dtype)
    x = Variable(data)
    y = f(x)
    assert y.dtype == np.asarray(f(data)).dtype == ("c8" if dtype in ("f4", "c8") else "c16")
    np.testing.assert_allclose(y.data, f(data), rtol=1e-5)
    (y.real * 2.0 + y.imag).sum().backward()
    assert x.grad.dtype == dtype and x.grad.shape == shape
    if dtype in ("f8", "c16"):
        check_grads(f, (data,))
    else:
        wide = Variable(data.astype("f8" if dtype == "f4" else "c16"))
        y = f(wide)
        (y.real * 2.0 + y.imag).sum().backward()
        np.testing.assert_allclose(x.grad, wide.grad, rtol=2e-5)


@pytest.mark.parametrize("a, b", [((), (3,)), ((2, 1), (3,)), ((1,), (2, 3)), ((700, 1), (700,)), ((0, 3), (3,))])
def test_broadcasting(a, b):
    """Real and complex operands, either way round: gradients are summed, in the operand's shape and dtype."""
    for x, z in ((real(a), draw(b)), (draw(a), real(b)), (draw(a), draw(b))):
        vs = Variable(x), Variable(z)
        w = draw(np.broadcast_shapes(a, b), 5)
        (vs[0] * vs[1]).backward(gradient=w)
        for v, other in zip(vs, (z, x)):
            g = w * np.conj(other)
            lead = g.ndim - v.ndim
            g = g.sum(tuple(i for i in range(g.ndim) if i < lead or v.shape[i - lead] == 1)).reshape(v.shape)
            np.testing.assert_allclose(v.grad, g if v.dtype.kind == "c" else g.real, rtol=1e-12, atol=1e-12)
            assert v.grad.dtype == v.dtype


def test_complex64_is_summed_in_double():
    a, b = Variable(np.ones((), "c8")), Variable(np.ones(200_000, "c8"))
    (a + b).backward(gradient=np.full(200_000, 0.1 + 0.1j, "c8"))
    np.testing.assert_allclose(a.grad, 20_000 * (1 + 1j), rtol=1e-7)


class TestPowers:
    @pytest.mark.parametrize("n, slope", [(0, 0.0), (1, 1.0), (2, 0.0), (3.0, 0.0), (2.5 + 1j, 0.0)])
    def test_of_0(self, n, slope):
        assert grad(lambda z: (z ** n).real)(0j) == slope
        assert grad(lambda z, n: (z ** n).real)(0j, np.complex128(n)) == slope

    def test_the_exponent_of_0(self):
        w = np.array([0, 1, 2 + 1j])
        g = grad(lambda w: (0j ** w).real.sum())(w)
        np.testing.assert_array_equal(g, 0)

    def test_the_negative_base_of_a_real_exponent_stays_real(self):
        with np.errstate(invalid="ignore"):
            assert np.isnan(grad(lambda n: (-2.0) ** n)(2.0))
        np.testing.assert_allclose(grad(lambda n: ((-2.0 + 0j) ** n).real)(2.0), (4 * np.log(-2 + 0j)).real)

    @pytest.mark.parametrize("args", [(-1.5, 2 + 1j), (1.5 - 1j, 3.0), (0.3 - 1j, 1 + 2j), (2.0, 1j)])
    def test_of_any_order(self, args):
        check_grads(lambda z, w: z ** w, args, order=3)


# ---------------------------------------------------------------- .grad, gradient=, and what backward refuses

def test_a_small_program_by_hand():
    """d Re(z²): 2 conj(z) uphill, 2z transposed."""
    z = Variable(np.array(1 + 2j))
    (z * z).real.backward()
    assert z.grad == 2 - 4j and grad(lambda z: (z * z).real)(1 + 2j) == 2 + 4j


def test_numbers_that_descend():
    """Gradient descent on |f(z)|² by `z - lr * z.grad`."""
    z = Variable(draw(4))
    a, b = draw((3, 4), 1), draw(3, 2)
    losses = []
    for _ in range(60):
        r = (a * z).sum(axis=1) - b + 0.05 * (z * z).sum()
        loss = (r * r.conj()).real.sum()
        losses.append(float(loss.data))
        z.cleargrad()
        loss.backward()
        z.data = z.data - 0.02 * z.grad
    assert np.all(np.diff(losses) < 0) and losses[-1] < 0.05 * losses[0]


def test_gradient_is_that_of_the_caller():
    """As in torch: of y = z², z.grad = conj(2z) gradient."""
    for dtype in ("c8", "c16"):
        z = Variable(draw(3, dtype=dtype))
        w = draw(3, 1, dtype)
        (z * z).backward(gradient=w)
        assert z.grad.dtype == dtype
        np.testing.assert_allclose(z.grad, np.conj(2 * z.data) * w, rtol=1e-6)
        assert not np.shares_memory(z.grad, w)


def test_a_real_gradient_for_a_complex_root_is_cast_up():
    for given in (np.ones(2), np.ones(2, int), Variable(np.ones(2, "f4"))):
        for create_graph in (False, True):
            z = Variable(draw(2))
            (z * z).backward(gradient=given, create_graph=create_graph)
            g = z.grad.data if create_graph else z.grad
            assert g.dtype == "c16"
            np.testing.assert_allclose(g, np.conj(2 * z.data))


def test_what_was_assigned_begins_and_what_is_retained_is_uphill():
    z = Variable(draw(3))
    y = z * 2j
    y.grad = draw(3, 1)
    y.backward()
    np.testing.assert_allclose(z.grad, -2j * draw(3, 1))
    assert y.grad is None
    z.cleargrad()
    u = (y * y).real.sum()
    u.backward(retain_grad=True)
    np.testing.assert_allclose(y.grad, np.conj(2 * y.data))
    assert u.grad == 1.0 and u.grad.dtype == float
    with pytest.raises(DTypeError, match="complex loss"):
        y.backward()                        # `retain_grad` has set y.grad, the caller has not assigned it


def test_two_passes_add_up():
    z = Variable(draw(3))
    for _ in range(2):
        (z * z).real.sum().backward()
    np.testing.assert_allclose(z.grad, 2 * np.conj(2 * z.data))


@pytest.mark.parametrize("shape", [(), (5,), (600,), (40_000,)])
def test_a_real_operand_gets_the_real_part(shape):
    """Of values that loops compute, in blocks where they are large, with complex ones in the middle; also of integers."""
    x, z = Variable(real(shape)), draw(shape, 1)
    y = (x * x + 2.0) * z
    ((y * 1j).real * x + x / 3.0).sum().backward()
    wanted = -(3 * x.data ** 2 + 2) * z.imag + 1 / 3
    assert x.grad.dtype == float and x.grad.flags.c_contiguous and x.grad.flags.owndata
    np.testing.assert_allclose(x.grad, wanted, rtol=1e-12, atol=1e-12)
    n = Variable(np.full(shape, 3))
    (n * z).imag.sum().backward()
    assert n.grad.dtype == float
    np.testing.assert_array_equal(n.grad, z.imag)


@pytest.mark.parametrize("create_graph", [False, True])
def test_parts_of_a_real_operand(create_graph):
    """`At` an index, several of them, and in a class's rule."""
    x = Variable(real(5))
    y = (x[1:3] * 1j + x[[0, 0]] * (2 + 1j) + x[-1] * 3j)
    (y * y).imag.sum().backward(create_graph=create_graph)
    g = x.grad.data if create_graph else x.grad
    check_grads(lambda x: ((x[1:3] * 1j + x[[0, 0]] * (2 + 1j) + x[-1] * 3j) ** 2).imag, (x.data,))
    assert g.dtype == float


def test_other_precisions():
    """float16 and long double beside complex, and a byte-swapped leaf."""
    for dtype in ("f2", "g", ">f8"):
        x = Variable(np.ones(3, dtype))
        (x * np.array([1j, 1, 2], "c8")).real.sum().backward()
        assert x.grad.dtype == x.dtype.newbyteorder("=") and np.array_equal(x.grad, [0, 1, 2])
    for dtype in (">c16", "G"):
        z = Variable(draw(3).astype(dtype))
        (z * z).imag.sum().backward()
        assert z.grad.dtype == z.dtype.newbyteorder("=")
        np.testing.assert_allclose(z.grad.astype(C), np.conj(-2j * z.data), rtol=1e-14)


class TestCreateGraph:
    def test_grad_is_uphill_and_can_be_differentiated(self):
        z = Variable(draw(3))
        (z * z * z).real.sum().backward(create_graph=True)
        g = z.grad
        assert isinstance(g, Variable)
        np.testing.assert_allclose(g.data, np.conj(3 * z.data ** 2))
        z.cleargrad()
        w = draw(3, 1)
        (g * w).real.sum().backward()
        np.testing.assert_allclose(z.grad, np.conj(6 * z.data) * w)         # d Re(conj(3z²) w) = Re(conj(6z dz) w)

    def test_a_penalty_of_the_gradient(self):
        """Of Σ|.grad|², which is the same in either convention."""
        def penalty(z, x):
            z, x = Variable(z), Variable(x)
            (z * z * x / (z + 2)).imag.sum().backward(create_graph=True)
            gz, gx = z.grad, x.grad
            z.cleargrad()
            x.cleargrad()
            return z, x, (gz * gz.conj()).real.sum() + (gx * gx).sum()
        z, x, p = penalty(draw(3), real(3))
        p.backward()
        for i in range(3):
            for axis in (1, 1j):
                d = np.zeros(3, C)
                d[i] = 1e-5 * axis
                slope = (penalty(z.data + d, x.data)[2].data - penalty(z.data - d, x.data)[2].data) / 2e-5
                np.testing.assert_allclose((np.conj(z.grad[i]) * axis).real, slope, rtol=1e-6)
            d = np.zeros(3)
            d[i] = 1e-5
            slope = (penalty(z.data, x.data + d)[2].data - penalty(z.data, x.data - d)[2].data) / 2e-5
            np.testing.assert_allclose(x.grad[i], slope, rtol=1e-6)

    def test_a_gradient_that_is_a_variable(self):
        """gradient= is differentiated by, too: z.grad = conj(2z) w is linear in w."""
        for w in (Variable(draw(3, 1)), Variable(real(3))):
            z = Variable(draw(3))
            (z * z).backward(gradient=w, create_graph=True)
            v = draw(3, 2)
            (z.grad * v).real.sum().backward()
            wanted = np.conj(np.conj(2 * z.data) * v)
            assert w.grad.dtype == w.dtype
            np.testing.assert_allclose(w.grad, wanted if w.dtype.kind == "c" else wanted.real)

    def test_it_adds_to_what_is_there(self):
        z = Variable(draw(3))
        (z * z).real.sum().backward()
        (z * z).real.sum().backward(create_graph=True)
        np.testing.assert_allclose(z.grad.data, np.conj(4 * z.data))


def test_the_walk_of_those_who_look_for_a_fault():
    z, x = Variable(draw(3)), Variable(real(3))
    with dezero.detect_anomaly():
        y = (z * x).imag.sum() + (z[0] * 1j).real
        y.backward()
    np.testing.assert_allclose(z.grad, [1j * x.data[0] + -1j, 1j * x.data[1], 1j * x.data[2]])
    np.testing.assert_allclose(x.grad, z.data.imag)
    with dezero.detect_anomaly(), pytest.raises(GradientError), np.errstate(all="ignore"):
        (z / 0j).real.sum().backward()


class TestRefusals:
    @pytest.mark.parametrize("z", [Variable(np.array(1j)), Variable(draw(3)), Variable(draw(3)) * 2.0, Variable(real(3)) * 1j])
    def test_a_complex_loss(self, z):
        for create_graph in (False, True):
            with pytest.raises(DTypeError, match="complex loss.*gradient="):
                z.backward(create_graph=create_graph)
        assert z.grad is None

    @pytest.mark.parametrize("create_graph", [False, True])
    @pytest.mark.parametrize("wrap", [np.asarray, lambda g: Variable(np.asarray(g))])
    def test_a_complex_gradient_of_a_real_root(self, wrap, create_graph):
        x = Variable(real(3))
        y = x * 2.0
        with pytest.raises(GradientError, match="complex128, wanted real numbers.*float64"):
            y.backward(gradient=wrap(draw(3)), create_graph=create_graph)
        with pytest.raises(GradientError, match="x.grad = .*complex128, wanted real"):
            y.grad = wrap(draw(3))
        assert x.grad is None and y.grad is None

    def test_a_gradient_of_no_numbers(self):
        with pytest.raises(GradientError, match="real or complex"):
            (Variable(draw(3)) * 2.0).backward(gradient=np.array(["a"] * 3))
        with pytest.raises(GradientError, match="shape"):
            (Variable(draw(3)) * 2.0).backward(gradient=draw(2))

    def test_numbers_of_python(self):
        z = Variable(np.array(1 + 2j)).detach()
        assert complex(z) == 1 + 2j and z.item() == 1 + 2j and f"{z:.1f}" == "1.0+2.0j"
        for number in (float, int, round):
            with pytest.raises(TypeError):
                number(z)

    def test_the_sign_is_no_constant(self):
        z = draw(3)
        np.testing.assert_array_equal(np.sign(Variable(z)).data, np.sign(z))
        check_grads(np.sign, (z,))
        assert grad(lambda z: np.sign(z).real)(0j) == 0
        assert np.array_equal(np.sign(Variable(-real(3))), -np.ones(3))

    def test_a_real_array_does_not_hold_it(self):
        for make in (lambda z: np.full_like(Variable(real(3)), z), lambda z: np.array([z, 1.0], dtype=float, like=z)):
            with pytest.raises(GradientError, match="float64.*complex128"):
                make(Variable(np.array(1j)))


def test_constants():
    """NumPy's answers, its order of complex numbers among them, as arrays."""
    a, b = draw(4), draw(4, 1)
    a[0] = b[0].real + 1j * a[0].imag
    z = Variable(a)
    for f in (np.less, np.greater_equal, np.equal, np.not_equal):
        assert np.array_equal(f(z, b), f(a, b)) and np.array_equal(f(b, z), f(b, a))
    assert np.array_equal(z < b, a < b) and np.array_equal(z == a, np.ones(4, bool))
    for f in (np.isreal, np.iscomplexobj, np.isrealobj, np.isnan, np.isfinite, np.rint, np.argsort, np.argmax, np.any, np.count_nonzero):
        got = f(z)
        assert not isinstance(got, Variable) and np.array_equal(got, f(a))
    assert np.zeros_like(z).dtype == "c16" and np.zeros_like(z).is_constant


def test_a_complex_filling():
    z = Variable(np.array(1 + 2j))
    y = np.full_like(Variable(real(3)), z, dtype=C)
    (y * draw(3)).real.sum().backward()
    np.testing.assert_allclose(z.grad, np.conj(draw(3).sum()))
    x = Variable(np.array(2.0))
    (np.full_like(y, x) * draw(3)).real.sum().backward()
    assert x.grad.dtype == float
    np.testing.assert_allclose(x.grad, draw(3).real.sum())


def test_ranges_between_complex_numbers():
    import dezero.numpy as dnp
    a, b = 1 + 1j, -2 + 3j
    for f in (dnp.linspace, dnp.geomspace):
        y = f(Variable(np.array(a)), Variable(np.array(b)), 5)
        np.testing.assert_allclose(y.data, getattr(np, f.__name__)(a, b, 5), rtol=1e-12)
        check_grads(lambda a, b: f(a, b, 5), (a, b))


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_rule_of_ones_own(create_graph):
    """|z|², whose gradient is no holomorphic one's; and a rule that goes through complex numbers between real ones."""
    power = rule(lambda z: (z * z.conj()).real)(lambda gy, y, z: gy * 2.0 * np.conj(z))
    z = Variable(draw(3))
    power(z).sum().backward(create_graph=create_graph)
    np.testing.assert_allclose(z.grad.data if create_graph else z.grad, 2 * z.data)
    check_op(rule(lambda z: (z * z.conj()).real, name="power_of_a_test")(power.rule), one)
    turned = rule(lambda x: ((x * (1 + 2j)) * 1j).real)(lambda gy, y, x: gy * (1 + 2j) * 1j)
    x = Variable(real(3))
    turned(x).sum().backward(create_graph=create_graph)
    np.testing.assert_allclose(x.grad.data if create_graph else x.grad, -2.0)


def test_several_results():
    """A call of several outputs, of which one is real, one complex, and one not used."""
    parts = rule(lambda z: (z.real.copy(), z * 1j, z * 5.0))(lambda gy, y, z: gy[0] + 1j * gy[1] + 5.0 * gy[2])
    z = Variable(draw(3))
    a, b, c = parts(z)
    (a * 2.0 + (b * b).imag).sum().backward()
    check_grads(lambda z: [(lambda a, b, c: a * 2.0 + (b * b).imag)(*parts(z))], (z.data,))
    np.testing.assert_allclose(z.grad, np.conj(2.0 + -1j * 2 * (1j * z.data) * 1j))


# ---------------------------------------------------------------- transforms

class TestTransforms:
    def test_structures_and_scalars(self):
        g = grad(lambda tree: (tree["z"] * tree["x"]).imag)({"z": 1 + 2j, "x": 3.0})
        assert g == {"z": -3j, "x": 2.0} and type(g["z"]) is np.complex128 and type(g["x"]) is np.float64
        value, g = value_and_grad(lambda z: (z * z).imag)(np.complex64(1 + 2j))
        assert type(value) is np.float32 and type(g) is np.complex64 and value == 4 and g == -1j * (2 + 4j)

    def test_holomorphic(self):
        f = lambda z: z ** 3 / (z + 1)
        z = draw(3)
        wanted = (3 * z ** 2 * (z + 1) - z ** 3) / (z + 1) ** 2
        np.testing.assert_allclose([grad(f, holomorphic=True)(complex(c)) for c in z], wanted)
        np.testing.assert_allclose(jacobian(f, holomorphic=True)(z), np.diag(wanted), atol=1e-14)
        second = grad(grad(lambda z: z ** 3, holomorphic=True), holomorphic=True)(1 + 2j)
        assert second == 6 * (1 + 2j)

    def test_columns_and_rows_of_a_holomorphic_jacobian(self):
        """Far more results than arguments go forward."""
        z, a = draw(2), draw((30, 2), 1)
        j = jacobian(lambda z: (np.broadcast_to(z * z, (30, 2)) * a).sum(axis=1), holomorphic=True)(z)
        np.testing.assert_allclose(j, 2 * a * z)

    def test_rows_where_arguments_are_complex_and_results_are_real(self):
        z, a = draw(2), draw((40, 2), 1)
        j = jacobian(lambda z: (np.broadcast_to(z, (40, 2)) * a).real.sum(axis=1))(z)
        np.testing.assert_allclose(j, a)

    def test_jvp_and_vjp(self):
        f = lambda z, x: np.conj(z) * z * x
        z, x, t, s, w = draw(3), real(3), draw(3, 1), real(3, 1), draw(3, 2)
        y, tangent = jvp(f, (z, x), (t, s))
        np.testing.assert_allclose(tangent, 2 * (np.conj(z) * t).real * x + np.conj(z) * z * s)
        y, back = vjp(f, z, x)
        gz, gx = back(w)
        assert gx.dtype == float
        np.testing.assert_allclose((gz * t).real.sum() + (gx * s).sum(), (w * tangent).real.sum())
        one = jvp(lambda x: x * (1 + 1j) * x, (2.0,), (1.0,))
        assert one == (4 * (1 + 1j), 4 * (1 + 1j))
        real_y, real_t = jvp(lambda z: (z * z).real, (1 + 2j,), (1j,))
        assert (real_y, real_t) == (-3, -4) and type(real_t) is np.float64

    def test_hvp(self):
        """The derivative of the gradient along v, as JAX's jvp of grad."""
        f = lambda z, x: (z * z * z.conj() * x).imag.sum()
        z, x, v, u, h = draw(3), real(3), draw(3, 1), real(3, 1), 1e-6
        got = hvp(f, (0, 1))(z, x, (v, u))
        up, down = grad(f, (0, 1))(z + h * v, x + h * u), grad(f, (0, 1))(z - h * v, x - h * u)
        for g, a, b in zip(got, up, down):
            np.testing.assert_allclose(g, (a - b) / (2 * h), rtol=1e-7, atol=1e-8)

    def test_constants_give_zeros(self):
        g = grad(lambda z: 3.0)(1j)
        assert g == 0 and type(g) is np.complex128
        assert grad(lambda z: 1j, holomorphic=True)(1j) == 0
        assert jacobian(lambda z: np.ones(2))(draw(3)).dtype == "c16"
        assert jvp(lambda x: 2j, (1.0,), (1.0,)) == (2j, 0j)

    def test_a_variable_of_an_outer_graph(self):
        z = Variable(draw(3))
        g = grad(lambda z: (z * z).imag.sum())(z)
        assert isinstance(g, Variable)
        (g * g.conj()).real.sum().backward()
        np.testing.assert_allclose(z.grad, 8 * z.data)

    @pytest.mark.parametrize("transform", [grad, value_and_grad, hessian, lambda f: lambda z: hvp(f)(z, z), jacobian])
    def test_a_complex_result_is_refused(self, transform):
        for f, x in ((lambda z: z * z, 1j), (lambda x: x * 1j, 2.0), (lambda x: 1j, 2.0)):
            with pytest.raises(GradientError, match="complex result.*real loss.*holomorphic=True"):
                transform(f)(x)

    @pytest.mark.parametrize("transform", [grad, jacobian])
    def test_what_is_not_holomorphic_is_refused(self, transform):
        with pytest.raises(TypeError, match="complex arguments; got 1.0"):
            transform(lambda z: z * 1j, holomorphic=True)(1.0)
        with pytest.raises(TypeError, match="complex results"):
            transform(lambda z: z.real, holomorphic=True)(1j)
        with pytest.raises(TypeError):
            transform(lambda z: z * 1j, holomorphic=True)(1)

    def test_the_hessian_of_complex_arguments_is_refused(self):
        """As in JAX: the gradient is complex, and not holomorphic."""
        with pytest.raises(GradientError, match="complex result"):
            hessian(lambda z: (z * z).real)(1j)

    def test_a_complex_direction_of_what_is_real(self):
        for call in (lambda: vjp(lambda x: x * x, 1.0)[1](1j), lambda: jvp(lambda x: x * x, (1.0,), (1j,)),
                     lambda: hvp(lambda x: x * x)(1.0, 1j)):
            with pytest.raises(GradientError, match="wanted real numbers.*float64"):
                call()


# ---------------------------------------------------------------- beside JAX

PROGRAMS = {
    "mul, div": lambda np, z, x, w: (z * x / w).real.sum(),
    "conj, products of sums": lambda np, z, x, w: (np.conj(z) * w + x * 1j).imag.sum() * (z * w).real.sum(),
    "powers": lambda np, z, x, w: (z ** w).real.sum() + (z ** 3).imag.sum() + (2j ** z).imag.sum() + ((1.5 + x * x) ** z).real.sum(),
    "parts": lambda np, z, x, w: np.square(z - x).imag.sum() + (z.real * w.imag * x).sum() + (z ** x).imag.sum() + (-z).imag.sum(),
    "shapes": lambda np, z, x, w: (np.broadcast_to(z, (2, 3)).T.reshape(6)[::2] * w[np.array([0, 0, 2])] * x[1]).imag.sum(),
}
MAPS = {
    "holomorphic": lambda np, z, w: z * w / (1 + z),
    "powers": lambda np, z, w: z ** w,
    "not": lambda np, z, w: np.conj(z) * w + z.real,
}


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


def same(mine, theirs):
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_beside_jax(name, jax):
    mine, theirs = [lambda *args, np=np: PROGRAMS[name](np, *args) for np in (np, jax.numpy)]
    args, directions, every = (draw(3), real(3), draw(3, 1)), (draw(3, 2), real(3, 2), draw(3, 3)), (0, 1, 2)
    same(grad(mine, every)(*args), jax.grad(theirs, every)(*args))
    same(jacobian(mine, every)(*args), jax.jacrev(theirs, every)(*args))
    same(jvp(mine, args, directions), jax.jvp(theirs, args, directions))
    same(hvp(mine, every)(*args, directions), jax.jvp(jax.grad(theirs, every), args, directions)[1])


@pytest.mark.parametrize("name", MAPS)
def test_maps_beside_jax(name, jax):
    mine, theirs = [lambda *args, np=np: MAPS[name](np, *args) for np in (np, jax.numpy)]
    args, directions, w = (draw(3), draw(3, 1)), (draw(3, 2), draw(3, 3)), draw(3, 4)
    same(vjp(mine, *args)[1](w), jax.vjp(theirs, *args)[1](w))
    same(jvp(mine, args, directions), jax.jvp(theirs, args, directions))
    if name != "not":
        same(jacobian(mine, (0, 1), holomorphic=True)(*args), jax.jacobian(theirs, (0, 1), holomorphic=True)(*args))


def test_errors_beside_jax(jax):
    """Where JAX refuses, so does dezero, and each time by a TypeError."""
    for mine, theirs in ((grad, jax.grad), (jacobian, jax.jacrev)):
        for holomorphic, f, x in ((False, lambda z: z * 1j, 1j), (False, lambda z: z * 1j, 1.0), (True, lambda z: z * 1j, 1.0),
                                  (True, lambda z: z.real, 1j)):
            for transform in (mine, theirs):
                with pytest.raises(TypeError):
                    transform(f, holomorphic=holomorphic)(x)


# ---------------------------------------------------------------- random programs

BINARY = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (b * b.conj() + 1.5), lambda a, b: (a * 0.25) * b]
UNARY = [lambda a: -a, lambda a: a.conj(), lambda a: a.real, lambda a: a.imag, lambda a: a * (0.5 - 1j), lambda a: a ** 2, np.square,
         lambda a: a.reshape(-1)[::-1].reshape(a.shape), lambda a: a.T.T, lambda a: a.sum(axis=0), lambda a: np.broadcast_to(a, (2, *a.shape)),
         lambda a: (a * a.conj() + 2.0) ** (0.5 + 0.5j), lambda a: a[[0, 0, -1]], lambda a: 1j - a, lambda a: 2.0 * a]
LEAVES = [("c16", (3,)), ("f8", (3,)), ("c16", ()), ("f8", (2, 1)), ("c16", (2, 3))]


def program(steps, xs):
    """Each step makes a value of two of those that are there; the result is Re of all of them, weighed."""
    values = list(xs)
    for kind, which, i, j in steps:
        a, b = values[i % len(values)], values[j % len(values)]
        try:
            y = BINARY[which % len(BINARY)](a, b) if kind else UNARY[which % len(UNARY)](a)
        except (IndexError, ValueError):    # of 0-d values, and of shapes that do not broadcast
            continue
        if y.ndim < 4:
            values.append(y)
    total = 0.0
    for k, y in enumerate(values):
        total = total + (y * (1.0 - 0.3j * k)).real.sum() * (0.5 + k % 3)
    return total


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 9), st.integers(0, 9)), max_size=6), st.integers(0, 999))
def test_random_programs(steps, seed):
    """First order along a direction, and second: hvp beside differences of grad; `.grad` is the conjugate of grad."""
    rng = np.random.default_rng(seed)
    draws = lambda: [np.asarray(rng.normal(size=s) + (1j * rng.normal(size=s) if d == "c16" else 0), d) for d, s in LEAVES]
    xs, vs = draws(), draws()
    every, f = tuple(range(len(xs))), lambda *xs: program(steps, xs)
    at = lambda t: [np.asarray(x + t * v) for x, v in zip(xs, vs)]
    gs = grad(f, every)(*xs)
    assert [g.dtype for g in gs] == [x.dtype for x in xs]
    line = lambda t: float(program(steps, at(t)))
    h = 1e-4
    slope = (8 * (line(h) - line(-h)) - (line(2 * h) - line(-2 * h))) / (12 * h)
    terms = [(g * v).real for g, v in zip(gs, vs)]
    scale = 1 + sum(np.abs(g * v).sum() for g, v in zip(gs, vs)) + abs(line(0.0))
    assert abs(sum(t.sum() for t in terms) - slope) <= 1e-7 * scale
    leaves = [Variable(x) for x in xs]
    f(*leaves).backward()
    for leaf, g in zip(leaves, gs):
        np.testing.assert_allclose(leaf.grad, np.conj(g), rtol=1e-12, atol=1e-12 * scale)
    seconds = hvp(f, every)(*xs, tuple(vs))
    ahead, behind = [grad(f, every)(*at(t)) for t in (h, -h)]
    for s, a, b in zip(seconds, ahead, behind):
        np.testing.assert_allclose(s, (a - b) / (2 * h), rtol=1e-5, atol=1e-5 * scale)
