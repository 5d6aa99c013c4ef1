"""What one turn has made, for the turns after it in the same round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from sparring.data.dataset import Batch

Made = TypeVar("Made")


class MadeBefore(Generic[Made]):
    """Keeps what was made of batches, until the next round.

    A critic can so be shown the very images with which its generator has just learnt, and they are not made
    twice. Whoever asks must be able to make them: turns may come in another order, or look ahead.
    """

    def __init__(self) -> None:
        self._step = -1
        self._made: dict[tuple[tuple[int, ...], ...], Made] = {}

    def keep(self, step: int, batches: Sequence[Batch], made: Made) -> None:
        """Keep what was made.

        Args:
            step: rounds behind us.
            batches: of what.
            made: that.
        """
        if step != self._step:
            self._step, self._made = step, {}
        self._made[_names(batches)] = made

    def of(self, step: int, batches: Sequence[Batch]) -> Made | None:
        """What was made last of the same examples in this round, if anything."""
        return self._made.get(_names(batches)) if step == self._step else None


def _names(batches: Sequence[Batch]) -> tuple[tuple[int, ...], ...]:
    # Parts of a batch are cut out anew for every turn: they are known by their examples.
    return tuple(tuple(batch.indices.tolist()) for batch in batches)
