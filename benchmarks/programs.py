"""The programs of examples/ that are timed: written once, for whatever has NumPy's names, and once more for PyTorch."""
import importlib.util
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).parents[1] / "examples"

# The defaults of `problem` are the sizes that are timed; beside each, how many operations its loss records.
TIMED = {"logistic_regression": 6, "mlp": 11, "gaussian_process": 20, "rnn": 255, "ode": 2700, "heat_equation": 850, "k_means": 6,
         "black_scholes": 25}


def load(name, **others):
    """Return the module examples/NAME.py, made anew, where its `np` or `special` are others."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module).update({word: other for word, other in others.items() if hasattr(module, word)})
    return module


def arrays(name):
    """Return the parameters of a program, each an array."""
    parameters = load(name).problem()[0]
    return (parameters,) if isinstance(parameters, np.ndarray) else tuple(parameters)


def of_peer(name, peer):
    """Return the loss as a function of the parameters, its data made ready for a peer."""
    loss, (parameters, *data) = peer.loss(name), load(name).problem()
    data = [peer.constant(a) if isinstance(a, np.ndarray) else a for a in data]
    if isinstance(parameters, np.ndarray):
        return lambda p: loss(p, *data)
    return lambda *parameters: loss(parameters, *data)


def in_torch(name):
    """Return the loss of a program as PyTorch's users write it; tensors in place of arrays."""
    import torch
    from torch.nn import functional

    def logistic_regression(w, x, labels):
        return functional.softplus(-labels * (x @ w)).mean()

    def mlp(parameters, x, labels):
        w1, b1, w2, b2 = parameters
        return functional.cross_entropy(torch.tanh(x @ w1 + b1) @ w2 + b2, labels)

    def gaussian_process(p, squared, y):
        length, amplitude, noise = torch.exp(p)
        eye = torch.eye(len(y), dtype=y.dtype)
        k = amplitude ** 2 * torch.exp(-0.5 / length ** 2 * squared) + noise ** 2 * eye
        return 0.5 * y @ torch.linalg.solve(k, y) + torch.log(torch.diagonal(torch.linalg.cholesky(k))).sum()

    def rnn(parameters, x, y):
        into, over, bias, out = parameters
        h = torch.zeros(x.shape[1], len(bias), dtype=x.dtype)
        for step in x:
            h = torch.tanh(step @ into + h @ over + bias)
        return functional.mse_loss(h @ out, y)

    def ode(a, y, observed, dt):
        def f(y):
            return a @ y - 0.1 * y * y * y
        a, path = a.reshape(4, 4), []
        for _ in range(len(observed)):
            k1 = f(y)
            k2 = f(y + 0.5 * dt * k1)
            k3 = f(y + 0.5 * dt * k2)
            k4 = f(y + dt * k3)
            y = y + (dt / 6) * (k1 + 2 * k2 + 2 * k3 + k4)
            path.append(y)
        return functional.mse_loss(torch.stack(path), observed)

    def heat_equation(u, last, steps):
        for _ in range(steps):
            c = u[1:-1, 1:-1]
            c = c + 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * c)
            u = functional.pad(c, (1, 1, 1, 1))
        return functional.mse_loss(u, last)

    def k_means(c, x):
        return ((x[:, None, :] - c) ** 2).sum(-1).min(dim=1).values.mean()

    def black_scholes(parameters):
        spot, volatility = parameters
        strike, rate, maturity = 100.0, 0.02, 0.5
        spread = volatility * maturity ** 0.5
        d1 = (torch.log(spot / strike) + (rate + 0.5 * volatility * volatility) * maturity) / spread
        first, second = (0.5 * (1.0 + torch.erf(d / 2 ** 0.5)) for d in (d1, d1 - spread))
        return (spot * first - strike * np.exp(-rate * maturity) * second).sum()

    return locals()[name]
