"""A comparison as tables for a terminal: figures in rows, runs in columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from sparring.reporting.compare import REAL, Comparison
from sparring.shown import visible
from sparring.table import Table

NAME_WIDTH = 18
"""Letters of a figure's name on a line, at the most."""
LEAST_WIDTH, MOST_WIDTH = 12, 34
"""Letters of a run's numbers on a line."""
REAL_WIDTH = 10
BETWEEN = 3
"""Letters that a column takes beside what is in it."""


def comparison_tables(comparison: Comparison, width: int) -> list[Table]:
    """Tables as wide as a terminal at the most, each with as many runs as fit.

    Args:
        comparison: what is shown.
        width: of the terminal in letters.
    """
    beside = 1 + NAME_WIDTH + BETWEEN + (REAL_WIDTH + BETWEEN if comparison.references else 0)
    at_once = max(1, (width - beside) // (LEAST_WIDTH + BETWEEN))
    places = range(len(comparison.entries))
    parts = [places[first : first + at_once] for first in places[::at_once]]
    return [_table(comparison, part, (width - beside) // len(part) - BETWEEN) for part in parts]


def _table(comparison: Comparison, places: Sequence[int], room: int) -> Table:
    """A table of some of the entries, each as wide as there is room for it, and of real examples."""
    shown = [comparison.entries[place] for place in places]
    table = Table(show_lines=True)
    # Widths are given, of which rich would give some columns more and others less; but where they do not fit,
    # it shares what there is.
    fits = room >= LEAST_WIDTH
    table.add_column("", width=NAME_WIDTH if fits else None)
    for entry in shown:
        table.add_column(Text(entry.name), width=min(room, MOST_WIDTH) if fits else None)
    if comparison.references:
        table.add_column(REAL, width=REAL_WIDTH if fits else None)
    for name in shown[0].about:
        told = [entry.about[name] for entry in shown]
        if any(told):
            table.add_row(name, *(Text(text, "dim") for text in told))
    for name in comparison.names:
        cells, best = comparison.cells(name), comparison.best(name)
        wanted = [_cell(*cells[place], place in best) for place in places]
        real = [_cell(*cells[-1])] if comparison.references else []
        table.add_row(Text(title_of(name)), *wanted, *real)
    return table


def title_of(name: str) -> str:
    """The name of a number in words, such as `generator loss`."""
    return visible(name).replace("/", " ")


def _cell(number: str, interval: str, is_best: bool = False) -> Text:
    text = Text(f"{number} *", "bold") if is_best else Text(number)
    return text + Text(f"\n{interval}", "dim") if interval else text
