"""Mistakes in the streams of examples that a game learns from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sparring.blame import place_of
from sparring.data.dataset import Column, Dataset
from sparring.game import Game, Source
from sparring.mistakes import described, takes


def source_mistakes(game: Game, sources: Any, dataset: Dataset) -> Iterator[str]:
    """What is wrong with what `sources` has returned, and with what `condition` returns."""
    method = place_of(game.sources)
    if not isinstance(sources, Mapping) or not sources:
        yield f'{method} returns {described(sources)}: return {{"real": Source(data, settings.batch_size)}}.'
        return
    for name, source in sources.items():
        if not isinstance(source, Source) or not isinstance(source.dataset, Dataset):
            given = source.dataset if isinstance(source, Source) else source
            yield (
                f"{method} gives {described(given)} for {name!r}: write Source(data, settings.batch_size), "
                "or a part of the data such as data.parts[...] in its place."
            )
        elif type(source.batch_size) is not int or source.batch_size < 1:
            yield f"{method} gives {name!r} batches of {source.batch_size!r}: write a whole number from 1."
    told: Any = game.condition(dataset[:1])
    if not isinstance(told, Column):
        method = place_of(game.condition)
        yield f"{method} returns {described(told)}: return a column, such as data.condition."


def start_mistakes(game: Game, sources: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with what `start` takes."""
    if not takes(game.start, **sources):
        yield f"{place_of(game.start)} is given first batches by name: it must take ({', '.join(sources)})."
