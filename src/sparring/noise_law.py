"""The law of a generator's noise, as far as draws of it show it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sparring.game import Game
from sparring.randomness import Randomness

DRAWN = 1000


@dataclass(frozen=True)
class Law:
    """N(0, 1), or uniform within bounds."""

    low: float | None = None
    high: float | None = None

    def nearest(self, latent: Tensor) -> Tensor:
        """The nearest noise that can be drawn: each number within the bounds, where there are some."""
        return latent if self.low is None else latent.clamp(self.low, self.high)


LAWS = (Law(), Law(-1.0, 1.0), Law(0.0, 1.0))
"""All that are known."""
ALIKE = 0.15
"""By how much moments of draws may be off in the mean over dimensions, in standard deviations of the law."""
ALIKE_EACH = 0.35
"""By how much those of any dimension may be off."""


def law_of(game: Game) -> Law | None:
    """The law of each number of a game's noise, all independent; None where its draws look like none that is
    known."""
    drawn = game.latent(DRAWN, Randomness(0)).double().cpu()
    return next((law for law in LAWS if drawn.dim() == 2 and _fits(drawn, law)), None)


def _fits(drawn: Tensor, law: Law) -> bool:
    """Whether draws (count, size) have the bounds and the moments of a law, and lengths that vary as those of
    independent numbers do."""
    if law.low is None or law.high is None:
        mean, deviation = 0.0, 1.0
    else:
        mean, deviation = (law.low + law.high) / 2, (law.high - law.low) / 12**0.5
        if drawn.min() < law.low or drawn.max() > law.high:
            return False
    standard = (drawn - mean) / deviation
    moments = torch.stack([standard.mean(0), standard.var(0) - 1]).abs()
    fourth = standard.pow(4).mean() - 1
    lengths = standard.square().sum(1).var() / (fourth * drawn.shape[1])
    return bool(moments.mean(1).max() < ALIKE and moments.max() < ALIKE_EACH) and 0.5 < lengths.item() < 2
