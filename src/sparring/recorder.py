"""The recorder: plays the rounds of an engine and writes down in a run what comes of them."""

from __future__ import annotations

import math
import shlex
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sparring.console import Console, duration_text, epoch_table, losses_text
from sparring.engine import Engine, Meter, Values
from sparring.errors import Interrupted, RunError, SparringError
from sparring.files import write_atomically
from sparring.model import load_networks, sample_picture
from sparring.plots import curves_png
from sparring.run import Checkpoint, Run

PICTURE_SECONDS = 30.0
"""Least time between two drawings of the curves."""


class Recorder:
    """Plays the rounds of one engine and writes down in the run what comes of them."""

    def __init__(
        self,
        engine: Engine,
        run: Run,
        description: dict[str, Any],
        console: Console,
        checkpoint: Checkpoint | None,
    ) -> None:
        self.engine = engine
        self.run = run
        self.description = description
        self.console = console
        self.writes = engine.processes.is_first
        self.steps_per_epoch = engine.steps_per_epoch
        self.interval, self.epoch_meter = Meter(), Meter()
        self.seconds_before = 0.0
        self.began = self.saved = self.drawn = time.monotonic()
        self.save_cost = 0.0
        self.resumed = checkpoint is not None
        self.history_size = 0
        if checkpoint is not None:
            state = checkpoint.state
            load_networks(engine.game, checkpoint.networks, str(run.path))
            engine.restore(checkpoint.networks, checkpoint.training, state)
            self.interval, self.epoch_meter = Meter(state["interval"]), Meter(state["epoch_meter"])
            self.seconds_before = state["seconds"]
            self.history_size = state["history_size"]

    def play(self) -> None:
        """Play until the run has its length, or someone asks to stop."""
        engine, total = self.engine, self.engine.total_steps
        if engine.step >= total and engine.processes.any(self.run.finished):
            self.console.line(
                f"{self.run.path} is finished ({engine.step:,} steps): to go on, give a larger --epochs, "
                "--max-steps or --max-minutes."
            )
            return
        if self.writes:
            self.run.describe(self.description)
            self.run.cut_history(self.history_size)
        verb = "Resuming" if self.resumed else "Training"
        self.console.line(
            f"{verb} {self.description['title']} in {self.run.path}: step {engine.step:,} of {total:,}."
        )
        self._record_event("resumed" if self.resumed else "started", step=engine.step)
        self._record_status("running")
        self.console.start(self.description["title"], total, engine.step)
        try:
            with stop_signals(engine) as received:
                while engine.step < total and not engine.stopping:
                    self._step()
            if engine.step < total:
                self._interrupted(received)
            self._finish()
        except SparringError as error:
            if not isinstance(error, Interrupted):
                self._record_failure(error)
            raise
        finally:
            self.console.finish(engine.step)
        self.console.line(
            f"Finished {engine.step:,} steps in {duration_text(self.seconds)}. "
            f"Picture: {self.run.path / 'samples.png'}"
        )

    @property
    def seconds(self) -> float:
        """Time spent on the run so far, over all its sessions."""
        return self.seconds_before + time.monotonic() - self.began

    @property
    def epoch(self) -> float:
        """Epochs behind us."""
        return round(self.engine.step / self.steps_per_epoch, 6)

    def _step(self) -> None:
        values = self.engine.play_round()
        self.interval.add(values)
        self.epoch_meter.add(values)
        self.console.update(self.engine.step, values)
        if self.engine.step % self.description["history_every"] == 0:
            self._record_row("steps", self.interval.reset())
        if self.engine.step % self.steps_per_epoch == 0:
            self._end_epoch()
        wait = max(self.description["checkpoint_minutes"] * 60, 50 * self.save_cost)
        if time.monotonic() - self.saved > wait:
            self._save()

    def _end_epoch(self) -> None:
        train, test = self.epoch_meter.reset(), self.engine.test()
        self._record_row("epoch", {**train, **test})
        epoch = self.engine.step // self.steps_per_epoch
        if test:
            self.console.line(f"Epoch {epoch}")
            self.console.table(epoch_table(train, test))
        elif not self.console.live:
            self.console.line(f"epoch {epoch}: {losses_text(train)}")
        if self.writes:
            keep = self.description["keep_every"]
            if keep and epoch % keep == 0:
                self.run.keep_networks(epoch, self.engine.game.state_dict())
            self._draw_samples(f"epoch-{epoch:04d}")
            if time.monotonic() - self.drawn > PICTURE_SECONDS:
                self._draw_curves()

    def _interrupted(self, received: list[int]) -> None:
        self._save()
        self._record_event("interrupted", step=self.engine.step)
        self._record_status("interrupted")
        # Whoever started the processes may end all as soon as one ends: not before all of it is written.
        self.engine.processes.any(True)
        number = received[0] if received else signal.SIGTERM
        message = (
            f"Interrupted and saved at step {self.engine.step:,}. "
            f"Go on with: sparring resume {shlex.quote(str(self.run.path))}"
        )
        # Of several processes only the first speaks.
        raise Interrupted(message if self.writes else "", 128 + number)

    def _finish(self) -> None:
        # Saved before the last, partial row of the history, so that a longer run goes on as if never stopped.
        self._save()
        if self.interval.sums:
            self._record_row("steps", self.interval.reset())
        if self.writes:
            if self.engine.step % self.steps_per_epoch:
                self._draw_samples(f"step-{self.engine.step:08d}")
            self._draw_curves()
        self._record_event("finished", step=self.engine.step)
        self._record_status("finished")
        self.engine.processes.any(True)

    def _save(self) -> None:
        began = time.monotonic()
        if self.writes:
            state = self.engine.position() | {
                "system": self.description["system"],
                "interval": self.interval.sums,
                "epoch_meter": self.epoch_meter.sums,
                "history_size": self.run.history_size(),
                "seconds": round(self.seconds, 3),
            }
            self.run.save(Checkpoint(state, self.engine.game.state_dict(), self.engine.tensors()))
            self._record_status("running")
        self.saved = time.monotonic()
        self.save_cost = self.saved - began

    def _record_failure(self, error: SparringError) -> None:
        """Write down why the run ended, if the disk still takes it; the error itself is raised anyway."""
        try:
            self._record_event("failed", step=self.engine.step, reason=str(error))
            self._record_status("failed")
        except RunError:
            self.console.line("The end of the run could not be written to its folder.")

    def _record_row(self, kind: str, values: Values) -> None:
        if self.writes:
            row = {"kind": kind, "step": self.engine.step, "epoch": self.epoch}
            self.run.add_history(row | {name: json_number(value) for name, value in values.items()})

    def _record_event(self, event: str, **details: Any) -> None:
        if self.writes:
            self.run.add_event(event, **details, seconds=round(self.seconds, 3))

    def _record_status(self, state: str) -> None:
        if self.writes:
            self.run.set_status(
                state=state,
                step=self.engine.step,
                total_steps=self.engine.total_steps,
                epoch=self.epoch,
                seconds=round(self.seconds, 3),
            )

    def _draw_samples(self, name: str) -> None:
        picture = sample_picture(self.engine.game, self.engine.dataset, self.description["seed"], self.epoch)
        for path in (self.run.path / "samples" / f"{name}.png", self.run.path / "samples.png"):
            write_atomically(path, picture)

    def _draw_curves(self) -> None:
        write_atomically(self.run.path / "curves.png", curves_png(self.run.history()))
        self.drawn = time.monotonic()


def json_number(value: float) -> float | None:
    """The value, or None where it is not finite: JSON has no NaN."""
    return value if math.isfinite(value) else None


@contextmanager
def stop_signals(engine: Engine) -> Iterator[list[int]]:
    """Make SIGINT and SIGTERM end the run after the round; a second one ends the process at once.

    Yields:
        The numbers of the signals that came.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def ask(number: int, frame: FrameType | None) -> None:
        received.append(number)
        engine.stop_asked = True
        signal.signal(number, before[number])

    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, ask)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
