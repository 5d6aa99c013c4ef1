"""Rules that turn the checks of a run into findings, in words that help.

A rule looks at all checks of a phase so far (see `checks`, and `vitals` for what they measure) and gives its
evidence, or None. Their thresholds were chosen on runs of known outcome and then held to others:
`reproduction/health.md`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from statistics import median

from sparring.errors import NotANumber
from sparring.game import Role
from sparring.health.checks import Checks, Rows
from sparring.health.remedies import Context, remedy

PATIENCE = 25
"""Checks for which a game may look bad without being so: many healthy ones begin like that."""
CHECKS_IN_A_ROW = 5
"""Checks for which something must last that healthy games hardly do at all."""
FULL_CHECKS_IN_A_ROW = 4
"""The same for what only full checks measure, which are every tenth."""

FEW_DISTINCT = 0.4
"""Share of different samples, relative to real examples, below which texts are few."""
OVERFITTING_CHECKS = 10
"""Checks in a row that show a critic to know its examples: any ten would by chance once in a thousand
times. A long run has many tens, so chance alone may show it there; its gaps must differ by half as well."""

LARGEST_USUAL_LOSS = 9.0
"""A loss beyond which even the first ones are no measure, where losses come of what a critic says."""
NEGLIGIBLE_GRADIENT = 1e-3
"""Length of a gradient that moves no one, where what a critic says is a logit."""
FIRST_CHECKS, LATEST_CHECKS = 50, 350
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
    advice: str = ""
    """What else to try."""
    of_samples: bool = True
    """Whether it speaks of samples, which need not change in a phase that trains nothing that makes them."""
    adversarial: bool = False
    """Whether only a game with a critic can have it."""
    of_small_moves: bool = False
    """Whether it speaks of moves that samples which change in steps need not make while they are learnt."""

    def applies(self, checks: Checks) -> bool:
        """Whether a run with such players, in such a phase, can have this trouble at all."""
        if self.adversarial and not checks.players(Role.CRITIC):
            return False
        if self.of_small_moves and checks.discrete:
            return False
        return checks.generating or not self.of_samples


def full_collapse(checks: Checks) -> str | None:
    """Samples are all alike and come no nearer to real examples, or all have a twin for long; or they were
    diverse and are so no more."""
    diversity = checks.recent("samples/diversity")
    if not diversity:  # Real examples are all the same, and samples should be.
        return None
    best, now = max(diversity), max(diversity[-CHECKS_IN_A_ROW:])
    fallen = len(checks) > 2 * CHECKS_IN_A_ROW and best > 0.5 and now < 0.4 * min(best, 1.0)
    low = len(checks) > PATIENCE and max(diversity[-PATIENCE:]) < 0.35
    never = low and not checks.progress(PATIENCE)
    duplicates = checks.recent("samples/duplicates", 2 * PATIENCE)
    twins = len(duplicates) == 2 * PATIENCE and min(duplicates) > 0.9
    if not (fallen or never or twins):
        return None
    before = f", after {percent(best)} before" if fallen else ""
    beside = (
        f"; {percent(duplicates[-1])} of them have a near-duplicate among the others" if duplicates else ""
    )
    return (
        f"Samples of different noise differ by {percent(diversity[-1])} of what real examples differ by"
        f"{before}{beside}."
    )


def partial_collapse(checks: Checks) -> str | None:
    """Samples are spread over far fewer classes than real examples, or far fewer of them are different, check
    after check."""
    distinct = checks.recent("samples/distinct", CHECKS_IN_A_ROW)
    if len(distinct) == CHECKS_IN_A_ROW and max(distinct) < FEW_DISTINCT:
        return (
            f"Of the samples only {percent(distinct[-1])} as many are different from each other as of real "
            "examples."
        )
    classes = checks.recent("samples/classes", FULL_CHECKS_IN_A_ROW)
    real = checks.recent("samples/real_classes", 1)
    if len(classes) < FULL_CHECKS_IN_A_ROW or max(classes) > 0.4 * real[0]:
        return None
    return (
        f"The samples are spread over about {classes[-1]:.1f} classes or modes, real examples over "
        f"{real[0]:.1f}."
    )


def vanishing_gradient(checks: Checks) -> str | None:
    """A critic is never wrong, and what it tells a generator has no strength."""
    for critic, generator in product(checks.players(Role.CRITIC), checks.players(Role.GENERATOR)):
        accuracy = checks.recent(f"{critic}/accuracy", CHECKS_IN_A_ROW)
        gradients = checks.recent(f"{generator}/gradient_norm")
        if len(gradients) <= 2 * CHECKS_IN_A_ROW or not accuracy:
            continue
        early, now = max(gradients[:-CHECKS_IN_A_ROW]), median(gradients[-CHECKS_IN_A_ROW:])
        if min(accuracy) >= 0.98 and now <= max(0.01 * early, NEGLIGIBLE_GRADIENT):
            return (
                f"{percent(min(accuracy))} of every batch is judged rightly by the {critic}, and "
                f"the gradient of the {generator} is {now:.1e} long, after {early:.1e} at its longest."
            )
    return None


def overpowering(checks: Checks) -> str | None:
    """A critic cannot tell samples from real examples, though they are far from them."""
    distance = checks.recent("samples/distance", PATIENCE)
    if len(checks) <= PATIENCE or checks.progress(PATIENCE) or min(distance) < 0.3:
        return None
    for critic in checks.players(Role.CRITIC):
        gap = checks.recent(f"{critic}/logit_gap", PATIENCE)
        if gap and median(gap) <= 0.3:
            return (
                f"To the {critic}, real examples score hardly above samples (by {median(gap):.2g}), though "
                f"these are far from them: their distance is {distance[-1]:.2f}, where 0 is equal."
            )
    return None


def oscillation(checks: Checks) -> str | None:
    """Samples of the same noise travel far, and only back and forth."""
    returns = checks.recent("samples/return", FULL_CHECKS_IN_A_ROW)
    if len(returns) < FULL_CHECKS_IN_A_ROW or checks.progress(10 * FULL_CHECKS_IN_A_ROW):
        return None
    movement, distance = (checks.recent(f"samples/{name}", PATIENCE) for name in ("movement", "distance"))
    if max(returns) > 0.2 or median(movement) < 0.3 or median(distance) < 0.25:
        return None
    return (
        f"From one check to the next a sample changes by {percent(median(movement))} of what real examples "
        f"differ by, but over ten checks it comes only {percent(returns[-1])} of that way, and the samples "
        "come no nearer to real examples."
    )


def divergence(checks: Checks) -> str | None:
    """A loss is a hundred times what it was, or what one against a critic should be, check after check."""
    if len(checks) <= 2 * CHECKS_IN_A_ROW:
        return None
    # A likelihood, say, may be a sum over all pixels.
    largest = LARGEST_USUAL_LOSS if checks.trains(checks.players(Role.CRITIC)) else math.inf
    for player in checks.roles:
        sizes = [abs(value) for value in checks.recent(f"{player}/loss")]
        if not sizes:
            continue
        early, now = median(sizes[:CHECKS_IN_A_ROW]), min(sizes[-CHECKS_IN_A_ROW:])
        if now > 100 * (1 + min(early, largest)):
            return f"The loss of the {player} has gone from about {early:.2g} at first to {sizes[-1]:.3g}."
    return None


def overfitting(checks: Checks) -> str | None:
    """A critic knows its training examples, and held-out ones half as well at the most, check after check."""
    for critic in checks.players(Role.CRITIC):
        known, others = (
            checks.recent(f"{critic}/gap_{kind}", OVERFITTING_CHECKS) for kind in ("training", "held_out")
        )
        if min(len(known), len(others)) < OVERFITTING_CHECKS:
            continue
        if any(a <= b for a, b in zip(known, others, strict=True)):
            continue
        trained, kept_aside = median(known), median(others)
        if trained > 0 and kept_aside <= 0.5 * trained:
            return (
                f"To the {critic}, training examples score higher than samples by {trained:.2g}, and "
                f"held-out ones by {kept_aside:.2g}."
            )
    return None


def memorisation(checks: Checks) -> str | None:
    """Samples are copies of training examples."""
    copies = checks.recent("samples/copies", FULL_CHECKS_IN_A_ROW)
    if len(copies) < FULL_CHECKS_IN_A_ROW or min(copies) < 0.3:
        return None
    if checks.discrete:
        return (
            f"{percent(copies[-1])} of the samples are training examples, exactly, and such as occur there "
            "only once."
        )
    return (
        f"{percent(copies[-1])} of the samples are near-copies of training examples; among real examples "
        "that is 1 %."
    )


def dead_run(checks: Checks) -> str | None:
    """Nothing changes any more."""
    movement = checks.recent("samples/movement", CHECKS_IN_A_ROW)
    if len(movement) < CHECKS_IN_A_ROW or max(movement) > 1e-5:
        return None
    return f"The samples of the same noise have not changed for {CHECKS_IN_A_ROW} checks."


EVERYONE = tuple(Role)

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
    ),
    "memorisation": Rule(
        memorisation,
        "The generator has learnt the training examples by heart instead of what they have in common; with "
        "few examples it can.",
        (),
        advice="Train again on more examples, or for fewer `--epochs`.",
    ),
    "overfitting": Rule(
        overfitting,
        "The critic has begun to learn its training examples by heart, and soon tells the generator no more "
        "than whether a sample is one of them.",
        (),
        advice="Train again on more examples, or for fewer `--epochs`; of images it learns fewer by heart "
        "where it sees them changed: `--augment-colour 1 --augment-translation 0.125 --augment-cutout 0.5`.",
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
    checks = Checks(rows, context.roles, context.discrete)
    for name, rule in RULES.items():
        said = {*known, *(finding.name for finding in found)}
        unsaid = name not in said and IMPLIED.get(name) not in said
        evidence = rule.seen(checks) if unsaid and rule.applies(checks) else None
        if evidence is not None:
            # Where nobody has such a role, as in a game without a generator, it is for all.
            players = checks.players(*rule.slow_down) or list(context.roles)
            text = rule.advice or remedy(context, players, rule.alternative)
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


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1g} %"
