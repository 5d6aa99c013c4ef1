"""The course of a run against a slow simulation that plays it step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparring.game import Phase, Terms, Turn
from sparring.settings import Limit
from sparring.training.course import Course, deals

SOURCES = ("real", "labelled", "drawings")


def nothing(*batches: object) -> Terms:
    return Terms()


turns = st.builds(
    Turn,
    st.just("player"),
    st.just(nothing),
    st.lists(st.sampled_from(SOURCES), min_size=0, max_size=3, unique=True).map(tuple),
    st.booleans(),
)
lengths = st.one_of(
    st.integers(1, 30).map(lambda n: Limit(steps=n)), st.integers(1, 4).map(lambda n: Limit(epochs=n))
)
phases = st.lists(st.tuples(st.lists(turns, min_size=1, max_size=4), lengths), min_size=1, max_size=4).map(
    lambda several: [
        Phase(f"phase {place}", tuple(own), None if place == len(several) - 1 else length)
        for place, (own, length) in enumerate(several)
    ]
)
batches = st.fixed_dictionaries({source: st.integers(1, 12) for source in SOURCES})


@dataclass
class Moment:
    """What is so after some steps."""

    phase: str
    in_phase: int
    """Steps of the phase so far."""
    epoch: int
    """Epochs that are over."""
    ends_epoch: bool


def dealt_in_a_step(phase: Phase) -> dict[str, int]:
    """As the engine deals: turn by turn, a new batch where there is none yet or one is asked for."""
    at_hand: set[str] = set()
    dealt = dict.fromkeys(SOURCES, 0)
    for turn in phase.turns:
        for source in turn.sources:
            if turn.fresh or source not in at_hand:
                at_hand.add(source)
                dealt[source] += 1
    return dealt


def simulated(plan: list[Phase], per_pass: dict[str, int], steps: int) -> list[Moment]:
    """Every moment of a run, by playing it: an epoch is over when a pass is dealt, or when its phase is."""
    moments: list[Moment] = []
    epoch = 0
    for phase in plan:
        length = phase.length or Limit(steps=steps + 1)
        dealt = dealt_in_a_step(phase)
        counted = next((source for source in per_pass if dealt[source]), None)
        needed, a_step = (
            (per_pass[counted], dealt[counted]) if counted else (next(iter(per_pass.values())), 1)
        )
        in_phase = epochs = in_epoch = 0
        while len(moments) < steps:
            in_phase += 1
            in_epoch += a_step
            ends = in_epoch >= needed or in_phase == length.steps
            if ends:
                epoch, epochs, in_epoch = epoch + 1, epochs + 1, 0
            moments.append(Moment(phase.name, in_phase, epoch, ends))
            if in_phase == length.steps or epochs == length.epochs:
                break
    return moments


@given(phases, batches)
def test_what_a_phase_deals_is_what_the_engine_deals(plan: list[Phase], per_pass: dict[str, int]) -> None:
    for phase in plan:
        assert deals(phase) == {source: count for source, count in dealt_in_a_step(phase).items() if count}


@given(phases, batches, st.integers(1, 80))
def test_a_course_is_what_playing_it_gives(plan: list[Phase], per_pass: dict[str, int], steps: int) -> None:
    course = Course(plan, per_pass, steps)
    assert course.epoch(0) == 0.0
    assert not course.ends_epoch(0)
    moments = simulated(plan, per_pass, steps)
    played = {moment.phase for moment in moments}
    assert course.unreached == [phase.name for phase in plan if phase.name not in played]
    for step, moment in enumerate(moments, start=1):
        leg = course.behind(step)
        assert leg is course.at(step - 1)
        assert leg.phase.name == moment.phase
        assert step - leg.first == moment.in_phase
        assert course.ends_epoch(step) == moment.ends_epoch
        assert int(course.epoch(step)) == moment.epoch
        assert (course.epoch(step) == moment.epoch) == moment.ends_epoch


@given(phases, batches, st.integers(1, 80))
def test_epochs_never_go_down(plan: list[Phase], per_pass: dict[str, int], steps: int) -> None:
    course = Course(plan, per_pass, steps)
    epochs = [course.epoch(step) for step in range(steps + 1)]
    for before, after in pairwise(epochs):
        assert before < after <= math.floor(before) + 1


@given(phases, batches, st.integers(1, 40), st.integers(0, 40))
def test_a_run_cut_short_counts_as_the_longer_one(
    plan: list[Phase], per_pass: dict[str, int], steps: int, more: int
) -> None:
    """So that it can be made longer later, also where it ends within an early phase."""
    short, long = Course(plan, per_pass, steps), Course(plan, per_pass, steps + more)
    for step in range(steps + 1):
        assert short.epoch(step) == long.epoch(step)
        assert short.ends_epoch(step) == long.ends_epoch(step)
        assert short.behind(step).phase is long.behind(step).phase
    assert sum(leg.steps for leg in short.legs) == steps


@given(phases, batches, st.integers(1, 60))
def test_progress_is_the_share_of_the_phase(plan: list[Phase], per_pass: dict[str, int], steps: int) -> None:
    course = Course(plan, per_pass, steps)
    names = [moment.phase for moment in simulated(plan, per_pass, steps)]
    for step in range(steps):
        leg = course.at(step)
        first = names.index(leg.phase.name)
        assert leg.progress(step) == pytest.approx((step - first) / names.count(leg.phase.name))
    assert course.at(steps).progress(steps) == 1.0
    assert course.at(steps).phase.name == names[-1], "at its end a run is in its last phase still"


@given(phases, batches, st.integers(1, 12))
def test_a_run_of_some_epochs_ends_with_the_last_of_them(
    plan: list[Phase], per_pass: dict[str, int], epochs: int
) -> None:
    steps = Course(plan, per_pass).steps_of(Limit(epochs=epochs))
    course = Course(plan, per_pass, steps)
    assert course.ends_epoch(steps)
    assert course.epoch(steps) == epochs
    assert sum(course.ends_epoch(step) for step in range(steps + 1)) == epochs
    assert course.steps_of(Limit(epochs=epochs)) == steps, "whatever the length of the run is now"


@given(phases, batches, st.integers(1, 10**9))
def test_steps_are_steps(plan: list[Phase], per_pass: dict[str, int], steps: int) -> None:
    assert Course(plan, per_pass).steps_of(Limit(steps=steps)) == steps


@given(phases, batches, lengths)
def test_the_published_length_has_all_of_the_last_phase(
    plan: list[Phase], per_pass: dict[str, int], length: Limit
) -> None:
    assert Course(plan, per_pass).published_length() is None
    last = Phase("last", plan[-1].turns, length)
    published = Course([*plan[:-1], last], per_pass).published_length()
    # The same where the last phase is followed by another that has the rest.
    *_, after = Course([*plan[:-1], last, plan[-1]], per_pass).legs
    assert published == after.first
    assert Course([*plan[:-1], last], per_pass, published).legs[-1].progress(published) == 1.0


def test_an_open_course_has_an_endless_last_phase() -> None:
    one, other = (Phase(name, (Turn("player", nothing),), Limit(steps=4)) for name in ("one", "other"))
    course = Course([one, other], {"real": 3})
    assert [leg.steps for leg in course.legs] == [4, math.inf]
    assert course.at(10**12).phase is other
    assert course.at(10**12).progress(10**12) == 0.0, "the rates of a run without an end do not fall"
    assert course.total is None


def test_epochs_of_a_phase_are_of_the_first_source_that_it_looks_at() -> None:
    """The first of the game's, not of the turn's; a phase that looks at none counts batches of the first."""
    per_pass = {"real": 10, "labelled": 4}
    for sources, expected in [(("real",), 10), (("labelled",), 4), (("labelled", "real"), 10), ((), 10)]:
        (leg,) = Course([Phase("only", (Turn("player", nothing, sources),))], per_pass).legs
        assert leg.steps_per_epoch == expected
    critic = Turn("critic", nothing, fresh=True)
    (leg,) = Course([Phase("only", (critic, critic, critic, Turn("player", nothing)))], per_pass).legs
    assert leg.steps_per_epoch == 4, "ten batches, three a step"
