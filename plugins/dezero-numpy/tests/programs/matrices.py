"""Linear algebra: results by name and in parts, NumPy's functions and dezero's."""
from typing import Any

import dezero.functions as F
import numpy as np
from dezero import Variable, grad, hvp, jacobian


def f(a: Variable) -> Any:
    s = a @ a.T
    w, v = np.linalg.eigh(s)
    sign, logdet = np.linalg.slogdet(s)
    q, r = np.linalg.qr(a)
    return (np.sum(w) + np.linalg.eigh(s).eigenvalues.max() + logdet + np.linalg.slogdet(a).logabsdet + np.sum(r ** 2)
            + np.linalg.svd(a, full_matrices=False).S.max() + np.trace(np.linalg.inv(a)) + np.einsum("ij,ij->", a, a))


def g(a: Variable) -> Variable:
    logdet: Variable = F.linalg.slogdet(a).logabsdet
    return F.linalg.vector_norm(a, axis=1) + F.linalg.inv(a).sum(axis=0) + F.max(F.exp(-a), axis=0) * logdet


a = np.random.default_rng(0).normal(size=(3, 3)) + 4 * np.eye(3)
assert grad(f)(a).shape == hvp(f)(a, a).shape == (3, 3) and jacobian(g)(a).shape == (3, 3, 3)
