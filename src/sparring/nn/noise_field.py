"""A generator of noise fields of any size, alike in all places."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparring.randomness import Randomness

MAPS = 4
"""Independent values of white noise for each pixel."""
KERNEL = 5
LAYERS = 3


class NoiseField(nn.Module):
    """Convolutions of white noise, so that what is made is as correlated everywhere, and no edge is seen.

    Pixels up to 12 apart can be alike.

    Args:
        channels: of the noise that is made.
        width: channels within.
    """

    def __init__(self, channels: int, *, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = MAPS
        for number in range(LAYERS):
            last = number == LAYERS - 1
            layers.append(nn.Conv2d(before, channels if last else width, KERNEL))
            layers += [] if last else [nn.LeakyReLU(0.2)]
            before = width
        self.layers = nn.Sequential(*layers)

    @staticmethod
    def white(count: int, height: int, width: int, random: Randomness) -> Tensor:
        """The white noise of which so many fields of a size are made."""
        margin = LAYERS * (KERNEL - 1)
        return random.normal(count, MAPS, height + margin, width + margin)

    def forward(self, white: Tensor) -> Tensor:
        """Fields (count, channels, height, width), of mean 0 each."""
        return without_mean(self.layers(white))


def without_mean(images: Tensor) -> Tensor:
    """Images (count, channels, height, width) less the mean of each of their channels."""
    return images - images.mean((2, 3), keepdim=True)


def strength_of(noise: Tensor) -> Tensor:
    """The standard deviation of noise of mean 0, a scalar above 0."""
    return noise.square().mean().sqrt().clamp(min=torch.finfo(noise.dtype).eps)
