"""Noise taken from images by a network that has learnt what the noise is like from noisy images alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from sparring.data import Column, Dataset
from sparring.game import (
    Batch,
    DataSpec,
    GameSettings,
    Limit,
    Needs,
    Phase,
    Player,
    Role,
    Source,
    Terms,
    Turn,
)
from sparring.nn.denoiser import Denoiser
from sparring.nn.networks import layer_norm
from sparring.nn.noise_field import NoiseField, strength_of, without_mean
from sparring.nn.optimisers import Adam
from sparring.nn.patch_critic import PatchCritic, receptive_field
from sparring.objectives import WASSERSTEIN, Objective, critic_statistics
from sparring.penalties import gradient_penalty
from sparring.randomness import Randomness
from sparring.settings import OF_THE_TASK, Count, NonNegative, Positive, Range
from sparring.translation.settings import Cut
from sparring.translation.smooth_patches import side_of, smooth_patches
from sparring.translation.two_domains import A, B, TwoDomains, common_shape

NOISE = "noise"
LEARNT = (
    "noise_steps", "n_critic", "penalty_weight", "noise_width", "critic_width", "generator_lr", "critic_lr",
)  # fmt: skip
"""Settings of what learns noise."""


class Denoise(TwoDomains):
    """A GAN learns the noise of images; a denoiser learns to take away what it makes.

    Noise is seen in the smooth patches of the noisy images, A, which need not be those of which there are
    clean ones, B. A critic with a gradient penalty compares these patches, less their means, with fields that
    a generator makes of white noise. The denoiser is shown clean images with such fields upon them; meanwhile
    the GAN goes on. Noise is taken to be the same at all brightnesses, and of mean 0.
    """

    paper = (
        "Chen, Chen, Chao and Yang 2018, Image blind denoising with generative adversarial network based "
        "noise modeling (CVPR); arXiv:1704.00028 for its critic, arXiv:1608.03981 for its denoiser"
    )
    purpose = "noise taken from images, learnt from noisy ones without pairs: scans, sensors, grain"
    needs = Needs(examples=("images",), parts=(A, B), least=8)
    length = Limit(steps=100_000)
    any_size: ClassVar[bool] = True
    second_derivatives = True
    presets = {
        "small": {"width": 24, "depth": 7, "critic_width": 16, "noise_steps": 500, "denoiser_lr": 2e-3}
        | {"generator_lr": 4e-4, "critic_lr": 4e-4}
    }

    @dataclass(frozen=True)
    class Settings(Cut):
        """Settings of GCBD; where the paper does not say, those of the papers that it builds on."""

        batch_size: Count = 64
        """Clean images in a batch, and patches of noise."""
        noise: Annotated[Literal["learnt", "white"], OF_THE_TASK] = "learnt"
        """What the denoiser learns to take away: noise such as that of the noisy images; or, to compare with,
        Gaussian white noise that is as strong."""
        noise_steps: Count = 20_000
        """Steps of the first phase, in which noise alone is learnt."""
        patch: Annotated[int, Range(low=8)] | None = None
        """Side of the patches in which noise is looked for; by default a quarter of the images', from 8 to
        the paper's 64."""
        n_critic: Count = 5
        """Critic steps for each step of the noise's generator."""
        penalty_weight: NonNegative = 10.0
        """Weight of the gradient penalty."""
        noise_width: Count = 32
        """Channels of the noise's generator."""
        critic_width: Count = 64
        """Channels of the critic's first layer."""
        width: Count = 64
        """Channels of the denoiser."""
        depth: Annotated[int, Range(low=2)] = 17
        """Layers of the denoiser; the paper of its network has 17 to 20."""
        generator_lr: Positive = 1e-4
        """Adam's learning rate for the noise's generator."""
        critic_lr: Positive = 1e-4
        """Adam's learning rate for the critic."""
        denoiser_lr: Positive = 1e-3
        """Adam's learning rate for the denoiser."""
        jitter: NonNegative = 0.0
        """Share by which clean images are enlarged before they are cut to their size at a random place."""

    settings: Settings
    of_data = ("strength",)
    strength: Tensor

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        channels, *size = common_shape(data, "noisy images", "clean ones")
        side = side_of(settings.patch, tuple(size))
        self.side = side
        self.register_buffer("strength", torch.ones(()))
        self.denoiser = self.built(Role.OTHER, Denoiser(channels, width=settings.width, depth=settings.depth))
        if settings.noise == "learnt":
            self.generator = self.built(Role.GENERATOR, NoiseField(channels, width=settings.noise_width))
            field = receptive_field(None, (side, side))
            critic = PatchCritic(channels, field=field, width=settings.critic_width, norm=layer_norm)
            self.critic = self.built(Role.CRITIC, critic)

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """What learns noise, where it is white."""
        assert isinstance(settings, cls.Settings)
        idle = dict(super().idle_settings(settings, data))
        if settings.noise == "white":
            idle |= dict.fromkeys(LEARNT, "with --noise white none is learnt")
        return idle

    @classmethod
    def sources(cls, settings: GameSettings, data: Dataset) -> dict[str, Source]:
        """Clean images, and smooth patches of the noisy ones."""
        assert isinstance(settings, cls.Settings)
        noisy = data.parts[A].examples
        side = side_of(settings.patch, noisy.kind.shape[1:])
        patches = smooth_patches(noisy.values, side)
        shown = replace(noisy.kind, shape=(noisy.kind.shape[0], side, side))  # type: ignore[type-var]
        return {
            B: Source(data.parts[B], settings.batch_size),
            NOISE: Source(Dataset(NOISE, Column(shown, patches)), min(settings.batch_size, len(patches))),
        }

    def start(self, **first: Batch) -> None:
        """Measure how strong the noise is."""
        self.strength.copy_(strength_of(without_mean(first[NOISE].examples)))

    def players(self) -> dict[str, Player]:
        """Adam for all: with (0, 0.9) where noise is learnt, as the critic's paper has it."""
        s = self.settings
        players = {"denoiser": Player(Role.OTHER, Adam(self.denoiser.parameters(), s.denoiser_lr))}
        if s.noise == "learnt":
            generator = Adam(self.generator.parameters(), s.generator_lr, (0.0, 0.9))
            critic = Adam(self.critic.parameters(), s.critic_lr, (0.0, 0.9))
            players["generator"] = Player(Role.GENERATOR, generator)
            players["critic"] = Player(Role.CRITIC, critic)
        return players

    def aim(self) -> Objective:
        """D(G(z)) - D(x) against -D(G(z))."""
        return WASSERSTEIN

    def phases(self) -> Sequence[Phase]:
        """Noise alone; then noise and the denoiser."""
        denoising = Turn("denoiser", self.denoiser_loss, (B,))
        if self.settings.noise == "white":
            return [Phase("denoising", (denoising,))]
        noise = (
            *[Turn("critic", self.critic_loss, (NOISE,), fresh=True)] * self.settings.n_critic,
            Turn("generator", self.generator_loss, (NOISE,)),
        )
        return [
            Phase("noise", noise, Limit(steps=self.settings.noise_steps)),
            Phase("denoising", (*noise, denoising)),
        ]

    def critic_loss(self, patches: Batch) -> Terms:
        """D(G(z)) - D(x) + lambda (|grad D(x^)| - 1)², of noise of deviation 1."""
        (real,) = self.show(self.noise_of(patches), real=True)
        (fake,) = self.show(self.generator(self.white(len(patches), self.side, self.side)), real=False)
        said = self.critic(real), self.critic(fake)
        penalty = gradient_penalty(self.score, real, fake, self.random)
        terms = self.objective.for_critic(*said)
        return Terms(terms, penalty=self.settings.penalty_weight * penalty).observing(
            distance=said[0].mean() - said[1].mean(), **critic_statistics(*said, self.objective)
        )

    def score(self, noise: Tensor) -> Tensor:
        """What the critic says of each field, a mean over its places."""
        return self.critic(noise).flatten(1).mean(1)  # type: ignore[no-any-return]

    def generator_loss(self, patches: Batch) -> Terms:
        """-D(G(z))."""
        fake = self.generator(self.white(len(patches), self.side, self.side))
        return Terms(self.deceive(self.critic, fake, self.noise_of(patches)))

    def denoiser_loss(self, clean: Batch) -> Terms:
        """(y - F(y + noise))², as the denoiser's paper has it save for a factor."""
        whole = self.changed(clean)
        return Terms(l2=F.mse_loss(self.denoiser(whole + self.noise(whole)), whole))

    def noise_of(self, patches: Batch) -> Tensor:
        """The noise of smooth patches, of deviation 1."""
        return without_mean(patches.examples) / self.strength

    def noise(self, whole: Tensor) -> Tensor:
        """Noise for images, as strong as that of the noisy ones: learnt, or white."""
        if self.settings.noise == "white":
            return self.strength * self.random.normal(*whole.shape)
        with torch.no_grad():
            made: Tensor = self.strength * self.generator(self.white(len(whole), *whole.shape[2:]))
            return made

    def white(self, count: int, height: int, width: int) -> Tensor:
        """What fields of noise of a size are made of."""
        return NoiseField.white(count, height, width, self.random)

    def make(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        """Images without their noise."""
        made: Tensor = self.denoiser(source)
        return made
