"""The residual network of SRGAN's generator, which makes images of any size larger."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.1
"""Of the activations for what is below 0."""
LAST = 0.1
"""By which share the last layer's first weights are smaller: what is made begins near the bicubic image."""


class Upscaler(nn.Module):
    """Residual blocks at the size of the source, then pixel shuffle that doubles it once or more often.

    What it makes is added to the bicubic image. As in later versions (Lim et al. 2017, arXiv:1707.02921; Wang
    et al. 2018, arXiv:1809.00219) there is no batch normalisation, whose statistics of small batches cost
    colours, and activations are leaky with one slope; the blocks are otherwise those of Ledig et al. 2017,
    figure 4.

    Args:
        channels: of the source, and of what is made.
        scale: a power of 2.
        width: channels within.
        blocks: how many residual blocks.
    """

    def __init__(self, channels: int, *, scale: int, width: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.scale = scale
        self.first = nn.Sequential(_convolution(channels, width, 9), nn.LeakyReLU(SLOPE))
        self.blocks = nn.ModuleList(
            nn.Sequential(_convolution(width, width), nn.LeakyReLU(SLOPE), _convolution(width, width))
            for _ in range(blocks)
        )
        doublings: list[nn.Module] = []
        for _ in range(round(math.log2(scale))):
            doublings += [_convolution(width, 4 * width), nn.PixelShuffle(2), nn.LeakyReLU(SLOPE)]
        last = _convolution(width, channels, 9)
        with torch.no_grad():
            last.weight.mul_(LAST)
        self.enlarge = nn.Sequential(*doublings, last)

    def forward(self, source: Tensor) -> Tensor:
        """Images (count, channels, scale * height, scale * width) of those of (height, width)."""
        values = known = self.first(source)
        for block in self.blocks:
            values = values + block(values)
        made: Tensor = enlarged(source, self.scale) + self.enlarge(values + known)
        return made


def enlarged(images: Tensor, scale: int) -> Tensor:
    """Images so many times as large, bicubic."""
    return F.interpolate(images, scale_factor=scale, mode="bicubic", align_corners=False)


def _convolution(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="replicate")
