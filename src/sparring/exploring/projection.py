"""Projection: the noise from which a trained generator makes something like a given example."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.data.dataset import Column
from sparring.data.kinds import Kind
from sparring.game import Game
from sparring.nn.modes import inference
from sparring.noise_law import law_of

RATE = 0.1
"""Adam's learning rate at its highest."""
RISE, FALL = 0.05, 0.25
"""Shares of the steps over which it rises at the beginning, and falls at the end."""
PRIOR = 1e-3
"""Weight of the mean square of the noise: what is unlikely has to be worth it."""
COARSER = 3
"""How often images are halved to be compared as well: pixels alone say nothing of shapes that lie
elsewhere."""


@dataclass(frozen=True, eq=False)
class Projection:
    """What came nearest to an example."""

    latent: Tensor
    """The noise (dimensions,)."""
    examples: Column
    """What is made of it, stored (1, ...)."""
    told: Column
    """What it was told to be (1, ...)."""
    distance: float
    """Mean absolute difference of the two in what counts of them, as a share of the range: 0 where it is hit.
    An example unlike all that was learnt is met badly, so this is a score of anomaly as well (Schlegl et al.
    2017, arXiv:1703.05921)."""
    mean_square: float
    """Mean square of the same difference, as a share of the square of the range."""

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in decibels, from the mean square; infinite where it is hit."""
        return -10 * math.log10(self.mean_square) if self.mean_square > 0 else math.inf


def project(
    game: Game,
    target: Tensor,
    told: Column,
    latent: Tensor,
    steps: int,
    mask: Tensor | None = None,
    blur: float = 0.0,
) -> Projection:
    """Move noise until what is made of it is like a target; the best of several beginnings is taken.

    The rates are those of StyleGAN2-ADA's projector (Karras et al. 2020); here the distance is that of
    pixels, at several sizes, and the search begins in several places at once. With a mask it completes what
    is missing (Yeh et al. 2017, arXiv:1607.07539); of a blurred target it finds what would look so if it were
    blurred, and is sharp itself.

    Args:
        game: trained.
        target: encoded, (1, *shape).
        told: what each beginning is told to be.
        latent: the beginnings, (count, dimensions).
        steps: of Adam.
        mask: 1 where the target counts and 0 where it is missing, (1, 1, height, width) for images; None
            where all of it counts.
        blur: pixels by which the target, an image, is blurred (see `blurred`); 0 where it is not.
    """
    low, high = game.value_range
    weight = torch.ones_like(target) if mask is None else mask.expand_as(target)
    condition = told.encoded().to(latent.device)
    moved, law = latent.clone().requires_grad_(), law_of(game)
    optimizer = torch.optim.Adam([moved], RATE)
    for parameter in game.parameters():
        parameter.requires_grad_(False)
    with game.random.aside("projection"), inference(game):
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = RATE * _ramp((step + 0.5) / steps)
            made = game.sample(moved, condition)
            apart = _differences(blurred(made, blur), target, weight, game.data.kind) / (high - low)
            loss = (apart + PRIOR * moved.square().mean(1)).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if law is not None:
                # Of what cannot be drawn nothing is generated (Lipton and Tripathi 2017, arXiv:1702.04782).
                with torch.no_grad():
                    moved.copy_(law.nearest(moved))
        with torch.no_grad():
            made = game.sample(moved, condition)
            difference = blurred(made, blur) - target
            apart = (weight * difference.abs()).flatten(1).sum(1) / weight.sum() / (high - low)
            best = int(apart.argmin())
            square = (weight * difference[best].square()).sum() / weight.sum() / (high - low) ** 2
    return Projection(
        moved[best].detach(),
        Column(game.data.kind, game.data.kind.decode(made[best : best + 1].detach()).cpu()),
        told[best : best + 1],
        apart[best].item(),
        square.item(),
    )


def blurred(images: Tensor, deviation: float) -> Tensor:
    """Images (count, channels, height, width) seen through a Gaussian of so many pixels, their edges
    continued; as they are where it is 0."""
    if deviation == 0:
        return images
    reach = math.ceil(3 * deviation)
    places = torch.arange(-reach, reach + 1, dtype=torch.float64)
    weights = torch.softmax(-((places / deviation) ** 2) / 2, 0).to(images)
    channels = images.shape[1]
    padded = F.pad(images, (reach, reach, reach, reach), mode="replicate")
    rows = F.conv2d(padded, weights.expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(rows, weights[:, None].expand(channels, 1, -1, -1), groups=channels)


def _differences(made: Tensor, target: Tensor, weight: Tensor, kind: Kind) -> Tensor:
    """The weighted mean absolute difference of each (count,), at full resolution and at coarser ones."""
    difference, total = weight * (made - target), weight.expand_as(target)
    sums = difference.abs().flatten(1).sum(1) / total.sum()
    for _ in range(COARSER):
        smaller, counted = kind.coarser(difference), kind.coarser(total)
        if smaller is None or counted is None:
            break
        difference, total = smaller, counted
        sums = sums + difference.abs().flatten(1).sum(1) / total.sum().clamp(min=1e-6)
    return sums


def _ramp(progress: float) -> float:
    """The share of the highest rate at this point."""
    rise, fall = min(1.0, progress / RISE), min(1.0, (1.0 - progress) / FALL)
    return rise * (0.5 - 0.5 * math.cos(math.pi * fall))
