"""Tricks at work: those of one game that are on, each acting on what the one before it has made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sparring.errors import SettingError
from sparring.objectives import Objective
from sparring.randomness import derived_seed, seeded_initialisation
from sparring.tricks.trick import PLACES, Trick

if TYPE_CHECKING:
    from sparring.data.dataset import Batch
    from sparring.game import Game, Player, Role, Turn


class ActiveTricks(nn.Module):
    """All tricks of a game as if they were one.

    Args:
        tricks: those that are on, by name, in the order in which they act.
    """

    def __init__(self, tricks: Mapping[str, Trick]) -> None:
        super().__init__()
        self.on = nn.ModuleDict(tricks)
        self.reached: set[str] = set()
        """The places that the game has come by, whether or not a trick acts there."""
        self._built = 0

    def __len__(self) -> int:
        return len(self.on)

    def __iter__(self) -> Iterator[Trick]:
        return (trick for _, trick in self.items())

    def items(self) -> Iterator[tuple[str, Trick]]:
        """Each trick with its name."""
        return ((name, trick) for name, trick in self.on.items() if isinstance(trick, Trick))

    @property
    def second_derivatives(self) -> bool:
        """Whether any of them differentiates through a gradient of the critic."""
        return any(trick.second_derivatives for trick in self)

    def prepare(self, game: Game) -> None:
        """Let each of them make what it keeps, before any network is built."""
        for trick in self:
            trick.prepare(game)

    def start(self, first: Mapping[str, Batch], game: Game) -> None:
        """Let each of them look at the first batches of a run."""
        for trick in self:
            trick.start(first, game)

    def rest(self, game: Game) -> None:
        """Let each of them leave the game as it is used once it is trained."""
        for trick in self:
            trick.rest(game)

    # -- the five places ----------------------------------------------------------------------------------

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A network as all of them want it; those built after it begin as they would without tricks."""
        self.reached.add("build")
        self._built += 1
        for trick in self:
            with seeded_initialisation(derived_seed(trick.random.seed, f"network {self._built}")):
                network = trick.build(network, role)
        return network

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What a critic is shown, and told, after all of them."""
        self.reached.add("see")
        for trick in self:
            examples, condition = trick.see(examples, condition, real, game)
        return examples, condition

    def aim(self, objective: Objective, game: Game) -> Objective:
        """The objective that all of them leave."""
        self.reached.add("aim")
        for trick in self:
            objective = trick.aim(objective, game)
        return objective

    def move(self, player: Player, game: Game) -> Player:
        """A player that moves as all of them want it to."""
        self.reached.add("move")
        for trick in self:
            player = trick.move(player, game)
        return player

    def turns(self, turns: Sequence[Turn], game: Game) -> tuple[Turn, ...]:
        """The turns of a round as all of them want them."""
        self.reached.add("turn")
        for trick in self:
            turns = trick.round(turns, game)
        return tuple(turns)

    # -- refusals -----------------------------------------------------------------------------------------

    def check(self, game: Game) -> None:
        """Raise SettingError where one of them cannot work with a game."""
        for name, trick in self.items():
            reason = trick.refuses(game)
            if reason is not None:
                raise refusal(name, reason)

    @contextmanager
    def on_trial(self, game: Game) -> Iterator[None]:
        """Raise SettingError unless each of them finds something to act on while every loss is computed once.

        A trick at a place that the game never comes by would change nothing, silently.
        """
        try:
            yield
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            names = " and ".join(f"'{name}'" for name in self.on)
            raise SettingError(
                f"The losses of {type(game).__name__} cannot be computed with {names}: {error}."
            ) from error
        for name, trick in self.items():
            for place, reason in PLACES.items():
                if place in trick.places() - self.reached:
                    raise refusal(name, reason.format(game=type(game).__name__))
            idle = trick.idle(game)
            if idle is not None:
                raise refusal(name, idle)


def refusal(name: str, reason: str) -> SettingError:
    """The error that says why a trick cannot be had."""
    return SettingError(f"The trick '{name}' cannot work here: {reason}.")
