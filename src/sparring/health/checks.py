"""Checks: the rows of a run's health in one phase, as rules look at them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sparring.game import Role

Rows = Sequence[Mapping[str, Any]]
STEP = "step"
"""The column that says after which step of the run a check was made."""
CHECKS_PER_FULL_CHECK = 10
"""Every so many checks come the measurements that take longer."""
PHASE = "phase"
"""The column that says in which phase of the run a check was made."""


@dataclass(frozen=True)
class Checks:
    """The checks of a phase so far.

    Players are found by what they are for, never by what they are called.
    """

    rows: Rows
    """What each check measured, the newest last."""
    roles: Mapping[str, str]
    """The role of each player, by its name."""
    discrete: bool = False
    """Whether samples change in steps, as texts do."""
    enough_steps: int = 0
    """Steps before which what samples do not reach yet says nothing; 0 where that is not known."""

    @property
    def old_enough(self) -> bool:
        """Whether the run has come so far that samples may be held against what they are to reach."""
        step = self.rows[-1].get(STEP) if self.rows else None
        return step is not None and 0 < self.enough_steps <= step

    def players(self, *roles: Role) -> list[str]:
        """Names of all players that have one of some roles."""
        return [name for name, role in self.roles.items() if role in roles]

    def trains(self, players: Iterable[str]) -> bool:
        """Whether any of some players takes turns in this phase."""
        moving = {column.rpartition("/")[0] for row in self.rows[-1:] for column in row}
        return not moving.isdisjoint(players)

    @property
    def generating(self) -> bool:
        """Whether what makes samples is trained: a generator or, in a game that has none, any player."""
        return self.trains(self.players(Role.GENERATOR) or self.roles)

    def recent(self, column: str, count: int | None = None) -> list[float]:
        """The last `count` values of a column, in order, of the rows that have it; infinite if not finite.

        What was not finite is None in the history, which does not say what it was.
        """
        found = [row[column] for row in self.rows if column in row]
        values = [math.inf if value is None or not math.isfinite(value) else value for value in found]
        return values if count is None else values[-count:]

    def progress(self, window: int) -> bool:
        """Whether samples came nearer to real examples in the last checks than in all before them."""
        distances = self.recent("samples/distance")
        if len(distances) <= window:
            return True
        return min(distances[-window:]) < 0.95 * min(distances[:-window]) - 0.002


def of_newest_phase(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last of some rows, as far back as they are of one phase."""
    backwards = list(rows)[::-1]
    phase = backwards[0].get(PHASE) if backwards else None
    return list(takewhile(lambda row: row.get(PHASE) == phase, backwards))[::-1]
