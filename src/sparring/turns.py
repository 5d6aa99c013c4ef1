"""The words in which a game says how it is trained: players, whose turns minimise terms, in phases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from sparring.data.dataset import Dataset
from sparring.schedules import Schedule, constant
from sparring.settings import Limit


class Terms(dict[str, Tensor]):
    """The named scalars of one loss; their sum is minimised, and each is a column of the history.

    >>> Terms(adversarial=a, penalty=p).observing(distance=d)

    minimises a + p and records d beside them. Terms that have been put together elsewhere, such as those of
    an objective, come first: `Terms(self.objective.for_critic(real, fake), penalty=p)`.
    """

    def __init__(self, given: Mapping[str, Tensor] | None = None, /, **terms: Tensor) -> None:
        super().__init__(given or {}, **terms)
        self.observed: dict[str, Tensor] = {}

    def observing(self, **values: Tensor) -> Terms:
        """Record further scalars that are not minimised."""
        self.observed.update(values)
        return self


Loss = Callable[..., Mapping[str, Tensor]]
"""A function of one batch for each source of its turn, which gives named terms."""
Number = float | Tensor
"""A number, or a tensor of one that need not be waited for."""


class Role(StrEnum):
    """What a player is for."""

    GENERATOR = "generator"
    CRITIC = "critic"
    """A discriminator of any kind: it learns to tell real from generated."""
    OTHER = "other"


@dataclass(frozen=True)
class Player:
    """Who takes turns."""

    role: Role
    optimizer: Optimizer
    """Its parameters are what the player moves; all others rest during its turns."""
    schedule: Schedule | None = constant
    """What its learning rates are multiplied by as a function of the progress of the phase, beside
    `learning_rate_decay`; None where the game sets them itself."""


@dataclass(frozen=True)
class Turn:
    """One update of one player."""

    player: str
    """Name of the player, among those of `Game.players`."""
    loss: Loss
    """What is minimised."""
    sources: tuple[str, ...] = ("real",)
    """Names of the sources, among those of `Game.sources`, of which the loss is given a batch each."""
    fresh: bool = False
    """Whether new batches are dealt for this turn; otherwise it sees those of the turn before."""
    after: Callable[[Mapping[str, Number]], None] | None = None
    """Called right after the optimiser's step with the values of the terms, averaged over all processes:
    the place for weight clipping, for moving averages, for a control variable."""


@dataclass(frozen=True)
class Phase:
    """A part of the run in which the same turns are taken at each step."""

    name: str
    turns: tuple[Turn, ...]
    length: Limit | None = None
    """Steps or epochs; None for the rest of the run. The last phase always takes the rest, and its length
    only says how long a run is by default."""


@dataclass(frozen=True)
class Source:
    """A stream of examples that a game learns from."""

    dataset: Dataset
    batch_size: int
    """Examples in a batch of all processes together."""


def is_players(said: Any) -> bool:
    """Whether these are players by name."""
    return isinstance(said, Mapping) and all(isinstance(each, Player) for each in said.values())


def two_players(generator: Optimizer, **critic: Optimizer) -> dict[str, Player]:
    """A generator against one critic, called as its argument is: `two_players(g, discriminator=d)`."""
    ((name, optimizer),) = critic.items()
    return {"generator": Player(Role.GENERATOR, generator), name: Player(Role.CRITIC, optimizer)}
