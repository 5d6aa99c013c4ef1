"""Mistakes in the noise that a game draws, and in what it generates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from sparring.blame import place_of, place_of_class
from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Kind
from sparring.game import Game
from sparring.mistakes import described
from sparring.nn.modes import inference
from sparring.randomness import Randomness
from sparring.shown import counted

COUNT = 2
"""Samples that are drawn before a run."""
METHODS = ("generate", "sample")
"""What makes examples of noise."""


def sample_mistakes(game: Game, dataset: Dataset) -> Iterator[str]:
    """What is wrong with some samples of a game; the game is as it was afterwards.

    Args:
        game: whose networks are built.
        dataset: what it trains on, in its range.
    """
    latent: Any = game.latent(COUNT, Randomness(0, game.random.device))
    found = list(latent_mistakes(game, latent, COUNT))
    if not found:
        condition = told(game, dataset, COUNT).to(game.random.device)
        for method in METHODS:
            found = found or list(
                made_mistakes(game, dataset.examples.kind, method, generated(game, method, latent, condition))
            )
    yield from found


def latent_mistakes(game: Game, latent: Any, count: int) -> Iterator[str]:
    """What is wrong with the noise that `latent` gave for so many samples."""
    place = place_of(game.latent)
    if not isinstance(latent, Tensor):
        yield f"{place} returns {described(latent)}: return a tensor of shape (count, ...)."
    elif latent.dim() == 0 or len(latent) != count:
        asked = counted(count, "sample")
        yield f"{place} returns shape {tuple(latent.shape)} for {asked}: its first must be count."
    elif type(game).generate is Game.generate and not isinstance(getattr(game, "generator", None), nn.Module):
        yield (
            f"{place_of_class(type(game))} has neither a method generate(latent, condition) nor a network "
            "self.generator, by which samples are made."
        )


def made_mistakes(game: Game, kind: Kind, method: str, made: Any, count: int = COUNT) -> Iterator[str]:
    """What is wrong with what a method made of so much noise, as examples of a kind.

    Args:
        game: whose method it is.
        kind: of the data.
        method: its name, one of `METHODS`.
        made: what it made.
        count: how many.
    """
    place = place_of(getattr(game, method))
    if not isinstance(made, Tensor):
        yield f"{place} returns {described(made)}: return a tensor of examples."
        return
    if tuple(made.shape) != (count, *kind.shape):
        yield (
            f"{place} makes shape {tuple(made.shape)} of {counted(count, 'latent')}, and {kind.about} have "
            f"{(count, *kind.shape)}."
        )
        return
    misfit = None if made.is_complex() else kind.misfit(kind.decode(made))
    if made.is_complex() or misfit is not None:
        stored = "" if misfit is None else f": they are stored as {misfit}"
        yield f"{place} makes {made.dtype} that are no {kind.about}{stored}."


def told(game: Game, dataset: Dataset, count: int) -> Tensor:
    """What so many samples are to be, encoded."""
    column: Column = game.condition(dataset[:count])
    return column.kind.encode(column.kind.draw(count, lambda: column))


@torch.no_grad()
def generated(game: Game, method: str, latent: Tensor, condition: Tensor) -> Any:
    """What a method makes in evaluation mode, with noise of its own."""
    make: Callable[..., Any] = getattr(game, method)
    with game.random.aside("look"), inference(game):
        return make(latent, condition)
