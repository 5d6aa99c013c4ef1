"""A comparison as one HTML file: its table, curves over each other, last samples beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from sparring.reporting import html
from sparring.reporting.charts import Line, Over, columns_of, curve, panel
from sparring.reporting.compare import REAL, Comparison, column_title
from sparring.reporting.facts import Facts
from sparring.reporting.figures import FIGURE, HELD_OUT, figure_columns, held_out_columns
from sparring.reporting.html import Html, paragraph, section, tag
from sparring.reporting.rows import Row
from sparring.reporting.shots import chosen, shots_of
from sparring.reporting.style import COLOURS
from sparring.shown import visible


def comparison_page(comparison: Comparison) -> str:
    """The comparison as the text of a page."""
    runs = sum(len(row.runs) for row in comparison.rows)
    title = f"{runs} runs side by side"
    return html.page(
        title,
        tag("h1", title),
        section(
            "Figures and losses",
            _table(comparison),
            *(paragraph(html.prose(note), class_="quiet") for note in comparison.notes),
        ),
        section("Curves", _legend(comparison), tag("div", *_panels(comparison), class_="panels")),
        section("Last samples", _samples(comparison)),
    )


def _table(comparison: Comparison) -> Html:
    columns = [comparison.cells(name) for name in comparison.columns]
    rows = [
        html.table_row(
            _name(row, number),
            str(len(row.runs)),
            *(html.with_interval(*column[number]) for column in columns),
        )
        for number, row in enumerate(comparison.rows)
    ]
    if comparison.references:
        rows.append(html.table_row(REAL, "", *(html.with_interval(*column[-1]) for column in columns)))
    titles = [column_title(name).replace("\n", " ") for name in comparison.columns]
    return html.table(("run", "seeds", *titles), rows)


def _name(row: Row, number: int) -> Html:
    about = [tag("span", line, class_="small") for line in row.about]
    return tag("span", _swatch(number), row.name, *about, class_="name")


def _swatch(number: int) -> Html:
    return tag("span", class_=f"swatch b{number % COLOURS}")


def _legend(comparison: Comparison) -> Html:
    names = [tag("span", _swatch(number), row.name) for number, row in enumerate(comparison.rows)]
    return tag("p", *names, class_="legend")


def _panels(comparison: Comparison) -> list[Html]:
    """A panel for each column of the histories, with a line for each run in the colour of its row."""
    numbered = [(number, facts) for number, row in enumerate(comparison.rows) for facts in row.runs]
    runs = [facts for _, facts in numbered]
    figures = dict.fromkeys(
        column for facts in runs for column in [*figure_columns(facts), *held_out_columns(facts)]
    )
    terms = dict.fromkeys(column for facts in runs for column in columns_of(facts.rows))
    over_epochs = _shared([facts.timeline.over_epochs for facts in runs])
    over_steps = _shared([facts.timeline.over_steps for facts in runs])
    return [
        *(_panel(column, numbered, "epoch", over_epochs) for column in figures),
        *(_panel(column, numbered, "steps", over_steps) for column in terms),
    ]


def _panel(column: str, numbered: Sequence[tuple[int, Facts]], kind: str, over: Over) -> Html:
    """A line for each run that has a column in its rows of a kind."""
    lines = [
        Line(facts.name, number, points)
        for number, facts in numbered
        if (points := curve(facts.rows_of(kind), column, over))
    ]
    return panel(_title(column), lines, over)


def _title(column: str) -> str:
    """What a column is, in words: `test error`, `generator: loss`, `held-out generator: loss`."""
    if column.startswith(FIGURE):
        return column.removeprefix(FIGURE)
    player, _, term = column.removeprefix(HELD_OUT).rpartition("/")
    held_out = "held-out " if column.startswith(HELD_OUT) else ""
    return f"{held_out}{player}: {term.replace('_', ' ')}"


def _shared(overs: Sequence[Over]) -> Over:
    """What all runs are drawn over: with the marks of their phases only where these are the same for all."""
    first = overs[0]
    return first if all(over == first for over in overs) else Over(first.column)


def _samples(comparison: Comparison) -> Html:
    """The last samples of each run, as many as a page should hold."""
    last = [
        (f"{facts.name}, {shots[-1].label}", facts, shots[-1])
        for row in comparison.rows
        for facts in row.runs
        if (shots := shots_of(facts))
    ]
    if not last:
        return paragraph("None of them has any yet.", class_="quiet")
    some = chosen([shot for _, _, shot in last])
    figures = [
        shot.shown(visible(facts.name), caption=caption) for caption, facts, shot in last if shot in some
    ]
    left_out = f"{len(figures)} of {len(last)} are shown." if len(figures) < len(last) else None
    return tag("div", tag("div", *figures, class_="pictures"), paragraph(left_out) if left_out else None)
