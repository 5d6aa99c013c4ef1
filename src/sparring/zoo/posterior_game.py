"""A game of several generators against several discriminators, whose weights are drawn from a posterior."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sparring.game import (
    Batch,
    DataSpec,
    Game,
    GameSettings,
    Number,
    Player,
    Role,
    Terms,
    Turn,
    two_players,
)
from sparring.game_settings import ImageWidth, PointUnits
from sparring.nn.networks import Norm, build_critic, build_generator, no_norm, noise_size
from sparring.nn.posterior import Posterior
from sparring.nn.posterior_samples import PosteriorSamples
from sparring.nn.several import Several, made_by, saying
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness
from sparring.settings import Count, Fraction, Natural, Positive

Make = Callable[[], nn.Module]
"""Makes a network."""
POSTERIOR = "posterior"
"""Name of the branch of noise that moves weights."""


class PosteriorGame(Game):
    """Base of games in which every generator plays against every discriminator (Saatchi and Wilson 2017,
    equations 1 and 2).

    A discriminator gives the log-odds of being real, unless `log_odds` says how they follow from what it
    gives.
    """

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of all such games."""

        generators: Count = 10
        """Generators; 1 with `code` is nearly a plain GAN."""
        discriminators: Count = 1
        """Discriminators."""
        samples: Natural = 2
        """Samples of the weights of all that are kept from earlier rounds."""
        sample_every: Count = 500
        """Rounds between two of them."""
        posterior: Literal["code", "sghmc"] = "code"
        """How weights move: as in the authors' code, or by the paper's SGHMC, which wants other rates."""
        friction: Fraction = 1e-3
        """Share of the velocity that SGHMC loses in a step; it decides the noise of both. The paper has 0.01,
        the code of its synthetic experiment this. With 0 there is no noise."""
        prior_deviation: Positive = 10.0
        """Standard deviation of the weights' Gaussian prior."""
        latent_size: Count | None = None
        """Dimensions of the noise z in U(-1, 1); by default 100, those of a point for points. One more
        number says which generator."""
        width: ImageWidth = 16
        """Channels at half the image's size; twice as many at each size below."""
        point_units: PointUnits = 128
        """Units of each hidden layer where the data is points."""
        generator_lr: Positive = 2e-4
        """Adam's learning rate for the generators, or SGHMC's step size: the paper's times the number of
        examples."""
        discriminator_lr: Positive = 2e-4
        """The same for the discriminators."""
        adam_beta1: Fraction = 0.5
        """Adam's decay of the first moment, for both players."""

    settings: Settings
    generator: Several

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.latent_size = noise_size(settings.latent_size, data, for_images=100)
        as_code = settings.posterior == "code"
        self.posterior = Posterior(
            as_code, settings.friction, settings.prior_deviation, self.examples_given(settings, data)
        )
        generator, discriminator = self.makers()
        self.generator = Several(
            [self.built(Role.GENERATOR, generator()) for _ in range(settings.generators)]
        )
        self.discriminators = nn.ModuleList(
            self.built(Role.CRITIC, discriminator()) for _ in range(settings.discriminators)
        )
        self.kept_generators = PosteriorSamples(self.generator.members, settings.samples)
        self.kept_discriminators = PosteriorSamples(self.discriminators, settings.samples)

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """What is of the other way to move weights."""
        assert isinstance(settings, PosteriorGame.Settings)
        idle = dict(super().idle_settings(settings, data))
        if settings.posterior == "sghmc":
            idle["adam_beta1"] = "SGHMC has --friction in its place"
        return idle

    def makers(self) -> tuple[Make, Make]:
        """What makes a generator, and a discriminator."""
        s, data = self.settings, self.data
        size: dict[str, Any] = {"width": s.width, "units": s.point_units}
        norms: dict[str, Norm] = {"images": nn.BatchNorm2d, "points": no_norm}
        norm = data.kind.choose(**norms)
        return (
            lambda: build_generator(data, self.latent_size, norm=norm, **size),
            lambda: build_critic(data, **size),
        )

    def players(self) -> dict[str, Player]:
        """One optimiser for all generators, one for all discriminators."""
        # Weights are the same in all processes, and so must be what moves them.
        noise = self.random.branch(POSTERIOR, divided=False)
        generators, discriminators = (
            self.posterior.mover(
                networks.parameters(), rate, self.settings.adam_beta1, noise, self.adam_epsilon()
            )
            for networks, rate in zip((self.generator, self.discriminators), self.rates(), strict=True)
        )
        return two_players(generators, discriminator=discriminators)

    def rates(self) -> tuple[float, float]:
        """The learning rates of generators and discriminators."""
        return self.settings.generator_lr, self.settings.discriminator_lr

    def adam_epsilon(self) -> float:
        """What Adam adds to the root of the second moment."""
        return 1e-8

    def round(self) -> list[Turn]:
        """The discriminators, then all generators."""
        return [
            Turn("discriminator", self.discriminator_loss),
            Turn("generator", self.generator_loss, after=self.keep_samples),
        ]

    def discriminator_loss(self, real: Batch) -> Terms:
        """What the discriminators pay for real examples, and for those of all generators."""
        fakes = self.unmoved_fakes(len(real))
        return self.telling_apart(
            [
                (
                    self.judge(critic, real.examples, real=True),
                    [self.judge(critic, fake, real=False) for fake in fakes],
                )
                for critic in self.discriminators
            ]
        )

    def telling_apart(self, said: Sequence[tuple[Tensor, Sequence[Tensor]]]) -> Terms:
        """-log D(x) - log(1 - D(G(z))) over the generators, and the prior, summed over the discriminators.

        Args:
            said: the log-odds that each discriminator gives real examples, and those of each generator.
        """
        costs = [
            self.posterior.joined([total(self.objective.for_critic(genuine, each)) for each in made])
            for genuine, made in said
        ]
        genuine, made = (
            torch.cat(logits)
            for logits in zip(*((genuine, each) for genuine, made in said for each in made), strict=True)
        )
        return Terms(
            adversarial=torch.stack(costs).sum(), prior=self.posterior.prior(self.discriminators)
        ).observing(**critic_statistics(genuine, made, self.objective))

    def generator_loss(self, real: Batch) -> Terms:
        """-log D(G(z)) over the discriminators, and the prior, summed over the generators: each has weights
        of its own."""
        fakes = self.fakes(len(real))
        by_critic = [self.deceits(critic, fakes, real) for critic in self.discriminators]
        costs = [self.posterior.joined(of_one) for of_one in zip(*by_critic, strict=True)]
        return Terms(adversarial=torch.stack(costs).sum(), prior=self.posterior.prior(self.generator))

    def deceits(self, critic: nn.Module, fakes: Sequence[Tensor], real: Batch) -> list[Tensor]:
        """What each generator pays for examples that a discriminator should take for real."""
        return [total(self.deceive(critic, fake, real.examples)) for fake in fakes]

    def fakes(self, count: int) -> list[Tensor]:
        """So many examples of each generator."""
        members = self.settings.generators
        said = saying(members, count).to(self.random.device)
        noise = [self.random.uniform(count, self.latent_size) for _ in range(members)]
        made: Tensor = self.generator(torch.cat([torch.cat(noise), said[:, None]], 1))
        return list(made.split(count))

    @torch.no_grad()
    def unmoved_fakes(self, count: int) -> list[Tensor]:
        """The same, without a way back to the generators."""
        return self.fakes(count)

    def keep_samples(self, terms: Mapping[str, Number]) -> None:
        """Keep a sample of all weights now and then."""
        # By their number, so that a round keeps no more than one, however many turns it has.
        if self.kept_generators.count < (self.step + 1) // self.settings.sample_every:
            self.kept_generators.take(self.generator.members)
            self.kept_discriminators.take(self.discriminators)

    def sample(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Examples of all generators, those kept too."""
        return made_by([*self.generator.members, *self.kept_generators.networks()], latent)

    def log_odds(self, said: Tensor) -> Tensor:
        """The log-odds of being real, of what a discriminator gives."""
        return said

    def critic_score(self, examples: Tensor, condition: Tensor) -> Tensor:
        """The mean of the log-odds of all discriminators."""
        return torch.stack([self.log_odds(critic(examples)) for critic in self.discriminators]).mean(0)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size, and a number that says which generator."""
        return random.uniform(count, self.latent_size + 1)


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of the terms of a loss."""
    return torch.stack(list(terms.values())).sum()
