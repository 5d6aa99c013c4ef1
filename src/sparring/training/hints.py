"""What is said before a run of a game on some data, where something else was probably meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from sparring.data.copies import distinct_count
from sparring.data.dataset import Dataset
from sparring.data.holding_out import OWN_HELD_OUT, belong_together, share_for
from sparring.data.kinds import Nothing
from sparring.data.own import is_own
from sparring.game import Game
from sparring.settings import flag_name
from sparring.shown import counted
from sparring.training.settings import RunSettings

MANY_WEIGHTS = 50_000_000
"""Weights from which on a hint is given."""


def hints_of_game(
    game: Game, dataset: Dataset, asked: RunSettings, given: Mapping[str, Any]
) -> Iterator[str]:
    """Sentences, one for each hint.

    Args:
        game: that is to be trained.
        dataset: on what.
        asked: what the run was told.
        given: the settings that were given to the game, by name.
    """
    for name, why in game.idle_settings(game.settings, game.data).items():
        if name in given:
            yield f"--{flag_name(name)} changes nothing: {why}."
    for trick in game.tricks:
        if trick.keeps_what_was_learnt and asked.from_ is None:
            flag = flag_name(dataclasses.fields(trick.Settings)[0].name)
            yield f"--{flag} is for runs that begin with the weights of another, --from: these are of chance."
    yield from hints_of_order(game, dataset)
    yield from hints_of_largeness(game)
    if dataset.held_out is None and asked.hold_out is None:
        yield from hints_of_figures(game, dataset)


def hints_of_order(game: Game, dataset: Dataset) -> Iterator[str]:
    """That examples are dealt in their order, and lie class after class."""
    if game.settings.shuffle or not dataset.spec.classes or len(dataset) < 2:
        return
    labels = dataset.condition.values
    chance = (labels.bincount() / len(labels)).square().sum().item()
    if (labels[1:] == labels[:-1]).float().mean().item() > (1 + chance) / 2:
        yield (
            "The examples lie class after class, and --no-shuffle deals them so: networks forget a class "
            "while they see the next. Give --shuffle."
        )


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


def hints_of_figures(game: Game, dataset: Dataset) -> Iterator[str]:
    """That a figure of the game's own will not be there, as none of the examples is held out."""
    missing = [name for name, figure in game.figures().items() if figure.batch is None]
    if missing:
        yield f"Nothing is held out, so there will be no {missing[0]}: {_way_to_hold_out(dataset)}."


def _way_to_hold_out(dataset: Dataset) -> str:
    """What keeps some examples aside, or why nothing does."""
    # Domains in folders are parted each by itself, before they belong together.
    if is_own(dataset.name) and belong_together(dataset):
        return OWN_HELD_OUT
    # Domains of which no image belongs to another are parted each by itself.
    alone = belong_together(dataset) and dataset.condition.kind == Nothing()
    parts = dataset.parts.values() if alone else [dataset]
    count = min(distinct_count(part.examples) for part in parts)
    share = share_for(count)
    if share is None:
        return f"{counted(count, 'different example')} would be too few to be parted"
    return f"--hold-out {share:g} keeps some aside"
