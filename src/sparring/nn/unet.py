"""The U-Net of pix2pix, for images of any size."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.nn.layers import Crop
from sparring.settings import Dropped, check_value

DEEPEST = 8
"""Halvings at the most: 256 pixels become one."""
MOST_WIDTHS = 8
"""Channels at the most, in widths."""


class UNet(nn.Module):
    """Halves images to about one pixel and doubles them again, each size told what it was on the way down.

    Isola et al. 2017, appendix 6.1.1: C64-C128-C256-C512... down, CD512-...-C64 up, all convolutions of 4 x 4
    with stride 2. With the paper's batches of one image, its batch normalisation is that of each image by
    itself, which is what this has for batches of any size. The smallest size has none, which would leave
    nothing of a single pixel. Images whose sides cannot be halved so often are continued at their edges, and
    what is made is cut to their size.

    Args:
        inputs: channels of the source.
        outputs: channels of what is made.
        size: height and width of both.
        width: channels at half the size; twice as many at each size below, 8 times as many at most.
        dropout: share of the activations that noise sets to 0, from 0 to below 1, in as many of the first
            layers on the way up as there are sizes below 1/32 of the image's, and at least in one: three at
            256 pixels.
        skips: whether what was on the way down is told; an encoder and a decoder otherwise.

    Raises:
        SettingError: such a share cannot be dropped.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: tuple[int, int],
        *,
        width: int = 64,
        dropout: float = 0.5,
        skips: bool = True,
    ) -> None:
        super().__init__()
        self.depth = min(DEEPEST, max(1, math.ceil(math.log2(min(size)))))
        self.size, self.skips = size, skips
        self.dropout: float = check_value("dropout", dropout, Dropped)
        channels = [width * min(1 << level, MOST_WIDTHS) for level in range(self.depth)]
        self.channels = channels
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, after in enumerate(channels):
            normed = 0 < level < self.depth - 1
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            layers.append(
                nn.Conv2d(channels[level - 1] if level else inputs, after, 4, 2, 1, bias=not normed)
            )
            self.down.append(nn.Sequential(*layers, *_norm(after, normed)))
        for level in reversed(range(self.depth)):
            told = 2 if skips and level < self.depth - 1 else 1
            after = channels[level - 1] if level else outputs
            layer = nn.ConvTranspose2d(told * channels[level], after, 4, 2, 1, bias=not level)
            self.up.append(nn.Sequential(nn.ReLU(), layer, *_norm(after, level > 0)))

    @property
    def noise_size(self) -> int:
        """Numbers of noise for each image."""
        return sum(channels * height * width for channels, height, width in self._noisy())

    def _noisy(self) -> Iterator[tuple[int, int, int]]:
        """Channels, height and width of the layers that have noise, in their order."""
        if not self.dropout:
            return
        height, width = (-(-side // (1 << self.depth)) for side in self.size)
        for layer in range(1, 1 + min(max(1, self.depth - 5), self.depth - 1)):
            yield self.channels[self.depth - 1 - layer], height << layer, width << layer

    def forward(self, source: Tensor, noise: Tensor) -> Tensor:
        """Images in [-1, 1] made of others.

        Args:
            source: (count, inputs, height, width).
            noise: (count, noise_size) in U(0, 1): an activation whose number is below `dropout` is set to 0.
        """
        height, width = source.shape[2:]
        values, known = continued(source, 1 << self.depth), []
        for layer in self.down:
            values = layer(values)
            known.append(values)
        kept = self._kept(noise)
        for position, layer in enumerate(self.up):
            if self.skips and position:
                values = torch.cat([values, known[self.depth - 1 - position]], 1)
            values = layer(values)
            if position < len(kept):
                values = values * kept[position]
        made: Tensor = Crop(height, width)(values.tanh())
        return made

    def _kept(self, noise: Tensor) -> list[Tensor]:
        """What the activations of each layer that has noise are multiplied by."""
        shapes = list(self._noisy())
        parts = noise.split([math.prod(shape) for shape in shapes], 1) if shapes else ()
        share = 1 - self.dropout
        return [
            (part >= self.dropout).to(part.dtype).view(-1, *shape) / share
            for part, shape in zip(parts, shapes, strict=True)
        ]


def continued(images: Tensor, multiple: int) -> Tensor:
    """Images continued at their edges, on all sides alike, until their sides are multiples of a number."""
    down, across = (-side % multiple for side in images.shape[2:])
    return F.pad(images, (across // 2, across - across // 2, down // 2, down - down // 2), mode="replicate")


def _norm(channels: int, wanted: bool) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels, affine=True)] if wanted else []
