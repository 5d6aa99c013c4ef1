"""The networks and turns of PacGAN's experiments on points, as its authors' code has them."""

from __future__ import annotations

from collections.abc import Mapping
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

UNITS, LAYERS = 400, 4
MAXOUT, PIECES, MAXOUTS = 200, 5, 3
DEVIATION = 0.02
"""Of the discriminator's weights at first."""


class Maxout(nn.Module):
    """A linear layer of which the largest of some pieces is taken for each unit."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, MAXOUT * PIECES)

    def forward(self, given: Tensor) -> Tensor:
        """(count, inputs) to (count, MAXOUT)."""
        found: Tensor = self.linear(given).unflatten(1, (MAXOUT, PIECES)).amax(2)
        return found


class PackedPoints(Game):
    """Both players move at once: the discriminator is shown what the generator made before its own step.

    A batch is of 100 packs: give a batch of 100 times the packing.
    """

    paper = "Lin, Khetan, Fanti and Oh 2018, arXiv:1712.04086, and fjxmlzn/PacGAN"
    purpose = "the published experiments on ring and grid"
    needs = Needs(examples=("points",))
    length = Limit(steps=400_000)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """Settings of the authors' code."""

        batch_size: Count = 100
        """Real points in a batch."""
        learning_rate: Positive = 1e-4
        """Adam's learning rate for both players."""

    settings: Settings
    made: Tensor

    def __init__(self, settings: Settings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        layers: list[nn.Module] = []
        for inputs in (2, *[UNITS] * (LAYERS - 1)):
            layers += [nn.Linear(inputs, UNITS, bias=False), nn.BatchNorm1d(UNITS), nn.ReLU()]
        generator = nn.Sequential(*layers, nn.Linear(UNITS, data.shape[0]))
        maxouts = [Maxout(inputs) for inputs in (data.shape[0], *[MAXOUT] * (MAXOUTS - 1))]
        self.generator = self.built(Role.GENERATOR, generator)
        self.discriminator = self.built(Role.CRITIC, nn.Sequential(*maxouts, nn.Linear(MAXOUT, 1)))
        # After the first layer has been widened: its weights are as large as all others.
        for part in self.discriminator.modules():
            if isinstance(part, nn.Linear):
                nn.init.normal_(part.weight, std=DEVIATION)
                nn.init.zeros_(part.bias)

    def players(self) -> dict[str, Player]:
        """Adam for both."""
        rate, betas = self.settings.learning_rate, (0.8, 0.999)
        return two_players(
            Adam(self.generator.parameters(), rate, betas, fused=True),
            discriminator=Adam(self.discriminator.parameters(), rate, betas, fused=True),
        )

    def round(self) -> list[Turn]:
        """The generator against the discriminator as it is, and the discriminator on the same points."""
        return [Turn("generator", self.generator_loss), Turn("discriminator", self.discriminator_loss)]

    def generator_loss(self, real: Batch) -> Terms:
        """-log D(G(z))."""
        fake = self.fake(len(real))
        self.made = fake.detach()
        return Terms(self.deceive(self.discriminator, fake, real.examples))

    def discriminator_loss(self, real: Batch) -> Mapping[str, Tensor]:
        """-log D(x) - log(1 - D(G(z)))."""
        said = self.judge(self.discriminator, real.examples, real=True)
        other = self.judge(self.discriminator, self.made, real=False)
        return Terms(self.objective.for_critic(said, other)).observing(**critic_statistics(said, other))

    def latent(self, count: int, random: Randomness) -> Tensor:
        """z in N(0, I), of two dimensions."""
        return random.normal(count, 2)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Points (count, 2)."""
        made: Tensor = self.generator(latent)
        return made
