"""Consistency: a critic should say the same of an example that is shifted a little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.randomness import Randomness
from sparring.settings import NonNegative
from sparring.tricks.augmentation import Augmentation
from sparring.tricks.judgement import Again, CriticTerms, Judgement
from sparring.tricks.trick import Flags

if TYPE_CHECKING:
    from sparring.game import Game, Terms

SHIFT = 0.125
"""Share of its sides by which an image is shifted at the most: the paper's 4 of 32 pixels."""


class Consistency(CriticTerms):
    """Balanced consistency: the critic pays for the squared difference between its logits of images, real and
    generated, and those of the same images shifted.

    Unlike with augmentation, generator and objective see no shifted image. Images are not mirrored, which
    would make letters into others. Critics that are told an image of each are left alone: it would have to be
    shifted alike, or they would learn not to see whether the two fit.
    """

    source = "Zhao et al. 2021, arXiv:2002.04724, section 3.1 (bCR)"
    usual = {"consistency": 10.0}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of consistency."""

        consistency: NonNegative = 0.0
        """Weight of the squared difference that a shift makes to a critic's logits. The paper's is 10."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self._told_images = False
        self.shift = Augmentation(Augmentation.Settings(augment_translation=SHIFT), random)

    @property
    def strong(self) -> bool:
        """Whether the weight is more than 0."""
        return self.settings.consistency > 0

    def refuses(self, game: Game) -> str | None:
        """Examples that are no images."""
        if not game.data.kind.has_size:
            return f"it shifts images, and this data has {game.data.kind.about}"
        return None

    def idle(self, game: Game) -> str | None:
        """Critics that are told an image of each example, that are shown none, or whose logits no objective
        costs; objectives of pairs."""
        if self._told_images:
            return "it shifts what a critic is shown, and this one is told an image that belongs to it"
        return super().idle(game)

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The examples, or those in their place; whether images are told beside them is remembered."""
        self._told_images |= any(told.dim() == examples.dim() for told in condition)
        return super().see(examples, condition, real, game)

    def terms(self, judgement: Judgement, again: Again, game: Game) -> Terms:
        """The squared difference, on real and on generated examples."""
        from sparring.game import Terms

        shifted = [self.shift.changed([shown], game.value_range)[0] for _, shown in judgement.shown]
        other = again(shifted)
        pairs = ((judgement.real, other.real), (judgement.fake, other.fake))
        differences = [
            (torch.cat([each.flatten() for each in ours]) - torch.cat([each.flatten() for each in theirs]))
            .square()
            .mean()
            for ours, theirs in pairs
        ]
        return Terms(consistency=self.settings.consistency * torch.stack(differences).sum())
