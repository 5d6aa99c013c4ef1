"""What notebooks show: runs, samples and figures as cells, a run that trains as it goes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.console import duration_text
from sparring.reporting.html import Html, join, paragraph, table, table_row, tag
from sparring.reporting.shots import Picture, Text
from sparring.reporting.text import bounded_text, count_text, interval_text, number_text, value_text
from sparring.training.callbacks import ON_END, ON_EPOCH, ON_STEP, Callbacks, Moment

if TYPE_CHECKING:
    from sparring.evaluation.result import Evaluation
    from sparring.runs.folder import Run


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def run_html(run: Run) -> Html:
    """A run in a cell: how far it is, what it came to, its newest samples."""
    from sparring.reporting.facts import Facts
    from sparring.reporting.shots import shots_of

    facts = Facts.of(run)
    shots = shots_of(facts)
    return join(
        paragraph(tag("b", value_text(facts.description["title"])), f" in {value_text(str(run.path))}"),
        paragraph(f"{facts.state}: {facts.progress}. {facts.verdict.text}"),
        shots[-1].shown(facts.name) if shots else None,
    )


def evaluation_html(evaluation: Evaluation) -> Html:
    """Figures in a cell, each with its interval beside that of real examples."""
    from sparring.reporting.figures import class_tables

    rows = [
        table_row(
            value_text(name),
            bounded_text(figure.value, figure.at_least),
            "" if figure.at_least else interval_text(figure.low, figure.high),
            bounded_text(figure.reference, figure.reference_at_least),
            value_text(evaluation.about.get(name, "")),
        )
        for name, figure in evaluation.figures.items()
    ]
    return join(
        paragraph(value_text(evaluation.verdict.text)),
        table(("figure", "value", "95 % interval", "real", "what it is"), rows),
        *([] if evaluation.classes is None else class_tables(evaluation.classes)),
    )


class LiveCell:
    """A cell that follows a run: a bar, the newest numbers, the time that is left, samples as they come.

    Args:
        display: shows HTML, and gives a function that puts other HTML in its place.
    """

    def __init__(self, display: Callable[[str], Callable[[str], object]]) -> None:
        self._display = display
        self._replace: Callable[[str], object] | None = None
        self._values: dict[str, float | str | None] = {}
        self._began: Moment | None = None

    @property
    def callbacks(self) -> dict[str, Callable[[Moment], None]]:
        """What a run calls."""
        return {ON_STEP: self.show, ON_EPOCH: self.show, ON_END: self.show}

    def show(self, moment: Moment) -> None:
        """Put the state of a moment into the cell."""
        self._began = self._began or moment
        losses = {name: value for name, value in moment.values.items() if name.endswith("/loss")}
        self._values = losses or self._values
        text = self._html(moment)
        if self._replace is None:
            self._replace = self._display(text)
        else:
            self._replace(text)

    def _html(self, moment: Moment) -> Html:
        total = moment.total_steps
        of = "" if total is None else f" of {count_text(total)}"
        said = [f"step {count_text(moment.step)}{of}", *self._left(moment)]
        said += [f"{name.removesuffix('/loss')} {number_text(value)}" for name, value in self._values.items()]
        return join(
            tag("progress", value=moment.step, max=total, style="width: 100%"),
            paragraph(", ".join(said)),
            _shown(moment.samples),
        )

    def _left(self, moment: Moment) -> list[str]:
        """The time that is left, once it is known how fast the run is."""
        assert self._began is not None
        steps, seconds = moment.step - self._began.step, moment.seconds - self._began.seconds
        if moment.total_steps is None or steps <= 0 or moment.step >= moment.total_steps:
            return []
        return [f"{duration_text((moment.total_steps - moment.step) * seconds / steps)} left"]


def live_cell() -> LiveCell:
    """A cell of the notebook that this process serves."""
    display: Any = importlib.import_module("IPython.display")

    def begin(text: str) -> Callable[[str], object]:
        handle = display.display(display.HTML(text), display_id=True)
        return lambda text: handle.update(display.HTML(text))

    return LiveCell(begin)


def beside_a_cell(callbacks: Callbacks, quiet: bool) -> Callbacks:
    """The callbacks, and in a notebook a cell that follows the run."""
    if quiet or not in_notebook():
        return callbacks
    return callbacks.beside(live_cell().callbacks)


def _shown(samples: Path | None) -> Html | None:
    if samples is None:
        return None
    shot = (Picture if samples.suffix == ".png" else Text).read(samples, "samples", 0.0)
    return None if shot is None else shot.content("samples")
