"""Bayesian GAN: several generators, drawn from a posterior of their weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

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
from sparring.nn.networks import Norm, build_critic, build_generator, no_norm, noise_size
from sparring.nn.noisy_adam import NoisyAdam
from sparring.nn.several import Several, saying
from sparring.nn.sghmc import SGHMC
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness
from sparring.settings import Count, Fraction, Positive
from sparring.zoo.rules import by_width_or_points, steps_by_width

POINTS = {"generator_lr": 1e-3, "discriminator_lr": 1e-3, "learning_rate_decay": 1.0}
"""For points: larger rates, which fall to 0."""
POSTERIOR = "posterior"
"""Name of the branch of noise that moves weights."""


class BayesianGAN(Game):
    """A posterior over generators in place of one: together they cover what each alone leaves out.

    Every generator plays against the one discriminator, which sees the fakes of all (equations 1 and 2 with
    one discriminator). Weights have a Gaussian prior, and noise moves them about their posterior. A sample
    comes from a generator chosen at random. This is the unsupervised form.

    The paper moves weights by SGHMC. The authors' code adds small noise to gradients and leaves the rest to
    Adam; its discriminator pays for the generator that deceives it most, by a logsumexp over all, where the
    paper has their mean; its prior's share is a mean over the weights of a tensor, and not a sum.
    """

    paper = "Saatchi and Wilson 2017, arXiv:1705.09558, algorithm 1; steps of the authors' code too"
    purpose = "several generators from a posterior, which together miss less"
    needs = Needs(examples=("images", "points"))
    length = Limit(steps=5000)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"points": POINTS}

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of Bayesian GAN."""

        generators: Count = 10
        """Generators; 1 with `code` is nearly a plain GAN."""
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
        width: Count = 16
        """Channels at half the image's size; twice as many at each size below."""
        point_units: Count = 128
        """Units of each hidden layer where the data is points."""
        generator_lr: Positive = 2e-4
        """Adam's learning rate for the generators, or SGHMC's step size: the paper's times the number of
        examples."""
        discriminator_lr: Positive = 2e-4
        """The same for the discriminator."""
        adam_beta1: Fraction = 0.5
        """Adam's decay of the first moment, for both players."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size: dict[str, Any] = {"width": settings.width, "units": settings.point_units}
        self.latent_size = noise_size(settings.latent_size, data, for_images=100)
        norms: dict[str, Norm] = {"images": nn.BatchNorm2d, "points": no_norm}
        members = [
            self.built(
                Role.GENERATOR,
                build_generator(data, self.latent_size, norm=data.kind.choose(**norms), **size),
            )
            for _ in range(settings.generators)
        ]
        self.generator = Several(members)
        self.discriminator = self.built(Role.CRITIC, build_critic(data, **size))

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """Four widths for images; for points larger rates, which fall to 0."""
        return by_width_or_points(data, {"generator_lr": 2e-4, "discriminator_lr": 2e-4}, POINTS)

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """In proportion to the width."""
        assert isinstance(settings, cls.Settings)
        return steps_by_width(data, settings.width, 150)

    def players(self) -> dict[str, Player]:
        """One optimiser for all generators, one for the discriminator."""
        s = self.settings
        return two_players(
            self.mover(self.generator.parameters(), s.generator_lr),
            discriminator=self.mover(self.discriminator.parameters(), s.discriminator_lr),
        )

    def mover(self, weights: Iterable[Tensor], rate: float) -> Optimizer:
        """What moves weights about their posterior."""
        s = self.settings
        # Weights are the same in all processes, and so must be what moves them.
        noise = self.random.branch(POSTERIOR, divided=False)
        if s.posterior == "sghmc":
            return SGHMC(weights, rate, s.friction, 1 / self.data.count, noise)
        deviation = math.sqrt(2 * s.friction) / self.data.count
        return NoisyAdam(weights, rate, (s.adam_beta1, 0.999), deviation, noise)

    def round(self) -> list[Turn]:
        """The discriminator, then all generators."""
        return [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)]

    def discriminator_loss(self, real: Batch) -> Terms:
        """-log D(x) - log(1 - D(G(z))) for each generator, and the prior."""
        said = self.judge(self.discriminator, real.examples, real=True)
        with torch.no_grad():
            fakes = self.fakes(len(real))
        others = [self.judge(self.discriminator, fake, real=False) for fake in fakes]
        costs = torch.stack([total(self.objective.for_critic(said, other)) for other in others])
        joined = costs.logsumexp(0) if self.settings.posterior == "code" else costs.mean()
        return Terms(adversarial=joined, prior=self.prior(self.discriminator)).observing(
            **critic_statistics(said, torch.cat(others))
        )

    def generator_loss(self, real: Batch) -> Terms:
        """-log D(G(z)), and the prior, summed over the generators: each has weights of its own."""
        costs = [
            total(self.deceive(self.discriminator, fake, real.examples)) for fake in self.fakes(len(real))
        ]
        return Terms(adversarial=torch.stack(costs).sum(), prior=self.prior(self.generator))

    def fakes(self, count: int) -> list[Tensor]:
        """So many examples of each generator."""
        members = self.settings.generators
        said = saying(members, count).to(self.random.device)
        noise = [self.random.uniform(count, self.latent_size) for _ in range(members)]
        made: Tensor = self.generator(torch.cat([torch.cat(noise), said[:, None]], 1))
        return list(made.split(count))

    def prior(self, network: nn.Module) -> Tensor:
        """The share of one example in -log p of the weights."""
        s = self.settings
        squares = [(weight / s.prior_deviation).square() for weight in network.parameters()]
        if s.posterior == "code":
            return torch.stack([square.mean() for square in squares]).sum() / self.data.count
        return torch.stack([square.sum() for square in squares]).sum() / (2 * self.data.count)

    def critic_score(self, examples: Tensor, condition: Tensor) -> Tensor:
        """What the discriminator says."""
        said: Tensor = self.discriminator(examples)
        return said.flatten()

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size, and a number that says which generator."""
        return random.uniform(count, self.latent_size + 1)


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of the terms of a loss."""
    return torch.stack(list(terms.values())).sum()
