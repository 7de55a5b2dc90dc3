"""The twin of NumPy's namespace, where elements are Variables."""
import dezero.numpy as np
from dezero import Variable, grad


def rotation(angle: Variable) -> Variable:
    c, s = angle.cos(), angle.sin()
    return np.array([[c, -s], [s, c]])


def f(angle: Variable) -> Variable:
    p = rotation(angle) @ np.array([1.0, 2.0])
    return p[0] * p[1] + p.tanh().mean() + p.exp().max()


above, below = [f(Variable(np.array(angle))).item() for angle in (0.3 + 1e-6, 0.3 - 1e-6)]
assert abs(grad(f)(0.3) - (above - below) / 2e-6) < 1e-6
