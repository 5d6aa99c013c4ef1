"""Recording: what a run writes down of what happens in it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sparring.blame import sentence_of
from sparring.console import Console, epoch_tables, losses_text
from sparring.errors import RunError
from sparring.game import Number
from sparring.health.findings import Finding
from sparring.imports import OWN_FILES
from sparring.plots import curves_png
from sparring.runs.files import write_atomically
from sparring.runs.folder import Run
from sparring.sample_pictures import REAL, SAMPLES, real_picture, sample_pictures
from sparring.settings import Count
from sparring.training.callbacks import ON_EPOCH, ON_STEP, SILENT, Callbacks, Moment
from sparring.training.engine import Engine
from sparring.training.meter import Meter
from sparring.validation import Whole, check

PICTURE_SECONDS = 60.0
"""Least time between two drawings of the curves."""

Sums = dict[str, tuple[float, Count]]


@dataclass(frozen=True)
class RecordingState:
    """What a recording remembers."""

    interval: Sums
    epoch: Sums
    history_size: Whole


class Recording:
    """Writes one run down.

    Args:
        engine: what is recorded.
        run: where.
        description: the contents of run.json.
        console: where it is shown.
        callbacks: are told of what is written.
    """

    def __init__(
        self,
        engine: Engine,
        run: Run,
        description: dict[str, Any],
        console: Console,
        callbacks: Callbacks = SILENT,
    ) -> None:
        self.engine = engine
        self.run = run
        self.description = description
        self.console = console
        self.callbacks = callbacks
        self.writes = engine.processes.is_first
        # Found out together: all processes wait for what is told in the first.
        self.tells = engine.processes.any(self.writes and bool(callbacks.of))
        self.interval, self.epoch_meter = Meter(), Meter()
        self.history_size = 0
        """Bytes of the history at the last checkpoint."""
        self.seconds_before = 0.0
        self.began = self.drawn = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time spent on the run so far, over all its sessions."""
        return self.seconds_before + time.monotonic() - self.began

    @property
    def epoch(self) -> float:
        """Epochs behind us."""
        return self.engine.course.epoch(self.engine.step)

    # -- rows ---------------------------------------------------------------------------------------------

    def round(self, values: Mapping[str, Number]) -> None:
        """Count the terms of a round, and write a row, or report an epoch, where one is due."""
        self.interval.add(values)
        self.epoch_meter.add(values)
        self.console.update(self.engine.step, values)
        if self.engine.step % self.description["history_every"] == 0:
            means = self.interval.reset()
            self.row("steps", means)
            self.tell(ON_STEP, means)
        if self.engine.course.ends_epoch(self.engine.step):
            self.end_epoch()

    def row(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append a row to the history."""
        if self.writes:
            row = {"kind": kind, "step": self.engine.step, "epoch": self.epoch}
            self.run.add_history(row | {name: json_value(value) for name, value in values.items()})

    def end_epoch(self) -> None:
        """Report an epoch: its row, its tables, its networks if they are to be kept, its samples."""
        epoch = int(self.epoch)
        train, test = self.epoch_meter.reset(), self.engine.test() if self._tests(epoch) else {}
        self.row("epoch", {**train, **test})
        tables = epoch_tables(train, test)
        if tables or not self.console.live:
            self.console.line(f"epoch {epoch}: {losses_text(train)}")
        for table in tables:
            self.console.table(table)
        keep = self.description["keep_every"]
        kept = keep and epoch % keep == 0
        if kept:
            self.engine.soundness.look()
            self.engine.soundness.check_weights(self.engine.step)
        if self.writes:
            if kept:
                self.run.keep_networks(epoch, self.engine.game.state_dict())
            self._draw_samples(f"epoch-{epoch:04d}")
            if time.monotonic() - self.drawn > PICTURE_SECONDS:
                self._draw_curves()
        self.tell(ON_EPOCH, {**train, **test})

    def _tests(self, epoch: int) -> bool:
        """Whether an epoch is tested: so many lie between two tests, and after the last none is to come."""
        total = self.description["total_steps"]
        last = total is not None and self.engine.course.epoch(total) < epoch + 1
        return last or epoch % int(self.description["test_every"]) == 0

    def finish(self) -> None:
        """Write the last row, which may be of fewer steps, and the last pictures."""
        means = self.interval.reset() if self.interval.sums else None
        if means is not None:
            self.row("steps", means)
        if self.writes:
            if not self.engine.course.ends_epoch(self.engine.step):
                self._draw_samples(f"step-{self.engine.step:08d}")
            self._draw_curves()
        if means is not None:
            self.tell(ON_STEP, means)

    def cut_back(self) -> None:
        """Forget the rows since the last checkpoint."""
        if self.writes:
            self.run.cut_history(self.history_size)

    def tell(self, name: str, values: Mapping[str, Any] | None = None) -> None:
        """Call the callbacks of a name, where this process writes; an error in one ends all processes."""
        if not self.tells:
            return
        with self.engine.processes.ending_together():
            if self.writes:
                self.callbacks.tell(name, self._moment(values or {}))

    def _moment(self, values: Mapping[str, Any]) -> Moment:
        numbers = {name: json_value(value) for name, value in values.items()}
        total, suffix = self.description["total_steps"], self.engine.dataset.examples.kind.suffix
        return Moment(self.run, self.engine.step, total, self.epoch, self.seconds, numbers, suffix)

    # -- events -------------------------------------------------------------------------------------------

    def event(self, event: str, **details: Any) -> None:
        """Write down what happened."""
        if self.writes:
            self.run.add_event(event, **details, seconds=round(self.seconds, 3))

    def status(self, state: str) -> None:
        """Write down how far the run is."""
        if self.writes:
            self.run.set_status(
                state=state,
                step=self.engine.step,
                total_steps=self.description["total_steps"],
                epoch=self.epoch,
                phase=self.engine.course.behind(self.engine.step).phase.name,
                seconds=round(self.seconds, 3),
            )

    def finding(self, finding: Finding) -> None:
        """Say it on the screen, in the history, and in the events."""
        step = self.engine.step
        self.console.finding(step, finding)
        if not self.writes:
            return
        self.row("finding", {"finding": finding.name})
        # A run that was killed and resumed comes to what it has found before.
        before = [(event.get("step"), event.get("evidence")) for event in self.run.events()]
        if (step, finding.evidence) not in before:
            texts = {name: getattr(finding, name) for name in ("evidence", "meaning", "remedy")}
            self.event("finding", step=step, finding=finding.name, **texts)

    def failure(self, error: BaseException) -> None:
        """Write down why the run ended, if the disk still takes it; the error itself is raised anyway."""
        if self.run.finished:
            # What its end calls has failed, not the run.
            return
        try:
            self.event("failed", step=self.engine.step, reason=sentence_of(error, OWN_FILES))
            self.status("failed")
        except RunError:
            self.console.line("The end of the run could not be written to its folder.")

    # -- what it remembers --------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The running sums, and how long the history is."""
        return {
            "interval": self.interval.state(),
            "epoch": self.epoch_meter.state(),
            "history_size": self.run.history_size(),
        }

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `Misfit` unless a state could be a recording's."""
        check(state, RecordingState)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with them."""
        self.interval.restore(state["interval"])
        self.epoch_meter.restore(state["epoch"])
        self.history_size = state["history_size"]

    # -- pictures -----------------------------------------------------------------------------------------

    def _draw_samples(self, name: str) -> None:
        game, dataset = self.engine.game, self.engine.dataset
        suffix = dataset.examples.kind.suffix
        pictures = sample_pictures(game, dataset, self.description["seed"], self.epoch)
        if not (self.run.path / f"{REAL}{suffix}").exists() and (real := real_picture(game, dataset)):
            pictures[REAL] = real
        write_atomically(self.run.path / "samples" / f"{name}{suffix}", pictures[SAMPLES])
        for which, picture in pictures.items():
            write_atomically(self.run.path / f"{which}{suffix}", picture)
        for line in dataset.examples.kind.glimpse(pictures[SAMPLES]):
            self.console.line(f"  {line}")

    def _draw_curves(self) -> None:
        history = self.run.history()
        # A single point is no curve, and to load what draws them takes a second.
        if sum(row.get("kind") == "steps" for row in history) > 1:
            write_atomically(self.run.path / "curves.png", curves_png(history))
        self.drawn = time.monotonic()


def json_value(value: Any) -> Any:
    """The value, or None for a number that is not finite: JSON has no NaN."""
    if isinstance(value, str):
        return value
    number = float(value)
    return number if math.isfinite(number) else None
