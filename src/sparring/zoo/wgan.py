"""The Wasserstein GAN with weight clipping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

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
from sparring.game_settings import ImageWidth, PointUnits
from sparring.nn.initialisers import initialise_dcgan
from sparring.nn.networks import build_critic, build_generator, noise_size
from sparring.nn.optimisers import RMSprop
from sparring.objectives import WASSERSTEIN, Objective, critic_statistics
from sparring.penalties import clip_weights
from sparring.randomness import Randomness
from sparring.settings import Count, Positive
from sparring.zoo.rules import by_width_or_points, steps_by_width


class WGAN(Game):
    """A critic that scores instead of judging, kept Lipschitz by clipping its weights after every step.

    Its gap between real and generated is an estimate, up to a factor, of the Wasserstein distance: the
    column `critic/distance` of the history, which falls as the samples get better (the paper's figure 3). The
    networks are DCGAN's, as in the paper's section 4.1, the critic with batch normalisation.
    """

    paper = "Arjovsky, Chintala and Bottou 2017, arXiv:1701.07875, algorithm 1"
    purpose = "a loss that means something: it falls as the samples improve"
    needs = Needs(examples=("images", "points"))
    length = Limit(steps=100_000)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of WGAN; the defaults of algorithm 1."""

        latent_size: Count | None = None
        """Dimensions of the noise z in N(0, I); by default 100 for images, those of a point for points."""
        width: ImageWidth = 64
        """Channels at half the image's size; twice as many at each size below."""
        point_units: PointUnits = 128
        """Units of each hidden layer where the data is points."""
        n_critic: Count = 5
        """Critic steps for each generator step."""
        clip: Positive = 0.01
        """Bound c of every weight of the critic."""
        generator_lr: Positive = 5e-5
        """RMSProp's learning rate for the generator."""
        critic_lr: Positive = 5e-5
        """RMSProp's learning rate for the critic."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size: dict[str, Any] = {"width": settings.width, "units": settings.point_units}
        self.latent_size = noise_size(settings.latent_size, data, for_images=100)
        generator = build_generator(data, self.latent_size, norm=nn.BatchNorm2d, **size)
        critic = build_critic(data, norm=nn.BatchNorm2d, **size)
        for network in (generator, critic):
            initialise_dcgan(network)
        self.generator = self.built(Role.GENERATOR, generator)
        self.critic = self.built(Role.CRITIC, critic)

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """The paper's settings at four widths; for points larger rates, which fall to 0."""
        rates = {"generator_lr": 5e-5, "critic_lr": 5e-5}
        points = {"generator_lr": 5e-4, "critic_lr": 5e-4, "clip": 0.1, "learning_rate_decay": 1.0}
        return by_width_or_points(data, rates, points)

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """The trick of clipping too, where it leaves more room."""
        assert isinstance(settings, cls.Settings)
        idle = dict(super().idle_settings(settings, data))
        if getattr(settings.tricks, "clip_weights", 0.0) >= settings.clip:
            idle["clip_weights"] = f"--clip {settings.clip:g} of this system leaves no more room"
        return idle

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """In proportion to the width, as far as digits show it."""
        assert isinstance(settings, cls.Settings)
        return steps_by_width(data, settings.width, 100)

    def players(self) -> dict[str, Player]:
        """RMSProp for both: the paper found momentum to harm."""
        return two_players(
            RMSprop(self.generator.parameters(), self.settings.generator_lr),
            critic=RMSprop(self.critic.parameters(), self.settings.critic_lr),
        )

    def aim(self) -> Objective:
        """-E[f(x)] + E[f(G(z))] against -E[f(G(z))]."""
        return WASSERSTEIN

    def round(self) -> list[Turn]:
        """n_critic critic steps, each on a new batch and followed by clipping; then one generator step."""
        critic = Turn("critic", self.critic_loss, fresh=True, after=self.clip_critic)
        return [critic] * self.settings.n_critic + [Turn("generator", self.generator_loss)]

    def critic_loss(self, real: Batch) -> Terms:
        """-(E[f(x)] - E[f(G(z))]) (lines 4 to 6)."""
        real_scores = self.judge(self.critic, real.examples, real=True)
        fake_scores = self.judge(self.critic, self.fake(len(real)), real=False)
        return Terms(self.objective.for_critic(real_scores, fake_scores)).observing(
            distance=real_scores.mean() - fake_scores.mean(),
            **critic_statistics(real_scores, fake_scores, self.objective),
        )

    def generator_loss(self, real: Batch) -> Terms:
        """-E[f(G(z))] (line 10)."""
        return Terms(self.deceive(self.critic, self.fake(len(real)), real.examples))

    def clip_critic(self, values: Mapping[str, Number]) -> None:
        """Line 7."""
        clip_weights(self.critic, self.settings.clip)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in N(0, I)."""
        return random.normal(count, self.latent_size)
