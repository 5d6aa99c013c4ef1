"""A small system that is right, and reports of what it becomes when something in it is changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sparring.checking import CheckReport, Examination
from sparring.checking.table import CHECKS

GOOD = '''\
import random as python_random
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.optim import SGD

from sparring import Game, GameSettings, Needs, Player, Role, Terms, Turn, two_players
from sparring.game import Limit, Phase


class Small(Game):
    """A generator against a critic."""

    needs = Needs(examples=("points",))

    @dataclass(frozen=True)
    class Settings(GameSettings):
        rate: float = 0.01
        """Learning rate."""

    def __init__(self, settings, data, random):
        super().__init__(settings, data, random)
        generator = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
        self.generator = self.built(Role.GENERATOR, generator)
        critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
        self.critic = self.built(Role.CRITIC, critic)

    def players(self):
        rate = self.settings.rate
        return two_players(
            SGD(self.generator.parameters(), rate),
            critic=SGD(self.critic.parameters(), rate),
        )

    def round(self):
        return [Turn("critic", self.critic_loss), Turn("generator", self.generator_loss)]

    def critic_loss(self, real):
        of_real = self.judge(self.critic, real.examples, real=True)
        of_fake = self.judge(self.critic, self.fake(len(real)), real=False)
        return Terms(**self.objective.for_critic(of_real, of_fake))

    def generator_loss(self, real):
        of_fake = self.judge(self.critic, self.fake(len(real)), real=False)
        of_real = lambda: self.judge(self.critic, real.examples, real=True)
        terms = self.objective.for_generator(of_fake, of_real)
        return Terms(**terms)

    def latent(self, count, random):
        return random.normal(count, 3)

    def generate(self, latent, condition):
        return self.generator(latent)
'''

Examine = Callable[..., CheckReport]


@pytest.fixture
def examined(tmp_path: Path) -> Examine:
    """Reports on the system once some of its text is replaced: `examined("losses", ("old", "new"))`."""

    def examine(names: str, *changes: tuple[str, str], data: str | None = None) -> CheckReport:
        text = GOOD
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        file = tmp_path / "small.py"
        file.write_text(text)
        chosen = [check for check in CHECKS if check.name in names.split()]
        examination = Examination(f"{file}:Small", data, chosen)
        return examination.report(list(examination.results()))

    return examine
