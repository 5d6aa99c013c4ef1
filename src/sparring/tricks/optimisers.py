"""Other optimisers: how each role moves, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from torch.optim import Optimizer

from sparring.nn.adam_inside import AdamInside
from sparring.nn.optimisers import SGD, Adam, RMSprop
from sparring.randomness import Randomness
from sparring.settings import Fraction, NonNegative
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Player

PLAIN = (Adam, AdamInside, RMSprop, SGD)
"""Optimisers that only move, beside torch's own: in the place of any other, something would be left out that
it does beside."""
OptimizerName = Literal["own", "adam", "rmsprop", "sgd"]


class Optimisers(Trick):
    """Another optimiser, or another learning rate, for all players of a role: Adam for the generator beside
    SGD for the critic, or two time scales.

    Adam keeps the decays of the system's own, where that is Adam; momentum is for SGD and RMSProp. Schedules
    stay as they are.
    """

    source = (
        "Kingma and Ba 2014, arXiv:1412.6980 (Adam); Chintala et al. 2016, ganhacks (SGD for the critic); "
        "Heusel et al. 2017, arXiv:1706.08500 (two rates)"
    )
    usual = {"generator_optimizer": "rmsprop", "critic_optimizer": "sgd", "critic_rate": 0.01}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of optimisers."""

        generator_optimizer: OptimizerName = "own"
        """What moves generators."""
        critic_optimizer: OptimizerName = "own"
        """What moves critics."""
        generator_rate: NonNegative = 0.0
        """Learning rate of generators, instead of the system's own; 0 for that."""
        critic_rate: NonNegative = 0.0
        """The same of critics. SGD wants larger rates than Adam, about 0.01 to 0.1."""
        momentum: Fraction = 0.0
        """Momentum of SGD and RMSProp, where one of them was asked for."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.special: set[str] = set()
        """The system's own optimisers that do more than move."""

    def refuses(self, game: Game) -> str | None:
        """Roles that nobody plays, rates that the game sets itself, optimisers of its own that do more than
        move, momentum for nobody."""
        s = self.settings
        for role, kind, rate in self._wanted():
            players = [player for player in game.roster.values() if player.role == role]
            if (kind != "own" or rate) and not players:
                return f"{type(game).__name__} has no player of the role {role}"
            if rate and any(player.schedule is None for player in players):
                return f"{type(game).__name__} sets the learning rate of its {role} itself"
        if self.special:
            return (
                f"{type(game).__name__} moves by {' and '.join(sorted(self.special))}, which does more than "
                "another optimiser would"
            )
        if s.momentum and not {s.generator_optimizer, s.critic_optimizer} & {"sgd", "rmsprop"}:
            return "momentum is for SGD and RMSProp, and neither was asked for"
        return None

    def move(self, player: Player, game: Game) -> Player:
        """A player with the optimiser of its role."""
        for role, kind, rate in self._wanted():
            if player.role == role and (kind != "own" or rate):
                return replace(player, optimizer=self._another(player.optimizer, kind, rate))
        return player

    def _wanted(self) -> list[tuple[str, str, float]]:
        s = self.settings
        return [
            ("generator", s.generator_optimizer, s.generator_rate),
            ("critic", s.critic_optimizer, s.critic_rate),
        ]

    def _another(self, own: Optimizer, kind: str, rate: float) -> Optimizer:
        """An optimiser of this kind for the parameters of the system's own."""
        groups = [{"params": group["params"], "lr": rate or float(group["lr"])} for group in own.param_groups]
        if kind != "own" and not (type(own) in PLAIN or type(own).__module__.startswith("torch.optim")):
            self.special.add(type(own).__name__)
        if kind == "own":
            for group, new in zip(own.param_groups, groups, strict=True):
                group["lr"] = new["lr"]
            return own
        betas, eps = own.defaults.get("betas", (0.9, 0.999)), own.defaults.get("eps", 1e-8)
        kinds: dict[str, Callable[[Any], Optimizer]] = {
            "adam": lambda groups: Adam(groups, betas=betas, eps=eps),
            "rmsprop": lambda groups: RMSprop(groups, momentum=self.settings.momentum),
            "sgd": lambda groups: SGD(groups, lr=1e-3, momentum=self.settings.momentum, fused=True),
        }
        return kinds[kind](groups)
