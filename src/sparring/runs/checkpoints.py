"""The checkpoints of one run: which there are, which are still of use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sparring.errors import CheckpointError
from sparring.runs.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from sparring.runs.description import identity_of
from sparring.runs.files import read_json, remove_folder_atomically, write_folder_atomically
from sparring.runs.landmarks import needed


class Checkpoints:
    """The checkpoints in a run folder.

    Args:
        run: the folder.
    """

    def __init__(self, run: Path) -> None:
        self.run = run

    def save(self, checkpoint: Checkpoint, landmark_every: int, verified_after: int = 0) -> None:
        """Write a checkpoint; once it is whole, remove those before it that are of no use any more.

        Args:
            checkpoint: the state of everything.
            landmark_every: steps between two that a run may go back to; see `needed`.
            verified_after: how many steps back a run may have to go.
        """
        target = self._folder(checkpoint.step)
        if target.exists():
            return
        identity = self._identity()
        write_folder_atomically(target, lambda folder: write_checkpoint(folder, checkpoint, identity))
        steps = self.steps()
        for old in set(steps) - needed(steps, landmark_every, verified_after):
            self._remove(old)

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint, or None where there is none yet.

        Raises:
            CheckpointError: it is damaged, or of another run.
        """
        while steps := self.steps():
            try:
                return self.at(steps[-1])
            except CheckpointError:
                # A run that goes on has removed it meanwhile, for a newer one.
                if steps[-1] in self.steps():
                    raise
        return None

    def at(self, step: int) -> Checkpoint:
        """The checkpoint of a step.

        Raises:
            CheckpointError: there is none, it is damaged, or of another run.
        """
        return read_checkpoint(self._folder(step), self._identity())

    def steps(self) -> list[int]:
        """The steps of which there is a checkpoint, in order."""
        folders = (self.run / "checkpoints").glob("step-*")
        numbers = [folder.name.removeprefix("step-") for folder in folders]
        return sorted(int(number) for number in numbers if number.isdecimal())

    def go_back(self, step: int) -> None:
        """Make the checkpoint of a step the newest: remove the later ones."""
        for later in self.steps():
            if later > step:
                self._remove(later)

    def _folder(self, step: int) -> Path:
        return self.run / "checkpoints" / f"step-{step:08d}"

    def _remove(self, step: int) -> None:
        remove_folder_atomically(self._folder(step))

    def _identity(self) -> dict[str, Any]:
        """What they share with their run."""
        return identity_of(read_json(self.run / "run.json", dict[str, Any]))
