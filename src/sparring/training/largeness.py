"""Networks that are larger than they were meant to be, because the examples are."""

from __future__ import annotations

from sparring.game import Game

MANY_WEIGHTS = 50_000_000
"""Weights from which on a hint is given."""


def hint_of_largeness(game: Game) -> str | None:
    """A sentence about networks that have grown with the examples; None where they have not."""
    weights = sum(parameter.numel() for parameter in game.parameters())
    if weights < MANY_WEIGHTS:
        return None
    smaller = " --size 64 brings images to fewer pixels, which takes less." if game.data.kind.has_size else ""
    return (
        f"The networks have {weights / 1e6:,.0f} million weights with {game.data.kind.about}: a step will "
        f"take long, and much memory.{smaller}"
    )
