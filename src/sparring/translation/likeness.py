"""Likeness of images to those that they should be: PSNR, SSIM, distance of features."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.data.colours import WHITE, with_channels
from sparring.evaluation.features.random_convolutions import RandomConvolutions

SMALLEST_ERROR = 1e-10
"""Mean square error of images from 0 to 1 below which PSNR counts no further: 100 decibels."""


def psnr(made: Tensor, wanted: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Peak signal-to-noise ratio of each image in decibels, (count,): higher is better, 100 at the most.

    Args:
        made: (count, channels, height, width).
        wanted: of the same shape.
        value_range: of both.
    """
    low, high = value_range
    error = ((made - wanted) / (high - low)).square().flatten(1).mean(1)
    return -10 * error.clamp(min=SMALLEST_ERROR).log10()


def ssim(made: Tensor, wanted: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Structural similarity of each image, (count,), at most 1 (Wang et al. 2004), as torchmetrics has it.

    The arguments are those of `psnr`.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    low, high = value_range
    # Of values from 0: what it says of brightness means nothing of values that have another sign.
    made, wanted = ((images - low) / (high - low) for images in (made, wanted))
    found = structural_similarity_index_measure(made, wanted, reduction="none", data_range=1.0)
    return torch.as_tensor(found).view(len(made))


def feature_distance(made: Tensor, wanted: Tensor, value_range: tuple[float, float]) -> Tensor:
    """How far what fixed random convolutions answer to each image is from what they answer to the one that it
    should be, place by place, (count,): lower is better, 0 at the least.

    The arguments are those of `psnr`.
    """
    low, high = value_range
    made, wanted = (2 * (images - low) / (high - low) - 1 for images in (made, wanted))
    return _convolutions(made.shape[1], made.device).apart(made, wanted)


@cache
def _convolutions(channels: int, device: torch.device) -> RandomConvolutions:
    return RandomConvolutions(channels, device)


def shaped_like(images: Tensor, wanted: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Images with the channels and the size of others, within their range: on white where they are
    transparent, opaque where nothing says otherwise, in grey or repeated; and bicubic.

    Args:
        images: (count, channels, height, width).
        wanted: those that they are to be compared with.
        value_range: of both.
    """
    low, high = value_range
    if images.shape[1] != wanted.shape[1]:
        stored = ((images - low) / (high - low) * WHITE).round().clamp(0, WHITE).to(torch.uint8)
        images = with_channels(stored, wanted.shape[1]).to(images) / WHITE * (high - low) + low
    if images.shape[2:] != wanted.shape[2:]:
        images = F.interpolate(images, wanted.shape[2:], mode="bicubic", align_corners=False)
    return images.clamp(low, high)
