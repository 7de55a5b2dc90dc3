"""Pictures of graphs: `draw`, and what a notebook shows of a Variable.

    >>> import numpy as np, dezero
    >>> x = dezero.Variable(np.array(3.0), name="x")
    >>> print(dezero.draw(x * x + 2.0 * x))
    3 operations, 1 leaf
    x   leaf              float64 = 3.0; kept
    %1  mul <- x, x       = 9.0; kept
    %2  mul(2.0, ·) <- x  = 6.0; kept
    %3  add <- %1, %2     float64 = 15.0; kept

`model` says what stands in a box, `fold` makes a large graph small, `layout` says where the boxes are; `svg` and `texts` write
it down.  A Drawing holds texts only: no array, and nothing of the graph.
"""
from html import escape
from inspect import signature
from pathlib import Path

import numpy as np

from .. import config
from .._words import near, shown
from ..errors import GraphError
from ..engine.variable import Variable
from . import fold, model, svg, texts

SMALL = 12                      # boxes of what a notebook shows of a Variable
KINDS = (".svg", ".png", ".dot", ".txt")


class Drawing:
    """A picture of a graph; a notebook shows it, and `print` writes it as text.

    Attributes
    ----------
    svg, dot, text : str
        For a page, for Graphviz, for a terminal.
    """

    __slots__ = ("svg", "dot", "text")

    def __init__(self, boxes):
        self.svg, self.dot, self.text = svg.svg(boxes), texts.dot(boxes), texts.lines(boxes)

    def _repr_svg_(self):
        return self.svg

    def __str__(self):
        return self.text

    def __repr__(self):
        return f"<Drawing: {self.text.partition(chr(10))[0]}>"

    def save(self, file):
        """Write the picture to a file: .svg, .png, .dot or .txt, as its name ends.

        Parameters
        ----------
        file : str or path

        Raises
        ------
        ValueError
            The name ends otherwise.
        ImportError
            A .png takes the package resvg-py, which is not installed.
        """
        path = Path(file)
        kind = path.suffix.lower()
        if kind not in KINDS:
            raise ValueError(f"Drawing.save: {shown(str(file))} ends with {shown(kind)}, wanted one of {', '.join(KINDS)}{near(kind, KINDS)}")
        if kind == ".png":
            path.write_bytes(self.png())
        else:
            path.write_text({".svg": self.svg, ".dot": self.dot, ".txt": self.text}[kind], encoding="utf-8", newline="\n")

    def png(self, zoom=2):
        """Return the picture as a PNG, in light colours.

        Parameters
        ----------
        zoom : int
            Pixels for one of the SVG's.

        Raises
        ------
        ImportError
            The package resvg-py is not installed.
        """
        try:
            import resvg_py
        except ImportError as error:
            raise ImportError("a picture as PNG takes the package resvg-py (the extra `draw`): pip install resvg-py; .svg, .dot and .txt "
                              "take nothing") from error
        return bytes(resvg_py.svg_to_bytes(svg_string=svg.light(self.svg), zoom=zoom))


def draw(what, *args, max_nodes=60, **kwargs):
    """Return a picture of the graph behind Variables, or of a function's call.

    Parameters
    ----------
    what : Variable, or a tuple, list or dict of them; or callable
        Results; or a function, which is called with Variables on its arguments, named as its parameters are.
    *args, **kwargs
        Of the function: floats and floating arrays become Variables, also in tuples, lists and dicts; all else is as it is.
    max_nodes : int
        Boxes that the picture may have.  In a larger graph steps that repeat, such as the body of a loop, are folded into one box;
        where that is not enough, what is far from the results is left out.  The picture says so.

    Returns
    -------
    Drawing

    Raises
    ------
    TypeError
        There is no Variable to draw.

    The graph is not changed, and the picture keeps nothing of it alive.
    """
    if isinstance(max_nodes, bool) or not hasattr(max_nodes, "__index__") or max_nodes.__index__() < 2:
        raise ValueError(f"draw: max_nodes = {shown(max_nodes)}, wanted a whole number from 2 on")
    if callable(what) and not isinstance(what, Variable):
        what = call(what, args, kwargs)
    elif args or kwargs:
        raise TypeError("draw: arguments are for a function; several results are a tuple or a list: draw((y, z))")
    results = variables_in(what)
    if not results:
        raise TypeError(f"draw: got {shown(what)}, wanted a Variable, a tuple, list or dict of them, or a function that gives such")
    return Drawing(fold.fold(model.boxes_of(results), max_nodes.__index__()))


def call(f, args, kwargs):
    """Return what f gives for Variables on its arguments."""
    names = names_of(f, args, kwargs)
    args = [leaf(x, name) for x, name in zip(args, names)]
    with config.using_config("enable_backprop", True):
        return f(*args, **{name: leaf(x, name) for name, x in kwargs.items()})


def names_of(f, args, kwargs):
    """Return the names of the parameters that arguments by place go to."""
    try:
        bound = signature(f).bind(*args, **kwargs)
    except (ValueError, TypeError):                 # it does not say, or the call says it better
        return [f"arg{i}" for i in range(len(args))]
    names = []
    for name, x in bound.arguments.items():
        parameter = bound.signature.parameters[name]
        names += [f"{name}[{i}]" for i in range(len(x))] if parameter.kind is parameter.VAR_POSITIONAL else [name]
    return names


def leaf(x, name):
    """Return an argument with Variables for its floats and floating arrays."""
    if type(x) is float or isinstance(x, (np.ndarray, np.floating, np.complexfloating)) and x.dtype.kind in "fc":
        return Variable(np.asarray(x), name)
    if type(x) in (tuple, list):
        return type(x)([leaf(one, f"{name}[{i}]") for i, one in enumerate(x)])
    return {key: leaf(one, f"{name}[{shown(key, 20)}]") for key, one in x.items()} if type(x) is dict else x


def variables_in(what):
    """Return the Variables among results, each once."""
    if isinstance(what, Variable):
        return [what]
    inside = what.values() if isinstance(what, dict) else what if isinstance(what, (tuple, list)) else ()
    return list({id(v): v for one in inside for v in variables_in(one)}.values())


def html_of(v):
    """Return what a notebook shows of a Variable: its value, shape and dtype, and its graph where there is one."""
    boxes = model.boxes_of([v])
    try:
        value = repr(v)
    except GraphError as error:                     # its data were dropped
        value = str(error)
    head = f"<pre>{escape(value)}\n{escape(boxes[-1].type)}</pre>"
    return head if len(boxes) < 2 else head + svg.svg(fold.fold(boxes, SMALL))
