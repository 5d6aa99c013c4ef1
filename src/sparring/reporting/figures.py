"""The sections of a report that say how good the run is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sparring.classifying.tables import CALIBRATION, CALIBRATION_HEADER, CONFUSION, CORNER, ClassTables
from sparring.errors import RunError
from sparring.reporting import html
from sparring.reporting.charts import Line, columns_of, curve, legend, panel, term_panels
from sparring.reporting.facts import Facts
from sparring.reporting.html import Html, Section, paragraph, section, tag
from sparring.reporting.text import (
    bounded_text,
    count_text,
    interval_text,
    names_text,
    number_text,
    value_text,
)
from sparring.reporting.validation import at_the_best_validation

if TYPE_CHECKING:
    from sparring.evaluation.result import Evaluation

FIGURE, HELD_OUT = "figure/", "test/"
"""How the columns of an epoch begin that hold a figure, or a term of a loss of held-out data."""


def epochs_section(facts: Facts) -> Section | None:
    """The figures of each epoch and the losses of held-out data, as curves; None where there are none."""
    figures = figure_panels(facts)
    losses = held_out_panels(facts)
    chosen = at_the_best_validation(facts.epochs)
    if not figures and not losses:
        return None
    return section(
        "Figures of each epoch",
        paragraph(_newest(facts), class_="quiet"),
        paragraph(chosen) if chosen else None,
        tag("div", *figures, class_="panels") if figures else None,
        tag("h3", "losses of held-out data") if losses else None,
        tag("div", *losses, class_="panels") if losses else None,
    )


def figure_columns(facts: Facts) -> list[str]:
    """The columns that hold figures, in order of appearance."""
    return [column for column in columns_of(facts.epochs) if column.startswith(FIGURE)]


def held_out_columns(facts: Facts) -> list[str]:
    """The columns that hold terms of losses of held-out data, in order of appearance."""
    return [column for column in columns_of(facts.epochs) if column.startswith(HELD_OUT)]


def figure_panels(facts: Facts) -> list[Html]:
    """A panel for each figure."""
    over, panels = facts.timeline.over_epochs, []
    for number, column in enumerate(figure_columns(facts)):
        name = column.removeprefix(FIGURE)
        lines = [Line(name, number, curve(facts.epochs, column, over))]
        panels.append(panel(name, lines, over, below=legend(lines)))
    return panels


def held_out_panels(facts: Facts) -> list[Html]:
    """A panel for each term of the losses of held-out data, with a line for each player that has it."""
    columns = held_out_columns(facts)
    rows = [
        {"epoch": row.get("epoch")}
        | {name.removeprefix(HELD_OUT): row[name] for name in columns if name in row}
        for row in facts.epochs
    ]
    return term_panels(rows, facts.timeline.over_epochs) if columns else []


def newest(facts: Facts, columns: Iterable[str]) -> dict[str, object]:
    """The newest value of each of some columns of the epochs, whatever it is."""
    return {
        column: next(row[column] for row in reversed(facts.epochs) if column in row) for column in columns
    }


def _newest(facts: Facts) -> str:
    """The newest value of each figure, with its name."""
    values = newest(facts, figure_columns(facts))
    said = [f"{column.removeprefix(FIGURE)} {number_text(value)}" for column, value in values.items()]
    tested = [row for row in facts.epochs if values.keys() & row.keys()]
    now = f"After epoch {count_text(tested[-1].get('epoch', '–'))}: {names_text(said)}. " if said else ""
    every = facts.description["test_every"]
    each = "each epoch" if every == 1 else f"every {every} epochs"
    return f"{now}Measured at the end of {each}; behind each name stands its last value."


def evaluation_section(facts: Facts) -> Section:
    """What an evaluation found, or the command that makes one."""
    title = "Evaluation"
    try:
        evaluation = facts.evaluation()
    except RunError as error:
        return section(title, paragraph(html.prose(value_text(str(error))), class_="note"))
    if evaluation is None:
        return section(
            title,
            paragraph("This run has not been evaluated. This command says how good it is:"),
            html.command(facts.command("evaluate")),
        )
    about = (
        f"{count_text(evaluation.count)} samples of {facts.evaluated_at(evaluation)}"
        f"{value_text(evaluation.made)} against {value_text(evaluation.compared_with)}. "
        f"{value_text(evaluation.seen_through())} Beside each figure of samples stands the same figure of "
        "real examples against other real ones."
    )
    outdated, caution = facts.outdated(evaluation), evaluation.caution()
    return section(
        title,
        paragraph(about, class_="quiet"),
        paragraph(html.prose(caution), class_="note") if caution else None,
        paragraph(html.prose(outdated), class_="note") if outdated else None,
        paragraph(value_text(evaluation.verdict.text)) if outdated else None,
        html.table(("figure", "value and 95 % interval", "real"), _rows(evaluation)),
        *([] if evaluation.classes is None else class_tables(evaluation.classes)),
        _others(facts),
    )


def class_tables(found: ClassTables) -> list[Html]:
    """What the run takes for what as a classifier, and how often it is right where it is so sure."""
    tables: list[tuple[str, Sequence[str], Sequence[Sequence[str]]]] = []
    rows = found.confusion_rows()
    if rows is not None:
        tables.append((CONFUSION, (CORNER, *found.class_names), rows))
    if found.calibration:
        tables.append((CALIBRATION, CALIBRATION_HEADER, [band.cells() for band in found.calibration]))
    return [
        part
        for title, header, cells in tables
        for part in (
            tag("h3", title),
            html.table(map(value_text, header), [html.table_row(*map(value_text, row)) for row in cells]),
        )
    ]


def _others(facts: Facts) -> Html | None:
    """The evaluations that are kept beside the one that is shown, by name; None where there are none."""
    names = [path.stem for path in facts.kept_evaluations]
    if len(names) < 2:
        return None
    said = (
        f"Shown is the one that means most of {len(names)} in the folder `evaluations`: of samples as the "
        f"run makes them, of the newest networks, and of the most samples. They are {names_text(names)}."
    )
    return paragraph(html.prose(said), class_="quiet")


def _rows(evaluation: Evaluation) -> list[Html]:
    """A row for each figure, with what it is in small letters."""
    return [
        html.table_row(
            tag(
                "span",
                name,
                tag("span", value_text(evaluation.about.get(name, "")), class_="small"),
                class_="name",
            ),
            html.with_interval(
                bounded_text(figure.value, figure.at_least),
                "" if figure.at_least else interval_text(figure.low, figure.high),
            ),
            bounded_text(figure.reference, figure.reference_at_least),
        )
        for name, figure in evaluation.figures.items()
    ]
