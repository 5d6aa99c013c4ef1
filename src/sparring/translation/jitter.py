"""Jitter: images enlarged, cut at random and mirrored, those that belong together alike."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.randomness import Randomness


def jittered(random: Randomness, *images: Tensor, enlarge: float, flips: bool) -> tuple[Tensor, ...]:
    """Images (count, channels, height, width) enlarged, each cut to its size at a random place, and half of
    them mirrored; where several batches are given, those of a place in each are cut and mirrored alike.

    Isola et al. 2017, appendix 6.2: 256 pixels are brought to 286, of which 256 are cut out.

    Args:
        random: the run's randomness.
        images: one batch or several, all of one count and size.
        enlarge: by which share: 30/256 in the paper; 0 for not at all.
        flips: whether to mirror.
    """
    count, _, height, width = images[0].shape
    larger = round(height * (1 + enlarge)), round(width * (1 + enlarge))
    made = list(images)
    if larger != (height, width):
        rows, columns = (
            random.integers(count, large - side + 1)[:, None] + torch.arange(side, device=images[0].device)
            for large, side in zip(larger, (height, width), strict=True)
        )
        each = torch.arange(count, device=images[0].device)
        for place, batch in enumerate(made):
            large = F.interpolate(batch, larger, mode="bilinear", align_corners=False)
            # Indices with a slice between them put the channels last.
            cut = large[each[:, None, None], :, rows[:, :, None], columns[:, None, :]]
            made[place] = cut.permute(0, 3, 1, 2)
    if flips:
        mirrored = random.bernoulli(0.5, count).bool().view(-1, 1, 1, 1)
        made = [torch.where(mirrored, batch.flip(3), batch) for batch in made]
    return tuple(made)
