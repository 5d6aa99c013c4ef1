"""Small images made large: pre-training, then a critic, as in SRGAN (Ledig et al. 2017, arXiv:1609.04802)."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from sparring.data import Column, Dataset
from sparring.game import (
    Batch,
    DataSpec,
    Figure,
    Game,
    GameSettings,
    Limit,
    Needs,
    Phase,
    Player,
    Role,
    Terms,
    Turn,
    two_players,
)
from sparring.randomness import Randomness


class Restoration(Game):
    """A generator that is told an image of half the size."""

    needs = Needs(examples=("images",), multiple=2)
    conditional = True

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        channels = data.shape[0]
        hidden = nn.Sequential(nn.Conv2d(channels, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        pixels = nn.Sequential(nn.Conv2d(16, 4 * channels, 3, padding=1), nn.PixelShuffle(2), nn.Tanh())
        critic = nn.Sequential(nn.Conv2d(channels, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4, 2, 1))
        self.larger = self.built(Role.GENERATOR, nn.Sequential(hidden, pixels))
        self.critic = self.built(Role.CRITIC, critic)

    @staticmethod
    def smaller(images: Tensor) -> Tensor:
        return F.avg_pool2d(images, 2)

    @classmethod
    def condition(cls, data: Dataset) -> Column:
        channels, height, width = data.spec.shape
        kind = replace(data.examples.kind, shape=(channels, height // 2, width // 2))
        return Column(kind, kind.decode(cls.smaller(data.examples.encoded())))

    def players(self) -> dict[str, Player]:
        return two_players(Adam(self.larger.parameters(), 1e-3), critic=Adam(self.critic.parameters(), 1e-3))

    def phases(self) -> list[Phase]:
        return [
            Phase("pre-training", (Turn("generator", self.content),), Limit(epochs=2)),
            Phase("adversarial", (Turn("critic", self.criticise), Turn("generator", self.restore))),
        ]

    def content(self, real: Batch) -> Terms:
        return Terms(content=F.mse_loss(self.larger(self.smaller(real.examples)), real.examples))

    def criticise(self, real: Batch) -> Terms:
        with torch.no_grad():
            fake = self.larger(self.smaller(real.examples))
        return Terms(self.objective.for_critic(*self.judge_together(self.critic, real.examples, fake)))

    def restore(self, real: Batch) -> Terms:
        fake = self.larger(self.smaller(real.examples))
        terms = {name: 1e-3 * term for name, term in self.deceive(self.critic, fake, real.examples).items()}
        return Terms(terms, content=F.mse_loss(fake, real.examples))

    def psnr(self, real: Batch) -> Tensor:
        error = (self.larger(self.smaller(real.examples)) - real.examples).square().flatten(1).mean(1)
        return 10 * torch.log10(4 / error)

    def figures(self) -> dict[str, Figure]:
        return {"PSNR": Figure(self.psnr, "likeness to held-out images, in decibels; higher is better")}

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 0)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return self.larger(condition)
