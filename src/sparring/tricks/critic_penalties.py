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
                terms[name] = gamma / 2 * mean_squared_slope(judgement, real)
        if self.settings.gradient_penalty:
            pairs = partners(judgement)
            between = again(self.between(judgement, pairs))
            places = [ours for ours, _ in pairs]
            if len(set(places)) < len(pairs):
                # Each generated one has a point of its own.
                places = [theirs for _, theirs in pairs]
            points = [between.shown[place][1] for place in places]
            # As in penalties.py: the norm has no derivative at 0.
            slopes = squared_slopes(between, points).add(1e-12).sqrt()
            terms["gradient_penalty"] = self.settings.gradient_penalty * (slopes - 1).square().mean()
        return Terms(terms)

    def between(self, judgement: Judgement, pairs: list[tuple[int, int]]) -> list[Tensor]:
        """For all that was shown in a pair a point between it and its partner.

        Raises:
            SettingError: real and generated examples differ in shape.
        """
        shown = [examples for _, examples in judgement.shown]
        points = list(shown)
        for one, other in pairs:
            ours, theirs = shown[one], shown[other]
            if ours.shape != theirs.shape:
                raise SettingError(
                    f"A gradient penalty is taken between real and generated examples, and here they are of "
                    f"the shapes {tuple(ours.shape)} and {tuple(theirs.shape)}: use r1 and r2 instead."
                )
            place = self.random.uniform(len(ours), *[1] * (ours.dim() - 1), low=0.0, high=1.0)
            points[one] = points[other] = torch.lerp(ours, theirs, place.to(ours.dtype))
        return points


def partners(judgement: Judgement) -> list[tuple[int, int]]:
    """Places of real and of generated examples that belong together, among all that was shown.

    Each is with the one of the other kind that was shown as often before the end: what comes before, such as
    labelled examples, has nothing generated beside it. Where the same real ones are compared with several
    generated ones, these are each with the real ones before them.

    Raises:
        SettingError: the same real ones are compared with several, and shown after them.
    """
    real, fake = (
        [place for place, (each, _) in enumerate(judgement.shown) if each is kind] for kind in (True, False)
    )
    # Of pairs there are as many logits as generated batches.
    genuine = judgement.real if judgement.fake else real
    if len(judgement.fake or judgement.real) <= len(genuine):
        count = min(len(real), len(fake))
        return list(zip(real[len(real) - count :], fake[len(fake) - count :], strict=True))
    if not real or not fake:
        return []
    if fake[0] < real[0]:
        raise SettingError(
            "A gradient penalty is taken between real and generated examples, and here "
            f"generated batches ({len(fake)}) are shown beside real ones ({len(real)}), and before them: "
            "use r1 and r2 instead."
        )
    return [(max(place for place in real if place < theirs), theirs) for theirs in fake]


def mean_squared_slope(judgement: Judgement, real: bool) -> Tensor:
    """The mean of `squared_slopes` over the real, or over the generated, examples whose logits are paid for.

    Others, such as labelled examples that went through the critic beside them, have slope 0 and do not count.
    """
    squares = squared_slopes(judgement, judgement.examples(real))
    logits = judgement.real if real or not judgement.fake else judgement.fake
    return squares.sum() / min(len(squares), sum(map(len, logits)))


def squared_slopes(judgement: Judgement, examples: list[Tensor]) -> Tensor:
    """The squared length of the gradient of each example's logit, or of the mean of its logits, by the
    example, differentiable again.

    Of logits of pairs it is the gradient by one of the two, whose length is that of its own logit's.

    Raises:
        SettingError: no logit depends on any example, or several pairs share examples.
    """
    if not judgement.fake and len(judgement.real) > len(examples):
        raise SettingError(
            "The slope is that of one logit for each example, and the objective compares the same examples "
            f"in {len(judgement.real)} pairs of batches: choose a loss that compares no pairs, or give r2 "
            "instead."
        )
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
