"""The engines that are compared, each behind the same few closures.

A peer makes tracked inputs (`leaf`) and, for a function `f` of them, the closures that are timed:

`phases(f, leaves)`   (record, back): one forward that records, and the way back from what it returned, gradients dropped after;
`step(f, leaves)`     forward, backward and dropping the gradients in one call (what `jax.jit` compiles as one);
`descend(f, leaves, rate)`  one step of gradient descent that moves the leaves;
`gradients(f, leaves)`      the gradients as arrays, to be checked before anything is timed;
`loss(name)`          the loss of examples/NAME.py: the program's own text, where this engine's modules have the names `np` and
                      `special`, or that of `programs.in_torch`; `constant` makes its data ready.

The closures do what a user of that engine would write, and nothing per call that can be done once: PyTorch gets its vector of ones
ready-made, MyGrad's memory guarding is off, JAX may use 64 bits and is always waited for. `most_ops` is the longest
graph that is tried: longer ones would take this peer minutes. NumPy is the floor: it has a forward only.
"""
import importlib

import numpy as np
import programs


class Unable(Exception):
    """This peer can't do this workload; the message says why."""


def once(make):
    """`make`, called with the first argument only; its answer is given ever after."""
    made = []

    def get(y):
        if not made:
            made.append(make(y))
        return made[0]
    return get


class Peer:
    """A peer in the style of the seed: tracked inputs, `y.backward()`, a gradient on each input."""

    name = package = ""
    most_ops = 10**7
    phased = True           # forward and backward can be timed apart
    held = 256              # so many results on the same inputs may be alive at a time
    differentiates = True

    def __init__(self, threads=1):
        self.module = importlib.import_module(self.package)

    def leaf(self, array):
        return self.module.Variable(array)

    def constant(self, array):
        return array

    def loss(self, name):
        raise Unable("does not answer NumPy's functions")

    def clears(self, leaves):
        return [x.cleargrad for x in leaves]

    def phases(self, f, leaves):
        clears = self.clears(leaves)

        def back(y):
            y.backward()
            for clear in clears:
                clear()
        return lambda: f(*leaves), back

    def step(self, f, leaves):
        clears = self.clears(leaves)

        def step():
            f(*leaves).backward()
            for clear in clears:
                clear()
        return step

    def descend(self, f, leaves, rate):
        clears = self.clears(leaves)

        def step():
            f(*leaves).backward()
            for x in leaves:
                x.data -= rate * x.grad
            for clear in clears:
                clear()
        return step

    def gradients(self, f, leaves):
        f(*leaves).backward()
        grads = [np.array(x.grad) for x in leaves]
        for clear in self.clears(leaves):
            clear()
        return grads

    def square(self, x):
        return self.module.square(x)

    def broadcast_to(self, x, shape):
        return self.module.broadcast_to(x, shape)


class Dezero(Peer):
    name = package = "dezero"

    def loss(self, name):
        return programs.load(name).loss

    def broadcast_to(self, x, shape):
        return np.broadcast_to(x, shape)


class Seed(Peer):
    name, package = "seed", "seed_engine"


class Numpy(Peer):
    name = package = "numpy"
    differentiates = False

    def leaf(self, array):
        return array

    def loss(self, name):
        return programs.load(name, special=importlib.import_module("scipy.special")).loss

    def phases(self, f, leaves):
        return lambda: f(*leaves), None


class Torch(Peer):
    name = package = "torch"

    def __init__(self, threads=1):
        super().__init__()
        self.module.set_num_threads(threads)

    def leaf(self, array):
        return self.module.tensor(array, requires_grad=True)

    def constant(self, array):
        return self.module.tensor(array)

    def loss(self, name):
        return programs.in_torch(name)

    def phases(self, f, leaves):
        ones = once(self.module.ones_like)

        def back(y):
            y.backward(ones(y))
            for x in leaves:
                x.grad = None
        return lambda: f(*leaves), back

    def step(self, f, leaves):
        ones = once(self.module.ones_like)

        def step():
            y = f(*leaves)
            y.backward(ones(y))
            for x in leaves:
                x.grad = None
        return step

    def descend(self, f, leaves, rate):
        no_grad = self.module.no_grad

        def step():
            f(*leaves).backward()
            with no_grad():
                for x in leaves:
                    x -= rate * x.grad
                    x.grad = None
        return step

    def gradients(self, f, leaves):
        y = f(*leaves)
        y.backward(self.module.ones_like(y))
        grads = [x.grad.numpy().copy() for x in leaves]
        for x in leaves:
            x.grad = None
        return grads


class Functional(Peer):
    """A peer that is given the function and gives the function that pulls gradients back."""

    def pull(self, f, leaves):
        """(result, function from its gradient to those of the leaves)."""
        raise NotImplementedError

    def wait(self, results):
        return results

    def phases(self, f, leaves):
        ones = once(self.ones)
        return lambda: self.wait(self.pull(f, leaves)), lambda pulled: self.wait(pulled[1](ones(pulled[0])))

    def step(self, f, leaves):
        record, back = self.phases(f, leaves)
        return lambda: back(record())

    def descend(self, f, leaves, rate):
        leaves, ones = list(leaves), once(self.ones)

        def step():
            y, back = self.pull(f, leaves)
            leaves[:] = [x - rate * g for x, g in zip(leaves, back(ones(y)))]
        return step

    def gradients(self, f, leaves):
        y, back = self.pull(f, leaves)
        return [np.asarray(g) for g in back(self.ones(y))]


class Autograd(Functional):
    name = package = "autograd"
    most_ops = 10**5

    def __init__(self, threads=1):
        super().__init__()
        self.numpy = importlib.import_module("autograd.numpy")

    def loss(self, name):
        return programs.load(name, np=self.numpy, special=importlib.import_module("autograd.scipy.special")).loss

    def leaf(self, array):
        return array

    def ones(self, y):
        return np.ones_like(y)

    def pull(self, f, leaves):
        back, y = self.module.make_vjp(f, tuple(range(len(leaves))))(*leaves)
        return y, back

    def square(self, x):
        return self.numpy.square(x)

    def broadcast_to(self, x, shape):
        return self.numpy.broadcast_to(x, shape)


class Mygrad(Peer):
    name = package = "mygrad"
    most_ops = 10**5
    held = 1                # backward of one result clears the graphs of all others

    def __init__(self, threads=1):
        super().__init__()
        self.module.turn_memory_guarding_off()

    def leaf(self, array):
        return self.module.tensor(array)

    def clears(self, leaves):
        return [x.null_grad for x in leaves]


class Micrograd(Peer):
    name, package = "micrograd", "micrograd.engine"

    def leaf(self, array):
        if array.shape:
            raise Unable("scalars only")
        return self.module.Value(float(array))

    def clears(self, leaves):
        return [lambda x=x: setattr(x, "grad", 0) for x in leaves]


class Jax(Functional):
    name = package = "jax"
    most_ops = 3_000

    def __init__(self, threads=1):
        super().__init__()
        self.module.config.update("jax_enable_x64", True)
        self.numpy = self.module.numpy

    def leaf(self, array):
        return self.numpy.array(array)

    constant = leaf

    def loss(self, name):
        return programs.load(name, np=self.numpy, special=importlib.import_module("jax.scipy.special")).loss

    def ones(self, y):
        return self.numpy.ones_like(y)

    def wait(self, results):
        return self.module.block_until_ready(results)

    def pull(self, f, leaves):
        return self.module.vjp(f, *leaves)

    def square(self, x):
        return self.numpy.square(x)

    def broadcast_to(self, x, shape):
        return self.numpy.broadcast_to(x, shape)


class Jit(Jax):
    name = "jit"
    most_ops = 1_000
    phased = False

    def compiled(self, f, leaves):
        return self.module.jit(self.module.grad(lambda *xs: f(*xs).sum(), tuple(range(len(leaves)))))

    def step(self, f, leaves):
        grad, wait = self.compiled(f, leaves), self.wait
        return lambda: wait(grad(*leaves))

    def wait(self, results):
        return results[0].block_until_ready()           # one executable: all its results are there at once

    def descend(self, f, leaves, rate):
        leaves, grad = list(leaves), self.module.grad(lambda *xs: f(*xs).sum(), tuple(range(len(leaves))))
        move = self.module.jit(lambda *xs: [x - rate * g for x, g in zip(xs, grad(*xs))])

        def step():
            leaves[:] = move(*leaves)
        return step

    def gradients(self, f, leaves):
        return [np.asarray(g) for g in self.compiled(f, leaves)(*leaves)]


PEERS = {peer.name: peer for peer in (Dezero, Numpy, Seed, Torch, Autograd, Mygrad, Micrograd, Jax, Jit)}


def installed(wanted, threads=1):
    """({name: peer}, {name: why it is not there}) of the peers asked for."""
    found, missing = {}, {}
    for name in wanted:
        try:
            found[name] = PEERS[name](threads)
        except ImportError as error:
            missing[name] = str(error)
    return found, missing
