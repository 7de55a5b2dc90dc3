"""Random programs of slices, views, assignments and arithmetic beside NumPy: a value is NumPy's, or using it is an error.

NumPy runs the same program with its own views.  A step that dezero refuses is not taken there either.  At the end gradients
are compared with the complex step through NumPy's program.
"""
import os

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from dezero import Variable
from dezero.errors import GraphError

SHAPES = {4: [(4,), (2, 2), (4, 1), (1, 4), (2, 2, 1)], 6: [(6,), (2, 3), (3, 2), (1, 6), (3, 1, 2)]}
NAMES = st.sampled_from("abcde")


def indices(ndim):
    """Indices of arrays whose axes have a length of one at least."""
    item = st.one_of(st.sampled_from([0, -1]), st.builds(slice, st.sampled_from([None, 0, 1, -1]), st.sampled_from([None, 1, 2, -1, 5]),
                                                         st.sampled_from([None, 1, 2, -1])))
    basic = st.lists(item, max_size=ndim).map(tuple)
    return st.one_of(basic, basic.map(lambda index: (*index, ...)), st.sampled_from([(), (None, ...), ([0, 0],), ([0, -1, 0], ...)]))


def run(step, names):
    """Carry out a step: (what, name of the result, name, argument, ...) on a dict of arrays or Variables."""
    what, to, source, x = step
    if what in ("view", "compute"):
        names[to] = as_array(x(names[source]))
    elif what == "assign":
        index, value = x
        names[to][index] = value if source is None else names[source]
    elif what == "augment part":
        index, operator, value = x
        if operator == "+":
            names[to][index] += value if source is None else names[source]
        else:
            names[to][index] *= value if source is None else names[source]
    elif what == "augment":
        if x[0] == "+":
            names[to] += x[1] if source is None else names[source]
        else:
            names[to] *= x[1] if source is None else names[source]
    elif what == "combine":
        names[to] = as_array(names[source] * names[x] + names[source])
    elif what == "same":
        names[to] = names[source]
    else:
        del names[to]


def as_array(x):
    """Return what NumPy's arithmetic has made a scalar of as an array."""
    return np.asarray(x) if isinstance(x, np.generic) else x


class Views:
    """Functions that give views."""

    @staticmethod
    def at(index):
        return lambda x: x[index]

    @staticmethod
    def shaped(shape):
        return lambda x: x.reshape(shape)

    @staticmethod
    def turned(x):
        return x.T


class Programs(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.program = []

    @initialize(size=st.sampled_from([4, 6]), is_constant=st.booleans(), seed=st.integers(0, 9))
    def begin(self, size, is_constant, seed):
        self.size = size
        self.start = np.random.default_rng(seed).integers(1, 5, size).astype(float)
        self.leaf, self.is_constant = Variable(self.start.copy()), is_constant
        self.mine, self.theirs = {}, {}
        self.group = {"a": 0, "b": 1}   # by name: what was taken from what
        self.shared = set()             # names that may have been overtaken by an assignment to what they share memory with
        self.prepare(self.leaf, self.mine)
        self.prepare(self.start, self.theirs)

    def prepare(self, leaf, names):
        names["a"] = np.zeros_like(leaf) if self.is_constant else leaf * 1.0
        names["b"] = leaf * leaf

    def names(self):
        return sorted(self.mine)

    def sharers(self, name):
        """Return other names that may share memory with a name in NumPy: a reshape of what lies apart there is no view there."""
        return {other for other in self.mine if self.group[other] == self.group[name] and self.mine[other] is not self.mine[name]}

    def take(self, step, changed=None):
        """Take a step in dezero and, where it is not refused, in NumPy."""
        names = dict(self.mine)
        sharers = set() if changed is None else self.sharers(changed)
        try:
            run(step, names)
        except GraphError:
            used = {step[1], step[2], step[3] if step[0] == "combine" else None} & set(self.mine)
            assert sharers or used & self.shared, step
            if changed is not None and step[0].startswith("augment"):
                self.shared |= sharers | {changed}
            names.clear()
            return
        except ValueError as error:
            names.clear()
            with pytest.raises(ValueError):
                run(step, {name: x.copy() for name, x in self.theirs.items()})
            assert "broadcast" in str(error) or "augmented" in str(error), error
            return
        self.mine = names
        if changed is not None:
            self.shared |= sharers
            if step[0] == "augment":
                self.shared |= {other for other in self.mine if other != changed and self.theirs.get(other) is self.theirs[changed]}
        self.program.append(step)
        to = step[1]
        if step[0] in ("view", "compute", "combine", "same"):
            is_shared = step[0] == "same" and step[2] in self.shared
            self.shared.discard(to)
            if is_shared:
                self.shared.add(to)
            self.group[to] = self.group[step[2]] if step[0] in ("view", "same") else len(self.program) + 1
        run(step, self.theirs)

    @precondition(lambda self: self.mine)
    @rule(data=st.data(), to=NAMES)
    def view(self, data, to):
        source = data.draw(st.sampled_from(self.names()))
        shape = self.theirs[source].shape
        kinds = [st.just(Views.turned), indices(len(shape)).map(Views.at)]
        if self.theirs[source].size == self.size:
            kinds.append(st.sampled_from(SHAPES[self.size]).map(Views.shaped))
        f = data.draw(st.one_of(kinds))
        try:
            made = f(self.theirs[source])
        except IndexError:
            return
        if isinstance(made, np.ndarray):
            self.take(("view", to, source, f))

    def is_small(self, name):
        """Are the numbers such that products of them stay finite?"""
        return np.all(np.abs(self.theirs[name]) < 1e6)

    def value(self, data, shape):
        """Draw the name of a value that broadcasts to a shape, or None and a number."""
        fitting = [name for name in self.names() if is_broadcast(self.theirs[name].shape, shape) and self.is_small(name)]
        source = data.draw(st.sampled_from([None, *fitting]))
        return source, data.draw(st.sampled_from([2.0, 0.5, 3])) if source is None else None

    @precondition(lambda self: self.mine)
    @rule(data=st.data(), is_augmented=st.booleans())
    def assign(self, data, is_augmented):
        to = data.draw(st.sampled_from(self.names()))
        index = data.draw(indices(self.theirs[to].ndim))
        try:
            part = self.theirs[to][index]
        except IndexError:
            return
        source, number = self.value(data, np.shape(part))
        if is_augmented:
            self.take(("augment part", to, source, (index, data.draw(st.sampled_from("+*")), number)), to)
        else:
            self.take(("assign", to, source, (index, number)), to)

    @precondition(lambda self: self.mine)
    @rule(data=st.data())
    def augment(self, data):
        to = data.draw(st.sampled_from(self.names()))
        if any(self.mine[other] is self.mine[to] for other in self.mine if other != to):
            return                      # y = x; y += 1 leaves x as it is here, which is documented
        source, number = self.value(data, self.theirs[to].shape)
        self.take(("augment", to, source, (data.draw(st.sampled_from("+*")), number)), to)

    @precondition(lambda self: self.mine)
    @rule(data=st.data(), to=NAMES)
    def compute(self, data, to):
        source = data.draw(st.sampled_from(self.names()))
        self.take(("compute", to, source, lambda x: x * 2.0 + 1.0))

    @precondition(lambda self: self.mine)
    @rule(data=st.data(), to=NAMES)
    def combine(self, data, to):
        source = data.draw(st.sampled_from(self.names()))
        fitting = [name for name in self.names() if is_broadcast(self.theirs[name].shape, self.theirs[source].shape) and self.is_small(name)]
        if not fitting:
            return
        self.take(("combine", to, source, data.draw(st.sampled_from(fitting))))

    @precondition(lambda self: self.mine)
    @rule(data=st.data(), to=NAMES)
    def same(self, data, to):
        self.take(("same", to, data.draw(st.sampled_from(self.names())), None))

    @precondition(lambda self: len(self.mine) > 1)
    @rule(data=st.data())
    def delete(self, data):
        self.take(("delete", data.draw(st.sampled_from(self.names())), None, None))

    @rule()
    def look(self):
        self.usable()

    def usable(self):
        """Return the names that can be used, all of which have NumPy's value."""
        found = []
        for name in self.names():
            try:
                value = self.mine[name].data.copy()
            except GraphError:
                assert name in self.shared, name
                continue
            assert np.array_equal(value, self.theirs[name]), name
            assert value.dtype == self.theirs[name].dtype
            found.append(name)
        return found

    def teardown(self):
        if not hasattr(self, "mine"):
            return
        found = self.usable()
        if not found:
            return
        loss = sum([(self.mine[name] * weights(self.theirs[name])).sum() for name in found])
        if loss.creator is None or loss.is_constant:
            gradient = np.zeros(self.size)
        else:
            loss.backward()
            gradient = np.zeros(self.size) if self.leaf.grad is None else self.leaf.grad
        for i in range(self.size):
            leaf = self.start.astype(complex)
            leaf[i] += 1e-30j
            names = {}
            self.prepare(leaf, names)
            for step in self.program:
                run(step, names)
            slope = sum([(names[name] * weights(names[name])).sum() for name in found]).imag / 1e-30
            assert np.isclose(gradient[i], slope, rtol=1e-9), (gradient, i, slope)


def weights(a):
    return np.arange(1.0, a.size + 1).reshape(a.shape)


def is_broadcast(shape, wanted):
    return len(shape) <= len(wanted) and all(n == m or n == 1 for n, m in zip(shape[::-1], wanted[::-1]))


def test_programs():
    run_state_machine_as_test(Programs, settings=settings(max_examples=int(os.environ.get("DEZERO_TEST_EXAMPLES", "40")) * 5, stateful_step_count=14))
