"""Feature matching: a generator learns to give a critic the features of real examples, in the mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from sparring.objectives import Objective
from sparring.randomness import Randomness
from sparring.tricks.batch_features import score_layer
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.data.dataset import Batch
    from sparring.game import Game, Role, Turn


class FeatureMatching(Trick):
    """A generator pays, instead of its objective's cost, for the squared distance between the mean features
    of its examples and those of as many real ones; features are what the layer of a critic is given that
    makes its score.

    The critic learns as before.
    """

    source = "Salimans et al. 2016, arXiv:1606.03498, section 3.1"
    usual = {"feature_matching": True}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of feature matching."""

        feature_matching: bool = False
        """Let generators match the mean features of real examples."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.watching = False
        """Whether it is a generator's turn."""
        self.seen: list[Tensor] = []
        """Features of what critics have judged in that turn, in order."""
        self.found = self.asked = not self.settings.feature_matching
        """Whether a critic has features, and a generator has paid for them."""

    def refuses(self, game: Game) -> str | None:
        """Critics without a dense or convolutional layer."""
        return None if self.found else "no network of the role critic has a layer with features"

    def idle(self, game: Game) -> str | None:
        """Games whose generator pays for something else than a critic's logits."""
        if self.asked:
            return None
        return f"the generator of {type(game).__name__} does not learn by its objective's cost of logits"

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """The network itself, whose features are looked at from here on."""
        layer = score_layer(network) if role == "critic" and self.settings.feature_matching else None
        if layer is not None:
            layer.register_forward_pre_hook(self._looked_at)
            self.found = True
        return network

    def aim(self, objective: Objective, game: Game) -> Objective:
        """The objective whose generator pays for features."""
        if not self.settings.feature_matching:
            return objective
        costs: dict[str, Any] = {each.name: getattr(objective, each.name) for each in fields(Objective)}
        return Matching(**costs, distance=self.distance)

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """A generator's turn, in which it is seen what critics make of examples."""
        if game.roster[turn.player].role != "generator":
            return turn

        def loss(*batches: Batch) -> Mapping[str, Tensor]:
            self.watching = True
            try:
                return turn.loss(*batches)
            finally:
                self.watching = False
                self.seen.clear()

        return replace(turn, loss=loss)

    def distance(self) -> Tensor:
        """The squared distance between the mean features of the last two batches that were judged."""
        self.asked = True
        ours, theirs = (features.mean(0) for features in self.seen[-2:])
        return (ours - theirs).square().sum()

    def _looked_at(self, layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        if self.watching:
            self.seen.append(given[0])


@dataclass(frozen=True, kw_only=True)
class Matching(Objective):
    """An objective whose generator pays for a distance that is known once both kinds have been judged."""

    distance: Callable[[], Tensor]

    def for_generator(self, fake: Tensor, real: Callable[[], Tensor]) -> dict[str, Tensor]:
        """The distance, for which real examples are judged as well."""
        real()
        return {"feature_matching": self.distance()}
