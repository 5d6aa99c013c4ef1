"""The section of a report that shows the run's health."""

from __future__ import annotations

from sparring.reporting import html
from sparring.reporting.charts import columns_of, term_panels
from sparring.reporting.facts import Facts
from sparring.reporting.findings import FINDING, ROLLED_BACK, Card, cards_of
from sparring.reporting.html import Html, Section, paragraph, section, tag
from sparring.shown import counted
from sparring.verdict import Grade

EXPLANATIONS = {
    "diversity": "Mean distance among generated examples relative to real ones; 1 is as diverse as real.",
    "feature_diversity": "The same as a feature extractor sees it.",
    "nearest": "Median distance of a generated example to the nearest other (made of another image, if of "
    "any), relative to real ones.",
    "duplicates": "Share of generated examples that are nearly the same as another (made of another image, "
    "if of any).",
    "distinct": "Share of generated examples that are different, relative to real ones.",
    "classes": "Classes or modes that the samples cover effectively.",
    "real_classes": "The same of as many real examples.",
    "copies": "Share of generated examples that nearly copy a training example.",
    "distance": "Energy distance to the real examples, relative to their spread; 0 is equal.",
    "movement": "How far samples of fixed latents moved since the last check, relative to the real spread.",
    "return": "How far samples came over ten checks, as a share of the way they took; 0 is back and forth.",
    "gradient_norm": "Length of the player's gradient; near 0 it no longer learns.",
    "update_ratio": "How far a step moves the weights, relative to their size.",
}
"""What the columns of a check mean, by the name of their term, in the order in which a report has them."""


def health_section(facts: Facts) -> Section:
    """Findings as cards, and below them the curves, in which each player stands with its role.

    What stands under the losses, as means over more than the one batch of a check, is not drawn again.
    """
    drawn = set(columns_of(facts.rows))
    checks = [{name: row[name] for name in row if name not in drawn} for row in facts.checks]
    panels = term_panels(checks, facts.timeline.over_steps, EXPLANATIONS, facts.players)
    cards = [_shown(card) for card in cards_of(facts)]
    return section(
        "Health",
        paragraph(html.prose(_summary(facts)), class_=None if cards else "quiet"),
        tag("div", *cards, class_="cards") if cards else None,
        tag("div", *panels, class_="panels") if panels else None,
    )


def _summary(facts: Facts) -> str:
    """What all checks came to, in a sentence; the verdict stands at the head of the page."""
    findings, returns = len(facts.events_of(FINDING)), len(facts.events_of(ROLLED_BACK))
    found = [
        counted(number, name) for number, name in ((findings, "finding"), (returns, "roll-back")) if number
    ]
    if not facts.checks:
        watched = "This run was not watched: its history has no health checks."
        return f"{watched} Yet its events have {' and '.join(found)}." if found else watched
    checks = counted(len(facts.checks), "check")
    if found:
        return f"{' and '.join(found)} in {checks}."
    if facts.verdict.grade is Grade.CLOSE:
        return f"Nothing unusual was seen in {checks}."
    return f"None of the troubles that health looks for was seen in {checks}."


def _shown(card: Card) -> Html:
    """A card on a page."""
    told = [Html(tag("dt", name) + tag("dd", html.prose(text))) for name, text in card.details.items()]
    head = tag("h3", card.title) + paragraph(card.when, class_="quiet")
    return tag("article", Html(head), tag("dl", *told) if told else None, class_="card")
