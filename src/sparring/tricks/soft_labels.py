"""Soft labels: what a critic should answer is less than certain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.objectives import Cost, Objective, smoothed
from sparring.randomness import Randomness
from sparring.settings import Fraction
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game


class SoftLabels(Trick):
    """Smoothed and flipped labels in a critic's objective; what a generator aims at stays as it is.

    Smoothing mixes the cost of an example with that of the other label, which for cross-entropies and
    squares is the cost of a target in between; flipping exchanges the two for some examples of every batch.
    Where a system compares pairs, the label is whether the first of a pair is the real one.
    """

    source = "Salimans et al. 2016, arXiv:1606.03498, section 3.4; Chintala et al. 2016, ganhacks (flipping)"
    usual = {"smoothing": 0.1, "flipping": 0.05}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of smoothing and flipping."""

        smoothing: Fraction = 0.0
        """The share of the other label in a critic's target for real examples: 0.1 makes 1 into 0.9. A
        usual one is 0.1."""
        smoothing_fake: Fraction = 0.0
        """The same for generated examples: 0.1 makes 0 into 0.1. The paper advises against it."""
        flipping: Fraction = 0.0
        """Share of examples whose label is exchanged in a critic's turn; a usual one is 0.05."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.softened: Objective | None = None
        """The objective before its labels were softened."""

    def idle(self, game: Game) -> str | None:
        """Objectives without labels."""
        objective = self.softened
        if objective is None:
            return None
        if objective.one_term:
            return f"it softens labels, and the {objective.name} objective has none"
        if objective.paired and self.settings.smoothing_fake:
            return (
                f"smoothing_fake is for generated examples, and the {objective.name} objective compares pairs"
            )
        return None

    def aim(self, objective: Objective, game: Game) -> Objective:
        """The objective with soft labels."""
        s = self.settings
        self.softened = objective
        soft = smoothed(objective, real=1.0 - s.smoothing, fake=s.smoothing_fake)
        if s.flipping == 0:
            return soft
        real, fake = self._flipped(soft.real, soft.fake), self._flipped(soft.fake, soft.real)
        return replace(soft, real=real, fake=fake)

    def _flipped(self, cost: Cost, other: Cost) -> Cost:
        def flipped(logits: Tensor) -> Tensor:
            coins = self.random.bernoulli(self.settings.flipping, *logits.shape)
            return torch.where(coins > 0, other(logits), cost(logits))

        return flipped
