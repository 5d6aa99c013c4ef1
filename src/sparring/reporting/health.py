"""The health of a run: what the checks found, what was rolled back, and the curves of what they measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparring.reporting import html
from sparring.reporting.charts import term_panels
from sparring.reporting.facts import Facts
from sparring.reporting.html import Html, paragraph, section, tag
from sparring.reporting.text import (
    count_text,
    counted,
    names_text,
    seconds_text,
    step_text,
    value_text,
    visible,
)

STEPS_SHOWN = 4
FINDING, ROLLED_BACK = "finding", "rolled back"
"""The kinds of events that say something of a run's health."""

_OF_ONE_BATCH = "Of the one batch of each check; means stand under Curves."

EXPLANATIONS = {
    "diversity": "Mean distance among generated examples relative to real ones; 1 is as diverse as real.",
    "feature_diversity": "The same as a feature extractor sees it.",
    "nearest": "Median distance of a generated example to the nearest other, relative to real ones.",
    "duplicates": "Share of generated examples that are nearly the same as another.",
    "classes": "Classes or modes that the samples cover effectively.",
    "real_classes": "The same of as many real examples.",
    "copies": "Share of generated examples that nearly copy a training example.",
    "distance": "Energy distance to the real examples, relative to their spread; 0 is equal.",
    "movement": "How far samples of fixed latents moved since the last check, relative to the real spread.",
    "return": "How far samples came over ten checks, as a share of the way they took; 0 is back and forth.",
    "gradient_norm": "Length of the player's gradient; near 0 it no longer learns.",
    "update_ratio": "How far a step moves the weights, relative to their size.",
    "loss": _OF_ONE_BATCH,
    "accuracy": _OF_ONE_BATCH,
    "logit_gap": _OF_ONE_BATCH,
}
"""What the columns of a check mean, by the name of their term, in the order in which a report has them."""


_LABELS = {
    "evidence": "seen",
    "meaning": "meaning",
    "remedy": "try",
    "reason": "reason",
    "learning_rate_factor": "learning rate times",
}
"""How a card calls what an event holds, in the order in which a card has it."""
_IN_THE_HEAD = ("time", "event", "step", "seconds", FINDING, "to")


def findings_text(runs: Sequence[Facts]) -> str:
    """What the checks of some runs found, such as `mode collapse at step 1,200`; a dash where nobody checked.

    Of several runs it also says in how many of them.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    for place, facts in enumerate(runs):
        for event in facts.events_of(FINDING):
            found.setdefault(value_text(event.get(FINDING, "–")), []).append((place, step_text(event)))
    if found:
        return "; ".join(
            f"{name} at step {names_text([step for _, step in times], STEPS_SHOWN)}"
            f"{_share(len({place for place, _ in times}), runs)}"
            for name, times in found.items()
        )
    watched = sum(bool(facts.checks) for facts in runs)
    return f"none{_share(watched, runs) if watched < len(runs) else ''}" if watched else "–"


def _share(number: int, runs: Sequence[Facts]) -> str:
    return f" in {number} of {len(runs)} runs" if len(runs) > 1 else ""


def health_section(facts: Facts) -> Html:
    """Findings as cards, and below them the curves."""
    panels = term_panels(facts.checks, EXPLANATIONS)
    cards = [Card.of(event).shown() for event in facts.events_of(FINDING, ROLLED_BACK)]
    return section(
        "Health",
        paragraph(html.prose(_summary(facts)), class_=None if cards else "quiet"),
        tag("div", *cards, class_="cards") if cards else None,
        tag("div", *panels, class_="panels") if panels else None,
    )


def _summary(facts: Facts) -> str:
    """What all checks came to, in a sentence."""
    findings, returns = len(facts.events_of(FINDING)), len(facts.events_of(ROLLED_BACK))
    found = [
        counted(number, name) for number, name in ((findings, "finding"), (returns, "roll-back")) if number
    ]
    if not facts.checks:
        watched = "This run was not watched: its history has no health checks."
        return f"{watched} Yet its events have {' and '.join(found)}." if found else watched
    checks = counted(len(facts.checks), "check")
    return f"{' and '.join(found)} in {checks}." if found else f"Nothing unusual was seen in {checks}."


@dataclass(frozen=True)
class Card:
    """What an event says of a run's health."""

    title: str
    when: str
    details: dict[str, str]
    """Texts by their labels, with code between backticks."""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Card:
        """A finding or a roll-back: what is known of it under a label, and whatever else the event holds."""
        if event.get("event") == FINDING:
            title = value_text(event.get(FINDING, "–"))
        else:
            title = f"rolled back to step {count_text(event['to']) if 'to' in event else '–'}"
        told = [name for name in _LABELS if name in event]
        told += [name for name in event if name not in {*_LABELS, *_IN_THE_HEAD}]
        return cls(
            title,
            f"at step {step_text(event)}, after {seconds_text(event.get('seconds'))}",
            {_LABELS.get(name, visible(name)): value_text(event[name]) for name in told},
        )

    def shown(self) -> Html:
        """The card on a page."""
        told = [Html(tag("dt", name) + tag("dd", html.prose(text))) for name, text in self.details.items()]
        head = tag("h3", self.title) + paragraph(self.when, class_="quiet")
        return tag("article", Html(head), tag("dl", *told) if told else None, class_="card")
