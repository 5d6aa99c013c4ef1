"""A search: runs of equal length with different settings, judged half-way and at their ends."""

from __future__ import annotations

import importlib
import math
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import filelock

from sparring.console import Console
from sparring.errors import Interrupted, MemoryShortage, RunError, SettingError, TrainingError
from sparring.evaluation.evaluate import no_reference
from sparring.evaluation.result import short
from sparring.evaluation.runs import evaluate
from sparring.runs.files import read_json, refuse_links, write_json, writing
from sparring.runs.folder import Run
from sparring.runs.origins import refuse_code_of
from sparring.runs.place import TUNING_FILE, is_run
from sparring.settings import Count, Natural, as_option
from sparring.shown import quoted
from sparring.table import Table
from sparring.training.callbacks import Moment
from sparring.training.journal import Journal
from sparring.training.resume import resume
from sparring.training.signals import saying
from sparring.training.spans import Span
from sparring.training.train import train
from sparring.zoo import short_name

HALF_WAY = 1
"""The point at which a trial is compared with those before it."""
FAILED = "failed"
"""Under which name a trial keeps why it failed."""


@dataclass(frozen=True)
class Description:
    """What the folder's file holds."""

    system: str
    options: dict[str, str | int | float | bool | None]
    """What every run is told, as `train` takes it."""
    spans: dict[str, dict[str, float | bool]]
    first: dict[str, float]
    """The settings of the first trial."""
    figure: str
    samples: Count
    seed: Natural
    trials: Count
    """Runs in all."""
    threads: Count | None = None
    """CPU threads of each run, where that was said."""


@dataclass(frozen=True)
class Trial:
    """One of the runs.

    Attributes:
        number: counted from 0; its run is in `trial-NUMBER`.
        settings: what was tried.
        state: `finished`, `stopped half-way` or `failed`.
        value: of the figure, at the end or half-way; None where it failed.
        distance: how far that is from real examples.
    """

    number: int
    settings: dict[str, float]
    state: str
    value: float | None
    distance: float


class Tuning:
    """A search, and what it has found so far.

    Args:
        path: its folder.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        refuse_links(self.path)
        self.description = Description(**read_json(self.path / TUNING_FILE, Description))
        refuse_code_of(self.path, self.description.system, str(self.description.options.get("data", "")))
        self.spans = {name: Span(**span) for name, span in self.description.spans.items()}  # type: ignore[arg-type]

    @property
    def trials(self) -> list[Trial]:
        """Those that are over."""
        optuna = import_optuna()
        over = _over(self._study(), optuna)
        return [
            Trial(
                number,
                trial.params,
                _state(trial),
                trial.user_attrs.get("value"),
                trial.user_attrs.get("distance", math.inf),
            )
            for number, trial in enumerate(over)
        ]

    @property
    def best(self) -> Trial | None:
        """The finished trial whose figure is nearest to that of real examples."""
        finished = [trial for trial in self.trials if trial.state == "finished"]
        return min(finished, key=lambda trial: trial.distance, default=None)

    @property
    def command(self) -> str | None:
        """The command that trains the best again: as long as it was, which a longer `--max-steps` changes."""
        best = self.best
        if best is None:
            return None
        values = {**self.description.options, **best.settings, "seed": self.description.seed}
        words = [word for name, value in values.items() for word in as_option(name, value)]
        return shlex.join(["sparring", "train", short_name(self.description.system), *words])

    def table(self) -> Table:
        """All trials, the best marked."""
        best = self.best
        table = Table()
        for column in ("trial", self.description.figure, *self.spans, "state"):
            table.add_column(column, justify="right")
        for trial in self.trials:
            value = "–" if trial.value is None else short(trial.value) + (" *" if trial == best else "")
            settings = [f"{trial.settings[name]:.3g}" for name in self.spans]
            table.add_row(str(trial.number), value, *settings, trial.state)
        return table

    def play(self, trials: int, console: Console, threads: int | None = None) -> None:
        """Make what is left of so many trials, which are from now on how many there are to be."""
        optuna = import_optuna()
        # Between runs, and while they are judged; a run hears it by itself.
        with self._held(), saying(self._how_to_go_on):
            self._plan(trials)
            study = self._study()
            self._take_up(study, optuna)
            while (number := len(_over(study, optuna))) < trials:
                # As an unbroken search would have it, whenever this one was stopped.
                study.sampler = optuna.samplers.TPESampler(seed=self.description.seed + number)
                trial = study.ask({name: span.distribution(optuna) for name, span in self.spans.items()})
                self._play(study, trial, number, threads, optuna)
                console.line(self._said(number, trials))

    def _plan(self, trials: int) -> None:
        """Write down how many trials there are to be, where that is new."""
        if trials != self.description.trials:
            self.description = replace(self.description, trials=trials)
            write_json(self.path / TUNING_FILE, asdict(self.description))

    def _take_up(self, study: Any, optuna: Any) -> None:
        """Put what was being tried when a search was stopped first in line again."""
        for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            study.enqueue_trial(trial.params, user_attrs=trial.user_attrs)
        if not study.trials:
            study.enqueue_trial(self.description.first)

    def _play(self, study: Any, trial: Any, number: int, threads: int | None, optuna: Any) -> None:
        """Train one, judge it half-way and at its end."""
        folder, states = self.path / f"trial-{number}", optuna.trial.TrialState
        try:
            half = trial.user_attrs.get("half")
            if half is None and (run := self._trained(folder, trial.params, threads, _stopping_half_way())):
                half = self._judged(trial, run)
                trial.set_user_attr("half", half)
            if half is not None:
                trial.report(half, HALF_WAY)
                if trial.should_prune():
                    study.tell(trial, state=states.PRUNED)
                    return
            self._trained(folder, trial.params, threads, None)
            study.tell(trial, self._judged(trial, Run.open(folder)))
        except (TrainingError, MemoryShortage, SettingError) as error:
            # Settings of the first are the rule's own: what is wrong with these is wrong with the search.
            if isinstance(error, SettingError) and number == 0:
                raise
            trial.set_user_attr(FAILED, str(error))
            study.tell(trial, state=states.PRUNED)

    @property
    def _how_to_go_on(self) -> str:
        return f"Interrupted; go on with: sparring tune {quoted(self.path)}"

    def _trained(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        threads: int | None,
        stop: Callable[[Moment], None] | None,
    ) -> Run | None:
        """The run, trained up to where `stop` interrupts it, or to its end; None where it came to that."""
        callbacks: dict[str, Any] = {"on_step": stop} if stop else {}
        try:
            if not is_run(folder):
                options = {**self.description.options, **settings, "seed": self.description.seed}
                train(
                    self.description.system, **options, threads=threads, out=folder, quiet=True, **callbacks
                )
            elif not (run := Run.open(folder)).finished and not (stop and _is_half_way(run)):
                resume(run, quiet=True, **callbacks)
        except Interrupted as error:
            run = Run.open(folder)
            if not (stop and _is_half_way(run)):
                raise Interrupted(self._how_to_go_on, error.exit_code) from error
            return run
        run = Run.open(folder)
        return None if run.finished else run

    def _judged(self, trial: Any, run: Run) -> float:
        """How far a run's figure is from that of real examples."""
        name = self.description.figure
        figures = evaluate(run, self.description.samples, quiet=True).figures
        found = figures.get(name)
        if found is None or found.reference is None:
            known = (figure for figure, value in figures.items() if value.reference is not None)
            raise no_reference(name, known)
        distance = abs(found.value - found.reference)
        trial.set_user_attr("value", found.value)
        trial.set_user_attr("distance", distance)
        return distance

    def _said(self, number: int, trials: int) -> str:
        trial, best = self.trials[number], self.best
        tried = ", ".join(f"{name} {value:.3g}" for name, value in trial.settings.items())
        value = "" if trial.value is None else f", {self.description.figure} {short(trial.value)}"
        nearest = f"; the best is trial {best.number}" if best and best != trial else ""
        return f"Trial {number} ({number + 1} of {trials}) {trial.state}{value}: {tried}{nearest}."

    def _study(self) -> Any:
        optuna = import_optuna()
        storage = optuna.storages.JournalStorage(Journal(self.path / "study.log", optuna))
        return optuna.create_study(storage=storage, study_name="tune", load_if_exists=True)

    @contextmanager
    def _held(self) -> Iterator[None]:
        lock = filelock.FileLock(self.path / ".lock")
        with writing(self.path / ".lock"):
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                raise RunError(f"{self.path} is being tuned by another process: wait for its end.") from None
        try:
            yield
        finally:
            lock.release()


def import_optuna() -> Any:
    """The library that searches, silent but for errors.

    Raises:
        SettingError: it is not installed.
    """
    try:
        optuna = importlib.import_module("optuna")
    except ImportError as error:
        raise SettingError("A search needs optuna: pip install 'sparring[tune]'.") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _state(trial: Any) -> str:
    """What became of one that is over."""
    if FAILED in trial.user_attrs or "value" not in trial.user_attrs:
        return "failed"
    return {"COMPLETE": "finished", "PRUNED": "stopped half-way"}[trial.state.name]


def _over(study: Any, optuna: Any) -> list[Any]:
    """All trials but those that were stopped before their end, which stand among the others once more."""
    states = optuna.trial.TrialState
    found: list[Any] = study.get_trials(states=[states.COMPLETE, states.PRUNED])
    return found


def _stopping_half_way() -> Callable[[Moment], None]:
    """What interrupts a run, which saves itself after one more round, once it has half its length."""
    stopped = False

    def stop(moment: Moment) -> None:
        nonlocal stopped
        # Once: a run takes a second signal for impatience, and that round may have a row of its own.
        if not stopped and moment.total_steps is not None and 2 * moment.step >= moment.total_steps:
            stopped = True
            signal.raise_signal(signal.SIGINT)

    return stop


def _is_half_way(run: Run) -> bool:
    total = run.description["total_steps"]
    return total is not None and 2 * run.status["step"] >= total
