"""Layers of networks for points, which make use of where the data lies."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """Where points lie: the mean and the standard deviation of each of their numbers, 0 and 1 until they are
    known. Numbers that are all the same have a deviation of 1.

    Args:
        size: numbers of a point.
        alike: whether all numbers have one deviation, so that what is near stays near.
        seen: the deviation of the points that it gives.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, size: int, *, alike: bool = False, seen: float = 1.0) -> None:
        super().__init__()
        self.alike = alike
        self.seen = seen
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))

    def fit(self, points: Tensor) -> None:
        """Take them from some points, (count, size)."""
        deviation = points.std(0, correction=0)
        if self.alike:
            deviation = deviation.square().mean().sqrt().expand_as(deviation)
        self.mean.copy_(points.mean(0))
        self.deviation.copy_(torch.where(deviation > 0, deviation, 1.0))

    def forward(self, points: Tensor) -> Tensor:
        """Points with mean 0 and that deviation."""
        standard: Tensor = (points - self.mean) / (self.deviation / self.seen)
        return standard

    def restored(self, standard: Tensor) -> Tensor:
        """Such points with the mean and the deviation of the data."""
        points: Tensor = self.mean + self.deviation / self.seen * standard
        return points


class Restored(nn.Module):
    """Points as a scale gives them, brought to where the data lies.

    Args:
        scale: that.
    """

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, standard: Tensor) -> Tensor:
        """(count, size) to (count, size)."""
        return self.scale.restored(standard)


def fit_scales(network: nn.Module, points: Tensor) -> None:
    """Tell each part of a network that has to know it where the data lies, from some points (count, size)."""
    for module in network.modules():
        if isinstance(module, Scale):
            module.fit(points)


def buffers_of_scales(network: nn.Module) -> list[str]:
    """The names of the buffers that say so."""
    return [
        f"{at}.{name}"
        for at, module in network.named_modules()
        if isinstance(module, Scale)
        for name, _ in module.named_buffers()
    ]


class FourierFeatures(nn.Module):
    """Points of deviation 1 beside sines and cosines of them: a network of the points alone is slow to learn
    what changes within a small part of where they lie (Tancik et al. 2020, arXiv:2006.10739).

    Args:
        size: numbers of a point.
        octaves: of the sines and cosines, each of half the wavelength of the one before; the longest is 2.
    """

    def __init__(self, size: int, octaves: int) -> None:
        super().__init__()
        self.scale = Scale(size)
        self.octaves = octaves
        self.size = size * (1 + 2 * octaves)
        """Numbers of what it gives."""

    def forward(self, points: Tensor) -> Tensor:
        """(count, size) to (count, self.size)."""
        standard = self.scale(points)
        angles = torch.cat([math.pi * 2**octave * standard for octave in range(self.octaves)], dim=1)
        return torch.cat([standard, angles.sin(), angles.cos()], dim=1)


class Residual(nn.Module):
    """Noise that is moved by what a network makes of it, where the data lies; at first it is not moved.

    Args:
        body: the network, which ends with a linear layer.
        size: numbers of a point; noise has as many at least.
    """

    def __init__(self, body: nn.Sequential, size: int) -> None:
        super().__init__()
        self.body = body
        self.scale = Scale(size)
        self.size = size
        last = body[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, noise: Tensor) -> Tensor:
        """(count, noise and whatever else the network is told) to (count, size)."""
        return self.scale.restored(noise[:, : self.size] + self.body(noise))
