"""The guided filter, which smooths images and keeps the edges of others."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def guided_filter(images: Tensor, guide: Tensor, radius: int, strength: float) -> Tensor:
    """Images smoothed where their guide is smooth (He et al. 2010), each channel by its own.

    Args:
        images: (count, channels, height, width).
        guide: of the same shape; the images themselves for smoothing that keeps their edges.
        radius: means are taken over squares of 2 * radius + 1 pixels.
        strength: the variance of the guide below which a place counts as smooth.
    """

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, 2 * radius + 1, 1, radius, count_include_pad=False)

    centre, level = mean(guide), mean(images)
    slope = (mean(guide * images) - centre * level) / (mean(guide * guide) - centre * centre + strength)
    return mean(slope) * guide + mean(level - slope * centre)
