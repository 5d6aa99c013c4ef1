"""A run: a folder on disk that is the whole truth about one training.

    run.json            what was asked: system, settings, data, seed, limit; and the versions used
    status.json         how far it is
    history.jsonl       the numbers, a row at a time: `pandas.read_json("history.jsonl", lines=True)`
    events.jsonl        what happened and when: started, resumed, saved, interrupted, finished
    samples/            pictures of generated examples, always from the same latents
    samples.png         the newest of them
    curves.png          the history as curves
    checkpoints/        the latest state of everything, to resume from
    weights/            networks of epochs that were to be kept, to sample from

Nothing in it is pickled: weights and optimiser state are safetensors, the rest is JSON.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
import safetensors
import safetensors.torch
from torch import Tensor

from sparring.errors import CheckpointError, RunError, nearest
from sparring.files import read_json, write_atomically, write_folder_atomically, write_json, writing

FORMAT = 1
"""Version of the layout; a run of a higher one is refused."""

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """The state of everything after some step."""

    state: dict[str, Any]
    """Plain numbers: step, position in the data, meters, length of the history."""
    networks: Tensors
    """The game's parameters and buffers."""
    training: Tensors
    """The optimisers' memories and the state of the generator."""


class Run:
    """One run folder.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock: filelock.BaseFileLock | None = None

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    # -- making and opening ---------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path | str | None, description: dict[str, Any]) -> Run:
        """Make the folder, lock it, and write what was asked.

        Args:
            path: the folder, or None for the next free one in `runs/`.
            description: the contents of run.json, without `format`.

        Raises:
            RunError: the folder holds something already, or cannot be written.
        """
        run = cls(_claim(path, description))
        run.acquire()
        for folder in ("samples", "checkpoints", "weights"):
            with writing(run.path / folder):
                (run.path / folder).mkdir(exist_ok=True)
        run.describe(description)
        return run

    @classmethod
    def open(cls, path: Path | str) -> Run:
        """A run that exists.

        Raises:
            RunError: there is none, or it is from a newer sparring.
        """
        run = cls(path)
        if not (run.path / "run.json").is_file():
            siblings = [p.name for p in run.path.parent.glob("*") if (p / "run.json").is_file()]
            raise RunError(
                f"{run.path} is not a run: it has no run.json.{nearest(run.path.name, siblings)} "
                "`sparring train` makes one."
            )
        made = run.description.get("format")
        if not isinstance(made, int) or made > FORMAT:
            raise RunError(
                f"{run.path} is a run of format {made} and this sparring reads up to {FORMAT}: "
                "update sparring to open it."
            )
        return run

    def acquire(self) -> None:
        """Keep every other process from writing to this run until `release`.

        Raises:
            RunError: another process has it, or the folder cannot be written.
        """
        self._lock = filelock.FileLock(self.path / ".lock")
        try:
            with writing(self.path / ".lock"):
                self._lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise RunError(
                f"{self.path} is being written by another process: wait for it or stop it."
            ) from error

    def release(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.release()

    # -- what was asked, how far it is ------------------------------------------------------------------

    @property
    def description(self) -> dict[str, Any]:
        """The contents of run.json."""
        return read_json(self.path / "run.json")

    def describe(self, description: dict[str, Any]) -> None:
        """Write run.json."""
        write_json(self.path / "run.json", {"format": FORMAT} | description)

    @property
    def status(self) -> dict[str, Any]:
        """The contents of status.json: `state`, `step`, `epoch`, `total_steps`, `seconds`."""
        return read_json(self.path / "status.json")

    def set_status(self, **status: Any) -> None:
        """Write status.json."""
        write_json(self.path / "status.json", status)

    # -- what happened ----------------------------------------------------------------------------------

    def history(self) -> list[dict[str, Any]]:
        """All rows of the history that are whole."""
        return _rows(self.path / "history.jsonl")

    def add_history(self, row: dict[str, Any]) -> None:
        """Append a row to the history."""
        _append(self.path / "history.jsonl", row)

    def add_event(self, event: str, **details: Any) -> None:
        """Append to events.jsonl what happened, with the time."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        _append(self.path / "events.jsonl", {"time": now, "event": event, **details})

    def history_size(self) -> int:
        """Bytes of the history so far, all of them safely on disk."""
        path = self.path / "history.jsonl"
        if not path.exists():
            return 0
        with writing(path), path.open("rb") as file:
            os.fsync(file.fileno())
            return os.fstat(file.fileno()).st_size

    def cut_history(self, size: int) -> None:
        """Forget the rows that a killed process wrote after its last checkpoint."""
        path = self.path / "history.jsonl"
        with writing(path):
            path.touch()
            os.truncate(path, size)

    # -- checkpoints --------------------------------------------------------------------------------------

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint; once it is whole, remove the ones before it."""
        step = checkpoint.state["step"]
        target = self.path / "checkpoints" / f"step-{step:08d}"
        if target.exists():
            return
        write_folder_atomically(target, lambda folder: _fill_checkpoint(folder, checkpoint))
        for old in self._checkpoints()[:-1]:
            shutil.rmtree(old)

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint, or None where there is none yet.

        Raises:
            CheckpointError: it is damaged.
        """
        found = self._checkpoints()
        return _read_checkpoint(found[-1]) if found else None

    def keep_networks(self, epoch: int, networks: Tensors) -> None:
        """Keep the networks of an epoch for good."""
        write_atomically(self.path / "weights" / f"epoch-{epoch:04d}.safetensors", _packed(networks))

    def kept_networks(self, epoch: int) -> Tensors:
        """The networks kept after an epoch.

        Raises:
            CheckpointError: none were kept for this epoch, or the file is damaged.
        """
        path = self.path / "weights" / f"epoch-{epoch:04d}.safetensors"
        if not path.exists():
            kept = sorted(int(p.stem.removeprefix("epoch-")) for p in path.parent.glob("epoch-*.safetensors"))
            raise CheckpointError(
                f"{self.path} kept no networks of epoch {epoch}; it has those of "
                f"{', '.join(map(str, kept)) or 'none (train with --keep-every 1)'}."
            )
        return _unpacked(path)

    def _checkpoints(self) -> list[Path]:
        return sorted((self.path / "checkpoints").glob("step-*"))


def _claim(path: Path | str | None, description: dict[str, Any]) -> Path:
    """A folder that is ours: the one asked for if it is empty or new, or the next free one in runs/."""
    if path is not None:
        folder = Path(path)
        if (folder / "run.json").exists():
            raise RunError(
                f"{folder} already holds a run: continue it with `sparring resume {folder}`, or choose "
                "another --out."
            )
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            others = [entry.name for entry in folder.iterdir() if entry.name != ".lock"]
        if others:
            raise RunError(f"{folder} is not empty (it has {others[0]}): choose a new folder as --out.")
        return folder
    for number in itertools.count(1):
        folder = Path("runs") / f"{description['title']}-{number}"
        with writing(folder):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
        return folder
    raise AssertionError("itertools.count has no end")


def _append(path: Path, row: dict[str, Any]) -> None:
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def _packed(tensors: Tensors) -> bytes:
    return safetensors.torch.save({k: v.detach().cpu().contiguous() for k, v in tensors.items()})


def _unpacked(path: Path) -> Tensors:
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged or not a sparring checkpoint ({error}). Restore it from a copy, or remove "
            f"{path.parent} to go on from what is left of the run."
        ) from error


def _fill_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    digests = {}
    for name, tensors in (("networks", checkpoint.networks), ("training", checkpoint.training)):
        content = _packed(tensors)
        digests[name] = hashlib.sha256(content).hexdigest()
        write_atomically(folder / f"{name}.safetensors", content)
    write_json(folder / "state.json", checkpoint.state | {"sha256": digests})


def _read_checkpoint(folder: Path) -> Checkpoint:
    state = read_json(folder / "state.json")
    tensors = {}
    for name in ("networks", "training"):
        path = folder / f"{name}.safetensors"
        tensors[name] = _unpacked(path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != state.get("sha256", {}).get(name):
            raise CheckpointError(
                f"{path} is damaged: its contents are not what was saved. Restore it from a copy, or remove "
                f"{folder} to go on from what is left of the run."
            )
    return Checkpoint(state, tensors["networks"], tensors["training"])
