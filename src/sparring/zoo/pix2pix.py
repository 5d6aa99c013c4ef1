"""Image to image from pairs, with a critic that is told the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from sparring.game import Batch, DataSpec, GameSettings, Limit, Needs, Player, Role, Terms, Turn
from sparring.nn.initialisers import initialise, normal
from sparring.nn.optimisers import Adam
from sparring.nn.patch_critic import PatchCritic, receptive_field
from sparring.nn.unet import UNet
from sparring.objectives import OBJECTIVES, Objective, critic_statistics
from sparring.randomness import Randomness
from sparring.settings import Dropped, NonNegative
from sparring.translation.jitter import jittered
from sparring.translation.settings import TranslatorSettings, without_discriminator
from sparring.translation.translator import Translator


class Pix2Pix(Translator):
    """A U-Net makes the image of a pair out of the other; a critic judges its patches beside the source.

    The generator pays for what the critic says and for every pixel that differs from the true image. All its
    noise is dropout, in use as well as in training. In every round the discriminator moves first, then the
    generator, on the same pairs, each cut out and mirrored anew.
    """

    paper = "Isola, Zhu, Zhou and Efros 2017, arXiv:1611.07004"
    purpose = "images made of others, from examples of both: sketches to photos, maps, colours"
    needs = Needs(examples=("images",), condition=("images",), least=8)
    length = Limit(epochs=200)
    presets = {"small": {"batch_size": 16, "width": 24, "critic_width": 24}}

    @dataclass(frozen=True)
    class Settings(TranslatorSettings):
        """Settings of pix2pix; the paper's section 3 and appendix 6."""

        l1_weight: NonNegative = 100.0
        """Weight of the mean distance to the true image (lambda of equation 4)."""
        adversarial_weight: NonNegative = 1.0
        """Weight of what the discriminator says; with 0 there is none, which is the paper's L1 alone."""
        told: bool = True
        """Whether the discriminator is told the source; otherwise it judges what is made alone, which is the
        paper's GAN in the place of its cGAN."""
        skips: bool = True
        """Whether layers of the same size are joined; otherwise the generator is the paper's
        encoder-decoder."""
        dropout: Dropped = 0.5
        """Share of activations that noise sets to 0, in the deepest layers."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        sources, (targets, height, width) = self.source_kind(data).shape[0], data.shape
        generator = UNet(
            sources,
            targets,
            (height, width),
            width=settings.width,
            dropout=settings.dropout,
            skips=settings.skips,
        )
        weights, scale = normal(0.02), normal(0.02, mean=1.0)
        rules = {nn.Conv2d: weights, nn.ConvTranspose2d: weights, nn.InstanceNorm2d: scale}
        initialise(generator, rules)
        self.generator = self.built(Role.GENERATOR, generator)
        self.noise_size = generator.noise_size
        if settings.adversarial_weight:
            discriminator = PatchCritic(
                targets + sources * settings.told,
                field=receptive_field(settings.receptive_field, (height, width)),
                width=settings.critic_width,
                norm=lambda channels: nn.InstanceNorm2d(channels, affine=True),
            )
            initialise(discriminator, rules)
            self.discriminator = self.built(Role.CRITIC, discriminator)

    @classmethod
    def idle_settings(cls, settings: GameSettings, data: DataSpec) -> Mapping[str, str]:
        """What is of a discriminator, where there is none."""
        assert isinstance(settings, cls.Settings)
        alone = without_discriminator(settings.adversarial_weight, "told")
        return {**super().idle_settings(settings, data), **alone}

    def players(self) -> dict[str, Player]:
        """Adam for both; the generator alone where the discriminator counts for nothing."""
        s = self.settings
        betas = (s.adam_beta1, 0.999)
        generator = Adam(self.generator.parameters(), s.generator_lr, betas)
        players = {"generator": Player(Role.GENERATOR, generator)}
        if s.adversarial_weight:
            discriminator = Adam(self.discriminator.parameters(), s.discriminator_lr, betas)
            players["discriminator"] = Player(Role.CRITIC, discriminator)
        return players

    def aim(self) -> Objective:
        """Cross-entropy, or what else was asked for."""
        return OBJECTIVES[self.settings.objective]

    def round(self) -> list[Turn]:
        """The discriminator, where there is one, then the generator."""
        turns = [Turn("generator", self.generator_loss)]
        return [Turn("discriminator", self.discriminator_loss), *turns] if len(self.roster) > 1 else turns

    def discriminator_loss(self, pairs: Batch) -> Terms:
        """Half of -log D(x, y) - log(1 - D(x, G(x, z))) (equation 1), or what else the objective is."""
        source, target = self.jittered(pairs)
        told = (source,) * self.settings.told
        fake = self.generate(self.latent(len(pairs), self.random), source)
        real_logits = self.judge(self.discriminator, target, *told, real=True)
        fake_logits = self.judge(self.discriminator, fake, *told, real=False)
        terms = self.objective.for_critic(real_logits, fake_logits)
        return Terms({name: term / 2 for name, term in terms.items()}).observing(
            **critic_statistics(real_logits, fake_logits, self.objective)
        )

    def generator_loss(self, pairs: Batch) -> Terms:
        """-log D(x, G(x, z)) + lambda |y - G(x, z)| (equations 3 and 4)."""
        source, target = self.jittered(pairs)
        told = (source,) * self.settings.told
        made = self.generate(self.latent(len(pairs), self.random), source)
        terms = Terms()
        if self.settings.adversarial_weight:
            said = self.judge(self.discriminator, made, *told, real=False)
            terms |= self.objective.for_generator(
                said, lambda: self.judge(self.discriminator, target, *told, real=True)
            )
        weighted = {name: self.settings.adversarial_weight * term for name, term in terms.items()}
        return Terms(weighted, **self.distance(made, target, source))

    def distance(self, made: Tensor, target: Tensor, source: Tensor) -> dict[str, Tensor]:
        """What the generator pays for differences from the true image."""
        return {"l1": self.settings.l1_weight * F.l1_loss(made, target)}

    def jittered(self, pairs: Batch) -> tuple[Tensor, ...]:
        """Sources and targets, cut and mirrored alike (appendix 6.2)."""
        s = self.settings
        return jittered(self.random, *self.pair(pairs), enlarge=s.jitter, flips=s.flips)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """Numbers in U(0, 1) that say which activations are dropped."""
        return random.uniform(count, self.noise_size, low=0.0)

    def make(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        """Images in [-1, 1] made of others."""
        made: Tensor = self.generator(source, latent)
        return made
