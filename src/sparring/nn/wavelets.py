"""Haar wavelets of images: networks that see and make these work at half the size (Gal et al. 2021,
arXiv:2102.06108, section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.nn.layers import Crop

KINDS = 4
"""Coefficients of two by two pixels: what they share, and how they differ sideways, downwards and across."""
DIFFERENCE = 4.0
"""How many times smaller differences between neighbours are than the numbers that a network makes for them,
in each direction in which they differ. Of pictures they are about so much smaller than what is shared; made
as large, what a network has not learnt of them yet shows as a pattern of pixels."""


def haar(channels: int, difference: float = 1.0) -> Tensor:
    """The kernels of each channel's coefficients, (4 channels, channels, 2, 2), orthonormal but for
    the size of differences."""
    along = torch.tensor([[1.0, 1.0], [difference, -difference]])
    of_one = torch.einsum("ai,bj->abij", along, along).flatten(0, 1) / 2
    kernels = torch.zeros(channels, KINDS, channels, 2, 2)
    kernels[range(channels), :, range(channels)] = of_one
    return kernels.flatten(0, 1)


def halved(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width of the coefficients of such images; odd sides are rounded up."""
    channels, height, width = shape
    return KINDS * channels, -(-height // 2), -(-width // 2)


class Wavelets(nn.Module):
    """Images to coefficients, a change of basis that keeps lengths and slopes; odd sides are continued by a
    pixel.

    Args:
        channels: of the images.
    """

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("kernel", haar(channels), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(count, channels, height, width) to (count, 4 channels, height / 2, width / 2)."""
        height, width = images.shape[2:]
        if height % 2 or width % 2:
            images = F.pad(images, (0, width % 2, 0, height % 2), mode="replicate")
        return F.conv2d(images, self.kernel, stride=2)


class FromWavelets(nn.Module):
    """Coefficients, of which those of differences are given as larger numbers, to the images they are of.

    Args:
        shape: channels, height and width of the images.
    """

    kernel: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        channels, height, width = shape
        self.register_buffer("kernel", haar(channels, 1 / DIFFERENCE), persistent=False)
        self.cut = Crop(height, width) if height % 2 or width % 2 else nn.Identity()

    def forward(self, coefficients: Tensor) -> Tensor:
        """(count, 4 channels, height / 2, width / 2) to (count, channels, height, width)."""
        images: Tensor = self.cut(F.conv_transpose2d(coefficients, self.kernel, stride=2))
        return images
