"""The channels of images in memory: one of grey, three of colours, or four with how opaque they are."""

from __future__ import annotations

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey, as Pillow has them (ITU-R BT.601)."""
WHITE = 255


def grey(images: Tensor) -> Tensor:
    """The luma of float images (count, channels, height, width) as (count, 1, height, width); where
    these are not three colours, the mean of the channels."""
    if images.shape[1] != 3:
        return images.mean(1, keepdim=True)
    weights = images.new_tensor(LUMA).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def without_colour(images: Tensor) -> Tensor:
    """Float images of three channels or more in grey: the luma in each of the colours, all else as it is."""
    colours = images[:, : len(LUMA)]
    return torch.cat([grey(colours).expand_as(colours), images[:, len(LUMA) :]], 1)


def with_channels(images: Tensor, channels: int) -> Tensor:
    """Images with as many channels as are wanted, as a folder's are read: on white where they were
    transparent, opaque where nothing says otherwise, one channel repeated, and colours made grey.

    Args:
        images: uint8 (count, channels, height, width).
        channels: how many there are to be; where no way leads to so many, images stay as they are.
    """
    had = images.shape[1]
    if had == channels:
        return images
    if had == 4:
        return with_channels(_on_white(images), channels)
    if (had, channels) in ((1, 2), (1, 4), (3, 4)):
        return torch.cat([with_channels(images, channels - 1), torch.full_like(images[:, :1], WHITE)], 1)
    if had == 3 and channels == 1:
        return grey(images.float()).round().to(images.dtype)
    return images.expand(-1, channels, -1, -1).contiguous() if had == 1 else images


def _on_white(images: Tensor) -> Tensor:
    colours, opaque = images[:, :3].float(), images[:, 3:].float() / WHITE
    return (opaque * colours + (1 - opaque) * WHITE).round().to(images.dtype)
