"""What the tests of mistakes share: a system that is right, and what the command line says of it once it is
changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sparring.cli import main

GOOD = '''\
import sys
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.optim import LBFGS, SGD

from sparring import Game, GameSettings, Needs, Player, Role, Terms, Turn, two_players
from sparring.game import Figure, Limit, Phase, Source


class Small(Game):
    """A generator against a critic."""

    needs = Needs(examples=("points",))
    grid = (2, 2)

    @dataclass(frozen=True)
    class Settings(GameSettings):
        """What it can be told."""

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
        return two_players(SGD(self.generator.parameters(), rate), critic=SGD(self.critic.parameters(), rate))

    def round(self):
        return [Turn("critic", self.critic_loss), Turn("generator", self.generator_loss)]

    def critic_loss(self, real):
        of_fake = self.judge(self.critic, self.fake(len(real)), real=False)
        of_real = self.judge(self.critic, real.examples, real=True)
        return Terms(**self.objective.for_critic(of_real, of_fake))

    def generator_loss(self, real):
        terms = self.deceive(self.critic, self.fake(len(real)), real.examples)
        cost = terms["adversarial"]
        return Terms(adversarial=cost)

    def latent(self, count, random):
        return random.normal(count, 3)

    def generate(self, latent, condition):
        return self.generator(latent)
'''
DATA = """\
import torch

from sparring.data import Dataset, dataset_of
from sparring.data.dataset import Column
from sparring.data.kinds import Classes, Points


def points() -> Dataset:
    values = torch.randn(100, 2)
    return dataset_of("points", values)
"""
Changes = tuple[tuple[str, str], ...]
"""Parts of a text, each with what stands in its place."""


@dataclass(frozen=True)
class Said:
    """What the command line said."""

    code: object
    complaint: str
    run: Path
    text: str
    """Of the file in question."""

    @property
    def sentence(self) -> str:
        """The last line, which says what is wrong."""
        return self.complaint.splitlines()[-1]

    def check(self, expected: str) -> None:
        """One sentence that says what it should, exit code 2, and no run that seems to go on.

        Args:
            expected: a part of the sentence; `<some code>` in it stands for the number of that code's line.
        """
        found = re.search("<(.+?)>", expected)
        if found:
            line = self.text[: self.text.index(found.group(1))].count("\n") + 1
            expected = expected.replace(found.group(), str(line))
        assert expected in self.sentence, self.sentence
        assert self.code == 2
        assert re.fullmatch("sparring: [^\n]*\\.\n", self.complaint), self.complaint
        if self.run.exists():
            assert json.loads((self.run / "status.json").read_text())["state"] == "failed"
            events = (self.run / "events.jsonl").read_text().splitlines()
            last = json.loads(events[-1])
            assert last["event"] == "failed"
            assert last["reason"] == self.sentence.removeprefix("sparring: ")


@pytest.fixture(scope="session")
def points(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of some data: 40 points in the plane."""
    path = tmp_path_factory.mktemp("data") / "points.npz"
    np.savez(path, points=np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32))
    return f"npz:{path}"


Train = Callable[..., Said]


@pytest.fixture
def train(tmp_path: Path, capsys: pytest.CaptureFixture[str], points: str) -> Train:
    """Trains some steps by the command line, in this process, once the system, or the data, is changed."""

    def trained(
        system: Changes = (), *more: str, data: Changes | None = None, function: str = "points"
    ) -> Said:
        run, small, own = (tmp_path / name for name in ("run", "small.py", "own.py"))
        small.write_text(changed(GOOD, system))
        own.write_text(changed(DATA, data or ()))
        name = points if data is None else f"{own}:points"
        limits = () if "--max-minutes" in more else ("--max-steps", "3")
        words = ["train", f"{small}:Small", "--data", name, *limits, "--out", str(run), "--batch-size", "8"]
        code: object = 0
        try:
            main([*words, *more])
        except SystemExit as stop:
            code = stop.code
        return Said(code, capsys.readouterr().err, run, (small if data is None else own).read_text())

    return trained


def changed(text: str, changes: Changes) -> str:
    """Some text with parts of it replaced."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text
