"""What a `Kernel` may be made of, checked before any address is used: for kernel.pxi and its twin alike."""
import sys

import numpy as np

from .rows import Rows

ABI = (1, 0)            # of loops in capsules: the numbers of include/dezero.h
WORDS = {"d": "float64", "f": "float32"}


def checked(forward, backward, reads, accumulate):
    """The number of operands, what the gradients read, the types with all loops, and the loops.

    Returns
    -------
    nin : int
        0 where there is no backward.
    reads : tuple of tuple of int
    types : tuple of str
        "d" and "f", or one of them.
    loops : list of dict, str, pair of dict, or None
        Forward's, each gradient's, then for each gradient the two that accumulate it: ``{type: (kind, owner, place)}``, with the kind "ufunc", "capsule",
        "pointer" or "rows", or "+", "-", "x0", "x1", None as given.

    Raises
    ------
    TypeError
        Something is no loop, or does not fit the rest.
    """
    if backward is ...:
        for one in forward if isinstance(forward, list) else [forward]:
            typed("forward", one)           # that it is a loop
        return 0, (), (), []
    slopes = backward if isinstance(backward, tuple) and not is_pointer(backward) else (backward,)
    nin = len(slopes)
    if nin == 0:
        raise TypeError("Kernel: backward is empty: wanted a loop for each operand, or None for one without gradient")
    loops = [table("forward", forward, nin)]
    if nin != 2 and any(map(is_factor, slopes)):
        raise TypeError(f"Kernel: backward={backward!r}: \"x0\" and \"x1\" are for kernels of two operands; this one has {nin}")
    loops += [f if is_word(f) else table(f"backward of operand {i}", f, nin + 2) for i, f in enumerate(slopes)]
    more = accumulating(accumulate, nin)
    types = tuple(t for t in WORDS if all(is_word(f) or t in f for f in loops + [f for pair in more if pair for f in pair]))
    if not types:
        has = "; ".join(f"{name} for {' and '.join(WORDS[t] for t in f if t in WORDS)}"
                        for name, f in zip(["forward", *(f"backward of operand {i}" for i in range(nin))], loops) if not is_word(f))
        raise TypeError(f"Kernel: no type has all loops: {has}")
    return nin, checked_reads(reads, slopes), types, loops + more


def accumulating(accumulate, nin):
    """For each gradient the two loops that accumulate it, or None."""
    pairs = (None,) * nin if accumulate is None else accumulate
    if not isinstance(pairs, tuple) or len(pairs) != nin or not all(p is None or isinstance(p, tuple) and len(p) == 2 for p in pairs):
        raise TypeError(f"Kernel: accumulate={accumulate!r}: wanted a tuple with None or two loops (sum + gradient, sum - gradient) "
                        f"for each of {nin} operands")
    return [None if p is None else tuple(table(f"accumulate of operand {i}", f, nin + 3) for f in p) for i, p in enumerate(pairs)]


HINTS = {
    "forward": "; of its operands each needs an entry in the tuple `backward`: a loop that gives one result, \"+\", \"-\", \"x0\", \"x1\" or None",
    "backward": " (a gradient takes gy, the inputs and the output, and gives one result)",
    "accumulate": " (it takes gy, the inputs, the output and a sum, and gives the new sum)",
}
"""What a loop of no fitting signature may have missed, by where it stands."""


def is_sign(f):
    return f is None or isinstance(f, str) and f in ("+", "-")


def is_factor(f):
    return isinstance(f, str) and f in ("x0", "x1")


def is_word(f):
    """Is it a gradient that brings no loop?"""
    return is_sign(f) or is_factor(f)


def checked_reads(reads, slopes):
    """For each gradient, the places among (*inputs, output) that it looks at; by default all that a loop is given."""
    entries = read_by_loops(reads, len(slopes))
    return tuple((int(f[1]),) if is_factor(f) else r for f, r in zip(slopes, entries))


def read_by_loops(reads, nin):
    if reads is None:
        return (tuple(range(nin + 1)),) * nin
    entries = tuple(tuple(r) if isinstance(r, (tuple, list)) else None for r in reads) if isinstance(reads, (tuple, list)) else ()
    if len(entries) != nin or any(r is None or not all(type(i) is int and 0 <= i <= nin for i in r) for r in entries):
        raise TypeError(f"Kernel: reads={reads!r}: wanted {nin} tuples, one for each operand, of places 0 to {nin} among "
                        "(*inputs, output)")
    return entries


def table(where, loop, nin):
    """The loops of `loop` that take nin numbers of one type and give one of it, by type."""
    found, seen = {}, []
    for one in loop if isinstance(loop, list) else [loop]:
        for types, source in typed(where, one):
            seen.append(types)
            ins, arrow, out = types.partition("->")
            if arrow and len(ins) == nin and len(out) == 1 and set(ins) == {out}:
                found.setdefault(out, source)
    if not WORDS.keys() & found.keys():
        raise TypeError(f"Kernel: {where}: {loop!r} has no loop {'d' * nin}->d or {'f' * nin}->f; it has "
                        f"{', '.join(seen[:8]) or 'none'}{', ...' * (len(seen) > 8)}" + HINTS.get(where.partition(" ")[0], ""))
    return found


def typed(where, loop):
    """[(types, source)] of one entry."""
    loop = loop if isinstance(loop, np.ufunc) else getattr(loop, "ufunc", loop)     # numba's DUFunc
    if isinstance(loop, np.ufunc):
        if loop.signature is not None:
            raise TypeError(f"Kernel: {where}: {loop!r} has core dimensions {loop.signature}: only elementwise ufuncs are loops")
        if loop.nout != 1:
            raise TypeError(f"Kernel: {where}: {loop!r} gives {loop.nout} results: a loop gives one")
        return [(types, ("ufunc", loop, i)) for i, types in enumerate(loop.types)]
    if isinstance(loop, Rows):
        return [(loop.types, ("rows", loop, 0))]
    if type(loop).__name__ == "PyCapsule":
        return [(capsule_types(where, loop), ("capsule", loop, 0))]
    if is_pointer(loop):
        address = address_of(where, loop[0])
        check_inner_loop(where, loop[0], address)
        return [(loop[1], ("pointer", loop, address))]
    raise TypeError(f"Kernel: {where}: {loop!r} is no loop: wanted a NumPy ufunc, a PyCapsule named by its types, "
                    "(pointer, \"dd->d\") of an inner loop, or a list of these")


def is_pointer(loop):
    return isinstance(loop, tuple) and len(loop) == 2 and isinstance(loop[1], str) and not is_word(loop[1])


def capsule_types(where, capsule):
    """The types in a capsule's name, "dd->d" or "dd->d@1.0" with the version of dezero.h it was made with."""
    name = repr(capsule).partition('<capsule object "')[2].rpartition('" at ')[0]       # the one way to it in plain Python
    if not name:
        raise TypeError(f"Kernel: {where}: {capsule!r} has no name: a capsule that holds a loop is named by its types, as in \"dd->d\"")
    types, at, version = name.partition("@")
    if not at:
        return types
    made = version.split(".")
    if len(made) != 2 or not all(number.isdecimal() and len(number) <= 4 for number in made):
        raise TypeError(f"Kernel: {where}: {capsule!r}: the version {version!r} is none such as \"{ABI[0]}.{ABI[1]}\"")
    if int(made[0]) != ABI[0] or int(made[1]) > ABI[1]:
        raise TypeError(f"Kernel: {where}: {capsule!r} was made with version {version} of dezero.h, this dezero has "
                        f"{ABI[0]}.{ABI[1]}: build the package anew, or update dezero")
    return types


def address_of(where, pointer):
    """The address of a native function: a number, or what ctypes, cffi and numba have for one."""
    ctypes, cffi = sys.modules.get("ctypes"), sys.modules.get("_cffi_backend")
    address = getattr(pointer, "address", pointer)                                  # numba's cfunc
    if ctypes is not None and isinstance(pointer, (ctypes._CFuncPtr, ctypes.c_void_p)):
        address = ctypes.cast(pointer, ctypes.c_void_p).value or 0
    elif cffi is not None and type(pointer).__module__ == "_cffi_backend" and hasattr(cffi, "typeof") \
            and cffi.typeof(pointer).kind in ("pointer", "function"):
        address = int(cffi.cast(cffi.new_primitive_type("uintptr_t"), pointer))
    if isinstance(address, (bool, float)) or not hasattr(address, "__index__"):
        raise TypeError(f"Kernel: {where}: {pointer!r} is no address: wanted a number, a ctypes or cffi function pointer, or a "
                        "numba cfunc")
    address = int(address)
    if not 0 < address <= 2 * sys.maxsize + 1:
        raise TypeError(f"Kernel: {where}: {address} is no address of a function")
    return address


FLOATING = {"c_double", "c_float", "c_longdouble", "double", "float", "long double"}
"""What ctypes and cffi call the types of floating numbers: no argument of an inner loop, nor its result, is one."""


def check_inner_loop(where, pointer, address):
    """Refuse a function of numbers, double(double), where anything tells that it is one: it would read addresses as numbers."""
    arguments, result = declared(pointer)
    if arguments is not None and (len(arguments) != 4 or FLOATING.intersection(arguments)) or result in FLOATING:
        known = f"a function {result}({'...' if arguments is None else ', '.join(arguments)})"
    elif address in c_math():
        known = "a function of numbers of C's math library, such as double sin(double)"
    else:
        return
    raise TypeError(f"Kernel: {where}: {pointer!r} is {known}, and no inner loop: wanted the address of a NumPy inner loop, "
                    "void loop(char **args, npy_intp const *n, npy_intp const *steps, void *data), which goes over n elements; "
                    "dezero.h (dezero_each_1), numba.vectorize and Cython's @cython.ufunc make one of a function of numbers")


def declared(pointer):
    """The names of a native function's types, (arguments, result), as far as ctypes, cffi or numba know them; None where not."""
    ctypes, cffi = sys.modules.get("ctypes"), sys.modules.get("_cffi_backend")
    if type(pointer).__module__.startswith("numba."):
        try:
            pointer = pointer.ctypes
        except (TypeError, NotImplementedError):        # arrays, say: types that ctypes has not
            return None, None
    if ctypes is not None and isinstance(pointer, ctypes._CFuncPtr):
        arguments = None if pointer.argtypes is None else [getattr(t, "__name__", "") for t in pointer.argtypes]
        return arguments, getattr(pointer.restype, "__name__", "void")
    if cffi is not None and isinstance(pointer, getattr(cffi, "_CDataBase", ())) and cffi.typeof(pointer).kind == "function":
        known = cffi.typeof(pointer)
        return [t.cname for t in known.args], known.result.cname
    return None, None


def c_math():
    """The addresses of C's functions of numbers, sin and the like, as far as this process can look them up."""
    ctypes = sys.modules.get("ctypes")
    if ctypes is None or sys.platform == "win32":
        return ()
    import math
    process = ctypes.CDLL(None)
    found = [getattr(process, name + suffix, None) for name in dir(math) for suffix in ("", "f")]
    return {ctypes.cast(f, ctypes.c_void_p).value for f in found if f is not None}
