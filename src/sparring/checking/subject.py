"""The subject of a check: a system, on the data by which it is tried."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from sparring.blame import OwnCode
from sparring.checking.suits import about, small
from sparring.data.dataset import Dataset
from sparring.game import Game, GameSettings
from sparring.processes import Processes
from sparring.training.building import build_game
from sparring.training.engine import Engine
from sparring.zoo import short_name

BATCH = 8
"""Examples in a batch, unless the system has fewer by default."""
LAST_PHASE = 20
"""Steps of the last phase."""
CPU = Processes(torch.device("cpu"))


@dataclass(frozen=True)
class Subject:
    """A system on one data set."""

    reference: str
    """Its name in the zoo, or the full path of its file and its class."""
    system: type[Game]
    data: str
    """What it is tried on, for `small`."""
    others: tuple[str, ...] = ()
    """Other data that it says it can train on."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Data on which it fails though it does not say so, and how."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Settings that differ from the defaults."""

    @property
    def name(self) -> str:
        """What the system is called."""
        return short_name(self.reference) if ":" in self.reference else self.reference

    @cached_property
    def dataset(self) -> Dataset:
        """What it is tried on."""
        return small(self.data, self.system.needs.parts)

    @property
    def about_data(self) -> str:
        """What it is tried on, in words."""
        return about(self.dataset)

    @cached_property
    def own(self) -> OwnCode:
        """Its code."""
        return OwnCode(Path(inspect.getfile(self.system)).resolve())

    def settings(self, **flags: Any) -> GameSettings:
        """Its settings with a small batch.

        Args:
            flags: of tricks.
        """
        batch = min(BATCH, self.system.Settings().batch_size)
        return self.system.Settings.of({"batch_size": batch, **self.values, **flags}, self.name)

    def game(self) -> Game:
        """A new game."""
        dataset = self.dataset.in_range(*self.system.value_range)
        return build_game(self.system, self.settings(), dataset, 0, CPU)

    def engine(self, start: int = 0, processes: Processes = CPU, **flags: Any) -> Engine:
        """A new engine, always with the same seed.

        Args:
            start: the step at which it is.
            processes: this process among those that train together.
            flags: of tricks.
        """
        engine = Engine(self.system, self.settings(**flags), self.dataset, None, 0, processes)
        engine.set_length(engine.course.legs[-1].first + LAST_PHASE)
        engine.step = start
        return engine

    @cached_property
    def starts(self) -> list[int]:
        """The steps at which its phases begin."""
        return [leg.first for leg in self.engine().course.legs if leg.steps]


def play(engine: Engine, rounds: int = 2) -> None:
    """Some rounds, all numbers of which are read.

    Raises:
        NotANumber: one was not finite.
    """
    for _ in range(rounds):
        engine.play_round()
    engine.soundness.look()
