"""LeCam: a critic's logits are kept near to what those of the other kind have been."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.randomness import Randomness
from sparring.settings import NonNegative
from sparring.tricks.judgement import Again, CriticTerms, Judgement
from sparring.tricks.trick import Flags

if TYPE_CHECKING:
    from sparring.game import Game, Number, Terms

DECAY = 0.99
"""Weight of the past in the means of logits (the authors' code)."""


class LeCam(CriticTerms):
    """The critic pays for logits of real examples above the mean of generated ones so far, and for logits of
    generated ones below that of real ones: it is held back most where it is surest, which helps where data
    is little.

    The means are exponential, and count from the second turn on. As in the authors' code, only what goes
    beyond a mean is paid for, squared.
    """

    source = "Tseng et al. 2021, arXiv:2104.03310, equation 4, and google/lecam-gan"
    usual = {"lecam": 0.3}
    needs_numbers = False
    begins_anew = True

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of LeCam."""

        lecam: NonNegative = 0.0
        """Weight of the regularisation of a critic's logits. Usual ones are 0.01 to 0.3."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.register_buffer("anchors", torch.zeros(2))
        self.register_buffer("turns", torch.zeros((), dtype=torch.int64))
        self.anchors: Tensor
        """Means of the logits of real and of generated examples so far."""
        self.turns: Tensor
        """Turns of which they are."""

    @property
    def strong(self) -> bool:
        """Whether the weight is more than 0."""
        return self.settings.lecam > 0

    def refuses(self, game: Game) -> str | None:
        """Several critics, whose logits have means of their own."""
        critics = sum(role == "critic" for role, _ in game.networks)
        if self.strong and critics > 1:
            return (
                f"it keeps the means of one critic's logits, and {type(game).__name__} has {critics} critics"
            )
        return None

    def terms(self, judgement: Judgement, again: Again, game: Game) -> Terms:
        """The regularisation, beside the means of the turn's logits."""
        from sparring.game import Terms

        real, fake = (
            torch.cat([each.flatten() for each in logits]).float()
            for logits in (judgement.real, judgement.fake)
        )
        anchors = self.anchors.clone()
        beyond = F.relu(real - anchors[1]).square().mean() + F.relu(anchors[0] - fake).square().mean()
        lecam = self.settings.lecam * (self.turns > 0) * beyond
        return Terms(lecam=lecam).observing(lecam_real=real.mean(), lecam_fake=fake.mean())

    @torch.no_grad()
    def learn(self, values: Mapping[str, Number]) -> None:
        """Move the means towards those of a turn."""
        self.turns += 1
        weight = (1 / self.turns).clamp(min=1 - DECAY)
        for place, name in enumerate(("lecam_real", "lecam_fake")):
            self.anchors[place] += weight * (values[name] - self.anchors[place])
