"""What a run folder says, read so that a half-written or strange one can still be reported on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.data.kinds import kind_from
from sparring.errors import RunError, SettingError
from sparring.game import Game
from sparring.reporting.text import count_text, value_text
from sparring.reporting.timeline import Timeline
from sparring.runs.files import read
from sparring.runs.folder import Run
from sparring.runs.group import is_group
from sparring.settings import Limit
from sparring.shown import amount, quoted, visible
from sparring.verdict import Verdict, of_checks, too_short
from sparring.zoo import SYSTEMS, find_system

if TYPE_CHECKING:
    from sparring.evaluation.result import Evaluation
    from sparring.evaluation.sweep import Sweep

MISDESCRIBED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What comes of making a kind from a description that is none."""


@dataclass(frozen=True)
class Facts:
    """One run as it was when it was read."""

    run: Run
    description: dict[str, Any]
    """The contents of run.json."""
    status: dict[str, Any]
    """The contents of status.json; empty where there is none."""
    history: list[dict[str, Any]]
    """The rows of history.jsonl."""
    events: list[dict[str, Any]]
    """The rows of events.jsonl."""
    is_held: bool
    """Whether a process of this machine was writing to it."""

    @classmethod
    def of(cls, run: Run | Path | str) -> Facts:
        """Read a run.

        Raises:
            RunError: there is none, or its run.json or its history is damaged.
        """
        run = Run.open(run.path if isinstance(run, Run) else run)
        # In this order: a run that ends meanwhile is not taken for one that was killed.
        is_held = run.is_held
        rows: list[Any] = run.history()
        history = [row for row in rows if isinstance(row, dict)]
        return cls(run, run.description, _status(run), history, run.events(), is_held)

    def rows_of(self, kind: str) -> list[dict[str, Any]]:
        """The rows of the history of a kind."""
        return [row for row in self.history if row.get("kind") == kind]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the history that were written every so many steps."""
        return self.rows_of("steps")

    @property
    def epochs(self) -> list[dict[str, Any]]:
        """The rows of the history that were written after each epoch."""
        return self.rows_of("epoch")

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The rows of the history that were written by checks of the run's health."""
        return self.rows_of("health")

    @cached_property
    def timeline(self) -> Timeline:
        """How steps, epochs and phases lie."""
        return Timeline.of([*self.history, self.status], self.events)

    @property
    def group(self) -> Path | None:
        """The folder of a group of seeds that it belongs to, if it does."""
        above = self.run.path.resolve().parent
        return above if is_group(above) else None

    @property
    def name(self) -> str:
        """The name of the folder, after that of its group where it belongs to one."""
        own = self.run.path.resolve().name
        return own if self.group is None else f"{self.group.name}/{own}"

    @property
    def state(self) -> str:
        """`finished`, `interrupted`, `running`, `killed`, `failed`, or `not started`."""
        state = visible(self.status.get("state", "not started"))
        return "killed" if state == "running" and not self.is_held else state

    @property
    def length_changed(self) -> bool:
        """Whether it was to be of another length while steps of it were played, finished or not."""
        kinds = [event.get("event") for event in self.events]
        went_on = "finished" in kinds and "resumed" in kinds[kinds.index("finished") :]
        return went_on or any("length_before" in event for event in self.events_of("resumed"))

    @property
    def progress(self) -> str:
        """How far it came, such as `500 of 1,800 steps`."""
        done, total = self.status.get("step", 0), self.status.get("total_steps")
        if total is None or total == done:
            return amount(count_text(done), "step")
        return f"{count_text(done)} of {amount(count_text(total), 'step')}"

    @property
    def sized(self) -> str:
        """What its examples are, such as `grey images of 28 x 28`, where these have a size; else nothing."""
        try:
            kind = kind_from(self.description["data"]["spec"]["examples"])
            return visible(kind.about) if kind.has_size else ""
        except MISDESCRIBED:
            return ""

    @property
    def system(self) -> type[Game] | None:
        """The class of a system of the zoo. Code that a run names is never run to report on it."""
        name = self.description["system"]
        return find_system(name) if name in SYSTEMS else None

    @property
    def limit(self) -> Limit | None:
        """The length that was asked for; None where it is none, or a number that nobody could write."""
        try:
            limit = Limit.of(self.description["limit"], "run.json")
            return limit if str(limit) else None
        except (SettingError, OverflowError):
            return None

    @property
    def players(self) -> dict[str, str]:
        """Each player by its name, with what it is for unless it is called so: `discriminator (critic)`."""
        roles = {name: value_text(role) for name, role in self.description["roles"].items()}
        return {name: name if role == name else f"{name} ({role})" for name, role in roles.items()}

    def events_of(self, *kinds: str) -> list[dict[str, Any]]:
        """The events of some kinds, such as `finding`."""
        return [event for event in self.events if event.get("event") in kinds]

    def evaluation(self) -> Evaluation | None:
        """The evaluation that means most of those of the run, or None where there is none.

        Raises:
            RunError: it is damaged.
        """
        path = self.run.path / "evaluation.json"
        return self._evaluation_in(path) if path.is_file() else None

    @property
    def kept_evaluations(self) -> list[Path]:
        """The files of all evaluations that the run keeps."""
        return sorted(path for path in (self.run.path / "evaluations").glob("*.json") if path.is_file())

    def evaluations(self) -> list[Evaluation]:
        """All evaluations of the run, those that mean most first; see `evaluation.kept.rank`.

        Raises:
            RunError: one of them is damaged.
        """
        chosen = self.evaluation()
        if chosen is None:
            return []
        from sparring.evaluation.kept import rank

        own = self.description["data"]["name"]
        others = map(self._evaluation_in, self.kept_evaluations)
        return sorted([chosen, *others], key=lambda each: rank(each, own), reverse=True)

    def sweep(self) -> Sweep | None:
        """The sweep that the run keeps, or None where there is none.

        Raises:
            RunError: it is damaged.
        """
        from sparring.evaluation.sweep import FILE, read_sweep

        try:
            return read_sweep(self.run)
        except RunError as error:
            raise RunError(
                f"{self.run.path / FILE} is damaged ({visible(error)}): make it anew with "
                f"`{self.command('sweep')}`."
            ) from error

    def _evaluation_in(self, path: Path) -> Evaluation:
        # Evaluation brings modules that a run without one should not wait for.
        from sparring.evaluation.result import Evaluation

        try:
            return Evaluation.from_json(read(path).decode())
        except (UnicodeDecodeError, RunError) as error:
            raise RunError(
                f"{path} is damaged ({visible(error)}): make it anew with `{self.command('evaluate')}`."
            ) from error

    @cached_property
    def shown_evaluation(self) -> Evaluation | None:
        """The evaluation that means most if it is of the latest step; None where there is no such, or damaged
        one."""
        try:
            evaluation = self.evaluation()
        except RunError:
            return None
        return evaluation if evaluation is not None and self.outdated(evaluation) is None else None

    @property
    def verdict(self) -> Verdict:
        """What is known of the samples: by an evaluation of the latest step, else by the latest checks."""
        if self.shown_evaluation is not None:
            return self.shown_evaluation.verdict
        return of_checks(
            self.checks, too_short(self.status.get("step"), self.description.get("enough_steps"))
        )

    def evaluated_at(self, evaluation: Evaluation) -> str:
        """What the evaluation speaks of, such as `step 1,800`."""
        epoch, step = (evaluation.checkpoint.get(name) for name in ("epoch", "step"))
        return f"step {count_text(step)}" if epoch is None else f"epoch {count_text(epoch)}"

    @cached_property
    def saved_step(self) -> Any:
        """The step of the latest checkpoint, or where none lies in the folder the one that the run is at: a
        run that failed came further than what it saved."""
        saved = self.run.checkpoints.steps()
        return saved[-1] if saved else self.status.get("step")

    def outdated(self, evaluation: Evaluation) -> str | None:
        """A sentence where the evaluation is not of the run's latest checkpoint."""
        of = evaluation.checkpoint
        if of.get("step") == self.saved_step and of.get("epoch") is None:
            return None
        return (
            f"The evaluation of {visible(self.name)} is of {self.evaluated_at(evaluation)}, and the run is "
            f"now at step {count_text(self.saved_step)}: `{self.command('evaluate')}` makes a new one."
        )

    def command(self, verb: str) -> str:
        """A command about this run."""
        return f"sparring {verb} {quoted(self.run.path)}"


def kind_text(described: Any) -> str:
    """A kind in words, such as `grey images of 28 x 28`; what is no description of one as it stands."""
    try:
        return visible(kind_from(described).about)
    except MISDESCRIBED:
        return value_text(described)


def class_names(described: Any) -> list[str]:
    """The names of the classes that a described kind has; none where it has none, or is no kind."""
    try:
        return [visible(name) for name in kind_from(described).class_names]
    except MISDESCRIBED:
        return []


def _status(run: Run) -> dict[str, Any]:
    """How far the run is; nothing where it was killed before it had written that."""
    try:
        return run.status
    except RunError:
        return {}
