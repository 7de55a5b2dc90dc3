"""Run the examples of the book's steps 11 to 24, each beside what it must give.

Then minimise two functions with the gradients dezero computes, list the ops,
and fit two models by what the official packages answer, where they are
installed. Leaves with 1 if anything differs.
"""

import numpy as np

import dezero
from dezero import Variable, no_grad, using_config
from dezero.commands import ops
from dezero.commands._output import load_all, print_table
from dezero.errors import OpNotFound

HELP = "run the examples, minimise two functions, list the ops, fit two models"


def arguments(parser):
    pass


def run(arguments):
    rows = [row for example in EXAMPLES for row in _rows(example)]
    print("Examples\n")
    print_table(("STEP", "PROGRAM", "WHAT", "GOT", "EXPECTED", ""), rows)
    print("\nMinima, by BFGS on the gradients\n")
    rows += _show_minima([_minimum(*problem) for problem in PROBLEMS])
    print("\nOps\n")
    load_all()
    ops.show()
    print("\nPrograms, by the packages dezero-numpy and dezero-scipy\n")
    rows += _show_minima([row for program in PROGRAMS for row in _fit(*program)])
    wrong = sum(row[-1] != "ok" for row in rows)
    print(f"\n{wrong} of {len(rows)} differ" if wrong else "\nall as expected")
    return 1 if wrong else 0


# -- the functions of step 24 ------------------------------------------------------


def sphere(x, y):
    return x ** 2 + y ** 2


def matyas(x, y):
    return 0.26 * (x ** 2 + y ** 2) - 0.48 * x * y


def goldstein_price(x, y):
    return ((1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x ** 2 - 14 * y + 6 * x * y + 3 * y ** 2))
            * (30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x ** 2 + 48 * y - 36 * x * y + 27 * y ** 2)))


def rosenbrock(x, y):
    return 100 * (y - x ** 2) ** 2 + (x - 1) ** 2


# -- the examples: (what, got, expected) -------------------------------------------


def variable(value):
    return Variable(np.array(value))


def step11():
    y = dezero.add(variable(2), variable(3))
    yield "y", y, "variable(5)"


def step13():
    x, y = variable(2.0), variable(3.0)
    z = dezero.add(dezero.square(x), dezero.square(y))
    z.backward()
    yield from [("z", z.data, 13.0), ("x.grad", x.grad, 4.0), ("y.grad", y.grad, 6.0)]


def step14():
    x = variable(3.0)
    y = dezero.add(x, dezero.add(x, x))
    y.backward()
    yield from [("y", y.data, 9.0), ("x.grad", x.grad, 3.0)]
    x.clear_grad()
    dezero.add(x, x).backward()
    yield "x.grad of x + x", x.grad, 2.0
    x.clear_grad()
    dezero.add(dezero.add(x, x), x).backward()
    yield "x.grad of x + x + x", x.grad, 3.0


def step16():
    x = variable(2.0)
    a = dezero.square(x)
    y = dezero.add(dezero.square(a), dezero.square(a))
    y.backward()
    yield from [("y", y.data, 32.0), ("x.grad", x.grad, 64.0)]


def step17():
    x = Variable(np.ones(10000))
    y = dezero.square(dezero.square(dezero.square(x)))
    y.backward()
    yield "largest x.grad", x.grad.max(), 8.0


def step18():
    x0, x1 = variable(1.0), variable(1.0)
    t = dezero.add(x0, x1)
    y = dezero.add(x0, t)
    y.backward()
    yield from [("y.grad", y.grad, None), ("t.grad", t.grad, None)]
    yield from [("x0.grad", x0.grad, 2.0), ("x1.grad", x1.grad, 1.0)]
    with using_config("enable_backprop", False):
        yield "creator, backprop off", dezero.square(variable(2.0)).creator, None
    with no_grad():
        yield "creator, no_grad()", dezero.square(variable(2.0)).creator, None


def step19():
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]), name="x")
    yield from [("name", x.name, "x"), ("shape", x.shape, (2, 3)), ("len", len(x), 2)]
    yield "print(x)", repr(x), "variable([[1 2 3]\n          [4 5 6]])"


def step20():
    a, b, c = variable(3.0), variable(2.0), variable(1.0)
    y = a * b + c
    y.backward()
    yield from [("y", y, "variable(7.0)"), ("a.grad", a.grad, 2.0), ("b.grad", b.grad, 3.0), ("c.grad", c.grad, 1.0)]


def step21():
    x = variable(2.0)
    yield "x + np.array(3.0)", x + np.array(3.0), "variable(5.0)"
    y = 3.0 * x + 1.0
    y.backward()
    yield from [("3.0 * x + 1.0", y, "variable(7.0)"), ("x.grad", x.grad, 3.0)]


def step22():
    for text, function, value, gradient in (
            ("-x", lambda x: -x, "variable(-2.0)", -1.0),
            ("2.0 - x", lambda x: 2.0 - x, "variable(0.0)", -1.0),
            ("x - 1.0", lambda x: x - 1.0, "variable(1.0)", 1.0),
            ("2.0 / x", lambda x: 2.0 / x, "variable(1.0)", -0.5),
            ("x / 2.0", lambda x: x / 2.0, "variable(1.0)", 0.5),
            ("x ** 3", lambda x: x ** 3, "variable(8.0)", 12.0)):
        x = variable(2.0)
        y = function(x)
        y.backward()
        yield from [(text, y, value), ("x.grad", x.grad, gradient)]
    x = variable(1.0)
    x += 2.0
    yield "x += 2.0", x, "variable(3.0)"
    x *= 2.0
    yield "x *= 2.0", x, "variable(6.0)"
    x /= 2.0
    yield "x /= 2.0", x, "variable(3.0)"
    x -= 2.0
    yield "x -= 2.0", x, "variable(1.0)"


def step23():
    from dezero.core_simple import Variable as BookVariable
    x = BookVariable(np.array(1.0))
    y = (x + 3) ** 2
    y.backward()
    yield from [("y", y, "variable(16.0)"), ("x.grad", x.grad, 8.0)]


def at_one(function, gx, gy):
    x, y = variable(1.0), variable(1.0)
    z = function(x, y)
    z.backward()
    yield from [("x.grad", x.grad, gx), ("y.grad", y.grad, gy)]


EXAMPLES = (
    ("11-12", "add(2, 3)", step11),
    ("13", "x² + y² at (2, 3)", step13),
    ("14", "the same variable twice", step14),
    ("16", "2 (x²)² at 2", step16),
    ("17", "((x²)²)² of 10000 ones", step17),
    ("18", "what backward keeps", step18),
    ("19", "like an ndarray", step19),
    ("20", "a * b + c", step20),
    ("21", "mixed operands", step21),
    ("22", "the other operators, at 2", step22),
    ("23", "(x + 3) ** 2 at 1", step23),
    ("24", "sphere at (1, 1)", lambda: at_one(sphere, 2.0, 2.0)),
    ("24", "Matyas at (1, 1)", lambda: at_one(matyas, 0.040000000000000036, 0.040000000000000036)),
    ("24", "Goldstein-Price at (1, 1)", lambda: at_one(goldstein_price, -5376.0, 8064.0)),
)


def _rows(example):
    step, program, function = example
    results = function()
    while True:
        try:
            what, got, expected = next(results)
        except StopIteration:
            return
        except Exception as error:
            yield step, program, "raised", f"{type(error).__name__}: {error}", "", "DIFFERS"
            return
        shown = repr(got) if isinstance(expected, str) and isinstance(got, Variable) else str(got)
        ok = shown == str(expected)
        yield (step, program, what, " ".join(shown.split()), " ".join(str(expected).split()),
               "ok" if ok else "DIFFERS")
        step = program = ""


# -- minima --------------------------------------------------------------------------

PROBLEMS = (
    ("Rosenbrock", rosenbrock, (0.0, 2.0), (1.0, 1.0), 0.0),
    ("Goldstein-Price", goldstein_price, (0.0, -0.5), (0.0, -1.0), 3.0),
)


def value_and_gradient(function, point):
    x, y = map(variable, point)
    z = function(x, y)
    z.backward()
    return float(z.data), np.array([x.grad, y.grad])


def minimise(function, start, most=200):
    """BFGS with a backtracking line search (Nocedal and Wright, Numerical Optimization, 6.1).

    Returns
    -------
    point, value, steps
    """
    point, inverse = np.array(start), np.eye(len(start))
    value, gradient = value_and_gradient(function, point)
    for steps in range(most):
        if np.abs(gradient).max() < 1e-8:
            break
        step = -inverse @ gradient
        slope = gradient @ step
        while True:
            new_value, new_gradient = value_and_gradient(function, point + step)
            if new_value <= value + 1e-4 * slope or np.abs(step).max() < 1e-14:
                break
            step, slope = step / 2, slope / 2
        change = new_gradient - gradient
        if change @ step > 0:
            left = np.eye(len(start)) - np.outer(step, change) / (change @ step)
            inverse = left @ inverse @ left.T + np.outer(step, step) / (change @ step)
        point, value, gradient = point + step, new_value, new_gradient
    return point, value, steps


def _minimum(name, function, start, where, least):
    point, value, steps = minimise(function, start)
    ok = np.allclose(point, where, atol=1e-6) and np.isclose(value, least, atol=1e-9)
    return (name, _pair(start), str(steps), _pair(point.round(6) + 0.0), f"{value:.6g}",
            f"{least:g} at {_pair(where)}", "ok" if ok else "DIFFERS")


def _show_minima(rows):
    if rows:
        print_table(("FUNCTION", "FROM", "STEPS", "TO", "VALUE", "EXPECTED", ""), rows)
    return rows


def _pair(point):
    return f"({point[0]:g}, {point[1]:g})"


# -- programs ------------------------------------------------------------------------


def logistic_regression(a, b):
    """Return the negative log-likelihood of answers, yes or no, to doses from 0 to 7."""
    z = a + b * np.arange(8.0)
    return np.sum(np.log(1 + np.exp(z)) - np.array([0, 0, 1, 0, 1, 0, 1, 1]) * z)


def gamma_distribution(shape, scale):
    """Return the negative log-likelihood of five waiting times."""
    from dezero_scipy import stats
    return -np.sum(stats.gamma.logpdf(np.array([0.3, 1.9, 0.8, 2.7, 1.1]), shape, scale=scale))


# What is expected was found by SciPy: minimize(method="Nelder-Mead"), stats.gamma.fit.
PROGRAMS = (
    ("dezero-numpy", "logistic regression", logistic_regression, (0.0, 0.0), (-2.079295, 0.594084), 4.224790537),
    ("dezero-scipy", "gamma distribution", gamma_distribution, (1.0, 1.0), (2.177765, 0.624494), 5.829930242),
)


def _fit(package, *problem):
    """Yield the row of a program, or say what it wants."""
    try:
        yield _minimum(*problem)
    except (OpNotFound, ImportError):
        print(f'{problem[0]}: wants {package}, which is not here (README, "Install and run")')
