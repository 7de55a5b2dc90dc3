"""Methods and attributes: their results are Variables for the type checker, too."""
import numpy as np
from dezero import Variable, grad, jacobian


def reductions(x: Variable) -> Variable:
    m = x.reshape(2, 3)
    spread = m.std(axis=1, ddof=1, keepdims=True) + m.var(axis=(0, 1)) + m.mean() / m.max() - m.min(axis=0).prod()
    return spread.sum() + m.mean(0, keepdims=True).sum() + x.cumsum()[-1] + x.cumprod()[-1]


def shapes(x: Variable) -> Variable:
    m = x.reshape((2, 3))
    s = m.T @ m + m.transpose(1, 0) @ m.swapaxes(0, 1).T
    parts = [row.clip(0, 2) for row in s]
    return parts[0] + s.trace() + s.diagonal() + m.take([0, 1], axis=1).ravel()[:3] + x.repeat(2)[::4] + x[:3].dot(x[3:])


def total(x: Variable) -> Variable:
    return reductions(x) + abs(shapes(x)).copy().sum() / len(x) + x.ndim * x.size


x0 = np.arange(1.0, 7.0)
assert grad(total)(x0).shape == (6,) and jacobian(shapes)(x0).shape == (3, 6)
x = Variable(x0)
total(x).backward()
assert np.allclose(x.grad, grad(total)(x0))
