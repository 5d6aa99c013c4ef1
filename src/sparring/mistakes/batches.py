"""Mistakes in how many examples come at a time."""

from __future__ import annotations

from torch import nn

from sparring.errors import SettingError
from sparring.game import Game

FEWEST_NORMALISED = 2
"""Vectors without which their batch normalisation has no variance."""


def check_batch_size(game: Game, microbatches: int) -> None:
    """Raise SettingError where batch normalisation of vectors would see one at a time."""
    size = game.settings.batch_size
    if size // microbatches >= FEWEST_NORMALISED:
        return
    if any(isinstance(module, nn.BatchNorm1d) for module in game.modules()):
        parts = f" in {microbatches} microbatches" if microbatches > 1 else ""
        raise SettingError(
            f"batch_size is {size}{parts}: batch normalisation of vectors, which these networks have, needs "
            f"at least {FEWEST_NORMALISED} examples at a time."
        )
