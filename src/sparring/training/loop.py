"""The loop: plays a run's rounds until it has its length, or someone asks to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from typing import Any

from sparring.console import Console, duration_text
from sparring.errors import Interrupted, NotANumber, TrainingError
from sparring.game import Number
from sparring.health.findings import Finding, not_a_number
from sparring.health.monitor import Monitor
from sparring.health.remedies import Context
from sparring.kept_memory import memory_kept
from sparring.loading import check_networks
from sparring.runs.checkpoint import Checkpoint
from sparring.runs.folder import Run
from sparring.settings import Limit
from sparring.shown import amount, counted, quoted
from sparring.training.callbacks import ON_END, SILENT, Callbacks
from sparring.training.engine import Engine
from sparring.training.fitting import fitting_rules
from sparring.training.pace import Pace
from sparring.training.parts import Part, check_state
from sparring.training.recording import Recording
from sparring.training.recovery import Recovery
from sparring.training.signals import stop_signals
from sparring.zoo import short_name


class Loop:
    """Plays the rounds of one engine, saves the run, and heeds what the monitor finds.

    Args:
        engine: what is played.
        run: where it is recorded.
        description: the contents of run.json.
        console: where it is shown.
        checkpoint: where to go on; None for a new run.
        pace: finds out how long the run is; None where that is known.
        callbacks: are told how it goes.
    """

    def __init__(
        self,
        engine: Engine,
        run: Run,
        description: dict[str, Any],
        console: Console,
        checkpoint: Checkpoint | None,
        pace: Pace | None = None,
        callbacks: Callbacks = SILENT,
    ) -> None:
        self.engine = engine
        self.run = run
        self.description = description
        self.console = console
        self.resumed = checkpoint is not None
        self.pace = pace
        self.recording = Recording(engine, run, description, console, callbacks)
        self.recovery = Recovery(self.recording)
        self.context = Context(
            short_name(description["system"]),
            type(engine.game),
            engine.game.settings,
            engine.dataset.name,
            {name: player.role for name, player in engine.players.items()},
            engine.dataset.examples.kind.discrete,
            engine.dataset.examples.kind.has_size,
            [each.settings for each in fitting_rules(type(engine.game), engine.dataset)],
            description.get("enough_steps") or 0,
            engine.game.idle_settings(engine.game.settings, engine.dataset.spec),
        )
        self.monitor: Monitor | None = None
        self.saved = time.monotonic()
        self.save_cost = 0.0
        if checkpoint is None:
            self._watch([])
        else:
            check_networks(engine.game, checkpoint.networks, str(run.path))
            self._restore(checkpoint, from_outside=True)
            self.recording.seconds_before = checkpoint.seconds

    @memory_kept()
    def play(self) -> None:
        """Play until the run has its length, or someone asks to stop."""
        engine, total = self.engine, self.description["total_steps"]
        if self._over and engine.processes.any(self.run.finished):
            self.console.line(
                f"{self.run.path} is finished ({counted(engine.step, 'step')}): to go on, give a larger "
                "--epochs, --max-steps or --max-minutes."
            )
            return
        if self.resumed:
            self._complete_roll_back()
        before = self.run.description if engine.step else self.description
        changed = (
            {"length_before": before["total_steps"]}
            if before["total_steps"] != total and before["limit"] != self.description["limit"]
            else {}
        )
        if self.recording.writes:
            self.run.describe(self.description)
        self.recording.cut_back()
        verb = "Resuming" if self.resumed else "Training"
        of = "" if total is None else f" of {total:,}"
        self.console.line(f"{verb} {self.description['title']} in {self.run.path}: step {engine.step:,}{of}.")
        self._hint()
        self.recording.event("resumed" if self.resumed else "started", step=engine.step, **changed)
        self.recording.status("running")
        self.console.start(self.description["title"], total, engine.step, engine.batch_size)
        try:
            received: list[int] = []

            def stop(number: int, before: Any) -> None:
                """End the run after the round; a second such signal ends the process at once."""
                received.append(number)
                engine.stop_asked = True
                signal.signal(number, before)

            with stop_signals([signal.SIGINT, signal.SIGTERM], stop):
                if not self.resumed:
                    self._save_checked()
                while not (self._over or engine.stopping):
                    self._step()
            if not self._over:
                self._interrupted(received)
            self._finish()
        except (Exception, SystemExit) as error:
            if not isinstance(error, Interrupted):
                self.recording.failure(error)
            if isinstance(error, TrainingError) and not self.recording.writes:
                # All processes meet it together, and the first says it.
                raise Interrupted("", error.exit_code) from error
            raise
        finally:
            self.console.finish(engine.step)
        samples = self.run.path / f"samples{engine.dataset.examples.kind.suffix}"
        self.console.line(
            f"Finished {counted(engine.step, 'step')} in {duration_text(self.recording.seconds)}. "
            f"Samples: {samples}"
        )

    def _step(self) -> None:
        """A round, and what is due after it; or what is to be done where numbers are lost."""
        watched = self.monitor is not None and self.monitor.due
        self.recovery.before_step()
        self._announce_phase()
        try:
            values = self.engine.play_round(watched)
            if watched or self.engine.step % self.description["history_every"] == 0:
                self.engine.soundness.look()
            self.recording.round(values)
            if watched:
                self._check_health(values)
            self._settle_length()
            if self._over or self.recovery.at_landmark:
                self._save_checked()
            elif self._save_is_due and self.engine.soundness.holds:
                # What the clock decides changes nothing else: trouble is met where it always would be.
                self._save()
        except NotANumber as error:
            self._survive(error)

    def _announce_phase(self) -> None:
        """Say which phase begins, in a run that has several."""
        leg = self.engine.course.at(self.engine.step)
        if leg.first == self.engine.step and len(self.engine.course.legs) > 1:
            self.console.line(f"Step {self.engine.step:,}: the phase '{leg.phase.name}' begins.")
            self.recording.event("phase", step=self.engine.step, phase=leg.phase.name)

    @property
    def _over(self) -> bool:
        # The end is saved before the last, partial row of the history, so that a longer run goes on as if
        # never stopped.
        return self.pace is None and self.engine.step >= self.engine.total_steps

    @property
    def _save_is_due(self) -> bool:
        wait = max(self.description["checkpoint_minutes"] * 60, 50 * self.save_cost)
        # Clocks differ.
        return self.engine.processes.any(time.monotonic() - self.saved > wait)

    def _settle_length(self) -> None:
        """Fix how long the run is, once that can be said; whatever happens to it afterwards, it stays so."""
        total = None if self.pace is None else self.pace.total_steps()
        if total is None:
            return
        # In this order: a run that is killed in between finds out anew, and plays no step for two lengths.
        self._save_checked()
        self.pace = None
        self.engine.set_length(total)
        self.description["total_steps"] = total
        if self.recording.writes:
            self.run.describe(self.description)
        self.console.set_total(total)
        limit = Limit.of(self.description["limit"], "the run")
        come_to = "is" if limit.minutes == 1 else "are"
        self.console.line(
            f"{limit} {come_to} {counted(total, 'step')} here, "
            f"{amount(f'{self.engine.course.epoch(total):.3g}', 'epoch')}: "
            "the run is that long from now on, however fast it goes."
        )
        self._hint()

    def _hint(self) -> None:
        for hint in self.engine.course.hints():
            self.console.line(f"Hint: {hint}")

    # -- health -------------------------------------------------------------------------------------------

    def _check_health(self, values: Mapping[str, Number]) -> None:
        """Measure, write down, and do what the run was told to do about what is found."""
        assert self.monitor is not None
        self.recording.row("health", self.monitor.measure(values))
        for finding in self.monitor.findings():
            self.recording.finding(finding)
            if self.recovery.policy == "stop":
                if self.engine.soundness.holds:
                    self._save()
                raise TrainingError(
                    f"Stopped at step {self.engine.step:,}, as --on-unhealthy stop asks: {finding.name}. "
                    f"{finding.remedy} `sparring resume` goes on in spite of it."
                )
            if self.recovery.policy == "rollback":
                self._roll_back(finding, self.recovery.landmark(self.recovery.age(finding)))
                return

    def _survive(self, error: NotANumber) -> None:
        """Go back to where all numbers were finite, unless the run is to stop."""
        finding = not_a_number(error, self.context)
        self.recording.finding(finding)
        if self.recovery.policy == "stop":
            raise TrainingError(f"{error} {finding.remedy}") from error
        self._roll_back(finding, self.recovery.landmark())

    def _roll_back(self, finding: Finding, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint, and on from there with other noise and smaller steps.

        Raises:
            TrainingError: the run has gone back too often already.
        """
        number, failed_at = self.recovery.announce(finding, checkpoint.step)
        self._go_back(checkpoint, number, failed_at)
        self.recovery.say(finding, failed_at)

    def _go_back(self, checkpoint: Checkpoint, number: int, failed_at: int) -> None:
        self.recovery.clear_the_way(checkpoint, number)
        self._restore(checkpoint)
        self.recovery.slow_down(number, failed_at)
        if self.pace is not None:
            self.pace.forget()

    def _complete_roll_back(self) -> None:
        """Do again what was lost where a run was killed after it had gone back and before it saved itself."""
        event = self.recovery.unfinished()
        if event is not None:
            self._go_back(self.run.checkpoints.at(event["to"]), event["number"], event["step"])

    def _watch(self, past: list[dict[str, Any]]) -> None:
        """Have the run watched, by someone who knows what was seen of it before."""
        every = self.description["health_every"]
        self.monitor = Monitor(self.engine, every, self.context, past) if every else None

    # -- saving -------------------------------------------------------------------------------------------

    def parts(self) -> dict[str, Part]:
        """Everything that remembers."""
        parts: dict[str, Part] = {
            "engine": self.engine,
            "recording": self.recording,
            "recovery": self.recovery,
        }
        return parts if self.monitor is None else parts | {"monitor": self.monitor}

    def _restore(self, checkpoint: Checkpoint, from_outside: bool = False) -> None:
        """Put everything back to where it was when the checkpoint was written.

        Args:
            checkpoint: of this run.
            from_outside: whether someone else may have made it; what this process wrote needs no check.
        """
        self._watch([row for row in self.run.history() if row["step"] <= checkpoint.step])
        for name, part in self.parts().items():
            # A run that was not watched before may be watched now.
            if name in checkpoint.parts or part is not self.monitor:
                if from_outside:
                    check_state(name, part, checkpoint, self.run.path)
                part.restore(checkpoint.parts[name])

    def _save_checked(self) -> None:
        """Save, once it is certain that all is finite."""
        self.engine.soundness.look()
        self.engine.soundness.check_weights(self.engine.step)
        self._save()

    def _save(self) -> None:
        began = time.monotonic()
        if self.recording.writes:
            parts = {name: part.state() for name, part in self.parts().items()}
            checkpoint = Checkpoint(self.engine.step, round(self.recording.seconds, 3), parts)
            self.run.checkpoints.save(checkpoint, self.recovery.landmark_every, self.recovery.patience)
            self.recording.status("running")
        self.saved = time.monotonic()
        self.save_cost = self.saved - began

    def _interrupted(self, received: list[int]) -> None:
        saved = self.engine.soundness.holds
        if saved:
            self._save()
        self.recording.event("interrupted", step=self.engine.step)
        self.recording.status("interrupted")
        # Whoever started the processes may end all as soon as one ends: not before all of it is written.
        self.engine.processes.barrier()
        number = received[0] if received else signal.SIGTERM
        message = (
            f"Interrupted{' and saved' if saved else ''} at step {self.engine.step:,}. "
            f"Go on with: sparring resume {quoted(self.run.path)}"
        )
        # Of several processes only the first speaks.
        raise Interrupted(message if self.recording.writes else "", 128 + number)

    def _finish(self) -> None:
        self.recording.finish()
        self.recording.event("finished", step=self.engine.step)
        self.recording.status("finished")
        self.recording.tell(ON_END)
        self.engine.processes.barrier()
