"""The monitor: says what a run's vital signs mean, every so many steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sparring.game import Number
from sparring.health.checks import CHECKS_PER_FULL_CHECK, PHASE, STEP, of_newest_phase
from sparring.health.findings import Finding, find
from sparring.health.overfitting import OverfittingVitals
from sparring.health.remedies import Context
from sparring.health.vitals import FeatureVitals, SampleVitals
from sparring.randomness import Randomness, derived_seed
from sparring.training.engine import Engine

FIRST_INTERVALS, LOOKS = 4, 10
"""In so many first intervals of a phase the players alone are looked at so many times each: what runs away
does so at once, and to look at losses takes no time."""
WATCHED_TERMS = ("loss", "accuracy", "logit_gap")
"""Terms of a round that the findings look at beside what the monitor measures."""


class Monitor:
    """Watches one engine.

    Args:
        engine: what is watched.
        every: steps between two checks.
        context: what is trained, for the remedies.
        past: rows of the run's history so far: what was seen and found before.
    """

    def __init__(
        self, engine: Engine, every: int, context: Context, past: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.engine = engine
        self.every = every
        self.context = context
        self.rows = of_newest_phase(row for row in past if row["kind"] == "health")
        """The checks of this phase: what was seen in another, of other losses, is not compared with them."""
        self.known = {row["finding"] for row in past if row["kind"] == "finding"}
        # From the seed that the run began with: a run that went back goes on with the same latents.
        random = Randomness(derived_seed(engine.noise_seed, "health"), engine.processes.device)
        self.samples = SampleVitals(engine.game, engine.dataset, random)
        self.overfitting = OverfittingVitals(engine, random.child("overfitting"))
        total = engine.course.total
        if total is None or total >= CHECKS_PER_FULL_CHECK * every:
            # What cannot be looked at ends a run before it begins, and a run of minutes is timed without it.
            _ = self.features

    @cached_property
    def features(self) -> FeatureVitals:
        """What full checks measure; a run too short for one does not look at the real examples for it."""
        return FeatureVitals(self.samples)

    @property
    def due(self) -> bool:
        """Whether a check comes after the next round, which is to be watched."""
        step = self.engine.step + 1
        of_phase = step - self.engine.course.at(self.engine.step).first
        begins, between = of_phase <= FIRST_INTERVALS * self.every, self.every // LOOKS
        return self._is_check(step) or (begins and between > 0 and step % between == 0)

    def _is_check(self, step: int) -> bool:
        """Whether samples are looked at after a step, and not the players alone."""
        return step % self.every == 0

    def measure(self, values: Mapping[str, Number]) -> dict[str, float | str]:
        """The vital signs after a round that was watched, by the names under which the history has them.

        Args:
            values: the terms of the round.
        """
        step = self.engine.step
        row: dict[str, float | str] = {PHASE: self.engine.course.behind(step).phase.name}
        row |= {
            name: float(value) for name, value in values.items() if name.rpartition("/")[2] in WATCHED_TERMS
        }
        row |= self.engine.moves
        if self._is_check(step):
            row |= self.overfitting.measure() | self._of_samples()
        if self.rows and self.rows[-1].get(PHASE) != row[PHASE]:
            self.rows = []
        self.rows.append({STEP: step, **row})
        return row

    def _of_samples(self) -> dict[str, float]:
        samples = self.samples.generate()
        measured = self.samples.measure(samples)
        if self.engine.step % (CHECKS_PER_FULL_CHECK * self.every) == 0:
            measured |= self.samples.net_displacement() | self.features.measure(samples)
        return {f"samples/{name}": value for name, value in measured.items()}

    def findings(self) -> list[Finding]:
        """What the last measurement shows that was not known before."""
        found = find(self.rows, self.context, self.known)
        self.known |= {finding.name for finding in found}
        return found

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of it; the history holds the rest."""
        return self.samples.state()

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `Misfit` unless a state could be a monitor's."""
        self.samples.check(state)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.samples.restore(state)
