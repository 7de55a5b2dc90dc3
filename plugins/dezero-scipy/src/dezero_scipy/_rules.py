"""What the modules of rules share."""
import functools

import dezero.numpy as dnp
import numpy as np
from dezero import Op, Variable, errors, rule


def special(ufunc):
    """Return the decorator of the rule of a ufunc of scipy.special."""
    return rule(ufunc, name=f"special.{ufunc.__name__}")


def special_in_double(ufunc, **options):
    """Return the decorator of the rule of a ufunc that is computed in double precision."""
    return rule(in_double(ufunc), ufunc, name=f"special.{ufunc.__name__}", **options)


def special_of_order(ufunc):
    """Return the decorator of the rule of a ufunc whose last argument may be complex, those before it real alone."""
    def forward(*arrays):
        return ufunc(*map(real_again, arrays[:-1]), arrays[-1])
    return rule(forward, ufunc, name=f"special.{ufunc.__name__}")


def special_of_reals(ufunc, scale):
    """Return the decorator of the rule of a ufunc that is not holomorphic, for it is scaled by a real number of its argument."""
    def forward(*arrays):
        if any([np.iscomplexobj(a) for a in arrays]):
            raise errors.DTypeError(f"scipy.special.{ufunc.__name__} of complex numbers is scaled by {scale}, is not holomorphic "
                                    "and has no derivative here: write the function that is not scaled, times that factor")
        return ufunc(*arrays)
    return rule(forward, ufunc, name=f"special.{ufunc.__name__}")


def of_integers(ufunc):
    """Return the decorator of the rule of a ufunc of an integer n, with results of x's type: SciPy's are of double precision."""
    def forward(n, x):
        y = ufunc(n, x)
        return y.astype(np.result_type(x, np.float32))
    return rule(forward, ufunc, name=f"special.{ufunc.__name__}")


def real_again(order):
    """Return an order as a real number: beside a complex operand, a Python number comes as a complex one."""
    return order.real if np.iscomplexobj(order) and not np.any(order.imag) else order


def in_double(ufunc):
    """Return a ufunc that computes in double precision: SciPy's loops of single precision give NaN, or never end."""
    def forward(*arrays):
        dtype = np.result_type(*arrays, np.float32)
        ys = ufunc(*arrays, dtype=float)
        return tuple([y.astype(dtype) for y in ys]) if type(ys) is tuple else ys.astype(dtype)
    return forward


def unknown(function, *arguments):
    """Return gradients that raise an error: those by arguments that a function has no known derivative by."""
    def gradient_by(argument):
        def gradient():
            raise errors.GradientError(f"{function} has no known derivative by {argument} here: {argument} can be a constant only, "
                                f"an array or a number; write {argument}.detach() where it is a Variable")
        return gradient
    gradients = tuple(map(gradient_by, arguments))
    return gradients if len(gradients) > 1 else gradients[0]


def register_all(register, module):
    """Register each op that a module has made."""
    for op in module.values():
        if isinstance(op, Op) and op.rule.__module__ == module["__name__"]:
            register(op)


def operand(x):
    """Return a Variable or an array as it is, and numbers and lists as an array."""
    return x if isinstance(x, (Variable, np.ndarray)) else np.asarray(x)


def twin(original):
    """Return the decorator of a composite that stands for a function of SciPy, which is called where no Variable is given."""
    def make(composite):
        @functools.wraps(original)
        def function(*args, **kwargs):
            return (composite if variables((args, kwargs)) else original)(*args, **kwargs)
        function.__module__, function.composite = composite.__module__, composite
        return function
    return make


def near(mask, value, x):
    """Return x with a harmless value where a mask holds, so that what is not wanted there is finite and has finite derivatives."""
    return np.where(mask, value, x)


def ratio(x, y):
    """Return x / y, 0 where both are 0."""
    is_0 = (x == 0) & (y == 0)
    return np.where(is_0, 0, x / near(is_0, 1, y))


def times(g, d):
    """Return g d, 0 where g is 0 and d is infinite or NaN."""
    return g * near((g == 0) & ~np.isfinite(d), 0, d)


def told(d):
    """Return d, with NumPy's warning where it is NaN: SciPy's functions give NaN without one."""
    return d + 0 * np.where(np.isnan(d), np.inf, 0).astype(d.dtype)


def is_pole(z):
    """Return whether z is 0, -1, -2, ..., where Γ(z) is infinite."""
    return (z <= 0) & (z == np.rint(z))


# -- functions of the caller, with arguments that are differentiated by

def variables(tree):
    """Return the Variables in nested tuples, lists and dicts, in their order."""
    if isinstance(tree, Variable):
        return [tree]
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (tuple, list)) else ()
    return [x for item in items for x in variables(item)]


def with_variables(tree, xs):
    """Return nested tuples, lists and dicts with what the iterator xs gives in the places of their Variables.

    Those without Variables are the caller's own, to which a function may write.
    """
    if isinstance(tree, Variable):
        return next(xs)
    if not variables(tree):
        return tree
    if isinstance(tree, dict):
        return {key: with_variables(item, xs) for key, item in tree.items()}
    items = [with_variables(item, xs) for item in tree]
    return items if isinstance(tree, list) else type(tree)(*items) if hasattr(tree, "_fields") else tuple(items)


def of_variables_in(args, function):
    """Return the Variables ps in args, and f with f(x, ..., *ps) = function(x, ..., *args)."""
    ps = variables(args)

    def f(*xs_and_ps):
        xs, own = xs_and_ps[:len(xs_and_ps) - len(ps)], xs_and_ps[len(xs_and_ps) - len(ps):]
        return function(*xs, *with_variables(args, iter(own)))
    return ps, f


def of_arrays(function, who):
    """Return a function of the caller that is called with arrays and has to give arrays, or numbers: `who` calls it."""
    def f(*args):
        y = function(*args)
        found = variables(y)
        if any([not x.is_constant for x in found]):
            raise errors.GradientError(
                f"{who}: of arrays the function that it calls gives a Variable, so one has come in by the function's closure or a "
                "global name, where its gradient would be lost: pass it in args, or use its .data")
        return with_variables(y, iter([x.data for x in found])) if found else y
    return f


def data(x):
    """Return the numbers alone."""
    return x.data if isinstance(x, Variable) else x


def checked_constant(who, **arguments):
    """Raise an error where one of these arguments is a Variable that is no constant, or holds one."""
    for name, value in arguments.items():
        if not all([x.is_constant for x in variables(value)]):
            raise errors.GradientError(f"{who} has no gradient by {name}: give it {name}.data, or numbers")


def floating(items):
    """Return numbers, a Variable or an array in double precision, or complex ones."""
    items = joined(items)
    return items.astype(np.result_type(items.dtype, float))


def joined(items):
    """Return a Variable or an array as it is, and lists of numbers and Variables as one of them."""
    return items if isinstance(items, (Variable, np.ndarray)) else dnp.asarray(items)


# -- what is tried by dezero.testing

def tried(samples, *ops):
    """Give several ops the same samples."""
    for op in ops:
        op.samples(samples)


def above_0(sample):
    sample(sample.array(2, 3, low=0.5, high=2.0))


def above_0_or_complex(sample):
    above_0(sample)
    sample(sample.array(2, dtype=complex))


def real_or_complex(sample):
    sample(sample.array(2, 3))
    sample(sample.array(2, dtype=complex))


def inside(sample):
    """Between 0 and 1."""
    sample(sample.array(2, 3, low=0.1, high=0.9))


def orders(sample):
    """Of integer order, and of others."""
    for order in (0, 1, 2):
        sample(order, sample.array(3, low=0.3, high=3.0))
    sample(1.5, sample.array(2, 3, low=0.3, high=3.0))


def orders_or_complex(sample):
    orders(sample)
    sample(1.5, sample.array(2, dtype=complex))
