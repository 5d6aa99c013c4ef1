"""The section of a report that draws quality against diversity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sparring.errors import RunError, SettingError
from sparring.reporting import html
from sparring.reporting.charts import Line, Over, Points, panel
from sparring.reporting.facts import Facts
from sparring.reporting.html import Html, Section, paragraph, section, tag
from sparring.reporting.text import bounded_text, count_text, interval_text, number_text, value_text

if TYPE_CHECKING:
    from sparring.evaluation.result import EstimatedFigure
    from sparring.evaluation.sweep import Sweep

TITLE = "Quality against diversity"


def sweep_section(facts: Facts, beside: Facts | None = None) -> Section | None:
    """The curve of a run over a setting of sampling, such as the temperature; None where it has none.

    Args:
        facts: of the run.
        beside: of another, such as a language model, whose curve is drawn as well.

    Raises:
        SettingError: the other run has no curve, or one of other figures or data.
    """
    try:
        found = facts.sweep()
    except RunError as error:
        return section(TITLE, paragraph(html.prose(value_text(str(error))), class_="note"))
    other = None if beside is None else _other(facts, found, beside)
    if found is None:
        return None
    curves = [_line(facts.name, 0, found)]
    if beside is not None and other is not None:
        curves.append(_line(beside.name, 1, other))
    now = facts.saved_step
    since = "" if found.step == now else f" The run is at step {value_text(now)} now: sweep it again."
    about = (
        f"{count_text(found.count)} samples of each {value_text(found.setting)}, which stands beside each "
        f"point, by the networks of step {value_text(found.step)}.{since} A curve is better where, at the "
        f"same {value_text(found.diversity)}, its {value_text(found.quality)} is better."
    )
    over = Over(value_text(found.diversity), counted=False)
    return section(
        TITLE,
        paragraph(about, class_="quiet"),
        panel(found.quality, curves, over, below=_names(curves)),
        html.table((found.setting, found.quality, found.diversity), _rows(found)),
    )


def _other(facts: Facts, found: Sweep | None, beside: Facts) -> Sweep:
    """What is drawn beside the curve of a run."""
    for run, curve in ((facts, found), (beside, other := beside.sweep())):
        if curve is None and run.system is not None and not run.system.sampling:
            raise SettingError(
                f"{run.run.path} has no curve to be drawn, and {run.system.__name__} has no setting of its "
                "samples that could be swept: leave --beside out."
            )
        if curve is None:
            raise SettingError(
                f"{run.run.path} has no curve to be drawn: make one with `{run.command('sweep')}`."
            )
    assert found is not None
    assert other is not None
    if other.axes != found.axes:
        raise SettingError(
            f"The curve of {beside.run.path} cannot be drawn beside that of {facts.run.path}: one is of "
            f"{' and '.join(other.axes)}, the other of {' and '.join(found.axes)}."
        )
    if found.contents != other.contents and found.contents and other.contents:
        raise SettingError(
            f"The curve of {beside.run.path} cannot be drawn beside that of {facts.run.path}: they are of "
            f"different examples of {found.data}, or of the same ones read differently. Train both with the "
            "same --tokens and --hold-out, on the same data."
        )
    return other


def _line(name: str, colour: int, found: Sweep) -> Line:
    points: Points = [(point.diversity.value, point.quality.value) for point in found.points]
    return Line(name, colour, points, [f"{point.value:g}" for point in found.points])


def _names(lines: Sequence[Line]) -> Html:
    """The name of each line; a last value would mean nothing."""
    return tag(
        "figcaption",
        *(tag("span", tag("span", class_=f"swatch b{line.colour}"), line.name) for line in lines),
        class_="legend",
    )


def _rows(found: Sweep) -> list[Html]:
    """A row for each value, and one for real examples."""
    rows = [
        html.table_row(number_text(point.value), _cell(point.quality), _cell(point.diversity))
        for point in found.points
    ]
    first = found.points[0] if found.points else None
    references = (first.quality.reference, first.diversity.reference) if first else (None, None)
    return [*rows, html.table_row("real", *(bounded_text(each, False) for each in references))]


def _cell(figure: EstimatedFigure) -> Html:
    return html.with_interval(bounded_text(figure.value, False), interval_text(figure.low, figure.high))
