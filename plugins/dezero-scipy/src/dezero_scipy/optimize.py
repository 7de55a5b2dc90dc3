"""scipy.optimize with gradients: solutions by the Variables among `args`.

SciPy's function finds the solution x of f(x, p) = 0, or the minimum of f(x, p).  Its gradient by the parameters p comes from the
implicit function theorem, dx/dp = -f_x⁻¹ f_p, and not from the solver's steps (Griewank and Walther, Evaluating Derivatives,
section 15.1).  It is as accurate as the solution is: ask the solver for a small tolerance.

A parameter that is to be differentiated by stands in `args`, as an item of its own.  Of a result object `x` (of `minimize` and
`least_squares` also `fun` and `cost`) is a Variable then; all else are arrays, constants.  Where a method takes a Jacobian or a
gradient and none is given, it gets that of dezero.  What the solver starts from is no parameter: a Variable there is taken as its
array.
"""
import functools
import inspect
import warnings

import dezero.numpy as dnp
import numpy as np
import scipy.optimize as so
from dezero import Config, Variable, grad, hessian, jacobian, jvp, rule, vjp
from dezero.errors import GradientError
from scipy.linalg import lapack
from scipy.optimize import *  # noqa: F403: the names of the module that this one stands for

LARGEST_CONDITION = 1e13
"""Above it fewer than three digits of a gradient are left."""

LARGEST_DRIFT, LEAST_STEP = 0.01, 1e-10
"""How much f_x may change, as part of itself, over the Newton step that is left from the solution; the least length of such a step,
as part of the solution."""


def numbers(x):
    """Return x with the arrays of its Variables."""
    return x.data if isinstance(x, Variable) else type(x)(map(numbers, x)) if type(x) in (tuple, list) else x


def floating(x):
    """Return x, a Variable of integers in floating numbers."""
    return x.astype(float) if isinstance(x, Variable) and x.dtype.kind in "iub" else x


class Problem:
    """What is to be solved: a function of unknowns and parameters, some of which may be Variables.

    Attributes
    ----------
    who : str
        The function of SciPy, for messages.
    f : callable
        The caller's.
    args : tuple
        Its parameters.
    arrays : tuple
        The same, arrays in the place of Variables.
    has_variable, is_recorded : bool
        Is a Variable among them; does the solution get a gradient?
    """

    def __init__(self, who, f, args):
        self.who, self.f = f"scipy.optimize.{who}", f
        args = args if isinstance(args, tuple) else (args,)
        self.args = tuple(map(floating, args))
        self.arrays = tuple(map(numbers, self.args))
        self.places = [i for i, a in enumerate(self.args) if isinstance(a, Variable)]
        self.has_variable = bool(self.places)
        self.is_recorded = Config.enable_backprop and not all([self.args[i].is_constant for i in self.places])

    def error(self, text):
        return GradientError(f"{self.who}: {text}")

    def plain(self, f):
        """Return f as SciPy may call it: an error is raised where its result is a Variable that wants a gradient."""
        if not callable(f):
            return f

        def taken(y):
            if type(y) in (tuple, list):
                return type(y)(map(taken, y))
            try:
                return np.asarray(y) if isinstance(y, Variable) else y
            except GradientError as error:
                name = getattr(f, "__name__", "the function")
                raise self.error(f"{name} gives a Variable where it is called with arrays alone, so that it reads one from "
                                 "elsewhere; pass it in args, as an item of its own") from error

        @functools.wraps(f)
        def called(*args, **kwargs):
            return taken(f(*args, **kwargs))
        return called

    def values(self, x, *args):
        """Return what f gives, a Variable or an array."""
        return dnp.asarray(self.f(x, *args))

    def equations(self, x, *args):
        """Return what is 0 at the solution, as a vector."""
        return np.ravel(self.values(x, *args))

    def with_parameters(self, parameters):
        """Return the arguments with these in the places of Variables."""
        args = list(self.args)
        for i, parameter in zip(self.places, parameters):
            args[i] = parameter
        return args

    def solved(self, x, success=True, message=""):
        """Return the solution that SciPy has found, a Variable where there is one among the parameters."""
        if not self.has_variable:
            return x
        if self.is_recorded and not success:
            raise self.error(f"the solver did not converge, so that its result has no gradient: {message}")
        return solution([self.args[i] for i in self.places], problem=self, x=np.asarray(x),
                        local=Linearized(self, np.asarray(x)) if self.is_recorded else None)


class Minimum(Problem):
    """A function whose gradient by the unknowns is 0."""

    def cost(self, x, *args):
        """Return f, of shape ()."""
        return np.reshape(self.values(x, *args), ())

    def equations(self, x, *args):
        return grad(self.cost)(x, *args)


class Linearized:
    """The equations near a solution: f_x in factors, and the way back from f to the parameters.

    All that a first gradient needs is computed at the call: what f reads may be something else later.
    """

    def __init__(self, problem, x):
        if x.dtype.kind == "c":
            raise problem.error("the unknowns are complex, which have no gradient here; write their real and imaginary parts")
        self.value, self.pull = vjp(lambda *parameters: problem.equations(x, *problem.with_parameters(parameters)),
                                    *[problem.arrays[i] for i in problem.places])
        if self.value.size != x.size:
            raise problem.error(f"{self.value.size} equations of {x.size} unknowns have no gradient here; wanted as many as there "
                                "are unknowns, or least_squares")
        self.jacobian = by_unknowns(problem, x, problem.arrays)
        self.factors = Factors(problem, self.jacobian)
        self.check_regular(problem, x)

    def check_regular(self, problem, x):
        """Raise an error where f_x is not the same all over the Newton step that is left, as near a multiple solution.

        What is compared is one combination u of its rows, that which is smallest where f_x is nearly singular.
        """
        rows, columns, solve = self.factors.rows, self.factors.columns, self.factors.solve
        step = solve(self.value) if np.any(self.value) else solve(rows)
        size, least = np.max(np.abs(columns * step), initial=0), LEAST_STEP * np.max(np.abs(columns * np.ravel(x)), initial=0)
        if size == 0:
            return
        step = step * max(least / size, 1.0 if np.any(self.value) else 0.0)
        u = solve(columns ** 2 * step, 1)
        with np.errstate(all="ignore"):
            _, pull = vjp(lambda x: problem.equations(x, *problem.arrays), x - np.reshape(step, x.shape))
            change = solve(np.ravel(pull(u)[0]) - u @ self.jacobian, 1)
        if not np.max(np.abs(rows * change)) <= LARGEST_DRIFT * np.max(np.abs(rows * u)):
            raise problem.error("the solution is not accurate enough for a gradient, or it is a multiple one, where the gradient "
                                "is infinite: the derivative by the unknowns changes by more than 1 % over the Newton step that "
                                "is left from there; ask the solver for a smaller tolerance")

    def check_same(self, problem, x, value, jacobian):
        """Raise an error unless f gives what it gave at the call."""
        sizes = np.abs(self.jacobian)
        if not np.allclose(value, self.value, 1e-6, 1e-6 * np.max(sizes @ np.abs(np.ravel(x)), initial=0)) or \
                not np.allclose(jacobian, self.jacobian, 1e-6, 1e-6 * np.max(sizes, initial=0)):
            raise problem.error("a second derivative calls the function again, and it gives other values than when it was solved: "
                                "what it reads beside its arguments has changed since (a loop variable in a lambda is such; write "
                                "k=k)")


def by_unknowns(problem, x, args):
    """Return the matrix of derivatives of the equations by the unknowns."""
    return np.reshape(jacobian(problem.equations)(x, *args), (-1, np.size(x)))


class Factors:
    """A matrix in the factors of LU, its rows and then its columns divided by their largest element."""

    def __init__(self, problem, a):
        self.rows = np.max(np.abs(a), 1, initial=0)
        with np.errstate(all="ignore"):
            a = a / self.rows[:, None]
            self.columns = np.max(np.abs(a), 0, initial=0)
            a = a / self.columns
        is_finite = np.all(np.isfinite(a))
        self.lu, self.pivots, failed = lapack.dgetrf(a) if is_finite and a.size else (a, np.zeros(0, int), not is_finite)
        condition = np.inf if failed else 1 / lapack.dgecon(self.lu, np.max(np.sum(np.abs(a), 0)))[0] if a.size else 1
        if not condition <= LARGEST_CONDITION:
            raise problem.error("the derivative of the equations by the unknowns is singular, or not finite, at the solution "
                                f"(condition number {condition:.0e}), so that the solution has no gradient: it is not the only one "
                                "nearby, or a multiple one")

    def solve(self, b, trans=0):
        """Return the solution of a y = b, or of aᵀ y = b, of a vector or a matrix."""
        if not self.lu.size:
            return b
        before, after = (self.columns, self.rows) if trans else (self.rows, self.columns)
        y = lapack.dgetrs(self.lu, self.pivots, (b.T / before).T, trans=trans)[0]
        return (y.T / after).T.reshape(b.shape)


def forward_of_solution(parameters, *, problem, x, local):
    return x


@rule(forward_of_solution, name="optimize.solution", listed=True, method=None, order=None)
def solution(gy, y, parameters, *, problem, x, local):
    """f(y, p) = 0;   ∂/∂p: -f_pᵀ s, s of f_yᵀ s = gy"""
    gy = np.ravel(gy)
    if not isinstance(gy, Variable):
        return list(local.pull(-local.factors.solve(gy, 1)))
    args = problem.with_parameters(parameters)
    by_y = by_unknowns(problem, y, args)
    value, pull = vjp(lambda *parameters: problem.equations(y, *problem.with_parameters(parameters)), *parameters)
    local.check_same(problem, x, value.data, by_y.data)
    return list(pull(-np.linalg.solve(by_y.T, gy)))


# -- roots

def root(fun, x0, args=(), method="hybr", jac=None, **options):
    """Return the solution of ``fun(x, *args) = 0``, as `scipy.optimize.root` does, with gradients by the Variables in `args`.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` gives as many values as x has.
    x0 : array_like
        Where the solver begins.
    args : tuple
        Parameters; numbers, arrays and Variables of any shape.
    method, jac, **options
        As SciPy takes them.  ``hybr`` and ``lm`` get dezero's Jacobian where `jac` is not given.

    Returns
    -------
    scipy.optimize.OptimizeResult
        Its `x` is a Variable where there is one in `args`; what else it has are arrays.

    Raises
    ------
    GradientError
        The solver did not converge, the derivative by the unknowns is singular at the solution, or `fun` reads a Variable that is
        not in `args`.  Without a Variable in `args` only the last one is an error.
    """
    if jac is True:
        fun, jac = first(fun), second(fun)
    problem = Problem("root", fun, args)
    if problem.has_variable and not jac and method in ("hybr", "lm"):
        jac = functools.partial(by_unknowns_at, problem)
    found = so.root(problem.plain(fun), numbers(x0), problem.arrays, method, problem.plain(jac), **options)
    found.x = problem.solved(found.x, found.success, found.message)
    return found


def by_unknowns_at(problem, x, *args):
    """Return what SciPy takes as jac."""
    return by_unknowns(problem, x, args)


def first(fun):
    """Return the function of the first result of fun."""
    return lambda *args: fun(*args)[0]


def second(fun):
    """Return the function of the second result of fun."""
    return lambda *args: fun(*args)[1]


def fsolve(func, x0, args=(), fprime=None, full_output=False, **options):
    """Return the solution of ``func(x, *args) = 0``, as `scipy.optimize.fsolve` does; see `root`."""
    problem = Problem("fsolve", func, args)
    if problem.has_variable and fprime is None:
        fprime, options["col_deriv"] = functools.partial(by_unknowns_at, problem), False
    x, info, status, message = so.fsolve(problem.plain(func), numbers(x0), problem.arrays, problem.plain(fprime), True, **options)
    x = problem.solved(x, status == 1, message)
    if full_output:
        return x, info, status, message
    if status != 1:
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    return x


def root_of_number(original):
    """Return the twin of a function that finds the root of a function of one number, or of each of several."""
    signature = inspect.signature(original)
    f = next(iter(signature.parameters))

    @functools.wraps(original)
    def finder(*args, **kwargs):
        given = signature.bind(*args, **kwargs).arguments
        problem = Problem(original.__name__, given[f], given.pop("args", ()))
        given = {name: problem.plain(x) if callable(x) else numbers(x) for name, x in given.items()}
        if not problem.has_variable:
            return original(**given, args=problem.arrays)
        is_full = given.pop("full_output", False)
        disp = given.pop("disp", True) and not problem.is_recorded
        x, told, *more = original(**given, args=problem.arrays, full_output=True, disp=disp)
        is_found, message = (told.converged, told.flag) if isinstance(told, so.RootResults) else (np.all(told), "some did not")
        x = problem.solved(x, is_found, message)
        return (x, told, *more) if is_full else x
    return finder


bisect, brentq, brenth, ridder = [root_of_number(original) for original in (so.bisect, so.brentq, so.brenth, so.ridder)]
toms748, newton = root_of_number(so.toms748), root_of_number(so.newton)
