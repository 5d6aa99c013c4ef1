"""Two half moons, the 2-D data on which what a generator does for a classifier can be seen.

    sparring train bad-gan --data reproduction/moons.py:moons --labelled 6 --max-steps 2000

Its picture of samples shows the generated points over the density of the real ones.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sparring.data.dataset import Dataset, dataset_of

TRAINING, HELD_OUT = 5000, 1000
NOISE = 0.08
"""Standard deviation about the two arcs, whose radius is 1."""


def moons() -> Dataset:
    """Points of both moons, with the moon as class."""
    random = torch.Generator().manual_seed(0)
    held_out = dataset_of("moons", *drawn(HELD_OUT, random), ("upper", "lower"))
    return dataset_of("moons", *drawn(TRAINING, random), ("upper", "lower"), held_out=held_out)


def drawn(count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Points (count, 2), and which moon each is of."""
    moon = torch.arange(count) % 2
    angle = math.pi * torch.rand(count, generator=random)
    upper = torch.stack([angle.cos() - 0.5, angle.sin() - 0.25], 1)
    lower = torch.stack([0.5 - angle.cos(), 0.25 - angle.sin()], 1)
    points = torch.where(moon[:, None] == 0, upper, lower)
    return points + NOISE * torch.randn(count, 2, generator=random), moon
