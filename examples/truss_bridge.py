"""A truss bridge: what stands on it, from how far it bends; the equilibrium of a truss is differentiated by its loads.

    python examples/truss_bridge.py [picture.png]

The bridge is a shallow arch of bars, hinged at both ends, that bends so much that the forces must balance in the bent shape.
`dezero_scipy.optimize.root` finds it, with derivatives by the implicit function theorem. SciPy's `least_squares` then finds the
loads from displacements with noise, and a gradient is an influence line: how far the crown sinks for a load at each node. The
picture shows the bridge, whose bars have the colour of their force, and the influence lines with and without what stands on it.
"""
import sys
from types import SimpleNamespace

import numpy as np
from scipy.optimize import least_squares

from dezero import grad, jacobian
from dezero_scipy import optimize

SPAN, RISE, DEPTH = 40.0, 2.0, 1.0      # metres
STIFFNESS = 4e5                         # kN: modulus times cross section of a bar
SIGMA = 1e-4                            # metres: noise of a measured displacement


def truss(panels):
    """Return nodes of shape (n, 2), incidence (bars, n), and the matrix that spreads what may move over all coordinates."""
    x = np.linspace(0, SPAN, panels + 1)
    arch = np.stack([x, 4 * RISE * x / SPAN * (1 - x / SPAN)], axis=1)
    nodes = np.concatenate([arch, arch + [0, DEPTH]])
    low, high = np.arange(panels + 1), np.arange(panels + 1) + panels + 1
    towards = np.where(low[1:] <= panels // 2, 0, 1)            # diagonals fall towards the middle
    ends = np.concatenate([np.stack(pair, axis=1) for pair in [
        (low[:-1], low[1:]), (high[:-1], high[1:]), (low, high), (low[:-1] + 1 - towards, high[:-1] + towards)]])
    incidence = np.zeros((len(ends), len(nodes)))
    incidence[np.arange(len(ends)), ends[:, 0]], incidence[np.arange(len(ends)), ends[:, 1]] = -1, 1
    hinges = [0, 1, 2 * panels, 2 * panels + 1]
    return nodes, incidence, np.delete(np.eye(nodes.size), hinges, axis=1)


def planted(panels):
    """Return the loads on the lower nodes between the hinges, in kN."""
    return 20 + 15 * np.cos(np.arange(1.0, panels))


def problem(panels=10, seed=0):
    """Return loads to begin with, displacements measured, and the truss."""
    bridge = truss(panels)
    u = bent(planted(panels), *bridge)
    return np.full(panels - 1, 10.0), u + SIGMA * np.random.default_rng(seed).normal(size=len(u)), *bridge


def bars(u, nodes, incidence, free):
    """Return the vectors along the bars, bent, and their tensions."""
    along = incidence @ (nodes + (free @ u).reshape(-1, 2))
    length, first = np.sqrt(np.sum(along ** 2, axis=1)), np.sqrt(np.sum((incidence @ nodes) ** 2, axis=1))
    return along / length[:, None], STIFFNESS * (length - first) / first


def equilibrium(u, loads, nodes, incidence, free):
    """Return the force on each node, in the directions in which it may move: 0 where the truss is in equilibrium."""
    direction, tension = bars(u, nodes, incidence, free)
    inner = -incidence.T @ (tension[:, None] * direction)
    n = len(nodes) // 2
    down = np.pad(-loads, (1, n + 1))
    return free.T @ (np.ravel(inner) + np.ravel(np.stack([np.zeros(2 * n), down], axis=1)))


def bent(loads, nodes, incidence, free):
    """Return the displacements."""
    return optimize.root(equilibrium, np.zeros(free.shape[1]), (loads, nodes, incidence, free), tol=1e-12).x


def residuals(loads, measured, *bridge):
    return (bent(loads, *bridge) - measured) / SIGMA


def loss(loads, measured, *bridge):
    """Return half of χ²."""
    return 0.5 * np.sum(residuals(loads, measured, *bridge) ** 2)


def crown(loads, nodes, incidence, free):
    """Return how far the middle of the arch sinks."""
    middle = np.argmax(nodes[:len(nodes) // 2, 1])
    return -(free @ bent(loads, nodes, incidence, free))[2 * middle + 1]


def main(picture=None, panels=10):
    start, measured, *bridge = problem(panels)
    found = least_squares(residuals, start, jacobian(residuals), method="lm", args=(measured, *bridge))
    errors = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    lines = [grad(crown)(loads, *bridge) for loads in (np.zeros(panels - 1), found.x)]
    off = (found.x - planted(panels)) / errors
    print(f"χ² of {len(measured)} displacements {2 * loss(start, measured, *bridge):.4g} -> {2 * found.cost:.1f}, "
          f"with {found.njev} Jacobians")
    print(f"loads off by {abs(found.x - planted(panels)).max():.3f} kN at most, {abs(off).max():.2f} standard errors")
    print(f"the crown sinks by {1000 * crown(found.x, *bridge):.1f} mm; another kN there adds {1000 * lines[1].max():.3f} mm, "
          f"and {1000 * lines[0].max():.3f} mm to the empty bridge")
    if picture:
        draw(picture, found.x, lines, *bridge)
    return SimpleNamespace(loads=found.x, off=off, lines=lines)


def draw(picture, loads, lines, nodes, incidence, free, enlarged=5):
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    u = bent(loads, nodes, incidence, free)
    ends = [np.argmin(incidence, axis=1), np.argmax(incidence, axis=1)]
    figure = Figure((8, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    above.add_collection(LineCollection(nodes[ends].swapaxes(0, 1), color="lightgrey", linewidth=1))
    moved = nodes + enlarged * (free @ u).reshape(-1, 2)
    tension = bars(u, nodes, incidence, free)[1]
    drawn = above.add_collection(LineCollection(moved[ends].swapaxes(0, 1), array=tension, cmap="coolwarm_r", linewidth=3))
    drawn.set_clim(-abs(tension).max(), abs(tension).max())
    figure.colorbar(drawn, ax=above, label="tension, kN")
    at = nodes[1:len(loads) + 1, 0]
    above.quiver(at, moved[1:len(loads) + 1, 1], np.zeros(len(loads)), -loads, width=0.004)
    above.set(xlim=(-1, SPAN + 1), ylim=(-3, 4), ylabel="m", title=f"The loads found; displacements {enlarged} times as large")
    for line, label in zip(lines, ("empty bridge", "loaded bridge")):
        below.plot(at, 1000 * line, "o-", label=label)
    below.set(xlabel="m", ylabel="mm / kN", title="how far the crown sinks for a load at each node")
    below.legend()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
