"""FastGAN: images from few examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from sparring.game import (
    Batch,
    DataSpec,
    Game,
    GameSettings,
    Limit,
    Needs,
    Number,
    Player,
    Recommendation,
    Role,
    Terms,
    Turn,
    two_players,
)
from sparring.nn.average import Average
from sparring.nn.initialisers import initialise_dcgan
from sparring.nn.optimisers import Adam
from sparring.nn.skip_excitation import ExcitedGenerator, RebuildingCritic
from sparring.objectives import HINGE, Objective, critic_statistics
from sparring.randomness import Randomness
from sparring.recommendation import by_width
from sparring.settings import Count, Fraction, NonNegative, Positive
from sparring.tricks.augmentation import augmentation_for, reason_for

QUICK = {"batch_size": 32, "latent_size": 64, "average_decay": 0.998}
"""What brings images in minutes on a core or two, at any width."""


class FastGAN(Game):
    """A hinge loss, a critic that rebuilds real images from its own features, and a generator whose coarse
    maps open and close the channels of its fine ones.

    To rebuild what it sees, the critic has to notice all of it (section 3.2), and so learns a small data set
    by heart later. The paper's images have 256 pixels and more, and its networks are of that size; here the
    last doubling makes the image itself, one decoder rebuilds a few images of each batch, at 16 or 32 pixels,
    and what is lost is the mean absolute difference instead of a perceptual one, which would need a network
    trained elsewhere. The margin of the hinge loss is not drawn at random, there is no noise within the
    generator, and the spectral normalisation of the authors' code is a trick, `--spectral-norm both`.
    """

    paper = "Liu, Zhu, Song and Elgammal 2021, arXiv:2101.04775"
    purpose = "images of 64 to 128 pixels from some hundred examples"
    needs = Needs(examples=("images",), least=8)
    length = Limit(steps=50_000)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of FastGAN; those of the paper and of its authors' code."""

        batch_size: Count = 8
        """Real examples in a batch."""
        latent_size: Count = 256
        """Dimensions of the noise z in N(0, I)."""
        width: Count = 64
        """Channels of both networks at half the image's size; twice as many at each size below."""
        generator_lr: Positive = 2e-4
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 2e-4
        """Adam's learning rate for the discriminator."""
        rebuilding_weight: NonNegative = 1.0
        """Weight of the difference between real images and what the critic rebuilds of them."""
        rebuilt_images: Count = 8
        """Real images of a batch that the critic rebuilds, at the most: as many as are in the paper's."""
        average_decay: Fraction = 0.999
        """Decay of the moving average of the generator, by step."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        generator = ExcitedGenerator(data, settings.latent_size, settings.width)
        discriminator = RebuildingCritic(data, settings.width)
        for network in (generator, discriminator):
            initialise_dcgan(network)
        self.generator = self.built(Role.GENERATOR, generator)
        self.discriminator = self.built(Role.CRITIC, discriminator)
        self.average = Average(self.generator, settings.average_decay)

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """Larger batches than the published, at four widths; Adam's best rate goes as one over the width."""
        rates = {"generator_lr": 2.5e-4, "discriminator_lr": 2.5e-4}
        return by_width((64, 32, 16, 8), rates, QUICK | augmentation_for(data), reason_for(data))

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """In proportion to the width."""
        assert isinstance(settings, cls.Settings)
        return 60 * settings.width

    def players(self) -> dict[str, Player]:
        """Adam with (0.5, 0.999) for both."""
        s, betas = self.settings, (0.5, 0.999)
        return two_players(
            Adam(self.generator.parameters(), s.generator_lr, betas),
            discriminator=Adam(self.discriminator.parameters(), s.discriminator_lr, betas),
        )

    def aim(self) -> Objective:
        """max(0, 1 - D(x)) + max(0, 1 + D(G(z))) against -D(G(z)) (equations 4 and 5)."""
        return HINGE

    def round(self) -> list[Turn]:
        """The discriminator, then the generator; then the average moves."""
        return [
            Turn("discriminator", self.discriminator_loss),
            Turn("generator", self.generator_loss, after=self.move_average),
        ]

    def discriminator_loss(self, real: Batch) -> Terms:
        """The hinge loss, and how far from real images those are that it rebuilds of them (equation 3)."""
        (shown,) = self.show(real.examples, real=True)
        (fake,) = self.show(self.fake(len(real)), real=False)
        (real_scores, features), (fake_scores, _) = self.discriminator(shown), self.discriminator(fake)
        most = self.settings.rebuilt_images
        rebuilt = self.discriminator.rebuild(features[:most])
        # Of several images that are judged together, the first is rebuilt.
        seen = shown[:most, : rebuilt.shape[1]]
        rebuilding = F.l1_loss(rebuilt, F.interpolate(seen, rebuilt.shape[2:], mode="area"))
        return Terms(
            **self.objective.for_critic(real_scores, fake_scores),
            rebuilding=self.settings.rebuilding_weight * rebuilding,
        ).observing(**critic_statistics(real_scores, fake_scores, self.objective))

    def generator_loss(self, real: Batch) -> Terms:
        """-D(G(z))."""
        fake_scores, _ = self.judge(self.discriminator, self.fake(len(real)), real=False)
        return Terms(
            self.objective.for_generator(
                fake_scores, lambda: self.judge(self.discriminator, real.examples, real=True)[0]
            )
        )

    def move_average(self, values: Mapping[str, Number]) -> None:
        """Move the averaged generator towards the trained one."""
        self.average.update(self.generator, self.step)

    def critic_score(self, examples: Tensor, condition: Tensor) -> Tensor:
        """The mean of what the discriminator says of the parts of an image."""
        said: Tensor = self.discriminator(examples)[0]
        return said.mean(1)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in N(0, I)."""
        return random.normal(count, self.settings.latent_size)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """G(z), images in [-1, 1]."""
        images: Tensor = self.generator(latent)
        return images

    def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
        """The same from the averaged generator."""
        images: Tensor = self.average(latent)
        return images
