"""What may go into an op and come out of it, and the words when it may not.

Apart from the engine, so that the engine can be read without it, and not compiled: most of this runs when something
is wrong, the rest once per call of an op's Python methods.
"""
import numpy as np

from .._kernels.gradients import gradient_dtype
from .._kernels.nodes import FunctionBase, VariableBase
from ..errors import DTypeError, GradientError, GraphError
from ..registry import registry


NO_GRADIENT = (".grad is None before backward(), and that of a computed Variable after it too: backward() sets those of leaves, "
               "made by Variable(...), and others with backward(retain_grad=True); w = w - step makes w a computed one")
"""Where a None among operands mostly comes from."""


class GradientTypeError(GradientError, TypeError):
    """A gradient is of a wrong type."""


def describe(data):
    """A few words on a value, for an error message."""
    if isinstance(data, np.ndarray):
        return f"an array of shape {data.shape} and dtype {data.dtype}"
    return f"{type(data).__name__}"


def who(cls):
    """An op as an error message names it: the class as written, the op and its package where there are any; or a text as it is."""
    if isinstance(cls, str):
        return cls
    op = registry.snapshot.names.get(cls.__dict__.get("name"))
    return f"{cls.__qualname__} (op {op.qualified})" if op is not None and op.cls is cls else cls.__qualname__


def check_array(data):
    """Refuse what no gradient is defined for, and array classes whose arithmetic is another than ndarray's."""
    if type(data) is not np.ndarray and isinstance(data, (np.matrix, np.ma.MaskedArray)):
        remedy = "np.asarray(a)" if isinstance(data, np.matrix) else "a.filled(value)"
        raise DTypeError(f"{type(data)} is not supported: its operators are not those of an ndarray; pass {remedy}")
    if data.dtype.kind not in "fiubc":
        raise DTypeError(f"an array of dtype {data.dtype} is not supported: wanted real, complex, integer or boolean numbers")
    return data


def check_data(data):
    """Refuse what no Variable holds: anything but an array of numbers."""
    if not isinstance(data, np.ndarray):
        raise TypeError(f"{type(data)} is not supported: wanted a numpy.ndarray; np.asarray(...) makes one")
    return check_array(data)


def name_op(f, error, xs):
    """Raise a NumPy or Python error again with op and operands named; other people's classes keep their own message."""
    plain = next((cls for cls in (TypeError, ValueError, OverflowError) if isinstance(error, cls)))
    if type(error) is plain or type(error).__module__.startswith("numpy"):
        operands = ", ".join(map(describe, xs))
        own = f._parameters or {name: x for name, x in (getattr(f, "__dict__", None) or {}).items() if name not in FunctionBase.__dict__}
        parameters = f"; parameters: {own}" if own else ""
        again = type(error) if type(error).__init__ is plain.__init__ else plain            # np.linalg.LinAlgError, which users catch
        raise again(f"{who(type(f))}: {error} (operands: {operands}{parameters})") from error
    error.add_note(f"in forward of {who(type(f))}")
    raise error


def operand_arrays(f, inputs):
    """The operands as arrays; a Python number takes the dtype that NumPy gives it beside the others."""
    xs = [operand_array(f, x) for x in inputs]
    if all([isinstance(x, np.ndarray) for x in xs]):
        return xs
    arrays = [x for x in xs if isinstance(x, np.ndarray)]
    try:
        return [x if isinstance(x, np.ndarray) else number_beside(arrays, x) for x in xs]
    except (TypeError, ValueError, OverflowError) as error:
        name_op(f, error, xs)


def number_beside(arrays, x):
    """A Python number as an array; where the integers beside it have no room for it, the number: NumPy divides by it all the same."""
    dtype = np.result_type(*arrays, x) if arrays else None
    try:
        return np.array(x, dtype)
    except OverflowError:
        if dtype is None or dtype.kind not in "iu":
            raise
        return x


def check_operand(cls, x, name):
    """Refuse an operand of a call on arrays alone that a call with Variables would refuse."""
    if isinstance(x, (np.ndarray, np.generic)):
        try:
            check_array(x)
        except DTypeError as error:
            raise DTypeError(f"{who(cls)}: its {name}: {error}") from error
    elif not isinstance(x, (int, float, complex)):
        raise TypeError(f"{who(cls)}: {type(x)} is not supported as its {name}: wanted an array, a number or a Variable; "
                        + (NO_GRADIENT if x is None else "np.asarray(...) makes an array"))


def operand_array(f, x):
    if issubclass(type(x), VariableBase):   # no proxy: its gradient would be lost
        data = x._get_data()
        if data is None:
            raise TypeError(f"{who(type(f))}: this Variable has no data (Variable(None)): assign x.data first")
        return data
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(check_array(x))
    if type(x) in (int, float, complex, bool):
        return x
    if isinstance(x, (int, float, complex)):
        return np.asarray(x)
    raise TypeError(f"{who(type(f))}: {type(x)} is not supported as an operand: wanted a Variable, a number or an array; "
                    + (NO_GRADIENT if x is None else "np.asarray(...) makes one"))


def checked_output(f, y, xs):
    """An output of `forward` as an array that shares memory with no operand."""
    if isinstance(y, (np.generic, int, float, complex)):
        y = np.array(y)
    if not isinstance(y, np.ndarray):
        raise TypeError(f"{who(type(f))}: forward returned {describe(y)}, wanted an array, a scalar or a tuple of them")
    try:
        check_array(y)
    except DTypeError as error:
        raise DTypeError(f"{who(type(f))}: forward returned what is no result: {error}") from error
    if type(y) is not np.ndarray:
        y = np.asarray(y)
    if any([y is x for x in xs]) or y.base is not None and any([np.may_share_memory(y, x) for x in xs]):
        return y.copy(order="K")
    return y


def check_gradient_type(f, i, gx):
    where = f"{who(type(f))}: backward returned"
    if type(gx) is not np.ndarray and isinstance(gx, np.ma.MaskedArray):
        raise GradientTypeError(f"{where} a masked array for input {i}, wanted all its numbers: return g.filled(value)")
    if not isinstance(gx, np.ndarray):
        raise GradientTypeError(f"{where} {describe(gx)} for input {i}, wanted an array, a Variable or None")
    if gx.dtype.kind not in "fiubc":
        raise GradientTypeError(f"{where} an array of dtype {gx.dtype} for input {i}, wanted real or complex numbers")


def wrong_shape(f, i, got, wanted):
    return GradientError(f"{who(type(f))}: backward returned a gradient of wrong shape for input {i}: got {got}, wanted {wanted}")


def is_broadcast(shape, shapes, wide, i):
    """Is this the shape of an output, or of all inputs together, to which input i was broadcast?"""
    return (shape in wide or shape == broadcast(shapes)) and broadcast([shape, shapes[i]]) == shape


def broadcast(shapes):
    """The shape of all together, or None.  (`numpy.broadcast_shapes` ends at 32 dimensions, arrays at 64.)"""
    ndim = max(map(len, shapes))
    lengths = [{1, *axis} - {1} for axis in zip(*((1,) * (ndim - len(s)) + s for s in shapes))]
    return tuple(axis.pop() if axis else 1 for axis in lengths) if all(len(axis) < 2 for axis in lengths) else None


def check_choice(name, x):
    if not (isinstance(x, (bool, np.bool_, int)) and x in (0, 1)):
        raise TypeError(f"backward: {name} is True or False, not {describe(x)}; what to begin with is given by name: "
                        "backward(gradient=...)")


def check_loss(dtype):
    """Refuse to begin with ones at a complex result: it has no direction of ascent."""
    if dtype.kind == "c":
        raise DTypeError(f"backward: a complex loss, of dtype {dtype}, has no gradient: take a real number of it, such as y.real or "
                         "abs(y), or say where to begin, backward(gradient=...)")


def check_sum(old, g):
    """Refuse to add a gradient to one of other data."""
    if old.shape != g.shape or old.dtype != g.dtype:
        raise GraphError(f"backward: x.grad, of shape {old.shape} and dtype {old.dtype}, is of other data than x.data is bound to now; "
                         f"the gradient that came is of shape {g.shape} and dtype {g.dtype}: call x.cleargrad() before backward")


def checked_gradient(g, shape, dtype, where):
    """A gradient that the caller brings for a Variable of this shape and dtype (None: it has no data yet)."""
    if isinstance(g, np.generic):
        g = np.asarray(g)
    if not isinstance(g, (np.ndarray, VariableBase)):
        raise GradientTypeError(f"{where}: got {describe(g)}, wanted an array or a Variable of shape {shape}")
    if isinstance(g, VariableBase) and g._get_data() is None:
        raise GradientTypeError(f"{where}: this Variable has no data (Variable(None))")
    if type(g) is not np.ndarray and isinstance(g, np.ma.MaskedArray):
        raise GradientTypeError(f"{where}: a masked array is not supported: pass a.filled(value)")
    if g.dtype.kind not in "fiubc":
        raise GradientError(f"{where}: got dtype {g.dtype}, wanted real or complex numbers")
    if g.dtype.kind == "c" and dtype is not None and dtype.kind != "c":
        raise GradientError(f"{where}: got dtype {g.dtype}, wanted real numbers: the Variable is of dtype {dtype}")
    if dtype is None:
        return g
    if g.shape != shape:
        raise GradientError(f"{where}: got shape {g.shape}, wanted the shape {shape} of the Variable")
    wanted = gradient_dtype(dtype)
    return g.astype(wanted) if isinstance(g, np.ndarray) and g.dtype != wanted else g
