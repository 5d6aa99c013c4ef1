"""Recovery: going back to an earlier checkpoint, a few times, when a run is unhealthy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sparring.errors import TrainingError
from sparring.health.findings import LONGEST, Finding
from sparring.runs.checkpoint import Checkpoint
from sparring.runs.landmarks import landmarks
from sparring.training.recording import Recording
from sparring.validation import Whole, check

CHECKS_PER_LANDMARK = 10
"""Checks of the run's health between two checkpoints that it may go back to."""
STEPS_PER_LANDMARK = 500
"""Steps between them in a run whose health is not watched."""
MOST_ROLLBACKS = 3
"""Times a run goes back before it gives up."""
SLOWER = 0.5
"""What every learning rate is multiplied by each time a run goes back."""
SLOW_STEPS = 250
"""Steps after which a run that went back once has its learning rates again; from the second time on they stay
small. Trouble that came by chance should not slow a run for good, and trouble that comes again will."""


@dataclass(frozen=True)
class RecoveryState:
    """What a recovery remembers."""

    rollbacks: Whole
    slow_until: Whole | None


class Recovery:
    """Decides what becomes of an unhealthy run, and remembers how often it went back.

    Args:
        recording: of the run.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.engine = recording.engine
        self.run = recording.run
        self.rollbacks = 0
        self.slow_until: int | None = None
        """The step from which on learning rates are what they were; None where they stay as they are."""

    @property
    def policy(self) -> str:
        """What the run was told to do when it is unhealthy: `warn`, `stop` or `rollback`."""
        policy: str = self.recording.description["on_unhealthy"]
        return policy

    @property
    def landmark_every(self) -> int:
        """Steps between two checkpoints that the run may go back to."""
        return CHECKS_PER_LANDMARK * int(self.recording.description["health_every"]) or STEPS_PER_LANDMARK

    def age(self, finding: Finding) -> int:
        """Steps ago at which the run was well, for what was found now."""
        return finding.checks * int(self.recording.description["health_every"])

    @property
    def patience(self) -> int:
        """How many steps back the run may have to go on a finding."""
        longest = LONGEST * int(self.recording.description["health_every"])
        return longest if self.policy == "rollback" else 0

    @property
    def at_landmark(self) -> bool:
        """Whether a checkpoint that is written now is one to go back to."""
        return self.engine.step % self.landmark_every == 0

    def before_step(self) -> None:
        """Give the learning rates back where a run has been slow for long enough."""
        if self.engine.step == self.slow_until:
            self.engine.learning_rate_factor = 1.0

    def landmark(self, age: int = 0) -> Checkpoint:
        """The newest landmark of at least so many steps ago, or the oldest there is."""
        steps = self.run.checkpoints.steps()
        marks = landmarks(steps, self.landmark_every) or steps
        old = [step for step in marks if step <= self.engine.step - age]
        return self.run.checkpoints.at(max(old, default=marks[0]))

    def announce(self, finding: Finding, step: int) -> tuple[int, int]:
        """Write down that the run goes back, before it does.

        Written first, so that a run that is killed from here on goes back when it is resumed.

        Returns:
            Which time it is, and the step at which it failed.

        Raises:
            TrainingError: it has gone back too often already.
        """
        if self.rollbacks == MOST_ROLLBACKS:
            raise TrainingError(
                f"Gave up at step {self.engine.step:,}, after going back {MOST_ROLLBACKS} times: "
                f"{finding.name}. {finding.evidence} {finding.remedy}"
            )
        number, failed_at = self.rollbacks + 1, self.engine.step
        self.recording.event(
            "rolled back",
            step=failed_at,
            to=step,
            number=number,
            reason=finding.name,
            learning_rate_factor=SLOWER**number,
        )
        return number, failed_at

    def clear_the_way(self, checkpoint: Checkpoint, number: int) -> None:
        """Make a checkpoint the newest in the folder, and put aside the rows of the history after it."""
        # All processes have read the checkpoint before the first changes the folder, and go on afterwards.
        self.engine.processes.barrier()
        if self.recording.writes:
            # In this order a run that is killed in between, or has no room, loses nothing.
            size = checkpoint.parts["recording"]["history_size"]
            self.run.copy_history(size, f"before-rollback-{number}.jsonl")
            self.run.checkpoints.go_back(checkpoint.step)
            self.run.cut_history(size)
        self.engine.processes.barrier()

    def slow_down(self, number: int, failed_at: int) -> None:
        """Go on with other noise and smaller steps."""
        self.rollbacks = number
        self.slow_until = failed_at + SLOW_STEPS if number == 1 else None
        self.engine.learning_rate_factor = SLOWER**number
        self.engine.change_noise(f"roll-back {number}")

    def say(self, finding: Finding, failed_at: int) -> None:
        """Tell the user what was done."""
        until = "" if self.slow_until is None else f" until step {self.slow_until:,}"
        self.recording.console.line(
            f"Went back from step {failed_at:,} to {self.engine.step:,} because of: {finding.name}. Goes on "
            f"with other noise and {self.engine.learning_rate_factor:g} of the learning rates{until} "
            f"({self.rollbacks} of at most {MOST_ROLLBACKS} times)."
        )

    def unfinished(self) -> Mapping[str, Any] | None:
        """The roll-back that a killed run had written down and not yet saved, or None."""
        events = [event for event in self.run.events() if event.get("event") == "rolled back"]
        told = events and events[-1].keys() >= {"number", "to", "step"}
        if told and events[-1]["number"] > self.rollbacks:
            return events[-1]
        return None

    def state(self) -> dict[str, Any]:
        """How often it went back, and until when it is slow."""
        return {"rollbacks": self.rollbacks, "slow_until": self.slow_until}

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `Misfit` unless a state could be a recovery's."""
        check(state, RecoveryState)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with that."""
        self.rollbacks, self.slow_until = state["rollbacks"], state["slow_until"]
