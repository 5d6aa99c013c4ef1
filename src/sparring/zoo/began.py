"""The boundary equilibrium GAN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
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
from sparring.game_settings import FOR_IMAGES, ImageWidth, PointUnits
from sparring.nn.autoencoders import build_decoder, build_encoder
from sparring.nn.initialisers import glorot_uniform, initialise
from sparring.nn.networks import no_norm
from sparring.nn.optimisers import Adam
from sparring.randomness import Randomness
from sparring.recommendation import by_width
from sparring.settings import Count, Fraction, NonNegative, Positive, Range
from sparring.tricks.augmentation import augmentation_for, reason_for
from sparring.zoo.rules import steps_by_width

DIGITS = {
    "learning_rate_decay": 0.5,
    "latent_size": 32,
    "batch_norm": True,
    "exponent": 2,
    "gamma": 0.9,
    "k_rate": 0.05,
    "generator_lr": 1e-3,
    "discriminator_lr": 1e-3,
}
"""For small images. Dark ones cost little to restore, and the simplest cost least: hence a gamma near 1, a
quicker k. Even so most samples of the first thousand steps are ones; see reproduction/."""


class BEGAN(Game):
    """The discriminator is an autoencoder, and what is compared is how well it restores real and generated.

    A control variable k keeps E[L(G(z))] at the share gamma of E[L(x)] (section 3.4). The history has k as
    `generator/k`, the ratio of the two losses as `generator/balance`, and the paper's measure of convergence
    M = L(x) + |gamma L(x) - L(G(z))| as `generator/convergence` (equation 6), where a batch is cut into
    micro-batches or shared by processes the mean of what it is for each part.
    """

    paper = "Berthelot, Schumm and Metz 2017, arXiv:1703.10717"
    purpose = "smooth images from a simple loss, and one number that says how far training is"
    needs = Needs(examples=("images", "points"))
    length = Limit(steps=100_000)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"digits": DIGITS}

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of BEGAN; the paper's section 4.1."""

        batch_size: Count = 16
        """Real examples in a batch."""
        latent_size: Count = 64
        """Dimensions of the noise z in U(-1, 1), and of the autoencoder's code."""
        width: ImageWidth = 16
        """Channels n of the convolutions; the paper has 64 and 128, for faces of 64 and 128 pixels."""
        point_units: PointUnits = 128
        """Units of each hidden layer where the data is points."""
        batch_norm: Annotated[bool, FOR_IMAGES] = False
        """Batch normalisation in the generator; the paper has none."""
        exponent: Annotated[int, Range(low=1, high=2)] = 1
        """Exponent eta of the restoration loss; the paper admits 1 and 2, and its experiments have 1."""
        gamma: Fraction = 0.5
        """Diversity ratio: E[L(G(z))] / E[L(x)] in equilibrium; lower is sharper and less diverse."""
        k_rate: NonNegative = 0.001
        """Step lambda_k of the control variable k."""
        generator_lr: Positive = 1e-4
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 1e-4
        """Adam's learning rate for the discriminator."""

    settings: Settings
    k: Tensor

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        code = settings.latent_size
        size: dict[str, Any] = {"width": settings.width, "units": settings.point_units}
        norm = nn.BatchNorm2d if settings.batch_norm else no_norm
        generator = build_decoder(data, code, norm=norm, **size)
        discriminator = nn.Sequential(build_encoder(data, code, **size), build_decoder(data, code, **size))
        for network in (generator, discriminator):
            initialise(network, {nn.Linear: glorot_uniform, nn.Conv2d: glorot_uniform})
        self.generator = self.built(Role.GENERATOR, generator)
        self.discriminator = self.built(Role.CRITIC, discriminator)
        self.real_loss: Number = 0.0
        self.register_buffer("k", torch.zeros((), dtype=torch.float64))

    @classmethod
    def recommended(cls, data: DataSpec) -> Sequence[Recommendation]:
        """For images the preset at two widths; points as in the paper."""
        rates = {"generator_lr": 1e-3, "discriminator_lr": 1e-3}
        beside = {**DIGITS, **augmentation_for(data)}
        return data.kind.choose(
            images=by_width((16, 8), rates, beside, reason_for(data)),
            points=[Recommendation(rates, why="points, whose networks are small")],
        )

    @classmethod
    def steps_wanted(cls, settings: GameSettings, data: DataSpec) -> int:
        """In proportion to the width, as far as digits show it."""
        assert isinstance(settings, cls.Settings)
        return steps_by_width(data, settings.width, 200)

    def players(self) -> dict[str, Player]:
        """Adam for both."""
        s = self.settings
        return two_players(
            Adam(self.generator.parameters(), s.generator_lr),
            discriminator=Adam(self.discriminator.parameters(), s.discriminator_lr),
        )

    def round(self) -> list[Turn]:
        """Both players on the same batch, then the control variable."""
        return [
            Turn("discriminator", self.discriminator_loss, after=self.remember),
            Turn("generator", self.generator_loss, after=self.control),
        ]

    def restoration_loss(self, examples: Tensor) -> Tensor:
        """L(v) = E|v - D(v)|^eta (equation 1)."""
        loss: Tensor = (examples - self.discriminator(examples)).abs().pow(self.settings.exponent).mean()
        return loss

    def shown(self, examples: Tensor, real: bool) -> Tensor:
        """L of what the discriminator is shown of examples."""
        return self.restoration_loss(*self.show(examples, real=real))

    def discriminator_loss(self, real: Batch) -> Terms:
        """L(x) - k L(G(z)) (equation 5)."""
        fake = self.fake(len(real))
        return Terms(
            real=self.shown(real.examples, real=True), fake=-self.k.float() * self.shown(fake, real=False)
        )

    def remember(self, values: Mapping[str, Number]) -> None:
        """Keep L(x) for the control and the measures, which come in the same round."""
        self.real_loss = values["real"]

    def generator_loss(self, real: Batch) -> Terms:
        """L(G(z)); beside it what the control needs and the history shows."""
        fake_loss = self.shown(self.fake(len(real)), real=False)
        gap = self.settings.gamma * self.real_loss - fake_loss.detach()
        return Terms(restoration=fake_loss).observing(
            gap=gap,
            convergence=gap.abs() + self.real_loss,
            balance=fake_loss / self.real_loss,
            k=self.k.float(),
        )

    def control(self, values: Mapping[str, Number]) -> None:
        """k <- k + lambda_k (gamma L(x) - L(G(z))), kept in [0, 1] (equation 5)."""
        self.k.add_(self.settings.k_rate * values["gap"]).clamp_(0.0, 1.0)

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in U(-1, 1)^latent_size."""
        return random.uniform(count, self.settings.latent_size)
