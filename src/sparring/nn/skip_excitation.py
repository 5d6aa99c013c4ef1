"""FastGAN's networks: coarse maps open and close the channels of fine ones, critics rebuild what they see."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from sparring.data.dataset import DataSpec
from sparring.nn.convolution import Conv2d, ResizeConv2d
from sparring.nn.layers import Crop
from sparring.nn.networks import beginning, channels_at

REACH = 4
"""Doublings from a map to that which it excites: from 4 pixels to 64; where there are fewer, all."""
MOST_WIDTHS = 8
"""Channels of the critic, in widths, at the most."""
SEEN = 8
"""The critic halves images, once at least, until their shorter side has no more pixels than this."""
POOLED = 4
"""Side to which the exciting map is pooled."""
FINE_SIDE = 64
"""Images whose sides are at least this are rebuilt at 32 pixels, smaller ones at 16."""


class SkipExcitation(nn.Module):
    """A gate from 0 to 1 for each channel of a fine map, made of a coarse one (equation 2).

    Args:
        coarse: channels.
        fine: channels.
    """

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(POOLED),
            nn.Conv2d(coarse, fine, POOLED, bias=False),
            nn.SiLU(),
            nn.Conv2d(fine, fine, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """The fine map, each channel times its gate."""
        gated: Tensor = fine * self.gate(coarse)
        return gated


class ExcitedGenerator(nn.Module):
    """Noise to images, doubled from a few pixels on; the map at each size excites that `REACH` sizes later.

    The last doubling makes the image itself: maps as large as that would cost more than all others together.

    Args:
        data: what it generates.
        latent_size: dimensions of the noise.
        width: channels at half the image's size; twice as many at each size below, 16 times as many at most.
    """

    def __init__(self, data: DataSpec, latent_size: int, width: int) -> None:
        super().__init__()
        channels, height, side = data.shape
        rows, columns, doublings = beginning(height, side)
        sizes = [channels_at(width, halvings) for halvings in reversed(range(doublings))]
        self.begin = nn.Sequential(
            nn.Linear(latent_size, 2 * sizes[0] * rows * columns, bias=False),
            nn.Unflatten(1, (2 * sizes[0], rows, columns)),
            nn.BatchNorm2d(2 * sizes[0]),
            nn.GLU(1),
        )
        self.larger = nn.ModuleList(doubled(before, after) for before, after in pairwise(sizes))
        self.reach = min(REACH, doublings - 1)
        """Doublings from a map to that which it excites."""
        self.excite = nn.ModuleList(
            SkipExcitation(coarse, fine)
            for coarse, fine in zip(sizes, sizes[self.reach :] if self.reach else (), strict=False)
        )
        self.end = nn.Sequential(ResizeConv2d(sizes[-1], channels), nn.Tanh())
        if (rows << doublings, columns << doublings) != (height, side):
            self.end.append(Crop(height, side))

    def forward(self, latent: Tensor) -> Tensor:
        """Images (count, *data.shape) in (-1, 1)."""
        maps = [self.begin(latent)]
        for enlarge in self.larger:
            made = enlarge(maps[-1])
            place = len(maps) - self.reach
            maps.append(made if place < 0 else self.excite[place](maps[place], made))
        images: Tensor = self.end(maps[-1])
        return images


class RebuildingCritic(nn.Module):
    """A critic that gives a score for each part of an image, and what it saw, to `rebuild` images of.

    Args:
        data: what it looks at.
        width: channels at half the image's size; twice as many at each size below, 8 times as many at most.
    """

    def __init__(self, data: DataSpec, width: int) -> None:
        super().__init__()
        channels, height, side = data.shape
        shorter = min(height, side)
        is_fine = shorter >= FINE_SIDE
        layers: list[nn.Module] = []
        before, after = channels, width
        while shorter > SEEN or not layers:
            layers.append(Halved(before, after) if layers else halved(before, after))
            before, after, shorter = after, min(2 * after, MOST_WIDTHS * width), shorter // 2
        self.features = nn.Sequential(*layers)
        self.score = nn.Sequential(
            Conv2d(before, after, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.2),
            nn.Conv2d(after, 1, min(POOLED, shorter), bias=False),
            nn.Flatten(),
        )
        sizes = [max(1, before // shrunk) for shrunk in ((1, 4, 8) if is_fine else (1, 4))]
        self.rebuild = nn.Sequential(
            nn.AdaptiveAvgPool2d(SEEN),
            *(doubled(coarse, fine) for coarse, fine in pairwise(sizes)),
            Conv2d(sizes[-1], channels, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (count, parts), and features; `rebuild` makes (count, channels, side, side) of these."""
        features = self.features(images)
        return self.score(features), features


class Halved(nn.Module):
    """Maps at half their size: the mean of two convolutions in a row and of one beside a pooling.

    Args:
        before: channels.
        after: channels.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            halved(before, after, nn.BatchNorm2d(after)),
            Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.2),
        )
        self.direct = nn.Sequential(
            nn.AvgPool2d(2),
            Conv2d(before, after, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.2),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (count, after, height / 2, width / 2)."""
        return torch.add(self.main(maps), self.direct(maps)).div(2)


def halved(before: int, after: int, norm: nn.Module | None = None) -> nn.Sequential:
    """A convolution of stride 2."""
    layers = [Conv2d(before, after, 4, 2, 1, bias=norm is None), norm, nn.LeakyReLU(0.2)]
    return nn.Sequential(*(layer for layer in layers if layer is not None))


def doubled(before: int, after: int) -> nn.Sequential:
    """Maps at twice their size, by a convolution half of whose channels are gates for the other half."""
    return nn.Sequential(ResizeConv2d(before, 2 * after, bias=False), nn.BatchNorm2d(2 * after), nn.GLU(1))
