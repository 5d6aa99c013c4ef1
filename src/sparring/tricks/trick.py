"""A trick: a device that changes how any system trains, at five places, without the system knowing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor, nn

from sparring.objectives import Objective
from sparring.randomness import Randomness
from sparring.settings import Settings

if TYPE_CHECKING:
    from sparring.data.dataset import Batch
    from sparring.game import Game, Player, Role, Turn

PLACES = {
    "build": "it changes networks, and {game} passes none through self.built",
    "see": "it changes what a critic is shown, and {game} shows it nothing through self.judge or self.show",
    "aim": "it acts on the logits of a critic, and {game} never asks for self.objective",
    "move": "it changes how players move, and {game} has none",
    "turn": "it changes turns, and {game} takes none",
}
"""The places at which a trick may act, and why it cannot where a game never comes by."""


@dataclass(frozen=True)
class Flags(Settings):
    """Base of the flags of a trick, and of those of all tricks together."""


class Trick(nn.Module):
    """One trick; a subclass overrides the places at which it acts: `build`, `see`, `aim`,
    `move`, `turn`.

    What it must remember is a parameter or a buffer, and all its chance comes from `self.random`: so it is
    saved and resumed with the game. With all its flags at their defaults it must change nothing, not even a
    rounding.

    Args:
        settings: the flags of all tricks; a trick looks at its own.
        random: noise of its own, which begins anew at every step.
    """

    source: ClassVar[str] = ""
    """Authors, year, and where to find the paper."""
    usual: ClassVar[Mapping[str, Any]] = {}
    """Flags with a usual strength, by which every system is tested with it."""
    needed_by_critics: ClassVar[bool] = False
    """Whether a critic that has been trained with it cannot judge an example as it is, alone."""
    second_derivatives: ClassVar[bool] = False
    """Whether it differentiates through a gradient of the critic: such a critic cannot be compiled."""
    keeps_what_was_learnt: ClassVar[bool] = False
    """Whether it is only for runs that begin with the weights of another."""
    Settings: ClassVar[type[Flags]] = Flags
    """Its flags: a frozen dataclass, a docstring under each field. With all at their defaults it is off."""

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__()
        self.settings = settings
        self.random = random

    @property
    def fewest(self) -> int:
        """Examples that networks must be given at a time for it to mean anything."""
        return 1

    @classmethod
    def is_on(cls, settings: Flags) -> bool:
        """Whether any of its flags has been set."""
        flags = dataclasses.fields(cls.Settings)
        return any(getattr(settings, flag.name) != flag.default for flag in flags)

    @classmethod
    def places(cls) -> frozenset[str]:
        """Where it acts; a game that does not come by all of these is refused."""
        return frozenset(place for place in PLACES if getattr(cls, place) is not getattr(Trick, place))

    def prepare(self, game: Game) -> None:
        """Make what it keeps, and say what the game can do with it, before any network is built: a game that
        is only loaded, to generate, has the same."""
        return

    def start(self, first: Mapping[str, Batch], game: Game) -> None:
        """Look at the first batch of each source, by name, before a run begins; see `Game.start`. What it
        fills of the game's tensors belongs into `game.of_data`, by name."""
        return

    def rest(self, game: Game) -> None:
        """Let a game that is trained be as it is used: loaded, to generate and to be explored."""
        return

    def refuses(self, game: Game) -> str | None:
        """Why it cannot work with a game whose networks are built, in a sentence; None where it can."""
        return None

    def idle(self, game: Game) -> str | None:
        """Why it found nothing to act on while every loss was computed, in a sentence; None where it did."""
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A player's network as it should be: with other layers, or wrapped."""
        return network

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What a critic is shown.

        Args:
            examples: encoded, (count, *shape).
            condition: what the critic is told of them, if anything.
            real: whether they are real; otherwise they are generated.
            game: whose critic it is; `game.progress` is the share of the phase behind us.
        """
        return examples, condition

    def aim(self, objective: Objective, game: Game) -> Objective:
        """Another objective in the place of the game's.

        Args:
            objective: what it is without this trick; its costs are given logits of shape (count, ...).
            game: whose it is. The objective is made once: costs that change ask for `game.progress`.
        """
        return objective

    def move(self, player: Player, game: Game) -> Player:
        """A player as it should be: with another optimiser, or another schedule.

        Args:
            player: as the game made it.
            game: whose it is; its roster is not there yet.
        """
        return player

    def round(self, turns: Sequence[Turn], game: Game) -> Sequence[Turn]:
        """The turns of a round as they should be, in order: by default each by itself, as `turn` has it."""
        return [self.turn(turn, turns, game) for turn in turns]

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """A turn as it should be: with further terms, another loss, something to do after it.

        Args:
            turn: the turn.
            others: all turns of the round.
            game: whose they are; `game.roster` has its players.
        """
        return turn
