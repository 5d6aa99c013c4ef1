"""Findings: each rule on rows where it must speak, and on their neighbours where it must be silent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sparring.errors import NotANumber
from sparring.game import Role
from sparring.health.checks import Checks, of_newest_phase
from sparring.health.evidence import (
    CHECKS_IN_A_ROW,
    FULL_CHECKS_IN_A_ROW,
    OVERFITTING_CHECKS,
    PATIENCE,
    percent,
)
from sparring.health.findings import FIRST_CHECKS, LATEST_CHECKS, RULES, Finding, find, not_a_number
from sparring.health.monitor import CHECKS_PER_FULL_CHECK
from sparring.health.remedies import Context
from sparring.zoo import find_system

Column = float | Callable[[int], float | None] | None
Changes = Mapping[str, Column]

MANY = CHECKS_PER_FULL_CHECK * FULL_CHECKS_IN_A_ROW + 2 * PATIENCE
"""Checks after which every rule has seen enough."""

HEALTHY: Changes = {
    "generator/loss": 0.8,
    "generator/gradient_norm": lambda check: 0.5 - 0.1 * (check % 2),
    "generator/update_ratio": 1e-3,
    "discriminator/loss": 1.2,
    "discriminator/accuracy": 0.7,
    "discriminator/logit_gap": 1.0,
    "discriminator/gradient_norm": 0.5,
    "discriminator/update_ratio": 1e-3,
    "samples/diversity": lambda check: min(0.95, 0.1 + 0.05 * check),
    "samples/nearest": 0.9,
    "samples/duplicates": 0.0,
    "samples/distance": lambda check: 1.0 * 0.98**check,
    "samples/movement": 0.2,
    "samples/return": 0.6,
    "samples/feature_diversity": 0.9,
    "samples/classes": 9.0,
    "samples/real_classes": 9.7,
    "samples/coverage": 0.8,
    "samples/copies": 0.01,
}
FULL_COLUMNS = {
    "samples/return",
    "samples/feature_diversity",
    "samples/classes",
    "samples/real_classes",
    "samples/coverage",
    "samples/copies",
}

SICK: dict[str, Changes] = {
    "mode collapse": {
        "samples/diversity": 0.1,
        "samples/duplicates": 0.8,
        "samples/distance": 1.1,
    },
    "partial mode collapse": {"samples/classes": 2.1},
    "vanishing gradient": {
        "discriminator/accuracy": 1.0,
        "generator/gradient_norm": lambda check: 0.4 if check < 5 else 1e-6,
    },
    "generator overpowering": {
        "discriminator/logit_gap": 0.01,
        "discriminator/accuracy": 0.5,
        "samples/distance": 0.9,
        "samples/diversity": 0.8,
    },
    "oscillation": {
        "samples/return": 0.05,
        "samples/movement": 0.7,
        "samples/distance": 0.5,
        "samples/diversity": 0.8,
    },
    "divergence": {"generator/loss": lambda check: 0.8 if check < 10 else -4e4},
    "memorisation": {"samples/copies": 0.8},
    "overfitting": {"discriminator/gap_training": 2.0, "discriminator/gap_held_out": 0.5},
    "dead run": {"samples/movement": 0.0},
}
"""What of a healthy run is otherwise where a rule must speak."""

STRAIGHT: dict[str, int] = dict.fromkeys(SICK, CHECKS_IN_A_ROW) | {
    "mode collapse": PATIENCE,
    "generator overpowering": PATIENCE,
    "oscillation": CHECKS_PER_FULL_CHECK * (FULL_CHECKS_IN_A_ROW - 1),
    "partial mode collapse": CHECKS_PER_FULL_CHECK * (FULL_CHECKS_IN_A_ROW - 1),
    "memorisation": CHECKS_PER_FULL_CHECK * (FULL_CHECKS_IN_A_ROW - 1),
    "overfitting": OVERFITTING_CHECKS - 1,
    "dead run": CHECKS_IN_A_ROW - 1,
}
"""Checks after which a rule cannot know yet, however sick the run is."""


def checks(count: int, changes: Changes = HEALTHY, first: int = 0) -> list[dict[str, Any]]:
    """Rows of `count` checks; a column is a number, a function of the check, or left out where None."""
    rows = []
    for check in range(first, first + count):
        row = {}
        for name, column in (HEALTHY | dict(changes)).items():
            if column is None or (name in FULL_COLUMNS and check % CHECKS_PER_FULL_CHECK):
                continue
            row[name] = column(check) if callable(column) else column
        if check == 0:
            row.pop("samples/movement", None)
        rows.append(row)
    return rows


TWO_PLAYERS = {"generator": Role.GENERATOR, "discriminator": Role.CRITIC}


def context_of(roles: Mapping[str, str]) -> Context:
    game_class = find_system("gan")
    return Context("gan", game_class, game_class.Settings(), "mnist", roles)


@pytest.fixture(scope="module")
def context() -> Context:
    return context_of(TWO_PLAYERS)


@pytest.fixture(scope="module")
def names(context: Context) -> Callable[..., list[str]]:
    def find_names(
        rows: list[dict[str, Any]], known: set[str] | None = None, context: Context = context
    ) -> list[str]:
        return [finding.name for finding in find(rows, context, known or set())]

    return find_names


Names = Callable[..., list[str]]


def test_few_different_texts_are_a_partial_collapse(names: Names) -> None:
    few = {"samples/distinct": 0.2, "samples/classes": None}
    assert names(checks(MANY, few)) == ["partial mode collapse"]
    assert names(checks(CHECKS_IN_A_ROW - 1, few)) == []
    assert names(checks(MANY, few | {"samples/distinct": 0.7})) == []


def test_samples_that_reach_hardly_any_real_example_once_they_should(context: Context) -> None:
    """Of all classes, and far from most examples: nothing else but the coverage tells."""
    patient = replace(context, enough_steps=3000)

    def found(covered: float, last: int) -> list[str]:
        rows = checks(MANY, {"samples/coverage": covered})
        rows[-1]["step"] = last
        return [finding.name for finding in find(rows, patient, set())]

    assert found(0.09, 3000) == ["partial mode collapse"]
    assert found(0.09, 2999) == []
    assert found(0.11, 3000) == []
    patient = replace(context, enough_steps=0)
    assert found(0.09, 3000) == [], "when they should is not known"


def test_copies_of_texts_are_exact(context: Context) -> None:
    of_texts = replace(context, discrete=True)
    (finding,) = find(checks(MANY, {"samples/copies": 0.5}), of_texts, set())
    assert (
        finding.evidence
        == "50 % of the samples are training examples, exactly, and such as occur there only once."
    )


def test_every_rule_is_tested() -> None:
    assert SICK.keys() == RULES.keys()


@pytest.mark.parametrize(
    "count", [1, 2, CHECKS_IN_A_ROW, 2 * CHECKS_IN_A_ROW + 1, PATIENCE + 1, MANY, 3 * MANY]
)
def test_nothing_is_wrong_with_a_healthy_run(count: int, names: Names) -> None:
    assert names(checks(count)) == []


@pytest.mark.parametrize("name", SICK)
def test_a_rule_speaks(name: str, names: Names) -> None:
    assert names(checks(MANY, SICK[name])) == [name]


@pytest.mark.parametrize("name", SICK)
def test_a_rule_waits(name: str, names: Names) -> None:
    for count in range(1, STRAIGHT[name] + 1):
        assert names(checks(count, SICK[name])) == []


@pytest.mark.parametrize("name", SICK)
@pytest.mark.parametrize("healed", [CHECKS_IN_A_ROW + 1, 2 * CHECKS_PER_FULL_CHECK])
def test_what_a_run_has_got_over_is_not_found(name: str, healed: int, names: Names) -> None:
    """The run is sick until lately, and then as a healthy one is."""
    healthy = {
        "samples/distance": 0.01,
        "generator/gradient_norm": 0.4,
        "samples/diversity": 0.95,
        "samples/classes": 9.0,
        "discriminator/gap_training": 1.0,
        "discriminator/gap_held_out": 0.9,
    }
    if name in ("partial mode collapse", "memorisation", "oscillation"):
        healed = 2 * CHECKS_PER_FULL_CHECK
    rows = checks(MANY, SICK[name]) + checks(healed, healthy, first=MANY)
    assert name not in names(rows)


@pytest.mark.parametrize("name", ["mode collapse", "generator overpowering", "oscillation"])
def test_samples_that_still_come_nearer_are_given_time(name: str, names: Names) -> None:
    nearing = {"samples/distance": lambda check: 3.0 * 0.97**check if check < MANY - 1 else 0.35}
    assert names(checks(MANY, SICK[name] | nearing)) == []


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("mode collapse", "samples/diversity", 0.6),
        ("partial mode collapse", "samples/classes", 6.0),
        ("vanishing gradient", "discriminator/accuracy", 0.9),
        ("vanishing gradient", "generator/gradient_norm", 0.1),
        ("generator overpowering", "discriminator/logit_gap", 2.0),
        ("generator overpowering", "samples/distance", 0.05),
        ("oscillation", "samples/return", 0.6),
        ("oscillation", "samples/movement", 0.1),
        ("oscillation", "samples/distance", 0.02),
        ("divergence", "generator/loss", lambda check: 0.8 + 0.2 * check),
        ("divergence", "generator/loss", lambda check: 4e4 if check % CHECKS_IN_A_ROW == 0 else 0.8),
        ("divergence", "generator/loss", -40.0),
        ("memorisation", "samples/copies", 0.1),
        ("overfitting", "discriminator/gap_held_out", 1.5),
        ("overfitting", "discriminator/gap_held_out", lambda check: 3.0 if check % 8 == 0 else 0.5),
        ("overfitting", "discriminator/gap_held_out", None),
        ("overfitting", "discriminator/gap_training", -0.1),
        ("dead run", "samples/movement", 0.01),
        ("dead run", "samples/movement", lambda check: 0.1 if check % CHECKS_IN_A_ROW == 0 else 0.0),
    ],
)
def test_neighbours_of_trouble(name: str, column: str, value: Column, names: Names) -> None:
    """Each one step from where the rule speaks."""
    assert name not in names(checks(MANY, SICK[name] | {column: value}))


def test_samples_that_all_have_twins_for_long(names: Names) -> None:
    """A few clusters far from each other: the distances between them are no diversity."""
    few = {
        "samples/diversity": 0.6,
        "samples/duplicates": 0.97,
        "samples/distance": lambda check: 0.97**check,
    }
    assert names(checks(2 * PATIENCE - 1, few)) == []
    assert names(checks(2 * PATIENCE, few)) == ["mode collapse"], "although they come nearer"
    one_without = few | {"samples/duplicates": lambda check: 0.5 if check == 2 * PATIENCE - 5 else 0.97}
    assert names(checks(2 * PATIENCE, one_without)) == []


def test_samples_of_data_that_is_all_alike_should_be_alike(names: Names) -> None:
    """Of such data nothing is relative to the diversity of real examples, so it is not measured."""
    alike = {"samples/diversity": None, "samples/feature_diversity": None, "samples/copies": None}
    twins = {"samples/nearest": None, "samples/duplicates": None, "samples/distance": 0.0}
    assert names(checks(MANY, alike | twins)) == []


def test_a_gradient_that_had_vanished_before_the_first_check(names: Names) -> None:
    never = {"discriminator/accuracy": 1.0, "generator/gradient_norm": 1e-7}
    assert names(checks(2 * CHECKS_IN_A_ROW, never)) == []
    assert names(checks(2 * CHECKS_IN_A_ROW + 1, never)) == ["vanishing gradient"]
    assert names(checks(2 * CHECKS_IN_A_ROW + 1, never | {"generator/gradient_norm": 0.05})) == []


def test_samples_that_were_diverse_and_are_so_no_more(names: Names, context: Context) -> None:
    fallen = {
        "samples/diversity": lambda check: 0.9 if check < 12 else 0.1,
        "samples/duplicates": lambda check: 0.0 if check < 12 else 0.97,
    }
    assert names(checks(12 + CHECKS_IN_A_ROW - 1, fallen)) == []
    rows = checks(12 + CHECKS_IN_A_ROW, fallen)
    assert names(rows) == ["mode collapse"], (
        "although they come nearer, and long before patience is at its end"
    )
    (finding,) = find(rows, context, set())
    assert "differ by 10 % of what real examples differ by, after 90 % before; 97 %" in finding.evidence


# -- whoever the players are ---------------------------------------------------------------------------------


def renamed(rows: list[dict[str, Any]], **others: list[str]) -> list[dict[str, Any]]:
    """The rows with some players called otherwise: each gives its columns to all of its new names."""
    copies = []
    for row in rows:
        copy = {}
        for column, value in row.items():
            player, _, term = column.rpartition("/")
            copy |= {f"{name}/{term}": value for name in others.get(player, [player])}
        copies.append(copy)
    return copies


ODD = {"generators": Role.GENERATOR, "photos critic": Role.CRITIC, "a/b": Role.OTHER}


@pytest.mark.parametrize("name", SICK)
def test_players_may_be_called_anything(name: str, names: Names) -> None:
    called = {"generator": ["generators"], "discriminator": ["photos critic"]}
    context = context_of(ODD)
    assert names(renamed(checks(MANY, SICK[name]), **called), context=context) == [name]
    assert names(renamed(checks(MANY), **called), context=context) == []


def test_a_name_says_nothing_of_a_role(names: Names) -> None:
    """Who is called a generator and is the critic is judged as a critic."""
    rows = renamed(
        checks(MANY, SICK["vanishing gradient"]), generator=["critic"], discriminator=["generator"]
    )
    roles = {"critic": Role.GENERATOR, "generator": Role.CRITIC}
    (finding,) = find(rows, context_of(roles), set())
    assert finding.name == "vanishing gradient"
    assert finding.evidence == (
        "100 % of every batch is judged rightly by the generator, and the gradient of the critic is "
        "1.0e-06 long, after 4.0e-01 at its longest."
    )
    assert names(rows, context=context_of({"critic": Role.CRITIC, "generator": Role.GENERATOR})) == []


SEVERAL = {
    "photos": Role.GENERATOR,
    "drawings": Role.GENERATOR,
    "photos critic": Role.CRITIC,
    "drawings critic": Role.CRITIC,
}
HEALTHY_PAIRS: Changes = {
    f"{player}/{term}": HEALTHY.get(f"{'discriminator' if role == Role.CRITIC else 'generator'}/{term}")
    for player, role in SEVERAL.items()
    for term in ("loss", "accuracy", "logit_gap", "gradient_norm", "update_ratio")
} | {column: None for column in HEALTHY if not column.startswith("samples/")}


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        (
            "vanishing gradient",
            {"drawings critic/accuracy": 1.0, "photos/gradient_norm": 1e-6},
            r"by the drawings critic, and the gradient of the photos is",
        ),
        (
            "generator overpowering",
            SICK["generator overpowering"] | {"photos critic/logit_gap": 0.01},
            r"^To the photos critic, real examples",
        ),
        ("divergence", {"drawings/loss": lambda check: 9.0**check}, r"^The loss of the drawings has gone"),
        ("divergence", {"photos critic/loss": 5e4}, r"^The loss of the photos critic has gone"),
    ],
)
def test_of_several_the_one_is_named(name: str, changes: Changes, said: str, names: Names) -> None:
    context = context_of(SEVERAL)
    assert names(checks(MANY, HEALTHY_PAIRS), context=context) == []
    (finding,) = find(checks(MANY, HEALTHY_PAIRS | dict(changes)), context, set())
    assert finding.name == name
    assert re.search(said, finding.evidence), finding.evidence


ADVERSARIAL = {"vanishing gradient", "generator overpowering", "oscillation", "overfitting"}


@pytest.mark.parametrize(
    "roles", [{"generator": Role.OTHER}, {"generator": Role.GENERATOR}], ids=["vae", "language model"]
)
@pytest.mark.parametrize("name", SICK)
def test_a_game_without_a_critic(name: str, roles: dict[str, Role], names: Names) -> None:
    """What speaks of a critic is silent; what speaks of samples or of a loss is not."""
    without = {column: None for column in HEALTHY if column.startswith("discriminator/")}
    expected = [] if name in ADVERSARIAL else [name]
    rows = checks(MANY, SICK[name] | without)
    assert names(rows, context=context_of(roles)) == expected
    # Nor does it help that somebody who is no critic has columns like one.
    others = checks(MANY, SICK[name])
    assert names(others, context=context_of(roles | {"discriminator": Role.OTHER})) == expected


def test_how_large_a_loss_may_be_is_known_only_against_a_critic(names: Names) -> None:
    """A likelihood may be a sum over thousands of pixels; to grow a hundredfold is trouble all the same."""
    large: Changes = {"generator/loss": lambda check: 7000.0 - check}
    assert names(checks(MANY, large)) == ["divergence"]
    alone = {column: None for column in HEALTHY if column.startswith("discriminator/")}
    # Whether there is no critic at all, or it has no turn in this phase.
    for roles in ({"generator": Role.OTHER}, TWO_PLAYERS):
        assert names(checks(MANY, large | alone), context=context_of(roles)) == []
        grown = alone | {"generator/loss": lambda check: 7000.0 if check < 10 else 8e5}
        assert names(checks(MANY, grown), context=context_of(roles)) == ["divergence"]


# -- phases --------------------------------------------------------------------------------------------------


def of_phase(phase: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"phase": phase} | row for row in rows]


def test_only_the_newest_phase_counts() -> None:
    first, second = of_phase("first", checks(3)), of_phase("second", checks(2, first=3))
    assert of_newest_phase([]) == []
    assert of_newest_phase(first) == first
    assert of_newest_phase(first + second) == second
    again = of_phase("first", checks(4, first=5))
    assert of_newest_phase(first + second + again) == again
    assert of_newest_phase(checks(3)) == checks(3), "rows that say nothing of phases are of one"


def test_a_row_with_its_phase_is_judged_like_one_without(names: Names) -> None:
    for name, changes in SICK.items():
        assert names(of_phase("training", checks(MANY, changes))) == [name]


RESTING = {column: None for column in HEALTHY if column.startswith("generator/")}


@pytest.mark.parametrize("name", SICK)
def test_samples_need_not_change_while_no_generator_is_trained(name: str, names: Names) -> None:
    """While a critic is trained alone, samples are what they are, however bad."""
    expected = [name] if name == "divergence" else []
    sick = SICK[name] | RESTING
    if name == "divergence":
        sick |= {"discriminator/loss": SICK[name]["generator/loss"]}
    assert names(checks(MANY, sick)) == expected
    # A third player that moves makes no samples either.
    assert names(renamed(checks(MANY, sick), discriminator=["detector"]), context=context_of(
        {"generator": Role.GENERATOR, "critic": Role.CRITIC, "detector": Role.OTHER}
    )) == expected  # fmt: skip


# -- what may be missing -------------------------------------------------------------------------------------

GAMES = [name for name in HEALTHY if not name.startswith("samples/")]
SOMETIMES = sorted(FULL_COLUMNS)


@pytest.mark.parametrize("name", SICK)
@pytest.mark.parametrize(
    "missing",
    [
        *([column] for column in GAMES),
        *(["samples/return"], ["samples/copies"], ["samples/classes", "samples/real_classes"]),
        GAMES,
        SOMETIMES,
        [*GAMES, *SOMETIMES],
        ["discriminator/accuracy", "generator/gradient_norm"],
        ["discriminator/logit_gap", "discriminator/gradient_norm"],
    ],
    ids=lambda missing: missing[0] if len(missing) == 1 else f"{len(missing)} columns from {missing[0]}",
)
def test_a_system_that_has_not_all_columns(name: str, missing: list[str], names: Names) -> None:
    """One of its own may call its players otherwise, or observe less; no other finding comes of that."""
    for count in (1, CHECKS_IN_A_ROW, 2 * CHECKS_IN_A_ROW + 1, MANY):
        rows = checks(count, SICK[name] | dict.fromkeys(missing))
        assert set(names(rows)) <= {name}


@pytest.mark.parametrize("name", SICK)
@pytest.mark.parametrize("column", HEALTHY)
def test_numbers_that_were_not_finite(name: str, column: str, names: Names) -> None:
    """The history has None in their place; a run that is resumed must find the same in it."""
    for wrong in (math.nan, math.inf, -math.inf):
        live = checks(MANY, SICK[name] | {column: wrong})
        recorded = [{k: v if math.isfinite(v) else None for k, v in row.items()} for row in live]
        assert names(live) == names(json.loads(json.dumps(recorded)))


# -- all of them together ------------------------------------------------------------------------------------


def test_each_is_said_once(names: Names) -> None:
    rows = checks(MANY, SICK["memorisation"] | SICK["partial mode collapse"])
    assert names(rows) == ["partial mode collapse", "memorisation"]
    assert names(rows, {"memorisation"}) == ["partial mode collapse"]
    assert names(rows, {"memorisation", "partial mode collapse"}) == []


def test_what_goes_without_saying_is_not_said(names: Names) -> None:
    rows = checks(MANY, SICK["mode collapse"] | SICK["partial mode collapse"])
    assert names(rows) == ["mode collapse"]
    assert names(rows, {"mode collapse"}) == []
    assert names(rows, {"partial mode collapse"}) == ["mode collapse"], "it has become worse"


def test_a_long_run_is_looked_at_from_both_ends(names: Names) -> None:
    """However many checks there are, the first and the latest count, and no more are looked at."""
    long = FIRST_CHECKS + LATEST_CHECKS + 200
    diverged = {"generator/loss": lambda check: 0.8 if check < 10 else 4e4}
    assert names(checks(long, diverged)) == ["divergence"]

    class Counting(list[dict[str, Any]]):
        read = 0

        def __getitem__(self, key: Any) -> Any:
            found = super().__getitem__(key)
            Counting.read += len(found) if isinstance(key, slice) else 1
            return found

        def __iter__(self) -> Any:
            raise AssertionError("all rows are gone through")

    assert names(Counting(checks(long))) == []
    assert Counting.read == FIRST_CHECKS + LATEST_CHECKS


@pytest.mark.parametrize("name", SICK)
def test_findings_are_whole_sentences_with_numbers(name: str, context: Context) -> None:
    (finding,) = find(checks(MANY, SICK[name]), context, set())
    check_words(finding)


def check_words(finding: Finding) -> None:
    for text in (finding.evidence, finding.meaning, finding.remedy):
        assert re.fullmatch(r"[A-Z\d].*\.", text), text
        assert "  " not in text
        assert not re.search(r"\b(nan|inf|None)\b", text), text
    assert re.search(r"\d", finding.evidence)
    assert re.search(r"`.*--[a-z].*`", finding.remedy)


def test_what_is_no_number_is_a_finding(context: Context) -> None:
    finding = not_a_number(NotANumber(700, "generator", "adversarial", math.nan), context)
    assert finding.name == "not a number"
    assert finding.evidence == "At step 700 the term 'adversarial' of the generator's loss became nan."
    assert finding.remedy == "Train again with smaller steps: `--generator-lr 0.00025`."
    broken = not_a_number(NotANumber(5, "generator", "loss", math.inf, ["discriminator"]), context)
    assert broken.evidence == (
        "At step 5 the term 'loss' of the generator's loss became inf; the weights of the discriminator are "
        "no numbers either."
    )
    assert broken.remedy == "Train again with smaller steps: `--discriminator-lr 0.00025`."


# -- helpers -------------------------------------------------------------------------------------------------


def test_recent_values_of_a_column() -> None:
    rows: list[dict[str, Any]] = [{"a": 1.0}, {"b": 2.0}, {"a": None}, {"a": math.nan}, {"a": 4.0}]
    seen = Checks(rows, {})
    assert seen.recent("a") == [1.0, math.inf, math.inf, 4.0]
    assert seen.recent("a", 2) == [math.inf, 4.0]
    assert seen.recent("c", 2) == []


def test_progress_is_a_smaller_least_distance() -> None:
    def progress(*distances: float) -> bool:
        return Checks([{"samples/distance": distance} for distance in distances], {}).progress(3)

    assert progress(5, 5, 5), "too early to say"
    assert not progress(5, 5, 5, 5)
    assert progress(5, 9, 4, 9)
    assert not progress(4, 9, 5, 9)
    assert not progress(0.0010, 0.0009, 0.0008, 0.0007), "nothing to gain any more"


def test_players_by_role() -> None:
    seen = Checks([], ODD)
    assert seen.players(Role.CRITIC) == ["photos critic"]
    assert seen.players(Role.OTHER, Role.GENERATOR) == ["generators", "a/b"]
    assert seen.players() == []


@pytest.mark.parametrize(
    ("roles", "moving"),
    [
        ({"a/b": Role.GENERATOR, "c": Role.CRITIC}, {"a/b"}),
        ({"a/b": Role.OTHER, "c": Role.CRITIC}, {"a/b", "c"}),
        ({"a": Role.GENERATOR, "a/b": Role.OTHER, "c": Role.GENERATOR}, {"c"}),
    ],
)
def test_who_makes_samples(roles: dict[str, Role], moving: set[str]) -> None:
    for player in ("a/b", "c"):
        row = {f"{player}/loss": 1.0, "samples/diversity": 0.5, "phase": "training"}
        assert Checks([row], roles).generating == (player in moving)
    assert not Checks([], roles).generating


def test_shares_in_words() -> None:
    assert [percent(share) for share in (0, 0.004, 0.01, 0.123, 1)] == [
        "0 %",
        "0.4 %",
        "1 %",
        "12 %",
        "100 %",
    ]
