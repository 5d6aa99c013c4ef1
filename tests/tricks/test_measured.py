"""What is said of tricks follows from the recorded runs by rule; `reproduction/tricks.py` alone writes it."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sparring.tricks import TRICKS
from sparring.tricks.measured import measured

REPRODUCTION = Path(__file__).parents[2] / "reproduction"
sys.path.append(str(REPRODUCTION))
import advice  # noqa: E402
import effects  # noqa: E402
import kept_lines  # noqa: E402
import tricks  # noqa: E402

QUANTILE = 2.776
"""Of Student's distribution with four degrees of freedom."""


def lines(name: str, fids: Sequence[float | None], seconds: float = 10.0) -> list[dict[str, Any]]:
    return [
        {
            "base": "gan",
            "name": name,
            "command": f"sparring train gan --seed {seed} --threads 1",
            "seed": seed,
            "figures": {} if fid is None else {"fid": fid, "coverage": 0.1 + seed / 100},
            "findings": {"oscillation": 50} if seed < 2 else {},
            "broken": None if fid else "a number was not finite",
            "processor_seconds": seconds,
            "date": "2026-11-26",
            "sparring": "0.2.0",
        }
        for seed, fid in enumerate(fids)
    ]


BASE = [40.0, 41.0, 42.0, 43.0, 44.0]
RECORD = [
    *lines(effects.WITHOUT, BASE),
    *lines("flipped labels", [fid * 2 for fid in BASE], 30.0),
    *lines("packing", [fid * ratio for fid, ratio in zip(BASE, (0.5, 0.6, 0.5, 0.6, 0.5), strict=True)]),
    *lines("top-k", [fid * ratio for fid, ratio in zip(BASE, (0.5, 2.0, 1.0, 0.5, 2.0), strict=True)]),
    *lines("unrolling", [40.0, None, 40.0, 40.0, 40.0]),
]


def test_the_effect_is_the_mean_ratio_of_runs_with_the_same_seed() -> None:
    found = {each.name: each for each in effects.effects("gan", RECORD)}
    assert list(found) == ["packing", "top-k", "flipped labels", "unrolling"]
    # Always twice: no interval, whatever the seeds do to both.
    assert found["flipped labels"].fid is not None
    assert (found["flipped labels"].fid.low, found["flipped labels"].fid.high) == pytest.approx((2.0, 2.0))
    logs = [math.log(ratio) for ratio in (0.5, 0.6, 0.5, 0.6, 0.5)]
    mean = sum(logs) / 5
    margin = QUANTILE * math.sqrt(sum((each - mean) ** 2 for each in logs) / 4 / 5)
    fid = found["packing"].fid
    assert fid is not None
    expected = math.exp(mean), math.exp(mean - margin), math.exp(mean + margin)
    assert (fid.value, fid.low, fid.high) == pytest.approx(expected, rel=1e-3)
    assert found["packing"].cost == 1.0
    assert found["flipped labels"].cost == 3.0
    assert found["packing"].findings == "oscillation 2"


def test_the_verdict_follows_from_the_interval() -> None:
    verdicts = {each.name: each.verdict for each in effects.effects("gan", RECORD)}
    assert verdicts == {
        "packing": "helps",
        "top-k": "not shown",
        "flipped labels": "hurts",
        "unrolling": "breaks 1 of 5 runs",
    }


def test_page_and_listing_say_it() -> None:
    page = tricks.page(f"before {kept_lines.BEGIN}old{kept_lines.END}after", RECORD)
    assert page.startswith("before ")
    assert page.endswith("after")
    assert "old" not in page
    assert "`sparring train gan --threads 1` with 5 seeds, 2026-11-26." in page
    assert "| flipped labels | `--flipping 0.05` | A3, G6 | **hurts** | 2.00 [2.00, 2.00] |" in page
    assert "## From `gan`: short" in page
    assert tricks.shown(RECORD)["soft labels"] == [
        "--flipping 0.05 from gan: hurts, FID times 2.00 [2.00, 2.00]"
    ]


def test_advice_has_a_verdict_for_each_trick_that_follows_it() -> None:
    guide = tricks.guide(kept_lines.BEGIN + kept_lines.END, RECORD)
    rows = {row.split(" | ")[0].removeprefix("| "): row for row in guide.splitlines() if row.startswith("|")}
    assert len(rows) == len(advice.ITEMS) + 2
    assert "flipped labels: hurts, FID times 2.00 [2.00, 2.00] |" in rows["A3"]
    assert rows["G12"].endswith("| not measured |")
    assert "- **helps**\n    - packing, `--packing 2`: FID times 0.54" in guide
    assert "- **breaks 1 of 5 runs**\n    - unrolling, `--unrolling 3`\n" in guide


@pytest.mark.parametrize("name", tricks.ARMS)
def test_advice_is_of_an_item(name: str) -> None:
    words = tricks.ARMS[name].advice.removeprefix("against ")
    assert words == "–" or set(words.split(", ")) <= advice.ITEMS.keys()


def test_what_is_kept_was_written_by_the_script_from_the_record() -> None:
    recorded = kept_lines.read(tricks.RECORD)
    text = tricks.PAGE.read_text()
    assert tricks.page(text, recorded) == text
    guide = tricks.GUIDE.read_text()
    assert tricks.guide(guide, recorded) == guide
    said = tricks.shown(recorded)
    for name in TRICKS:
        assert measured(name) == said.get(name, [])


@pytest.mark.parametrize("name", tricks.ARMS)
def test_flags_are_such_as_a_base_or_a_trick_has(name: str) -> None:
    from sparring.zoo import find_system

    known = {flag for base in tricks.BASES for flag in find_system(base).Settings.of({}, base).flat()}
    assert tricks.ARMS[name].flags.keys() <= known


def test_of_one_seed_nothing_is_said() -> None:
    one = [line for line in RECORD if line["seed"] == 0]
    assert effects.effects("gan", one) == []
    two = [line for line in RECORD if line["seed"] < 2]
    assert {each.name for each in effects.effects("gan", two)} == {
        "packing",
        "top-k",
        "flipped labels",
        "unrolling",
    }


def test_an_item_has_what_any_record_says_of_it() -> None:
    quality = [
        {"name": name, "seed": seed, "points": [{"fid": 99.0}, {"fid": fid * (1 + seed)}]}
        for name, fid in (("dcgan", 5.0), ("gan", 20.0))
        for seed in (0, 1, 2)
    ]
    said = advice.instead("dcgan", "gan", quality)
    assert said.startswith("`dcgan` instead of `gan`, each by rule and in three minutes, 3 seeds: helps")
    assert "FID times 0.25" in said
    assert advice.instead("dcgan", "gan", quality[:1]) == ""
    assert advice.instead("dcgan", "wgan", quality) == ""
    of_tricks = {"flipped labels": "A3, G6", "packing": "–", "top-k": "–", "unrolling": "against G8"}
    table = advice.verdicts(["gan", "dcgan-tflearn"], RECORD, of_tricks, {"G7": said}).splitlines()
    assert table[0] == "| item | advice | from `gan` |", "of a base without runs nothing is said"
    cells = {row.split(" | ")[0].strip("| "): row.split(" | ")[2].strip(" |") for row in table[2:]}
    assert cells["G6"] == "flipped labels: hurts, FID times 2.00 [2.00, 2.00]"
    assert cells["G8"].startswith("unrolling (against it): breaks 1 of 5 runs")
    assert cells["G7"] == said
    assert cells["G10"].startswith("no setting: ")
    assert cells["G2"] == "not measured"
