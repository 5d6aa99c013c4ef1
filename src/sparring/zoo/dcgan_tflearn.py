"""The convolutional GAN of the tflearn listing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
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
from sparring.game_settings import ImageWidth
from sparring.nn.convolution import Conv2d
from sparring.nn.initialisers import initialise, normal, truncated_normal, uniform_scaling
from sparring.nn.noise_table import NoiseTable
from sparring.nn.optimisers import Adam
from sparring.nn.order import Flatten
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness
from sparring.recommendation import by_width
from sparring.settings import Count, Positive
from sparring.tricks.augmentation import augmentation_for, reason_for

FAKE, REAL = 0, 1


class DCGANTflearn(Game):
    """Up-sampling and 5 x 5 convolutions with tanh; a discriminator with two outputs and a softmax.

    Weights start as tflearn starts them: dense layers truncated N(0, 0.02²), convolutions U(-a, a) with
    a = sqrt(3 / fan in), the scale of batch normalisation N(1, 0.002²), its running statistics moving by a
    tenth each batch. The discriminator moves first; each player has its own noise for every image. Both
    networks stay in training mode in both turns, as in tflearn's `fit`.
    """

    paper = "Radford et al. 2015, arXiv:1511.06434; networks of the tflearn example"
    purpose = "the convolutional network of tflearn's example"
    needs = Needs(examples=("images",), multiple=4, most=100)
    length = Limit(epochs=10)
    value_range = (0.0, 1.0)
    grid = (4, 10)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of the tflearn DCGAN."""

        width: ImageWidth = 64
        """Channels at half the image's size; twice as many at a quarter, and 16 times as many units in the
        discriminator's hidden layer."""
        latent_size: Count = 200
        """Dimensions of the noise z in U(-1, 1)."""
        generator_lr: Positive = 1e-3
        """Adam's learning rate for the generator (tflearn's default)."""
        discriminator_lr: Positive = 1e-3
        """Adam's learning rate for the discriminator (tflearn's default)."""
        fixed_noise: bool = True
        """Draw each player's noise once for every training image, as the listing does."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        channels, height, across = data.shape
        width = settings.width
        base = (2 * width, height // 4, across // 4)
        flat = base[0] * base[1] * base[2]
        generator = nn.Sequential(
            nn.Linear(settings.latent_size, flat),
            nn.BatchNorm1d(flat, eps=1e-5, momentum=0.1),
            nn.Tanh(),
            nn.Unflatten(1, base),
            nn.Upsample(scale_factor=2),
            Conv2d(2 * width, width, 5, padding=2),
            nn.Tanh(),
            nn.Upsample(scale_factor=2),
            Conv2d(width, channels, 5, padding=2),
            nn.Sigmoid(),
        )
        discriminator = nn.Sequential(
            Conv2d(channels, width, 5, padding=2),
            nn.Tanh(),
            nn.AvgPool2d(2),
            Conv2d(width, 2 * width, 5, padding=2),
            nn.Tanh(),
            nn.AvgPool2d(2),
            Flatten(),
            nn.Linear(flat, 16 * width),
            nn.Tanh(),
            nn.Linear(16 * width, 2),
        )
        rules = {nn.Linear: truncated_normal(0.02), nn.Conv2d: uniform_scaling}
        for network in (generator, discriminator):
            initialise(network, rules | {nn.BatchNorm1d: normal(0.002, mean=1.0)})
        self.generator = self.built(Role.GENERATOR, generator)
        self.discriminator = self.built(Role.CRITIC, discriminator)
        self.noise = {
            player: NoiseTable(f"noise of the {player}", data.count, settings.latent_size, random)
            for player in ("discriminator", "generator")
        }

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """The listing's settings at three widths, with augmentation where images are few."""
        return by_width((64, 32, 16), {}, augmentation_for(data), reason_for(data))

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """About an epoch of digits, whatever the width."""
        return 900

    def players(self) -> dict[str, Player]:
        """Adam for both."""
        return two_players(
            Adam(self.generator.parameters(), self.settings.generator_lr),
            discriminator=Adam(self.discriminator.parameters(), self.settings.discriminator_lr),
        )

    def round(self) -> list[Turn]:
        """Both players move on every batch, the discriminator first."""
        return [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)]

    def discriminator_loss(self, real: Batch) -> Terms:
        """Categorical cross-entropy over generated and real images together, the mean of both halves."""
        fake = self.generator(self.noise_of("discriminator", real))
        both = self.judge_together(self.discriminator, real.examples, fake)
        real_odds, fake_odds = map(log_odds, both)
        terms = self.objective.for_critic(real_odds, fake_odds)
        return Terms(crossentropy=torch.stack(list(terms.values())).mean()).observing(
            **critic_statistics(real_odds, fake_odds, self.objective)
        )

    def generator_loss(self, real: Batch) -> Terms:
        """Categorical cross-entropy of generated images against `real`."""
        fake = self.generator(self.noise_of("generator", real))
        fake_odds = log_odds(self.judge(self.discriminator, fake, real=False))
        (crossentropy,) = self.objective.for_generator(
            fake_odds, lambda: log_odds(self.judge(self.discriminator, real.examples, real=True))
        ).values()
        return Terms(crossentropy=crossentropy)

    def noise_of(self, player: str, real: Batch) -> Tensor:
        """The player's own noise for the images of a batch, or new noise."""
        if self.settings.fixed_noise:
            return self.noise[player][real.indices]
        return self.latent(len(real), self.random)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size."""
        return random.uniform(count, self.settings.latent_size)


def log_odds(logits: Tensor) -> Tensor:
    """Log-odds of being real: the cross-entropy of a softmax of two logits is the binary one of these."""
    return logits[:, REAL] - logits[:, FAKE]
