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
from sparring.errors import Interrupted, NotANumber, RunError, SparringError, TrainingError
from sparring.files import write_atomically
from sparring.health.findings import PATIENCE, Finding, not_a_number
from sparring.health.monitor import Monitor
from sparring.health.remedies import Context
from sparring.model import load_networks, sample_picture
from sparring.plots import curves_png
from sparring.run import Checkpoint, Run, proven
from sparring.zoo import short_name

PICTURE_SECONDS = 30.0
"""Least time between two drawings of the curves."""
MOST_ROLLBACKS = 3
"""Times a run goes back before it gives up."""
GENTLER = 0.5
"""What every learning rate is multiplied by each time a run goes back."""
GENTLE_STEPS = 250
"""Steps after which a run that went back once has its learning rates again; from the second time on they stay
small. Trouble that came by chance should not slow a run for good, and trouble that comes again will."""


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
        self.rollbacks = 0
        self.gentle_until: int | None = None
        """The step from which on learning rates are what they were; None where they stay as they are."""
        self.context = Context(
            short_name(description["system"]), type(engine.game), engine.game.settings, engine.dataset.name
        )
        if checkpoint is None:
            self.monitor = self._monitor(None, [])
        else:
            load_networks(engine.game, checkpoint.networks, str(run.path))
            self._continue_from(checkpoint)
            self.seconds_before = checkpoint.state["seconds"]

    def _continue_from(self, checkpoint: Checkpoint) -> None:
        """Put everything back to where it was when the checkpoint was written."""
        state = checkpoint.state
        self.engine.restore(checkpoint.networks, checkpoint.training, state)
        self.interval, self.epoch_meter = Meter(state["interval"]), Meter(state["epoch_meter"])
        self.history_size = state["history_size"]
        self.rollbacks = state.get("rollbacks", 0)
        self.gentle_until = state.get("gentle_until")
        past = [row for row in self.run.history() if row["step"] <= self.engine.step]
        self.monitor = self._monitor(checkpoint, past)

    def _monitor(self, checkpoint: Checkpoint | None, past: list[dict[str, Any]]) -> Monitor | None:
        """Who watches the run, knowing what was seen of it before."""
        every = self.description.get("health_every", 0)
        if not every:
            return None
        state = checkpoint.state.get("health") if checkpoint else None
        tensors = checkpoint.training if checkpoint else None
        return Monitor(self.engine, every, self.context, past, state, tensors)

    def play(self) -> None:
        """Play until the run has its length, or someone asks to stop."""
        engine, total = self.engine, self.engine.total_steps
        if engine.step >= total and engine.processes.any(self.run.finished):
            self.console.line(
                f"{self.run.path} is finished ({engine.step:,} steps): to go on, give a larger --epochs, "
                "--max-steps or --max-minutes."
            )
            return
        if self.resumed:
            self._complete_roll_back()
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
            if not self.resumed:
                self._save()
            with stop_signals(engine) as received:
                while engine.step < total and not engine.stopping:
                    self._step()
            if engine.step < total:
                self._interrupted(received)
            self._finish()
        except SparringError as error:
            if not isinstance(error, Interrupted):
                self._record_failure(error)
            if isinstance(error, TrainingError) and not self.writes:
                # All processes meet it together, and the first says it.
                raise Interrupted("", error.exit_code) from error
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
        """A round, and what is due after it; or what is to be done where numbers are lost."""
        watched = self.monitor is not None and self.monitor.due
        if self.engine.step == self.gentle_until:
            self.engine.learning_rate_factor = 1.0
        try:
            values = self.engine.play_round(watched)
            self._record_round(values)
            if watched:
                self._check_health(values)
            if self._save_is_due:
                self._save()
        except NotANumber as error:
            self._survive(error)

    def _record_round(self, values: Values) -> None:
        self.interval.add(values)
        self.epoch_meter.add(values)
        self.console.update(self.engine.step, values)
        if self.engine.step % self.description["history_every"] == 0:
            self._record_row("steps", self.interval.reset())
        if self.engine.step % self.steps_per_epoch == 0:
            self._end_epoch()

    @property
    def _save_is_due(self) -> bool:
        # The end is saved before the last, partial row of the history, so that a longer run goes on as if
        # never stopped.
        wait = max(self.description["checkpoint_minutes"] * 60, 50 * self.save_cost)
        due = time.monotonic() - self.saved > wait
        # Clocks differ, and weights that are broken must be met by all processes together.
        return self.engine.step >= self.engine.total_steps or self.engine.processes.any(due)

    # -- health -------------------------------------------------------------------------------------------

    def _check_health(self, values: Values) -> None:
        """Measure, write down, and do what the run was told to do about what is found."""
        assert self.monitor is not None
        self._record_row("health", self.monitor.measure(values))
        for finding in self.monitor.findings():
            self._record_finding(finding)
            if self.policy == "stop":
                self._save()
                raise TrainingError(
                    f"Stopped at step {self.engine.step:,}, as --on-unhealthy stop asks: {finding.name}. "
                    f"{finding.remedy} `sparring resume` goes on in spite of it."
                )
            if self.policy == "rollback":
                steps = self.run.checkpoint_steps()
                self._roll_back(finding, max(proven(steps, self.engine.step, self._proof), default=steps[0]))
                return

    def _survive(self, error: NotANumber) -> None:
        """Go back to where all numbers were finite, unless the run is to stop."""
        finding = not_a_number(error, self.context)
        self._record_finding(finding)
        if self.policy == "stop":
            raise TrainingError(f"{error} {finding.remedy}") from error
        self._roll_back(finding, self.run.checkpoint_steps()[-1])

    def _roll_back(self, finding: Finding, step: int) -> None:
        """Go back to the checkpoint of a step, and on from there with other noise and a gentler learning
        rate.

        Raises:
            TrainingError: it has gone back too often already.
        """
        if self.rollbacks == MOST_ROLLBACKS:
            raise TrainingError(
                f"Gave up at step {self.engine.step:,}, after going back {MOST_ROLLBACKS} times: "
                f"{finding.name}. {finding.evidence} {finding.remedy}"
            )
        times, failed_at = self.rollbacks + 1, self.engine.step
        factor = GENTLER**times
        # Written first: a run that is killed from here on goes back when it is resumed.
        self._record_event(
            "rolled back",
            step=failed_at,
            to=step,
            times=times,
            reason=finding.name,
            learning_rate_factor=factor,
        )
        self._go_back(step, times, failed_at)
        until = "" if self.gentle_until is None else f" until step {self.gentle_until:,}"
        self.console.line(
            f"Went back from step {failed_at:,} to {step:,} because of: {finding.name}. Goes on with other "
            f"noise and {factor:g} of the learning rates{until} ({times} of at most {MOST_ROLLBACKS} times)."
        )

    def _go_back(self, step: int, times: int, failed_at: int) -> None:
        """Put the run back to a step, for the so-manieth time."""
        checkpoint = self.run.checkpoint(step)
        # All processes have read the checkpoint before the first changes the folder, and go on afterwards.
        self.engine.processes.any(True)
        if self.writes:
            # In this order a run that is killed in between, or has no room, loses nothing.
            size = checkpoint.state["history_size"]
            self.run.copy_history(size, f"before-rollback-{times}.jsonl")
            self.run.go_back(step)
            self.run.cut_history(size)
        self.engine.processes.any(True)
        self._continue_from(checkpoint)
        self.rollbacks = times
        self.gentle_until = failed_at + GENTLE_STEPS if times == 1 else None
        self.engine.learning_rate_factor = GENTLER**times
        self.engine.game.random.renew(f"roll-back {times}")

    def _complete_roll_back(self) -> None:
        """Do again what was lost where a run was killed after it had gone back and before it saved itself."""
        events = [event for event in self.run.events() if event.get("event") == "rolled back"]
        if events and events[-1].get("times", 0) > self.rollbacks:
            self._go_back(events[-1]["to"], events[-1]["times"], events[-1]["step"])

    def _record_finding(self, finding: Finding) -> None:
        """Say it on the screen, in the history, and in the events."""
        step = self.engine.step
        self.console.finding(step, finding)
        if not self.writes:
            return
        self.run.add_history({"kind": "finding", "step": step, "epoch": self.epoch, "finding": finding.name})
        # A run that was killed and resumed comes to what it has found before.
        before = [(event.get("step"), event.get("evidence")) for event in self.run.events()]
        if (step, finding.evidence) not in before:
            texts = {name: getattr(finding, name) for name in ("evidence", "meaning", "remedy")}
            self._record_event("finding", step=step, finding=finding.name, **texts)

    @property
    def policy(self) -> str:
        """What the run was told to do when it is unhealthy: `warn`, `stop` or `rollback`."""
        policy: str = self.description.get("on_unhealthy", "warn")
        return policy

    @property
    def _proof(self) -> int:
        """Steps after which trouble that had begun would have been found."""
        return PATIENCE * int(self.description.get("health_every", 0))

    # -- writing ------------------------------------------------------------------------------------------

    def _end_epoch(self) -> None:
        train, test = self.epoch_meter.reset(), self.engine.test()
        self._record_row("epoch", {**train, **test})
        epoch = self.engine.step // self.steps_per_epoch
        if test:
            self.console.line(f"Epoch {epoch}")
            self.console.table(epoch_table(train, test))
        elif not self.console.live:
            self.console.line(f"epoch {epoch}: {losses_text(train)}")
        keep = self.description["keep_every"]
        kept = keep and epoch % keep == 0
        if kept:
            self.engine.check_weights()
        if self.writes:
            if kept:
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
        self.engine.check_weights()
        if self.writes:
            state = self.engine.position() | {
                "system": self.description["system"],
                "interval": self.interval.sums,
                "epoch_meter": self.epoch_meter.sums,
                "history_size": self.run.history_size(),
                "seconds": round(self.seconds, 3),
                "rollbacks": self.rollbacks,
                "gentle_until": self.gentle_until,
            }
            tensors = self.engine.tensors()
            if self.monitor is not None:
                state["health"] = self.monitor.state()
                tensors |= self.monitor.tensors()
            kept = self._proof if self.policy == "rollback" else None
            self.run.save(Checkpoint(state, self.engine.game.state_dict(), tensors), kept)
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
