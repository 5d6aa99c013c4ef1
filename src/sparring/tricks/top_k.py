"""Top-k: the generator learns from the samples that the critic likes best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from torch import Tensor

from sparring.objectives import Objective
from sparring.randomness import Randomness
from sparring.settings import Range
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game


class TopK(Trick):
    """A generator's loss is the mean over the k best of its batch; k falls geometrically from all of them.

    The best are those with the highest logits, or, where an objective compares pairs, those that are most
    above the real example beside them; of a critic that judges patches, the best patches. With several
    processes each chooses within its share of the batch.
    """

    source = "Sinha et al. 2020, arXiv:2002.06224, section 3; its k falls with the epochs"
    usual = {"top_k": 0.5}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of top-k."""

        top_k: Annotated[float, Range(low=0.0, high=1.0, closed=False)] = 1.0
        """Share of a batch from which a generator learns at the end of a phase, that which the critic likes
        best; it begins with all. A usual one is 0.5."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.asked = self.settings.top_k == 1.0
        """Whether a generator has paid for its logits."""

    def idle(self, game: Game) -> str | None:
        """Games whose generator pays for something else than a critic's logits."""
        if self.asked:
            return None
        return f"the generator of {type(game).__name__} does not learn by its objective's cost of logits"

    def aim(self, objective: Objective, game: Game) -> Objective:
        """The objective whose generator pays for its best samples only."""
        if self.settings.top_k == 1.0:
            return objective

        def deceive(logits: Tensor) -> Tensor:
            self.asked = True
            count = max(1, int(logits.numel() * self.settings.top_k**game.progress))
            return objective.deceive(logits.flatten().topk(count).values)

        return replace(objective, deceive=deceive)
