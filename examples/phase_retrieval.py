"""Phase retrieval: a complex image from the magnitudes of its Fourier transforms through masks.

    python examples/phase_retrieval.py [picture.png]

A detector sees how strong light is and not its phase. Behind a few masks that shift phases at random, the magnitudes determine
the object but for one common phase (Candès, Li and Soltanolkotabi, Phase retrieval from coded diffraction patterns). The loss has
complex parameters: it falls along the negative conjugate of `grad`. The picture shows magnitudes and phases of the object and of
what was found.
"""
import sys
from types import SimpleNamespace

import numpy as np

from dezero import value_and_grad


def thing(n):
    """Return a disc with a hole, whose phase rises from one side to the other."""
    x, y = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n))
    r = np.hypot(x, y)
    return np.where((r < 0.8) & (np.hypot(x - 0.2, y + 0.1) > 0.25), 1.0 - 0.5 * r, 0.05) * np.exp(2j * x + 1j * np.sin(4 * y))


def problem(n=64, masks=6, seed=0):
    """Return an image to begin with, the masks, and the magnitudes behind each."""
    rng = np.random.default_rng(seed)
    masks = np.exp(2j * np.pi * rng.random((masks, n, n)))
    return rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)), masks, magnitudes(thing(n), masks)


def magnitudes(z, masks):
    return np.abs(np.fft.fft2(masks * z, norm="ortho"))


def loss(z, masks, measured):
    """Return half the squared difference of magnitudes, a mask."""
    return 0.5 * np.sum((magnitudes(z, masks) - measured) ** 2) / len(masks)


def aligned(z, wanted):
    """Return z, turned by the one phase that brings it nearest to what is wanted."""
    turn = np.vdot(z, wanted)
    return z * turn / abs(turn)


def main(picture=None, n=64, steps=200):
    z, *data = problem(n)
    speed, losses = np.zeros_like(z), []
    for _ in range(steps):
        value, slope = value_and_grad(loss)(z, *data)
        speed = 0.8 * speed - slope.conj()
        z = z + speed
        losses.append(value)
    z = aligned(z, thing(n))
    off = np.linalg.norm(z - thing(n)) / np.linalg.norm(thing(n))
    print(f"{steps} steps; loss {losses[0]:.3g} -> {losses[-1]:.3g}")
    print(f"the image is off by {off:.2g} of its norm")
    if picture:
        draw(picture, {"object": thing(n), "found": z})
    return SimpleNamespace(z=z, off=off, losses=losses)


def draw(picture, images):
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6, 6), layout="constrained")
    for row, (title, z) in zip(figure.subplots(2, 2), images.items()):
        row[0].imshow(np.abs(z))
        row[0].set_title(f"{title}: magnitude")
        row[1].imshow(np.angle(z), cmap="twilight")
        row[1].set_title("phase")
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
