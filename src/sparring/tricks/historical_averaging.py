"""Historical averaging: each player pays for leaving the mean of all weights that it has had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sparring.randomness import Randomness
from sparring.settings import NonNegative
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.data.dataset import Batch
    from sparring.game import Game, Number, Role, Terms, Turn


class HistoricalAveraging(Trick):
    """A term for the squared distance of a player's weights from their mean so far, against circling.

    The mean is over the weights before the first and after each of the player's turns. The term is `history`.
    What an optimiser moves beside the networks that were passed through self.built pays nothing.
    """

    source = "Salimans et al. 2016, arXiv:1606.03498, section 3.3"
    usual = {"historical_averaging": 0.1}
    begins_anew = True

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of historical averaging."""

        historical_averaging: NonNegative = 0.0
        """Weight of the squared distance between a player's weights and their mean so far. A usual one is
        0.1; what is too much keeps weights where they began."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.followed: list[nn.Parameter] = []
        """The weights whose means are kept, each in the buffer `mean_` with its place here."""
        self.register_buffer("counts", torch.zeros(0))
        self.counts: Tensor
        """How many weights each mean is of, (len(followed),)."""

    def refuses(self, game: Game) -> str | None:
        """Games none of whose players moves weights of a network that was passed through self.built."""
        on = self.settings.historical_averaging > 0
        if on and not any(self.places_of(player, game) for player in game.roster):
            return "no player moves weights of a network that was passed through self.built"
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """The network itself, whose weights are followed from here on."""
        if self.settings.historical_averaging:
            for parameter in network.parameters():
                self.register_buffer(f"mean_{len(self.followed)}", parameter.detach().clone())
                self.followed.append(parameter)
            self.counts = torch.zeros(len(self.followed))
        return network

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """A turn with a further term, after which the means count the new weights."""
        places = self.places_of(turn.player, game)
        if not places:
            return turn

        def loss(*batches: Batch) -> Terms:
            from sparring.game import Terms

            terms = turn.loss(*batches)
            history = self.settings.historical_averaging * self.distance(places)
            return Terms(terms, history=history).observing(**getattr(terms, "observed", {}))

        def after(values: Mapping[str, Number]) -> None:
            if turn.after is not None:
                turn.after(values)
            self.remember(places)

        return replace(turn, loss=loss, after=after)

    def places_of(self, player: str, game: Game) -> list[int]:
        """Which of the weights that are followed a player moves."""
        groups = game.roster[player].optimizer.param_groups
        moved = {id(parameter) for group in groups for parameter in group["params"]}
        return [place for place, parameter in enumerate(self.followed) if id(parameter) in moved]

    def mean(self, place: int) -> Tensor:
        """The mean so far of a weight that is followed."""
        return self.get_buffer(f"mean_{place}")

    def distance(self, places: Sequence[int]) -> Tensor:
        """The squared distance of some weights from their means."""
        self._begin(places)
        squares = [(self.followed[place] - self.mean(place)).square().sum() for place in places]
        return torch.stack(squares).sum()

    @torch.no_grad()
    def _begin(self, places: Sequence[int]) -> None:
        """Begin the means that are of no weights yet; a system may have set weights since it was built."""
        for place in places:
            own = self.mean(place)
            own.copy_(torch.where(self.counts[place] > 0, own, self.followed[place]))
        self.counts[places] = self.counts[places].clamp(min=1)

    @torch.no_grad()
    def remember(self, places: Sequence[int]) -> None:
        """Count what some weights are now in their means."""
        self.counts[places] += 1
        for place in places:
            self.mean(place).lerp_(self.followed[place], 1 / self.counts[place])
