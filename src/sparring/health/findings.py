"""What vital signs mean: rules that turn the checks of a run into findings, in words that help.

A rule looks at the rows of all checks so far (see `vitals`) and gives its evidence, or None. Their thresholds
were chosen on runs of known outcome and then held to others: `reproduction/health.md`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sparring.errors import NotANumber
from sparring.health.remedies import Context, remedy

Rows = Sequence[Mapping[str, Any]]

PATIENCE = 25
"""Checks for which a game may look bad without being so: many healthy ones begin like that."""
SOON = 5
"""Checks for which something must last that healthy games hardly do at all."""
SELDOM_CHECKS = 4
"""The same for what only every tenth check measures."""

LARGE = 9.0
"""A loss beyond which even the first ones are no measure."""
WEAK = 1e-3
"""Length of a gradient that moves no one, where a game's verdict is a logit."""
FIRST, LATEST = 50, 350
"""Checks that are looked at; those of a long run in between are not, so that no check takes long."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run."""

    name: str
    """Such as `mode collapse`."""
    evidence: str
    """What was seen, with numbers."""
    meaning: str
    """What that is, and why it happens."""
    remedy: str
    """What to try, with the flag."""


@dataclass(frozen=True)
class Rule:
    """How one kind of trouble shows, and what helps."""

    seen: Callable[[Rows], str | None]
    """The evidence in the rows so far, or None."""
    meaning: str
    calm: tuple[str, ...]
    """Players whose smaller steps may help."""
    resort: str | None = None
    """A system that is known to withstand it."""
    advice: str = ""
    """What else to try."""


def full_collapse(rows: Rows) -> str | None:
    """Samples are all alike and come no nearer to real examples, or all have a twin for long; or they were
    diverse and are so no more."""
    diversity = recent(rows, "samples/diversity")
    best, now = max(diversity), max(diversity[-SOON:])
    fallen = len(rows) > 2 * SOON and best > 0.5 and now < 0.4 * min(best, 1.0)
    never = len(rows) > PATIENCE and max(diversity[-PATIENCE:]) < 0.35 and not progress(rows, PATIENCE)
    duplicates = recent(rows, "samples/duplicates", 2 * PATIENCE)
    few = len(duplicates) == 2 * PATIENCE and min(duplicates) > 0.9
    if not (fallen or never or few):
        return None
    before = f", after {percent(best)} before" if fallen else ""
    return (
        f"Samples of different noise differ by {percent(diversity[-1])} of what real examples differ "
        f"by{before}; {percent(duplicates[-1])} of them have a near-duplicate among the others."
    )


def partial_collapse(rows: Rows) -> str | None:
    """Samples are spread over far fewer classes than real examples, check after check."""
    classes = recent(rows, "samples/classes", SELDOM_CHECKS)
    real = recent(rows, "samples/real_classes", 1)
    if len(classes) < SELDOM_CHECKS or max(classes) > 0.4 * real[0]:
        return None
    return (
        f"The samples are spread over about {classes[-1]:.1f} classes or modes, real examples over "
        f"{real[0]:.1f}."
    )


def vanishing_gradient(rows: Rows) -> str | None:
    """The discriminator is never wrong, and what it tells the generator has no strength."""
    judge = opponent(rows)
    gradients = recent(rows, "generator/gradient_norm")
    accuracy = recent(rows, f"{judge}/accuracy", SOON)
    if len(gradients) <= 2 * SOON or not accuracy:
        return None
    early, now = max(gradients[:-SOON]), median(gradients[-SOON:])
    if min(accuracy) < 0.98 or now > max(0.01 * early, WEAK):
        return None
    return (
        f"The {judge} is right about {percent(min(accuracy))} of every batch, and the generator's gradient "
        f"has a length of {now:.1e}, after {early:.1e} at its longest."
    )


def overpowering(rows: Rows) -> str | None:
    """The discriminator cannot tell samples from real examples, though they are far from them."""
    judge = opponent(rows)
    gap, distance = recent(rows, f"{judge}/logit_gap", PATIENCE), recent(rows, "samples/distance", PATIENCE)
    if len(rows) <= PATIENCE or not gap or progress(rows, PATIENCE):
        return None
    if median(gap) > 0.3 or min(distance) < 0.3:
        return None
    return (
        f"The {judge} scores real examples hardly above samples (by {median(gap):.2g}), though these are far "
        f"from them: their distance is {distance[-1]:.2f}, where 0 is equal."
    )


def oscillation(rows: Rows) -> str | None:
    """Samples of the same noise travel far, and only back and forth."""
    returns = recent(rows, "samples/return", SELDOM_CHECKS)
    if len(returns) < SELDOM_CHECKS or progress(rows, 10 * SELDOM_CHECKS):
        return None
    movement, distance = (recent(rows, f"samples/{name}", PATIENCE) for name in ("movement", "distance"))
    if max(returns) > 0.2 or median(movement) < 0.3 or median(distance) < 0.25:
        return None
    return (
        f"From one check to the next a sample changes by {percent(median(movement))} of what real examples "
        f"differ by, but over ten checks it comes only {percent(returns[-1])} of that way, and the samples "
        "come no nearer to real examples."
    )


def divergence(rows: Rows) -> str | None:
    """A loss is a hundred times what it was, or what any loss should be, check after check."""
    if len(rows) <= 2 * SOON:
        return None
    for column in (name for name in rows[-1] if name.endswith("/loss")):
        sizes = [abs(value) for value in recent(rows, column)]
        early, now = median(sizes[:SOON]), min(sizes[-SOON:])
        if now > 100 * (1 + min(early, LARGE)):
            player = column.removesuffix("/loss")
            return f"The {player}'s loss has gone from about {early:.2g} at first to {sizes[-1]:.3g}."
    return None


def memorisation(rows: Rows) -> str | None:
    """Samples are copies of training examples."""
    copies = recent(rows, "samples/copies", SELDOM_CHECKS)
    if len(copies) < SELDOM_CHECKS or min(copies) < 0.3:
        return None
    return (
        f"{percent(copies[-1])} of the samples are near-copies of training images; among real images that "
        "is 1 %."
    )


def dead_run(rows: Rows) -> str | None:
    """Nothing changes any more."""
    movement = recent(rows, "samples/movement", SOON)
    if len(movement) < SOON or max(movement) > 1e-5:
        return None
    return f"The samples of the same noise have not changed for {SOON} checks."


EVERYONE = ("generator", "discriminator", "critic")

RULES: dict[str, Rule] = {
    "divergence": Rule(
        divergence,
        "The players no longer answer each other: one of them runs away, and its numbers may soon overflow.",
        EVERYONE,
        "r3gan",
    ),
    "mode collapse": Rule(
        full_collapse,
        "This is mode collapse: the generator has found an output that passes, and makes it whatever the "
        "noise is.",
        ("generator",),
        "r3gan",
    ),
    "partial mode collapse": Rule(
        partial_collapse,
        "This is partial mode collapse: the generator makes some kinds of examples and leaves out others, "
        "because nothing in its loss asks for all of them.",
        ("generator",),
        "r3gan",
    ),
    "vanishing gradient": Rule(
        vanishing_gradient,
        "The discriminator is so sure of itself that its verdict hardly changes with the sample, so the "
        "generator is not told in which direction to improve.",
        ("discriminator", "critic"),
        "wgan-gp",
    ),
    "generator overpowering": Rule(
        overpowering,
        "The generator deceives too weak a discriminator, and so nothing drives it towards real examples.",
        ("generator",),
        "r3gan",
    ),
    "oscillation": Rule(
        oscillation,
        "The players chase each other around the equilibrium instead of approaching it: each undoes what the "
        "other has learnt.",
        EVERYONE,
        "r3gan",
    ),
    "memorisation": Rule(
        memorisation,
        "The generator has learnt the training images by heart instead of what they have in common; with few "
        "images it can.",
        (),
        advice="Train again on more images, or for fewer `--epochs`.",
    ),
    "dead run": Rule(
        dead_run,
        "Nothing moves any more: the generator's units are saturated or switched off, or its learning rate "
        "is too small to matter.",
        ("generator",),
        "r3gan",
    ),
}
"""Every kind of trouble, the more fundamental first."""

IMPLIED = {"partial mode collapse": "mode collapse"}
"""What goes without saying once something else was said."""


def find(rows: Rows, context: Context, known: set[str]) -> list[Finding]:
    """What is wrong and has not been said yet.

    Args:
        rows: all checks so far, the newest last.
        context: what is trained, for the remedy.
        known: names of what was found before.
    """
    found: list[Finding] = []
    if len(rows) > FIRST + LATEST:
        rows = [*rows[:FIRST], *rows[-LATEST:]]
    for name, rule in RULES.items():
        said = {*known, *(finding.name for finding in found)}
        evidence = None if name in said or IMPLIED.get(name) in said else rule.seen(rows)
        if evidence is not None:
            text = rule.advice or remedy(context, rule.calm, rule.resort)
            found.append(Finding(name, evidence, rule.meaning, text))
    return found


def not_a_number(error: NotANumber, context: Context) -> Finding:
    """The finding for a loss, a gradient or weights that are no longer finite."""
    return Finding(
        "not a number",
        str(error),
        "An overflow, a division by zero or the logarithm of zero: from there on every number would be lost.",
        remedy(context, error.broken or (error.player,), None),
    )


def recent(rows: Rows, column: str, count: int | None = None) -> list[float]:
    """The last `count` values of a column, in order, of the rows that have it; infinite if not finite.

    What was not finite is None in the history, which does not say what it was.
    """
    found = [row[column] for row in rows if column in row]
    values = [math.inf if value is None or not math.isfinite(value) else value for value in found]
    return values if count is None else values[-count:]


def progress(rows: Rows, window: int) -> bool:
    """Whether samples came nearer to real examples in the last checks than in all before them."""
    distances = recent(rows, "samples/distance")
    if len(distances) <= window:
        return True
    return min(distances[-window:]) < 0.95 * min(distances[:-window]) - 0.002


def opponent(rows: Rows) -> str:
    """The player that judges, such as `discriminator` or `critic`."""
    judges = [column.removesuffix("/logit_gap") for column in rows[-1] if column.endswith("/logit_gap")]
    return judges[0] if judges else "discriminator"


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1g} %"
