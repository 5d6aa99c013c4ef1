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


def apart_when_moved(make: Make, images: Tensor, made: Tensor, random: Randomness) -> Tensor:
    """How far what is made of images that moved is from what was made of them, moved as much.

    Images are moved by a few whole pixels, all by the same, with a little noise; what comes in at their edges
    is not looked at.

    Args:
        make: makes images of images.
        images: (count, channels, height, width) in [-1, 1].
        made: what it makes of them, of the same size.
        random: decides the motion; the same in all processes.

    Returns:
        The mean absolute difference of each image, (count,).
    """
    farthest = min(FARTHEST, min(images.shape[2:]) // 4)
    down, across = (random.integers(2, 2 * farthest + 1) - farthest).tolist()
    noise = GRAIN * random.normal(1, *images.shape[1:])
    again = make(torch.roll(images, (down, across), (2, 3)) + noise)
    seen = slice(farthest, -farthest) if farthest else slice(None)
    apart: Tensor = (again - torch.roll(made, (down, across), (2, 3)))[:, :, seen, seen]
    return apart.abs().flatten(1).mean(1)
