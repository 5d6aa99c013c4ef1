"""The timeline of a run: how its steps lie among its epochs, which differ in length from phase to phase."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sparring.reporting.charts import LARGEST, Mark, Over
from sparring.reporting.text import as_number, value_text

PHASE = "phase"
"""The kind of event that says that a phase begins."""
MOST_MARKS = 20
"""Phases that are marked at the most."""


@dataclass(frozen=True)
class Timeline:
    """Steps and epochs that belong together."""

    places: tuple[tuple[float, float], ...]
    """Some steps with the epochs behind them, in order; the first is the beginning."""
    phases: tuple[Mark, ...]
    """The step at which each phase begins, in order; none in a run that has only one."""

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], events: Iterable[Mapping[str, Any]]) -> Timeline:
        """The timeline as the rows of a history, and a run's events, have it."""
        found = {0.0: 0.0}
        for row in rows:
            step, epoch = _within_reach(row.get("step")), _within_reach(row.get("epoch"))
            if step and epoch:
                found[step] = epoch
        # A run that went back comes to the beginning of a phase again.
        begun = {
            Mark(step, value_text(event.get(PHASE)))
            for event in events
            if event.get("event") == PHASE and (step := _within_reach(event.get("step"))) is not None
        }
        phases = sorted(begun, key=lambda mark: mark.place)[:MOST_MARKS]
        return cls(tuple(sorted(found.items())), tuple(phases))

    @property
    def over_steps(self) -> Over:
        """Steps, with the beginnings of the phases marked."""
        return Over("step", self.phases)

    @property
    def over_epochs(self) -> Over:
        """Epochs, with the beginnings of the phases marked."""
        return Over("epoch", tuple(Mark(self.epoch_of(mark.place), mark.name) for mark in self.phases))

    def epoch_of(self, step: float) -> float:
        """Epochs behind us after so many steps."""
        return _between(self.places, step)

    def step_of(self, epoch: float) -> float:
        """The step after so many epochs; where nothing says how long an epoch is, the number of the epoch."""
        return _between([(behind, step) for step, behind in self.places], epoch)


def _within_reach(value: object) -> float | None:
    """A number that can be calculated with."""
    number = as_number(value)
    return number if number is not None and 0 <= number < LARGEST else None


def _between(places: Iterable[tuple[float, float]], x: float) -> float:
    """Where x lies on the line through places, which goes on as it ended."""
    known = sorted(dict(places).items())
    after = min(max(1, bisect_left(known, (x,))), len(known) - 1)
    if after < 1:
        return x
    (x0, y0), (x1, y1) = known[after - 1], known[after]
    return y0 + (x - x0) / (x1 - x0) * (y1 - y0)
