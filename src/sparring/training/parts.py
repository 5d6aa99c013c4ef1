"""The parts of a run that remember: a checkpoint is the state of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from sparring.errors import CheckpointError
from sparring.runs.checkpoint import Checkpoint
from sparring.validation import Misfit, check, within


class Part(Protocol):
    """Something that remembers."""

    def state(self) -> dict[str, Any]:
        """What it remembers, as mappings of plain values and tensors."""

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `Misfit` unless a state, which someone else may have made, could be this part's."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with what `state` gave."""


def check_state(name: str, part: Part, checkpoint: Checkpoint, run: Path) -> None:
    """Raise CheckpointError unless what a checkpoint has of a part could be its own.

    Args:
        name: of the part.
        part: which is to be restored afterwards.
        checkpoint: which someone else may have made.
        run: whose it is.
    """
    try:
        with within("parts", name):
            check(checkpoint.parts.get(name), dict[str, Any])
            part.check(checkpoint.parts[name])
    except Misfit as misfit:
        raise CheckpointError(
            f"The checkpoint of {run} after step {checkpoint.step:,} is damaged: {misfit}. "
            "Restore it from a copy, or remove it to go on from what is left of the run."
        ) from misfit
