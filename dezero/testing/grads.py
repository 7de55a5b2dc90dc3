"""check_grads: are the derivatives of a function of Variables those of its values?"""
import numpy as np

from dezero.engine.function import Function
from dezero.engine.variable import Variable
from dezero.errors import GraphError
from dezero.testing.numeric import along, axes, differ, dot, is_complex, is_kink, moved, scale_of, slope, wide

NUDGES = 8              # points near the caller's that are tried where the function is not smooth
SHOWN = 4096            # elements among which the worst is looked for


def check_grads(f, args, order=2, *, rtol=None, seed=0):
    """Compare the derivatives of f with numeric ones, along a random direction.

    The numeric derivative is a complex step where f takes complex data, else extrapolated central differences; complex
    arguments are moved along both axes.  Where f has a kink at `args`, a point near them is taken.  For `order` 2 and more the
    gradient is also computed on Variables (``create_graph=True``) and compared with the one on arrays; then it is itself the
    function whose derivatives are checked.

    Parameters
    ----------
    f : callable
        A function of Variables; its result is a Variable of any shape, or a tuple or list of them.
    args : tuple
        Its arguments: arrays and Python numbers, floating or complex, of double or single precision; in single precision the
        tolerance is larger.  Arguments of other kinds, such as integer arrays, are handed on as they are.
    order : int
        Up to which derivative is checked.
    rtol : float, optional
        By default 1e-8, and 2e-3 with single precision among the arguments.
    seed : int
        The seed of the random direction and weights.

    Raises
    ------
    AssertionError
        A derivative is wrong; the message has the order, the argument, the index in it, the analytic and the numeric
        derivative.
    ValueError
        f is not smooth around `args`, so that nothing can be said, or no argument is floating.
    """
    if not isinstance(args, (tuple, list)):
        raise TypeError(f"check_grads: args is a tuple of arguments, not {type(args).__name__}")
    if type(order) is not int or order < 1:
        raise ValueError(f"check_grads: order is 1 or more, not {order!r}")
    problem = Problem(f, args, np.random.default_rng(seed))
    single = any(x.dtype.char in "fF" for x in problem.xs)
    for n in range(1, order + 1):
        check_order(problem, n, n < order, rtol or (2e-3 if single else 1e-8))
        problem = problem.derivative() if n < order else None


class Problem:
    """A function with the place where it is looked at.

    Attributes
    ----------
    f : callable
        Of Variables; gives a list of them.
    xs : list of numpy.ndarray
        Its floating arguments, and `places` where they stand among `args`.
    """

    def __init__(self, f, args, rng, name=None, is_gradient=False):
        self.f, self.args, self.rng, self.is_gradient = f, list(args), rng, is_gradient
        self.name = name or getattr(f, "__name__", repr(f))
        self.places = [i for i, a in enumerate(args) if isinstance(a, (float, complex)) or getattr(a, "dtype", np.dtype(int)).kind in "fc"]
        self.xs = [np.array(args[i].data if isinstance(args[i], Variable) else args[i]) for i in self.places]
        if not self.xs:
            raise ValueError(f"check_grads: no argument of {self.name} is floating: there is nothing to differentiate by")

    def call(self, vs):
        """f with Variables in the places of the floating arguments."""
        args = list(self.args)
        for i, v in zip(self.places, vs):
            args[i] = v
        ys = self.f(*args)
        return list(ys) if isinstance(ys, (tuple, list)) else [ys]

    def values(self, xs):
        return [y.data if isinstance(y, Variable) else np.asarray(y) for y in self.call([Variable(x) for x in xs])]

    def weighed(self, xs):
        """The number whose derivative is taken: all elements of all results, each with its weight."""
        total = sum((y * w).sum() for y, w in zip(self.values(xs), self.weights()))
        return total.real if any(map(is_complex, (*self.xs, *self.weights()))) else total       # else it may be a complex step's

    def weights(self):
        if not hasattr(self, "_weights"):
            self._weights = [weights_for(self.rng, y) for y in self.values(self.xs)]
        return self._weights

    def gradients(self, graph):
        """The analytic gradient by each argument, as arrays."""
        return [zero_if_none(g, x) for g, x in zip(self.pull([Variable(x) for x in self.xs], graph), self.xs)]

    def pull(self, vs, graph):
        """Backward from the weighed results to the Variables vs; gives their gradients and leaves none."""
        ys = self.call(vs)
        root = weigh(ys, self.weights()) if ys else None    # a gradient of nothing, where f is constant
        if root is not None and root.creator is not None:
            try:
                root.backward(create_graph=graph)
            except GraphError:
                if not self.is_gradient:        # of a linear function it is constant: nothing leads back to the vs
                    raise
        grads = [v.grad for v in vs]
        for v in vs:
            v.cleargrad()
        return grads

    def derivative(self):
        """The gradient as the function to look at next."""
        def gradient(*args):
            return [g for g in self.pull([args[i] for i in self.places], True) if g is not None]
        args = list(self.args)
        for i, x in zip(self.places, self.xs):
            args[i] = x
        return Problem(gradient, args, self.rng, self.name, True)


class Weigh(Function):
    """y = Re Σ x·w over all the arrays x; called with the arrays first, then their weights."""

    def forward(self, *zs):
        n = len(zs) // 2
        return sum([(x * w).sum().real for x, w in zip(zs[:n], zs[n:])], np.array(0.0, zs[0].real.dtype))

    def backward(self, gy):
        n = len(self.inputs) // 2
        return tuple([gy * z for z in (*self.inputs[n:], *self.inputs[:n])])


def weigh(ys, ws):
    """One Variable, real, that depends on every element of the ys."""
    return Weigh()(*ys, *[w.astype(y.dtype) if y.dtype.kind in "fc" and isinstance(w, np.ndarray) else w for y, w in zip(ys, ws)])


def weights(rng, shape):
    """Weights from 0.5 to 1.5, of either sign."""
    return np.asarray(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))


def weights_for(rng, y):
    """Weights in the shape of y, complex where it is."""
    return weights(rng, y.shape) + (1j * weights(rng, y.shape) if is_complex(y) else 0.0)


def zero_if_none(g, x):
    return np.zeros(x.shape, complex if x.dtype.kind == "c" else float) if g is None else g.data if isinstance(g, Variable) else g


def check_order(problem, n, graph, rtol):
    """Check the gradient of a problem; move it where the function is not smooth."""
    for _ in range(NUDGES):
        gradients = problem.gradients(False)
        if graph:
            compare_modes(problem, n, gradients, problem.gradients(True), rtol)
        xs = [wide(x) for x in problem.xs]
        directions = [weights_for(problem.rng, x) for x in xs]
        line = lambda t: problem.weighed(along(xs, directions, t))
        analytic = dot(gradients, directions)
        size = sum(abs(g * v).sum() for g, v in zip(gradients, directions))
        numeric, error = slope(line)
        if error <= 1e-3 * rtol * max(1.0, size) or error <= 1e-9 * max(1.0, size):
            if not differ(analytic, numeric, error, rtol, size):
                return
            if not is_kink(line):
                raise AssertionError(f"{problem.name}: order {n}: {worst(problem, xs, gradients, analytic, numeric)}")
        problem.xs = [nudged(problem.rng, x) for x in problem.xs]
    raise ValueError(f"check_grads: {problem.name} is not smooth (order {n}) around the arguments; choose others")


def compare_modes(problem, n, arrays, variables, rtol):
    for i, (a, b) in enumerate(zip(arrays, variables)):
        wrong = np.argwhere(~np.isclose(b, a, rtol=rtol, atol=1e-10 * (1 + abs(a).max(initial=0)), equal_nan=True))
        for index in map(tuple, wrong):
            raise AssertionError(f"{problem.name}: order {n}: argument {problem.places[i]}, {at(index)}: the rule gives "
                                 f"{b[index]:.17g} on Variables (create_graph=True) and {a[index]:.17g} on arrays")


def worst(problem, xs, gradients, analytic, numeric):
    """Where a gradient that is wrong along a direction is wrong most."""
    found = (-1.0, None)
    for i, (x, g) in enumerate(zip(xs, gradients)):
        for index in list(np.ndindex(x.shape))[:SHOWN]:
            for axis, part, line in axes(x, g[index], lambda t: problem.weighed(moved(xs, i, index, t))):
                at_index = slope(line, scale_of(x[index]))[0]
                gap = abs(part - at_index)
                if not gap <= found[0]:
                    found = (gap, f"argument {problem.places[i]}, {at(index)}{axis}: analytic {part:.17g}, numeric {at_index:.17g}")
    return found[1] + f" (along a random direction: analytic {analytic:.17g}, numeric {numeric:.17g})"


def at(index):
    """An index for a message."""
    return f"index {tuple(int(i) for i in index)}"


def nudged(rng, x):
    return (x + rng.uniform(0.01, 0.05, x.shape) * np.maximum(abs(x), 0.2)).astype(x.dtype)
