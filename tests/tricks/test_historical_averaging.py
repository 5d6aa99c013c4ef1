"""Historical averaging in the bilinear game, which plain gradient steps leave in a growing spiral."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

from sparring.data.dataset import Batch, DataSpec, dataset_of
from sparring.game import Game, GameSettings, Player, Role, Terms, Turn, two_players
from sparring.randomness import Randomness
from sparring.training.engine import Engine

POINTS = dataset_of("points", torch.randn(16, 1, generator=torch.Generator().manual_seed(0)))
STEPS = 100


class Number(nn.Module):
    """A player's only weight, at first 1."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.ones(()))


class Bilinear(Game):
    """min over x, max over y, of xy: both step at once, down slopes of 0.1 of what they are."""

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        self.generator, self.critic = (self.built(role, Number()) for role in (Role.GENERATOR, Role.CRITIC))

    def players(self) -> dict[str, Player]:
        return two_players(SGD(self.generator.parameters(), 0.1), critic=SGD(self.critic.parameters(), 0.1))

    def round(self) -> list[Turn]:
        return [Turn("generator", self.generator_loss), Turn("critic", self.critic_loss)]

    def generator_loss(self, real: Batch) -> Terms:
        self.x_before = self.generator.value.detach().clone()
        return Terms(payoff=self.generator.value * self.critic.value)

    def critic_loss(self, real: Batch) -> Terms:
        return Terms(payoff=-self.x_before * self.critic.value)

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 1)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return latent * self.generator.value


def simulated(weight: float) -> list[tuple[float, float]]:
    """x and y after each step, by the paper's formula in plain numbers."""
    path = [(1.0, 1.0)]
    for step in range(STEPS):
        x, y = path[-1]
        means = [sum(each) / (step + 1) for each in zip(*path, strict=True)]
        slope_x, slope_y = y + 2 * weight * (x - means[0]), -x + 2 * weight * (y - means[1])
        path.append((x - 0.1 * slope_x, y - 0.1 * slope_y))
    return path


@pytest.mark.parametrize("weight", [0.0, 0.1, 1.0])
def test_the_spiral(weight: float, make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(Bilinear, POINTS, steps=STEPS, batch_size=8, historical_averaging=weight)
    for x, y in simulated(weight)[1:]:
        values = engine.play_round()
        assert engine.game.generator.value.item() == pytest.approx(x, abs=1e-4)
        assert engine.game.critic.value.item() == pytest.approx(y, abs=1e-4)
    distance = math.hypot(x, y) / math.hypot(1, 1)
    if weight == 0:
        assert distance == pytest.approx(1.01 ** (STEPS / 2), rel=1e-3)
        assert "generator/history" not in values
    else:
        assert distance < 0.7
        assert values["generator/history"] >= 0
