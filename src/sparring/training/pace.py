"""The pace of a run whose limit is a time: its own first steps say how many steps it has."""

from __future__ import annotations

import time
from collections.abc import Callable

from sparring.training.engine import Engine
from sparring.training.timing import TRIAL_STEPS, mean_seconds, of_each_phase, steps_in, synchronise

EARLY = 0.2
"""Share of the time after which the length of a run is fixed."""
LATEST_SECONDS = 120.0
"""Seconds after which it is fixed, however long the run."""
FOR_STEPS = 0.97
"""Share of the time that is for steps; the last pictures take some, and a machine is not always as fast."""


class Pace:
    """Watches the first steps of a run, until it can say how many the run has.

    These are steps of the run like all others, with all that is done between them. What happens only once
    (memory is claimed, what health compares with is computed) lies in their first half, which is not timed.

    Args:
        engine: what plays; all its processes come to the same.
        seconds: what is left of the run's time, from `began` on.
        began: when that was, by `time.monotonic`.
        agreed: makes of the steps found right for this run those that it will have.
    """

    def __init__(
        self, engine: Engine, seconds: float, began: float, agreed: Callable[[int], int] = lambda total: total
    ) -> None:
        self.engine = engine
        self.agreed = agreed
        self.deadline = began + FOR_STEPS * seconds
        self.wait = min(EARLY * seconds, LATEST_SECONDS)
        self.began = time.monotonic()
        self._mark: tuple[int, float] | None = None

    def total_steps(self) -> int | None:
        """The run's length, to be asked after every step; None as long as it is not known."""
        step, now = self.engine.step, time.monotonic()
        # A phase has a pace of its own, which its first step does not show.
        if self._mark is None or not self.engine.course.behind(step).first < self._mark[0] < step:
            half = self.engine.processes.any(now - self.began >= self.wait / 2)
            self._mark = (step, self._now()) if half else None
            return None
        if not self.engine.processes.any(now - self.began >= self.wait):
            return None
        now = self._now()
        pace, left = self.engine.processes.mean(
            (now - self._mark[1]) / (step - self._mark[0]), self.deadline - now
        )
        thought = self.engine.course.total
        self.engine.set_length(None)
        try:
            return max(step, self.agreed(steps_in(left, step, self.engine.course, self._per_step(pace))))
        finally:
            self.engine.set_length(thought)

    def forget(self) -> None:
        """Time the steps from here on alone: the run has gone back, and those before were in vain."""
        self._mark = None

    def _now(self) -> float:
        synchronise(self.engine.processes.device)
        return time.monotonic()

    def _per_step(self, pace: float) -> list[float]:
        """Seconds of a step in each phase: those of a phase still to come from a few that are taken back."""
        now = self.engine.course.at(self.engine.step)

        def timed(play: Callable[[], None]) -> float:
            if self.engine.step <= now.first:
                return pace
            play()
            return mean_seconds(play, TRIAL_STEPS, self.engine.processes)

        return [pace] if len(self.engine.course.legs) == 1 else of_each_phase(self.engine, timed)
