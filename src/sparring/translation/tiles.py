"""Images of any size by overlapping tiles of one size, whose seams are not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

LARGEST = 512
"""Pixels of a tile's side, where tiles may be larger than the images of the training."""
AT_ONCE = LARGEST**2
"""Pixels of the tiles that are translated at a time."""


def by_tiles(
    translate: Callable[[Tensor], Tensor],
    image: Tensor,
    tile: tuple[int, int],
    made: tuple[int, ...],
    overlap: tuple[int, int] | None = None,
) -> Tensor:
    """What is made of an image: that of its tiles, each laid over a part of the next.

    Towards its edges a tile counts less and less, so that one passes into the next. An image that is smaller
    than a tile is continued at its edges.

    Args:
        translate: makes of tiles (count, channels, *tile) images (count, *made).
        image: (channels, height, width).
        tile: height and width of a tile.
        made: channels, height and width of what is made of a tile.
        overlap: by how many pixels, down and across, each reaches over the next; by default half of it.

    Returns:
        (made channels, height, width), as many times larger as what is made of a tile is larger than that.
    """
    down, across = (max(0, length - side) for length, side in zip(tile, image.shape[1:], strict=True))
    margins = (across // 2, across - across // 2, down // 2, down - down // 2)
    whole = F.pad(image[None], margins, mode="replicate")[0]
    factors = [length // side for length, side in zip(made[1:], tile, strict=True)]
    height, width = (side * factor for side, factor in zip(whole.shape[1:], factors, strict=True))
    overlap = overlap or (tile[0] // 2, tile[1] // 2)
    down_counts, across_counts = (
        _towards_the_middle(side, over * factor)
        for side, over, factor in zip(made[1:], overlap, factors, strict=True)
    )
    weight = down_counts[:, None] * across_counts
    total, counted = torch.zeros(made[0], height, width), torch.zeros(height, width)
    places = list(product(*map(starts, whole.shape[1:], tile, overlap)))
    count = max(1, AT_ONCE // (tile[0] * tile[1]))
    for first in range(0, len(places), count):
        chosen = places[first : first + count]
        tiles = torch.stack([whole[:, y : y + tile[0], x : x + tile[1]] for y, x in chosen])
        for (y, x), part in zip(chosen, translate(tiles), strict=True):
            rows = slice(y * factors[0], y * factors[0] + made[1])
            columns = slice(x * factors[1], x * factors[1] + made[2])
            total[:, rows, columns] += weight * part
            counted[rows, columns] += weight
    total /= counted
    top, left = margins[2] * factors[0], margins[0] * factors[1]
    return total[:, top : top + image.shape[1] * factors[0], left : left + image.shape[2] * factors[1]]


def larger_tile(trained: Sequence[int], size: Sequence[int]) -> tuple[int, int]:
    """Height and width of tiles of an image of a size: those of the training at least, and up to
    512 where the image is as large."""
    height, width = (max(side, min(length, LARGEST)) for side, length in zip(trained, size, strict=True))
    return height, width


def overlap_of(trained: Sequence[int], tile: Sequence[int]) -> tuple[int, int]:
    """By how much tiles reach over the next: by what was trained on, and by half of a tile at most."""
    down, across = (min(side, length // 2) for side, length in zip(trained, tile, strict=True))
    return down, across


def starts(side: int, length: int, overlap: int) -> list[int]:
    """Where tiles of a length begin on a side, evenly, each reaching over so much of the next at least."""
    gaps = -(-(side - length) // max(1, length - overlap))
    return sorted({round(number * (side - length) / max(1, gaps)) for number in range(gaps + 1)})


def _towards_the_middle(length: int, overlap: int) -> Tensor:
    """The distance of each place from the nearer end, as far as another tile may reach."""
    places = torch.arange(length) + 0.5
    return torch.minimum(places, length - places).clamp(max=max(0.5, overlap))
