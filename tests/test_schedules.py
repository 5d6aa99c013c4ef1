"""Schedules against their closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparring.schedules import Schedule, constant, cosine, linear_decay, warm_up

progress = st.floats(0.0, 1.0)
share = st.floats(0.01, 1.0)


@given(progress)
def test_a_constant_is_one(at: float) -> None:
    assert constant(at) == 1.0


@given(progress, share, st.floats(0.0, 1.0))
def test_linear_decay_begins_late_and_ends_where_it_says(at: float, over: float, to: float) -> None:
    schedule = linear_decay(over, to)
    expected = 1.0 if at <= 1 - over else to + (1 - to) * (1 - at) / over
    assert schedule(at) == pytest.approx(expected)
    assert schedule(0.0) == pytest.approx(1.0)
    assert schedule(1.0) == to


@given(progress)
def test_decay_over_no_share_is_none(at: float) -> None:
    assert linear_decay(0.0)(at) == 1.0


@given(progress, st.floats(0.0, 1.0))
def test_cosine_is_half_a_wave(at: float, to: float) -> None:
    schedule = cosine(to)
    assert schedule(at) == pytest.approx(to + (1 - to) * math.cos(math.pi * at / 2) ** 2)
    assert [schedule(x) for x in (0.0, 0.5, 1.0)] == pytest.approx([1.0, (1 + to) / 2, to])


@given(progress, share, st.sampled_from([constant, cosine(), linear_decay(0.5)]))
def test_a_warm_up_rises_from_nothing_and_leaves_the_rest_to_another(
    at: float, over: float, then: Schedule
) -> None:
    schedule = warm_up(over, then)
    assert schedule(0.0) == 0.0
    if at < over:
        assert schedule(at) == pytest.approx(at / over)
    else:
        left = (at - over) / (1 - over) if over < 1 else 1.0
        assert schedule(at) == pytest.approx(then(left))


def test_a_warm_up_of_no_length_is_the_other_schedule() -> None:
    assert [warm_up(0.0, cosine())(at) for at in (0.0, 0.3, 1.0)] == [cosine()(at) for at in (0.0, 0.3, 1.0)]
