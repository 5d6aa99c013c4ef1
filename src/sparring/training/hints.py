"""What is said before a run of a game on some data, where something else was probably meant."""

from __future__ import annotations

from collections.abc import Iterator

from sparring.data.dataset import Dataset
from sparring.data.holding_out import share_for
from sparring.game import Game
from sparring.training.settings import RunSettings

MANY_WEIGHTS = 50_000_000
"""Weights from which on a hint is given."""


def hints_of_game(game: Game, dataset: Dataset, asked: RunSettings) -> Iterator[str]:
    """Sentences, one for each hint.

    Args:
        game: that is to be trained.
        dataset: on what.
        asked: what was given.
    """
    yield from hints_of_largeness(game)
    if dataset.held_out is None and asked.hold_out is None:
        yield from hints_of_figures(game, len(dataset))


def hints_of_largeness(game: Game) -> Iterator[str]:
    """That networks are larger than they were meant to be, because the examples are."""
    weights = sum(parameter.numel() for parameter in game.parameters())
    if weights < MANY_WEIGHTS:
        return
    smaller = " --size 64 brings images to fewer pixels, which takes less." if game.data.kind.has_size else ""
    yield (
        f"The networks have {weights / 1e6:,.0f} million weights with {game.data.kind.about}: a step will "
        f"take long, and much memory.{smaller}"
    )


def hints_of_figures(game: Game, count: int) -> Iterator[str]:
    """That a figure of the game's own will not be there, as none of so many examples is held out."""
    missing = [name for name, figure in game.figures().items() if figure.batch is None]
    if not missing:
        return
    share = share_for(count)
    mend = f"--hold-out {share:g} keeps some aside" if share else f"{count} examples are too few for that"
    yield f"Nothing is held out, so there will be no {missing[0]}: {mend}."
