"""The table of docs/complex.md: each cell is what the library gives, where it is installed; dezero's always."""
import re
from pathlib import Path

import numpy as np
import pytest

from dezero import Variable, grad, jvp, vjp

DOCUMENT = Path(__file__).parents[1] / "docs" / "complex.md"

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="docs/ are in a checkout only")

Z, X = 1 + 2j, 3.0


class Dezero:
    np, grad, jvp = np, staticmethod(grad), staticmethod(jvp)
    abs = staticmethod(lambda z: ((z * z.conj()).real) ** 0.5)      # np.abs is dezero-numpy's

    def backward(self, f, z, gradient=None):
        z = Variable(np.array(z))
        f(z).backward(gradient=None if gradient is None else np.array(gradient))
        return z.grad

    def holomorphic(self, f):
        return grad(f, holomorphic=True)

    def back(self, f, z, cotangent):
        return vjp(f, z)[1](cotangent)[0]

    def forward(self, f, z, tangent):
        return jvp(f, (z,), (tangent,))[1]


class Jax:
    def __init__(self):
        self.jax = pytest.importorskip("jax")
        self.jax.config.update("jax_enable_x64", True)
        self.np, self.grad, self.abs = self.jax.numpy, self.jax.grad, self.jax.numpy.abs

    def holomorphic(self, f):
        return self.jax.grad(f, holomorphic=True)

    def back(self, f, z, cotangent):
        return self.jax.vjp(f, z)[1](self.np.asarray(cotangent))[0]

    def forward(self, f, z, tangent):
        return self.jax.jvp(f, (z,), (tangent,))[1]


class Autograd:
    def __init__(self):
        self.autograd = pytest.importorskip("autograd")
        self.np = pytest.importorskip("autograd.numpy")
        self.grad, self.abs, self.holomorphic = self.autograd.grad, self.np.abs, self.autograd.holomorphic_grad

    def back(self, f, z, cotangent):
        return self.autograd.make_vjp(f)(z)[0](cotangent)

    def forward(self, f, z, tangent):
        return self.autograd.make_jvp(f)(z)(tangent)[1]


class Torch:
    def __init__(self):
        self.np = self.torch = pytest.importorskip("torch")
        self.abs = self.torch.abs

    def tensor(self, x):
        return self.torch.tensor(x, dtype=self.torch.complex128 if isinstance(x, (complex, np.complexfloating)) else self.torch.float64)

    def grad(self, f, argnums=0):
        return lambda *xs: self.torch.func.grad(f, argnums)(*map(self.tensor, xs)).resolve_conj().numpy()

    def backward(self, f, z, gradient=None):
        z = self.tensor(z).requires_grad_()
        f(z).backward(None if gradient is None else self.tensor(gradient))
        return z.grad.numpy()

    def holomorphic(self, f):
        return lambda z: self.backward(f, z, 1 + 0j)

    def back(self, f, z, cotangent):
        return self.torch.func.vjp(f, self.tensor(z))[1](self.tensor(cotangent))[0].numpy()

    def forward(self, f, z, tangent):
        return self.torch.func.jvp(f, (self.tensor(z),), (self.tensor(tangent),))[1].numpy()


LIBRARIES = {"dezero": Dezero, "JAX": Jax, "HIPS autograd": Autograd, "PyTorch": Torch}

re2 = lambda lib: lambda z: lib.np.real(z * z)
abs2 = lambda lib: lambda z: lib.np.real(z * lib.np.conj(z))
ROWS = {
    "`grad` of Re(z²)": lambda lib: lib.grad(re2(lib))(Z),
    "`.grad` after `backward` of Re(z²)": lambda lib: lib.backward(re2(lib), Z),
    "`grad` of \\|z\\|²": lambda lib: lib.grad(abs2(lib))(Z),
    "`.grad` after `backward` of \\|z\\|²": lambda lib: lib.backward(abs2(lib), Z),
    "`grad` of \\|z\\|, times √5": lambda lib: lib.grad(lib.abs)(Z) * 5 ** 0.5,
    "the derivative of z³, holomorphic": lambda lib: lib.holomorphic(lambda z: z ** 3)(Z),
    "`grad` of z², without a word": lambda lib: lib.grad(lambda z: z * z)(Z),
    "holomorphic, of a real argument": lambda lib: lib.holomorphic(lambda z: z * 1j)(X),
    "`.grad` of z² after `backward`, begun with 1j": lambda lib: lib.backward(lambda z: z * z, Z, 1j),
    "the cotangent 1j back through z²": lambda lib: lib.back(lambda z: z * z, Z, 1j),
    "the tangent 1j forward through z²": lambda lib: lib.forward(lambda z: z * z, Z, 1j),
    "`grad` of Im(x z) by the real x": lambda lib: lib.grad(lambda x, z: lib.np.imag(x * z), 0)(X, Z),
    "the same by z": lambda lib: lib.grad(lambda x, z: lib.np.imag(x * z), 1)(X, Z),
    "`grad` of Re(conj(z) 1j)": lambda lib: lib.grad(lambda z: lib.np.real(lib.np.conj(z) * 1j))(Z),
}
STEP = "a step that descends"


def table():
    """{row: {library: cell}} of the document."""
    lines = re.findall(r"^\|(.*)\|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
    return {row[0]: dict(zip(cells[0][1:], row[1:])) for row in cells[2:]}


def test_the_rows():
    assert set(table()) == {*ROWS, STEP}
    assert all(set(row) == set(LIBRARIES) for row in table().values())


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.filterwarnings("ignore")
def test_a_cell(row, library):
    cell = table()[row][library].removesuffix(", and a warning").strip("`")
    if cell == "–":
        return
    lib = LIBRARIES[library]()
    if cell.endswith("Error"):
        with pytest.raises(Exception) as caught:
            ROWS[row](lib)
        assert cell in [cls.__name__ for cls in type(caught.value).__mro__]
    else:
        np.testing.assert_allclose(np.asarray(ROWS[row](lib)), complex(cell), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_step_descends(library):
    """Of |z² - 1|², by the expression in the cell."""
    lib, cell = LIBRARIES[library](), table()[STEP][library].strip("`")
    loss = lambda z: abs2(lib)(z * z - 1.0)
    z = np.complex128(0.7 + 0.4j)
    for _ in range(40):
        g = np.complex128(lib.backward(loss, z) if "z.grad" in cell else lib.grad(loss)(z))
        z = eval(cell.replace("z.grad", "g"), {"z": z, "g": g, "lr": 0.05})
    assert abs(z - 1) < 1e-3
