"""Gradient penalties: a critic pays for steep slopes, at real, at generated, or at points between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparring.errors import SettingError
from sparring.settings import NonNegative
from sparring.tricks.judgement import Again, CriticTerms, Judgement
from sparring.tricks.trick import Flags

if TYPE_CHECKING:
    from sparring.game import Game, Terms


class CriticPenalties(CriticTerms):
    """R1, R2 and the gradient penalty of WGAN-GP on any critic, where it looked: after all noise and packing.

    The slope is that of the logit which the objective costs; where a critic gives an example several, such as
    one for each patch, it is that of their mean. Batch normalisation makes the slope by one
    example depend on others, which the penalties' authors advise against.
    """

    source = (
        "Mescheder et al. 2018, arXiv:1801.04406, equation 9 (R1 and R2); Gulrajani et al. 2017, "
        "arXiv:1704.00028, equation 3 (towards slope 1)"
    )
    usual = {"r1": 1.0, "r2": 1.0, "gradient_penalty": 1.0}
    second_derivatives = True
    takes_pairs = True

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of gradient penalties."""

        r1: NonNegative = 0.0
        """gamma of gamma/2 E[|grad D(x)|²], of real examples. Usual ones are 0.1 to 10; images of few pixels
        want less."""
        r2: NonNegative = 0.0
        """The same of generated examples."""
        gradient_penalty: NonNegative = 0.0
        """Weight of E[(|grad D| - 1)²] between real and generated examples; the paper's is 10."""

    settings: Settings

    @property
    def strong(self) -> bool:
        """Whether any weight is more than 0."""
        return max(self.settings.r1, self.settings.r2, self.settings.gradient_penalty) > 0

    def terms(self, judgement: Judgement, again: Again, game: Game) -> Terms:
        """The penalties whose weights are more than 0."""
        from sparring.game import Terms

        terms = {}
        for name, gamma, real in (("r1", self.settings.r1, True), ("r2", self.settings.r2, False)):
            if gamma:
                squares = squared_slopes(judgement, judgement.examples(real))
                terms[name] = gamma / 2 * squares.mean()
        if self.settings.gradient_penalty:
            between = again(self.between(judgement))
            # As in penalties.py: the norm has no derivative at 0.
            slopes = squared_slopes(between, between.examples(True)).add(1e-12).sqrt()
            terms["gradient_penalty"] = self.settings.gradient_penalty * (slopes - 1).square().mean()
        return Terms(terms)

    def between(self, judgement: Judgement) -> list[Tensor]:
        """For all that was shown a point between it and what was shown of the other kind.

        Raises:
            SettingError: real and generated examples differ in shape.
        """
        real, fake = judgement.examples(True), judgement.examples(False)
        pairs = min(len(real), len(fake))
        # What comes before, such as labelled examples, has nothing generated beside it.
        points = dict[int, Tensor]()
        for ours, theirs in zip(real[len(real) - pairs :], fake[len(fake) - pairs :], strict=True):
            if ours.shape != theirs.shape:
                raise SettingError(
                    f"A gradient penalty is taken between real and generated examples, and here they are of "
                    f"the shapes {tuple(ours.shape)} and {tuple(theirs.shape)}: use r1 and r2 instead."
                )
            place = self.random.uniform(len(ours), *[1] * (ours.dim() - 1), low=0.0, high=1.0)
            points[id(ours)] = points[id(theirs)] = torch.lerp(ours, theirs, place.to(ours.dtype))
        return [points.get(id(examples), examples) for _, examples in judgement.shown]


def squared_slopes(judgement: Judgement, examples: list[Tensor]) -> Tensor:
    """The squared length of the gradient of each example's logit, or of the mean of its logits, by the
    example, differentiable again.

    Of logits of pairs it is the gradient by one of the two, whose length is that of its own logit's.

    Raises:
        SettingError: no logit depends on any example.
    """
    scores = [
        logits.float().reshape(len(logits), -1).mean(1) for logits in (*judgement.real, *judgement.fake)
    ]
    total = torch.stack([score.sum() for score in scores]).sum()
    slopes = torch.autograd.grad(total, examples, create_graph=True, allow_unused=True)
    squares = [slope.float().flatten(1).square().sum(1) for slope in slopes if slope is not None]
    if not squares:
        raise SettingError(
            "Gradient penalties are about how logits change with what the critic is shown, and here they do "
            "not depend on it: call critics through self.judge, or with what self.show returns."
        )
    return torch.cat(squares)
