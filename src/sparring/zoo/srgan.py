"""Images two or four times as large, with detail that a critic takes for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from sparring.errors import SettingError
from sparring.evaluation.features.random_convolutions import RandomConvolutions
from sparring.game import Batch, DataSpec, GameSettings, Limit, Needs, Phase, Player, Role, Terms, Turn
from sparring.nn.optimisers import Adam
from sparring.nn.patch_critic import PatchCritic, receptive_field
from sparring.nn.upscaler import Upscaler
from sparring.objectives import OBJECTIVES, Objective, critic_statistics
from sparring.randomness import Randomness
from sparring.settings import OF_THE_TASK, Count, Fraction, NonNegative, Positive, Range
from sparring.translation.degradations import reduced
from sparring.translation.self_paired import SelfPaired
from sparring.translation.settings import TranslatorSettings, without_discriminator

SCALES = (2, 4)
FEATURES = 54
"""Seed of the convolutions whose answers are compared; others than those by which runs are evaluated."""


class SRGAN(SelfPaired):
    """A residual network makes images larger: first by squares alone, then against a critic.

    The first phase is the paper's SRResNet. In the second the generator pays for differences of features
    instead, and a little for what the critic says: what it makes looks sharper, and is farther from the truth
    pixel by pixel. The paper's features are of a network trained on a million photographs; here they are what
    fixed random convolutions answer, which need no download and suit images of any kind. Images are brought
    to their small size by an antialiased bicubic kernel. The critic judges patches, where the paper's judges
    the whole image, and the learning rate stays as it is, where the paper's ends with a tenth.
    """

    paper = "Ledig et al. 2017, arXiv:1609.04802"
    purpose = "images made two or four times as large, and sharp: any images will do"
    needs = Needs(examples=("images",), multiple=max(SCALES), least=16)
    length = Limit(steps=1_200_000)
    any_size: ClassVar[bool] = True
    presets = {
        "small": {
            "width": 24,
            "critic_width": 24,
            "blocks": 4,
            "resnet_steps": 400,
            "adversarial_weight": 0.01,
            "generator_lr": 1e-3,
            "discriminator_lr": 1e-3,
        }
    }

    @dataclass(frozen=True)
    class Settings(TranslatorSettings):
        """Settings of SRGAN; the paper's section 3.2."""

        scale: Annotated[int, Range(low=2, high=4), OF_THE_TASK] = 4
        """By which number both sides grow: 2 or 4."""
        batch_size: Count = 16
        """Images in a batch."""
        blocks: Count = 16
        """Residual blocks of the generator."""
        resnet_steps: Count = 1_000_000
        """Steps of the first phase, in which squares of pixels are all that counts; the rest of the run is
        the second."""
        feature_weight: NonNegative = 1.0
        """Weight of the mean square of the differences of features, in the second phase (equation 5)."""
        adversarial_weight: NonNegative = 0.001
        """Weight of what the discriminator says (equation 3); with 0 the whole run is the first phase, the
        paper's SRResNet."""
        generator_lr: Positive = 1e-4
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 1e-4
        """Adam's learning rate for the discriminator."""
        adam_beta1: Fraction = 0.9
        """Adam's decay of the first moment, for both players."""
        jitter: NonNegative = 0.0
        """Share by which images are enlarged before they are cut to their size at a random place; that takes
        detail from them."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        if settings.scale not in SCALES:
            raise SettingError(f"scale is {settings.scale}: sides are doubled once or twice, so give 2 or 4.")
        channels, *size = data.shape
        generator = Upscaler(channels, scale=settings.scale, width=settings.width, blocks=settings.blocks)
        self.generator = self.built(Role.GENERATOR, generator)
        if settings.adversarial_weight:
            critic = PatchCritic(
                channels,
                field=receptive_field(settings.receptive_field, (size[0], size[1])),
                width=settings.critic_width,
                norm=lambda channels: nn.InstanceNorm2d(channels, affine=True),
            )
            self.discriminator = self.built(Role.CRITIC, critic)

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """What is of the second phase, where there is none."""
        assert isinstance(settings, cls.Settings)
        alone = without_discriminator(settings.adversarial_weight, "feature_weight")
        return {**super().idle_settings(settings, data), **alone}

    def players(self) -> dict[str, Player]:
        """Adam for both; the generator alone where the discriminator counts for nothing."""
        s = self.settings
        betas = (s.adam_beta1, 0.999)
        players = {
            "generator": Player(Role.GENERATOR, Adam(self.generator.parameters(), s.generator_lr, betas))
        }
        if s.adversarial_weight:
            critic = Adam(self.discriminator.parameters(), s.discriminator_lr, betas)
            players["discriminator"] = Player(Role.CRITIC, critic)
        return players

    def aim(self) -> Objective:
        """Cross-entropy, or what else was asked for."""
        return OBJECTIVES[self.settings.objective]

    def phases(self) -> Sequence[Phase]:
        """Squares alone; then the discriminator and the generator, where there is a discriminator."""
        first = Phase("resnet", (Turn("generator", self.squares),), Limit(steps=self.settings.resnet_steps))
        both = Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)
        if not self.settings.adversarial_weight:
            return [first]
        return [first, Phase("adversarial", both, Limit(steps=max(1, self.settings.resnet_steps // 5)))]

    def squares(self, images: Batch) -> Terms:
        """(y - G(x))² (equation 4)."""
        source, target = self.jittered(images)
        return Terms(l2=F.mse_loss(self.generator(source), target))

    def discriminator_loss(self, images: Batch) -> Terms:
        """-log D(y) - log(1 - D(G(x))) (equation 2), or what else the objective is."""
        source, target = self.jittered(images)
        real = self.judge(self.discriminator, target, real=True)
        fake = self.judge(self.discriminator, self.generator(source), real=False)
        return Terms(self.objective.for_critic(real, fake)).observing(
            **critic_statistics(real, fake, self.objective)
        )

    def generator_loss(self, images: Batch) -> Terms:
        """The distance of features, and a little of -log D(G(x)) (equations 3, 5 and 6)."""
        s = self.settings
        source, target = self.jittered(images)
        made = self.generator(source)
        said = self.deceive(self.discriminator, made, target)
        weighted = {name: s.adversarial_weight * term for name, term in said.items()}
        return Terms(weighted, features=s.feature_weight * self.looks.apart(made, target).mean())

    @cached_property
    def looks(self) -> RandomConvolutions:
        """The convolutions whose answers are the features."""
        return RandomConvolutions(self.data.shape[0], self.random.device, seed=FEATURES)

    def shape_left(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Smaller."""
        channels, *size = shape
        return (channels, *(side // self.settings.scale for side in size))

    def left_of(self, whole: Tensor, random: Randomness) -> Tensor:
        """Images of the small size."""
        height, width = whole.shape[2:]
        return reduced(whole, (height // self.settings.scale, width // self.settings.scale))

    def make(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        """Images that are larger."""
        made: Tensor = self.generator(source)
        return made
