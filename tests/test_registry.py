"""Snapshots, lookups, conflicts; with a registry of the test's own."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest

from dezero import Function
from dezero.errors import OpConflict
from dezero.registry import (OPERATORS, Constant, Entry, Registry, Snapshot, claims, function_name, library_of, line, package, place,
                             registry, settle)


class Twice(Function):
    def forward(self, x):
        return x * 2


def op(name="twice", operators=(), numpy=(), dist="dezero-a", version="1.0", plugin="dezero-a:ops", cls=Twice, order=1, **more):
    return Entry(name, cls, operators, numpy, None, order, plugin, dist, version, __file__, 20, **more)


def constant(function, dist="dezero-c"):
    return Constant(function, "plugin", dist, "2.0", "c.py", 7)


def nobody(op):
    return 0


def everything(snapshot):
    return (dict(snapshot.names), dict(snapshot.operators), dict(snapshot.functions), set(snapshot.constants))


# -- Entry


def test_an_op_says_what_it_is():
    o = op(operators=("__matmul__",), numpy=(np.matmul,), order=None)
    assert (o.name, o.cls, o.operators, o.numpy, o.kernel, o.order) == (
        "twice", Twice, ("__matmul__",), (np.matmul,), None, None)
    assert (o.plugin, o.dist, o.version, o.file, o.line) == ("dezero-a:ops", "dezero-a", "1.0", __file__, 20)
    assert o.apply == Twice.apply
    assert o.qualified == "'twice' (dezero-a 1.0)"
    assert repr(o) == "<Entry 'twice' (dezero-a 1.0)>"


def test_an_op_of_this_process():
    o = op(dist="", version="", plugin="mine")
    assert o.qualified == "'twice' (plugin 'mine' of this process)" and package(o) == "plugin 'mine' of this process"


def test_the_line_is_that_of_the_class_statement():
    with open(__file__, encoding="utf-8") as source:
        lines = source.read().splitlines()
    assert lines[line(op()) - 1] == "class Twice(Function):"
    assert place(op()) == f"{__file__}:{line(op())}"


@pytest.mark.parametrize("function, name", [(np.add, "numpy.add"), (np.sum, "numpy.sum"), (len, "builtins.len")])
def test_function_names(function, name):
    assert function_name(function) == name


def test_names_of_scipy_ufuncs():
    special = pytest.importorskip("scipy.special")
    assert function_name(special.erf) == "scipy.special.erf"


@pytest.mark.parametrize("name", ["numpy.linalg.norm", "numpy.linalg.inv", "numpy.fft.fft", "numpy.matmul", "numpy.concatenate",
                                  "numpy.ma.sum", "scipy.special.expit", "scipy.special.gamma", "scipy.special.logsumexp"])
def test_names_are_those_that_users_write(name):
    house, _, function = name.rpartition(".")
    assert function_name(getattr(pytest.importorskip(house), function)) == name


def test_names_of_functions_that_live_nowhere():
    assert function_name(np.frompyfunc(abs, 1, 1)) == "abs (vectorized)"
    assert function_name(test_names_of_functions_that_live_nowhere).endswith("test_registry.test_names_of_functions_that_live_nowhere")


@pytest.mark.parametrize("name, library", [("sinh", "numpy"), ("norm", "numpy"), ("special", "scipy"), ("nothing_at_all", None)])
def test_whose_a_name_is(name, library):
    assert library_of(name) == library


def test_advice():
    r = published(op("a"))
    assert r.advice() == "; an op can be added (dezero's README, \"Adding an op\")"
    assert "the package dezero-numpy answers what numpy has" in r.advice("numpy") and "Install and run" in r.advice("numpy")
    assert "the package dezero-scipy answers what scipy has" in r.advice("scipy")
    assert "pip" not in r.advice("numpy")
    assert published(op("a", dist="dezero-numpy")).advice("numpy") == r.advice()      # it is here, and does not answer


def test_the_sections_of_the_readme_that_advice_names():
    readme = Path(__file__).parents[1] / "README.md"
    if not readme.exists():
        pytest.skip("README.md is in a checkout only")
    headings = re.findall(r"^## (.*)$", readme.read_text(encoding="utf-8"), re.MULTILINE)
    for name in re.findall(r'"(.*?)"', published().advice("numpy")):
        assert name in headings


@pytest.mark.parametrize("function, name", [((np.add, "reduce"), "numpy.add.reduce"), ("scipy.special.erf", "scipy.special.erf")])
def test_names_of_what_is_no_function(function, name):
    assert function_name(function) == name


@pytest.mark.parametrize("name, library", [("linalg", "numpy"), ("linalg.solve", "numpy"), ("special.no_such_function", "scipy")])
def test_whose_a_dotted_name_is(name, library):
    assert library_of(name) == library


def test_operators_are_those_of_the_contract():
    contract = """__add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__ __divmod__ __pow__ __matmul__ __and__ __or__
    __xor__ __lshift__ __rshift__ __neg__ __pos__ __abs__ __invert__ __getitem__"""
    assert set(OPERATORS) == set(contract.split()) and len(OPERATORS) == 19


# -- settle


def test_settling():
    a, b = op("a", ("__matmul__",), (np.matmul,)), op("b", (), (np.sinc,))
    snapshot = settle([a, b, constant(np.floor)], nobody)
    assert everything(snapshot) == ({"a": a, "b": b}, {"__matmul__": a}, {np.matmul: a, np.sinc: b}, {np.floor})


def test_a_snapshot_cannot_be_changed():
    snapshot = settle([op()], nobody)
    for mapping in (snapshot.names, snapshot.operators, snapshot.functions):
        with pytest.raises(TypeError):
            mapping["x"] = 1
    assert isinstance(snapshot.constants, frozenset)


@pytest.mark.parametrize("claim, words", [
    ({"name": "same"}, "the name 'same'"),
    ({"operators": ("__matmul__",)}, "the operator '__matmul__'"),
    ({"numpy": (np.sinc,)}, "the NumPy function numpy.sinc"),
])
def test_a_conflict_names_both_sides(claim, words):
    one = op(**{"name": "one", **claim})
    two = op(**{"name": "two", "dist": "dezero-b", "version": "3.1", **claim})
    with pytest.raises(OpConflict) as caught:
        settle([one, two], nobody, [two])
    text = str(caught.value)
    assert words in text
    assert f"dezero-a 1.0, {place(one)}" in text and f"dezero-b 3.1, {place(two)}" in text
    assert f"prefer('dezero-b', {two.name!r})" in text and f"DEZERO_PREFER=dezero-b:{two.name}" in text


def test_a_conflict_with_a_builtin_says_so():
    new = op("add", dist="dezero-b")
    with pytest.raises(OpConflict, match=r"op 'add' \(dezero-b 1.0.*built-in op 'add' \(dezero 1.0.*override"):
        settle([op("add", dist="dezero"), new], nobody, [new])


def test_a_conflict_in_one_plugin():
    one, two = op(), op()
    with pytest.raises(OpConflict, match="twice"):
        settle([one, two], nobody, [one, two])


def test_the_preferred_wins_in_either_order_and_takes_the_whole_op():
    old, new = op("old", ("__matmul__",), (np.matmul,)), op("new", ("__matmul__",), dist="dezero-b")
    for offers in ([old, new], [new, old]):
        snapshot = settle(offers, lambda o: o is new, [new])
        assert everything(snapshot) == ({"new": new}, {"__matmul__": new}, {}, set())


def test_an_earlier_preference_keeps_out_the_new():
    old, new = op(), op(dist="dezero-b")
    assert settle([old, new], lambda o: o is old, [new]).names["twice"] is old


def test_two_that_are_preferred_alike_are_a_conflict():
    old, new = op("old", ("__matmul__",)), op("new", ("__matmul__",))
    with pytest.raises(OpConflict):
        settle([old, new], lambda o: 1, [new])


def test_the_higher_preference_wins():
    old, new = op("old", ("__matmul__",)), op("new", ("__matmul__",))
    assert list(settle([old, new], {old: 2, new: 1}.get, [new]).names) == ["old"]
    assert list(settle([old, new], {old: 2, new: 3}.get, [new]).names) == ["new"]


def test_what_is_not_new_never_conflicts():
    one, two, three = op(), op(dist="dezero-b"), op("three")
    assert settle([one, two, three], nobody, [three]).names == {"twice": one, "three": three}


def test_a_later_package_loses_what_is_contested_and_keeps_the_rest():
    old = op("old", ("__matmul__",), (np.matmul,))
    new = op("new", ("__matmul__", "__mod__"), (np.matmul, np.sinc), dist="dezero-b", plugin="dezero-b:ops",
             cls=type("Other", (Function,), {}))
    contested = []
    snapshot = settle([old, new], nobody, [new], contested)
    assert everything(snapshot) == ({"old": old, "new": new}, {"__matmul__": old, "__mod__": new}, {np.matmul: old, np.sinc: new}, set())
    assert contested == [(new, ("operator", "__matmul__"), old), (new, ("numpy", np.matmul), old)]
    assert snapshot.holds(new) == [("name", "new"), ("attribute", "new"), ("operator", "__mod__"), ("numpy", np.sinc)]
    assert everything(settle([old, new], nobody)) == everything(snapshot), "later, too"


def test_an_op_that_lost_its_name_is_still_one_of_the_ops():
    old, new = op(), op(numpy=(np.sinc,), dist="dezero-b", plugin="dezero-b:ops", cls=type("Other", (Function,), {}))
    snapshot = settle([old, new], nobody, [new], [])
    assert snapshot.ops == (old, new) and snapshot.names == {"twice": old} and snapshot.functions == {np.sinc: new}


def test_one_class_is_one_op():
    one, two = op(), op(numpy=(np.sinc,), dist="dezero-b", plugin="dezero-b:ops")
    assert settle([one, two], nobody, [two]).ops == (one,)


def test_what_this_process_has_of_a_package_is_not_contested_by_it():
    again = type("Twice", (Function,), {"__module__": Twice.__module__, "__qualname__": "Twice"})
    mine, theirs = op(dist="", version="", plugin="twice", cls=again), op()
    assert settle([mine, theirs], nobody, [mine]).names["twice"] is mine
    other = op(dist="", version="", plugin="twice", cls=type("Other", (Function,), {}))
    with pytest.raises(OpConflict, match="op 'twice' .plugin 'twice' of this process.* is taken by op 'twice' .dezero-a 1.0"):
        settle([other, theirs], nobody, [other])


def test_constants():
    twice = settle([constant(np.floor), constant(np.floor, "dezero-d")], nobody, [])
    assert twice.constants == {np.floor}
    mine, again = constant(np.floor), constant(np.floor)
    with pytest.raises(OpConflict, match="a constant .dezero-c 2.0, c.py:7. claims .*numpy.floor, which is taken by a constant .*; once is enough"):
        settle([mine, again], nobody, [mine, again], [])
    reloaded = Constant(np.floor, "another plugin", "", "", "c.py", 7)
    assert settle([mine, reloaded], nobody, [reloaded]).constants == {np.floor}
    theirs, contested = Constant(np.floor, "theirs", "dezero-e", "1.0", "e.py", 3), []
    with pytest.raises(OpConflict, match="a constant .dezero-e 1.0, e.py:3. claims .* taken by a constant .dezero-c 2.0, c.py:7"):
        settle([mine, theirs], nobody, [theirs])
    assert settle([mine, theirs], nobody, [theirs], contested).constants == {np.floor} and contested == [(theirs, ("numpy", np.floor), mine)]
    claim = op("floor", numpy=(np.floor,))
    with pytest.raises(OpConflict, match="numpy.floor, which is taken by a constant .dezero-c 2.0, c.py:7"):
        settle([constant(np.floor), claim], nobody, [claim])
    late = constant(np.floor)
    with pytest.raises(OpConflict, match="constant .*numpy.floor.* op 'floor'"):
        settle([claim, late], nobody, [late])
    preferred = settle([constant(np.floor), claim], lambda o: o is claim, [claim])
    assert preferred.functions == {np.floor: claim} and preferred.constants == set()


# -- methods, attributes, namespaces


@pytest.mark.parametrize("stated, after_x", [
    ({}, ["twice"]), ({"method": "double"}, ["double"]), ({"method": len}, ["twice"]), ({"method": None}, []),
    ({"attribute": "T"}, ["twice", "T"]), ({"name": "a.twice"}, []), ({"name": "a.twice", "method": "double", "attribute": "T"}, ["double", "T"])])
def test_what_stands_after_x(stated, after_x):
    o = op(**stated)
    assert [key for kind, key in claims(o) if kind == "attribute"] == after_x
    snapshot = settle([o], nobody)
    assert snapshot.attributes == dict.fromkeys(after_x, o) and snapshot.names == {stated.get("name", "twice"): o}


def test_what_a_method_calls():
    for method, called in ((True, Twice.apply), ("double", Twice.apply), (len, len)):
        assert op(method=method).called == called


@pytest.mark.parametrize("one, two, words", [
    ({"attribute": "T"}, {"attribute": "T"}, "claims the attribute x.T, which is taken by op 'one'"),
    ({"method": "T"}, {"attribute": "T"}, "claims the attribute x.T"),
    ({}, {"method": "one"}, "claims the attribute x.one"),
    ({"name": "a.b"}, {"name": "a"}, "claims the name 'a', which is taken by op 'a.b'"),
    ({"name": "a"}, {"name": "a.b.c"}, "claims the name 'a.b.c', which is taken by op 'a'"),
    ({"numpy": ((np.add, "outer"),)}, {"numpy": ((np.add, "outer"),)}, "claims the NumPy function numpy.add.outer"),
    ({"numpy": ("scipy.special.erf",)}, {"numpy": ("scipy.special.erf",)}, "claims the NumPy function scipy.special.erf")])
def test_conflicts_of_other_kinds(one, two, words):
    other = type("Other", (Function,), {})
    first, second = op(**{"name": "one", **one}), op(**{"name": "two", "plugin": "dezero-b:ops", "dist": "dezero-b", "cls": other, **two})
    with pytest.raises(OpConflict, match=re.escape(words)):
        settle([first, second], nobody, [second])
    contested = []
    snapshot = settle([first, second], nobody, [second], contested)
    assert len(contested) == 1 and set(snapshot.holds(second)) < set(claims(second)) and snapshot.holds(first) == claims(first)


def test_a_contested_name_is_told_without_its_method():
    old, new = op(), op(dist="dezero-b", plugin="dezero-b:ops", cls=type("Other", (Function,), {}))
    contested = []
    settle([old, new], nobody, [new], contested)
    assert contested == [(new, ("name", "twice"), old)]
    other = op("third", method="twice")
    settle([op(method=None), other, new], nobody, [new], contested := [])
    assert [claim for _, claim, _ in contested] == [("name", "twice"), ("attribute", "twice")], "two that have one each"


def test_namespaces():
    a, b = op("linalg.solve"), op("linalg.deep.inv", numpy=(np.linalg.inv,))
    snapshot = settle([a, b], nobody)
    assert snapshot.namespaces == {"linalg", "linalg.deep"} and snapshot.names == {"linalg.solve": a, "linalg.deep.inv": b}
    assert settle([op()], nobody).namespaces == frozenset()


def test_a_namespace_is_no_miss():
    r = published(op("linalg.solve"))
    r.miss = lambda: pytest.fail("asked")
    assert r.find_name("linalg") is None and r.find_name("linalg.solve").name == "linalg.solve"


def test_a_composite_is_no_class():
    def double(x):
        return x * 2

    o = Entry("double", None, (), (), None, "checked", "p", "", "", "c.py", 7, apply=double)
    assert o.made is double and line(o) == 7 and settle([o], nobody).ops == (o,)


# -- lazy claims, and texts


def lazy(name="solve", numpy=(), **more):
    return op(name, (), numpy, cls=None, module="m", **more)


def test_what_is_claimed_lazily_is_opened_by_every_lookup():
    claim = lazy(numpy=(np.sinc,), attribute="T")
    claim.operators = ("__matmul__",)
    real = op("solve", ("__matmul__",), (np.sinc,), attribute="T")
    for find, key in (("find_name", "solve"), ("find_attribute", "T"), ("find_attribute", "solve"), ("find_operator", "__matmul__"),
                      ("find_function", np.sinc)):
        r, opened = published(claim), []

        def take(offer):
            opened.append(offer)
            r.publish(settle([real], nobody))

        r.open = take
        assert getattr(r, find)(key) is real and opened == [claim]
        assert getattr(r, find)(key) is real and opened == [claim]


def test_a_lazy_constant():
    r = published(Constant(np.sinc, "p", "dezero-c", "1.0", "c.py", 7, module="m"))
    r.open = lambda offer: r.publish(settle([constant(np.sinc)], nobody))
    assert np.sinc not in r.snapshot.constants and r.snapshot.ops == ()
    assert r.is_constant(np.sinc) and r.find_function(np.sinc) is None


def test_what_fails_to_open_is_an_error_each_time():
    r = published(lazy())
    r.open = lambda offer: 1 / 0
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            r.find_name("solve")


def test_a_lazy_claim_and_the_op_itself_are_one():
    home = Twice.__module__
    claim = op("twice", cls=None, module=home, plugin="dezero-b:lazy", dist="dezero-b")
    assert settle([op(dist="", plugin="mine", version=""), claim], nobody, [claim]).ops[0].module is None
    other = op("twice", cls=None, module="elsewhere", plugin="dezero-b:lazy", dist="dezero-b")
    with pytest.raises(OpConflict):
        settle([op(), other], nobody, [other])


def test_texts_are_pending():
    o = op(numpy=("scipy.special.erf", np.sinc))
    snapshot = settle([o, constant("scipy.special.nope")], nobody)
    assert snapshot.pending == ("scipy.special.erf", "scipy.special.nope") and snapshot.functions[np.sinc] is o


# -- lookups


def published(*offers):
    r = Registry()
    r.publish(settle(offers, nobody))
    return r


def test_lookups():
    o = op("a", ("__matmul__",), (np.matmul,))
    r = published(o, constant(np.floor))
    assert r.find_name("a") is o and r.find_operator("__matmul__") is o and r.find_function(np.matmul) is o
    assert r.is_constant(np.floor) and not r.is_constant(np.matmul)
    assert r.find_name("b") is r.find_operator("__add__") is r.find_function(np.sinc) is None
    assert r.explain("b") == ""


def test_a_miss_asks_once_and_looks_again():
    r, asked = published(), []
    o = op("late", ("__matmul__",), (np.sinc,))

    def miss():
        asked.append(1)
        if len(asked) == 3:
            r.publish(settle([o, constant(np.floor)], nobody))

    r.miss = miss
    assert r.find_name("late") is None and r.find_operator("__matmul__") is None
    assert r.find_function(np.sinc) is o
    assert r.find_name("late") is o and r.is_constant(np.floor) and not r.is_constant(np.sinc)
    assert len(asked) == 3


@pytest.mark.parametrize("lookup, key", [("find_name", "late"), ("find_operator", "__matmul__"), ("find_function", np.sinc)])
def test_what_another_thread_published_in_between_is_found(lookup, key):
    r, o = published(), op("late", ("__matmul__",), (np.sinc,))
    r.miss = lambda: r.publish(settle([o], nobody)) and False  # it says nothing of having changed something
    assert getattr(r, lookup)(key) is o


def test_names_with_an_underscore_are_no_miss():
    r = published()
    r.miss = lambda: pytest.fail("asked")
    for name in ("_repr_html_", "__array_interface__", "_x"):
        assert r.find_name(name) is None


def test_known_functions_are_no_miss():
    r = published(op("a", (), (np.sinc,)), constant(np.floor))
    r.miss = lambda: pytest.fail("asked")
    assert r.find_function(np.floor) is None and not r.is_constant(np.sinc)


def test_subscribers():
    r, seen = Registry(), []
    r.subscribe(seen.append)
    snapshot = settle([op()], nobody)
    r.publish(snapshot)
    assert len(seen) == 2 and not seen[0].names and seen[1] is snapshot is r.snapshot


def test_readers_need_no_lock():
    r = published(op("always"))
    stop, wrong = threading.Event(), []

    def read():
        while not stop.is_set():
            if r.find_name("always") is None:
                wrong.append("missing")

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for i in range(500):
        r.publish(settle([op("always"), op(f"op{i}")], nobody))
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong


def test_the_registry_in_use_has_the_builtins():
    assert {"add", "sub", "mul", "div", "pow", "neg", "square", "sum", "broadcast_to", "getitem"} <= set(registry.snapshot.names)
    assert isinstance(registry.snapshot, Snapshot)
