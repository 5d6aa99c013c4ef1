"""The course of a run: which phase each step belongs to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sparring.game import Phase
from sparring.settings import Limit


@dataclass(frozen=True)
class Leg:
    """A phase as it lies in the run."""

    phase: Phase
    first: int
    """The step at which it begins."""
    steps: float
    """How many steps it has; infinite where the length of the run is not known yet."""
    end: float
    """The step at which it is over, should the run go on so long; infinite for the last."""
    steps_per_epoch: int
    """Steps that deal about as many batches as the data has."""
    epochs_before: int
    """Epochs, whole or broken off, of the phases before it."""

    def epochs(self, step: int) -> float:
        """Epochs behind us at a step of this phase; one that an earlier phase broke off counts as whole."""
        return self.epochs_before + (step - self.first) / self.steps_per_epoch

    def progress(self, step: int) -> float:
        """Share of the phase behind us."""
        return (step - self.first) / self.steps if self.steps else 1.0


class Course:
    """The phases of a run, one after the other; the last takes what is left.

    Args:
        phases: as the game has them.
        batches_per_epoch: of each source, the first being that whose passes are epochs.
        total: steps of the run, or None where they are not known yet.
    """

    def __init__(
        self, phases: Sequence[Phase], batches_per_epoch: Mapping[str, int], total: int | None = None
    ) -> None:
        self.phases = list(phases)
        self.batches_per_epoch = dict(batches_per_epoch)
        self.legs: list[Leg] = []
        first, epochs = 0, 0
        for place, phase in enumerate(self.phases):
            per_epoch = self._steps_per_epoch(phase)
            end: float = math.inf
            if place < len(self.phases) - 1:
                end = first + self._length(phase, per_epoch)
            steps = min(end, math.inf if total is None else max(first, total)) - first
            self.legs.append(Leg(phase, first, steps, end, per_epoch, epochs))
            if steps == math.inf:
                break
            first, epochs = first + int(steps), epochs + math.ceil(steps / per_epoch)
        self.total = total

    def lasting(self, total: int) -> Course:
        """The same phases in a run of so many steps."""
        return Course(self.phases, self.batches_per_epoch, total)

    @property
    def unreached(self) -> list[str]:
        """Names of the phases that the run is too short for; none while its length is not known."""
        return [leg.phase.name for leg in self.legs if not leg.steps]

    def hints(self) -> list[str]:
        """Which phases the run is too short for, and what to do, in words; nothing where it reaches all."""
        phases = [f"'{name}'" for name in self.unreached]
        if not phases:
            return []
        plural = "s" if len(phases) > 1 else ""
        return [
            f"the run ends before its phase{plural} {' and '.join(phases)}: give it more steps, or "
            "the phases before fewer."
        ]

    def at(self, step: int) -> Leg:
        """The phase of the round that comes after so many rounds; at the end of the run, the last."""
        ahead = [leg for leg in self.legs if leg.first <= step and leg.steps]
        return ahead[-1] if ahead else self.legs[-1]

    def behind(self, step: int) -> Leg:
        """The phase of the last round played."""
        return self.at(max(0, step - 1))

    def epoch(self, step: int) -> float:
        """Epochs behind us after so many steps."""
        leg = self.behind(step)
        # The end of a phase ends its epoch.
        return float(math.ceil(leg.epochs(step))) if step == leg.end else round(leg.epochs(step), 6)

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch ends after so many steps: where the data has been dealt once more, or a phase
        that is not the last is over."""
        leg = self.behind(step)
        return step > 0 and (step == leg.end or (step - leg.first) % leg.steps_per_epoch == 0)

    def steps_of(self, limit: Limit) -> int:
        """Steps of a run that lasts so many steps or epochs.

        Args:
            limit: not of minutes.
        """
        if limit.steps is not None:
            return limit.steps
        assert limit.epochs is not None
        open_ended = Course(self.phases, self.batches_per_epoch)
        epochs = 0
        for leg in open_ended.legs:
            own = math.ceil(leg.steps / leg.steps_per_epoch) if leg.steps < math.inf else limit.epochs
            if leg.steps == math.inf or epochs + own >= limit.epochs:
                return leg.first + min(
                    int(min(leg.steps, 1e18)), (limit.epochs - epochs) * leg.steps_per_epoch
                )
            epochs += own
        raise AssertionError("the last phase of an open course has no end")

    def published_length(self) -> int | None:
        """Steps of a run whose last phase is as long as it says, or None where it does not."""
        last = self.phases[-1]
        if last.length is None:
            return None
        leg = Course(self.phases, self.batches_per_epoch).legs[-1]
        return leg.first + self._length(last, leg.steps_per_epoch)

    def _length(self, phase: Phase, per_epoch: int) -> int:
        length = phase.length
        assert length is not None, "only the last phase has no length"
        return length.steps if length.steps is not None else (length.epochs or 0) * per_epoch

    def _steps_per_epoch(self, phase: Phase) -> int:
        """Steps that deal the first of the game's sources that the phase looks at once."""
        dealt = deals(phase)
        for source, batches in self.batches_per_epoch.items():
            if dealt.get(source):
                return math.ceil(batches / dealt[source])
        return next(iter(self.batches_per_epoch.values()), 1)


def deals(phase: Phase) -> dict[str, int]:
    """How many batches of each source are dealt in a step of a phase."""
    dealt: dict[str, int] = {}
    for turn in phase.turns:
        for source in turn.sources:
            if turn.fresh or source not in dealt:
                dealt[source] = dealt.get(source, 0) + 1
    return dealt
