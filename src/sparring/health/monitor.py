"""The monitor: takes a run's vital signs every so many steps and says what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from sparring.engine import Engine, Values
from sparring.health.findings import Finding, find
from sparring.health.remedies import Context
from sparring.health.vitals import FeatureVitals, SampleVitals

SELDOM = 10
"""Every so many checks come the measurements that take longer."""
OF_THE_GAME = ("loss", "accuracy", "logit_gap")
"""Terms of a round that the findings look at beside what the monitor measures."""


class Monitor:
    """Watches one engine.

    Args:
        engine: what is watched.
        every: steps between two checks.
        context: what is trained, for the remedies.
        past: rows of the run's history so far: what was seen and found before.
        state: what `state` gave, where the run goes on.
        tensors: what `tensors` gave.
    """

    def __init__(
        self,
        engine: Engine,
        every: int,
        context: Context,
        past: Sequence[Mapping[str, Any]] = (),
        state: Mapping[str, Any] | None = None,
        tensors: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.engine = engine
        self.every = every
        self.context = context
        self.rows = [row for row in past if row["kind"] == "health"]
        self.known = {row["finding"] for row in past if row["kind"] == "finding"}
        self.samples = SampleVitals(engine.game, engine.dataset, engine.game.random.child("health"))
        self.features = FeatureVitals(self.samples)
        if state and tensors:
            self.samples.path = state["path"]
            self.samples.previous = tensors["health/previous"]
            self.samples.anchor = tensors["health/anchor"]

    @property
    def due(self) -> bool:
        """Whether a check comes after the next round, which is to be watched."""
        return (self.engine.step + 1) % self.every == 0

    def measure(self, values: Values) -> Values:
        """The vital signs after a round that was watched, by the names under which the history has them.

        Args:
            values: the terms of the round.
        """
        samples = self.samples.generate()
        measured = self.samples.measure(samples)
        if self.engine.step % (SELDOM * self.every) == 0:
            measured |= self.samples.measure_way() | self.features.measure(samples)
        row = {name: value for name, value in values.items() if name.rpartition("/")[2] in OF_THE_GAME}
        row |= self.engine.moves | {f"samples/{name}": value for name, value in measured.items()}
        self.rows.append(row)
        return row

    def findings(self) -> list[Finding]:
        """What the last measurement shows that was not known before."""
        found = find(self.rows, self.context, self.known)
        self.known |= {finding.name for finding in found}
        return found

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of it, as plain numbers; the history holds the rest."""
        return {"path": self.samples.path}

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds of it, as tensors."""
        return {"health/previous": self.samples.previous, "health/anchor": self.samples.anchor}
