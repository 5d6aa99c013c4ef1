"""Findings: each rule on rows where it must speak, and on their neighbours where it must be silent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sparring.errors import NotANumber
from sparring.health.findings import (
    FIRST,
    LATEST,
    PATIENCE,
    RULES,
    SELDOM_CHECKS,
    SOON,
    Finding,
    find,
    not_a_number,
    percent,
    progress,
    recent,
)
from sparring.health.monitor import SELDOM
from sparring.health.remedies import Context
from sparring.zoo import find_system

Column = float | Callable[[int], float | None] | None
Changes = Mapping[str, Column]

MANY = SELDOM * SELDOM_CHECKS + 2 * PATIENCE
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
    "samples/copies": 0.01,
}
SELDOM_MEASURED = {"samples/return", "samples/feature_diversity", "samples/classes", "samples/copies"} | {
    "samples/real_classes"
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
    "dead run": {"samples/movement": 0.0},
}
"""What of a healthy run is otherwise where a rule must speak."""

STRAIGHT: dict[str, int] = dict.fromkeys(SICK, SOON) | {
    "mode collapse": PATIENCE,
    "generator overpowering": PATIENCE,
    "oscillation": SELDOM * (SELDOM_CHECKS - 1),
    "partial mode collapse": SELDOM * (SELDOM_CHECKS - 1),
    "memorisation": SELDOM * (SELDOM_CHECKS - 1),
    "dead run": SOON - 1,
}
"""Checks after which a rule cannot know yet, however sick the run is."""


def checks(count: int, changes: Changes = HEALTHY, first: int = 0) -> list[dict[str, Any]]:
    """Rows of `count` checks; a column is a number, a function of the check, or left out where None."""
    rows = []
    for check in range(first, first + count):
        row = {}
        for name, column in (HEALTHY | dict(changes)).items():
            if column is None or (name in SELDOM_MEASURED and check % SELDOM):
                continue
            row[name] = column(check) if callable(column) else column
        if check == 0:
            row.pop("samples/movement", None)
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def context() -> Context:
    game_class = find_system("gan")
    return Context("gan", game_class, game_class.Settings(), "mnist")


@pytest.fixture(scope="module")
def names(context: Context) -> Callable[..., list[str]]:
    def find_names(rows: list[dict[str, Any]], known: set[str] | None = None) -> list[str]:
        return [finding.name for finding in find(rows, context, known or set())]

    return find_names


Names = Callable[..., list[str]]


def test_every_rule_is_tested() -> None:
    assert SICK.keys() == RULES.keys()


@pytest.mark.parametrize("count", [1, 2, SOON, 2 * SOON + 1, PATIENCE + 1, MANY, 3 * MANY])
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
@pytest.mark.parametrize("healed", [SOON + 1, 2 * SELDOM])
def test_what_a_run_has_got_over_is_not_found(name: str, healed: int, names: Names) -> None:
    """The run is sick until lately, and then as a healthy one is."""
    healthy = {
        "samples/distance": 0.01,
        "generator/gradient_norm": 0.4,
        "samples/diversity": 0.95,
        "samples/classes": 9.0,
    }
    if name in ("partial mode collapse", "memorisation", "oscillation"):
        healed = 2 * SELDOM
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
        ("divergence", "generator/loss", lambda check: 4e4 if check % SOON == 0 else 0.8),
        ("divergence", "generator/loss", -40.0),
        ("memorisation", "samples/copies", 0.1),
        ("dead run", "samples/movement", 0.01),
        ("dead run", "samples/movement", lambda check: 0.1 if check % SOON == 0 else 0.0),
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


def test_a_gradient_that_had_vanished_before_the_first_check(names: Names) -> None:
    never = {"discriminator/accuracy": 1.0, "generator/gradient_norm": 1e-7}
    assert names(checks(2 * SOON, never)) == []
    assert names(checks(2 * SOON + 1, never)) == ["vanishing gradient"]
    assert names(checks(2 * SOON + 1, never | {"generator/gradient_norm": 0.05})) == []


def test_samples_that_were_diverse_and_are_so_no_more(names: Names, context: Context) -> None:
    fallen = {
        "samples/diversity": lambda check: 0.9 if check < 12 else 0.1,
        "samples/duplicates": lambda check: 0.0 if check < 12 else 0.97,
    }
    assert names(checks(12 + SOON - 1, fallen)) == []
    rows = checks(12 + SOON, fallen)
    assert names(rows) == ["mode collapse"], (
        "although they come nearer, and long before patience is at its end"
    )
    (finding,) = find(rows, context, set())
    assert "differ by 10 % of what real examples differ by, after 90 % before; 97 %" in finding.evidence


@pytest.mark.parametrize("judge", ["discriminator", "critic"])
def test_the_judge_is_called_by_its_name(judge: str, context: Context) -> None:
    renamed = {
        name.replace("discriminator", judge): column
        for name, column in (HEALTHY | dict(SICK["generator overpowering"])).items()
    }
    without = {name: None for name in HEALTHY if name.startswith("discriminator") and judge == "critic"}
    (finding,) = find(checks(MANY, renamed | without), context, set())
    assert finding.evidence.startswith(f"The {judge} scores real examples hardly above samples (by 0.01)")


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_divergence_names_the_player(player: str, context: Context) -> None:
    rows = checks(MANY, {f"{player}/loss": lambda check: 1.5 if check < 10 else 2e5})
    (finding,) = find(rows, context, set())
    assert finding.name == "divergence"
    assert re.match(rf"The {player}'s loss has .* from about 1\.5 .*to 2e\+05\.", finding.evidence)


# -- what may be missing -------------------------------------------------------------------------------------

GAMES = [name for name in HEALTHY if not name.startswith("samples/")]
SOMETIMES = sorted(SELDOM_MEASURED)


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
    for count in (1, SOON, 2 * SOON + 1, MANY):
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
    long = FIRST + LATEST + 200
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
    assert Counting.read == FIRST + LATEST


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
    assert recent(rows, "a") == [1.0, math.inf, math.inf, 4.0]
    assert recent(rows, "a", 2) == [math.inf, 4.0]
    assert recent(rows, "c", 2) == []


def test_progress_is_a_smaller_least_distance() -> None:
    def rows(*distances: float) -> list[dict[str, Any]]:
        return [{"samples/distance": distance} for distance in distances]

    assert progress(rows(5, 5, 5), 3), "too early to say"
    assert not progress(rows(5, 5, 5, 5), 3)
    assert progress(rows(5, 9, 4, 9), 3)
    assert not progress(rows(4, 9, 5, 9), 3)
    assert not progress(rows(0.0010, 0.0009, 0.0008, 0.0007), 3), "nothing to gain any more"


def test_shares_in_words() -> None:
    assert [percent(share) for share in (0, 0.004, 0.01, 0.123, 1)] == [
        "0 %",
        "0.4 %",
        "1 %",
        "12 %",
        "100 %",
    ]
