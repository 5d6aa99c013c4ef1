"""Objectives: what players pay, as short pure functions of the critic's logits.

None can be the logarithm of zero: cross-entropies are computed from log-odds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

Cost = Callable[[Tensor], Tensor]
"""What is paid for each logit: a function from a tensor to one of the same shape."""


@dataclass(frozen=True)
class Objective:
    """A critic's and a generator's costs.

    A critic pays `real` for the logits of real examples and `fake` for those of generated ones; a generator
    pays `deceive` for those of its own. Where the objective is `paired`, the logits are differences between a
    real and a generated example: `real` is the critic's cost of real minus generated, and `deceive` the
    generator's of generated minus real.
    """

    name: str
    """Such as `hinge`."""
    real: Cost
    fake: Cost
    deceive: Cost
    paired: bool = False
    one_term: bool = False
    """Whether the costs of real and generated examples mean something only together."""
    undecided: float | None = 0.0
    """The logit, or the difference of two, for which both cost the critic the same: what it says where it
    cannot tell. None where any number may stand for that."""

    def for_critic(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The terms of a critic's loss, from its logits of as many real and generated examples."""
        if self.paired:
            return {self.name: self.real(real - fake).mean()}
        terms = {"real": self.real(real).mean(), "fake": self.fake(fake).mean()}
        return {self.name: terms["real"] + terms["fake"]} if self.one_term else terms

    def for_generator(self, fake: Tensor, real: Callable[[], Tensor]) -> dict[str, Tensor]:
        """The terms of a generator's loss.

        Args:
            fake: the critic's logits of its examples.
            real: gives those of as many real ones; it is asked only where the objective is paired.
        """
        if self.paired:
            return {self.name: self.deceive(fake - real()).mean()}
        return {self.name if self.one_term else "adversarial": self.deceive(fake).mean()}


def called_real(logits: Tensor) -> Tensor:
    """-log D(x), from log-odds."""
    return F.softplus(-logits)


def called_fake(logits: Tensor) -> Tensor:
    """-log(1 - D(x)), from log-odds."""
    return F.softplus(logits)


NON_SATURATING = Objective("non-saturating", called_real, called_fake, called_real)
"""-log D(x) - log(1 - D(G(z))) against -log D(G(z)) (Goodfellow et al. 2014, arXiv:1406.2661, section 3)."""

MINIMAX = Objective("minimax", called_real, called_fake, lambda logits: -F.softplus(logits))
"""The same against log(1 - D(G(z))) (equation 1), whose gradient vanishes where the critic wins."""

LEAST_SQUARES = Objective(
    "least squares",
    lambda logits: (logits - 1).square() / 2,
    lambda logits: logits.square() / 2,
    lambda logits: (logits - 1).square() / 2,
    undecided=0.5,
)
"""(D(x) - 1)² / 2 + D(G(z))² / 2 against (D(G(z)) - 1)² / 2 (Mao et al. 2017, arXiv:1611.04076, eq. 9)."""

HINGE = Objective(
    "hinge", lambda scores: F.relu(1 - scores), lambda scores: F.relu(1 + scores), lambda scores: -scores
)
"""max(0, 1 - D(x)) + max(0, 1 + D(G(z))) against -D(G(z)) (Lim and Ye 2017, arXiv:1705.02894)."""

WASSERSTEIN = Objective(
    "wasserstein",
    lambda scores: -scores,
    lambda scores: scores,
    lambda scores: -scores,
    one_term=True,
    undecided=None,
)
"""-D(x) + D(G(z)) against -D(G(z)) (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1)."""

RELATIVISTIC = Objective("relativistic", called_real, called_fake, called_real, paired=True)
"""-log sigmoid(D(x) - D(G(z))) against -log sigmoid(D(G(z)) - D(x)), paired (Jolicoeur-Martineau 2019,
arXiv:1807.00734; Huang et al. 2024, arXiv:2501.05441, equation 2)."""

OBJECTIVES = {
    objective.name: objective
    for objective in (NON_SATURATING, MINIMAX, LEAST_SQUARES, HINGE, WASSERSTEIN, RELATIVISTIC)
}
"""Every objective by its name."""


def weighted(objective: Objective, weight: float) -> Objective:
    """The objective with all its costs times a number."""

    def times(cost: Cost) -> Cost:
        return lambda logits: weight * cost(logits)

    return replace(
        objective,
        real=times(objective.real),
        fake=times(objective.fake),
        deceive=times(objective.deceive),
    )


def smoothed(objective: Objective, real: float = 1.0, fake: float = 0.0, deceive: float = 1.0) -> Objective:
    """The objective with soft targets: a share `real` of the cost of a real example is that of a real one and
    the rest that of a generated one, and likewise for the others.

    For cross-entropies this is the cross-entropy against the probability `real` (Salimans et al. 2016,
    arXiv:1606.03498, section 3.4).
    """
    return replace(
        objective,
        real=_mixed(objective.real, objective.fake, real),
        fake=_mixed(objective.real, objective.fake, fake),
        deceive=_mixed(objective.deceive, objective.fake, deceive),
    )


def _mixed(as_real: Cost, as_fake: Cost, share: float) -> Cost:
    if share == 1.0:
        return as_real
    if share == 0.0:
        return as_fake
    return lambda logits: share * as_real(logits) + (1 - share) * as_fake(logits)


def critic_statistics(real: Tensor, fake: Tensor, objective: Objective) -> dict[str, Tensor]:
    """What a critic made of a batch: the gap of its mean logits, and the share that it judged rightly, of
    single examples or of pairs, where its objective says what is right.

    Args:
        real: logits of real examples.
        fake: those of as many generated ones.
        objective: the critic's.
    """
    gap = {"logit_gap": real.mean() - fake.mean()}
    if objective.undecided is None:
        return gap
    if objective.paired:
        return {"accuracy": (real > fake).float().mean(), **gap}
    right = (real > objective.undecided).float().mean() + (fake <= objective.undecided).float().mean()
    return {"accuracy": right / 2, **gap}


def binary_cross_entropy(logits: Tensor, target: float) -> Tensor:
    """Mean cross-entropy of log-odds against one probability."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
