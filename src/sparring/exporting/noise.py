"""The law of a generator's noise, as far as draws of it show it."""

from __future__ import annotations

from dataclasses import dataclass

from sparring.game import Game
from sparring.randomness import Randomness

DRAWN = 1000


@dataclass(frozen=True)
class Law:
    """N(0, 1), or uniform within bounds."""

    low: float | None = None
    high: float | None = None


def law_of(game: Game) -> Law:
    """The law of each number of a game's noise."""
    drawn = game.latent(DRAWN, Randomness(0))
    low, high = drawn.min().item(), drawn.max().item()
    if low < -1 or high > 1:
        return Law()
    return Law(0.0 if low >= 0 else -1.0, 1.0)
