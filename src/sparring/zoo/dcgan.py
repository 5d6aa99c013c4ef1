"""The deep convolutional GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from sparring.game import Batch, DataSpec, Game, GameSettings, Limit, Terms, Turn
from sparring.losses import fake_loss, generator_loss, real_loss, verdict
from sparring.nn.initialisers import initialise_dcgan
from sparring.nn.networks import build_critic, build_generator
from sparring.randomness import Randomness
from sparring.settings import Count, Positive, Share


class DCGAN(Game):
    """Strided convolutions, batch normalisation in both networks, no pooling and no dense hidden layers.

    Every round has two steps. First noise in U(-1, 1) becomes generated images; they are labelled 0, as many
    real ones are labelled 1, and the discriminator learns from both. Then new noise is labelled 1, to
    deceive, and trains the generator through the discriminator, whose parameters rest. Real and generated
    images go through the discriminator apart, each normalised by statistics of its own.
    """

    paper = "Radford, Metz and Chintala 2015, arXiv:1511.06434"
    purpose = "the classic for images; steady, and a baseline for everything else"
    length = Limit(epochs=25)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of DCGAN; the paper's section 4."""

        batch_size: Count = 128
        """Real examples in a batch."""
        latent_size: Count = 100
        """Dimensions of the noise z in U(-1, 1)."""
        width: Count = 64
        """Channels at half the image's size; twice as many at each size below."""
        point_units: Count = 128
        """Units of each hidden layer where the data is points."""
        generator_lr: Positive = 2e-4
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 2e-4
        """Adam's learning rate for the discriminator."""
        adam_beta1: Share = 0.5
        """Adam's decay of the first moment, for both players."""
        discriminator_steps: Count = 1
        """Discriminator steps for each generator step (k of algorithm 1 of Goodfellow et al. 2014)."""
        saturating: bool = False
        """Minimise log(1 - D(G(z))), the original minimax loss of that paper's equation 1, whose gradient
        vanishes where the discriminator wins, instead of -log D(G(z))."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size: dict[str, Any] = {"width": settings.width, "units": settings.point_units, "kernel": 5}
        self.generator = build_generator(data, settings.latent_size, norm=nn.BatchNorm2d, **size)
        self.discriminator = build_critic(data, norm=nn.BatchNorm2d, **size)
        initialise_dcgan(self)

    def optimizers(self) -> dict[str, Optimizer]:
        """Adam for both."""
        s = self.settings
        betas = (s.adam_beta1, 0.999)
        return {
            "generator": Adam(self.generator.parameters(), s.generator_lr, betas, fused=True),
            "discriminator": Adam(self.discriminator.parameters(), s.discriminator_lr, betas, fused=True),
        }

    def round(self) -> list[Turn]:
        """The two steps; several of the discriminator are each on a new batch."""
        discriminator = Turn("discriminator", self.discriminator_loss, fresh_batch=True)
        return [
            *[discriminator] * self.settings.discriminator_steps,
            Turn("generator", self.generator_loss),
        ]

    def discriminator_loss(self, real: Batch) -> Terms:
        """Binary cross-entropy of real images labelled 1 and generated ones labelled 0."""
        real_logits = self.discriminator(real.examples)
        fake_logits = self.discriminator(self.generate(self.latent(len(real), self.random)))
        return Terms(real=real_loss(real_logits), fake=fake_loss(fake_logits)).observing(
            **verdict(real_logits, fake_logits)
        )

    def generator_loss(self, real: Batch) -> Terms:
        """Binary cross-entropy of generated images labelled 1; or minus that of the same labelled 0."""
        logits = self.discriminator(self.generate(self.latent(len(real), self.random)))
        return Terms(adversarial=generator_loss(logits, self.settings.saturating))

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size."""
        return random.uniform(count, self.settings.latent_size)

    def generate(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images in [-1, 1], or points."""
        examples: Tensor = self.generator(latent)
        return examples
