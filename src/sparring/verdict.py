"""The verdict: what is known of samples beside real examples, in one sentence.

Judged are figures of which samples reach a share of what real examples reach, so that one pair of thresholds
serves all. Distances such as FID have no such scale and are not judged. Health speaks through the same rules
as an evaluation does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Any

from sparring.reporting.text import as_number, number_text
from sparring.shown import amount

NEAR = 0.9
"""Samples that reach this share of what real examples reach are close to them. Other real examples reach all
of it within a few hundredths; the recorded run whose samples look most like digits reaches 0.94."""
FAR = 0.5
"""Below this share much is missing: what a person sees at once, such as half of the classes."""
FEWEST = 100
"""Fewer samples are not judged: by chance alone a share of 95 % is then more than two hundredths off, and one
of 50 % more than five."""
LATEST_CHECKS = 4
"""Checks whose median is judged: each looks at 128 samples only."""
TELLING = 0.02
"""Where real examples have less than this share of something that samples may lack, it is not judged: in a
hundred texts it would be a handful, and of nothing samples have as much whatever they are."""
NEAR_COPIES = 0.01
"""Share of real examples that look like near-copies of others, where none were held out to measure it."""
NAMED = 3
"""Shortcomings that a verdict names at the most, the largest first."""

MISSING, UNREAL, COPIED = "Much is missing", "Much does not look real", "Much is copied"


class Grade(Enum):
    """How near samples are to real examples."""

    CLOSE = "close"
    SHORT = "short of real"
    FAR = "far"
    UNJUDGED = "unjudged"


@dataclass(frozen=True)
class Verdict:
    """What a person should know first."""

    grade: Grade
    text: str
    """One sentence."""


def _ratio(value: float, real: float) -> float | None:
    return value / real if real >= TELLING else None


@dataclass(frozen=True)
class Criterion:
    """How a figure is judged."""

    trouble: str
    """What it is where samples are far from real."""
    text: Callable[[float, float], str]
    """The figure of samples beside that of real examples, in words."""
    reached: Callable[[float, float], float | None] = _ratio
    """Share of what real examples reach that samples reach; None where real ones reach too little to tell."""
    expected: float | None = None
    """What real examples have, as far as it is known where none were held out to measure it."""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _share(trouble: str, what: str) -> Criterion:
    """A figure that is a share of samples, or of real examples."""
    return Criterion(
        trouble, lambda value, real: f"{what.format(_percent(value))} (real ones: {_percent(real)})"
    )


def _number(what: str) -> Criterion:
    return Criterion(
        MISSING, lambda value, real: f"{number_text(round(value, 1))} of {number_text(round(real, 1))} {what}"
    )


def _rest(trouble: str, text: Callable[[float, float], str]) -> Criterion:
    """A figure of which the rest, up to 1, is what samples should reach."""
    return Criterion(trouble, text, lambda value, real: _ratio(1 - value, 1 - real))


def _evenness(value: float, real: float) -> float:
    """Share of the modes over which samples of this reverse KL, in nats, are as good as evenly spread."""
    return math.exp(min(real - value, 0.0))


OF_FIGURES = {
    "coverage": _share(MISSING, "samples cover {} of what is real"),
    "recall": _share(MISSING, "{} of what is real is within their reach"),
    "modes": _number("classes or modes occur"),
    "reverse_kl": Criterion(
        MISSING,
        lambda value, real: (
            f"they are spread as over {_percent(_evenness(value, real))} of the classes or modes"
        ),
        _evenness,
    ),
    "precision": _share(UNREAL, "{} of the samples look real"),
    "high_quality_share": _share(UNREAL, "{} of the samples are clearly of a class or mode"),
    "label_agreement": _share(UNREAL, "{} of the samples are of the class asked for"),
    "memorised": Criterion(
        COPIED,
        lambda value, real: f"{_percent(value)} of the samples nearly copy a training example",
        lambda value, real: 1 - max(value - real, 0.0),
        expected=NEAR_COPIES,
    ),
    "bleu_2": Criterion(UNREAL, lambda value, real: f"BLEU-2 is {value:.2g} (of real ones: {real:.2g})"),
    "novel_ngrams": _rest(
        UNREAL,
        lambda value, real: (
            f"{_percent(1 - value)} of their sequences of four tokens occur in training texts (real ones: "
            f"{_percent(1 - real)})"
        ),
    ),
    "oracle_nll": Criterion(
        UNREAL,
        lambda value, real: (
            f"the oracle gives their tokens probabilities of {math.exp(-value):.2g} (real ones: "
            f"{math.exp(-real):.2g})"
        ),
        lambda value, real: math.exp(min(real - value, 0.0)),
    ),
    "self_bleu_2": _rest(
        MISSING,
        lambda value, real: f"they repeat one another, self-BLEU-2 is {value:.2g} (real ones: {real:.2g})",
    ),
    "distinct_texts": _share(MISSING, "{} of the samples are different"),
    "copied": Criterion(
        COPIED,
        lambda value, real: f"{_percent(value)} of the samples are training texts",
        lambda value, real: 1 - max(value - real, 0.0),
        expected=0.0,
    ),
}
"""How the figures of an evaluation are judged."""
OF_CHECKS = {
    "samples/diversity": _share(MISSING, "samples differ by {} of what real examples differ by"),
    "samples/feature_diversity": _share(MISSING, "their features differ by {}"),
    "samples/coverage": _share(MISSING, "{} of real examples have a sample near them"),
    "samples/classes": _number("classes or modes occur, evenly counted"),
    "samples/distinct": _share(MISSING, "as many are different as {} of real examples"),
}
"""How what health checks measure is judged."""


def of_figures(figures: Mapping[str, tuple[Any, Any]], count: object, short: str = "") -> Verdict:
    """The verdict on an evaluation.

    Args:
        figures: the value of each figure and that of real examples; whatever is no number is not judged.
        count: how many samples there were.
        short: why the run is too short to be judged, if it is (see `too_short`).
    """
    if (as_number(count) or 0) < FEWEST:
        return Verdict(Grade.UNJUDGED, f"Too few samples to be judged: {count}, where it takes {FEWEST}.")
    return _judged(OF_FIGURES, figures, short)


def of_checks(rows: Sequence[Mapping[str, Any]], short: str = "") -> Verdict:
    """The verdict on the latest health checks of a run."""
    figures = {}
    for name in OF_CHECKS:
        values = [value for row in rows if (value := as_number(row.get(name))) is not None]
        reals = [as_number(row.get("samples/real_classes")) for row in rows if name in row]
        real = reals[-1] if reals and name == "samples/classes" else 1.0
        if values:
            figures[name] = (median(values[-LATEST_CHECKS:]), real)
    if not figures:
        return Verdict(Grade.UNJUDGED, "No verdict yet: nothing of its samples has been measured.")
    return _judged(OF_CHECKS, figures, short)


def too_short(step: object, enough: object) -> str:
    """Why a run is too short to be judged; empty where it is long enough, or that is not known.

    Args:
        step: how many it has played.
        enough: how many it takes, as its run.json says; 0 where any number does.
    """
    played, least = as_number(step), as_number(enough)
    if played is None or least is None or played >= least:
        return ""
    return (
        f"the run is too short to be judged: {amount(number_text(played), 'step')}, where its settings "
        f"want some {number_text(least)}"
    )


def _judged(criteria: Mapping[str, Criterion], figures: Mapping[str, tuple[Any, Any]], short: str) -> Verdict:
    found = []
    for name, criterion in criteria.items():
        value, real = (as_number(number) for number in figures.get(name, (None, None)))
        real = criterion.expected if real is None else real
        if value is None or real is None:
            continue
        reached = criterion.reached(value, real)
        if reached is not None:
            found.append((reached, criterion.trouble, criterion.text(value, real)))
    # Not to copy is no merit of samples of which nothing else is known.
    if all(trouble == COPIED and reached >= NEAR for reached, trouble, _ in found):
        return Verdict(Grade.UNJUDGED, "No verdict: none of these figures has a scale that real ones give.")
    found.sort(key=lambda each: each[0])
    least, trouble, _ = found[0]
    if least >= NEAR:
        return Verdict(Grade.CLOSE, f"Close to real by every figure that is judged: {found[0][2]} at worst.")
    grade, limit = (Grade.FAR, FAR) if least < FAR else (Grade.SHORT, NEAR)
    named = [text for reached, _, text in found if reached < limit][:NAMED]
    beginning = trouble if grade is Grade.FAR else "Not yet close to real"
    ending = f"; but {short}" if short else ""
    return Verdict(grade, f"{beginning}: {', '.join(named)}{ending}.")
