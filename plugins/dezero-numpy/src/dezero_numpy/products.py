"""Products of vectors, matrices and stacks of them."""
from operator import index

import numpy as np
from dezero import Variable, hookimpl, rule
from numpy.lib.array_utils import normalize_axis_tuple

from dezero_numpy._rules import conj, operand, register_all


def T(a):
    """Return the transposed matrices of a stack."""
    return np.swapaxes(a, -1, -2)


# -- of two

@rule(np.matmul, np.linalg.matmul, operators=("__matmul__",), method=None)
def matmul(gy, y, x1, x2):
    """y = a b;   ∂y/∂a: gy bᵀ,   ∂y/∂b: aᵀ gy"""
    if x1.ndim == x2.ndim == 2:
        return lambda: gy @ x2.T, lambda: x1.T @ gy
    if x2.ndim == 1 and x1.ndim < 3:
        return lambda: gy[..., None] * x2, lambda: np.dot(x1.T, gy)
    a = x1[None] if x1.ndim == 1 else x1
    b = x2[:, None] if x2.ndim == 1 else x2
    if x2.ndim == 1:
        gy = gy[..., None]
    if x1.ndim == 1:
        gy = gy[..., None, :]

    def by_a():
        g = gy @ T(b)
        return g[..., 0, :] if x1.ndim == 1 else g

    def by_b():                             # for one b, one product: a stack of them would be large, and then summed
        g = np.reshape(a, (-1, len(b))).T @ np.reshape(gy, (-1, b.shape[1])) if b.ndim == 2 and a.size and gy.size else T(a) @ gy
        return g[..., 0] if x2.ndim == 1 else g
    return by_a, by_b


@matmul.samples
def _(sample):
    for a, b in (((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3, 2)), ((2, 1, 2, 3), (3, 3, 2)),
                 ((2, 2, 3), (3,)), ((3,), (2, 3, 2)), ((2, 3), (2, 3, 2)), ((1, 2, 3), (2, 3, 1))):
        sample(sample.array(*a), sample.array(*b))
    for a, b in ((complex, complex), (complex, float), (float, complex)):
        sample(sample.array(2, 3, dtype=a), sample.array(3, 2, dtype=b))
        sample(sample.array(2, 2, 3, dtype=a), sample.array(3, 2, dtype=b))


def dot(a, b) -> Variable:
    """y = Σₖ a[..., k] b[..., k, :], of all rows of a with all columns of b"""
    a, b = operand(a), operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return np.multiply(a, b)
    return np.matmul(a, b) if b.ndim < 3 else np.tensordot(a, b, (-1, -2))


def vdot(a, b, /):
    """y = Σ a b over all elements, of a complex a the conjugate"""
    return np.dot(np.ravel(conj(operand(a))), np.ravel(operand(b)))


def inner(a, b, /):
    """y = Σₖ a[..., k] b[..., k]"""
    a, b = operand(a), operand(b)
    return np.multiply(a, b) if a.ndim == 0 or b.ndim == 0 else np.tensordot(a, b, (-1, -1))


def tensordot(a, b, axes=2):
    """y = Σ a b over pairs of axes: the last of a and the first of b, or those that are named"""
    a, b = operand(a), operand(b)
    try:
        of_a, of_b = axes
    except TypeError:
        of_a, of_b = range(a.ndim - axes, a.ndim), range(axes)
    of_a, of_b = normalize_axis_tuple(of_a, a.ndim), normalize_axis_tuple(of_b, b.ndim)
    summed = [a.shape[i] for i in of_a]
    if summed != [b.shape[i] for i in of_b]:
        raise ValueError(f"tensordot: axes {of_a} of shape {a.shape} and axes {of_b} of shape {b.shape} differ in length")
    rest_a, rest_b = ([i for i in range(x.ndim) if i not in axes] for x, axes in ((a, of_a), (b, of_b)))
    shape_a, shape_b = [a.shape[i] for i in rest_a], [b.shape[i] for i in rest_b]
    n = np.prod(summed, dtype=int)
    left = np.reshape(np.transpose(a, (*rest_a, *of_a)), (np.prod(shape_a, dtype=int), n))
    right = np.reshape(np.transpose(b, (*of_b, *rest_b)), (n, np.prod(shape_b, dtype=int)))
    return np.reshape(np.matmul(left, right), (*shape_a, *shape_b))


def linalg_tensordot(x1, x2, /, *, axes=2):
    """y = Σ a b over pairs of axes: the last of a and the first of b, or those that are named"""
    return tensordot(x1, x2, axes)


# -- each of one with each of the other

def outer(a, b):
    """y[i, j] = a[i] b[j], of all elements"""
    return np.multiply(np.ravel(operand(a))[:, None], np.ravel(operand(b)))


def linalg_outer(x1, x2, /):
    """y[i, j] = a[i] b[j]"""
    x1, x2 = operand(x1), operand(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"outer: got {x1.ndim} and {x2.ndim} dimensions, wanted 1 and 1")
    return outer(x1, x2)


def outer_of(ufunc):
    """Return ``ufunc.outer``."""
    def outer(A, B, /):
        A, B = operand(A), operand(B)
        return ufunc(np.reshape(A, (*A.shape, *[1] * B.ndim)), B)
    outer.__name__ = outer.__qualname__ = f"{ufunc.__name__}_outer"
    outer.__doc__ = f"y[i, j] = {ufunc.__name__}(a[i], b[j])"
    return outer


UFUNCS = (np.add, np.subtract, np.multiply, np.divide, np.power, np.floor_divide, np.remainder, np.fmod, np.maximum, np.minimum,
          np.fmax, np.fmin, np.arctan2, np.hypot, np.logaddexp, np.logaddexp2, np.copysign, np.heaviside)


def kron(a, b):
    """y = the blocks a[i, j] b"""
    a, b = operand(a), operand(b)
    n = max(a.ndim, b.ndim)
    of_a, of_b = ((1,) * (n - x.ndim) + x.shape for x in (a, b))
    left, right = [], []
    for i, j in zip(of_a, of_b):
        left += i, 1
        right += 1, j
    y = np.multiply(np.reshape(a, tuple(left)), np.reshape(b, tuple(right)))
    return np.reshape(y, tuple([i * j for i, j in zip(of_a, of_b)]))


def cross_on_arrays(a, b):
    return np.cross(a, b)


@rule(cross_on_arrays, name="linalg.cross_of_last")
def cross_of_last(gy, y, a, b):
    """y = a × b, along the last axis;   ∂y/∂a: b × gy,   ∂y/∂b: gy × a"""
    return cross_of_last(b, gy), cross_of_last(gy, a)


@cross_of_last.samples
def _(sample):
    sample(sample.array(3), sample.array(2, 3))
    sample(sample.array(3, dtype=complex), sample.array(2, 3))


def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """y = a × b, of vectors of 3 numbers"""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(operand(a), axisa, -1), np.moveaxis(operand(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(f"cross: got vectors of {a.shape[-1]} and {b.shape[-1]} numbers, wanted 3 (of 2, NumPy has it deprecated: "
                         "write a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])")
    return np.moveaxis(cross_of_last(a, b), -1, axisc)


def linalg_cross(x1, x2, /, *, axis=-1):
    """y = a × b, of vectors of 3 numbers"""
    return cross(x1, x2, axis=axis)


# -- stacks of vectors

def vecdot(x1, x2, /, *, axis=-1):
    """y = Σₖ a[..., k] b[..., k], of a complex a the conjugate, of stacks that broadcast"""
    x1, x2 = np.moveaxis(conj(operand(x1)), axis, -1), np.moveaxis(operand(x2), axis, -1)
    return np.matmul(x1[..., None, :], x2[..., None])[..., 0, 0]


def matvec(x1, x2, /):
    """y = a b, of stacks of matrices and vectors"""
    return np.matmul(operand(x1), operand(x2)[..., None])[..., 0]


def vecmat(x1, x2, /):
    """y = aᵀ b, of a complex a the conjugate, of stacks of vectors and matrices"""
    return np.matmul(conj(operand(x1))[..., None, :], operand(x2))[..., 0, :]


# -- several matrices

def multi_dot(arrays):
    """y = a b c …, in the order of the fewest multiplications"""
    arrays = list(map(operand, arrays))
    if len(arrays) < 2:
        raise ValueError(f"multi_dot: got {len(arrays)} arrays, wanted 2 at least")
    sizes = [1 if arrays[0].ndim == 1 else arrays[0].shape[0], *[a.shape[0 if a.ndim == 1 else -1] for a in arrays]]
    sizes[-1] = 1 if arrays[-1].ndim == 1 else sizes[-1]
    best = {(i, i): (0, a) for i, a in enumerate(arrays)}       # from, to: cost, and the array or where to split

    for length in range(1, len(arrays)):
        for i in range(len(arrays) - length):
            j = i + length
            best[i, j] = min([(best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)])

    def product(i, j):
        split = best[i, j][1]
        return split if i == j else np.dot(product(i, split), product(split + 1, j))
    return product(0, len(arrays) - 1)


def matrix_power(a, n):
    """y = aⁿ, n an integer"""
    a, n = operand(a), index(n)
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 0:
        return np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    y = None
    while n:
        if n % 2:
            y = a if y is None else np.matmul(y, a)
        n //= 2
        a = np.matmul(a, a) if n else a
    return y


def diagonal(x, /, *, offset=0):
    """y[..., i] = x[..., i, i + offset]"""
    return np.diagonal(operand(x), offset, -2, -1)


def trace(x, /, *, offset=0, dtype=None):
    """y = Σᵢ x[..., i, i + offset]"""
    return np.sum(diagonal(x, offset=offset), -1, dtype=dtype)


# -- einsum

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DOTS = "…"


def contracted(operands, *, subscripts, optimize=False):
    return np.einsum(subscripts, *operands, optimize=by_products(optimize, *operands))


def by_products(optimize, *operands):
    """Return `optimize`, but True for large operands: it takes 200 by 200 to a tenth of the time, 8 by 8 to five times."""
    return optimize if optimize is not False or max([x.size for x in operands]) < 1000 else True


@rule(contracted, listed=True, name="linalg.contract")
def contract(gy, y, operands, *, subscripts, optimize=False):
    """y = Σ x₀ x₁ … over the letters that are not in the result;   ∂y/∂x₀ = Σ gy x₁ … over those that are not in x₀"""
    *terms, result = subscripts.replace("->", ",").split(",")
    if not isinstance(optimize, (bool, str)):
        optimize = True                     # a path is one for these operands in this order
    optimize = by_products(optimize, gy, *operands)

    def by(i):
        others = [result, *terms[:i], *terms[i + 1:]]
        known = "".join([letter for letter in terms[i] if letter in "".join(others)])
        g = np.einsum(f"{','.join(others)}->{known}", gy, *operands[:i], *operands[i + 1:], optimize=optimize)
        return g if known == terms[i] else np.expand_dims(g, tuple([j for j, letter in enumerate(terms[i]) if letter not in known]))
    return [lambda i=i: by(i) for i in range(len(terms))]


@contract.samples
def _(sample):
    sample([sample.array(2, 3), sample.array(3, 4)], subscripts="ij,jk->ik")
    sample([sample.array(2, 3), sample.array(3), sample.array(2, 3)], subscripts="ij,j,ik->jk", optimize=True)
    sample([sample.array(2, 3), sample.array(1, 2)], subscripts="ij,jk->ki", optimize=["einsum_path", (0, 1)])
    sample([sample.array(2, 3)], subscripts="ij->j")
    sample([sample.array(2, 3, 2)], subscripts="ijk->")
    sample([sample.array(2, 3), sample.array(2)], subscripts="ij,k->ki")
    sample([sample.array(2, 3, dtype=complex), sample.array(3, 4)], subscripts="ij,jk->ik")


def einsum(*operands, optimize=False):
    """y = Σ x₀ x₁ … as the subscripts say"""
    terms, result, xs = parsed(operands)
    for i, (x, term) in enumerate(zip(xs, terms)):
        if len(set(term)) < len(term):
            xs[i], terms[i] = on_diagonal(x, term)
    return contract.apply(xs, subscripts=f"{','.join(terms)}->{result}", optimize=optimize)


def parsed(operands):
    """Return the letters of each operand, those of the result, and the operands, of what einsum takes."""
    if isinstance(operands[0], str):
        text, xs = operands[0].replace(" ", ""), list(map(operand, operands[1:]))
        terms, arrow, result = text.partition("->")
        terms, result = terms.replace("...", DOTS).split(","), result.replace("...", DOTS) if arrow else None
    else:
        def lettered(places):
            return "".join([DOTS if i is Ellipsis else LETTERS[i] for i in places])
        xs, terms = list(map(operand, operands[:len(operands) // 2 * 2:2])), list(map(lettered, operands[1::2]))
        result = lettered(operands[-1]) if len(operands) % 2 else None
    if len(terms) != len(xs):
        raise ValueError(f"einsum: got subscripts for {len(terms)} operands, and {len(xs)} operands")
    dots = [x.ndim - len(term) + 1 if DOTS in term else 0 for x, term in zip(xs, terms)]
    free = [letter for letter in LETTERS if letter not in "".join(terms)]
    more = "".join(free[:max([0, *dots])])
    terms = [term.replace(DOTS, more[len(more) - n:] if n > 0 else "") for term, n in zip(terms, dots)]
    if result is None:
        once = "".join(terms)
        result = more + "".join(sorted([letter for letter in set(once) if once.count(letter) == 1 and letter not in more]))
    for x, term in zip(xs, terms):
        if x.ndim != len(term):
            raise ValueError(f"einsum: the subscripts of an operand of {x.ndim} dimensions have {len(term)} letters")
    return terms, result.replace(DOTS, more), xs


def on_diagonal(x, term):
    """Return x where the axes of a letter that comes twice have one index, and its letters then."""
    letters = "".join(dict.fromkeys(term))
    lengths = dict(zip(term, x.shape))
    if x.shape != tuple([lengths[letter] for letter in term]):
        raise ValueError(f"einsum: axes of shape {x.shape} with one letter are not of one length")
    for letter in letters:
        while term.count(letter) > 1:
            x = np.diagonal(x, 0, term.index(letter), term.rindex(letter))
            term = "".join([one for i, one in enumerate(term) if i not in (term.index(letter), term.rindex(letter))]) + letter
    return x, term


@hookimpl
def dezero_register_ops(register):
    register_all(register, globals())
    register.function(dot, (np.dot,))
    register.function(vdot, (np.vdot,), method=None)
    register.function(inner, (np.inner,), method=None)
    register.function(tensordot, (np.tensordot,), method=None)
    register.function(linalg_tensordot, (np.linalg.tensordot,), "linalg.tensordot")
    register.function(outer, (np.outer,), method=None)
    register.function(linalg_outer, (np.linalg.outer,), "linalg.outer")
    for ufunc in UFUNCS:
        register.function(outer_of(ufunc), ((ufunc, "outer"),), method=None)
    register.function(kron, (np.kron,), method=None)
    register.function(cross, (np.cross,), method=None)
    register.function(linalg_cross, (np.linalg.cross,), "linalg.cross")
    register.function(vecdot, (np.vecdot, np.linalg.vecdot), method=None)
    for f in (matvec, vecmat):              # of NumPy 2.2
        register.function(f, (getattr(np, f.__name__),) if hasattr(np, f.__name__) else (), method=None)
    register.function(multi_dot, (np.linalg.multi_dot,), "linalg.multi_dot")
    register.function(matrix_power, (np.linalg.matrix_power,), "linalg.matrix_power")
    register.function(diagonal, (np.linalg.diagonal,), "linalg.diagonal")
    register.function(trace, (np.linalg.trace,), "linalg.trace")
    register.function(einsum, (np.einsum,), method=None)
    register.constant(np.einsum_path)
