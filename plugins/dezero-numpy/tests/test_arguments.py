"""Each parameter that a NumPy function has: it means what it means in NumPy, or is refused by name; it is never ignored."""
import re
import warnings
from inspect import Parameter

import numpy as np
import pytest
from calls import FUNCTIONS, samples_of_function
from dezero import Variable
from dezero.engine.arguments import numpy_signature
from dezero.registry import registry
from drawn import CALLS

BY_PLACE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def mask(a):
    return np.arange(a.size).reshape(a.shape) % 3 != 1


def ints(a):
    return np.arange(a.shape[0])[::-1] % a.shape[0]


VALUES = {
    "axis": [0, -1, 1, (0, 1), None],
    "axes": [(1, 0), (1,), [(-2, -1), (-2, -1), (-2, -1)], [-1, -1, ()], [(-1,), (-1,), ()], (0, 1), 1, 0, ([0], [0]),
             [(0,), (0,), ()], (0,),
             [(-1), (-2, -1), (-1)], [(-2, -1), (-1), (-1)]],
    "axis1": [1, -1], "axis2": [0, -1], "axisa": [0], "axisb": [0], "axisc": [0],
    "dtype": ["f4", "f8", int],
    "keepdims": [True], "initial": [0.5, -7.0, 9.0],
    "where": [mask, lambda a: mask(a[..., :1]), lambda a: np.arange(a.shape[-1]) % 2 == 0],
    "casting": ["unsafe", "no"], "order": ["F", "K"], "subok": [False, True], "writeable": [True],
    "signature": ["dd->d", "d->d", "dd->dd", "d->dd", "dl->d", "d->di"],
    "ddof": [1], "correction": [1], "mean": [lambda a: a.mean(keepdims=True) + 1.0],
    "kind": ["stable", "heapsort"], "stable": [True], "descending": [True],
    "overwrite_input": [True], "interpolation": ["lower"],
    "method": ["lower", "midpoint"],
    "weights": [lambda a: 1.0 + np.arange(a.size).reshape(a.shape), lambda a: 1.0 + np.arange(len(a))],
    "returned": [True],
    "n": [2, 0], "prepend": [9.0], "append": [9.0], "edge_order": [2], "x": [lambda a: np.linspace(0, 1, a.shape[0]) ** 2],
    "dx": [0.5],
    "include_initial": [True],
    "q": [0.25], "kth": [1],
    "k": [1], "offset": [1], "shift": [1], "reps": [2], "repeats": [2], "a_min": [-0.5], "a_max": [0.5], "min": [-0.5],
    "max": [0.5],
    "indices": [ints], "indices_or_sections": [1], "mode": ["wrap", "clip", "valid", "same", "edge", "complete", "r"],
    "pad_width": [2], "constant_values": [3.0], "end_values": [3.0], "stat_length": [1], "reflect_type": ["odd"],
    "copy": [False, True], "sparse": [True], "indexing": ["ij"],
    "ord": [1, "fro", np.inf], "nan": [5.0], "posinf": [5.0], "neginf": [5.0], "left": [4.0], "right": [4.0], "period": [3.0],
    "default": [3.0], "optimize": [True], "UPLO": ["U"], "full_matrices": [False], "compute_uv": [False], "hermitian": [True],
    "rcond": [1e-3, 0.5], "rtol": [1e-3, 0.5], "tol": [1e-3], "upper": [True],
    "rowvar": [False], "bias": [True], "fweights": [lambda a: np.arange(1, a.shape[-1] + 1)],
    "aweights": [lambda a: np.arange(1.0, a.shape[-1] + 1)], "allow_masked": [True], "y": [lambda a: a[..., ::-1] * 2],
    "increasing": [True], "N": [2], "deg": [True, 2], "discont": [4.0], "to_begin": [7.0], "to_end": [7.0], "m": [2],
    "full": [True],
    "w": [lambda a: np.arange(1.0, a.size + 1)], "cov": [True], "start": [1], "shape": [(2, 3)], "new_shape": [(2, 2)],
    "destination": [0], "source": [0], "device": ["cpu"], "reverse": [True], "endpoint": [False], "num": [4], "retstep": [True],
    "minlength": [9], "range": [(-1, 1), [(-1, 1)], [(-1, 1), (0, 1)]], "bins": [3], "density": [True], "newshape": [(-1,)],
    "ind": [1],
    "M": [3], "decimals": [1], "norm": ["ortho"], "s": [None], "v": [1.0], "values": [lambda a: a], "obj": [1],
    "trim": ["f"], "return_index": [True], "return_inverse": [True],
    "return_counts": [True], "equal_nan": [False], "sorted": [False], "assume_unique": [True], "return_indices": [True],
    "p": [1, "fro", -2],
}
"""{parameter: values that it is given, or functions of the first array which give them}."""

PLAIN = ("where", "mean")          # arrays that are given as they are

UNTRIED = {
    "sort": {"order"}, "partition": {"order", "kind"},          # fields of records; NumPy knows one kind
    "frexp": {"dtype"},                                         # NumPy refuses it
    "matmul": {"axis", "keepdims"}, "matvec": {"axis", "keepdims"}, "vecmat": {"axis", "keepdims"},     # NumPy refuses it
}
"""{function: parameters of which no value can be tried}."""


def bases(name):
    """Return calls of a NumPy function, (args, kwargs), of arrays."""
    found = [sample.arguments([x.copy() for x in sample.xs]) for sample in samples_of_function(name)]
    for first in range(12) if name in CALLS else ():
        state = np.random.default_rng(first)
        found.append(CALLS[name](lambda *choices: choices[state.integers(len(choices))]))
    return found


def arrays_in(args):
    """Return the floating arrays among arguments, in lists too."""
    if isinstance(args, np.ndarray) and args.dtype.kind in "fc":
        return [args]
    return [x for a in args for x in arrays_in(a)] if isinstance(args, (list, tuple)) else []


def operands_of(name):
    """Return which parameters of a NumPy function are operands; of a composite all but a few."""
    key = FUNCTIONS[name][0]
    op = registry.snapshot.functions[key]
    every = set(numpy_signature(key)[1].parameters) - set(PLAIN)
    return every if op.cls is None else set(op.cls.op.arguments.beside(key).place_of)


def with_variables(a):
    """Return an argument with Variables in place of its floating and complex arrays."""
    if isinstance(a, np.ndarray) and a.dtype.kind in "fc":
        return Variable(a.copy())
    return type(a)(map(with_variables, a)) if type(a) in (list, tuple) else a


def forms(signature, args, kwargs, p, value):
    """Return a call with another value of a parameter, by name and by place: [(args, kwargs)]."""
    given, kinds = dict(signature.bind(*args, **kwargs).arguments), {q.kind: q for q in signature.parameters.values()}
    more = given.pop(kinds[Parameter.VAR_KEYWORD].name, {}) if Parameter.VAR_KEYWORD in kinds else {}
    rest = list(given.pop(kinds[Parameter.VAR_POSITIONAL].name, ())) if Parameter.VAR_POSITIONAL in kinds else []
    given[p.name], found = value, []
    for last in {Parameter.POSITIONAL_ONLY: [p], Parameter.POSITIONAL_OR_KEYWORD: [None, p]}.get(p.kind, [None]):
        placed, named, until = [], dict(given), last is not None or bool(rest)
        for q in signature.parameters.values():
            if q.kind is Parameter.POSITIONAL_ONLY and q.name in named or until and q.kind in BY_PLACE:
                placed.append(named.pop(q.name, q.default))
            until = until and q is not last
        if not any([x is Parameter.empty for x in placed]):
            found.append((placed + rest, named | more))
    return found


def flat(y):
    return [x for part in y for x in flat(part)] if isinstance(y, (list, tuple)) else [y]


def is_same(a, b):
    """Are results the same, in shape, dtype and numbers?  Integers may be longer."""
    a, b = ([np.asarray(getattr(x, "data", x) if isinstance(x, Variable) else x) for x in flat(y)] for y in (a, b))
    return len(a) == len(b) and all([x.shape == y.shape and (x.dtype == y.dtype or x.dtype.kind == y.dtype.kind == "i")
                                     and np.allclose(x, y, 1e-9, 1e-12, equal_nan=True) for x, y in zip(a, b)])


def parameters():
    """Return (function, parameter) of each parameter that has a default."""
    return [(name, p.name) for name, (key, _) in FUNCTIONS.items() for p in numpy_signature(key)[1].parameters.values()
            if p.default is not Parameter.empty and p.name != "out"]


@pytest.mark.parametrize("name, parameter", parameters())
def test_a_parameter_counts_or_is_refused(name, parameter):
    key, function = FUNCTIONS[name]
    signature = numpy_signature(key)[1]
    p, tried = signature.parameters[parameter], []
    for args, kwargs in bases(name):
        try:
            forms(signature, args, kwargs, p, None)
        except TypeError:                               # a call as the op has it, not NumPy
            continue
        for value in VALUES[parameter]:
            try:
                value = value(arrays_in([*args, *kwargs.values()])[0]) if callable(value) and not isinstance(value, type) else value
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    warnings.simplefilter("error", DeprecationWarning)
                    calls = forms(signature, args, kwargs, p, value)
                    calls = [(call, function(*map(of_its_own, call[0]), **call[1])) for call in calls]
            except Exception:                           # no value for this call
                continue
            for call, wanted in calls:
                compare(name, parameter, call, wanted)
                tried.append(value)
    assert bool(tried) is (parameter not in UNTRIED.get(name, ())), f"{parameter} of {name} has been given {tried}"


@pytest.mark.parametrize("name", [name for name, (key, _) in FUNCTIONS.items() if "out" in numpy_signature(key)[1].parameters])
def test_out_is_refused(name):
    key, function = FUNCTIONS[name]
    args, kwargs = bases(name)[0]
    with pytest.raises(TypeError, match=rf"{name}\(out=...\) with a Variable is not supported: an op's result is a new Variable"):
        out = (np.zeros(3),) * function.nout if isinstance(function, np.ufunc) else np.zeros(3)
        call_with_variables(name, args, kwargs | {"out": out})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_default_that_is_written_out_asks_for_nothing(name):
    key, function = FUNCTIONS[name]
    known = numpy_signature(key)[1].parameters.values()
    defaults = {p.name: p.default for p in known if p.default not in (Parameter.empty, np._NoValue)}
    for args, kwargs in bases(name)[:3]:
        for parameter, default in defaults.items():
            more = {parameter: default} | kwargs
            try:
                wanted = function(*map(of_its_own, args), **more)
            except Exception:                           # it is given by place, or is no keyword
                continue
            assert is_same(call_with_variables(name, args, more), wanted), parameter


def of_its_own(a):
    """Return an argument of NumPy's own call: a copy of an array, which may be written to."""
    return a.copy() if isinstance(a, np.ndarray) else a


def call_with_variables(name, args, kwargs):
    """Call a NumPy function with Variables for its operands."""
    key, function = FUNCTIONS[name]
    operands, places = operands_of(name), []
    for p in numpy_signature(key)[1].parameters.values():
        places += [p.name] * (len(args) if p.kind is Parameter.VAR_POSITIONAL else p.kind in BY_PLACE)
    args = [with_variables(a) if place in operands else a for a, place in zip(args, places)]
    kwargs = {name: with_variables(x) if name in operands else x for name, x in kwargs.items()}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return function(*args, **kwargs)


def compare(name, parameter, call, wanted):
    """One call with Variables: NumPy's result, or an error that names the parameter."""
    try:
        got = call_with_variables(name, *call)
    except Exception as error:
        text = str(error)
        assert isinstance(error, (TypeError, ValueError, NotImplementedError)) and names(parameter, text), \
            f"{name}({parameter}=...) is refused without its name: {type(error).__name__}: {text}"
    else:
        assert is_same(got, wanted), f"{name} with {parameter}: {call} gave {got}, NumPy {wanted}"


def names(parameter, text):
    """Does an error say of which parameter it is, or that it takes none at its place?"""
    return parameter in re.findall(r"\w+", text) or "by place" in text or "positional argument" in text
