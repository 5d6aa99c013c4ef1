"""The generative adversarial network, as the tflearn listing has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

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
from sparring.game_settings import OF_THE_OBJECTIVE
from sparring.nn.initialisers import initialise, truncated_normal
from sparring.nn.noise_table import NoiseTable
from sparring.nn.optimisers import Adam
from sparring.objectives import MINIMAX, NON_SATURATING, Objective, critic_statistics
from sparring.randomness import Randomness
from sparring.settings import Count, Positive
from sparring.tricks.augmentation import augmentation_for, reason_for


class GAN(Game):
    """Two small fully-connected networks; the generator minimises -log D(G(z)).

    Weights start as tflearn's `fully_connected` starts them: truncated N(0, 0.02²), biases 0. In every round
    the generator moves first, then the discriminator, on the same batch, as in the listing; further steps of
    the discriminator are on batches of their own.
    """

    paper = "Goodfellow et al. 2014, arXiv:1406.2661; networks of the tflearn example"
    purpose = "the first thing to try: digits in a minute or two on a laptop"
    needs = Needs(examples=("images",))
    length = Limit(epochs=100)
    value_range = (0.0, 1.0)
    grid = (2, 10)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of the tflearn GAN."""

        latent_size: Count = 200
        """Dimensions of the noise z in U(-1, 1)."""
        hidden_size: Count = 256
        """Units of the hidden layer of each network."""
        generator_lr: Positive = 1e-3
        """Adam's learning rate for the generator (tflearn's default)."""
        discriminator_lr: Positive = 1e-3
        """Adam's learning rate for the discriminator (tflearn's default)."""
        discriminator_steps: Count = 1
        """Discriminator steps for each generator step (k of algorithm 1)."""
        saturating: Annotated[bool, OF_THE_OBJECTIVE] = False
        """Minimise log(1 - D(G(z))), the original minimax loss of equation 1, whose gradient vanishes where
        the discriminator wins, instead of -log D(G(z))."""
        fixed_noise: bool = True
        """Draw the noise once for every training image, as the listing does, instead of at every turn."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        pixels = math.prod(data.shape)
        generator = nn.Sequential(
            nn.Linear(settings.latent_size, settings.hidden_size),
            nn.ReLU(),
            nn.Linear(settings.hidden_size, pixels),
            nn.Sigmoid(),
            nn.Unflatten(1, data.shape),
        )
        discriminator = nn.Sequential(
            nn.Flatten(),
            nn.Linear(pixels, settings.hidden_size),
            nn.ReLU(),
            nn.Linear(settings.hidden_size, 1),
        )
        for network in (generator, discriminator):
            initialise(network, {nn.Linear: truncated_normal(0.02)})
        self.generator = self.built(Role.GENERATOR, generator)
        self.discriminator = self.built(Role.CRITIC, discriminator)
        self.noise = NoiseTable("noise of each image", data.count, settings.latent_size, random)

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """The listing's settings, with augmentation where images are few."""
        return [Recommendation({}, augmentation_for(data), reason_for(data))]

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """About a few epochs of digits."""
        return 3000

    def players(self) -> dict[str, Player]:
        """Adam for both."""
        return two_players(
            Adam(self.generator.parameters(), self.settings.generator_lr),
            discriminator=Adam(self.discriminator.parameters(), self.settings.discriminator_lr),
        )

    def aim(self) -> Objective:
        """-log D(G(z)) (section 3), or log(1 - D(G(z))) (equation 1)."""
        return MINIMAX if self.settings.saturating else NON_SATURATING

    def round(self) -> list[Turn]:
        """Both players on one batch, then the discriminator on further ones."""
        further = Turn("discriminator", self.discriminator_loss, fresh=True)
        return [
            Turn("generator", self.generator_loss),
            Turn("discriminator", self.discriminator_loss),
            *[further] * (self.settings.discriminator_steps - 1),
        ]

    def generator_loss(self, real: Batch) -> Terms:
        """-log D(G(z)), or what else the objective is."""
        return Terms(self.deceive(self.discriminator, self.generator(self.noise_of(real)), real.examples))

    def discriminator_loss(self, real: Batch) -> Terms:
        """-log D(x) - log(1 - D(G(z))) (equation 1)."""
        # One pass over real and fake together: the same numbers as two, in less time.
        fake = self.generator(self.noise_of(real))
        real_logits, fake_logits = self.judge_together(self.discriminator, real.examples, fake)
        return Terms(self.objective.for_critic(real_logits, fake_logits)).observing(
            **critic_statistics(real_logits, fake_logits, self.objective)
        )

    def noise_of(self, real: Batch) -> Tensor:
        """The noise that belongs to the images of a batch, or new noise."""
        if self.settings.fixed_noise:
            return self.noise[real.indices]
        return self.latent(len(real), self.random)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size."""
        return random.uniform(count, self.settings.latent_size)
