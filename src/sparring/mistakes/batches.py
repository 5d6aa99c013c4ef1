"""Mistakes in how many examples come at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from sparring.data.stream import Stream
from sparring.errors import SettingError
from sparring.game import Game, Phase
from sparring.tricks.normalisation import BatchNorm

FEWEST_NORMALISED = 2
"""Vectors without which their batch normalisation has no variance."""


def fewest_at_a_time(game: Game) -> int:
    """Into how small parts a batch may be cut."""
    normalised = FEWEST_NORMALISED if has_any(game, nn.BatchNorm1d, BatchNorm) else 1
    return max([normalised, *(trick.fewest for _, trick in game.tricks.items())])


def check_batch_size(game: Game, microbatches: int) -> None:
    """Raise SettingError where batch normalisation of vectors would see one at a time, or a trick that
    compares examples fewer than it needs."""
    size = game.settings.batch_size
    parts = f" in {microbatches} microbatches" if microbatches > 1 else ""
    processes = game.random.processes
    shared = f" shared by {processes} processes" if processes > 1 else ""
    for name, trick in game.tricks.items():
        if size // (microbatches * processes) < trick.fewest:
            raise SettingError(
                f"batch_size is {size}{shared}{parts}: the trick '{name}' needs at least {trick.fewest} "
                "examples at a time."
            )
    # That of a trick may be over places as well, so that a single example has a variance.
    normalises = has_any(game, nn.BatchNorm1d) or (microbatches > 1 and has_any(game, BatchNorm))
    if size // microbatches < FEWEST_NORMALISED and normalises:
        raise SettingError(
            f"batch_size is {size}{parts}: batch normalisation of vectors, which these networks have, needs "
            f"at least {FEWEST_NORMALISED} examples at a time."
        )


def has_any(game: Game, *kinds: type[nn.Module]) -> bool:
    """Whether a game has a module of one of these kinds."""
    return any(isinstance(module, kinds) for module in game.modules())


def check_shares(game: Game, phases: Sequence[Phase], streams: Mapping[str, Stream], processes: int) -> None:
    """Raise SettingError where a batch of some turn does not divide among processes. What is looked at as a
    run begins, and never dealt, each of them sees whole."""
    dealt = {source for phase in phases for turn in phase.turns for source in turn.sources}
    for name, stream in streams.items():
        size = stream.batch_size
        if name not in dealt or size % processes == 0:
            continue
        if size == game.settings.batch_size:
            raise SettingError(
                f"A batch of {size} cannot be divided among {processes} processes: use a multiple of "
                f"{processes} as --batch-size."
            )
        raise SettingError(
            f"{type(game).__name__} deals '{name}' in batches of {size} on this data, which cannot be "
            f"divided among {processes} processes: train in one."
        )
