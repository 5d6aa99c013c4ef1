"""The small networks of the unrolled GAN's experiment on stacked digits, as its paper has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim import Adam

from sparring.game import (
    Batch,
    DataSpec,
    Game,
    GameSettings,
    Limit,
    Needs,
    Player,
    Role,
    Terms,
    Turn,
    two_players,
)
from sparring.objectives import critic_statistics
from sparring.randomness import Randomness
from sparring.settings import Count, Positive

LATENT = 256
SIDES = (4, 7, 14, 28)
"""Sides of the maps of the generator, from the noise to the image."""
CHANNELS = (64, 32, 16, 8)
"""Their channels."""


def generator_network(shape: Sequence[int]) -> nn.Module:
    """Noise (count, LATENT) to images in [-1, 1]: maps that grow, each normalised but the image."""
    layers: list[nn.Module] = [
        nn.Linear(LATENT, CHANNELS[0] * SIDES[0] ** 2),
        nn.Unflatten(1, (CHANNELS[0], SIDES[0], SIDES[0])),
        nn.BatchNorm2d(CHANNELS[0]),
        nn.ReLU(),
    ]
    for inputs, outputs, side in zip(CHANNELS, CHANNELS[1:], SIDES[1:], strict=False):
        # From 4 to 7 the last row and column are left out.
        further = int(side % 2 == 0)
        layers += [
            nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=further),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.Conv2d(CHANNELS[-1], shape[0], 3, padding=1), nn.Tanh())


def critic_network(shape: Sequence[int], share: float) -> nn.Module:
    """Images to log-odds: maps that shrink, whose channels are a share of those of the generator."""
    widths = [max(1, round(channels * share)) for channels in reversed(CHANNELS[1:])]
    layers: list[nn.Module] = []
    for inputs, outputs in zip([shape[0], *widths], widths, strict=False):
        first = not layers
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), *([] if first else [nn.BatchNorm2d(outputs)])]
        layers.append(nn.LeakyReLU(0.3))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * 4**2, 1))


class StackedDigits(Game):
    """A DCGAN whose discriminator has a share of its generator's channels, so that it is easily deceived."""

    paper = "Metz, Poole, Pfau and Sohl-Dickstein 2017, arXiv:1611.02163, section 3.3.1"
    purpose = "the published experiments on stacked digits"
    needs = Needs(examples=("images",))
    length = Limit(steps=500_000)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of the paper's appendix."""

        batch_size: Count = 128
        """Real images in a batch."""
        share: Positive = 0.25
        """Channels of the discriminator, as a share of the generator's."""
        generator_lr: Positive = 1e-4
        """Adam's learning rate for the generator."""
        discriminator_lr: Positive = 2e-4
        """The same for the discriminator."""

    settings: Settings

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.generator = self.built(Role.GENERATOR, generator_network(data.shape))
        self.discriminator = self.built(Role.CRITIC, critic_network(data.shape, settings.share))

    def players(self) -> dict[str, Player]:
        """Adam for both."""
        betas = (0.5, 0.99)
        return two_players(
            Adam(self.generator.parameters(), self.settings.generator_lr, betas),
            discriminator=Adam(self.discriminator.parameters(), self.settings.discriminator_lr, betas),
        )

    def round(self) -> list[Turn]:
        """The discriminator, then the generator."""
        return [Turn("discriminator", self.discriminator_loss), Turn("generator", self.generator_loss)]

    def generator_loss(self, real: Batch) -> Terms:
        """-log D(G(z))."""
        return Terms(self.deceive(self.discriminator, self.fake(len(real)), real.examples))

    def discriminator_loss(self, real: Batch) -> Terms:
        """-log D(x) - log(1 - D(G(z)))."""
        said = self.judge(self.discriminator, real.examples, real=True)
        other = self.judge(self.discriminator, self.fake(len(real)), real=False)
        return Terms(self.objective.for_critic(said, other)).observing(**critic_statistics(said, other))

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in N(0, I)."""
        return random.normal(count, LATENT)
