"""Curves as SVG, crisp at any size, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sparring.reporting.axes import Axis, LogAxis, fitting_axis
from sparring.reporting.html import Html, tag
from sparring.reporting.style import COLOURS
from sparring.reporting.text import as_number, number_text, shortened

WIDTH, HEIGHT = 400, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 8, 24
"""Margins, for the numbers beside the axes."""
MOST_POINTS = 800
"""Points of a line beyond which only the lowest and highest of each stretch are drawn."""
LARGEST = 1e150
"""Numbers beyond it, whose differences a float could not hold, are gaps."""
LONGEST_MARK = 24
"""Letters of a name beside a mark."""
MARK_LINES = 3
"""Names of neighbouring marks stand on so many lines in turn, so that they do not cover each other."""

Points = list[tuple[float, float | None]]


@dataclass(frozen=True)
class Mark:
    """A place at which something begins."""

    place: float
    name: str


@dataclass(frozen=True)
class Over:
    """What curves are drawn over."""

    column: str = "step"
    """Where the rows of a history say at which place they are."""
    marks: tuple[Mark, ...] = ()
    """Thin vertical lines, each with its name."""
    counted: bool = True
    """Whether the places are counted from 0, as steps are; otherwise the column is what they are called."""

    @property
    def unit(self) -> str:
        """The places in words, such as `steps`."""
        return f"{self.column}s" if self.counted else self.column


STEPS = Over()


@dataclass(frozen=True)
class Line:
    """One curve."""

    name: str
    colour: int
    points: Points
    """Place and value, in order; None where there is a gap."""
    labels: Sequence[str] = ()
    """What stands beside each point, if anything."""


def curve(rows: Iterable[Mapping[str, Any]], column: str, over: Over = STEPS) -> Points:
    """The points of a column of a history; what is no finite number is a gap."""
    points: Points = []
    for row in rows:
        place = as_number(row.get(over.column))
        if place is not None and abs(place) < LARGEST and column in row:
            value = as_number(row[column])
            points.append((place, value if value is not None and abs(value) < LARGEST else None))
    return points


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns of a history that hold terms, in order of appearance."""
    return list(dict.fromkeys(name for row in rows for name in row if "/" in name))


def term_panels(
    rows: Sequence[Mapping[str, Any]],
    over: Over = STEPS,
    explanations: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> list[Html]:
    """A panel for each name of a term, with a line for each player that has it.

    Args:
        rows: of a history.
        over: what the lines are drawn over.
        explanations: a sentence to stand below the title, for some of the terms; these come first, in order.
        names: how some of the players are called, where it is not by their names.
    """
    columns = columns_of(rows)
    players = list(dict.fromkeys(column.rpartition("/")[0] for column in columns))
    called = names or {}
    terms: dict[str, list[Line]] = {}
    for column in columns:
        player, _, term = column.rpartition("/")
        line = Line(called.get(player, player), players.index(player), curve(rows, column, over))
        terms.setdefault(term, []).append(line)
    said = explanations or {}
    order = [term for term in dict.fromkeys([*said, *terms]) if term in terms]
    return [
        panel(term.replace("_", " "), terms[term], over, said.get(term), legend(terms[term]))
        for term in order
    ]


def panel(
    title: str,
    lines: Sequence[Line],
    over: Over = STEPS,
    explanation: str | None = None,
    below: Html | None = None,
) -> Html:
    """A chart under its title, and under what the title means."""
    about = tag("p", explanation, class_="small") if explanation else None
    return tag("figure", tag("h3", title), about, chart(title, lines, over), below)


def legend(lines: Sequence[Line]) -> Html:
    """The name of each line, with its last value."""
    names = []
    for line in lines:
        last = next((value for _, value in reversed(line.points) if value is not None), None)
        swatch = tag("span", class_=f"swatch b{line.colour % COLOURS}")
        names.append(tag("span", swatch, f"{line.name} {number_text(last)}"))
    return tag("figcaption", *names, class_="legend")


def chart(title: str, lines: Sequence[Line], over: Over = STEPS) -> Html:
    """Curves with axes, and with the marks that lie among their points.

    Each curve says its values, so that the page can show those under the pointer. The axis of values is
    logarithmic where a linear one would press most of them into one line.
    """
    points = [point for line in lines for point in line.points]
    places = [place for place, _ in points] or [1.0]
    values = [value for _, value in points if value is not None] or [0.0]
    xs = Axis.of([0.0, *places] if over.counted else places, LEFT, WIDTH - RIGHT)
    ys = fitting_axis(values, HEIGHT - BOTTOM, TOP)
    ticks = [_horizontal(ys.place(value), number) for value, number in ys.ticks(5)]
    ticks += [_below(xs.place(value), number) for value, number in xs.ticks(5)]
    seen = [mark for mark in over.marks if xs.low <= mark.place <= xs.high]
    marks = [_vertical(xs.place(mark.place), mark.name, number) for number, mark in enumerate(seen)]
    curves = [_curve(line, xs, ys) for line in lines]
    for line in lines:
        for text, (x, y) in zip(line.labels, line.points, strict=False):
            if y is not None:
                curves.append(tag("text", text, x=f"{xs.place(x) + 4:.1f}", y=f"{ys.place(y) - 4:.1f}"))
    scale = " on a logarithmic scale" if isinstance(ys, LogAxis) else ""
    label = f"{title} over {over.unit}{scale}: {', '.join(line.name for line in lines)}"
    return tag(
        "svg",
        *ticks,
        *marks,
        *curves,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=label,
        data_over=over.column,
    )


def _horizontal(y: float, number: str) -> Html:
    line = tag("path", d=f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}", class_="grid")
    return Html(line + tag("text", number, x=LEFT - 6, y=f"{y + 4:.1f}", text_anchor="end"))


def _below(x: float, number: str) -> Html:
    anchor = "end" if x > WIDTH - RIGHT - 12 else "middle"
    return tag("text", number, x=f"{x:.1f}", y=HEIGHT - 6, text_anchor=anchor)


def _vertical(x: float, name: str, number: int) -> Html:
    """The mark of so many in all, whose name stands on the side that has more room."""
    line = tag("path", d=f"M{x:.1f} {TOP}V{HEIGHT - BOTTOM}", class_="mark")
    is_left = x < (LEFT + WIDTH - RIGHT) / 2
    anchor, away = ("start", 3) if is_left else ("end", -3)
    y = TOP + 9 + 11 * (number % MARK_LINES)
    return Html(
        line + tag("text", shortened(name, LONGEST_MARK), x=f"{x + away:.1f}", y=y, text_anchor=anchor)
    )


def _curve(line: Line, xs: Axis, ys: Axis) -> Html:
    """A line, which says its name and, in the order of its path, each place with its value."""
    drawn = thinned(line.points)
    said = " ".join(f"{x:.6g},{y:.4g}" for x, y in drawn if y is not None)
    return tag(
        "path",
        d=_path(drawn, xs, ys),
        class_=f"curve k{line.colour % COLOURS}",
        data_name=line.name,
        data_values=said,
    )


def _path(points: Points, xs: Axis, ys: Axis) -> str:
    """The line as drawing commands, lifted over the gaps."""
    parts = []
    for is_gap, stretch in groupby(points, key=lambda point: point[1] is None):
        places = [f"{xs.place(x):.1f} {ys.place(y):.1f}" for x, y in stretch if y is not None]
        if not is_gap:
            # A point alone shows as a dot, because lines have round ends.
            parts.append(f"M{'L'.join(places)}" if len(places) > 1 else f"M{places[0]}h.01")
    return "".join(parts)


def thinned(points: Points) -> Points:
    """At most about `MOST_POINTS` of the points: of each stretch the lowest, the highest and any gap."""
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(2 * len(points) / MOST_POINTS)
    kept: Points = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        numbers = [(value, start + place) for place, (_, value) in enumerate(stretch) if value is not None]
        gaps = [start + place for place, (_, value) in enumerate(stretch) if value is None][:1]
        ends = [min(numbers)[1], max(numbers)[1]] if numbers else []
        kept += [points[place] for place in sorted({*ends, *gaps})]
    return kept
