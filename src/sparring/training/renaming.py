"""Classes, or tokens, that have other numbers in the data of another run: where its weights know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from sparring.data.dataset import DataSpec
from sparring.data.kinds import Kind, kind_from
from sparring.game import Game
from sparring.randomness import Randomness, seeded_initialisation

Places = tuple[Tensor, Tensor]
"""Places along one dimension: ours, and those of the same things in the other run."""


@dataclass(frozen=True)
class Renaming:
    """Things that have other numbers than in another run."""

    name: str
    """What they are, such as `classes`."""
    before: tuple[str, ...]
    """Those of the other run, by their numbers there."""
    now: tuple[str, ...]
    """Ours, by our numbers."""
    dimensions: Mapping[str, Sequence[int]]
    """Of each tensor that has an entry for each thing, by its name: along which dimensions."""

    @cached_property
    def places(self) -> Places:
        """Of the things that both runs know."""
        numbers = {thing: number for number, thing in enumerate(self.before)}
        pairs = [(number, numbers[thing]) for number, thing in enumerate(self.now) if thing in numbers]
        ours, theirs = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).unbind(1)
        return ours, theirs

    @property
    def new(self) -> list[str]:
        """Of which the other run knew nothing."""
        known = set(self.before)
        return [thing for thing in self.now if thing not in known]


def renamings(game: Game, before: Mapping[str, Any]) -> Iterator[Renaming]:
    """What has other numbers in a game than in another.

    Args:
        game: ours.
        before: the description of the data of the other one.
    """
    data = game.data
    more = (
        (before["examples"], data.kind, replace(data, kind=data.kind.with_one_more())),
        (before["condition"], data.condition, replace(data, condition=data.condition.with_one_more())),
    )
    for described, kind, wider in more:
        other = kind_from(described)
        if same_things(kind, other) and other.meanings != kind.meanings:
            yield Renaming(kind.name, other.meanings, kind.meanings, dimensions_of(game, wider))


def same_things(kind: Kind, other: Kind) -> bool:
    """Whether the numbers of both stand for things of one sort."""
    return bool(kind.meanings and other.meanings) and kind.name == other.name


def dimensions_of(game: Game, wider: DataSpec) -> dict[str, Sequence[int]]:
    """Along which dimensions tensors of a game are others with one thing more, by their names."""
    with seeded_initialisation(0):
        others = type(game)(game.settings, wider, Randomness(0)).state_dict()
    found: dict[str, Sequence[int]] = {}
    for name, own in game.state_dict().items():
        differing = [at for at, size in enumerate(own.shape) if others[name].shape[at] != size]
        found |= {name: differing} if differing else {}
    return found
