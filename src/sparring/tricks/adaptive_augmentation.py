"""Adaptive augmentation: a critic sees images changed as often as it takes to keep it from overfitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparring.objectives import Objective
from sparring.randomness import Randomness
from sparring.settings import Fraction
from sparring.tricks.augmentation import CHANGES, Augmentation, augmentation_for
from sparring.tricks.judgement import Again, CriticTerms, Judgement
from sparring.tricks.trick import Flags

if TYPE_CHECKING:
    from sparring.data.dataset import DataSpec
    from sparring.game import Game, Number, Terms

IMAGES = 100_000
"""Real images that a critic has seen when the chance has gone from 0 to 1 at the fastest. The paper has
500,000, for runs of 25 million."""
USUAL = 0.6
"""The mean sign that the paper aims at."""
WAYS = (*CHANGES, "adaptive_augmentation")
"""The flags of which each lets a critic see changed images."""
SIGN = "augment_sign"
"""The observation that the chance follows."""


def adaptive_augmentation_for(data: DataSpec) -> dict[str, float]:
    """The flags that are recommended for some data to a system whose logits tell how sure it is of it: the
    paper's for few images, none for all else."""
    return {"adaptive_augmentation": USUAL} if augmentation_for(data) else {}


def in_one_way(recommended: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is recommended, less its way to change images where another way is given: they would add up."""
    adaptive = {flag.name for flag in fields(AdaptiveAugmentation.Settings)}
    others = [
        other for way, other in ((CHANGES.keys(), adaptive), (adaptive, CHANGES.keys())) if way & given.keys()
    ]
    return {name: value for name, value in recommended.items() if not any(name in other for other in others)}


class AdaptiveAugmentation(CriticTerms):
    """Each of the changes of differentiable augmentation, at its usual strength, happens to an image with a
    chance that rises while the critic is too sure of real images, and falls while it is not.

    How sure it is of them is the mean sign of their logits, counted from what its objective makes it say
    where it cannot tell: 0 there, 1 where it knows all by heart; where the objective compares pairs, the sign
    of the differences. The chance goes from 0 to 1 within 100,000 real images at the fastest.
    """

    source = (
        "Karras et al. 2020, arXiv:2006.06676, section 3.1; changes of Zhao et al. 2020, arXiv:2006.10738"
    )
    usual = {"adaptive_augmentation": USUAL, "adaptive_augmentation_start": 0.5}
    takes_pairs = True
    needs_numbers = False

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of adaptive augmentation."""

        adaptive_augmentation: Fraction = 0.0
        """Mean sign of a critic's logits of real images that the chance of a change aims at; the paper's is
        0.6."""
        adaptive_augmentation_start: Fraction = 0.0
        """The chance of a change at the beginning, such as that at which another run on this data ended."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.changes = Augmentation(Augmentation.Settings(**CHANGES), random)
        self.register_buffer("chance", torch.tensor(self.settings.adaptive_augmentation_start))
        self.chance: Tensor
        """How likely each change is for each image."""
        self.batch = 0
        """Real images of a turn."""
        self.undecided: float | None = 0.0
        """What the critic says where it cannot tell."""

    @property
    def begins_anew(self) -> bool:
        """Whether the chance is not that of a run whose weights this one begins with."""
        return self.settings.adaptive_augmentation_start > 0

    @property
    def strong(self) -> bool:
        """Whether there is something to aim at."""
        return self.settings.adaptive_augmentation > 0

    def refuses(self, game: Game) -> str | None:
        """Examples that are no images; a chance with nothing to aim at."""
        if not self.strong and self.settings.adaptive_augmentation_start:
            return "where its chance begins is said, and not what it aims at: add --adaptive-augmentation 0.6"
        return self.changes.refuses(game)

    def aim(self, objective: Objective, game: Game) -> Objective:
        """The objective, which says what is undecided."""
        self.undecided = objective.undecided
        return super().aim(objective, game)

    def idle(self, game: Game) -> str | None:
        """Objectives by which no logit means that a critic cannot tell."""
        if self.strong and self.undecided is None:
            return "by this objective no number of the critic's means that it cannot tell, such as 0"
        return super().idle(game)

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Images changed with the chance, those of a pair alike."""
        if self.strong:
            self.changes.share = self.chance
            examples, condition = self.changes.see(examples, condition, real, game)
        return super().see(examples, condition, real, game)

    def terms(self, judgement: Judgement, again: Again, game: Game) -> Terms:
        """No term, but the mean sign."""
        from sparring.game import Terms

        logits = torch.cat([each.flatten() for each in judgement.real]) - (self.undecided or 0.0)
        self.batch = game.settings.batch_size
        return Terms().observing(
            **{SIGN: logits.detach().sign().mean(), "augment_chance": self.chance.clone()}
        )

    @torch.no_grad()
    def learn(self, values: Mapping[str, Number]) -> None:
        """Move the chance by what a turn has shown."""
        step = torch.as_tensor(values[SIGN]) - self.settings.adaptive_augmentation
        self.chance.add_(step.sign() * self.batch / IMAGES).clamp_(0, 1)
