"""Evidence of each kind of trouble: what it looks like in the checks of a phase.

Each function looks at all checks of a phase so far (see `checks`, and `vitals` for what they measure) and
says in words what it saw, or None. Their thresholds were chosen on runs of known outcome and then held to
others: `reproduction/health.md`.
"""

from __future__ import annotations

import math
from itertools import product
from statistics import median

from sparring.game import Role
from sparring.health.checks import Checks

PATIENCE = 25
"""Checks for which a game may look bad without being so: many healthy ones begin like that."""
CHECKS_IN_A_ROW = 5
"""Checks for which something must last that healthy games hardly do at all."""
FULL_CHECKS_IN_A_ROW = 4
"""The same for what only full checks measure, which are every tenth."""

LITTLE_COVERED = 0.1
"""Share of the real examples with a sample near, below which most kinds of them are left out."""
FEW_DISTINCT = 0.4
"""Share of different samples, relative to real examples, below which texts are few."""
OVERFITTING_CHECKS = 10
"""Checks in a row that show a critic to know its examples: any ten would by chance once in a thousand
times. A long run has many tens, so chance alone may show it there; its gaps must differ by half as well."""

LARGEST_USUAL_LOSS = 9.0
"""A loss beyond which even the first ones are no measure, where losses come of what a critic says."""
NEGLIGIBLE_GRADIENT = 1e-3
"""Length of a gradient that moves no one, where what a critic says is a logit."""


def full_collapse(checks: Checks) -> str | None:
    """Samples are all alike and come no nearer to real examples, or all have a twin for long; or they were
    diverse and are so no more."""
    diversity = checks.recent("samples/diversity")
    if not diversity:  # Real examples are all the same, and samples should be.
        return None
    best, now = max(diversity), max(diversity[-CHECKS_IN_A_ROW:])
    fallen = len(diversity) > 2 * CHECKS_IN_A_ROW and best > 0.5 and now < 0.4 * min(best, 1.0)
    low = len(diversity) > PATIENCE and max(diversity[-PATIENCE:]) < 0.35
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
    """Samples are spread over far fewer classes than real examples, far fewer of them are different, or, once
    they should, they reach hardly any real example, check after check."""
    distinct = checks.recent("samples/distinct", CHECKS_IN_A_ROW)
    if len(distinct) == CHECKS_IN_A_ROW and max(distinct) < FEW_DISTINCT:
        return (
            f"Of the samples only {percent(distinct[-1])} as many are different from each other as of real "
            "examples."
        )
    classes = checks.recent("samples/classes", FULL_CHECKS_IN_A_ROW)
    real = checks.recent("samples/real_classes", 1)
    if len(classes) == FULL_CHECKS_IN_A_ROW and max(classes) <= 0.4 * real[0]:
        return (
            f"The samples are spread over about {classes[-1]:.1f} classes or modes, real examples over "
            f"{real[0]:.1f}."
        )
    # A likelihood asks for all examples: where it leaves them out, samples are bad, and not collapsed.
    if not (checks.old_enough and checks.players(Role.CRITIC)):
        return None
    covered = checks.recent("samples/coverage", FULL_CHECKS_IN_A_ROW)
    if len(covered) == FULL_CHECKS_IN_A_ROW and max(covered) < LITTLE_COVERED:
        return f"Of the real examples only {percent(covered[-1])} have a sample near them."
    return None


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
    distance = checks.recent("samples/distance")
    if len(distance) <= PATIENCE or checks.progress(PATIENCE) or min(distance[-PATIENCE:]) < 0.3:
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
    # A likelihood, say, may be a sum over all pixels.
    largest = LARGEST_USUAL_LOSS if checks.trains(checks.players(Role.CRITIC)) else math.inf
    for player in checks.roles:
        sizes = [abs(value) for value in checks.recent(f"{player}/loss")]
        if len(sizes) <= 2 * CHECKS_IN_A_ROW:
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


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1g} %"
