"""A comparison as one HTML file: its table, curves over each other, last samples beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from sparring.reporting import html
from sparring.reporting.charts import Line, Over, columns_of, curve, panel
from sparring.reporting.compare import REAL, Comparison
from sparring.reporting.comparison_table import title_of
from sparring.reporting.entries import Entry
from sparring.reporting.facts import Facts
from sparring.reporting.figures import FIGURE, HELD_OUT, figure_columns, held_out_columns
from sparring.reporting.html import Html, paragraph, section, tag
from sparring.reporting.shots import chosen, shots_of
from sparring.reporting.style import COLOURS
from sparring.shown import counted, visible


def comparison_page(comparison: Comparison) -> str:
    """The comparison as the text of a page."""
    runs = sum(len(entry.runs) for entry in comparison.entries)
    title = f"{counted(runs, 'run')} side by side"
    return html.page(
        title,
        tag("h1", title),
        section(
            "Figures and losses",
            _table(comparison),
            *(paragraph(html.prose(note), class_="quiet") for note in comparison.notes),
        ),
        section("Last samples", _samples(comparison)),
        section("Curves", *_curves(comparison)),
    )


def _table(comparison: Comparison) -> Html:
    """Figures in rows, runs in columns."""
    entries = comparison.entries
    heads = [_name(entry, number) for number, entry in enumerate(entries)]
    rows = []
    for name in comparison.names:
        best = comparison.best(name)
        cells = [
            tag("span", html.with_interval(*cell), class_="best" if place in best else None)
            for place, cell in enumerate(comparison.cells(name))
        ]
        rows.append(html.table_row(title_of(name), *cells))
    return html.table(("", *heads, *([REAL] if comparison.references else [])), rows)


def _name(entry: Entry, number: int) -> Html:
    told = [f"{name}: {line}" for name, text in entry.about.items() for line in text.split("\n") if line]
    about = [tag("span", line, class_="small") for line in told]
    return tag("span", _swatch(number), entry.name, *about, class_="name")


def _swatch(number: int) -> Html:
    return tag("span", class_=f"swatch b{number % COLOURS}")


def _legend(comparison: Comparison) -> Html:
    names = [tag("span", _swatch(number), entry.name) for number, entry in enumerate(comparison.entries)]
    return tag("p", *names, class_="legend")


def _curves(comparison: Comparison) -> list[Html]:
    """The curves that runs share, over each other."""
    panels = _panels(comparison)
    if not panels:
        return [paragraph("No two of them have a curve in common.", class_="quiet")]
    return [_legend(comparison), tag("div", *panels, class_="panels")]


def _panels(comparison: Comparison) -> list[Html]:
    """A panel for each column that two histories have; a line for each run, in the colour of its entry."""
    numbered = [(number, facts) for number, entry in enumerate(comparison.entries) for facts in entry.runs]
    runs = [facts for _, facts in numbered]
    figures = dict.fromkeys(
        column for facts in runs for column in [*figure_columns(facts), *held_out_columns(facts)]
    )
    terms = dict.fromkeys(column for facts in runs for column in columns_of(facts.rows))
    over_epochs = _shared([facts.timeline.over_epochs for facts in runs])
    over_steps = _shared([facts.timeline.over_steps for facts in runs])
    panels = [
        *(_panel(column, numbered, "epoch", over_epochs) for column in figures),
        *(_panel(column, numbered, "steps", over_steps) for column in terms),
    ]
    return [shown for shown in panels if shown is not None]


def _panel(column: str, numbered: Sequence[tuple[int, Facts]], kind: str, over: Over) -> Html | None:
    """A line for each run that has a column in its rows of a kind; None where only one has it."""
    lines = [
        Line(facts.name, number, points)
        for number, facts in numbered
        if (points := curve(facts.rows_of(kind), column, over))
    ]
    if len(lines) < 2:
        return None
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
        for entry in comparison.entries
        for facts in entry.runs
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
