"""Rules that turn the checks of a run into findings, in words that help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sparring.errors import NotANumber
from sparring.game import Role
from sparring.health.checks import CHECKS_PER_FULL_CHECK, Checks, Rows
from sparring.health.evidence import (
    FULL_CHECKS_IN_A_ROW,
    PATIENCE,
    dead_run,
    divergence,
    full_collapse,
    memorisation,
    oscillation,
    overfitting,
    overpowering,
    partial_collapse,
    vanishing_gradient,
)
from sparring.health.remedies import LESS_OFTEN, Context, remedy, seeing_changed

FIRST_CHECKS, LATEST_CHECKS = 100, 350
"""Checks that are looked at; those of a long phase in between are not, so that no check takes long."""


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
    checks: int = PATIENCE
    """How many checks ago all was well."""


@dataclass(frozen=True)
class Rule:
    """How one kind of trouble shows, and what helps."""

    seen: Callable[[Checks], str | None]
    """The evidence in the checks so far, or None."""
    meaning: str
    slow_down: tuple[Role, ...]
    """Roles of the players whose smaller steps may help."""
    alternative: str | None = None
    """A system that is known to withstand it."""
    advice: Callable[[Context], str] | None = None
    """What to try instead of other settings of the system."""
    of_samples: bool = True
    """Whether it speaks of samples, which need not change in a phase that trains nothing that makes them."""
    adversarial: bool = False
    """Whether only a game with a critic can have it."""
    of_small_moves: bool = False
    """Whether it speaks of moves that samples which change in steps need not make while they are learnt."""
    checks: int = PATIENCE
    """Checks that it takes to show."""

    def applies(self, checks: Checks) -> bool:
        """Whether a run with such players, in such a phase, can have this trouble at all."""
        if self.adversarial and not checks.players(Role.CRITIC):
            return False
        if self.of_small_moves and checks.discrete:
            return False
        return checks.generating or not self.of_samples


EVERYONE = tuple(Role)
IN_FULL_CHECKS = CHECKS_PER_FULL_CHECK * FULL_CHECKS_IN_A_ROW
"""Checks that trouble takes to show which full checks alone see."""

RULES: dict[str, Rule] = {
    "divergence": Rule(
        divergence,
        "A player runs away: its steps no longer answer the other players or the data, and its numbers may "
        "soon overflow.",
        EVERYONE,
        "r3gan",
        of_samples=False,
    ),
    "mode collapse": Rule(
        full_collapse,
        "This is mode collapse: the generator has found an output that passes, and makes it whatever the "
        "noise is.",
        (Role.GENERATOR,),
        "r3gan",
    ),
    "partial mode collapse": Rule(
        partial_collapse,
        "This is partial mode collapse: the generator makes some kinds of examples and leaves out others, "
        "because nothing in its loss asks for all of them.",
        (Role.GENERATOR,),
        "r3gan",
        checks=IN_FULL_CHECKS,
    ),
    "vanishing gradient": Rule(
        vanishing_gradient,
        "The critic is so sure of itself that what it says hardly changes with the sample, so the generator "
        "is not told in which direction to improve.",
        (Role.CRITIC,),
        "wgan-gp",
        of_samples=False,
        adversarial=True,
    ),
    "generator overpowering": Rule(
        overpowering,
        "The generator deceives too weak a critic, and so nothing drives it towards real examples.",
        (Role.GENERATOR,),
        "r3gan",
        adversarial=True,
    ),
    "oscillation": Rule(
        oscillation,
        "The players chase each other around the equilibrium instead of approaching it: each undoes what the "
        "other has learnt.",
        EVERYONE,
        "r3gan",
        adversarial=True,
        checks=IN_FULL_CHECKS,
    ),
    "memorisation": Rule(
        memorisation,
        "The generator has learnt the training examples by heart instead of what they have in common; with "
        "few examples it can.",
        (),
        advice=lambda context: LESS_OFTEN,
        checks=IN_FULL_CHECKS,
    ),
    "overfitting": Rule(
        overfitting,
        "The critic has begun to learn its training examples by heart, and soon tells the generator no more "
        "than whether a sample is one of them.",
        (),
        advice=lambda context: " ".join([LESS_OFTEN, *seeing_changed(context)]),
        adversarial=True,
    ),
    "dead run": Rule(
        dead_run,
        "Nothing moves any more: the generator's units are saturated or switched off, or its learning rate "
        "is too small to matter.",
        (Role.GENERATOR,),
        "r3gan",
        of_small_moves=True,
    ),
}
"""Every kind of trouble, the more fundamental first."""
LONGEST = max(rule.checks for rule in RULES.values())
"""The most checks that a run may have to go back."""

IMPLIED = {"partial mode collapse": "mode collapse"}
"""What goes without saying once something else was said."""


def find(rows: Rows, context: Context, known: set[str]) -> list[Finding]:
    """What is wrong and has not been said yet.

    Args:
        rows: all checks of the newest phase so far, the newest last.
        context: what is trained: who plays what role, and what the remedy needs.
        known: names of what was found before.
    """
    found: list[Finding] = []
    if len(rows) > FIRST_CHECKS + LATEST_CHECKS:
        rows = [*rows[:FIRST_CHECKS], *rows[-LATEST_CHECKS:]]
    checks = Checks(rows, context.roles, context.discrete, context.enough_steps)
    for name, rule in RULES.items():
        said = {*known, *(finding.name for finding in found)}
        unsaid = name not in said and IMPLIED.get(name) not in said
        evidence = rule.seen(checks) if unsaid and rule.applies(checks) else None
        if evidence is not None:
            # Where nobody has such a role, as in a game without a generator, it is for all.
            players = checks.players(*rule.slow_down) or list(context.roles)
            text = rule.advice(context) if rule.advice else remedy(context, players, rule.alternative)
            found.append(Finding(name, evidence, rule.meaning, text, rule.checks))
    return found


def not_a_number(error: NotANumber, context: Context) -> Finding:
    """The finding for a loss, a gradient or weights that are no longer finite."""
    return Finding(
        "not a number",
        str(error),
        "An overflow, a division by zero or the logarithm of zero: from there on every number would be lost.",
        remedy(context, error.broken or (error.player,), None),
    )
