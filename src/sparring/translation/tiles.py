"""Images of any size by overlapping tiles of one size, whose seams are not seen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

AT_ONCE = 2**18
"""Pixels of the tiles that are translated at a time."""


def by_tiles(
    translate: Callable[[Tensor], Tensor], image: Tensor, tile: tuple[int, int], made: tuple[int, ...]
) -> Tensor:
    """What is made of an image: that of its tiles, each laid over half of the next.

    Towards its edges a tile counts less and less, so that one passes into the next. An image that is smaller
    than a tile is continued at its edges.

    Args:
        translate: makes of tiles (count, channels, *tile) images (count, *made).
        image: (channels, height, width).
        tile: height and width of a tile.
        made: channels, height and width of what is made of a tile.

    Returns:
        (made channels, height, width), as many times larger as what is made of a tile is larger than that.
    """
    down, across = (max(0, length - side) for length, side in zip(tile, image.shape[1:], strict=True))
    margins = (across // 2, across - across // 2, down // 2, down - down // 2)
    whole = F.pad(image[None], margins, mode="replicate")[0]
    factors = [length // side for length, side in zip(made[1:], tile, strict=True)]
    height, width = (side * factor for side, factor in zip(whole.shape[1:], factors, strict=True))
    weight = _towards_the_middle(made[1])[:, None] * _towards_the_middle(made[2])
    total, counted = torch.zeros(made[0], height, width), torch.zeros(height, width)
    places = list(
        product(*(_starts(side, length) for side, length in zip(whole.shape[1:], tile, strict=True)))
    )
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


def _starts(side: int, length: int) -> list[int]:
    """Where tiles of a length begin on a side, evenly, each reaching over half of the next at least."""
    gaps = -(-2 * (side - length) // length)
    return sorted({round(number * (side - length) / max(1, gaps)) for number in range(gaps + 1)})


def _towards_the_middle(length: int) -> Tensor:
    """The distance of each place from the nearer end."""
    places = torch.arange(length) + 0.5
    return torch.minimum(places, length - places)
