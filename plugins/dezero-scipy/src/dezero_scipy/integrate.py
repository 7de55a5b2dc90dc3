"""scipy.integrate with gradients: of samples, of functions, and of ordinary differential equations.

What a function depends on is passed to it in `args`, as SciPy has it: Variables there, in nested tuples, lists and dicts too, are
differentiated by.  A Variable that the function has from elsewhere, as from its closure, is an error.  Backward calls the function
of `quad`, and that of an adjoint equation, again: if what else it reads has changed since, that is an error, too.
"""
from dataclasses import dataclass

import numpy as np
import scipy.integrate as si
from dezero import Variable, errors, jvp, rule, vjp

from dezero_scipy._rules import (checked_constant, data, floating, joined, near, of_arrays, of_variables_in, operand, twin,
                                 variables, with_variables)


# -- samples

def spaced(name, y, x, dx, axis):
    """Return y with the axis of the integral as the last, and the distances of its points."""
    y = np.moveaxis(joined(y), axis, -1)
    if x is None:
        return y, dx * np.ones(max(y.shape[-1] - 1, 0), y.dtype)
    x = joined(x)
    if x.ndim != 1:
        x = np.moveaxis(np.broadcast_to(x, np.moveaxis(y, -1, axis).shape), axis, -1)
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(f"{name}: x has {x.shape[-1]} points along the axis of the integral, wanted {y.shape[-1]}, as y has")
    return y, np.diff(x)


@twin(si.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    y, h = spaced("trapezoid", y, x, dx, axis)
    return np.sum(h * (y[..., 1:] + y[..., :-1]) / 2, -1)


@twin(si.cumulative_trapezoid)
def cumulative_trapezoid(y, x=None, dx=1.0, axis=-1, initial=None):
    if initial is not None and initial != 0:
        raise ValueError(f"cumulative_trapezoid: initial={initial!r}, wanted None or 0")
    y, h = spaced("cumulative_trapezoid", y, x, dx, axis)
    sums = np.cumsum(h * (y[..., 1:] + y[..., :-1]) / 2, -1)
    if initial is not None:
        sums = np.concatenate([np.zeros((*sums.shape[:-1], 1), sums.dtype), sums], -1)
    return np.moveaxis(sums, -1, axis)


def quotient(x, y):
    """Return x / y, 0 where y is 0."""
    return np.where(y == 0, 0, x / near(y == 0, 1, y))


@twin(si.simpson)
def simpson(y, x=None, *, dx=1.0, axis=-1):
    y, h = spaced("simpson", y, x, dx, axis)
    n = y.shape[-1]
    if n == 2:
        return h[..., 0] * (y[..., 0] + y[..., 1]) / 2
    odd = n - 1 + n % 2                                     # points of parabolas through three each
    a, b = h[..., :odd - 1:2], h[..., 1:odd - 1:2]
    y0, y1, y2 = y[..., :odd - 2:2], y[..., 1:odd - 1:2], y[..., 2:odd:2]
    both, ratio = a + b, quotient(a, b)
    area = np.sum(both / 6 * (y0 * (2 - quotient(1, ratio)) + y1 * (both * quotient(both, a * b)) + y2 * (2 - ratio)), -1)
    if n == odd:
        return area
    a, b = h[..., -2], h[..., -1]                           # the last interval, of the parabola through the last three points
    return (area + quotient(2 * b * b + 3 * a * b, 6 * (a + b)) * y[..., -1] + quotient(b * b + 3 * a * b, 6 * a) * y[..., -2]
            - quotient(b ** 3, 6 * a * (a + b)) * y[..., -3])


# -- functions

class Remembered:
    """A function of the caller, and what it gave at the call: backward calls it again.

    Attributes
    ----------
    who : str
        The function that the caller has called.
    f : callable
    of_arrays : callable
        The same, of arrays alone.
    seen : list of (list, array)
        Arguments of its first calls, and what it gave.
    """

    def __init__(self, who, f):
        self.who, self.f, self.of_arrays, self.seen = who, f, of_arrays(f, who), []

    def called(self, *args):
        """Return what the function gives of arrays, and keep that of the first calls."""
        y = self.of_arrays(*args)
        if len(self.seen) < 5:
            self.seen.append((list(map(np.copy, args)), np.copy(y)))
        return y

    def check(self):
        """Raise an error unless the function gives what it gave at the call."""
        for args, y in self.seen:
            if not np.allclose(self.of_arrays(*args), y, 1e-9, 0, equal_nan=True):
                raise errors.GradientError(
                    f"{self.who}: backward calls the function again, and it gives other values than at the call: what it reads "
                    "beside its arguments has changed since, as a loop variable in a lambda does; pass it in args, or write k=k")


def number(y):
    """Return what the function of quad gives, or its derivative, which has to be one real number."""
    y = joined(y)
    if y.ndim:
        raise ValueError(f"quad: func gives an array of shape {y.shape}, wanted a number")
    if y.dtype.kind == "c":
        raise TypeError("quad: func, or its derivative by a complex argument, gives a complex number, wanted a real one: integrate "
                        "real and imaginary parts apart, and pass them apart in args")
    return y


def forward_of_quad(xs, *, f, options):
    a, b, *ps = xs
    y, error, _, *message = si.quad(lambda x: number(f.called(x, *ps)), a, b, full_output=1, **options)
    if message:
        raise RuntimeError(f"quad: the integral from {a} to {b} did not converge: {message[0]}")
    return np.float64(y), np.float64(error)


def sizes(p):
    """Return the absolute values of a parameter, 1 at least: changes of this size are what an absolute tolerance is meant for."""
    return np.maximum(np.abs(data(p)), 1)


def slope(f, i, index):
    """Return the derivative of f(x, *ps) by the element `index` of the parameter i, a function of the same."""
    def df(x, *ps):
        y, pull = vjp(lambda p: number(f(x, *ps[:i], p, *ps[i + 1:])), ps[i])
        return number(pull(1.0)[0][index])
    return df


@rule(forward_of_quad, name="scipy.integrate.quad", listed=True, method=None, order=None)
def integral(gy, y, xs, *, f, options):
    """y = ∫ f(x, p) dx from a to b;   ∂y/∂p = ∫ ∂f/∂p dx,   ∂y/∂b = f(b),   ∂y/∂a = -f(a), 0 at an infinite end"""
    f.check()
    g, _ = gy
    a, b, *ps = xs

    def by_limit(x, sign):
        if options["weight"] is not None:
            raise errors.GradientError("quad has no gradient by a and b where weight is given: give it their .data")
        return sign * g * number(f.f(x, *ps)) if np.isfinite(x) else None

    def by_element(i, index):
        absolute = options["epsabs"] / sizes(ps[i])[index]  # a derivative by what is large is small
        return integral([a, b, *ps], f=Remembered("quad", slope(f.f, i, index)), options={**options, "epsabs": absolute})[0]

    def by(i):
        found = [by_element(i, index) for index in np.ndindex(ps[i].shape)]
        return g * np.reshape(np.stack(found), ps[i].shape) if found else None
    return [lambda: by_limit(a, -1), lambda: by_limit(b, 1), *[lambda i=i: by(i) for i in range(len(ps))]]


def quad(func, a, b, args=(), full_output=0, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None, weight=None, wvar=None,
         wopts=None, maxp1=50, limlst=50, complex_func=False):
    """Return the integral of ``func(x, *args)`` over x from a to b, and an estimate of its error, as `scipy.integrate.quad`.

    Parameters
    ----------
    func : callable
        ``func(x, *args)`` gives a number.
    a, b : float, array of shape () or Variable
        The limits, which may be infinite.
    args : tuple
        Variables among them, of any shape, are differentiated by: the derivative is the integral of that of func, one for each
        element.  So func has to be continuous in them; a jump whose place depends on one of them is lost.
    full_output, complex_func
        Without Variables only.
    epsabs, epsrel, limit, points, weight, wvar, wopts, maxp1, limlst
        SciPy's, for the derivatives too.  With a weight, a and b are constants.

    Returns
    -------
    y : Variable
    abserr : float

    Raises
    ------
    RuntimeError
        The integral, or that of a derivative, did not converge.
    GradientError
        func gives a Variable that is not in args.
    """
    args = args if isinstance(args, tuple) else (args,)
    options = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points, "weight": weight, "wvar": wvar, "wopts": wopts,
               "maxp1": maxp1, "limlst": limlst}
    checked_constant("quad", **options)
    if not variables((a, b, args)):
        func = of_arrays(func, "quad") if callable(func) else func
        return si.quad(func, a, b, args, full_output, complex_func=complex_func, **options)
    if full_output or complex_func:
        raise ValueError(f"quad: {'full_output' if full_output else 'complex_func'} is not there with Variables: leave it out")
    ps, f = of_variables_in(args, func)
    a, b = operand(a), operand(b)
    if a.ndim or b.ndim:
        raise ValueError(f"quad: a of shape {a.shape} and b of shape {b.shape}, wanted numbers")
    y, error = integral([a, b, *ps], f=Remembered("quad", f), options=options)
    return y, error.item()


# -- ordinary differential equations

EXPLICIT = {cls: cls.__name__ for cls in (si.RK23, si.RK45, si.DOP853)}
"""The methods whose steps can be recorded."""


@dataclass(repr=False)
class Flow:
    """The solution y(t) of y' = f(t, y, *ps) as a solver has it, and what it was asked.

    Attributes
    ----------
    f : Remembered
    ts : array of shape (k,)
    ys : array of shape (n, k)
        The solution at these times.
    dense : callable
        Gives the function y(t).
    options : dict
        Of `scipy.integrate.solve_ivp`: its method and tolerances.
    """

    f: Remembered
    ts: object
    ys: object
    dense: object
    options: dict

    def solved(self, f, t0, t1, y0):
        """Return the solution at t1 of another equation, by the same method."""
        run = si.solve_ivp(f, (t0, t1), y0, t_eval=(t1,), **self.options)
        if not run.success:
            raise RuntimeError(f"{self.f.who}: backward in time from t = {t0} to {t1}: {run.message}")
        return run.y[:, -1]


@rule(lambda xs, *, flow: flow.ys, name="scipy.integrate.solve_ivp", listed=True, method=None, order=None)
def trajectory(gy, y, xs, *, flow):
    """y(tₖ) of y' = f(t, y, p), y(t₀) = y₀;   with λ' = -λ ∂f/∂y, to which gy(tₖ) is added at tₖ:  ∂/∂y₀: λ(t₀),
    ∂/∂p: ∫ λ ∂f/∂p dt,   ∂/∂tₖ: gy(tₖ) f(tₖ),   ∂/∂t₀: -λ(t₀) f(t₀)"""
    flow.f.check()
    y0, t0, ts, *ps = xs
    back = costate([gy, *xs], flow=flow)
    first, *parts = parts_of(back, [y0, *ps])

    def by_ts():
        return np.stack([np.sum(gy[:, k] * right_side(flow.f.f, ts[k], y[:, k], ps)) for k in range(y.shape[1])])
    return [first, lambda: -np.sum(first * right_side(flow.f.f, t0, y0, ps)), by_ts, *parts]


def of_kind(fun):
    """Return the function of an equation that is refused complex numbers where y is real: SciPy drops their imaginary parts."""
    def f(t, y, *args):
        slopes = fun(t, y, *args)
        if np.iscomplexobj(slopes) and not np.iscomplexobj(y):
            raise TypeError("solve_ivp: fun gives complex numbers, and y0 is real: give it a complex y0")
        return slopes
    return f


def right_side(f, t, y, ps):
    """Return f(t, y, *ps) as an array or a Variable."""
    return joined(f(t, y, *ps))


def flat(parts):
    return np.concatenate([np.ravel(part) for part in parts])


def parts_of(vector, likes):
    """Return the parts of a vector in the shapes of arrays."""
    ends = np.cumsum([like.size for like in likes])
    return [np.reshape(vector[end - like.size:end], like.shape) for end, like in zip(ends, likes)]


def pulled(f, t, y, ps, cotangent):
    """Return -(∂f/∂y, ∂f/∂p)ᵀ of a cotangent, as one vector."""
    _, pull = vjp(lambda y, *ps: right_side(f, t, y, ps), y, *ps)
    return -flat(pull(cotangent))


def forward_of_costate(xs, *, flow):
    gy, y0, t0, ts, *ps = xs
    n, y, size, largest = len(y0), flow.dense(), sizes_of_all(y0, ps), np.max(np.abs(gy), initial=0) or 1.0
    jumps = np.flatnonzero(np.any(gy != 0, 0))
    back = np.zeros(size.size, np.result_type(gy, *ps))     # of size 1, for which atol is meant

    def slope_of_back(t, s):
        cotangent = s[:n] if gy.dtype.kind == "c" else s[:n].real       # of real y, beside complex parameters
        return pulled(flow.f.f, t, y(t), ps, cotangent) * size
    for k, t_next in zip(jumps[::-1], [*ts[jumps[:-1]][::-1], t0]):
        back[:n] += gy[:, k] / largest
        if ts[k] != t_next:
            back = flow.solved(slope_of_back, ts[k], t_next, back)
    return back / size * largest


def sizes_of_all(y0, ps):
    """Return the sizes of parameters, and 1 for the start, as one vector."""
    return flat([np.ones(y0.size), *map(sizes, ps)])


@rule(forward_of_costate, name="scipy.integrate.costate", listed=True, method=None, order=None)
def costate(gy, y, xs, *, flow):
    """y = (λ(t₀), ∫ λ ∂f/∂p dt);   gy · y = Σ gyₖ · δ(tₖ), δ' = ∂f/∂y δ + ∂f/∂p (the part of gy), δ(t₀) = the part of gy: this sum
    is differentiated by all that it is made of"""
    flow.f.check()
    n = xs[1].size
    largest = np.max(np.abs(data(gy)) / sizes_of_all(xs[1], xs[4:]), initial=0) or 1.0

    def f(t, s, ps, changes):
        return np.concatenate(jvp(lambda y, *ps: right_side(flow.f.f, t, y, ps), (s[:n], *ps), (s[n:], *changes)))

    def paired(gyk, y0, t0, ts, *ps):
        change, *changes = parts_of(gy / largest, [y0, *ps])
        run = solve_ivp(f, (t0, ts[-1]), np.concatenate([y0, change]), t_eval=ts, args=(ps, tuple(changes)), gradient="adjoint",
                        **flow.options)
        return largest * np.sum(gyk * run.y[n:])
    return list(vjp(paired, *xs)[1](1.0))


def solve_ivp(fun, t_span, y0, method="RK45", t_eval=None, dense_output=False, events=None, vectorized=False, args=None, *,
              gradient=None, **options):
    """Return the solution of y' = ``fun(t, y, *args)`` with y(t0) = y0, as `scipy.integrate.solve_ivp`.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)`` gives y', as an array or a list.
    t_span : (t0, tf)
        Numbers or Variables.
    y0 : array, Variable, or list of numbers and Variables, shape (n,)
    method : str or class
        SciPy's.
    t_eval : array or Variable, shape (k,), optional
        The times at which the solution is wanted; by default those of the solver's steps.
    dense_output, events, vectorized
        Without Variables only.
    args : tuple, optional
        Variables among them, of any shape, are differentiated by.  They may stand in tuples, lists and dicts too:
        ``args=({"k": k, "c": c},)``.
    gradient : {None, "recorded", "adjoint"}
        "recorded": the steps that SciPy's solver has chosen are made once more with Variables and recorded.  The gradient is
        that of the numbers that come out, to rounding, where the steps stay as they are; memory grows with the number of steps.
        For RK23, RK45 and DOP853.
        "adjoint": a second equation is solved backward in time [1]_, with the same method, rtol and atol.  The gradient is that
        of the true solution, as exact as rtol and atol make it; what the solver keeps to interpolate is all that it needs.
        None, the default, is "recorded" where the method can, else "adjoint".
    **options
        SciPy's: rtol, atol, max_step and so on.  jac and the bands are not used for the adjoint.

    Returns
    -------
    scipy.integrate.OdeResult
        As SciPy's: y, of shape (n, k), is a Variable, and t where t_span or t_eval has Variables.

    Raises
    ------
    RuntimeError
        The solver fails, forward or for the adjoint.
    GradientError
        fun gives a Variable that is not in args.

    References
    ----------
    .. [1] R. T. Q. Chen, Y. Rubanova, J. Bettencourt, D. Duvenaud, Neural Ordinary Differential Equations, NeurIPS 2018.
    """
    cls = getattr(si, method, None) if isinstance(method, str) else method
    if gradient not in (None, "recorded", "adjoint"):
        raise ValueError(f"solve_ivp: gradient={gradient!r}, wanted 'recorded', 'adjoint' or None")
    if gradient == "recorded" and cls not in EXPLICIT:
        raise ValueError(f"solve_ivp: gradient='recorded' with method {method!r}, wanted {', '.join(EXPLICIT.values())}")
    checked_constant("solve_ivp", **options)
    if not variables((t_span, y0, t_eval, args)):
        fun = of_arrays(fun, "solve_ivp")
        return si.solve_ivp(fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options)
    for name, value in (("dense_output", dense_output), ("events", events), ("vectorized", vectorized)):
        if value:
            raise ValueError(f"solve_ivp: {name} is not there with Variables: leave it out")
    args = () if args is None else args
    if not isinstance(args, (tuple, list)):
        raise TypeError(f"solve_ivp: args is of {type(args)}, wanted a tuple: args=(k,)")
    ps, f = of_variables_in(args, fun)
    t0, tf = map(floating, t_span)
    y0, t_eval = floating(y0), None if t_eval is None else floating(t_eval)
    if t_eval is not None and not t_eval.size:
        raise ValueError("solve_ivp: t_eval is empty: leave it out, or give one time")
    if t_eval is not None and t0.item() == tf.item():
        raise ValueError(f"solve_ivp: t_span is {t0.item()} alone, where SciPy has nothing at t_eval: leave t_eval out")
    is_recorded = cls in EXPLICIT and gradient != "adjoint"
    remembered, numbers = Remembered("solve_ivp", f), list(map(data, ps))
    run = si.solve_ivp(of_kind(lambda t, y, *args: remembered.called(t, y, *numbers)), (t0.item(), tf.item()), data(y0), method,
                       data(t_eval), not is_recorded or t_eval is not None, args=numbers_of(args), **options)
    if not run.success:
        raise RuntimeError(f"solve_ivp: {run.message}")
    steps = [t0, *(run.t if run.sol is None else run.sol.ts)[1:-1], tf]
    ts = t_eval if t_eval is not None else joined(steps) if variables(steps) else run.t
    if is_recorded:
        y = replayed(cls, f, steps, y0, ps, t_eval)
    else:
        kept = {"rtol": 1e-3, "atol": 1e-6, "method": method,
                **{name: options[name] for name in ("rtol", "atol", "max_step") if name in options}}
        kept["atol"] = np.min(kept["atol"])                 # one for each element of y has no meaning for λ
        dense = run.sol
        y = trajectory([y0, t0, ts, *ps], flow=Flow(remembered, run.t, run.y, lambda: dense, kept))
    run.t, run.y, run.sol = ts, y, None
    return run


def numbers_of(args):
    """Return args with the numbers alone of its Variables."""
    return with_variables(args, map(data, variables(args)))


def odeint(func, y0, t, args=(), Dfun=None, col_deriv=0, full_output=0, ml=None, mu=None, rtol=None, atol=None, tcrit=None, h0=0.0,
           hmax=0.0, hmin=0.0, ixpr=0, mxstep=0, mxhnil=0, mxordn=12, mxords=5, printmessg=0, tfirst=False):
    """Return the solution of y' = ``func(y, t, *args)`` with y(t[0]) = y0 at the times t, as `scipy.integrate.odeint`.

    Parameters
    ----------
    func : callable
        ``func(y, t, *args)``, or ``func(t, y, *args)`` with tfirst, gives y'.
    y0 : array, Variable, or list of numbers and Variables, shape (n,)
    t : array or Variable, shape (k,)
    args : tuple
        Variables among them, of any shape, are differentiated by.
    full_output
        Without Variables only.
    rtol, atol : float, optional
        SciPy's, for the adjoint too; all others are for the solution alone.

    Returns
    -------
    Variable, shape (k, n)
        The gradient is that of `solve_ivp` with ``gradient="adjoint"`` and ``method="LSODA"``.

    Raises
    ------
    RuntimeError
        The solver fails, forward or for the adjoint.
    GradientError
        func gives a Variable that is not in args.
    """
    args = args if isinstance(args, tuple) else (args,)
    options = {"Dfun": Dfun, "col_deriv": col_deriv, "ml": ml, "mu": mu, "rtol": rtol, "atol": atol, "tcrit": tcrit, "h0": h0,
               "hmax": hmax, "hmin": hmin, "ixpr": ixpr, "mxstep": mxstep, "mxhnil": mxhnil, "mxordn": mxordn, "mxords": mxords,
               "printmessg": printmessg, "tfirst": tfirst}
    checked_constant("odeint", **options)
    if not variables((y0, t, args)):
        return si.odeint(of_arrays(func, "odeint"), y0, t, args, full_output=full_output, **options)
    if full_output:
        raise ValueError("odeint: full_output is not there with Variables: leave it out")
    ps, f = of_variables_in(args, func if tfirst else lambda t, y, *args: func(y, t, *args))
    y0, t, remembered, numbers = floating(y0), floating(t), Remembered("odeint", f), list(map(data, ps))
    start, ts = data(y0), data(t)

    def given(*args):
        t, y = args[:2] if tfirst else args[1::-1]
        return remembered.called(t, y, *numbers)
    y, told = si.odeint(given, start, ts, numbers_of(args), full_output=1, **options)
    is_still = np.all(ts == ts[:1])                         # SciPy says then that nothing was done
    if told["message"] != "Integration successful." and not is_still:
        raise RuntimeError(f"odeint: {told['message']}")
    if is_still and not isinstance(t, Variable):
        return np.stack([y0 if isinstance(y0, Variable) else Variable(y0)] * len(ts))
    default = np.sqrt(np.finfo(float).eps)                  # LSODA's own, as odeint has it
    kept = {"method": "LSODA", "rtol": default if rtol is None else np.min(rtol), "atol": default if atol is None else np.min(atol)}

    def dense():
        return si.solve_ivp(f, (ts[0], ts[-1]), start, dense_output=True, args=tuple(map(data, ps)), **kept).sol
    return trajectory([y0, t[0], t, *ps], flow=Flow(remembered, ts, y.T, dense, kept)).T


# -- steps of Runge and Kutta, made once more

def replayed(cls, f, steps, y, ps, t_eval):
    """Return the solution at the steps of an explicit solver of SciPy, or by its interpolation at other times, with Variables."""
    ys, at = [y], data(t_eval)
    k = right_side(f, data(steps[0]), y, ps)
    found, done = [], 0
    for t, t_new in zip(steps, steps[1:]):
        h, y_old = t_new - t, y
        ks = stages(cls.A, cls.C, f, t, y_old, h, ps, [k], 1)
        y = y_old + h * (cls.B @ np.stack(ks))
        k = right_side(f, t + h, y, ps)
        ks.append(k)
        if t_eval is None:
            ys.append(y)
            continue
        until = np.sum(at <= t_new if h > 0 else at >= t_new)
        if until > done:
            x = ((t_eval[done:until] - t) / h)[:, None]
            interpolate = between_of_dop853 if cls is si.DOP853 else between
            found.append(interpolate(cls, f, t, y_old, h, ps, ks, y, x))
            done = until
        if done == at.size:
            break
    return np.stack(ys, 1) if t_eval is None else np.concatenate(found).T


def stages(a, c, f, t, y, h, ps, ks, first):
    """Return the slopes ks and those of the further stages of a tableau."""
    ks = list(ks)
    for row, node in zip(a[first:], c[first:]):
        ks.append(right_side(f, t + node * h, y + (row[:len(ks)] @ np.stack(ks)) * h, ps))
    return ks


def between(cls, f, t, y_old, h, ps, ks, y, x):
    """Return y in a step, at parts x of it: the polynomial that RK23 and RK45 have."""
    powers = x ** np.arange(1, cls.P.shape[1] + 1)
    return y_old + h * (powers @ (cls.P.T @ np.stack(ks)))


def between_of_dop853(cls, f, t, y_old, h, ps, ks, y, x):
    """Return y in a step of DOP853: a polynomial in x and 1 - x by turns, of three more stages."""
    more = stages(cls.A_EXTRA, cls.C_EXTRA, f, t, y_old, h, ps, ks, 0)
    change, last = y - y_old, ks[-1]
    rows = [change, h * ks[0] - change, 2 * change - h * (last + ks[0]), *(h * (cls.D @ np.stack(more)))]
    total = 0
    for i, row in enumerate(reversed(rows)):
        total = (total + row) * (x if i % 2 == 0 else 1 - x)
    return y_old + total
