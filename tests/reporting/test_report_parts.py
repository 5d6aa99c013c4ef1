"""The parts of pages: numbers, curves, the choice of pictures, and Student's distribution."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from sparring.reporting.axes import Axis, LogAxis, fitting_axis, tick_text
from sparring.reporting.charts import MOST_POINTS, Line, chart, curve, thinned
from sparring.reporting.html import Html, tag
from sparring.reporting.shots import MOST_SHOTS, Picture, chosen
from sparring.reporting.statistics import (
    Spread,
    geometric_mean_over_seeds,
    mean_over_seeds,
    share_over_seeds,
    t_quantile,
)
from sparring.reporting.text import count_text, interval_text, number_text, seconds_text, value_text, visible


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 8, 9, 30, 31, 200, 999])
def test_students_quantiles(degrees: int) -> None:
    assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-9)


def test_closed_forms() -> None:
    assert t_quantile(1) == pytest.approx(math.tan(0.475 * math.pi))
    assert t_quantile(2) == pytest.approx(0.95 / math.sqrt(2 * 0.975 * 0.025))
    spread = mean_over_seeds([1.0, 3.0])
    assert (spread.value, spread.high) == (2.0, pytest.approx(2 + math.tan(0.475 * math.pi)))
    assert mean_over_seeds([5.0]).low is None
    constant = mean_over_seeds([0.1, 0.1, 0.1])
    assert (constant.low, constant.high) == pytest.approx((0.1, 0.1))


def test_the_geometric_mean_of_a_nought_is_one() -> None:
    assert geometric_mean_over_seeds([0.0, 1.0, 5.0]) == Spread(0.0)


def test_geometric_means_have_intervals_of_logarithms() -> None:
    spread, logarithms = geometric_mean_over_seeds([1.0, math.e**2]), mean_over_seeds([0.0, 2.0])
    assert logarithms.low is not None
    assert (spread.value, spread.low) == pytest.approx((math.e, math.exp(logarithms.low)))
    assert geometric_mean_over_seeds([3.0]).low is None


def test_intervals_of_shares_stay_among_shares() -> None:
    high = share_over_seeds([0.99, 0.98, 1.0])
    low = share_over_seeds([0.01, 0.02, 0.0])
    assert mean_over_seeds([0.99, 0.98, 1.0]).high == pytest.approx(1.0148, abs=1e-4)
    # Its log-odds are log(99) ± 4.3027 (0.01 / sqrt(3)) / (0.99 * 0.01).
    assert (high.value, high.low, high.high) == pytest.approx((0.99, 0.88952, 0.99918), abs=1e-5)
    assert (low.low, low.high) == pytest.approx((1 - high.high, 1 - high.low))  # type: ignore[operator]
    assert share_over_seeds([1.0, 1.0]) == mean_over_seeds([1.0, 1.0])
    assert share_over_seeds([0.4]).low is None
    none = share_over_seeds([0.0, 0.0], [(0.0, 0.16), (0.0, 0.04)])
    assert (none.low, none.high) == (0.0, 0.16), (
        "that none of a few was seen does not say that there are none"
    )


def test_numbers_as_people_read_them() -> None:
    numbers = (0.123456, 1234.5, 5e-7, 1e12, None, "x", True, math.nan, 10**400)
    texts = ["0.1235", "1,234", "5e-07", "1e+12", *["–"] * 5]
    assert [number_text(value) for value in numbers] == texts
    assert [count_text(value) for value in (1800, 93_700_000, "x", None, [1])] == [
        "1,800", "93,700,000", "x", "none", "[1]"
    ]  # fmt: skip
    assert (seconds_text(120.0), seconds_text("x"), interval_text(1, None)) == ("2 minutes", "–", "–")
    assert (value_text(False), value_text({"a": "ü"})) == ("false", '{"a": "ü"}')
    assert visible("a\x1b[0m\u202eb\ud800\n\tü") == "a\\x1b[0m\\u202eb\\ud800\n\tü"


def test_elements_escape_everything_but_elements() -> None:
    inner = tag("b", "<&>", class_='"')
    assert inner == '<b class="&quot;">&lt;&amp;&gt;</b>'
    assert (
        tag("p", inner, ["x<", None, Html("<br>")], hidden=True, title=None)
        == f"<p hidden>{inner}x&lt;<br></p>"
    )


def test_gaps_and_odd_rows() -> None:
    values = {1: 1.0, 2: None, 3: 1e300, 4: 2, 6: 3}
    rows = [{"step": step, "a/loss": value} for step, value in values.items()]
    rows[3:3] = [{"step": "x"}, {"step": 5}]
    points = curve(rows, "a/loss")
    assert points == [(1, 1.0), (2, None), (3, None), (4, 2.0), (6, 3.0)]
    drawn = re.findall(r'<path d="([^"]+)" class="curve k0"', chart("loss", [Line("a", 8, points)]))
    assert len(drawn) == 1
    assert drawn[0].count("M") == 2, "lifted over the gap"
    assert "h.01" in drawn[0], "a point alone is a dot"


@example([(0, 1.0), (1, 3e114), (2, 2e-194), (3, 1.0)], 1.0)
@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.none() | st.floats(-1e150, 1e150)), max_size=30),
    st.sampled_from([1.0, 1e-9, 1e-300]),
)
def test_any_numbers_can_be_drawn(points: list[tuple[int, float | None]], scale: float) -> None:
    line = Line("a", 0, sorted((float(x), y and y * scale) for x, y in dict(points).items()))
    drawn = chart("loss", [line])
    assert not re.search("nan|inf", drawn)
    places = [float(number) for number in re.findall(r"[ML][-\d.]+ ([-\d.]+)", drawn)]
    assert all(-1 <= place <= 221 for place in places)


def test_long_lines_keep_their_extremes_and_gaps() -> None:
    points = [(float(x), math.sin(x)) for x in range(100_000)]
    points[4321] = (4321.0, 99.0)
    points[8765] = (8765.0, -99.0)
    few = thinned([*points[:5000], (5000.0, None), *points[5001:]])
    assert len(few) <= 1.5 * MOST_POINTS
    assert {(4321.0, 99.0), (8765.0, -99.0), (5000.0, None)} <= set(few)
    assert all(one[0] < other[0] for one, other in pairwise(few))
    assert thinned(points[:MOST_POINTS]) == points[:MOST_POINTS]


def test_numbers_on_axes() -> None:
    ticks = [
        (0.0, 1.0),
        (0.25, 0.25),
        (1.5, 0.5),
        (500, 500),
        (1500, 500),
        (2e6, 5e5),
        (-4e9, 1e9),
        (3e-7, 1e-7),
    ]
    assert [tick_text(*tick) for tick in ticks] == ["0", "0.25", "1.5", "500", "1.5k", "2M", "-4G", "3e-07"]


def test_an_axis_is_logarithmic_where_a_linear_one_would_show_a_flat_line() -> None:
    falling = [10.0 ** (2 - place) for place in range(7)]
    axis = fitting_axis(falling, 0, 6)
    assert isinstance(axis, LogAxis)
    assert [axis.place(number) for number in falling] == pytest.approx([6, 5, 4, 3, 2, 1, 0], abs=1e-9)
    assert [text for _, text in axis.ticks(3)] == ["0.0001", "0.01", "1", "100"]
    for numbers in ([0.0, *falling], [-1.0, *falling], [1.0, 2.0, 3.0, 4.0, 5.0], [1e-9, 1.0]):
        assert type(fitting_axis(numbers, 0, 6)) is Axis, numbers
    line = Line("a", 0, [(float(place), number) for place, number in enumerate(falling)])
    assert "loss over steps on a logarithmic scale: a" in chart("loss", [line])


def test_a_curve_says_the_values_that_stand_under_a_pointer() -> None:
    drawn = chart("loss", [Line('"a"', 0, [(1200.0, 0.25), (1300.0, None), (1400.0, 1 / 3)])])
    assert 'data-over="step"' in drawn
    assert 'data-name="&quot;a&quot;" data-values="1200,0.25 1400,0.3333"' in drawn
    places = re.findall(r"[ML]([-\d.]+) ", re.findall(r'd="([^"]*)" class="curve', drawn)[0])
    assert len(places) == 2, "a value for each place of the path, in the same order"


def pictures(*sizes: int) -> list[Picture]:
    return [Picture(Path(str(place)), "", place, size, 1, 1) for place, size in enumerate(sizes)]


@given(st.lists(st.integers(1, 10**6), max_size=200))
def test_the_choice_of_pictures(sizes: list[int]) -> None:
    everything = pictures(*sizes)
    some = chosen(everything, most_bytes=5_000_000)
    assert len(some) == len(set(some)) <= MOST_SHOTS
    assert some == sorted(some, key=lambda picture: int(picture.path.name))
    assert some[:1] == everything[:1]
    assert some[-1:] == everything[-1:]
    assert len(some) <= 2 or sum(picture.size for picture in some) <= 5_000_000
    if len(sizes) <= 5:
        assert some == everything


def test_pictures_are_evenly_chosen() -> None:
    places = [int(picture.path.name) for picture in chosen(pictures(*[1] * 100))]
    assert len(places) == MOST_SHOTS
    assert {after - before for before, after in pairwise(places)} <= {2, 3}
