"""scipy.optimize with gradients: solutions by the Variables among `args`.

SciPy's function finds the solution x of f(x, p) = 0, or the minimum of f(x, p).  Its gradient by the parameters p comes from the
implicit function theorem, dx/dp = -f_x⁻¹ f_p, and not from the solver's steps (Griewank and Walther, Evaluating Derivatives,
section 15.1).  It is as accurate as the solution is: ask the solver for a small tolerance.

A parameter that is to be differentiated by stands in `args`, in nested tuples, lists and dicts too.  Of a result object `x` (of
`minimize` and `least_squares` also `fun` and `cost`) is a Variable then; all else are arrays, constants.  Where a method
takes a Jacobian or a gradient and none is given, it gets that of dezero.  What the solver starts from is no parameter: a Variable
there is taken as its array.  The derivative of the equations by n unknowns is a matrix, which takes n gradients.
"""
import functools
import inspect
import warnings

import dezero.numpy as dnp
import numpy as np
import scipy.optimize as so
from dezero import Config, Variable, errors, grad, hessian, jacobian, jvp, rule, vjp
from scipy.linalg import lapack

from dezero_scipy import linalg
from dezero_scipy._rules import checked_constant, near, variables, with_variables

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


def plain(who, f):
    """Return f with an error where its result is a Variable that wants a gradient."""
    @functools.wraps(f)
    def called(*args, **kwargs):
        return taken(who, f, f(*args, **kwargs))
    return called


def taken(who, f, y):
    """Return what f gave, a number, an array or several of these, as SciPy may have it."""
    if type(y) in (tuple, list):
        return type(y)([taken(who, f, item) for item in y])
    try:
        return np.asarray(y) if isinstance(y, Variable) else y
    except errors.GradientError as error:
        name = getattr(f, "__name__", "the function")
        raise errors.GradientError(f"scipy.optimize.{who}: {name} gives a Variable where it is called with arrays alone, so that "
                                   "it reads one from elsewhere; pass it in args") from error


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
    parameters : list of Variable
        Those among them that are Variables, from nested tuples, lists and dicts too.
    arrays : tuple
        The same as args, arrays in the place of Variables.
    has_variable, is_recorded : bool
        Is a Variable among them; does the solution get a gradient?
    low, high : float or numpy.ndarray
        The bounds of the unknowns.
    jacobian : callable or None
        The caller's function for the derivative of the equations by the unknowns.
    """

    low, high, jacobian = -np.inf, np.inf, None

    def __init__(self, who, f, args):
        self.who, self.f = who, f
        args = args if isinstance(args, tuple) else (args,)
        self.parameters = list(map(floating, variables(args)))
        self.args = with_variables(args, iter(self.parameters))
        self.arrays = with_variables(args, map(numbers, self.parameters))
        self.has_variable = bool(self.parameters)
        self.is_recorded = Config.enable_backprop and not all([p.is_constant for p in self.parameters])

    def error(self, text):
        return errors.GradientError(f"scipy.optimize.{self.who}: {text}")

    def plain(self, f):
        """Return f as SciPy may call it: an error is raised where its result is a Variable that wants a gradient."""
        return plain(self.who, f) if callable(f) else f

    @property
    def bare(self):
        """The same function without parameters, for SciPy to hold: cycles that it makes (minimize does in 1.13) keep no graph."""
        return type(self)(self.who, self.f, ())

    def values(self, x, *args):
        """Return what f gives, a Variable or an array."""
        return dnp.asarray(self.f(x, *args))

    def equations(self, x, *args):
        """Return what is 0 at the solution, as a vector."""
        return np.ravel(self.values(x, *args))

    def of_parameters(self, x, *parameters):
        """Return the equations as a function of the unknowns and of those parameters that are Variables."""
        return self.equations(x, *self.with_parameters(parameters))

    def with_parameters(self, parameters):
        """Return the arguments with these in the places of Variables."""
        return with_variables(self.args, iter(parameters))

    def check_inside(self, x):
        """Raise an error where a solution, or what a Newton step from there leads to, is not inside the bounds."""
        margins = [1e-10 * np.abs(limit) for limit in (self.low, self.high)]
        is_out = (x <= self.low) | (x >= self.high) | (x - self.low < margins[0]) | (self.high - x < margins[1])
        if np.any(is_out):
            which = ", ".join([f"x[{i}]" for i in np.flatnonzero(is_out)])
            raise self.error(f"bounds are active, those of {which}, so that the solution has no gradient here")

    def solved(self, x, success=True, message=""):
        """Return the solution that SciPy has found, a Variable where there is one among the parameters."""
        if not self.has_variable:
            return x
        if self.is_recorded and not success:
            raise self.error(f"the solver did not converge, so that its result has no gradient: {message}")
        return solution(self.parameters, problem=self, x=np.asarray(x),
                        local=Linearized(self, np.asarray(x)) if self.is_recorded else None)


class Minimum(Problem):
    """A function whose gradient by the unknowns is 0."""

    def cost(self, x, *args):
        """Return what is smallest at the solution, of shape ()."""
        return np.reshape(self.values(x, *args), ())

    def equations(self, x, *args):
        return np.ravel(grad(self.cost)(x, *args))


class LeastSquares(Minimum):
    """Residuals whose squares, or what a loss function makes of these, have the smallest sum.

    Attributes
    ----------
    loss : str
        Of `LOSSES`.
    scale : float
        By what residuals are divided before.
    """

    loss, scale = "linear", 1.0

    def residuals(self, x, *args):
        """Return the residuals, a vector."""
        return np.ravel(self.values(x, *args))

    def cost(self, x, *args):
        z = (self.residuals(x, *args) / self.scale) ** 2
        return self.scale ** 2 / 2 * np.sum(LOSSES[self.loss](z))


LOSSES = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(near(z <= 1, 1, z)) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


class Fit(LeastSquares):
    """The distances of data and a model ``f(xdata, *x)``, in units of their errors."""

    def residuals(self, x, xdata, ydata, sigma):
        r = dnp.asarray(self.f(xdata, *x)) - ydata
        if sigma is None:
            return r
        return linalg.solve_triangular(linalg.cholesky(sigma, lower=True), r, lower=True) if np.ndim(sigma) == 2 else r / sigma

    def covariance(self, x, absolute_sigma):
        """Return the covariance of the fitted parameters, (jᵀ j)⁻¹ of the Jacobian of the residuals, by their variance."""
        r = self.residuals(x, *self.args)
        of = lambda x: self.residuals(x, *self.args)
        slopes = np.stack([jvp(of, (x,), (e,))[1] for e in np.eye(x.size)], 1)
        half = linalg.solve_triangular(linalg.qr(slopes, mode="economic")[1], np.eye(x.size))
        return half @ half.T if absolute_sigma else half @ half.T * (np.sum(r * r) / (r.size - x.size))


class Linearized:
    """The equations near a solution: f_x in factors, and the way back from f to the parameters.

    All that a first gradient needs is computed at the call: what f reads may be something else later.
    """

    def __init__(self, problem, x):
        if x.dtype.kind == "c":
            raise problem.error("the unknowns are complex, which have no gradient here; write their real and imaginary parts")
        # By x, too: grad, which equations may call, makes a leaf of an array, and vjp would take that for one of a transform's.
        self.value, self.pull = vjp(problem.of_parameters, x, *map(numbers, problem.parameters))
        if self.value.size != x.size:
            raise problem.error(f"{self.value.size} equations of {x.size} unknowns have no gradient here; wanted as many as there "
                                "are unknowns, or least_squares")
        problem.check_inside(x)
        self.jacobian = self.jacobian_given(problem, x)
        if self.jacobian is None:
            self.jacobian = by_unknowns(problem, x, problem.arrays)
        self.factors = Factors(problem, self.jacobian)
        problem.check_inside(x - np.reshape(self.factors.solve(self.value), x.shape))
        self.check_regular(problem, x)

    def jacobian_given(self, problem, x):
        """Return f_x as the caller's function has it, or None where that is another than one of dezero, or there is none."""
        if not callable(problem.jacobian):
            return None
        found = np.reshape(problem.jacobian(x, *problem.arrays), (x.size, x.size))
        u = np.random.default_rng(0).normal(size=x.size)
        error = np.abs(u @ found - np.ravel(self.pull(u)[0]))
        return found if np.all(error <= 1e-10 * (np.abs(u) @ np.abs(found))) else None

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
    found = jacobian(problem.equations)(x, *args)
    return np.reshape(found, (len(found), np.size(x)))


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
        return list(local.pull(-local.factors.solve(gy, 1))[1:])
    args = problem.with_parameters(parameters)
    by_y = by_unknowns(problem, y, args)
    value, pull = vjp(problem.of_parameters, y, *parameters)
    local.check_same(problem, x, value.data, by_y.data)
    return list(pull(-np.linalg.solve(by_y.T, gy))[1:])


# -- roots

def root(fun, x0, args=(), method="hybr", jac=None, tol=None, callback=None, options=None):
    """Return the solution of ``fun(x, *args) = 0``, as `scipy.optimize.root` does, with gradients by the Variables in `args`.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` gives as many values as x has.
    x0 : array_like
        Where the solver begins.
    args : tuple
        Parameters; numbers, arrays and Variables of any shape.
    method, jac, tol, callback, options
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
    problem = Problem("root", item_of(fun, 0) if jac is True else fun, args)
    problem.jacobian = item_of(fun, 1) if jac is True else jac
    if problem.has_variable and not jac and method in ("hybr", "lm"):
        jac = slopes_of(problem.bare)
    found = so.root(problem.plain(fun), numbers(x0), problem.arrays, method, problem.plain(jac), tol, callback, options)
    found.x = problem.solved(found.x, found.success, found.message)
    return found


def slopes_of(problem):
    """Return what SciPy takes as jac; the last matrix is kept, for SciPy asks for that at x0 twice."""
    last = []

    def jac(x, *args):
        if not last or not np.array_equal(last[0], x):
            last[:] = x.copy(), by_unknowns(problem, x, args)
        return last[1]
    return jac


def item_of(fun, i):
    """Return the function of one of the results of fun."""
    return lambda *args: fun(*args)[i]


def fsolve(func, x0, args=(), fprime=None, full_output=False, col_deriv=False, *more, **options):
    """Return the solution of ``func(x, *args) = 0``, as `scipy.optimize.fsolve` does; see `root`."""
    problem = Problem("fsolve", func, args)
    problem.jacobian = fprime = problem.plain(fprime)
    if problem.has_variable and fprime is None:
        fprime, col_deriv = slopes_of(problem.bare), False
    x, info, status, message = so.fsolve(problem.plain(func), numbers(x0), problem.arrays, fprime, True, col_deriv, *more,
                                         **options)
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


def root_scalar(f, args=(), method=None, bracket=None, fprime=None, fprime2=None, x0=None, x1=None, *more, **options):
    """Return the root of a function of one number, as `scipy.optimize.root_scalar` does: `root` of the result is a Variable."""
    problem = Problem("root_scalar", item_of(f, 0) if fprime is True else f, args)
    found = so.root_scalar(problem.plain(f), problem.arrays, method, numbers(bracket), *map(problem.plain, (fprime, fprime2)),
                           numbers(x0), numbers(x1), *more, **options)
    found.root = problem.solved(found.root, found.converged, found.flag)
    return found


# -- minima

WANT_HESSIAN = {"dogleg", "trust-ncg", "trust-krylov", "trust-exact"}
WANT_GRADIENT = {"newton-cg", *WANT_HESSIAN}
TAKE_GRADIENT = {"none", "cg", "bfgs", "l-bfgs-b", "tnc", "slsqp", "trust-constr"}


def minimize(fun, x0, args=(), method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None, callback=None,
             options=None):
    """Return the minimum of ``fun(x, *args)``, as `scipy.optimize.minimize` does, with gradients by the Variables in `args`.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` gives a number.
    x0, method, bounds, tol, callback, options
        As SciPy takes them.
    args : tuple
        Parameters; numbers, arrays and Variables of any shape.
    jac, hess, hessp
        As SciPy takes them.  A method that works with gradients gets dezero's where `jac` is not given, and one that can't do
        without second derivatives gets those.

    Returns
    -------
    scipy.optimize.OptimizeResult
        `x` and `fun` are Variables where there is one in `args`; what else it has are arrays.

    Raises
    ------
    GradientError
        The solver did not converge, a bound is active or there are constraints, the Hessian is singular at the solution, or `fun`
        reads a Variable that is not in `args`.  Without a Variable in `args` only the last one is an error.
    """
    problem = Minimum("minimize", item_of(fun, 0) if jac is True else fun, args)
    if problem.is_recorded and constraints:
        raise problem.error("a solution under constraints has no gradient here; write bounds that are not active, or solve the "
                            "equations of Karush, Kuhn and Tucker by root")
    name = str(method).lower()
    if jac is None and (name in WANT_GRADIENT or problem.has_variable and name in TAKE_GRADIENT):
        jac = grad(problem.bare.cost)
    if hess is None and hessp is None and name in WANT_HESSIAN:
        hess = hessian(problem.bare.cost)
    bounds = bounds if bounds is None or isinstance(bounds, so.Bounds) else list(bounds)
    problem.low, problem.high = limits("minimize", bounds, is_by_unknown=True)
    found = so.minimize(problem.plain(fun), numbers(x0), problem.arrays, method, *map(problem.plain, (jac, hess, hessp)), bounds,
                        constraints, tol, callback, options)
    if problem.has_variable:
        found.x = problem.solved(found.x, found.success, found.message)
        found.fun = problem.cost(found.x, *problem.args)
    return found


def minimize_scalar(fun, bracket=None, bounds=None, args=(), method=None, tol=None, options=None):
    """Return the minimum of a function of one number, as `scipy.optimize.minimize_scalar` does; see `minimize`."""
    problem = Minimum("minimize_scalar", fun, args)
    problem.low, problem.high = limits("minimize_scalar", bounds)
    found = so.minimize_scalar(problem.plain(fun), numbers(bracket), bounds, problem.arrays, method, tol, options)
    if problem.has_variable:
        found.x = problem.solved(found.x, found.success, found.message)
        found.fun = problem.cost(found.x, *problem.args)
    return found


def limits(who, bounds, is_by_unknown=False):
    """Return the lower and the upper bounds, of what SciPy takes as such."""
    checked_constant(who, bounds=(bounds.lb, bounds.ub) if isinstance(bounds, so.Bounds) else bounds)
    if bounds is None:
        return -np.inf, np.inf
    if isinstance(bounds, so.Bounds):
        return np.asarray(bounds.lb), np.asarray(bounds.ub)
    low, high = zip(*numbers(bounds)) if is_by_unknown else numbers(bounds)
    return [np.asarray(np.where(np.equal(limit, None), end, limit), float) for limit, end in ((low, -np.inf), (high, np.inf))]


def least_squares(fun, x0, jac=None, bounds=None, method="trf", *, loss="linear", f_scale=1.0, args=(), kwargs=None, **options):
    """Return what makes the squares of ``fun(x, *args)`` smallest, as `scipy.optimize.least_squares` does.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args, **kwargs)`` gives the residuals.
    x0, bounds, method, f_scale, kwargs, **options
        As SciPy takes them.
    jac : callable or str, optional
        As SciPy takes it; by default dezero's where there is a Variable in `args`.
    loss : str
        "linear", "soft_l1", "huber", "cauchy" or "arctan".
    args : tuple
        Parameters; numbers, arrays and Variables of any shape.

    Returns
    -------
    scipy.optimize.OptimizeResult
        `x`, `fun` and `cost` are Variables where there is one in `args`; what else it has, such as `jac`, are arrays.

    Raises
    ------
    GradientError
        As `minimize`; or `loss` is a function.
    """
    fun = functools.partial(fun, **kwargs) if kwargs else fun
    problem = LeastSquares("least_squares", fun, args)
    problem.loss, problem.scale = loss, f_scale
    problem.low, problem.high = limits("least_squares", bounds)
    checked_constant("least_squares", f_scale=f_scale, **options)
    if problem.is_recorded and callable(loss):
        raise problem.error("a loss function of one's own has no gradient here; write its name, or minimize")
    if problem.has_variable:
        jac = jacobian(problem.bare.residuals) if jac is None else jac
    found = so.least_squares(problem.plain(fun), numbers(x0), "2-point" if jac is None else problem.plain(jac),
                             (-np.inf, np.inf) if bounds is None else bounds, method, loss=loss, f_scale=f_scale,
                             args=problem.arrays, **options)
    if problem.has_variable:
        found.x = problem.solved(found.x, found.success, found.message)
        found.fun, found.cost = problem.residuals(found.x, *problem.args), problem.cost(found.x, *problem.args)
    return found


def curve_fit(f, xdata, ydata, p0=None, sigma=None, absolute_sigma=False, check_finite=None, bounds=None, method=None, jac=None, *,
              full_output=False, **options):
    """Return the parameters of a model ``f(xdata, *p)`` that fit data best, as `scipy.optimize.curve_fit` does.

    Parameters
    ----------
    f : callable
        The model.
    xdata, ydata, sigma
        The data and their errors, as SciPy takes them; each may be a Variable.
    p0, absolute_sigma, check_finite, bounds, method, full_output, **options
        As SciPy takes them.
    jac : callable or str, optional
        As SciPy takes it; by default dezero's where the data are Variables.

    Returns
    -------
    popt, pcov
        Variables where there is one among the data.

    Raises
    ------
    GradientError
        As `minimize`; or an option changes the data (`nan_policy`) or the squares (`loss`).
    """
    if isinstance(xdata, (list, tuple, np.ndarray, Variable)):
        xdata = dnp.asarray(xdata).astype(float)
    ydata, sigma = dnp.asarray(ydata).astype(float), sigma if sigma is None else dnp.asarray(sigma).astype(float)
    if sigma is not None and sigma.size == 1:
        sigma = np.broadcast_to(sigma, ydata.shape)     # SciPy takes a number for a matrix where there is a jac
    problem = Fit("curve_fit", f, (xdata, ydata, sigma))
    problem.low, problem.high = limits("curve_fit", bounds)
    for name, harmless in (("nan_policy", None), ("loss", "linear")):
        if problem.is_recorded and options.get(name, harmless) != harmless:
            raise problem.error(f"{name}={options[name]!r} has no gradient here; leave it out")
    if problem.has_variable:
        jac = slopes_of_model(f) if jac is None else jac
    xs, ys, errors = problem.arrays
    popt, pcov, *told = so.curve_fit(problem.plain(f), xs, ys, numbers(p0), errors, absolute_sigma, check_finite,
                                     (-np.inf, np.inf) if bounds is None else bounds, method, problem.plain(jac), full_output=True,
                                     **options)
    if problem.has_variable:
        popt = problem.solved(popt)
        is_known = problem.is_recorded and np.all(np.isfinite(pcov))
        pcov = problem.covariance(popt, absolute_sigma) if is_known else problem.solved(pcov)
    return (popt, pcov, *told) if full_output else (popt, pcov)


def slopes_of_model(f):
    """Return the function that gives the derivatives of a model by its parameters, as curve_fit takes it."""
    def jac(xdata, *p):
        return jacobian(lambda p: np.ravel(dnp.asarray(f(xdata, *p))))(np.array(p, float))
    return jac
