"""Superpixels: images in which regions that look alike have one colour."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

REGIONS = 14
"""Regions along the shorter side, about 200 in a square."""
SMALLEST = 4
"""Pixels along the side of a region at the least, where images are small."""
COMPACT = 0.4
"""How much the distance by a region's side counts beside that of colours between -1 and 1."""
TURNS = 4


@torch.no_grad()
def superpixels(images: Tensor) -> Tensor:
    """Images (count, channels, height, width) in which each region has its mean colour (SLIC, Achanta et al.
    2012): k-means of colours and places together, begun on a grid."""
    height, width = images.shape[2:]
    side = max(min(height, width) / REGIONS, SMALLEST)
    grid = max(1, round(height / side)), max(1, round(width / side))
    places = torch.meshgrid(
        *(torch.arange(length, device=images.device) / side for length in (height, width)), indexing="ij"
    )
    where = COMPACT * torch.stack(places).to(images.dtype)
    # One image after the other: the distances of all pixels to all regions would be many at once.
    return torch.stack([_of_one(image, where, grid) for image in images])


def _of_one(image: Tensor, where: Tensor, grid: tuple[int, int]) -> Tensor:
    known = torch.cat([image, where])
    pixels = known.flatten(1).T
    centres = F.adaptive_avg_pool2d(known, grid).flatten(1).T
    for _ in range(TURNS):
        nearest = torch.cdist(pixels, centres).argmin(1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, pixels)
        counts = torch.zeros_like(centres[:, 0]).index_add_(0, nearest, torch.ones_like(pixels[:, 0]))
        # A region that has lost all its pixels stays where it was.
        centres = torch.where(counts[:, None] > 0, sums / counts[:, None].clamp(min=1), centres)
    return centres[nearest, : len(image)].T.reshape(image.shape)
