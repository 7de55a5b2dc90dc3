"""Derivatives of functions: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp.

    >>> import numpy as np
    >>> from dezero import grad
    >>> grad(lambda x: x**3)(2.0)
    np.float64(12.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    np.float64(12.0)

Names, argument order and shapes are those of JAX.  An argument that is differentiated by is a number or an array, floating or
complex, a Variable, or a tuple, list or dict of such, nested as one likes (None stands for nothing); the derivative has the same
structure, whatever the function does to the containers that it gets.  Arrays give arrays, Python floats and NumPy scalars
give NumPy scalars, and a GraphCutWarning where the function uses a Variable beside its arguments, which then gets no gradient
through them.  A Variable, or a function that uses Variables of an outer transform, gives Variables, which can be
differentiated again: so transforms nest.  The function gets Variables, and no `.grad` is read or written.  Under a
transform `float(x)`, `int(x)` and `np.asarray(x)` of a Variable that wants a gradient are a GradientError; `x.item()` and
`x.data` say that a number is meant.

What is computed where:

- ``grad``, ``vjp`` and the rows of ``jacobian`` walk back once each;
- ``hvp`` walks back twice, ``hessian`` once and then once for each element;
- ``jvp`` walks back through a walk back that is linear in its seed, and so goes forward; ``jacobian`` takes columns
  in this way where there are far fewer arguments than results.

A gradient by a complex z = x + iy is ∂u/∂x - i ∂u/∂y, as in JAX: du = Re(g dz), and of a holomorphic function it is the
derivative.  (`.grad`, which `Variable.backward` sets, is the conjugate of it.)
"""
from copy import copy
from functools import wraps

import numpy as np

from . import _progress, config
from ._kernels.gradients import gradient_dtype
from .engine.checks import GradientTypeError, describe
from .engine.function import Function
from .engine.graph import DETACHED, is_known, without_graph
from .engine.guard import derivative_taken
from .engine.partial import argument, depends_on_others, gradients
from .engine.variable import Variable
from .errors import DTypeError, FirstOrderOnly, GradientError

__all__ = ["grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp"]

COLUMNS = 6             # a column costs what this many rows do, by measurement


# ---- what the caller calls -------------------------------------------------------------------------------------------

def grad(f, argnums=0, has_aux=False, holomorphic=False):
    """Return the function that computes the gradient of f, whose result is a scalar.

    Parameters
    ----------
    f : callable
        A function of Variables; its result has shape ``()``.
    argnums : int or tuple of int
        The positional arguments with respect to which f is differentiated.
    has_aux : bool
        f gives ``(result, aux)``, and the gradient comes as ``(gradient, aux)``.
    holomorphic : bool
        f is a holomorphic function of complex arguments, and so its result is complex.  Without this the result is real,
        whatever the arguments are.

    Returns
    -------
    callable
        It takes what f takes.  Its result has the structure of the argument, or is a tuple of such where `argnums` is a
        tuple; it is zero where f does not depend on the argument.

    Raises
    ------
    TypeError
        An argument to differentiate by is an integer, or no number at all.
    GradientError
        The result of f is not a scalar, or it is complex.
    """
    argnums = checked("grad", f, argnums)

    @wraps(f, WRAPPED)
    def gradient(*args, **kwargs):
        trace = Trace("grad", f, argnums, args, kwargs, has_aux, holomorphic)
        g = trace.give(trace.pull_one(trace.scalar()))
        return (g, trace.finish(trace.aux)) if has_aux else g

    return gradient


def value_and_grad(f, argnums=0, has_aux=False):
    """Return the function that computes the value of f and its gradient, ``(value, gradient)``; see `grad`.

    With `has_aux` f gives ``(result, aux)``, and the value comes as ``(value, aux)``.
    """
    argnums = checked("value_and_grad", f, argnums)

    @wraps(f, WRAPPED)
    def value_and_gradient(*args, **kwargs):
        trace = Trace("value_and_grad", f, argnums, args, kwargs, has_aux)
        y = trace.scalar()
        g = trace.give(trace.pull_one(y))
        value = trace.finish(y)
        return ((value, trace.finish(trace.aux)) if has_aux else value), g

    return value_and_gradient


def vjp(f, *primals):
    """Return the value of f, and the function that takes a cotangent back: vector-Jacobian products.

    Parameters
    ----------
    f : callable
        A function of Variables; its result is a Variable, or a tuple, list or dict of them.
    *primals
        Its arguments, all differentiated by.

    Returns
    -------
    y
        The value, as arrays.
    f_vjp : callable
        Of a cotangent, in the structure of y; gives a tuple with one gradient for each primal.  May be called again.
    """
    checked("vjp", f)
    trace = Trace("vjp", f, tuple(range(len(primals))), tuple([with_own_arrays(x) for x in primals]), {})

    def f_vjp(cotangent):
        cts = leaves_like(cotangent, trace.result, "vjp: the cotangent")
        ys, gys = trace.seeds(cts)
        return trace.give(trace.pull(ys, gys, any(is_open(g) for g in gys)))

    return trace.finish(trace.result), f_vjp


def with_own_arrays(given):
    """An argument with copies of its arrays: a pullback reads them later, whatever the caller has written to his meanwhile."""
    return given if type(given) is float else rebuild(given, iter([x.copy() if isinstance(x, np.ndarray) else x for x in leaves(given)]))


def jvp(f, primals, tangents):
    """Return the value of f and its derivative along the tangents: the Jacobian-vector product.

    Parameters
    ----------
    f : callable
        A function of Variables; its result is a Variable, or a tuple, list or dict of them.
    primals, tangents : tuple or list
        The arguments of f and, in the same structure, the direction.

    Returns
    -------
    y, t
        Both in the structure of what f gives.
    """
    checked("jvp", f)
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)) or len(primals) != len(tangents):
        raise TypeError("jvp: primals and tangents are tuples of equal length, one entry for each argument of f; "
                        f"got {shown(primals)} and {shown(tangents)}")
    trace = Trace("jvp", f, tuple(range(len(primals))), tuple(primals), {})
    ts = []
    for i, tangent in enumerate(tangents):
        ts += leaves_like(tangent, trace.differentiated[i], f"jvp: tangent {i}")
    ts = [seed(t, x, "jvp: a tangent") for t, x in zip(ts, trace.variables)]
    create_graph = trace.create_graph or any(map(is_open, ts))
    return trace.finish(trace.result), rebuild(trace.result, iter([trace.ending(t) for t in push(trace, ts, create_graph)]))


def jacobian(f, argnums=0, holomorphic=False, progress=False):
    """Return the function that computes the Jacobian of f: of shape ``y.shape + x.shape`` for a result y and an argument x.

    Parameters
    ----------
    f : callable
        A function of Variables; its result is a Variable, or a tuple, list or dict of them.
    argnums : int or tuple of int
        The positional arguments with respect to which f is differentiated.
    holomorphic : bool
        As for `grad`.
    progress : bool
        Whether to show on a terminal how far it is, where tqdm is installed.

    Returns
    -------
    callable
        Takes what f takes.  In its result each leaf of f's result has become what is there for each leaf of the
        argument, or a tuple of such where `argnums` is a tuple.
    """
    argnums = checked("jacobian", f, argnums)
    steps = _progress.progress if progress else unseen

    @wraps(f, WRAPPED)
    def derivatives(*args, **kwargs):
        trace = Trace("jacobian", f, argnums, args, kwargs, False, holomorphic)
        ys = [trace.checked(y) for y in leaves(trace.result)]
        m, n = [sum(size_of(v) for v in found) for found in (ys, trace.variables)]
        blocks = None
        if not trace.create_graph and m > COLUMNS * (n + 2) and (holomorphic or not any(map(is_complex, trace.variables))):
            try:
                blocks = columns(trace, ys, steps)
            except FirstOrderOnly:          # some rule is no operators; its rows are right
                pass
        blocks = blocks or [rows(trace, y, steps) for y in ys]
        return rebuild(trace.result, iter([trace.give(block) for block in blocks]))

    return derivatives


def hessian(f, argnums=0, progress=False):
    """Return the function that computes the Hessian of f, nested as in JAX: the Jacobian of the Jacobian.

    Of a scalar f of one array x it has shape ``x.shape + x.shape``; where `argnums` is a tuple it is a tuple of tuples.
    `progress` is that of `jacobian`.
    """
    argnums = checked("hessian", f, argnums)
    return jacobian(jacobian(f, argnums), argnums, progress=progress)


def hvp(f, argnums=0):
    """Return the function of ``(*args, v)`` that computes the product of the Hessian of a scalar f and a vector v.

    Parameters
    ----------
    f : callable
        A function of Variables; its result has shape ``()``.
    argnums : int or tuple of int
        The positional arguments with respect to which f is differentiated.

    Returns
    -------
    callable
        Takes what f takes and then v, in the structure of the argument (a tuple of such where `argnums` is a tuple);
        gives the same structure.  ``hessp`` of `scipy.optimize.minimize`.
    """
    argnums = checked("hvp", f, argnums)

    def product(*args, **kwargs):
        if not args:
            raise TypeError("hvp: called with no arguments; wanted those of f, and v after them")
        *args, v = args
        trace = Trace("hvp", f, argnums, args, kwargs)
        y = trace.scalar()
        vs = leaves_like(v, trace.differentiated, "hvp: v")
        vs = [seed(t, x, "hvp: v") for t, x in zip(vs, trace.variables)]
        pairs = [(g, t) for g, t in zip(trace.pull_one(y, True), vs) if g is not None]
        create_graph = trace.create_graph or any(map(is_open, vs))
        return trace.give(trace.pull([g for g, _ in pairs], [t for _, t in pairs], create_graph))

    return product


WRAPPED = ("__module__", "__name__", "__qualname__")


# ---- a function's run ------------------------------------------------------------------------------------------------

class Trace:
    """One run of a function under a transform.

    Containers that the function gets, or gives, are copied: what it does to them later changes no structure here.

    Attributes
    ----------
    args : list
        What the function was called with: Variables in the place of numbers, where it is differentiated by.
    variables : list of Variable
        All of these.
    differentiated
        The argument they stand in, or the tuple of arguments, as it was before the call.
    result, aux
        What the function gave.
    create_graph : bool
        Whether derivatives are Variables: an outer graph needs them.
    tells : bool
        Whether to warn where the results were computed from other Variables too: what is done is recorded, and derivatives are arrays.
    """

    __slots__ = ("who", "f", "args", "given", "variables", "differentiated", "single", "result", "aux", "create_graph", "tells",
                 "holomorphic")

    def __init__(self, who, f, argnums, args, kwargs, has_aux=False, holomorphic=False):
        self.who, self.f, self.holomorphic = who, f, holomorphic
        self.args = list(args)
        self.given, self.variables = [], []
        below = config.modes.get()
        recorded = config.defaults["enable_backprop"] if below is None else config.current("enable_backprop")
        self.create_graph = False
        self.aux = None
        if type(argnums) is int:
            self.differentiated = self.open(argnums, recorded)
        else:
            if len({n % max(len(args), 1) for n in argnums}) < len(argnums):
                raise TypeError(f"{who}: argnums {argnums} names an argument twice, or more arguments than there are ({len(args)})")
            self.differentiated = tuple([self.open(n, recorded) for n in argnums])
        self.single = type(self.differentiated) is Variable
        if holomorphic and not all(map(is_complex, self.variables)):
            raise DTypeError(f"{who}: holomorphic=True is for complex arguments; got {', '.join(map(shown, self.given))}")
        nested = recorded and not self.create_graph and below is not None and config.current("transform")
        with TRANSFORMING:
            result = f(*self.args, **kwargs)
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError(f"{who}: with has_aux=True {name_of(f)} gives a pair (result, aux); it gave {shown(result)}")
            result, self.aux = result
        self.result = copied(result)
        if nested:
            ys = [y for y in leaves(result) if isinstance(y, Variable)]
            self.create_graph = bool(ys) and depends_on_others(ys, self.variables)
        self.tells = recorded and not self.create_graph

    def teller(self, create_graph):
        """Return what warns of other Variables, where the derivatives are arrays and what is done is recorded; else None."""
        return self.tell_of_others if self.tells and not create_graph else None

    def tell_of_others(self):
        """Warn that derivatives are arrays, though a Variable that wants a gradient would get one through them."""
        derivative_taken(self.who, name_of(self.f))

    def open(self, n, recorded):
        """Put Variables into argument n, and return it as it is now."""
        try:
            given = self.args[n]
        except IndexError:
            raise TypeError(f"{self.who}: {name_of(self.f)} was called with {len(self.args)} positional arguments; there is "
                            f"none of number {n} to differentiate by (argnums)") from None
        if type(given) is float:
            opened = argument(given)
            self.given.append(given)
            self.variables.append(opened)
        else:
            found = leaves(given)
            self.given += found
            xs = [self.variable(x, recorded) for x in found]
            self.variables += xs
            opened = rebuild(given, iter(xs))
        self.args[n] = copied(opened)
        return opened

    def variable(self, x, recorded):
        """The Variable that stands for a number."""
        data = x._get_data() if isinstance(x, Variable) else x
        kind = data.dtype.kind if isinstance(data, (np.ndarray, np.generic)) else "f" if isinstance(data, (float, complex)) else None
        if kind not in ("f", "c"):
            raise DTypeError(f"{self.who}: an argument to differentiate by is {shown(x)}; wanted a float, a complex number, an array of "
                             "such, or a tuple, list or dict of them" + ("; write 3.0 for 3, or x.astype(float)"
                                                              if kind in ("i", "u", "b") or isinstance(x, int) else ""))
        if isinstance(x, Variable) and recorded and not is_known(x):
            self.create_graph = True
            return argument(x)
        return argument(data if isinstance(data, np.ndarray) else np.asarray(data))

    def scalar(self):
        """The result, which is to be a scalar."""
        y = self.result
        if type(y) is Variable and y.shape == ():
            return self.checked(y)
        if isinstance(y, (Variable, np.ndarray, np.generic)):
            if y.shape == ():
                return self.checked(y)
            raise GradientError(f"{self.who}: {name_of(self.f)} gave a result of shape {y.shape}, wanted a scalar, of shape (): "
                                "take a sum, or use jacobian or vjp")
        if isinstance(y, (float, int, complex)):
            return self.checked(y)
        raise GradientTypeError(f"{self.who}: {name_of(self.f)} gave {shown(y)}, wanted a scalar: a Variable of shape ()" +
                                ("; has_aux=True is for (result, aux)" if isinstance(y, tuple) and len(y) == 2 else ""))

    def checked(self, y):
        """A result, which is to be real, or complex where the function is holomorphic."""
        kind = y.dtype.kind if isinstance(y, Variable) else np.asarray(y).dtype.kind
        if kind == "c" and not self.holomorphic:
            raise GradientTypeError(f"{self.who}: {name_of(self.f)} gave a complex result, {shown(y)}, which has no gradient: give a real "
                                    "loss, such as y.real or abs(y), or pass holomorphic=True to grad or jacobian where the function is "
                                    "holomorphic, or use vjp")
        if kind != "c" and self.holomorphic:
            raise GradientTypeError(f"{self.who}: holomorphic=True is for complex results; {name_of(self.f)} gave {shown(y)}")
        if kind not in "fiubc":
            raise GradientTypeError(f"{self.who}: {name_of(self.f)} gave {shown(y)}, wanted numbers")
        return y

    def seeds(self, cts):
        """(ys, gys): the results that are Variables, and checked cotangents for them."""
        pairs = [(y, seed(ct, y, f"{self.who}: a cotangent")) for y, ct in zip(leaves(self.result), cts) if isinstance(y, Variable)]
        return [y for y, _ in pairs], [ct for _, ct in pairs]

    def pull(self, ys, gys, create_graph=False):
        """The gradients of Σ y·gy by the variables, None for no dependence."""
        if not ys or not self.variables:
            return [None] * len(self.variables)
        create_graph = self.create_graph or create_graph
        return gradients(ys, gys, self.variables, create_graph, tell=self.teller(create_graph))

    def pull_one(self, y, create_graph=False):
        """The gradients of y by the variables; a constant has none."""
        if isinstance(y, Variable) and self.variables:
            return self.pull([y], [None], create_graph)
        return [None] * len(self.variables)

    def give(self, found):
        """The derivatives by the variables, None for zeros, as the caller gets them."""
        if self.single:
            g, given = found[0], self.given[0]
            return g[()] if type(given) is float and type(g) is np.ndarray else self.derivative(g, given, self.variables[0])
        return rebuild(self.differentiated, map(self.derivative, found, self.given, self.variables))

    def derivative(self, g, given, x):
        if g is None:
            g = np.zeros(x.shape, gradient_dtype(x.dtype))
        if isinstance(given, Variable) and not isinstance(g, Variable):
            return without_graph(g, DETACHED)
        return g if isinstance(g, Variable) or isinstance(given, np.ndarray) or g.ndim else g[()]

    def finish(self, tree):
        """A result as the caller gets it: arrays in the place of Variables, where no outer graph needs them."""
        if isinstance(tree, Variable) and not self.create_graph:
            return self.ending(np.array(tree._get_data()))      # a copy: it may be an argument, or be read by a rule
        if isinstance(tree, (tuple, list, dict)):
            return mapped(self.finish, tree)
        if isinstance(tree, (float, int, complex)) and not isinstance(tree, bool) and tree is self.result:
            return self.ending(np.asarray(tree, seed_dtype(tree)))
        return tree

    def ending(self, data):
        """A 0-d array becomes a NumPy scalar where only such came in."""
        if isinstance(data, np.ndarray) and data.ndim == 0 and not any([isinstance(x, (np.ndarray, Variable)) for x in self.given]):
            return data[()]
        return data


TRANSFORMING = config.Mode("transform", True, enable_backprop=True)
"""A transform runs, and its function is recorded, whatever the modes around it."""


# ---- Jacobians -------------------------------------------------------------------------------------------------------

def push(trace, ts, create_graph):
    """The derivatives of the results along tangents of the variables; in a graph, Variables."""
    ys = leaves(trace.result)
    if [size_of(y) for y in ys] == [1] and not is_complex(ys[0]):           # one walk back will do
        found = [None if not isinstance(y, Variable) else inner(trace.pull_one(y, create_graph), ts) for y in ys]
    else:
        found = Pushforward(trace, ys, create_graph)(ts)
    return [tangent_of(y, t, create_graph) for y, t in zip(ys, found)]


class Pushforward:
    """Derivatives along tangents: the walk back from the ys is linear in what it begins with, and that is walked back."""

    def __init__(self, trace, ys, create_graph):
        self.ys, self.create_graph = ys, create_graph
        self.places = [i for i, y in enumerate(ys) if isinstance(y, Variable)]
        self.us = [argument(np.ones(ys[i].shape, seed_dtype(ys[i]))) for i in self.places]
        with np.errstate(all="ignore"):     # of the walk for ones, which nobody asked for
            self.gs = gradients([ys[i] for i in self.places], self.us, trace.variables, True, not create_graph,
                                trace.teller(create_graph)) if self.places else []

    def __call__(self, ts):
        pairs = [(g, t) for g, t in zip(self.gs, ts) if g is not None and t is not None]
        found = [None] * len(self.ys)
        if pairs:
            pulled = gradients([g for g, _ in pairs], [t for _, t in pairs], self.us, self.create_graph)
            for i, t in zip(self.places, pulled):
                found[i] = t
        return found


def inner(gs, ts):
    """Σ Re(g·t), or None."""
    total = None
    for g, t in zip(gs, ts):
        if g is not None:
            part = (g * t).sum()
            part = np.real(part) if is_complex(part) else part
            total = part if total is None else total + part
    return total


def tangent_of(y, t, create_graph):
    shape = np.shape(y)
    if t is None:
        t = np.zeros(shape, seed_dtype(y))
    if isinstance(t, Variable):
        return t if t.shape == shape else np.broadcast_to(t, shape)
    t = np.asarray(t, seed_dtype(y)).reshape(shape)
    return without_graph(t, DETACHED) if create_graph else t


def unseen(steps, what):
    return steps


def columns(trace, ys, steps):
    """The Jacobian by forward mode: for each y the blocks by variable."""
    blocks = [[np.zeros((size_of(y), size_of(x)), seed_dtype(y)) for x in trace.variables] for y in ys]
    forward = Pushforward(trace, ys, False)
    for k, x in enumerate(trace.variables):
        ts = [None] * len(trace.variables)
        for j in steps(range(size_of(x)), "columns"):
            ts[k] = one_hot(x, j)
            for i, t in enumerate(forward(ts)):
                if t is not None:
                    blocks[i][k][:, j] = np.ravel(t)
    return [[block.reshape(np.shape(y) + x.shape).astype(gradient_dtype(x.dtype), copy=False)
             for block, x in zip(of_y, trace.variables)] for of_y, y in zip(blocks, ys)]


def rows(trace, y, steps):
    """The Jacobian of one y by reverse mode: its blocks by variable, None for zeros in all of it."""
    if not isinstance(y, Variable):
        return [np.zeros(np.shape(y) + x.shape, gradient_dtype(x.dtype)) for x in trace.variables]
    if y.shape == ():
        return trace.pull_one(y)
    found = [trace.pull([y], [one_hot(y, i)]) for i in steps(range(y.size), "rows")]
    return [stacked(of_x, y.shape, x, trace.create_graph) for of_x, x in zip(zip(*found), trace.variables)] if found else \
        [np.zeros(y.shape + x.shape, gradient_dtype(x.dtype)) for x in trace.variables]


def one_hot(v, i):
    e = np.zeros(v.shape, seed_dtype(v))
    e.flat[i] = 1
    return e


def stacked(gs, shape, x, create_graph):
    """Rows, None for zeros, as one array or Variable of shape shape + x.shape."""
    if all([g is None for g in gs]):
        return None if shape == () else zeros_for(shape, x, create_graph)
    if create_graph:
        places = [i for i, g in enumerate(gs) if g is not None]
        return Stack(places, shape)(*[gs[i] for i in places])
    block = np.zeros((len(gs),) + x.shape, gradient_dtype(x.dtype))
    for i, g in enumerate(gs):
        if g is not None:
            block[i] = g
    return block.reshape(shape + x.shape)


def zeros_for(shape, x, create_graph):
    zeros = np.zeros(shape + x.shape, gradient_dtype(x.dtype))
    return without_graph(zeros, DETACHED) if create_graph else zeros


class Stack(Function):
    """y[index of places[i]] = x_i, of shape `shape` + x.shape, else 0;   ∂y/∂x_i = 1 at its place"""

    def __init__(self, places, shape):
        self.indices = [tuple(map(int, np.unravel_index(i, shape))) for i in places]
        self.shape = shape

    def forward(self, *xs):
        y = np.zeros(self.shape + xs[0].shape, xs[0].dtype)
        for index, x in zip(self.indices, xs):
            y[index] = x
        return y

    def backward(self, gy):
        return tuple([gy[index] for index in self.indices])


# ---- structures of numbers -------------------------------------------------------------------------------------------

def leaves(tree):
    """What stands in nested tuples, lists and dicts, in order."""
    if not isinstance(tree, (tuple, list, dict)):
        return [] if tree is None else [tree]
    found = []
    for item in tree.values() if isinstance(tree, dict) else tree:
        found += leaves(item)
    return found


def rebuild(tree, values):
    """The same structure with other leaves."""
    if not isinstance(tree, (tuple, list, dict)):
        return None if tree is None else next(values)
    return mapped(lambda item: rebuild(item, values), tree)


def copied(tree):
    """The same structure and leaves, in containers of its own."""
    return mapped(copied, tree) if isinstance(tree, (tuple, list, dict)) else tree


def mapped(f, tree):
    """A tuple, list or dict of the same class, with f of each item."""
    if isinstance(tree, dict):
        return filled(tree, {key: f(tree[key]) for key in tree})
    return filled(tree, [f(item) for item in tree])


def filled(tree, items):
    """A container of the class of `tree` with these items: a list of them or, for a dict, a dict.

    Raises
    ------
    GradientTypeError
        The class is one's own, and does not come back with the items.
    """
    cls = type(tree)
    if cls is list or cls is dict:
        return items
    if cls is tuple:
        return tuple(items)
    try:
        new = made_anew(tree, items)
        kept = type(new) is cls and holds(new, items)
    except Exception as error:
        raise GradientTypeError(f"{refused(cls)}: {type(error).__name__}: {error}") from error
    if not kept:
        raise GradientTypeError(f"{refused(cls)}: what it holds then is something else")
    return new


def made_anew(tree, items):
    """A copy of a container of one's own class, with other items."""
    if isinstance(tree, tuple):
        return type(tree)._make(items) if hasattr(tree, "_make") else type(tree)(items)
    new = copy(tree)
    if isinstance(tree, dict):
        for key in items:
            new[key] = items[key]
    else:
        new[:] = items
    return new


def holds(container, items):
    """Are these what a container holds, in this order?"""
    keys = items if isinstance(items, dict) else range(len(items))
    return len(container) == len(items) and all([container[key] is items[key] for key in keys]) and \
        (not isinstance(items, dict) or list(container) == list(items))


def refused(cls):
    return (f"a container of class {cls.__module__}.{cls.__qualname__} cannot be made anew with other items, as a transform needs it: "
            "pass a plain tuple, list or dict")


def leaves_like(tree, like, what):
    """The leaves of `tree`, which is to have the structure of `like`."""
    if isinstance(like, (tuple, list, dict)):
        keys = list(like) if isinstance(like, dict) else range(len(like))
        if isinstance(tree, dict) != isinstance(like, dict) or not isinstance(tree, (tuple, list, dict)) or len(tree) != len(like) \
                or isinstance(like, dict) and set(tree) != set(like):
            raise GradientTypeError(f"{what} is {shown(tree)}, wanted the structure of {shown(like)}")
        found = []
        for key in keys:
            found += leaves_like(tree[key], like[key], f"{what}[{key!r}]")
        return found
    if like is None:
        if tree is not None:
            raise GradientTypeError(f"{what} is {shown(tree)}, wanted None")
        return []
    if isinstance(tree, (tuple, list, dict)) or tree is None:
        raise GradientTypeError(f"{what} is {shown(tree)}, wanted an array of shape {np.shape(like)}")
    return [tree]


# ---- small questions -------------------------------------------------------------------------------------------------

def seed(t, like, what):
    """A tangent or cotangent for `like`, checked: an array, or a Variable."""
    data = t._get_data() if isinstance(t, Variable) else np.asarray(t)
    wanted = seed_dtype(like)
    if data.dtype.kind not in ("fiubc" if wanted.kind == "c" else "fiub"):
        raise GradientTypeError(f"{what} is {shown(t)}, wanted {'real or complex' if wanted.kind == 'c' else 'real'} numbers: it is for what "
                                f"is of dtype {wanted}")
    shape = like.shape if isinstance(like, Variable) else np.shape(like)        # np.shape(v) asks the registry: 3 us
    if data.shape != shape:
        raise GradientError(f"{what} is of shape {data.shape}, wanted {shape}")
    return t if is_open(t) else np.asarray(data, wanted)


def seed_dtype(x):
    """The dtype of a derivative of x."""
    return gradient_dtype(x.dtype) if hasattr(x, "dtype") else np.dtype(complex if isinstance(x, complex) else float)


def is_complex(x):
    return seed_dtype(x).kind == "c"


def is_open(v):
    """Is it a Variable that derivatives of derivatives may lead to?"""
    return isinstance(v, Variable) and config.current("enable_backprop") and not is_known(v)


def size_of(v):
    return int(np.size(v)) if not isinstance(v, Variable) else v.size


def checked(who, f, argnums=0):
    """argnums as an int or a tuple of ints."""
    if not callable(f):
        raise TypeError(f"{who}: wanted a function, got {shown(f)}; it is {who}(f)(x), not {who}(f(x))")
    numbers = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    if not all([isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in numbers]):
        raise TypeError(f"{who}: argnums is an int or a tuple of them, not {argnums!r}")
    numbers = tuple(map(int, numbers))
    return numbers if isinstance(argnums, (tuple, list)) else numbers[0]


def name_of(f):
    return getattr(f, "__name__", None) or repr(f)


def shown(x):
    """A value for an error message."""
    if isinstance(x, Variable):
        return f"a Variable of shape {x.shape} and dtype {x.dtype}"
    if isinstance(x, np.ndarray):
        return describe(x)
    if isinstance(x, (tuple, list, dict)):
        return f"a {type(x).__name__} of {len(x)}"
    return f"{x!r} ({type(x).__name__})" if isinstance(x, (int, float, complex, str, np.generic)) else f"a {type(x).__name__}"
