"""Steadiness: whether what is made of a picture moves as the picture does."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from sparring.randomness import Randomness

FARTHEST = 3
"""Pixels by which pictures are moved at the most."""
GRAIN = 0.02
"""Deviation of the noise that differs from frame to frame, of 2 between black and white."""

Make = Callable[[Tensor], Tensor]
Motion = tuple[int, int]
"""Pixels down and to the right."""


def farthest(images: Tensor) -> int:
    """Pixels by which images (count, channels, height, width) are moved at the most; less where they are
    small."""
    return min(FARTHEST, min(images.shape[2:]) // 4)


def by_chance(images: Tensor, random: Randomness) -> Motion:
    """A motion of images, by at most so many whole pixels; the same in all processes."""
    most = farthest(images)
    down, across = (random.integers(2, 2 * most + 1) - most).tolist()
    return down, across


def known_motions(images: Tensor) -> list[Motion]:
    """The farthest motions along the diagonals, by which figures can be compared."""
    most = farthest(images)
    return [(down, across) for down in (-most, most) for across in (-most, most)]


def apart_when_moved(make: Make, images: Tensor, made: Tensor, motion: Motion, random: Randomness) -> Tensor:
    """How far what is made of images that moved is from what was made of them, moved as much.

    Images are moved by whole pixels, all by the same, with a little noise; what comes in at their edges is
    not looked at.

    Args:
        make: makes images of images.
        images: (count, channels, height, width) in [-1, 1].
        made: what it makes of them, of the same size.
        motion: pixels down and to the right.
        random: decides the noise.

    Returns:
        The mean absolute difference of each image, (count,).
    """
    most = farthest(images)
    noise = GRAIN * random.normal(1, *images.shape[1:])
    again = make(torch.roll(images, motion, (2, 3)) + noise)
    seen = slice(most, -most) if most else slice(None)
    apart: Tensor = (again - torch.roll(made, motion, (2, 3)))[:, :, seen, seen]
    return apart.abs().flatten(1).mean(1)
