"""A run: a folder on disk that is the whole truth about one training.

    run.json            what was asked: system, settings, data, seed, limit; and the versions used
    status.json         how far it is
    history.jsonl       the numbers, a row at a time: `pandas.read_json("history.jsonl", lines=True)`
    events.jsonl        what happened and when: started, resumed, findings, rolled back, finished, ...
    samples/            pictures of generated examples, always from the same latents
    samples.png         the newest of them; real.png, before.png and after.png to look at beside it
    curves.png          the history as curves, from its second row on
    checkpoints/        the latest state of everything, to resume from
    weights/            networks of epochs that were to be kept, to sample from

Nothing in it is pickled: weights and optimiser state are safetensors, the rest is JSON.
"""

from __future__ import annotations

import os
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock

from sparring.errors import CheckpointError, RunError, nearest
from sparring.exporting.layout import is_exported
from sparring.opening import plain_itself
from sparring.runs.checkpoint import Tensors, packed, read_weights, unpacked
from sparring.runs.checkpoints import Checkpoints
from sparring.runs.description import FORMAT, as_of_today, check_description
from sparring.runs.files import (
    LARGEST_ROWS,
    append_row,
    cut_torn_line,
    is_locked,
    own_copy,
    read,
    read_json,
    read_rows,
    refuse_links,
    remove_leftovers,
    write_atomically,
    write_json,
    writing,
)
from sparring.runs.place import claim, is_group, is_run, is_tuning, refuse_occupied
from sparring.runs.records import Event, Row, Status
from sparring.runs.tables import frame_of, write_csv
from sparring.shown import counted, quoted
from sparring.validation import check, parse_json

FOLDERS = ("samples", "checkpoints", "weights")


class Run:
    """One run folder.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.checkpoints = Checkpoints(self.path)
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
        run = cls(claim(path, description["title"]))
        run.acquire()
        # Someone may have been quicker between the claim and the lock.
        refuse_occupied(run.path)
        run.describe(description)
        run.tidy()
        return run

    @classmethod
    def open(cls, path: Path | str) -> Run:
        """A run that exists.

        Raises:
            RunError: there is none, it is from a newer sparring or damaged, or something in it is a link.
        """
        run = cls(path)
        if is_group(run.path):
            raise RunError(
                f"{run.path} is a group of runs, one for each seed: give one of them, such as "
                f"{next(iter(sorted(run.path.glob('seed-*/'))), run.path / 'seed-0')}."
            )
        if is_tuning(run.path):
            raise RunError(
                f"{run.path} is a search for settings: give one of its runs, such as {run.path / 'trial-0'}; "
                f"`sparring tune {quoted(run.path)}` goes on with it."
            )
        if is_exported(run.path) and not is_run(run.path):
            raise RunError(
                f"{run.path} is an exported model, which can be sampled from and has nothing to go on with: "
                "give the folder of the run that it was exported from."
            )
        if not os.path.lexists(run.path / "run.json"):
            siblings = [p.name for p in run.path.parent.glob("*") if os.path.isfile(p / "run.json")]
            raise RunError(
                f"{run.path} is not a run: it has no run.json.{nearest(run.path.name, siblings)} "
                "`sparring train` makes one."
            )
        refuse_links(run.path)
        check_description(run.path / "run.json", run.description)
        return run

    def acquire(self) -> None:
        """Keep every other process from writing to this run until `release`.

        Raises:
            RunError: another process has it, or the folder cannot be written.
        """
        self._lock = filelock.FileLock(self.path / ".lock")
        with writing(self.path / ".lock"):
            try:
                self._lock.acquire(timeout=0)
            except filelock.Timeout as error:
                raise RunError(
                    f"{self.path} is being written by another process: wait for it or stop it."
                ) from error

    def tidy(self) -> None:
        """Put in order what a process that was killed may have left; only for who has acquired the run."""
        for folder in (self.path, *(self.path / name for name in FOLDERS)):
            with writing(folder):
                folder.mkdir(exist_ok=True)
            remove_leftovers(folder)
        for name in ("history.jsonl", "events.jsonl"):
            own_copy(self.path / name)
        cut_torn_line(self.path / "events.jsonl")

    @property
    def is_held(self) -> bool:
        """Whether a process of this machine is writing to it now; finding out changes nothing."""
        return is_locked(self.path / ".lock")

    def release(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.release()

    # -- what was asked, how far it is ------------------------------------------------------------------

    @property
    def description(self) -> dict[str, Any]:
        """The contents of run.json."""
        return as_of_today(read_json(self.path / "run.json", dict[str, Any]))

    def describe(self, description: dict[str, Any]) -> None:
        """Write run.json."""
        write_json(self.path / "run.json", {"format": FORMAT} | description)

    @property
    def status(self) -> dict[str, Any]:
        """The contents of status.json, which `Status` declares.

        Raises:
            RunError: there is none yet, or it is damaged.
        """
        return read_json(self.path / "status.json", Status)

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end and all of it is written."""
        try:
            return bool(self.status.get("state") == "finished")
        except RunError:
            return False

    def set_status(self, **status: Any) -> None:
        """Write status.json."""
        write_json(self.path / "status.json", status)

    def mark_interrupted(self) -> None:
        """Say of a run that calls itself running that it was interrupted; what it saved stays as it is."""
        try:
            status = self.status
        except RunError:
            return  # It had not begun.
        if status["state"] == "running":
            self.set_status(**status | {"state": "interrupted"})
            self.add_event("interrupted", step=status["step"])

    # -- what happened ----------------------------------------------------------------------------------

    def history(self) -> list[dict[str, Any]]:
        """All rows of the history that are whole.

        Raises:
            RunError: it is damaged.
        """
        return read_rows(self.path / "history.jsonl", Row, dict[str, float | str | None])

    def end_of(self, epoch: int) -> int | None:
        """The step after which an epoch ended; None where the history does not say.

        Raises:
            RunError: it is damaged.
        """
        ends = [row["step"] for row in self.history() if row["kind"] == "epoch" and row["epoch"] == epoch]
        return int(ends[-1]) if ends else None

    def frame(self, kind: str | None = None) -> Any:
        """The history as a pandas table, which needs `pip install pandas`.

        Args:
            kind: of the rows: `steps`, `epoch`, `health` or `finding`; by default all of them.
        """
        return frame_of(self.history(), kind)

    def write_csv(self, path: Path | str, kind: str = "steps") -> Path:
        """Write the history as comma-separated values.

        Args:
            path: the file.
            kind: of the rows, as `frame` takes it.
        """
        return write_csv(self.history(), kind, Path(path))

    def _repr_html_(self) -> str:
        """The run as a notebook shows it."""
        from sparring.notebooks import run_html

        return run_html(self)

    def add_history(self, row: dict[str, Any]) -> None:
        """Append a row to the history."""
        append_row(self.path / "history.jsonl", row)

    def add_event(self, event: str, **details: Any) -> None:
        """Append to events.jsonl what happened, with the time."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        append_row(self.path / "events.jsonl", {"time": now, "event": event, **details})

    def events(self) -> list[dict[str, Any]]:
        """All events that can be read: one torn line is no reason to be silent about the others."""
        try:
            lines = read(self.path / "events.jsonl", LARGEST_ROWS).splitlines()
        except RunError:
            return []
        events = []
        for line in lines:
            try:
                event = parse_json(line)
                check(event, Event)
            except ValueError:
                continue
            events.append(event)
        return events

    def history_size(self) -> int:
        """Bytes of the history so far, all of them safely on disk."""
        path = self.path / "history.jsonl"
        if not path.exists():
            return 0
        with writing(path), open(path, "rb", opener=plain_itself) as file:
            os.fsync(file.fileno())
            return os.fstat(file.fileno()).st_size

    def copy_history(self, after: int, name: str) -> None:
        """Copy the rows after so many bytes of the history into a file in the folder, unless it is there."""
        if not (self.path / name).exists():
            write_atomically(self.path / name, read(self.path / "history.jsonl", LARGEST_ROWS)[after:])

    def cut_history(self, size: int) -> None:
        """Forget the rows after the first `size` bytes of the history."""
        path = self.path / "history.jsonl"
        with writing(path), open(path, "ab", opener=plain_itself) as file:
            found = os.fstat(file.fileno()).st_size
            file.truncate(min(size, found))
        if size > found:
            warnings.warn(
                f"{path} lacks its last {counted(size - found, 'byte')}: rows are missing", stacklevel=2
            )
        cut_torn_line(path)

    # -- networks -----------------------------------------------------------------------------------------

    def keep_networks(self, epoch: int, networks: Tensors) -> None:
        """Keep the networks of an epoch for good."""
        write_atomically(self.path / "weights" / f"epoch-{epoch:04d}.safetensors", packed(networks))

    def kept_networks(self, epoch: int) -> Tensors:
        """The networks kept after an epoch.

        Raises:
            CheckpointError: none were kept for this epoch, or the file is damaged.
        """
        path = self.path / "weights" / f"epoch-{epoch:04d}.safetensors"
        if not path.exists():
            kept = sorted(int(p.stem.removeprefix("epoch-")) for p in path.parent.glob("epoch-*.safetensors"))
            others = (
                f"it has those of {', '.join(map(str, kept))}"
                if kept
                else "train with --keep-every to keep some"
            )
            raise CheckpointError(f"{self.path} kept no networks of epoch {epoch}: {others}.")
        return unpacked(read_weights(path), path)
