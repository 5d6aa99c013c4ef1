"""A comparison as one HTML file: its table, curves over each other, last pictures beside each other."""

from __future__ import annotations

from sparring.reporting import html
from sparring.reporting.charts import Line, columns_of, curve, panel
from sparring.reporting.compare import REAL, Comparison, column_title
from sparring.reporting.html import Html, paragraph, section, tag
from sparring.reporting.pictures import chosen, pictures_of
from sparring.reporting.rows import Row
from sparring.reporting.style import COLOURS
from sparring.reporting.text import visible


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
        section("Last pictures", _pictures(comparison)),
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
    columns = dict.fromkeys(column for _, facts in numbered for column in columns_of(facts.rows))
    panels = []
    for column in columns:
        lines = [
            Line(facts.name, number, points)
            for number, facts in numbered
            if (points := curve(facts.rows, column))
        ]
        player, _, term = column.rpartition("/")
        panels.append(panel(f"{player}: {term.replace('_', ' ')}", lines))
    return panels


def _pictures(comparison: Comparison) -> Html:
    """The last picture of each run, as many as a page should hold."""
    last = [
        (f"{facts.name}, {pictures[-1].label}", facts, pictures[-1])
        for row in comparison.rows
        for facts in row.runs
        if (pictures := pictures_of(facts))
    ]
    if not last:
        return paragraph("None of them has a picture yet.", class_="quiet")
    shown = chosen([picture for _, _, picture in last])
    figures = [
        picture.shown(visible(facts.name), caption=caption)
        for caption, facts, picture in last
        if picture in shown
    ]
    left_out = f"{len(figures)} of {len(last)} are shown." if len(figures) < len(last) else None
    return tag("div", tag("div", *figures, class_="pictures"), paragraph(left_out) if left_out else None)
