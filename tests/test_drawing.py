"""Pictures of graphs: what is in a box, folding, layout, SVG, DOT and text; and that looking changes nothing."""
import gc
import importlib.util
import random
import re
import sys
import weakref
from xml.etree import ElementTree

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import dezero
from dezero import Function, Variable, draw, no_grad, plugins
from dezero.drawing import fold, layout, model, svg

SVG = "{http://www.w3.org/2000/svg}"


def leaf(value, name=None):
    return Variable(np.array(value), name)


def parsed(drawing):
    """The SVG's boxes: (classes, texts, hover) of each."""
    root = ElementTree.fromstring(drawing.svg)
    groups = [g for g in root.iter(SVG + "g") if (g.get("class") or "").startswith("box")]
    return root, [(g.get("class").split()[1:], [t.text for t in g.findall(SVG + "text")], g.find(SVG + "title").text) for g in groups]


def texts_of(drawing):
    return [" | ".join(texts) for _, texts, _ in parsed(drawing)[1]]


class Both(Function):
    def forward(self, x):
        return x * 2.0, x * 3.0

    def backward(self, g0, g1):
        return g0 * 2.0 + g1 * 3.0


# -- what is in a box


def test_a_small_graph():
    x = leaf(3.0, "x")
    y = x * x + 2.0 * x
    y.name = "y"
    y.backward(retain_grad=True)
    root, boxes = parsed(draw(y))
    assert [texts for _, texts, _ in boxes] == [
        ["x", "leaf", "float64 = 3.0", "grad 8.0"], ["mul", "= 9.0"], ["mul(2.0, ·)", "= 6.0"], ["add", "y", "float64 = 15.0", "grad 1.0"]]
    assert [classes for classes, _, _ in boxes] == [["leaf"], ["op"], ["op"], ["op", "root"]]
    assert root.get("viewBox") and "max-width:100%" in root.get("style") and "kept for the gradient" in boxes[0][2]
    path = next(p for p in root.iter(SVG + "path") if p.get("class") == "edge")
    assert path.get("d").count("M") == 5                                # x * x takes two of them
    assert "prefers-color-scheme:dark" in draw(y).svg and "script" not in draw(y).svg and draw(y).svg.count("http") == 1


def test_the_text_form_and_dot():
    x = leaf(3.0, "x")
    drawing = draw(x * x + 2.0 * x)
    assert str(drawing) == drawing.text == (
        "3 operations, 1 leaf\n"
        "x   leaf              float64 = 3.0; kept\n"
        "%1  mul <- x, x       = 9.0; kept\n"
        "%2  mul(2.0, ·) <- x  = 6.0; kept\n"
        "%3  add <- %1, %2     float64 = 15.0; kept\n")
    assert repr(drawing) == "<Drawing: 3 operations, 1 leaf>" and drawing._repr_svg_() == drawing.svg
    assert dot_of(drawing) == (["x  [leaf]", "mul", "mul(2.0, ·)", "add"], [(0, 1), (0, 1), (0, 2), (1, 3), (2, 3)])


def dot_of(drawing):
    """The first line of each label, and the edges; the whole text must be of these."""
    string = r'"((?:[^"\\\n]|\\.)*)"'
    labels, edges = [], []
    first, style, *lines, last = drawing.dot.splitlines()
    assert (first, last) == ("digraph {", "}") and style.startswith("  node [")
    for line in lines:
        if node := re.fullmatch(rf"  n(\d+) \[label={string}(, penwidth=2)?\];", line):
            assert int(node[1]) == len(labels)
            labels.append(node[2].split("\\l")[0])
        else:
            edge = re.fullmatch(r"  n(\d+) -> n(\d+);", line)
            edges.append((int(edge[1]), int(edge[2])))
    return labels, edges


def test_every_kind_of_node():
    x = leaf([1.0, 2.0], "x")
    with no_grad():
        free = x * 2.0
    changed = x * 3.0
    changed.data = np.array([7.0, 8.0])
    y = Both()(x)[1] * free + changed * x.detach()
    found = texts_of(draw(y))
    assert "x | leaf | float64 (2,)" in found and "free | float64 (2,)" in found and "constant | float64 (2,)" in found
    assert "Both" in found and "output 1 | float64 (2,)" in found and "new data" in found and found[-1] == "add | float64 (2,)"


def test_shapes_where_they_change():
    x, w = leaf(np.ones((2, 3)), "x"), leaf(np.ones(3, "f4"), "w")
    found = texts_of(draw((x * w).sum(axis=1)[1:] + 1))
    assert found[2:] == ["mul | float64 (2, 3)", "sum(axis=1) | float64 (2,)", "getitem[1:] | float64 (1,)", "add(·, 1.0) | float64 (1,)"]


def test_the_package_of_an_op():
    class Thrice(Function):
        name = "thrice_of_a_package"

        def forward(self, x):
            return x * 3.0

        def backward(self, gy):
            return gy * 3.0

    with plugins.isolated():
        plugins.register(Thrice, name="a_plugin")
        x = leaf(2.0)
        assert texts_of(draw(Thrice.apply(x)))[-1] == "thrice_of_a_package | a_plugin | float64 = 6.0"


def test_several_results():
    x = leaf(2.0, "x")
    y = x * x
    drawing = draw({"a": y, "b": [y + x, 7]})
    assert [classes for classes, _, _ in parsed(drawing)[1]] == [["leaf"], ["op", "root"], ["op", "root"]]


def test_a_function():
    def f(a, params, n, *more):
        assert isinstance(a, Variable) and isinstance(n, int)
        return a * params["w"] + more[0] ** n
    with no_grad():
        found = texts_of(draw(f, 2.0, {"w": np.ones(3)}, 2, 4.0))
    assert found[:3] == ["a | leaf | float64 = 2.0", "params['w'] | leaf | float64 (3,)", "mul | float64 (3,)"]
    assert found[3:] == ["more[0] | leaf | float64 = 4.0", "pow(·, 2.0) | = 16.0", "add | float64 (3,)"]


@pytest.mark.parametrize("what, words", [(3.0, "got 3.0"), ([], "got []"), (lambda: 1.0, "got 1.0"), (np.ones(2), "array")])
def test_what_is_no_graph(what, words):
    with pytest.raises(TypeError) as error:
        draw(what)
    assert words in str(error.value) and "wanted a Variable" in str(error.value)


def test_arguments_that_are_refused():
    with pytest.raises(TypeError, match="a tuple or a list"):
        draw(leaf(1.0), leaf(2.0))
    for most in (1, True, 2.5, None):
        with pytest.raises(ValueError, match="max_nodes"):
            draw(leaf(1.0), max_nodes=most)


def test_numbers():
    values = [model.number(x) for x in (3.0, -0.0, 1 / 3, 1e300, float("nan"), float("inf"), 7, True, 10**12, 1 + 2j, 123456.0)]
    assert values == ["3.0", "-0.0", "0.33333", "1e+300", "nan", "inf", "7", "True", "1e+12", "1+2j", "123456.0"]


class Hostile:
    def __repr__(self):
        raise RuntimeError("never called")
    __str__ = __repr__


def test_parameters_of_strangers_are_not_asked():
    class Odd(Function):
        def __init__(self):
            self.thing, self.word, self.sizes, self.array = Hostile(), "a<b", (1, Hostile(), None), np.ones(9)

        def forward(self, x):
            return x * 1.0

        def backward(self, gy):
            return gy

    x = leaf(1.0)
    x.name = Hostile()
    (_, texts, _), (_, (title, _), hover) = parsed(draw(Odd()(x)))[1]
    assert texts == ["<Hostile>", "leaf", "float64 = 1.0"]
    assert hover.startswith("Odd(word='a<b', sizes=(1, …, None), array=array(9,))\n") and title == "Odd(word='a<b', sizes=(1, …, None…"


# -- names


@given(st.text(max_size=60) | st.sampled_from(["<&\"'>", "\x00\x1b[31m", "a\nb\r\n\tc", "\u202eabc\u2066", "\ud800", "\ufffe", "]]>", "--", "\\", "日本語" * 9, "x" * 10_000,
                                               "</svg><script>", "%0", "\\l\"];"]))
def test_any_name(name):
    x = leaf(1.0, name)
    y = x * x
    y.name = name
    drawing = draw(y)
    root, boxes = parsed(drawing)
    assert len(boxes) == 2 and not root.findall(f".//{SVG}script") and len(drawing.svg) < 12_000
    assert all(c.isprintable() or c == "\n" for c in drawing.svg + drawing.text + drawing.dot)
    assert len(drawing.text.splitlines()) == 3 and max(map(len, drawing.text.splitlines())) <= 100
    assert dot_of(drawing)[1] == [(0, 1), (0, 1)]
    ElementTree.fromstring(f"<div>{y._repr_html_()}</div>")


# -- folding


def test_a_loop_is_folded():
    def newton(x):
        for _ in range(50):
            x = x - (x ** 4 - 2.0 * x ** 2) / (12.0 * x ** 2 - 4.0)
        return x
    drawing = draw(newton, 2.0)
    found = texts_of(drawing)
    assert found[1] == "× 49 | pow, pow, mul, sub, … | 441 operations" and len(found) == 11
    assert drawing.text.startswith("450 operations, 1 leaf, 441 operations folded into 1 box\n")
    assert "441 operations folded into 1 box" in drawing.svg
    assert len(texts_of(draw(newton, 2.0, max_nodes=500))) == 451


def test_a_chain_is_folded():
    x = leaf(1.0, "x")
    y = x
    for _ in range(99):
        y = y + x
    assert texts_of(draw(y)) == ["x | leaf | float64 = 1.0", "× 98 | add | 98 operations", "add | float64 = 100.0"]


def test_blocks_with_leaves_of_their_own_and_loops_in_loops():
    def net(params, x):
        for w in params:
            for _ in range(10):
                x = x * w
            x = x + 1.0
        return x.sum()
    drawing = draw(net, [np.ones(3) for _ in range(20)], np.ones(3), max_nodes=12)
    found = texts_of(drawing)
    assert any(re.match(r"× (19|20) \| .*\(mul\) × \d+", text) for text in found), found
    assert "200 mul" not in drawing.text and len(found) <= 12
    assert drawing.text.startswith("221 operations, 21 leaves,")


def test_what_does_not_repeat_is_cut_and_says_so():
    y = tangle(300)
    drawing = draw(y, max_nodes=40)
    found = texts_of(drawing)
    assert len(found) == 40 and found[0].startswith("… | ") and "more operations" in found[0]
    assert "what came before is left out" in drawing.text and "what came before is left out" in drawing.svg


def test_graphs_beyond_what_is_looked_at(monkeypatch):
    monkeypatch.setattr(model, "MOST", 200)
    x = leaf(1.0, "x")
    y = x
    for i in range(1000):
        y = y + x
    found = texts_of(draw(y))
    assert found[0] == "… | what came before" and "× 197 | add | 197 operations" in found and len(found) <= 6


def test_two_steps_are_not_folded():
    x = leaf(1.0)
    assert fold.first_runs(model.boxes_of([x * x + x * x])) == []


def tangle(count, seed=5):
    """A graph with short and long edges that has no pattern."""
    draws = random.Random(seed)
    made = [leaf(0.0, f"x{i}") for i in range(4)]
    for _ in range(count):
        a, b = draws.choice(made[-9:]), draws.choice(made if draws.random() < 0.2 else made[-9:])
        made.append(draws.choice([lambda: a * b, lambda: a + b, lambda: -a, lambda: a - b])())
    y = made[-1]
    for other in made[-9:-1]:
        y = y + other
    return y


# -- layout


def plan_of(boxes):
    sizes = [svg.size(box) for box in boxes]
    return layout.layout(boxes, sizes), sizes


@given(st.integers(1, 120), st.integers(0, 10**6))
def test_boxes_are_disjoint_and_edges_go_down(count, seed):
    boxes = model.boxes_of([tangle(count, seed)])
    plan, sizes = plan_of(boxes)
    rectangles = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(plan.places, sizes)]
    for i, a in enumerate(rectangles):
        assert 0 <= a[0] and a[2] <= plan.width and 0 <= a[1] and a[3] <= plan.height
        for b in rectangles[i + 1:]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    edges = iter(plan.edges)
    for i, box in enumerate(boxes):
        for p in box.parents:
            path = next(edges)
            x, y = svg.end_of(path)
            left, top, right, _ = rectangles[i]
            assert left < x < right and y == top and path[0][2] == rectangles[p][3] < top
    assert next(edges, None) is None


def test_an_edge_over_many_layers_runs_beside_the_picture():
    x = leaf(1.0, "x")
    y = x
    for _ in range(layout.FAR + 3):
        y = -y
    boxes = model.boxes_of([y * x])
    plan, sizes = plan_of(boxes)
    x_of_lane = max(command[1] for command in plan.edges[-1] if command[0] == "H")
    assert x_of_lane > max(x + w for (x, _), (w, _) in zip(plan.places, sizes)) and x_of_lane < plan.width


def test_few_crossings():
    grid = layout.Grid(boxes := model.boxes_of([tangle(60)]), [svg.size(box) for box in boxes])
    before = layout.crossings(grid)
    layout.order_rows(grid)
    assert layout.crossings(grid) < before / 2


def test_a_tree_has_none():
    xs = [leaf(1.0) for _ in range(8)]
    while len(xs) > 1:
        xs = [a - b for a, b in zip(xs[::2], xs[1::2])]
    grid = layout.Grid(boxes := model.boxes_of(xs), [svg.size(box) for box in boxes])
    layout.order_rows(grid)
    assert layout.crossings(grid) == 0


def test_work_grows_with_the_graph():
    """Lines of Python that a picture takes: four times the nodes take about four times as many."""
    def lines(count):
        y, seen = tangle(count), 0

        def trace(frame, event, arg):
            nonlocal seen
            if "drawing" not in frame.f_code.co_filename:
                return None
            seen += 1
            return trace
        sys.settrace(trace)
        try:
            draw(y, max_nodes=10**6)
        finally:
            sys.settrace(None)
        return seen
    assert lines(1000) < 6 * lines(250)


# -- nothing is changed or kept


def test_nothing_is_changed_or_kept_alive():
    x = leaf(np.ones((300, 300)), "x")
    y = (x * x + x) * x
    before = draw(y).text
    drawing = draw(y)
    assert drawing.text == before and y.grad is None
    alive = weakref.ref(y)
    gc.collect()
    del y
    assert alive() is None and [type(getattr(drawing, name)) for name in drawing.__slots__] == [str, str, str]
    z = (x * x + x) * x
    draw(z)
    z.backward()
    np.testing.assert_array_equal(x.grad, np.full((300, 300), 5.0))


# -- files and notebooks


def test_save(tmp_path):
    drawing = draw(leaf(1.0) * 2.0)
    for kind, text in ((".svg", drawing.svg), (".dot", drawing.dot), (".TXT", drawing.text)):
        drawing.save(tmp_path / f"x{kind}")
        assert (tmp_path / f"x{kind}").read_text(encoding="utf-8") == text
    with pytest.raises(ValueError, match=r"wanted one of \.svg, \.png, \.dot, \.txt"):
        drawing.save(str(tmp_path / "x.pdf"))


def test_png(tmp_path, monkeypatch):
    drawing = draw(leaf(1.0) * 2.0)
    if importlib.util.find_spec("resvg_py") is not None:
        drawing.save(tmp_path / "x.png")
        assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match="resvg-py"):
        drawing.save(tmp_path / "y.png")
    assert not (tmp_path / "y.png").exists()


def test_in_a_notebook():
    x = leaf([1.0, 2.0], "x")
    assert x._repr_html_() == "<pre>variable([1. 2.])\nfloat64 (2,)</pre>" and Variable(None)._repr_html_() == "<pre>variable(None)\n</pre>"
    y = x
    for _ in range(100):
        y = y * 2.0
    html = y._repr_html_()
    assert html.startswith("<pre>variable([1.2") and html.count('<g class="box') == 3 and "× 99" in html


def test_of_what_is_stale():
    x = leaf([1.0, 2.0], "x") * 1.0
    part = x[1:]
    x[1] = 5.0
    assert draw(part).text == "0 operations, 0 leaves\n%0  stale\n" and "stale" in draw(part).svg and "stale" in draw(part).dot
    assert part._repr_html_() == "<pre>variable(stale)\n</pre>"
    part.name = "part"
    assert "part  stale" in draw((part, x)).text
    y = leaf([1.0, 2.0], "y")                       # the leaf behind a row is drawn as what it was
    row = y[:1]
    row += 1.0
    assert "y   leaf" in draw(row).text and draw(y).text == "0 operations, 0 leaves\ny  stale\n"


def test_draw_is_loaded_when_it_is_asked_for():
    assert "draw" in dir(dezero) and dezero.draw is draw
