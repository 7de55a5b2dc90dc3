"""Rows: a straight-line program of elementwise loops, which a `Kernel` takes in place of one loop."""

SLOTS, REGISTERS = 8, 64                    # of rows.h
NEGATE, TIMES, DIVIDE, SELECT = "negative", "multiply", "divide", "select"

QUIET = frozenset("absolute sign maximum minimum fmax fmin rint floor ceil trunc less less_equal equal not_equal select".split())
"""Of which NumPy reports no floating-point flags."""


class Rows:
    """A straight-line program of inner loops for one dtype.

    Its registers are numbered: first the arguments, then numbers, then the results of the steps.  The last step gives the result.

    Parameters
    ----------
    char : str
        "d" or "f".
    nin : int
        How many arguments it takes.
    numbers : sequence of float
    steps : sequence of (str, source, tuple of int)
        The name of a step, a loop as `signature.typed` gives it, and the registers that it reads.
    inputs : dict
        By place among the numbers, those that depend on an op's parameters: their places in `trace.Numbers`.

    Raises
    ------
    ValueError
        It needs more registers than there are.
    """

    def __init__(self, char, nin, numbers, steps, inputs):
        self.char, self.nin, self.numbers, self.steps, self.inputs = char, nin, tuple(numbers), tuple(steps), inputs
        if self.first + len(self.steps) > REGISTERS:
            raise ValueError(f"rows of {len(self.steps)} steps, wanted at most {REGISTERS - self.first}")
        self.slots = self.assigned()
        self.compiled = None                # what kernel.pxi makes of it

    @property
    def first(self):
        """The register of the first step's result."""
        return self.nin + len(self.numbers)

    @property
    def types(self):
        return f"{self.char * self.nin}->{self.char}"

    def reads(self, argument):
        """Does a step read this argument?"""
        return any(argument in registers for _, _, registers in self.steps)

    def is_number(self, c):
        """Is the result a number, and always this one?"""
        return self.numbers == (c,) and not self.inputs and not any([self.reads(i) for i in range(self.nin)])

    def numbers_for(self, values):
        """Return the numbers, with these where they depend on parameters."""
        numbers = list(self.numbers)
        for place, i in self.inputs.items():
            numbers[place] = values[i]
        return numbers

    def assigned(self):
        """Return for each step the slot of its result: one that no later step reads from any more."""
        last = {r: s for s, (_, _, registers) in enumerate(self.steps) for r in registers}
        slots, until = [], []               # until: by slot, the step that reads it last
        for s in range(len(self.steps)):
            slot = next((i for i, step in enumerate(until) if step < s), len(until))
            until[slot:slot + 1] = [last.get(self.first + s, s)]
            slots.append(slot)
        if len(until) > SLOTS:
            raise ValueError(f"rows that keep {len(until)} results at a time, wanted at most {SLOTS}")
        return tuple(slots)

    def is_odd(self):
        """Does it give, to the bit, the negative for the negative of its first argument?

        Sums are not: x - x is 0, and never -0.
        """
        odd = {0: True}                     # by register: odd, independent of the argument (not there), or neither
        for s, (name, _, registers) in enumerate(self.steps):
            parts = [odd.get(r) for r in registers]
            if any(p is not None for p in parts):
                product = name in (NEGATE, TIMES, DIVIDE) and parts.count(None) == len(parts) - 1 and True in parts
                odd[self.first + s] = product or name == SELECT and parts == [None, True, True]
        return odd.get(self.first + len(self.steps) - 1) is True
