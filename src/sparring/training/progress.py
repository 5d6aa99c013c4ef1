"""What a group of runs shows while it trains: a live bar for each on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from sparring.console import console_of_run
from sparring.errors import RunError
from sparring.opening import plain_itself
from sparring.runs.folder import Run
from sparring.runs.group import Group
from sparring.runs.records import Row
from sparring.shown import counted, quoted, visible_line
from sparring.validation import check, parse_json

LINE_EVERY_SECONDS = 30.0
TAIL_BYTES = 10_000
"""How much of the end of a history is read; several rows."""


class GroupProgress:
    """Shows how far the runs of a group are.

    Args:
        group: the runs.
        quiet: whether to print nothing.
        at_once: how many are trained at a time.
    """

    def __init__(self, group: Group, quiet: bool, at_once: int) -> None:
        self.group = group
        self.at_once = at_once
        self.rich = console_of_run(quiet)
        self.live = self.rich.is_terminal and not quiet
        self._bars = Progress(
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[state]}", markup=False),
            console=self.rich,
            disable=not self.live,
        )
        self._tasks: dict[int, TaskID] = {
            seed: self._bars.add_task(f"seed {seed}", start=False, total=None, state="waiting")
            for seed in group.folders
        }
        self._said, self._text = time.monotonic(), ""

    def __enter__(self) -> GroupProgress:
        self.line(
            f"Training {counted(len(self._tasks), 'seed')} in {self.group.path}, {self.at_once} at a time."
        )
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def line(self, text: str) -> None:
        """A line of text, above the bars if there are some."""
        self.rich.print(text)

    def update(self, running: Collection[int], failed: Collection[int]) -> None:
        """Read how far the runs are, and show it.

        Args:
            running: seeds that are being trained.
            failed: seeds whose process ended with an error.
        """
        if self.live:
            for seed, task in self._tasks.items():
                status = self._status(seed)
                if seed in running:
                    self._bars.start_task(task)
                self._bars.update(
                    task,
                    total=status.get("total_steps"),
                    completed=status.get("step", 0),
                    state=state_text(status, seed in running, seed in failed),
                )
        elif time.monotonic() - self._said > LINE_EVERY_SECONDS:
            self.say()

    def say(self) -> None:
        """A line of how far all of them are, unless it would be the same again."""
        said = self._text
        self._said = time.monotonic()
        self._text = "; ".join(f"seed {seed}: {_steps(self._status(seed))}" for seed in self._tasks)
        if self._text != said:
            self.line(self._text)

    def sum_up(self) -> None:
        """What was found in the runs, and what to do next."""
        if not self.live:
            self.say()
        for run in self.group.runs():
            found = [event for event in run.events() if event.get("event") == "finding"]
            if found:
                texts = [f"{event.get('finding')} at step {event.get('step', 0):,}" for event in found]
                self.line(f"{run.path.name}: {', '.join(texts)}.")
        path = quoted(self.group.path)
        commands = [f"sparring {verb} {path}" for verb in ("evaluate", "compare", "report")]
        self.line("\n  ".join(["Try next:", *commands]))

    def _status(self, seed: int) -> dict[str, Any]:
        """How far a run is, by its history, which is newer than what it last saved; nothing where it has not
        begun."""
        folder = self.group.folders[seed]
        try:
            status = Run(folder).status
        except RunError:
            return {}
        return status | {"step": max(status["step"], newest_step(folder / "history.jsonl"))}


def newest_step(history: Path) -> int:
    """The step of the last row of a history that is whole; 0 where there is none."""
    try:
        with open(history, "rb", opener=plain_itself) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return 0
    for line in reversed(lines):
        try:
            row = parse_json(line)
            check(row, Row)
            return int(row["step"])
        except ValueError:
            # The first may be cut, and the last may be being written.
            continue
    return 0


def _steps(status: dict[str, Any]) -> str:
    if not status:
        return "waiting"
    total = status.get("total_steps")
    return f"{status['step']:,}" + ("" if total is None else f" of {total:,}")


def state_text(status: dict[str, Any], running: bool, failed: bool) -> str:
    """What becomes of a run, in a word."""
    if failed:
        return "failed"
    state = visible_line(status.get("state", "waiting"))
    # What it was before it was resumed says nothing.
    return "starting" if running and state in ("waiting", "interrupted", "failed") else state
