"""The deep convolutional GAN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from torch import Tensor, nn

from sparring.game import (
    Batch,
    DataSpec,
    Game,
    GameSettings,
    Limit,
    Needs,
    Player,
    Recommendation,
    Role,
    Terms,
    Turn,
    two_players,
)
from sparring.game_settings import OF_THE_OBJECTIVE, ImageWidth, PointUnits
from sparring.nn.initialisers import initialise_dcgan
from sparring.nn.networks import build_critic, build_generator
from sparring.nn.optimisers import Adam
from sparring.objectives import MINIMAX, NON_SATURATING, Objective, critic_statistics
from sparring.randomness import Randomness
from sparring.settings import Count, Fraction, Positive
from sparring.zoo.rules import by_width_or_points, steps_by_width


class DCGAN(Game):
    """Strided convolutions, batch normalisation in both networks, no pooling and no dense hidden layers.

    Every round has two steps. First noise in U(-1, 1) becomes generated images; they are labelled 0, as many
    real ones are labelled 1, and the discriminator learns from both. Then new noise is labelled 1, to
    deceive, and trains the generator through the discriminator, whose parameters rest. Real and generated
    images go through the discriminator apart, each normalised by statistics of its own.
    """

    paper = "Radford, Metz and Chintala 2015, arXiv:1511.06434"
    purpose = "the classic for images; steady, and a baseline for everything else"
    needs = Needs(examples=("images", "points"))
    length = Limit(epochs=25)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of DCGAN; the paper's section 4."""

        batch_size: Count = 128
        """Real examples in a batch."""
        latent_size: Count = 100
        """Dimensions of the noise z in U(-1, 1)."""
        width: ImageWidth = 64
        """Channels at half the image's size; twice as many at each size below."""
        point_units: PointUnits = 128
        """Units of each hidden layer where the data is points."""
        generator_lr: Positive = 2e-4
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 2e-4
        """Adam's learning rate for the discriminator."""
        adam_beta1: Fraction = 0.5
        """Adam's decay of the first moment, for both players."""
        discriminator_steps: Count = 1
        """Discriminator steps for each generator step (k of algorithm 1 of Goodfellow et al. 2014)."""
        saturating: Annotated[bool, OF_THE_OBJECTIVE] = False
        """Minimise log(1 - D(G(z))), the original minimax loss of that paper's equation 1, whose gradient
        vanishes where the discriminator wins, instead of -log D(G(z))."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size: dict[str, Any] = {"width": settings.width, "units": settings.point_units, "kernel": 5}
        generator = build_generator(data, settings.latent_size, norm=nn.BatchNorm2d, **size)
        discriminator = build_critic(data, norm=nn.BatchNorm2d, **size)
        for network in (generator, discriminator):
            initialise_dcgan(network)
        self.generator = self.built(Role.GENERATOR, generator)
        self.discriminator = self.built(Role.CRITIC, discriminator)

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """The paper's settings at four widths; for points larger rates, which fall to 0."""
        rates = {"generator_lr": 2e-4, "discriminator_lr": 2e-4}
        points = {"generator_lr": 1e-3, "discriminator_lr": 1e-3, "learning_rate_decay": 1.0}
        return by_width_or_points(data, rates, points)

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """In proportion to the width, as far as digits show it."""
        assert isinstance(settings, cls.Settings)
        return steps_by_width(data, settings.width, 94)

    def players(self) -> dict[str, Player]:
        """Adam for both."""
        s = self.settings
        betas = (s.adam_beta1, 0.999)
        return two_players(
            Adam(self.generator.parameters(), s.generator_lr, betas),
            discriminator=Adam(self.discriminator.parameters(), s.discriminator_lr, betas),
        )

    def aim(self) -> Objective:
        """Binary cross-entropy of generated images labelled 1; or minus that of the same labelled 0."""
        return MINIMAX if self.settings.saturating else NON_SATURATING

    def round(self) -> list[Turn]:
        """The two steps; several of the discriminator are each on a new batch."""
        discriminator = Turn("discriminator", self.discriminator_loss, fresh=True)
        return [
            *[discriminator] * self.settings.discriminator_steps,
            Turn("generator", self.generator_loss),
        ]

    def discriminator_loss(self, real: Batch) -> Terms:
        """Binary cross-entropy of real images labelled 1 and generated ones labelled 0."""
        real_logits = self.judge(self.discriminator, real.examples, real=True)
        fake_logits = self.judge(self.discriminator, self.fake(len(real)), real=False)
        return Terms(self.objective.for_critic(real_logits, fake_logits)).observing(
            **critic_statistics(real_logits, fake_logits, self.objective)
        )

    def generator_loss(self, real: Batch) -> Terms:
        """Binary cross-entropy of generated images labelled 1; or minus that of the same labelled 0."""
        return Terms(self.deceive(self.discriminator, self.fake(len(real)), real.examples))

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size."""
        return random.uniform(count, self.settings.latent_size)
