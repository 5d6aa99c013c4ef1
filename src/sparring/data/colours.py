"""The channels of images in memory: one of grey, three of colours, or four with how opaque they are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey, as Pillow has them (ITU-R BT.601)."""
COLOURS = 3
"""Channels of colours; a fourth says how opaque they are."""
WHITE = 255
ON_WHITE = (WHITE,)
"""The background on which transparent images are put, unless another is named."""
ALIKE = 16
"""Values that differ by no more are one background."""
MOST = 0.75
"""Share of what lies at the borders of images that a background takes, at least."""
LOOKED_AT = 1000
"""Images whose borders are looked at."""


def grey(images: Tensor) -> Tensor:
    """The luma of float images (count, channels, height, width) as (count, 1, height, width); where
    these are not three colours, the mean of the channels."""
    if images.shape[1] != COLOURS:
        return images.mean(1, keepdim=True)
    weights = images.new_tensor(LUMA).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def coloured(images: Tensor) -> Tensor:
    """The channels of images (count, channels, ...) that are colours: all but how opaque they are."""
    return images[:, : len(LUMA)]


def without_colour(images: Tensor) -> Tensor:
    """Float images of three channels or more in grey: the luma in each of the colours, all else as it is."""
    colours = coloured(images)
    return torch.cat([grey(colours).expand_as(colours), images[:, len(LUMA) :]], 1)


def with_channels(images: Tensor, channels: int, background: Sequence[int] = ON_WHITE) -> Tensor:
    """Images with as many channels as are wanted, as a folder's are read: on white where they were
    transparent, opaque where nothing says otherwise, one channel repeated, and colours made grey.

    Args:
        images: uint8 (count, channels, height, width).
        channels: how many there are to be; where no way leads to so many, images stay as they are.
        background: what they are put on instead of white, a value for all colours or for each.
    """
    had = images.shape[1]
    if had == channels:
        return images
    if had == 4:
        return with_channels(_put_on(images, background), channels)
    if (had, channels) in ((1, 2), (1, 4), (3, 4)):
        return torch.cat([with_channels(images, channels - 1), torch.full_like(images[:, :1], WHITE)], 1)
    if had == 3 and channels == 1:
        return grey(images.float()).round().to(images.dtype)
    return images.expand(-1, channels, -1, -1).contiguous() if had == 1 else images


def background_of(images: Tensor) -> tuple[int, ...]:
    """The background that images have in common: what nearly all of their borders show; white where there is
    none such.

    Args:
        images: uint8 (count, channels, height, width).

    Returns:
        A value for each channel, or `ON_WHITE`.
    """
    looked_at = images[:: -(-len(images) // LOOKED_AT)].flatten(2)
    inside = torch.zeros(images.shape[2:], dtype=torch.bool)
    inside[1:-1, 1:-1] = True
    borders = looked_at[:, :, ~inside.flatten()].transpose(0, 1).flatten(1).int()
    usual = borders.median(dim=1, keepdim=True).values
    share = ((borders - usual).abs() <= ALIKE).all(0).float().mean()
    return ON_WHITE if share < MOST or (usual == WHITE).all() else tuple(usual.flatten().tolist())


def _put_on(images: Tensor, background: Sequence[int]) -> Tensor:
    colours, opaque = images[:, :3].float(), images[:, 3:].float() / WHITE
    behind = colours.new_tensor(background).view(1, -1, 1, 1)
    return (opaque * colours + (1 - opaque) * behind).round().to(images.dtype)
