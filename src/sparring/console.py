"""What a run shows while it trains: a live bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, TextIO, cast

from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import TimeRemainingColumn as TimeLeftColumn
from rich.text import Text

from sparring.game import Number
from sparring.health.findings import Finding
from sparring.output import LastingOutput
from sparring.reading import reading_progress
from sparring.shown import amount, visible, visible_line, write_anything
from sparring.table import Table

LINE_EVERY_SECONDS = 10.0
BAR_EVERY_SECONDS = 0.1


class Terminal(RichConsole):
    """A console to which a text is a text: nothing in it is markup, and nothing steers the terminal.

    Args:
        options: as rich takes them.
    """

    def __init__(self, **options: Any) -> None:
        write_anything(sys.stdout)
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A text as rich draws it."""
        return super().render_str(visible(text), **options)


def console_of_run(silent: bool) -> RichConsole:
    """Where a run is shown, as long as that can be written."""
    return Terminal(file=cast(TextIO, LastingOutput(sys.stdout)), soft_wrap=True, quiet=silent)


class Bar(Progress):
    """A progress bar with what was found below it."""

    def __init__(self, *columns: ProgressColumn, console: RichConsole) -> None:
        self.notes: list[Text] = []
        super().__init__(*columns, console=console)

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar, then a paragraph for each finding."""
        yield from super().get_renderables()
        yield from self.notes


class Console:
    """Shows the progress of one run.

    Args:
        silent: nothing at all, where that was asked for, and for processes other than the first.
    """

    def __init__(self, silent: bool = False) -> None:
        self.rich = console_of_run(silent)
        self.live = self.rich.is_terminal and not silent
        self._progress: Bar | None = None
        self._task: TaskID | None = None
        self._shown = 0.0

    def line(self, text: str) -> None:
        """A line of text, above the bar if there is one."""
        self.rich.print(text)

    def table(self, table: Table) -> None:
        """A table."""
        self.rich.print(table)

    @contextmanager
    def reading(self) -> Iterator[Callable[[int, int], None]]:
        """Show how many files are read; gives what is to be told (see `load_dataset`)."""
        if self.rich.quiet:
            yield lambda done, total: None
        else:
            with reading_progress(self.rich, self.live) as watch:
                yield watch

    def start(self, title: str, total: int | None, done: int, examples: int) -> None:
        """Begin to show progress.

        Args:
            title: of the run.
            total: steps; None where that is not known yet.
            done: how many of them are behind us.
            examples: real ones in each step.
        """
        self._shown = self._began = time.monotonic()
        self._played, self._examples = 0, examples
        self._total = total
        if self.live:
            self._progress = Bar(
                TextColumn("{task.description}", style="bold", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeLeftColumn(elapsed_when_finished=True),
                TextColumn("{task.fields[losses]}", markup=False),
                console=self.rich,
            )
            self._progress.start()
            self._task = self._progress.add_task(visible_line(title), total=total, completed=done, losses="")

    def set_total(self, total: int) -> None:
        """Say how many steps there are, where that was not known."""
        self._total = total
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, total=total)

    def update(self, step: int, values: Mapping[str, Number]) -> None:
        """Show the step that was just played and the players' losses, at most a few times a second."""
        self._played += 1
        now = time.monotonic()
        if now - self._shown < (BAR_EVERY_SECONDS if self.live else LINE_EVERY_SECONDS):
            return
        self._shown = now
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=step, losses=losses_text(values))
        else:
            of = "" if self._total is None else f" of {self._total:,}"
            self.line(f"step {step:,}{of}: {losses_text(values)}  {self._pace(step, now)}")

    def _pace(self, step: int, now: float) -> str:
        """How fast the run is, and how long it will still take, such as `640 examples/s, 3 minutes left`."""
        each = (now - self._began) / self._played
        rate = f"{self._examples / max(each, 1e-9):,.0f} examples/s"
        if self._total is None or step >= self._total:
            return rate
        return f"{rate}, {duration_text((self._total - step) * each)} left"

    def finding(self, step: int, finding: Finding) -> None:
        """Show what is wrong with a run: below the bar, where it stays, or as a paragraph."""
        note = finding_text(step, finding)
        if self._progress is not None:
            note.no_wrap, note.overflow = False, "fold"
            self._progress.notes.append(note)
        else:
            self.rich.print(note)

    def finish(self, step: int) -> None:
        """Take the bar away."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=step)
            self._progress.stop()
            self._progress = None


class Stages:
    """Says on standard error what is under way: a live line on a terminal, elsewhere a line now and then.

    Args:
        title: what all the stages belong to.
        quiet: say nothing.
    """

    def __init__(self, title: str, quiet: bool = False) -> None:
        self.title = title
        self.quiet = quiet
        self.rich = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        self._status = self.rich.status("")
        self._shown = time.monotonic()

    def __enter__(self) -> Self:
        if self.rich.is_terminal and not self.quiet:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def __call__(self, stage: str) -> None:
        """Say that a stage begins."""
        text = Text(f"{self.title}: {stage}")
        self._status.update(text)
        if self.rich.is_terminal or self.quiet or time.monotonic() - self._shown < LINE_EVERY_SECONDS:
            return
        self._shown = time.monotonic()
        self.rich.print(text)


def finding_text(step: int, finding: Finding) -> Text:
    """A finding as a paragraph: what, where, what was seen, what it means, what to try."""
    return Text.assemble(
        (f"Step {step:,}: {finding.name}. ", "bold yellow"),
        visible_line(f"{finding.evidence} {finding.meaning} {finding.remedy}"),
    )


def losses_text(values: Mapping[str, Number]) -> str:
    """The total loss of each player, such as `generator 0.71  discriminator 1.32`."""
    return "  ".join(
        f"{visible_line(name.removesuffix('/loss'))} {float(value):.3f}"
        for name, value in values.items()
        if name.endswith("/loss")
    )


def epoch_tables(train: Mapping[str, float], test: Mapping[str, float]) -> list[Table]:
    """The report of an epoch: held-out losses beside those of training, then figures; none where there are
    none."""
    losses = {name: value for name, value in test.items() if name.startswith("test/")}
    figures = {name.partition("/")[2]: value for name, value in test.items() if name.startswith("figure/")}
    tables = []
    if losses:
        tables.append(losses_table(train, losses))
    if figures:
        table = Table("figure", "value")
        for name, value in figures.items():
            table.add_row(name, f"{value:.4f}")
        tables.append(table)
    return tables


def losses_table(train: Mapping[str, float], test: Mapping[str, float]) -> Table:
    """A row for each player, train and test; a column for each term."""
    players = list(dict.fromkeys(name.split("/")[1] for name in test))
    terms = list(dict.fromkeys(name.split("/", 2)[2] for name in test))
    table = Table("component", *terms)
    for player in sorted(players, reverse=True):
        for title, source, prefix in (("train", train, ""), ("test", test, "test/")):
            values = [source.get(f"{prefix}{player}/{term}") for term in terms]
            cells = ["" if value is None else f"{value:.4f}" for value in values]
            table.add_row(f"{player} ({title})", *cells)
    return table


def duration_text(seconds: float) -> str:
    """A duration in the unit a person would use."""
    if seconds < 90:
        return amount(f"{seconds:.0f}", "second")
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
