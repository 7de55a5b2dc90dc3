"""The formula of Black and Scholes: the Greeks of options, and the volatility that their price implies.

    python examples/black_scholes.py [picture.png]

Delta, vega and gamma are derivatives of the price by spot and volatility; they are set beside the formulas in the books. From the
prices Newton's method finds the volatilities again, of all options at once. The picture shows the three by spot, for three
volatilities.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy import special

from dezero import grad, value_and_grad

STRIKE, RATE, MATURITY = 100.0, 0.02, 0.5


def problem(n=100_000, seed=0):
    """Return spots and volatilities of n options."""
    rng = np.random.default_rng(seed)
    return (rng.uniform(80, 120, n), rng.uniform(0.1, 0.5, n)),


def normal(x):
    """Return the normal distribution function."""
    return 0.5 * (1.0 + special.erf(x / np.sqrt(2.0)))


def price(spot, volatility):
    """Return what each call is worth."""
    spread = volatility * np.sqrt(MATURITY)
    d1 = (np.log(spot / STRIKE) + (RATE + 0.5 * volatility * volatility) * MATURITY) / spread
    return spot * normal(d1) - STRIKE * np.exp(-RATE * MATURITY) * normal(d1 - spread)


def loss(parameters):
    """Return what all are worth."""
    return np.sum(price(*parameters))


def delta(spot, volatility):
    return grad(loss)((spot, volatility))[0]


def gamma(spot, volatility):
    return grad(lambda spot: np.sum(grad(loss)((spot, volatility))[0]))(spot)


def vega(spot, volatility):
    return grad(loss)((spot, volatility))[1]


def by_the_book(spot, volatility):
    """Return delta, gamma and vega by their formulas (Hull, Options, Futures, and Other Derivatives)."""
    spread = volatility * np.sqrt(MATURITY)
    d1 = (np.log(spot / STRIKE) + (RATE + 0.5 * volatility ** 2) * MATURITY) / spread
    density = np.exp(-0.5 * d1 ** 2) / np.sqrt(2 * np.pi)
    return normal(d1), density / (spot * spread), spot * density * np.sqrt(MATURITY)


def implied(prices, spot, steps=12):
    """Return the volatilities of these prices, by Newton's method from where the price bends least (Manaster and Koehler)."""
    volatility = np.sqrt(2 * abs(np.log(spot / STRIKE) + RATE * MATURITY) / MATURITY) + 0.01
    for _ in range(steps):
        value = price(spot, volatility)
        volatility = volatility - (value - prices) / vega(spot, volatility)
    return volatility


def main(picture=None, n=100_000):
    (spot, volatility), = problem(n)
    total, _ = value_and_grad(loss)((spot, volatility))
    greeks = [f(spot, volatility) for f in (delta, gamma, vega)]
    off = [np.max(abs(got / book - 1)) for got, book in zip(greeks, by_the_book(spot, volatility))]
    found = implied(price(spot, volatility), spot)
    print(f"{n} options are worth {total:.6g}")
    print("delta, gamma, vega off by " + ", ".join(f"{o:.1g}" for o in off) + " of what the formulas give")
    print(f"implied volatilities off by {np.max(abs(found - volatility)):.1g} at most")
    if picture:
        draw(picture)
    return SimpleNamespace(off=off, implied_off=np.max(abs(found - volatility)))


def draw(picture):
    from matplotlib.figure import Figure
    spot = np.linspace(60, 140, 200)
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    for axes, f in zip(figure.subplots(1, 3), (delta, gamma, vega)):
        for v in (0.1, 0.2, 0.4):
            axes.plot(spot, f(spot, np.full_like(spot, v)), label=f"volatility {v}")
        axes.set(title=f.__name__, xlabel="spot")
    axes.legend()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
