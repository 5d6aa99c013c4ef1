"""What is known of the distribution behind a data set, beside its examples."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

HALVINGS = 60
"""After which a number is known to the last of its digits."""


class Axis(Enum):
    """What a figure stands for where samples trade the one for the other."""

    QUALITY = "quality"
    DIVERSITY = "diversity"


@dataclass(frozen=True)
class Figure:
    """A number that says how good a game is."""

    measure: Callable[..., Tensor]
    """Gives a number for each example, (count,); the figure is their mean. Of a truth it takes stored
    samples, of a game a batch of held-out examples."""
    about: str
    """What it is and which way is better, in one short line."""
    axis: Axis | None = None
    """What it stands for in a sweep over settings of sampling, if it does."""
    part: str = ""
    """Of a game: the part of the held-out data of which it is measured; by default the examples."""
    batch: Callable[[], Any] | None = None
    """Of a game: gives a batch of which it is measured in the place of held-out data."""


class Truth:
    """Nothing is known; the base of all that is more."""

    modes: int = 0
    """Number of modes that can be told apart; 0 where none are known."""
    centres: Tensor | None = None
    """Where the modes are, (modes, dimensions), for pictures."""

    def mode_of(self, samples: Tensor) -> Tensor:
        """The mode of each stored sample, int64 (count,), or -1 for one that is not good enough for any."""
        return torch.full((len(samples),), -1)

    def nearest_mode(self, samples: Tensor) -> Tensor:
        """The mode that each stored sample is nearest to, int64 (count,), good or not."""
        return self.mode_of(samples)

    def figures(self) -> Mapping[str, Figure]:
        """Figures of stored samples that this truth brings."""
        return {}


@dataclass(frozen=True)
class Mixture(Truth):
    """Gaussian modes: what mode counting and density pictures need."""

    means: Tensor
    """Centres of the modes, float32 (modes, dimensions)."""
    deviation: float
    """Standard deviation of every mode, the same in all directions."""

    GOOD = 3.0
    """A point of the plane this many standard deviations from a mean, or nearer, is good (Lin et al. 2018,
    arXiv:1712.04086, section 4): of true samples of a mixture there, 1 - exp(-4.5) = 98.89 %."""

    @cached_property
    def reach(self) -> float:
        """How many deviations from a mean a point is good, so that of true samples as many are as in the
        plane: 3 there, and more where there are more dimensions, in which most lie farther away."""
        half = torch.tensor(self.means.shape[1] / 2, dtype=torch.float64)
        near: float = 0.0
        far: float = self.GOOD + 2 * self.means.shape[1] ** 0.5
        for _ in range(HALVINGS):
            middle = (near + far) / 2
            # The share of a chi distribution below it.
            share = torch.special.gammainc(half, torch.tensor(middle**2 / 2, dtype=torch.float64))
            near, far = (middle, far) if share < 1 - math.exp(-(self.GOOD**2) / 2) else (near, middle)
        return far

    @property
    def modes(self) -> int:  # type: ignore[override]
        """Number of means."""
        return len(self.means)

    @property
    def centres(self) -> Tensor:  # type: ignore[override]
        """The means."""
        return self.means

    def mode_of(self, samples: Tensor) -> Tensor:
        """The nearest mean, or -1 beyond its reach."""
        distances, found = self._nearest(samples)
        return torch.where(distances < self.reach * self.deviation, found, -1)

    def nearest_mode(self, samples: Tensor) -> Tensor:
        """The nearest mean."""
        return self._nearest(samples)[1]

    def figures(self) -> Mapping[str, Figure]:
        """The share of good samples."""
        return {
            "high_quality_share": Figure(
                lambda samples: (self.mode_of(samples) >= 0).double(),
                "share of samples as near to a mode as 98.9 % of true ones; higher is better",
            )
        }

    def _nearest(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        # Differences one by one: |x|² + |m|² - 2xm would round by more than a narrow mode is wide.
        distances = torch.cdist(samples.float(), self.means, compute_mode="donot_use_mm_for_euclid_dist")
        nearest = distances.min(1)
        return nearest.values, nearest.indices
