"""The verdict: its rules at their borders, and that nothing else that is said contradicts it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sparring.verdict import FEWEST, Grade, Verdict, of_checks, of_figures, too_short

GOOD = {"coverage": (0.93, 0.95), "recall": (0.94, 0.95), "precision": (0.95, 0.95), "modes": (10, 10)}


def verdict(**figures: tuple[Any, Any]) -> Verdict:
    return of_figures(GOOD | figures, 1000)


def test_one_minute_of_the_first_system() -> None:
    said = of_figures(
        GOOD | {"coverage": (0.05, 0.95), "reverse_kl": (0.6, 0.0)},
        10_000,
        "the run is too short: so says it",
    )
    assert said.grade is Grade.FAR
    assert said.text == (
        "Much is missing: samples cover 5 % of what is real (real ones: 95 %); but the run is too short: so "
        "says it."
    )


def test_what_reaches_nine_tenths_of_real_by_every_figure_is_close() -> None:
    assert verdict().grade is Grade.CLOSE
    assert verdict(coverage=(0.9, 1.0)).text == (
        "Close to real by every figure that is judged: samples cover 90 % of what is real (real ones: 100 %) "
        "at worst."
    )
    assert verdict(coverage=(0.899, 1.0)).grade is Grade.SHORT
    assert of_figures(GOOD, 1000, "it is short").text == of_figures(GOOD, 1000).text


@pytest.mark.parametrize(
    ("name", "border", "real", "trouble"),
    [
        ("coverage", 0.4, 0.8, "Much is missing: samples cover"),
        ("recall", 0.4, 0.8, "Much is missing"),
        ("modes", 5, 10, "Much is missing: 5 of 10 classes or modes occur"),
        ("reverse_kl", math.log(2), 0.0, "Much is missing: they are spread as over 50 % of the classes"),
        ("precision", 0.4, 0.8, "Much does not look real"),
        ("high_quality_share", 0.4, 0.8, "Much does not look real"),
        ("label_agreement", 0.4, 0.8, "Much does not look real"),
        ("memorised", 0.51, 0.01, "Much is copied: 51 % of the samples nearly copy a training example"),
        ("bleu_2", 0.15, 0.3, "Much does not look real: BLEU-2 is 0.15 (of real ones: 0.3)"),
        (
            "novel_ngrams",
            0.98,
            0.96,
            "Much does not look real: 2 % of their sequences of four tokens occur in",
        ),
        ("oracle_nll", 5 + math.log(2), 5, "Much does not look real: the oracle gives their tokens"),
        ("self_bleu_2", 0.65, 0.3, "Much is missing: they repeat one another, self-BLEU-2 is 0.65"),
        ("distinct_texts", 0.45, 0.9, "Much is missing: 45 % of the samples are different (real ones: 90 %)"),
        ("copied", 0.51, 0.01, "Much is copied: 51 % of the samples are training texts"),
    ],
)
def test_less_than_half_of_real_is_far(name: str, border: float, real: float, trouble: str) -> None:
    lower = ("reverse_kl", "memorised", "copied", "novel_ngrams", "oracle_nll", "self_bleu_2")
    worse = 1e-6 if name in lower else -1e-6
    assert verdict(**{name: (border - worse, real)}).grade is Grade.SHORT
    beyond = verdict(**{name: (border + worse, real)})
    assert beyond.grade is Grade.FAR
    assert beyond.text.startswith(trouble)


def test_texts_are_judged_by_what_stands_next_to_each_other() -> None:
    """Tokens that are as frequent as in real texts, in no order: figures of frequencies find nothing."""
    gibberish = {"bleu_2": (0.2, 0.3), "novel_ngrams": (1.0, 0.96)}
    assert verdict(**gibberish).grade is Grade.FAR
    assert verdict(bleu_2=(0.4, 0.3), novel_ngrams=(0.9, 0.96)).grade is Grade.CLOSE
    # Nearly all of what stands in other real texts is new, too: that tells nothing.
    assert verdict(novel_ngrams=(1.0, 0.99), self_bleu_2=(1.0, 0.99)).grade is Grade.CLOSE


def test_the_worst_is_named_first_and_three_at_the_most() -> None:
    bad = {name: (0.01 * place, 1.0) for place, name in enumerate(("recall", "precision", "coverage"), 1)}
    said = verdict(**bad, label_agreement=(0.04, 1.0)).text
    assert said.index("within their reach") < said.index("look real") < said.index("samples cover")
    assert "class asked for" not in said


def test_what_is_no_number_or_has_no_scale_is_not_judged() -> None:
    figures = {
        "coverage": ("much", 1.0),
        "recall": (0.1, None),
        "fid": (100.0, 0.1),
        "precision": (math.nan, 1),
    }
    assert of_figures(figures, 1000).grade is Grade.UNJUDGED
    assert of_figures({}, 1000).text.startswith("No verdict")
    assert of_figures(GOOD, "many").grade is Grade.UNJUDGED
    assert verdict(reverse_kl=(-1e308, 1e308)).grade is Grade.CLOSE
    assert verdict(precision=(0.0, 0.0)).grade is Grade.CLOSE


def test_nothing_is_close_to_what_real_examples_do_not_reach_either() -> None:
    none = dict.fromkeys(("coverage", "recall", "precision", "memorised"), (0.0, 0.0))
    assert of_figures(none, 1000).grade is Grade.UNJUDGED
    assert of_figures(none | {"memorised": (0.9, 0.0)}, 1000).grade is Grade.FAR


@pytest.mark.parametrize("name", ["memorised", "copied"])
def test_copies_are_judged_where_nothing_was_held_out(name: str) -> None:
    assert verdict(**{name: (0.01, None)}).grade is Grade.CLOSE
    assert verdict(**{name: (0.9, None)}).text.startswith("Much is copied: 90 % of the samples")


def test_few_samples_are_not_judged() -> None:
    assert of_figures(GOOD, FEWEST).grade is Grade.CLOSE
    few = of_figures(GOOD, FEWEST - 1)
    assert few == Verdict(Grade.UNJUDGED, "Too few samples to be judged: 99, where it takes 100.")


@pytest.mark.parametrize(
    ("step", "enough", "short"),
    [
        (1199, 1200, "1,199 steps, where its settings want some 1,200"),
        (1200, 1200, ""),
        (0, 0, ""),
        (1, None, ""),
        ("many", 1200, ""),
    ],
)
def test_a_run_is_judged_from_as_many_steps_as_its_description_says(
    step: object, enough: object, short: str
) -> None:
    assert too_short(step, enough).endswith(short)
    assert bool(too_short(step, enough)) == bool(short)


def test_checks_are_judged_by_the_last_ones() -> None:
    def row(classes: float, diversity: float = 1.0) -> dict[str, Any]:
        return {"samples/classes": classes, "samples/real_classes": 9.7, "samples/diversity": diversity}

    early = [row(1.0, 0.1)] * 20
    assert of_checks([*early, *[row(9.5)] * 4]).grade is Grade.CLOSE
    assert of_checks([*early, *[row(5.4)] * 4]) == Verdict(
        Grade.SHORT, "Not yet close to real: 5.4 of 9.7 classes or modes occur, evenly counted."
    )
    assert of_checks([*early, *[row(4.8)] * 4]).grade is Grade.FAR
    nothing = Verdict(Grade.UNJUDGED, "No verdict yet: nothing of its samples has been measured.")
    assert of_checks([]) == nothing
