"""The Wasserstein GAN with gradient penalty: "improved WGAN"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

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
from sparring.game_settings import Only, PointUnits
from sparring.nn.networks import build_critic, build_generator, layer_norm, noise_size
from sparring.nn.optimisers import Adam
from sparring.objectives import WASSERSTEIN, Objective, critic_statistics
from sparring.penalties import gradient_penalty
from sparring.randomness import Randomness
from sparring.settings import Count, NonNegative, Positive
from sparring.zoo.rules import by_width_or_points, steps_by_width

POINTS = {"generator_lr": 4e-4, "critic_lr": 4e-4, "learning_rate_decay": 1.0}
"""For points: four times the paper's rates, falling to 0 over the run as the paper has it for CIFAR-10."""


class WGANGP(Game):
    """A critic kept Lipschitz by asking for gradients of norm 1 between real and generated examples.

    The penalty is on each example's own gradient, so the critic has layer normalisation, never batch
    normalisation (section 4). `critic/distance` in the history estimates the Wasserstein distance.

    Texts are generated all at once, as a share for each token of the vocabulary (section 5.6), of which the
    largest is what is shown to a user. The critic sees the shares, beside real texts that have none.
    """

    paper = "Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1"
    purpose = "robust against bad architectures and mode collapse; slow but sure"
    needs = Needs(examples=("images", "points", "tokens"))
    length = Limit(steps=100_000)
    second_derivatives = True
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        # A quarter of the paper's width at four times its rate, because the best rate of Adam goes as one
        # over the width (Yang et al. 2022, arXiv:2203.03466).
        "digits": {"width": 16, "generator_lr": 4e-4, "critic_lr": 4e-4},
        "points": POINTS,
    }

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of WGAN-GP; the defaults of algorithm 1."""

        latent_size: Count | None = None
        """Dimensions of the noise z in N(0, I); by default 128, those of a point for points."""
        width: Annotated[Count, Only(("images", "tokens"))] = 64
        """Channels at half the image's size; twice as many at each size below. Of texts, channels everywhere;
        the paper has 512 for them."""
        point_units: PointUnits = 128
        """Units of each hidden layer where the data is points; the paper's toys have 512."""
        n_critic: Count = 5
        """Critic steps for each generator step."""
        penalty_weight: NonNegative | None = None
        """Weight lambda of the gradient penalty; by default 10 and, as in the paper's code for its toys, 0.1
        for points."""
        generator_lr: Positive = 1e-4
        """Adam's learning rate for the generator."""
        critic_lr: Positive = 1e-4
        """Adam's learning rate for the critic."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size: dict[str, Any] = {"width": settings.width, "units": settings.point_units}
        self.latent_size = noise_size(settings.latent_size, data, for_images=128)
        generator = build_generator(data, self.latent_size, norm=nn.BatchNorm2d, **size)
        self.generator = self.built(Role.GENERATOR, generator)
        self.critic = self.built(Role.CRITIC, build_critic(data, norm=layer_norm, **size))
        weight = settings.penalty_weight
        usual = data.kind.choose(images=10.0, points=0.1, tokens=10.0)
        self.penalty_weight = usual if weight is None else weight

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """The paper's settings at four widths; for points larger rates, which fall to 0."""
        rates = {"generator_lr": 1e-4, "critic_lr": 1e-4}
        return by_width_or_points(data, rates, POINTS, tokens=list)

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """In proportion to the width, as far as digits show it."""
        assert isinstance(settings, cls.Settings)
        return steps_by_width(data, settings.width, 150, tokens=0)

    def players(self) -> dict[str, Player]:
        """Adam with (0, 0.9) for images; the paper's toys and texts have (0.5, 0.9)."""
        betas = (self.data.kind.choose(images=0.0, points=0.5, tokens=0.5), 0.9)
        return two_players(
            Adam(self.generator.parameters(), self.settings.generator_lr, betas),
            critic=Adam(self.critic.parameters(), self.settings.critic_lr, betas),
        )

    def aim(self) -> Objective:
        """D(G(z)) - D(x) against -D(G(z))."""
        return WASSERSTEIN

    def round(self) -> list[Turn]:
        """n_critic critic steps, each on a new batch, then one generator step."""
        critic = Turn("critic", self.critic_loss, fresh=True)
        return [critic] * self.settings.n_critic + [Turn("generator", self.generator_loss)]

    def critic_loss(self, real: Batch) -> Terms:
        """D(G(z)) - D(x) + lambda (|grad D(x^)| - 1)² (lines 4 to 7)."""
        (shown,) = self.show(self.data.kind.softened(real.examples), real=True)
        (fake,) = self.show(self.softened(len(real)), real=False)
        real_scores, fake_scores = self.critic(shown), self.critic(fake)
        penalty = gradient_penalty(self.critic, shown, fake, self.random)
        return Terms(
            **self.objective.for_critic(real_scores, fake_scores), penalty=self.penalty_weight * penalty
        ).observing(
            distance=real_scores.mean() - fake_scores.mean(),
            **critic_statistics(real_scores, fake_scores, self.objective),
        )

    def generator_loss(self, real: Batch) -> Terms:
        """-D(G(z)) (line 11)."""
        shown = self.data.kind.softened(real.examples)
        return Terms(self.deceive(self.critic, self.softened(len(real)), shown))

    def softened(self, count: int) -> Tensor:
        """G(z), as the critic sees it."""
        made: Tensor = self.generator(self.latent(count, self.random))
        return made

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """G(z), of which texts are the likeliest tokens."""
        return self.data.kind.hardened(self.generator(latent))

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in N(0, I)."""
        return random.normal(count, self.latent_size)
