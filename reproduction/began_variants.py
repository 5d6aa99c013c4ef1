"""BEGAN with what may keep its samples from being nearly all ones, each change a setting that is off."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from sparring.game import Batch, Terms
from sparring.settings import NonNegative
from sparring.zoo.bad_gan import pull_away
from sparring.zoo.began import BEGAN

MEAN_INK = 0.13
"""Mean brightness of digits, from 0 to 1: what is even costs as much in the mean as what is not."""
LEAST_INK = 0.03
"""Added to an image's brightness, so that an empty one costs no fortune."""


class Variant(BEGAN):
    """BEGAN with an even cost for thin and thick digits, or with codes that keep noise or images apart."""

    @dataclass(frozen=True)
    class Settings(BEGAN.Settings):
        """What is changed."""

        even: bool = False
        """Divide the cost of restoring an image by the ink that it has, so that a one costs as much as an
        eight: the hypothesis is that ones win because they cost least."""
        constraint: NonNegative = 0.0
        """Weight of |E(G(z)) - z|², where E is the discriminator's encoder, in its loss, so that different
        noise cannot become the same image (Chang et al. 2018, arXiv:1808.07258)."""
        pull_away: NonNegative = 0.0
        """Weight in the generator's loss of how alike the codes of its images in a batch are (Zhao et al.
        2017, arXiv:1609.03126, equation 4), so that not all can become ones."""

    settings: Settings

    def restoration_loss(self, examples: Tensor) -> Tensor:
        """L(v), as published, or by the ink of each image."""
        if not self.settings.even:
            return super().restoration_loss(examples)
        cost = (examples - self.discriminator(examples)).abs().pow(self.settings.exponent).flatten(1).mean(1)
        ink = (examples.detach().flatten(1).mean(1) + 1) / 2
        even: Tensor = (cost * MEAN_INK / (ink.clamp(min=0) + LEAST_INK)).mean()
        return even

    def discriminator_loss(self, real: Batch) -> Terms:
        """L(x) - k L(G(z)), and how far codes are from noise."""
        if not self.settings.constraint:
            return super().discriminator_loss(real)
        latent = self.latent(len(real), self.random)
        fake = self.generate(latent, real.condition)
        distance = (self.discriminator[0](fake) - latent).square().mean()
        return Terms(
            real=self.shown(real.examples, real=True),
            fake=-self.k.float() * self.shown(fake, real=False),
            constraint=self.settings.constraint * distance,
        )

    def generator_loss(self, real: Batch) -> Terms:
        """L(G(z)), and how alike codes are."""
        terms = super().generator_loss(real)
        if not self.settings.pull_away:
            return terms
        alike = pull_away(self.discriminator[0](self.fake(len(real))))
        return Terms(terms, pull_away=self.settings.pull_away * alike).observing(**terms.observed)
