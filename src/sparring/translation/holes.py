"""Holes: which parts of images are taken away, so that a system learns to fill them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.randomness import Randomness

SHARE = 0.25
"""Share of an image that a hole takes, less where blocks overlap (Pathak et al. 2016, section 3.3)."""
BLOCKS = 4
COARSE = 4
"""Places along each side of the noise whose hills are regions."""

Holes = Callable[[int, int, int, Randomness], Tensor]
"""Makes of count, height, width and randomness the holes of images: bool (count, 1, height, width)."""


def _rectangle(height: int, width: int, tops: Tensor, lefts: Tensor, parts: int) -> Tensor:
    """Rectangles whose sides are those of the image divided by a number, each at its own place."""
    inside = []
    for side, first in ((height, tops), (width, lefts)):
        places = torch.arange(side, device=first.device)
        length = max(1, side // parts)
        inside.append((places >= first[:, None]) & (places < first[:, None] + length))
    return (inside[0][:, :, None] & inside[1][:, None, :])[:, None]


def _anywhere(count: int, height: int, width: int, random: Randomness, parts: int) -> Tensor:
    tops, lefts = (random.integers(count, side - max(1, side // parts) + 1) for side in (height, width))
    return _rectangle(height, width, tops, lefts, parts)


def centre(count: int, height: int, width: int, random: Randomness) -> Tensor:
    """A rectangle of half the sides in the middle."""
    tops, lefts = (
        torch.full((count,), (side - side // 2) // 2, device=random.device) for side in (height, width)
    )
    return _rectangle(height, width, tops, lefts, 2)


def block(count: int, height: int, width: int, random: Randomness) -> Tensor:
    """A rectangle of half the sides, somewhere in each."""
    return _anywhere(count, height, width, random, 2)


def blocks(count: int, height: int, width: int, random: Randomness) -> Tensor:
    """Several rectangles of a quarter of the sides, which may overlap."""
    each = [_anywhere(count, height, width, random, 4) for _ in range(BLOCKS)]
    return torch.stack(each).any(0)


def region(count: int, height: int, width: int, random: Randomness) -> Tensor:
    """Of any shape: where smooth noise is highest."""
    hills = F.interpolate(
        random.normal(count, 1, COARSE, COARSE), (height, width), mode="bicubic", align_corners=False
    )
    return hills >= hills.flatten(1).quantile(1 - SHARE, dim=1).view(-1, 1, 1, 1)


def mixed(count: int, height: int, width: int, random: Randomness) -> Tensor:
    """Of each image a block, several, or a region."""
    kinds = [shape(count, height, width, random) for shape in (block, blocks, region)]
    chosen = random.integers(count, len(kinds))
    return torch.stack(kinds)[chosen, torch.arange(count, device=chosen.device)]


HOLES: dict[str, Holes] = {
    "mixed": mixed,
    "centre": centre,
    "block": block,
    "blocks": blocks,
    "region": region,
}
"""Every shape of holes by its name."""
