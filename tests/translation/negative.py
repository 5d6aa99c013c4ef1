"""A system whose translation is known: the negative of a picture."""

import torch
from torch import Tensor, nn
from torch.optim import SGD

from sparring.data import DataSpec
from sparring.game import Batch, GameSettings, Needs, Player, Role, Terms, Turn
from sparring.randomness import Randomness
from sparring.translation.translator import Translator


class Negative(Translator):
    """Bright becomes dark."""

    needs = Needs(examples=("images",), condition=("images",))

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.scale = nn.Parameter(torch.ones(()))

    def players(self) -> dict[str, Player]:
        return {"generator": Player(Role.GENERATOR, SGD([self.scale], 1e-12))}

    def round(self) -> list[Turn]:
        return [Turn("generator", self.distance)]

    def distance(self, pairs: Batch) -> Terms:
        return Terms(l1=(self.generate(pairs.examples, pairs.condition) - pairs.examples).abs().mean())

    def make(self, latent: Tensor, source: Tensor, direction: str) -> Tensor:
        return -source * self.scale
